"""
The changes of the current call, which are undone if it is interrupted.

Ctrl-C and pytest-timeout can raise an exception between any two steps of the
main thread. A call that changes something therefore runs in::

    with store.outbox, store.lock, store.changes:
        ...

It makes its changes with the methods of ``Changes``. If an interruption leaves the
block, they are undone before the lock is released.

Always take a lock with ``with``, and never wrap it in a class. CPython enters and
leaves ``with lock:`` without a moment for a signal. An ``__enter__`` or ``__exit__``
written in Python may be interrupted before its first step.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from threading import Thread

K = TypeVar("K")
V = TypeVar("V")

_MISSING: Any = object()


class Changes:
    """
    Makes changes, and undoes those of an interrupted call. The caller holds the lock.

    A block inside another block makes the changes so far final. So begin one
    only when a change is complete, including its event.
    """

    def __init__(self) -> None:
        """Start without changes."""
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> None:
        self._undo = []

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # An ordinary error is not an interruption: the changes before it stay.
        if kind is not None and not issubclass(kind, Exception):
            self.undo()
        self._undo = []

    def undo(self) -> None:
        """Undo the changes of the current call."""
        while self._undo:
            self._undo.pop()()

    def undo_with(self, function: Callable[[], object]) -> None:
        """Call *function* after an interruption, which may come before the change that it undoes."""
        self._undo.append(function)

    def set(self, owner: object, **values: object) -> None:
        """Set attributes of *owner*. They have values already."""
        for name, value in values.items():
            self._undo.append(partial(setattr, owner, name, getattr(owner, name)))
            setattr(owner, name, value)

    def keep(self, owner: object) -> None:
        """Prepare for new values of any attributes of *owner*."""
        self._undo.append(partial(vars(owner).update, vars(owner).copy()))

    def put(self, mapping: MutableMapping[K, V], key: K, value: V) -> None:
        """Add or replace an item of *mapping*."""
        self._undo.append(partial(_restore, mapping, key, mapping.get(key, _MISSING)))
        mapping[key] = value

    def drop(self, mapping: MutableMapping[K, Any], key: K) -> None:
        """Remove an item of *mapping*, if it exists. After an interruption it is the last item."""
        if key in mapping:
            self._undo.append(partial(_restore, mapping, key, mapping[key]))
            del mapping[key]

    def append(self, items: list[V], item: V) -> None:
        """Append *item* to *items*."""
        self._undo.append(partial(_shorten, items, len(items)))
        items.append(item)

    def clear(self, items: list[Any]) -> None:
        """Remove all *items*."""
        self._undo.append(partial(items.__setitem__, slice(None), items.copy()))
        items.clear()


def start(thread: Thread) -> None:
    """Start a thread. ``Thread.start`` may replace an interruption by an error of its own lock."""
    try:
        thread.start()
    except RuntimeError as problem:
        interruption = problem.__context__
        if interruption is None or isinstance(interruption, Exception):
            raise
        raise interruption from None


def _restore(mapping: MutableMapping[K, V], key: K, value: V) -> None:
    if value is _MISSING:
        mapping.pop(key, None)
    else:
        mapping[key] = value


def _shorten(items: list[Any], length: int) -> None:
    del items[length:]
