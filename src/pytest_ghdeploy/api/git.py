"""
What the endpoints around git share: refs found, branches merged, pushes told of.

The endpoints themselves are in ``refs``, ``branches``, ``commits``, ``contents`` and ``tags``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.git import MergeConflict
from pytest_ghdeploy.serializers import events as payloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.api.routing import Call
    from pytest_ghdeploy.github.git import Commit, Graph, Target
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.refusals import GitHubError
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store


def history(store: Store, repository: Repository) -> Graph:
    """
    Give the commit graph to an endpoint that is about commits.

    Raises:
        Conflict: The repository has no commits.
    """
    graph = store.git(repository)
    if not graph.commits:
        raise refusals.empty_repository()
    return graph


def resolve(store: Store, repository: Repository, ref: str) -> Target:
    """
    Find the branch, tag or commit that *ref* names, for a deployment.

    Raises:
        Unprocessable: There is none.
    """
    graph = store.git(repository)
    target = graph.resolve(ref, short_shas=store.assume.short_shas)
    if target is None:
        raise refusals.no_ref(
            ref, f"{repository.full_name} has no branch, tag or commit {ref!r}; {known_refs(graph, ref)}"
        )
    return target


def known_refs(graph: Graph, ref: str) -> str:
    """Say which branches and tags there are, those most like *ref* first."""
    return errors.there_is(ref, [*graph.branches, *graph.tags])


def find_commit(
    call: Call, ref: str, refuse: Callable[[str], GitHubError] = refusals.not_found, *, called: str = ""
) -> Commit:
    """
    Find the commit that *ref* names, also by an abbreviated SHA, as the endpoints that read do.

    Args:
        refuse: Makes the refusal from its hint.

        called: What the hint says *ref* might have been, if it says so, with a space after it.

    Raises:
        GitHubError: What *refuse* makes, if *ref* names nothing.
    """
    graph, repository = call.store.git(call.repository), call.repository
    target = graph.resolve(ref, short_shas=True)
    if target is None:
        raise refuse(f"{repository.full_name} has no {called}{ref!r}; {known_refs(graph, ref)}")
    return graph.commits[target.sha]


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
    pushed(store, repository, actor, f"heads/{branch}", before=before)
    return commit


def pushed(store: Store, repository: Repository, actor: User, name: str, *, before: str | None) -> None:
    """
    Note that the ref *name*, such as ``heads/main``, has just moved from the commit *before*, and tell the world.

    A new one (*before* is ``None``) dispatches ``create`` and ``push``, one that
    is gone ``delete`` and ``push``, any other ``push``. A ref that is neither a
    branch nor a tag dispatches nothing.

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
    news: list[Commit] = []
    if kind == "branch" and after:
        news = graph.missing(before, after) if before else graph.log(after)
    listed = [
        payloads.PushedCommit(commit, graph.changed_paths(commit.sha), distinct=commit.sha not in elsewhere)
        for commit in reversed(news)
        if before or commit.sha not in elsewhere
    ]
    top = None
    if after:
        top = payloads.PushedCommit(graph.commits[after], graph.changed_paths(after), distinct=after not in elsewhere)
    alike = [branch for branch, sha in graph.branches.items() if sha == after and name != f"heads/{branch}"]
    base = repository.default_branch if repository.default_branch in alike else min(alike, default=None)
    store.events.record(
        "push",
        None,
        repository.full_name,
        partial(
            payloads.push,
            f"refs/{name}",
            before or payloads.NOTHING,
            after or payloads.NOTHING,
            listed,
            top,
            *around,
            forced=before is not None and after is not None and not graph.contains(after, before),
            base_ref=f"refs/heads/{base}" if base and before is None else None,
        ),
    )


def latest_push(store: Store, repository: Repository, actor: User) -> Callable[[], JSON]:
    """Make the payload of a push of the latest commit of the default branch, for a hook that is tested."""
    graph, branch = store.git(repository), repository.default_branch
    commit = graph.commits[graph.branches[branch]]
    top = payloads.PushedCommit(commit, graph.changed_paths(commit.sha), distinct=True)
    before = commit.parents[0] if commit.parents else payloads.NOTHING
    return partial(payloads.push, f"refs/heads/{branch}", before, commit.sha, [top], top, repository, actor, store.urls)
