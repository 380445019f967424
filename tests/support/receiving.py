"""A webhook receiver on a real port."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Server:
    """A receiver on a port of 127.0.0.1 that keeps the bodies and headers it gets."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler, bytes], None], kind: type[HTTPServer]) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.bodies.append(body)
                server.headers.append(dict(self.headers.items()))
                answer(self, body)

            def log_message(self, *_: Any) -> None:  # noqa: ANN401
                pass

        class Quiet(kind):  # type: ignore[misc,valid-type]
            def handle_error(self, *_: Any) -> None:  # noqa: ANN401
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?from=github"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def ok(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Answer 204."""
    handler.send_response(204)
    handler.end_headers()


@contextmanager
def serving(
    answer: Callable[[BaseHTTPRequestHandler, bytes], None] = ok, kind: type[HTTPServer] = ThreadingHTTPServer
) -> Iterator[_Server]:
    """Run a receiver."""
    server = _Server(answer, kind)
    try:
        yield server
    finally:
        server.stop()
