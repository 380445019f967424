"""
The doors for libraries that not everyone has, and the mocks of them that stand before the doors.

None is imported here. A library that the code under test has imported gets its
door when a fake opens; one that it imports later gets it then.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors.patching import apply_all, changes, undo_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from pytest_ghdeploy.doors.patching import Patch

# By the name of the library: the module beside this one, and what it patches, without which it cannot.
_DOORS = {
    "httpx": ("httpx", "AsyncHTTPTransport"),
    "httpx2": ("httpx", "AsyncHTTPTransport"),
    "aiohttp": ("aiohttp", "TCPConnector"),
    "aioresponses": ("coexistence", "aioresponses"),
    "vcr": ("coexistence", "VCR"),
}
# A library may be imported twice: tests take modules out of sys.modules. Those of now, and of since a fake is active.
_found: dict[ModuleType, list[Patch]] = {}


class _Usual:
    """What every test pays for: the modules as they were the last time, and all that they need."""

    modules: tuple[ModuleType | None, ...] = ()
    patches: tuple[Patch, ...] = ()
    watches = False


def apply() -> None:
    """Open the doors of all libraries that are imported or will be until ``undo``; under ``changes``."""
    known = sys.modules
    modules = (
        known.get("httpx"), known.get("httpx2"), known.get("aiohttp"), known.get("aioresponses"), known.get("vcr")
    )  # fmt: skip
    if modules != _Usual.modules:
        if not _Usual.watches:
            for gone in [module for module in _found if module not in modules]:
                del _found[gone]
        for name, module in zip(_DOORS, modules, strict=True):
            _look_at(name, module)
        _Usual.patches = tuple(chain.from_iterable(_found.values()))
        complete = all(module in _found for module in modules if isinstance(module, ModuleType))
        _Usual.modules = modules if complete else ()
    apply_all(_Usual.patches)
    if not _Usual.watches:
        _Usual.watches = True
        sys.meta_path.insert(0, _watch)


def undo() -> None:
    """Leave the libraries as they were; under ``changes``."""
    _Usual.watches = False
    with suppress(ValueError):
        sys.meta_path.remove(_watch)
    undo_all(_Usual.patches)


def _look_at(name: str, module: ModuleType | None) -> None:
    door, needed = _DOORS[name]
    # What has no such thing is a stand-in, or not imported to the end yet.
    if isinstance(module, ModuleType) and module not in _found and hasattr(module, needed):
        _found[module] = import_module(f"pytest_ghdeploy.doors.{door}").patches(module)


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
        finders = [finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec")]
        return (finder.find_spec(*asked) for finder in finders)

    def _hook(self, name: str, loader: Any) -> None:  # noqa: ANN401
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            if module.__name__ == name:
                vars(loader).pop("exec_module", None)
                with changes:
                    if _Usual.watches:
                        apply()

        loader.exec_module = exec_module


_watch = _Watch()
