"""What was said: every request with its answer, every event, in order, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, quote_plus, unquote_plus

from pytest_ghdeploy import diagram
from pytest_ghdeploy.diagram import GITHUB, Message, Parties
from pytest_ghdeploy.errors import REASONS
from pytest_ghdeploy.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from pytest_ghdeploy.diagram import Kind
    from pytest_ghdeploy.model import HookDelivery

REDACTED = "[redacted]"

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-github-otp"})
_NAMES = r"(?:access_|client_|refresh_|webhook_)?(?:secret|token|password)"
_SECRET_QUERY = re.compile(rf"(?i)([?&]{_NAMES}=)[^&#]*")
_USERINFO = re.compile(r"//[^/@?#]*@")
_USERINFO_IN_BODY = re.compile(rb"(://)[^/@?#\"\s\\]*@")
# A shorter one would be found in half of all texts, and one that is shorter still in half of them as a word.
_SHORTEST_SECRET, _SHORTEST_WORD = 8, 4
_BODY_LIMIT = 200
# A member of a JSON object, of one that is written into a text, and of a form or a query.
_SECRET_MEMBER = re.compile(
    rf"""(?isx)
    (?: (?P<name> (?: "{_NAMES}"\s*:\s*"(?=(?P<quoted>(?:[^"\\]|\\.)+))
                   |  \\{{1,9}}"{_NAMES}\\{{1,9}}"\s*:\s*\\{{1,9}}"(?=(?P<escaped>[^"\\]+))
                   |  "{_NAMES}"\s*:\s*(?=(?P<number>-?\d[\d.e+-]*))
                   |  (?:^|[?&\[]|%5b){_NAMES}(?:\]|%5d)?=(?=(?P<formed>[^&\#"\s\\]+))
    ))) (?: (?P=quoted) | (?P=escaped) | (?P=number) | (?P=formed) )
    """.encode()
)
# Of a long conversation, how many requests and events of its beginning and its end are told.
_FIRST, _LAST = 10, 90


class Exchange(NamedTuple):
    """
    A request and its answer.

    Attributes:
        path: Below the API's root, as it was sent: percent-encoded, without the query.

        request_headers: By name, without regard to case. Credentials are blotted out, here and in ``url``.

        request_body: The bytes that were sent; tokens that clients have shown are replaced too.

        status: 0 if no answer has arrived.

        hint: Why a request was refused, in terms of the test's set-up; ``""`` if it was not.

        failure: What a fault made of the answer on its way: ``refused`` (the connection), ``reset``, ``timeout`` or
            ``truncated``; ``""`` if it arrived.

        login: Who asked; ``""`` for an anonymous client and for one whose token is not known.
    """

    method: str
    url: str
    path: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes
    hint: str = ""
    failure: str = ""
    login: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status or 'no answer'}"


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


class Headers(Mapping[str, str]):
    """Headers by name, without regard to case."""

    __slots__ = ("_given", "_lowered")

    def __init__(self, given: Mapping[str, str]) -> None:
        """Show the headers *given*."""
        self._given = given
        self._lowered: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        if self._lowered is None:
            self._lowered = {given.lower(): value for given, value in self._given.items()}
        return self._lowered[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def __repr__(self) -> str:
        return repr(self._given)


def without_secrets(headers: Mapping[str, str]) -> Headers:
    """Copy *headers*, whose names are in lower case, with the credentials blotted out."""
    kept = dict(headers)
    for name in _SECRET_HEADERS & kept.keys():
        kept[name] = REDACTED
    return Headers(kept)


def without_credentials(url: str) -> str:
    """Copy *url* with the credentials in it blotted out."""
    if "@" in url:
        url = _USERINFO.sub(f"//{REDACTED}@", url, count=1)
    return _SECRET_QUERY.sub(rf"\1{REDACTED}", url) if "?" in url else url


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

    def blot_exchange(self, exchange: Exchange) -> Exchange:
        """Copy *exchange* without the secrets."""
        if not self._known and not self._words:
            return exchange
        return exchange._replace(
            url=self.blot(exchange.url),
            path=self.blot(exchange.path),
            request_headers=self._blot_headers(exchange.request_headers),
            request_body=self.blot_bytes(exchange.request_body),
            response_headers=self._blot_headers(exchange.response_headers),
            response_body=self.blot_bytes(exchange.response_body),
            hint=self.blot(exchange.hint),
        )

    def _blot_headers(self, headers: Mapping[str, str]) -> Headers:
        return Headers({name: self.blot(value) for name, value in headers.items()})


def _forms(secret: str) -> list[str]:
    """List how a secret is written: plainly, in JSON, in Python and in a URL; the longest first."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    with suppress(UnicodeEncodeError):
        forms |= {quote(secret, safe=""), quote_plus(secret)}
    return sorted(forms, key=len, reverse=True)


class Sent:
    """A delivery in the conversation, which stands where it began and says how it ended."""

    __slots__ = ("row", "target")

    def __init__(self, target: str, row: HookDelivery) -> None:
        """Tell of *row* on its way to *target*."""
        self.target = target
        self.row = row

    def __str__(self) -> str:
        row = self.row
        outcome = {"waiting": "not answered", "delivered": f"{row.status_code} {row.status}"}.get(
            row.state, f"{row.state}: {row.reason}"
        )
        again = " once more" if row.redelivery else ""
        return f"{row.event}{again} to {without_credentials(self.target)}: {outcome}"


class Conversation:
    """What was said: requests, answers, events and what third parties do, in the order in which it happened."""

    def __init__(self, secrets: Secrets, lock: AbstractContextManager[object]) -> None:
        """Start with nothing said; *secrets* are never told."""
        self.entries: list[Exchange | Event | Said | Sent | str] = []
        self._secrets = secrets
        self._lock = lock

    def __repr__(self) -> str:
        return f"<Conversation {len(self.entries)} entries>"

    def text(self) -> str:
        """Tell the conversation, one line for each request, answer, hint and event; long bodies are cut."""
        with self._lock:
            told: list[list[str]] = []
            number = 0
            for entry in self._entries():
                if isinstance(entry, Exchange):
                    number += 1
                    told.append(_exchange_lines(number, entry))
                elif isinstance(entry, Event):
                    told.append([f"     event {_event_line(entry)}"])
                elif isinstance(entry, Said):
                    told.append(_said_lines(entry))
                elif isinstance(entry, Sent):
                    mark = "!" if entry.row.state == "failed" else " "
                    told.append([f"  {mark}  --> {entry}"])
                else:
                    told.append([f"  !  {entry}"])
            left_out = len(told) - _FIRST - _LAST
            if left_out > 0:
                told[_FIRST:-_LAST] = [[f"     … {left_out} more requests and events …"]]
            return self._secrets.blot("\n".join(_printable(line) for lines in told for line in lines))

    def diagram(self) -> str:
        """
        Draw the conversation with a lifeline for each who takes part.

        Requests that are repeated in a row, with the same answer, are drawn once and counted.
        """
        with self._lock:
            messages, parties = self._drawn()
            return "\n".join(line.rstrip() for line in diagram.as_text(messages, parties)) if messages else ""

    def mermaid(self) -> str:
        """
        Draw the conversation as a Mermaid sequence diagram, for a page or a comment that shows those.

        Clients are told apart by login, and by ``User-Agent`` where one login has several. Long texts are cut.
        """
        with self._lock:
            return "\n".join(diagram.as_mermaid(*self._drawn()))

    def report(self) -> str:
        """Tell the conversation as a failing test's report does: drawn, if more than two take part."""
        with self._lock:
            return self.diagram() if len(self._drawn()[1].lifelines) > _PAIR else self.text()

    def _entries(self) -> Iterator[Exchange | Event | Said | Sent | str]:
        for entry in self.entries:
            yield self._secrets.blot_exchange(entry) if isinstance(entry, Exchange) else entry

    def _drawn(self) -> tuple[list[Message | str], Parties]:
        entries = list(self._entries())
        names = _client_names([entry for entry in entries if isinstance(entry, Exchange)])
        groups: list[list[Message]] = []
        repeated: list[int] = []
        before: object = None
        number = 0
        for entry in entries:
            same: object = None
            if isinstance(entry, Exchange):
                number += 1
                group = _exchange_messages(number, entry, names[_client(entry)])
                same = [(one.source, one.text.partition(". ")[2] if one.kind == "asks" else one) for one in group]
            elif isinstance(entry, Event):
                group = [Message(GITHUB, GITHUB, f"event {_event_line(entry)}", "notes", answer=True)]
            elif said := _as_said(entry):
                group = [_said_message(said)]
            else:
                group = [Message(GITHUB, GITHUB, str(entry), "warns", answer=True)]
            if same is not None and same == before:
                repeated[-1] += 1
            else:
                groups.append([self._told(one) for one in group])
                repeated.append(0)
            before = same
        others = [name for entry in entries if (said := _as_said(entry)) for name in (said.speaker, said.hearer)]
        parties = Parties.of((one for group in groups for one in group), [self._clean(name) for name in others if name])
        told: list[list[Message | str]] = []
        for group, times in zip(groups, repeated, strict=True):
            told.append(
                [*group, f"     … {times} more time{'s'[: times != 1]}, with the same answer"] if times else [*group]
            )
        left_out = len(told) - _FIRST - _LAST
        if left_out > 0:
            told[_FIRST:-_LAST] = [[f"     … {left_out} more requests and events …"]]
        return [one for group in told for one in group], parties

    def _told(self, message: Message) -> Message:
        return message._replace(
            source=self._clean(message.source),
            target=self._clean(message.target),
            text=self._clean(message.text),
            hint=self._clean(message.hint),
        )

    def _clean(self, text: str) -> str:
        return _printable(self._secrets.blot(text))


# A client and GitHub, who need no picture.
_PAIR = 2


def _client(entry: Exchange) -> tuple[str, str]:
    agent = re.match(r"[\w.+-]{1,30}", entry.request_headers.get("user-agent", ""))
    login = entry.login or ("unknown token" if entry.request_headers.get("authorization") else "anonymous")
    return login, agent[0] if agent else ""


def _client_names(exchanges: list[Exchange]) -> dict[tuple[str, str], str]:
    clients = dict.fromkeys(map(_client, exchanges))
    logins = [login for login, _ in clients]
    return {
        (login, agent): login if logins.count(login) == 1 else f"{login} ({agent or 'no User-Agent'})"
        for login, agent in clients
    }


def _exchange_messages(number: int, entry: Exchange, client: str) -> list[Message]:
    first, *rest = (line.strip() for line in _exchange_lines(number, entry))
    hints = [line.removeprefix("hint: ") for line in rest if line.startswith("hint: ")]
    said = "; ".join(line for line in rest if not line.startswith("hint: "))
    refused = not 0 < entry.status < _REFUSED
    return [
        Message(client, GITHUB, f"{number:3}. {first.partition('. ')[2]}", "asks"),
        Message(GITHUB, client, said, "refuses" if refused else "answers", "; ".join(hints), answer=True),
    ]


_REFUSED = 400


def _as_said(entry: object) -> Said | None:
    """Find what is said by or to somebody who is no client."""
    if isinstance(entry, Sent):
        told, _, reason = str(entry).partition(f" to {without_credentials(entry.target)}: ")
        failed = entry.row.state == "failed"
        outcome = entry.row.state if failed else reason
        text = f"{told} delivered: {outcome}"
        return Said(
            "", without_credentials(entry.target), text, refused=failed, hint=entry.row.reason if failed else ""
        )
    return entry if isinstance(entry, Said) else None


def _said_message(entry: Said) -> Message:
    kind: Kind = "refuses" if entry.refused else "tells" if not entry.speaker else "asks"
    return Message(entry.speaker or GITHUB, entry.hearer or GITHUB, entry.text, kind, entry.hint, answer=True)


def _said_lines(entry: Said) -> list[str]:
    speaker = entry.speaker or GITHUB
    lines = [f"     {speaker}{' to ' + entry.hearer if entry.hearer else ''}: {entry.text}"]
    return [*lines, f"     hint: {entry.hint}"] if entry.hint else lines


def _printable(line: str) -> str:
    # What a client sends must not steer the terminal on which the report is read.
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _exchange_lines(number: int, entry: Exchange) -> list[str]:
    query = entry.url.partition("?")[2]
    asked = f"{entry.method} {entry.path}{'?' + query if query else ''}"
    lines = [f"{number:3}. {asked} {_cut(entry.request_body)}".rstrip()]
    if entry.status:
        answer = f"     {entry.status} {REASONS.get(entry.status, '')} {_gist(entry)}"
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


def _gist(entry: Exchange) -> str:
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


def _event_line(event: Event) -> str:
    payload = event.payload
    own = payload.get(event.name, payload)
    told = [f"{name} {_short(own[name])}" for name in _TOLD_OF_EVENTS if own.get(name) and name != event.name]
    where = f" ({event.repository})" if event.repository else ""
    return f"{event.name}{'.' + event.action if event.action else ''}: {', '.join(told)}{where}"


_TOLD_OF_EVENTS = ("id", "hook_id", "state", "status", "conclusion", "context", "environment", "ref")


def _cut(body: bytes) -> str:
    text = " ".join(body.decode(errors="replace").split())
    return text if len(text) <= _BODY_LIMIT else f"{text[:_BODY_LIMIT]}… ({len(body):,} bytes)"
