"""GitHub's decisions about webhooks, as tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_ghdeploy.github.model import Hook
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import webhooks as rules
from pytest_ghdeploy.http import schema

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HOOK = Hook(301, 7, None, ("push",), True, "http://localhost/", "json", "0", NOW, NOW)  # noqa: FBT003 - a row


@pytest.mark.parametrize(
    ("hook", "event", "repository_id", "expected"),
    [
        ({"events": ("push",)}, "push", 7, True),
        ({"events": ("push",)}, "status", 7, False),
        ({"events": ("*",)}, "status", 7, True),
        ({"events": ()}, "push", 7, False),
        ({"events": ("*",), "active": False}, "push", 7, False),
        ({"events": ("*",)}, "push", 8, False),
        ({"events": ("*",), "repository_id": None}, "push", 8, True),
    ],
)
def test_a_hook_receives_its_events(hook: dict[str, Any], event: str, repository_id: int, *, expected: bool) -> None:
    """An active hook receives the events that it lists: from its repository or, for an app, from all."""
    assert rules.wants(HOOK._replace(**hook), event, repository_id) is expected


def test_a_hook_can_list_every_event_of_the_fake() -> None:
    """Each event with a schema is an event of GitHub."""
    assert set(schema.event_names()) <= {*rules.EVENTS, *rules.EVENTS_OF_APPS}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ("push",)),
        (["push", "push"], ("push",)),
        (["*"], ("*",)),
        (["status", "*"], ("*", "status")),
        (["push", "deployment", "create"], ("create", "deployment", "push")),
        (["deployment_status", "deployment"], ("deployment", "deployment_status")),
    ],
)
def test_events_are_sorted(names: list[str], expected: tuple[str, ...]) -> None:
    """
    Duplicates are dropped, and no events mean `push`.

    Source: deliveries that GitHub recorded in September 2026, and a test suite that runs against GitHub.
    """
    assert rules.events_of(names) == expected


@pytest.mark.parametrize("name", ["pushes", "", "ping", "Push", "deployment.created"])
def test_an_unknown_event_is_refused(name: str) -> None:
    """The error names no field. The hint lists the events with the most similar names."""
    with pytest.raises(Unprocessable) as refused:
        rules.events_of(["push", name])
    assert refused.value.errors == [
        {"resource": "Hook", "code": "custom", "message": f"{name} is not a valid event name"}
    ]
    assert refused.value.field == "events"
    assert "known: " in refused.value.hint


@pytest.mark.parametrize(
    ("replacement", "added", "removed", "expected"),
    [
        (None, [], [], ("push", "status")),
        (["create"], [], [], ("create",)),
        ([], [], [], ("push",)),
        ([], ["status"], ["push"], ("status",)),
        (["status", "create"], [], [], ("create", "status")),
        (None, ["create", "push"], [], ("create", "push", "status")),
        (None, [], ["push", "delete"], ("status",)),
        (None, [], ["push", "status"], ()),
        (["*"], ["create"], ["*"], ("create",)),
    ],
)
def test_events_after_an_update(
    replacement: list[str] | None, added: list[str], removed: list[str], expected: tuple[str, ...]
) -> None:
    """A new list replaces the old one first. Then events are added and removed."""
    assert rules.changed_events(("push", "status"), replacement=replacement, added=added, removed=removed) == expected


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, None),
        ({"url": ""}, "url"),
        ({"url": "ftp://localhost/"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://[::1/"}, "url"),
        ({"url": "http://localhost:99999/"}, "url"),
        ({"url": "http://localhost/", "content_type": "xml"}, "content_type"),
        ({"url": "http://localhost/", "insecure_ssl": "2"}, "insecure_ssl"),
    ],
)
def test_an_invalid_configuration_is_refused(config: dict[str, Any], field: str | None) -> None:
    """The error names the field, except for a missing URL."""
    with pytest.raises(Unprocessable) as refused:
        rules.check_config(config)
    assert refused.value.errors[0].get("field") == field


@pytest.mark.parametrize(
    ("config", "message"),
    [({}, "Config must contain URL for webhooks"), ({"url": ""}, "url cannot be blank")],
)
def test_a_missing_url_is_not_an_empty_one(config: dict[str, Any], message: str) -> None:
    """Source: a test suite that runs against GitHub, for the empty one."""
    with pytest.raises(Unprocessable) as refused:
        rules.check_config(config)
    assert refused.value.errors[0]["message"] == message


@pytest.mark.parametrize("config", [{}, {"content_type": "json"}, {"insecure_ssl": 1}, {"insecure_ssl": True}])
def test_a_valid_configuration_is_accepted(config: dict[str, Any]) -> None:
    """Only the URL is required."""
    rules.check_config({"url": "https://example.com/hook"} | config)


@pytest.mark.parametrize(
    ("sent", "shown"), [(True, "1"), (False, "0"), (1, "1"), (0, "0"), ("1", "1"), ("0", "0"), (2, "2"), ("yes", "yes")]
)
def test_insecure_ssl_is_shown_as_a_string(sent: object, shown: str) -> None:
    """It may be sent as a boolean, a number or a string. Source: a test suite that runs against GitHub."""
    assert rules.insecure_ssl({"insecure_ssl": sent}) == shown
    assert rules.insecure_ssl({}) == "0"


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, True),
        ({"secret": "other"}, True),
        ({"events": ("status",)}, True),
        ({"content_type": "form"}, True),
        ({"insecure_ssl": "1"}, True),
        ({"active": False}, True),
        ({"target_url": "http://localhost/2"}, False),
        ({"target_url": "http://localhost"}, False),
    ],
)
def test_an_existing_hook_is_refused(change: dict[str, Any], *, refused: bool) -> None:
    """Hooks of a repository with the same URL are the same. Source: a test suite that runs against GitHub."""
    _check_existing(HOOK, change, refused=refused)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, True),
        ({"secret": "other"}, True),
        ({"events": ("status",)}, False),
        ({"content_type": "form"}, False),
        ({"target_url": "http://localhost/2"}, False),
    ],
)
def test_an_existing_hook_of_all_repositories_is_refused(change: dict[str, Any], *, refused: bool) -> None:
    """Such hooks are the same if their events and configuration are, even if their secrets differ."""
    _check_existing(HOOK._replace(repository_id=None, app_id=9), change, refused=refused)


def _check_existing(hook: Hook, change: dict[str, Any], *, refused: bool) -> None:
    wanted = hook._replace(id=302, **change)
    if refused:
        with pytest.raises(Unprocessable, match="Validation Failed") as refusal:
            rules.check_room(wanted, [hook])
        assert refusal.value.errors == [
            {"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository"}
        ]
    else:
        rules.check_room(wanted, [hook])


def test_an_event_has_at_most_20_hooks() -> None:
    """The 21st hook for an event is refused. For another event it is accepted."""
    existing = [HOOK._replace(id=number, target_url=f"http://localhost/{number}") for number in range(20)]
    wanted = HOOK._replace(target_url="http://localhost/new")
    with pytest.raises(Unprocessable) as refused:
        rules.check_room(wanted, existing)
    assert refused.value.errors[0]["message"] == 'The "push" event cannot have more than 20 hooks'
    rules.check_room(wanted, existing[1:])
    rules.check_room(wanted, existing, most=250)
    rules.check_room(wanted._replace(events=("status",)), existing)


def test_the_name_of_a_hook_must_be_web() -> None:
    """GitHub's former services had other names. Source: a test suite that runs against GitHub."""
    rules.check_name("web")
    with pytest.raises(Unprocessable) as refused:
        rules.check_name("jenkins")
    assert refused.value.errors == [{"value": "jenkins", "resource": "Hook", "field": "name", "code": "invalid"}]
