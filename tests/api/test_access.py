"""Authorization over HTTP: status, message and headers by token, right, visibility and operation."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from client import Client, stored
from rows import Rows

from pytest_ghdeploy import FakeGitHub

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import Repository

TEXT = "ghp_of_these_tests_0001"
HERE = "/repos/acme/app"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"
EMPTY_FILE: dict[str, object] = {"message": "Add", "content": ""}


class Operation(NamedTuple):
    """A request, the response of an authorized caller, and GitHub's requirements."""

    method: str
    path: str
    body: dict[str, object] | None
    good: int
    scopes: str
    permission: str


OPERATIONS = {
    "get": Operation("GET", HERE, None, 200, "repo", "metadata=read"),
    "list": Operation("GET", f"{HERE}/deployments", None, 200, "repo, repo_deployment", "deployments=read"),
    "deploy": Operation("POST", f"{HERE}/deployments", {"ref": "main"}, 201, "", "deployments=write"),
    "report": Operation("POST", f"{HERE}/deployments/{{deployment}}/statuses", {"state": "success"}, 201, "",
                        "deployments=write"),
    "status": Operation("POST", f"{HERE}/statuses/{{sha}}", {"state": "success"}, 201,
                        "public_repo, repo, repo:status", "statuses=write"),
    "read": Operation("GET", f"{HERE}/contents", None, 200, "repo", "contents=read"),
    "push": Operation("PUT", f"{HERE}/contents/a", EMPTY_FILE, 201, "public_repo, repo", "contents=write"),
    "merge": Operation("POST", f"{HERE}/merges", {"base": "main", "head": "main"}, 204, "public_repo, repo",
                       "contents=write"),
    "environments": Operation("GET", f"{HERE}/environments", None, 200, "repo", "actions=read"),
    "environment": Operation("PUT", f"{HERE}/environments/qa", {}, 200, "public_repo, repo", "administration=write"),
    "keys": Operation("GET", f"{HERE}/keys", None, 200, "repo", "administration=read"),
    "key": Operation("POST", f"{HERE}/keys", {"key": KEY}, 201, "public_repo, repo", "administration=write"),
    "people": Operation("GET", f"{HERE}/collaborators", None, 200, "repo", "metadata=read"),
    "invite": Operation("PUT", f"{HERE}/collaborators/hubot", {}, 201, "public_repo, repo", "administration=write"),
    "remove": Operation("DELETE", f"{HERE}/collaborators/hubot", None, 204, "public_repo, repo",
                        "administration=write"),
    "check": Operation("POST", f"{HERE}/check-runs", {"name": "ci", "head_sha": "{sha}"}, 201, "public_repo, repo",
                       "checks=write"),
    "withdraw": Operation("DELETE", f"{HERE}/deployments/{{deployment}}", None, 204, "", "deployments=write"),
    "policy": Operation("POST", f"{HERE}/environments/production/deployment-branch-policies", {"name": "main"}, 200,
                        "public_repo, repo", "administration=write"),
    "gate": Operation("POST", f"{HERE}/environments/production/deployment_protection_rules",
                      {"integration_id": "{app}"}, 201, "public_repo, repo", "administration=write"),
    "combined": Operation("GET", f"{HERE}/commits/main/status", None, 200, "repo, repo:status", "statuses=read"),
    "result": Operation("GET", f"{HERE}/check-runs/{{check_run}}", None, 200, "repo", "checks=read"),
    "update": Operation("PATCH", HERE, {"name": "new"}, 200, "public_repo, repo", "administration=write"),
    "delete": Operation("DELETE", HERE, None, 204, "delete_repo", "administration=write"),
}  # fmt: skip

ANSWERS = {
    "401": (401, "Requires authentication"),
    "404": (404, "Not Found"),
    "403 admin": (403, "Must have admin rights to Repository."),
    "403 apps": (403, "You must authenticate via a GitHub App."),
    "403 token": (403, "Resource not accessible by personal access token"),
    "403 app": (403, "Resource not accessible by integration"),
}

READS = ("get", "list", "read", "environments", "combined", "result")
DEPLOYS = ("deploy", "report", "withdraw")
WRITES = (*DEPLOYS, "status", "push", "merge")
ADMIN_WRITES = ("environment", "policy", "gate", "key")
SPECIAL = ("invite", "remove", "update")


def expected(*groups: tuple[tuple[str, ...] | str, str], rest: str) -> dict[str, str]:
    """Return the expected response of each operation."""
    said = dict.fromkeys(OPERATIONS, rest)
    for names, answer in groups:
        said |= dict.fromkeys((names,) if isinstance(names, str) else names, answer)
    return said


ANYONES = expected((READS, "ok"), ((*SPECIAL, "delete"), "403 admin"), ("check", "404"), rest="404")
NO_ADMIN = ((*SPECIAL, "delete"), "403 admin")

# The token, or None for no token; the right; on a public and on a private repository.
TABLE: dict[str, tuple[dict[str, Any] | None, Any, dict[str, str], dict[str, str]]] = {
    "anonymous": (
        None,
        None,
        expected((READS, "ok"), ("keys", "404"), rest="401"),
        expected(((*READS, "keys"), "404"), rest="401"),
    ),
    "no right": ({}, None, ANYONES, expected(rest="404")),
    "pull": ({}, "pull", ANYONES, ANYONES),
    "triage": ({}, "triage", ANYONES, ANYONES),
    "maintain": ({}, "maintain", expected(NO_ADMIN, (("keys", "people", *ADMIN_WRITES), "404"), rest="ok"),
                 expected(NO_ADMIN, (("keys", "people", *ADMIN_WRITES), "404"), rest="ok")),
    "push": ({}, "push", expected(NO_ADMIN, (("keys", "people", *ADMIN_WRITES), "404"), rest="ok"),
             expected(NO_ADMIN, (("keys", "people", *ADMIN_WRITES), "404"), rest="ok")),
    "admin": ({}, "admin", expected(rest="ok"), expected(rest="ok")),
    "no scope": (
        {"scopes": []},
        "admin",
        expected((READS, "ok"), NO_ADMIN, ("check", "403 apps"), rest="404"),
        expected(rest="404"),
    ),
    "scope repo, push": (
        {"scopes": ["repo"]},
        "push",
        expected(NO_ADMIN, (("keys", "people", *ADMIN_WRITES), "404"), ("check", "403 apps"), rest="ok"),
        expected(NO_ADMIN, (("keys", "people", *ADMIN_WRITES), "404"), ("check", "403 apps"), rest="ok"),
    ),
    "scope repo, admin": (
        {"scopes": ["repo"]},
        "admin",
        expected(("check", "403 apps"), ("delete", "403 admin"), rest="ok"),
        expected(("check", "403 apps"), ("delete", "403 admin"), rest="ok"),
    ),
    "scopes repo and delete_repo, admin": (
        {"scopes": ["repo", "delete_repo"]},
        "admin",
        expected(("check", "403 apps"), rest="ok"),
        expected(("check", "403 apps"), rest="ok"),
    ),
    "scope public_repo": (
        {"scopes": ["public_repo"]},
        "admin",
        expected(("check", "403 apps"), ("delete", "403 admin"), rest="ok"),
        expected(rest="404"),
    ),
    "scope repo_deployment": (
        {"scopes": ["repo_deployment"]},
        "push",
        expected((READS, "ok"), (DEPLOYS, "ok"), NO_ADMIN, ("check", "403 apps"), rest="404"),
        expected((DEPLOYS, "ok"), ("list", "ok"), rest="404"),
    ),
    "scope repo:status": (
        {"scopes": ["repo:status"]},
        "push",
        expected((READS, "ok"), ("status", "ok"), NO_ADMIN, ("check", "403 apps"), rest="404"),
        expected((("status", "combined"), "ok"), rest="404"),
    ),
    "fine-grained, none": (
        {"permissions": {}},
        "admin",
        expected((READS, "ok"), ("people", "ok"), ("check", "403 apps"), rest="403 token"),
        expected(("get", "ok"), ("people", "ok"), ("check", "403 apps"), rest="403 token"),
    ),
    "fine-grained, to deploy": (
        {"permissions": {"deployments": "write"}},
        "push",
        expected((READS, "ok"), (DEPLOYS, "ok"), ("check", "403 apps"), rest="403 token"),
        expected((DEPLOYS, "ok"), (("get", "list"), "ok"), ("check", "403 apps"), rest="403 token"),
    ),
    "fine-grained, to read deployments": (
        {"permissions": {"deployments": "read"}},
        "push",
        expected((READS, "ok"), ("check", "403 apps"), rest="403 token"),
        expected((("get", "list"), "ok"), ("check", "403 apps"), rest="403 token"),
    ),
    "fine-grained, no right": (
        {"permissions": {"deployments": "write", "administration": "write"}},
        None,
        expected((READS, "ok"), ("check", "403 apps"), rest="403 token"),
        expected(rest="404"),
    ),
    "fine-grained, to administer": (
        {"permissions": {"administration": "write"}},
        "admin",
        expected((READS, "ok"), (("keys", "people", *ADMIN_WRITES, *SPECIAL, "delete"), "ok"), ("check", "403 apps"),
                 rest="403 token"),
        expected((("get", "keys", "people", *ADMIN_WRITES, *SPECIAL, "delete"), "ok"), ("check", "403 apps"),
                 rest="403 token"),
    ),
    "fine-grained, for this repository": (
        {"permissions": {"deployments": "write"}, "repositories": ["acme/other", "acme/app"]},
        "push",
        expected((READS, "ok"), (DEPLOYS, "ok"), ("check", "403 apps"), rest="403 token"),
        expected((DEPLOYS, "ok"), (("get", "list"), "ok"), ("check", "403 apps"), rest="403 token"),
    ),
    "fine-grained, for another repository": (
        {"permissions": {"deployments": "write"}, "repositories": ["acme/other"]},
        "admin",
        expected((READS, "ok"), ("check", "403 apps"), rest="403 token"),
        expected(rest="404"),
    ),
    "app, none": (
        {"user": "deployer[bot]", "permissions": {}},
        None,
        expected((READS, "ok"), ("people", "ok"), rest="403 app"),
        expected((("get", "people"), "ok"), rest="403 app"),
    ),
    "app, to deploy": (
        {"user": "deployer[bot]", "permissions": {"deployments": "write"}},
        None,
        expected((READS, "ok"), (DEPLOYS, "ok"), ("people", "ok"), rest="403 app"),
        expected((("get", "list", "people"), "ok"), (DEPLOYS, "ok"), rest="403 app"),
    ),
    "app, for checks and code": (
        {"user": "deployer[bot]", "permissions": {"checks": "write", "contents": "write", "statuses": "write"}},
        None,
        expected((READS, "ok"), (("check", "push", "merge", "status", "people"), "ok"), rest="403 app"),
        expected((("get", "read", "check", "result", "push", "merge", "status", "combined", "people"), "ok"),
                 rest="403 app"),
    ),
    "app, to administer": (
        {"user": "deployer[bot]", "permissions": {"administration": "write", "actions": "read"}},
        None,
        expected((READS, "ok"), (("keys", "people", *ADMIN_WRITES, *SPECIAL, "delete"), "ok"), rest="403 app"),
        expected((("get", "environments", "keys", "people", *ADMIN_WRITES, *SPECIAL, "delete"), "ok"),
                 rest="403 app"),
    ),
    "app, for this repository": (
        {"user": "deployer[bot]", "permissions": {"deployments": "write"}, "repositories": ["acme/app"]},
        None,
        expected((READS, "ok"), (DEPLOYS, "ok"), ("people", "ok"), rest="403 app"),
        expected((("get", "list", "people"), "ok"), (DEPLOYS, "ok"), rest="403 app"),
    ),
    "app, for another repository": (
        {"user": "deployer[bot]", "permissions": {"deployments": "write"}, "repositories": ["acme/other"]},
        None,
        expected((READS, "ok"), rest="403 app"),
        expected(rest="404"),
    ),
    "workflow": (
        {"user": "github-actions[bot]", "permissions": {"contents": "read"}},
        None,
        expected((READS, "ok"), ("people", "ok"), rest="403 app"),
        expected((("get", "read", "people"), "ok"), rest="403 app"),
    ),
}  # fmt: skip


class _World:
    """The repositories acme/app and acme/other, a token, and everything that the paths and bodies above refer to."""

    def __init__(self, fake: FakeGitHub, token: dict[str, Any] | None, right: Any, *, private: bool) -> None:  # noqa: ANN401 - a permission
        repo = fake.add_repository("acme/app", private=private)
        fake.add_repository("acme/other", private=True)
        fake.add_user("hubot")
        custom = {"protected_branches": False, "custom_branch_policies": True}
        repo.add_environment("production", deployment_branch_policy=custom)
        self.fake = fake
        self.token = token
        self.names = {
            "deployment": repo.add_deployment(ref="main").id,
            "check_run": repo.add_check_run("main", name="build").id,
            "app": fake.add_app("gate").id,
            "sha": repo.sha("main"),
        }
        fake.add_token("another", user="acme")
        if right:
            fake.add_user("mona")
            repo.add_collaborator("mona", right)
        if token is not None:
            fake.add_token(TEXT, **{"user": "mona", **token})

    def ask(self, operation: Operation) -> requests.Response:
        """Send the request of an operation."""
        body = operation.body and {
            name: self.names[text[1:-1]] if isinstance(text, str) and text[:1] == "{" else text
            for name, text in operation.body.items()
        }
        with Client(self.fake.base_url, None if self.token is None else f"Bearer {TEXT}") as http:
            return http.request(operation.method, operation.path.format(**self.names), json=body)

    def check(self, operation: Operation, answer: str) -> None:
        """Compare a response with the table."""
        before = stored(self.fake)
        reply = self.ask(operation)
        if answer == "ok":
            assert reply.status_code == operation.good, reply.text
        else:
            assert (reply.status_code, reply.json()["message"]) == ANSWERS[answer]
            assert reply.headers["X-GHDeploy-Hint"]
            assert TEXT not in reply.headers["X-GHDeploy-Hint"]
            assert stored(self.fake) == before
        scopes, accepted, permissions = (
            reply.headers.get(name)
            for name in ("X-OAuth-Scopes", "X-Accepted-OAuth-Scopes", "X-Accepted-GitHub-Permissions")
        )
        if self.token is None:
            assert (scopes, accepted, permissions) == (None, None, None)
        elif "permissions" in self.token:
            assert (scopes, accepted, permissions) == (None, None, operation.permission)
        else:
            assert (accepted, permissions) == (operation.scopes, None)
            assert scopes is not None
            if "scopes" in self.token:
                assert scopes == ", ".join(sorted(self.token["scopes"]))


@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
def test_authorization_follows_the_table(*, private: bool) -> None:
    """Status, message and headers follow from the token, its user's right, the visibility and the operation."""
    with Rows() as rows:
        for name, (token, right, public_answers, private_answers) in TABLE.items():
            answers = private_answers if private else public_answers
            # Refused and reading requests change nothing, so they share one fake.
            changing = [which for which in OPERATIONS if answers[which] == "ok" and OPERATIONS[which].method != "GET"]
            quiet = [which for which in OPERATIONS if which not in changing]
            for tried in (quiet, *([which] for which in changing)):
                with FakeGitHub() as fake:
                    world = _World(fake, token, right, private=private)
                    for which in tried:
                        with rows.row(f"{name}: {which}"):
                            world.check(OPERATIONS[which], answers[which])


def basic(text: str) -> str:
    """Make a Basic header."""
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [f"token {TEXT}", f"Bearer {TEXT}", basic(f"x-access-token:{TEXT}"), basic(f"{TEXT}:x-oauth-basic")],
)
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"scopes": ["repo_deployment"]}, 201),
        ({"scopes": ["repo:status"]}, 404),
        ({"permissions": {"deployments": "write"}}, 201),
        ({"permissions": {"deployments": "read"}}, 403),
        ({"user": "deployer[bot]", "permissions": {"deployments": "write"}}, 201),
        ({"user": "deployer[bot]", "permissions": {"deployments": "read"}}, 403),
    ],
)
def test_a_token_has_the_same_rights_in_every_form(
    http: requests.Session, ghdeploy: FakeGitHub, authorization: str, given: dict[str, Any], status: int
) -> None:
    """The forms are token, Bearer and Basic."""
    ghdeploy.add_repository("octocat/example", private=True)
    ghdeploy.add_token(TEXT, **given)
    headers = {"Authorization": authorization}
    reply = http.post("/repos/octocat/example/deployments", json={"ref": "main"}, headers=headers)
    assert reply.status_code == status


# The order of the checks


@pytest.mark.parametrize(
    ("given", "status"),
    [({"scopes": []}, 404), ({"permissions": {}}, 403), ({"user": "a[bot]", "permissions": {}}, 403)],
)
def test_rights_are_checked_before_the_body(
    http: requests.Session, ghdeploy: FakeGitHub, given: dict[str, Any], status: int
) -> None:
    """For a refused token, neither the body nor the resource in the path is looked at."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TEXT, **given)
    http.headers["Authorization"] = f"token {TEXT}"
    assert http.post("/repos/octocat/example/deployments", data="{").status_code == status
    assert http.delete("/repos/octocat/example/deployments/1").status_code == status
    assert http.post("/repos/octocat/none/deployments", data="{").status_code == 404
    reply = http.get("/nope")
    assert (reply.status_code, reply.headers.get("X-Accepted-OAuth-Scopes")) == (404, "" if "scopes" in given else None)
    assert "X-Accepted-GitHub-Permissions" not in reply.headers
    http.headers["Authorization"] = "token unknown"
    reply = http.post("/repos/octocat/example/deployments", data="{")
    assert reply.status_code == 401
    assert not {"X-OAuth-Scopes", "X-Accepted-OAuth-Scopes", "X-Accepted-GitHub-Permissions"} & set(reply.headers)


def test_any_token_has_all_scopes_until_one_is_added(http: requests.Session, repo: Repository) -> None:
    """By default every token has full rights, and the headers say so."""
    reply = http.get("/repos/octocat/example/deployments")
    assert {"repo", "delete_repo", "workflow"} < set(reply.headers["X-OAuth-Scopes"].split(", "))
    assert reply.headers["X-Accepted-OAuth-Scopes"] == "repo, repo_deployment"
    body = {"name": "ci", "head_sha": repo.sha("main")}
    assert http.post("/repos/octocat/example/check-runs", json=body).status_code == 201
    assert http.delete("/repos/octocat/example").status_code == 204


# Accounts


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({}, 201, None),
        ({"scopes": ["repo"]}, 201, None),
        ({"scopes": ["public_repo"]}, 201, None),
        ({"scopes": ["repo_deployment", "delete_repo"]}, 404, "Not Found"),
        ({"permissions": {"administration": "write"}}, 201, None),
        ({"permissions": {"administration": "read"}}, 403, "Resource not accessible by personal access token"),
        (
            {"user": "deployer[bot]", "permissions": {"administration": "write"}},
            403,
            "Resource not accessible by integration",
        ),
    ],
)
def test_creating_a_repository_needs_a_users_token(
    http: requests.Session, ghdeploy: FakeGitHub, given: dict[str, Any], status: int, message: str | None
) -> None:
    """It needs a scope or the permission `administration`. An app has no account."""
    ghdeploy.add_token(TEXT, **{"user": "mona", **given})
    http.headers["Authorization"] = f"token {TEXT}"
    reply = http.post("/user/repos", json={"name": "app"})
    assert (reply.status_code, reply.json().get("message")) == (status, message)
    assert ("X-GHDeploy-Hint" in reply.headers) is (status != 201)


def test_creating_a_private_repository_needs_the_scope_repo(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """With `public_repo` only, it is a 404, and nothing is created."""
    ghdeploy.add_token(TEXT, scopes=["public_repo"])
    http.headers["Authorization"] = f"token {TEXT}"
    reply = http.post("/user/repos", json={"name": "app", "private": True})
    assert (reply.status_code, reply.headers["X-Accepted-OAuth-Scopes"]) == (404, "public_repo, repo")
    assert ghdeploy._engine.store.repository("octocat/app") is None


def test_an_app_has_no_user_account(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """GET /user with an app's token is a 403. Other accounts can be read."""
    ghdeploy.add_token(TEXT, user="deployer[bot]", permissions={"deployments": "write"})
    http.headers["Authorization"] = f"token {TEXT}"
    reply = http.get("/user")
    assert (reply.status_code, reply.json()["message"]) == (403, "Resource not accessible by integration")
    shown = http.get("/users/deployer[bot]")
    assert (shown.json()["type"], shown.headers["X-Accepted-GitHub-Permissions"]) == (
        "Bot",
        "allows_permissionless_access=true",
    )
    assert http.get("/rate_limit").status_code == 200


# Apps


def test_changes_by_an_app_name_its_bot_only(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """
    The creator is the bot, and performed_via_github_app is null: in statuses by auto_inactive and in events too.

    Source:
        Payloads captured from 2021 to 2024, of deployments by the bots of three apps.
    """
    repo = ghdeploy.add_repository("octocat/example", private=True)
    old = repo.add_deployment(ref="main", environment="qa")
    old.add_status("success")
    ghdeploy.add_token(TEXT, user="deployer[bot]", permissions={"deployments": "write"})
    http.headers["Authorization"] = f"token {TEXT}"
    deployment = http.post("/repos/octocat/example/deployments", json={"ref": "main", "environment": "qa"}).json()
    reported = http.post(deployment["statuses_url"], json={"state": "success"}).json()
    for body in (
        deployment,
        reported,
        http.get(deployment["url"]).json(),
        http.get(f"/repos/octocat/example/deployments/{old.id}/statuses").json()[0],
        ghdeploy.assert_event("deployment", environment="qa").payload["deployment"],
        ghdeploy.assert_event("deployment_status", state="success").payload["deployment_status"],
    ):
        assert (body["creator"]["login"], body["creator"]["type"]) == ("deployer[bot]", "Bot")
        assert body["performed_via_github_app"] is None
    assert ghdeploy.events[-1].payload["sender"]["login"] == "deployer[bot]"
    assert repo.deployments[0].performed_via_github_app is None
    assert old.statuses[0].performed_via_github_app is None


@pytest.mark.parametrize("given", [{}, {"scopes": ["repo"]}, {"permissions": {"deployments": "write"}}])
def test_changes_by_a_user_name_no_app(http: requests.Session, ghdeploy: FakeGitHub, given: dict[str, Any]) -> None:
    """An app named in the body is ignored."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TEXT, **given)
    http.headers["Authorization"] = f"token {TEXT}"
    body = {"ref": "main", "performed_via_github_app": {"id": 1}, "creator": "mona"}
    deployment = http.post("/repos/octocat/example/deployments", json=body).json()
    assert (deployment["performed_via_github_app"], deployment["creator"]["login"]) == (None, "octocat")


def test_a_workflow_acts_as_github_actions(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Its token's app is the same as that of check runs, whatever its permissions."""
    repo = ghdeploy.add_repository("octocat/example")
    permissions = {"deployments": "write", "checks": "write"}
    token = ghdeploy.add_token(TEXT, user="github-actions[bot]", permissions=permissions)
    http.headers["Authorization"] = f"token {TEXT}"
    deployment = http.post("/repos/octocat/example/deployments", json={"ref": "main"}).json()
    assert (deployment["performed_via_github_app"], deployment["creator"]["login"]) == (None, "github-actions[bot]")
    assert repo.add_check_run("main", name="ci").check_suite.app is token.app
    body = {"name": "lint", "head_sha": repo.sha("main")}
    reported = http.post("/repos/octocat/example/check-runs", json=body).json()
    assert reported["app"]["slug"] == "github-actions"
    assert reported["app"]["permissions"]["actions"] == "write"


def test_each_app_has_a_check_suite_of_its_own(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Two apps may report a run of the same name, and each may change only its own."""
    repo = ghdeploy.add_repository("octocat/example")
    runs = []
    for slug in ("one", "two", "one"):
        ghdeploy.add_token(f"token-of-{slug}", user=f"{slug}[bot]", permissions={"checks": "write"})
        http.headers["Authorization"] = f"token token-of-{slug}"
        body = {"name": "ci", "head_sha": repo.sha("main")}
        runs.append(http.post("/repos/octocat/example/check-runs", json=body).json())
    assert [run["app"]["slug"] for run in runs] == ["one", "two", "one"]
    first, second, third = (run["check_suite"]["id"] for run in runs)
    assert first == third != second
    listed = http.get("/repos/octocat/example/commits/main/check-runs").json()["check_runs"]
    assert {run["id"] for run in listed} == {runs[1]["id"], runs[2]["id"]}
    event = ghdeploy.assert_event("check_run", action="created").payload
    assert (event["sender"]["login"], event["check_run"]["app"]["slug"]) == ("one[bot]", "one")

    refused = http.patch(f"/repos/octocat/example/check-runs/{runs[1]['id']}", json={"conclusion": "success"})
    message = (
        f"Invalid app_id `{runs[0]['app']['id']}` - check run can only be modified by the GitHub App that created it."
    )
    assert (refused.status_code, refused.json()["message"]) == (403, message)
    assert refused.headers["X-GHDeploy-Hint"] == "the check run belongs to the app two, and the token to one"
    unread = http.patch(f"/repos/octocat/example/check-runs/{runs[1]['id']}", data="{")
    assert unread.json() == refused.json()
    accepted = http.patch(f"/repos/octocat/example/check-runs/{runs[2]['id']}", json={"conclusion": "success"})
    assert accepted.json()["conclusion"] == "success"


# Expiry


def test_a_token_is_accepted_until_it_expires(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Responses and refusals show the time of expiry. From that second on the token is a 401 with a hint."""
    ghdeploy.clock.move_to(datetime(2022, 5, 13, 15, 1, 12, tzinfo=UTC))
    ghdeploy.add_token(TEXT, expires_at=datetime(2022, 5, 13, 15, 1, 13, tzinfo=UTC))
    http.headers["Authorization"] = f"token {TEXT}"
    for path in (f"/repos/{repo.full_name}", "/repos/octocat/none", "/nope"):
        headers = http.get(path).headers
        assert headers["github-authentication-token-expiration"] == "2022-05-13 15:01:13 UTC"
    ghdeploy.clock.tick(seconds=1)
    reply = http.get(f"/repos/{repo.full_name}")
    assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")
    assert reply.headers["X-GHDeploy-Hint"] == (
        "the token of octocat has expired: it is 2022-05-13 15:01:13 UTC by ghdeploy.clock, "
        "and expires_at is 2022-05-13 15:01:13 UTC"
    )
    assert "github-authentication-token-expiration" not in reply.headers


def test_a_revoked_token_is_bad_credentials(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Revoking the last token does not make every token valid again."""
    ghdeploy.add_token(TEXT, scopes=["repo"])
    http.headers["Authorization"] = f"token {TEXT}"
    assert http.get(f"/repos/{repo.full_name}").status_code == 200
    ghdeploy.revoke_token(TEXT)
    for text, hint in (
        (TEXT, "the token of octocat was revoked with revoke_token or DELETE /installation/token"),
        (
            "another",
            "the token was not added with add_token (tokens added: 1); until one is added, every token is accepted",
        ),
    ):
        http.headers["Authorization"] = f"token {text}"
        reply = http.get(f"/repos/{repo.full_name}")
        assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")
        assert reply.headers["X-GHDeploy-Hint"] == hint
    del http.headers["Authorization"]
    assert http.get(f"/repos/{repo.full_name}").status_code == 200
    ghdeploy.add_token(TEXT, user="mona", permissions={})
    reply = http.get("/user", headers={"Authorization": f"token {TEXT}"})
    assert (reply.json()["login"], "X-OAuth-Scopes" in reply.headers) == ("mona", False)


# Renamed repositories


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 301),
        ({"scopes": ["repo"]}, 301),
        ({"scopes": ["repo_deployment"]}, 404),
        ({"permissions": {}}, 301),
        ({"permissions": {}, "repositories": []}, 404),
        ({"permissions": {}, "repositories": ["octocat/example"]}, 301),
        ({"user": "a[bot]", "permissions": {}}, 301),
        ({"user": "a[bot]", "permissions": {}, "repositories": []}, 404),
    ],
)
def test_a_former_name_redirects_only_callers_who_see_the_repository(
    http: requests.Session, ghdeploy: FakeGitHub, given: dict[str, Any], status: int
) -> None:
    """A token for a repository still covers it after a rename."""
    repo = ghdeploy.add_repository("octocat/example", private=True)
    ghdeploy.add_token(TEXT, **given)
    repo.rename("octocat/new")
    http.headers["Authorization"] = f"token {TEXT}"
    assert http.get("/repos/octocat/example", allow_redirects=False).status_code == status
    assert http.get("/repos/octocat/new").status_code == (200 if status == 301 else 404)


# Hints


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (
            {"scopes": ["repo:status", "gist"]},
            (
                "the token of mona has the scopes gist, repo:status; repos/create-deployment on public repository "
                "acme/app needs public_repo or repo or repo_deployment: "
                'add_token(..., scopes=["repo"])'
            ),
        ),
        (
            {"permissions": {"contents": "write"}},
            (
                "the token of mona has the permissions contents=write, metadata=read; repos/create-deployment needs "
                'deployments=write: add_token(..., permissions={"deployments": "write"})'
            ),
        ),
        (
            {"permissions": {"deployments": "write"}, "repositories": ["acme/other"]},
            (
                "the token of mona covers acme/other only, not public repository acme/app: "
                'add_token(..., repositories=["acme/other", "acme/app"])'
            ),
        ),
        (
            {"user": "deployer[bot]", "permissions": {}, "repositories": []},
            (
                "the token of deployer[bot] covers no repository, not public repository acme/app: "
                'add_token(..., repositories=["acme/app"])'
            ),
        ),
        (
            {"user": "hubot", "permissions": {"deployments": "write"}},
            (
                "hubot has only the right 'pull' on public repository acme/app; repos/create-deployment needs 'push': "
                'repo.add_collaborator("hubot"), or add_token(..., user="acme")'
            ),
        ),
    ],
)
def test_the_hint_says_what_the_setup_lacks(
    http: requests.Session, ghdeploy: FakeGitHub, given: dict[str, Any], hint: str
) -> None:
    """It names the token, the right or the repositories."""
    ghdeploy.add_user("mona")
    ghdeploy.add_repository("acme/app").add_collaborator("mona", "push")
    ghdeploy.add_repository("acme/other")
    ghdeploy.add_token(TEXT, **{"user": "mona", **given})
    http.headers["Authorization"] = f"token {TEXT}"
    reply = http.post("/repos/acme/app/deployments", json={"ref": "main"})
    assert reply.status_code in (403, 404)
    assert ghdeploy.requests[-1].hint == hint


def test_the_hint_says_how_to_give_a_token_rights(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """By default a token that was added acts as octocat, who has no rights on the repositories of others."""
    repo = ghdeploy.add_repository("acme/app")
    ghdeploy.add_token(TEXT)
    http.headers["Authorization"] = f"token {TEXT}"
    body = {"ref": "main", "required_contexts": []}
    reply = http.post("/repos/acme/app/deployments", json=body)
    assert (reply.status_code, reply.headers["X-GHDeploy-Hint"]) == (
        404,
        (
            "octocat has only the right 'pull' on public repository acme/app; repos/create-deployment needs 'push': "
            'repo.add_collaborator("octocat"), or add_token(..., user="acme")'
        ),
    )
    reply = http.post("/repos/acme/app/hooks", json={"config": {"url": "http://127.0.0.1:1/"}})
    assert reply.headers["X-GHDeploy-Hint"].endswith(
        """repos/create-webhook needs 'admin': repo.add_collaborator("octocat", "admin"), """
        """or add_token(..., user="acme")"""
    )
    repo.add_collaborator("octocat")
    assert http.post("/repos/acme/app/deployments", json=body).status_code == 201


def test_the_other_way_in_the_hint_works_too(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """A token of the owner has every right."""
    ghdeploy.add_repository("acme/app")
    ghdeploy.add_token(TEXT, user="acme")
    http.headers["Authorization"] = f"token {TEXT}"
    assert http.post("/repos/acme/app/deployments", json={"ref": "main"}).status_code == 201


def test_the_hint_for_an_anonymous_caller_says_that_no_token_was_sent(
    http: requests.Session, ghdeploy: FakeGitHub
) -> None:
    """Both where any token is needed, and where the repository is private."""
    ghdeploy.add_repository("acme/app", private=True)
    ghdeploy.add_repository("octocat/example")
    del http.headers["Authorization"]
    reply = http.get("/repos/acme/app")
    assert (reply.status_code, reply.headers["X-GHDeploy-Hint"]) == (
        404,
        (
            "no token was sent, and an anonymous caller has no right on private repository acme/app; repos/get needs "
            "'pull': send the header Authorization"
        ),
    )
    path = "/repos/octocat/example/deployments"
    reply = http.post(path, json={"ref": "main"})
    assert (reply.status_code, reply.headers["X-GHDeploy-Hint"]) == (
        401,
        f"no token was sent, and POST {path} needs one: send the header Authorization",
    )


@pytest.mark.parametrize(
    ("given", "needs"),
    [
        ({"scopes": ["gist"]}, 'needs public_repo or repo: add_token(..., scopes=["repo"])'),
        (
            {"permissions": {}},
            'needs administration=write: add_token(..., permissions={"administration": "write"})',
        ),
    ],
)
def test_the_hint_for_creating_a_repository_says_what_the_token_lacks(
    http: requests.Session, ghdeploy: FakeGitHub, given: dict[str, Any], needs: str
) -> None:
    """It spells the call, with the scope that also allows private repositories."""
    ghdeploy.add_token(TEXT, **given)
    http.headers["Authorization"] = f"token {TEXT}"
    assert http.post("/user/repos", json={"name": "made"}).headers["X-GHDeploy-Hint"].endswith(needs)
