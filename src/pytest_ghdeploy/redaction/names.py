"""
Names of secrets, in JSON, forms, queries and headers.

The section "What is redacted" of ``docs/reference.md`` lists the words below.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

WORDS = ("secret", "token", "password", "passwd", "passphrase", "otp", "encrypted_value")
"""Words for secrets. Their values are secret wherever they appear."""

VAGUE_WORDS = ("auth", "authorization", "cookie", "credential", "credentials", "signature")
"""More words for secrets. Their values can be ordinary words, so they are hidden only where they have these names."""

KEYS = (
    *("access", "account", "api", "app", "client", "consumer", "deploy", "encryption", "master", "private"),
    *("service", "shared", "signing", "ssh", "storage"),
)
"""Words that make a ``key`` after them a secret, as in ``api_key``. Values are treated as for ``WORDS``."""

ATTRIBUTES = (
    *("algorithm", "arn", "at", "by", "category", "count", "description", "domain", "email", "enabled", "endpoint"),
    *("expiration", "expires", "expiry", "file", "fingerprint", "fingerprints", "format", "host", "id", "ids", "in"),
    *("issuer", "kind", "length", "level", "limit", "login", "method", "mode", "name", "names", "note", "path"),
    *("policy", "port", "prefix", "provider", "realm", "ref", "region", "request", "requests", "required", "scope"),
    *("scopes", "server", "service", "state", "status", "title", "ttl", "type", "types", "uri", "url", "urls"),
    *("used", "user", "username", "version"),
)
"""Last words of names that describe a secret without being one, as in ``token_type``."""

NOT_SECRET = ("secret_protection", "secret_scanning", "ssh_keys", "token_last_eight")
"""GitHub's names for things that are not secret."""

_Kind = Literal["", "hidden", "known"]

# Between words: before a capital letter of camelCase, before the last capital of an acronym, and around digits.
_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z]+")
_KEY = rf"(?:{'|'.join(KEYS)})_?key"
_KNOWN = re.compile(rf"(?:{'|'.join(WORDS)}|{_KEY})(?:_|$)")
_HIDDEN = re.compile(rf"(?:{'|'.join(VAGUE_WORDS)})(?:_|$)")
_NOT_SECRET = re.compile("|".join(NOT_SECRET))
_SEVERAL = re.compile(rf"(?:{'|'.join((*WORDS, *VAGUE_WORDS))}|{_KEY})s$")


@lru_cache(4096)
def kind_of(name: str) -> _Kind:
    """
    Classify a name by its words, in any spelling: ``db_password``, ``X-Api-Key``, ``clientSecret``, ``config[token]``.

    Returns:
        ``known`` if the value is a secret wherever it appears, ``hidden`` if it is secret only under this name, and
        ``""`` if it is no secret.
    """
    words = _words(name)
    if words.rpartition("_")[2] in ATTRIBUTES:
        return ""
    return "known" if _KNOWN.search(words) else "hidden" if _HIDDEN.search(words) else ""


@lru_cache(4096)
def is_plural(name: str) -> bool:
    """Return whether a name means several secrets: ``tokens``, ``api_keys``. A number or text is no such value."""
    return bool(_SEVERAL.search(_words(name)))


def _words(name: str) -> str:
    words = _SEAM.sub("_", name).lower().strip("_")
    return _NOT_SECRET.sub("", words).strip("_")


_ORDINARY = re.compile(r"[a-z]{1,20}(?:[_:][a-z]{1,20}){0,3}")
# The start of GitHub's tokens.
_TOKEN = re.compile(r"gh[a-z]_|github_pat_")


def is_ordinary(text: str) -> bool:
    """Return whether *text* looks like an ordinary name, such as ``from_ref``, and not like a token."""
    return bool(_ORDINARY.fullmatch(text)) and not _TOKEN.match(text)


def quotable(value: object, known: Iterable[str]) -> object:
    """Return *value* for a message, or "…" if it could be a secret: it is no ordinary name, and like no *known* one."""
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value)
    if is_ordinary(text):
        return text
    from difflib import get_close_matches  # few tests need it

    return text if get_close_matches(text, list(known), cutoff=0.8) else "…"
