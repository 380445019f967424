"""
The live server: a fake on a port of 127.0.0.1, for other processes.

It turns HTTP into requests for the fake and answers into HTTP. One thread
accepts connections, and each connection has its own thread, so that no client
waits for a slow or broken one. Werkzeug's development server is not used: it
closes each connection after one answer, and cannot simulate faults such as
a reset.
"""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from typing import TYPE_CHECKING
from weakref import WeakSet, finalize

from pytest_ghdeploy.doors import http1, registry
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.http.messages import plain
from pytest_ghdeploy.public import public
from pytest_ghdeploy.server import access
from pytest_ghdeploy.server.wsgi import API_PREFIX, ask, check_proxied

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from pytest_ghdeploy.http.fake import Fake
    from pytest_ghdeploy.http.messages import Answer

    Before = Callable[[http1.Incoming, str, bool], Answer | None]

ADDRESS = "127.0.0.1"
ANY_TOKEN = "ghdeploy-accepts-any-token"  # noqa: S105 - it grants access to nothing
"""The token in ``env`` while every token is accepted."""

_BACKLOG = 1024
_READ = 64 * 1024
_TLS_HANDSHAKE = b"\x16"
_HIGHEST_PORT = 65535
# The longest waits: for answers to be sent and for the fake to return when the server closes, and for the rest of a
# refused request.
_GRACE_SECONDS = 1.0
_BUSY_SECONDS = 10.0
_DRAIN_SECONDS = 2.0
_DRAIN_READS = 256
_RESET = struct.pack("ii", 1, 0) if sys.platform != "win32" else struct.pack("hh", 1, 0)


@public
class LiveServer:
    """
    A server for a fake on a port of 127.0.0.1. It runs from its creation until ``close``.

    The fixture ``ghdeploy_server`` provides one, and ``FakeGitHub.serve`` starts
    more. Each is a context manager.
    """

    def __init__(
        self,
        fake: Fake,
        port: int = 0,
        *,
        another: Callable[..., LiveServer],
        tls: bool = False,
        allow_hosts: Sequence[str] = (),
        before: Before | None = None,
    ) -> None:
        """
        Start answering; see ``FakeGitHub.serve``.

        Args:
            another: Starts another server for the same fake.

            before: Called with each request, the server's scheme and whether the request's host is allowed. It returns
                an answer, or ``None`` to ask the fake.

        Raises:
            FakeError: *port* or *allow_hosts* is invalid, the port is in use, or *tls* needs a package that is not
                installed. Nothing is started.
        """
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= _HIGHEST_PORT:
            msg = f"port must be a number from 1 to {_HIGHEST_PORT}, or 0 for any free port; got {port!r}"
            raise FakeError(msg, argument="port")
        self._allowed = access.allowed_names(allow_hosts)
        self._fake = fake
        self._another = another
        self._before = before
        self._closed = False
        self._lock = Lock()
        self._connections: dict[Thread, socket.socket] = {}
        self._all_gone = Event()
        self._context = None
        self._ca_file = ""
        self._remove_files: finalize[..., LiveServer] | None = None
        if tls:
            from pytest_ghdeploy.server import tls as certificate  # needs an optional package

            # A certificate cannot have a name with an underscore.
            names = sorted(name for name in self._allowed if "_" not in name)
            self._context = certificate.server_context(ADDRESS, "localhost", "::1", fake.host, *names)
        self._listener = _listen(port)
        self._port: int = self._listener.getsockname()[1]
        if tls:
            folder = tempfile.mkdtemp(prefix="ghdeploy-")
            self._remove_files = finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self._ca_file = str(Path(folder, "ca.pem"))
            Path(self._ca_file).write_bytes(certificate.authority_pem())
        self._waker, self._alarm = socket.socketpair()
        self._acceptor = Thread(target=self._accept, name=f"ghdeploy {self.url}", daemon=True)
        self._acceptor.start()
        _servers.add(self)
        registry.servers.update(self._places)

    def __repr__(self) -> str:
        return f"<LiveServer {self.url}{' (closed)' if self._closed else ''}>"

    def __call__(self, *, tls: bool = False, admin: bool = False, allow_hosts: Sequence[str] = ()) -> LiveServer:
        """Start another server for the same fake, for example over HTTPS. It ends with the fake, or with ``close``."""
        return self._another(tls=tls, admin=admin, allow_hosts=allow_hosts)

    def __enter__(self) -> Self:
        """Return the server, which is already running."""
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    # Addresses

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._port

    @property
    def url(self) -> str:
        """The root URL, such as ``http://127.0.0.1:40001``. It serves the API too, like ``api_url``."""
        return f"http{'s' if self._context else ''}://{ADDRESS}:{self._port}"

    @property
    def api_url(self) -> str:
        """The root of the API as on GitHub Enterprise Server: ``url`` followed by ``/api/v3``."""
        return f"{self.url}{API_PREFIX}"

    @property
    def ca_file(self) -> str:
        """
        The path of the CA file that a client has to trust. It is deleted when the server is closed.

        Raises:
            FakeError: The server uses HTTP.
        """
        if not self._ca_file:
            msg = f"{self.url} has no certificate: use serve(tls=True) or ghdeploy_server(tls=True)"
            raise FakeError(msg)
        return self._ca_file

    @property
    def env(self) -> dict[str, str]:
        """
        Environment variables for a subprocess: ``subprocess.run(…, env={**os.environ, **server.env})``.

        The token is the first one of the fake that has not been revoked, or a made-up one while the fake accepts every
        token.
        """
        token = next((token.text for token in self._fake.tokens), ANY_TOKEN)
        env = {
            "GITHUB_API_URL": self.api_url,
            "GITHUB_SERVER_URL": self.url,
            "GITHUB_GRAPHQL_URL": f"{self.url}/api/graphql",
            "GITHUB_TOKEN": token,
            "GH_HOST": f"{ADDRESS}:{self._port}",
            "GH_TOKEN": token,
            "GH_ENTERPRISE_TOKEN": token,
            "GITHUB_ENTERPRISE_TOKEN": token,
            "GH_NO_UPDATE_NOTIFIER": "1",
            "OCTOKIT_API_ENDPOINT": f"{self.api_url}/",
            "OCTOKIT_WEB_ENDPOINT": f"{self.url}/",
            "OCTOKIT_ACCESS_TOKEN": token,
        }
        for name in ("NO_PROXY", "no_proxy"):
            others = os.environ.get(name)
            env[name] = ",".join([*([others] if others else []), ADDRESS, "localhost"])
        if self._ca_file:
            names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO")
            env |= dict.fromkeys(names, self._ca_file)
        return env

    # Life

    def close(self) -> None:
        """
        Stop answering and end all connections. The second call does nothing.

        An answer in progress is still sent. No thread is left behind, unless the
        fake takes longer than ten seconds for an answer, which fails the test.
        """
        if self._closed:
            return
        self._closed = True
        registry.servers.difference_update(self._places)
        self._waker.send(b"\0")
        self._acceptor.join()
        self._listener.close()
        if not self._end_connections(socket.SHUT_RD, _GRACE_SECONDS):
            stuck = not self._end_connections(socket.SHUT_RDWR, _BUSY_SECONDS)
            if stuck:
                msg = f"the live server at {self.url} cannot close: the fake is still busy with an answer"
                self._fake.fail(FakeError(msg, see="a-server-that-cannot-close"))
        self._waker.close()
        self._alarm.close()
        if self._remove_files:
            self._remove_files()

    def _end_connections(self, how: int, seconds: float) -> bool:
        with self._lock:
            connections = dict(self._connections)
            if not connections:
                self._all_gone.set()
        for connection in connections.values():
            with suppress(OSError):
                socket.socket.shutdown(connection, how)
        gone = self._all_gone.wait(seconds)
        if gone:
            for thread in connections:
                thread.join()
        return gone

    @property
    def _places(self) -> set[tuple[str, int]]:
        return {(ADDRESS, self._port), ("localhost", self._port)}

    def _after_fork(self) -> None:
        """Close a forked child's copies of its parent's sockets, without taking a lock."""
        self._closed = True
        for copy in (self._listener, self._waker, self._alarm, *self._connections.values()):
            with suppress(OSError):
                copy.close()
        if self._remove_files:
            self._remove_files.detach()

    # Threads

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._alarm, selectors.EVENT_READ)
            while True:
                ready = selector.select()
                if self._closed:
                    return
                if any(key.fileobj is not self._alarm for key, _ in ready):
                    self._accept_one()

    def _accept_one(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no file descriptor is left, or the client has disconnected
            self._all_gone.wait(0.01)
            return
        connection.settimeout(None)
        thread = Thread(target=self._serve, args=(connection,), name=self._acceptor.name, daemon=True)
        with self._lock:
            self._connections[thread] = connection
        try:
            thread.start()
        except RuntimeError:  # the system has no more threads
            self._forget(thread)

    def _forget(self, thread: Thread) -> None:
        with suppress(OSError):
            self._connections[thread].close()
        with self._lock:
            del self._connections[thread]
            if self._closed and not self._connections:
                self._all_gone.set()

    def _serve(self, connection: socket.socket) -> None:
        thread = current_thread()
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context:
                connection = self._secured(connection, thread)
            self._talk(connection)
        except OSError:
            pass  # the client has disconnected, or does not trust the certificate
        except BaseException as problem:  # noqa: BLE001 - a bug of ours, which must not go unnoticed
            self._fake.fail(problem if isinstance(problem, Exception) else RuntimeError(repr(problem)))
        finally:
            self._forget(thread)

    def _secured(self, connection: socket.socket, thread: Thread) -> socket.socket:
        assert self._context  # noqa: S101 - checked by the caller
        if connection.recv(1, socket.MSG_PEEK) not in (b"", _TLS_HANDSHAKE):
            text = f"this port serves HTTPS, and the client uses HTTP: the URL is {self.url}"
            _send(connection, plain(400, text), keep_alive=False)
            _drain(connection)
            msg = "not TLS"
            raise ConnectionError(msg)
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections[thread] = wrapped
        if self._closed:  # too late for ``close`` to end this connection
            msg = "closed"
            raise ConnectionError(msg)
        wrapped.do_handshake()
        return wrapped

    def _talk(self, connection: socket.socket) -> None:
        parser = http1.RequestParser()
        while not self._closed:
            try:
                incoming = self._next_request(connection, parser)
            except http1.Refused as refusal:
                _send(connection, plain(refusal.status, str(refusal)), keep_alive=False)
                _drain(connection)
                return
            if incoming is None:
                return
            answer = self._answer(incoming)
            if answer.failure == "timeout":
                while self._receive(connection):
                    pass
                return
            if answer.failure in ("refused", "reset"):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            keep_alive = incoming.keep_alive and not answer.failure and not self._closed
            if not _send(connection, answer, keep_alive=keep_alive, method=incoming.method):
                if not answer.failure:
                    _drain(connection)
                return

    def _next_request(self, connection: socket.socket, parser: http1.RequestParser) -> http1.Incoming | None:
        while (incoming := parser.next_request()) is None:
            if parser.awaits_continue:
                parser.awaits_continue = False
                connection.sendall(http1.CONTINUE)
            data = self._receive(connection)
            if not data:
                return None
            parser.feed(data)
        return incoming

    def _receive(self, connection: socket.socket) -> bytes:
        # A closing server does not read the rest of an incomplete request.
        return b"" if self._closed else connection.recv(_READ)

    def _answer(self, incoming: http1.Incoming) -> Answer:
        scheme = "https" if self._context else "http"
        is_allowed = access.is_allowed(incoming.authority, self._allowed)
        if self._before and (answer := self._before(incoming, scheme, is_allowed)):
            return answer
        return self._refusal(incoming, is_allowed=is_allowed) or ask(
            self._fake,
            incoming.method,
            incoming.target,
            scheme=incoming.scheme or scheme,
            authority=incoming.authority,
            headers=incoming.headers,
            body=incoming.body,
        )

    def _refusal(self, incoming: http1.Incoming, *, is_allowed: bool) -> Answer | None:
        if not is_allowed and not incoming.scheme:
            return access.other_host(incoming.authority)
        refusal = None if is_allowed else check_proxied(self._fake, access.host_of(incoming.authority))
        return refusal or access.other_site(incoming, self._allowed)


def _send(connection: socket.socket, answer: Answer, *, keep_alive: bool, method: str = "") -> bool:
    """Send an answer in one piece; return whether another may follow it."""
    headers, body, is_framed = http1.frame(answer, method)
    keep_alive = keep_alive and is_framed
    headers["Connection"] = "keep-alive" if keep_alive else "close"
    connection.sendall(http1.write_head(answer.status, headers) + body)
    return keep_alive


def _drain(connection: socket.socket) -> None:
    # Closing a connection with unread data resets it, and the client would not see the answer.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        connection.settimeout(_DRAIN_SECONDS)
        for _ in range(_DRAIN_READS):
            if not connection.recv(_READ):
                return


def _listen(port: int) -> socket.socket:
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


_servers: WeakSet[LiveServer] = WeakSet()


def _after_fork() -> None:
    for server in list(_servers):
        server._after_fork()  # noqa: SLF001 - not for tests


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
