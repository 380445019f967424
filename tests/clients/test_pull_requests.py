"""Real clients, unmodified: pull requests through PyGithub and github3.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
from github import Auth, Github, GithubException

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return octocat/example with the branches main, and topic with one more commit."""
    repository = ghdeploy.add_repository("octocat/example")
    repository.add_branch("topic")
    repository.add_commit("topic", message="Add a page", files={"page.txt": "one\n"})
    return repository


def test_pygithub_opens_changes_and_merges(repo: Repository) -> None:
    """The whole life of a pull request."""
    remote: Any = Github(auth=Auth.Token("any-token")).get_repo("octocat/example")
    pull = remote.create_pull(base="main", head="topic", title="A page", body="Text", draft=False)
    assert (pull.number, pull.mergeable, pull.mergeable_state) == (1, None, "unknown")
    pull.update()
    assert (pull.mergeable, pull.mergeable_state, pull.commits, pull.additions) == (True, "clean", 1, 1)
    assert [each.sha for each in pull.get_commits()] == [repo.sha("topic")]
    assert [each.filename for each in pull.get_files()] == ["page.txt"]
    pull.edit(title="Another page", state="closed")
    assert [each.number for each in remote.get_pulls(state="closed", head="octocat:topic")] == [1]
    pull.edit(state="open")
    repo.add_commit("main")
    assert pull.update_branch() is True
    assert not pull.is_merged()
    status = pull.merge(merge_method="squash", commit_title="Ship it")
    assert (status.merged, status.sha) == (True, repo.sha("main"))
    assert pull.is_merged()
    assert [each.number for each in remote.get_commit("main").get_pulls()] == [1]
    with pytest.raises(GithubException) as refused:
        pull.merge()
    assert (refused.value.status, refused.value.data["message"]) == (405, "Pull Request is not mergeable")


def test_github3_opens_and_merges(repo: Repository) -> None:
    """It reads every member that it knows."""
    remote = github3.login(token="any-token").repository("octocat", "example")  # noqa: S106 - no secret
    pull = remote.create_pull("A page", "main", "topic")
    assert pull.mergeable is None
    assert remote.pull_request(1).mergeable is True
    assert [each.filename for each in pull.files()] == ["page.txt"]
    assert pull.merge(merge_method="rebase") is True
    assert remote.pull_request(1).is_merged()
    assert repo.pull_request(1).merged
