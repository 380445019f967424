"""
Branches and merges.

Source:
    https://docs.github.com/rest/branches/branches
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.branch_protection import protection_of
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.merges import MergeConflict
from pytest_ghdeploy.serializers import git as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.urls import JSON

PERMISSION = "contents"


@route("repos/list-branches", "GET /repos/{owner}/{repo}/branches")
def list_branches(call: Call) -> Reply:
    """List branches in alphabetical order: all of them, or only those that are protected or not protected."""

    def protection(name: str) -> BranchProtection | None:
        return protection_of(call.store, call.repository, name)

    branches = sorted(call.store.git(call.repository).branches.items())
    wanted = call.query.get("protected")
    if wanted in {"true", "false"}:
        branches = [branch for branch in branches if (protection(branch[0]) is not None) == (wanted == "true")]

    def render(branch: tuple[str, str]) -> JSON:
        name, sha = branch
        return as_json.listed_branch(name, sha, protection(name), call.repository, call.urls)

    return Reply(200, Listing(branches, render))


@route("repos/get-branch", "GET /repos/{owner}/{repo}/branches/{branch}")
def get_branch(call: Call) -> Reply:
    """Show a branch and the commit at its head."""
    graph, name = call.store.git(call.repository), call.params["branch"]
    if name not in graph.branches:
        hint = f"{call.repository.full_name} has no branch {name!r}; {errors.known_values(name, graph.branches)}"
        raise refusals.branch_not_found(hint)
    head = graph.commits[graph.branches[name]]
    protection = protection_of(call.store, call.repository, name)
    return Reply(200, as_json.branch(name, head, protection, call.repository, call.urls))


@route("repos/merge", "POST /repos/{owner}/{repo}/merges")
def merge(call: Call) -> Reply:
    """Merge a head into a branch. The response is 204 if the branch already contains it."""
    graph, base, head = call.store.git(call.repository), call.body["base"], call.body["head"]
    # HEAD can be merged, but is not a branch to merge into [guess].
    ours, theirs = graph.resolve(base), git.find(call.store, call.repository, head, short_shas=False)
    if ours is None or ours.kind != "branch":
        known = errors.known_values(base, graph.branches)
        raise refusals.no_side("Base", f"{call.repository.full_name} has no branch {base!r}; {known}")
    if theirs is None:
        known = git.known_refs(graph, head)
        raise refusals.no_side("Head", f"{call.repository.full_name} has no branch, tag or SHA {head!r}; {known}")
    if graph.contains(ours.sha, theirs.sha):
        return Reply(204)
    message = call.body.get("commit_message") or f"Merge {head} into {base}"
    try:
        commit = git.merge(
            call.store, call.repository, call.actor, branch=ours.name, theirs=theirs.sha, message=message
        )
    except MergeConflict as conflict:
        raise refusals.unmergeable(f"{base} and {head} both changed {', '.join(conflict.paths)}") from None
    return Reply(201, as_json.commit(commit, call.repository, call.urls))
