"""
Installations of GitHub Apps, as an app sees them with its JSON web token.

Source:
    https://docs.github.com/rest/apps/apps and, for one operation in GitHub's description of its REST API,
    https://docs.github.com/enterprise-server@3.9/rest/apps/apps
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route, time_or_none
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.installations import Installation
from pytest_ghdeploy.github.model import API_VERSIONS
from pytest_ghdeploy.serializers import events as payloads, installations as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import App, Repository, Token, User
    from pytest_ghdeploy.store.store import Store

# Operations


def installations(store: Store, app: App) -> list[Installation]:
    """
    List the installations of an app, oldest first.

    If the app counts as installed everywhere, each owner of a repository gets one.
    """
    if (store.apps.get(app.id) or app).is_everywhere:
        for owner in dict.fromkeys(repository.owner for repository in store.repositories):
            installation_on(store, app, owner)
    return store.installations.where(app_id=app.id)[::-1]


def known_installation_on(store: Store, app: App, account: User) -> Installation | None:
    """
    Find the installation on an account; ``None`` without one.

    If the app counts as installed everywhere, the account may have an installation that is not in the table yet.
    """
    app = store.apps.get(app.id) or app
    existing = store.installations.where(app_id=app.id, account=account)
    if existing or not app.is_everywhere:
        return existing[0] if existing else None
    now = store.clock.now
    return Installation(store.installations.next_id, app.id, account, app.permissions, now, now)


def installation_on(store: Store, app: App, account: User) -> Installation | None:
    """Find the installation on an account, and add it if the app counts as installed everywhere."""
    row = known_installation_on(store, app, account)
    if row is None or store.installations.get(row.id):
        return row
    return store.installations.add(row)


def acting_installation(store: Store, token: Token | None, repository: Repository) -> Installation | None:
    """Find the installation that the token of an app acts under in a repository; ``None`` without one."""
    if token is None or token.app is None:
        return None
    if token.installation_id is not None:
        return store.installations.get(token.installation_id)
    if token.kind not in ("user_access", "jwt"):
        return None
    row = known_installation_on(store, token.app, repository.owner)
    # A suspended installation gives no rights to the tokens of users either [guess].
    return None if row and row.suspended_at and token.kind == "user_access" else row


def active_installation(store: Store, app: App, repository: Repository) -> Installation | None:
    """Find the installation that covers a repository; ``None`` if it is suspended."""
    row = installation_on(store, app, repository.owner)
    return row if row and not row.suspended_at and row.covers(repository) else None


def install(
    store: Store,
    app: App,
    account: User,
    *,
    permissions: Mapping[str, str],
    repository_ids: frozenset[int] | None,
    installation_id: int | None = None,
    suspended_by: User | None = None,
) -> Installation:
    """
    Add an installation on an account that has none. If the app counts as installed everywhere, this ends.

    Args:
        installation_id: An id that no installation has. The default is the next free one.

        suspended_by: The account that has suspended it, if it is suspended.
    """
    if app.is_everywhere:
        for row in store.installations.where(app_id=app.id)[:]:
            store.installations.remove(row)
        store.apps.replace(app._replace(is_everywhere=False))
    now = store.clock.now
    return store.installations.add(
        Installation(
            id=installation_id or store.installations.next_id,
            app_id=app.id,
            account=account,
            permissions=dict(permissions),
            created_at=now,
            updated_at=now,
            repository_ids=repository_ids,
            suspended_at=now if suspended_by else None,
            suspended_by=suspended_by,
        )
    )


def repositories_of(store: Store, installation: Installation) -> list[Repository]:
    """List the repositories that an installation covers, oldest first."""
    rows = store.repositories.where(owner=installation.account)[::-1]
    return [row for row in rows if installation.covers(row)]


def suspend(store: Store, installation: Installation, sender: User) -> Installation:
    """
    Suspend an installation: its tokens are refused, and it issues none. If it is suspended already, nothing happens.

    Args:
        sender: The account that does it. It is ``suspended_by``.

    Source:
        https://docs.github.com/rest/apps/apps#suspend-an-app-installation
    """
    if installation.suspended_at:
        return installation
    now = store.clock.now
    suspended = installation._replace(suspended_at=now, suspended_by=sender, updated_at=now)
    return _changed(store, suspended, "suspend", sender)


def unsuspend(store: Store, installation: Installation, sender: User) -> Installation:
    """
    End the suspension of an installation, if there is one.

    Source:
        https://docs.github.com/rest/apps/apps#unsuspend-an-app-installation
    """
    if not installation.suspended_at:
        return installation
    active = installation._replace(suspended_at=None, suspended_by=None, updated_at=store.clock.now)
    return _changed(store, active, "unsuspend", sender)


def _changed(store: Store, row: Installation, action: str, sender: User) -> Installation:
    store.installations.replace(row)
    _record(store, row, action, sender)
    return row


def uninstall(store: Store, installation: Installation, sender: User) -> None:
    """
    Delete an installation: its tokens are refused from then on.

    If the app counted as installed everywhere, it keeps the installations on the other owners of repositories, and is
    installed on no account that is added later.

    Source:
        https://docs.github.com/rest/apps/apps#delete-an-installation-for-the-authenticated-app
    """
    app = app_of(store, installation)
    installations(store, app)
    store.installations.remove(installation)
    if app.is_everywhere:
        store.apps.replace(app._replace(is_everywhere=False))
    _record(store, installation, "deleted", sender)


def _record(store: Store, row: Installation, action: str, sender: User) -> None:
    app, covered = app_of(store, row), repositories_of(store, row)
    payload = partial(payloads.installation, action, row, app, covered, sender, store.urls)
    store.events.record("installation", action, "", payload, app_id=app.id)


def app_of(store: Store, installation: Installation) -> App:
    """Return the app of an installation."""
    app = store.apps.get(installation.app_id)
    assert app is not None  # noqa: S101 - apps are never removed
    return app


def bot_of(store: Store, app: App) -> User:
    """Find or create the account that an app acts as."""
    return store.ensure_user(f"{app.slug}[bot]")


# Endpoints


def caller(call: Call) -> App:
    """Return the app that sent the request, for operations that take only JSON web tokens and tokens of apps."""
    assert call.app is not None  # noqa: S101 - the application has refused all other callers
    return call.app


def _to_json(call: Call, row: Installation) -> Any:  # noqa: ANN401 - JSON
    return as_json.installation(row, caller(call), call.urls)


def find(call: Call) -> Installation:
    """
    Look up the installation in the path.

    Raises:
        NotFound: The app has no such installation.
    """
    app, number = caller(call), call.params["installation_id"]
    row = call.store.installations.get(number)
    if row is None or row.app_id != app.id:
        raise refusals.not_found(f"the app {app.slug} has no installation {number}; {_known(call, app, number)}")
    return row


def _known(call: Call, app: App, number: int) -> str:
    rows = installations(call.store, app)
    return errors.known_values(number, (f"{row.id} ({row.account.login})" for row in rows))


@route("apps/list-installations", "GET /app/installations", anonymous=False, caller="jwt")
def list_installations(call: Call) -> Reply:
    """List the installations of the app, oldest first [guess]. ``since`` leaves out those not changed since then."""
    since = time_or_none(call.query.get("since"))
    rows = installations(call.store, caller(call))
    rows = [row for row in rows if since is None or row.updated_at >= since]
    return Reply(200, Listing(rows, lambda row: _to_json(call, row)))


@route("apps/get-installation", "GET /app/installations/{installation_id}", anonymous=False, caller="jwt", finds=find)
def get_installation(call: Call) -> Reply:
    """Show an installation."""
    return Reply(200, _to_json(call, call.found))


@route("apps/delete-installation", "DELETE /app/installations/{installation_id}", caller="jwt", finds=find)
def delete_installation(call: Call) -> Reply:
    """Delete an installation. The newer API version has another status."""
    uninstall(call.store, call.found, bot_of(call.store, caller(call)))
    if call.terms.version == API_VERSIONS[0]:
        return Reply(204)
    return Reply(202, {})


@route("apps/suspend-installation", "PUT /app/installations/{installation_id}/suspended", caller="jwt", finds=find)
def suspend_installation(call: Call) -> Reply:
    """Suspend an installation."""
    suspend(call.store, call.found, bot_of(call.store, caller(call)))
    return Reply(204)


@route("apps/unsuspend-installation", "DELETE /app/installations/{installation_id}/suspended", caller="jwt", finds=find)
def unsuspend_installation(call: Call) -> Reply:
    """End the suspension of an installation."""
    unsuspend(call.store, call.found, bot_of(call.store, caller(call)))
    return Reply(204)


def _installation_on(call: Call, account: User | None, login: str, kinds: tuple[str, ...]) -> Reply:
    app = caller(call)
    row = installation_on(call.store, app, account) if account and account.type in kinds else None
    if row is None:
        logins = [known.account.login for known in installations(call.store, app)]
        raise refusals.not_found(
            f"the app {app.slug} is not installed on {login} as an account of this kind; "
            f"installed on: {', '.join(logins) or 'none'}"
        )
    return Reply(200, _to_json(call, row))


@route("apps/get-org-installation", "GET /orgs/{org}/installation", anonymous=False, caller="jwt")
def get_org_installation(call: Call) -> Reply:
    """Show the installation on an organization."""
    login = call.params["org"]
    return _installation_on(call, call.store.user(login), login, ("Organization",))


@route("apps/get-user-installation", "GET /users/{username}/installation", anonymous=False, caller="jwt")
def get_user_installation(call: Call) -> Reply:
    """Show the installation on a user, or on an organization [guess]."""
    login = call.params["username"]
    return _installation_on(call, call.store.user(login), login, ("User", "Organization"))


@route(
    "apps/get-repo-installation",
    "GET /repos/{owner}/{repo}/installation",
    anonymous=False,
    permission="metadata",
    caller="jwt",
)
def get_repo_installation(call: Call) -> Reply:
    """Show the installation that covers a repository."""
    app, repository = caller(call), call.repository
    row = installation_on(call.store, app, repository.owner)
    if row is None or not row.covers(repository):
        covered = [
            known.full_name for one in installations(call.store, app) for known in repositories_of(call.store, one)
        ]
        raise refusals.not_found(
            f"the app {app.slug} is not installed on {repository.full_name}; "
            f"{errors.known_values(repository.full_name, covered)}"
        )
    return Reply(200, _to_json(call, row))
