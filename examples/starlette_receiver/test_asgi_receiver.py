"""Tests of the Starlette receiver, against a fake GitHub that delivers webhooks."""

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

SECRET = "It's a Secret to Everybody"  # noqa: S105 - not a real secret
TOKEN = "a-token-for-tests"  # noqa: S105
HEADERS = {"Authorization": "Bearer a-token-of-the-tool"}
PATH = "/webhooks/github"
URL = "https://api.github.com/repos/octocat/example/deployments"
STATUSES = "/repos/octocat/example/deployments/*/statuses"


class Servers:
    """The servers that the receiver deploys to. They keep the shipped commits and the threads that shipped them."""

    def __init__(self) -> None:
        """Start with no commits and no problem."""
        self.shipped: list[tuple[str, str]] = []
        self.threads: set[threading.Thread] = set()
        self.problem: Exception | None = None

    def ship(self, sha: str, environment: str) -> None:
        """Raise `problem` if there is one, else keep the commit."""
        self.threads.add(threading.current_thread())
        if self.problem:
            raise self.problem
        self.shipped.append((sha, environment))


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository in the fake."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def servers() -> Servers:
    """Return servers without any commit."""
    return Servers()


@pytest.fixture
def app(servers: Servers) -> Starlette:
    """Return the receiver, which deploys to the servers."""
    application: Starlette = asgi_receiver.create_app(SECRET, TOKEN, servers.ship)
    return application


@pytest.fixture
def hook(ghdeploy: FakeGitHub, repo: Repository, app: Starlette) -> Hook:  # noqa: ARG001 - must exist
    """Subscribe the receiver as a team would."""
    return ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET, events=["deployment"])


def deploy(ref: str = "main", environment: str = "staging") -> dict[str, Any]:
    """Create a deployment, as a deploy tool does."""
    answer = requests.post(URL, json={"ref": ref, "environment": environment}, headers=HEADERS, timeout=5)
    assert answer.status_code == 201
    deployment: dict[str, Any] = answer.json()
    return deployment


def statuses(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """List the deployment statuses of a deployment, oldest first."""
    answer = requests.get(deployment["statuses_url"], headers=HEADERS, timeout=5)
    newest_first: list[dict[str, Any]] = answer.json()
    return newest_first[::-1]


def states(deployment: dict[str, Any]) -> list[str]:
    """List the states of a deployment, oldest first."""
    return [status["state"] for status in statuses(deployment)]


def test_a_new_deployment_is_shipped_and_reported(repo: Repository, hook: Hook, servers: Servers) -> None:
    """The receiver answers 202, a thread ships the commit, and the deploy tool sees the success."""
    deployment = deploy()

    assert servers.shipped == [(repo.sha("main"), "staging")]
    assert threading.current_thread() not in servers.threads
    assert states(deployment) == ["in_progress", "success"]
    assert [(delivery.event, delivery.status_code) for delivery in hook.deliveries] == [
        ("deployment", 202),
        ("ping", 204),
    ]
    assert hook.deliveries[0].response_payload == '{"accepted":true}'


def test_other_subscribers_receive_the_reported_statuses(ghdeploy: FakeGitHub, hook: Hook) -> None:
    """The thread's deployment statuses are delivered before the deploy tool's request returns."""
    received: list[tuple[str, str]] = []

    def listen(delivery: Any) -> None:  # noqa: ANN401 - a Delivery
        if delivery.event == "deployment_status":
            received.append((delivery.payload["deployment_status"]["state"], delivery.payload["deployment"]["ref"]))

    ghdeploy.webhooks.subscribe(listen, events=["deployment_status"])

    deploy()

    assert received == [("in_progress", "main"), ("success", "main")]
    assert hook.deliveries[0].state == "delivered"


def test_a_form_encoded_payload_is_accepted(
    ghdeploy: FakeGitHub, repo: Repository, app: Starlette, servers: Servers
) -> None:
    """A hook may send its payload as a form field. The signature covers the encoded form."""
    ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET, events=["deployment"], content_type="form")

    deployment = deploy(environment="qa & more")

    assert servers.shipped == [(repo.sha("main"), "qa & more")]
    assert states(deployment) == ["in_progress", "success"]


def test_other_events_are_ignored(ghdeploy: FakeGitHub, repo: Repository, app: Starlette, servers: Servers) -> None:
    """Subscribed to all events, the receiver acts on deployments only. Its own deployment statuses start no loop."""
    hook = ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET)
    repo.add_commit_status("main", state="success")

    deploy()

    assert len(servers.shipped) == 1
    assert [(delivery.event, delivery.status_code) for delivery in reversed(hook.deliveries)] == [
        ("ping", 204),
        ("status", 204),
        ("deployment", 202),
        ("deployment_status", 204),
        ("deployment_status", 204),
    ]


@pytest.mark.parametrize("secret", ["another", None])
def test_a_delivery_without_the_right_secret_deploys_nothing(
    ghdeploy: FakeGitHub, repo: Repository, app: Starlette, servers: Servers, secret: str | None
) -> None:
    """The receiver answers 401 to a wrong or missing signature. The deploy tool sees no status."""
    hook = ghdeploy.webhooks.subscribe(app, path=PATH, secret=secret, events=["deployment"])

    deployment = deploy()

    refused = ghdeploy.assert_delivery("deployment", state="failed", status_code=401)
    assert refused.reason == "the receiver answered 401 Unauthorized"
    assert ("X-Hub-Signature-256" in refused.headers) == (secret is not None)
    assert hook.last_response["code"] == 401
    assert (servers.shipped, states(deployment)) == ([], [])
    assert repo.deployments[0].state is None


@pytest.mark.parametrize("signature", [None, b"", b"sha256=", b"sha1=0", b"sha256=\xfc"])
def test_a_forged_request_is_refused(
    ghdeploy: FakeGitHub, app: Starlette, repo: Repository, servers: Servers, signature: bytes | None
) -> None:
    """If the signature or the body was changed on the way, the receiver answers 401."""

    async def forger(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as in ASGI
        async def changed() -> Any:  # noqa: ANN401
            message = await receive()
            return message | ({"body": message["body"] + b" "} if signature is None else {})

        headers = [
            (name, value if signature is None or name != b"x-hub-signature-256" else signature)
            for name, value in scope["headers"]
        ]
        await app(scope | {"headers": headers}, changed, send)

    ghdeploy.webhooks.subscribe(forger, path=PATH, secret=SECRET, events=["deployment"], repository=repo.full_name)

    deployment = deploy()

    ghdeploy.assert_delivery("deployment", state="failed", status_code=401)
    assert (servers.shipped, states(deployment)) == ([], [])


def test_a_failed_deployment_is_reported(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """The state is failure, with the first 140 characters of the reason. The delivery itself succeeded."""
    servers.problem = OSError("disk full " * 20)

    deployment = deploy()

    assert states(deployment) == ["in_progress", "failure"]
    assert statuses(deployment)[-1]["description"] == ("disk full " * 20)[:140]
    assert hook.deliveries[0].state == "delivered"
    ghdeploy.assert_no_event("deployment_status", state="success")


def test_a_repeated_delivery_deploys_only_once(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """GitHub may deliver twice, with the same delivery id. A new deployment has a new id."""
    deployment = deploy()

    again = ghdeploy.webhooks.redeliver(hook.deliveries[0])

    assert (again.status_code, again.response_payload) == (200, '{"accepted":false}')
    assert len(servers.shipped) == 1
    assert states(deployment) == ["in_progress", "success"]
    assert states(deploy()) == ["in_progress", "success"]
    assert len(servers.shipped) == 2


@pytest.mark.parametrize("reports", [0, 1])
def test_a_delivery_whose_report_failed_can_be_repeated(
    ghdeploy: FakeGitHub, hook: Hook, caplog: pytest.LogCaptureFixture, reports: int
) -> None:
    """If GitHub refuses a status, the log names the delivery to repeat. After a redelivery it deploys."""
    caplog.set_level(logging.ERROR)
    ghdeploy.faults.add(method="POST", path=STATUSES, status=502, after=reports)

    deployment = deploy()

    unreported = hook.deliveries[0]
    assert f"deployment {deployment['id']} could not be reported: redeliver {unreported.delivery_id}" in caplog.text
    assert states(deployment) == ["in_progress"][:reports]

    ghdeploy.webhooks.redeliver(unreported)

    assert states(deployment)[reports:] == ["in_progress", "success"]


def test_a_crashing_receiver_does_not_fail_the_request(
    ghdeploy: FakeGitHub, hook: Hook, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the receiver fails its delivery only. Once repaired, a redelivery deploys."""

    async def payload_of(*_: object) -> asgi_receiver.Json:
        return {}

    with monkeypatch.context() as broken:
        broken.setattr(asgi_receiver, "payload_of", payload_of)
        deployment = deploy()

    crashed = ghdeploy.assert_delivery("deployment", state="failed", status_code=500)
    assert crashed.reason == "the receiver raised KeyError: 'deployment'"
    assert states(deployment) == []
    assert (hook.last_response["code"], servers.shipped) == (500, [])

    ghdeploy.webhooks.redeliver(crashed)

    assert states(deployment) == ["in_progress", "success"]


def test_the_command_comes_from_the_environment(
    ghdeploy: FakeGitHub, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without arguments, the app reads secret, token and command there. A missing command fails the deployment."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    commands: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> None:
        assert check
        commands.append(command)

    monkeypatch.setattr(asgi_receiver.subprocess, "run", run)
    ghdeploy.webhooks.subscribe(asgi_receiver.create_app(), path=PATH, secret=SECRET, events=["deployment"])

    monkeypatch.setenv("SHIP", "./ship.sh")
    assert states(deploy()) == ["in_progress", "success"]
    monkeypatch.delenv("SHIP")
    assert states(deploy()) == ["in_progress", "failure"]

    assert commands == [["./ship.sh", repo.sha("main"), "staging"]]
