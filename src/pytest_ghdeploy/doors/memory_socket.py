"""
Connections in memory, for libraries that speak HTTP/1.1 over a socket or a transport.

``Peer`` is the fake's end of a connection: it reads the requests, lets the fake
answer, and writes the replies. ``MemorySocket`` is the client's end as a socket.
The library does everything else as on a network: streaming, chunks, reuse of connections.
"""

from __future__ import annotations

import io
import socket
import weakref
from collections import deque
from contextlib import suppress
from errno import ECONNREFUSED, ECONNRESET
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.errors import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy.doors.http1 import Incoming
    from pytest_ghdeploy.http.messages import Answer

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NO_SOCKET = with_page(
    "this connection to a fake GitHub exists in memory and is not a system socket. A client that needs one, "
    "for example because it does TLS itself (ssl.SSLContext.wrap_socket), can reach the same fake over a port: use "
    "the fixture ghdeploy_server, or ghdeploy_server(tls=True) for HTTPS",
    "a-client-that-cannot-be-intercepted",
)
ENDLESS = "; the client has no timeout: on a network it would wait forever"
"""Added to the timeout error of a blocking client without a timeout, whose wait could not be cancelled."""


class Origin(NamedTuple):
    """The server that a connection leads to: *scheme* is ``http`` or ``https``, *host* in lower case."""

    scheme: str
    host: str
    port: int | None

    @property
    def url(self) -> str:
        """Scheme, host and port, without the default port."""
        port = f":{self.port}" if self.port and self.port != _DEFAULT_PORTS[self.scheme] else ""
        return f"{self.scheme}://{self.host}{port}"

    @property
    def is_served(self) -> bool:
        """Whether an active fake answers for the host."""
        return registry.serves(self.host) or registry.serves_downloads(self.host)


class Reply(NamedTuple):
    """
    One step of the fake's end of a connection.

    Attributes:
        data: Bytes for the client.

        failure: ``"refused"``, ``"reset"`` or ``"timeout"`` if the client gets this failure instead of data.

        ends: Whether the connection ends after *data*.
    """

    data: bytes = b""
    failure: str = ""
    ends: bool = False


class Peer:
    """The fake's end of a connection."""

    def __init__(self, origin: Origin) -> None:
        """Wait for requests to *origin*."""
        from pytest_ghdeploy.doors import http1  # only some clients need it

        self._http1 = http1
        self._parser = http1.RequestParser()
        self._origin = origin

    def receive(self, data: Any) -> Iterator[Reply]:  # noqa: ANN401 - any buffer
        """
        Read bytes from the client and answer each request that is complete.

        A malformed request gets the same answer as from the live server.

        Raises:
            ConnectionResetError: No active fake answers for the host any more.
            UnsupportedRequest: The fake does not implement the endpoint.
        """
        __tracebackhide__ = True
        self._parser.feed(data)
        try:
            while incoming := self._parser.next_request():
                yield self._reply(self._answer(incoming), incoming.method)
        except self._http1.Refused as refusal:
            from pytest_ghdeploy.http.messages import plain

            yield self._reply(plain(refusal.status, str(refusal)), ends=True)
        if self._parser.awaits_continue:
            self._parser.awaits_continue = False
            yield Reply(self._http1.CONTINUE)

    def _answer(self, incoming: Incoming) -> Answer:
        __tracebackhide__ = True
        fake = registry.fake_for(self._origin.host)
        if fake is None:
            raise reset()
        root = f"{incoming.scheme}://{incoming.authority}" if incoming.scheme else self._origin.url
        return fake.answer(incoming.method, f"{root}{incoming.target}", incoming.headers, incoming.body)

    def _reply(self, answer: Answer, method: str = "", *, ends: bool = False) -> Reply:
        if answer.failure and answer.failure != "truncated":
            return Reply(failure=answer.failure)
        headers, body, is_framed = self._http1.frame(answer, method)
        ends = ends or not is_framed
        if ends:
            headers["Connection"] = "close"
        return Reply(self._http1.write_head(answer.status, headers) + body, ends=ends)


def reset() -> ConnectionResetError:
    """Make the error for a connection that the server has broken."""
    return ConnectionResetError(ECONNRESET, "Connection reset by peer")


def refused() -> ConnectionRefusedError:
    """Make the error for a connection that the server has not accepted."""
    return ConnectionRefusedError(ECONNREFUSED, "Connection refused")


class MemorySocket:
    """The client's end of a connection, with the methods that ``http.client`` and urllib3 use."""

    type = socket.SOCK_STREAM
    family = socket.AF_INET
    proto = 0

    def __init__(self, origin: Origin, refuse: Callable[[], Exception], timeout: float | None) -> None:
        """Connect to *origin*. *refuse* makes the library's error for a refused connection."""
        self.origin = origin
        self.timeout = timeout
        self._refuse = refuse
        self._peer = Peer(origin)
        # None means that the fake sends nothing more.
        self._received: deque[bytes | Exception | None] = deque()
        self._ended = False

    def __getattr__(self, name: str) -> NoReturn:
        """
        Refuse an attribute that only a system socket has.

        Raises:
            AttributeError: Always.
        """
        msg = f"{name!r} is not available: {_NO_SOCKET}"
        raise AttributeError(msg)

    def sendall(self, data: Any, *_: int) -> None:  # noqa: ANN401 - any buffer
        """Send *data*. The fake answers a request as soon as it is complete."""
        __tracebackhide__ = True
        for reply in self._peer.receive(data):
            if reply.failure == "refused":
                raise self._refuse()
            if reply.failure == "reset":
                self._received.append(reset())
            elif reply.failure == "timeout":
                self._received.append(None)
            else:
                self._received.append(reply.data)
                self._ended = reply.ends

    def send(self, data: Any, *_: int) -> int:  # noqa: ANN401
        """Send all of *data*."""
        __tracebackhide__ = True
        self.sendall(data)
        return len(memoryview(data).cast("B"))

    def recv_into(self, buffer: Any, *_: int) -> int:  # noqa: ANN401
        """
        Receive bytes into *buffer*.

        Returns:
            The number of bytes; ``0`` if the connection has ended.

        Raises:
            TimeoutError: The fake has nothing to send.
        """
        if not self._received:
            if self._ended:
                return 0
            raise self._timed_out()
        first = self._received.popleft()
        if not isinstance(first, bytes):
            self._ended = True
            raise first or self._timed_out()  # the client may set its timeout after the request
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(first))
        view[:size] = first[:size]
        if size < len(first):
            self._received.appendleft(first[size:])
        return size

    def _timed_out(self) -> TimeoutError:
        return TimeoutError("timed out" if self.timeout is not None else f"timed out{ENDLESS}")

    def recv(self, size: int, *_: int) -> bytes:
        """Receive at most *size* bytes."""
        buffer = bytearray(size)
        return bytes(buffer[: self.recv_into(buffer)])

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        """Return a file to read from. It stays open when the socket is closed, as that of a real socket does."""
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """End the connection. What was received before can still be read."""
        self._ended = True

    def shutdown(self, _: int) -> None:
        """End the connection."""
        self.close()

    def settimeout(self, seconds: float | None) -> None:
        """Store the timeout. It only affects messages, because no call takes time."""
        self.timeout = seconds

    def gettimeout(self) -> float | None:
        """Return the stored timeout."""
        return self.timeout

    def setblocking(self, _: bool) -> None:  # noqa: FBT001 - socket's signature
        """Do nothing: no call blocks."""

    def getpeername(self) -> tuple[str, int]:
        """Return the host and port that the client connected to."""
        return self.origin.host, self.origin.port or _DEFAULT_PORTS[self.origin.scheme]

    def getsockname(self) -> tuple[str, int]:
        """Return an address of this machine, without a port."""
        return "127.0.0.1", 0

    def setsockopt(self, *_: object) -> None:
        """Do nothing: a connection in memory has no options."""

    def getpeercert(self, binary_form: bool = False) -> bytes | dict[str, object]:  # noqa: FBT001, FBT002 - ssl's
        """Return an empty certificate: none is needed."""
        return b"" if binary_form else {}

    def version(self) -> str | None:
        """Return the TLS version that GitHub would agree to; ``None`` over HTTP."""
        return "TLSv1.3" if self.origin.scheme == "https" else None

    def cipher(self) -> tuple[str, str, int] | None:
        """Return the cipher that GitHub would agree to; ``None`` over HTTP."""
        return ("TLS_AES_128_GCM_SHA256", "TLSv1.3", 128) if self.origin.scheme == "https" else None

    def selected_alpn_protocol(self) -> str | None:
        """Return HTTP/1.1; ``None`` over HTTP."""
        return "http/1.1" if self.origin.scheme == "https" else None

    def fileno(self) -> int:
        """
        Refuse: the system cannot wait for this connection.

        Raises:
            UnsupportedOperation: Always.
        """
        msg = f"no file descriptor: {_NO_SOCKET}"
        raise io.UnsupportedOperation(msg)


class _Reader(io.RawIOBase):
    def __init__(self, sock: MemorySocket) -> None:
        super().__init__()
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        return self._sock.recv_into(buffer)


# Connections of http.client and urllib3 with a socket in memory, while they exist.
_connected: list[weakref.ref[Any]] = []


def connect(connection: Any, origin: Origin, refuse: Callable[[], Exception] = refused) -> bool:  # noqa: ANN401
    """
    Give an ``http.client.HTTPConnection`` a socket in memory, if an active fake answers for the host.

    Returns:
        Whether it got one.

    Raises:
        UnsupportedRequest: The host is GitHub's, and no active fake answers for it.
    """
    __tracebackhide__ = True
    if registry.fake_for(origin.host) is None:
        return False
    timeout = getattr(connection, "timeout", None)
    if timeout is not None and not isinstance(timeout, (int, float)):  # http.client's marker for the default
        timeout = socket.getdefaulttimeout()
    connection.sock = MemorySocket(origin, refuse, timeout)
    _connected.append(weakref.ref(connection, _forget))
    return True


def disconnect_inactive() -> None:
    """Remove the sockets that no active fake serves any more, so that the next request reconnects."""
    for reference in tuple(_connected):
        connection = reference()
        sock = getattr(connection, "sock", None)
        if isinstance(sock, MemorySocket) and sock.origin.is_served:
            continue
        if connection is not None and isinstance(sock, MemorySocket):
            connection.sock = None
        _forget(reference)


def _forget(reference: weakref.ref[Any]) -> None:
    with suppress(ValueError):
        _connected.remove(reference)
