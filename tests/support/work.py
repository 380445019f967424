"""How much work a call does, as a number that is the same in every run."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from _typeshed import TraceFunction


def lines_run(call: Callable[[], object]) -> int:
    """
    Count the lines of Python that *call* runs in this thread, each repetition of a loop included.

    Loops inside functions written in C are not counted.
    """
    count = 0

    def trace(_: FrameType, event: str, __: object) -> TraceFunction:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    gc.disable()  # or functions that it calls would count
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return count
