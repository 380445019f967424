"""GitHub's decisions about repositories: their names, redirects and deploy keys."""

from __future__ import annotations

import re

from pytest_ghdeploy.github import refusals, ssh_keys

# Deploy keys


def public_key(text: str) -> ssh_keys.PublicKey:
    """
    Read a public key.

    Raises:
        Unprocessable: It is none in OpenSSH's format.
    """
    try:
        return ssh_keys.parse(text)
    except ssh_keys.InvalidKey as problem:
        raise refusals.invalid_key(f"the key is no public key of OpenSSH's: {problem}") from None


# Repositories and people


def moves_for_good(method: str) -> bool:
    """
    Tell whether a request by a former name gets a 301; if not it is a 307, which keeps method and body.

    Source:
        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    return method in ("GET", "HEAD")


def repository_name(name: str) -> str:
    """
    Make a repository's name of what a client asks for: what is no letter, digit, ``.``, ``_`` or ``-`` becomes ``-``.

    Raises:
        Unprocessable: Nothing is left, it is ``.`` or ``..``, or it is longer than 100 characters [guess: the words].
    """
    made = _GIT.sub("", _NOT_IN_NAMES.sub("-", name.strip()))
    if made in ("", ".", ".."):
        raise refusals.validation_failed("Repository", "name", "name is invalid", hint=f"{name!r} is no name")
    if len(made) > _NAME_LIMIT:
        raise refusals.too_long("Repository", "name", _NAME_LIMIT, len(made))
    return made


_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_GIT = re.compile(r"(\.git)+$")
_NAME_LIMIT = 100
