"""
Tokens of installations of GitHub Apps.

Source:
    https://docs.github.com/rest/apps/apps
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.app_installations import bot_of, caller, find, repositories_of
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import apps, refusals_apps
from pytest_ghdeploy.github.model import Token
from pytest_ghdeploy.github.rules import apps as rules
from pytest_ghdeploy.serializers import installations as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.installations import Installation
    from pytest_ghdeploy.github.model import App
    from pytest_ghdeploy.store.store import Store

TOKEN_LIFE = timedelta(hours=1)
"""How long a token of an installation is valid."""

# Operations


def issue(
    store: Store,
    app: App,
    installation: Installation,
    *,
    permissions: Mapping[str, str],
    repository_ids: frozenset[int] | None,
    stateless: bool | None = None,
) -> Token:
    """
    Issue a token with which an app acts as itself. It is valid for an hour.

    Args:
        permissions: Some of those of the installation.

        repository_ids: Some of those that the installation covers, ``None`` for all.

        stateless: Whether the token has GitHub's newer format. The default is ``Assumptions.stateless_tokens``.

    Raises:
        Forbidden: The installation is suspended. Nothing is issued.

    Source:
        https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
    """
    rules.check_not_suspended(installation)
    now, number = store.clock.now, len(store.issued_tokens) + 1
    if store.assume.stateless_tokens if stateless is None else stateless:
        text = apps.stateless_token_text(app.id, number, now, now + TOKEN_LIFE)
    else:
        text = apps.token_text("app", number)
    return keep(
        store,
        Token(
            text=text,
            user=bot_of(store, app),
            kind="app",
            permissions=dict(permissions),
            app=app,
            repository_ids=repository_ids,
            installation_id=installation.id,
            expires_at=now + TOKEN_LIFE,
        ),
    )


def keep(store: Store, token: Token) -> Token:
    """Accept a new token from now on, and never show it. Unlike ``add_token``, this invalidates no other token."""
    store.changes.put(store.issued_tokens, token.text, token)
    store.secrets.add(token.text)
    return token


def revoke(store: Store, token: Token) -> None:
    """
    Revoke a token. It is kept as revoked, because a fake without tokens accepts every token.

    Source:
        https://docs.github.com/rest/apps/installations#revoke-an-installation-access-token
    """
    tokens = store.issued_tokens if token.text in store.issued_tokens else store.tokens
    store.changes.put(tokens, token.text, replace(token, revoked=True))


# Endpoints


@route(
    "apps/create-installation-access-token",
    "POST /app/installations/{installation_id}/access_tokens",
    caller="jwt",
    finds=find,
)
def create_installation_access_token(call: Call) -> Reply:
    """Issue a token of an installation, for all that the installation has or for less."""
    row: Installation = call.found
    rules.check_not_suspended(row)
    permissions = call.body.get("permissions")
    if not isinstance(permissions, dict | None):
        raise refusals_apps.malformed_permissions(
            f'permissions is {errors.kind_of(permissions)}; it must be an object such as {{"deployments": "write"}}'
        )
    granted = rules.granted(row, permissions)
    covered = repositories_of(call.store, row)
    chosen = rules.chosen(row, covered, call.body.get("repositories", ()), call.body.get("repository_ids", ()))
    wanted = call.headers.get("x-github-stateless-s2s-token", "").strip().lower()
    token = issue(
        call.store,
        caller(call),
        row,
        permissions=granted,
        repository_ids=chosen,
        stateless={"enabled": True, "disabled": False}.get(wanted),
    )
    named = None if chosen is None else [repository for repository in covered if repository.id in chosen]
    ids = row.repository_ids if chosen is None else chosen
    return Reply(201, as_json.token(token, ids, named, call.urls))
