"""The command `ghdeploy serve`, run as a subprocess."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fetched
import pytest
import requests

from pytest_ghdeploy import FakeError, FakeGitHub
from pytest_ghdeploy.commands.serve import Log, ServedGitHub, Settings
from pytest_ghdeploy.errors import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-the-seed"  # noqa: S105 - not a real token
SEED = {
    "repositories": [
        {
            "full_name": "octocat/example",
            "branches": ["topic"],
            "commit_statuses": [{"ref": "topic", "state": "pending", "context": "ci/tests"}],
        }
    ]
}


class Served:
    """A running `ghdeploy serve`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Read the greeting of *process*."""
        self.process = process
        self.lines: list[str] = []
        self.log: list[str] = []
        assert process.stdout
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line == "# ready\n":
                break
        self.env = {}
        for line in self.lines:
            if line.startswith("export "):
                [assigned] = shlex.split(line.removeprefix("export "))
                name, _, value = assigned.partition("=")
                self.env[name] = value
        self.url = self.env["GITHUB_SERVER_URL"]
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.log.append(line.rstrip("\n"))

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Any:  # noqa: ANN401 - any JSON
        """Send a request with a token and return the response's JSON or text."""
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json", "User-Agent": "test"}
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            all_headers = {**kind, "Authorization": f"Bearer {self.env.get('GITHUB_TOKEN', TOKEN)}", **headers}
            connection.request(method, path, data, all_headers)
            answer = connection.getresponse()
            text = answer.read()
            return json.loads(text) if text[:1] in b"[{" else text.decode()
        finally:
            connection.close()

    def wait_for_log(self, count: int, seconds: float = 20.0) -> list[str]:
        """Wait until the log has *count* lines, and return them."""
        end = time.monotonic() + seconds
        while len(self.log) < count and time.monotonic() < end:
            time.sleep(0.01)
        return list(self.log)

    def stop(self, how: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, and return the exit status and standard error."""
        self.process.send_signal(how)
        status = self.process.wait(30)
        self.reader.join(30)
        assert self.process.stderr
        return status, self.process.stderr.read()


def command(*arguments: str) -> list[str]:
    """Return the command line."""
    return [sys.executable, "-m", "pytest_ghdeploy", "serve", *arguments]


@contextmanager
def serving(*arguments: str, cwd: Path | None = None, **env: str) -> Iterator[Served]:
    """Run `ghdeploy serve` on a free port."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command("--port", "0", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**{name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}, **env},
    )
    served = None
    try:
        served = Served(process)
        yield served
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)
        if served:
            served.reader.join(30)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def failing(*arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run a `ghdeploy serve` that cannot start; return its exit status and output."""
    process = subprocess.run(  # noqa: S603 - our own command
        command(*arguments), capture_output=True, text=True, timeout=60, cwd=cwd, check=False
    )
    return process.returncode, process.stdout, process.stderr


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    """Write a seed file."""
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(SEED, indent=1), "utf-8")
    return path


# Start and end


def test_the_greeting_is_a_shell_script(tmp_path: Path) -> None:
    """Evaluating the greeting sets the variables that clients need."""
    with serving() as served:
        port = urlsplit(served.url).port
        assert served.lines[:3] == [
            f"# ghdeploy serve: a fake of https://api.github.com runs at http://127.0.0.1:{port}; Ctrl-C stops it",
            f"# API: http://127.0.0.1:{port}/api/v3",
            f"# admin interface: http://127.0.0.1:{port}/_ghdeploy",
        ]
        assert all(line.startswith("export ") for line in served.lines[3:-1])
        assert served.lines[-1] == "# ready"
        with FakeGitHub().serve() as server:
            assert list(served.env) == list(server.env)
        script = tmp_path / "script"
        script.write_text("\n".join([*served.lines, 'printf %s "$GITHUB_API_URL $GITHUB_TOKEN"']), "utf-8")
        process = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=True)  # noqa: S603, S607
        assert process.stdout == f"http://127.0.0.1:{port}/api/v3 ghdeploy-accepts-any-token"
        assert "2022-11-28" in served.send("GET", "/api/v3/versions")


def test_a_proxy_prints_the_variables_of_a_proxy(tmp_path: Path) -> None:
    """A program with these variables reaches the fake at https://api.github.com. Refused hosts are in the log."""
    env_file = tmp_path / "variables"
    with serving("--proxy", "--env-file", str(env_file)) as served:
        assert f"# proxy: {served.url}" in served.lines
        with FakeGitHub().serve(proxy=True) as server:
            assert list(served.env) == list(server.proxy_env)
        assert [line for line in env_file.read_text("utf-8").splitlines() if "PROXY" in line] == [
            line for line in served.lines if "PROXY" in line
        ]
        code = "import requests\nprint(requests.get('https://api.github.com/versions').url)\nrequests.get('https://x.invalid')"
        process = subprocess.run(  # noqa: S603 - what the test says
            [sys.executable, "-c", code], env={**os.environ, **served.env}, capture_output=True, text=True, check=False
        )
        assert "ProxyError" in process.stderr
        assert served.wait_for_log(2)[0].startswith("  1. GET /versions -> 200 OK")
        assert served.log[1] == (
            "  !  a tunnel to x.invalid:443 was refused: this proxy answers for GitHub and connects to no host"
        )


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it_with_status_0_and_leaves_nothing_behind(how: signal.Signals, tmp_path: Path) -> None:
    """There is no traceback and no temporary file, and the port is free, even with a connection open."""
    env_file = tmp_path / "variables"
    with serving("--tls", "--env-file", str(env_file), TMPDIR=str(tmp_path)) as served:
        ca_file = Path(served.env["SSL_CERT_FILE"])
        port = urlsplit(served.url).port
        assert ca_file.is_file()
        assert ca_file.is_relative_to(tmp_path)
        with socket.create_connection(("127.0.0.1", port), 20):
            assert served.stop(how) == (0, "")
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_nohup_protects_from_a_closing_terminal(tmp_path: Path) -> None:
    """A SIGHUP that is ignored at the start stays ignored."""
    line = f"trap '' HUP; exec {shlex.join(command('--port', '0', '--env-file', str(tmp_path / 'variables')))}"
    process = subprocess.Popen(["sh", "-c", line], stdout=subprocess.PIPE, text=True)  # noqa: S603, S607
    served = Served(process)
    try:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        assert served.send("GET", "/_ghdeploy/problems") == []
        process.terminate()
        assert process.wait(30) == 0
        served.reader.join(30)
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


LOST = "ghdeploy serve stopped before the receiver answered"


@pytest.fixture
def hanging() -> Iterator[str]:
    """Return the URL of a receiver that never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


def seed_with_hooks(folder: Path, *urls: str) -> str:
    """Write a seed file with a hook for each URL."""
    path = folder / "hooks.json"
    hooks = [{"url": url, "secret": "the-secret-of-a-hook"} for url in urls]
    path.write_text(json.dumps({"repositories": ["octocat/example"], "webhooks": hooks}), "utf-8")
    return str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_hanging_receiver_delays_neither_start_nor_shutdown(tmp_path: Path, hanging: str) -> None:
    """The server is ready before a seed's pings are delivered. The log lists dropped deliveries, sent or queued."""
    began = time.monotonic()
    with serving("--seed", seed_with_hooks(tmp_path, f"{hanging}/1", f"{hanging}/2")) as served:
        assert served.send("GET", "/_ghdeploy/webhooks/deliveries")[0]["state"] == "waiting"
        assert served.send("GET", "/_ghdeploy/webhooks/held") == []
        assert time.monotonic() - began < 8
        began = time.monotonic()
        assert served.stop() == (0, "")
        assert time.monotonic() - began < 8
        assert [line for line in served.log if "-->" in line] == [
            f"     --> ping to {hanging}/1: dropped: {LOST}",
            f"     --> ping to {hanging}/2: dropped: {LOST}",
        ]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_the_shutdown_does_not_wait_for_a_request_that_waits_for_a_receiver(hanging: str) -> None:
    """A request in progress whose delivery hangs is abandoned soon."""
    with serving() as served:
        served.send("POST", "/_ghdeploy/add_repository", {"full_name": "octocat/example"})
        served.send("POST", "/_ghdeploy/webhooks/hold")
        served.send("POST", "/_ghdeploy/webhooks/subscribe", {"target": hanging, "events": ["deployment"]})
        [ping] = served.send("GET", "/_ghdeploy/webhooks/held")
        served.send("POST", "/_ghdeploy/webhooks/drop", {"delivery": ping["id"]})
        served.send("POST", "/_ghdeploy/repositories/octocat/example/add_deployment", {"ref": "main"})

        def release() -> None:
            with suppress(OSError, http.client.HTTPException):
                served.send("POST", "/_ghdeploy/webhooks/release")

        thread = threading.Thread(target=release)
        thread.start()
        end = time.monotonic() + 20
        while not served.send("GET", "/_ghdeploy/webhooks/deliveries")[0]["delivered_at"] and time.monotonic() < end:
            time.sleep(0.02)
        began = time.monotonic()
        assert served.stop() == (0, "")
        assert time.monotonic() - began < 8
        thread.join(20)
        assert served.log[-1] == f"     --> deployment to {hanging}: dropped: {LOST}"


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_second_signal_kills_it_and_leaves_nothing_behind(tmp_path: Path, hanging: str) -> None:
    """The env file and the certificate are removed, and nothing is printed."""
    env_file = tmp_path / "variables"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    seed = seed_with_hooks(tmp_path, hanging)
    with serving("--tls", "--seed", seed, "--env-file", str(env_file), TMPDIR=str(temporary)) as served:
        assert env_file.is_file()
        assert len(list(temporary.iterdir())) == 1
        served.process.send_signal(signal.SIGINT)
        assert served.stop() == (-signal.SIGTERM, "")
    assert not env_file.exists()
    assert list(temporary.iterdir()) == []


EARLY = """
import os, signal, sys, time

class Signals:
    def find_spec(self, name, path=None, target=None):
        if name == "pytest_ghdeploy.commands.serve":
            for _ in range({count}):
                os.kill(os.getpid(), signal.{how})
                time.sleep(0.01)

sys.meta_path.insert(0, Signals())
from pytest_ghdeploy.commands.cli import main
sys.exit(main(["serve", "--port", "0"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("how", "count", "status"),
    [
        (signal.SIGINT, 1, 0),
        (signal.SIGTERM, 1, 0),
        (signal.SIGHUP, 1, 0),
        (signal.SIGINT, 2, -signal.SIGINT),
        (signal.SIGTERM, 2, -signal.SIGTERM),
    ],
)
def test_a_signal_during_imports_stops_it(how: signal.Signals, count: int, status: int) -> None:
    """The server does not start, and there is no traceback."""
    code = EARLY.format(count=count, how=how.name)
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert (process.returncode, process.stdout, process.stderr) == (status, "", "")


def test_a_port_in_use_is_a_message_and_status_2() -> None:
    """The message names the port, and how to get a free one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert failing("--port", str(port)) == (
            2,
            "",
            (
                f"ghdeploy serve: port {port} of 127.0.0.1 cannot be used: Address already in use; "
                "0 chooses any free port\n"
            ),
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--allow-host", "http://h"],
            "--allow-host takes host names without a scheme and a port, such as \"fake.test\"; got 'http://h'",
        ),
        (["--port", "99999"], "--port must be a number from 1 to 65535, or 0 for any free port; got 99999"),
        (
            ["--base-url", "ftp://x"],
            "--base-url must be the root of an API, https://api.github.com or https://HOST/api/v3; got 'ftp://x'",
        ),
        (["--validate", "some"], '--validate must be "requests" or "all", got \'some\''),
        (["--payload-limit", "-1"], "--payload-limit must be a whole number, 0 or more, got -1"),
        (
            ["--port", "0", "--env-file", "no/such/folder"],
            "cannot write --env-file no/such/folder: No such file or directory",
        ),
    ],
)
def test_an_invalid_option_is_a_message_and_status_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    """The message is the Python interface's, without a traceback."""
    assert failing(*arguments, cwd=tmp_path) == (2, "", f"ghdeploy serve: {message}\n")


def test_an_invalid_seed_file_is_a_message_with_file_and_path(tmp_path: Path) -> None:
    """The message names the closest key, and the server does not start."""
    path = tmp_path / "seed.json"
    path.write_text('{"repositories": [\n  {"full_name": "octocat/example",\n   "branchs": []}\n]}\n', "utf-8")

    status, printed, problem = failing("--port", "0", "--seed", "seed.json", cwd=tmp_path)

    assert (status, printed) == (2, "")
    assert problem.startswith("ghdeploy serve: seed.json: unknown key 'branchs' in repositories[0]; known: branches,")
    assert problem.count("\n") == 1


# Options and seeds


def test_seed_files_are_loaded_in_order(seed_file: Path, tmp_path: Path) -> None:
    """A later file may refer to an earlier one. Tokens of a seed are in the env file but not printed."""
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"tokens": [{"token": TOKEN, "user": "octocat"}]}), "utf-8")
    env_file = tmp_path / "variables"
    with serving("--seed", str(seed_file), "--seed", str(more), "--env-file", str(env_file)) as served:
        assert served.lines[3:5] == [
            f"# seed files: {seed_file}, {more}",
            (
                "# not shown: GITHUB_TOKEN, GH_TOKEN, GH_ENTERPRISE_TOKEN, GITHUB_ENTERPRISE_TOKEN, "
                "OCTOKIT_ACCESS_TOKEN, "
                "which hold a token from a seed file; use --env-file to get them"
            ),
        ]
        assert f"export GITHUB_TOKEN={TOKEN}\n" in env_file.read_text("utf-8")
        assert env_file.stat().st_mode & 0o777 == 0o600
        refused = served.send("POST", "/repos/octocat/example/deployments", {"ref": "topic"})
        assert refused["message"] == "Conflict: Commit status checks failed for topic."
        assert served.send("GET", "/user", Authorization="Bearer another")["message"] == "Bad credentials"
        served.wait_for_log(4)
    assert TOKEN not in "\n".join([*served.lines, *served.log])
    assert not env_file.exists() or served.process.returncode != 0


def test_a_foreign_env_file_is_not_overwritten(tmp_path: Path) -> None:
    """A file left behind by a killed server is overwritten."""
    path = tmp_path / "variables"
    path.write_text("export MINE=1\n", "utf-8")
    message = f"ghdeploy serve: --env-file {path} exists and was not written by ghdeploy serve\n"
    assert failing("--port", "0", "--env-file", str(path)) == (2, "", message)
    assert path.read_text("utf-8") == "export MINE=1\n"

    path.write_text("# ghdeploy serve at http://127.0.0.1:1\n", "utf-8")
    with serving("--env-file", str(path)) as served:
        assert f"export GITHUB_SERVER_URL={served.url}\n" in path.read_text("utf-8")


def test_a_stale_env_file_is_removed_even_if_the_start_fails(tmp_path: Path) -> None:
    """Scripts that wait for the file never see one from an earlier run."""
    path = tmp_path / "variables"
    path.write_text("# ghdeploy serve at http://127.0.0.1:1\n", "utf-8")
    assert failing("--port", "99999", "--env-file", str(path))[0] == 2
    assert not path.exists()
    path.write_text("# ghdeploy serve at http://127.0.0.1:1\n", "utf-8")
    assert failing("--seed", str(tmp_path / "none.json"), "--env-file", str(path))[0] == 2
    assert not path.exists()


def test_an_empty_env_file_is_accepted(tmp_path: Path) -> None:
    """`mktemp` creates one. It stays empty if the start fails, and is removed at shutdown."""
    path = tmp_path / "variables"
    path.touch()
    assert failing("--port", "99999", "--env-file", str(path))[0] == 2
    assert path.read_bytes() == b""
    with serving("--env-file", str(path)) as served:
        assert path.read_text("utf-8").startswith(f"# ghdeploy serve at {served.url}\n")
        assert path.stat().st_mode & 0o777 == 0o600
        assert served.stop() == (0, "")
    assert not path.exists()


def test_an_env_file_must_be_a_regular_file(tmp_path: Path) -> None:
    """A FIFO and a folder are refused at once."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path):
        message = f"ghdeploy serve: --env-file {path} exists and is not a regular file\n"
        assert failing("--port", "0", "--env-file", str(path)) == (2, "", message)
    assert fifo.is_fifo()


def test_a_server_does_not_remove_the_env_file_of_another(tmp_path: Path) -> None:
    """The file belongs to the newer server, which removes it."""
    path = tmp_path / "variables"
    with serving("--env-file", str(path)) as first, serving("--env-file", str(path)) as second:
        assert first.stop() == (0, "")
        assert f"export GITHUB_SERVER_URL={second.url}\n" in path.read_text("utf-8")
        assert second.stop() == (0, "")
        assert not path.exists()


def test_over_https(tmp_path: Path) -> None:
    """The variables name the CA file, and the admin interface uses HTTPS too."""
    with serving("--tls", TMPDIR=str(tmp_path)) as served:
        assert served.url.startswith("https://127.0.0.1:")
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{served.url}/_ghdeploy/clock", verify=served.env["SSL_CERT_FILE"], timeout=20)
        assert list(answer.json()) == ["now"]


def test_it_can_run_as_github_enterprise_server() -> None:
    """`--base-url`, `--enterprise-version` and the switches set the fake's options."""
    arguments = ("--base-url", "https://ghe.example.com/api/v3", "--enterprise-version", "3.20.1", "--inactive-events")
    with serving(*arguments) as served:
        assert "a fake of https://ghe.example.com/api/v3 runs at" in served.lines[0]
        assert served.send("GET", "/api/v3/meta")["installed_version"] == "3.20.1"
        place = "/_ghdeploy/repositories/octocat/example"
        served.send("POST", "/_ghdeploy/add_repository", {"full_name": "octocat/example"})
        deployment = served.send("POST", f"{place}/add_deployment", {"ref": "main"})
        served.send("POST", f"/repos/octocat/example/deployments/{deployment['id']}/statuses", {"state": "inactive"})
        assert len(served.send("GET", "/_ghdeploy/events/deployment_status?state=inactive")) == 1


def test_event_urls_lead_to_the_server_if_base_url_is_its_address() -> None:
    """Receivers in other processes can follow the URLs in an event."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = f"http://127.0.0.1:{port}/api/v3"
    with serving("--port", str(port), "--base-url", own) as served:
        served.send("POST", "/_ghdeploy/seed", SEED)
        [event] = served.send("GET", "/_ghdeploy/events/status")
        url = event["payload"]["branches"][0]["commit"]["url"]
        assert url.startswith(f"{own}/repos/octocat/example/commits/")
        assert served.send("GET", url.removeprefix(served.url))["sha"] == event["payload"]["sha"]


# The log


def test_the_log_has_requests_hints_events_and_deliveries(seed_file: Path) -> None:
    """Each has a line in the format of a failing test's report. Admin requests that change something are logged too."""
    with serving("--seed", str(seed_file)) as served:
        served.send(
            "POST", "/_ghdeploy/webhooks/subscribe", {"target": "http://127.0.0.1:9/hook", "events": ["deployment"]}
        )
        place = "/api/v3/repos/octocat/example/deployments"
        served.send("POST", place, {"ref": "topic"})
        served.send(
            "POST",
            f"{place}?access_token={TOKEN}",
            {"ref": "main", "required_contexts": [], "payload": {"token": TOKEN}},
        )
        served.send("POST", "/_ghdeploy/clock/tick", {"seconds": 60})
        served.send("GET", "/_ghdeploy/clock")
        served.send("GET", "/repos/octocat/example/milestones")
        log = served.wait_for_log(11)
    refused = "failed: no response from 127.0.0.1: "
    assert [line.partition(refused)[0] for line in log] == [
        "     event status: id 27000000011, state pending, context ci/tests (octocat/example)",
        "     event ping: hook_id 301950017",
        "  !  --> ping to http://127.0.0.1:9/hook: ",
        "     POST /_ghdeploy/webhooks/subscribe",
        (
            '  1. POST /repos/octocat/example/deployments {"ref": "topic"} -> '
            '409 Conflict "Conflict: Commit status checks failed for topic." [ci/tests: pending]'
        ),
        "     hint: 734ea46, the commit of topic: ci/tests is pending; required_contexts=[] deploys it regardless",
        (
            '  2. POST /repos/octocat/example/deployments?access_token=[redacted] {"ref": "main", '
            '"required_contexts": [], '
            '"payload": {"token": "[redacted]"}} -> 201 Created id 4442074271, environment production, ref main, '
            "sha 734ea46"
        ),
        "     event deployment.created: id 4442074271, environment production, ref main (octocat/example)",
        "  !  --> deployment to http://127.0.0.1:9/hook: ",
        "     POST /_ghdeploy/clock/tick",
        with_page(
            "  !  UnsupportedRequest: GET /repos/octocat/example/milestones is GitHub's issues/list-milestones, which "
            "this fake does not implement (`ghdeploy routes` lists its 195 endpoints). Stub the response: "
            'ghdeploy.stub("GET", "/repos/octocat/example/milestones", status=200, json=…)',
            "an-endpoint-that-the-fake-lacks",
        ),
    ]


def test_a_request_without_an_endpoint_names_the_stub_to_add() -> None:
    """The response and the problems suggest `stub`, which is `POST /_ghdeploy/stub` over HTTP."""
    suggestion = 'Stub the response: ghdeploy.stub("POST", "/graphql", status=200, json=…)'
    with serving() as served:
        assert suggestion in served.send("POST", "/api/graphql", {"query": "{ viewer { login } }"})
        [problem] = served.send("GET", "/_ghdeploy/problems")
        assert suggestion in problem
        stub = {"method": "POST", "path": "/graphql", "status": 200, "json": {"data": {}}}
        assert served.send("POST", "/_ghdeploy/stub", stub) == {}
        assert served.send("POST", "/api/graphql", {"query": "{ viewer { login } }"}) == {"data": {}}


def test_quiet_prints_no_log() -> None:
    """Only the greeting is printed."""
    with serving("--quiet") as served:
        served.send("GET", "/versions")
        assert served.stop() == (0, "")
        assert served.log == []


@contextmanager
def unread() -> Iterator[tuple[subprocess.Popen[str], Callable[[int], None]]]:
    """Run a server whose log is not read, and fill the pipe; check that it stops."""
    process = subprocess.Popen(command("--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout
    assert process.stderr
    port = int(re.findall(r":(\d+);", process.stdout.readline())[0])
    with requests.Session() as session:

        def ask(times: int) -> None:
            for _ in range(times):
                session.get(f"http://127.0.0.1:{port}/{'x' * 200}", timeout=20)

        ask(300)
        yield process, ask
    process.terminate()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()
    process.stdout.close()


def test_an_unread_log_blocks_no_request() -> None:
    """With a full or closed pipe, requests are answered and the server stops."""
    with unread() as (process, ask):
        assert process.stdout
        process.stdout.close()
        ask(20)


def test_a_full_pipe_does_not_block_the_shutdown() -> None:
    """The server stops without anybody reading the log."""
    with unread() as (process, _):
        assert process.poll() is None


def test_it_runs_without_standard_output(tmp_path: Path) -> None:
    """The log is dropped, not written into a socket that reuses the file descriptor."""
    env_file = tmp_path / "variables"
    line = f"exec {shlex.join(command('--port', '0', '--env-file', str(env_file)))} >&-"
    process = subprocess.Popen(["sh", "-c", line], stderr=subprocess.PIPE, text=True)  # noqa: S603, S607
    try:
        end = time.monotonic() + 30
        while not env_file.exists() and time.monotonic() < end:
            time.sleep(0.02)
        url = re.findall("GITHUB_SERVER_URL=(.+)", env_file.read_text("utf-8"))[0]
        for _ in range(3):
            assert requests.get(f"{url}/versions", timeout=20).status_code == 200
        process.terminate()
        assert process.communicate(timeout=30)[1] == ""
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


# A suite in another language

SUITE = """
import { Octokit } from "@octokit/rest";
import assert from "node:assert/strict";

const admin = async (method, path, body) => {
  const answer = await fetch(`${process.env.GITHUB_SERVER_URL}/_ghdeploy/${path}`, {
    method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" },
  });
  const json = await answer.json();
  assert.equal(answer.status, 200, json.message);
  return json;
};
const octokit = new Octokit({
  auth: process.env.GITHUB_TOKEN, baseUrl: process.env.GITHUB_API_URL,
  log: { debug() {}, info() {}, warn() {}, error() {} },
});
const repository = { owner: "octocat", repo: "example" };

const tests = {
  async "a pending commit status refuses it"() {
    await assert.rejects(octokit.rest.repos.createDeployment({ ...repository, ref: "topic" }), { status: 409 });
    await admin("POST", "assert_no_event", { name: "deployment" });
    const [refused] = await admin("GET", "requests?status=409");
    assert.match(refused.hint, /ci\\/tests is pending/);
  },
  async "a deploy service takes a minute"() {
    const steps = ["in_progress", { state: "success", after_seconds: 60 }];
    await admin("POST", "deployer", { environment: "qa", steps });
    const { data } = await octokit.rest.repos.createDeployment(
      { ...repository, ref: "topic", environment: "qa", required_contexts: [] },
    );
    await admin("POST", "assert_no_event", { name: "deployment_status", fields: { state: "success" } });
    await admin("POST", "clock/tick", { seconds: 60 });
    const events = await admin("GET", "events/deployment_status");
    assert.deepEqual(events.map((event) => event.payload.deployment_status.state), ["in_progress", "success"]);
    return data.id;
  },
};
const seen = [];
for (const [name, test] of [...Object.entries(tests), ...Object.entries(tests)]) {
  await admin("POST", "reset");
  const id = await test();
  assert.deepEqual(await admin("GET", "problems"), []);
  seen.push([name, id, (await admin("GET", "events")).map((event) => event.delivery_id)]);
}
assert.deepEqual(seen.slice(0, 2), seen.slice(2));
console.log(JSON.stringify(seen.slice(0, 2).map(([name]) => name)));
"""


def test_a_javascript_suite_isolates_its_tests(seed_file: Path, tmp_path: Path) -> None:
    """A suite resets the fake between tests, uses Octokit, the clock and events, and sees the same ids each time."""
    fetched.from_npm("@octokit/rest")
    with serving("--seed", str(seed_file)) as served:
        process = subprocess.run(  # noqa: S603 - our own script
            ["node", "--input-type=module", "--eval", SUITE],  # noqa: S607
            env={**os.environ, **served.env, "HOME": str(tmp_path)},
            cwd=fetched.NODE,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == ["a pending commit status refuses it", "a deploy service takes a minute"]


SHELL = """
set -eu
ghdeploy() { curl --silent --fail-with-body --noproxy '*' -H 'Content-Type: application/json' "$@"; }
admin=$GITHUB_SERVER_URL/_ghdeploy
for round in 1 2; do
  ghdeploy -X POST $admin/reset > /dev/null
  ghdeploy -X POST $admin/seed -d '{"repositories": ["octocat/shell"]}' > /dev/null
  ghdeploy -H "Authorization: Bearer $GITHUB_TOKEN" -d '{"ref": "main"}' \
    $GITHUB_API_URL/repos/octocat/shell/deployments > made.json
  ghdeploy -X POST $admin/assert_event -d '{"name": "deployment", "fields": {"ref": "main"}}' > event.json
  mv made.json made$round.json
done
cmp made1.json made2.json
if ghdeploy -X POST $admin/assert_event -d '{"name": "deployment", "fields": {"ref": "topic"}}'; then exit 1; fi
"""


def test_a_shell_suite_isolates_its_tests(tmp_path: Path) -> None:
    """A suite needs only curl. If an assertion fails, curl fails and prints the message."""
    fetched.program("curl")
    with serving() as served:
        # Responses contain times, so both rounds must run at the same time of the fake's clock.
        script = SHELL.replace("$admin/reset >", "$admin/reset > /dev/null; ghdeploy -X POST $admin/clock/move_to -d "
                               "'{\"when\": \"2030-01-01T00:00:00Z\"}' >")  # fmt: skip
        process = subprocess.run(  # noqa: S603 - our own script
            ["sh", "-c", script],  # noqa: S607
            env={**os.environ, **served.env},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert process.returncode == 0, process.stdout + process.stderr
    message = json.loads(process.stdout)["message"]
    assert message.startswith("no event deployment with ref 'topic'\n  recorded, closest first:\n    deployment ")


# ServedGitHub


def test_a_reset_reads_the_seed_files_again(seed_file: Path) -> None:
    """Changes to the files take effect. With `seed=False` nothing is loaded. An invalid file prevents the reset."""
    fake = ServedGitHub(Settings(seeds=[str(seed_file)]))
    fake.add_repository("octocat/more")
    seed_file.write_text('{"repositories": ["octocat/changed"]}', "utf-8")

    fake._restart()
    assert [row.full_name for row in fake._engine.store.repositories] == ["octocat/changed"]

    seed_file.write_text('{"repositoris": []}', "utf-8")
    with pytest.raises(FakeError, match=r"seed\.json: unknown key 'repositoris'; known: repositories, "):
        fake._restart()
    assert [row.full_name for row in fake._engine.store.repositories] == ["octocat/changed"]

    fake._restart(seed=False)
    assert list(fake._engine.store.repositories) == []
    with pytest.raises(FakeError, match=r"^seed must be True or False, got 'no'$"):
        fake._restart(seed="no")  # type: ignore[arg-type]


def test_a_reset_delivers_each_ping_once(tmp_path: Path) -> None:
    """The rehearsal of the seed delivers nothing."""
    got: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.headers["X-GitHub-Event"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        path = tmp_path / "seed.json"
        path.write_text(json.dumps({"webhooks": [{"url": f"http://127.0.0.1:{server.server_port}/"}]}), "utf-8")
        fake = ServedGitHub(Settings(seeds=[str(path)]))
        assert [delivery.state for delivery in fake.webhooks.deliveries] == ["waiting"]
        fake.start_deliveries()
        assert fake._first_deliveries
        fake._first_deliveries.join(20)
        fake._restart()
        assert [delivery.state for delivery in fake.webhooks.deliveries] == ["delivered"]
        fake.close()
        server.shutdown()
        thread.join()
    assert got == ["ping", "ping"]


def report_statuses(fake: FakeGitHub, count: int) -> None:
    """Create *count* commit statuses over HTTP."""
    sha = fake.repository("octocat/example").sha("main")
    url = f"{fake.base_url}/repos/octocat/example/statuses/{sha}"
    for number in range(count):
        body = json.dumps({"state": "success", "context": f"context {number}"}).encode()
        headers = {"authorization": "Bearer any", "user-agent": "test"}
        assert fake._engine.answer("POST", url, headers, body).status == 201


def test_it_keeps_only_the_last_requests_events_and_deliveries() -> None:
    """At least `--keep` of them are kept, and at most twice as many. Their numbers keep counting."""
    fake = ServedGitHub(Settings(keep=10))
    fake.add_repository("octocat/example")
    fake.webhooks.subscribe(lambda _: None, events=["status"])
    fault = fake.faults.add(method="PUT", status=500, required=True)

    report_statuses(fake, 300)

    assert 10 <= len(fake.requests) <= 20
    assert 10 <= len(fake.events) <= 20
    assert 10 <= len(fake.webhooks.deliveries) <= 21
    assert 10 <= len(fake._engine.transcript.entries) <= 22
    assert "context 299" in fake.requests[-1].request_body.decode()
    assert fake.events[-1].payload["context"] == "context 299"
    lines = fake.conversation.text().splitlines()
    assert re.fullmatch(r"     … \d{3} earlier requests and events are no longer recorded …", lines[0])
    assert [line[:4] for line in lines if re.match(r" *\d+\. ", line)][-2:] == ["299.", "300."]
    assert " earlier requests and events are no longer recorded …" in fake.conversation.diagram()
    # A fault still lists the requests after it.
    assert f"the fault {fault} was used 0 of 1 times\n  POST /repos/" in fake._engine.list_problems()[0]
    for number in range(30):
        fake._engine.fail(FakeError(f"problem {number}"))
    report_statuses(fake, 1)
    assert fake._engine.list_problems()[9] == "FakeError: problem 29"


def test_memory_stays_flat() -> None:
    """Forgotten requests free their memory. Deployments are kept, as on GitHub."""
    import tracemalloc

    fake = ServedGitHub(Settings(keep=50))
    repo = fake.add_repository("octocat/example")
    url = f"{fake.base_url}/repos/octocat/example/deployments"

    def memory_after(count: int) -> int:
        for number in range(count):
            headers = {"authorization": "Bearer any", "user-agent": "test"}
            fake._engine.answer("GET", f"{url}?ref={number % 7}", headers, b"")
        return tracemalloc.get_traced_memory()[0]

    repo.add_deployment(ref="main")
    tracemalloc.start()
    try:
        memory_after(200)
        before = memory_after(200)
        assert memory_after(600) - before < 100_000
    finally:
        tracemalloc.stop()


def test_the_log_waits_while_there_is_nothing_to_write() -> None:
    """Its thread adds what it collects, and does not wake itself by adding nothing."""
    written: list[str] = []
    collected = threading.Semaphore(0)
    log = Log(written.append)

    def collect() -> None:
        collected.release()
        log.add(["a line"] if not written else [])

    log.start(collect)
    log.wake()
    try:
        assert collected.acquire(timeout=10)
        assert collected.acquire(timeout=10)  # for what was added
        assert not collected.acquire(timeout=0.2)
    finally:
        log.close()
    assert written == ["a line\n"]


def test_the_log_is_complete_and_in_order() -> None:
    """A delivery is logged when it has finished. Lines from before a reset are not lost."""
    lines: list[str] = []
    log = Log(lambda text: lines.extend(text.splitlines()))
    fake = ServedGitHub(Settings(), log)
    fake.start_log()
    fake.add_repository("octocat/example")
    fake.webhooks.subscribe(lambda _: report_statuses(fake, 1), events=["deployment"])
    fake.repository("octocat/example").add_deployment(ref="main")
    fake._restart()
    fake.add_repository("octocat/example")
    report_statuses(fake, 1)
    fake._engine.fail(FakeError("a problem\x1b[0m"))
    log.close()
    fake.close()

    request = (
        "  {}. POST /repos/octocat/example/statuses/734ea463a42cc82d11fedf1d01b5b7a2194a6c2b "
        '{{"state": "success", "context": "context 0"}} -> 201 Created id {}, state success, context context 0'
    )
    assert [line.partition(" (")[0].partition(": id")[0] for line in lines] == [
        "     event ping: hook_id 301950017",
        request.format(1, 27000000011),
        "     event status",
        "     --> ping to <lambda>: 200 OK",
        "     event deployment.created",
        request.format(2, 27000000018),
        "     event status",
        "     --> deployment to <lambda>: 200 OK",
        request.format(1, 27000000011),
        "     event status",
        "  !  FakeError: a problem\\x1b[0m",
    ]
    assert not [thread for thread in threading.enumerate() if thread.name == "ghdeploy log"]


def test_it_starts_quickly() -> None:
    """The time from start to the first response is short."""
    began = time.perf_counter()
    with serving() as served:
        served.send("GET", "/_ghdeploy/clock")
        taken = time.perf_counter() - began
    # It takes 0.3 seconds on an idle machine. The limit allows for a busy one.
    assert taken < 5
