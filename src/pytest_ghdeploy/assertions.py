"""Questions about events that fail with what was recorded and came near."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors, schema
from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy.model import User

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.events import Event

_SHOWN = 5


def find_event(events: Sequence[Event], name: str, fields: Mapping[str, object]) -> Event:
    """
    Find the newest event with this *name* and these *fields*.

    Raises:
        AssertionError: There is none. The message shows those that come nearest.
        FakeError: No event has this name, or no such field.
    """
    __tracebackhide__ = True
    matching = _matching(events, name, fields)
    if matching:
        return matching[-1]
    named = [event for event in events if event.name == name]
    message = f"no event {_described(name, fields)}"
    if named:
        ranked = sorted(named, key=lambda event: len(_differing(event, fields)))
        message += "\n  recorded, nearest first:" + "".join(
            f"\n    {_line(event, fields)}" for event in ranked[:_SHOWN]
        )
        if len(ranked) > _SHOWN:
            message += f"\n    and {len(ranked) - _SHOWN} more"
    elif events:
        counts: dict[str, int] = {}
        for event in events:
            counts[event.name] = counts.get(event.name, 0) + 1
        message += "\n  recorded: " + ", ".join(f"{count} {other}" for other, count in counts.items())
    else:
        message += "\n  no event was recorded at all"
    raise AssertionError(message)


def refuse_event(events: Sequence[Event], name: str, fields: Mapping[str, object]) -> None:
    """
    See to it that no event has this *name* and these *fields*.

    Raises:
        AssertionError: There is one. The message shows it.
        FakeError: No event has this name, or no such field.
    """
    __tracebackhide__ = True
    matching = _matching(events, name, fields)
    if matching:
        shown = "".join(f"\n    {_line(event, fields)}" for event in matching[:_SHOWN])
        msg = f"{len(matching)} event(s) {_described(name, fields)}, none was expected:{shown}"
        raise AssertionError(msg)


def _matching(events: Sequence[Event], name: str, fields: Mapping[str, object]) -> list[Event]:
    names = schema.event_names()
    if name not in names:
        raise errors.unknown("event", name, names)
    known = {*schema.event_fields(name), "action", "repository"} | ({"creator"} if name == "status" else set())
    for field in fields:
        if field not in known:
            raise errors.unknown("field", field, sorted(known), more=f" of the event {name}")
    return [event for event in events if event.name == name and not _differing(event, fields)]


def _differing(event: Event, fields: Mapping[str, object]) -> list[str]:
    return [field for field, wanted in fields.items() if not _is(_value(event, field, wanted), wanted)]


def _value(event: Event, field: str, wanted: object = "") -> Any:  # noqa: ANN401 - any JSON
    if field in ("action", "repository"):
        return getattr(event, field)
    own = event.payload.get(event.name, event.payload)
    # The payload of a commit status names who made it only as the sender of the event.
    value = own.get("sender" if field == "creator" and event.name == "status" else field)
    # A user may be given by login. A payload is the one object that may look like a user and is none.
    if isinstance(value, dict) and isinstance(wanted, str) and "login" in value and field != "payload":
        return value["login"]
    return value


def _is(value: object, wanted: object) -> bool:
    # What a handle gives for a time or a user is good enough to ask with.
    if isinstance(wanted, datetime):
        wanted = wanted.isoformat() if isinstance(value, str) and "+" in value else as_json.time(wanted)
    if isinstance(wanted, User):
        return isinstance(value, dict) and value.get("login") == wanted.login
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(_is(value[name], wanted[name]) for name in value)
    if isinstance(value, list) and isinstance(wanted, list | tuple):
        return len(value) == len(wanted) and all(map(_is, value, wanted))
    # True == 1 in Python, but not in JSON.
    if isinstance(wanted, int | float) and isinstance(value, bool) != isinstance(wanted, bool):
        return False
    return bool(value == wanted)


def _described(name: str, fields: Mapping[str, object]) -> str:
    told = ", ".join(f"{field} {wanted!r}" for field, wanted in fields.items())
    return f"{name} with {told}" if told else name


def _line(event: Event, fields: Mapping[str, object]) -> str:
    shown = dict.fromkeys([*fields, *_ALWAYS_SHOWN.get(event.name, ())])
    differing = _differing(event, fields)
    values = []
    for field in shown:
        value = _value(event, field)
        values.append(f"{field} {value!r}{'  <--' * (field in differing)}")
    return f"{event.name} {event.delivery_id[:8]}: {', '.join(values)}"


_ALWAYS_SHOWN = {
    "deployment": ("environment", "ref"),
    "deployment_status": ("state", "environment"),
    "status": ("state", "context"),
    "check_run": ("name", "status", "conclusion"),
    "push": ("ref",),
}
