"""
GitHub Apps themselves.

Source:
    https://docs.github.com/rest/apps/apps
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.app_installations import caller, installations
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import apps, refusals, token_permissions
from pytest_ghdeploy.github.model import App
from pytest_ghdeploy.serializers import accounts as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import User
    from pytest_ghdeploy.store.store import Store

DEFAULT_EVENTS = ("deployment_protection_rule",)
"""The events of an app that is added without any."""

# Operations


def create(
    store: Store,
    slug: str,
    owner: User,
    permissions: Mapping[str, str],
    *,
    events: tuple[str, ...],
    client_id: str | None = None,
) -> App:
    """Create an app, which must not exist. It counts as installed everywhere."""
    app_id = store.app_id(slug)
    return store.apps.add(
        App(
            id=app_id,
            slug=slug,
            name=slug,
            owner=owner,
            created_at=store.clock.now,
            permissions=dict(permissions),
            events=events,
            client_id=client_id or apps.client_id(app_id),
        )
    )


def example(store: Store, issuer: object) -> App:
    """
    Find or create the app that every JSON web token belongs to until a test adds an app.

    Args:
        issuer: The ``iss`` of the first such token: the id of the new app if it is a free number, or its client id.
    """
    if known := store.apps.where(slug=apps.EXAMPLE):
        return known[0]
    text = str(issuer)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0  # noqa: PLR2004 - 64 bits
    if number and store.slug_of_app(number) is None:
        store.set_app_id(apps.EXAMPLE, number)
    client_id = issuer if isinstance(issuer, str) and issuer and not number else None
    everything = token_permissions.all_permissions()
    return create(store, apps.EXAMPLE, store.default_user, everything, events=DEFAULT_EVENTS, client_id=client_id)


def set_private_key(store: Store, app: App, private_key: str) -> None:
    """Give an app its private key in PEM. Neither the key nor a line of it is ever shown."""
    store.changes.put(store.private_keys, app.id, private_key)
    store.secrets.add(private_key.strip())
    for line in private_key.split():
        if not line.startswith("-"):
            store.secrets.add(line)


# Endpoints


@route("apps/get-authenticated", "GET /app", anonymous=False, caller="jwt")
def get_authenticated(call: Call) -> Reply:
    """Show the app that signed the JSON web token."""
    app = caller(call)
    count = len(installations(call.store, app))
    return Reply(200, as_json.app(app, call.urls) | {"installations_count": count})


@route("apps/get-by-slug", "GET /apps/{app_slug}", caller="any")
def get_by_slug(call: Call) -> Reply:
    """Show an app by its slug, to everyone."""
    slug = call.params["app_slug"]
    app = call.store.actions_app if slug == apps.ACTIONS else next(iter(call.store.apps.where(slug=slug)), None)
    if app is None:
        known = errors.known_values(slug, (row.slug for row in call.store.apps))
        raise refusals.not_found(f"unknown app {slug!r}; {known}")
    return Reply(200, as_json.app(app, call.urls))
