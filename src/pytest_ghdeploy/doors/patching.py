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
    order. If somebody is on top when we leave, our function stays below and
    must pass everything on once no fake is active.
    """

    def __init__(self, target: Any, name: str, wrap: Callable[[Function], Function]) -> None:  # noqa: ANN401 - a class or module
        """Replace ``target.name`` with what *wrap* makes of it."""
        self._target, self._name, self._wrap = target, name, wrap
        self._own = name in vars(target)
        self._apply()

    def _apply(self) -> None:
        self._original = getattr(self._target, self._name)
        self._ours = self._wrap(self._original)
        self._ours.of_ghdeploy = True
        setattr(self._target, self._name, self._ours)

    def reassert(self) -> None:
        """Go on top again, if anybody else has come since."""
        if not hasattr(getattr(self._target, self._name), "of_ghdeploy"):
            self._apply()

    def undo(self) -> None:
        """Put the original back, unless somebody else is on top."""
        if getattr(self._target, self._name) is not self._ours:
            return
        if self._own:
            setattr(self._target, self._name, self._original)
        else:
            delattr(self._target, self._name)
