"""
Mocks and recorders that stand before the doors: they let GitHub's hosts pass, each by its own means.

A mock of aiohttp's ``ClientSession`` and a recorder that puts classes of its
own in the place of connections answer before a request comes as far as to a
door. Both know hosts that are not their business: for as long as a fake is
active, GitHub's are among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.patching import Function, Patch

if TYPE_CHECKING:
    from types import ModuleType


def patches(library: ModuleType) -> list[Patch]:
    """Make the patches for aioresponses or vcrpy, whichever *library* is."""
    if library.__name__ == "aioresponses":
        return [Patch(library.aioresponses, "_passthrough", _passthrough)]
    cassette: Any = library.config.Cassette
    return [
        Patch(cassette, "can_play_response_for", _unless_ours),
        # What it is asked before it refuses to let a new request pass.
        Patch(cassette, "filter_request", _unless_ours),
        Patch(cassette, "append", _unless_ours),
        Patch(cassette, "_load", _load),
    ]


def _passthrough(_: Function) -> _Passthrough:
    return _Passthrough()


class _Passthrough:
    """What aioresponses lets pass, as beginnings of URLs: what it was told to, and our hosts."""

    def __get__(self, mock: Any, owner: type) -> Any:  # noqa: ANN401 - itself, or a list
        if mock is None:
            return self
        return [*vars(mock).get("_passthrough", ()), *_beginnings()]

    def __set__(self, mock: Any, told: object) -> None:  # noqa: ANN401
        vars(mock)["_passthrough"] = told


def _beginnings() -> list[str]:
    return [f"{scheme}://{host}{end}" for host in registry.all_ours() for scheme in ("https", "http") for end in "/:"]


def _unless_ours(original: Function) -> Function:
    def unless_ours(cassette: Any, request: Any, *args: Any) -> Any:  # noqa: ANN401
        is_ours = registry.is_ours(registry.host_of(request.uri)) and not any(cassette is one for one in _loading)
        return None if is_ours else original(cassette, request, *args)

    return unless_ours


def _load(original: Function) -> Function:
    def load(cassette: Any) -> None:  # noqa: ANN401
        # It appends what it finds in its file, and would write the file without what it does not.
        _loading.append(cassette)
        try:
            original(cassette)
        finally:
            _loading[:] = [one for one in _loading if one is not cassette]

    return load


_loading: list[Any] = []
