"""The event `repository`, which `repos/update` and `repos/replace-all-topics` dispatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example"


@pytest.mark.parametrize(
    ("body", "actions"),
    [
        ({"name": "new"}, ["renamed"]),
        ({"description": "d"}, ["edited"]),
        ({"private": True}, ["privatized"]),
        ({"visibility": "private", "archived": True}, ["privatized", "archived"]),
        ({"has_wiki": False}, []),
        ({"name": "example"}, []),
    ],
)
@pytest.mark.usefixtures("repo")
def test_an_update_is_announced(
    http: requests.Session, ghdeploy: FakeGitHub, body: dict[str, Any], actions: list[str]
) -> None:
    """With the repository as it is afterwards."""
    shown = http.patch(PATH, json=body).json()
    assert [event.action for event in ghdeploy.events] == actions
    for event in ghdeploy.events:
        assert event.repository == event.payload["repository"]["full_name"] == shown["full_name"]
        assert event.payload["sender"]["login"] == "octocat"


def test_what_has_changed(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The earlier values are in `changes`, and the repository's fields can be asserted."""
    http.patch(PATH, json={"name": "new", "homepage": "https://example.com"})
    event = ghdeploy.assert_event("repository", action="renamed", full_name="octocat/new")
    assert event.payload["changes"] == {"repository": {"name": {"from": "example"}}}
    event = ghdeploy.assert_event("repository", action="edited", homepage="https://example.com")
    assert event.payload["changes"] == {"homepage": {"from": None}}
    http.put("/repos/octocat/new/topics", json={"names": ["deploy"]})
    event = ghdeploy.assert_event("repository", action="edited", topics=["deploy"])
    assert event.payload["changes"] == {"topics": {"from": []}}
    assert repo.topics == ["deploy"]


def test_python_announces_nothing(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Renaming a repository and adding a topic are setup."""
    repo.rename("octocat/new")
    repo.add_topic("deploy")
    assert ghdeploy.events == []


def test_a_refused_update_is_not_announced(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Nothing has changed."""
    assert http.patch(PATH, json={"private": True, "default_branch": "nope"}).status_code == 422
    assert ghdeploy.events == []
    assert repo.private is False
