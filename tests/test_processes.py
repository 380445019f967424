"""Across processes: code that forks or spawns reaches the fake through the live server, and workers share nothing."""

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

import pytest

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, LiveServer

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
    assert str(ghdeploy.take_problem()) in missing
    assert reset.startswith("ConnectionError")
    assert cut.startswith("ChunkedEncodingError")
    assert [one.failure for one in ghdeploy.requests] == ["", "reset", "truncated"]


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


def test_workers_of_xdist_share_nothing(pytester: pytest.Pytester) -> None:
    """Each worker has ports of its own, and each test what it has put there itself."""
    pytester.makepyfile(
        """
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
    )
    pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider").assert_outcomes(passed=8)
    seen = [json.loads(path.read_text("utf-8")) for path in pytester.path.glob("seen-*.json")]
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
