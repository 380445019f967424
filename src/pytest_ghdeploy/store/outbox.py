"""
The outbox of a fake: what a call leaves to be delivered, or called, when it is over.

Operations put things in while the lock is held. Nothing is sent under the lock,
so a public call that may change something is made in these two::

    with store.outbox, store.lock:
        ...

The lock is released first; leaving the outbox then empties it, in the order of
events. Calls that only read take the lock alone.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar, copy_context
from itertools import count
from threading import Condition, RLock, get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.github.model import HookDelivery
    from pytest_ghdeploy.store.store import Store

PATIENCE_SECONDS = 1.0
"""How long a thread waits for a receiver that is at work in another thread."""

_NOBODY = 0


class Item:
    """
    A delivery that is due.

    Attributes:
        thread: The thread that makes it: the one whose call caused it.

        number: Counts the deliveries that one event and the calls of its receivers have led to so far.
    """

    __slots__ = ("_numbers", "number", "row", "store", "thread")

    def __init__(self, store: Store, row: HookDelivery, cause: Item | None) -> None:
        """Have *row* delivered; the receiver of *cause* has caused it, or no receiver."""
        self.store = store
        self.row = row
        self.thread = get_ident()
        self._numbers = count(1)
        self.number = next(self._numbers)
        if cause:
            self.follow(cause)

    def follow(self, cause: Item) -> None:
        """Be a consequence of *cause*, made by the same thread."""
        self.thread = cause.thread
        self._numbers = cause._numbers
        self.number = next(self._numbers)


# The deliveries, of whatever fakes, whose receivers have led to what runs now. Code that runs in a copy of the
# receiver's context, such as a task, inherits them.
_causes: ContextVar[tuple[Item, ...]] = ContextVar("ghdeploy_causes", default=())


class Outbox:
    """
    The deliveries of one fake in the order of their events, made one at a time, each by the thread that caused it.

    A call returns when its deliveries are made, with two exceptions:

    - The call of a receiver returns at once. Its deliveries come after those that are due already.
    - A receiver in one thread may be waiting for a call in another one. Such a call waits for a receiver for
      ``PATIENCE_SECONDS`` and then leaves its deliveries to the receiver's thread. From then on, calls made
      during a delivery to that hook do not wait.
    """

    def __init__(self, send: Callable[[Item], object]) -> None:
        """Make deliveries with *send*, which is called without the lock."""
        self.lock = RLock()
        self.held: list[tuple[Store, HookDelivery]] | None = None
        """The deliveries that a test holds back, oldest first; ``None`` while it holds nothing back."""
        self._send = send
        self._queue: deque[Item] = deque()
        self._calls: list[tuple[int, Callable[[], object]]] = []
        self._changed = Condition(self.lock)
        self._current: Item | None = None
        self._calling_back: set[int] = set()
        """The hooks for whose receivers a thread has waited in vain."""

    def __len__(self) -> int:
        return len(self._queue)

    def append(self, store: Store, row: HookDelivery) -> None:
        """Have *row* delivered after all that is due already, or hold it back. The lock is held."""
        if self.held is None:
            self._queue.append(Item(store, row, self._cause()))
        else:
            self.held.append((store, row))

    def call(self, function: Callable[[], object]) -> None:
        """Have *function* called when the current call of this thread is over. The lock is held."""
        self._calls.append((get_ident(), function))

    def reset(self) -> None:
        """Hold nothing back any more, and forget what is known about hooks, whose ids begin anew. The lock is held."""
        self.held = None
        self._calling_back.clear()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        # While this thread holds the lock, this is part of a longer call, which empties the outbox at its end.
        # threading.Condition asks a lock in the same way.
        if (self._queue or self._calls) and not self.lock._is_owned():  # type: ignore[attr-defined] # noqa: SLF001
            self._empty(get_ident())

    def _empty(self, thread: int) -> None:
        with self.lock:
            is_called = self._cause() is not None
            mine = [function for owner, function in self._calls if owner == thread]
            self._calls = [call for call in self._calls if call[0] != thread]
        if not is_called:
            self._deliver(thread)
        for function in mine:
            function()

    def _deliver(self, thread: int) -> None:
        try:
            while item := self._take(thread):
                # What a receiver sets in its context stays there.
                context = copy_context()
                context.run(_causes.set, (*_causes.get(), item))
                context.run(self._send, item)
        finally:
            with self.lock:
                self._end(thread)
                # After an interruption, the next call of any thread delivers the rest.
                for item in self._queue:
                    if item.thread == thread:
                        item.thread = _NOBODY

    def _take(self, thread: int) -> Item | None:
        """Wait for the turn of *thread*; ``None`` once all its deliveries are made, or left to another thread."""
        with self.lock:
            self._end(thread)
            while self._queue:
                first = self._queue[0]
                if self._current is None and first.thread in (thread, _NOBODY):
                    first.thread = thread
                    self._current = first
                    self._queue.popleft()
                    return first
                mine = [item for item in self._queue if item.thread in (thread, _NOBODY)]
                if not mine:
                    return None
                if self._changed.wait(PATIENCE_SECONDS):
                    continue
                if self._current is None:
                    first.thread = thread  # nobody else comes for it
                else:
                    self._calling_back.add(self._current.row.hook_id)
                    for item in mine:
                        item.follow(self._current)
            return None

    def _end(self, thread: int) -> None:
        """Note that *thread* is done with its delivery."""
        if self._current and self._current.thread == thread:
            self._current = None
        self._changed.notify_all()

    def _cause(self) -> Item | None:
        """Find the delivery whose receiver makes this call, as far as that can be known."""
        current = self._current
        if current and (
            current.thread == get_ident() or current in _causes.get() or current.row.hook_id in self._calling_back
        ):
            return current
        return None
