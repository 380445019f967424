"""The names that an error lists: the existing ones, the most similar first."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.errors import known_values, nearby

MANY = [f"feature/login-{number}" for number in range(2_500)] + [f"{number}-hotfix" for number in range(2_500)]


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("feature/login-12344", "feature/login-1234"),
        ("feature/logon-1234", "feature/login-1234"),
        ("faeture/login-1234", "feature/login-1234"),
        ("1234-hotfixes", "1234-hotfix"),
        ("x1234-hotfix", "1234-hotfix"),
    ],
)
def test_a_mistyped_name_is_found_among_many(mistyped: str, meant: str) -> None:
    """An error near the end of the name does not change its beginning, and one near its beginning not its ending."""
    known = known_values(mistyped, MANY).removeprefix("known: ").split(", ")
    assert meant in known[:5]
    assert known[-1].endswith(" and 4980 more")


def test_few_names_are_compared_with_a_value() -> None:
    """Up to 200 are all compared, and no more of many."""
    assert nearby("feature/login-7", MANY[:200]) == MANY[:200]
    near = nearby("feature/login-7", MANY)
    assert "feature/login-7" in near
    assert len(near) <= 200
    assert set(near) <= set(MANY)
