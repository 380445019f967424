"""Putting functions in the place of a library's, and taking them out again, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Function = Any
"""A function of a library, of whatever signature it has."""


class Patch:
    """
    A function in the place of another.

    Others may patch the same place, before and after, and need not leave in
    order. Where somebody is on top when we leave, our function stays below; it
    passes everything on while no fake is active.
    """

    __slots__ = ("_made", "_name", "_original", "_own", "_target", "_wrap")

    def __init__(self, target: Any, name: str, wrap: Callable[[Function], Function]) -> None:  # noqa: ANN401 - a class or module
        """Prepare to replace ``target.name`` with what *wrap* makes of it."""
        self._target, self._name, self._wrap = target, name, wrap
        self._own = name in vars(target)
        self._original: Function = None
        self._made: Function = None

    def apply(self) -> None:
        """Go on top, unless we are."""
        current = getattr(self._target, self._name)
        if hasattr(current, "instead_of"):
            return
        if current is not self._original:
            self._original, self._made = current, self._wrap(current)
            self._made.instead_of = current
        setattr(self._target, self._name, self._made)

    def undo(self) -> None:
        """Leave, if nobody is on top of us."""
        current = getattr(self._target, self._name)
        if not hasattr(current, "instead_of"):
            return
        while hasattr(current, "instead_of"):
            current = current.instead_of
        if self._own:
            setattr(self._target, self._name, current)
        else:
            delattr(self._target, self._name)
