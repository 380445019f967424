"""
``ghdeploy serve``: the fake as a program.

It prints its URL and variables for clients as shell commands, then a log of
requests, responses, events and deliveries in the format of a failed test's
report. It runs until Ctrl-C, SIGTERM or SIGHUP, keeps only the last requests and
events, and never blocks on a slow reader of its output.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
import threading
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pytest_ghdeploy.admin.admin import Admin
from pytest_ghdeploy.admin.endpoints import PREFIX
from pytest_ghdeploy.engine import Engine
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.fake import FakeGitHub
from pytest_ghdeploy.options import DEFAULT_KEEP, DEFAULT_KEEP_BYTES, DEFAULT_PORT, OPTIONS
from pytest_ghdeploy.report.sizes import size_of
from pytest_ghdeploy.seeds.seed import Seed, rehearse
from pytest_ghdeploy.store.events import forget_copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_ghdeploy.commands.shutdown import Shutdown
    from pytest_ghdeploy.http.messages import Answer
    from pytest_ghdeploy.server.live_server import LiveServer
    from pytest_ghdeploy.store.outbox import Item

# The number of log lines kept for a slow reader; older ones are dropped.
_WAITING_LINES = 10_000
# Measuring all records takes milliseconds, so it is done each time that this part of the limit has been recorded.
_MEASUREMENTS = 8
_PATIENCE_SECONDS = 1.0
# How long the shutdown waits for requests in progress: slightly longer than the server gives its connections.
_SHUTDOWN_SECONDS = 1.5


class Settings(NamedTuple):
    """
    The options of the command line.

    Attributes:
        port: 0 for any free port.

        seeds: Paths of seed files, in order.

        env_file: The file for the client variables, or ``""`` for none.

        quiet: Whether to omit the log.

        keep: The minimum number of recent requests and events to keep.

        keep_bytes: The size at which old requests, events and deliveries are forgotten, even recent ones.

        allow_hosts: See ``FakeGitHub.serve``.

        fake: The arguments of ``FakeGitHub``.

        proxy: Whether to act as a proxy too.
    """

    port: int = DEFAULT_PORT
    tls: bool = False
    seeds: Sequence[str] = ()
    env_file: str = ""
    quiet: bool = False
    keep: int = DEFAULT_KEEP
    keep_bytes: int = DEFAULT_KEEP_BYTES
    allow_hosts: Sequence[str] = ()
    fake: Mapping[str, Any] = {}
    proxy: bool = False


class Lines(Protocol):
    """The part of ``Log`` that an engine uses."""

    def add(self, lines: Iterable[str]) -> None: ...  # noqa: D102 - documented in Log
    def wake(self) -> None: ...  # noqa: D102


class ServedEngine(Engine):
    """The engine of a long-running fake. It logs requests and events, and forgets old ones."""

    log: Lines | None = None
    keep = DEFAULT_KEEP
    keep_bytes = DEFAULT_KEEP_BYTES
    _grown = 0
    """About how many bytes were recorded since the last time that all records were measured."""

    def _start(self) -> None:
        super()._start()
        self.store.events.listeners.append(self._grow)

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = "") -> Answer:
        """Answer a request as any fake does, log it, and forget old ones."""
        try:
            answer = super().answer(method, url, headers, body, root=root)
            self._grown += len(url) + sum(map(len, headers.values())) + len(body) + len(answer.body)
            return answer
        finally:
            self.write_log()

    def send(self, item: Item) -> None:
        """Send a delivery as any fake does."""
        super().send(item)
        self._grow(item.store.hook_deliveries.get(item.row.id))

    def _grow(self, record: object) -> None:
        self._grown += size_of(record)

    def fail(self, problem: BaseException) -> None:
        """Record a problem for ``/_ghdeploy/problems``, and log it."""
        super().fail(problem)
        if self.log:
            self.log.wake()

    def note(self, text: str) -> None:
        """Add a line to the conversation, log it, and forget old ones."""
        super().note(text)
        self.write_log()

    def reset(self) -> None:
        """Log what has happened, then remove everything. The clock keeps its time."""
        self.write_log()
        super().reset()

    def forget_copies(self) -> None:
        """Forget the payloads that the admin interface has read. They are much larger than the events themselves."""
        with self.lock:
            forget_copies(self._recorded)

    def write_log(self, *more: str) -> None:
        """Log everything new since the last call, then *more*, and forget old requests and events."""
        # Under the lock, so that lines stay in order.
        with self.lock:
            if self.log:
                self.log.add([*self.transcript.news(), *more])
            self.forget(self.keep)
            if self._grown > self.keep_bytes // _MEASUREMENTS:
                self._grown = 0
                self.forget_large(self.keep_bytes)


class ServedGitHub(FakeGitHub):
    """A long-running fake. It loads its seed files again at each reset, keeps a log, and forgets old requests."""

    _kind = ServedEngine
    _command = "ghdeploy serve"
    _engine: ServedEngine

    def __init__(self, settings: Settings, log: Lines | None = None) -> None:
        """
        Load the seed files. The deliveries they cause wait for ``start_deliveries``.

        Raises:
            FakeError: An option or a seed file is invalid.
        """
        super().__init__(**settings.fake)
        self._settings = settings
        self._first_deliveries: threading.Thread | None = None
        self._engine.keep, self._engine.keep_bytes = settings.keep, settings.keep_bytes
        self._engine.log = log
        self._engine.outbox.held = {}
        for path in settings.seeds:
            Seed(path, type(self)).fill(self, self._engine)
        if not self._engine.outbox.held:
            self._engine.outbox.held = None

    def _restart(self, *, seed: bool = True) -> None:
        """
        Remove everything, set the clock to the current time, and load the seed files again unless *seed* is false.

        Raises:
            FakeError: A seed file has become invalid. The fake is unchanged.
        """
        if not isinstance(seed, bool):
            msg = f"seed must be True or False, got {seed!r}"
            raise FakeError(msg)
        seeds = [Seed(path, type(self)) for path in self._settings.seeds] if seed else []
        rehearse(seeds, FakeGitHub(**self._settings.fake))
        with self._engine.outbox, self._engine.lock, self._engine.changes:
            self._engine.restart()
            for seed_file in seeds:
                seed_file.carry_out(self)

    def start_deliveries(self) -> None:
        """Deliver the events of the seed files, in a thread."""
        if self._engine.outbox.held:
            self._first_deliveries = threading.Thread(
                target=self._deliver_first, name="ghdeploy deliveries", daemon=True
            )
            self._first_deliveries.start()

    def _deliver_first(self) -> None:
        self.webhooks.release()
        self._engine.write_log()

    def start_log(self) -> None:
        """Start writing the log, including what happened so far."""
        if isinstance(self._engine.log, Log):
            self._engine.log.start(self._engine.write_log)

    def shut_down(self) -> None:
        """Stop the server. Deliveries to receivers that hang are dropped after a short wait."""
        deadline = monotonic() + _SHUTDOWN_SECONDS
        closing = threading.Thread(target=self.close, name="ghdeploy shutdown", daemon=True)
        closing.start()
        for thread in (closing, self._first_deliveries):
            if thread:
                thread.join(max(0.0, deadline - monotonic()))
        # A request in progress may hold the lock for a long time.
        last = threading.Thread(target=self._give_up, name="ghdeploy shutdown", daemon=True)
        last.start()
        last.join(_PATIENCE_SECONDS)

    def _give_up(self) -> None:
        if self._engine.hooks:
            self._engine.hooks._give_up(f"{self._command} stopped before the receiver answered")  # noqa: SLF001 - not for tests
        self._engine.write_log()

    def _admin(self) -> Admin:
        engine = self._engine
        return Admin(self, engine, lambda line: engine.write_log(f"     {line}"), engine.forget_copies)


class Log:
    """The log. A thread writes its lines, so that a slow reader blocks no request."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Write lines with *write*, once started."""
        self._write = write
        # A deque is thread-safe without a lock, so no deadlock is possible.
        self._lines: deque[str] = deque(maxlen=_WAITING_LINES)
        self._has_news = threading.Event()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def start(self, collect: Callable[[], None]) -> None:
        """Start writing. *collect* is called to ``add`` new lines."""
        self._collect = collect
        self._thread = threading.Thread(target=self._work, name="ghdeploy log", daemon=True)
        self._thread.start()

    def add(self, lines: Iterable[str]) -> None:
        """Add *lines* to be written."""
        self._lines.extend(lines)
        if self._lines:  # without this, the thread would wake itself forever, since it adds what it collects
            self._has_news.set()

    def wake(self) -> None:
        """Let the thread collect new lines soon. Safe to call with any lock held."""
        self._has_news.set()

    def close(self) -> None:
        """Write the remaining lines, unless nobody reads them, and stop."""
        self._is_closed = True
        self._has_news.set()
        if self._thread:
            self._thread.join(_PATIENCE_SECONDS)

    def _work(self) -> None:
        while not self._is_closed:
            self._has_news.wait()
            self._has_news.clear()
            self._collect()
            while self._lines:
                lines = [self._lines.popleft() for _ in range(len(self._lines))]
                self._write("".join(f"{line}\n" for line in lines))


def run(settings: Settings, shutdown: Shutdown) -> int:
    """
    Serve until a shutdown is requested.

    Returns:
        The exit status: 0, or 2 with a line on standard error if the server cannot start.
    """
    if not shutdown.is_requested:
        try:
            _serve(settings, shutdown)
        except FakeError as problem:
            sys.stderr.write(f"ghdeploy serve: {with_options(problem)}\n")
            return 2
    return 0


# These options may be repeated. Each takes one item of the list.
_OPTIONS_WITH_OTHER_NAMES = {"allow_hosts": "allow-host", "seeds": "seed"}


def start(fake: ServedGitHub, settings: Settings) -> LiveServer:
    """
    Start the server of a fake, with the admin interface.

    Raises:
        FakeError: The server cannot start.
    """
    return fake.serve(
        settings.port, tls=settings.tls, admin=True, allow_hosts=settings.allow_hosts, proxy=settings.proxy
    )


def variables_of(server: LiveServer, settings: Settings) -> dict[str, str]:
    """Return the variables for clients: of the proxy too, if there is one."""
    return server.proxy_env if settings.proxy else server.env


def with_options(problem: FakeError) -> str:
    """Return a message that names the option of the command line instead of the argument of ``FakeGitHub``."""
    if problem.argument not in {*Settings._fields, *OPTIONS}:
        return str(problem)
    option = f"--{_OPTIONS_WITH_OTHER_NAMES.get(problem.argument, problem.argument.replace('_', '-'))}"
    return re.sub(rf"(?<![\w-]){problem.argument}\b", option, str(problem), count=1)


def _serve(settings: Settings, shutdown: Shutdown) -> None:
    env_file = _EnvFile(Path(settings.env_file)) if settings.env_file else None
    log = None if settings.quiet else Log(_write)
    fake = ServedGitHub(settings, log)
    try:
        server = start(fake, settings)
        if settings.tls or settings.proxy:
            shutdown.removals.append(partial(shutil.rmtree, Path(server.ca_file).parent, ignore_errors=True))
        if env_file:
            shutdown.removals.append(env_file.remove)
            env_file.write(server.url, variables_of(server, settings))
        _write("\n".join([*_greeting(fake, server, settings), ""]))
        fake.start_log()
        fake.start_deliveries()
        shutdown.wait()
    finally:
        if env_file:
            env_file.remove()
        fake.shut_down()
        if log:
            log.close()


# Output


def _write(text: str) -> None:
    if not sys.stdout:  # it was closed, and another file may have its number now
        return
    # Not sys.stdout: a thread blocked in it would keep the program from exiting.
    data = text.encode(errors="backslashreplace")
    with suppress(OSError):  # the reader has gone
        while data:
            data = data[os.write(_STANDARD_OUTPUT, data) :]


_STANDARD_OUTPUT = 1


def _greeting(fake: FakeGitHub, server: LiveServer, settings: Settings) -> Iterator[str]:
    yield f"{_MARK}: a fake of {fake.base_url} runs at {server.url}; Ctrl-C stops it"
    yield f"# API: {server.api_url}"
    yield f"# admin interface: {server.url}{PREFIX}"
    if settings.proxy:
        yield f"# proxy: {server.proxy_url}"
    if settings.seeds:
        yield f"# seed files: {', '.join(settings.seeds)}"
    env = variables_of(server, settings)
    if fake.tokens:
        token_names = [name for name, value in env.items() if value == env["GITHUB_TOKEN"]]
        env = {name: value for name, value in env.items() if name not in token_names}
        yield f"# not shown: {', '.join(token_names)}, which hold a token from a seed file; use --env-file to get them"
    yield from _exports(env)
    yield "# ready"


def _exports(env: Mapping[str, str]) -> Iterator[str]:
    return (f"export {name}={shlex.quote(value)}" for name, value in env.items())


_MARK = "# ghdeploy serve"


class _EnvFile:
    """The file with variables for clients. It exists while the server runs."""

    def __init__(self, path: Path) -> None:
        """
        Remove the file if an earlier server left it behind, so that scripts do not take it for this server's.

        Raises:
            FakeError: The path exists, but neither is an empty file, as from ``mktemp``, nor was written by ``ghdeploy
                serve``.
        """
        self._path = path
        self._text = ""
        try:
            if not path.exists():
                return
            if not path.is_file():
                msg = f"--env-file {path} exists and is not a regular file"
                raise FakeError(msg)
            with path.open("rb") as file:
                start = file.read(len(_MARK))
            if start and start != _MARK.encode():
                msg = f"--env-file {path} exists and was not written by ghdeploy serve"
                raise FakeError(msg)
            if start:
                path.unlink(missing_ok=True)
        except OSError as problem:
            raise self._refused(problem) from None

    def _refused(self, problem: OSError) -> FakeError:
        return FakeError(f"cannot write --env-file {self._path}: {problem.strerror}")

    def write(self, url: str, env: Mapping[str, str]) -> None:
        """
        Write the variables as shell commands. The file appears complete, and only its owner can read it.

        Raises:
            FakeError: The file cannot be written.
        """
        self._text = "\n".join([f"{_MARK} at {url}", *_exports(env), ""])
        try:
            number, name = tempfile.mkstemp(prefix=".ghdeploy-", dir=self._path.parent)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(self._text)
            Path(name).replace(self._path)
        except OSError as problem:
            raise self._refused(problem) from None

    def remove(self) -> None:
        """Remove the file, unless another server has replaced it."""
        with suppress(OSError, UnicodeDecodeError):
            if self._text and self._path.is_file() and self._path.read_text("utf-8") == self._text:
                self._path.unlink()
