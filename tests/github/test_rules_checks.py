"""GitHub's decisions about check runs and deploy keys as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from pytest_ghdeploy.github import model
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import commits as commit_rules, repositories as repository_rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import CheckRunStatus

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"

# Check runs


@pytest.mark.parametrize("before", get_args(model.CheckRunStatus))
@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ({}, None),
        ({"status": "queued"}, "queued"),
        ({"status": "in_progress"}, "in_progress"),
        ({"conclusion": "failure"}, "completed"),
        ({"conclusion": "skipped", "says_when_completed": True}, "completed"),
        ({"status": "completed", "conclusion": "success"}, "completed"),
        ({"status": "in_progress", "conclusion": "success"}, "completed"),
        ({"status": "queued", "conclusion": "neutral"}, "completed"),
    ],
)
def test_a_conclusion_completes_a_check_run_and_else_it_is_what_was_said(
    before: CheckRunStatus, report: dict[str, Any], expected: str | None
) -> None:
    """Any conclusion completes it, whatever the status says; without both it stays what it was."""
    report = {"status": None, "conclusion": None, "says_when_completed": False} | report
    assert commit_rules.check_run_status(before, **report) == (expected or before)


@pytest.mark.parametrize("before", get_args(model.CheckRunStatus))
@pytest.mark.parametrize(
    ("status", "says_when_completed"), [("completed", False), ("completed", True), (None, True), ("queued", True)]
)
def test_completing_takes_a_conclusion(
    before: CheckRunStatus, status: CheckRunStatus | None, *, says_when_completed: bool
) -> None:
    """The status completed and completed_at each ask for a conclusion beside them."""
    with pytest.raises(Unprocessable) as caught:
        commit_rules.check_run_status(before, status=status, conclusion=None, says_when_completed=says_when_completed)
    assert caught.value.message == 'Invalid request.\n\n"conclusion" wasn\'t supplied.'
    assert caught.value.hint == "a check run that is completed, or has completed_at, has a conclusion"


@pytest.mark.parametrize("conclusion", [None, *get_args(model.CheckRunConclusion)])
@pytest.mark.parametrize("status", [None, *get_args(model.CheckRunStatus)])
def test_some_statuses_and_a_conclusion_are_githubs_own(status: str | None, conclusion: str | None) -> None:
    """Only GitHub says waiting, requested or pending, or stale; a client may say all others."""
    if status not in ("waiting", "requested", "pending") and conclusion != "stale":
        commit_rules.check_reported(status, conclusion)
        return
    with pytest.raises(Unprocessable, match="is not a member of") as caught:
        commit_rules.check_reported(status, conclusion)
    assert caught.value.hint.startswith("only GitHub itself gives a check run the ")


# Deploy keys


def test_a_public_key_is_read() -> None:
    """A line of OpenSSH's is a key."""
    assert repository_rules.public_key(f"{ED25519} hubot\n") == (*ED25519.split(), "hubot")


@pytest.mark.parametrize("text", ["", "nonsense", ED25519[:-4], ED25519.split()[1]])
def test_what_is_no_public_key_is_refused_in_githubs_words(text: str) -> None:
    """The client learns that it is invalid, the author of the test why."""
    with pytest.raises(Unprocessable, match="Validation Failed") as caught:
        repository_rules.public_key(text)
    assert caught.value.errors == [
        {
            "resource": "PublicKey",
            "code": "custom",
            "field": "key",
            "message": "key is invalid. You must supply a key in OpenSSH public key format",
        }
    ]
    assert caught.value.hint.startswith("the key is no public key of OpenSSH's: ")
