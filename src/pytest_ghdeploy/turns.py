"""The lock of a fake, and what waits for it to be free: nothing is sent to a receiver while it is held."""

from __future__ import annotations

from _thread import RLock
from threading import get_ident
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Turns(RLock, Generic[T]):  # type: ignore[misc] # final for a type checker, and not in Python
    """
    A lock that may be held several times by one thread; what was left meanwhile is handed on when it is free.

    Each thread hands on what it has left itself, as soon as it holds the lock no
    more and before it goes on, so whatever comes of it is done when the call that
    caused it returns. While it is handed on, others may hold the lock.
    """

    def __init__(self, hand_on: Callable[[list[T]], None]) -> None:
        """Give what was left to *hand_on*."""
        self._hand_on = hand_on
        self._left: dict[int, list[T]] = {}

    def leave(self, thing: T) -> None:
        """Have *thing* handed on once this thread, which holds the lock, does so no more."""
        self._left.setdefault(get_ident(), []).append(thing)

    def __exit__(self, *exc: object) -> None:
        self.release()
        if self._left and not self._is_owned():  # type: ignore[attr-defined] # as threading.Condition asks
            mine = self._left.pop(get_ident(), None)
            if mine:
                self._hand_on(mine)
