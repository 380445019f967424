"""The permissions and rights that the endpoints around pull requests need: one row for each kind of answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from client import REPO, Client

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository
    from pytest_ghdeploy.github.model import Permission

PULLS = f"{REPO}/pulls"
REVIEWERS = f"{PULLS}/1/requested_reviewers"

ACCEPTED = [
    ("GET", PULLS, "pull_requests=read"),
    ("GET", f"{PULLS}/1", "pull_requests=read; contents=read"),
    ("GET", f"{PULLS}/1/commits", "pull_requests=read"),
    ("GET", f"{PULLS}/1/files", "pull_requests=read"),
    ("GET", f"{REPO}/commits/topic/pulls", "pull_requests=read; contents=read"),
    ("PATCH", f"{PULLS}/1", "pull_requests=write"),
    ("PUT", f"{PULLS}/1/merge", "contents=write"),
    ("GET", f"{REPO}/issues/1", "issues=read"),
    ("GET", f"{REPO}/issues/1/comments", "issues=read; pull_requests=read"),
    ("GET", f"{REPO}/labels", "issues=read; pull_requests=read"),
    ("GET", f"{REPO}/git/trees/main", "contents=read"),
]
"""Recorded in the header X-Accepted-GitHub-Permissions, or documented by GitHub."""


@pytest.fixture(autouse=True)
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return a private repository with a pull request."""
    repository = ghdeploy.add_repository("octocat/example", private=True)
    repository.add_branch("topic")
    repository.add_commit("topic")
    repository.add_pull_request("topic")
    return repository


@pytest.mark.parametrize(("method", "path", "accepted"), ACCEPTED)
@pytest.mark.parametrize("permission", ["pull_requests", "contents", "issues"])
def test_one_of_the_accepted_permissions_is_enough(
    ghdeploy: FakeGitHub, method: str, path: str, accepted: str, permission: str
) -> None:
    """An app without any of them gets a 403. Both answers name them."""
    app = ghdeploy.add_app("bot", permissions={permission: "write"})
    client = Client(authorization=f"token {app.install('octocat').token()}")

    answer = client.request(method, path, json=None if method == "GET" else {})

    assert answer.status_code == (200 if f"{permission}=" in accepted else 403)
    assert answer.headers["X-Accepted-GitHub-Permissions"] == accepted


@pytest.mark.parametrize(("right", "status"), [("pull", 404), ("triage", 201), ("push", 201)])
def test_triage_is_enough_to_request_reviews(
    ghdeploy: FakeGitHub, repo: Repository, right: Permission, status: int
) -> None:
    """GitHub's table of roles grants it from triage on."""
    ghdeploy.add_user("mona")
    repo.add_collaborator("mona", right)
    ghdeploy.add_token("of-mona", user="mona")
    client = Client(authorization="token of-mona")

    assert client.post(REVIEWERS, json={"reviewers": ["mona"]}).status_code == status
    assert client.delete(REVIEWERS, json={"reviewers": ["mona"]}).status_code == (200 if status == 201 else 404)
