"""Installations of apps and their tokens as GitHub's JSON. Source: https://docs.github.com/rest/apps/apps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.github.model import PERMISSIONS
from pytest_ghdeploy.serializers import repositories
from pytest_ghdeploy.serializers.accounts import legacy_node_id, time, time_in_milliseconds, user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.installations import Installation
    from pytest_ghdeploy.github.model import App, Permission, Repository, Token
    from pytest_ghdeploy.github.urls import JSON, Urls


def installation(row: Installation, app: App, urls: Urls) -> JSON:
    """
    Serialize an installation.

    Source:
        PyGithub's recordings of 2023, whose times have milliseconds; ``client_id`` is from GitHub's description.
    """
    account = row.account
    page = f"organizations/{quote(account.login)}/settings" if account.type == "Organization" else "settings"
    return {
        "id": row.id,
        "client_id": app.client_id,
        "account": user(account, urls),
        "repository_selection": selection(row.repository_ids),
        "access_tokens_url": f"{urls.api}/app/installations/{row.id}/access_tokens",
        "repositories_url": f"{urls.api}/installation/repositories",
        "html_url": f"{urls.html}/{page}/installations/{row.id}",
        "app_id": row.app_id,
        "app_slug": app.slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": dict(row.permissions),
        "events": list(app.events),
        "created_at": time_in_milliseconds(row.created_at),
        "updated_at": time_in_milliseconds(row.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": row.suspended_by and user(row.suspended_by, urls),
        "suspended_at": row.suspended_at and time_in_milliseconds(row.suspended_at),
    }


def simple_installation(row: Installation) -> JSON:
    """Serialize the installation in the events that the hook of an app receives."""
    return {"id": row.id, "node_id": legacy_node_id("IntegrationInstallation", row.id)}


def selection(repository_ids: frozenset[int] | None) -> str:
    """Say whether all repositories are meant, or selected ones."""
    return "all" if repository_ids is None else "selected"


def token(row: Token, covered: frozenset[int] | None, chosen: Sequence[Repository] | None, urls: Urls) -> JSON:
    """
    Serialize a new token of an installation.

    Args:
        covered: The ids of the repositories that it covers, ``None`` for all of the account.

        chosen: The repositories that the request named, ``None`` if it named none.
    """
    assert row.expires_at is not None  # noqa: S101 - tokens of installations always expire
    made: JSON = {
        "token": row.text,
        "expires_at": time(row.expires_at),
        "permissions": dict(row.permissions or {}),
        "repository_selection": selection(covered),
    }
    if chosen is not None:
        made["repositories"] = [repository(known, None, urls) for known in chosen]
    return made


def repository(row: Repository, permission: Permission | None, urls: Urls) -> JSON:
    """
    Serialize a repository that an installation covers.

    Args:
        permission: The right of the user that the app acts for. ``None`` for an app that acts as itself: all
            ``permissions`` are then false, as recorded for tokens that may only read [guess: for all others too].
    """
    rank = -1 if permission is None else PERMISSIONS.index(permission)
    rights = {right: PERMISSIONS.index(right) <= rank for right in reversed(PERMISSIONS)}
    return repositories.repository(row, urls) | {"permissions": rights}
