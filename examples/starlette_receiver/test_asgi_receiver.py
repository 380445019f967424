"""What the receiver on Starlette promises, tested against a GitHub that delivers."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import asgi_receiver
import pytest
import requests

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from pytest_ghdeploy import FakeGitHub, Hook, Repository

SECRET = "It's a Secret to Everybody"  # noqa: S105 - of nobody
TOKEN = "a-token-for-tests"  # noqa: S105
HEADERS = {"Authorization": "Bearer a-token-of-the-tool"}
PATH = "/webhooks/github"
URL = "https://api.github.com/repos/octocat/example/deployments"
STATUSES = "/repos/octocat/example/deployments/*/statuses"


class Servers:
    """What is deployed to: remembers which commits arrived where, and which thread has brought them."""

    def __init__(self) -> None:
        """Start with none, and with nothing in the way."""
        self.arrived: list[tuple[str, str]] = []
        self.threads: set[threading.Thread] = set()
        self.problem: Exception | None = None

    def ship(self, sha: str, environment: str) -> None:
        """Arrive, unless there is a problem."""
        self.threads.add(threading.current_thread())
        if self.problem:
            raise self.problem
        self.arrived.append((sha, environment))


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Give the repository as the fake holds it."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def servers() -> Servers:
    """Give servers on which nothing has arrived yet."""
    return Servers()


@pytest.fixture
def app(servers: Servers) -> Starlette:
    """Give the application that deploys to them."""
    made: Starlette = asgi_receiver.create_app(SECRET, TOKEN, servers.ship)
    return made


@pytest.fixture
def hook(ghdeploy: FakeGitHub, repo: Repository, app: Starlette) -> Hook:  # noqa: ARG001 - that there is one
    """Subscribe it as a team would."""
    return ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET, events=["deployment"])


def deploy(ref: str = "main", environment: str = "staging") -> dict[str, Any]:
    """Do what the tool does that asks for a deployment."""
    answer = requests.post(URL, json={"ref": ref, "environment": environment}, headers=HEADERS, timeout=5)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


def statuses(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """See what the tool sees of it, oldest first."""
    answer = requests.get(deployment["statuses_url"], headers=HEADERS, timeout=5)
    seen: list[dict[str, Any]] = answer.json()
    return seen[::-1]


def states(deployment: dict[str, Any]) -> list[str]:
    """See how it went, from the beginning."""
    return [one["state"] for one in statuses(deployment)]


def test_what_the_tool_asks_for_is_deployed(repo: Repository, hook: Hook, servers: Servers) -> None:
    """GitHub is answered with 202, a thread ships the commit and reports, and the tool sees the success."""
    deployment = deploy()

    assert servers.arrived == [(repo.sha("main"), "staging")]
    assert threading.current_thread() not in servers.threads
    assert states(deployment) == ["in_progress", "success"]
    assert [(one.event, one.status_code) for one in hook.deliveries] == [("deployment", 202), ("ping", 204)]
    assert hook.deliveries[0].response_payload == '{"taken":true}'


def test_who_listens_hears_of_the_success(ghdeploy: FakeGitHub, hook: Hook) -> None:
    """What the thread reports is delivered to others before the tool's own request returns."""
    heard: list[tuple[str, str]] = []

    def listen(delivery: Any) -> None:  # noqa: ANN401 - a Delivery
        if delivery.event == "deployment_status":
            heard.append((delivery.payload["deployment_status"]["state"], delivery.payload["deployment"]["ref"]))

    ghdeploy.webhooks.subscribe(listen, events=["deployment_status"])

    deploy()

    assert heard == [("in_progress", "main"), ("success", "main")]
    assert hook.deliveries[0].state == "delivered"


def test_a_form_is_understood_too(ghdeploy: FakeGitHub, repo: Repository, app: Starlette, servers: Servers) -> None:
    """A hook may send its payload as a field of a form; it is signed as it is sent."""
    ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET, events=["deployment"], content_type="form")

    deployment = deploy(environment="qa & more")

    assert servers.arrived == [(repo.sha("main"), "qa & more")]
    assert states(deployment) == ["in_progress", "success"]


def test_other_events_are_left_alone(ghdeploy: FakeGitHub, repo: Repository, app: Starlette, servers: Servers) -> None:
    """Subscribed to everything, it acts on the deployment alone; its own deployment statuses lead to no circle."""
    hook = ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET)
    repo.add_commit_status("main", state="success")

    deploy()

    assert len(servers.arrived) == 1
    assert [(one.event, one.status_code) for one in reversed(hook.deliveries)] == [
        ("ping", 204),
        ("status", 204),
        ("deployment", 202),
        ("deployment_status", 204),
        ("deployment_status", 204),
    ]


@pytest.mark.parametrize("secret", ["another", None])
def test_who_does_not_know_the_secret_deploys_nothing(
    ghdeploy: FakeGitHub, repo: Repository, app: Starlette, servers: Servers, secret: str | None
) -> None:
    """A delivery with a wrong signature, or with none, is answered with 401. The tool is none the wiser."""
    hook = ghdeploy.webhooks.subscribe(app, path=PATH, secret=secret, events=["deployment"])

    deployment = deploy()

    refused = ghdeploy.assert_delivery("deployment", state="failed", status_code=401)
    assert refused.reason == "the receiver answered 401 Unauthorized"
    assert ("X-Hub-Signature-256" in refused.headers) == (secret is not None)
    assert hook.last_response["code"] == 401
    assert (servers.arrived, states(deployment)) == ([], [])
    assert repo.deployments[0].state is None


@pytest.mark.parametrize("signature", [None, b"", b"sha256=", b"sha1=0", b"sha256=\xfc"])
def test_a_forged_request_is_refused(
    ghdeploy: FakeGitHub, app: Starlette, repo: Repository, servers: Servers, signature: bytes | None
) -> None:
    """Something between GitHub and the receiver changes the signature, or the bytes that it is of."""

    async def forger(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
        async def changed() -> Any:  # noqa: ANN401
            message = await receive()
            return message | ({"body": message["body"] + b" "} if signature is None else {})

        sent = [
            (name, value if signature is None or name != b"x-hub-signature-256" else signature)
            for name, value in scope["headers"]
        ]
        await app(scope | {"headers": sent}, changed, send)

    ghdeploy.webhooks.subscribe(forger, path=PATH, secret=SECRET, events=["deployment"], repository=repo.full_name)

    deployment = deploy()

    ghdeploy.assert_delivery("deployment", state="failed", status_code=401)
    assert (servers.arrived, states(deployment)) == ([], [])


def test_a_deployment_that_fails_is_reported(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """The deployment ends as failure, with the beginning of the reason; the delivery was a good one."""
    servers.problem = OSError("disk full " * 20)

    deployment = deploy()

    assert states(deployment) == ["in_progress", "failure"]
    assert statuses(deployment)[-1]["description"] == ("disk full " * 20)[:140]
    assert hook.deliveries[0].state == "delivered"
    ghdeploy.assert_no_event("deployment_status", state="success")


def test_a_delivery_that_comes_again_deploys_nothing_again(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """GitHub delivers at least once; a delivery is known by its id. Another deployment has another."""
    deployment = deploy()

    again = ghdeploy.webhooks.redeliver(hook.deliveries[0])

    assert (again.status_code, again.response_payload) == (200, '{"taken":false}')
    assert len(servers.arrived) == 1
    assert states(deployment) == ["in_progress", "success"]
    assert states(deploy()) == ["in_progress", "success"]
    assert len(servers.arrived) == 2


@pytest.mark.parametrize("reports", [0, 1])
def test_what_github_has_not_heard_can_be_delivered_again(
    ghdeploy: FakeGitHub, hook: Hook, caplog: pytest.LogCaptureFixture, reports: int
) -> None:
    """When GitHub does not take a report, the log says which delivery to repeat; repeated, it deploys."""
    caplog.set_level(logging.ERROR)
    ghdeploy.faults.add(method="POST", path=STATUSES, status=502, after=reports)

    deployment = deploy()

    unheard = hook.deliveries[0]
    assert f"GitHub has not heard of deployment {deployment['id']}: deliver {unheard.delivery_id} again" in caplog.text
    assert states(deployment) == ["in_progress"][:reports]

    ghdeploy.webhooks.redeliver(unheard)

    assert states(deployment)[reports:] == ["in_progress", "success"]


def test_a_receiver_that_crashes_disturbs_nobody(
    ghdeploy: FakeGitHub, hook: Hook, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in it fails the delivery, which a failing test's report would show; repaired, it deploys."""

    async def payload_of(*_: object) -> asgi_receiver.Json:
        return {}

    with monkeypatch.context() as broken:
        broken.setattr(asgi_receiver, "payload_of", payload_of)
        deployment = deploy()

    crashed = ghdeploy.assert_delivery("deployment", state="failed", status_code=500)
    assert crashed.reason == "the receiver raised KeyError: 'deployment'"
    assert states(deployment) == []
    assert (hook.last_response["code"], servers.arrived) == (500, [])

    ghdeploy.webhooks.redeliver(crashed)

    assert states(deployment) == ["in_progress", "success"]


def test_it_runs_the_command_of_the_environment(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made without arguments it takes secret, token and command from there; a command that fails is a failure."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    ran: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> None:
        assert check
        ran.append(command)

    monkeypatch.setattr(asgi_receiver.subprocess, "run", run)
    ghdeploy.webhooks.subscribe(asgi_receiver.create_app(), path=PATH, secret=SECRET, events=["deployment"])

    monkeypatch.setenv("SHIP", "./ship.sh")
    assert states(deploy()) == ["in_progress", "success"]
    monkeypatch.delenv("SHIP")
    assert states(deploy()) == ["in_progress", "failure"]

    assert ran == [["./ship.sh", repo.sha("main"), "staging"]]
