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
import socket
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread
from typing import TYPE_CHECKING
from weakref import WeakSet

from pytest_ghdeploy.doors import http1, registry
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.http.messages import Answer, plain
from pytest_ghdeploy.public import public
from pytest_ghdeploy.server import access, variables
from pytest_ghdeploy.server.responder import Responder
from pytest_ghdeploy.server.sockets import ADDRESS, READ, check_port, drain, listen, reset_on_close, send, speaks_tls
from pytest_ghdeploy.server.wsgi import API_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext
    from types import TracebackType
    from typing import Any, Self

    from pytest_ghdeploy.http.fake import Fake
    from pytest_ghdeploy.server.actions.result import ActionRun
    from pytest_ghdeploy.server.proxy import Proxy, Respond
    from pytest_ghdeploy.server.responder import Before
    from pytest_ghdeploy.server.tls import CaFile
    from pytest_ghdeploy.store import events


# The longest waits for answers to be sent and for the fake to return when the server closes.
_GRACE_SECONDS = 1.0
_BUSY_SECONDS = 10.0


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
        proxy: bool = False,
        before: Before | None = None,
    ) -> None:
        """
        Start answering; see ``FakeGitHub.serve``.

        Args:
            another: Starts another server for the same fake. *before* is explained at ``Responder``.

        Raises:
            FakeError: *port* or *allow_hosts* is invalid, the port is in use, or *tls* or *proxy* needs a package that
                is not installed. Nothing is started.
        """
        check_port(port)
        allowed = access.allowed_names(allow_hosts)
        self._fake = fake
        self._another = another
        self._closed = False
        self._lock = Lock()
        self._connections: dict[Thread, socket.socket] = {}
        self._all_gone = Event()
        self._context: SSLContext | None = None
        self._ca: CaFile | None = None
        self._proxy: Proxy | None = None
        if tls or proxy:
            from pytest_ghdeploy.server import tls as certificate  # needs an optional package
            from pytest_ghdeploy.server.proxy import Proxy

            self._ca = certificate.CaFile()
            self._proxy = Proxy(fake, self._ca.path) if proxy else None
        if tls:
            # A certificate cannot have a name with an underscore.
            names = sorted(name for name in allowed if "_" not in name)
            self._context = certificate.server_context(ADDRESS, "localhost", "::1", fake.host, *names)
        self._listener = listen(port)
        self._port: int = self._listener.getsockname()[1]
        self._responder = Responder(fake, self._port, "https" if tls else "http", allowed, self._proxy, before)
        self._waker, self._alarm = socket.socketpair()
        self._acceptor = Thread(target=self._accept, name=f"ghdeploy {self.url}", daemon=True)
        self._acceptor.start()
        _servers.add(self)
        registry.servers.update(self._places)

    def __repr__(self) -> str:
        return f"<LiveServer {self.url}{' (closed)' if self._closed else ''}>"

    def __call__(
        self, *, tls: bool = False, admin: bool = False, allow_hosts: Sequence[str] = (), proxy: bool = False
    ) -> LiveServer:
        """Start another server for the same fake, for example over HTTPS. It ends with the fake, or with ``close``."""
        return self._another(tls=tls, admin=admin, allow_hosts=allow_hosts, proxy=proxy)

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
            FakeError: The server uses HTTP and is not a proxy.
        """
        if not self._ca:
            msg = f"{self.url} has no certificate: use serve(tls=True) or ghdeploy_server(tls=True)"
            raise FakeError(msg)
        return self._ca.path

    @property
    def proxy_url(self) -> str:
        """
        The URL of the proxy, over HTTP even if the server uses HTTPS.

        Raises:
            FakeError: The server is not a proxy.
        """
        self._check_proxy()
        return f"http://{ADDRESS}:{self._port}"

    @property
    def refused_hosts(self) -> list[str]:
        """
        The hosts that are not GitHub's, and to which clients of the proxy wanted to connect, in order.

        Each is listed once, with its port, such as ``registry.example.com:443``; of many, the first 1,000.

        Raises:
            FakeError: The server is not a proxy.
        """
        return self._check_proxy().refused

    def _check_proxy(self) -> Proxy:
        if not self._proxy:
            msg = f"{self.url} is not a proxy: use serve(proxy=True) or ghdeploy_server(proxy=True)"
            raise FakeError(msg)
        return self._proxy

    @property
    def env(self) -> dict[str, str]:
        """
        Environment variables for a subprocess: ``subprocess.run(…, env={**os.environ, **server.env})``.

        The token is the first one of the fake that has not been revoked, or a made-up one while the fake accepts every
        token.
        """
        env = variables.of_server(self, self._fake)
        return env | variables.of_certificate(self.ca_file) if self._context else env

    @property
    def proxy_env(self) -> dict[str, str]:
        """
        Variables for a subprocess that calls GitHub by its own name: those of ``env``, with those of the proxy.

        Raises:
            FakeError: The server is not a proxy.
        """
        proxy = variables.of_proxy(self.proxy_url, self._fake.base_url)
        return self.env | proxy | variables.of_certificate(self.ca_file)

    # Actions

    def run_action(
        self,
        path: str | os.PathLike[str],
        *,
        inputs: Mapping[str, str | float | bool] | None = None,
        event: events.Event | Mapping[str, Any] | None = None,
        event_name: str | None = None,
        env: Mapping[str, str] | None = None,
        steps: Sequence[str] = ("main",),
        timeout: float = 60.0,
    ) -> ActionRun:
        """
        Run a JavaScript action under Node, as a job on GitHub's runner would, against this server.

        It runs in a temporary folder, with the variables of a job, ``env`` of this server, and of this process only
        ``PATH``.

        Args:
            path: The folder of the action, or its ``action.yml``. This needs the extra ``yaml``.

            inputs: Values by the names in ``action.yml``. A default may contain ``${{ github.… }}``. Pass ``""`` for
                a required input to see what the action does without it.

            event: One of ``events``, or a payload as a mapping. URLs in it lead to this server. By default the job has
                a ``workflow_dispatch`` of the only repository of the fake.

            event_name: The name of the event: for a payload, or instead of the event's own.

            env: More variables, which win over all others. ``GITHUB_WORKSPACE`` is the folder to run in.

            steps: Those of ``pre``, ``main`` and ``post`` that should run. As on the runner, ``main`` is skipped after
                a failed ``pre``, and ``pre-if`` and ``post-if`` count if they are status functions like ``failure()``.

            timeout: The longest time for each step, in seconds of real time.

        Returns:
            The result. An action that fails is not an error: see ``exit_status``.

        Raises:
            FakeError: The action is not written in JavaScript, an argument is invalid, an input is unknown or missing,
                Node is missing, or *timeout* is over.
        """
        from pytest_ghdeploy.server.actions import runner  # few tests need it

        about = runner.About(inputs, event, event_name, env)
        served = self.proxy_env if self._proxy else self.env
        return runner.run(self._fake, served, path, about, steps, timeout)

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
        if self._ca:
            self._ca.remove()

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
        if self._ca:
            self._ca.remove.detach()

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
            if self._context and speaks_tls(connection):
                connection = self._encrypted(connection, self._context)
                self._talk(connection, self._responder.answer, self._proxy)
            elif self._context and not self._proxy:
                send(connection, self._responder.other_protocol(), keep_alive=False)
                drain(connection)
            elif self._context:
                self._talk(connection, self._responder.answer_plain, self._proxy)
            else:
                self._talk(connection, self._responder.answer, self._proxy)
        except OSError:
            pass  # the client has disconnected, or does not trust the certificate
        except BaseException as problem:  # noqa: BLE001 - a bug of ours, which must not go unnoticed
            self._fake.fail(problem if isinstance(problem, Exception) else RuntimeError(repr(problem)))
        finally:
            self._forget(thread)

    def _encrypted(self, connection: socket.socket, context: SSLContext) -> socket.socket:
        wrapped = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections[current_thread()] = wrapped
        if self._closed:  # too late for ``close`` to end this connection
            msg = "closed"
            raise ConnectionError(msg)
        wrapped.do_handshake()
        return wrapped

    def _talk(self, connection: socket.socket, respond: Respond, proxy: Proxy | None = None) -> None:
        parser = http1.RequestParser(tunnels=proxy is not None)
        while not self._closed:
            try:
                incoming = self._next_request(connection, parser)
            except http1.Refused as refusal:
                send(connection, plain(refusal.status, str(refusal)), keep_alive=False)
                drain(connection)
                return
            if incoming is None:
                return
            if proxy and incoming.method == "CONNECT":
                self._open_tunnel(connection, proxy, incoming)
                return
            answer = respond(incoming)
            if answer.failure == "timeout":
                while self._receive(connection):
                    pass
                return
            if answer.failure in ("refused", "reset"):
                reset_on_close(connection)
                return
            keep_alive = incoming.keep_alive and not answer.failure and not self._closed
            if not send(connection, answer, keep_alive=keep_alive, method=incoming.method):
                if not answer.failure:
                    drain(connection)
                return

    def _open_tunnel(self, connection: socket.socket, proxy: Proxy, incoming: http1.Incoming) -> None:
        tunnel = proxy.open(incoming.authority)
        if isinstance(tunnel, Answer):
            send(connection, tunnel, keep_alive=False)
            drain(connection)
            return
        connection.sendall(http1.ESTABLISHED)
        if tunnel.context:
            try:
                connection = self._encrypted(connection, tunnel.context)
            except OSError as problem:
                if not self._closed:
                    proxy.explain_failure(tunnel, problem)
                raise
        self._talk(connection, tunnel.respond)

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
        return b"" if self._closed else connection.recv(READ)


_servers: WeakSet[LiveServer] = WeakSet()


def _after_fork() -> None:
    for server in list(_servers):
        server._after_fork()  # noqa: SLF001 - not for tests


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
