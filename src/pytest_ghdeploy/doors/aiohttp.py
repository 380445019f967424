"""
The door for aiohttp.

Where its ``TCPConnector`` would open a connection to the host of an active
fake, or use one that was opened before, it gets one in memory. All the rest is
aiohttp's own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import memory_socket, registry
from pytest_ghdeploy.doors.patching import Function, Patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pytest_ghdeploy.http.messages import Answer

_PIECE = 2**16


def patches(library: ModuleType) -> list[Patch]:
    """Make the patches that let aiohttp in."""

    def in_memory(original: Function) -> Function:
        async def create_connection(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            __tracebackhide__ = True
            host = registry.host_named(req.url.host)
            if registry.fake_for(host) is None:
                return await original(connector, req, *args, **kwargs)
            protocol = connector._factory()  # noqa: SLF001 - as the original does
            origin = memory_socket.Origin(req.url.scheme, host, req.url.port)
            protocol.connection_made(_Transport(library, origin, protocol, req.connection_key))
            return protocol

        return create_connection

    return [
        Patch(library.TCPConnector, "_create_connection", in_memory),
        Patch(library.TCPConnector, "_get", _get),
        Patch(library.TCPConnector, "connect", _connect),
    ]


def _get(original: Function) -> Function:
    # What the pool has kept.
    def get(connector: Any, key: Any, *args: Any) -> Any:  # noqa: ANN401 - to be awaited or not, by version
        __tracebackhide__ = True
        kept = connector._conns.get(key, ())  # noqa: SLF001
        real = [protocol for protocol, _ in kept if not isinstance(protocol.transport, _Transport)]
        if real and registry.fake_for(registry.host_named(key.host)) is not None:
            for protocol in real:
                protocol.close()  # so that it is not used again
        return original(connector, key, *args)

    return get


def _connect(original: Function) -> Function:
    # The one place that knows a request's connection and its timeouts.
    async def connect(connector: Any, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ANN401, ASYNC109 - theirs
        __tracebackhide__ = True
        connection = await original(connector, req, traces, timeout)
        if isinstance(connection.transport, _Transport):
            connection.transport.timeouts = timeout.total, timeout.sock_read
        return connection

    return connect


class _Transport(asyncio.Transport):
    """A connection with the fakes at its other end."""

    def __init__(self, library: Any, origin: memory_socket.Origin, protocol: Any, key: object) -> None:  # noqa: ANN401
        super().__init__({"peername": (origin.host, origin.port)})
        self._library, self._origin, self._protocol, self._key = library, origin, protocol, key
        self._loop = asyncio.get_running_loop()
        self._listener = memory_socket.Listener()
        # What happens next on the other side, in this order.
        self._next: deque[Callable[[], None]] = deque()
        self._paused = False
        self._closed = False
        # For all of the request that has the connection, and for each wait, in seconds.
        self.timeouts: tuple[float | None, float | None] = None, None

    # What the client says

    def write(self, data: Any) -> None:  # noqa: ANN401 - whatever holds bytes
        for request in self._listener.hear(data):
            try:
                self._show(request, memory_socket.answer(self._origin, request))
            except Exception as problem:  # noqa: BLE001 - for the caller, who waits for an answer
                self._break(problem)
        if self._listener.waits:
            self._listener.waits = False
            self._then(partial(self._tell, memory_socket.GO_ON))

    def _show(self, request: memory_socket.Request | memory_socket.NoRequest, answer: Answer) -> None:
        if answer.failure == "refused":
            why = ConnectionRefusedError(memory_socket.refused().errno, f"Connect call failed {self._origin[1:]}")
            self._break(memory_socket.caused_by(self._library.ClientConnectorError(self._key, why), why))
        elif answer.failure == "reset":
            self._end(memory_socket.broken())
        elif answer.failure == "timeout":
            self._time_out()
        else:
            said = memory_socket.to_bytes(request, answer)
            for start in range(0, len(said), _PIECE):
                self._then(partial(self._tell, said[start : start + _PIECE]))
            if answer.failure:
                self._end(None)

    def _time_out(self) -> None:
        total, read = self.timeouts
        if total and not (read and read < total):
            self._break(memory_socket.caused_by(TimeoutError(), asyncio.CancelledError()))
        elif read:
            # Older ones have the more general only.
            kind = getattr(self._library, "SocketTimeoutError", self._library.ServerTimeoutError)
            self._break(kind("Timeout on reading data from socket"))
        # Without either there is silence, as on a network; the task can be cancelled.

    def _tell(self, piece: bytes) -> None:
        self._protocol.data_received(piece)

    def _break(self, problem: Exception) -> None:
        self._then(lambda: self._protocol.set_exception(problem))

    def _end(self, problem: Exception | None) -> None:
        def end() -> None:
            self._closed = True
            self._next.clear()
            self._protocol.connection_lost(problem)

        self._then(end)

    def _then(self, step: Callable[[], None]) -> None:
        self._next.append(step)
        self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        while self._next and not self._paused:
            self._next.popleft()()

    # As a transport of asyncio's

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._next.clear()
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        # A connection that is kept for later is not used again when the fake has gone.
        return self._closed or not self._origin.is_served

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._loop.call_soon(self._go_on)

    def is_reading(self) -> bool:
        return not self._paused

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return False

    def get_protocol(self) -> Any:  # noqa: ANN401
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:  # noqa: ANN401
        self._protocol = protocol
