"""Assertions about events and deliveries. Their messages list the closest matches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pytest_ghdeploy import errors
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.serializers import accounts as as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.store.events import Event

_SHOWN = 5


def find_event(
    events: Sequence[Event], name: str, fields: Mapping[str, object], *, more: str = "", other: str = ""
) -> Event:
    """
    Find the newest event with this *name* and these *fields*.

    Args:
        more: An addition to the first line of the message.

        other: ``"other "`` if there are events besides *events*.

    Raises:
        AssertionError: No event matches. The message lists the closest ones.
    """
    __tracebackhide__ = True
    matches = matching(events, name, fields)
    if matches:
        return matches[-1]
    named = [event for event in events if event.name == name]
    message = f"no event {_described(name, fields)}{more}"
    if named:
        ranked = sorted(named, key=lambda event: len(_differing(event, fields)))
        message += "\n  recorded, closest first:" + "".join(
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
        message += f"\n  no {other}events were recorded"
    raise AssertionError(message)


def refuse_event(events: Sequence[Event], name: str, fields: Mapping[str, object]) -> None:
    """
    Fail if an event has this *name* and these *fields*.

    Raises:
        AssertionError: An event matches. The message lists up to 5 of them.
    """
    __tracebackhide__ = True
    matches = matching(events, name, fields)
    if matches:
        shown = "".join(f"\n    {_line(event, fields)}" for event in matches[:_SHOWN])
        msg = f"expected no event {_described(name, fields)}, but found {len(matches)}:{shown}"
        raise AssertionError(msg)


def matching(events: Sequence[Event], name: str, fields: Mapping[str, object]) -> list[Event]:
    """List the events with this *name* and these *fields*, which ``event_values.check_event`` has checked."""
    return [event for event in events if event.name == name and not _differing(event, fields)]


def find_delivery(deliveries: Sequence[D], event: str, fields: Mapping[str, object]) -> D:
    """
    Find the first delivery of an *event* with these *fields*. *deliveries* are sorted, newest first.

    Raises:
        AssertionError: No delivery matches. The message lists the closest ones.
    """
    __tracebackhide__ = True

    def differing(delivery: D) -> list[str]:
        return [field for field, wanted in fields.items() if not _is(getattr(delivery, field), wanted)]

    named = [delivery for delivery in deliveries if delivery.event == event]
    matches = [delivery for delivery in named if not differing(delivery)]
    if matches:
        return matches[0]
    message = f"no delivery of {_described(event, fields)}"
    if not deliveries:
        message += "\n  nothing was delivered: subscribe a receiver with webhooks.subscribe"
    elif not named:
        counts = Counter(delivery.event for delivery in deliveries)
        message += "\n  delivered: " + ", ".join(f"{count} {other}" for other, count in counts.items())
    else:
        ranked = sorted(named, key=lambda delivery: len(differing(delivery)))
        message += "\n  delivered, closest first:"
        for delivery in ranked[:_SHOWN]:
            different = differing(delivery)
            shown = dict.fromkeys([*fields, "state", "status_code", *(["reason"] if delivery.reason else [])])
            values = (f"{field} {getattr(delivery, field)!r}{'  <--' * (field in different)}" for field in shown)
            message += f"\n    {event} {delivery.delivery_id[:8]} to hook {delivery.hook_id}: {', '.join(values)}"
        if len(ranked) > _SHOWN:
            message += f"\n    and {len(ranked) - _SHOWN} more"
    raise AssertionError(message)


class Delivered(Protocol):
    """The members of a delivery that assertions read."""

    @property
    def event(self) -> str: ...  # noqa: D102 - as of Delivery
    @property
    def delivery_id(self) -> str: ...  # noqa: D102
    @property
    def hook_id(self) -> int: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


D = TypeVar("D", bound=Delivered)

Wanted = str | tuple[str, Mapping[str, object]]
"""An event by its name, or by its name and its fields."""


def pairs_of(wanted: Sequence[Wanted]) -> list[tuple[str, Mapping[str, object]]]:
    """
    Return the *wanted* events as pairs of a name and fields.

    Raises:
        FakeError: *wanted* is not a list of events.
    """
    if not isinstance(wanted, (list, tuple)):
        msg = f"wanted must be a list of events, got {wanted!r}"
        raise errors.FakeError(msg, argument="wanted")
    return [_pair(event) for event in wanted]


def check_order(
    events: Sequence[Event], pairs: Sequence[tuple[str, Mapping[str, object]]], *, exactly: bool
) -> list[Event]:
    """
    Check that the wanted events, given as *pairs* of a name and fields, were recorded in this order.

    Args:
        exactly: Whether other events are forbidden.

    Returns:
        The matching events, in the order of *pairs*.

    Raises:
        AssertionError: The recorded events differ. The message compares them with the wanted ones, line by line.
    """
    __tracebackhide__ = True
    fits = [{id(event) for event in matching(events, name, fields)} for name, fields in pairs]
    aligned = _aligned(events, fits)
    if aligned.count(None) == len(events) - len(pairs) and (not exactly or len(events) == len(pairs)):
        return [event for event, place in zip(events, aligned, strict=True) if place is not None]
    lines: list[str] = []
    following = 0
    for event, place in zip([*events, None], [*aligned, len(pairs)], strict=True):
        if place is not None:
            lines += [f"  - {_described(*pair)}" for pair in pairs[following:place]]
            following = place + 1
        if event is not None:
            fields = pairs[place][1] if place is not None else {}
            lines.append(f"  {'+' if place is None and exactly else ' '} {_line(event, fields)}")
    how = "exactly these events in this order" if exactly else "these events in this order"
    msg = f"expected {how} (- missing{', + unexpected' if exactly else ''}):\n"
    raise AssertionError(msg + "\n".join(_shortened(lines)))


def _pair(wanted: object) -> tuple[str, Mapping[str, object]]:
    if isinstance(wanted, str):
        return wanted, {}
    match wanted:
        case (str(name), Mapping() as fields):
            return name, fields
    msg = f'an event must be a name, or a pair such as ("deployment_status", {{"state": "success"}}); got {wanted!r}'
    raise errors.FakeError(msg, argument="wanted")


def _aligned(events: Sequence[Event], fits: Sequence[set[int]]) -> list[int | None]:
    """Match events with wanted events in order, as many as possible. An unmatched event gets ``None``."""
    longest = [[0] * (len(fits) + 1) for _ in range(len(events) + 1)]
    for row in reversed(range(len(events))):
        for column in reversed(range(len(fits))):
            if id(events[row]) in fits[column]:
                longest[row][column] = longest[row + 1][column + 1] + 1
            else:
                longest[row][column] = max(longest[row + 1][column], longest[row][column + 1])
    aligned: list[int | None] = []
    column = 0
    for row, event in enumerate(events):
        while column < len(fits) and longest[row][column + 1] == longest[row][column]:
            column += 1  # it is missing, or matching it would lose other matches
        matches = column < len(fits) and id(event) in fits[column]
        aligned.append(column if matches else None)
        column += matches
    return aligned


def _shortened(lines: list[str]) -> list[str]:
    """Shorten a long comparison to the differences, with two lines of context on each side."""
    if len(lines) <= _LINES:
        return lines
    near = {place + step for place, line in enumerate(lines) if line[2] != " " for step in range(-2, 3)}
    kept: list[str] = []
    left_out = 0
    for place, line in enumerate([*lines, ""]):
        if place < len(lines) and (place not in near or len(kept) >= _LINES):
            left_out += 1
            continue
        if left_out:
            kept.append(f"    … {left_out} more …")
            left_out = 0
        kept.append(line)
    return kept[:-1]


_LINES = 40


def _differing(event: Event, fields: Mapping[str, object]) -> list[str]:
    return [field for field, wanted in fields.items() if not _is(_value(event, field, wanted), wanted)]


def _value(event: Event, field: str, wanted: object = "") -> Any:  # noqa: ANN401 - any JSON
    if field in ("action", "repository"):
        return getattr(event, field)
    own = event.payload.get(event.name, event.payload)
    # The payload of a commit status contains its creator only as the sender of the event.
    value = own.get("sender" if field == "creator" and event.name == "status" else field)
    # A user may be given by login. Only a deployment's payload can look like a user without being one.
    if isinstance(value, dict) and isinstance(wanted, str) and "login" in value and field != "payload":
        return value["login"]
    return value


def _is(value: object, wanted: object) -> bool:
    # Times and users may be given as the handles return them: as datetime and User objects.
    if isinstance(wanted, datetime):
        wanted = wanted.astimezone(UTC) if wanted.tzinfo else wanted
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
    values = ", ".join(f"{field} {wanted!r}" for field, wanted in fields.items())
    return f"{name} with {values}" if values else name


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
