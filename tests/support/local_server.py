"""A real server on this machine, for requests that the fake must not answer."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def local_server(text: str, protocol: str = "HTTP/1.0", connections: list[object] | None = None) -> Iterator[int]:
    """
    Answer each GET with *text*, on a port of 127.0.0.1 that is yielded.

    Args:
        protocol: ``HTTP/1.1`` keeps connections open.

        connections: A list to which the client's address is appended for each connection.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def setup(self) -> None:
            if connections is not None:
                connections.append(self.client_address)
            super().setup()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True  # do not wait for clients that keep a connection open
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
