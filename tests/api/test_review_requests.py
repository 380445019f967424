"""Requests for reviews of pull requests over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, PullRequest

    Snapshot = Callable[[], object]

PATH = "/repos/acme/app/pulls/1/requested_reviewers"


@pytest.fixture
def pull(ghdeploy: FakeGitHub) -> PullRequest:
    """Open a pull request of the user author in a repository of acme, which has the team ops with the member zoe."""
    ghdeploy.add_team("acme", "Ops", members=["zoe"])
    for login in ("author", "mona", "hubot"):
        ghdeploy.add_user(login)
    repo = ghdeploy.add_repository("acme/app")
    repo.add_branch("topic")
    repo.add_commit("topic")
    pull = repo.add_pull_request("topic", user="author")
    ghdeploy.events.clear()
    return pull


def asked(pull: PullRequest) -> tuple[list[str], list[str]]:
    """Return the logins and slugs of which reviews are requested."""
    return [user.login for user in pull.requested_reviewers], [team.slug for team in pull.requested_teams]


def test_reviews_are_requested_from_users_and_teams(
    http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub
) -> None:
    """Each new request is an event. The pull request shows all of them."""
    reply = http.post(PATH, json={"reviewers": ["mona", "Hubot", "mona"], "team_reviewers": ["ops"]})

    body = reply.json()
    assert (reply.status_code, reply.headers["Location"]) == (201, body["url"])
    assert [user["login"] for user in body["requested_reviewers"]] == ["mona", "hubot"]
    assert [team["slug"] for team in body["requested_teams"]] == ["ops"]
    assert "mergeable" not in body
    shown = http.get(PATH).json()
    assert shown == {"users": body["requested_reviewers"], "teams": body["requested_teams"]}
    assert asked(pull) == (["mona", "hubot"], ["ops"])
    assert [event.action for event in ghdeploy.events] == ["review_requested"] * 3
    mona, hubot, ops = (event.payload for event in ghdeploy.events)
    assert mona["requested_reviewer"]["login"] == "mona"
    assert [user["login"] for user in mona["pull_request"]["requested_reviewers"]] == ["mona"]
    assert hubot["requested_reviewer"]["login"] == "hubot"
    assert ops["requested_team"]["slug"] == "ops"

    assert http.post(PATH, json={"reviewers": ["mona"], "team_reviewers": ["OPS"]}).status_code == 201
    assert len(ghdeploy.events) == 3


def test_requests_are_removed(http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """Users and teams of which no review is requested are ignored."""
    http.post(PATH, json={"reviewers": ["mona", "hubot"], "team_reviewers": ["ops"]})
    ghdeploy.events.clear()

    reply = http.delete(PATH, json={"reviewers": ["Mona", "nobody"], "team_reviewers": ["Ops", "nobody"]})

    assert (reply.status_code, [user["login"] for user in reply.json()["requested_reviewers"]]) == (200, ["hubot"])
    assert asked(pull) == (["hubot"], [])
    user, team = (event.payload for event in ghdeploy.events)
    assert (user["action"], user["requested_reviewer"]["login"]) == ("review_request_removed", "mona")
    assert (team["action"], team["requested_team"]["slug"]) == ("review_request_removed", "ops")


def test_a_review_fulfils_requests(http: requests.Session, pull: PullRequest) -> None:
    """One of a user ends the request to the user and to the user's teams. A pending review does not."""
    http.post(PATH, json={"reviewers": ["mona", "zoe"], "team_reviewers": ["ops"]})

    pull.add_review("COMMENTED", user="mona")
    assert asked(pull) == (["zoe"], ["ops"])

    pull.add_review("APPROVED", user="zoe")
    assert asked(pull) == ([], [])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"reviewers": ["mona", "author"]}, "Review cannot be requested from pull request author."),
        ({"reviewers": ["nobody"]}, "Reviews may only be requested from collaborators. One or more of the users"),
        ({"reviewers": ["acme"]}, "Reviews may only be requested from collaborators. One or more of the users"),
        ({"reviewers": ["mona"], "team_reviewers": ["nope"]}, "Reviews may only be requested from collaborators."),
    ],
)
def test_a_request_to_somebody_else_is_refused(
    http: requests.Session, pull: PullRequest, snapshot: Snapshot, body: dict[str, Any], message: str
) -> None:
    """Nothing has changed then, and the message ends with the repository."""
    before = snapshot()
    reply = http.post(PATH, json=body)
    assert (reply.status_code, reply.json()["message"][: len(message)]) == (422, message)
    assert "errors" not in reply.json()
    assert (snapshot(), asked(pull)) == (before, ([], []))


def test_once_there_is_a_token_only_collaborators_and_members_are_asked(
    http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub
) -> None:
    """Before that, every user has every right."""
    for login in ("mona", "author"):
        ghdeploy.repository("acme/app").add_collaborator(login)
    ghdeploy.add_token("ghp_of_the_author", user="author")
    http.headers["Authorization"] = "Bearer ghp_of_the_author"

    assert http.post(PATH, json={"reviewers": ["hubot"]}).status_code == 422
    assert http.post(PATH, json={"reviewers": ["mona", "zoe"]}).status_code == 201
    assert asked(pull) == (["mona", "zoe"], [])
