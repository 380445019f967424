"""
What the endpoints of git's objects share. They are in ``blobs``, ``trees``, ``git_commits`` and ``git_tags``.

Source:
    https://docs.github.com/rest/git
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github.git import Signature
from pytest_ghdeploy.github.rules import git_database as rules
from pytest_ghdeploy.serializers.accounts import email

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_ghdeploy.api.routing import Call
    from pytest_ghdeploy.github.model import User


def no_object(call: Call, kind: str, sha: str) -> str:
    """Explain that the repository has no object of this kind, for a hint."""
    actual = call.store.git(call.repository).kind_of(sha)
    return f"{sha} is a {actual}" if actual else f"{call.repository.full_name} has no {kind} {sha}"


def signature(role: str, fields: Mapping[str, str] | None, actor: User, now: datetime) -> Signature:
    """
    Make the author, committer or tagger of a new object: *actor*, now, if the client chooses none.

    Raises:
        Unprocessable: The name or the email address is empty, or the date is outside the years 1 to 9999.
    """
    if fields is None:
        return Signature(actor.login, email(actor), now)
    rules.check_person(role, fields)
    return Signature(fields["name"], fields["email"], rules.date_of(role, fields, now))
