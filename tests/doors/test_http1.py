"""HTTP/1.1 as the live server reads it, without a socket."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.doors import http1
from pytest_ghdeploy.doors.http1 import Incoming, Reader, Refused, body_length, parse_head, write_head


def read_all(*parts: bytes, told: list[bytes] | None = None) -> list[Incoming]:
    """Read what comes in these parts, until the end."""
    waiting = list(parts)
    told = [] if told is None else told
    reader = Reader(lambda _size: waiting.pop(0) if waiting else b"", told.append)
    found = []
    while (incoming := reader.request()) is not None:
        found.append(incoming)
    return found


HEAD = b"GET /user HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nUser-Agent: me\r\n"
POST = b"POST /repos/o/r/deployments HTTP/1.1\r\nhost: h\r\n"


def test_a_request_is_read_whole() -> None:
    """Method, host, target, headers by lower-case name, and body."""
    body = '{"ref": "é"}'.encode()
    [incoming] = read_all(POST + b"Content-Length: 13\r\nX-A:  b c \r\nx-a: d\r\n\r\n" + body)
    assert incoming.method == "POST"
    assert (incoming.scheme, incoming.authority, incoming.target) == ("", "h", "/repos/o/r/deployments")
    assert incoming.headers == {"host": "h", "content-length": "13", "x-a": "b c, d"}
    assert incoming.body == body
    assert incoming.keep_alive


def test_requests_may_come_in_any_pieces() -> None:
    """Byte by byte or several at once: it is the same requests."""
    text = (
        POST
        + b"Content-Length: 2\r\n\r\n{}"
        + HEAD
        + b"\r\n"
        + POST
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    whole = read_all(text)
    assert [one.body for one in whole] == [b"{}", b"", b"{}"]
    assert read_all(*(text[place : place + 1] for place in range(len(text)))) == whole


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_lines_may_end_in_either_way(end: bytes) -> None:
    """A bare newline ends a line too, as most servers have it; empty lines before a request do not count."""
    text = (b"\r\n" + HEAD + b"\r\n").replace(b"\r\n", end)
    assert [one.target for one in read_all(text + text)] == ["/user", "/user"]


def test_a_body_in_chunks_is_put_together() -> None:
    """Sizes in hexadecimal, with extensions; trailers are passed over."""
    chunks = b"3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n"
    [first, second] = read_all(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + HEAD + b"\r\n")
    assert first.body == b"abc0123456789"
    assert second.target == "/user"


def test_who_waits_is_told_to_go_on() -> None:
    """`Expect: 100-continue` with a body to come is answered before it is read."""
    told: list[bytes] = []
    read_all(
        POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", HEAD + b"Expect: 100-continue\r\n\r\n", told=told
    )
    assert told == [b"HTTP/1.1 100 Continue\r\n\r\n"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\r\n",
        b"GET",
        HEAD,
        HEAD[:-2],
        POST + b"Content-Length: 10\r\n\r\n{}",
        POST + b"Transfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
    ],
)
def test_a_request_that_breaks_off_is_none(text: bytes) -> None:
    """Where the client goes in the middle nothing is asked."""
    assert read_all(text) == []


@pytest.mark.parametrize(
    ("line", "scheme", "authority", "target"),
    [
        (b"GET /a%2Fb?c=d%20e HTTP/1.1", "", "h:1", "/a%2Fb?c=d%20e"),
        (b"GET //a HTTP/1.1", "", "h:1", "//a"),
        ("GET /\u00e9 HTTP/1.1".encode(), "", "h:1", "/%C3%A9"),
        (b"OPTIONS * HTTP/1.1", "", "h:1", "/"),
        (b"GET http://api.github.com/user?a=b HTTP/1.1", "http", "api.github.com", "/user?a=b"),
        (b"GET HTTPS://me:secret@API.github.com:443/user HTTP/1.1", "https", "API.github.com:443", "/user"),
        (b"GET http://api.github.com HTTP/1.1", "http", "api.github.com", "/"),
        (b"GET http://api.github.com?a=b/c HTTP/1.1", "http", "api.github.com", "/?a=b/c"),
        (b"GET http://[::1]:80/user HTTP/1.1", "http", "[::1]:80", "/user"),
    ],
)
def test_a_target_has_several_forms(line: bytes, scheme: str, authority: str, target: str) -> None:
    """A path for the host in `Host`, or a URL, as a proxy gets it; what is no ASCII is percent-encoded."""
    incoming = parse_head(line + b"\r\nHost: h:1")
    assert (incoming.scheme, incoming.authority, incoming.target) == (scheme, authority, target)


@pytest.mark.parametrize(
    ("version", "connection", "expected"),
    [
        ("1.1", "", True),
        ("1.1", "keep-alive", True),
        ("1.1", "Close", False),
        ("1.1", "x, close", False),
        ("1.0", "", False),
        ("1.0", "Keep-Alive", True),
    ],
)
def test_who_may_go_on_with_a_connection(version: str, connection: str, expected: bool) -> None:  # noqa: FBT001
    """HTTP/1.1 unless it says close, HTTP/1.0 only if it asks."""
    head = f"GET / HTTP/{version}\r\nHost: h" + (f"\r\nConnection: {connection}" if connection else "")
    assert parse_head(head.encode()).keep_alive is expected


def test_http_1_0_needs_no_host() -> None:
    """It had none."""
    assert parse_head(b"GET / HTTP/1.0").authority == "localhost"


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        (b"\x16\x03\x01\x02\x00", 400, "HTTPS"),
        (b"\x00\x01\x02", 400, "not HTTP"),
        (b"\xff\xfb\x01", 400, "not HTTP"),
        (b"hello\r\n\r\n", 400, "first line"),
        (b"GET /user\r\n\r\n", 400, "first line"),
        (b"GET /a b HTTP/1.1\r\n\r\n", 400, "first line"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "Host"),
        (b"PRI * HTTP/2.0\r\n\r\n", 505, "HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400, "more than once"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400, "header"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n", 400, "header"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n", 400, "header"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400, "header"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400, "header"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "host"),
        (b"GET / HTTP/1.1\r\nHost: h:99999\r\n\r\n", 400, "host"),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "host"),
        (b"GET / HTTP/1.1\r\nHost: [1:2:3:4]\r\n\r\n", 400, "host"),
        (b"GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "control"),
        (b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target"),
        (b"GET user HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target"),
        (b"CONNECT api.github.com:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501, "tunnels"),
        (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "more than once"),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "not both"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "chunked"),
        (POST + b"Content-Length: -1\r\n\r\n", 400, "number"),
        (POST + b"Content-Length: 1e3\r\n\r\n", 400, "number"),
        (POST + b"Content-Length: 104857601\r\n\r\n", 413, "104,857,600"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "hexadecimal"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n6400001\r\n", 413, "104,857,600"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400, "longer"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, 400, "too long"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 20_000, 431, "65,536"),
        (HEAD + b"x: " + b"y" * http1.HEAD_LIMIT, 431, "65,536"),
        (HEAD + b"x: " + b"y" * http1.HEAD_LIMIT + b"\r\n\r\n", 431, "65,536"),
        (b"A" * (http1.HEAD_LIMIT + 1), 431, "65,536"),
    ],
)
def test_what_is_no_request_is_refused(text: bytes, status: int, reason: str) -> None:
    """Each kind of nonsense gets its status, and a line that says why."""
    with pytest.raises(Refused, match=reason) as refused:
        read_all(text)
    assert refused.value.status == status


def test_a_body_is_as_long_as_it_says() -> None:
    """Without any word there is none."""
    assert body_length({}) == 0
    assert body_length({"content-length": "12"}) == 12
    assert body_length({"transfer-encoding": "Chunked"}) is None


def test_the_head_of_an_answer_cannot_be_broken_by_a_header() -> None:
    """A line end in a value, as a stub may have it, does not begin a new header."""
    assert write_head(200, "OK", {"A": "b", "C": "d"}) == b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"
    assert (
        write_head(200, "OK", {"A": "b\r\nEvil: c", "C": "\u20ac"})
        == b"HTTP/1.1 200 OK\r\nA: b  Evil: c\r\nC: ?\r\n\r\n"
    )
