"""Branches, tags and commits as a test reads them, and the author of a commit that a test adds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.git import Signature
from pytest_ghdeploy.interface.arguments import check_type, time_of, user_called
from pytest_ghdeploy.public import public
from pytest_ghdeploy.serializers.accounts import email

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github import git
    from pytest_ghdeploy.github.model import User
    from pytest_ghdeploy.store.store import Store


@public
class Branch(NamedTuple):
    """
    A branch as it was when it was read.

    Attributes:
        sha: The SHA of its head.

        protected: Whether a rule protects it: see ``Repository.protect_branch``.
    """

    name: str
    sha: str
    protected: bool = False


@public
class Tag(NamedTuple):
    """
    A tag as it was when it was read.

    Attributes:
        sha: The SHA of the tagged commit.

        protected: Whether a protection rule applies to it. Tags of the fake are never protected.
    """

    name: str
    sha: str
    protected: bool = False


@public
class CommitAuthor(NamedTuple):
    """
    The author of a commit.

    Attributes:
        date: The time of the commit, in UTC.

        login: The login of the account with this email address; ``None`` if no account has it.
    """

    name: str
    email: str
    date: datetime
    login: str | None


@public
class Commit(NamedTuple):
    """
    A commit.

    Attributes:
        parents: The SHAs of its parents, two for a merge commit.
    """

    sha: str
    message: str
    author: CommitAuthor
    parents: tuple[str, ...]


def commit_of(row: git.Commit) -> Commit:
    """Make the commit that a test reads."""
    address = email(row.author)
    signature = row.written_by or Signature(row.author.login, address, row.committed_at)
    login = row.author.login if signature.email == address else None
    author = CommitAuthor(signature.name, signature.email, signature.date.astimezone(UTC), login)
    return Commit(row.sha, row.message, author, row.parents)


def signed(
    store: Store, author: str | Mapping[str, str] | None, date: datetime | None
) -> tuple[User, tuple[Signature | None, Signature | None]]:
    """
    Find the account, the author and the committer of a commit that a test adds.

    Args:
        author: A login, or a mapping with ``name`` and ``email``; ``None`` for the default user.

        date: The time of the commit; ``None`` for now.

    Raises:
        FakeError: *author* is unknown or incomplete, or *date* has no time zone or is outside the years 1 to 9999.
    """
    time_of("date", date)
    when = date.replace(microsecond=0) if date else None
    if not isinstance(author, Mapping):
        user = user_called(store, author, "author")
        signature = None if when is None else Signature(user.login, email(user), when)
        return user, (signature, signature)
    if sorted(author) != ["email", "name"]:
        msg = f"author must be a login, or a mapping with name and email; got {dict(author)!r}"
        raise FakeError(msg, argument="author")
    for key in ("name", "email"):
        check_type(f"the {key} of author", author[key] or None, str, "a non-empty string", argument="author")
    user = store.default_user
    written_by = Signature(author["name"], author["email"], when or store.clock.now)
    return user, (written_by, None if when is None else Signature(user.login, email(user), when))
