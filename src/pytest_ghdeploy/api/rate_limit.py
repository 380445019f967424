"""
The rate limit.

Source:
    https://docs.github.com/rest/rate-limit/rate-limit
"""

from __future__ import annotations

from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import rate_limits, refusals
from pytest_ghdeploy.serializers import accounts as as_json


@route("rate-limit/get", "GET /rate_limit")
def get(call: Call) -> Reply:
    """Show the caller's hourly budget. The request does not count towards it."""
    if call.urls.enterprise_version and not call.store.limits:
        raise refusals.no_rate_limit()
    return Reply(
        200, as_json.rate_limit(call.store.rate_limit(call.viewer), rate_limits.of_other_resources(call.viewer))
    )
