"""Creating a stub from the arguments of a test."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.http.messages import Stub
from pytest_ghdeploy.interface.arguments import check_method, check_path, headers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.http.messages import Segments

_WITHOUT_BODY = (204, 304)


def stub_of(
    method: str, path: str, *, status: int, json: object, headers: Mapping[str, str] | None, prefix: str
) -> Stub:
    """
    Create a stub. The arguments are those of ``FakeGitHub.stub``.

    Args:
        prefix: The path of the API's root. *path* may start with it.

    Raises:
        FakeError: An argument is invalid.
    """
    check_method(method)
    check_path(path)
    own_headers = headers_of(headers)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:  # noqa: PLR2004
        msg = f"status must be an HTTP status from 200 to 599, got {status!r}"
        raise FakeError(msg, argument="status")
    try:
        body = b"" if json is None else json_module.dumps(json, allow_nan=False).encode()
    except (TypeError, ValueError) as problem:
        msg = f"json cannot be written as JSON: {problem}"
        raise FakeError(msg, argument="json") from None
    if body and status in _WITHOUT_BODY:
        msg = f"a {status} response has no body: leave json out"
        raise FakeError(msg, argument="json")
    return Stub(method.upper(), pattern_of(path, prefix), status, body, own_headers)


def pattern_of(path: str, prefix: str) -> Segments:
    """Split a path at its slashes. The segments ``*`` and ``{name}`` match any segment."""
    return tuple(
        None if part == "*" or part.startswith("{") else unquote(part) for part in path.removeprefix(prefix).split("/")
    )
