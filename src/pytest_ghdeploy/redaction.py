"""What stands in the place of a secret, and how texts are told whose form shows where one is."""

from __future__ import annotations

import re

REDACTED = "[redacted]"

NAMES = r"(?:access_|client_|refresh_|webhook_)?(?:secret|token|password)"
"""What secrets are called in queries, forms and JSON."""

_SECRET_QUERY = re.compile(rf"(?i)([?&]{NAMES}=)[^&#]*")
_USERINFO = re.compile(r"//[^/?#]*@")
_BEFORE_AT = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
_ORDINARY = re.compile(r"[a-z]{1,20}(?:_[a-z]{1,20}){0,3}")


def without_credentials(url: str) -> str:
    """Copy *url* with the credentials in it blotted out."""
    if "@" in url:
        url = _USERINFO.sub(f"//{REDACTED}@", url, count=1)
    return _SECRET_QUERY.sub(rf"\1{REDACTED}", url) if "?" in url else url


def told_of(url: str) -> str:
    """Copy what was to be a URL, and need not be one, without what could be credentials in it."""
    return _SECRET_QUERY.sub(rf"\1{REDACTED}", _BEFORE_AT.sub(rf"\1{REDACTED}@", url))


def is_ordinary(key: str) -> bool:
    """Tell whether *key* looks like a word for a thing, such as ``from_ref``, and not like a token."""
    return bool(_ORDINARY.fullmatch(key))
