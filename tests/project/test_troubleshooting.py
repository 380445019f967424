"""
The page `docs/troubleshooting.md`: each message that it quotes is produced here, and each anchor in the code exists.

``MESSAGES`` has a function for each quoted message, in the order of the page. A quote is the beginning of what the
function produces.
"""

from __future__ import annotations

import ast
import asyncio
import http.client
import itertools
import re
import socket
import ssl
import sys
import threading
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
import requests
import responses
import signing

from pytest_ghdeploy import FakeError, FakeGitHub
from pytest_ghdeploy.commands.serve import _EnvFile
from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.memory_socket import MemorySocket, Origin, refused
from pytest_ghdeploy.errors import TROUBLESHOOTING
from pytest_ghdeploy.github import json_web_tokens
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.server import live_server, sockets, tls
from pytest_ghdeploy.server.actions import runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import Repository

ROOT = Path(__file__).parents[2]
API = "https://api.github.com"
REPO = f"{API}/repos/octocat/example"
TOKEN = {"Authorization": "Bearer your-token"}

# The page


def slug(heading: str) -> str:
    """Return a heading as it is in a link."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def sections() -> dict[str, str]:
    """Return the text below each heading, without blocks of code."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / TROUBLESHOOTING).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    _, *parts = re.split(r"^#+ (.*)\n", text, flags=re.MULTILINE)
    return {slug(heading): content for heading, content in zip(parts[::2], parts[1::2], strict=True)}


def quotes(content: str) -> list[str]:
    """List the quoted messages of a section: in block quotes, and in the first column of a table."""
    return re.findall(r"^(?:>|\|) `([^`]*)`(?:$| \|)", content, re.MULTILINE)


QUOTES = {anchor: found for anchor, content in sections().items() if (found := quotes(content))}


@cache
def anchors_in_the_code() -> set[str]:
    """Find the anchors given to errors and to ``with_page``."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            given = [keyword.value for keyword in node.keywords if keyword.arg == "see"]
            if isinstance(node.func, ast.Name) and node.func.id == "with_page":
                given += node.args[1:]
            found |= {ast.literal_eval(value) for value in given if isinstance(value, ast.Constant) and value.value}
    return found


# The messages


class Scene:
    """What a message needs: a fake with a repository, and pytest's fixtures."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        """Open a fake. Its problems are dropped."""
        self._request = request
        self.fake: FakeGitHub = request.getfixturevalue("ghdeploy")

    @property
    def repo(self) -> Repository:
        """The repository, which is added at the first use."""
        if self.fake.repositories:
            return self.fake.repositories[0]
        return self.fake.add_repository("octocat/example")

    @property
    def patch(self) -> pytest.MonkeyPatch:
        """A monkeypatch."""
        patch: pytest.MonkeyPatch = self._request.getfixturevalue("monkeypatch")
        return patch

    @property
    def folder(self) -> Path:
        """The current folder, which is empty."""
        folder: Path = self._request.getfixturevalue("tmp_path")
        self.patch.chdir(folder)
        return folder

    def get(self, url: str, **headers: str) -> requests.Response:
        """Send a GET."""
        return requests.get(url, headers={**TOKEN, **headers}, timeout=10)

    def deploy(self, token: str = "your-token", **body: Any) -> str:  # noqa: ANN401, S107 - any JSON
        """Create a deployment, and return the hint of the response."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        requests.post(f"{REPO}/deployments", json=body or {"ref": "main"}, headers=headers, timeout=10)
        return self.hint

    @property
    def hint(self) -> str:
        """The hint of the latest response."""
        return self.fake.requests[-1].hint

    def admin(self, method: str, path: str, **arguments: Any) -> str:  # noqa: ANN401 - those of requests
        """Return the message of the admin interface."""
        url = self.fake.serve(admin=True).url
        answer = requests.request(method, f"{url}/_ghdeploy{path}", timeout=10, **arguments)
        message: str = answer.json()["message"]
        return message

    def reason(self, receiver: Any, **arguments: Any) -> str:  # noqa: ANN401 - of any kind
        """Deliver an event, and return the reason of its failure."""
        hook = self.fake.webhooks.subscribe(receiver, **arguments)
        self.repo.add_commit_status("main", state="success")
        return hook.deliveries[0].reason

    def lines_of_pytest(self, content: str = "", *arguments: str, ini: str = "") -> str:
        """Run a test file, and return the lines of the output."""
        pytester: pytest.Pytester = self._request.getfixturevalue("pytester")
        pytester.makeini(f"[pytest]\n{ini}")
        pytester.makepyfile(content or "def test_it(ghdeploy): pass")
        result = pytester.runpytest_inprocess("-p", "no:asyncio", *arguments)
        return "\n".join([*result.outlines, *result.errlines])


def raised(action: Callable[[], object]) -> str:
    """Return the message that *action* raises."""
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        action()
    return str(caught.value)


def permissions(scene: Scene) -> str:
    """Send a request with a token that may only read."""
    _ = scene.repo
    scene.fake.add_token("hubots-token", permissions={"deployments": "read"})
    return scene.deploy("hubots-token")


def scopes(scene: Scene) -> str:
    """Send a request with a token that has another scope."""
    _ = scene.repo
    scene.fake.add_token("hubots-token", scopes=["repo:status"])
    return scene.deploy("hubots-token")


def without_rights(scene: Scene) -> str:
    """Send a request as somebody who may only read."""
    _ = scene.repo
    scene.fake.add_user("hubot")
    scene.fake.add_token("hubots-token", user="hubot")
    return scene.deploy("hubots-token")


def unknown_token(scene: Scene) -> str:
    """Send a request with a token that was not added."""
    scene.fake.add_token("another-token")
    return scene.deploy()


def archived(scene: Scene) -> str:
    """Send a request to an archived repository."""
    _ = scene.repo
    requests.patch(REPO, json={"archived": True}, headers=TOKEN, timeout=10)
    return scene.deploy()


def limited(scene: Scene) -> str:
    """Send a request after the last one."""
    scene.fake.rate_limits.set(remaining=0)
    return scene.deploy()


def failing(scene: Scene) -> str:
    """Deploy a commit with a failing status."""
    scene.repo.add_commit_status("main", state="failure", context="ci/tests")
    return scene.deploy()


def unreported(scene: Scene) -> str:
    """Deploy with a context that nobody has reported."""
    _ = scene.repo
    return scene.deploy(ref="main", required_contexts=["ci/tests"])


def conflicting(scene: Scene) -> str:
    """Deploy a branch that conflicts."""
    scene.repo.add_branch("topic")
    scene.repo.add_merge_conflict("topic")
    return scene.deploy(ref="topic")


def behind(scene: Scene) -> str:
    """Deploy a branch that is behind."""
    scene.repo.add_branch("topic", behind=1)
    return scene.deploy(ref="topic")


def active(scene: Scene) -> str:
    """Delete an active deployment."""
    first, second = (scene.repo.add_deployment("main") for _ in range(2))
    for deployment in (first, second):
        deployment.add_status("success")
    requests.delete(f"{REPO}/deployments/{second.id}", headers=TOKEN, timeout=10)
    return scene.hint


def asked(scene: Scene, method: str, url: str, **arguments: Any) -> str:  # noqa: ANN401 - those of requests
    """Send a request, and return the hint of the response."""
    _ = scene.repo
    requests.request(method, url, headers=TOKEN | arguments.pop("headers", {}), timeout=10, **arguments)
    return scene.hint


def by_another_key(scene: Scene) -> str:
    """Sign a JSON web token with the key of another app."""
    app = scene.fake.add_app("deployer")
    assert app.private_key != signing.private_key()
    return asked(scene, "GET", f"{API}/app", headers=bearer(signing.signed(scene.fake, app)))


def too_early(scene: Scene) -> str:
    """Sign a JSON web token that expired in 2020."""
    app = scene.fake.add_app("deployer", private_key=signing.private_key())
    token = signing.signed(scene.fake, app, exp=1_577_836_800)
    return asked(scene, "GET", f"{API}/app", headers=bearer(token))


def unexchanged(scene: Scene) -> str:
    """Use a JSON web token for a repository."""
    return asked(scene, "GET", REPO, headers=bearer(signing.signed(scene.fake, 1)))


def bearer(token: str) -> dict[str, str]:
    """Return the header with a token."""
    return {"Authorization": f"Bearer {token}"}


def without_extra(scene: Scene) -> str:
    """Read a private key without the libraries of the extra."""
    scene.patch.setattr(json_web_tokens, "can_verify", lambda: False)
    return raised(lambda: scene.fake.add_app("deployer").private_key)


def unverified(scene: Scene) -> str:
    """Send a JSON web token without the libraries of the extra."""
    app = scene.fake.add_app("deployer", private_key=signing.private_key())
    scene.patch.setattr(json_web_tokens, "can_verify", lambda: False)
    token = signing.signed(scene.fake, app)
    return raised(lambda: asked(scene, "GET", f"{API}/app", headers=bearer(token)))


def faulty(scene: Scene) -> str:
    """Send a request that a fault fails."""
    scene.fake.faults.add(path="/repos/octocat/example", status=502)
    return asked(scene, "GET", REPO)


def stubbed(scene: Scene) -> str:
    """Send a request that a stub answers."""
    scene.fake.stub("GET", "/repos/octocat/example", status=503)
    return asked(scene, "GET", REPO)


def gone(scene: Scene) -> str:
    """Use a deployment after a reset."""
    deployment = scene.repo.add_deployment("main")
    scene.fake.reset()
    return raised(lambda: deployment.environment)


def gone_repository(scene: Scene) -> str:
    """Use a repository after a reset."""
    repo = scene.repo
    scene.fake.reset()
    return raised(lambda: repo.add_branch("topic"))


def merged(scene: Scene) -> str:
    """Add a deployment of a branch that is behind."""
    scene.repo.add_branch("topic", behind=1)
    return raised(lambda: scene.repo.add_deployment("topic", auto_merge=True))


def blocking(scene: Scene) -> str:
    """Wait for an event in a coroutine, without `await`."""

    async def wait() -> None:
        scene.fake.wait_for_event("deployment")

    return raised(lambda: asyncio.run(wait()))


def second_user(scene: Scene) -> str:
    """Add a user twice."""
    scene.fake.add_user("hubot")
    return raised(lambda: scene.fake.add_user("hubot"))


def unused(scene: Scene, add: Callable[[], object]) -> str:
    """Add something that is required, and use it in no request."""
    add()
    message = raised(scene.fake._engine.check_unused)
    scene.fake.reset()
    return message


def happened(scene: Scene) -> str:
    """Assert that there was no deployment after one."""
    scene.repo.add_deployment("main")
    return raised(lambda: scene.fake.assert_no_event("deployment"))


def sent(scene: Scene) -> str:
    """Assert that no request was sent after one."""
    asked(scene, "GET", REPO)
    return raised(lambda: scene.fake.assert_no_request("GET", "/repos/octocat/example"))


def elsewhere(scene: Scene) -> str:
    """Send a request outside an Enterprise Server's API."""
    with FakeGitHub("https://ghe.example.com/api/v3") as fake:
        message = raised(lambda: scene.get("https://ghe.example.com/user"))
        fake._engine.take_problem()
    return message


def over_the_server(scene: Scene) -> str:
    """Use the live server as a proxy to another host."""
    connection = http.client.HTTPConnection(scene.fake.serve().url.removeprefix("http://"), timeout=10)
    with closing(connection):
        connection.request("GET", "http://github.com/octocat")
        return connection.getresponse().read().decode()


def too_new(scene: Scene) -> str:
    """Send a request with a library that has no private function."""
    scene.patch.delattr(responses.RequestsMock, "_on_request")
    return raised(lambda: scene.get(f"{API}/user"))


def slow(scene: Scene) -> str:
    """Deliver to a receiver that hangs."""
    scene.fake.webhooks.timeout_seconds = 0.05
    done = threading.Event()
    reason = scene.reason(lambda _: done.wait(10), in_thread=True)
    done.set()
    return reason


def raising(scene: Scene) -> str:
    """Deliver to a receiver that raises."""
    return scene.reason(Mock(side_effect=ValueError("x")), kind="callable")


def endless(scene: Scene) -> str:
    """Deliver to a receiver that triggers itself."""
    contexts = itertools.count()

    def report(_: object = None) -> None:
        scene.repo.add_commit_status("main", state="success", context=f"ci/{next(contexts)}")

    scene.fake.webhooks.subscribe(report, events=["status"])
    report()
    return str(scene.fake._engine.take_problem())


def port_in_use(scene: Scene) -> str:
    """Listen on a port that another program uses."""
    listener = Mock(bind=Mock(side_effect=OSError(98, "Address already in use")))
    scene.patch.setattr(sockets, "socket", Mock(socket=Mock(return_value=listener)))
    return raised(lambda: sockets.listen(8417))


def without_sockets(scene: Scene) -> str:
    """Listen while pytest-socket forbids it."""
    scene.patch.setitem(sys.modules, "pytest_socket", sys)
    scene.patch.setattr(sockets, "socket", Mock(socket=Mock(side_effect=RuntimeError)))
    return raised(lambda: sockets.listen(0))


def action_in(scene: Scene, runs: str) -> Path:
    """Write an action."""
    (scene.folder / "index.js").touch()
    (scene.folder / "action.yml").write_text(f"runs: {{{runs}}}", "utf-8")
    return scene.folder


def without_node(scene: Scene) -> str:
    """Run an action on a machine without Node."""
    action = action_in(scene, "using: node20, main: index.js")
    scene.patch.setenv("PATH", str(scene.folder))
    return raised(lambda: scene.fake.serve().run_action(action))


def composite(scene: Scene) -> str:
    """Run an action that is not written in JavaScript."""
    action = action_in(scene, "using: composite, steps: []")
    return raised(lambda: scene.fake.serve().run_action(action))


def hanging(scene: Scene) -> str:
    """Run an action that does not end."""
    action = action_in(scene, "using: node20, main: index.js")
    scene.patch.setattr(runner, "_node", lambda: "/usr/bin/node")
    scene.patch.setattr(runner, "_run_program", lambda *_: (None, "deploying"))
    return raised(lambda: scene.fake.serve().run_action(action))


def without_trustme(scene: Scene) -> str:
    """Serve HTTPS without the extra."""
    scene.patch.setitem(sys.modules, "trustme", None)
    tls.authority.cache_clear()  # an earlier test may have made one
    return raised(lambda: scene.fake.serve(tls=True))


def tunnelled(scene: Scene, target: str, *, proxy: bool = True) -> str:
    """Ask a server for a tunnel, and return its whole answer."""
    with scene.fake.serve(proxy=proxy) as server, socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        return b"".join(iter(lambda: client.recv(4096), b"")).decode()


def untrusted_proxy(scene: Scene) -> str:
    """Begin TLS in a tunnel without the CA file. The conversation says what is missing."""
    with scene.fake.serve(proxy=True) as server, socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(b"CONNECT api.github.com:443 HTTP/1.1\r\nHost: api.github.com\r\n\r\n")
        client.recv(4096)
        raised(lambda: ssl.create_default_context().wrap_socket(client, server_hostname="api.github.com"))
        end = time.monotonic() + 10
        while not scene.fake.conversation.text() and time.monotonic() < end:  # the tunnel has a thread of its own
            time.sleep(0.01)
    return scene.fake.conversation.text()


def env_file(scene: Scene) -> str:
    """Name a file of somebody else."""
    (scene.folder / "github.env").write_text("A=1\n", "utf-8")
    return raised(lambda: _EnvFile(Path("github.env")))


def served(scene: Scene, **headers: str) -> str:
    """Send a request with other headers to the live server."""
    return scene.get(f"{scene.fake.serve().url}/user", **headers).text


def tls_to_http(scene: Scene) -> str:
    """Greet the live server in TLS."""
    port = int(scene.fake.serve().url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00")
        return connection.makefile("rb").read().partition(b"\r\n\r\n")[2].decode()


def busy(scene: Scene) -> str:
    """Close a server while the fake is busy."""
    scene.patch.setattr(live_server, "_GRACE_SECONDS", 0.05)
    scene.patch.setattr(live_server, "_BUSY_SECONDS", 0.05)
    started, done = threading.Event(), threading.Event()

    def answer(_: object) -> dict[str, str]:
        started.set()
        done.wait(10)
        return {}

    scene.fake.stub("GET", "/slow", json=answer)
    server = scene.fake.serve()

    def ask() -> None:
        with pytest.raises(requests.RequestException):
            scene.get(f"{server.url}/slow")

    thread = threading.Thread(target=ask)
    thread.start()
    assert started.wait(10)
    server.close()
    done.set()
    thread.join(10)
    return str(scene.fake._engine.take_problem()).replace(server.url, "http://127.0.0.1:8417")


def seeded(scene: Scene, name: str, content: str) -> str:
    """Load a seed file."""
    (scene.folder / name).write_text(content, "utf-8")
    return raised(lambda: scene.fake.seed(name))


def twice(scene: Scene) -> str:
    """Add a repository twice over HTTP."""
    _ = scene.repo
    return scene.admin("POST", "/add_repository", json={"full_name": "octocat/example"})


MESSAGES: dict[str, list[Callable[[Scene], str]]] = {
    "an-endpoint-that-the-fake-lacks": [lambda scene: raised(lambda: scene.get(f"{REPO}/milestones"))],
    "a-member-or-media-type-that-the-fake-lacks": [
        lambda scene: raised(
            lambda: asked(scene, "POST", f"{API}/user/repos", json={"name": "new", "license_template": "mit"})
        ),
        lambda scene: raised(
            lambda: asked(scene, "GET", f"{REPO}/commits/main", headers={"Accept": "application/vnd.github.diff"})
        ),
    ],
    "another-host-of-github": [
        lambda scene: raised(lambda: scene.get("https://uploads.github.com/x")),
        elsewhere,
        over_the_server,
    ],
    "a-client-that-cannot-be-intercepted": [
        lambda _: raised(lambda: socket.getaddrinfo("api.github.com", 443)),
        lambda _: raised(lambda: MemorySocket(Origin("https", "api.github.com", 443), refused, None).getsockopt),
    ],
    "a-forked-process": [lambda scene: raised(lambda: registry._answer_in_a_child(scene.fake._engine))],
    "a-library-that-is-too-new": [too_new],
    "an-unknown-value": [
        lambda scene: raised(lambda: scene.repo and scene.fake.repository("octocat/exmaple")),
        lambda scene: raised(lambda: scene.repo.add_commit_status("main", state="passed")),  # type: ignore[arg-type]
        lambda scene: raised(lambda: scene.fake.assert_no_event("deployment_status", state="failed")),
        lambda scene: raised(lambda: scene.fake.assert_event("deployment", env="staging")),
    ],
    "a-name-that-is-taken": [
        lambda scene: raised(lambda: scene.fake.add_repository(scene.repo.full_name)),
        lambda scene: raised(lambda: scene.repo.add_branch("main")),
        second_user,
    ],
    "something-that-no-longer-exists": [gone, gone_repository],
    "a-refusal-of-github": [lambda scene: raised(lambda: scene.repo.add_deployment("main", required_contexts=["ci"]))],
    "a-202-instead-of-a-deployment": [merged],
    "waiting-in-an-event-loop": [blocking],
    "a-fake-that-is-already-active": [lambda scene: raised(scene.fake.open)],
    "a-token-that-is-not-known": [lambda scene: raised(lambda: scene.fake.revoke_token("a-token"))],
    "the-extra-app-is-missing": [without_extra, unverified],
    "a-bug-in-the-fake": [lambda _: raised(lambda: schema.check_answer("repos/get-deployment", 200, {}))],
    "no-event-matches": [
        lambda scene: raised(lambda: scene.fake.assert_event("deployment", environment="staging")),
        lambda scene: raised(lambda: scene.fake.assert_request("POST", "/repos/octocat/example/deployments")),
        lambda scene: raised(lambda: scene.fake.assert_delivery("deployment")),
    ],
    "no-request-reached-the-fake": [lambda scene: scene.fake._engine.report_text(needs_requests=True)],
    "an-event-that-should-not-have-happened": [happened, sent],
    "waiting-for-an-event-ends-without-one": [
        lambda scene: raised(lambda: scene.fake.wait_for_event("deployment", timeout=0.01))
    ],
    "a-fault-or-stub-that-was-not-used": [
        lambda scene: unused(scene, lambda: scene.fake.faults.add(path="/repos/octocat/example", status=502)),
        lambda scene: unused(
            scene, lambda: scene.fake.stub("GET", "/repos/octocat/example/milestones", json=[], required=True)
        ),
    ],
    "the-fixture-is-not-found": [lambda scene: scene.lines_of_pytest("", "-p", "no:ghdeploy")],
    "a-fixture-of-another-scope": [
        lambda scene: scene.lines_of_pytest(
            "import pytest\n@pytest.fixture(scope='module')\ndef github(ghdeploy): pass\ndef test_it(github): pass"
        )
    ],
    "an-option-or-the-marker-is-refused": [
        lambda scene: scene.lines_of_pytest(ini="ghdeploy_short_sha = true"),
        lambda scene: scene.lines_of_pytest(
            "import pytest\n@pytest.mark.ghdeploy('octocat/example')\ndef test_it(): pass"
        ),
        lambda scene: scene.lines_of_pytest("import pytest\n@pytest.mark.ghdeploy(repos=[])\ndef test_it(): pass"),
    ],
    "a-seed-file-is-refused": [
        lambda scene: seeded(scene, "seed.toml", "repositories = ["),
        lambda scene: seeded(scene, "seed.json", '{"repositories": [{}]}'),
    ],
    "401": [
        unknown_token,
        lambda scene: scene.deploy(""),
        lambda scene: asked(scene, "GET", f"{API}/app"),
        by_another_key,
        too_early,
        unexchanged,
    ],
    "403": [permissions, archived, limited],
    "404": [
        lambda scene: scene.deploy(),
        without_rights,
        scopes,
        lambda scene: asked(scene, "GET", f"{REPO}/deployments/7"),
        lambda scene: asked(scene, "GET", f"{REPO}/deployment"),
        lambda scene: asked(scene, "PUT", f"{REPO}/deployments"),
    ],
    "409": [failing, unreported, conflicting],
    "422": [
        lambda scene: asked(scene, "POST", f"{REPO}/deployments", json={"ref": "mian"}),
        lambda scene: asked(scene, "POST", f"{REPO}/deployments", json={"environment": "staging"}),
        active,
    ],
    "202": [behind],
    "400-and-415": [
        lambda scene: asked(scene, "POST", f"{REPO}/deployments", data="{"),
        lambda scene: asked(scene, "GET", REPO, headers={"X-GitHub-Api-Version": "2020-01-01"}),
        lambda scene: asked(scene, "GET", REPO, headers={"Accept": "text/xml"}),
    ],
    "a-failure-that-the-test-asked-for": [faulty, stubbed],
    "a-delivery-fails": [
        lambda scene: scene.reason("http://127.0.0.1:9/hook"),
        lambda scene: scene.reason(lambda _: scene.fake.clock.tick(11)),
        slow,
        raising,
    ],
    "a-receiver-that-is-refused": [
        lambda scene: raised(lambda: scene.fake.webhooks.subscribe("https://hooks.example.com/deploy")),
        lambda scene: raised(lambda: scene.fake.webhooks.subscribe(7)),
    ],
    "a-receiver-of-an-unknown-kind": [
        lambda scene: raised(lambda: scene.fake.webhooks.subscribe(lambda a, b, c, d: (a, b, c, d)))
    ],
    "receivers-that-trigger-each-other": [endless],
    "the-server-cannot-start": [port_in_use, without_trustme, env_file],
    "a-server-beside-pytest-socket": [without_sockets],
    "an-action-that-cannot-be-run": [without_node, composite, hanging],
    "the-server-refuses-a-request": [
        lambda scene: served(scene, Host="fake.test"),
        lambda scene: served(scene, Origin="http://site.test"),
        tls_to_http,
    ],
    "the-proxy-refuses-a-connection": [
        lambda scene: tunnelled(scene, "registry.invalid:443"),
        lambda scene: tunnelled(scene, "api.github.com:443", proxy=False),
        untrusted_proxy,
    ],
    "the-admin-interface-refuses-a-request": [
        lambda scene: scene.admin("POST", "/reset", data="{", headers={"Content-Type": "application/json"}),
        lambda scene: scene.admin("GET", "", headers={"Host": "fake.test"}),
        lambda scene: scene.admin("GET", "", headers={"Origin": "http://site.test"}),
        lambda scene: scene.admin("GET", "/event"),
        lambda scene: scene.admin("GET", "/reset"),
        lambda scene: scene.admin("POST", "/assert_event", json={"name": "deployment"}),
        lambda scene: scene.admin("POST", "/reset", data="{}", headers={"Content-Type": "text/plain"}),
        twice,
    ],
    "a-server-that-cannot-close": [busy],
}


ROWS = [
    pytest.param(anchor, number, make, id=f"{anchor}-{number}")
    for anchor, makers in MESSAGES.items()
    for number, make in enumerate(makers)
]


@pytest.mark.parametrize(("anchor", "number", "make"), ROWS)
def test_a_quoted_message_is_real(
    request: pytest.FixtureRequest, anchor: str, number: int, make: Callable[[Scene], str]
) -> None:
    """The message begins as the page quotes it, and ends with the section if the code says so."""
    scene = Scene(request)
    message = make(scene)
    scene.fake._engine.take_problem()
    quote = QUOTES[anchor][number]
    # Lines of pytest's output start with the kind of error or an E, and a problem in the conversation with a mark.
    starts = [re.sub(r"^(?:E +|ERROR: |  !  )", "", line) for line in message.splitlines()]
    assert any(start.startswith(quote) or start.partition("Error: ")[2].startswith(quote) for start in starts)
    ends = f". See {TROUBLESHOOTING}#"
    assert message.strip().partition(ends)[2] == (anchor if anchor in anchors_in_the_code() else "")


def test_every_quote_is_produced() -> None:
    """Each section with quotes has as many functions here."""
    assert {anchor: len(found) for anchor, found in QUOTES.items()} == {
        anchor: len(makers) for anchor, makers in MESSAGES.items()
    }


def test_every_anchor_in_the_code_is_a_heading_of_the_page() -> None:
    """A message does not lead to a section that is missing."""
    assert len(anchors_in_the_code()) >= 10
    assert anchors_in_the_code() <= set(sections())


def test_an_error_without_a_section_stays_as_it_is() -> None:
    """A long message ends with its section, after a full stop."""
    assert str(FakeError("short")) == "short"
    assert str(FakeError("long", see="a-bug-in-the-fake")) == f"long. See {TROUBLESHOOTING}#a-bug-in-the-fake"
    assert str(FakeError("Long.", see="a-bug-in-the-fake")) == f"Long. See {TROUBLESHOOTING}#a-bug-in-the-fake"
