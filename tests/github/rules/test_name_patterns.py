"""Patterns for the names of branches and tags, as a table without a store or HTTP."""

from __future__ import annotations

import pytest

from pytest_ghdeploy.github.rules.name_patterns import is_plain, matches


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("main", ["main"], ["Main", "refs/heads/main", "main2", "my-main"]),
        ("*", ["main", "v1.0"], ["a/b", ".hidden", "refs/pull/1/merge"]),
        ("**", ["main"], ["a/b"]),
        ("**/*", ["main", "a/b", "a/b/c", "refs/pull/1/merge"], [".a", "a/.b", ".a/b"]),
        ("**/**/x", ["x", "a/x", "a/b/x"], ["a/xx"]),
        ("release/*", ["release/1", "release/"], ["release/1/2", "release", "Release/1", "release/.x"]),
        ("release/*/*", ["release/1/2"], ["release/1", "release/1/2/3"]),
        ("release/**", ["release/1"], ["release/1/2"]),
        ("release/**/*", ["release/1", "release/1/2/3"], ["release/.h/x"]),
        ("release*", ["release", "release-1"], ["release/1"]),
        ("qa**/**/*", ["qa/foo/bar", "qa1/foo"], ["qa", "q/foo"]),
        ("v*", ["v1.0.0", "v"], ["v1/0", ".v1"]),
        ("v[0-9]*", ["v1.2"], ["vx"]),
        ("v?", ["v1"], ["v10", "v"]),
        ("?x", ["ax"], [".x"]),
        ("v*.*.*", ["v1.2.3"], ["v1.2"]),
        ("refs/pull/*/merge", ["refs/pull/1/merge"], ["refs/pull/1/head"]),
        ("refs/pull/**/*", ["refs/pull/1/merge"], ["refs/heads/main"]),
        ("refs/**/merge", ["refs/pull/1/merge"], []),
        ("**/merge", ["refs/pull/1/merge", "merge"], []),
        ("*/merge", [], ["refs/pull/1/merge"]),
        ("refs/*", [], ["refs/pull/1/merge"]),
        ("{main,dev}", ["{main,dev}"], ["main", "dev"]),
        ("a?b", ["a-b"], ["a/b"]),
        ("a[/]b", [], ["a/b", "a-b"]),
        ("[!a-c]x", ["dx", "-x"], ["ax", "cx", ".x"]),
        ("[^a-c]x", ["dx"], ["ax"]),
        ("[a-]x", ["ax", "-x"], ["bx"]),
        ("[\\]]", ["]"], ["\\"]),
        ("[z-a]x", [], ["zx", "ax", "x"]),
        ("[!z-a]x", ["bx"], ["x"]),
        ("v[1", [], ["v1", "v[1"]),
        ("v\\*", ["v*"], ["v1"]),
        ("v\\", ["v\\"], ["v"]),
        ("v1.0", ["v1.0"], ["v1x0"]),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, matching: list[str], others: list[str]) -> None:
    """`*`, `?` and sets match no `/`, and only `**/` crosses folders. Names beginning with `.` need a literal one."""
    assert [name for name in matching + others if matches(pattern, name)] == matching


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        ("main", True),
        ("release/1.0", True),
        ("{a}", True),
        ("*", False),
        ("v?", False),
        ("[ab]", False),
        ("\\a", False),
    ],
)
def test_a_plain_pattern_names_one_branch(pattern: str, plain: bool) -> None:  # noqa: FBT001 - a column of the table
    """A pattern without special characters is the name of a branch."""
    assert is_plain(pattern) is plain
