"""Check that a fake and other mocks undo their patches."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def nothing_left_behind(places: Sequence[Any]) -> Iterator[None]:
    """Check that the block adds, removes and replaces no attribute of these modules and classes."""
    before = [dict(vars(place)) for place in places]
    finders = list(sys.meta_path)
    yield
    assert sys.meta_path == finders
    missing = object()
    changed = [
        f"{place.__name__}.{name}"
        for place, then in zip(places, before, strict=True)
        for name in then.keys() | vars(place).keys()
        if then.get(name, missing) is not vars(place).get(name, missing)
    ]
    assert sorted(changed) == []
