"""
Git operations shared by several endpoints: resolve refs, merge branches, dispatch pushes.

The endpoints are in ``refs``, ``branches``, ``commits``, ``contents`` and ``tags``.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.merges import MergeConflict
from pytest_ghdeploy.serializers import events as payloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.api.routing import Call
    from pytest_ghdeploy.github.git import Commit, Graph, Target
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.refusals import GitHubError
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

_MERGE_REF = re.compile(r"refs/pull/(\d{1,9})/merge", re.ASCII)


def history(store: Store, repository: Repository) -> Graph:
    """
    Return the commit graph of a repository that has commits.

    Raises:
        Conflict: The repository has no commits.
    """
    graph = store.git(repository)
    if not graph.commits:
        raise refusals.empty_repository()
    return graph


def find(store: Store, repository: Repository, ref: str, *, short_shas: bool) -> Target | None:
    """
    Resolve *ref* to a branch, tag, other ref or commit; ``HEAD`` is the default branch. ``None`` if it does not exist.

    Args:
        short_shas: Whether an unambiguous abbreviated SHA names a commit.
    """
    if ref.startswith("refs/pull/"):
        refresh_refs(store, repository, ref.removeprefix("refs/"))
    default_branch = repository.default_branch
    return store.git(repository).resolve(ref, default_branch=default_branch, short_shas=short_shas)


def resolve(store: Store, repository: Repository, ref: str) -> Target:
    """
    Resolve the *ref* of a deployment to a branch, tag, other ref or commit.

    Raises:
        Unprocessable: *ref* does not exist.
    """
    target = find(store, repository, ref, short_shas=store.assume.short_shas)
    if target is None:
        raise refusals.no_ref(ref, _missing(store, repository, "branch, tag or commit ", ref))
    return target


def _missing(store: Store, repository: Repository, kind: str, ref: str) -> str:
    """Explain for a hint that *ref* does not exist. *kind* has a trailing space."""
    known = known_refs(store.git(repository), ref)
    return why_not_merged(store, repository, ref) or f"{repository.full_name} has no {kind}{ref!r}; {known}"


def why_not_merged(store: Store, repository: Repository, ref: str) -> str:
    """Explain for a hint that a pull request has no *ref* such as ``refs/pull/7/merge``; ``""`` for any other ref."""
    match = _MERGE_REF.fullmatch(ref)
    pulls = store.pull_requests.where(repository_id=repository.id, number=int(match[1])) if match else ()
    if not pulls:
        return ""
    row = pulls[0]
    why = "was merged" if row.merged else "is closed" if row.state == "closed" else f"conflicts with {row.base_ref}"
    return f"pull request {row.number} of {repository.full_name} {why}, so {ref} does not exist"


def known_refs(graph: Graph, ref: str) -> str:
    """List the existing branches, tags and other refs for a hint, those most similar to *ref* first."""
    return errors.known_values(ref, graph.names())


def find_commit(
    call: Call, ref: str, refuse: Callable[[str], GitHubError] = refusals.not_found, *, kind: str = ""
) -> Commit:
    """
    Resolve *ref* to a commit, for an endpoint that reads. Abbreviated SHAs are accepted.

    Args:
        refuse: Makes the refusal from a hint.

        kind: The accepted kinds of ref, for the hint, with a trailing space.

    Raises:
        GitHubError: *ref* does not exist. *refuse* makes the error.
    """
    graph, repository = call.store.git(call.repository), call.repository
    target = find(call.store, repository, ref, short_shas=True)
    if target is None:
        raise refuse(_missing(call.store, repository, kind, ref))
    return graph.commits[target.sha]


def no_object(call: Call, kind: str, sha: str) -> str:
    """Explain that the repository has no object of this kind, for a hint."""
    actual = call.store.git(call.repository).kind_of(sha)
    return f"{sha} is a {actual}" if actual else f"{call.repository.full_name} has no {kind} {sha}"


def clashes(graph: Graph, ours: str, theirs: str) -> list[str]:
    """List the paths that conflict when two commits are merged."""
    try:
        graph.merged_tree(ours, theirs)
    except MergeConflict as conflict:
        return conflict.paths
    return []


def merge(store: Store, repository: Repository, actor: User, *, branch: str, theirs: str, message: str) -> Commit:
    """
    Merge the commit *theirs* into *branch* with a merge commit, and dispatch ``push``.

    Raises:
        MergeConflict: The merge has conflicts. Nothing has changed.
    """
    graph = store.git(repository)
    before = graph.branches[branch]
    commit = graph.merge(branch, theirs, message=message, author=actor, now=store.clock.now)
    pushed(store, repository, actor, f"heads/{branch}", before=before)
    return commit


def pushed(store: Store, repository: Repository, actor: User, name: str, *, before: str | None) -> None:
    """
    Update the times of a repository and dispatch events after the ref *name* has changed.

    A new branch or tag dispatches ``create`` and ``push``, a deleted one
    ``delete`` and ``push``, a moved one ``push``. Other refs dispatch nothing.
    The pull requests of a branch follow it, which may dispatch ``pull_request``.

    Args:
        name: The ref, such as ``heads/main``, which already points to its new commit or annotated tag.

        before: The SHA that it pointed to before, ``None`` for a new ref.

    Source:
        https://docs.github.com/webhooks/webhook-events-and-payloads#push
    """
    repository = store.pushed(repository)
    graph = store.git(repository)
    after = graph.ref(name)
    space, _, short = name.partition("/")
    kind = {"heads": "branch", "tags": "tag"}.get(space)
    if kind is None:
        return
    around = repository, actor, store.urls
    if before is None:
        store.events.record("create", None, repository.full_name, partial(payloads.create, short, kind, *around))
    if after is None:
        store.events.record("delete", None, repository.full_name, partial(payloads.delete, short, kind, *around))
    elsewhere = graph.ancestors(*(sha for branch, sha in graph.branches.items() if branch != short or kind == "tag"))
    added: list[Commit] = []
    if kind == "branch" and after:
        added = graph.missing(before, after) if before else graph.log(after)
    new = [commit for commit in added if before or commit.sha not in elsewhere][: payloads.MOST_COMMITS]
    commits = [
        payloads.PushedCommit(commit, graph.changed_paths(commit.sha), distinct=commit.sha not in elsewhere)
        for commit in reversed(new)
    ]
    head = None
    latest = graph.peel(after) if after else None
    if latest:
        paths = graph.changed_paths(latest)
        head = payloads.PushedCommit(graph.commits[latest], paths, distinct=latest not in elsewhere)
    bases = [branch for branch, sha in graph.branches.items() if sha == latest and name != f"heads/{branch}"]
    base = repository.default_branch if repository.default_branch in bases else min(bases, default=None)
    store.events.record(
        "push",
        None,
        repository.full_name,
        partial(
            payloads.push,
            f"refs/{name}",
            before or payloads.NOTHING,
            after or payloads.NOTHING,
            commits,
            head,
            *around,
            forced=before is not None and latest is not None and not graph.contains(latest, graph.peel(before)),
            base_ref=f"refs/heads/{base}" if base and before is None else None,
        ),
    )
    follow(store, repository, actor, name, before=before)


def follow(store: Store, repository: Repository, actor: User | None, name: str, *, before: str | None) -> None:
    """
    Move, close or merge the pull requests of the ref *name*, such as ``heads/main``, which has changed.

    Args:
        actor: The account that pushed. Without one, no events are dispatched.

        before: The SHA of its previous commit, ``None`` for a new ref.
    """
    if len(store.pull_requests):
        from pytest_ghdeploy.api import pull_states  # few tests need it

        pull_states.follow(store, repository, actor, name, before=before)


def refresh_refs(store: Store, repository: Repository, prefix: str) -> None:
    """Bring the refs of pull requests that start with *prefix*, such as ``pull/7/merge``, up to date."""
    if len(store.pull_requests):
        from pytest_ghdeploy.api import pull_states  # few tests need it

        pull_states.refresh_refs(store, repository, prefix)


def latest_push(store: Store, repository: Repository, actor: User) -> Callable[[], JSON]:
    """Make the payload of a push of the default branch's latest commit, for testing a hook."""
    graph, branch = store.git(repository), repository.default_branch
    commit = graph.commits[graph.branches[branch]]
    head = payloads.PushedCommit(commit, graph.changed_paths(commit.sha), distinct=True)
    before = commit.parents[0] if commit.parents else payloads.NOTHING
    return partial(
        payloads.push, f"refs/heads/{branch}", before, commit.sha, [head], head, repository, actor, store.urls
    )
