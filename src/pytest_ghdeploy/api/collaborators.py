"""
Collaborators: who may do what on a repository.

An invitation is accepted as soon as it is made.

Source:
    https://docs.github.com/rest/collaborators/collaborators
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import PERMISSIONS, Invitation
from pytest_ghdeploy.github.rules import permissions as rules
from pytest_ghdeploy.serializers import repositories as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission, Repository, User
    from pytest_ghdeploy.store.store import Store


def add(
    store: Store, repository: Repository, inviter: User, user: User, *, permission: str = "push"
) -> Invitation | None:
    """
    Let *user* do something on a repository from now on.

    Args:
        permission: ``pull``, ``triage``, ``push``, ``maintain`` or ``admin``. It counts on an
            organization's repository; on a person's, it is always ``push``.

    Returns:
        How *user* was invited; ``None`` for one who was a collaborator before, and now has this right instead.

    Raises:
        Unprocessable: *user* is the owner, or there is no such permission. Nothing has changed.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator
    """
    right = rules.grantable(permission, in_organization=repository.owner.type == "Organization")
    _check_owner(repository, user)
    is_new = store.granted(repository, user) is None
    store.add_collaborator(repository, user, right)
    if not is_new:
        return None
    return store.invitations.add(
        Invitation(store.invitations.next_id, repository.id, user, inviter, right, store.clock.now)
    )


def remove(store: Store, repository: Repository, user: User) -> None:
    """
    Take from *user* what was granted; nothing happens where nothing was.

    Raises:
        Unprocessable: *user* is the owner.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#remove-a-repository-collaborator
    """
    _check_owner(repository, user)
    store.remove_collaborator(repository, user)


def _check_owner(repository: Repository, user: User) -> None:
    if user.id == repository.owner.id:
        raise refusals.owner_collaborates(f"{user.login} owns {repository.full_name}, and may do everything there")


def find(call: Call) -> User:
    """
    Look up the account in the path.

    Raises:
        NotFound: There is none, or it is an organization.
    """
    login = call.params["username"]
    row = call.store.user(login)
    if row is None or row.type == "Organization":
        there = errors.there_is(login, (user.login for user in call.store.users if user.type != "Organization"))
        raise refusals.not_found(f"there is no user {login!r}; {there}")
    return row


def _everyone(call: Call) -> list[tuple[User, Permission]]:
    owner = call.repository.owner
    granted = call.store.collaborators_on(call.repository)
    return granted if owner.type == "Organization" else [(owner, "admin"), *granted]


@route(
    "repos/list-collaborators",
    "GET /repos/{owner}/{repo}/collaborators",
    needs="admin",
    anonymous=False,
    permission="metadata",
)
def list_collaborators(call: Call) -> Reply:
    """List the owner and the collaborators, oldest first; ``affiliation`` and ``permission`` select some."""
    rows, wanted = _everyone(call), call.query.get("permission")
    if call.query.get("affiliation") == "outside":
        rows = [row for row in rows if row[0].id != call.repository.owner.id]
    if wanted in PERMISSIONS:
        rows = [row for row in rows if rules.allows(row[1], cast("Permission", wanted))]
    return Reply(200, Listing(rows, lambda row: as_json.collaborator(row[0], row[1], call.urls)))


@route(
    "repos/check-collaborator",
    "GET /repos/{owner}/{repo}/collaborators/{username}",
    needs="admin",
    anonymous=False,
    permission="metadata",
    finds=find,
)
def check_collaborator(call: Call) -> Reply:
    """Answer 204 for the owner and for a collaborator."""
    user: User = call.found
    known = [one for one, _ in _everyone(call)]
    if user not in known:
        there = errors.there_is(user.login, (one.login for one in known))
        raise refusals.not_found(f"{user.login} is no collaborator of {call.repository.full_name}; {there}")
    return Reply(204)


@route("repos/add-collaborator", "PUT /repos/{owner}/{repo}/collaborators/{username}", needs="admin", finds=find)
def add_collaborator(call: Call) -> Reply:
    """Add a collaborator, or change what one may do."""
    made = add(call.store, call.repository, call.actor, call.found, **call.arguments_for(add))
    return Reply(201, as_json.invitation(made, call.repository, call.urls)) if made else Reply(204)


@route("repos/remove-collaborator", "DELETE /repos/{owner}/{repo}/collaborators/{username}", needs="admin", finds=find)
def remove_collaborator(call: Call) -> Reply:
    """Remove a collaborator."""
    remove(call.store, call.repository, call.found)
    return Reply(204)


@route(
    "repos/get-collaborator-permission-level",
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    needs="admin",
    anonymous=False,
    permission="metadata",
    finds=find,
)
def get_collaborator_permission_level(call: Call) -> Reply:
    """Show what a user may do, collaborator or not."""
    user: User = call.found
    right = rules.permission(call.repository, user, call.store.granted(call.repository, user))
    shown = as_json.collaborator(user, right, call.urls)
    return Reply(200, {"permission": rules.level(right), "role_name": rules.role(right), "user": shown})
