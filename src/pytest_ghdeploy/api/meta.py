"""
What a GitHub says of itself.

Source:
    https://docs.github.com/rest/meta/meta
"""

from __future__ import annotations

from pytest_ghdeploy.model import API_VERSIONS
from pytest_ghdeploy.routing import Call, Reply, route


@route("meta/get-all-versions", "GET /versions")
def get_all_versions(call: Call) -> Reply:  # noqa: ARG001 - it is the same for everyone
    """List the versions of the API that GitHub supports, oldest first."""
    return Reply(200, list(API_VERSIONS))
