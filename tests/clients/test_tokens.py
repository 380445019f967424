"""Real clients, unmodified: PyGithub and github3.py with tokens that lack rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
from github import Auth, BadCredentialsException, Github, GithubException, UnknownObjectException

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

TEXT = "ghp_of_these_tests_0001"


def pygithub(*, lazy: bool = False) -> Github:
    """Return a PyGithub client with default settings."""
    return Github(auth=Auth.Token(TEXT), lazy=lazy)


def github3_client() -> Any:  # noqa: ANN401 - github3.py has no types
    """Return a github3.py client with default settings."""
    return github3.login(token=TEXT)


def test_pygithub_reads_the_scopes_of_a_token(ghdeploy: FakeGitHub) -> None:
    """`oauth_scopes` are the scopes of the token; a fine-grained token has none."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TEXT, scopes=["repo", "delete_repo"])
    client = pygithub()
    client.get_repo("octocat/example")
    assert client.oauth_scopes == ["delete_repo", "repo"]
    ghdeploy.add_token(TEXT, permissions={"deployments": "write"})
    client = pygithub()
    client.get_repo("octocat/example")
    assert client.oauth_scopes is None


def test_pygithub_deploys_with_repo_deployment_alone(ghdeploy: FakeGitHub) -> None:
    """It gets 404 for the private repository itself, but not for its deployments."""
    repo = ghdeploy.add_repository("octocat/example", private=True)
    ghdeploy.add_token(TEXT, scopes=["repo_deployment"])
    with pytest.raises(UnknownObjectException):
        pygithub().get_repo("octocat/example")
    remote = pygithub(lazy=True).get_repo("octocat/example")
    remote.create_deployment("main").create_status("success")
    assert repo.deployments[0].state == "success"
    with pytest.raises(UnknownObjectException):
        remote.create_git_ref("refs/heads/topic", repo.sha("main"))


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"scopes": ["repo:status"]}, 404, "Not Found"),
        ({"permissions": {"deployments": "read"}}, 403, "Resource not accessible by personal access token"),
        ({"user": "github-actions[bot]", "permissions": {}}, 403, "Resource not accessible by integration"),
    ],
)
def test_pygithub_raises_the_refusals_of_a_weak_token(
    ghdeploy: FakeGitHub, given: dict[str, Any], status: int, message: str
) -> None:
    """At once: a 403 about permissions is not a rate limit, so there is no retry."""
    repo = ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TEXT, **given)
    remote = pygithub().get_repo("octocat/example")
    with pytest.raises(GithubException) as caught:
        remote.create_deployment("main")
    assert (caught.value.status, caught.value.data["message"]) == (status, message)
    assert len(ghdeploy.requests) == 2
    assert repo.deployments == []


def test_pygithub_raises_bad_credentials_for_a_revoked_token(ghdeploy: FakeGitHub) -> None:
    """As for an unknown token."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TEXT)
    ghdeploy.revoke_token(TEXT)
    with pytest.raises(BadCredentialsException):
        pygithub().get_repo("octocat/example")


def test_pygithub_reports_a_check_run_as_an_app_only(ghdeploy: FakeGitHub) -> None:
    """A user is refused, and an app is allowed."""
    repo = ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TEXT, scopes=["repo"])
    with pytest.raises(GithubException, match="You must authenticate via a GitHub App"):
        pygithub().get_repo("octocat/example").create_check_run("ci", repo.sha("main"))
    ghdeploy.add_token(TEXT, user="ci[bot]", permissions={"checks": "write"})
    check_run = pygithub().get_repo("octocat/example").create_check_run("ci", repo.sha("main"), conclusion="success")
    assert check_run.app.slug == "ci"


def test_github3_raises_the_refusals_of_a_weak_token(ghdeploy: FakeGitHub) -> None:
    """404 for a missing scope, 403 for a missing permission, 401 for a revoked token."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TEXT, scopes=[])
    with pytest.raises(github3.exceptions.NotFoundError):
        github3_client().repository("octocat", "example").create_deployment("main")
    ghdeploy.add_token(TEXT, permissions={})
    with pytest.raises(github3.exceptions.ForbiddenError, match="Resource not accessible by personal access token"):
        github3_client().repository("octocat", "example").create_deployment("main")
    ghdeploy.revoke_token(TEXT)
    with pytest.raises(github3.exceptions.AuthenticationFailed):
        github3_client().repository("octocat", "example")


def test_github3_deploys_as_an_app(ghdeploy: FakeGitHub) -> None:
    """The creator is the bot."""
    ghdeploy.add_repository("octocat/example", private=True)
    ghdeploy.add_token(TEXT, user="deployer[bot]", permissions={"deployments": "write"})
    deployment = github3_client().repository("octocat", "example").create_deployment("main")
    assert deployment.creator.login == "deployer[bot]"
    assert deployment.as_dict()["performed_via_github_app"] is None
