"""The command ``ghdeploy``."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points, version

import pytest

from pytest_ghdeploy import cli, routing


def test_routes_lists_every_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    """`ghdeploy routes` shows method, path and operation id of each endpoint, aliases included, and nothing else."""
    assert cli.main(["routes"]) == 0
    listed = [tuple(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert sorted(listed) == sorted(
        (endpoint.method, path, name) for name, endpoint in routing.endpoints().items() for path in endpoint.paths
    )
    assert ("POST", "/repos/{owner}/{repo}/deployments", "repos/create-deployment") in listed
    assert ("GET", "/repos/{owner}/{repo}/statuses/{ref}", "repos/list-commit-statuses-for-ref") in listed


def test_routes_are_sorted_by_path_and_stand_in_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """`ghdeploy routes` is for reading: sorted by path, then method, in three columns."""
    cli.main(["routes"])
    lines = capsys.readouterr().out.splitlines()
    split = [line.split() for line in lines]
    keys = [(path, method) for method, path, _ in split]
    assert keys == sorted(keys)
    assert {(line.index(path), line.rindex(name)) for line, (_, path, name) in zip(lines, split, strict=True)} == {
        (7, 7 + max(len(path) for path, _ in keys) + 2)
    }


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    """`ghdeploy --version` names the distribution and its version."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"pytest-ghdeploy {version('pytest-ghdeploy')}\n"


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """`ghdeploy --help` says what the command is for and which sub-commands there are."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("usage: ghdeploy [-h] [--version]")
    assert "A stateful GitHub for deployments, for tests." in shown
    assert "routes list the endpoints that the fake answers, with GitHub's operation ids" in shown


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rutes"], "invalid choice: 'rutes' (choose from"),
        ([], "the following arguments are required: command"),
        (["routes", "--all"], "unrecognized arguments: --all"),
    ],
)
def test_a_wrong_call_says_what_there_is(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown command, and none at all, is refused with status 2 and the usage."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "routes" in captured.err or arguments[:1] == ["routes"]
    assert expected in captured.err


def test_the_console_script_is_this_command() -> None:
    """The distribution declares the script `ghdeploy`, and it runs."""
    (script,) = entry_points(group="console_scripts", name="ghdeploy")
    assert script.value == "pytest_ghdeploy.cli:main"
    code = "import sys; from pytest_ghdeploy.cli import main; sys.argv[0] = 'ghdeploy'; sys.exit(main())"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "routes"], capture_output=True, text=True, check=True
    )
    assert done.stdout == cli.routes() + "\n"
    assert done.stderr == ""
