"""Receivers that hang, never have enough, or go on after their answer: whose call caused it is not disturbed."""

from __future__ import annotations

import asyncio
import bdb
import inspect
import signal
import socket
import sys
import threading
import time
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from receiving import ok, serving
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.routing import Route

from pytest_ghdeploy import FakeError, FakeGitHub, Repository
from pytest_ghdeploy.webhooks import hooks, interrupt, queue

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from types import FrameType

    from starlette.requests import Request

    from pytest_ghdeploy.webhooks.hooks import Delivery

API = "https://api.github.com/repos/octocat/example"
TOKEN = {"Authorization": "token any-token"}

woken = pytest.mark.skipif(
    not interrupt.is_possible(), reason="threads cannot be woken here: each receiver has one of its own"
)


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Give the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


def post(path: str, **body: object) -> requests.Response:
    """Ask as a tool does."""
    return requests.post(f"{API}{path}", json=body, headers=TOKEN, timeout=10)


# Receivers that hang, in whatever thread


def only(event: str, act: Callable[[], object]) -> Callable[[Delivery], None]:
    """Make a receiver that acts on one kind of event."""

    def receive(delivery: Delivery) -> None:
        if delivery.event == event:
            act()

    return receive


def in_a_loop() -> None:
    """Never come back, and catch what is usually caught."""
    while True:
        with suppress(Exception):
            time.sleep(0.001)


def without_a_word() -> None:
    """Compute."""
    while True:
        pass


def at_a_server() -> None:
    """Wait for what never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        requests.get(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=60)


def for_this_thread() -> None:
    """Wait for whoever called."""
    done = threading.Event()
    asyncio.get_running_loop().call_soon(done.set)
    done.wait(60)


@woken
@pytest.mark.parametrize("kind", ["function", "wsgi"])
@pytest.mark.parametrize(
    "hang", [partial(time.sleep, 60), partial(threading.Event().wait, 60), in_a_loop, without_a_word, at_a_server]
)
def test_a_receiver_that_hangs_in_the_main_thread_is_ended(
    ghdeploy: FakeGitHub, repo: Repository, kind: str, hang: Callable[[], object]
) -> None:
    """It tidies up after itself; the client is answered, the others get their deliveries, and it gets the next."""
    tidied: list[object] = []

    def function(delivery: Delivery) -> None:
        if delivery.event == "deployment":
            try:
                hang()
            finally:
                time.sleep(0.05)
                tidied.append(threading.current_thread())

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:  # noqa: ANN401
        function(SimpleNamespace(event=environ["HTTP_X_GITHUB_EVENT"]))  # type: ignore[arg-type]
        start_response("204 No Content", [])
        return []

    threads = threading.active_count()
    before = signal.getsignal(signal.SIGURG)
    ghdeploy.webhooks.timeout_seconds = 0.3
    hook = ghdeploy.webhooks.subscribe(function if kind == "function" else wsgi)
    other = ghdeploy.webhooks.subscribe(lambda _: None)
    assert post("/deployments", ref="main").status_code == 201
    repo.add_commit_status("main", state="success")
    status, deployment, ping = hook.deliveries
    assert (deployment.state, deployment.status_code) == ("failed", 504)
    assert deployment.reason == "the receiver took longer than 0.3 seconds"
    assert (status.state, ping.state) == ("delivered", "delivered")
    assert [delivery.state for delivery in other.deliveries] == ["delivered"] * 3
    assert tidied == [threading.main_thread()]
    assert signal.getsignal(signal.SIGURG) is before
    assert threading.active_count() == threads
    hang = str
    assert ghdeploy.webhooks.redeliver(deployment).state == "delivered"


@woken
def test_a_receiver_that_waits_for_the_thread_it_runs_in_is_ended(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Such as one that a coroutine's call has caused, which waits for the loop."""
    ghdeploy.webhooks.timeout_seconds = 0.3
    hook = ghdeploy.webhooks.subscribe(only("status", for_this_thread))

    async def main() -> None:
        repo.add_commit_status("main", state="success")

    asyncio.run(main())
    assert hook.deliveries[0].reason == "the receiver took longer than 0.3 seconds"


@pytest.mark.parametrize("how", ["python", "http"])
def test_a_receiver_is_not_ended_within_the_fake(ghdeploy: FakeGitHub, repo: Repository, how: str) -> None:
    """What it does over and over is done wholly or not at all, and no lock stays taken."""

    def receive(delivery: Delivery) -> None:
        for number in count() if delivery.event == "deployment" else ():
            sum(range(50_000))  # in our tests the fake takes long, since it checks all that it says
            if how == "python":
                repo.add_commit_status("main", state="pending", context=str(number))
            else:
                post("/statuses/" + repo.sha("main"), state="pending", context=str(number))

    ghdeploy.webhooks.timeout_seconds = 0.3
    hook = ghdeploy.webhooks.subscribe(receive, events=["deployment"])
    repo.add_deployment(ref="main")
    assert hook.deliveries[0].reason == "the receiver took longer than 0.3 seconds"
    made = len(ghdeploy.events.named("status"))
    assert made == len(list(ghdeploy._engine.store.commit_statuses)) > 0
    assert how == "python" or made - len(ghdeploy.requests) in (0, 1)
    worker = threading.Thread(target=repo.add_commit_status, args=("main",), kwargs={"state": "success"})
    worker.start()
    worker.join(5)
    assert len(ghdeploy.events.named("status")) == made + 1


@woken
def test_a_signal_that_was_asked_for_still_comes(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that ends receivers may have another use."""
    came: list[int] = []
    before = signal.signal(signal.SIGURG, lambda number, _: came.append(number))
    try:
        ghdeploy.webhooks.subscribe(only("status", lambda: signal.raise_signal(signal.SIGURG)))
        repo.add_commit_status("main", state="success")
        assert came == [signal.SIGURG]
        signal.raise_signal(signal.SIGURG)
        assert came == [signal.SIGURG] * 2
    finally:
        signal.signal(signal.SIGURG, before)
    # One that was not set in Python could not be put back.
    monkeypatch.setattr(signal, "getsignal", lambda _: None)
    assert not interrupt.is_possible()


@pytest.mark.parametrize("debugger", ["bdb", "monitoring", None])
def test_nothing_is_ended_while_it_is_debugged(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch, debugger: str | None
) -> None:
    """Who looks at a receiver has time."""
    monkeypatch.setattr(sys, "gettrace", lambda: bdb.Bdb().trace_dispatch if debugger == "bdb" else None)
    tool = SimpleNamespace(DEBUGGER_ID=0, get_tool=lambda _: "pdb" if debugger == "monitoring" else None)
    monkeypatch.setattr(sys, "monitoring", tool, raising=False)
    ghdeploy.webhooks.timeout_seconds = 0.05
    hook = ghdeploy.webhooks.subscribe(only("status", partial(time.sleep, 0.3)))
    repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].state == ("delivered" if debugger else "failed")


def test_a_receiver_called_by_a_receiver_of_another_fake_is_ended_alone(
    ghdeploy: FakeGitHub, repo: Repository, ghdeploy_factory: Callable[..., FakeGitHub]
) -> None:
    """Each has its own time."""
    inner = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    theirs = inner.add_repository("octocat/example")
    slow = inner.webhooks.subscribe(only("status", partial(time.sleep, 60)))
    inner.webhooks.timeout_seconds = 0.2
    hook = ghdeploy.webhooks.subscribe(only("status", partial(theirs.add_commit_status, "main", state="success")))
    repo.add_commit_status("main", state="success")
    assert slow.deliveries[0].reason == "the receiver took longer than 0.2 seconds"
    assert hook.deliveries[0].state == "delivered"
    # The time of the first being over, the second is ended by its own first, and then the first.
    inner.webhooks.timeout_seconds = 0.5
    ghdeploy.webhooks.timeout_seconds = 0.2
    repo.add_commit_status("main", state="success")
    assert slow.deliveries[0].reason == "the receiver took longer than 0.5 seconds"
    assert [one.state for one in inner.webhooks.deliveries] == ["failed", "failed", "delivered"]


@pytest.mark.parametrize("in_thread", [None, False])
def test_a_receiver_called_by_another_thread_has_one_of_its_own(
    ghdeploy: FakeGitHub, repo: Repository, in_thread: Any  # noqa: ANN401
) -> None:  # fmt: skip
    """Another thread than the main one cannot be woken; unless the test wants it so, it is not hung."""
    threads: list[object] = []
    go_on = threading.Event()

    def receive() -> None:
        threads.append(threading.current_thread())
        go_on.wait(10)

    ghdeploy.webhooks.timeout_seconds = 0.3
    hook = ghdeploy.webhooks.subscribe(only("status", receive), in_thread=in_thread)
    worker = threading.Thread(target=repo.add_commit_status, args=("main",), kwargs={"state": "success"})
    worker.start()
    worker.join(0.5)
    assert worker.is_alive() is (in_thread is False)
    go_on.set()
    worker.join(5)
    assert threads == [worker] if in_thread is False else threads[0] not in (worker, threading.main_thread())
    assert hook.deliveries[0].state == ("delivered" if in_thread is False else "failed")


def test_nobody_waits_for_ever_for_anothers_receiver(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that cannot be ended keeps back what comes after it, and not the calls."""
    monkeypatch.setattr(queue, "LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(queue, "PATIENCE_SECONDS", 0.1)
    ghdeploy.webhooks.timeout_seconds = 0.3
    called, go_on = threading.Event(), threading.Event()

    def receive() -> None:
        called.set()
        go_on.wait(10)

    hook = ghdeploy.webhooks.subscribe(only("status", receive), in_thread=False)
    worker = threading.Thread(target=repo.add_commit_status, args=("main",), kwargs={"state": "success"})
    worker.start()
    assert called.wait(5)
    repo.add_commit_status("main", state="failure")
    assert [delivery.state for delivery in hook.deliveries] == ["waiting", "waiting", "delivered"]
    go_on.set()
    worker.join(5)
    assert [delivery.state for delivery in hook.deliveries] == ["delivered"] * 3


# Receivers that never have enough


@pytest.mark.parametrize("kind", ["function", "thread", "url"])
def test_a_receiver_that_answers_its_own_events_is_stopped(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The call comes back, all that was caused is known, and the test fails."""
    monkeypatch.setattr(hooks, "MOST_OF_ONE_CALL", 20)
    told = "20 deliveries came of one call: does a receiver answer what comes of its own calls?"

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
        assert (last.state, last.status_code, last.reason) == ("failed", 502, told)
        assert [one.state for one in others] == ["delivered"] * 20
        assert len(ghdeploy.events) == 21
        problem = ghdeploy._engine.take_problem()
        assert isinstance(problem, FakeError)
        assert str(problem) == f"{told} What else came was not sent"
        repo.add_commit_status("main", state="success")
        assert len(ghdeploy.events) == 42
        assert isinstance(ghdeploy._engine.take_problem(), FakeError)


# What an ASGI application does after its answer


@pytest.mark.parametrize(
    ("task", "then"),
    [
        (lambda fake: fake.clock.tick(60), ""),
        (lambda _: 1 // 0, ", and then ZeroDivisionError: integer division or modulo by zero"),
        (lambda _: pytest.fail("unwanted"), ", and then Failed: unwanted"),
        (lambda _: time.sleep(0.5), ", and then TimeoutError: it was still at work after 0.2 seconds"),
    ],
)
def test_what_comes_after_an_answer_does_not_change_it(
    ghdeploy: FakeGitHub, repo: Repository, task: Callable[[FakeGitHub], object], then: str
) -> None:
    """GitHub has it already; the test is told all the same."""

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


# What must not be ended just then


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[[FrameType | None], bool]:
    """Tell whether a receiver whose time is over would be ended in a frame."""
    found = interrupt._Watch(1)
    found._is_due = True
    monkeypatch.setattr(interrupt, "_MOST_ATTEMPTS", 3)

    def is_ended(frame: FrameType | None) -> bool:
        found._is_due = True
        try:
            found._handle(0, frame)
        except interrupt.Interrupted:
            return True
        return False

    return is_ended


def test_nothing_is_ended_that_must_be_whole(ghdeploy: FakeGitHub, watch: Callable[[FrameType | None], bool]) -> None:
    """While a fake's lock is held, deliveries are made, or patches go in and out."""
    here = inspect.currentframe()
    assert watch(here)
    with ghdeploy._engine.lock:
        assert not watch(here)
    assert watch(here)
    whole = {"__name__": "pytest_ghdeploy.doors.patching", "currentframe": inspect.currentframe}
    assert not watch(eval("currentframe()", whole))  # noqa: S307 - our own code
    exec("def open(): return currentframe()", opens := {**whole, "__name__": "pytest_ghdeploy.fake"})  # noqa: S102
    assert not watch(opens["open"]())  # type: ignore[operator]
    exec("def events(): return currentframe()", opens)  # noqa: S102
    assert watch(opens["events"]())  # type: ignore[operator]


def test_a_lock_that_is_being_taken_does_not_stay_so(watch: Callable[[FrameType | None], bool]) -> None:
    """But one that is waited for looks the same, and must not be waited for for ever."""

    def acquire() -> FrameType | None:
        return inspect.currentframe()

    assert [watch(acquire()) for _ in range(4)] == [False, False, False, True]
    assert [watch(acquire()) for _ in range(4)] == [False, False, False, True]


@woken
def test_a_receiver_that_waits_for_a_lock_is_ended(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Also for a ``Condition``, whose own ``__enter__`` it is in then."""
    condition = threading.Condition()
    taken, go_on = threading.Event(), threading.Event()

    def take() -> None:
        with condition:
            taken.set()
            go_on.wait(30)

    def wait() -> None:
        with condition:
            raise AssertionError

    thread = threading.Thread(target=take)
    thread.start()
    assert taken.wait(5)
    ghdeploy.webhooks.timeout_seconds = 0.1
    hook = ghdeploy.webhooks.subscribe(only("status", wait))
    repo.add_commit_status("main", state="success")
    go_on.set()
    thread.join()
    assert hook.deliveries[0].reason == "the receiver took longer than 0.1 seconds"


@woken
def test_a_receiver_is_asked_again_to_end(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """One that does not hear at first is asked again, when it has had time to tidy up."""
    times: list[float] = []

    def deaf() -> None:
        while True:
            try:
                time.sleep(60)
            except BaseException:
                times.append(time.perf_counter())
                if len(times) == 2:
                    raise

    ghdeploy.webhooks.timeout_seconds = 0.1
    hook = ghdeploy.webhooks.subscribe(only("status", deaf))
    repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].reason == "the receiver took longer than 0.1 seconds"
    assert 0.9 < times[1] - times[0] < 5


def test_who_has_looked_at_a_receiver_has_its_whole_time_again(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a debugger lets it go on it is not ended at once."""

    def look() -> None:
        with monkeypatch.context() as debugger:
            debugger.setattr(interrupt, "_is_debugged", lambda: True)
            time.sleep(0.5)
        time.sleep(0.1)

    ghdeploy.webhooks.timeout_seconds = 0.4
    hook = ghdeploy.webhooks.subscribe(only("status", look))
    repo.add_commit_status("main", state="success")
    assert hook.deliveries[0].state == "delivered"


@woken
def test_what_the_main_thread_causes_is_delivered_there(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Whoever else waits: what it uses may belong to that thread."""
    called: dict[str, threading.Thread] = {}
    began = threading.Event()

    def receive(delivery: Delivery) -> None:
        if delivery.event == "status":
            called[delivery.payload["context"]] = threading.current_thread()
            began.set()
            time.sleep(0.05)

    def report(context: str) -> None:
        repo.add_commit_status("main", state="success", context=context)

    ghdeploy.webhooks.subscribe(receive)
    for _ in range(3):
        called.clear()
        began.clear()
        first = threading.Thread(target=report, args=("first",))
        first.start()
        assert began.wait(5)
        others = [threading.Timer(0.01, report, (f"other {number}",)) for number in range(4)]
        for other in others:
            other.start()
        report("main")
        for thread in (first, *others):
            thread.join()
        assert len(called) == 6
        assert called["main"] is threading.main_thread()


@pytest.mark.parametrize("in_thread", [None, True])
def test_a_receiver_has_a_context_of_its_own(ghdeploy: FakeGitHub, repo: Repository, in_thread: Any) -> None:  # noqa: ANN401
    """It sees the caller's, and what it sets there is gone afterwards."""
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
