"""
Comments on pull requests over HTTP and in Python.

`issues/list-comments-for-repo`, `issues/list-comments`, `issues/create-comment`, `issues/get-comment`,
`issues/update-comment`, `issues/delete-comment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import API, REPO, Client

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository

COMMENTS = f"{REPO}/issues/1/comments"
ALL = f"{REPO}/issues/comments"
LONG = "is too long (maximum is 65536 characters)"


@pytest.fixture
def pull(repo: Repository) -> PullRequest:
    """Return pull request 1."""
    repo.add_branch("topic")
    repo.add_commit("topic")
    return repo.add_pull_request("topic", title="A change")


def _create(http: requests.Session, body: str = "Deploying …", path: str = COMMENTS) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(path, json={"body": body})
    assert reply.status_code == 201, reply.text
    return reply.json()


@pytest.mark.usefixtures("pull")
def test_a_comment_has_githubs_fields(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Its page is that of the pull request, but its API is that of the issue."""
    reply = http.post(COMMENTS, json={"body": "Deploying …"})
    comment = reply.json()
    url, now = f"{API}{ALL}/{comment['id']}", ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert list(comment.items()) == [
        ("url", url),
        ("html_url", f"https://github.com/octocat/example/pull/1#issuecomment-{comment['id']}"),
        ("issue_url", f"{API}{REPO}/issues/1"),
        ("id", comment["id"]),
        ("node_id", comment["node_id"]),
        ("user", http.get(REPO).json()["owner"]),
        ("created_at", now),
        ("updated_at", now),
        ("body", "Deploying …"),
        ("author_association", "OWNER"),
        ("reactions", comment["reactions"]),
        ("performed_via_github_app", None),
    ]
    assert comment["node_id"].startswith("IC_")
    assert comment["reactions"]["url"] == f"{url}/reactions"
    assert reply.headers["Location"] == url
    shown = http.get(url)
    assert shown.json() == comment
    assert "Last-Modified" not in shown.headers


def test_the_event_has_the_issue_of_the_pull_request(
    http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub
) -> None:
    """It tells a pull request from an issue by `pull_request` and `draft`, and counts the comment."""
    ghdeploy.clock.tick(60)
    comment = _create(http, "/deploy qa")
    event = ghdeploy.assert_event("issue_comment", action="created", body="/deploy qa", user="octocat")
    assert event.payload["comment"] == comment
    issue = http.get(f"{REPO}/issues/1").json()
    del issue["closed_by"]
    assert event.payload["issue"] == issue
    assert (issue["comments"], issue["draft"]) == (1, False)
    assert issue["pull_request"]["url"] == pull.url
    assert issue["updated_at"] == comment["created_at"]


def test_comments_are_listed_oldest_first(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """One list has those of a pull request, the other those of all. Both have the filter `since`."""
    for branch in ("one", "two"):
        repo.add_branch(branch)
        repo.add_commit(branch)
        repo.add_pull_request(branch)
    first = _create(http, "first")
    ghdeploy.clock.tick(60)
    second = _create(http, "second", f"{REPO}/issues/2/comments")
    third = _create(http, "third")
    assert http.get(COMMENTS).json() == [first, third]
    assert http.get(ALL).json() == [first, second, third]
    assert http.get(COMMENTS, params={"since": second["created_at"]}).json() == [third]
    assert http.get(ALL, params={"since": second["created_at"]}).json() == [second, third]
    assert http.get(f"{ALL}?since=yesterday").json() == [first, second, third]
    assert http.get(f"{ALL}?direction=desc").json() == [first, second, third]
    for sort in ("created", "updated"):
        assert http.get(f"{ALL}?sort={sort}&direction=desc").json() == [third, second, first], "with equal times too"
    http.patch(f"{ALL}/{first['id']}", json={"body": "changed"})
    ghdeploy.clock.tick(60)
    http.patch(f"{ALL}/{second['id']}", json={"body": "changed"})
    assert http.get(f"{ALL}?sort=updated&direction=desc").json()[0]["id"] == second["id"]


def test_one_comment_is_updated(http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """Tools find their comment by a marker, and change it. The event has the earlier body."""
    marker = "<!-- preview -->"
    for state in ("pending", "pending", "success"):
        ghdeploy.clock.tick(60)
        mine = [comment for comment in http.get(COMMENTS).json() if marker in comment["body"]]
        body = {"body": f"{marker}\n{state}"}
        reply = http.patch(mine[0]["url"], json=body) if mine else http.post(COMMENTS, json=body)
        assert reply.ok
    (comment,) = pull.comments
    assert comment.body == f"{marker}\nsuccess"
    assert comment.updated_at > comment.created_at
    created, edited = ghdeploy.events.named("issue_comment")
    assert (created.action, edited.action) == ("created", "edited")
    assert edited.payload["changes"] == {"body": {"from": f"{marker}\npending"}}
    assert edited.payload["comment"]["body"] == comment.body


@pytest.mark.usefixtures("pull")
def test_a_deleted_comment_is_gone(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Afterwards it is a 404 for GET, PATCH and DELETE. The event shows it once more."""
    comment = _create(http)
    path = f"{ALL}/{comment['id']}"
    assert http.post(f"{path}/reactions", json={"content": "eyes"}).status_code == 201
    assert http.delete(path).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        reply = http.request(method, path, json={"body": "x"})
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
    assert ghdeploy.events[-1].action == "deleted"
    assert ghdeploy.events[-1].payload["comment"]["id"] == comment["id"]
    assert not list(ghdeploy._engine.store.reactions)
    assert http.get(f"{REPO}/issues/1").json()["comments"] == 0


def _error(**error: str) -> list[dict[str, str]]:
    return [{"resource": "IssueComment"} | error]


BLANK = _error(code="unprocessable", field="data", message="Body cannot be blank")
TOO_LONG = _error(code="unprocessable", field="data", message=f"Body {LONG}")


@pytest.mark.parametrize(
    ("body", "message", "errors"),
    [
        ({}, 'Invalid request.\n\n"body" wasn\'t supplied.', None),
        ({"body": None}, "Invalid request.\n\nFor 'properties/body', nil is not a string.", None),
        ({"body": ""}, "Validation Failed", BLANK),
        ({"body": "a" * 262_145}, "Validation Failed", TOO_LONG),
        ({"body": "\N{ROCKET}" * 65_536 + "a"}, "Validation Failed", TOO_LONG),
    ],
)
@pytest.mark.usefixtures("pull")
def test_an_invalid_comment_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, object], message: str, errors: object
) -> None:
    """Bytes count, not characters. A refusal changes nothing."""
    before = snapshot()
    reply = http.post(COMMENTS, json=body)
    assert (reply.status_code, reply.json()["message"], reply.json().get("errors")) == (422, message, errors)
    assert reply.json()["documentation_url"] == "https://docs.github.com/rest/issues/comments#create-an-issue-comment"
    assert snapshot() == before


@pytest.mark.usefixtures("pull")
def test_the_longest_comment_has_262144_bytes(http: requests.Session) -> None:
    """Tools that cut their text at 65,536 characters never notice."""
    assert len(_create(http, "\N{ROCKET}" * 65_536)["body"]) == 65_536


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (" ", _error(code="missing_field", field="body")),
        ("a" * 262_145, _error(code="custom", field="body", message=f"body {LONG}")),
    ],
)
def test_a_change_is_refused_in_other_words(
    http: requests.Session, pull: PullRequest, body: str, errors: object
) -> None:
    """The words of the model, which GitHub also used for new comments until 2020."""
    comment = pull.add_comment("text")
    reply = http.patch(f"{ALL}/{comment.id}", json={"body": body})
    assert (reply.status_code, reply.json()["errors"]) == (422, errors)
    assert comment.body == "text"


@pytest.mark.usefixtures("pull")
def test_what_is_no_pull_request_has_no_comments(http: requests.Session) -> None:
    """The fake has no other issues. The hint lists the pull requests."""
    for method, number in (("GET", "2"), ("POST", "2"), ("GET", "x"), ("POST", "0")):
        reply = http.request(method, f"{REPO}/issues/{number}/comments", json={"body": "x"})
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.headers["X-GHDeploy-Hint"] == f"octocat/example has no pull request {number}; known: 1"


def test_an_unchanged_comment_has_no_event(http: requests.Session, pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """Its time stays, too."""
    comment = pull.add_comment("same")
    ghdeploy.events.clear()
    ghdeploy.clock.tick(60)
    assert http.patch(f"{ALL}/{comment.id}", json={"body": "same"}).status_code == 200
    assert (list(ghdeploy.events), comment.updated_at) == ([], comment.created_at)


# Who comments


def test_a_comment_of_an_app_shows_the_app(ghdeploy: FakeGitHub, pull: PullRequest) -> None:
    """So does one that it makes for a user. That is different for deployments."""
    app = ghdeploy.add_app("preview")
    installation = app.install("octocat")
    tokens = {"preview[bot]": installation.token(), "octocat": installation.user_token("octocat")}
    for login, token in tokens.items():
        comment = _create(Client(authorization=f"token {token}"))
        assert comment["user"]["login"] == login
        shown = comment["performed_via_github_app"]
        assert (shown["id"], shown["slug"], shown["owner"]["login"]) == (app.id, "preview", "octocat")
    assert pull.add_comment("from Python", user="preview[bot]").performed_via_github_app == app
    assert pull.add_comment("from Python").performed_via_github_app is None


def test_a_comment_of_github_actions_shows_its_app(ghdeploy: FakeGitHub, pull: PullRequest) -> None:
    """A workflow's token belongs to the app of GitHub Actions."""
    ghdeploy.add_token("of-a-workflow", user="github-actions[bot]", permissions={"pull_requests": "write"})
    comment = _create(Client(authorization="token of-a-workflow"))
    assert (comment["user"]["type"], comment["author_association"]) == ("Bot", "NONE")
    assert comment["performed_via_github_app"]["slug"] == "github-actions"
    assert pull.comments[0].user.login == "github-actions[bot]"


@pytest.mark.parametrize("permission", ["issues", "pull_requests"])
def test_either_of_two_permissions_is_enough(ghdeploy: FakeGitHub, pull: PullRequest, permission: str) -> None:
    """The header lists both. Any other permission is a 403."""
    ghdeploy.add_token("enough", user="gate[bot]", permissions={permission: "write"})
    ghdeploy.add_token("too-weak", user="gate[bot]", permissions={"contents": "write"})
    answers = [
        Client(authorization=f"token {token}").post(COMMENTS, json={"body": "x"}) for token in ("enough", "too-weak")
    ]
    assert [answer.status_code for answer in answers] == [201, 403]
    for answer in answers:
        assert answer.headers["X-Accepted-GitHub-Permissions"] == "issues=write; pull_requests=write"
    assert "needs issues=write or pull_requests=write" in answers[1].headers["X-GHDeploy-Hint"]
    assert len(pull.comments) == 1


def test_who_can_read_may_comment(ghdeploy: FakeGitHub, pull: PullRequest) -> None:
    """Others' comments need the right to push."""
    ghdeploy.add_token("of-mona", user="mona")
    mona = Client(authorization="token of-mona")
    mine, of_octocat = _create(mona)["id"], pull.add_comment("text").id
    assert mona.patch(f"{ALL}/{of_octocat}", json={"body": "x"}).status_code == 403
    assert mona.delete(f"{ALL}/{of_octocat}").status_code == 403
    assert mona.patch(f"{ALL}/{mine}", json={"body": "x"}).status_code == 200
    assert mona.delete(f"{ALL}/{mine}").status_code == 204


# In Python


def test_python_adds_and_lists_comments(pull: PullRequest, ghdeploy: FakeGitHub) -> None:
    """The newest is first. A handle reads the current state."""
    ghdeploy.add_user("mona")
    first, second = pull.add_comment("one"), pull.add_comment("two", user="mona")
    assert pull.comments == [second, first]
    assert [(comment.body, comment.user.login) for comment in pull.comments] == [("two", "mona"), ("one", "octocat")]
    assert first.html_url.endswith(f"/pull/1#issuecomment-{first.id}")
    ghdeploy.assert_event("issue_comment", user="mona", body="two")


def test_python_refuses_what_github_would_refuse(pull: PullRequest, snapshot: Callable[[], object]) -> None:
    """An unknown user and an empty body are errors."""
    before = snapshot()
    with pytest.raises(FakeError, match="unknown user 'nobody'") as caught:
        pull.add_comment("text", user="nobody")
    assert caught.value.argument == "user"
    with pytest.raises(FakeError, match="body is empty") as caught:
        pull.add_comment("")
    assert caught.value.argument == "body"
    assert snapshot() == before
