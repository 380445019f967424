"""Adding and revoking tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import apps, authorization
from pytest_ghdeploy.github.model import Token
from pytest_ghdeploy.interface.arguments import (
    app_called,
    check_login,
    check_type,
    permissions_of,
    repositories_called,
    time_of,
    unknown_quotable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pytest_ghdeploy.github.model import App, User
    from pytest_ghdeploy.store.store import Store


def add(
    store: Store,
    text: str,
    user: str,
    *,
    scopes: Sequence[str] | None,
    permissions: Mapping[str, str] | None,
    repositories: Sequence[str] | None,
    app: str | None,
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
    if app is not None and (scopes, permissions, repositories) != (None, None, None):
        msg = (
            "a token with which an app acts for a user has the app's permissions, and covers the repositories of the "
            "app's installations: leave out scopes, permissions and repositories"
        )
        raise FakeError(msg, argument="app")
    if repositories is not None and permissions is None:
        msg = "repositories needs permissions: only a fine-grained token or an app's can be limited to repositories"
        raise FakeError(msg, argument="permissions")
    acts_for_user = None if app is None else _acting_app(store, app, user)
    known_scopes = None if scopes is None else _scopes(scopes)
    known_permissions = None if permissions is None else permissions_of(permissions)
    chosen = None if repositories is None else frozenset(row.id for row in repositories_called(store, repositories))
    ends_at = time_of("expires_at", expires_at)
    is_bot = store.type_of(user) == "Bot"
    if is_bot and scopes is not None:
        msg = f"{user} is a bot, and the token of an app has no scopes: use permissions"
        raise FakeError(msg, argument="scopes")
    known = store.user(user)
    if known and known.type == "Organization" and known_permissions is not None:
        msg = f"{known.login} is an organization: a fine-grained token must belong to a user"
        raise FakeError(msg, argument="user")
    owner = store.ensure_user(user)
    if acts_for_user:
        token = user_access(text, owner, acts_for_user, ends_at)
    else:
        token = Token(
            text=text,
            user=owner,
            kind="classic" if known_permissions is None else "app" if is_bot else "fine_grained",
            scopes=known_scopes,
            permissions=known_permissions,
            app=None if known_permissions is None or not is_bot else _app(store, owner, known_permissions),
            repository_ids=chosen,
            expires_at=ends_at,
        )
    store.changes.put(store.tokens, text, token)
    return token


def user_access(text: str, user: User, app: App, expires_at: datetime | None) -> Token:
    """Make a token with which *app* acts for a user."""
    return Token(
        text=text, user=user, kind="user_access", permissions=dict(app.permissions), app=app, expires_at=expires_at
    )


def check_person(store: Store, login: str) -> None:
    """
    Check that an app can act for the account *login*, which need not exist.

    Raises:
        FakeError: It is not a user.
    """
    kind = store.type_of(login)
    if kind != "User":
        msg = f"{login} is {'a bot' if kind == 'Bot' else 'an organization'}; an app can act only for a user"
        raise FakeError(msg, argument="user")


def _acting_app(store: Store, slug: str, user: str) -> App:
    check_type("app", slug, str, "the slug of an app")
    check_person(store, user)
    if slug == apps.ACTIONS:
        msg = f"{slug} has no tokens that act for a user: add a workflow's token with user={apps.ACTIONS_BOT!r}"
        raise FakeError(msg, argument="app")
    return app_called(store, slug, "app")


def revoke(store: Store, text: str) -> None:
    """
    Revoke a token.

    Raises:
        FakeError: The token was never added, or was already revoked.
    """
    tokens = store.issued_tokens if isinstance(text, str) and text in store.issued_tokens else store.tokens
    token = tokens.get(text) if isinstance(text, str) else None
    if token is None or token.revoked:
        logins = [row.user.login for row in store.tokens.values() if not row.revoked]
        whose = f"valid tokens belong to {', '.join(logins)}" if logins else "no token is valid"
        msg = f"this token was never added, or was revoked: {whose}"
        raise FakeError(msg, argument="token")
    from pytest_ghdeploy.api.app_tokens import revoke as revoke_row  # few tests need it

    revoke_row(store, token)


def _scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    check_type("scopes", scopes, (list, tuple, set, frozenset), 'a list of scopes, such as ["repo_deployment"]')
    for scope in scopes:
        if scope not in authorization.SCOPES:
            raise unknown_quotable("scope", scope, authorization.SCOPES, argument="scopes")
    return authorization.normal_scopes(scopes)


def _app(store: Store, bot: User, permissions: Mapping[str, str]) -> App:
    """Find or create the app of *bot*, with at least these permissions: no token can exceed its app's permissions."""
    app = store.app_of(bot)
    if app is None:
        from pytest_ghdeploy.api.apps import create  # few tests need it

        return create(store, apps.slug_of(bot.login), store.default_user, permissions, events=())
    if app.slug == apps.ACTIONS:
        return app  # a workflow sets the permissions of its token
    wider = {name: level for name, level in permissions.items() if not authorization.has(app.permissions, name, level)}
    return store.apps.replace(app._replace(permissions={**app.permissions, **wider})) if wider else app
