"""
Interruptions: Ctrl-C and pytest-timeout at any moment of a call.

An interruption reaches the caller and leaves no lock held. A change is stored
together with its event, or not at all. The next call works.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import requests
import signing
from client import API, stored
from freezegun import freeze_time
from interruptions import Moments
from receiving import serving

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.doors import network_guard, patching, registry
from pytest_ghdeploy.fake import engine_of
from pytest_ghdeploy.github.trees import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy import Deployment, Repository

    Call = Callable[["Scene"], object]

S = TypeVar("S", bound="Scene")

# An interruption may leave a response of http.client half-built, or a coroutine that was never awaited.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HEADERS = {"authorization": "token any-token-will-do", "user-agent": "a tool", "accept": "*/*"}
DEPLOYMENTS = "/repos/octocat/example/deployments"
PULLS = "/repos/octocat/example/pulls"


@pytest.fixture(autouse=True)
def _everything_is_checked() -> Iterator[None]:
    """Do not validate responses here, since that has far more moments than the calls themselves."""
    with freeze_time("2026-03-10"):  # so that all fakes are equal
        yield
    while SCENES:  # of a test that failed
        SCENES.pop().fake.close()
    gc.collect()


SCENES: list[Scene] = []
"""The open ones."""


class Scene:
    """A fake with a repository, two deployments to one environment, a pull request and a receiver."""

    def __init__(self, target: object = None, **subscription: Any) -> None:  # noqa: ANN401 - of subscribe
        """Subscribe *target*, or a function that notes the events that it receives."""
        self.fake = FakeGitHub()
        SCENES.append(self)
        self.engine = engine_of(self.fake)
        self.fake.open()
        self.repo: Repository = self.fake.add_repository("octocat/example")
        self.repo.add_branch("feature")
        self.repo.add_branch("topic", behind=1)
        self.repo.add_deployment(ref="main", environment="qa").add_status("success")
        self.deployment: Deployment = self.repo.add_deployment(ref="main", environment="qa")
        self.repo.add_commit("feature")
        self.repo.add_pull_request("feature")
        self.received: list[str] = []
        self.hook = self.fake.webhooks.subscribe(target or self.receive, **subscription)

    def receive(self, delivery: Any) -> None:  # noqa: ANN401 - a delivery
        """Note an event."""
        self.received.append(delivery.id)

    def send(self, method: str, path: str, body: object = None, token: str | None = None) -> None:
        """Send a request without a client library."""
        headers = HEADERS | {"authorization": f"Bearer {token}"} if token else HEADERS
        answer = self.engine.answer(method, API + path, headers, json.dumps(body).encode())
        assert answer.status < 400, answer.body

    def state(self) -> tuple[object, ...]:
        """Copy what is stored, without deliveries, and count the requests."""
        state: Any = stored(self.fake)
        rows, graphs, *others = state
        kept = {name: rows[name] for name in rows if name not in ("hooks", "hook_deliveries")}
        shas = {number: [list(names.items()) for names in refs] for number, (*refs, _, _) in graphs.items()}
        commits = {number: list(graph[-2]) for number, graph in graphs.items()}
        trees = {number: sorted(graph._trees) for number, graph in self.engine.store._graphs.items()}
        return kept, shas, commits, trees, repr(others), len(self.fake.requests)

    def check(self, problem: BaseException | None, allowed: list[object], place: str) -> None:
        """Check a fake whose call was interrupted with *problem*. Its state must be one of those *allowed*."""
        assert isinstance(problem, (KeyboardInterrupt, pytest.fail.Exception)), (place, problem)
        works: list[bool] = []

        def other() -> None:
            locks = (self.engine.lock, patching.changes)
            works.extend(lock.acquire(timeout=5) for lock in locks)
            for lock in locks:
                lock.release()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert works == [True] * 2, (place, "a lock is held")
        assert self.state() in allowed, (place, "a part of the change is stored")
        assert not getattr(registry.delivering, "on", False), place
        events = len(self.fake.events)
        self.fake.add_repository("octocat/another").add_deployment(ref="main")
        assert len(self.fake.events) == events + 1, place
        assert len(self.engine.outbox) == 0, (place, "a delivery was left in the queue")
        waiting = [delivery for delivery in self.fake.webhooks.deliveries if delivery.state == "waiting"]
        assert all(type(problem).__name__ in delivery.reason for delivery in waiting), (place, waiting)

    def close(self) -> None:
        """Close the fake, which restores the clients."""
        self.fake.close()
        SCENES.remove(self)
        assert not registry.any_active()
        assert not any(patch.is_on_top for patch in network_guard.PATCHES)


class SceneWithApps(Scene):
    """A scene with two apps, one of which has installations, an environment with values, and a release."""

    def __init__(self) -> None:
        """Give the app that is installed on all accounts a private key, with which `jwt` is signed."""
        super().__init__()
        self.installed = self.fake.add_app("installed")
        self.installation = self.installed.install("octocat")
        self.installed.install("acme")
        self.token = self.installation.token()
        self.everywhere = self.fake.add_app("everywhere", private_key=signing.private_key())
        self.path = f"/app/installations/{self.everywhere.installations[0].id}"
        self.jwt = signing.signed(self.fake, self.everywhere)
        self.fake.webhooks.subscribe(self.receive, app=self.installed)
        environment = self.repo.add_environment("staging")
        environment.add_secret("TOKEN")
        environment.add_variable("REGION", "eu")
        self.release = self.repo.add_release("v1")


def _rename(scene: Scene) -> None:
    scene.repo.rename("octocat/renamed")


TREE = [{"path": f"a/b/{name}", "mode": "100644", "content": name} for name in "xyz"]
CALLS: dict[str, Call] = {
    "a deployment": lambda scene: scene.send("POST", DEPLOYMENTS, {"ref": "main"}),
    "a merge": lambda scene: scene.send("POST", DEPLOYMENTS, {"ref": "topic"}),
    "a success that retires another": lambda scene: scene.send(
        "POST", f"{DEPLOYMENTS}/{scene.deployment.id}/statuses", {"state": "success"}
    ),
    "a deletion": lambda scene: scene.send("DELETE", f"{DEPLOYMENTS}/{scene.deployment.id}"),
    "a deleted repository": lambda scene: scene.send("DELETE", "/repos/octocat/example"),
    "a new branch": lambda scene: scene.send(
        "POST", "/repos/octocat/example/git/refs", {"ref": "refs/heads/new", "sha": scene.repo.sha("main")}
    ),
    "a deleted branch": lambda scene: scene.send("DELETE", "/repos/octocat/example/git/refs/heads/topic"),
    "a tree": lambda scene: scene.send("POST", "/repos/octocat/example/git/trees", {"tree": TREE}),
    "a commit of git": lambda scene: scene.send(
        "POST", "/repos/octocat/example/git/commits", {"message": "m", "tree": EMPTY.sha}
    ),
    "an annotated tag": lambda scene: scene.repo.add_tag("v1", "main", message="First"),
    "an environment": lambda scene: scene.send("PUT", "/repos/octocat/example/environments/staging", {}),
    "a pull request": lambda scene: scene.send("POST", PULLS, {"head": "feature", "base": "topic", "title": "Add"}),
    "a pull request that is read": lambda scene: scene.send("GET", f"{PULLS}/1"),
    "a pull request that is merged": lambda scene: scene.send("PUT", f"{PULLS}/1/merge", {"merge_method": "rebase"}),
    "a pull request that a push merges": lambda scene: scene.send(
        "PATCH", "/repos/octocat/example/git/refs/heads/main", {"sha": scene.repo.sha("feature")}
    ),
    "a pull request that a push moves": lambda scene: scene.send(
        "PUT", "/repos/octocat/example/contents/a.txt", {"message": "m", "content": "YQ==", "branch": "feature"}
    ),
    "a pull request from Python": lambda scene: scene.repo.pull_request(1).merge(method="squash"),
    "a deployment from Python": lambda scene: scene.repo.add_deployment(ref="main", environment="new"),
    "a commit status from Python": lambda scene: scene.repo.add_commit_status("main", state="success"),
    "a check run from Python": lambda scene: scene.repo.add_check_run("main", name="build"),
    "a branch from Python": lambda scene: scene.repo.add_branch("new", from_ref="main", behind=3),
    "a merge conflict": lambda scene: scene.repo.add_merge_conflict("topic"),
    "a rename": _rename,
    "a repository": lambda scene: scene.fake.add_repository("octocat/new", private=True),
    "a token": lambda scene: scene.fake.add_token("a-token", user="new[bot]", permissions={"deployments": "write"}),
    "an app": lambda scene: scene.fake.add_app("gate"),
    "a collaborator": lambda scene: scene.repo.add_collaborator("hubot"),
    "a redelivery": lambda scene: scene.fake.webhooks.redeliver(scene.hook.deliveries[0]),
    "a subscription": lambda scene: scene.fake.webhooks.subscribe(print, content_type="form"),
    "a reset": lambda scene: scene.fake.reset(),
    "closing": lambda scene: scene.fake.close(),
    "a client": lambda _: requests.post(API + DEPLOYMENTS, headers=HEADERS, json={"ref": "main"}, timeout=10),
}


SECRETS, VARIABLES = (f"/repos/octocat/example/environments/staging/{kind}" for kind in ("secrets", "variables"))
CALLS_WITH_APPS: dict[str, Callable[[SceneWithApps], object]] = {
    "an app with a key": lambda scene: scene.fake.add_app("gate", id=991, private_key=signing.private_key()),
    "an installation": lambda scene: scene.installed.install("mona"),
    "an installation that ends all others": lambda scene: scene.everywhere.install("octocat"),
    "a suspension": lambda scene: scene.installation.suspend(),
    "a suspension by the app": lambda scene: scene.send("PUT", f"{scene.path}/suspended", token=scene.jwt),
    "a deleted installation": lambda scene: scene.send("DELETE", scene.path, token=scene.jwt),
    "a token of an installation": lambda scene: scene.send("POST", f"{scene.path}/access_tokens", {}, scene.jwt),
    "a token of a user": lambda scene: scene.installation.user_token("new-user"),
    "a revoked token": lambda scene: scene.send("DELETE", "/installation/token", token=scene.token),
    "a secret": lambda scene: scene.send("PUT", f"{SECRETS}/NEW", {"encrypted_value": "eHh4", "key_id": "1"}),
    "a new variable": lambda scene: scene.send("POST", VARIABLES, {"name": "NEW", "value": "1"}),
    "a renamed variable": lambda scene: scene.send("PATCH", f"{VARIABLES}/REGION", {"name": "NEW", "value": "us"}),
    "a deleted environment": lambda scene: scene.send("DELETE", SECRETS.removesuffix("/secrets")),
    "a release": lambda scene: scene.send("POST", "/repos/octocat/example/releases", {"tag_name": "v2"}),
    "a release that is changed": lambda scene: scene.send(
        "PATCH", f"/repos/octocat/example/releases/{scene.release.id}", {"name": "First", "prerelease": True}
    ),
    "a dispatched event": lambda scene: scene.send(
        "POST", "/repos/octocat/example/dispatches", {"event_type": "deploy"}, scene.token
    ),
    "new topics": lambda scene: scene.send("PUT", "/repos/octocat/example/topics", {"names": ["cd"]}),
}


@pytest.fixture
def ignored(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """Collect the exceptions that CPython ignores: those in finalizers, such as that of a generator."""
    problems: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: problems.append(unraisable.exc_value))
    return problems


def _interrupt_everywhere(
    make: Callable[[], S],
    call: Callable[[S], object],
    *,
    first: int,
    step: int,
) -> int:
    """Interrupt a call at every *step*-th moment, and return the number of interruptions."""
    for _ in range(2):  # the first time, modules are imported and caches filled
        scene = make()
        before = scene.state()
        call(scene)
        after = scene.state()
        scene.close()
    count = 0
    while True:
        scene, moments = make(), Moments(first + count * step)
        raised = moments.run(partial(call, scene))
        if not moments.is_interrupted:
            scene.close()
            return count
        count += 1
        if not moments.is_ignored:
            scene.check(raised, [before, after], moments.place)
        scene.close()


@pytest.mark.parametrize("name", CALLS)
def test_an_interruption_stores_all_or_nothing(name: str) -> None:
    """It reaches the caller and leaves no lock held, and the next call works."""
    assert _interrupt_everywhere(Scene, CALLS[name], first=1 + len(name), step=61)


@pytest.mark.parametrize("name", CALLS_WITH_APPS)
def test_an_interruption_of_apps_and_the_like_stores_all_or_nothing(name: str) -> None:
    """The same for apps, secrets, releases and dispatched events."""
    assert _interrupt_everywhere(SceneWithApps, CALLS_WITH_APPS[name], first=1 + len(name), step=61)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS_WITH_APPS)
def test_an_interruption_of_apps_and_the_like_at_many_moments_stores_all_or_nothing(name: str) -> None:
    """The same for apps, secrets, releases and dispatched events."""
    assert _interrupt_everywhere(SceneWithApps, CALLS_WITH_APPS[name], first=1, step=23) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_an_interruption_at_every_moment_stores_all_or_nothing(name: str) -> None:
    """The same at each moment at which CPython lets a signal handler run."""
    step = 3 if name == "a client" else 1
    assert _interrupt_everywhere(Scene, CALLS[name], first=1, step=step) >= 40


async def _coroutine_function(_: object) -> None:
    await asyncio.sleep(0)


async def _asgi(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - an ASGI application
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


RECEIVERS: dict[str, tuple[object, dict[str, Any]]] = {
    "a function in a thread": (lambda _: None, {"in_thread": True}),
    "a coroutine function": (_coroutine_function, {}),
    "an ASGI application": (_asgi, {}),
    "a URL": (None, {}),
}


def _interrupt_deliveries(name: str, *, step: int) -> int:
    target, options = RECEIVERS[name]
    with serving() as server:

        def make() -> Scene:
            return Scene(server.url if name == "a URL" else target, **options)

        return _interrupt_everywhere(make, CALLS["a deployment from Python"], first=330, step=step)


@pytest.mark.parametrize("name", RECEIVERS)
def test_an_interrupted_delivery_leaves_the_rest_to_the_next_call(name: str) -> None:
    """The change is stored with its event, and no lock of the queue is held, whatever the receiver."""
    assert _interrupt_deliveries(name, step=97)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECEIVERS)
def test_a_delivery_interrupted_at_every_moment_leaves_the_rest_to_the_next_call(name: str) -> None:
    """The same at each moment at which CPython lets a signal handler run."""
    assert _interrupt_deliveries(name, step=1) >= 60


@pytest.mark.slow
def test_an_interrupted_opening_leaves_nothing_patched() -> None:
    """The fake can be opened again. Without a fake, clients are as before."""
    FakeGitHub().__enter__().close()
    count = 0
    while True:
        fake, moments = FakeGitHub(), Moments(count + 1)
        moments.run(fake.open)
        if not moments.is_interrupted:
            fake.close()
            break
        count += 1
        assert not registry.any_active(), moments.place
        assert not any(patch.is_on_top for patch in network_guard.PATCHES), moments.place
        with fake:
            pass
    assert count >= 50


# Signals at random moments


def _handler(problems: list[bool], raising: object) -> Any:  # noqa: ANN401 - a signal handler
    """Make a handler that raises, while *problems* is not empty, as those of Python and pytest-timeout do."""
    source = "def handle(signum, frame):\n    if armed:\n        armed.clear()\n        fail()"
    names: dict[str, Any] = {"__name__": "pytest_timeout", "armed": problems, "fail": raising}
    exec(source, names)  # noqa: S102 - a module of that name, which is recognized
    return names["handle"]


def _press_ctrl_c() -> None:
    raise KeyboardInterrupt


def _time_out() -> None:
    pytest.fail("Timeout")


def _interrupt_at_random(number: int, ignored: list[Any]) -> int:
    seed = int(os.environ.get("GHDEPLOY_SEED") or int.from_bytes(os.urandom(4), "big"))
    chance = random.Random(seed)  # noqa: S311 - to repeat a run, not for secrets
    states: dict[str, tuple[list[object], float]] = {}
    for name, call in CALLS.items():
        for _ in range(2):
            scene = Scene()
            before, began = scene.state(), time.perf_counter()
            call(scene)
            states[name] = [before, scene.state()], time.perf_counter() - began
            scene.close()
    count = 0
    armed: list[bool] = []
    for turn in range(number):
        name = chance.choice(list(CALLS))
        allowed, seconds = states[name]
        place = f"GHDEPLOY_SEED={seed}, turn {turn}: {name}"
        handler = _handler(armed, chance.choice([_press_ctrl_c, _time_out]))
        scene, raised = Scene(), None
        ignored.clear()
        signal.signal(signal.SIGALRM, handler)
        try:
            armed.append(True)
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, chance.uniform(0, seconds)))
            CALLS[name](scene)
        except BaseException as problem:  # noqa: BLE001 - checked below
            raised = problem
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if raised is not None:
            count += 1
            scene.check(raised, allowed, place)
        else:
            assert armed or ignored, (place, "the interruption was swallowed")
        armed.clear()
        scene.close()
    return count


@pytest.fixture
def alarm() -> Iterator[None]:
    """Restore the handler of the alarm."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("Windows has no timer that sends signals")
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
def test_signals_at_random_moments_store_all_or_nothing(ignored: list[Any]) -> None:
    """Ctrl-C and pytest-timeout are passed on. The environment variable GHDEPLOY_SEED repeats a failing run."""
    assert _interrupt_at_random(50, ignored)


@pytest.mark.slow
@pytest.mark.usefixtures("alarm")
def test_two_thousand_signals_at_random_moments_store_all_or_nothing(ignored: list[Any]) -> None:
    """The same, more often."""
    assert _interrupt_at_random(2600, ignored) >= 2000
