"""
Measure the live server and other servers in turns.

``run.py`` runs this in a separate environment, with the number of turns and,
if emulate is available, the command that starts it. The output is one JSON object.
"""

from __future__ import annotations

import json
import logging
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from measure import BODY, JSON_TYPE, Call, Contestant, clock, fake, race
from pytest_httpserver import HTTPServer

from pytest_ghdeploy import FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOYMENTS = "/repos/octocat/example/deployments"
REPOSITORY = "/repos/octocat/example"
MANY = 10_000
SEED = {
    "github": {"users": [{"login": "octocat"}], "repos": [{"owner": "octocat", "name": "example", "auto_init": True}]}
}

# Werkzeug, under pytest-httpserver, writes a line for each request, which would be measured too.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


def client() -> requests.Session:
    """Create a client with its own connection."""
    session = requests.Session()
    session.headers["Authorization"] = "token a-token-for-the-benchmark"
    return session


def static(method: str, status: int, body: str) -> Contestant:
    """Return pytest-httpserver set up to answer every call with *body*."""

    def with_httpserver() -> Iterator[Call]:
        with HTTPServer() as server, client() as session:
            server.expect_request("/", method=method).respond_with_data(body, status, content_type=JSON_TYPE)
            url = server.url_for("/")
            yield lambda: session.request(method, url, json=BODY if method == "POST" else None)

    return with_httpserver


def our_server(method: str, path: str) -> tuple[Contestant, int, str]:
    """Return our contestant, and the status and body of its response."""

    def ours() -> Iterator[Call]:
        with fake(1) as gh, gh.serve() as server, client() as session:
            url = f"{server.api_url}{path}"
            yield lambda: session.request(method, url, json=BODY if method == "POST" else None)

    with contextmanager(ours)() as call:
        answer = call()
    assert isinstance(answer, requests.Response)
    answer.raise_for_status()
    return ours, answer.status_code, answer.text


def latency(method: str, path: str, rounds: int, more: dict[str, Contestant]) -> dict[str, float]:
    """Measure one request repeated by one client, in microseconds."""
    ours, status, body = our_server(method, path)
    return race({"ours": ours, "pytest-httpserver": static(method, status, body), **more}, rounds)


def life(rounds: int) -> dict[str, float]:
    """Measure the start and stop of a server, without imports, in microseconds."""
    gh = FakeGitHub()
    # One call each, because pytest-httpserver takes up to half a second to stop.
    contestants: dict[str, Call] = {
        "ours": lambda: gh.serve().close(),
        "pytest-httpserver": lambda: HTTPServer().__enter__().stop(),
    }
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds + 1):
        for name, call in contestants.items():
            taken[name].append(clock(call, 1, warm_up=0))
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


@contextmanager
def emulate(command: list[str]) -> Iterator[tuple[str, float]]:
    """Run emulate's GitHub; yield its URL and the seconds until its first response."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder, "emulate.config.json")
        seed.write_text(json.dumps(SEED))
        started = time.perf_counter()
        options = ["start", "--service", "github", "--port", str(port), "--seed", str(seed)]
        with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, cwd=folder) as process:
            try:
                while process.poll() is None and time.perf_counter() - started < 60:
                    with suppress(requests.ConnectionError):
                        requests.get(f"{url}{REPOSITORY}", timeout=10).raise_for_status()
                        break
                    time.sleep(0.01)
                yield url, time.perf_counter() - started
            finally:
                process.terminate()


def in_a_row() -> dict[str, float]:
    """Send 10,000 requests, half on new connections; return the growth in memory and threads."""
    with fake(1) as gh, gh.serve() as server:

        def ask(times: int) -> None:
            with client() as session:
                for number in range(times):
                    headers = {"Connection": "close"} if number % 2 else {}
                    session.get(f"{server.api_url}{REPOSITORY}", headers=headers).raise_for_status()
                    if number % 500 == 499:  # drop the recorded requests
                        gh.reset()
                        gh.add_repository("octocat/example")

        ask(1000)
        time.sleep(0.1)  # let the thread of the last connection end
        kib, threads = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, threading.active_count()
        ask(MANY)
        time.sleep(0.1)
        return {
            "kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - kib,
            "threads": threading.active_count() - threads,
        }


def main() -> None:
    """Measure everything."""
    rounds, command = int(sys.argv[1]), sys.argv[2:]
    measured: dict[str, dict[str, float]] = {"life": life(rounds), "in a row": in_a_row()}
    more: dict[str, Contestant] = {}
    if command:
        with emulate(command) as (url, seconds):

            def with_emulate() -> Iterator[Call]:
                with client() as session:
                    yield lambda: session.get(f"{url}{REPOSITORY}")

            more = {"emulate": with_emulate}
            measured["get"] = latency("GET", REPOSITORY, rounds, more)
        others = []
        for _ in range(2):
            with emulate(command) as (_, again):
                others.append(again)
        measured["emulate starts"] = {"seconds": statistics.median([seconds, *others])}
    else:
        measured["get"] = latency("GET", REPOSITORY, rounds, more)
    measured["post"] = latency("POST", DEPLOYMENTS, rounds, {})
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
