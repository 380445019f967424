"""Real clients, unmodified: deploy keys through PyGithub and github3.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import github3.exceptions
import pytest
from github import Auth, Github, GithubException, UnknownObjectException

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Give the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


def pygithub() -> Any:  # noqa: ANN401 - a repository, of which PyGithub knows too many types
    """Give the repository as PyGithub's users have it."""
    token = Auth.Token("any-token")
    return Github(auth=token, seconds_between_requests=None, seconds_between_writes=None).get_repo("octocat/example")


def github3_repository() -> Any:  # noqa: ANN401 - github3.py has no types
    """Give the repository as github3.py's users have it."""
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


def test_pygithub_raises_what_is_wrong_with_a_key(repository: Repository) -> None:
    """Both refusals of GitHub's arrive with their words."""
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
