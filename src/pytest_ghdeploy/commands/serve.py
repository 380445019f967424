"""
The fake as a program: ``ghdeploy serve``.

It says where it answers, in lines that a shell takes, and then what is asked of
it, as the report of a failed test does. It runs until Ctrl-C, SIGTERM or SIGHUP,
keeps the last requests and events only, and never waits for who reads its output.
"""

from __future__ import annotations

import os
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
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy.admin.admin import Admin
from pytest_ghdeploy.admin.endpoints import PREFIX
from pytest_ghdeploy.engine import Engine
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.fake import FakeGitHub
from pytest_ghdeploy.seeds.seed import Seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_ghdeploy.commands.shutdown import Ending
    from pytest_ghdeploy.http.messages import Answer
    from pytest_ghdeploy.server.live_server import LiveServer

DEFAULT_PORT = 8417
DEFAULT_KEEP = 1000

# How many lines wait for a reader who does not read; older ones are lost.
_WAITING_LINES = 10_000
_PATIENCE_SECONDS = 1.0
# How long the end waits for what is under way: a little longer than the server gives its connections.
_END_SECONDS = 1.5


class Settings(NamedTuple):
    """
    What the command line says.

    Attributes:
        port: 0 for one that is free.

        seeds: Paths of seed files, in this order.

        env_file: Where to write the variables for clients, ``""`` for nowhere.

        quiet: Whether to tell nothing of requests.

        keep: At least how many of the last requests and events to keep.

        fake: The arguments of ``FakeGitHub``.
    """

    port: int = DEFAULT_PORT
    tls: bool = False
    seeds: Sequence[str] = ()
    env_file: str = ""
    quiet: bool = False
    keep: int = DEFAULT_KEEP
    fake: Mapping[str, Any] = {}


class ServedEngine(Engine):
    """The inside of a fake that runs long: it forgets what is old, and tells what is said."""

    log: Log | None = None
    keep = DEFAULT_KEEP

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = "") -> Answer:
        """Answer a request as any fake does; tell of it, and forget old ones."""
        try:
            return super().answer(method, url, headers, body, root=root)
        finally:
            self.tell()

    def fail(self, problem: BaseException) -> None:
        """Note a problem, of which ``/_ghdeploy/problems`` tells."""
        super().fail(problem)
        if self.log:
            self.log.look()

    def reset(self) -> None:
        """Empty everything but the clock."""
        self.tell()
        super().reset()

    def tell(self, *more: str) -> None:
        """Write what was said since, and *more*."""
        # In this lock, so that lines come in their order.
        with self.lock:
            if self.log:
                self.log.tell([*self.transcript.news(), *more])
            self.forget(self.keep)


class ServedGitHub(FakeGitHub):
    """A fake that runs long: it is seeded again after each reset, forgets what is old, and tells what is said."""

    _kind = ServedEngine
    _engine: ServedEngine

    def __init__(self, settings: Settings, log: Log | None = None) -> None:
        """
        Set the scene that the seed files spell. What it delivers waits for ``start_deliveries``.

        Raises:
            FakeError: An argument makes no sense, or a seed file.
        """
        super().__init__(**settings.fake)
        self._settings = settings
        self._greeter: threading.Thread | None = None
        self._engine.keep = settings.keep
        self._engine.log = log
        self._engine.outbox.held = []
        for path in settings.seeds:
            Seed(path, type(self)).fill(self, self._engine)
        if not self._engine.outbox.held:
            self._engine.outbox.held = None

    def _start_anew(self, *, seed: bool = True) -> None:
        """
        Empty everything, put the clock to the current time, and load the seed files again, if *seed* is true.

        Raises:
            FakeError: A seed file was changed, and makes no sense now. Nothing has changed here.
        """
        if not isinstance(seed, bool):
            msg = f"seed is True or False, got {seed!r}"
            raise FakeError(msg)
        seeds = [Seed(path, type(self)) for path in self._settings.seeds] if seed else []
        rehearsal = FakeGitHub(**self._settings.fake)
        rehearsal.webhooks.hold()
        for one in seeds:
            one.carry_out(rehearsal)
        with self._engine.outbox, self._engine.lock:
            self._engine.start_anew()
            for one in seeds:
                one.carry_out(self)

    def start_deliveries(self) -> None:
        """Deliver what the seed files have caused, in a thread."""
        if self._engine.outbox.held:
            self._greeter = threading.Thread(target=self._deliver_first, name="ghdeploy deliveries", daemon=True)
            self._greeter.start()

    def _deliver_first(self) -> None:
        self.webhooks.release()
        self._engine.tell()

    def end(self) -> None:
        """Stop to answer, and wait a little, but not for a receiver that hangs: what it would get is dropped."""
        until = monotonic() + _END_SECONDS
        closing = threading.Thread(target=self.close, name="ghdeploy end", daemon=True)
        closing.start()
        for thread in (closing, self._greeter):
            if thread:
                thread.join(max(0.0, until - monotonic()))
        # The lock may be held for as long as an answer takes.
        last = threading.Thread(target=self._give_up, name="ghdeploy end", daemon=True)
        last.start()
        last.join(_PATIENCE_SECONDS)

    def _give_up(self) -> None:
        if self._engine.hooks:
            self._engine.hooks._give_up("ghdeploy serve ended before it was answered")  # noqa: SLF001 - not for tests
        self._engine.tell()

    def start_log(self) -> None:
        """Write what was said, and what will be."""
        if self._engine.log:
            self._engine.log.start(self._engine.tell)

    def _admin(self) -> Admin:
        return Admin(self, self._engine, lambda line: self._engine.tell(f"     {line}"))


class Log:
    """What is said, line by line, as it is said. A thread writes it, so that nobody waits for a slow reader."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Tell it with *write*, once it is started."""
        self._write = write
        # Safe without a lock, in which somebody could wait for somebody else.
        self._lines: deque[str] = deque(maxlen=_WAITING_LINES)
        self._news = threading.Event()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def start(self, collect: Callable[[], None]) -> None:
        """Write from now on; *collect* is asked to ``tell`` what is new."""
        self._collect = collect
        self._thread = threading.Thread(target=self._work, name="ghdeploy log", daemon=True)
        self._thread.start()

    def tell(self, lines: Iterable[str]) -> None:
        """Have *lines* written."""
        self._lines.extend(lines)
        self._news.set()

    def look(self) -> None:
        """Have what is new collected soon; whoever calls may hold any lock."""
        self._news.set()

    def close(self) -> None:
        """Write what is left, if somebody reads it, and end."""
        self._is_closed = True
        self._news.set()
        if self._thread:
            self._thread.join(_PATIENCE_SECONDS)

    def _work(self) -> None:
        while not self._is_closed:
            self._news.wait()
            self._news.clear()
            self._collect()
            while self._lines:
                lines = [self._lines.popleft() for _ in range(len(self._lines))]
                self._write("".join(f"{line}\n" for line in lines))


def run(settings: Settings, ending: Ending) -> int:
    """
    Serve until the program is to end.

    Returns:
        The exit status: 0, or 2 if it could not start; then a line on standard error says why.
    """
    if not ending.is_asked:
        try:
            _serve(settings, ending)
        except FakeError as problem:
            sys.stderr.write(f"ghdeploy serve: {problem}\n")
            return 2
    return 0


def _serve(settings: Settings, ending: Ending) -> None:
    env_file = _EnvFile(Path(settings.env_file)) if settings.env_file else None
    log = None if settings.quiet else Log(_write)
    fake = ServedGitHub(settings, log)
    try:
        server = fake.serve(settings.port, tls=settings.tls, admin=True)
        if settings.tls:
            ending.removals.append(partial(shutil.rmtree, Path(server.ca_file).parent, ignore_errors=True))
        if env_file:
            ending.removals.append(env_file.remove)
            env_file.write(server)
        _write("\n".join([*_greeting(fake, server, settings), ""]))
        fake.start_log()
        fake.start_deliveries()
        ending.wait()
    finally:
        if env_file:
            env_file.remove()
        fake.end()
        if log:
            log.close()


# What it prints and writes


def _write(text: str) -> None:
    if not sys.stdout:  # it was closed before, and its number may be another file's by now
        return
    # Not through sys.stdout: a thread that is stuck in there would not let the program end.
    data = text.encode(errors="backslashreplace")
    with suppress(OSError):  # nobody reads any more
        while data:
            data = data[os.write(_STANDARD_OUTPUT, data) :]


_STANDARD_OUTPUT = 1


def _greeting(fake: FakeGitHub, server: LiveServer, settings: Settings) -> Iterator[str]:
    yield f"{_MARK}: a fake of {fake.base_url} answers at {server.url}; Ctrl-C ends it"
    yield f"# the API: {server.api_url}"
    yield f"# the admin interface: {server.url}{PREFIX}"
    if settings.seeds:
        yield f"# loaded: {', '.join(settings.seeds)}"
    env = server.env
    if fake.tokens:
        hidden = [name for name, value in env.items() if value == env["GITHUB_TOKEN"]]
        env = {name: value for name, value in env.items() if name not in hidden}
        yield f"# not shown: {', '.join(hidden)}, a token of a seed file; --env-file writes it"
    yield from _exports(env)
    yield "# ready"


def _exports(env: Mapping[str, str]) -> Iterator[str]:
    return (f"export {name}={shlex.quote(value)}" for name, value in env.items())


_MARK = "# ghdeploy serve"


class _EnvFile:
    """The file with the variables for clients, which is there while the server answers."""

    def __init__(self, path: Path) -> None:
        """
        Remove what a server of before has left there, which who waits for the file would take for this one's.

        Raises:
            FakeError: Something else is there. An empty file is nothing, as ``mktemp`` makes one.
        """
        self._path = path
        self._text = ""
        try:
            if not path.exists():
                return
            if not path.is_file():
                msg = f"--env-file {path} is there already, and is no regular file"
                raise FakeError(msg)
            with path.open("rb") as file:
                found = file.read(len(_MARK))
            if found and found != _MARK.encode():
                msg = f"--env-file {path} is there already, and holds something else"
                raise FakeError(msg)
            if found:
                path.unlink(missing_ok=True)
        except OSError as problem:
            raise self._refused(problem) from None

    def _refused(self, problem: OSError) -> FakeError:
        return FakeError(f"--env-file {self._path} cannot be written: {problem.strerror}")

    def write(self, server: LiveServer) -> None:
        """
        Write the variables where a shell can read them, once the file is complete and for nobody else.

        Raises:
            FakeError: It cannot be written.
        """
        self._text = "\n".join([f"{_MARK} at {server.url}", *_exports(server.env), ""])
        try:
            number, name = tempfile.mkstemp(prefix=".ghdeploy-", dir=self._path.parent)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(self._text)
            Path(name).replace(self._path)
        except OSError as problem:
            raise self._refused(problem) from None

    def remove(self) -> None:
        """Remove the file, unless it is another server's by now."""
        with suppress(OSError, UnicodeDecodeError):
            if self._text and self._path.is_file() and self._path.read_text("utf-8") == self._text:
                self._path.unlink()
