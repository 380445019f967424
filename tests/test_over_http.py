"""A suite may use HTTP alone, once there is a repository: every outcome of creating a deployment is reached so."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

API = "https://api.github.com/repos/octocat/example"


class Tool:
    """What a deploy tool in any language does: requests, and nothing that knows of the fake."""

    def __init__(self) -> None:
        """Bring a token."""
        self._session = requests.Session()
        self._session.headers["Authorization"] = "Bearer your-token"

    def ask(self, method: str, path: str, body: object = None, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        """Send a request, which is to be answered with *status*."""
        reply = self._session.request(method, f"{API}{path}", json=body, timeout=10)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    def head(self, branch: str) -> str:
        """Find the commit of a branch."""
        sha: str = self.ask("GET", f"/git/ref/heads/{branch}")["object"]["sha"]
        return sha

    def branch(self, name: str, sha: str) -> None:
        """Begin a branch."""
        self.ask("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha}, 201)

    def push(self, branch: str, path: str, text: str) -> str:
        """Commit a new file."""
        body = {"message": f"Add {path}", "content": base64.b64encode(text.encode()).decode(), "branch": branch}
        sha: str = self.ask("PUT", f"/contents/{path}", body, 201)["commit"]["sha"]
        return sha

    def report(self, sha: str, state: str) -> None:
        """Report on a commit."""
        self.ask("POST", f"/statuses/{sha}", {"state": state, "context": "ci/tests"}, 201)

    def deploy(self, ref: str, status: int, **more: object) -> Any:  # noqa: ANN401 - JSON
        """Ask for a deployment."""
        return self.ask("POST", "/deployments", {"ref": ref} | more, status)


@pytest.fixture
def tool(ghdeploy: FakeGitHub) -> Tool:
    """Give the tool a repository."""
    ghdeploy.add_repository("octocat/example")
    return Tool()


def test_every_outcome_of_a_deployment_is_reached_over_http(tool: Tool, ghdeploy: FakeGitHub) -> None:
    """Nothing is in the way, then the branch is behind, then CI fails, then the branches clash, then it is gone."""
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


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'Invalid request.\n\n"ref" wasn\'t supplied.'),
        ({"ref": "nope"}, "No ref found for: nope"),
        (
            {"ref": "main", "auto_merge": "false"},
            "Invalid request.\n\nFor 'properties/auto_merge', \"false\" is not a boolean.",
        ),
        ({"ref": "main", "environment": "x" * 256}, "Validation Failed"),
        ({"ref": "main", "payload": "x" * 65_536}, "Validation Failed"),
    ],
)
def test_every_422_of_a_deployment_is_reached_over_http(tool: Tool, body: object, message: str) -> None:
    """A body of the wrong shape, a ref that names nothing, a limit that is broken."""
    assert tool.ask("POST", "/deployments", body, 422)["message"] == message


def test_a_conflict_is_resolved_over_http(tool: Tool) -> None:
    """Once the topic has what main has, it merges, by hand and on deployment."""
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
    """A ref that is moved back by force is behind: 202 once, and 201 after it, or after a move forward."""
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
    """A tag can be moved, but not merged into."""
    tool.ask("POST", "/git/refs", {"ref": "refs/tags/v1", "sha": tool.head("main")}, 201)
    tool.deploy("v1", 201)
    head = tool.push("main", "a.txt", "a\n")
    tool.deploy("v1", 409)
    tool.ask("PATCH", "/git/refs/tags/v1", {"sha": head})
    assert [tag["name"] for tag in tool.ask("GET", "/tags")] == ["v1"]
    assert tool.deploy("v1", 201)["sha"] == head
