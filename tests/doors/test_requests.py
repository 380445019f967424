"""The door for requests, and what fakes leave behind."""

from __future__ import annotations

import asyncio
import gc
import http.client
import socket
import sys
import urllib.request
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from itertools import permutations
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import left_behind
import pytest
import requests
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

from pytest_ghdeploy import FakeError, FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.commands import cli
from pytest_ghdeploy.doors import import_hook, patching, registry
from pytest_ghdeploy.errors import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Factory = Callable[..., FakeGitHub]

API = "https://api.github.com"
ENTERPRISE = "https://ghe.example.com/api/v3"
OTHER_HOST = "another-host-of-github"
HEADERS = {"Authorization": "token ghp_of_the_tests_0001"}
ASKING: Any = {"headers": {**HEADERS, "User-Agent": "a tool"}}


def get(url: str) -> requests.Response:
    """Send a GET with plain requests."""
    return requests.get(url, headers=HEADERS, timeout=5)


@contextmanager
def refused(fake: FakeGitHub, match: str | None = None) -> Iterator[None]:
    """Check that the block raises ``UnsupportedRequest``, and that this would fail the test even if swallowed."""
    with pytest.raises(UnsupportedRequest, match=match):
        yield
    with pytest.raises(UnsupportedRequest, match=match):
        fake._engine.raise_problem()
    fake._engine.raise_problem()


class Local:
    """A server on this machine, and the requests that it received."""

    def __init__(self, port: int) -> None:
        """Start without requests."""
        self.url = f"http://127.0.0.1:{port}"
        self.received: list[str] = []


@pytest.fixture
def local() -> Iterator[Local]:
    """Run a server on 127.0.0.1 that answers every request with its request line, even one for a proxy."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            server_log.received.append(f"{self.command} {self.path}")
            body = server_log.received[-1].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_CONNECT = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server_log = Local(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server_log
        server.shutdown()
        thread.join()


# Other hosts


def _with_requests(url: str) -> bytes:
    return requests.get(url, timeout=5).content


def _with_a_session(url: str) -> bytes:
    with requests.Session() as session:
        return session.get(url).content


def _request(url: str) -> urllib.request.Request:
    return urllib.request.Request(url, headers=HEADERS)  # noqa: S310


def _with_urllib(url: str) -> bytes:
    # Not urlopen, which reads the environment's proxies once in a process.
    with urllib.request.build_opener().open(_request(url), timeout=5) as answer:
        body: bytes = answer.read()
    return body


def _with_urllib3(url: str) -> bytes:
    with urllib3.PoolManager() as pool:
        return pool.request("GET", url).data


def _with_http_client(url: str) -> bytes:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request("GET", f"/{path}")
    body = connection.getresponse().read()
    connection.close()
    return body


def _with_asyncio(url: str) -> bytes:
    async def ask() -> bytes:
        host, _, path = url.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        writer.write(f"GET /{path} HTTP/1.0\r\n\r\n".encode())
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
        await writer.wait_closed()
        return body

    return asyncio.run(ask())


CLIENTS = [_with_requests, _with_a_session, _with_urllib, _with_urllib3, _with_http_client, _with_asyncio]


@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_local_server_answers_as_usual(
    ghdeploy: FakeGitHub, local: Local, ask: Callable[[str], bytes], name: str
) -> None:
    """Every client reaches a server on this machine by address and by name, and the fake records nothing."""
    url = local.url.replace("127.0.0.1", name)
    assert ask(f"{url}/repos/octocat/example") == b"GET /repos/octocat/example"
    assert local.received == ["GET /repos/octocat/example"]
    assert ghdeploy.requests == ()


def test_the_error_for_an_unknown_host_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same with and without a fake."""

    def nowhere(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)

    def errors() -> list[tuple[type, str]]:
        found = []
        for ask in (_with_requests, _with_urllib, _with_http_client):
            with pytest.raises(OSError, match="Name or service not known") as caught:
                ask("http://unknown.example.com/")
            found.append((caught.type, str(caught.value).partition(" at 0x")[0]))
        return found

    without = errors()
    with FakeGitHub():
        assert errors() == without
    assert [kind for kind, _ in without] == [
        requests.exceptions.ConnectionError,
        urllib.error.URLError,
        socket.gaierror,
    ]


def test_a_closed_port_is_refused_as_usual(ghdeploy: FakeGitHub) -> None:
    """The error is that of the connection."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
            requests.get(f"http://127.0.0.1:{port}/", timeout=5)
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0
    assert ghdeploy.requests == ()


# Hosts of GitHub without a fake


def _way_through(host: str) -> str:
    return rf'ghdeploy.pass_through\("{host}"\) leaves this host to other mocks and the network'


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/octocat/example",
        "https://GitHub.com/login/oauth/access_token",
        "https://uploads.github.com/repos/octocat/example/releases/1/assets",
        "https://raw.githubusercontent.com/octocat/example/main/README.md",
        "https://codeload.github.com/octocat/example",
        "https://avatars.githubusercontent.com/u/583231",
        "https://gist.github.com/octocat/1",
        "https://api.octocat.ghe.com/user",
        "http://github.com:80/octocat/example",
    ],
)
def test_other_hosts_of_github_are_refused_by_name(ghdeploy: FakeGitHub, url: str) -> None:
    """The error names the requested host and the hosts of the active fakes."""
    host = url.split("/")[2].partition(":")[0].lower()
    active = "active fakes answer for https://api.github.com only"
    message = f"a request to {host} cannot be answered: {active}. {_way_through(host)}"
    with refused(ghdeploy, f"^{with_page(message, OTHER_HOST)}$"):
        get(url)
    assert ghdeploy.requests == ()


def test_the_public_api_is_refused_while_only_an_enterprise_server_is_faked(ghdeploy_factory: Factory) -> None:
    """A tool that ignores its base URL gets an error that names the faked server."""
    fake = ghdeploy_factory(base_url=ENTERPRISE)
    active = f"active fakes answer for {ENTERPRISE} only"
    message = f"a request to api.github.com cannot be answered: {active}. {_way_through('api.github.com')}"
    with refused(fake, f"^{with_page(message, OTHER_HOST)}$"):
        get(f"{API}/user")
    assert get(f"{ENTERPRISE}/user").status_code == 200


def test_a_refusal_names_all_active_fakes(ghdeploy: FakeGitHub, ghdeploy_factory: Factory) -> None:
    """With several fakes it lists each base URL."""
    newest = ghdeploy_factory(base_url=ENTERPRISE)
    with refused(newest, f"active fakes answer for {API} and {ENTERPRISE} only"):
        get("https://uploads.github.com/")
    ghdeploy._engine.raise_problem()


@pytest.mark.parametrize("host", ["notgithub.com", "github.com.example.org", "api.github.com.evil.test", "github.io"])
def test_hosts_that_only_look_like_github_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, ghdeploy: FakeGitHub, host: str
) -> None:
    """Only the end of a host name decides."""
    passed_on = requests.Response()
    monkeypatch.setattr(HTTPAdapter, "send", lambda *_, **__: passed_on)
    passed_on.status_code = 299
    with requests.Session() as session:
        assert session.get(f"https://{host}/user").status_code == 299
    assert ghdeploy.requests == ()


# Endpoints that the fake does not support

REPO = "/repos/octocat/example"


@pytest.mark.parametrize(
    ("method", "path", "operation_id", "stub"),
    [
        ("GET", f"{REPO}/milestones", "issues/list-milestones", f'"GET", "{REPO}/milestones", status=200, json=…'),
        ("POST", f"{REPO}/issues", "issues/create", f'"POST", "{REPO}/issues", status=201, json=…'),
        (
            "GET",
            "/repositories/1296269001/milestones",
            "issues/list-milestones",
            '"GET", "/repositories/*/milestones", status=200, json=…',
        ),
        (
            "PATCH",
            f"{REPO}/milestones/1",
            "issues/update-milestone",
            f'"PATCH", "{REPO}/milestones/*", status=200, json=…',
        ),
        ("DELETE", f"{REPO}/milestones/7", "issues/delete-milestone", f'"DELETE", "{REPO}/milestones/*", status=204'),
        (
            "GET",
            f"{REPO}/branches/main/protection",
            "repos/get-branch-protection",
            f'"GET", "{REPO}/branches/main/protection", status=200, json=…',
        ),
        (
            "PUT",
            f"{REPO}/branches/a/b/protection",
            "repos/update-branch-protection",
            f'"PUT", "{REPO}/branches/a/b/protection", status=200, json=…',
        ),
        (
            "GET",
            f"{REPO}/commits/{'0a' * 20}/branches-where-head",
            "repos/list-branches-for-head-commit",
            f'"GET", "{REPO}/commits/*/branches-where-head", status=200, json=…',
        ),
        (
            "GET",
            "/search/issues",
            "search/issues-and-pull-requests",
            '"GET", "/search/issues", status=200, json=…',
        ),
        (
            "POST",
            f"{REPO}/actions/workflows/ci.yml/dispatches",
            "actions/create-workflow-dispatch",
            f'"POST", "{REPO}/actions/workflows/ci.yml/dispatches", status=204',
        ),
        (
            "GET",
            f"{REPO}/actions/jobs/6/logs",
            "actions/download-job-logs-for-workflow-run",
            f'"GET", "{REPO}/actions/jobs/*/logs", status=302, headers={{"Location": …}}',
        ),
    ],
)
def test_an_unsupported_endpoint_is_named(
    ghdeploy: FakeGitHub, method: str, path: str, operation_id: str, stub: str
) -> None:
    """The error names GitHub's operation and suggests a stub, with GitHub's status and `*` for ids and SHAs."""
    ghdeploy.add_repository("octocat/example")
    with pytest.raises(UnsupportedRequest) as caught:
        requests.request(method, f"{API}{path}", json={}, headers=HEADERS, timeout=5)
    assert str(caught.value) == with_page(
        f"{method} {path} is GitHub's {operation_id}, which this fake does not implement "
        f"(`ghdeploy routes` lists its {len(cli.routes().splitlines())} endpoints). "
        f"Stub the response: ghdeploy.stub({stub})",
        "an-endpoint-that-the-fake-lacks",
    )
    with pytest.raises(UnsupportedRequest):
        ghdeploy._engine.raise_problem()
    assert f"UnsupportedRequest: {caught.value}" in ghdeploy.conversation_text()


@pytest.mark.parametrize(
    "path", ["/repos/octocat/example/milestones", "/repos/octocat/example/branches/main/protection"]
)
def test_an_unsupported_endpoint_can_be_stubbed(ghdeploy: FakeGitHub, path: str) -> None:
    """The suggested stub works as it is."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.stub("GET", path, status=200, json=["canned"])
    assert get(f"{API}{path}").json() == ["canned"]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/nope", ""),
        (f"{REPO}/deploymentz", f"; the nearest is {REPO}/deployments"),
        (f"{REPO}/pull", f"; the nearest is {REPO}/pulls"),
        (f"{REPO}/deployment/5/statuses", f"; the nearest is {REPO}/deployments/5/statuses"),
        (f"{REPO}/", f"; the nearest is {REPO}"),
        (f"{REPO}/pulls/", f"; the nearest is {REPO}/pulls"),
        (f"/repo{REPO[6:]}", f"; the nearest is {REPO}"),
        ("/octocat/example/deployments", f"; the nearest is {REPO}/deployments"),
        (f"/api/v3{REPO}", f"; the nearest is {REPO}"),
        (f"{REPO}/deployments/5/zzz", ""),
        ("/repos//example/pulls", ""),
        (f"{REPO}/merges", "; this path has POST"),
    ],
)
def test_an_unknown_path_is_githubs_404(ghdeploy: FakeGitHub, path: str, more: str) -> None:
    """It fails no test. The hint names the other methods of the path, else the nearest path."""
    ghdeploy.add_repository("octocat/example")
    answer = get(f"{API}{path}")
    assert answer.status_code == 404
    assert answer.json() == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    }
    assert answer.headers["X-GHDeploy-Hint"] == f"GitHub has no GET {path}{more}"
    ghdeploy._engine.raise_problem()


@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("PUT", f"{REPO}/deployments", "GET and POST"),
        ("POST", REPO, "GET and PATCH and DELETE"),
        ("PATCH", f"{REPO}/pulls", "GET and POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(ghdeploy: FakeGitHub, method: str, path: str, methods: str) -> None:
    """GitHub answers 404; the hint lists the methods that the path has."""
    ghdeploy.add_repository("octocat/example")
    answer = requests.request(method, f"{API}{path}", json={}, headers=HEADERS, timeout=5)
    assert answer.status_code == 404
    assert answer.headers["X-GHDeploy-Hint"] == f"GitHub has no {method} {path}; this path has {methods}"


@pytest.mark.parametrize("url", [f"{API}/repos/octocat/example/milestones", "https://github.com/octocat/example"])
def test_a_context_manager_raises_what_the_tool_swallowed(url: str) -> None:
    """An unsupported request fails the test even if the tool swallows the exception."""

    def swallow() -> None:
        with FakeGitHub() as fake, suppress(Exception):
            fake.add_repository("octocat/example")
            get(url)

    with pytest.raises(UnsupportedRequest):
        swallow()


def test_a_context_manager_keeps_the_error_of_its_block() -> None:
    """A swallowed error does not replace the block's own error."""

    def swallow_and_fail() -> None:
        with pytest.raises(UnsupportedRequest):
            get("https://github.com/")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), FakeGitHub():
        swallow_and_fail()


SWALLOWING = """
    import socket
    import requests

    def swallow(ask):
        try:
            ask()
        except Exception:
            pass

    def test_endpoint(ghdeploy):
        ghdeploy.add_repository("octocat/example")
        swallow(lambda: requests.get("https://api.github.com/repos/octocat/example/milestones", headers={"A": "b"}))

    def test_host(ghdeploy):
        swallow(lambda: requests.get("https://github.com/octocat/example"))

    def test_look_up(ghdeploy):
        swallow(lambda: socket.getaddrinfo("api.github.com", 443))

    def test_factory(ghdeploy_factory):
        ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
        swallow(lambda: requests.get("https://api.github.com/user"))

    def test_own_error(ghdeploy):
        swallow(lambda: requests.get("https://github.com/octocat/example"))
        assert not "its own error"

    def test_not_swallowed(ghdeploy):
        assert requests.get("https://api.github.com/nope").status_code == 404
"""


def test_the_fixtures_fail_a_test_that_swallowed_an_error(pytester: pytest.Pytester) -> None:
    """They fail it once, and the next test is unaffected."""
    pytester.makepyfile(SWALLOWING)
    result = pytester.runpytest("-p", "no:randomly")
    result.assert_outcomes(failed=5, passed=1)
    result.stdout.fnmatch_lines("E   *its own error*")
    for message in (
        "GET /repos/octocat/example/milestones is GitHub's issues/list-milestones, which this fake does not implement*",
        "a request to github.com cannot be answered: active fakes answer for https://api.github.com only*",
        "look-up of api.github.com while a fake GitHub is active, by a client that the fake cannot intercept*",
        "a request to api.github.com cannot be answered: active fakes answer for https://ghe.example.com/api/v3 only*",
    ):
        result.stdout.fnmatch_lines(f"E   *UnsupportedRequest: {message}")


# The network


class Wire:
    """The names that were looked up and the addresses that were connected to."""

    def __init__(self) -> None:
        """Start empty."""
        self.names: list[object] = []


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Replace the functions of the network, below any fake: allow this machine, and record everything else."""
    found, patch = Wire(), pytest.MonkeyPatch()

    def standing_before(owner: Any, name: str, host_of: Callable[[tuple[Any, ...]], object]) -> None:  # noqa: ANN401
        original = getattr(owner, name)

        def stand(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            host = host_of(args)
            if host in ("127.0.0.1", "localhost"):
                return original(*args, **kwargs)
            found.names.append(host)
            raise socket.gaierror(socket.EAI_NONAME, "no network in this test")

        patch.setattr(owner, name, stand)

    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        standing_before(socket, name, lambda args: args[0] if args else None)
    for name in ("connect", "connect_ex"):
        standing_before(socket.socket, name, lambda args: args[1][0])
    yield found
    patch.undo()


def _through(proxy: str, url: str, **options: Any) -> None:  # noqa: ANN401
    with urllib3.ProxyManager(proxy, **options) as pool:
        pool.request("GET", url, retries=False, **ASKING)


def _opener(proxy: str, url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    opener.open(_request(url), timeout=5).close()


def _ask_directly(connection: http.client.HTTPConnection, target: str = "/user") -> None:
    with closing(connection):
        connection.request("GET", target, headers=ASKING["headers"])
        assert connection.getresponse().status == 200


def _tunnel(proxy: str, *target: Any) -> None:  # noqa: ANN401
    connection = http.client.HTTPSConnection(proxy.removeprefix("http://"))
    connection.set_tunnel(*target)
    _ask_directly(connection)


def _mounted(transport: httpx.HTTPTransport) -> None:
    with httpx.Client(mounts={"all://": transport}, headers=HEADERS) as client:
        client.get(f"{API}/user")


async def _async_httpx(proxy: str) -> None:
    async with httpx.AsyncClient(proxy=proxy, headers=HEADERS) as client:
        await client.get(f"{API}/user")


async def _aiohttp(url: str, **options: Any) -> None:  # noqa: ANN401
    async with aiohttp.ClientSession(headers=HEADERS) as session, session.get(url, **options) as answer:
        await answer.read()


# By name: each gets the URL of a server on this machine that can serve as a proxy, and requests /user.
WAYS_IN: dict[str, Callable[[str], object]] = {
    "urllib.request https": lambda _: _with_urllib(f"{API}/user"),
    "urllib.request.urlopen": lambda _: urllib.request.urlopen(_request(f"{API}/user")),  # noqa: S310
    "urllib.request http": lambda _: _with_urllib("http://api.github.com/user"),
    "urllib.request with a port": lambda _: _with_urllib("https://api.github.com:443/user"),
    "urllib.request opener with a proxy, https": lambda proxy: _opener(proxy, f"{API}/user"),
    "urllib.request opener with a proxy, http": lambda proxy: _opener(proxy, "http://api.github.com/user"),
    "urllib.request opener with a proxy and port, https": lambda proxy: _opener(proxy, f"{API}:443/user"),
    "urllib.request opener with a proxy and port, http": lambda proxy: _opener(proxy, "http://api.github.com:80/user"),
    "http.client https": lambda _: _ask_directly(http.client.HTTPSConnection("api.github.com")),
    "http.client with full-width dots": lambda _: _ask_directly(
        http.client.HTTPConnection("api\N{FULLWIDTH FULL STOP}github\N{FULLWIDTH FULL STOP}com")
    ),
    "http.client http": lambda _: _ask_directly(http.client.HTTPConnection("API.GitHub.com", 80)),
    "http.client tunnel": lambda proxy: _tunnel(proxy, "api.github.com", 443),
    "http.client tunnel with a port": lambda proxy: _tunnel(proxy, "API.GITHUB.COM:443"),
    "http.client whole URL to a proxy": lambda proxy: _ask_directly(
        http.client.HTTPConnection(proxy.removeprefix("http://")), "http://API.GitHub.com/user"
    ),
    "urllib3 pool manager": lambda _: urllib3.PoolManager().request("GET", f"{API}/user", retries=False, **ASKING),
    "urllib3 module": lambda _: urllib3.request("GET", f"{API}/user", retries=False, **ASKING),
    "urllib3 pool": lambda _: urllib3.HTTPSConnectionPool("api.github.com").request(
        "GET", "/user", retries=False, **ASKING
    ),
    "urllib3 with retries": lambda _: urllib3.PoolManager().request("GET", f"{API}/user", retries=3, **ASKING),
    "urllib3 proxy manager, https": lambda proxy: _through(proxy, f"{API}/user"),
    "urllib3 proxy manager, http": lambda proxy: _through(proxy, "http://api.github.com/user"),
    "urllib3 proxy manager, forwarding": lambda proxy: _through(proxy, f"{API}/user", use_forwarding_for_https=True),
    "httpx": lambda _: httpx.get(f"{API}/user", headers=HEADERS),
    "httpx with a proxy": lambda proxy: httpx.get(f"{API}/user", headers=HEADERS, proxy=proxy),
    "httpx2 with a proxy": lambda proxy: httpx2.get("http://api.github.com/user", headers=HEADERS, proxy=proxy),
    "httpx with a mounted proxy": lambda proxy: _mounted(httpx.HTTPTransport(proxy=proxy)),
    "httpx async with a proxy": lambda proxy: asyncio.run(_async_httpx(proxy)),
    "aiohttp": lambda _: asyncio.run(_aiohttp(f"{API}/user")),
    "aiohttp with a proxy": lambda proxy: asyncio.run(_aiohttp(f"{API}/user", proxy=proxy)),
    "aiohttp with a proxy, http": lambda proxy: asyncio.run(_aiohttp("http://API.github.com/user", proxy=proxy)),
}
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the proxies of this machine from the environment."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("no_proxies")
def test_every_client_with_a_door_is_answered(wire: Wire, ghdeploy: FakeGitHub, local: Local) -> None:
    """The fake answers without a look-up and without a proxy."""
    differing = {}
    for name, way_in in WAYS_IN.items():
        before = len(ghdeploy.requests)
        try:
            way_in(local.url)
        except Exception as problem:  # noqa: BLE001 - reported with all others
            differing[name] = [repr(problem)]
            continue
        answered = [f"{request.status} {request.path}" for request in ghdeploy.requests][before:]
        if answered != ["200 /user"]:
            differing[name] = answered
    assert (differing, wire.names, local.received) == ({}, [], [])


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("url", [f"{API}/user", "http://api.github.com/user", f"{API}:443/user"])
def test_proxies_in_the_environment_are_not_used_for_github(
    wire: Wire, ghdeploy: FakeGitHub, local: Local, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """The fake answers."""
    for name in PROXIES[:3]:
        monkeypatch.setenv(name, local.url)
    assert get(url).status_code == 200
    _with_urllib(url)
    httpx.get(url, headers=HEADERS)
    assert [request.status for request in ghdeploy.requests] == [200] * 3
    assert (wire.names, local.received) == ([], [])


@pytest.mark.usefixtures("ghdeploy")
def test_proxies_of_a_session_are_not_used_for_github(local: Local) -> None:
    """The fake answers."""
    with requests.Session() as session:
        session.proxies = {"http": local.url, "https": local.url}
        assert session.get(f"{API}/user", headers=HEADERS).status_code == 200
    assert local.received == []


@pytest.mark.usefixtures("no_proxies", "ghdeploy")
def test_an_adapter_is_given_the_environments_proxies_for_other_hosts_only(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests looks for no proxy in the environment where a fake answers, and for every other host it does."""
    monkeypatch.setenv("http_proxy", local.url)
    proxies: list[Any] = []

    class Adapter(HTTPAdapter):
        def send(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as theirs
            proxies.append(kwargs["proxies"])
            return super().send(*args, **kwargs)

    with requests.Session() as session:
        session.mount("http://", Adapter())
        session.get("http://api.github.com/user", headers=HEADERS)
        session.get("http://a.example.com/1")
    assert proxies == [{}, {"http": local.url}]


@pytest.mark.usefixtures("no_proxies", "ghdeploy")
def test_proxies_are_used_for_other_hosts(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whichever way they are configured."""
    monkeypatch.setenv("http_proxy", local.url)
    _with_urllib("http://a.example.com/1")
    _with_requests("http://b.example.com/2")
    _through(local.url, "http://c.example.com/3")
    _opener(local.url, "http://d.example.com/4")
    assert local.received == [f"GET http://{host}.example.com/{n}" for n, host in enumerate("abcd", start=1)]


def test_after_close_nothing_is_guarded(wire: Wire) -> None:
    """Names are looked up again after the last fake is closed."""
    with FakeGitHub():
        pass
    for look_up in (socket.gethostbyname, lambda host: socket.getaddrinfo(host, 443)):
        with pytest.raises(socket.gaierror):
            look_up("api.github.com")
    with pytest.raises(OSError, match="no network in this test"):
        _with_urllib(f"{API}/user")
    assert wire.names == ["api.github.com"] * 3


# Opening and closing

PLACES: list[Any] = [
    socket,
    socket.socket,
    http.client,
    http.client.HTTPConnection,
    http.client.HTTPSConnection,
    urllib.request,
    requests,
    requests.api,
    requests.adapters,
    requests.sessions,
    requests.Session,
    requests.adapters.BaseAdapter,
    HTTPAdapter,
    urllib3,
    urllib3.connection.HTTPConnection,
    urllib3.connection.HTTPSConnection,
    urllib3.connection,
    urllib3.connectionpool.HTTPConnectionPool,
    urllib3.connectionpool.HTTPSConnectionPool,
    urllib3.PoolManager,
    urllib3.ProxyManager,
    httpx.Client,
    httpx.AsyncClient,
    httpx.HTTPTransport,
    httpx.AsyncHTTPTransport,
    httpx2.Client,
    httpx2.AsyncClient,
    httpx2.HTTPTransport,
    httpx2.AsyncHTTPTransport,
    aiohttp.ClientSession,
    aiohttp.TCPConnector,
]


nothing_left_behind = partial(left_behind.nothing_left_behind, PLACES)


def test_a_fake_leaves_nothing_behind() -> None:
    """After ``close`` every attribute is as before, and inherited ones are inherited again."""
    with nothing_left_behind(), FakeGitHub():
        assert "connect" in vars(socket.socket)
        assert get(f"{API}/user").status_code == 200


def test_a_fake_leaves_nothing_behind_when_the_block_fails() -> None:
    """An error in the block makes no difference."""
    with nothing_left_behind(), pytest.raises(ZeroDivisionError), FakeGitHub():
        raise ZeroDivisionError


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_fakes_may_close_in_any_order(order: tuple[int, ...]) -> None:
    """Those still open answer, and nothing is left behind."""
    with nothing_left_behind():
        urls = [API, ENTERPRISE, "https://other.example.com/api/v3"]
        fakes = [FakeGitHub(url) for url in urls]
        for fake in fakes:
            fake.open()
        for n in order:
            assert get(f"{urls[n]}/user").status_code == 200
            fakes[n].close()
        assert [len(fake.requests) for fake in fakes] == [1, 1, 1]


@pytest.mark.parametrize("older_first", [False, True])
def test_fakes_may_overlap_without_being_nested(older_first: bool) -> None:  # noqa: FBT001
    """A fake may open while another is open and outlive it."""
    with nothing_left_behind():
        current = FakeGitHub()
        current.open()
        for _ in range(5):
            following = FakeGitHub()
            following.open()
            (current if older_first else following).close()
            current = following if older_first else current
            assert get(f"{API}/user").status_code == 200
            assert current.requests[-1].path == "/user"
        current.close()


def test_two_fakes_are_independent(ghdeploy: FakeGitHub, ghdeploy_factory: Factory) -> None:
    """Each has its own repositories, events and requests."""
    enterprise = ghdeploy_factory(base_url=ENTERPRISE)
    ghdeploy.add_repository("octocat/public")
    enterprise.add_repository("octocat/inside")
    for fake, name in ((ghdeploy, "public"), (enterprise, "inside")):
        url = f"{fake.base_url}/repos/octocat/{name}"
        created = requests.post(f"{url}/deployments", json={"ref": "main"}, headers=HEADERS, timeout=5)
        assert created.json()["url"].startswith(f"{url}/deployments/")
        assert fake.repository(f"octocat/{name}").deployments[0].id == created.json()["id"]
        fake.assert_event("deployment", repository=f"octocat/{name}")
        assert (len(fake.events), len(fake.requests)) == (1, 1)
    assert get(f"{API}/repos/octocat/inside").status_code == 404
    assert get(f"{ENTERPRISE}/repos/octocat/public").status_code == 404


def test_of_two_fakes_for_one_host_the_newest_answers() -> None:
    """When it closes, the older one answers again."""
    with FakeGitHub() as older:
        older.add_repository("octocat/older")
        assert get(f"{API}/repos/octocat/older").status_code == 200
        with FakeGitHub() as newer:
            newer.add_repository("octocat/newer")
            assert get(f"{API}/repos/octocat/newer").status_code == 200
            assert get(f"{API}/repos/octocat/older").status_code == 404
        assert get(f"{API}/repos/octocat/older").status_code == 200
        assert get(f"{API}/repos/octocat/newer").status_code == 404
    assert [request.path for request in newer.requests] == ["/repos/octocat/newer", "/repos/octocat/older"]
    assert [request.path for request in older.requests] == [
        "/repos/octocat/older",
        "/repos/octocat/older",
        "/repos/octocat/newer",
    ]


def test_a_fake_opens_once_at_a_time() -> None:
    """Opening an open fake is an error, closing a closed one is not, and a closed fake can be opened again."""
    with nothing_left_behind():
        fake = FakeGitHub()
        fake.add_repository("octocat/example")
        fake.open()
        with pytest.raises(FakeError, match=r"this fake of https://api\.github\.com is already active"):
            fake.open()
        fake.close()
        fake.close()
        fake.open()
        assert get(f"{API}/repos/octocat/example").status_code == 200
        fake.close()
    assert len(fake.requests) == 1


def test_earlier_patches_of_other_tools_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even on a class that only inherited the attribute."""
    with FakeGitHub():
        pass

    def connect(*_: object) -> None:
        pytest.fail("there should be no connection")

    for name in ("connect", "connect_ex"):
        assert name not in vars(socket.socket)
        monkeypatch.setattr(socket.socket, name, connect)
    with nothing_left_behind(), FakeGitHub():
        assert socket.socket.connect is not connect
    assert vars(socket.socket)["connect"] is vars(socket.socket)["connect_ex"] is connect


# Threads

THREADS, EACH = 16, 50


@pytest.mark.parametrize("shared", [True, False], ids=["one session", "a session each"])
def test_threads_create_distinct_deployments(ghdeploy: FakeGitHub, shared: bool) -> None:  # noqa: FBT001
    """Sixteen threads create fifty deployments each, with distinct ids, events and requests."""
    repository = ghdeploy.add_repository("octocat/example")
    url = f"{API}/repos/octocat/example/deployments"
    start = Barrier(THREADS)
    one = requests.Session()

    def create(thread: int) -> list[tuple[int, str]]:
        session = one if shared else requests.Session()
        start.wait()
        found = []
        for number in range(EACH):
            made = session.post(url, json={"ref": "main", "task": f"{thread}-{number}"}, headers=HEADERS)
            assert made.status_code == 201
            assert made.json()["task"] == f"{thread}-{number}"
            found.append((made.json()["id"], made.json()["task"]))
        session.close()
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        made = [pair for pairs in pool.map(create, range(THREADS)) for pair in pairs]

    tasks = dict(made)
    assert len(tasks) == len(set(tasks.values())) == THREADS * EACH
    stored = repository.deployments
    assert [deployment.id for deployment in stored] == sorted(tasks, reverse=True)
    assert all(tasks[deployment.id] == deployment.task for deployment in stored)
    events = ghdeploy.events.named("deployment")
    assert [event.payload["deployment"]["id"] for event in events] == sorted(tasks)
    assert len({event.delivery_id for event in events}) == THREADS * EACH
    assert len(ghdeploy.requests) == THREADS * EACH
    listed: list[int] = []
    page = f"{url}?per_page=100"
    while page:
        answer = get(page)
        listed += [deployment["id"] for deployment in answer.json()]
        page = answer.links.get("next", {}).get("url", "")
    assert listed == sorted(tasks, reverse=True)


# Spellings of a host


@pytest.mark.parametrize(
    "url",
    [
        "https://API.GITHUB.COM/user",
        "HTTPS://Api.GitHub.com/user",
        "https://api.github.com:443/user",
        "https://api.github.com:8443/user",
        "http://api.github.com/user",
        "http://api.github.com:80/user",
        "https://api.github.com./user",
        "https://api.github.com/user?",
        "https://api.github.com/user#fragment",
    ],
)
def test_a_host_may_be_spelled_in_many_ways(wire: Wire, ghdeploy: FakeGitHub, url: str) -> None:
    """Case, port, scheme and a trailing dot make no difference."""
    answer = get(url)
    assert (answer.status_code, answer.json()["login"]) == (200, "octocat")
    assert [request.path for request in ghdeploy.requests] == ["/user"]
    assert wire.names == []


@pytest.mark.parametrize(
    "base_url",
    ["https://GHE.Example.com/api/v3/", "http://ghe.example.com:8080/api/v3", "https://ghe.example.com./api/v3"],
)
def test_a_base_url_may_be_spelled_in_many_ways(ghdeploy_factory: Factory, base_url: str) -> None:
    """The case of its host, a dot at its end and a trailing slash make no difference."""
    fake = ghdeploy_factory(base_url=base_url)
    answer = get("https://ghe.example.com/api/v3/user")
    assert (answer.status_code, answer.json()["login"]) == (200, "octocat")
    assert fake.requests[0].path == "/user"


@pytest.mark.parametrize("userinfo", ["deployer:ghp_in_the_url_0001", "ghp_in_the_url_0001:x-oauth-basic"])
def test_credentials_in_a_url_authenticate_and_are_not_recorded(ghdeploy: FakeGitHub, userinfo: str) -> None:
    """They are sent as Basic authentication."""
    ghdeploy.add_token("ghp_in_the_url_0001", user="deployer")
    assert requests.get(f"https://{userinfo}@api.github.com/user", timeout=5).json()["login"] == "deployer"
    assert "ghp_in_the_url_0001" not in repr(ghdeploy.requests) + ghdeploy.conversation_text()


@pytest.mark.parametrize("path", ["/user", "/repos/octocat/example", "/api/v3x/user", "/api/v4/user", "/"])
def test_an_enterprise_server_answers_below_its_prefix_only(ghdeploy_factory: Factory, path: str) -> None:
    """A tool that omits ``/api/v3`` gets an error that names the base URL."""
    fake = ghdeploy_factory(base_url=ENTERPRISE)
    fake.add_repository("octocat/example")
    message = f"the fake cannot answer {path} on ghe.example.com: it serves only the API at {ENTERPRISE}"
    with refused(fake, f"^{with_page(message, OTHER_HOST)}$"):
        get(f"https://ghe.example.com{path}")


def test_a_closed_fake_is_freed_without_the_garbage_collector() -> None:
    """It is part of no reference cycle."""
    gc.collect()
    gc.disable()
    try:
        with FakeGitHub() as fake:
            fake.add_repository("octocat/example").add_deployment(ref="main")
        gone = weakref.ref(fake)
        del fake
        assert gone() is None
    finally:
        gc.enable()


# Several threads, each with fakes of its own


def in_threads(number: int, do: Callable[[int], None]) -> None:
    """Call *do* in several threads, and raise the first error."""
    with ThreadPoolExecutor(number) as pool:
        for one in [pool.submit(do, index) for index in range(number)]:
            one.result()


def enterprise(index: int) -> str:
    """Return the base URL of a thread's own Enterprise Server."""
    return f"https://ghe{index}.example.com/api/v3"


def test_fakes_may_open_and_close_in_several_threads() -> None:
    """Each is answered while it is open, and nothing is left behind after the last one."""

    def go(index: int) -> None:
        url = enterprise(index)
        for _ in range(8):
            with FakeGitHub(url), requests.Session() as session:
                assert session.get(f"{url}/versions", headers=ASKING["headers"]).status_code == 200
                for _ in range(10):
                    with FakeGitHub(f"{url}/more"):
                        pass

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with nothing_left_behind():
            in_threads(6, go)
    finally:
        sys.setswitchinterval(interval)


def test_a_fake_that_opens_while_the_last_one_closes_has_its_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doors are closed without interruption, and opened again for a fake that opens meanwhile."""
    undo, opened = patching.Patch.undo, Event()
    late = FakeGitHub(enterprise(1))
    threads: list[Thread] = []

    def open_late() -> None:
        late.open()
        opened.set()

    def undo_after_another_has_opened(patch: patching.Patch) -> None:
        if not threads:
            threads.append(Thread(target=open_late))
            threads[0].start()
            opened.wait(0.3)
        undo(patch)

    monkeypatch.setattr(patching.Patch, "undo", undo_after_another_has_opened)
    with nothing_left_behind():
        with FakeGitHub():
            pass
        threads[0].join()
        try:
            assert get(f"{late.base_url}/versions").status_code == 200
        finally:
            late.close()


def test_two_fakes_that_open_at_once_patch_a_library_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second patch on top of the first would be left behind."""
    arrived = Barrier(2)

    def import_together(name: str) -> Any:  # noqa: ANN401 - a module
        with suppress(Exception):  # the other does not come
            arrived.wait(0.3)
        return import_module(name)

    monkeypatch.setattr(import_hook, "import_module", import_together)
    monkeypatch.setattr(import_hook, "_patches", {})
    both = Barrier(2)

    def go(index: int) -> None:
        both.wait(10)
        with FakeGitHub(enterprise(index)):
            both.wait(10)

    with nothing_left_behind():
        in_threads(2, go)


def test_a_late_request_does_not_patch_again() -> None:
    """The last fake may be closed between the check and the patch."""
    needed: list[bool] = []

    def is_needed() -> bool:
        needed.append(registry.any_active())
        return needed[-1]

    patch = patching.Patch(requests.Session, "get", lambda _: lambda *_: "ours")
    with nothing_left_behind():
        patching.stay_on_top([patch], is_needed)
        assert needed == [False]
        with FakeGitHub():
            patching.stay_on_top([patch], is_needed)
            ours: Any = requests.Session.get
            assert ours(None, "") == "ours"
            patching.stay_on_top([patch], is_needed)  # it is on top, so nothing is checked
            assert needed == [False, True]
        patch.undo()


def test_a_loop_over_the_active_fakes_misses_none() -> None:
    """Fakes that are closed in the meantime are still visited."""
    first, second, third = (FakeGitHub(enterprise(index)) for index in range(3))
    for fake in (first, second, third):
        fake.open()
    seen = iter(registry._active)
    assert next(seen) is first._engine
    for fake in (first, second, third):
        fake.close()
    assert list(seen) == [second._engine, third._engine]
    assert not registry.any_active()
