"""POST /user/repos, PATCH and DELETE /repos/{owner}/{repo}, and redirects from former names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API

from pytest_ghdeploy import FakeError, FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import Repository

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"


def refusal(reply: requests.Response) -> tuple[int, Any, Any]:
    """Return status, message and errors of a refusal, and check that it has a hint."""
    assert reply.headers["X-GHDeploy-Hint"]
    body = reply.json()
    return reply.status_code, body["message"], body.get("errors")


# Rename


@pytest.mark.parametrize(
    ("method", "rest", "status"),
    [
        ("GET", "", 301),
        ("GET", "/deployments", 301),
        ("GET", "/deployments?environment=qa%20x&per_page=1", 301),
        ("GET", "/environments/eu%2Fqa", 301),
        ("GET", "/contents/a%20b/c", 301),
        ("POST", "/deployments", 307),
        ("PUT", "/environments/qa", 307),
        ("PATCH", "", 307),
        ("PATCH", "/git/refs/heads/main", 307),
        ("DELETE", "", 307),
        ("DELETE", "/keys/1", 307),
    ],
)
def test_a_former_name_redirects(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], method: str, rest: str, status: int
) -> None:
    """GET gets a 301 and other methods a 307, to the URL with the id, whatever the body. Nothing changes."""
    repo.rename("octocat/new")
    before = snapshot()
    reply = http.request(method, f"/repos/Octocat/EXAMPLE{rest}", data="no JSON", allow_redirects=False)
    location = f"{API}/repositories/{repo.id}{rest}"
    assert (reply.status_code, reply.headers["Location"]) == (status, location)
    assert list(reply.json().items()) == [
        ("message", "Moved Permanently"),
        ("url", location),
        ("documentation_url", "https://docs.github.com/v3/#http-redirects"),
    ]
    assert "it is octocat/new now" in reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def test_a_head_request_is_redirected_too(http: requests.Session, repo: Repository) -> None:
    """The response is like that of GET, without the body."""
    repo.rename("octocat/new")
    reply = http.head("/repos/octocat/example", allow_redirects=False)
    assert (reply.status_code, reply.content) == (301, b"")
    assert reply.headers["Location"] == f"{API}/repositories/{repo.id}"


def test_a_client_that_follows_redirects_works_with_the_former_name(http: requests.Session, repo: Repository) -> None:
    """It creates a deployment and its status. The responses have the new name."""
    repo.rename("octocat/new")
    created = http.post("/repos/octocat/example/deployments", json={"ref": "main"})
    assert (created.status_code, [response.status_code for response in created.history]) == (201, [307])
    assert created.json()["url"] == f"{API}/repos/octocat/new/deployments/{repo.deployments[0].id}"
    status = http.post(f"/repos/octocat/example/deployments/{created.json()['id']}/statuses", json={"state": "success"})
    assert status.status_code == 201
    assert http.get("/repos/octocat/example").json()["full_name"] == "octocat/new"


def test_links_and_python_objects_survive_a_rename(http: requests.Session, repo: Repository) -> None:
    """An earlier Link header leads to the next page, and Python objects have the new name."""
    created = [repo.add_deployment(ref="main") for _ in range(3)]
    first = http.get("/repos/octocat/example/deployments?per_page=2")
    repo.rename("octocat/new")
    assert (repo.name, repo.full_name) == ("new", "octocat/new")
    assert created[0].url == f"{API}/repos/octocat/new/deployments/{created[0].id}"
    second = http.get(first.links["next"]["url"])
    assert [row["id"] for row in second.json()] == [created[0].id]
    assert second.json()[0]["url"] == created[0].url
    repo.add_commit("main")


def test_a_reused_name_no_longer_redirects(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """After two renames both former names redirect. A new repository or a rename back ends the redirect."""
    repo = ghdeploy.add_repository("octocat/a")
    repo.rename("octocat/b")
    repo.rename("octocat/c")
    assert [http.get(f"/repos/octocat/{name}").json()["name"] for name in "abc"] == ["c"] * 3
    other = ghdeploy.add_repository("octocat/a")
    assert http.get("/repos/octocat/a", allow_redirects=False).json()["id"] == other.id
    repo.rename("octocat/b")
    assert http.get("/repos/octocat/b", allow_redirects=False).status_code == 200
    assert http.get("/repos/octocat/c", allow_redirects=False).status_code == 301
    with pytest.raises(FakeError, match="unknown repository 'octocat/c'"):
        ghdeploy.repository("octocat/c")


def test_a_redirect_stays_on_its_host(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """On GitHub Enterprise Server, the location is below that server's API root."""
    enterprise = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    repo = enterprise.add_repository("octocat/example")
    repo.rename("octocat/new")
    reply = requests.get(f"{enterprise.base_url}/repos/octocat/example/keys", allow_redirects=False, timeout=10)
    assert reply.status_code == 301
    headers = {"Authorization": "token any"}
    reply = requests.get(
        f"{enterprise.base_url}/repos/octocat/example/keys", headers=headers, allow_redirects=False, timeout=10
    )
    assert reply.headers["Location"] == f"https://ghe.example.com/api/v3/repositories/{repo.id}/keys"


def test_a_private_repository_does_not_reveal_its_new_name(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """A caller without access gets the same 404 as for an unknown name."""
    ghdeploy.add_repository("acme/secret", private=True).rename("acme/hidden")
    ghdeploy.add_token("token-of-mona", user="mona")
    headers = {"Authorization": "Bearer token-of-mona"}
    assert http.get("/repos/acme/secret", headers=headers, allow_redirects=False).status_code == 404
    ghdeploy.repository("acme/hidden").add_collaborator("mona", "pull")
    assert http.get("/repos/acme/secret", headers=headers, allow_redirects=False).status_code == 301


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("new", "invalid repository name"),
        ("octocat/a b", "invalid repository name"),
        ("mona/new", "rename cannot change the owner of octocat/example"),
        ("octocat/taken", "the repository octocat/taken already exists"),
    ],
)
def test_a_refused_rename_changes_nothing(
    repo: Repository, ghdeploy: FakeGitHub, snapshot: Callable[[], object], name: str, problem: str
) -> None:
    """The message says what is wrong."""
    ghdeploy.add_repository("octocat/taken")
    before = snapshot()
    with pytest.raises(FakeError, match=problem):
        repo.rename(name)
    assert snapshot() == before


# Update


def test_an_update_changes_the_given_fields(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Name, visibility and default branch can be changed at once. pushed_at stays."""
    repo.add_branch("develop")
    before = http.get("/repos/octocat/example").json()
    ghdeploy.clock.tick(60)
    body = {"name": "new name", "private": True, "default_branch": "develop"}
    reply = http.patch("/repos/octocat/example", json=body)
    after = reply.json()
    assert reply.status_code == 200
    assert (after["full_name"], after["private"], after["visibility"]) == ("octocat/new-name", True, "private")
    assert (repo.name, repo.private, repo.default_branch) == ("new-name", True, "develop")
    assert (after["id"], after["pushed_at"]) == (before["id"], before["pushed_at"])
    assert after["updated_at"] == ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert http.get("/repos/octocat/new-name").json() == after


@pytest.mark.parametrize(
    ("body", "private"),
    [
        ({"private": True}, True),
        ({"visibility": "private"}, True),
        ({"visibility": "public", "private": True}, False),
        ({"description": "x"}, False),
        ({}, False),
    ],
)
def test_visibility_takes_precedence_over_private(
    http: requests.Session, repo: Repository, body: dict[str, object], *, private: bool
) -> None:
    """Without either, nothing changes."""
    assert http.patch("/repos/octocat/example", json=body).json()["private"] is private
    assert repo.private is private


def test_auto_merge_uses_the_new_default_branch(http: requests.Session, repo: Repository) -> None:
    """Deployments compare a branch with the current default branch."""
    repo.add_branch("topic")
    repo.add_branch("develop")
    repo.add_commit("develop")
    http.patch(f"/repositories/{repo.id}", json={"default_branch": "develop"})
    reply = http.post("/repos/octocat/example/deployments", json={"ref": "topic"})
    assert reply.json() == {"message": "Auto-merged develop into topic on deployment."}


def test_the_case_of_a_name_can_be_changed(http: requests.Session, repo: Repository) -> None:
    """The repository is still found in any case."""
    assert http.patch("/repos/octocat/example", json={"name": "Example"}).json()["name"] == "Example"
    assert http.get("/repos/octocat/example", allow_redirects=False).status_code == 200
    assert repo.name == "Example"


@pytest.mark.parametrize(
    ("body", "field", "code", "message"),
    [
        ({"name": "TAKEN", "private": True}, "name", "custom", "name already exists on this account"),
        ({"name": ""}, "name", "custom", "name is invalid"),
        ({"name": "x" * 101}, "name", "custom", "name is too long (maximum is 100 characters)"),
        (
            {"name": "new", "default_branch": "mian"},
            "default_branch",
            "invalid",
            "The branch mian was not found. Please push that ref first or create it via the Git Data API.",
        ),
    ],
)
def test_a_refused_update_changes_nothing(
    http: requests.Session,
    repo: Repository,
    ghdeploy: FakeGitHub,
    snapshot: Callable[[], object],
    body: dict[str, object],
    field: str,
    code: str,
    message: str,
) -> None:
    """Valid fields in the same request are not changed either."""
    ghdeploy.add_repository("octocat/taken")
    before = snapshot()
    error = {"resource": "Repository", "code": code, "field": field, "message": message}
    reply = http.patch("/repos/octocat/example", json=body)
    assert refusal(reply) == (422, "Validation Failed", [error])
    assert snapshot() == before
    assert repo.full_name == "octocat/example"


def test_an_unknown_visibility_is_refused(http: requests.Session, repo: Repository) -> None:
    """The schema allows public and private."""
    assert http.patch("/repos/octocat/example", json={"visibility": "secret"}).status_code == 422
    assert repo.private is False


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_changing_a_repository_needs_admin(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Callable[[], object], method: str
) -> None:
    """A user with maintain may neither rename nor delete it, nor may an anonymous caller."""
    repo.add_collaborator("mona", "maintain")
    ghdeploy.add_token("token-of-mona", user="mona")
    before = snapshot()
    headers = {"Authorization": "Bearer token-of-mona"}
    reply = http.request(method, "/repos/octocat/example", headers=headers, json={"name": "new"})
    assert refusal(reply)[:2] == (403, "Must have admin rights to Repository.")
    del http.headers["Authorization"]
    assert http.request(method, "/repos/octocat/example", json={}).status_code == 401
    assert snapshot() == before


# Delete


def filled(repo: Repository) -> None:
    """Put rows of every kind into a repository."""
    repo.add_deployment(ref="main", environment="qa").add_status("success")
    repo.add_commit_status("main", state="success")
    repo.add_check_run("main", name="build")
    repo.add_deploy_key("key", KEY)
    custom = {"protected_branches": False, "custom_branch_policies": True}
    environment = repo.add_environment("production", wait_timer=5, deployment_branch_policy=custom)
    environment.add_deployment_branch_policy("release/*")


def test_nothing_is_left_of_a_deleted_repository(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """Everything in it and its former name are gone. Other repositories are not affected."""
    other = ghdeploy.add_repository("octocat/other")
    other.add_deployment(ref="main")
    filled(repo)
    http.put("/repos/octocat/example/collaborators/octocat")
    ghdeploy.add_user("mona")
    assert http.put("/repos/octocat/example/collaborators/mona").status_code == 201
    repo.rename("octocat/new")
    deployment = repo.deployments[0]
    store = ghdeploy._engine.store
    kinds = store.tables().items() - {("users", store.users)}
    assert {name for name, table in kinds for row in table if getattr(row, "repository_id", 0) == repo.id} == {
        "deployments", "deployment_statuses", "commit_statuses", "check_runs", "check_suites", "deploy_keys",
        "environments", "protection_rules", "deployment_branch_policies", "invitations",
    }  # fmt: skip

    assert http.delete("/repos/octocat/new").status_code == 204

    assert [row for _, table in kinds for row in table if getattr(row, "repository_id", 0) == repo.id] == []
    for path in ("/repos/octocat/new", "/repos/octocat/example", f"/repositories/{repo.id}"):
        assert http.get(path, allow_redirects=False).status_code == 404
        assert http.delete(path, allow_redirects=False).status_code == 404
        if "octocat" in path:
            hint = http.get(path).headers["X-GHDeploy-Hint"]
            assert hint == f"repository {path[7:]} has been renamed or deleted; known: octocat/other"
    with pytest.raises(FakeError, match="this repository no longer exists"):
        repo.rename("octocat/other-name")
    with pytest.raises(FakeError, match=f"deployment {deployment.id} no longer exists"):
        _ = deployment.state
    assert len(other.deployments) == 1
    assert "octocat" not in str(store._collaborators)
    assert repo.id not in store._collaborators


def test_a_deleted_repository_can_be_created_again(http: requests.Session, repo: Repository) -> None:
    """It shares only the name with the old one. The old deploy key is free."""
    filled(repo)
    assert http.delete(f"/repositories/{repo.id}").status_code == 204
    again = http.post("/user/repos", json={"name": "example", "auto_init": True}).json()
    assert again["id"] != repo.id
    for kind in ("deployments", "keys", "branches"):
        assert len(http.get(f"/repos/octocat/example/{kind}").json()) == (1 if kind == "branches" else 0)
    assert http.post("/repos/octocat/example/keys", json={"key": KEY}).status_code == 201


# Create


@pytest.mark.parametrize("private", [True, False])
def test_a_repository_is_created_for_the_caller(http: requests.Session, ghdeploy: FakeGitHub, *, private: bool) -> None:
    """It has one commit on main, can be deployed, and is visible from Python."""
    ghdeploy.add_token("token-of-mona", user="mona")
    http.headers["Authorization"] = "Bearer token-of-mona"
    reply = http.post("/user/repos", json={"name": "my app", "private": private, "auto_init": True})
    body = reply.json()
    assert (reply.status_code, reply.headers["Location"]) == (201, f"{API}/repos/mona/my-app")
    assert (body["full_name"], body["private"], body["default_branch"]) == ("mona/my-app", private, "main")
    assert body["permissions"]["admin"] is True
    assert http.get("/repos/mona/my-app").json() == body
    assert ghdeploy.repository("mona/my-app").id == body["id"]
    assert http.post("/repos/mona/my-app/deployments", json={"ref": "main"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "message", "errors"),
    [
        (
            {"name": "EXAMPLE"},
            "Repository creation failed.",
            [
                {
                    "resource": "Repository",
                    "code": "custom",
                    "field": "name",
                    "message": "name already exists on this account",
                }
            ],
        ),
        ({}, 'Invalid request.\n\n"name" wasn\'t supplied.', None),
        ({"name": 1}, "Invalid request.\n\nFor 'properties/name', 1 is not a string.", None),
    ],
)
@pytest.mark.usefixtures("repo")
def test_a_refused_creation_creates_nothing(
    http: requests.Session, snapshot: Callable[[], object], body: object, message: str, errors: object
) -> None:
    """The name is missing, or taken in any case."""
    before = snapshot()
    assert refusal(http.post("/user/repos", data=json.dumps(body))) == (422, message, errors)
    assert snapshot() == before


def test_creating_needs_a_token(http: requests.Session) -> None:
    """An anonymous caller cannot own a repository."""
    del http.headers["Authorization"]
    assert refusal(http.post("/user/repos", json={"name": "example"}))[0] == 401
