"""Deployment statuses over HTTP: list, create with what it retires, get."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub, Repository

API = "https://api.github.com"
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
    """A status of a state alone has every field, empty texts and not null, in the order of recorded answers."""
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


def test_creating_says_where_the_deployment_status_is(http: requests.Session) -> None:
    """The header Location of a 201 is the URL of the status, which answers with the same object."""
    reply = http.post(_deploy(http)["statuses_url"], json={"state": "success", "description": "ä \N{ROCKET}"})
    assert reply.headers["Location"] == reply.json()["url"]
    again = http.get(reply.headers["Location"])
    assert (again.status_code, again.json()) == (200, reply.json())


def test_creating_dispatches_an_event_with_status_and_deployment(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The event shows the status and the deployment as the answers do after the change."""
    deployment = _deploy(http)
    ghdeploy.clock.tick(10)
    status = _report(http, deployment, "success", environment="qa")
    event = ghdeploy.events[-1]
    assert (event.name, event.action, event.repository) == ("deployment_status", "created", "octocat/example")
    assert event.payload["deployment_status"] == status
    assert event.payload["deployment"] == _again(http, deployment)


@pytest.mark.parametrize("state", ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"])
def test_every_state_can_be_reported(http: requests.Session, repo: Repository, state: str) -> None:
    """Seven states are accepted; the latest is the deployment's."""
    deployment = _deploy(http)
    assert _report(http, deployment, state)["state"] == state
    assert repo.deployments[0].state == state


@pytest.mark.parametrize("state", ["waiting", "active", "Success", "", "abandoned"])
def test_other_states_are_refused(http: requests.Session, snapshot: Callable[[], object], state: str) -> None:
    """A state that GitHub does not take is refused in the words of the schema check, with the states it takes."""
    deployment = _deploy(http)
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": state})
    assert reply.status_code == 422
    known = '["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]'
    assert list(reply.json().items()) == [
        ("message", f"Invalid request.\n\nFor 'properties/state', \"{state}\" is not a member of {known}."),
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
def test_log_url_and_target_url_are_one(
    http: requests.Session, sent: dict[str, str], target_url: str, log_url: str
) -> None:
    """Either sets both, and log_url wins."""
    status = _report(http, _deploy(http), "success", **sent)
    assert (status["target_url"], status["log_url"]) == (target_url, log_url)


def test_an_environment_url_is_kept_by_itself(http: requests.Session) -> None:
    """The URL of the environment is not that of the log."""
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
def test_urls_must_be_http(http: requests.Session, snapshot: Callable[[], object], field: str, url: str) -> None:
    """Any other scheme is a validation error of the field, and nothing has changed."""
    deployment = _deploy(http)
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": "success", field: url})
    assert reply.status_code == 422
    assert list(reply.json().items()) == _failed(field, f"{field} must use http(s) scheme")
    assert snapshot() == before


# Limits


def test_a_description_has_140_characters_at_most(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """140 are allowed, 141 are refused and not cut."""
    deployment = _deploy(http)
    assert _report(http, deployment, "success", description="ä" * 140)["description"] == "ä" * 140
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": "success", "description": "x" * 141})
    assert reply.status_code == 422
    assert list(reply.json().items()) == _failed("description", "description is too long (maximum is 140 characters)")
    assert snapshot() == before


def test_an_environment_has_255_characters_at_most(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """255 are allowed, 256 are refused."""
    deployment = _deploy(http)
    assert _report(http, deployment, "success", environment="x" * 255)["environment"] == "x" * 255
    before = snapshot()
    reply = http.post(deployment["statuses_url"], json={"state": "success", "environment": "x" * 256})
    assert list(reply.json().items()) == _failed("environment", "environment is too long (maximum is 255 characters)")
    assert snapshot() == before


# The deployment


def test_a_status_bumps_the_deployment(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The deployment's updated_at is the time of its latest status; created_at stays."""
    deployment = _deploy(http)
    for _ in range(2):
        ghdeploy.clock.tick(100)
        status = _report(http, deployment, "in_progress")
        again = _again(http, deployment)
        assert (again["created_at"], again["updated_at"]) == (deployment["created_at"], status["created_at"])
    assert again["updated_at"] != deployment["updated_at"]


def test_a_status_can_move_a_deployment(http: requests.Session) -> None:
    """A sent environment is the deployment's from then on; original_environment stays."""
    deployment = _deploy(http)
    status = _report(http, deployment, "in_progress", environment="qa")
    assert status["environment"] == "qa"
    again = _again(http, deployment)
    assert (again["environment"], again["original_environment"]) == ("qa", "staging")


def test_without_an_environment_a_status_has_that_of_the_one_before(http: requests.Session) -> None:
    """The default is the environment of the previous status, else that of the deployment."""
    deployment = _deploy(http)
    assert _report(http, deployment, "queued")["environment"] == "staging"
    _report(http, deployment, "in_progress", environment="qa")
    assert _report(http, deployment, "failure")["environment"] == "qa"


def test_moving_does_not_change_the_flags(http: requests.Session) -> None:
    """A deployment that moves to production is not thereby a production one."""
    deployment = _deploy(http)
    _report(http, deployment, "success", environment="production")
    assert _again(http, deployment)["production_environment"] is False


# auto_inactive


def test_success_retires_the_one_before(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The older success in the same environment gets an inactive status, by the caller and at that time."""
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
    """There is an event for the success, and none for the inactive that follows from it, or that is sent."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, "success")
    _report(http, new, "inactive")
    events = ghdeploy.events.named("deployment_status")
    assert [event.payload["deployment_status"]["state"] for event in events] == ["success", "success"]
    assert events[-1].payload["deployment"]["id"] == new["id"]


@pytest.mark.ghdeploy(inactive_events=True)
def test_retiring_dispatches_if_assumed_so(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """With inactive_events each inactive status is an event, sent or automatic, after the one that caused it."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, "success")
    _report(http, new, "inactive")
    told = [
        (event.payload["deployment"]["id"], event.payload["deployment_status"]["state"])
        for event in ghdeploy.events.named("deployment_status")
    ]
    assert told == [
        (old["id"], "success"),
        (new["id"], "success"),
        (old["id"], "inactive"),
        (new["id"], "inactive"),
    ]


def test_who_reports_the_success_retires_the_others(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The creator of the automatic status is the caller, not whoever deployed."""
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
        ("staging", {"environment": "Staging"}, {}, "success", False),
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
    """Only an active, non-transient, non-production deployment to the same environment is retired, by its own flags."""
    repo.add_branch("topic")
    first = _deploy(http, **({"environment": environment} | old))
    _report(http, first, old_state)
    second = _deploy(http, **({"environment": environment} | new))
    _report(http, second, "success")
    assert _states(http, first) == (["inactive", "success"] if retired else [old_state])


@pytest.mark.parametrize("state", ["error", "failure", "inactive", "in_progress", "queued", "pending"])
def test_other_states_retire_nothing(http: requests.Session, state: str) -> None:
    """Only success retires."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, state)
    assert _states(http, old) == ["success"]


def test_auto_inactive_can_be_turned_off(http: requests.Session) -> None:
    """With auto_inactive false nothing is retired."""
    old, new = _deploy(http), _deploy(http)
    _report(http, old, "success")
    _report(http, new, "success", auto_inactive=False)
    assert _states(http, old) == ["success"]


def test_an_older_deployment_does_not_retire_a_newer_one(http: requests.Session) -> None:
    """Prior is what was created earlier, whatever succeeds first."""
    old, new = _deploy(http), _deploy(http)
    _report(http, new, "success")
    _report(http, old, "success")
    assert _states(http, new) == ["success"]
    assert _states(http, old) == ["success"]


def test_all_earlier_ones_are_retired_oldest_first(http: requests.Session) -> None:
    """Several active ones are retired at once, in the order of their creation."""
    deployments = [_deploy(http) for _ in range(3)]
    for deployment in deployments:
        _report(http, deployment, "success", auto_inactive=False)
    _report(http, _deploy(http), "success")
    ids = [http.get(deployment["statuses_url"]).json()[0]["id"] for deployment in deployments]
    assert ids == sorted(ids)
    assert [_states(http, deployment)[0] for deployment in deployments] == ["inactive"] * 3


def test_where_a_deployment_moves_it_retires(http: requests.Session) -> None:
    """The environment of the status decides: where it comes from nothing is retired."""
    staging, qa, moving = _deploy(http), _deploy(http, "qa"), _deploy(http)
    _report(http, staging, "success")
    _report(http, qa, "success")
    _report(http, moving, "success", environment="qa")
    assert _states(http, staging) == ["success"]
    assert _states(http, qa) == ["inactive", "success"]


def test_another_repository_is_left_alone(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Environments of two repositories have nothing to do with each other, whatever they are called."""
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main", environment="staging")
    other.add_status("success")
    _report(http, _deploy(http), "success")
    assert other.state == "success"


@pytest.mark.ghdeploy(auto_inactive_production=True)
def test_production_is_retired_if_assumed_so(http: requests.Session) -> None:
    """With auto_inactive_production an older production deployment is retired, a transient one is not."""
    production, transient = _deploy(http, "production"), _deploy(http, "production", transient_environment=True)
    for deployment in (production, transient):
        _report(http, deployment, "success", auto_inactive=False)
    _report(http, _deploy(http, "production"), "success")
    assert _states(http, production) == ["inactive", "success"]
    assert _states(http, transient) == ["success"]


def test_a_transient_deployment_that_is_over_is_inactive(http: requests.Session) -> None:
    """REST has no state destroyed."""
    deployment = _deploy(http, "pr-1", transient_environment=True)
    assert _report(http, deployment, "inactive")["state"] == "inactive"


# List and get


def test_deployment_statuses_are_listed_newest_first(http: requests.Session) -> None:
    """The first of the list is the current state; statuses of other deployments are not in it."""
    deployment, other = _deploy(http), _deploy(http)
    _report(http, other, "error")
    made = [_report(http, deployment, state) for state in ("queued", "in_progress", "failure")]
    reply = http.get(deployment["statuses_url"])
    assert (reply.status_code, reply.json()) == (200, made[::-1])
    assert "Link" not in reply.headers


def test_a_deployment_without_statuses_has_an_empty_list(http: requests.Session) -> None:
    """No status is an empty list."""
    reply = http.get(_deploy(http)["statuses_url"])
    assert (reply.status_code, reply.content) == (200, b"[]")


def test_deployment_statuses_come_in_pages(http: requests.Session, repo: Repository) -> None:
    """Links lead on, below the id of the repository."""
    deployment = _deploy(http)
    made = [_report(http, deployment, "in_progress")["id"] for _ in range(3)]
    reply = http.get(deployment["statuses_url"], params={"per_page": "2"})
    base = f"{API}/repositories/{repo.id}/deployments/{deployment['id']}/statuses?per_page=2&page=2"
    assert reply.headers["Link"] == f'<{base}>; rel="next", <{base}>; rel="last"'
    following = http.get(reply.links["next"]["url"])
    assert [status["id"] for status in reply.json() + following.json()] == made[::-1]


@pytest.mark.parametrize("wanted", ["1", "abc", "-1", "9" * 30])
def test_an_unknown_deployment_status_is_not_found(http: requests.Session, wanted: str) -> None:
    """An id that is none is 404, with the page of the operation."""
    deployment = _deploy(http)
    reply = http.get(f"{deployment['statuses_url']}/{wanted}")
    assert reply.status_code == 404
    assert reply.json() == {
        "message": "Not Found",
        "documentation_url": f"{DOCS}#get-a-deployment-status",
        "status": "404",
    }


def test_a_status_of_another_deployment_is_not_found(http: requests.Session) -> None:
    """An id is good below its own deployment only."""
    one, other = _deploy(http), _deploy(http)
    status = _report(http, other, "success")
    assert http.get(f"{one['statuses_url']}/{status['id']}").status_code == 404
    assert http.get(f"{other['statuses_url']}/{status['id']}").status_code == 200


@pytest.mark.parametrize(
    ("method", "page"), [("GET", "list-deployment-statuses"), ("POST", "create-a-deployment-status")]
)
def test_an_unknown_deployment_has_no_statuses(http: requests.Session, method: str, page: str) -> None:
    """Statuses of a deployment that is none are 404, to read and to create."""
    reply = http.request(method, f"{DEPLOYMENTS}/1/statuses", json={"state": "success"})
    assert reply.status_code == 404
    assert reply.json() == {"message": "Not Found", "documentation_url": f"{DOCS}#{page}", "status": "404"}


def test_a_deployment_status_cannot_be_changed_or_deleted(http: requests.Session) -> None:
    """GitHub has no such endpoints."""
    status = _report(http, _deploy(http), "success")
    for method in ("PATCH", "PUT", "DELETE"):
        assert http.request(method, status["url"], json={}).status_code == 404


def test_ids_of_deployments_and_their_statuses_differ(http: requests.Session) -> None:
    """The id of a status is no deployment's, and rises in a sequence of its own."""
    deployment = _deploy(http)
    ids = [_report(http, deployment, "in_progress")["id"] for _ in range(3)]
    assert ids == sorted(set(ids))
    assert deployment["id"] not in ids
    assert http.get(f"{DEPLOYMENTS}/{ids[0]}").status_code == 404


def test_statuses_answer_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Under /repositories/{id} the same statuses are created, listed and shown, with the same URLs."""
    deployment = _deploy(http)
    by_id = f"/repositories/{repo.id}/deployments/{deployment['id']}/statuses"
    reply = http.post(by_id, json={"state": "success"})
    assert reply.status_code == 201
    assert reply.json()["url"].startswith(deployment["statuses_url"])
    assert http.get(by_id).json() == [reply.json()]
    assert http.get(f"{by_id}/{reply.json()['id']}").json() == reply.json()


@pytest.mark.parametrize("body", [b"not JSON", b"[]", b'{"state": "x"}', b"{}"])
@pytest.mark.parametrize("deployment", ["99", "elsewhere"])
def test_what_is_not_there_is_not_found_whatever_the_body(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, body: bytes, deployment: str
) -> None:
    """An unknown deployment, or one of another repository, is 404 before the body is looked at."""
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    wanted = other.id if deployment == "elsewhere" else deployment
    reply = http.post(f"/repos/{repo.full_name}/deployments/{wanted}/statuses", data=body)
    assert reply.status_code == 404
    assert reply.json()["message"] == "Not Found"
