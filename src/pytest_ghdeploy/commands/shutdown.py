"""
Signal handling for ``ghdeploy serve`` and ``ghdeploy run``.

The module imports very little, because the handlers are installed before the
rest of the program is loaded.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import Popen
    from typing import Self

# A closing terminal sends SIGHUP, which Windows does not have.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_POLL_SECONDS = 1.0


class _Handlers:
    """Handles Ctrl-C, SIGTERM and SIGHUP in a ``with`` block in the main thread, unless they were ignored before."""

    _never_ignored: tuple[signal.Signals, ...] = ()

    def __init__(self) -> None:
        """Install no handlers yet."""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Install the handlers."""
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if number in self._never_ignored or before is not signal.SIG_IGN:
                self._before[number] = signal.SIG_DFL if before is None else before
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the previous handlers."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def _handle(self, number: int, _: object) -> None:
        raise NotImplementedError


class Shutdown(_Handlers):
    """
    Handles Ctrl-C, SIGTERM and SIGHUP inside a ``with`` block in the main thread.

    The first signal requests a shutdown. A second one calls *removals* and kills
    the program by that signal. A SIGHUP that was ignored before stays ignored,
    as ``nohup`` needs.

    Attributes:
        is_requested: Whether the first signal has arrived.

        removals: Functions that remove files the program would leave behind.
    """

    _never_ignored = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        """Install no handlers yet."""
        super().__init__()
        self.is_requested = False
        self.removals: list[Callable[[], object]] = []
        # The only queue whose put() is reentrant, as a signal handler needs.
        self._requests: SimpleQueue[None] = SimpleQueue()

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


class Forwarding(_Handlers):
    """
    Sends Ctrl-C, SIGTERM and SIGHUP on to a program, inside a ``with`` block in the main thread.

    A signal that was ignored before stays ignored, by the program too.

    Attributes:
        received: The number of the first signal; 0 if none has arrived.
    """

    def __init__(self) -> None:
        """Install no handlers yet."""
        super().__init__()
        self.received = 0
        self._program: Popen[bytes] | None = None

    def to(self, program: Popen[bytes]) -> None:
        """Send all signals to *program*, even one that arrived before."""
        self._program = program
        if self.received:
            program.send_signal(self.received)

    def _handle(self, number: int, _: object) -> None:
        self.received = self.received or number
        # A terminal sends Ctrl-C to the program too. Many programs take a second one as a demand to stop at once.
        if self._program and not (number == signal.SIGINT and _is_in_foreground()):
            self._program.send_signal(number)


def _is_in_foreground() -> bool:
    """Return whether this process belongs to the group to which a terminal sends Ctrl-C."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
