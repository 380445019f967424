"""GitHub's decisions about environments as tables: no store and no HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.model import App, User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import environments as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import DeploymentBranchPolicySettings

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SOUND: dict[str, Any] = {"name": "staging", "wait_timer": 0, "reviewers": 0, "deployment_branch_policy": None}


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
        {"deployment_branch_policy": _policy(protected=True, custom=False)},
        {"deployment_branch_policy": _policy(protected=False, custom=True)},
    ],
)
def test_an_environment_within_its_limits_is_allowed(changes: dict[str, Any]) -> None:
    """Names up to 255 characters, waits up to 30 days, up to 6 reviewers, one of two ways to choose branches."""
    rules.check_environment(**(SOUND | changes))


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"name": ""}, "Name can't be blank", "the name of an environment is empty"),
        (
            {"name": "x" * 256},
            "Name is too long (maximum is 255 characters)",
            "the name has 256 characters; 255 are allowed",
        ),
        (
            {"wait_timer": -1},
            "Wait timer must be between 0 and 43200",
            "wait_timer is a number of minutes from 0 to 43,200; the body has -1",
        ),
        (
            {"wait_timer": 43_201},
            "Wait timer must be between 0 and 43200",
            "wait_timer is a number of minutes from 0 to 43,200; the body has 43201",
        ),
        ({"reviewers": 7}, "Reviewers can have at most 6 entries", "there are 7 reviewers; 6 are allowed"),
        (
            {"deployment_branch_policy": _policy(protected=True, custom=True)},
            "protected_branches and custom_branch_policies cannot have the same value",
            "both members of deployment_branch_policy are true; exactly one is to be true",
        ),
        (
            {"deployment_branch_policy": _policy(protected=False, custom=False)},
            "protected_branches and custom_branch_policies cannot have the same value",
            "both members of deployment_branch_policy are false; exactly one is to be true",
        ),
    ],
)
def test_an_environment_over_a_limit_is_refused(changes: dict[str, Any], message: str, hint: str) -> None:
    """Each broken rule is a 422 whose message says it all, and a hint that says what was sent."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_environment(**(SOUND | changes))
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
def test_settings_come_to_protection_rules(
    wait_timer: int, reviewers: int, settings: DeploymentBranchPolicySettings | None, expected: list[str]
) -> None:
    """A wait, reviewers and a branch policy make one rule each, in this order; none of them makes none."""
    found = rules.protection_rule_types(wait_timer=wait_timer, reviewers=reviewers, settings=settings)
    assert found == expected


@pytest.mark.parametrize(("one", "other"), [("Production", "PRODUCTION"), ("ÄPFEL", "äpfel"), ("a/B", "A/b")])
def test_names_of_environments_compare_without_case(one: str, other: str) -> None:
    """The key of a name does not depend on case."""
    assert rules.environment_key(one) == rules.environment_key(other)


@pytest.mark.parametrize(("one", "other"), [("staging", "staging "), ("a/b", "a-b"), ("qa1", "qa2")])
def test_names_of_environments_differ_in_all_but_case(one: str, other: str) -> None:
    """Only case is ignored in a name."""
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
def test_an_app_that_hears_of_rules_and_may_deploy_can_protect(
    permissions: dict[str, str], events: tuple[str, ...], *, expected: bool
) -> None:
    """A custom rule takes an app with the event deployment_protection_rule and the right to write deployments."""
    app = App(1, "gate", "Gate", User(1, "octocat", "User", NOW), NOW, permissions, events)
    assert rules.can_protect(app) is expected
