"""GitHub's decisions about a user's right on a repository, as tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.model import PERMISSIONS, Repository, User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import permissions as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def _user(number: int = 1, login: str = "octocat") -> User:
    return User(number, login, "User", NOW)


def _repository(*, private: bool = False) -> Repository:
    return Repository(100, _user(), "example", private, "main", NOW, NOW, NOW)


@pytest.mark.parametrize(
    ("user", "private", "granted", "expected"),
    [
        (_user(1), False, None, "admin"),
        (_user(1), True, None, "admin"),
        (_user(1), True, "pull", "admin"),
        (_user(2), False, None, "pull"),
        (_user(2), True, None, None),
        (_user(2), False, "push", "push"),
        (_user(2), True, "push", "push"),
        (_user(2), True, "pull", "pull"),
        (_user(2), False, "admin", "admin"),
        (None, False, None, "pull"),
        (None, True, None, None),
    ],
)
def test_the_right_follows_from_owner_grant_and_visibility(
    *, user: User | None, private: bool, granted: Permission | None, expected: Permission | None
) -> None:
    """The owner has admin, a collaborator the granted right, and everyone pull on a public repository."""
    assert rules.permission(_repository(private=private), user, granted) == expected


def test_an_owner_is_recognized_by_id_and_not_by_login() -> None:
    """A user with the owner's login but another id is not the owner."""
    assert rules.permission(_repository(private=True), _user(2, "octocat"), None) is None


@pytest.mark.parametrize("needed", PERMISSIONS)
@pytest.mark.parametrize("has", PERMISSIONS)
def test_a_right_includes_the_weaker_ones(has: Permission, needed: Permission) -> None:
    """In the order pull, triage, push, maintain, admin, a right includes itself and all rights before it."""
    order = ["pull", "triage", "push", "maintain", "admin"]
    assert rules.allows(has, needed) is (order.index(has) >= order.index(needed))


@pytest.mark.parametrize("needed", PERMISSIONS)
def test_without_a_right_nothing_is_allowed(needed: Permission) -> None:
    """A user without any right may not even read."""
    assert rules.allows(None, needed) is False


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
def test_a_right_has_a_role_name_and_a_level(right: Permission | None, role: str, level: str) -> None:
    """There are five role names, but only three levels."""
    assert (rules.role(right), rules.level(right)) == (role, level)


@pytest.mark.parametrize("requested", ["pull", "triage", "push", "maintain", "admin"])
def test_the_right_of_a_collaborator_can_be_chosen_only_in_organizations(requested: str) -> None:
    """On a person's repository, every collaborator gets push."""
    assert rules.grantable(requested, in_organization=True) == requested
    assert rules.grantable(requested, in_organization=False) == "push"


@pytest.mark.parametrize("in_organization", [True, False])
@pytest.mark.parametrize("requested", ["", "write", "ADMIN"])
def test_an_unknown_right_is_refused(requested: str, *, in_organization: bool) -> None:
    """The hint lists the existing rights."""
    with pytest.raises(Unprocessable, match="Validation Failed") as refused:
        rules.grantable(requested, in_organization=in_organization)
    assert "pull, triage, push, maintain, admin" in refused.value.hint
