"""GitHub's decisions about comments, reactions and labels, as tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from refused import error_in, too_long

from pytest_ghdeploy.github.model import Repository, User
from pytest_ghdeploy.github.refusals import Forbidden, Unprocessable
from pytest_ghdeploy.github.rules import comments as rules, labels

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
    """GitHub's message speaks of characters all the same."""
    with pytest.raises(Unprocessable) as caught:
        rules.check_body("CommitComment", body)
    assert error_in(caught.value) == error


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
