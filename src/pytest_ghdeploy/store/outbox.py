"""
The outbox of a fake: the deliveries to make, and functions to call, at the end of a public call.

Operations fill it while they hold the lock, but nothing is sent while it is held.
Every public call that may change something therefore uses::

    with store.outbox, store.lock, store.changes:
        ...

At the end of the block, the lock is released. The outbox then makes its
deliveries, in the order of the events. Calls that only read take just the lock.
An interrupted call makes no deliveries: the next call makes them.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar, copy_context
from functools import partial
from itertools import count
from threading import Lock, RLock, Thread, get_ident, local
from typing import TYPE_CHECKING

from pytest_ghdeploy.changes import Changes

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
        caller: The thread whose call waits for the delivery.

        thread: The thread that makes the delivery. It differs from *caller* only if that was too slow.

        begun: Whether the request has been made. An interruption before that leaves the delivery in the queue.

        number: 1 for a delivery caused by a test or client. Deliveries caused by its receiver are counted from 2.
    """

    __slots__ = ("_numbers", "begun", "caller", "number", "row", "store", "thread")

    def __init__(self, store: Store, row: HookDelivery, cause: Item | None) -> None:
        """Queue the delivery of *row*. *cause* is the delivery whose receiver caused it, if any."""
        self.store = store
        self.row = row
        self.caller = self.thread = get_ident()
        self.begun = False
        self._numbers = count(1)
        self.number = next(self._numbers)
        if cause:
            self.follow(cause)

    def follow(self, cause: Item) -> None:
        """Make this delivery a consequence of *cause*, in the same thread."""
        self.caller = self.thread = cause.thread
        self._numbers = cause._numbers
        self.number = next(self._numbers)


# The deliveries, of any fake, whose receivers are running this code, outermost first. Code in a copy of a receiver's
# context, such as a task, inherits them.
_causes: ContextVar[tuple[Item, ...]] = ContextVar("ghdeploy_causes", default=())


_this_thread = local()


def do_not_wait_here() -> None:
    """Let calls in this thread, which runs the event loop of a receiver, leave their deliveries to new threads."""
    _this_thread.runs_receiver = True


class Outbox:
    """
    The deliveries of one fake, made one at a time in the order of their events, each by the thread that caused it.

    A call returns after its deliveries, with three exceptions:

    - A call made in the event loop of a receiver, such as one of a background task after the response, returns at
      once. A new thread makes its deliveries, since the receiver could not handle them while the loop waits.
    - A call made by a receiver returns at once. Its deliveries come after those in the queue.
    - A receiver may wait for a call in another thread. That call waits ``PATIENCE_SECONDS`` for the receiver and
      then leaves its deliveries to the receiver's thread. From then on, calls made during a delivery to the same
      hook do not wait.

    If the thread of a call does not make its deliveries, another thread makes them after ``PATIENCE_SECONDS``.
    """

    def __init__(self, send: Callable[[Item], object]) -> None:
        """Make deliveries with *send*, which is called without the lock."""
        self.lock = RLock()
        self.changes = Changes()
        self.held: dict[int, tuple[Store, HookDelivery]] | None = None
        """The deliveries that a test holds back, by id, oldest first; ``None`` if deliveries are not held back."""
        self._send = send
        self._queue: deque[Item] = deque()
        self._calls: list[tuple[int, Callable[[], object]]] = []
        # Not a threading.Condition: an interruption while it waits may leave its lock held.
        self._waiting: list[Lock] = []
        self._current: Item | None = None
        self._calling_back: set[tuple[Store, int]] = set()
        """The hooks whose receivers did not finish while another thread waited for them."""

    def __len__(self) -> int:
        return len(self._queue)

    def append(self, store: Store, row: HookDelivery) -> None:
        """Add the delivery of *row* to the queue, or hold it back. The lock must be held."""
        if self.held is None:
            item = Item(store, row, self._cause())
            self.changes.undo_with(partial(self._remove, item))
            self._queue.append(item)
        else:
            self.changes.put(self.held, row.id, (store, row))

    def stop_holding(self, row_id: int) -> None:
        """Forget a delivery that is held back. The lock must be held."""
        held = self.held
        if held is not None:
            self.changes.undo_with(partial(_hold_again, held, row_id, held[row_id]))
            del held[row_id]

    def _remove(self, item: Item) -> None:
        if item in self._queue:
            self._queue.remove(item)

    def is_queued(self, row: HookDelivery) -> bool:
        """Return whether the delivery of *row* is in the queue. The lock must be held."""
        return any(item.row.id == row.id for item in self._queue)

    def call(self, function: Callable[[], object]) -> None:
        """Call *function* at the end of this thread's current call. The lock must be held."""
        self.changes.append(self._calls, (get_ident(), function))

    def reset(self) -> None:
        """Stop holding deliveries back, and forget all hooks. The lock must be held."""
        self.changes.set(self, held=None)
        self.changes.set(self, _calling_back=set())

    def after_fork(self) -> None:
        """
        Make the copy of a forked child usable.

        The other threads of the parent do not exist in the child, so none of
        them releases the lock, completes its change or makes its deliveries.
        """
        if self.lock.acquire(blocking=False):
            self.lock.release()
        else:
            self.lock._at_fork_reinit()  # type: ignore[attr-defined] # noqa: SLF001 - as threading does it
            self.changes.undo()
        self._waiting = []
        if self._current and self._current.thread != get_ident():
            self._current = None
        self._queue = deque(item for item in self._queue if item.thread == get_ident())

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # If this thread still holds the lock, an outer call empties the outbox when it ends.
        # threading.Condition checks for the lock in the same way.
        if (self._queue or self._calls) and not self.lock._is_owned():  # type: ignore[attr-defined] # noqa: SLF001
            if kind is None or issubclass(kind, Exception):
                self._empty(get_ident())
            else:
                self._leave(get_ident())

    def _leave(self, thread: int) -> None:
        """Leave what *thread* has queued to the next call of any thread, after an interruption."""
        with self.lock:
            for item in self._queue:
                if item.thread == thread:
                    item.caller = item.thread = _NOBODY
            self._calls = [(_NOBODY if owner == thread else owner, function) for owner, function in self._calls]
            self._wake()

    def _empty(self, thread: int) -> None:
        mine: list[Callable[[], object]] = []
        try:
            with self.lock:
                cause = self._cause()
                if cause and cause.thread != thread:
                    # When they were queued, no receiver was at work yet that this call may belong to.
                    for item in self._queue:
                        if item.thread == thread:
                            item.follow(cause)
                chosen = [function for owner, function in self._calls if owner in (thread, _NOBODY)]
                others = [call for call in self._calls if call[0] not in (thread, _NOBODY)]
                self._calls, mine = others, chosen  # in one step, so that an interruption loses none
            if cause is None:
                if not getattr(_this_thread, "runs_receiver", False):
                    self._deliver(thread)
                elif self._waits(thread):
                    self._leave(thread)
                    Thread(target=copy_context().run, args=(self._deliver_here,), daemon=True).start()
            while mine:
                mine[0]()
                del mine[0]
        finally:
            if mine:  # after an interruption, the next call of any thread calls these
                with self.lock:
                    self._calls.extend((_NOBODY, function) for function in mine)

    def _deliver_here(self) -> None:
        self._deliver(get_ident())

    def _deliver(self, thread: int) -> None:
        try:
            while item := self._take(thread):
                # Context variables that a receiver sets stay in its own context.
                context = copy_context()
                context.run(_causes.set, (*_causes.get(), item))
                context.run(self._send, item)
                self._end(thread)
        except BaseException as problem:
            with self.lock:
                if self._current and self._current.thread == thread:
                    if not (self._current.begun or isinstance(problem, Exception)):
                        self._queue.appendleft(self._current)
                    self._current = None
            self._leave(thread)
            raise

    def _take(self, thread: int) -> Item | None:
        """Wait for the next delivery of *thread*; ``None`` if all are made or left to another thread."""
        while True:
            with self.lock:
                first = self._queue[0] if self._queue else None
                if first and self._current is None and first.thread in (thread, _NOBODY):
                    first.thread = thread
                    self._current = first
                    self._queue.popleft()
                    return first
                if not self._waits(thread):
                    return None
                turn = Lock()
                turn.acquire()
                self._waiting.append(turn)
            if not turn.acquire(timeout=PATIENCE_SECONDS):
                self._lose_patience(thread)

    def _waits(self, thread: int) -> bool:
        """Return whether deliveries of *thread* are left to make, or one is being made in another thread."""
        current = self._current
        is_elsewhere = current is not None and current.caller == thread != current.thread
        return is_elsewhere or any(item.thread in (thread, _NOBODY) for item in self._queue)

    def _lose_patience(self, thread: int) -> None:
        """Stop waiting for the current delivery, or for the thread that has to make the next one."""
        with self.lock:
            current = self._current
            if current is None:
                if self._queue:
                    self._queue[0].thread = thread
                return
            self._calling_back.add((current.store, current.row.hook_id))
            for item in self._queue:
                if item.thread in (thread, _NOBODY):
                    item.follow(current)
            if current.caller == thread:
                current.caller = current.thread

    def _end(self, thread: int) -> None:
        """End the current delivery of *thread*."""
        with self.lock:
            if self._current and self._current.thread == thread:
                self._current = None
            self._wake()

    def _wake(self) -> None:
        """Wake the waiting threads."""
        turns, self._waiting = self._waiting, []
        for turn in turns:
            turn.release()

    def _cause(self) -> Item | None:
        """Find the delivery whose receiver makes this call, as far as the fake can tell."""
        current = self._current
        if current and (
            current.thread == get_ident()
            or current in _causes.get()
            or (current.store, current.row.hook_id) in self._calling_back
        ):
            return current
        return None


def _hold_again(held: dict[int, tuple[Store, HookDelivery]], row_id: int, pair: tuple[Store, HookDelivery]) -> None:
    # The ids rise, oldest first.
    items = sorted([*held.items(), (row_id, pair)], key=lambda item: item[0])
    held.clear()
    held.update(items)
