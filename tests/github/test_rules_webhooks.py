"""GitHub's decisions about hooks, as tables."""

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
def test_who_is_sent_what(hook: dict[str, Any], event: str, repository_id: int, *, expected: bool) -> None:
    """An active hook is sent the events that it names, of its repository or of all."""
    assert rules.wants(HOOK._replace(**hook), event, repository_id) is expected


def test_all_that_the_fake_dispatches_can_be_subscribed_to() -> None:
    """Each event with a schema is one of GitHub's."""
    assert set(schema.event_names()) <= set(rules.EVENTS)


@pytest.mark.parametrize(
    ("given", "expected"),
    [([], ()), (["push", "push"], ("push",)), (["*"], ("*",)), (["status", "push"], ("status", "push"))],
)
def test_events_keep_their_order(given: list[str], expected: tuple[str, ...]) -> None:
    """What is there twice counts once."""
    assert rules.events_of(given) == expected


@pytest.mark.parametrize("name", ["pushes", "", "ping", "Push", "deployment.created"])
def test_an_unknown_event_is_refused(name: str) -> None:
    """The hint lists those that come near."""
    with pytest.raises(Unprocessable) as refused:
        rules.events_of(["push", name])
    assert refused.value.errors[0]["field"] == "events"
    assert "there are" in refused.value.hint


@pytest.mark.parametrize(
    ("given", "added", "removed", "expected"),
    [
        (None, [], [], ("push", "status")),
        (["create"], [], [], ("create",)),
        (None, ["create", "push"], [], ("push", "status", "create")),
        (None, [], ["push", "delete"], ("status",)),
        (["*"], ["create"], ["*"], ("create",)),
    ],
)
def test_events_after_an_update(
    given: list[str] | None, added: list[str], removed: list[str], expected: tuple[str, ...]
) -> None:
    """What is given comes in place of what was; then some are added, and some removed."""
    assert rules.changed_events(("push", "status"), given=given, added=added, removed=removed) == expected


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, None),
        ({"url": ""}, None),
        ({"url": "ftp://localhost/"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http://[::1/"}, "url"),
        ({"url": "http://localhost:99999/"}, "url"),
        ({"url": "http://localhost/", "content_type": "xml"}, "content_type"),
        ({"url": "http://localhost/", "insecure_ssl": "2"}, "insecure_ssl"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(config: dict[str, Any], field: str | None) -> None:
    """The refusal names the field; a missing URL has words of its own."""
    with pytest.raises(Unprocessable) as refused:
        rules.check_config(config)
    assert refused.value.errors[0].get("field") == field


@pytest.mark.parametrize("config", [{}, {"content_type": "json"}, {"insecure_ssl": 1}, {"insecure_ssl": "1"}])
def test_a_configuration_that_makes_sense_is_taken(config: dict[str, Any]) -> None:
    """`insecure_ssl` may be a number."""
    rules.check_config({"url": "https://example.com/hook"} | config)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({}, True),
        ({"secret": "other"}, True),
        ({"events": ("status",)}, False),
        ({"target_url": "http://localhost/2"}, False),
        ({"content_type": "form"}, False),
    ],
)
def test_a_hook_that_is_there_is_refused(change: dict[str, Any], *, refused: bool) -> None:
    """Two are the same with the same events and configuration; the secret does not count."""
    wanted = HOOK._replace(id=302, **change)
    if refused:
        with pytest.raises(Unprocessable, match="Validation Failed") as refusal:
            rules.check_room(wanted, [HOOK])
        assert refusal.value.errors[0]["message"] == "Hook already exists on this repository"
    else:
        rules.check_room(wanted, [HOOK])


def test_an_event_has_so_many_hooks() -> None:
    """The 21st for an event is refused, and taken for another event."""
    there = [HOOK._replace(id=number, target_url=f"http://localhost/{number}") for number in range(20)]
    wanted = HOOK._replace(target_url="http://localhost/new")
    with pytest.raises(Unprocessable) as refused:
        rules.check_room(wanted, there)
    assert refused.value.errors[0]["message"] == 'The "push" event cannot have more than 20 hooks'
    rules.check_room(wanted, there[1:])
    rules.check_room(wanted, there, most=250)
    rules.check_room(wanted._replace(events=("status",)), there)


def test_a_hook_is_called_web() -> None:
    """The services of old are gone."""
    rules.check_name("web")
    with pytest.raises(Unprocessable):
        rules.check_name("jenkins")
