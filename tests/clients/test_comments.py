"""Comments, reactions and labels with PyGithub and github3.py, unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
from github import Auth, Github, GithubException

if TYPE_CHECKING:
    from github.Repository import Repository as Remote

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository


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


@pytest.fixture
def pull(repo: Repository) -> PullRequest:
    """Return pull request 1."""
    repo.add_branch("topic")
    repo.add_commit("topic")
    return repo.add_pull_request("topic")


def test_pygithub_keeps_one_comment(remote: Remote, pull: PullRequest) -> None:
    """It is found by its marker, through the issue of a pull request or the pull request itself."""
    marker = "<!-- preview -->"
    assert not [each for each in remote.get_issue(1).get_comments() if marker in each.body]
    comment = remote.get_issue(1).create_comment(f"{marker} deploying")
    (found,) = [each for each in remote.get_pull(1).get_issue_comments() if marker in each.body]
    found.edit(f"{marker} deployed")
    assert [(each.id, each.body) for each in pull.comments] == [(comment.id, f"{marker} deployed")]
    assert remote.get_pull(1).create_issue_comment("another").issue_url.endswith("/issues/1")
    reaction = found.create_reaction("rocket")
    assert [each.content for each in found.get_reactions()] == ["rocket"]
    assert found.delete_reaction(reaction.id)
    found.delete()
    assert remote.get_issues_comments().totalCount == 1


def test_pygithub_labels_and_closes_a_pull_request(remote: Remote, pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """It sends arrays of names. A label that the pull request lacks is a 404."""
    issue = remote.get_issue(1)
    issue.add_to_labels("preview", "bug")
    issue.set_labels("bug", "qa")
    issue.remove_from_labels("bug")
    assert [label.name for label in issue.get_labels()] == [label.name for label in pull.labels] == ["qa"]
    with pytest.raises(GithubException) as refused:
        issue.remove_from_labels("preview")
    assert (refused.value.status, refused.value.data["message"]) == (404, "Label does not exist")
    issue.delete_labels()
    remote.get_pull(1).add_to_labels("qa")
    issue.edit(state="closed", labels=["closed by a tool"])
    assert (pull.state, [label.name for label in pull.labels]) == ("closed", ["closed by a tool"])
    assert [each.number for each in remote.get_issues(state="closed", labels=["closed by a tool"])] == [1]
    assert remote.get_issues().totalCount == 0
    assert issue.create_reaction("+1").content == "+1"
    changes = [event.action for event in ghdeploy.events.named("pull_request")]
    assert changes[1:5] == ["labeled", "labeled", "unlabeled", "labeled"]


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


def test_github3_comments_on_a_pull_request(pull: PullRequest) -> None:
    """It asks for text and HTML too."""
    login: Any = github3.login(token="a-token-for-tests")  # noqa: S106
    issue = login.repository("octocat", "example").issue(1)
    assert (issue.body_text, issue.body_html) == ("", "")
    comment = issue.create_comment("Deploying")
    assert comment.edit("Deployed")
    assert [each.body_text for each in issue.comments()] == ["Deployed"]
    assert [label.name for label in issue.add_labels("preview")] == ["preview"]
    assert issue.remove_label("preview") == []
    assert issue.close()
    assert (pull.state, pull.comments[0].body) == ("closed", "Deployed")
