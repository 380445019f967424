"""Requests, responses and events as lines of text. Long bodies are cut."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pytest_ghdeploy.github.pagination import Page, sizes_of
from pytest_ghdeploy.github.refusals import REASONS
from pytest_ghdeploy.store.events import own_object, untouched_payload

if TYPE_CHECKING:
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.store.events import Event

REFUSED = 400
"""The lowest status of a refusal."""
_BODY_LIMIT = 200


def printable(line: str) -> str:
    """Escape control characters, so that a client cannot send commands to the terminal that shows the report."""
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def exchange_lines(number: int, entry: Exchange) -> list[str]:
    """Write a request with its *number*, then the response, the failure and the hint, if any."""
    query = entry.url.partition("?")[2]
    target = f"{entry.method} {entry.path}{'?' + query if query else ''}"
    lines = [f"{number:3}. {target} {_cut(entry.request_body)}".rstrip()]
    if entry.status:
        response = f"     {entry.status} {REASONS.get(entry.status, '')} {gist(entry)}"
        lines.append(response.rstrip())
    if entry.failure:
        lines.append(f"     {_FAILURES[entry.failure]} (fault)")
    if entry.hint:
        lines.append(f"     hint: {entry.hint}")
    return lines


_FAILURES = {
    "refused": "no response: connection refused",
    "reset": "no response: connection reset",
    "timeout": "no response: read timed out",
    "truncated": "the body was truncated",
}


def gist(entry: Exchange) -> str:
    """Summarise a response: the reason of a refusal, the id and name of an object, the length and page of a list."""
    try:
        body = json.loads(entry.response_body)
    except (ValueError, RecursionError):
        if b"\0" in entry.response_body:  # so git tells binary files from text
            return f"{len(entry.response_body):,} bytes"
        return _cut(entry.response_body)
    page = _page(entry)
    if isinstance(body, list):
        return page or f"{len(body)} item{'s'[: len(body) != 1]}"
    if not isinstance(body, dict):
        return _cut(entry.response_body)
    if "message" in body:
        return " ".join([json.dumps(body["message"], ensure_ascii=False), *_details(body.get("errors"))])
    names = (
        "id",
        "number",
        "state",
        "environment",
        "ref",
        "sha",
        "name",
        "login",
        "full_name",
        "context",
        "total_count",
    )
    shown = [f"{name} {_short(body[name])}" for name in names if isinstance(body.get(name), (str, int))]
    return ", ".join([*shown, page] if page else shown)


def _page(entry: Exchange) -> str:
    """Describe the page of a list, such as ``30 of 36, page 1 of 2``; ``""`` if the list has one page."""
    if entry.total_count is None:
        return ""
    query = dict(parse_qsl(entry.url.partition("?")[2]))
    page = Page.of(query, entry.total_count, sizes_of(entry.operation_id))
    if page.number == page.last == 1:
        return ""
    count = len(page.cut(range(entry.total_count)))
    return f"{count} of {entry.total_count}, page {page.number} of {page.last}"


def _details(errors: object) -> list[str]:
    """List the details of a refusal: each context with its state, or each field with its error."""
    details = []
    for error in errors if isinstance(errors, list) else []:
        contexts = error.get("contexts") if isinstance(error, dict) else None
        if isinstance(contexts, list):
            details += [f"[{item.get('context')}: {item.get('state')}]" for item in contexts if isinstance(item, dict)]
        elif isinstance(error, dict):
            details.append(f"[{error.get('message') or error.get('code')}]")
        else:
            details.append(f"[{error}]")
    return details


def _short(value: Any) -> str:  # noqa: ANN401 - any JSON
    text = str(value)
    return text[:7] if re.fullmatch(r"[0-9a-f]{40}", text) else text


def event_line(event: Event) -> str:
    """Write the name of an event, the main fields of its object, and the repository."""
    payload = untouched_payload(event)
    own = own_object(event.name, payload)
    fields = [f"{name} {_short(own[name])}" for name in _EVENT_FIELDS if own.get(name) and name != event.name]
    where = f" ({event.repository})" if event.repository else ""
    return f"{event.name}{'.' + event.action if event.action else ''}: {', '.join(fields)}{where}"


_FIELDS = ("id", "number", "state", "environment", "ref", "sha", "name", "login", "full_name", "context", "total_count")
_EVENT_FIELDS = ("id", "number", "hook_id", "state", "status", "conclusion", "context", "environment", "ref")


def _cut(body: bytes) -> str:
    text = " ".join(body.decode(errors="replace").split())
    return text if len(text) <= _BODY_LIMIT else f"{text[:_BODY_LIMIT]}… ({len(body):,} bytes)"
