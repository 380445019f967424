"""
Webhook events: recorded when a change happens, read by tests and deliveries.

The payload is made from frozen rows when it is first read. It always shows the
state at the time of the change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from pytest_ghdeploy.changes import Changes
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.public import public

Payload = dict[str, Any]


@public
class Event:
    """
    One event.

    Attributes:
        name: The value of ``X-GitHub-Event``: ``deployment``, ``deployment_status``, ``status``, …

        action: The payload's ``action``; ``None`` for events without one, such as ``status`` and ``push``.

        repository: The full name of the event's repository; ``""`` for events without one, such as ``installation``.

    Source:
        https://docs.github.com/webhooks/webhook-events-and-payloads
    """

    __slots__ = ("_app_id", "_make_payload", "_number", "_payload", "_row", "action", "name", "repository")

    def __init__(
        self,
        name: str,
        action: str | None,
        number: int,
        repository: str,
        make_payload: Callable[[], Payload],
        row: object = None,
        app_id: int | None = None,
    ) -> None:
        """
        Keep the fake's event *number*. *make_payload* makes the payload, and *row* is the row that it is about.

        *app_id* is the app whose hook alone gets the event, if there is only one.
        """
        self.name = name
        self.action = action
        self.repository = repository
        self._number = number
        self._make_payload = make_payload
        self._row = row
        self._app_id = app_id
        self._payload: Payload | None = None

    @property
    def delivery_id(self) -> str:
        """The GUID in ``X-GitHub-Delivery``. It is the same in every run of a test."""
        digits = hashlib.sha1(b"delivery %d" % self._number, usedforsecurity=False).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"

    @property
    def payload(self) -> Payload:
        """A copy of the JSON object that is delivered. Changes to it affect neither deliveries nor the fake."""
        if self._payload is None:
            # Copied through JSON, since a test may change it.
            self._payload = json.loads(json.dumps(self._make_payload()))
        return self._payload

    def __repr__(self) -> str:
        action = f".{self.action}" if self.action else ""
        return f"<Event {self.name}{action} {self.repository} {self.delivery_id}>"


OWN_OBJECTS = {"commit_comment": "comment", "issue_comment": "comment", "pull_request_review": "review"}
"""The member of a payload with the event's own object, where its name is not the event's."""


def own_object(name: str, payload: Payload) -> Payload:
    """Return the object that an event with this *name* is about: a member of its payload, or else the payload."""
    own: Payload = payload.get(OWN_OBJECTS.get(name, name), payload)
    return own


def untouched_payload(event: Event) -> Payload:
    """Return the JSON object of *event* as delivered, even if a test has changed its ``payload``."""
    return event._make_payload()  # noqa: SLF001 - for deliveries, not for tests


def forget_copies(events: Iterable[Event]) -> None:
    """Forget the copies that reading ``payload`` has made. The next read makes new ones."""
    for event in events:
        event._payload = None  # noqa: SLF001 - for fakes that run for a long time, not for tests


def app_alone(event: Event) -> int | None:
    """Return the id of the app whose hook alone gets *event*; ``None`` for all hooks."""
    return event._app_id  # noqa: SLF001 - for deliveries, not for tests


def source_of(event: Event) -> Callable[[], Payload]:
    """Return the function that makes the payload of *event*. It holds the rows of that time."""
    return event._make_payload  # noqa: SLF001 - to measure it, not for tests


UNREAD: Any = object()
"""The value of a field that only the payload shows."""


def field_of_row(event: Event, name: str) -> Any:  # noqa: ANN401 - any plain JSON value, or an account
    """
    Read a field of the event's own object from the row that it is about, which costs much less than its payload.

    Returns:
        The value if it is plain, so that the row and the payload have the same, or an account; otherwise ``UNREAD``.
        A payload that was read is read again, since a test may have changed it.
    """
    if event._payload is not None:  # noqa: SLF001 - of the same module
        return UNREAD
    value = getattr(event._row, name, UNREAD)  # noqa: SLF001
    return value if isinstance(value, (str, int, User)) else UNREAD


@public
class Events(Sequence[Event]):
    """The dispatched events, oldest first."""

    def __init__(self, events: list[Event]) -> None:
        """Make a live view of *events*."""
        self._events = events

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, key: int) -> Event: ...
    @overload
    def __getitem__(self, key: slice) -> list[Event]: ...
    def __getitem__(self, key: int | slice) -> Event | list[Event]:
        return self._events[key]

    def named(self, name: str) -> list[Event]:
        """List the events with this *name*, oldest first."""
        return [event for event in self._events if event.name == name]

    def clear(self) -> None:
        """Remove all events so far. Delivery ids are not reused."""
        self._events.clear()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._events == list(other)

    __hash__ = None  # type: ignore[assignment] # mutable, like a list

    def __repr__(self) -> str:
        return f"<Events {self._events!r}>"


class Recorder:
    """Records events and passes them on to listeners."""

    def __init__(self, recorded: list[Event] | None = None, changes: Changes | None = None) -> None:
        """Record events in *recorded*, by default a new list, as part of the current call's *changes*."""
        self._changes = Changes() if changes is None else changes
        self._recorded: list[Event] = [] if recorded is None else recorded
        self.events = Events(self._recorded)
        self._count = 0
        self.listeners: list[Callable[[Event], None]] = []
        self.dispatch: Callable[[Event], None] | None = None
        """Sends recorded events to the hooks; ``None`` as long as there are no hooks."""

    def record(
        self,
        name: str,
        action: str | None,
        repository: str,
        make_payload: Callable[[], Payload],
        row: object = None,
        app_id: int | None = None,
    ) -> Event:
        """
        Record and dispatch an event.

        Args:
            make_payload: It must hold frozen rows only, since it may be called later.

            row: The row that the event is about, if its plain attributes are fields of the event's own object.

            app_id: The app whose hook alone gets the event. ``None`` for all hooks.
        """
        self._changes.set(self, _count=self._count + 1)
        event = Event(name, action, self._count, repository, make_payload, row, app_id)
        self._changes.append(self._recorded, event)
        for listener in self.listeners:
            listener(event)
        if self.dispatch:
            self.dispatch(event)
        return event

    def announce(self, name: str, action: str | None, repository: str, make_payload: Callable[[], Payload]) -> Event:
        """Make an event for one hook only. Listeners get it, but it is neither recorded nor sent to other hooks."""
        self._changes.set(self, _count=self._count + 1)
        event = Event(name, action, self._count, repository, make_payload)
        for listener in self.listeners:
            listener(event)
        return event
