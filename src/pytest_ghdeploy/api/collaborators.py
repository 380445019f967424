"""
Collaborators and their rights on a repository.

The fake accepts invitations at once.

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
    Make *user* a collaborator on a repository, or change a collaborator's right.

    Args:
        permission:
            ``pull``, ``triage``, ``push``, ``maintain`` or ``admin``. On a
            person's repository, the right is always ``push``.

    Returns:
        The invitation; ``None`` if *user* already was a collaborator.

    Raises:
        Unprocessable: *user* is the owner, or the permission does not exist. Nothing has changed.

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
    Remove *user* from the collaborators, if present.

    Raises:
        Unprocessable: *user* is the owner.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#remove-a-repository-collaborator
    """
    _check_owner(repository, user)
    store.remove_collaborator(repository, user)


def _check_owner(repository: Repository, user: User) -> None:
    if user.id == repository.owner.id:
        raise refusals.owner_collaborates(f"{user.login} owns {repository.full_name} and already has all rights")


def find(call: Call) -> User:
    """
    Look up the account in the path.

    Raises:
        NotFound: The account does not exist or is an organization.
    """
    login = call.params["username"]
    row = call.store.user(login)
    if row is None or row.type == "Organization":
        known = errors.known_values(login, (user.login for user in call.store.users if user.type != "Organization"))
        raise refusals.not_found(f"unknown user {login!r}; {known}")
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
    """List the owner and the collaborators, oldest first, filtered by ``affiliation`` and ``permission``."""
    rows, permission = _everyone(call), call.query.get("permission")
    if call.query.get("affiliation") == "outside":
        rows = [row for row in rows if row[0].id != call.repository.owner.id]
    if permission in PERMISSIONS:
        rows = [row for row in rows if rules.allows(row[1], cast("Permission", permission))]
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
    """Return 204 if the user is the owner or a collaborator."""
    user: User = call.found
    collaborators = [collaborator for collaborator, _ in _everyone(call)]
    if user not in collaborators:
        known = errors.known_values(user.login, (collaborator.login for collaborator in collaborators))
        raise refusals.not_found(f"{user.login} is not a collaborator of {call.repository.full_name}; {known}")
    return Reply(204)


@route("repos/add-collaborator", "PUT /repos/{owner}/{repo}/collaborators/{username}", needs="admin", finds=find)
def add_collaborator(call: Call) -> Reply:
    """Add a collaborator, or change a collaborator's right."""
    invitation = add(call.store, call.repository, call.actor, call.found, **call.arguments_for(add))
    return Reply(201, as_json.invitation(invitation, call.repository, call.urls)) if invitation else Reply(204)


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
    """Show the right of any user, collaborator or not."""
    user: User = call.found
    right = rules.permission(call.repository, user, call.store.granted(call.repository, user))
    collaborator = as_json.collaborator(user, right, call.urls)
    return Reply(200, {"permission": rules.level(right), "role_name": rules.role(right), "user": collaborator})
