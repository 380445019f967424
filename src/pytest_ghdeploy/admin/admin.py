"""
The admin interface: what Python may do with a fake, for whoever speaks HTTP and JSON.

It answers below ``/_ghdeploy`` of a live server that was asked for it. No socket
here: a request in, an answer out. Nothing of it is recorded, and no fault, rate
limit or held delivery has a part in it. It is for programs on this machine: not
for other hosts' names, which a browser may be led here by, and not for the
scripts and forms of other sites.
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
    from pytest_ghdeploy.http.fake import Fake as Inside

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
# What a browser says of a request that the page itself, or nobody, has caused.
_OWN_SITE = ("same-origin", "none")


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Admin:
    """The admin interface of one fake."""

    def __init__(self, fake: Fake, inside: Inside, notice: Callable[[str], None] | None = None) -> None:
        """Let others act on *fake*; *notice* hears in a line of each request that was not refused."""
        self._fake = fake
        self._inside = inside
        self._notice = notice

    def answer(self, incoming: Incoming, scheme: str) -> Answer | None:
        """
        Answer a request that is for the admin interface, ``None`` to any other.

        Args:
            scheme: What the server speaks, ``http`` or ``https``.

        A refusal has a ``message``: 400 for what is no JSON, 403 for who may not ask, 404, 405, 409 for an assertion
        that does not hold, 415, and 422 for what makes no sense, after which nothing has changed. Where a method has
        refused, it has the ``argument`` to change and the ``keys`` that exist too.
        """
        path, _, query = incoming.target.partition("?")
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return None
        is_here = _host_of(incoming.authority) in _LOOPBACK
        if incoming.scheme and not is_here:
            return None  # as through a proxy: it is for that host
        status, value, headers = HTTPStatus.OK, None, {}
        endpoint = None
        try:
            _check_sender(incoming, scheme, is_here=is_here)
            endpoint, names = _find("GET" if incoming.method == "HEAD" else incoming.method, path)
            value = self._result(endpoint, names, query, incoming, f"{scheme}://{incoming.authority}")
            if self._notice and endpoint.method == "POST":
                self._notice(f"POST {path}")
        except _Refused as refusal:
            status, headers, value = refusal.status, refusal.headers, {"message": str(refusal)}
        except FakeError as problem:
            assert endpoint  # noqa: S101 - whose method has refused
            status, value = HTTPStatus.UNPROCESSABLE_ENTITY, endpoints.refusal(self._fake, endpoint, problem)
        except AssertionError as problem:
            status, value = HTTPStatus.CONFLICT, {"message": str(problem)}
        except Exception as problem:  # noqa: BLE001 - a mistake of ours, which must not go unnoticed
            self._inside.fail(problem)
            status, value = HTTPStatus.INTERNAL_SERVER_ERROR, {"message": f"the fake failed: {problem!r}"}
        return self._write(status, value, headers)

    def _result(self, endpoint: Endpoint, names: Mapping[str, str], query: str, incoming: Incoming, url: str) -> JSON:
        if endpoint.method == "GET":
            asked = dict(parse_qsl(query, keep_blank_values=True))
            if endpoint.path == "problems":
                return self._inside.list_problems()
            if endpoint.path:
                return endpoints.read(self._fake, endpoint, names, asked)
            return {"url": url, "api_url": f"{url}{API_PREFIX}", "endpoints": endpoints.index(self._fake, PREFIX)}
        if query:
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"POST {PREFIX}/{endpoint.path} takes its keys in the body")
        return endpoints.call(self._fake, endpoint, names, _object_in(incoming))

    def _write(self, status: int, value: JSON, headers: Mapping[str, str]) -> Answer:
        body = json.dumps(self._clean(value), indent=2).encode() + b"\n"
        usual = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Answer(status, usual | dict(headers), body)

    def _clean(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            return self._inside.secrets.blot(value)
        if isinstance(value, dict):
            return {self._inside.secrets.blot(name): self._clean(one) for name, one in value.items()}
        return [self._clean(one) for one in value] if isinstance(value, list) else value


def _host_of(authority: str) -> str:
    host, bracket, _ = authority.partition("]")
    return f"{host}]" if bracket else authority.partition(":")[0].lower()


def _check_sender(incoming: Incoming, scheme: str, *, is_here: bool) -> None:
    """Refuse what a browser sends that was led here by another host's name, or by a page of another site."""
    if not is_here:
        raise _Refused(HTTPStatus.FORBIDDEN, f"{PREFIX} is for this machine: ask 127.0.0.1 or localhost for it")
    own = f"{scheme}://{incoming.authority}".lower()
    origin = incoming.headers.get("origin", own)
    if origin.lower() != own or incoming.headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        raise _Refused(HTTPStatus.FORBIDDEN, f"{PREFIX} is not for pages of other sites (Origin: {origin})")


def _find(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """Find an endpoint, with what its path names."""
    parts = [unquote(part) for part in path.removeprefix(PREFIX).strip("/").split("/")]
    allowed = []
    for endpoint in endpoints.ENDPOINTS:
        wanted = endpoint.path.split("/")
        if len(wanted) != len(parts):
            continue
        pairs = list(zip(wanted, parts, strict=True))
        if not all(one == part or one[:1] == "{" for one, part in pairs):
            continue
        if endpoint.method == method:
            return endpoint, {one[1:-1]: part for one, part in pairs if one[:1] == "{"}
        allowed.append(endpoint.method)
    if allowed:
        text = f"{PREFIX}/{'/'.join(parts)} takes {' and '.join(allowed)}, not {method}"
        raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, text, Allow=", ".join(allowed))
    known = [f"{PREFIX}/{endpoint.path}" for endpoint in endpoints.ENDPOINTS if endpoint.path]
    text = f"{errors.unknown('endpoint', path, known)}; GET {PREFIX} tells of all"
    raise _Refused(HTTPStatus.NOT_FOUND, text)


def _object_in(incoming: Incoming) -> dict[str, Any]:
    if not incoming.body:
        return {}
    media_type = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        told = f"Content-Type is {media_type or 'missing'}"
        raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a body here is application/json; {told}")
    try:
        value = json.loads(incoming.body, object_pairs_hook=_object)
        # What no answer could carry: NaN, infinity, half a surrogate pair.
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as problem:
        raise _Refused(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {problem}") from None
    if not isinstance(value, dict):
        raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body is a JSON object, not {errors.kind_of(value)}")
    return value


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in members:
        if name in made:
            msg = f"the key {name!r} stands twice in an object of the body"
            raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
        made[name] = value
    return made
