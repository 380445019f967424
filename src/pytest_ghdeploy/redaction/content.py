"""
Hiding secrets by their names and in URLs: in texts, bodies, headers and JSON values.

A text may be anything, even half a JSON document. So names are found one by one
instead of parsing the whole. The time grows linearly with the length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote, unquote_plus

from pytest_ghdeploy.redaction.names import is_plural, kind_of

REDACTED = "[redacted]"

Learn = Callable[[str, str], None]
"""Called with the name and the value of a secret that was found."""

# A name in quotes before a colon. In JSON within a JSON string, backslashes precede the quotes.
_NAME = re.compile(r"""(["'])((?:[^"'\\{}\[\],:]|\\u[0-9A-Fa-f]{4}){1,100})(\\{0,63})\1\s{0,20}:\s{0,20}""")
_NUMBER = re.compile(r"-?\d[\d.eE+-]*")
# A field of a form or query. An apostrophe ends the value if it could close a quotation.
_PAIR = r"""([^\s=&?#"'\\<>{}]{1,100})=((?:[^&#\s"'\\<>]|'(?=[^\s&#"'\\<>,;)}\]]))+)"""
_FIRST_FIELD, _FIELD = re.compile(f"()^{_PAIR}"), re.compile(f"([?&]){_PAIR}")
_USERINFO = re.compile(r"""://(?!git@)[^/?#\s"\\<>]+@""")
# The same in the path or a field of another URL.
_ENCODED_USERINFO = re.compile(
    r"""(%3A(?://|%2F%2F))(?!git%40)(?:(?!%(?:2F|3F|23|2[02]))[^/?#&\s"\\<>])+%40""", re.IGNORECASE
)
_BEFORE_AT = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
# Values that say whether there is a secret, or what may be done with it.
_PLAIN = frozenset({"", "true", "false", "null", "none", "read", "write", "********"})


def hide(text: str, learn: Learn | None = None, *, across_lines: bool = False) -> str:
    """
    Hide the values of names that mark secrets, and the credentials in URLs.

    Args:
        across_lines: Whether a value in quotes may continue in the next line. In a report, where values may be cut, it
            ends with the line.

        learn: Called for each value that is a secret wherever it appears.

    Returns:
        *text* itself if nothing was hidden.
    """
    if ":" in text and ('"' in text or "'" in text):
        text = _hide_members(text, learn, re.DOTALL if across_lines else re.NOFLAG)
    if "=" in text:

        def hidden(field: re.Match[str]) -> str:
            return _hide_field(field, learn)

        text = _FIELD.sub(hidden, _FIRST_FIELD.sub(hidden, text))
    if "@" in text and "://" in text:
        text = _USERINFO.sub(f"://{REDACTED}@", text)
    if "%40" in text:
        text = _ENCODED_USERINFO.sub(rf"\1{REDACTED}%40", text)
    return text


def hide_in_body(body: bytes, learn: Learn | None = None) -> bytes:
    """Hide secrets in a body as ``hide`` does in a text. Everything else keeps its bytes."""
    text = body.decode(errors="surrogateescape")
    hidden = hide(text, learn, across_lines=True)
    return body if hidden is text else hidden.encode(errors="surrogateescape")


def hide_in_value(value: Any, in_text: Callable[[str], str] = hide) -> Any:  # noqa: ANN401 - any JSON
    """
    Copy a JSON value without the secrets in it.

    Args:
        in_text: Hides secrets in a string.
    """
    if isinstance(value, str):
        return in_text(value)
    if isinstance(value, Mapping):
        return {
            in_text(name): REDACTED if _is_secret(name, member) else hide_in_value(member, in_text)
            for name, member in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [hide_in_value(item, in_text) for item in value]
    return value


def learn_in_headers(headers: Mapping[str, str], learn: Learn) -> None:
    """Call *learn* for each header whose value is a secret wherever it appears."""
    for name, value in headers.items():
        if kind_of(name) == "known" and not _is_plain(value):
            learn(name, value)


def hide_in_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Hide the values of headers whose names mark secrets, and secrets in the other values."""
    return {name: REDACTED if _is_secret(name, value) else hide(value) for name, value in headers.items()}


def without_likely_credentials(url: str) -> str:
    """Hide possible credentials in a string that should be a URL but may not be one."""
    return hide(_BEFORE_AT.sub(rf"\1{REDACTED}@", url))


def _is_secret(name: str, value: object) -> bool:
    kind = kind_of(name)
    if not kind and not is_plural(name):
        return False
    if isinstance(value, (Mapping, list, tuple)):
        items = value.values() if isinstance(value, Mapping) else value
        return bool(items) and (bool(kind) or all(isinstance(item, str) for item in items))
    return bool(kind) and value is not None and not isinstance(value, bool) and not _is_plain(str(value))


def _is_plain(value: str) -> bool:
    return value.lower() in _PLAIN or value.startswith(REDACTED)


# Fields of forms and queries


def _hide_field(field: re.Match[str], learn: Learn | None) -> str:
    before, name, value = field.groups()
    kind = kind_of(unquote(name))
    if kind and not _is_plain(value):
        if learn and kind == "known":
            learn(name, unquote_plus(value))
        return f"{before}{name}={REDACTED}"
    if "%22" in value:  # JSON in a form
        decoded = unquote_plus(value)
        hidden = hide(decoded, learn)
        if hidden is not decoded:
            return f"{before}{name}={quote_plus(hidden)}"
    return field[0]


# Members of JSON objects, and of mappings as Python prints them


class _Value(NamedTuple):
    """
    The value after a name.

    Attributes:
        opening, closing: The quotes around the content, with their backslashes.

        content: The text of a string or number; ``None`` for a list or an object.
    """

    end: int
    opening: str
    closing: str
    content: str | None = None


def _hide_members(text: str, learn: Learn | None, flags: re.RegexFlag) -> str:
    parts: list[str] = []
    position = 0
    for match in _NAME.finditer(text):
        name, start = _decoded(match[2], 1), match.end()
        kind = kind_of(name)
        if not kind and not is_plural(name):
            continue
        is_hidden = start < position  # it is inside a secret itself
        value = _value_at(text, start, _grammar(match[3], flags), is_scalar=is_hidden, is_plural=not kind)
        if value is None or (value.content is not None and _is_plain(value.content)):
            continue
        if learn and kind == "known" and value.content is not None:
            # Each level of escaping doubles the backslashes and adds one.
            learn(name, _decoded(value.content, (len(match[3]) + 1).bit_length()))
        if not is_hidden:
            parts += text[position:start], value.opening, REDACTED, value.closing
            position = value.end
    return "".join([*parts, text[position:]]) if parts else text


def _value_at(text: str, start: int, grammar: _Grammar, *, is_scalar: bool, is_plural: bool) -> _Value | None:
    """Find the string, number, list or object that starts at *start*. A plural has a list or object of strings."""
    quote = grammar.quote
    if is_plural:
        flat = None if is_scalar else grammar.flat.match(text, start)
        return _Value(flat.end(), quote, quote) if flat else None
    if string := grammar.string.match(text, start):
        return _Value(string.end(), string["opening"], string["closing"], string["content"])
    if number := _NUMBER.match(text, start):
        return _Value(number.end(), quote, quote, number[0])
    if is_scalar or text[start : start + 1] not in ("[", "{"):
        return None
    depth = 0
    for token in grammar.token.finditer(text, start):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if not depth:
            is_empty = not text[start + 1 : token.start()].strip()
            return None if is_empty else _Value(token.end(), quote, quote)
    return _Value(len(text), quote, "")


class _Grammar(NamedTuple):
    """
    Patterns for JSON at one level of escaping.

    Attributes:
        quote: A double quote with its backslashes.

        flat: A list or an object of nothing but strings.

        token: A string or a bracket.
    """

    quote: str
    string: re.Pattern[str]
    flat: re.Pattern[str]
    token: re.Pattern[str]


@lru_cache(64)
def _grammar(escapes: str, flags: re.RegexFlag) -> _Grammar:
    if escapes:
        quote = rf'\\{{{len(escapes)}}}"'
        string = rf"{quote}.*?(?<!\\){quote}"
        parts = rf"(?P<opening>{quote})(?P<content>.*?)(?P<closing>(?<!\\){quote}|(?!.))"
    else:
        string = r""""(?:(?!["\\]).|\\.)*+"|'(?:(?!['\\]).|\\.)*+'"""
        parts = r"""(?P<opening>b?(?P<quote>["']))(?P<content>(?:(?!(?P=quote)|\\).|\\.)*+)(?P<closing>(?P=quote)?)"""
    item = rf"(?:{string})\s*+"
    flat = rf"\[\s*+(?:{item},?\s*+)++\]|\{{\s*+(?:{item}:\s*+{item},?\s*+)++\}}"
    patterns = (re.compile(pattern, flags) for pattern in (parts, flat, rf"{string}|[\[\]{{}}]"))
    return _Grammar(f'{escapes}"', *patterns)


def _decoded(text: str, levels: int) -> str:
    """Undo the escaping of a JSON string, as often as it was escaped."""
    for _ in range(levels):
        if "\\" in text:
            with suppress(ValueError):
                text = str(json.loads(f'"{text}"', strict=False))
    return text
