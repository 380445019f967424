"""
The state of pull requests as it follows from commits, without an endpoint.

Whether a pull request can be merged, and ``refs/pull/N/merge``, are worked out
when they are read. A push moves, closes or merges the pull requests of its branch.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api import branch_protection
from pytest_ghdeploy.api.contexts import contexts_of
from pytest_ghdeploy.api.conversation import association_of
from pytest_ghdeploy.api.labels import labels_on
from pytest_ghdeploy.github.git_objects import sha_of
from pytest_ghdeploy.github.merges import MergeConflict, rebased
from pytest_ghdeploy.github.pull_requests import Mergeability
from pytest_ghdeploy.github.rules import pull_requests as rules
from pytest_ghdeploy.github.trees import Tree
from pytest_ghdeploy.serializers import conversation_events as payloads
from pytest_ghdeploy.serializers.pull_requests import Extent, View

if TYPE_CHECKING:
    from pytest_ghdeploy.github.git import Graph
    from pytest_ghdeploy.github.history import Divergence
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import PullRequest
    from pytest_ghdeploy.github.rules.pull_requests import MergeState, Protection
    from pytest_ghdeploy.store.store import Store

_MERGE_REF = re.compile(r"pull/([1-9][0-9]{0,18})/merge")


# Showing a pull request


def view(
    store: Store, repository: Repository, row: PullRequest, merge_state: MergeState | None = None, *, full: bool = True
) -> View:
    """
    Collect everything that the JSON of a pull request shows.

    Args:
        merge_state: Its mergeability; by default, that it is not known.

        full: Whether to collect what only the full form shows.
    """
    return View(
        row,
        repository,
        association_of(store, repository, row.user),
        labels_on(store, row),
        len(store.issue_comments.where(pull_request_id=row.id)),
        merge_state or rules.MergeState(),
        _extent(store.git(repository), row) if full else None,
    )


def commits_of(graph: Graph, row: PullRequest) -> Divergence:
    """Compare the base of a pull request, on the left, with its head. A merged one has the base from before."""
    base = graph.branches[row.base_ref] if row.state == "open" else row.merged_onto or row.base_sha
    return graph.compare(base, row.head_sha)


def with_commit(store: Store, repository: Repository, sha: str) -> list[PullRequest]:
    """
    List the pull requests of a commit, newest first.

    For a commit of the default branch, they are the merged ones that brought it there. For any other commit, they are
    the open and merged ones that have it.
    """
    graph = store.git(repository)
    in_default = graph.contains(graph.branches[repository.default_branch], sha)
    rows = store.pull_requests.where(repository_id=repository.id)
    spans = [
        (row, *(_brought(row) if in_default else (row.base_sha, row.head_sha)))
        for row in rows
        if row.merged or (row.state == "open" and not in_default)
    ]
    having = graph.with_commit((head for _, *ends in spans for head in ends), sha)
    return [row for row, base, head in spans if head in having and base not in having]


def _brought(row: PullRequest) -> tuple[str, str]:
    """Return the head of the base before and after a pull request was merged."""
    assert row.merged_onto is not None  # noqa: S101 - it is merged
    assert row.merge_commit_sha is not None  # noqa: S101 - as above
    return row.merged_onto, row.merge_commit_sha


def _extent(graph: Graph, row: PullRequest) -> Extent:
    divergence = commits_of(graph, row)
    before = divergence.merge_base.tree if divergence.merge_base else Tree()
    after = graph.commits[row.head_sha].tree
    return Extent(len(divergence.right), after.changes_since(before), before, after, graph.content)


def record(
    store: Store,
    repository: Repository,
    actor: User,
    action: str,
    row: PullRequest,
    merge_state: MergeState | None = None,
    **more: Any,  # noqa: ANN401 - JSON
) -> None:
    """Record the event ``pull_request``. *more* are the members of its payload that only some actions have."""
    shown = view(store, repository, row, merge_state)
    payload = partial(payloads.pull_request, action, shown, actor, store.urls, **more)
    store.events.record("pull_request", action, repository.full_name, payload, row)


# Mergeability


def protection(store: Store, repository: Repository, row: PullRequest) -> Protection:
    """Find what the protection of the base branch still demands of a pull request."""
    rule = branch_protection.protection_of(store, repository, row.base_ref)
    return rules.Protection() if rule is None else branch_protection.demands(store, repository, row, rule)


def tested(store: Store, repository: Repository, row: PullRequest) -> PullRequest:
    """
    Merge the base and head of an open pull request as a test, unless that was done with their present commits.

    A clean merge makes a commit, which ``refs/pull/N/merge`` then points to.
    If they conflict, the ref does not exist.

    Returns:
        The updated pull request.
    """
    test = _current(store, repository, row)
    if test is None or test.mergeable is not None:
        return row
    graph, name = store.git(repository), f"pull/{row.number}/merge"
    test, tree = _merged_as_test(graph, test)
    if tree is None:
        graph.remove_ref(name)
        return store.pull_requests.replace(row._replace(mergeability=test))
    parents, message = (test.base_sha, test.head_sha), f"Merge {test.head_sha} into {test.base_sha}"
    # The SHA depends on the parents alone, so that a test gets the same SHAs of later commits whoever reads before.
    sha = sha_of("commit", "test merge", *parents)
    if sha not in graph.commits:
        graph.add(parents, tree, message, row.user, store.clock.now, sha=sha)
    graph.set_ref(name, sha)
    return store.pull_requests.replace(row._replace(mergeability=test, merge_commit_sha=sha))


def _merged_as_test(graph: Graph, test: Mergeability) -> tuple[Mergeability, Tree | None]:
    """Find out whether base and head merge, without recording it. The tree is ``None`` after a conflict."""
    try:
        tree = graph.merged_tree(test.base_sha, test.head_sha)
    except MergeConflict:
        return test._replace(mergeable=False, rebaseable=False), None
    return test._replace(mergeable=True, rebaseable=_is_rebaseable(graph, test)), tree


def _is_rebaseable(graph: Graph, test: Mergeability) -> bool:
    moved = graph.missing(test.base_sha, test.head_sha)[::-1]
    try:
        rebased(graph.commits[test.base_sha].tree, moved, graph.commits)
    except MergeConflict:
        return False
    return True


def _current(store: Store, repository: Repository, row: PullRequest) -> Mergeability | None:
    """Return what is known with the present commits of base and head; ``None`` for a closed pull request."""
    if row.state != "open":
        return None
    base_sha, test = store.git(repository).branches[row.base_ref], row.mergeability
    is_current = test is not None and (test.base_sha, test.head_sha) == (base_sha, row.head_sha)
    return test if is_current else Mergeability(base_sha, row.head_sha)


def read(store: Store, repository: Repository, row: PullRequest) -> View:
    """
    Show a pull request to a client, which makes GitHub find out whether it can be merged.

    After each push to its head or base, ``Assumptions.mergeable_after`` responses say that this is not known yet.
    """
    test = _current(store, repository, row)
    if test and test.reads < store.assume.mergeable_after:
        row = store.pull_requests.replace(row._replace(mergeability=test._replace(reads=test.reads + 1)))
        return view(store, repository, row)
    row = tested(store, repository, row)
    return view(store, repository, row, merge_state(store, repository, row))


def merge_state_for_merge(store: Store, repository: Repository, row: PullRequest, *, at_once: bool) -> MergeState:
    """
    Find out the mergeability for a merge. Nothing is recorded, since the merge may be refused.

    Args:
        at_once: Whether it is known even if no client has read it often enough for ``Assumptions.mergeable_after``.
    """
    test = _current(store, repository, row)
    if test is None or not (at_once or test.reads >= store.assume.mergeable_after):
        return rules.MergeState()
    if test.mergeable is None:
        test, _ = _merged_as_test(store.git(repository), test)
    return _merge_state(store, repository, row, test)


def merge_state(store: Store, repository: Repository, row: PullRequest) -> MergeState:
    """Find the mergeability that was last found out. A merged pull request has none."""
    test = _current(store, repository, row) or row.mergeability
    if test is None or row.merged or test.reads < store.assume.mergeable_after:
        return rules.MergeState()
    return _merge_state(store, repository, row, test)


def merge_state_now(store: Store, repository: Repository, row: PullRequest) -> MergeState:
    """Find out the mergeability without delay, for the Python interface."""
    row = tested(store, repository, row)
    if row.merged or row.mergeability is None:
        return rules.MergeState()
    return _merge_state(store, repository, row, row.mergeability)


def _merge_state(store: Store, repository: Repository, row: PullRequest, test: Mergeability) -> MergeState:
    return rules.merge_state(
        mergeable=test.mergeable,
        rebaseable=test.rebaseable,
        protection=protection(store, repository, row),
        is_behind=not store.git(repository).contains(row.head_sha, test.base_sha),
        outcomes=(context.state for context in contexts_of(store, repository, row.head_sha)),
    )


def refresh_refs(store: Store, repository: Repository, prefix: str) -> None:
    """Bring all refs ``pull/N/merge`` that start with *prefix* up to date."""
    match = _MERGE_REF.fullmatch(prefix)
    if match:
        rows = store.pull_requests.where(repository_id=repository.id, number=int(match[1]))
    elif "pull/".startswith(prefix) or prefix.startswith("pull/"):
        rows = store.pull_requests.where(repository_id=repository.id, state="open")
    else:
        return
    for row in list(rows):
        if f"pull/{row.number}/merge".startswith(prefix):
            tested(store, repository, row)


# Changing a pull request


def close(
    store: Store,
    repository: Repository,
    actor: User | None,
    row: PullRequest,
    *,
    merge_commit_sha: str | None = None,
    merged_onto: str | None = None,
) -> PullRequest:
    """
    Close an open pull request, and dispatch ``pull_request`` unless *actor* is ``None``.

    Args:
        merge_commit_sha: The commit that brought it into its base; ``None`` if it is not merged.

        merged_onto: The head of its base before the merge.
    """
    row = closed(store, repository, actor, row, merge_commit_sha=merge_commit_sha, merged_onto=merged_onto)
    if actor:
        record(store, repository, actor, "closed", row, merge_state(store, repository, row))
    return row


def closed(
    store: Store,
    repository: Repository,
    actor: User | None,
    row: PullRequest,
    *,
    merge_commit_sha: str | None,
    merged_onto: str | None,
) -> PullRequest:
    """Close a pull request as ``close`` does, but dispatch nothing."""
    now = store.clock.now
    row = row._replace(state="closed", closed_at=now, closed_by=actor, updated_at=now)
    if merge_commit_sha:
        row = row._replace(merged_at=now, merged_by=actor, merge_commit_sha=merge_commit_sha, merged_onto=merged_onto)
    store.git(repository).remove_ref(f"pull/{row.number}/merge")
    return store.pull_requests.replace(row)


def follow(store: Store, repository: Repository, actor: User | None, name: str, *, before: str | None) -> None:
    """
    Move, close or merge the pull requests of a branch that has changed.

    Args:
        actor: The account that pushed. Without one, no events are dispatched.

        name: The ref, such as ``heads/main``, which already points to its new commit.

        before: The SHA of its previous commit, ``None`` for a new ref.

    Source:
        Reported by users, and the tests of xmo-odoo/dummy_central, which run against GitHub.
    """
    space, _, branch = name.partition("/")
    if space != "heads" or not store.pull_requests.where(repository_id=repository.id, state="open"):
        return
    graph = store.git(repository)
    after = graph.branches.get(branch)
    from_here = store.pull_requests.where(repository_id=repository.id, state="open", head_ref=branch)
    for row in list(from_here):
        if after is None:
            close(store, repository, actor, row)
        elif after != row.head_sha:
            _move(store, repository, actor, row, after)
    onto_here = list(store.pull_requests.where(repository_id=repository.id, state="open", base_ref=branch))
    new = {commit.sha: commit for commit in graph.missing(before, after)} if onto_here and before and after else {}
    for row in onto_here:
        if after is None:
            close(store, repository, actor, row)
        elif row.head_sha in new:
            merges = [commit.sha for commit in new.values() if row.head_sha in commit.parents]
            # The oldest merge commit that has the head as a parent; after a fast-forward, the head itself [guess].
            merge_commit_sha = merges[-1] if merges else row.head_sha
            close(store, repository, actor, row, merge_commit_sha=merge_commit_sha, merged_onto=before)


def _move(store: Store, repository: Repository, actor: User | None, row: PullRequest, after: str) -> None:
    graph, before = store.git(repository), row.head_sha
    row = row._replace(head_sha=after, base_sha=graph.branches[row.base_ref], updated_at=store.clock.now)
    row = store.pull_requests.replace(row)
    graph.set_ref(f"pull/{row.number}/head", after)
    if actor:
        record(store, repository, actor, "synchronize", row, before=before, after=after)
    if graph.contains(row.base_sha, after):  # nothing is left to merge
        close(store, repository, actor, row)
