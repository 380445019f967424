"""
GitHub's decisions about commit statuses and check runs.

Source: https://docs.github.com/rest/commits/statuses and https://docs.github.com/rest/checks/runs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import CHECK_RUN_CONCLUSIONS

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_ghdeploy.github.model import (
        App,
        CheckRunConclusion,
        CheckRunStatus,
    )
from pytest_ghdeploy.github.rules.deployments import NAME_LIMIT, _check_report

COMMIT_STATUS_LIMIT = 1000
"""Commit statuses for one sha and context."""


# Reporting on a commit


def check_commit_status(*, context: str, description: str | None, target_url: str | None, recorded: int) -> None:
    """
    Refuse a commit status that breaks a limit.

    Args:
        recorded: How many the sha has under this context already; 1000 are allowed.

    Raises:
        Unprocessable: With the first limit that is broken.
    """
    if len(context) > NAME_LIMIT:
        raise refusals.too_long("Status", "context", NAME_LIMIT, len(context))
    _check_report("Status", description or "", {"target_url": target_url or ""})
    if recorded >= COMMIT_STATUS_LIMIT:
        raise refusals.too_many_commit_statuses(f"there are {recorded} commit statuses for this sha and context")


def combined_state(states: Collection[str]) -> Literal["failure", "pending", "success"]:
    """
    Fold the latest state of each context into one.

    Source:
        https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference
    """
    if "error" in states or "failure" in states:
        return "failure"
    return "pending" if not states or "pending" in states else "success"


# The first that any run ended with is the suite's [guess]: what needs a person, then what failed, then the rest.
_WORST_FIRST: tuple[CheckRunConclusion, ...] = (
    "action_required",
    "timed_out",
    "failure",
    "cancelled",
    "stale",
    "success",
    "neutral",
    "skipped",
)


def suite_outcome(
    runs: Collection[tuple[CheckRunStatus, CheckRunConclusion | None]],
) -> tuple[CheckRunStatus, CheckRunConclusion | None]:
    """Fold the status and conclusion of each of a check suite's *runs*, at least one, into the suite's own."""
    statuses = {status for status, _ in runs}
    if statuses == {"completed"}:
        conclusions = {conclusion for _, conclusion in runs}
        return "completed", next(worst for worst in _WORST_FIRST if worst in conclusions)
    return ("queued" if statuses == {"queued"} else "in_progress"), None


# Check runs

_REPORTED_STATUSES = ("queued", "in_progress", "completed")
_REPORTED_CONCLUSIONS = tuple(conclusion for conclusion in CHECK_RUN_CONCLUSIONS if conclusion != "stale")


def check_reported(status: str | None, conclusion: str | None) -> None:
    """
    Refuse a report on a check run that only GitHub itself may give.

    Raises:
        Unprocessable: *status* is ``waiting``, ``requested`` or ``pending``, or *conclusion* is ``stale``.

    Source:
        https://docs.github.com/rest/checks/runs#update-a-check-run
    """
    if status is not None and status not in _REPORTED_STATUSES:
        raise refusals.githubs_own("status", status, _REPORTED_STATUSES)
    if conclusion is not None and conclusion not in _REPORTED_CONCLUSIONS:
        raise refusals.githubs_own("conclusion", conclusion, _REPORTED_CONCLUSIONS)


def check_author(author: App, app: App | None) -> None:
    """
    See to it that an app changes its own check runs only.

    Args:
        app: ``None`` for a caller that is no app, whom nothing keeps from it.

    Raises:
        Forbidden: It is the check run of another *author*.
    """
    if app and app.id != author.id:
        raise refusals.not_its_check_run(app.id, f"the check run is {author.slug}'s, and the token {app.slug}'s")


def check_run_status(
    before: CheckRunStatus,
    *,
    status: CheckRunStatus | None,
    conclusion: CheckRunConclusion | None,
    says_when_completed: bool,
) -> CheckRunStatus:
    """
    Find the status that a report leaves a check run in: any conclusion completes it.

    Args:
        before: What it was before the report.

        status: As reported, if it is; likewise *conclusion*.

        says_when_completed: Whether ``completed_at`` was reported.

    Raises:
        Unprocessable: It would be completed by the report without a conclusion in it.

    Source:
        https://docs.github.com/rest/checks/runs#create-a-check-run, under ``conclusion``.
    """
    if conclusion is not None:
        return "completed"
    if status == "completed" or says_when_completed:
        raise refusals.no_conclusion("a check run that is completed, or has completed_at, has a conclusion")
    return status or before
