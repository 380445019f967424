"""
The admin interface: the Python interface of a fake over HTTP and JSON.

A live server started with ``admin=True`` serves it below ``/_ghdeploy``. This
module turns a request into a response and opens no socket. Admin requests are
not recorded, and faults, rate limits and held deliveries do not affect them.
Only programs on this machine may send them: requests for another host's name,
as in DNS rebinding, and requests from pages of other sites are refused.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from pytest_ghdeploy import errors
from pytest_ghdeploy.admin import endpoints
from pytest_ghdeploy.admin.endpoints import PREFIX
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.http.messages import Answer
from pytest_ghdeploy.server.wsgi import API_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_ghdeploy.admin.endpoints import JSON, Endpoint, Fake
    from pytest_ghdeploy.doors.http1 import Incoming
    from pytest_ghdeploy.http.fake import Fake as Engine

# Sec-Fetch-Site of requests sent by the page itself, or typed by the user.
_OWN_SITE = ("same-origin", "none")


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Admin:
    """The admin interface of one fake."""

    def __init__(
        self,
        fake: Fake,
        engine: Engine,
        notice: Callable[[str], None] | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:
        """
        Serve *fake*, whose engine is *engine*.

        Args:
            notice: Called with a line for each accepted POST.

            done: Called after each request.
        """
        self._fake = fake
        self._engine = engine
        self._notice = notice
        self._done = done

    def answer(self, incoming: Incoming, scheme: str, is_here: bool) -> Answer | None:  # noqa: FBT001 - see LiveServer
        """
        Answer a request for the admin interface; return ``None`` for any other.

        Args:
            scheme: The server's scheme, ``http`` or ``https``.

            is_here: Whether the request is for a loopback host, or for one that the server allows.

        Returns:
            200, or a refusal with a ``message``: 400 for invalid JSON, 403 for a sender that is not allowed, 404, 405,
            409 for an assertion that fails, 415, and 422 for invalid values. A refused request changes nothing. If a
            method refused its arguments, ``argument`` names the wrong one and ``keys`` lists the existing ones.
        """
        path, _, query = incoming.target.partition("?")
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return None
        if incoming.scheme and not is_here:
            return None  # a proxied request for another host
        try:
            return self._write(*self._answered(incoming, scheme, path, query, is_here=is_here))
        except Exception as problem:  # noqa: BLE001 - a bug in the fake, reported as a problem
            self._engine.fail(problem)
            return self._write(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": f"bug in the fake: {problem!r}"}, {})
        finally:
            if self._done:
                self._done()

    def _answered(
        self, incoming: Incoming, scheme: str, path: str, query: str, *, is_here: bool
    ) -> tuple[HTTPStatus, JSON, Mapping[str, str]]:
        endpoint = None
        try:
            _check_sender(incoming, scheme, is_here=is_here)
            endpoint, names = _find("GET" if incoming.method == "HEAD" else incoming.method, path)
            value = self._result(endpoint, names, query, incoming, f"{scheme}://{incoming.authority}")
            if self._notice and endpoint.method == "POST":
                self._notice(f"POST {path}")
        except _Refused as refusal:
            return refusal.status, {"message": str(refusal)}, refusal.headers
        except FakeError as problem:
            assert endpoint  # noqa: S101 - only methods of endpoints raise it
            return HTTPStatus.UNPROCESSABLE_ENTITY, endpoints.refusal(self._fake, endpoint, problem), {}
        except AssertionError as problem:
            return HTTPStatus.CONFLICT, {"message": str(problem)}, {}
        return HTTPStatus.OK, value, {}

    def _result(self, endpoint: Endpoint, names: Mapping[str, str], query: str, incoming: Incoming, url: str) -> JSON:
        if endpoint.method == "GET":
            fields = dict(parse_qsl(query, keep_blank_values=True))
            if endpoint.path == "problems":
                return self._engine.list_problems()
            if endpoint.path:
                return endpoints.read(self._fake, endpoint, names, fields)
            return {"url": url, "api_url": f"{url}{API_PREFIX}", "endpoints": endpoints.index(self._fake, PREFIX)}
        if query:
            text = f"POST {PREFIX}/{endpoint.path} takes its keys in the body, not in the query"
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, text)
        return endpoints.call(self._fake, endpoint, names, _object_in(incoming))

    def _write(self, status: int, value: JSON, headers: Mapping[str, str]) -> Answer:
        body = json.dumps(self._engine.secrets.redact_value(value), indent=2).encode() + b"\n"
        usual = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Answer(status, usual | dict(headers), body)


def _check_sender(incoming: Incoming, scheme: str, *, is_here: bool) -> None:
    """Refuse requests that a browser sends for another host's name or from a page of another site."""
    if not is_here:
        raise _Refused(HTTPStatus.FORBIDDEN, f"{PREFIX} is only for this machine: use the host 127.0.0.1 or localhost")
    own = f"{scheme}://{incoming.authority}".lower()
    origin = incoming.headers.get("origin", own)
    if origin.lower() != own or incoming.headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        raise _Refused(HTTPStatus.FORBIDDEN, f"{PREFIX} refuses pages of other sites (Origin: {origin})")


def _find(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """Find the endpoint for a path, and the values of the path's parameters."""
    parts = [unquote(part) for part in path.removeprefix(PREFIX).strip("/").split("/")]
    allowed = []
    for endpoint in endpoints.ENDPOINTS:
        segments = endpoint.path.split("/")
        if len(segments) != len(parts):
            continue
        pairs = list(zip(segments, parts, strict=True))
        if not all(segment == part or segment[:1] == "{" for segment, part in pairs):
            continue
        if endpoint.method == method:
            return endpoint, {segment[1:-1]: part for segment, part in pairs if segment[:1] == "{"}
        allowed.append(endpoint.method)
    if allowed:
        text = f"{PREFIX}/{'/'.join(parts)} accepts {' and '.join(allowed)}, not {method}"
        raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, text, Allow=", ".join(allowed))
    known = [f"{PREFIX}/{endpoint.path}" for endpoint in endpoints.ENDPOINTS if endpoint.path]
    text = f"{errors.unknown('endpoint', path, known)}; GET {PREFIX} lists all"
    raise _Refused(HTTPStatus.NOT_FOUND, text)


def _object_in(incoming: Incoming) -> dict[str, Any]:
    if not incoming.body:
        return {}
    media_type = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        problem = f"Content-Type is {media_type or 'missing'}"
        raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body must be application/json; {problem}")
    try:
        value = json.loads(incoming.body, object_pairs_hook=_object)
        # Refuse values that no response can contain: NaN, infinity, half a surrogate pair.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as problem:
        raise _Refused(HTTPStatus.BAD_REQUEST, f"the body is not valid JSON: {problem}") from None
    if not isinstance(value, dict):
        raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body must be a JSON object, got {errors.kind_of(value)}")
    return value


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value_by_name: dict[str, Any] = {}
    for name, value in members:
        if name in value_by_name:
            msg = f"duplicate key {name!r} in an object of the body"
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
        value_by_name[name] = value
    return value_by_name
