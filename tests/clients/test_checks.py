"""Real clients, unmodified: deploy keys and check runs through PyGithub and github3.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import github3
import github3.exceptions
import pytest
from github import Auth, Github, GithubException, UnknownObjectException

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"

ANNOTATION: dict[str, str | int] = {
    "path": "a.py",
    "start_line": 1,
    "end_line": 1,
    "annotation_level": "notice",
    "message": "m",
}


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


def pygithub() -> Any:  # noqa: ANN401 - a repository, of which PyGithub knows too many types
    """Return the repository as a PyGithub object."""
    token = Auth.Token("any-token")
    return Github(auth=token).get_repo("octocat/example")


def github3_repository() -> Any:  # noqa: ANN401 - github3.py has no types
    """Return the repository as a github3.py object."""
    return github3.login(token="any-token").repository("octocat", "example")  # noqa: S106 - no secret


# Deploy keys


def test_pygithub_manages_deploy_keys(repository: Repository, ghdeploy: FakeGitHub) -> None:
    """Create, list, get, delete: PyGithub reads each field."""
    repo = pygithub()
    made = repo.create_key("server", f"{ED25519} hubot", read_only=True)
    assert (made.title, made.key, made.read_only, made.verified) == ("server", ED25519, True, True)
    assert (made.added_by, made.last_used, made.created_at) == ("octocat", None, ghdeploy.clock.now)
    assert [key.id for key in repo.get_keys()] == [made.id]
    found = repo.get_key(made.id)
    assert found.raw_data == made.raw_data
    found.delete()
    assert list(repo.get_keys()) == []
    assert repository.deploy_keys == []
    with pytest.raises(UnknownObjectException):
        repo.get_key(made.id)


def test_pygithub_raises_both_refusals_of_a_key(repository: Repository) -> None:
    """Both have GitHub's messages."""
    repository.add_deploy_key("server", ED25519)
    for key, message in [(ED25519, "key is already in use"), ("nonsense", "key is invalid. You must supply a key")]:
        with pytest.raises(GithubException) as refused:
            pygithub().create_key("again", key)
        (error,) = refused.value.data["errors"]
        assert (refused.value.status, error["field"], error["code"]) == (422, "key", "custom")
        assert error["message"].startswith(message)


def test_github3_manages_deploy_keys(repository: Repository) -> None:
    """Create, list, get, delete, as in github3.py's own tests."""
    repo = github3_repository()
    made = repo.create_key("server", f"{ED25519} hubot\n", read_only=True)
    assert (made.title, made.key) == ("server", ED25519)
    listed = list(repo.keys())
    assert [key.id for key in listed] == [made.id] == [key.id for key in repository.deploy_keys]
    assert repo.key(made.id).key == ED25519
    with pytest.raises(github3.exceptions.UnprocessableEntity):
        repo.create_key("again", ED25519)
    assert repo.delete_key(made.id) is True
    assert repo.delete_key(made.id) is False
    with pytest.raises(github3.exceptions.NotFoundError):
        repo.key(made.id)


# Check runs


def test_pygithub_reports_check_runs(repository: Repository, ghdeploy: FakeGitHub) -> None:
    """A CI tool on PyGithub starts and completes a check run, and a deployment waits for it."""
    repo, sha = pygithub(), repository.sha("main")
    started = datetime(2026, 3, 10, 12, tzinfo=UTC)
    run = repo.create_check_run(
        "build",
        sha,
        details_url="https://ci.example.com/1",
        external_id="1",
        status="in_progress",
        started_at=started,
        output={"title": "Build", "summary": "running", "annotations": [ANNOTATION]},
    )
    assert (run.status, run.conclusion, run.started_at, run.completed_at) == ("in_progress", None, started, None)
    assert (run.output.title, run.output.annotations_count, run.app.slug) == ("Build", 1, "github-actions")
    assert [(found.path, found.message, found.title) for found in run.get_annotations()] == [("a.py", "m", None)]
    with pytest.raises(GithubException, match="Commit status checks failed for main"):
        repo.create_deployment("main")

    run.edit(conclusion="success", output={"title": "Build", "summary": "done"})

    assert (run.status, run.conclusion, run.completed_at) == ("completed", "success", ghdeploy.clock.now)
    assert repo.create_deployment("main").sha == sha
    found = repo.get_check_run(run.id)
    assert (found.conclusion, found.output.summary, found.details_url) == (
        "success",
        "done",
        "https://ci.example.com/1",
    )
    assert [event.action for event in ghdeploy.events.named("check_run")] == ["created", "completed"]


def test_pygithub_lists_check_runs(repository: Repository) -> None:
    """PyGithub's filters reach the fake, and the list has several pages."""
    for number in range(35):
        repository.add_check_run("main", name=f"job {number}")
    repository.add_check_run("main", name="job 0", status="queued")
    commit = pygithub().get_commit("main")
    assert commit.get_check_runs().totalCount == 35
    assert [run.name for run in commit.get_check_runs()][:2] == ["job 0", "job 34"]
    assert len(list(commit.get_check_runs(filter="all"))) == 36
    assert [run.name for run in commit.get_check_runs(check_name="job 7")] == ["job 7"]
    assert [run.name for run in commit.get_check_runs(status="queued")] == ["job 0"]


def test_github3_reports_and_lists_check_runs(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """github3.py requires a login as an app's installation, so the test sets one."""
    from github3.session import AppInstallationTokenAuth

    repo, sha = github3_repository(), repository.sha("main")
    auth = AppInstallationTokenAuth("any-token", "2099-01-01T00:00:00Z")
    monkeypatch.setattr(repo.session, "auth", auth)
    run = repo.create_check_run("build", sha, status="in_progress")
    assert (run.name, run.status, run.app.slug) == ("build", "in_progress", "github-actions")
    assert run.update(conclusion="failure") is True
    assert (run.status, run.conclusion) == ("completed", "failure")
    assert repo.check_run(run.id).head_sha == sha
    assert [(found.id, found.conclusion) for found in repo.commit(sha).check_runs()] == [(run.id, "failure")]
