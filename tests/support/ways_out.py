"""
Ways to reach GitHub without a door. ``tests/doors/test_network_guard.py`` runs this program.

It tries each way while a fake is active, and again after the fake is closed. The
second time shows that it would have noticed an escape. It prints, as JSON, what
reached the resolver, the sockets and a proxy. A second audit hook, called after the
fake's, records each look-up and raises an error instead. Nothing leaves this machine.
"""

from __future__ import annotations

import _socket
import asyncio
import http.client
import json
import socket
import socketserver
import ssl
import sys
import time
from contextlib import closing
from functools import partial
from socket import getaddrinfo, gethostbyaddr, gethostbyname, gethostbyname_ex  # bound before the fake, as in Twisted
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpcore
import trio

from pytest_ghdeploy import FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Callable

    Ways = dict[str, Callable[[], object]]

HOST = "api.github.com"
DOT = "\N{FULLWIDTH FULL STOP}"
_HERE = {"127.0.0.1", "::1", "localhost", "", "None"}
reached: list[str] = []
"""What reached the resolver, a socket or the proxy."""
at_the_end: list[Callable[[], object]] = []


# Recording


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        _note(event, arguments[0])
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        _note(event, arguments[1][0])


def _note(what: str, host: object) -> None:
    name = host.decode() if isinstance(host, (bytes, bytearray)) else str(host)
    if name not in _HERE:
        reached.append(f"{what} {name}")
        raise socket.gaierror(socket.EAI_NONAME, "no network in this program")


def _stand_below(kind: Any, name: str) -> None:  # noqa: ANN401 - a class of sockets
    # A method written in C looks a host name up before it raises its event.
    original = getattr(kind, name)

    def stand(sock: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if args and isinstance(args[-1], tuple):
            _note(name, args[-1][0])
        return original(sock, *args, **kwargs)

    setattr(kind, name, stand)


class _Proxy(socketserver.BaseRequestHandler):
    """A proxy that agrees to everything, records the hosts that it is asked for, and goes nowhere."""

    def handle(self) -> None:
        while data := self.request.recv(2000):
            if b"github" in data.lower():
                reached.append(f"proxy {data[:40]!r}")
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                return
            self.request.sendall(b"\5\0")  # SOCKS5 without a password


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


# Ways for every program


def _with(method: str, *args: Any, kind: int = socket.SOCK_STREAM) -> Callable[[], object]:  # noqa: ANN401
    def way() -> object:
        with socket.socket(type=kind) as raw:
            return getattr(raw, method)(*args)

    return way


def _through(port: int, *parts: bytes, method: str = "sendall") -> Callable[[], object]:
    def way() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            if parts[0][:1] == b"\5":
                raw.sendall(b"\5\1\0")
                raw.recv(2)
            getattr(raw, method)(*parts if method != "sendmsg" else [iter(parts)])
            raw.recv(100)

    return way


def _tls() -> None:
    context = ssl.create_default_context()
    with socket.socket() as raw, context.wrap_socket(raw, server_hostname=HOST) as wrapped:
        wrapped.connect((HOST, 443))


async def _loop(method: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
    await getattr(asyncio.get_running_loop(), method)(*args, **kwargs)


async def _sock_connect() -> None:
    with socket.socket() as raw:
        raw.setblocking(False)  # noqa: FBT003 - socket's signature
        await asyncio.get_running_loop().sock_connect(raw, (HOST, 443))


async def _lines(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.writelines([b"CONNECT ", HOST.encode(), b":443 HTTP/1.1\r\n\r\n"])
        await writer.drain()
        await reader.read(10)
    finally:
        writer.close()


async def _httpcore() -> None:
    async with httpcore.AsyncConnectionPool() as pool:
        await pool.request("GET", f"https://{HOST}/user")


class _OwnConnection(http.client.HTTPConnection):
    """A connection with a custom ``connect``."""

    def connect(self) -> None:
        self.sock = socket.create_connection((self.host, self.port))
        if self._tunnel_host:  # type: ignore[attr-defined]
            self._tunnel()  # type: ignore[attr-defined]


def _ask(*address: Any, tunnel: str = "") -> None:  # noqa: ANN401
    with closing(_OwnConnection(*address)) as connection:
        if tunnel:
            connection.set_tunnel(tunnel)
        connection.request("GET", "/user", headers={"User-Agent": "a tool"})
        connection.getresponse()


class _Name(str):
    __slots__ = ()


def plain(port: int) -> Ways:
    """List the ways for every program. A proxy listens on *port*."""
    proxy = f"http://127.0.0.1:{port}"
    tunnel = b"CONNECT api.github.com:443 HTTP/1.1\r\n\r\n"
    early = socket.create_connection(("127.0.0.1", port))
    at_the_end.append(early.close)
    return {
        # Functions that were bound before the fake
        "getaddrinfo": lambda: getaddrinfo(HOST, 443),
        "getaddrinfo by keyword": lambda: getaddrinfo(port=443, host=HOST),
        "gethostbyname": lambda: gethostbyname(HOST),
        "gethostbyname_ex": lambda: gethostbyname_ex("uploads.github.com"),
        "gethostbyaddr": lambda: gethostbyaddr(HOST),
        "_socket.getaddrinfo": lambda: _socket.getaddrinfo(HOST, 443),
        "_socket.gethostbyname": lambda: _socket.gethostbyname(HOST),
        # Spellings
        "a subdomain": lambda: socket.getaddrinfo("objects.githubusercontent.com", 443),
        "a name in upper case": lambda: socket.getaddrinfo("API.GitHub.COM", "https"),
        "a name with a dot at its end": lambda: socket.getaddrinfo("api.github.com.", 443),
        "a name as bytes": lambda: socket.getaddrinfo(b"api.github.com", 443),
        "a name as a bytearray": lambda: socket.gethostbyname(bytearray(b"API.github.com")),  # type: ignore[arg-type]
        "a name of a class of its own": lambda: socket.getaddrinfo(_Name(HOST), 443),
        "a name with full-width dots": lambda: socket.getaddrinfo(f"api{DOT}github{DOT}com", 443),
        "a name with other dots": lambda: socket.gethostbyname("api\u3002github\uff61com\u3002"),
        "full-width letters": lambda: socket.getaddrinfo("\uff21\uff30\uff29.github.com", 443),
        "a name with a null character": lambda: socket.getaddrinfo("api.github.com\0.invalid", 443),
        # Sockets
        "create_connection": lambda: socket.create_connection((HOST, 443)),
        "connect": _with("connect", (HOST, 443)),
        "connect of bytes": _with("connect", (b"api.github.com", 443)),
        "connect of a bytearray": _with("connect", (bytearray(b"api.github.com"), 443)),
        "connect in upper case": _with("connect", ("API.GITHUB.COM", 443)),
        "connect with full-width dots": _with("connect", (f"api{DOT}github{DOT}com", 443)),
        "connect_ex": _with("connect_ex", (HOST, 443)),
        "sendto": _with("sendto", b"data", (HOST, 53), kind=socket.SOCK_DGRAM),
        "sendto with flags": _with("sendto", b"data", 0, (HOST, 53), kind=socket.SOCK_DGRAM),
        "sendmsg": _with("sendmsg", [b"data"], [], 0, (HOST, 53), kind=socket.SOCK_DGRAM),
        "TLS": _tls,
        # Libraries
        "asyncio streams": lambda: asyncio.run(asyncio.open_connection(HOST, 443, ssl=True)),
        "asyncio getaddrinfo": lambda: asyncio.run(_loop("getaddrinfo", HOST, 443)),
        "asyncio sock_connect": lambda: asyncio.run(_sock_connect()),
        "asyncio datagrams": lambda: asyncio.run(
            _loop("create_datagram_endpoint", asyncio.DatagramProtocol, remote_addr=(HOST, 53))
        ),
        "trio": lambda: trio.run(trio.open_tcp_stream, HOST, 443),
        "trio getaddrinfo": lambda: trio.run(trio.socket.getaddrinfo, HOST, 443),
        "httpcore": lambda: httpcore.request("GET", f"https://{HOST}/user"),
        "httpcore async": lambda: asyncio.run(_httpcore()),
        "http.client with a connect of its own": lambda: _ask(HOST),
        # Proxies
        "httpcore through a proxy": lambda: httpcore.HTTPProxy(proxy).request("GET", f"http://{HOST}/user"),
        "httpcore through a tunnel": lambda: httpcore.HTTPProxy(proxy).request("GET", f"https://{HOST}/user"),
        "http.client with a tunnel of its own": lambda: _ask("127.0.0.1", port, tunnel=HOST),
        "a tunnel": _through(port, tunnel),
        "a tunnel on a connection opened before": lambda: early.sendall(tunnel) or early.recv(100),  # type: ignore[func-returns-value]
        "a tunnel by send": _through(port, tunnel, method="send"),
        "a tunnel in lower case": _through(port, tunnel.lower()),
        "a tunnel in pieces by sendmsg": _through(port, tunnel[:8], tunnel[8:12], tunnel[12:], method="sendmsg"),
        "a tunnel in pieces by writelines": lambda: asyncio.run(_lines(port)),
        "a whole URL": _through(port, b"GET http://octocat:secret@API.github.com/user HTTP/1.1\r\n\r\n"),
        "SOCKS5": _through(port, b"\5\1\0\3\x0eapi.github.com\x01\xbb"),
    }


# gevent and Twisted


def with_gevent(port: int) -> Ways:
    """List the ways for programs that gevent has patched."""
    import gevent.socket
    import gevent.ssl

    def connected(kind: Any) -> object:  # noqa: ANN401
        with closing(kind()) as sock:
            return sock.connect((HOST, 443))

    resolver = gevent.get_hub().resolver
    return {
        "socket.getaddrinfo": lambda: socket.getaddrinfo(HOST, 443),
        "getaddrinfo bound before": lambda: getaddrinfo(HOST, 443),
        "gevent's getaddrinfo": lambda: gevent.socket.getaddrinfo(HOST, 443),
        "gevent's gethostbyname": lambda: gevent.socket.gethostbyname(HOST),
        "gevent's resolver": lambda: resolver.getaddrinfo(HOST, 443),
        "gevent's resolver, gethostbyname_ex": lambda: resolver.gethostbyname_ex(HOST),
        "gevent's create_connection": lambda: gevent.socket.create_connection((HOST, 443)),
        "create_connection": lambda: socket.create_connection((HOST, 443), timeout=5),
        "connect": lambda: connected(socket.socket),
        "gevent's connect": lambda: connected(gevent.socket.socket),
        "http.client with a connect of its own": lambda: _ask(HOST),
        "httpcore": lambda: httpcore.request("GET", f"https://{HOST}/user"),
        # If gevent comes after the fake, its sockets are not those that the fake guards.
        **({"a tunnel": _through(port, b"CONNECT api.github.com:443\r\n\r\n")} if _is_patched_early() else {}),
    }


def _is_patched_early() -> bool:
    return sys.argv[1].endswith("early")


def _patch_with_gevent() -> None:
    import gevent.monkey

    gevent.monkey.patch_all()


def use_with_gevent(port: int) -> None:
    """Check that requests to the fake and to this machine work, with timeouts."""
    import requests

    headers = {"Authorization": "token ghp_of_the_tests_0001"}
    assert requests.get(f"https://{HOST}/user", headers=headers, timeout=5).status_code == 200
    for host in ("127.0.0.1", "localhost"):
        with socket.create_connection((host, port), timeout=5) as raw:
            raw.settimeout(3)
            assert raw.send(b"\5\1\0", 0, **({"timeout": 3} if type(raw).__module__.startswith("gevent") else {})) == 3
            assert raw.recv(2) == b"\5\0"
            raw.sendall(b"\5\1\0", 0)
            assert raw.recv(2) == b"\5\0"


class _Receiver:
    def resolutionBegan(self, _: object) -> None:  # noqa: N802 - Twisted's name
        pass

    addressResolved = resolutionBegan  # noqa: N815

    def resolutionComplete(self) -> None:  # noqa: N802
        pass


def with_twisted(_: int) -> Ways:
    """List the ways for programs that use Twisted."""
    from twisted.internet import reactor as any_reactor
    from twisted.internet.defer import Deferred
    from twisted.internet.endpoints import HostnameEndpoint
    from twisted.internet.protocol import ClientFactory

    reactor: Any = any_reactor
    reactor.startRunning(installSignalHandlers=False)
    at_the_end.append(reactor.getThreadPool().stop)  # whose threads would keep the program running

    def way(start: Callable[[], Any]) -> None:
        before = len(reached)
        started = start()
        if isinstance(started, Deferred):
            started.addErrback(lambda _: None)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and len(reached) == before and not fake._engine._problems:
            reactor.iterate(0.02)

    factory: Any = ClientFactory()
    endpoint = partial(HostnameEndpoint, reactor, HOST, 443)
    return {
        "the name resolver": lambda: way(lambda: reactor.nameResolver.resolveHostName(_Receiver(), HOST)),
        "an endpoint": lambda: way(lambda: endpoint().connect(factory)),
        "resolve": lambda: way(lambda: reactor.resolve(HOST)),
        "connectTCP": lambda: way(lambda: reactor.connectTCP(HOST, 443, factory)),
    }


# The program

KINDS: dict[str, Callable[[int], Ways]] = {
    "plain": plain,
    "gevent, patched early": with_gevent,
    "gevent, patched late": with_gevent,
    "twisted": with_twisted,
}


def _try(way: Callable[[], object]) -> tuple[str, list[str]]:
    reached.clear()
    raised = ""
    try:
        way()
    except Exception as problem:  # noqa: BLE001 - each library has its own
        raised = f"{type(problem).__name__}: {problem}"
    return raised, reached.copy()


def main(kind: str) -> None:
    """Try each way of a kind twice."""
    global fake  # noqa: PLW0603 - which Twisted's ways look at
    if _is_patched_early():
        _patch_with_gevent()
    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        if hasattr(socket.socket, name):
            _stand_below(socket.socket, name)
    # A thread that gevent has patched meanwhile starts no other threads.
    server_class = socketserver.TCPServer if kind.endswith("late") else _Server
    with server_class(("127.0.0.1", 0), _Proxy) as server:
        port = server.server_address[1]
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        ways = KINDS[kind](port)
        fake = FakeGitHub()
        with fake:
            sys.addaudithook(_record)
            if kind.endswith("late"):
                _patch_with_gevent()
            if kind.startswith("gevent"):
                use_with_gevent(port)
            tried = {}
            for name, way in ways.items():
                raised, escaped = _try(way)
                tried[name] = {"raised": raised, "problem": str(fake._engine.take_problem()), "reached": escaped}
        for name, way in ways.items():
            tried[name]["reached without a fake"] = _try(way)[1]
    for stop in at_the_end:
        stop()
    sys.stdout.write(json.dumps(tried))


fake: FakeGitHub

if __name__ == "__main__":
    main(sys.argv[1])
