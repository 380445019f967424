"""
Filters of lists that are given without a value: an empty filter is no filter.

Source:
    strumwolf/delete-deployment-environment lists ``?environment=qa&ref=&page=0&per_page=100`` and gets all of qa.
    That other filters do the same is a guess.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import githubs_description
import pytest
from client import Client
from scene import Scene

from pytest_ghdeploy.http import router

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

ENDPOINTS = router.endpoints()
# The filters of each list, as in GitHub's description.
FILTERS = {
    "actions/list-environment-secrets": ["per_page", "page"],
    "actions/list-environment-variables": ["per_page", "page"],
    "apps/list-installation-repos-for-authenticated-user": ["per_page", "page"],
    "apps/list-installations": ["per_page", "page", "since", "outdated"],
    "apps/list-installations-for-authenticated-user": ["per_page", "page"],
    "apps/list-repos-accessible-to-installation": ["per_page", "page"],
    "checks/list-annotations": ["per_page", "page"],
    "checks/list-for-ref": ["check_name", "status", "filter", "per_page", "page", "app_id"],
    "issues/list-comments": ["since", "per_page", "page"],
    "issues/list-comments-for-repo": ["sort", "direction", "since", "per_page", "page"],
    "issues/list-for-repo": [
        *("milestone", "state", "assignee", "type", "creator", "mentioned", "issue_field_values", "labels"),
        *("sort", "direction", "since", "per_page", "page"),
    ],
    "issues/list-labels-on-issue": ["per_page", "page"],
    "checks/list-for-suite": ["check_name", "status", "filter", "per_page", "page"],
    "checks/list-suites-for-ref": ["app_id", "check_name", "per_page", "page"],
    "issues/list-labels-for-repo": ["per_page", "page"],
    "reactions/list-for-release": ["content", "per_page", "page"],
    "reactions/list-for-issue": ["content", "per_page", "page"],
    "reactions/list-for-issue-comment": ["content", "per_page", "page"],
    "reactions/list-for-commit-comment": ["content", "per_page", "page"],
    "pulls/list": ["state", "head", "base", "sort", "direction", "per_page", "page"],
    "pulls/list-commits": ["per_page", "page"],
    "pulls/list-files": ["per_page", "page"],
    "pulls/list-reviews": ["per_page", "page"],
    "repos/compare-commits-with-basehead": ["page", "per_page"],
    "repos/get-all-environments": ["per_page", "page"],
    "repos/get-all-topics": ["page", "per_page"],
    "repos/get-branch-rules": ["per_page", "page"],
    "repos/get-combined-status-for-ref": ["per_page", "page"],
    "repos/get-commit": ["page", "per_page"],
    "repos/get-content": ["ref"],
    "repos/list-branches": ["protected", "per_page", "page"],
    "repos/list-collaborators": ["affiliation", "permission", "per_page", "page"],
    "repos/list-comments-for-commit": ["per_page", "page"],
    "repos/list-commit-comments-for-repo": ["per_page", "page"],
    "repos/list-commit-statuses-for-ref": ["per_page", "page"],
    "repos/list-commits": ["sha", "path", "author", "committer", "since", "until", "per_page", "page"],
    "repos/list-custom-deployment-rule-integrations": ["page", "per_page"],
    "repos/list-deploy-keys": ["per_page", "page"],
    "repos/list-deployment-branch-policies": ["per_page", "page"],
    "repos/list-deployment-statuses": ["per_page", "page"],
    "repos/list-deployments": ["sha", "ref", "task", "environment", "per_page", "page"],
    "repos/list-pull-requests-associated-with-commit": ["per_page", "page"],
    "repos/list-for-authenticated-user": [
        *("visibility", "affiliation", "type", "sort", "direction", "per_page", "page", "since", "before"),
    ],
    "repos/list-for-org": ["type", "sort", "direction", "per_page", "page"],
    "repos/list-release-assets": ["per_page", "page"],
    "repos/list-releases": ["per_page", "page"],
    "repos/list-tags": ["per_page", "page"],
    "repos/list-webhook-deliveries": ["per_page", "cursor", "status"],
    "repos/list-webhooks": ["per_page", "page"],
}
# Filters that count even if they are empty: see test_git_data.py.
COUNTED = {"git/get-tree": ["recursive"]}


def described_filters(operation_id: str) -> list[str]:
    """List the parameters in the query of an operation."""
    shared = githubs_description.load(githubs_description.REST)["components"]["parameters"]
    parameters = githubs_description.operations()[operation_id].described.get("parameters", ())
    resolved = [shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in parameters]
    return [each["name"] for each in resolved if each["in"] == "query"]


@githubs_description.needs_description
def test_the_table_has_every_filter_that_github_describes() -> None:
    """All operations that read, and all their filters."""
    reads = [name for name, endpoint in ENDPOINTS.items() if endpoint.method == "GET"]
    assert {name: found for name in reads if (found := described_filters(name))} == FILTERS | COUNTED


def test_an_empty_filter_is_no_filter(ghdeploy: FakeGitHub) -> None:
    """Each filter alone, and all filters of a list at once, leave everything in it."""
    scene = Scene(ghdeploy)
    scene.repo.add_check_run("main", name="lint", conclusion="success")
    asked = 0
    for operation_id, names in FILTERS.items():
        _, places = scene.usual(operation_id)
        client = Client(authorization=f"Bearer {scene.token(operation_id)}")
        path = ENDPOINTS[operation_id].paths[0].format(**scene.places | places)
        everything = client.get(path)
        assert everything.ok
        assert everything.json() or operation_id == "repos/list-release-assets"
        for query in chain((f"{name}=" for name in names), ["&".join(f"{name}=" for name in names)]):
            reply = client.get(f"{path}?{query}")
            assert (reply.status_code, reply.content) == (200, everything.content), f"{operation_id}?{query}"
            asked += 1
    assert asked == sum(len(names) + 1 for names in FILTERS.values())


@pytest.mark.parametrize("query", ["environment=&per_page=1", "per_page=1&ref=&task="])
def test_links_keep_an_empty_filter(ghdeploy: FakeGitHub, query: str) -> None:
    """The next page is asked for in the words of this one."""
    repo = ghdeploy.add_repository("octocat/example")
    older, newer = (repo.add_deployment(ref="main", environment=name) for name in ("qa", "staging"))
    first = Client().get(f"/repos/octocat/example/deployments?{query}")
    assert first.links["next"]["url"].endswith(f"?{query}&page=2")
    second = Client().get(first.links["next"]["url"])
    assert [row["id"] for row in (*first.json(), *second.json())] == [newer.id, older.id]
