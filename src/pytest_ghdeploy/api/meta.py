"""
What a GitHub says of itself.

Source:
    https://docs.github.com/rest/meta/meta
"""

from __future__ import annotations

from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github.model import API_VERSIONS
from pytest_ghdeploy.serializers import meta as as_json


@route("meta/get-all-versions", "GET /versions")
def get_all_versions(call: Call) -> Reply:  # noqa: ARG001 - it is the same for everyone
    """List the versions of the API that GitHub supports, oldest first."""
    return Reply(200, list(API_VERSIONS))


@route("meta/root", "GET /")
def root(call: Call) -> Reply:
    """Show the root document: templates of all URLs."""
    return Reply(200, as_json.root(call.urls))


@route("meta/get", "GET /meta")
def get(call: Call) -> Reply:
    """Show the keys and networks of a GitHub, or the version of a GitHub Enterprise Server."""
    return Reply(200, as_json.meta(call.urls))
