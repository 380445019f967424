"""
GitHub's decisions about commit statuses and check runs.

Source: https://docs.github.com/rest/commits/statuses and https://docs.github.com/rest/checks/runs
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pytest_ghdeploy.github import apps, refusals
from pytest_ghdeploy.github.model import CHECK_RUN_CONCLUSIONS, COMMIT_STATUS_STATES, CheckRunOutput
from pytest_ghdeploy.github.rules.deployments import NAME_LIMIT, check_report

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_ghdeploy.github.model import App, CheckRunConclusion, CheckRunStatus

COMMIT_STATUS_LIMIT = 1000
"""Commit statuses per SHA and context."""
OUTPUT_LIMIT = 65_535
"""Bytes in the summary and in the text of a check run. The schemas limit both to as many characters."""


def to_time(member: str, text: str) -> datetime:
    """
    Return the time that a *member* of a body gives, in whole seconds and with its offset from UTC.

    Raises:
        Unprocessable: In UTC, it is outside the years 1 to 9999.
    """
    time = datetime.fromisoformat(text).replace(microsecond=0)
    try:
        time.astimezone(UTC)
    except OverflowError:
        raise refusals.invalid_date_time(member, text) from None
    return time


# Commit statuses


def check_commit_status(
    *, state: str | None, context: str, description: str | None, target_url: str | None, recorded: int
) -> None:
    """
    Refuse a commit status that breaks a rule.

    Args:
        state: One of ``COMMIT_STATUS_STATES``.

        context: From 1 to 255 characters, not only white space.

        description: At most 140 characters.

        target_url: An http or https URL, or empty.

        recorded: The number of commit statuses that the SHA already has for this context; the limit is 1000.

    Raises:
        Unprocessable: A rule is broken. The refusal names the first one.
    """
    if state not in COMMIT_STATUS_STATES:
        hint = f"state is {state!r}; the states are {', '.join(COMMIT_STATUS_STATES)}"
        raise refusals.invalid_commit_status("state", "State is not included in the list", hint)
    if not context.strip():
        hint = "context is empty; leave it out for the context default"
        raise refusals.invalid_commit_status("context", "Context can't be blank", hint)
    if len(context) > NAME_LIMIT:
        raise refusals.too_long("Status", "context", NAME_LIMIT, len(context))
    check_report("Status", description or "", {"target_url": target_url or ""})
    if recorded >= COMMIT_STATUS_LIMIT:
        raise refusals.too_many_commit_statuses(f"this sha and context already has {recorded} commit statuses")


def combined_state(states: Collection[str]) -> Literal["failure", "pending", "success"]:
    """
    Combine the latest states of all contexts into one.

    Source:
        https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference
    """
    if "error" in states or "failure" in states:
        return "failure"
    return "pending" if not states or "pending" in states else "success"


# The suite's conclusion is the first of these that any of its runs has [guess].
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
    """Combine the statuses and conclusions of *runs*, of which a check suite has at least one, into the suite's own."""
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
    Refuse a status or conclusion of a check run that only GitHub may set.

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
    Refuse to let an app change another app's check run.

    Args:
        author: The app that created the check run.

        app: The caller's app, ``None`` for a caller without an app, who may change any check run.

    Raises:
        Forbidden: The two apps differ.
    """
    if app and app.id != author.id:
        hint = f"the check run belongs to the app {author.slug}, and the token to {app.slug}"
        raise refusals.not_its_check_run(app.id, hint)


def is_of_job(app_id: int, details_url: str | None, full_name: str) -> bool:
    """
    Return whether a check run belongs to a job of a workflow: if it leads to the page of a job of its repository.

    Args:
        app_id: The id of the check run's app.

        details_url: ``https://HOST/OWNER/NAME/actions/runs/RUN/job/ID`` for a job.

        full_name: The repository of the check run.

    Source:
        Captured events of GitHub Actions: the ``html_url`` and ``details_url`` of a job's check run are its page.
    """
    page = rf"https?://[^/]+/{re.escape(full_name)}/actions/runs/[0-9]+/job/[0-9]+"
    return app_id == apps.ACTIONS_ID and re.fullmatch(page, details_url or "", re.IGNORECASE) is not None


def check_not_of_job(name: str, status: str | None, conclusion: str | None, *, of_job: bool) -> None:
    """
    Refuse to report the status or conclusion of a job's check run. Other members may be reported.

    Args:
        name: The name of the check run, for the hint.

    Raises:
        Forbidden: The check run is *of_job*, and the report has a *status* or a *conclusion*.

    Source:
        Reported by users since March 2025: LouisBrunner/checks-action#369, ok-to-test#24.
    """
    if of_job and (status is not None or conclusion is not None):
        member = "status" if status is not None else "conclusion"
        hint = f"the check run {name!r} belongs to a job of a workflow; leave out {member}, and report output alone"
        raise refusals.jobs_check_run(hint)


def check_run_status(
    before: CheckRunStatus,
    *,
    status: CheckRunStatus | None,
    conclusion: CheckRunConclusion | None,
    has_completed_at: bool,
) -> CheckRunStatus:
    """
    Find the status of a check run after a report. Any conclusion completes the run.

    Args:
        before: The status before the report. A run that is ``completed`` has a conclusion, and keeps it.

        status: The reported status, ``None`` if the report has none.

        conclusion: The reported conclusion, ``None`` if the report has none.

        has_completed_at: Whether the report has a ``completed_at``.

    Raises:
        Unprocessable: The report would complete the check run, but has no conclusion.

    Source:
        https://docs.github.com/rest/checks/runs#create-a-check-run, under ``conclusion``.
        A completed run that gets another ``completed_at`` was recorded: PyGithub's CheckRun.testUpdateCheckRunAll.
    """
    if conclusion is not None:
        return "completed"
    if status == "completed" or has_completed_at:
        if before != "completed":
            hint = "a check run with the status completed, or with completed_at, needs a conclusion"
            raise refusals.no_conclusion(hint)
        return "completed"
    return status or before


def reported_output(before: CheckRunOutput, report: Mapping[str, Any] | None) -> CheckRunOutput:
    """
    Find the output of a check run after a report.

    Args:
        before: The output before the report.

        report: ``None`` changes nothing. Otherwise it replaces title, summary and text, and adds its annotations.
            A text of more than 65,535 bytes is cut between two characters.

    Raises:
        Unprocessable: The summary has more than 65,535 bytes.

    Source:
        Reported by users: github/docs#35252.
    """
    if report is None:
        return before
    summary, text = report.get("summary"), report.get("text")
    length = len((summary or "").encode())
    if length > OUTPUT_LIMIT:
        raise refusals.too_many_bytes("CheckRun", "summary", OUTPUT_LIMIT, length)
    return CheckRunOutput(
        title=report.get("title"),
        summary=summary,
        text=None if text is None else text.encode()[:OUTPUT_LIMIT].decode(errors="ignore"),
        annotations=(*before.annotations, *report.get("annotations", ())),
    )


def reported_details_url(app: App | None, details_url: str | None, *, of_job: bool = False) -> str | None:
    """
    Find the ``details_url`` that a report sets, ``""`` for the run's own page.

    Args:
        app: The app of the caller's token, if any. Users report that GitHub ignores the URL from a workflow's token.

        details_url: ``None`` if the report has none, which sets nothing.

        of_job: Whether the check run belongs to a job, whose page it then always leads to [guess].
    """
    if of_job:
        return None
    return "" if details_url is not None and app and app.id == apps.ACTIONS_ID else details_url
