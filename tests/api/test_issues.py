"""
Pull requests as issues over HTTP.

`issues/list-for-repo`, `issues/get`, `issues/update`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import API, REPO, Client

from pytest_ghdeploy import UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository

ISSUES = f"{REPO}/issues"


@pytest.fixture
def pull(repo: Repository) -> PullRequest:
    """Return pull request 1."""
    repo.add_branch("topic")
    repo.add_commit("topic")
    return repo.add_pull_request("topic", title="A change", body="Text", labels=["bug"])


def test_an_issue_has_githubs_fields(http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """The issue of a pull request has the same number and node id, and another id."""
    reply = http.get(f"{ISSUES}/1")
    issue, shown = reply.json(), http.get(f"{REPO}/pulls/1").json()
    url, page = f"{API}{ISSUES}/1", "https://github.com/octocat/example/pull/1"
    now = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert list(issue.items()) == [
        ("url", url),
        ("repository_url", f"{API}{REPO}"),
        ("labels_url", f"{url}/labels{{/name}}"),
        ("comments_url", f"{url}/comments"),
        ("events_url", f"{url}/events"),
        ("html_url", page),
        ("id", issue["id"]),
        ("node_id", shown["node_id"]),
        ("number", 1),
        ("title", "A change"),
        ("user", shown["user"]),
        ("labels", shown["labels"]),
        ("state", "open"),
        ("locked", False),
        ("assignees", []),
        ("milestone", None),
        ("comments", 0),
        ("created_at", now),
        ("updated_at", now),
        ("closed_at", None),
        ("assignee", None),
        ("author_association", "OWNER"),
        ("active_lock_reason", None),
        ("draft", False),
        (
            "pull_request",
            {
                "url": pull.url,
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": None,
            },
        ),
        ("sub_issues_summary", {"total": 0, "completed": 0, "percent_completed": 0}),
        ("issue_dependencies_summary", dict.fromkeys(issue["issue_dependencies_summary"], 0)),
        ("body", "Text"),
        ("reactions", issue["reactions"]),
        ("timeline_url", f"{url}/timeline"),
        ("performed_via_github_app", None),
        ("state_reason", None),
        ("pinned_comment", None),
        ("closed_by", None),
    ]
    assert issue["id"] not in (shown["id"], 1)
    assert issue["reactions"]["url"] == f"{url}/reactions"
    assert "Last-Modified" in reply.headers


def test_an_issue_of_an_organization_has_a_type(ghdeploy: FakeGitHub, http: requests.Session) -> None:
    """It is null: the fake has no types. The newer version of the API has no assignee."""
    ghdeploy.add_user("octo-org", type="Organization")
    repo = ghdeploy.add_repository("octo-org/app")
    repo.add_branch("topic")
    repo.add_commit("topic")
    repo.add_pull_request("topic")
    issue = http.get("/repos/octo-org/app/issues/1").json()
    assert issue["type"] is None
    newer = http.get("/repos/octo-org/app/issues/1", headers={"X-GitHub-Api-Version": "2026-03-10"}).json()
    assert issue.keys() - newer.keys() == {"assignee"}


def test_a_closed_issue_says_by_whom(http: requests.Session, pull: PullRequest) -> None:
    """The list does not say so."""
    pull.close()
    assert http.get(f"{ISSUES}/1").json()["closed_by"]["login"] == "octocat"
    (listed,) = http.get(f"{ISSUES}?state=closed").json()
    assert "closed_by" not in listed
    assert listed["closed_at"] is not None


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize("number", ["2", "x", "0", "9" * 30])
def test_what_is_no_pull_request_is_not_found(http: requests.Session, number: str) -> None:
    """The fake has no other issues."""
    for method in ("GET", "PATCH"):
        reply = http.request(method, f"{ISSUES}/{number}", json={})
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.headers["X-GHDeploy-Hint"] == f"octocat/example has no pull request {number}; known: 1"


# List


@pytest.fixture
def three(repo: Repository, ghdeploy: FakeGitHub) -> list[PullRequest]:
    """Return pull requests 1 to 3, a minute apart. The first is closed, and the second has a comment."""
    ghdeploy.add_user("mona")
    texts = ("Fixes it", "For @Mona, please", "For @monalisa and x@mona.invalid")
    pulls = []
    for number, text in enumerate(texts):
        repo.add_branch(f"topic-{number}")
        repo.add_commit(f"topic-{number}")
        labels = ["bug", "Preview"][: number + 1] if number else []
        user = "mona" if number == 2 else None
        pulls.append(repo.add_pull_request(f"topic-{number}", body=text, labels=labels, user=user))
        ghdeploy.clock.tick(60)
    pulls[0].close()
    ghdeploy.clock.tick(60)
    pulls[1].add_comment("text")
    return pulls


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [3, 2]),
        ("?state=closed", [1]),
        ("?state=all", [3, 2, 1]),
        ("?state=all&direction=asc", [1, 2, 3]),
        ("?state=all&sort=updated", [2, 1, 3]),
        ("?state=all&sort=updated&direction=asc", [3, 1, 2]),
        ("?state=all&sort=comments", [2, 3, 1]),
        ("?labels=bug", [3, 2]),
        ("?labels=bug,preview", [3, 2]),
        ("?labels=BUG,nope", []),
        ("?labels=", [3, 2]),
        ("?creator=Mona", [3]),
        ("?mentioned=mona", [2]),
        ("?assignee=none&milestone=none&type=none", [3, 2]),
        ("?assignee=*", []),
        ("?assignee=mona", []),
        ("?milestone=1", []),
        ("?type=Bug", []),
        ("?per_page=1&page=2", [2]),
    ],
)
def test_issues_are_filtered(http: requests.Session, query: str, numbers: list[int]) -> None:
    """By default the open ones are listed, newest first. Nothing has an assignee, a milestone or a type."""
    reply = http.get(f"{ISSUES}{query}")
    assert reply.status_code == 200
    assert [issue["number"] for issue in reply.json()] == numbers


def test_issues_are_filtered_by_time(http: requests.Session, three: list[PullRequest]) -> None:
    """The time is that of the last change."""
    since = three[1].updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [issue["number"] for issue in http.get(f"{ISSUES}?state=all&since={since}").json()] == [2]
    assert len(http.get(f"{ISSUES}?state=all&since=nonsense").json()) == 3


# Change


def test_a_pull_request_is_changed_as_an_issue(http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """The events are those of a pull request."""
    ghdeploy.events.clear()
    body = {"title": "Another", "body": None, "state": "closed", "state_reason": "completed", "labels": ["qa"]}
    reply = http.patch(f"{ISSUES}/1", json=body)
    assert reply.status_code == 200
    issue = reply.json()
    assert (issue["title"], issue["body"], issue["state"]) == ("Another", None, "closed")
    assert issue["closed_by"]["login"] == "octocat"
    assert [label["name"] for label in issue["labels"]] == ["qa"]
    assert (pull.title, pull.body, pull.state, [label.name for label in pull.labels]) == (
        "Another",
        None,
        "closed",
        ["qa"],
    )
    assert [(event.name, event.action) for event in ghdeploy.events] == [
        ("pull_request", "edited"),
        ("pull_request", "closed"),
        ("label", "created"),
        ("pull_request", "unlabeled"),
        ("pull_request", "labeled"),
    ]
    assert http.patch(f"{ISSUES}/1", json={"state": "open"}).json()["state"] == "open"


@pytest.mark.parametrize("body", [None, {}, {"title": None}, {"milestone": None, "assignees": [], "assignee": ""}])
def test_nothing_is_changed(
    http: requests.Session, pull: PullRequest, snapshot: Callable[[], object], body: dict[str, Any] | None
) -> None:
    """Missing members and members that are null change nothing."""
    before = snapshot()
    assert http.patch(f"{ISSUES}/1", json=body).json()["title"] == pull.title
    assert snapshot() == before


@pytest.mark.usefixtures("pull")
def test_a_title_may_be_a_number(http: requests.Session) -> None:
    """GitHub's description allows it."""
    assert http.patch(f"{ISSUES}/1", json={"title": 7}).json()["title"] == "7"


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"title": "x", "labels": ["x" * 51]}, "Validation Failed"),
        ({"title": ""}, "Validation Failed"),
        ({"state": "merged"}, 'Invalid request.\n\nmerged is not a member of ["open", "closed"].'),
        ({"labels": [{}]}, 'Invalid request.\n\n"name" wasn\'t supplied.'),
    ],
)
def test_an_invalid_change_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, Any], message: str
) -> None:
    """A refusal changes nothing, even if another member is valid."""
    before = snapshot()
    reply = http.patch(f"{ISSUES}/1", json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert snapshot() == before


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize("body", [{"assignees": ["octocat"]}, {"milestone": 1}, {"type": "Bug"}])
def test_what_the_fake_lacks_is_an_error(http: requests.Session, ghdeploy: FakeGitHub, body: dict[str, Any]) -> None:
    """It must not go unnoticed that nobody was assigned."""
    (name,) = body
    with pytest.raises(UnsupportedRequest, match=f"the fake does not implement {name} of issues/update"):
        http.patch(f"{ISSUES}/1", json=body)
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


def test_a_change_needs_the_right_to_triage(ghdeploy: FakeGitHub, repo: Repository, pull: PullRequest) -> None:
    """A user who can only read gets a 404."""
    repo.add_collaborator("mona", "triage")
    ghdeploy.add_token("of-mona", user="mona")
    ghdeploy.add_token("of-hubot", user="hubot")
    for login, status in (("hubot", 404), ("mona", 200)):
        client = Client(authorization=f"token of-{login}")
        assert client.patch(f"{ISSUES}/1", json={"state": "closed"}).status_code == status
    assert pull.state == "closed"
