"""
Hooks as tests hold them: who is subscribed to events, what was delivered, and when.

What ``subscribe`` makes and what a client creates over REST are the same things.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import webhooks as api
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import deliveries, refusals
from pytest_ghdeploy.interface.arguments import advice, check_type, json_copy, plain_json
from pytest_ghdeploy.public import public
from pytest_ghdeploy.report.exchange import Headers
from pytest_ghdeploy.report.transcript import Receiver, Sent
from pytest_ghdeploy.serializers import webhooks as as_json
from pytest_ghdeploy.webhooks import transport as door
from pytest_ghdeploy.webhooks.queue import Item, Postman

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pytest_ghdeploy.github.model import Hook as HookRow, HookContentType, HookDelivery, HookDeliveryState
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.redaction import Secrets
    from pytest_ghdeploy.report.transcript import Transcript
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.webhooks.transport import Kind, Target

    Left = tuple[Store, HookDelivery]


MOST_OF_ONE_CALL = 1000
"""Deliveries that may come of one call and of what receivers do then; GitHub has no such limit."""


@public
class Delivery:
    """
    An event on its way to one hook, or what has come of it.

    It reads what is known now; once its hook is deleted or the fake reset, what was known last.
    """

    __slots__ = ("_row", "_store", "_webhooks")

    def __init__(self, webhooks: Webhooks, store: Store, row: HookDelivery) -> None:
        """Hold *row*."""
        self._webhooks = webhooks
        self._store = store
        self._row = row

    def __repr__(self) -> str:
        return f"<Delivery {self.id} {self.event} {self.state}>"

    def __eq__(self, other: object) -> bool:
        # Ids begin anew when the fake is reset.
        return isinstance(other, Delivery) and self.id == other.id and self._store is other._store

    def __hash__(self) -> int:
        return hash((id(self._store), self.id))

    @property
    def _now(self) -> HookDelivery:
        with self._store.lock:
            if row := self._store.hook_deliveries.get(self._row.id):
                self._row = row
            elif self._row.state == "waiting" and not self._row.delivered_at:
                self._row = self._row._replace(state="dropped", reason="its hook is gone")
            return self._row

    @property
    def id(self) -> int:
        """GitHub's id, of this delivery alone."""
        return self._row.id

    @property
    def delivery_id(self) -> str:
        """The GUID, as in ``X-GitHub-Delivery``: the event's, however often and to whomever it is delivered."""
        return self._row.guid

    @property
    def hook_id(self) -> int:
        """The id of the hook it is for."""
        return self._row.hook_id

    @property
    def event(self) -> str:
        """The name of the event, as in ``X-GitHub-Event``."""
        return self._row.event

    @property
    def action(self) -> str | None:
        """The payload's ``action``, ``None`` where there is none."""
        return self._row.action

    @property
    def payload(self) -> JSON:
        """The event's payload, a copy each time."""
        copy: JSON = deliveries.as_payload(self._row.payload)
        return copy

    @property
    def headers(self) -> Headers:
        """The headers that were sent, by name without regard to case; none before it is sent."""
        return Headers(self._now.request_headers)

    @property
    def body(self) -> bytes:
        """The very bytes that were signed and sent."""
        return self._now.request_body

    @property
    def state(self) -> HookDeliveryState:
        """``waiting``, ``delivered``, ``failed`` or ``dropped``."""
        return self._now.state

    @property
    def status(self) -> str:
        """In GitHub's words: ``OK``, or why not; ``""`` before it is sent."""
        return self._now.status

    @property
    def status_code(self) -> int:
        """The HTTP status of the answer, or what GitHub shows in its place; 0 before it is sent."""
        return self._now.status_code

    @property
    def reason(self) -> str:
        """Why it failed or was dropped, in terms of the test."""
        return self._now.reason

    @property
    def exception(self) -> BaseException | None:
        """What the receiver raised, if it is in this process and did."""
        return self._now.exception

    @property
    def duration(self) -> float:
        """How many seconds of the fake's clock it took."""
        return self._now.duration

    @property
    def delivered_at(self) -> datetime | None:
        """When it was sent, ``None`` if it was not."""
        return self._now.delivered_at

    @property
    def redelivery(self) -> bool:
        """Whether it was asked for again with ``redeliver`` or over REST."""
        return self._row.redelivery

    @property
    def response_headers(self) -> Headers:
        """The headers of the answer, none without one."""
        return Headers(self._now.response_headers or {})

    @property
    def response_payload(self) -> str:
        """The body of the answer, ``""`` without one."""
        return self._now.response_payload or ""

    def deliver(self) -> None:
        """Deliver it now, also while others wait; one that was delivered or dropped is delivered as a duplicate."""
        self._webhooks.release(self)

    def drop(self) -> None:
        """
        Never deliver it, as if it were lost on its way.

        Raises:
            FakeError: It does not wait: it was delivered or dropped.
        """
        self._webhooks.drop(self)


@public
class Hook:
    """Where events are sent. Reads what is stored now; its secret cannot be read."""

    __slots__ = ("_id", "_store", "_webhooks")

    def __init__(self, webhooks: Webhooks, store: Store, row: HookRow) -> None:
        """Hold the hook *row*."""
        self._webhooks = webhooks
        self._store = store
        self._id = row.id

    def __repr__(self) -> str:
        return f"<Hook {self._id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hook) and self._id == other._id and self._store is other._store

    def __hash__(self) -> int:
        return hash((id(self._store), self._id))

    @property
    def _row(self) -> HookRow:
        row = None if self._store.retired else self._store.hooks.get(self._id)
        if row is None:
            msg = f"hook {self._id} is gone: it was deleted, or the fake was reset"
            raise FakeError(msg)
        return row

    def _json(self) -> JSON:
        with self._store.lock:
            row = self._row
            repository = self._store.repositories.get(row.repository_id) if row.repository_id else None
            return as_json.hook(row, repository, self._store.urls)

    @property
    def id(self) -> int:
        """GitHub's id."""
        return self._id

    @property
    def url(self) -> str | None:
        """Its address in the API; ``None`` for one of all repositories. Where it sends is in ``config``."""
        found: str | None = self._json().get("url")
        return found

    @property
    def config(self) -> JSON:
        """``url``, ``content_type``, ``insecure_ssl``, and the ``secret``, masked, if it has one."""
        shown: JSON = self._json()["config"]
        return shown

    @property
    def events(self) -> list[str]:
        """The names of the events that it is sent; ``*`` for all."""
        return list(self._json()["events"])

    @property
    def active(self) -> bool:
        """Whether it is sent anything."""
        with self._store.lock:
            return self._row.active

    @property
    def last_response(self) -> JSON:
        """The ``code``, ``status`` and ``message`` of the latest delivery."""
        with self._store.lock:
            last = self._row.last_response
            return {"code": last.code, "status": last.status, "message": last.message}

    @property
    def created_at(self) -> datetime:
        """When it was created."""
        with self._store.lock:
            return self._row.created_at

    @property
    def updated_at(self) -> datetime:
        """When its settings last changed."""
        with self._store.lock:
            return self._row.updated_at

    @property
    def deliveries(self) -> list[Delivery]:
        """What was, or is to be, delivered to it, newest first."""
        with self._store.lock:
            rows = self._store.hook_deliveries.where(hook_id=self._row.id)
            return [Delivery(self._webhooks, self._store, row) for row in rows]

    def ping(self) -> None:
        """
        Send it a ``ping``.

        Raises:
            FakeError: It is gone.
        """
        with self._store.lock:
            api.ping(self._store, self._row, self._store.default_user)

    def delete(self) -> None:
        """
        Send nothing more to it, and forget what was sent.

        Raises:
            FakeError: It is gone already.
        """
        with self._store.lock:
            api.delete(self._store, self._row)
        self._webhooks._close_unused()  # noqa: SLF001 - two halves of one thing


@public
class Webhooks:
    """
    All hooks of a fake.

    A delivery is made before the call that caused its event returns, after its
    request was stored and answered. A receiver that calls back is answered at
    once; what comes of it is delivered after what was to be delivered before, so
    each receiver gets one delivery at a time, in the order of events.
    """

    def __init__(self, fail: Callable[[Exception], None]) -> None:
        """Note with *fail* what must fail the test."""
        self._fail = fail
        self._mutex = threading.Lock()
        self._post = Postman(self._send, lambda: self.timeout_seconds)
        self._targets: dict[int, tuple[str, Target]] = {}

    def start(self, store: Store, conversation: Transcript, secrets: Secrets) -> None:
        """Begin anew, with nobody subscribed. The fake calls it."""
        self._store = store
        self._conversation = conversation
        self._secrets = secrets
        self.shut_down(0)  # the lock is held, and an application may want to ask something in the end
        self._targets = {}
        self._timeout_seconds: float | None = None
        self._held: list[Left] | None = None

    def shut_down(self, seconds: float = 1.0) -> None:
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

            in_thread: Whether a function or a WSGI application is called in a thread of its own, which goes on alone
                when it is given up after ``timeout_seconds``. Without a word, what the main thread's calls cause is
                called there, as what belongs to a thread needs it, such as a connection to a database, and is ended
                by an exception when its time is over; what another thread delivers has a thread of its own.
                ``False`` never starts one: in another thread than the main one nothing can be ended then. What is
                asynchronous has a thread of its own anyway.

        Raises:
            FakeError: An argument makes no sense, or GitHub would refuse the hook. Nothing was subscribed.
        """
        check_type("allow_any_host", allow_any_host, bool, "True or False")
        check_type("in_thread", in_thread, (bool, type(None)), "True, False or None")
        check_type("insecure_ssl", insecure_ssl, bool, "True or False")
        if not isinstance(secret, str | None):  # unlike what else is wrong, it is not told
            msg = f"secret is a text, got {errors.kind_of(secret)}"
            raise FakeError(msg)
        plain_json(secret=secret)
        check_type("events", events, (list, tuple), 'a list of names, such as ["deployment"]')
        found = door.target_of(target, kind, path, any_host=allow_any_host, in_thread=in_thread)
        with self._store.lock, advice():
            store = self._store
            row = None
            # One application is started once.
            for _, other in self._targets.values():
                if other.server and other.value is found.value:
                    found = found._replace(server=other.server)
            if repository is not None:
                check_type("repository", repository, str, "a full name")
                row = store.repository(repository)
                if row is None:
                    raise errors.unknown("repository", repository, (one.full_name for one in store.repositories))
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
                made = api.create(store, row, store.default_user, **body)
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
        check_type("a hook", hook, Hook, "one of webhooks.hooks")
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

        By the fake's clock the limit is always GitHub's: 10 seconds, 30 on GitHub Enterprise Server.
        """
        return deliveries.limit_seconds(self._store.urls) if self._timeout_seconds is None else self._timeout_seconds

    @timeout_seconds.setter
    def timeout_seconds(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < threading.TIMEOUT_MAX:
            msg = f"timeout_seconds is a number of seconds above 0, got {seconds!r}"
            raise FakeError(msg)
        self._timeout_seconds = seconds

    def hold(self) -> None:
        """Keep deliveries back from now on, until ``release``. Does nothing if that is so already."""
        with self._mutex:
            if self._held is None:
                self._held = []

    @property
    def held(self) -> list[Delivery]:
        """What is kept back, oldest first; what was for a hook that is gone by now is dropped."""
        with self._store.lock, self._mutex:
            self._drop_orphans()
            return [Delivery(self, *left) for left in self._held or ()]

    def _drop_orphans(self) -> None:
        gone = [left for left in self._held or () if left[0].hook_deliveries.get(left[1].id) is None]
        for store, row in gone:
            lost = row._replace(state="dropped", reason="its hook is gone")
            self._conversation.entries.append(Sent(self._name_of(store, row), lost))
        if gone:
            self._held = [left for left in self._held or () if left not in gone]

    def release(self, *chosen: Delivery) -> None:
        """
        Deliver what is kept back, and keep nothing back any more.

        Args:
            chosen: Of what is kept back only these, in this order; the others wait on, and so does what comes.
                One that was delivered before is delivered as a duplicate, with the same GUID.

        Raises:
            FakeError: Nothing is kept back, or one of them is of a hook that is gone. Nothing was delivered.
        """
        if chosen:
            with self._store.lock:
                for one in chosen:
                    self._check(one)
                items = [self._post.accept(self._taken(one)) for one in chosen]
            self.deliver(items)
            return
        with self._store.lock, self._mutex:
            self._drop_orphans()
            held, self._held = self._held, None
            # What comes from now on comes after it.
            items = [self._post.accept(left) for left in held or ()]
        if held is None:
            msg = "nothing is kept back: hold() comes before release()"
            raise FakeError(msg)
        self.deliver(items)

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

    def _taken(self, one: Delivery) -> Left:
        store, row = self._store, one._now  # noqa: SLF001 - two halves of one thing
        with self._mutex:
            if self._held is not None:
                self._held = [left for left in self._held if left[1].id != row.id]
        if row.state != "waiting":
            row = store.hook_deliveries.add(api.again(store, row, redelivery=False))
        return store, row

    def drop(self, delivery: Delivery) -> None:
        """
        Never deliver what is kept back, as if it were lost on its way.

        Raises:
            FakeError: It is not kept back.
        """
        check_type("a delivery", delivery, Delivery, "one of webhooks.held")
        self._check_age(delivery)
        with self._store.lock, self._mutex:
            mine = [left for left in self._held or () if left[1].id == delivery.id]
            if not mine:
                msg = f"{delivery!r} is not kept back: see hold() and held"
                raise FakeError(msg)
            store, row = mine[0]
            self._held = [left for left in self._held or () if left[1].id != row.id]
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
        with self._store.lock:
            self._check(delivery)
            row = api.redeliver(self._store, delivery._now)  # noqa: SLF001 - two halves of one thing
            return Delivery(self, self._store, row)

    def give_up(self, reason: str) -> None:
        """Drop what nobody waits for any more: what is on its way, or in the queue. What is kept back stays so."""
        with self._store.lock, self._mutex:
            kept = {row.id for _, row in self._held or ()}
            begun = {one.row.id: one for one in self._conversation.entries if isinstance(one, Sent) and one.is_open}
            for row in list(self._store.hook_deliveries):
                if row.state == "waiting" and row.id not in kept:
                    lost = self._store.hook_deliveries.replace(row._replace(state="dropped", reason=reason))
                    if row.id in begun:
                        begun[row.id].row = lost
                    else:
                        self._conversation.entries.append(Sent(self._name_of(self._store, row), lost))

    # How it is delivered

    def accept(self, left: Left) -> Item | None:
        """Put a delivery behind those before it, or keep it back. The fake calls it, with the lock held."""
        with self._mutex:
            if self._held is None:
                return self._post.accept(left)
            self._held.append(left)
            return None

    def deliver(self, left: Sequence[Item | None]) -> None:
        """Deliver what a call has left behind. The fake calls it, and holds no lock."""
        if items := [item for item in left if item is not None]:
            try:
                self._post.deliver(items)
            except BaseException as problem:
                if waiting := len(self._post):
                    told = (
                        f"{type(problem).__name__}: what was to be delivered waits for the next call, {waiting} in all"
                    )
                    self._conversation.entries.append(told)
                raise

    def _send(self, item: Item) -> None:
        store, delivery = item.thing
        with store.lock:
            row, hook = store.hook_deliveries.get(delivery.id), store.hooks.get(delivery.hook_id)
            if store.retired or row is None or hook is None:
                return
            if row.state in ("delivered", "failed"):  # by who was asked for it at the same time
                row = store.hook_deliveries.add(api.again(store, row, redelivery=False))
            entry = Sent(self._name_of(store, row), row)
            self._conversation.entries.append(entry)
            if row.state == "dropped":
                return
            body = deliveries.body(hook.content_type, row.payload)
            headers = deliveries.headers(hook, row, body, store.urls)
            started = store.clock.now
            row = row._replace(request_headers=headers, request_body=body, delivered_at=started)
            store.hook_deliveries.replace(row)
            target = self._target_of(hook)
        handle = Delivery(self, store, row)
        ended: list[datetime] = []
        try:
            if item.number > MOST_OF_ONE_CALL:
                outcome = deliveries.unreachable(self._endless(item))
            else:
                with self._post.calling(item):
                    outcome = door.send(
                        target,
                        headers,
                        body,
                        handle,
                        answered=lambda: ended.append(store.clock.now),
                        timeout=self.timeout_seconds,
                        insecure_ssl=hook.insecure_ssl == "1",
                    )
        except BaseException as problem:  # what ends the tests
            with store.lock:
                told = f"{type(problem).__name__} came before its answer"
                entry.row = handle._row = row = row._replace(reason=told, delivered_at=None)  # noqa: SLF001
                if store.hook_deliveries.get(row.id):
                    store.hook_deliveries.replace(row)
            raise
        with store.lock:
            taken = ((ended[0] if ended else store.clock.now) - started).total_seconds()
            limit = deliveries.limit_seconds(store.urls)
            if taken > limit:
                outcome = deliveries.timed_out(
                    f"the receiver took {taken:g} seconds by ghdeploy.clock; {limit:g} are allowed"
                )
            entry.row = handle._row = row = row._replace(  # noqa: SLF001 - two halves of one thing
                state="failed" if outcome.reason else "delivered",
                duration=max(0.0, taken),
                status=outcome.status,
                status_code=outcome.status_code,
                reason=outcome.reason,
                response_headers=outcome.headers,
                response_payload=outcome.payload,
                exception=outcome.exception,
            )
            if store.hook_deliveries.get(row.id):
                store.hook_deliveries.replace(row)
            if now := store.hooks.get(hook.id):
                store.hooks.replace(now._replace(last_response=outcome.last_response))
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
        elif problem is not None and door.is_verdict(problem):
            told = AssertionError(f"{type(problem).__name__}: {problem}")
            told.__cause__ = problem
            self._fail(told.with_traceback(problem.__traceback__))

    def _target_of(self, hook: HookRow) -> Target:
        known = self._targets.get(hook.id)
        # A client may have changed over REST where it goes.
        return known[1] if known and known[0] == hook.target_url else door.Target("url", hook.target_url)

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
