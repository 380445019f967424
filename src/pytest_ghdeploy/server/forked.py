"""
What doors ask in a forked child: not the child's copy of the fake, but the parent's, through its live server.

A forked child has its parent's doors, and the store as it was. What it did
there nobody would see.
"""

from __future__ import annotations

import http.client
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_ghdeploy.doors import http1
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.http.messages import UNANSWERED, Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 10.0
# What a client says of its connection to GitHub, and not of the request; RFC 9110, section 7.6.1. It has waited for
# leave to go on, if it wanted to: the body is here.
_HOP_BY_HOP = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
     "upgrade"}
)  # fmt: skip


class Forward:
    """Stands in for ``FakeGitHub.answer`` in a forked child."""

    def __init__(self, address: tuple[str, int]) -> None:
        """Ask the server at *address*, which speaks HTTP."""
        self._address = address

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = "") -> Answer:  # noqa: ARG002 - answer's
        """
        Ask the parent's fake for *url*, as a proxy is asked, so that the answer is what the parent would get.

        Raises:
            UnsupportedRequest: The parent's fake cannot answer, and its test fails; or its live server has ended,
                or takes no such request.
        """
        if len(body) > http1.BODY_LIMIT:  # it would not read to the end, nor could be heard
            msg = f"a body is at most {http1.BODY_LIMIT} bytes long in a forked process, which asks its parent's "
            raise UnsupportedRequest(f"{msg}live server; this one has {len(body)}")
        dropped = _HOP_BY_HOP.union(name.strip().lower() for name in headers.get("connection", "").split(","))
        own = {"host": urlsplit(url).netloc, "content-length": str(len(body)), "connection": "close"}
        kept = {name: value for name, value in headers.items() if name not in dropped}
        head = http1.write_request(method, url, {**kept, **own})
        with self._connected() as connection:
            try:
                # In one piece, and past what keeps requests for GitHub from going out: this one stays here.
                connection.sendall(head + body)
                return _read(connection, method)
            except TimeoutError:
                return Answer(0, {}, b"", failure="timeout")
            except OSError:
                return Answer(0, {}, b"", failure="reset")

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection(self._address, timeout=_SECONDS)
        except OSError as problem:
            msg = (
                "a request in a forked process cannot be answered: the parent's live server, "
                f"{self._address[0]}:{self._address[1]}, has ended, or takes no connection "
                f"({problem.strerror or problem})"
            )
            raise UnsupportedRequest(msg) from None


def _read(connection: socket.socket, method: str) -> Answer:
    with http.client.HTTPResponse(connection, method=method) as response:
        response.begin()
        headers = {name: value for name, value in response.getheaders() if name.lower() != "connection"}
        try:
            body, is_cut = response.read(), False
        except http.client.IncompleteRead as problem:
            body, is_cut = problem.partial, True
    hint = response.headers.get("X-GHDeploy-Hint", "")
    if UNANSWERED in response.headers:
        reason = body.decode().strip()
        if response.status != HTTPStatus.NOT_IMPLEMENTED:
            told = f"{response.status} {http.client.responses.get(response.status, '')}".strip()
            reason = f"the parent's live server has not answered a request of this forked process: {told}, {reason}"
        raise UnsupportedRequest(reason)
    return Answer(response.status, headers, body, hint, "truncated" if is_cut else "")
