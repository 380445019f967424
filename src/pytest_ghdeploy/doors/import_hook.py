"""
The doors for optional libraries, and patches of clients and mocks that change what reaches a door.

None of these libraries is imported here. If the code under test has imported a
library, its door opens with the fake; if it imports the library later, the door
opens then.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors.patching import apply_all, changes, undo_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from pytest_ghdeploy.doors.patching import Patch

# By library: the module in this folder, and an attribute that its patches need.
_DOORS = {
    "httpx": ("httpx", "AsyncHTTPTransport"),
    "httpx2": ("httpx", "AsyncHTTPTransport"),
    "aiohttp": ("aiohttp", "TCPConnector"),
    "github": ("pygithub", "Github"),
    "aioresponses": ("coexistence", "aioresponses"),
    "requests_mock": ("coexistence", "Adapter"),
    "vcr": ("coexistence", "VCR"),
}
# By module, not by name: a test may remove a library from sys.modules and import it again while a fake is active.
_patches: dict[ModuleType, list[Patch]] = {}


def apply() -> None:
    """Open the doors of all libraries that are imported now or before ``undo``. Call it while holding ``changes``."""
    modules = [sys.modules.get(name) for name in _DOORS]
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
        for removed in [module for module in _patches if module not in modules]:
            del _patches[removed]
    for module, (door, needed) in zip(modules, _DOORS.values(), strict=True):
        # Without the attribute, a module is a stand-in, or its import has not finished.
        if isinstance(module, ModuleType) and module not in _patches and hasattr(module, needed):
            _patches[module] = import_module(f"pytest_ghdeploy.doors.{door}").patches(module)
    for patches in _patches.values():
        apply_all(patches)


def undo() -> None:
    """Close the doors. Call it while holding ``changes``."""
    with suppress(ValueError):
        sys.meta_path.remove(_finder)
    for patches in _patches.values():
        undo_all(patches)


class _Finder:
    """Finds a library with the other finders, and opens its door once it is loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in _DOORS:
            return None
        spec = next(filter(None, self._specs(name, path, target)), None)
        if spec and spec.loader:
            self._hook(name, spec.loader)
        return spec

    def _specs(self, *args: Any) -> Iterator[ModuleSpec | None]:  # noqa: ANN401
        finders = [finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec")]
        return (finder.find_spec(*args) for finder in finders)

    def _hook(self, name: str, loader: Any) -> None:  # noqa: ANN401
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == name:
                vars(loader).pop("exec_module", None)
                with changes:
                    if self in sys.meta_path:
                        apply()

        loader.exec_module = exec_module


_finder = _Finder()
