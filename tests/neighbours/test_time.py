"""
Frozen and shifted time beside the fake, whose clock starts at the frozen time.

freezegun also stops ``time.monotonic`` and the clock of event loops, so the fake must not wait on these.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import freezegun
import httpx
import neighbours
import pytest
import requests
import time_machine
from through_every_door import DOORS

from pytest_ghdeploy import FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from neighbours import Outcome

THEN = datetime(2024, 2, 29, 12, tzinfo=UTC)
DEPLOYMENTS = "https://api.github.com/repos/octocat/example/deployments"
TOKEN = "ghp_of_the_clocks_0001"  # noqa: S105 - not a real token
HEADERS = {"Authorization": f"token {TOKEN}"}


@contextmanager
def _traveller(*, tick: bool) -> Iterator[Any]:
    with time_machine.travel(THEN, tick=tick) as traveller:
        yield traveller


FREEZERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "freezegun": lambda: freezegun.freeze_time(THEN),
    "freezegun tick": lambda: freezegun.freeze_time(THEN, tick=True),
    "freezegun real_asyncio": lambda: freezegun.freeze_time(THEN, real_asyncio=True),
    "time-machine": lambda: _traveller(tick=False),
    "time-machine tick": lambda: _traveller(tick=True),
}


@pytest.fixture(params=FREEZERS)
def frozen(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Freeze or shift time in each way."""
    with FREEZERS[request.param]() as freezer:
        yield freezer


def deploy() -> requests.Response:
    """Create a deployment of main."""
    return requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=HEADERS, timeout=5)


@pytest.mark.usefixtures("frozen")
def test_the_fake_starts_at_the_frozen_time() -> None:
    """Timestamps, Date, the rate limit's reset and a token's expiry follow the fake's clock from there."""
    with FakeGitHub() as fake:
        fake.add_repository("octocat/example")
        assert fake.clock.now == THEN
        answer = deploy()
        assert answer.json()["created_at"] == "2024-02-29T12:00:00Z"
        assert answer.headers["Date"] == "Thu, 29 Feb 2024 12:00:00 GMT"
        reset = datetime.fromtimestamp(int(answer.headers["X-RateLimit-Reset"]), UTC)
        assert reset == THEN + timedelta(hours=1)
        fake.add_token(TOKEN, expires_at=THEN + timedelta(minutes=5))
        assert requests.get(DEPLOYMENTS, headers=HEADERS, timeout=5).status_code == 200
        fake.clock.tick(seconds=300)
        late = requests.get(DEPLOYMENTS, headers=HEADERS, timeout=5)
        assert (late.status_code, late.headers["Date"]) == (401, "Thu, 29 Feb 2024 12:05:00 GMT")


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("door", DOORS)
def test_timeouts_of_clients_work_while_time_is_frozen(door: str) -> None:
    """Every client gets its response, and a simulated timeout is immediate."""
    with FakeGitHub() as fake:
        assert DOORS[door]("GET", f"{fake.base_url}/user", HEADERS, None, timeout=3).status == 200
        fake.faults.add(error="timeout")
        with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own, some without a message
            # Not GET, which urllib3 and aiohttp retry.
            DOORS[door]("POST", f"{fake.base_url}/user/repos", HEADERS, b"{}", timeout=3)
        assert re.search(r"(?i)timed? ?out", repr(caught.value))
    assert fake._engine.take_problem() is None


@pytest.mark.usefixtures("frozen")
def test_the_rate_limit_resets_by_the_fakes_clock() -> None:
    """The frozen clock does not matter."""
    with FakeGitHub() as fake:
        fake.rate_limits.set(remaining=0)
        assert requests.get(f"{fake.base_url}/user", headers=HEADERS, timeout=5).status_code == 403
        fake.clock.tick(seconds=3600)
        assert requests.get(f"{fake.base_url}/user", headers=HEADERS, timeout=5).status_code == 200


@pytest.mark.usefixtures("frozen")
def test_a_live_server_works_while_time_is_frozen() -> None:
    """It answers, and stops even with an open connection."""
    with FakeGitHub() as fake:
        fake.add_repository("octocat/example")
        with fake.serve() as server, requests.Session() as session:
            for _ in range(3):
                answer = session.get(f"{server.api_url}/repos/octocat/example", timeout=5)
                assert (answer.status_code, answer.headers["Date"]) == (200, "Thu, 29 Feb 2024 12:00:00 GMT")
        assert [thread for thread in threading.enumerate() if thread.name.startswith("ghdeploy")] == []


@pytest.mark.usefixtures("frozen")
def test_receivers_of_all_kinds_work_while_time_is_frozen() -> None:
    """Coroutines, WSGI and ASGI applications, and functions in threads get their deliveries."""
    seen: list[str] = []

    async def coroutine(delivery: Any) -> None:  # noqa: ANN401
        seen.append(f"coroutine {delivery.event}")

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401
        seen.append(f"wsgi {environ['HTTP_X_GITHUB_EVENT']}")
        start_response("204 No Content", [])
        return []

    async def asgi(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        assert scope["type"] == "http"
        await receive()
        seen.append(f"asgi {dict(scope['headers'])[b'x-github-event'].decode()}")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with FakeGitHub() as fake:
        fake.add_repository("octocat/example")
        for receiver in (coroutine, wsgi, asgi):
            fake.webhooks.subscribe(receiver, events=["deployment"])
        fake.webhooks.subscribe(
            lambda delivery: seen.append(f"thread {delivery.event}"), events=["deployment"], in_thread=True
        )
        del seen[:]
        assert deploy().status_code == 201
    assert seen == ["coroutine deployment", "wsgi deployment", "asgi deployment", "thread deployment"]


@pytest.mark.usefixtures("frozen")
def test_waiting_for_an_event_takes_real_time() -> None:
    """It ends with the event or at the timeout, in a thread and in an asyncio task."""
    with FakeGitHub() as fake:
        repository = fake.add_repository("octocat/example")

        def later() -> None:
            threading.Timer(0.01, lambda: repository.add_deployment(ref="main")).start()

        async def waits() -> None:
            later()
            assert (await fake.async_wait_for_event("deployment", timeout=30)).name == "deployment"
            with pytest.raises(AssertionError, match=r"no event push in 0\.02 seconds"):
                await fake.async_wait_for_event("push", timeout=0.02)

        later()
        assert fake.wait_for_event("deployment", timeout=30).name == "deployment"
        with pytest.raises(AssertionError, match=r"no event push in 0\.02 seconds"):
            fake.wait_for_event("push", timeout=0.02)
        asyncio.run(waits())


def test_moving_a_frozen_clock_does_not_move_the_fakes() -> None:
    """The test can move both: ``clock.move_to(datetime.now(UTC))``."""
    with freezegun.freeze_time(THEN) as frozen, FakeGitHub() as fake:
        frozen.tick(60)
        assert fake.clock.now == THEN
        fake.clock.move_to(datetime.now(UTC))
        assert fake.clock.now == THEN + timedelta(minutes=1)
    with time_machine.travel(THEN, tick=False) as traveller, FakeGitHub() as fake:
        traveller.shift(60)
        assert fake.clock.now == THEN
        fake.clock.move_to(dt.datetime.now(UTC))
        assert fake.clock.now == THEN + timedelta(minutes=1)


@pytest.mark.usefixtures("frozen")
def test_an_asynchronous_client_works_while_time_is_frozen() -> None:
    """Several requests at once in one loop are answered."""

    async def ask() -> list[int]:
        async with httpx.AsyncClient(headers=HEADERS, timeout=1) as client:
            answers = await asyncio.gather(*(client.post(DEPLOYMENTS, json={"ref": "main"}) for _ in range(5)))
        return [answer.json()["id"] for answer in answers]

    with FakeGitHub() as fake:
        repository = fake.add_repository("octocat/example")
        assert sorted(asyncio.run(ask())) == sorted(deployment.id for deployment in repository.deployments)


IN_ANY_ORDER = """
from datetime import UTC, datetime

import freezegun
import httpx
import pytest
import requests
import time_machine

THEN = datetime(2024, 2, 29, 12, tzinfo=UTC)

def starts(fake):
    answer = requests.get("https://api.github.com/rate_limit", timeout=5)
    return (fake.clock.now, answer.headers["Date"]) == (THEN, "Thu, 29 Feb 2024 12:00:00 GMT")

@pytest.fixture
def frozen():
    with freezegun.freeze_time(THEN):
        yield

@pytest.fixture
def travelled(time_machine):
    time_machine.move_to(THEN, tick=False)

def test_fixtures_before(frozen, ghdeploy):
    assert starts(ghdeploy)

def test_fixture_after(ghdeploy, frozen):
    assert not starts(ghdeploy)

def test_travel_before(travelled, ghdeploy):
    assert starts(ghdeploy)

def test_travel_after(ghdeploy, travelled):
    assert not starts(ghdeploy)

@freezegun.freeze_time(THEN)
def test_decorator(ghdeploy_factory):
    assert starts(ghdeploy_factory())

@time_machine.travel(THEN, tick=False)
def test_travel_decorator(ghdeploy_factory):
    assert starts(ghdeploy_factory())

@freezegun.freeze_time(THEN)
def test_decorator_is_later_than_fixtures(ghdeploy):
    assert not starts(ghdeploy)

@pytest.mark.time_machine(THEN, tick=False)
def test_marker(ghdeploy):
    assert starts(ghdeploy)

@pytest.mark.asyncio
async def test_async(frozen, ghdeploy):
    assert starts(ghdeploy)
    async with httpx.AsyncClient() as client:
        answer = await client.get("https://api.github.com/rate_limit")
    assert answer.headers["Date"] == "Thu, 29 Feb 2024 12:00:00 GMT"

@pytest.mark.asyncio
@freezegun.freeze_time(THEN, real_asyncio=True)
async def test_async_decorator(ghdeploy_factory):
    assert starts(ghdeploy_factory())
"""


@pytest.mark.beside(IN_ANY_ORDER, neighbours.PLAIN)
def test_freezegun_and_time_machine_in_any_order_with_the_fixture(outcome: Outcome) -> None:
    """The fake starts at the frozen time with a decorator or an earlier fixture, but not with a later one."""
    assert outcome.counts == {"passed": 10}
