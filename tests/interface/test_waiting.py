"""Waiting for events of other threads and tasks, and the order of events."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from freezegun import freeze_time
from interruptions import Moments

from pytest_ghdeploy import FakeError, FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy import Repository
    from pytest_ghdeploy.interface.assertions import Wanted

LONG = 30.0


@pytest.fixture
def later() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Return a function that runs another one in a thread, a little later."""
    threads: list[threading.Thread] = []

    def start(work: Callable[[], object]) -> None:
        threads.append(threading.Timer(0.05, work))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


# In threads


def test_an_event_of_another_thread_is_waited_for(
    ghdeploy: FakeGitHub, repo: Repository, later: Callable[[Callable[[], object]], None]
) -> None:
    """Other events do not count; the wait ends with the event, not with the timeout."""
    deployment = repo.add_deployment(ref="main")

    def work() -> None:
        for state in ("queued", "in_progress", "success"):
            deployment.add_status(state)

    later(work)
    started = time.monotonic()
    event = ghdeploy.wait_for_event("deployment_status", timeout=LONG, state="success")
    assert event is ghdeploy.events[-1]
    assert time.monotonic() - started < LONG / 2


def test_an_existing_event_counts(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """There is no wait then; the oldest matching event comes first."""
    for name in ("qa", "staging", "qa"):
        repo.add_deployment(ref="main", environment=name)
    assert ghdeploy.wait_for_event("deployment", environment="qa", timeout=0) is ghdeploy.events[0]


def test_each_event_is_returned_once(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Two calls wait for two events; assertions about events are not affected."""
    for name in ("qa", "staging"):
        repo.add_deployment(ref="main", environment=name)
    assert ghdeploy.wait_for_event("deployment", environment="staging", timeout=0) is ghdeploy.events[1]
    assert ghdeploy.wait_for_event("deployment", timeout=0) is ghdeploy.events[0]
    with pytest.raises(AssertionError) as caught:
        ghdeploy.wait_for_event("deployment", timeout=0)
    assert str(caught.value).splitlines() == [
        "no event deployment, other than the 2 already returned, in 0 seconds",
        "  no other events were recorded",
    ]
    assert ghdeploy.assert_event("deployment") is ghdeploy.events[1]


def test_removed_events_are_not_returned_and_the_rest_once(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A server forgets the oldest events, and a test can clear all."""
    for number in range(5):
        repo.add_deployment(ref="main", environment=f"env-{number}")
    last = ghdeploy.events[-1]
    assert ghdeploy.wait_for_event("deployment", environment="env-4", timeout=0) is last
    ghdeploy._engine.forget(2)
    assert [event.payload["deployment"]["environment"] for event in ghdeploy.events] == ["env-3", "env-4"]
    assert ghdeploy.wait_for_event("deployment", timeout=0) is ghdeploy.events[0]
    with pytest.raises(AssertionError, match="other than the 2 already returned"):
        ghdeploy.wait_for_event("deployment", timeout=0)
    repo.add_deployment(ref="main")
    ghdeploy.events.clear()
    repo.add_deployment(ref="main", environment="qa")
    assert ghdeploy.wait_for_event("deployment", timeout=0) is ghdeploy.events[0]


def test_a_changed_payload_does_not_return_an_event_twice(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It was found by its former value."""
    for _ in range(2):
        repo.add_deployment(ref="main", environment="qa")
    assert ghdeploy.wait_for_event("deployment", environment="qa", timeout=0) is ghdeploy.events[0]
    ghdeploy.events[1].payload["deployment"]["environment"] = "other"
    assert ghdeploy.wait_for_event("deployment", timeout=0) is ghdeploy.events[1]
    for value in ("other", "qa"):
        ghdeploy.events[1].payload["deployment"]["environment"] = value
        with pytest.raises(AssertionError):
            ghdeploy.wait_for_event("deployment", environment="qa", timeout=0)


def test_two_threads_that_wait_get_an_event_each(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """No event is returned to both."""
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(ghdeploy.wait_for_event("deployment", timeout=LONG)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        repo.add_deployment(ref="main")
    for thread in threads:
        thread.join(LONG)
    assert {id(event) for event in found} == {id(event) for event in ghdeploy.events}


def test_a_timeout_shows_the_closest_events(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The message is that of assert_event, with the time of the wait."""
    repo.add_deployment(ref="main", environment="qa")
    with pytest.raises(AssertionError) as caught:
        ghdeploy.wait_for_event("deployment", timeout=0.01, environment="production")
    assert str(caught.value).splitlines() == [
        "no event deployment with environment 'production' in 0.01 seconds",
        "  recorded, closest first:",
        f"    deployment {ghdeploy.events[0].delivery_id[:8]}: environment 'qa'  <--, ref 'main'",
    ]


def test_frozen_time_does_not_prolong_the_wait(ghdeploy: FakeGitHub) -> None:
    """The timeout is real time, even under freezegun."""
    with freeze_time("2026-03-10"), pytest.raises(AssertionError, match="no event push in"):
        ghdeploy.wait_for_event("push", timeout=0.01)


def test_a_reset_forgets_which_events_were_returned(
    ghdeploy: FakeGitHub, repo: Repository, later: Callable[[Callable[[], object]], None]
) -> None:
    """Waiting still works after it."""
    repo.add_deployment(ref="main")
    ghdeploy.wait_for_event("deployment")
    ghdeploy.reset()
    later(lambda: ghdeploy.add_repository("octocat/example").add_deployment(ref="main"))
    assert ghdeploy.wait_for_event("deployment", timeout=LONG).repository == "octocat/example"
    with pytest.raises(AssertionError, match="other than the 1 already returned"):
        ghdeploy.wait_for_event("deployment", timeout=0)


def test_a_reset_forgets_which_events_were_left(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """An event from before it is not returned, even if there are none since."""
    repo.add_deployment(ref="main")
    repo.add_deployment(ref="main")
    ghdeploy.wait_for_event("deployment")
    ghdeploy.reset()
    with pytest.raises(AssertionError, match="deployment"):
        ghdeploy.wait_for_event("deployment", timeout=0)


def test_an_interrupted_wait_loses_at_most_the_event_that_it_took(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any moment. The next waits return the others in their order."""
    # CPython ignores exceptions in finalizers, such as that of a generator.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    at = -1
    while True:
        at += 1  # the first time, nothing is interrupted, and caches of Python are filled
        ghdeploy.reset()
        repo = ghdeploy.add_repository("octocat/example")
        for _ in range(3):
            repo.add_deployment(ref="main")
        left = ghdeploy.events.named("deployment")
        moments = Moments(at)
        moments.run(lambda: ghdeploy.wait_for_event("deployment", timeout=0))
        if at and not moments.is_interrupted:
            break
        second = ghdeploy.wait_for_event("deployment", timeout=0)
        assert second in left[:2], moments.place
        if second is left[0]:
            assert ghdeploy.wait_for_event("deployment", timeout=0) is left[1], moments.place
        assert ghdeploy.wait_for_event("deployment", timeout=0) is left[2], moments.place
    assert at > 10


@pytest.mark.parametrize(
    ("wait", "message"),
    [
        (lambda gh: gh.wait_for_event("deploy"), "unknown event 'deploy'; known: deployment,"),
        (lambda gh: gh.wait_for_event("push", state="x"), "unknown field 'state' of the event push; known: "),
        (lambda gh: gh.wait_for_event("status", state="failed"), "unknown state 'failed' of the event status; known: "),
        (lambda gh: gh.wait_for_event("push", timeout=-1), "timeout must be a number of seconds, 0 or more; got -1"),
        (lambda gh: gh.wait_for_event("push", timeout="1"), "timeout must be a number of seconds, 0 or more; got '1'"),
        (
            lambda gh: gh.wait_for_event("push", timeout=True),
            "timeout must be a number of seconds, 0 or more; got True",
        ),
        (lambda gh: asyncio.run(gh.async_wait_for_event("deploy")), "unknown event 'deploy'"),
        (lambda gh: asyncio.run(gh.async_wait_for_event("status", state="failed")), "unknown state 'failed'"),
        (lambda gh: asyncio.run(gh.async_wait_for_event("push", timeout=None)), "timeout must be a number of seconds"),
        (lambda gh: gh.assert_events(["deploy"]), "unknown event 'deploy'"),
        (lambda gh: gh.assert_events([("push", {"state": 1})]), "unknown field 'state' of the event push"),
        (lambda gh: gh.assert_events(["push", ("status", {"state": "failed"})]), "unknown state 'failed'"),
        (lambda gh: gh.assert_events("push"), "wanted must be a list of events, got 'push'"),
        (lambda gh: gh.assert_events([("push", "ref")]), "an event must be a name"),
        (lambda gh: gh.assert_events([7]), "an event must be a name, or a pair such as"),
    ],
)
def test_a_mistake_is_refused_at_once(ghdeploy: FakeGitHub, wait: Callable[[Any], object], message: str) -> None:
    """An event that GitHub does not have is not waited for."""
    with pytest.raises(FakeError) as caught:
        wait(ghdeploy)
    assert str(caught.value).startswith(message)


# In tasks


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_a_wait_in_an_event_loop_names_the_asynchronous_one(
    ghdeploy: FakeGitHub, repo: Repository, library: str
) -> None:
    """It would block the loop, so that no task could cause the event. A recorded event is returned."""

    async def test() -> None:
        with pytest.raises(FakeError, match="use: await ghdeploy") as caught:
            ghdeploy.wait_for_event("deployment")
        assert "would block the event loop" in str(caught.value)
        with pytest.raises(AssertionError):
            ghdeploy.wait_for_event("deployment", timeout=0)
        repo.add_deployment(ref="main")
        assert ghdeploy.wait_for_event("deployment").name == "deployment"

    anyio.run(test, backend=library)


def test_other_tasks_continue_during_a_wait(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The event may come from a task of the same loop, or from a thread."""

    async def work() -> list[str]:
        await asyncio.sleep(0)
        deployment = repo.add_deployment(ref="main")
        await asyncio.sleep(0.01)
        await asyncio.to_thread(deployment.add_status, "success")
        return ["worked"]

    async def wait() -> list[str]:
        first = await ghdeploy.async_wait_for_event("deployment", timeout=LONG)
        second = await ghdeploy.async_wait_for_event("deployment_status", timeout=LONG, state="success")
        return [first.name, second.name]

    async def both() -> list[list[str]]:
        return list(await asyncio.gather(wait(), work()))

    assert asyncio.run(both()) == [["deployment", "deployment_status"], ["worked"]]
    assert ghdeploy._engine.watch._wakers == []


def test_a_timeout_in_a_task_shows_the_closest_events(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """An existing event is returned first."""
    repo.add_deployment(ref="main")

    async def twice() -> None:
        assert await ghdeploy.async_wait_for_event("deployment", timeout=0) is ghdeploy.events[0]
        await ghdeploy.async_wait_for_event("deployment", timeout=0.01, ref="main")

    with pytest.raises(AssertionError) as caught:
        asyncio.run(twice())
    assert str(caught.value).startswith(
        "no event deployment with ref 'main', other than the 1 already returned, in 0.01 seconds"
    )
    assert ghdeploy._engine.watch._wakers == []


def test_a_cancelled_task_takes_no_event(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The next call returns the event."""

    async def cancelled() -> None:
        waiting = asyncio.create_task(ghdeploy.async_wait_for_event("deployment", timeout=LONG))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(cancelled())
    repo.add_deployment(ref="main")
    assert ghdeploy.wait_for_event("deployment", timeout=0) is ghdeploy.events[0]


# Order


@pytest.fixture
def story(ghdeploy: FakeGitHub, repo: Repository) -> FakeGitHub:
    """Return a fake with events: a commit status, a deployment, and two deployment statuses."""
    repo.add_commit_status("main", state="success", context="ci")
    deployment = repo.add_deployment(ref="main", environment="qa")
    deployment.add_status("in_progress")
    deployment.add_status("success")
    return ghdeploy


SUCCESS: Wanted = ("deployment_status", {"state": "success"})


@pytest.mark.parametrize(
    ("wanted", "exactly", "places"),
    [
        (["status", "deployment", "deployment_status", "deployment_status"], 1, [0, 1, 2, 3]),
        (["status", ("deployment", {"environment": "qa", "creator": "octocat"}), "deployment_status", SUCCESS], 1,
         [0, 1, 2, 3]),
        (["deployment", SUCCESS], 0, [1, 3]),
        (["deployment_status", SUCCESS], 0, [2, 3]),
        ([SUCCESS], 0, [3]),
        ([], 0, []),
    ],
)  # fmt: skip
def test_events_in_their_order_are_found(
    story: FakeGitHub, wanted: list[Wanted], exactly: int, places: list[int]
) -> None:
    """All of them, or with others between them."""
    assert story.assert_events(wanted, exactly=bool(exactly)) == [story.events[place] for place in places]


@pytest.mark.parametrize(
    ("wanted", "exactly", "message"),
    [
        (["deployment", "deployment_status", "deployment_status"], 1,
         ["exactly these events in this order (- missing, + unexpected)",
          "+ status", "  deployment", "  deployment_status in_progress", "  deployment_status success"]),
        (["status", ("deployment", {"environment": "production"}), "deployment_status", SUCCESS], 1,
         ["exactly these events in this order (- missing, + unexpected)",
          "  status", "+ deployment", "- deployment with environment 'production'",
          "  deployment_status in_progress", "  deployment_status success"]),
        ([SUCCESS, "deployment"], 0,
         ["these events in this order (- missing)",
          "  status", "- deployment_status with state 'success'", "  deployment",
          "  deployment_status in_progress", "  deployment_status success"]),
        (["status", "deployment", "deployment_status", SUCCESS, "push"], 1,
         ["exactly these events in this order (- missing, + unexpected)",
          "  status", "  deployment", "  deployment_status in_progress", "  deployment_status success", "- push"]),
        ([], 1,
         ["exactly these events in this order (- missing, + unexpected)",
          "+ status", "+ deployment", "+ deployment_status in_progress", "+ deployment_status success"]),
    ],
)  # fmt: skip
def test_a_wrong_order_marks_missing_and_unexpected_events(
    story: FakeGitHub, wanted: list[Wanted], exactly: int, message: list[str]
) -> None:
    """A missing event is listed at its expected place."""
    with pytest.raises(AssertionError) as caught:
        story.assert_events(wanted, exactly=bool(exactly))
    first, *lines = str(caught.value).splitlines()
    assert first == f"expected {message[0]}:"
    shown = []
    for line in lines:
        kind, name, *rest = line[2], *line[4:].split()
        if kind != "-":
            assert rest[0].endswith(":")
            rest = [one.strip("',") for one in rest if one in ("'in_progress',", "'success',") and "_" in name]
        shown.append(" ".join([kind, name, *rest]))
    assert shown == message[1:]


def test_a_long_comparison_is_shortened_to_the_differences(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Matching events are counted, except next to a difference."""
    deployment = repo.add_deployment(ref="main")
    for _ in range(100):
        deployment.add_status("pending")
    wanted = ["deployment", *["deployment_status"] * 50, "push", *["deployment_status"] * 50]
    with pytest.raises(AssertionError) as caught:
        ghdeploy.assert_events(wanted)
    lines = str(caught.value).splitlines()
    assert [line if "…" in line else line[:7] for line in lines[1:]] == [
        "    … 49 more …", "    dep", "    dep", "  - pus", "    dep", "    dep", "    … 48 more …",
    ]  # fmt: skip

    with pytest.raises(AssertionError) as caught:
        ghdeploy.assert_events([])
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (42, "    … 61 more …")
