"""Check suites, check runs and annotations as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_ghdeploy.github.rules import commits as commit_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.model import (
        CheckRun,
        CheckSuite,
        Repository,
    )
    from pytest_ghdeploy.github.urls import JSON, Urls
from pytest_ghdeploy.serializers.accounts import app, node_id, time


def check_suite(row: CheckSuite, runs: Sequence[CheckRun], repository: Repository, urls: Urls) -> JSON:
    """GitHub's check suite as check runs carry it, with the outcome of its *runs*."""
    status, conclusion = commit_rules.suite_outcome([(run.status, run.conclusion) for run in runs])
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
        "updated_at": time(max(run.completed_at or run.started_at for run in runs)),
    }


def rest_check_run(row: CheckRun, repository: Repository, urls: Urls) -> JSON:
    """GitHub's check run as the REST API shows it: of its suite it has the id."""
    api, by = f"{urls.repository(repository)}/check-runs/{row.id}", app(row.check_suite.app, urls)
    return {
        "id": row.id,
        "name": row.name,
        "node_id": node_id("CR", row.repository_id, row.id),
        "head_sha": row.sha,
        "external_id": row.external_id,
        "url": api,
        "html_url": f"{urls.html}/{repository.full_name}/runs/{row.id}",
        "details_url": by["external_url"] if row.integrator_url is None else row.integrator_url,
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
        "app": by,
        "pull_requests": [],
    }


def check_run(row: CheckRun, suite_runs: Sequence[CheckRun], repository: Repository, urls: Urls) -> JSON:
    """GitHub's check run with its suite, as the webhook shows it."""
    suite = check_suite(row.check_suite, suite_runs, repository, urls)
    return {**rest_check_run(row, repository, urls), "check_suite": suite}


def check_annotation(given: Mapping[str, Any], row: CheckRun, repository: Repository, urls: Urls) -> JSON:
    """GitHub's annotation: what a check run has to say of some lines, as it was *given*."""
    return {
        "path": given["path"],
        "blob_href": f"{urls.html}/{repository.full_name}/blob/{row.sha}/{quote(given['path'])}",
        "start_line": given["start_line"],
        "end_line": given["end_line"],
        "start_column": given.get("start_column"),
        "end_column": given.get("end_column"),
        "annotation_level": given["annotation_level"],
        "title": given.get("title"),
        "message": given["message"],
        "raw_details": given.get("raw_details"),
    }
