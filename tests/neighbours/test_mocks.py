"""
Mocks for other HTTP clients, and vcrpy, beside the fake. Only the fake answers GitHub's hosts.

Each mock is started before or after the fake, and stopped before or after it.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import aioresponses
import httpx
import httpx2
import left_behind
import neighbours
import pytest
import requests.adapters
import respx
import respx.models
import urllib3.connection
import urllib3.connectionpool
import vcr
import vcr.cassette
import vcr.errors
from answered import Answered
from client import API
from through_every_door import DOORS

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neighbours import Outcome

OTHER = "https://other.example.com/theirs"
UNKNOWN = "https://unknown.example.com/"
TOKEN = "ghp_of_the_neighbours_0001"  # noqa: S105 - not a real token
HEADERS = {"Authorization": f"token {TOKEN}"}
DEPLOYMENTS = f"{API}/repos/octocat/example/deployments"
RECORDED = f"""
interactions:
- request: {{body: null, headers: {{}}, method: GET, uri: "{OTHER}"}}
  response: {{body: {{string: theirs}}, headers: {{}}, status: {{code: 200, message: OK}}}}
- request: {{body: null, headers: {{}}, method: GET, uri: "{API}/user"}}
  response: {{body: {{string: claimed}}, headers: {{}}, status: {{code: 200, message: OK}}}}
version: 1
"""


RUNNING: list[Any] = []


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Isolate the tests: remove patches that a failing test left behind."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    # Loading all certificates for each client is slow, and no server here uses TLS.
    for name in ("load_verify_locations", "load_default_certs"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *_, **__: None)
    yield
    while RUNNING:
        with suppress(Exception):
            RUNNING.pop()()


class Mock(ABC):
    """Another mock, which mocks GitHub's ``/user`` and ``github.com`` too. Each test creates one."""

    def __init__(self, folder: Path) -> None:
        """Do nothing yet; files go to *folder*."""
        self.folder = folder
        RUNNING.append(self.stop)

    @abstractmethod
    def start(self) -> None:
        """Start mocking."""

    @abstractmethod
    def stop(self) -> None:
        """Stop mocking."""

    @abstractmethod
    def check(self, local: str) -> None:
        """Check that it works as without a fake for hosts other than GitHub's."""


class Respx(Mock):
    """respx with its default, below httpx' transports."""

    using = "httpcore"

    def start(self) -> None:  # noqa: D102 - see Mock
        self.router = respx.mock(using=self.using, assert_all_called=False)
        self.router.start()
        self.router.get(OTHER).respond(text="theirs")
        self.router.route(host="api.github.com").respond(text="claimed")
        self.router.route(host="github.com").respond(text="claimed")

    def stop(self) -> None:  # noqa: D102
        self.router.stop()

    def check(self, local: str) -> None:  # noqa: ARG002, D102
        for door in ("httpx", "httpx async"):
            assert text_of(OTHER, door) == "theirs"
            with pytest.raises(respx.models.AllMockedAssertionError, match="not mocked"):
                text_of(UNKNOWN, door)
        assert {call.request.url.host for call in self.router.calls} == {"other.example.com"}


class RespxAbove(Respx):
    """respx with ``using="httpx"``, above the transports."""

    using = "httpx"


class AioResponses(Mock):
    """aioresponses, which replaces a session's requests."""

    def start(self) -> None:  # noqa: D102
        self.mock = aioresponses.aioresponses(passthrough=["http://127.0.0.1"])
        self.mock.start()
        for url in (OTHER, f"{API}/user", "https://github.com/"):
            self.mock.get(url, body="theirs", repeat=True, response_class=Answered)

    def stop(self) -> None:  # noqa: D102
        self.mock.stop()

    def check(self, local: str) -> None:  # noqa: D102
        self.mock.requests.clear()
        assert text_of(OTHER, "aiohttp") == "theirs"
        assert text_of(local, "aiohttp") == "local"
        with pytest.raises(aiohttp.ClientConnectionError, match="Connection refused: GET https://unknown"):
            text_of(UNKNOWN, "aiohttp")
        assert [str(url) for _, url in self.mock.requests] == [OTHER, UNKNOWN]


class Cassette(Mock):
    """vcrpy with a cassette that also has GitHub's ``/user``, recording nothing."""

    record_mode = "none"

    def start(self) -> None:  # noqa: D102
        self.path = self.folder / f"{self.record_mode}.yaml"
        self.path.write_text(RECORDED, "utf-8")
        self.context = vcr.VCR(record_mode=self.record_mode).use_cassette(str(self.path), allow_playback_repeats=True)
        self.cassette = self.context.__enter__()

    def stop(self) -> None:  # noqa: D102
        self.context.__exit__(None, None, None)
        text = self.path.read_text("utf-8")
        assert TOKEN not in text
        assert "claimed" in text
        assert "octocat" not in text

    def check(self, local: str) -> None:  # noqa: D102
        for door in DOORS:
            assert text_of(OTHER, door) == "theirs"
            with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException):
                text_of(local, door)


class NewEpisodes(Cassette):
    """vcrpy, which records requests that are not on the cassette."""

    record_mode = "new_episodes"

    def check(self, local: str) -> None:  # noqa: D102
        for door in DOORS:
            assert text_of(OTHER, door) == "theirs"
            assert text_of(f"{local}{door.replace(' ', '-')}", door) == "local"
        assert {request.host for request in self.cassette.requests} == {
            "127.0.0.1", "other.example.com", "api.github.com"
        }  # fmt: skip


MOCKS = [Respx, RespxAbove, AioResponses, Cassette, NewEpisodes]
PLACES: list[Any] = [
    requests.Session,
    requests.adapters.HTTPAdapter,
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
    http.client,
    http.client.HTTPConnection,
    http.client.HTTPSConnection,
    urllib3.connection,
    urllib3.connection.HTTPConnection,
    urllib3.connection.HTTPSConnection,
    urllib3.connectionpool.HTTPConnectionPool,
    urllib3.connectionpool.HTTPSConnectionPool,
    aioresponses.aioresponses,
    vcr.cassette.Cassette,
    socket,
    socket.socket,
]


nothing_left_behind = partial(left_behind.nothing_left_behind, PLACES)


def text_of(url: str, door: str) -> str:
    """Get a text, with a token if the host is GitHub's."""
    return DOORS[door]("GET", url, HEADERS if "git" in url or "ghe" in url else {}, None).body.decode()


def check_fake(fake: FakeGitHub) -> None:
    """Check that the fake answers reads and writes through every door, including requests that a mock knows too."""
    before = len(fake.requests)
    for door in DOORS.values():
        assert b'"login":"octocat"' in door("GET", f"{API}/user", HEADERS, None).body
        assert door("POST", DEPLOYMENTS, HEADERS, b'{"ref": "main"}').status == 201
    assert len(fake.requests) == before + 2 * len(DOORS)


def new_fake() -> FakeGitHub:
    """Create a fake with a repository that is not active yet."""
    fake = FakeGitHub()
    fake.add_repository("octocat/example")
    RUNNING.append(fake.close)
    return fake


@pytest.mark.parametrize("kind", MOCKS)
def test_a_mock_may_be_outside(kind: type[Mock], tmp_path: Path, local: str) -> None:
    """A mock started before the fake and stopped after it keeps all hosts except GitHub's, and then gets those back."""
    mock = kind(tmp_path)
    with nothing_left_behind():
        mock.start()
        with nothing_left_behind(), new_fake() as fake:
            check_fake(fake)
            mock.check(local)
            check_fake(fake)
        mock.check(local)
        mock.stop()


@pytest.mark.parametrize("kind", MOCKS)
def test_a_mock_may_be_inside(kind: type[Mock], tmp_path: Path, local: str) -> None:
    """A mock started after the fake and stopped before it gets all hosts except GitHub's."""
    mock = kind(tmp_path)
    with nothing_left_behind(), new_fake() as fake:
        check_fake(fake)
        mock.start()
        check_fake(fake)
        mock.check(local)
        check_fake(fake)
        mock.stop()
        check_fake(fake)


@pytest.mark.parametrize("kind", MOCKS)
def test_a_mock_may_come_first_and_leave_first(kind: type[Mock], tmp_path: Path, local: str) -> None:
    """The fake still works after a mock that was started before it has stopped."""
    mock = kind(tmp_path)
    with nothing_left_behind():
        mock.start()
        fake = new_fake()
        fake.open()
        check_fake(fake)
        mock.check(local)
        mock.stop()
        check_fake(fake)
        fake.close()


@pytest.mark.parametrize("kind", MOCKS)
@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
def test_a_mock_may_come_last_and_leave_last(kind: type[Mock], tmp_path: Path, local: str, used: bool) -> None:  # noqa: FBT001
    """It keeps working after the fake. When stopped, it restores the fake's function, which the next fake removes."""
    mock = kind(tmp_path)
    with nothing_left_behind():
        fake = new_fake()
        fake.open()
        mock.start()
        if used:
            check_fake(fake)
            mock.check(local)
        fake.close()
        mock.check(local)
        mock.stop()
        for _ in range(2):
            with new_fake() as following:
                check_fake(following)


@pytest.mark.parametrize("outside", [True, False])
@pytest.mark.parametrize("kind", [Respx, RespxAbove, AioResponses, Cassette])
def test_other_github_hosts_are_refused_beside_a_mock(kind: type[Mock], tmp_path: Path, outside: bool) -> None:  # noqa: FBT001
    """While a fake is active, it refuses other GitHub hosts even if a mock knows them."""
    mock, fake = kind(tmp_path), new_fake()
    for start in (mock.start, fake.open) if outside else (fake.open, mock.start):
        start()
    try:
        with pytest.raises(UnsupportedRequest, match=r"a request to github\.com cannot be answered"):
            text_of("https://github.com/", "aiohttp" if kind is AioResponses else "httpx")
    finally:
        for stop in (fake.close, mock.stop) if outside else (mock.stop, fake.close):
            stop()


# respx


@respx.mock
def test_respx_as_a_decorator() -> None:
    """A fake inside a test under ``respx.mock`` does not affect the decorator's hosts and assertions."""
    respx.get(OTHER).respond(text="theirs")
    with nothing_left_behind(), new_fake() as fake:
        check_fake(fake)
        assert text_of(OTHER, "httpx") == "theirs"


def test_respx_still_asserts_that_all_were_called(ghdeploy: FakeGitHub) -> None:
    """A route for GitHub's host is never called, and respx reports it."""
    ghdeploy.add_repository("octocat/example")
    router = respx.mock()
    router.start()
    router.get(f"{API}/user").respond(text="claimed")
    check_fake(ghdeploy)
    with pytest.raises(AssertionError, match="some routes were not called"):
        router.stop()


def test_respx_options_still_apply_to_other_hosts(ghdeploy: FakeGitHub, local: str) -> None:
    """``assert_all_mocked=False`` and ``pass_through`` work, but not for GitHub's hosts."""
    ghdeploy.add_repository("octocat/example")
    with respx.mock(assert_all_mocked=False) as router:
        router.get(local).pass_through()
        check_fake(ghdeploy)
        assert (text_of(local, "httpx"), text_of(UNKNOWN, "httpx")) == ("local", "")


def test_a_respx_transport_bypasses_the_fake(ghdeploy: FakeGitHub) -> None:
    """A client with its own mock transport has no network, so no request reaches the fake."""
    router = respx.Router()
    router.get(f"{API}/user").respond(text="claimed")
    with httpx.Client(transport=httpx.MockTransport(router.handler)) as client:
        assert client.get(f"{API}/user").text == "claimed"
    assert ghdeploy.requests == ()


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_transport_mounted_for_github_is_still_used(library: Any) -> None:  # noqa: ANN401
    """The choice among a client's transports is httpx' own, even beside respx."""
    used = []

    class Noting(library.HTTPTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:  # noqa: ANN401
            used.append(request.url.path)
            return super().handle_request(request)

    plain, noting = library.HTTPTransport(), Noting()
    mounts = {"https://other.example.com": None, "https://api.github.com": noting}
    with new_fake(), library.Client(transport=plain, mounts=mounts) as client:
        assert client.get(f"{API}/user", headers=HEADERS).status_code == 200
    with new_fake(), library.Client(transport=noting, mounts={"https://api.github.com": None}) as client:
        assert client.get(f"{API}/rate_limit", headers=HEADERS).status_code == 200
    assert used == ["/user", "/rate_limit"]


RESPX = """
import httpx
import pytest

API = "https://api.github.com/user"
HEADERS = {"Authorization": "token a-token-for-tests"}

def both(respx_mock):
    respx_mock.get("https://other.example.com/").respond(text="theirs")
    assert httpx.get(API, headers=HEADERS).json()["login"] == "octocat"
    assert httpx.get("https://other.example.com/").text == "theirs"

def test_before(respx_mock, ghdeploy):
    both(respx_mock)

def test_after(ghdeploy, respx_mock):
    both(respx_mock)

def test_factory(ghdeploy_factory, respx_mock):
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    respx_mock.get("https://other.example.com/").respond(text="theirs")
    assert httpx.get("https://ghe.example.com/api/v3/user", headers=HEADERS).json()["login"] == "octocat"
    assert httpx.get("https://other.example.com/").text == "theirs"
    assert len(fake.requests) == len(respx_mock.calls) == 1

@pytest.mark.respx(using="httpx")
def test_above(ghdeploy, respx_mock):
    both(respx_mock)

def test_a_live_server(ghdeploy_server, respx_mock):
    respx_mock.route(host="127.0.0.1").pass_through()
    both(respx_mock)
    assert httpx.get(f"{ghdeploy_server.api_url}/user", headers=HEADERS).json()["login"] == "octocat"

@pytest.mark.respx(assert_all_called=True)
def test_not_called(ghdeploy, respx_mock):
    respx_mock.get(API).respond(text="claimed")
    httpx.get("https://api.github.com/rate_limit")
"""


@pytest.mark.beside(RESPX, neighbours.PLAIN)
def test_respx_as_a_fixture(outcome: Outcome) -> None:
    """It works before and after the fake's fixture, and still asserts calls to its own hosts."""
    assert outcome.counts == {"passed": 6, "errors": 1}
    outcome.shows("*some routes were not called*")


# pytest-httpx

HTTPX_MOCK = """
import asyncio
import httpx
import pytest

API = "https://api.github.com/user"
HEADERS = {"Authorization": "token a-token-for-tests"}

def github():
    async def ask():
        async with httpx.AsyncClient() as client:
            return await client.get(API, headers=HEADERS)
    assert httpx.get(API, headers=HEADERS).json()["login"] == "octocat"
    assert asyncio.run(ask()).json()["login"] == "octocat"

def both(httpx_mock):
    httpx_mock.add_response(url="https://other.example.com/", text="theirs")
    github()
    assert httpx.get("https://other.example.com/").text == "theirs"
    github()
    assert [str(request.url) for request in httpx_mock.get_requests()] == ["https://other.example.com/"]

def test_before(httpx_mock, ghdeploy):
    both(httpx_mock)

def test_after(ghdeploy, httpx_mock):
    both(httpx_mock)

def test_factory(httpx_mock, ghdeploy_factory):
    ghdeploy_factory()
    both(httpx_mock)

@pytest.mark.httpx_mock(can_send_already_matched_responses=True)
def test_an_answer_to_everything_is_not_for_github(ghdeploy, httpx_mock):
    httpx_mock.add_response(text="theirs")
    assert httpx.get("https://other.example.com/").text == "theirs"
    assert httpx.get("https://another.example.com/").text == "theirs"
    github()
    assert len(httpx_mock.get_requests()) == 2

@pytest.mark.httpx_mock(assert_all_responses_were_requested=False)
def test_a_claim_that_need_not_be_used(ghdeploy, httpx_mock):
    httpx_mock.add_response(url=API, text="claimed")
    github()

def test_a_claim_that_must_be_used(ghdeploy, httpx_mock):
    httpx_mock.add_response(url=API, text="claimed")
    github()

@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host != "127.0.0.1")
def test_a_live_server(ghdeploy_server, httpx_mock):
    both(httpx_mock)
    assert httpx.get(f"{ghdeploy_server.api_url}/user", headers=HEADERS).json()["login"] == "octocat"

def test_what_is_unknown(ghdeploy, httpx_mock):
    with pytest.raises(httpx.TimeoutException, match="No response can be found"):
        httpx.get("https://unknown.example.com/")
    github()

def test_after_all_this_nothing_is_left():
    assert httpx.HTTPTransport.handle_request.__module__ == "httpx._transports.default"
    assert httpx.AsyncHTTPTransport.handle_async_request.__module__ == "httpx._transports.default"
    assert httpx.Client._transport_for_url.__module__ == "httpx._client"
"""


@pytest.mark.beside(HTTPX_MOCK, neighbours.PLAIN)
def test_pytest_httpx_as_a_fixture(outcome: Outcome) -> None:
    """It works before and after the fake's fixture, and ignores requests to GitHub's hosts in its assertions."""
    assert outcome.counts == {"passed": 9, "errors": 2}
    assert outcome.failed == ["test_a_claim_that_must_be_used", "test_what_is_unknown"]
    outcome.shows("*responses are mocked but not requested*")


# aioresponses


def test_aioresponses_as_a_decorator_and_beside_an_enterprise_fake() -> None:
    """It never answers the host of a fake while that fake is active."""
    url = "https://ghe.example.com:443/api/v3/user"

    @aioresponses.aioresponses()
    def ask(mock: aioresponses.aioresponses) -> None:
        mock.get(url, body="claimed", response_class=Answered)
        with FakeGitHub("https://ghe.example.com/api/v3") as fake:
            assert '"login":"octocat"' in text_of(url, "aiohttp")
            assert len(fake.requests) == 1
            with pytest.raises(aiohttp.ClientConnectionError):
                text_of("https://ghe.example.com.evil.example/api/v3/user", "aiohttp")
        assert text_of(url, "aiohttp") == "claimed"

    with nothing_left_behind():
        ask()  # type: ignore[call-arg] # the decorator gives it


def test_aioresponses_with_passthrough_unmatched(ghdeploy: FakeGitHub, local: str) -> None:
    """It neither answers requests to GitHub's hosts nor passes them to the network."""
    ghdeploy.add_repository("octocat/example")
    with aioresponses.aioresponses(passthrough_unmatched=True) as mock:
        mock.get(f"{API}/user", body="claimed", response_class=Answered)
        check_fake(ghdeploy)
        assert text_of(local, "aiohttp") == "local"
        with pytest.raises(UnsupportedRequest, match=r"gist\.github\.com"):
            text_of("https://gist.github.com/", "aiohttp")
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


# vcrpy


@pytest.mark.parametrize("record_mode", ["all", "new_episodes", "once", "none"])
def test_vcrpy_never_records_requests_to_the_fake(ghdeploy: FakeGitHub, tmp_path: Path, record_mode: str) -> None:
    """In every mode, no cassette is written or needed, so no token gets on one."""
    ghdeploy.add_repository("octocat/example")
    path = tmp_path / "cassette.yaml"
    with vcr.use_cassette(str(path), record_mode=record_mode) as cassette:
        check_fake(ghdeploy)
        assert len(cassette) == 0
    assert not path.exists()


@pytest.mark.parametrize("record_mode", ["all", "new_episodes"])
def test_vcrpy_keeps_recorded_requests_to_github(tmp_path: Path, local: str, record_mode: str) -> None:
    """Recorded responses of the real GitHub are not played to clients of the fake, and not lost."""
    path = tmp_path / "cassette.yaml"
    path.write_text(RECORDED, "utf-8")
    with new_fake() as fake, vcr.use_cassette(str(path), record_mode=record_mode):
        check_fake(fake)
        assert text_of(local, "requests") == "local"
    written = path.read_text("utf-8")
    assert local in written
    with vcr.use_cassette(str(path), record_mode="none"):
        assert text_of(f"{API}/user", "requests") == "claimed"


def test_vcrpy_and_a_connection_that_outlives_the_fake(tmp_path: Path) -> None:
    """After the fake is closed, a connection opened to it is not reused: the cassette answers."""
    path = tmp_path / "cassette.yaml"
    path.write_text(RECORDED, "utf-8")
    with requests.Session() as session, vcr.use_cassette(str(path), record_mode="none"):
        with new_fake():
            assert session.get(f"{API}/user", headers=HEADERS).json()["login"] == "octocat"
        assert session.get(f"{API}/user", headers=HEADERS).text == "claimed"


def test_vcrpy_records_a_live_server_like_any_other(ghdeploy: FakeGitHub, tmp_path: Path) -> None:
    """A live server is not a GitHub host. ``ignore_localhost`` keeps it off the cassette."""
    path = tmp_path / "cassette.yaml"
    with ghdeploy.serve() as server:
        with vcr.use_cassette(str(path), filter_headers=["authorization"]):
            assert DOORS["urllib3"]("GET", f"{server.url}/user", HEADERS, None).status == 200
        assert TOKEN not in path.read_text("utf-8")
        with vcr.use_cassette(str(tmp_path / "other.yaml"), ignore_localhost=True) as cassette:
            assert DOORS["urllib3"]("GET", f"{server.url}/user", HEADERS, None).status == 200
            assert len(cassette) == 0


# Mocks active before the doors are imported

FIRST = {
    "respx": "import respx; mock = respx.mock(assert_all_called=False); mock.start(); mock.route().respond(text='x')",
    "respx above": "import respx; mock = respx.mock(using='httpx', assert_all_called=False); mock.start(); "
    "mock.route().respond(text='x')",
    "aioresponses": "import aioresponses; mock = aioresponses.aioresponses(); mock.start()",
    "vcrpy": "import vcr; mock = vcr.use_cassette('none.yaml', record_mode='none').__enter__()",
    "pytest-socket": "import pytest_socket, socket; pytest_socket.disable_socket(allow_unix_socket=True)",
}
STOP = {
    "vcrpy": "context.__exit__(None, None, None)",
    "pytest-socket": "pytest_socket.enable_socket()",
}
FRESH = """
import sys
sys.path[:0] = {path!r}
{start}
from pytest_ghdeploy import FakeGitHub
from through_every_door import DOORS

def check():
    with FakeGitHub() as fake:
        for name, ask in DOORS.items():
            said = ask("GET", "https://api.github.com/user", {{"Authorization": "token a-token"}}, None)
            assert b'"login":"octocat"' in said.body, (name, said)
        assert len(fake.requests) == len(DOORS)

check()
{stop}
check()
import socket
assert "connect" not in vars(socket.socket)
with FakeGitHub():
    assert "connect" in vars(socket.socket), "no guard"
print("done")
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", FIRST)
def test_a_mock_may_be_active_before_the_doors_are_imported(name: str, tmp_path: Path) -> None:
    """It is not mistaken for the library that it mocks."""
    start = FIRST[name].replace("mock = vcr", "context = vcr").replace(".__enter__()", "; context.__enter__()")
    script = FRESH.format(path=[str(neighbours.HERE)], start=start, stop=STOP.get(name, "mock.stop()"))
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=30, cwd=tmp_path,
        env=dict(os.environ),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
