"""Putting functions in the place of a library's, and taking them out again, in any order."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

Function = Any
"""A function of a library, of whatever signature it has."""


_one_at_a_time = Lock()


class Patch:
    """
    A function in the place of another.

    Others may patch the same place, before and after, and need not leave in
    order. Where somebody is on top when we leave, our function stays below; it
    passes everything on while no fake is active.
    """

    __slots__ = ("_layers", "_made", "_name", "_original", "_target", "_wrap")

    def __init__(self, target: Any, name: str, wrap: Callable[[Function], Function]) -> None:  # noqa: ANN401 - a class or module
        """Prepare to replace ``target.name`` with what *wrap* makes of it."""
        self._target, self._name, self._wrap = target, name, wrap
        self._original: Function = None
        self._made: Function = None
        # What each function of ours stands for, and whether it was the target's own. Known by identity: a mock
        # has every attribute, and functools.wraps copies attributes.
        self._layers: WeakKeyDictionary[Function, tuple[Function, bool]] = WeakKeyDictionary()

    def apply(self) -> None:
        """Go on top, unless we are."""
        if getattr(self._target, self._name) is self._made:
            return
        with _one_at_a_time:
            current = getattr(self._target, self._name)
            if current in self._layers:
                return
            if current is not self._original:
                self._original, self._made = current, self._wrap(current)
            self._layers[self._made] = current, self._name in vars(self._target)
            setattr(self._target, self._name, self._made)

    def undo(self) -> None:
        """Leave, if nobody is on top of us."""
        current = getattr(self._target, self._name)
        if current not in self._layers:
            return
        own = True
        while current in self._layers:
            current, own = self._layers[current]
        if own:
            setattr(self._target, self._name, current)
        else:
            delattr(self._target, self._name)
