"""A server that fails, to compare a client's error with the error for a fault of the fake."""

from __future__ import annotations

import socket
import struct
from contextlib import closing, contextmanager
from threading import Semaphore, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def _fail_as(failure: str, connection: socket.socket, came: Semaphore) -> None:
    # Not before all has come: what is left unread would break the connection in another way.
    data = part = connection.recv(65536)
    while part and not data.endswith(b"}" if b"\r\ncontent-length:" in data.lower() else b"\r\n\r\n"):
        part = connection.recv(65536)
        data += part
    came.release()
    if failure == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif failure == "truncated":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
    else:
        connection.recv(1)  # until the client has had enough
    connection.close()


@contextmanager
def broken_server(failure: str) -> Iterator[tuple[str, Semaphore]]:
    """Run a failing server on the loopback interface, and count its requests."""
    came = Semaphore(0)
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if failure == "connection":  # nobody listens
            yield url, came
            return
        listening.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                _fail_as(failure, connection, came)

        server = Thread(target=serve, daemon=True)
        server.start()
        try:
            yield url, came
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            server.join(5)
