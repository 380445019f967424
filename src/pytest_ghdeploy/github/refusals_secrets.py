"""
GitHub's refusals of secrets and variables, and their texts.

Texts that no source confirms are marked [guess].
"""

from __future__ import annotations

from typing import Literal

from pytest_ghdeploy.github.refusals import Conflict, Unprocessable

Kind = Literal["Secret", "Variable"]

# Refusals of a secret's name still link to the page of earlier years (millylee/anyrouter-check-in#126, of 2026).
_OLD_PAGE = "https://docs.github.com/rest/reference/actions#create-or-update-an-environment-secret"


def invalid_name(kind: Kind, problem: str, hint: str) -> Unprocessable:
    """
    Refuse the name of a secret or variable [guess: for variables].

    Source:
        millylee/anyrouter-check-in#126 and softprops/action-gh-release#424, for secrets.
    """
    page = _OLD_PAGE if kind == "Secret" else None
    return Unprocessable(f"{kind} names {problem}", hint=hint, documentation_url=page, field="name")


def variable_exists(hint: str) -> Conflict:
    """Refuse a variable that already exists."""
    return Conflict("Already exists - Variable already exists", hint=hint, field="name")


def too_large(kind: Kind, limit: int, size: int) -> Unprocessable:
    """Refuse a value above the limit [guess: the text]."""
    hint = f"the value has {size:,} bytes; the limit is {limit:,}"
    field = "encrypted_value" if kind == "Secret" else "value"
    return Unprocessable(f"{kind} value is too large (maximum is {limit // 1024} KB)", hint=hint, field=field)


def too_many(kind: Kind, limit: int) -> Unprocessable:
    """Refuse a secret or variable above the limit [guess: the text]."""
    hint = f"the environment has {limit} {kind.lower()}s, which is the limit"
    return Unprocessable(f"{kind}s cannot exceed {limit} for an environment", hint=hint, field="name")
