"""
The protection of branches: which rule applies to a branch, and how a test adds one.

Source:
    https://docs.github.com/rest/branches/branch-protection
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api.contexts import contexts_of
from pytest_ghdeploy.github.rules import permissions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.model import Permission, Repository, User
    from pytest_ghdeploy.github.pull_requests import PullRequest
    from pytest_ghdeploy.github.rules.pull_requests import MergeState, Protection
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


def demands(store: Store, repository: Repository, row: PullRequest, rule: BranchProtection) -> Protection:
    """Find what *rule*, which protects the base branch, still demands of a pull request."""
    from pytest_ghdeploy.github.rules import branch_protection as rules, reviews  # few tests need them
    from pytest_ghdeploy.github.rules.pull_requests import Protection

    written = list(store.reviews.where(pull_request_id=row.id))
    writers = {review.user.id for review in written if _can_approve(store, repository, review.user)}
    reported = contexts_of(store, repository, row.head_sha)
    return Protection(
        required_contexts=len(rule.required_contexts),
        unmet_contexts=tuple(rules.unmet_contexts(rule.required_contexts, reported)),
        required_approvals=rule.required_approvals,
        missing_approvals=reviews.missing_approvals(rule.required_approvals, written, writers),
        is_strict=rule.strict,
    )


def check_merge(store: Store, repository: Repository, actor: User, row: PullRequest, state: MergeState) -> None:
    """
    Refuse to merge a pull request into a branch whose protection demands more, unless *actor* is an administrator.

    Args:
        state: The mergeability of the pull request.

    Raises:
        MethodNotAllowed: A context or an approval is missing, or the head is behind.
    """
    rule = protection_of(store, repository, row.base_ref)
    if rule is None:
        return
    from pytest_ghdeploy.github.rules import branch_protection as rules  # few tests need it

    is_administrator = right_of(store, repository, actor) == "admin"
    rules.check_merge(demands(store, repository, row, rule), state, is_administrator=is_administrator)


def _can_approve(store: Store, repository: Repository, user: User) -> bool:
    has_write_access = permissions.allows(right_of(store, repository, user), "push")
    return has_write_access or store.is_member(repository.owner, user)


def right_of(store: Store, repository: Repository, user: User) -> Permission | None:
    """
    Find the right of *user* as far as protected branches are concerned.

    As long as any token is accepted, all users are administrators, whom no
    protection binds. A collaborator then has just the right that a test has
    granted, so that a blocked merge needs no token.
    """
    granted = None if store.tokens else store.granted(repository, user)
    return granted or store.permission(repository, user)
