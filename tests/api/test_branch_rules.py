"""Rules of branches: `repos/get-branch-rules`, and what they forbid."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

REPO = "/repos/octocat/example"
NO_UPDATE = "Repository rule violations found\n\nCannot update this protected ref.\n\n"
NO_CREATION = "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n"


def test_a_branch_has_no_rules_until_a_test_adds_them(http: requests.Session, repo: Repository) -> None:
    """The list is empty, for a branch that does not exist too."""
    for branch in (repo.default_branch, "nope", "a/b"):
        reply = http.get(f"{REPO}/rules/branches/{branch}")
        assert (reply.status_code, reply.json()) == (200, [])


def test_the_rules_of_a_branch_are_listed(http: requests.Session, repo: Repository) -> None:
    """Oldest first, each with its own ruleset. The branch need not exist."""
    checks = {"strict_required_status_checks_policy": True, "required_status_checks": [{"context": "ci"}]}
    repo.add_branch_rule("release/*", "deletion")
    repo.add_branch_rule("~ALL", "required_status_checks", parameters=checks)
    repo.add_branch_rule("~DEFAULT_BRANCH", "non_fast_forward")
    rules = http.get(f"{REPO}/rules/branches/release/1").json()
    assert rules == [
        {
            "type": "deletion",
            "ruleset_source_type": "Repository",
            "ruleset_source": "octocat/example",
            "ruleset_id": rules[0]["ruleset_id"],
        },
        {
            "type": "required_status_checks",
            "parameters": checks,
            "ruleset_source_type": "Repository",
            "ruleset_source": "octocat/example",
            "ruleset_id": rules[1]["ruleset_id"],
        },
    ]
    assert rules[0]["ruleset_id"] != rules[1]["ruleset_id"]
    types = [rule["type"] for rule in http.get(f"{REPO}/rules/branches/main").json()]
    assert types == ["required_status_checks", "non_fast_forward"]


def test_a_rule_restricts_the_creation_of_branches(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """The refusal is that of any ref that git refuses. Tags and other branches are free."""
    repo.add_branch_rule("release/**/*", "creation")
    sha = repo.sha("main")
    before = snapshot()
    reply = http.post(f"{REPO}/git/refs", json={"ref": "refs/heads/release/a/b", "sha": sha})
    assert (reply.status_code, reply.json()["message"]) == (422, "Reference update failed")
    hint = "the rule 'creation' for 'release/**/*', which add_branch_rule has added, applies to 'release/a/b'"
    assert reply.headers["X-GHDeploy-Hint"] == hint
    assert snapshot() == before
    for ref in ("refs/tags/release/1", "refs/heads/releases"):
        assert http.post(f"{REPO}/git/refs", json={"ref": ref, "sha": sha}).status_code == 201


def test_a_rule_restricts_updates_of_a_branch(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """An update that changes nothing passes."""
    repo.add_branch_rule("main", "update")
    first = repo.sha("main")
    repo.add_branch("topic")
    ahead = repo.add_commit("topic")
    before = snapshot()
    reply = http.patch(f"{REPO}/git/refs/heads/main", json={"sha": ahead})
    assert (reply.status_code, reply.json()["message"]) == (422, NO_UPDATE)
    assert "errors" not in reply.json()
    assert snapshot() == before
    assert http.patch(f"{REPO}/git/refs/heads/main", json={"sha": first}).status_code == 200
    assert http.patch(f"{REPO}/git/refs/heads/topic", json={"sha": first, "force": True}).status_code == 200


def test_a_rule_forbids_commits_of_files(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """The 409 has the member `metadata`."""
    repo.add_commit("main", files={"a.txt": "a"})
    sha = http.get(f"{REPO}/contents/a.txt").json()["sha"]
    repo.add_branch_rule("~DEFAULT_BRANCH", "update")
    before = snapshot()
    content = base64.b64encode(b"b").decode()
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "b.txt", {"message": "Add", "content": content}),
        ("PUT", "a.txt", {"message": "Change", "content": content, "sha": sha}),
        ("DELETE", "a.txt", {"message": "Remove", "sha": sha}),
    ]
    for method, path, body in bodies:
        reply = http.request(method, f"{REPO}/contents/{path}", json=body)
        assert reply.status_code == 409
        assert list(reply.json()) == ["message", "metadata", "documentation_url", "status"]
        assert (reply.json()["message"], reply.json()["metadata"]) == (NO_UPDATE, {})
    assert snapshot() == before
    repo.add_branch("topic")
    assert http.put(f"{REPO}/contents/b.txt", json=bodies[0][2] | {"branch": "topic"}).status_code == 201


def test_a_rule_forbids_the_first_commit_of_a_repository(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """It would create the branch."""
    http.post("/user/repos", json={"name": "empty"})
    ghdeploy.repository("octocat/empty").add_branch_rule("main", "creation")
    body = {"message": "Add", "content": ""}
    reply = http.put("/repos/octocat/empty/contents/a.txt", json=body)
    assert (reply.status_code, reply.json()["message"]) == (409, NO_CREATION)


def test_merges_and_python_are_free(http: requests.Session, repo: Repository) -> None:
    """A merge was measured to pass for an administrator."""
    repo.add_branch("topic")
    repo.add_commit("topic")
    repo.add_branch_rule("~ALL", "update")
    repo.add_branch_rule("~ALL", "creation")
    assert http.post(f"{REPO}/merges", json={"base": "main", "head": "topic"}).status_code == 201
    repo.add_branch("other")
    repo.add_commit("other")


def test_rules_go_with_the_repository(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """A new repository with the same name has none."""
    repo.add_branch_rule("~ALL", "update")
    http.delete(REPO)
    ghdeploy.add_repository("octocat/example")
    assert http.get(f"{REPO}/rules/branches/main").json() == []


@pytest.mark.parametrize(
    ("arguments", "argument", "message"),
    [
        ({"pattern": "main", "type": "updates"}, "type", "unknown type of a rule 'updates'; known: update"),
        ({"pattern": 1, "type": "update"}, "pattern", "pattern must be a string, got 1"),
        ({"pattern": "main", "type": "update", "parameters": [1]}, "parameters", "parameters must be a mapping"),
        ({"pattern": "main", "type": "update", "parameters": {"a": {1}}}, "parameters", "cannot be written as JSON"),
    ],
)
def test_a_mistake_in_python(
    repo: Repository, snapshot: Callable[[], object], arguments: dict[str, Any], argument: str, message: str
) -> None:
    """It names the argument."""
    before = snapshot()
    with pytest.raises(FakeError, match=message) as caught:
        repo.add_branch_rule(**arguments)
    assert caught.value.argument == argument
    assert snapshot() == before
