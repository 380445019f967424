"""
PyGithub's pauses between requests, which a fake does not need.

PyGithub waits a quarter of a second between requests, and a second between
writes, to spare GitHub. It does so in real time, without having been refused.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.patching import Function, Patch

if TYPE_CHECKING:
    from types import ModuleType

_PAUSE = "_Requester__deferRequest"


def patches(library: ModuleType) -> list[Patch]:
    """Return the patch that skips the pauses of PyGithub, imported as *library*, while a fake is active."""
    requester = getattr(sys.modules.get(f"{library.__name__}.Requester"), "Requester", None)
    # Versions before 2.0 do not pause.
    return [Patch(requester, _PAUSE, _pause)] if hasattr(requester, _PAUSE) else []


def _pause(original: Function) -> Function:
    def pause(requester: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - of any version
        if not registry.any_active():
            original(requester, *args, **kwargs)

    return pause
