"""
Deliveries of hooks: how one is made and what is recorded of it, and the endpoints that show and repeat them.

A delivery is sent in three steps. ``begin`` and ``finish`` are the first and
the last, under the store's lock; between them ``webhooks/`` sends, without it.

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
    Make the request of a delivery, as its hook is configured now.

    Returns:
        The delivery with the headers and the signed body of its request, and its hook. The delivery is another one,
        of the same event, if *delivery* was made meanwhile, and has no request if it is dropped. ``None`` if nothing
        is to be sent: the hook is gone, or the fake was reset.
    """
    row, hook = store.hook_deliveries.get(delivery.id), store.hooks.get(delivery.hook_id)
    if store.retired or row is None or hook is None:
        return None
    if row.state in ("delivered", "failed"):
        row = store.hook_deliveries.add(again(store, row, redelivery=False))
    if row.state == "dropped":
        return row, hook
    body = deliveries.body(hook.content_type, row.payload)
    headers = deliveries.headers(hook, row, body, store.urls)
    row = row._replace(request_headers=headers, request_body=body, delivered_at=store.clock.now)
    return store.hook_deliveries.replace(row), hook


def finish(store: Store, delivery: HookDelivery, outcome: Outcome, answered_at: datetime) -> HookDelivery:
    """
    Record the outcome of a delivery that was begun, also as its hook's ``last_response``.

    Args:
        answered_at: The time of the answer by the fake's clock. After GitHub's limit the outcome is a timeout.

    Returns:
        The delivery. It is not stored if its hook is gone.
    """
    assert delivery.delivered_at is not None  # noqa: S101 - it was begun
    seconds = (answered_at - delivery.delivered_at).total_seconds()
    limit = deliveries.limit_seconds(store.urls)
    if seconds > limit:
        reason = f"the receiver took {seconds:g} seconds by ghdeploy.clock; {limit:g} are allowed"
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
    """Record that a delivery that was begun has no outcome. It waits again, and nothing delivers it by itself."""
    return _stored(store, delivery._replace(reason=reason, delivered_at=None))


def _stored(store: Store, row: HookDelivery) -> HookDelivery:
    return store.hook_deliveries.replace(row) if store.hook_deliveries.get(row.id) else row


def redeliver(store: Store, delivery: HookDelivery) -> HookDelivery:
    """
    Send once more what was sent, with the same GUID, as the hook is configured now.

    Source:
        https://docs.github.com/rest/repos/webhooks#redeliver-a-delivery-for-a-repository-webhook
    """
    row = store.hook_deliveries.add(again(store, delivery, redelivery=True))
    store.outbox.append(store, row)
    return row


def again(store: Store, delivery: HookDelivery, *, redelivery: bool) -> HookDelivery:
    """Make a delivery of the same event to the same hook, which is not stored yet."""
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
    Look up the delivery in the path, of the hook in the path.

    Raises:
        NotFound: There is no such hook, or it was never sent such a delivery.
    """
    hook, wanted = webhooks.find(call), call.params["delivery_id"]
    row = call.store.hook_deliveries.get(wanted)
    if row is None or row.hook_id != hook.id or row.delivered_at is None:
        there = errors.there_is(wanted, (one.id for one in _sent(call.store, hook)))
        raise refusals.not_found(f"hook {hook.id} of {call.repository.full_name} has no delivery {wanted}; {there}")
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
    """List what a hook was sent, newest first, a page from a cursor on, perhaps only what succeeded or failed."""
    hook: Hook = call.found
    rows = _sent(call.store, hook)
    wanted = call.query.get("status")
    if wanted is not None:
        state = {"success": "delivered", "failure": "failed"}.get(wanted)
        if state is None:
            raise refusals.invalid_delivery_status(wanted, f"status is success or failure, got {wanted!r}")
        rows = [row for row in rows if row.state == state]
    if cursor := call.query.get("cursor"):
        number = cursor.removeprefix(_CURSOR)
        if not cursor.startswith(_CURSOR) or not number.isdecimal() or not number.isascii():
            raise refusals.invalid_cursor(f"a cursor is taken from the Link of the page before; got {cursor!r}")
        rows = [row for row in rows if row.id <= int(number)]
    size = Page.of({"per_page": call.query.get("per_page", "")}, len(rows)).per_page
    beyond = ""
    if len(rows) > size:
        kept = "".join(f"{name}={call.query[name]}&" for name in ("per_page", "status") if name in call.query)
        root = f"{call.urls.api}/repositories/{call.repository.id}/hooks/{hook.id}/deliveries"
        beyond = f"{root}?{kept}cursor={_CURSOR}{rows[size].id}"
    return Reply(200, [as_json.short_delivery(row) for row in rows[:size]], next_url=beyond)


@route(
    "repos/get-webhook-delivery",
    "GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}",
    needs="admin",
    permission=webhooks.PERMISSION,
    finds=find_delivery,
)
def get_webhook_delivery(call: Call) -> Reply:
    """Show a delivery, with what was sent and what was answered."""
    return Reply(200, as_json.delivery(call.found, webhooks.find(call)))


@route(
    "repos/redeliver-webhook-delivery",
    "POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
    needs="admin",
    permission=webhooks.PERMISSION,
    finds=find_delivery,
)
def redeliver_webhook_delivery(call: Call) -> Reply:
    """Send a delivery once more."""
    redeliver(call.store, call.found)
    return Reply(202, {})
