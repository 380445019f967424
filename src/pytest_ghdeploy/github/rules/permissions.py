"""
GitHub's decisions about a user's right on a repository.

Source: https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import PERMISSIONS

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Permission, Repository, User


def permission(repository: Repository, user: User | None, granted: Permission | None) -> Permission | None:
    """
    Find the strongest right that *user* has on *repository*, ``None`` for none.

    The owner has ``admin``. Everyone has ``pull`` on a public repository.

    Args:
        user: ``None`` for an anonymous caller.

        granted: The user's right as a collaborator, if any.
    """
    if user is not None and user.id == repository.owner.id:
        return "admin"
    if granted is None and not repository.private:
        return "pull"
    return granted


def allows(has: Permission | None, needed: Permission) -> bool:
    """Return whether the right *has* includes the right *needed*."""
    return has is not None and PERMISSIONS.index(has) >= PERMISSIONS.index(needed)


AuthorAssociation = Literal["OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR", "NONE"]


def author_association(
    user: User, repository: Repository, granted: Permission | None, *, is_member: bool, has_committed: bool
) -> AuthorAssociation:
    """
    Return GitHub's word for how the author of a pull request or comment is associated with the repository.

    Args:
        granted: The author's right as a collaborator, if any.

        is_member: Whether the author is a member of the organization that owns the repository.

        has_committed: Whether the default branch has a commit by the author.

    Source:
        https://docs.github.com/graphql/reference/enums#commentauthorassociation
    """
    if user.id == repository.owner.id:
        return "OWNER"
    if is_member:
        return "MEMBER"
    if granted is not None:
        return "COLLABORATOR"
    return "CONTRIBUTOR" if has_committed else "NONE"


def role(permission: Permission | None) -> str:
    """Return the name of a right on GitHub's web pages: ``read`` for ``pull``, ``write`` for ``push``."""
    return {"pull": "read", "push": "write"}.get(permission, permission) if permission else "none"


def level(permission: Permission | None) -> str:
    """
    Return the older name of a right: ``admin``, ``write``, ``read`` or ``none``.

    GitHub once had three rights instead of five. ``maintain`` is ``write`` and ``triage`` is ``read``.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    return "read" if permission == "triage" else "write" if permission == "maintain" else role(permission)


def grantable(permission: str, *, in_organization: bool) -> Permission:
    """
    Find the right that a new collaborator gets: *permission*, but always ``push`` on a person's repository.

    Raises:
        Unprocessable: *permission* does not exist.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator
    """
    if permission not in PERMISSIONS:
        hint = f"the permission of a collaborator is one of {', '.join(PERMISSIONS)}; got {permission!r}"
        raise refusals.no_such_permission(permission, hint)
    return cast("Permission", permission) if in_organization else "push"
