"""
GitHub's decisions about comments and reactions.

Source: https://docs.github.com/rest/commits/comments and https://docs.github.com/rest/issues/comments
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github import refusals_issues as refusals
from pytest_ghdeploy.github.rules.permissions import allows

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission

BODY_LIMIT = 262_144
"""Bytes of UTF-8 in the body of a comment. GitHub's message mentions 65,536 characters, each of up to four bytes."""


def check_body(resource: str, body: str) -> None:
    """
    Refuse the body of a comment that is blank or too long.

    Args:
        resource: GitHub's name for the kind of comment, such as ``CommitComment``.

        body: At least one character that is not white space, and at most ``BODY_LIMIT`` bytes.

    Raises:
        Unprocessable: It is blank or too long.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub, for bytes instead of characters.
    """
    if not body.strip():
        raise refusals.blank_body(resource, "body is empty, or has white space only")
    if (length := len(body.encode())) > BODY_LIMIT:
        raise refusals.body_too_long(resource, f"body has {length:,} bytes in UTF-8; the limit is {BODY_LIMIT:,}")


def check_new_issue_comment(body: str) -> None:
    """
    Refuse the body of a new comment on an issue, by the same rules as ``check_body`` but with another text.

    Raises:
        Unprocessable: It is blank or too long.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub.
    """
    if not body.strip():
        raise refusals.invalid_new_comment("cannot be blank", "body is empty, or has white space only")
    if (length := len(body.encode())) > BODY_LIMIT:
        hint = f"body has {length:,} bytes in UTF-8; the limit is {BODY_LIMIT:,}"
        raise refusals.invalid_new_comment(refusals.TOO_LONG, hint)


def check_author(author: str, caller: str, *, right: Permission | None, is_app: bool) -> None:
    """
    Refuse to change a comment that the caller may not change.

    Its author may change it, and so may everyone with the right ``push``, and an app that acts as itself, whose
    permissions were checked before.

    Args:
        author: The login of the author.

        caller: The login of the caller.

        right: The caller's right on the repository.

        is_app: Whether the caller is an app that acts as itself.

    Raises:
        Forbidden: The caller is none of these.

    Source:
        https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization
    """
    if author != caller and not is_app and not allows(right, "push"):
        hint = f"{author} wrote this, and {caller} has the right {right!r}; changing it needs 'push'"
        raise refusals.not_the_author(hint)


def check_reaction_owner(owner: str, caller: str) -> None:
    """
    Refuse to delete a reaction of another account [guess].

    Raises:
        Forbidden: *owner* and *caller* differ.
    """
    if owner != caller:
        raise refusals.not_the_author(f"this is a reaction of {owner}, and the caller is {caller}")


def place(path: str | None, position: int | None, line: int | None) -> tuple[str | None, int | None, int | None]:
    """
    Find the place in a commit that a comment is about. Without a path, it is about the whole commit.

    Source:
        Observed in github3.py's recording RepoComment_edit: a line without a path is dropped
        [guess: a position without a path too].
    """
    return (path, position, line) if path else (None, None, None)
