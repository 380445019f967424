"""All hooks of a fake, and the order in which events are delivered to them."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import webhook_deliveries as api, webhooks as operations
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries, refusals
from pytest_ghdeploy.github.rules import webhooks as rules
from pytest_ghdeploy.interface.apps import App, app_given
from pytest_ghdeploy.interface.arguments import advice, check_type, json_copy, plain_json, repository_called
from pytest_ghdeploy.public import public
from pytest_ghdeploy.report.entries import Receiver, Sent
from pytest_ghdeploy.webhooks import in_process, transport
from pytest_ghdeploy.webhooks.hooks import Delivery, Hook
from pytest_ghdeploy.webhooks.targets import Target, address, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pytest_ghdeploy.github.deliveries import Outcome
    from pytest_ghdeploy.github.model import Hook as HookRow, HookContentType, HookDelivery
    from pytest_ghdeploy.report.transcript import Transcript
    from pytest_ghdeploy.store.outbox import Item
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.webhooks.asgi import AsgiReceiver
    from pytest_ghdeploy.webhooks.targets import Kind

_STOP_SECONDS = 1.0
"""How long to wait for an ASGI application to shut down."""

MOST_OF_ONE_CALL = 1000
"""The limit for deliveries caused by one call, directly or through receivers. GitHub has no such limit."""


@public
class Webhooks:
    """
    All hooks of a fake.

    A call returns after the deliveries of its events are sent. They are sent
    after the change is stored and the response recorded. A receiver may send
    requests to the fake and gets responses at once. The deliveries that these
    requests cause are queued behind the existing ones, so each receiver gets one
    delivery at a time, in the order of events.
    """

    def __init__(self, fail: Callable[[BaseException], None]) -> None:
        """Call *fail* with problems that must fail the test."""
        self._fail = fail
        self._targets: dict[int, tuple[str, Target]] = {}
        self._stopping: list[AsgiReceiver] = []
        """The applications that stop when their running requests have ended."""

    def _start(self, store: Store, conversation: Transcript) -> None:
        """Start without hooks. The fake calls this."""
        self._store = store
        self._outbox = store.outbox
        self._conversation = conversation
        # Not waiting, because the lock is held, and an application may send a request at shutdown.
        self._stop([target.server for _, target in self._targets.values() if target.server], 0)
        self._targets = {}
        store.hooks.removed = []
        self._timeout_seconds: float | None = None

    def _stop(self, servers: Sequence[AsgiReceiver], seconds: float) -> None:
        self._stopping = [*self._stopping, *servers]
        for server in servers:
            server.stop(seconds)

    def _shut_down(self) -> None:
        """Shut down all ASGI applications, and cancel their requests. The fake calls this."""
        for server in [*self._stopping, *(target.server for _, target in list(self._targets.values()))]:
            if server:
                server.stop(_STOP_SECONDS, cancel=True)
        self._stopping = []

    def _close_unused(self) -> None:
        """Shut down the applications of deleted hooks, unless another hook has the same."""
        with self._store.lock:
            deleted, self._store.hooks.removed = self._store.hooks.removed or [], []
            targets = [self._targets.pop(hook_id)[1] for hook_id in deleted if hook_id in self._targets]
            servers = [target.server for target in targets if target.server]
            used = [target.server for _, target in self._targets.values()] if servers else []
        self._stop([server for server in servers if server not in used], _STOP_SECONDS)

    def __repr__(self) -> str:
        return f"<Webhooks {len(self.hooks)} hooks>"

    # Hooks

    def subscribe(
        self,
        target: object,
        *,
        events: Sequence[str] = ("*",),
        secret: str | None = None,
        content_type: HookContentType = "json",
        repository: str | None = None,
        app: App | str | None = None,
        path: str = "/",
        active: bool = True,
        insecure_ssl: bool = False,
        allow_any_host: bool = False,
        kind: Kind | None = None,
        in_thread: bool | None = None,
    ) -> Hook:
        """
        Subscribe a receiver to events, and deliver a ``ping`` to it.

        Args:
            target: A URL on this machine, a WSGI application (with the parameters ``environ`` and
                ``start_response``), an ASGI application (three parameters), or a function or coroutine function that
                takes a ``Delivery``. If a function returns a number from 100 to
                599, that is the status of its response; otherwise the status is 200. An assertion that fails in a
                function fails the test.

            events: GitHub's names of the events; ``*`` for all. An empty list means ``push``, as on GitHub.

            secret: The key that signs deliveries.

            content_type: ``json`` or ``form``.

            repository: A full name, or ``None`` for the events of all repositories, as for an app. A hook of all
                repositories is not listed over REST.

            app: The app whose hook this is, or its slug. The hook receives the events of the repositories that the app
                is installed on, with ``installation`` in their payloads, and always the events ``installation`` and
                ``installation_repositories``, which no other hook receives.

            path: The path of requests to a WSGI or ASGI application.

            active: Whether events are delivered at all.

            insecure_ssl: Whether to accept any certificate of an https URL.

            allow_any_host: Whether a URL may be on another machine.

            kind: ``url``, ``wsgi``, ``asgi`` or ``callable``, if *target* does not show it.

            in_thread: Whether a function or a WSGI application runs in its own thread. It is then abandoned after
                ``timeout_seconds``, while its thread goes on. By default it runs in the thread whose call caused the
                event, without a time limit. Coroutine functions and ASGI applications always have their own thread.

        Raises:
            FakeError: An argument is invalid, or GitHub would refuse the hook. Nothing is subscribed.
        """
        check_type("allow_any_host", allow_any_host, bool, "True or False")
        check_type("in_thread", in_thread, (bool, type(None)), "True, False or None")
        check_type("insecure_ssl", insecure_ssl, bool, "True or False")
        if not isinstance(secret, str | None):  # the message must not show a secret
            msg = f"secret must be a string, got {errors.kind_of(secret)}"
            raise FakeError(msg, argument="secret")
        plain_json(secret=secret)
        check_type("events", events, (list, tuple), 'a list of names, such as ["deployment"]')
        if app is not None and repository is not None:
            msg = "the hook of an app receives the events of all repositories that it is installed on: leave one out"
            raise FakeError(msg, argument="repository")
        for name in rules.EVENTS_OF_APPS if app is None else ():
            if name in events:
                raise FakeError(f"only the hook of an app receives {name}: subscribe(..., app=...)", argument="events")
        receiver = target_of(target, kind, path, any_host=allow_any_host, in_thread=in_thread)
        self._close_unused()  # of hooks that were deleted over REST
        with self._outbox, self._store.lock, self._store.changes, advice(url="target", config="target"):
            store = self._store
            row = None
            # Several hooks of one application share its server.
            for _, other in self._targets.values() if receiver.server else ():
                if other.server and other.value is receiver.value:
                    receiver = receiver._replace(server=other.server)
            owner = None if app is None else app_given(store, app, "app")
            if repository is not None:
                check_type("repository", repository, str, "a full name")
                row = repository_called(store, repository, "repository")
            url = receiver.value if receiver.kind == "url" else address(receiver, store.hooks.next_id)
            config = {"url": url, "content_type": content_type, "insecure_ssl": "1" if insecure_ssl else "0"}
            body = json_copy(
                "repos/create-webhook",
                config=config | ({"secret": secret} if secret else {}),
                events=list(events),
                active=active,
            )
            # The target must be known before the ping is sent.
            number = store.hooks.next_id
            store.changes.put(self._targets, number, (url, receiver))
            try:
                hook = operations.create(store, row, store.default_user, app=owner, **body)
            except refusals.GitHubError:
                del self._targets[number]
                raise
            if secret:
                store.secrets.add(secret)
            return Hook(self, store, hook)

    def unsubscribe(self, hook: Hook) -> None:
        """
        Delete a hook.

        Raises:
            FakeError: The hook was already deleted.
        """
        check_type("a hook", hook, Hook, "one of webhooks.hooks", argument="hook")
        hook.delete()

    @property
    def hooks(self) -> list[Hook]:
        """All hooks, including those created over REST, oldest first."""
        with self._store.lock:
            return [Hook(self, self._store, row) for row in self._store.hooks]

    # Deliveries

    @property
    def deliveries(self) -> list[Delivery]:
        """All deliveries to all hooks, including held ones, newest first."""
        with self._store.lock:
            return [Delivery(self, self._store, row) for row in self._store.hook_deliveries][::-1]

    @property
    def timeout_seconds(self) -> float:
        """
        The time limit for a receiver, in real seconds. By default it is GitHub's.

        It does not apply to functions and WSGI applications without ``in_thread=True``.

        On the fake's clock the limit is always GitHub's: 10 seconds, or 30 on GitHub Enterprise Server.
        """
        return deliveries.limit_seconds(self._store.urls) if self._timeout_seconds is None else self._timeout_seconds

    @timeout_seconds.setter
    def timeout_seconds(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < threading.TIMEOUT_MAX:
            msg = f"timeout_seconds must be a number of seconds above 0, got {seconds!r}"
            raise FakeError(msg, argument="timeout_seconds")
        self._timeout_seconds = seconds

    def hold(self) -> None:
        """Hold all deliveries from now on, until ``release``. If they are held already, nothing changes."""
        with self._store.lock:
            if self._outbox.held is None:
                self._outbox.held = {}

    @property
    def held(self) -> list[Delivery]:
        """The held deliveries, oldest first. Deliveries to deleted hooks are dropped."""
        with self._store.lock:
            self._drop_orphans()
            return [Delivery(self, *pair) for pair in (self._outbox.held or {}).values()]

    def _drop_orphans(self) -> None:
        held = self._outbox.held or {}
        orphans = [pair for pair in held.values() if pair[0].hook_deliveries.get(pair[1].id) is None]
        for store, row in orphans:
            lost = row._replace(state="dropped", reason="its hook no longer exists")
            self._conversation.add(Sent(self._name_of(store, row), lost))
            self._outbox.stop_holding(row.id)

    def release(self, *chosen: Delivery) -> None:
        """
        Send all held deliveries, and stop holding new ones.

        Args:
            chosen: Send only these, in this order, and go on holding the others and new ones. A delivery that was
                sent before is sent again, with the same GUID.

        Raises:
            FakeError: No deliveries are held, or the hook of a chosen one was deleted. Nothing is sent.
        """
        with self._outbox, self._store.lock, self._store.changes:
            for delivery in chosen:
                self._check(delivery)
            self._drop_orphans()
            held = self._outbox.held
            self._store.changes.set(self._outbox, held=None)
            if held is None and not chosen:
                msg = "no deliveries are held: call hold() before release()"
                raise FakeError(msg)
            # These go before deliveries of later events. A receiver may choose one that is about to be sent anyway.
            due = [self._due(delivery) for delivery in chosen] if chosen else list((held or {}).values())
            for store, row in [(store, row) for store, row in due if not self._outbox.is_queued(row)]:
                self._outbox.append(store, row)
            if held is not None and chosen:
                ids = {delivery.id for delivery in chosen}
                rest = {row_id: pair for row_id, pair in held.items() if row_id not in ids}
                self._store.changes.set(self._outbox, held=rest)

    def _due(self, delivery: Delivery) -> tuple[Store, HookDelivery]:
        """Return the delivery's row if it is waiting, or else a new row that repeats it."""
        store, row = self._store, delivery._now  # noqa: SLF001 - of the same package
        if row.state != "waiting":
            row = store.hook_deliveries.add(api.again(store, row, redelivery=False))
        return store, row

    def _check(self, delivery: Delivery) -> None:
        check_type("a delivery", delivery, Delivery, "one of webhooks.held or webhooks.deliveries")
        self._check_origin(delivery)
        if self._store.hook_deliveries.get(delivery.id) is None:
            msg = f"{delivery!r} cannot be sent: its hook was deleted"
            raise FakeError(msg)

    def _check_origin(self, delivery: Delivery) -> None:
        if delivery._store is not self._store:  # noqa: SLF001 - of the same package
            origin = "before the reset()" if delivery._store.retired else "another fake"  # noqa: SLF001
            msg = f"{delivery!r} is from {origin} and cannot be used here"
            raise FakeError(msg)

    def drop(self, delivery: Delivery) -> None:
        """
        Drop a held delivery, as if it were lost in transit.

        Raises:
            FakeError: The delivery is not held.
        """
        check_type("a delivery", delivery, Delivery, "one of webhooks.held", argument="delivery")
        self._check_origin(delivery)
        with self._store.lock, self._store.changes:
            store, row = self._store, delivery._now  # noqa: SLF001 - of the same package
            held = self._outbox.held or {}
            if row.id not in held:
                msg = f"{delivery!r} is not held: see hold() and held"
                raise FakeError(msg, argument="delivery")
            self._outbox.stop_holding(row.id)
            lost = row._replace(state="dropped", reason="the test dropped it")
            if store.hook_deliveries.get(row.id):
                store.hook_deliveries.replace(lost)
            self._conversation.add(Sent(self._name_of(store, row), lost))

    def redeliver(self, delivery: Delivery) -> Delivery:
        """
        Send a delivery again, with the same GUID, as ``POST …/attempts`` does.

        Raises:
            FakeError: Its hook was deleted.
        """
        with self._outbox, self._store.lock, self._store.changes:
            self._check(delivery)
            row = api.redeliver(self._store, delivery._now)  # noqa: SLF001 - of the same package
            return Delivery(self, self._store, row)

    def _give_up(self, reason: str) -> None:
        """Drop all deliveries in progress or queued, but not held ones."""
        with self._store.lock, self._store.changes:
            kept = self._outbox.held or {}
            entries = [entry for entry in self._conversation.entries if isinstance(entry, Sent) and entry.is_open]
            started = {entry.row.id: entry for entry in entries}
            for row in list(self._store.hook_deliveries):
                if row.state == "waiting" and row.id not in kept:
                    lost = self._store.hook_deliveries.replace(row._replace(state="dropped", reason=reason))
                    if row.id in started:
                        started[row.id].row = lost
                    else:
                        self._conversation.add(Sent(self._name_of(self._store, row), lost))

    # Sending

    def _send(self, item: Item) -> None:
        """Send a delivery. The outbox calls this, without the lock."""
        store = item.store
        try:
            with store.lock, store.changes:
                started = api.begin(store, item.row)
                if started is None:
                    return
                row, hook = started
                entry = Sent(self._name_of(store, row), row)
                self._conversation.add(entry)
                if row.state == "dropped":
                    return
                target, handle = self._target_of(hook), Delivery(self, store, row)
                item.begun = True
            outcome, answered_at = self._outcome(item, target, handle, insecure_ssl=hook.insecure_ssl == "1")
            with store.lock, store.changes:
                row = api.finish(store, row, outcome, answered_at or store.clock.now)
                entry.row = handle._row = row  # noqa: SLF001 - of the same package
        except BaseException as problem:  # ends the test, or the run
            if item.begun:
                self._interrupt(store, entry, handle, problem)
            raise
        self._judge(target, outcome.exception)

    def _outcome(
        self, item: Item, target: Target, delivery: Delivery, *, insecure_ssl: bool
    ) -> tuple[Outcome, datetime | None]:
        """Send a delivery, and return its outcome. The time is that of the response, if it came before the end."""
        if item.number > MOST_OF_ONE_CALL:
            return deliveries.unreachable(self._endless(item)), None
        headers, body, timeout = delivery._row.request_headers, delivery._row.request_body, self.timeout_seconds  # noqa: SLF001
        if target.kind == "url":
            return transport.send(target, headers, body, timeout=timeout, insecure_ssl=insecure_ssl), None
        answered: list[datetime] = []

        def note_time() -> None:
            answered.append(item.store.clock.now)

        judge = partial(self._judge, target)
        outcome = in_process.call(target, headers, body, delivery, answered=note_time, late=judge, timeout=timeout)
        return outcome, answered[0] if answered else None

    def _interrupt(self, store: Store, entry: Sent, handle: Delivery, problem: BaseException) -> None:
        with store.lock, store.changes:
            row = handle._now  # noqa: SLF001 - of the same package
            if row.state == "waiting":
                row = api.interrupt(store, row, f"{type(problem).__name__} was raised before the receiver answered")
            entry.row = handle._row = row  # noqa: SLF001 - of the same package
            if waiting := len(self._outbox):
                rest = f"deliveries queued for the next call: {waiting}"
                self._conversation.add(f"{type(problem).__name__}: {rest}")

    def _endless(self, item: Item) -> str:
        message = f"one call caused {MOST_OF_ONE_CALL:,} deliveries: does a receiver trigger itself?"
        if item.number == MOST_OF_ONE_CALL + 1:
            self._fail(FakeError(f"{message} The rest was not sent", see="receivers-that-trigger-each-other"))
        return message

    def _judge(self, target: Target, exception: BaseException | None) -> None:
        """Let the test fail, or be skipped, if *exception* of a receiver says so."""
        for problem in in_process.flattened(exception):
            # A function belongs to the test, and so do its assertions.
            if in_process.excuses(problem) or (target.kind == "callable" and isinstance(problem, AssertionError)):
                self._fail(problem)
            elif in_process.is_verdict(problem):
                failure = AssertionError(f"{type(problem).__name__}: {problem}")
                failure.__cause__ = problem
                self._fail(failure.with_traceback(problem.__traceback__))

    def _target_of(self, hook: HookRow) -> Target:
        entry = self._targets.get(hook.id)
        # A client may have changed the hook's URL over REST.
        return entry[1] if entry and entry[0] == hook.target_url else Target("url", hook.target_url)

    def _name_of(self, store: Store, row: HookDelivery) -> Receiver:
        hook = store.hooks.get(row.hook_id)
        if hook is None:
            return Receiver(f"hook {row.hook_id}")
        target = self._target_of(hook)
        return Receiver(target.name, None if target.kind == "url" else target.value, target.path)
