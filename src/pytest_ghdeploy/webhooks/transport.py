"""
The way out, to the receivers of webhooks: by HTTP to this machine, or by calling what is in this process.

What a receiver does is never an error here: it becomes an ``Outcome``.
"""

from __future__ import annotations

import inspect
import ssl
import sys
import threading
import traceback
from contextlib import nullcontext, suppress
from contextvars import copy_context
from functools import partial
from http.client import HTTPException, IncompleteRead
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.doors.http_client import HTTPConnection, HTTPSConnection
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.redaction import told_of
from pytest_ghdeploy.webhooks import interrupt
from pytest_ghdeploy.webhooks.interrupt import TookTooLong

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping

    from pytest_ghdeploy.github.deliveries import Outcome
    from pytest_ghdeploy.webhooks.asgi import AsgiReceiver

Kind = Literal["url", "wsgi", "asgi", "callable"]
KINDS: tuple[str, ...] = get_args(Kind)

_MOST_READ = 1 << 20
"""Bytes of an answer that are read; GitHub wants to know no more of it either."""


class Target(NamedTuple):
    """
    A receiver.

    Attributes:
        value: The URL, the application or the function.

        path: Where an application is called.

        any_host: Whether a URL may lead to another machine.

        in_thread: Whether it is called in a thread of its own; ``None`` if only where it could not be ended otherwise.

        server: Runs an ASGI application.
    """

    kind: Kind
    value: Any
    path: str = "/"
    any_host: bool = False
    in_thread: bool | None = None
    server: AsgiReceiver | None = None

    @property
    def name(self) -> str:
        """What to call it in reports and URLs."""
        if self.kind == "url":
            return str(self.value)
        found = getattr(self.value, "__name__", None) or type(self.value).__name__
        return found if isinstance(found, str) else type(self.value).__name__


def target_of(value: object, kind: Kind | None, path: str, *, any_host: bool, in_thread: bool | None) -> Target:
    """
    Find out what a receiver is, unless *kind* says so.

    A text is a URL. What takes three arguments is an ASGI application, what
    takes two a WSGI application, and what takes one is called with the delivery.

    Raises:
        FakeError: It is none of these, or a URL that leads to another machine.
    """
    if kind is not None and kind not in KINDS:
        raise errors.unknown("kind of receiver", kind, KINDS)
    found = kind or _kind_of(value)
    if (found == "url") != isinstance(value, str) or (found != "url" and not callable(value)):
        wanted = "a text" if found == "url" else "something to call"
        msg = f"a receiver of kind {found!r} is {wanted}, got {_told(value)}"
        raise FakeError(msg)
    if not isinstance(path, str) or not path.startswith("/") or (path != "/" and found in ("url", "callable")):
        got = f"got {_told(path)} for {_told(value)}"
        msg = f'path is where a WSGI or ASGI application is called, and starts with "/"; {got}'
        raise FakeError(msg)
    if isinstance(value, str) and not any_host and not deliveries.is_loopback(value):
        msg = (
            f"{_host_of(value)!r} is not this machine; deliveries go to localhost, 127.0.0.1 and ::1 only: "
            "allow_any_host=True sends them to others"
        )
        raise FakeError(msg)
    if in_thread is not None and found == "url":
        msg = f"in_thread is for what is called in this process, and {_told(value)} is a URL"
        raise FakeError(msg)
    server = None
    if found == "asgi":
        from pytest_ghdeploy.webhooks.asgi import AsgiReceiver  # imports asyncio

        server = AsgiReceiver(cast("Any", value))
    return Target(cast("Kind", found), value, path, any_host, in_thread, server)


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "url"
    if not callable(value):
        msg = f"a receiver is a URL, a WSGI or ASGI application, or a function of one delivery; got {_told(value)}"
        raise FakeError(msg)
    if _is_of_werkzeug(value):
        return "wsgi"
    try:
        # What a decorator makes of a function takes what it says itself, if it says anything.
        signature = inspect.signature(value, follow_wrapped=False)
        if all(one.kind in _ANY for one in signature.parameters.values()):
            signature = inspect.signature(value)
    except (TypeError, ValueError):  # of some built-in functions nothing is known
        return "callable"
    for kind, count in (("callable", 1), ("wsgi", 2), ("asgi", 3)):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return kind
    msg = (
        f"{value!r} takes {signature}: a WSGI application takes two arguments, an ASGI application three, and a "
        'function one delivery; kind="wsgi" and the like say which it is'
    )
    raise FakeError(msg)


_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _is_of_werkzeug(value: object) -> bool:
    """Tell whether ``@Request.application`` has made it, which takes any arguments and says that it takes one."""
    made_in = getattr(value, "__globals__", None)
    return isinstance(made_in, dict) and made_in.get("__name__") == "werkzeug.wrappers.request"


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or told_of(url)
    except ValueError:
        return told_of(url)


def _told(value: object) -> str:
    return repr(told_of(value)) if isinstance(value, str) else told_of(repr(value))


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
    try:
        if target.server is not None:
            return _to_server(target, target.server, headers, body, answered, timeout)
        if target.kind == "wsgi":
            outcome: Outcome = _limited(target, partial(_to_wsgi, target, headers, body), timeout)
            return outcome
        return _to_function(target, delivery, timeout)
    except TookTooLong:
        return _late(timeout)
    except BaseException as problem:
        # Whatever else the receiver raises is its own, and the client has no part in it.
        if _ends_all(problem):
            raise
        return deliveries.crashed(problem)


def _to_function(target: Target, delivery: object, timeout: float) -> Outcome:
    answer = _limited(target, partial(target.value, delivery), timeout)
    if inspect.isawaitable(answer):
        answer = _run(_awaited(answer), timeout)
    is_status = isinstance(answer, int) and not isinstance(answer, bool) and answer in _STATUSES
    # Whatever else it gives, such as what list.append does or how many it has seen, is a success.
    return deliveries.answered(int(answer) if is_status else 200, {}, "")


def _limited(target: Target, work: Callable[[], Any], timeout: float) -> Any:  # noqa: ANN401
    can_be_ended = not target.in_thread and interrupt.is_possible()
    if not can_be_ended and target.in_thread is not False:
        return _in_thread(work, timeout)
    # What it sets in its context stays there, as in a thread.
    work = cast("Callable[[], Any]", partial(copy_context().run, work))
    return interrupt.run(work, timeout) if can_be_ended else work()


_STATUSES = range(100, 600)


def is_verdict(problem: BaseException | None) -> bool:
    """Tell whether it is one of pytest's on a test, as ``pytest.fail`` raises it."""
    known = sys.modules.get("_pytest.outcomes")
    return known is not None and isinstance(problem, known.OutcomeException)


def _ends_all(problem: BaseException) -> bool:
    known = sys.modules.get("_pytest.outcomes")
    if isinstance(problem, KeyboardInterrupt | interrupt.Interrupted):
        return True
    return known is not None and (isinstance(problem, known.Exit) or _is_of_timeout(problem))


def _is_of_timeout(problem: BaseException) -> bool:
    """Tell whether pytest-timeout has raised it, wherever the test was just then: it ends the test."""
    frames = [frame for frame, _ in traceback.walk_tb(problem.__traceback__)]
    return any(frame.f_globals.get("__name__") == "pytest_timeout" for frame in frames[-2:])


# By HTTP


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
            return _late(timeout) if expired.is_set() else outcome
    except (OSError, HTTPException) as problem:
        if expired.is_set() or isinstance(problem, TimeoutError):
            return _late(timeout)
        told = str(problem) or type(problem).__name__
        return deliveries.unreachable(f"nothing came back from {_host_of(url)}: {type(problem).__name__}: {told}")
    except Exception as problem:  # noqa: BLE001 - such as what pytest-socket raises
        return deliveries.unreachable(f"nothing could be sent: {type(problem).__name__}: {problem}")
    finally:
        alarm.cancel()
        connection.close()


def _why_not(target: Target) -> str:
    """Say why nothing is sent to a URL, ``""`` if it is."""
    url, host = str(target.value), _host_of(str(target.value))
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


def _late(timeout: float) -> Outcome:
    return deliveries.timed_out(f"the receiver took longer than {timeout:g} seconds")


def _exchange(connection: HTTPConnection, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    parts = urlsplit(url)
    where = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/"
    connection.putrequest("POST", f"{where}?{parts.query}" if parts.query else where, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    data = response.read(_MOST_READ)
    if response.length and len(data) < _MOST_READ:
        raise IncompleteRead(data, response.length)
    return deliveries.answered(response.status, dict(response.getheaders()), data.decode(errors="replace"))


# In this process


def _to_wsgi(target: Target, headers: Mapping[str, str], body: bytes) -> Outcome:
    path, _, query = target.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    written: list[bytes] = []
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, fields: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401
        if exc_info and written:  # too late for an error page
            raise exc_info[1]
        started[:] = [(status, fields)]
        return written.append

    parts = target.value(environ, start_response)
    try:
        written.extend(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    if not started:
        msg = "the WSGI application never called start_response"
        raise RuntimeError(msg)
    status, fields = started[0]
    return deliveries.answered(int(status.split(" ", 1)[0]), dict(fields), _text(written))


def _to_server(
    target: Target,
    server: AsgiReceiver,
    headers: Mapping[str, str],
    body: bytes,
    answered: Callable[[], object],
    timeout: float,
) -> Outcome:
    said: list[Outcome] = []

    def answer(outcome: Outcome) -> None:
        said.append(outcome)
        answered()

    try:
        server.run(
            lambda state: _bounded(_to_asgi(target, headers, body, state, answer), timeout), timeout + _GRACE_SECONDS
        )
    except BaseException as problem:
        if said and not said[0].reason and not _ends_all(problem):
            # GitHub has its answer, whatever is done then.
            late = TimeoutError(f"it was still at work after {timeout:g} seconds")
            return said[0]._replace(exception=late if isinstance(problem, TookTooLong) else problem)
        raise
    if not said:
        msg = "the ASGI application came to its end without an answer"
        raise RuntimeError(msg)
    return said[0]


async def _to_asgi(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    state: Mapping[str, Any],
    answer: Callable[[Outcome], None],
) -> None:
    import asyncio

    path, _, query = target.path.partition("?")
    sent = {"Host": "localhost", **headers, "Content-Length": str(len(body))}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 0),
        "state": state,
    }
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])
    over = asyncio.Event()
    started: list[MutableMapping[str, Any]] = []
    written: list[bytes] = []

    async def receive() -> Mapping[str, Any]:
        message = next(requests, None)
        if message is None:
            await over.wait()
            return {"type": "http.disconnect"}
        return message

    async def respond(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        elif message["type"] == "http.response.body":
            written.append(message.get("body", b""))
            if not message.get("more_body", False) and started and not over.is_set():
                over.set()
                fields = started[0].get("headers", ())
                named = {bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in fields}
                answer(deliveries.answered(started[0]["status"], named, _text(written)))

    await target.value(scope, receive, respond)


def _text(written: list[bytes]) -> str:
    return b"".join(written)[:_MOST_READ].decode(errors="replace")


_GRACE_SECONDS = 1.0
"""How long something asynchronous may take to end when it has taken too long."""


async def _awaited(answer: Awaitable[Any]) -> Any:  # noqa: ANN401 - what the receiver gives
    return await answer


async def _bounded(job: Coroutine[Any, Any, Any], timeout: float) -> Any:  # noqa: ANN401, ASYNC109 - ends it itself
    import asyncio

    task = asyncio.ensure_future(job)
    done, _ = await asyncio.wait({task}, timeout=timeout)
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=_GRACE_SECONDS / 2)
        raise TookTooLong
    if task.cancelled():
        msg = "the receiver was cancelled"
        raise RuntimeError(msg)
    return task.result()


def _run(job: Coroutine[Any, Any, Any], timeout: float) -> Any:  # noqa: ANN401
    """Run *job* to its end in an event loop of its own, in a thread of its own: this one may have a loop already."""
    import asyncio

    # What asyncio runs in threads of its own it waits for, however long; we do not.
    return _in_thread(lambda: asyncio.run(_bounded(job, timeout)), timeout + _GRACE_SECONDS)


def _in_thread(work: Callable[[], Any], timeout: float) -> Any:  # noqa: ANN401
    results: list[Any] = []
    problems: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as problem:  # noqa: BLE001 - raised again below
            problems.append(problem)

    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        raise TookTooLong
    if problems:
        raise problems[0]
    return results[0]
