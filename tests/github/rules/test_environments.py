"""GitHub's decisions about environments, as tables without a store or HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.model import App, User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import environments as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import DeploymentBranchPolicySettings, ProtectionRuleType

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
VALID: dict[str, Any] = {
    "name": "staging",
    "wait_timer": 0,
    "reviewers": 0,
    "prevent_self_review": False,
    "deployment_branch_policy": None,
}
NO_REVIEWER = (
    "Failed to create or update the environment protection rule. "
    "Required reviewers must have at least one reviewer to set prevent_self_review."
)


def _policy(*, protected: bool, custom: bool) -> dict[str, bool]:
    return {"protected_branches": protected, "custom_branch_policies": custom}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "x"},
        {"name": "x" * 255},
        {"name": "ä" * 255},
        {"name": "a/b c"},
        {"wait_timer": 43_200},
        {"reviewers": 6},
        {"reviewers": 1, "prevent_self_review": True},
        {"deployment_branch_policy": _policy(protected=True, custom=False)},
        {"deployment_branch_policy": _policy(protected=False, custom=True)},
    ],
)
def test_an_environment_within_its_limits_is_allowed(changes: dict[str, Any]) -> None:
    """A name has up to 255 characters, a wait up to 30 days; there are up to 6 reviewers and one branch setting."""
    rules.check_environment(**(VALID | changes))


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"name": ""}, "Name can't be blank", "the name of an environment is empty"),
        (
            {"name": "x" * 256},
            "Name is too long (maximum is 255 characters)",
            "the name has 256 characters; the limit is 255",
        ),
        (
            {"wait_timer": -1},
            "Wait timer must be between 0 and 43200",
            "wait_timer is -1; it must be from 0 to 43,200 minutes",
        ),
        (
            {"wait_timer": 43_201},
            "Wait timer must be between 0 and 43200",
            "wait_timer is 43201; it must be from 0 to 43,200 minutes",
        ),
        ({"reviewers": 7}, "Reviewers can have at most 6 entries", "7 reviewers are listed; the limit is 6"),
        (
            {"prevent_self_review": True},  # github/safe-settings#628
            NO_REVIEWER,
            "prevent_self_review is true, and there are no reviewers; add one, or leave prevent_self_review out",
        ),
        (
            {"prevent_self_review": True, "wait_timer": 30},
            NO_REVIEWER,
            "prevent_self_review is true, and there are no reviewers; add one, or leave prevent_self_review out",
        ),
        (
            {"deployment_branch_policy": _policy(protected=True, custom=True)},
            '"custom_branch_policies" and "protected_branches" cannot have the same value',
            "both members of deployment_branch_policy are true; exactly one must be true",
        ),
        (
            {"deployment_branch_policy": _policy(protected=False, custom=False)},
            '"custom_branch_policies" and "protected_branches" cannot have the same value',
            "both members of deployment_branch_policy are false; exactly one must be true",
        ),
    ],
)
def test_an_environment_over_a_limit_is_refused(changes: dict[str, Any], message: str, hint: str) -> None:
    """The response is a 422 with a message and no errors. The hint quotes the value."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_environment(**(VALID | changes))
    assert (caught.value.message, caught.value.hint, caught.value.errors) == (message, hint, [])


@pytest.mark.parametrize(
    ("wait_timer", "reviewers", "settings", "expected"),
    [
        (0, 0, None, []),
        (1, 0, None, ["wait_timer"]),
        (0, 1, None, ["required_reviewers"]),
        (0, 0, "protected_branches", ["branch_policy"]),
        (0, 0, "custom_branch_policies", ["branch_policy"]),
        (30, 6, "protected_branches", ["wait_timer", "required_reviewers", "branch_policy"]),
    ],
)
def test_protection_rules_follow_from_the_settings(
    wait_timer: int, reviewers: int, settings: DeploymentBranchPolicySettings | None, expected: list[str]
) -> None:
    """A wait, reviewers and a branch policy make one rule each, in this order."""
    types = rules.protection_rule_types(wait_timer=wait_timer, reviewers=reviewers, settings=settings)
    assert types == expected


@pytest.mark.parametrize(
    ("types", "environments_protected"),
    [([], True), (["wait_timer", "required_reviewers", "branch_policy"], True), ([], False)],
)
def test_protection_rules_depend_on_the_billing_plan(
    types: list[ProtectionRuleType], *, environments_protected: bool
) -> None:
    """A plan without them accepts an environment without protection rules."""
    rules.check_protection(types, environments_protected=environments_protected)


@pytest.mark.parametrize(
    ("types", "hint"),
    [
        (["wait_timer"], "wait_timer"),
        (["required_reviewers"], "required_reviewers"),
        (["wait_timer", "branch_policy"], "wait_timer or branch_policy"),
    ],
)
def test_a_plan_without_protection_rules_refuses_them(types: list[ProtectionRuleType], hint: str) -> None:
    """A user quotes the text (integrations/terraform-provider-github#1262)."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_protection(types, environments_protected=False)
    assert caught.value.message == (
        "Fail to create protected rule, please ensure billing plan include protected branch gate."
    )
    assert caught.value.errors == []
    start = "the repository was added with environments_protected=False, so its environments can have no"
    assert caught.value.hint == f"{start} {hint}"


@pytest.mark.parametrize(("one", "other"), [("Production", "PRODUCTION"), ("ÄPFEL", "äpfel"), ("a/B", "A/b")])
def test_names_of_environments_are_compared_without_case(one: str, other: str) -> None:
    """Names that differ only in case have the same key."""
    assert rules.environment_key(one) == rules.environment_key(other)


@pytest.mark.parametrize(("one", "other"), [("staging", "staging "), ("a/b", "a-b"), ("qa1", "qa2")])
def test_only_case_is_ignored_in_names_of_environments(one: str, other: str) -> None:
    """White space and punctuation make a different name."""
    assert rules.environment_key(one) != rules.environment_key(other)


@pytest.mark.parametrize(
    ("permissions", "events", "expected"),
    [
        ({"deployments": "write"}, ("deployment_protection_rule",), True),
        ({"deployments": "write", "actions": "read"}, ("push", "deployment_protection_rule"), True),
        ({"deployments": "read"}, ("deployment_protection_rule",), False),
        ({}, ("deployment_protection_rule",), False),
        ({"deployments": "write"}, ("deployment",), False),
    ],
)
def test_a_custom_rule_needs_an_app_with_the_event_and_the_permission(
    permissions: dict[str, str], events: tuple[str, ...], *, expected: bool
) -> None:
    """The app needs the event deployment_protection_rule and the permission deployments=write."""
    app = App(1, "gate", "Gate", User(1, "octocat", "User", NOW), NOW, permissions, events, "Iv1.1")
    assert rules.can_protect(app) is expected
