"""
Check runs: what apps report on a commit.

Source:
    https://docs.github.com/rest/checks/runs
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import payloads
from pytest_ghdeploy.model import CheckRun, CheckSuite
from pytest_ghdeploy.rules import Context

if TYPE_CHECKING:
    from pytest_ghdeploy.model import CheckRunConclusion, CheckRunStatus, Repository, User
    from pytest_ghdeploy.store import Store

_NO_COMMIT = "0" * 40


def create(
    store: Store,
    repository: Repository,
    sender: User,
    *,
    head_sha: str,
    name: str,
    status: CheckRunStatus,
    conclusion: CheckRunConclusion | None,
    check_suite: str,
) -> CheckRun:
    """
    Report a run of the check *name* on the commit *head_sha*, which must exist.

    Args:
        conclusion: For the status ``completed``, and for that only.

        check_suite: Runs with the same label belong to one suite of the commit; there
            a newer run replaces an older one of the same name.

    Dispatches ``check_run``: ``created``, and for a completed one ``completed`` too.

    Source:
        https://docs.github.com/rest/checks/runs#create-a-check-run
    """
    now = store.clock.now
    suites = store.check_suites.where(repository_id=repository.id, sha=head_sha, label=check_suite)
    suite = suites[0] if suites else _start_suite(store, repository, head_sha, check_suite)
    row = store.check_runs.add(
        CheckRun(
            id=store.check_runs.next_id,
            repository_id=repository.id,
            sha=head_sha,
            name=name,
            status=status,
            conclusion=conclusion,
            check_suite=suite,
            started_at=now,
            completed_at=now if status == "completed" else None,
        )
    )
    runs = [run for run in _latest(store, repository, head_sha) if run.check_suite.id == suite.id]
    for action in ("created", "completed") if status == "completed" else ("created",):
        store.events.record(
            "check_run",
            action,
            repository.full_name,
            partial(payloads.check_run, action, row, runs, repository, sender, store.urls),
        )
    return row


def _start_suite(store: Store, repository: Repository, sha: str, label: str) -> CheckSuite:
    graph = store.git(repository)
    parents = graph.commits[sha].parents
    return store.check_suites.add(
        CheckSuite(
            id=store.check_suites.next_id,
            repository_id=repository.id,
            sha=sha,
            app=store.actions_app,
            label=label,
            head_branch=next((name for name, head in sorted(graph.branches.items()) if head == sha), None),
            before=parents[0] if parents else _NO_COMMIT,
            created_at=store.clock.now,
        )
    )


def _latest(store: Store, repository: Repository, sha: str) -> list[CheckRun]:
    newest: dict[tuple[int, str], CheckRun] = {}
    for row in store.check_runs.where(repository_id=repository.id, sha=sha):
        newest.setdefault((row.check_suite.id, row.name), row)
    return list(newest.values())[::-1]


def contexts_of(store: Store, repository: Repository, sha: str) -> list[Context]:
    """List what the latest check runs of *sha* say, oldest first: their conclusion, or ``pending``."""
    return [Context(row.name, row.conclusion or "pending") for row in _latest(store, repository, sha)]
