"""
What httpx and httpx2 raise when a connection fails, with what is below: httpcore's error, and the system's.

Under asyncio and trio the errors are those of anyio and trio, with other texts
than without ``async``. Nothing is imported that is not there already.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from pytest_ghdeploy.doors import memory_socket


def error(library: Any, name: str, text: str, *causes: Exception) -> Exception:  # noqa: ANN401 - httpx or httpx2
    """Make the error *name* of *library*, out of httpcore's of that name, out of *causes*, which httpcore hides."""
    core = import_module(library.__name__.replace("httpx", "httpcore"))
    below = memory_socket.caused_by(getattr(core, name)(text), *causes)
    below.__cause__ = None
    return memory_socket.caused_by(getattr(library, name)(text), below)


def blocking(library: Any, request: Any, failure: str) -> Exception:  # noqa: ANN401
    """Make what a client without ``async`` raises, which cannot wait without an end: it is told."""
    name, cause = _of_the_system(request, failure)
    return error(library, name, str(cause), cause)


def _of_the_system(request: Any, failure: str) -> tuple[str, OSError]:  # noqa: ANN401
    if failure == "refused":
        return "ConnectError", memory_socket.refused()
    if failure == "reset":
        return "ReadError", memory_socket.broken()
    text = "The read operation timed out" if request.url.scheme == "https" else "timed out"
    return "ReadTimeout", TimeoutError(f"{text}{memory_socket.ENDLESS}" if _is_patient(request) else text)


def cut_short(library: Any, text: str) -> Exception:  # noqa: ANN401
    """Make what either raises where the body ends too early."""
    return error(library, "RemoteProtocolError", text, import_module("h11").RemoteProtocolError(text))


async def not_blocking(library: Any, request: Any, failure: str) -> Exception:  # noqa: ANN401
    """Make what a client with ``async`` raises; where it has no timeout, wait until somebody cancels that."""
    trio = _running_trio()
    if failure == "refused":
        return error(library, "ConnectError", *_refused(request.url, trio))
    if failure == "reset":
        if trio:
            text = f"socket connection broken: {memory_socket.broken()}"
            return error(library, "ReadError", text, trio.BrokenResourceError(text), memory_socket.broken())
        return error(library, "ReadError", "", import_module("anyio").BrokenResourceError(), memory_socket.broken())
    if _is_patient(request):
        await _forever(trio)
    return error(library, "ReadTimeout", "", trio.TooSlowError() if trio else TimeoutError())


def _refused(url: Any, trio: Any) -> tuple[Any, ...]:  # noqa: ANN401
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    if trio:
        text = f"all attempts to connect to {url.host}:{port} failed"
        return text, OSError(text), ExceptionGroup(text, [memory_socket.refused()])
    text = "All connection attempts failed"
    why = ConnectionRefusedError(memory_socket.refused().errno, f"Connect call failed {(url.host, port)}")
    return text, OSError(text), why


def _is_patient(request: Any) -> bool:  # noqa: ANN401
    return request.extensions.get("timeout", {}).get("read") is None


def _running_trio() -> Any:  # noqa: ANN401 - the module, or None under asyncio
    trio: Any = sys.modules.get("trio")
    if trio is not None:
        try:
            trio.lowlevel.current_task()
        except RuntimeError:
            return None
    return trio


async def checkpoint() -> None:
    """Let other tasks run, and be cancelled."""
    if trio := _running_trio():
        await trio.lowlevel.checkpoint()
    else:
        # Who runs a loop of asyncio's has it.
        await sys.modules["asyncio"].sleep(0)


async def _forever(trio: Any) -> None:  # noqa: ANN401
    if trio:
        await trio.sleep_forever()
    await sys.modules["asyncio"].get_running_loop().create_future()
