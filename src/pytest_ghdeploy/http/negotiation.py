"""
What the headers of a request ask for, and what the headers of every answer say.

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


@lru_cache(256)
def terms(accept: str, version: str | None, *, reads: bool, in_errors: bool) -> Terms:
    """
    Agree on the version of the API and the form of the answer.

    Args:
        accept: The header ``Accept``, ``""`` where there is none.

        version: The header ``X-GitHub-Api-Version``.

        reads: Whether the request is a GET or HEAD: only those show all preview types that were asked for.

        in_errors: Where the refusal of a version has its text: see ``Assumptions.version_text_in_errors``.

    Raises:
        BadRequest: GitHub has no such version.
        UnsupportedMediaType: None of the types is one that GitHub sends.
    """
    if version is not None and version not in API_VERSIONS:
        raise refusals.unknown_version(version, API_VERSIONS, in_errors=in_errors)
    entries = [entry for part in accept.split(",") if (entry := part.partition(";")[0].strip().lower())]
    shown, form, form_entry, is_met = [], "", "", not entries
    for entry in entries:
        found = _GITHUBS.fullmatch(entry)
        asked = found["form"] if found else None
        if entry not in _ANY_JSON and (found is None or (asked and asked not in _FORMS)):
            continue
        is_met = True
        if asked and not form:
            form, form_entry = asked, entry
        preview = found["version"] if found else None
        parts = [f"github.{preview or 'v3'}", *([f"param={asked}"] if asked else [])]
        if asked is None or entry.endswith("+json"):
            parts.append("format=json")
        shown.append("; ".join(parts))
    if not is_met:
        raise refusals.unsupported_media_type(entries)
    media_type = ", ".join(dict.fromkeys(shown if reads else shown[:1])) or USUAL_TERMS.media_type
    return Terms(version or API_VERSIONS[0], form, form_entry, media_type)


# What a newer version of the API no longer has, at any depth or at the top of an operation's answer.
_GONE_ANYWHERE = {"2026-03-10": frozenset({"has_downloads", "use_squash_pr_title_as_default"})}
_GONE_AT_THE_TOP = {"2026-03-10": {"rate-limit/get": frozenset({"rate"})}}


def as_of(version: str, operation_id: str, body: Any) -> Any:  # noqa: ANN401 - JSON
    """
    Write an answer as a *version* of the API has it.

    Source:
        https://docs.github.com/rest/about-the-rest-api/breaking-changes
    """
    if version not in _GONE_ANYWHERE:
        return body
    if gone := _GONE_AT_THE_TOP[version].get(operation_id):
        body = {name: value for name, value in body.items() if name not in gone}
    return _without(body, _GONE_ANYWHERE[version])


def _without(value: Any, gone: frozenset[str]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _without(member, gone) for name, member in value.items() if name not in gone}
    if isinstance(value, list):
        return [_without(member, gone) for member in value]
    return value


# Answers

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
"""What an answer with contents says beside: for how long it holds, and for whom. This is one to a known caller."""
PUBLIC = {"Cache-Control": "public, max-age=60, s-maxage=60", "Vary": f"Accept, {_ALWAYS['Vary']}"}
"""The same to an anonymous one."""


def general_headers(agreed: Terms) -> dict[str, str]:
    """Write the headers that every answer has, whatever it is."""
    return _ALWAYS | {"X-GitHub-Media-Type": agreed.media_type, "x-github-api-version-selected": agreed.version}


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
"""What OPTIONS is answered with, for any path: a browser asks before it sends a request to another site."""


@lru_cache(64)
def http_date(timestamp: int) -> str:
    """Write a time, in seconds since 1970, as HTTP does: ``Fri, 20 Nov 2026 12:00:00 GMT``."""
    return formatdate(timestamp, usegmt=True)


# nginx compresses nothing that is shorter; an empty list was observed with a strong tag.
_COMPRESSED_FROM = 20


def entity_tag(body: bytes, version: str, *, reads: bool, accept_encoding: str) -> str:
    """
    Make the ``ETag`` of a *body*: 64 hex digits, which change with it.

    It is marked as weak where GitHub would have compressed the body: observed
    for GETs by clients that accept gzip, with the same digits as when strong.
    """
    digits = sha256(body if version == API_VERSIONS[0] else version.encode() + body).hexdigest()
    weak = "W/" if reads and len(body) >= _COMPRESSED_FROM and "gzip" in accept_encoding.lower() else ""
    return f'{weak}"{digits}"'


def is_unchanged(
    if_none_match: str | None, if_modified_since: str | None, *, tag: str, modified_at: datetime | None
) -> bool:
    """
    Decide whether the client has this answer already.

    Args:
        if_none_match: Tags, compared weakly; where there are any, *if_modified_since* does not count.
    """
    if if_none_match is not None:
        known = (one.strip().removeprefix("W/") for one in if_none_match.split(","))
        return if_none_match.strip() == "*" or tag.removeprefix("W/") in known
    if if_modified_since is None or modified_at is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
        return modified_at <= (since if since.tzinfo else since.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return False
