"""The operations of GitHub's API and their paths."""

from __future__ import annotations

import re
from functools import cache
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from pytest_ghdeploy import api
from pytest_ghdeploy.http import router

if TYPE_CHECKING:
    from werkzeug.routing import MapAdapter

OPERATIONS = router.operations()
# Two descriptions of one path.
SAME = {"repos/compare-commits", "repos/compare-commits-with-basehead"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_found_by_its_path(name: str) -> None:
    """A path made from GitHub's template leads back to the operation."""
    method, path = OPERATIONS[name]
    operation_id = router.operation(method, re.sub(r"\{\w+\}", "x1", path))
    assert operation_id == name or {operation_id, name} == SAME


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/repos/o/r/branches/feature/x/protection", "repos/get-branch-protection"),
        ("GET", "/repos/o/r/branches/feature/x", "repos/get-branch"),
        ("GET", "/repos/o/r/commits/heads/a/status", "repos/get-combined-status-for-ref"),
        ("GET", "/repos/o/r/contents/a/b/c.txt", "repos/get-content"),
        ("GET", "/repos/o/r/compare/main...topic/x", "repos/compare-commits-with-basehead"),
        ("GET", "/repos/o/r/labels/kind/bug", "issues/get-label"),
        ("DELETE", "/repos/o/r/issues/1/labels/kind/bug", "issues/remove-label"),
        ("GET", "/repos/o/r/environments/qa/variables/a/b", None),
        ("HEAD", "/repos/o/r/pulls", "pulls/list"),
        ("GET", "/repositories/1/pulls", "pulls/list"),
        ("GET", "/repositories", "repos/list-public"),
        ("POST", "/graphql", "graphql"),
        ("GET", "/users/octocat", "users/get-by-username"),
        ("GET", "/user/repos", "repos/list-for-authenticated-user"),
        ("PATCH", "/repos/o/r/pulls", None),
        ("GET", "/repos/o/r/pulls/", None),
        ("GET", "//repos/o/r", None),
        ("GET", "/repos//r", None),
        ("GET", "/nothing", None),
        ("GET", "", None),
        ("BREW", "/user", None),
    ],
)
def test_the_most_specific_operation_is_found(method: str, path: str, name: str | None) -> None:
    """Parameters may contain slashes where GitHub allows them, unless GitHub has a longer path."""
    assert router.operation(method, path) == name


ENDPOINTS = router.endpoints()


def test_modules_on_demand_are_imported_for_each_of_their_paths() -> None:
    """Each path of such a module has one of the module's segments, in a place where it is not a parameter."""
    for endpoint in ENDPOINTS.values():
        words = router._ON_DEMAND.get(endpoint.handler.__module__.rpartition(".")[2])
        for path in endpoint.paths:
            assert words is None or words & set(path.split("/")), path


def test_every_module_on_demand_exists() -> None:
    """A renamed module must be renamed in the table. Those with endpoints have segments there."""
    modules = {info.name for info in iter_modules(api.__path__)}
    with_endpoints = {endpoint.handler.__module__.rpartition(".")[2] for endpoint in ENDPOINTS.values()}
    assert router._ON_DEMAND.keys() <= modules
    assert {module for module, words in router._ON_DEMAND.items() if words} <= with_endpoints


RULES = [(endpoint.method, path, name) for name, endpoint in ENDPOINTS.items() for path in endpoint.paths]
ROUTER = router.Router(RULES)
WITH_SLASHES = ("ref", "branch", "path", "basehead", "tag", "tree_sha")
CONVERTERS = {**dict.fromkeys(WITH_SLASHES, "path"), "namespace": "any(heads, tags)"}
TEXTS = ["", "1", "a", "heads", "tags", "a/b", "heads/a", "heads%2Fa", "a//b", "status", "a/status/", "a...b", "{ref}"]


@cache
def werkzeugs_map() -> MapAdapter:
    """Make werkzeug's map of our endpoints, for comparison."""
    rules = []
    for method, path, name in RULES:
        for template in {path, path.replace("/repos/{owner}/{repo}", "/repositories/{repository_id}")}:
            template = template.replace("/labels/{name}", "/labels/<path:name>")  # noqa: PLW2901
            converted = re.sub(
                r"\{(\w+)\}", lambda found: f"<{CONVERTERS.get(found[1], 'string')}:{found[1]}>", template
            )
            rules.append(Rule(converted, methods=[method], endpoint=name))
    return Map(rules, merge_slashes=False, redirect_defaults=False).bind("api.github.com")


@st.composite
def requests_for(draw: st.DrawFn) -> tuple[str, str]:
    """Generate a method and a path near those of the endpoints."""
    method, template, _ = draw(st.sampled_from(RULES))
    path = re.sub(r"\{\w+\}", lambda _: draw(st.sampled_from(TEXTS)), template)
    if draw(st.booleans()):
        path = path.replace("/repos/1/a", "/repositories/1")
    if not draw(st.integers(0, 3)):
        path += "/" + draw(st.sampled_from(TEXTS))
    return draw(st.sampled_from([method, method, "GET", "HEAD", "BREW"])), path


@settings(max_examples=1000, deadline=None, database=None)
# Werkzeug lets every value with slashes end in one.
@given(requests_for().filter(lambda request: not request[1].endswith("/")))
def test_an_endpoint_is_found_as_werkzeug_finds_it(request: tuple[str, str]) -> None:
    """The tree of segments agrees with werkzeug's map on the endpoint and its parameters."""
    method, path = request
    try:
        name, parameters = werkzeugs_map().match(path, method)
    except HTTPException:
        expected = None
    else:
        expected = (name, dict(parameters))
    assert ROUTER.match(method, path) == expected


@pytest.mark.parametrize(
    ("method", "path", "operation_id", "params"),
    [
        ("GET", "/user", "users/get-authenticated", {}),
        (
            "HEAD",
            "/repos/o/r/environments/eu%2Fqa",
            "repos/get-environment",
            {"owner": "o", "repo": "r", "environment_name": "eu/qa"},
        ),
        (
            "GET",
            "/repositories/7/deployments/8",
            "repos/get-deployment",
            {"repository_id": "7", "deployment_id": "8"},
        ),
        ("GET", "/repos/o/r/milestones", None, {"owner": "o", "repo": "r"}),
        ("GET", "/repos/o%2Fx/r/commits/a/branches-where-head", None, {"owner": "o/x", "repo": "r"}),
        ("GET", "/repositories/7/milestones", None, {"repository_id": "7"}),
        ("PATCH", "/repositories/7", "repos/update", {"repository_id": "7"}),
        ("BREW", "/repos/o/r", None, {"owner": "o", "repo": "r"}),
        ("GET", "/repos/o", None, {}),
        ("GET", "/repos//r/pulls", None, {}),
        ("GET", "/x/repos/o/r", None, {}),
    ],
)
def test_a_path_without_an_endpoint_still_names_its_repository(
    method: str, path: str, operation_id: str | None, params: dict[str, str]
) -> None:
    """All parameters are known where the fake has an endpoint, and the repository's everywhere."""
    endpoint, found = router.find(method, path)
    assert (endpoint and endpoint.operation_id, dict(found)) == (operation_id, params)


def test_a_long_path_is_not_remembered() -> None:
    """A cache of long paths would keep many megabytes."""
    path = f"/repos/o/r/git/ref/{'x' * 50_000}"
    assert router.find("GET", path)[1]["ref"] == "x" * 50_000
    assert router.find("GET", path)[1] is not router.find("GET", path)[1]
    assert router.find("GET", "/repos/o/r")[1] is router.find("GET", "/repos/o/r")[1]
