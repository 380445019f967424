"""Real clients, unmodified: repositories and collaborators through PyGithub and github3.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
from github import Auth, Github, UnknownObjectException

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub


def pygithub() -> Any:  # noqa: ANN401 - PyGithub knows too many types
    """Return a PyGithub client with default settings."""
    return Github(auth=Auth.Token("any-token"))


def github3_client() -> Any:  # noqa: ANN401 - github3.py has no types
    """Return a github3.py client with default settings."""
    return github3.login(token="any-token")  # noqa: S106 - no secret


def test_pygithub_creates_changes_and_deletes(ghdeploy: FakeGitHub) -> None:
    """The whole life of a repository."""
    repo = pygithub().get_user().create_repo("example", private=True, auto_init=True)
    assert (repo.full_name, repo.private, repo.default_branch) == ("octocat/example", True, "main")
    ghdeploy.repository("octocat/example").add_branch("develop")
    repo.edit(name="new", private=False, default_branch="develop")
    assert (repo.full_name, repo.private, repo.default_branch) == ("octocat/new", False, "develop")
    repo.delete()
    with pytest.raises(UnknownObjectException):
        pygithub().get_repo("octocat/new")


def test_pygithub_finds_a_renamed_repository(ghdeploy: FakeGitHub) -> None:
    """It follows a 301 but not a 307: an object that it creates by the former name is missing, without an exception."""
    repo = ghdeploy.add_repository("octocat/example")
    before = pygithub().get_repo("octocat/example")
    repo.rename("octocat/new")
    assert pygithub().get_repo("octocat/example").full_name == "octocat/new"
    assert before.create_deployment("main").raw_data["message"] == "Moved Permanently"
    assert repo.deployments == []
    assert pygithub().get_repo("octocat/example").create_deployment("main").id == repo.deployments[0].id


def test_pygithub_manages_collaborators(ghdeploy: FakeGitHub) -> None:
    """Add, get, list and remove."""
    ghdeploy.add_user("mona")
    ghdeploy.add_repository("octocat/example")
    repo = pygithub().get_repo("octocat/example")
    invitation = repo.add_to_collaborators("mona")
    assert (invitation.permissions, invitation.invitee.login) == ("write", "mona")
    assert repo.add_to_collaborators("mona") is None
    assert repo.has_in_collaborators("mona")
    assert repo.get_collaborator_permission("mona") == "write"
    assert [one.login for one in repo.get_collaborators()] == ["octocat", "mona"]
    repo.remove_from_collaborators("mona")
    assert not repo.has_in_collaborators("mona")


def test_github3_creates_changes_and_deletes(ghdeploy: FakeGitHub) -> None:
    """The whole life of a repository, with a redirect in it."""
    client = github3_client()
    assert client.create_repository("example", private=False, auto_init=True).full_name == "octocat/example"
    former = client.repository("octocat", "example")
    repo = client.repository("octocat", "example")
    assert repo.edit("new", private=True)
    assert ghdeploy.repository("octocat/new").private
    assert client.repository("octocat", "example").full_name == "octocat/new"
    assert former.create_deployment("main").ref == "main"
    assert client.repository("octocat", "new").delete()


def test_github3_manages_collaborators(ghdeploy: FakeGitHub) -> None:
    """Add, get, list and remove."""
    ghdeploy.add_user("mona")
    ghdeploy.add_repository("octocat/example")
    repo = github3_client().repository("octocat", "example")
    assert repo.add_collaborator("mona")
    assert repo.is_collaborator("mona")
    assert [one.login for one in repo.collaborators()] == ["octocat", "mona"]
    assert repo.remove_collaborator("mona")
    assert not repo.is_collaborator("mona")
