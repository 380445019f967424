"""The command ``ghdeploy``."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.commands import cli, demo, run, serve
from pytest_ghdeploy.http import router
from pytest_ghdeploy.options import OPTIONS

if TYPE_CHECKING:
    from pytest_ghdeploy.commands.shutdown import Forwarding, Shutdown


def test_routes_lists_every_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    """`ghdeploy routes` prints the method, path and operation id of each endpoint and alias, and nothing else."""
    assert cli.main(["routes"]) == 0
    rows = [tuple(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert sorted(rows) == sorted(
        (endpoint.method, path, name) for name, endpoint in router.endpoints().items() for path in endpoint.paths
    )
    assert ("POST", "/repos/{owner}/{repo}/deployments", "repos/create-deployment") in rows
    assert ("GET", "/repos/{owner}/{repo}/statuses/{ref}", "repos/list-commit-statuses-for-ref") in rows


def test_routes_are_sorted_by_path_in_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """`ghdeploy routes` sorts by path, then method, and prints three columns."""
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
    """`ghdeploy --help` describes the command and its subcommands."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("usage: ghdeploy [-h] [--version]")
    assert "A stateful fake of GitHub deployments, for tests." in shown
    assert "routes list the endpoints that the fake implements, with GitHub's operation ids" in shown


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rutes"], "invalid choice: 'rutes' (choose from"),
        ([], "the following arguments are required: command"),
        (["routes", "--all"], "unrecognized arguments: --all"),
    ],
)
def test_an_invalid_command_line_prints_the_usage(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown or missing command exits with status 2 and prints the usage."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "routes" in captured.err or arguments[:1] == ["routes"]
    assert expected in captured.err


@pytest.mark.slow
def test_the_console_script_is_this_command() -> None:
    """The distribution declares the script `ghdeploy`, which runs this command."""
    (script,) = entry_points(group="console_scripts", name="ghdeploy")
    assert script.value == "pytest_ghdeploy.commands.cli:main"
    code = "import sys; from pytest_ghdeploy.commands.cli import main; sys.argv[0] = 'ghdeploy'; sys.exit(main())"
    process = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "routes"], capture_output=True, text=True, check=True
    )
    assert process.stdout == cli.routes() + "\n"
    assert process.stderr == ""


def help_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the output of `--help` on one line."""
    with pytest.raises(SystemExit) as stopped:
        cli.main([*arguments, "--help"])
    assert stopped.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def test_each_command_has_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    """It describes the command and its options."""
    shown = help_of(capsys)
    assert "serve run the fake GitHub on a port of 127.0.0.1" in shown
    assert "run run a command against its own fake GitHub" in shown
    assert "demo run the life cycle of a deployment and draw it" in shown
    assert "with GitHub's operation ids, in three columns." in help_of(capsys, "routes")
    assert "--mermaid draw a Mermaid sequence diagram" in help_of(capsys, "demo")
    shown = help_of(capsys, "serve")
    assert "Tests control it over HTTP below /_ghdeploy; GET /_ghdeploy lists the endpoints." in shown
    assert "--port N the port, or 0 for any free port (default: 8417)" in shown
    assert "and forget older ones (default: 1000)" in shown
    assert "status is that of the command, or 3 if that is 0 and something was missing" in help_of(capsys, "run")
    assert "if all of them together are larger (default: 67108864)" in shown


@pytest.mark.parametrize("command", [[], ["routes"], ["serve"], ["run"], ["demo"]])
def test_the_help_of_each_command_has_examples(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """Each example is a command whose options exist, and no line is wider than a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main([*command, "--help"])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 79

    examples = shown.partition("examples:\n")[2].splitlines()
    assert examples
    for example in examples:
        program, *arguments = shlex.split(re.split("[|>]", example)[0])
        assert program == "ghdeploy"
        assert cli._parser().parse_args(arguments).command == (command or arguments)[0]


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_command_has_every_option_of_the_fake(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ini option is a command-line option, with dashes in its name and the same help text."""
    shown = help_of(capsys, command)
    for name, option in OPTIONS.items():
        flag = name.replace("_", "-")
        usage = f"--{flag}, --no-{flag}" if option.default == "true" else f"--{flag} {option.value}".rstrip()
        assert f" {usage} {option.meaning}" in shown


def test_serve_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option reaches the server. Options left out have the fake's defaults."""
    seen: list[serve.Settings] = []

    def run(settings: serve.Settings, _: Shutdown) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setattr(serve, "run", run)
    assert cli.main(["serve"]) == 0
    own = ["--port", "5", "--tls", "--proxy", "--seed", "a", "--seed", "b", "--env-file", "e", "--quiet"]
    own += ["--keep", "7", "--keep-bytes", "9", "--allow-host", "a.test", "--allow-host", "b.test"]
    fakes = ["--payload-limit", "0", "--short-shas", "--base-url", "https://h/api/v3", "--no-null-is-absent"]
    assert cli.main(["serve", *own, *fakes, "--branch-policy-redirect", "policy"]) == 0
    fake = {"payload_limit": 0, "short_shas": True, "base_url": "https://h/api/v3", "null_is_absent": False}
    fake["branch_policy_redirect"] = "policy"
    assert seen == [
        serve.Settings(seeds=[], allow_hosts=[]),
        serve.Settings(5, True, ["a", "b"], "e", True, 7, 9, ["a.test", "b.test"], fake, True),  # noqa: FBT003
    ]


def test_run_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before -- reach the server, on a free port. Everything after it is the command."""
    seen: list[tuple[serve.Settings, list[str]]] = []

    def note(settings: serve.Settings, command: list[str], _: Forwarding) -> int:
        seen.append((settings, command))
        return 7

    monkeypatch.setattr(run, "run", note)
    assert cli.main(["run", "--", "npm", "test", "--", "--tls"]) == 7
    assert cli.main(["run", "--tls", "--proxy", "--seed", "a", "--quiet", "--short-shas", "--", "make"]) == 7
    everything = serve.Settings(0, tls=True, seeds=["a"], quiet=True, fake={"short_shas": True}, proxy=True)
    assert seen == [(serve.Settings(0, seeds=[]), ["npm", "test", "--", "--tls"]), (everything, ["make"])]


@pytest.mark.parametrize("arguments", [[], ["--"], ["--tls", "--"]])
def test_run_needs_a_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 2, and the usage is printed."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(["run", *arguments])
    assert stopped.value.code == 2
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--keep", "0"], "argument --keep: '0' is not a whole number of 1 or more"),
        (["--keep-bytes", "0"], "argument --keep-bytes: '0' is not a whole number of 1 or more"),
        (["--keep", "x"], "argument --keep: 'x' is not a whole number of 1 or more"),
        (["--port", "x"], "argument --port: invalid int value: 'x'"),
    ],
)
def test_serve_refuses_invalid_numbers(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 2, and the usage is printed."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(["serve", *arguments])
    assert stopped.value.code == 2
    assert expected in capsys.readouterr().err


def test_the_demo_draws_a_life_cycle(capsys: pytest.CaptureFixture[str]) -> None:
    """The deployment is refused, created, delivered, reported and made inactive, in this order."""
    assert cli.main(["demo"]) == 0
    drawn = capsys.readouterr().out
    assert drawn.splitlines()[0] == "  ci[bot]   octocat   deploy-service[bot]  GitHub    deploy_service"
    steps = ['409 Conflict "Conflict: Commit status checks failed for topic." [ci/tests: pending]', "hint: 734ea46, "]
    steps += ["201 Created id 4442074271, environment staging, ref topic", "deployment delivered: 200 OK"]
    steps += ["state in_progress", "state success", "201 Created id 4442074278", "deployment delivered: 200 OK"]
    steps += ["200 OK 3 items", "200 OK id 12690168107, state inactive, environment staging"]
    place = 0
    for text in steps:
        assert text in drawn[place:], text
        place = drawn.index(text, place) + len(text)
    cli.main(["demo"])
    assert capsys.readouterr().out == drawn
    assert "the-token" not in drawn


def test_the_demo_can_be_drawn_as_mermaid(capsys: pytest.CaptureFixture[str]) -> None:
    """The Mermaid diagram has the same participants."""
    assert cli.main(["demo", "--mermaid"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:6] == [
        "sequenceDiagram",
        "    actor P0 as ci[bot]",
        "    actor P1 as octocat",
        "    actor P2 as deploy-service[bot]",
        "    participant P3 as GitHub",
        "    actor P4 as deploy_service",
    ]
    assert lines[-1] == "    P3-->>P1: 200 OK id 12690168107, state inactive, environment staging"


@pytest.mark.slow
def test_the_package_runs_as_the_command() -> None:
    """`python -m pytest_ghdeploy demo` works without a network."""
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    process = subprocess.run(
        [sys.executable, "-m", "pytest_ghdeploy", "demo"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
        env=environment,
    )
    assert (process.stdout, process.stderr) == (demo.run() + "\n", "")


COMMAND = (sys.executable, "-m", "pytest_ghdeploy")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX pipes")
@pytest.mark.parametrize("command", ["routes", "demo", "--version"])
def test_a_closed_pipe_ends_the_command_quietly(command: str) -> None:
    """`ghdeploy routes | head -1` prints no traceback. Its exit status is that of SIGPIPE."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = subprocess.run([*COMMAND, command], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    finally:
        os.close(writing)
    assert (process.returncode, process.stderr) == (141, "")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("command", ["routes", "demo", "--version"])
def test_unwritable_output_is_a_message_and_status_2(command: str) -> None:
    """For example, the disk is full."""
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        process = subprocess.run([*COMMAND, command], stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    message = "ghdeploy: cannot write to standard output: No space left on device\n"
    assert (process.returncode, process.stderr) == (2, message)


def test_ctrl_c_ends_a_command_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is that of SIGINT in a shell."""

    def interrupted() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "routes", interrupted)
    assert cli.main(["routes"]) == 130
    assert capsys.readouterr() == ("", "")
