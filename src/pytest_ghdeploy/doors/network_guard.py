"""
The last line of defence: while a fake is active, nothing in this process reaches GitHub.

A client that comes in through no door looks the host's name up, connects to it
by name, or asks a proxy for it. All three are errors that say what is missing.
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
            f"{what} {name} while a fake GitHub is active, by a client that has no door here. Nothing was sent. "
            "The fixture ghdeploy_server gives it a URL to call instead.",
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


def _send(original: Function) -> Function:
    def send(sock: Any, data: Any, *args: Any) -> Any:  # noqa: ANN401
        start = bytes(memoryview(data)[:_LINE])
        if (found := _PROXIED.match(start)) and not _goes_to_a_server(sock):
            _check(found["host"] or found["other"], "request through a proxy to")
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


# What a client says to a proxy that is to reach GitHub for it.
_LINE = 300
_SOCKET = genuine(socket.socket, "socket")
_PROXIED = re.compile(rb"CONNECT (?P<host>[^:\s]+):|[A-Z]+ https?://(?:[^/@\s]*@)?(?P<other>[^:/\s]+)")

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
"""Every way out that is known."""
