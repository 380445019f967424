"""
GitHub's information about itself, as JSON.

Source:
    https://docs.github.com/rest/meta/meta
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pytest_ghdeploy.github.urls import JSON, Urls

_PAGED = "{&page,per_page,sort,order}"
_LISTED = "{?type,page,per_page,sort}"

# URI templates (RFC 6570) below the root of the API.
_TEMPLATES = {
    "authorizations_url": "/authorizations",
    "code_search_url": f"/search/code?q={{query}}{_PAGED}",
    "commit_search_url": f"/search/commits?q={{query}}{_PAGED}",
    "emails_url": "/user/emails",
    "emojis_url": "/emojis",
    "events_url": "/events",
    "feeds_url": "/feeds",
    "followers_url": "/user/followers",
    "following_url": "/user/following{/target}",
    "gists_url": "/gists{/gist_id}",
    "hub_url": "/hub",
    "issue_search_url": f"/search/issues?q={{query}}{_PAGED}",
    "issues_url": "/issues",
    "keys_url": "/user/keys",
    "label_search_url": "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications_url": "/notifications",
    "organization_url": "/orgs/{org}",
    "organization_repositories_url": f"/orgs/{{org}}/repos{_LISTED}",
    "organization_teams_url": "/orgs/{org}/teams",
    "public_gists_url": "/gists/public",
    "rate_limit_url": "/rate_limit",
    "repository_url": "/repos/{owner}/{repo}",
    "repository_search_url": f"/search/repositories?q={{query}}{_PAGED}",
    "current_user_repositories_url": f"/user/repos{_LISTED}",
    "starred_url": "/user/starred{/owner}{/repo}",
    "starred_gists_url": "/gists/starred",
    "topic_search_url": "/search/topics?q={query}{&page,per_page}",
    "user_url": "/users/{user}",
    "user_organizations_url": "/user/orgs",
    "user_repositories_url": f"/users/{{user}}/repos{_LISTED}",
    "user_search_url": f"/search/users?q={{query}}{_PAGED}",
}


def root(urls: Urls) -> JSON:
    """Serialize the root document. Its URLs include endpoints that the fake does not implement."""
    return {
        "current_user_url": f"{urls.api}/user",
        "current_user_authorizations_html_url": f"{urls.html}/settings/connections/applications{{/client_id}}",
        **{name: urls.api + template for name, template in _TEMPLATES.items()},
    }


# Networks reserved for documentation (RFC 5737 and RFC 3849), so a firewall rule made from them lets nobody in.
_INBOUND = ["192.0.2.0/24", "2001:db8::/32"]
_OUTBOUND = ["198.51.100.0/24"]


def meta(urls: Urls) -> JSON:
    """
    Serialize GitHub's keys and networks. They are made up, and the keys differ between hosts.

    GitHub Enterprise Server returns its version and no networks [guess: which fields].
    """
    if urls.enterprise_version:
        return {"verifiable_password_authentication": True, "installed_version": urls.enterprise_version}
    key = _host_key(urls)
    fingerprint = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    host = urlsplit(urls.html).netloc
    return {
        "verifiable_password_authentication": False,
        "ssh_key_fingerprints": {"SHA256_ED25519": fingerprint},
        "ssh_keys": [f"ssh-ed25519 {base64.b64encode(key).decode()}"],
        "hooks": _OUTBOUND,
        "web": _INBOUND,
        "api": _INBOUND,
        "git": _INBOUND,
        "packages": _INBOUND,
        "pages": _INBOUND,
        "importer": _OUTBOUND,
        "actions": _OUTBOUND,
        "dependabot": _OUTBOUND,
        "domains": {"website": [f"*.{host}"]},
    }


def _host_key(urls: Urls) -> bytes:
    kind, point = b"ssh-ed25519", hashlib.sha256(urls.html.encode()).digest()
    return struct.pack(">I", len(kind)) + kind + struct.pack(">I", len(point)) + point
