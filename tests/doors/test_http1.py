"""HTTP/1.1 without a socket."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.doors import http1
from pytest_ghdeploy.doors.http1 import Incoming, Refused, RequestParser, body_length, frame, parse_head, write_head
from pytest_ghdeploy.http.messages import Answer


def read_all(*parts: bytes) -> list[Incoming]:
    """Read the requests in bytes that arrive in these parts."""
    parser = RequestParser()
    requests = []
    for part in parts:
        parser.feed(part)
        while incoming := parser.next_request():
            requests.append(incoming)
    return requests


HEAD = b"GET /user HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nUser-Agent: me\r\n"
POST = b"POST /repos/o/r/deployments HTTP/1.1\r\nhost: h\r\n"


def test_a_request_has_all_its_parts() -> None:
    """Method, host, target, headers by lower-case name, and body."""
    body = '{"ref": "é"}'.encode()
    [incoming] = read_all(POST + b"Content-Length: 13\r\nX-A:  b c \r\nx-a: d\r\n\r\n" + body)
    assert incoming.method == "POST"
    assert (incoming.scheme, incoming.authority, incoming.target) == ("", "h", "/repos/o/r/deployments")
    assert incoming.headers == {"host": "h", "content-length": "13", "x-a": "b c, d"}
    assert incoming.body == body
    assert incoming.keep_alive


def test_requests_may_arrive_in_any_pieces() -> None:
    """Byte by byte or several at once gives the same requests."""
    text = (
        POST
        + b"Content-Length: 2\r\n\r\n{}"
        + HEAD
        + b"\r\n"
        + POST
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    whole = read_all(text)
    assert [request.body for request in whole] == [b"{}", b"", b"{}"]
    assert read_all(*(text[place : place + 1] for place in range(len(text)))) == whole


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_lines_may_end_in_either_way(end: bytes) -> None:
    """A bare newline ends a line too, as with most servers; empty lines before a request are ignored."""
    text = (b"\r\n" + HEAD + b"\r\n").replace(b"\r\n", end)
    assert [request.target for request in read_all(text + text)] == ["/user", "/user"]


def test_a_body_in_chunks_is_put_together() -> None:
    """Sizes in hexadecimal, with extensions; trailers are ignored."""
    chunks = b"3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n"
    [first, second] = read_all(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + HEAD + b"\r\n")
    assert first.body == b"abc0123456789"
    assert second.target == "/user"


def test_a_client_awaits_100_continue_until_it_has_sent_the_body() -> None:
    """`Expect: 100-continue` asks for it only while a body is missing."""
    parser = RequestParser()
    for data, awaits in (
        (POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", True),
        (b"{}", False),
        (POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", False),
        (HEAD + b"Expect: 100-continue\r\n\r\n", False),
    ):
        parser.feed(data)
        assert (parser.next_request() is None, parser.awaits_continue) == (awaits, awaits)


def test_http_1_0_awaits_no_100() -> None:
    """Its client does not know that status, and sends the body anyway."""
    parser = http1.RequestParser()
    parser.feed(b"POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert (parser.next_request(), parser.awaits_continue) == (None, False)
    parser.feed(b"{}")
    incoming = parser.next_request()
    assert incoming
    assert incoming.body == b"{}"


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
def test_an_incomplete_request_is_not_returned(text: bytes) -> None:
    """If the client disconnects in the middle of a request, nothing is answered."""
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
    """A path on the host in `Host`, or a URL, which proxies receive; other than ASCII is percent-encoded."""
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
def test_a_connection_may_be_kept_alive(version: str, connection: str, expected: bool) -> None:  # noqa: FBT001
    """By default with HTTP/1.1, on request with HTTP/1.0."""
    head = f"GET / HTTP/{version}\r\nHost: h" + (f"\r\nConnection: {connection}" if connection else "")
    assert parse_head(head.encode()).keep_alive is expected


def test_http_1_0_needs_no_host() -> None:
    """That header came with HTTP/1.1."""
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
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "HTTP/1.0"),
        (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "more than once"),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "not both"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "chunked"),
        (POST + b"Content-Length: -1\r\n\r\n", 400, "not a number"),
        (POST + b"Content-Length: 1e3\r\n\r\n", 400, "not a number"),
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
def test_a_malformed_request_is_refused(text: bytes, status: int, reason: str) -> None:
    """Each kind of mistake has its status, and a line that says what is wrong."""
    with pytest.raises(Refused, match=reason) as refused:
        read_all(text)
    assert refused.value.status == status


def test_the_length_of_a_body_is_in_the_headers() -> None:
    """Without a length there is no body."""
    assert body_length({}) == 0
    assert body_length({"content-length": "12"}) == 12
    assert body_length({"transfer-encoding": "Chunked"}) is None


@pytest.mark.parametrize(
    ("answer", "method", "length", "body", "is_framed"),
    [
        (Answer(200, {}, b"body"), "GET", "4", b"body", True),
        (Answer(200, {}, b"body"), "HEAD", "4", b"", True),
        (Answer(200, {"content-length": "9"}, b""), "HEAD", "9", b"", True),
        (Answer(200, {"content-length": "9"}, b"body"), "GET", "9", b"body", False),
        (Answer(204, {"Content-Length": "0"}, b""), "DELETE", None, b"", True),
        (Answer(304, {}, b"body"), "GET", None, b"", True),
        (Answer(200, {"Transfer-Encoding": "chunked", "Connection": "upgrade"}, b"body"), "GET", "4", b"body", True),
    ],
)
def test_an_answer_says_where_its_body_ends(
    answer: Answer,
    method: str,
    length: str | None,
    body: bytes,
    is_framed: bool,  # noqa: FBT001
) -> None:
    """The length is that of the body or the declared one; if they differ, the connection has to end."""
    headers = {} if length is None else {"Content-Length": length}
    assert frame(answer, method) == (headers, body, is_framed)


def test_a_header_cannot_break_the_head_of_an_answer() -> None:
    """A line end in a value, which a stub may have, does not start a new header."""
    assert write_head(200, {"A": "b", "C": "d"}) == b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"
    assert write_head(200, {"A": "b\r\nEvil: c", "C": "\u20ac"}) == b"HTTP/1.1 200 OK\r\nA: b  Evil: c\r\nC: ?\r\n\r\n"
