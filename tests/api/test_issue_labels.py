"""
Labels of pull requests over HTTP and in Python.

`issues/list-labels-on-issue`, `issues/add-labels`, `issues/set-labels`, `issues/remove-all-labels`,
`issues/remove-label`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import REPO, Client

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository

LABELS = f"{REPO}/issues/1/labels"


@pytest.fixture
def pull(repo: Repository, ghdeploy: FakeGitHub) -> PullRequest:
    """Return pull request 1, which has the labels bug and preview. There are no events."""
    repo.add_branch("topic")
    repo.add_commit("topic")
    pull = repo.add_pull_request("topic", labels=["bug", "preview"])
    ghdeploy.events.clear()
    return pull


def _names(reply: requests.Response) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [label["name"] for label in reply.json()]


def _events(ghdeploy: FakeGitHub) -> list[tuple[str, str | None, str]]:
    return [(event.name, event.action, event.payload["label"]["name"]) for event in ghdeploy.events]


@pytest.mark.usefixtures("pull")
def test_labels_are_listed_in_the_order_in_which_they_were_added(http: requests.Session) -> None:
    """They are the labels of the repository."""
    shown = http.get(LABELS)
    assert _names(shown) == ["bug", "preview"]
    assert shown.json()[0] == http.get(f"{REPO}/labels/bug").json()
    assert http.get(f"{REPO}/pulls/1").json()["labels"] == shown.json()


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize(
    "body", [["qa", "Bug"], [{"name": "qa"}, {"name": "Bug"}], {"labels": ["qa", "Bug"]}, ["qa", "qa"]]
)
def test_labels_are_added(http: requests.Session, ghdeploy: FakeGitHub, body: object) -> None:
    """A missing label is created; a known one is found without case. The response is a 200 with all labels."""
    assert _names(http.post(LABELS, json=body)) == ["bug", "preview", "qa"]
    created = http.get(f"{REPO}/labels/qa").json()
    assert (created["color"], created["description"], created["default"]) == ("ededed", None, False)
    assert _events(ghdeploy) == [("label", "created", "qa"), ("pull_request", "labeled", "qa")]
    event = ghdeploy.events[-1]
    assert event.payload["label"] == created
    assert [label["name"] for label in event.payload["pull_request"]["labels"]] == ["bug", "preview", "qa"]


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize("body", [[], {}, None])
def test_nothing_is_added(http: requests.Session, ghdeploy: FakeGitHub, body: object) -> None:
    """An empty array changes nothing, nor does a body without labels."""
    assert _names(http.post(LABELS, json=body)) == ["bug", "preview"]
    assert list(ghdeploy.events) == []


@pytest.mark.usefixtures("pull")
@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"labels": []}, 422, "Invalid request.\n\nNo less than 1 items are allowed; 0 were supplied."),
        ({"labels": [{"name": "a"}]}, 422, 'Invalid request.\n\nFor \'items\', {"name"=>"a"} is not a string.'),
        ([{"color": "ededed"}], 422, 'Invalid request.\n\n"name" wasn\'t supplied.'),
        ([1], 422, "Invalid request.\n\nFor 'items', 1 is not a string or object."),
        ("a", 400, "Body should be a JSON object"),
        (["x" * 51], 422, "Validation Failed"),
        (["qa", ""], 422, "Validation Failed"),
    ],
)
def test_an_invalid_list_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: object, status: int, message: str
) -> None:
    """GitHub does not take every form that its documentation has. A refusal changes nothing."""
    before = snapshot()
    reply = http.post(LABELS, json=body)
    assert (reply.status_code, reply.json()["message"]) == (status, message)
    assert snapshot() == before


@pytest.mark.parametrize("body", [["qa", "preview"], {"labels": ["qa", "preview"]}])
def test_labels_are_replaced(http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub, body: object) -> None:
    """One event for each label that is taken off or added."""
    ghdeploy.clock.tick(60)
    assert _names(http.put(LABELS, json=body)) == ["qa", "preview"]
    assert [label.name for label in pull.labels] == ["qa", "preview"]
    assert _events(ghdeploy) == [
        ("label", "created", "qa"),
        ("pull_request", "unlabeled", "bug"),
        ("pull_request", "labeled", "qa"),
    ]
    assert pull.updated_at == ghdeploy.clock.now


@pytest.mark.parametrize("body", [[], {"labels": []}, {}])
def test_labels_are_replaced_by_none(http: requests.Session, pull: PullRequest, body: object) -> None:
    """An empty list empties them."""
    assert _names(http.put(LABELS, json=body)) == []
    assert pull.labels == []


def test_all_labels_are_removed(http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """The labels of the repository stay."""
    assert http.delete(LABELS).status_code == 204
    assert pull.labels == []
    assert _events(ghdeploy) == [("pull_request", "unlabeled", "bug"), ("pull_request", "unlabeled", "preview")]
    assert http.get(f"{REPO}/labels/preview").status_code == 200


@pytest.mark.usefixtures("pull")
def test_a_label_is_removed(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The response lists the rest. A label that the pull request does not have is a 404."""
    assert _names(http.delete(f"{LABELS}/BUG")) == ["preview"]
    assert _events(ghdeploy) == [("pull_request", "unlabeled", "bug")]
    for name in ("bug", "nope"):
        reply = http.delete(f"{LABELS}/{name}")
        assert (reply.status_code, reply.json()["message"]) == (404, "Label does not exist")
        assert reply.headers["X-GHDeploy-Hint"] == f"pull request #1 has no label {name!r}; it has preview"


def test_a_deleted_label_leaves_the_pull_request(http: requests.Session, pull: PullRequest) -> None:
    """A renamed one stays on it."""
    assert http.delete(f"{REPO}/labels/bug").status_code == 204
    assert http.patch(f"{REPO}/labels/preview", json={"new_name": "kind/preview"}).ok
    assert [label.name for label in pull.labels] == ["kind/preview"]
    assert _names(http.delete(f"{LABELS}/kind/preview")) == []


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("POST", ""), ("PUT", ""), ("DELETE", ""), ("DELETE", "/a")])
@pytest.mark.usefixtures("pull")
def test_what_is_no_pull_request_has_no_labels(http: requests.Session, method: str, tail: str) -> None:
    """The fake has no other issues."""
    assert http.request(method, f"{REPO}/issues/2/labels{tail}", json=["a"]).status_code == 404


def test_labels_need_the_right_to_triage(ghdeploy: FakeGitHub, repo: Repository, pull: PullRequest) -> None:
    """The labels of the repository need the right to push."""
    repo.add_collaborator("mona", "triage")
    repo.add_collaborator("hubot", "pull")
    for login in ("mona", "hubot"):
        ghdeploy.add_token(f"of-{login}", user=login)
    found: dict[str, Any] = {
        login: [
            Client(authorization=f"token of-{login}").post(path, json=body).status_code
            for path, body in ((LABELS, ["qa"]), (f"{REPO}/labels", {"name": "other"}))
        ]
        for login in ("mona", "hubot")
    }
    assert found == {"mona": [200, 404], "hubot": [404, 404]}
    assert "qa" in [label.name for label in pull.labels]


# In Python


def test_python_labels_a_pull_request(pull: PullRequest, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Both dispatch an event, unless nothing changes."""
    pull.add_label("qa")
    pull.add_label("QA")
    pull.remove_label("Bug")
    assert [label.name for label in pull.labels] == ["preview", "qa"]
    assert _events(ghdeploy) == [
        ("label", "created", "qa"),
        ("pull_request", "labeled", "qa"),
        ("pull_request", "unlabeled", "bug"),
    ]
    assert pull.labels[1] in repo.labels
    with pytest.raises(FakeError, match="pull request #1 has no label 'bug'; it has preview, qa"):
        pull.remove_label("bug")
    with pytest.raises(FakeError, match="name has 51 characters"):
        pull.add_label("x" * 51)


def test_a_new_pull_request_has_the_labels_of_the_repository(repo: Repository, pull: PullRequest) -> None:
    """A default label is found, a missing one created."""
    assert [(label.name, label.default) for label in pull.labels] == [("bug", True), ("preview", False)]
    assert len(repo.labels) == 10
