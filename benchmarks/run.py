"""
Measure the plugin's cost. Each figure is a ratio to another library, measured in the same interleaved run.

Usage: ``make bench``, or ``python benchmarks/run.py [--rounds N] [--only 2b,9]``. The
project and the other libraries are installed into virtual environments below ``.venv-bench``.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parent
ROOT = HERE.parent
ENVIRONMENTS = ROOT / ".venv-bench"
PEERS = ["pytest-httpserver==1.1.3", "requests-mock==1.12.1"]
EMPTY_TEST = "def test_nothing():\n    pass\n"

FIRST_USE = {
    "responses": "import responses",
    "ours": "from pytest_ghdeploy.fake import FakeGitHub; gh = FakeGitHub(); gh.open()",
}
_REQUESTS = """
    assert requests.get(url).json() == []
    requests.post(url, json={"ref": "main"}, headers={"Authorization": "token x"}).raise_for_status()
"""
FIRST_ANSWERS = {
    "bare": "pass",
    "responses": f"""
import requests, responses
url = "https://api.github.com/repos/octocat/example/deployments"
with responses.RequestsMock() as mock:
    mock.get(url, json=[])
    mock.post(url, json={{"id": 1, "ref": "main"}}, status=201)
{_REQUESTS}""",
    "ours": f"""
import requests
from pytest_ghdeploy import FakeGitHub
url = "https://api.github.com/repos/octocat/example/deployments"
with FakeGitHub() as gh:
    gh.add_repository("octocat/example")
{_REQUESTS}""",
}
"""Whole programs that make the first GET and the first POST of a process."""

TESTS_IN_SUITE = 200
SUITES = {
    "responses": """
import pytest, requests, responses
url = "https://api.github.com/repos/octocat/example/deployments"

@pytest.fixture
def mock():
    with responses.RequestsMock() as mock:
        yield mock
""",
    "ours": """
import requests
url = "https://api.github.com/repos/octocat/example/deployments"
""",
}
"""The first lines of a suite of small tests."""
SMALL_TESTS = {
    "responses": """
def test_{number}(mock):
    mock.get(url, json=[])
    mock.post(url, json={{"id": 1, "ref": "main"}}, status=201)
    assert requests.get(url).json() == []
    answer = requests.post(url, json={{"ref": "main"}}, headers={{"Authorization": "token x"}})
    assert answer.json()["ref"] == "main"
""",
    "ours": """
def test_{number}(ghdeploy):
    ghdeploy.add_repository("octocat/example")
    assert requests.get(url).json() == []
    answer = requests.post(url, json={{"ref": "main"}}, headers={{"Authorization": "token x"}})
    assert answer.json()["ref"] == "main"
""",
}
FIRST_SERVER = {
    "ours": "from pytest_ghdeploy import FakeGitHub; server = FakeGitHub().serve()",
    "ours, over HTTPS": "from pytest_ghdeploy import FakeGitHub; server = FakeGitHub().serve(tls=True)",
    "pytest-httpserver": "from pytest_httpserver import HTTPServer; server = HTTPServer(); server.start()",
}
EMULATE = "emulate@0.12.2"
NODE = 22
"""The oldest version of Node that runs emulate."""


def environment(name: str, *packages: str) -> Path:
    """Create a virtual environment with *packages* and return the path of its Python."""
    where = ENVIRONMENTS / name
    python = where / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", where], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], check=True)
    return python


@cache
def our_environment() -> Path:
    """Create an environment with the project alone."""
    return installed_project(environment("ours", str(ROOT)))


@cache
def peers_environment() -> Path:
    """Create an environment with the project and the libraries it is compared with."""
    return installed_project(environment("peers", f"{ROOT}[app,tls]", *PEERS))


def installed_project(python: Path) -> Path:
    """Install the current project into an environment, not editable, as users have it."""
    options = ["--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"]
    subprocess.run([str(python), "-m", "pip", "install", *options, str(ROOT)], check=True)
    return python


def in_process(measurement: str, rounds: int) -> dict[str, Any]:
    """Run one measurement of ``measure.py``, in microseconds by contestant."""
    command = [str(peers_environment()), str(HERE / "measure.py"), measurement, str(rounds)]
    measured: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return measured


def in_milliseconds(seconds: dict[str, float]) -> dict[str, str]:
    """Format times for the notes of the table."""
    return {name: f"{time * 1e3:.0f} ms" for name, time in seconds.items()}


def seconds(python: Path, code: str) -> float:
    """Time *code* in a new process that has already imported pytest."""
    timed = f"import time, pytest; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"
    process = subprocess.run([str(python), "-c", timed], check=True, capture_output=True, text=True)
    return float(process.stdout)


def whole_process(*command: str | Path) -> float:
    """Time a process from start to exit."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def in_turns(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Measure the contestants in turns. Return their medians without the first turn, which is a warm-up."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name in sorted(contestants, reverse=bool(turn % 2)):
            taken[name].append(contestants[name]())
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def runs_of_pytest(suites: dict[str, tuple[Path, str]], rounds: int) -> dict[str, float]:
    """Time pytest on test files. A suite is a Python to run it with and the file's text."""
    with tempfile.TemporaryDirectory() as folder:
        contestants = {}
        for name, (python, text) in suites.items():
            file = Path(folder, name, "test_suite.py")
            file.parent.mkdir()
            file.write_text(text)
            contestants[name] = partial(whole_process, python, "-m", "pytest", "-q", "-p", "no:cacheprovider", file)
        return in_turns(contestants, rounds)


def first_use(python: Path, rounds: int, codes: dict[str, str]) -> dict[str, float]:
    """Time first use in processes that have imported pytest, in turns."""
    return in_turns({name: partial(seconds, python, code) for name, code in codes.items()}, rounds)


def row(number: str, what: str, ratio: float, target: float | None, note: str) -> bool:
    """Print a line of the table and return whether the target is met."""
    met = target is None or ratio <= target
    shown = f"{target:6.2f} {'met' if met else 'MISSED':6}" if target else " " * 13
    print(f"{number:>2}  {what:64} {ratio:6.2f}  {shown}  {note}")
    return met


def emulate() -> list[str] | str:
    """Return the command that starts emulate, or the reason why it is not available."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "node and npm are not installed"
    where = ENVIRONMENTS / "emulate"
    where.mkdir(parents=True, exist_ok=True)
    packages = [EMULATE]
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE:
        # npm also has Node itself.
        machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        name = f"node-{platform.system().lower()}-{machine}"
        node = str(where / "node_modules" / name / "bin" / "node")
        packages.append(f"{name}@{NODE}")
    options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(where)]
    process = subprocess.run([npm, "install", *options, *packages], check=False)
    program = where / "node_modules" / "emulate" / "dist" / "index.js"
    if process.returncode or not program.exists() or not Path(node).exists():
        return f"npm could not fetch {' and '.join(packages)}; Node here is {version}"
    return [node, str(program)]


def server_rows(rounds: int) -> list[bool]:
    """Measure the live server and print its lines of the table."""
    python = peers_environment()
    available = emulate()
    command = available if isinstance(available, list) else []
    process = subprocess.run(
        [python, HERE / "measure_server.py", str(rounds), *command], check=True, capture_output=True, text=True
    )
    measured = json.loads(process.stdout)
    results = []
    for key, what in (("post", "live server, one client: POST a deployment"), ("get", "   GET a repository")):
        times = measured[key]
        note = f"pytest-httpserver, static; {times['ours']:.0f} µs / {times['pytest-httpserver']:.0f} µs"
        results.append(row("7", what, times["ours"] / times["pytest-httpserver"], 1.00, note))
    start = first_use(python, max(rounds // 4, 3), FIRST_SERVER)
    ms = in_milliseconds(start)
    peer = start["pytest-httpserver"]
    row("", "   first start in a process", start["ours"] / peer, None,
        f"pytest-httpserver; {ms['ours']} / {ms['pytest-httpserver']}; HTTPS {ms['ours, over HTTPS']}")  # fmt: skip
    times = measured["life"]
    row("", "   later start and stop", times["ours"] / times["pytest-httpserver"], None,
        f"pytest-httpserver; {times['ours']:.0f} µs / {times['pytest-httpserver']:.0f} µs")  # fmt: skip
    if command:
        get, starts = measured["get"], measured["emulate starts"]["seconds"]
        row("", "   GET a repository", get["ours"] / get["emulate"], None, f"emulate; {get['emulate']:.0f} µs")
        row("", "   first start", start["ours"] / starts, None, f"emulate; {starts * 1e3:.0f} ms")
    else:
        print(f"       emulate is left out: {available}")
    left = measured["in a row"]
    flat = left["kib"] < 4096 and left["threads"] <= 0
    growth = f"{left['kib']:,} KiB and {left['threads']} threads"
    print(f"       10,000 requests in a row leave behind {growth}: {'met' if flat else 'MISSED'}")
    return [*results, flat]


def unused_rows(rounds: int) -> list[bool]:
    """Measure the plugin's cost for a suite that does not use it."""
    alone = {name.partition("=")[0]: environment(name.partition("=")[0], "pytest", name) for name in PEERS}
    pythons = {"bare": environment("bare", "pytest"), "ours": our_environment(), **alone}
    runs = runs_of_pytest({name: (python, EMPTY_TEST) for name, python in pythons.items()}, rounds)
    ms = in_milliseconds(runs)
    result = row("1", "pytest on an empty test, installed and unused", runs["ours"] / runs["bare"], 1.05,
                 f"no plugin; {ms['ours']} / {ms['bare']}")  # fmt: skip
    for name in alone:
        row("", f"   {name} installed and unused", runs[name] / runs["bare"], None, f"no plugin; {ms[name]}")
    return [result]


def first_use_rows(rounds: int) -> list[bool]:
    """Measure the first use of the fixture in a process."""
    first = first_use(peers_environment(), rounds, FIRST_USE)
    ms = in_milliseconds(first)
    return [row("2", "first use of the fixture in a process", first["ours"] / first["responses"], 1.50,
                f"import responses; {ms['ours']} / {ms['responses']}")]  # fmt: skip


def first_answers_rows(rounds: int) -> list[bool]:
    """Measure a process with a first GET and a first POST, minus the time of a bare Python."""
    python = peers_environment()
    codes = {name: partial(whole_process, python, "-c", code) for name, code in FIRST_ANSWERS.items()}
    taken = in_turns(codes, rounds)
    ours, peer = taken["ours"] - taken["bare"], taken["responses"] - taken["bare"]
    note = f"responses; {ours * 1e3:.0f} ms / {peer * 1e3:.0f} ms, without {taken['bare'] * 1e3:.0f} ms of bare Python"
    return [row("2b", "first GET and first POST of a process", ours / peer, 1.60, note)]


def call_rows(number: str, key: str, what: str, target: float, rounds: int) -> list[bool]:
    """Measure one kind of call after a warm-up."""
    times = in_process(key, rounds)
    note = f"{times['ours']:.0f} µs / {times['responses']:.0f} µs"
    result = row(number, what, times["ours"] / times["responses"], target, f"responses; {note}")
    for name in times.keys() - {"ours", "responses"}:
        row("", f"   {name}", times[name] / times["responses"], None, f"responses; {times[name]:.0f} µs")
    return [result]


def crowd_rows(rounds: int) -> list[bool]:
    """Measure requests with many deployments in the repository."""
    results = []
    for name, times in in_process("crowd", rounds).items():
        note = f"{times['10,000']:.0f} µs / {times['one']:.0f} µs"
        results.append(row("6", f"10,000 deployments: {name}", times["10,000"] / times["one"], 1.10, f"one; {note}"))
    return results


def suite_rows(rounds: int) -> list[bool]:
    """Measure a suite, process start included. The other library's suite runs without our plugin."""
    pythons = {"ours": our_environment(), "responses": environment("responses", "pytest", "responses")}
    texts = {name: start + "".join(SMALL_TESTS[name].format(number=number) for number in range(TESTS_IN_SUITE))
             for name, start in SUITES.items()}  # fmt: skip
    runs = runs_of_pytest({name: (python, texts[name]) for name, python in pythons.items()}, max(rounds // 2, 3))
    ms = in_milliseconds(runs)
    return [row("9", f"a suite of {TESTS_IN_SUITE} small tests, process included", runs["ours"] / runs["responses"],
                1.25, f"responses; {ms['ours']} / {ms['responses']}")]  # fmt: skip


def growth_rows(rounds: int) -> list[bool]:
    """Measure how the cost of calls, reports and waits grows with the state."""
    turns = str(max(rounds // 7, 2))
    command = [str(peers_environment()), str(HERE / "measure_growth.py"), turns]
    measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    results = []
    for what, case in measured.items():
        small, large = case["at size"], case["at larger"]
        note = f"n = {case['size']:,}; {large / 1e3:.2f} ms / {small / 1e3:.2f} ms of CPU"
        slow = case["limit"] is not None and large > case["limit"] * 1e3
        met = row("10", f"4 n: {what}", large / small, 6.00, note + f", MISSED {case['limit']} ms" * slow)
        results.append(met and not slow)
    return results


def soak_rows(_: int) -> list[bool]:
    """Send many mixed requests, run many tests, and print what they leave behind."""
    if not Path("/proc/self/status").exists():
        print("       the soak is left out: it reads /proc, which this system does not have")
        return []
    results = []
    for name, what in (("serve", "50,000 mixed requests to ghdeploy serve"), ("tests", "2,000 tests with the fixture")):
        process = subprocess.run(
            [our_environment(), HERE / "measure_soak.py", name], check=True, capture_output=True, text=True
        )
        grown = json.loads(process.stdout)
        met = grown["kib"] < MOST_LEFT_KIB[name] and grown["threads"] <= 0 and grown["descriptors"] <= 0
        counts = [f"{grown['kib']:,} KiB", f"{grown['threads']} threads", f"{grown['descriptors']} file descriptors"]
        if "patched" in grown:
            met = met and not grown["patched"]
            counts.append(f"{len(grown['patched'])} patched names {' '.join(grown['patched'])}".rstrip())
        print(f"       {what} leave behind {', '.join(counts)}: {'met' if met else 'MISSED'}")
        results.append(met)
    return results


# Python does not return all memory that it has freed, and caches of a fixed size fill after the warm-up: 5 to 6 MiB.
MOST_LEFT_KIB = {"serve": 10 * 1024, "tests": 4 * 1024}

ROWS: dict[str, Callable[[int], list[bool]]] = {
    "1": unused_rows,
    "2": first_use_rows,
    "2b": first_answers_rows,
    "3": partial(call_rows, "3", "set_up", "set-up and tear-down for a test", 1.25),
    "4": partial(call_rows, "4", "post", "POST a deployment", 1.00),
    "5": partial(call_rows, "5", "page", "GET a page of 30", 1.50),
    "6": crowd_rows,
    "7": server_rows,
    "9": suite_rows,
    "10": growth_rows,
    "11": soak_rows,
}


def rows(text: str) -> list[str]:
    """Parse the argument of ``--only``."""
    names = text.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        msg = f"{', '.join(unknown)}: the rows are {', '.join(ROWS)}"
        raise argparse.ArgumentTypeError(msg)
    return names


def main() -> int:
    """Measure everything and print the table. The exit status is 1 if a target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20, help="turns per contestant (default: %(default)s)")
    parser.add_argument("--only", type=rows, default=list(ROWS), metavar="ROWS", help="such as 2b,9 (default: all)")
    options = parser.parse_args()
    print(f"\n{'#':>2}  {'what':64} {'ratio':>6}  {'target':13}  against; medians of {options.rounds} turns")
    print("-" * 130)
    results = [met for name in options.only for met in ROWS[name](options.rounds)]
    print("-" * 130)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
