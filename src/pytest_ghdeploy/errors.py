"""
What a test's author is told.

::

    FakeError               a mistake in how a test uses the fake
      UnsupportedRequest    a request that no fake here can answer

GitHub's refusals, which clients receive, are in ``github/refusals.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Iterable


@public
class FakeError(Exception):
    """
    A mistake in how a test uses the fake, with what there is and what to do.

    Nothing has changed when it is raised, unless the method that raises it says otherwise.

    Attributes:
        argument: The argument that it is about, such as ``"ref"``; ``None`` if it is about none, or several. For a
            seed it is the place in the document, such as ``"repositories[0].branches[1].name"``.
    """

    def __init__(self, message: str = "", *, argument: str | None = None) -> None:
        """Say in *message* what is wrong, and which *argument* is to be changed."""
        super().__init__(message)
        self.argument = argument


@public
class UnsupportedRequest(FakeError):
    """A request to one of GitHub's hosts that no fake here can answer. It also fails the test that made it."""


def unknown(
    what: str, asked: object, known: Iterable[object], *, more: str = "", argument: str | None = None
) -> FakeError:
    """Say that *asked*, which *argument* holds, is not among the *known* ones, nearest first."""
    return FakeError(f"unknown {what} {asked!r}{more}; {there_is(asked, known)}", argument=argument)


_LISTED = 20


def there_is(asked: object, known: Iterable[object]) -> str:
    """List what there is, those most like *asked* first, at most twenty."""
    import difflib

    names = [str(name) for name in known]
    if not names:
        return "known: none"
    near = difflib.get_close_matches(str(asked), names, n=5, cutoff=0.5)
    ordered = near + [name for name in names if name not in near]
    shown = ", ".join(ordered[:_LISTED])
    if len(ordered) > _LISTED:
        shown += f" and {len(ordered) - _LISTED} more"
    return f"known: {shown}"


def kind_of(value: object) -> str:
    """Say what a value is, and not which: it may be a secret."""
    from collections.abc import Mapping
    from datetime import date, time

    if isinstance(value, bool):
        return str(value).lower()
    kinds: tuple[tuple[Any, str], ...] = (
        (type(None), "nothing"),
        (int, "a number"),
        (float, "a number with a point"),
        (str, "a string"),
        (date, "a date"),
        (time, "a time"),
        (Mapping, "a mapping"),
        ((list, tuple), "a list"),
    )
    return next((called for kind, called in kinds if isinstance(value, kind)), type(value).__name__)
