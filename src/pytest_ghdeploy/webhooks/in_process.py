"""
Receivers in this process: functions and WSGI applications, coroutines and ASGI applications.

A function or a WSGI application runs in the thread that delivers, and may hang
there like any function. With ``in_thread=True`` it runs in a thread of its own,
as everything asynchronous does, and is given up when its time is over.
"""

from __future__ import annotations

import inspect
import sys
import threading
import traceback
from contextvars import copy_context
from functools import partial
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from pytest_ghdeploy.github import deliveries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping

    from pytest_ghdeploy.github.deliveries import Outcome
    from pytest_ghdeploy.webhooks.asgi import AsgiReceiver
    from pytest_ghdeploy.webhooks.targets import Target

MOST_READ = 1 << 20
"""Bytes of an answer that are kept; GitHub keeps no more of it either."""


class TookTooLong(Exception):
    """The receiver was given up."""


def call(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    delivery: object,
    *,
    answered: Callable[[], object],
    timeout: float,
) -> Outcome:
    """Deliver to a receiver that is no URL, and say what came of it; see ``transport.send``."""
    try:
        if target.server is not None:
            return _to_server(target, target.server, headers, body, answered, timeout)
        if target.kind == "wsgi":
            outcome: Outcome = _limited(target, partial(_to_wsgi, target, headers, body), timeout)
            return outcome
        return _to_function(target, delivery, timeout)
    except TookTooLong:
        return late(timeout)
    except BaseException as problem:
        # Whatever else the receiver raises is its own, and the client has no part in it.
        if _ends_all(problem):
            raise
        return deliveries.crashed(problem)


def late(timeout: float) -> Outcome:
    """Judge a receiver whose real time is over."""
    return deliveries.timed_out(f"the receiver took longer than {timeout:g} seconds")


def is_verdict(problem: BaseException | None) -> bool:
    """Tell whether it is one of pytest's on a test, as ``pytest.fail`` raises it."""
    known = sys.modules.get("_pytest.outcomes")
    return known is not None and isinstance(problem, known.OutcomeException)


def _ends_all(problem: BaseException) -> bool:
    known = sys.modules.get("_pytest.outcomes")
    if isinstance(problem, KeyboardInterrupt):
        return True
    return known is not None and (isinstance(problem, known.Exit) or _is_of_timeout(problem))


def _is_of_timeout(problem: BaseException) -> bool:
    """Tell whether pytest-timeout has raised it, wherever the test was just then: it ends the test."""
    frames = [frame for frame, _ in traceback.walk_tb(problem.__traceback__)]
    return any(frame.f_globals.get("__name__") == "pytest_timeout" for frame in frames[-2:])


# Functions


def _to_function(target: Target, delivery: object, timeout: float) -> Outcome:
    answer = _limited(target, partial(target.value, delivery), timeout)
    if inspect.isawaitable(answer):
        answer = _run(_awaited(answer), timeout)
    is_status = isinstance(answer, int) and not isinstance(answer, bool) and answer in _STATUSES
    # Whatever else it gives, such as what list.append does or how many it has seen, is a success.
    return deliveries.answered(int(answer) if is_status else 200, {}, "")


def _limited(target: Target, work: Callable[[], Any], timeout: float) -> Any:  # noqa: ANN401
    return _in_thread(work, timeout) if target.in_thread else work()


_STATUSES = range(100, 600)


# Applications


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
    return b"".join(written)[:MOST_READ].decode(errors="replace")


# In threads and event loops of their own


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
