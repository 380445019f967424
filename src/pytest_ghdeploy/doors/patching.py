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
Held while doors are opened and closed. Only its holder may create, apply or undo patches.

It is reentrant, because a finalizer may close a fake at any moment. It is also
held during a fork, so that the doors of a child process are either all open or
all closed.
"""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=changes.acquire, after_in_parent=changes.release, after_in_child=changes.release)

_MISSING, _NEVER = object(), object()


def genuine(current: Any, module: str) -> Any:  # noqa: ANN401 - a class
    """
    Return the original class of *module*, which a tool may have replaced by *current*.

    While a cassette is in use, vcrpy's replacement names the original. While
    sockets are forbidden, pytest-socket's is a subclass of it.
    """
    current = getattr(current, "_baseclass", current)
    return next((base for base in current.__mro__ if base.__module__ == module), current)


class Patch:
    """
    Replaces a function of a library.

    Other tools may patch the same function before and after us, and undo their
    patches in any order. If another patch is on top of ours when ours is undone,
    ours stays below it and passes on every call while no fake is active.
    """

    __slots__ = ("_layers", "_name", "_original", "_own", "_replacement", "_target", "_wrap")

    def __init__(self, target: Any, name: str, wrap: Callable[[Function], Function]) -> None:  # noqa: ANN401 - a class or module
        """Prepare to replace ``target.name`` with ``wrap(original)``."""
        self._target, self._name, self._wrap = target, name, wrap
        # Our latest function, the function that it replaced, and whether the target defined that itself, not inherited
        # it. Looking them up in the layers instead would slow down every test.
        self._replacement: Function = _NEVER
        self._original: Function = _NEVER
        self._own = False
        # For each of our functions: the function that it replaced, and whether the target defined that itself. A marker
        # attribute could not tell ours from others: a mock has every attribute, and functools.wraps copies attributes.
        self._layers: WeakKeyDictionary[Function, tuple[Function, bool]] = WeakKeyDictionary()

    @property
    def is_on_top(self) -> bool:
        """Whether our latest function is in place."""
        return getattr(self._target, self._name, _MISSING) is self._replacement

    def apply(self) -> None:
        """Put our function on top, unless it is in place already."""
        current = getattr(self._target, self._name, _MISSING)
        if current is not self._original:
            if current in self._layers:
                return
            self._replacement = self._wrap(current)
            self._original, self._own = current, self._name in vars(self._target)
            self._layers[self._replacement] = current, self._own
        setattr(self._target, self._name, self._replacement)

    def undo(self) -> None:
        """Restore what our function replaced, if nothing is on top of it."""
        current = getattr(self._target, self._name, _MISSING)
        if current is self._replacement:
            original, own = self._original, self._own
        elif current in self._layers:
            original, own = self._layers[current]
        else:
            return
        if own:
            setattr(self._target, self._name, original)
        else:
            delattr(self._target, self._name)


def apply_all(patches: Iterable[Patch]) -> None:
    """Call ``apply`` of each patch. The usual case is written out, because every test goes through it."""
    for patch in patches:
        target, name = patch._target, patch._name  # noqa: SLF001 - of the same module
        if getattr(target, name, _MISSING) is patch._original:  # noqa: SLF001
            setattr(target, name, patch._replacement)  # noqa: SLF001
        else:
            patch.apply()


def undo_all(patches: Iterable[Patch]) -> None:
    """Call ``undo`` of each patch. The usual case is written out, because every test goes through it."""
    for patch in patches:
        target, name = patch._target, patch._name  # noqa: SLF001 - of the same module
        if patch._own and getattr(target, name, _MISSING) is patch._replacement:  # noqa: SLF001
            setattr(target, name, patch._original)  # noqa: SLF001
        else:
            patch.undo()


def stay_on_top(patches: Iterable[Patch], needed: Callable[[], bool]) -> None:
    """Reapply the patches that other tools have patched over, if they are still *needed*."""
    if all(patch.is_on_top for patch in patches):
        return
    with changes:
        if needed():  # the last fake may have been closed in another thread
            for patch in patches:
                patch.apply()
