"""Reviews of pull requests with PyGithub and githubkit, and as PyGithub has recorded them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import recordings
import requests
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


@pytest.mark.parametrize(
    ("recording", "methods", "state"),
    [
        ("PullRequestReview.setUp", {"GET"}, "APPROVED"),
        ("PullRequestReview.testAttributes", {"GET"}, "APPROVED"),
        ("PullRequestReview.testEdit", {"PUT"}, "APPROVED"),
        ("PullRequestReview.testDismiss", {"PUT"}, "APPROVED"),
        ("PullRequest1169.testReviewApproveWithoutBody", {"POST"}, "APPROVED"),
        ("PullRequestReview1856.testDelete", {"GET", "DELETE"}, "PENDING"),
        ("PullRequest.testReviewRequests", {"GET"}, "APPROVED"),
    ],
)
def test_responses_are_those_that_github_has_given(
    pull: PullRequest, ghdeploy: FakeGitHub, recording: str, methods: set[str], state: str
) -> None:
    """
    The status is the same, and the body has the recorded shape.

    Some recorded requests of 2018 are left out: GitHub has since changed what a review without an event is, and
    what it answers to the removal of a request.
    """
    ghdeploy.add_user("hubot")
    ghdeploy.repository("octocat/example").add_collaborator("hubot")
    headers = {"Authorization": f"Bearer {TOKENS['mona']}"}
    url = "https://api.github.com/repos/octocat/example/pulls/1"
    requests.post(f"{url}/requested_reviewers", json={"reviewers": ["hubot"]}, headers=headers, timeout=10)
    if state == "PENDING":
        review_id = requests.post(f"{url}/reviews", headers=headers, timeout=10).json()["id"]
    else:
        review_id = pull.add_review(state, user="mona").id
    exchanges = [
        exchange
        for exchange in recordings.load(recording)
        if exchange.method in methods and re.search(r"/pulls/[0-9]+/(reviews|requested_reviewers)", exchange.path)
    ]
    assert exchanges
    for exchange in exchanges:
        path = re.sub("/reviews/[0-9]+", f"/reviews/{review_id}", exchange.path.partition("/pulls/")[2])
        reply = requests.request(
            exchange.method,
            f"{url}{path.lstrip('0123456789')}",
            json=json.loads(exchange.request_body or "null"),
            headers=headers,
            timeout=10,
        )
        assert reply.status_code == exchange.status
        assert list(recordings.differences(exchange.body, reply.json(), is_recent=False)) == []
