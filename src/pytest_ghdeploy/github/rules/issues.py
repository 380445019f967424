"""
GitHub's decisions about issues.

Source: https://docs.github.com/rest/issues/issues
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER_SET = ("milestone", "assignee", "type")
"""The filters for what no issue of the fake has."""

_UNSUPPORTED = ("assignee", "assignees", "milestone", "type", "issue_field_values", "duplicate_issue_id")


def unsupported(body: Mapping[str, Any]) -> list[str]:
    """List the members of a request that set what no issue of the fake can have."""
    return [name for name in _UNSUPPORTED if body.get(name) not in (None, "", [])]


def has_none(wanted: str | None) -> bool:
    """Return whether a filter of ``NEVER_SET`` selects issues without a value: ``none``, or no filter."""
    return wanted in (None, "none")


def mentions(body: str | None, login: str | None) -> bool:
    """Return whether a *body* mentions an account, ignoring case. Without a *login*, every body matches."""
    if login is None:
        return True
    return re.search(rf"(?<![\w@])@{re.escape(login)}(?![\w-])", body or "", re.IGNORECASE) is not None
