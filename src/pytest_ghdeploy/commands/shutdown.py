"""
Signal handling for ``ghdeploy serve``.

The module imports very little, because the handlers are installed before the
rest of the program is loaded.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

# A closing terminal sends SIGHUP, which Windows does not have.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_POLL_SECONDS = 1.0


class Shutdown:
    """
    Handles Ctrl-C, SIGTERM and SIGHUP inside a ``with`` block in the main thread.

    The first signal requests a shutdown. A second one calls *removals* and kills
    the program by that signal. A SIGHUP that was ignored before stays ignored,
    as ``nohup`` needs.

    Attributes:
        is_requested: Whether the first signal has arrived.

        removals: Functions that remove files the program would leave behind.
    """

    def __init__(self) -> None:
        """Install no handlers yet."""
        self.is_requested = False
        self.removals: list[Callable[[], object]] = []
        # The only queue whose put() is reentrant, as a signal handler needs.
        self._requests: SimpleQueue[None] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Install the handlers."""
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if number in (signal.SIGINT, signal.SIGTERM) or before is not signal.SIG_IGN:
                self._before[number] = signal.SIG_DFL if before is None else before
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the previous handlers."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def wait(self) -> None:
        """Wait until a shutdown is requested."""
        while not self.is_requested:
            with suppress(Empty):
                self._requests.get(timeout=_POLL_SECONDS)

    def _handle(self, number: int, _: object) -> None:
        if self.is_requested:
            for remove in self.removals:
                with suppress(OSError):
                    remove()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.is_requested = True
        self._requests.put(None)
