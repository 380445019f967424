"""
GitHub's decisions about secrets and variables.

Source: https://docs.github.com/actions/reference/security/secrets and
https://docs.github.com/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_ghdeploy.github import refusals_secrets as refusals

if TYPE_CHECKING:
    from pytest_ghdeploy.github.refusals_secrets import Kind

VALUE_LIMIT = 48 * 1024
"""Bytes of a value."""
COUNT_LIMIT = 100
"""Secrets of an environment. It may have as many variables."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_RESERVED = "GITHUB_"


def stored_name(kind: Kind, name: str) -> str:
    """
    Return the *name* of a secret or variable as GitHub stores and shows it: in upper case.

    Raises:
        Unprocessable: GitHub does not allow the name. The texts were quoted for secrets [guess: for variables].

    Source:
        Recorded for secrets (PyGithub: ``secret_name`` is shown as ``SECRET_NAME``), documented for both.
    """
    if not _NAME.fullmatch(name):
        text = (
            "can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not "
            "allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
        )
        hint = f"the name {name!r} has a character that is not allowed, or starts with a digit"
        raise refusals.invalid_name(kind, text, hint)
    upper = name.upper()
    if upper.startswith(_RESERVED):
        hint = f"the name {name!r} starts with {_RESERVED}, which GitHub keeps for its own"
        raise refusals.invalid_name(kind, f"must not start with {_RESERVED}.", hint)
    return upper


def check_value(kind: Kind, size: int) -> None:
    """
    Refuse a value that is too large.

    Args:
        size: The bytes of the value, of a secret before it was encrypted.

    Raises:
        Unprocessable: The value has more than 48 KB.
    """
    if size > VALUE_LIMIT:
        raise refusals.too_large(kind, VALUE_LIMIT, size)


def check_count(kind: Kind, count: int) -> None:
    """
    Refuse another secret or variable of an environment that has *count* already.

    Raises:
        Unprocessable: The environment has 100.
    """
    if count >= COUNT_LIMIT:
        raise refusals.too_many(kind, COUNT_LIMIT)
