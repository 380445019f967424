"""
The life of a pull request that is deployed to a preview environment, through the clients that teams use.

An app deploys the pull request, comments on it once and later edits the comment,
reports a commit status, and cleans up after the merge.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import fetched
import jwt
import outside
import pytest
import requests
from fetched import NODE
from github import Auth, Github, GithubException, GithubIntegration

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ghdeploy import App, FakeGitHub, LiveServer

Call = Callable[..., Any]
"""A function of a method and path, a status and the members of a body. It returns the JSON of the response."""

API = "https://api.github.com"
DEVELOPER = "ghp_of_the_developer"
MARKER = "<!-- preview -->"
ENVIRONMENT = "preview-1"
PAGE = "https://preview-1.example.com"
PERMISSIONS = {"contents": "read", "deployments": "write", "pull_requests": "write", "statuses": "write"}

EVENTS: list[str | tuple[str, dict[str, object]]] = [
    ("create", {"ref": "topic"}),
    "push",
    ("push", {"ref": "refs/heads/topic"}),
    ("pull_request", {"action": "opened"}),
    ("issue_comment", {"action": "created"}),
    ("deployment", {"environment": ENVIRONMENT}),
    ("deployment_status", {"state": "in_progress"}),
    ("deployment_status", {"state": "success"}),
    ("status", {"context": "preview"}),
    ("issue_comment", {"action": "edited"}),
    ("push", {"ref": "refs/heads/main"}),
    ("pull_request", {"action": "closed"}),
    "delete",  # inactive, before it, dispatches nothing
    ("push", {"ref": "refs/heads/topic"}),
]


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> App:
    """Add a repository, a token of its owner, and an app that is installed on it."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(DEVELOPER)
    app = ghdeploy.add_app("preview", permissions=PERMISSIONS)
    app.install("octocat", repositories=["octocat/example"])
    return app


def life(as_developer: Call, as_app: Call) -> None:
    """Send the requests of a pull request's life."""
    repo, ref = "/repos/octocat/example", "refs/pull/1/merge"
    main = as_developer(f"GET {repo}/git/ref/heads/main", 200)["object"]["sha"]
    as_developer(f"POST {repo}/git/refs", 201, ref="refs/heads/topic", sha=main)
    content = base64.b64encode(b"print('new')\n").decode()
    as_developer(f"PUT {repo}/contents/app.py", 201, message="Add an app", content=content, branch="topic")
    opened = as_developer(f"POST {repo}/pulls", 201, title="Add an app", head="topic", base="main")
    assert (opened["number"], opened["mergeable"]) == (1, None)

    pull = as_app(f"GET {repo}/pulls/1", 200)
    assert (pull["mergeable"], pull["mergeable_state"]) == (True, "clean")
    merge = as_app(f"GET {repo}/git/ref/pull/1/merge", 200)["object"]["sha"]
    assert merge == pull["merge_commit_sha"]
    assert as_app(f"GET {repo}/issues/1/comments", 200) == []
    comment = as_app(f"POST {repo}/issues/1/comments", 201, body=f"{MARKER}\nDeploying …")
    deployment = as_app(
        f"POST {repo}/deployments",
        201,
        ref=ref,
        environment=ENVIRONMENT,
        transient_environment=True,
        auto_merge=False,
        required_contexts=[],
    )
    assert (deployment["ref"], deployment["sha"]) == (ref, merge)
    statuses = f"{repo}/deployments/{deployment['id']}/statuses"
    as_app(f"POST {statuses}", 201, state="in_progress")
    as_app(f"POST {statuses}", 201, state="success", environment_url=PAGE)
    as_app(f"POST {repo}/statuses/{pull['head']['sha']}", 201, state="success", context="preview", target_url=PAGE)
    [found] = [each for each in as_app(f"GET {repo}/issues/1/comments", 200) if each["body"].startswith(MARKER)]
    assert found["id"] == comment["id"]
    as_app(f"PATCH {repo}/issues/comments/{found['id']}", 200, body=f"{MARKER}\n{PAGE}")

    assert as_developer(f"PUT {repo}/pulls/1/merge", 200, sha=pull["head"]["sha"])["merged"] is True
    assert as_app(f"GET {repo}/pulls/1", 200)["merged"] is True
    as_app(f"GET {repo}/git/ref/pull/1/merge", 404)
    as_app(f"POST {statuses}", 201, state="inactive")
    as_app(f"DELETE {repo}/deployments/{deployment['id']}", 204)
    as_developer(f"DELETE {repo}/environments/{ENVIRONMENT}", 204)
    as_developer(f"DELETE {repo}/git/refs/heads/topic", 204)


def check(fake: FakeGitHub) -> None:
    """Check what the life of the pull request has left behind."""
    repo = fake.repository("octocat/example")
    pull = repo.pull_request(1)
    assert (pull.state, pull.merged) == ("closed", True)
    [comment] = pull.comments
    assert (comment.user.login, comment.body) == ("preview[bot]", f"{MARKER}\n{PAGE}")
    assert (repo.deployments, repo.environments) == ([], [])
    assert [branch.name for branch in repo.branches] == ["main"]
    fake.assert_events(EVENTS)
    created = fake.assert_event("deployment").payload["deployment"]
    assert created["creator"]["login"] == "preview[bot]"


# The API itself


def caller(api: str, authorization: str) -> Call:
    """Return a function that calls the API with requests."""
    session = requests.Session()
    session.headers["Authorization"] = authorization

    def call(spec: str, status: int, **body: object) -> Any:  # noqa: ANN401 - JSON
        method, path = spec.split(" ")
        response = session.request(method, api + path, json=body or None, timeout=10)
        assert response.status_code == status, (spec, response.text)
        return response.json() if response.content else None

    return call


def installation_token(app: App) -> str:
    """Exchange a JWT for a token as the documentation of GitHub describes it."""
    now = int(time.time())
    signed = jwt.encode({"iat": now - 60, "exp": now + 540, "iss": app.client_id}, app.private_key, "RS256")
    as_app = caller(API, f"Bearer {signed}")
    installation = as_app("GET /repos/octocat/example/installation", 200)
    token: str = as_app(f"POST /app/installations/{installation['id']}/access_tokens", 201)["token"]
    return token


def test_over_http(ghdeploy: FakeGitHub, app: App) -> None:
    """Nothing but requests: the token of the app, too, is exchanged for a JWT."""
    life(caller(API, f"token {DEVELOPER}"), caller(API, f"Bearer {installation_token(app)}"))
    check(ghdeploy)


# Libraries


def test_with_pygithub(ghdeploy: FakeGitHub, app: App) -> None:
    """PyGithub signs the JWT and exchanges it by itself."""
    repo = Github(auth=Auth.Token(DEVELOPER)).get_repo("octocat/example")
    installation = GithubIntegration(auth=Auth.AppAuth(app.id, app.private_key)).get_repo_installation(
        "octocat", "example"
    )
    of_app = installation.get_github_for_installation().get_repo("octocat/example")

    repo.create_git_ref("refs/heads/topic", repo.get_branch("main").commit.sha)
    repo.create_file("app.py", "Add an app", "print('new')\n", branch="topic")
    opened = repo.create_pull(base="main", head="topic", title="Add an app")
    assert opened.number == 1

    pull = of_app.get_pull(1)
    assert (pull.mergeable, pull.mergeable_state) == (True, "clean")
    assert of_app.get_git_ref("pull/1/merge").object.sha == pull.merge_commit_sha
    comment = pull.create_issue_comment(f"{MARKER}\nDeploying …")
    deployment = of_app.create_deployment(
        "refs/pull/1/merge",
        environment=ENVIRONMENT,
        transient_environment=True,
        auto_merge=False,
        required_contexts=[],
    )
    deployment.create_status("in_progress")
    deployment.create_status("success", environment_url=PAGE)
    of_app.get_commit(pull.head.sha).create_status("success", context="preview", target_url=PAGE)
    [found] = [each for each in pull.get_issue_comments() if each.body.startswith(MARKER)]
    assert found.id == comment.id
    found.edit(f"{MARKER}\n{PAGE}")

    assert opened.merge(sha=pull.head.sha).merged
    assert of_app.get_pull(1).merged
    with pytest.raises(GithubException, match="Not Found"):
        of_app.get_git_ref("pull/1/merge")
    deployment.create_status("inactive")
    of_app.requester.requestJsonAndCheck("DELETE", deployment.url)  # PyGithub has no method for it
    repo.delete_environment(ENVIRONMENT)
    repo.get_git_ref("heads/topic").delete()
    check(ghdeploy)


@pytest.mark.parametrize("version", ["2022-11-28", "2026-03-10"])
def test_with_githubkit(ghdeploy: FakeGitHub, app: App, version: str) -> None:
    """Githubkit exchanges the JWT by itself, and its strict models accept each response."""
    githubkit: Any = importlib.import_module("githubkit")  # without its types, which are too many for mypy
    strategy = githubkit.AppInstallationAuthStrategy(
        app.id, app.private_key, app.installations[0].id, client_secret=None, client_id=None
    )
    cache = importlib.import_module("githubkit.cache").MemCacheStrategy()  # the default lives as long as the process
    of_developer = githubkit.GitHub(DEVELOPER, http_cache=False)
    of_app = githubkit.GitHub(strategy, http_cache=False, cache_strategy=cache)
    developer, rest = of_developer.rest(version), of_app.rest(version)
    where = ("octocat", "example")

    main = developer.git.get_ref(*where, "heads/main").parsed_data.object_.sha
    developer.git.create_ref(*where, ref="refs/heads/topic", sha=main)
    content = base64.b64encode(b"print('new')\n").decode()
    developer.repos.create_or_update_file_contents(
        *where, "app.py", message="Add an app", content=content, branch="topic"
    )
    opened = developer.pulls.create(*where, title="Add an app", head="topic", base="main").parsed_data
    assert (opened.number, opened.mergeable) == (1, None)

    pull = rest.pulls.get(*where, 1).parsed_data
    assert (pull.mergeable, pull.mergeable_state) == (True, "clean")
    merge = rest.git.get_ref(*where, "pull/1/merge").parsed_data.object_.sha
    comment = rest.issues.create_comment(*where, 1, body=f"{MARKER}\nDeploying …").parsed_data
    deployment = rest.repos.create_deployment(
        *where,
        ref="refs/pull/1/merge",
        environment=ENVIRONMENT,
        transient_environment=True,
        auto_merge=False,
        required_contexts=[],
    ).parsed_data
    assert deployment.sha == merge
    rest.repos.create_deployment_status(*where, deployment.id, state="in_progress")
    rest.repos.create_deployment_status(*where, deployment.id, state="success", environment_url=PAGE)
    rest.repos.create_commit_status(*where, pull.head.sha, state="success", context="preview", target_url=PAGE)
    [found] = [
        each for each in rest.issues.list_comments(*where, 1).parsed_data if each.body and each.body.startswith(MARKER)
    ]
    assert found.id == comment.id
    rest.issues.update_comment(*where, found.id, body=f"{MARKER}\n{PAGE}")

    assert developer.pulls.merge(*where, 1, sha=pull.head.sha).parsed_data.merged
    assert rest.pulls.get(*where, 1).parsed_data.merged
    with pytest.raises(githubkit.exception.RequestFailed):
        rest.git.get_ref(*where, "pull/1/merge")
    rest.repos.create_deployment_status(*where, deployment.id, state="inactive")
    rest.repos.delete_deployment(*where, deployment.id)
    developer.repos.delete_an_environment(*where, ENVIRONMENT)
    developer.git.delete_ref(*where, "heads/topic")
    check(ghdeploy)


# Programs


OCTOKIT = """
import { Octokit } from "@octokit/rest";
import { createAppAuth } from "@octokit/auth-app";
import assert from "node:assert/strict";

const { API, APP_ID, PRIVATE_KEY, DEVELOPER, MARKER, ENVIRONMENT, PAGE } = process.env;
const where = { owner: "octocat", repo: "example" };
const developer = new Octokit({ auth: DEVELOPER, baseUrl: API }).rest;
const app = new Octokit({
  authStrategy: createAppAuth, auth: { appId: APP_ID, privateKey: PRIVATE_KEY }, baseUrl: API,
});
const { data: { id: installationId } } = await app.rest.apps.getRepoInstallation(where);
const { git, issues, pulls, repos } = new Octokit({
  authStrategy: createAppAuth, auth: { appId: APP_ID, privateKey: PRIVATE_KEY, installationId }, baseUrl: API,
}).rest;

const { data: { object: { sha } } } = await developer.git.getRef({ ...where, ref: "heads/main" });
await developer.git.createRef({ ...where, ref: "refs/heads/topic", sha });
const content = Buffer.from("print('new')\\n").toString("base64");
await developer.repos.createOrUpdateFileContents({
  ...where, path: "app.py", message: "Add an app", content, branch: "topic",
});
const { data: opened } = await developer.pulls.create({
  ...where, title: "Add an app", head: "topic", base: "main",
});
assert.deepEqual([opened.number, opened.mergeable], [1, null]);
const pull_number = opened.number, issue_number = opened.number;

const { data: pull } = await pulls.get({ ...where, pull_number });
assert.deepEqual([pull.mergeable, pull.mergeable_state], [true, "clean"]);
const { data: merge } = await git.getRef({ ...where, ref: "pull/1/merge" });
assert.equal(merge.object.sha, pull.merge_commit_sha);
const { data: comment } = await issues.createComment({ ...where, issue_number, body: `${MARKER}\\nDeploying …` });
const { data: deployment } = await repos.createDeployment({
  ...where, ref: "refs/pull/1/merge", environment: ENVIRONMENT, transient_environment: true, auto_merge: false,
  required_contexts: [],
});
const deployment_id = deployment.id;
await repos.createDeploymentStatus({ ...where, deployment_id, state: "in_progress" });
await repos.createDeploymentStatus({ ...where, deployment_id, state: "success", environment_url: PAGE });
await repos.createCommitStatus({
  ...where, sha: pull.head.sha, state: "success", context: "preview", target_url: PAGE,
});
const { data: comments } = await issues.listComments({ ...where, issue_number });
const found = comments.find(({ body }) => body.startsWith(MARKER));
assert.equal(found.id, comment.id);
await issues.updateComment({ ...where, comment_id: found.id, body: `${MARKER}\\n${PAGE}` });

const { data: merged } = await developer.pulls.merge({ ...where, pull_number, sha: pull.head.sha });
assert.ok(merged.merged);
await assert.rejects(git.getRef({ ...where, ref: "pull/1/merge" }), { status: 404 });
await repos.createDeploymentStatus({ ...where, deployment_id, state: "inactive" });
await repos.deleteDeployment({ ...where, deployment_id });
await developer.repos.deleteAnEnvironment({ ...where, environment_name: ENVIRONMENT });
await developer.git.deleteRef({ ...where, ref: "heads/topic" });
"""


@pytest.mark.slow
def test_with_octokit(ghdeploy: FakeGitHub, app: App, ghdeploy_server: LiveServer, tmp_path: Path) -> None:
    """Octokit signs the JWT and exchanges it by itself."""
    fetched.from_npm("@octokit/rest")
    fetched.from_npm("@octokit/auth-app")
    env = {
        "API": ghdeploy_server.api_url,
        "APP_ID": str(app.id),
        "PRIVATE_KEY": app.private_key,
        "DEVELOPER": DEVELOPER,
        "MARKER": MARKER,
        "ENVIRONMENT": ENVIRONMENT,
        "PAGE": PAGE,
    }
    command = [fetched.program("node"), "--input-type=module", "--eval", OCTOKIT]
    code, _, problem = outside.run(command, env, tmp_path, NODE)
    assert code == 0, problem
    check(ghdeploy)


@pytest.mark.slow
def test_with_gh(ghdeploy: FakeGitHub, app: App, ghdeploy_server: LiveServer, tmp_path: Path) -> None:
    """`gh api` sends each request, as a step of a workflow may do."""
    server = ghdeploy_server(tls=True)
    program = shutil.which("gh") or str(fetched.from_debian("usr/bin/gh", "gh"))

    def with_token(token: str) -> Call:
        env = {**os.environ, **server.env, "HOME": str(tmp_path), "GH_ENTERPRISE_TOKEN": token, "GH_HOST": host}

        def call(spec: str, status: int, **body: object) -> Any:  # noqa: ANN401 - JSON
            method, path = spec.split(" ")
            command = [program, "api", "--include", "--method", method, path.removeprefix("/")]
            command += ["--input", "-"] if body else []
            done = subprocess.run(  # noqa: S603 - the requests above
                command, env=env, input=json.dumps(body), capture_output=True, text=True, timeout=60, check=False
            )
            head, _, text = done.stdout.replace("\r\n", "\n").partition("\n\n")
            assert head.split(" ")[1] == str(status), (spec, done.stdout, done.stderr)
            return json.loads(text) if text.strip() else None

        return call

    host = server.url.removeprefix("https://")
    life(with_token(DEVELOPER), with_token(installation_token(app)))
    check(ghdeploy)
