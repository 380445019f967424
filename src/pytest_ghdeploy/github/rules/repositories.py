"""GitHub's decisions about repositories: their names, redirects and deploy keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github import refusals, ssh_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.repository_settings import RepositorySettings

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LIMIT = 100
CREATION_FAILED = "Repository creation failed."
"""The message when GitHub refuses the name of a new repository, instead of ``Validation Failed``."""


def public_key(text: str) -> ssh_keys.PublicKey:
    """
    Parse a deploy key.

    Raises:
        Unprocessable: *text* is not a public key in OpenSSH's format.
    """
    try:
        return ssh_keys.parse(text)
    except ssh_keys.InvalidKey as problem:
        raise refusals.invalid_key(f"the key is not an OpenSSH public key: {problem}") from None


def check_deploy_keys_enabled(*, deploy_keys_enabled: bool) -> None:
    """
    Refuse a deploy key if the repository's owner has disabled deploy keys.

    Raises:
        Unprocessable: *deploy_keys_enabled* is false.

    Source:
        Quoted by a user (vito#949). Deploy keys are disabled by default in organizations created since 2025.
    """
    if not deploy_keys_enabled:
        raise refusals.deploy_keys_disabled("the repository was added with deploy_keys_enabled=False")


def moves_for_good(method: str) -> bool:
    """
    Return whether a request to a repository's former name gets a 301.

    Other methods get a 307, with which clients keep the method and the body.

    Source:
        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    return method in ("GET", "HEAD")


def repository_name(name: str, *, message: str = "Validation Failed") -> str:
    """
    Turn the requested *name* into a repository name.

    Runs of characters other than letters, digits, ``.``, ``_`` and ``-`` become
    ``-``, and a final ``.git`` is dropped.

    Args:
        message: The message about a name that is too long: ``CREATION_FAILED`` for a new repository.

    Raises:
        Unprocessable: The result is empty, ``.`` or ``..`` [guess: the text], or has more than 100 characters.

    Source:
        The cleaning and the text about the length were recorded for new repositories.
    """
    cleaned = _NOT_IN_NAMES.sub("-", name.strip()).removesuffix(".git")
    if cleaned in ("", ".", ".."):
        hint = f"{name!r} is not a valid repository name"
        raise refusals.validation_failed("Repository", "name", "name is invalid", hint=hint)
    if len(cleaned) > _NAME_LIMIT:
        raise refusals.name_too_long(message, f"name has {len(cleaned)} characters; the limit is {_NAME_LIMIT}")
    return cleaned


# Settings

_EMPTY_IS_NULL = ("description", "homepage")
_MERGE_METHODS = ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge")
_CANNOT_BE_CREATED = ("archived",)


def settings_after(before: RepositorySettings, body: Mapping[str, Any], *, is_new: bool = False) -> RepositorySettings:
    """
    Apply the settings in a request's *body*. Members that are missing change nothing.

    An empty ``description`` or ``homepage`` is ``null``, which also empties it.

    Args:
        is_new: Whether the repository is new. A new one cannot be archived, so ``archived`` is then ignored.

    Raises:
        Unprocessable: No merge method would be allowed any more.

    Source:
        https://docs.github.com/rest/repos/repos#update-a-repository
        Users report that one merge method must stay (github/rest-api-description#637).
    """
    ignored = _CANNOT_BE_CREATED if is_new else ()
    changes: dict[str, Any] = {name: body[name] for name in before._fields if name in body and name not in ignored}
    for name in _EMPTY_IS_NULL:
        if changes.get(name) == "":
            changes[name] = None
    after = before._replace(**changes)
    if not any(getattr(after, method) for method in _MERGE_METHODS):
        raise refusals.no_merge_method(f"one of {', '.join(_MERGE_METHODS)} must be true")
    return after


UNSUPPORTED_SETTINGS = ("security_and_analysis", "team_id", "gitignore_template", "license_template")
"""GitHub's settings that the fake does not implement."""


def unsupported_settings(body: Mapping[str, Any]) -> list[str]:
    """List the settings in a request's *body* that the fake does not implement. Empty values are ignored."""
    return [name for name in UNSUPPORTED_SETTINGS if body.get(name) not in (None, "")]


# Archived repositories

_IN_AN_ARCHIVED_ONE = frozenset({"repos/update", "repos/delete"})


def check_not_archived(full_name: str, operation_id: str, *, reads: bool, archived: bool) -> None:
    """
    Refuse to change anything in an archived repository.

    The repository itself may be deleted [guess], and updated to unarchive it:
    see ``check_update_of_archived``.

    Raises:
        Forbidden: The repository is *archived*, and the operation writes.

    Source:
        Users quote the text (hub4j/github-api, conda-forge).
    """
    if archived and not reads and operation_id not in _IN_AN_ARCHIVED_ONE:
        raise refusals.archived(_archived(full_name))


def check_update_of_archived(full_name: str, body: Mapping[str, Any], *, archived: bool) -> None:
    """
    Refuse to update an archived repository, unless the update unarchives it.

    Such an update may change other settings too [guess].

    Raises:
        Forbidden: The repository is *archived*, and *body* does not set ``archived`` to false.
    """
    if archived and body.get("archived") is not False:
        raise refusals.archived(_archived(full_name))


def _archived(full_name: str) -> str:
    return f"{full_name} is archived; PATCH /repos/{full_name} with archived=false unarchives it"
