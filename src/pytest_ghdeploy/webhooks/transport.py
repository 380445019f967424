"""
The way out, to the receivers of webhooks: by HTTP to this machine, or by calling what is in this process.

What a receiver does is never an error here: it becomes an ``Outcome``.
"""

from __future__ import annotations

import ssl
import threading
from contextlib import nullcontext, suppress
from http.client import HTTPException, IncompleteRead
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.http_client import HTTPConnection, HTTPSConnection
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.webhooks import in_process
from pytest_ghdeploy.webhooks.targets import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_ghdeploy.github.deliveries import Outcome
    from pytest_ghdeploy.webhooks.targets import Target


def send(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    delivery: object,
    *,
    answered: Callable[[], object],
    timeout: float,
    insecure_ssl: bool,
) -> Outcome:
    """
    Deliver, and say what came of it.

    Args:
        delivery: What a function is called with.

        answered: Called once the answer is there, if that is before all is over.

        timeout: Real seconds that it may take.
    """
    if target.kind == "url":
        return _to_url(target, headers, body, timeout=timeout, insecure_ssl=insecure_ssl)
    return in_process.call(target, headers, body, delivery, answered=answered, timeout=timeout)


def _to_url(target: Target, headers: Mapping[str, str], body: bytes, *, timeout: float, insecure_ssl: bool) -> Outcome:
    url = str(target.value)
    if why_not := _why_not(target):
        return deliveries.unreachable(why_not)
    expired = threading.Event()
    # Once an answer ends with the connection, http.client knows its socket no more.
    sockets: list[Any] = []
    try:
        connection = _connection(url, timeout, insecure_ssl=insecure_ssl)
    except ValueError as problem:
        return deliveries.unreachable(str(problem))
    # A timeout of a socket is one of each step; a receiver that drips must end, too.
    alarm = threading.Timer(timeout, _abort, (connection, sockets, expired))
    alarm.daemon = True
    alarm.start()
    try:
        with registry.deliveries_may_leave() if deliveries.is_loopback(url) else nullcontext():
            connection.connect()
            sockets.append(connection.sock)
            outcome = _exchange(connection, url, headers, body)
            # To hang up is an end, too.
            return in_process.late(timeout) if expired.is_set() else outcome
    except (OSError, HTTPException) as problem:
        if expired.is_set() or isinstance(problem, TimeoutError):
            return in_process.late(timeout)
        told = str(problem) or type(problem).__name__
        return deliveries.unreachable(f"nothing came back from {host_of(url)}: {type(problem).__name__}: {told}")
    except Exception as problem:  # noqa: BLE001 - such as what pytest-socket raises
        return deliveries.unreachable(f"nothing could be sent: {type(problem).__name__}: {problem}")
    finally:
        alarm.cancel()
        connection.close()


def _why_not(target: Target) -> str:
    """Say why nothing is sent to a URL, ``""`` if it is."""
    url, host = str(target.value), host_of(str(target.value))
    if deliveries.is_loopback(url):
        return ""
    if registry.is_ours(host):
        return f"{host} is GitHub's, of which there is a fake: nothing is sent there"
    if target.any_host:
        return ""
    return (
        f"{host} is not this machine, and the fake sends nothing to others: "
        "webhooks.subscribe(…, allow_any_host=True) would"
    )


def _connection(url: str, timeout: float, *, insecure_ssl: bool) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
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
            with suppress(OSError):  # it has just been closed
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _exchange(connection: HTTPConnection, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    parts = urlsplit(url)
    where = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/"
    connection.putrequest("POST", f"{where}?{parts.query}" if parts.query else where, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    data = response.read(in_process.MOST_READ)
    if response.length and len(data) < in_process.MOST_READ:
        raise IncompleteRead(data, response.length)
    return deliveries.answered(response.status, dict(response.getheaders()), data.decode(errors="replace"))
