"""Waiting for an event that another thread or task causes."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.interface import assertions
from pytest_ghdeploy.interface.event_fields import has_fields
from pytest_ghdeploy.interface.event_index import EventIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_ghdeploy.store.events import Event, Events


class Watch:
    """
    Waits for events. It has a lock of its own and holds no other lock while it waits.

    It returns each event only once, so two calls wait for two events.
    """

    def __init__(self, events: Events) -> None:
        """Watch *events*. A new event is added before ``notice`` is called."""
        self._events = events
        self._changed = threading.Condition()
        self._wakers: list[Callable[[], None]] = []
        self._returned: set[Event] = set()
        self._left = EventIndex()
        """The events that were read and not returned."""
        self._read = 0
        self._first: list[Event] = []
        """The first event when they were last read, if any."""

    def notice(self, _: object = None) -> None:
        """Wake all waiting calls, because an event was recorded."""
        with self._changed:
            self._changed.notify_all()
            wakers = list(self._wakers)
        for wake in wakers:
            with suppress(RuntimeError):  # the event loop is closed
                wake()

    def forget(self) -> None:
        """Forget which events were returned."""
        with self._changed:
            self._returned.clear()
            self._first = []

    def wait(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:
        """
        Block this thread until an event matches, and return it.

        Raises:
            AssertionError: No event matched within *timeout* seconds. The message lists the closest ones.
            FakeError: *timeout* is invalid.
        """
        __tracebackhide__ = True
        _check(timeout)
        events: list[Event] = []

        def take() -> bool:
            events.extend(self._take(name, fields))
            return bool(events)

        with self._changed:
            self._changed.wait_for(take, timeout)
        return events[0] if events else self._give_up(name, timeout, fields)

    async def wait_async(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:  # noqa: ASYNC109 - its name in both
        """
        Wait in a task of asyncio or trio until an event matches, and return it. Other tasks continue.

        Raises:
            AssertionError: No event matched within *timeout* seconds. The message lists the closest ones.
            FakeError: *timeout* is invalid.
        """
        __tracebackhide__ = True
        _check(timeout)
        make_event, soon = _loop()
        woken = make_event()
        expired = threading.Event()

        def wake() -> None:
            soon(lambda: woken.set())  # noqa: PLW0108 - the current value of woken

        def expire() -> None:
            expired.set()
            with suppress(RuntimeError):
                wake()

        # Not the event loop's own timeout, because its clock stops while time is frozen.
        alarm = threading.Timer(timeout, expire)
        alarm.daemon = True
        with self._changed:
            self._wakers.append(wake)
        try:
            while not (events := self._locked_take(name, fields)) and not expired.is_set():
                if alarm.ident is None:
                    alarm.start()
                await woken.wait()
                woken = make_event()
            return events[0] if events else self._give_up(name, timeout, fields)
        finally:
            alarm.cancel()
            with self._changed:
                self._wakers.remove(wake)

    def _locked_take(self, name: str, fields: Mapping[str, object]) -> list[Event]:
        with self._changed:
            return self._take(name, fields)

    def _take(self, name: str, fields: Mapping[str, object]) -> list[Event]:
        """Take the oldest matching event that was not returned before, if any."""
        self._read_events()
        event = next(self._left.matching(name, fields), None)
        if event is None:
            return []
        self._left.remove(event)
        self._returned.add(event)
        return [event]

    def _read_events(self) -> None:
        """Add the new events to the index."""
        while True:
            first = self._events[:1]
            if first != self._first:  # events were cleared, or the oldest forgotten
                self._first, self._read, self._left = first, 0, EventIndex()
                self._returned.intersection_update(self._events)
            new = self._events[self._read :]
            if self._events[:1] == first:
                break
        self._read += len(new)
        for event in new:
            if event not in self._returned:
                self._left.add(event)

    def _give_up(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:
        __tracebackhide__ = True
        with self._changed:
            returned = {event for event in self._returned if event.name == name and has_fields(event, fields)}
        more = f", other than the {len(returned)} already returned," if returned else ""
        left = [event for event in self._events if event not in returned]
        other = "other " if returned else ""
        return assertions.find_event(left, name, fields, more=f"{more} in {timeout:g} seconds", other=other)


def _loop() -> tuple[Callable[[], Any], Callable[[Callable[[], None]], object]]:
    """
    Return two functions of the current event loop: one creates an event, one schedules a call from any thread.

    Raises:
        RuntimeError: The caller is not a task.
    """
    trio = sys.modules.get("trio")
    if trio and trio.lowlevel.in_trio_task():
        return trio.Event, trio.lowlevel.current_trio_token().run_sync_soon
    import asyncio  # a task of asyncio has imported it

    return asyncio.Event, asyncio.get_running_loop().call_soon_threadsafe


def _check(timeout: float) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 <= timeout <= threading.TIMEOUT_MAX:
        msg = f"timeout must be a number of seconds, 0 or more; got {timeout!r}"
        raise FakeError(msg, argument="timeout")
