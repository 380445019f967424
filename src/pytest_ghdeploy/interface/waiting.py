"""Waiting for an event that another thread or task causes."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.changes import start
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.interface import assertions
from pytest_ghdeploy.interface.event_fields import has_fields
from pytest_ghdeploy.interface.event_index import EventIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from pytest_ghdeploy.store.events import Event, Events


class Watch:
    """
    Waits for events. It holds no lock while it waits.

    It returns each event only once, so two calls wait for two events.
    """

    def __init__(self, events: Events, lock: AbstractContextManager[object]) -> None:
        """
        Watch *events*. A new event is added before ``notice`` is called.

        *lock* is that of the fake, so that an event is only seen when its change is complete. It is not a
        ``threading.Condition``, which an interrupted wait may leave locked.
        """
        self._events = events
        self._lock = lock
        self._wakers: list[Callable[[], None]] = []
        self._returned: set[Event] = set()
        self._left = EventIndex()
        """The events that were read and not returned."""
        self._read = 0
        self._first: list[Event] = []
        """The first event when they were last read, if any."""

    def notice(self, _: object = None) -> None:
        """Wake all waiting calls, because an event was recorded."""
        with self._lock:
            wakers = list(self._wakers)
        for wake in wakers:
            with suppress(RuntimeError):  # the event loop is closed
                wake()

    def forget(self) -> None:
        """Forget all events: those that were returned, and those that were read."""
        with self._lock:
            self._returned = set()
            self._left = EventIndex()
            self._read = 0
            self._first = []

    def wait(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:
        """
        Block this thread until an event matches, and return it.

        Raises:
            AssertionError: No event matched within *timeout* seconds. The message lists the closest ones.
            FakeError: *timeout* is invalid, or the call would block the event loop that runs it.
        """
        __tracebackhide__ = True
        _check(timeout)
        if events := self._locked_take(name, fields):
            return events[0]
        if timeout and _loop() is not None:
            msg = (
                "wait_for_event would block the event loop that runs this code, so no task could cause the event; "
                f"use: await ghdeploy.async_wait_for_event({name!r})"
            )
            raise FakeError(msg, see="waiting-in-an-event-loop")
        woken: SimpleQueue[str] = SimpleQueue()
        alarm = threading.Timer(timeout, woken.put, ("over",))
        alarm.daemon = True

        def wake() -> None:
            woken.put("news")

        is_over = False
        try:
            self._add(wake)
            start(alarm)
            while not (events := self._locked_take(name, fields)) and not is_over:
                is_over = woken.get() == "over"
            return events[0] if events else self._give_up(name, timeout, fields)
        finally:
            alarm.cancel()
            self._remove(wake)

    async def wait_async(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:  # noqa: ASYNC109 - its name in both
        """
        Wait in a task of asyncio or trio until an event matches, and return it. Other tasks continue.

        Raises:
            AssertionError: No event matched within *timeout* seconds. The message lists the closest ones.
            FakeError: *timeout* is invalid.
        """
        __tracebackhide__ = True
        _check(timeout)
        loop = _loop()
        assert loop is not None  # noqa: S101 - a coroutine runs in one
        make_event, soon = loop
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
        try:
            self._add(wake)
            while not (events := self._locked_take(name, fields)) and not expired.is_set():
                if alarm.ident is None:
                    start(alarm)
                await woken.wait()
                woken = make_event()
            return events[0] if events else self._give_up(name, timeout, fields)
        finally:
            alarm.cancel()
            self._remove(wake)

    def _add(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._wakers.append(wake)

    def _remove(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._wakers = [other for other in self._wakers if other is not wake]

    def _locked_take(self, name: str, fields: Mapping[str, object]) -> list[Event]:
        with self._lock:
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
        for event in new:
            if event not in self._returned:
                self._left.add(event)
            self._read += 1  # now, so that an interruption leaves the rest to the next wait

    def _give_up(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:
        __tracebackhide__ = True
        with self._lock:
            returned = {event for event in self._returned if event.name == name and has_fields(event, fields)}
        more = f", other than the {len(returned)} already returned," if returned else ""
        left = [event for event in self._events if event not in returned]
        other = "other " if returned else ""
        return assertions.find_event(left, name, fields, more=f"{more} in {timeout:g} seconds", other=other)


def _loop() -> tuple[Callable[[], Any], Callable[[Callable[[], None]], object]] | None:
    """
    Return two functions of the event loop that runs the caller; ``None`` without a loop.

    The first creates an event. The second schedules a call, from any thread.
    """
    trio = sys.modules.get("trio")
    if trio and trio.lowlevel.in_trio_task():
        return trio.Event, trio.lowlevel.current_trio_token().run_sync_soon
    if "asyncio" in sys.modules:
        import asyncio

        with suppress(RuntimeError):
            return asyncio.Event, asyncio.get_running_loop().call_soon_threadsafe
    return None


def _check(timeout: float) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 <= timeout <= threading.TIMEOUT_MAX:
        msg = f"timeout must be a number of seconds, 0 or more; got {timeout!r}"
        raise FakeError(msg, argument="timeout")
