"""Merging branches over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

    Snapshot = Callable[[], object]

PATH = "/repos/octocat/example"
PAGE = "https://docs.github.com/rest/branches/branches#merge-a-branch"


@pytest.mark.parametrize("kind", ["branch", "tag", "sha", "refs"])
def test_a_head_is_merged_into_a_branch(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, kind: str
) -> None:
    """`POST /repos/octocat/example/merges` makes a merge commit, even if a fast-forward is possible."""
    repo.add_branch("topic")
    theirs = repo.add_commit("topic", files={"a.txt": "a\n"})
    repo.add_tag("v1", "topic")
    ours = repo.sha("main")
    head = {"branch": "topic", "tag": "v1", "sha": theirs, "refs": "refs/heads/topic"}[kind]
    reply = http.post(f"{PATH}/merges", json={"base": "main", "head": head})
    assert reply.status_code == 201
    body = reply.json()
    assert (body["sha"], body["commit"]["message"]) == (repo.sha("main"), f"Merge {head} into main")
    assert [parent["sha"] for parent in body["parents"]] == [ours, theirs]
    assert http.get(f"{PATH}/contents/a.txt").status_code == 200
    (event,) = ghdeploy.events
    assert (event.name, event.payload["ref"], event.payload["before"]) == ("push", "refs/heads/main", ours)
    # Commits that topic already has are not distinct.
    assert [(commit["id"], commit["distinct"]) for commit in event.payload["commits"]] == [
        (theirs, False),
        (body["sha"], True),
    ]


def test_the_message_of_a_merge_can_be_chosen(http: requests.Session, repo: Repository) -> None:
    """An empty message gives the default."""
    for number, message in enumerate(("Bring it in", "")):
        repo.add_branch(f"topic{number}")
        repo.add_commit(f"topic{number}")
        body = {"base": "main", "head": f"topic{number}", "commit_message": message}
        created = http.post(f"{PATH}/merges", json=body).json()
        assert created["commit"]["message"] == (message or "Merge topic1 into main")


def test_a_branch_that_contains_the_head_is_not_changed(
    http: requests.Session, repo: Repository, snapshot: Snapshot
) -> None:
    """The response is a 204, and no event is dispatched."""
    repo.add_branch("old", behind=2)
    before = snapshot()
    for head in ("old", "main"):
        reply = http.post(f"{PATH}/merges", json={"base": "main", "head": head})
        assert (reply.status_code, reply.content) == (204, b"")
    assert snapshot() == before


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"head": "topic"}, 409, "Merge Conflict"),
        ({"head": "nope"}, 404, "Head does not exist"),
        ({"base": "nope"}, 404, "Base does not exist"),
        ({"base": "v1"}, 404, "Base does not exist"),
        ({"base": None}, 422, "Invalid request.\n\nFor 'properties/base', nil is not a string."),
    ],
)
def test_a_refused_merge_changes_nothing(
    http: requests.Session,
    repo: Repository,
    snapshot: Snapshot,
    body: dict[str, Any],
    status: int,
    message: str,
) -> None:
    """A conflict, an unknown side and a base that is not a branch have different messages and hints."""
    repo.add_branch("topic")
    repo.add_tag("v1", "main")
    repo.add_merge_conflict("topic")
    before = snapshot()
    reply = http.post(f"{PATH}/merges", json={"base": "main", "head": "topic"} | body)
    assert reply.status_code == status
    assert reply.json() == {"message": message, "documentation_url": PAGE, "status": str(status)}
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def test_a_merge_replaces_the_auto_merge_of_a_deployment(http: requests.Session, repo: Repository) -> None:
    """After merging the default branch, the topic deploys with a 201. Both report the same conflict."""
    repo.add_branch("topic", behind=1)
    assert http.post(f"{PATH}/merges", json={"base": "topic", "head": "main"}).status_code == 201
    assert http.post(f"{PATH}/deployments", json={"ref": "topic"}).status_code == 201
    repo.add_merge_conflict("topic")
    assert http.post(f"{PATH}/merges", json={"base": "topic", "head": "main"}).status_code == 409
    assert http.post(f"{PATH}/deployments", json={"ref": "topic"}).status_code == 409


def test_merging_needs_push(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, snapshot: Snapshot) -> None:
    """Without a user agent it is a 403, without a token a 401, with a reader's token a 404."""
    repo.add_branch("topic", behind=1)
    ghdeploy.add_token("reader", user="mona")
    before = snapshot()
    body = {"base": "topic", "head": "main"}
    answers = [
        http.post(f"{PATH}/merges", json=body, headers=headers).status_code
        for headers in ({"User-Agent": ""}, {"Authorization": None}, {"Authorization": "Bearer reader"})
    ]
    assert answers == [403, 401, 404]
    assert snapshot() == before
