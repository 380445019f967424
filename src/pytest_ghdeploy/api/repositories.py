"""
Repositories.

Source:
    https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy.routing import Call, Reply, route


@route("repos/get", "GET /repos/{owner}/{repo}")
def get(call: Call) -> Reply:
    """Show a repository, and what the caller may do there."""
    permission = call.store.permission(call.repository, call.viewer) if call.viewer else None
    return Reply(200, as_json.full_repository(call.repository, call.urls, permission))
