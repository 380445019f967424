"""The time of a fake, which stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.public import public

LATEST = datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)
"""What the clock can show. A year is left for what comes after that, such as the end of an hour."""


class Diary(Protocol):
    """What is to happen when its time comes, on the way to where the clock is moved."""

    def next_due(self) -> datetime | None: ...  # noqa: D102 - the time of the next thing to happen
    def keep(self) -> None: ...  # noqa: D102 - let happen what is due


@public
class Clock:
    """
    The fake's time: aware, in UTC, in whole seconds, as GitHub's timestamps are.

    It starts at the current time, so what freezes that (freezegun,
    time-machine) is respected, and stands still until moved.
    """

    def __init__(self) -> None:
        """Start at the current time."""
        self._diary: Diary | None = None
        self._set(datetime.now(UTC).replace(microsecond=0))

    def _set(self, when: datetime) -> None:
        self._exact = when
        self._now = when.replace(microsecond=0)

    def _pass(self, later: datetime) -> None:
        back = later < self._exact
        # What is due on the way happens at its own time, and may move the clock itself.
        while self._diary and (due := self._diary.next_due()) and due <= later:
            self._set(max(due, self._exact))
            self._diary.keep()
        self._set(later if back else max(later, self._exact))

    @property
    def now(self) -> datetime:
        """The time it is in the fake, in whole seconds."""
        return self._now

    def move_to(self, when: datetime) -> None:
        """
        Set the time, also to the past.

        Args:
            when: An aware datetime; fractions of a second are dropped.

        Raises:
            FakeError: *when* has no time zone, or is not in the years 1 to 9998. The time is unchanged.
        """
        if not isinstance(when, datetime) or when.tzinfo is None:
            msg = f"clock.move_to wants a datetime with a time zone, such as tzinfo=UTC; got {when!r}"
            raise FakeError(msg)
        later = in_utc(when)
        if later is None or later > LATEST:
            msg = f"clock.move_to wants a time in the years 1 to 9998, in UTC; got {when!r}"
            raise FakeError(msg)
        self._pass(later)

    def tick(self, seconds: float = 1) -> None:
        """
        Let time pass.

        Args:
            seconds: How long, at least 0; fractions add up.

        Raises:
            FakeError: *seconds* is negative, or no number of seconds, or leads beyond the year 9998. The time is
                unchanged.
        """
        try:
            step = timedelta(seconds=seconds)
        except (TypeError, ValueError, OverflowError):
            step = timedelta(seconds=-1)
        if step < timedelta(0):
            msg = f"clock.tick wants 0 seconds or more, got {seconds!r}; clock.move_to goes back in time"
            raise FakeError(msg)
        if step >= LATEST + timedelta(seconds=1) - self._exact:
            msg = f"clock.tick wants to stay before the year 9999, got {seconds!r} from {self._now:%Y-%m-%d} on"
            raise FakeError(msg)
        self._pass(self._exact + step)


def keep_diary(clock: Clock, diary: Diary | None) -> None:
    """Let happen on the way of *clock* what *diary* holds, and nothing that an earlier one held."""
    clock._diary = diary  # noqa: SLF001 - for third parties, not for tests


def in_utc(when: datetime) -> datetime | None:
    """Convert an aware datetime into whole seconds of UTC, ``None`` if that is beyond the years 1 to 9999."""
    try:
        return when.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return None
