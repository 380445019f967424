"""The door for `http.client`, and for `urllib.request`, which uses it."""

from __future__ import annotations

import gc
import http.client
import io
import json
import socket
import ssl
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from local_server import local_server

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.doors import memory_socket
from pytest_ghdeploy.errors import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API = "https://api.github.com"
PATH = "/repos/octocat/example/deployments"
HEADERS = {"Authorization": "token ghp_of_the_tests_0001", "User-Agent": "a tool"}
BODY = b'{"ref": "main"}'


@pytest.fixture
def fake(ghdeploy: FakeGitHub) -> FakeGitHub:
    """Return a fake with a repository."""
    ghdeploy.add_repository("octocat/example")
    return ghdeploy


@pytest.fixture
def connection(fake: FakeGitHub) -> Iterator[http.client.HTTPSConnection]:
    """Return a connection to the fake."""
    with closing(http.client.HTTPSConnection(fake.host, timeout=5)) as made:
        yield made


@pytest.fixture
def local() -> Iterator[tuple[str, int]]:
    """Run a server on this machine that answers `hello`; return its address."""
    with local_server("hello", "HTTP/1.1") as port:
        yield "127.0.0.1", port


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **options: Any) -> Any:  # noqa: ANN401
    """Send a request and return the JSON of the answer."""
    connection.request(method, path, body=body, headers=HEADERS, **options)
    answer = connection.getresponse()
    data = answer.read()
    return json.loads(data) if data else answer.status


# http.client


def test_a_connection_is_reused(fake: FakeGitHub, connection: http.client.HTTPSConnection) -> None:
    """All requests use one socket until it is closed, including HEAD and answers without a body."""
    ask(connection, "GET", PATH)
    sock = connection.sock
    deployment = ask(connection, "POST", PATH, BODY)
    assert ask(connection, "HEAD", PATH) == 200
    assert ask(connection, "DELETE", f"{PATH}/{deployment['id']}") == 204
    assert ask(connection, "GET", PATH) == []
    assert connection.sock is sock
    connection.close()
    assert ask(connection, "GET", PATH) == []
    assert connection.sock is not sock
    assert len(fake.requests) == 6


def test_an_answer_can_be_read_in_any_way(connection: http.client.HTTPSConnection) -> None:
    """As a whole, in pieces, by lines and into a buffer."""
    buffer = bytearray(100_000)
    ways: tuple[Callable[[http.client.HTTPResponse], bytes], ...] = (
        lambda answer: answer.read(),
        lambda answer: b"".join(iter(lambda: answer.read(7), b"")),
        lambda answer: b"".join(iter(lambda: answer.read1(7), b"")),
        b"".join,
        lambda answer: answer.peek(3)[:0] + answer.readline() + answer.read(),
        lambda answer: bytes(buffer[: answer.readinto(buffer)]),
    )
    whole = b""
    for read in ways:
        connection.request("GET", "/user", headers=HEADERS)
        with connection.getresponse() as answer:
            assert (answer.version, answer.status, answer.reason) == (11, 200, "OK")
            assert answer.getheader("content-type") == "application/json; charset=utf-8"
            assert answer.length == int(answer.headers["Content-Length"])
            data = read(answer)
        whole = whole or data
        assert json.loads(data)["login"] == "octocat"
        assert data == whole


def test_request_bodies_of_all_kinds_are_received(fake: FakeGitHub, connection: http.client.HTTPSConnection) -> None:
    """Text, bytes, a file, iterables with and without a length, and a body that is sent step by step."""
    fake.stub("PUT", "/upload", status=201)
    pieces = [b"in ", b"", b"pieces"]
    ask(connection, "PUT", "/upload", "text")
    ask(connection, "PUT", "/upload", b"bytes")
    ask(connection, "PUT", "/upload", io.BytesIO(b"a file" * 5000))
    ask(connection, "PUT", "/upload", io.StringIO("a text file"))
    ask(connection, "PUT", "/upload", iter(pieces))
    ask(connection, "PUT", "/upload", iter(pieces), encode_chunked=True)
    connection.putrequest("PUT", "/upload")
    for name, value in (*HEADERS.items(), ("Content-Length", "9"), ("X-Twice", "1"), ("X-Twice", "2")):
        connection.putheader(name, value)
    connection.endheaders()
    for part in (b"in ", memoryview(b"pie"), bytearray(b"ces")):
        connection.send(part)
    assert connection.getresponse().read() == b""
    bodies = [request.request_body for request in fake.requests]
    assert bodies == [b"text", b"bytes", b"a file" * 5000, b"a text file", b"in pieces", b"in pieces", b"in pieces"]
    assert fake.requests[-1].request_headers["X-Twice"] == "1, 2"


def test_an_incomplete_body_ends_in_a_timeout(connection: http.client.HTTPSConnection) -> None:
    """A server would wait for the rest of a body that is shorter than its ``Content-Length``."""
    connection.request("POST", PATH, body=b"{}", headers={**HEADERS, "Content-Length": "100"})
    with pytest.raises(TimeoutError, match="timed out"):
        connection.getresponse()


def test_one_connection_works_with_several_fakes(local: tuple[str, int]) -> None:
    """The current fake answers; without a fake the connection uses the network."""
    with closing(http.client.HTTPConnection("ghe.example.com")) as connection:
        for _ in range(2):
            with FakeGitHub("http://ghe.example.com/api/v3") as fake:
                assert ask(connection, "GET", "/api/v3/user")["login"] == "octocat"
                assert len(fake.requests) == 1
            assert connection.sock is None
        connection.host, connection.port = local
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hello"
        with FakeGitHub():
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"hello"


def test_unused_connections_are_released(fake: FakeGitHub) -> None:
    """The door keeps no reference to a connection."""
    connection = http.client.HTTPSConnection(fake.host)
    ask(connection, "GET", PATH)
    assert len(memory_socket._connected) >= 1
    del connection
    gc.collect()
    assert not [reference for reference in memory_socket._connected if reference() is None]


def test_a_memory_socket_has_the_interface_of_a_socket(connection: http.client.HTTPSConnection) -> None:
    """It has options, timeouts, addresses and TLS details, but no file descriptor."""
    connection.connect()
    sock: Any = connection.sock
    sock.setsockopt(6, 1, 1)
    sock.settimeout(3)
    sock.setblocking(1)
    assert (sock.gettimeout(), sock.getpeercert(), sock.getpeercert(binary_form=True)) == (3, {}, b"")
    assert (sock.getpeername(), sock.getsockname()) == (("api.github.com", 443), ("127.0.0.1", 0))
    assert (sock.family, sock.type, sock.proto) == (socket.AF_INET, socket.SOCK_STREAM, 0)
    assert (sock.version(), sock.cipher()[1], sock.selected_alpn_protocol()) == ("TLSv1.3", "TLSv1.3", "http/1.1")
    assert not hasattr(sock, "detach")
    assert sock.send(b"GET /user HTTP/1.1\r\nHost: h\r\n\r\n") == 31
    assert sock.recv(8) == b"HTTP/1.1"
    with pytest.raises(io.UnsupportedOperation, match="in memory"):
        sock.fileno()
    sock.shutdown(2)
    assert sock.recv(100_000).startswith(b" 403 Forbidden")
    assert sock.recv(1) == b""


def test_a_memory_socket_breaks_when_its_fake_is_closed() -> None:
    """Sending over it raises ``ConnectionResetError``."""
    connection = http.client.HTTPSConnection("ghe.example.com")
    with FakeGitHub("https://ghe.example.com/api/v3"):
        connection.connect()
        sock: Any = connection.sock
    with pytest.raises(ConnectionResetError):
        sock.sendall(b"GET /api/v3/user HTTP/1.1\r\nHost: h\r\n\r\n")


def test_chunks_may_have_extensions_and_trailers(fake: FakeGitHub, connection: http.client.HTTPSConnection) -> None:
    """They may be sent byte by byte."""
    fake.stub("PUT", "/upload", status=201)
    connection.connect()
    sock: Any = connection.sock
    sent = b"PUT /upload HTTP/1.1\r\nHost: h\r\nUser-Agent: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent += b"3;a=b\r\nin \r\n6\r\npieces\r\n0\r\nX-Behind: 1\r\n\r\n"
    for place in range(len(sent)):
        sock.sendall(sent[place : place + 1])
    assert fake.requests[0].request_body == b"in pieces"


def test_100_continue_is_sent_before_the_body(connection: http.client.HTTPSConnection) -> None:
    """A client that sends ``Expect: 100-continue`` waits for it."""
    connection.putrequest("POST", PATH)
    for name, value in (*HEADERS.items(), ("Content-Length", str(len(BODY))), ("Expect", "100-continue")):
        connection.putheader(name, value)
    connection.endheaders()
    sock: Any = connection.sock
    assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.send(BODY)
    assert connection.getresponse().status == 201


def test_one_connection_to_a_proxy_serves_many_hosts(fake: FakeGitHub, local: tuple[str, int]) -> None:
    """URLs of the fake are answered by it, and others by the proxy."""
    with closing(http.client.HTTPConnection(*local)) as connection:
        ours = f"http://{fake.host}/user"
        for url in ("http://other.example.com/", ours, ours) * 2:
            connection.request("GET", url, headers=HEADERS)
            data = connection.getresponse().read()
            assert (data == b"hello") == ("other" in url)
    assert [request.path for request in fake.requests] == ["/user"] * 4


def test_a_missing_endpoint_leaves_the_connection_usable(
    fake: FakeGitHub, connection: http.client.HTTPSConnection
) -> None:
    """``request`` raises the error; after ``close`` the next request is answered."""
    with pytest.raises(UnsupportedRequest, match="this fake does not implement"):
        ask(connection, "GET", "/repos/octocat/example/milestones")
    assert fake._engine.take_problem()
    connection.close()
    assert ask(connection, "GET", PATH) == []


def test_a_connection_is_usable_after_a_failure(fake: FakeGitHub, connection: http.client.HTTPSConnection) -> None:
    """After ``close`` the next request is answered."""
    failures: Any = ("connection", "reset", "timeout", "truncated")
    for error in failures:
        fake.faults.add(error=error)
        with pytest.raises((OSError, http.client.IncompleteRead)):
            ask(connection, "GET", PATH)
        connection.close()
        assert ask(connection, "GET", PATH) == []


# urllib.request


def _opened(url: str, body: bytes | None = None, method: str | None = None) -> Any:  # noqa: ANN401
    return urllib.request.urlopen(urllib.request.Request(url, body, HEADERS, method=method), timeout=5)  # noqa: S310


def test_urllib_follows_redirects_of_get_only(fake: FakeGitHub) -> None:
    """It follows the 301 of a renamed repository, and raises the 307 of a POST, as always."""
    fake.repository("octocat/example").rename("octocat/renamed")
    with _opened(f"{API}/repos/octocat/example") as answer:
        assert json.load(answer)["name"] == "renamed"
        assert answer.url.startswith(f"{API}/repositories/")
    with pytest.raises(urllib.error.HTTPError, match="307") as refused:
        _opened(f"{API}{PATH}", BODY)
    refused.value.close()


def test_urllib_raises_a_refusal_with_githubs_body(fake: FakeGitHub) -> None:
    """``HTTPError`` has the status, headers and body."""
    del fake
    with pytest.raises(urllib.error.HTTPError) as refused:
        _opened(f"{API}/repos/octocat/nope")
    with refused.value as answer:
        assert (answer.code, json.load(answer)["message"]) == (404, "Not Found")
        assert "was never added" in answer.headers["X-GHDeploy-Hint"]


def test_urllib_sends_files_and_other_methods(fake: FakeGitHub) -> None:
    """A file is sent in chunks, and any method can be used."""
    fake.stub("PUT", "/upload", status=201)
    with _opened(f"{API}/upload", io.BytesIO(b"a file"), "PUT") as answer:  # type: ignore[arg-type]
        assert answer.status == 201
    assert fake.requests[0].request_body == b"a file"


def test_urllib_retrieves_a_file(fake: FakeGitHub, tmp_path: Any) -> None:  # noqa: ANN401
    """``urlretrieve`` writes the body to a file."""
    urllib.request.urlretrieve(f"{API}/repos/octocat/example", tmp_path / "file")  # noqa: S310
    assert json.loads((tmp_path / "file").read_bytes())["name"] == "example"
    assert fake.requests[0].request_headers["User-Agent"].startswith("Python-urllib/")


def test_urllib_wraps_failures_of_the_connection(fake: FakeGitHub) -> None:
    """``URLError`` wraps a failed connection; a read timeout is raised as it is."""
    fake.faults.add(error="connection")
    with pytest.raises(urllib.error.URLError) as caught:
        _opened(f"{API}{PATH}")
    assert isinstance(caught.value.reason, ConnectionRefusedError)
    fake.faults.add(error="timeout")
    with pytest.raises(TimeoutError):
        _opened(f"{API}{PATH}")


def test_threads_create_distinct_deployments(fake: FakeGitHub) -> None:
    """Four threads create twenty deployments."""

    def create(_: int) -> int:
        with _opened(f"{API}{PATH}", BODY) as answer:
            return int(json.load(answer)["id"])

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(create, range(20)))
    assert len(set(ids)) == len(fake.events) == 20


# Requests that http.client sends and a server refuses


def _received(sock: Any, sent: bytes) -> tuple[int, str | None, bytes, bytes]:  # noqa: ANN401 - real or in memory
    """Send bytes; return the status, `Connection` and body of the answer, and what follows it."""
    sock.sendall(sent)
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    return answer.status, answer.getheader("Connection"), answer.read(), sock.recv(1)


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /user HTTP/1.1\r\nHost: h\r\nContent-Length: abc\r\n\r\n",
        b"POST /user HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_a_malformed_request_is_refused(fake: FakeGitHub, connection: http.client.HTTPSConnection, sent: bytes) -> None:
    """It gets the same 400 as from the live server and ends the connection; the next one is answered."""
    with closing(socket.create_connection(("127.0.0.1", fake.serve().port))) as real:
        expected = _received(real, sent)
    assert expected[:2] == (400, "close")
    connection.connect()
    assert _received(connection.sock, sent) == expected
    connection.close()
    assert ask(connection, "GET", PATH) == []
    assert len(fake.requests) == 1


def test_a_client_that_does_tls_itself_is_referred_to_the_live_server(fake: FakeGitHub) -> None:
    """It needs a system socket; the error says what to use instead."""

    class Secured(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    with (
        closing(Secured(fake.host)) as connection,
        pytest.raises(
            AttributeError,
            match=with_page(
                r"^'getsockopt' is not available: this connection to a fake GitHub exists in memory and is not a "
                r"system socket\. A client that needs one, for example because it does TLS itself "
                r"\(ssl\.SSLContext\.wrap_socket\), can reach the same fake over a port: use the fixture "
                r"ghdeploy_server, or ghdeploy_server\(tls=True\) for HTTPS",
                "a-client-that-cannot-be-intercepted$",
            ),
        ),
    ):
        ask(connection, "GET", PATH)


def test_the_default_timeout_is_that_of_socket(fake: FakeGitHub) -> None:
    """``socket.setdefaulttimeout`` applies to connections without a timeout."""
    fake.faults.add(error="timeout", times=2)
    with closing(http.client.HTTPSConnection(fake.host)) as connection:
        with pytest.raises(TimeoutError, match=r"^timed out; the client has no timeout: on a network it would wait"):
            ask(connection, "GET", PATH)
        socket.setdefaulttimeout(5)
        try:
            connection.close()
            with pytest.raises(TimeoutError, match=r"^timed out$"):
                ask(connection, "GET", PATH)
        finally:
            socket.setdefaulttimeout(None)


# Connections that were open before


def test_a_unix_socket_is_left_alone(tmp_path: Any) -> None:  # noqa: ANN401
    """It is used even if the connection names the host of a fake."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()

        class Local(http.client.HTTPConnection):
            def connect(self) -> None:
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(str(tmp_path / "socket"))

        with closing(Local("localhost")) as connection:
            connection.connect()
            there, _ = listening.accept()
            with FakeGitHub("http://localhost/api/v3") as fake, closing(there):
                there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                connection.request("GET", "/")
                assert connection.getresponse().read() == b"hello"
                assert fake.requests == ()


def test_an_open_response_can_be_read_to_its_end(local: tuple[str, int]) -> None:
    """A request before that raises an error, and the next one is answered by the fake."""
    with closing(http.client.HTTPConnection("localhost", local[1])) as connection:
        connection.request("GET", "/")
        with FakeGitHub(f"http://localhost:{local[1]}/api/v3"):
            with pytest.raises(http.client.CannotSendRequest):
                connection.putrequest("GET", "/api/v3/user")
            assert connection.getresponse().read() == b"hello"
            assert ask(connection, "GET", "/api/v3/user")["login"] == "octocat"


def test_a_wrapped_socket_is_not_used_while_a_fake_is_active(local: tuple[str, int]) -> None:
    """urllib3 wraps sockets for TLS within TLS and for pyOpenSSL."""

    class Wrapped:
        def __init__(self, sock: socket.socket) -> None:
            self.socket = sock

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            return getattr(self.socket, name)

    with closing(http.client.HTTPConnection("localhost", local[1])) as connection:
        connection.connect()
        connection.sock = Wrapped(connection.sock)
        with FakeGitHub(f"http://localhost:{local[1]}/api/v3"):
            assert ask(connection, "GET", "/api/v3/user")["login"] == "octocat"
