"""The secrets that a fake knows, hidden wherever they appear."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote, quote_plus

from pytest_ghdeploy.redaction.content import REDACTED, hide, hide_in_value

if TYPE_CHECKING:
    from collections.abc import Iterator

# Shorter secrets would match parts of ordinary text. Those below the second limit would match ordinary words.
_SHORTEST_SECRET, _SHORTEST_WORD = 8, 4
# Up to this number of spellings, looking for each of them is faster than the index.
_FEW = 64
# Grams beyond these bytes of a long secret are not looked at.
_INDEXED = 200
_SAME_IN_ALL_FORMS = re.compile(r"[A-Za-z0-9_.~-]*")


class Secrets:
    """
    The secrets to redact everywhere: tokens that clients sent, and values that tests declared secret.

    Secrets can be added while another thread redacts, without a lock: nothing is ever removed or moved.
    """

    def __init__(self) -> None:
        """Start without secrets."""
        self._known: set[str] = set()
        self._forms: list[_Form] = []
        self._long, self._short = _Index("Q", 8), _Index("I", 4)

    @classmethod
    def with_one(cls, secret: object) -> Secrets:
        """Return secrets with one declared *secret*, if it is a string."""
        secrets = cls()
        if isinstance(secret, str):
            secrets.add(secret)
        return secrets

    def __enter__(self) -> None:
        """Redact the message of an assertion that fails in the block, or of a call that is refused."""

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        """Redact the message of the failure. The exception stays the same object."""
        if exc is not None and [*map(type, exc.args)] == [str]:
            exc.args = (self.redact(exc.args[0]),)

    @property
    def version(self) -> int:
        """A number that changes when a secret is added. What was redacted before must be redacted again."""
        return len(self._forms)

    def add_token(self, token: str) -> None:
        """Add a *token* sent by a client, if it has at least 8 characters."""
        if len(token) >= _SHORTEST_SECRET:
            self._add(token, is_word=False)

    def add(self, secret: str) -> None:
        """Add a declared *secret*. A secret of 4 to 7 characters is redacted only as a whole word."""
        if len(secret) >= _SHORTEST_WORD:
            self._add(secret, is_word=len(secret) < _SHORTEST_SECRET)

    def learn(self, name: str, value: str) -> None:
        """Add a *value* that a client sent under a *name* that marks secrets."""
        (self.add if "secret" in name.lower() else self.add_token)(value)

    def learn_in(self, value: object) -> None:
        """Add the secrets in a JSON *value*, as if a client had sent it."""
        hide(json.dumps(value), self.learn)

    def _add(self, secret: str, *, is_word: bool) -> None:
        if secret in self._known or secret in REDACTED:
            return
        for text in _forms(secret):
            form = _Form(text.encode(errors="surrogatepass"), is_word)
            (self._long if len(form.text) >= self._long.width else self._short).add(form)
            self._forms.append(form)
        self._known.add(secret)

    # Showing

    def redact(self, text: str) -> str:
        """Return *text* without secrets: those known, those in URLs and those under names that mark secrets."""
        return self.redact_known(hide(text))

    def redact_value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return a copy of a JSON *value* without secrets."""
        return hide_in_value(value, lru_cache(None)(self.redact))  # the same texts appear again and again

    def redact_known(self, text: str) -> str:
        """Return *text* without the known secrets. Unlike ``redact``, this suits texts that were cut."""
        if not self._forms or len(text) < _SHORTEST_WORD:
            return text
        body = text.encode(errors="surrogatepass")
        redacted = self.redact_known_in_body(body)
        return text if redacted is body else redacted.decode(errors="surrogatepass")

    def redact_known_in_body(self, body: bytes) -> bytes:
        """Return *body* without the known secrets."""
        if len(self._forms) > _FEW:
            places = sorted([*self._long.places_in(body), *self._short.places_in(body)])
        else:
            places = sorted(self._places_one_by_one(body))
        if not places:
            return body
        parts: list[bytes] = []
        position = 0  # the end of the last secret
        for start, end in places:
            if start >= position:
                parts += body[position:start], REDACTED.encode()
            position = max(position, end)
        return b"".join([*parts, body[position:]])

    def _places_one_by_one(self, body: bytes) -> Iterator[tuple[int, int]]:
        for form in self._forms:
            start = body.find(form.text)
            while start >= 0:
                if form.is_at(start, body):
                    yield start, start + len(form.text)
                start = body.find(form.text, start + 1)


class _Form(NamedTuple):
    """
    A spelling of a secret.

    Attributes:
        is_word: Whether it counts only as a whole word.
    """

    text: bytes
    is_word: bool

    def is_at(self, start: int, body: bytes) -> bool:
        """Return whether this text starts at an index of *body*."""
        if not body.startswith(self.text, start):
            return False
        end = start + len(self.text)
        return not self.is_word or not (_WORD.match(body, end) or (start and _WORD.match(body, start - 1)))


_WORD = re.compile(rb"\w")


class _Index:
    """Finds many forms in one pass over a body, by a few bytes of each form."""

    def __init__(self, code: Literal["I", "Q"], width: int) -> None:
        """Use *width* bytes of each form, which are a number with the type *code* of ``memoryview.cast``."""
        self.width = width
        self._code = code
        # By the number: the forms, and the place of the bytes in each of them.
        self._entries: dict[int, list[tuple[int, _Form]]] = {}

    def add(self, form: _Form) -> None:
        """Add a form, by those of its bytes that the fewest other forms are found by."""
        best = 0, 0
        fewest = sys.maxsize
        places = range(min(len(form.text), _INDEXED) - self.width + 1)
        for place in reversed(places):  # similar secrets differ at the end
            number = int.from_bytes(form.text[place : place + self.width], sys.byteorder)
            count = len(self._entries.get(number, ()))
            if count < fewest:
                best, fewest = (number, place), count
            if not count:
                break
        self._entries.setdefault(best[0], []).append((best[1], form))

    def places_in(self, body: bytes) -> Iterator[tuple[int, int]]:
        """Find the start and end of each form in *body*."""
        if not self._entries:
            return
        view = memoryview(body)
        for offset in range(min(self.width, len(body))):
            numbers = view[offset : len(body) - (len(body) - offset) % self.width].cast(self._code).tolist()
            if self._entries.keys().isdisjoint(numbers):
                continue
            for count, number in enumerate(numbers):
                for place, form in self._entries.get(number, ()):
                    start = offset + count * self.width - place
                    if start >= 0 and form.is_at(start, body):
                        yield start, start + len(form.text)


def _forms(secret: str) -> list[str]:
    """List the spellings of a secret: plain, in JSON, in Python and in URLs."""
    if _SAME_IN_ALL_FORMS.fullmatch(secret):
        return [secret]
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    with suppress(UnicodeEncodeError):
        forms |= {quote(secret, safe=""), quote_plus(secret)}
    return list(forms)
