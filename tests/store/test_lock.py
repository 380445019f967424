"""The lock of a fake: what is left while it is held is handed on when it is free, by who has left it."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import pytest

from pytest_ghdeploy.store.lock import Turns


class Taker:
    """Takes what was left, and looks whether the lock is free then."""

    def __init__(self) -> None:
        """Make a lock."""
        self.heard: list[Any] = []
        self.taken: list[tuple[str, list[Any]]] = []
        self.turns = Turns()
        self.turns.owner = weakref.ref(self)

    def accept(self, thing: object) -> object:
        """Hear of it, while the lock is held."""
        self.heard.append(thing)
        return thing

    def deliver(self, left: list[Any]) -> None:
        """Take it, while another thread takes the lock."""
        self.taken.append((threading.current_thread().name, left))
        free: list[bool] = []

        def look() -> None:
            free.append(self.turns.acquire(timeout=1))
            self.turns.release()

        other = threading.Thread(target=look)
        other.start()
        other.join()
        assert free == [True]


@pytest.fixture
def taker() -> Taker:
    """Give a lock and who takes what is left."""
    return Taker()


def test_it_is_handed_on_when_the_last_hold_ends(taker: Taker) -> None:
    """All at once, in order, and once."""
    with taker.turns:
        with taker.turns:
            taker.turns.leave(1)
        taker.turns.leave(2)
        assert (taker.heard, taker.taken) == ([1, 2], [])
    with taker.turns:
        pass
    assert taker.taken == [("MainThread", [1, 2])]


def test_it_is_handed_on_after_a_problem_too(taker: Taker) -> None:
    """What has happened has happened."""

    def work() -> None:
        with taker.turns:
            taker.turns.leave(1)
            raise LookupError

    with pytest.raises(LookupError):
        work()
    assert taker.taken == [("MainThread", [1])]


def test_what_is_left_while_something_is_handed_on_comes_after_it(taker: Taker) -> None:
    """It is handed on by whoever leaves it, as ever."""

    def deliver(left: list[Any]) -> None:
        taker.taken.append(("nested", left))
        if left[0] < 3:
            with taker.turns:
                taker.turns.leave(left[0] + 1)

    taker.deliver = deliver  # type: ignore[method-assign]
    with taker.turns:
        taker.turns.leave(1)
    assert taker.taken == [("nested", [1]), ("nested", [2]), ("nested", [3])]


def test_each_thread_hands_on_its_own(taker: Taker) -> None:
    """Nobody takes what another has left, however they take turns."""

    def work() -> None:
        for turn in range(20):
            with taker.turns:
                taker.turns.leave((threading.current_thread().name, turn))

    threads = [threading.Thread(target=work, name=f"thread {number}") for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taker.taken) == 80
    assert all(left[0][0] == name and len(left) == 1 for name, left in taker.taken)


def test_a_condition_can_be_built_on_it(taker: Taker) -> None:
    """It is free while somebody waits, and what that one has left is handed on when it is done."""
    condition = threading.Condition(taker.turns)
    ready = threading.Event()

    def wait() -> None:
        with condition:
            taker.turns.leave("waiter")
            ready.set()
            condition.wait(5)

    waiter = threading.Thread(target=wait, name="waiter")
    waiter.start()
    assert ready.wait(5)
    with condition:
        taker.turns.leave("main")
        condition.notify_all()
    waiter.join()
    assert sorted(taker.taken) == [("MainThread", ["main"]), ("waiter", ["waiter"])]


def test_without_an_owner_it_is_dropped() -> None:
    """The fake is gone, and with it whoever could deliver."""
    turns = Turns()
    with turns:
        turns.leave(1)
    taker = Taker()
    turns = taker.turns
    del taker
    with turns:
        turns.leave(2)
    assert not turns._left
