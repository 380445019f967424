"""Pull requests into protected branches: `blocked` and `behind`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, PullRequest, Repository

PATH = "/repos/acme/app/pulls/1"


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> Repository:
    """Return a repository of acme in which octocat, as whom all tokens act, and mona are no administrators."""
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
    """Those of readers do not, nor do dismissed ones. A request for changes blocks until the reviewer approves."""
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
