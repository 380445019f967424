"""
`run_action`: JavaScript actions under Node, with GitHub's own toolkit and without.

`make clients` fetches the toolkit; where it is not there its tests are skipped, or fail: see `fetched`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fetched
import pytest
from rows import Rows

from pytest_ghdeploy import FakeError, UnsupportedRequest
from pytest_ghdeploy.errors import with_page
from pytest_ghdeploy.server.actions import runner

if TYPE_CHECKING:
    from pytest_ghdeploy import ActionRun, FakeGitHub, LiveServer

pytestmark = pytest.mark.slow

NO_ACTION = "an-action-that-cannot-be-run"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes an action: its metadata but for ``runs``, and the script of each step."""
    fetched.program("node")

    def write(metadata: str = "", conditions: str = "", **scripts: str) -> Path:
        folder = tmp_path / "action"
        folder.mkdir(exist_ok=True)
        runs = "".join(f"  {step}: {step}.js\n" for step in scripts)
        (folder / "action.yml").write_text(f"{metadata}runs:\n  using: node20\n{runs}{conditions}", "utf-8")
        for step, script in scripts.items():
            (folder / f"{step}.js").write_text(script, "utf-8")
        return folder

    return write


# With GitHub's toolkit

INPUTS = """\
name: Deploy
inputs:
  token: {required: true, default: "${{ github.token }}"}
  environment: {default: staging}
  dry-run: {default: false}
outputs:
  deployment-id: {description: The deployment}
"""
REPORT = """
const core = require("@actions/core");
const github = require("@actions/github");

async function main() {
  const octokit = github.getOctokit(core.getInput("token", { required: true }));
  const { deployment } = github.context.payload;
  core.info(`deploying ${github.context.ref} at ${github.context.sha} with ${core.getInput("token")}`);
  const { data } = await octokit.rest.repos.createDeploymentStatus({
    ...github.context.repo, deployment_id: deployment.id, state: "in_progress",
  });
  const answer = await octokit.request(`POST ${deployment.statuses_url}`, { state: "success" });
  core.setSecret("s3cret-of-the-host");
  core.info("connected with s3cret-of-the-host");
  core.setOutput("status", data.state);
  core.setOutput("lines", "one\\ntwo");
  core.setOutput("states", [data.state, answer.data.state]);
  core.saveState("deployment", deployment.id);
  core.exportVariable("DEPLOYED_TO", deployment.environment);
  core.addPath("/opt/deployer");
  core.warning("no health check", { title: "Health", file: "deploy.yml", startLine: 3 });
  await core.summary.addHeading("Deployed").addRaw(deployment.environment).write();
}
main().catch((error) => core.setFailed(error));
"""
CLEAN_UP = """
const core = require("@actions/core");
core.info(`clean up ${core.getState("deployment")} of ${process.env.DEPLOYED_TO}`);
core.setOutput("path", process.env.PATH.split(":")[0]);
core.saveState("cleaned", true);
"""


def with_toolkit(folder: Path) -> Path:
    """Let an action find the packages of GitHub's toolkit."""
    for package in ("@actions/core", "@actions/github"):
        modules = fetched.from_npm(package).parents[1]
    (folder / "node_modules").symlink_to(modules)
    return folder


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_deployment_event_runs_an_action(
    ghdeploy: FakeGitHub,
    ghdeploy_server: LiveServer,
    write: Write,
    tls: bool,  # noqa: FBT001
) -> None:
    """The toolkit finds event, repository, ref and token; URLs in the event reach the fake; post gets the state."""
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_branch("topic")
    ghdeploy.add_token("a-token-for-actions")
    deployment = repo.add_deployment(ref="topic", environment="qa")
    server = ghdeploy_server(tls=True) if tls else ghdeploy_server
    action = with_toolkit(write(INPUTS, main=REPORT, post=CLEAN_UP))

    run = server.run_action(action, event=ghdeploy.events[-1], steps=("main", "post"))

    assert repr(run) == "<ActionRun exit status 0>", run.log
    assert run.outputs == {
        "status": "in_progress",
        "lines": "one\ntwo",
        "states": '["in_progress","success"]',
        "path": "/opt/deployer",
    }
    assert run.state == {"deployment": str(deployment.id), "cleaned": "true"}
    assert (run.env, run.paths) == ({"DEPLOYED_TO": "qa"}, ["/opt/deployer"])
    assert run.summary == "<h1>Deployed</h1>\nqa"
    warning = {"level": "warning", "message": "no health check", "title": "Health", "file": "deploy.yml", "line": "3"}
    assert run.annotations == [warning]
    assert run.log.splitlines() == [
        f"deploying refs/heads/topic at {deployment.sha} with ***",
        "::add-mask::***",
        "connected with ***",
        "::warning title=Health,file=deploy.yml,line=3::no health check",
        f"clean up {deployment.id} of qa",
    ]
    assert [status.state for status in deployment.statuses] == ["success", "in_progress"]
    assert all("octokit" in request.request_headers["User-Agent"] for request in ghdeploy.requests)


PREVIEW = """
const core = require("@actions/core");
const { context, getOctokit } = require("@actions/github");

async function main() {
  const { repos } = getOctokit(core.getInput("token")).rest;
  const { pull_request } = context.payload;
  if (core.getBooleanInput("dry-run")) return core.notice(`would deploy ${context.ref}`);
  const { data } = await repos.createDeployment({
    ...context.repo, ref: pull_request.head.sha, environment: `${core.getInput("environment")}-${context.issue.number}`,
    transient_environment: true, required_contexts: [], auto_merge: false,
  });
  core.setOutput("deployment-id", data.id);
  await repos.createDeploymentStatus({ ...context.repo, deployment_id: data.id, state: "success" });
}
main().catch((error) => core.setFailed(error));
"""


def test_a_payload_of_a_pull_request(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write) -> None:
    """Its action deploys the head of the pull request, and a dry run deploys nothing."""
    repo = ghdeploy.add_repository("octocat/example")
    sha = repo.add_branch("topic")
    payload = {
        "action": "opened",
        "pull_request": {"number": 7, "head": {"ref": "topic", "sha": sha}, "base": {"ref": "main"}},
    }
    action = with_toolkit(write(INPUTS, main=PREVIEW))

    def run(**inputs: object) -> ActionRun:
        return ghdeploy_server.run_action(action, inputs=inputs, event=payload, event_name="pull_request")  # type: ignore[arg-type]

    assert run(**{"dry-run": True}).annotations == [{"level": "notice", "message": "would deploy refs/pull/7/merge"}]
    assert not ghdeploy.requests
    outputs = run(environment="preview").outputs
    event = ghdeploy.assert_event("deployment_status", state="success", environment="preview-7")
    assert outputs == {"deployment-id": str(event.payload["deployment"]["id"])}
    assert event.payload["deployment"]["sha"] == sha


def test_an_action_that_fails(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write) -> None:
    """`setFailed` is the exit status 1, with GitHub's message as an error. A test that compares it shows the error."""
    ghdeploy.add_repository("octocat/example").add_commit_status("main", state="failure", context="ci")
    payload = {"pull_request": {"number": 7, "head": {"sha": "topic"}}}
    action = with_toolkit(write(INPUTS, main=PREVIEW))

    run = ghdeploy_server.run_action(action, event=payload, event_name="pull_request")

    (error,) = run.annotations
    assert error["message"].startswith("HttpError: No ref found for: topic")
    assert repr(run) == f"<ActionRun exit status 1, error: {error['message']}>"
    assert (run.outputs, run.exit_status) == ({}, 1)


def test_a_missing_input_is_empty_if_the_test_says_so(
    ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write
) -> None:
    """The toolkit's message is the error of the action."""
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_deployment(ref="main")
    action = with_toolkit(write(INPUTS, main=REPORT))
    run = ghdeploy_server.run_action(action, inputs={"token": ""}, event=ghdeploy.events[-1])
    assert run.annotations == [{"level": "error", "message": "Error: Input required and not supplied: token"}]


HARD_CODED = """
const { HttpClient } = require("@actions/http-client");
new HttpClient("deploy").get("https://api.github.com/repos/octocat/example").then(
  async (answer) => console.log(JSON.parse(await answer.readBody()).url)
);
"""


def test_an_action_that_always_calls_github(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write) -> None:
    """It reaches the fake if the server is a proxy."""
    ghdeploy.add_repository("octocat/example")
    server = ghdeploy_server(proxy=True)
    run = server.run_action(with_toolkit(write(main=HARD_CODED)))
    assert run.log == "https://api.github.com/repos/octocat/example\n"
    assert [request.status for request in ghdeploy.requests] == [200]


def test_an_endpoint_that_the_fake_lacks_fails_the_test(
    ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write
) -> None:
    """Even if the action swallows the error."""
    action = write(main="fetch(`${process.env.GITHUB_API_URL}/emojis`).then((answer) => console.log(answer.status));")
    assert ghdeploy_server.run_action(action).log == "501\n"
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


# The runner

SHOW = "console.log(JSON.stringify({ ...process.env, cwd: process.cwd() }));"


def shown(run: ActionRun) -> dict[str, str]:
    """Read the environment that the action has printed."""
    assert run.exit_status == 0, run.log
    shown: dict[str, str] = json.loads(run.log.splitlines()[-1])
    return shown


def test_the_environment_of_an_action(
    ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the variables of a job and of the server, and of the test's process only PATH."""
    repo = ghdeploy.add_repository("octocat/example")
    monkeypatch.setenv("MY_OWN_VARIABLE", "x")
    monkeypatch.setenv("NODE_OPTIONS", "--max-old-space-size=512")
    monkeypatch.setenv("GITHUB_REF", "refs/heads/of-the-ci-of-the-test")

    env = shown(ghdeploy_server.run_action(write(main=SHOW)))

    assert not {"MY_OWN_VARIABLE", "NODE_OPTIONS"} & set(env)
    served = ghdeploy_server.env
    assert {name: env[name] for name in served if "TOKEN" not in name} == {
        name: value for name, value in served.items() if "TOKEN" not in name
    }
    assert (env["GITHUB_REF"], env["GITHUB_SHA"]) == ("refs/heads/main", repo.sha("main"))
    assert env["PATH"].endswith(os.environ["PATH"])
    files = ("OUTPUT", "STATE", "ENV", "PATH", "STEP_SUMMARY", "EVENT_PATH")
    folders = ("HOME", "TMPDIR", "RUNNER_TEMP", "RUNNER_TOOL_CACHE", "RUNNER_WORKSPACE", "GITHUB_WORKSPACE")
    assert env["cwd"] == env["GITHUB_WORKSPACE"]
    for name in [*(f"GITHUB_{file}" for file in files), *folders]:
        assert "ghdeploy-action-" in env[name]
        assert not Path(env[name]).exists()
    assert set(env) >= {"CI", "GITHUB_ACTIONS", "GITHUB_JOB", "GITHUB_RUN_ID", "RUNNER_OS", "GITHUB_WORKFLOW"}


def test_own_variables_win(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write, tmp_path: Path) -> None:
    """Over those of the job. With a workspace of its own, the action finds the test's files."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_repository("octocat/other")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    own = {
        "GITHUB_REPOSITORY": "octocat/other",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_TOKEN": "a-token-of-its-own",
        "INPUT_X": "y",
        "DEPLOY_KEY": "a-key-of-the-host",
        "HOME": "/nonexistent",
    }
    inputs = 'inputs: {x: {default: z}, token: {default: "${{ github.token }}"}}\n'
    script = f'console.log(process.env.INPUT_TOKEN);\n{SHOW}\nrequire("fs").writeFileSync("built.txt", "");'

    run = ghdeploy_server.run_action(write(inputs, main=script), env=own)

    env = shown(run)
    assert {name: env[name] for name in own} == own | dict.fromkeys(("GITHUB_TOKEN", "DEPLOY_KEY"), "[redacted]")
    assert (env["GITHUB_REPOSITORY_OWNER"], run.log.splitlines()[0]) == ("octocat", "***")
    assert env["cwd"] == str(workspace)
    assert (workspace / "built.txt").exists()


def test_secrets_by_their_names(ghdeploy_server: LiveServer, write: Write) -> None:
    """Inputs and variables with such names are masked, but not a switch, and not a value of three letters."""
    inputs = "inputs: {password: {}, use-token: {}, otp: {}}\n"
    script = "console.log('hunter2', 'of-the-host', process.env['INPUT_USE-TOKEN'], process.env.INPUT_OTP)"
    run = ghdeploy_server.run_action(
        write(inputs, main=script),
        inputs={"password": "hunter2", "use-token": True, "otp": 123},
        env={"SSH_KEY": "of-the-host"},
    )
    assert run.log == "*** *** true 123\n"


def test_the_files_of_a_step(ghdeploy_server: LiveServer, write: Write) -> None:
    """Each step has new ones. Exported variables and state reach later steps, but cannot replace the runner's own."""
    script = """
    const fs = require("fs");
    const add = (name, text) => fs.appendFileSync(process.env[`GITHUB_${name}`], text);
    add("ENV", "A=1\\nGITHUB_REF=x\\n");
    add("STATE", "some name=2\\n");
    add("OUTPUT", "a=1\\nb=1\\n");
    add("STEP_SUMMARY", "# One\\n");
    add("PATH", "/one\\n/two\\n");
    console.log("::save-state name=old::3");
    """
    post = f"""
    const fs = require("fs");
    fs.appendFileSync(process.env.GITHUB_OUTPUT, "b=" + fs.readFileSync(process.env.GITHUB_OUTPUT).length + "\\n");
    fs.appendFileSync(process.env.GITHUB_STEP_SUMMARY, "# Two\\n");
    {SHOW}
    """
    run = ghdeploy_server.run_action(write(pre=script, main="", post=post), steps=["pre", "main", "post"])

    assert (run.outputs, run.summary) == ({"a": "1", "b": "0"}, "# One\n# Two\n")
    assert run.env == {"A": "1", "GITHUB_REF": "x"}
    env = shown(run)
    assert (env["A"], env["GITHUB_REF"], env["STATE_some name"], env["STATE_old"]) == ("1", "", "2", "3")
    assert env["PATH"].startswith("/two:/one:")


FAIL, PASS = "console.log('{}'); process.exitCode = 7;", "console.log('{}');"


def test_the_steps_that_run(ghdeploy_server: LiveServer, write: Write) -> None:
    """Main does not run after a failed pre. The conditions of pre and post decide, if they are status functions."""
    with Rows() as rows:
        for failing, conditions, printed, status in [
            ("", "", "pre main post", 0),
            ("main", "", "pre main post", 7),
            ("pre", "", "pre post", 7),
            ("post", "", "pre main post", 7),
            ("", "  post-if: success()", "pre main post", 0),
            ("main", "  post-if: success()", "pre main", 7),
            ("", "  post-if: ${{ failure() }}", "pre main", 0),
            ("main", "  post-if: Failure()", "pre main post", 7),
            ("main", "  post-if: always()", "pre main post", 7),
            ("", "  post-if: cancelled()", "pre main", 0),
            ("", "  pre-if: failure()", "main post", 0),
            ("", "  post-if: runner.os == 'none'", "pre main post", 0),
        ]:
            with rows.row(failing, conditions):
                steps = ("pre", "main", "post")
                scripts = {step: (FAIL if step == failing else PASS).format(step) for step in steps}
                run = ghdeploy_server.run_action(write("", conditions, **scripts), steps=steps)
                assert (run.log.split(), run.exit_status) == (printed.split(), status)
    run = ghdeploy_server.run_action(write(main=FAIL.format("main"), post=PASS.format("post")), steps=["post"])
    assert (run.log, run.exit_status) == ("post\n", 0)


def test_post_gets_the_status_of_the_job(ghdeploy_server: LiveServer, write: Write) -> None:
    """The default `${{ job.status }}` is evaluated for each step, since main may fail."""
    inputs = "inputs: {status: {default: '${{ job.status }}'}}\n"
    print_status = "console.log(process.env.INPUT_STATUS);"
    for failing, printed in (("", "success success"), ("process.exitCode = 1;", "success failure")):
        action = write(inputs, main=f"{print_status} {failing}", post=print_status)
        assert ghdeploy_server.run_action(action, steps=["main", "post"]).log.split() == printed.split()


def test_a_step_fails_if_the_runner_cannot_process_what_it_wrote(ghdeploy_server: LiveServer, write: Write) -> None:
    """Although Node has ended without an error."""
    run = ghdeploy_server.run_action(
        write(main="require('fs').writeFileSync(process.env.GITHUB_OUTPUT, 'deployment 7')")
    )
    messages = ["Unable to process file command 'output' successfully.", "Invalid format 'deployment 7'"]
    assert [each["message"] for each in run.annotations] == messages
    assert run.exit_status == 1


def test_a_script_that_crashes_shows_its_stack(ghdeploy_server: LiveServer, write: Write) -> None:
    """Standard error is part of the log. Modules of JavaScript work too."""
    folder = write(main="import fs from 'node:fs';\nconsole.error(typeof fs);\nthrow new Error('no more');")
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    run = ghdeploy_server.run_action(folder)
    assert run.exit_status == 1
    assert run.log.startswith("object\n")
    assert "Error: no more\n    at " in run.log


def is_running(process: int) -> bool:
    """Return whether a process runs, and is not only waiting to be reaped."""
    try:
        return " Z" not in Path(f"/proc/{process}/stat").read_text("utf-8")
    except OSError:
        return False


BACKGROUND = """
const child = require("child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
console.log(child.pid);
child.unref();
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
@pytest.mark.parametrize(("rest", "timeout"), [("process.exit();", 60), ("setInterval(() => {}, 1000);", 1)])
def test_no_program_is_left_running(ghdeploy_server: LiveServer, write: Write, rest: str, timeout: float) -> None:
    """Neither a program in the background of an action, nor one of an action that was ended."""
    try:
        printed = ghdeploy_server.run_action(write(main=BACKGROUND + rest), timeout=timeout).log
    except FakeError as problem:
        printed = str(problem).rpartition(":\n")[2].partition(".")[0].split()[0]
    end = time.monotonic() + 10
    while is_running(int(printed)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(int(printed))


def test_an_action_that_hangs_is_ended(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, write: Write) -> None:
    """The error has the last lines of its log, without secrets."""
    ghdeploy.add_token("a-token-for-actions")
    script = """
    for (let n = 0; n < 12; n++) console.log(`line ${n} ${process.env.GITHUB_TOKEN}`);
    setInterval(() => {}, 1000);
    """
    with pytest.raises(FakeError) as caught:
        ghdeploy_server.run_action(write(main=script), timeout=1)
    lines = "\n".join(f"line {number} ***" for number in range(2, 12))
    message = f"the action did not finish within 1 s (timeout). The last lines of its log:\n{lines}"
    assert str(caught.value) == with_page(message, NO_ACTION)


def test_without_node_the_error_says_so(
    ghdeploy_server: LiveServer, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Likewise if the node on PATH does not start, as with a version manager that has no version."""
    action = write(main="")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FakeError) as caught:
        ghdeploy_server.run_action(action)
    assert str(caught.value) == with_page("running an action needs Node, and there is no node on PATH", NO_ACTION)

    shim = tmp_path / "node"
    shim.write_text("#!/bin/sh\necho no version is set >&2\nexit 1\n", "utf-8")
    shim.chmod(0o755)
    with pytest.raises(FakeError) as caught:
        ghdeploy_server.run_action(action)
    message = f"running an action needs Node, and {shim} does not start: no version is set"
    assert str(caught.value) == with_page(message, NO_ACTION)


def test_the_home_of_a_version_manager_is_not_needed(
    ghdeploy_server: LiveServer, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script on PATH that finds Node by the user's home is asked once, and Node itself runs the action."""
    node = fetched.program("node")
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin" / "node"
    shim.write_text(f'#!/bin/sh\ntest "$HOME" = /home/of-the-user && exec "{node}" "$@"\nexit 1\n', "utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("HOME", "/home/of-the-user")
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    assert ghdeploy_server.run_action(write(main="console.log(1)")).log == "1\n"
    assert runner._program_of(str(shim)) != str(shim)


def test_wrong_arguments_are_refused(ghdeploy_server: LiveServer, write: Write) -> None:
    """Nothing has run. Each error names its argument."""
    action = write(main="", post="")
    with Rows() as rows:
        for argument, value, message in [
            ("path", "/nonexistent", "no action at /nonexistent: it has neither action.yml nor action.yaml"),
            ("steps", "main", 'steps must be a list of steps, such as ["main", "post"]; got \'main\''),
            ("steps", [], 'steps must be a list of steps, such as ["main", "post"]; got []'),
            ("steps", ["mian"], "unknown step 'mian'; known: main, pre, post"),
            ("steps", ["pre"], f"the action has no pre: {action / 'action.yml'} has main, post"),
            (
                "steps",
                ["post", "main"],
                "steps must be in the order of the runner, main, post; got post, main",
            ),
            (
                "steps",
                ["main", "main"],
                "steps must be in the order of the runner, main; got main, main",
            ),
            ("timeout", 0, "timeout must be a number of seconds above 0, got 0"),
            ("timeout", True, "timeout must be a number of seconds above 0, got True"),
            ("timeout", "1", "timeout must be a number of seconds above 0, got '1'"),
            ("env", ["A"], "env must be a mapping of names to strings, got a list"),
            ("env", {"A": 1}, "the variable A must be a string, got a number"),
            ("env", {"A=": "1"}, "env has the invalid name 'A='"),
            ("env", {"": "1"}, "env has the invalid name ''"),
            (
                "env",
                {"A": "\0"},
                "the variable A cannot be passed to a program: it has a null character or a lone surrogate",
            ),
            ("inputs", {"x": 1}, "unknown input 'x'; known: none"),
            ("event", 7, "event must be one of ghdeploy.events or a payload, got a number"),
        ]:
            with rows.row(argument, value):
                arguments: dict[str, Any] = {"path": action, argument: value}
                with pytest.raises(FakeError) as caught:
                    ghdeploy_server.run_action(arguments.pop("path"), **arguments)
                assert (caught.value.argument, str(caught.value)) == (argument, message)
