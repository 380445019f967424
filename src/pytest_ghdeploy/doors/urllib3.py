"""
The door for urllib3 when it is used without requests.

Its connections derive from those of ``http.client`` and have their own ``connect``.
What a ``Retry`` waits for between attempts goes by the fake's clock.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import local
from time import time
from typing import TYPE_CHECKING, Any

import urllib3.connection
import urllib3.connectionpool
import urllib3.util.connection
from urllib3.exceptions import NewConnectionError
from urllib3.util.retry import Retry

from pytest_ghdeploy.doors import memory_socket, registry
from pytest_ghdeploy.doors.http_client import HTTPConnection, origin_of
from pytest_ghdeploy.doors.patching import Function, Patch, genuine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.response import BaseHTTPResponse

    from pytest_ghdeploy.http.fake import Fake


def _connect(scheme: str) -> Function:
    def wrap(original: Function) -> Function:
        def connect(connection: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - of any version
            __tracebackhide__ = True

            def refuse() -> NewConnectionError:
                return NewConnectionError(connection, "Connection refused")

            if not memory_socket.connect(connection, origin_of(connection, scheme), refuse):
                original(connection, *args, **kwargs)
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


_asked = local()


@contextmanager
def waiting_on(fake: Fake | None) -> Iterator[None]:
    """Let what a ``Retry`` of this thread waits for go by the clock of *fake*, or by real time if it is ``None``."""
    before = getattr(_asked, "fake", None)
    _asked.fake = fake
    try:
        yield
    finally:
        _asked.fake = before


def _sleep(original: Function) -> Function:
    def sleep(retries: Retry, response: BaseHTTPResponse | None = None, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        fake: Fake | None = getattr(_asked, "fake", None)
        if fake is None:
            original(retries, response, *args, **kwargs)
            return
        retry_after = retries.get_retry_after(response) if response and retries.respect_retry_after_header else None
        if seconds := retry_after or retries.get_backoff_time():
            fake.pause(seconds, _reset_at(response, seconds))

    return sleep


def _reset_at(response: BaseHTTPResponse | None, seconds: float) -> int:
    """
    Return the time at which the rate limit resets, if a client waits *seconds* for that; otherwise 0.

    A client such as PyGithub computes the seconds by real time, and the fake's clock has stood still meanwhile.
    """
    headers = response.headers if response else {}
    reset_at = headers.get("X-RateLimit-Reset", "")
    if headers.get("X-RateLimit-Remaining") != "0" or not reset_at.isdecimal():
        return 0
    return int(reset_at) if abs(int(reset_at) - time() - seconds) < _LEEWAY else 0


_LEEWAY = 2  # seconds: PyGithub waits one more


def _urlopen(original: Function) -> Function:
    def urlopen(pool: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - urllib3's, of any version
        __tracebackhide__ = True
        with waiting_on(registry.fake_for(registry.host_named(pool.host))):
            return original(pool, *args, **kwargs)

    return urlopen


_HTTP = genuine(urllib3.connection.HTTPConnection, "urllib3.connection")
_HTTPS = genuine(urllib3.connection.HTTPSConnection, "urllib3.connection")
# niquests installs another library in the place of urllib3, whose connections need system sockets. It has no door.
_DOOR = [
    Patch(_HTTP, "connect", _connect("http")),
    Patch(_HTTPS, "connect", _connect("https")),
    Patch(urllib3.connectionpool.HTTPConnectionPool, "urlopen", _urlopen),
    *(
        Patch(module, "wait_for_read", _wait_for_read)
        for module in (urllib3.connection, urllib3.util.connection)
        if hasattr(module, "wait_for_read")
    ),
]
PATCHES = [
    Patch(Retry, "sleep", _sleep),
    *(_DOOR if issubclass(_HTTP, HTTPConnection) else []),
]
