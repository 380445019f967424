"""
The rate limit.

Source:
    https://docs.github.com/rest/rate-limit/rate-limit
"""

from __future__ import annotations

from pytest_ghdeploy import errors, limits
from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy.routing import Call, Reply, route


@route("rate-limit/get", "GET /rate_limit")
def get(call: Call) -> Reply:
    """Show what is left of the caller's hourly budget. Asking costs nothing."""
    if call.urls.enterprise_version and not call.store.limits:
        raise errors.no_rate_limit()
    return Reply(200, as_json.rate_limit(call.store.rate_limit(call.viewer), limits.of_other_resources(call.viewer)))
