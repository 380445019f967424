"""Adding users, teams and apps. The caller holds the store's lock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import apps, token_permissions
from pytest_ghdeploy.github.model import ACCOUNT_TYPES, Team
from pytest_ghdeploy.github.rules import webhooks
from pytest_ghdeploy.interface.arguments import check_login, check_number, check_type, permissions_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.model import AccountType, App, User
    from pytest_ghdeploy.store.store import Store

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def add_user(store: Store, login: str, account_type: AccountType) -> User:
    """
    Add an account. The arguments are those of ``FakeGitHub.add_user``.

    Raises:
        FakeError: The login is taken, or an argument is invalid. Nothing was added.
    """
    if account_type not in ACCOUNT_TYPES:
        raise errors.unknown("account type", account_type, ACCOUNT_TYPES, argument="type")
    check_login(login)
    is_bot = login.endswith("[bot]")
    if is_bot and account_type == "Organization":
        msg = f"{login} is the login of a bot; an organization cannot have it"
        raise FakeError(msg, argument="type")
    if store.user(login):
        msg = f"user {login} already exists"
        raise FakeError(msg, argument="login")
    return store.add_user(login, "Bot" if is_bot else account_type)


def add_team(store: Store, organization: str, name: str, members: Sequence[str]) -> Team:
    """
    Add a team, with its organization and members if they do not exist. The arguments are those of ``FakeGitHub``.

    Raises:
        FakeError: The team exists, or an argument is invalid. Nothing was added.
    """
    check_login(organization, argument="organization")
    check_type("name", name, str, "a string")
    slug = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
    if not slug:
        msg = f"the name of a team must contain a letter or a digit, got {name!r}"
        raise FakeError(msg, argument="name")
    owner = store.user(organization)
    if owner and owner.type != "Organization":
        msg = f'{owner.login} is a {owner.type}; a team must belong to an account with type="Organization"'
        raise FakeError(msg, argument="organization")
    if store.teams.where(organization=owner, slug=slug):
        msg = f"{organization} already has a team {slug}"
        raise FakeError(msg, argument="name")
    check_type("members", members, (list, tuple), "a list of logins")
    for login in members:
        check_login(login, argument="members")
        if (kind := store.type_of(login)) != "User":
            msg = f"{login} has the type {kind}; only users can be members of a team"
            raise FakeError(msg, argument="members")
    owner = owner or store.add_user(organization, "Organization")
    users = tuple(dict.fromkeys(store.ensure_user(login) for login in members))
    return store.teams.add(Team(store.teams.next_id, owner, name, slug, users))


def add_app(
    store: Store,
    slug: str,
    owner: str,
    *,
    app_id: int | None,
    client_id: str | None,
    permissions: Mapping[str, str] | None,
    events: Sequence[str],
    private_key: str | None,
) -> App:
    """
    Add a GitHub App, and its owner if that does not exist. The arguments are those of ``FakeGitHub.add_app``.

    Raises:
        FakeError: The slug, *app_id* or *client_id* is taken, or an argument is invalid. Nothing was added.
    """
    from pytest_ghdeploy.api import apps as api  # few tests need it

    check_type("slug", slug, str, "a string")
    if not _SLUG.fullmatch(slug):
        msg = f'the slug of an app may contain only lower-case letters, digits and "-" between them; got {slug!r}'
        raise FakeError(msg, argument="slug")
    check_login(owner, argument="owner")
    if slug == apps.ACTIONS or store.apps.where(slug=slug):
        msg = f"app {slug} already exists"
        raise FakeError(msg, argument="slug")
    if app_id is not None:
        _check_app_id(store, slug, app_id)
    if client_id is not None:
        _check_client_id(store, client_id)
    granted = token_permissions.all_permissions() if permissions is None else permissions_of(permissions)
    check_type("events", events, (list, tuple, set, frozenset), 'a list of events, such as ["deployment"]')
    for event in events:
        if event not in webhooks.EVENTS:
            raise errors.unknown("event", event, webhooks.EVENTS, argument="events")
    if private_key is not None:
        check_private_key(private_key)
    if app_id is not None:
        store.set_app_id(slug, app_id)
    names = tuple(sorted(set(events)))
    app = api.create(store, slug, store.ensure_user(owner), granted, events=names, client_id=client_id)
    if private_key is not None:
        api.set_private_key(store, app, private_key)
    store.changes.set(store, takes_any_jwt=False)
    return app


def _check_client_id(store: Store, client_id: str) -> None:
    check_type("client_id", client_id or None, str, "a non-empty string")
    taken = {apps.client_id(apps.ACTIONS_ID): apps.ACTIONS} | {app.client_id: app.slug for app in store.apps}
    if client_id in taken:
        msg = f"the client_id {client_id} belongs to the app {taken[client_id]}"
        raise FakeError(msg, argument="client_id")


def check_private_key(private_key: object) -> None:
    """
    Check the private key of an app. The message does not quote it.

    Raises:
        FakeError: It is not an RSA private key in PEM, or the libraries of the extra ``app`` are not installed.
    """
    from pytest_ghdeploy.github import json_web_tokens  # few tests need it

    needs_extra("private_key")
    if not isinstance(private_key, str) or not json_web_tokens.is_private_key(private_key):
        msg = (
            "private_key must be an RSA private key in PEM without a password, beginning with "
            "-----BEGIN RSA PRIVATE KEY-----"
        )
        raise FakeError(msg, argument="private_key")


def needs_extra(what: str) -> None:
    """
    Check that the libraries of the extra ``app`` are installed.

    Raises:
        FakeError: They are not.
    """
    from pytest_ghdeploy.github import json_web_tokens  # few tests need it

    if not json_web_tokens.can_verify():
        msg = f"{what} {json_web_tokens.NEEDS_EXTRA}"
        raise FakeError(msg, see="the-extra-app-is-missing")


def _check_app_id(store: Store, slug: str, app_id: int) -> None:
    check_number("id", app_id, 1)
    taken = store.slug_of_app(app_id)
    if taken is not None and taken != slug:
        msg = f"the id {app_id} belongs to the app {taken}"
        raise FakeError(msg, argument="id")
    bot = store.user(f"{slug}[bot]")
    if bot and bot.app_id != app_id:
        msg = f"{bot.login} exists already, and its app has the id {bot.app_id}: add the app before its bot"
        raise FakeError(msg, argument="id")
