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

from pytest_ghdeploy.application import Answer
from pytest_ghdeploy.doors import http1
from pytest_ghdeploy.errors import UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 10.0


class Forward:
    """Stands in for ``FakeGitHub.answer`` in a forked child."""

    def __init__(self, address: tuple[str, int]) -> None:
        """Ask the server at *address*, which speaks HTTP."""
        self._address = address

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = "") -> Answer:  # noqa: ARG002 - answer's
        """
        Ask the parent's fake for *url*, as a proxy is asked, so that the answer is what the parent would get.

        Raises:
            UnsupportedRequest: The parent's fake cannot answer; its test fails.
        """
        own = {"host": urlsplit(url).netloc, "content-length": str(len(body)), "connection": "close"}
        head = http1.write_request(method, url, {**headers, **own})
        with socket.create_connection(self._address, timeout=_SECONDS) as connection:
            try:
                # In one piece, and past what keeps requests for GitHub from going out: this one stays here.
                connection.sendall(head + body)
                return _read(connection, method)
            except TimeoutError:
                return Answer(0, {}, b"", failure="timeout")
            except OSError:
                return Answer(0, {}, b"", failure="reset")


def _read(connection: socket.socket, method: str) -> Answer:
    with http.client.HTTPResponse(connection, method=method) as response:
        response.begin()
        headers = {name: value for name, value in response.getheaders() if name.lower() != "connection"}
        try:
            body, is_cut = response.read(), False
        except http.client.IncompleteRead as problem:
            body, is_cut = problem.partial, True
    hint = response.headers.get("X-GHDeploy-Hint", "")
    is_plain = response.headers.get("Content-Type", "").startswith("text/plain")
    if response.status == HTTPStatus.NOT_IMPLEMENTED and is_plain and not hint:
        raise UnsupportedRequest(body.decode().strip())
    return Answer(response.status, headers, body, hint, "truncated" if is_cut else "")
