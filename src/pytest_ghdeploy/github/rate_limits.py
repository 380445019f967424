"""
GitHub's primary and secondary rate limits.

The primary limit is a budget of requests per hour. The secondary limits count
the cost of requests per minute or hour. No caller is refused until a test sets
a budget or the secondary limits. Time is the fake's clock.

Source:
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.github import apps, refusals

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github.model import RateLimit, User
    from pytest_ghdeploy.github.refusals import GitHubError

RATE_LIMIT = 5000
"""Requests per hour with a user's or app's token."""
ANONYMOUS_RATE_LIMIT = 60
"""Requests per hour without a token."""
ACTIONS_RATE_LIMIT = 1000
"""Requests per hour with a workflow's token."""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def hourly(user: User | None) -> int:
    """
    Return the requests per hour that *user* has; ``None`` is an anonymous caller.

    Source:
        The page above. Apps with large installations have up to 12,500 requests. The fake does not implement this.
    """
    if user is None:
        return ANONYMOUS_RATE_LIMIT
    return ACTIONS_RATE_LIMIT if user.login == apps.ACTIONS_BOT else RATE_LIMIT


# Limits that no endpoint of the fake uses up: with a token, and without one [guess: the latter].
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
    Return the limits of the resources other than ``core``, by name.

    Source:
        https://docs.github.com/rest/rate-limit/rate-limit, its example.
    """
    return {name: pair[user is None] for name, pair in _OTHER_RESOURCES.items()}


def points(method: str) -> int:
    """Return the points that a request costs: 1 if it reads, 5 if it writes."""
    return 1 if method in _READS else 5


def creates_content(method: str) -> bool:
    """Return whether a request counts as creating content. Every request that writes does [guess]."""
    return method not in _READS


class Window(NamedTuple):
    """
    A counter with a *limit*, valid for a number of *seconds* until *ends_at*.

    *units* names the counted units in hints.
    """

    units: str
    limit: int
    seconds: int
    ends_at: datetime
    used: int = 0


def renewed(window: Window, now: datetime) -> Window:
    """Restart *window* if it has ended."""
    if now < window.ends_at:
        return window
    return window._replace(used=0, ends_at=now + timedelta(seconds=window.seconds))


def count(window: Window, amount: int) -> Window | None:
    """Add *amount* to *window*; ``None`` if that would exceed its limit."""
    if amount and window.used + amount > window.limit:
        return None
    return window._replace(used=window.used + amount)


class Secondary(NamedTuple):
    """
    The secondary limits set by a test.

    Attributes:
        retry_after: The seconds in ``Retry-After``. True for the time until the window ends, False for no header.
    """

    points_per_minute: int
    content_per_minute: int
    content_per_hour: int
    status: int
    retry_after: int | bool

    def windows(self, now: datetime) -> tuple[Window, ...]:
        """Start new windows for a caller."""
        minute, hour = now + timedelta(minutes=1), now + timedelta(hours=1)
        return (
            Window("points a minute", self.points_per_minute, 60, minute),
            Window("content-creating requests a minute", self.content_per_minute, 60, minute),
            Window("content-creating requests an hour", self.content_per_hour, 3600, hour),
        )


class Budget(NamedTuple):
    """The budget that a test set for a caller: requests per hour, and the HTTP *status* once they are used up."""

    limit: int
    status: int


class Refusal(NamedTuple):
    """The refusal of a request. *retry_after* is in seconds, ``None`` for no such header."""

    error: GitHubError
    retry_after: int | None


class Limits:
    """The limits set by a test, and the counters of the secondary limits. Hold the store's lock."""

    def __init__(self) -> None:
        """Start without limits."""
        self.budgets: dict[int | None, Budget] = {}
        self.secondary: Secondary | None = None
        self._windows: dict[int | None, tuple[Window, ...]] = {}

    def set_secondary(self, secondary: Secondary) -> None:
        """Apply *secondary* from now on, with new counters."""
        self.secondary = secondary
        self._windows.clear()

    def refusal(
        self,
        user: User | None,
        method: str,
        budget: RateLimit,
        *,
        now: datetime,
        request_id: str,
        installation_id: int | None = None,
    ) -> Refusal | None:
        """
        Return the refusal of a request, or count it towards the secondary limits and return ``None``.

        Args:
            user: ``None`` for an anonymous caller.

            budget: The caller's primary limit.

            request_id: Quoted in GitHub's message.

            installation_id: The installation that the caller's token was issued for, if any.
        """
        key = user.id if user else None
        caller = user.login if user else "the anonymous caller"
        if key in self.budgets and not budget.remaining:
            seconds = int((budget.reset_at - now).total_seconds())
            hint = (
                f"{caller} has used all {self.budgets[key].limit:,} requests of this hour, set with rate_limits.set; "
                f"the next hour begins at {budget.reset_at:%Y-%m-%dT%H:%M:%SZ}: ghdeploy.clock.tick({seconds})"
            )
            named = _named(user, installation_id)
            status = self.budgets[key].status
            if named is None:
                return Refusal(refusals.anonymously_rate_limited(status, hint), None)
            return Refusal(refusals.rate_limited(status, named, hint, now=now, request_id=request_id), None)
        if self.secondary is None:
            return None
        windows = tuple(renewed(window, now) for window in self._windows.get(key) or self.secondary.windows(now))
        content = int(creates_content(method))
        counted = [count(*pair) for pair in zip(windows, (points(method), content, content), strict=True)]
        for before, after in zip(windows, counted, strict=True):
            if after is None:
                seconds = int((before.ends_at - now).total_seconds())
                hint = (
                    f"{caller} has used {before.used:,} of {before.limit:,} {before.units}, set with "
                    f"rate_limits.set_secondary; the count starts again after ghdeploy.clock.tick({seconds})"
                )
                return Refusal(
                    refusals.secondary_rate_limited(self.secondary.status, hint, now=now, request_id=request_id),
                    _retry_after(self.secondary, seconds),
                )
        self._windows[key] = tuple(window for window in counted if window)
        return None


def _named(user: User | None, installation_id: int | None) -> str | None:
    """Name the caller in GitHub's words; ``None`` for an anonymous one."""
    if user is None:
        return None
    if user.app_id is None:
        return f"user ID {user.id}"
    return f"installation ID {installation_id or apps.installation_id(user.app_id)}"


def _retry_after(secondary: Secondary, seconds: int) -> int | None:
    if secondary.retry_after is False:
        return None
    return seconds if secondary.retry_after is True else secondary.retry_after
