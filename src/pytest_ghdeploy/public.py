"""What users import from ``pytest_ghdeploy`` itself, wherever it is defined."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def public(kind: type[T]) -> type[T]:
    """Let *kind* be named as users import it: ``pytest_ghdeploy.FakeError`` in reports, ``repr`` and pickles."""
    kind.__module__ = "pytest_ghdeploy"
    return kind
