"""
Labels over HTTP and in Python.

`issues/list-labels-for-repo`, `issues/create-label`, `issues/get-label`, `issues/update-label`, `issues/delete-label`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from client import API, REPO

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

LABELS = f"{REPO}/labels"
DEFAULTS = [
    *("bug", "documentation", "duplicate", "enhancement", "good first issue", "help wanted", "invalid", "question"),
    "wontfix",
]


def _create(http: requests.Session, name: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(LABELS, json={"name": name} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def _names(http: requests.Session) -> list[str]:
    return [label["name"] for label in http.get(LABELS).json()]


# The labels of a new repository


@pytest.mark.usefixtures("repo")
def test_a_repository_has_nine_labels(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """They are the same as on GitHub, and reading them changes nothing."""
    listed = http.get(LABELS).json()
    assert [label["name"] for label in listed] == DEFAULTS
    assert all(label["default"] for label in listed)
    assert (listed[0]["color"], listed[0]["description"]) == ("d73a4a", "Something isn't working")
    assert http.get(f"{LABELS}/BUG").json() == listed[0]
    assert not list(ghdeploy._engine.store.labels)


def test_the_labels_of_a_repository_have_ids_of_their_own(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Ids do not depend on what was read or changed before, and never coincide."""
    names = ["octocat/example", "octocat/another"]
    for name in names:
        ghdeploy.add_repository(name)
    before = [http.get(f"/repos/{name}/labels").json() for name in names]
    for name in names[::-1]:
        assert http.post(f"/repos/{name}/labels", json={"name": "zzz"}).status_code == 201
    after = [http.get(f"/repos/{name}/labels").json() for name in names]
    assert [labels[:9] for labels in after] == before
    ids = [label["id"] for labels in after for label in labels]
    assert len(set(ids)) == 20


def test_a_default_label_is_changed_and_deleted(http: requests.Session, repo: Repository) -> None:
    """It does not come back, even if all labels are deleted."""
    assert http.patch(f"{LABELS}/bug", json={"new_name": "defect"}).json()["default"] is True
    assert _names(http) == sorted({*DEFAULTS, "defect"} - {"bug"})
    for name in _names(http):
        assert http.delete(f"{LABELS}/{name}").status_code == 204
    assert http.get(LABELS).json() == []
    assert repo.labels == []


def test_a_deleted_repository_takes_its_labels_along(ghdeploy: FakeGitHub, http: requests.Session) -> None:
    """A new one with the same name has the default labels."""
    ghdeploy.add_repository("octocat/example").add_label("preview")
    assert http.delete(REPO).status_code == 204
    ghdeploy.add_repository("octocat/example")
    assert _names(http) == DEFAULTS


# Create


@pytest.mark.usefixtures("repo")
def test_a_label_has_githubs_fields(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Color and description have defaults. The event has the same object."""
    reply = http.post(LABELS, json={"name": "needs review?"})
    label = reply.json()
    url = f"{API}{LABELS}/needs%20review?"
    assert list(label.items()) == [
        ("id", label["id"]),
        ("node_id", label["node_id"]),
        ("url", url),
        ("name", "needs review?"),
        ("color", "ededed"),
        ("default", False),
        ("description", None),
        ("archived_at", None),
        ("archived_by", None),
    ]
    assert label["node_id"].startswith("LA_")
    assert reply.headers["Location"] == url
    event = ghdeploy.assert_event("label", action="created", name="needs review?", color="ededed", default=False)
    assert event.payload["label"] == label


@pytest.mark.usefixtures("repo")
def test_the_case_of_a_color_is_kept(http: requests.Session) -> None:
    """So is that of the name, which is compared without case."""
    label = _create(http, "Preview", color="BADA55", description="Deploy it")
    assert (label["color"], label["description"]) == ("BADA55", "Deploy it")
    assert http.get(f"{LABELS}/preview").json() == label


def _error(code: str, field: str, **more: str) -> list[dict[str, str]]:
    return [{"resource": "Label", "code": code, "field": field} | more]


LONG_NAME = _error("custom", "name", message="name is too long (maximum is 50 characters)")
LONG_DESCRIPTION = _error("custom", "description", message="description is too long (maximum is 100 characters)")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"name": "BUG"}, _error("already_exists", "name")),
        ({"name": " "}, _error("missing_field", "name")),
        ({"name": "x" * 51}, LONG_NAME),
        ({"color": "#ededed"}, _error("invalid", "color")),
        ({"color": "eee"}, _error("invalid", "color")),
        ({"color": "ededeg"}, _error("invalid", "color")),
        ({"color": ""}, _error("invalid", "color")),
        ({"description": "x" * 101}, LONG_DESCRIPTION),
    ],
)
def test_an_invalid_label_is_refused(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    body: dict[str, str],
    errors: list[dict[str, str]],
) -> None:
    """The refusals are the same for a new label and for one that is changed."""
    repo.add_label("preview")
    before = snapshot()
    changes = {"new_name" if key == "name" else key: value for key, value in body.items()}
    created = http.post(LABELS, json={"name": "other"} | body)
    changed = http.patch(f"{LABELS}/preview", json=changes)
    for reply in (created, changed):
        assert (reply.status_code, reply.json()["message"], reply.json()["errors"]) == (
            422,
            "Validation Failed",
            errors,
        )
    assert snapshot() == before


@pytest.mark.usefixtures("repo")
def test_a_label_needs_a_name(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """Without one, the schema refuses the body. The default labels do not become rows."""
    before = snapshot()
    assert http.post(LABELS, json={"color": "ededed"}).json()["message"] == (
        'Invalid request.\n\n"name" wasn\'t supplied.'
    )
    assert http.post(LABELS, json={"name": "wontfix"}).status_code == 422
    assert snapshot() == before


# Change and delete


@pytest.mark.usefixtures("repo")
def test_a_label_is_changed(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The event has the earlier values of what was changed. If nothing was, there is no event."""
    label = _create(http, "preview")
    ghdeploy.events.clear()
    body = {"new_name": "Preview", "color": "0e8a16", "description": "Deploy it"}
    changed = http.patch(f"{LABELS}/preview", json=body).json()
    expected = label | {"name": "Preview", "color": "0e8a16", "description": "Deploy it"}
    assert changed == expected | {"url": f"{API}{LABELS}/Preview"}
    assert http.patch(f"{LABELS}/preview", json=body).json() == changed
    assert http.patch(f"{LABELS}/preview").json() == changed
    (event,) = ghdeploy.events
    assert (event.name, event.action, event.payload["label"]) == ("label", "edited", changed)
    assert event.payload["changes"] == {
        "name": {"from": "preview"},
        "color": {"from": "ededed"},
        "description": {"from": ""},
    }


@pytest.mark.usefixtures("repo")
def test_a_label_is_deleted(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Afterwards it is a 404, with a hint that lists the other labels."""
    label = _create(http, "preview")
    assert http.delete(f"{LABELS}/preview").status_code == 204
    assert ghdeploy.events[-1].payload["label"] == label
    assert ghdeploy.events[-1].action == "deleted"
    for method in ("GET", "PATCH", "DELETE"):
        reply = http.request(method, f"{LABELS}/preview", json={})
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        hint = f"octocat/example has no label 'preview'; known: {', '.join(DEFAULTS)}"
        assert reply.headers["X-GHDeploy-Hint"] == hint
    assert [event.action for event in ghdeploy.events] == ["created", "deleted"]


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("name", ["kind/bug", "a b", "ä", "50%", "#1", "what?"])
def test_a_name_may_contain_anything(http: requests.Session, name: str) -> None:
    """A slash may be in the path as it is, as tools send it."""
    label = _create(http, name)
    assert http.get(f"{LABELS}/{quote(name)}").json() == label
    assert http.delete(f"{LABELS}/{quote(name, safe='')}").status_code == 204


# In Python


def test_python_adds_and_lists_labels(repo: Repository, ghdeploy: FakeGitHub, http: requests.Session) -> None:
    """Labels are values, in alphabetical order. Adding one dispatches no event."""
    label = repo.add_label("preview", color="0e8a16", description="Deploy it")
    assert (label.name, label.color, label.description, label.default) == ("preview", "0e8a16", "Deploy it", False)
    assert repo.labels[7] == label
    assert [label.name for label in repo.labels] == _names(http) == sorted([*DEFAULTS, "preview"])
    assert list(ghdeploy.events) == []


def test_python_refuses_what_github_would_refuse(repo: Repository) -> None:
    """A label that exists, and an invalid color."""
    with pytest.raises(FakeError, match="octocat/example has a label 'bug'"):
        repo.add_label("Bug")
    with pytest.raises(FakeError, match="six hexadecimal digits without #"):
        repo.add_label("preview", color="#0e8a16")
