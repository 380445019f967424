"""
The tags of a repository.

Source:
    https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.serializers import git as as_json

PERMISSION = "metadata"


@route("repos/list-tags", "GET /repos/{owner}/{repo}/tags")
def list_tags(call: Call) -> Reply:
    """List tags, in reverse alphabetical order."""
    graph = call.store.git(call.repository)
    tags = sorted(graph.tags.items(), reverse=True)
    return Reply(200, Listing(tags, lambda tag: as_json.tag(tag[0], graph.peel(tag[1]), call.repository, call.urls)))
