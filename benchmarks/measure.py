"""
Measure calls in this process, the fake and other libraries in turns.

``run.py`` runs this in a separate environment, with the name of a measurement
and the number of turns. The output is one JSON object: the medians in
microseconds by contestant.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
import requests_mock
import responses
from pytest_httpserver import HTTPServer

from pytest_ghdeploy import FakeGitHub

API = "https://api.github.com/repos/octocat/example/deployments"
BODY = {"ref": "topic-branch", "environment": "staging", "auto_merge": False, "required_contexts": []}
JSON_TYPE = "application/json; charset=utf-8"
WARM_UP, CALLS = 5, 50

Call = Callable[[], object]
Contestant = Callable[[], "Iterator[Call]"]

session = requests.Session()
session.headers["Authorization"] = "token a-token-for-the-benchmark"


def clock(call: Call, times: int = CALLS, *, warm_up: int = WARM_UP) -> float:
    """Return the mean time of a call in microseconds over *times* calls, after a warm-up."""
    for _ in range(warm_up):
        call()
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times * 1e6


def race(contestants: dict[str, Contestant], rounds: int) -> dict[str, float]:
    """Measure the contestants in turns, with a new setup for each turn, and return the medians."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds):
        names = list(contestants) if turn % 2 else list(contestants)[::-1]
        for name in names:
            gc.collect()
            with contextmanager(contestants[name])() as call:
                taken[name].append(clock(call))
    return {name: statistics.median(times) for name, times in taken.items()}


@contextmanager
def fake(deployments: int = 0) -> Iterator[FakeGitHub]:
    """Create a fake with one repository, two branches and *deployments* deployments."""
    with FakeGitHub() as gh:
        repo = gh.add_repository("octocat/example")
        repo.add_branch("topic-branch")
        for number in range(deployments):
            repo.add_deployment(ref="topic-branch", environment=f"env-{number % 100}")
        yield gh


def static(method: str, status: int, body: str) -> dict[str, Contestant]:
    """Return libraries set up to answer every call with *body*."""

    def with_responses() -> Iterator[Call]:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            mock.add(method, API, body=body, status=status, content_type=JSON_TYPE)
            yield lambda: session.request(method, API, json=BODY if method == "POST" else None)

    def with_requests_mock() -> Iterator[Call]:
        with requests_mock.Mocker() as mock:
            mock.request(method, API, text=body, status_code=status, headers={"Content-Type": JSON_TYPE})
            yield lambda: session.request(method, API, json=BODY if method == "POST" else None)

    def with_httpserver() -> Iterator[Call]:
        with HTTPServer() as server:
            server.expect_request("/", method=method).respond_with_data(body, status, content_type=JSON_TYPE)
            url = server.url_for("/")
            yield lambda: session.request(method, url, json=BODY if method == "POST" else None)

    return {"responses": with_responses, "requests-mock": with_requests_mock, "pytest-httpserver": with_httpserver}


def post(rounds: int) -> dict[str, float]:
    """Measure POST of a deployment. The fake routes, validates and stores it, and records an event."""
    with fake():
        body = session.post(API, json=BODY).text

    def ours() -> Iterator[Call]:
        with fake():
            yield lambda: session.post(API, json=BODY)

    return race({"ours": ours, **static("POST", 201, body)}, rounds)


def page(rounds: int) -> dict[str, float]:
    """Measure GET of a page of 30 deployments."""
    with fake(31):
        body = session.get(API).text

    def ours() -> Iterator[Call]:
        with fake(31):
            yield lambda: session.get(API)

    return race({"ours": ours, **static("GET", 200, body)}, rounds)


def set_up(rounds: int) -> dict[str, float]:
    """Measure setup and teardown for one test."""

    def ours() -> Iterator[Call]:
        def once() -> None:
            gh = FakeGitHub()
            gh.open()
            gh.close()

        yield once

    def with_responses() -> Iterator[Call]:
        def once() -> None:
            with responses.RequestsMock():
                pass

        yield once

    return race({"ours": ours, "responses": with_responses}, rounds)


def crowd(rounds: int) -> dict[str, dict[str, float]]:
    """Measure requests to a repository with 10,000 deployments and to one with a single deployment."""

    def create() -> None:
        session.post(API, json=BODY)

    def create_and_delete() -> None:
        deployment = session.post(API, json=BODY).json()
        session.delete(deployment["url"]).raise_for_status()

    def report() -> None:
        deployment = session.post(API, json=BODY).json()
        session.post(deployment["statuses_url"], json={"state": "success"}).raise_for_status()

    def get() -> None:
        session.get(f"{API}/4442074271").raise_for_status()

    def one_of(query: str) -> Call:
        return lambda: session.get(f"{API}?per_page=1{query}").raise_for_status()

    calls: dict[str, Call] = {
        "create": create,
        "create, delete": create_and_delete,
        "create, report success": report,
        "get": get,
        "list one": one_of(""),
        "list one of an environment": one_of("&environment=env-0"),
        "list one, all filters": one_of("&environment=env-0&ref=topic-branch&task=deploy"),
        "list one, far page": one_of("&page=5000"),
        "list none": one_of("&sha=0"),
    }
    medians = {}
    with fake(1) as small, fake(10_000) as large:
        # Only the latest active fake answers, so each is active for its own turns only.
        large.close()
        small.close()

        def turn(gh: FakeGitHub, call: Call) -> Contestant:
            def contestant() -> Iterator[Call]:
                gh.open()
                try:
                    yield call
                finally:
                    gh.close()

            return contestant

        for name, call in calls.items():
            gc.collect()
            gc.freeze()
            medians[name] = race({"10,000": turn(large, call), "one": turn(small, call)}, rounds)
            gc.unfreeze()
    return medians


MEASUREMENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "set_up": lambda rounds: set_up(rounds * 4),
    "post": post,
    "page": page,
    "crowd": lambda rounds: crowd(max(rounds // 2, 1)),
}

if __name__ == "__main__":
    print(json.dumps(MEASUREMENTS[sys.argv[1]](int(sys.argv[2]))))
