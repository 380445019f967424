"""The libraries and plugins that the fake is tested beside, and pytest subprocesses that load all of them."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).parent

# In the order of the table in docs/clients.md. Each has tests in tests/neighbours whose names contain its name.
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

# Their plugins by pytest's names for them. They are disabled in nested runs unless a test asks for them: when merely
# loaded, they shuffle tests, warn, or import modules whose absence we check.
PLUGINS = (
    "anyio", "asyncio", "pytest_httpx", "randomly", "rerunfailures", "respx", "socket", "time_machine", "timeout"
)  # fmt: skip

OPTIONS = (
    *("-p", "no:cacheprovider", "-p", "no:randomly", "-W", "error"),
    *("-o", "asyncio_default_fixture_loop_scope=function", "-o", "ghdeploy_validate=all"),
)


# Many test files share one run, because importing all these plugins and clients takes longer than the tests.
PLAIN = ("--timeout=50", "--timeout-method=signal")
WITHOUT_SOCKETS = ("--disable-socket",)
WITHOUT_SOCKETS_BUT_UNIX = ("--disable-socket", "--allow-unix-socket")
SHUFFLED = ("-p", "randomly", "--randomly-seed=1", "--asyncio-mode=auto")
IN_TWO_PROCESSES = (
    *("-n", "2", "-p", "randomly", "--randomly-seed=2"),
    *("--reruns=1", "--timeout=50", "--allow-hosts=127.0.0.1", "--showlocals"),
)  # fmt: skip

_PATIENCE = 300  # seconds

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
    """The result of a test file."""

    counts: dict[str, int]
    """How many tests passed, failed, …, by pytest's names."""
    failed: list[str]
    """The names of tests that failed or had an error."""
    text: str
    """Their failure reports."""
    conversations: list[str]
    """The conversations shown in these reports."""
    folder: Path
    """The folder they ran in."""

    def shows(self, *lines: str) -> None:
        """Check that the reports contain these lines in this order."""
        pytest.LineMatcher(self.text.splitlines()).fnmatch_lines(lines)


def _file_of(item: pytest.Item) -> str:
    return re.sub(r"\W+", "_", item.name) + ".py"


def _options_of(item: pytest.Item) -> tuple[str, ...] | None:
    marker = item.get_closest_marker("beside")
    return tuple(marker.args[1]) if marker else None


def _run(folder: Path, items: list[pytest.Item], options: tuple[str, ...]) -> None:
    """Run the files of several tests in one pytest process, in *folder*."""
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (folder / "conftest.py").write_text(_RECORDER, "utf-8")
    for item in items:
        marker = item.get_closest_marker("beside")
        assert marker
        (folder / _file_of(item)).write_text(inspect.cleandoc(marker.args[0]), "utf-8")
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    process = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *OPTIONS, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert process.returncode in (0, 1), process.stdout + process.stderr


@pytest.fixture
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """
    Return the result of the test file in the test's ``beside`` marker, run with all plugins loaded.

    The first test to use this runs the files of all tests with the same options. Tests in other workers wait for it.
    """
    options = _options_of(request.node)
    assert options is not None
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / ("beside" + re.sub(r"\W+", "_", " ".join(options)))
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + _PATIENCE
        while not (folder / "finished").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
    else:
        try:
            _run(folder, [item for item in request.session.items if _options_of(item) == options], options)
        finally:
            (folder / "finished").touch()
    reports = [json.loads(line) for line in (folder / "reports").read_text("utf-8").splitlines()]
    return _outcome([report[1:] for report in reports if report[0] == _file_of(request.node)], folder)


def _outcome(reports: list[Any], folder: Path) -> Outcome:
    bad = [(name, text, sections) for name, outcome, text, sections in reports if outcome in ("failed", "errors")]
    texts = [
        part for _, text, sections in bad for part in (text, *(f"--- {title} ---\n{text}" for title, text in sections))
    ]
    return Outcome(
        counts=dict(Counter(outcome for _, outcome, _, _ in reports)),
        failed=[name for name, _, _ in bad],
        text="\n".join(texts),
        conversations=[text for _, report, _ in bad for text in _conversations(report)],
        folder=folder,
    )


def _conversations(report: str) -> list[str]:
    """Find the conversations at the end of a report."""
    return re.split(r"^-+ ghdeploy: .+ -+\n", report, flags=re.MULTILINE)[1:]


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")  # pytester deletes the variable, so it must come first
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in PLUGINS))
