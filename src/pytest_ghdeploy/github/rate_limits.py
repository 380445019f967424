"""
How often a caller may ask: GitHub's two kinds of rate limit.

The primary one is a budget of requests an hour. The secondary ones count what
requests cost within a minute or an hour. Nobody is refused before a test has
set a budget or the secondary limits; these are then kept by the fake's clock.

Source:
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.github import refusals

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github.model import RateLimit, User
    from pytest_ghdeploy.github.refusals import GitHubError

RATE_LIMIT = 5000
"""Requests an hour with a token of a user or an app."""
ANONYMOUS_RATE_LIMIT = 60
"""Requests an hour without one."""
ACTIONS_RATE_LIMIT = 1000
"""Requests an hour with the token of a workflow."""
ACTIONS_LOGIN = "github-actions[bot]"

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def hourly(user: User | None) -> int:
    """
    Tell how many requests an hour *user* has; ``None`` is an anonymous caller.

    Source:
        The page above. Apps of large installations have more, up to 12,500; that is not counted here.
    """
    if user is None:
        return ANONYMOUS_RATE_LIMIT
    return ACTIONS_RATE_LIMIT if user.login == ACTIONS_LOGIN else RATE_LIMIT


# The limits of what no endpoint here uses up, for callers with a token and without one [guess: the latter].
_OTHER_RESOURCES = {
    "search": (30, 10),
    "graphql": (5000, 0),
    "integration_manifest": (5000, 60),
    "source_import": (100, 60),
    "code_scanning_autofix": (10, 60),
    "actions_runner_registration": (10_000, 60),
    "scim": (15_000, 60),
    "dependency_snapshots": (100, 60),
    "dependency_sbom": (100, 60),
    "code_search": (10, 60),
}


def of_other_resources(user: User | None) -> dict[str, int]:
    """
    List the limits of the resources beside ``core``, by name.

    Source:
        https://docs.github.com/rest/rate-limit/rate-limit, its example.
    """
    return {name: pair[user is None] for name, pair in _OTHER_RESOURCES.items()}


def points(method: str) -> int:
    """Tell what a request costs of the points for a minute: 1 if it reads, 5 if it writes."""
    return 1 if method in _READS else 5


def creates_content(method: str) -> bool:
    """Tell whether a request counts as creating content: each that writes does [guess]."""
    return method not in _READS


class Window(NamedTuple):
    """
    Something that is counted up to a *limit* for some *seconds*, until ``ends_at``.

    *what* says what is counted, for a hint.
    """

    what: str
    limit: int
    seconds: int
    ends_at: datetime
    used: int = 0


def renewed(window: Window, now: datetime) -> Window:
    """Begin *window* anew if it is over."""
    if now < window.ends_at:
        return window
    return window._replace(used=0, ends_at=now + timedelta(seconds=window.seconds))


def count(window: Window, amount: int) -> Window | None:
    """Count *amount* in *window*; ``None`` if there is no room for it."""
    if amount and window.used + amount > window.limit:
        return None
    return window._replace(used=window.used + amount)


class Secondary(NamedTuple):
    """
    The secondary limits as a test has set them.

    Attributes:
        retry_after: True for the seconds until it is over, False for no ``Retry-After``, else this number.
    """

    points_per_minute: int
    content_per_minute: int
    content_per_hour: int
    status: int
    retry_after: int | bool

    def windows(self, now: datetime) -> tuple[Window, ...]:
        """Begin to count."""
        minute, hour = now + timedelta(minutes=1), now + timedelta(hours=1)
        return (
            Window("points a minute", self.points_per_minute, 60, minute),
            Window("content-creating requests a minute", self.content_per_minute, 60, minute),
            Window("content-creating requests an hour", self.content_per_hour, 3600, hour),
        )


class Budget(NamedTuple):
    """What a test has set for a caller: the *limit* for each hour, and the HTTP *status* when nothing is left."""

    limit: int
    status: int


class Refusal(NamedTuple):
    """One request too many. *retry_after* is for the header of that name, ``None`` for none."""

    error: GitHubError
    retry_after: int | None


class Limits:
    """What a test has set, and what the secondary limits have counted since. Hold the store's lock."""

    def __init__(self) -> None:
        """Refuse nobody yet."""
        self.budgets: dict[int | None, Budget] = {}
        self.secondary: Secondary | None = None
        self._windows: dict[int | None, tuple[Window, ...]] = {}

    def set_secondary(self, secondary: Secondary) -> None:
        """Keep these limits from now on."""
        self.secondary = secondary
        self._windows.clear()

    def refusal(
        self, user: User | None, method: str, budget: RateLimit, *, now: datetime, request_id: str
    ) -> Refusal | None:
        """
        Refuse a request, or count it for the secondary limits; a refused one counts for none.

        Args:
            budget: What *user*, ``None`` for an anonymous caller, has left of the primary limit.

            request_id: For GitHub's words.
        """
        key = user.id if user else None
        who = user.login if user else "the anonymous caller"
        if key in self.budgets and not budget.remaining:
            seconds = int((budget.reset_at - now).total_seconds())
            hint = (
                f"{who} has none of {self.budgets[key].limit:,} requests left in this hour, as rate_limits.set said; "
                f"the next begins at {budget.reset_at:%Y-%m-%dT%H:%M:%SZ}: ghdeploy.clock.tick({seconds})"
            )
            return Refusal(
                refusals.rate_limited(
                    self.budgets[key].status, user.id if user else None, hint, now=now, request_id=request_id
                ),
                None,
            )
        if self.secondary is None:
            return None
        windows = tuple(renewed(window, now) for window in self._windows.get(key) or self.secondary.windows(now))
        content = int(creates_content(method))
        counted = [count(*pair) for pair in zip(windows, (points(method), content, content), strict=True)]
        for before, after in zip(windows, counted, strict=True):
            if after is None:
                seconds = int((before.ends_at - now).total_seconds())
                hint = (
                    f"{who} has used {before.used:,} of {before.limit:,} {before.what}, set with "
                    f"rate_limits.set_secondary; they are counted anew after ghdeploy.clock.tick({seconds})"
                )
                return Refusal(
                    refusals.secondary_rate_limited(self.secondary.status, hint, now=now, request_id=request_id),
                    _retry_after(self.secondary, seconds),
                )
        self._windows[key] = tuple(window for window in counted if window)
        return None


def _retry_after(secondary: Secondary, seconds: int) -> int | None:
    if secondary.retry_after is False:
        return None
    return seconds if secondary.retry_after is True else secondary.retry_after
