"""The handles of apps and their installations. Like the handles in ``resources``, they read the current state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import apps, authorization, model
from pytest_ghdeploy.github.model import Token, User
from pytest_ghdeploy.interface import tokens
from pytest_ghdeploy.interface.arguments import (
    app_called,
    check_login,
    check_type,
    permissions_of,
    repositories_called,
)
from pytest_ghdeploy.interface.resources import _Field, _Handle
from pytest_ghdeploy.public import public
from pytest_ghdeploy.serializers import accounts as account_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.store.tables import Table

TOKEN_LIFE = timedelta(hours=1)
"""How long a token of an installation is valid."""
USER_TOKEN_LIFE = timedelta(hours=8)
"""How long a token that acts for a user is valid."""


@public
class App(_Handle):
    """
    A GitHub App.

    Until ``install`` is called, the app is installed on every account, with all
    its permissions.
    """

    __slots__ = ()
    _kind = "app"

    client_id = _Field[str]()
    slug = _Field[str]()
    name = _Field[str]()
    owner = _Field[User]()
    description = _Field[str]()
    external_url = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime | None]()
    permissions = _Field[Mapping[str, str]]()
    events = _Field[tuple[str, ...]]()

    def __eq__(self, other: object) -> bool:
        # Rows show an app at one moment: performed_via_github_app of a deployment, and app of a token.
        return isinstance(other, (App, model.App)) and other.id == self._id

    __hash__ = _Handle.__hash__

    def _table(self) -> Table[model.App]:
        return self._store.apps

    def _shown(self, field: str) -> str:
        with self._store.lock:
            return str(account_json.app(self._row, self._store.urls)[field])

    @property
    def node_id(self) -> str:
        """GitHub's id in GraphQL."""
        return self._shown("node_id")

    @property
    def html_url(self) -> str:
        """The page of the app on GitHub."""
        return self._shown("html_url")

    @property
    def installations(self) -> list[Installation]:
        """
        The installations of the app, oldest first.

        Until ``install`` is called, each owner of a repository has one.
        """
        with self._store.lock, self._store.changes:
            row: model.App = self._row
            if row.is_everywhere:
                owners = dict.fromkeys(repository.owner for repository in self._store.repositories)
                for owner in owners:
                    if not self._store.installations.where(app_id=row.id, account=owner):
                        self._add_installation(owner, row.permissions, None)
            rows = self._store.installations.where(app_id=row.id)
            return [Installation(self._store, installation.id) for installation in rows[::-1]]

    def install(
        self,
        account: str,
        *,
        repositories: Sequence[str] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> Installation:
        """
        Install the app on an account.

        The first call ends the installations that the app had until then. Their tokens are refused from then on.

        Args:
            account: The login of a user or an organization. An account that does not exist is created as a user.

            repositories: The full names of the account's repositories that the app can access. The default is all,
                including those that are added later.

            permissions: The permissions that the account grants. The default is all permissions of the app.

        Returns:
            The installation, which issues tokens.

        Raises:
            FakeError: The app is already installed on the account, the app lacks one of the permissions, or an
                argument is invalid. Nothing was installed.
        """
        check_login(account, argument="account")
        with self._store.lock, self._store.changes:
            store, row = self._store, self._row
            if store.type_of(account) == "Bot":
                msg = f"{account} is a bot; an app is installed on a user or an organization"
                raise FakeError(msg, argument="account")
            existing = store.installations.where(app_id=row.id, account=store.user(account))
            if existing and not row.is_everywhere:
                msg = f"app {row.slug} is already installed on {existing[0].account.login}"
                raise FakeError(msg, argument="account")
            granted = row.permissions if permissions is None else permissions_of(permissions)
            _check_within(granted, row.permissions, f"the app {row.slug}")
            chosen = None if repositories is None else _repository_ids(store, account, repositories)
            for installation in store.installations.where(app_id=row.id)[:] if row.is_everywhere else ():
                store.installations.remove(installation)
            store.apps.replace(row._replace(is_everywhere=False))
            return self._add_installation(store.ensure_user(account), granted, chosen)

    def _add_installation(
        self, account: User, permissions: Mapping[str, str], repository_ids: frozenset[int] | None
    ) -> Installation:
        store = self._store
        row = store.installations.add(
            model.Installation(
                id=store.installations.next_id,
                app_id=self._id,
                account=account,
                permissions=dict(permissions),
                created_at=store.clock.now,
                repository_ids=repository_ids,
            )
        )
        return Installation(store, row.id)


@public
class Installation(_Handle):
    """The installation of an app on an account."""

    __slots__ = ()
    _kind = "installation"

    account = _Field[User]()
    permissions = _Field[Mapping[str, str]]()
    created_at = _Field[datetime]()

    def _table(self) -> Table[model.Installation]:
        return self._store.installations

    @property
    def repositories(self) -> list[str] | None:
        """The full names of the repositories that the app can access; ``None`` for all of the account."""
        with self._store.lock:
            chosen = self._row.repository_ids
            return None if chosen is None else [row.full_name for row in self._store.repositories if row.id in chosen]

    def token(self, *, repositories: Sequence[str] | None = None, permissions: Mapping[str, str] | None = None) -> str:
        """
        Issue a token with which the app acts as itself. It is valid for one hour by the fake's clock.

        Unlike ``add_token``, this does not end the time in which every token is accepted.

        Args:
            repositories: The full names of the repositories that the token can access. The default is all of the
                installation's.

            permissions: The permissions of the token. The default is all of the installation's.

        Returns:
            The text of the token, which begins with ``ghs_``.

        Raises:
            FakeError: The installation lacks a repository or a permission, or an argument is invalid. Nothing was
                issued.
        """
        with self._store.lock, self._store.changes:
            row, app = self._row, self._app
            granted = row.permissions if permissions is None else permissions_of(permissions)
            _check_within(granted, row.permissions, f"the installation on {row.account.login}")
            chosen = None
            if repositories is not None:
                chosen = _repository_ids(self._store, row.account.login, repositories)
                if row.repository_ids is not None and not chosen <= row.repository_ids:
                    covered = ", ".join(self.repositories or ()) or "no repository"
                    msg = f"the installation on {row.account.login} covers {covered} only"
                    raise FakeError(msg, argument="repositories")
            bot = self._store.ensure_user(f"{app.slug}[bot]")
            return self._issue(
                Token(
                    text=self._new_text("app"),
                    user=bot,
                    kind="app",
                    permissions=dict(granted),
                    app=app,
                    repository_ids=chosen,
                    installation_id=row.id,
                    expires_at=self._store.clock.now + TOKEN_LIFE,
                )
            )

    def user_token(self, user: str) -> str:
        """
        Issue a token with which the app acts for a user. It is valid for eight hours by the fake's clock.

        The user is the creator of everything that is made with it, and ``performed_via_github_app`` of a deployment
        or deployment status shows the app. The token covers the repositories of all installations of the app. There,
        it has the rights that the user, the app and the installation have in common.

        Unlike ``add_token``, this does not end the time in which every token is accepted and every user has all
        rights.

        Args:
            user: The login of the user. A user who does not exist is created.

        Returns:
            The text of the token, which begins with ``ghu_``.

        Raises:
            FakeError: *user* is not the login of a user. Nothing was issued.
        """
        check_login(user, argument="user")
        with self._store.lock, self._store.changes:
            app = self._app
            tokens.check_person(self._store, user)
            owner, ends_at = self._store.ensure_user(user), self._store.clock.now + USER_TOKEN_LIFE
            return self._issue(tokens.user_access(self._new_text("user_access"), owner, app, ends_at))

    @property
    def _app(self) -> model.App:
        app = self._store.apps.get(self._row.app_id)
        assert app is not None  # noqa: S101 - apps are never removed
        return app

    def _new_text(self, kind: model.TokenKind) -> str:
        return apps.token_text(kind, len(self._store.issued_tokens) + 1)

    def _issue(self, token: Token) -> str:
        self._store.changes.put(self._store.issued_tokens, token.text, token)
        self._store.secrets.add(token.text)
        return token.text


def app_given(store: Store, app: App | model.App | str, argument: str) -> model.App:
    """
    Find the app in an argument: an app, or the slug of one. GitHub Actions always exists.

    Raises:
        FakeError: No app has this slug. The message lists the known ones.
    """
    check_type(argument, app, (str, App, model.App), "the slug of an app, or an app")
    if isinstance(app, str):
        return store.actions_app if app == apps.ACTIONS else app_called(store, app, argument)
    known = store.apps.get(app.id)
    if known is None:
        raise errors.unknown("app", app.id, (row.slug for row in store.apps), argument=argument)
    return known


def _check_within(wanted: Mapping[str, str], granted: Mapping[str, str], whose: str) -> None:
    for name, level in wanted.items():
        if not authorization.has(granted, name, level):
            known = ", ".join(f"{known}={of}" for known, of in sorted(granted.items()))
            msg = f"{whose} has the permissions {known}; {name}={level} is more"
            raise FakeError(msg, argument="permissions")


def _repository_ids(store: Store, account: str, full_names: Sequence[str]) -> frozenset[int]:
    rows = repositories_called(store, full_names)
    for row in rows:
        if row.owner.login.lower() != account.lower():
            msg = f"repository {row.full_name} does not belong to {account}"
            raise FakeError(msg, argument="repositories")
    return frozenset(row.id for row in rows)
