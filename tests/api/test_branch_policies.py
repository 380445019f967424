"""Deployment branch policies over HTTP: list, create, get, update, delete."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from client import API

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

ENVIRONMENTS = "/repos/octocat/example/environments"
ENVIRONMENT = f"{ENVIRONMENTS}/production"
PATH = "/repos/octocat/example/environments/production/deployment-branch-policies"
DOCS = "https://docs.github.com/rest/deployments/branch-policies"
PROTECTED = {"protected_branches": True, "custom_branch_policies": False}
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}


def _at(policy: dict[str, Any]) -> str:
    return f"/repos/octocat/example/environments/production/deployment-branch-policies/{policy['id']}"


@pytest.fixture(autouse=True)
def _production(repo: Repository) -> None:
    repo.add_environment("production", deployment_branch_policy=CUSTOM)


def _create(http: requests.Session, name: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(PATH, json={"name": name} | body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def _names(http: requests.Session) -> list[str]:
    reply = http.get(PATH)
    assert reply.status_code == 200, reply.text
    assert reply.json()["total_count"] == len(reply.json()["branch_policies"])
    return [policy["name"] for policy in reply.json()["branch_policies"]]


@pytest.mark.parametrize(
    ("body", "type_"), [({}, "branch"), ({"type": "branch"}, "branch"), ({"type": "tag"}, "tag"), ({"x": 1}, "branch")]
)
def test_a_policy_is_created_with_a_200(http: requests.Session, body: dict[str, object], type_: str) -> None:
    """The default type is branch, there is no Location, and unknown members are ignored."""
    reply = http.post(PATH, json={"name": "release/*"} | body)
    assert reply.status_code == 200
    assert "Location" not in reply.headers
    policy = reply.json()
    assert list(policy) == ["id", "node_id", "name", "type"]
    assert base64.b64decode(policy["node_id"]) == f"016:GateBranchPolicy{policy['id']}".encode()
    assert (policy["name"], policy["type"]) == ("release/*", type_)
    assert http.get(_at(policy)).json() == policy


def test_policies_are_listed_newest_first_in_pages(http: requests.Session) -> None:
    """The response is an object with the total count."""
    assert _names(http) == []
    for name in ("main", "release/*", "hotfix/**"):
        _create(http, name)
    assert _names(http) == ["hotfix/**", "release/*", "main"]
    reply = http.get(PATH, params={"per_page": "2"})
    assert reply.json()["total_count"] == 3
    assert [policy["name"] for policy in reply.json()["branch_policies"]] == ["hotfix/**", "release/*"]
    assert [policy["name"] for policy in http.get(reply.links["next"]["url"]).json()["branch_policies"]] == ["main"]


@pytest.mark.parametrize(
    "leads_to",
    ["list", pytest.param("policy", marks=pytest.mark.ghdeploy(branch_policy_redirect="policy"))],
)
def test_the_same_policy_again_is_a_303(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], leads_to: str
) -> None:
    """The response has no body, and nothing is created. It leads to the list, or with the switch to the policy."""
    repo.add_environment("a b/c", deployment_branch_policy=CUSTOM)
    path = f"{ENVIRONMENTS}/a%20b%2Fc/deployment-branch-policies"
    created = http.post(path, json={"name": "main"}).json()
    before = snapshot()
    reply = http.post(path, json={"name": "main"}, allow_redirects=False)
    assert (reply.status_code, reply.content) == (303, b"")
    assert reply.headers["Location"] == f"{API}{path}" + (f"/{created['id']}" if leads_to == "policy" else "")
    assert snapshot() == before
    followed = http.post(path, json={"name": "main"})
    shown = created if leads_to == "policy" else {"total_count": 1, "branch_policies": [created]}
    assert (followed.status_code, followed.json()) == (200, shown)


def test_a_pattern_may_exist_for_branches_and_for_tags(http: requests.Session, repo: Repository) -> None:
    """Policies differ if their types, names or environments do."""
    repo.add_environment("staging", deployment_branch_policy=CUSTOM)
    ids = {_create(http, "v*")["id"], _create(http, "v*", type="tag")["id"], _create(http, "V*")["id"]}
    ids.add(http.post(f"{ENVIRONMENTS}/staging/deployment-branch-policies", json={"name": "v*"}).json()["id"])
    assert len(ids) == 4


@pytest.mark.parametrize("settings", [None, PROTECTED])
def test_an_environment_without_custom_policies_cannot_have_any(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], settings: dict[str, bool] | None
) -> None:
    """Creating one is GitHub's 404, and the list is empty."""
    repo.add_environment("staging", deployment_branch_policy=settings)
    path = f"{ENVIRONMENTS}/staging/deployment-branch-policies"
    before = snapshot()
    reply = http.post(path, json={"name": "main"})
    assert reply.status_code == 404
    assert reply.json() == {
        "message": "Not Found",
        "documentation_url": f"{DOCS}#create-a-deployment-branch-policy",
        "status": "404",
    }
    assert reply.headers["X-GHDeploy-Hint"] == (
        "environment 'staging' cannot have deployment branch policies: "
        "custom_branch_policies is not true in its deployment_branch_policy"
    )
    assert http.get(path).json() == {"total_count": 0, "branch_policies": []}
    assert snapshot() == before


@pytest.mark.parametrize("settings", [None, PROTECTED])
def test_turning_custom_policies_off_removes_them(http: requests.Session, settings: dict[str, bool] | None) -> None:
    """A PUT of the environment that leaves custom policies on keeps them."""
    created = _create(http, "main")
    http.put(ENVIRONMENT, json={"deployment_branch_policy": CUSTOM, "wait_timer": 1})
    assert _names(http) == ["main"]
    http.put(ENVIRONMENT, json={"deployment_branch_policy": settings})
    assert _names(http) == []
    for method in ("GET", "PUT", "DELETE"):
        assert http.request(method, _at(created), json={"name": "x"}).status_code == 404
    http.put(ENVIRONMENT, json={"deployment_branch_policy": CUSTOM})
    assert _names(http) == []


def test_an_update_changes_the_name_only(http: requests.Session) -> None:
    """The id, the type and the position in the list stay. The same name again is allowed."""
    created = _create(http, "v1.*", type="tag")
    _create(http, "main")
    path = _at(created)
    for name in ("v2.*", "v2.*"):
        reply = http.put(_at(created), json={"name": name, "type": "branch"})
        assert (reply.status_code, reply.json()) == (200, created | {"name": "v2.*"})
    assert http.get(path).json()["name"] == "v2.*"
    assert _names(http) == ["main", "v2.*"]


def test_a_policy_is_deleted(http: requests.Session) -> None:
    """The response is a 204 without a body, then a 404. The name is free again."""
    created = _create(http, "main")
    path = _at(created)
    reply = http.delete(path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert http.delete(path).status_code == http.get(path).status_code == 404
    assert _create(http, "main")["id"] > created["id"]


@pytest.mark.parametrize(
    ("body", "message", "errors"),
    [
        ({}, 'Invalid request.\n\n"name" wasn\'t supplied.', None),
        ({"name": None}, "Invalid request.\n\nFor 'properties/name', nil is not a string.", None),
        (
            {"name": ""},
            "Validation Failed",
            [
                {
                    "resource": "DeploymentBranchPolicy",
                    "code": "custom",
                    "field": "name",
                    "message": "name can't be blank",
                }
            ],
        ),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_policy_without_a_pattern_is_refused(
    http: requests.Session,
    snapshot: Callable[[], object],
    method: str,
    body: dict[str, object],
    message: str,
    errors: list[object] | None,
) -> None:
    """The name must be a non-empty string, in a creation and in an update."""
    created = _create(http, "main")
    before = snapshot()
    path = PATH if method == "POST" else _at(created)
    reply = http.request(method, path, json=body)
    assert (reply.status_code, reply.json()["message"], reply.json().get("errors")) == (422, message, errors)
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def test_an_unknown_type_is_refused(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """A policy is for branches or for tags."""
    before = snapshot()
    reply = http.post(PATH, json={"name": "main", "type": "commit"})
    assert reply.status_code == 422
    expected = 'Invalid request.\n\ncommit is not a member of ["branch", "tag"].'
    assert reply.json()["message"] == expected
    assert snapshot() == before


def test_a_pattern_that_another_policy_has_is_refused(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """An update cannot make two policies the same. A policy for tags does not conflict with one for branches."""
    first, second = _create(http, "main"), _create(http, "release")
    _create(http, "v1", type="tag")
    before = snapshot()
    reply = http.put(_at(second), json={"name": "main"})
    assert reply.status_code == 422
    expected = {"resource": "DeploymentBranchPolicy", "code": "already_exists", "field": "name"}
    assert reply.json()["errors"] == [expected]
    hint = f"deployment branch policy {first['id']} already has the branch pattern 'main'"
    assert reply.headers["X-GHDeploy-Hint"] == hint
    assert snapshot() == before
    assert http.put(_at(second), json={"name": "v1"}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_policy_is_a_404(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, method: str
) -> None:
    """So is a policy of another environment, and an id that is not a number."""
    created = _create(http, "main")
    repo.add_environment("staging", deployment_branch_policy=CUSTOM)
    elsewhere = f"{ENVIRONMENTS}/staging/deployment-branch-policies/{created['id']}"
    for path in (f"{PATH}/1", elsewhere, f"{PATH}/main", f"{ENVIRONMENTS}/qa/deployment-branch-policies/1"):
        reply = http.request(method, path, json={"name": "x"})
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.json()["documentation_url"].startswith(DOCS)
        assert ghdeploy.requests[-1].hint
    assert ghdeploy.requests[-4].hint == (
        f"environment 'production' has no deployment branch policy 1; known: {created['id']}"
    )
    assert _names(http) == ["main"]


def test_policies_of_an_unknown_environment_are_a_404(http: requests.Session) -> None:
    """The hint lists the existing environments."""
    for method in ("GET", "POST"):
        reply = http.request(method, f"{ENVIRONMENTS}/qa/deployment-branch-policies", json={"name": "main"})
        assert reply.status_code == 404
        hint = "octocat/example has no environment 'qa'; known: production"
        assert reply.headers["X-GHDeploy-Hint"] == hint


def test_reading_needs_pull_and_writing_needs_admin(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """A user with push may read but not change policies. Writing without a token is a 401."""
    created = _create(http, "main")
    path_of_policy = _at(created)
    writes = [("POST", PATH, 200), ("PUT", path_of_policy, 200), ("DELETE", path_of_policy, 204)]
    ghdeploy.add_token("monas", user="mona")

    def ask(authorization: str | None, expected: int | None) -> None:
        http.headers["Authorization"] = authorization or ""
        if authorization is None:
            del http.headers["Authorization"]
        assert http.get(PATH).status_code == http.get(path_of_policy).status_code == 200
        for method, path, good in writes:
            reply = http.request(method, path, json={"name": "release"})
            assert reply.status_code == (expected or good)

    ask(None, 401)
    repo.add_collaborator("mona", "maintain")
    ask("token monas", 404)
    repo.add_collaborator("mona", "admin")
    http.headers["Authorization"] = "token monas"
    assert [http.request(method, path, json={"name": method}).status_code for method, path, _ in writes] == [
        200,
        200,
        204,
    ]
