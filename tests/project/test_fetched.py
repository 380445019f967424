"""Missing clients in other languages skip their tests, or fail them if they are required."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fetched
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TOOL = Path(__file__).parents[2] / "tools" / "fetch_clients.py"


@pytest.fixture(params=[True, False], ids=["with npm and apt", "without"])
def has_means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bool:
    """Simulate a machine where nothing was fetched, with npm and Debian's tools or with Node only."""

    def which(name: str) -> str | None:
        return f"/usr/bin/{name}" if request.param or name == "node" else None

    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(fetched, "NODE", tmp_path)
    monkeypatch.setattr(fetched, "DEBIAN", tmp_path)
    monkeypatch.setattr(fetched, "PYPI", tmp_path)
    return bool(request.param)


FINDING: list[tuple[Callable[[], object], str]] = [
    (lambda: fetched.from_npm("@octokit/rest"), "@octokit/rest"),
    (lambda: fetched.from_debian("usr/bin/gh", "gh"), "gh"),
]


def test_a_missing_source_distribution_fails_only_if_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
    has_means: bool,  # noqa: ARG001, FBT001 - nothing was fetched
) -> None:
    """Fetching one needs nothing but Python."""
    reason = "the source distribution of PyGithub is missing: run `make clients` to fetch it"
    monkeypatch.setenv("GHDEPLOY_CLIENTS", "required")
    with pytest.raises(pytest.fail.Exception) as failed:
        fetched.from_pypi("PyGithub")
    assert str(failed.value) == f"{reason} (it is required: GHDEPLOY_CLIENTS=required)"
    monkeypatch.delenv("GHDEPLOY_CLIENTS")
    with pytest.raises(pytest.skip.Exception) as skipped:
        fetched.from_pypi("PyGithub")
    assert str(skipped.value) == reason


@pytest.mark.parametrize(("find", "what"), FINDING)
@pytest.mark.parametrize("required", [True, False])
def test_a_missing_client_fails_only_if_it_is_required_and_could_be_fetched(
    monkeypatch: pytest.MonkeyPatch,
    has_means: bool,  # noqa: FBT001
    find: Callable[[], object],
    what: str,
    required: bool,  # noqa: FBT001
) -> None:
    """Otherwise the test is skipped. Both messages say why."""
    monkeypatch.setenv("GHDEPLOY_CLIENTS", "required" if required else "")
    reason = f"{what} is missing: run `make clients` to fetch it"
    if required and has_means:
        with pytest.raises(pytest.fail.Exception) as failed:
            find()
        assert str(failed.value) == f"{reason} (it is required: GHDEPLOY_CLIENTS=required)"
    else:
        with pytest.raises(pytest.skip.Exception) as skipped:
            find()
        assert str(skipped.value) == reason


def test_fetched_clients_are_found(has_means: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """Packages, files and recordings are found. A program that `make clients` does not fetch is never required."""
    (tmp_path / "node_modules" / "mermaid").mkdir(parents=True)
    (tmp_path / "PyGithub").mkdir()
    (tmp_path / "gh").touch()
    assert fetched.from_npm("mermaid") == tmp_path / "node_modules" / "mermaid"
    assert fetched.from_debian("gh", "gh") == tmp_path / "gh"
    assert fetched.from_pypi("PyGithub") == tmp_path / "PyGithub"
    monkeypatch.setenv("GHDEPLOY_CLIENTS", "required")
    if has_means:
        assert fetched.program("curl") == "/usr/bin/curl"
    else:
        with pytest.raises(pytest.skip.Exception, match=r"^curl is not installed$"):
            fetched.program("curl")


@pytest.fixture
def tool() -> Any:  # noqa: ANN401 - a module
    """Load the program that `make clients` runs."""
    spec = importlib.util.spec_from_file_location("fetch_clients", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("problem", [OSError("Node is too old"), subprocess.TimeoutExpired("npm", 600)])
@pytest.mark.parametrize(("required", "code"), [("", 0), ("required", 1)])
def test_a_failed_fetch_is_an_error_only_if_clients_are_required(
    tool: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    problem: Exception,
    required: str,
    code: int,
) -> None:
    """The other sources are still fetched."""

    def fail() -> None:
        raise problem

    monkeypatch.setenv("GHDEPLOY_CLIENTS", required)
    monkeypatch.setattr(tool, "from_npm", fail)
    monkeypatch.setattr(tool, "from_debian", lambda: None)
    monkeypatch.setattr(tool, "from_pypi", lambda: None)
    assert tool.main() == code
    assert capsys.readouterr().out.splitlines() == [
        f"nothing was fetched from npm: {problem}",
        "the clients from Debian are ready",
        "the clients from PyPI are ready",
    ]


def test_a_machine_without_npm_and_apt_fetches_only_from_pypi(
    tool: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit status is 0 even if clients are required. PyPI needs no other program."""
    monkeypatch.setenv("GHDEPLOY_CLIENTS", "required")
    monkeypatch.setattr(tool, "from_pypi", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert tool.main() == 0
    assert capsys.readouterr().out.splitlines() == [
        "nothing was fetched from npm: node and npm are not installed",
        "nothing was fetched from Debian: this system is not like Debian",
        "the clients from PyPI are ready",
    ]
