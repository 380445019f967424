"""
The door for urllib3 without requests in front of it.

Its connections are ``http.client``'s, with a ``connect`` of their own.
"""

from __future__ import annotations

from errno import ECONNREFUSED
from typing import Any

import urllib3.connection
import urllib3.util.connection
from urllib3.exceptions import NewConnectionError

from pytest_ghdeploy.doors import memory_socket
from pytest_ghdeploy.doors.http_client import origin_of
from pytest_ghdeploy.doors.patching import Function, Patch, genuine


def _connect(scheme: str) -> Function:
    def wrap(original: Function) -> Function:
        def connect(connection: Any) -> None:  # noqa: ANN401 - of whatever version
            __tracebackhide__ = True

            def refuse() -> NewConnectionError:
                why = f"Failed to establish a new connection: [Errno {ECONNREFUSED}] Connection refused"
                return NewConnectionError(connection, why)

            if not memory_socket.join(connection, origin_of(connection, scheme), refuse):
                original(connection)
                return
            connection.is_verified = scheme == "https"
            # Or a failure would be the proxy's, which is not asked.
            connection._has_connected_to_proxy = bool(connection.proxy)  # noqa: SLF001

        return connect

    return wrap


def _wait_for_read(original: Function) -> Function:
    # urllib3 waits no time at all for a connection in its pool, to see whether it has been closed meanwhile.
    def wait_for_read(sock: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if isinstance(sock, memory_socket.Wire):
            return not sock.origin.is_served
        return original(sock, *args, **kwargs)

    return wait_for_read


PATCHES = [
    Patch(genuine(urllib3.connection.HTTPConnection, "urllib3.connection"), "connect", _connect("http")),
    Patch(genuine(urllib3.connection.HTTPSConnection, "urllib3.connection"), "connect", _connect("https")),
    *(
        Patch(module, "wait_for_read", _wait_for_read)
        for module in (urllib3.connection, urllib3.util.connection)
        if hasattr(module, "wait_for_read")
    ),
]
