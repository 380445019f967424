"""
Users.

Source:
    https://docs.github.com/rest/users/users
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.serializers import accounts as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import User


def _repositories(call: Call, owner: User, *, private: bool) -> int:
    return len(call.store.repositories.where(owner=owner, private=private))


@route("users/get-authenticated", "GET /user", anonymous=False)
def get_authenticated(call: Call) -> Reply:
    """Show the caller's own account."""
    return Reply(
        200,
        as_json.private_user(
            call.actor,
            call.urls,
            public_repos=_repositories(call, call.actor, private=False),
            private_repos=_repositories(call, call.actor, private=True),
            collaborators=call.store.collaborators(call.actor),
        ),
    )


def find(call: Call) -> User:
    """
    Look up the account in the path.

    Raises:
        NotFound: The account does not exist.
    """
    login = call.params["username"]
    row = call.store.user(login)
    if row is None:
        known = errors.known_values(login, (user.login for user in call.store.users))
        raise refusals.not_found(f"unknown user {login!r}; {known}")
    return row


@route("users/get-by-username", "GET /users/{username}", finds=find)
def get_by_username(call: Call) -> Reply:
    """Show the public profile of an account."""
    row: User = call.found
    public_repos = _repositories(call, row, private=False)
    return Reply(200, as_json.public_user(row, call.urls, public_repos=public_repos))
