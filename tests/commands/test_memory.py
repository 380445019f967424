"""The memory of `ghdeploy serve`: what it remembers, and what deleted rows leave behind."""

from __future__ import annotations

import gc
import json
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy.commands.serve import Log, ServedGitHub, Settings
from pytest_ghdeploy.http import rendering, router, schema
from pytest_ghdeploy.report.exchange import Headers
from pytest_ghdeploy.report.sizes import size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy import FakeGitHub, Repository

REPO = "/repos/octocat/example"
MIB = 1024 * 1024
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def ask(fake: FakeGitHub, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """Send a request to the fake and return the body of its response."""
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"authorization": "Bearer any", "user-agent": "test"}
    answer = fake._engine.answer(method, fake.base_url + path, headers, data)
    assert 200 <= answer.status < 300, answer
    return json.loads(answer.body or b"null")


@pytest.fixture(autouse=True)
def _without_the_suites_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    # They have caches of their own, and take most of the time.
    monkeypatch.setattr(schema, "check_answer", lambda *_, **__: None)
    monkeypatch.setattr(schema, "check_event", lambda *_: None)


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Yield a function that counts the allocated bytes."""

    def count() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        yield count
    finally:
        tracemalloc.stop()


def deployment(fake: FakeGitHub, _: Repository, __: int) -> None:
    """Create a deployment with statuses, read and delete it."""
    number = ask(fake, "POST", f"{REPO}/deployments", {"ref": "main", "required_contexts": []})["id"]
    for state in ("success", "inactive"):
        status = ask(fake, "POST", f"{REPO}/deployments/{number}/statuses", {"state": state})
    ask(fake, "GET", f"{REPO}/deployments/{number}/statuses/{status['id']}")
    ask(fake, "GET", f"{REPO}/deployments/{number}")
    ask(fake, "DELETE", f"{REPO}/deployments/{number}")


def environment(fake: FakeGitHub, _: Repository, number: int) -> None:
    """Create an environment, read and delete it."""
    for method in ("PUT", "GET", "DELETE"):
        ask(fake, method, f"{REPO}/environments/env-{number}", {} if method == "PUT" else None)


def deploy_key(fake: FakeGitHub, _: Repository, number: int) -> None:
    """Create a deploy key, read and delete it."""
    key = ask(fake, "POST", f"{REPO}/keys", {"title": f"key {number}", "key": KEY})["id"]
    for method in ("GET", "DELETE"):
        ask(fake, method, f"{REPO}/keys/{key}")


def hook(fake: FakeGitHub, _: Repository, number: int) -> None:
    """Create a hook, read and delete it."""
    body = {"config": {"url": f"http://127.0.0.1:9/{number}"}, "active": False}
    created = ask(fake, "POST", f"{REPO}/hooks", body)["id"]
    for method in ("GET", "DELETE"):
        ask(fake, method, f"{REPO}/hooks/{created}")


def subscription(fake: FakeGitHub, _: Repository, number: int) -> None:
    """Subscribe a receiver from outside, and delete its hook over REST."""
    target = f"http://127.0.0.1:9/{number}"
    created = fake.webhooks.subscribe(target, repository="octocat/example", active=False)
    ask(fake, "DELETE", f"{REPO}/hooks/{created.id}")


def ref(fake: FakeGitHub, repo: Repository, number: int) -> None:
    """Create a branch at an existing commit, read and delete it."""
    ask(fake, "POST", f"{REPO}/git/refs", {"ref": f"refs/heads/b{number}", "sha": repo.sha("main")})
    ask(fake, "GET", f"{REPO}/branches/b{number}")
    ask(fake, "DELETE", f"{REPO}/git/refs/heads/b{number}")


def scripted(fake: FakeGitHub, repo: Repository, number: int) -> None:
    """Let a scripted third party work on a deployment that is then deleted, the last step still open."""
    if not fake._engine._deployers or not fake._engine._deployers._all:
        fake.deployer(None, steps=["in_progress", "success"])
    deployment(fake, repo, number)


@pytest.mark.parametrize("create_and_delete", [deployment, environment, deploy_key, hook, subscription, ref, scripted])
def test_deleted_objects_leave_nothing_behind(
    create_and_delete: Callable[[FakeGitHub, Repository, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caches let go of an object when it is deleted, or keep a fixed number of entries."""
    monkeypatch.setattr(rendering, "_MOST_TAGS", 50)
    monkeypatch.setattr(router, "find", router.find.__wrapped__)  # type: ignore[attr-defined] # without its cache
    fake = ServedGitHub(Settings(keep=1))
    repo = fake.add_repository("octocat/example")
    assert fake.webhooks.hooks == []  # as after an earlier subscription
    numbers = iter(range(10_000))

    with traced() as count:

        def memory_after(times: int) -> int:
            for _ in range(times):
                create_and_delete(fake, repo, next(numbers))
            return count()

        before = memory_after(250)
        assert len(fake._engine.store.hooks.removed or ()) < 10
        assert memory_after(150) - before < 150 * 100  # bytes; it was 3,700 for each deployment


def test_what_is_shown_counts_too() -> None:
    """A body with a secret is kept twice: as it was sent, and as it is shown."""
    fake = ServedGitHub(Settings())
    fake.add_repository("octocat/example")
    fake._engine.secrets.add("a-secret-of-the-test")
    ask(
        fake,
        "POST",
        f"{REPO}/deployments",
        {"ref": "main", "description": "a-secret-of-the-test", "payload": "x" * 9000},
    )
    [recorded] = fake._engine._recorder.recorded
    before = size_of(recorded)
    assert "[redacted]" in fake.requests[0].request_body.decode()
    assert size_of(recorded) > 2 * 9000 + before - 200


def test_old_records_are_forgotten_by_size() -> None:
    """What is remembered has at most `--keep-bytes` in total. The latest stay, and the state stays whole."""
    fake = ServedGitHub(Settings(keep_bytes=4 * MIB, fake={"payload_limit": 0}))
    fake.add_repository("octocat/example")
    received = []
    fake.webhooks.subscribe(lambda delivery: received.append(delivery.id), events=["deployment"])

    with traced() as count:
        before = count()
        for number in range(30):
            body = {"ref": "main", "required_contexts": [], "environment": f"env-{number}", "payload": "x" * MIB}
            created = ask(fake, "POST", f"{REPO}/deployments", body)
            ask(fake, "POST", f"{REPO}/deployments/{created['id']}/statuses", {"state": "inactive"})
            ask(fake, "DELETE", f"{REPO}/deployments/{created['id']}")
        del body, created
        grown = count() - before

    # Besides the records, the JSON of the last deployment may be somewhere.
    assert grown < 8 * MIB
    assert fake.requests[-1].method == "DELETE"
    assert fake.events[-1].payload["deployment"]["environment"] == "env-29"
    assert len(received) == 31  # with the ping
    for records in (fake.requests, fake.events, fake.webhooks.deliveries):
        assert len(records) < 20
    assert fake.conversation.text().splitlines()[0].endswith("earlier requests and events are no longer recorded …")


def test_the_latest_request_is_remembered_whatever_its_size() -> None:
    """Its event and its delivery are too."""
    fake = ServedGitHub(Settings(keep_bytes=1000, fake={"payload_limit": 0}))
    fake.add_repository("octocat/example")
    fake.webhooks.subscribe(lambda _: None, events=["deployment"])
    for number in range(3):
        body = {"ref": "main", "required_contexts": [], "environment": f"env-{number}", "payload": "x" * 100_000}
        ask(fake, "POST", f"{REPO}/deployments", body)

    assert [exchange.status for exchange in fake.requests] == [201]
    assert [event.payload["deployment"]["environment"] for event in fake.events] == ["env-2"]
    assert [delivery.payload["deployment"]["environment"] for delivery in fake.webhooks.deliveries] == ["env-2"]


def test_many_small_records_count_together() -> None:
    """Requests, responses, URLs, events and deliveries are measured. Records are forgotten before `--keep` is met."""
    fake = ServedGitHub(Settings(keep=1000, keep_bytes=100_000))
    repo = fake.add_repository("octocat/example")
    for number in range(300):
        repo.add_commit_status("main", state="success", context=f"context {number}", description="x" * 100)
        ask(fake, "GET", f"{REPO}?{'q' * 200}")
    assert 10 < len(fake.requests) < 100
    assert 10 < len(fake.events) < 100


def test_a_fault_and_a_deleted_hook_are_consistent_after_forgetting() -> None:
    """A fault lists only remembered requests, and deliveries to a deleted hook are forgotten with the transcript."""
    fake = ServedGitHub(Settings(keep_bytes=50_000))
    fake.add_repository("octocat/example")
    hook = fake.webhooks.subscribe(lambda _: None, events=["status"])
    fake.faults.add(method="PUT", status=500)
    sha = fake.repository("octocat/example").sha("main")
    for _ in range(20):
        ask(fake, "POST", f"{REPO}/statuses/{sha}", {"state": "success", "description": "x" * 100})
    hook.delete()
    for _ in range(50):
        ask(fake, "GET", REPO)

    sent = f"POST {REPO}/statuses/{sha} was sent"
    assert sent not in fake._engine.list_problems()[0]
    assert f"GET {REPO} was sent {len(fake.requests)} times" in fake._engine.list_problems()[0]
    assert "status to " not in fake.conversation.text()


def test_logging_and_reading_keep_no_copies() -> None:
    """Neither the log nor the admin interface leaves decoded payloads or a second copy of the headers behind."""
    lines: list[str] = []
    log = Log(lines.append)
    fake = ServedGitHub(Settings(), log)
    fake.start_log()
    fake.add_repository("octocat/example").add_deployment(ref="main", payload={"notes": "x" * 10_000})
    ask(fake, "GET", REPO)
    with fake.serve(admin=True) as server:
        for path in ("events", "events/deployment?ref=main", "requests", "requests?status=200", "conversation"):
            assert requests.get(f"{server.url}/_ghdeploy/{path}", timeout=10).ok
    log.close()
    fake.close()

    assert "event deployment.created" in "".join(lines)
    [event], [recorded] = fake.events, fake._engine._recorder.recorded
    assert event._payload is None
    headers = recorded.exchange.response_headers
    assert isinstance(headers, Headers)
    assert headers._lowered is None


def test_a_fake_in_a_test_forgets_nothing(ghdeploy: FakeGitHub) -> None:
    """A test can assert on everything that it has recorded."""
    ghdeploy.add_repository("octocat/example")
    for _ in range(1200):
        ask(ghdeploy, "GET", f"{REPO}?{'q' * 60_000}")
    assert len(ghdeploy.requests) == 1200
