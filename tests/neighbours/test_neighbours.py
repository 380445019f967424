"""The documentation lists the tested neighbours, and their plugins do not affect other tests."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from functools import cache
from pathlib import Path

import neighbours
import pytest

ROOT = Path(__file__).parents[2]
TESTS = sorted(Path(__file__).parent.glob("test_*.py"))


def test_the_table_lists_the_tested_neighbours() -> None:
    """Each has a row, in the order of the list, that says what works."""
    text = (ROOT / "docs" / "clients.md").read_text("utf-8").partition("<!-- neighbours -->\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()[2:]]
    assert [row[0].strip("`") for row in rows] == list(neighbours.NEIGHBOURS)
    assert all(len(row) == 3 and row[1] for row in rows)


@cache
def names_of_tests() -> list[str]:
    """List the names of the tests in this folder."""
    return [
        node.name
        for path in TESTS
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@pytest.mark.parametrize("name", neighbours.NEIGHBOURS)
def test_each_neighbour_is_tested(name: str) -> None:
    """Its name is part of a test's name."""
    slug = name.replace("-", "_")
    tests = names_of_tests()
    assert any(f"_{slug}_" in f"{test}_" for test in tests), f"no test in {[path.name for path in TESTS]} names {slug}"


def test_each_neighbour_has_a_minimum_version() -> None:
    """The dependency group `test` lists them. unittest is part of Python."""
    group = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["test"]
    listed = {re.split("[><=]", entry)[0] for entry in group if isinstance(entry, str) and ">=" in entry}
    assert set(neighbours.NEIGHBOURS) - {"unittest"} <= listed


@pytest.mark.slow
def test_nested_runs_of_other_tests_do_not_load_them(pytester: pytest.Pytester) -> None:
    """A nested run, in this process or in a subprocess, loads none of these plugins."""
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.parametrize("name", {neighbours.PLUGINS!r})
        def test_it(name, pytestconfig):
            assert pytestconfig.pluginmanager.is_blocked(name)
        """
    )
    assert os.environ["PYTEST_ADDOPTS"]
    for result in (pytester.runpytest_inprocess(), pytester.runpytest_subprocess()):
        result.assert_outcomes(passed=len(neighbours.PLUGINS))
        assert "randomly" not in result.stdout.str().partition("collected")[0]
