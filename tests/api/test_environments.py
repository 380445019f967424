"""Environments over HTTP: list, get, create or update, delete, and creation by deployments."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

import pytest
from client import API, REPO

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository
    from pytest_ghdeploy.github.model import Permission

PATH = f"{REPO}/environments"
DOCS = "https://docs.github.com/rest/deployments/environments"
PUT_DOCS = f"{DOCS}#create-or-update-an-environment"
PROTECTED = {"protected_branches": True, "custom_branch_policies": False}
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}
NO_REVIEWER = (
    "Failed to create or update the environment protection rule. "
    "Required reviewers must have at least one reviewer to set prevent_self_review."
)

pytestmark = pytest.mark.usefixtures("repo")


def _put(http: requests.Session, name: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.put(f"{PATH}/{name}", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def _get(http: requests.Session, name: str) -> Any:  # noqa: ANN401 - JSON
    reply = http.get(f"{PATH}/{name}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def _names(http: requests.Session) -> list[str]:
    reply = http.get(PATH)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["total_count"] == len(body["environments"])
    return [environment["name"] for environment in body["environments"]]


def _deploy(http: requests.Session, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(f"{REPO}/deployments", json={"ref": "main", "required_contexts": []} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _unpacked(node_id: str) -> bytes:
    packed = node_id.partition("_")[2]
    return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))


# The object


def test_an_environment_has_githubs_fields_in_githubs_order(http: requests.Session, repo: Repository) -> None:
    """By default, an environment has no protection rules. The order is that of recorded responses."""
    reply = http.put(f"{PATH}/staging")
    assert reply.status_code == 200
    body = reply.json()
    now = repo._store.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert list(body.items()) == [
        ("id", body["id"]),
        ("node_id", body["node_id"]),
        ("name", "staging"),
        ("url", f"{API}{PATH}/staging"),
        ("html_url", "https://github.com/octocat/example/deployments/activity_log?environments_filter=staging"),
        ("created_at", now),
        ("updated_at", now),
        ("can_admins_bypass", True),
        ("protection_rules", []),
        ("deployment_branch_policy", None),
    ]
    assert body["node_id"].startswith("EN_")
    expected = struct.pack(">BBBIBI", 0x93, 0, 0xCE, repo.id, 0xCE, body["id"])
    assert _unpacked(body["node_id"]) == expected


def test_settings_make_protection_rules(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """A wait, reviewers and a branch policy are shown as rules with ids of their own."""
    mona = ghdeploy.add_user("mona")
    body = _put(
        http,
        "production",
        wait_timer=30,
        prevent_self_review=True,
        reviewers=[{"type": "User", "id": mona.id}],
        deployment_branch_policy=PROTECTED,
        can_admins_bypass=False,
    )
    wait, review, branches = body["protection_rules"]
    assert list(wait) == ["id", "node_id", "type", "wait_timer"]
    assert (wait["type"], wait["wait_timer"]) == ("wait_timer", 30)
    assert list(review) == ["id", "node_id", "prevent_self_review", "type", "reviewers"]
    assert (review["type"], review["prevent_self_review"]) == ("required_reviewers", True)
    assert [(reviewer["type"], reviewer["reviewer"]["login"]) for reviewer in review["reviewers"]] == [("User", "mona")]
    assert list(branches) == ["id", "node_id", "type"]
    assert branches["type"] == "branch_policy"
    assert body["deployment_branch_policy"] == PROTECTED
    assert body["can_admins_bypass"] is False
    assert len({rule["id"] for rule in (wait, review, branches)}) == 3
    assert all(rule["node_id"].startswith("GA_") for rule in (wait, review, branches))
    assert _get(http, "production") == body


def test_a_team_can_review(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Teams of the organization, which need no right, and users are listed in the given order."""
    team = ghdeploy.add_team("acme", "Release Managers")
    octocat = ghdeploy.repository("octocat/example").owner
    ghdeploy.add_repository("acme/app", private=True)
    reviewers = [{"type": "Team", "id": team.id}, {"type": "User", "id": octocat.id}]
    reply = http.put("/repos/acme/app/environments/production", json={"reviewers": reviewers})
    assert reply.status_code == 200, reply.text
    (rule,) = reply.json()["protection_rules"]
    assert [reviewer["type"] for reviewer in rule["reviewers"]] == ["Team", "User"]
    shown = rule["reviewers"][0]["reviewer"]
    assert (shown["id"], shown["name"], shown["slug"]) == (team.id, "Release Managers", "release-managers")
    assert shown["html_url"] == "https://github.com/orgs/acme/teams/release-managers"


@pytest.mark.parametrize(
    "body",
    [
        {"wait_timer": 0},
        {"reviewers": []},
        {"reviewers": None},
        {"prevent_self_review": False},
        {"deployment_branch_policy": None},
    ],
)
def test_empty_settings_make_no_rule(http: requests.Session, body: dict[str, Any]) -> None:
    """No wait, no reviewers and no branch policy make no rules."""
    assert _put(http, "staging", **body)["protection_rules"] == []


@pytest.mark.parametrize("data", [b"", b"{}", b"null"])
def test_the_body_may_be_missing_empty_or_null(http: requests.Session, data: bytes) -> None:
    """GitHub does not require a body and accepts null."""
    reply = http.put(f"{PATH}/staging", data=data)
    assert (reply.status_code, reply.json()["protection_rules"]) == (200, [])


def test_null_is_refused_by_other_operations(http: requests.Session) -> None:
    """Null is accepted only where GitHub describes the body as nullable."""
    reply = http.post(f"{REPO}/deployments", data=b"null")
    assert (reply.status_code, reply.json()["message"]) == (400, "Body should be a JSON object")


# Create or update


def test_an_update_replaces_all_settings(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Settings that a PUT leaves out are reset. Id, name and created_at stay, and updated_at changes."""
    octocat = ghdeploy.repository("octocat/example").owner
    reviewers = [{"type": "User", "id": octocat.id}]
    before = _put(http, "production", wait_timer=30, reviewers=reviewers, can_admins_bypass=False)
    ghdeploy.clock.tick(60)
    after = _put(http, "production", deployment_branch_policy=CUSTOM)
    assert [rule["type"] for rule in after["protection_rules"]] == ["branch_policy"]
    assert (after["deployment_branch_policy"], after["can_admins_bypass"]) == (CUSTOM, True)
    kept = ("id", "node_id", "name", "created_at")
    assert [before[name] for name in kept] == [after[name] for name in kept]
    assert before["updated_at"] < after["updated_at"]
    assert _names(http) == ["production"]


def test_a_changed_rule_keeps_its_id(http: requests.Session) -> None:
    """A longer wait is the same rule. A rule that was removed in between is a new one."""
    first = _put(http, "production", wait_timer=30)["protection_rules"][0]
    second = _put(http, "production", wait_timer=60)["protection_rules"][0]
    assert (second["id"], second["wait_timer"]) == (first["id"], 60)
    _put(http, "production")
    third = _put(http, "production", wait_timer=60)["protection_rules"][0]
    assert third["id"] > first["id"]


@pytest.mark.parametrize("name", ["PRODUCTION", "Production"])
def test_a_name_is_compared_without_case(http: requests.Session, name: str) -> None:
    """Any case finds, updates and deletes the environment, which keeps its spelling."""
    created = _put(http, "production")
    assert _put(http, name, wait_timer=5)["id"] == created["id"]
    assert _get(http, name)["name"] == "production"
    assert http.delete(f"{PATH}/{name}").status_code == 204
    assert _names(http) == []


@pytest.mark.parametrize(
    ("name", "in_path"),
    [
        ("test/env", "test%2Fenv"),
        ("pr 12", "pr%2012"),
        ("Prüfung", "Pr%C3%BCfung"),
        ("本番", "%E6%9C%AC%E7%95%AA"),
        ("100%", "100%25"),
        ("a?b#c", "a%3Fb%23c"),
        ("x" * 255, "x" * 255),
    ],
)
def test_any_name_can_be_percent_encoded(http: requests.Session, name: str, in_path: str) -> None:
    """`html_url` has the encoded name and `url` the plain one, as PyGithub recorded it."""
    created = _put(http, in_path)
    assert created["name"] == name
    assert created["url"] == f"{API}{PATH}/{name}"
    assert created["html_url"].endswith(f"/deployments/activity_log?environments_filter={in_path}")
    assert _get(http, in_path) == created
    assert http.delete(f"{PATH}/{in_path}").status_code == 204
    assert http.get(f"{PATH}/{in_path}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unencoded_slash_in_a_name_is_a_404(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, method: str
) -> None:
    """GitHub does the same (terraform-provider-github#1392)."""
    repo.add_environment("test/env")
    reply = http.request(method, f"{PATH}/test/env")
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
    assert reply.json()["documentation_url"] == "https://docs.github.com/rest"
    assert ghdeploy.requests[-1].hint.endswith("encode a slash in the name of an environment as %2F")


# Refusals


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"wait_timer": -1}, "Wait timer must be between 0 and 43200"),
        ({"wait_timer": 43_201}, "Wait timer must be between 0 and 43200"),
        ({"reviewers": [{"type": "User", "id": 1}] * 7}, "Reviewers can have at most 6 entries"),
        ({"prevent_self_review": True}, NO_REVIEWER),
        ({"prevent_self_review": True, "reviewers": []}, NO_REVIEWER),
        ({"prevent_self_review": True, "reviewers": None}, NO_REVIEWER),
        ({"reviewers": [{"type": "User", "id": 1}]}, "Reviewers is invalid"),
        ({"reviewers": [{"type": "User"}]}, "Reviewers is invalid"),
        ({"reviewers": [{"id": 1_583_231}]}, "Reviewers is invalid"),
        ({"reviewers": [{}]}, "Reviewers is invalid"),
        ({"reviewers": [{"type": "Team", "id": 1_583_231}]}, "Reviewers is invalid"),
        ({"reviewers": [{"type": "Team"}]}, "Reviewers is invalid"),
        (
            {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}},
            '"custom_branch_policies" and "protected_branches" cannot have the same value',
        ),
        (
            {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": False}},
            '"custom_branch_policies" and "protected_branches" cannot have the same value',
        ),
        ({"wait_timer": "30"}, "Invalid request.\n\nFor 'properties/wait_timer', \"30\" is not an integer."),
        ({"wait_timer": 1.5}, "Invalid request.\n\nFor 'properties/wait_timer', 1.5 is not an integer."),
        ({"wait_time": 30}, 'Invalid request.\n\n"wait_time" is not a permitted key.'),
        (
            {"deployment_branch_policy": {"protected_branches": True}},
            'Invalid request.\n\n"custom_branch_policies" wasn\'t supplied.',
        ),
        (
            {"reviewers": [{"type": "Bot", "id": 1}]},
            'Invalid request.\n\nBot is not a member of ["User", "Team"].',
        ),
    ],
)
@pytest.mark.parametrize("exists", [False, True])
def test_invalid_settings_are_refused_and_change_nothing(
    http: requests.Session,
    ghdeploy: FakeGitHub,
    snapshot: Callable[[], object],
    body: dict[str, Any],
    message: str,
    *,
    exists: bool,
) -> None:
    """Each is a 422 with a message, a hint and no errors. An existing environment keeps its settings."""
    if exists:
        _put(http, "production", wait_timer=5)
    before = snapshot()
    reply = http.put(f"{PATH}/production", json=body)
    assert reply.status_code == 422, reply.text
    assert reply.json() == {"message": message, "documentation_url": PUT_DOCS, "status": "422"}
    assert ghdeploy.requests[-1].hint
    assert snapshot() == before


@pytest.mark.parametrize(
    "body",
    [
        {"wait_timer": 1},
        {"reviewers": [{"type": "User", "id": 1_583_231}]},
        {"deployment_branch_policy": PROTECTED},
        {"deployment_branch_policy": CUSTOM},
    ],
)
@pytest.mark.parametrize("private", [False, True])
def test_a_billing_plan_may_have_no_protection_rules(
    http: requests.Session,
    ghdeploy: FakeGitHub,
    snapshot: Callable[[], object],
    body: dict[str, Any],
    *,
    private: bool,
) -> None:
    """Such a repository refuses each protection rule, and accepts an environment without any."""
    ghdeploy.add_repository("octocat/free", private=private, environments_protected=False)
    path = "/repos/octocat/free/environments/production"
    assert http.put(path, json={"wait_timer": 0, "can_admins_bypass": False}).status_code == 200
    before = snapshot()
    reply = http.put(path, json=body)
    assert reply.status_code == 422
    assert reply.json() == {
        "message": "Fail to create protected rule, please ensure billing plan include protected branch gate.",
        "documentation_url": PUT_DOCS,
        "status": "422",
    }
    assert reply.headers["X-GHDeploy-Hint"].startswith("the repository was added with environments_protected=False")
    assert snapshot() == before
    assert _put(http, "production", **body)["protection_rules"]


def test_a_name_of_256_characters_is_refused(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """The limit is in characters, not bytes."""
    before = snapshot()
    reply = http.put(f"{PATH}/{'x' * 256}")
    assert (reply.status_code, reply.json()["message"]) == (422, "Name is too long (maximum is 255 characters)")
    assert reply.headers["X-GHDeploy-Hint"] == "the name has 256 characters; the limit is 255"
    assert snapshot() == before
    assert _put(http, "%C3%A4" * 255)["name"] == "ä" * 255


def test_a_reviewer_must_be_able_to_see_the_repository(
    http: requests.Session, ghdeploy: FakeGitHub, snapshot: Callable[[], object]
) -> None:
    """On a private repository, only collaborators can review."""
    hidden = ghdeploy.add_repository("octocat/hidden", private=True)
    mona = ghdeploy.add_user("mona")
    ghdeploy.add_token("any-token-will-do")
    body = {"reviewers": [{"type": "User", "id": mona.id}]}
    before = snapshot()
    reply = http.put("/repos/octocat/hidden/environments/production", json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, "Reviewers is invalid")
    assert reply.headers["X-GHDeploy-Hint"].startswith(
        f"no User {mona.id} can review deployments of octocat/hidden; known: "
    )
    assert snapshot() == before
    hidden.add_collaborator("mona", "pull")
    assert http.put("/repos/octocat/hidden/environments/production", json=body).status_code == 200


def test_a_team_of_another_organization_cannot_review(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The hint lists the teams of the right organization."""
    ghdeploy.add_repository("acme-corp/app")
    team = ghdeploy.add_team("other-org", "Release")
    body = {"reviewers": [{"type": "Team", "id": team.id}]}
    reply = http.put("/repos/acme-corp/app/environments/production", json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, "Reviewers is invalid")
    assert ghdeploy.requests[-1].hint == f"no Team {team.id} can review deployments of acme-corp/app; known: none"


@pytest.mark.parametrize(
    ("data", "message"), [(b"{", "Problems parsing JSON"), (b"[]", "Body should be a JSON object")]
)
def test_a_body_that_is_not_an_object_is_refused(http: requests.Session, data: bytes, message: str) -> None:
    """Invalid JSON and other JSON values are a 400."""
    reply = http.put(f"{PATH}/staging", data=data)
    assert (reply.status_code, reply.json()["message"]) == (400, message)
    assert _names(http) == []


# List, get, delete


def test_environments_are_listed_newest_first_in_pages(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The response is an object with the total count. Other repositories' environments are not listed."""
    ghdeploy.add_repository("octocat/other").add_environment("elsewhere")
    assert http.get(PATH).json() == {"total_count": 0, "environments": []}
    for name in ("one", "two", "three"):
        _put(http, name)
    assert _names(http) == ["three", "two", "one"]
    reply = http.get(PATH, params={"per_page": "2", "page": "2"})
    assert reply.json()["total_count"] == 3
    assert [environment["name"] for environment in reply.json()["environments"]] == ["one"]
    assert 'rel="prev"' in reply.headers["Link"]
    assert http.get(reply.links["prev"]["url"]).json()["environments"] == http.get(PATH).json()["environments"][:2]


def test_an_unknown_environment_is_a_404(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The hint lists the environments. The response links to the documentation of the operation."""
    _put(http, "production")
    reply = http.get(f"{PATH}/prodution")
    assert reply.status_code == 404
    assert reply.json() == {
        "message": "Not Found",
        "documentation_url": f"{DOCS}#get-an-environment",
        "status": "404",
    }
    hint = "octocat/example has no environment 'prodution'; known: production"
    assert ghdeploy.requests[-1].hint == hint
    deleted = http.delete(f"{PATH}/prodution")
    assert (deleted.status_code, deleted.headers["X-GHDeploy-Hint"]) == (404, hint)
    assert deleted.json()["documentation_url"] == f"{DOCS}#delete-an-environment"


def test_deleting_an_environment_deletes_its_rules_and_policies(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """A new environment of the same name starts without them and has other ids."""
    app = ghdeploy.add_app("gate")
    created = _put(http, "production", wait_timer=1, deployment_branch_policy=CUSTOM)
    http.post(f"{PATH}/production/deployment-branch-policies", json={"name": "main"})
    http.post(f"{PATH}/production/deployment_protection_rules", json={"integration_id": app.id})
    reply = http.delete(f"{PATH}/production")
    assert (reply.status_code, reply.content) == (204, b"")
    store = ghdeploy._engine.store
    assert not [*store.environments, *store.protection_rules, *store.deployment_branch_policies]
    again = _put(http, "production", deployment_branch_policy=CUSTOM)
    assert again["id"] > created["id"]
    assert http.get(f"{PATH}/production/deployment-branch-policies").json()["total_count"] == 0
    assert http.get(f"{PATH}/production/deployment_protection_rules").json()["total_count"] == 0


# Environments of deployments


def test_a_deployment_creates_its_environment(http: requests.Session) -> None:
    """The new environment has no protection rules."""
    _deploy(http, environment="qa")
    _deploy(http)
    _deploy(http, environment="qa")
    assert _names(http) == ["production", "qa"]
    environment = _get(http, "qa")
    assert (environment["protection_rules"], environment["deployment_branch_policy"]) == ([], None)
    assert environment["can_admins_bypass"] is True


def test_a_deployment_finds_its_environment_in_any_case(http: requests.Session) -> None:
    """The deployment keeps the name as sent. The existing environment keeps its rules, and no other is created."""
    created = _put(http, "production", wait_timer=5)
    assert _deploy(http, environment="Production")["environment"] == "Production"
    assert _names(http) == ["production"]
    assert _get(http, "production") == created


def test_a_deployment_status_creates_its_environment(http: requests.Session) -> None:
    """A status without an environment creates none."""
    deployment = _deploy(http, environment="staging")
    assert http.post(deployment["statuses_url"], json={"state": "queued"}).status_code == 201
    assert http.post(deployment["statuses_url"], json={"state": "queued", "environment": ""}).status_code == 201
    assert _names(http) == ["staging"]
    body = {"state": "success", "environment": "eu/staging"}
    assert http.post(deployment["statuses_url"], json=body).status_code == 201
    assert _names(http) == ["eu/staging", "staging"]


def test_a_refused_deployment_creates_no_environment(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """Neither a refusal nor an auto-merge creates one."""
    before = snapshot()
    body = {"environment": "qa", "ref": "nope"}
    assert http.post(f"{REPO}/deployments", json=body).status_code == 422
    deployment = {"environment": "qa", "ref": "main", "required_contexts": ["ci"]}
    assert http.post(f"{REPO}/deployments", json=deployment).status_code == 409
    assert snapshot() == before
    repo.add_branch("topic", behind=1)
    assert http.post(f"{REPO}/deployments", json={"environment": "qa", "ref": "topic"}).status_code == 202
    assert _names(http) == []
    created = _deploy(http, environment="qa")
    status = {"state": "success", "environment": "other", "description": "x" * 141}
    assert http.post(created["statuses_url"], json=status).status_code == 422
    assert _names(http) == ["qa"]


def test_a_deployment_to_a_nameless_environment_creates_none(http: requests.Session) -> None:
    """An empty name creates no environment."""
    assert _deploy(http, environment="")["environment"] == ""
    assert _names(http) == []


def test_deployments_outlive_their_environment(http: requests.Session) -> None:
    """Deleting an environment deletes no deployment. Only a status that names it creates it again."""
    deployment = _deploy(http, environment="qa")
    assert http.delete(f"{PATH}/qa").status_code == 204
    listed = http.get(f"{REPO}/deployments", params={"environment": "qa"}).json()
    assert [deployment_found["id"] for deployment_found in listed] == [deployment["id"]]
    assert http.post(deployment["statuses_url"], json={"state": "success"}).status_code == 201
    assert _names(http) == []
    http.post(deployment["statuses_url"], json={"state": "success", "environment": "qa"})
    assert _names(http) == ["qa"]


def test_an_environment_outlives_its_deployments(http: requests.Session) -> None:
    """Deleting the last deployment does not delete the environment."""
    deployment = _deploy(http, environment="qa")
    assert http.delete(deployment["url"]).status_code == 204
    assert _names(http) == ["qa"]


def test_protection_rules_do_not_hold_back_a_deployment(http: requests.Session) -> None:
    """They apply to jobs of Actions. Over REST, deploying to a protected environment is a 201."""
    _put(http, "production", wait_timer=30, deployment_branch_policy=CUSTOM)
    assert _deploy(http, environment="production")["environment"] == "production"


def test_environments_dispatch_no_events(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """GitHub has no webhook for environments."""
    _put(http, "staging", wait_timer=1)
    http.delete(f"{PATH}/staging")
    assert not ghdeploy.events


# Authorization


@pytest.mark.parametrize(
    ("permission", "reads", "writes"),
    [("pull", 200, 404), ("push", 200, 404), ("maintain", 200, 404), ("admin", 200, 200)],
)
def test_reading_needs_pull_and_writing_needs_admin(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository, permission: Permission, reads: int, writes: int
) -> None:
    """To users without admin, writing is a 404."""
    repo.add_environment("staging")
    repo.add_collaborator("mona", permission)
    ghdeploy.add_token("monas", user="mona")
    http.headers["Authorization"] = "token monas"
    assert http.get(PATH).status_code == http.get(f"{PATH}/staging").status_code == reads
    for answer, good in ((http.put(f"{PATH}/staging"), 200), (http.delete(f"{PATH}/staging"), 204)):
        assert answer.status_code == (good if writes == 200 else 404)
        if writes == 404:
            assert "needs 'admin'" in answer.headers["X-GHDeploy-Hint"]


def test_a_workflows_token_reads_environments_and_cannot_change_them(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """Reading needs `actions=read`, writing `administration=write`, which workflows do not get."""
    repo.add_environment("staging")
    token = "the-workflows-token"  # noqa: S105 - not a secret
    ghdeploy.add_token(token, user="github-actions[bot]", permissions={"actions": "read", "deployments": "write"})
    http.headers["Authorization"] = f"Bearer {token}"
    read = http.get(f"{PATH}/staging")
    assert (read.status_code, read.headers["X-Accepted-GitHub-Permissions"]) == (200, "actions=read")
    for method in ("PUT", "DELETE"):
        refused = http.request(method, f"{PATH}/staging")
        assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
        assert refused.headers["X-Accepted-GitHub-Permissions"] == "administration=write"
    assert _names(http) == ["staging"]


def test_anyone_reads_the_environments_of_a_public_repository(http: requests.Session, repo: Repository) -> None:
    """Without a token, reading works and writing is GitHub's 401."""
    repo.add_environment("staging")
    del http.headers["Authorization"]
    assert http.get(PATH).status_code == http.get(f"{PATH}/staging").status_code == 200
    for method in ("PUT", "DELETE"):
        answer = http.request(method, f"{PATH}/staging")
        assert (answer.status_code, answer.json()["message"]) == (401, "Requires authentication")


def test_environments_are_available_by_the_id_of_the_repository(http: requests.Session, repo: Repository) -> None:
    """Paths below /repositories/{id} return the same."""
    created = _put(http, "a%2Fb")
    assert http.get(f"/repositories/{repo.id}/environments/a%2Fb").json() == created
