"""GitHub's decisions about comments, reactions, labels and issues, as tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from refused import error_in, too_long

from pytest_ghdeploy.github.model import Repository, User
from pytest_ghdeploy.github.refusals import Forbidden, Unprocessable
from pytest_ghdeploy.github.rules import comments as rules, issues, labels

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BLANK = {"resource": "CommitComment", "code": "missing_field", "field": "body"}


@pytest.mark.parametrize("body", ["x", " x", "a" * 262_144, "\N{ROCKET}" * 65_536])
def test_a_body_within_the_limit_is_allowed(body: str) -> None:
    """The limit counts bytes of UTF-8, so it is 65,536 characters of four bytes each."""
    rules.check_body("CommitComment", body)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", BLANK),
        (" \t\n", BLANK),
        ("a" * 262_145, too_long("CommitComment", "body", 65_536)),
        ("\N{ROCKET}" * 65_536 + "a", too_long("CommitComment", "body", 65_536)),
    ],
)
def test_a_blank_or_long_body_is_refused(body: str, error: dict[str, str]) -> None:
    """Nevertheless, GitHub's message mentions characters."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_body("CommitComment", body)
    assert error_in(caught.value) == error


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "cannot be blank"),
        (" \t\n", "cannot be blank"),
        ("a" * 262_145, "is too long (maximum is 65536 characters)"),
        ("\N{ROCKET}" * 65_536 + "a", "is too long (maximum is 65536 characters)"),
    ],
)
def test_a_new_comment_on_an_issue_is_refused_in_other_words(body: str, problem: str) -> None:
    """The error names another field, too."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_new_issue_comment(body)
    error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": f"Body {problem}"}
    assert (error_in(caught.value), caught.value.field) == (error, "body")


def test_a_new_comment_within_the_limit_is_allowed() -> None:
    """It is the same limit."""
    rules.check_new_issue_comment("\N{ROCKET}" * 65_536)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (("a.py", 1, 2), ("a.py", 1, 2)),
        (("a.py", None, None), ("a.py", None, None)),
        ((None, 1, 2), (None, None, None)),
        (("", 1, 2), (None, None, None)),
    ],
)
def test_the_place_of_a_comment_needs_a_path(sent: tuple[Any, Any, Any], stored: tuple[Any, Any, Any]) -> None:
    """Line and position are dropped without one."""
    assert rules.place(*sent) == stored


def test_only_who_has_reacted_takes_it_back() -> None:
    """Not even an administrator may do so."""
    rules.check_reaction_owner("mona", "mona")
    with pytest.raises(Forbidden):
        rules.check_reaction_owner("mona", "octocat")


@pytest.mark.parametrize(
    ("caller", "right", "is_app", "allowed"),
    [
        ("mona", "pull", False, True),
        ("mona", None, False, True),
        ("hubot", "push", False, True),
        ("hubot", "admin", False, True),
        ("hubot", "triage", False, False),
        ("hubot", "pull", False, False),
        ("hubot", None, False, False),
        ("gate[bot]", "pull", True, True),
    ],
)
def test_a_comment_is_changed_by_its_author_and_by_who_may_push(
    caller: str, right: Permission | None, *, is_app: bool, allowed: bool
) -> None:
    """An app's permissions were checked before."""
    if allowed:
        rules.check_author("mona", caller, right=right, is_app=is_app)
    else:
        with pytest.raises(Forbidden, match="Must have admin rights"):
            rules.check_author("mona", caller, right=right, is_app=is_app)


# Labels

OCTOCAT = User(1, "octocat", "User", NOON)
REPOSITORY = Repository(1_296_269_001, OCTOCAT, "example", False, "main", NOON, NOON, NOON)  # noqa: FBT003


def test_default_labels_of_repositories_have_different_ids() -> None:
    """Those of the next repository come after them. They rise in steps, as all ids do."""
    first = [label.id for label in labels.default_labels(REPOSITORY)]
    second = [label.id for label in labels.default_labels(REPOSITORY._replace(id=REPOSITORY.id + 7))]
    assert first + second == list(range(first[0], first[0] + 7 * 18, 7))


@pytest.mark.parametrize(
    ("name", "color", "description"),
    [("x" * 50, "ededed", None), ("x", "BADA55", "x" * 100), ("kind/bug", "000000", "")],
)
def test_a_label_within_its_limits_is_allowed(name: str, color: str, description: str | None) -> None:
    """Any text is a name."""
    labels.check_label(name, color, description)


@pytest.mark.parametrize(
    ("name", "color", "description", "error"),
    [
        ("", "ededed", None, {"resource": "Label", "code": "missing_field", "field": "name"}),
        ("x" * 51, "#", "x" * 101, too_long("Label", "name", 50)),
        ("x", "#ededed", "x" * 101, {"resource": "Label", "code": "invalid", "field": "color"}),
        ("x", "ededed\n", None, {"resource": "Label", "code": "invalid", "field": "color"}),
        ("x", "ededed", "x" * 101, too_long("Label", "description", 100)),
    ],
)
def test_an_invalid_label_is_refused(name: str, color: str, description: str | None, error: dict[str, str]) -> None:
    """The refusal names the first broken rule."""
    with pytest.raises(Unprocessable) as caught:
        labels.check_label(name, color, description)
    assert error_in(caught.value) == error


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (["a", "b"], ["a", "b"]),
        ([{"name": "a"}, "b"], ["a", "b"]),
        ({"labels": ["a"]}, ["a"]),
        ({"labels": [{"name": "a", "color": "ededed"}]}, ["a"]),
        ([], []),
        ({}, []),
    ],
)
def test_labels_are_named_in_several_ways(body: Any, names: list[str]) -> None:  # noqa: ANN401 - JSON
    """By name or as objects, and with or without an object around them."""
    assert labels.names_of(body) == names


def test_an_empty_list_of_labels_is_refused() -> None:
    """But neither an empty array nor an object without labels."""
    for body in ([], {}, ["a"], {"labels": ["a"]}):
        labels.check_added(body)
    with pytest.raises(Unprocessable):
        labels.check_added({"labels": []})


# Issues


@pytest.mark.parametrize(
    ("body", "login", "expected"),
    [
        ("For @mona", "mona", True),
        ("@MONA: look", "mona", True),
        ("(@mona)", "mona", True),
        ("@mona-lisa", "mona", False),
        ("x@mona", "mona", False),
        ("mona", "mona", False),
        (None, "mona", False),
        (None, None, True),
    ],
)
def test_a_body_mentions_an_account(body: str | None, login: str | None, *, expected: bool) -> None:
    """With an @ that begins a word, and the whole login."""
    assert issues.mentions(body, login) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"title": "x", "labels": ["a"], "state_reason": "completed"}, []),
        ({"assignee": "", "assignees": [], "milestone": None, "type": None}, []),
        ({"assignee": "mona", "milestone": 1}, ["assignee", "milestone"]),
        ({"assignees": ["mona"], "type": {"value": "Bug"}}, ["assignees", "type"]),
    ],
)
def test_what_no_issue_of_the_fake_has_is_unsupported(body: dict[str, Any], expected: list[str]) -> None:
    """Nothing is lost if it is not set."""
    assert issues.unsupported(body) == expected
