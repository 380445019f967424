"""
HTTP/1.1 in memory, for doors whose library speaks it itself.

``Listener`` reads what a client writes; ``answer`` asks the fake; ``to_bytes``
writes what the client reads. ``Wire`` is the three as a socket. The library
does all the rest, as on a network: streaming, chunks, reuse of connections.
"""

from __future__ import annotations

import io
import weakref
from collections import deque
from contextlib import suppress
from errno import ECONNREFUSED, ECONNRESET
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy.doors import hosts
from pytest_ghdeploy.errors import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from pytest_ghdeploy.application import Answer

    # Waits for more, and ends with what it was to read.
    Reading = Generator[None, None, bytes]

_WITHOUT_LENGTH = (204, 304)
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
_USUAL_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Whom a connection is to: *scheme* is ``http`` or ``https``, *host* in lower case."""

    scheme: str
    host: str
    port: int | None

    @property
    def is_served(self) -> bool:
        """Whether an active fake answers for the host."""
        return hosts.serves(self.host)


class Request(NamedTuple):
    """What a client has written: *target* is a path, or a whole URL as it is told to a proxy."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Listener:
    """Reads requests from what a client writes, in whatever pieces."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.waits = False
        """Whether the client waits to be told to go on, with ``GO_ON``, before it writes the body."""
        self._read = self._requests()
        self._heard = bytearray()
        next(self._read)

    def hear(self, data: Any) -> list[Request]:  # noqa: ANN401 - whatever holds bytes
        """Take the next piece; give the requests that are complete with it."""
        self._heard += data
        found = []
        while (request := next(self._read)) is not None:
            found.append(request)
        return found

    def _requests(self) -> Iterator[Request | None]:
        # Gives None where more is needed to go on.
        yield None
        while True:
            first, *lines = (yield from self._up_to(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ", 2)
            headers: dict[str, str] = {}
            for line in lines:
                name, _, value = line.partition(":")
                name, value = name.strip().lower(), value.strip()
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            self.waits = headers.get("expect", "").lower() == "100-continue"
            if headers.pop("transfer-encoding", "").lower().endswith("chunked"):
                body = yield from self._chunks()
            else:
                body = yield from self._exactly(int(headers.get("content-length") or 0))
            self.waits = False
            yield Request(method, target, headers, body)

    def _chunks(self) -> Reading:
        parts = []
        while size := int((yield from self._up_to(b"\r\n")).partition(b";")[0], 16):
            parts.append((yield from self._exactly(size)))
            yield from self._up_to(b"\r\n")
        while (yield from self._up_to(b"\r\n")):
            pass  # headers after the body
        return b"".join(parts)

    def _up_to(self, end: bytes) -> Reading:
        while (place := self._heard.find(end)) < 0:
            yield None
        found = yield from self._exactly(place)
        del self._heard[: len(end)]
        return found

    def _exactly(self, size: int) -> Reading:
        while len(self._heard) < size:
            yield None
        found = bytes(self._heard[:size])
        del self._heard[:size]
        return found


def answer(origin: Origin, request: Request) -> Answer:
    """
    Let the fake for the host answer.

    Raises:
        ConnectionResetError: There is none any more.
    """
    __tracebackhide__ = True
    fake = hosts.fake_for(origin.host)
    if fake is None:
        raise broken()
    port = f":{origin.port}" if origin.port and origin.port != _USUAL_PORTS[origin.scheme] else ""
    at = "" if "://" in request.target.partition("/")[0] + "//" else f"{origin.scheme}://{origin.host}{port}"
    return fake.answer(request.method, f"{at}{request.target}", request.headers, request.body)


def broken() -> ConnectionResetError:
    """Make the error for a connection that the other side has broken."""
    return ConnectionResetError(ECONNRESET, "Connection reset by peer")


def refused() -> ConnectionRefusedError:
    """Make the error for a connection that the other side does not take."""
    return ConnectionRefusedError(ECONNREFUSED, "Connection refused")


def to_bytes(method: str, given: Answer) -> bytes:
    """Write an answer as it goes over a network."""
    lines = [f"HTTP/1.1 {given.status} {REASONS.get(given.status, '')}"]
    lines += (f"{name}: {value}" for name, value in given.headers.items())
    if method != "HEAD" and given.status not in _WITHOUT_LENGTH and "Content-Length" not in given.headers:
        lines.append(f"Content-Length: {len(given.body)}")
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + given.body


class Wire:
    """A socket, as far as ``http.client`` and urllib3 use one, with the fakes at its other end."""

    def __init__(self, origin: Origin, refuse: Callable[[], Exception]) -> None:
        """Connect to *origin*; *refuse* makes the library's error for a connection that cannot be made."""
        self.origin = origin
        self._refuse = refuse
        self._listener = Listener()
        self._told: deque[bytes | Exception] = deque()
        self._ended = False

    def sendall(self, data: Any, *_: int) -> None:  # noqa: ANN401 - whatever holds bytes
        """Say something. What completes a request has the fake answer it at once."""
        __tracebackhide__ = True
        for request in self._listener.hear(data):
            given = answer(self.origin, request)
            if given.failure == "refused":
                raise self._refuse()
            if given.failure == "reset":
                self._told.append(broken())
            elif given.failure == "timeout":
                self._told.append(TimeoutError("timed out"))
            else:
                self._told.append(to_bytes(request.method, given))
                self._ended = given.failure == "truncated"
        if self._listener.waits:
            self._listener.waits = False
            self._told.append(GO_ON)

    def send(self, data: Any, *_: int) -> int:  # noqa: ANN401
        """Say all of it."""
        __tracebackhide__ = True
        self.sendall(data)
        return len(memoryview(data).cast("B"))

    def recv_into(self, buffer: Any, *_: int) -> int:  # noqa: ANN401
        """Hear what there is; ``0`` where the connection has ended, a timeout where nothing will come."""
        if not self._told:
            if self._ended:
                return 0
            msg = "timed out"
            raise TimeoutError(msg)
        first = self._told.popleft()
        if isinstance(first, Exception):
            self._ended = True
            raise first
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(first))
        view[:size] = first[:size]
        if size < len(first):
            self._told.appendleft(first[size:])
        return size

    def recv(self, size: int, *_: int) -> bytes:
        """Hear at most *size* bytes."""
        buffer = bytearray(size)
        return bytes(buffer[: self.recv_into(buffer)])

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        """Give a file to read from, which outlives the socket as it does on a network."""
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """End the connection; what has been said can still be heard."""
        self._ended = True

    def shutdown(self, _: int) -> None:
        """End the connection."""
        self.close()

    def settimeout(self, _: float | None) -> None:
        """Nothing here takes time."""

    def gettimeout(self) -> None:
        """Nothing here takes time."""

    def setblocking(self, _: bool) -> None:  # noqa: FBT001 - socket's
        """Nothing here blocks."""

    def setsockopt(self, *_: object) -> None:
        """There is nothing to set."""

    def getpeercert(self, binary_form: bool = False) -> bytes | dict[str, object]:  # noqa: FBT001, FBT002 - ssl's
        """Show no certificate: none is needed."""
        return b"" if binary_form else {}

    def fileno(self) -> int:
        """
        Refuse: there is nothing that could be waited for.

        Raises:
            UnsupportedOperation: Always.
        """
        msg = "this connection to a fake GitHub is in memory, there is no file descriptor"
        raise io.UnsupportedOperation(msg)


class _Reader(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        return self._wire.recv_into(buffer)


# Connections of http.client's and urllib3's that end in a wire, as long as they are there.
_joined: list[weakref.ref[Any]] = []


def join(connection: Any, origin: Origin, refuse: Callable[[], Exception] = refused) -> bool:  # noqa: ANN401
    """
    Put a wire into an ``http.client.HTTPConnection``, in place of its socket, if a fake answers for the host.

    Raises:
        UnsupportedRequest: The host is GitHub's, and no active fake answers for it.
    """
    __tracebackhide__ = True
    if hosts.fake_for(origin.host) is None:
        return False
    connection.sock = Wire(origin, refuse)
    _joined.append(weakref.ref(connection, _forget))
    return True


def part() -> None:
    """Take the wires out again that no active fake serves: the next request of such a connection connects anew."""
    for joined in tuple(_joined):
        connection = joined()
        wire = getattr(connection, "sock", None)
        if isinstance(wire, Wire) and wire.origin.is_served:
            continue
        if connection is not None and isinstance(wire, Wire):
            connection.sock = None
        _forget(joined)


def _forget(joined: weakref.ref[Any]) -> None:
    with suppress(ValueError):
        _joined.remove(joined)
