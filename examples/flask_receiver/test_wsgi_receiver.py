"""What the receiver on Flask promises, tested against a GitHub that delivers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
import wsgi_receiver

if TYPE_CHECKING:
    from flask import Flask

    from pytest_ghdeploy import FakeGitHub, Hook, Repository

SECRET = "It's a Secret to Everybody"  # noqa: S105 - of nobody
TOKEN = "a-token-for-tests"  # noqa: S105
HEADERS = {"Authorization": "Bearer a-token-of-the-tool"}
PATH = "/webhooks/github"
URL = "https://api.github.com/repos/octocat/example/deployments"
STATUSES = "/repos/octocat/example/deployments/*/statuses"


class Servers:
    """What is deployed to: remembers which commits arrived where."""

    def __init__(self, ghdeploy: FakeGitHub) -> None:
        """Start with none, and with nothing in the way."""
        self.ghdeploy = ghdeploy
        self.arrived: list[tuple[str, str]] = []
        self.problem: Exception | None = None
        self.takes_seconds = 0

    def ship(self, sha: str, environment: str) -> None:
        """Take the time it takes, and arrive unless there is a problem."""
        self.ghdeploy.clock.tick(self.takes_seconds)
        if self.problem:
            raise self.problem
        self.arrived.append((sha, environment))


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Give the repository as the fake holds it."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def servers(ghdeploy: FakeGitHub) -> Servers:
    """Give servers on which nothing has arrived yet."""
    return Servers(ghdeploy)


@pytest.fixture
def app(servers: Servers) -> Flask:
    """Give the application that deploys to them."""
    made: Flask = wsgi_receiver.create_app(SECRET, TOKEN, servers.ship)
    return made


@pytest.fixture
def hook(ghdeploy: FakeGitHub, repo: Repository, app: Flask) -> Hook:  # noqa: ARG001 - that there is one
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


def test_what_the_tool_asks_for_is_deployed(
    ghdeploy: FakeGitHub, repo: Repository, hook: Hook, servers: Servers
) -> None:
    """GitHub delivers the deployment, the receiver ships the commit and reports, and the tool sees the success."""
    repo.add_branch("topic")
    sha = repo.add_commit("topic")

    deployment = deploy("topic")

    assert servers.arrived == [(sha, "staging")]
    assert states(deployment) == ["in_progress", "success"]
    ghdeploy.assert_events(
        ["deployment", *(("deployment_status", {"state": one}) for one in ("in_progress", "success"))]
    )
    assert [(one.event, one.status_code) for one in hook.deliveries] == [("deployment", 200), ("ping", 204)]
    assert hook.deliveries[0].response_payload == "success"


def test_a_form_is_understood_too(ghdeploy: FakeGitHub, repo: Repository, app: Flask, servers: Servers) -> None:
    """A hook may send its payload as a field of a form; it is signed as it is sent."""
    ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET, events=["deployment"], content_type="form")

    deployment = deploy(environment="qa & more")

    assert servers.arrived == [(repo.sha("main"), "qa & more")]
    assert states(deployment) == ["in_progress", "success"]


def test_other_events_are_left_alone(ghdeploy: FakeGitHub, repo: Repository, app: Flask, servers: Servers) -> None:
    """Subscribed to everything, it acts on the deployment alone; its own deployment statuses lead to no circle."""
    hook = ghdeploy.webhooks.subscribe(app, path=PATH, secret=SECRET)
    repo.add_commit_status("main", state="success")

    deploy()

    assert len(servers.arrived) == 1
    assert [(one.event, one.status_code) for one in reversed(hook.deliveries)] == [
        ("ping", 204),
        ("status", 204),
        ("deployment", 200),
        ("deployment_status", 204),
        ("deployment_status", 204),
    ]


@pytest.mark.parametrize("secret", ["another", None])
def test_who_does_not_know_the_secret_deploys_nothing(
    ghdeploy: FakeGitHub, repo: Repository, app: Flask, servers: Servers, secret: str | None
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


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha1=0", "sha256=ü"])
def test_a_forged_request_is_refused(app: Flask, hook: Hook, servers: Servers, signature: str | None) -> None:
    """So is the true signature below other bytes."""
    deploy()
    true = hook.deliveries[0]
    headers = {name: value for name, value in true.headers.items() if not name.startswith("X-Hub")}
    headers |= {"X-GitHub-Delivery": "another"} | ({"X-Hub-Signature-256": signature} if signature is not None else {})
    client = app.test_client()

    assert client.post(PATH, data=true.body, headers=headers).status_code == 401
    payload = json.dumps(true.payload | {"action": "forged"})
    assert client.post(PATH, data=payload, headers=dict(true.headers)).status_code == 401
    assert len(servers.arrived) == 1


def test_a_deployment_that_fails_is_reported(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """The deployment ends as failure, with the beginning of the reason; the delivery was a good one."""
    servers.problem = OSError("disk full " * 20)

    deployment = deploy()

    assert states(deployment) == ["in_progress", "failure"]
    assert statuses(deployment)[-1]["description"] == ("disk full " * 20)[:140]
    assert hook.deliveries[0].response_payload == "failure"
    ghdeploy.assert_no_event("deployment_status", state="success")


def test_a_delivery_that_comes_again_deploys_nothing_again(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """GitHub delivers at least once; a delivery is known by its id. Another deployment has another."""
    deployment = deploy()

    again = ghdeploy.webhooks.redeliver(hook.deliveries[0])

    assert (again.status_code, again.response_payload) == (200, "this one again")
    assert len(servers.arrived) == 1
    assert states(deployment) == ["in_progress", "success"]
    assert states(deploy()) == ["in_progress", "success"]
    assert len(servers.arrived) == 2


@pytest.mark.parametrize("reports", [0, 1])
def test_a_receiver_that_crashes_gets_the_delivery_again(
    ghdeploy: FakeGitHub, hook: Hook, servers: Servers, reports: int
) -> None:
    """When GitHub does not take a report it answers 500, which the tool does not notice; redelivered, it deploys."""
    ghdeploy.faults.add(method="POST", path=STATUSES, status=502, after=reports)

    deployment = deploy()

    failed = ghdeploy.assert_delivery("deployment", state="failed", status_code=500)
    assert states(deployment) == ["in_progress"][:reports]

    ghdeploy.webhooks.redeliver(failed)

    assert states(deployment)[reports:] == ["in_progress", "success"]
    assert hook.deliveries[0].state == "delivered"
    # What had arrived before the crash arrives once more, which does no harm.
    assert len(servers.arrived) == 1 + reports


def test_a_slow_deployment_is_one_that_github_gives_up(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """It is deployed and reported all the same; the delivery shows as timed out, and comes to nothing when repeated."""
    servers.takes_seconds = 11

    deployment = deploy()

    assert (hook.deliveries[0].state, hook.deliveries[0].status) == ("failed", "timed out")
    assert states(deployment) == ["in_progress", "success"]
    assert ghdeploy.webhooks.redeliver(hook.deliveries[0]).response_payload == "this one again"


def test_deployments_out_of_order_are_each_deployed(ghdeploy: FakeGitHub, hook: Hook, servers: Servers) -> None:
    """As GitHub may deliver them: the second first, and the first twice."""
    ghdeploy.webhooks.hold()
    made = [deploy(environment=name) for name in ("qa", "staging")]
    first, second = ghdeploy.webhooks.held

    ghdeploy.webhooks.release(second, first, first)

    assert [name for _, name in servers.arrived] == ["staging", "qa"]
    assert [states(one) for one in made] == [["in_progress", "success"]] * 2
    assert len(hook.deliveries) == 4


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

    monkeypatch.setattr(wsgi_receiver.subprocess, "run", run)
    ghdeploy.webhooks.subscribe(wsgi_receiver.create_app(), path=PATH, secret=SECRET, events=["deployment"])

    monkeypatch.setenv("SHIP", "./ship.sh")
    assert states(deploy()) == ["in_progress", "success"]
    monkeypatch.delenv("SHIP")
    assert states(deploy()) == ["in_progress", "failure"]

    assert ran == [["./ship.sh", repo.sha("main"), "staging"]]
