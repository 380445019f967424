"""The record of a request: the operation, its path parameters, the repository and the login."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from client import API

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository
    from pytest_ghdeploy.report.exchange import Exchange

SHOWN = "a-token-for-tests"
HEADERS = {"Authorization": f"token {SHOWN}"}
NAMED = {"owner": "octocat", "repo": "example"}


def _sent(gh: FakeGitHub, path: str, method: str = "GET", headers: dict[str, str] = HEADERS) -> Exchange:
    """Send a request, whether it fails or not, and return its record."""
    requests.request(method, API + path, headers=headers, timeout=5, allow_redirects=False)
    return gh.requests[-1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_operation_and_its_parameters_are_recorded(ghdeploy: FakeGitHub, repo: Repository, method: str) -> None:
    """The names are GitHub's, the values are unquoted."""
    exchange = _sent(ghdeploy, "/repos/octocat/example/environments/eu%2Fqa", method)
    assert exchange.operation_id == "repos/get-environment"
    assert exchange.params == NAMED | {"environment_name": "eu/qa"}
    assert exchange.repository_id == repo.id


def test_a_repository_is_the_same_however_it_is_named(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It is found in another case, and by its id."""
    by_case = _sent(ghdeploy, "/repos/OctoCat/EXAMPLE/deployments")
    by_id = _sent(ghdeploy, f"/repositories/{repo.id}/deployments")
    assert by_case.operation_id == by_id.operation_id == "repos/list-deployments"
    assert by_case.repository_id == by_id.repository_id == repo.id
    assert by_case.params == {"owner": "OctoCat", "repo": "EXAMPLE"}
    assert by_id.params == {"repository_id": str(repo.id)}


def test_a_repository_that_the_request_deletes_is_recorded(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The record shows the state before the request."""
    assert _sent(ghdeploy, "/repos/octocat/example", "DELETE").repository_id == repo.id
    assert _sent(ghdeploy, "/repos/octocat/example").repository_id is None


def test_a_refused_request_is_recorded_with_its_operation(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Even if it is refused before its path is read."""
    ghdeploy.add_token("another-token")
    exchange = _sent(ghdeploy, "/repos/octocat/example/deployments")
    assert (exchange.status, exchange.login) == (401, "")
    assert (exchange.operation_id, exchange.repository_id) == ("repos/list-deployments", repo.id)


def test_a_request_that_a_fault_answers_is_recorded_with_its_operation(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Even if it never reaches the endpoint."""
    ghdeploy.faults.add(status=502)
    exchange = _sent(ghdeploy, "/repos/octocat/example/deployments")
    assert exchange.status == 502
    assert (exchange.operation_id, exchange.repository_id) == ("repos/list-deployments", repo.id)


def test_an_unknown_path_has_no_operation(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The repository in its path is still recorded."""
    ghdeploy.stub("GET", "/repos/octocat/example/milestones", json=[])
    stubbed = _sent(ghdeploy, "/repos/octocat/example/milestones")
    unknown = _sent(ghdeploy, "/repos/octocat/example/nothing")
    nowhere = _sent(ghdeploy, "/repositories/twelve/nothing")
    assert [one.operation_id for one in (stubbed, unknown, nowhere)] == ["", "", ""]
    assert [one.params for one in (stubbed, unknown, nowhere)] == [NAMED, NAMED, {"repository_id": "twelve"}]
    assert [one.repository_id for one in (stubbed, unknown, nowhere)] == [repo.id, repo.id, None]


@pytest.mark.parametrize(
    ("authorization", "login"),
    [(f"token {SHOWN}", "octocat"), (f"Bearer {SHOWN}", "octocat"), ("Basic eDp5", "octocat"), ("token", "")],
)
def test_the_login_is_that_of_the_token(ghdeploy: FakeGitHub, authorization: str, login: str) -> None:
    """An Authorization header without a token has no login."""
    assert _sent(ghdeploy, "/user", headers={"Authorization": authorization}).login == login


def test_a_token_in_a_path_is_not_shown_among_its_parameters(ghdeploy: FakeGitHub) -> None:
    """Parameters are redacted like the path."""
    exchange = _sent(ghdeploy, f"/repos/octocat/{SHOWN}/deployments")
    assert exchange.path == "/repos/octocat/[redacted]/deployments"
    assert exchange.params == NAMED | {"repo": "[redacted]"}
