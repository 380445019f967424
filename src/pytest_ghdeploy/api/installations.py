"""
Installations of apps, as seen with their tokens and with the tokens of users that an app acts for.

Source:
    https://docs.github.com/rest/apps/installations
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import app_tokens
from pytest_ghdeploy.api.app_installations import caller, installations, repositories_of
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.rules import apps as rules
from pytest_ghdeploy.serializers import installations as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.installations import Installation
    from pytest_ghdeploy.github.model import Repository, Token


def _token(call: Call) -> Token:
    assert call.token is not None  # noqa: S101 - the application has refused all other callers
    return call.token


def _covered(call: Call) -> tuple[list[Repository], frozenset[int] | None]:
    """List the repositories that a token of an installation covers, and the ids that it is limited to, if any."""
    token, store = _token(call), call.store
    installation = None if token.installation_id is None else store.installations.get(token.installation_id)
    # A token that a test added has no installation, and covers the repositories of all accounts.
    rows = repositories_of(store, installation) if installation else list(store.repositories)
    ids = token.repository_ids
    if ids is None:
        return rows, installation.repository_ids if installation else None
    return [row for row in rows if row.id in ids], ids


@route(
    "apps/list-repos-accessible-to-installation",
    "GET /installation/repositories",
    anonymous=False,
    caller="installation",
)
def list_repos_accessible_to_installation(call: Call) -> Reply:
    """List the repositories that the caller's token covers, oldest first."""
    rows, ids = _covered(call)
    around = {"total_count": len(rows), "repository_selection": as_json.selection(ids), "repositories": []}
    listing = Listing(rows, lambda row: as_json.repository(row, None, call.urls), "repositories", around)
    return Reply(200, listing)


@route("apps/revoke-installation-access-token", "DELETE /installation/token", caller="installation")
def revoke_installation_access_token(call: Call) -> Reply:
    """Revoke the caller's token."""
    app_tokens.revoke(call.store, _token(call))
    return Reply(204)


def _accessible(call: Call, installation: Installation) -> list[Repository]:
    """List the repositories that an installation covers and that the caller's user has explicit access to."""
    store, user = call.store, call.actor
    return [
        row
        for row in repositories_of(store, installation)
        if rules.has_explicit_access(row, user, store.granted(row, user), any_user_may=not store.tokens)
    ]


def _installations(call: Call) -> list[Installation]:
    """List the installations of the app that the caller's user can access, oldest first."""
    rows = installations(call.store, caller(call))
    return [row for row in rows if row.account.id == call.actor.id or _accessible(call, row)]


@route(
    "apps/list-installations-for-authenticated-user",
    "GET /user/installations",
    anonymous=False,
    caller="user_access",
)
def list_installations_for_authenticated_user(call: Call) -> Reply:
    """List the installations of the app that the user can access."""
    rows, app = _installations(call), caller(call)

    def render(row: Installation) -> Any:  # noqa: ANN401 - JSON
        return as_json.installation(row, app, call.urls)

    return Reply(200, Listing(rows, render, "installations", {"total_count": len(rows), "installations": []}))


@route(
    "apps/list-installation-repos-for-authenticated-user",
    "GET /user/installations/{installation_id}/repositories",
    anonymous=False,
    caller="user_access",
)
def list_installation_repos_for_authenticated_user(call: Call) -> Reply:
    """List the repositories that an installation covers and the user can access, oldest first."""
    number, store, user = call.params["installation_id"], call.store, call.actor
    known = _installations(call)
    row = next((installation for installation in known if installation.id == number), None)
    if row is None:
        existing = errors.known_values(number, (f"{one.id} ({one.account.login})" for one in known))
        raise refusals.not_found(f"{user.login} has access to no installation {number}; {existing}")
    rows = _accessible(call, row)
    around = {
        "total_count": len(rows),
        "repository_selection": as_json.selection(row.repository_ids),
        "repositories": [],
    }

    def render(repository: Repository) -> Any:  # noqa: ANN401 - JSON
        return as_json.repository(repository, store.permission(repository, user), call.urls)

    return Reply(200, Listing(rows, render, "repositories", around))
