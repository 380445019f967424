"""
Hooks and deliveries as tests hold them.

What ``subscribe`` makes and what a client creates over REST are the same things.
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
    An event on its way to one hook, or what has come of it.

    It reads what is known now; once its hook is deleted or the fake reset, what was known last.
    """

    __slots__ = ("_row", "_store", "_webhooks")

    def __init__(self, webhooks: Webhooks, store: Store, row: HookDelivery) -> None:
        """Hold *row*."""
        self._webhooks = webhooks
        self._store = store
        self._row = row

    def __repr__(self) -> str:
        return f"<Delivery {self.id} {self.event} {self.state}>"

    def __eq__(self, other: object) -> bool:
        # Ids begin anew when the fake is reset.
        return isinstance(other, Delivery) and self.id == other.id and self._store is other._store

    def __hash__(self) -> int:
        return hash((id(self._store), self.id))

    @property
    def _now(self) -> HookDelivery:
        with self._store.lock:
            if row := self._store.hook_deliveries.get(self._row.id):
                self._row = row
            elif self._row.state == "waiting" and not self._row.delivered_at:
                self._row = self._row._replace(state="dropped", reason="its hook is gone")
            return self._row

    @property
    def id(self) -> int:
        """GitHub's id, of this delivery alone."""
        return self._row.id

    @property
    def delivery_id(self) -> str:
        """The GUID, as in ``X-GitHub-Delivery``: the event's, however often and to whomever it is delivered."""
        return self._row.guid

    @property
    def hook_id(self) -> int:
        """The id of the hook it is for."""
        return self._row.hook_id

    @property
    def event(self) -> str:
        """The name of the event, as in ``X-GitHub-Event``."""
        return self._row.event

    @property
    def action(self) -> str | None:
        """The payload's ``action``, ``None`` where there is none."""
        return self._row.action

    @property
    def payload(self) -> JSON:
        """The event's payload, a copy each time."""
        copy: JSON = deliveries.as_payload(self._row.payload)
        return copy

    @property
    def headers(self) -> Headers:
        """The headers that were sent, by name without regard to case; none before it is sent."""
        return Headers(self._now.request_headers)

    @property
    def body(self) -> bytes:
        """The very bytes that were signed and sent."""
        return self._now.request_body

    @property
    def state(self) -> HookDeliveryState:
        """``waiting``, ``delivered``, ``failed`` or ``dropped``."""
        return self._now.state

    @property
    def status(self) -> str:
        """In GitHub's words: ``OK``, or why not; ``""`` before it is sent."""
        return self._now.status

    @property
    def status_code(self) -> int:
        """The HTTP status of the answer, or what GitHub shows in its place; 0 before it is sent."""
        return self._now.status_code

    @property
    def reason(self) -> str:
        """Why it failed or was dropped, in terms of the test."""
        return self._now.reason

    @property
    def exception(self) -> BaseException | None:
        """What the receiver raised, if it is in this process and did."""
        return self._now.exception

    @property
    def duration(self) -> float:
        """How many seconds of the fake's clock it took."""
        return self._now.duration

    @property
    def delivered_at(self) -> datetime | None:
        """When it was sent, ``None`` if it was not."""
        return self._now.delivered_at

    @property
    def redelivery(self) -> bool:
        """Whether it was asked for again with ``redeliver`` or over REST."""
        return self._row.redelivery

    @property
    def response_headers(self) -> Headers:
        """The headers of the answer, none without one."""
        return Headers(self._now.response_headers or {})

    @property
    def response_payload(self) -> str:
        """The body of the answer, ``""`` without one."""
        return self._now.response_payload or ""

    def deliver(self) -> None:
        """Deliver it now, also while others wait; one that was delivered or dropped is delivered as a duplicate."""
        self._webhooks.release(self)

    def drop(self) -> None:
        """
        Never deliver it, as if it were lost on its way.

        Raises:
            FakeError: It does not wait: it was delivered or dropped.
        """
        self._webhooks.drop(self)


@public
class Hook:
    """Where events are sent. Reads what is stored now; its secret cannot be read."""

    __slots__ = ("_id", "_store", "_webhooks")

    def __init__(self, webhooks: Webhooks, store: Store, row: HookRow) -> None:
        """Hold the hook *row*."""
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
        """Its address in the API; ``None`` for one of all repositories. Where it sends is in ``config``."""
        found: str | None = self._json().get("url")
        return found

    @property
    def config(self) -> JSON:
        """``url``, ``content_type``, ``insecure_ssl``, and the ``secret``, masked, if it has one."""
        shown: JSON = self._json()["config"]
        return shown

    @property
    def events(self) -> list[str]:
        """The names of the events that it is sent; ``*`` for all."""
        return list(self._json()["events"])

    @property
    def active(self) -> bool:
        """Whether it is sent anything."""
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
        """What was, or is to be, delivered to it, newest first."""
        with self._store.lock:
            rows = self._store.hook_deliveries.where(hook_id=self._row.id)
            return [Delivery(self._webhooks, self._store, row) for row in rows]

    def ping(self) -> None:
        """
        Send it a ``ping``.

        Raises:
            FakeError: It is gone.
        """
        with self._store.outbox, self._store.lock:
            api.ping(self._store, self._row, self._store.default_user)

    def delete(self) -> None:
        """
        Send nothing more to it, and forget what was sent.

        Raises:
            FakeError: It is gone already.
        """
        with self._store.outbox, self._store.lock:
            api.delete(self._store, self._row)
        self._webhooks._close_unused()  # noqa: SLF001 - two halves of one thing
