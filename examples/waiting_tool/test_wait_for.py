"""Tests of the waiting tool, with a scripted deploy service. No test sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
import wait_for

from pytest_ghdeploy import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ghdeploy import FakeGitHub, Repository

TOKEN = "a-token-for-tests"  # noqa: S105 - not a real token
LOG = "https://ci.example.com/1"


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository in the fake."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def session(repo: Repository) -> Iterator[requests.Session]:  # noqa: ARG001 - must exist
    """Return a session like the tool's."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        yield session


@pytest.fixture
def clock(ghdeploy: FakeGitHub) -> wait_for.Clock:
    """Return the fake's clock, on which time passes only when the tool sleeps."""
    return wait_for.Clock(sleep=ghdeploy.clock.tick, now=lambda: ghdeploy.clock.now.timestamp())  # noqa: PLW0108 - the clock moves


@pytest.fixture
def printed() -> list[str]:
    """Return a list for the lines that the tool prints."""
    return []


def create_deployment(session: requests.Session, **more: str) -> wait_for.Json:
    """Create a deployment and return it as the tool finds it."""
    url = "https://api.github.com/repos/octocat/example/deployments"
    answer = session.post(url, json={"ref": "main", "environment": "staging", **more}, timeout=5)
    assert answer.status_code == 201
    return wait_for.find(session, "octocat/example", "main", "staging", "https://api.github.com")


def test_each_state_is_printed_until_the_deployment_succeeds(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock, printed: list[str]
) -> None:
    """The deploy service advances with each poll. The tool prints every state once, in order."""
    deployer = ghdeploy.deployer("staging", log_url=LOG)
    began_at = ghdeploy.clock.now

    status = wait_for.wait(session, create_deployment(session), tell=printed.append, clock=clock)

    assert printed == [f"queued {LOG}", f"in_progress {LOG}", f"success {LOG}"]
    assert status["id"] == deployer.posted[-1].id
    assert (ghdeploy.clock.now - began_at).total_seconds() == 10
    ghdeploy.assert_events(
        ["deployment", *(("deployment_status", {"state": state}) for state in ("queued", "in_progress", "success"))]
    )


def test_a_slow_deployment_is_awaited(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock, printed: list[str]
) -> None:
    """The deployment starts after a minute and takes five. Two states between two polls are both printed."""
    ghdeploy.deployer(
        "staging",
        steps=[
            Step("queued", after_seconds=58),
            Step("in_progress", after_seconds=1),
            Step("success", after_seconds=300),
        ],
    )

    wait_for.wait(session, create_deployment(session), tell=printed.append, clock=clock)

    assert printed == ["queued", "in_progress", "success"]


def test_polls_without_news_cost_no_rate_limit(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock
) -> None:
    """GitHub answers 304 to each poll that finds nothing new."""
    ghdeploy.deployer("staging", steps=["queued", Step("success", after_seconds=100)])

    wait_for.wait(session, create_deployment(session), clock=clock)

    polls = [exchange.status for exchange in ghdeploy.requests if exchange.path.endswith("/statuses")]
    assert polls == [200, *[304] * 19, 200]
    assert ghdeploy.requests[-1].response_headers["X-RateLimit-Used"] == "4"


@pytest.mark.parametrize(
    ("fails_with", "message"),
    [
        ("failure", f"failure: {LOG}"),
        ("error", f"error: {LOG}"),
        (Step("failure", description="Out of disk"), "failure: Out of disk"),
    ],
)
def test_a_failed_deployment_is_an_error(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock, fails_with: Step, message: str
) -> None:
    """The message has the deploy service's description, or the URL of its log."""
    ghdeploy.deployer(
        "staging", log_url=LOG, fails_on=lambda deployment: deployment.ref == "main", fails_with=fails_with
    )

    with pytest.raises(wait_for.NotDeployed) as refused:
        wait_for.wait(session, create_deployment(session), clock=clock)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["queued"], "still queued after 600 seconds"),
        ([Step("queued", after_seconds=601)], "still not started after 600 seconds"),
    ],
)
def test_a_hanging_deployment_times_out(
    ghdeploy: FakeGitHub,
    session: requests.Session,
    clock: wait_for.Clock,
    steps: list[Step],
    message: str,
) -> None:
    """The tool gives up after ten minutes of the fake's clock."""
    ghdeploy.deployer("staging", steps=steps)
    began_at = ghdeploy.clock.now

    with pytest.raises(wait_for.NotDeployed) as refused:
        wait_for.wait(session, create_deployment(session), clock=clock)

    assert str(refused.value) == message
    assert (ghdeploy.clock.now - began_at).total_seconds() == 600


def test_a_replaced_deployment_is_an_error(
    ghdeploy: FakeGitHub, repo: Repository, session: requests.Session, clock: wait_for.Clock
) -> None:
    """A later successful deployment made it inactive before the tool polled."""
    ghdeploy.deployer("staging", steps=["success"])
    deployment = create_deployment(session)
    repo.add_deployment("main", environment="staging")

    with pytest.raises(wait_for.NotDeployed, match="a later deployment has replaced it"):
        wait_for.wait(session, deployment, clock=clock)


def test_a_service_for_another_environment_does_nothing(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock
) -> None:
    """A deploy service for production ignores a deployment to staging."""
    production = ghdeploy.deployer("production")

    with pytest.raises(wait_for.NotDeployed, match="still not started after 20 seconds"):
        wait_for.wait(session, create_deployment(session), timeout_seconds=20, clock=clock)

    assert production.deployments == []


def test_the_command_line_waits(
    ghdeploy: FakeGitHub,
    repo: Repository,
    clock: wait_for.Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It waits for the newest deployment of the ref to the environment. Its exit status shows the result."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    ghdeploy.deployer("staging", steps=["in_progress", Step("success", after_polls=3)])
    ghdeploy.deployer("qa", steps=["in_progress"])
    for environment in ("staging", "qa"):
        repo.add_deployment("main", environment=environment)

    assert wait_for.main(["octocat/example", "main", "staging"], clock) == 0
    assert wait_for.main(["octocat/example", "main", "qa", "60"], clock) == 1
    assert wait_for.main(["octocat/example", "main", "production"], clock) == 1
    assert wait_for.main(["octocat/exmaple", "main", "qa"], clock) == 1
    assert wait_for.main(["octocat/example"]) == 2

    output = capsys.readouterr()
    assert output.out.splitlines() == ["in_progress", "success", "in_progress"]
    assert output.err.splitlines()[:3] == [
        "still in_progress after 60 seconds",
        "there is no deployment of main to production",
        "GitHub answered 404 Not Found",
    ]
