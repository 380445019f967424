"""What the fake is tried with, and runs of pytest in processes of their own where all of these are loaded."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

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


# Runs that many files of tests share: to import all these plugins and clients takes longer than the tests.
PLAIN = ("--timeout=50", "--timeout-method=signal")
WITHOUT_SOCKETS = ("--disable-socket",)
WITHOUT_SOCKETS_BUT_UNIX = ("--disable-socket", "--allow-unix-socket")
SHUFFLED = ("-p", "randomly", "--randomly-seed=1", "--asyncio-mode=auto")
IN_TWO_PROCESSES = (
    *("-n", "2", "-p", "randomly", "--randomly-seed=2"),
    *("--reruns=1", "--timeout=50", "--allow-hosts=127.0.0.1", "--showlocals"),
)  # fmt: skip

_RECORDER = """
import json

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config.rootpath / "reports"))

class Recorder:
    def __init__(self, path):
        self.path = path

    def pytest_runtest_logreport(self, report):
        outcome = "errors" if report.failed and report.when != "call" else report.outcome
        if outcome != "passed" or report.when == "call":
            path, _, name = report.nodeid.partition("::")
            with self.path.open("a") as file:
                print(json.dumps([path, name, outcome, report.longreprtext, report.sections]), file=file)
"""


class Outcome(NamedTuple):
    """What came of a file of tests."""

    counts: dict[str, int]
    """How many passed, failed, …, as pytest counts them."""
    failed: list[str]
    """The names of tests that failed, or had an error."""
    text: str
    """The reports of these."""
    conversations: list[str]
    """The conversations in these reports."""
    folder: Path
    """Where they ran."""

    def shows(self, *lines: str) -> None:
        """See that the reports have these lines, in this order."""
        pytest.LineMatcher(self.text.splitlines()).fnmatch_lines(lines)


def _file_of(item: pytest.Item) -> str:
    return re.sub(r"\W+", "_", item.name) + ".py"


class _Runs:
    """Runs the files of all tests that share a run, when the first of these tests asks."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._outcomes: dict[tuple[str, ...], dict[str, Outcome]] = {}

    def outcome_of(self, item: pytest.Item) -> Outcome:
        options = _options_of(item)
        assert options is not None
        if options not in self._outcomes:
            sharing = [other for other in item.session.items if _options_of(other) == options]
            self._outcomes[options] = self._run(sharing, options)
        return self._outcomes[options][_file_of(item)]

    def _run(self, items: list[pytest.Item], options: tuple[str, ...]) -> dict[str, Outcome]:
        folder = self._factory.mktemp("neighbours")
        (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
        (folder / "conftest.py").write_text(_RECORDER, "utf-8")
        for item in items:
            marker = item.get_closest_marker("beside")
            assert marker
            (folder / _file_of(item)).write_text(inspect.cleandoc(marker.args[0]), "utf-8")
        environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", *OPTIONS, *options],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        reports = [json.loads(line) for line in (folder / "reports").read_text("utf-8").splitlines()]
        return {
            file: _outcome([report[1:] for report in reports if report[0] == file], folder)
            for file in map(_file_of, items)
        }


def _outcome(reports: list[Any], folder: Path) -> Outcome:
    bad = [(name, text, sections) for name, outcome, text, sections in reports if outcome in ("failed", "errors")]
    texts = [
        part for _, text, sections in bad for part in (text, *(f"--- {title} ---\n{it}" for title, it in sections))
    ]
    return Outcome(
        counts=dict(Counter(outcome for _, outcome, _, _ in reports)),
        failed=[name for name, _, _ in bad],
        text="\n".join(texts),
        conversations=[it for _, _, sections in bad for title, it in sections if title.startswith("ghdeploy: ")],
        folder=folder,
    )


def _options_of(item: pytest.Item) -> tuple[str, ...] | None:
    marker = item.get_closest_marker("beside")
    return tuple(marker.args[1]) if marker else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker of pytest-xdist run all tests that share a run."""
    for item in items:
        if options := _options_of(item):
            item.add_marker(pytest.mark.xdist_group(" ".join(options)))


@pytest.fixture(scope="session")
def _runs_beside_others(tmp_path_factory: pytest.TempPathFactory) -> _Runs:
    return _Runs(tmp_path_factory)


@pytest.fixture
def outcome(request: pytest.FixtureRequest, _runs_beside_others: _Runs) -> Outcome:
    """Give what came of the file of tests that the marker ``beside`` gives, run beside all plugins that there are."""
    return _runs_beside_others.outcome_of(request.node)


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")  # it takes the variable away, and then leaves it alone
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in PLUGINS))
