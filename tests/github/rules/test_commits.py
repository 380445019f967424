"""GitHub's decisions about commit statuses and check runs, as tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import pytest
from refused import error_in, too_long

from pytest_ghdeploy.github import apps, model
from pytest_ghdeploy.github.refusals import Forbidden, Unprocessable
from pytest_ghdeploy.github.rules import commits as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import App, CheckRunStatus

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

# Commit statuses

VALID: dict[str, Any] = {"state": "success", "context": "ci", "description": None, "target_url": None, "recorded": 0}


def test_a_commit_status_within_its_limits_is_allowed() -> None:
    """A context of 255 characters, a description of 140 characters and the 1000th status are allowed."""
    limits: dict[str, Any] = {"context": "x" * 255, "description": "x" * 140, "recorded": 1000 - 1}
    for state in model.COMMIT_STATUS_STATES:
        rules.check_commit_status(state=state, target_url="https://example.com", **limits)


@pytest.mark.parametrize("empty", [None, ""])
def test_description_and_target_url_of_a_commit_status_are_optional(empty: str | None) -> None:
    """Both may be null or empty."""
    rules.check_commit_status(state="error", context="ci", description=empty, target_url=empty, recorded=0)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"context": "x" * 256}, too_long("Status", "context", 255)),
        ({"description": "x" * 141}, too_long("Status", "description", 140)),
        (
            {"target_url": "ftp://example.com"},
            {
                "resource": "Status",
                "code": "custom",
                "field": "target_url",
                "message": "target_url must use http(s) scheme",
            },
        ),
        (
            {"recorded": 1000},
            {
                "resource": "Status",
                "code": "custom",
                "message": "This SHA and context has reached the maximum number of statuses.",
            },
        ),
    ],
    ids=["context", "description", "target_url", "1001st"],
)
def test_a_commit_status_over_a_limit_is_refused(broken: dict[str, Any], error: dict[str, str]) -> None:
    """The error names the broken limit."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_commit_status(**(VALID | broken))
    assert error_in(caught.value) == error


@pytest.mark.parametrize(
    ("broken", "problem", "field"),
    [
        ({"state": None}, "State is not included in the list", "state"),
        ({"state": "queued"}, "State is not included in the list", "state"),
        ({"state": ""}, "State is not included in the list", "state"),
        ({"state": "Success"}, "State is not included in the list", "state"),
        ({"context": ""}, "Context can't be blank", "context"),
        ({"context": " \n"}, "Context can't be blank", "context"),
        ({"state": "", "context": "", "description": "x" * 141}, "State is not included in the list", "state"),
    ],
)
def test_a_commit_status_without_a_state_or_context_is_refused_in_one_string(
    broken: dict[str, Any], problem: str, field: str
) -> None:
    """
    The errors are a string and not a list of objects.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub, for a missing and an unknown state and an
        empty context.
    """
    with pytest.raises(Unprocessable) as caught:
        rules.check_commit_status(**(VALID | broken))
    assert (caught.value.message, caught.value.errors) == ("Validation Failed", f"Validation failed: {problem}")
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "pending"),
        (["success"], "success"),
        (["success", "success"], "success"),
        (["pending"], "pending"),
        (["success", "pending"], "pending"),
        (["failure"], "failure"),
        (["error"], "failure"),
        (["success", "pending", "error"], "failure"),
        (["success", "pending", "failure"], "failure"),
        (["pending", "error"], "failure"),
    ],
)
def test_the_combined_state_is_the_worst_state(states: list[str], expected: str) -> None:
    """One failure or error makes failure; otherwise one pending state, or no state at all, makes pending."""


# Check runs


@pytest.mark.parametrize("before", get_args(model.CheckRunStatus))
@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ({}, None),
        ({"status": "queued"}, "queued"),
        ({"status": "in_progress"}, "in_progress"),
        ({"conclusion": "failure"}, "completed"),
        ({"conclusion": "skipped", "has_completed_at": True}, "completed"),
        ({"status": "completed", "conclusion": "success"}, "completed"),
        ({"status": "in_progress", "conclusion": "success"}, "completed"),
        ({"status": "queued", "conclusion": "neutral"}, "completed"),
    ],
)
def test_a_conclusion_completes_a_check_run(
    before: CheckRunStatus, report: dict[str, Any], expected: str | None
) -> None:
    """Without a conclusion the reported status counts, and without a status nothing changes."""
    report = {"status": None, "conclusion": None, "has_completed_at": False} | report
    assert rules.check_run_status(before, **report) == (expected or before)


@pytest.mark.parametrize("before", get_args(model.CheckRunStatus))
@pytest.mark.parametrize(
    ("status", "has_completed_at"), [("completed", False), ("completed", True), (None, True), ("queued", True)]
)
def test_a_completed_check_run_needs_a_conclusion(
    before: CheckRunStatus, status: CheckRunStatus | None, *, has_completed_at: bool
) -> None:
    """
    The status completed and the field completed_at both require a conclusion, which a completed run has.

    Source:
        The refusal: argoproj/notifications-engine#399, 2025. The update of a completed run: PyGithub's recording
        CheckRun.testUpdateCheckRunAll.
    """
    report: dict[str, Any] = {"status": status, "conclusion": None, "has_completed_at": has_completed_at}
    if before == "completed":
        assert rules.check_run_status(before, **report) == "completed"
        return
    with pytest.raises(Unprocessable) as caught:
        rules.check_run_status(before, **report)
    assert error_in(caught.value) == {"resource": "CheckRun", "field": "conclusion", "code": "missing_field"}
    assert caught.value.hint == "a check run with the status completed, or with completed_at, needs a conclusion"


FULL = model.CheckRunOutput("t", "s", "x", ({"path": "a.py"},))


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (None, FULL),
        ({"title": "t2", "summary": "s2"}, ("t2", "s2", None, ["a.py"])),
        ({"summary": "s2"}, (None, "s2", None, ["a.py"])),
        ({"summary": "s2", "text": ""}, (None, "s2", "", ["a.py"])),
        ({"title": "t", "summary": "s", "annotations": [{"path": "b.py"}]}, ("t", "s", None, ["a.py", "b.py"])),
        ({"title": "t", "summary": "s", "text": "x", "annotations": []}, ("t", "s", "x", ["a.py"])),
    ],
)
def test_an_output_is_replaced_as_a_whole(report: Any, expected: Any) -> None:  # noqa: ANN401 - see the table
    """Whatever the report leaves out is gone. Only annotations are added."""
    output = rules.reported_output(FULL, report)
    paths = [annotation["path"] for annotation in output.annotations]
    if report is None:
        assert output is expected
    else:
        assert (output.title, output.summary, output.text, paths) == expected


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 65_535, "x" * 65_535),
        ("x" * 65_536, "x" * 65_535),
        ("é" * 32_767 + "x", "é" * 32_767 + "x"),
        ("é" * 32_768, "é" * 32_767),
        ("x" + "é" * 32_768, "x" + "é" * 32_767),
        ("€" * 21_846, "€" * 21_845),
        ("x" + "𝄞" * 20_000, "x" + "𝄞" * 16_383),
    ],
    ids=["limit", "one above", "limit in UTF-8", "above by two", "above by two, odd", "three bytes", "four bytes"],
)
def test_a_text_is_cut_after_a_whole_character(text: str, kept: str) -> None:
    """It has at most 65,535 bytes in UTF-8. A longer summary is refused instead: users report both."""
    assert rules.reported_output(model.CheckRunOutput(), {"summary": "", "text": text}).text == kept
    if text == kept:
        assert rules.reported_output(model.CheckRunOutput(), {"summary": text}).summary == text
        return
    with pytest.raises(Unprocessable) as caught:
        rules.reported_output(model.CheckRunOutput(), {"summary": text})
    assert error_in(caught.value) == {
        "resource": "CheckRun",
        "code": "custom",
        "field": "summary",
        "message": "summary exceeds a maximum bytesize of 65535",
    }
    assert caught.value.hint == f"summary has {len(text.encode()):,} bytes; the limit is 65,535"


GITHUB = model.User(9919, "github", "Organization", NOW)
ACTIONS = apps.actions_app(GITHUB)
OTHER = model.App(15_375, "deployer", "deployer", GITHUB, NOW, {}, (), "Iv1.2")


@pytest.mark.parametrize(
    ("app", "details_url", "expected"),
    [
        (None, None, None),
        (None, "https://ci/1", "https://ci/1"),
        (OTHER, None, None),
        (OTHER, "https://ci/1", "https://ci/1"),
        (ACTIONS, None, None),
        (ACTIONS, "https://ci/1", ""),
    ],
)
def test_a_workflow_cannot_set_a_details_url(app: App | None, details_url: str | None, expected: str | None) -> None:
    """Users report that GitHub shows the page of the run instead."""
    assert rules.reported_details_url(app, details_url) == expected
    assert rules.reported_details_url(app, details_url, of_job=True) is None


JOB = "https://github.com/octocat/example/actions/runs/30/job/41"


@pytest.mark.parametrize(
    ("app", "details_url", "expected"),
    [
        (ACTIONS, JOB, True),
        (ACTIONS, JOB.replace("github.com", "ghe.example.com:8443"), True),
        (ACTIONS, JOB.replace("https", "http"), True),
        (ACTIONS, JOB.replace("octocat/example", "OctoCat/Example"), True),
        (OTHER, JOB, False),
        (ACTIONS, None, False),
        (ACTIONS, "", False),
        (ACTIONS, JOB.replace("/example/", "/examples/"), False),
        (ACTIONS, JOB.replace("/octocat/", "/mona/"), False),
        (ACTIONS, JOB.replace("/octocat/", "/a/octocat/"), False),
        (ACTIONS, JOB.replace("/job/41", ""), False),
        (ACTIONS, JOB.replace("41", "build"), False),
        (ACTIONS, f"{JOB}/", False),
        (ACTIONS, f"{JOB}#step:1:1", False),
        (ACTIONS, f"see {JOB}", False),
        (ACTIONS, "https://github.com/octocat/example/runs/41", False),
    ],
)
def test_a_check_run_of_actions_that_leads_to_a_job_belongs_to_it(
    app: model.App, details_url: str | None, *, expected: bool
) -> None:
    """The page must be that of a job in the check run's own repository."""
    assert rules.is_of_job(app.id, details_url, "octocat/example") is expected


def test_the_name_of_a_repository_is_no_pattern() -> None:
    """A dot in it matches only a dot."""
    assert not rules.is_of_job(ACTIONS.id, JOB, "octocat/ex.mple")


@pytest.mark.parametrize(
    ("status", "conclusion", "refused"),
    [
        (None, None, ""),
        ("completed", None, "status"),
        ("queued", None, "status"),
        (None, "success", "conclusion"),
        ("completed", "success", "status"),
    ],
)
def test_only_github_actions_finishes_a_job(status: str | None, conclusion: str | None, refused: str) -> None:
    """Any report of its status or conclusion is refused, also of the present one."""
    rules.check_not_of_job("build", status, conclusion, of_job=False)
    if not refused:
        rules.check_not_of_job("build", status, conclusion, of_job=True)
        return
    with pytest.raises(Forbidden) as caught:
        rules.check_not_of_job("build", status, conclusion, of_job=True)
    assert caught.value.message == "Check run status and conclusions can only be updated internally by GitHub Actions"
    assert caught.value.hint == (
        f"the check run 'build' belongs to a job of a workflow; leave out {refused}, and report output alone"
    )


@pytest.mark.parametrize("conclusion", [None, *get_args(model.CheckRunConclusion)])
@pytest.mark.parametrize("status", [None, *get_args(model.CheckRunStatus)])
def test_only_github_sets_some_statuses_and_a_conclusion(status: str | None, conclusion: str | None) -> None:
    """The statuses waiting, requested and pending and the conclusion stale are refused."""
    if status not in ("waiting", "requested", "pending") and conclusion != "stale":
        rules.check_reported(status, conclusion)
        return
    with pytest.raises(Unprocessable, match="is not a member of") as caught:
        rules.check_reported(status, conclusion)
    assert caught.value.hint.startswith("only GitHub sets the ")


@pytest.mark.parametrize(
    ("runs", "outcome"),
    [
        ([("completed", "success")], ("completed", "success")),
        ([("completed", "skipped"), ("completed", "failure")], ("completed", "failure")),
        ([("completed", "success"), ("completed", "cancelled")], ("completed", "cancelled")),
        ([("completed", "neutral"), ("completed", "success")], ("completed", "success")),
        ([("completed", "failure"), ("completed", "action_required")], ("completed", "action_required")),
        ([("completed", "skipped"), ("completed", "skipped")], ("completed", "skipped")),
        ([("queued", None)], ("queued", None)),
        ([("queued", None), ("completed", "failure")], ("in_progress", None)),
        ([("in_progress", None), ("queued", None)], ("in_progress", None)),
    ],
)
def test_a_suite_has_the_conclusion_of_its_worst_run(
    runs: list[tuple[Any, Any]], outcome: tuple[str, str | None]
) -> None:
    """A suite is completed when all its runs are. The order of the runs does not matter."""
    assert rules.suite_outcome(runs) == outcome
    assert rules.suite_outcome(runs[::-1]) == outcome
