"""Receivers that are slow, that trigger themselves, or that go on after their response, and their threads."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from contextlib import nullcontext
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests
from receiving import ok, serving
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.routing import Route

from pytest_ghdeploy import FakeError, FakeGitHub, Repository
from pytest_ghdeploy.errors import with_page
from pytest_ghdeploy.store import outbox
from pytest_ghdeploy.webhooks import webhooks

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from starlette.requests import Request

    from pytest_ghdeploy.webhooks.hooks import Delivery

API = "https://api.github.com/repos/octocat/example"
TOKEN = {"Authorization": "token any-token"}


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


def post(path: str, **body: object) -> requests.Response:
    """Send a POST as a deploy tool would."""
    return requests.post(f"{API}{path}", json=body, headers=TOKEN, timeout=10)


# Threads and time limits


def only(event: str, act: Callable[[], object]) -> Callable[[Delivery], None]:
    """Return a receiver that handles one kind of event."""

    def receive(delivery: Delivery) -> None:
        if delivery.event == event:
            act()

    return receive


@pytest.mark.parametrize("in_thread", [None, False])
@pytest.mark.parametrize("kind", ["function", "wsgi"])
def test_a_receiver_runs_in_the_thread_whose_call_caused_the_event(
    ghdeploy: FakeGitHub, repo: Repository, kind: str, in_thread: Any  # noqa: ANN401
) -> None:  # fmt: skip
    """So it may use objects of that thread, such as a database connection, while other threads cause events too."""
    called: dict[str, str] = {}

    def note(payload: Any) -> None:  # noqa: ANN401 - JSON
        if "context" in payload:
            called[payload["context"]] = threading.current_thread().name
            time.sleep(0.005)

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401
        note(json.load(environ["wsgi.input"]))
        start_response("204 No Content", [])
        return []

    def report(context: str) -> None:
        for turn in range(5):
            repo.add_commit_status("main", state="success", context=f"{context}/{turn}")

    target = wsgi if kind == "wsgi" else lambda delivery: note(delivery.payload)
    ghdeploy.webhooks.subscribe(target, in_thread=in_thread)
    names = [f"worker {number}" for number in range(4)]
    threads = [threading.Thread(target=report, args=(name,), name=name) for name in names]
    for thread in threads:
        thread.start()
    report(threading.current_thread().name)
    for thread in threads:
        thread.join()
    assert len(called) == 25
    assert all(context.startswith(f"{thread}/") for context, thread in called.items())


def test_a_receiver_without_its_own_thread_has_no_timeout(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Only ``in_thread=True`` limits its real time."""
    ghdeploy.webhooks.timeout_seconds = 0.05
    slow = only("status", partial(time.sleep, 0.2))
    hooks = [ghdeploy.webhooks.subscribe(slow, in_thread=in_thread) for in_thread in (None, False, True)]
    repo.add_commit_status("main", state="success")
    assert [hook.deliveries[0].state for hook in hooks] == ["delivered", "delivered", "failed"]
    assert hooks[2].deliveries[0].reason == "the receiver took longer than 0.05 seconds"


@pytest.mark.parametrize("how", ["python", "http"])
def test_an_abandoned_receiver_goes_on(ghdeploy: FakeGitHub, repo: Repository, how: str) -> None:
    """Its later calls work as from any thread, with their own deliveries."""
    go_on, over = threading.Event(), threading.Event()

    def receive() -> None:
        go_on.wait(10)
        if how == "python":
            repo.add_commit_status("main", state="success")
        else:
            post(f"/statuses/{repo.sha('main')}", state="success")
        over.set()

    ghdeploy.webhooks.timeout_seconds = 0.1
    ghdeploy.webhooks.subscribe(only("deployment", receive), events=["deployment"], in_thread=True)
    got: list[str] = []
    ghdeploy.webhooks.subscribe(lambda delivery: got.append(delivery.event))
    repo.add_deployment(ref="main")
    assert got == ["ping", "deployment"]
    go_on.set()
    assert over.wait(10)
    assert got == ["ping", "deployment", "status"]


def test_a_call_does_not_wait_long_for_a_receiver_in_another_thread(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its deliveries are left to that thread, in order."""
    monkeypatch.setattr(outbox, "PATIENCE_SECONDS", 0.1)
    called, go_on = threading.Event(), threading.Event()

    def receive() -> None:
        called.set()
        go_on.wait(10)

    hook = ghdeploy.webhooks.subscribe(only("status", receive))
    worker = threading.Thread(target=repo.add_commit_status, args=("main",), kwargs={"state": "success"})
    worker.start()
    assert called.wait(5)
    for _ in range(2):
        repo.add_commit_status("main", state="failure")
    assert [delivery.state for delivery in hook.deliveries] == ["waiting"] * 3 + ["delivered"]
    go_on.set()
    worker.join(5)
    assert [delivery.state for delivery in hook.deliveries] == ["delivered"] * 4


# Receivers that trigger themselves


@pytest.mark.parametrize("kind", ["function", "thread", "url"])
def test_a_receiver_that_triggers_itself_is_stopped(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The call returns, all events are recorded, and the test fails."""
    monkeypatch.setattr(webhooks, "MOST_OF_ONE_CALL", 20)
    message = "one call caused 20 deliveries: does a receiver trigger itself?"

    def again() -> None:
        repo.add_commit_status("main", state="pending")

    def over_http(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.headers["X-GitHub-Event"] == "status":
            again()
        ok(handler, body)

    with serving(over_http) if kind == "url" else nullcontext() as server:
        target = server.url if server else only("status", again)
        hook = ghdeploy.webhooks.subscribe(target, events=["status"], in_thread=True if kind == "thread" else None)
        repo.add_commit_status("main", state="success")
        last, *others, _ = hook.deliveries
        assert (last.state, last.status_code, last.reason) == ("failed", 502, message)
        assert [delivery.state for delivery in others] == ["delivered"] * 20
        assert len(ghdeploy.events) == 21
        problem = ghdeploy._engine.take_problem()
        assert isinstance(problem, FakeError)
        assert str(problem) == with_page(f"{message} The rest was not sent", "receivers-that-trigger-each-other")
        repo.add_commit_status("main", state="success")
        assert len(ghdeploy.events) == 42
        assert isinstance(ghdeploy._engine.take_problem(), FakeError)


# In a task group


def _failing_assertion() -> None:
    unwanted = True
    assert not unwanted, "unwanted"


@pytest.mark.parametrize("check", [_failing_assertion, lambda: pytest.fail("unwanted")])
def test_a_verdict_in_a_task_group_fails_the_test(
    ghdeploy: FakeGitHub, repo: Repository, check: Callable[[], object]
) -> None:
    """A group of exceptions is searched for failing assertions and for ``pytest.fail``."""

    async def task() -> None:
        check()

    async def receiver(_: Delivery) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(task())

    hook = ghdeploy.webhooks.subscribe(receiver, events=["status"])
    repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].state == "failed"
    problem = ghdeploy._engine.take_problem()
    assert isinstance(problem, AssertionError)
    assert "unwanted" in str(problem)


# After an ASGI application's response


@pytest.mark.parametrize(
    ("task", "then"),
    [
        (lambda fake: fake.clock.tick(60), ""),
        (lambda _: 1 // 0, ", and then ZeroDivisionError: integer division or modulo by zero"),
        (lambda _: pytest.fail("unwanted"), ", and then Failed: unwanted"),
        (lambda _: time.sleep(0.5), ", and then TimeoutError: the application was still running after 0.2 seconds"),
    ],
)
def test_errors_after_the_response_do_not_change_it(
    ghdeploy: FakeGitHub, repo: Repository, task: Callable[[FakeGitHub], object], then: str
) -> None:
    """GitHub already has the response, but the conversation shows the error."""

    async def view(_: Request) -> Response:
        return Response(status_code=202, background=BackgroundTask(task, ghdeploy))

    ghdeploy.webhooks.timeout_seconds = 0.2
    app = Starlette(routes=[Route("/", view, methods=["POST"])])
    hook = ghdeploy.webhooks.subscribe(app, events=["status"])
    repo.add_commit_status("main", state="success")
    delivery = hook.deliveries[0]
    assert (delivery.state, delivery.status_code, delivery.reason, delivery.duration) == ("delivered", 202, "", 0.0)
    assert (type(delivery.exception).__name__ in then) if then else delivery.exception is None
    assert f"     --> status to Starlette: 202 OK{then}" in ghdeploy.conversation_text().splitlines()
    assert ("unwanted" in then) is (ghdeploy._engine.take_problem() is not None)


@pytest.mark.parametrize("in_thread", [None, True])
def test_a_receiver_has_its_own_context(ghdeploy: FakeGitHub, repo: Repository, in_thread: Any) -> None:  # noqa: ANN401
    """It is a copy of the caller's, and variables set there are not visible afterwards."""
    variable = ContextVar("variable", default="nothing")
    variable.set("the test's")
    seen: list[str] = []

    def receive(_: Delivery) -> None:
        seen.append(variable.get())
        variable.set("the receiver's")

    ghdeploy.webhooks.subscribe(receive, in_thread=in_thread)
    repo.add_commit_status("main", state="success")
    assert seen == ["the test's"] * 2
    assert variable.get() == "the test's"


# Receivers that stop themselves, go on, or deliver again


@pytest.mark.parametrize("how", ["unsubscribes", "resets"])
@pytest.mark.parametrize("where", ["in its loop", "in a thread"])
def test_an_asgi_application_that_stops_itself_finishes_its_request(
    ghdeploy: FakeGitHub, repo: Repository, how: str, where: str
) -> None:
    """Its shutdown begins after that."""
    done = threading.Event()
    steps: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - an ASGI application
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            steps.append(message["type"])
            done.set()
            return
        if b'"context"' in (await receive())["body"]:
            stop = hook.delete if how == "unsubscribes" else ghdeploy.reset
            await asyncio.to_thread(stop) if where == "in a thread" else stop()
            await asyncio.sleep(0.05)
            steps.append("the request")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    hook = ghdeploy.webhooks.subscribe(app)
    repo.add_commit_status("main", state="success")
    assert done.wait(5)
    assert steps == ["the request", "lifespan.shutdown"]


def test_a_task_of_an_asgi_application_does_not_wait_for_itself(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A call that it makes in its loop after the response returns at once. Another thread makes the deliveries."""
    seconds: list[float] = []
    received: list[str] = []
    over = threading.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def go_on() -> None:
        while not ghdeploy.webhooks.deliveries[0].status_code:  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.005)
        began = time.monotonic()
        repo.add_commit_status("main", state="success", context="second")
        seconds.append(time.monotonic() - began)

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - an ASGI application
        if scope["type"] == "lifespan":
            return
        payload = json.loads((await receive())["body"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        received.append(payload.get("context", "ping"))
        if received[-1] == "first":
            tasks.add(asyncio.create_task(go_on()))
        if received[-1] == "second":
            over.set()

    hook = ghdeploy.webhooks.subscribe(app)
    ghdeploy.webhooks.timeout_seconds = 3
    repo.add_commit_status("main", state="success", context="first")
    assert over.wait(5)
    assert received == ["ping", "first", "second"]
    assert seconds[0] < 2
    while hook.deliveries[0].state == "waiting":
        time.sleep(0.005)
    assert [delivery.state for delivery in hook.deliveries] == ["delivered"] * 3


def test_a_failing_assertion_of_an_abandoned_receiver_fails_the_test(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The delivery has timed out, but the test is not over."""
    go_on = threading.Event()

    def check() -> None:
        go_on.wait(5)
        pytest.fail("too late")

    ghdeploy.webhooks.timeout_seconds = 0.05
    hook = ghdeploy.webhooks.subscribe(only("status", check), in_thread=True)
    repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].reason == "the receiver took longer than 0.05 seconds"
    go_on.set()
    limit = time.monotonic() + 5
    while (problem := ghdeploy._engine.take_problem()) is None and time.monotonic() < limit:
        time.sleep(0.005)
    assert "too late" in str(problem)


def test_a_queued_delivery_is_not_sent_twice(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A receiver may ask for one that is about to be sent anyway."""
    received: list[str] = []

    def first(delivery: Delivery) -> None:
        if delivery.event == "status":
            second.deliveries[0].deliver()

    ghdeploy.webhooks.subscribe(first)
    second = ghdeploy.webhooks.subscribe(lambda delivery: received.append(delivery.event))
    repo.add_commit_status("main", state="success")
    assert received == ["ping", "status"]
    assert [delivery.state for delivery in second.deliveries] == ["delivered"] * 2


@pytest.mark.parametrize("outcome", ["skip", "xfail"])
def test_a_receiver_can_skip_the_test(pytester: pytest.Pytester, outcome: str) -> None:
    """The test is skipped when it ends, and the client's request succeeds."""
    pytester.makepyfile(
        f"""
        import pytest

        def test_it(ghdeploy):
            repo = ghdeploy.add_repository("octocat/example")

            def receive(delivery):
                if delivery.event == "status":
                    pytest.{outcome}("not here")

            hook = ghdeploy.webhooks.subscribe(receive)
            repo.add_commit_status("main", state="success")
            assert hook.deliveries[0].state == "failed"
        """
    )
    result = pytester.runpytest_inprocess("-rxs")
    result.assert_outcomes(**{"skipped" if outcome == "skip" else "xfailed": 1})
    result.stdout.fnmatch_lines(["*not here*"])


def test_an_exit_of_a_coroutine_function_is_only_its_failure(
    ghdeploy: FakeGitHub, repo: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    """Asyncio has nothing to complain about."""

    async def receive(_: Delivery) -> None:
        await asyncio.sleep(0)
        raise SystemExit(3)

    hook = ghdeploy.webhooks.subscribe(receive, events=["status"])
    repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].reason == "the receiver raised SystemExit: 3"
    gc.collect()
    assert capfd.readouterr().err == ""


def test_the_path_of_a_delivery_is_in_the_conversation(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """An application may have several paths. A function has none."""

    def app(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401
        start_response("204 No Content" if environ["PATH_INFO"] == "/right" else "404 Not Found", [])
        return []

    for path in ("/right", "/wrong"):
        ghdeploy.webhooks.subscribe(app, path=path, events=["status"])
    ghdeploy.webhooks.subscribe(only("status", lambda: None), events=["status"])
    repo.add_commit_status("main", state="success")
    lines = [line for line in ghdeploy.conversation_text().splitlines() if "--> status" in line]
    assert lines == [
        "     --> status to app at /right: 204 OK",
        "  !  --> status to app at /wrong: failed: the receiver answered 404 Not Found",
        "     --> status to receive: 200 OK",
    ]
    drawn = ghdeploy.conversation.diagram()
    assert "status delivered at /right: 204 OK" in drawn
    assert "status delivered at /wrong: failed" in drawn
