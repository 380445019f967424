"""
The door for ``http.client``, ``urllib.request`` and libraries built on them.

A connection to the host of an active fake gets a socket in memory, even if the
connection was made before the fake. Certificates and proxies are not used.
"""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import memory_socket, registry
from pytest_ghdeploy.doors.patching import Function, Patch, genuine

# Deliveries use these two classes, even while another tool has replaced them for the code under test.
__all__ = ["PATCHES", "HTTPConnection", "HTTPSConnection", "origin_of"]

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPSConnection
else:
    HTTPConnection = genuine(http.client.HTTPConnection, "http.client")
    HTTPSConnection = genuine(http.client.HTTPSConnection, "http.client")

_SOCKET = genuine(socket.socket, "socket")


def origin_of(connection: Any, scheme: str) -> memory_socket.Origin:  # noqa: ANN401 - http.client's or urllib3's
    """Return the server that a connection leads to, directly or through a proxy."""
    # Only this attribute knows where a tunnel leads. Without it, the network guard refuses a tunnel to GitHub.
    if host := getattr(connection, "_tunnel_host", None):
        return memory_socket.Origin(scheme, registry.host_named(host), connection._tunnel_port)  # noqa: SLF001
    return memory_socket.Origin(scheme, registry.host_named(connection.host), connection.port)


def _connect(original: Function) -> Function:
    def connect(connection: HTTPConnection, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - any version's
        __tracebackhide__ = True
        scheme = "https" if isinstance(connection, HTTPSConnection) else "http"
        if not memory_socket.connect(connection, origin_of(connection, scheme)):
            original(connection, *args, **kwargs)

    return connect


def _put_request(original: Function) -> Function:
    def putrequest(connection: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        __tracebackhide__ = True
        # A live server also accepts requests as a proxy.
        is_server = (connection.host, connection.port) in registry.servers
        if not is_server and isinstance(url, str) and "://" in url and (host := registry.host_of(url)):
            _bypass_proxy(connection, memory_socket.Origin(url.partition(":")[0].lower(), host, None))
        original(connection, method, url, *args, **kwargs)  # raises if a response has not been read yet
        if not is_server and _is_real(connection):
            connection.sock.close()
            connection.sock = None
            connection.connect()

    return putrequest


def _is_real(connection: Any) -> bool:  # noqa: ANN401
    # Whether a connection to a fake's host was opened before the fake, and therefore leads to the network.
    sock = connection.sock
    if sock is None or isinstance(sock, memory_socket.MemorySocket):
        return False
    real = getattr(sock, "socket", sock)  # inside the wrapper that urllib3 uses for pyOpenSSL
    # The user chose a socket of another family, or a stand-in, on purpose.
    if not isinstance(real, _SOCKET) or real.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    return registry.fake_for(origin_of(connection, "").host) is not None


def _bypass_proxy(connection: Any, origin: memory_socket.Origin) -> None:  # noqa: ANN401
    # A proxy receives the whole URL. One connection to a proxy may serve many hosts.
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
