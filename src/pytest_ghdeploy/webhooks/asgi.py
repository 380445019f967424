"""Run an ASGI application as a server does, from startup to shutdown, in one event loop in its own thread."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.changes import start
from pytest_ghdeploy.store.outbox import do_not_wait_here
from pytest_ghdeploy.webhooks.in_process import TookTooLong

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping

    App = Callable[..., Awaitable[None]]

_STOP_SECONDS = 1.0


class AsgiReceiver:
    """
    An application that runs from its first delivery until it is stopped.

    An application without lifespan support runs without lifespan events, as on other servers.

    Source:
        https://asgi.readthedocs.io/en/latest/specs/lifespan.html
    """

    def __init__(self, app: App) -> None:
        """Hold *app*. The first delivery starts it."""
        self._app = app
        self._thread: threading.Thread | None = None
        self._is_stopping = False
        self._jobs: set[asyncio.Task[None]] = set()

    def run(self, make: Callable[[Mapping[str, Any]], Coroutine[Any, Any, Any]], seconds: float) -> Any:  # noqa: ANN401
        """
        Run the coroutine that *make* returns for the application's state, after the startup.

        Raises:
            TookTooLong: Startup and coroutine took longer than *seconds*.

            RuntimeError: The application's startup failed.
        """
        if self._thread is None or self._is_stopping or not self._thread.is_alive():
            self._start()
        if not self._ready.wait(seconds):
            self.stop(0, cancel=True)
            raise TookTooLong
        if self._failure:
            self._thread = None  # the next delivery tries again
            raise RuntimeError(self._failure)
        # Not a concurrent.futures.Future, which an interrupted wait may leave locked.
        results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        jobs, state = self._jobs, dict(self._state)

        async def work() -> None:
            try:
                results.put((await make(state), None))
            except BaseException as problem:  # noqa: BLE001 - raised below; some would stop the event loop
                results.put((None, problem))

        def begin() -> None:
            task = asyncio.ensure_future(work())
            jobs.add(task)
            task.add_done_callback(jobs.discard)

        self._loop.call_soon_threadsafe(begin)  # in a copy of the caller's context
        try:
            result, problem = results.get(timeout=seconds)
        except Empty:
            raise TookTooLong from None
        if problem:
            raise problem
        return result

    def _start(self) -> None:
        self._ready = _Signal()
        self._failure = ""
        self._state: dict[str, Any] = {}
        self._is_stopping = False
        self._jobs = set()
        # New ones for each thread, because an earlier thread may still be running.
        self._thread = threading.Thread(target=copy_context().run, args=(self._main, self._ready), daemon=True)
        start(self._thread)

    def _main(self, ready: _Signal) -> None:
        do_not_wait_here()
        try:
            # Nobody waits for errors during shutdown.
            with suppress(Exception):
                asyncio.run(self._live(ready))
        finally:
            ready.set()

    async def _live(self, ready: _Signal) -> None:
        self._loop = asyncio.get_running_loop()
        jobs, stopping, cancelling = self._jobs, asyncio.Event(), asyncio.Event()
        self._stopping, self._cancelling = stopping, cancelling
        stopped = asyncio.Event()
        started = asyncio.Event()
        startup_sent = False

        async def receive() -> Mapping[str, Any]:
            nonlocal startup_sent
            if not startup_sent:
                startup_sent = True
                return {"type": "lifespan.startup"}
            await stopped.wait()
            return {"type": "lifespan.shutdown"}

        async def send(message: MutableMapping[str, Any]) -> None:
            kind = message["type"]
            if not kind.startswith("lifespan."):
                msg = f"{kind} is not a lifespan message"
                raise RuntimeError(msg)
            if kind == "lifespan.startup.failed":
                lines = str(message.get("message", "")).strip().splitlines()
                self._failure = f"the application's startup failed: {lines[-1] if lines else 'no reason given'}"
            if kind.startswith("lifespan.startup."):
                started.set()

        version = {"version": "3.0", "spec_version": "2.0"}
        scope = {"type": "lifespan", "asgi": version, "state": self._state}
        lifespan = asyncio.ensure_future(self._lifespan(scope, receive, send))
        waiting = asyncio.ensure_future(started.wait())
        await asyncio.wait({lifespan, waiting}, return_when=asyncio.FIRST_COMPLETED)
        ready.set()
        if not self._failure:
            await stopping.wait()
            cancelled = asyncio.ensure_future(cancelling.wait())
            while jobs and not cancelled.done():
                await asyncio.wait({*jobs, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            stopped.set()
            await asyncio.wait({lifespan}, timeout=_STOP_SECONDS)

    async def _lifespan(self, *arguments: Any) -> None:  # noqa: ANN401
        # An application without lifespan support raises or returns.
        with suppress(Exception, SystemExit):
            await self._app(*arguments)

    def stop(self, seconds: float, *, cancel: bool = False) -> None:
        """
        Shut the application down, and wait up to *seconds* for it.

        Args:
            cancel: Whether to cancel its running requests. By default the shutdown begins after their end, and
                nobody waits for it: one of them may be the caller.
        """
        thread = self._thread
        if thread is None or not thread.is_alive():
            return
        with suppress(AttributeError, RuntimeError):  # the loop is just starting, or has just ended
            if cancel:
                self._loop.call_soon_threadsafe(self._cancelling.set)
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._is_stopping = True
        if seconds and (cancel or not self._jobs) and thread is not threading.current_thread():
            thread.join(seconds)


class _Signal:
    """Like a ``threading.Event`` for one waiting thread. An interrupted wait does not leave it locked."""

    def __init__(self) -> None:
        self._is_set = False
        self._news: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        self._is_set = True
        self._news.put(None)

    def wait(self, seconds: float) -> bool:
        if not self._is_set:
            with suppress(Empty):
                self._news.get(timeout=seconds)
        return self._is_set
