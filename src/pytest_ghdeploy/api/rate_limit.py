"""
The rate limit.

Source:
    https://docs.github.com/rest/rate-limit/rate-limit
"""

from __future__ import annotations

from pytest_ghdeploy import errors
from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy.routing import Call, Reply, route

_OTHER_RESOURCES = (
    "search",
    "graphql",
    "integration_manifest",
    "source_import",
    "code_scanning_autofix",
    "actions_runner_registration",
    "scim",
    "dependency_snapshots",
    "dependency_sbom",
    "code_search",
)


@route("rate-limit/get", "GET /rate_limit")
def get(call: Call) -> Reply:
    """Show what is left of the caller's hourly budget. Asking costs nothing."""
    if call.urls.enterprise_version and not call.store.limits:
        raise errors.no_rate_limit()
    return Reply(200, as_json.rate_limit(call.store.rate_limit(call.viewer), _OTHER_RESOURCES))
