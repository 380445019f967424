"""
The last line of defence: while a fake is active, nothing in this process reaches GitHub.

A client without a door looks up the host's name, connects to it by name, or
sends its URL to a proxy. Each of these raises an error that says what to use.
"""

from __future__ import annotations

import re
import socket
from typing import Any

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.patching import Function, Patch, genuine


def _check(host: object, what: str) -> None:
    if registry.is_ours(host):
        name = host.decode("latin-1") if isinstance(host, bytes) else str(host)
        raise registry.refusal(
            name.lower(),
            f"{what} {name} while a fake GitHub is active, by a client that the fake cannot intercept. Nothing was "
            "sent. Use the fixture ghdeploy_server, and give the client its URL.",
        )


def _look_up(original: Function) -> Function:
    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's signature
        _check(host, "look-up of")
        return original(host, *args, **kwargs)

    return look_up


def _connect(original: Function) -> Function:
    def connect(sock: Any, address: Any) -> Any:  # noqa: ANN401
        if isinstance(address, tuple):
            _check(address[0], "connection to")
        return original(sock, address)

    return connect


def _send(original: Function) -> Function:
    def send(sock: Any, data: Any, *args: Any) -> Any:  # noqa: ANN401
        start = bytes(memoryview(data)[:_LINE])
        if (match := _PROXIED.match(start)) and not _goes_to_a_server(sock):
            _check(match["host"] or match["url_host"], "request through a proxy to")
        return original(sock, data, *args)

    return send


def _goes_to_a_server(sock: Any) -> bool:  # noqa: ANN401
    try:
        return sock.getpeername() in registry.servers
    except OSError:
        return False


def _send_to(original: Function) -> Function:
    def send_to(sock: Any, *args: Any) -> Any:  # noqa: ANN401
        if args and isinstance(args[-1], tuple):
            _check(args[-1][0], "message to")
        return original(sock, *args)

    return send_to


_LINE = 300  # bytes of a request line that are searched for a host
_SOCKET = genuine(socket.socket, "socket")
# The first line of a request to a proxy.
_PROXIED = re.compile(rb"CONNECT (?P<host>[^:\s]+):|[A-Z]+ https?://(?:[^/@\s]*@)?(?P<url_host>[^:/\s]+)")

PATCHES = [
    Patch(socket, "getaddrinfo", _look_up),
    Patch(socket, "gethostbyaddr", _look_up),
    Patch(socket, "gethostbyname", _look_up),
    Patch(socket, "gethostbyname_ex", _look_up),
    Patch(_SOCKET, "connect", _connect),
    Patch(_SOCKET, "connect_ex", _connect),
    Patch(_SOCKET, "send", _send),
    Patch(_SOCKET, "sendall", _send),
    Patch(_SOCKET, "sendto", _send_to),
]
"""The functions through which a client without a door reaches the network."""
