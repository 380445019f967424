"""Creating a stub from the arguments of a test, and reporting stubs that no request has used."""

from __future__ import annotations

import json as json_module
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.errors import FakeError, kind_of
from pytest_ghdeploy.http.messages import pattern_of
from pytest_ghdeploy.http.stubs import Asked, Stub, is_near
from pytest_ghdeploy.interface.arguments import (
    check_method,
    check_number,
    check_path,
    check_type,
    headers_of,
    plain_json,
)
from pytest_ghdeploy.interface.similar import similar_lines
from pytest_ghdeploy.report.lines import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_ghdeploy.http.stubs import StubbedRequest, Stubs
    from pytest_ghdeploy.report.exchange import Exchange

_WITHOUT_BODY = (204, 304)
_SHOWN = 5


def stub_of(
    method: str,
    path: str,
    *,
    status: int,
    json: object,
    headers: Mapping[str, str] | None,
    query: Mapping[str, Any] | None,
    body: Mapping[str, Any] | None,
    times: int | None,
    required: bool,
    prefix: str,
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
    _check_status(status)
    if times is not None:
        check_number("times", times, 1)
    check_type("required", required, bool, "True or False")
    check_type("body", body, (Mapping, type(None)), "a mapping that the JSON of a request must contain")
    method, pattern = method.upper(), pattern_of(path, prefix)
    if callable(json):
        respond = _by_function(json, status, f"{method} {path}")
    else:
        answer = status, _body_of(status, json)

        def respond(_: StubbedRequest) -> tuple[int, bytes]:
            return answer

    return Stub(
        method,
        pattern,
        _query_of(query),
        None if body is None else plain_json(body=dict(body))["body"],
        times,
        required,
        own_headers,
        respond,
    )


def _check_status(status: object) -> None:
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:  # noqa: PLR2004
        msg = f"status must be an HTTP status from 200 to 599, got {status!r}"
        raise FakeError(msg, argument="status")


def _body_of(status: int, json: object) -> bytes:
    try:
        body = b"" if json is None else json_module.dumps(json, allow_nan=False).encode()
    except (TypeError, ValueError) as problem:
        msg = f"json cannot be written as JSON: {problem}"
        raise FakeError(msg, argument="json") from None
    if body and status in _WITHOUT_BODY:
        msg = f"a {status} response has no body: leave json out"
        raise FakeError(msg, argument="json")
    return body


def _by_function(
    function: Callable[[StubbedRequest], object], status: int, what: str
) -> Callable[[StubbedRequest], tuple[int, bytes]]:
    def respond(request: StubbedRequest) -> tuple[int, bytes]:
        result = function(request)
        try:
            own_status, json = _pair(result) if isinstance(result, tuple) else (status, result)
            return own_status, _body_of(own_status, json)
        except FakeError as problem:
            msg = f"the stub for {what}: {problem}"
            raise FakeError(msg, argument="json") from None

    return respond


def _pair(result: tuple[Any, ...]) -> tuple[int, object]:
    if len(result) != 2:  # noqa: PLR2004 - status and JSON
        msg = f"a function returns JSON or (status, JSON), got a tuple of {len(result)}"
        raise FakeError(msg, argument="json")
    status, json = result
    _check_status(status)
    return status, json


def _query_of(query: Mapping[str, Any] | None) -> dict[str, str] | None:
    check_type("query", query, (Mapping, type(None)), "a mapping of parameters to values")
    if query is None:
        return None
    texts = {}
    for name, value in query.items():
        check_type("the name of a parameter in query", name, str, "a string", argument="query")
        if not isinstance(value, (str, int, float)):
            msg = f"the parameter {name} in query must be a string or number, got {kind_of(value)}"
            raise FakeError(msg, argument="query")
        texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


# After the test


def missed_lines(stubs: Stubs, requests: Sequence[Exchange]) -> Iterator[str]:
    """Describe each required stub that was not used up, with the most similar requests."""
    for stub in stubs.added[stubs.earlier :]:
        if stub.is_missed:
            times = stub.times or 1
            yield f"the required stub for {stub} was used {stub.used} of {times} time{'s'[: times != 1]}"
            yield from similar_lines(requests, str(stub))


def near_miss_lines(stubs: Stubs, requests: Iterable[Exchange]) -> Iterator[str]:
    """
    Describe the stubs that were never used although a successful request was similar, at most 5, for a report.

    A refused request names the closest stub in its hint.
    """
    unused = [stub for stub in stubs.added if not stub.used]
    successful = {
        (request.method, request.path, request.url.partition("?")[2], request.request_body)
        for request in (requests if unused else ())
        if 0 < request.status < REFUSED
    }
    asked = [Asked(*request) for request in sorted(successful)]
    pairs = ((stub, near) for stub in unused if (near := next((one for one in asked if is_near(stub, one)), None)))
    for stub, near in islice(pairs, _SHOWN):
        yield f"  !  the stub for {stub} was never used; the closest request was {near.method} {near.path}"
