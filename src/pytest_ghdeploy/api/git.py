"""
Branches and commits: what a deployment is made from.

Source:
    https://docs.github.com/rest/branches/branches and https://docs.github.com/rest/commits/commits
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors, payloads
from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy.git import MergeConflict
from pytest_ghdeploy.routing import Call, Listing, Reply, route

if TYPE_CHECKING:
    from pytest_ghdeploy.git import Commit, Graph, Target
    from pytest_ghdeploy.model import Repository, User
    from pytest_ghdeploy.store import Store


def resolve(store: Store, repository: Repository, ref: str) -> Target:
    """
    Find the branch, tag or commit that *ref* names, for a deployment.

    Raises:
        Unprocessable: There is none.
    """
    graph = store.git(repository)
    target = graph.resolve(ref, short_shas=store.assume.short_shas)
    if target is None:
        raise errors.no_ref(
            ref, f"{repository.full_name} has no branch, tag or commit {ref!r}; {known_refs(graph, ref)}"
        )
    return target


def known_refs(graph: Graph, ref: str) -> str:
    """Say which branches and tags there are, those most like *ref* first."""
    return errors.there_is(ref, [*graph.branches, *graph.tags])


def clashes(graph: Graph, ours: str, theirs: str) -> list[str]:
    """List the paths in which two commits do not merge, none if they do."""
    try:
        graph.merged_tree(ours, theirs)
    except MergeConflict as conflict:
        return conflict.paths
    return []


def merge(store: Store, repository: Repository, actor: User, *, branch: str, theirs: str, message: str) -> Commit:
    """
    Put a merge commit of the commit *theirs* on *branch*, which must merge cleanly, and dispatch ``push``.

    Raises:
        MergeConflict: It does not. Nothing has changed.
    """
    graph = store.git(repository)
    before = graph.branches[branch]
    commit = graph.merge(branch, theirs, message=message, author=actor, now=store.clock.now)
    after = store.pushed(repository)
    news = [(found, _changes(graph, found.sha)) for found in reversed(graph.missing(before, commit.sha))]
    store.events.record(
        "push",
        None,
        repository.full_name,
        partial(payloads.push, f"refs/heads/{branch}", before, news, after, actor, store.urls),
    )
    return commit


def _changes(graph: Graph, sha: str) -> dict[str, list[str]]:
    changes: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for path, change in graph.changed_paths(sha):
        changes[change].append(path)
    return changes


@route("repos/list-branches", "GET /repos/{owner}/{repo}/branches")
def list_branches(call: Call) -> Reply:
    """List branches in alphabetical order; none is protected."""
    branches = sorted(call.store.git(call.repository).branches.items())
    if call.query.get("protected") == "true":
        branches = []
    return Reply(
        200, Listing(branches, lambda branch: as_json.short_branch(branch[0], branch[1], call.repository, call.urls))
    )


@route("repos/get-branch", "GET /repos/{owner}/{repo}/branches/{branch}")
def get_branch(call: Call) -> Reply:
    """Show a branch and the commit at its head."""
    graph, name = call.store.git(call.repository), call.params["branch"]
    if name not in graph.branches:
        hint = f"{call.repository.full_name} has no branch {name!r}; {errors.there_is(name, graph.branches)}"
        raise errors.branch_not_found(hint)
    head = graph.commits[graph.branches[name]]
    return Reply(200, as_json.branch(name, head, call.repository, call.urls))


@route("repos/list-commits", "GET /repos/{owner}/{repo}/commits")
def list_commits(call: Call) -> Reply:
    """List the commits of a branch, newest first, those that match all filters."""
    graph, query = call.store.git(call.repository), call.query
    start = query.get("sha") or call.repository.default_branch
    target = graph.resolve(start, short_shas=True)
    if target is None:
        raise errors.not_found(f"{call.repository.full_name} has no {start!r}; {known_refs(graph, start)}")
    since, until = _time(query.get("since")), _time(query.get("until"))
    found = [
        commit
        for commit in graph.log(target.sha)
        if all(query.get(role, commit.author.login).lower() == commit.author.login.lower() for role in _ROLES)
        and (since is None or commit.committed_at >= since)
        and (until is None or commit.committed_at <= until)
        and ("path" not in query or any(_is_in(path, query["path"]) for path, _ in graph.changed_paths(commit.sha)))
    ]
    return Reply(200, Listing(found, lambda commit: as_json.commit(commit, call.repository, call.urls)))


_ROLES = ("author", "committer")


def _is_in(path: str, folder: str) -> bool:
    folder = folder.strip("/")
    return path == folder or path.startswith(f"{folder}/") or not folder


def _time(text: str | None) -> datetime | None:
    # What cannot be read is no filter, as with other query parameters.
    try:
        when = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return when.replace(tzinfo=when.tzinfo or UTC) if when else None


@route("repos/get-commit", "GET /repos/{owner}/{repo}/commits/{ref}")
def get_commit(call: Call) -> Reply:
    """Show a commit and what it changed."""
    graph, ref = call.store.git(call.repository), call.params["ref"]
    target = graph.resolve(ref, short_shas=True)
    if target is None:
        raise errors.no_commit(ref, f"{call.repository.full_name} has no {ref!r}; {known_refs(graph, ref)}")
    return Reply(200, as_json.full_commit(graph.commits[target.sha], graph, call.repository, call.urls))
