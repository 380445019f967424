"""ghapi, unmodified: it is based on httpx2, and blocks or not, as its user likes."""

from __future__ import annotations

import asyncio
import importlib
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, LiveServer, Repository

ghapi: Any = importlib.import_module("ghapi.all")


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Add a repository."""
    return ghdeploy.add_repository("octocat/example")


def client(**options: Any) -> Any:  # noqa: ANN401
    """Make a client as its users have it."""
    return ghapi.GhApi(owner="octocat", repo="example", token="a-token-for-tests", **options)  # noqa: S106


def test_ghapi_deploys(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A deployment's life, blocking: its attributes are GitHub's, and the rate limit is tracked."""
    api = client(sync=True)
    made = api.repos.create_deployment(ref="main", environment="qa", payload={"ticket": 7}, required_contexts=[])
    for state in ("in_progress", "success"):
        api.repos.create_deployment_status(made.id, state=state, environment_url="https://qa.example.com")
    assert [status.state for status in api.repos.list_deployment_statuses(made.id)] == ["success", "in_progress"]
    assert api.repos.list_deployments(environment="qa")[0].payload.ticket == 7
    assert api.repos.get_environment("qa").name == "qa"
    assert [deployment.state for deployment in repository.deployments] == ["success"]
    assert api.limit_rem == "4994"
    ghdeploy.assert_event("deployment_status", state="success", environment="qa")


def test_ghapi_deploys_without_blocking(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """The same calls, awaited, many at once."""

    async def run() -> list[int]:
        api = client()
        deployments = await asyncio.gather(*(api.repos.create_deployment(ref="main", task=f"{n}") for n in range(20)))
        return [deployment.id for deployment in deployments]

    assert sorted(asyncio.run(run())) == sorted(deployment.id for deployment in repository.deployments)
    assert len(ghdeploy.events) == 20


def test_ghapi_raises_a_refusal_with_githubs_words(repository: Repository) -> None:
    """The error has the status and the message."""
    repository.add_commit_status("main", state="failure", context="ci/tests")
    with pytest.raises(ghapi.APIError, match="Commit status checks failed for main") as refused:
        client(sync=True).repos.create_deployment(ref="main")
    assert refused.value.response.status_code == 409


@pytest.mark.usefixtures("repository")
def test_ghapi_follows_pages(ghdeploy: FakeGitHub) -> None:
    """Its paging finds all deployments once."""
    ids = [ghdeploy.repository("octocat/example").add_deployment(ref="main").id for _ in range(45)]

    async def run() -> list[int]:
        pages = ghapi.paged(client().repos.list_deployments, per_page=20)
        return [deployment.id async for page in pages for deployment in page]

    assert asyncio.run(run()) == ids[::-1]


@pytest.mark.usefixtures("repository")
def test_ghapi_connects_again(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """It tries three times to connect, with a pause in between."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    ghdeploy.faults.add(error="connection", times=2)
    assert client(sync=True).repos.get().full_name == "octocat/example"
    assert slept == [0.5, 1.0]


@pytest.mark.ghdeploy(base_url="https://ghe.example.com/api/v3")
def test_ghapi_on_an_enterprise_server(ghdeploy: FakeGitHub) -> None:
    """With the root of a server it deploys there."""
    ghdeploy.add_repository("octocat/example")
    deployment = client(sync=True, gh_host=ghdeploy.base_url).repos.create_deployment(ref="main")
    assert deployment.url.startswith("https://ghe.example.com/api/v3/repos/octocat/example/deployments/")


def test_ghapi_asks_the_live_server(
    ghdeploy: FakeGitHub, repository: Repository, ghdeploy_server: LiveServer
) -> None:  # fmt: skip
    """Through the port, as from another process; URLs lead back to it."""
    deployment = client(sync=True, gh_host=ghdeploy_server.api_url).repos.create_deployment(ref="main")
    assert deployment.id == repository.deployments[0].id
    assert deployment.url.startswith(ghdeploy_server.api_url)
    assert ghdeploy.requests[-1].url.startswith(ghdeploy_server.api_url)
