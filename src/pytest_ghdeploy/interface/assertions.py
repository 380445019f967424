"""Assertions about events and deliveries. Their messages list the closest matches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from pytest_ghdeploy import errors
from pytest_ghdeploy.interface.event_fields import differing_fields, is_equal, matching, value_of
from pytest_ghdeploy.interface.event_index import EventIndex

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
    named = [event for event in events if event.name == name]
    differing: dict[Event, int] = {}
    for event in reversed(named):
        differing[event] = len(differing_fields(event, fields))
        if not differing[event]:
            return event
    message = f"no event {_described(name, fields)}{more}"
    if named:
        ranked = sorted(named, key=differing.__getitem__)
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


def find_delivery(deliveries: Sequence[D], event: str, fields: Mapping[str, object]) -> D:
    """
    Find the first delivery of an *event* with these *fields*. *deliveries* are sorted, newest first.

    Raises:
        AssertionError: No delivery matches. The message lists the closest ones.
    """
    __tracebackhide__ = True

    def differing(delivery: D) -> list[str]:
        return [field for field, wanted in fields.items() if not is_equal(getattr(delivery, field), wanted)]

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
H = TypeVar("H", bound=Hashable)

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
    aligned = aligned_with(events, _fits(events, pairs), len(pairs))
    if aligned.count(None) == len(events) - len(pairs) and (not exactly or len(events) == len(pairs)):
        return [event for event, place in zip(events, aligned, strict=True) if place is not None]
    lines: list[tuple[str, Callable[[], str]]] = []
    following = 0
    for event, place in zip([*events, None], [*aligned, len(pairs)], strict=True):
        if place is not None:
            lines += [("-", partial(_described, *pair)) for pair in pairs[following:place]]
            following = place + 1
        if event is not None:
            fields = pairs[place][1] if place is not None else {}
            lines.append(("+" if place is None and exactly else " ", partial(_line, event, fields)))
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


def _fits(events: Sequence[Event], pairs: Sequence[tuple[str, Mapping[str, object]]]) -> dict[Event, int]:
    """Say which of the wanted events each event matches, as a number with a bit for each, the last one lowest."""
    index = EventIndex(events)
    bits: dict[object, tuple[str, Mapping[str, object], int]] = {}
    for place, (name, fields) in enumerate(reversed(pairs)):
        # Events that are wanted more than once are looked up once. True == 1 in Python, but not in JSON.
        plain = all(isinstance(wanted, (str, int)) for wanted in fields.values())
        key = (name, *((field, type(fields[field]), fields[field]) for field in sorted(fields))) if plain else place
        bits[key] = name, fields, bits.get(key, (name, fields, 0))[2] | 1 << place
    fits: dict[Event, int] = {}
    for name, fields, places in bits.values():
        for event in index.matching(name, fields):
            fits[event] = fits.get(event, 0) | places
    return fits


def aligned_with(events: Sequence[H], fits: Mapping[H, int], count: int) -> list[int | None]:
    """
    Match events with *count* wanted events in order, as many as possible. An unmatched event gets ``None``.

    The lengths of the longest common subsequences of all ends of both lists are
    computed, with one number for each end of *events*. A bit that is not set means
    that one more is common with that wanted event than without it.

    Args:
        fits: The wanted events that each event matches, with a bit for each, the last one lowest.

    Source:
        Hyyrö, Bit-Parallel LCS-length Computation Revisited (2004)
    """
    every = (1 << count) - 1
    without = every
    ends = [without]
    for event in reversed(events):
        if fitting := without & fits.get(event, 0):
            without = (without + fitting | without - fitting) & every
        ends.append(without)
    aligned: list[int | None] = []
    column = 0
    for event, end in zip(events, reversed(ends), strict=False):
        while column < count and end >> (count - 1 - column) & 1:
            column += 1  # it is missing, or matching it would lose other matches
        matches = column < count and bool(fits.get(event, 0) >> (count - 1 - column) & 1)
        aligned.append(column if matches else None)
        column += matches
    return aligned


def _shortened(lines: list[tuple[str, Callable[[], str]]]) -> list[str]:
    """
    Shorten a long comparison to the differences, with two lines of context on each side.

    Only the lines that are left are written, since writing one reads the payload of its event.
    """
    near = {place + step for place, (mark, _) in enumerate(lines) if mark != " " for step in range(-2, 3)}
    kept: list[str] = []
    left_out = 0
    for place, (mark, write) in enumerate(lines):
        if len(lines) > _LINES and (place not in near or len(kept) >= _LINES):
            left_out += 1
            continue
        if left_out:
            kept.append(f"    … {left_out} more …")
            left_out = 0
        kept.append(f"  {mark} {write()}")
    return [*kept, f"    … {left_out} more …"] if left_out else kept


_LINES = 40


def _described(name: str, fields: Mapping[str, object]) -> str:
    values = ", ".join(f"{field} {wanted!r}" for field, wanted in fields.items())
    return f"{name} with {values}" if values else name


def _line(event: Event, fields: Mapping[str, object]) -> str:
    shown = dict.fromkeys([*fields, *_ALWAYS_SHOWN.get(event.name, ())])
    differing = differing_fields(event, fields)
    values = []
    for field in shown:
        value = value_of(event, field)
        values.append(f"{field} {value!r}{'  <--' * (field in differing)}")
    return f"{event.name} {event.delivery_id[:8]}: {', '.join(values)}"


_ALWAYS_SHOWN = {
    "deployment": ("environment", "ref"),
    "deployment_status": ("state", "environment"),
    "status": ("state", "context"),
    "check_run": ("name", "status", "conclusion"),
    "push": ("ref",),
}
