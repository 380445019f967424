"""The payload of `push`, as tables. The source is payloads that users published in 2026."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.git import Commit, Signature
from pytest_ghdeploy.github.model import Repository, User
from pytest_ghdeploy.github.trees import Tree
from pytest_ghdeploy.github.urls import PUBLIC_API, Urls
from pytest_ghdeploy.http import schema
from pytest_ghdeploy.serializers import events
from pytest_ghdeploy.serializers.accounts import email, local_time

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import AccountType

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
URLS = Urls.of(PUBLIC_API)
MONA = User(1, "mona", "User", NOW)
THERE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
HERE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(-timedelta(hours=9, minutes=30)))


def push(
    sender: User = MONA, owner: User = MONA, author: Signature | None = None, committer: Signature | None = None
) -> Any:  # noqa: ANN401 - JSON
    """Make the payload of a push of one commit."""
    repository = Repository(7, owner, "example", False, "main", NOW, NOW, NOW)  # noqa: FBT003 - a row
    commit = Commit("a" * 40, (), Tree(), "Update", MONA, NOW, 1, author, committer)
    pushed = events.PushedCommit(commit, (), distinct=True)
    payload = events.push("refs/heads/main", "b" * 40, "a" * 40, [pushed], pushed, repository, sender, URLS)
    schema.check_event("push", payload)
    return payload


@pytest.mark.parametrize(
    ("login", "kind", "address"),
    [
        ("mona", "User", "9+mona@users.noreply.github.com"),
        ("vercel[bot]", "Bot", None),
        ("github-actions[bot]", "Bot", None),
    ],
)
def test_a_bot_that_pushes_has_no_email_address(login: str, kind: AccountType, address: str | None) -> None:
    """A user has the address that GitHub assigns (XAMPPRocky/octocrab#799)."""
    assert push(sender=User(9, login, kind, NOW))["pusher"] == {"name": login, "email": address}


@pytest.mark.parametrize(("kind", "address"), [("User", "9+acme@users.noreply.github.com"), ("Organization", None)])
def test_the_owner_of_a_pushed_repository(kind: AccountType, address: str | None) -> None:
    """It has a name and an email address, which is null for an organization."""
    owner = push(owner=User(9, "acme", kind, NOW))["repository"]["owner"]
    assert (owner["name"], owner["email"], owner["login"]) == ("acme", address, "acme")


@pytest.mark.parametrize(
    ("author", "committer", "expected"),
    [
        (None, None, ("2026-11-20T12:00:30Z", "2026-11-20T12:00:30Z")),
        (THERE, THERE, ("2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+02:00")),
        (THERE, HERE, ("2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05-09:30")),
        (THERE, None, ("2026-01-02T03:04:05+02:00", "2026-11-20T12:00:30Z")),
        (None, THERE, ("2026-11-20T12:00:30Z", "2026-01-02T03:04:05+02:00")),
        (THERE.astimezone(UTC), None, ("2026-01-02T01:04:05Z", "2026-11-20T12:00:30Z")),
    ],
)
def test_pushed_commits_keep_the_offsets_of_their_times(
    author: datetime | None, committer: datetime | None, expected: tuple[str, str]
) -> None:
    """Author and committer each have a `date`. The commit's `timestamp` is the author's."""
    by_mona = [Signature("Mona", "mona@example.com", when) if when else None for when in (author, committer)]
    payload = push(author=by_mona[0], committer=by_mona[1])
    for commit in (payload["head_commit"], *payload["commits"]):
        assert (commit["author"]["date"], commit["committer"]["date"]) == expected
        assert commit["timestamp"] == expected[0]


def test_an_author_with_an_account_has_a_username() -> None:
    """One with an unknown address has none. Both have a date."""
    chosen = Signature("The Cat", email(MONA), NOW)
    commit = push(author=chosen, committer=Signature("Hubot", "hubot@example.com", NOW))["head_commit"]
    assert commit["author"] == {
        "name": "The Cat", "email": email(MONA), "username": "mona", "date": "2026-11-20T12:00:30Z",
    }  # fmt: skip
    assert commit["committer"] == {"name": "Hubot", "email": "hubot@example.com", "date": "2026-11-20T12:00:30Z"}


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (NOW, "2026-11-20T12:00:30Z"),
        (THERE, "2026-01-02T03:04:05+02:00"),
        (HERE, "2026-01-02T03:04:05-09:30"),
    ],
)
def test_local_times(when: datetime, text: str) -> None:
    """A time keeps its offset, and UTC is a `Z`."""
    assert local_time(when) == text


@pytest.mark.parametrize(("kind", "expected"), [("User", None), ("Organization", {})])
def test_only_an_organizations_repository_has_custom_properties(kind: AccountType, expected: object) -> None:
    """A user's has no such member."""
    assert push(owner=User(9, "acme", kind, NOW))["repository"].get("custom_properties") == expected
