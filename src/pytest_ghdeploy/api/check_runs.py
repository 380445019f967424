"""
Check runs: reports of apps on a commit.

Only apps may write them. A token without limits acts as GitHub Actions.

Source:
    https://docs.github.com/rest/checks/runs (formerly https://docs.github.com/rest/reference/checks)
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api import contexts, git
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import CheckRun, CheckRunOutput, CheckSuite
from pytest_ghdeploy.github.rules import commits as rules
from pytest_ghdeploy.serializers import checks as as_json, events as payloads
from pytest_ghdeploy.store.suite_reports import SuiteReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.model import App, CheckRunConclusion, CheckRunStatus, Repository, User
    from pytest_ghdeploy.store.store import Store

PERMISSION = "checks"

_NO_COMMIT = "0" * 40


def add(
    store: Store,
    repository: Repository,
    sender: User | None,
    app: App | None = None,
    *,
    head_sha: str,
    name: str,
    status: CheckRunStatus = "queued",
    conclusion: CheckRunConclusion | None = None,
    started_at: str | None = None,
    completed_at: str | None = None,
    details_url: str | None = None,
    external_id: str = "",
    output: Mapping[str, Any] | None = None,
    check_suite: str = "",
    of_job: bool = False,
) -> CheckRun:
    """
    Add a run of the check *name* on the commit *head_sha*.

    Dispatches ``check_run`` with the action ``created`` and, for a completed
    run, again with ``completed``.

    Args:
        sender: The account that reports. ``None`` is the app's bot, which is created if it does not exist.

        app: The app that reports. The default is GitHub Actions.

        head_sha: 40 hex digits.

        conclusion: Completes the run, even if *status* says otherwise.

        started_at: A time in RFC 3339. The default is now.

        completed_at: A time in RFC 3339. It needs a *conclusion*. The default for a completed run is now.

        details_url: A page with details. Without one, or with ``""``, GitHub shows its own page.

        output:
            ``title``, ``summary``, ``text`` and ``annotations``. A *text* of
            more than 65,535 bytes is cut.

        check_suite:
            A label. Runs of one app on one commit with the same label form a
            suite, in which a newer run replaces an older one of the same name.

        of_job: Whether the run belongs to a job of a workflow, whose page is *details_url*.

    Returns:
        The new check run.

    Raises:
        Unprocessable:
            The commit does not exist, the run would be completed without a
            conclusion, a time is invalid, or the summary has more than 65,535
            bytes. Nothing has changed.

    Source:
        https://docs.github.com/rest/checks/runs#create-a-check-run
    """
    if head_sha.lower() not in store.git(repository).commits:
        hint = f"{repository.full_name} has no commit {head_sha!r}; head_sha must be a full SHA"
        raise refusals.no_commit(head_sha, hint)
    head_sha, now = head_sha.lower(), store.clock.now
    status = rules.check_run_status(
        "queued", status=status, conclusion=conclusion, has_completed_at=completed_at is not None
    )
    started, completed = _time("started_at", started_at), _time("completed_at", completed_at)
    report = rules.reported_output(CheckRunOutput(), output)
    app = app or store.actions_app
    suites = store.check_suites.where(repository_id=repository.id, sha=head_sha, label=check_suite)
    suite = next((suite for suite in suites if suite.app.id == app.id), None)
    row = store.check_runs.add(
        CheckRun(
            id=store.check_runs.next_id,
            repository_id=repository.id,
            sha=head_sha,
            name=name,
            status=status,
            conclusion=conclusion,
            check_suite=suite or _start_suite(store, repository, head_sha, app, check_suite),
            started_at=started or now,
            completed_at=(completed or now) if status == "completed" else None,
            external_id=external_id,
            integrator_url=details_url,
            of_job=of_job,
            output=report,
        )
    )
    sender = sender or store.ensure_user(f"{app.slug}[bot]")
    _report(store, row).put(row)
    _dispatch(store, repository, sender, row, *(("created", "completed") if status == "completed" else ("created",)))
    return row


def change(
    store: Store,
    repository: Repository,
    sender: User,
    check_run: CheckRun,
    *,
    name: str | None = None,
    status: CheckRunStatus | None = None,
    conclusion: CheckRunConclusion | None = None,
    started_at: str | None = None,
    completed_at: str | None = None,
    details_url: str | None = None,
    external_id: str | None = None,
    output: Mapping[str, Any] | None = None,
) -> CheckRun:
    """
    Update *check_run*. Arguments that are ``None`` change nothing.

    Dispatches ``check_run`` with the action ``completed`` when the run becomes completed.

    Args:
        conclusion: Completes the run, even if *status* says otherwise. An already completed run does not need one.

        status: A status other than ``completed`` removes the conclusion of a completed run.

        output: Replaces the whole output, except that ``annotations`` are added.

    Returns:
        The updated check run.

    Raises:
        Unprocessable:
            The run would be completed without a conclusion, a time is invalid,
            or the summary has more than 65,535 bytes. Nothing has changed.

    Source:
        https://docs.github.com/rest/checks/runs#update-a-check-run
    """
    before = check_run
    status = rules.check_run_status(
        before.status, status=status, conclusion=conclusion, has_completed_at=completed_at is not None
    )
    started, completed = _time("started_at", started_at), _time("completed_at", completed_at)
    report = rules.reported_output(before.output, output)
    done = status == "completed"
    row = store.check_runs.replace(
        before._replace(
            name=before.name if name is None else name,
            status=status,
            conclusion=(conclusion or before.conclusion) if done else None,
            started_at=started or before.started_at,
            completed_at=(completed or before.completed_at or store.clock.now) if done else None,
            external_id=before.external_id if external_id is None else external_id,
            integrator_url=before.integrator_url if details_url is None else details_url,
            output=report,
        )
    )
    if row.name == before.name:
        _report(store, row).put(row)
    else:  # an older run of the former name may count again
        store.suite_reports.pop(row.check_suite.id, None)
    if done and before.status != "completed":
        _dispatch(store, repository, sender, row, "completed")
    return row


def _time(member: str, text: str | None) -> datetime | None:
    return None if text is None else rules.to_time(member, text).astimezone(UTC)


def _dispatch(store: Store, repository: Repository, sender: User, row: CheckRun, *actions: str) -> None:
    summary = _report(store, row).summary()
    for action in actions:
        store.events.record(
            "check_run",
            action,
            repository.full_name,
            partial(payloads.check_run, action, row, summary, repository, sender, store.urls),
            row,
        )


def _report(store: Store, row: CheckRun) -> SuiteReport:
    """Return the report of the suite of *row*."""
    report = store.suite_reports.get(row.check_suite.id)
    # After an interruption it is made again.
    store.changes.undo_with(partial(store.suite_reports.pop, row.check_suite.id, None))
    if report is None:
        rows = store.check_runs.where(repository_id=row.repository_id, sha=row.sha)
        report = SuiteReport(run for run in rows if run.check_suite.id == row.check_suite.id)
        store.suite_reports[row.check_suite.id] = report
    return report


def _start_suite(store: Store, repository: Repository, sha: str, app: App, label: str) -> CheckSuite:
    graph = store.git(repository)
    parents = graph.commits[sha].parents
    number = store.check_suites.next_id
    store.suite_reports[number] = SuiteReport(())
    return store.check_suites.add(
        CheckSuite(
            id=number,
            repository_id=repository.id,
            sha=sha,
            app=app,
            label=label,
            head_branch=min((name for name, head in graph.branches.items() if head == sha), default=None),
            before=parents[0] if parents else _NO_COMMIT,
            created_at=store.clock.now,
        )
    )


def find(call: Call) -> CheckRun:
    """
    Look up the check run in the path.

    Raises:
        NotFound: The repository has no such check run.
    """
    row: CheckRun = find_in_repository(call, call.store.check_runs, "check_run_id", "check run", label=_label)
    return row


def _find_own(call: Call) -> CheckRun:
    row = find(call)
    rules.check_author(row.check_suite.app, call.app)
    return row


def _label(row: CheckRun) -> str:
    return f"{row.id} ({row.name})"


@route("checks/create", "POST /repos/{owner}/{repo}/check-runs")
def create(call: Call) -> Reply:
    """Create a check run on a commit."""
    rules.check_reported(call.body.get("status"), call.body.get("conclusion"))
    # check_suite and of_job are not part of GitHub's body, so members of these names are ignored.
    details_url = rules.reported_details_url(call.app, call.body.get("details_url"))
    arguments = call.arguments_for(add, check_suite="", of_job=False, details_url=details_url)
    row = add(call.store, call.repository, call.actor, call.app, **arguments)
    return Reply(201, row, location=f"{call.urls.repository(call.repository)}/check-runs/{row.id}")


@route("checks/get", "GET /repos/{owner}/{repo}/check-runs/{check_run_id}", finds=find)
def get(call: Call) -> Reply:
    """Show a check run."""
    return Reply(200, call.found)


@route("checks/update", "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", finds=_find_own)
def update(call: Call) -> Reply:
    """Update a check run."""
    status, conclusion, run = call.body.get("status"), call.body.get("conclusion"), call.found
    rules.check_not_of_job(run.name, status, conclusion, of_job=run.of_job)
    rules.check_reported(status, conclusion)
    details_url = rules.reported_details_url(call.app, call.body.get("details_url"), of_job=run.of_job)
    arguments = call.arguments_for(change, details_url=details_url)
    return Reply(200, change(call.store, call.repository, call.actor, call.found, **arguments))


@route("checks/list-annotations", "GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", finds=find)
def list_annotations(call: Call) -> Reply:
    """List the annotations of a check run in the order of their reports."""
    row = call.found
    render = partial(as_json.check_annotation, row=row, repository=call.repository, urls=call.urls)
    return Reply(200, Listing(row.output.annotations, render))


@route("checks/list-for-ref", "GET /repos/{owner}/{repo}/commits/{ref}/check-runs")
def list_for_ref(call: Call) -> Reply:
    """
    List the check runs of a ref's commit, newest first.

    By default, the list has only the latest run of each name in each suite. With ``filter=all``, it has all runs.
    """
    ref = call.params["ref"]
    sha = git.find_commit(call, ref, partial(refusals.no_commit, ref)).sha
    if call.query.get("filter") == "all":
        rows: Sequence[CheckRun] = call.store.check_runs.where(repository_id=call.repository.id, sha=sha)
    else:
        rows = contexts.latest_check_runs(call.store, call.repository, sha)[::-1]
    return listing(call, rows)


def listing(call: Call, rows: Sequence[CheckRun]) -> Reply:
    """List those of *rows* that pass the filters ``check_name``, ``status`` and ``app_id``."""
    query = call.query
    rows = [
        row
        for row in rows
        if query.get("check_name", row.name) == row.name
        and query.get("status", row.status) == row.status
        and is_of_app(row.check_suite.app, query.get("app_id", ""))
    ]
    return Reply(200, Listing(rows, key="check_runs", around={"total_count": len(rows), "check_runs": []}))


def is_of_app(app: App, app_id: str) -> bool:
    """Return whether the filter *app_id* allows an app. One that is not a number is ignored, as with page numbers."""
    return not (app_id.isascii() and app_id.isdecimal() and app_id.lstrip("0") != str(app.id))
