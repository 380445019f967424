"""
Merging pull requests: `pulls/merge`, `pulls/check-if-merged`, `pulls/update-branch`.

And how pull requests follow the branches: `repos/list-pull-requests-associated-with-commit`, refs and pushes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import REPO, Client

from pytest_ghdeploy import FakeError, FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import Repository
    from pytest_ghdeploy.github.pull_requests import MergeMethod

PULLS = f"{REPO}/pulls"
FILE = {"message": "Change", "content": "aGVsbG8K", "branch": "topic"}


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return octocat/example with the branches main, and topic with one more commit."""
    repository = ghdeploy.add_repository("octocat/example")
    repository.add_branch("topic")
    repository.add_commit("topic", message="Add a page\n\nWith text.", files={"page.txt": "one\n"})
    return repository


def seen(ghdeploy: FakeGitHub) -> list[str]:
    """List the events, each as name and action."""
    return [f"{event.name} {event.action}" if event.action else event.name for event in ghdeploy.events]


def commit(http: requests.Session, sha: str) -> dict[str, Any]:
    """Read a commit."""
    answer: dict[str, Any] = http.get(f"{REPO}/commits/{sha}").json()
    return answer


# Merging


def test_a_merge_is_a_commit_of_githubs_own(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Its author merges, GitHub commits and signs it, and the pull request is closed."""
    ghdeploy.add_user("mona")
    repo.add_pull_request("topic", user="mona", title="A page")
    base = repo.sha("main")
    assert http.get(f"{PULLS}/1/merge").status_code == 404
    reply = http.put(f"{PULLS}/1/merge")
    sha = repo.sha("main")
    assert (reply.status_code, reply.json()) == (
        200,
        {"sha": sha, "merged": True, "message": "Pull Request successfully merged"},
    )
    assert http.get(f"{PULLS}/1/merge").status_code == 204
    merged = commit(http, sha)
    assert merged["commit"]["message"] == "Merge pull request #1 from octocat/topic\n\nA page"
    assert [parent["sha"] for parent in merged["parents"]] == [base, repo.sha("topic")]
    assert (merged["author"]["login"], merged["committer"]["login"]) == ("octocat", "web-flow")
    assert merged["commit"]["committer"]["email"] == "noreply@github.com"
    assert merged["commit"]["verification"]["verified"] is True
    pull = http.get(f"{PULLS}/1").json()
    assert (pull["state"], pull["merged"], pull["merged_by"]["login"]) == ("closed", True, "octocat")
    assert (pull["mergeable"], pull["mergeable_state"], pull["merge_commit_sha"]) == (None, "unknown", sha)
    assert pull["commits"] == 1
    assert seen(ghdeploy) == ["pull_request opened", "push", "pull_request closed"]
    assert ghdeploy.events[-1].payload["pull_request"]["merged"] is True
    assert ghdeploy.events[-2].payload["head_commit"]["committer"]["username"] == "web-flow"


def test_a_squash_is_one_commit_by_the_author(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Its message lists the commits, and names the other authors."""
    ghdeploy.add_user("mona")
    repo.add_commit("topic", message="Second", author={"name": "Lisa", "email": "lisa@example.com"})
    repo.add_pull_request("topic", user="mona", title="A page")
    base = repo.sha("main")
    sha = http.put(f"{PULLS}/1/merge", json={"merge_method": "squash"}).json()["sha"]
    squashed = commit(http, sha)
    octocat = f"octocat <{repo.owner.id}+octocat@users.noreply.github.com>"
    assert squashed["commit"]["message"] == (
        "A page (#1)\n\n* Add a page\n\nWith text.\n\n* Second\n\n"
        f"Co-authored-by: {octocat}\nCo-authored-by: Lisa <lisa@example.com>"
    )
    assert [parent["sha"] for parent in squashed["parents"]] == [base]
    assert (squashed["author"]["login"], squashed["committer"]["login"]) == ("mona", "web-flow")
    assert [file["filename"] for file in squashed["files"]][-1] == "page.txt"
    assert http.get(f"{REPO}/contents/page.txt").status_code == 200


def test_a_squash_of_one_commit_has_its_message(http: requests.Session, repo: Repository) -> None:
    """With the number of the pull request after the first line."""
    repo.add_pull_request("topic", title="Another title")
    sha = http.put(f"{PULLS}/1/merge", json={"merge_method": "squash"}).json()["sha"]
    assert commit(http, sha)["commit"]["message"] == "Add a page (#1)\n\nWith text."


def test_a_rebase_keeps_authors_and_messages(http: requests.Session, repo: Repository) -> None:
    """The commits follow the base, each with one parent. The pull request has the last one."""
    repo.add_commit("topic", message="Second", author={"name": "Lisa", "email": "lisa@example.com"})
    repo.add_commit("main")
    base = repo.sha("main")
    pull = repo.add_pull_request("topic")
    sha = http.put(f"{PULLS}/1/merge", json={"merge_method": "rebase"}).json()["sha"]
    second, first, third = repo.commits()[:3]
    assert (second.sha, second.message, second.author.name) == (sha, "Second", "Lisa")
    assert (first.message, first.parents, third.sha) == ("Add a page\n\nWith text.", (base,), base)
    assert pull.merge_commit_sha == sha
    assert {row["number"] for row in http.get(f"{REPO}/commits/{first.sha}/pulls").json()} == {1}


@pytest.mark.parametrize(
    ("settings", "method", "message"),
    [
        ({"merge_commit_title": "PR_TITLE", "merge_commit_message": "PR_BODY"}, "merge", "A page (#1)\n\nText."),
        ({"merge_commit_message": "BLANK"}, "merge", "Merge pull request #1 from octocat/topic"),
        ({"squash_merge_commit_title": "PR_TITLE"}, "squash", "A page (#1)\n\nWith text."),
        ({"squash_merge_commit_message": "PR_BODY"}, "squash", "Add a page (#1)\n\nText."),
        ({"squash_merge_commit_message": "BLANK"}, "squash", "Add a page (#1)"),
    ],
)
def test_settings_choose_the_message(
    http: requests.Session, repo: Repository, settings: dict[str, str], method: str, message: str
) -> None:
    """The title and the text of a merge and of a squash are separate settings."""
    assert http.patch(REPO, json=settings).status_code == 200
    repo.add_pull_request("topic", title="A page", body="Text.")
    sha = http.put(f"{PULLS}/1/merge", json={"merge_method": method}).json()["sha"]
    assert commit(http, sha)["commit"]["message"] == message


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_the_client_may_choose_the_message(http: requests.Session, repo: Repository, method: str) -> None:
    """A title alone keeps the usual text."""
    repo.add_pull_request("topic")
    body = {"commit_title": "Ship it", "commit_message": "At last.", "merge_method": method}
    sha = http.put(f"{PULLS}/1/merge", json=body).json()["sha"]
    assert commit(http, sha)["commit"]["message"] == "Ship it\n\nAt last."


def _close(http: requests.Session) -> None:
    http.patch(f"{PULLS}/1", json={"state": "closed"})


def _merge(http: requests.Session) -> None:
    http.put(f"{PULLS}/1/merge")


def _conflict(http: requests.Session) -> None:
    body = {**FILE, "branch": "main"}
    assert http.put(f"{REPO}/contents/page.txt", json=body).status_code == 201


def _forbid(http: requests.Session) -> None:
    assert http.patch(REPO, json={"allow_squash_merge": False}).status_code == 200


def _nothing(_: requests.Session) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "body", "status", "message"),
    [
        (_close, {}, 405, "Pull Request is not mergeable"),
        (_merge, {}, 405, "Pull Request is not mergeable"),
        (_conflict, {}, 405, "Pull Request is not mergeable"),
        (_forbid, {"merge_method": "squash"}, 405, "Squash merges are not allowed on this repository."),
        (_nothing, {"sha": "0" * 40}, 409, "Head branch was modified. Review and try the merge again."),
    ],
)
def test_an_impossible_merge_is_refused(
    http: requests.Session,
    repo: Repository,
    snapshot: Callable[[], object],
    before: Callable[[requests.Session], None],
    body: dict[str, str],
    status: int,
    message: str,
) -> None:
    """With a simple body. Nothing has changed, not even the mergeability, and from Python neither."""
    pull = repo.add_pull_request("topic")
    before(http)
    earlier = snapshot()
    reply = http.put(f"{PULLS}/1/merge", json=body)
    assert (reply.status_code, reply.json()["message"]) == (status, message)
    assert reply.json().keys() == {"message", "documentation_url", "status"}
    if "sha" not in body:
        method: MergeMethod = "squash" if "merge_method" in body else "merge"
        with pytest.raises(FakeError, match="GitHub would respond 405 "):
            pull.merge(method=method)
    assert snapshot() == earlier


def test_a_draft_cannot_be_merged(http: requests.Session, repo: Repository) -> None:
    """Though it is clean."""
    repo.add_pull_request("topic", draft=True)
    assert http.get(f"{PULLS}/1").json()["mergeable_state"] == "clean"
    reply = http.put(f"{PULLS}/1/merge")
    assert (reply.status_code, reply.json()["message"]) == (405, "Pull Request is still a draft")


def test_a_conflict_of_one_commit_refuses_a_rebase(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object]
) -> None:
    """If a later commit resolves it, a merge is still possible."""
    repo.add_commit("topic", files={"page.txt": "same\n"})
    repo.add_commit("main", files={"page.txt": "same\n"})
    repo.add_pull_request("topic")
    earlier = snapshot()
    assert http.put(f"{PULLS}/1/merge", json={"merge_method": "rebase"}).status_code == 405
    assert snapshot() == earlier
    pull = http.get(f"{PULLS}/1").json()
    assert (pull["mergeable"], pull["rebaseable"], pull["mergeable_state"]) == (True, False, "clean")
    reply = http.put(f"{PULLS}/1/merge", json={"merge_method": "rebase"})
    assert (reply.status_code, reply.json()["message"]) == (405, "This branch can't be rebased")
    assert http.put(f"{PULLS}/1/merge").status_code == 200


def test_the_head_is_deleted_with_a_setting(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Pull requests into it get the base of the merged one."""
    http.patch(REPO, json={"delete_branch_on_merge": True})
    repo.add_pull_request("topic")
    repo.add_branch("next", from_ref="topic")
    repo.add_commit("next")
    stacked = repo.add_pull_request("next", base="topic")
    ghdeploy.events.clear()
    assert http.put(f"{PULLS}/1/merge").status_code == 200
    assert "topic" not in [branch.name for branch in repo.branches]
    assert (stacked.state, stacked.base.ref) == ("open", "main")
    assert seen(ghdeploy) == ["push", "pull_request closed", "pull_request edited", "delete", "push"]
    assert repo.sha("refs/pull/1/head") in {commit.sha for commit in repo.commits()}


def test_mergeable_may_stay_unknown_for_some_reads(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """After opening and after each push, n reads say null. Until then a merge is refused. Python knows at once."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3", mergeable_after=2)
    repo = fake.add_repository("octocat/example")
    repo.add_branch("topic")
    repo.add_commit("topic")
    pull = repo.add_pull_request("topic")
    with Client(fake.base_url) as http:

        def read() -> tuple[object, object]:
            answer = http.get(f"{PULLS}/1").json()
            return answer["mergeable"], answer["mergeable_state"]

        assert http.put(f"{PULLS}/1/merge").status_code == 405
        assert pull.mergeable is True
        assert [read() for _ in range(4)] == [(None, "unknown")] * 2 + [(True, "clean")] * 2
        repo.add_commit("topic")
        assert http.put(f"{PULLS}/1/merge").status_code == 405
        assert [read() for _ in range(3)] == [(None, "unknown")] * 2 + [(True, "clean")]
        repo.add_commit("main")
        assert [read()[0] for _ in range(3)] == [None, None, True]
        assert http.put(f"{PULLS}/1/merge").status_code == 200


def test_python_merges_too(repo: Repository, ghdeploy: FakeGitHub) -> None:
    """It obeys the same rules, and returns the SHA."""
    pull = repo.add_pull_request("topic")
    with pytest.raises(FakeError, match="unknown merge method 'fast'"):
        pull.merge(method="fast")  # type: ignore[arg-type]
    assert pull.merge(method="squash") == repo.sha("main")
    assert (pull.merged, pull.state, pull.mergeable, pull.mergeable_state) == (True, "closed", None, "unknown")
    ghdeploy.assert_event("pull_request", action="closed", merged=True)
    with pytest.raises(FakeError, match="405 'Pull Request is not mergeable': pull request #1 is already merged"):
        pull.merge()
    with pytest.raises(FakeError, match="pull request #1 cannot be reopened: The pull request cannot be reopened"):
        pull.reopen()


# The state of checks


def test_checks_that_are_not_successful_make_it_unstable(http: requests.Session, repo: Repository) -> None:
    """Pending ones do too; neutral and skipped ones do not. A conflict comes first."""
    pull = repo.add_pull_request("topic")
    repo.add_check_run("topic", name="lint", conclusion="skipped")
    assert pull.mergeable_state == "clean"
    repo.add_commit_status("topic", state="pending")
    assert http.get(f"{PULLS}/1").json()["mergeable_state"] == "unstable"
    repo.add_commit_status("topic", state="success")
    repo.add_check_run("topic", name="build", status="in_progress", conclusion=None)
    assert pull.mergeable_state == "unstable"
    repo.add_merge_conflict("topic")
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")


# Updating the head


def test_the_base_is_merged_into_the_head(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The response leads to the pull request. `push` and `synchronize` are dispatched."""
    repo.add_commit("main")
    pull = repo.add_pull_request("topic")
    before = pull.head.sha
    reply = http.put(f"{PULLS}/1/update-branch", json={"expected_head_sha": before})
    url = f"https://api.github.com{PULLS}/1"
    assert (reply.status_code, reply.headers["Location"], reply.json()) == (
        *(202, url, {"message": "Updating pull request branch.", "url": url}),
    )
    assert pull.head.sha == repo.sha("topic") == repo.sha("refs/pull/1/head") != before
    assert repo.commits("topic")[0].parents == (before, repo.sha("main"))
    assert seen(ghdeploy) == ["pull_request opened", "push", "pull_request synchronize"]
    payload = ghdeploy.events[-1].payload
    assert (payload["before"], payload["after"]) == (before, pull.head.sha)
    assert payload["pull_request"]["head"]["sha"] == pull.head.sha
    assert payload["pull_request"]["mergeable"] is None


def test_an_impossible_update_is_refused(http: requests.Session, repo: Repository) -> None:
    """The texts are GitHub's, one with a typographic apostrophe."""
    repo.add_pull_request("topic")

    def refusal(**body: str) -> str:
        reply = http.put(f"{PULLS}/1/update-branch", json=body)
        assert reply.status_code == 422
        message: str = reply.json()["message"]
        return message

    assert refusal() == "There are no new commits on the base branch."
    assert refusal(expected_head_sha="0" * 40) == "expected head sha didn\u2019t match current head ref."
    repo.add_merge_conflict("topic")
    assert refusal() == "merge conflict between base and head"
    repo.pull_request(1).close()
    assert refusal() == "There are no new commits on the base branch."


# Following the branches


def test_every_push_to_the_head_synchronizes(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """Through contents, refs and merges. A commit from Python is silent, but counts."""
    pull = repo.add_pull_request("topic")
    ghdeploy.events.clear()
    http.put(f"{REPO}/contents/a.txt", json=FILE)
    http.post(f"{REPO}/merges", json={"base": "topic", "head": "main"})
    assert seen(ghdeploy) == ["push", "pull_request synchronize"]
    after = repo.add_commit("topic")
    assert pull.head.sha == repo.sha("refs/pull/1/head") == after
    assert http.get(f"{PULLS}/1").json()["commits"] == 3
    http.patch(f"{REPO}/git/refs/heads/topic", json={"sha": repo.commits("topic")[1].sha, "force": True})
    assert seen(ghdeploy) == ["push", "pull_request synchronize"] * 2
    assert pull.head.sha == repo.sha("topic") != after


def test_a_merge_for_a_deployment_synchronizes(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """`auto_merge` pushes to the head as well."""
    repo.add_pull_request("topic")
    repo.add_commit("main")
    assert http.post(f"{REPO}/deployments", json={"ref": "topic"}).status_code == 202
    assert seen(ghdeploy)[-2:] == ["push", "pull_request synchronize"]


def test_a_push_to_the_base_sends_nothing(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The old test merge stays until somebody asks."""
    pull = repo.add_pull_request("topic")
    old = repo.sha("refs/pull/1/merge")
    http.put(f"{REPO}/contents/a.txt", json={**FILE, "branch": "main"})
    assert seen(ghdeploy) == ["pull_request opened", "push"]
    assert http.get(PULLS).json()[0]["merge_commit_sha"] == old
    assert http.get(f"{REPO}/git/ref/pull/1/merge").json()["object"]["sha"] != old
    assert pull.base.sha != repo.sha("main")


@pytest.mark.parametrize("way", ["merges", "refs"])
def test_a_push_that_brings_its_commits_merges_it(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, way: str
) -> None:
    """Whoever pushes merges. The merge commit is the one that has the head as a parent, or the head itself."""
    pull = repo.add_pull_request("topic")
    ghdeploy.events.clear()
    if way == "merges":
        repo.add_commit("main")
        sha = http.post(f"{REPO}/merges", json={"base": "main", "head": "topic"}).json()["sha"]
    else:
        sha = repo.sha("topic")
        http.patch(f"{REPO}/git/refs/heads/main", json={"sha": sha})
    assert (pull.merged, pull.state, pull.merge_commit_sha) == (True, "closed", sha)
    assert pull.merged_by == repo.owner
    assert seen(ghdeploy) == ["push", "pull_request closed"]
    assert http.get(f"{PULLS}/1").json()["commits"] == 1


def test_a_head_without_commits_of_its_own_is_closed(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub
) -> None:
    """It is not merged."""
    pull = repo.add_pull_request("topic")
    http.patch(f"{REPO}/git/refs/heads/topic", json={"sha": repo.sha("main"), "force": True})
    assert (pull.state, pull.merged) == ("closed", False)
    assert seen(ghdeploy)[-2:] == ["pull_request synchronize", "pull_request closed"]


@pytest.mark.parametrize("branch", ["topic", "next"])
def test_deleting_the_head_or_the_base_closes_it(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, branch: str
) -> None:
    """Its head is kept under its own ref."""
    repo.add_branch("next")
    pull = repo.add_pull_request("topic", base="next")
    head, merge = pull.head.sha, pull.merge_commit_sha
    assert http.delete(f"{REPO}/git/refs/heads/{branch}").status_code == 204
    shown = http.get(f"{PULLS}/1").json()
    assert (shown["state"], shown["mergeable"], shown["merge_commit_sha"]) == ("closed", True, merge)
    assert shown["changed_files"] == 1
    assert repo.sha("refs/pull/1/head") == head
    assert http.get(f"{REPO}/git/ref/pull/1/merge").status_code == 404
    assert seen(ghdeploy) == ["pull_request opened", "delete", "push", "pull_request closed"]


# The refs


def test_the_test_merge_can_be_deployed(http: requests.Session, repo: Repository) -> None:
    """`refs/pull/N/merge` is there as soon as somebody asks, with the commits of today."""
    repo.add_pull_request("topic")
    reply = http.post(f"{REPO}/deployments", json={"ref": "refs/pull/1/merge", "required_contexts": []})
    assert (reply.status_code, reply.json()["ref"]) == (201, "refs/pull/1/merge")
    assert [parent["sha"] for parent in commit(http, reply.json()["sha"])["parents"]] == [
        *(repo.sha("main"), repo.sha("topic"))
    ]
    repo.add_commit("topic")
    assert repo.sha("refs/pull/1/merge") != reply.json()["sha"]
    assert repo.sha(reply.json()["sha"]) == reply.json()["sha"]


def test_a_conflict_has_no_test_merge(http: requests.Session, repo: Repository) -> None:
    """The ref goes, and the pull request keeps the SHA of the old one."""
    repo.add_pull_request("topic")
    old = http.get(f"{PULLS}/1").json()["merge_commit_sha"]
    repo.add_merge_conflict("topic")
    pull = http.get(f"{PULLS}/1").json()
    assert (pull["mergeable"], pull["rebaseable"], pull["mergeable_state"]) == (False, False, "dirty")
    assert pull["merge_commit_sha"] == old
    assert http.get(f"{REPO}/git/ref/pull/1/merge").status_code == 404
    assert http.post(f"{REPO}/deployments", json={"ref": "refs/pull/1/merge"}).status_code == 422


def test_a_hint_says_why_a_pull_request_has_no_test_merge(http: requests.Session, repo: Repository) -> None:
    """It conflicts with its base, is closed, or was merged."""

    def hints(number: int) -> set[str]:
        ref = f"pull/{number}/merge"
        replies = (
            http.post(f"{REPO}/deployments", json={"ref": f"refs/{ref}"}),
            http.get(f"{REPO}/git/ref/{ref}"),
            http.get(f"{REPO}/commits/refs/{ref}"),
        )
        return {reply.headers["X-GHDeploy-Hint"] for reply in replies}

    repo.add_pull_request("topic").merge()
    repo.add_branch("other")
    repo.add_merge_conflict("other")
    pull = repo.add_pull_request("other")
    of = "of octocat/example"
    assert hints(1) == {f"pull request 1 {of} was merged, so refs/pull/1/merge does not exist"}
    assert hints(2) == {f"pull request 2 {of} conflicts with main, so refs/pull/2/merge does not exist"}
    pull.close()
    assert hints(2) == {f"pull request 2 {of} is closed, so refs/pull/2/merge does not exist"}


@pytest.mark.parametrize("name", ["pull/1/head", "pull/1/merge", "pull/2/head", "pull/x/y"])
def test_requests_do_not_write_the_refs_of_pull_requests(
    http: requests.Session, repo: Repository, snapshot: Callable[[], object], name: str
) -> None:
    """They follow the branches, so that the test merge of a pull request that can be merged is always there."""
    sha = repo.sha("main")
    repo.add_pull_request("topic")
    http.get(f"{PULLS}/1")
    repo.add_ref("refs/pull/x/y", "topic")
    before, exists = snapshot(), name != "pull/2/head"
    replies = [
        http.post(f"{REPO}/git/refs", json={"ref": f"refs/{name}", "sha": sha}),
        http.patch(f"{REPO}/git/refs/{name}", json={"sha": sha, "force": True}),
        http.delete(f"{REPO}/git/refs/{name}"),
    ]
    failed, unknown = "Reference update failed", "Reference does not exist"
    expected = ["Reference already exists", failed, failed] if exists else [failed, unknown, unknown]
    assert [(reply.status_code, reply.json()["message"]) for reply in replies] == [(422, text) for text in expected]
    assert snapshot() == before


def test_lists_of_refs_have_those_of_pull_requests(http: requests.Session, repo: Repository) -> None:
    """All of them, or those with a prefix."""
    repo.add_pull_request("topic")

    def names(path: str) -> list[str]:
        return [ref["ref"] for ref in http.get(f"{REPO}/git/matching-refs/{path}").json()]

    refs = ["refs/pull/1/head", "refs/pull/1/merge"]
    assert names("") == ["refs/heads/main", "refs/heads/topic", *refs]
    assert names("pull/1/") == names("pull") == refs
    assert names("pull/1/m") == refs[1:]
    repo.pull_request(1).close()
    assert names("pull") == refs[:1]


# Commits


def test_pull_requests_of_a_commit(http: requests.Session, repo: Repository) -> None:
    """Of a commit of the default branch, the merged one that brought it; of any other, the open and merged ones."""
    repo.add_branch("next", from_ref="topic")
    second = repo.add_commit("next")
    first = repo.sha("topic")
    repo.add_pull_request("topic")
    repo.add_pull_request("next")
    repo.add_branch("other")
    repo.add_pull_request("next", base="other").close()

    def numbers(commit: str) -> list[int]:
        return [pull["number"] for pull in http.get(f"{REPO}/commits/{commit}/pulls").json()]

    assert (numbers(first), numbers(second), numbers("next"), numbers("main")) == ([2, 1], [2], [2], [])
    merge = repo.pull_request(1).merge()
    assert (numbers(first), numbers(second), numbers(merge)) == ([1], [2], [1])
    reply = http.get(f"{REPO}/commits/nope/pulls")
    assert (reply.status_code, reply.json()["message"]) == (422, "No commit found for SHA: nope")
