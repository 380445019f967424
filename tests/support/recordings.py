"""
PyGithub's recorded exchanges with GitHub, which its source distribution contains. ``make clients`` fetches them.

A recording is a text file: for each exchange the scheme, method, host, port,
path, request headers, request body, status, response headers and response body.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import fetched

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES = 10
_YEAR = re.compile(r"\b(20\d\d)\b")


class Exchange(NamedTuple):
    """One request and GitHub's response. *year* is 0 if the response is undated."""

    method: str
    path: str
    request_headers: dict[str, str]
    request_body: str
    status: int
    year: int
    body: Any


def load(name: str) -> list[Exchange]:
    """Read the recording of one of PyGithub's tests, such as ``PullRequest.testMerge``."""
    lines = (fetched.from_pypi("PyGithub") / f"{name}.txt").read_text("utf-8").split("\n")
    exchanges = []
    while lines:
        if lines[0].strip() not in ("http", "https"):
            lines.pop(0)
            continue
        _, method, _, _, path, sent, sent_body, status, received, body = (line.strip() for line in lines[:_LINES])
        lines = lines[_LINES:]
        headers = {key.lower(): value for key, value in ast.literal_eval(received)}
        year = _YEAR.search(headers.get("date", ""))
        exchanges.append(
            Exchange(
                method,
                path,
                ast.literal_eval(sent),
                "" if sent_body == "None" else sent_body,
                int(status),
                int(year[1]) if year else 0,
                json.loads(body) if body.startswith(("{", "[")) else None,
            )
        )
    return exchanges


def differences(recorded: Any, answered: Any, *, is_recent: bool, place: str = "") -> Iterator[str]:  # noqa: ANN401
    """
    Yield the places at which two JSON values have different shapes.

    A value that is null on one side has no shape to compare. Of two arrays, the
    first recorded item is compared with the first of the same ``type``.

    Args:
        is_recent: Whether members that only *answered* has are differences too. GitHub adds members over the years.
    """
    if recorded is None or answered is None:
        return
    if _kind(recorded) != _kind(answered):
        yield f"{place}: {_kind(recorded)} was recorded, the fake has {_kind(answered)}"
    elif isinstance(recorded, dict):
        for name in sorted({*recorded, *answered}):
            inner = f"{place}.{name}"
            if name in recorded and name in answered:
                yield from differences(recorded[name], answered[name], is_recent=is_recent, place=inner)
            elif name in recorded:
                yield f"{inner}: is missing"
            elif is_recent:
                yield f"{inner}: was not recorded"
    elif isinstance(recorded, list) and recorded and answered:
        first, *_ = [item for item in answered if _type(item) == _type(recorded[0])] or answered
        yield from differences(recorded[0], first, is_recent=is_recent, place=f"{place}[0]")


def _type(item: object) -> object:
    return item.get("type") if isinstance(item, dict) else None


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else "a string" if isinstance(value, str) else "a number"
