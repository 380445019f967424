"""Events: recorded in order, with the payload of the moment and a unique id."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.store.events import UNREAD, Recorder, field_of_row

if TYPE_CHECKING:
    from pytest_ghdeploy import Event, Repository


def _fake_and_repository() -> tuple[FakeGitHub, Repository]:
    fake = FakeGitHub()
    return fake, fake.add_repository("octocat/example")


# The recorder alone


def test_events_are_recorded_oldest_first() -> None:
    """Each event has a name, an action and a repository."""
    recorder = Recorder()
    first = recorder.record("deployment", "created", "octocat/example", lambda: {"n": 1})
    second = recorder.record("status", None, "octocat/other", lambda: {"n": 2})
    assert list(recorder.events) == [first, second]
    assert (first.name, first.action, first.repository, first.payload) == (
        "deployment",
        "created",
        "octocat/example",
        {"n": 1},
    )
    assert (second.name, second.action, second.repository, second.payload) == (
        "status",
        None,
        "octocat/other",
        {"n": 2},
    )


def _recorded(*names: str) -> Recorder:
    recorder = Recorder()
    for name in names:
        recorder.record(name, None, "octocat/example", dict)
    return recorder


def test_the_record_is_a_sequence() -> None:
    """It has a length, supports indexes and slices, is false when empty, and is live."""
    recorder = _recorded("a", "b", "c")
    events = recorder.events
    assert len(events) == 3
    assert (events[0].name, events[-1].name) == ("a", "c")
    assert [event.name for event in events[1:]] == ["b", "c"]
    assert [event.name for event in reversed(events)] == ["c", "b", "a"]
    assert events[1] in events
    assert not Recorder().events
    recorder.record("d", None, "octocat/example", dict)
    assert events[3].name == "d"
    with pytest.raises(IndexError):
        events[4]


def test_events_are_selected_by_name() -> None:
    """``named`` lists the events with a name, oldest first. Without a match the list is empty."""
    events = _recorded("a", "b", "a").events
    assert events.named("a") == [events[0], events[2]]
    assert events.named("c") == []


def test_clear_empties_the_record_but_does_not_reuse_delivery_ids() -> None:
    """Later events have new ids."""
    recorder = _recorded("a", "b")
    before = {event.delivery_id for event in recorder.events}
    recorder.events.clear()
    assert list(recorder.events) == []
    recorder.record("c", None, "octocat/example", dict)
    assert [event.name for event in recorder.events] == ["c"]
    assert recorder.events[0].delivery_id not in before


def test_delivery_ids_are_guids_and_unique() -> None:
    """A thousand delivery ids are all different and have the usual form of a GUID."""
    ids = [event.delivery_id for event in _recorded(*["a"] * 1000).events]
    assert all(str(uuid.UUID(delivery_id)) == delivery_id for delivery_id in ids)
    assert all(uuid.UUID(delivery_id).variant == uuid.RFC_4122 for delivery_id in ids)
    assert len(set(ids)) == 1000


def test_delivery_ids_are_the_same_in_every_run() -> None:
    """Two records with the same number of events have the same ids in the same order."""
    first_record, other = _recorded("a", "b"), _recorded("c", "d")
    assert [event.delivery_id for event in first_record.events] == [event.delivery_id for event in other.events]


def test_listeners_get_each_event_once_and_in_order() -> None:
    """A listener is called as soon as the event is recorded."""
    recorder, heard = Recorder(), []
    recorder.listeners.append(lambda event: heard.append((event, len(recorder.events))))
    first = recorder.record("a", None, "octocat/example", dict)
    second = recorder.record("b", None, "octocat/example", dict)
    assert heard == [(first, 1), (second, 2)]


def test_a_payload_is_made_once_and_only_when_read() -> None:
    """Unread payloads cost nothing."""
    calls = []

    def make() -> dict[str, Any]:
        calls.append(1)
        return {}

    event = Recorder().record("a", None, "octocat/example", make)
    assert calls == []
    assert event.payload is event.payload
    assert calls == [1]


def test_a_payload_is_a_copy() -> None:
    """Changing it does not change the rows it was made from."""
    source: dict[str, Any] = {"deployment": {"payload": {"list": [1]}}}
    event = Recorder().record("deployment", "created", "octocat/example", lambda: source)
    event.payload["deployment"]["payload"]["list"].append(2)
    assert source == {"deployment": {"payload": {"list": [1]}}}


# Events of a fake


def test_a_payload_shows_the_moment_of_the_change() -> None:
    """Later statuses, moved refs and passing time do not affect an event that is read only then."""
    fake, repo = _fake_and_repository()
    deployment = repo.add_deployment(ref="main", environment="staging", payload={"a": [1]})
    deployment.add_status("queued")
    created = fake.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    fake.clock.tick(seconds=60)
    deployment.add_status("success", environment="qa")
    repo.add_commit("main")
    first, second, third = fake.events
    assert first.payload["deployment"]["environment"] == "staging"
    assert first.payload["deployment"]["updated_at"] == created
    assert first.payload["repository"]["pushed_at"] == created
    assert second.payload["deployment"]["environment"] == "staging"
    assert second.payload["deployment_status"]["state"] == "queued"
    assert third.payload["deployment"]["environment"] == "qa"
    assert third.payload["deployment"]["updated_at"] > created


def test_a_payload_outlives_its_deployment() -> None:
    """The event of a deleted deployment can still be read."""
    fake, repo = _fake_and_repository()
    deployment_id = repo.add_deployment(ref="main").id
    row = fake._engine.store.deployments.get(deployment_id)
    assert row is not None
    fake._engine.store.deployments.remove(row)
    assert fake.events[0].payload["deployment"]["id"] == deployment_id


def test_a_status_event_shows_the_branches_of_the_moment() -> None:
    """A branch that is added later is not listed."""
    fake, repo = _fake_and_repository()
    repo.add_branch("early")
    repo.add_commit_status("main", state="success")
    repo.add_branch("late")
    repo.add_commit("early")
    branches = fake.events[0].payload["branches"]
    assert [branch["name"] for branch in branches] == ["early", "main"]
    assert {branch["commit"]["sha"] for branch in branches} == {repo.sha("main")}


def test_changing_a_payload_changes_nothing_in_the_store() -> None:
    """The deployment keeps its payload, and so do other events."""
    fake, repo = _fake_and_repository()
    deployment = repo.add_deployment(ref="main", payload={"list": [1]})
    fake.events[0].payload["deployment"]["payload"]["list"].append("scribble")
    deployment.add_status("success")
    assert deployment.payload == {"list": [1]}
    assert fake.events[1].payload["deployment"]["payload"] == {"list": [1]}


def test_changing_an_argument_later_does_not_change_the_store() -> None:
    """The payload of a deployment is copied when it is passed in."""
    fake, repo = _fake_and_repository()
    payload = {"list": [1]}
    deployment = repo.add_deployment(ref="main", payload=payload)
    payload["list"].append(2)
    assert deployment.payload == {"list": [1]}
    assert fake.events[0].payload["deployment"]["payload"] == {"list": [1]}


def _keys(event: Event) -> list[str]:
    return list(event.payload)


def test_a_deployment_event_has_githubs_fields() -> None:
    """The action is created. The event has the deployment, no workflow, the repository and the sender."""
    fake, repo = _fake_and_repository()
    repo.add_deployment(ref="main")
    (event,) = fake.events
    assert (event.name, event.action, event.repository) == ("deployment", "created", "octocat/example")
    assert _keys(event) == ["action", "deployment", "workflow", "workflow_run", "repository", "sender"]
    assert (event.payload["workflow"], event.payload["workflow_run"]) == (None, None)
    assert event.payload["sender"]["login"] == "octocat"
    assert event.payload["repository"]["full_name"] == "octocat/example"


def test_a_deployment_status_event_has_githubs_fields() -> None:
    """The event has the deployment status and the updated deployment."""
    fake, repo = _fake_and_repository()
    deployment = repo.add_deployment(ref="main")
    fake.clock.tick(seconds=5)
    deployment.add_status("in_progress")
    event = fake.events[-1]
    assert (event.name, event.action) == ("deployment_status", "created")
    assert _keys(event) == [
        "action",
        "deployment_status",
        "deployment",
        "check_run",
        "workflow",
        "workflow_run",
        "repository",
        "sender",
    ]
    assert event.payload["deployment"]["updated_at"] == event.payload["deployment_status"]["created_at"]
    assert event.payload["deployment"]["updated_at"] != event.payload["deployment"]["created_at"]


def test_a_status_event_has_githubs_fields() -> None:
    """The event has no action. Its name is the repository's full name, and its times have an offset."""
    fake, repo = _fake_and_repository()
    status = repo.add_commit_status("main", state="pending", context="ci", description="Running")
    (event,) = fake.events
    assert (event.name, event.action) == ("status", None)
    payload = event.payload
    assert "action" not in payload
    fields = {name: payload[name] for name in ("id", "sha", "name", "context", "description", "state", "target_url")}
    assert fields == {
        "id": status.id,
        "sha": repo.sha("main"),
        "name": "octocat/example",
        "context": "ci",
        "description": "Running",
        "state": "pending",
        "target_url": None,
    }
    assert payload["created_at"] == payload["updated_at"] == fake.clock.now.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    assert payload["commit"]["sha"] == repo.sha("main")


def test_events_of_an_organizations_repository_name_the_organization() -> None:
    """Other repositories' events have no field organization."""
    fake = FakeGitHub()
    fake.add_user("acme", type="Organization")
    fake.add_repository("acme/app").add_deployment(ref="main")
    payload = fake.events[0].payload
    assert payload["organization"]["login"] == "acme"
    assert payload["sender"]["login"] == "octocat"


def test_a_check_run_dispatches_created_and_completed() -> None:
    """An unfinished check run dispatches ``created`` only."""
    fake, repo = _fake_and_repository()
    repo.add_check_run("main", name="build", status="in_progress")
    repo.add_check_run("main", name="build")
    assert [(event.name, event.action) for event in fake.events] == [
        ("check_run", "created"),
        ("check_run", "created"),
        ("check_run", "completed"),
    ]


def test_setup_calls_dispatch_no_events() -> None:
    """Repositories, branches, commits, tags, conflicts, users, tokens and collaborators are setup."""
    fake, repo = _fake_and_repository()
    repo.add_branch("topic", behind=2)
    repo.add_commit("topic")
    repo.add_tag("v1", "topic")
    repo.add_merge_conflict("topic")
    fake.add_user("hubot", type="Bot")
    fake.add_token("a-token", user="hubot")
    repo.add_collaborator("hubot", "push")
    assert list(fake.events) == []


def test_delivery_ids_are_unique_across_repositories() -> None:
    """Events of two repositories have different ids."""
    fake, repo = _fake_and_repository()
    other = fake.add_repository("octocat/other")
    for each in (repo, other, repo):
        each.add_deployment(ref="main")
    assert len({event.delivery_id for event in fake.events}) == 3
    assert [event.repository for event in fake.events] == ["octocat/example", "octocat/other", "octocat/example"]


# Fields that are read from rows


def test_fields_that_are_read_from_a_row_are_those_of_the_payload() -> None:
    """All fields of all events with a row; those that are not plain must be read from the payload."""
    fake, repo = _fake_and_repository()
    deployment = repo.add_deployment(ref="main", payload="text", description="Deploy", transient_environment=True)
    deployment.add_status("failure", log_url="https://ci.example/1", environment_url="https://qa.example")
    repo.add_commit_status("main", state="error", description="No", target_url="https://ci.example/2")
    repo.add_check_run("main", name="build", conclusion="failure")
    repo.add_check_run("main", name="lint", status="in_progress")
    plain: dict[str, set[str]] = {}
    for event in fake.events:
        payload, event._payload = event.payload, None
        own = payload.get(event.name, payload)
        for field in {*schema.event_fields(event.name), "creator"}:
            value = field_of_row(event, field)
            if isinstance(value, User):
                assert value.login == own.get("creator", payload["sender"])["login"]
            elif value is not UNREAD:
                assert value == own[field], f"{field} of {event.name}"
                assert isinstance(value, bool) == isinstance(own[field], bool)
                plain.setdefault(event.name, set()).add(field)
    assert {"id", "sha", "ref", "task", "payload", "environment", "transient_environment"} <= plain["deployment"]
    assert {"id", "state", "environment", "log_url", "description"} <= plain["deployment_status"]
    assert {"id", "state", "context", "sha", "target_url"} <= plain["status"]
    assert {"id", "name", "status"} <= plain["check_run"]


def test_a_payload_that_was_read_is_read_again() -> None:
    """A test may have changed it."""
    fake, repo = _fake_and_repository()
    repo.add_deployment(ref="main")
    fake.events[0].payload["deployment"]["ref"] = "other"
    assert field_of_row(fake.events[0], "ref") is UNREAD
    assert fake.assert_event("deployment", ref="other") is fake.events[0]
