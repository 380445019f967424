"""Run an ASGI application as a server does, from startup to shutdown, in one event loop in its own thread."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import wait
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

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

    def run(self, make: Callable[[Mapping[str, Any]], Coroutine[Any, Any, Any]], seconds: float) -> Any:  # noqa: ANN401
        """
        Run the coroutine that *make* returns for the application's state, after the startup.

        Raises:
            TookTooLong: Startup and coroutine took longer than *seconds*.

            RuntimeError: The application's startup failed.
        """
        if self._thread is None or not self._thread.is_alive():
            self._start()
        if not self._ready.wait(seconds):
            self.stop(0)
            raise TookTooLong
        if self._failure:
            self._thread = None  # the next delivery tries again
            raise RuntimeError(self._failure)
        job = make(dict(self._state))
        guarded = _guarded(job)
        try:
            # The coroutine runs in the caller's context.
            future = asyncio.run_coroutine_threadsafe(guarded, self._loop)
        except BaseException:
            guarded.close()
            job.close()
            raise
        if not wait([future], seconds).done:
            raise TookTooLong
        result, problem = future.result()
        if problem:
            raise problem
        return result

    def _start(self) -> None:
        self._ready = threading.Event()
        self._failure = ""
        self._state: dict[str, Any] = {}
        # A new event for each thread, because an earlier thread whose startup failed may still be running.
        self._thread = threading.Thread(target=copy_context().run, args=(self._main, self._ready), daemon=True)
        self._thread.start()

    def _main(self, ready: threading.Event) -> None:
        try:
            # Nobody waits for errors during shutdown.
            with suppress(Exception):
                asyncio.run(self._live(ready))
        finally:
            ready.set()

    async def _live(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        started = asyncio.Event()
        startup_sent = False

        async def receive() -> Mapping[str, Any]:
            nonlocal startup_sent
            if not startup_sent:
                startup_sent = True
                return {"type": "lifespan.startup"}
            await self._stopping.wait()
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
            await self._stopping.wait()
            await asyncio.wait({lifespan}, timeout=_STOP_SECONDS)

    async def _lifespan(self, *arguments: Any) -> None:  # noqa: ANN401
        # An application without lifespan support raises or returns.
        with suppress(Exception, SystemExit):
            await self._app(*arguments)

    def stop(self, seconds: float = _STOP_SECONDS) -> None:
        """Shut the application down, and wait up to *seconds* for it."""
        thread, self._thread = self._thread, None
        if thread is None or not thread.is_alive():
            return
        with suppress(AttributeError, RuntimeError):  # the loop is just starting, or has just ended
            self._loop.call_soon_threadsafe(self._stopping.set)
        if seconds and thread is not threading.current_thread():
            thread.join(seconds)


async def _guarded(job: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    # These would stop the event loop, which the application needs.
    try:
        return await job, None
    except (KeyboardInterrupt, SystemExit) as problem:
        return None, problem
