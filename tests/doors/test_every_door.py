"""The same scenarios through every door."""

from __future__ import annotations

import asyncio
import http.client
import importlib
import inspect
import io
import json
import re
import socket
import tarfile
import time
import traceback
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import github
import httpx
import httpx2
import pytest
import requests
import requests_mock
import trio
import urllib3
import vcr
from broken_server import broken_server
from local_server import local_server
from through_every_door import DOORS, Said, with_aiohttp, with_async_httpx

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.doors import (
    aiohttp as aiohttp_door,
    coexistence,
    http_client,
    httpx as httpx_door,
    network_guard,
    patching,
    pygithub,
    registry,
    requests as requests_door,
    urllib3 as urllib3_door,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from pytest_ghdeploy.interface.faults import FaultKind

    Ask = Callable[..., Said]

HEADERS = {"Authorization": "Bearer ghp_of_the_tests_0001", "User-Agent": "a tool of ours"}


class Client:
    """A tool that uses one library."""

    def __init__(self, root: str, ask: Ask) -> None:
        """Send requests to the API at *root*."""
        self.root = root
        self.ask = ask

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Said:
        """Send a request, with *body* as JSON if there is one."""
        data = None if body is None else json.dumps(body).encode()
        return self.ask(method, f"{self.root}{path}", {**HEADERS, **headers}, data)


@pytest.fixture(params=[*DOORS, "live server by HTTP", "live server by HTTPS"])
def client(request: pytest.FixtureRequest, ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return a client for each door, and one for the live server over HTTP and HTTPS."""
    if request.param in DOORS:
        return Client(ghdeploy.base_url, DOORS[request.param])
    tls = request.param.endswith("HTTPS")
    server = ghdeploy.serve(tls=tls)
    if tls:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.ca_file)
    return Client(server.api_url, DOORS["requests"])


def test_a_deployment_goes_through_every_door_alike(client: Client, ghdeploy: FakeGitHub) -> None:
    """Refuse, create, report, list, read conditionally, delete, and follow a rename."""
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_branch("topic/with-slash")
    deployments = "/repos/octocat/example/deployments"

    sha = repo.sha("topic/with-slash")
    pending = {"state": "pending", "context": "ci/tests", "description": "läuft noch"}
    assert client("POST", f"/repos/octocat/example/statuses/{sha}", pending).status == 201
    refused = client("POST", deployments, {"ref": "topic/with-slash"})
    assert refused.status == 409
    assert json.loads(refused.body)["message"] == "Conflict: Commit status checks failed for topic/with-slash."
    assert "ci/tests is pending" in refused.headers["x-ghdeploy-hint"]
    assert client("POST", f"/repos/octocat/example/statuses/{sha}", {**pending, "state": "success"}).status == 201

    made = client("POST", deployments, {"ref": "topic/with-slash", "payload": {"größe": "✓"}})
    assert made.status == 201
    deployment = json.loads(made.body)
    assert deployment["payload"] == {"größe": "✓"}
    assert deployment["url"] == f"{client.root}{deployments}/{deployment['id']}"
    one = f"{deployments}/{deployment['id']}"
    for state in ("in_progress", "success"):
        assert client("POST", f"{one}/statuses", {"state": state}).status == 201
    statuses = json.loads(client("GET", f"{one}/statuses").body)
    assert [status["state"] for status in statuses] == ["success", "in_progress"]

    for number in range(3):
        repo.add_deployment(ref="main", environment=f"qa-{number}")
    page = client("GET", f"{deployments}?per_page=2&page=2")
    assert 'rel="prev"' in page.headers["link"]
    assert [found["id"] for found in json.loads(page.body)][-1] == deployment["id"]

    got = client("GET", one)
    fresh = client("GET", one, **{"If-None-Match": got.headers["etag"]})
    assert (fresh.status, fresh.body) == (304, b"")
    assert "content-type" not in fresh.headers
    headed = client("HEAD", one)
    assert (headed.status, headed.body) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"] == str(len(got.body))

    gone = client("DELETE", one)
    assert (gone.status, gone.body) == (204, b"")
    assert client("GET", one).status == 404

    repo.rename("octocat/renamed")
    moved = client("GET", "/repos/octocat/example")
    assert moved.status == 301
    assert json.loads(client("GET", moved.headers["location"].removeprefix(client.root)).body)["name"] == "renamed"

    assert [event.name for event in ghdeploy.events] == [
        *["status"] * 2,
        "deployment",
        *["deployment_status"] * 2,
        *["deployment"] * 3,
    ]


def test_every_door_records_requests_alike(client: Client, ghdeploy: FakeGitHub) -> None:
    """Method, URL, headers and body are recorded as sent, without the token."""
    ghdeploy.add_repository("octocat/example")
    body = {"ref": "main", "environment": "qa"}
    assert client("POST", "/repos/octocat/example/deployments?a=b&page=2", body).status == 201
    (recorded,) = ghdeploy.requests
    assert (recorded.method, recorded.path) == ("POST", "/repos/octocat/example/deployments")
    assert recorded.url == f"{client.root}/repos/octocat/example/deployments?a=b&page=2"
    assert json.loads(recorded.request_body) == body
    assert recorded.request_headers["User-Agent"] == "a tool of ours"
    assert recorded.request_headers["Content-Length"] == str(len(recorded.request_body))
    assert "ghp_of_the_tests_0001" not in repr(recorded) + ghdeploy.conversation_text()


@pytest.mark.parametrize("name", DOORS)
def test_an_unsupported_request_raises_the_fakes_error(ghdeploy: FakeGitHub, name: str) -> None:
    """No library wraps the error, and it fails the test even if the caller swallows it."""
    ghdeploy.add_repository("octocat/example")
    for url, match in (
        ("https://api.github.com/repos/octocat/example/milestones", "this fake does not implement"),
        ("https://github.com/octocat/example", "a request to github.com cannot be answered"),
        ("https://codeload.github.com/octocat/example", "a request to codeload.github.com cannot be answered"),
        ("https://uploads.github.com/x", "a request to uploads.github.com cannot be answered"),
        ("http://API.GitHub.com./repos/octocat/example/milestones", "this fake does not implement"),
    ):
        with pytest.raises(UnsupportedRequest, match=match):
            DOORS[name]("GET", url, HEADERS, None)
        with pytest.raises(UnsupportedRequest, match=match):
            ghdeploy._engine.raise_problem()


@pytest.mark.parametrize("name", DOORS)
def test_a_crash_of_the_fake_reaches_the_caller(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No library turns a bug of ours into a network error."""

    def crash(*_: object) -> None:
        msg = "a bug of ours"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(ghdeploy._engine.application, "handle", crash)
    with pytest.raises(ZeroDivisionError, match="a bug of ours"):
        DOORS[name]("GET", "https://api.github.com/user", HEADERS, None)
    assert isinstance(ghdeploy._engine.take_problem(), ZeroDivisionError)


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("root", ["https://ghe.example.com/api/v3", "http://ghe.example.com:8080/api/v3"])
def test_an_enterprise_server_is_reached_through_every_door(
    ghdeploy_factory: Callable[..., FakeGitHub], name: str, root: str
) -> None:
    """Its base URL decides on host, port and prefix."""
    fake = ghdeploy_factory(base_url=root)
    fake.add_repository("octocat/inside")
    said = DOORS[name]("GET", f"{root}/repos/octocat/inside", HEADERS, None)
    assert json.loads(said.body)["url"] == f"{root}/repos/octocat/inside"
    assert fake.requests[0].url == f"{root}/repos/octocat/inside"


@pytest.mark.parametrize("name", DOORS)
def test_an_archive_is_downloaded_through_every_door(ghdeploy: FakeGitHub, name: str) -> None:
    """It comes from another host of GitHub's, of which the fake answers downloads only."""
    ghdeploy.add_repository("octocat/example").add_commit("main", files={"a.bin": bytes(range(256)) * 500})
    link = DOORS[name]("GET", "https://api.github.com/repos/octocat/example/tarball/main", HEADERS, None)
    url = "https://codeload.github.com/octocat/example/legacy.tar.gz/refs/heads/main"
    assert (link.status, link.headers["location"], link.body) == (302, url, b"")
    said = DOORS[name]("GET", url, {"User-Agent": "a tool of ours"}, None)
    with tarfile.open(fileobj=io.BytesIO(said.body)) as archive:
        assert [member.name.partition("/")[2] for member in archive] == ["", ".gitignore", "README.md", "a.bin"]
    page = DOORS[name]("GET", "https://github.com/octocat/example/archive/main.zip", HEADERS, None)
    assert page.headers["location"] == "https://codeload.github.com/octocat/example/zip/refs/heads/main"
    ghdeploy.pass_through("codeload.github.com")
    assert not registry.is_ours("codeload.github.com")


@pytest.mark.parametrize("name", DOORS)
def test_every_library_sends_a_user_agent(ghdeploy: FakeGitHub, name: str) -> None:
    """Libraries add their own if the tool sets none. http.client does not, so the test adds one."""
    ghdeploy.add_repository("octocat/example")
    assert DOORS[name]("GET", "https://api.github.com/repos/octocat/example", {}, None).status == 200
    assert ghdeploy.requests[0].request_headers["User-Agent"]


# Failed connections


# As multiples of the timeout: for the whole request, and for each read.
_AIOHTTP_LIMITS = {
    "aiohttp with total": (1, None),
    "aiohttp with total and sock_read": (1, 1),
    "aiohttp with total before sock_read": (1, 50),
    "aiohttp with sock_read before total": (50, 1),
}


def _aiohttp_within(total: int, read: int | None) -> Ask:
    def ask(
        method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float | None = None
    ) -> Said:
        assert timeout
        limits = aiohttp.ClientTimeout(total=total * timeout, sock_read=read and read * timeout)
        return with_aiohttp(method, url, headers, body, limits)

    return ask


_WAYS = {
    **DOORS,
    **{name: _aiohttp_within(*limits) for name, limits in _AIOHTTP_LIMITS.items()},
    "httpx trio": with_async_httpx(httpx, trio.run),
    "httpx2 trio": with_async_httpx(httpx2, trio.run),
}


def _outcome(name: str, method: str, url: str, timeout: float) -> tuple[object, ...]:
    """Send a request; return the classes of its exception and of those inside, and which built-in ones catch it."""
    try:
        _WAYS[name](method, url, HEADERS, b'{"ref": "main"}' if method == "POST" else None, timeout)
    except Exception as problem:  # noqa: BLE001 - each library has its own
        classes: list[object] = []
        inner: Any = problem
        while inner is not None:
            classes.append(type(inner))
            inside = (getattr(inner, "reason", None), getattr(inner, "os_error", None), *inner.args)
            inner = next((each for each in inside if isinstance(each, Exception)), None)
        return (*classes, isinstance(problem, TimeoutError), isinstance(problem, ConnectionError))
    return ()


@pytest.mark.parametrize("failure", ["connection", "reset", "timeout", "truncated"])
def test_a_failure_raises_the_same_as_on_a_network(ghdeploy: FakeGitHub, failure: FaultKind) -> None:
    """Each library retries as often and raises the same exceptions as with a server that really fails."""
    ghdeploy.add_repository("octocat/example")
    path = "/repos/octocat/example/deployments"
    ghdeploy.faults.add(path=path, error=failure, times=1000, required=False)
    timeout = 0.05 if failure == "timeout" else 5
    differing = []
    with broken_server(failure) as (url, arrived):
        for name, method in product(_WAYS, ("GET", "POST")):
            before = len(ghdeploy.requests)
            outcome = _outcome(name, method, f"https://api.github.com{path}", timeout)
            attempts = len(ghdeploy.requests) - before
            on_a_network = _outcome(name, method, url, timeout)
            if failure != "connection":  # then no server counts
                attempts -= sum(arrived.acquire(timeout=5) for _ in range(attempts)) + arrived.acquire(blocking=False)
            if not outcome or outcome != on_a_network or (attempts and failure != "connection"):
                differing.append((name, method, outcome, on_a_network, attempts))
    assert not differing


def test_a_timeout_is_raised_at_once(ghdeploy: FakeGitHub) -> None:
    """However long the client would wait. The message does not say that it would wait forever."""
    ghdeploy.faults.add(error="timeout", times=1000, required=False)
    start = time.monotonic()
    for ask in DOORS.values():
        with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own, some without a text
            ask("GET", "https://api.github.com/user", HEADERS, None, 300)
        assert re.search(r"(?i)timed? ?out", repr(caught.value))
        assert "forever" not in str(caught.value)
    assert time.monotonic() - start < 5


_BLOCKING = [name for name in DOORS if "async" not in name and name != "aiohttp"]


@pytest.mark.parametrize("name", _BLOCKING)
def test_a_blocking_client_without_a_timeout_gets_one_all_the_same(ghdeploy: FakeGitHub, name: str) -> None:
    """Nothing else could end its wait. The error says that it would wait forever on a network."""
    ghdeploy.faults.add(error="timeout", times=9, required=False)
    with pytest.raises(Exception, match=r"(?i)timed? ?out") as caught:
        DOORS[name]("GET", "https://api.github.com/user", HEADERS, None, None)
    shown = "".join(traceback.format_exception(caught.value))
    assert "; the client has no timeout: on a network it would wait forever" in shown


# Connections that were opened before


@contextmanager
def _real_server(connections: list[object]) -> Iterator[str]:
    """Run a server at a host for which a fake answers later."""
    with local_server("hello", "HTTP/1.1", connections) as port:
        yield f"http://localhost:{port}/api/v3"


def _kept(name: str) -> tuple[Any, Callable[[Any, str], bytes], Callable[[Any], None]]:
    # A client that keeps its connections, a function that sends a request, and one that closes it.
    if name == "http.client":

        def ask(kept: dict[str, Any], url: str) -> bytes:
            parts = urlsplit(url)
            connection = kept.setdefault("it", http.client.HTTPConnection(parts.netloc))
            connection.request("GET", parts.path, headers=HEADERS)
            data: bytes = connection.getresponse().read()
            return data

        return {}, ask, lambda kept: kept["it"].close()
    if name == "urllib3":
        return (
            urllib3.PoolManager(),
            lambda pool, url: pool.request("GET", url, headers=HEADERS).data,
            lambda pool: pool.clear(),
        )
    client = requests.Session() if name == "requests" else importlib.import_module(name).Client()
    return client, lambda client, url: client.get(url, headers=HEADERS).content, lambda client: client.close()


@pytest.mark.parametrize("name", ["http.client", "urllib3", "requests", "httpx", "httpx2"])
def test_an_open_connection_is_not_used_while_a_fake_is_active(name: str) -> None:
    """The fake answers instead. Afterwards requests reach the server again."""
    connections: list[object] = []
    client, ask, close = _kept(name)
    with _real_server(connections) as root:
        for number in (1, 2):
            assert [ask(client, f"{root}/user") for _ in range(2)] == [b"hello"] * 2
            assert number == 1 or len(connections) <= number
            with FakeGitHub(base_url=root) as fake:
                assert [json.loads(ask(client, f"{root}/user"))["login"] for _ in range(2)] == ["octocat"] * 2
                assert len(fake.requests) == 2
        assert ask(client, f"{root}/user") == b"hello"
        close(client)


@pytest.mark.parametrize("name", ["aiohttp", "httpx", "httpx2"])
def test_an_open_async_connection_is_not_used_while_a_fake_is_active(name: str) -> None:
    """The fake answers instead, even if the pool has several open connections."""
    connections: list[object] = []
    library = importlib.import_module(name)

    async def ask(client: Any, url: str) -> bytes:  # noqa: ANN401
        if name != "aiohttp":
            return bytes((await client.get(url, headers=HEADERS)).content)
        async with client.get(url, headers=HEADERS) as answer:
            return bytes(await answer.read())

    async def run(root: str) -> None:
        client = library.AsyncClient() if name != "aiohttp" else library.ClientSession()
        async with client:
            for _ in range(2):
                said = await asyncio.gather(*(ask(client, f"{root}/user") for _ in range(3)))
                assert said == [b"hello"] * 3
                with FakeGitHub(base_url=root) as fake:
                    found = [await ask(client, f"{root}/user") for _ in range(4)]
                    assert [json.loads(data)["login"] for data in found] == ["octocat"] * 4
                    assert len(fake.requests) == 4
            assert await ask(client, f"{root}/user") == b"hello"

    with _real_server(connections) as root:
        asyncio.run(run(root))


@pytest.mark.parametrize("name", ["http.client", "urllib3", "aiohttp"])
def test_an_open_connection_to_another_host_of_github_is_not_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to a GitHub host without a fake are refused before anything is sent."""
    real = socket.getaddrinfo

    def look_up(host: object, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return real("127.0.0.1" if host == "uploads.github.com" else host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    connections: list[object] = []

    async def run(root: str) -> None:
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{root}/user") as answer:
                assert await answer.read() == b"hello"
            with FakeGitHub() as fake:
                with pytest.raises(UnsupportedRequest, match=r"a request to uploads\.github\.com"):
                    await client.get(f"{root}/user")
                assert fake._engine.take_problem()

    with _real_server(connections) as local:
        root = local.replace("localhost", "uploads.github.com")
        if name == "aiohttp":
            asyncio.run(run(root))
            return
        client, ask, close = _kept(name)
        assert ask(client, f"{root}/user") == b"hello"
        with FakeGitHub() as fake:
            with pytest.raises(UnsupportedRequest, match=r"a request to uploads\.github\.com"):
                ask(client, f"{root}/user")
            assert fake._engine.take_problem()
        close(client)


# The functions of the libraries


class _Stand(str):
    """An argument that stands for a client, a connection, a request and a URL: of a host without a fake."""

    __slots__ = ()
    _tunnel_host = sock = None
    host = "other.example.com"
    port = 80
    url = uri = property(lambda self: self)
    _conns: Mapping[object, object] = {}


def _all_patches() -> Iterator[patching.Patch]:
    for door in (requests_door, http_client, urllib3_door, network_guard):
        yield from door.PATCHES
    for door, library in (
        (httpx_door, httpx),
        (httpx_door, httpx2),
        (aiohttp_door, aiohttp),
        (coexistence, requests_mock),
        (coexistence, vcr),
        (pygithub, github),
    ):
        yield from door.patches(library)


def test_a_wrapper_takes_and_passes_on_whatever_the_function_takes() -> None:
    """Another version of a library, or a tool that replaces it, may have more parameters."""
    passed: list[tuple[object, ...]] = []

    def original(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        passed.append((*args, kwargs))
        return _Answered()

    class _Answered:
        transport = None

        def __await__(self) -> Generator[None, None, _Answered]:
            yield from ()
            return self

    for patch in _all_patches():
        wrapper = patch._wrap(original)
        parameters = [
            each for each in inspect.signature(wrapper).parameters.values() if each.kind < each.VAR_POSITIONAL
        ]
        arguments = [_Stand("http://other.example.com/") for _ in parameters] or [_Stand()]
        returned = wrapper(*arguments, [b"more"], another=3)
        if inspect.iscoroutine(returned):
            asyncio.run(returned)
        assert passed == [(*arguments, [b"more"], {"another": 3})], patch._name
        passed.clear()
