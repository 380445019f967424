"""Tables of GitHub's decisions about lists of repositories. Filters are tested over HTTP, in `tests/api`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.model import AccountType, Permission, Repository, User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import repository_lists as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.rules.repository_lists import Affiliation

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("owner", "type_", "granted", "is_member", "has_all_rights", "expected"),
    [
        (1, "User", None, False, False, "owner"),
        (1, "User", "push", False, True, "owner"),
        (2, "User", "pull", False, False, "collaborator"),
        (2, "Organization", "admin", False, False, "collaborator"),
        (2, "Organization", "pull", True, False, "collaborator"),
        (2, "Organization", None, True, False, "organization_member"),
        (2, "User", None, False, False, None),
        (2, "Organization", None, False, False, None),
        (2, "User", None, False, True, "collaborator"),
        (2, "Organization", None, False, True, "organization_member"),
    ],
)
def test_the_affiliation_of_a_user(
    owner: int,
    type_: AccountType,
    granted: Permission | None,
    *,
    is_member: bool,
    has_all_rights: bool,
    expected: Affiliation | None,
) -> None:
    """A stranger has none."""
    repository = Repository(9, User(owner, "owner", type_, NOON), "r", False, "main", NOON, NOON, NOON)  # noqa: FBT003
    user = User(1, "mona", "User", NOON)
    assert rules.affiliation(repository, user, granted, is_member=is_member, has_all_rights=has_all_rights) == expected


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ({}, False),
        ({"type": "all"}, False),
        ({"visibility": "all", "affiliation": "owner"}, False),
        ({"type": "all", "visibility": "all"}, True),
        ({"type": "owner", "affiliation": "owner"}, True),
    ],
)
def test_filters_that_exclude_each_other(query: dict[str, str], *, refused: bool) -> None:
    """`type` goes with no other filter."""
    if not refused:
        rules.check_filters(query)
        return
    with pytest.raises(Unprocessable, match="you cannot specify type"):
        rules.check_filters(query)
