"""Replacing functions of a library and restoring them, in any order."""

from __future__ import annotations

import os
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Function = Any
"""A function of a library, with any signature."""


changes = RLock()
"""
Held while doors are opened and closed. Patches are made, applied and undone only by its holder.

It can be acquired again by its holder, because a finalizer may close a fake at
any moment. It is also held during a fork, so that the doors of a child process
are either all open or all closed.
"""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=changes.acquire, after_in_parent=changes.release, after_in_child=changes.release)

_MISSING, _NEVER = object(), object()


def genuine(found: Any, module: str) -> Any:  # noqa: ANN401 - a class
    """
    Return the class of *module* for which *found* may be a replacement.

    While a cassette of vcrpy is in use, *found* is a class that names the
    original. While pytest-socket forbids sockets, it is a subclass.
    """
    found = getattr(found, "_baseclass", found)
    return next((base for base in found.__mro__ if base.__module__ == module), found)


class Patch:
    """
    A function of ours in the place of another.

    Other tools may patch the same place before and after us, and need not leave
    in order. If another function is on top of ours when we leave, ours stays
    below it, and passes every call on while no fake is active.
    """

    __slots__ = ("_layers", "_made", "_name", "_original", "_own", "_target", "_wrap")

    def __init__(self, target: Any, name: str, wrap: Callable[[Function], Function]) -> None:  # noqa: ANN401 - a class or module
        """Prepare to replace ``target.name`` with ``wrap(original)``."""
        self._target, self._name, self._wrap = target, name, wrap
        # Of the function that was made last: itself, what it replaced, and whether that was the target's own attribute
        # and not inherited. Every test pays for these, so they are not looked up in the layers.
        self._made: Function = _NEVER
        self._original: Function = _NEVER
        self._own = False
        # What each function of ours replaced, and whether that was the target's own attribute. Identity tells them
        # apart: a mock has every attribute, and functools.wraps copies attributes.
        self._layers: WeakKeyDictionary[Function, tuple[Function, bool]] = WeakKeyDictionary()

    @property
    def is_on_top(self) -> bool:
        """Whether the function that was made last is in place."""
        return getattr(self._target, self._name, _MISSING) is self._made

    def apply(self) -> None:
        """Put our function on top, if it is not there."""
        current = getattr(self._target, self._name, _MISSING)
        if current is not self._original:
            if current in self._layers:
                return
            self._made = self._wrap(current)
            self._original, self._own = current, self._name in vars(self._target)
            self._layers[self._made] = current, self._own
        setattr(self._target, self._name, self._made)

    def undo(self) -> None:
        """Restore what our function replaced, if nothing is on top of it."""
        current = getattr(self._target, self._name, _MISSING)
        if current is self._made:
            original, own = self._original, self._own
        elif current in self._layers:
            original, own = self._layers[current]
        else:
            return
        if own:
            setattr(self._target, self._name, original)
        else:
            delattr(self._target, self._name)


def stay_on_top(patches: Iterable[Patch], needed: Callable[[], bool]) -> None:
    """Apply the patches again that others have patched over, if they are still *needed*."""
    if all(patch.is_on_top for patch in patches):
        return
    with changes:
        if needed():  # the last fake may have been closed in another thread
            for patch in patches:
                patch.apply()
