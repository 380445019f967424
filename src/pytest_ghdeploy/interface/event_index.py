"""Events by their names and fields, so that looking for one does not read all others."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from pytest_ghdeploy.interface.event_fields import has_fields, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_ghdeploy.store.events import Event

# Unlike a dict, it finds its first key at once after many others were removed.
_Events = OrderedDict["Event", None]


class EventIndex:
    """
    A set of events, oldest first.

    The first search by a field reads that field of all events with the name.
    Later searches by it read only events with the value.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        """Start with *events*."""
        self._by_name: dict[str, _Events] = {}
        self._by_value: dict[str, dict[str, dict[object, _Events]]] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Add an event."""
        self._by_name.setdefault(event.name, OrderedDict())[event] = None
        for field, values in self._by_value.get(event.name, {}).items():
            values.setdefault(_key(event, field), OrderedDict())[event] = None

    def remove(self, event: Event) -> None:
        """Remove an event."""
        del self._by_name[event.name][event]
        for field, values in self._by_value.get(event.name, {}).items():
            # If a test has changed the payload, the event stays under its former value.
            values.get(_key(event, field), OrderedDict()).pop(event, None)

    def matching(self, name: str, fields: Mapping[str, object]) -> Iterator[Event]:
        """Yield the events with this *name* and these *fields*, oldest first. The event and fields must be known."""
        candidates = known = self._by_name.get(name, OrderedDict())
        for field, wanted in fields.items():
            if isinstance(wanted, (str, int)):
                selected = self._values(name, field).get(wanted, OrderedDict())
                candidates = min(candidates, selected, key=len)
        return (event for event in candidates if event in known and has_fields(event, fields))

    def _values(self, name: str, field: str) -> dict[object, _Events]:
        fields = self._by_value.setdefault(name, {})
        if field not in fields:
            values = fields[field] = {}
            for event in self._by_name.get(name, ()):
                values.setdefault(_key(event, field), OrderedDict())[event] = None
        return fields[field]


def _key(event: Event, field: str) -> object:
    value = value_of(event, field)
    # Objects and lists are never equal to a string or a number.
    return value if isinstance(value, (str, int, float)) else None
