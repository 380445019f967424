"""
Hooks and deliveries, as tests see them.

Hooks from ``subscribe`` and hooks created over REST behave the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import webhooks as api
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.public import public
from pytest_ghdeploy.report.exchange import Headers
from pytest_ghdeploy.serializers import webhooks as as_json

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github.model import Hook as HookRow, HookDelivery, HookDeliveryState
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.webhooks.webhooks import Webhooks


@public
class Delivery:
    """
    A delivery of an event to one hook.

    Attributes are read from the store when accessed. After the hook is deleted or the fake is reset, they keep their
    last values.
    """

    __slots__ = ("_row", "_store", "_webhooks")

    def __init__(self, webhooks: Webhooks, store: Store, row: HookDelivery) -> None:
        """Show *row*."""
        self._webhooks = webhooks
        self._store = store
        self._row = row

    def __repr__(self) -> str:
        return f"<Delivery {self.id} {self.event} {self.state}>"

    def __eq__(self, other: object) -> bool:
        # Ids restart when the fake is reset.
        return isinstance(other, Delivery) and self.id == other.id and self._store is other._store

    def __hash__(self) -> int:
        return hash((id(self._store), self.id))

    @property
    def _now(self) -> HookDelivery:
        with self._store.lock:
            if row := self._store.hook_deliveries.get(self._row.id):
                self._row = row
            elif self._row.state == "waiting" and not self._row.delivered_at:
                self._row = self._row._replace(state="dropped", reason="its hook no longer exists")
            return self._row

    @property
    def id(self) -> int:
        """GitHub's id, different for each delivery."""
        return self._row.id

    @property
    def delivery_id(self) -> str:
        """The event's GUID, as in ``X-GitHub-Delivery``. All deliveries of an event share it."""
        return self._row.guid

    @property
    def hook_id(self) -> int:
        """The id of the hook."""
        return self._row.hook_id

    @property
    def event(self) -> str:
        """The name of the event, as in ``X-GitHub-Event``."""
        return self._row.event

    @property
    def action(self) -> str | None:
        """The payload's ``action``, or ``None``."""
        return self._row.action

    @property
    def payload(self) -> JSON:
        """A copy of the event's payload."""
        copy: JSON = deliveries.as_payload(self._row.payload)
        return copy

    @property
    def headers(self) -> Headers:
        """The sent headers, with case-insensitive names. Empty before sending."""
        return Headers(self._now.request_headers)

    @property
    def body(self) -> bytes:
        """The exact bytes that were signed and sent."""
        return self._now.request_body

    @property
    def state(self) -> HookDeliveryState:
        """``waiting``, ``delivered``, ``failed`` or ``dropped``."""
        return self._now.state

    @property
    def status(self) -> str:
        """GitHub's status text: ``OK``, or the reason of the failure. ``""`` before sending."""
        return self._now.status

    @property
    def status_code(self) -> int:
        """The HTTP status of the response, or the number that GitHub shows if none arrived. 0 before sending."""
        return self._now.status_code

    @property
    def reason(self) -> str:
        """Why it failed or was dropped, in detail."""
        return self._now.reason

    @property
    def exception(self) -> BaseException | None:
        """The exception that a receiver in this process raised."""
        return self._now.exception

    @property
    def duration(self) -> float:
        """How long it took, in seconds of the fake's clock."""
        return self._now.duration

    @property
    def delivered_at(self) -> datetime | None:
        """When it was sent, or ``None``."""
        return self._now.delivered_at

    @property
    def redelivery(self) -> bool:
        """Whether it repeats another delivery, by ``redeliver`` or over REST."""
        return self._row.redelivery

    @property
    def response_headers(self) -> Headers:
        """The headers of the response. Empty without a response."""
        return Headers(self._now.response_headers or {})

    @property
    def response_payload(self) -> str:
        """The body of the response. ``""`` without a response."""
        return self._now.response_payload

    def deliver(self) -> None:
        """Deliver it now, even while others are held. If it was delivered or dropped before, send a duplicate."""
        self._webhooks.release(self)

    def drop(self) -> None:
        """
        Drop a held delivery, as if it were lost in transit.

        Raises:
            FakeError: It is not held, because it was already delivered or dropped.
        """
        self._webhooks.drop(self)


@public
class Hook:
    """A webhook. Attributes are read from the store when accessed. The secret cannot be read."""

    __slots__ = ("_id", "_store", "_webhooks")

    def __init__(self, webhooks: Webhooks, store: Store, row: HookRow) -> None:
        """Show the hook in *row*."""
        self._webhooks = webhooks
        self._store = store
        self._id = row.id

    def __repr__(self) -> str:
        return f"<Hook {self._id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hook) and self._id == other._id and self._store is other._store

    def __hash__(self) -> int:
        return hash((id(self._store), self._id))

    @property
    def _row(self) -> HookRow:
        row = None if self._store.retired else self._store.hooks.get(self._id)
        if row is None:
            msg = f"hook {self._id} no longer exists: it was deleted, or the fake was reset"
            raise FakeError(msg)
        return row

    def _json(self) -> JSON:
        with self._store.lock:
            row = self._row
            repository = self._store.repositories.get(row.repository_id) if row.repository_id else None
            return as_json.hook(row, repository, self._store.urls)

    @property
    def id(self) -> int:
        """GitHub's id."""
        return self._id

    @property
    def url(self) -> str | None:
        """Its URL in the API, or ``None`` for a hook of all repositories. ``config`` has the receiver's URL."""
        url: str | None = self._json().get("url")
        return url

    @property
    def config(self) -> JSON:
        """``url``, ``content_type``, ``insecure_ssl``, and a masked ``secret`` if it has one."""
        config: JSON = self._json()["config"]
        return config

    @property
    def events(self) -> list[str]:
        """The names of the events it is subscribed to; ``*`` for all."""
        return list(self._json()["events"])

    @property
    def active(self) -> bool:
        """Whether events are delivered to it."""
        with self._store.lock:
            return self._row.active

    @property
    def last_response(self) -> JSON:
        """The ``code``, ``status`` and ``message`` of the latest delivery."""
        with self._store.lock:
            last = self._row.last_response
            return {"code": last.code, "status": last.status, "message": last.message}

    @property
    def created_at(self) -> datetime:
        """When it was created."""
        with self._store.lock:
            return self._row.created_at

    @property
    def updated_at(self) -> datetime:
        """When its settings last changed."""
        with self._store.lock:
            return self._row.updated_at

    @property
    def deliveries(self) -> list[Delivery]:
        """All its deliveries, including held ones, newest first."""
        with self._store.lock:
            rows = self._store.hook_deliveries.where(hook_id=self._row.id)
            return [Delivery(self._webhooks, self._store, row) for row in rows]

    def ping(self) -> None:
        """
        Deliver a ``ping`` to the hook.

        Raises:
            FakeError: The hook was deleted.
        """
        with self._store.outbox, self._store.lock, self._store.changes:
            api.ping(self._store, self._row, self._store.default_user)

    def delete(self) -> None:
        """
        Delete the hook and its deliveries.

        Raises:
            FakeError: The hook was already deleted.
        """
        with self._store.outbox, self._store.lock, self._store.changes:
            api.delete(self._store, self._row)
        self._webhooks._close_unused()  # noqa: SLF001 - of the same package
