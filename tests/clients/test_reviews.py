"""Reviews of pull requests with PyGithub and githubkit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from github import Auth, Github, GithubException
from githubkit import GitHub

if TYPE_CHECKING:
    from github.PullRequest import PullRequest as Remote

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository

TOKENS = {"octocat": "ghp_of_octocat_0001", "mona": "ghp_of_mona_0001"}


@pytest.fixture
def pull(repo: Repository, ghdeploy: FakeGitHub) -> PullRequest:
    """Open a pull request of octocat. Its repository has the collaborator mona."""
    for login, token in TOKENS.items():
        ghdeploy.add_token(token, user=login)
    repo.add_collaborator("mona")
    repo.add_branch("topic")
    repo.add_commit("topic")
    return repo.add_pull_request("topic")


def remote(login: str) -> Remote:
    """Return the pull request as a PyGithub object of this user."""
    return Github(auth=Auth.Token(TOKENS[login])).get_repo("octocat/example").get_pull(1)


@pytest.mark.usefixtures("pull")
def test_pygithub_writes_and_dismisses_reviews() -> None:
    """Approve, list, read, edit, dismiss, and be refused on one's own pull request."""
    review = remote("mona").create_review(body="Fine", event="APPROVE")
    assert (review.state, review.user.login, review.commit_id) == ("APPROVED", "mona", remote("mona").head.sha)
    assert [known.id for known in remote("octocat").get_reviews()] == [review.id]
    assert remote("octocat").get_review(review.id).submitted_at == review.submitted_at
    review.edit("Very fine")
    assert remote("octocat").get_review(review.id).body == "Very fine"
    remote("octocat").get_review(review.id).dismiss("Too early")
    assert remote("mona").get_review(review.id).state == "DISMISSED"
    with pytest.raises(GithubException) as refused:
        remote("octocat").create_review(event="APPROVE")
    assert (refused.value.status, refused.value.data["errors"]) == (422, ["Can not approve your own pull request"])


@pytest.mark.usefixtures("pull")
def test_pygithub_deletes_a_pending_review() -> None:
    """A review without an event is pending."""
    pending = remote("mona").create_review()
    assert (pending.state, [known.id for known in remote("mona").get_reviews()]) == ("PENDING", [pending.id])
    pending.delete()
    assert list(remote("mona").get_reviews()) == []


@pytest.mark.usefixtures("pull")
def test_pygithub_requests_reviews() -> None:
    """The request ends when it is withdrawn, and when the review is there."""
    for end in (
        lambda: remote("octocat").delete_review_request(["mona"]),
        lambda: remote("mona").create_review(event="APPROVE"),
    ):
        remote("octocat").create_review_request(["mona"])
        users, teams = remote("octocat").get_review_requests()
        assert ([user.login for user in users], list(teams)) == (["mona"], [])
        assert [user.login for user in remote("octocat").requested_reviewers] == ["mona"]
        end()
        assert remote("octocat").requested_reviewers == []


def test_pygithub_merges_once_a_review_approves(pull: PullRequest, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Until then, the merge of a collaborator is refused with a 405, and the pull request is blocked."""
    repo.protect_branch("main", required_approvals=1)
    ghdeploy.add_user("hubot")
    repo.add_collaborator("hubot")
    assert remote("mona").mergeable_state == "blocked"
    with pytest.raises(GithubException) as refused:
        remote("mona").merge()
    message = "At least 1 approving review is required by reviewers with write access."
    assert (refused.value.status, refused.value.data["message"]) == (405, message)
    pull.add_review("APPROVED", user="hubot")
    assert remote("mona").mergeable_state == "clean"
    assert remote("mona").merge().merged


@pytest.mark.usefixtures("pull")
def test_githubkit_submits_a_pending_review() -> None:
    """Its models accept a pending review, which has no time."""
    client = GitHub(TOKENS["mona"])
    pulls = client.rest.pulls
    pending = pulls.create_review("octocat", "example", 1, body="Draft").parsed_data
    assert pending.state == "PENDING"
    submitted = pulls.submit_review("octocat", "example", 1, pending.id, event="APPROVE").parsed_data
    assert (submitted.state, submitted.body) == ("APPROVED", "Draft")
    assert [review["id"] for review in pulls.list_reviews("octocat", "example", 1).raw_response.json()] == [pending.id]
