"""
GitHub's decisions about protected branches.

Source: https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github.refusals_reviews import protected_branch
from pytest_ghdeploy.github.rules.deployments import contexts_to_check
from pytest_ghdeploy.github.rules.name_patterns import is_plain, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.rules.deployments import Context
    from pytest_ghdeploy.github.rules.pull_requests import MergeState, Protection

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


def check_merge(protection: Protection, state: MergeState, *, is_administrator: bool) -> None:
    """
    Refuse to merge a pull request into a branch whose protection demands more.

    Args:
        protection: What the protection of the base branch still demands.

        state: The mergeability of the pull request.

        is_administrator: Whether the caller is an administrator of the repository, whom the protection does not bind.

    Raises:
        MethodNotAllowed: Something is missing. The message names all of it, required contexts first [guess: the order].

    Source:
        Quoted by users: Reviewable/Reviewable#561.
    """
    if is_administrator or state.mergeable_state not in {"blocked", "behind"}:
        return
    unmet, sentences, reasons = protection.unmet_contexts, [], []
    if len(unmet) == 1:
        ((name, outcome),) = unmet
        sentences.append(f'Required status check "{name}" is {_outcome(outcome)}.')
    elif unmet:  # [guess]
        sentences.append(f"{len(unmet)} of {protection.required_contexts} required status checks are expected.")
    reasons += [f"{context.context} is {context.state}" for context in unmet]
    if protection.missing_approvals:
        count = protection.required_approvals
        noun = "review is" if count == 1 else "reviews are"
        sentences.append(f"At least {count} approving {noun} required by reviewers with write access.")
        reasons.append(f"{protection.missing_approvals} more approval(s) by reviewers with write access are needed")
    if not sentences:
        sentences.append("The head branch is not up to date with the base branch.")  # [guess]
        reasons.append("the head lacks commits of the base")
    raise protected_branch(" ".join(sentences), "; ".join(reasons))


def _outcome(state: str) -> str:
    # Only the text for a context without a report is quoted [guess: the others].
    return state if state in {"expected", "pending"} else "failing"
