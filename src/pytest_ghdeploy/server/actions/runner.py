"""Running the steps of a JavaScript action under Node, in a temporary folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.redaction.names import kind_of
from pytest_ghdeploy.server.actions import job as jobs, metadata
from pytest_ghdeploy.server.actions.commands import Report
from pytest_ghdeploy.server.actions.inputs import Contexts, check_text, variables as input_variables
from pytest_ghdeploy.server.actions.result import ActionRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.http.fake import Fake
    from pytest_ghdeploy.redaction.secrets import Secrets
    from pytest_ghdeploy.server.actions.metadata import Metadata

_FILES = {
    "output": "GITHUB_OUTPUT",
    "state": "GITHUB_STATE",
    "env": "GITHUB_ENV",
    "path": "GITHUB_PATH",
    "summary": "GITHUB_STEP_SUMMARY",
}
# Programs on Windows do not start without these.
_OF_WINDOWS = ("COMSPEC", "PATHEXT", "SYSTEMDRIVE", "SYSTEMROOT", "WINDIR")
_LAST_LINES = 10
# A shorter value is too likely to appear in ordinary words.
_SHORTEST_SECRET = 4
# The values of inputs such as use-token.
_SWITCHES = ("true", "false")
_NODE_SECONDS = 60


class About(NamedTuple):
    """What an action is run with: see ``LiveServer.run_action``."""

    inputs: object
    event: object
    event_name: str | None
    env: object


def run(
    fake: Fake,
    served: Mapping[str, str],
    path: str | os.PathLike[str],
    about: About,
    steps: Sequence[str],
    timeout: float,
) -> ActionRun:
    """
    Run an action: see ``LiveServer.run_action``.

    Args:
        served: The variables that lead clients to a live server of *fake*.
    """
    action = metadata.read(path)
    chosen = _checked_steps(action, steps)
    own = _checked_env(about.env)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        msg = f"timeout must be a number of seconds above 0, got {timeout!r}"
        raise FakeError(msg, argument="timeout")
    store = fake.store
    with store.outbox, store.lock, store.changes:
        job = jobs.job_of(store, about.event, about.event_name, own.get("GITHUB_REPOSITORY", ""))
        actor = store.default_user.login
    variables = {**served, **jobs.variables(job, actor)}
    node = _node()
    with tempfile.TemporaryDirectory(prefix="ghdeploy-action-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        variables |= _folders(folder)
        payload = jobs.at_server(job.payload, store.urls, served["GITHUB_API_URL"])
        (folder / "event.json").write_text(json.dumps(payload, indent=2), "utf-8")
        variables["GITHUB_EVENT_PATH"] = str(folder / "event.json")
        variables |= own
        contexts = Contexts(variables, payload)
        variables |= input_variables(action, about.inputs, contexts) | own
        report = Report(_secrets_in(variables, fake.secrets))
        exit_status = 0
        for step in chosen:
            condition = "success()" if step == "main" else action.conditions.get(step, "always()")
            if _applies(condition, failed=exit_status != 0):
                contexts.job_status = "failure" if exit_status else "success"
                variables |= input_variables(action, about.inputs, contexts) | own
                script = action.scripts[step]
                status = _run_step([node, str(script)], folder, variables, report, timeout, fake.secrets)
                exit_status = exit_status or status
    return ActionRun(
        outputs=report.outputs,
        state=report.state,
        summary=fake.secrets.redact(report.summary),
        log=fake.secrets.redact(report.log),
        exit_status=exit_status,
        annotations=fake.secrets.redact_value(report.annotations),
        env=report.env,
        paths=report.paths,
    )


def _checked_steps(action: Metadata, steps: object) -> list[str]:
    if not isinstance(steps, (list, tuple)) or not steps:
        msg = f'steps must be a list of steps, such as ["main", "post"]; got {steps!r}'
        raise FakeError(msg, argument="steps")
    for step in steps:
        if step not in metadata.STEPS:
            raise errors.unknown("step", step, metadata.STEPS, argument="steps")
        if step not in action.scripts:
            msg = f"the action has no {step}: {action.file} has {', '.join(action.scripts)}"
            raise FakeError(msg, argument="steps")
    ordered = [step for step in metadata.STEPS if step in steps]
    if ordered != list(steps):
        msg = f"steps must be in the order of the runner, {', '.join(ordered)}; got {', '.join(steps)}"
        raise FakeError(msg, argument="steps")
    return ordered


def _checked_env(env: object) -> dict[str, str]:
    if env is None:
        return {}
    if not isinstance(env, Mapping):
        msg = f"env must be a mapping of names to strings, got {errors.kind_of(env)}"
        raise FakeError(msg, argument="env")
    copied = {}
    for name, value in env.items():
        if not isinstance(name, str) or not name or "=" in name:
            msg = f"env has the invalid name {name!r}"
            raise FakeError(msg, argument="env")
        if not isinstance(value, str):
            msg = f"the variable {name} must be a string, got {errors.kind_of(value)}"
            raise FakeError(msg, argument="env")
        copied[name] = check_text(f"the variable {name}", value, "env")
    return copied


def _secrets_in(variables: Mapping[str, str], secrets: Secrets) -> list[str]:
    """List the values of variables whose names mark secrets, such as ``INPUT_TOKEN``, and let the fake hide them."""
    known = {
        name: value
        for name, value in variables.items()
        if kind_of(name) == "known" and len(value) >= _SHORTEST_SECRET and value not in _SWITCHES
    }
    for name, value in known.items():
        secrets.learn(name, value)
    return list(known.values())


def _folders(folder: Path) -> dict[str, str]:
    """Create the folders of a runner below *folder*, and name them as it does. The action also gets its home there."""
    made = {
        "GITHUB_WORKSPACE": folder / "work" / "workspace",
        "RUNNER_WORKSPACE": folder / "work",
        "RUNNER_TEMP": folder / "temp",
        "RUNNER_TOOL_CACHE": folder / "tools",
        "HOME": folder / "home",
    }
    for path in made.values():
        path.mkdir(parents=True, exist_ok=True)
    names = {name: str(path) for name, path in made.items()}
    names |= dict.fromkeys(("TEMP", "TMP", "TMPDIR"), names["RUNNER_TEMP"])
    if sys.platform == "win32":
        names["USERPROFILE"] = names["HOME"]
    return names


def _applies(condition: str, *, failed: bool) -> bool:
    """
    Evaluate the condition of a step: a status function, in an expression or alone.

    The fake cannot evaluate other conditions. The step then runs, since the test asks for it.
    """
    function = condition.strip().removeprefix("${{").removesuffix("}}").strip().lower()
    return {"success()": not failed, "failure()": failed, "cancelled()": False}.get(function, True)


# Node


def _node() -> str:
    found = shutil.which("node")
    if not found:
        msg = "running an action needs Node, and there is no node on PATH"
        raise FakeError(msg, see="an-action-that-cannot-be-run")
    return _program_of(found)


@lru_cache(8)
def _program_of(found: str) -> str:
    """
    Ask Node for its own path.

    The node on PATH may be a version manager's script, which needs the user's home. The action has its own home.
    """
    command = [found, "--print", "process.execPath"]
    done = subprocess.run(  # noqa: S603 - a fixed command
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_NODE_SECONDS
    )
    if done.returncode or not done.stdout.strip():
        msg = f"running an action needs Node, and {found} does not start: {(done.stderr or done.stdout).strip()}"
        raise FakeError(msg, see="an-action-that-cannot-be-run")
    return done.stdout.strip()


def _run_step(
    command: list[str], folder: Path, variables: Mapping[str, str], report: Report, timeout: float, secrets: Secrets
) -> int:
    """Run a step and add to *report*. Return its exit status."""
    files = {name: Path(tempfile.mkdtemp(dir=folder), name) for name in _FILES}
    for path in files.values():
        path.touch()
    environment = {name: os.environ[name] for name in _OF_WINDOWS if name in os.environ}
    environment |= {"LANG": "C.UTF-8", "PATH": os.environ.get("PATH", "")}
    # A step cannot export what the runner sets for every step.
    environment |= {**report.env, **variables}
    environment |= {f"STATE_{name}": value for name, value in report.state.items()}
    environment |= {variable: str(files[name]) for name, variable in _FILES.items()}
    folders = [*reversed(report.paths), str(Path(command[0]).parent), environment["PATH"]]
    environment["PATH"] = os.pathsep.join(folders)
    status, output = _run_program(command, environment, folder / "output", timeout)
    report.read_output(output)
    if status is None:
        lines = secrets.redact("\n".join(report.log.splitlines()[-_LAST_LINES:]))
        msg = f"the action did not finish within {timeout:g} s (timeout). The last lines of its log:\n{lines}"
        raise FakeError(msg, see="an-action-that-cannot-be-run")
    report.read_files(**{name: path.read_text("utf-8", "replace") for name, path in files.items()})
    return status or int(report.failed)


def _run_program(
    command: list[str], environment: Mapping[str, str], log: Path, timeout: float
) -> tuple[int | None, str]:
    """Run a program, and stop everything that it has started. The exit status is ``None`` if it ran for too long."""
    status = None
    # Into a file, as a program left running in the background would keep a pipe open.
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the action under test
            command,
            cwd=environment["GITHUB_WORKSPACE"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=sys.platform != "win32",
        )
        try:
            with suppress(subprocess.TimeoutExpired):
                status = process.wait(timeout)
        finally:
            _end(process)
    return status, log.read_text("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
