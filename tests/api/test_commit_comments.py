"""
Comments on commits over HTTP and in Python.

`repos/list-commit-comments-for-repo`, `repos/list-comments-for-commit`, `repos/create-commit-comment`,
`repos/get-commit-comment`, `repos/update-commit-comment`, `repos/delete-commit-comment`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from client import API, REPO, Client

from pytest_ghdeploy import FakeError, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

COMMENTS = f"{REPO}/comments"
TOO_LONG = "body is too long (maximum is 65536 characters)"


def _create(http: requests.Session, sha: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(f"{REPO}/commits/{sha}/comments", json={"body": "Looks good."} | body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def test_a_comment_has_githubs_fields(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """A comment on the whole commit has neither path nor line. The event has the same object."""
    sha = repo.sha("main")
    reply = http.post(f"{REPO}/commits/{sha}/comments", json={"body": "Looks good."})
    comment = reply.json()
    url, now = f"{API}{COMMENTS}/{comment['id']}", ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert list(comment.items()) == [
        ("url", url),
        ("html_url", f"https://github.com/octocat/example/commit/{sha}#commitcomment-{comment['id']}"),
        ("id", comment["id"]),
        ("node_id", comment["node_id"]),
        ("user", http.get("/repos/octocat/example").json()["owner"]),
        ("position", None),
        ("line", None),
        ("path", None),
        ("commit_id", sha),
        ("created_at", now),
        ("updated_at", now),
        ("author_association", "OWNER"),
        ("body", "Looks good."),
        ("reactions", comment["reactions"]),
    ]
    assert comment["node_id"].startswith("CC_")
    assert comment["reactions"]["url"] == f"{url}/reactions"
    assert set(comment["reactions"].values()) == {f"{url}/reactions", 0}
    assert reply.headers["Location"] == url
    shown = http.get(url)
    assert shown.json() == comment
    assert "Last-Modified" in shown.headers
    event = ghdeploy.assert_event("commit_comment", action="created", body="Looks good.", user="octocat", commit_id=sha)
    assert event.payload["comment"] == comment


def test_a_client_may_want_text_and_html_too(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """github3.py does. Text or HTML alone is not implemented."""
    path = f"{COMMENTS}/{repo.add_commit_comment('main', '1 < 2').id}"
    shown = http.get(path).json()
    full = {"body_html": '<p dir="auto">1 &lt; 2</p>', "body_text": "1 < 2"}
    assert http.get(path, headers={"Accept": "application/vnd.github.v3.full+json"}).json() == shown | full
    with pytest.raises(UnsupportedRequest, match="'html'"):
        http.get(path, headers={"Accept": "application/vnd.github.html+json"})
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"path": "app.py", "line": 3}, ("app.py", None, 3)),
        ({"path": "app.py", "position": 1}, ("app.py", 1, None)),
        ({"line": 3}, (None, None, None)),
        ({"position": 1}, (None, None, None)),
        ({"path": None}, (None, None, None)),
    ],
)
def test_a_line_needs_a_path(
    http: requests.Session, repo: Repository, sent: dict[str, Any], stored: tuple[object, ...]
) -> None:
    """Without a path, line and position are dropped."""
    comment = _create(http, repo.sha("main"), **sent)
    assert (comment["path"], comment["position"], comment["line"]) == stored


def test_comments_are_listed_oldest_first(http: requests.Session, repo: Repository) -> None:
    """One list has the comments on a commit, the other those on all commits. A branch names its head."""
    first = _create(http, repo.sha("main"), body="one")
    second = _create(http, repo.sha("main"), body="two")
    repo.add_commit("main")
    third = _create(http, "main", body="three")
    assert third["commit_id"] == repo.sha("main")
    assert http.get(COMMENTS).json() == [first, second, third]
    assert http.get(f"{REPO}/commits/{first['commit_id']}/comments").json() == [first, second]
    page = http.get(f"{COMMENTS}?per_page=1&page=2")
    assert page.json() == [second]
    assert 'rel="next"' in page.headers["Link"]


def test_a_comment_is_changed_and_deleted(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Both dispatch no event. Afterwards it is a 404 for GET, PATCH and DELETE."""
    comment = _create(http, repo.sha("main"))
    ghdeploy.clock.tick(60)
    path = f"{COMMENTS}/{comment['id']}"
    changed = http.patch(path, json={"body": "Changed."})
    later = (ghdeploy.clock.now).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (changed.status_code, changed.json()) == (200, comment | {"body": "Changed.", "updated_at": later})
    assert http.post(f"{path}/reactions", json={"content": "eyes"}).status_code == 201
    assert http.delete(path).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert http.request(method, path, json={"body": "x"}).status_code == 404
    assert [event.action for event in ghdeploy.events] == ["created"]
    assert not list(ghdeploy._engine.store.reactions)


@pytest.mark.parametrize(
    ("body", "message", "errors"),
    [
        ({}, 'Invalid request.\n\n"body" wasn\'t supplied.', None),
        ({"body": None}, "Invalid request.\n\nFor 'properties/body', nil is not a string.", None),
        (
            {"body": " \n"},
            "Validation Failed",
            [{"resource": "CommitComment", "code": "missing_field", "field": "body"}],
        ),
        (
            {"body": "a" * 262_145},
            "Validation Failed",
            [{"resource": "CommitComment", "code": "custom", "field": "body", "message": TOO_LONG}],
        ),
    ],
)
def test_an_invalid_body_is_refused(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    body: dict[str, object],
    message: str,
    errors: object,
) -> None:
    """A comment needs text, which must not be too long. A refusal changes nothing."""
    path = f"{COMMENTS}/{_create(http, repo.sha('main'))['id']}"
    before = snapshot()
    for reply in (http.post(f"{REPO}/commits/{repo.sha('main')}/comments", json=body), http.patch(path, json=body)):
        assert (reply.status_code, reply.json()["message"], reply.json().get("errors")) == (422, message, errors)
    assert snapshot() == before


def test_an_unknown_commit_is_refused(http: requests.Session, repo: Repository) -> None:
    """It is a 422, before the body is read."""
    for reply in (http.post(f"{REPO}/commits/nope/comments", json={}), http.get(f"{REPO}/commits/nope/comments")):
        assert (reply.status_code, reply.json()["message"]) == (422, "No commit found for SHA: nope")
        assert reply.headers["X-GHDeploy-Hint"] == "octocat/example has no 'nope'; known: main"
    assert repo.commit_comments() == []


def test_only_the_author_and_who_may_push_change_a_comment(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Everyone who can read the repository may comment. Others' comments need the right to push."""
    for login in ("mona", "hubot"):
        ghdeploy.add_token(f"of-{login}", user=login)
    repo.add_collaborator("hubot")
    ghdeploy.add_token("of-an-app", user="gate[bot]", permissions={"contents": "write"})

    def client(login: str) -> Client:
        return Client(authorization=f"token of-{login}")

    mine = _create(client("mona"), repo.sha("main"))
    assert (mine["user"]["login"], mine["author_association"]) == ("mona", "NONE")
    of_octocat = f"{COMMENTS}/{repo.add_commit_comment('main', 'from Python').id}"
    for reply in (client("mona").patch(of_octocat, json={"body": "x"}), client("mona").delete(of_octocat)):
        assert (reply.status_code, reply.json()["message"]) == (403, "Must have admin rights to Repository.")
        assert reply.headers["X-GHDeploy-Hint"].startswith("octocat wrote this, and mona has the right 'pull'")
    assert client("mona").patch(f"{COMMENTS}/{mine['id']}", json={"body": "x"}).status_code == 200
    assert client("hubot").patch(f"{COMMENTS}/{mine['id']}", json={"body": "y"}).status_code == 200
    assert client("an-app").delete(f"{COMMENTS}/{mine['id']}").status_code == 204


def test_the_author_is_a_collaborator_or_a_contributor(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Whoever wrote a commit is a contributor."""
    for login in ("mona", "hubot", "lee"):
        ghdeploy.add_user(login)
    repo.add_collaborator("mona", "pull")
    repo.add_commit("main", author="hubot")
    found = {
        login: repo.add_commit_comment("main", "text", user=login).author_association
        for login in ("octocat", "mona", "hubot", "lee")
    }
    assert found == {"octocat": "OWNER", "mona": "COLLABORATOR", "hubot": "CONTRIBUTOR", "lee": "NONE"}


# In Python


def test_python_adds_and_lists_comments(ghdeploy: FakeGitHub, repo: Repository, http: requests.Session) -> None:
    """The newest comment is first. A handle reads the current state."""
    ghdeploy.add_user("mona")
    first = repo.add_commit_comment("main", "one", path="app.py", line=3)
    sha = repo.add_commit("main")
    ghdeploy.clock.tick(timedelta(hours=1).total_seconds())
    second = repo.add_commit_comment("main", "two", user="mona")
    assert repo.commit_comments() == [second, first]
    assert repo.commit_comments(sha) == [second]
    assert (first.path, first.line, first.position, first.user.login) == ("app.py", 3, None, "octocat")
    assert (second.commit_id, second.user.login, second.created_at) == (sha, "mona", ghdeploy.clock.now)
    http.patch(f"{COMMENTS}/{second.id}", json={"body": "three"})
    assert (second.body, second.reactions["total_count"]) == ("three", 0)
    assert [event.name for event in ghdeploy.events] == ["commit_comment"] * 2


def test_python_refuses_what_github_would_refuse(repo: Repository, snapshot: Callable[[], object]) -> None:
    """An unknown ref or user and an invalid body are errors."""
    before = snapshot()
    with pytest.raises(FakeError, match="unknown branch, tag or SHA 'nope'"):
        repo.add_commit_comment("nope", "text")
    with pytest.raises(FakeError, match="unknown user 'nobody'"):
        repo.add_commit_comment("main", "text", user="nobody")
    with pytest.raises(FakeError, match="body is empty"):
        repo.add_commit_comment("main", "")
    with pytest.raises(FakeError, match="unknown branch, tag or SHA 'nope'"):
        repo.commit_comments("nope")
    assert snapshot() == before
