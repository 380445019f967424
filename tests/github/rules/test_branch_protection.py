"""GitHub's decisions about protected branches, as tables without a store or HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.branch_protection import BranchProtection
from pytest_ghdeploy.github.refusals import MethodNotAllowed
from pytest_ghdeploy.github.rules import branch_protection as rules
from pytest_ghdeploy.github.rules.deployments import Context
from pytest_ghdeploy.github.rules.pull_requests import MergeState, Protection

if TYPE_CHECKING:
    from pytest_ghdeploy.github.rules.pull_requests import MergeableState


@pytest.mark.parametrize(
    ("patterns", "branch", "applies"),
    [
        ([], "main", None),
        (["main"], "main", "main"),
        (["main"], "topic", None),
        (["*", "main"], "main", "main"),
        (["m*", "*n"], "main", "m*"),
        (["*n", "m*"], "main", "*n"),
        (["release/*", "**/*"], "release/1", "release/*"),
        (["release/*", "**/*"], "release/1/2", "**/*"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_name_of_a_branch_comes_before_patterns(
    patterns: list[str], branch: str, applies: str | None, order: int
) -> None:
    """Of several patterns the oldest applies, whatever the order in which the rules are read."""
    protections = [BranchProtection(number, 1, pattern) for number, pattern in enumerate(patterns)][::order]

    rule = rules.protection_of(branch, protections)

    assert (rule.pattern if rule else None) == applies


@pytest.mark.parametrize(
    ("reported", "required", "unmet"),
    [
        ([], [], []),
        ([], ["ci"], [("ci", "expected")]),
        ([("ci", "success")], ["ci"], []),
        ([("CI", "success")], ["ci"], []),
        ([("ci", "neutral"), ("lint", "skipped")], ["ci", "lint"], []),
        ([("ci", "pending")], ["ci"], [("ci", "pending")]),
        ([("ci", "failure"), ("lint", "error")], ["lint", "ci"], [("lint", "error"), ("ci", "failure")]),
        ([("ci", "success"), ("ci", "cancelled")], ["ci"], [("ci", "cancelled")]),
        ([("other", "failure")], ["ci"], [("ci", "expected")]),
    ],
)
def test_a_required_context_must_have_passed(
    reported: list[tuple[str, str]], required: list[str], unmet: list[tuple[str, str]]
) -> None:
    """Success, neutral and skipped pass. A context without a report is expected, and others do not matter."""
    contexts = [Context(*context) for context in reported]

    assert rules.unmet_contexts(required, contexts) == [Context(*context) for context in unmet]


def test_required_contexts_bring_strictness() -> None:
    """A rule with required contexts also wants pull requests to be up to date."""
    assert BranchProtection(1, 1, "main", ("ci",)).strict
    assert not BranchProtection(1, 1, "main", required_approvals=1).strict


@pytest.mark.parametrize(
    ("protection", "state", "message"),
    [
        (Protection(), "clean", None),
        (Protection(), "unstable", None),
        (Protection(1, (Context("ci", "expected"),)), "blocked", 'Required status check "ci" is expected.'),
        (Protection(2, (Context("ci", "pending"),)), "blocked", 'Required status check "ci" is pending.'),
        (Protection(2, (Context("ci", "cancelled"),)), "blocked", 'Required status check "ci" is failing.'),
        (
            Protection(3, (Context("ci", "expected"), Context("lint", "error"))),
            "blocked",
            "2 of 3 required status checks are expected.",
        ),
        (
            Protection(required_approvals=1, missing_approvals=1),
            "blocked",
            "At least 1 approving review is required by reviewers with write access.",
        ),
        (
            Protection(required_approvals=3, missing_approvals=1),
            "blocked",
            "At least 3 approving reviews are required by reviewers with write access.",
        ),
        (
            Protection(1, (Context("ci", "expected"),), 1, 1, is_strict=True),
            "blocked",
            (
                'Required status check "ci" is expected. '
                "At least 1 approving review is required by reviewers with write access."
            ),
        ),
        (Protection(1, is_strict=True), "behind", "The head branch is not up to date with the base branch."),
    ],
)
def test_a_protected_branch_refuses_what_it_still_demands(
    protection: Protection, state: MergeableState, message: str | None
) -> None:
    """The message names everything that is missing. Administrators are not bound."""
    merge_state = MergeState(mergeable=True, rebaseable=True, mergeable_state=state)
    rules.check_merge(protection, merge_state, is_administrator=True)
    if message is None:
        rules.check_merge(protection, merge_state, is_administrator=False)
        return
    with pytest.raises(MethodNotAllowed) as refused:
        rules.check_merge(protection, merge_state, is_administrator=False)
    assert refused.value.message == message
    assert refused.value.hint
