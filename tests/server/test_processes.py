"""Across processes: code that forks or spawns reaches the fake by the URL of the live server; workers share nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING
from unittest.mock import Mock

import neighbours
import pytest
from deploying import DEPLOYMENTS, deploy
from forked import in_a_child

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.errors import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neighbours import Outcome

    from pytest_ghdeploy import Delivery, LiveServer

METHODS = [name for name in ("fork", "spawn", "forkserver") if name in multiprocessing.get_all_start_methods()]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_multiprocessing_reaches_the_fake(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, method: str) -> None:
    """Two processes, several deployments each: one store has them all, and the test sees every event."""
    ghdeploy.add_repository("octocat/example")
    names = [f"env-{number}" for number in range(6)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        deployments = list(pool.map(deploy, [ghdeploy_server.env] * len(names), names))

    assert all(url.startswith(f"{ghdeploy_server.api_url}{DEPLOYMENTS}/") for url, _ in deployments)
    stored = ghdeploy.repository("octocat/example").deployments
    assert {one.id for one in stored} == {number for _, number in deployments}
    assert {one.environment for one in stored} == set(names)
    assert len(ghdeploy.events.named("deployment")) == len(names)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_holds_none_of_the_servers_sockets(ghdeploy_server: LiveServer) -> None:
    """While a child lives, connections end when the server ends them, and so does the port."""
    secure = ghdeploy_server(tls=True)
    with socket.create_connection(("127.0.0.1", ghdeploy_server.port), timeout=10) as connection:
        connection.sendall(b"GET /versions HTTP/1.1\r\nHost: localhost\r\nUser-Agent: me\r\n\r\n")
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


# What a forked child may meet

needs_fork = pytest.mark.skipif("fork" not in METHODS, reason="this system has no fork")
URL = f"https://api.github.com{DEPLOYMENTS}"
HEADERS = {"Authorization": "token x", "User-Agent": "me"}
BODY = b'{"ref": "main"}'


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


UNANSWERED = with_page(
    "UnsupportedRequest: a request to https://api.github.com cannot be answered in a process that was forked from the "
    "test's: it has a copy of the fake, and the test would not see changes to the copy. Let the process send its "
    "requests to the URL of ghdeploy_server (api_url, or the variables in env), or open a FakeGitHub in the process",
    "a-forked-process",
)


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("served", [None, "over HTTP", "over HTTPS"])
@pytest.mark.parametrize("post", [post_with_requests, post_with_httpx])
def test_a_request_of_a_forked_child_is_an_error_that_says_what_to_do(
    ghdeploy: FakeGitHub, post: Callable[..., int], served: str | None
) -> None:
    """With and without a server, and for a child of the child. The parent's fake goes on as before."""
    ghdeploy.add_repository("octocat/example")
    if served:
        ghdeploy.serve(tls=served == "over HTTPS")
    assert in_a_child(post) == UNANSWERED
    assert in_a_child(lambda: in_a_child(post)) == UNANSWERED
    assert not ghdeploy.requests
    assert ghdeploy._engine.take_problem() is None
    assert post() == 201


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_request_of_a_forked_child_waits_for_no_lock(ghdeploy: FakeGitHub) -> None:
    """The thread that held one at the fork is not there to release it."""
    ghdeploy.add_repository("octocat/example")
    held, done = threading.Event(), threading.Event()
    assert post_with_requests() == 201
    mine = Mock(side_effect=AssertionError("what the doors keep has locks too, as that of responses"))
    ghdeploy._engine.doors["requests"] = Mock(send=mine)

    def hold() -> None:
        with ghdeploy._engine.lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        assert in_a_child(post_with_requests) == UNANSWERED
    finally:
        done.set()
        thread.join()


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_python_interface_works_on_the_childs_copy(ghdeploy: FakeGitHub) -> None:
    """Another thread of the parent may have held the fake's lock, and made a delivery, when the child was forked."""
    repo = ghdeploy.add_repository("octocat/example")
    parent = os.getpid()
    at_work, held, forked = threading.Event(), threading.Event(), threading.Event()

    def receive(delivery: Delivery) -> None:
        if delivery.event == "status" and os.getpid() == parent:
            at_work.set()
            forked.wait(20)

    def hold_the_lock() -> None:
        with ghdeploy._engine.lock:
            held.set()
            forked.wait(20)

    def change() -> int:
        repo.add_commit_status("main", state="success", context="child")
        return len(ghdeploy.events)

    ghdeploy.webhooks.subscribe(receive, events=["status"])
    threads = [threading.Thread(target=lambda: repo.add_commit_status("main", state="success"))]
    threads.append(threading.Thread(target=hold_the_lock))
    threads[0].start()
    assert at_work.wait(20)
    threads[1].start()
    assert held.wait(20)
    forking = threading.Timer(0.5, forked.set)
    forking.start()
    assert in_a_child(change) == "2"
    for thread in (*threads, forking):
        thread.join(20)
    assert len(ghdeploy.events) == 1


@pytest.mark.slow
@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fake_that_a_child_makes_answers_there(ghdeploy: FakeGitHub) -> None:
    """As in runs that fork for each test; also where the parent has one open for the same host."""

    def whole_test() -> str:
        with FakeGitHub() as own:
            own.add_repository("octocat/example")
            deployment = post_with_requests()
            own.assert_event("deployment", ref="main")
        return f"{deployment} {len(own.requests)}"

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
