"""GitHub's decisions about pull requests, as tables without a store or HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.pull_requests import PullRequest
from pytest_ghdeploy.github.refusals import Conflict, GitHubError, MethodNotAllowed, Unprocessable
from pytest_ghdeploy.github.repository_settings import RepositorySettings
from pytest_ghdeploy.github.rules import pull_requests as rules
from pytest_ghdeploy.github.rules.deployments import Context
from pytest_ghdeploy.github.rules.pull_requests import MergeState, Protection

if TYPE_CHECKING:
    from pytest_ghdeploy.github.pull_requests import MergeMethod

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONA = User(1, "mona", "User", NOW)
HEAD, BASE = "a" * 40, "b" * 40
OPEN = PullRequest(1, 2, 3, 7, "A page", "Text.", MONA, "topic", HEAD, "main", BASE, NOW, NOW)
CLEAN = MergeState(mergeable=True, rebaseable=True, mergeable_state="clean")
BLOCKED = Protection(required_contexts=1, unmet_contexts=(Context("ci", "expected"),), is_strict=True)
UNAPPROVED = Protection(required_approvals=1, missing_approvals=1)
STRICT = Protection(required_contexts=1, is_strict=True)


@pytest.mark.parametrize(
    ("mergeable", "protection", "is_behind", "outcomes", "state"),
    [
        (None, BLOCKED, True, ["failure"], "unknown"),
        (False, BLOCKED, True, ["failure"], "dirty"),
        (True, BLOCKED, True, ["failure"], "blocked"),
        (True, UNAPPROVED, False, [], "blocked"),
        (True, STRICT, True, ["failure"], "behind"),
        (True, STRICT, False, ["failure"], "unstable"),
        (True, Protection(), True, ["success", "pending"], "unstable"),
        (True, Protection(), True, ["error"], "unstable"),
        (True, Protection(), False, ["cancelled"], "unstable"),
        (True, Protection(), True, ["success", "neutral", "skipped"], "clean"),
        (True, Protection(), True, [], "clean"),
    ],
)
def test_a_conflict_comes_before_protection_and_protection_before_checks(
    mergeable: bool | None,  # noqa: FBT001 - a column
    protection: Protection,
    is_behind: bool,  # noqa: FBT001
    outcomes: list[str],
    state: str,
) -> None:
    """Dirty, blocked, behind, unstable, clean. A base that has moved on matters only if the head must follow it."""
    found = rules.merge_state(
        mergeable=mergeable, rebaseable=True, protection=protection, is_behind=is_behind, outcomes=outcomes
    )
    assert found == (mergeable, mergeable and True, state)


@pytest.mark.parametrize("rebaseable", [True, False])
def test_a_rebase_may_conflict_where_a_merge_does_not(*, rebaseable: bool) -> None:
    """The state does not show it."""
    found = rules.merge_state(
        mergeable=True, rebaseable=rebaseable, protection=Protection(), is_behind=False, outcomes=()
    )
    assert found == (True, rebaseable, "clean")


@pytest.mark.parametrize(
    ("head", "branch"),
    [
        ("topic", "topic"),
        ("feature/a", "feature/a"),
        ("octocat:topic", "topic"),
        ("OctoCat:feature/a", "feature/a"),
        ("mona:topic", None),
        (":topic", None),
        ("octocat:", ""),
    ],
)
def test_a_head_may_name_its_owner(head: str, branch: str | None) -> None:
    """Logins are compared without case. Another owner's branch is in a fork."""
    assert rules.branch_of(head, "octocat") == branch


@pytest.mark.parametrize("title", [None, "", " \n"])
def test_a_title_is_needed(title: str | None) -> None:
    """White space alone does not count."""
    with pytest.raises(Unprocessable) as refused:
        rules.check_title(title)
    assert refused.value.errors == [{"resource": "PullRequest", "code": "missing_field", "field": "title"}]
    rules.check_title("A page")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (0, "The specified issue does not exist."),
        (1, "The specified issue is already attached to a pull request."),
        (7, "The specified issue is already attached to a pull request."),
        (8, "The specified issue does not exist."),
    ],
)
def test_no_issue_is_without_a_pull_request(number: int, message: str) -> None:
    """All numbers so far are of pull requests."""
    with pytest.raises(Unprocessable) as refused:
        rules.check_issue(number, 7, "octocat/example")
    assert refused.value.message == message


def test_a_merged_pull_request_is_never_reopened() -> None:
    """A closed one is, unless its branches are a reason against it."""
    closed = OPEN._replace(state="closed", closed_at=NOW)
    rules.check_reopenable(closed, reason=None)
    for row, reason in [
        (closed, "The topic branch has been deleted."),
        (closed._replace(merged_at=NOW), None),
    ]:
        with pytest.raises(Unprocessable, match="Validation Failed") as refused:
            rules.check_reopenable(row, reason=reason)
        (error,) = refused.value.errors
        expected = reason or "The pull request cannot be reopened."
        assert error["message"] == f"state cannot be changed. {expected}"


SETTINGS = RepositorySettings()


@pytest.mark.parametrize(
    ("row", "settings", "state", "method", "sha", "message"),
    [
        (OPEN._replace(state="closed"), SETTINGS, CLEAN, "merge", None, "Pull Request is not mergeable"),
        (OPEN, SETTINGS, CLEAN, "merge", BASE, "Head branch was modified. Review and try the merge again."),
        (OPEN._replace(draft=True), SETTINGS, CLEAN, "merge", HEAD, "Pull Request is still a draft"),
        (OPEN, SETTINGS, MergeState(), "merge", None, "Pull Request is not mergeable"),
        (OPEN, SETTINGS, CLEAN._replace(mergeable=False), "merge", None, "Pull Request is not mergeable"),
        (
            OPEN,
            SETTINGS._replace(allow_merge_commit=False),
            CLEAN,
            "merge",
            None,
            "Merge commits are not allowed on this repository.",
        ),
        (
            OPEN,
            SETTINGS._replace(allow_squash_merge=False),
            CLEAN,
            "squash",
            None,
            "Squash merges are not allowed on this repository.",
        ),
        (
            OPEN,
            SETTINGS._replace(allow_rebase_merge=False),
            CLEAN,
            "rebase",
            None,
            "Rebase merges are not allowed on this repository.",
        ),
        (OPEN, SETTINGS, CLEAN._replace(rebaseable=False), "rebase", None, "This branch can't be rebased"),
    ],
)
def test_an_impossible_merge_is_refused(
    row: PullRequest,
    settings: RepositorySettings,
    state: MergeState,
    method: MergeMethod,
    sha: str | None,
    message: str,
) -> None:
    """With a 405, but a 409 if the head is not the expected one."""

    def check() -> None:
        rules.check_ready(row, sha=sha)
        rules.check_merge(row, settings, state, method=method)

    with pytest.raises(GitHubError) as refused:
        check()
    assert refused.value.message == message
    assert type(refused.value) is (Conflict if "modified" in message else MethodNotAllowed)
    assert refused.value.hint


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_clean_pull_request_can_be_merged(method: MergeMethod) -> None:
    """By every method, with the expected head or any."""
    rules.check_ready(OPEN, sha=HEAD)
    rules.check_ready(OPEN, sha=None)
    rules.check_merge(OPEN, SETTINGS, CLEAN, method=method)
    rules.check_merge(OPEN, SETTINGS, CLEAN._replace(mergeable_state="unstable"), method=method)


@pytest.mark.parametrize(
    ("settings", "method", "messages", "expected"),
    [
        ({}, "merge", ["One", "Two"], "Merge pull request #7 from octocat/topic\n\nA page"),
        ({"merge_commit_title": "PR_TITLE", "merge_commit_message": "BLANK"}, "merge", ["One"], "A page (#7)"),
        ({"merge_commit_message": "PR_BODY"}, "merge", ["One"], "Merge pull request #7 from octocat/topic\n\nText."),
        ({}, "squash", ["One\n\nMore.\n"], "One (#7)\n\nMore."),
        ({}, "squash", ["One"], "One (#7)"),
        ({}, "squash", ["One\n\nMore.", "Two"], "A page (#7)\n\n* One\n\nMore.\n\n* Two"),
        ({"squash_merge_commit_title": "PR_TITLE"}, "squash", ["One"], "A page (#7)"),
        ({"use_squash_pr_title_as_default": True}, "squash", ["One"], "A page (#7)"),
        ({"squash_merge_commit_message": "PR_BODY"}, "squash", ["One", "Two"], "A page (#7)\n\nText."),
        ({"squash_merge_commit_message": "BLANK"}, "squash", ["One", "Two"], "A page (#7)"),
    ],
)
def test_settings_choose_the_default_message(
    settings: dict[str, Any], method: MergeMethod, messages: list[str], expected: str
) -> None:
    """A squash of one commit has that commit's message; of several, the title of the pull request and a list."""
    chosen = SETTINGS._replace(**settings)
    text = rules.default_text(OPEN, chosen, method=method, owner="octocat", messages=messages)
    assert text.whole() == expected


def test_a_pull_request_without_a_text_has_no_message() -> None:
    """Where the settings ask for it, only the title is left."""
    settings = SETTINGS._replace(merge_commit_message="PR_BODY")
    text = rules.default_text(OPEN._replace(body=None), settings, method="merge", owner="octocat", messages=["One"])
    assert text.whole() == "Merge pull request #7 from octocat/topic"


@pytest.mark.parametrize(
    ("message", "people", "expected"),
    [
        ("", [], ""),
        ("Text.", [], "Text."),
        ("Text.", ["Lisa <l@x>"], "Text.\n\nCo-authored-by: Lisa <l@x>"),
        ("", ["Lisa <l@x>", "Max <m@x>"], "Co-authored-by: Lisa <l@x>\nCo-authored-by: Max <m@x>"),
    ],
)
def test_other_authors_are_named_at_the_end(message: str, people: list[str], expected: str) -> None:
    """Each in a trailer of its own."""
    assert rules.with_co_authors(rules.Text("Title", message), people) == ("Title", expected)
