"""
The doors for libraries that not everyone has.

None is imported here. A library that the code under test has imported gets its
door when a fake opens; one that it imports later gets it then.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors.patching import apply_all, undo_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from pytest_ghdeploy.doors.patching import Patch

# By the name of the library: the module beside this one, and what it patches, without which it cannot.
_DOORS = {
    "httpx": ("httpx", "AsyncHTTPTransport"),
    "httpx2": ("httpx", "AsyncHTTPTransport"),
    "aiohttp": ("aiohttp", "TCPConnector"),
}
# A library may be imported twice: tests take modules out of sys.modules.
_found: dict[ModuleType, list[Patch]] = {}


def apply() -> None:
    """Open the doors of all libraries that are imported, and of those that will be until ``undo``."""
    modules = sys.modules
    for name in _DOORS:
        if name in modules:
            _open(name, modules[name])
    if _watch not in sys.meta_path:
        sys.meta_path.insert(0, _watch)


def undo() -> None:
    """Leave the libraries as they were."""
    if _watch in sys.meta_path:
        sys.meta_path.remove(_watch)
    for patches in _found.values():
        undo_all(patches)


def _open(name: str, module: ModuleType) -> None:
    if module not in _found:
        door, needed = _DOORS[name]
        if not hasattr(module, needed):  # a stand-in, or not imported to the end yet
            return
        _found[module] = import_module(f"pytest_ghdeploy.doors.{door}").patches(module)
    apply_all(_found[module])


class _Watch:
    """Finds what the other finders find, and opens the door when it has been loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in _DOORS:
            return None
        spec = next(filter(None, self._others(name, path, target)), None)
        loader: Any = spec.loader if spec else None
        if loader is not None:
            self._hook(name, loader)
        return spec

    def _others(self, *asked: Any) -> Iterator[ModuleSpec | None]:  # noqa: ANN401
        return (finder.find_spec(*asked) for finder in list(sys.meta_path) if finder is not self)

    def _hook(self, name: str, loader: Any) -> None:  # noqa: ANN401
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == name:
                vars(loader).pop("exec_module", None)
                if self in sys.meta_path:
                    _open(name, module)

        loader.exec_module = exec_module


_watch = _Watch()
