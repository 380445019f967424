"""Tables of GitHub's decisions about rules of branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.refusals import Conflict, Unprocessable
from pytest_ghdeploy.github.releases import BRANCH_RULE_TYPES, BranchRule
from pytest_ghdeploy.github.rules import branch_rules as rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.github.releases import BranchRuleType


@pytest.mark.parametrize(
    ("pattern", "branch", "expected"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("release/*", "release/1.0", True),
        ("release/*", "release/1/0", False),
        ("release/**/*", "release/1/0", True),
        ("~ALL", "a/b", True),
        ("~DEFAULT_BRANCH", "trunk", True),
        ("~DEFAULT_BRANCH", "main", False),
        ("~OTHER", "main", False),
    ],
)
def test_a_pattern_matches_branches(pattern: str, branch: str, *, expected: bool) -> None:
    """The two words with a tilde are for all branches and for the default branch; others are as for protection."""
    assert rules.applies(pattern, branch, "trunk") is expected


@pytest.mark.parametrize("type_", BRANCH_RULE_TYPES)
def test_what_each_type_forbids(type_: BranchRuleType) -> None:
    """Only `creation` and `update` forbid anything."""
    of_branch = [BranchRule(1, 2, "main", type_)]
    creates, updates = type_ == "creation", type_ == "update"
    checks: list[tuple[Callable[[], None], bool, type[Exception]]] = [
        (lambda: rules.check_creation(of_branch, "main"), creates, Unprocessable),
        (lambda: rules.check_update(of_branch, "main"), updates, Unprocessable),
        (lambda: rules.check_contents(of_branch, "main", is_new_branch=True), creates, Conflict),
        (lambda: rules.check_contents(of_branch, "main", is_new_branch=False), updates, Conflict),
    ]
    for check, forbids, kind in checks:
        if forbids:
            with pytest.raises(kind):
                check()
        else:
            check()
