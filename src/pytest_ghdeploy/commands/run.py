"""
``ghdeploy run``: a command against its own fake.

The command keeps the terminal to itself: its input and output are untouched, and
signals are sent on to it. After it has ended, the conversation and what was missing
are printed to standard error.
"""

from __future__ import annotations

import errno
import os
import sys
from collections import Counter, deque
from contextlib import suppress
from subprocess import Popen
from typing import TYPE_CHECKING

from pytest_ghdeploy.commands import serve
from pytest_ghdeploy.commands.serve import ServedEngine, ServedGitHub
from pytest_ghdeploy.errors import FakeError, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_ghdeploy.commands.serve import Settings
    from pytest_ghdeploy.commands.shutdown import Forwarding
    from pytest_ghdeploy.server.live_server import LiveServer

SOMETHING_MISSING = 3
"""The exit status if the command has succeeded although something was missing."""

_CANNOT_SERVE = 2
# The statuses of a shell.
_NOT_FOUND, _NOT_EXECUTABLE, _SIGNALLED = 127, 126, 128
# The number of lines of the conversation that are kept; older ones are dropped.
_LINES = 10_000
# The number of different problems that are counted separately.
_PROBLEMS = 100


class Findings:
    """What has happened in a run. It outlives a ``reset``."""

    def __init__(self) -> None:
        """Start empty."""
        self.lines: deque[str] = deque(maxlen=_LINES)
        self.count = 0
        self.stubs: Counter[str] = Counter()
        """The number of requests for each endpoint that the fake lacks, by the stub for it."""
        self.problems: Counter[str] = Counter()
        """How often each other problem occurred, by its message."""

    def add(self, lines: Iterable[str]) -> None:
        """Add lines of the conversation."""
        for line in lines:
            self.count += 1
            self.lines.append(line)

    def wake(self) -> None:
        """Do nothing: the lines are written at the end."""

    def add_problem(self, problem: BaseException, text: str, stub: str) -> None:
        """Count a problem with its *text*, or with the *stub* that solves it. Both are without secrets."""
        counter, key = (self.stubs, stub) if stub else (self.problems, f"{type(problem).__name__}: {text}")
        if key in counter or len(counter) < _PROBLEMS:
            counter[key] += 1


class _Engine(ServedEngine):
    """An engine whose problems are found even after a reset."""

    findings: Findings | None = None

    def fail(self, problem: BaseException) -> None:
        """Record a problem, and find it."""
        super().fail(problem)
        if self.findings:
            stub = ""
            if isinstance(problem, UnsupportedRequest) and problem._stub:  # noqa: SLF001 - not for tests
                stub = f"{problem._stub}  # {problem._operation_id}"  # noqa: SLF001
            redact = self.secrets.redact
            self.findings.add_problem(problem, redact(str(problem)), redact(stub))


class _GitHub(ServedGitHub):
    _kind = _Engine
    _command = "ghdeploy run"
    _engine: _Engine

    def __init__(self, settings: Settings, findings: Findings) -> None:
        super().__init__(settings, findings)
        self._engine.findings = self._findings = findings

    @property
    def is_silent(self) -> bool:
        """Whether no request has arrived."""
        return self._engine.is_silent

    def shut_down(self) -> None:
        """Stop the server, and find required faults and stubs that were not used."""
        super().shut_down()
        try:
            self._engine.check_unused()
        except AssertionError as problem:
            self._findings.add_problem(problem, str(problem), "")


def run(settings: Settings, command: Sequence[str], forwarding: Forwarding) -> int:
    """
    Run a command.

    Returns:
        The exit status: that of the command, 128 and the number of the signal that has killed it, or 3 if it is 0 and
        something was missing; 127 or 126 if the command cannot be started, 2 if the fake cannot.
    """
    findings = Findings()
    try:
        fake = _GitHub(settings, findings)
        try:
            server = serve.start(fake, settings)
            program = _start(command, serve.variables_of(server, settings), forwarding)
            if isinstance(program, int):
                return program
            fake.start_deliveries()
            status = program.wait()
        finally:
            fake.shut_down()
    except FakeError as problem:
        _write([f"ghdeploy run: {serve.with_options(problem)}"])
        return _CANNOT_SERVE
    refused = server.refused_hosts if settings.proxy else []
    _write(_report(fake, server, settings, findings, refused))
    if status:
        return status if status > 0 else _SIGNALLED - status
    if findings.stubs or findings.problems or refused:
        _write([f"ghdeploy run: the exit status is {SOMETHING_MISSING}, because something was missing"])
        return SOMETHING_MISSING
    return 0


def _start(command: Sequence[str], env: Mapping[str, str], forwarding: Forwarding) -> Popen[bytes] | int:
    """Start the command with these variables as well, or return the exit status if that is impossible."""
    if forwarding.received:
        return _SIGNALLED + forwarding.received
    try:
        program = Popen(command, env={**os.environ, **env})  # noqa: S603 - what the user asks for
    except OSError as problem:
        _write([f"ghdeploy run: {command[0]} cannot be started: {problem.strerror}"])
        return _NOT_FOUND if problem.errno == errno.ENOENT else _NOT_EXECUTABLE
    forwarding.to(program)
    return program


def _report(
    fake: _GitHub, server: LiveServer, settings: Settings, findings: Findings, refused: Sequence[str]
) -> Iterator[str]:
    if fake.is_silent:
        yield f"ghdeploy run: no request reached the fake of {fake.base_url} at {server.url}"
    if findings.count and not settings.quiet:
        yield f"ghdeploy run: the conversation with the fake of {fake.base_url} at {server.url}"
        if dropped := findings.count - len(findings.lines):
            yield f"     … {dropped} earlier lines are no longer recorded …"
        yield from findings.lines
    if findings.stubs:
        yield 'ghdeploy run: the fake lacks these endpoints; stub them in Python, or under "stubs" in a seed file'
        yield from (f"{stub}{_times(count)}" for stub, count in findings.stubs.items())
    if findings.problems:
        yield "ghdeploy run: these problems would fail a test"
        yield from (f"  {text}{_times(count)}" for text, count in findings.problems.items())
    if refused:
        yield "ghdeploy run: the proxy connects to no host, and refused these"
        yield from (f"  {place}" for place in refused)


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _write(lines: Iterable[str]) -> None:
    with suppress(OSError, ValueError):  # nobody reads it, or it is closed
        if sys.stderr:
            sys.stderr.write("".join(f"{line}\n" for line in lines))
            sys.stderr.flush()
