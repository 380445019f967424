"""
The way back from what hangs in the main thread: a signal wakes it, and an exception ends it.

What belongs to a thread, such as a connection to a database with the test's
transaction, can so be used, and nothing hangs for ever. Other threads cannot be
woken; nor can a system without signals for threads, such as Windows.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.store import lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_SIGNAL = getattr(signal, "SIGURG", None)
"""One that does nothing to whoever does not ask for it, and that hardly anybody asks for."""
_RETRY_SECONDS = 0.001
_GRACE_SECONDS = 1.0
"""How long what is ended may tidy up before it is ended again."""


class TookTooLong(Exception):
    """Raised for what was given up, or ended."""


class Interrupted(BaseException):
    """Raised in what took too long, wherever it is."""

    def __init__(self, watch: _Watch) -> None:
        """Remember whose time was over."""
        super().__init__("it took too long")
        self.watch = watch


def is_possible() -> bool:
    """Tell whether ``run`` can do its work here and now."""
    return (
        hasattr(signal, "pthread_kill")
        and threading.current_thread() is threading.main_thread()
        # One that was not set in Python could not be put back.
        and signal.getsignal(_SIGNAL) is not None  # type: ignore[arg-type] # where there is the one, there is the other
    )


def run(work: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401 - what the work gives
    """
    Do *work* in this thread, the main one, and end it when its time is over.

    Nothing is ended while a fake does what must be done wholly or not at all, nor while a debugger is at work.

    Raises:
        TookTooLong: It was ended, whatever came of that.
    """
    watch = _Watch(seconds)
    try:
        try:
            watch.start()
            result = work()
        finally:
            watch.is_over = True
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt) or (isinstance(problem, Interrupted) and problem.watch is not watch):
            raise
        if watch.has_ended_it:
            raise TookTooLong from problem
        raise
    finally:
        watch.stop()
    if watch.has_ended_it:
        raise TookTooLong
    return result


class _Watch:
    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self.has_ended_it = False
        self._is_due = False
        self._attempts = 0
        self._seconds = seconds
        self._stopped = threading.Event()
        self._main = threading.get_ident()
        self._thread = threading.Thread(target=self._wake, name="ghdeploy watch", daemon=True)
        self._previous: Any = None

    def start(self) -> None:
        self._previous = signal.signal(_SIGNAL, self._handle)  # type: ignore[arg-type]
        self._thread.start()

    def stop(self) -> None:
        self.is_over = True
        self._stopped.set()
        self._thread.join()
        signal.signal(_SIGNAL, self._previous)  # type: ignore[arg-type]

    def _wake(self) -> None:
        seconds = self._seconds
        while not self._stopped.wait(seconds):
            self._is_due = True
            # It may have to be asked several times, and is ended once.
            while self._is_due:
                signal.pthread_kill(self._main, _SIGNAL)  # type: ignore[arg-type]
                if self._stopped.wait(_RETRY_SECONDS):
                    return
            seconds = _GRACE_SECONDS if self.has_ended_it else self._seconds

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_due and not self.is_over:
            if _is_debugged():
                self._is_due = False  # who looks at it has its whole time again
            elif not self._is_untimely(frame):
                self._is_due, self.has_ended_it = False, True
                self._attempts = 0
                raise Interrupted(self)
        elif callable(self._previous):
            self._previous(number, frame)

    def _is_untimely(self, frame: FrameType | None) -> bool:
        if lock.is_anywhere_held():
            return True
        if frame is not None and frame.f_code.co_name in _LOCKING and self._attempts < _MOST_ATTEMPTS:
            # A lock that is taken here would stay so; one that is waited for looks the same.
            self._attempts += 1
            return True
        while frame is not None and frame.f_locals.get("watch") is not self:
            name = frame.f_globals.get("__name__")
            if name in _WHOLE or (name == "pytest_ghdeploy.fake" and frame.f_code.co_name in _LIFE):
                return True
            frame = frame.f_back
        return False


# What is done wholly or not at all: by whom, and by which functions, of whatever module and of the fake.
_WHOLE = frozenset(
    f"pytest_ghdeploy.{name}"
    for name in ("store.lock", "webhooks.queue", "webhooks.hooks", "doors.activation", "doors.patching")
)
_LOCKING = frozenset({"__enter__", "__exit__", "acquire", "release", "_acquire_restore", "_release_save"})
_LIFE = frozenset({"open", "close"})
_MOST_ATTEMPTS = 100


def _is_debugged() -> bool:
    trace = sys.gettrace()
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring and monitoring.get_tool(monitoring.DEBUGGER_ID):
        return True
    return any(name in f"{getattr(trace, '__module__', '')} {type(trace).__module__}" for name in ("bdb", "pydevd"))
