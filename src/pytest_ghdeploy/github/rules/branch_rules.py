"""
GitHub's decisions about the rules of branches.

Source: https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github import refusals_releases as refusals
from pytest_ghdeploy.github.rules import name_patterns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ghdeploy.github.releases import BranchRule

ALL, DEFAULT_BRANCH = "~ALL", "~DEFAULT_BRANCH"


def applies(pattern: str, branch: str, default_branch: str) -> bool:
    """
    Return whether a rule for *pattern* applies to a branch.

    ``~ALL`` matches every branch, and ``~DEFAULT_BRANCH`` the default branch. Other patterns are those of Ruby.

    Source:
        https://docs.github.com/rest/repos/rules#create-a-repository-ruleset
    """
    if pattern == DEFAULT_BRANCH:
        return branch == default_branch
    return pattern == ALL or name_patterns.matches(pattern, branch)


def check_creation(rules: Iterable[BranchRule], branch: str) -> None:
    """
    Refuse to create a branch, if one of its *rules* restricts creations.

    Raises:
        Unprocessable: A rule forbids it. The text is that for any ref that git refuses.
    """
    if rule := _of_type(rules, "creation"):
        raise refusals.creation_restricted(_hint(rule, branch))


def check_update(rules: Iterable[BranchRule], branch: str) -> None:
    """
    Refuse to move a branch to another commit, if one of its *rules* restricts updates.

    Raises:
        Unprocessable: A rule forbids it.
    """
    if rule := _of_type(rules, "update"):
        raise refusals.ref_protected(_hint(rule, branch))


def check_contents(rules: Iterable[BranchRule], branch: str, *, is_new_branch: bool) -> None:
    """
    Refuse to commit a file to a branch, if one of its *rules* forbids it.

    Args:
        is_new_branch: Whether the commit creates the branch, as the first one of a repository does.

    Raises:
        Conflict: A rule forbids it.
    """
    if rule := _of_type(rules, "creation" if is_new_branch else "update"):
        raise refusals.contents_protected(_hint(rule, branch), is_new_branch=is_new_branch)


def _of_type(rules: Iterable[BranchRule], type_: str) -> BranchRule | None:
    return next((rule for rule in rules if rule.type == type_), None)


def _hint(rule: BranchRule, branch: str) -> str:
    return f"the rule {rule.type!r} for {rule.pattern!r}, which add_branch_rule has added, applies to {branch!r}"
