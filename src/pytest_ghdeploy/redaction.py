"""Redaction: remove secrets from URLs, headers, bodies and messages."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

REDACTED = "[redacted]"

NAMES = r"(?:access_|client_|refresh_|webhook_)?(?:secret|token|password)"
"""A pattern for the names of secrets in queries, forms and JSON."""

_SECRET_QUERY = re.compile(rf"(?i)([?&]{NAMES}=)[^&#]*")
_USERINFO = re.compile(r"//[^/?#]*@")
_BEFORE_AT = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
_ORDINARY = re.compile(r"[a-z]{1,20}(?:_[a-z]{1,20}){0,3}")

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-github-otp"})
_USERINFO_IN_BODY = re.compile(rb"(://)[^/?#\"\s\\]*@")
# Shorter secrets would match parts of ordinary text. Those below the second limit would match ordinary words.
_SHORTEST_SECRET, _SHORTEST_WORD = 8, 4
# A member of a JSON object, of a JSON object inside a JSON string, and of a form or query.
_SECRET_MEMBER = re.compile(
    rf"""(?isx)
    (?: (?P<name> (?: "{NAMES}"\s*:\s*"(?=(?P<quoted>(?:[^"\\]|\\.)+))
                   |  \\{{1,9}}"{NAMES}\\{{1,9}}"\s*:\s*\\{{1,9}}"(?=(?P<escaped>[^"\\]+))
                   |  "{NAMES}"\s*:\s*(?=(?P<number>-?\d[\d.e+-]*))
                   |  (?:^|[?&\[]|%5b){NAMES}(?:\]|%5d)?=(?=(?P<formed>[^&\#"\s\\]+))
    ))) (?: (?P=quoted) | (?P=escaped) | (?P=number) | (?P=formed) )
    """.encode()
)


def without_credentials(url: str) -> str:
    """Return *url* with its credentials redacted."""
    if "@" in url:
        url = _USERINFO.sub(f"//{REDACTED}@", url, count=1)
    return _SECRET_QUERY.sub(rf"\1{REDACTED}", url) if "?" in url else url


def without_likely_credentials(url: str) -> str:
    """Redact possible credentials in a string that should be a URL but may not be one."""
    return _SECRET_QUERY.sub(rf"\1{REDACTED}", _BEFORE_AT.sub(rf"\1{REDACTED}@", url))


def is_ordinary(key: str) -> bool:
    """Return whether *key* looks like an ordinary name, such as ``from_ref``, and not like a token."""
    return bool(_ORDINARY.fullmatch(key))


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers*, whose names are in lower case, with credentials redacted."""
    kept = dict(headers)
    for name in _SECRET_HEADERS & kept.keys():
        kept[name] = REDACTED
    return kept


def without_secret_members(body: bytes, secrets: Secrets) -> bytes:
    """Redact values in a request's *body* whose names mark them as secrets, and add them to *secrets*."""
    if b"ecret" in body or b"oken" in body or b"assword" in body:

        def replacement(match: re.Match[bytes]) -> bytes:
            quoted, escaped, number, formed = match.group("quoted", "escaped", "number", "formed")
            if b"secret" in match["name"].lower() and quoted is not None:
                secrets.add(_from_json(quoted))
            elif formed is not None:
                secrets.add_token(unquote_plus(formed.decode(errors="replace")))
            else:
                secrets.add_token(_from_json(quoted or escaped or number))
            redacted = REDACTED.encode()
            return match["name"] + (b'"' + redacted + b'"' if number is not None else redacted)

        body = _SECRET_MEMBER.sub(replacement, body)
    return _USERINFO_IN_BODY.sub(rb"\1" + REDACTED.encode() + b"@", body) if b"@" in body and b"://" in body else body


def _from_json(text: bytes) -> str:
    try:
        return str(json.loads(b'"%s"' % text))
    except ValueError:
        return text.decode(errors="replace")


class Secrets:
    """The secrets to redact everywhere: tokens sent by clients, and values that tests declared secret."""

    def __init__(self) -> None:
        """Start without secrets."""
        self._known: dict[str, bytes] = {}
        self._words: dict[str, tuple[re.Pattern[str], re.Pattern[bytes]]] = {}

    def __enter__(self) -> None:
        """Redact the secrets in the message of an assertion that fails in the block."""

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        """Redact the message of the failure. The exception stays the same object."""
        if isinstance(exc, AssertionError):
            exc.args = (self.redact(str(exc)),)

    def add_token(self, token: str) -> None:
        """Add a *token* sent by a client, if it has at least 8 characters."""
        if len(token) >= _SHORTEST_SECRET and token not in self._known:
            for form in _forms(token):
                self._known[form] = form.encode(errors="surrogatepass")

    def add(self, secret: str) -> None:
        """Add a declared *secret*. A secret of 4 to 7 characters is redacted only as a whole word."""
        self.add_token(secret)
        if _SHORTEST_WORD <= len(secret) < _SHORTEST_SECRET and secret not in self._words:
            for form in _forms(secret):
                word = rf"(?<!\w){re.escape(form)}(?!\w)"
                self._words[form] = re.compile(word), re.compile(word.encode(errors="surrogatepass"))

    def __bool__(self) -> bool:
        return bool(self._known or self._words)

    def redact(self, text: str) -> str:
        """Return *text* with the secrets redacted."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, REDACTED)
        for secret, (word, _) in self._words.items():
            if secret in text:
                text = word.sub(REDACTED, text)
        return text

    def redact_bytes(self, body: bytes) -> bytes:
        """Return *body* with the secrets redacted."""
        for secret in self._known.values():
            if secret in body:
                body = body.replace(secret, REDACTED.encode())
        for _, word in self._words.values():
            body = word.sub(REDACTED.encode(), body)
        return body

    def redact_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return *headers* with the secrets redacted."""
        return {name: self.redact(value) for name, value in headers.items()}


def _forms(secret: str) -> list[str]:
    """List the spellings of a secret: plain, in JSON, in Python and in URLs. The longest comes first."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    with suppress(UnicodeEncodeError):
        forms |= {quote(secret, safe=""), quote_plus(secret)}
    return sorted(forms, key=len, reverse=True)
