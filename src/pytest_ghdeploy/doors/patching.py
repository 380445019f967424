"""Putting functions in the place of a library's, and taking them out again, in any order."""

from __future__ import annotations

import os
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Function = Any
"""A function of a library, of whatever signature it has."""


changes = RLock()
"""
Held by whoever opens or closes doors: which patches there are, and which are applied, changes under it only.

A finalizer may close a fake at any moment, also in a thread that holds it. At a
fork nobody else does, so a child finds all doors either open or closed.
"""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=changes.acquire, after_in_parent=changes.release, after_in_child=changes.release)


class _Absent:
    """What an attribute is that is not there."""


def genuine(found: Any, module: str) -> Any:  # noqa: ANN401 - a class
    """
    Find a class of *module*, where another may stand in its place.

    That is so while a cassette of vcrpy is in use, whose classes name the one they stand for, and while
    pytest-socket forbids sockets, whose class is below the true one.
    """
    found = getattr(found, "_baseclass", found)
    return next((one for one in found.__mro__ if one.__module__ == module), found)


class Patch:
    """
    A function in the place of another.

    Others may patch the same place, before and after, and need not leave in
    order. Where somebody is on top when we leave, our function stays below; it
    passes everything on while no fake is active.
    """

    __slots__ = ("_layers", "_made", "_name", "_original", "_own", "_target", "_wrap")

    def __init__(self, target: Any, name: str, wrap: Callable[[Function], Function]) -> None:  # noqa: ANN401 - a class or module
        """Prepare to replace ``target.name`` with what *wrap* makes of it."""
        self._target, self._name, self._wrap = target, name, wrap
        self._original: Function = None
        self._made: Function = None
        # Whether the original was the target's own, not inherited; None if it is itself a function of ours.
        self._own: bool | None = None
        # What each function of ours stands for, and whether that was the target's own. Known by identity: a mock
        # has every attribute, and functools.wraps copies attributes.
        self._layers: WeakKeyDictionary[Function, tuple[Function, bool]] = WeakKeyDictionary()

    def apply(self) -> None:
        """Go on top, unless we are."""
        with changes:
            current = getattr(self._target, self._name, _Absent)
            if current in self._layers:
                return
            if current is not self._original:
                made = self._wrap(current)
                self._own = self._name in vars(self._target)
                self._layers[made] = current, self._own
                self._original, self._made = current, made
            setattr(self._target, self._name, self._made)

    def undo(self) -> None:
        """Leave, if nobody is on top of us."""
        with changes:
            current, own = getattr(self._target, self._name, _Absent), True
            if current not in self._layers:
                return
            while current in self._layers:
                current, own = self._layers[current]
            self._put_back(current, own=own)

    def _put_back(self, original: Function, *, own: bool) -> None:
        if own:
            setattr(self._target, self._name, original)
        else:
            delattr(self._target, self._name)


def stay_on_top(patches: Iterable[Patch], needed: Callable[[], bool]) -> None:
    """Apply those that others have got on top of meanwhile, unless they are not *needed* any more."""
    for patch in patches:
        if getattr(patch._target, patch._name, _Absent) is not patch._made:  # noqa: SLF001
            break
    else:
        return
    with changes:
        if needed():  # the last fake may have gone, in another thread
            apply_all(patches)


def apply_all(patches: Iterable[Patch]) -> None:
    """Apply each, holding ``changes``; the usual case without a call, since every test pays for it."""
    for patch in patches:
        target, name = patch._target, patch._name  # noqa: SLF001
        if getattr(target, name, _Absent) is patch._original:  # noqa: SLF001
            setattr(target, name, patch._made)  # noqa: SLF001
        else:
            patch.apply()


def undo_all(patches: Iterable[Patch]) -> None:
    """Undo each, likewise."""
    for patch in patches:
        target, name, own = patch._target, patch._name, patch._own  # noqa: SLF001
        if own is None or getattr(target, name, _Absent) is not patch._made:  # noqa: SLF001
            patch.undo()
        elif own:
            setattr(target, name, patch._original)  # noqa: SLF001
        else:
            delattr(target, name)
