"""Custom deployment protection rules over HTTP: list, enable, get, disable, and list the apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import API

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository
    from pytest_ghdeploy.github.model import Permission

ENVIRONMENTS = "/repos/octocat/example/environments"
ENVIRONMENT = f"{ENVIRONMENTS}/production"
PATH = "/repos/octocat/example/environments/production/deployment_protection_rules"
APPS = "/repos/octocat/example/environments/production/deployment_protection_rules/apps"
DOCS = "https://docs.github.com/rest/deployments/protection-rules"


def _at(rule: dict[str, Any]) -> str:
    return f"/repos/octocat/example/environments/production/deployment_protection_rules/{rule['id']}"


@pytest.fixture(autouse=True)
def _production(repo: Repository) -> None:
    repo.add_environment("production", wait_timer=30)


def _enable(http: requests.Session, app_id: int) -> Any:  # noqa: ANN401 - JSON
    reply = http.post(PATH, json={"integration_id": app_id})
    assert reply.status_code == 201, reply.text
    return reply.json()


def _slugs(http: requests.Session) -> list[str]:
    reply = http.get(PATH)
    assert reply.status_code == 200, reply.text
    rules = reply.json()["custom_deployment_protection_rules"]
    assert reply.json()["total_count"] == len(rules)
    return [rule["app"]["slug"] for rule in rules]


def test_a_rule_is_enabled_shown_and_disabled(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Enabling is a 201 and disabling a 204. The response shows the app."""
    app = ghdeploy.add_app("change-window")
    rule = _enable(http, app.id)
    assert list(rule) == ["id", "node_id", "enabled", "app"]
    assert rule["enabled"] is True
    assert rule["node_id"].startswith("GA_")
    assert rule["app"] == {
        "id": app.id,
        "slug": "change-window",
        "integration_url": f"{API}/apps/change-window",
        "node_id": rule["app"]["node_id"],
    }
    path = _at(rule)
    assert http.get(path).json() == rule
    reply = http.delete(path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert http.get(path).status_code == http.delete(path).status_code == 404
    assert _enable(http, app.id)["id"] > rule["id"]


def test_rules_are_listed_oldest_first(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The list has the rules of this environment in the order in which they were enabled, without pages."""
    apps = [ghdeploy.add_app(f"gate-{number}") for number in range(40)]
    repo.add_environment("staging").enable_protection_rule(apps[0])
    assert _slugs(http) == []
    for app in reversed(apps):
        _enable(http, app.id)
    assert _slugs(http) == [app.slug for app in reversed(apps)]


def test_the_apps_that_can_be_enabled_are_listed(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """GitHub Actions is not one of them. Enabled apps stay in the list, which has pages."""
    key = "available_custom_deployment_protection_rule_integrations"
    assert http.get(APPS).json() == {"total_count": 0, key: []}
    apps = [ghdeploy.add_app(f"gate-{number}") for number in range(3)]
    _enable(http, apps[1].id)
    reply = http.get(APPS)
    assert [(app["id"], app["slug"]) for app in reply.json()[key]] == [(app.id, app.slug) for app in apps]
    assert list(reply.json()[key][0]) == ["id", "slug", "integration_url", "node_id"]
    second = http.get(APPS, params={"per_page": "2", "page": "2"}).json()
    assert (second["total_count"], [app["slug"] for app in second[key]]) == (3, ["gate-2"])


def test_custom_rules_are_separate_from_the_environments_own(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """They are not in `protection_rules`, and a PUT of the environment keeps them enabled."""
    rule = _enable(http, ghdeploy.add_app("gate").id)
    assert [own["type"] for own in http.get(ENVIRONMENT).json()["protection_rules"]] == ["wait_timer"]
    assert http.put(ENVIRONMENT).json()["protection_rules"] == []
    assert http.get(_at(rule)).json() == rule


def test_the_environments_own_rules_are_not_custom_rules(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The id of a wait timer is a 404, and the hint says what it is."""
    (own,) = http.get(ENVIRONMENT).json()["protection_rules"]
    for method in ("GET", "DELETE"):
        assert http.request(method, _at(own)).status_code == 404
        assert ghdeploy.requests[-1].hint == (
            f"environment 'production' has no custom deployment protection rule {own['id']} "
            f"({own['id']} is its wait_timer); known: none"
        )
    assert http.get(ENVIRONMENT).json()["protection_rules"] == [own]


def test_an_app_without_rules_cannot_be_enabled(
    http: requests.Session, ghdeploy: FakeGitHub, snapshot: Callable[[], object]
) -> None:
    """An unknown id and an app that offers no rule are a 404. The hints say which, and list the apps that do."""
    gate, actions = ghdeploy.add_app("gate"), ghdeploy._engine.store.actions_app
    before = snapshot()
    for number, what in (
        (1, "no app has this id"),
        (actions.id, "the app github-actions offers no custom deployment protection rule"),
    ):
        reply = http.post(PATH, json={"integration_id": number})
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        hint = f"integration_id is {number}: {what}; known: gate ({gate.id})"
        assert reply.headers["X-GHDeploy-Hint"] == hint
    assert snapshot() == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'Invalid request.\n\n"integration_id" wasn\'t supplied.'),
        ({"integration_id": "7"}, "Invalid request.\n\nFor 'properties/integration_id', \"7\" is not an integer."),
        ({"integration_id": None}, 'Invalid request.\n\n"integration_id" wasn\'t supplied.'),
    ],
)
def test_a_body_without_an_app_is_refused(
    http: requests.Session, snapshot: Callable[[], object], body: dict[str, object], message: str
) -> None:
    """The id of the app is required and must be a number."""
    before = snapshot()
    reply = http.post(PATH, json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert reply.headers["X-GHDeploy-Hint"] == "invalid in the body: integration_id"
    assert snapshot() == before


def test_a_rule_cannot_be_enabled_twice(
    http: requests.Session, ghdeploy: FakeGitHub, snapshot: Callable[[], object]
) -> None:
    """The second request is refused and changes nothing."""
    app = ghdeploy.add_app("gate")
    _enable(http, app.id)
    before = snapshot()
    reply = http.post(PATH, json={"integration_id": app.id})
    assert reply.status_code == 422
    assert reply.json() == {
        "message": "Validation Failed",
        "errors": [{"resource": "DeploymentProtectionRule", "code": "already_exists", "field": "integration_id"}],
        "documentation_url": f"{DOCS}#create-a-custom-deployment-protection-rule-on-an-environment",
        "status": "422",
    }
    hint = "the rule of gate is already enabled for environment 'production'"
    assert reply.headers["X-GHDeploy-Hint"] == hint
    assert snapshot() == before


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_rule_is_a_404(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository, method: str) -> None:
    """So is a rule of another environment, and an id that is not a number."""
    rule = _enable(http, ghdeploy.add_app("gate").id)
    repo.add_environment("staging")
    elsewhere = f"{ENVIRONMENTS}/staging/deployment_protection_rules/{rule['id']}"
    for path in (f"{PATH}/1", elsewhere, f"{PATH}/gate"):
        reply = http.request(method, path)
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.json()["documentation_url"].startswith(DOCS)
        assert reply.headers["X-GHDeploy-Hint"]
    assert _slugs(http) == ["gate"]


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("POST", ""), ("GET", "/apps"), ("GET", "/1"), ("DELETE", "/1")]
)
def test_rules_of_an_unknown_environment_are_a_404(http: requests.Session, method: str, tail: str) -> None:
    """The hint lists the existing environments."""
    path = f"{ENVIRONMENTS}/qa/deployment_protection_rules{tail}"
    reply = http.request(method, path, json={"integration_id": 1})
    assert reply.status_code == 404
    assert reply.headers["X-GHDeploy-Hint"] == "octocat/example has no environment 'qa'; known: production"


@pytest.mark.parametrize(("permission", "may_write"), [(None, False), ("push", False), ("admin", True)])
def test_reading_needs_pull_and_writing_needs_admin(
    http: requests.Session, ghdeploy: FakeGitHub, repo: Repository, permission: Permission | None, *, may_write: bool
) -> None:
    """Writing without a token is a 401."""
    one, two = ghdeploy.add_app("one"), ghdeploy.add_app("two")
    rule = _enable(http, one.id)
    if permission is None:
        del http.headers["Authorization"]
    else:
        repo.add_collaborator("mona", permission)
        ghdeploy.add_token("monas", user="mona")
        http.headers["Authorization"] = "token monas"
    for path in (PATH, APPS, _at(rule)):
        assert http.get(path).status_code == 200
    made = http.post(PATH, json={"integration_id": two.id}).status_code
    gone = http.delete(_at(rule)).status_code
    refused = 404 if permission else 401
    assert (made, gone) == ((201, 204) if may_write else (refused, refused))
