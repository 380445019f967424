"""
The protection of branches: which rule applies to a branch, and how a test adds one.

Source:
    https://docs.github.com/rest/branches/branch-protection
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.store.store import Store


def protect(
    store: Store, repository: Repository, *, pattern: str, required_contexts: Sequence[str], required_approvals: int
) -> BranchProtection:
    """
    Protect the branches that match *pattern*. A rule with the same pattern is replaced, and keeps its rank.

    Source:
        https://docs.github.com/rest/branches/branch-protection#update-branch-protection
    """
    from pytest_ghdeploy.github.branch_protection import BranchProtection  # few tests need it

    table = store.branch_protections
    existing = table.where(repository_id=repository.id, pattern=pattern)
    rule_id = existing[0].id if existing else table.next_id
    rule = BranchProtection(rule_id, repository.id, pattern, tuple(required_contexts), required_approvals)
    return table.replace(rule) if existing else table.add(rule)


def protection_of(store: Store, repository: Repository, branch: str) -> BranchProtection | None:
    """Find the rule that protects *branch*; ``None`` if it is not protected."""
    protections = store.branch_protections.where(repository_id=repository.id)
    if not protections:
        return None
    from pytest_ghdeploy.github.rules import branch_protection as rules  # few tests need it

    return rules.protection_of(branch, protections)
