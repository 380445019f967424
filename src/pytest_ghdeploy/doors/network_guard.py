"""
The last line of defence: while a fake is active, a client without a door does not reach GitHub.

An audit hook sees every look-up and connection that Python makes, even if the
client got hold of the function before the fake was active. It comes too late for
a host name given to a method of a socket, and it does not see what is sent to a
proxy. These methods are wrapped. Each refusal raises an error that says what to use.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.patching import Function, Patch, genuine

if TYPE_CHECKING:
    from collections.abc import Callable


def _check(host: object, what: str) -> None:
    if registry.is_ours(host):
        name = host.decode("latin-1") if isinstance(host, (bytes, bytearray)) else str(host)
        shown = registry.host_named(name)
        more = "" if registry.serves(shown) else f". {registry.way_through(shown)}"
        raise registry.refusal(
            shown,
            f"{what} {name} while a fake GitHub is active, by a client that the fake cannot intercept. Nothing was "
            f"sent. Use the fixture ghdeploy_server, and give the client its URL{more}",
            see="a-client-that-cannot-be-intercepted",
        )


def _check_address(address: object, what: str) -> None:
    if isinstance(address, tuple) and address:
        _check(address[0], what)


# The audit hook

# By audit event, a function of the event's arguments.
_CHECKS: dict[str, Callable[[Any], object]] = {
    "socket.getaddrinfo": lambda arguments: _check(arguments[0], "look-up of"),
    "socket.gethostbyname": lambda arguments: _check(arguments[0], "look-up of"),  # and of gethostbyname_ex
    "socket.gethostbyaddr": lambda arguments: _check(arguments[0], "look-up of"),
    "socket.connect": lambda arguments: _check_address(arguments[1], "connection to"),
    "socket.sendto": lambda arguments: _check_address(arguments[1], "message to"),
    "socket.sendmsg": lambda arguments: _check_address(arguments[1], "message to"),
}
_COPIES = "pytest_ghdeploy.network_guard"  # an audit event of our own
_installed = False


def _hook(event: str, arguments: tuple[Any, ...], checks: dict[str, Callable[[Any], object]] = _CHECKS) -> None:
    # Called for every audit event of the process, even for each call of id(). When Python ends, it is still called
    # after the module has lost its names, so it keeps the one that it needs.
    if event in checks:
        checks[event](arguments)


if sys.version_info < (3, 12):
    # sys.settrace raises an audit event too. On Python 3.11 it fails if another thread calls it at that moment. That
    # happens while coverage is measured and threads start, and only if this thread is interrupted in the hook. A
    # function is interrupted at its first instruction, RESUME, so the hook gets one that does nothing instead.
    from opcode import opmap

    _code = _hook.__code__.co_code
    if _code[0] == opmap["RESUME"]:  # not in every implementation of Python
        _hook.__code__ = _hook.__code__.replace(co_code=bytes((opmap["NOP"], *_code[1:])))


def install() -> None:
    """
    Add the audit hook, for the rest of the process. Call it while holding ``changes``.

    Nested runs of pytest import this module again. The hook then calls the checks
    of the newest copy, because every hook slows down every event.
    """
    global _installed  # noqa: PLW0603 - a hook cannot be removed
    if _installed:
        return
    _installed = True
    hooked: list[dict[str, Callable[[Any], object]]] = []
    sys.audit(_COPIES, hooked)
    if hooked:
        hooked[0].update(_CHECKS)
    else:
        _CHECKS[_COPIES] = lambda arguments: arguments[0].append(_CHECKS)
        sys.addaudithook(_hook)


# The methods of sockets


def _connect(original: Function) -> Function:
    # The C method looks a host name up before it raises its event.
    def connect(sock: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's signature
        _check_address(args[0] if args else None, "connection to")
        return original(sock, *args, **kwargs)

    return connect


def _send_to(original: Function) -> Function:
    def send_to(sock: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        _check_address(args[-1] if args else None, "message to")
        return original(sock, *args, **kwargs)

    return send_to


def _send(original: Function) -> Function:
    # The C methods raise no event.
    def send(sock: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        _check_start(sock, args[:1])
        return original(sock, *args, **kwargs)

    return send


def _send_message(original: Function) -> Function:
    def send_message(sock: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if args and isinstance(args[0], Iterable):
            args = ([*args[0]], *args[1:])  # it may be an iterator
            _check_start(sock, args[0])
            _check_address(args[-1], "message to")
        return original(sock, *args, **kwargs)

    return send_message


def _check_start(sock: Any, parts: Any) -> None:  # noqa: ANN401 - buffers
    try:
        start = b"".join(bytes(memoryview(part)[:_LINE]) for part in parts[:_LINE])
    except TypeError:
        return  # not a buffer: the method itself refuses it
    if (match := _PROXIED.match(start)) and not _goes_to_a_server(sock):
        _check(next(filter(None, match.groups())), "request through a proxy to")


def _goes_to_a_server(sock: Any) -> bool:  # noqa: ANN401
    try:
        return sock.getpeername() in registry.servers
    except OSError:
        return False


_LINE = 4096  # bytes that are searched for a host
# The start of a request to a proxy: for a tunnel, with a whole URL, or by SOCKS5 (RFC 1928, section 4). A message such
# as "Deployed https://github.com/octocat/example" may be sent to another server by itself, and is not one of these.
_PROXIED = re.compile(
    rb"CONNECT ([^:\s]+):\d"
    rb"|[A-Z]++ https?://(?:[^/@\s]*@)?([^:/?#\s]+)\S*+ HTTP/"
    rb"|\x05[\x01-\x03]\x00\x03[\x00-\xff]([\w.-]+)",
    re.IGNORECASE,
)
_SOCKET = genuine(socket.socket, "socket")

PATCHES = [
    Patch(_SOCKET, "connect", _connect),
    Patch(_SOCKET, "connect_ex", _connect),
    Patch(_SOCKET, "send", _send),
    Patch(_SOCKET, "sendall", _send),
    *([Patch(_SOCKET, "sendmsg", _send_message)] if hasattr(_SOCKET, "sendmsg") else []),
    Patch(_SOCKET, "sendto", _send_to),
]
"""The methods of a socket through which a client without a door reaches the network."""
