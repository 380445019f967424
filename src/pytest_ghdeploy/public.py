"""Show public classes under ``pytest_ghdeploy``, from which users import them, wherever they are defined."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def public(kind: type[T]) -> type[T]:
    """Name a class as users import it: ``pytest_ghdeploy.FakeError`` in reports, ``repr`` and pickles."""
    kind.__module__ = "pytest_ghdeploy"
    return kind
