"""
Check suites: the check runs of one app on a commit.

The first check run of a suite creates it.

Source:
    https://docs.github.com/rest/checks/suites and, for the runs of a suite, https://docs.github.com/rest/checks/runs
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import check_runs, contexts, git
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.serializers import checks as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import CheckRun, CheckSuite
    from pytest_ghdeploy.github.urls import JSON

PERMISSION = "checks"

_SUITE = "/repos/{owner}/{repo}/check-suites/{check_suite_id}"


def find(call: Call) -> CheckSuite:
    """
    Look up the check suite in the path.

    Raises:
        NotFound: The repository has no such check suite.
    """
    row: CheckSuite = find_in_repository(call, call.store.check_suites, "check_suite_id", "check suite", label=_label)
    return row


def _label(row: CheckSuite) -> str:
    return f"{row.id} ({row.app.slug})"


def _latest(call: Call, row: CheckSuite) -> list[CheckRun]:
    """List the latest check run of each name in a suite, newest first."""
    runs = contexts.latest_check_runs(call.store, call.repository, row.sha)
    return [run for run in runs[::-1] if run.check_suite.id == row.id]


def _to_json(call: Call, row: CheckSuite) -> JSON:
    commit = call.store.git(call.repository).commits[row.sha]
    return as_json.rest_check_suite(row, _latest(call, row), commit, call.repository, call.urls)


@route("checks/get-suite", f"GET {_SUITE}", finds=find)
def get_suite(call: Call) -> Reply:
    """Show a check suite with the outcome of its latest check runs."""
    return Reply(200, _to_json(call, call.found))


@route("checks/list-for-suite", f"GET {_SUITE}/check-runs", finds=find)
def list_for_suite(call: Call) -> Reply:
    """
    List the check runs of a suite, newest first.

    By default, the list has only the latest run of each name. With ``filter=all``, it has all runs.
    """
    suite: CheckSuite = call.found
    if call.query.get("filter") == "all":
        rows = call.store.check_runs.where(repository_id=suite.repository_id, sha=suite.sha)
        return check_runs.listing(call, [row for row in rows if row.check_suite.id == suite.id])
    return check_runs.listing(call, _latest(call, suite))


@route("checks/list-suites-for-ref", "GET /repos/{owner}/{repo}/commits/{ref}/check-suites")
def list_suites_for_ref(call: Call) -> Reply:
    """List the check suites of a ref's commit, newest first."""
    ref, query = call.params["ref"], call.query
    sha = git.find_commit(call, ref, partial(refusals.no_commit, ref)).sha
    named = {
        run.check_suite.id
        for run in call.store.check_runs.where(repository_id=call.repository.id, sha=sha)
        if run.name == query.get("check_name", run.name)
    }
    rows = [
        row
        for row in call.store.check_suites.where(repository_id=call.repository.id, sha=sha)
        if row.id in named and check_runs.is_of_app(row.app, query.get("app_id", ""))
    ]
    around = {"total_count": len(rows), "check_suites": None}
    return Reply(200, Listing(rows, partial(_to_json, call), "check_suites", around))
