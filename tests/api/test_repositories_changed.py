"""POST /user/repos, PATCH and DELETE /repos/{owner}/{repo}, and redirects from former names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API
from scene import Scene

from pytest_ghdeploy import FakeError, FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.github.repository_settings import RepositorySettings
from pytest_ghdeploy.http import router, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import Repository

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"


NO_MERGE_METHOD = dict.fromkeys(("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge"), False)
NO_METHOD_ERRORS = [
    {
        "resource": "Repository",
        "code": "custom",
        "message": "Sorry, you need to allow at least one merge strategy. (no_merge_method)",
    }
]
PATH = "/repos/octocat/example"


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
    assert "was renamed to octocat/new" in reply.headers["X-GHDeploy-Hint"]
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
        ({"name": "x" * 101}, "name", "custom", "name cannot be more than 100 characters"),
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


# Settings


OTHER_VALUES: dict[str, object] = {
    "description": "An example",
    "homepage": "https://example.com",
    "pull_request_creation_policy": "collaborators_only",
    "squash_merge_commit_message": "BLANK",
    "squash_merge_commit_title": "PR_TITLE",
    "merge_commit_message": "PR_BODY",
    "merge_commit_title": "PR_TITLE",
}
SETTINGS = {name: OTHER_VALUES.get(name, not value) for name, value in RepositorySettings()._asdict().items()}


@pytest.mark.parametrize(("name", "value"), SETTINGS.items())
def test_a_setting_is_kept_and_shown(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, name: str, value: object
) -> None:
    """`PATCH` changes one and leaves the others. Reads and later updates show it."""
    before = http.get(PATH).json()
    ghdeploy.clock.tick(60)
    reply = http.patch(PATH, json={name: value})
    assert (reply.status_code, reply.json()[name]) == (200, value)
    after = http.get(PATH).json()
    assert after == reply.json() == before | {name: value, "updated_at": after["updated_at"]}
    assert after["updated_at"] != before["updated_at"]
    repo.add_deployment(ref="main")
    payload = ghdeploy.events[-1].payload["repository"]
    assert payload.get(name, value) == value
    assert (name in payload) is not name.startswith(("allow_", "delete_", "merge_", "squash_", "use_")) or (
        name == "allow_forking"
    )


def test_the_schema_of_an_update_has_every_setting() -> None:
    """A setting whose type is not checked could not be shown."""
    for operation in ("repos/update", "repos/create-for-authenticated-user"):
        members = schema.load(operation)["$defs"]["request"]["properties"].keys()
        left_out = set(RepositorySettings._fields) - members
        assert left_out == (set() if operation == "repos/update" else NOT_AT_CREATION)


NOT_AT_CREATION = {"archived", "has_pull_requests", "pull_request_creation_policy", "web_commit_signoff_required"}


def test_settings_of_a_new_repository_are_kept(http: requests.Session) -> None:
    """`POST /user/repos` takes all of them at once, except those that GitHub's description has for an update only."""
    given = {name: value for name, value in SETTINGS.items() if name not in NOT_AT_CREATION}
    given["allow_squash_merge"] = True  # one merge method must stay
    reply = http.post("/user/repos", json={"name": "new", **given})
    body = reply.json()
    assert (reply.status_code, {name: body[name] for name in given}) == (201, given)
    assert http.get("/repos/octocat/new").json() == body


@pytest.mark.usefixtures("repo")
def test_a_description_can_be_emptied(http: requests.Session) -> None:
    """Null and an empty string are both null; a new repository has null for both texts."""
    texts = {"description": "d", "homepage": "example.com"}
    for empty in ("", None):
        assert http.patch(PATH, json=texts).json().items() >= texts.items()
        assert http.patch(PATH, json={"name": "example"}).json().items() >= texts.items()
        body = http.patch(PATH, json=dict.fromkeys(texts, empty)).json()
        assert (body["description"], body["homepage"]) == (None, None)
        body = http.post("/user/repos", json={"name": f"new-{empty}", **dict.fromkeys(texts, empty)}).json()
        assert (body["description"], body["homepage"]) == (None, None)


@pytest.mark.usefixtures("repo")
def test_one_merge_method_must_stay(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """The last one cannot be turned off, even if the others were turned off before."""
    before = snapshot()
    assert refusal(http.patch(PATH, json=NO_MERGE_METHOD)) == (422, "Validation Failed", NO_METHOD_ERRORS)
    assert snapshot() == before
    assert http.patch(PATH, json={"allow_squash_merge": False, "allow_merge_commit": False}).status_code == 200
    reply = http.patch(PATH, json={"allow_rebase_merge": False})
    assert refusal(reply) == (422, "Validation Failed", NO_METHOD_ERRORS)
    assert http.get(PATH).json()["allow_rebase_merge"] is True


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", PATH, {"security_and_analysis": {"secret_scanning": {"status": "enabled"}}, "name": "new"}),
        ("POST", "/user/repos", {"name": "new", "license_template": "mit"}),
        ("POST", "/user/repos", {"name": "new", "gitignore_template": "Python"}),
        ("POST", "/user/repos", {"name": "new", "team_id": 1}),
    ],
)
@pytest.mark.usefixtures("repo")
def test_a_setting_that_cannot_be_acted_out_is_loud(
    http: requests.Session,
    ghdeploy: FakeGitHub,
    snapshot: Callable[[], object],
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    """The error names the setting and fails the test even if it is caught, and nothing has changed."""
    before, (name, *_) = snapshot(), sorted(body.keys() - {"name"})
    with pytest.raises(UnsupportedRequest, match=f"the fake does not implement {name} of repos/"):
        http.request(method, path, json=body)
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)
    assert snapshot() == before


def test_null_for_a_setting_that_cannot_be_acted_out_asks_for_nothing(http: requests.Session, repo: Repository) -> None:
    """The update is a 200."""
    assert http.patch(PATH, json={"security_and_analysis": None, "name": "new"}).status_code == 200
    assert repo.name == "new"


# Archived


def test_an_archived_repository_can_be_read_and_comes_back(http: requests.Session, repo: Repository) -> None:
    """An update with `archived` false ends it, whatever else it changes. Nothing else is written meanwhile."""
    assert http.patch(PATH, json={"archived": True}).json()["archived"] is True
    for rest in ("", "/deployments", "/commits/main", "/hooks"):
        assert http.get(PATH + rest).status_code == 200
    for body in ({}, {"archived": True}, {"description": "x"}):
        reply = http.patch(PATH, json=body)
        assert refusal(reply) == (403, "Repository was archived so is read-only.", None)
    reply = http.patch(PATH, json={"archived": False, "description": "x"})
    assert (reply.status_code, reply.json()["archived"], reply.json()["description"]) == (200, False, "x")
    assert http.post(f"{PATH}/deployments", json={"ref": "main"}).status_code == 201
    assert len(repo.deployments) == 1


def test_an_archived_repository_can_be_deleted(http: requests.Session, repo: Repository) -> None:
    """It is not a change inside the repository."""
    http.patch(f"/repositories/{repo.id}", json={"archived": True})
    assert http.delete(PATH).status_code == 204


ALLOWED_WHILE_ARCHIVED = {"repos/update", "repos/delete"}
WRITES = [
    name
    for name, endpoint in router.endpoints().items()
    if endpoint.method != "GET" and "{owner}" in endpoint.paths[0] and name not in ALLOWED_WHILE_ARCHIVED
]


@pytest.mark.parametrize("operation_id", WRITES)
def test_every_write_to_an_archived_repository_is_refused(
    ghdeploy: FakeGitHub, snapshot: Callable[[], object], http: requests.Session, operation_id: str
) -> None:
    """The response is a 403, before the body or what the path names is looked at."""
    scene, endpoint = Scene(ghdeploy), router.endpoints()[operation_id]
    body, places = scene.usual(operation_id)
    http.patch(PATH, json={"archived": True}).raise_for_status()
    before = snapshot()
    for sent in (body, {"ref": 1}):
        path = endpoint.paths[0].format(**scene.places | places)
        reply = http.request(endpoint.method, path, json=sent)
        assert refusal(reply) == (403, "Repository was archived so is read-only.", None)
        assert "PATCH /repos/octocat/example with archived=false" in reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def test_a_caller_without_the_right_does_not_learn_that_it_is_archived(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """The refusal of the caller comes first."""
    repo.add_collaborator("mona", "pull")
    http.patch(PATH, json={"archived": True}).raise_for_status()
    ghdeploy.add_token("token-of-mona", user="mona")
    headers = {"Authorization": "Bearer token-of-mona"}
    assert http.post(f"{PATH}/deployments", json={"ref": "main"}, headers=headers).status_code == 404


def test_python_still_sets_the_scene_in_an_archived_repository(http: requests.Session, repo: Repository) -> None:
    """Only requests are refused."""
    http.patch(PATH, json={"archived": True}).raise_for_status()
    assert repo.add_deployment(ref="main").add_status("success")


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
            assert hint == f"repository {path[7:]} was renamed or deleted; known: octocat/other"
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
        (
            {"name": "x" * 101},
            "Repository creation failed.",
            [
                {
                    "resource": "Repository",
                    "code": "custom",
                    "field": "name",
                    "message": "name cannot be more than 100 characters",
                }
            ],
        ),
        ({"name": "new", **NO_MERGE_METHOD}, "Validation Failed", NO_METHOD_ERRORS),
        ({}, 'Invalid request.\n\n"name" wasn\'t supplied.', None),
        ({"name": 1}, "Invalid request.\n\nFor 'properties/name', 1 is not a string.", None),
    ],
)
@pytest.mark.usefixtures("repo")
def test_a_refused_creation_creates_nothing(
    http: requests.Session, snapshot: Callable[[], object], body: object, message: str, errors: object
) -> None:
    """The name is missing, too long or taken in any case, or a setting is invalid."""
    before = snapshot()
    assert refusal(http.post("/user/repos", data=json.dumps(body))) == (422, message, errors)
    assert snapshot() == before


def test_creating_needs_a_token(http: requests.Session) -> None:
    """An anonymous caller cannot own a repository."""
    del http.headers["Authorization"]
    assert refusal(http.post("/user/repos", json={"name": "example"}))[0] == 401
