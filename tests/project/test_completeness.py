"""Each endpoint is complete: it has a route, a schema, documentation and a test, with GitHub's names and paths."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import githubs_description
import pytest
from githubs_description import needs_description

from pytest_ghdeploy.github import authorization
from pytest_ghdeploy.github.model import Token, User
from pytest_ghdeploy.github.token_permissions import TOKEN_PERMISSIONS
from pytest_ghdeploy.http import router, schema

if TYPE_CHECKING:
    from pytest_ghdeploy.api.routing import Endpoint

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"
TESTS = ROOT / "tests" / "api"

ENDPOINTS = router.endpoints()
each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)


ANYONE = Token("a-token", User(1, "mona", "User", datetime(2026, 1, 1, tzinfo=UTC)))


def test_every_endpoint_has_a_schema_and_every_schema_an_endpoint() -> None:
    """The folder `schemas/` has exactly one file for each implemented operation."""
    files = {path.relative_to(SCHEMAS).with_suffix("").as_posix() for path in SCHEMAS.rglob("*.json")}
    operations = {name for name in files if not name.startswith(("components/", "events/"))}
    assert operations == set(ENDPOINTS)


@each_endpoint
def test_an_endpoint_has_githubs_method_and_path(endpoint: Endpoint) -> None:
    """The operation id, method and documented path are those of GitHub's REST API."""
    assert router.operations()[endpoint.operation_id] == (endpoint.method, endpoint.paths[0])


@each_endpoint
def test_an_alias_is_not_the_path_of_another_operation(endpoint: Endpoint) -> None:
    """GitHub documents no other operation with a second path of an endpoint."""
    documented = {(method, path): name for name, (method, path) in router.operations().items()}
    for path in endpoint.paths:
        assert documented.get((endpoint.method, path), endpoint.operation_id) == endpoint.operation_id


@needs_description
@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_matches_githubs_description(name: str) -> None:
    """GitHub's description has the operation with this method, path and documentation page."""
    endpoint = ENDPOINTS[name]
    method, path, operation = githubs_description.operations()[endpoint.operation_id]
    assert (endpoint.method, endpoint.paths[0]) == (method, path)
    assert schema.documentation_url(endpoint.operation_id) == operation["externalDocs"]["url"]


DELETES_WITH_BODY = {"repos/delete-file", "pulls/remove-requested-reviewers"}


@each_endpoint
def test_a_schema_has_a_request_if_github_takes_a_body(endpoint: Endpoint) -> None:
    """Every operation that writes validates a body. Of the others, two that delete have one."""
    writes = endpoint.method in ("PATCH", "POST", "PUT") or endpoint.operation_id in DELETES_WITH_BODY
    sends = {
        "apps/suspend-installation",
        "repos/ping-webhook",
        "repos/test-push-webhook",
        "repos/redeliver-webhook-delivery",
    }
    writes = writes and endpoint.operation_id not in sends
    assert schema.takes_body(endpoint.operation_id) == writes


@each_endpoint
def test_an_endpoint_names_an_existing_permission(endpoint: Endpoint) -> None:
    """Every operation of a repository needs an existing permission at an existing level."""
    if endpoint.paths[0].startswith("/repos/{owner}/{repo}"):
        assert endpoint.needed.permissions
        for name in endpoint.needed.permissions:
            assert endpoint.needed.level in TOKEN_PERMISSIONS.get(name, ())
    else:
        assert endpoint.permission in {"", *TOKEN_PERMISSIONS}


@needs_description
@each_endpoint
def test_an_admin_endpoint_has_a_403_in_githubs_description(endpoint: Endpoint) -> None:
    """GitHub's description has a 403 for each operation that refuses users who are not admins."""
    if authorization.decide(endpoint.needed, ANYONE, right="push", private=False, selected=True) == "not_admin":
        assert "403" in githubs_description.operations()[endpoint.operation_id].described["responses"]


@each_endpoint
def test_a_handler_is_its_operation_id_in_snake_case(endpoint: Endpoint) -> None:
    """`repos/get-deployment` is handled by `get_deployment`, in a module of `api`."""
    assert endpoint.handler.__name__ == endpoint.operation_id.partition("/")[2].replace("-", "_")
    assert endpoint.handler.__module__.startswith("pytest_ghdeploy.api.")


@each_endpoint
def test_a_handler_has_a_docstring(endpoint: Endpoint) -> None:
    """Its first line is a sentence in the imperative."""
    first = (inspect.getdoc(endpoint.handler) or "").partition("\n")[0]
    assert re.fullmatch(r"[A-Z][a-z]+ .+[.]", first), first
    assert not first.split()[0].endswith("s"), first


@each_endpoint
def test_an_endpoints_module_links_githubs_page(endpoint: Endpoint) -> None:
    """The docstring of a handler's module has the page of GitHub's documentation."""
    page = schema.documentation_url(endpoint.operation_id).partition("#")[0]
    assert page in (inspect.getdoc(inspect.getmodule(endpoint.handler)) or "")


def mentions(endpoint: Endpoint, text: str) -> bool:
    """Return whether a test's source mentions an endpoint by id, handler, or method and path."""
    name = endpoint.handler.__name__
    # Not a handler named `get`, because all clients have such a method.
    if re.search(rf"\b{name}\(", text) and "_" in name:
        return True
    if re.search(rf"[\"'`]{endpoint.operation_id}[\"'`]", text):
        return True
    if not re.search(rf"\b{endpoint.method}\b", text, re.IGNORECASE):
        return False
    # Tests also follow URLs in responses.
    text = re.sub(r"\{[^{}]*\bstatuses_url\b[^{}]*\}", "/deployments/1/statuses", text)
    for path in endpoint.paths:
        tail = path.removeprefix("/repos/{owner}/{repo}") or path
        pattern = re.sub(r"\\\{\w+\\\}", r"(?:\\{[^{}]+\\}|[^/\\s\"'?{}])+", re.escape(tail))
        if re.search(rf"{pattern}(?=[\"'?\s])", text):
            return True
    return False


@each_endpoint
def test_every_endpoint_has_a_test(endpoint: Endpoint) -> None:
    """A file in `tests/api` mentions each endpoint."""
    files = sorted(TESTS.glob("test_*.py"))
    assert any(mentions(endpoint, path.read_text("utf-8")) for path in files), (
        f"none of the {len(files)} files mentions it"
    )


@pytest.mark.parametrize(
    ("operation_id", "text", "expected"),
    [
        ("repos/get-deployment", 'client.get(f"/repos/octocat/example/deployments/{deployment.id}")', True),
        ("repos/get-deployment", 'client.get(f"{repo}/deployments/{deployment["id"]}")', True),
        ("repos/get-deployment", "get_deployment(call)", True),
        ("repos/get-deployment", 'expect("repos/get-deployment")', True),
        ("repos/get-deployment", 'client.get("/repos/octocat/example/deployments")', False),
        ("repos/get-deployment", 'client.get(f"/repos/octocat/example/deployments/{deployment.id}/statuses")', False),
        ("repos/get-deployment", 'client.post(f"/repos/octocat/example/deployments/{deployment.id}")', False),
        ("repos/get-deployment-status", "client.get(f\"{deployment['statuses_url']}/{status['id']}\")", True),
        ("repos/get-deployment-status", "client.get(f\"{deployment['statuses_url']}\")", False),
        ("repos/get", 'client.get("/repos/octocat/example")', True),
        ("repos/get", 'client.get("/repos/octocat/example/deployments")', False),
        ("rate-limit/get", 'client.get("/rate_limit")', True),
    ],
)
def test_mentions_does_not_confuse_endpoints(operation_id: str, text: str, *, expected: bool) -> None:
    """`mentions` finds an endpoint by its id, its handler, or its method and path."""
    assert mentions(ENDPOINTS[operation_id], text) is expected
