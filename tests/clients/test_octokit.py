"""
Octokit-style calls: the very requests that Octokit in JavaScript sends, by way of requests.

Octokit puts parameters into a route's template, percent-encoded down to the
slash, and what is left into the query or the body; it is told of previews by
``Accept``, comma-joined; it follows ``Link``. Source: @octokit/endpoint and
@octokit/plugin-paginate-rest.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ghdeploy import FakeGitHub, Repository

V3 = "application/vnd.github.v3+json"
USUAL = {
    "accept": V3,
    "user-agent": "octokit-rest.js/20.0.2 octokit-core.js/5.0.2 Node.js/20.10.0 (linux; x64)",
    "authorization": "token ghp_of_the_tests_0001",
}
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"
REPO = {"owner": "octocat", "repo": "example"}


def component(value: object) -> str:
    """Encode like JavaScript's encodeURIComponent and RFC 6570, including slashes."""
    return quote(str(value), safe="-_.~")


def octokit(route: str, headers: dict[str, str] | None = None, **parameters: object) -> requests.Response:
    """Send the request of ``octokit.request(route, parameters)``."""
    left = REPO | parameters
    method, template = route.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda found: component(left.pop(found[1])), template)
    left = {name: value for name, value in left.items() if name not in REPO}
    sent = USUAL | (headers or {})
    body = None
    if method in ("GET", "HEAD"):
        query = "&".join(f"{name}={component(value)}" for name, value in left.items())
        path += f"?{query}" if query else ""
    elif left:
        body = json.dumps(left.pop("data", None) or left).encode()
        sent["content-type"] = "application/json; charset=utf-8"
    elif method in ("PATCH", "PUT"):
        body = b""
    return requests.request(method, f"https://api.github.com{path}", data=body, headers=sent, timeout=10)


def paginate(route: str, *, per_page: int) -> Iterator[Any]:
    """Send the requests of ``octokit.paginate(route, parameters)``: follow next, and unwrap the list in an object."""
    answer = octokit(route, per_page=per_page)
    while True:
        data = answer.json()
        if isinstance(data, dict):
            data = next(value for value in data.values() if isinstance(value, list))
        yield from data
        found = re.search(r'<([^<>]+)>;\s*rel="next"', answer.headers.get("link", ""))
        if not found:
            return
        answer = requests.get(found[1], headers=USUAL, timeout=10)


def error_of(answer: requests.Response) -> str:
    """Format a refusal like Octokit's RequestError."""
    data = answer.json()
    text: str = data["message"]
    if isinstance(data.get("errors"), list):
        text += f": {', '.join(json.dumps(each) for each in data['errors'])}"
    return f"{text} - {data['documentation_url']}" if "documentation_url" in data else text


# Deployments


@pytest.mark.parametrize("payload", [{"environment": "production"}, json.dumps({"ticket": 7}), {}, ""])
def test_a_deployment_from_beginning_to_end(ghdeploy: FakeGitHub, repo: Repository, payload: object) -> None:
    """Created, read, reported on, listed. A payload is returned as it was sent, as an object or a string."""
    made = octokit(
        "POST /repos/{owner}/{repo}/deployments",
        ref="main",
        environment="staging",
        payload=payload,
        required_contexts=[],
        auto_merge=False,
        headers={"accept": "application/vnd.github.ant-man-preview+json"},
    )
    assert (made.status_code, made.json()["payload"]) == (201, payload)
    status = octokit(
        "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
        deployment_id=made.json()["id"],
        state="in_progress",
        log_url="https://ci.example.com/1",
        headers={"accept": "application/vnd.github.flash-preview+json,application/vnd.github.ant-man-preview+json"},
    )
    assert (status.status_code, status.json()["state"]) == (201, "in_progress")
    listed = octokit("GET /repos/{owner}/{repo}/deployments", environment="staging", task="deploy")
    assert [deployment["id"] for deployment in listed.json()] == [made.json()["id"]]
    assert repo.deployments[0].payload == payload
    assert ghdeploy.assert_event("deployment", environment="staging").payload["deployment"]["payload"] == payload


def test_octokits_error_message_has_the_contexts(repo: Repository) -> None:
    """It is the message in the log of a tool."""
    repo.add_commit_status("main", state="pending", context="ci")
    refused = octokit("POST /repos/{owner}/{repo}/deployments", ref="main")
    assert refused.status_code == 409
    assert error_of(refused) == (
        'Conflict: Commit status checks failed for main.: {"contexts": [{"context": "ci", "state": "pending"}], '
        '"resource": "Deployment", "field": "required_contexts", "code": "invalid"} - '
        "https://docs.github.com/rest/deployments/deployments#create-a-deployment"
    )


def test_all_pages_are_followed(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Of a plain list, and of a list inside an object."""
    ids = [repo.add_deployment(ref="main", environment=f"pr-{number}").id for number in range(7)]
    route = "GET /repos/{owner}/{repo}/deployments"
    assert [found["id"] for found in paginate(route, per_page=3)] == ids[::-1]
    route = "GET /repos/{owner}/{repo}/environments"
    assert [found["name"] for found in paginate(route, per_page=3)] == [f"pr-{number}" for number in range(6, -1, -1)]
    assert len(ghdeploy.requests) == 6


@pytest.mark.parametrize(
    "accept",
    [
        V3,
        "application/vnd.github+json",
        "application/vnd.github.ant-man-preview+json",
        "application/vnd.github.cannonball-preview+json",
        "application/vnd.github.ant-man-preview+json,application/vnd.github.flash-preview+json",
        f"{V3}, application/vnd.github.antiope-preview+json",
        "application/json",
        "*/*",
    ],
)
@pytest.mark.usefixtures("repo")
def test_every_accept_of_octokit_is_accepted(accept: str) -> None:
    """Previews of earlier years, and lists of them, have no effect."""
    created = octokit("POST /repos/{owner}/{repo}/deployments", ref="main", headers={"accept": accept})
    assert created.status_code == 201
    got = octokit(
        "GET /repos/{owner}/{repo}/deployments/{deployment_id}",
        deployment_id=created.json()["id"],
        headers={"accept": accept},
    )
    assert (got.status_code, got.json()) == (200, created.json())
    assert got.headers["Content-Type"] == "application/json; charset=utf-8"


# Environments


@pytest.mark.parametrize("name", ["production", "eu/production 1", "zürich", "a%b", "a+b", "#1?"])
def test_environments_with_every_name(repo: Repository, name: str) -> None:
    """Any name, encoded, leads to the environment and to everything below it."""
    path = "/repos/{owner}/{repo}/environments/{environment_name}"
    created = octokit(
        f"PUT {path}",
        environment_name=name,
        wait_timer=5,
        reviewers=None,
        deployment_branch_policy={"protected_branches": False, "custom_branch_policies": True},
    )
    assert (created.status_code, created.json()["name"]) == (200, name)
    assert octokit(f"GET {path}", environment_name=name).json() == created.json()
    policies = f"{path}/deployment-branch-policies"
    policy = octokit(f"POST {policies}", environment_name=name, name="release/*").json()
    listed = octokit(f"GET {policies}", environment_name=name).json()
    assert listed == {"total_count": 1, "branch_policies": [policy]}
    assert octokit(f"PUT {path}", environment_name=name).json()["protection_rules"] == []
    assert octokit(f"DELETE {path}", environment_name=name).status_code == 204
    assert repo.environments == []


def test_a_custom_protection_rule(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Enabled, listed, disabled."""
    repo.add_environment("eu/production")
    app = ghdeploy.add_app("gate")
    path = "/repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules"
    made = octokit(f"POST {path}", environment_name="eu/production", integration_id=app.id)
    assert (made.status_code, made.json()["app"]["slug"]) == (201, "gate")
    listed = octokit(f"GET {path}", environment_name="eu/production").json()
    assert listed == {"total_count": 1, "custom_deployment_protection_rules": [made.json()]}
    rule = made.json()["id"]
    gone = octokit(f"DELETE {path}/{{protection_rule_id}}", environment_name="eu/production", protection_rule_id=rule)
    assert gone.status_code == 204


# Deploy keys and check runs


def test_deploy_keys(repo: Repository) -> None:
    """Created, read, refused a second time, deleted."""
    created = octokit("POST /repos/{owner}/{repo}/keys", title="server", key=f"{ED25519} me@home\n", read_only=True)
    assert (created.status_code, created.json()["key"]) == (201, ED25519)
    got = octokit("GET /repos/{owner}/{repo}/keys/{key_id}", key_id=created.json()["id"])
    assert got.json() == created.json()
    refused = octokit("POST /repos/{owner}/{repo}/keys", key=ED25519)
    assert refused.status_code == 422
    assert error_of(refused).startswith('Validation Failed: {"resource": "PublicKey", "code": "custom", "field": "key"')
    assert octokit("DELETE /repos/{owner}/{repo}/keys/{key_id}", key_id=created.json()["id"]).status_code == 204
    assert repo.deploy_keys == []


def test_check_runs_gate_a_deployment(repo: Repository) -> None:
    """A check run in progress blocks, a successful one does not. An encoded ref finds them."""
    repo.add_branch("feature/a")
    run = octokit(
        "POST /repos/{owner}/{repo}/check-runs", name="build", head_sha=repo.sha("feature/a"), status="in_progress"
    )
    assert run.status_code == 201
    for ref in ("feature/a", "heads/feature/a", repo.sha("feature/a")):
        found = octokit("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", ref=ref, filter="latest")
        assert [each["id"] for each in found.json()["check_runs"]] == [run.json()["id"]]
    assert octokit("POST /repos/{owner}/{repo}/deployments", ref="feature/a").status_code == 409
    route = "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}"
    done = octokit(route, check_run_id=run.json()["id"], conclusion="success")
    assert (done.json()["status"], done.json()["conclusion"]) == ("completed", "success")
    assert octokit("POST /repos/{owner}/{repo}/deployments", ref="feature/a").status_code == 201


# Git


def test_refs_are_encoded(repo: Repository) -> None:
    """`heads%2Ffeature%2Fa` is the branch: read, moved, listed by its prefix, deleted."""
    first = repo.sha("main")
    created = octokit("POST /repos/{owner}/{repo}/git/refs", ref="refs/heads/feature/a", sha=first)
    assert created.status_code == 201
    got = octokit("GET /repos/{owner}/{repo}/git/ref/{ref}", ref="heads/feature/a")
    assert got.json() == created.json()
    second = repo.add_commit("main")
    moved = octokit("PATCH /repos/{owner}/{repo}/git/refs/{ref}", ref="heads/feature/a", sha=second, force=False)
    assert (moved.status_code, repo.sha("feature/a")) == (200, second)
    listed = octokit("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", ref="heads/feature/").json()
    assert [each["ref"] for each in listed] == ["refs/heads/feature/a"]
    branch = octokit("GET /repos/{owner}/{repo}/branches/{branch}", branch="feature/a").json()
    assert (branch["name"], branch["commit"]["sha"]) == ("feature/a", second)
    assert octokit("GET /repos/{owner}/{repo}/commits/{ref}", ref="feature/a").json()["sha"] == second
    assert octokit("GET /repos/{owner}/{repo}/commits/{ref}/status", ref="heads/feature/a").json()["sha"] == second
    compared = octokit("GET /repos/{owner}/{repo}/compare/{basehead}", basehead=f"{first}...feature/a").json()
    assert (compared["status"], compared["ahead_by"]) == ("ahead", 1)
    assert octokit("DELETE /repos/{owner}/{repo}/git/refs/{ref}", ref="heads/feature/a").status_code == 204
    assert octokit("GET /repos/{owner}/{repo}/git/ref/{ref}", ref="heads/feature/a").status_code == 404


def test_a_file_is_found_by_an_encoded_path(repo: Repository) -> None:
    """`docs%2Fa b.md` is the file: created, read, and deleted with a body."""
    path = "/repos/{owner}/{repo}/contents/{path}"
    created = octokit(f"PUT {path}", path="docs/a b.md", message="Add", content="aGVsbG8K", branch="main")
    assert created.status_code == 201
    got = octokit(f"GET {path}", path="docs/a b.md", ref="main").json()
    assert (got["path"], got["content"]) == ("docs/a b.md", "aGVsbG8K\n")
    gone = octokit(f"DELETE {path}", path="docs/a b.md", message="Remove", sha=got["sha"])
    assert gone.status_code == 200
    assert octokit(f"GET {path}", path="docs/a b.md").status_code == 404
    assert repo.sha("main") == gone.json()["commit"]["sha"]


# Pull requests


def test_a_pull_request_from_beginning_to_end(repo: Repository) -> None:
    """Opened, merged, found by its commit. A refusal has the text of Octokit's error."""
    repo.add_branch("feature/a")
    repo.add_commit("feature/a")
    made = octokit("POST /repos/{owner}/{repo}/pulls", head="feature/a", base="main", title="A page")
    assert (made.status_code, made.json()["head"]["sha"]) == (201, repo.sha("feature/a"))
    found = octokit("GET /repos/{owner}/{repo}/pulls", head="octocat:feature/a").json()
    assert [pull["number"] for pull in found] == [1]
    merge = "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge"
    assert octokit(merge, pull_number=1, merge_method="squash").json()["merged"] is True
    page = "https://docs.github.com/rest/pulls/pulls#merge-a-pull-request"
    assert error_of(octokit(merge, pull_number=1)) == f"Pull Request is not mergeable - {page}"
    [pull] = octokit("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", commit_sha="main").json()
    assert (pull["number"], pull["state"]) == (1, "closed")
