"""
Interrupt a call at every moment at which CPython lets a signal handler run.

CPython handles signals in the main thread when a Python function begins, and after
each call of a function written in C. ``sys.setprofile`` reports exactly these moments.
An exception raised by the profiler continues in the code at that point, as one raised
by a signal handler does. (Signals are also handled at the end of each turn of a loop. Loops call
functions, so that adds little.)

CPython ignores exceptions in finalizers, such as that of a generator which is not
used up. So an interruption in one is lost, whoever raises it. Some are ignored without
a report, so meanwhile no garbage of other tests is collected.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Moments:
    """The moments of a call: how many there were, and whether it was interrupted at one."""

    def __init__(self, at: int | None = None) -> None:
        """Count the moments of a call, and interrupt it *at* one of them, counted from 1."""
        self.count = 0
        self.is_interrupted = False
        self.is_ignored = False
        self.place = ""
        self._at = at

    def run(self, work: Callable[[], object], problem: type[BaseException] = KeyboardInterrupt) -> BaseException | None:
        """Call *work*, and return the exception that it raised, if any."""

        def look(frame: Any, event: str, argument: object) -> None:  # noqa: ANN401 - as sys.setprofile calls it
            if event not in ("call", "c_return"):
                return
            self.count += 1
            if self.count == self._at:
                sys.setprofile(None)
                self.is_interrupted = True
                code = frame.f_code
                name = getattr(argument, "__qualname__", "") if event == "c_return" else "begins"
                self.place = f"{code.co_filename}:{frame.f_lineno} {code.co_name}, {name}"
                raise problem

        before = sys.unraisablehook

        def notice(unraisable: Any) -> None:  # noqa: ANN401 - as Python calls it
            if isinstance(unraisable.exc_value, problem):
                self.is_ignored = True
            else:
                before(unraisable)

        sys.unraisablehook = notice
        gc.disable()
        sys.setprofile(look)
        try:
            work()
        except BaseException as raised:  # noqa: BLE001 - given back to the test
            return raised
        finally:
            sys.setprofile(None)
            gc.enable()
            sys.unraisablehook = before
        return None
