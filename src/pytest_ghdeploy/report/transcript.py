"""What was said: every request with its answer, every event, in order, without secrets."""

from __future__ import annotations

import re
from collections import Counter
from types import MethodType
from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_ghdeploy.redaction import without_credentials
from pytest_ghdeploy.report import diagram
from pytest_ghdeploy.report.diagram import GITHUB, Message, Parties
from pytest_ghdeploy.report.exchange import Exchange, blotted
from pytest_ghdeploy.report.lines import REFUSED, event_line, exchange_lines, gist, printable
from pytest_ghdeploy.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Self

    from pytest_ghdeploy.github.model import HookDelivery
    from pytest_ghdeploy.redaction import Secrets
    from pytest_ghdeploy.report.diagram import Kind

# Of a long conversation, how many requests and events of its beginning and its end are told.
_FIRST, _LAST = 10, 90
# And between these, how many that went wrong.
_WRONG = 50
# Of a name in a picture.
_NAME_LIMIT = 40

WAITS = "the client waits"
"""What a line begins with that tells of no trouble."""


class Said(NamedTuple):
    """
    What somebody does who is neither a client nor GitHub, or what GitHub tells somebody.

    Attributes:
        speaker: Who says it, ``""`` for GitHub; likewise *hearer*.

        refused: Whether it was not taken.

        hint: Why not.
    """

    speaker: str
    hearer: str
    text: str
    refused: bool = False
    hint: str = ""


class Receiver(str):
    """The name of a receiver, which others may have too; *of* is the receiver itself, if it is in this process."""

    __slots__ = ("of",)

    of: object

    def __new__(cls, name: str, of: object = None) -> Self:
        """Call *of* by its *name*."""
        made = super().__new__(cls, name)
        # A method is another object each time it is asked for.
        made.of = of.__self__ if isinstance(of, MethodType) else of
        return made


class Sent:
    """A delivery in the conversation, which stands where it began and says how it ended."""

    __slots__ = ("row", "target")

    def __init__(self, target: str, row: HookDelivery) -> None:
        """Tell of *row* on its way to *target*."""
        self.target = target
        self.row = row

    @property
    def what(self) -> str:
        """What is delivered."""
        return f"{self.row.event}{' once more' if self.row.redelivery else ''}"

    @property
    def outcome(self) -> str:
        """What has come of it."""
        row = self.row
        then = f", and then {type(row.exception).__name__}: {row.exception}".rstrip(": ") if row.exception else ""
        outcomes = {"waiting": "not answered", "delivered": f"{row.status_code} {row.status}{then}"}
        return outcomes.get(row.state, f"{row.state}: {row.reason}")

    @property
    def is_failed(self) -> bool:
        """Whether it went wrong."""
        return self.row.state == "failed"

    @property
    def is_open(self) -> bool:
        """Whether its receiver has not answered yet."""
        return self.row.state == "waiting" and not self.row.reason


class Transcript:
    """What was said: requests, answers, events and what third parties do, in the order in which it happened."""

    def __init__(self, secrets: Secrets, lock: AbstractContextManager[object]) -> None:
        """Start with nothing said; *secrets* are never told."""
        self.entries: list[Exchange | Event | Said | Sent | str] = []
        self._secrets = secrets
        self._lock = lock
        self._forgotten = _Count()
        self._news: _News | None = None

    def __repr__(self) -> str:
        return f"<Transcript {len(self.entries)} entries>"

    def text(self) -> str:
        """Tell it in lines: see ``Conversation.text``."""
        with self._lock:
            told = list(self._numbered())
            names = self._names(dict.fromkeys(party for one in told if (party := _party_of(one.entry))), 0)
            lines = [
                line
                for one in (*self._forgotten.told(), *_shortened(told))
                for line in ([f"     {one}"] if isinstance(one, str) else self._lines(one, names))
            ]
            return self._secrets.blot("\n".join(printable(line) for line in lines))

    def diagram(self) -> str:
        """Draw it: see ``Conversation.diagram``."""
        with self._lock:
            return _picture(*self._drawn())

    def mermaid(self) -> str:
        """Draw it for Mermaid: see ``Conversation.mermaid``."""
        with self._lock:
            return "\n".join(diagram.as_mermaid(*self._drawn()))

    def report(self) -> str:
        """Tell the conversation as a failing test's report does: drawn, if more than two take part."""
        with self._lock:
            messages, parties = self._drawn()
            return _picture(messages, parties) if len(parties.lifelines) > _PAIR else self.text()

    def news(self) -> list[str]:
        """
        Tell what has been said since this was asked last: of a request and its answer one line, and one for a hint.

        A delivery is told as soon as it is known what has come of it.
        """
        with self._lock:
            news = self._news = self._news or _News()
            fresh = news.open
            for entry in self.entries[news.place :]:
                news.number += isinstance(entry, Exchange)
                fresh.append(_Told(entry, news.number))
            news.place = len(self.entries)
            news.open = [one for one in fresh if isinstance(one.entry, Sent) and one.entry.is_open]
            told = [one for one in fresh if one not in news.open]
            news.parties |= dict.fromkeys(party for one in told if (party := _party_of(one.entry)))
            names = self._names(news.parties, 0)
            return [self._clean(line) for one in told for line in _joined(one, self._lines(one, names))]

    def forget(self, keep: int) -> int:
        """
        Forget what was said first, once there is twice as much as is to be kept.

        Returns:
            How many entries are gone.
        """
        with self._lock:
            gone = len(self.entries) - keep if len(self.entries) > 2 * keep else 0
            if gone:
                self._forgotten.entries += gone
                self._forgotten.requests += sum(isinstance(entry, Exchange) for entry in self.entries[:gone])
                # Others have got hold of this list.
                del self.entries[:gone]
                if self._news:
                    self._news.place = max(0, self._news.place - gone)
                    self._news.number = max(self._news.number, self._forgotten.requests)
            return gone

    def _numbered(self) -> Iterator[_Told]:
        number = self._forgotten.requests
        for entry in self.entries:
            number += isinstance(entry, Exchange)
            yield _Told(entry, number)

    def _lines(self, told: _Told, names: Mapping[_Party, str]) -> list[str]:
        entry = told.entry
        if isinstance(entry, Exchange):
            return exchange_lines(told.number, blotted(entry, self._secrets))
        if isinstance(entry, Event):
            return [f"     event {event_line(entry)}"]
        party = _party_of(entry)
        if isinstance(entry, Said):
            name = names[party] if party else GITHUB
            told_to = f" to {name}" if entry.hearer and not entry.speaker else ""
            lines = [f"     {GITHUB if told_to else name}{told_to}: {entry.text}"]
            return [*lines, f"     hint: {entry.hint}"] if entry.hint else lines
        if isinstance(entry, Sent) and party:
            return [f"  {'!' if entry.is_failed else ' '}  --> {entry.what} to {names[party]}: {entry.outcome}"]
        return [f"  !  {entry}"]

    def _drawn(self) -> tuple[list[Message | str], Parties]:
        clients: dict[_Party, None] = {}
        others: dict[_Party, None] = {}
        groups: list[_Told] = []
        before: Exchange | None = None
        for told in self._numbered():
            entry = told.entry
            if isinstance(entry, Exchange):
                clients[self._client_of(entry)] = None
                if before is not None and self._is_repeated(before, entry):
                    groups[-1].repeated += 1
                    continue
                before = entry
            else:
                before = None
                if party := _party_of(entry):
                    others[party] = None
            groups.append(told)
        names = self._names(clients | others, _NAME_LIMIT)
        drawn: list[Message | str] = []
        for one in (*self._forgotten.told(), *_shortened(groups)):
            if isinstance(one, str):
                drawn.append(f"     {one}")
                continue
            drawn += self._messages(one, names)
            if times := one.repeated:
                drawn.append(f"     … {times} more time{'s'[: times != 1]}, with the same answer")
        return drawn, Parties(tuple(names[one] for one in clients), tuple(names[one] for one in others))

    def _client_of(self, entry: Exchange) -> _Party:
        # A secret is blotted out before it is cut, or half of it would be told.
        agent = re.match(r"[\w.+-]{1,30}", self._secrets.blot(entry.request_headers.get("user-agent", "")))
        login = entry.login or ("unknown token" if entry.request_headers.get("authorization") else "anonymous")
        return _Party("client", login, agent[0] if agent else "")

    def _is_repeated(self, before: Exchange, after: Exchange) -> bool:
        """Find out whether the same was asked, by the same client, and answered as before."""
        if _asked(before) != _asked(after) or self._client_of(before) != self._client_of(after):
            return False
        return before.response_body == after.response_body or gist(before) == gist(after)

    def _names(self, parties: Mapping[_Party, None], limit: int) -> dict[_Party, str]:
        """Give each a name of its own, cut to about *limit* characters, if that is not 0."""
        logins = Counter(party.called for party in parties if party.kind == "client")
        names: dict[_Party, str] = {}
        taken = {GITHUB: ""}
        for party in parties:
            if party.kind != "client":
                name = without_credentials(party.called)
            elif logins[party.called] == 1:
                name = party.called
            else:
                name = f"{party.called} ({party.of or 'no User-Agent'})"
            name = self._clean(name)
            if limit and len(name) > limit:
                name = f"{name[: limit - 1]}…"
            if taken.get(name, party.kind) != party.kind:
                name = f"{name} ({party.kind})"
            alone, number = name, 1
            while name in taken:
                number += 1
                name = f"{alone} {number}"
            taken[name] = party.kind
            names[party] = name
        return names

    def _messages(self, told: _Told, names: Mapping[_Party, str]) -> Iterator[Message]:
        for one in self._untidy_messages(told, names):
            yield one._replace(text=self._clean(one.text), hint=self._clean(one.hint))

    def _untidy_messages(self, told: _Told, names: Mapping[_Party, str]) -> list[Message]:
        entry = told.entry
        if isinstance(entry, Exchange):
            return _exchange_messages(told.number, blotted(entry, self._secrets), names[self._client_of(entry)])
        if isinstance(entry, Event):
            return [Message(GITHUB, GITHUB, f"event {event_line(entry)}", "notes", answer=True)]
        party = _party_of(entry)
        name = names[party] if party else GITHUB
        if isinstance(entry, Said):
            kind: Kind = "refuses" if entry.refused else "asks" if entry.speaker else "tells"
            source, target = (name, GITHUB) if entry.speaker else (GITHUB, name)
            return [Message(source, target, entry.text, kind, entry.hint, answer=True)]
        if isinstance(entry, Sent):
            if entry.is_failed:
                text, hint = f"{entry.what} delivered: failed", entry.row.reason
                return [Message(GITHUB, name, text, "refuses", hint, answer=True)]
            return [Message(GITHUB, name, f"{entry.what} delivered: {entry.outcome}", "tells", answer=True)]
        return [Message(GITHUB, GITHUB, entry, "warns", answer=True)]

    def _clean(self, text: str) -> str:
        return printable(self._secrets.blot(text))


# A client and GitHub, who need no picture.
_PAIR = 2


class _Told:
    """An entry with what it takes to tell it: which request it is, or how many there were before it."""

    __slots__ = ("entry", "number", "repeated")

    def __init__(self, entry: Exchange | Event | Said | Sent | str, number: int) -> None:
        self.entry = entry
        self.number = number
        self.repeated = 0

    @property
    def matters(self) -> bool:
        """Whether something went wrong, so that it is told in a long conversation too."""
        entry = self.entry
        if isinstance(entry, Exchange):
            return not 0 < entry.status < REFUSED or bool(entry.failure)
        if isinstance(entry, Said):
            return entry.refused
        if isinstance(entry, Sent):
            return entry.is_failed
        return isinstance(entry, str) and not entry.startswith(WAITS)


class _Count:
    """How much of the beginning of a conversation is forgotten."""

    def __init__(self) -> None:
        self.entries = 0
        self.requests = 0

    def told(self) -> list[str]:
        return [f"… {self.entries} requests and events of before are forgotten …"] if self.entries else []


class _News:
    """How far a conversation was told to who follows it."""

    def __init__(self) -> None:
        self.place = 0
        self.number = 0
        self.open: list[_Told] = []
        self.parties: dict[_Party, None] = {}


def _shortened(told: Sequence[_Told]) -> Iterator[_Told | str]:
    """Leave out the middle of a long conversation, but for what went wrong lately."""
    last = max(_FIRST, len(told) - _LAST)
    wrong = [place for place in range(_FIRST, last) if told[place].matters][-_WRONG:]
    following = 0
    for place in (*range(min(_FIRST, len(told))), *wrong, *range(last, len(told))):
        if place > following:
            yield f"… {place - following} more requests and events …"
        yield told[place]
        following = place + 1


class _Party(NamedTuple):
    """
    Who takes part, beside GitHub.

    Attributes:
        called: By what name: a login, a URL, …

        of: What tells it from others of that name: of a client the ``User-Agent``, of a receiver which object it is.
    """

    kind: Literal["client", "third party", "receiver"]
    called: str
    of: str | int = ""


def _party_of(entry: object) -> _Party | None:
    """Find who says or hears something and is no client."""
    if isinstance(entry, Said):
        if entry.speaker:
            return _Party("third party", entry.speaker)
        return _Party("receiver", entry.hearer) if entry.hearer else None
    if not isinstance(entry, Sent):
        return None
    of = entry.target.of if isinstance(entry.target, Receiver) else None
    # A scripted third party that hears by webhook is the one that speaks.
    if isinstance(getattr(type(of), "login", None), property):
        return _Party("third party", str(getattr(of, "login")))  # noqa: B009 - any object
    return _Party("receiver", str(entry.target), "" if of is None else id(of))


def _asked(entry: Exchange) -> tuple[object, ...]:
    return entry.method, entry.url, entry.request_body, entry.status, entry.hint, entry.failure


def _picture(messages: list[Message | str], parties: Parties) -> str:
    return "\n".join(line.rstrip() for line in diagram.as_text(messages, parties)) if messages else ""


def _exchange_messages(number: int, entry: Exchange, client: str) -> list[Message]:
    first, *rest = (line.strip() for line in exchange_lines(number, entry))
    hints = [line.removeprefix("hint: ") for line in rest if line.startswith("hint: ")]
    said = "; ".join(line for line in rest if not line.startswith("hint: "))
    refused = not 0 < entry.status < REFUSED
    return [
        Message(client, GITHUB, f"{number:3}. {first.partition('. ')[2]}", "asks"),
        Message(GITHUB, client, said, "refuses" if refused else "answers", "; ".join(hints), answer=True),
    ]


def _joined(told: _Told, lines: list[str]) -> list[str]:
    """Put an answer into the line of its request."""
    if not isinstance(told.entry, Exchange):
        return lines
    asked, *rest = lines
    hints = [line for line in rest if line.startswith(_HINT)]
    answer = "; ".join(line.strip() for line in rest if not line.startswith(_HINT))
    return [f"{asked} -> {answer}", *hints]


_HINT = "     hint: "
