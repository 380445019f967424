"""Leaving out parts of a long conversation: repetitions, what the test itself has set up, and the middle."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_ghdeploy.report.entries import WAITS, Said, Sent
from pytest_ghdeploy.report.exchange import Recorded
from pytest_ghdeploy.report.lines import REFUSED, gist
from pytest_ghdeploy.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_ghdeploy.report.exchange import Exchange

# The numbers of entries that are shown from the beginning and the end of a long conversation.
_FIRST, _LAST = 10, 90
# The number of failures that are shown from the middle.
_FAILURES = 50
# The greatest number of entries in a repeated sequence.
_LONGEST = 4
# The number of events that are shown at the beginning and the end of those that the test has caused in a row.
_OWN = 2


class Numbered:
    """
    An entry with the number of requests up to it.

    Attributes:
        count: The number of entries that it stands for, including itself.

        note: A remark below the entry about the others that it stands for; ``""`` if there are none.
    """

    __slots__ = ("count", "entry", "note", "number")

    def __init__(self, entry: Recorded | Event | Said | Sent | str, number: int) -> None:
        """Give *entry* its number. It stands for itself only."""
        self.entry = entry
        self.number = number
        self.count = 1
        self.note = ""

    @property
    def is_failure(self) -> bool:
        """Whether the entry is a failure, which is shown even in the middle of a long conversation."""
        entry = self.entry
        if isinstance(entry, Recorded):
            return not 0 < entry.exchange.status < REFUSED or bool(entry.exchange.failure)
        if isinstance(entry, Said):
            return entry.refused
        if isinstance(entry, Sent):
            return entry.is_failed
        return isinstance(entry, str) and not entry.startswith(WAITS)


# Repetitions


def without_repetitions(items: Sequence[Numbered]) -> list[Numbered]:
    """Leave out the repetitions of a sequence of up to 4 requests, waits and problems, and count them in a note."""
    kept: list[Numbered] = []
    start = 0
    while start < len(items):
        length, times = _repetition(items, start)
        sequence = items[start : start + length]
        if times:
            requests = sum(isinstance(item.entry, Recorded) for item in sequence)
            sequence[-1].count += length * times
            sequence[-1].note = _repeated(times, requests)
        kept += sequence
        start += length * (1 + times)
    return kept


def _repetition(items: Sequence[Numbered], start: int) -> tuple[int, int]:
    """Find the length of the sequence at *start* whose repetitions are the longest, and their number."""
    best = 1, 0
    for length in range(1, _LONGEST + 1):
        place = start + length
        while place < len(items) and _are_equal(items[place - length], items[place]):
            place += 1
        times = (place - start) // length - 1
        if length * times > best[0] * best[1]:
            best = length, times
    return best


def _repeated(times: int, requests: int) -> str:
    text = f"{times} more time{'s'[: times != 1]}"
    if requests > 1:
        return f"… the last {requests} requests {text}, with the same responses"
    return f"… {text}, with the same response" if requests else f"… {text}"


def _are_equal(before: Numbered, after: Numbered) -> bool:
    """Return whether a request of the same client got the same response, or a line is the same."""
    if isinstance(before.entry, Recorded) and isinstance(after.entry, Recorded):
        first, second = before.entry.exchange, after.entry.exchange
        return _summary(first) == _summary(second) and (
            first.response_body == second.response_body or gist(first) == gist(second)
        )
    return isinstance(before.entry, str) and before.entry == after.entry


def _summary(entry: Exchange) -> tuple[object, ...]:
    headers = entry.request_headers
    client = entry.login, headers.get("user-agent"), bool(headers.get("authorization"))
    return entry.method, entry.url, entry.request_body, entry.status, entry.hint, entry.failure, client


# Set-up


def without_set_up(items: Sequence[Numbered]) -> list[Numbered]:
    """
    Leave out the middle of many events in a row that the test itself has caused, and count them in a note.

    The events that a request or a scripted third party has caused are shown.
    """
    kept: list[Numbered] = []
    own: list[Numbered] = []
    caused = 0
    is_reported = False
    for item in items:
        entry = item.entry
        if isinstance(entry, Event) and not caused and not is_reported:
            own.append(item)
            continue
        kept += _few(own)
        own = []
        kept.append(item)
        caused = entry.caused if isinstance(entry, Recorded) else max(0, caused - 1)
        is_reported = is_reported if isinstance(entry, Event) else isinstance(entry, Said) and bool(entry.sender)
    return kept + _few(own)


def _few(events: list[Numbered]) -> list[Numbered]:
    left_out = events[_OWN:-_OWN]
    if len(left_out) <= _OWN:
        return events
    names = Counter(item.entry.name for item in left_out if isinstance(item.entry, Event))
    kinds = ", ".join(f"{count} {name}" for name, count in names.items())
    last = events[_OWN - 1]
    last.count += len(left_out)
    last.note = f"… {len(left_out)} more events that the test itself has caused: {kinds}"
    return [*events[:_OWN], *events[-_OWN:]]


# The middle


def without_middle(items: Sequence[Numbered]) -> Iterator[Numbered | str]:
    """Leave out the middle of a long conversation, except for the latest failures."""
    last = max(_FIRST, len(items) - _LAST)
    failures = [index for index in range(_FIRST, last) if items[index].is_failure][-_FAILURES:]
    yield from _with_gaps(items, [*range(min(_FIRST, len(items))), *failures, *range(last, len(items))])


def within(items: Sequence[Numbered], most: int, length: Callable[[Numbered], int]) -> Iterator[Numbered | str]:
    """
    Leave out the middle, so that the rest has at most *most* lines. 0 means no limit.

    A tenth is for the beginning, six tenths are for the end, and the rest is for the latest failures in the middle. If
    there are fewer, the end is longer. *length* counts the lines of an item, and is only called for what may be shown.
    """
    if not most or _is_within(items, most, length):
        yield from items
        return
    left = most - 1  # for the first gap
    first = _fitting(items, range(len(items)), most // 10, length)
    last = _fitting(items, range(len(items) - 1, first - 1, -1), most * 6 // 10, length)
    beginning, end = range(first), len(items) - last
    left -= sum(length(items[place]) for place in (*beginning, *range(end, len(items))))
    failures: set[int] = set()
    following = end
    for place in range(end - 1, first - 1, -1):
        if items[place].is_failure:
            cost = length(items[place]) + (place + 1 < following)  # with a gap
            if cost > left:
                break
            left -= cost
            failures.add(place)
            following = place
    while end > first and (end - 1 in failures or length(items[end - 1]) <= left):
        end -= 1
        if end not in failures:
            left -= length(items[end])
    middle = sorted(place for place in failures if place < end)
    yield from _with_gaps(items, [*beginning, *middle, *range(end, len(items))], " (ghdeploy_report_lines shows more)")


def _is_within(items: Sequence[Numbered], most: int, length: Callable[[Numbered], int]) -> bool:
    for item in items:
        most -= length(item)
        if most < 0:
            return False
    return True


def _fitting(items: Sequence[Numbered], places: Iterable[int], most: int, length: Callable[[Numbered], int]) -> int:
    """Count the items from the start of *places* on that have at most *most* lines together."""
    count = 0
    for place in places:
        most -= length(items[place])
        if most < 0:
            break
        count += 1
    return count


def _with_gaps(items: Sequence[Numbered], places: Sequence[int], more: str = "") -> Iterator[Numbered | str]:
    """Count what is left out in the gaps between *places*. *more* is a remark in the first gap."""
    following = 0
    for place in (*places, len(items)):
        if place > following:
            yield f"… {sum(item.count for item in items[following:place])} more requests and events{more} …"
            more = ""
        if place < len(items):
            yield items[place]
        following = place + 1
