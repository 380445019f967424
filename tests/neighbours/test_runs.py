"""Plugins that run, order, repeat, end or fence in tests, beside the fake. Each is loaded in a run of its own."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from neighbours import Neighbourhood

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
    """Put before a file of tests what they all need."""
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


@pytest.mark.parametrize("loop", [False, True], ids=["--disable-socket", "--allow-unix-socket"])
def test_pytest_socket_leaves_the_doors_open(neighbourhood: Neighbourhood, loop: bool) -> None:  # noqa: FBT001
    """In process all works without a socket; an event loop needs a pair of them, which --allow-unix-socket allows."""
    options = ["--disable-socket", "--allow-unix-socket"] if loop else ["--disable-socket"]
    neighbourhood.run(f"WITH_A_LOOP = {loop}\n{WITHOUT_SOCKETS}", *options, passed=3)


def test_pytest_socket_forbids_what_needs_a_socket_and_we_say_what_helps(neighbourhood: Neighbourhood) -> None:
    """A live server is refused in our words; a receiver at a URL gets a delivery that failed, with the reason."""
    neighbourhood.run(
        source(
            """
            from pytest_ghdeploy import FakeError, FakeGitHub

            pytestmark = pytest.mark.filterwarnings("ignore:A test tried to use socket")

            def test_server(ghdeploy):
                with pytest.raises(FakeError) as caught:
                    ghdeploy.serve()
                assert str(caught.value) == (
                    "pytest-socket forbids all sockets in this test, and a live server needs one: "
                    "use --allow-hosts=127.0.0.1 instead of --disable-socket, or the marker "
                    'allow_hosts(["127.0.0.1"])'
                )

            def test_fixture(ghdeploy_server):
                pass

            def test_receiver(ghdeploy):
                ghdeploy.add_repository("octocat/example")
                hook = ghdeploy.webhooks.subscribe("http://127.0.0.1:9/", events=["deployment"])
                assert deploy().status_code == 201
                assert "SocketBlockedError" in hook.deliveries[-1].reason
            """
        ),
        "--disable-socket",
        passed=2,
        errors=1,
        shows=["*FakeError: pytest-socket forbids all sockets in this test*--allow-hosts=127.0.0.1*"],
    )


LOCAL = source(
    """
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    def test_server(ghdeploy, ghdeploy_server):
        ghdeploy.add_repository("octocat/example")
        url = f"{ghdeploy_server.api_url}/repos/octocat/example"
        assert requests.get(url).status_code == 200
        assert asyncio.run(ask(url)) == 200

    async def ask(url):
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status

    def test_receiver(ghdeploy):
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

    @pytest.mark.enable_socket
    class TestMarked:
        def test_server(self, ghdeploy, ghdeploy_server):
            test_server(ghdeploy, ghdeploy_server)
        def test_receiver(self, ghdeploy):
            test_receiver(ghdeploy)

    @pytest.mark.usefixtures("socket_enabled")
    class TestFixture:
        def test_server(self, ghdeploy, ghdeploy_server):
            test_server(ghdeploy, ghdeploy_server)
        def test_receiver(self, ghdeploy):
            test_receiver(ghdeploy)

    @pytest.mark.allow_hosts(["127.0.0.1"])
    class TestHosts:
        def test_server(self, ghdeploy, ghdeploy_server):
            test_server(ghdeploy, ghdeploy_server)
        def test_receiver(self, ghdeploy):
            test_receiver(ghdeploy)
    """
)


def test_pytest_socket_can_allow_what_stays_on_this_machine(neighbourhood: Neighbourhood) -> None:
    """A live server and a receiver at a URL work where 127.0.0.1 is allowed, by option, marker or fixture."""
    neighbourhood.run(
        LOCAL, "--allow-hosts=127.0.0.1", "-k", "not (Marked or Fixture or Hosts)", passed=2, deselected=6
    )
    neighbourhood.run(LOCAL, "--disable-socket", "-k", "Marked or Fixture or Hosts", passed=6, deselected=2)


def test_pytest_socket_is_out_of_the_way_after_a_test_with_both(neighbourhood: Neighbourhood) -> None:
    """A test after one with ``disable_socket`` has its sockets and look-ups; ours are guarded while it lasts."""
    neighbourhood.run(
        source(
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
                with pytest.raises(Exception, match="connection to api.github.com while a fake"):
                    socket.socket().connect(("api.github.com", 443))
                ghdeploy._engine.take_problem()

            def test_last():
                as_before()
            """
        ),
        "-p",
        "no:unraisableexception",
        passed=9,
    )


# pytest-asyncio and anyio

ASYNC = """
    async def ask_both(fake):
        fake.add_repository("octocat/example")
        async with httpx.AsyncClient(headers=HEADERS) as client:
            made = (await client.post(DEPLOYMENTS, json={"ref": "main"})).json()
        AIOHTTP
        assert [deployment.id for deployment in fake.repository("octocat/example").deployments] == [made["id"]]
        return made["id"]

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
        assert [one["id"] for one in await answer.json()] == [made["id"]]"""


def asynchronous(mark: str, fixture: str, aiohttp: str = WITH_AIOHTTP) -> str:
    """Write the file of tests for a plugin."""
    text = ASYNC.replace("@MARK\n    ", mark and f"{mark}\n    ").replace("@FIXTURE", fixture)
    return source("import threading\n" + inspect.cleandoc(text).replace("AIOHTTP", aiohttp))


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_pytest_asyncio_runs_tests_and_fixtures_that_use_it(neighbourhood: Neighbourhood, mode: str) -> None:
    """Clients, fixtures, coroutines as receivers, waiting, and the conversation of one that fails; in both modes."""
    marks = ("", "@pytest.fixture") if mode == "auto" else ("@pytest.mark.asyncio", "@pytest_asyncio.fixture")
    neighbourhood.run(
        f"import pytest_asyncio\n{asynchronous(*marks)}",
        f"--asyncio-mode={mode}",
        passed=5,
        failed=1,
        shows=[
            HEADING,
            "*GET /repos/octocat/example/deployments*",
            "*404 Not Found*",
            "*octocat/example was never added*",
        ],
    )


def test_pytest_asyncio_may_share_one_loop_among_tests(neighbourhood: Neighbourhood) -> None:
    """In a loop of the whole session each test has its own fake, also with a client that outlives a test."""
    neighbourhood.run(
        source(
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
        ),
        passed=3,
    )


def test_anyio_runs_tests_under_asyncio_and_trio(neighbourhood: Neighbourhood) -> None:
    """With both backends, and httpx under trio; aiohttp knows asyncio only."""
    neighbourhood.run(
        asynchronous("@pytest.mark.anyio", "@pytest.fixture", aiohttp="pass"),
        passed=10,
        failed=2,
        shows=[HEADING, "FAILED *test_that_fails?asyncio*", "FAILED *test_that_fails?trio*"],
    )


# unittest


def test_unittest_classes_use_it_in_each_way_there_is(neighbourhood: Neighbourhood) -> None:
    """By a fixture that is always used, and as a context manager; a failure shows the conversation either way."""
    result = neighbourhood.run(
        source(
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
        ),
        passed=4,
        failed=5,
    )
    text = result.stdout.str()
    assert text.count("ghdeploy: the conversation with https://api.github.com") == 4
    assert len(re.findall(r"  1\. POST /repos/octocat/example/deployments", text)) == 4


# pytest-randomly

IDS = source(
    """
    import os
    import random

    def record(name, ghdeploy):
        repo = ghdeploy.add_repository("octocat/example")
        ghdeploy.webhooks.subscribe(lambda delivery: None)
        made = deploy().json()
        told = [made["id"], made["node_id"], repo.sha("main"), [event.delivery_id for event in ghdeploy.events]]
        random.seed(1)
        assert random.random() == pytest.approx(0.13436424411240122)
        with open(os.path.join(os.environ["RECORD"], name), "a") as file:
            json.dump(told, file)
            file.write("\\n")

    @pytest.mark.parametrize("number", range(8))
    def test_it(ghdeploy, number):
        record("told", ghdeploy)
    """
)


def test_pytest_randomly_changes_no_id(
    neighbourhood: Neighbourhood, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids, shas and GUIDs are the same in whatever order, with whatever seed, alone or in two processes."""
    monkeypatch.setenv("RECORD", str(pytester.path))
    for more in (["--randomly-seed=1"], ["--randomly-seed=2", "-n", "2"]):
        neighbourhood.run(IDS, "-p", "randomly", *more, passed=8, shows=[f"Using {more[0]}"])
    lines = (pytester.path / "told").read_text("utf-8").splitlines()
    assert (len(lines), len(set(lines))) == (16, 1)


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
        assert [one for one in threading.enumerate() if one.name.startswith("ghdeploy")] == []

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


def test_pytest_timeout_stops_a_test_and_no_other(neighbourhood: Neighbourhood) -> None:
    """By signal, whatever it hangs in: the report shows the conversation, and the next test finds all as it should."""
    result = neighbourhood.run(
        HANGING, "--timeout=50", "--timeout-method=signal", passed=5, failed=5, shows=["*Failed: Timeout*"]
    )
    text = result.stdout.str()
    assert text.count("ghdeploy: the conversation with https://api.github.com") == 5
    assert len(re.findall(r"  1\. POST /repos/octocat/example/deployments", text)) == 4
    assert re.findall("FAILED test_it.py::([a-z_]+)", text) == [
        "test_receiver", "test_receiver", "test_client", "test_wait", "test_lock"
    ]  # fmt: skip
    assert "Failed: it went on" not in text


def test_pytest_timeout_by_thread_ends_the_process(neighbourhood: Neighbourhood) -> None:
    """That is what it does with any test: nothing of ours stands in its way, or hangs when it does so."""
    result = neighbourhood.run(HANGING, "--timeout=50", "--timeout-method=thread", "-k", "test_client")
    assert result.ret == 1
    assert "+ Timeout +" in result.stdout.str() + result.stderr.str()


# pytest-rerunfailures

FLAKY = source(
    """
    import os

    TRIES = []

    def test_second_try(ghdeploy, request):
        ghdeploy.add_repository("octocat/example")
        assert len(ghdeploy.requests) == len(ghdeploy.events) == 0
        made = deploy().json()
        TRIES.append((made["id"], made["sha"], ghdeploy.events[0].delivery_id))
        assert len(set(TRIES)) == 1
        if len(TRIES) == 1:
            requests.get(f"{API}/repos/octocat/example/of-the-first-try", headers=HEADERS)
            try:
                requests.get(f"{API}/repos/octocat/example/pulls", headers=HEADERS)
            except Exception:
                pass

    NUMBERS = []

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


def test_pytest_rerunfailures_starts_each_try_anew(neighbourhood: Neighbourhood) -> None:
    """A fresh fake with the same ids; what was wrong in one try fails no other; the last conversation is shown."""
    result = neighbourhood.run(
        FLAKY, "--reruns=2", passed=2, failed=1, shows=[HEADING, "*GET /repos/octocat/try-3*"],
        hides=["*of-the-first-try*"],
    )  # fmt: skip
    result.stdout.fnmatch_lines(["*1 failed, 2 passed, 5 rerun*"])


# pytest-xdist, with others


def test_pytest_xdist_beside_several_others(neighbourhood: Neighbourhood) -> None:
    """Shuffled, repeated, limited in time and in two processes at once, each test has its own fake."""
    neighbourhood.run(
        source(
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
        ),
        *("-n", "2", "-p", "randomly", "--randomly-seed=7", "--reruns=1", "--timeout=50"),
        *("--allow-hosts=127.0.0.1",),
        passed=10,
        failed=1,
        shows=[HEADING, "*1. POST /repos/octocat/example/deployments*", "*404 Not Found*"],
    )
