"""
Measure what the plugin costs, each figure as a ratio against a peer in one interleaved run.

Usage: ``make bench``, or ``python benchmarks/run.py [--rounds N]``. Installs the
project and its peers into environments of its own below ``.venv-bench``.
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
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
ENVIRONMENTS = ROOT / ".venv-bench"
PEERS = ["pytest-httpserver==1.1.3", "requests-mock==1.12.1"]
EMPTY_TEST = "def test_nothing():\n    pass\n"

FIRST_USE = {
    "responses": "import responses",
    "ours": "from pytest_ghdeploy.fake import FakeGitHub; gh = FakeGitHub(); gh.open()",
    "ours, and one POST": (
        "from pytest_ghdeploy.fake import FakeGitHub; gh = FakeGitHub(); gh.open(); import requests; "
        "gh.add_repository('o/r'); requests.post('https://api.github.com/repos/o/r/deployments', "
        "json={'ref': 'main'}, headers={'Authorization': 'token x'}).raise_for_status()"
    ),
}
FIRST_SERVER = {
    "ours": "from pytest_ghdeploy import FakeGitHub; server = FakeGitHub().serve()",
    "ours, over HTTPS": "from pytest_ghdeploy import FakeGitHub; server = FakeGitHub().serve(tls=True)",
    "pytest-httpserver": "from pytest_httpserver import HTTPServer; server = HTTPServer(); server.start()",
}
EMULATE = "emulate@0.12.2"
NODE = 22
"""The oldest that it runs in."""


def environment(name: str, *packages: str) -> Path:
    """Make a virtual environment with *packages* and return its Python."""
    where = ENVIRONMENTS / name
    python = where / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", where], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], check=True)
    return python


def installed_project(python: Path) -> None:
    """Put the project as it is now into an environment, not editable: as its users have it."""
    options = ["--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"]
    subprocess.run([python, "-m", "pip", "install", *options, ROOT], check=True)


def seconds(python: Path, code: str) -> float:
    """Time *code* in a process of its own, in which pytest is imported already."""
    timed = f"import time, pytest; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"
    done = subprocess.run([python, "-c", timed], check=True, capture_output=True, text=True)
    return float(done.stdout)


def whole_run(python: Path, folder: str) -> float:
    """Time pytest on one empty test, from outside."""
    code = (
        "import subprocess, sys, time; start = time.perf_counter(); "
        "subprocess.run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', sys.argv[1]], "
        "check=True, capture_output=True); print(time.perf_counter() - start)"
    )
    done = subprocess.run([python, "-c", code, folder], check=True, capture_output=True, text=True)
    return float(done.stdout)


def unused(pythons: dict[str, Path], rounds: int) -> dict[str, float]:
    """Time an empty run in each environment, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in pythons}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text(EMPTY_TEST)
        for turn in range(rounds + 1):
            for name in sorted(pythons, reverse=bool(turn % 2)):
                taken[name].append(whole_run(pythons[name], folder))
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def first_use(python: Path, rounds: int, codes: dict[str, str]) -> dict[str, float]:
    """Time the first use in a process, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in codes}
    for turn in range(rounds + 1):
        for name in sorted(codes, reverse=bool(turn % 2)):
            taken[name].append(seconds(python, codes[name]))
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def row(number: str, what: str, ratio: float, target: float | None, note: str) -> bool:
    """Print a line of the table; tell whether the target is met."""
    met = target is None or ratio <= target
    shown = f"{target:6.2f} {'met' if met else 'MISSED':6}" if target else " " * 13
    print(f"{number:>2}  {what:52} {ratio:6.2f}  {shown}  {note}")
    return met


def emulate() -> list[str] | str:
    """Find out how to start emulate, or why it cannot be."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "node and npm are not installed"
    where = ENVIRONMENTS / "emulate"
    where.mkdir(parents=True, exist_ok=True)
    packages = [EMULATE]
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE:
        # npm has it, too.
        machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        name = f"node-{platform.system().lower()}-{machine}"
        node = str(where / "node_modules" / name / "bin" / "node")
        packages.append(f"{name}@{NODE}")
    options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(where)]
    done = subprocess.run([npm, "install", *options, *packages], check=False)
    program = where / "node_modules" / "emulate" / "dist" / "index.js"
    if done.returncode or not program.exists() or not Path(node).exists():
        return f"npm could not fetch {' and '.join(packages)}; Node here is {version}"
    return [node, str(program)]


def server_rows(python: Path, rounds: int) -> list[bool]:
    """Measure the live server, and print its lines of the table."""
    found = emulate()
    command = found if isinstance(found, list) else []
    done = subprocess.run(
        [python, HERE / "measure_server.py", str(rounds), *command], check=True, capture_output=True, text=True
    )
    measured = json.loads(done.stdout)
    results = []
    for key, what in (("post", "live server, one client: POST a deployment"), ("get", "   GET a repository")):
        times = measured[key]
        note = f"pytest-httpserver, static; {times['ours']:.0f} µs / {times['pytest-httpserver']:.0f} µs"
        results.append(row("7", what, times["ours"] / times["pytest-httpserver"], 1.00, note))
    start = first_use(python, max(rounds // 4, 3), FIRST_SERVER)
    ms = {name: f"{time * 1e3:.0f} ms" for name, time in start.items()}
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
        print(f"       emulate is left out: {found}")
    left = measured["in a row"]
    flat = left["kib"] < 4096 and left["threads"] <= 0
    told = f"{left['kib']:,} KiB more and {left['threads']} threads more"
    print(f"       10,000 requests in a row leave {told}: {'met' if flat else 'MISSED'}")
    return [*results, flat]


def main() -> int:
    """Measure everything and print the table; the exit status says whether all targets are met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20, help="how many turns each contestant takes")
    rounds = parser.parse_args().rounds
    bare = environment("bare", "pytest")
    ours = environment("ours", str(ROOT))
    peers = environment("peers", f"{ROOT}[tls]", *PEERS)
    for python in (ours, peers):
        installed_project(python)
    alone = {name.partition("=")[0]: environment(name.partition("=")[0], "pytest", name) for name in PEERS}

    print(f"\n{'#':>2}  {'what':52} {'ratio':>6}  {'target':13}  against; medians of {rounds} turns\n" + "-" * 118)
    results = []
    runs = unused({"bare": bare, "ours": ours, **alone}, rounds)
    ms = {name: f"{time * 1e3:.0f} ms" for name, time in runs.items()}
    results.append(row("1", "pytest on an empty test, installed and unused", runs["ours"] / runs["bare"], 1.05,
                       f"no plugin; {ms['ours']} / {ms['bare']}"))  # fmt: skip
    for name in alone:
        row("", f"   {name} installed and unused", runs[name] / runs["bare"], None, f"no plugin; {ms[name]}")

    first = first_use(peers, rounds, FIRST_USE)
    ms = {name: f"{time * 1e3:.0f} ms" for name, time in first.items()}
    results.append(row("2", "first use of the fixture in a process", first["ours"] / first["responses"], 1.50,
                       f"import responses; {ms['ours']} / {ms['responses']}"))  # fmt: skip
    both = "ours, and one POST"
    row("", "   and the first POST", first[both] / first["responses"], None, f"import responses; {ms[both]}")

    done = subprocess.run([peers, HERE / "measure.py", str(rounds)], check=True, capture_output=True, text=True)
    measured = json.loads(done.stdout)
    for number, key, what, target in (
        ("3", "set_up", "set-up and tear-down for a test", 1.25),
        ("4", "post", "POST a deployment", 1.15),
        ("5", "page", "GET a page of 30", 1.50),
    ):
        times = measured[key]
        note = f"{times['ours']:.0f} µs / {times['responses']:.0f} µs"
        results.append(row(number, what, times["ours"] / times["responses"], target, f"responses; {note}"))
        for name in times.keys() - {"ours", "responses"}:
            row("", f"   {name}", times[name] / times["responses"], None, f"responses; {times[name]:.0f} µs")
    for name, times in measured["crowd"].items():
        note = f"{times['10,000']:.0f} µs / {times['one']:.0f} µs"
        results.append(row("6", f"10,000 deployments: {name}", times["10,000"] / times["one"], 1.10, f"one; {note}"))
    results += server_rows(peers, rounds)
    print("-" * 118)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
