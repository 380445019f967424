"""
GitHub's decisions about apps: which app a JSON web token belongs to, and what a token of an installation may have.

Source: https://docs.github.com/rest/apps/apps and
https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.github import authorization, refusals_apps
from pytest_ghdeploy.redaction.names import quotable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ghdeploy.github.installations import Installation
    from pytest_ghdeploy.github.model import App, Permission, Repository, User

LONGEST_SECONDS = 600
"""How far ahead ``exp`` may be."""
TOLERANCE_SECONDS = 1
"""How much the clock of a client may differ from the fake's."""


# JSON web tokens


def issuer(claims: Mapping[str, Any], apps: Iterable[App], *, quoted: bool) -> App:
    """
    Find the app that issued a JSON web token: ``iss`` is the app's id or its client id.

    Args:
        quoted: Whether ``iss`` may be an id as a string. See ``Assumptions.quoted_issuer``.

    Raises:
        Unauthorized: No app has this id.

    Source:
        The page above for both ids. Many users quote the text, but disagree about ids as strings.
    """
    named, known = claims.get("iss"), list(apps)
    for app in known:
        ids: tuple[object, ...] = (app.id, app.client_id, *((str(app.id),) if quoted else ()))
        if type(named) in (int, str) and named in ids:
            return app
    listed = ", ".join(f"{app.slug} has the id {app.id} and the client_id {app.client_id}" for app in known)
    shown = quotable(named, [str(app.id) for app in known])
    raise refusals_apps.unknown_issuer(f"iss is {shown!r}; {listed or 'there are no apps: add one with add_app'}")


def check_times(claims: Mapping[str, Any], now: datetime) -> None:
    """
    Refuse a JSON web token that has expired, is valid for too long, or was issued in the future.

    Args:
        now: The time by the fake's clock, which for this purpose keeps running.

    Raises:
        Unauthorized: ``exp`` or ``iat`` is missing, of the wrong type or not at the right time.

    Source:
        The texts are recorded or quoted by users. The order is a [guess].
    """
    time, expires, issued = int(now.timestamp()), claims.get("exp"), claims.get("iat")
    clock = f"it is {_shown(time)} by ghdeploy.clock, and the client's clock must agree with it"
    if isinstance(expires, bool) or not isinstance(expires, (int, float)) or not math.isfinite(expires):
        raise refusals_apps.expired(f"exp is {_kind(expires)}; it must be a number of seconds since 1970")
    if expires <= time - TOLERANCE_SECONDS:
        raise refusals_apps.expired(f"exp is {_shown(expires)}; {clock}")
    if expires > time + LONGEST_SECONDS + TOLERANCE_SECONDS:
        raise refusals_apps.expires_too_late(
            f"exp is {_shown(expires)}, more than {LONGEST_SECONDS} seconds ahead; {clock}"
        )
    if isinstance(issued, bool) or not isinstance(issued, int):
        raise refusals_apps.issued_in_future(f"iat is {_kind(issued)}; it must be a whole number of seconds since 1970")
    if issued > time + TOLERANCE_SECONDS:
        raise refusals_apps.issued_in_future(f"iat is {_shown(issued)}; {clock}")


def _kind(value: object) -> str:
    return "missing" if value is None else errors.kind_of(value)


def _shown(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} seconds after 1970"


# Tokens of installations


def granted(installation: Installation, requested: Mapping[str, Any] | None) -> dict[str, str]:
    """
    Choose the permissions of a token.

    Args:
        requested: The permissions in the request. With none, the token has all that the installation has.

    Raises:
        Unprocessable: The installation lacks one of them, or GitHub has no such permission.

    Source:
        Recorded, also that ``metadata`` is always among them. That an empty object means all is recorded too.
    """
    if not requested:
        return dict(installation.permissions)
    missing = [
        f"{name}={level}"
        for name, level in requested.items()
        if not authorization.has(installation.permissions, name, level)
    ]
    if missing:
        raise refusals_apps.not_granted(
            f"the installation on {installation.account.login} lacks {', '.join(sorted(missing))}: "
            "see the permissions of add_app and App.install"
        )
    return {"metadata": "read", **requested}


def chosen(
    installation: Installation, repositories: Sequence[Repository], names: Iterable[str], ids: Iterable[int]
) -> frozenset[int] | None:
    """
    Choose the repositories of a token; ``None`` for all that the installation covers.

    Args:
        repositories: All repositories that the installation covers.

        names: The names in the request, without an owner. Case does not matter [guess].

        ids: The ids in the request.

    Raises:
        Unprocessable: One of them does not exist, or the installation does not cover it.

    Source:
        The text is quoted by many users. That empty lists mean all is a [guess].
    """
    by_name = {repository.name.lower(): repository.id for repository in repositories}
    known_ids = set(by_name.values())
    unknown: list[str] = [name for name in names if name.lower() not in by_name]
    unknown += [str(number) for number in ids if number not in known_ids]
    if unknown:
        covered = ", ".join(f"{repository.name} ({repository.id})" for repository in repositories)
        raise refusals_apps.unknown_repository(
            f"the installation on {installation.account.login} covers {covered or 'no repository'}; "
            f"the request asks for {', '.join(unknown)}, and names have no owner"
        )
    selected = frozenset({*(by_name[name.lower()] for name in names), *ids})
    return selected or None


def check_not_suspended(installation: Installation) -> None:
    """
    Refuse a suspended installation.

    Raises:
        Forbidden: It is suspended.

    Source:
        Users quote the text. That a token issued before gets it everywhere is a [guess].
    """
    if installation.suspended_at:
        raise refusals_apps.suspended(
            f"the installation on {installation.account.login} was suspended at "
            f"{installation.suspended_at:%Y-%m-%d %H:%M:%S} UTC: Installation.unsuspend() ends that"
        )


def has_explicit_access(repository: Repository, user: User, granted: Permission | None, *, any_user_may: bool) -> bool:
    """
    Return whether a user may do more with a repository than anyone may do with a public one.

    Args:
        granted: The user's right as a collaborator, if any.

        any_user_may: Whether all users have all rights, because any token is accepted.

    Source:
        https://docs.github.com/rest/apps/installations#list-app-installations-accessible-to-the-user-access-token
    """
    return any_user_may or granted is not None or user.id == repository.owner.id
