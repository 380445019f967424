"""
Events as GitHub dispatches them: recorded when the change happens, read by tests.

The payload is made from frozen rows when it is first looked at, and shows the
moment of the change however late that is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, overload

from pytest_ghdeploy.public import public

Payload = dict[str, Any]


@public
class Event:
    """
    One event.

    Attributes:
        name: As in ``X-GitHub-Event``: ``deployment``, ``deployment_status``, ``status``, …

        action: The payload's ``action``, ``None`` where GitHub's payload has none (``status``, ``push``).

        repository: The full name of the repository it happened in.

    Source:
        https://docs.github.com/webhooks/webhook-events-and-payloads
    """

    __slots__ = ("_make_payload", "_number", "_payload", "action", "name", "repository")

    def __init__(
        self, name: str, action: str | None, number: int, repository: str, make_payload: Callable[[], Payload]
    ) -> None:
        """Record a fake's event *number*, whose payload *make_payload* makes from what it holds."""
        self.name = name
        self.action = action
        self.repository = repository
        self._number = number
        self._make_payload = make_payload
        self._payload: Payload | None = None

    @property
    def delivery_id(self) -> str:
        """A GUID, as in ``X-GitHub-Delivery``; the same in every run of a test."""
        digits = hashlib.sha1(b"delivery %d" % self._number, usedforsecurity=False).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"

    @property
    def payload(self) -> Payload:
        """The JSON object that is delivered. Changing it changes nothing but this copy."""
        if self._payload is None:
            # Through JSON, so that the rows share nothing with what a test holds.
            self._payload = json.loads(json.dumps(self._make_payload()))
        return self._payload

    def __repr__(self) -> str:
        action = f".{self.action}" if self.action else ""
        return f"<Event {self.name}{action} {self.repository} {self.delivery_id}>"


def untouched_payload(event: Event) -> Payload:
    """Make the JSON object of *event* anew, whatever a test has done to its ``payload``."""
    return event._make_payload()  # noqa: SLF001 - for deliveries, not for tests


@public
class Events(Sequence[Event]):
    """The record of dispatched events, oldest first."""

    def __init__(self, events: list[Event]) -> None:
        """Show *events*, live."""
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
        """Forget the events so far. Later ones get other delivery ids all the same."""
        self._events.clear()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._events == list(other)

    __hash__ = None  # type: ignore[assignment] # it changes, as a list does

    def __repr__(self) -> str:
        return f"<Events {self._events!r}>"


class Recorder:
    """Keeps what is dispatched, and tells who wants to know."""

    def __init__(self, recorded: list[Event] | None = None) -> None:
        """Keep what is dispatched in *recorded*, a list of its own if not given."""
        self._recorded: list[Event] = [] if recorded is None else recorded
        self.events = Events(self._recorded)
        self._count = 0
        self.listeners: list[Callable[[Event], None]] = []
        self.dispatch: Callable[[Event], None] | None = None
        """Sends what is recorded to the hooks, if there are any."""

    def record(self, name: str, action: str | None, repository: str, make_payload: Callable[[], Payload]) -> Event:
        """Dispatch an event. *make_payload* must hold frozen rows only: it may be called much later."""
        self._count += 1
        event = Event(name, action, self._count, repository, make_payload)
        self._recorded.append(event)
        for listener in self.listeners:
            listener(event)
        if self.dispatch:
            self.dispatch(event)
        return event

    def announce(self, name: str, action: str | None, repository: str, make_payload: Callable[[], Payload]) -> Event:
        """Make an event that is for one hook only: it is told of, and neither recorded nor sent to others."""
        self._count += 1
        event = Event(name, action, self._count, repository, make_payload)
        for listener in self.listeners:
            listener(event)
        return event
