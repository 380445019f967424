"""Check suites, check runs and annotations as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_ghdeploy.github import apps
from pytest_ghdeploy.github.model import SuiteSummary
from pytest_ghdeploy.github.rules.commits import suite_outcome
from pytest_ghdeploy.serializers.accounts import app, node_id, time
from pytest_ghdeploy.serializers.git import simple_commit
from pytest_ghdeploy.serializers.repositories import minimal_repository

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.git import Commit
    from pytest_ghdeploy.github.model import CheckRun, CheckSuite, Repository
    from pytest_ghdeploy.github.urls import JSON, Urls


def check_suite(row: CheckSuite, summary: SuiteSummary, repository: Repository, urls: Urls) -> JSON:
    """Serialize the check suite inside a check run, with the outcome of its latest runs."""
    status, conclusion = suite_outcome(summary.outcomes)
    return {
        "id": row.id,
        "node_id": node_id("CS", row.repository_id, row.id),
        "head_branch": row.head_branch,
        "head_sha": row.sha,
        "status": status,
        "conclusion": conclusion,
        "url": f"{urls.repository(repository)}/check-suites/{row.id}",
        "before": row.before,
        "after": row.sha,
        "pull_requests": [],
        "app": app(row.app, urls),
        "created_at": time(row.created_at),
        "updated_at": time(summary.updated_at),
    }


def rest_check_suite(
    row: CheckSuite, latest: Sequence[CheckRun], commit: Commit, repository: Repository, urls: Urls
) -> JSON:
    """
    Serialize a check suite for the REST API.

    Args:
        latest: The latest check runs of the suite, one of each name.

        commit: The commit of the suite.
    """
    outcomes = frozenset((run.status, run.conclusion) for run in latest)
    updated_at = max(run.completed_at or run.started_at for run in latest)
    suite = check_suite(row, SuiteSummary(outcomes, updated_at), repository, urls)
    return {
        **suite,
        "rerequestable": True,
        "runs_rerequestable": True,
        "latest_check_runs_count": len(latest),
        "check_runs_url": f"{suite['url']}/check-runs",
        "head_commit": simple_commit(commit),
        "repository": minimal_repository(repository, urls),
    }


def rest_check_run(row: CheckRun, repository: Repository, urls: Urls) -> JSON:
    """Serialize a check run for the REST API, which includes only the id of the suite."""
    api, app_json = f"{urls.repository(repository)}/check-runs/{row.id}", app(row.check_suite.app, urls)
    page = f"{urls.html}/{repository.full_name}/runs/{row.id}"
    if row.of_job and row.integrator_url:
        page = row.integrator_url
    apps_page = page if row.check_suite.app.id == apps.ACTIONS_ID else app_json["external_url"]
    return {
        "id": row.id,
        "name": row.name,
        "node_id": node_id("CR", row.repository_id, row.id),
        "head_sha": row.sha,
        "external_id": row.external_id,
        "url": api,
        "html_url": page,
        "details_url": row.integrator_url or apps_page,
        "status": row.status,
        "conclusion": row.conclusion,
        "started_at": time(row.started_at),
        "completed_at": row.completed_at and time(row.completed_at),
        "output": {
            "title": row.output.title,
            "summary": row.output.summary,
            "text": row.output.text,
            "annotations_count": len(row.output.annotations),
            "annotations_url": f"{api}/annotations",
        },
        "check_suite": {"id": row.check_suite.id},
        "app": app_json,
        "pull_requests": [],
    }


def check_run(row: CheckRun, summary: SuiteSummary, repository: Repository, urls: Urls) -> JSON:
    """Serialize a check run for the webhook, which includes the suite."""
    suite = check_suite(row.check_suite, summary, repository, urls)
    return {**rest_check_run(row, repository, urls), "check_suite": suite}


def check_annotation(annotation: Mapping[str, Any], row: CheckRun, repository: Repository, urls: Urls) -> JSON:
    """Serialize an *annotation* of a check run."""
    return {
        "path": annotation["path"],
        "blob_href": f"{urls.html}/{repository.full_name}/blob/{row.sha}/{quote(annotation['path'])}",
        "start_line": annotation["start_line"],
        "end_line": annotation["end_line"],
        "start_column": annotation.get("start_column"),
        "end_column": annotation.get("end_column"),
        "annotation_level": annotation["annotation_level"],
        "title": annotation.get("title"),
        "message": annotation["message"],
        "raw_details": annotation.get("raw_details"),
    }
