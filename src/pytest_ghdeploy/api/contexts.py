"""The contexts of a commit: its latest commit statuses and check runs, without an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github.rules.deployments import Context

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ghdeploy.github.model import CheckRun, CommitStatus, Repository
    from pytest_ghdeploy.store.store import Store


def latest_commit_statuses(rows: Iterable[CommitStatus]) -> list[CommitStatus]:
    """Select the newest row of each context. *rows* are newest first, the result is oldest first."""
    newest: dict[str, CommitStatus] = {}
    for row in rows:
        newest.setdefault(row.context_key, row)
    return list(newest.values())[::-1]


def latest_check_runs(store: Store, repository: Repository, sha: str) -> list[CheckRun]:
    """Select the newest check run of each name in each suite of a commit, oldest first."""
    newest: dict[tuple[int, str], CheckRun] = {}
    for row in store.check_runs.where(repository_id=repository.id, sha=sha):
        newest.setdefault((row.check_suite.id, row.name), row)
    return list(newest.values())[::-1]


def contexts_of(store: Store, repository: Repository, sha: str) -> list[Context]:
    """
    List the contexts of *sha*: the latest commit statuses, then the latest check runs, each oldest first.

    The state of a check run is its conclusion, or ``pending`` before it has one.
    """
    rows = latest_commit_statuses(store.commit_statuses.where(repository_id=repository.id, sha=sha))
    runs = latest_check_runs(store, repository, sha)
    return [
        *(Context(row.context, row.state) for row in rows),
        *(Context(run.name, run.conclusion or "pending") for run in runs),
    ]
