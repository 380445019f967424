"""The sizes of records in bytes, and how many of them fit into a limit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github.git import Commit
from pytest_ghdeploy.report.entries import Sent
from pytest_ghdeploy.report.exchange import Recorded
from pytest_ghdeploy.store.events import Event, source_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def record_in(entry: object) -> object:
    """Return the record that an entry of the transcript is about."""
    return entry.row if isinstance(entry, Sent) else entry


def size_of(record: object) -> int:
    """Return the size of a request with its response, an event, a delivery or a message: its texts and bodies."""
    if isinstance(record, Recorded):
        exchange = record.exchange
        bodies = {id(body): len(body) for body in record.bodies}
        headers = sum(map(len, exchange.request_headers.values()))
        return len(exchange.url) + headers + sum(bodies.values()) + len(exchange.hint)
    if isinstance(record, Event):
        # Its payload is made when it is read, from rows of the time of the event.
        return _total(source_of(record))
    return _total(record)


def _total(value: Any) -> int:  # noqa: ANN401 - any part of a record
    size = 0
    rest = [value]  # without recursion, because the payload of a deployment may be nested deeply
    while rest:
        part = rest.pop()
        if isinstance(part, (str, bytes)):
            size += len(part)
        elif isinstance(part, Commit):  # its files belong to the repository
            size += len(part.message)
        elif isinstance(part, Mapping):
            rest += part
            rest += part.values()
        elif isinstance(part, (tuple, list)):
            rest += part
        elif isinstance(part, partial):
            rest += (part.args, part.keywords)
    return size


def too_many(entries: Sequence[object], most: int) -> int:
    """
    Count the oldest entries of a transcript without which the others have at most *most* bytes.

    The latest request and everything after it are never counted.
    """
    has_request, size = False, 0
    for place in range(len(entries) - 1, -1, -1):
        record = record_in(entries[place])
        size += size_of(record)
        if has_request and size > most:
            return place + 1
        has_request = has_request or isinstance(record, Recorded)
    return 0


def forget_before(records: list[Any], kept: Collection[int]) -> int:
    """Remove the *records* before the first one whose identity is in *kept*, and return their number."""
    removed = next((place for place, record in enumerate(records) if id(record) in kept), len(records))
    del records[:removed]
    return removed
