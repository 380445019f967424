"""Events that clients dispatch: `repos/create-dispatch-event`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Installation, Repository

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


@pytest.mark.parametrize(
    ("make_token", "sender"),
    [
        (lambda _, installation: installation.token(), "gate[bot]"),
        (lambda _, installation: installation.user_token("octocat"), "octocat"),
        (lambda gh, _: gh.add_token("x", user="gate[bot]", permissions={"contents": "write"}).text, "gate[bot]"),
    ],
)
def test_the_installation_is_that_of_the_app(
    http: requests.Session,
    ghdeploy: FakeGitHub,
    make_token: Callable[[FakeGitHub, Installation], str],
    sender: str,
) -> None:
    """Whichever way the caller got a token of the app."""
    installation = ghdeploy.add_app("gate").install("octocat")
    token = make_token(ghdeploy, installation)
    assert http.post(PATH, json={"event_type": "a"}, headers={"Authorization": f"token {token}"}).status_code == 204
    payload = ghdeploy.events[-1].payload
    assert (payload["installation"]["id"], payload["sender"]["login"]) == (installation.id, sender)


def test_an_app_that_nobody_has_installed_has_one_installation(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The event names the one that is listed. A workflow's token and that of a user name GitHub Actions'."""
    app = ghdeploy.add_app("gate")
    for user in ("gate[bot]", "github-actions[bot]", "octocat"):
        permissions = {"contents": "write"} if "[bot]" in user else None
        ghdeploy.add_token(user, user=user, permissions=permissions)
        http.post(PATH, json={"event_type": "a"}, headers={"Authorization": f"token {user}"})
    gate, *others = [event.payload["installation"]["id"] for event in ghdeploy.events]
    assert [gate] == [installation.id for installation in app.installations]
    assert others == [52_015_368] * 2


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


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (None, (401, "Requires authentication")),
        ({"user": "mona"}, (404, "Not Found")),
        ({"user": "octocat", "scopes": ["repo_deployment"]}, (404, "Not Found")),
        ({"permissions": {"contents": "read"}}, (403, "Resource not accessible by personal access token")),
        ({"user": "gate[bot]", "permissions": {"contents": "read"}}, (403, "Resource not accessible by integration")),
        ({"user": "gate[bot]", "permissions": {"actions": "write"}}, (403, "Resource not accessible by integration")),
    ],
)
def test_it_needs_the_right_to_push(
    ghdeploy: FakeGitHub, token: dict[str, Any] | None, expected: tuple[int, str]
) -> None:
    """Without the right or the scope it is a 404, without the permission a 403."""
    if token:
        ghdeploy.add_token("weak", **token)
    with Client(authorization="token weak" if token else None) as client:
        reply = client.post(PATH, json={"event_type": "a"})
    assert (reply.status_code, reply.json()["message"]) == expected
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
