"""Plugins that run, order, repeat, stop or isolate tests, beside the fake. Each is loaded in its own nested run."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING

import neighbours
import pytest
import requests

if TYPE_CHECKING:
    from neighbours import Outcome

    from pytest_ghdeploy import FakeGitHub

API = """
import asyncio
import json
import unittest

import aiohttp
import httpx
import pytest
import requests
import urllib3

API = "https://api.github.com"
DEPLOYMENTS = f"{API}/repos/octocat/example/deployments"
HEADERS = {"Authorization": "token a-token-for-tests"}

def deploy(environment="production"):
    body = {"ref": "main", "environment": environment}
    return requests.post(DEPLOYMENTS, json=body, headers=HEADERS, timeout=5)
"""
HEADING = "*ghdeploy: the conversation with https://api.github.com*"


def source(text: str) -> str:
    """Add the common first lines to a test file."""
    return f"{API}\n{inspect.cleandoc(text)}\n"


# pytest-socket

WITHOUT_SOCKETS = source(
    """
    import socket
    import urllib.request

    def every_door(fake):
        fake.add_repository("octocat/example")
        async def ask():
            async with aiohttp.ClientSession(headers=HEADERS) as session, session.get(DEPLOYMENTS) as answer:
                assert await answer.json() == []
            async with httpx.AsyncClient(headers=HEADERS) as client:
                assert (await client.get(DEPLOYMENTS)).json() == []
        if WITH_A_LOOP:
            asyncio.run(ask())
        assert requests.get(DEPLOYMENTS, headers=HEADERS).json() == []
        assert httpx.get(DEPLOYMENTS, headers=HEADERS).json() == []
        assert urllib3.PoolManager().request("GET", DEPLOYMENTS, headers=HEADERS).status == 200
        with urllib.request.urlopen(DEPLOYMENTS) as answer:
            assert answer.read() == b"[]"

    def test_doors(ghdeploy):
        every_door(ghdeploy)

    def test_factory(ghdeploy_factory):
        every_door(ghdeploy_factory())

    def test_receivers_that_are_called(ghdeploy):
        repo = ghdeploy.add_repository("octocat/example")
        seen = []
        ghdeploy.webhooks.subscribe(lambda delivery: seen.append(delivery.event))
        def app(environ, start_response):
            seen.append(environ["HTTP_X_GITHUB_EVENT"])
            start_response("200 OK", [])
            return []
        ghdeploy.webhooks.subscribe(app)
        assert deploy().status_code == 201
        assert seen == ["ping", "ping", "deployment", "deployment"]
    """
)


@pytest.mark.beside(f"WITH_A_LOOP = False\n{WITHOUT_SOCKETS}", neighbours.WITHOUT_SOCKETS)
def test_pytest_socket_does_not_affect_the_doors(outcome: Outcome) -> None:
    """Clients in this process need no socket."""
    assert outcome.counts == {"passed": 3}


@pytest.mark.beside(f"WITH_A_LOOP = True\n{WITHOUT_SOCKETS}", neighbours.WITHOUT_SOCKETS_BUT_UNIX)
def test_pytest_socket_does_not_affect_the_doors_in_an_event_loop(outcome: Outcome) -> None:
    """An event loop needs a socket pair, which --allow-unix-socket allows."""
    assert outcome.counts == {"passed": 3}


FORBIDDEN = source(
    """
    from pytest_ghdeploy import FakeError, FakeGitHub

    pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")

    def test_server(ghdeploy):
        with pytest.raises(FakeError) as caught:
            ghdeploy.serve()
        assert str(caught.value) == (
            "pytest-socket forbids all sockets in this test, and a live server needs one: "
            "use --allow-hosts=127.0.0.1 instead of --disable-socket, or the marker "
            'allow_hosts(["127.0.0.1"]). See docs/troubleshooting.md#a-server-beside-pytest-socket'
        )

    def test_fixture(ghdeploy_server):
        pass

    def test_receiver(ghdeploy):
        ghdeploy.add_repository("octocat/example")
        hook = ghdeploy.webhooks.subscribe("http://127.0.0.1:9/", events=["deployment"])
        assert deploy().status_code == 201
        assert "SocketBlockedError" in hook.deliveries[-1].reason
    """
)


@pytest.mark.beside(FORBIDDEN, neighbours.WITHOUT_SOCKETS)
def test_pytest_socket_blocks_servers_with_a_helpful_message(outcome: Outcome) -> None:
    """A live server is refused with advice. A delivery to a URL fails with the reason."""
    assert outcome.counts == {"passed": 2, "errors": 1}
    outcome.shows("*FakeError: pytest-socket forbids all sockets in this test*--allow-hosts=127.0.0.1*")


LOCAL = source(
    """
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    def a_server(ghdeploy, ghdeploy_server):
        ghdeploy.add_repository("octocat/example")
        url = f"{ghdeploy_server.api_url}/repos/octocat/example"
        assert requests.get(url).status_code == 200
        assert asyncio.run(ask(url)) == 200

    async def ask(url):
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status

    def a_receiver(ghdeploy):
        seen = []
        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                seen.append(self.headers["X-GitHub-Event"])
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204)
                self.end_headers()
            def log_message(self, *_):
                pass
        with HTTPServer(("127.0.0.1", 0), Receiver) as server:
            Thread(target=server.serve_forever, args=(0.01,)).start()
            ghdeploy.add_repository("octocat/example")
            ghdeploy.webhooks.subscribe(f"http://127.0.0.1:{server.server_port}/", events=["deployment"])
            assert deploy().status_code == 201
            server.shutdown()
        assert seen == ["ping", "deployment"]
    """
)

ALLOWED_BY_OPTION = LOCAL + inspect.cleandoc(
    """
    class TestPlain:
        def test_server(self, ghdeploy, ghdeploy_server):
            a_server(ghdeploy, ghdeploy_server)
        def test_receiver(self, ghdeploy):
            a_receiver(ghdeploy)
    """
)

ALLOWED_BY_TEST = LOCAL + inspect.cleandoc(
    """
    @pytest.mark.enable_socket
    class TestMarked:
        def test_server(self, ghdeploy, ghdeploy_server):
            a_server(ghdeploy, ghdeploy_server)
        def test_receiver(self, ghdeploy):
            a_receiver(ghdeploy)

    @pytest.mark.usefixtures("socket_enabled")
    class TestFixture:
        def test_server(self, ghdeploy, ghdeploy_server):
            a_server(ghdeploy, ghdeploy_server)
        def test_receiver(self, ghdeploy):
            a_receiver(ghdeploy)

    @pytest.mark.allow_hosts(["127.0.0.1"])
    class TestHosts:
        def test_server(self, ghdeploy, ghdeploy_server):
            a_server(ghdeploy, ghdeploy_server)
        def test_receiver(self, ghdeploy):
            a_receiver(ghdeploy)
    """
)


@pytest.mark.beside(ALLOWED_BY_OPTION, neighbours.IN_TWO_PROCESSES)
def test_pytest_socket_can_allow_loopback(outcome: Outcome) -> None:
    """A live server and a receiver at a URL work if an option allows 127.0.0.1."""
    assert outcome.counts == {"passed": 2}


@pytest.mark.beside(ALLOWED_BY_TEST, neighbours.WITHOUT_SOCKETS)
def test_pytest_socket_can_allow_loopback_for_one_test(outcome: Outcome) -> None:
    """A marker or a fixture can allow it too."""
    assert outcome.counts == {"passed": 6}


BOTH_GUARDS = source(
    """
    import _socket
    import socket

    def as_before():
        assert socket.socket.__module__ == socket.getaddrinfo.__module__ == "socket"
        assert socket.gethostbyname is _socket.gethostbyname
        assert socket.socket.connect is _socket.socket.connect
        assert socket.socket.sendall is _socket.socket.sendall
        assert socket.getaddrinfo("127.0.0.1", 80)
        socket.socket().close()

    def test_first():
        as_before()

    @pytest.mark.disable_socket
    @pytest.mark.parametrize("number", range(2))
    def test_marked(ghdeploy, number):
        assert requests.get(f"{API}/rate_limit").status_code == 200
        with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="A test tried to use"):
            socket.create_connection(("127.0.0.1", 9))

    def test_after_a_marker():
        as_before()

    def test_fixture(ghdeploy, socket_disabled):
        assert requests.get(f"{API}/rate_limit").status_code == 200

    def test_after_a_fixture():
        as_before()

    @pytest.mark.allow_hosts(["127.0.0.1"])
    def test_hosts(ghdeploy):
        assert requests.get(f"{API}/rate_limit").status_code == 200
        with pytest.raises(Exception, match="look-up of github.com while a fake"):
            socket.getaddrinfo("github.com", 443)
        ghdeploy._engine.take_problem()

    def test_after_hosts(ghdeploy):
        match = "connection to api.github.com while a fake"
        with socket.socket() as client, pytest.raises(Exception, match=match):
            client.connect(("api.github.com", 443))
        ghdeploy._engine.take_problem()

    def test_last():
        as_before()
    """
)


@pytest.mark.beside(BOTH_GUARDS, neighbours.PLAIN)
def test_pytest_socket_leaves_no_trace_in_the_next_test(outcome: Outcome) -> None:
    """After a test with ``disable_socket``, sockets and lookups work. The fake guards them during its tests only."""
    assert outcome.counts == {"passed": 9}


# pytest-asyncio and anyio

ASYNC = """
    async def ask_both(fake):
        fake.add_repository("octocat/example")
        async with httpx.AsyncClient(headers=HEADERS) as client:
            deployment = (await client.post(DEPLOYMENTS, json={"ref": "main"})).json()
        AIOHTTP
        assert [deployment.id for deployment in fake.repository("octocat/example").deployments] == [deployment["id"]]
        return deployment["id"]

    @FIXTURE
    async def deployed(ghdeploy):
        yield await ask_both(ghdeploy)
        async with httpx.AsyncClient(headers=HEADERS) as client:
            assert len((await client.get(DEPLOYMENTS)).json()) == 1

    @MARK
    async def test_client(ghdeploy):
        await ask_both(ghdeploy)

    @MARK
    async def test_fixture(deployed, ghdeploy):
        assert ghdeploy.assert_event("deployment").payload["deployment"]["id"] == deployed

    @MARK
    async def test_factory(ghdeploy_factory):
        await ask_both(ghdeploy_factory())

    @MARK
    async def test_subscriber(ghdeploy):
        repo = ghdeploy.add_repository("octocat/example")
        seen = []
        async def receive(delivery):
            await asyncio.sleep(0)
            seen.append(delivery.event)
        ghdeploy.webhooks.subscribe(receive, events=["deployment"])
        async with httpx.AsyncClient(headers=HEADERS) as client:
            assert (await client.post(DEPLOYMENTS, json={"ref": "main"})).status_code == 201
        assert seen == ["ping", "deployment"]

    @MARK
    async def test_wait(ghdeploy):
        repo = ghdeploy.add_repository("octocat/example")
        timer = threading.Timer(0.01, lambda: repo.add_deployment(ref="main"))
        timer.start()
        event = await ghdeploy.async_wait_for_event("deployment", timeout=30)
        timer.join()
        assert event.payload["deployment"]["ref"] == "main"
        with pytest.raises(AssertionError, match="no event push in 0.01 seconds"):
            await ghdeploy.async_wait_for_event("push", timeout=0.01)

    @MARK
    async def test_that_fails(ghdeploy):
        async with httpx.AsyncClient(headers=HEADERS) as client:
            assert (await client.get(DEPLOYMENTS)).status_code == 200
"""
WITH_AIOHTTP = """async with aiohttp.ClientSession(headers=HEADERS) as session, session.get(DEPLOYMENTS) as answer:
        assert [row["id"] for row in await answer.json()] == [deployment["id"]]"""


def asynchronous(mark: str, fixture: str, aiohttp: str = WITH_AIOHTTP) -> str:
    """Return the test file for a plugin."""
    text = ASYNC.replace("@MARK\n    ", mark and f"{mark}\n    ").replace("@FIXTURE", fixture)
    return source("import threading\n" + inspect.cleandoc(text).replace("AIOHTTP", aiohttp))


STRICT = "import pytest_asyncio\n" + asynchronous("@pytest.mark.asyncio", "@pytest_asyncio.fixture")
AUTO = "import pytest_asyncio\n" + asynchronous("", "@pytest.fixture")


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("strict", marks=pytest.mark.beside(STRICT, neighbours.PLAIN)),
        pytest.param("auto", marks=pytest.mark.beside(AUTO, neighbours.SHUFFLED)),
    ],
)
def test_pytest_asyncio_runs_asynchronous_tests_and_fixtures(outcome: Outcome, mode: str) -> None:
    """Clients, fixtures, coroutine receivers, waiting, and the conversation of a failing test work in both modes."""
    assert outcome.counts == {"passed": 5, "failed": 1}, mode
    outcome.shows(
        HEADING,
        "*GET /repos/octocat/example/deployments*",
        "*404 Not Found*",
        "*octocat/example was never added*",
    )


ONE_LOOP = source(
    """
    import pytest_asyncio

    pytestmark = pytest.mark.asyncio(loop_scope="session")

    @pytest_asyncio.fixture(scope="session", loop_scope="session")
    async def clients():
        async with (
            aiohttp.ClientSession(headers=HEADERS) as session,
            httpx.AsyncClient(headers=HEADERS) as client,
        ):
            yield session, client

    @pytest.mark.parametrize("number", range(3))
    async def test_shared(clients, ghdeploy, number):
        session, client = clients
        ghdeploy.add_repository(f"octocat/example-{number}")
        for other in range(3):
            url = f"{API}/repos/octocat/example-{other}"
            async with session.get(url) as answer:
                assert answer.status == (200 if other == number else 404)
            assert (await client.get(url)).status_code == (200 if other == number else 404)
        assert len(ghdeploy.requests) == 6
    """
)


@pytest.mark.beside(ONE_LOOP, neighbours.PLAIN)
def test_pytest_asyncio_may_share_one_loop_among_tests(outcome: Outcome) -> None:
    """In a session-wide loop each test has its own fake, even with a client that outlives a test."""
    assert outcome.counts == {"passed": 3}


@pytest.mark.beside(asynchronous("@pytest.mark.anyio", "@pytest.fixture", aiohttp="pass"), neighbours.PLAIN)
def test_anyio_runs_tests_under_asyncio_and_trio(outcome: Outcome) -> None:
    """Both backends work, with httpx under trio. aiohttp supports asyncio only."""
    assert outcome.counts == {"passed": 10, "failed": 2}
    assert outcome.failed == ["test_that_fails[asyncio]", "test_that_fails[trio]"]
    outcome.shows(HEADING, HEADING)


# unittest


CLASSES = source(
    """
    from pytest_ghdeploy import FakeGitHub

    class Both:
        def test_deploys(self):
            self.gh.add_repository("octocat/example")
            self.assertEqual(deploy().status_code, 201)
            self.gh.assert_event("deployment", ref="main")

        def test_fails(self):
            self.assertEqual(deploy().status_code, 201)

    class TestByFixture(Both, unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _github(self, ghdeploy):
            self.gh = ghdeploy

    class TestByContext(Both, unittest.TestCase):
        def setUp(self):
            self.gh = self.enterContext(FakeGitHub())

    class TestByCleanup(Both, unittest.TestCase):
        def setUp(self):
            self.gh = FakeGitHub()
            self.gh.open()
            self.addCleanup(self.gh.close)

    class TestAsync(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            self.gh = self.enterContext(FakeGitHub())

        async def deploy(self):
            async with httpx.AsyncClient(headers=HEADERS) as client:
                return await client.post(DEPLOYMENTS, json={"ref": "main"})

        async def test_deploys(self):
            self.gh.add_repository("octocat/example")
            self.assertEqual((await self.deploy()).status_code, 201)
            await self.gh.async_wait_for_event("deployment", timeout=5)

        async def test_fails(self):
            self.assertEqual((await self.deploy()).status_code, 201)

    def test_no_trace_of_others(ghdeploy):
        assert len(ghdeploy.requests) == 0
        assert 0
    """
)


@pytest.mark.beside(CLASSES, neighbours.PLAIN)
def test_unittest_classes_can_use_a_fake(outcome: Outcome) -> None:
    """An autouse fixture and a context manager both work, and a failure shows the conversation."""
    assert outcome.counts == {"passed": 4, "failed": 5}
    assert outcome.text.count("ghdeploy: the conversation with https://api.github.com") == 4
    assert len(re.findall(r"  1\. POST /repos/octocat/example/deployments", outcome.text)) == 4


# pytest-randomly

IDS = source(
    """
    import random

    @pytest.mark.parametrize("number", range(8))
    def test_it(ghdeploy, number, request):
        repo = ghdeploy.add_repository("octocat/example")
        ghdeploy.webhooks.subscribe(lambda delivery: None)
        deployment = deploy().json()
        guids = [event.delivery_id for event in ghdeploy.events]
        recorded = [deployment["id"], deployment["node_id"], repo.sha("main"), guids]
        random.seed(1)
        assert random.random() == pytest.approx(0.13436424411240122)
        with open(request.config.rootpath / "recorded", "a") as file:
            print(json.dumps(recorded), file=file)
    """
)


@pytest.mark.parametrize(
    "order",
    [
        pytest.param("shuffled", marks=pytest.mark.beside(IDS, neighbours.SHUFFLED)),
        pytest.param("in two processes", marks=pytest.mark.beside(IDS, neighbours.IN_TWO_PROCESSES)),
    ],
)
def test_pytest_randomly_changes_no_id(ghdeploy: FakeGitHub, outcome: Outcome, order: str) -> None:
    """Ids, SHAs and GUIDs are the same in any order, with any seed, and in two processes."""
    repo = ghdeploy.add_repository("octocat/example")
    ghdeploy.webhooks.subscribe(lambda _: None)
    deployment = repo.add_deployment(ref="main")
    node_id = requests.get(f"{ghdeploy.base_url}/repos/octocat/example/deployments/{deployment.id}", timeout=5).json()[
        "node_id"
    ]
    here = [deployment.id, node_id, repo.sha("main"), [event.delivery_id for event in ghdeploy.events]]

    assert outcome.counts == {"passed": 8}, order
    recorded = [json.loads(line) for line in (outcome.folder / "recorded").read_text("utf-8").splitlines()]
    assert recorded == [here] * 8


# pytest-timeout

HANGING = source(
    """
    import threading
    import time

    hangs = pytest.mark.timeout(1.5)

    def test_first(ghdeploy):
        "What is imported at the first time takes a while."
        assert deploy().status_code == 404

    def as_before():
        assert requests.adapters.HTTPAdapter.send.__module__ == "requests.adapters"
        assert httpx.HTTPTransport.handle_request.__module__ == "httpx._transports.default"
        assert [thread for thread in threading.enumerate() if thread.name.startswith("ghdeploy")] == []

    @hangs
    @pytest.mark.parametrize("in_thread", [None, True])
    def test_receiver(ghdeploy, in_thread):
        def hang(delivery):
            return delivery.event == "ping" or time.sleep(5 if in_thread else 60)

        ghdeploy.add_repository("octocat/example")
        ghdeploy.webhooks.subscribe(hang, events=["deployment"], in_thread=in_thread)
        deploy()
        pytest.fail("it went on")

    def test_after_receiver(ghdeploy):
        seen = []
        ghdeploy.add_repository("octocat/example")
        ghdeploy.webhooks.subscribe(lambda delivery: seen.append(delivery.event), events=["deployment"])
        deploy()
        assert seen == ["ping", "deployment"]

    @hangs
    def test_client(ghdeploy, ghdeploy_server):
        ghdeploy.add_repository("octocat/example")
        ghdeploy.faults.add(error="timeout")
        requests.get(f"{ghdeploy_server.api_url}/repos/octocat/example")

    def test_after_client():
        as_before()

    @hangs
    def test_wait(ghdeploy):
        ghdeploy.add_repository("octocat/example")
        deploy()
        ghdeploy.wait_for_event("push", timeout=60)

    @hangs
    def test_lock(ghdeploy):
        ghdeploy.add_repository("octocat/example")
        deploy()
        with ghdeploy._engine.lock:
            time.sleep(60)

    def test_last(ghdeploy):
        ghdeploy.add_repository("octocat/example")
        assert deploy().status_code == 201

    def test_nothing_is_left():
        as_before()
    """
)


@pytest.mark.beside(HANGING, neighbours.PLAIN)
def test_pytest_timeout_stops_a_test_and_no_other(outcome: Outcome) -> None:
    """With the signal method, the report shows the conversation, and the next test is not affected."""
    assert outcome.counts == {"passed": 5, "failed": 5}
    outcome.shows("*Failed: Timeout*")
    assert outcome.text.count("ghdeploy: the conversation with https://api.github.com") == 5
    assert len(re.findall(r"  1\. POST /repos/octocat/example/deployments", outcome.text)) == 4
    assert [name.partition("[")[0] for name in outcome.failed] == [
        "test_receiver", "test_receiver", "test_client", "test_wait", "test_lock"
    ]  # fmt: skip
    assert "Failed: it went on" not in outcome.text


@pytest.mark.slow
def test_pytest_timeout_by_thread_ends_the_process(pytester: pytest.Pytester) -> None:
    """The thread method ends the process for any test, and the fake does not block this."""
    pytester.makepyfile(test_it=HANGING)
    arguments = ["--timeout=50", "--timeout-method=thread", "-k", "test_client", "-p", "timeout"]
    result = pytester.runpytest_subprocess(*arguments, timeout=60)
    assert result.ret == 1
    assert "+ Timeout +" in result.stdout.str() + result.stderr.str()


# pytest-rerunfailures

FLAKY = source(
    """
    TRIES = []

    @pytest.mark.flaky(reruns=2)
    def test_second_try(ghdeploy, request):
        ghdeploy.add_repository("octocat/example")
        assert len(ghdeploy.requests) == len(ghdeploy.events) == 0
        deployment = deploy().json()
        TRIES.append((deployment["id"], deployment["sha"], ghdeploy.events[0].delivery_id))
        assert len(set(TRIES)) == 1
        if len(TRIES) == 1:
            requests.get(f"{API}/repos/octocat/example/of-the-first-try", headers=HEADERS)
            try:
                requests.get(f"{API}/repos/octocat/example/milestones", headers=HEADERS)
            except Exception:
                pass

    NUMBERS = []

    @pytest.mark.flaky(reruns=2)
    def test_last_try_is_shown(ghdeploy):
        NUMBERS.append(len(NUMBERS) + 1)
        requests.get(f"{API}/repos/octocat/try-{NUMBERS[-1]}", headers=HEADERS)
        assert 0

    @pytest.mark.flaky(reruns=2, only_rerun=["ConnectionError"])
    def test_only(ghdeploy):
        NUMBERS.append(len(NUMBERS) + 1)
        if len(NUMBERS) < 6:
            ghdeploy.faults.add(error="reset")
        requests.get(f"{API}/rate_limit")
    """
)


@pytest.mark.beside(FLAKY, neighbours.PLAIN)
def test_pytest_rerunfailures_gives_each_try_a_new_fake(outcome: Outcome) -> None:
    """Ids restart, problems of one try do not fail another, and the last conversation is shown."""
    assert outcome.counts == {"passed": 2, "failed": 1, "rerun": 5}
    outcome.shows(HEADING, "*GET /repos/octocat/try-3*")
    assert "of-the-first-try" not in outcome.text


# pytest-xdist, with others

MANY = source(
    """
    import os

    import respx

    @pytest.mark.parametrize("number", range(6))
    def test_plain(ghdeploy, ghdeploy_server, respx_mock, number):
        assert os.environ["PYTEST_XDIST_WORKER"] in ("gw0", "gw1")
        respx_mock.get("https://other.example.com/").respond(text="theirs")
        ghdeploy.add_repository(f"octocat/example-{number}")
        for url in (API, ghdeploy_server.api_url):
            for other in range(6):
                answer = requests.get(f"{url}/repos/octocat/example-{other}")
                assert answer.status_code == (200 if other == number else 404)
        assert httpx.get(f"{API}/rate_limit").status_code == 200
        assert httpx.get("https://other.example.com/").text == "theirs"
        assert len(ghdeploy.requests) == 13

    @pytest.mark.asyncio
    @pytest.mark.parametrize("number", range(4))
    async def test_async(ghdeploy, number):
        async with httpx.AsyncClient(headers=HEADERS) as client:
            assert (await client.get(f"{API}/user")).json()["login"] == "octocat"

    def test_fails(ghdeploy):
        assert deploy().status_code == 201
    """
)


@pytest.mark.beside(MANY, neighbours.IN_TWO_PROCESSES)
def test_pytest_xdist_beside_several_others(outcome: Outcome) -> None:
    """With shuffling, reruns, timeouts and two processes, each test has its own fake."""
    assert outcome.counts == {"passed": 10, "failed": 1, "rerun": 1}
    outcome.shows(HEADING, "*1. POST /repos/octocat/example/deployments*", "*404 Not Found*")
