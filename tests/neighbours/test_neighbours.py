"""That the documentation says of each neighbour what the tests try, and that nobody else is disturbed by them."""

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


def test_the_table_names_the_neighbours_that_are_tried() -> None:
    """In it each has a line, in the order of the list, with what works."""
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
def test_each_neighbour_is_tried(name: str) -> None:
    """It is named in a test's name or among what a test is run for."""
    slug = name.replace("-", "_")
    named = names_of_tests()
    assert any(f"_{slug}_" in f"{one}_" for one in named), f"no test in {[path.name for path in TESTS]} names {slug}"


def test_each_neighbour_that_is_installed_for_tests_says_from_which_version_on() -> None:
    """The group test lists them; unittest is Python's."""
    group = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["test"]
    listed = {re.split("[><=]", one)[0] for one in group if isinstance(one, str) and ">=" in one}
    assert set(neighbours.NEIGHBOURS) - {"unittest"} <= listed


@pytest.mark.slow
def test_no_other_test_has_them_in_its_runs(pytester: pytest.Pytester) -> None:
    """A run that a test starts, here or in a process of its own, has none of these plugins."""
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
