"""GitHub's decisions about repositories and people, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import permissions as permission_rules, repositories as repository_rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission


@pytest.mark.parametrize(
    ("method", "expected"),
    [("GET", True), ("HEAD", True), ("POST", False), ("PUT", False), ("PATCH", False), ("DELETE", False)],
)
def test_only_reading_moves_for_good(method: str, *, expected: bool) -> None:
    """What has a body, or changes something, is to be repeated as it is."""
    assert repository_rules.moves_for_good(method) is expected


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ("example", "example"),
        ("new name", "new-name"),
        ("a/b  c", "a-b-c"),
        (" edge ", "edge"),
        ("example.git", "example"),
        ("example.git.git", "example"),
        ("\u00e9t\u00e9", "-t-"),
        ("x" * 100, "x" * 100),
        ("_.-", "_.-"),
    ],
)
def test_a_name_is_made_fit(asked: str, made: str) -> None:
    """What cannot be in a name becomes a hyphen."""
    assert repository_rules.repository_name(asked) == made


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("", "name is invalid"),
        (" ", "name is invalid"),
        (".", "name is invalid"),
        ("..", "name is invalid"),
        (".git", "name is invalid"),
        ("x" * 101, "name is too long (maximum is 100 characters)"),
    ],
)
def test_what_is_no_name_is_refused(asked: str, message: str) -> None:
    """Nothing can be made of it."""
    with pytest.raises(Unprocessable) as refused:
        repository_rules.repository_name(asked)
    assert refused.value.errors[0]["message"] == message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("right", "role", "level"),
    [
        (None, "none", "none"),
        ("pull", "read", "read"),
        ("triage", "triage", "read"),
        ("push", "write", "write"),
        ("maintain", "maintain", "write"),
        ("admin", "admin", "admin"),
    ],
)
def test_a_right_has_two_more_names(right: Permission | None, role: str, level: str) -> None:
    """The level knows three rights, the role five."""
    assert (permission_rules.role(right), permission_rules.level(right)) == (role, level)


@pytest.mark.parametrize("asked", ["pull", "triage", "push", "maintain", "admin"])
def test_a_right_is_chosen_in_organizations_only(asked: str) -> None:
    """On a person's repository every collaborator may push."""
    assert permission_rules.grantable(asked, in_organization=True) == asked
    assert permission_rules.grantable(asked, in_organization=False) == "push"


@pytest.mark.parametrize("in_organization", [True, False])
@pytest.mark.parametrize("asked", ["", "write", "ADMIN"])
def test_what_is_no_right_is_refused(asked: str, *, in_organization: bool) -> None:
    """The hint names those that are."""
    with pytest.raises(Unprocessable, match="Validation Failed") as refused:
        permission_rules.grantable(asked, in_organization=in_organization)
    assert "pull, triage, push, maintain, admin" in refused.value.hint
