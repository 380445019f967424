"""The time of a fake, which stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_ghdeploy.errors import FakeError


class Clock:
    """
    The fake's time: aware, in UTC, in whole seconds, as GitHub's timestamps are.

    It starts at the current time, so what freezes that (freezegun,
    time-machine) is respected, and stands still until moved.
    """

    def __init__(self) -> None:
        """Start at the current time."""
        self._now = datetime.now(UTC).replace(microsecond=0)

    @property
    def now(self) -> datetime:
        """The time it is in the fake."""
        return self._now

    def move_to(self, when: datetime) -> None:
        """
        Set the time, also to the past.

        Args:
            when: An aware datetime; fractions of a second are dropped.

        Raises:
            FakeError: *when* has no time zone. The time is unchanged.
        """
        if when.tzinfo is None:
            msg = f"clock.move_to wants a datetime with a time zone, such as tzinfo=UTC; got {when!r}"
            raise FakeError(msg)
        self._now = when.astimezone(UTC).replace(microsecond=0)

    def tick(self, seconds: float = 1) -> None:
        """
        Let time pass.

        Args:
            seconds: How long, at least 0; the sum is cut to whole seconds.

        Raises:
            FakeError: *seconds* is negative. The time is unchanged.
        """
        if seconds < 0:
            msg = f"clock.tick wants 0 seconds or more, got {seconds!r}; clock.move_to goes back in time"
            raise FakeError(msg)
        self._now = (self._now + timedelta(seconds=seconds)).replace(microsecond=0)
