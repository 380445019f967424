"""Labels as a test reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from pytest_ghdeploy.github import pull_requests


@public
class Label(NamedTuple):
    """
    A label as it was when it was read.

    Attributes:
        color: Six hexadecimal digits.

        default: Whether it is one of the nine labels that every repository has from the start.
    """

    id: int
    name: str
    color: str
    description: str | None = None
    default: bool = False


def label_of(row: pull_requests.Label) -> Label:
    """Make the label that a test reads."""
    return Label(row.id, row.name, row.color, row.description, row.default)
