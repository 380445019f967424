"""Hooks and their deliveries as GitHub's JSON. Source: https://docs.github.com/rest/repos/webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.serializers.accounts import time, time_in_milliseconds

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Hook, HookDelivery, Repository
    from pytest_ghdeploy.github.urls import JSON, Urls

MASKED = "********"
"""Shown instead of a secret."""


def hook_url(row: Hook, repository: Repository, urls: Urls) -> str:
    """Return the API URL of a repository's hook."""
    return f"{urls.repository(repository)}/hooks/{row.id}"


def config(row: Hook) -> JSON:
    """Serialize the configuration of a hook, with its secret masked."""
    fields: JSON = {"content_type": row.content_type, "insecure_ssl": row.insecure_ssl}
    if row.secret:
        fields["secret"] = MASKED
    return fields | {"url": row.target_url}


def hook(row: Hook, repository: Repository | None, urls: Urls) -> JSON:
    """Serialize a hook. An app's hook has no *repository* and no URLs of its own."""
    fields: JSON = {
        "type": "Repository" if repository else "App",
        "id": row.id,
        "name": "web",
        "active": row.active,
        "events": list(row.events),
        "config": config(row),
        "updated_at": time(row.updated_at),
        "created_at": time(row.created_at),
    }
    if repository is None:
        return fields | {"app_id": row.app_id, "deliveries_url": f"{urls.api}/app/hook/deliveries"}
    url, last = hook_url(row, repository, urls), row.last_response
    return fields | {
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": last.code, "status": last.status, "message": last.message},
    }


def short_delivery(row: HookDelivery) -> JSON:
    """
    Serialize a delivery for lists, with an empty ``url``.

    Source:
        Deliveries that GitHub recorded in September 2026.
    """
    return {
        "id": row.id,
        "guid": row.guid,
        "delivered_at": row.delivered_at and time_in_milliseconds(row.delivered_at),
        "redelivery": row.redelivery,
        "duration": row.duration,
        "status": row.status,
        "status_code": row.status_code,
        "event": row.event,
        "action": row.action,
        "installation_id": None,
        "repository_id": row.event_repository_id,
        "throttled_at": None,
        "url": "",
    }


def delivery(row: HookDelivery, hook: Hook) -> JSON:
    """Serialize a delivery with its request and response."""
    return short_delivery(row) | {
        "url": hook.target_url,
        "request": {"headers": dict(row.request_headers), "payload": deliveries.as_payload(row.payload)},
        "response": {
            "headers": None if row.response_headers is None else dict(row.response_headers),
            "payload": row.response_payload,
        },
    }
