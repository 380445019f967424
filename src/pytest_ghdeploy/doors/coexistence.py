"""
Mocks and recorders that answer before a request reaches a door.

aioresponses replaces a method of aiohttp's ``ClientSession``, and vcrpy replaces
the classes of connections. Both can ignore some hosts; while a fake is active,
they ignore GitHub's. requests-mock puts its own adapter into sessions; a patch
makes that adapter send the requests for these hosts through the door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import registry, requests
from pytest_ghdeploy.doors.patching import Function, Patch

if TYPE_CHECKING:
    from types import ModuleType


def patches(library: ModuleType) -> list[Patch]:
    """Make the patches for aioresponses, requests-mock or vcrpy, whichever *library* is."""
    if library.__name__ == "aioresponses":
        return [Patch(library.aioresponses, "_passthrough", _passthrough)]
    if library.__name__ == "requests_mock":
        return [Patch(library.Adapter, "send", requests.intercept_send)]
    cassette: Any = library.config.Cassette
    return [
        Patch(cassette, "can_play_response_for", _unless_ours),
        # Called before vcrpy refuses a request that is not recorded.
        Patch(cassette, "filter_request", _unless_ours),
        *(
            [Patch(cassette, "append", _unless_ours), Patch(cassette, "_load", _load)]
            if hasattr(cassette, "_load")
            else [Patch(cassette, "append", _refuse)]
        ),
    ]


def _passthrough(_: Function) -> _Passthrough:
    return _Passthrough()


class _Passthrough:
    """The URL prefixes that aioresponses passes through: the user's, and those of our hosts."""

    def __get__(self, mock: Any, owner: type) -> Any:  # noqa: ANN401 - the descriptor or a list
        if mock is None:
            return self
        return [*vars(mock).get("_passthrough", ()), *_prefixes()]

    def __set__(self, mock: Any, prefixes: object) -> None:  # noqa: ANN401
        vars(mock)["_passthrough"] = prefixes


def _prefixes() -> list[str]:
    return [f"{scheme}://{host}{end}" for host in registry.all_ours() for scheme in ("https", "http") for end in "/:"]


def _unless_ours(original: Function) -> Function:
    def unless_ours(cassette: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        is_ours = registry.is_ours(registry.host_of(request.uri)) and not any(cassette is each for each in _loading)
        return None if is_ours else original(cassette, request, *args, **kwargs)

    return unless_ours


def _refuse(original: Function) -> Function:
    # Without _load, a recording that is loaded looks like one that is made. Leaving out the first would lose it, and
    # keeping the second would put a token into the cassette.
    def refuse(cassette: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if registry.is_ours(host := registry.host_of(request.uri)):
            raise registry.unknown_version(host, "vcrpy", "Cassette._load")
        return original(cassette, request, *args, **kwargs)

    return refuse


def _load(original: Function) -> Function:
    def load(cassette: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        # Loading appends the recorded requests. Any that were left out would be lost when the file is written.
        _loading.append(cassette)
        try:
            original(cassette, *args, **kwargs)
        finally:
            _loading[:] = [each for each in _loading if each is not cassette]

    return load


_loading: list[Any] = []
