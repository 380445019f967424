"""
``Engine``, which joins the parts of a fake: store, application, transcript, deliveries.

Doors, servers and the plugin use the engine. Tests use the ``FakeGitHub``
around it, which has only the public interface.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from weakref import ref

from pytest_ghdeploy.doors import registry
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github.urls import Urls
from pytest_ghdeploy.http.application import Application
from pytest_ghdeploy.http.messages import Answer, Request
from pytest_ghdeploy.report import sizes
from pytest_ghdeploy.report.entries import WAITS
from pytest_ghdeploy.report.lines import printable
from pytest_ghdeploy.report.recorder import Recorder
from pytest_ghdeploy.report.transcript import Transcript
from pytest_ghdeploy.store.clock import Clock, keep_diary
from pytest_ghdeploy.store.events import Events
from pytest_ghdeploy.store.outbox import Outbox
from pytest_ghdeploy.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from urllib.parse import SplitResult

    from pytest_ghdeploy.github.assumptions import Assumptions
    from pytest_ghdeploy.github.model import Token
    from pytest_ghdeploy.http.downloads import Place
    from pytest_ghdeploy.interface.deployer import Deployers
    from pytest_ghdeploy.interface.fault_plan import FaultPlan
    from pytest_ghdeploy.interface.waiting import Watch
    from pytest_ghdeploy.report.exchange import Exchanges
    from pytest_ghdeploy.store.events import Event
    from pytest_ghdeploy.store.outbox import Item
    from pytest_ghdeploy.webhooks.webhooks import Webhooks


Validate = Literal["requests", "all"]


class Engine:
    """
    A fake without its public interface.

    Attributes:
        base_url, host, prefix: The root of the API, and the host and path of that URL.

        download_hosts: Other hosts of GitHub, of which it answers downloads of archives only.

        always_passed_through, passed_through: GitHub's hosts that are left to others. ``reset`` returns to the first.

        doors: The state of each door for this fake, by the door's name.

        hooks: The ``webhooks`` if they are in use, else ``None``.

        is_silent: Whether no request has arrived yet, or in the test that ``begin_test`` has begun.

        served_at: The root URLs of the live servers that were started.

        store, application, secrets, transcript: Replaced by ``reset``.
    """

    def __init__(
        self, base_url: str, parts: SplitResult, *, validate: Validate, enterprise_version: str, assume: Assumptions
    ) -> None:
        """Create an inactive fake. *parts* are the parts of *base_url*."""
        self.base_url = base_url
        self.host = registry.host_of(base_url)
        self.prefix = parts.path.rstrip("/")
        self.validate = validate
        self.enterprise_version = enterprise_version
        self.assume = assume
        self.always_passed_through: frozenset[str] = frozenset()
        self.passed_through: frozenset[str] = frozenset()
        self.clock = Clock()
        self.doors: dict[str, object] = {}
        self.hooks: Webhooks | None = None
        self.served_at: list[str] = []
        self.is_silent = True
        self.outbox = Outbox(_sender(ref(self)))
        self.lock = self.outbox.lock
        self.changes = self.outbox.changes
        self._urls = Urls.of(base_url, enterprise_version)
        self._codeload_host, self.download_hosts = _download_hosts(self._urls.codeload, self._urls.html, self.host)
        self._problems: list[BaseException] = []
        self._recorded: list[Event] = []
        self.events = Events(self._recorded)
        self._fault_plan: FaultPlan | None = None
        self._watch: Watch | None = None
        with self.lock, self.changes:
            self._start()

    def __repr__(self) -> str:
        return f"<FakeGitHub {self.base_url} {len(list(self.store.repositories))} repositories>"

    def _start(self) -> None:
        self.passed_through = self.always_passed_through
        self.store = Store(self.clock, self.assume, self._urls, self.outbox, self._recorded)
        self.secrets = self.store.secrets
        self.transcript = Transcript(self.secrets, self.lock, self.changes)
        self._recorder = Recorder(self.secrets, self.transcript, self.changes)
        self._earlier_requests = 0
        self._deployers: Deployers | None = None
        keep_diary(self.clock, None)
        self.application = Application(self.store, self._urls, validate_all=self.validate == "all")
        self.store.events.listeners.append(self.transcript.add)
        if self._watch is not None:
            self._watch.forget()
            self.store.events.listeners.append(self._watch.notice)
        if self.hooks:
            self.hooks._start(self.store, self.transcript)  # noqa: SLF001 - not for tests
        if self._fault_plan is not None:
            self._fault_plan.start(self.application)

    def reset(self) -> None:
        """Remove everything. The clock keeps its time."""
        with self.outbox, self.lock, self.changes:
            for part in (self, self.store, self.clock, self.hooks, self._fault_plan, self._watch):
                if part is not None:
                    self.changes.keep(part)
            self.changes.clear(self._recorded)
            self.store.retired = True
            self.outbox.reset()
            self._start()

    # Parts that few tests need

    @property
    def webhooks(self) -> Webhooks:
        """The hooks and their deliveries."""
        with self.lock:
            if self.hooks is None:
                from pytest_ghdeploy.webhooks.webhooks import Webhooks

                self.hooks = Webhooks(self.fail)
                self.hooks._start(self.store, self.transcript)  # noqa: SLF001 - not for tests
            return self.hooks

    @property
    def faults(self) -> FaultPlan:
        """The faults."""
        if self._fault_plan is None:
            from pytest_ghdeploy.interface.fault_plan import FaultPlan

            self._fault_plan = FaultPlan(
                self.application, self.lock, lambda: self.requests, count=lambda: len(self._recorder.recorded)
            )
        return self._fault_plan

    @property
    def deployers(self) -> Deployers:
        """The scripted third parties."""
        if self._deployers is None:
            from pytest_ghdeploy.interface.deployer import Deployers

            self._deployers = Deployers(self.store, self.transcript.add, self.fail)
        return self._deployers

    @property
    def watch(self) -> Watch:
        """Wakes calls that wait for an event."""
        with self.lock:
            if self._watch is None:
                from pytest_ghdeploy.interface.waiting import Watch

                self._watch = Watch(self.events, self.lock)
                self.store.events.listeners.append(self._watch.notice)
            return self._watch

    @property
    def tokens(self) -> Sequence[Token]:
        """The added tokens that are not revoked, oldest first."""
        with self.lock:
            return tuple(token for token in self.store.tokens.values() if not token.revoked)

    @property
    def requests(self) -> Exchanges:
        """The requests and their responses, with credentials redacted."""
        with self.lock:
            return self._recorder.exchanges()

    def full_name(self, repository_id: int) -> str:
        """Return the full name of the repository with this id; ``""`` if it does not exist."""
        row = self.store.repositories.get(repository_id)
        return row.full_name if row else ""

    # Problems

    def fail(self, problem: BaseException) -> None:
        """Record a problem that fails the test, even if the code under test swallows it."""
        self._problems.append(problem)
        self.transcript.entries.append(f"{type(problem).__name__}: {problem}")

    def note(self, text: str) -> None:
        """Add a line to the conversation, about something that fails no test."""
        with self.lock:
            self.is_silent = False
            self.transcript.entries.append(text)

    def take_problem(self) -> BaseException | None:
        """Return the first problem recorded since the last call, if any, and drop the others."""
        problem = self._problems[0] if self._problems else None
        self._problems.clear()
        return problem

    def raise_problem(self) -> None:
        """Raise the first problem recorded since the last call, if any."""
        problem = self.take_problem()
        if problem:
            raise problem

    def check_unused(self) -> None:
        """
        Check that all required faults and stubs were used up.

        Raises:
            AssertionError: A fault or a stub was not used up. The message lists the most similar requests.
        """
        __tracebackhide__ = True
        with self.lock:
            lines = [] if self._fault_plan is None else self._fault_plan.missed_lines()
            if self.application.stubs:
                from pytest_ghdeploy.interface.stubs import missed_lines  # few tests need it

                lines += missed_lines(self.application.stubs, self.requests)
        if lines:
            raise AssertionError(self.secrets.redact("\n".join(lines)))

    def begin_test(self) -> None:
        """Begin another test with the same fake. Its report and ``check_unused`` leave out what was before."""
        with self.lock:
            self.is_silent = True
            self.transcript.begin_test()
            self._earlier_requests = len(self._recorder.recorded)
            if self.application.stubs is not None:
                self.application.stubs.earlier = len(self.application.stubs.added)
            if self._fault_plan is not None:
                self._fault_plan.begin_test()

    # For servers, which may run for a long time

    def restart(self) -> None:
        """Return to the state of a new fake: empty, without problems, at the current time."""
        with self.outbox, self.lock, self.changes:
            self.reset()
            self._problems.clear()
            self.clock.move_to(Clock().now)

    def list_problems(self) -> list[str]:
        """List what would fail a test: swallowed errors, unused faults and unused stubs. They stay recorded."""
        with self.lock:
            lines = [f"{type(problem).__name__}: {problem}" for problem in self._problems]
            try:
                self.check_unused()
            except AssertionError as problem:
                lines.append(str(problem))
            return [self.secrets.redact(line) for line in lines]

    def forget(self, keep: int) -> None:
        """Drop old requests, events, problems and deliveries. The last *keep* of each stay, or up to twice as many."""
        with self.lock:
            for records in (self._recorded, self._problems):
                if len(records) > 2 * keep:
                    del records[:-keep]
            removed = self._recorder.forget(keep)
            if self._fault_plan is not None:
                self._fault_plan.forget_requests(removed)
            if self.transcript.forget(keep):
                rows = [row for row in self.store.hook_deliveries if row.state != "waiting"]
                for row in rows[:-keep]:
                    self.store.hook_deliveries.remove(row)
                if self._deployers is not None:
                    self._deployers.forget()
                if self.hooks is not None:
                    self.hooks._close_unused()  # noqa: SLF001 - not for tests

    def forget_large(self, most: int) -> None:
        """
        Drop old requests, events and deliveries if all of them together have more than *most* bytes.

        The latest ones with up to half of that stay, and always the latest request with everything after it.
        """
        with self.lock:
            entries, deliveries = self.transcript.entries, self.store.hook_deliveries
            finished = [row for row in deliveries if row.state != "waiting"]
            # An entry of the transcript may be in no other list, such as the delivery to a deleted hook.
            records = [*self._recorder.recorded, *self._recorded, *finished, *map(sizes.record_in, entries)]
            if sum(map(sizes.size_of, {id(record): record for record in records}.values())) <= most:
                return
            removed = sizes.too_many(entries, most // 2)
            kept = {id(sizes.record_in(entry)) for entry in entries[removed:]}
            self.transcript.forget_first(removed)
            requests = sizes.forget_before(self._recorder.recorded, kept)
            if self._fault_plan is not None:
                self._fault_plan.forget_requests(requests)
            sizes.forget_before(self._recorded, kept)
            for row in finished:
                if id(row) not in kept:
                    deliveries.remove(row)

    def report_text(self, most: int = 0, *, needs_requests: bool = False) -> str:
        """
        Return the conversation for the report of a failed test: a diagram if more than two parties take part.

        Args:
            most: The maximum number of lines; 0 means no limit.

            needs_requests: Whether to say so if no request has arrived during the test.
        """
        lines: list[str] = []
        if self.application.stubs:
            from pytest_ghdeploy.interface.stubs import near_miss_lines  # few tests need it

            near = near_miss_lines(self.application.stubs, self.requests[self._earlier_requests :])
            lines = [printable(self.secrets.redact(line)) for line in near][: most - 1 if most else None]
        if needs_requests and self.is_silent:
            servers = f", and listens at {' and '.join(self.served_at)}" if self.served_at else ""
            lines.append(f"  !  no request reached the fake: it answers for {self.base_url} in this process{servers}")
        text = self.transcript.report(max(1, most - len(lines)) if most else 0)
        return "\n".join(filter(None, [text, *lines]))

    # For doors

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = "") -> Answer:
        """
        Answer a request from a door, and record it.

        Args:
            headers: The request's headers. The names are in lower case.

            root: The root of the API from the client's view, if it is not ``base_url``. URLs in the response start
                with it.

        Raises:
            UnsupportedRequest: GitHub has an endpoint for the request, but the fake does not, or the URL is outside
                the API.
        """
        __tracebackhide__ = True
        parts = urlsplit(url)
        request = Request(method, parts.path, parts.query, headers, body)
        with self.outbox, self.lock, self.changes:
            self.is_silent = False
            place = self._recorder.begin(request)
            try:
                host = self.host if parts.netloc == self.host else registry.host_of(url)
                request.download = self._download(host, parts.path, root)
                if not request.download:
                    request.path = self._below_root(parts.path, urlsplit(root).path if root else self.prefix)
                answer = self.application.handle(request, self._urls.at(root) if root else None)
            except UnsupportedRequest as problem:
                problem.args = (self.secrets.redact(str(problem)),)
                self.fail(problem)
                # The traceback inside the fake does not help a test's author.
                raise problem.with_traceback(None)  # noqa: B904 - the same exception
            except BaseException as problem:
                if isinstance(problem, Exception) or _is_verdict(problem):
                    self.fail(problem)
                raise
            exchange = self._recorder.record(request, url, answer, place)
            if self._deployers is not None:
                self._deployers.answered(exchange)
            return answer

    def send(self, item: Item) -> None:
        """Send a delivery from the outbox."""
        self.webhooks._send(item)  # noqa: SLF001 - not for tests

    def after_fork(self) -> None:
        """Make the copy of a forked child usable for its Python interface."""
        self.outbox.after_fork()

    def pause(self, seconds: float, until: int = 0) -> None:
        """Advance the clock instead of letting a client sleep before it retries, at least to the time *until*."""
        seconds = max(seconds, until - self.clock.now.timestamp())
        self.clock.tick(seconds)
        with self.lock:
            self.transcript.entries.append(f"{WAITS} {seconds:g} s: ghdeploy.clock has moved on")

    def download_on(self, host: str, path: str) -> Place | None:
        """Find the archive at a path of another host of GitHub; ``None`` if the fake answers no such request."""
        if host not in self.download_hosts:
            return None
        from pytest_ghdeploy.http import downloads  # few tests need it

        return (downloads.place_on_codeload if host == self._codeload_host else downloads.place_on_pages)(path)

    def _download(self, host: str, path: str, root: str) -> Place | None:
        """Find the archive that a URL leads to; ``None`` for a URL of the API."""
        is_elsewhere = host in self.download_hosts
        if not is_elsewhere and "/_codeload/" not in path and "/archive/" not in path:
            return None
        from pytest_ghdeploy.http import downloads  # few tests need it

        if is_elsewhere:
            place = self.download_on(host, path)
            if place is None:
                raise UnsupportedRequest(registry.unanswered(host), see="another-host-of-github")
            return place
        if root or self._codeload_host == self.host:
            return downloads.place_on_server(path.removeprefix(urlsplit(root).path.removesuffix("/api/v3")))
        return None

    def _below_root(self, path: str, prefix: str) -> str:
        if f"{path}/".startswith(f"{prefix}/"):
            return path.removeprefix(prefix) or "/"
        msg = f"the fake cannot answer {path} on {self.host}: it serves only the API at {self.base_url}"
        raise UnsupportedRequest(msg, see="another-host-of-github")


@lru_cache(32)
def _download_hosts(codeload: str, html: str, api_host: str) -> tuple[str, frozenset[str]]:
    """Return the host of archives, and GitHub's hosts other than the API's from which they are downloaded."""
    codeload_host = registry.host_of(codeload)
    hosts = {codeload_host, registry.host_of(html)} - {api_host}
    return codeload_host, frozenset(filter(registry.is_githubs, hosts))


def _is_verdict(problem: BaseException) -> bool:
    """Return whether *problem* is of ``pytest.fail`` or the like, in a function of the test."""
    from pytest_ghdeploy.webhooks.in_process import is_verdict  # few tests need it

    return is_verdict(problem)


def _sender(reference: ref[Engine]) -> Callable[[Item], None]:
    """Create the function that sends the deliveries of a fake, without keeping the fake alive."""

    def send(item: Item) -> None:
        engine = reference()
        if engine is not None:
            engine.send(item)

    return send
