"""What the fake is tried with, and a run of pytest in a process of its own where all of these are loaded."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent

# As the README's table has them. Each has its tests in tests/neighbours, with its name in theirs.
NEIGHBOURS = (
    "respx",
    "pytest-httpx",
    "aioresponses",
    "vcrpy",
    "pytest-socket",
    "pytest-asyncio",
    "anyio",
    "unittest",
    "pytest-randomly",
    "pytest-timeout",
    "pytest-rerunfailures",
    "pytest-xdist",
    "freezegun",
    "time-machine",
)

# Their plugins, as pytest knows them. Only tests that ask for it have them in the runs that they start, in whatever
# process: by merely being there they shuffle tests, warn, or import what we look whether anybody has imported.
PLUGINS = (
    "anyio", "asyncio", "pytest_httpx", "randomly", "rerunfailures", "respx", "socket", "time_machine", "timeout"
)  # fmt: skip

OPTIONS = (
    *("-p", "no:cacheprovider", "-p", "no:randomly", "-W", "error"),
    *("-o", "asyncio_default_fixture_loop_scope=function", "-o", "ghdeploy_validate=all"),
)


class Neighbourhood:
    """Runs tests beside all plugins that are installed; pytest-randomly keeps still unless it is asked for."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        """Run in the folder of *pytester*."""
        self._pytester = pytester

    def run(
        self, source: str, *arguments: str, shows: Sequence[str] = (), hides: Sequence[str] = (), **outcomes: int
    ) -> pytest.RunResult:
        """
        Run a file of tests, and see that these are the outcomes and that it shows these lines, in this order.

        Without outcomes it may end otherwise than pytest does.
        """
        self._pytester.makepyfile(test_it=inspect.cleandoc(source))
        result = self._pytester.runpytest_subprocess(*OPTIONS, *arguments, timeout=60)
        if outcomes:
            result.assert_outcomes(**outcomes)
        result.stdout.fnmatch_lines(shows)
        for line in hides:
            result.stdout.no_fnmatch_line(line)
        return result


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")  # it takes the variable away, and then leaves it alone
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in PLUGINS))


@pytest.fixture
def neighbourhood(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Neighbourhood:
    """Give what runs tests beside other plugins."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return Neighbourhood(pytester)
