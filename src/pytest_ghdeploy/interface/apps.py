"""
The handles of apps and their installations. Like the handles in ``resources``, they read the current state.

Tests without apps import this module too, so the methods import what else they need.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import apps, authorization, model
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.interface import tokens
from pytest_ghdeploy.interface.accounts import needs_extra
from pytest_ghdeploy.interface.arguments import (
    advice,
    app_called,
    check_login,
    check_number,
    check_type,
    permissions_of,
    repositories_called,
)
from pytest_ghdeploy.interface.resources import _Field, _Handle
from pytest_ghdeploy.public import public
from pytest_ghdeploy.serializers import accounts as account_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.installations import Installation as InstallationRow
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.store.tables import Table

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
    def private_key(self) -> str:
        """
        The key that signs the app's JSON web tokens, in PEM: the one given to ``add_app``, or one that is made now.

        Reports and records never show it. A key that is made here differs in each run.

        Raises:
            FakeError: The extra ``app`` is not installed.
        """
        from pytest_ghdeploy.api.apps import set_private_key
        from pytest_ghdeploy.github import json_web_tokens

        with self._store.lock, self._store.changes:
            row: model.App = self._row
            if row.id not in self._store.private_keys:
                needs_extra("App.private_key")
                set_private_key(self._store, row, json_web_tokens.new_private_key())
            return self._store.private_keys[row.id]

    @property
    def installations(self) -> list[Installation]:
        """
        The installations of the app, oldest first.

        Until ``install`` is called, each owner of a repository has one.
        """
        from pytest_ghdeploy.api import app_installations as api

        with self._store.lock, self._store.changes:
            rows = api.installations(self._store, self._row)
            return [Installation(self._store, installation.id) for installation in rows]

    def install(
        self,
        account: str,
        *,
        repositories: Sequence[str] | None = None,
        permissions: Mapping[str, str] | None = None,
        id: int | None = None,  # noqa: A002 - GitHub's name for it
        suspended: bool = False,
    ) -> Installation:
        """
        Install the app on an account.

        The first call ends the installations that the app had until then. Their tokens are refused from then on.

        Args:
            account: The login of a user or an organization. An account that does not exist is created as a user.

            repositories: The full names of the account's repositories that the app can access. The default is all,
                including those that are added later.

            permissions: The permissions that the account grants. The default is all permissions of the app.

            id: The id of the installation, 1 or more, for a tool that is configured with it. The default is the next
                free one.

            suspended: Whether the account's owner has suspended the installation, so that it issues no tokens.

        Returns:
            The installation, which issues tokens.

        Raises:
            FakeError: The app is already installed on the account, the app lacks one of the permissions, the *id* is
                taken, or an argument is invalid. Nothing was installed.
        """
        from pytest_ghdeploy.api import app_installations as api

        check_login(account, argument="account")
        check_type("suspended", suspended, bool, "True or False")
        if id is not None:
            check_number("id", id, 1)
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
            if id is not None and (taken := store.installations.get(id)):
                msg = f"the id {id} belongs to the installation on {taken.account.login}"
                raise FakeError(msg, argument="id")
            owner = store.ensure_user(account)
            added = api.install(
                store,
                row,
                owner,
                permissions=granted,
                repository_ids=chosen,
                installation_id=id,
                suspended_by=_person(store, owner) if suspended else None,
            )
            return Installation(store, added.id)


@public
class Installation(_Handle):
    """The installation of an app on an account."""

    __slots__ = ()
    _kind = "installation"

    account = _Field[User]()
    permissions = _Field[Mapping[str, str]]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    suspended_at = _Field[datetime | None]()
    suspended_by = _Field[User | None]()

    def _table(self) -> Table[InstallationRow]:
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
            FakeError: The installation lacks a repository or a permission, it is suspended, or an argument is invalid.
                Nothing was issued.
        """
        from pytest_ghdeploy.api.app_tokens import issue

        with advice(), self._store.lock, self._store.changes:
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
            return issue(self._store, app, row, permissions=granted, repository_ids=chosen).text

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
        from pytest_ghdeploy.api.app_tokens import keep

        check_login(user, argument="user")
        with self._store.lock, self._store.changes:
            app = self._app
            tokens.check_person(self._store, user)
            owner, ends_at = self._store.ensure_user(user), self._store.clock.now + USER_TOKEN_LIFE
            text = apps.token_text("user_access", len(self._store.issued_tokens) + 1)
            return keep(self._store, tokens.user_access(text, owner, app, ends_at)).text

    def suspend(self) -> None:
        """
        Suspend the installation, as the account's owner does. Its tokens are refused, and it issues none.

        The hook of the app gets the event ``installation``. If the installation is suspended already, nothing happens.
        """
        from pytest_ghdeploy.api.app_installations import suspend

        with self._store.outbox, self._store.lock, self._store.changes:
            suspend(self._store, self._row, self._owner)

    def unsuspend(self) -> None:
        """End the suspension, if there is one. The hook of the app gets the event ``installation``."""
        from pytest_ghdeploy.api.app_installations import unsuspend

        with self._store.outbox, self._store.lock, self._store.changes:
            unsuspend(self._store, self._row, self._owner)

    def delete(self) -> None:
        """
        Uninstall the app from the account. The tokens of the installation are refused from then on.

        The hook of the app gets the event ``installation``.
        """
        from pytest_ghdeploy.api.app_installations import uninstall

        with self._store.outbox, self._store.lock, self._store.changes:
            uninstall(self._store, self._row, self._owner)

    @property
    def _owner(self) -> User:
        return _person(self._store, self._row.account)

    @property
    def _app(self) -> model.App:
        from pytest_ghdeploy.api.app_installations import app_of

        return app_of(self._store, self._row)


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


def _person(store: Store, account: User) -> User:
    """Return a person who may act for an account: the account itself, or ``octocat`` for an organization."""
    return account if account.type == "User" else store.default_user


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
