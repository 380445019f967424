"""All hooks of a fake: who is subscribed to events, what is delivered, and when."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import webhook_deliveries as api, webhooks as operations
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries, refusals
from pytest_ghdeploy.interface.arguments import advice, check_type, json_copy, plain_json, repository_called
from pytest_ghdeploy.public import public
from pytest_ghdeploy.report.transcript import Receiver, Sent
from pytest_ghdeploy.webhooks import transport
from pytest_ghdeploy.webhooks.hooks import Delivery, Hook
from pytest_ghdeploy.webhooks.in_process import is_verdict
from pytest_ghdeploy.webhooks.targets import Target, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pytest_ghdeploy.github.model import Hook as HookRow, HookContentType, HookDelivery
    from pytest_ghdeploy.redaction import Secrets
    from pytest_ghdeploy.report.transcript import Transcript
    from pytest_ghdeploy.store.outbox import Item
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.webhooks.targets import Kind

MOST_OF_ONE_CALL = 1000
"""Deliveries that may come of one call and of what receivers do then; GitHub has no such limit."""


@public
class Webhooks:
    """
    All hooks of a fake.

    A delivery is made before the call that caused its event returns, after its
    request was stored and answered. A receiver that calls back is answered at
    once, and its deliveries come after those that are due already. So each
    receiver gets one delivery at a time, in the order of events.
    """

    def __init__(self, fail: Callable[[Exception], None]) -> None:
        """Note with *fail* what must fail the test."""
        self._fail = fail
        self._targets: dict[int, tuple[str, Target]] = {}

    def _start(self, store: Store, conversation: Transcript, secrets: Secrets) -> None:
        """Begin anew, with nobody subscribed. The fake calls it."""
        self._store = store
        self._outbox = store.outbox
        self._conversation = conversation
        self._secrets = secrets
        self._shut_down(0)  # the lock is held, and an application may want to ask something in the end
        self._targets = {}
        self._timeout_seconds: float | None = None

    def _shut_down(self, seconds: float = 1.0) -> None:
        """Have all ASGI applications shut down, and wait so long for each. The fake calls it."""
        for _, target in list(self._targets.values()):
            if target.server:
                target.server.stop(seconds)

    def _close_unused(self) -> None:
        with self._store.lock:
            kept = {number: one for number, one in self._targets.items() if self._store.hooks.get(number)}
            gone = [target for number, (_, target) in self._targets.items() if number not in kept]
            self._targets = kept
        used = [target.server for _, target in kept.values()]
        for target in gone:
            if target.server and target.server not in used:
                target.server.stop()

    def __repr__(self) -> str:
        return f"<Webhooks {len(self.hooks)} hooks>"

    # Who is subscribed

    def subscribe(
        self,
        target: object,
        *,
        events: Sequence[str] = ("*",),
        secret: str | None = None,
        content_type: HookContentType = "json",
        repository: str | None = None,
        path: str = "/",
        active: bool = True,
        insecure_ssl: bool = False,
        allow_any_host: bool = False,
        kind: Kind | None = None,
        in_thread: bool | None = None,
    ) -> Hook:
        """
        Have events delivered, a ``ping`` first.

        Args:
            target: A URL on this machine, a WSGI application (which takes two arguments), an ASGI application
                (three), or a function that takes a ``Delivery``; it may be asynchronous. A number from 100 to 599
                that it returns is the status of its answer, all else a 200. An assertion that fails in a
                function fails the test.

            events: As GitHub names them; ``*`` stands for all.

            secret: What deliveries are signed with.

            content_type: ``json`` or ``form``.

            repository: A full name; ``None`` for the events of all repositories, as an app gets them. Such a hook
                is not listed over REST.

            path: Where an application is called.

            insecure_ssl: Whether the certificate of an https URL may be anybody's.

            allow_any_host: Whether a URL may lead to another machine.

            kind: ``url``, ``wsgi``, ``asgi`` or ``callable``, where *target* does not show it.

            in_thread: Whether a function or a WSGI application is called in a thread of its own. It is given up after
                ``timeout_seconds``, and its thread goes on alone. Otherwise (``None`` means ``False``) it is called
                in the thread whose call caused the event, and nothing limits its time. Asynchronous functions and
                ASGI applications always have a thread of their own.

        Raises:
            FakeError: An argument makes no sense, or GitHub would refuse the hook. Nothing was subscribed.
        """
        check_type("allow_any_host", allow_any_host, bool, "True or False")
        check_type("in_thread", in_thread, (bool, type(None)), "True, False or None")
        check_type("insecure_ssl", insecure_ssl, bool, "True or False")
        if not isinstance(secret, str | None):  # unlike what else is wrong, it is not told
            msg = f"secret must be a string, got {errors.kind_of(secret)}"
            raise FakeError(msg, argument="secret")
        plain_json(secret=secret)
        check_type("events", events, (list, tuple), 'a list of names, such as ["deployment"]')
        found = target_of(target, kind, path, any_host=allow_any_host, in_thread=in_thread)
        with self._outbox, self._store.lock, advice(url="target", config="target"):
            store = self._store
            row = None
            # One application is started once.
            for _, other in self._targets.values():
                if other.server and other.value is found.value:
                    found = found._replace(server=other.server)
            if repository is not None:
                check_type("repository", repository, str, "a full name")
                row = repository_called(store, repository, "repository")
            url = found.value if found.kind == "url" else _address(found, store.hooks.next_id)
            config = {"url": url, "content_type": content_type, "insecure_ssl": "1" if insecure_ssl else "0"}
            body = json_copy(
                "repos/create-webhook",
                config=config | ({"secret": secret} if secret else {}),
                events=list(events),
                active=active,
            )
            # Where it goes is known before the ping is sent.
            number = store.hooks.next_id
            self._targets[number] = url, found
            try:
                made = operations.create(store, row, store.default_user, **body)
            except refusals.GitHubError:
                del self._targets[number]
                raise
            if secret:
                self._secrets.add(secret)
            return Hook(self, store, made)

    def unsubscribe(self, hook: Hook) -> None:
        """
        Delete a hook.

        Raises:
            FakeError: It is gone already.
        """
        check_type("a hook", hook, Hook, "one of webhooks.hooks", argument="hook")
        hook.delete()

    @property
    def hooks(self) -> list[Hook]:
        """All hooks, of all repositories and of each, oldest first; also those created over REST."""
        with self._store.lock:
            return [Hook(self, self._store, row) for row in self._store.hooks]

    # What is delivered

    @property
    def deliveries(self) -> list[Delivery]:
        """What was, or is to be, delivered to any hook, newest first."""
        with self._store.lock:
            return [Delivery(self, self._store, row) for row in self._store.hook_deliveries][::-1]

    @property
    def timeout_seconds(self) -> float:
        """
        How many real seconds a receiver may take; GitHub's limit unless it is set.

        It is not kept for functions and WSGI applications that are called without ``in_thread=True``.

        By the fake's clock the limit is always GitHub's: 10 seconds, 30 on GitHub Enterprise Server.
        """
        return deliveries.limit_seconds(self._store.urls) if self._timeout_seconds is None else self._timeout_seconds

    @timeout_seconds.setter
    def timeout_seconds(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < threading.TIMEOUT_MAX:
            msg = f"timeout_seconds must be a number of seconds above 0, got {seconds!r}"
            raise FakeError(msg, argument="timeout_seconds")
        self._timeout_seconds = seconds

    def hold(self) -> None:
        """Keep deliveries back from now on, until ``release``. Does nothing if that is so already."""
        with self._store.lock:
            if self._outbox.held is None:
                self._outbox.held = []

    @property
    def held(self) -> list[Delivery]:
        """What is kept back, oldest first; what was for a hook that is gone by now is dropped."""
        with self._store.lock:
            self._drop_orphans()
            return [Delivery(self, *left) for left in self._outbox.held or ()]

    def _drop_orphans(self) -> None:
        gone = [left for left in self._outbox.held or () if left[0].hook_deliveries.get(left[1].id) is None]
        for store, row in gone:
            lost = row._replace(state="dropped", reason="its hook is gone")
            self._conversation.entries.append(Sent(self._name_of(store, row), lost))
            self._take_out(row)

    def _take_out(self, row: HookDelivery) -> bool:
        """Keep a delivery back no longer; tell whether it was kept back."""
        held = self._outbox.held or []
        kept = [left for left in held if left[1].id != row.id]
        if len(kept) == len(held):
            return False
        self._outbox.held = kept
        return True

    def release(self, *chosen: Delivery) -> None:
        """
        Deliver what is kept back, and keep nothing back any more.

        Args:
            chosen: Of what is kept back only these, in this order; the others wait on, and so does what comes.
                One that was delivered before is delivered as a duplicate, with the same GUID.

        Raises:
            FakeError: Nothing is kept back, or one of them is of a hook that is gone. Nothing was delivered.
        """
        with self._outbox, self._store.lock:
            for one in chosen:
                self._check(one)
            self._drop_orphans()
            held, self._outbox.held = self._outbox.held, None
            if held is None and not chosen:
                msg = "nothing is kept back: hold() comes before release()"
                raise FakeError(msg)
            # What comes from now on comes after it.
            for store, row in [self._due(one) for one in chosen] if chosen else held or ():
                self._outbox.append(store, row)
            if held is not None and chosen:
                ids = {one.id for one in chosen}
                self._outbox.held = [left for left in held if left[1].id not in ids]

    def _due(self, one: Delivery) -> tuple[Store, HookDelivery]:
        """Give what is to be delivered: the delivery, or another one if it was made or dropped."""
        store, row = self._store, one._now  # noqa: SLF001 - two halves of one thing
        if row.state != "waiting":
            row = store.hook_deliveries.add(api.again(store, row, redelivery=False))
        return store, row

    def _check(self, one: Delivery) -> None:
        check_type("a delivery", one, Delivery, "one of webhooks.held or webhooks.deliveries")
        self._check_age(one)
        if self._store.hook_deliveries.get(one.id) is None:
            msg = f"{one!r} cannot be delivered: its hook is gone"
            raise FakeError(msg)

    def _check_age(self, one: Delivery) -> None:
        if one._store is not self._store:  # noqa: SLF001 - two halves of one thing
            whose = "of before reset()" if one._store.retired else "another fake's"  # noqa: SLF001
            msg = f"{one!r} is {whose}, and nothing can be done with it here"
            raise FakeError(msg)

    def drop(self, delivery: Delivery) -> None:
        """
        Never deliver what is kept back, as if it were lost on its way.

        Raises:
            FakeError: It is not kept back.
        """
        check_type("a delivery", delivery, Delivery, "one of webhooks.held", argument="delivery")
        self._check_age(delivery)
        with self._store.lock:
            store, row = self._store, delivery._now  # noqa: SLF001 - two halves of one thing
            if not self._take_out(row):
                msg = f"{delivery!r} is not kept back: see hold() and held"
                raise FakeError(msg, argument="delivery")
            lost = row._replace(state="dropped", reason="the test dropped it")
            if store.hook_deliveries.get(row.id):
                store.hook_deliveries.replace(lost)
            self._conversation.entries.append(Sent(self._name_of(store, row), lost))

    def redeliver(self, delivery: Delivery) -> Delivery:
        """
        Deliver once more, with the same GUID, as ``POST …/attempts`` does.

        Raises:
            FakeError: Its hook is gone.
        """
        with self._outbox, self._store.lock:
            self._check(delivery)
            row = api.redeliver(self._store, delivery._now)  # noqa: SLF001 - two halves of one thing
            return Delivery(self, self._store, row)

    def _give_up(self, reason: str) -> None:
        """Drop what nobody waits for any more: what is on its way, or in the queue. What is kept back stays so."""
        with self._store.lock:
            kept = {row.id for _, row in self._outbox.held or ()}
            begun = {one.row.id: one for one in self._conversation.entries if isinstance(one, Sent) and one.is_open}
            for row in list(self._store.hook_deliveries):
                if row.state == "waiting" and row.id not in kept:
                    lost = self._store.hook_deliveries.replace(row._replace(state="dropped", reason=reason))
                    if row.id in begun:
                        begun[row.id].row = lost
                    else:
                        self._conversation.entries.append(Sent(self._name_of(self._store, row), lost))

    # How it is delivered

    def _send(self, item: Item) -> None:
        """Make a delivery. The outbox calls it, without the lock."""
        store = item.store
        with store.lock:
            begun = api.begin(store, item.row)
            if begun is None:
                return
            row, hook = begun
            entry = Sent(self._name_of(store, row), row)
            self._conversation.entries.append(entry)
            if row.state == "dropped":
                return
            target = self._target_of(hook)
        handle = Delivery(self, store, row)
        answered: list[datetime] = []
        try:
            if item.number > MOST_OF_ONE_CALL:
                outcome = deliveries.unreachable(self._endless(item))
            else:
                outcome = transport.send(
                    target,
                    row.request_headers,
                    row.request_body,
                    handle,
                    answered=lambda: answered.append(store.clock.now),
                    timeout=self.timeout_seconds,
                    insecure_ssl=hook.insecure_ssl == "1",
                )
        except BaseException as problem:  # it ends the test, or all tests
            with store.lock:
                row = api.interrupt(store, row, f"{type(problem).__name__} came before its answer")
                entry.row = handle._row = row  # noqa: SLF001 - two halves of one thing
                if waiting := len(self._outbox):
                    what = f"what was to be delivered waits for the next call, {waiting} in all"
                    self._conversation.entries.append(f"{type(problem).__name__}: {what}")
            raise
        with store.lock:
            row = api.finish(store, row, outcome, answered[0] if answered else store.clock.now)
            entry.row = handle._row = row  # noqa: SLF001 - two halves of one thing
        self._judge(target, outcome.exception)

    def _endless(self, item: Item) -> str:
        told = f"{MOST_OF_ONE_CALL:,} deliveries came of one call: does a receiver answer what comes of its own calls?"
        if item.number == MOST_OF_ONE_CALL + 1:
            self._fail(FakeError(f"{told} What else came was not sent"))
        return told

    def _judge(self, target: Target, problem: BaseException | None) -> None:
        if target.kind == "callable" and isinstance(problem, AssertionError):
            # A function is the test's own: what it asserts is meant for the test.
            self._fail(problem)
        elif problem is not None and is_verdict(problem):
            told = AssertionError(f"{type(problem).__name__}: {problem}")
            told.__cause__ = problem
            self._fail(told.with_traceback(problem.__traceback__))

    def _target_of(self, hook: HookRow) -> Target:
        known = self._targets.get(hook.id)
        # A client may have changed over REST where it goes.
        return known[1] if known and known[0] == hook.target_url else Target("url", hook.target_url)

    def _name_of(self, store: Store, row: HookDelivery) -> Receiver:
        hook = store.hooks.get(row.hook_id)
        if hook is None:
            return Receiver(f"hook {row.hook_id}")
        target = self._target_of(hook)
        return Receiver(target.name, None if target.kind == "url" else target.value)


def _address(target: Target, number: int) -> str:
    """Make a URL for what has none, which nobody else can have."""
    name = re.sub(r"[^a-z0-9]+", "-", target.name.lower()).strip("-") or target.kind
    return f"http://{name}-{number}.invalid{quote(target.path, safe=_SAFE)}"


_SAFE = "/%?&=:@!$'()*+,;-._~"
