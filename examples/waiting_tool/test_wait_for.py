"""What the tool that waits promises, tested against a scripted third party. Nothing here sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
import wait_for

from pytest_ghdeploy import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ghdeploy import FakeGitHub, Repository

TOKEN = "a-token-for-tests"  # noqa: S105 - of nobody
LOG = "https://ci.example.com/1"


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Give the repository as the fake holds it."""
    return ghdeploy.add_repository("octocat/example")


@pytest.fixture
def session(repo: Repository) -> Iterator[requests.Session]:  # noqa: ARG001 - that there is one
    """Give a session as the tool makes one."""
    with requests.Session() as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made


@pytest.fixture
def clock(ghdeploy: FakeGitHub) -> wait_for.Clock:
    """Give a clock on which time passes only where the tool sleeps: the clock of the fake."""
    return wait_for.Clock(sleep=ghdeploy.clock.tick, now=lambda: ghdeploy.clock.now.timestamp())  # noqa: PLW0108 - later it is another


@pytest.fixture
def told() -> list[str]:
    """Collect what the tool tells."""
    return []


def deployed(session: requests.Session, **more: str) -> wait_for.Json:
    """Create a deployment and find it as the tool does."""
    url = "https://api.github.com/repos/octocat/example/deployments"
    answer = session.post(url, json={"ref": "main", "environment": "staging", **more}, timeout=5)
    assert answer.status_code == 201
    return wait_for.find(session, "octocat/example", "main", "staging", "https://api.github.com")


def test_each_state_is_told_until_the_deployment_succeeds(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock, told: list[str]
) -> None:
    """The third party goes on with each look; the tool sees every state once, in order."""
    deployer = ghdeploy.deployer("staging", log_url=LOG)
    began_at = ghdeploy.clock.now

    found = wait_for.wait(session, deployed(session), tell=told.append, clock=clock)

    assert told == [f"queued {LOG}", f"in_progress {LOG}", f"success {LOG}"]
    assert found["id"] == deployer.posted[-1].id
    assert (ghdeploy.clock.now - began_at).total_seconds() == 10
    ghdeploy.assert_events(
        ["deployment", *(("deployment_status", {"state": one}) for one in ("queued", "in_progress", "success"))]
    )


def test_a_deployment_that_takes_its_time_is_waited_for(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock, told: list[str]
) -> None:
    """It starts after a minute and takes five: two states that came between two looks are both told."""
    ghdeploy.deployer(
        "staging",
        steps=[
            Step("queued", after_seconds=58),
            Step("in_progress", after_seconds=1),
            Step("success", after_seconds=300),
        ],
    )

    wait_for.wait(session, deployed(session), tell=told.append, clock=clock)

    assert told == ["queued", "in_progress", "success"]


def test_looks_at_what_has_not_changed_cost_no_rate_limit(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock
) -> None:
    """GitHub answers 304 to all but the looks that see something new."""
    ghdeploy.deployer("staging", steps=["queued", Step("success", after_seconds=100)])

    wait_for.wait(session, deployed(session), clock=clock)

    looks = [asked.status for asked in ghdeploy.requests if asked.path.endswith("/statuses")]
    assert looks == [200, *[304] * 19, 200]
    assert ghdeploy.requests[-1].response_headers["X-RateLimit-Used"] == "4"


@pytest.mark.parametrize(
    ("fails_with", "complaint"),
    [
        ("failure", f"failure: {LOG}"),
        ("error", f"error: {LOG}"),
        (Step("failure", description="Out of disk"), "failure: Out of disk"),
    ],
)
def test_a_deployment_that_fails_is_an_error(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock, fails_with: Step, complaint: str
) -> None:
    """The reason is what the third party says, or where its log is."""
    ghdeploy.deployer("staging", log_url=LOG, fails_on=lambda one: one.ref == "main", fails_with=fails_with)

    with pytest.raises(wait_for.NotDeployed) as refused:
        wait_for.wait(session, deployed(session), clock=clock)

    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        (["queued"], "still queued after 600 seconds"),
        ([Step("queued", after_seconds=601)], "still not started after 600 seconds"),
    ],
)
def test_a_deployment_that_hangs_is_given_up(
    ghdeploy: FakeGitHub,
    session: requests.Session,
    clock: wait_for.Clock,
    steps: list[Step],
    complaint: str,
) -> None:
    """After ten minutes, which take no time here."""
    ghdeploy.deployer("staging", steps=steps)
    began_at = ghdeploy.clock.now

    with pytest.raises(wait_for.NotDeployed) as refused:
        wait_for.wait(session, deployed(session), clock=clock)

    assert str(refused.value) == complaint
    assert (ghdeploy.clock.now - began_at).total_seconds() == 600


def test_a_deployment_that_is_overtaken_is_an_error(
    ghdeploy: FakeGitHub, repo: Repository, session: requests.Session, clock: wait_for.Clock
) -> None:
    """Somebody else's success has made it inactive before the tool looks."""
    ghdeploy.deployer("staging", steps=["success"])
    deployment = deployed(session)
    repo.add_deployment(ref="main", environment="staging")

    with pytest.raises(wait_for.NotDeployed, match="a later deployment has taken its place"):
        wait_for.wait(session, deployment, clock=clock)


def test_the_third_party_may_deploy_elsewhere(
    ghdeploy: FakeGitHub, session: requests.Session, clock: wait_for.Clock
) -> None:
    """One that deploys to production leaves a deployment to staging alone."""
    production = ghdeploy.deployer("production")

    with pytest.raises(wait_for.NotDeployed, match="still not started after 20 seconds"):
        wait_for.wait(session, deployed(session), timeout_seconds=20, clock=clock)

    assert production.deployments == []


def test_the_command_line_waits(
    ghdeploy: FakeGitHub,
    repo: Repository,
    clock: wait_for.Clock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It finds the newest deployment of the ref to the environment, and ends as that does."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    ghdeploy.deployer("staging", steps=["in_progress", Step("success", after_polls=3)])
    ghdeploy.deployer("qa", steps=["in_progress"])
    for environment in ("staging", "qa"):
        repo.add_deployment(ref="main", environment=environment)

    assert wait_for.main(["octocat/example", "main", "staging"], clock) == 0
    assert wait_for.main(["octocat/example", "main", "qa", "60"], clock) == 1
    assert wait_for.main(["octocat/example", "main", "production"], clock) == 1
    assert wait_for.main(["octocat/exmaple", "main", "qa"], clock) == 1
    assert wait_for.main(["octocat/example"]) == 2

    said = capsys.readouterr()
    assert said.out.splitlines() == ["in_progress", "success", "in_progress"]
    assert said.err.splitlines()[:3] == [
        "still in_progress after 60 seconds",
        "there is no deployment of main to production",
        "GitHub answers 404 Not Found",
    ]
