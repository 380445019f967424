"""Comments, reactions and labels with PyGithub and github3.py, unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
from github import Auth, Github, GithubException

if TYPE_CHECKING:
    from github.Repository import Repository as Remote

    from pytest_ghdeploy import FakeGitHub, Repository


@pytest.fixture
def remote(repo: Repository) -> Remote:
    """Return the repository as PyGithub sees it."""
    return Github(auth=Auth.Token("a-token-for-tests")).get_repo(repo.full_name)


def test_pygithub_comments_on_a_commit(remote: Remote, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """A comment is created, changed, reacted to and deleted."""
    commit = remote.get_commit("main")
    comment = commit.create_comment("Why?", line=3, path="app.py")
    shown = comment.raw_data
    assert (shown["path"], shown["line"], shown["position"], comment.user.login) == ("app.py", 3, None, "octocat")
    assert comment.last_modified_datetime is None
    comment.edit("Because.")
    assert [(each.id, each.body) for each in commit.get_comments()] == [(comment.id, "Because.")]
    reaction = comment.create_reaction("hooray")
    assert [each.content for each in comment.get_reactions()] == ["hooray"]
    assert repo.commit_comments()[0].reactions["hooray"] == 1
    assert comment.delete_reaction(reaction.id)
    assert remote.get_comment(comment.id).body == "Because."
    comment.delete()
    assert remote.get_comments().totalCount == 0
    ghdeploy.assert_event("commit_comment", path="app.py", line=3)


def test_pygithub_manages_labels(remote: Remote, repo: Repository) -> None:
    """A label is created, changed and deleted. A name that is taken is a 422."""
    label = remote.create_label("kind/bug", "d73a4a", "A bug")
    assert remote.get_label("kind/bug").description == "A bug"
    label.edit("kind/defect", "ededed")
    assert [each.name for each in remote.get_labels()] == [each.name for each in repo.labels]
    with pytest.raises(GithubException) as refused:
        remote.create_label("BUG", "ededed")
    assert (refused.value.status, refused.value.data["errors"][0]["code"]) == (422, "already_exists")
    remote.get_label("kind/defect").delete()
    assert len(repo.labels) == 9


def test_github3_comments_on_a_commit_and_manages_labels(repo: Repository) -> None:
    """It reads the same objects."""
    login: Any = github3.login(token="a-token-for-tests")  # noqa: S106
    remote = login.repository("octocat", "example")
    comment = remote.create_comment("Looks good.", repo.sha("main"))
    assert (comment.body, comment.position, comment.path) == ("Looks good.", None, None)
    assert (comment.body_text, comment.body_html) == ("Looks good.", '<p dir="auto">Looks good.</p>')
    assert comment.edit("Ship it.")
    assert [each.body for each in remote.comments()] == ["Ship it."]
    assert comment.delete()
    label = remote.create_label("preview", "0e8a16")
    assert label.update("preview", "ededed")
    assert remote.label("preview").color == "ededed"
    assert label.delete()
