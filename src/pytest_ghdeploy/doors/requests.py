"""
The door for requests, and for libraries built on it such as PyGithub and github3.py.

requests gets an adapter from its session and sends with it. For the host of an
active fake that is a ``GitHubAdapter``, which answers through a ``RequestsMock``
of the fake: matching, call log and retries are those of ``responses``. Requests
to all other hosts are sent as usual.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import responses
from requests import ConnectionError, PreparedRequest, ReadTimeout, Response, Session, sessions  # noqa: A004 - its name
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import connection_from_url
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError
from urllib3.response import HTTPResponse
from urllib3.util.retry import Retry

from pytest_ghdeploy.doors import memory_socket, registry
from pytest_ghdeploy.doors.patching import Function, Patch, stay_on_top
from pytest_ghdeploy.doors.urllib3 import waiting_on
from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3.response import BaseHTTPResponse

    from pytest_ghdeploy.http.fake import Fake
    from pytest_ghdeploy.http.messages import Answer


class _Anything(responses.BaseResponse):
    """The only registered response: it matches every request and lets the fake answer."""

    def __init__(self, fake: Fake, log: responses.CallList) -> None:
        super().__init__("*", "https://github.invalid/")
        self._fake = fake
        self._logs = (log, self.calls)

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:  # noqa: ARG002 - the signature of responses
        return True, ""

    def get_response(self, request: PreparedRequest) -> HTTPResponse:
        __tracebackhide__ = True
        # The fake has its own record, without secrets and without whole Response objects.
        for log in self._logs:
            log.reset()
        headers = {
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in request.headers.lower_items()
        }
        if "user-agent" not in headers:
            from importlib.metadata import version  # few clients send no user agent

            headers["user-agent"] = f"python-urllib3/{version('urllib3')}"  # which urllib3 adds when it sends
        answer = self._fake.answer(request.method or "GET", request.url or "", headers, _body_of(request))
        if answer.failure and answer.failure != "truncated":  # which urllib3 notices itself
            raise _NoAnswerError(answer.failure)
        return _Answered(answer, request.method)


# Headers that urllib3, requests and responses read from every answer: from lower case to the spelling used here.
_READ_ALWAYS = {
    name.lower(): name
    for name in ("Content-Encoding", "Content-Length", "Location", "Retry-After", "Transfer-Encoding")
}
_NO_HEADERS = HTTPResponse().headers


class _LazyHeaders:
    """Headers that are built only when needed as a whole, because building them is a large part of a request's time."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = pairs

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the real headers
        if "_built" in vars(self):
            raise AttributeError(name)
        super().__init__(self._pairs)  # type: ignore[call-arg] # of the real headers
        self._built = True
        return getattr(self, name)

    def _reads_directly(self, name: object) -> bool:
        return "_built" not in vars(self) and isinstance(name, str) and name.lower() in _READ_ALWAYS


class _RawHeaders(_LazyHeaders, type(_NO_HEADERS)):  # type: ignore[misc] # urllib3's class, which its versions 1 and 2 define in different modules
    """urllib3's headers."""

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 - the base class's signature
        if self._reads_directly(key):
            return self._pairs.get(_READ_ALWAYS[key.lower()], default)
        return super().get(key, default)


class _Headers(_LazyHeaders, CaseInsensitiveDict):  # type: ignore[type-arg] # generic in its stubs only
    """requests' headers."""

    def __contains__(self, key: object) -> bool:
        return _READ_ALWAYS[str(key).lower()] in self._pairs if self._reads_directly(key) else super().__contains__(key)


class _Answered(HTTPResponse):
    """An answer as a response of urllib3, which also keeps the headers as the fake gave them."""

    def __init__(self, answer: Answer, method: str | None) -> None:
        super().__init__(
            body=BytesIO(answer.body),
            headers=_RawHeaders(answer.headers),
            status=answer.status,
            reason=REASONS.get(answer.status),
            preload_content=False,
            request_method=method,
        )
        self.answer_headers = answer.headers


def _body_of(request: PreparedRequest) -> bytes:
    body: Any = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    # A generator, which requests sends in chunks; responses has already read files. A generator
    # can be read only once, and a retry needs the body again.
    request.body = b"".join(part.encode() if isinstance(part, str) else part for part in body)
    return request.body


class GitHubAdapter(HTTPAdapter):
    """Replaces the adapter that would use the network, and keeps its retries."""

    def __init__(self, send: Function, max_retries: Retry) -> None:
        """Create the adapter without the connection pools of ``HTTPAdapter``, which would not be used."""
        self._send = send
        self.max_retries = max_retries
        self.answered: HTTPResponse | None = None

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - HTTPAdapter's
        """Let the fake answer."""
        __tracebackhide__ = True
        return cast("Response", self._send(self, request, *args, **kwargs))

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Make the same response as ``HTTPAdapter``, without reading urllib3's headers, which is the slowest part."""
        if not isinstance(resp, _Answered):
            return super().build_response(req, resp)
        self.answered = resp
        headers, resp.headers = resp.headers, _NO_HEADERS
        response = super().build_response(req, resp)
        resp.headers = headers
        response.headers = _Headers(resp.answer_headers)
        response.encoding = get_encoding_from_headers({"content-type": resp.answer_headers.get("Content-Type", "")})
        return response

    def close(self) -> None:
        """Do nothing: the adapter has no pools."""


class _NoAnswerError(Exception):
    """The connection failed. The argument is the kind of failure."""


class _Mock(responses.RequestsMock):
    """Retries failed connections too, not only answers as ``responses`` does, and waits between attempts."""

    def __init__(self, fake: Fake) -> None:
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
            with waiting_on(self._fake):
                retries.sleep(getattr(adapter, "answered", None))
        try:
            return super()._on_request(adapter, request, retries=retries, **kwargs)
        except _NoAnswerError as problem:
            failure = str(problem)
        cast("GitHubAdapter", adapter).answered = None
        retries = _after_failure(failure, retries or adapter.max_retries, request, kwargs.get("timeout"))
        return self._on_request(adapter, request, retries=retries, **kwargs)


def _after_failure(failure: str, retries: Retry, request: PreparedRequest, timeout: object) -> Retry:
    """
    Do what urllib3 and ``HTTPAdapter.send`` do after a failed connection: count an attempt, or give up.

    Raises:
        ConnectionError: *retries* has no more attempts, or does not apply to this method.
        ReadTimeout: The same after a timeout.
    """
    __tracebackhide__ = True
    pool = connection_from_url(request.url or "")  # only named in messages; it connects to nothing
    error: HTTPError
    if failure == "refused":
        error = NewConnectionError(cast("Any", pool), "Connection refused")
    elif failure == "reset":
        error = ProtocolError("Connection aborted.", memory_socket.reset())
    else:
        seconds = timeout[1] if isinstance(timeout, tuple) else getattr(timeout, "read_timeout", timeout)
        endless = memory_socket.ENDLESS if seconds is None else ""
        error = ReadTimeoutError(pool, request.path_url, f"Read timed out. (read timeout={seconds}){endless}")
    try:
        return retries.increment(request.method, request.path_url, error=error, _pool=pool)
    except (ProtocolError, MaxRetryError) as problem:
        raise ConnectionError(problem, request=request) from problem
    except ReadTimeoutError as problem:
        raise ReadTimeout(problem, request=request) from problem


class RequestsDoor:
    """The door to one fake."""

    def __init__(self, fake: Fake) -> None:
        """
        Let *fake* answer the requests to its host.

        Raises:
            UnsupportedRequest: This version of ``responses`` has no method ``_on_request``.
        """
        if not hasattr(responses.RequestsMock, "_on_request"):  # where failed connections are retried
            raise registry.unknown_version(fake.host, "responses", "RequestsMock._on_request")
        mock = _Mock(fake)
        mock.add(_Anything(fake, mock.calls))
        self.send = mock.unbound_on_send()


def _door_to(url: str | None) -> RequestsDoor | None:
    fake = registry.fake_for(registry.host_of(url or ""))
    if fake is None:
        return None
    # Created by the first request, because many tests send none.
    return cast("RequestsDoor", fake.doors.get("requests") or fake.doors.setdefault("requests", RequestsDoor(fake)))


def _adapter_to(door: RequestsDoor, adapter: object) -> GitHubAdapter:
    return GitHubAdapter(door.send, getattr(adapter, "max_retries", None) or Retry(0, read=False))


def _get_adapter(original: Function) -> Function:
    def get_adapter(session: Session, url: str, *args: Any, **kwargs: Any) -> HTTPAdapter:  # noqa: ANN401
        door = _door_to(url)
        adapter = original(session, url, *args, **kwargs)
        if door is None or (isinstance(adapter, HTTPAdapter) and type(adapter).send is not HTTPAdapter.send):
            return cast("HTTPAdapter", adapter)
        return _adapter_to(door, adapter)

    return get_adapter


def intercept_send(original: Function) -> Function:
    """Patch the method ``send`` of an adapter's class: requests to the host of a fake are answered by it."""

    def send(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401
        door = _door_to(request.url)
        if door is None:
            return cast("Response", original(adapter, request, *args, **kwargs))
        return _adapter_to(door, adapter).send(request, *args, **kwargs)

    return send


def _get_environ_proxies(original: Function) -> Function:
    def get_environ_proxies(url: str, *args: Any, **kwargs: Any) -> dict[str, str]:  # noqa: ANN401 - the library's types
        # A fake needs no proxy. Without this, requests spends a third of its time on reading the environment.
        if registry.fake_for(registry.host_of(url)) is not None:
            return {}
        return cast("dict[str, str]", original(url, *args, **kwargs))

    return get_environ_proxies


def _first_step(original: Function) -> Function:
    def step(session: Session, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's types
        # A mock that was started after the fake may have replaced our patches.
        if registry.any_active():
            stay_on_top(PATCHES, registry.any_active)
        return original(session, *args, **kwargs)

    return step


PATCHES = [
    Patch(Session, "get_adapter", _get_adapter),
    # Custom adapters call this through super().send.
    Patch(HTTPAdapter, "send", intercept_send),
    Patch(sessions, "get_environ_proxies", _get_environ_proxies),
    Patch(Session, "prepare_request", _first_step),
    # A prepared request that is sent by itself starts here.
    Patch(Session, "send", _first_step),
]
