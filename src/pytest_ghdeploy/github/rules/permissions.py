"""
GitHub's decisions about permissions: who may do what in a repository.

Source: https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import PERMISSIONS

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import (
        Permission,
        Repository,
        User,
    )


# Who may do what


def permission(repository: Repository, user: User | None, granted: Permission | None) -> Permission | None:
    """
    Find the strongest right that *user* has on *repository*, ``None`` for none at all.

    Args:
        user: ``None`` for an anonymous caller.

        granted: The right the user has as a collaborator, if any.

    Owners may do everything, everyone may read what is public.
    """
    if user is not None and user.id == repository.owner.id:
        return "admin"
    if granted is None and not repository.private:
        return "pull"
    return granted


def allows(has: Permission | None, needed: Permission) -> bool:
    """Tell whether the right *has* includes the one *needed*."""
    return has is not None and PERMISSIONS.index(has) >= PERMISSIONS.index(needed)


def role(permission: Permission | None) -> str:
    """Name a right as GitHub shows it to people."""
    return {"pull": "read", "push": "write"}.get(permission, permission) if permission else "none"


def level(permission: Permission | None) -> str:
    """
    Name a right as GitHub did before there were five: ``admin``, ``write``, ``read`` or ``none``.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    return "read" if permission == "triage" else "write" if permission == "maintain" else role(permission)


def grantable(permission: str, *, in_organization: bool) -> Permission:
    """
    Find the right that a new collaborator gets; on a person's repository it is ``push``, whatever is asked for.

    Raises:
        Unprocessable: There is no such right.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator
    """
    if permission not in PERMISSIONS:
        hint = f"a collaborator may have {', '.join(PERMISSIONS)}; got {permission!r}"
        raise refusals.no_such_permission(permission, hint)
    return cast("Permission", permission) if in_organization else "push"
