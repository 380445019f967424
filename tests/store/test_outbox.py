"""The outbox: what a call leaves is delivered in order when the lock is free, by the thread that left it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from pytest_ghdeploy.github.model import HookDelivery
from pytest_ghdeploy.store import outbox as module
from pytest_ghdeploy.store.outbox import Item, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.store.store import Store

NO_STORE = cast("Store", None)


class Receivers:
    """Receivers of an outbox. Each delivery checks that the lock is free."""

    def __init__(self) -> None:
        """Do nothing but note what arrives, unless ``act`` says more."""
        self.got: list[tuple[str, str]] = []
        self.act: Callable[[str], object] = lambda _: None
        self.interruptions: list[BaseException] = []
        self.outbox = Outbox(self.receive)

    def receive(self, item: Item) -> None:
        """Note a delivery and the thread that makes it."""
        free: list[bool] = []

        def look() -> None:
            free.append(self.outbox.lock.acquire(timeout=1))
            self.outbox.lock.release()

        in_thread(look).join()
        assert free == [True]
        if self.interruptions:
            raise self.interruptions.pop()
        self.got.append((threading.current_thread().name, item.row.guid))
        item.begun = True
        self.act(item.row.guid)

    def leave(self, *names: str, hook_id: int = 1) -> None:
        """Make a call that leaves deliveries."""
        with self.outbox, self.outbox.lock:
            for name in names:
                self.outbox.append(NO_STORE, delivery(name, hook_id))


def delivery(name: str, hook_id: int = 1) -> HookDelivery:
    """Create a delivery with the GUID *name*."""
    return HookDelivery(
        id=ord(name[0]),
        repository_id=None,
        hook_id=hook_id,
        guid=name,
        event="push",
        action=None,
        event_repository_id=None,
        redelivery=False,
        payload=b"{}",
    )


def in_thread(work: Callable[[], object], name: str = "other") -> threading.Thread:
    """Start *work* in a thread."""
    thread = threading.Thread(target=work, name=name)
    thread.start()
    return thread


@pytest.fixture
def receivers() -> Receivers:
    """Return receivers with an outbox."""
    return Receivers()


def test_deliveries_are_made_when_the_outermost_call_ends(receivers: Receivers) -> None:
    """They are made in order, once, and not while the lock is held."""
    with receivers.outbox, receivers.outbox.lock:
        receivers.leave("a", "b")
        receivers.leave("c")
        assert receivers.got == []
    receivers.leave()
    assert receivers.got == [("MainThread", name) for name in "abc"]


def test_deliveries_are_made_after_an_error(receivers: Receivers) -> None:
    """The change before the error stays, and so do its deliveries."""

    def fail() -> None:
        with receivers.outbox, receivers.outbox.lock:
            receivers.leave("a")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert receivers.got == [("MainThread", "a")]


def test_deliveries_caused_by_a_receiver_come_last(receivers: Receivers) -> None:
    """The call of the receiver returns at once."""

    def act(name: str) -> None:
        if len(name) < 3:
            receivers.leave(name + name[0])
            assert receivers.got[-1][1] == name

    receivers.act = act
    receivers.leave("a", "b")
    assert [name for _, name in receivers.got] == ["a", "b", "aa", "bb", "aaa", "bbb"]


def test_each_thread_makes_the_deliveries_it_caused(receivers: Receivers) -> None:
    """Whatever the order of the threads, deliveries are made in the order of their events."""
    caused: list[str] = []

    def work(name: str) -> None:
        for turn in range(20):
            with receivers.outbox, receivers.outbox.lock:
                caused.append(f"{name}/{turn}")
                receivers.leave(caused[-1])
            assert (name, f"{name}/{turn}") in receivers.got

    threads = [in_thread(partial(work, name), name) for name in ("one", "two", "three", "four")]
    for thread in threads:
        thread.join()
    assert [name for _, name in receivers.got] == caused
    assert len(caused) == 80
    assert all(name.startswith(f"{thread}/") for thread, name in receivers.got)


@pytest.mark.parametrize(("hook_id", "resets", "waits"), [(1, False, False), (1, True, True), (2, False, True)])
def test_a_call_that_a_receiver_waits_for_waits_once_for_each_hook(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch, hook_id: int, *, resets: bool, waits: bool
) -> None:
    """The call leaves its deliveries to the receiver's thread, which makes them next. A reset forgets the hooks."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    callbacks = iter(["callback 1", "callback 2"])

    def act(name: str) -> None:
        if name.startswith("event"):
            in_thread(lambda: receivers.leave(next(callbacks))).join()

    receivers.act = act
    receivers.leave("event 1", "later")
    if resets:
        receivers.outbox.reset()
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2 if waits else 3600)
    began = time.monotonic()
    receivers.leave("event 2", hook_id=hook_id)
    assert not waits or time.monotonic() - began >= 0.2  # otherwise it would hang
    names = ["event 1", "later", "callback 1", "event 2", "callback 2"]
    assert receivers.got == [("MainThread", name) for name in names]


def test_an_interruption_leaves_the_rest_to_the_next_call(receivers: Receivers) -> None:
    """The next call, in any thread, makes them before its own deliveries."""

    def act(name: str) -> None:
        if name == "a":
            raise KeyboardInterrupt

    receivers.act = act
    with pytest.raises(KeyboardInterrupt):
        receivers.leave("a", "b", "c")
    assert [name for _, name in receivers.got] == ["a"]
    assert len(receivers.outbox) == 2
    in_thread(lambda: receivers.leave("d")).join()
    assert receivers.got[1:] == [("other", name) for name in "bcd"]


def test_nobody_waits_for_a_thread_that_does_not_deliver(receivers: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a thread ends between its call and its deliveries, another thread makes them after a moment."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)

    def stop_short() -> None:
        with receivers.outbox.lock:
            receivers.outbox.append(NO_STORE, delivery("a"))

    in_thread(stop_short).join()
    receivers.leave("b")
    assert receivers.got == [("MainThread", name) for name in "ab"]


def test_held_deliveries_are_not_made(receivers: Receivers) -> None:
    """They are kept in order until a test releases them."""
    receivers.outbox.held = {}
    receivers.leave("a", "b")
    assert receivers.got == []
    assert [row.guid for _, row in receivers.outbox.held.values()] == ["a", "b"]


def test_functions_are_called_after_the_deliveries(receivers: Receivers) -> None:
    """The thread of the call makes them. Those of a receiver are made at once, since the receiver may wait for them."""
    called: list[str] = []

    def call(name: str) -> None:
        with receivers.outbox, receivers.outbox.lock:
            receivers.outbox.call(lambda: called.append(f"{name} after {len(receivers.got)}"))
            receivers.leave(name)

    def act(name: str) -> None:
        if name == "a":
            call("b")
            assert called == ["b after 1"]

    receivers.act = act
    call("a")
    assert called == ["b after 1", "a after 2"]


def test_a_call_during_a_delivery_leaves_what_it_queued_before(receivers: Receivers) -> None:
    """The call queued its delivery while no receiver was at work, and ends while one is. Its delivery is not lost."""
    receivers.outbox._calling_back.add((NO_STORE, 1))
    queued, at_work = threading.Event(), threading.Event()

    def other() -> None:
        with receivers.outbox:
            with receivers.outbox.lock:
                receivers.outbox.append(NO_STORE, delivery("b"))
            queued.set()
            assert at_work.wait(5)

    def act(name: str) -> None:
        if name == "a":
            at_work.set()
            thread.join(5)

    receivers.act = act
    with receivers.outbox:
        with receivers.outbox.lock:
            receivers.outbox.append(NO_STORE, delivery("a"))
        thread = in_thread(other)
        assert queued.wait(5)
    assert receivers.got == [("MainThread", "a"), ("MainThread", "b")]


def test_functions_are_called_by_the_next_call_after_an_interruption(receivers: Receivers) -> None:
    """No function is lost if a receiver is interrupted."""
    called: list[str] = []

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    def call() -> None:
        with receivers.outbox, receivers.outbox.lock:
            receivers.outbox.call(lambda: called.append("function"))
            receivers.leave("a")

    receivers.act = interrupt
    with pytest.raises(KeyboardInterrupt):
        call()
    assert called == []
    receivers.act = lambda _: None
    receivers.leave("b")
    assert called == ["function"]


def test_a_call_waits_for_a_delivery_that_another_thread_makes(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that was too slow finds its delivery taken over, and returns after it."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    at_work, returned = threading.Event(), threading.Event()

    def act(name: str) -> None:
        if name == "a":
            at_work.set()
            assert not returned.wait(0.05)

    receivers.act = act
    with receivers.outbox:
        with receivers.outbox.lock:
            receivers.outbox.append(NO_STORE, delivery("a"))
        thread = in_thread(lambda: receivers.leave("b"))  # it waits for this thread in vain
        assert at_work.wait(5)
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 5)
    returned.set()
    thread.join()
    assert receivers.got == [("other", "a"), ("other", "b")]


def test_a_hook_from_before_a_reset_is_not_remembered(receivers: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that loses patience with a delivery from before the reset says nothing about hooks after it."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    before, after = cast("Store", object()), cast("Store", object())

    def act(name: str) -> None:
        if name == "a":
            receivers.outbox.reset()
            in_thread(lambda: receivers.leave("b")).join()

    receivers.act = act
    with receivers.outbox, receivers.outbox.lock:
        receivers.outbox.append(before, delivery("a"))
    assert receivers.outbox._calling_back == {(before, 1)}
    assert (after, 1) not in receivers.outbox._calling_back


def test_an_interruption_before_a_delivery_begins_leaves_it_in_the_queue(receivers: Receivers) -> None:
    """The next call makes it."""
    receivers.interruptions = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        receivers.leave("a", "b")
    assert receivers.got == []
    in_thread(lambda: receivers.leave("c")).join()
    assert receivers.got == [("other", name) for name in "abc"]


def test_an_interrupted_call_makes_no_deliveries(receivers: Receivers) -> None:
    """Nobody wants to wait for a receiver after Ctrl-C. The next call makes them."""

    def interrupt() -> None:
        with receivers.outbox, receivers.outbox.lock:
            receivers.leave("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert receivers.got == []
    receivers.leave("b")
    assert receivers.got == [("MainThread", name) for name in "ab"]


def test_a_forked_child_leaves_what_other_threads_have_queued(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those threads do not exist there, so nothing waits for them."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 3600)

    def queue() -> None:
        with receivers.outbox.lock:
            receivers.outbox.append(NO_STORE, delivery("a"))

    in_thread(queue).join()
    receivers.outbox.after_fork()
    receivers.leave("b")
    assert receivers.got == [("MainThread", "b")]


def test_a_forked_child_undoes_what_another_thread_was_changing(receivers: Receivers) -> None:
    """That thread held the lock, and is not there to complete its change."""
    outbox, names = receivers.outbox, ["complete"]
    began, over = threading.Event(), threading.Event()

    def change() -> None:
        with suppress(RuntimeError), outbox.lock, outbox.changes:  # after_fork has released the lock
            outbox.changes.append(names, "half")
            began.set()
            over.wait(5)

    thread = in_thread(change)
    assert began.wait(5)
    outbox.after_fork()
    assert names == ["complete"]
    receivers.leave("a")
    assert receivers.got == [("MainThread", "a")]
    over.set()
    thread.join()
