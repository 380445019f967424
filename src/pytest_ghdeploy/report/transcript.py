"""The conversation with a fake: all requests, responses and events in order, without secrets."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from pytest_ghdeploy.report import diagram
from pytest_ghdeploy.report.diagram import GITHUB, Message, Parties
from pytest_ghdeploy.report.entries import Receiver, Said, Sent
from pytest_ghdeploy.report.exchange import Recorded
from pytest_ghdeploy.report.folding import Numbered, within, without_middle, without_repetitions, without_set_up
from pytest_ghdeploy.report.lines import REFUSED, event_line, exchange_lines, printable
from pytest_ghdeploy.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_ghdeploy.changes import Changes
    from pytest_ghdeploy.redaction.secrets import Secrets
    from pytest_ghdeploy.report.diagram import Kind
    from pytest_ghdeploy.report.exchange import Exchange

# The length of a name in a diagram.
_NAME_LIMIT = 40

_Part = TypeVar("_Part")


class Transcript:
    """The entries of a conversation in order: requests with responses, events, deliveries and messages."""

    def __init__(self, secrets: Secrets, lock: AbstractContextManager[object], changes: Changes) -> None:
        """Start empty. *secrets* are never shown. *changes* undoes what an interrupted call has added."""
        self.entries: list[Recorded | Event | Said | Sent | str] = []
        self._secrets = secrets
        self._lock = lock
        self._changes = changes
        self._forgotten = _Count()
        self._news: _News | None = None
        self._reported_from = 0

    def __repr__(self) -> str:
        return f"<Transcript {len(self.entries)} entries>"

    def add(self, entry: Recorded | Event | Said | Sent | str) -> None:
        """Add an entry. The caller holds the lock."""
        self._changes.append(self.entries, entry)

    def insert(self, place: int, request: Recorded) -> None:
        """Add a request before the events that it has caused. The caller holds the lock."""
        self._changes.undo_with(partial(self._remove, request))
        self.entries.insert(place, request)

    def _remove(self, request: Recorded) -> None:
        self.entries[:] = [entry for entry in self.entries if entry is not request]

    def text(self) -> str:
        """Write the conversation as lines: see ``Conversation.text``."""
        forgotten, items = self._snapshot()
        return "\n".join(_joined([*forgotten, *without_middle(items)], self._lines_of(items)))

    def diagram(self) -> str:
        """Draw the conversation: see ``Conversation.diagram``."""
        return _diagram(*self._drawn())

    def mermaid(self) -> str:
        """Write the conversation in Mermaid: see ``Conversation.mermaid``."""
        return "\n".join(diagram.as_mermaid(*self._drawn()))

    def report(self, most: int) -> str:
        """
        Write the conversation for the report of a failed test: as a diagram if more than two parties take part.

        Repetitions are left out, and so are many events in a row that the test itself has caused. Of the rest, at most
        *most* lines are shown; 0 means no limit.
        """
        forgotten, items = self._snapshot(self._reported_from)
        kept = without_repetitions(without_set_up(items))
        left = max(1, most - len(forgotten)) if most else 0
        clients, others = self._parties(items)
        if len(clients) + len(others) < _PAIR:
            lines_of = self._lines_of(items)
            shown = [*forgotten, *within(kept, left, lambda item: len(lines_of(item)))]
            return "\n".join(_joined(shown, lines_of))
        parties, messages_of = self._named(clients, others)
        left = max(1, left - 1) if most else 0  # for the names
        shown = [*forgotten, *within(kept, left, lambda item: _height(messages_of(item)))]
        return _diagram(_joined(shown, messages_of), parties)

    def begin_test(self) -> None:
        """Leave everything so far out of reports from now on."""
        with self._lock:
            self._reported_from = len(self.entries)

    def news(self) -> list[str]:
        """
        Return the new lines since the last call: one per request with its response, and one per hint.

        A delivery is included once its outcome is known.
        """
        with self._lock:
            news = self._news = self._news or _News()
            fresh = news.open
            for entry in self.entries[news.place :]:
                news.number += isinstance(entry, Recorded)
                fresh.append(Numbered(entry, news.number))
            news.place = len(self.entries)
            done: list[Numbered] = []
            news.open = []
            for item in fresh:
                (news.open if isinstance(item.entry, Sent) and item.entry.is_open else done).append(item)
            news.parties |= dict.fromkeys(party for item in done if (party := _party_of(item.entry)))
            names = self._names(news.parties, 0)
            return [line for item in done for line in _on_one_line(item, self._lines(item, names))]

    def forget(self, keep: int) -> int:
        """
        Remove the oldest entries if there are more than twice *keep*, and keep the last *keep*.

        Returns:
            The number of removed entries.
        """
        with self._lock:
            removed = len(self.entries) - keep if len(self.entries) > 2 * keep else 0
            self.forget_first(removed)
            return removed

    def forget_first(self, removed: int) -> None:
        """Remove the oldest *removed* entries."""
        with self._lock:
            if removed:
                self._forgotten.entries += removed
                self._forgotten.requests += sum(isinstance(entry, Recorded) for entry in self.entries[:removed])
                # In place, because other objects hold this list.
                del self.entries[:removed]
                if self._news:
                    self._news.place = max(0, self._news.place - removed)
                    self._news.number = max(self._news.number, self._forgotten.requests)

    def _snapshot(self, start: int = 0) -> tuple[list[str], list[Numbered]]:
        """
        Copy the entries from *start* on, so that they can be written without the lock.

        The first list tells what was removed. Requests keep their numbers.
        """
        with self._lock:
            entries, number, forgotten = list(self.entries), self._forgotten.requests, self._forgotten.lines()
        numbered = []
        for entry in entries:
            number += isinstance(entry, Recorded)
            numbered.append(Numbered(entry, number))
        return forgotten, numbered[start:]

    def _lines_of(self, items: Sequence[Numbered]) -> Callable[[Numbered], list[str]]:
        """Make a function that writes each of *items* once."""
        names = self._names(dict.fromkeys(party for item in items if (party := _party_of(item.entry))), 0)

        @cache
        def lines_of(item: Numbered) -> list[str]:
            lines = self._lines(item, names)
            return [*lines, f"     {item.note}"] if item.note else lines

        return lines_of

    def _lines(self, item: Numbered, names: Mapping[_Party, str]) -> list[str]:
        if isinstance(item.entry, Recorded):
            lines = exchange_lines(item.number, item.entry.shown(self._secrets))
            return [printable(line) for line in lines]  # they may be cut, and must not be redacted again
        return [self._clean(line) for line in self._other_lines(item.entry, names)]

    def _other_lines(self, entry: Event | Said | Sent | str, names: Mapping[_Party, str]) -> list[str]:
        if isinstance(entry, Event):
            return [f"     event {event_line(entry)}"]
        party = _party_of(entry)
        if isinstance(entry, Said):
            name = names[party] if party else GITHUB
            target = f" to {name}" if entry.receiver and not entry.sender else ""
            lines = [f"     {GITHUB if target else name}{target}: {entry.text}"]
            return [*lines, f"     hint: {entry.hint}"] if entry.hint else lines
        if isinstance(entry, Sent) and party:
            return [
                f"  {'!' if entry.is_failed else ' '}  --> {entry.what} to {names[party]}{entry.place}: {entry.outcome}"
            ]
        return [f"  !  {entry}"]

    def _drawn(self) -> tuple[list[Message | str], Parties]:
        forgotten, items = self._snapshot()
        parties, messages_of = self._named(*self._parties(items))
        return _joined([*forgotten, *without_middle(without_repetitions(items))], messages_of), parties

    def _parties(self, items: Sequence[Numbered]) -> tuple[dict[_Party, None], dict[_Party, None]]:
        """Find the clients and the other parties, in the order of their first messages."""
        clients: dict[_Party, None] = {}
        others: dict[_Party, None] = {}
        for item in items:
            if isinstance(item.entry, Recorded):
                clients[self._client_of(item.entry.exchange)] = None
            elif party := _party_of(item.entry):
                others[party] = None
        return clients, others

    def _named(
        self, clients: dict[_Party, None], others: dict[_Party, None]
    ) -> tuple[Parties, Callable[[Numbered], list[Message | str]]]:
        """Name the parties, and make a function that draws each item once."""
        names = self._names(clients | others, _NAME_LIMIT)

        @cache
        def messages_of(item: Numbered) -> list[Message | str]:
            messages = self._messages(item, names)
            return [*messages, f"     {item.note}"] if item.note else [*messages]

        return Parties(tuple(map(names.__getitem__, clients)), tuple(map(names.__getitem__, others))), messages_of

    def _client_of(self, entry: Exchange) -> _Party:
        # Secrets are redacted before the name is cut, or half a secret could be shown.
        agent = re.match(r"[\w.+-]{1,30}", self._secrets.redact_known(entry.request_headers.get("user-agent", "")))
        login = entry.login or ("unknown token" if entry.request_headers.get("authorization") else "anonymous")
        return _Party("client", login, agent[0] if agent else "")

    def _names(self, parties: Mapping[_Party, None], limit: int) -> dict[_Party, str]:
        """Give each party a unique name, cut to about *limit* characters unless that is 0."""
        logins = Counter(party.name for party in parties if party.kind == "client")
        names: dict[_Party, str] = {}
        taken = {GITHUB: ""}
        numbers: Counter[str] = Counter()
        for party in parties:
            if party.kind != "client" or logins[party.name] == 1:
                name = party.name
            else:
                name = f"{party.name} ({party.of or 'no User-Agent'})"
            name = self._clean(name)
            if limit and len(name) > limit:
                name = f"{name[: limit - 1]}…"
            if taken.get(name, party.kind) != party.kind:
                name = f"{name} ({party.kind})"
            base = name
            while name in taken:
                numbers[base] += 1
                name = f"{base} {numbers[base] + 1}"
            taken[name] = party.kind
            names[party] = name
        return names

    def _messages(self, item: Numbered, names: Mapping[_Party, str]) -> Iterator[Message]:
        if isinstance(item.entry, Recorded):
            client = names[self._client_of(item.entry.exchange)]
            clean: Callable[[str], str] = printable
            messages = _exchange_messages(item.number, item.entry.shown(self._secrets), client)
        else:
            clean = self._clean
            messages = [self._other_message(item.entry, names)]
        for message in messages:
            yield message._replace(text=clean(message.text), hint=clean(message.hint))

    def _other_message(self, entry: Event | Said | Sent | str, names: Mapping[_Party, str]) -> Message:
        if isinstance(entry, Event):
            return Message(GITHUB, GITHUB, f"event {event_line(entry)}", "note", answer=True)
        party = _party_of(entry)
        name = names[party] if party else GITHUB
        if isinstance(entry, Said):
            kind: Kind = "refusal" if entry.refused else "request" if entry.sender else "message"
            source, target = (name, GITHUB) if entry.sender else (GITHUB, name)
            return Message(source, target, entry.text, kind, entry.hint, answer=True)
        if isinstance(entry, Sent):
            if entry.is_failed:
                text, hint = f"{entry.what} delivered{entry.place}: failed", entry.row.reason
                return Message(GITHUB, name, text, "refusal", hint, answer=True)
            return Message(
                GITHUB, name, f"{entry.what} delivered{entry.place}: {entry.outcome}", "message", answer=True
            )
        return Message(GITHUB, GITHUB, entry, "warning", answer=True)

    def _clean(self, text: str) -> str:
        return printable(self._secrets.redact(text))


# The number of parties besides GitHub that need a diagram.
_PAIR = 2


class _Count:
    """The numbers of entries and requests that were removed from the beginning."""

    def __init__(self) -> None:
        self.entries = 0
        self.requests = 0

    def lines(self) -> list[str]:
        return [f"… {self.entries} earlier requests and events are no longer recorded …"] if self.entries else []


class _News:
    """The position of the last call of ``news``."""

    def __init__(self) -> None:
        self.place = 0
        self.number = 0
        self.open: list[Numbered] = []
        self.parties: dict[_Party, None] = {}


class _Party(NamedTuple):
    """
    A party of the conversation other than GitHub.

    Attributes:
        name: A login, a URL, …

        of: Distinguishes parties with the same name: the ``User-Agent`` of a client, the identity of a receiver.
    """

    kind: Literal["client", "third party", "receiver"]
    name: str
    of: str | int = ""


def _party_of(entry: object) -> _Party | None:
    """Find the party of an entry that is not a request."""
    if isinstance(entry, Said):
        if entry.sender:
            return _Party("third party", entry.sender)
        return _Party("receiver", entry.receiver) if entry.receiver else None
    if not isinstance(entry, Sent):
        return None
    of = entry.target.of if isinstance(entry.target, Receiver) else None
    # If a scripted third party both receives deliveries and posts, it is one party.
    if isinstance(getattr(type(of), "login", None), property):
        return _Party("third party", str(getattr(of, "login")))  # noqa: B009 - any object
    return _Party("receiver", str(entry.target), "" if of is None else id(of))


def _joined(shown: Iterable[Numbered | str], write: Callable[[Numbered], Sequence[_Part | str]]) -> list[_Part | str]:
    """Write what is shown. A string is a line of its own."""
    return [part for item in shown for part in ([f"     {item}"] if isinstance(item, str) else write(item))]


def _height(messages: Iterable[Message | str]) -> int:
    """Count the lines of a part of a diagram."""
    return sum(2 if isinstance(message, Message) and message.hint else 1 for message in messages)


def _diagram(messages: list[Message | str], parties: Parties) -> str:
    return "\n".join(line.rstrip() for line in diagram.as_text(messages, parties)) if messages else ""


def _exchange_messages(number: int, entry: Exchange, client: str) -> list[Message]:
    first, *rest = (line.strip() for line in exchange_lines(number, entry))
    hints = [line.removeprefix("hint: ") for line in rest if line.startswith("hint: ")]
    response = "; ".join(line for line in rest if not line.startswith("hint: "))
    refused = not 0 < entry.status < REFUSED
    return [
        Message(client, GITHUB, f"{number:3}. {first.partition('. ')[2]}", "request"),
        Message(GITHUB, client, response, "refusal" if refused else "response", "; ".join(hints), answer=True),
    ]


def _on_one_line(item: Numbered, lines: list[str]) -> list[str]:
    """Write a request and its response on one line."""
    if not isinstance(item.entry, Recorded):
        return lines
    request, *rest = lines
    hints = [line for line in rest if line.startswith(_HINT)]
    response = "; ".join(line.strip() for line in rest if not line.startswith(_HINT))
    return [f"{request} -> {response}", *hints]


_HINT = "     hint: "
