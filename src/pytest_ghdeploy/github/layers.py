"""Mappings that share most of their entries with the mapping that they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView

V = TypeVar("V")

_FEW = 16
"""A mapping with at most as many entries of its own is never merged into a new large dictionary."""


class Layers(Mapping[str, V], Generic[V]):
    """
    A mapping that never changes. ``changed`` returns another one, which shares most entries with it.

    It consists of a large dictionary that many mappings share, and a small one of
    its own. Once the small one has more entries than the square root of the
    large one, both become a new large one.
    """

    __slots__ = ("_length", "_own", "_shared")

    def __init__(self, shared: dict[str, V] | None = None) -> None:
        """Start with the entries of *shared*, which must not change from now on."""
        self._shared: dict[str, V] = shared or {}
        self._own: dict[str, V | None] = {}
        self._length = len(self._shared)

    def changed(self, changes: Mapping[str, V | None]) -> Layers[V]:
        """Return a mapping with these *changes*. ``None`` removes an entry."""
        after: Layers[V] = Layers(self._shared)
        after._own = {**self._own, **changes}
        if len(after._own) > _FEW and len(after._own) ** 2 > len(after._shared):
            return Layers(after._merged())
        after._length = self._length + sum(
            (value is not None) - (self.find(key) is not None) for key, value in changes.items()
        )
        return after

    def keys_to_compare(self, other: Layers[V]) -> set[str]:
        """Return keys that include all those whose values differ in *other*."""
        if self._shared is other._shared:
            return {*self._own, *other._own}
        return {*self._merged(), *other._merged()}

    def _merged(self) -> dict[str, V]:
        if not self._own:
            return self._shared
        return {key: value for key, value in {**self._shared, **self._own}.items() if value is not None}

    def find(self, key: str) -> V | None:
        """Return the value of a key, ``None`` without one. ``get`` of a ``Mapping`` is slow if there is none."""
        return self._own[key] if key in self._own else self._shared.get(key)

    def __getitem__(self, key: str) -> V:
        value = self.find(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._merged())

    def __len__(self) -> int:
        return self._length

    # Faster than those of Mapping

    def keys(self) -> KeysView[str]:
        """Return a view of the keys."""
        return self._merged().keys()

    def values(self) -> ValuesView[V]:
        """Return a view of the values."""
        return self._merged().values()

    def items(self) -> ItemsView[str, V]:
        """Return a view of the entries."""
        return self._merged().items()
