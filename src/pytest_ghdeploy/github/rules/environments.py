"""
GitHub's decisions about environments and their protection rules.

Source: https://docs.github.com/rest/deployments/environments
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.rules.deployments import NAME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.model import App, DeploymentBranchPolicySettings, ProtectionRuleType

WAIT_TIMER_LIMIT = 43_200
"""Minutes that a job can be held back: 30 days."""
REVIEWER_LIMIT = 6
"""Users and teams that can be reviewers of an environment."""


def environment_key(name: str) -> str:
    """
    Convert the name of an environment for comparison.

    GitHub's documentation says that the names of environments are not case sensitive. Names are therefore compared
    in this form everywhere: in paths, filters, ``auto_inactive`` and the deletion of a deployment. The only
    exception is the default of ``production_environment``, which depends on the case.
    """
    return name.casefold()


def check_environment(
    *,
    name: str,
    wait_timer: int,
    reviewers: int,
    prevent_self_review: bool,
    deployment_branch_policy: Mapping[str, bool] | None,
) -> None:
    """
    Refuse an environment that breaks a rule.

    Args:
        name: From 1 to 255 characters.

        wait_timer: Minutes, from 0 to 43,200.

        reviewers: The number of reviewers, at most 6.

        prevent_self_review: True needs at least one reviewer.

        deployment_branch_policy: ``None``, or two members of which exactly one is true.

    Raises:
        Unprocessable: A rule is broken. The refusal names the first one.

    Source:
        https://docs.github.com/rest/deployments/environments#create-or-update-an-environment
        Users quote the texts about ``prevent_self_review`` (github/safe-settings#628) and ``deployment_branch_policy``.
    """
    if not name:
        raise refusals.invalid_environment("name", "Name can't be blank", "the name of an environment is empty")
    if len(name) > NAME_LIMIT:
        message = f"Name is too long (maximum is {NAME_LIMIT} characters)"
        raise refusals.invalid_environment(
            "name", message, f"the name has {len(name)} characters; the limit is {NAME_LIMIT}"
        )
    if not 0 <= wait_timer <= WAIT_TIMER_LIMIT:
        message = f"Wait timer must be between 0 and {WAIT_TIMER_LIMIT}"
        hint = f"wait_timer is {wait_timer}; it must be from 0 to {WAIT_TIMER_LIMIT:,} minutes"
        raise refusals.invalid_environment("wait_timer", message, hint)
    if reviewers > REVIEWER_LIMIT:
        message = f"Reviewers can have at most {REVIEWER_LIMIT} entries"
        raise refusals.invalid_environment(
            "reviewers", message, f"{reviewers} reviewers are listed; the limit is {REVIEWER_LIMIT}"
        )
    if prevent_self_review and not reviewers:
        hint = "prevent_self_review is true, and there are no reviewers; add one, or leave prevent_self_review out"
        raise refusals.no_reviewer(hint)
    if deployment_branch_policy is not None:
        protected, custom = (
            deployment_branch_policy[name] for name in ("protected_branches", "custom_branch_policies")
        )
        if protected == custom:
            message = '"custom_branch_policies" and "protected_branches" cannot have the same value'
            hint = f"both members of deployment_branch_policy are {str(custom).lower()}; exactly one must be true"
            raise refusals.invalid_environment("deployment_branch_policy", message, hint)


def protection_rule_types(
    *, wait_timer: int, reviewers: int, settings: DeploymentBranchPolicySettings | None
) -> list[ProtectionRuleType]:
    """
    List the protection rules that follow from the settings of an environment.

    A wait of 0 minutes or an empty list of reviewers makes no rule. Every
    deployment branch policy makes one.

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


def check_protection(types: Sequence[ProtectionRuleType], *, environments_protected: bool) -> None:
    """
    Refuse protection rules if the billing plan does not include them.

    Raises:
        Unprocessable: *types* is not empty, and environments cannot be protected.

    Source:
        Quoted by a user (integrations/terraform-provider-github#1262) [guess: that an
        environment without protection rules is accepted].
    """
    if types and not environments_protected:
        hint = "the repository was added with environments_protected=False, so its environments can have no"
        raise refusals.no_protection(f"{hint} {' or '.join(types)}")


def can_protect(app: App) -> bool:
    """
    Return whether an environment can have a custom deployment protection rule of this app.

    Source:
        https://docs.github.com/actions/deployment/protecting-deployments/creating-custom-deployment-protection-rules
    """
    return "deployment_protection_rule" in app.events and app.permissions.get("deployments") == "write"
