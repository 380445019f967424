"""Accounts, apps and rate limits as GitHub's JSON."""

from __future__ import annotations

import base64
import struct
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.github import apps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_ghdeploy.github.model import App, RateLimit, User
    from pytest_ghdeploy.github.urls import JSON, Urls


_FIXSTR_LIMIT = 31
"""The length in bytes up to which msgpack writes a string as a fixstr."""


def node_id(prefix: str, *parts: int | str) -> str:
    """
    Make a GraphQL node id: msgpack of ``[0, *parts]`` in unpadded base64url.

    As in GitHub's ids, a string of up to 31 bytes is a fixstr, and a longer one
    a str16. A number below 2**32 is a uint32, and a larger one a uint64.

    Source:
        Observed: ``EN_kwDOHKhL9c4btIGx`` is ``[0, 480791541, 464814513]``. The
        strings were decoded from ids of commits and refs.
    """
    packed = bytes([0x90 + len(parts) + 1, 0])
    for part in parts:
        if isinstance(part, str):
            text = part.encode()
            is_short = len(text) <= _FIXSTR_LIMIT
            packed += (bytes([0xA0 | len(text)]) if is_short else struct.pack(">BH", 0xDA, len(text))) + text
        else:
            packed += struct.pack(">BI", 0xCE, part) if part < 1 << 32 else struct.pack(">BQ", 0xCF, part)
    return f"{prefix}_{base64.urlsafe_b64encode(packed).rstrip(b'=').decode()}"


def legacy_node_id(kind: str, number: int) -> str:
    """
    Make a node id in GitHub's older form: base64 of the length of *kind*, *kind* and *number*.

    Source:
        Observed: ``MDE2OkdhdGVCcmFuY2hQb2xpY3kyMDAyOTM1Ng==`` is ``016:GateBranchPolicy20029356``.
    """
    return base64.b64encode(f"0{len(kind)}:{kind}{number}".encode()).decode()


@lru_cache(1024)
def time(when: datetime) -> str:
    """Format a time as GitHub does: ``2026-03-10T12:00:00Z``."""
    return f"{when.replace(tzinfo=None).isoformat()}Z"


def local_time(when: datetime) -> str:
    """Format a time with its own offset from UTC: ``2026-03-10T12:00:00+02:00``. UTC itself is ``Z``."""
    return when.isoformat().replace("+00:00", "Z")


def time_in_milliseconds(when: datetime) -> str:
    """Format a time as GitHub does for deliveries: ``2026-03-10T12:00:00.000Z``."""
    return f"{when.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


# Accounts


def user(row: User, urls: Urls) -> JSON:
    """
    Serialize GitHub's simple user.

    Source:
        Observed in events of 2023 and 2024: a bot's page and picture are its app's, and the brackets
        of its login are escaped in the URLs of the API.
    """
    api = f"{urls.api}/users/{quote(row.login, safe='')}"
    return {
        "login": row.login,
        "id": row.id,
        "node_id": node_id("O" if row.type == "Organization" else "BOT" if row.type == "Bot" else "U", row.id),
        "avatar_url": urls.avatar(row),
        "gravatar_id": "",
        "url": api,
        "html_url": f"{urls.html}/{row.login if row.app_id is None else f'apps/{apps.slug_of(row.login)}'}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": row.type,
        "user_view_type": "public",
        "site_admin": row.site_admin,
    }


def public_user(row: User, urls: Urls, *, public_repos: int) -> JSON:
    """Serialize GitHub's public user, which everyone can see."""
    unset = ("name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username")
    return {
        **user(row, urls),
        **dict.fromkeys(unset),
        "blog": "",
        "public_repos": public_repos,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": time(row.created_at),
        "updated_at": time(row.created_at),
    }


def private_user(row: User, urls: Urls, *, public_repos: int, private_repos: int, collaborators: int) -> JSON:
    """Serialize GitHub's private user, which only the account itself can see."""
    return {
        **public_user(row, urls, public_repos=public_repos),
        "user_view_type": "private",
        "private_gists": 0,
        "total_private_repos": private_repos,
        "owned_private_repos": private_repos,
        "disk_usage": 0,
        "collaborators": collaborators,
        "two_factor_authentication": True,
        "plan": {"name": "free", "space": 976_562_499, "collaborators": 0, "private_repos": 10_000},
    }


def app(row: App, urls: Urls) -> JSON:
    """Serialize GitHub's integration: an app inside another object."""
    page = f"{urls.html}/apps/{row.slug}"
    return {
        "id": row.id,
        "client_id": row.client_id,
        "slug": row.slug,
        "node_id": legacy_node_id("App", row.id) if row.id == apps.ACTIONS_ID else node_id("A", row.id),
        "owner": user(row.owner, urls),
        "name": row.name,
        "description": row.description,
        "external_url": row.external_url or page,
        "html_url": page,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at or row.created_at),
        "permissions": dict(row.permissions),
        "events": list(row.events),
    }


def app_or_null(row: App | None, urls: Urls) -> JSON | None:
    """Serialize an app, or ``None`` as ``null``."""
    return app(row, urls) if row else None


def email(row: User) -> str:
    """Return the email address that GitHub assigns to an account."""
    return f"{row.id}+{row.login}@users.noreply.github.com"


# Rate limit


def rate_limit(core: RateLimit, others: Mapping[str, int]) -> JSON:
    """Serialize GitHub's rate limits: *core* as counted, and the unused limits of the *others* by name."""
    reset = int(core.reset_at.timestamp())
    counted = {"limit": core.limit, "used": core.used, "remaining": core.remaining, "reset": reset}
    unused = {name: {"limit": limit, "used": 0, "remaining": limit, "reset": reset} for name, limit in others.items()}
    return {"resources": {"core": counted, **unused}, "rate": counted}
