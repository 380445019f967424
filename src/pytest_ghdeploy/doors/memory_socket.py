"""
HTTP/1.1 in memory, for doors whose library speaks it itself.

``Listener`` reads what a client writes; ``answer`` asks the fake; ``to_bytes``
writes what the client reads. ``Wire`` is the three as a socket. The library
does all the rest, as on a network: streaming, chunks, reuse of connections.
"""

from __future__ import annotations

import io
import re
import socket
import weakref
from collections import deque
from contextlib import suppress
from dataclasses import replace
from errno import ECONNREFUSED, ECONNRESET
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from pytest_ghdeploy.http.messages import Answer

    # Waits for more, and ends with what it was to read.
    Reading = Generator[None, None, bytes]

_WITHOUT_LENGTH = (204, 304)
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
_USUAL_PORTS = {"http": 80, "https": 443}
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_NO_SOCKET = (
    "this connection to a fake GitHub is in memory, no socket of the system's. A client that needs one, such as one "
    "with TLS of its own (ssl.SSLContext.wrap_socket), reaches the same fake over a port: the fixture "
    "ghdeploy_server gives one, and ghdeploy_server(tls=True) one for HTTPS"
)
ENDLESS = "; the client has no timeout: on a network it would wait forever"
"""What is said behind a timeout that cannot be, to who waits without an end and cannot be interrupted."""


class Origin(NamedTuple):
    """Whom a connection is to: *scheme* is ``http`` or ``https``, *host* in lower case."""

    scheme: str
    host: str
    port: int | None

    @property
    def is_served(self) -> bool:
        """Whether an active fake answers for the host."""
        return registry.serves(self.host)


class Request(NamedTuple):
    """What a client has written: *target* is a path, or a whole URL as it is told to a proxy."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class NoRequest(Exception):
    """What a client has written where a request should be, and how it can be told."""


class Listener:
    """Reads requests from what a client writes, in whatever pieces."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.waits = False
        """Whether the client waits to be told to go on, with ``GO_ON``, before it writes the body."""
        self._read = self._requests()
        self._heard = bytearray()
        next(self._read)

    def hear(self, data: Any) -> list[Request | NoRequest]:  # noqa: ANN401 - whatever holds bytes
        """Take the next piece; give the requests that are complete with it, and at last what is none, if that came."""
        self._heard += data
        found: list[Request | NoRequest] = []
        while (request := next(self._read)) is not None:
            found.append(request)
        return found

    def _requests(self) -> Iterator[Request | NoRequest | None]:
        try:
            yield from self._understood()
        except NoRequest as problem:
            self.waits = False
            yield problem
        while True:  # what comes behind that could be anything
            self._heard.clear()
            yield None

    def _understood(self) -> Generator[Request | None]:
        # Gives None where more is needed to go on.
        yield None
        while True:
            first, *lines = (yield from self._up_to(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, _, rest = first.partition(" ")
            target, _, version = rest.partition(" ")
            if not version.startswith("HTTP/"):
                msg = "the first line is not METHOD TARGET HTTP/1.1"
                raise NoRequest(msg)
            headers: dict[str, str] = {}
            for line in lines:
                name, _, value = line.partition(":")
                name, value = name.strip().lower(), value.strip()
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            self.waits = headers.get("expect", "").lower() == "100-continue"
            if headers.pop("transfer-encoding", "").lower().endswith("chunked"):
                body = yield from self._chunks()
            else:
                length = headers.get("content-length") or "0"
                if not _DIGITS.fullmatch(length):
                    msg = "Content-Length is a number"
                    raise NoRequest(msg)
                body = yield from self._exactly(int(length))
            self.waits = False
            yield Request(method, target, headers, body)

    def _chunks(self) -> Reading:
        parts = []
        while size := self._size((yield from self._up_to(b"\r\n"))):
            parts.append((yield from self._exactly(size)))
            if (yield from self._up_to(b"\r\n")):
                msg = "a chunk of the body is longer than the size before it"
                raise NoRequest(msg)
        while (yield from self._up_to(b"\r\n")):
            pass  # headers after the body
        return b"".join(parts)

    def _size(self, line: bytes) -> int:
        found = _CHUNK.fullmatch(line)
        if not found:
            msg = "a chunk of the body has no size in hexadecimal digits"
            raise NoRequest(msg)
        return int(found[1], 16)

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


def answer(origin: Origin, request: Request | NoRequest) -> Answer:
    """
    Let the fake for the host answer, or say 400, as the live server does, to what is no request.

    Raises:
        ConnectionResetError: There is none any more.
    """
    __tracebackhide__ = True
    if isinstance(request, NoRequest):
        # Not imported before something is wrong.
        from pytest_ghdeploy.http.messages import plain

        said = plain(400, str(request))
        return replace(said, headers={**said.headers, "Connection": "close"})
    fake = registry.fake_for(origin.host)
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


def caused_by(problem: Exception, *causes: BaseException) -> Exception:
    """Have each be the cause of the one before it, as after ``raise … from …``."""
    for outer, inner in pairwise((problem, *causes)):
        outer.__cause__ = outer.__context__ = inner
    return problem


def to_bytes(request: Request | NoRequest, given: Answer) -> bytes:
    """Write an answer as it goes over a network."""
    method = "" if isinstance(request, NoRequest) else request.method
    lines = [f"HTTP/1.1 {given.status} {REASONS.get(given.status, '')}"]
    lines += (f"{name}: {value}" for name, value in given.headers.items())
    if method != "HEAD" and given.status not in _WITHOUT_LENGTH and "Content-Length" not in given.headers:
        lines.append(f"Content-Length: {len(given.body)}")
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + given.body


class Wire:
    """A socket, as far as ``http.client`` and urllib3 use one, with the fakes at its other end."""

    type = socket.SOCK_STREAM
    family = socket.AF_INET
    proto = 0

    def __init__(self, origin: Origin, refuse: Callable[[], Exception], timeout: float | None) -> None:
        """Connect to *origin*; *refuse* makes the library's error for a connection that cannot be made."""
        self.origin = origin
        self.timeout = timeout
        self._refuse = refuse
        self._listener = Listener()
        # With None there is silence.
        self._told: deque[bytes | Exception | None] = deque()
        self._ended = False

    def __getattr__(self, name: str) -> NoReturn:
        """
        Say that there is no more to this socket.

        Raises:
            AttributeError: Always.
        """
        msg = f"no {name!r} here: {_NO_SOCKET}"
        raise AttributeError(msg)

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
                self._told.append(None)
            else:
                self._told.append(to_bytes(request, given))
                self._ended = given.failure == "truncated" or isinstance(request, NoRequest)
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
            raise self._timed_out()
        first = self._told.popleft()
        if not isinstance(first, bytes):
            self._ended = True
            raise first or self._timed_out()
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(first))
        view[:size] = first[:size]
        if size < len(first):
            self._told.appendleft(first[size:])
        return size

    def _timed_out(self) -> TimeoutError:
        return TimeoutError("timed out" if self.timeout is not None else f"timed out{ENDLESS}")

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

    def settimeout(self, seconds: float | None) -> None:
        """Keep what is said of it; nothing here takes time."""
        self.timeout = seconds

    def gettimeout(self) -> float | None:
        """Give what was said last."""
        return self.timeout

    def setblocking(self, _: bool) -> None:  # noqa: FBT001 - socket's
        """Nothing here blocks."""

    def getpeername(self) -> tuple[str, int]:
        """Name the host, and the port, that the client connected to."""
        return self.origin.host, self.origin.port or _USUAL_PORTS[self.origin.scheme]

    def getsockname(self) -> tuple[str, int]:
        """Name this end, which has no port."""
        return "127.0.0.1", 0

    def setsockopt(self, *_: object) -> None:
        """There is nothing to set."""

    def getpeercert(self, binary_form: bool = False) -> bytes | dict[str, object]:  # noqa: FBT001, FBT002 - ssl's
        """Show no certificate: none is needed."""
        return b"" if binary_form else {}

    def version(self) -> str | None:
        """Tell of TLS what GitHub would agree to; ``None`` without."""
        return "TLSv1.3" if self.origin.scheme == "https" else None

    def cipher(self) -> tuple[str, str, int] | None:
        """Likewise."""
        return ("TLS_AES_128_GCM_SHA256", "TLSv1.3", 128) if self.origin.scheme == "https" else None

    def selected_alpn_protocol(self) -> str | None:
        """Likewise."""
        return "http/1.1" if self.origin.scheme == "https" else None

    def fileno(self) -> int:
        """
        Refuse: there is nothing that could be waited for.

        Raises:
            UnsupportedOperation: Always.
        """
        msg = f"no file descriptor: {_NO_SOCKET}"
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
    if registry.fake_for(origin.host) is None:
        return False
    timeout = getattr(connection, "timeout", None)
    if timeout is not None and not isinstance(timeout, (int, float)):  # http.client's mark for the usual
        timeout = socket.getdefaulttimeout()
    connection.sock = Wire(origin, refuse, timeout)
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
