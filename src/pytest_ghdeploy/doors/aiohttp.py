"""
The door for aiohttp.

When its ``TCPConnector`` opens or reuses a connection to the host of an active
fake, it gets one in memory. aiohttp does everything else.
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

_PIECE = 2**16
# Private names of a connector. Without them, a request could leave over a connection that was opened before the fake.
_NEEDED = ("_create_connection", "_get", "_factory", "_conns")


def patches(library: ModuleType) -> list[Patch]:
    """Make the patches for aiohttp."""

    def in_memory(original: Function) -> Function:
        async def create_connection(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            __tracebackhide__ = True
            host = registry.host_named(req.url.host)
            if registry.fake_for(host) is None:
                return await original(connector, req, *args, **kwargs)
            protocol = connector._factory()  # noqa: SLF001 - the same as the original
            origin = memory_socket.Origin(req.url.scheme, host, req.url.port)
            protocol.connection_made(_Transport(library, origin, protocol, req.connection_key))
            return protocol

        return create_connection

    wraps = {"_create_connection": in_memory, "_get": _get}
    return [
        *(
            Patch(library.TCPConnector, name, wrap)
            for name, wrap in wraps.items()
            if hasattr(library.TCPConnector, name)
        ),
        Patch(library.TCPConnector, "connect", _connect),
    ]


def _get(original: Function) -> Function:
    # Connections that were opened before the fake became active are closed instead of reused.
    def get(connector: Any, key: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - a coroutine in newer versions
        __tracebackhide__ = True
        if registry.is_ours(registry.host_named(key.host)):
            kept = connector._conns.get(key, ())  # noqa: SLF001
            for protocol in [protocol for protocol, _ in kept if not isinstance(protocol.transport, _Transport)]:
                protocol.close()
        return original(connector, key, *args, **kwargs)

    return get


def _connect(original: Function) -> Function:
    # Only this method knows both a request's connection and its timeouts.
    async def connect(connector: Any, req: Any, traces: Any, timeout: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, ASYNC109 - the library's
        __tracebackhide__ = True
        host = registry.host_named(req.url.host)
        if registry.is_ours(host) and (missing := [name for name in _NEEDED if not hasattr(connector, name)]):
            raise registry.unknown_version(host, "aiohttp", f"TCPConnector.{missing[0]}")
        connection = await original(connector, req, traces, timeout, *args, **kwargs)
        if isinstance(connection.transport, _Transport):
            connection.transport.timeouts = timeout.total, timeout.sock_read
        return connection

    return connect


class _Transport(asyncio.Transport):
    """A connection in memory."""

    def __init__(self, library: Any, origin: memory_socket.Origin, protocol: Any, key: object) -> None:  # noqa: ANN401
        super().__init__({"peername": (origin.host, origin.port)})
        self._library, self._origin, self._protocol, self._key = library, origin, protocol, key
        self._loop = asyncio.get_running_loop()
        self._peer = memory_socket.Peer(origin)
        # The pending steps, in order.
        self._steps: deque[Callable[[], None]] = deque()
        self._paused = False
        self._closed = False
        # The timeouts of the current request in seconds: for the whole request, and for each read.
        self.timeouts: tuple[float | None, float | None] = None, None

    # The client's data

    def write(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        try:
            for reply in self._peer.receive(data):
                self._carry_out(reply)
        except Exception as problem:  # noqa: BLE001 - raised where the client waits for the response
            self._fail(problem)

    def _carry_out(self, reply: memory_socket.Reply) -> None:
        if reply.failure == "refused":
            self._fail(self._library.ClientConnectorError(self._key, memory_socket.refused()))
        elif reply.failure == "reset":
            self._end(memory_socket.reset())
        elif reply.failure == "timeout":
            self._time_out()
        else:
            for start in range(0, len(reply.data), _PIECE):
                self._schedule(partial(self._protocol.data_received, reply.data[start : start + _PIECE]))
            if reply.ends:
                self._end(None)

    def _time_out(self) -> None:
        total, read = self.timeouts
        if total and not (read and read < total):
            self._fail(TimeoutError())
        elif read:
            # Older versions have only the base class.
            kind = getattr(self._library, "SocketTimeoutError", self._library.ServerTimeoutError)
            self._fail(kind("Timeout on reading data from socket"))
        # Without a timeout, the client waits until its task is cancelled.

    def _fail(self, problem: Exception) -> None:
        self._schedule(lambda: self._protocol.set_exception(problem))

    def _end(self, problem: Exception | None) -> None:
        def end() -> None:
            self._closed = True
            self._steps.clear()
            self._protocol.connection_lost(problem)

        self._schedule(end)

    def _schedule(self, step: Callable[[], None]) -> None:
        self._steps.append(step)
        self._loop.call_soon(self._run_steps)

    def _run_steps(self) -> None:
        while self._steps and not self._paused:
            self._steps.popleft()()

    # The interface of asyncio's transports

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._steps.clear()
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        # A connection to a fake that has been closed is not reused.
        return self._closed or not self._origin.is_served

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._loop.call_soon(self._run_steps)

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
