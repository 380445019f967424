"""
The last line of defence: while a fake is active, nothing in this process reaches GitHub.

A client that comes in through no door looks the host's name up, connects to it
by name, or asks a proxy for it. All three are errors that say what is missing.
"""

from __future__ import annotations

import http.client
import socket
from typing import Any

from pytest_ghdeploy.doors import hosts
from pytest_ghdeploy.doors.patching import Function, Patch


def _check(host: object, what: str) -> None:
    if hosts.is_ours(host):
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        raise hosts.refusal(
            name.lower(),
            f"{what} {name} while a fake GitHub is active, by a client that has no door here: it is not based on "
            "requests. Nothing was sent.",
        )


def _look_up(original: Function) -> Function:
    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the library has it
        _check(host, "look-up of")
        return original(host, *args, **kwargs)

    return look_up


def _connect(original: Function) -> Function:
    def connect(sock: Any, address: Any) -> Any:  # noqa: ANN401
        if isinstance(address, tuple):
            _check(address[0], "connection to")
        return original(sock, address)

    return connect


def _tunnel(original: Function) -> Function:
    def set_tunnel(connection: Any, host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        _check(host.rpartition(":")[0] or host, "tunnel through a proxy to")
        return original(connection, host, *args, **kwargs)

    return set_tunnel


def _put_request(original: Function) -> Function:
    def putrequest(connection: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if isinstance(url, str) and "://" in url:
            _check(hosts.host_of(url), "request through a proxy to")
        return original(connection, method, url, *args, **kwargs)

    return putrequest


PATCHES = [
    Patch(socket, "getaddrinfo", _look_up),
    Patch(socket, "gethostbyaddr", _look_up),
    Patch(socket, "gethostbyname", _look_up),
    Patch(socket, "gethostbyname_ex", _look_up),
    Patch(socket.socket, "connect", _connect),
    Patch(socket.socket, "connect_ex", _connect),
    Patch(http.client.HTTPConnection, "set_tunnel", _tunnel),
    Patch(http.client.HTTPConnection, "putrequest", _put_request),
]
"""Every way out that is known."""
