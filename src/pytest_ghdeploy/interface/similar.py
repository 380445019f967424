"""The requests that are most similar to one that was expected, for messages."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pytest_ghdeploy.errors import nearby

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_ghdeploy.report.exchange import Exchange

_SHOWN = 5


def similar_lines(requests: Iterable[Exchange], wanted: str) -> Iterator[str]:
    """
    List the methods and paths of *requests* with their number, most similar first.

    Args:
        wanted: The expected method and path, separated by a space.
    """
    counts = Counter(f"{request.method} {request.path}" for request in requests)
    likely = nearby(wanted, list(counts))
    ranked = sorted(likely, key=lambda line: SequenceMatcher(None, wanted, line).ratio(), reverse=True)
    for line in ranked[:_SHOWN]:
        yield f"  {line} was sent {counts[line]} time{'s'[: counts[line] != 1]}"
    if len(counts) > _SHOWN:
        yield f"  and {len(counts) - _SHOWN} others"
