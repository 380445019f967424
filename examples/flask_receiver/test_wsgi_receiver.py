"""Tests of the Flask receiver, against a fake GitHub that delivers webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
import wsgi_receiver

if TYPE_CHECKING:
    from flask import Flask

    from pytest_ghdeploy import FakeGitHub, Hook, Repository

SECRET = "It's a Secret to Everybody"  # noqa: S105 - not a real secret
TOKEN = "a-token-for-tests"  # noqa: S105
HEADERS = {"Authorization": "Bearer a-token-of-the-tool"}
PATH = "/webhooks/github"
URL = "https://api.github.com/repos/octocat/example/deployments"
STATUSES = "/repos/octocat/example/deployments/*/statuses"


class Servers:
    """The servers that the receiver deploys to. They keep the commits shipped to each environment."""

    def __init__(self, ghdeploy: FakeGitHub) -> None:
        """Start with no commits and no problem."""
        self.ghdeploy = ghdeploy
        self.shipped: list[tuple[str, str]] = []
        self.problem: Exception | None = None
        self.takes_seconds = 0

    def ship(self, sha: str, environment: str) -> None:
        """Take `takes_seconds` of the fake's clock, then raise `problem` or keep the commit."""
        self.ghdeploy.clock.tick(self.takes_seconds)
        if self.problem:
            raise self.problem
        self.shipped.append((sha, environment))


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository in the fake."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def servers(ghdeploy: FakeGitHub) -> Servers:
    """Return servers without any commit."""
    return Servers(ghdeploy)


@pytest.fixture
def app(servers: Servers) -> Flask:
    """Return the receiver, which deploys to the servers."""
    application: Flask = wsgi_receiver.create_app(SECRET, TOKEN, servers.ship)
    return application


@pytest.fixture
def hook(ghdeploy: FakeGitHub, repo: Repository, app: Flask) -> Hook:  # noqa: ARG001 - must exist
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


def test_a_new_deployment_is_shipped_and_reported(
    ghdeploy: FakeGitHub, repo: Repository, hook: Hook, servers: Servers
) -> None:
    """GitHub delivers the event, the receiver ships the commit, and the deploy tool sees the success."""
    repo.add_branch("topic")
    sha = repo.add_commit("topic")

    deployment = deploy("topic")

    assert servers.shipped == [(sha, "staging")]
    assert states(deployment) == ["in_progress", "success"]
    ghdeploy.assert_events(
        ["deployment", *(("deployment_status", {"state": state}) for state in ("in_progress", "success"))]
    )
    assert [(delivery.event, delivery.status_code) for delivery in hook.deliveries] == [
        ("deployment", 200),
        ("ping", 204),
    ]
    assert hook.deliveries[0].response_payload == "success"


def test_a_form_encoded_payload_is_accepted(
    ghdeploy: FakeGitHub, repo: Repository, app: Flask, servers: Servers
) -> None:
    """A hook may send its payload as a form field. The signature covers the encoded form."""
    ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET, events=["deployment"], content_type="form")

    deployment = deploy(environment="qa & more")

    assert servers.shipped == [(repo.sha("main"), "qa & more")]
    assert states(deployment) == ["in_progress", "success"]


def test_other_events_are_ignored(ghdeploy: FakeGitHub, repo: Repository, app: Flask, servers: Servers) -> None:
    """Subscribed to all events, the receiver acts on deployments only. Its own deployment statuses start no loop."""
    hook = ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET)
    repo.add_commit_status("main", state="success")

    deploy()

    assert len(servers.shipped) == 1
    assert [(delivery.event, delivery.status_code) for delivery in reversed(hook.deliveries)] == [
        ("ping", 204),
        ("status", 204),
        ("deployment", 200),
        ("deployment_status", 204),
        ("deployment_status", 204),
    ]


@pytest.mark.parametrize("secret", ["another", None])
def test_a_delivery_without_the_right_secret_deploys_nothing(
    ghdeploy: FakeGitHub, repo: Repository, app: Flask, servers: Servers, secret: str | None
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


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha1=0", "sha256=ü"])
def test_a_forged_request_is_refused(app: Flask, hook: Hook, servers: Servers, signature: str | None) -> None:
    """A signature that is wrong, or right for another body, gets 401."""
    deploy()
    genuine = hook.deliveries[0]
    headers = {name: value for name, value in genuine.headers.items() if not name.startswith("X-Hub")}
    headers |= {"X-GitHub-Delivery": "another"} | ({"X-Hub-Signature-256": signature} if signature is not None else {})
    client = app.test_client()

    assert client.post(PATH, data=genuine.body, headers=headers).status_code == 401
    payload = json.dumps(genuine.payload | {"action": "forged"})
    assert client.post(PATH, data=payload, headers=dict(genuine.headers)).status_code == 401
    assert len(servers.shipped) == 1


def test_a_failed_deployment_is_reported(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """The state is failure, with the first 140 characters of the reason. The delivery itself succeeded."""
    servers.problem = OSError("disk full " * 20)

    deployment = deploy()

    assert states(deployment) == ["in_progress", "failure"]
    assert statuses(deployment)[-1]["description"] == ("disk full " * 20)[:140]
    assert hook.deliveries[0].response_payload == "failure"
    ghdeploy.assert_no_event("deployment_status", state="success")


def test_a_repeated_delivery_deploys_only_once(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """GitHub may deliver twice, with the same delivery id. A new deployment has a new id."""
    deployment = deploy()

    again = ghdeploy.webhooks.redeliver(hook.deliveries[0])

    assert (again.status_code, again.response_payload) == (200, "already handled")
    assert len(servers.shipped) == 1
    assert states(deployment) == ["in_progress", "success"]
    assert states(deploy()) == ["in_progress", "success"]
    assert len(servers.shipped) == 2


@pytest.mark.parametrize("reports", [0, 1])
def test_a_crashed_delivery_can_be_repeated(ghdeploy: FakeGitHub, hook: Hook, servers: Servers, reports: int) -> None:
    """The receiver answers 500 if GitHub refuses its status. After a redelivery it deploys."""
    ghdeploy.faults.add(method="POST", path=STATUSES, status=502, after=reports)

    deployment = deploy()

    failed = ghdeploy.assert_delivery("deployment", state="failed", status_code=500)
    assert states(deployment) == ["in_progress"][:reports]

    ghdeploy.webhooks.redeliver(failed)

    assert states(deployment)[reports:] == ["in_progress", "success"]
    assert hook.deliveries[0].state == "delivered"
    # A commit shipped before the crash is shipped again, which is harmless.
    assert len(servers.shipped) == 1 + reports


def test_a_slow_deployment_times_out_at_github(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """The commit is shipped and reported, but GitHub records a timeout. A redelivery changes nothing."""
    servers.takes_seconds = 11

    deployment = deploy()

    assert (hook.deliveries[0].state, hook.deliveries[0].status) == ("failed", "timed out")
    assert states(deployment) == ["in_progress", "success"]
    assert ghdeploy.webhooks.redeliver(hook.deliveries[0]).response_payload == "already handled"


def test_deliveries_may_arrive_out_of_order_and_twice(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """The second deployment arrives first, and the first one twice. Each is shipped once."""
    ghdeploy.webhooks.hold()
    deployments = [deploy(environment=name) for name in ("qa", "staging")]
    first, second = ghdeploy.webhooks.held

    ghdeploy.webhooks.release(second, first, first)

    assert [name for _, name in servers.shipped] == ["staging", "qa"]
    assert [states(deployment) for deployment in deployments] == [["in_progress", "success"]] * 2
    assert len(hook.deliveries) == 4


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

    monkeypatch.setattr(wsgi_receiver.subprocess, "run", run)
    ghdeploy.webhooks.subscribe(wsgi_receiver.create_app(), path=PATH, secret=SECRET, events=["deployment"])

    monkeypatch.setenv("SHIP", "./ship.sh")
    assert states(deploy()) == ["in_progress", "success"]
    monkeypatch.delenv("SHIP")
    assert states(deploy()) == ["in_progress", "failure"]

    assert commands == [["./ship.sh", repo.sha("main"), "staging"]]
