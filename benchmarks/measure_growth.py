"""
Measure how the cost of calls, reports and waits grows with the state of a fake.

``run.py`` runs this in a separate environment. Each case is measured at a size and
at four times that size. The output is one JSON object: by case, both sizes, the
shortest times in microseconds, and the limit in milliseconds at the larger size.

To add a case, write a generator with ``@grows``. It takes the size, prepares the
state and yields the call to measure, as often as it can be measured.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import requests

from pytest_ghdeploy import FakeGitHub

FACTOR = 4
API = "https://api.github.com/repos/octocat/example"

Call = Callable[[], object]
session = requests.Session()
session.headers["Authorization"] = "token a-token-for-the-benchmark"


class Case(NamedTuple):
    """
    A call whose cost may grow.

    Attributes:
        size: The smaller size.

        limit: The longest time at the larger size in milliseconds, ``None`` for work that is as large as the size.
    """

    size: int
    limit: float | None
    prepare: Callable[[int], Iterator[Call]]


CASES: dict[str, Case] = {}


def grows(what: str, size: int, *, limit: float | None = 50) -> Callable[[Callable[[int], Iterator[Call]]], None]:
    """Register a case, described as *what*. See ``Case``."""

    def register(prepare: Callable[[int], Iterator[Call]]) -> None:
        CASES[what] = Case(size, limit, prepare)

    return register


def shortest(prepare: Callable[[int], Iterator[Call]], size: int, turns: int) -> float:
    """Return the shortest time of a call in microseconds."""
    calls = prepare(size)
    taken = []
    for call in islice(calls, turns):
        gc.collect()
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    calls.close()  # type: ignore[attr-defined] # the cases are generators
    return min(taken) * 1e6


def repeat(call: Call) -> Iterator[Call]:
    """Yield a call that leaves the state as it was."""
    while True:
        yield call


def fails(call: Call) -> Call:
    """Return a function that makes *call*, which must raise an ``AssertionError``."""

    def failing() -> str:
        try:
            call()
        except AssertionError as problem:
            return str(problem)
        msg = "the call did not fail"
        raise RuntimeError(msg)

    return failing


# Waits and assertions


@grows("wait_for_event for each of n events", 500, limit=None)
def waits(size: int) -> Iterator[Call]:
    """Wait as often as there are events."""
    while True:
        with FakeGitHub() as gh:
            repo = gh.add_repository("octocat/example")
            for _ in range(size):
                repo.add_deployment(ref="main")
            yield lambda gh=gh: [gh.wait_for_event("deployment") for _ in range(size)]  # type: ignore[misc]


@grows("a failing assert_events, n wanted among 5 n", 100, limit=None)
def orders(size: int) -> Iterator[Call]:
    """Compare wanted events with recorded ones that do not match them."""
    with FakeGitHub() as gh:
        repo = gh.add_repository("octocat/example")
        for number in range(5 * size):
            repo.add_deployment(ref="main", environment=f"env-{number}")
        wanted = [("deployment", {"environment": f"env-{number * 5 + number % 2}"}) for number in range(size)]
        yield from repeat(fails(lambda: gh.assert_events([*wanted, "push"])))


# Deployments


@grows("POST a deployment with n required contexts", 1_000)
def required_contexts(size: int) -> Iterator[Call]:
    """Require contexts that are all successful."""
    with FakeGitHub() as gh:
        repo = gh.add_repository("octocat/example")
        names = [f"context-{number}" for number in range(size)]
        for name in names:
            repo.add_check_run("main", name=name)
        body = {"ref": "main", "required_contexts": names}
        yield from repeat(lambda: session.post(f"{API}/deployments", json=body).raise_for_status())


# Redaction


def polled(gh: FakeGitHub, size: int) -> None:
    """Send requests, each with another token."""
    gh.add_repository("octocat/example")
    for number in range(size):
        requests.get(f"{API}/deployments", headers={"Authorization": f"token a-token-{number:06d}"}, timeout=10)


@grows("read all n requests after a new token, with n tokens before", 2_000, limit=None)
def redactions(size: int) -> Iterator[Call]:
    """Redact every request again."""
    with FakeGitHub() as gh:
        polled(gh, size)
        while True:
            list(gh.requests)
            requests.get(f"{API}/tags", headers={"Authorization": f"token {time.perf_counter_ns()}"}, timeout=10)
            yield lambda: list(gh.requests)


@grows("a look at the last of n requests", 2_500)
def looks(size: int) -> Iterator[Call]:
    """Read one request after another."""
    with FakeGitHub() as gh:
        polled(gh, size)
        yield from repeat(lambda: gh.requests[-1])


@grows("the report of a failed test after n requests with n tokens", 2_000, limit=None)
def reports(size: int) -> Iterator[Call]:
    """Write the conversation, which is shortened."""
    with FakeGitHub() as gh:
        polled(gh, size)
        yield from repeat(gh.conversation.text)


@grows("POST a body with n members named token", 5_000, limit=None)
def secret_members(size: int) -> Iterator[Call]:
    """Learn n secrets, and hide them in the record."""
    members = ", ".join(f'"token": "value-{number:06d}"' for number in range(size))
    body = f"{{{members}}}"
    while True:
        with FakeGitHub() as gh:
            gh.add_repository("octocat/example")
            yield lambda gh=gh: (session.post(f"{API}/deployments", data=body), gh.requests[0])  # type: ignore[misc]


def main() -> None:
    """Measure all cases and print the result."""
    turns = int(sys.argv[1])
    measured = {
        what: {
            "size": case.size,
            "larger": case.size * FACTOR,
            "limit": case.limit,
            "at size": shortest(case.prepare, case.size, turns),
            "at larger": shortest(case.prepare, case.size * FACTOR, turns),
        }
        for what, case in CASES.items()
        if len(sys.argv) < 3 or sys.argv[2] in what
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
