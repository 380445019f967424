"""A request as it enters the fake, and the answer that leaves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote

from pytest_ghdeploy.http.authentication import token_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.api.routing import Endpoint
    from pytest_ghdeploy.github.model import Repository, Token

_HINT_LIMIT = 1000


@dataclass(slots=True)
class Request:
    """
    A request as a door lets it in; from *token* on, what the application finds out about it before it answers.

    Attributes:
        path: Below the API's root; it and *query* are still percent-encoded.

        headers: By their names in lower case.

        token_text: The token in the header ``Authorization``: ``""`` if the header holds none, ``None`` if there is
            no such header.

        token: The known token with this text, even if it is revoked or expired; ``None`` if it is unknown.

        endpoint: The fake's endpoint for this method and path; ``None`` if it has none.

        params: The parameters in the path, unquoted; without an endpoint only those that name a repository.

        repository: The repository in the path as it was before the request; ``None`` if the path names none, or one
            that does not exist.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    token_text: str | None = field(init=False, repr=False)
    token: Token | None = field(init=False, repr=False)
    endpoint: Endpoint | None = field(init=False, repr=False)
    params: Mapping[str, str] = field(init=False, repr=False)
    repository: Repository | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the token."""
        authorization = self.headers.get("authorization")
        self.token_text = None if authorization is None else token_of(authorization)


Failure = Literal["", "refused", "reset", "timeout", "truncated"]
"""
What goes wrong on the way, which a door shows as its client library does on the network.

``refused``: the connection cannot be made. ``reset``: it breaks after the request was sent, before any byte of
the answer. ``timeout``: no byte of the answer comes in time. ``truncated``: the connection ends before the body
has the length that ``Content-Length`` says; the body of the ``Answer`` is cut already.
"""


@dataclass(slots=True)
class Answer:
    """
    What goes back through the door. *hint* says why, for whoever wrote the test.

    With a *failure* other than ``truncated`` nothing goes back, and *status* is 0.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    hint: str = ""
    failure: Failure = ""


Segments = tuple[str | None, ...]
"""A path cut at its slashes, unquoted; ``None`` stands for any segment."""


def segments_of(path: str) -> Segments:
    """Cut the path of a request."""
    return tuple(unquote(part) for part in path.split("/"))


def fits(wanted: Segments, path: Segments) -> bool:
    """Tell whether a path has the *wanted* segments."""
    return len(wanted) == len(path) and all(
        part is None or part == given for part, given in zip(wanted, path, strict=True)
    )


class Stub(NamedTuple):
    """A canned answer."""

    method: str
    segments: Segments
    status: int
    body: bytes
    headers: Mapping[str, str]

    def is_for(self, method: str, segments: Segments) -> bool:
        """Tell whether a request gets this answer; a stub for GET is one for HEAD too."""
        return self.method in ((method, "GET") if method == "HEAD" else (method,)) and fits(self.segments, segments)

    def answer(self, usual: Mapping[str, str], *, to_head: bool) -> Answer:
        """Give the canned answer, with the headers that are *usual* where it has none of its own."""
        hint = ""
        named = {name.lower() for name in self.headers}
        headers = {**{name: value for name, value in usual.items() if name.lower() not in named}, **self.headers}
        if self.status >= HTTPStatus.BAD_REQUEST:
            segments = ("*" if segment is None else segment for segment in self.segments)
            hint = f"response of the stub for {self.method} {'/'.join(segments)}"
            headers["X-GHDeploy-Hint"] = header_text(hint)
        if not self.body:
            headers.pop("Content-Type", None)
        return Answer(self.status, headers, b"" if to_head else self.body, hint)


def header_text(text: str) -> str:
    """Make *text* fit for a header: one line of ASCII, not too long."""
    escaped = (letter if " " <= letter <= "~" else ascii(letter)[1:-1] for letter in " ".join(text.split()))
    line = "".join(escaped)
    return line if len(line) <= _HINT_LIMIT else f"{line[: _HINT_LIMIT - 3]}..."


UNANSWERED = "X-GHDeploy-Unanswered"
"""The header of what is no answer of the fake's, but the reason why there is none."""


def plain(status: int, text: str) -> Answer:
    """Answer with a line of plain text, in place of GitHub's: a header tells it from what a stub says."""
    data = f"{text}\n".encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(data)), UNANSWERED: "true"}
    return Answer(status, headers, data)
