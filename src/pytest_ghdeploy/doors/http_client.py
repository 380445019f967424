"""
The door for the standard library: ``http.client``, ``urllib.request``, and all that is built on them.

A connection to the host of an active fake gets a socket in memory, also one
that was made before the fake. Neither a certificate nor a proxy has a part in it.
"""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import memory_socket, registry
from pytest_ghdeploy.doors.patching import Function, Patch, genuine

# Deliveries are made with these two, whatever takes the place of the classes: that is meant for others.
__all__ = ["PATCHES", "HTTPConnection", "HTTPSConnection", "origin_of"]

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPSConnection
else:
    HTTPConnection = genuine(http.client.HTTPConnection, "http.client")
    HTTPSConnection = genuine(http.client.HTTPSConnection, "http.client")

_SOCKET = genuine(socket.socket, "socket")


def origin_of(connection: Any, scheme: str) -> memory_socket.Origin:  # noqa: ANN401 - http.client's or urllib3's
    """Tell whom a connection is to, behind a proxy if there is one."""
    # The only place that knows where a tunnel leads.
    if host := connection._tunnel_host:  # noqa: SLF001
        return memory_socket.Origin(scheme, registry.host_named(host), connection._tunnel_port)  # noqa: SLF001
    return memory_socket.Origin(scheme, registry.host_named(connection.host), connection.port)


def _connect(original: Function) -> Function:
    def connect(connection: HTTPConnection) -> None:
        __tracebackhide__ = True
        scheme = "https" if isinstance(connection, HTTPSConnection) else "http"
        if not memory_socket.connect(connection, origin_of(connection, scheme)):
            original(connection)

    return connect


def _put_request(original: Function) -> Function:
    def putrequest(connection: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        __tracebackhide__ = True
        is_server = (
            connection.host,
            connection.port,
        ) in registry.servers  # which is a proxy too, for those who want one
        if not is_server and isinstance(url, str) and "://" in url and (host := registry.host_of(url)):
            _ask_no_proxy(connection, memory_socket.Origin(url.partition(":")[0].lower(), host, None))
        original(connection, method, url, *args, **kwargs)  # which says so if it is not the time for a request
        if not is_server and _has_left(connection):
            connection.sock.close()
            connection.sock = None
            connection.connect()

    return putrequest


def _has_left(connection: Any) -> bool:  # noqa: ANN401
    # A connection that was made before the fake, and kept: it is there by network already.
    sock = connection.sock
    if sock is None or isinstance(sock, memory_socket.MemorySocket):
        return False
    real = getattr(sock, "socket", sock)  # within what urllib3 makes of one for TLS by other means
    # A socket of another family, or a stand-in, leads wherever its owner wants.
    if not isinstance(real, _SOCKET) or real.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    return registry.fake_for(origin_of(connection, "").host) is not None


def _ask_no_proxy(connection: Any, origin: memory_socket.Origin) -> None:  # noqa: ANN401
    # A whole URL is what a proxy is told. One connection to a proxy may serve many hosts.
    before = connection.sock
    if isinstance(before, memory_socket.MemorySocket) and before.origin == origin and origin.is_served:
        return
    if memory_socket.connect(connection, origin):
        if before is not None:
            before.close()
    elif isinstance(before, memory_socket.MemorySocket):
        connection.sock = None


PATCHES = [
    Patch(HTTPConnection, "connect", _connect),
    Patch(HTTPSConnection, "connect", _connect),
    Patch(HTTPConnection, "putrequest", _put_request),
]
