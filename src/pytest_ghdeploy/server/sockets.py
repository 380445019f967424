"""What a live server does with its sockets, apart from their threads."""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_ghdeploy.doors import http1
from pytest_ghdeploy.errors import FakeError

if TYPE_CHECKING:
    from pytest_ghdeploy.http.messages import Answer

ADDRESS = "127.0.0.1"
READ = 64 * 1024
"""How many bytes are read at once."""

_BACKLOG = 1024
_HIGHEST_PORT = 65535
_TLS_HANDSHAKE = b"\x16"
_RESET = struct.pack("ii", 1, 0) if sys.platform != "win32" else struct.pack("hh", 1, 0)
# The longest waits for the rest of a refused request.
_DRAIN_SECONDS = 2.0
_DRAIN_READS = 256


def send(connection: socket.socket, answer: Answer, *, keep_alive: bool, method: str = "") -> bool:
    """Send an answer in one piece; return whether another may follow it."""
    headers, body, is_framed = http1.frame(answer, method)
    keep_alive = keep_alive and is_framed
    headers["Connection"] = "keep-alive" if keep_alive else "close"
    connection.sendall(http1.write_head(answer.status, headers) + body)
    return keep_alive


def drain(connection: socket.socket) -> None:
    """End a connection whose last request was not read to its end."""
    # Closing a connection with unread data resets it, and the client would not see the answer.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        connection.settimeout(_DRAIN_SECONDS)
        for _ in range(_DRAIN_READS):
            if not connection.recv(READ):
                return


def speaks_tls(connection: socket.socket) -> bool:
    """Return whether the client has begun a TLS handshake, or has left."""
    return connection.recv(1, socket.MSG_PEEK) in (b"", _TLS_HANDSHAKE)


def reset_on_close(connection: socket.socket) -> None:
    """Let closing the connection reset it, which is an error for the client."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def check_port(port: object) -> None:
    """
    Check the argument ``port``.

    Raises:
        FakeError: It is not the number of a port, or 0 for any free one.
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= _HIGHEST_PORT:
        msg = f"port must be a number from 1 to {_HIGHEST_PORT}, or 0 for any free port; got {port!r}"
        raise FakeError(msg, argument="port")


def listen(port: int) -> socket.socket:
    """
    Listen on a port of 127.0.0.1, without blocking.

    Raises:
        FakeError: The port is taken, or pytest-socket forbids sockets.
    """
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except RuntimeError as problem:  # raised by pytest-socket
        if "pytest_socket" not in sys.modules:
            raise
        msg = (
            "pytest-socket forbids all sockets in this test, and a live server needs one: use --allow-hosts=127.0.0.1 "
            'instead of --disable-socket, or the marker allow_hosts(["127.0.0.1"])'
        )
        raise FakeError(msg, see="a-server-beside-pytest-socket") from problem
    try:
        if os.name == "posix":  # on Windows it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(_BACKLOG)
        listener.settimeout(0)
    except OSError as problem:
        listener.close()
        msg = f"port {port} of {ADDRESS} cannot be used: {problem.strerror or problem}; 0 chooses any free port"
        raise FakeError(msg) from None
    except BaseException:
        listener.close()
        raise
    return listener
