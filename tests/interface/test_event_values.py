"""Values that assertions about events and deliveries refuse, because they cannot occur."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY
from uuid import UUID

import pytest
from rows import Rows

from pytest_ghdeploy import FakeError, FakeGitHub
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.store.events import own_object

if TYPE_CHECKING:
    from collections.abc import Callable

SHA = "c5b97d5ae6c19d5c5df71a34c7fbeeda2479ccbc"
WHOLE = re.escape("is compared as a whole, and cannot be this ")


class State(StrEnum):
    """States as a tool may define them."""

    SUCCESS = "success"
    FAILED = "failed"


class StartsWith:
    """A matcher that expects a string."""

    def __init__(self, start: str) -> None:
        """Match strings that start with *start*."""
        self.start = start

    def __eq__(self, other: object) -> bool:
        return str.startswith(other, self.start)  # type: ignore[arg-type] # not every object is a string

    __hash__ = None  # type: ignore[assignment]


@pytest.fixture
def gh() -> FakeGitHub:
    """Return a fake with some repositories, accounts and events."""
    fake = FakeGitHub()
    repo = fake.add_repository("octocat/example")
    fake.add_repository("acme/shop").rename("acme/store")
    fake.add_user("monalisa")
    fake.add_user("octo-org", type="Organization")
    deployment = repo.add_deployment(ref="main", environment="qa", payload={"version": 7})
    deployment.add_status("success", description="Done", log_url="https://ci.example.com/1")
    repo.add_commit_status("main", state="failure")
    return fake


# An event, a field, a value that cannot occur, and the message.
IMPOSSIBLE: list[tuple[str, str, Any, str]] = [
    # Enumerations
    ("deployment_status", "state", "failed",
     "unknown state 'failed' of the event deployment_status; known: failure, .*in_progress$"),
    ("deployment_status", "state", State.FAILED, "unknown state 'failed' of the event deployment_status; known: fail"),
    ("deployment_status", "state", "Success", "unknown state 'Success' of the event deployment_status; known: success"),
    ("status", "state", "cancelled", "unknown state 'cancelled' of the event status; known: .*success"),
    ("check_run", "conclusion", "succes", "unknown conclusion 'succes' of the event check_run; known: success, "),
    ("check_run", "status", "complete", "unknown status 'complete' of the event check_run; known: completed, "),
    ("create", "ref_type", "tags", "unknown ref_type 'tags' of the event create; known: tag, branch$"),
    ("issue_comment", "author_association", "owner",
     "unknown author_association 'owner' of the event issue_comment; known: .*OWNER"),
    ("deployment_status", "state", None, "state of the event deployment_status must be one of 'error', .*, got None"),
    # Actions
    ("check_run", "action", "rerequested", "unknown action 'rerequested' of the event check_run; known: .*created"),
    ("deployment", "action", "deleted", "action of the event deployment must be 'created', got 'deleted'"),
    ("status", "action", "created", "action of the event status must be None, got 'created'"),
    # Types
    ("deployment", "environment", 7, "environment of the event deployment must be a string, got 7"),
    ("deployment", "environment", ["qa"], r"environment of the event deployment must be a string, got \['qa'\]"),
    ("deployment", "production_environment", 1, "production_environment .* must be True or False, got 1"),
    ("deployment", "transient_environment", "no", "transient_environment .* must be True or False, got 'no'"),
    ("deployment", "id", True, "id of the event deployment must be a whole number, 1 or more, got True"),
    ("deployment", "id", "4442074271", "id .* must be a whole number, 1 or more, got '4442074271'"),
    ("deployment", "id", 0, "id of the event deployment must be a whole number, 1 or more, got 0"),
    ("deployment", "payload", None, "payload of the event deployment must be the whole object or a string, got None"),
    ("deployment", "description", 7, "description of the event deployment must be a string or None, got 7"),
    ("deployment_status", "log_url", None, "log_url of the event deployment_status must be '' or a URL, got None"),
    ("deployment_status", "log_url", "see CI", "log_url .* must be '' or a URL, got 'see CI'"),
    ("deployment_status", "description", "x" * 141, "description .* must be a string of at most 140 characters, got "),
    ("deployment", "sha", "c5b97d5", "sha of the event deployment must be a SHA of 40 hexadecimal digits, got 'c5b9"),
    ("push", "ref", "main", "ref of the event push must be a full ref, such as 'refs/heads/main', got 'main'"),
    ("push", "commits", 1, "commits of the event push must be a list, got 1"),
    ("push", "pusher", "octocat", "pusher of the event push must be the whole object, got 'octocat'"),
    ("deployment", "created_at", "yesterday", "created_at .* must be a datetime, or a string such as '2026-03-10T12:"),
    ("deployment", "created_at", "2026-03-10T12:00:00.5Z", "created_at .* must be a datetime, or a string such as '20"),
    ("deployment", "created_at", "2026-03-10T12:00:00+00:00", "created_at .* must be a datetime, or .*12:00:00Z', got"),
    ("status", "created_at", "2026-03-10T12:00:00Z", "created_at .* must be a datetime, or .*12:00:00.00:00', got "),
    # Objects that never equal JSON
    ("deployment", "created_at", date(2026, 3, 10), "created_at .* must be a datetime, or a string such as "),
    ("deployment", "environment", b"qa", "environment of the event deployment must be a string, got b'qa'"),
    ("deployment", "environment", re.compile("q.*"), r"environment .* must be a string, got re.compile\('q.\*'\)"),
    ("deployment", "environment", lambda name: name == "qa", "environment .* must be a string, got <function "),
    ("deployment", "node_id", UUID(int=1), "node_id of the event deployment must be a string, got UUID"),
    ("deployment", "payload", {"version": b"7"}, f"payload .* {WHOLE}mapping: .*b'7'"),
    ("deployment", "payload", {7: "version"}, f"payload .* {WHOLE}mapping: .*7"),
    # Whole objects
    ("deployment", "creator", {"login": "octocat"},
     "creator of the event deployment must be None or a login, a User or the whole object, got {"),
    ("issue_comment", "user", "hubot", "unknown user 'hubot' of the event issue_comment: .*; known: .*octocat"),
    ("commit_comment", "reactions", 1, "reactions of the event commit_comment must be the whole object, got 1"),
    ("deployment", "creator", 7, "creator of the event deployment must be None or a login, a User or the whole object"),
    ("deployment", "performed_via_github_app", "deployer", "performed_via_github_app .* must be None or the whole obj"),
    ("push", "commits", [{"id": SHA}], rf"commits of the event push {WHOLE}list: \[0\]: "),
    # Accounts
    ("deployment", "creator", "monalsia",
     "unknown creator 'monalsia' of the event deployment: add the account with add_user; known: monalisa, "),
    ("deployment_status", "creator", "Octocat", "unknown creator 'Octocat' .*; known: octocat, "),
    ("status", "creator", "hubot", "unknown creator 'hubot' of the event status: .*; known: .*octocat"),
    ("push", "sender", "hubot", "unknown sender 'hubot' of the event push: "),
    ("push", "organization", "octo-orgs", "unknown organization 'octo-orgs' .*; known: octo-org, "),
    # Repositories
    ("deployment", "repository", "octocat/exmaple",
     "unknown repository 'octocat/exmaple': add it with add_repository; known: octocat/example, acme/store$"),
    ("deployment", "repository", "example", "unknown repository 'example': .*; known: .*octocat/example"),
    ("deployment", "repository", "Octocat/Example", "unknown repository 'Octocat/Example': "),
    ("deployment", "repository", None, "repository .* must be the full name of a repository, got None"),
    ("status", "name", "ci/tests", "unknown repository 'ci/tests': add it with add_repository; known: "),
]  # fmt: skip

# Values that can occur, although no event has them.
POSSIBLE: list[tuple[str, str, Any]] = [
    ("deployment_status", "state", "inactive"),
    ("check_run", "conclusion", "stale"),
    ("check_run", "conclusion", None),
    ("check_run", "action", "completed"),
    ("deployment", "environment", "no such environment"),
    ("deployment", "ref", "no-such-branch"),
    ("deployment", "sha", SHA),
    ("deployment", "id", 1),
    ("deployment", "id", 2.0),
    ("deployment", "payload", "text"),
    ("deployment", "payload", {"login": "nobody", "times": [1, None]}),
    ("deployment", "payload", MappingProxyType({"version": 8})),
    ("deployment", "creator", "monalisa"),
    ("deployment", "creator", None),
    ("deployment", "created_at", datetime(2001, 2, 3, tzinfo=UTC)),
    ("deployment", "created_at", "2001-02-03T00:00:00Z"),
    ("status", "created_at", datetime(2001, 2, 3, tzinfo=UTC)),
    ("status", "created_at", "2001-02-03T00:00:00+00:00"),
    ("status", "creator", "monalisa"),
    ("status", "organization", "octo-org"),
    ("push", "organization", None),
    ("push", "installation", None),
    ("push", "ref", "refs/heads/no-such-branch"),
    ("create", "ref", "no-such-branch"),
    ("deployment", "repository", "acme/shop"),
    ("deployment", "repository", "acme/store"),
    ("status", "name", "acme/store"),
    ("deployment_status", "log_url", ""),
    ("deployment_status", "log_url", "https://ci.example.com/2"),
    ("issue_comment", "author_association", "MEMBER"),
    ("issue_comment", "body", "anything"),
    ("commit_comment", "user", "monalisa"),
    ("label", "default", True),
]  # fmt: skip

QUESTIONS: dict[str, Callable[[FakeGitHub, str, dict[str, Any]], object]] = {
    "assert_event": lambda gh, name, fields: gh.assert_event(name, **fields),
    "assert_no_event": lambda gh, name, fields: gh.assert_no_event(name, **fields),
    "assert_events": lambda gh, name, fields: gh.assert_events([(name, fields)]),
    "wait_for_event": lambda gh, name, fields: gh.wait_for_event(name, timeout=0, **fields),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_value_that_cannot_occur_is_refused(gh: FakeGitHub, question: str) -> None:
    """Otherwise `assert_no_event` would pass for a typo. The message has the closest value, or describes the type."""
    with Rows() as rows:
        for name, field, value, message in IMPOSSIBLE:
            with rows.row(name, field, value):
                with pytest.raises(FakeError, match=message) as caught:
                    QUESTIONS[question](gh, name, {field: value})
                assert caught.value.argument == field


def test_a_value_that_can_occur_is_not_refused(gh: FakeGitHub) -> None:
    """It need not have occurred."""
    with Rows() as rows:
        for name, field, value in POSSIBLE:
            with rows.row(name, field, value):
                gh.assert_no_event(name, **{field: value})
                with pytest.raises(AssertionError):
                    gh.assert_event(name, **{field: value})


def test_every_value_of_an_event_can_be_expected(gh: FakeGitHub) -> None:
    """No field of a recorded event is refused when it is compared with its own value."""
    repo = gh.repository("octocat/example")
    repo.add_check_run("main", name="lint")
    repo.add_commit_comment("main", "text")
    repo.add_branch("topic")
    repo.add_commit("topic")
    pull = repo.add_pull_request("topic")
    pull.add_comment("text")
    pull.add_label("preview")
    for event in gh.events:
        own = own_object(event.name, event.payload)
        for field in schema.event_fields(event.name):
            value = getattr(event, field) if field in ("action", "repository") else own.get(field)
            if (event.name, field) == ("status", "creator"):
                value = own["sender"]
            gh.assert_event(event.name, **{field: value})


@pytest.mark.parametrize(
    ("field", "matcher"),
    [
        ("environment", ANY),
        ("environment", StartsWith("q")),
        ("repository", StartsWith("octocat/")),
        ("id", pytest.approx(4442074271)),
        ("payload", {"version": ANY}),
        ("creator", ANY),
    ],
)
def test_a_matcher_is_compared_and_not_checked(gh: FakeGitHub, field: str, matcher: object) -> None:
    """An object that compares itself with JSON values can be equal to any of them."""
    assert gh.assert_event("deployment", **{field: matcher}) is gh.events[0]
    with pytest.raises(AssertionError, match="expected no event deployment"):
        gh.assert_no_event("deployment", **{field: matcher})


def test_an_enum_of_strings_is_a_string(gh: FakeGitHub) -> None:
    """A tool's own constants can be used."""
    gh.assert_event("deployment_status", state=State.SUCCESS)


def test_a_former_name_can_be_expected(gh: FakeGitHub) -> None:
    """Events from before a renaming have the former name of the repository, in its spelling."""
    repo = gh.repository("octocat/example")
    repo.rename("octocat/Example")
    gh.assert_event("deployment", repository="octocat/example")
    gh.assert_no_event("deployment", repository="octocat/Example")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("state", "fail", "unknown state 'fail' of a delivery of deployment; known: failed, "),
        ("action", "deleted", "action of a delivery of deployment must be 'created', got 'deleted'"),
        ("status_code", "200", "status_code of a delivery of deployment must be a whole number, got '200'"),
        ("redelivery", 1, "redelivery of a delivery of deployment must be True or False, got 1"),
        ("delivery_id", UUID(int=1), "delivery_id of a delivery of deployment must be a string, got UUID"),
        ("reason", None, "reason of a delivery of deployment must be a string, got None"),
        ("status", 200, "status of a delivery of deployment must be a string, got 200"),
        ("hook_id", 7, "unknown hook id 7; known: 301950017$"),
        ("hook_id", True, "unknown hook id True; known: 301950017$"),
    ],
)
def test_a_delivery_that_cannot_occur_is_refused(gh: FakeGitHub, field: str, value: object, message: str) -> None:
    """The same for deliveries."""
    hook = gh.webhooks.subscribe(lambda _: None)
    gh.repository("octocat/example").add_deployment(ref="main")
    with pytest.raises(FakeError, match=message) as caught:
        gh.assert_delivery("deployment", **{field: value})
    assert caught.value.argument == field
    assert gh.assert_delivery("deployment", hook_id=hook.id, status_code=ANY, action="created").state == "delivered"
    assert gh.assert_delivery("ping", action=None).hook_id == hook.id


def test_the_id_of_a_hook_is_known_until_the_hook_is_deleted(gh: FakeGitHub) -> None:
    """With or without deliveries. Those of a deleted hook are deleted too."""
    deleted, silent = (gh.webhooks.subscribe(lambda _: None) for _ in range(2))
    for row in gh._engine.store.hook_deliveries.where(hook_id=silent.id)[:]:
        gh._engine.store.hook_deliveries.remove(row)  # as `ghdeploy serve` does after a while
    with pytest.raises(AssertionError, match="no delivery of ping with hook_id"):
        gh.assert_delivery("ping", hook_id=silent.id)
    deleted.delete()
    with pytest.raises(FakeError, match=f"unknown hook id {deleted.id}; known: {silent.id}$"):
        gh.assert_delivery("ping", hook_id=deleted.id)
