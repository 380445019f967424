"""
HTTP/1.1 without a socket: bytes in, requests out, and answers as bytes.

Both the live server and the sockets in memory use it. It refuses ambiguous
requests, because the author of a client should learn about them. Each refusal
says in one line what is wrong.

Source:
    RFC 9110 and RFC 9112
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_ghdeploy.http.messages import Answer

    # Yields while more bytes are needed, and returns what was read.
    Reading = Generator[None, None, bytes]

HEAD_LIMIT = 64 * 1024
"""The limit in bytes for the request line with all headers, and for all trailers."""
BODY_LIMIT = 100 * 1024 * 1024
"""The limit in bytes for a body without its chunk sizes: GitHub's limit for a file."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
"""The answer to ``CONNECT`` that opens a tunnel. It cannot have a body."""

_LINE_LIMIT = 4096
_TLS_HANDSHAKE = 0x16
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_END_OF_LINE = re.compile(rb"\n")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - HTTP's name for a word
_REQUEST_LINE = re.compile(rf"({_TOKEN}) (\S+) HTTP/(\d)\.(\d)", re.ASCII)
_FIELD_NAME = re.compile(_TOKEN)
_AUTHORITY = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=-]+(?::\d{0,5})?|\[[0-9A-Fa-f:.]+\](?::\d{0,5})?")
_END_OF_TUNNEL = re.compile(r":\d{1,5}$")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
# All except tabs, and newlines, which separate lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SAFE_IN_TARGET = "!#$%&'()*+,/:;=?@[]~^`{|}\\\"<>"
_ONCE = frozenset({"content-length", "host", "transfer-encoding"})
_WITHOUT_BODY = frozenset({204, 304})
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class Refused(Exception):
    """The bytes are not a request that can be answered. The connection ends with this status."""

    def __init__(self, status: int, reason: str) -> None:
        """Refuse with an HTTP *status* and a *reason* in one line."""
        super().__init__(reason)
        self.status = status


class Incoming(NamedTuple):
    """
    A request as it was received.

    Attributes:
        scheme: The scheme if the target is an absolute URL, as in a request to a proxy; otherwise ``""``.

        authority: Host and port of the target.

        target: Path and query, percent-encoded.

        headers: The headers by name, in lower case.

        keep_alive: Whether the client may send another request on this connection.

        awaits_continue: Whether the client sends a body only after it has received ``CONTINUE``.
    """

    method: str
    scheme: str
    authority: str
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool
    awaits_continue: bool = False


class RequestParser:
    """Reads the requests of one connection, in whatever pieces their bytes arrive."""

    def __init__(self, *, tunnels: bool = False) -> None:
        """Start with an empty buffer. ``CONNECT`` is refused, unless the caller opens *tunnels*."""
        self._tunnels = tunnels
        self.awaits_continue = False
        """Whether the client sends the body only after it has received ``CONTINUE``."""
        self._buffer = bytearray()
        self._requests = self._read()

    def feed(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        """Add bytes that were received."""
        self._buffer += data

    def next_request(self) -> Incoming | None:
        """
        Return the next complete request, with its body.

        Returns:
            ``None`` if more bytes are needed, and after a refusal.

        Raises:
            Refused: The bytes are not HTTP, or exceed a limit.
        """
        return next(self._requests, None)

    def _read(self) -> Iterator[Incoming | None]:
        while True:
            head = yield from self._head()
            incoming = parse_head(head, tunnels=self._tunnels)
            length = body_length(incoming.headers)
            self.awaits_continue = length != 0 and incoming.awaits_continue
            body = yield from self._chunks() if length is None else self._exactly(length)
            self.awaits_continue = False
            if self._tunnels and incoming.method == "CONNECT" and self._buffer:
                raise Refused(400, "the client sends data into a tunnel before it is open")
            yield incoming._replace(body=body)

    def _head(self) -> Reading:
        buffer = self._buffer
        searched = 0
        while True:
            # Some clients send an extra empty line after a body.
            while buffer and buffer[0] in b"\r\n":
                del buffer[:1]
            if buffer:
                _check_first(buffer[0])
            end = _END_OF_HEAD.search(buffer, searched)
            if (end.end() if end else len(buffer)) > HEAD_LIMIT:
                raise Refused(431, f"the request line and the headers are longer than {HEAD_LIMIT:,} bytes")
            if end:
                return self._take(end)
            searched = max(0, len(buffer) - 2)
            yield

    def _take(self, end: re.Match[bytes]) -> bytes:
        """Remove the bytes up to and including *end*; return those before it, without a final carriage return."""
        data = bytes(self._buffer[: end.start()]).removesuffix(b"\r")
        del self._buffer[: end.end()]
        return data

    def _exactly(self, length: int) -> Reading:
        buffer = self._buffer
        while len(buffer) < length:
            yield
        data = bytes(buffer[:length])
        del buffer[:length]
        return data

    def _line(self) -> Reading:
        while not (end := _END_OF_LINE.search(self._buffer)):
            if len(self._buffer) > _LINE_LIMIT:
                raise Refused(400, "a line between the chunks of the body is too long")
            yield
        return self._take(end)

    def _chunks(self) -> Reading:
        body = bytearray()
        while True:
            size = _CHUNK.fullmatch((yield from self._line()))
            if not size:
                raise Refused(400, "the size of a chunk is not in hexadecimal digits")
            length = int(size[1], 16)
            if len(body) + length > BODY_LIMIT:
                raise _too_long()
            if length == 0:
                yield from self._skip_trailers()
                return bytes(body)
            body += yield from self._exactly(length)
            if (yield from self._line()):
                raise Refused(400, "a chunk is longer than its size says")

    def _skip_trailers(self) -> Generator[None]:
        length = 0
        while line := (yield from self._line()):
            length += len(line)
            if length > HEAD_LIMIT:
                raise Refused(431, f"the trailers are longer than {HEAD_LIMIT:,} bytes")


def _check_first(byte: int) -> None:
    if byte == _TLS_HANDSHAKE:
        raise Refused(400, "this port serves HTTP, and the client uses HTTPS: serve(tls=True) serves HTTPS")
    if not _FIELD_NAME.match(chr(byte)):
        raise Refused(400, "this is not HTTP")


def _too_long() -> Refused:
    return Refused(413, f"the body is longer than {BODY_LIMIT:,} bytes")


def parse_head(head: bytes, *, tunnels: bool = False) -> Incoming:
    """
    Parse a request line and headers, without the empty line at their end.

    With *tunnels*, the authority of a ``CONNECT`` is the other end of the tunnel, and its target is ``""``.

    Raises:
        Refused: This is not a valid head of HTTP/1.1 or HTTP/1.0.
    """
    text = head.decode("latin-1").replace("\r\n", "\n")
    if _CONTROL.search(text):
        raise Refused(400, "the request line or a header contains control characters")
    first, *fields = text.split("\n")
    line = _REQUEST_LINE.fullmatch(first)
    if not line:
        raise Refused(400, "the first line is not METHOD TARGET HTTP/1.1")
    method, raw_target, major, minor = line.groups()
    if major != "1":
        raise Refused(505, "only HTTP/1.1 and HTTP/1.0 are supported")
    headers = _headers(fields)
    if minor == "0" and "transfer-encoding" in headers:
        raise Refused(400, "a request of HTTP/1.0 cannot have a Transfer-Encoding")
    host = headers.get("host")
    if host is None and minor != "0":
        raise Refused(400, "the header Host is missing")
    if method == "CONNECT":
        scheme, authority, target = "", _tunnel_end(raw_target, tunnels=tunnels), ""
    else:
        scheme, authority, target = _target(method, raw_target, host or "localhost")
    connection = {part.strip().lower() for part in headers.get("connection", "").split(",")}
    keep_alive = "close" not in connection if minor != "0" else "keep-alive" in connection
    # A client of HTTP/1.0 would take the 100 for the response.
    awaits_continue = minor != "0" and headers.get("expect", "").lower() == "100-continue"
    return Incoming(method, scheme, authority, target, headers, b"", keep_alive, awaits_continue)


def _headers(fields: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for field in fields:
        name, colon, value = field.partition(":")
        if not colon or not _FIELD_NAME.fullmatch(name):
            raise Refused(400, "a header is not NAME: VALUE on one line")
        name, value = name.lower(), value.strip(" \t")
        if name not in headers:
            headers[name] = value
        elif name in _ONCE:
            raise Refused(400, f"the header {name} is sent more than once")
        else:
            headers[name] += f"{'; ' if name == 'cookie' else ', '}{value}"
    return headers


def _tunnel_end(raw: str, *, tunnels: bool) -> str:
    if not tunnels:
        msg = (
            "this server opens no tunnels: give the client its URL instead of using it as a proxy, or start the server "
            "with serve(proxy=True) or ghdeploy serve --proxy"
        )
        raise Refused(501, msg)
    if not _AUTHORITY.fullmatch(raw) or not _END_OF_TUNNEL.search(raw):
        raise Refused(400, "the target of CONNECT is not HOST:PORT")
    return raw


def _target(method: str, raw: str, host: str) -> tuple[str, str, str]:
    scheme, authority = "", host
    target = raw if raw.isascii() else quote(raw, safe=_SAFE_IN_TARGET, encoding="latin-1")
    if target == "*" and method == "OPTIONS":
        target = "/"
    elif not target.startswith("/"):
        scheme, colon, rest = target.partition("://")
        if not colon or scheme.lower() not in ("http", "https"):
            raise Refused(400, "the target is neither a path nor a URL")
        authority, slash, path = rest.partition("/")
        authority, question, query = authority.partition("?")
        target = f"/{path}" if slash and not question else f"/{question}{query}{slash}{path}"
        authority = authority.rpartition("@")[2]
    if not _AUTHORITY.fullmatch(authority):
        raise Refused(400, "the host is invalid")
    try:
        _ = urlsplit(f"http://{authority}").port
    except ValueError:
        raise Refused(400, "the host is invalid") from None
    return scheme.lower(), authority, target


def body_length(headers: dict[str, str]) -> int | None:
    """
    Return the length of the body in bytes; ``None`` if it is sent in chunks.

    Raises:
        Refused: The length is invalid, or exceeds the limit.
    """
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise Refused(400, "a body has either a Content-Length or a Transfer-Encoding, not both")
        if coding.lower() != "chunked":
            raise Refused(501, "the only supported Transfer-Encoding is chunked")
        return None
    if length is None:
        return 0
    if not re.fullmatch(r"\d{1,18}", length, re.ASCII):
        raise Refused(400, "Content-Length is not a number")
    if int(length) > BODY_LIMIT:
        raise _too_long()
    return int(length)


def frame(answer: Answer, method: str) -> tuple[dict[str, str], bytes, bool]:
    """
    Prepare an answer to a request with *method* for the connection.

    Returns:
        The headers without those of the connection, the body, and whether the
        headers say where the body ends. If they do not, because a stub declares
        a wrong length, the connection has to end after the body.
    """
    headers, length = {}, str(len(answer.body))
    for name, value in answer.headers.items():
        if (key := name.lower()) == "content-length":
            length = value
        elif key not in _HOP_BY_HOP:
            headers[name] = value
    if answer.status in _WITHOUT_BODY:
        return headers, b"", True
    headers["Content-Length"] = length
    if method == "HEAD":
        return headers, b"", True
    return headers, answer.body, length == str(len(answer.body))


def write_head(status: int, headers: dict[str, str]) -> bytes:
    """Write the head of an answer. Line ends within a header become spaces."""
    first = f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}"
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        text = "\r\n".join(" ".join(line.split("\r")).replace("\n", " ") for line in lines)
    return text.encode("latin-1", "replace")
