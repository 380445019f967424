"""Tables of GitHub's decisions about secrets and variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import secrets as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.refusals_secrets import Kind

CHARACTERS = (
    "can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. "
    "Must start with a letter ([a-z], [A-Z]) or underscores (_)."
)


@pytest.mark.parametrize(
    ("name", "stored"),
    [("A", "A"), ("deploy_key", "DEPLOY_KEY"), ("_1", "_1"), ("GITHUB", "GITHUB"), ("a" * 300, "A" * 300)],
)
def test_a_name_is_stored_in_upper_case(name: str, stored: str) -> None:
    """Letters, digits and underscores are allowed."""
    assert rules.stored_name("Secret", name) == stored


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", CHARACTERS),
        ("1A", CHARACTERS),
        ("a b", CHARACTERS),
        ("a-b", CHARACTERS),
        ("ä", CHARACTERS),
        ("A\n", CHARACTERS),
        ("GITHUB_TOKEN", "must not start with GITHUB_."),
        ("github_", "must not start with GITHUB_."),
    ],
)
@pytest.mark.parametrize("kind", ["Secret", "Variable"])
def test_other_names_are_refused(kind: Kind, name: str, problem: str) -> None:
    """The message names the kind."""
    with pytest.raises(Unprocessable) as refused:
        rules.stored_name(kind, name)
    assert refused.value.message == f"{kind} names {problem}"


@pytest.mark.parametrize(("size", "allowed"), [(-48, True), (0, True), (49_152, True), (49_153, False)])
def test_a_value_has_at_most_48_kb(size: int, *, allowed: bool) -> None:
    """An empty sealed box counts as nothing."""
    if allowed:
        rules.check_value("Secret", size)
        return
    with pytest.raises(Unprocessable, match="Secret value is too large"):
        rules.check_value("Secret", size)


@pytest.mark.parametrize(("count", "allowed"), [(0, True), (99, True), (100, False)])
def test_an_environment_has_at_most_100(count: int, *, allowed: bool) -> None:
    """Of each kind."""
    if allowed:
        rules.check_count("Variable", count)
        return
    with pytest.raises(Unprocessable, match="Variables cannot exceed 100"):
        rules.check_count("Variable", count)
