"""The clock of a fake, which stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.public import public

LATEST = datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The latest time of the clock. It leaves a year for times in the future, such as the end of a rate limit's hour."""


class Diary(Protocol):
    """Scheduled actions. Moving the clock to or past the time of an action carries it out."""

    def next_due(self) -> datetime | None: ...  # noqa: D102 - the time of the next action
    def keep(self) -> None: ...  # noqa: D102 - carry out the due actions


@public
class Clock:
    """
    The fake's clock, in UTC and whole seconds like GitHub's timestamps.

    It starts at the current time, as seen through freezegun or time-machine,
    and stands still until moved.
    """

    def __init__(self) -> None:
        """Start at the current time."""
        self._diary: Diary | None = None
        self._exact = self._now = datetime.now(UTC).replace(microsecond=0)
        self._ahead = timedelta(0)
        """How far the fake is ahead of the real time, apart from the time that has passed since it was set."""

    def _set(self, when: datetime) -> None:
        self._exact = when
        self._now = when.replace(microsecond=0)

    def _pass(self, later: datetime) -> None:
        back = later < self._exact
        # Actions in between are carried out at their own times, and may move the clock themselves.
        while self._diary and (due := self._diary.next_due()) and due <= later:
            self._set(max(due, self._exact))
            self._diary.keep()
        self._set(later if back else max(later, self._exact))

    @property
    def now(self) -> datetime:
        """The current time, an aware datetime in UTC and whole seconds."""
        return self._now

    def move_to(self, when: datetime) -> None:
        """
        Set the time, forwards or backwards.

        Args:
            when: An aware datetime. Fractions of a second are dropped.

        Raises:
            FakeError: *when* has no time zone, or is outside the years 1 to 9998. The time does not change.
        """
        if not isinstance(when, datetime) or when.tzinfo is None:
            msg = f"clock.move_to needs a datetime with a time zone, such as tzinfo=UTC; got {when!r}"
            raise FakeError(msg, argument="when")
        later = in_utc(when)
        if later is None or later > LATEST:
            msg = f"clock.move_to needs a time in the years 1 to 9998, in UTC; got {when.isoformat()}"
            raise FakeError(msg, argument="when")
        self._pass(later)
        self._ahead = self._exact - datetime.now(UTC)

    def tick(self, seconds: float = 1) -> None:
        """
        Move the time forwards.

        Args:
            seconds: At least 0. Fractions add up.

        Raises:
            FakeError:
                *seconds* is negative or not a number, or the new time would be
                after the year 9998. The time does not change.
        """
        try:
            step = timedelta(seconds=seconds)
        except (TypeError, ValueError, OverflowError):
            step = timedelta(seconds=-1)
        if step < timedelta(0):
            msg = f"clock.tick needs 0 seconds or more, got {seconds!r}; to go back in time, call clock.move_to"
            raise FakeError(msg, argument="seconds")
        if step >= LATEST + timedelta(seconds=1) - self._exact:
            msg = f"clock.tick cannot go beyond the year 9998; got {seconds!r} seconds at {self._now:%Y-%m-%d}"
            raise FakeError(msg, argument="seconds")
        before = self._exact
        self._pass(before + step)
        self._ahead += self._exact - before


def running_time(clock: Clock) -> datetime:
    """
    Return the time of *clock*, plus the real time that has passed since it was created or last moved to a time.

    Clients sign JSON web tokens with the real time, so this time must not stand still.
    """
    return datetime.now(UTC) + clock._ahead  # noqa: SLF001 - for JSON web tokens, not for tests


def keep_diary(clock: Clock, diary: Diary | None) -> None:
    """Attach *diary* to *clock*, replacing an earlier one; ``None`` detaches it."""
    clock._diary = diary  # noqa: SLF001 - for third parties, not for tests


def in_utc(when: datetime) -> datetime | None:
    """Convert an aware datetime to UTC in whole seconds; ``None`` if it is outside the years 1 to 9999."""
    try:
        return when.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return None
