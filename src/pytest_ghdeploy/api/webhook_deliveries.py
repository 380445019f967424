"""
Webhook deliveries: make and record them, list them, and send them again.

A delivery is sent in three steps. ``begin`` and ``finish`` are the first and
the last, under the store's lock. In between, ``webhooks/`` sends the request
without the lock.

Source:
    https://docs.github.com/rest/repos/webhooks
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import webhooks
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import deliveries, refusals
from pytest_ghdeploy.github.model import HookDelivery
from pytest_ghdeploy.github.pagination import Page
from pytest_ghdeploy.serializers import webhooks as as_json

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github.deliveries import Outcome
    from pytest_ghdeploy.github.model import Hook
    from pytest_ghdeploy.store.store import Store

_CURSOR = "v1_"

# Operations


def begin(store: Store, delivery: HookDelivery) -> tuple[HookDelivery, Hook] | None:
    """
    Build the request of a delivery with the hook's current configuration.

    Returns:
        The delivery with its headers and signed body, and its hook; ``None``
        if the hook was deleted or the fake was reset. If *delivery* has been
        sent in the meantime, the result is a new delivery of the same event.
        A dropped delivery has no request.
    """
    row, hook = store.hook_deliveries.get(delivery.id), store.hooks.get(delivery.hook_id)
    if store.retired or row is None or hook is None:
        return None
    if row.state in ("delivered", "failed"):
        row = store.hook_deliveries.add(again(store, row, redelivery=False))
    if row.state == "dropped":
        return row, hook
    body = deliveries.body(hook.content_type, row.payload)
    legacy_names = store.assume.legacy_delivery_headers
    headers = deliveries.headers(hook, row, body, store.urls, legacy_names=legacy_names)
    row = row._replace(request_headers=headers, request_body=body, delivered_at=store.clock.now)
    return store.hook_deliveries.replace(row), hook


def finish(store: Store, delivery: HookDelivery, outcome: Outcome, answered_at: datetime) -> HookDelivery:
    """
    Record the outcome of a delivery, and the ``last_response`` of its hook.

    Args:
        delivery: As returned by ``begin``.

        answered_at: The time of the response by the fake's clock. After GitHub's limit, the outcome is a timeout.

    Returns:
        The delivery. It is not stored if its hook was deleted.
    """
    assert delivery.delivered_at is not None  # noqa: S101 - it was begun
    seconds = (answered_at - delivery.delivered_at).total_seconds()
    limit = deliveries.limit_seconds(store.urls)
    if seconds > limit:
        reason = f"the receiver took {seconds:g} seconds by ghdeploy.clock; the limit is {limit:g}"
        outcome = deliveries.timed_out(reason)
    row = delivery._replace(
        state="failed" if outcome.reason else "delivered",
        duration=max(0.0, seconds),
        status=outcome.status,
        status_code=outcome.status_code,
        reason=outcome.reason,
        response_headers=outcome.headers,
        response_payload=outcome.payload,
        exception=outcome.exception,
    )
    if hook := store.hooks.get(row.hook_id):
        store.hooks.replace(hook._replace(last_response=outcome.last_response))
    return _stored(store, row)


def interrupt(store: Store, delivery: HookDelivery, reason: str) -> HookDelivery:
    """Record that a delivery was interrupted. It is waiting again, but is not sent automatically."""
    return _stored(store, delivery._replace(reason=reason, delivered_at=None))


def _stored(store: Store, row: HookDelivery) -> HookDelivery:
    return store.hook_deliveries.replace(row) if store.hook_deliveries.get(row.id) else row


def redeliver(store: Store, delivery: HookDelivery) -> HookDelivery:
    """
    Send a delivery again, with the same GUID and payload and the hook's current configuration.

    Source:
        https://docs.github.com/rest/repos/webhooks#redeliver-a-delivery-for-a-repository-webhook
    """
    row = store.hook_deliveries.add(again(store, delivery, redelivery=True))
    store.outbox.append(store, row)
    return row


def again(store: Store, delivery: HookDelivery, *, redelivery: bool) -> HookDelivery:
    """Copy a delivery of an event to a hook as a new row, which is not stored yet."""
    return HookDelivery(
        id=store.hook_deliveries.next_id,
        repository_id=delivery.repository_id,
        hook_id=delivery.hook_id,
        guid=delivery.guid,
        event=delivery.event,
        action=delivery.action,
        event_repository_id=delivery.event_repository_id,
        redelivery=redelivery,
        payload=delivery.payload,
    )


# Endpoints


def find_delivery(call: Call) -> HookDelivery:
    """
    Look up the delivery in the path.

    Raises:
        NotFound: The repository has no such hook, or the hook was not sent such a delivery.
    """
    hook, delivery_id = webhooks.find(call), call.params["delivery_id"]
    row = call.store.hook_deliveries.get(delivery_id)
    if row is None or row.hook_id != hook.id or row.delivered_at is None:
        known = errors.known_values(delivery_id, (delivery.id for delivery in _sent(call.store, hook)))
        hint = f"hook {hook.id} of {call.repository.full_name} has no delivery {delivery_id}; {known}"
        raise refusals.not_found(hint)
    return row


def _sent(store: Store, hook: Hook) -> list[HookDelivery]:
    return [row for row in store.hook_deliveries.where(hook_id=hook.id) if row.delivered_at]


@route(
    "repos/list-webhook-deliveries",
    "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries",
    needs="admin",
    permission=webhooks.PERMISSION,
    finds=webhooks.find,
)
def list_webhook_deliveries(call: Call) -> Reply:
    """List the deliveries of a hook, newest first, in pages by cursor, filtered by ``status``."""
    hook: Hook = call.found
    rows = _sent(call.store, hook)
    status = call.query.get("status")
    if status is not None:
        state = {"success": "delivered", "failure": "failed"}.get(status)
        if state is None:
            raise refusals.invalid_delivery_status(status, f"status must be success or failure, got {status!r}")
        rows = [row for row in rows if row.state == state]
    if cursor := call.query.get("cursor"):
        number = cursor.removeprefix(_CURSOR)
        if not cursor.startswith(_CURSOR) or not number.isdecimal() or not number.isascii():
            raise refusals.invalid_cursor(f"the cursor must come from the Link of the previous page; got {cursor!r}")
        rows = [row for row in rows if row.id <= int(number)]
    size = Page.of({"per_page": call.query.get("per_page", "")}, len(rows)).per_page
    next_url = ""
    if len(rows) > size:
        kept = "".join(f"{name}={call.query[name]}&" for name in ("per_page", "status") if name in call.query)
        root = f"{call.urls.api}/repositories/{call.repository.id}/hooks/{hook.id}/deliveries"
        next_url = f"{root}?{kept}cursor={_CURSOR}{rows[size].id}"
    return Reply(200, [as_json.short_delivery(row) for row in rows[:size]], next_url=next_url)


@route(
    "repos/get-webhook-delivery",
    "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
    needs="admin",
    permission=webhooks.PERMISSION,
    finds=find_delivery,
)
def get_webhook_delivery(call: Call) -> Reply:
    """Show a delivery with its request and response."""
    return Reply(200, as_json.delivery(call.found, webhooks.find(call)))


@route(
    "repos/redeliver-webhook-delivery",
    "POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
    needs="admin",
    permission=webhooks.PERMISSION,
    finds=find_delivery,
)
def redeliver_webhook_delivery(call: Call) -> Reply:
    """Send a delivery again."""
    redeliver(call.store, call.found)
    return Reply(202, {})
