"""Deployment statuses over HTTP: list, get, and create with auto_inactive."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub, Repository

DEPLOYMENTS = "/repos/octocat/example/deployments"
DOCS = "https://docs.github.com/rest/deployments/statuses"

pytestmark = pytest.mark.usefixtures("repo")


def _deploy(http: requests.Session, environment: str = "staging", **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(DEPLOYMENTS, json={"ref": "main", "environment": environment} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _report(http: requests.Session, deployment: dict[str, Any], state: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(deployment["statuses_url"], json={"state": state} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _again(http: requests.Session, deployment: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return http.get(deployment["url"]).json()


def _states(http: requests.Session, deployment: dict[str, Any]) -> list[str]:
    return [status["state"] for status in http.get(deployment["statuses_url"]).json()]


# The object


def test_a_deployment_status_has_githubs_fields_in_githubs_order(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """Optional fields are empty strings, not null. The order is that of recorded responses."""
    deployment = _deploy(http)
    ghdeploy.clock.tick(75)
    reply = http.post(deployment["statuses_url"], json={"state": "queued"})
    assert reply.status_code == 201
    body = reply.json()
    assert list(body)[:5] == ["url", "id", "node_id", "state", "creator"]
    now = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    node_id, creator = body.pop("node_id"), body.pop("creator")
    assert list(body.items()) == [
        ("url", f"{deployment['statuses_url']}/{body['id']}"),
        ("id", body["id"]),
        ("state", "queued"),
        ("description", ""),
        ("environment", "staging"),
        ("target_url", ""),
        ("created_at", now),
        ("updated_at", now),
        ("deployment_url", deployment["url"]),
        ("repository_url", f"{API}/repos/octocat/example"),
        ("environment_url", ""),
        ("log_url", ""),
        ("performed_via_github_app", None),
    ]
    assert creator == deployment["creator"]
    prefix, _, packed = node_id.partition("_")
    assert prefix == "DES"
    unpacked = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    assert unpacked == struct.pack(">BBBIBQ", 0x93, 0, 0xCE, repo.id, 0xCF, body["id"])


def test_creating_returns_the_location_of_the_deployment_status(http: requests.Session) -> None:
    """The URL in the header Location of the 201 returns the same object."""
    reply = http.post(_deploy(http)["statuses_url"], json={"state": "success", "description": "ä \N{ROCKET}"})
    assert reply.headers["Location"] == reply.json()["url"]
    again = http.get(reply.headers["Location"])
    assert (again.status_code, again.json()) == (200, reply.json())


def test_creating_dispatches_an_event_with_status_and_deployment(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The event shows both as the responses do after the change."""
    deployment = _deploy(http)
    ghdeploy.clock.tick(10)
    status = _report(http, deployment, "success", environment="qa")
    event = ghdeploy.events[-1]
    assert (event.name, event.action, event.repository) == ("deployment_status", "created", "octocat/example")
    assert event.payload["deployment_status"] == status
    assert event.payload["deployment"] == _again(http, deployment)


@pytest.mark.parametrize("state", ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"])
def test_every_state_can_be_reported(http: requests.Session, repo: Repository, state: str) -> None:
    """There are seven states. The latest one is the state of the deployment."""
    deployment = _deploy(http)
    assert _report(http, deployment, state)["state"] == state
    assert repo.deployments[0].state == state


@pytest.mark.parametrize("state", ["waiting", "active", "Success", "", "abandoned"])
def test_other_states_are_refused(http: requests.Session, snapshot: Callable[[], object], state: str) -> None:
    """An unknown state is refused with the text of the schema check, which lists the states."""
    deployment = _deploy(http)
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": state})
    assert reply.status_code == 422
    known = '["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]'
    assert list(reply.json().items()) == [
        ("message", f"Invalid request.\n\n{state} is not a member of {known}."),
        ("documentation_url", f"{DOCS}#create-a-deployment-status"),
        ("status", "422"),
    ]
    assert snapshot() == before


# URLs


@pytest.mark.parametrize(
    ("sent", "target_url", "log_url"),
    [
        ({}, "", ""),
        ({"target_url": "https://ci/t"}, "https://ci/t", "https://ci/t"),
        ({"log_url": "https://ci/l"}, "https://ci/l", "https://ci/l"),
        ({"target_url": "https://ci/t", "log_url": "https://ci/l"}, "https://ci/l", "https://ci/l"),
        ({"target_url": "https://ci/t", "log_url": ""}, "https://ci/t", "https://ci/t"),
        ({"target_url": "", "log_url": ""}, "", ""),
    ],
    ids=["none", "target_url", "log_url", "both", "an empty log_url", "both empty"],
)
def test_log_url_and_target_url_are_the_same(
    http: requests.Session, sent: dict[str, str], target_url: str, log_url: str
) -> None:
    """Either sets both, and log_url takes precedence."""
    status = _report(http, _deploy(http), "success", **sent)
    assert (status["target_url"], status["log_url"]) == (target_url, log_url)


def test_environment_url_is_independent_of_log_url(http: requests.Session) -> None:
    """Setting one does not change the other."""
    status = _report(http, _deploy(http), "success", environment_url="https://staging.example.com")
    assert (status["environment_url"], status["log_url"]) == ("https://staging.example.com", "")


def _failed(field: str, message: str) -> list[tuple[str, object]]:
    error = {"resource": "DeploymentStatus", "code": "custom", "field": field, "message": message}
    return [
        ("message", "Validation Failed"),
        ("errors", [error]),
        ("documentation_url", f"{DOCS}#create-a-deployment-status"),
        ("status", "422"),
    ]


@pytest.mark.parametrize("field", ["environment_url", "log_url", "target_url"])
@pytest.mark.parametrize("url", ["ftp://example.com", "example.com", "javascript:alert(1)", "not a url"])
def test_urls_must_be_http_or_https(
    http: requests.Session, snapshot: Callable[[], object], field: str, url: str
) -> None:
    """Any other scheme is a validation error for the field, and nothing changes."""
    deployment = _deploy(http)
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": "success", field: url})
    assert reply.status_code == 422
    assert list(reply.json().items()) == _failed(field, f"{field} must use http(s) scheme")
    assert snapshot() == before


# Limits


def test_a_description_has_at_most_140_characters(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """A description of 141 characters is refused, not truncated."""
    deployment = _deploy(http)
    assert _report(http, deployment, "success", description="ä" * 140)["description"] == "ä" * 140
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": "success", "description": "x" * 141})
    assert reply.status_code == 422
    assert list(reply.json().items()) == _failed("description", "description is too long (maximum is 140 characters)")
    assert snapshot() == before


def test_an_environment_has_at_most_255_characters(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """An environment of 256 characters is refused."""
    deployment = _deploy(http)
    assert _report(http, deployment, "success", environment="x" * 255)["environment"] == "x" * 255
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": "success", "environment": "x" * 256})
    assert list(reply.json().items()) == _failed("environment", "environment is too long (maximum is 255 characters)")
    assert snapshot() == before


# The deployment


def test_a_status_updates_the_time_of_the_deployment(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """updated_at is the time of the latest status; created_at stays."""
    deployment = _deploy(http)
    for _ in range(2):
        ghdeploy.clock.tick(100)
        status = _report(http, deployment, "in_progress")
        again = _again(http, deployment)
        assert (again["created_at"], again["updated_at"]) == (deployment["created_at"], status["created_at"])
    assert again["updated_at"] != deployment["updated_at"]


def test_a_status_can_move_a_deployment(http: requests.Session) -> None:
    """The deployment gets the new environment; original_environment stays."""
    deployment = _deploy(http)
    status = _report(http, deployment, "in_progress", environment="qa")
    assert status["environment"] == "qa"
    again = _again(http, deployment)
    assert (again["environment"], again["original_environment"]) == ("qa", "staging")


def test_the_default_environment_is_that_of_the_previous_status(http: requests.Session) -> None:
    """Without a previous status it is the deployment's environment."""
    deployment = _deploy(http)
    assert _report(http, deployment, "queued")["environment"] == "staging"
    _report(http, deployment, "in_progress", environment="qa")
    assert _report(http, deployment, "failure")["environment"] == "qa"


def test_moving_does_not_change_the_flags(http: requests.Session) -> None:
    """Moving a deployment to production does not set production_environment."""
    deployment = _deploy(http)
    _report(http, deployment, "success", environment="production")
    assert _again(http, deployment)["production_environment"] is False


# auto_inactive


def test_success_retires_the_previous_deployment(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The older deployment to the same environment gets the status inactive, created by the caller at that time."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success", description="Up", log_url="https://ci/1", environment_url="https://staging")
    ghdeploy.clock.tick(60)
    status = _report(http, new, "success")
    assert _states(http, old) == ["inactive", "success"]
    assert _states(http, new) == ["success"]
    retired = http.get(old["statuses_url"]).json()[0]
    assert (retired["environment"], retired["description"]) == ("staging", "")
    assert (retired["log_url"], retired["target_url"], retired["environment_url"]) == ("", "", "")
    assert (retired["creator"], retired["created_at"]) == (status["creator"], status["created_at"])
    assert _again(http, old)["updated_at"] == status["created_at"]
    assert retired["id"] != status["id"]


def test_retiring_dispatches_nothing(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Success is dispatched. Inactive is not, whether automatic or sent."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, "success")
    _report(http, new, "inactive")
    events = ghdeploy.events.named("deployment_status")
    assert [event.payload["deployment_status"]["state"] for event in events] == ["success", "success"]
    assert events[-1].payload["deployment"]["id"] == new["id"]


@pytest.mark.ghdeploy(inactive_events=True)
def test_retiring_dispatches_with_inactive_events(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Each inactive status is dispatched, after the event of the success that caused it."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, "success")
    _report(http, new, "inactive")
    statuses_shown = [
        (event.payload["deployment"]["id"], event.payload["deployment_status"]["state"])
        for event in ghdeploy.events.named("deployment_status")
    ]
    assert statuses_shown == [
        (old["id"], "success"),
        (new["id"], "success"),
        (old["id"], "inactive"),
        (new["id"], "inactive"),
    ]


def test_the_creator_of_an_automatic_status_is_the_caller(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It is not the creator of the deployment."""
    for login in ("mona", "hubot"):
        ghdeploy.add_token(f"token-of-{login}", user=login)
        repo.add_collaborator(login, "push")
    with requests.Session() as session:
        for login in ("mona", "hubot"):
            session.headers["Authorization"] = f"Bearer token-of-{login}"
            reply = session.post(f"{API}{DEPLOYMENTS}", json={"ref": "main", "environment": "qa"})
            status = session.post(reply.json()["statuses_url"], json={"state": "success"}).json()
            assert (reply.json()["creator"]["login"], status["creator"]["login"]) == (login, login)
    new, old = repo.deployments
    assert [status.creator.login for status in old.statuses] == ["hubot", "mona"]
    assert [status.creator.login for status in new.statuses] == ["hubot"]
    assert [event.payload["sender"]["login"] for event in ghdeploy.events] == ["mona", "mona", "hubot", "hubot"]


@pytest.mark.parametrize(
    ("environment", "old", "new", "old_state", "retired"),
    [
        ("staging", {}, {}, "success", True),
        ("staging", {}, {}, "failure", False),
        ("staging", {}, {}, "in_progress", False),
        ("staging", {}, {}, "queued", False),
        ("staging", {}, {}, "error", False),
        ("staging", {}, {}, "pending", False),
        ("staging", {"environment": "qa"}, {}, "success", False),
        ("staging", {"environment": "Staging"}, {}, "success", True),
        ("staging", {"transient_environment": True}, {}, "success", False),
        ("staging", {"production_environment": True}, {}, "success", False),
        ("staging", {}, {"transient_environment": True}, "success", True),
        ("staging", {}, {"production_environment": True}, "success", True),
        ("staging", {"ref": "topic", "task": "migrate"}, {}, "success", True),
        ("production", {}, {}, "success", False),
        ("production", {"production_environment": False}, {}, "success", True),
    ],
)
def test_what_success_retires_and_what_not(
    http: requests.Session,
    repo: Repository,
    environment: str,
    old: dict[str, Any],
    new: dict[str, Any],
    old_state: str,
    *,
    retired: bool,
) -> None:
    """Active deployments to the same environment are retired unless they are transient or to production."""
    repo.add_branch("topic")
    first = _deploy(http, **({"environment": environment} | old))
    _report(http, first, old_state)
    second = _deploy(http, **({"environment": environment} | new))
    _report(http, second, "success")
    assert _states(http, first) == (["inactive", "success"] if retired else [old_state])


@pytest.mark.parametrize("state", ["error", "failure", "inactive", "in_progress", "queued", "pending"])
def test_other_states_retire_nothing(http: requests.Session, state: str) -> None:
    """Only success retires deployments."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, state)
    assert _states(http, old) == ["success"]


def test_auto_inactive_can_be_turned_off(http: requests.Session) -> None:
    """With auto_inactive false, nothing is retired."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, "success", auto_inactive=False)
    assert _states(http, old) == ["success"]


def test_an_older_deployment_does_not_retire_a_newer_one(http: requests.Session) -> None:
    """The order of creation counts, not the order of the successes."""
    old, new = _deploy(http), _deploy(http)
    _report(http, new, "success")
    _report(http, old, "success")
    assert _states(http, new) == ["success"]
    assert _states(http, old) == ["success"]


def test_all_earlier_deployments_are_retired_oldest_first(http: requests.Session) -> None:
    """Several active deployments are retired at once, in the order of their creation."""
    deployments = [_deploy(http) for _ in range(3)]
    for deployment in deployments:
        _report(http, deployment, "success", auto_inactive=False)
    _report(http, _deploy(http), "success")
    ids = [http.get(deployment["statuses_url"]).json()[0]["id"] for deployment in deployments]
    assert ids == sorted(ids)
    assert [_states(http, deployment)[0] for deployment in deployments] == ["inactive"] * 3


def test_a_moved_deployment_retires_others_in_its_new_environment(http: requests.Session) -> None:
    """Nothing is retired in its former environment."""
    staging, qa, moving = _deploy(http), _deploy(http, "qa"), _deploy(http)
    _report(http, staging, "success")
    _report(http, qa, "success")
    _report(http, moving, "success", environment="qa")
    assert _states(http, staging) == ["success"]
    assert _states(http, qa) == ["inactive", "success"]


def test_another_repository_is_left_alone(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """An environment of the same name in another repository is not affected."""
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main", environment="staging")
    other.add_status("success")
    _report(http, _deploy(http), "success")
    assert other.state == "success"


@pytest.mark.ghdeploy(auto_inactive_production=True)
def test_production_is_retired_with_auto_inactive_production(http: requests.Session) -> None:
    """A transient production deployment is still not retired."""
    production, transient = _deploy(http, "production"), _deploy(http, "production", transient_environment=True)
    for deployment in (production, transient):
        _report(http, deployment, "success", auto_inactive=False)
    _report(http, _deploy(http, "production"), "success")
    assert _states(http, production) == ["inactive", "success"]
    assert _states(http, transient) == ["success"]


def test_a_transient_deployment_that_is_over_is_inactive(http: requests.Session) -> None:
    """The REST API has no state destroyed."""
    deployment = _deploy(http, "pr-1", transient_environment=True)
    assert _report(http, deployment, "inactive")["state"] == "inactive"


# List and get


def test_deployment_statuses_are_listed_newest_first(http: requests.Session) -> None:
    """The first one is the current state. Statuses of other deployments are not listed."""
    deployment, other = _deploy(http), _deploy(http)
    _report(http, other, "error")
    created = [_report(http, deployment, state) for state in ("queued", "in_progress", "failure")]
    reply = http.get(deployment["statuses_url"])
    assert (reply.status_code, reply.json()) == (200, created[::-1])
    assert "Link" not in reply.headers


def test_a_deployment_without_statuses_has_an_empty_list(http: requests.Session) -> None:
    """The response is an empty array."""
    reply = http.get(_deploy(http)["statuses_url"])
    assert (reply.status_code, reply.content) == (200, b"[]")


def test_deployment_statuses_come_in_pages(http: requests.Session, repo: Repository) -> None:
    """The links have the id of the repository."""
    deployment = _deploy(http)
    created = [_report(http, deployment, "in_progress")["id"] for _ in range(3)]
    reply = http.get(deployment["statuses_url"], params={"per_page": "2"})
    base = f"{API}/repositories/{repo.id}/deployments/{deployment['id']}/statuses?per_page=2&page=2"
    assert reply.headers["Link"] == f'<{base}>; rel="next", <{base}>; rel="last"'
    following = http.get(reply.links["next"]["url"])
    assert [status["id"] for status in reply.json() + following.json()] == created[::-1]


@pytest.mark.parametrize("wanted", ["1", "abc", "-1", "9" * 30])
def test_an_unknown_deployment_status_is_not_found(http: requests.Session, wanted: str) -> None:
    """The 404 links to the documentation of the operation."""
    deployment = _deploy(http)
    reply = http.get(f"{deployment['statuses_url']}/{wanted}")
    assert reply.status_code == 404
    assert reply.json() == {
        "message": "Not Found",
        "documentation_url": f"{DOCS}#get-a-deployment-status",
        "status": "404",
    }


def test_a_status_of_another_deployment_is_not_found(http: requests.Session) -> None:
    """A status is found only below its own deployment."""
    first_deployment, other = _deploy(http), _deploy(http)
    status = _report(http, other, "success")
    assert http.get(f"{first_deployment['statuses_url']}/{status['id']}").status_code == 404
    assert http.get(f"{other['statuses_url']}/{status['id']}").status_code == 200


@pytest.mark.parametrize(
    ("method", "page"), [("GET", "list-deployment-statuses"), ("POST", "create-a-deployment-status")]
)
def test_statuses_of_an_unknown_deployment_are_not_found(http: requests.Session, method: str, page: str) -> None:
    """Reading and creating are a 404."""
    reply = http.request(method, f"{DEPLOYMENTS}/1/statuses", json={"state": "success"})
    assert reply.status_code == 404
    assert reply.json() == {"message": "Not Found", "documentation_url": f"{DOCS}#{page}", "status": "404"}


def test_a_deployment_status_cannot_be_changed_or_deleted(http: requests.Session) -> None:
    """GitHub has no such endpoints."""
    status = _report(http, _deploy(http), "success")
    for method in ("PATCH", "PUT", "DELETE"):
        assert http.request(method, status["url"], json={}).status_code == 404


def test_ids_of_deployments_and_their_statuses_differ(http: requests.Session) -> None:
    """Statuses have a rising sequence of ids of their own."""
    deployment = _deploy(http)
    ids = [_report(http, deployment, "in_progress")["id"] for _ in range(3)]
    assert ids == sorted(set(ids))
    assert deployment["id"] not in ids
    assert http.get(f"{DEPLOYMENTS}/{ids[0]}").status_code == 404


def test_statuses_are_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} give the same statuses with the same URLs."""
    deployment = _deploy(http)
    by_id = f"/repositories/{repo.id}/deployments/{deployment['id']}/statuses"
    reply = http.post(by_id, json={"state": "success"})
    assert reply.status_code == 201
    assert reply.json()["url"].startswith(deployment["statuses_url"])
    assert http.get(by_id).json() == [reply.json()]
    assert http.get(f"{by_id}/{reply.json()['id']}").json() == reply.json()


@pytest.mark.parametrize("body", [b"not JSON", b"[]", b'{"state": "x"}', b"{}"])
@pytest.mark.parametrize("deployment", ["99", "elsewhere"])
def test_an_unknown_deployment_is_a_404_whatever_the_body(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, body: bytes, deployment: str
) -> None:
    """The deployment is looked up before the body is read."""
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    wanted = other.id if deployment == "elsewhere" else deployment
    reply = http.post(f"/repos/{repo.full_name}/deployments/{wanted}/statuses", data=body)
    assert reply.status_code == 404
    assert reply.json()["message"] == "Not Found"
