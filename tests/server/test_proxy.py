"""
The live server as a forward proxy: `serve(proxy=True)`.

Sockets of this process open the tunnels, as any client of a proxy does. Programs
that do so by themselves are in `clients/test_proxy.py`.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from client import DEPLOYMENTS, REPO

from pytest_ghdeploy import FakeError, FakeGitHub, LiveServer, UnsupportedRequest
from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.server import tls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Factory = Callable[..., FakeGitHub]

pytestmark = pytest.mark.usefixtures("no_thread_is_left")

TOKEN = "a-token-of-the-tests"  # noqa: S105 - it opens nothing
PUBLIC = "https://api.github.com"
REDIRECT = "a request to http://api.github.com was redirected to https://api.github.com, as GitHub does"


@pytest.fixture
def proxy(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> LiveServer:
    """Serve a repository, through a proxy."""
    ghdeploy.add_repository("octocat/example")
    return ghdeploy_server(proxy=True)


def ask_for_tunnel(server: LiveServer, target: str) -> tuple[socket.socket, int, str]:
    """Send `CONNECT`; return the connection, the status, and the text of a refusal."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: me\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # no more, because bytes of the tunnel may follow
        head += connection.recv(1)
    status = int(head.split()[1])
    text = "" if status == 200 else b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return connection, status, text


def refusal_of(server: LiveServer, target: str) -> tuple[int, str]:
    """Send `CONNECT`; return the status and the text of the refusal."""
    connection, status, text = ask_for_tunnel(server, target)
    connection.close()
    return status, text.strip()


@contextmanager
def tunnel(server: LiveServer, host: str, port: int = 443) -> Iterator[http.client.HTTPConnection]:
    """Open a tunnel to *host*, and trust only the certificates of this run."""
    connection, status, _ = ask_for_tunnel(server, f"{host}:{port}")
    assert status == 200
    context = ssl.create_default_context(cafile=server.ca_file)
    inside = http.client.HTTPConnection("127.0.0.1", server.port)  # under its own name the fake would answer here
    inside.sock = context.wrap_socket(connection, server_hostname=host)
    try:
        yield inside
    finally:
        inside.close()


def send(inside: http.client.HTTPConnection, method: str, path: str, **body: object) -> tuple[int, Any]:
    """Send a request in a tunnel, and return the status with the JSON or the text."""
    headers = {"User-Agent": "me", "Authorization": f"Bearer {TOKEN}"}
    inside.request(method, path, json.dumps(body) if body else None, headers)
    response = inside.getresponse()
    text = response.read().decode()
    is_json = response.headers["Content-Type"].startswith("application/json")
    return response.status, json.loads(text) if is_json else text


def plainly(server: LiveServer, target: str, method: str = "GET") -> http.client.HTTPResponse:
    """Send a request with a whole URL, as to a proxy for HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, target, headers={"User-Agent": "me", "Connection": "close"})
    return connection.getresponse()


# Tunnels to GitHub


def test_a_tunnel_to_github_ends_at_the_fake(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """Several requests in one tunnel are answered from the fake's state, with the URLs of GitHub itself."""
    with tunnel(proxy, "api.github.com") as inside:
        status, made = send(inside, "POST", DEPLOYMENTS, ref="main")
        assert (status, made["url"]) == (201, f"{PUBLIC}{DEPLOYMENTS}/{made['id']}")
        status, listed = send(inside, "GET", DEPLOYMENTS)
        assert [deployment["id"] for deployment in listed] == [made["id"]]
        assert send(inside, "GET", REPO)[1]["html_url"] == "https://github.com/octocat/example"

    assert [request.url for request in ghdeploy.requests] == [
        f"{PUBLIC}{DEPLOYMENTS}",
        f"{PUBLIC}{DEPLOYMENTS}",
        f"{PUBLIC}{REPO}",
    ]
    ghdeploy.assert_event("deployment", ref="main")
    assert proxy.refused_hosts == []


def test_a_tunnel_has_the_same_answers_as_this_process(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """The body is equal to that of a client whose requests do not leave the process."""
    repository = ghdeploy.repository("octocat/example")
    repository.add_deployment(ref="main").add_status("success", log_url="https://ci.example.com/1")
    here = http.client.HTTPSConnection("api.github.com")
    for path in (REPO, DEPLOYMENTS, f"{REPO}/branches", "/user", "/"):
        with tunnel(proxy, "api.github.com") as inside:
            assert send(inside, "GET", path) == send(here, "GET", path)


def test_the_host_of_a_tunnel_is_read_like_any_host(proxy: LiveServer) -> None:
    """Upper case and a final dot make no difference."""
    for host in ("API.GitHub.com", "api.github.com."):
        connection, status, _ = ask_for_tunnel(proxy, f"{host}:443")
        connection.close()
        assert status == 200


def test_an_unsupported_request_in_a_tunnel_fails_the_test(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """As in this process, but the client gets a 501 with the reason."""
    with tunnel(proxy, "api.github.com") as inside:
        status, text = send(inside, "GET", "/gitignore/templates")
    assert status == 501
    problem = ghdeploy._engine.take_problem()
    assert isinstance(problem, UnsupportedRequest)
    assert text.strip() == str(problem)


@pytest.mark.parametrize(
    "host",
    ["github.com", "uploads.github.com", "raw.githubusercontent.com", "results-receiver.actions.githubusercontent.com"],
)
def test_githubs_other_hosts_have_tunnels_and_are_refused_in_them(
    ghdeploy: FakeGitHub, proxy: LiveServer, host: str
) -> None:
    """Each request fails the test, as in this process, with a certificate of the very host."""
    with tunnel(proxy, host) as inside:
        status, text = send(inside, "GET", "/octocat/example")
    assert (status, text.strip()) == (501, str(ghdeploy._engine.take_problem()))
    assert text.startswith(f"a request to {host} cannot be answered")


def test_the_proxy_of_an_enterprise_server(ghdeploy_factory: Factory) -> None:
    """It answers for the host of ``base_url``, with its subdomains and its port, and refuses api.github.com in TLS."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com:8443/api/v3")
    fake.add_repository("octocat/example")
    fake.close()  # so that only the server answers
    with fake.serve(proxy=True) as server:
        with tunnel(server, "ghe.example.com", 8443) as inside:
            assert send(inside, "GET", f"/api/v3{REPO}")[1]["url"] == f"https://ghe.example.com:8443/api/v3{REPO}"
        assert fake.requests[-1].url == f"https://ghe.example.com:8443/api/v3{REPO}"
        for host in ("codeload.ghe.example.com", "api.github.com"):
            with tunnel(server, host) as inside:
                assert send(inside, "GET", "/octocat/example")[0] == 501
            assert isinstance(fake._engine.take_problem(), UnsupportedRequest)
        assert server.proxy_env["GH_HOST"] == "ghe.example.com:8443"


def test_an_inactive_fake_is_served_too(ghdeploy_factory: Factory) -> None:
    """As under ``ghdeploy serve``."""
    fake = ghdeploy_factory()
    fake.close()
    with fake.serve(proxy=True) as server, tunnel(server, "api.github.com") as inside:
        assert send(inside, "GET", "/user")[1]["login"] == "octocat"


def test_the_admin_interface_is_not_in_tunnels(ghdeploy: FakeGitHub) -> None:
    """A client in a tunnel takes the fake for GitHub, which has no such interface."""
    server = ghdeploy.serve(proxy=True, admin=True)
    with tunnel(server, "api.github.com") as inside:
        assert send(inside, "GET", "/_ghdeploy/events") == (404, ghdeploy.requests[-1].response_json())
    assert plainly(server, "/_ghdeploy/events").status == 200


def test_faults_happen_in_tunnels(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """A reset, a truncated body and a timeout."""
    cases: list[tuple[Literal["reset", "truncated", "timeout"], type[Exception]]] = [
        ("reset", ConnectionResetError),
        ("truncated", http.client.IncompleteRead),
        ("timeout", TimeoutError),
    ]
    for error, expected in cases:
        ghdeploy.faults.add(error=error)
        with tunnel(proxy, "api.github.com") as inside:
            inside.sock.settimeout(0.3)
            with pytest.raises(expected):
                send(inside, "GET", REPO)


def test_close_ends_open_tunnels(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """No thread is left, even if the client keeps its tunnel open, or has not begun TLS in it."""
    silent, status, _ = ask_for_tunnel(proxy, "api.github.com:443")
    assert status == 200
    with tunnel(proxy, "api.github.com") as inside:
        assert send(inside, "GET", "/user")[0] == 200
        proxy.close()
        with suppress(ssl.SSLError):
            assert inside.sock.recv(10) == b""
    silent.close()
    assert "TLS handshake" not in ghdeploy.conversation.text()


def test_a_client_without_the_ca_file_is_explained(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """The client ends the handshake, and the conversation names the file that it has to trust."""
    connection, _, _ = ask_for_tunnel(proxy, "api.github.com:443")
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(connection, server_hostname="api.github.com")
    end = time.monotonic() + 10
    while not ghdeploy.conversation.text() and time.monotonic() < end:  # the tunnel has a thread of its own
        time.sleep(0.01)
    assert ghdeploy.conversation.text() == (
        "  !  the TLS handshake in a tunnel to api.github.com failed (TLSV1_ALERT_UNKNOWN_CA): the client has to trust "
        f"{proxy.ca_file}"
    )


# Everything else is refused


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("registry.invalid:443", "registry.invalid:443"),
        ("API.github.com.evil.invalid:443", "api.github.com.evil.invalid:443"),
        ("github.community:443", "github.community:443"),
        ("api.github.com:22", "api.github.com:22"),
        ("a_b.github.com:443", "a_b.github.com:443"),
        ("127.0.0.1:443", "127.0.0.1:443"),
        ("[::1]:8443", "::1:8443"),
    ],
)
def test_other_tunnels_are_refused_and_recorded(
    ghdeploy: FakeGitHub, proxy: LiveServer, target: str, place: str
) -> None:
    """A 403 with the reason. It is in the conversation, and does not fail the test."""
    reason = f"a tunnel to {place} was refused: this proxy answers for GitHub and connects to no host"
    assert refusal_of(proxy, target) == (403, reason)
    assert refusal_of(proxy, target) == (403, reason)
    assert proxy.refused_hosts == [place]
    assert ghdeploy.conversation.text() == f"  !  {reason}\n  !  {reason}"
    assert ghdeploy._engine.take_problem() is None
    assert len(ghdeploy.requests) == 0


def test_a_host_that_is_passed_through_is_refused(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """The proxy connects to no host, not even to one that clients in this process may reach."""
    ghdeploy.pass_through("raw.githubusercontent.com")
    assert refusal_of(proxy, "raw.githubusercontent.com:443")[0] == 403
    assert ghdeploy._engine.take_problem() is None


def test_of_many_refused_hosts_some_are_forgotten(proxy: LiveServer) -> None:
    """A client could name any number of hosts."""
    for number in range(1005):
        assert proxy._proxy
        proxy._proxy.open(f"h{number}.invalid:443")
    assert proxy.refused_hosts[:2] == ["h0.invalid:443", "h1.invalid:443"]
    assert len(proxy.refused_hosts) == 1000


@pytest.mark.parametrize("target", ["api.github.com", "api.github.com:", ":443", "api.github.com:443/x", "a b:443"])
def test_a_malformed_target_is_refused(proxy: LiveServer, target: str) -> None:
    """CONNECT takes a host and a port."""
    assert refusal_of(proxy, target)[0] == 400
    assert proxy.refused_hosts == []


def test_bytes_before_the_tunnel_are_refused(proxy: LiveServer) -> None:
    """A client has to wait for the answer before it sends bytes into the tunnel."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        connection.sendall(b"CONNECT api.github.com:443 HTTP/1.1\r\nHost: api.github.com\r\n\r\n\x16\x03\x01")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_a_tunnel_in_a_tunnel_is_refused(proxy: LiveServer) -> None:
    """GitHub is not a proxy."""
    with tunnel(proxy, "api.github.com") as inside:
        inside.putrequest("CONNECT", "api.github.com:443")
        inside.endheaders()
        assert inside.sock.recv(65536).startswith(b"HTTP/1.1 501 ")


def test_without_proxy_there_are_no_tunnels(ghdeploy_server: LiveServer) -> None:
    """The refusal says how to get them, and the attributes of a proxy are errors that do so too."""
    status, text = refusal_of(ghdeploy_server, "api.github.com:443")
    assert (status, "serve(proxy=True)" in text) == (501, True)
    for name in ("proxy_url", "proxy_env", "refused_hosts"):
        with pytest.raises(FakeError, match=r"is not a proxy: use serve\(proxy=True\)"):
            getattr(ghdeploy_server, name)


# HTTP


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_http_is_redirected_to_https(ghdeploy: FakeGitHub, proxy: LiveServer, method: str) -> None:
    """As on GitHub. The conversation says so, because clients turn a redirected POST into a GET."""
    answer = plainly(proxy, f"http://api.github.com{REPO}?a=%20b", method)
    assert (answer.status, answer.headers["Location"]) == (301, f"{PUBLIC}{REPO}?a=%20b")
    assert answer.read() == b""
    assert ghdeploy.conversation.text() == f"  !  {REDIRECT}"
    assert len(ghdeploy.requests) == 0


def test_a_tunnel_to_the_port_of_http_is_redirected_too(proxy: LiveServer) -> None:
    """Some clients open tunnels for HTTP."""
    connection, status, _ = ask_for_tunnel(proxy, "github.com:80")
    assert status == 200
    inside = http.client.HTTPConnection("127.0.0.1", proxy.port)
    inside.sock = connection
    inside.request("GET", "/octocat", headers={"User-Agent": "me"})
    assert inside.getresponse().headers["Location"] == "https://github.com/octocat"
    inside.close()


def test_an_enterprise_server_without_tls_answers_over_http(ghdeploy_factory: Factory) -> None:
    """If ``base_url`` says so."""
    fake = ghdeploy_factory(base_url="http://ghe.example.com/api/v3")
    with fake.serve(proxy=True) as server:
        assert plainly(server, "http://ghe.example.com/api/v3/user").status == 401
    assert fake.requests[-1].url == "http://ghe.example.com/api/v3/user"


def test_requests_to_other_hosts_are_refused(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """As tunnels are."""
    answer = plainly(proxy, "http://metrics.invalid/x?token=abc")
    reason = "a request to metrics.invalid:80 was refused: this proxy answers for GitHub and connects to no host"
    assert (answer.status, answer.read().decode().strip()) == (403, reason)
    assert plainly(proxy, "http://127.0.0.1:1/").status == 403
    assert proxy.refused_hosts == ["metrics.invalid:80", "127.0.0.1:1"]
    assert ghdeploy.conversation.text().splitlines()[0] == f"  !  {reason}"


def test_the_server_answers_under_its_own_address_as_without_a_proxy(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """With a path, and with a whole URL as from a client that uses the proxy for everything; also an allowed name."""
    for target in ("/api/v3/versions", f"{proxy.url}/api/v3/versions", f"http://localhost:{proxy.port}/versions"):
        assert plainly(proxy, target).status == 200
    assert plainly(ghdeploy.serve(proxy=True, allow_hosts=["github.test"]), "http://github.test/versions").status == 200


# With HTTPS


def test_the_proxy_of_an_https_server(proxy: LiveServer) -> None:
    """One port speaks HTTPS as the API, and HTTP as the proxy."""
    both = proxy(tls=True, proxy=True)
    assert (both.url[:8], both.proxy_url) == ("https://", f"http://127.0.0.1:{both.port}")
    with tunnel(both, "api.github.com") as inside:
        assert send(inside, "GET", REPO)[0] == 200
    direct = http.client.HTTPSConnection(
        "127.0.0.1", both.port, context=ssl.create_default_context(cafile=both.ca_file)
    )
    assert send(direct, "GET", REPO)[1]["url"] == f"{both.url}{REPO}"
    direct.close()
    assert plainly(both, "http://api.github.com/").status == 301
    assert plainly(both, "/").status == 400
    assert plainly(both, f"http://127.0.0.1:{both.port}/").status == 400


# Variables


def test_the_variables_of_a_proxy(ghdeploy: FakeGitHub, proxy: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the server, with those that lead clients through the proxy. No earlier exception leads past it."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "api.github.com")
    ghdeploy.add_token(TOKEN)
    url, ca_file = proxy.proxy_url, proxy.ca_file
    assert url == proxy.url
    changed = {name: value for name, value in proxy.proxy_env.items() if value != proxy.env.get(name)}
    assert changed == {
        "GH_HOST": "github.com",
        **dict.fromkeys(["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"], url),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "NODE_USE_ENV_PROXY": "1",
        **dict.fromkeys(
            ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"], ca_file
        ),
    }
    assert proxy.proxy_env["GITHUB_TOKEN"] == TOKEN
    assert proxy.env["GITHUB_API_URL"] == proxy.proxy_env["GITHUB_API_URL"] == proxy.api_url
    assert proxy.env["NO_PROXY"] == "api.github.com,127.0.0.1,localhost"


def test_the_ca_file_of_a_proxy_is_removed(proxy: LiveServer) -> None:
    """With the server."""
    ca_file = Path(proxy.ca_file)
    assert ca_file.is_file()
    proxy.close()
    assert not ca_file.parent.exists()


def test_without_trustme_the_extra_is_named(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install. No server is started."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    tls.authority.cache_clear()
    with pytest.raises(FakeError, match=r"serve\(proxy=True\) need trustme .*pip install 'pytest-ghdeploy\[tls\]'"):
        ghdeploy.serve(proxy=True)
    assert not registry.servers


def test_proxy_must_be_true_or_false(ghdeploy: FakeGitHub) -> None:
    """The URL of another proxy is refused."""
    with pytest.raises(FakeError, match="proxy must be True or False"):
        ghdeploy.serve(proxy="http://127.0.0.1:1")  # type: ignore[arg-type]


def test_archives_are_downloaded_in_tunnels(ghdeploy: FakeGitHub, proxy: LiveServer) -> None:
    """A program that follows the link of an archive reaches codeload, which is the fake too."""
    sha = ghdeploy.repository("octocat/example").sha("main")
    with tunnel(proxy, "api.github.com") as inside:
        inside.request("GET", f"{REPO}/zipball/v1", headers={"User-Agent": "a test"})
        assert inside.getresponse().headers["Location"] == "https://codeload.github.com/octocat/example/legacy.zip/v1"
    with tunnel(proxy, "codeload.github.com") as inside:
        inside.request("GET", f"/octocat/example/zip/{sha}?a=b")
        answer = inside.getresponse()
        assert (answer.status, answer.read()[:2]) == (200, b"PK")
    with tunnel(proxy, "github.com") as inside:
        inside.request("GET", f"/octocat/example/archive/{sha}.zip")
        location = inside.getresponse().headers["Location"]
    assert location == f"https://codeload.github.com/octocat/example/zip/{sha}"
    assert ghdeploy.requests[-1].url == f"https://github.com/octocat/example/archive/{sha}.zip"
