"""
The door for urllib3 when it is used without requests.

Its connections derive from those of ``http.client`` and have their own ``connect``.
"""

from __future__ import annotations

from typing import Any

import urllib3.connection
import urllib3.util.connection
from urllib3.exceptions import NewConnectionError

from pytest_ghdeploy.doors import memory_socket
from pytest_ghdeploy.doors.http_client import origin_of
from pytest_ghdeploy.doors.patching import Function, Patch, genuine


def _connect(scheme: str) -> Function:
    def wrap(original: Function) -> Function:
        def connect(connection: Any) -> None:  # noqa: ANN401 - of any version
            __tracebackhide__ = True

            def refuse() -> NewConnectionError:
                return NewConnectionError(connection, "Connection refused")

            if not memory_socket.connect(connection, origin_of(connection, scheme), refuse):
                original(connection)
                return
            connection.is_verified = scheme == "https"
            # Otherwise a failure would be reported as the proxy's, which is not used.
            connection._has_connected_to_proxy = bool(connection.proxy)  # noqa: SLF001

        return connect

    return wrap


def _wait_for_read(original: Function) -> Function:
    # urllib3 calls this with a timeout of zero to find out whether a connection in its pool has been closed.
    def wait_for_read(sock: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if isinstance(sock, memory_socket.MemorySocket):
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
