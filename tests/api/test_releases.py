"""
Releases over HTTP.

`repos/list-releases`, `repos/get-release`, `repos/get-latest-release`, `repos/get-release-by-tag`,
`repos/create-release`, `repos/update-release`, `repos/delete-release`, `repos/generate-release-notes` and
`repos/list-release-assets`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy import FakeError, FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import Repository

pytestmark = pytest.mark.usefixtures("repo")

REPO = "/repos/octocat/example"
PATH = f"{REPO}/releases"
DOCS = "https://docs.github.com/rest/releases/releases"
FIELDS = [
    *("url", "assets_url", "upload_url", "html_url", "id", "author", "node_id", "tag_name", "target_commitish", "name"),
    *("draft", "immutable", "prerelease", "created_at", "updated_at", "published_at", "assets", "tarball_url"),
    *("zipball_url", "body"),
]


def _events(fake: FakeGitHub) -> list[str]:
    return [f"{event.name}.{event.action}" if event.action else event.name for event in fake.events]


def _create(http: requests.Session, tag: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(PATH, json={"tag_name": tag} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def test_a_release_creates_its_tag(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The tag is that of the default branch, and its events come first."""
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    reply = http.post(PATH, json={"tag_name": "v1.0"})
    release = reply.json()
    assert reply.status_code == 201
    assert list(release) == FIELDS
    assert reply.headers["Location"] == release["url"]
    assert repo.sha("refs/tags/v1.0") == repo.sha("main")
    assert _events(ghdeploy) == ["create", "push", "release.created", "release.published", "release.released"]
    assert ghdeploy.events[-1].payload["release"] == release
    assert (release["name"], release["body"], release["target_commitish"]) == (None, None, "main")
    assert (release["draft"], release["prerelease"], release["assets"]) == (False, False, [])
    assert release["published_at"] == "2026-03-10T12:00:00Z"
    assert release["html_url"] == "https://github.com/octocat/example/releases/tag/v1.0"
    assert release["upload_url"] == (
        f"https://uploads.github.com/repos/octocat/example/releases/{release['id']}/assets{{?name,label}}"
    )
    assert release["tarball_url"] == "https://api.github.com/repos/octocat/example/tarball/v1.0"
    assert http.get(f"{PATH}/{release['id']}").json() == release
    assert http.get(f"{PATH}/tags/v1.0").json() == release
    assert http.get(f"{PATH}/latest").json() == release
    assert http.get(f"{PATH}/{release['id']}/assets").json() == []


def test_a_release_of_an_existing_tag_has_the_date_of_its_commit(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """`target_commitish` is then only shown."""
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    repo.add_commit("main")
    repo.add_tag("v1", "main")
    ghdeploy.clock.tick(3600)
    release = _create(http, "v1", target_commitish="topic", name="One", body="First")
    assert _events(ghdeploy) == ["release.created", "release.published", "release.released"]
    assert (release["created_at"], release["published_at"]) == ("2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z")
    assert (release["name"], release["body"], release["target_commitish"]) == ("One", "First", "topic")


@pytest.mark.parametrize("form", ["branch", "sha"])
def test_a_new_tag_is_at_the_target(http: requests.Session, repo: Repository, form: str) -> None:
    """A branch or a full SHA."""
    repo.add_branch("topic")
    sha = repo.add_commit("topic")
    _create(http, "v1", target_commitish="topic" if form == "branch" else sha)
    assert repo.sha("v1") == sha


def test_a_draft_has_no_tag_until_it_is_published(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """Only those who may push see it, and not by its tag."""
    draft = _create(http, "v1", draft=True)
    assert (draft["draft"], draft["published_at"]) == (True, None)
    assert _events(ghdeploy) == ["release.created"]
    assert repo.tags == []
    assert [http.get(f"{PATH}/{path}").status_code for path in (draft["id"], "tags/v1", "latest")] == [200, 404, 404]

    ghdeploy.events.clear()
    reply = http.patch(draft["url"], json={"draft": False})
    assert (reply.status_code, reply.json()["draft"]) == (200, False)
    assert reply.json()["published_at"]
    assert _events(ghdeploy) == ["create", "push", "release.published", "release.released"]
    assert [tag.name for tag in repo.tags] == ["v1"]
    assert http.get(f"{PATH}/tags/v1").json() == reply.json()


def test_drafts_are_hidden_from_readers(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """An app needs the permission to write contents."""
    draft = repo.add_release("v2", draft=True)
    repo.add_release("v1")
    ghdeploy.add_token("reader", user="mona")
    ghdeploy.add_token("app-reads", user="gate[bot]", permissions={"contents": "read"})
    ghdeploy.add_token("app-writes", user="gate[bot]", permissions={"contents": "write"})
    ghdeploy.add_token("owner")
    seen = {
        token: (
            [release["tag_name"] for release in http.get(PATH, headers={"Authorization": f"token {token}"}).json()],
            http.get(f"{PATH}/{draft.id}", headers={"Authorization": f"token {token}"}).status_code,
        )
        for token in ("reader", "app-reads", "app-writes", "owner")
    }
    hidden, shown = (["v1"], 404), (["v1", "v2"], 200)
    assert seen == {"reader": hidden, "app-reads": hidden, "app-writes": shown, "owner": shown}


@pytest.mark.parametrize(
    ("before", "body", "expected"),
    [
        ({}, {}, []),
        ({}, {"name": "One"}, ["edited"]),
        ({}, {"body": "text", "tag_name": "v2"}, ["edited"]),
        ({}, {"make_latest": "false"}, ["edited"]),
        ({}, {"prerelease": True}, ["prereleased"]),
        ({"prerelease": True}, {"prerelease": False}, ["released"]),
        ({"prerelease": True}, {"prerelease": False, "name": "One"}, ["edited", "released"]),
        ({}, {"draft": True}, ["unpublished"]),
        ({"draft": True}, {"name": "One"}, ["edited"]),
        ({"draft": True}, {"draft": False, "prerelease": True}, ["published", "prereleased"]),
    ],
)
def test_an_update_dispatches_what_has_changed(
    http: requests.Session, ghdeploy: FakeGitHub, before: dict[str, Any], body: dict[str, Any], expected: list[str]
) -> None:
    """Details are `edited`; the other actions are about the kind of release."""
    release = _create(http, "v1", **before)
    ghdeploy.events.clear()
    ghdeploy.clock.tick(5)
    reply = http.patch(release["url"], json=body)
    assert reply.status_code == 200
    assert [event.action for event in ghdeploy.events.named("release")] == expected
    shown = {name: value for name, value in body.items() if name != "make_latest"}
    assert reply.json() | shown == reply.json()
    assert (reply.json()["updated_at"] != release["updated_at"]) == bool(body)


def test_the_changes_of_an_edit(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """A name that was `null` is shown as an empty string."""
    release = _create(http, "v1", body="old")
    http.patch(release["url"], json={"name": "One", "body": "new", "make_latest": "legacy"})
    event = ghdeploy.assert_event("release", action="edited", tag_name="v1", author="octocat")
    assert event.payload["changes"] == {
        "body": {"from": "old"},
        "name": {"from": ""},
        "make_latest": {"to": False},
    }


def test_a_deleted_release_leaves_its_tag(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The event shows the release as it was."""
    release = _create(http, "v1")
    assert http.delete(release["url"]).status_code == 204
    assert ghdeploy.assert_event("release", action="deleted").payload["release"] == release
    assert [tag.name for tag in repo.tags] == ["v1"]
    reply = http.get(release["url"])
    assert (reply.status_code, reply.json()["documentation_url"]) == (404, f"{DOCS}#get-a-release")
    assert _create(http, "v1")["id"] != release["id"]


def test_releases_are_listed_by_the_dates_of_their_commits(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository
) -> None:
    """The latest one is chosen by them too, but is never a draft, a prerelease or one with `make_latest: false`."""
    old = repo.sha("main")
    ghdeploy.clock.tick(60)
    repo.add_commit("main", date=ghdeploy.clock.now + timedelta(seconds=1))
    _create(http, "v2")
    _create(http, "v1", target_commitish=old)
    _create(http, "v3-rc", prerelease=True)
    _create(http, "v4", make_latest="false")
    _create(http, "v5", draft=True)
    assert [release["tag_name"] for release in http.get(PATH).json()] == ["v5", "v4", "v3-rc", "v2", "v1"]
    assert http.get(f"{PATH}/latest").json()["tag_name"] == "v2"
    reply = http.get(PATH, params={"per_page": "2"})
    assert [release["tag_name"] for release in http.get(reply.links["next"]["url"]).json()] == ["v3-rc", "v2"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"tag_name": "v1"}, {"resource": "Release", "code": "already_exists", "field": "tag_name"}),
        ({"tag_name": "v1", "draft": True}, {"resource": "Release", "code": "already_exists", "field": "tag_name"}),
        (
            {"tag_name": "v2", "target_commitish": "nope"},
            {"resource": "Release", "code": "invalid", "field": "target_commitish"},
        ),
        *(
            (
                {"tag_name": name},
                {
                    "resource": "Release",
                    "code": "custom",
                    "field": "tag_name",
                    "message": "tag_name is not a valid tag",
                },
            )
            for name in ("", "a b", "v1/x")
        ),
    ],
)
def test_a_release_is_refused(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    body: dict[str, object],
    error: dict[str, str],
) -> None:
    """With `Validation Failed`. Nothing is created, no tag either."""
    repo.add_release("v1")
    before = snapshot()
    reply = http.post(PATH, json=body)
    assert (reply.status_code, reply.json()["message"], reply.json()["errors"]) == (422, "Validation Failed", [error])
    assert reply.headers["X-GHDeploy-Hint"]
    assert snapshot() == before


def test_an_update_is_refused_like_a_new_release(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """The tag of another release cannot be taken."""
    repo.add_release("v1")
    other = repo.add_release("v2")
    before = snapshot()
    reply = http.patch(f"{PATH}/{other.id}", json={"tag_name": "v1"})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "already_exists")
    assert http.patch(f"{PATH}/{other.id}", json={"draft": "yes"}).status_code == 422
    assert snapshot() == before


def test_an_empty_repository_cannot_have_a_release(http: requests.Session) -> None:
    """There is nothing to tag."""
    http.post("/user/repos", json={"name": "empty"})
    reply = http.post("/repos/octocat/empty/releases", json={"tag_name": "v1"})
    assert reply.status_code == 422
    error = {"resource": "Release", "code": "custom", "message": "Repository is empty."}
    assert reply.json()["errors"] == [error]


def test_notes_are_generated(http: requests.Session) -> None:
    """They link to the comparison with the previous release; a body comes first."""
    html = "https://github.com/octocat/example"
    first = _create(http, "v1", generate_release_notes=True)
    assert (first["name"], first["body"]) == ("v1", f"**Full Changelog**: {html}/commits/v1")
    second = _create(http, "v2", generate_release_notes=True, name="Two", body="Better.")
    assert (second["name"], second["body"]) == ("Two", f"Better.\n\n**Full Changelog**: {html}/compare/v1...v2")
    reply = http.post(f"{PATH}/generate-notes", json={"tag_name": "v3"})
    assert reply.json() == {"name": "v3", "body": f"**Full Changelog**: {html}/compare/v2...v3"}
    reply = http.post(f"{PATH}/generate-notes", json={"tag_name": "v3", "previous_tag_name": "v1"})
    assert reply.json()["body"].endswith("/compare/v1...v3")


def test_a_tag_may_have_slashes(http: requests.Session) -> None:
    """In a path, they may be encoded or not."""
    release = _create(http, "api/v1")
    assert http.get(f"{PATH}/tags/api/v1").json() == http.get(f"{PATH}/tags/api%2Fv1").json() == release
    reply = http.get(f"{PATH}/tags/api/v2")
    assert reply.status_code == 404
    hint = "octocat/example has no published release of the tag 'api/v2'; known: api/v1"
    assert reply.headers["X-GHDeploy-Hint"] == hint


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_discussion_is_not_found(http: requests.Session, repo: Repository, method: str) -> None:
    """The fake has no discussions, and GitHub's answer for an unknown category is a 404."""
    path = PATH if method == "POST" else f"{PATH}/{repo.add_release('v1').id}"
    body = {"tag_name": "v2", "discussion_category_name": "News"}
    assert http.request(method, path, json=body).status_code == 404


def test_other_forms_of_the_body_fail_the_test(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """HTML is not rendered."""
    with pytest.raises(UnsupportedRequest, match="does not implement the form 'html'"):
        http.get(PATH, headers={"Accept": "application/vnd.github.html+json"})
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


@pytest.mark.parametrize(
    ("base_url", "uploads"),
    [
        ("https://ghe.example.com/api/v3", "https://ghe.example.com/api/uploads"),
        ("https://api.octo.ghe.com", "https://uploads.octo.ghe.com"),
    ],
)
def test_uploads_have_a_host_of_their_own(base_url: str, uploads: str) -> None:
    """It follows from the API's."""
    with FakeGitHub(base_url) as fake:
        release = fake.add_repository("octocat/example").add_release("v1")
        shown = release._as_json(release._row)
        assert shown["upload_url"].startswith(f"{uploads}/repos/octocat/example/releases/")


# In Python


def test_releases_in_python(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """They dispatch the same events as over HTTP."""
    ghdeploy.add_user("mona")
    release = repo.add_release("v1", name="One", body="First", author="mona")
    draft = repo.add_release("v2", draft=True)
    assert repo.releases == [draft, release]
    assert (release.tag_name, release.name, release.body, release.author.login) == ("v1", "One", "First", "mona")
    assert (release.draft, release.prerelease, release.target_commitish) == (False, False, "main")
    assert release.html_url.endswith("/releases/tag/v1")
    assert release.published_at == release.updated_at == ghdeploy.clock.now
    assert draft.published_at is None
    assert release.created_at <= ghdeploy.clock.now
    assert ghdeploy.assert_event("release", action="published", author="mona").payload["sender"]["login"] == "mona"
    ghdeploy.assert_no_event("release", action="published", tag_name="v2")


@pytest.mark.parametrize(
    ("arguments", "argument", "message"),
    [
        (
            {"tag_name": "v1"},
            "tag_name",
            "Validation Failed': release .* already has the tag",
        ),
        ({"tag_name": "v2", "target_commitish": "x"}, "target_commitish", "has no branch or commit 'x'; known: main"),
        ({"tag_name": "v2", "author": "nobody"}, "author", "unknown user 'nobody'"),
        ({"tag_name": 2}, "tag_name", "2 is not a string"),
    ],
)
def test_a_mistake_in_python(
    repo: Repository, snapshot: Callable[[], object], arguments: dict[str, Any], argument: str, message: str
) -> None:
    """It names the argument."""
    repo.add_release("v1")
    before = snapshot()
    with pytest.raises(FakeError, match=message) as caught:
        repo.add_release(**arguments)
    assert caught.value.argument == argument
    assert snapshot() == before
