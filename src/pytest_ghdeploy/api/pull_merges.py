"""
Merging pull requests, and updating their heads.

Source:
    https://docs.github.com/rest/pulls/pulls
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import branch_protection, git, pull_states, pulls
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import refusals, refusals_pulls
from pytest_ghdeploy.github.git import Signature
from pytest_ghdeploy.github.merges import (
    WEB_FLOW_EMAIL,
    WEB_FLOW_NAME,
    WEB_FLOW_PGP_SIGNATURE,
    MergeConflict,
    rebased,
)
from pytest_ghdeploy.github.refusals import GitHubError
from pytest_ghdeploy.github.rules import pull_requests as rules
from pytest_ghdeploy.serializers.accounts import email

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.git import Commit
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import MergeMethod, PullRequest
    from pytest_ghdeploy.store.store import Store

PERMISSION = "pull_requests"


def merge_into_base(
    store: Store,
    repository: Repository,
    actor: User,
    row: PullRequest,
    *,
    at_once: bool = False,
    commit_title: str | None = None,
    commit_message: str | None = None,
    sha: str | None = None,
    merge_method: MergeMethod = "merge",
) -> str:
    """
    Merge a pull request. Dispatches ``push`` and ``pull_request``.

    If the repository has the setting ``delete_branch_on_merge``, the head branch is deleted, unless another open pull
    request has the same head. Pull requests into it then get the base of the merged one.

    Args:
        at_once: Whether its mergeability is known at once, whatever ``Assumptions.mergeable_after`` says.

        commit_title: The default is that of the repository's settings. A rebase has none.

        commit_message: The rest of the message. The default is that of the repository's settings.

        sha: The head that the client expects; ``None`` for any.

    Returns:
        The SHA of the new head of the base.

    Raises:
        MethodNotAllowed: The pull request cannot be merged, or not with this method, or not yet by *actor*, since
            its base is protected.
        Conflict: *sha* is not its head. In either case nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/pulls#merge-a-pull-request
    """
    rules.check_ready(row, sha=sha)
    state = pull_states.merge_state_for_merge(store, repository, row, at_once=at_once)
    rules.check_merge(row, repository.settings, state, method=merge_method)
    branch_protection.check_merge(store, repository, actor, row, state)
    graph = store.git(repository)
    before = graph.branches[row.base_ref]
    commits = graph.missing(before, row.head_sha)[::-1]
    if merge_method == "rebase":
        after = _rebase(store, repository, actor, before, commits)
    else:
        messages = [commit.message for commit in commits]
        owner = repository.owner.login
        text = rules.default_text(row, repository.settings, method=merge_method, owner=owner, messages=messages)
        if merge_method == "squash":
            text = rules.with_co_authors(text, _co_authors(row, commits))
        title = text.title if commit_title is None else commit_title
        text = rules.Text(title, text.message if commit_message is None else commit_message)
        after = _commit(store, repository, actor, row, before, text.whole(), squash=merge_method == "squash")
    graph.set_ref(f"heads/{row.base_ref}", after)
    row = pull_states.closed(store, repository, actor, row, merge_commit_sha=after, merged_onto=before)
    git.pushed(store, repository, actor, f"heads/{row.base_ref}", before=before)
    pull_states.record(store, repository, actor, "closed", row)
    if repository.settings.delete_branch_on_merge:
        _delete_head(store, repository, actor, row)
    return after


def _commit(
    store: Store, repository: Repository, actor: User, row: PullRequest, base_sha: str, message: str, *, squash: bool
) -> str:
    graph, now = store.git(repository), store.clock.now
    author, parents = (row.user, (base_sha,)) if squash else (actor, (base_sha, row.head_sha))
    signatures = Signature(author.login, email(author), now), Signature(WEB_FLOW_NAME, WEB_FLOW_EMAIL, now)
    tree = graph.merged_tree(base_sha, row.head_sha)
    return graph.add(parents, tree, message, author, now, signatures, pgp_signature=WEB_FLOW_PGP_SIGNATURE).sha


def _author(commit: Commit) -> Signature:
    return commit.written_by or Signature(commit.author.login, email(commit.author), commit.committed_at)


def _co_authors(row: PullRequest, commits: Sequence[Commit]) -> list[str]:
    """List the authors of *commits* other than the author of the pull request, each as ``NAME <EMAIL>``."""
    people = {author.email: author.name for author in map(_author, commits)}
    return [f"{name} <{address}>" for address, name in people.items() if address != email(row.user)]


def _rebase(store: Store, repository: Repository, actor: User, base_sha: str, commits: Sequence[Commit]) -> str:
    # The author stays, and the committer is the account that merges [guess: over REST too].
    graph, now, tip = store.git(repository), store.clock.now, base_sha
    committer = Signature(actor.login, email(actor), now)
    for commit, tree in rebased(graph.commits[base_sha].tree, commits, graph.commits):
        signatures = _author(commit), committer
        tip = graph.add((tip,), tree, commit.message, commit.author, now, signatures).sha
    return tip


def _delete_head(store: Store, repository: Repository, actor: User, row: PullRequest) -> None:
    graph, head = store.git(repository), row.head_ref
    of_branch = {"repository_id": repository.id, "state": "open"}
    if head == repository.default_branch or store.pull_requests.where(**of_branch, head_ref=head):
        return
    for other in list(store.pull_requests.where(**of_branch, base_ref=head)):
        with suppress(GitHubError):  # it is closed with the branch
            pulls.change(store, repository, actor, other, base=row.base_ref)
    graph.remove_ref(f"heads/{head}")
    git.pushed(store, repository, actor, f"heads/{head}", before=row.head_sha)


def merge_base_into_head(
    store: Store, repository: Repository, actor: User, row: PullRequest, *, expected_head_sha: str | None = None
) -> None:
    """
    Merge the base of a pull request into its head. Dispatches ``push`` and ``pull_request``.

    Raises:
        Unprocessable: The head is not the expected one, contains the base, or conflicts with it, or the pull request
            is closed. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/pulls#update-a-pull-request-branch
    """
    name = f"pull request #{row.number}"
    if expected_head_sha is not None and expected_head_sha != row.head_sha:
        raise refusals_pulls.unexpected_head(f"the head of {name} is {row.head_sha}, not {expected_head_sha}")
    graph = store.git(repository)
    base_sha = graph.branches.get(row.base_ref)
    if row.state != "open" or base_sha is None or graph.contains(row.head_sha, base_sha):
        # [guess: that a closed one gets the same text]
        reason = "is closed" if row.state != "open" else f"contains all commits of {row.base_ref}"
        raise refusals_pulls.up_to_date(f"{name} {reason}")
    message = f"Merge branch '{row.base_ref}' into {row.head_ref}"
    try:
        git.merge(store, repository, actor, branch=row.head_ref, theirs=base_sha, message=message)
    except MergeConflict as conflict:
        hint = f"{row.base_ref} and {row.head_ref} both changed {', '.join(conflict.paths)}"
        raise refusals_pulls.base_conflicts(hint) from None


@route("pulls/check-if-merged", "GET /repos/{owner}/{repo}/pulls/{pull_number}/merge", finds=pulls.find)
def check_if_merged(call: Call) -> Reply:
    """Find out whether a pull request is merged: 204 if it is, 404 if not."""
    if not call.found.merged:
        raise refusals.not_found(f"pull request #{call.found.number} is not merged")
    return Reply(204)


@route(
    "pulls/merge",
    "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge",
    permission="contents",
    finds=pulls.find,
)
def merge(call: Call) -> Reply:
    """Merge a pull request."""
    arguments = call.arguments_for(merge_into_base)
    sha = merge_into_base(call.store, call.repository, call.actor, call.found, **arguments)
    return Reply(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@route("pulls/update-branch", "PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch", finds=pulls.find)
def update_branch(call: Call) -> Reply:
    """Merge the base of a pull request into its head."""
    arguments = call.arguments_for(merge_base_into_head)
    merge_base_into_head(call.store, call.repository, call.actor, call.found, **arguments)
    url = f"{call.urls.repository(call.repository)}/pulls/{call.found.number}"
    return Reply(202, {"message": "Updating pull request branch.", "url": url}, location=url)
