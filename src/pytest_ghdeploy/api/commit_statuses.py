"""
Commit statuses.

Source:
    https://docs.github.com/rest/commits/statuses
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import contexts, git
from pytest_ghdeploy.api.branch_protection import protection_of
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import CommitStatus
from pytest_ghdeploy.github.rules import commits as rules
from pytest_ghdeploy.github.rules.deployments import context_key
from pytest_ghdeploy.serializers import commit_statuses as as_json, events as payloads
from pytest_ghdeploy.serializers.repositories import minimal_repository

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import CommitStatusState, Repository, User
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "statuses"


def create(
    store: Store,
    repository: Repository,
    creator: User,
    *,
    sha: str,
    state: CommitStatusState | None = None,
    context: str = "default",
    description: str | None = None,
    target_url: str | None = None,
) -> CommitStatus:
    """
    Add a status to a commit.

    Args:
        sha: The full SHA of an existing commit, in lower case.

        state: ``error``, ``failure``, ``pending`` or ``success``. It is required.

        context: The name of the reporter, compared without case. From 1 to 255 characters.

        description: At most 140 characters.

        target_url: An http or https URL. ``""`` is the same as ``None``.

    Returns:
        The new commit status. Only the latest one of each context counts, but all of them are listed.

    Raises:
        Unprocessable: A rule is broken. Nothing has changed.

    Source:
        https://docs.github.com/rest/commits/statuses#create-a-commit-status
    """
    graph, key = store.git(repository), context_key(context)
    recorded = len(store.commit_statuses.where(repository_id=repository.id, sha=sha, context_key=key))
    rules.check_commit_status(
        state=state, context=context, description=description, target_url=target_url, recorded=recorded
    )
    assert state is not None  # noqa: S101 - it has been checked
    now = store.clock.now
    row = store.commit_statuses.add(
        CommitStatus(
            id=store.commit_statuses.next_id,
            repository_id=repository.id,
            sha=sha,
            state=state,
            context=context,
            description=description,
            target_url=target_url or None,
            creator=creator,
            created_at=now,
            updated_at=now,
            context_key=key,
        )
    )
    commit = graph.commits[sha]
    branches = [
        (name, head, protection_of(store, repository, name) is not None)
        for name, head in islice(graph.branches_with(sha), payloads.MOST_BRANCHES)
    ]
    store.events.record(
        "status",
        None,
        repository.full_name,
        partial(payloads.status, row, commit, branches, repository, creator, store.urls),
        row,
    )
    return row


def _find_sha(call: Call) -> str:
    return git.find_commit(call, call.params["ref"]).sha


def _find_full_sha(call: Call) -> str:
    sha: str = call.params["sha"]
    repository = call.repository
    if sha.lower() not in call.store.git(repository).commits:
        raise refusals.no_commit(sha, f"{repository.full_name} has no commit {sha!r}; sha must be a full SHA")
    return sha.lower()


@route("repos/create-commit-status", "POST /repos/{owner}/{repo}/statuses/{sha}", finds=_find_full_sha)
def create_commit_status(call: Call) -> Reply:
    """Add a status to a commit. GitHub looks up the commit before it checks the body."""
    row = create(call.store, call.repository, call.actor, **call.arguments_for(create, sha=call.found))
    return Reply(201, row, location=f"{call.urls.repository(call.repository)}/statuses/{row.sha}")


@route(
    "repos/list-commit-statuses-for-ref",
    "GET /repos/{owner}/{repo}/commits/{ref}/statuses",
    "GET /repos/{owner}/{repo}/statuses/{ref}",
    finds=_find_sha,
)
def list_commit_statuses_for_ref(call: Call) -> Reply:
    """List all commit statuses of a ref's commit, newest first."""
    return Reply(200, Listing(call.store.commit_statuses.where(repository_id=call.repository.id, sha=call.found)))


@route("repos/get-combined-status-for-ref", "GET /repos/{owner}/{repo}/commits/{ref}/status", finds=_find_sha)
def get_combined_status_for_ref(call: Call) -> Reply:
    """Combine the latest commit statuses of a ref's commit into one state. Check runs do not count."""
    sha: str = call.found
    rows = contexts.latest_commit_statuses(call.store.commit_statuses.where(repository_id=call.repository.id, sha=sha))
    api = call.urls.repository(call.repository)
    around: JSON = {
        "state": rules.combined_state({row.state for row in rows}),
        "statuses": [],
        "sha": sha,
        "total_count": len(rows),
        "repository": minimal_repository(call.repository, call.urls),
        "commit_url": f"{api}/commits/{sha}",
        "url": f"{api}/commits/{sha}/status",
    }

    def render(row: CommitStatus) -> JSON:
        return as_json.simple_commit_status(row, call.repository, call.urls)

    return Reply(200, Listing(rows, render, "statuses", around))
