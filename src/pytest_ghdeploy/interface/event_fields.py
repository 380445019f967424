"""The fields of events: their values, and which events have the wanted ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.serializers import accounts as as_json
from pytest_ghdeploy.store.events import UNREAD, field_of_row, own_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.store.events import Event


def matching(events: Sequence[Event], name: str, fields: Mapping[str, object]) -> list[Event]:
    """List the events with this *name* and these *fields*, which ``event_values.check_event`` has checked."""
    return [event for event in events if event.name == name and has_fields(event, fields)]


def has_fields(event: Event, fields: Mapping[str, object]) -> bool:
    """Return whether the *fields* of an event's own object have these values."""
    return all(is_equal(value_of(event, field, wanted), wanted) for field, wanted in fields.items())


def differing_fields(event: Event, fields: Mapping[str, object]) -> list[str]:
    """List the *fields* whose values an event does not have."""
    return [field for field, wanted in fields.items() if not is_equal(value_of(event, field, wanted), wanted)]


def value_of(event: Event, field: str, wanted: object = "") -> Any:  # noqa: ANN401 - any JSON
    """Return a field of an event's own object. If *wanted* is a string, an account is returned as its login."""
    if field in ("action", "repository"):
        return getattr(event, field)
    known = field_of_row(event, field)
    if isinstance(known, User):
        known = known.login if isinstance(wanted, str) else UNREAD
    if known is not UNREAD:
        return known
    own = own_object(event.name, event.payload)
    # The payload of a commit status contains its creator only as the sender of the event.
    value = own.get("sender" if field == "creator" and event.name == "status" else field)
    # A user may be given by login. Only a deployment's payload can look like a user without being one.
    if isinstance(value, dict) and isinstance(wanted, str) and "login" in value and field != "payload":
        return value["login"]
    return value


def is_equal(value: object, wanted: object) -> bool:
    """Return whether a value of JSON is the *wanted* one."""
    # Times and users may be given as the handles return them: as datetime and User objects.
    if isinstance(wanted, datetime):
        wanted = wanted.astimezone(UTC) if wanted.tzinfo else wanted
        wanted = wanted.isoformat() if isinstance(value, str) and "+" in value else as_json.time(wanted)
    if isinstance(wanted, User):
        return isinstance(value, dict) and value.get("login") == wanted.login
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(is_equal(value[name], wanted[name]) for name in value)
    if isinstance(value, list) and isinstance(wanted, list | tuple):
        return len(value) == len(wanted) and all(map(is_equal, value, wanted))
    # True == 1 in Python, but not in JSON.
    if isinstance(wanted, int | float) and isinstance(value, bool) != isinstance(wanted, bool):
        return False
    return bool(value == wanted)
