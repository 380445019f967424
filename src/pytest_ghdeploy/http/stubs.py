"""Stubs: responses that a test has written for some requests, and the choice between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from pytest_ghdeploy.http.messages import Answer, fits, header_text, likeness, misfits, segments_of
from pytest_ghdeploy.public import public
from pytest_ghdeploy.redaction.content import hide

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.changes import Changes
    from pytest_ghdeploy.http.messages import Request, Segments


@public
class StubbedRequest(NamedTuple):
    """
    A request, as passed to a function that makes the response of a stub.

    Attributes:
        path: The path below the API's root as it was sent: percent-encoded, without the query.

        query: The parameters in the query, decoded. The last one of each name counts.

        json: The value in the body; ``None`` if the body is empty or is not JSON.
    """

    method: str
    path: str
    query: Mapping[str, str]
    json: Any


@dataclass(slots=True, eq=False)
class Stub:
    """
    A response to the requests with one method and path.

    Attributes:
        query, body: What a matching request must contain; ``None`` for anything.

        times: The number of requests that it answers; ``None`` for no limit.

        required: Whether the test fails if it is not used up.

        respond: Makes the status and the body of a response.

        used: The number of requests that it has answered.
    """

    method: str
    segments: Segments
    query: Mapping[str, str] | None
    body: Mapping[str, Any] | None
    times: int | None
    required: bool
    headers: Mapping[str, str]
    respond: Callable[[StubbedRequest], tuple[int, bytes]]
    used: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def path(self) -> str:
        """The path of matching requests, with ``*`` for any segment."""
        return "/".join("*" if segment is None else segment for segment in self.segments)

    @property
    def is_used_up(self) -> bool:
        """Whether it answers no more requests."""
        return self.times is not None and self.used >= self.times

    @property
    def is_missed(self) -> bool:
        """Whether the test fails because too few requests matched."""
        return self.required and self.used < (self.times or 1)

    def answer(self, request: StubbedRequest, defaults: Mapping[str, str]) -> Answer:
        """Make the response to *request*, with the headers in *defaults* that the stub does not set."""
        status, body = self.respond(request)
        hint = ""
        named = {name.lower() for name in self.headers}
        own = {"Content-Length": str(len(body))}
        headers = {name: value for name, value in {**defaults, **own}.items() if name.lower() not in named}
        headers |= self.headers
        if status >= HTTPStatus.BAD_REQUEST:
            hint = f"response of the stub for {self}"
            headers["X-GHDeploy-Hint"] = header_text(hint)
        if not body:
            headers.pop("Content-Type", None)
        return Answer(status, headers, b"" if request.method == "HEAD" else body, hint)


class Asked:
    """A request as stubs compare it. Its query and body are read only when a stub needs them."""

    def __init__(self, method: str, path: str, query: str, body: bytes) -> None:
        """Keep the parts of a request. *path* and *query* are percent-encoded."""
        self.method = method
        self.segments = segments_of(path)
        self.path = path
        self._query = query
        self._body = body
        self._read: tuple[dict[str, list[str]], Any] | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the stubs for this request. A stub for GET answers HEAD too."""
        return (self.method, "GET") if self.method == "HEAD" else (self.method,)

    @property
    def contents(self) -> tuple[dict[str, list[str]], Any]:
        """The values of each parameter in the query, and the JSON in the body or ``None``."""
        if self._read is None:
            try:
                body = json.loads(self._body)
            except (ValueError, RecursionError):
                body = None
            self._read = parse_qs(self._query, keep_blank_values=True), body
        return self._read

    def for_function(self) -> StubbedRequest:
        """Make the request that a function gets."""
        query, body = self.contents
        return StubbedRequest(self.method, self.path, {name: values[-1] for name, values in query.items()}, body)

    def unselected_by(self, stub: Stub) -> str:
        """Describe the first difference from what *stub* selects; ``""`` if there is none."""
        for name, wanted in (stub.query or {}).items():
            values = self.contents[0].get(name)
            if values is None:
                return f"needs {_parameter(name, wanted)} in the query"
            if wanted not in values:
                return f"needs {_parameter(name, wanted)} in the query, not {_parameter(name, values[-1])}"
        if stub.body is not None and not contains(self.contents[1], stub.body):
            return f"needs {hide(json.dumps(stub.body, ensure_ascii=False))} in the body"
        return ""


def _parameter(name: str, value: str) -> str:
    return hide(f"?{name}={value}")[1:]


class Stubs:
    """
    The stubs of a fake.

    Attributes:
        added: All of them, oldest first.

        earlier: How many of them belong to earlier tests, which a required stub no longer matters to.
    """

    def __init__(self, changes: Changes) -> None:
        """Start without stubs. *changes* undoes what an interrupted request has counted."""
        self._changes = changes
        self.added: list[Stub] = []
        self.earlier = 0

    def answer(self, request: Request, defaults: Callable[[], Mapping[str, str]]) -> Answer | None:
        """
        Answer a request with a stub; return ``None`` if no stub matches.

        A stub that selects by query or body comes first, then those with ``times`` in the order in which they were
        added, then the newest of the others.

        Args:
            defaults: Makes the headers that all responses have.
        """
        asked = Asked(request.method, request.path, request.query, request.body)
        matches = [
            (stub.query is None and stub.body is None, stub.times is None, place if stub.times else -place, stub)
            for place, stub in enumerate(self.added)
            if not stub.is_used_up
            and stub.method in asked.methods
            and fits(stub.segments, asked.segments)
            and not asked.unselected_by(stub)
        ]
        if not matches:
            return None
        stub = min(matches, key=lambda match: match[:3])[3]
        self._changes.set(stub, used=stub.used + 1)
        return stub.answer(asked.for_function(), defaults())

    def nearest(self, request: Request) -> str:
        """Describe the stub that almost answers a request; ``""`` if none does."""
        asked = Asked(request.method, request.path, request.query, request.body)
        misses = [(*miss, stub) for stub in self.added if (miss := _miss(stub, asked))]
        if not misses:
            return ""
        _, reason, stub = min(misses, key=lambda miss: miss[0])
        return f"the closest stub, for {stub}, {reason}"


def is_near(stub: Stub, asked: Asked) -> bool:
    """Return whether *stub* almost answers a request."""
    return _miss(stub, asked) is not None


def contains(value: object, wanted: object) -> bool:
    """
    Return whether a JSON *value* contains all that is *wanted*.

    An object must have all wanted members. The items of an array are compared in order, and their number must match.
    """
    if isinstance(wanted, Mapping):
        return isinstance(value, dict) and all(
            name in value and contains(value[name], member) for name, member in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(value, list) and len(value) == len(wanted) and all(map(contains, value, wanted))
        )  # fmt: skip
    # True == 1 in Python, but not in JSON.
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _miss(stub: Stub, asked: Asked) -> tuple[int, str] | None:
    """Rank a stub that almost answers a request, the closest first, and give the reason why it does not."""
    if fits(stub.segments, asked.segments):
        if stub.method not in asked.methods:
            return 2, f"is for another method than {asked.method}"
        if unselected := asked.unselected_by(stub):
            return 0, unselected
        return 1, f"was used up after {stub.times} request{'s'[: stub.times != 1]}"
    if stub.method in asked.methods and is_similar(stub.segments, asked.segments):
        return 3, "is for another path"
    return None


_SIMILAR = 0.6


def is_similar(pattern: Segments, path: Segments) -> bool:
    """Return whether a *path* differs from a *pattern* in the spelling of one segment, an id or a slash at the end."""
    pattern, path = (segments[:-1] if segments[-1:] == ("",) else segments for segments in (pattern, path))
    if len(pattern) != len(path):
        return False
    places = misfits(pattern, path)
    pairs = [(str(pattern[place]), str(path[place])) for place in places]
    return len(pairs) <= 1 and all(
        (wanted.isdigit() and segment.isdigit()) or likeness(wanted, segment) >= _SIMILAR for wanted, segment in pairs
    )
