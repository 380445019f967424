"""
Variables of environments over HTTP.

`actions/list-environment-variables`, `actions/create-environment-variable`, `actions/get-environment-variable`,
`actions/update-environment-variable` and `actions/delete-environment-variable`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import Environment, FakeGitHub, Repository

PATH = "/repos/octocat/example/environments/production/variables"
DOCS = "https://docs.github.com/rest/actions/variables"


@pytest.fixture(autouse=True)
def production(repo: Repository) -> Environment:
    """Add the environment production."""
    return repo.add_environment("production")


def test_a_variable_is_created_and_read(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The 201 has an empty object, and the name is shown in upper case."""
    created = http.post(PATH, json={"name": "region", "value": "eu"})
    assert (created.status_code, created.json()) == (201, {})
    assert "Location" not in created.headers
    shown = http.get(f"{PATH}/Region").json()
    assert list(shown) == ["name", "value", "created_at", "updated_at"]
    assert (shown["name"], shown["value"]) == ("REGION", "eu")
    assert ghdeploy.events == []


def test_a_second_variable_with_the_name_is_a_409(http: requests.Session, snapshot: Callable[[], object]) -> None:
    """gh, Terraform and Backstage rely on it to update the variable instead."""
    http.post(PATH, json={"name": "REGION", "value": "eu"})
    before = snapshot()
    reply = http.post(PATH, json={"name": "region", "value": "us"})
    assert reply.status_code == 409
    assert reply.json() == {
        "message": "Already exists - Variable already exists",
        "documentation_url": f"{DOCS}#create-an-environment-variable",
        "status": "409",
    }
    assert reply.headers["X-GHDeploy-Hint"] == "environment 'production' already has a variable 'REGION'"
    assert snapshot() == before


def test_variables_are_listed_by_name_ten_on_a_page(
    http: requests.Session, ghdeploy: FakeGitHub, production: Environment
) -> None:
    """A page has at most 30. The list comes before the count."""
    for number in range(35):
        production.add_variable(f"V{number:02}", "x")
    reply = http.get(PATH)
    assert list(reply.json()) == ["variables", "total_count"]
    assert reply.json()["total_count"] == 35
    assert [variable["name"] for variable in reply.json()["variables"]] == [f"V0{number}" for number in range(10)]
    assert reply.links["last"]["url"].endswith("page=4")
    assert len(http.get(PATH, params={"per_page": "100"}).json()["variables"]) == 30
    assert "10 of 35, page 1 of 4" in ghdeploy.conversation_text()
    assert "30 of 35, page 1 of 2" in ghdeploy.conversation_text()


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ({"value": "us"}, "REGION", "us"),
        ({"name": "zone"}, "ZONE", "eu"),
        ({"name": "zone", "value": "us"}, "ZONE", "us"),
        ({"name": "region", "value": "us"}, "REGION", "us"),
    ],
)
def test_a_variable_is_updated(
    http: requests.Session, ghdeploy: FakeGitHub, production: Environment, body: dict[str, str], name: str, value: str
) -> None:
    """Another name renames it; the name may be its own."""
    variable = production.add_variable("REGION", "eu")
    ghdeploy.clock.tick(5)
    reply = http.patch(f"{PATH}/region", json=body)
    assert (reply.status_code, reply.content) == (204, b"")
    assert (variable.name, variable.value) == (name, value)
    assert variable.updated_at - variable.created_at == timedelta(seconds=5)
    assert http.get(f"{PATH}/{name}").json()["value"] == value


def test_an_update_without_members_changes_nothing(
    http: requests.Session, ghdeploy: FakeGitHub, production: Environment, snapshot: Callable[[], object]
) -> None:
    """It is a 204 all the same."""
    production.add_variable("REGION", "eu")
    ghdeploy.clock.tick(5)
    before = snapshot()
    assert http.patch(f"{PATH}/REGION", json={}).status_code == 204
    assert snapshot() == before


def test_a_variable_cannot_take_the_name_of_another(
    http: requests.Session, production: Environment, snapshot: Callable[[], object]
) -> None:
    """It is refused like a new one."""
    production.add_variable("REGION", "eu")
    production.add_variable("ZONE", "a")
    before = snapshot()
    reply = http.patch(f"{PATH}/ZONE", json={"name": "region", "value": "b"})
    assert (reply.status_code, reply.json()["message"]) == (409, "Already exists - Variable already exists")
    assert snapshot() == before


def test_a_deleted_variable_is_not_found(http: requests.Session, production: Environment) -> None:
    """The hint lists the other variables."""
    variable = production.add_variable("REGION", "eu")
    production.add_variable("ZONE", "a")
    assert http.delete(f"{PATH}/region").status_code == 204
    for method, page in (("GET", "get"), ("PATCH", "update"), ("DELETE", "delete")):
        reply = http.request(method, f"{PATH}/REGION", json={})
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.json()["documentation_url"] == f"{DOCS}#{page}-an-environment-variable"
        hint = "environment 'production' has no variable 'REGION'; known: ZONE"
        assert reply.headers["X-GHDeploy-Hint"] == hint
    with pytest.raises(FakeError, match="no longer exists"):
        _ = variable.value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": "A"}, 'Invalid request.\n\n"value" wasn\'t supplied.'),
        ({"name": "A", "value": 1}, "Invalid request.\n\nFor 'properties/value', 1 is not a string."),
        ({"name": "GITHUB_A", "value": ""}, "Variable names must not start with GITHUB_."),
        ({"name": "A", "value": "ä" * 24 * 1024 + "b"}, "Variable value is too large (maximum is 48 KB)"),
    ],
)
def test_an_invalid_variable_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, object], message: str
) -> None:
    """Nothing is stored."""
    before = snapshot()
    reply = http.post(PATH, json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert snapshot() == before


def test_an_environment_has_at_most_100_variables(http: requests.Session, production: Environment) -> None:
    """A value has at most 48 KB, in UTF-8."""
    assert production.add_variable("LARGE", "ä" * 24 * 1024).name == "LARGE"
    for number in range(99):
        production.add_variable(f"V{number}", "")
    reply = http.post(PATH, json={"name": "ONE_MORE", "value": ""})
    assert (reply.status_code, reply.json()["message"]) == (422, "Variables cannot exceed 100 for an environment")
    assert len(production.variables) == 100


def test_a_variable_is_added_once(production: Environment) -> None:
    """From Python, a second one with the name is a mistake; variables are newest first."""
    production.add_variable("b", "1")
    production.add_variable("a", "2")
    assert [variable.name for variable in production.variables] == ["A", "B"]
    with pytest.raises(FakeError, match="GitHub would respond 409 'Already exists - Variable already exists'") as error:
        production.add_variable("A", "3")
    assert error.value.argument == "name"


def test_a_seed_has_secrets_and_variables(ghdeploy: FakeGitHub) -> None:
    """A secret needs its name only."""
    environment = {"name": "qa", "secrets": ["DEPLOY_KEY"], "variables": [{"name": "REGION", "value": "eu"}]}
    ghdeploy.seed({"repositories": [{"full_name": "octocat/seeded", "environments": [environment]}]})
    (qa,) = ghdeploy.repository("octocat/seeded").environments
    assert [secret.name for secret in qa.secrets] == ["DEPLOY_KEY"]
    assert [(variable.name, variable.value) for variable in qa.variables] == [("REGION", "eu")]
