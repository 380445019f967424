"""Suites in any language: every outcome of creating a deployment can be set up over HTTP alone."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy.http import schema

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

ROOT = "https://api.github.com"
API = f"{ROOT}/repos/octocat/example"


class Tool:
    """A deploy tool in any language, which only sends requests."""

    def __init__(self) -> None:
        """Bring a token."""
        self._session = requests.Session()
        self._session.headers["Authorization"] = "Bearer your-token"

    def ask(self, method: str, path: str, body: object = None, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        """Send a request, which is to be answered with *status*."""
        url = path if path.startswith(ROOT) else f"{API}{path}"
        reply = self._session.request(method, url, json=body, timeout=10)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    def create(self, name: str, **more: object) -> None:
        """Create a repository."""
        created = self.ask("POST", f"{ROOT}/user/repos", {"name": name} | more, 201)
        assert (created["full_name"], created["default_branch"]) == (f"octocat/{name}", "main")

    def head(self, branch: str) -> str:
        """Find the head of a branch."""
        sha: str = self.ask("GET", f"/git/ref/heads/{branch}")["object"]["sha"]
        return sha

    def branch(self, name: str, sha: str) -> None:
        """Create a branch."""
        self.ask("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha}, 201)

    def push(self, branch: str, path: str, text: str) -> str:
        """Commit a new file."""
        body = {"message": f"Add {path}", "content": base64.b64encode(text.encode()).decode(), "branch": branch}
        sha: str = self.ask("PUT", f"/contents/{path}", body, 201)["commit"]["sha"]
        return sha

    def report(self, sha: str, state: str) -> None:
        """Add a commit status."""
        self.ask("POST", f"/statuses/{sha}", {"state": state, "context": "ci/tests"}, 201)

    def deploy(self, ref: str, status: int, **more: object) -> Any:  # noqa: ANN401 - JSON
        """Create a deployment."""
        return self.ask("POST", "/deployments", {"ref": ref} | more, status)


@pytest.fixture
def tool(ghdeploy: FakeGitHub) -> Tool:
    """Make a tool that has created its repository over HTTP."""
    assert not ghdeploy.requests
    created = Tool()
    created.create("example", auto_init=True)
    return created


def test_every_outcome_of_a_deployment_is_reached_over_http(tool: Tool, ghdeploy: FakeGitHub) -> None:
    """The ref deploys, is behind, fails CI, conflicts, and finally does not exist."""
    tool.push("main", "app.py", "print('hello')\n")
    tool.branch("topic", tool.head("main"))
    tool.push("topic", "topic.txt", "mine\n")
    assert tool.deploy("topic", 201)["sha"] == tool.head("topic")

    tool.push("main", "more.txt", "on main\n")
    compared = tool.ask("GET", "/compare/main...topic")
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("diverged", 1, 1)
    assert tool.deploy("topic", 202) == {"message": "Auto-merged main into topic on deployment."}
    merged = tool.head("topic")
    assert tool.ask("GET", "/compare/main...topic")["status"] == "ahead"

    tool.report(merged, "pending")
    blocked = tool.deploy("topic", 409)
    assert blocked["message"] == "Conflict: Commit status checks failed for topic."
    assert blocked["errors"][0]["contexts"] == [{"context": "ci/tests", "state": "pending"}]
    tool.report(merged, "success")
    assert tool.deploy("topic", 201)["sha"] == merged

    tool.push("topic", "config.json", "as topic has it\n")
    tool.push("main", "config.json", "as main has it\n")
    assert tool.deploy("topic", 409)["message"] == "Conflict merging main into topic."
    assert tool.ask("POST", "/merges", {"base": "topic", "head": "main"}, 409)["message"] == "Merge Conflict"

    tool.ask("DELETE", "/git/refs/heads/topic", status=204)
    assert tool.deploy("topic", 422)["message"] == "No ref found for: topic"
    assert tool.deploy(merged, 409)["message"] == f"Conflict merging main into {merged}."
    assert tool.deploy(merged, 201, auto_merge=False)["sha"] == merged

    assert [event.name for event in ghdeploy.events] == [
        "push", "create", "push", "push", "deployment",
        "push", "push", "status", "status", "deployment",
        "push", "push", "delete", "push", "deployment",
    ]  # fmt: skip


# A value of the wrong type for each member of the body, and what GitHub says of it.
MISTYPED: dict[str, tuple[object, str]] = {
    "ref": (7, "For 'properties/ref', 7 is not a string."),
    "task": (["deploy"], "For 'properties/task', [\"deploy\"] is not a string."),
    "auto_merge": ("false", "For 'properties/auto_merge', \"false\" is not a boolean."),
    "required_contexts": ("ci", "For 'properties/required_contexts', \"ci\" is not an array."),
    "payload": ([], "For 'properties/payload', [] is not an object or string."),
    "environment": ({"a": 1}, "For 'properties/environment', {\"a\"=>1} is not a string."),
    "description": (1.5, "For 'properties/description', 1.5 is not a string or null."),
    "transient_environment": (1, "For 'properties/transient_environment', 1 is not a boolean."),
    "production_environment": ("", "For 'properties/production_environment', \"\" is not a boolean."),
}
UNKNOWN_REFS = [
    "nope",
    "refs/heads/nope",
    "refs/tags/nope",
    "refs/pull/1/merge",
    "refs/pull/1",
    "heads/nope",
    "",
    "0" * 40,
]


def too_long(field: str, limit: int) -> dict[str, str]:
    """Make GitHub's error for a string that is too long."""
    message = f"{field} is too long (maximum is {limit} characters)"
    return {"resource": "Deployment", "code": "custom", "field": field, "message": message}


def test_each_member_has_a_case_with_a_wrong_type() -> None:
    """The table has all members of the operation's schema."""
    assert MISTYPED.keys() == schema.load("repos/create-deployment")["$defs"]["request"]["properties"].keys()


@pytest.mark.parametrize(
    ("body", "message", "errors"),
    [
        (None, "Invalid request.\n\nFor 'links/0/schema', nil is not an object.", None),
        ({}, 'Invalid request.\n\n"ref" wasn\'t supplied.', None),
        ({"environment": "qa"}, 'Invalid request.\n\n"ref" wasn\'t supplied.', None),
        *(
            ({"ref": "main", name: value}, f"Invalid request.\n\n{said}", None)
            for name, (value, said) in MISTYPED.items()
        ),
        (
            {"ref": "main", "required_contexts": ["ci", 1]},
            "Invalid request.\n\nFor 'items', 1 is not a string.",
            None,
        ),
        (
            {"auto_merge": 1, "payload": 2},
            (
                "Invalid request.\n\nFor 'properties/auto_merge', 1 is not a boolean.\n"
                "For 'properties/payload', 2 is not an object or string.\n\"ref\" wasn't supplied."
            ),
            None,
        ),
        *(({"ref": ref}, f"No ref found for: {ref}", None) for ref in UNKNOWN_REFS),
        ({"ref": "main", "environment": "x" * 256}, "Validation Failed", [too_long("environment", 255)]),
        ({"ref": "main", "payload": "x" * 65_536}, "Validation Failed", [too_long("payload", 65_535)]),
        ({"ref": "main", "payload": {"x": "x" * 65_536}}, "Validation Failed", [too_long("payload", 65_535)]),
    ],
)
def test_every_422_of_a_deployment_is_reached_over_http(
    tool: Tool, ghdeploy: FakeGitHub, body: object, message: str, errors: object
) -> None:
    """A member has a wrong type, the ref does not exist, or a limit is broken."""
    refused = tool.ask("POST", "/deployments", body, 422)
    assert (refused["message"], refused.get("errors")) == (message, errors)
    assert tool.ask("GET", "/deployments") == []
    assert not ghdeploy.events


def test_an_empty_repository_begins_with_a_file_over_http(ghdeploy: FakeGitHub) -> None:
    """Without `auto_init` nothing can be deployed. The first file creates the default branch."""
    tool = Tool()
    tool.create("example")
    assert tool.deploy("main", 422)["message"] == "No ref found for: main"
    assert tool.ask("GET", "/branches") == tool.ask("GET", "/tags") == []
    assert tool.ask("GET", "/commits", status=409)["message"] == "Git Repository is empty."
    assert tool.ask("GET", "/contents", status=404)["message"] == "This repository is empty."
    assert tool.ask("GET", "/branches/main", status=404)["message"] == "Branch not found"
    tool.ask("GET", "/compare/main...main", status=404)
    tool.ask("GET", "/commits/main/status", status=404)
    tool.ask("POST", "/merges", {"base": "main", "head": "topic"}, 404)
    tool.ask("PATCH", "", {"default_branch": "topic"}, 422)
    assert not ghdeploy.events
    sha = tool.push("main", "app.py", "print('hello')\n")
    assert tool.deploy("main", 201)["sha"] == sha == tool.head("main")
    assert [event.name for event in ghdeploy.events] == ["create", "push", "deployment"]


def test_a_check_run_blocks_over_http(tool: Tool) -> None:
    """The check run is in progress, then skipped, then successful."""
    head = tool.head("main")
    run = tool.ask("POST", "/check-runs", {"name": "build", "head_sha": head, "status": "in_progress"}, 201)
    for change, state in [({}, "pending"), ({"conclusion": "skipped"}, "skipped")]:
        tool.ask("PATCH", f"/check-runs/{run['id']}", change)
        refused = tool.deploy("main", 409)
        assert refused["errors"][0]["contexts"] == [{"context": "build", "state": state}]
    assert tool.deploy("main", 409, required_contexts=["lint"])["errors"][0]["field"] == "required_contexts"
    tool.deploy("main", 201, required_contexts=[])
    tool.ask("PATCH", f"/check-runs/{run['id']}", {"conclusion": "success"})
    tool.deploy("main", 201)


def test_an_active_deployment_is_deleted_over_http_once_it_is_inactive(tool: Tool) -> None:
    """The test follows a deployment from its creation to the refusal and the deletion."""
    first, second = tool.deploy("main", 201), tool.deploy("main", 201)
    tool.ask("POST", f"/deployments/{second['id']}/statuses", {"state": "success"}, 201)
    tool.ask("DELETE", f"/deployments/{second['id']}", status=422)
    tool.ask("POST", f"/deployments/{second['id']}/statuses", {"state": "inactive"}, 201)
    tool.ask("DELETE", f"/deployments/{second['id']}", status=204)
    assert [left["id"] for left in tool.ask("GET", "/deployments")] == [first["id"]]


def test_a_conflict_is_resolved_over_http(tool: Tool) -> None:
    """Once the topic has the content of main, it merges, by hand and on deployment."""
    root = tool.head("main")
    tool.push("main", "config.json", "as main has it\n")
    tool.branch("topic", root)
    tool.push("topic", "config.json", "as topic has it\n")
    tool.deploy("topic", 409)
    blob = tool.ask("GET", "/contents/config.json?ref=topic")["sha"]
    content = tool.ask("GET", "/contents/config.json")["content"]
    body = {"message": "Give in", "content": content, "branch": "topic", "sha": blob}
    tool.ask("PUT", "/contents/config.json", body)
    tool.deploy("topic", 202)
    tool.deploy("topic", 201)


def test_a_branch_is_put_behind_and_brought_up_over_http(tool: Tool) -> None:
    """A ref that is moved back with force is behind: the deployment is a 202, and a 201 afterwards."""
    root = tool.head("main")
    tool.branch("release", root)
    head = tool.push("main", "a.txt", "a\n")
    tool.ask("PATCH", "/git/refs/heads/release", {"sha": head})
    tool.deploy("release", 201)
    refused = tool.ask("PATCH", "/git/refs/heads/release", {"sha": root}, 422)
    assert refused["message"] == "Update is not a fast forward"
    tool.ask("PATCH", "/git/refs/heads/release", {"sha": root, "force": True})
    tool.deploy("release", 202)
    tool.deploy("release", 201)


def test_a_tag_is_deployed_until_it_falls_behind_over_http(tool: Tool) -> None:
    """A tag can be moved, but nothing can be merged into it."""
    tool.ask("POST", "/git/refs", {"ref": "refs/tags/v1", "sha": tool.head("main")}, 201)
    tool.deploy("v1", 201)
    head = tool.push("main", "a.txt", "a\n")
    tool.deploy("v1", 409)
    tool.ask("PATCH", "/git/refs/tags/v1", {"sha": head})
    assert [tag["name"] for tag in tool.ask("GET", "/tags")] == ["v1"]
    assert tool.deploy("v1", 201)["sha"] == head
