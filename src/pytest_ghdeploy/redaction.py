"""What must never be told: what stands in its place, what is known of it, and texts whose form shows where it is."""

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
"""What secrets are called in queries, forms and JSON."""

_SECRET_QUERY = re.compile(rf"(?i)([?&]{NAMES}=)[^&#]*")
_USERINFO = re.compile(r"//[^/?#]*@")
_BEFORE_AT = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
_ORDINARY = re.compile(r"[a-z]{1,20}(?:_[a-z]{1,20}){0,3}")

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-github-otp"})
_USERINFO_IN_BODY = re.compile(rb"(://)[^/?#\"\s\\]*@")
# A shorter one would be found in half of all texts, and one that is shorter still in half of them as a word.
_SHORTEST_SECRET, _SHORTEST_WORD = 8, 4
# A member of a JSON object, of one that is written into a text, and of a form or a query.
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


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Copy *headers*, whose names are in lower case, with the credentials blotted out."""
    kept = dict(headers)
    for name in _SECRET_HEADERS & kept.keys():
        kept[name] = REDACTED
    return kept


def without_secret_members(body: bytes, found: Secrets) -> bytes:
    """Copy a request's *body* with the values blotted out that are secrets by their names; note them as *found*."""
    if b"ecret" in body or b"oken" in body or b"assword" in body:

        def blotted(match: re.Match[bytes]) -> bytes:
            quoted, escaped, number, formed = match.group("quoted", "escaped", "number", "formed")
            if b"secret" in match["name"].lower() and quoted is not None:
                found.add(_from_json(quoted))
            elif formed is not None:
                found.show(unquote_plus(formed.decode(errors="replace")))
            else:
                found.show(_from_json(quoted or escaped or number))
            blot = REDACTED.encode()
            return match["name"] + (b'"' + blot + b'"' if number is not None else blot)

        body = _SECRET_MEMBER.sub(blotted, body)
    return _USERINFO_IN_BODY.sub(rb"\1" + REDACTED.encode() + b"@", body) if b"@" in body and b"://" in body else body


def _from_json(text: bytes) -> str:
    try:
        return str(json.loads(b'"%s"' % text))
    except ValueError:
        return text.decode(errors="replace")


class Secrets:
    """What must never be told, wherever it turns up: tokens that clients have shown, and what tests declared secret."""

    def __init__(self) -> None:
        """Start with none known."""
        self._known: dict[str, bytes] = {}
        self._words: dict[str, tuple[re.Pattern[str], re.Pattern[bytes]]] = {}

    def __enter__(self) -> None:
        """Let a failure that is raised from now on quote none of them."""

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        """Blot them out of the failure's message; it stays the same failure."""
        if isinstance(exc, AssertionError):
            exc.args = (self.blot(str(exc)),)

    def show(self, token: str) -> None:
        """Remember *token*, which a client has shown, if it is long enough to be one."""
        if len(token) >= _SHORTEST_SECRET and token not in self._known:
            for form in _forms(token):
                self._known[form] = form.encode(errors="surrogatepass")

    def add(self, secret: str) -> None:
        """Remember what was declared to be *secret*. A short one counts as a word of its own only."""
        self.show(secret)
        if _SHORTEST_WORD <= len(secret) < _SHORTEST_SECRET and secret not in self._words:
            for form in _forms(secret):
                word = rf"(?<!\w){re.escape(form)}(?!\w)"
                self._words[form] = re.compile(word), re.compile(word.encode(errors="surrogatepass"))

    def __bool__(self) -> bool:
        return bool(self._known or self._words)

    def blot(self, text: str) -> str:
        """Copy *text* without the secrets."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, REDACTED)
        for secret, (word, _) in self._words.items():
            if secret in text:
                text = word.sub(REDACTED, text)
        return text

    def blot_bytes(self, body: bytes) -> bytes:
        """Copy *body* without the secrets."""
        for secret in self._known.values():
            if secret in body:
                body = body.replace(secret, REDACTED.encode())
        for _, word in self._words.values():
            body = word.sub(REDACTED.encode(), body)
        return body

    def blot_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Copy *headers* without the secrets."""
        return {name: self.blot(value) for name, value in headers.items()}


def _forms(secret: str) -> list[str]:
    """List how a secret is written: plainly, in JSON, in Python and in a URL; the longest first."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    with suppress(UnicodeEncodeError):
        forms |= {quote(secret, safe=""), quote_plus(secret)}
    return sorted(forms, key=len, reverse=True)
