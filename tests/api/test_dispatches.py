"""Events that clients dispatch: `repos/create-dispatch-event`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

pytestmark = pytest.mark.usefixtures("repo")

PATH = "/repos/octocat/example/dispatches"


def test_an_event_is_dispatched(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Its action is the client's, and the response has no body."""
    payload = {"environment": "staging", "refs": ["main"]}
    reply = http.post(PATH, json={"event_type": "deploy", "client_payload": payload})
    assert (reply.status_code, reply.content) == (204, b"")
    event = ghdeploy.assert_event("repository_dispatch", action="deploy", branch="main", client_payload=payload)
    assert list(event.payload) == ["action", "branch", "client_payload", "repository", "sender", "installation"]
    assert event.payload["installation"]["node_id"].startswith("MD")
    assert [event.name for event in ghdeploy.events] == ["repository_dispatch"]


def test_without_a_payload_it_is_an_empty_object(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """As in GitHub's example. The event of an organization's repository names the organization."""
    ghdeploy.add_user("octo-org", type="Organization")
    ghdeploy.add_repository("octo-org/app", default_branch="trunk")
    assert http.post("/repos/octo-org/app/dispatches", json={"event_type": "x" * 100}).status_code == 204
    event = ghdeploy.assert_event("repository_dispatch", repository="octo-org/app", branch="trunk")
    assert event.payload["client_payload"] == {}
    assert event.payload["organization"]["login"] == "octo-org"


def test_the_installation_is_that_of_the_token(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """If an installation has issued it."""
    installation = ghdeploy.add_app("gate").install("octocat")
    headers = {"Authorization": f"token {installation.token()}"}
    assert http.post(PATH, json={"event_type": "deploy"}, headers=headers).status_code == 204
    payload = ghdeploy.events[-1].payload
    assert (payload["installation"]["id"], payload["sender"]["login"]) == (installation.id, "gate[bot]")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'Invalid request.\n\n"event_type" wasn\'t supplied.'),
        ({"event_type": ""}, "Invalid request.\n\nAt least 1 character is required; only 0 were supplied."),
        ({"event_type": "x" * 101}, "Invalid request.\n\nOnly 100 characters are allowed; 101 were supplied."),
        (
            {"event_type": "a", "client_payload": {str(number): 1 for number in range(13)}},
            "Invalid request.\n\nNo more than 10 properties are allowed; 13 were supplied.",
        ),
        (
            {"event_type": "a", "client_payload": "text"},
            "Invalid request.\n\nFor 'properties/client_payload', \"text\" is not an object.",
        ),
        ({"event_type": "a", "client_payload": {"a": "x" * 65_536}}, "client_payload is too large."),
    ],
)
def test_an_invalid_event_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, object], message: str
) -> None:
    """Nothing is dispatched."""
    before = snapshot()
    reply = http.post(PATH, json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert snapshot() == before


def test_the_largest_payload(http: requests.Session) -> None:
    """65,535 bytes of JSON and ten members are accepted."""
    payload = {str(number): "" for number in range(10)}
    payload["0"] = "x" * (65_535 - len(json.dumps(payload, separators=(",", ":"))))
    assert http.post(PATH, json={"event_type": "a", "client_payload": payload}).status_code == 204


@pytest.mark.parametrize(("token", "status"), [({"user": "mona"}, 404), ({"permissions": {"contents": "read"}}, 403)])
def test_it_needs_the_right_to_push(
    http: requests.Session, ghdeploy: FakeGitHub, token: dict[str, Any], status: int
) -> None:
    """A token without the permission gets a 403."""
    ghdeploy.add_token("weak", **token)
    reply = http.post(PATH, json={"event_type": "a"}, headers={"Authorization": "token weak"})
    assert reply.status_code == status
    assert ghdeploy.events == []


def test_it_reaches_hooks_of_apps_and_those_that_name_it(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """On GitHub, a repository's hook never gets it; with ``*`` it does not here either."""
    received: list[str] = []
    for name, events, repository in [
        ("all", ["*"], repo.full_name),
        ("named", ["repository_dispatch"], repo.full_name),
        ("app", ["*"], None),
    ]:
        ghdeploy.webhooks.subscribe(lambda _, name=name: received.append(name), events=events, repository=repository)
    received.clear()  # the pings
    http.post(PATH, json={"event_type": "deploy"})
    assert received == ["named", "app"]
