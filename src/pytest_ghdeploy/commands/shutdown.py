"""
How a program that runs until it is told to end hears of that: once, and then a second time by who cannot wait.

Imports next to nothing: it listens before the program is loaded.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

# A terminal that is closed sends the third, which there is not everywhere.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_LOOK_SECONDS = 1.0


class Ending:
    """
    Whether the program is to end. Listens for Ctrl-C, SIGTERM and SIGHUP while it is entered, in the main thread.

    The first of them asks the program to end; a second one removes what would be
    left behind, and ends it as if nobody had listened. A SIGHUP that was ignored
    before is ignored, as ``nohup`` wants it.

    Attributes:
        is_asked: Whether the first has come.

        removals: What a second one calls, each removing something.
    """

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self.is_asked = False
        self.removals: list[Callable[[], object]] = []
        # Of all ways to wake a thread this one may be used in the midst of itself, as a handler does.
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Listen."""
        for one in _SIGNALS:
            before = signal.getsignal(one)
            if one in (signal.SIGINT, signal.SIGTERM) or before is not signal.SIG_IGN:
                self._before[one] = signal.SIG_DFL if before is None else before
                signal.signal(one, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        for one, before in self._before.items():
            signal.signal(one, before)

    def wait(self) -> None:
        """Wait until the program is to end."""
        while not self.is_asked:
            with suppress(Empty):
                self._asked.get(timeout=_LOOK_SECONDS)

    def _hear(self, number: int, _: object) -> None:
        if self.is_asked:
            for remove in self.removals:
                with suppress(OSError):
                    remove()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.is_asked = True
        self._asked.put(None)
