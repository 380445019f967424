"""Helpers for tests that expect GitHub's validation errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ghdeploy.github.refusals import Unprocessable


def error_in(refusal: Unprocessable) -> dict[str, str]:
    """Return the only error of a refusal with the message ``Validation Failed``."""
    assert refusal.message == "Validation Failed"
    (error,) = refusal.errors
    assert isinstance(error, dict)
    return error


def too_long(resource: str, field: str, limit: int) -> dict[str, str]:
    """Return the error for a string longer than *limit* characters."""
    message = f"{field} is too long (maximum is {limit} characters)"
    return {"resource": resource, "code": "custom", "field": field, "message": message}
