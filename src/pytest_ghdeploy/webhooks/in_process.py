"""
Receivers in this process: functions, coroutine functions, WSGI and ASGI applications.

A function or a WSGI application runs in the delivering thread without a time
limit. With ``in_thread=True`` it runs in its own thread and is abandoned after
the timeout. Coroutine functions and ASGI applications always run this way.
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

from pytest_ghdeploy.changes import start
from pytest_ghdeploy.github import deliveries
from pytest_ghdeploy.webhooks.targets import encoded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, MutableMapping

    from pytest_ghdeploy.github.deliveries import Outcome
    from pytest_ghdeploy.webhooks.asgi import AsgiReceiver
    from pytest_ghdeploy.webhooks.targets import Target

MOST_READ = 1 << 20
"""The size limit for a response body, in bytes. The rest is dropped, as on GitHub."""


class TookTooLong(Exception):
    """The receiver exceeded its timeout."""


def call(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    delivery: object,
    *,
    answered: Callable[[], object],
    late: Callable[[BaseException], object],
    timeout: float,
) -> Outcome:
    """
    Deliver to a receiver in this process and return the outcome. A failing receiver does not raise.

    Args:
        delivery: The argument for a function.

        answered: Called when an ASGI application has responded, as it may go on running.

        late: Called with the exception of a receiver that was abandoned after the timeout.

        timeout: The time limit in real seconds.
    """
    try:
        if target.server is not None:
            return _to_server(target, target.server, headers, body, answered, timeout)
        if target.kind == "wsgi":
            outcome: Outcome = _limited(target, partial(_to_wsgi, target, headers, body), late, timeout)
            return outcome
        return _to_function(target, delivery, late, timeout)
    except TookTooLong:
        return too_late(timeout)
    except BaseException as problem:
        # Other exceptions are the receiver's, and do not fail the client's request.
        ending = _interruption(problem)
        if ending is None:
            return deliveries.crashed(problem)
        if ending is not problem:
            raise ending from None
        raise


def too_late(timeout: float) -> Outcome:
    """Return the outcome of a receiver that exceeded its timeout."""
    return deliveries.timed_out(f"the receiver took longer than {timeout:g} seconds")


def is_verdict(problem: BaseException) -> bool:
    """Return whether *problem* decides the outcome of a test, as ``pytest.fail`` and ``pytest.skip`` do."""
    outcomes = sys.modules.get("_pytest.outcomes")
    return outcomes is not None and isinstance(problem, outcomes.OutcomeException)


def excuses(problem: BaseException) -> bool:
    """Return whether *problem* ends a test without failing it, as ``pytest.skip`` and ``pytest.xfail`` do."""
    return is_verdict(problem) and type(problem).__name__ in ("Skipped", "XFailed")


def flattened(problem: BaseException | None) -> Iterator[BaseException]:
    """List an exception, or the exceptions in a group, such as that of an ``asyncio.TaskGroup``."""
    if isinstance(problem, BaseExceptionGroup):
        for part in problem.exceptions:
            yield from flattened(part)
    elif problem is not None:
        yield problem


def _interruption(problem: BaseException | None) -> BaseException | None:
    """
    Find the exception that ends the test or the run in *problem*: in a group, or replaced by another exception.

    An interrupted ``threading.Condition`` replaces it by a RuntimeError, since its lock was just released.
    """
    while problem is not None:
        if ending := next(filter(_ends_the_test, flattened(problem)), None):
            return ending
        problem = problem.__context__
    return None


def _ends_the_test(problem: BaseException) -> bool:
    outcomes = sys.modules.get("_pytest.outcomes")
    if isinstance(problem, KeyboardInterrupt):
        return True
    return outcomes is not None and (isinstance(problem, outcomes.Exit) or _is_from_pytest_timeout(problem))


def _is_from_pytest_timeout(problem: BaseException) -> bool:
    """Return whether pytest-timeout raised *problem* to end the test."""
    frames = [frame for frame, _ in traceback.walk_tb(problem.__traceback__)]
    return any(frame.f_globals.get("__name__") == "pytest_timeout" for frame in frames[-2:])


# Functions


def _to_function(target: Target, delivery: object, late: Callable[[BaseException], object], timeout: float) -> Outcome:
    answer = _limited(target, partial(target.value, delivery), late, timeout)
    if inspect.isawaitable(answer):
        answer = _run(_awaited(answer), timeout)
    is_status = isinstance(answer, int) and not isinstance(answer, bool) and answer in _STATUSES
    # Any other result, such as None from list.append or a counter, is a success.
    return deliveries.answered(int(answer) if is_status else 200, {}, "")


def _limited(target: Target, work: Callable[[], Any], late: Callable[[BaseException], object], timeout: float) -> Any:  # noqa: ANN401
    return _in_thread(work, timeout, late) if target.in_thread else work()


_STATUSES = range(100, 600)


# Applications


def _path_of(target: Target) -> tuple[str, str]:
    path, _, query = target.path.partition("?")
    return encoded(path, query)


def _to_wsgi(target: Target, headers: Mapping[str, str], body: bytes) -> Outcome:
    path, query = _path_of(target)
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
    outcomes: list[Outcome] = []

    def answer(outcome: Outcome) -> None:
        outcomes.append(outcome)
        answered()

    try:
        server.run(
            lambda state: _bounded(_to_asgi(target, headers, body, state, answer), timeout), timeout + _GRACE_SECONDS
        )
    except BaseException as problem:
        if outcomes and not outcomes[0].reason and not _interruption(problem):
            # GitHub already has its response.
            if isinstance(problem, TookTooLong):
                problem = TimeoutError(f"the application was still running after {timeout:g} seconds")
            return outcomes[0]._replace(exception=problem)
        raise
    if not outcomes:
        msg = "the ASGI application ended without a response"
        raise RuntimeError(msg)
    return outcomes[0]


async def _to_asgi(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    state: Mapping[str, Any],
    answer: Callable[[Outcome], None],
) -> None:
    import asyncio

    path, query = _path_of(target)
    all_headers = {"Host": "localhost", **headers, "Content-Length": str(len(body))}
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
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in all_headers.items()],
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
                headers = {bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in fields}
                answer(deliveries.answered(started[0]["status"], headers, _text(written)))

    await target.value(scope, receive, respond)


def _text(written: list[bytes]) -> str:
    return b"".join(written)[:MOST_READ].decode(errors="replace")


# Threads and event loops


_GRACE_SECONDS = 1.0
"""How long a cancelled coroutine may take to end."""


async def _awaited(answer: Awaitable[Any]) -> Any:  # noqa: ANN401 - the receiver's result
    return await answer


async def _bounded(job: Coroutine[Any, Any, Any], timeout: float) -> Any:  # noqa: ANN401, ASYNC109 - cancels the job itself
    import asyncio

    task = asyncio.ensure_future(_kept(job))
    done, _ = await asyncio.wait({task}, timeout=timeout)
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=_GRACE_SECONDS / 2)
        raise TookTooLong
    if task.cancelled():
        msg = "the receiver was cancelled"
        raise RuntimeError(msg)
    result, problem = task.result()
    if problem:
        raise problem
    return result


async def _kept(job: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    # Raised in a task, these would stop the event loop, with a complaint on stderr.
    try:
        return await job, None
    except (KeyboardInterrupt, SystemExit) as problem:
        return None, problem


def _run(job: Coroutine[Any, Any, Any], timeout: float) -> Any:  # noqa: ANN401
    """Run *job* in a new event loop in a new thread, because the current thread may have a loop."""
    import asyncio

    # asyncio.run waits without limit for its executor threads; this limits the wait.
    return _in_thread(lambda: asyncio.run(_bounded(job, timeout)), timeout + _GRACE_SECONDS)


def _in_thread(work: Callable[[], Any], timeout: float, late: Callable[[BaseException], object] | None = None) -> Any:  # noqa: ANN401
    """Call *work* in a new thread. After *timeout* seconds it is abandoned, and *late* gets its exception."""
    results: list[Any] = []
    problems: list[BaseException] = []
    is_abandoned = False

    def run() -> None:
        try:
            results.append(work())
        except BaseException as problem:  # noqa: BLE001 - raised again below
            problems.append(problem)
            if is_abandoned and late:
                late(problem)

    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    start(thread)
    thread.join(timeout)
    if thread.is_alive():
        is_abandoned = True
        if not problems:
            raise TookTooLong
    if problems:
        raise problems[0]
    return results[0]
