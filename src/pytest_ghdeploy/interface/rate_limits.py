"""Setting rate limits from a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import rate_limits
from pytest_ghdeploy.interface.arguments import check_number, check_type, user_called
from pytest_ghdeploy.public import public
from pytest_ghdeploy.store.store import DEFAULT_LOGIN

if TYPE_CHECKING:
    from pytest_ghdeploy.store.store import Store


@public
class RateLimits:
    """
    The rate limits of a fake. They are not enforced until a test sets them here.

    Requests are always counted, in response headers and in ``/rate_limit``.
    """

    def __init__(self, store: Store) -> None:
        """Set the limits of *store*."""
        self._kept = store

    @property
    def _store(self) -> Store:
        if self._kept.retired:
            msg = "the fake was reset: get its rate_limits again"
            raise FakeError(msg)
        return self._kept

    def set(
        self,
        remaining: int,
        *,
        limit: int | None = None,
        user: str | None = DEFAULT_LOGIN,
        status: int = 403,
    ) -> None:
        """
        Limit the requests of a user. Further requests are refused until the fake's clock has moved one hour.

        Args:
            remaining: The number of requests left in the hour that starts now.

            limit: The number of requests per hour. The default is the user's usual limit, or *remaining* if that is
                higher.

            user: A login; ``None`` for all anonymous callers together.

            status: The status of the refusals, 403 or 429.

        Raises:
            FakeError: The user is unknown, or a number is out of range. The limits have not changed.
        """
        check_number("remaining", remaining, 0)
        if limit is not None:
            check_number("limit", limit, max(1, remaining))
        _check_status(status)
        if user is not None:
            check_type("user", user, str, "a login, or None for anonymous callers")
        with self._store.lock, self._store.changes:
            account = None if user is None else user_called(self._store, user, "user")
            default = max(rate_limits.hourly(account), remaining)
            self._store.set_budget(account, rate_limits.Budget(default if limit is None else limit, status), remaining)

    def set_secondary(
        self,
        *,
        points_per_minute: int = 900,
        content_per_minute: int = 80,
        content_per_hour: int = 500,
        status: int = 403,
        retry_after: int | bool = True,
    ) -> None:
        """
        Enforce GitHub's secondary rate limits from now on, per caller, by the fake's clock.

        Args:
            points_per_minute: The points of all requests in a minute. A read counts 1 point, a write 5.

            content_per_minute: The number of writes in a minute.

            content_per_hour: The number of writes in an hour.

            status: The status of the refusals, 403 or 429.

            retry_after: The header ``Retry-After``: True for the seconds left, a number for that many seconds, False
                for no header.

        Raises:
            FakeError: A number is out of range. The limits have not changed.
        """
        check_number("points_per_minute", points_per_minute, 0)
        check_number("content_per_minute", content_per_minute, 0)
        check_number("content_per_hour", content_per_hour, 0)
        _check_status(status)
        check_type("retry_after", retry_after, int, "True, False or a number of seconds")
        if retry_after < 0:
            msg = f"retry_after must be True, False or a number of seconds, got {retry_after!r}"
            raise FakeError(msg, argument="retry_after")
        with self._store.lock, self._store.changes:
            limits = self._store.limits or rate_limits.Limits()
            limits.set_secondary(
                rate_limits.Secondary(points_per_minute, content_per_minute, content_per_hour, status, retry_after)
            )
            self._store.changes.set(self._store, limits=limits)

    def clear(self) -> None:
        """Stop refusing requests, and restore the usual limits."""
        with self._store.lock, self._store.changes:
            self._store.clear_limits()


def _check_status(status: object) -> None:
    if status not in (403, 429):
        msg = f"status must be 403 or 429, got {status!r}"
        raise FakeError(msg, argument="status")
