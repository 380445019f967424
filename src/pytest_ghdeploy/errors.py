"""
The errors for the author of a test.

::

    FakeError               a mistake in the use of the fake
      UnsupportedRequest    a request that no active fake can answer

GitHub's refusals, which clients receive, are in ``github/refusals.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Iterable


TROUBLESHOOTING = "docs/troubleshooting.md"
"""The page that explains messages. Once the documentation has an address on the web, it starts with that."""


def with_page(message: str, see: str) -> str:
    """End a long message with the place where the page explains it. *see* is the heading, as it is in a link."""
    return f"{message.removesuffix('.')}. See {TROUBLESHOOTING}#{see}" if see else message


@public
class FakeError(Exception):
    """
    A mistake in the use of the fake. The message gives the known values or the next step.

    The state has not changed, unless the documentation of the method says otherwise.

    The message shows no values under names that mark secrets, and no credentials in URLs.

    Attributes:
        argument: The name of the wrong argument, such as ``"ref"``; ``None`` if the error is about no argument, or
            about several. For a seed, the path in the document, such as ``"repositories[0].branches[1].name"``.
    """

    def __init__(self, message: str = "", *, argument: str | None = None, see: str = "") -> None:
        """
        Create an error. *argument* is the name of the wrong argument.

        A long message takes *see*, the heading of docs/troubleshooting.md that explains it, as it is in a link.
        """
        from pytest_ghdeploy.redaction.content import hide  # only an error needs it

        super().__init__(with_page(hide(message), see))
        self.argument = argument


@public
class UnsupportedRequest(FakeError):
    """A request to one of GitHub's hosts that no active fake can answer. It also fails the test that sent it."""

    # For ``ghdeploy run``, where the endpoint is GitHub's, and only the fake lacks it.
    _operation_id = ""
    _stub = ""


def unknown(
    what: str, value: object, known: Iterable[object], *, more: str = "", argument: str | None = None
) -> FakeError:
    """Create an error for an unknown value of *argument*. The message lists the *known* values, closest first."""
    return FakeError(f"unknown {what} {value!r}{more}; {known_values(value, known)}", argument=argument)


_LISTED = 20
_COMPARED, _BESIDE = 200, 50
"""The most names that are all compared with a value. Of more, so many on each side of it are compared."""


def known_values(value: object, known: Iterable[object]) -> str:
    """List the *known* values, closest to *value* first, at most 20."""
    import difflib

    names = [str(name) for name in known]
    if not names:
        return "known: none"
    near = difflib.get_close_matches(str(value), nearby(str(value), names), n=5, cutoff=0.5)
    ordered = near + [name for name in names if name not in near]
    shown = ", ".join(ordered[:_LISTED])
    if len(ordered) > _LISTED:
        shown += f" and {len(ordered) - _LISTED} more"
    return f"known: {shown}"


def nearby(name: str, names: list[str]) -> list[str]:
    """
    Select the *names* that may be similar to *name*.

    Comparing two names is slow. Of more than 200, only those are selected that are
    next to *name* in alphabetical order, by their beginnings or by their endings.
    """
    from bisect import bisect_left

    if len(names) <= _COMPARED:
        return names
    near: dict[str, None] = {}
    for step in (1, -1):
        ordered = sorted(other[::step] for other in names)
        place = bisect_left(ordered, name[::step])
        near |= dict.fromkeys(other[::step] for other in ordered[max(0, place - _BESIDE) : place + _BESIDE])
    return list(near)


def kind_of(value: object) -> str:
    """Describe the type of a value, without the value, which may be a secret."""
    from collections.abc import Mapping
    from datetime import date, time

    if isinstance(value, bool):
        return str(value).lower()
    kinds: tuple[tuple[Any, str], ...] = (
        (type(None), "nothing"),
        (int, "a number"),
        (float, "a decimal number"),
        (str, "a string"),
        (date, "a date"),
        (time, "a time"),
        (Mapping, "a mapping"),
        ((list, tuple), "a list"),
    )
    return next((description for kind, description in kinds if isinstance(value, kind)), type(value).__name__)
