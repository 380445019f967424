"""Which requests the live server answers: those of programs and web pages on this machine."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from client import REPO

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, LiveServer

DEPLOYMENTS = f"{REPO}/deployments"
HERE = [
    "127.0.0.1",
    "127.0.0.1:{port}",
    "127.0.0.1:1",
    "127.9.9.9",
    "[::1]",
    "[::1]:{port}",
    "localhost",
    "LocalHost:{port}",
    "localhost.",
    "github.localhost:{port}",
    "fake.test:{port}",
    "FAKE.test.",
    "10.0.0.7",
    "[fd00::7]:{port}",
    "github_fake",
]
ELSEWHERE = [
    "evil.example",
    "evil.example:{port}",
    "api.github.com",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil-localhost",
    "sub.fake.test",
    "127.1",
    "2130706433",
    "0.0.0.0",  # noqa: S104 - a header
    "192.168.0.1:{port}",
    "[::2]",
    "[fd00::8]",
]


@pytest.fixture
def server(ghdeploy: FakeGitHub) -> LiveServer:
    """Serve a repository under some more names."""
    ghdeploy.add_repository("octocat/example")
    return ghdeploy.serve(allow_hosts=["fake.test", "10.0.0.7", "[FD00::7]", "github_fake"])


def ask(
    server: LiveServer, method: str = "POST", target: str = DEPLOYMENTS, body: str = '{"ref": "main"}', **headers: str
) -> tuple[int, dict[str, str], str]:
    """Send a request with these headers only; return the status, headers and body of the response."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    usual = {"Host": "localhost", "User-Agent": "test", "Authorization": "Bearer any", "Content-Length": str(len(body))}
    for name, value in (usual | {name.replace("_", "-"): text for name, text in headers.items()}).items():
        connection.putheader(name, value)
    connection.endheaders(body.encode())
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, text


def nothing_changed(fake: FakeGitHub) -> bool:
    """Return whether no request has reached the fake."""
    return not fake.repository("octocat/example").deployments and not fake.requests and not fake.events


@pytest.mark.parametrize("host", HERE)
def test_loopback_and_allowed_hosts_are_answered(server: LiveServer, host: str) -> None:
    """With and without a port, in upper and lower case. URLs in the response have the host of the request."""
    host = host.format(port=server.port)
    status, _, text = ask(server, Host=host)
    assert status == 201
    assert f'"url":"http://{host}/repos/' in text


@pytest.mark.parametrize("host", ELSEWHERE)
def test_other_hosts_are_refused(ghdeploy: FakeGitHub, server: LiveServer, host: str) -> None:
    """The message says how to allow the name. Nothing reaches the fake."""
    host = host.format(port=server.port)
    status, headers, text = ask(server, Host=host)
    name = host.partition("]")[0].strip("[") if "[" in host else host.partition(":")[0]
    assert status == 403
    assert f"ghdeploy serve --allow-host {name} or serve(allow_hosts=['{name}'])" in text
    assert not [name for name in headers if name.startswith("access-control")]
    assert nothing_changed(ghdeploy)
    assert ghdeploy._engine.take_problem() is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PATCH", "PUT", "DELETE", "BREW"])
def test_every_method_is_refused_for_another_host(ghdeploy: FakeGitHub, server: LiveServer, method: str) -> None:
    """Below `/api/v3` and with HTTP/1.0 too."""
    for target in (DEPLOYMENTS, f"/api/v3{DEPLOYMENTS}", "/", "/api/graphql"):
        assert ask(server, method, target, "", Host="evil.example")[0] == 403
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"{method} {DEPLOYMENTS} HTTP/1.0\r\nHost: evil.example\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert nothing_changed(ghdeploy)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /versions HTTP/1.0\r\nUser-Agent: me\r\n\r\n", 200),  # browsers do not send HTTP/1.0
        (b"GET /versions HTTP/1.1\r\nUser-Agent: me\r\n\r\n", 400),
        (b"GET /versions HTTP/1.1\r\nUser-Agent: me\r\nHost:\r\n\r\n", 200),  # nor an empty host
        (b"GET /versions HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET /versions HTTP/1.1\r\nHost: evil.example, localhost\r\n\r\n", 400),
        (b"GET /versions HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n", 400),
        (b"GET /versions HTTP/1.1\r\nHost: evil.example/localhost\r\n\r\n", 400),
        (b"GET /versions HTTP/1.1\r\nUser-Agent: me\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n", 403),
    ],
)
def test_a_missing_or_ambiguous_host(server: LiveServer, head: bytes, status: int) -> None:
    """Only a request without any name counts as one for localhost."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("host", ["api.github.com", "localhost", "fake.test", "evil.example"])
def test_a_proxied_request_is_for_the_host_in_its_url(server: LiveServer, host: str) -> None:
    """The header `Host` does not matter then."""
    for header in ("evil.example", "localhost"):
        status, _, _ = ask(server, "POST", f"http://{host}{DEPLOYMENTS}", Host=header)
        assert status == (502 if host == "evil.example" else 201)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "https://localhost",
        "http://127.0.0.1:{port}",
        "http://[::1]:3000",
        "http://app.localhost:8080",
        "https://fake.test",
        "http://FAKE.test:3000",
    ],
)
def test_pages_of_this_machine_and_of_allowed_hosts_are_answered(server: LiveServer, origin: str) -> None:
    """They may read the response, as on GitHub. Their preflight is answered too."""
    origin = origin.format(port=server.port)
    status, headers, _ = ask(server, Origin=origin, Sec_Fetch_Site="cross-site")
    assert (status, headers["access-control-allow-origin"]) == (201, "*")
    status, headers, _ = ask(server, "OPTIONS", body="", Origin=origin, Access_Control_Request_Method="POST")
    assert (status, headers["access-control-allow-origin"]) == (204, "*")


FOREIGN = [
    "https://evil.example",
    "http://evil.example:3000",
    "null",
    "",
    "http://localhost.evil.example",
    "http://evil.example/localhost",
    "http://localhost@evil.example",
    "http://evil.example#@localhost",
    "http://localhost, http://evil.example",
    "http://evil.example http://localhost",
    "localhost",
    "//localhost",
    "file://",
    "ftp://localhost",
    "chrome-extension://localhost",
    "http://127.1",
    "http://0.0.0.0:3000",
    "http://sub.fake.test",
]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS", "DELETE", "HEAD"])
def test_pages_of_other_sites_are_refused(ghdeploy: FakeGitHub, server: LiveServer, method: str, origin: str) -> None:
    """No header lets them read the response, and nothing reaches the fake."""
    status, headers, _ = ask(server, method, body="", Origin=origin)
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control")]
    assert nothing_changed(ghdeploy)


def test_a_refused_page_can_be_allowed(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """The message says how, if the page has a host. A server started with that name answers."""
    advice = "ghdeploy serve --allow-host evil.example or serve(allow_hosts=['evil.example']) allows them"
    expected = f"requests from pages of other sites are refused (Origin: https://evil.example:1): {advice}\n"
    assert ask(server, Origin="https://evil.example:1")[2] == expected
    assert ask(server, Origin="null")[2] == "requests from pages of other sites are refused (Origin: null)\n"
    other = server(allow_hosts=["evil.example"])
    assert ask(other, Origin="https://evil.example:1")[0] == 201
    assert len(ghdeploy.requests) == 1


def test_a_page_in_a_browser_with_the_fake_as_proxy_is_refused(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """A whole URL as target does not make the page of another site harmless."""
    assert ask(server, "POST", f"http://api.github.com{DEPLOYMENTS}", Origin="https://evil.example")[0] == 403
    assert nothing_changed(ghdeploy)


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 200), ("same-origin", 200), ("none", 200)]
)
def test_images_and_links_of_other_sites_are_refused(
    ghdeploy: FakeGitHub, server: LiveServer, site: str, status: int
) -> None:
    """They have no `Origin`. Their requests would be recorded, and a scripted third party would see a poll."""
    assert ask(server, "GET", body="", Sec_Fetch_Site=site)[0] == status
    assert len(ghdeploy.requests) == (status == 200)


def test_a_websocket_handshake_is_a_request_like_any_other(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """Browsers send it without asking first, but with an `Origin`."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert ask(server, "GET", body="", Origin="https://evil.example", **upgrade)[0] == 403
    assert nothing_changed(ghdeploy)
    assert ask(server, "GET", body="", **upgrade)[0] == 200


def test_the_connection_stays_usable_after_a_refusal(ghdeploy: FakeGitHub, server: LiveServer) -> None:
    """A refusal with a body is read to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    statuses = []
    for host in ("evil.example", "localhost"):
        connection.request(
            "POST", DEPLOYMENTS, '{"ref": "main"}', {"Host": host, "User-Agent": "test", "Authorization": "token x"}
        )
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()
    assert statuses == [403, 201]
    assert len(ghdeploy.requests) == 1


def test_the_admin_interface_is_answered_under_allowed_names(ghdeploy: FakeGitHub) -> None:
    """A page may use it only from the server's own origin, even if its host is allowed."""
    server = ghdeploy.serve(admin=True, allow_hosts=["fake.test"])
    clock, own = "/_ghdeploy/clock", f"fake.test:{server.port}"
    assert ask(server, "GET", clock, "", Host="fake.test")[0] == 200
    assert ask(server, "GET", clock, "", Host=own, Origin=f"http://{own}")[0] == 200
    assert ask(server, "GET", clock, "", Host=own, Origin="http://fake.test:1")[0] == 403
    assert ask(server, "GET", clock, "", Host="evil.example")[0] == 403
    assert ask(server, "GET", clock, "", Host=f"localhost:{server.port}", Origin="http://localhost:3000")[0] == 403


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ("fake.test", "allow_hosts must be a list of host names, such as [\"fake.test\"]; got 'fake.test'"),
        (None, 'allow_hosts must be a list of host names, such as ["fake.test"]; got None'),
        *(
            ([name], f'allow_hosts takes host names without a scheme and a port, such as "fake.test"; got {name!r}')
            for name in (
                "",
                "http://fake.test",
                "fake.test:80",
                "[::1]:80",
                "a b",
                "*",
                "*.fake.test",
                "-a",
                "a..b",
                "ä",
                7,
            )
        ),
    ],
)
def test_invalid_names_are_refused(ghdeploy: FakeGitHub, names: Any, shown: str) -> None:  # noqa: ANN401 - any mistake
    """The message says what is wrong. No server is started."""
    with pytest.raises(FakeError, match=f"^{re.escape(shown)}$") as refused:
        ghdeploy.serve(allow_hosts=names)
    assert refused.value.argument == "allow_hosts"
    assert not ghdeploy._servers


def test_the_certificate_covers_allowed_names(ghdeploy: FakeGitHub) -> None:
    """A client that uses such a name trusts it. Names that no certificate can have are left out."""
    server = ghdeploy.serve(tls=True, allow_hosts=["fake.test", "github_fake"])
    context = ssl.create_default_context(cafile=server.ca_file)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname="fake.test") as secured,
    ):
        secured.sendall(b"GET /versions HTTP/1.1\r\nHost: fake.test\r\nUser-Agent: me\r\nConnection: close\r\n\r\n")
        assert secured.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
