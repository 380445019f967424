"""Topics of repositories: `repos/get-all-topics` and `repos/replace-all-topics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

REPO = "/repos/octocat/example"
PATH = f"{REPO}/topics"
INVALID = (
    "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include hyphens."
)


def test_topics_are_replaced(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """They are stored in lower case, each once, and shown with the repository."""
    assert http.get(PATH).json() == {"names": []}
    before = http.get(REPO).json()
    assert before["topics"] == []
    ghdeploy.clock.tick(5)
    reply = http.put(PATH, json={"names": ["Deploy", "a-1", "deploy"]})
    assert (reply.status_code, reply.json()) == (200, {"names": ["deploy", "a-1"]})
    assert http.get(PATH).json() == reply.json()
    after = http.get(REPO).json()
    assert after["topics"] == repo.topics == ["deploy", "a-1"]
    assert after["updated_at"] != before["updated_at"]
    assert http.put(PATH, json={"names": []}).json() == {"names": []}
    assert repo.topics == []


def test_an_update_of_the_repository_leaves_topics_alone(http: requests.Session, repo: Repository) -> None:
    """They have an endpoint of their own."""
    repo.add_topic("deploy")
    assert http.patch(REPO, json={"topics": [], "description": "d"}).json()["topics"] == ["deploy"]
    assert http.post("/user/repos", json={"name": "new", "topics": ["x"]}).json()["topics"] == []


def test_topics_have_pages(http: requests.Session, repo: Repository) -> None:
    """Like any list."""
    for name in ("a", "b", "c"):
        repo.add_topic(name)
    reply = http.get(PATH, params={"per_page": "2"})
    assert reply.json() == {"names": ["a", "b"]}
    assert http.get(reply.links["next"]["url"]).json() == {"names": ["c"]}


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (["a b"], INVALID),
        (["-a"], INVALID),
        ([""], INVALID),
        (["x" * 51], INVALID),
        (["ok", "ä"], INVALID),
        ([f"t{number}" for number in range(21)], "A repository cannot have more than 20 topics."),
    ],
)
def test_topics_are_refused(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], names: list[str], error: str
) -> None:
    """The errors are strings."""
    repo.add_topic("kept")
    before = snapshot()
    reply = http.put(PATH, json={"names": names})
    assert (reply.status_code, reply.json()["message"], reply.json()["errors"]) == (422, "Validation Failed", [error])
    assert snapshot() == before


def test_the_schema_is_checked_first(http: requests.Session, repo: Repository) -> None:
    """A topic must be a string."""
    reply = http.put(f"/repositories/{repo.id}/topics", json={"names": [1]})
    assert reply.json()["message"] == "Invalid request.\n\nFor 'items', 1 is not a string."


def test_only_administrators_set_topics(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Everyone may read those of a public repository."""
    repo.add_collaborator("mona", "push")
    ghdeploy.add_token("of-mona", user="mona")
    headers = {"Authorization": "token of-mona"}
    assert http.get(PATH, headers=headers).status_code == 200
    assert http.put(PATH, json={"names": []}, headers=headers).status_code == 404


def test_a_topic_is_added_in_python(repo: Repository) -> None:
    """One that exists stays where it is."""
    for name in ("b", "a", "B"):
        repo.add_topic(name)
    assert repo.topics == ["b", "a"]
    with pytest.raises(FakeError, match="GitHub would respond 422 'Validation Failed': 'a b' is not a valid") as caught:
        repo.add_topic("a b")
    assert caught.value.argument == "name"
    with pytest.raises(FakeError, match="name must be a string"):
        repo.add_topic(1)  # type: ignore[arg-type]
