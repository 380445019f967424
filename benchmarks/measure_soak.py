"""
Measure what many requests to ``ghdeploy serve`` and many tests with the fixture leave behind.

``run.py`` runs this in a separate environment, with ``serve`` or ``tests``. The
output is one JSON object: the memory in KiB, the threads, the file descriptors
and the patched names at the end, less those after a warm-up. It reads ``/proc``,
so it needs Linux.
"""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUESTS, WARM_UP = 50_000, 8_000
TESTS, FIRST_TESTS = 2_000, 400
REPO = "/repos/octocat/example"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def left_by(pid: int | str) -> dict[str, int]:
    """Return the memory in KiB, the threads and the file descriptors of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines())
    return {
        "kib": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
    }


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Return what is left more than before."""
    return {name: after[name] - before[name] for name in ("kib", "threads", "descriptors")}


# Requests to ghdeploy serve


class Client:
    """Sends requests. Every tenth has its own connection."""

    def __init__(self, url: str) -> None:
        """Send requests to the server at *url*."""
        self._place = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._place)
        self.sent = 0

    def ask(self, method: str, path: str, body: object = None, *, status: int | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a request and return the body of the response, which must have *status*, or else any success."""
        self.sent += 1
        headers = {"Authorization": "Bearer a-token-for-the-benchmark", "User-Agent": "soak"}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body), "application/json"
        if self.sent % 10 == 0:
            self._connection.close()
        self._connection.request(method, path, data, headers)
        response = self._connection.getresponse()
        text = response.read()
        assert response.status == status if status else response.status < 400, (method, path, response.status, text)
        return json.loads(text) if text else None


def deployment(client: Client, number: int) -> None:
    """Walk a deployment through its life, and delete it."""
    body = {"ref": "main", "required_contexts": [], "payload": {"build": number, "notes": "x" * (number % 500)}}
    path = f"{REPO}/deployments/{client.ask('POST', f'{REPO}/deployments', body)['id']}"
    for state in ("in_progress", "success", "inactive"):
        status = client.ask("POST", f"{path}/statuses", {"state": state})
    client.ask("GET", path)
    client.ask("GET", f"{path}/statuses/{status['id']}")
    client.ask("GET", f"{path}/statuses?per_page=1")
    client.ask("GET", f"{REPO}/deployments?environment=production&page={number % 3}")
    client.ask("DELETE", path)
    client.ask("GET", path, status=404)


def environment(client: Client, number: int) -> None:
    """Create an environment, read and delete it."""
    path = f"{REPO}/environments/env-{number}"
    client.ask("PUT", path, {"wait_timer": 5})
    client.ask("GET", path)
    client.ask("GET", f"{REPO}/environments")
    client.ask("DELETE", path)


def branch(client: Client, number: int) -> None:
    """Create a branch, read and delete it."""
    sha = client.ask("GET", f"{REPO}/git/ref/heads/main")["object"]["sha"]
    client.ask("POST", f"{REPO}/git/refs", {"ref": f"refs/heads/b{number}", "sha": sha})
    client.ask("GET", f"{REPO}/branches/b{number}")
    client.ask("GET", f"{REPO}/compare/main...b{number}")
    client.ask("DELETE", f"{REPO}/git/refs/heads/b{number}")


def deploy_key(client: Client, number: int) -> None:
    """Create a deploy key, read and delete it."""
    path = f"{REPO}/keys/{client.ask('POST', f'{REPO}/keys', {'title': f'key {number}', 'key': KEY})['id']}"
    client.ask("GET", path)
    client.ask("DELETE", path)


def hook(client: Client, number: int) -> None:
    """Create a hook, change and delete it."""
    config = {"url": f"http://127.0.0.1:9/{number}"}
    created = client.ask("POST", f"{REPO}/hooks", {"config": config, "active": False})
    path = f"{REPO}/hooks/{created['id']}"
    client.ask("PATCH", path, {"events": ["deployment"]})
    client.ask("DELETE", path)


def repository(client: Client, number: int) -> None:
    """Create a repository, rename and delete it."""
    client.ask("POST", "/user/repos", {"name": f"r{number}"})
    client.ask("PATCH", f"/repos/octocat/r{number}", {"name": f"s{number}"})
    client.ask("GET", f"/repos/octocat/r{number}", status=301)
    client.ask("DELETE", f"/repos/octocat/s{number}")


def refusal(client: Client, number: int) -> None:
    """Send requests that are refused."""
    client.ask("POST", f"{REPO}/deployments", {"ref": f"nope-{number}"}, status=422)
    client.ask("POST", f"{REPO}/deployments", {"ref": number}, status=422)
    client.ask("GET", f"/repos/octocat/nope-{number}", status=404)
    client.ask("PUT", REPO, status=404)
    client.ask("get", REPO, status=501)


def control(client: Client, number: int) -> None:
    """Use the admin interface, as a test in another language does."""
    admin = "/_ghdeploy"
    client.ask("POST", f"{admin}/faults/add", {"method": "GET", "path": REPO, "status": 502})
    client.ask("GET", REPO, status=502)
    client.ask("POST", f"{admin}/faults/clear", {})
    created = client.ask(
        "POST", f"{admin}/webhooks/subscribe", {"target": f"http://127.0.0.1:9/{number}", "active": False}
    )
    client.ask("POST", f"{admin}/webhooks/unsubscribe", {"hook": created["id"]})
    client.ask("GET", f"{admin}/webhooks/held")
    client.ask("POST", f"{admin}/clock/tick", {"seconds": 1})
    if number % 20 == 0:
        for name in ("requests?status=404", "events/deployment?ref=main", "conversation", "problems"):
            client.ask("GET", f"{admin}/{name}")


ACTS: tuple[Callable[[Client, int], None], ...] = (
    *(deployment, deployment, deployment, environment, branch, deploy_key, hook, repository, refusal, control),
)


@contextmanager
def receiver() -> Iterator[str]:
    """Run a receiver of deliveries; yield its URL."""

    class Receiver(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


def serve() -> dict[str, int]:
    """Send mixed requests to ``ghdeploy serve``."""
    # With the default, the record would still grow at the end.
    command = [sys.executable, "-m", "pytest_ghdeploy", "serve", "--port", "0", "--keep", "200"]
    with tempfile.TemporaryDirectory() as folder, receiver() as url:
        log = Path(folder, "log")
        with log.open("wb") as output, subprocess.Popen(command, stdout=output) as process:
            try:
                while "# ready" not in log.read_text("utf-8"):
                    assert process.poll() is None
                text = log.read_text("utf-8")
                root = next(line.partition("=")[2] for line in text.splitlines() if "GITHUB_SERVER_URL=" in line)
                client = Client(root)
                client.ask("POST", "/_ghdeploy/add_repository", {"full_name": "octocat/example"})
                client.ask("POST", "/_ghdeploy/webhooks/subscribe", {"target": url, "events": ["deployment"]})
                choose = random.Random(7)  # noqa: S311 - the same mixture in every run
                before: dict[str, int] = {}
                for number in range(REQUESTS):
                    if client.sent >= WARM_UP and not before:
                        before = left_by(process.pid)
                    if client.sent >= WARM_UP + REQUESTS:
                        break
                    choose.choice(ACTS)(client, number)
                return difference(before, left_by(process.pid))
            finally:
                process.terminate()


# Tests with the fixture

SUITE = """
import json, subprocess, sys, threading
from http.client import HTTPSConnection
from urllib.request import Request, urlopen

import pytest
import requests

API = "https://api.github.com/repos/octocat/example"
HEADERS = {"Authorization": "token x"}


def create(**body):
    answer = requests.post(f"{API}/deployments", json={"ref": "main"} | body, headers=HEADERS)
    answer.raise_for_status()
    return answer.json()


def walk(gh):
    repo = gh.add_repository("octocat/example")
    repo.add_branch("topic", behind=2)
    status = requests.post(create()["statuses_url"], json={"state": "success"}, headers=HEADERS)
    assert status.status_code == 201
    gh.assert_event("deployment_status", state="success")


def other_clients(gh):
    gh.add_repository("octocat/example")
    with urlopen(Request(API, headers=HEADERS)) as answer:
        assert json.load(answer)["name"] == "example"
    connection = HTTPSConnection("api.github.com")
    connection.request("GET", "/repos/octocat/example", headers={**HEADERS, "User-Agent": "soak"})
    assert connection.getresponse().status == 200


def receivers(gh):
    gh.add_repository("octocat/example")
    got = []
    gh.webhooks.subscribe(got.append, secret="a-secret-of-the-soak", in_thread=True)

    async def application(scope, receive, send):
        if scope["type"] == "http":
            await receive()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    gh.webhooks.subscribe(application, kind="asgi")
    create()
    assert [delivery.event for delivery in got] == ["ping", "deployment"]


def faults(gh):
    gh.add_repository("octocat/example")
    gh.faults.add(method="GET", status=502)
    gh.faults.add(method="GET", error="reset")
    gh.faults.add(method="GET", stale=1)
    assert requests.get(API).status_code == 502
    with pytest.raises(requests.ConnectionError):
        requests.get(API)
    assert requests.get(API).status_code == 200


def third_party(gh):
    gh.add_repository("octocat/example")
    gh.deployer("production", after_seconds=30)
    number = create()["id"]
    gh.clock.tick(120)
    states = [status["state"] for status in requests.get(f"{API}/deployments/{number}/statuses").json()]
    assert states == ["success", "in_progress", "queued"]


ACTS = [walk, other_clients, receivers, faults, third_party]


@pytest.mark.parametrize("number", range(TESTS))
def test_soak(number, request):
    if USED:
        gh = request.getfixturevalue("ghdeploy")
        if number % 10 == 0:
            server = request.getfixturevalue("ghdeploy_server")
            gh.add_repository("octocat/served")
            assert requests.get(f"{server.api_url}/repos/octocat/served", headers=HEADERS).status_code == 200
        else:
            ACTS[number % len(ACTS)](gh)
"""
CONFTEST = """
import asyncio, gc, http.client, json, socket, ssl, sys, threading, time, urllib.request
from importlib import import_module

import pytest
import requests

sys.path.insert(0, HERE)
from measure_soak import changed, left_by, names_of

# What the doors and guards patch, and more that they could.
PLACES = ("asyncio", "http.client", "requests", "requests.adapters", "requests.sessions", "responses", "socket", "ssl",
          "threading", "time", "urllib.request", "urllib3", "urllib3.connection", "urllib3.connectionpool", "_socket")
count = 0


def pytest_sessionstart():
    for name in PLACES:
        import_module(name)
    global names
    names = names_of(PLACES)


def pytest_runtest_logfinish():
    global count, before
    count += 1
    if count == FIRST_TESTS:
        gc.collect()
        before = left_by("self")


def pytest_sessionfinish(session, exitstatus):
    gc.collect()
    after = left_by("self")
    after["patched"] = changed(names, names_of(PLACES))
    with open(OUTPUT, "w") as file:
        json.dump({"before": before, "after": after, "exit": int(exitstatus)}, file)
"""


def names_of(places: tuple[str, ...]) -> dict[str, object]:
    """Return the names of modules and of their classes, with what they stand for."""
    names: dict[str, object] = {}
    for place in places:
        for name, value in vars(sys.modules[place]).items():
            names[f"{place}.{name}"] = value
            if isinstance(value, type):
                names |= {f"{place}.{name}.{member}": attribute for member, attribute in vars(value).items()}
    return names


def changed(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """List the names of functions and classes that were added, removed or replaced."""
    both = {name: (before.get(name), after.get(name)) for name in before | after}
    return sorted(name for name, (old, new) in both.items() if old is not new and (callable(old) or callable(new)))


def tests() -> dict[str, Any]:
    """Run tests with the fixture, and as many empty ones; return what the former leave more than the latter."""
    results: dict[bool, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for uses in (True, False):
            home, output = Path(folder, str(uses)), Path(folder, f"{uses}.json")
            home.mkdir()
            values = {"TESTS": TESTS, "USED": uses, "FIRST_TESTS": FIRST_TESTS, "OUTPUT": str(output)}
            constants = "".join(f"{name} = {value!r}\n" for name, value in (values | {"HERE": str(HERE)}).items())
            Path(home, "conftest.py").write_text(constants + CONFTEST, "utf-8")
            Path(home, "test_soak.py").write_text(constants + SUITE, "utf-8")
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(home)]
            process = subprocess.run(command, check=False, capture_output=True, text=True, cwd=home)
            assert process.returncode == 0, process.stdout[-5000:]
            result = json.loads(output.read_text("utf-8"))
            results[uses] = difference(result["before"], result["after"]) | {"patched": result["after"]["patched"]}
    # pytest itself keeps something for each test.
    used, empty = results[True], results[False]
    return difference(empty, used) | {"patched": sorted({*used["patched"]} - {*empty["patched"]})}


HERE = Path(__file__).parent

if __name__ == "__main__":
    print(json.dumps({"serve": serve, "tests": tests}[sys.argv[1]]()))
