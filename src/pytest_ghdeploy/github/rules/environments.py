"""
GitHub's decisions about environments and their protection rules.

Source: https://docs.github.com/rest/deployments/environments
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import (
        App,
        DeploymentBranchPolicySettings,
        ProtectionRuleType,
    )
from pytest_ghdeploy.github.rules.deployments import NAME_LIMIT

WAIT_TIMER_LIMIT = 43_200
"""Minutes that a job may be made to wait: 30 days."""
REVIEWER_LIMIT = 6
"""Users and teams that may be asked to review what goes to an environment."""


# Environments


def environment_key(name: str) -> str:
    """Fold the name of an environment for comparison: GitHub compares them without case."""
    return name.casefold()


def check_environment(
    *, name: str, wait_timer: int, reviewers: int, deployment_branch_policy: Mapping[str, bool] | None
) -> None:
    """
    Refuse an environment that breaks a rule.

    Args:
        name: From 1 to 255 characters.

        wait_timer: Minutes, from 0 to 43,200.

        reviewers: How many there are; at most 6.

        deployment_branch_policy: Exactly one of its two members is true, if there is a policy.

    Raises:
        Unprocessable: With the first of these that is broken.

    Source:
        https://docs.github.com/rest/deployments/environments#create-or-update-an-environment
    """
    if not name:
        raise refusals.invalid_environment("Name can't be blank", "the name of an environment is empty")
    if len(name) > NAME_LIMIT:
        message = f"Name is too long (maximum is {NAME_LIMIT} characters)"
        raise refusals.invalid_environment(message, f"the name has {len(name)} characters; {NAME_LIMIT} are allowed")
    if not 0 <= wait_timer <= WAIT_TIMER_LIMIT:
        message = f"Wait timer must be between 0 and {WAIT_TIMER_LIMIT}"
        hint = f"wait_timer is a number of minutes from 0 to {WAIT_TIMER_LIMIT:,}; the body has {wait_timer}"
        raise refusals.invalid_environment(message, hint)
    if reviewers > REVIEWER_LIMIT:
        message = f"Reviewers can have at most {REVIEWER_LIMIT} entries"
        raise refusals.invalid_environment(message, f"there are {reviewers} reviewers; {REVIEWER_LIMIT} are allowed")
    if deployment_branch_policy is not None:
        protected, custom = (
            deployment_branch_policy[name] for name in ("protected_branches", "custom_branch_policies")
        )
        if protected == custom:
            message = "protected_branches and custom_branch_policies cannot have the same value"
            hint = f"both members of deployment_branch_policy are {str(custom).lower()}; exactly one is to be true"
            raise refusals.invalid_environment(message, hint)


def protection_rule_types(
    *, wait_timer: int, reviewers: int, settings: DeploymentBranchPolicySettings | None
) -> list[ProtectionRuleType]:
    """
    List the protection rules that the settings of an environment come to.

    No wait and no reviewers make no rule; any deployment branch policy does.

    Source:
        Observed (PyGithub's recordings Environment.testCreateEnvironment and testUpdateEnvironment).
    """
    types: list[ProtectionRuleType] = []
    if wait_timer:
        types.append("wait_timer")
    if reviewers:
        types.append("required_reviewers")
    if settings:
        types.append("branch_policy")
    return types


def can_protect(app: App) -> bool:
    """
    Tell whether an environment can have a custom deployment protection rule of this app.

    Source:
        https://docs.github.com/actions/deployment/protecting-deployments/creating-custom-deployment-protection-rules
    """
    return "deployment_protection_rule" in app.events and app.permissions.get("deployments") == "write"
