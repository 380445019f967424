"""
Pull requests: `pulls/list`, `pulls/get`, `pulls/create`, `pulls/update`, `pulls/list-commits`, `pulls/list-files`.

Merges are in `test_pull_merges`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import REPO
from work import lines_run

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PULLS = f"{REPO}/pulls"


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return octocat/example with the branches main, and topic with one more commit."""
    repository = ghdeploy.add_repository("octocat/example")
    repository.add_branch("topic")
    repository.add_commit("topic", message="Add a page\n\nWith text.", files={"page.txt": "one\ntwo\n"})
    return repository


def opened(http: requests.Session, **body: object) -> dict[str, Any]:
    """Open a pull request of topic into main."""
    reply = http.post(PULLS, json={"head": "topic", "base": "main", "title": "Add a page", **body})
    assert reply.status_code == 201, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def actions(ghdeploy: FakeGitHub) -> list[str | None]:
    """List the actions of the events about pull requests."""
    return [event.action for event in ghdeploy.events.named("pull_request")]


# Opening


def test_a_new_pull_request_is_shown_whole(http: requests.Session, repo: Repository) -> None:
    """It has GitHub's 48 members, and whether it can be merged is not known yet."""
    reply = http.post(PULLS, json={"head": "topic", "base": "main", "title": "Add a page", "body": ""})
    pull = reply.json()
    assert (reply.status_code, reply.headers["Location"]) == (201, pull["url"])
    assert len(pull) == 48
    assert [pull[name] for name in ("mergeable", "rebaseable", "mergeable_state", "merge_commit_sha")] == [
        *(None, None, "unknown", None)
    ]
    assert [pull[name] for name in ("number", "state", "title", "body", "draft")] == [
        *(1, "open", "Add a page", None, False)
    ]
    assert [pull[name] for name in ("commits", "additions", "deletions", "changed_files")] == [1, 2, 0, 1]
    assert (pull["head"]["label"], pull["head"]["sha"]) == ("octocat:topic", repo.sha("topic"))
    assert (pull["base"]["label"], pull["base"]["sha"]) == ("octocat:main", repo.sha("main"))
    assert pull["author_association"] == "OWNER"
    assert pull["id"] != pull["number"]
    assert pull["issue_url"].endswith("/issues/1")


def test_the_newer_version_has_two_members_less(http: requests.Session, repo: Repository) -> None:
    """In every response, also in a list, but not in an event."""
    newer = {"X-GitHub-Api-Version": "2026-03-10"}
    body = {"head": "topic", "base": "main", "title": "Add a page"}
    answers = [
        http.post(PULLS, json=body, headers=newer).json(),
        http.get(f"{PULLS}/1", headers=newer).json(),
        http.patch(f"{PULLS}/1", json={}, headers=newer).json(),
        http.get(PULLS, headers=newer).json()[0],
    ]
    assert [len(answer) for answer in answers] == [46, 46, 46, 34]
    assert not any({"merge_commit_sha", "assignee"} & answer.keys() for answer in answers)
    assert repo.pull_request(1).merge_commit_sha


def test_opening_dispatches_the_event(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The payload has the full form, with the settings of the repository in head and base."""
    opened(http)
    payload = ghdeploy.assert_event("pull_request", action="opened", number=1, title="Add a page").payload
    assert payload["number"] == 1
    assert payload["pull_request"]["mergeable_state"] == "unknown"
    assert payload["pull_request"]["head"]["repo"]["allow_squash_merge"] is True
    assert "allow_squash_merge" not in http.get(f"{PULLS}/1").json()["head"]["repo"]
    assert repo.full_name == "octocat/example"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"head": "nope"}, [{"field": "head", "code": "invalid"}]),
        ({"base": "nope"}, [{"field": "base", "code": "invalid"}]),
        ({"head": "x", "base": "y"}, [{"field": "base", "code": "invalid"}, {"field": "head", "code": "invalid"}]),
        ({"head": "mona:topic"}, [{"field": "head", "code": "invalid"}]),
        ({"head_repo": "other"}, [{"field": "head", "code": "invalid"}]),
        ({"title": ""}, [{"field": "title", "code": "missing_field"}]),
        ({"head": "main"}, [{"code": "custom", "message": "No commits between main and main"}]),
        ({"head": "empty"}, [{"code": "custom", "message": "No commits between main and empty"}]),
    ],
)
def test_an_impossible_pull_request_is_refused(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    body: dict[str, object],
    errors: list[dict[str, str]],
) -> None:
    """The errors name what is wrong, the base before the head. Nothing has changed."""
    repo.add_branch("empty")
    before = snapshot()
    reply = http.post(PULLS, json={"head": "topic", "base": "main", "title": "Add a page", **body})
    assert (reply.status_code, reply.json()["message"]) == (422, "Validation Failed")
    assert reply.json()["errors"] == [{"resource": "PullRequest", **error} for error in errors]
    assert snapshot() == before


def test_a_second_pull_request_for_the_same_branches_is_refused(http: requests.Session, repo: Repository) -> None:
    """Another title does not help, but another base does, and so does closing the first."""
    opened(http)
    reply = http.post(PULLS, json={"head": "octocat:topic", "base": "main", "title": "Again"})
    (error,) = reply.json()["errors"]
    assert error == {
        "resource": "PullRequest",
        "code": "custom",
        "message": "A pull request already exists for octocat:topic.",
    }
    repo.add_branch("other")
    assert opened(http, base="other")["number"] == 2
    repo.pull_request(1).close()
    assert opened(http)["number"] == 3


def test_no_issue_can_become_a_pull_request(http: requests.Session, repo: Repository) -> None:
    """All issues of the fake are pull requests already."""
    opened(http)
    repo.add_branch("other")
    messages = {
        1: "The specified issue is already attached to a pull request.",
        2: "The specified issue does not exist.",
    }
    for number, message in messages.items():
        reply = http.post(PULLS, json={"head": "topic", "base": "other", "issue": number})
        error = {"value": number, "resource": "PullRequest", "field": "issue", "code": "invalid"}
        assert (reply.status_code, reply.json()["message"], reply.json()["errors"]) == (422, message, [error])


# Reading


def test_reading_finds_out_whether_it_can_be_merged(http: requests.Session, repo: Repository) -> None:
    """A clean test merge is a commit with the base and the head as parents, and a ref points to it."""
    opened(http)
    pull = http.get(f"{PULLS}/1").json()
    assert (pull["mergeable"], pull["rebaseable"], pull["mergeable_state"]) == (True, True, "clean")
    parents = http.get(f"{REPO}/commits/{pull['merge_commit_sha']}").json()["parents"]
    assert [parent["sha"] for parent in parents] == [repo.sha("main"), repo.sha("topic")]
    assert repo.sha("refs/pull/1/merge") == pull["merge_commit_sha"]
    assert http.get(PULLS).json()[0]["merge_commit_sha"] == pull["merge_commit_sha"]


def test_an_unknown_pull_request_is_not_found(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The hint lists the numbers that exist."""
    repo.add_pull_request("topic")
    for number in ("2", "x", "9" * 30):
        assert http.get(f"{PULLS}/{number}").status_code == 404
    assert ghdeploy.requests[-3].hint == "octocat/example has no pull request 2; known: 1"


def test_lists_have_filters(http: requests.Session, repo: Repository) -> None:
    """A head without an owner filters nothing, and one of another owner or branch finds nothing."""
    repo.add_branch("feature/a")
    repo.add_commit("feature/a")
    repo.add_pull_request("topic")
    repo.add_pull_request("feature/a", base="topic")
    repo.add_pull_request("feature/a").close()

    def numbers(**query: str) -> list[int]:
        return [pull["number"] for pull in http.get(PULLS, params=query).json()]

    assert numbers() == [2, 1]
    assert numbers(state="all") == [3, 2, 1]
    assert numbers(state="closed") == [3]
    assert numbers(base="topic") == [2]
    assert numbers(head="octocat:feature/a") == [2]
    assert numbers(head="feature/a") == [2, 1]
    assert numbers(head="mona:topic") == numbers(head="octocat:nope") == []
    assert numbers(direction="asc") == numbers(sort="long-running") == [1, 2]


def test_lists_are_sorted(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """By default the newest comes first, and with any other order the smallest."""
    for name in ("a", "b"):
        repo.add_branch(name)
        repo.add_commit(name)
        repo.add_pull_request(name)
    ghdeploy.clock.tick(1)
    http.patch(f"{PULLS}/1", json={"title": "Other"})

    def numbers(**query: str) -> list[int]:
        return [pull["number"] for pull in http.get(PULLS, params=query).json()]

    assert numbers(sort="created") == [2, 1]
    assert numbers(sort="updated") == [2, 1]
    assert numbers(sort="updated", direction="desc") == [1, 2]
    assert numbers(sort="popularity") == [1, 2]


def test_commits_and_files_are_those_since_the_merge_base(http: requests.Session, repo: Repository) -> None:
    """Commits come oldest first. What the base got since does not count."""
    repo.add_commit("topic", message="Second", files={"page.txt": "one\n"})
    repo.add_commit("main")
    opened(http)
    commits = http.get(f"{PULLS}/1/commits").json()
    assert [commit["commit"]["message"].partition("\n")[0] for commit in commits] == ["Add a page", "Second"]
    (file,) = http.get(f"{PULLS}/1/files").json()
    assert (file["filename"], file["status"], file["additions"], file["patch"]) == (
        *("page.txt", "added", 1, "@@ -0,0 +1 @@\n+one"),
    )


# Changing


def test_changes_are_dispatched(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """An event has the previous values, and "" for an empty text."""
    repo.add_branch("next")
    opened(http)
    base = {"ref": {"from": "main"}, "sha": {"from": repo.sha("main")}}
    for body, changes in [
        ({"title": "Other"}, {"title": {"from": "Add a page"}}),
        ({"body": "Text"}, {"body": {"from": ""}}),
        ({"body": None}, {"body": {"from": "Text"}}),
        ({"base": "next"}, {"base": base}),
    ]:
        assert http.patch(f"{PULLS}/1", json=body).status_code == 200
        assert ghdeploy.events[-1].payload["changes"] == changes
    pull = http.get(f"{PULLS}/1").json()
    assert (pull["title"], pull["body"], pull["base"]["ref"]) == ("Other", None, "next")


@pytest.mark.parametrize("body", [{}, {"title": "Add a page"}, {"title": None}, {"body": ""}, {"state": "open"}])
def test_what_changes_nothing_dispatches_nothing(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, body: dict[str, object]
) -> None:
    """An unknown state changes nothing either."""
    pull = repo.add_pull_request("topic", title="Add a page")
    ghdeploy.clock.tick(60)
    for changes in (body, {"state": "merged"}):
        reply = http.patch(f"{PULLS}/1", json=changes)
        assert (reply.status_code, reply.json()["state"]) == (200, "open")
    assert actions(ghdeploy) == ["opened"]
    assert pull.updated_at == pull.created_at


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"title": " "}, {"code": "missing_field", "field": "title"}),
        (
            {"base": "nope"},
            {"message": "Proposed base branch 'nope' was not found", "field": "base", "code": "invalid"},
        ),
        (
            {"base": "topic"},
            {
                "message": "There are no new commits between base branch 'topic' and head branch 'topic'",
                "field": "base",
                "code": "invalid",
            },
        ),
        (
            {"base": "next"},
            {
                "message": "A pull request already exists for base branch 'next' and head branch 'topic'",
                "field": "base",
                "code": "invalid",
            },
        ),
    ],
)
def test_an_impossible_change_is_refused(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    body: dict[str, object],
    error: dict[str, str],
) -> None:
    """Nothing has changed, whatever else the request has."""
    repo.add_branch("next")
    repo.add_pull_request("topic")
    repo.add_pull_request("topic", base="next")
    before = snapshot()
    reply = http.patch(f"{PULLS}/1", json={"body": "Text", **body})
    assert (reply.status_code, reply.json()["errors"]) == (422, [{"resource": "PullRequest", **error}])
    assert snapshot() == before


def test_closing_and_reopening(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The test merge goes with closing, and comes back when somebody asks. The head stays."""
    repo.add_pull_request("topic")
    merge = http.get(f"{PULLS}/1").json()["merge_commit_sha"]
    closed = http.patch(f"{PULLS}/1", json={"state": "closed"}).json()
    assert (closed["state"], closed["mergeable"], closed["merge_commit_sha"]) == ("closed", True, merge)
    assert closed["closed_at"]
    assert http.get(f"{REPO}/git/ref/pull/1/merge").status_code == 404
    assert http.get(f"{REPO}/git/ref/pull/1/head").json()["object"]["sha"] == repo.sha("topic")
    reopened = http.patch(f"{PULLS}/1", json={"state": "open"}).json()
    assert (reopened["state"], reopened["closed_at"], reopened["mergeable"]) == ("open", None, True)
    assert http.get(f"{REPO}/git/ref/pull/1/merge").status_code == 200
    assert actions(ghdeploy) == ["opened", "closed", "reopened"]


def test_the_base_of_a_closed_pull_request_stays(http: requests.Session, repo: Repository) -> None:
    """GitHub refuses to change it."""
    repo.add_branch("next")
    repo.add_pull_request("topic").close()
    (error,) = http.patch(f"{PULLS}/1", json={"base": "next"}).json()["errors"]
    assert error["message"] == "Cannot change the base branch of a closed pull request"


def test_reopening_depends_on_the_head(http: requests.Session, repo: Repository) -> None:
    """It may have moved on, but not away."""
    pull = repo.add_pull_request("topic")
    pull.close()
    after = repo.add_commit("topic")
    assert pull.head.sha != after
    pull.reopen()
    assert pull.head.sha == repo.sha("refs/pull/1/head") == after
    pull.close()

    def reason() -> str:
        reply = http.patch(f"{PULLS}/1", json={"state": "open"})
        assert reply.status_code == 422
        message: str = reply.json()["errors"][0]["message"]
        return message.removeprefix("state cannot be changed. ")

    root = repo.sha("main")
    http.patch(f"{REPO}/git/refs/heads/topic", json={"sha": root, "force": True})
    assert reason() == "The topic branch was force-pushed or recreated."
    http.delete(f"{REPO}/git/refs/heads/topic")
    assert reason() == "The topic branch has been deleted."
    http.post(f"{REPO}/git/refs", json={"ref": "refs/heads/topic", "sha": after})
    repo.add_pull_request("topic")
    assert reason() == "A pull request already exists for octocat:topic."
    http.patch(f"{REPO}/git/refs/heads/main", json={"sha": after})
    assert reason() == "There are no new commits on the octocat:topic branch."


def test_outsiders_cost_the_same_in_a_long_history(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """Whether an author has committed to the default branch is found out once for each push to it, not in each row."""
    ghdeploy.add_user("mona")
    for name in ("one", "two", "three"):
        repo.add_branch(name)
        repo.add_commit(name)
        repo.add_pull_request(name, user="mona").add_comment("Hi", user="mona")

    def work(path: str) -> int:
        http.get(path)
        return lines_run(lambda: http.get(path))

    paths = [PULLS, f"{REPO}/issues", f"{REPO}/issues/comments"]
    before = [work(path) for path in paths]
    for _ in range(200):
        repo.add_commit("main")
    assert all(after < 1.2 * old for old, after in zip(before, map(work, paths), strict=True))


def test_a_commit_makes_its_author_a_contributor(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """On the default branch, with the next request."""
    ghdeploy.add_user("mona")
    repo.add_commit("topic", author="mona")
    repo.add_pull_request("topic", user="mona")
    assert http.get(f"{PULLS}/1").json()["author_association"] == "NONE"
    repo.add_commit("main", author="mona")
    assert http.get(f"{PULLS}/1").json()["author_association"] == "CONTRIBUTOR"


def test_reading_a_pull_request_does_not_change_later_shas(ghdeploy: FakeGitHub) -> None:
    """The SHA of a test merge depends on its parents alone."""
    shas = []
    for reads in (False, True):
        ghdeploy.reset()
        repo = ghdeploy.add_repository("octocat/example")
        repo.add_branch("topic")
        repo.add_commit("topic")
        pull = repo.add_pull_request("topic")
        if reads:
            assert pull.mergeable
            assert pull.merge_commit_sha == repo.sha("refs/pull/1/merge")
        shas.append(repo.add_commit("main"))
    assert shas[0] == shas[1]
