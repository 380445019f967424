"""
The door for requests, and for all that is built on it, such as PyGithub and github3.py.

requests asks its session for an adapter and the adapter to send. For a host of
an active fake it gets ``GitHubAdapter``, behind which a ``RequestsMock`` of the
fake's own answers with ``responses``' means: its matching, its call log, its
handling of retries. Every other host goes where it would have gone.
"""

from __future__ import annotations

import sys
from errno import ECONNREFUSED, ECONNRESET
from importlib.metadata import version
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import responses
from requests import ConnectionError, PreparedRequest, ReadTimeout, Response, Session, sessions  # noqa: A004 - theirs
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError
from urllib3.response import HTTPResponse
from urllib3.util.retry import Retry

from pytest_ghdeploy.doors import memory_socket, registry
from pytest_ghdeploy.doors.patching import Function, Patch, changes, stay_on_top
from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from urllib3.response import BaseHTTPResponse

    from pytest_ghdeploy.http.messages import Answer


class _Anything(responses.BaseResponse):
    """The one registration: it matches every request, and the fake answers."""

    def __init__(self, fake: registry.Fake, log: responses.CallList) -> None:
        super().__init__("*", "https://github.invalid/")
        self._fake = fake
        self._logs = (log, self.calls)

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:  # noqa: ARG002 - responses' signature
        return True, ""

    def get_response(self, request: PreparedRequest) -> HTTPResponse:
        __tracebackhide__ = True
        # The fake keeps a record of its own, without secrets and without whole Response objects.
        for log in self._logs:
            log.reset()
        headers = {
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in request.headers.lower_items()
        }
        if "user-agent" not in headers:
            headers["user-agent"] = f"python-urllib3/{version('urllib3')}"  # which it adds when it sends
        answer = self._fake.answer(request.method or "GET", request.url or "", headers, _body_of(request))
        if answer.failure and answer.failure != "truncated":  # which urllib3 notices by itself
            raise _NoAnswerError(answer.failure)
        return _Answered(answer, request.method)


# What urllib3, requests and responses themselves ask each answer for, in lower case, and how it is spelled here.
_ASKED = {
    name.lower(): name
    for name in ("Content-Encoding", "Content-Length", "Location", "Retry-After", "Transfer-Encoding")
}
_NO_HEADERS = HTTPResponse().headers


class _MadeLate:
    """Headers that are made when somebody looks at them all: to make them takes longer than most of a request."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever they keep
        if "_made" in vars(self):
            raise AttributeError(name)
        super().__init__(self._given)  # type: ignore[call-arg] # that of the headers
        self._made = True
        return getattr(self, name)

    def _asked(self, name: object) -> bool:
        return "_made" not in vars(self) and isinstance(name, str) and name.lower() in _ASKED


class _RawHeaders(_MadeLate, type(_NO_HEADERS)):  # type: ignore[misc] # urllib3's, which 1 and 2 have in two places
    """urllib3's headers."""

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 - as theirs
        return self._given.get(_ASKED[key.lower()], default) if self._asked(key) else super().get(key, default)


class _Headers(_MadeLate, CaseInsensitiveDict):  # type: ignore[type-arg] # generic in its stubs only
    """requests' headers."""

    def __contains__(self, key: object) -> bool:
        return _ASKED[str(key).lower()] in self._given if self._asked(key) else super().__contains__(key)


class _Answered(HTTPResponse):
    """An answer as urllib3 has one; its headers are also there as they were."""

    def __init__(self, answer: Answer, method: str | None) -> None:
        super().__init__(
            body=BytesIO(answer.body),
            headers=_RawHeaders(answer.headers),
            status=answer.status,
            reason=REASONS.get(answer.status),
            preload_content=False,
            request_method=method,
        )
        self.given = answer.headers


def _body_of(request: PreparedRequest) -> bytes:
    body: Any = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    # A generator, which requests sends in chunks; responses has read files already. It can be
    # read once only, and a retry reads it again.
    request.body = b"".join(part.encode() if isinstance(part, str) else part for part in body)
    return request.body


class GitHubAdapter(HTTPAdapter):
    """Stands in for the adapter that would have gone to the network, with its retries."""

    def __init__(self, send: Function, max_retries: Retry) -> None:
        """Keep what is needed, without HTTPAdapter's connection pools, which nobody would use."""
        self._send = send
        self.max_retries = max_retries
        self.answered: HTTPResponse | None = None

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - HTTPAdapter's
        """Let the fake answer."""
        __tracebackhide__ = True
        return cast("Response", self._send(self, request, *args, **kwargs))

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Make what requests' own makes. It reads urllib3's headers, which takes longer than all the rest."""
        if not isinstance(resp, _Answered):
            return super().build_response(req, resp)
        self.answered = resp
        headers, resp.headers = resp.headers, _NO_HEADERS
        response = super().build_response(req, resp)
        resp.headers = headers
        response.headers = _Headers(resp.given)
        response.encoding = get_encoding_from_headers({"content-type": resp.given.get("Content-Type", "")})
        return response

    def close(self) -> None:
        """Do nothing: there is no pool to close."""


class _NoAnswerError(Exception):
    """The connection failed, and how."""


class _Mock(responses.RequestsMock):
    """``responses`` repeats a request for the HTTP status it got; this does too where it got none, and waits."""

    def __init__(self, fake: registry.Fake) -> None:
        super().__init__(assert_all_requests_are_fired=False)
        self._fake = fake

    def _on_request(
        self,
        adapter: HTTPAdapter,
        request: PreparedRequest,
        *,
        retries: Retry | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Response:
        __tracebackhide__ = True
        if retries is not None:
            self._wait(retries, getattr(adapter, "answered", None))
        try:
            return super()._on_request(adapter, request, retries=retries, **kwargs)
        except _NoAnswerError as problem:
            failure = str(problem)
        cast("GitHubAdapter", adapter).answered = None
        retries = _after_failure(failure, retries or adapter.max_retries, request, kwargs.get("timeout"))
        return self._on_request(adapter, request, retries=retries, **kwargs)

    def _wait(self, retries: Retry, answered: HTTPResponse | None) -> None:
        """Let the fake's clock do the waiting before another attempt, unless the client waits in a way of its own."""
        if type(retries).sleep is not Retry.sleep:
            retries.sleep(answered)
            return
        told = retries.get_retry_after(answered) if answered and retries.respect_retry_after_header else None
        if seconds := told or retries.get_backoff_time():
            self._fake.pause(seconds)


def _after_failure(failure: str, retries: Retry, request: PreparedRequest, timeout: object) -> Retry:
    """
    Do what urllib3 and ``HTTPAdapter.send`` do when a connection fails: go on, or give up.

    Raises:
        ConnectionError: *retries* has no more attempts, or is not for this method.
        ReadTimeout: Likewise, where no answer came in time.
    """
    __tracebackhide__ = True
    try:
        retries = retries.increment(
            request.method, request.path_url, error=_urllib3_error(failure, request, timeout), _pool=_pool_for(request)
        )
    except (ProtocolError, MaxRetryError) as problem:
        raise ConnectionError(problem, request=request) from problem
    except ReadTimeoutError as problem:
        raise ReadTimeout(problem, request=request) from problem
    return retries


def _pool_for(request: PreparedRequest) -> HTTPConnectionPool:
    # For what it is called in messages; it connects to nothing.
    parts = urlsplit(request.url or "")
    kind = HTTPSConnectionPool if parts.scheme == "https" else HTTPConnectionPool
    return kind(parts.hostname or "", parts.port or kind.ConnectionCls.default_port)


def _urllib3_error(failure: str, request: PreparedRequest, timeout: Any) -> HTTPError:  # noqa: ANN401 - of requests
    pool = _pool_for(request)
    if failure == "refused":
        connection: Any = pool.ConnectionCls(pool.host, pool.port)
        why = f"Failed to establish a new connection: [Errno {ECONNREFUSED}] Connection refused"
        return NewConnectionError(connection, why)
    if failure == "reset":
        return ProtocolError("Connection aborted.", ConnectionResetError(ECONNRESET, "Connection reset by peer"))
    seconds = timeout[1] if isinstance(timeout, tuple) else getattr(timeout, "read_timeout", timeout)
    endless = memory_socket.ENDLESS if seconds is None else ""
    return ReadTimeoutError(pool, request.path_url, f"Read timed out. (read timeout={seconds}){endless}")


class RequestsDoor:
    """One fake's door."""

    def __init__(self, fake: registry.Fake) -> None:
        """Let *fake* answer what requests would send to its host."""
        mock = _Mock(fake)
        mock.add(_Anything(fake, mock.calls))
        self.send = mock.unbound_on_send()


def _door_to(url: str | None) -> RequestsDoor | None:
    fake = registry.fake_for(registry.host_of(url or ""))
    if fake is None:
        return None
    # Made for the first request: not every test has one.
    return cast("RequestsDoor", fake.doors.get("requests") or fake.doors.setdefault("requests", RequestsDoor(fake)))


def _stand_in(door: RequestsDoor, adapter: object) -> GitHubAdapter:
    return GitHubAdapter(door.send, getattr(adapter, "max_retries", None) or Retry(0, read=False))


def _get_adapter(original: Function) -> Function:
    def get_adapter(session: Session, url: str) -> HTTPAdapter:
        door = _door_to(url)
        adapter = original(session, url)
        if door is None or (isinstance(adapter, HTTPAdapter) and type(adapter).send is not HTTPAdapter.send):
            return cast("HTTPAdapter", adapter)
        return _stand_in(door, adapter)

    return get_adapter


def _send(original: Function) -> Function:
    def send(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        door = _door_to(request.url)
        if door is None:
            return cast("Response", original(adapter, request, *args, **kwargs))
        return _stand_in(door, adapter).send(request, *args, **kwargs)

    return send


def _get_environ_proxies(original: Function) -> Function:
    def get_environ_proxies(url: str, *args: Any, **kwargs: Any) -> dict[str, str]:  # noqa: ANN401 - those of requests
        # No proxy stands before a fake. requests reads the whole environment to find one, a third of a request's time.
        if registry.fake_for(registry.host_of(url)) is not None:
            return {}
        return cast("dict[str, str]", original(url, *args, **kwargs))

    return get_environ_proxies


def _first_step(original: Function) -> Function:
    def step(session: Session, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - those of requests
        # The first steps of a request are the moments to get on top of mocks that came after us.
        if registry.any_active():
            stand_before_requests_mock()
            stay_on_top(PATCHES, registry.any_active)
        return original(session, request, **kwargs)

    return step


def stand_before_requests_mock() -> None:
    """Get on top of requests-mock, if it is there: it puts its adapter into the session itself."""
    module = sys.modules.get("requests_mock.adapter")
    if module and module not in _adapters_seen:
        with changes:
            if module not in _adapters_seen:
                _adapters_seen.append(module)
                PATCHES.append(Patch(module.Adapter, "send", _send))


_adapters_seen: list[ModuleType] = []
PATCHES = [
    Patch(Session, "get_adapter", _get_adapter),
    # For adapters of the user's own, whose super().send arrives here.
    Patch(HTTPAdapter, "send", _send),
    Patch(sessions, "get_environ_proxies", _get_environ_proxies),
    Patch(Session, "prepare_request", _first_step),
    # For a request that no session has prepared.
    Patch(Session, "send", _first_step),
]
