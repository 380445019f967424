"""
The live server: the fake behind a port, for other processes and languages.

Requests from this process use sockets here too, because 127.0.0.1 is not a host
of the fake.
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import freezegun
import github3
import pytest
import requests
from client import DEPLOYMENTS, REPO
from github import Auth, Github

from pytest_ghdeploy import FakeError, FakeGitHub, LiveServer, UnsupportedRequest
from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.http.application import Application
from pytest_ghdeploy.server import tls as certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_thread_is_left")

TOKEN = "a-token-of-the-tests"  # noqa: S105 - it opens nothing
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
PUBLIC = "https://api.github.com"
# PyGithub waits between requests, in real time to this server.


@pytest.fixture
def server(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> LiveServer:
    """Add a repository to serve."""
    ghdeploy.add_repository("octocat/example")
    return ghdeploy_server


def deploy(root: str, **body: object) -> requests.Response:
    """POST a deployment over the network."""
    return requests.post(f"{root}{DEPLOYMENTS}", json={"ref": "main"} | body, headers=AUTHORIZED, timeout=10)


@contextmanager
def connected(server: LiveServer, sent: bytes = b"") -> Iterator[socket.socket]:
    """Connect without a library and send bytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(sent)
        yield connection


def everything(connection: socket.socket) -> bytes:
    """Read until the server ends the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def exchange(server: LiveServer, sent: bytes) -> bytes:
    """Send bytes and return everything until the server ends the connection."""
    with connected(server, sent) as connection:
        return everything(connection)


def text_of(method: str, target: str, *more: str, body: str = "") -> bytes:
    """Write a request that is the last on its connection."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "User-Agent: me", f"Authorization: token {TOKEN}", *more]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "Connection: close", "", body]).encode()


# One fake, inside and outside


def test_it_serves_the_same_fake(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Requests over the port and in the process share one store, one record and one list of events."""
    over_there = deploy(server.api_url).json()
    here = deploy(PUBLIC, environment="staging").json()

    listed = requests.get(f"{server.api_url}{DEPLOYMENTS}", timeout=10).json()
    assert [one["id"] for one in listed] == [here["id"], over_there["id"]]
    assert [one.id for one in ghdeploy.repository("octocat/example").deployments] == [here["id"], over_there["id"]]
    assert [event.name for event in ghdeploy.events] == ["deployment", "deployment"]
    assert [(one.method, one.path, one.status) for one in ghdeploy.requests] == [
        ("POST", DEPLOYMENTS, 201),
        ("POST", DEPLOYMENTS, 201),
        ("GET", DEPLOYMENTS, 200),
    ]
    assert ghdeploy.requests[0].url == f"{server.api_url}{DEPLOYMENTS}"


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_urls_follow_the_request(server: LiveServer, prefix: str, host: str) -> None:
    """Bodies, `Location` and `Link` have the scheme, host and prefix of the request."""
    site = f"http://{host}:{server.port}"
    root = f"{site}{prefix}"
    created = [deploy(root) for _ in range(3)][-1]

    assert created.headers["Location"] == created.json()["url"] == f"{root}{DEPLOYMENTS}/{created.json()['id']}"
    assert created.json()["creator"]["html_url"] == f"{site}/octocat"
    assert PUBLIC not in created.text
    page = requests.get(f"{root}{DEPLOYMENTS}", params={"per_page": 1}, timeout=10)
    assert page.links["next"]["url"].startswith(f"{root}/repositories/")
    assert requests.get(page.links["next"]["url"], timeout=10).json()[0]["url"].startswith(f"{root}/repos/")
    assert requests.get(f"{root}{REPO}", timeout=10).json()["html_url"] == f"{site}/octocat/example"
    assert requests.get(f"{root}/", timeout=10).json()["user_url"] == f"{root}/users/{{user}}"


def test_urls_of_concurrent_requests_are_not_mixed_up(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Each answer has the URLs of its own request."""
    ghdeploy.repository("octocat/example").add_deployment(ref="main")
    roots = [PUBLIC, server.url, server.api_url, f"http://localhost:{server.port}"]

    def asks(number: int) -> bool:
        root = roots[number % len(roots)]
        one = requests.get(f"{root}{DEPLOYMENTS}", timeout=10).json()[0]
        return bool(one["url"].startswith(f"{root}{REPO}/") and one["creator"]["url"].startswith(f"{root}/users/"))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(asks, range(80)))


def test_a_redirect_stays_on_the_server(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """A renamed repository is found by its former name over the port too."""
    ghdeploy.repository("octocat/example").rename("octocat/renamed")
    moved = requests.get(f"{server.api_url}{REPO}", allow_redirects=False, timeout=10)
    assert moved.status_code == 301
    assert moved.headers["Location"].startswith(f"{server.api_url}/repositories/")
    assert requests.get(f"{server.api_url}{REPO}", timeout=10).json()["full_name"] == "octocat/renamed"


def test_events_have_urls_of_the_fakes_host(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Events and handles are the same whichever way a request arrived."""
    deploy(server.api_url)
    assert ghdeploy.events[-1].payload["deployment"]["url"].startswith(f"{PUBLIC}/repos/")
    assert ghdeploy.repository("octocat/example").deployments[0].url.startswith(f"{PUBLIC}/repos/")


def test_only_a_fake_of_an_enterprise_server_says_that_it_is_one(ghdeploy_factory: Any) -> None:  # noqa: ANN401 - a function
    """At either root."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    plain = ghdeploy_factory()
    with fake.serve() as server, plain.serve() as other:
        for root in (server.url, server.api_url):
            answer = requests.get(f"{root}/meta", timeout=10)
            assert answer.headers["X-GitHub-Enterprise-Version"] == answer.json()["installed_version"] == "3.19.0"
        answer = requests.get(f"{other.api_url}/meta", timeout=10)
        assert "X-GitHub-Enterprise-Version" not in answer.headers
        assert "installed_version" not in answer.json()


def test_refusals_have_their_hint(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Status, body and hint are the same over the port."""
    refused = deploy(server.api_url, ref="nope")
    assert (refused.status_code, refused.json()["message"]) == (422, "No ref found for: nope")
    assert refused.headers["X-GHDeploy-Hint"] == ghdeploy.requests[-1].hint
    assert ghdeploy.requests[-1].hint


def test_credentials_are_kept_out_of_the_record(
    ghdeploy: FakeGitHub, server: LiveServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed, and tokens are redacted in the record."""
    deploy(server.api_url, description=TOKEN)
    assert TOKEN not in ghdeploy.conversation_text()
    assert TOKEN not in repr(ghdeploy.requests)
    assert ghdeploy.requests[-1].request_headers["Authorization"] == "[redacted]"
    assert capfd.readouterr() == ("", "")


def test_the_server_survives_a_reset(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """It answers from the empty store."""
    deploy(server.api_url)
    ghdeploy.reset()
    assert requests.get(f"{server.api_url}{REPO}", timeout=10).status_code == 404


# HTTP


def test_a_connection_serves_many_requests(server: LiveServer) -> None:
    """Pipelined requests are answered in order."""
    request = text_of("GET", "/versions").replace(b"Connection: close\r\n", b"")
    answers = exchange(server, request + request + text_of("GET", REPO))
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answers.count(b"Connection: keep-alive") == 2
    assert answers.rindex(b"full_name") > answers.rindex(b"2022-11-28")


def test_http_1_0_gets_one_answer(server: LiveServer) -> None:
    """Then the connection ends."""
    answer = exchange(server, b"GET /versions HTTP/1.0\r\nUser-Agent: old\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in answer


def test_a_chunked_body_is_accepted(server: LiveServer) -> None:
    """A generator is sent that way by requests."""
    created = requests.post(
        f"{server.api_url}{DEPLOYMENTS}", data=iter([b'{"ref":', b' "main"}']), headers=AUTHORIZED, timeout=10
    )
    assert created.status_code == 201


def test_100_continue_is_sent_before_the_body(server: LiveServer) -> None:
    """A client that sends `Expect: 100-continue` waits for it."""
    body = b'{"ref": "main"}'
    head = text_of("POST", DEPLOYMENTS, "Expect: 100-continue", f"Content-Length: {len(body)}")
    with connected(server, head) as connection:
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert everything(connection).startswith(b"HTTP/1.1 201 Created\r\n")


def test_http_1_0_gets_no_100(server: LiveServer) -> None:
    """Its client would take the 100 for the response."""
    body = json.dumps({"ref": "main"}).encode()
    head = text_of("POST", DEPLOYMENTS, "Expect: 100-continue", f"Content-Length: {len(body)}")
    with connected(server, head.replace(b" HTTP/1.1", b" HTTP/1.0")) as connection:
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        connection.sendall(body)
        assert everything(connection).startswith(b"HTTP/1.1 201 Created\r\n")


def test_answers_without_a_body_leave_the_connection_usable(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """After HEAD, 204 and 304 the next request is answered."""
    deployment = ghdeploy.repository("octocat/example").add_deployment(ref="main")
    ghdeploy.stub("GET", "/stubbed", status=204)
    with requests.Session() as session:
        session.headers.update(AUTHORIZED)
        read = session.get(f"{server.api_url}{REPO}", timeout=10)
        head = session.head(f"{server.api_url}{REPO}", timeout=10)
        assert (head.text, head.headers["Content-Length"]) == ("", str(len(read.content)))
        tag = {"If-None-Match": read.headers["ETag"]}
        kept = session.get(f"{server.api_url}{REPO}", headers=tag, timeout=10)
        assert (kept.status_code, kept.text) == (304, "")
        assert "Content-Length" not in kept.headers
        assert session.get(f"{server.api_url}/stubbed", timeout=10).status_code == 204
        gone = session.delete(f"{server.api_url}{DEPLOYMENTS}/{deployment.id}", timeout=10)
        assert (gone.status_code, gone.content) == (204, b"")
        assert session.options(f"{server.api_url}{REPO}", timeout=10).status_code == 204
        assert session.get(f"{server.api_url}{REPO}", timeout=10).status_code == 200


def test_a_stub_cannot_break_a_connection(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Its headers are sent, except those that the connection needs."""
    headers = {"Retry-After": "1", "Transfer-Encoding": "chunked", "Connection": "upgrade"}
    ghdeploy.stub("GET", "/stubbed", json=[1], headers=headers)
    ghdeploy.stub("GET", "/short", json=[1, 2], headers={"content-length": "3"})
    ghdeploy.stub("GET", "/empty", status=204)
    ghdeploy.stub("GET", "/odd", status=299, json=1)
    with requests.Session() as session:
        stubbed = session.get(f"{server.api_url}/stubbed", timeout=10)
        assert (stubbed.json(), stubbed.headers["Retry-After"]) == ([1], "1")
        assert session.get(f"{server.api_url}/empty", timeout=10).content == b""
        assert session.get(f"{server.api_url}/short", timeout=10).content == b"[1,"
        assert session.get(f"{server.api_url}/odd", timeout=10).status_code == 299
        assert session.get(f"{server.api_url}/versions", timeout=10).status_code == 200


def test_an_encoded_slash_stays_part_of_a_name(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """It does not separate the name of an environment."""
    ghdeploy.repository("octocat/example").add_environment("review/1 a")
    found = requests.get(f"{server.api_url}{REPO}/environments/review%2F1%20a", headers=AUTHORIZED, timeout=10)
    assert found.json()["name"] == "review/1 a"
    assert requests.get(f"{server.api_url}{REPO}/environments/review/1%20a", timeout=10).status_code == 404


# As a proxy


@pytest.mark.parametrize("target", [f"http://api.github.com{REPO}", f"http://api.github.com:80{REPO}"])
def test_it_accepts_requests_as_a_proxy(server: LiveServer, target: str) -> None:
    """The target is a URL of the fake's host, and so are the URLs in the answer."""
    answer = exchange(server, text_of("GET", target))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"url":"http://api.github.com/repos/octocat/example"' in answer


def test_urllib_reaches_it_as_a_proxy(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """The network guard allows requests to the live server as a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": server.url}))
    with opener.open(f"http://api.github.com{REPO}", timeout=10) as answer:
        assert json.load(answer)["url"] == f"http://api.github.com{REPO}"
    assert ghdeploy.requests[-1].status == 200


def test_as_a_proxy_it_forwards_nothing(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Requests for other hosts are refused; those for GitHub's other hosts also fail the test."""
    assert exchange(server, text_of("GET", "http://example.com/")).startswith(b"HTTP/1.1 502 ")
    assert ghdeploy._engine.take_problem() is None
    assert exchange(server, text_of("GET", "http://uploads.github.com/x")).startswith(b"HTTP/1.1 501 ")
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)
    assert exchange(server, b"CONNECT api.github.com:443 HTTP/1.1\r\nHost: api.github.com:443\r\n\r\n").startswith(
        b"HTTP/1.1 501 "
    )


# Unsupported requests and crashes


@pytest.mark.parametrize(
    ("method", "path"), [("GET", f"/api/v3{REPO}/milestones"), ("GET", f"{REPO}/milestones"), ("POST", "/api/graphql")]
)
def test_an_unsupported_request_is_a_501_and_fails_the_test(
    ghdeploy: FakeGitHub, server: LiveServer, method: str, path: str
) -> None:
    """The body names the endpoint and suggests a stub."""
    answer = requests.request(method, f"{server.url}{path}", headers=AUTHORIZED, timeout=10)
    assert answer.status_code == 501
    assert "this fake does not implement" in answer.text
    problem = ghdeploy._engine.take_problem()
    assert isinstance(problem, UnsupportedRequest)
    assert str(problem) == answer.text.strip()


def test_a_crash_of_the_fake_is_a_500_and_fails_the_test(
    ghdeploy: FakeGitHub, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets an answer, and the test the exception."""

    def crash(*_: object) -> None:
        msg = "a mistake"
        raise RuntimeError(msg)

    monkeypatch.setattr(Application, "handle", crash)
    assert requests.get(f"{server.url}/user", timeout=10).status_code == 500
    assert repr(ghdeploy._engine.take_problem()) == "RuntimeError('a mistake')"


def test_a_crash_of_the_server_fails_the_test(
    ghdeploy: FakeGitHub, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in the server itself is reported too."""
    monkeypatch.setattr("pytest_ghdeploy.doors.http1.write_head", lambda *_: 1 / 0)
    assert exchange(server, text_of("GET", "/user")) == b""
    assert isinstance(ghdeploy._engine.take_problem(), ZeroDivisionError)


# Faults on the wire


@pytest.mark.parametrize("error", ["connection", "reset"])
def test_a_reset_is_a_real_reset(ghdeploy: FakeGitHub, server: LiveServer, error: Any) -> None:  # noqa: ANN401
    """The client receives no byte. The next request is answered."""
    ghdeploy.faults.add(method="POST", error=error)
    with pytest.raises(ConnectionResetError):
        exchange(server, text_of("POST", DEPLOYMENTS, body='{"ref": "main"}'))
    assert not ghdeploy.repository("octocat/example").deployments
    assert deploy(server.api_url).status_code == 201


def test_a_lost_answer_keeps_the_change(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """The deployment exists although the client sees a broken connection."""
    ghdeploy.faults.add(method="POST", error="lost_answer")
    with pytest.raises(requests.ConnectionError):
        deploy(server.api_url)
    assert len(ghdeploy.repository("octocat/example").deployments) == 1
    assert ghdeploy.requests[-1].failure == "reset"


def test_a_timeout_is_silence_and_does_not_block_the_server(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Other clients are answered, and the server can be closed at once."""
    ghdeploy.faults.add(method="POST", error="timeout", times=2)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{server.api_url}{DEPLOYMENTS}", json={"ref": "main"}, headers=AUTHORIZED, timeout=0.2)
    with connected(server, text_of("POST", DEPLOYMENTS, body="{}")) as connection:
        assert requests.get(f"{server.api_url}/versions", timeout=10).status_code == 200
        while len(ghdeploy.requests) < 3:
            time.sleep(0.01)
        started = time.perf_counter()
        server.close()
        assert time.perf_counter() - started < 5
        assert everything(connection) == b""


def test_a_truncated_answer_ends_too_early(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """`Content-Length` is more than the bytes sent."""
    ghdeploy.faults.add(error="truncated")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", REPO, headers={"User-Agent": "me"})
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()


# TLS


def test_it_serves_https(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """A client that trusts the CA accepts the certificate. It is the same fake."""
    secure = server(tls=True)
    answer = requests.get(f"{secure.api_url}{REPO}", verify=secure.ca_file, timeout=10)
    assert answer.json()["url"] == f"https://127.0.0.1:{secure.port}/api/v3{REPO}"
    context = ssl.create_default_context(cafile=secure.ca_file)
    with urllib.request.urlopen(f"https://localhost:{secure.port}{REPO}", context=context, timeout=10) as found:
        assert json.load(found)["url"] == f"https://localhost:{secure.port}{REPO}"
    assert len(ghdeploy.requests) == 2
    assert "https" in repr(secure)


def test_a_client_without_the_ca_does_not_trust_it(server: LiveServer) -> None:
    """The server keeps running."""
    secure = server(tls=True)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(secure.url, timeout=10)
    assert requests.get(f"{secure.url}/versions", verify=secure.ca_file, timeout=10).status_code == 200


def test_the_wrong_protocol_is_refused(server: LiveServer) -> None:
    """HTTP on the HTTPS port is a 400 with the URL, and HTTPS on the HTTP port fails at once."""
    secure = server(tls=True)
    assert "the URL is https://" in requests.get(f"http://127.0.0.1:{secure.port}/", timeout=10).text
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://127.0.0.1:{server.port}/", timeout=10)


def test_faults_happen_over_https_too(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """A reset, a truncated body and a timeout."""
    secure = server(tls=True)
    for error in ("reset", "truncated", "timeout"):
        ghdeploy.faults.add(error=error)
        with pytest.raises(requests.RequestException):
            _ = requests.get(f"{secure.url}/versions", verify=secure.ca_file, timeout=0.5).content
    assert requests.get(f"{secure.url}/versions", verify=secure.ca_file, timeout=10).status_code == 200


def test_without_trustme_the_extra_is_named(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install. No server is started."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    certificate.authority.cache_clear()
    with pytest.raises(FakeError, match=r"pip install 'pytest-ghdeploy\[tls\]'"):
        ghdeploy.serve(tls=True)
    assert not registry.servers


# Life


def test_close_ends_the_server_and_its_connections(ghdeploy: FakeGitHub) -> None:
    """The second call does nothing."""
    server, secure = ghdeploy.serve(), ghdeploy.serve(tls=True)
    certificate_file = Path(secure.ca_file)
    assert certificate_file.is_file()
    with connected(server, text_of("GET", "/versions").replace(b"Connection: close\r\n", b"")) as idle:
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        for one in (server, secure, server):
            one.close()
        assert everything(idle) == b""
    assert not certificate_file.exists()
    with pytest.raises(ConnectionRefusedError), connected(server):
        pass
    assert repr(server) == f"<LiveServer {server.url} (closed)>"


def test_a_server_ends_with_its_fake() -> None:
    """A fake can serve without being active."""
    fake = FakeGitHub()
    server = fake.serve()
    assert requests.get(f"{server.url}/versions", timeout=10).status_code == 200
    fake.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=10)
    with FakeGitHub() as fake, fake.serve() as server:
        assert requests.get(f"{server.url}/versions", timeout=10).status_code == 200


def test_close_waits_for_an_answer_in_progress(
    ghdeploy: FakeGitHub, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets it."""
    started, handle = threading.Event(), Application.handle

    def slow(*args: Any) -> Any:  # noqa: ANN401 - Application's
        started.set()
        time.sleep(0.2)
        return handle(*args)

    monkeypatch.setattr(Application, "handle", slow)
    with connected(server, text_of("GET", REPO)) as connection:
        assert started.wait(10)
        ghdeploy.close()
        assert everything(connection).startswith(b"HTTP/1.1 200 OK")


def test_an_answer_that_never_ends_fails_the_test(
    ghdeploy: FakeGitHub, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gives up after some seconds."""
    started, go_on = threading.Event(), threading.Event()

    def stuck(*_: object, **__: object) -> None:
        started.set()
        go_on.wait(10)

    monkeypatch.setattr("pytest_ghdeploy.server.live_server._GRACE_SECONDS", 0.05)
    monkeypatch.setattr("pytest_ghdeploy.server.live_server._BUSY_SECONDS", 0.05)
    monkeypatch.setattr("pytest_ghdeploy.server.responder.ask", stuck)
    with connected(server, text_of("GET", REPO)):
        assert started.wait(10)
        server.close()
    problem = ghdeploy._engine.take_problem()
    assert isinstance(problem, FakeError)
    assert server.url in str(problem)
    threads = [thread for thread in threading.enumerate() if thread.name == f"ghdeploy {server.url}"]
    go_on.set()
    for thread in threads:
        thread.join()
    ghdeploy._engine.take_problem()


def test_the_port_can_be_chosen(ghdeploy: FakeGitHub) -> None:
    """It can be reused after `close`. One that is in use or invalid is an error."""
    with ghdeploy.serve() as server:
        port = server.port
        requests.get(f"{server.url}/versions", timeout=10)
        with pytest.raises(FakeError, match=f"port {port} of 127.0.0.1 cannot be used"):
            ghdeploy.serve(port)
    with ghdeploy.serve(port) as server:
        assert server.url == f"http://127.0.0.1:{port}"
    for none in (-1, 65536, "80", True, None):
        with pytest.raises(FakeError, match="port must be a number"):
            ghdeploy.serve(none)  # type: ignore[arg-type]


def test_it_listens_on_loopback_only(server: LiveServer) -> None:
    """It is bound to 127.0.0.1."""
    assert server._listener.getsockname()[0] == "127.0.0.1"


def test_it_starts_and_ends_quickly(ghdeploy: FakeGitHub) -> None:
    """A hundred times in five seconds."""
    started = time.perf_counter()
    for _ in range(100):
        ghdeploy.serve().close()
    assert time.perf_counter() - started < 5


@pytest.mark.slow
def test_a_process_can_end_without_closing_it(tmp_path: Path) -> None:
    """Nothing is printed at the end."""
    script = tmp_path / "forgets.py"
    script.write_text(
        "import socket\nfrom pytest_ghdeploy import FakeGitHub\nserver = FakeGitHub().serve()\n"
        "held = socket.create_connection(('127.0.0.1', server.port))\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, timeout=30, check=False)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_system_may_have_no_threads_or_files_left(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a thread is ended, one without a file descriptor waits, and the next is served."""
    real, refusing = threading.Thread.start, [True]

    def start(thread: threading.Thread) -> None:
        if refusing and thread.name == f"ghdeploy {server.url}":
            refusing.clear()
            msg = "can't start new thread"
            raise RuntimeError(msg)
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with connected(server) as connection:
        assert everything(connection) == b""

    listener, problems = server._listener, [OSError(24, "Too many open files"), BlockingIOError()]

    class Listener:
        close = listener.close

        def accept(self) -> object:
            if problems:
                raise problems.pop()
            return listener.accept()

    monkeypatch.setattr(server, "_listener", Listener())
    assert requests.get(f"{server.url}/versions", timeout=10).status_code == 200
    assert not problems
    server.close()


@freezegun.freeze_time("2026-01-02 03:04:05")
def test_it_works_while_freezegun_stops_the_time(ghdeploy: FakeGitHub) -> None:
    """It waits for no clock."""
    ghdeploy.clock.move_to(datetime.now(UTC))
    with ghdeploy.serve() as server, connected(server, b"GET /half"):
        answer = requests.get(f"{server.url}/versions", timeout=10)
    assert answer.headers["Date"] == "Fri, 02 Jan 2026 03:04:05 GMT"


# For subprocesses


def test_env_has_the_addresses_and_a_token(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Under every name that clients read; over HTTPS it also names the CA file."""
    env = server.env
    assert env["GITHUB_API_URL"] == server.api_url == f"{server.url}/api/v3"
    assert env["GITHUB_SERVER_URL"] == server.url
    assert env["GITHUB_GRAPHQL_URL"] == f"{server.url}/api/graphql"
    assert env["GH_HOST"] == f"127.0.0.1:{server.port}"
    tokens = ("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "OCTOKIT_ACCESS_TOKEN")
    assert {env[name] for name in tokens} == {"ghdeploy-accepts-any-token"}
    assert "SSL_CERT_FILE" not in env
    with pytest.raises(FakeError, match="has no certificate"):
        _ = server.ca_file

    secure = server(tls=True)
    files = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")
    assert {secure.env[name] for name in files} == {secure.ca_file}
    assert secure.env["GITHUB_API_URL"] == f"https://127.0.0.1:{secure.port}/api/v3"

    ghdeploy.add_token("first-of-the-tests")
    ghdeploy.add_token("second-of-the-tests", user="hubot")
    assert server.env["GITHUB_TOKEN"] == "first-of-the-tests"  # noqa: S105
    ghdeploy.revoke_token("first-of-the-tests")
    assert server.env["GITHUB_TOKEN"] == "second-of-the-tests"  # noqa: S105


def test_env_excludes_loopback_from_proxies(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is added to the hosts that are already excluded."""
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.delenv("no_proxy", raising=False)
    assert server.env["NO_PROXY"] == "example.com,127.0.0.1,localhost"
    assert server.env["no_proxy"] == "127.0.0.1,localhost"


TOOL = """
import json, os, urllib.request
request = urllib.request.Request(
    os.environ["GITHUB_API_URL"] + "/repos/octocat/example/deployments",
    json.dumps({"ref": "main"}).encode(),
    {"Authorization": "Bearer " + os.environ["GITHUB_TOKEN"]},
)
print(json.load(urllib.request.urlopen(request))["url"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("tls", [False, True])
def test_a_subprocess_reaches_it_by_env(ghdeploy: FakeGitHub, server: LiveServer, tls: bool) -> None:  # noqa: FBT001
    """With the standard library, over HTTP and HTTPS, whatever proxy is set."""
    reached = server(tls=tls)
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", **reached.env}
    done = subprocess.run([sys.executable, "-c", TOOL], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.startswith(f"{reached.api_url}{DEPLOYMENTS}/")
    ghdeploy.assert_event("deployment", ref="main")


# Clients that read every URL


@pytest.mark.parametrize("tls", [False, True])
def test_pygithub_follows_all_urls(ghdeploy: FakeGitHub, server: LiveServer, tls: bool) -> None:  # noqa: FBT001
    """It insists on its own host in every URL that it follows: pages, statuses, environments."""
    reached = server(tls=tls)
    verify: bool | str = reached.ca_file if tls else False
    with Github(auth=Auth.Token(TOKEN), base_url=reached.api_url, verify=verify, per_page=1) as client:
        repository = client.get_repo("octocat/example")
        for name in ("staging", "qa"):
            deployment = repository.create_deployment("main", environment=name)
            deployment.create_status("success", environment_url=f"https://{name}.example.com")
            assert [status.state for status in deployment.get_statuses()] == ["success"]
        assert [one.environment for one in repository.get_deployments()] == ["qa", "staging"]
        assert sorted(one.name for one in repository.get_environments()) == ["qa", "staging"]
        assert repository.html_url == f"{reached.url}/octocat/example"
    assert all(one.url.startswith(reached.api_url) for one in ghdeploy.requests)
    assert len(ghdeploy.events.named("deployment_status")) == 2


def test_github3_takes_it_for_an_enterprise_server(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """It sends requests below `/api/v3` and follows the URLs in answers."""
    client = github3.GitHubEnterprise(server.url, token=TOKEN)
    repository = client.repository("octocat", "example")
    deployment = repository.create_deployment("main", environment="staging")
    deployment.create_status("success")
    assert [one.state for one in deployment.statuses()] == ["success"]
    assert [one.id for one in repository.deployments(number=-1)] == [deployment.id]
    ghdeploy.assert_event("deployment_status", state="success")
    client.session.close()


# Many clients, and bad ones


def test_200_clients_at_once(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """No connection is reset, every id is distinct, and every event is recorded."""
    clients = 200
    barrier = threading.Barrier(clients)

    def client(number: int) -> tuple[int, int]:
        headers = {"User-Agent": "me", "Authorization": f"token {TOKEN}"}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        barrier.wait()
        body = json.dumps({"ref": "main", "environment": f"env-{number}"})
        connection.request("POST", f"/api/v3{DEPLOYMENTS}", body, headers)
        made = json.load(connection.getresponse())
        connection.request("POST", f"{DEPLOYMENTS}/{made['id']}/statuses", '{"state": "success"}', headers)
        status = json.load(connection.getresponse())
        connection.close()
        assert made["environment"] == status["environment"] == f"env-{number}"
        return made["id"], status["id"]

    with ThreadPoolExecutor(clients) as pool:
        ids = list(pool.map(client, range(clients)))

    assert len({made for made, _ in ids}) == len({status for _, status in ids}) == clients
    repository = ghdeploy.repository("octocat/example")
    assert {one.id for one in repository.deployments} == {made for made, _ in ids}
    assert all(one.state == "success" for one in repository.deployments)
    assert len(ghdeploy.events.named("deployment")) == len(ghdeploy.events.named("deployment_status")) == clients
    assert len(ghdeploy.requests) == 2 * clients


def test_many_requests_leave_nothing_behind(
    ghdeploy: FakeGitHub, server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory and threads do not grow, except for the record of requests, which `reset` clears."""
    # The suite's own checks of each answer are not part of the server and take most of the time.
    monkeypatch.setattr(schema, "check_answer", lambda *_, **__: None)
    once = text_of("GET", "/versions")
    again = once.replace(b"Connection: close\r\n", b"")

    def ask(connection: socket.socket, reader: BinaryIO, sent: bytes) -> None:
        connection.sendall(sent)
        head = iter(reader.readline, b"\r\n")
        assert next(head) == b"HTTP/1.1 200 OK\r\n"
        lengths = [int(line[15:]) for line in head if line.startswith(b"Content-Length:")]
        assert reader.read(*lengths).startswith(b"[")

    def ask_many() -> tuple[int, int, int]:
        # Most share a few connections, and some have their own connection and thread.
        for times in (100, 100, 60, *[1] * 40):
            with connected(server) as connection, connection.makefile("rb") as reader:
                for _ in range(times - 1):
                    ask(connection, reader, again)
                ask(connection, reader, once)
                assert reader.read() == b""
        assert len(ghdeploy.requests) == 300
        ghdeploy.reset()
        end = time.monotonic() + 10
        while sum(one.name == f"ghdeploy {server.url}" for one in threading.enumerate()) > 1:
            assert time.monotonic() < end
            time.sleep(0.001)
        gc.collect()
        return our_memory(), threads_and_sockets(), threading.active_count()

    tracemalloc.start()
    try:
        ask_many()
        memory, *others = ask_many()
        for _ in range(3):
            ask_many()
        memory_after, *others_after = ask_many()
    finally:
        tracemalloc.stop()
    assert memory_after - memory < 20_000  # less than 17 bytes for each of 1,200
    assert others_after == others


def our_memory() -> int:
    """Count the bytes that were allocated in lines of ours: coverage keeps something for each thread that ever was."""
    ours = tracemalloc.Filter(inclusive=True, filename_pattern="*pytest_ghdeploy*")
    return sum(one.size for one in tracemalloc.take_snapshot().filter_traces([ours]).traces)


def threads_and_sockets() -> int:
    """Count those that are still there, ended or not."""
    return sum(isinstance(one, (threading.Thread, socket.socket)) for one in gc.get_objects())


HALF_SENT = text_of("POST", DEPLOYMENTS, "Content-Length: 1000") + b'{"ref": '
BAD_CLIENTS = {
    "nothing": b"",
    "half a line": b"GET /us",
    "half a head": b"GET /user HTTP/1.1\r\nHost: h\r\n",
    "half a body": HALF_SENT,
    "half a chunk": text_of("POST", DEPLOYMENTS, "Transfer-Encoding: chunked") + b"ff\r\nabc",
    "half a handshake": b"\x16\x03\x01",
}


@pytest.mark.parametrize("sent", BAD_CLIENTS.values(), ids=BAD_CLIENTS)
@pytest.mark.parametrize("tls", [False, True])
def test_incomplete_requests_block_nobody(
    ghdeploy: FakeGitHub,
    server: LiveServer,
    sent: bytes,
    tls: bool,  # noqa: FBT001
) -> None:
    """Other clients are answered, the server ends at once, and nothing is changed."""
    reached = server(tls=tls)
    verify = reached.ca_file if tls else None
    held = [socket.create_connection(("127.0.0.1", reached.port), timeout=10) for _ in range(20)]
    for connection in held:
        connection.sendall(sent)
    assert requests.get(f"{reached.api_url}{REPO}", verify=verify, timeout=10).status_code == 200
    started = time.perf_counter()
    reached.close()
    assert time.perf_counter() - started < 5
    for connection in held:
        connection.close()
    assert len(ghdeploy.requests) == 1
    assert not ghdeploy.repository("octocat/example").deployments


def test_slow_clients_block_nobody(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Clients that send a byte at a time (slow loris) are cut off when the server ends."""
    stop = threading.Event()

    def slowly() -> None:
        with connected(server) as connection:
            for byte in text_of("GET", REPO, f"X-Long: {'a' * 1000}"):
                try:
                    connection.send(bytes([byte]))
                except OSError:
                    return
                if stop.wait(0.005):
                    return

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(slowly) for _ in range(20)]
        for _ in range(20):
            assert requests.get(f"{server.api_url}{REPO}", timeout=10).status_code == 200
        started = time.perf_counter()
        server.close()
        assert time.perf_counter() - started < 5
        stop.set()
        for one in waiting:
            one.result()
    assert len(ghdeploy.requests) == 20


def test_the_server_survives_clients_that_disconnect(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Before, during and after a request, with and without a reset. Only complete requests count."""
    whole = text_of("POST", DEPLOYMENTS, body='{"ref": "main"}')
    for sent in (b"", b"GET", HALF_SENT, whole):
        for reset in (False, True):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(sent)
            if sent == whole:
                connection.recv(1)
            connection.close()
    assert requests.get(f"{server.api_url}{REPO}", timeout=10).status_code == 200
    assert len(ghdeploy.repository("octocat/example").deployments) == 2
    assert ghdeploy._engine.take_problem() is None


@pytest.mark.slow
def test_the_server_survives_a_killed_client(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Its process ends in the middle of a request."""
    script = (
        "import socket, sys, time\n"
        f"held = socket.create_connection(('127.0.0.1', {server.port}))\n"
        f"held.sendall({HALF_SENT!r})\nprint('sent', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as client:  # noqa: S603
        assert client.stdout
        client.stdout.readline()
        client.kill()
    assert deploy(server.api_url).status_code == 201
    assert len(ghdeploy.repository("octocat/example").deployments) == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\0\1\2\3" * 1000, 400),
        (b"what is this?\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-Huge: " + b"a" * 10_000_000, 431),
        (text_of("POST", DEPLOYMENTS, "Content-Length: 99999999999"), 413),
        (text_of("GET", "/" + "a" * 50_000), 404),
    ],
)
def test_malformed_requests_get_an_answer(ghdeploy: FakeGitHub, server: LiveServer, sent: bytes, status: int) -> None:
    """Even if much more was sent than read. Other clients are not affected."""
    assert exchange(server, sent).startswith(b"HTTP/1.1 %d " % status)
    assert requests.get(f"{server.api_url}{REPO}", timeout=10).status_code == 200
    assert ghdeploy._engine.take_problem() is None


def test_a_client_that_reads_nothing_blocks_nobody(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """An answer larger than the buffers does not keep the server from ending."""
    ghdeploy.stub("GET", "/large", json="a" * 30_000_000)
    with connected(server, text_of("GET", "/large")) as connection:
        connection.recv(1)
        assert requests.get(f"{server.api_url}{REPO}", timeout=10).status_code == 200
        started = time.perf_counter()
        server.close()
        assert time.perf_counter() - started < 5


# With pytest


def test_the_fixture_serves_one_test(pytester: pytest.Pytester) -> None:
    """State and port end with the test; a failure shows the conversation; an unsupported request fails the test."""
    pytester.makepyfile(
        """
        import pytest, requests

        first = []

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_one(ghdeploy, ghdeploy_server):
            first.append(ghdeploy_server.url)
            assert requests.get(ghdeploy_server.api_url + "/repos/octocat/example").status_code == 200
            assert repr(ghdeploy_server).startswith("<LiveServer http://127.0.0.1:")

        def test_two(ghdeploy_server):
            assert requests.get(ghdeploy_server.api_url + "/repos/octocat/example").status_code == 404
            if first[0] != ghdeploy_server.url:
                with pytest.raises(requests.ConnectionError):
                    requests.get(first[0])

        def test_fails(ghdeploy_server):
            requests.get(ghdeploy_server.api_url + "/repos/octocat/example").raise_for_status()

        def test_swallows(ghdeploy_server):
            requests.get(ghdeploy_server.api_url + "/repos/octocat/example/milestones")
        """
    )
    result = pytester.runpytest_inprocess("-W", "error")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        ["*1. GET /repos/octocat/example", "*404 Not Found*", "*hint: repository octocat/example was never added*"]
    )
    result.stdout.fnmatch_lines(
        ["*UnsupportedRequest: GET /repos/octocat/example/milestones is GitHub's issues/list-milestones*"]
    )


@pytest.mark.slow
def test_its_modules_are_imported_only_with_a_server() -> None:
    """A suite without a server does not pay for them."""
    code = (
        "import sys; from pytest_ghdeploy import FakeGitHub\n"
        "with FakeGitHub() as gh: gh.add_repository('o/r')\n"
        "print([name for name in sys.modules if name.startswith('pytest_ghdeploy.server') or name.endswith('.http1')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "[]\n"
