"""Waiting for an event that code in another thread, or another task, brings about."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.interface import assertions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_ghdeploy.store.events import Event, Events


class Watch:
    """
    Looks out for events. Its lock is its own, and none is held while it waits.

    Each event is given out once, so that waiting twice is waiting for two.
    """

    def __init__(self, events: Events) -> None:
        """Look at *events*, which grow before ``notice`` is called."""
        self._events = events
        self._changed = threading.Condition()
        self._wakers: list[Callable[[], None]] = []
        self._given: list[Event] = []

    def notice(self, _: object = None) -> None:
        """Wake all who wait: an event was recorded."""
        with self._changed:
            self._changed.notify_all()
            wakers = list(self._wakers)
        for wake in wakers:
            with suppress(RuntimeError):  # its loop is closed: nobody waits there any more
                wake()

    def forget(self) -> None:
        """Let what was given out be given out again."""
        with self._changed:
            self._given.clear()

    def wait(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:
        """
        Block this thread until there is such an event.

        Raises:
            AssertionError: It has not come in *timeout* seconds. The message shows what came near.
            FakeError: There is no such event or field, or *timeout* is none.
        """
        __tracebackhide__ = True
        _check(timeout)
        found: list[Event] = []

        def take() -> bool:
            found.extend(self._take(name, fields))
            return bool(found)

        with self._changed:
            self._changed.wait_for(take, timeout)
        return found[0] if found else self._give_up(name, timeout, fields)

    async def wait_async(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:  # noqa: ASYNC109 - its name in both
        """
        Wait in a task of asyncio or trio, while others go on, until there is such an event.

        Raises:
            AssertionError: It has not come in *timeout* seconds. The message shows what came near.
            FakeError: There is no such event or field, or *timeout* is none.
        """
        __tracebackhide__ = True
        _check(timeout)
        make_event, soon = _loop()
        woken = make_event()
        expired = threading.Event()

        def wake() -> None:
            soon(lambda: woken.set())  # noqa: PLW0108 - that of the moment

        def expire() -> None:
            expired.set()
            with suppress(RuntimeError):
                wake()

        # Not a timeout of the loop's, whose clock stands still while time is frozen.
        alarm = threading.Timer(timeout, expire)
        alarm.daemon = True
        with self._changed:
            self._wakers.append(wake)
        try:
            while not (found := self._locked_take(name, fields)) and not expired.is_set():
                if alarm.ident is None:
                    alarm.start()
                await woken.wait()
                woken = make_event()
            return found[0] if found else self._give_up(name, timeout, fields)
        finally:
            alarm.cancel()
            with self._changed:
                self._wakers.remove(wake)

    def _locked_take(self, name: str, fields: Mapping[str, object]) -> list[Event]:
        with self._changed:
            return self._take(name, fields)

    def _take(self, name: str, fields: Mapping[str, object]) -> list[Event]:
        """Give out the oldest event that fits and was not given out before, if there is one."""
        for event in assertions.matching(list(self._events), name, fields):
            if not any(event is given for given in self._given):
                self._given.append(event)
                return [event]
        return []

    def _give_up(self, name: str, timeout: float, fields: Mapping[str, object]) -> Event:
        __tracebackhide__ = True
        with self._changed:
            given = assertions.matching(self._given, name, fields)
        more = f", other than the {len(given)} given out before," if given else ""
        left = [event for event in self._events if not any(event is one for one in given)]
        return assertions.find_event(left, name, fields, more=f"{more} in {timeout:g} seconds")


def _loop() -> tuple[Callable[[], Any], Callable[[Callable[[], None]], object]]:
    """
    Find what the current task runs in: what makes its events, and what has it call a function soon.

    Raises:
        RuntimeError: It is no task.
    """
    trio = sys.modules.get("trio")
    if trio and trio.lowlevel.in_trio_task():
        return trio.Event, trio.lowlevel.current_trio_token().run_sync_soon
    import asyncio  # who waits so has it already

    return asyncio.Event, asyncio.get_running_loop().call_soon_threadsafe


def _check(timeout: float) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 <= timeout <= threading.TIMEOUT_MAX:
        msg = f"timeout must be a number of seconds, 0 or more; got {timeout!r}"
        raise FakeError(msg, argument="timeout")
