"""
The outbox of a fake: the deliveries to make, and functions to call, at the end of a public call.

Operations fill it while they hold the lock, but nothing is sent while it is held.
Every public call that may change something therefore uses both::

    with store.outbox, store.lock:
        ...

At the end of the block, the lock is released first. The outbox then makes its
deliveries, in the order of the events. Calls that only read take just the lock.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar, copy_context
from functools import cached_property
from itertools import count
from threading import Condition, RLock, get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.github.model import HookDelivery
    from pytest_ghdeploy.store.store import Store

PATIENCE_SECONDS = 1.0
"""How long a thread waits for a receiver that runs in another thread."""

_NOBODY = 0


class Item:
    """
    A delivery in the queue.

    Attributes:
        thread: The thread that makes the delivery, which is the one whose call caused it.

        number: 1 for a delivery caused by a test or client. Deliveries caused by its receiver are counted from 2.
    """

    __slots__ = ("_numbers", "number", "row", "store", "thread")

    def __init__(self, store: Store, row: HookDelivery, cause: Item | None) -> None:
        """Queue the delivery of *row*. *cause* is the delivery whose receiver caused it, if any."""
        self.store = store
        self.row = row
        self.thread = get_ident()
        self._numbers = count(1)
        self.number = next(self._numbers)
        if cause:
            self.follow(cause)

    def follow(self, cause: Item) -> None:
        """Make this delivery a consequence of *cause*, in the same thread."""
        self.thread = cause.thread
        self._numbers = cause._numbers
        self.number = next(self._numbers)


# The deliveries, of any fake, whose receivers are running this code, outermost first. Code in a copy of a receiver's
# context, such as a task, inherits them.
_causes: ContextVar[tuple[Item, ...]] = ContextVar("ghdeploy_causes", default=())


class Outbox:
    """
    The deliveries of one fake, made one at a time in the order of their events, each by the thread that caused it.

    A call returns after its deliveries, with two exceptions:

    - A call made by a receiver returns at once. Its deliveries come after those in the queue.
    - A receiver may wait for a call in another thread. That call waits ``PATIENCE_SECONDS`` for the receiver and
      then leaves its deliveries to the receiver's thread. From then on, calls made during a delivery to the same
      hook do not wait.
    """

    def __init__(self, send: Callable[[Item], object]) -> None:
        """Make deliveries with *send*, which is called without the lock."""
        self.lock = RLock()
        self.held: dict[int, tuple[Store, HookDelivery]] | None = None
        """The deliveries that a test holds back, by id, oldest first; ``None`` if deliveries are not held back."""
        self._send = send
        self._queue: deque[Item] = deque()
        self._calls: list[tuple[int, Callable[[], object]]] = []
        self._current: Item | None = None
        self._calling_back: set[int] = set()
        """The hooks whose receivers did not finish while another thread waited for them."""

    @cached_property
    def _changed(self) -> Condition:
        """Tells other threads that a delivery has ended. Few tests make deliveries."""
        return Condition(self.lock)

    def __len__(self) -> int:
        return len(self._queue)

    def append(self, store: Store, row: HookDelivery) -> None:
        """Add the delivery of *row* to the queue, or hold it back. The lock must be held."""
        if self.held is None:
            self._queue.append(Item(store, row, self._cause()))
        else:
            self.held[row.id] = store, row

    def call(self, function: Callable[[], object]) -> None:
        """Call *function* at the end of this thread's current call. The lock must be held."""
        self._calls.append((get_ident(), function))

    def reset(self) -> None:
        """Stop holding deliveries back, and forget all hooks, since their ids are used again. The lock must be held."""
        self.held = None
        self._calling_back.clear()

    def after_fork(self) -> None:
        """
        Make the copy of a forked child usable.

        The other threads of the parent do not exist in the child, so none of
        them releases the lock or makes its deliveries.
        """
        if not self.lock._is_owned():  # type: ignore[attr-defined] # noqa: SLF001 - see __exit__
            self._changed._at_fork_reinit()  # type: ignore[attr-defined] # noqa: SLF001 - as threading does it
        if self._current and self._current.thread != get_ident():
            self._current = None
            self._queue.clear()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        # If this thread still holds the lock, an outer call empties the outbox when it ends.
        # threading.Condition checks for the lock in the same way.
        if (self._queue or self._calls) and not self.lock._is_owned():  # type: ignore[attr-defined] # noqa: SLF001
            self._empty(get_ident())

    def _empty(self, thread: int) -> None:
        with self.lock:
            cause = self._cause()
            if cause and cause.thread != thread:
                # When they were queued, no receiver was at work yet that this call may belong to.
                for item in self._queue:
                    if item.thread == thread:
                        item.follow(cause)
            mine = deque(function for owner, function in self._calls if owner in (thread, _NOBODY))
            self._calls = [call for call in self._calls if call[0] not in (thread, _NOBODY)]
        try:
            if cause is None:
                self._deliver(thread)
            while mine:
                mine.popleft()()
        finally:
            if mine:  # after an interruption, the next call of any thread makes these
                with self.lock:
                    self._calls.extend((_NOBODY, function) for function in mine)

    def _deliver(self, thread: int) -> None:
        try:
            while item := self._take(thread):
                # Context variables that a receiver sets stay in its own context.
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
        """Wait for the next delivery of *thread*; ``None`` if all are made or left to another thread."""
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
                    first.thread = thread  # its own thread did not make it in time
                else:
                    self._calling_back.add(self._current.row.hook_id)
                    for item in mine:
                        item.follow(self._current)
            return None

    def _end(self, thread: int) -> None:
        """End the current delivery of *thread*."""
        if self._current and self._current.thread == thread:
            self._current = None
        self._changed.notify_all()

    def _cause(self) -> Item | None:
        """Find the delivery whose receiver makes this call, as far as the fake can tell."""
        current = self._current
        if current and (
            current.thread == get_ident() or current in _causes.get() or current.row.hook_id in self._calling_back
        ):
            return current
        return None
