"""Across processes: code that forks or spawns reaches the fake through the live server, and workers share nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING
from unittest.mock import Mock

import neighbours
import pytest

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.doors import http1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neighbours import Outcome

    from pytest_ghdeploy import LiveServer

DEPLOYMENTS = "/repos/octocat/example/deployments"
METHODS = [name for name in ("fork", "spawn", "forkserver") if name in multiprocessing.get_all_start_methods()]


def deploy(env: dict[str, str], environment: str) -> tuple[str, int]:
    """Deploy, as a tool would that knows its environment variables only."""
    import requests  # in the other process

    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {env['GITHUB_TOKEN']}"
        answer = session.post(
            f"{env['GITHUB_API_URL']}{DEPLOYMENTS}", json={"ref": "main", "environment": environment}, timeout=30
        )
    made = answer.json()
    return made["url"], made["id"]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_multiprocessing_reaches_the_fake(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, method: str) -> None:
    """Two processes, several deployments each: one store has them all, and the test sees every event."""
    ghdeploy.add_repository("octocat/example")
    names = [f"env-{number}" for number in range(6)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        made = list(pool.map(deploy, [ghdeploy_server.env] * len(names), names))

    assert all(url.startswith(f"{ghdeploy_server.api_url}{DEPLOYMENTS}/") for url, _ in made)
    stored = ghdeploy.repository("octocat/example").deployments
    assert {one.id for one in stored} == {number for _, number in made}
    assert {one.environment for one in stored} == set(names)
    assert len(ghdeploy.events.named("deployment")) == len(names)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_holds_none_of_the_servers_sockets(ghdeploy_server: LiveServer) -> None:
    """While a child lives, connections end when the server ends them, and so does the port."""
    secure = ghdeploy_server(tls=True)
    with socket.create_connection(("127.0.0.1", ghdeploy_server.port), timeout=10) as connection:
        connection.sendall(b"GET /versions HTTP/1.1\r\nHost: h\r\nUser-Agent: me\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover - measured in the parent only
            os.close(writing)
            ghdeploy_server.close()
            os.read(reading, 1)
            os._exit(int(repr(ghdeploy_server) != f"<LiveServer {ghdeploy_server.url} (closed)>"))
        try:
            ghdeploy_server.close()
            assert connection.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", ghdeploy_server.port), timeout=10)
            assert os.path.exists(secure.ca_file)  # noqa: PTH110
        finally:
            os.close(writing)
            assert os.waitpid(child, 0)[1] == 0
            os.close(reading)
    assert os.path.exists(secure.ca_file)  # noqa: PTH110 - the child has not removed it


def call_the_usual_host(environment: str) -> tuple[int, str, str]:
    """Deploy as if there were no fake."""
    import requests  # in the other process

    url = f"https://api.github.com{DEPLOYMENTS}"
    answer = requests.post(
        url, json={"ref": "main", "environment": environment}, headers={"Authorization": "token x"}, timeout=30
    )
    listed = requests.get(url, timeout=30).json()
    return answer.status_code, answer.json()["url"], listed[0]["environment"]


@pytest.mark.slow
@pytest.mark.skipif("fork" not in METHODS, reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("ghdeploy_server")
def test_a_forked_child_asks_the_parents_fake(ghdeploy: FakeGitHub) -> None:
    """It has the doors that its parent had, and behind them the parent's store, not a copy that nobody sees."""
    ghdeploy.add_repository("octocat/example")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        made = list(pool.map(call_the_usual_host, ["one", "two"]))

    stored = ghdeploy.repository("octocat/example").deployments
    assert [one.environment for one in stored] == ["two", "one"]
    assert made == [(201, f"https://api.github.com{DEPLOYMENTS}/{one.id}", one.environment) for one in reversed(stored)]
    assert [one.url for one in ghdeploy.requests] == [f"https://api.github.com{DEPLOYMENTS}"] * 4
    assert len(ghdeploy.events.named("deployment")) == 2


def what_happens(number: int) -> str:
    """Ask for things that go wrong in their own ways."""
    import requests  # in the other process

    path = ["/repos/octocat/nope", "/repos/octocat/example/pulls", "/versions", "/versions"][number]
    try:
        answer = requests.get(f"https://api.github.com{path}", timeout=30)
    except Exception as problem:  # noqa: BLE001 - it is what is looked at
        return f"{type(problem).__name__}: {problem}"
    return f"{answer.status_code} {answer.headers['X-GHDeploy-Hint']}"


@pytest.mark.slow
@pytest.mark.skipif("fork" not in METHODS, reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("ghdeploy_server")
def test_what_goes_wrong_in_a_forked_child_is_told_to_both(ghdeploy: FakeGitHub) -> None:
    """Refusals with their hints, what is missing, and faults: the child meets them, the parent records them."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.faults.add(path="/versions", error="reset")
    ghdeploy.faults.add(path="/versions", error="truncated")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        refused, missing, reset, cut = pool.map(what_happens, range(4))

    assert refused == f"404 {ghdeploy.requests[0].hint}"
    assert missing.startswith("UnsupportedRequest: GET /repos/octocat/example/pulls is GitHub's pulls/list")
    assert str(ghdeploy._engine.take_problem()) in missing
    assert reset.startswith("ConnectionError")
    assert cut.startswith("ChunkedEncodingError")
    assert [one.failure for one in ghdeploy.requests] == ["", "reset", "truncated"]


# What a forked child may meet

needs_fork = pytest.mark.skipif("fork" not in METHODS, reason="this system has no fork")
URL = f"https://api.github.com{DEPLOYMENTS}"
HEADERS = {"Authorization": "token x", "User-Agent": "me"}
BODY = b'{"ref": "main"}'


def in_a_child(do: Callable[[], object]) -> str:
    """Return what *do* gives, or raises, in a forked process, which is ended if it hangs."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - measured in the parent only
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(20)
            try:
                said = str(do())
            except Exception as problem:  # noqa: BLE001 - it is what is looked at
                said = f"{type(problem).__name__}: {problem}"
            os.write(writing, said.encode())
        except BaseException:  # noqa: BLE001 - what follows is the parent's
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as heard:
        said = heard.read().decode()
    assert os.waitpid(child, 0)[1] == 0, "the child hung"
    return said


def in_parts() -> Iterator[bytes]:
    """Return a body piece by piece, as it goes out in chunks."""
    yield BODY[:7]
    yield BODY[7:]


def post_with_requests(**more: str) -> int:
    """Upload what a generator gives."""
    import requests

    return requests.post(URL, data=in_parts(), headers={**HEADERS, **more}, timeout=10).status_code


def post_with_httpx(**more: str) -> int:
    """Upload likewise."""
    import httpx

    return httpx.post(URL, content=in_parts(), headers={**HEADERS, **more}).status_code


def post_with_what_is_between_two(**_: str) -> int:
    """Say much about the connection, and nothing of it about the request."""
    import httpx

    named = {"Connection": "keep-alive, X-Mine", "X-Mine": "1", "TE": "trailers", "Trailer": "X-End"}
    told = {**HEADERS, **named, "Keep-Alive": "timeout=5", "Expect": "100-continue", "Upgrade": "h2c"}
    return httpx.post(URL, content=BODY, headers=told).status_code


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("ghdeploy_server")
@pytest.mark.parametrize("post", [post_with_requests, post_with_httpx, post_with_what_is_between_two])
def test_what_a_client_says_of_its_connection_stays_in_the_child(
    ghdeploy: FakeGitHub, post: Callable[..., int]
) -> None:
    """A body in chunks, or one that waits for leave, is as good as in the parent; the parent hears of the request."""
    ghdeploy.add_repository("octocat/example")
    assert post() == 201
    assert in_a_child(post) == "201"
    assert [one.request_body for one in ghdeploy.requests] == [BODY, BODY]
    told = {name.lower(): value for name, value in ghdeploy.requests[1].request_headers.items()}
    assert told["connection"] == "close"
    assert told["content-length"] == str(len(BODY))
    assert not told.keys() & {"transfer-encoding", "expect", "te", "trailer", "keep-alive", "upgrade", "x-mine"}


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.usefixtures("ghdeploy_server")
def test_what_the_live_server_refuses_is_an_error_in_the_child(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own limits are not GitHub's: no answer that GitHub would give stands for them. A stub's text is a stub's."""
    ghdeploy.add_repository("octocat/example")
    huge = "a" * http1.HEAD_LIMIT
    assert in_a_child(lambda: post_with_requests(**{"X-Huge": huge})).startswith(
        "UnsupportedRequest: the parent's live server has not answered a request of this forked process: "
        "431 Request Header Fields Too Large, "
    )
    ghdeploy.stub("POST", DEPLOYMENTS, status=501, json="not here", headers={"Content-Type": "text/plain"})
    assert in_a_child(post_with_requests) == "501"
    monkeypatch.setattr(http1, "BODY_LIMIT", 5)
    assert in_a_child(post_with_requests) == (
        "UnsupportedRequest: a body is at most 5 bytes long in a forked process, which asks its parent's live server; "
        "this one has 15"
    )


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_hears_that_the_server_has_ended(ghdeploy: FakeGitHub) -> None:
    """Not as a connection that GitHub refuses."""
    ghdeploy.add_repository("octocat/example")
    server = ghdeploy.serve()
    reading, writing = os.pipe()
    forked, child_says = os.pipe()

    def when_it_has_ended() -> int:
        os.write(child_says, b"x")
        os.read(reading, 1)
        return post_with_requests()

    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(in_a_child(when_it_has_ended)))

    def end() -> None:
        os.read(forked, 1)
        server.close()
        os.write(writing, b"x")

    server_ends = threading.Thread(target=end)
    thread.start()
    server_ends.start()
    thread.join()
    server_ends.join()
    for one in (reading, writing, forked, child_says):
        os.close(one)
    [told] = said
    assert told == (
        "UnsupportedRequest: a request in a forked process cannot be answered: the parent's live server, "
        f"127.0.0.1:{server.port}, has ended, or takes no connection (Connection refused)"
    )


UNSEEN = (
    "UnsupportedRequest: a request to the fake of https://api.github.com cannot be answered in a process that was "
    "forked from the test's: it has a copy, and the test would not see what is done to that. With the fixture "
    "ghdeploy_server, or FakeGitHub.serve() before the fork, a forked process asks the test's own fake; or it makes a "
    "FakeGitHub itself"
)


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("served", [None, "over HTTPS", "no more"])
@pytest.mark.parametrize("post", [post_with_requests, post_with_httpx])
def test_a_child_without_a_server_is_told_how_to_have_one(
    ghdeploy: FakeGitHub, post: Callable[..., int], served: str | None
) -> None:
    """No copy answers that nobody sees; nor does a child of the child's. The parent goes on as before."""
    ghdeploy.add_repository("octocat/example")
    if served:
        server = ghdeploy.serve(tls=served == "over HTTPS")
        if served == "no more":
            server.close()
    assert in_a_child(post) == UNSEEN
    assert in_a_child(lambda: in_a_child(post)) == UNSEEN
    assert not ghdeploy.requests
    assert ghdeploy._engine.take_problem() is None
    assert post() == 201


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_does_not_wait_for_who_held_a_lock_at_the_fork(ghdeploy: FakeGitHub) -> None:
    """That thread is not there to release it: neither a request nor the Python interface of the copy hangs."""
    repository = ghdeploy.add_repository("octocat/example")
    held, done = threading.Event(), threading.Event()
    assert post_with_requests() == 201
    mine = Mock(side_effect=AssertionError("what the doors keep has locks too, as that of responses"))
    ghdeploy._engine.doors["requests"] = Mock(send=mine)

    def hold() -> None:
        with ghdeploy._engine.lock:
            held.set()
            done.wait(30)

    def child() -> str:
        with pytest.raises(UnsupportedRequest):
            post_with_requests()
        ghdeploy.close()
        return f"{len(ghdeploy.requests)} {len(repository.deployments)}"

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        assert in_a_child(child) == "1 1"
    finally:
        done.set()
        thread.join()


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_keeps_the_lock_that_it_has_at_the_fork_itself(ghdeploy: FakeGitHub) -> None:
    """It goes on in the middle of what its parent was in, and releases what was taken there."""
    with ghdeploy._engine.lock:
        assert in_a_child(lambda: ghdeploy._engine.lock.__exit__(None, None, None)) == "None"


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fake_that_a_child_makes_answers_there(ghdeploy: FakeGitHub) -> None:
    """As in runs that fork for each test; also where the parent has one open for the same host."""

    def whole_test() -> str:
        with FakeGitHub() as own:
            own.add_repository("octocat/example")
            made = post_with_requests()
            own.assert_event("deployment", ref="main")
        return f"{made} {len(own.requests)}"

    assert in_a_child(whole_test) == "201 1"
    ghdeploy.close()
    assert in_a_child(whole_test) == "201 1"


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fake_that_is_not_open_goes_along(ghdeploy: FakeGitHub) -> None:
    """One that was made before the fork and is opened after it is the child's."""
    late = FakeGitHub("https://ghe.example.com/api/v3")
    late.add_repository("octocat/example")

    def opened() -> int:
        import requests

        with late:
            return requests.get("https://ghe.example.com/api/v3/repos/octocat/example", timeout=10).status_code

    assert in_a_child(opened) == "200"
    assert not late.requests
    assert not ghdeploy.requests


@pytest.mark.slow
def test_a_tree_of_processes_reaches_the_fake(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> None:
    """A subprocess that starts subprocesses hands the variables on."""
    ghdeploy.add_repository("octocat/example")
    inner = (
        "import json, os, urllib.request as u; print(json.load(u.urlopen(u.Request("
        f"os.environ['GITHUB_API_URL'] + '{DEPLOYMENTS}', b'{{\"ref\": \"main\"}}', "
        "{'Authorization': 'token ' + os.environ['GITHUB_TOKEN']})))['id'])"
    )
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], check=True)"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", outer],
        env={**os.environ, **ghdeploy_server.env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == ghdeploy.repository("octocat/example").deployments[0].id


WORKERS = """
import json, os, time
import pytest, requests

@pytest.mark.parametrize("number", range(8))
def test_it(ghdeploy, ghdeploy_server, number, request):
    ghdeploy.add_repository(f"octocat/example-{number}")
    url = ghdeploy_server.api_url
    with open(request.config.rootpath / f"seen-{number}.json", "w") as file:
        json.dump([os.environ["PYTEST_XDIST_WORKER"], url], file)
    time.sleep(0.2)  # so that others run at the same time
    found = [requests.get(f"{url}/repos/octocat/example-{other}").status_code for other in range(8)]
    assert found == [200 if other == number else 404 for other in range(8)]
    assert len(ghdeploy.requests) == 8
"""


@pytest.mark.beside(WORKERS, neighbours.IN_TWO_PROCESSES)
def test_workers_of_xdist_share_nothing(outcome: Outcome) -> None:
    """Each worker has ports of its own, and each test what it has put there itself."""
    assert outcome.counts == {"passed": 8}
    seen = [json.loads(path.read_text("utf-8")) for path in outcome.folder.glob("seen-*.json")]
    assert len(seen) == 8
    assert {worker for worker, _ in seen} == {"gw0", "gw1"}


def test_a_thread_of_the_test_reaches_it_too(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> None:
    """Setting the scene and being asked at the same time do not get in each other's way."""
    repository = ghdeploy.add_repository("octocat/example")
    made: list[tuple[str, int]] = []
    threads = [
        threading.Thread(target=lambda name=f"env-{number}": made.append(deploy(ghdeploy_server.env, name)))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    here = [repository.add_deployment(ref="main", environment="here").id for _ in range(20)]
    for thread in threads:
        thread.join()
    assert len({*here, *(number for _, number in made)}) == 28
    assert len(ghdeploy.events.named("deployment")) == 28
