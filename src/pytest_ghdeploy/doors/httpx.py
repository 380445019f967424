"""
The door for httpx and httpx2, which have the same interface, with and without ``async``.

What goes to the network goes through their ``HTTPTransport`` and
``AsyncHTTPTransport``: a client's own, mounted ones, those for proxies, and
those that a transport of the user's own passes requests on to. A transport that
does not, such as ``MockTransport`` or ``WSGITransport``, is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import httpx_failures, registry
from pytest_ghdeploy.doors.patching import Function, Patch, stay_on_top
from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from pytest_ghdeploy.http.messages import Answer


def patches(library: ModuleType) -> list[Patch]:
    """Make the patches that let httpx or httpx2 in, whichever *library* is."""
    door = _Door(library)
    door.transports = [
        Patch(library.HTTPTransport, "handle_request", door.handle_request),
        Patch(library.AsyncHTTPTransport, "handle_async_request", door.handle_async_request),
        # Where respx stands if it is told ``using="httpx"``.
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
    def __init__(self, library: Any) -> None:  # noqa: ANN401 - a module, of either name
        self._library = library
        self._stream = _stream_of(library)
        self.transports: list[Patch] = []

    def transport_for_url(self, original: Function) -> Function:
        def transport_for_url(client: Any, url: Any) -> Any:  # noqa: ANN401
            if registry.is_ours(registry.host_named(url.host)) and hasattr(client, "_mounts"):
                # As theirs does it.
                found = (transport for pattern, transport in client._mounts.items() if pattern.matches(url))  # noqa: SLF001
                return next(found, None) or client._transport  # noqa: SLF001
            return original(client, url)

        return transport_for_url

    def handle_request(self, original: Function) -> Function:
        def handle_request(transport: Any, request: Any) -> Any:  # noqa: ANN401 - theirs
            __tracebackhide__ = True
            fake = registry.fake_for(registry.host_named(request.url.host))
            if fake is None:
                return original(transport, request)
            body = b"".join(request.stream)
            answer = self._ask(fake, transport, request, body)
            if answer.failure not in ("", "truncated"):
                raise httpx_failures.blocking(self._library, request, answer.failure)
            return self._response(answer, _cut_short)

        return handle_request

    def handle_async_request(self, original: Function) -> Function:
        async def handle_async_request(transport: Any, request: Any) -> Any:  # noqa: ANN401
            __tracebackhide__ = True
            fake = registry.fake_for(registry.host_named(request.url.host))
            if fake is None:
                return await original(transport, request)
            body = b"".join([part async for part in request.stream])
            # A request takes no time here, but others get their turn, and who is cancelled has asked nothing.
            await httpx_failures.checkpoint()
            answer = self._ask(fake, transport, request, body)
            if answer.failure not in ("", "truncated"):
                raise await httpx_failures.not_blocking(self._library, request, answer.failure)
            return self._response(answer, _cut_short_async)

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
        # The first step of a request is the moment to get on top of mocks that came after us.
        stay_on_top(self.transports, registry.any_active)

    def _ask(self, fake: registry.Fake, transport: Any, request: Any, body: bytes) -> Answer:  # noqa: ANN401
        __tracebackhide__ = True
        # What a transport was told of retries is known to its pool only. They are for connections that cannot be made.
        attempts = 1 + getattr(getattr(transport, "_pool", None), "_retries", 0)
        while True:
            answer = fake.answer(request.method, str(request.url), dict(request.headers.items()), body)
            attempts -= 1
            if answer.failure != "refused" or not attempts:
                return answer

    def _response(self, answer: Answer, cut_short: Any) -> Any:  # noqa: ANN401
        body: dict[str, Any] = {"stream": self._stream(answer.body)}
        if answer.failure:
            said = f"received {len(answer.body)} bytes, expected {answer.headers.get('Content-Length', '?')}"
            said = f"peer closed connection without sending complete message body ({said})"
            body = {"content": cut_short(answer.body, httpx_failures.cut_short(self._library, said))}
        return self._library.Response(
            answer.status,
            headers=answer.headers,
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": REASONS.get(answer.status, "").encode()},
            **body,
        )


def _stream_of(library: ModuleType) -> Any:  # noqa: ANN401 - a class
    """Make the class of a body that is on its way: what httpx has for one that is there is read at once."""

    class Stream(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[name-defined,misc]
        def __init__(self, body: bytes) -> None:
            self._body = body

        def __iter__(self) -> Iterator[bytes]:
            yield self._body

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield self._body

    return Stream


def _cut_short(body: bytes, problem: Exception) -> Iterator[bytes]:
    yield body
    raise problem


async def _cut_short_async(body: bytes, problem: Exception) -> AsyncIterator[bytes]:
    yield body
    raise problem
