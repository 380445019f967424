"""
Sequence diagrams of the conversation: as text with a lifeline per party, and as Mermaid.

Source:
    https://mermaid.js.org/syntax/sequenceDiagram.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GITHUB = "GitHub"

Kind = Literal["request", "response", "refusal", "message", "note", "warning"]
"""
``response`` and ``refusal`` are responses to a ``request``. A ``message`` has no response. ``note`` and ``warning``
are remarks by GitHub.
"""

_NARROWEST = 10
_MOST = 5
# The greatest lengths of a message in Mermaid, which is on one line, and of the hint below it.
_MESSAGE_LIMIT, _HINT_LIMIT = 100, 300
_ALWAYS_ESCAPED = re.compile(r"[^\w \-.,:/?=!()\[\]{}'+*@~^|…]")
_WRAPS = re.compile(r"^((?:no)?wrap):", re.IGNORECASE)
_END = re.compile(r"\b(e)(?=nd\b)", re.IGNORECASE)
_ARROWS = {"request": "->>", "response": "-->>", "refusal": "--x", "message": "-)"}


class Message(NamedTuple):
    """A message in the diagram. For ``note`` and ``warning``, *target* equals *source*. *hint* gives the reason."""

    source: str
    target: str
    text: str
    kind: Kind
    hint: str = ""
    answer: bool = False


class Parties(NamedTuple):
    """
    The parties other than GitHub, by unique names, in the order of their first messages.

    Attributes:
        clients: The clients that send requests.

        others: The receivers of deliveries, and third parties.
    """

    clients: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def lifelines(self) -> tuple[str, ...]:
        """The names of all lifelines from left to right. With too many parties, the later ones share a lifeline."""
        return (*_few(self.clients, "other clients"), GITHUB, *_few(self.others, "others"))

    def lifeline_of(self, name: str) -> int:
        """Return the index of a party's lifeline, from the left."""
        left, right = _few(self.clients, ""), _few(self.others, "")
        if name in self.clients:
            return min(self.clients.index(name), len(left) - 1)
        if name in self.others:
            return len(left) + 1 + min(self.others.index(name), len(right) - 1)
        return len(left)


def _few(names: Sequence[str], rest: str) -> list[str]:
    return list(names) if len(names) <= _MOST else [*names[: _MOST - 1], rest]


def as_text(messages: Sequence[Message | str], parties: Parties) -> Iterator[str]:
    """Draw a diagram as text. Refusals have an "x" in the margin. A string in *messages* is a line of its own."""
    places = [0]
    names = parties.lifelines
    for name in names:
        places.append(places[-1] + max(len(name) + 2, _NARROWEST))
    width = places[len(names) - 1] + 3
    yield "  " + "".join(
        name.ljust(after - place) for name, place, after in zip(names, places, places[1:], strict=False)
    )
    for message in messages:
        lines = [" "] * width
        for place in places[:-1]:
            lines[place] = "|"
        empty = "".join(lines)
        if isinstance(message, str):
            yield f"  {empty}{message}"
            continue
        start, end = (places[parties.lifeline_of(name)] for name in (message.source, message.target))
        bad = message.kind in ("refusal", "warning")
        if start == end:
            lines[start] = "!" if bad else "*"
        else:
            left, right = min(start, end), max(start, end)
            lines[left + 1 : right] = "-" * (right - left - 1)
            lines[end + (1 if start > end else -1)] = "x" if bad else "<" if start > end else ">"
        margin = "x " if bad else "  "
        yield f"{margin}{''.join(lines)}{'     ' if message.answer else ''}{message.text}"
        if message.hint:
            yield f"{margin}{empty}     hint: {message.hint}"


def as_mermaid(messages: Sequence[Message | str], parties: Parties) -> Iterator[str]:
    """Write a Mermaid sequence diagram. A refusal has a crossed arrow, and a note with its hint."""
    yield "sequenceDiagram"
    names = parties.lifelines
    for number, name in enumerate(names):
        yield f"    {'participant' if name == GITHUB else 'actor'} P{number} as {_escaped(name)}"
    for message in messages:
        if isinstance(message, str):
            across = f"P0,P{len(names) - 1}" if len(names) > 1 else "P0"
            yield f"    Note over {across}: {_escaped(message)}"
            continue
        source, target = (f"P{parties.lifeline_of(name)}" for name in (message.source, message.target))
        text = _escaped(message.text)
        if source == target:
            yield f"    Note over {source}: {text}"
        else:
            yield f"    {source}{_ARROWS[message.kind]}{target}: {text}"
        if message.hint:
            both = source if source == target else f"{source},{target}"
            yield f"    Note over {both}: hint: {_escaped(message.hint, _HINT_LIMIT)}"


def _escaped(text: str, limit: int = _MESSAGE_LIMIT) -> str:
    """Write *text* on one line of Mermaid. Characters with a meaning in Mermaid become ``#number;``."""
    line = " ".join(text.split())
    if len(line) > limit:
        line = f"{line[: limit - 1]}…"
    line = _ALWAYS_ESCAPED.sub(lambda match: f"#{ord(match[0])};", line)
    line = _WRAPS.sub(r"\1#58;", line)
    return _END.sub(lambda match: f"#{ord(match[1])};", line) or "#32;"
