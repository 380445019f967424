"""
HTTP/1.1 as the live server reads it: bytes in, requests out, no socket.

It is strict where two readings are possible, because a client under test is to
hear of it, and says in one line what it did not understand.

Source:
    RFC 9110 and RFC 9112
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_LIMIT = 64 * 1024
"""Bytes of the request line and all headers, and of all trailers."""
BODY_LIMIT = 100 * 1024 * 1024
"""Bytes of a body, once it is put together: the size of the largest file that GitHub takes."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_READ = 64 * 1024
_LINE_LIMIT = 4096
_TLS_HANDSHAKE = 0x16
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_END_OF_LINE = re.compile(rb"\r?\n")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - HTTP's word for a word
_REQUEST_LINE = re.compile(rf"({_TOKEN}) (\S+) HTTP/(\d)\.(\d)", re.ASCII)
_FIELD = re.compile(rf"({_TOKEN}):[ \t]*(.*?)[ \t]*", re.DOTALL)
_AUTHORITY = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=-]+(?::\d{0,5})?|\[[0-9A-Fa-f:.]+\](?::\d{0,5})?")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SAFE_IN_TARGET = "!#$%&'()*+,/:;=?@[]~^`{|}\\\"<>"
_ONCE = frozenset({"content-length", "host", "transfer-encoding"})


class Refused(Exception):
    """What came is no request that can be answered; the connection ends with this status."""

    def __init__(self, status: int, reason: str) -> None:
        """Say *reason* with an HTTP *status*."""
        super().__init__(reason)
        self.status = status


class Incoming(NamedTuple):
    """
    A request as it came.

    Attributes:
        scheme: Of a target in absolute form, as a proxy gets; ``""`` otherwise.

        authority: The host and port that are asked.

        target: Path and query, percent-encoded.

        headers: By name in lower case.

        keep_alive: Whether the client may send another one on this connection.
    """

    method: str
    scheme: str
    authority: str
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


class Reader:
    """Reads the requests of one connection, one after the other."""

    def __init__(self, receive: Callable[[int], bytes], send: Callable[[bytes], object]) -> None:
        """Read with *receive*, which gives ``b""`` at the end; tell with *send* who waits for it to go on."""
        self._receive = receive
        self._send = send
        self._buffer = bytearray()

    def request(self) -> Incoming | None:
        """
        Read the next request, with its body.

        Returns:
            ``None`` if the client has ended the connection, be it in the middle of a request.

        Raises:
            Refused: This is no HTTP, or goes beyond a limit.
        """
        head = self._head()
        if head is None:
            return None
        incoming = parse_head(head)
        headers = incoming.headers
        length = body_length(headers)
        if length != 0 and headers.get("expect", "").lower() == "100-continue":
            self._send(CONTINUE)
        body = self._chunks() if length is None else self._exactly(length)
        return None if body is None else incoming._replace(body=body)

    def _fill(self) -> bool:
        data = self._receive(_READ)
        self._buffer += data
        return bool(data)

    def _head(self) -> bytes | None:
        buffer = self._buffer
        searched = 0
        while True:
            # Some clients end a body with a line too many.
            while buffer and buffer[0] in b"\r\n":
                del buffer[:1]
            if buffer:
                _check_first(buffer[0])
            found = _END_OF_HEAD.search(buffer, searched)
            if (found.end() if found else len(buffer)) > HEAD_LIMIT:
                raise Refused(431, f"the head of a request has at most {HEAD_LIMIT:,} bytes here")
            if found:
                head = bytes(buffer[: found.start()])
                del buffer[: found.end()]
                return head
            searched = max(0, len(buffer) - 3)
            if not self._fill():
                return None

    def _exactly(self, length: int) -> bytes | None:
        buffer = self._buffer
        while len(buffer) < length:
            if not self._fill():
                return None
        body = bytes(buffer[:length])
        del buffer[:length]
        return body

    def _line(self) -> bytes | None:
        buffer = self._buffer
        while not (found := _END_OF_LINE.search(buffer)):
            if len(buffer) > _LINE_LIMIT:
                raise Refused(400, "a line between the chunks of the body is too long")
            if not self._fill():
                return None
        line = bytes(buffer[: found.start()])
        del buffer[: found.end()]
        return line

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while True:
            line = self._line()
            if line is None:
                return None
            size = _CHUNK.fullmatch(line)
            if not size:
                raise Refused(400, "a chunk of the body has no size in hexadecimal digits")
            length = int(size[1], 16)
            if len(body) + length > BODY_LIMIT:
                raise _too_long()
            if length == 0:
                return bytes(body) if self._skip_trailers() else None
            chunk = self._exactly(length)
            end = self._line() if chunk is not None else None
            if chunk is None or end is None:
                return None
            if end:
                raise Refused(400, "a chunk of the body is longer than the size before it")
            body += chunk

    def _skip_trailers(self) -> bool:
        length = 0
        while line := self._line():
            length += len(line)
            if length > HEAD_LIMIT:
                raise Refused(431, f"trailers have at most {HEAD_LIMIT:,} bytes here")
        return line is not None


def _check_first(byte: int) -> None:
    if byte == _TLS_HANDSHAKE:
        raise Refused(400, "this port speaks HTTP and was spoken to in HTTPS: serve(tls=True) gives one for HTTPS")
    if not (byte < 0x80 and re.match(_TOKEN, chr(byte))):  # noqa: PLR2004 - ASCII
        raise Refused(400, "this is not HTTP")


def _too_long() -> Refused:
    return Refused(413, f"the body of a request has at most {BODY_LIMIT:,} bytes here")


def parse_head(head: bytes) -> Incoming:
    """
    Read a request line and headers, of which the empty line at the end is cut off.

    Raises:
        Refused: It is no head of HTTP/1.1 or HTTP/1.0.
    """
    first, *fields = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    line = _REQUEST_LINE.fullmatch(first)
    if not line:
        raise Refused(400, "the first line is not METHOD TARGET HTTP/1.1")
    method, given, major, minor = line.groups()
    if major != "1":
        raise Refused(505, "this server speaks HTTP/1.1")
    headers = _headers(fields)
    host = headers.get("host")
    if host is None and minor != "0":
        raise Refused(400, "a request of HTTP/1.1 has a header Host")
    scheme, authority, target = _target(method, given, host or "localhost")
    connection = {part.strip().lower() for part in headers.get("connection", "").split(",")}
    keep_alive = "close" not in connection if minor != "0" else "keep-alive" in connection
    return Incoming(method, scheme, authority, target, headers, b"", keep_alive)


def _headers(fields: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for field in fields:
        found = _FIELD.fullmatch(field)
        if not found or _CONTROL.search(found[2]):
            raise Refused(400, "a header is not NAME: VALUE on one line")
        name, value = found[1].lower(), found[2]
        if name not in headers:
            headers[name] = value
        elif name in _ONCE:
            raise Refused(400, f"the header {name} comes more than once")
        else:
            headers[name] += f"{'; ' if name == 'cookie' else ', '}{value}"
    return headers


def _target(method: str, given: str, host: str) -> tuple[str, str, str]:
    if _CONTROL.search(given):
        raise Refused(400, "the target has control characters")
    if method == "CONNECT":
        raise Refused(501, "this server makes no tunnels: give the client its URL instead of a proxy")
    scheme, authority, target = "", host, quote(given, safe=_SAFE_IN_TARGET, encoding="latin-1")
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
        raise Refused(400, "the host that is asked for is no host")
    try:
        _ = urlsplit(f"http://{authority}").port
    except ValueError:
        raise Refused(400, "the host that is asked for is no host") from None
    return scheme.lower(), authority, target


def body_length(headers: dict[str, str]) -> int | None:
    """
    Tell how long the body is, in bytes; ``None`` if it comes in chunks.

    Raises:
        Refused: It cannot be told, or is too long.
    """
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise Refused(400, "a body has a Content-Length or a Transfer-Encoding, not both")
        if coding.lower() != "chunked":
            raise Refused(501, "the one Transfer-Encoding here is chunked")
        return None
    if length is None:
        return 0
    if not re.fullmatch(r"\d{1,18}", length, re.ASCII):
        raise Refused(400, "Content-Length is a number")
    if int(length) > BODY_LIMIT:
        raise _too_long()
    return int(length)


def write_request(method: str, target: str, headers: dict[str, str]) -> bytes:
    """Write the head of a request."""
    return _write(f"{method} {target} HTTP/1.1", headers)


def write_head(status: int, reason: str, headers: dict[str, str]) -> bytes:
    """Write the head of an answer. What would end a line within a header is left out."""
    return _write(f"HTTP/1.1 {status} {reason}", headers)


def _write(first: str, headers: dict[str, str]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        text = "\r\n".join(" ".join(line.split("\r")).replace("\n", " ") for line in lines)
    return text.encode("latin-1", "replace")
