"""Releases, topics, rules, check suites and lists of repositories through PyGithub and github3.py, unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
from github import Auth, Github, GithubException, UnknownObjectException

if TYPE_CHECKING:
    from github.Repository import Repository

    from pytest_ghdeploy import FakeGitHub

KEY = "a-token-for-tests"


@pytest.fixture
def remote(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository acme/app of an organization as a PyGithub object."""
    ghdeploy.add_user("acme", type="Organization")
    ghdeploy.add_repository("acme/app")
    return Github(auth=Auth.Token(KEY)).get_repo("acme/app")


def test_pygithub_creates_updates_and_deletes_a_release(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """The latest one, one by its tag, and one by its id."""
    release = remote.create_git_release("v1.0", name="One", message="First", target_commitish="main")
    assert (release.tag_name, release.name, release.body, release.draft) == ("v1.0", "One", "First", False)
    assert remote.get_latest_release().id == remote.get_release("v1.0").id == remote.get_release(release.id).id
    updated = release.update_release("Two", "Better", prerelease=True)
    assert (updated.name, updated.prerelease) == ("Two", True)
    with pytest.raises(UnknownObjectException):
        remote.get_latest_release()
    assert [each.tag_name for each in remote.get_releases()] == ["v1.0"]
    assert list(updated.get_assets()) == []
    updated.delete_release()
    assert list(remote.get_releases()) == []
    assert [tag.name for tag in remote.get_tags()] == ["v1.0"]
    actions = [event.action for event in ghdeploy.events.named("release")]
    assert actions == ["created", "published", "released", "edited", "prereleased", "deleted"]


def test_pygithub_generates_notes(remote: Repository) -> None:
    """With a release, or by themselves."""
    assert remote.generate_release_notes("v1").body == "**Full Changelog**: https://github.com/acme/app/commits/v1"
    release = remote.create_git_release("v1", generate_release_notes=True)
    assert release.name == "v1"


def test_pygithub_raises_the_refusal_of_a_second_release(remote: Repository) -> None:
    """A 422 with GitHub's errors."""
    remote.create_git_release("v1", "One", "First")
    with pytest.raises(GithubException) as refused:
        remote.create_git_release("v1", "One", "First")
    assert refused.value.status == 422
    assert refused.value.data["errors"] == [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]


def test_pygithub_dispatches_an_event(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """It returns True for the 204."""
    assert remote.create_repository_dispatch("deploy", {"environment": "staging"}) is True
    ghdeploy.assert_event("repository_dispatch", action="deploy", client_payload={"environment": "staging"})


def test_pygithub_sets_topics(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """And reads them, on their own and with the repository."""
    remote.replace_topics(["deploy", "Preview"])
    assert remote.get_topics() == ["deploy", "preview"]
    assert ghdeploy.repository("acme/app").topics == ["deploy", "preview"]
    assert Github(auth=Auth.Token(KEY)).get_repo("acme/app").topics == ["deploy", "preview"]


def test_pygithub_reads_check_suites(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """Of a commit, by id, and their runs."""
    run = ghdeploy.repository("acme/app").add_check_run("main", name="build")
    (suite,) = remote.get_commit("main").get_check_suites()
    assert (suite.id, suite.status, suite.conclusion) == (run.check_suite.id, "completed", "success")
    found = remote.get_check_suite(suite.id)
    assert (found.head_commit.message, found.latest_check_runs_count) == ("Initial commit", 1)
    assert [each.name for each in found.get_check_runs(check_name="build")] == ["build"]


def test_pygithub_lists_repositories(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """The caller's own, and an organization's, over several pages."""
    for number in range(35):
        ghdeploy.add_repository(f"acme/r{number:02}", private=True)
    client = Github(auth=Auth.Token(KEY), per_page=20)
    own = [each.full_name for each in client.get_user().get_repos(affiliation="organization_member")]
    assert own == [remote.full_name, *(f"acme/r{number:02}" for number in range(35))]


def github3_repository(**credentials: str) -> Any:  # noqa: ANN401 - github3.py has no types
    """Return the repository acme/app as a github3.py object."""
    return github3.login(**credentials).repository("acme", "app")


def test_github3_creates_a_release(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """And finds it by its tag, whose slash it leaves as it is."""
    repository = github3_repository(token=KEY)
    release = repository.create_release("api/v1", name="One", body="First", prerelease=True)
    assert (release.tag_name, release.prerelease, release.draft) == ("api/v1", True, False)
    assert repository.release_from_tag("api/v1").id == repository.release(release.id).id
    assert [each.name for each in repository.releases()] == ["One"]
    assert release.edit(name="Two", prerelease=False)
    assert repository.latest_release().name == "Two"
    assert release.delete()
    assert list(remote.get_releases()) == []
    assert ghdeploy.events[-1].action == "deleted"


def test_github3_lists_repositories_and_topics(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """It reads what PyGithub has set."""
    remote.replace_topics(["deploy"])
    assert github3_repository(token=KEY).topics().names == ["deploy"]
    assert [each.full_name for each in github3.login(token=KEY).repositories()] == ["acme/app"]
    assert ghdeploy.repository("acme/app").topics == ["deploy"]
