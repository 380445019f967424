"""Requests to the fake and its responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from pytest_ghdeploy.http.authentication import token_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.api.routing import Endpoint
    from pytest_ghdeploy.github.model import Repository, Token
    from pytest_ghdeploy.http.downloads import Place

_HINT_LIMIT = 1000


@dataclass(slots=True)
class Request:
    """
    A request from a door.

    The application sets *token* and the attributes after it before it answers the request.

    Attributes:
        path: The path below the API's root. It and *query* are percent-encoded.

        headers: The headers. Their names are in lower case.

        token_text: The token in the header ``Authorization``: ``""`` if the header contains none, ``None`` if there is
            no such header.

        token: The known token with this text, even if it is revoked or expired; ``None`` if it is unknown.

        endpoint: The fake's endpoint for this method and path; ``None`` if it has none.

        params: The parameters in the path, unquoted. If there is no endpoint, only those of the repository.

        repository: The repository in the path, as it was before the request; ``None`` if the path has none, or an
            unknown one.

        download: What the request wants to download, outside the API; ``None`` for a request to the API.
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
    download: Place | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Read the token."""
        authorization = self.headers.get("authorization")
        self.token_text = None if authorization is None else token_of(authorization)


Failure = Literal["", "refused", "reset", "timeout", "truncated"]
"""
A failure between the fake and the client. A door raises the error that its client library raises on a network.

- ``refused``: The connection is refused.
- ``reset``: The connection breaks after the request was sent, before the first byte of the response.
- ``timeout``: The first byte of the response does not arrive in time.
- ``truncated``: The connection ends before the whole body has arrived. The ``Answer`` has only the first part of the
  body, but the full length in ``Content-Length``.
"""


@dataclass(slots=True)
class Answer:
    """
    A response to a client. *hint* explains a refusal or an unusual response, for the author of the test.

    *total* is the number of items in the whole list of which *body* has one page, ``None`` if the body is not a list.
    With a *failure* other than ``truncated``, the client gets no response, and *status* is 0.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    hint: str = ""
    failure: Failure = ""
    total: int | None = None


Segments = tuple[str | None, ...]
"""A path, split at its slashes and unquoted. ``None`` matches any segment."""


def segments_of(path: str) -> Segments:
    """Split and unquote the path of a request."""
    return tuple(unquote(part) for part in path.split("/"))


def pattern_of(path: str, prefix: str) -> Segments:
    """Split a path below *prefix* at its slashes. The segments ``*`` and ``{name}`` match any segment."""
    return tuple(
        None if part == "*" or part.startswith("{") else unquote(part) for part in path.removeprefix(prefix).split("/")
    )


def fits(pattern: Segments, path: Segments) -> bool:
    """Return whether a path matches a *pattern*."""
    return len(pattern) == len(path) and all(
        wanted is None or wanted == segment for wanted, segment in zip(pattern, path, strict=True)
    )


def misfits(pattern: Sequence[str | None], path: Sequence[str | None]) -> list[int]:
    """List the places of the segments that keep a path from matching a *pattern* of the same length."""
    pairs = zip(pattern, path, strict=True)
    return [place for place, (wanted, segment) in enumerate(pairs) if wanted is not None and wanted != segment]


def likeness(first: str, second: str) -> float:
    """Return how similar two segments of paths are, from 0 to 1, ignoring case."""
    from difflib import SequenceMatcher  # few tests need it

    return SequenceMatcher(None, first.lower(), second.lower()).ratio()


def header_text(text: str) -> str:
    """Convert *text* to a valid header value: one line of ASCII, at most 1,000 characters."""
    start = " ".join(text.split())[: _HINT_LIMIT + 1]
    line = "".join(letter if " " <= letter <= "~" else ascii(letter)[1:-1] for letter in start)
    return line if len(line) <= _HINT_LIMIT else f"{line[: _HINT_LIMIT - 3]}..."


UNANSWERED = "X-GHDeploy-Unanswered"
"""The header of an error message that replaces a response of the fake."""


def plain(status: int, text: str) -> Answer:
    """Create an error message in plain text instead of GitHub's response. A header distinguishes it from a stub's."""
    data = f"{text}\n".encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(data)), UNANSWERED: "true"}
    return Answer(status, headers, data)
