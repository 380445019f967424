"""Adding and revoking tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import apps, authorization
from pytest_ghdeploy.github.model import App, Token
from pytest_ghdeploy.interface.arguments import check_login, check_type, repository_called
from pytest_ghdeploy.store.clock import in_utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.model import User
    from pytest_ghdeploy.store.store import Store


def add(
    store: Store,
    text: str,
    user: str,
    *,
    scopes: Sequence[str] | None,
    permissions: Mapping[str, str] | None,
    repositories: Sequence[str] | None,
    expires_at: datetime | None,
) -> Token:
    """
    Add the token *text*. The other arguments are those of ``FakeGitHub.add_token``.

    Raises:
        FakeError: An argument is invalid. Nothing was added.
    """
    # Unlike others, this message does not quote the value, which is a secret.
    if not isinstance(text, str) or not text.isprintable() or not text or " " in text:
        msg = "token must be a non-empty string without white space"
        raise FakeError(msg, argument="token")
    check_login(user, argument="user")
    if scopes is not None and permissions is not None:
        msg = "use either scopes (for a classic token) or permissions (for a fine-grained token or an app's), not both"
        raise FakeError(msg)
    if repositories is not None and permissions is None:
        msg = "repositories needs permissions: only a fine-grained token or an app's can be limited to repositories"
        raise FakeError(msg, argument="permissions")
    known_scopes = None if scopes is None else _scopes(scopes)
    known_permissions = None if permissions is None else _permissions(permissions)
    chosen = None if repositories is None else _repository_ids(store, repositories)
    if expires_at is not None and (not isinstance(expires_at, datetime) or expires_at.tzinfo is None):
        msg = f"expires_at must be a datetime with a time zone, got {expires_at!r}"
        raise FakeError(msg, argument="expires_at")
    ends_at = None if expires_at is None else in_utc(expires_at)
    if expires_at is not None and ends_at is None:
        msg = f"expires_at must be a time in the years 1 to 9999, in UTC; got {expires_at.isoformat()}"
        raise FakeError(msg, argument="expires_at")
    known = store.user(user)
    is_bot = known.type == "Bot" if known else user.endswith("[bot]")
    if is_bot and scopes is not None:
        msg = f"{user} is a bot, and the token of an app has no scopes: use permissions"
        raise FakeError(msg, argument="scopes")
    if known and known.type == "Organization" and known_permissions is not None:
        msg = f"{known.login} is an organization: a fine-grained token must belong to a user"
        raise FakeError(msg, argument="user")
    owner = store.ensure_user(user)
    app = None if known_permissions is None or not is_bot else _app(store, owner, known_permissions)
    token = store.tokens[text] = Token(
        text=text,
        user=owner,
        kind="classic" if known_permissions is None else "app" if is_bot else "fine_grained",
        scopes=known_scopes,
        permissions=known_permissions,
        app=app,
        repository_ids=chosen,
        expires_at=ends_at,
    )
    return token


def revoke(store: Store, text: str) -> None:
    """
    Revoke a token.

    Raises:
        FakeError: The token was never added, or was already revoked.
    """
    token = store.tokens.get(text) if isinstance(text, str) else None
    if token is None or token.revoked:
        logins = [row.user.login for row in store.tokens.values() if not row.revoked]
        whose = f"valid tokens belong to {', '.join(logins)}" if logins else "no token is valid"
        msg = f"this token was never added, or was revoked: {whose}"
        raise FakeError(msg, argument="token")
    # The row stays, because with no tokens at all every token would be accepted again.
    store.tokens[text] = replace(token, revoked=True)


def _scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    check_type("scopes", scopes, (list, tuple, set, frozenset), 'a list of scopes, such as ["repo_deployment"]')
    for scope in scopes:
        if scope not in authorization.SCOPES:
            raise errors.unknown("scope", scope, authorization.SCOPES, argument="scopes")
    return authorization.normal_scopes(scopes)


def _permissions(permissions: Mapping[str, str]) -> dict[str, str]:
    check_type("permissions", permissions, Mapping, 'a mapping such as {"deployments": "write"}')
    for name, level in permissions.items():
        levels = authorization.TOKEN_PERMISSIONS.get(name)
        if levels is None:
            raise errors.unknown("permission", name, authorization.TOKEN_PERMISSIONS, argument="permissions")
        if level not in levels:
            raise errors.unknown("level", level, levels, more=f" of the permission {name}", argument="permissions")
    # Every token with a permission can read the metadata of a repository.
    return {"metadata": "read", **permissions}


def _repository_ids(store: Store, full_names: Sequence[str]) -> frozenset[int]:
    check_type(
        "repositories", full_names, (list, tuple, set, frozenset), 'a list of full names, such as ["octocat/example"]'
    )
    chosen = set()
    for full_name in full_names:
        check_type("the name of a repository", full_name, str, 'a string such as "owner/name"', argument="repositories")
        chosen.add(repository_called(store, full_name, "repositories").id)
    return frozenset(chosen)


def _app(store: Store, bot: User, permissions: Mapping[str, str]) -> App:
    """Find or create the app of *bot*, with at least these permissions: no token can exceed its app's permissions."""
    app = store.app_of(bot)
    if app is None:
        slug = apps.slug_of(bot.login)
        return store.apps.add(
            App(
                id=store.app_id(slug),
                slug=slug,
                name=slug,
                owner=store.default_user,
                created_at=store.clock.now,
                permissions=dict(permissions),
                events=(),
            )
        )
    if app.slug == apps.ACTIONS:
        return app  # a workflow sets the permissions of its token
    wider = {name: level for name, level in permissions.items() if not authorization.has(app.permissions, name, level)}
    return store.apps.replace(app._replace(permissions={**app.permissions, **wider})) if wider else app
