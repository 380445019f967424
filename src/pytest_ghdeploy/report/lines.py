"""One request with its answer, or one event, as lines of text: what matters of it, with long bodies cut."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.store.events import Event

REFUSED = 400
"""The lowest status of a refusal."""
_BODY_LIMIT = 200


def printable(line: str) -> str:
    """Escape control characters: what a client sends must not steer the terminal on which the report is read."""
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def exchange_lines(number: int, entry: Exchange) -> list[str]:
    """Write the request with its *number*, then its answer, its failure and its hint, as far as there are any."""
    query = entry.url.partition("?")[2]
    asked = f"{entry.method} {entry.path}{'?' + query if query else ''}"
    lines = [f"{number:3}. {asked} {_cut(entry.request_body)}".rstrip()]
    if entry.status:
        answer = f"     {entry.status} {REASONS.get(entry.status, '')} {gist(entry)}"
        lines.append(answer.rstrip())
    if entry.failure:
        lines.append(f"     {_FAILURES[entry.failure]} (fault)")
    if entry.hint:
        lines.append(f"     hint: {entry.hint}")
    return lines


_FAILURES = {
    "refused": "no answer: connection refused",
    "reset": "no answer: connection reset",
    "timeout": "no answer: read timed out",
    "truncated": "the body was cut short on its way",
}


def gist(entry: Exchange) -> str:
    """Pick what matters from an answer: of a refusal why, of an object who it is, of a list how long it is."""
    try:
        body = json.loads(entry.response_body)
    except (ValueError, RecursionError):
        return _cut(entry.response_body)
    if isinstance(body, list):
        return f"{len(body)} item{'s'[: len(body) != 1]}"
    if not isinstance(body, dict):
        return _cut(entry.response_body)
    if "message" in body:
        return " ".join([json.dumps(body["message"], ensure_ascii=False), *_details(body.get("errors"))])
    names = ("id", "state", "environment", "ref", "sha", "name", "login", "full_name", "context", "total_count")
    return ", ".join(f"{name} {_short(body[name])}" for name in names if isinstance(body.get(name), (str, int)))


def _details(errors: object) -> list[str]:
    """Say what a refusal says beside its message: each context with its state, or each field with its problem."""
    details = []
    for error in errors if isinstance(errors, list) else []:
        contexts = error.get("contexts") if isinstance(error, dict) else None
        if isinstance(contexts, list):
            details += [f"[{one.get('context')}: {one.get('state')}]" for one in contexts if isinstance(one, dict)]
        elif isinstance(error, dict):
            details.append(f"[{error.get('message') or error.get('code')}]")
        else:
            details.append(f"[{error}]")
    return details


def _short(value: Any) -> str:  # noqa: ANN401 - any JSON
    text = str(value)
    return text[:7] if re.fullmatch(r"[0-9a-f]{40}", text) else text


def event_line(event: Event) -> str:
    """Write the name of an event, what it is about, and the repository."""
    payload = event.payload
    own = payload.get(event.name, payload)
    told = [f"{name} {_short(own[name])}" for name in _TOLD_OF_EVENTS if own.get(name) and name != event.name]
    where = f" ({event.repository})" if event.repository else ""
    return f"{event.name}{'.' + event.action if event.action else ''}: {', '.join(told)}{where}"


_TOLD_OF_EVENTS = ("id", "hook_id", "state", "status", "conclusion", "context", "environment", "ref")


def _cut(body: bytes) -> str:
    text = " ".join(body.decode(errors="replace").split())
    return text if len(text) <= _BODY_LIMIT else f"{text[:_BODY_LIMIT]}… ({len(body):,} bytes)"
