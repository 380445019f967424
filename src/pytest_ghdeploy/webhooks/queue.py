"""
One queue for all hooks of a fake: whoever has left something delivers what is in it, one thread at a time.

A thread whose call has left deliveries waits until they are made, and what
came of them. If another thread delivers just now, that one makes them in turn.
Who is called by a receiver must not wait for it, since it waits itself.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pytest_ghdeploy.doors.patching import Patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE_SECONDS = 1.0
"""How long a thread of which nobody knows whether a receiver waits for it waits for that receiver."""
LIMIT_SECONDS = 10.0
"""How long, at least, any thread waits for one receiver."""


class _Root:
    """What one call has left, with all that came of it; counts what is not delivered yet."""

    __slots__ = ("pending", "total")

    def __init__(self) -> None:
        self.pending = 0
        self.total = 0


class Item:
    """
    One thing in the queue.

    Attributes:
        number: How many things came of the same call until it did.

        is_mains: Whether the main thread has left it.
    """

    __slots__ = ("is_done", "is_mains", "number", "root", "thing")

    def __init__(self, thing: Any, root: _Root) -> None:  # noqa: ANN401 - whatever was left
        """Put *thing* to what comes of *root*."""
        self.thing = thing
        self.root = root
        self.is_done = False
        self.is_mains = _is_main()
        root.pending += 1
        root.total += 1
        self.number = root.total

    def move(self, root: _Root) -> None:
        """Have it come of another *root*."""
        self.root.pending -= 1
        self.root = root
        root.pending += 1


class _Call:
    """The call of a receiver."""

    __slots__ = ("item", "post")

    def __init__(self, post: Postman, item: Item) -> None:
        self.post = post
        self.item = item


# The receivers, of whatever fakes, that what runs now was called from. What a receiver runs in a copy of its context
# inherits them; a thread does not.
_calls: ContextVar[tuple[_Call, ...]] = ContextVar("ghdeploy_calls", default=())


class Postman:
    """The queue."""

    def __init__(self, send: Callable[[Item], None], limit: Callable[[], float]) -> None:
        """
        Begin with nothing to deliver.

        Args:
            send: Delivers one, and calls the receiver within ``calling``.

            limit: Gives how many seconds a receiver may take.
        """
        self._send = send
        self._limit = limit
        self._changed = threading.Condition(threading.Lock())
        self._queue: deque[Item] = deque()
        self._thread: int | None = None
        """Who delivers just now."""
        self._call: _Call | None = None
        self._turn = 0
        self._waiting = 0
        self._main_waits = False

    def __len__(self) -> int:
        return len(self._queue)

    def accept(self, thing: object) -> Item:
        """Put *thing* at the end; ``deliver`` it once no lock is held any more."""
        with self._changed:
            item = Item(thing, self._root())
            self._queue.append(item)
            return item

    def _root(self) -> _Root:
        call = self._call
        if call is not None and (call in _calls.get() or _is_receivers(self)):
            return call.item.root
        return _Root()

    @contextmanager
    def calling(self, item: Item) -> Iterator[None]:
        """Know what happens meanwhile, in this thread and in those that it starts, to come of *item*."""
        call = _Call(self, item)
        token = _calls.set((*_calls.get(), call))
        with self._changed:
            self._call = call
        _begin(call)
        try:
            yield
        finally:
            _end(call)
            _calls.reset(token)
            with self._changed:
                self._call = None

    def deliver(self, items: Sequence[Item]) -> None:
        """Deliver *items*, or wait until another thread has done so, unless a receiver may be waiting for this one."""
        with self._changed:
            call, turn = self._call, self._turn
            # Only the receiver that is called just now can be waiting for us, and it is not if we called it.
            patience = self._longest() if call is None or call.item in items else PATIENCE_SECONDS
            while True:
                if self._thread is None and self._queue and not self._is_for_main():
                    self._work(items)
                if not any(item.root.pending for item in items) or self._is_called():
                    return
                if self._thread is None and not self._is_for_main():
                    return
                if self._turn != turn:
                    turn, patience = self._turn, self._longest()
                self._waiting += 1
                self._main_waits |= _is_main()
                try:
                    has_changed = self._changed.wait(patience)
                finally:
                    self._waiting -= 1
                    self._main_waits &= not _is_main()
                if not has_changed:
                    self._is_a_callback(items)
                    return

    def _is_for_main(self) -> bool:
        """Tell whether the main thread waits for what is next: what it has caused may be bound to it."""
        return self._main_waits and bool(self._queue) and self._queue[0].is_mains and not _is_main()

    def _longest(self) -> float:
        return max(LIMIT_SECONDS, self._limit() + PATIENCE_SECONDS)

    def _is_called(self) -> bool:
        if self._thread == threading.get_ident() or any(call.post is self for call in _calls.get()):
            return True
        return _is_receivers(self)

    def _is_a_callback(self, items: Sequence[Item]) -> None:
        if self._call is not None:
            _remember(threading.current_thread(), {self})
            for item in items:
                if not item.is_done:
                    item.move(self._call.item.root)

    def _work(self, mine: Sequence[Item]) -> None:
        self._thread = threading.get_ident()
        try:
            # Who waits takes over from who is done; if nobody does, all is delivered.
            while (
                self._queue
                and not self._is_for_main()
                and (not self._waiting or any(item.root.pending for item in mine))
            ):
                item = self._queue.popleft()
                self._changed.release()
                try:
                    self._send(item)
                finally:
                    self._changed.acquire()
                    item.is_done = True
                    item.root.pending -= 1
                    self._turn += 1
                    self._changed.notify_all()
        finally:
            self._thread = None
            self._changed.notify_all()


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


# Threads know nothing of who started them

_guard = threading.RLock()
_active: list[_Call] = []
_origins: WeakKeyDictionary[threading.Thread, WeakKeyDictionary[Postman, None]] = WeakKeyDictionary()
"""The threads that were started by receivers, or turned out to be what a receiver waits for."""


def _is_receivers(post: Postman) -> bool:
    with _guard:
        return post in _origins.get(threading.current_thread(), ())


def _remember(thread: threading.Thread, posts: set[Postman]) -> None:
    with _guard:
        known = _origins.setdefault(thread, WeakKeyDictionary())
        for post in posts:
            known[post] = None


def _note(thread: threading.Thread) -> None:
    parent = threading.current_thread()
    with _guard:
        posts = {call.post for call in _calls.get()} | set(_origins.get(parent, ()))
        if parent is not threading.main_thread():
            # As a server does that has a thread for each request.
            posts |= {call.post for call in _active}
    if posts:
        _remember(thread, posts)


def _started(original: Any) -> Any:  # noqa: ANN401 - a function of threading
    def start(thread: threading.Thread) -> None:
        _note(thread)
        original(thread)

    return start


_PATCH = Patch(threading.Thread, "start", _started)


def _begin(call: _Call) -> None:
    with _guard:
        if not _active:
            _PATCH.apply()
        _active.append(call)


def _end(call: _Call) -> None:
    with _guard:
        _active.remove(call)
        if not _active:
            _PATCH.undo()
