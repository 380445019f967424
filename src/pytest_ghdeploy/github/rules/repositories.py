"""GitHub's decisions about repositories: their names, redirects and deploy keys."""

from __future__ import annotations

import re

from pytest_ghdeploy.github import refusals, ssh_keys

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_GIT_SUFFIX = re.compile(r"(\.git)+$")
_NAME_LIMIT = 100


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


def moves_for_good(method: str) -> bool:
    """
    Return whether a request to a repository's former name gets a 301.

    Other methods get a 307, with which clients keep the method and the body.

    Source:
        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    return method in ("GET", "HEAD")


def repository_name(name: str) -> str:
    """
    Turn the requested *name* into a repository name.

    Runs of characters other than letters, digits, ``.``, ``_`` and ``-`` become
    ``-``, and a final ``.git`` is dropped.

    Raises:
        Unprocessable: The result is empty, ``.`` or ``..``, or has more than 100 characters [guess: the texts].
    """
    cleaned = _GIT_SUFFIX.sub("", _NOT_IN_NAMES.sub("-", name.strip()))
    if cleaned in ("", ".", ".."):
        hint = f"{name!r} is not a valid repository name"
        raise refusals.validation_failed("Repository", "name", "name is invalid", hint=hint)
    if len(cleaned) > _NAME_LIMIT:
        raise refusals.too_long("Repository", "name", _NAME_LIMIT, len(cleaned))
    return cleaned
