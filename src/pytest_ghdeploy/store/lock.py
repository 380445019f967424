"""The lock of a fake, and what waits for it to be free: nothing is sent to a receiver while it is held."""

from __future__ import annotations

import os
from _thread import RLock
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable


class Owner(Protocol):
    """Whoever takes what was left."""

    def accept(self, thing: Any) -> Any: ...  # noqa: ANN401, D102 - said by FakeGitHub
    def deliver(self, left: list[Any]) -> None: ...  # noqa: D102


class Turns(RLock):  # type: ignore[misc] # final for a type checker, and not in Python
    """
    A lock that may be held several times by one thread; what was left meanwhile is handed on when it is free.

    Whoever takes it hears of each thing at once, while the lock is held, and so of
    all in their order. Each thread hands on what it has left itself, as soon as it
    holds the lock no more and before it goes on, so whatever comes of it is done
    when the call that caused it returns. While it is handed on, others may hold the
    lock.
    """

    # Of the class until they are needed: a lock is made for each test, and most leave nothing.
    owner: Callable[[], Owner | None] | None = None
    """Gives who takes what was left; weak, so that a fake is no part of a cycle."""
    _left: dict[int, list[Any]] | None = None

    def __init__(self) -> None:
        """Be free."""
        super().__init__()
        _all.add(self)

    def leave(self, thing: object) -> None:
        """Have *thing* handed on once this thread, which holds the lock, does so no more."""
        owner = self.owner() if self.owner else None
        if owner:
            if self._left is None:
                self._left = {}
            self._left.setdefault(get_ident(), []).append(owner.accept(thing))

    def __exit__(self, *exc: object) -> None:
        self.release()
        if self._left and not self._is_owned():  # type: ignore[attr-defined] # as threading.Condition asks
            mine = self._left.pop(get_ident(), None)
            owner = self.owner() if self.owner else None
            if mine and owner:
                owner.deliver(mine)


_all: WeakSet[Turns] = WeakSet()


def is_anywhere_held() -> bool:
    """Tell whether this thread holds such a lock, of whatever fake."""
    return any(lock._is_owned() for lock in _all)  # type: ignore[attr-defined] # noqa: SLF001 - as above


def _after_fork() -> None:
    # Whoever held a lock in another thread is not here to release it.
    for lock in list(_all):
        if not lock._is_owned():  # type: ignore[attr-defined] # noqa: SLF001 - as above
            lock._at_fork_reinit()  # type: ignore[attr-defined] # noqa: SLF001 - as threading does it
            lock._left = None  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
