"""
GitHub's decisions about protected branches.

Source: https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github.rules.deployments import contexts_to_check
from pytest_ghdeploy.github.rules.name_patterns import is_plain, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.rules.deployments import Context

_PASSING = ("success", "neutral", "skipped")


def protection_of(branch: str, protections: Iterable[BranchProtection]) -> BranchProtection | None:
    """
    Find the rule that protects *branch*; ``None`` if it is not protected.

    A rule that names the branch comes before those with patterns, and of these the oldest counts.

    Args:
        protections: All rules of the repository, in any order.

    Source:
        https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/managing-a-branch-protection-rule
    """
    matching = [rule for rule in protections if matches(rule.pattern, branch)]
    return min(matching, key=lambda rule: (not is_plain(rule.pattern), rule.id), default=None)


def unmet_contexts(required: Sequence[str], reported: Sequence[Context]) -> list[Context]:
    """
    List the *required* contexts that have not passed. One without a report is ``expected``.

    Unlike for a deployment, a check run that was skipped or is neutral has passed.

    Args:
        reported: All contexts of the commit, commit statuses first. A name may occur twice.

    Source:
        https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches#require-status-checks-before-merging
    """
    checked = contexts_to_check(reported, required, missing="expected")
    return [context for context in checked if context.state not in _PASSING]
