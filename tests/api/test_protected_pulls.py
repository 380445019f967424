"""Pull requests into protected branches: `blocked`, `behind`, and who may merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository

PATH = "/repos/acme/app/pulls/1"


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> Repository:
    """Return a repository of acme. Neither octocat, as whom all tokens act, nor mona is an administrator."""
    for login in ("author", "mona", "reader"):
        ghdeploy.add_user(login)
    ghdeploy.add_user("acme", type="Organization")
    app = ghdeploy.add_repository("acme/app")
    for login in ("octocat", "mona"):
        app.add_collaborator(login)
    app.add_collaborator("reader", "pull")
    app.add_branch("topic")
    app.add_commit("topic")
    return app


@pytest.fixture
def pull(app: Repository) -> PullRequest:
    """Open a pull request of the user author into the branch main."""
    return app.add_pull_request("topic", user="author")


def state_of(http: requests.Session, pull: PullRequest) -> str:
    """Return the mergeability that a response shows, which must be that of Python."""
    shown = http.get(PATH).json()
    assert shown["mergeable"] is pull.mergeable is True
    assert shown["mergeable_state"] == pull.mergeable_state
    state: str = shown["mergeable_state"]
    return state


def test_a_required_context_blocks_until_it_has_passed(
    http: requests.Session, app: Repository, pull: PullRequest
) -> None:
    """Commit statuses and check runs of the head count. Other failing contexts only make it unstable."""
    app.protect_branch("main", required_contexts=["ci", "build"])
    assert state_of(http, pull) == "blocked"
    app.add_commit_status("topic", state="success", context="CI")
    assert state_of(http, pull) == "blocked"
    app.add_check_run("topic", name="build", conclusion="skipped")
    assert state_of(http, pull) == "clean"
    app.add_commit_status("topic", state="failure", context="lint")
    assert state_of(http, pull) == "unstable"
    app.add_commit("topic")
    assert state_of(http, pull) == "blocked"


def test_with_contexts_the_head_must_be_up_to_date(http: requests.Session, app: Repository, pull: PullRequest) -> None:
    """Without contexts, a head that is behind is clean."""
    app.add_commit_status("topic", state="success", context="ci")
    app.add_commit("main")
    assert state_of(http, pull) == "clean"
    app.protect_branch("main", required_approvals=1)
    pull.add_review("APPROVED", user="mona")
    assert state_of(http, pull) == "clean"
    app.protect_branch("main", required_contexts=["ci"])
    assert state_of(http, pull) == "behind"


def test_approvals_of_users_with_write_access_and_of_team_members_count(
    http: requests.Session, app: Repository, pull: PullRequest, ghdeploy: FakeGitHub
) -> None:
    """Approvals of readers and dismissed ones do not count. Requested changes block until the reviewer approves."""
    ghdeploy.add_team("acme", "Ops", members=["zoe"])
    app.protect_branch("m*", required_approvals=2)
    pull.add_review("APPROVED", user="reader")
    mona = pull.add_review("APPROVED", user="mona")
    assert state_of(http, pull) == "blocked"
    pull.add_review("APPROVED", user="zoe")
    assert state_of(http, pull) == "clean"
    assert http.put(f"{PATH}/reviews/{mona.id}/dismissals", json={"message": "Stale"}).status_code == 200
    assert state_of(http, pull) == "blocked"
    pull.add_review("APPROVED", user="octocat")
    assert state_of(http, pull) == "clean"
    pull.add_review("CHANGES_REQUESTED", user="zoe")
    assert state_of(http, pull) == "blocked"
    pull.add_review("COMMENTED", user="zoe")
    assert state_of(http, pull) == "blocked"
    pull.add_review("APPROVED", user="zoe")
    assert state_of(http, pull) == "clean"


@pytest.mark.parametrize(
    ("contexts", "approvals", "message"),
    [
        (["ci"], 0, 'Required status check "ci" is expected.'),
        (["ci", "lint"], 0, "2 of 2 required status checks are expected."),
        ([], 1, "At least 1 approving review is required by reviewers with write access."),
    ],
)
def test_a_blocked_merge_is_a_405(
    http: requests.Session,
    app: Repository,
    pull: PullRequest,
    snapshot: Callable[[], object],
    contexts: list[str],
    approvals: int,
    message: str,
) -> None:
    """The body is a simple one, and nothing has changed, from Python neither."""
    app.protect_branch("main", required_contexts=contexts, required_approvals=approvals)
    earlier = snapshot()

    reply = http.put(f"{PATH}/merge")

    assert (reply.status_code, reply.json()) == (
        405,
        {
            "message": message,
            "documentation_url": "https://docs.github.com/rest/pulls/pulls#merge-a-pull-request",
            "status": "405",
        },
    )
    with pytest.raises(FakeError, match="GitHub would respond 405 "):
        pull.merge(user="mona")
    assert snapshot() == earlier
    assert (pull.merged, pull.state) == (False, "open")


def test_a_head_that_is_behind_is_not_merged(http: requests.Session, app: Repository, pull: PullRequest) -> None:
    """Once the base is merged into it and the contexts have passed again, it is."""
    app.protect_branch("main", required_contexts=["ci"])
    app.add_commit("main")
    app.add_commit_status("topic", state="success", context="ci")
    assert http.put(f"{PATH}/merge").status_code == 405
    assert http.put(f"{PATH}/update-branch").status_code == 202
    assert http.put(f"{PATH}/merge").json()["message"] == 'Required status check "ci" is expected.'
    app.add_commit_status("topic", state="success", context="ci")
    assert http.put(f"{PATH}/merge").status_code == 200
    assert pull.merged


def test_administrators_are_not_bound(http: requests.Session, app: Repository, pull: PullRequest) -> None:
    """They see that it is blocked, and merge it all the same, as the owner does from Python."""
    app.protect_branch("*", required_contexts=["ci"], required_approvals=1)
    app.add_collaborator("octocat", "admin")
    assert state_of(http, pull) == "blocked"
    assert http.put(f"{PATH}/merge").status_code == 200

    app.add_branch("other")
    app.add_commit("other")
    other = app.add_pull_request("other", user="author")
    other.merge()
    assert other.merged


def test_once_there_is_a_token_the_right_of_its_user_counts(
    http: requests.Session, app: Repository, pull: PullRequest, ghdeploy: FakeGitHub
) -> None:
    """A collaborator who is not an administrator is refused, and merges once the pull request is approved."""
    app.protect_branch("main", required_approvals=1)
    app.add_collaborator("mona", "maintain")
    ghdeploy.add_token("ghp_of_mona_for_the_tests", user="mona")
    http.headers["Authorization"] = "Bearer ghp_of_mona_for_the_tests"
    assert http.put(f"{PATH}/merge").status_code == 405
    pull.add_review("APPROVED", user="octocat")
    assert http.put(f"{PATH}/merge").status_code == 200
