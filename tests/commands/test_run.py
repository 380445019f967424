"""The command `ghdeploy run`, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.commands.run import Findings, run as run_command
from pytest_ghdeploy.commands.serve import Settings
from pytest_ghdeploy.commands.shutdown import Forwarding

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-seed"  # noqa: S105 - not a real token
CLIENT = """
import json, os, sys, urllib.error, urllib.request

def send(verb, path, **body):
    data = json.dumps(body).encode() if body else None
    headers = {"Authorization": "Bearer " + os.environ["GITHUB_TOKEN"], "Content-Type": "application/json"}
    url = path if path.startswith("http") else os.environ["GITHUB_API_URL"] + path
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=verb)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except urllib.error.URLError as problem:
        return str(problem.reason)
"""


def command(*arguments: str) -> list[str]:
    """Return a command line."""
    return [sys.executable, "-m", "pytest_ghdeploy", "run", *arguments]


def python(code: str) -> list[str]:
    """Return a command that runs code which can send requests."""
    return ["--", sys.executable, "-c", f"{CLIENT}\n{textwrap.dedent(code)}"]


def run(*arguments: str, cwd: Path | None = None, stdin: str = "", **env: str) -> tuple[int, str, list[str]]:
    """Run it to its end; return the exit status, the output, and the lines of standard error."""
    done = subprocess.run(  # noqa: S603 - our own command
        command(*arguments),
        cwd=cwd,
        input=stdin,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.fixture
def seed(tmp_path: Path) -> str:
    """Write a seed file with a repository and a token."""
    path = tmp_path / "seed.json"
    content = {"repositories": ["octocat/example"], "tokens": [{"token": TOKEN}]}
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


# A command and its report


def test_a_command_runs_against_a_fake_of_its_own(seed: str) -> None:
    """It has the variables, and its input and output are its own. The conversation follows on standard error."""
    code = """
    made = send("POST", "/repos/octocat/example/deployments", ref="main")
    print(made["url"].removeprefix(os.environ["GITHUB_API_URL"]), sys.stdin.read())
    print("about to end", file=sys.stderr)
    """
    status, printed, reported = run("--seed", seed, *python(code), stdin="from the caller")

    assert status == 0
    assert re.fullmatch(r"/repos/octocat/example/deployments/\d+ from the caller\n", printed)
    first, head, request, event = reported
    assert first == "about to end"
    assert re.fullmatch(
        r"ghdeploy run: the conversation with the fake of https://api.github.com at http://127.0.0.1:\d+", head
    )
    assert request.startswith('  1. POST /repos/octocat/example/deployments {"ref": "main"} -> 201 Created id ')
    assert event.startswith("     event deployment.created: id ")


def test_the_command_may_have_any_options(tmp_path: Path) -> None:
    """Everything after the first -- belongs to it, even another --."""
    code = "import sys; print(sys.argv[1:])"
    status, printed, _ = run("--quiet", "--", sys.executable, "-c", code, "--tls", "--", "--seed", cwd=tmp_path)
    assert (status, printed) == (0, "['--tls', '--', '--seed']\n")


def test_options_of_the_fake_apply(tmp_path: Path) -> None:
    """As under `ghdeploy serve`."""
    base_url = "https://ghe.example.com/api/v3"
    status, _, reported = run("--base-url", base_url, "--", sys.executable, "-c", "", cwd=tmp_path)
    assert status == 0
    assert re.fullmatch(
        rf"ghdeploy run: no request reached the fake of {base_url} at http://127.0.0.1:\d+", reported[0]
    )


def test_the_command_controls_its_fake() -> None:
    """The admin interface is there. What was missing before a reset is still reported, and so is the conversation."""
    code = """
    admin = os.environ["GHDEPLOY_URL"] + "/_ghdeploy/"
    send("POST", admin + "add_repository", full_name="acme/shop")
    assert send("GET", "/repos/acme/shop")["name"] == "shop"
    assert send("GET", "/gitignore/templates") == 501
    send("POST", admin + "reset")
    assert send("GET", "/repos/acme/shop") == 404
    """
    status, _, reported = run(*python(code))
    assert status == 3
    steps = [line.split(" -> ")[0] for line in reported if re.match(r"  [12]\.|     POST", line)]
    assert steps == [
        "     POST /_ghdeploy/add_repository",
        "  1. GET /repos/acme/shop",
        "     POST /_ghdeploy/reset",
        "  1. GET /repos/acme/shop",
    ]
    assert 'ghdeploy.stub("GET", "/gitignore/templates", status=200, json=…)  # gitignore/get-all-templates' in reported


def test_deliveries_reach_a_receiver_of_the_command(tmp_path: Path) -> None:
    """The command registers a hook, creates a deployment, and gets its event before the response."""
    code = """
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            print(self.headers["X-GitHub-Event"], flush=True)
            self.send_response(204)
            self.end_headers()
        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {"url": f"http://127.0.0.1:{server.server_port}/hook", "content_type": "json"}
    assert send("POST", "/repos/octocat/example/hooks", config=config, events=["deployment"])["active"]
    assert send("POST", "/repos/octocat/example/deployments", ref="main")["id"]
    """
    seed_file = tmp_path / "seed.json"
    seed_file.write_text('{"repositories": ["octocat/example"]}', "utf-8")
    status, printed, reported = run("--proxy", "--seed", str(seed_file), *python(code))
    assert (status, printed) == (0, "ping\ndeployment\n"), reported
    assert [line for line in reported if "204" in line and "--> deployment to http://127.0.0.1:" in line]


# What was missing


def test_missing_endpoints_are_reported_with_stubs(seed: str) -> None:
    """Once for each, with the number of requests. The exit status is 3, because the command noticed nothing."""
    code = """
    for number in (1, 2):
        assert send("GET", f"/repos/octocat/example/milestones/{number}") == 501
    send("DELETE", "/repos/octocat/example/subscription")
    """
    status, _, reported = run("--seed", seed, *python(code))
    assert status == 3
    milestones, subscription = "/repos/octocat/example/milestones", "/repos/octocat/example/subscription"
    assert reported[-4:] == [
        'ghdeploy run: the fake lacks these endpoints; stub them in Python, or under "stubs" in a seed file',
        f'ghdeploy.stub("GET", "{milestones}/*", status=200, json=…)  # issues/get-milestone (2 times)',
        f'ghdeploy.stub("DELETE", "{subscription}", status=204)  # activity/delete-repo-subscription',
        "ghdeploy run: the exit status is 3, because something was missing",
    ]


def test_a_stub_of_a_seed_file_is_what_was_missing(tmp_path: Path) -> None:
    """The reported stub, as a seed file has it, is enough."""
    seed_file = tmp_path / "seed.json"
    stub = {"method": "GET", "path": "/repos/octocat/example/milestones/*", "json": {"number": 1}}
    seed_file.write_text(json.dumps({"stubs": [stub]}), "utf-8")
    code = 'assert send("GET", "/repos/octocat/example/milestones/1") == {"number": 1}'
    status, _, reported = run("--seed", str(seed_file), *python(code))
    assert status == 0, reported


def test_unused_faults_are_reported() -> None:
    """As they would fail a test."""
    code = 'send("POST", os.environ["GHDEPLOY_URL"] + "/_ghdeploy/faults/add", method="GET", status=502)'
    status, _, reported = run("--quiet", *python(code))
    assert status == 3
    assert "ghdeploy run: these problems would fail a test" in reported
    assert "  AssertionError: the fault status=502 for GET on any path was used 0 of 1 times" in reported


def test_quiet_leaves_only_what_was_missing(seed: str) -> None:
    """And nothing at all if nothing was missing."""
    get = 'send("GET", "/user")'
    assert run("--seed", seed, "--quiet", *python(get))[2] == []
    reported = run("--seed", seed, "--quiet", *python(f'{get}; send("GET", "/gitignore/templates")'))[2]
    assert [line.partition(":")[0].partition("(")[0] for line in reported] == [
        "ghdeploy run",
        "ghdeploy.stub",
        "ghdeploy run",
    ]


def test_different_problems_without_end_are_bounded() -> None:
    """A command may request ever new paths."""
    findings = Findings()
    for number in range(300):
        findings.add_problem(RuntimeError(), f"problem {number % 150}", "")
        findings.add_problem(RuntimeError(), "", f"stub {number}")
    findings.add(str(number) for number in range(10_005))
    assert (len(findings.problems), len(findings.stubs)) == (100, 100)
    assert findings.problems["RuntimeError: problem 99"] == 2
    assert (findings.count, len(findings.lines), findings.lines[0]) == (10_005, 10_000, "5")


# Through the proxy


def test_a_program_that_cannot_be_pointed_anywhere(seed: str) -> None:
    """With --proxy, its requests to https://api.github.com reach the fake, and its other connections are refused."""
    code = """
    assert send("GET", "https://api.github.com/user")["login"] == "octocat"
    assert send("GET", "/user")["login"] == "octocat"
    assert "403" in send("GET", "https://registry.invalid/package")
    assert send("GET", "http://metrics.invalid/") == 403
    """
    status, _, reported = run("--seed", seed, "--proxy", *python(code), NO_PROXY="github.com", no_proxy="*")
    assert status == 3, reported
    assert reported[-4:] == [
        "ghdeploy run: the proxy connects to no host, and refused these",
        "  registry.invalid:443",
        "  metrics.invalid:80",
        "ghdeploy run: the exit status is 3, because something was missing",
    ]
    assert len([line for line in reported if re.match(r"  \d\. GET /user -> 200 ", line)]) == 2


def test_https_and_a_proxy_together(seed: str) -> None:
    """Both ways lead to the same fake."""
    code = """
    assert os.environ["GITHUB_API_URL"].startswith("https://127.0.0.1:")
    urls = [send("GET", path)["url"] for path in ("/user", "https://api.github.com/user")]
    assert urls == [os.environ["GITHUB_API_URL"] + "/users/octocat", "https://api.github.com/users/octocat"], urls
    """
    status, _, reported = run("--seed", seed, "--tls", "--proxy", *python(code))
    assert status == 0, reported


def test_no_secret_is_printed(seed: str) -> None:
    """Neither the token of the seed file nor one that the command sends, wherever it is."""
    code = f"""
    send("GET", "https://{TOKEN}.invalid/")
    send("GET", "/repos/octocat/{TOKEN}/milestones/1")
    os.environ["GITHUB_TOKEN"] = "another" + "-token-of-the-command"
    send("GET", "/user?access_token=" + os.environ["GITHUB_TOKEN"])
    send("GET", "/repos/octocat/example/milestones?token=" + os.environ["GITHUB_TOKEN"])
    """
    status, _, reported = run("--seed", seed, "--proxy", *python(code))
    assert status == 3
    text = "\n".join(reported)
    assert "milestones" in text
    assert TOKEN not in text
    assert "another-token" not in text


# Exit statuses


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("sys.exit(7)", 7),
        ("sys.exit(0)", 0),
        ("os.kill(os.getpid(), 9)", 137),
        ("os.kill(os.getpid(), 15)", 143),
        ('send("GET", "/gitignore/templates"); sys.exit(7)', 7),
        ('send("GET", "/gitignore/templates"); sys.exit(3)', 3),
    ],
)
def test_the_exit_status_is_that_of_the_command(code: str, status: int) -> None:
    """Unless it is 0 and something was missing. A signal n counts as 128 + n, as in a shell."""
    actual, _, reported = run(*python(code))
    assert actual == status
    assert not [line for line in reported if "the exit status is" in line]


@pytest.mark.parametrize(
    ("program", "status", "reason"),
    [
        ("no-such-program-here", 127, "No such file or directory"),
        ("./folder", 126, "Permission denied"),
        ("./plain.txt", 126, "Permission denied"),
    ],
)
def test_a_command_that_cannot_be_started(tmp_path: Path, program: str, status: int, reason: str) -> None:
    """The statuses are those of a shell. Nothing else is reported."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain.txt").write_text("no program", "utf-8")
    assert run("--", program, cwd=tmp_path) == (
        status,
        "",
        [f"ghdeploy run: {program} cannot be started: {reason}"],
    )


def test_a_fake_that_cannot_be_started(tmp_path: Path) -> None:
    """The command does not run, the message names the option, and the status is 2."""
    ran = ["--", sys.executable, "-c", "print('ran')"]
    assert run("--seed", "no.json", *ran, cwd=tmp_path) == (
        2,
        "",
        [f"ghdeploy run: no.json: cannot read this seed file in {tmp_path}: No such file or directory"],
    )
    status, printed, [line] = run("--base-url", "nowhere", *ran)
    assert (status, printed) == (2, "")
    assert line.startswith("ghdeploy run: --base-url must be the root of an API")


# Signals


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run it in the background, until its command has printed a line."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


COUNTING = """
import signal, time
count = 0
def handle(number, frame):
    global count
    count += 1
    print(signal.Signals(number).name, flush=True)
    if number != signal.SIGINT:
        sys.exit(40 + count)
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), handle)
send("GET", "/user")
print("ready", flush=True)
end = time.monotonic() + 30
while time.monotonic() < end:
    time.sleep(0.05)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_are_passed_on(name: str) -> None:
    """Each of them, to the command, which ends as it likes. The report follows."""
    with running(*python(COUNTING)) as process:
        assert process.stdout
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "SIGINT\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "SIGINT\n"
        process.send_signal(getattr(signal, name))
        printed, reported = process.communicate(timeout=30)
    assert (process.returncode, printed) == (43, f"{name}\n")
    assert "  1. GET /user -> 200 OK" in reported


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_command_killed_by_a_signal_that_was_passed_on() -> None:
    """The exit status is 128 and the number of the signal."""
    code = "import time; print('ready', flush=True); time.sleep(30)"
    with running("--", sys.executable, "-c", code) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 143


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_command_starts(number: signal.Signals, capfd: pytest.CaptureFixture[str]) -> None:
    """While the fake is still being imported, for example. The command does not run."""
    with Forwarding() as forwarding:
        signal.raise_signal(number)
        assert run_command(Settings(port=0), [sys.executable, "-c", "print('ran')"], forwarding) == 128 + number
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_ctrl_c_in_a_terminal_arrives_once(tmp_path: Path) -> None:
    """A terminal sends it to the command too. A second one would look like a demand to stop at once."""
    import pty

    script = tmp_path / "command.py"
    script.write_text(f"import os, sys\ndef send(*_): pass\n{COUNTING}", "utf-8")
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - replaced at once
        os.execv(sys.executable, command("--quiet", "--", sys.executable, str(script)))  # noqa: S606
    received = b""

    def read_until(text: bytes, seconds: float = 30.0) -> None:
        nonlocal received
        end = time.monotonic() + seconds
        while text not in received and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                received += os.read(terminal, 1000)

    try:
        read_until(b"ready")
        os.write(terminal, b"\x03")
        read_until(b"SIGINT")
        os.kill(pid, signal.SIGTERM)
        read_until(b"SIGTERM")
    finally:
        status = os.waitpid(pid, 0)[1]
        os.close(terminal)
    assert received.count(b"SIGINT") == 1
    assert os.waitstatus_to_exitcode(status) == 42


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_ignored_signal_stays_ignored() -> None:
    """As `nohup` needs. The command ignores it too."""
    code = """
    import signal, time
    print("ready", flush=True)
    time.sleep(1.0)
    print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with running("--quiet", *python(code)) as process:
            signal.signal(signal.SIGHUP, before)
            process.send_signal(signal.SIGHUP)
            printed, _ = process.communicate(timeout=30)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (process.returncode, printed) == (0, "True\n")


# Ends


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX pipes")
def test_nobody_has_to_read_the_report() -> None:
    """A closed pipe does not change the exit status."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command(*python('send("GET", "/user"); sys.exit(5)')), stderr=writing, check=False, timeout=60
        )
    finally:
        os.close(writing)
    assert done.returncode == 5


def test_the_ca_file_is_removed_at_the_end(tmp_path: Path) -> None:
    """With its folder."""
    code = 'print(os.environ["SSL_CERT_FILE"])'
    _, printed, _ = run("--proxy", *python(code), TMPDIR=str(tmp_path))
    assert Path(printed.strip()).parent.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_receiver_that_hangs_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    """Its delivery is dropped, and the report says so."""
    code = """
    import threading
    hook = {"config": {"url": os.environ["RECEIVER"]}}
    threading.Thread(target=send, args=("POST", "/repos/octocat/example/hooks"), kwargs=hook).start()
    sys.stdin.read()
    os._exit(0)
    """
    seed_file = tmp_path / "seed.json"
    seed_file.write_text('{"repositories": ["octocat/example"]}', "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command("--seed", str(seed_file), *python(code)),
            env={**os.environ, "RECEIVER": f"http://127.0.0.1:{listener.getsockname()[1]}/hook"},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        listener.settimeout(30)
        connection, _ = listener.accept()
        with connection:
            started = time.monotonic()
            _, reported = process.communicate(timeout=30)
            assert time.monotonic() - started < 15
    assert process.returncode == 0
    assert "dropped: ghdeploy run stopped before the receiver answered" in reported
