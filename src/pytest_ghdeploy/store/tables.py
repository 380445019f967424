"""Tables of rows with rising ids. Indexes and cached texts go with the rows that they are for."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from pytest_ghdeploy.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ID_STEP = 7


class Row(Protocol):
    """A frozen row with an id."""

    @property
    def id(self) -> int: ...  # noqa: D102 - see the class


R = TypeVar("R", bound=Row)


class Rows(Sequence[R]):
    """A selection of rows, newest first. It is a live view: hold the store's lock."""

    def __init__(self, rows: dict[int, R], ids: list[int]) -> None:
        """Select *rows* by *ids*, which are sorted."""
        self._rows = rows
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, key: int) -> R: ...
    @overload
    def __getitem__(self, key: slice) -> list[R]: ...
    def __getitem__(self, key: int | slice) -> R | list[R]:
        if isinstance(key, slice):
            return [self[position] for position in range(*key.indices(len(self._ids)))]
        return self._rows[self._ids[-1 - key]]

    def __iter__(self) -> Iterator[R]:
        return iter([self._rows[row_id] for row_id in reversed(self._ids)])


class Table(Generic[R]):
    """All rows of one kind. Hold the store's lock."""

    def __init__(self, first_id: int, step: int = _ID_STEP, changes: Changes | None = None) -> None:
        """Start with the id *first_id*. Each further id is greater by *step*. *changes* undoes interrupted changes."""
        self.next_id = first_id
        self._changes = Changes() if changes is None else changes
        self._step = step
        self._rows: dict[int, R] = {}
        self._indexes: dict[tuple[str, ...], tuple[Callable[[R], Any], dict[Any, list[int]]]] = {}
        self.texts: dict[int, Any] = {}
        """What the renderer caches for a row, by the row's id, until the row is replaced or removed."""
        self.removed: list[int] | None = None
        """The ids of the rows that were removed since somebody set it to a list."""

    def add(self, row: R) -> R:
        """Add a *row*. Its id is ``next_id``, which is then used up, or a lower id that was never used."""
        self._prepare(row.id)
        if row.id >= self.next_id:
            self.next_id = row.id + self._step
        self._rows[row.id] = row
        for key_of, index in self._indexes.values():
            insort(index.setdefault(key_of(row), []), row.id)
        return row

    def reserve_id(self) -> int:
        """Use up an id for a row that may be added later."""
        self._changes.set(self, next_id=self.next_id + self._step)
        return self.next_id - self._step

    def replace(self, row: R) -> R:
        """Replace the row that has the same id."""
        old = self._rows[row.id]
        self._prepare(row.id)
        self._rows[row.id] = row
        self.texts.pop(row.id, None)
        for key_of, index in self._indexes.values():
            before, after = key_of(old), key_of(row)
            if before != after:
                _discard(index, before, row.id)
                insort(index.setdefault(after, []), row.id)
        return row

    def remove(self, row: R) -> None:
        """Remove a row. Its id is never used again."""
        self._prepare(row.id)
        old = self._rows.pop(row.id)
        self.texts.pop(row.id, None)
        if self.removed is not None:
            self._changes.append(self.removed, row.id)
        for key_of, index in self._indexes.values():
            _discard(index, key_of(old), row.id)

    def _prepare(self, row_id: int) -> None:
        self._changes.undo_with(partial(self._restore, row_id, self._rows.get(row_id), self.next_id))

    def _restore(self, row_id: int, row: R | None, next_id: int) -> None:
        self.next_id = next_id
        self._indexes.clear()
        self.texts.pop(row_id, None)
        if row is None:
            self._rows.pop(row_id, None)
        else:
            is_removed = row_id not in self._rows
            self._rows[row_id] = row
            if is_removed:  # now it is the last
                rows = sorted(self._rows.items())
                self._rows.clear()
                self._rows.update(rows)

    def get(self, row_id: int) -> R | None:
        """Return the row with an id, ``None`` if it does not exist."""
        return self._rows.get(row_id)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._rows.values()))

    def copy(self, changes: Changes | None = None) -> Table[R]:
        """Return an independent table with the same rows. *changes* undoes its interrupted changes."""
        table: Table[R] = Table(self.next_id, self._step, changes)
        table._rows = dict(self._rows)
        return table

    def since(self, first_id: int) -> list[R]:
        """List the rows with this id or a higher one, oldest first."""
        ids = list(takewhile(lambda row_id: row_id >= first_id, reversed(self._rows)))
        return [self._rows[row_id] for row_id in reversed(ids)]

    def where(self, **values: Any) -> Rows[R]:  # noqa: ANN401 - each has the type of its attribute
        """Select the rows whose attributes equal *values*, newest first."""
        fields = tuple(values)
        if fields not in self._indexes:
            key_of = attrgetter(*fields)
            index: dict[Any, list[int]] = {}
            for row in self._rows.values():
                insort(index.setdefault(key_of(row), []), row.id)
            self._indexes[fields] = key_of, index
        key = values[fields[0]] if len(fields) == 1 else tuple(values.values())
        return Rows(self._rows, self._indexes[fields][1].get(key, []))


class KeptTable(Generic[R]):
    """A table of a store, created on first use, since most tests need only a few."""

    def __init__(self, first_id: int, step: int = _ID_STEP) -> None:
        """Describe a table that starts with the id *first_id* and counts in steps of *step*."""
        self._first_id, self._step = first_id, step

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, store: Any, owner: type) -> Table[R]:  # noqa: ANN401 - a store
        table: Table[R] = Table(self._first_id, self._step, store.changes)
        vars(store)[self._name] = table
        return table


def _discard(index: dict[Any, list[int]], key: Any, row_id: int) -> None:  # noqa: ANN401 - values of attributes
    ids = index[key]
    del ids[bisect_left(ids, row_id)]
    if not ids:
        del index[key]
