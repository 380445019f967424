"""Send deliveries to URLs by HTTP."""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from http.client import HTTPException, IncompleteRead
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_ghdeploy.changes import start
from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.http_client import HTTPConnection, HTTPSConnection
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.webhooks import in_process
from pytest_ghdeploy.webhooks.targets import encoded, host_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.deliveries import Outcome
    from pytest_ghdeploy.webhooks.targets import Target


def send(target: Target, headers: Mapping[str, str], body: bytes, *, timeout: float, insecure_ssl: bool) -> Outcome:
    """
    Deliver to a URL and return the outcome. A failing receiver does not raise.

    Args:
        timeout: The time limit in real seconds.
    """
    url = str(target.value)
    if reason := _refusal(target):
        return deliveries.unreachable(reason)
    expired = threading.Event()
    # http.client forgets the socket of a response that ends with the connection.
    sockets: list[Any] = []
    try:
        connection = _connection(url, timeout, insecure_ssl=insecure_ssl)
    except ValueError as problem:
        return deliveries.unreachable(str(problem))
    # A socket's timeout is for each read, so a receiver that sends byte by byte needs a limit for the whole.
    alarm = threading.Timer(timeout, _abort, (connection, sockets, expired))
    alarm.daemon = True
    start(alarm)
    is_near = deliveries.is_loopback(url)
    try:
        registry.delivering.on = is_near
        connection.connect()
        sockets.append(connection.sock)
        outcome = _exchange(connection, url, headers, body)
        # The alarm may have ended the response early.
        return in_process.too_late(timeout) if expired.is_set() else outcome
    except (OSError, HTTPException) as problem:
        if expired.is_set() or isinstance(problem, TimeoutError):
            return in_process.too_late(timeout)
        message = str(problem) or type(problem).__name__
        return deliveries.unreachable(f"no response from {host_of(url)}: {type(problem).__name__}: {message}")
    except Exception as problem:  # noqa: BLE001 - for example by pytest-socket
        return deliveries.unreachable(f"could not send: {type(problem).__name__}: {problem}")
    finally:
        registry.delivering.on = False
        alarm.cancel()
        connection.close()


def _refusal(target: Target) -> str:
    """Return why nothing may be sent to a URL, or ``""``."""
    url, host = str(target.value), host_of(str(target.value))
    if deliveries.is_loopback(url):
        return ""
    if registry.is_ours(host):
        return f"{host} is a GitHub host answered by a fake, so nothing is sent there"
    if target.any_host:
        return ""
    return (
        f"{host} is not this machine, and the fake sends nothing to other machines "
        "unless subscribed with webhooks.subscribe(…, allow_any_host=True)"
    )


def _connection(url: str, timeout: float, *, insecure_ssl: bool) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if deliveries.is_loopback(url):
        host = host.rstrip(".")  # with a dot at its end, the name of this machine would be looked up on the network
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if insecure_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return HTTPSConnection(host, parts.port, timeout=timeout, context=context)
    return HTTPConnection(host, parts.port, timeout=timeout)


def _abort(connection: HTTPConnection, sockets: list[Any], expired: threading.Event) -> None:
    import socket

    expired.set()
    for sock in sockets or [connection.sock]:
        if isinstance(sock, socket.socket):
            with suppress(OSError):  # already closed
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _exchange(connection: HTTPConnection, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    parts = urlsplit(url)
    path, query = encoded(parts.path or "/", parts.query)
    connection.putrequest("POST", f"{path}?{query}" if query else path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    # Closed here, because a finalizer would ignore an interruption.
    with connection.getresponse() as response:
        data = response.read(in_process.MOST_READ)
        if response.length and len(data) < in_process.MOST_READ:
            raise IncompleteRead(data, response.length)
    return deliveries.answered(response.status, dict(response.getheaders()), data.decode(errors="replace"))
