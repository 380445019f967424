"""What GitHub's API has."""

from __future__ import annotations

import re

import pytest

from pytest_ghdeploy.http import router

OPERATIONS = router.operations()
# Two descriptions of one path.
SAME = {"repos/compare-commits", "repos/compare-commits-with-basehead"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_found_by_its_path(name: str) -> None:
    """A path made from GitHub's own template leads back to the operation."""
    method, path = OPERATIONS[name]
    found = router.operation(method, re.sub(r"\{\w+\}", "x1", path))
    assert found == name or {found, name} == SAME


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/repos/o/r/branches/feature/x/protection", "repos/get-branch-protection"),
        ("GET", "/repos/o/r/branches/feature/x", "repos/get-branch"),
        ("GET", "/repos/o/r/commits/heads/a/status", "repos/get-combined-status-for-ref"),
        ("GET", "/repos/o/r/contents/a/b/c.txt", "repos/get-content"),
        ("GET", "/repos/o/r/compare/main...topic/x", "repos/compare-commits-with-basehead"),
        ("HEAD", "/repos/o/r/pulls", "pulls/list"),
        ("GET", "/repositories/1/pulls", "pulls/list"),
        ("GET", "/repositories", "repos/list-public"),
        ("POST", "/graphql", "graphql"),
        ("GET", "/users/octocat", "users/get-by-username"),
        ("GET", "/user/repos", "repos/list-for-authenticated-user"),
        ("PATCH", "/repos/o/r/pulls", None),
        ("GET", "/repos/o/r/pulls/", None),
        ("GET", "//repos/o/r", None),
        ("GET", "/repos//r", None),
        ("GET", "/nothing", None),
        ("GET", "", None),
        ("BREW", "/user", None),
    ],
)
def test_the_most_specific_operation_is_found(method: str, path: str, name: str | None) -> None:
    """Parameters may hold slashes where GitHub lets them, and give way to a longer path that GitHub has."""
    assert router.operation(method, path) == name
