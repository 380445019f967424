"""
Information about GitHub itself: API versions, URL templates, keys and networks.

Source:
    https://docs.github.com/rest/meta/meta
"""

from __future__ import annotations

from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github.model import API_VERSIONS
from pytest_ghdeploy.serializers import meta as as_json


@route("meta/get-all-versions", "GET /versions")
def get_all_versions(call: Call) -> Reply:  # noqa: ARG001 - the same for every caller
    """List the versions of the API that GitHub supports, oldest first."""
    return Reply(200, list(API_VERSIONS))


@route("meta/root", "GET /")
def root(call: Call) -> Reply:
    """Show the root document: the URL templates."""
    return Reply(200, as_json.root(call.urls))


@route("meta/get", "GET /meta")
def get(call: Call) -> Reply:
    """Show GitHub's keys and networks, or the version of GitHub Enterprise Server."""
    return Reply(200, as_json.meta(call.urls))
