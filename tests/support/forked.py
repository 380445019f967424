"""Run code in a forked child."""

from __future__ import annotations

import os
import signal
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_a_child(do: Callable[[], object]) -> str:
    """Return what *do* gives, or raises, in a forked process, which is ended if it hangs."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(20)
            try:
                said = str(do())
            except Exception as problem:  # noqa: BLE001 - it is what is looked at
                said = f"{type(problem).__name__}: {problem}"
            os.write(writing, said.encode())
        except BaseException:  # noqa: BLE001 - what follows is the parent's
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as heard:
        said = heard.read().decode()
    assert os.waitpid(child, 0)[1] == 0, "the child hung"
    return said
