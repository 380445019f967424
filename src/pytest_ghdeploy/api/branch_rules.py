"""
Rules of branches.

The fake has no rulesets that a client can change: a test adds rules in Python.

Source:
    https://docs.github.com/rest/repos/rules
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github.releases import BranchRule
from pytest_ghdeploy.github.rules import branch_rules as rules
from pytest_ghdeploy.serializers import releases as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.releases import BranchRuleType
    from pytest_ghdeploy.store.store import Store

PERMISSION = "metadata"


def add(
    store: Store,
    repository: Repository,
    *,
    pattern: str,
    type: BranchRuleType,  # noqa: A002 - GitHub's name
    parameters: Mapping[str, Any] | None = None,
) -> BranchRule:
    """Add a rule for the branches that match *pattern*, which need not exist."""
    return store.branch_rules.add(
        BranchRule(store.branch_rules.next_id, repository.id, pattern, type, dict(parameters) if parameters else None)
    )


def of(store: Store, repository: Repository, branch: str) -> list[BranchRule]:
    """List the rules that apply to a branch, oldest first. It need not exist."""
    return [
        row
        for row in store.branch_rules.where(repository_id=repository.id)[::-1]
        if rules.applies(row.pattern, branch, repository.default_branch)
    ]


def check_ref(store: Store, repository: Repository, name: str, *, is_new: bool) -> None:
    """
    Refuse to create or move the ref *name*, such as ``heads/topic``, if it is a branch whose rules forbid it.

    Raises:
        Unprocessable: A rule forbids it.
    """
    branch = name.removeprefix("heads/")
    if branch != name:
        check = rules.check_creation if is_new else rules.check_update
        check(of(store, repository, branch), branch)


def check_contents(store: Store, repository: Repository, branch: str) -> None:
    """
    Refuse to commit a file to a branch whose rules forbid it.

    Raises:
        Conflict: A rule forbids it.
    """
    is_new = branch not in store.git(repository).branches
    rules.check_contents(of(store, repository, branch), branch, is_new_branch=is_new)


@route("repos/get-branch-rules", "GET /repos/{owner}/{repo}/rules/branches/{branch}")
def get_branch_rules(call: Call) -> Reply:
    """List the active rules of a branch, even if the branch does not exist."""
    rows = of(call.store, call.repository, call.params["branch"])
    return Reply(200, Listing(rows, partial(as_json.branch_rule, repository=call.repository)))
