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


def test_pygithub_creates_reads_and_deletes_a_secret(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """PyGithub encrypts the value with the environment's public key, and the test decrypts it."""
    environment = remote.create_environment("production")
    created = environment.create_secret("deploy_key", "hunter-2")
    assert created.name == "deploy_key"
    (secret,) = ghdeploy.repository("acme/app").environments[0].secrets
    assert (secret.name, secret.decrypted()) == ("DEPLOY_KEY", "hunter-2")
    assert environment.get_public_key().key_id == secret.key_id
    found = environment.get_secret("DEPLOY_KEY")
    assert (found.name, found.created_at) == ("DEPLOY_KEY", secret.created_at)

    environment.create_secret("DEPLOY_KEY", "hunter-3")
    assert secret.decrypted() == "hunter-3"
    assert [each.name for each in environment.get_secrets()] == ["DEPLOY_KEY"]
    environment.delete_secret("DEPLOY_KEY")
    assert list(environment.get_secrets()) == []
    assert "hunter" not in ghdeploy.conversation_text()


def test_pygithub_creates_edits_and_deletes_a_variable(ghdeploy: FakeGitHub, remote: Repository) -> None:
    """PyGithub pages through the list, ten at a time."""
    environment = remote.create_environment("production")
    variable = environment.create_variable("region", "eu")
    assert (variable.name, variable.value) == ("region", "eu")
    kept = ghdeploy.repository("acme/app").environments[0].variables[0]
    found = environment.get_variable("REGION")
    assert found.value == "eu"
    assert found.edit("us") is True
    assert kept.value == "us"
    for number in range(11):
        environment.create_variable(f"V{number:02}", str(number))
    assert [each.name for each in environment.get_variables()] == ["REGION", *(f"V{number:02}" for number in range(11))]
    with pytest.raises(GithubException) as refused:
        environment.create_variable("REGION", "ap")
    assert refused.value.status == 409
    assert environment.delete_variable("REGION") is True
    assert len(list(environment.get_variables())) == 11
