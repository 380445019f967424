"""
GitHub's decisions about lists of repositories: which are in a list, and in which order.

Source: https://docs.github.com/rest/repos/repos#list-repositories-for-the-authenticated-user
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, get_args

from pytest_ghdeploy.github import refusals_releases as refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_ghdeploy.github.model import Permission, Repository, User

Affiliation = Literal["owner", "collaborator", "organization_member"]
_AFFILIATIONS = frozenset(get_args(Affiliation))


def affiliation(
    repository: Repository, user: User, granted: Permission | None, *, is_member: bool, has_all_rights: bool
) -> Affiliation | None:
    """
    Find how a user is affiliated with a repository; ``None`` without an affiliation.

    Args:
        granted: The user's right as a collaborator, if any.

        is_member: Whether the user is in a team of the repository's organization.

        has_all_rights: Whether every account has all rights, as long as any token is accepted.
    """
    if repository.owner.id == user.id:
        return "owner"
    if granted:
        return "collaborator"
    if is_member or (has_all_rights and repository.owner.type == "Organization"):
        return "organization_member"
    return "collaborator" if has_all_rights else None


def check_filters(query: Mapping[str, str]) -> None:
    """
    Refuse filters that exclude each other.

    Raises:
        Unprocessable: ``type`` is given with ``visibility`` or ``affiliation`` [guess: the text].
    """
    rivals = [name for name in ("visibility", "affiliation") if name in query]
    if "type" in query and rivals:
        raise refusals.rival_filters(f"the query has type and {' and '.join(rivals)}")


def is_in_own_list(repository: Repository, affiliated: Affiliation, query: Mapping[str, str]) -> bool:
    """Return whether a repository of the caller's passes the filters. Values that do not exist are ignored [guess]."""
    is_public = {"public": not repository.private, "private": repository.private}
    is_of_kind = {**is_public, "owner": affiliated == "owner", "member": affiliated != "owner"}
    wanted = {name.strip() for name in query.get("affiliation", "").split(",")} & _AFFILIATIONS
    since, before = _time(query.get("since")), _time(query.get("before"))
    return (
        is_public.get(query.get("visibility", ""), True)
        and is_of_kind.get(query.get("type", ""), True)
        and (not wanted or affiliated in wanted)
        and (since is None or repository.updated_at >= since)
        and (before is None or repository.updated_at <= before)
    )


def is_in_organizations_list(repository: Repository, affiliated: Affiliation | None, kind: str) -> bool:
    """Return whether a repository of an organization is of a *kind*: the filter ``type``. The fake has no forks."""
    kinds = {
        "public": not repository.private,
        "private": repository.private,
        "forks": False,
        "member": affiliated is not None,
    }
    return kinds.get(kind, True)


_TIMES = {
    "created": attrgetter("created_at"),
    "updated": attrgetter("updated_at"),
    "pushed": attrgetter("pushed_at"),
}


def ordered(repositories: Iterable[Repository], query: Mapping[str, str], default: str) -> list[Repository]:
    """
    Sort repositories as ``sort`` and ``direction`` say.

    Args:
        default: The default of ``sort``. Names are sorted from A to Z by default, and times from new to old.
    """
    sort = query.get("sort", default)
    sort = sort if sort in (*_TIMES, "full_name") else default
    by_time = sort in _TIMES
    descending = query.get("direction", "desc" if by_time else "asc") == "desc"

    def key(row: Repository) -> tuple[object, int]:
        return (_TIMES[sort](row) if by_time else row.full_name.lower()), row.id

    return sorted(repositories, key=key, reverse=descending)


def _time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
