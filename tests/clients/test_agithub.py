"""agithub, unmodified: it is based on the standard library's `http.client`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

agithub: Any = importlib.import_module("agithub.GitHub")


@pytest.fixture
def deployments(ghdeploy: FakeGitHub) -> Any:  # noqa: ANN401
    """Return the path of a repository's deployments, as agithub writes it."""
    ghdeploy.add_repository("octocat/example")
    return lambda: agithub.GitHub(token="a-token-for-tests").repos.octocat.example.deployments  # noqa: S106


def test_agithub_deploys(ghdeploy: FakeGitHub, deployments: Any) -> None:  # noqa: ANN401
    """Status and body of each response in the life of a deployment."""
    status, deployment = deployments().post(body={"ref": "main", "environment": "qa"})
    assert (status, deployment["environment"]) == (201, "qa")
    one = deployment["id"]
    assert deployments()[one].statuses.post(body={"state": "success"})[0] == 201
    assert [found["id"] for found in deployments().get(environment="qa")[1]] == [one]
    assert deployments()[one].statuses.post(body={"state": "inactive"})[0] == 201
    assert deployments()[one].delete()[0] == 204
    assert deployments()[one].get()[0] == 404
    ghdeploy.assert_event("deployment_status", state="success", environment="qa")


def test_agithub_returns_a_refusal(ghdeploy: FakeGitHub, deployments: Any) -> None:  # noqa: ANN401
    """It raises no exception: the status is 409, and the body is GitHub's."""
    ghdeploy.repository("octocat/example").add_commit_status("main", state="failure", context="ci/tests")
    status, refusal = deployments().post(body={"ref": "main"})
    assert (status, refusal["message"]) == (409, "Conflict: Commit status checks failed for main.")


def test_agithub_follows_pages(ghdeploy: FakeGitHub) -> None:
    """With ``paginate`` it requests all pages and joins them."""
    repository = ghdeploy.add_repository("octocat/example")
    made = [repository.add_deployment(ref="main").id for _ in range(45)]
    client = agithub.GitHub(token="a-token-for-tests", paginate=True)  # noqa: S106
    status, found = client.repos.octocat.example.deployments.get(per_page=20)
    assert (status, [deployment["id"] for deployment in found]) == (200, made[::-1])
    assert len(ghdeploy.requests) == 3


@pytest.mark.ghdeploy(base_url="https://ghe.example.com/api/v3")
def test_agithub_on_an_enterprise_server(ghdeploy: FakeGitHub) -> None:
    """With the host of a server, it deploys there."""
    ghdeploy.add_repository("octocat/example")
    client = agithub.GitHub(token="a-token-for-tests", api_url="ghe.example.com")  # noqa: S106
    status, deployment = client.api.v3.repos.octocat.example.deployments.post(body={"ref": "main"})
    assert status == 201
    assert deployment["url"].startswith("https://ghe.example.com/api/v3/repos/octocat/example/deployments/")
