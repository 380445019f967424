"""
JSON bodies, read and written like GitHub does.

Source:
    https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api for the refusals.
    The limit on nesting is that of Ruby's JSON [guess].
"""

from __future__ import annotations

import json
from typing import Any

from pytest_ghdeploy.github import refusals

MAX_NESTING = 100
"""The most levels of nested arrays and objects in a body."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _refuse_constant(name: str) -> float:
    msg = f"{name} is not valid JSON"
    raise ValueError(msg)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        return _refuse_constant(digits)
    return value


_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode


def to_json(value: object) -> str:
    """Encode a value as compact JSON, without escapes for non-ASCII characters."""
    return _encode(value)


def read_body(body: bytes, *, or_null: bool = False, or_array: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """
    Decode the JSON object in a request's body, or with *or_array* the array.

    An empty body is an empty object, and with *or_null* so is ``null``.

    Raises:
        BadRequest:
            The body is not UTF-8, not JSON (``NaN`` and numbers beyond the
            range of a double are invalid), nested deeper than 100 levels, or
            not an object.
    """
    if not body.strip():
        return {}
    try:
        text = body.decode()
        value = _decode(text)
        if "\\u" in text:
            to_json(value).encode()  # fails for half a surrogate pair, which no response could contain
    except (ValueError, RecursionError) as problem:
        reason = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise refusals.unparsable_json(f"the body is not JSON: {reason}") from None
    if body.count(b"[") + body.count(b"{") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise refusals.unparsable_json(f"the body is nested deeper than {MAX_NESTING} levels")
    if value is None and or_null:
        return {}
    if not isinstance(value, dict) and not (or_array and isinstance(value, list)):
        from pytest_ghdeploy.http.violations import ruby  # most bodies are objects

        raise refusals.not_an_object(f"the body is JSON, but {ruby(value)[:80]} is not an object")
    return value


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while containers := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [item for each in containers for item in (each.values() if isinstance(each, dict) else each)]
    return depth
