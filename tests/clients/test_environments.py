"""Environments through PyGithub, unmodified, as its users write it. github3.py has nothing for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from github import Auth, Github, GithubException, UnknownObjectException
from github.EnvironmentDeploymentBranchPolicy import EnvironmentDeploymentBranchPolicyParams
from github.EnvironmentProtectionRuleReviewer import ReviewerParams
from github.Team import Team

if TYPE_CHECKING:
    from github.Repository import Repository

    from pytest_ghdeploy import FakeGitHub


@pytest.fixture
def remote(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository acme/app of an organization as a PyGithub object."""
    ghdeploy.add_user("acme", type="Organization")
    ghdeploy.add_repository("acme/app")
    token = Auth.Token("a-token-for-tests")
    return Github(auth=token).get_repo("acme/app")


def test_pygithub_creates_reads_updates_and_deletes_an_environment(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """Each setting reaches the fake, and each rule is a PyGithub object."""
    mona = ghdeploy.add_user("mona")
    environment = remote.create_environment(
        "eu/prod 1",
        wait_timer=15,
        reviewers=[ReviewerParams(type_="User", id_=mona.id)],
        prevent_self_review=True,
        deployment_branch_policy=EnvironmentDeploymentBranchPolicyParams(
            protected_branches=False, custom_branch_policies=True
        ),
    )
    assert environment.name == "eu/prod 1"
    assert environment.created_at == environment.updated_at == ghdeploy.clock.now
    found = remote.get_environment("eu/prod 1")
    assert (found.id, found.node_id, found.html_url) == (environment.id, environment.node_id, environment.html_url)
    wait, review, branches = found.protection_rules
    assert [rule.type for rule in found.protection_rules] == ["wait_timer", "required_reviewers", "branch_policy"]
    assert wait.wait_timer == 15
    assert [(one.type, one.reviewer.id) for one in review.reviewers] == [("User", mona.id)]
    assert branches.node_id.startswith("GA_")
    assert found.deployment_branch_policy.custom_branch_policies is True
    assert found.deployment_branch_policy.protected_branches is False

    ghdeploy.clock.tick(5)
    after = remote.create_environment("eu/prod 1")
    assert after.protection_rules == []
    assert after.updated_at > after.created_at

    remote.delete_environment("eu/prod 1")
    assert list(remote.get_environments()) == []
    with pytest.raises(UnknownObjectException):
        remote.get_environment("eu/prod 1").id  # noqa: B018 - PyGithub asks when an attribute is read


def test_pygithub_lists_environments_added_by_deployments(remote: Repository) -> None:
    """PyGithub counts them, and pages through the list."""
    for number in range(35):
        remote.create_deployment("main", environment=f"pr-{number}", required_contexts=[])
    listed = remote.get_environments()
    assert listed.totalCount == 35
    assert [environment.name for environment in listed] == [f"pr-{number}" for number in range(34, -1, -1)]


def test_pygithub_reviews_with_a_team(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """The reviewer is a PyGithub team."""
    team = ghdeploy.add_team("acme", "Release")
    environment = remote.create_environment("production", reviewers=[ReviewerParams(type_="Team", id_=team.id)])
    (reviewer,) = environment.protection_rules[0].reviewers
    assert isinstance(reviewer.reviewer, Team)
    assert (reviewer.type, reviewer.reviewer.slug) == ("Team", "release")


def test_pygithub_raises_the_refusal_of_an_environment(remote: Repository) -> None:
    """A 422 is a GithubException with GitHub's message."""
    with pytest.raises(GithubException) as refused:
        remote.create_environment("production", wait_timer=43_201)
    assert (refused.value.status, refused.value.message) == (422, "Wait timer must be between 0 and 43200")
