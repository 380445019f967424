"""
The door for httpx and httpx2, which have the same interface, sync and async.

All requests to the network pass through ``HTTPTransport`` or
``AsyncHTTPTransport``, also if a client uses mounted transports, proxies or a
custom transport. Transports that do not use the network, such as
``MockTransport`` and ``WSGITransport``, answer as usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import memory_socket, registry
from pytest_ghdeploy.doors.patching import Function, Patch, stay_on_top
from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from pytest_ghdeploy.http.fake import Fake
    from pytest_ghdeploy.http.messages import Answer

_ERRORS = {
    "refused": ("ConnectError", "Connection refused"),
    "reset": ("ReadError", "Connection reset by peer"),
    "timeout": ("ReadTimeout", "timed out"),
}
_CUT_SHORT = "peer closed connection without sending complete message body"


def patches(library: ModuleType) -> list[Patch]:
    """Make the patches for httpx or httpx2, whichever *library* is."""
    door = _Door(library)
    door.transports = [
        Patch(library.HTTPTransport, "handle_request", door.handle_request),
        Patch(library.AsyncHTTPTransport, "handle_async_request", door.handle_async_request),
        # respx patches these with ``using="httpx"``.
        *(
            Patch(client, "_transport_for_url", door.transport_for_url)
            for client in (library.Client, library.AsyncClient)
            if hasattr(client, "_transport_for_url")
        ),
    ]
    return [
        *door.transports,
        Patch(library.Client, "send", door.send),
        Patch(library.AsyncClient, "send", door.send_async),
    ]


class _Door:
    def __init__(self, library: Any) -> None:  # noqa: ANN401 - httpx or httpx2
        self._library = library
        self._body = _body_of(library)
        self.transports: list[Patch] = []

    def transport_for_url(self, original: Function) -> Function:
        def transport_for_url(client: Any, url: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            mounts, default = getattr(client, "_mounts", None), getattr(client, "_transport", None)
            if mounts is None or default is None or not registry.is_ours(registry.host_named(url.host)):
                return original(client, url, *args, **kwargs)
            # The same as the library's own method.
            matches = (transport for pattern, transport in mounts.items() if pattern.matches(url))
            return next(matches, None) or default

        return transport_for_url

    def handle_request(self, original: Function) -> Function:
        def handle_request(transport: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's types
            __tracebackhide__ = True
            fake = registry.fake_for(registry.host_named(request.url.host))
            if fake is None:
                return original(transport, request, *args, **kwargs)
            answer = self._ask(fake, transport, request, b"".join(request.stream))
            if answer.failure == "timeout" and _has_no_timeout(request):
                raise self._error(answer, request, memory_socket.ENDLESS)
            return self._response(answer, request)

        return handle_request

    def handle_async_request(self, original: Function) -> Function:
        async def handle_async_request(transport: Any, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            __tracebackhide__ = True
            fake = registry.fake_for(registry.host_named(request.url.host))
            if fake is None:
                return await original(transport, request, *args, **kwargs)
            import anyio.lowlevel  # which the library requires

            body = b"".join([part async for part in request.stream])
            # As on a network, other tasks run during a request, and a cancelled task sends nothing.
            await anyio.lowlevel.checkpoint()
            answer = self._ask(fake, transport, request, body)
            if answer.failure == "timeout" and _has_no_timeout(request):
                await anyio.sleep_forever()  # until the task is cancelled
            return self._response(answer, request)

        return handle_async_request

    def send(self, original: Function) -> Function:
        def send(client: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            self._stay_on_top()
            return original(client, *args, **kwargs)

        return send

    def send_async(self, original: Function) -> Function:
        async def send(client: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            self._stay_on_top()
            return await original(client, *args, **kwargs)

        return send

    def _stay_on_top(self) -> None:
        # A mock that was started after the fake may have replaced the transports' methods.
        stay_on_top(self.transports, registry.any_active)

    def _ask(self, fake: Fake, transport: Any, request: Any, body: bytes) -> Answer:  # noqa: ANN401
        __tracebackhide__ = True
        # Only the transport's pool knows the number of retries. They apply to refused connections only.
        attempts = 1 + getattr(getattr(transport, "_pool", None), "_retries", 0)
        while True:
            answer = fake.answer(request.method, str(request.url), dict(request.headers.items()), body)
            attempts -= 1
            if answer.failure != "refused" or not attempts:
                return answer

    def _response(self, answer: Answer, request: Any) -> Any:  # noqa: ANN401
        __tracebackhide__ = True
        problem = None
        if answer.failure == "truncated":
            problem = self._library.RemoteProtocolError(_CUT_SHORT, request=request)
        elif answer.failure:
            raise self._error(answer, request)
        return self._library.Response(
            answer.status,
            headers=answer.headers,
            stream=self._body(answer.body, problem),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": REASONS.get(answer.status, "").encode()},
        )

    def _error(self, answer: Answer, request: Any, more: str = "") -> Exception:  # noqa: ANN401
        name, text = _ERRORS[answer.failure]
        error: Exception = getattr(self._library, name)(f"{text}{more}", request=request)
        return error


def _has_no_timeout(request: Any) -> bool:  # noqa: ANN401
    return request.extensions.get("timeout", {}).get("read") is None


def _body_of(library: ModuleType) -> Any:  # noqa: ANN401 - a class
    """Make the class of a body that has not been read: the library reads its own ``ByteStream`` at once."""

    class Body(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[name-defined,misc]
        def __init__(self, data: bytes, problem: Exception | None) -> None:
            self._data, self._problem = data, problem

        def __iter__(self) -> Iterator[bytes]:
            yield self._data
            if self._problem:
                raise self._problem

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in self:
                yield part

    return Body
