"""
Reviews of pull requests over HTTP, and from Python.

The operations are `pulls/list-reviews`, `pulls/create-review`, `pulls/get-review`, `pulls/update-review`,
`pulls/delete-pending-review`, `pulls/submit-review` and `pulls/dismiss-review`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy import FakeError, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository, Review

    Snapshot = Callable[[], object]

PULL = "https://api.github.com/repos/octocat/example/pulls/1"
DOCS = "https://docs.github.com/rest/pulls/reviews"
TOKENS = {login: f"ghp_of_{login}_for_the_tests" for login in ("octocat", "mona", "hubot", "reader")}


@pytest.fixture
def pull(repo: Repository, ghdeploy: FakeGitHub) -> PullRequest:
    """Open a pull request of octocat, in a repository with the collaborators mona and hubot, and a user reader."""
    for login, token in TOKENS.items():
        ghdeploy.add_token(token, user=login)
    for login in ("mona", "hubot"):
        repo.add_collaborator(login)
    repo.add_branch("topic")
    repo.add_commit("topic")
    pull = repo.add_pull_request("topic")
    ghdeploy.events.clear()
    return pull


def ask(method: str, path: str, body: object = None, *, user: str = "mona", status: int = 200) -> Any:  # noqa: ANN401 - JSON
    """Send a request about the pull request, and return the JSON of the response, which must have this *status*."""
    headers = {"Authorization": f"Bearer {TOKENS[user]}"} if user else {}
    reply = requests.request(method, f"{PULL}{path}", json=body, headers=headers, timeout=10)
    assert reply.status_code == status, reply.text
    return reply.json()


def errors_of(body: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return the details of a refusal, which are strings."""
    assert body["message"] == "Unprocessable Entity"
    errors: list[str] = body["errors"]
    return errors


# Writing a review


@pytest.mark.parametrize(
    ("event", "state"), [("APPROVE", "APPROVED"), ("REQUEST_CHANGES", "CHANGES_REQUESTED"), ("COMMENT", "COMMENTED")]
)
def test_a_review_is_submitted_at_once(pull: PullRequest, ghdeploy: FakeGitHub, event: str, state: str) -> None:
    """GitHub responds 200. In the event, the state is in lower case, and the pull request has its short form."""
    ghdeploy.clock.tick(seconds=60)
    shown = ask("POST", "/reviews", {"event": event, "body": "Because"})

    page = f"https://github.com/octocat/example/pull/1#pullrequestreview-{shown['id']}"
    assert shown == shown | {
        "body": "Because",
        "state": state,
        "html_url": page,
        "pull_request_url": PULL,
        "author_association": "COLLABORATOR",
        "_links": {"html": {"href": page}, "pull_request": {"href": PULL}},
        "commit_id": pull.head.sha,
    }
    assert shown["user"]["login"] == "mona"
    assert shown["submitted_at"] == ask("GET", "")["updated_at"]

    event_ = ghdeploy.assert_event("pull_request_review", state=state.lower(), body="Because", user="mona")
    assert (event_.action, event_.payload["review"]["id"]) == ("submitted", shown["id"])
    assert event_.payload["sender"]["login"] == "mona"
    assert event_.payload["pull_request"]["number"] == 1
    assert "mergeable" not in event_.payload["pull_request"]
    assert len(ghdeploy.events) == 1


def test_a_review_without_an_event_is_pending(pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """Only its author sees it. It is edited, submitted and listed like any other afterwards."""
    shown = ask("POST", "/reviews", {"body": "Draft"})
    path = f"/reviews/{shown['id']}"
    assert (shown["state"], shown.get("submitted_at")) == ("PENDING", None)
    assert ask("GET", path) == shown
    assert ask("GET", "/reviews") == [shown]
    assert ask("GET", "/reviews", user="octocat") == ask("GET", "/reviews", user="") == []
    assert pull.reviews == []
    for method, more, body in (
        ("GET", "", None),
        ("PUT", "", {"body": "x"}),
        ("POST", "/events", {"event": "APPROVE"}),
    ):
        assert ask(method, f"{path}{more}", body, user="octocat", status=404)["message"] == "Not Found"

    assert ask("PUT", path, {"body": "Better"})["body"] == "Better"
    assert len(ghdeploy.events) == 0
    assert ask("POST", f"{path}/events", {"event": "APPROVE"})["state"] == "APPROVED"

    assert [event.action for event in ghdeploy.events] == ["submitted"]
    assert ghdeploy.events[0].payload["review"]["body"] == "Better"
    (review,) = pull.reviews
    assert (review.id, review.state, review.body) == (shown["id"], "APPROVED", "Better")
    assert ask("GET", path, user="octocat")["state"] == "APPROVED"


def test_a_pending_review_is_deleted(pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """The response shows it for the last time, and no event is dispatched."""
    shown = ask("POST", "/reviews")

    assert ask("DELETE", f"/reviews/{shown['id']}") == shown

    assert ask("GET", f"/reviews/{shown['id']}", status=404)["message"] == "Not Found"
    assert (len(ghdeploy.events), pull.reviews) == (0, [])
    assert ask("POST", "/reviews")["id"] != shown["id"]


def test_a_submission_may_change_the_text(pull: PullRequest) -> None:
    """The text of the pending review counts if the submission has none."""
    first = ask("POST", "/reviews", {"body": "Old"})
    assert ask("POST", f"/reviews/{first['id']}/events", {"event": "COMMENT", "body": "New"})["body"] == "New"
    second = ask("POST", "/reviews", {"body": "Old"})
    assert ask("POST", f"/reviews/{second['id']}/events", {"event": "COMMENT"})["body"] == "Old"
    assert [review.body for review in pull.reviews] == ["Old", "New"]


def test_an_earlier_commit_can_be_reviewed(pull: PullRequest, repo: Repository) -> None:
    """`commit_id` names a commit of the pull request, by default its head."""
    first = pull.head.sha
    repo.add_commit("topic")

    assert ask("POST", "/reviews", {"event": "APPROVE", "commit_id": first})["commit_id"] == first
    assert ask("POST", "/reviews", {"event": "APPROVE"})["commit_id"] == repo.sha("topic")


def test_reviews_are_listed_oldest_first(pull: PullRequest) -> None:
    """In pages, as any list. Python lists the newest one first, as all its lists."""
    ids = [ask("POST", "/reviews", {"event": "APPROVE"}, user=user)["id"] for user in ("mona", "hubot", "mona")]

    assert [review["id"] for review in ask("GET", "/reviews")] == ids
    assert [review["id"] for review in ask("GET", "/reviews?per_page=2&page=2")] == ids[2:]
    assert [review.id for review in pull.reviews] == ids[::-1]


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize(
    ("user", "body", "error"),
    [
        ("octocat", {"event": "APPROVE"}, "Can not approve your own pull request"),
        ("octocat", {"event": "REQUEST_CHANGES", "body": "x"}, "Can not request changes on your own pull request"),
        ("mona", {"event": "REQUEST_CHANGES"}, "Body can't be blank"),
        ("mona", {"event": "COMMENT", "body": " "}, "Body can't be blank"),
        ("mona", {"event": "APPROVE", "commit_id": "0" * 40}, "The commit is not part of the pull request"),
    ],
)
def test_an_impossible_review_is_refused(snapshot: Snapshot, user: str, body: dict[str, str], error: str) -> None:
    """The errors are strings, and nothing has changed."""
    before = snapshot()
    assert errors_of(ask("POST", "/reviews", body, user=user, status=422)) == [error]
    assert snapshot() == before


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize("event", ["PENDING", "", "approve"])
def test_an_unknown_event_is_refused(event: str) -> None:
    """Left out, it makes a pending review; there is no event for that."""
    assert ask("POST", "/reviews", {"event": event}, status=422)["message"].startswith("Invalid request.\n\n")


@pytest.mark.usefixtures("pull")
def test_a_user_has_one_pending_review() -> None:
    """It must be submitted or deleted before the next review. Others are not affected."""
    ask("POST", "/reviews")
    for body in ({}, {"event": "APPROVE"}):
        refused = ask("POST", "/reviews", body, status=422)
        assert errors_of(refused) == ["User can only have one pending review per pull request"]
    ask("POST", "/reviews", user="hubot")


def test_comments_on_lines_are_not_implemented(pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """An empty list of them is accepted, as PyGithub sends it."""
    assert ask("POST", "/reviews", {"event": "APPROVE", "comments": []})["state"] == "APPROVED"
    with pytest.raises(UnsupportedRequest, match="the fake does not implement the comments of pulls/create-review"):
        ask("POST", "/reviews", {"comments": [{"path": "a", "body": "b"}]})
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)
    assert len(pull.reviews) == 1


# Changing a review


def test_a_submitted_review_is_edited(pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """The event has the old text. The same text again changes nothing."""
    review = pull.add_review("APPROVED", user="mona", body="Old")
    ghdeploy.events.clear()

    for _ in range(2):
        assert ask("PUT", f"/reviews/{review.id}", {"body": "New"})["body"] == "New"

    (event,) = ghdeploy.events
    assert (event.name, event.action) == ("pull_request_review", "edited")
    assert event.payload["changes"] == {"body": {"from": "Old"}}
    assert (event.payload["review"]["body"], review.body, review.state) == ("New", "New", "APPROVED")


def test_others_need_write_access_to_edit_a_review(pull: PullRequest) -> None:
    """A collaborator may edit it, a reader may not."""
    review = pull.add_review("APPROVED", user="mona", body="Old")
    assert ask("PUT", f"/reviews/{review.id}", {"body": "New"}, user="hubot")["body"] == "New"
    ask("PUT", f"/reviews/{review.id}", {"body": "x"}, user="reader", status=403)
    assert review.body == "New"


@pytest.mark.parametrize("state", ["APPROVED", "CHANGES_REQUESTED"])
def test_a_decision_is_dismissed(pull: PullRequest, ghdeploy: FakeGitHub, state: str) -> None:
    """The time of its submission and its text stay."""
    review = pull.add_review(state, user="mona", body="Text")
    submitted_at = review.submitted_at
    ghdeploy.clock.tick(seconds=60)
    ghdeploy.events.clear()

    shown = ask("PUT", f"/reviews/{review.id}/dismissals", {"message": "Stale"}, user="octocat")

    assert (shown["state"], shown["body"], review.state) == ("DISMISSED", "Text", "DISMISSED")
    assert review.submitted_at == submitted_at
    event = ghdeploy.assert_event("pull_request_review", state="dismissed")
    assert (event.action, event.payload["sender"]["login"]) == ("dismissed", "octocat")
    again = ask("PUT", f"/reviews/{review.id}/dismissals", {"message": "Stale"}, user="octocat", status=422)
    assert errors_of(again) == ["Can not dismiss a dismissed pull request review"]


def test_a_comment_is_never_dismissed_deleted_or_submitted(pull: PullRequest, snapshot: Snapshot) -> None:
    """It is submitted already, and decides nothing."""
    path = f"/reviews/{pull.add_review('COMMENTED', user='mona').id}"
    before = snapshot()
    refusals = [
        ask("PUT", f"{path}/dismissals", {"message": "x"}, status=422),
        ask("DELETE", path, status=422),
        ask("POST", f"{path}/events", {"event": "APPROVE"}, status=422),
    ]
    assert [errors_of(refused) for refused in refusals] == [
        ["Can not dismiss a commented pull request review"],
        ["Can not delete a non-pending pull request review"],
        ["Can not submit a non-pending pull request review"],
    ]
    assert snapshot() == before


@pytest.mark.usefixtures("pull")
def test_reading_access_is_enough_to_review_but_not_to_dismiss(pull: PullRequest) -> None:
    """Everybody may review a pull request of a public repository. Anonymous callers may not."""
    shown = ask("POST", "/reviews", {"event": "APPROVE"}, user="reader")
    assert shown["author_association"] == "NONE"
    ask("PUT", f"/reviews/{shown['id']}/dismissals", {"message": "x"}, user="reader", status=404)
    ask("POST", "/reviews", {"event": "APPROVE"}, user="", status=401)
    assert [review.state for review in pull.reviews] == ["APPROVED"]


def test_a_review_is_found_in_its_own_pull_request(pull: PullRequest, repo: Repository) -> None:
    """A pull request that does not exist, and a review of another one, are not found."""
    repo.add_branch("other")
    repo.add_commit("other")
    other = repo.add_pull_request("other").add_review("APPROVED", user="mona")
    own = pull.add_review("APPROVED", user="mona")
    for path in (f"/reviews/{other.id}", "/reviews/7", "7/reviews", f"7/reviews/{own.id}"):
        assert ask("GET", path, status=404)["message"] == "Not Found"


# From Python


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ("APPROVED", "APPROVED"),
        ("APPROVE", "APPROVED"),
        ("CHANGES_REQUESTED", "CHANGES_REQUESTED"),
        ("REQUEST_CHANGES", "CHANGES_REQUESTED"),
        ("COMMENTED", "COMMENTED"),
        ("COMMENT", "COMMENTED"),
    ],
)
def test_a_review_is_added_from_python(pull: PullRequest, ghdeploy: FakeGitHub, given: str, state: str) -> None:
    """It is what the same request makes. A state may be an event's name, and no state needs a text."""
    review = pull.add_review(given, user="mona")

    assert (review.state, review.user.login, review.body, review.commit_id) == (state, "mona", "", pull.head.sha)
    assert review.node_id == ask("GET", f"/reviews/{review.id}")["node_id"]
    assert review.html_url.endswith(f"/pull/1#pullrequestreview-{review.id}")
    assert ghdeploy.assert_event("pull_request_review").payload["review"]["body"] is None


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda pull: pull.add_review("PENDING", user="mona"), "unknown review state 'PENDING'; known: "),
        (lambda pull: pull.add_review("APPROVED", user="nobody"), "unknown user 'nobody': add it with add_user; known"),
        (lambda pull: pull.add_review("APPROVED", user="octocat"), "GitHub would respond 422 'Unprocessable Entity': "),
        (lambda pull: pull.add_review("APPROVED", user="mona", body=7), "For 'properties/body', 7 is not a string."),
    ],
)
def test_an_invalid_review_is_an_error(
    pull: PullRequest, ghdeploy: FakeGitHub, add: Callable[[PullRequest], Review], message: str
) -> None:
    """Nothing is added, and no event is dispatched."""
    with pytest.raises(FakeError) as refused:
        add(pull)
    assert message in str(refused.value)
    assert (pull.reviews, len(ghdeploy.events)) == ([], 0)
