"""
Negotiation of API version and media type, conditional requests, and the headers of every response.

Source:
    https://docs.github.com/rest/about-the-rest-api/api-versions
    https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#media-types
    https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
    and observed in PyGithub's recordings Environment.* (2022) and octokit.rb's of environments (2023).
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api.routing import USUAL_TERMS, Terms
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import API_VERSIONS
from pytest_ghdeploy.http.short_cache import cached_if_short

if TYPE_CHECKING:
    from datetime import datetime

JSON_TYPE = "application/json; charset=utf-8"


# application/vnd.github[.version or preview][.form][+json]
_GITHUBS = re.compile(
    r"application/vnd\.github(?:\.(?P<version>v3|beta|[a-z][a-z0-9-]*-preview))?(?:\.(?P<form>[a-z-]+))?(?:\+json)?"
)
_ANY_JSON = frozenset({"*/*", "application/*", "application/json"})
_FORMS = frozenset(
    {"base64", "diff", "full", "html", "json", "object", "patch", "raw", "sha", "star", "text", "text-match"}
)


@cached_if_short(256)
def terms(accept: str, version: str | None, *, reads: bool, in_errors: bool) -> Terms:
    """
    Negotiate the API version and the form of the response.

    Args:
        accept: The header ``Accept``, ``""`` if it is missing.

        version: The header ``X-GitHub-Api-Version``, ``None`` if it is missing.

        reads: Whether the request is a GET or HEAD. Only for these does the response list all requested previews.

        in_errors: See ``Assumptions.version_text_in_errors``.

    Raises:
        BadRequest: The version does not exist.
        UnsupportedMediaType: GitHub sends none of the accepted media types.
    """
    if version is not None and version not in API_VERSIONS:
        raise refusals.unknown_version(version, API_VERSIONS, in_errors=in_errors)
    entries = [entry for part in accept.split(",") if (entry := part.partition(";")[0].strip().lower())]
    media_types, form, form_entry, is_acceptable = [], "", "", not entries
    for entry in entries:
        match = _GITHUBS.fullmatch(entry)
        entry_form = match["form"] if match else None
        if entry not in _ANY_JSON and (match is None or (entry_form and entry_form not in _FORMS)):
            continue
        is_acceptable = True
        if entry_form and not form:
            form, form_entry = entry_form, entry
        preview = match["version"] if match else None
        parts = [f"github.{preview or 'v3'}", *([f"param={entry_form}"] if entry_form else [])]
        if entry_form is None or entry.endswith("+json"):
            parts.append("format=json")
        media_types.append("; ".join(parts))
    if not is_acceptable:
        raise refusals.unsupported_media_type(entries)
    media_type = ", ".join(dict.fromkeys(media_types if reads else media_types[:1])) or USUAL_TERMS.media_type
    return Terms(version or API_VERSIONS[0], form, form_entry, media_type)


# Fields that a newer API version has removed: everywhere, or at the top of an operation's response or of its items.
_REMOVED_EVERYWHERE = {"2026-03-10": frozenset({"has_downloads", "use_squash_pr_title_as_default"})}
_OF_PULL_REQUESTS = frozenset({"merge_commit_sha", "assignee"})
_OF_ISSUES = frozenset({"assignee"})
_REMOVED_AT_THE_TOP = {
    "2026-03-10": {
        "issues/get": _OF_ISSUES,
        "issues/list-for-repo": _OF_ISSUES,
        "issues/update": _OF_ISSUES,
        "pulls/create": _OF_PULL_REQUESTS,
        "pulls/get": _OF_PULL_REQUESTS,
        "pulls/list": _OF_PULL_REQUESTS,
        "pulls/remove-requested-reviewers": _OF_PULL_REQUESTS,
        "pulls/request-reviewers": _OF_PULL_REQUESTS,
        "pulls/update": _OF_PULL_REQUESTS,
        "rate-limit/get": frozenset({"rate"}),
        "repos/list-pull-requests-associated-with-commit": _OF_PULL_REQUESTS,
    }
}


def as_of(version: str, operation_id: str, body: Any) -> Any:  # noqa: ANN401 - JSON
    """
    Convert the *body* of a response to an API *version*.

    Source:
        https://docs.github.com/rest/about-the-rest-api/breaking-changes
    """
    if version not in _REMOVED_EVERYWHERE:
        return body
    if removed := _REMOVED_AT_THE_TOP[version].get(operation_id):
        body = {name: value for name, value in body.items() if name not in removed}
    return _without(body, _REMOVED_EVERYWHERE[version])


def _without(value: Any, removed: frozenset[str]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _without(member, removed) for name, member in value.items() if name not in removed}
    if isinstance(value, list):
        return [_without(member, removed) for member in value]
    return value


# Response headers

_EXPOSED = (
    "ETag, Link, Location, Retry-After, X-GitHub-OTP, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Used, "
    "X-RateLimit-Resource, X-RateLimit-Reset, X-OAuth-Scopes, X-Accepted-OAuth-Scopes, X-Poll-Interval, "
    "X-GitHub-Media-Type, X-GitHub-SSO, X-GitHub-Request-Id, Deprecation, Sunset"
)
_ALWAYS = {
    "Server": "GitHub.com",
    "Content-Type": JSON_TYPE,
    "Access-Control-Expose-Headers": _EXPOSED,
    "Access-Control-Allow-Origin": "*",
    "Strict-Transport-Security": "max-age=31536000; includeSubdomains; preload",
    "X-Frame-Options": "deny",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "origin-when-cross-origin, strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'",
    "Vary": "Accept-Encoding, Accept, X-Requested-With",
}
PRIVATE = {
    "Cache-Control": "private, max-age=60, s-maxage=60",
    "Vary": f"Accept, Authorization, Cookie, X-GitHub-OTP, {_ALWAYS['Vary']}",
}
"""The caching headers of a response with content to an authenticated caller."""
PUBLIC = {"Cache-Control": "public, max-age=60, s-maxage=60", "Vary": f"Accept, {_ALWAYS['Vary']}"}
"""The caching headers of a response with content to an anonymous caller."""


def general_headers(negotiated: Terms) -> dict[str, str]:
    """Build the headers that every response has."""
    return _ALWAYS | {"X-GitHub-Media-Type": negotiated.media_type, "x-github-api-version-selected": negotiated.version}


PREFLIGHT = {
    "Server": "GitHub.com",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": _EXPOSED,
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, "
        "Accept-Encoding, X-GitHub-OTP, X-Requested-With, User-Agent, GraphQL-Features, X-GitHub-Api-Version"
    ),
    "Access-Control-Allow-Methods": "GET, POST, PATCH, PUT, DELETE",
    "Access-Control-Max-Age": "86400",
    "Strict-Transport-Security": _ALWAYS["Strict-Transport-Security"],
    "X-Frame-Options": "deny",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of the response to OPTIONS on any path, which browsers send before a cross-origin request."""


@lru_cache(64)
def http_date(timestamp: int) -> str:
    """Format a time, in seconds since 1970, as in HTTP headers: ``Fri, 20 Nov 2026 12:00:00 GMT``."""
    return formatdate(timestamp, usegmt=True)


# nginx does not compress shorter bodies. An empty list was observed with a strong tag.
_COMPRESSED_FROM = 20


def entity_tag(body: bytes, version: str, *, reads: bool, accept_encoding: str) -> str:
    """
    Make the ``ETag`` of a *body*: 64 hex digits.

    The tag is weak if GitHub would have compressed the body. This was observed
    for GETs by clients that accept gzip. The digits are the same either way.
    """
    digits = sha256(body if version == API_VERSIONS[0] else version.encode() + body).hexdigest()
    weak = "W/" if reads and len(body) >= _COMPRESSED_FROM and "gzip" in accept_encoding.lower() else ""
    return f'{weak}"{digits}"'


def is_unchanged(
    if_none_match: str | None, if_modified_since: str | None, *, tag: str, modified_at: datetime | None
) -> bool:
    """
    Return whether the client already has this response.

    Args:
        if_none_match: Tags, compared weakly. If present, *if_modified_since* is ignored.
    """
    if if_none_match is not None:
        known = (entry.strip().removeprefix("W/") for entry in if_none_match.split(","))
        return if_none_match.strip() == "*" or tag.removeprefix("W/") in known
    if if_modified_since is None or modified_at is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
        return modified_at <= (since if since.tzinfo else since.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return False
