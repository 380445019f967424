"""
Scripted deployers, for tests of code that waits for a deployment.

A deployer notices deployments and posts deployment statuses, as a deploy
service would. It needs no thread: it acts between two requests, or when the
fake's clock moves. It runs the same operation as ``POST …/statuses``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

from pytest_ghdeploy.api import deployment_statuses
from pytest_ghdeploy.api.routing import id_or_none
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.rules import environments as environment_rules
from pytest_ghdeploy.interface.arguments import check_login, check_type, repository_called
from pytest_ghdeploy.interface.resources import Deployment, DeploymentStatus
from pytest_ghdeploy.interface.steps import Step, check_moment, complete, posted_by
from pytest_ghdeploy.public import public
from pytest_ghdeploy.report.entries import Said
from pytest_ghdeploy.store.clock import keep_diary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from pytest_ghdeploy.github import model
    from pytest_ghdeploy.github.model import DeploymentState
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.store.store import Store

_POLLS = frozenset({"repos/get-deployment", "repos/list-deployment-statuses", "repos/get-deployment-status"})
_POLLED = (200, 304)


class Delivery(Protocol):
    """The members of a delivery that ``Deployer.receive`` reads."""

    @property
    def event(self) -> str: ...  # noqa: D102 - X-GitHub-Event
    @property
    def payload(self) -> Mapping[str, Any]: ...  # noqa: D102 - the JSON object


@dataclass(frozen=True, slots=True)
class Script:
    """The checked script of a deployer. Each step is complete."""

    environment: str | None
    repository_id: int | None
    steps: tuple[Step, ...]
    failing_step: Step
    fails_on: Callable[[Deployment], object] | None
    by_webhook: bool


@dataclass(slots=True)
class _Job:
    """A deployment that a deployer is working on."""

    deployment_id: int
    place: int
    since: datetime
    next_step: int = 0
    polls: int = 0
    is_done: bool = False


class Party:
    """The implementation of a ``Deployer``. The caller holds the store's lock."""

    def __init__(self, deployers: Deployers, store: Store, user: model.User, script: Script) -> None:
        """Follow *script* as *user*."""
        self._deployers = deployers
        self.store = store
        self.user = user
        self.script = script
        self.noticed: dict[int, None] = {}
        self._places = count()
        self.posted: list[int] = []
        self._open: dict[int, _Job] = {}
        # The deployments that may have a step to take: those that are new, were polled, or whose time has come.
        self._to_look_at: set[int] = set()
        # The times of the next steps, as a heap. After an interruption, some may be of no use.
        self._alarms: list[tuple[datetime, int]] = []

    def notice(self, row: model.Deployment) -> None:
        """Start working on a deployment that matches the script and is new."""
        script = self.script
        if (
            row.id not in self.noticed
            and script.repository_id in (None, row.repository_id)
            and (
                script.environment is None
                or environment_rules.environment_key(script.environment) == row.environment_key
            )
        ):
            changes = self.store.changes
            changes.put(self.noticed, row.id, None)
            changes.put(self._open, row.id, _Job(row.id, next(self._places), self.store.clock.now))
            self._to_look_at.add(row.id)

    def polled(self, deployment_id: int) -> None:
        """Count a poll of a deployment."""
        if job := self._open.get(deployment_id):
            self.store.changes.set(job, polls=job.polls + 1)
            if self._due(job) is None:
                self._to_look_at.add(deployment_id)

    def forget(self) -> None:
        """Forget deployments and deployment statuses that were deleted."""
        deployments, statuses = self.store.deployments, self.store.deployment_statuses
        self.noticed = {number: None for number in self.noticed if deployments.get(number)}
        self._open = {number: job for number, job in self._open.items() if deployments.get(number)}
        self._to_look_at.intersection_update(self._open)
        self._alarms = sorted(alarm for alarm in self._alarms if alarm[1] in self._open)
        self.posted = [number for number in self.posted if statuses.get(number)]

    def next_due(self) -> datetime | None:
        """Return the time of the next step; ``None`` if no step has a time."""
        while self._alarms:
            due, deployment_id = self._alarms[0]
            if (job := self._open.get(deployment_id)) and self._due(job) == due:
                return due
            self._pop_alarm()
        return None

    def _pop_alarm(self) -> int:
        self.store.changes.undo_with(partial(heappush, self._alarms, self._alarms[0]))
        return heappop(self._alarms)[1]

    def act(self) -> None:
        """Take all steps that are due, in the order in which the deployments were noticed."""
        # After an interruption some of these may be of no use, which does no harm.
        self.store.changes.undo_with(partial(self._to_look_at.update, tuple(self._to_look_at)))
        while (due := self.next_due()) is not None and due <= self.store.clock.now:
            self._to_look_at.add(self._pop_alarm())
        self._to_look_at.intersection_update(self._open)
        for deployment_id in sorted(self._to_look_at, key=lambda number: self._open[number].place):
            while (job := self._open.get(deployment_id)) and self._is_due(job):
                self._take(job)
            if job and (due := self._due(job)) is not None:
                heappush(self._alarms, (due, deployment_id))
            self._to_look_at.discard(deployment_id)

    def _due(self, job: _Job) -> datetime | None:
        seconds = self.script.steps[job.next_step].after_seconds
        # The clock has whole seconds.
        return None if seconds is None else job.since + timedelta(seconds=ceil(seconds))

    def _is_due(self, job: _Job) -> bool:
        due = self._due(job)
        if due is not None:
            return self.store.clock.now >= due
        return job.polls >= (self.script.steps[job.next_step].after_polls or 0)

    def _take(self, job: _Job) -> None:
        store, script = self.store, self.script
        step = script.steps[job.next_step]
        store.changes.set(job, next_step=job.next_step + 1, polls=0, since=store.clock.now)
        is_last = job.next_step == len(script.steps)
        row = store.deployments.get(job.deployment_id)
        if is_last or row is None:
            store.changes.drop(self._open, job.deployment_id)
        if row is None:  # the deployment was deleted
            return
        if is_last and script.fails_on:
            store.outbox.call(partial(self._ask, job, script.fails_on))
        else:
            self._post(row, step)

    def _ask(self, job: _Job, fails_on: Callable[[Deployment], object]) -> None:
        """Call *fails_on*, then take the last step. No lock is held, so any thread of the test may use the fake."""
        store, deployment_id = self.store, job.deployment_id
        if store.retired or not store.deployments.get(deployment_id):
            return
        try:
            fails = bool(fails_on(Deployment(store, deployment_id)))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as problem:  # noqa: BLE001 - pytest.fail too; the exception must not reach the tool
            self._deployers.fail(problem)
            return
        with store.outbox, store.lock, store.changes:
            row = store.deployments.get(deployment_id)
            if row and not store.retired and not job.is_done:  # after an interruption this is called again
                self._post(row, self.script.failing_step if fails else self.script.steps[-1])
                store.changes.set(job, is_done=True)

    def _post(self, row: model.Deployment, step: Step) -> None:
        store = self.store
        repository = store.repository_of(row)
        text = f"deployment status {step.state} of deployment {row.id} ({repository.full_name})"
        self._deployers.say(Said(self.user.login, "", text))
        status = deployment_statuses.create(store, repository, row, self.user, **posted_by(step))
        store.changes.append(self.posted, status.id)


@public
class Deployer:
    """A scripted deployer: see ``FakeGitHub.deployer``."""

    def __init__(self, deployers: Deployers, party: Party) -> None:
        """Create the handle of *party*."""
        self._deployers = deployers
        self._party = party
        self._store = party.store

    def __repr__(self) -> str:
        posted = ", ".join(status.state for status in self.posted) or "nothing"
        return f"<Deployer {self.login} to {self.environment or 'all environments'}: has posted {posted}>"

    @property
    def login(self) -> str:
        """The login of the account that posts the deployment statuses."""
        return self._party.user.login

    @property
    def environment(self) -> str | None:
        """The name of the environment; ``None`` for all environments."""
        return self._party.script.environment

    @property
    def deployments(self) -> list[Deployment]:
        """The existing deployments that the deployer has noticed, oldest first."""
        with self._store.lock:
            rows = self._store.deployments
            return [Deployment(self._store, row_id) for row_id in self._party.noticed if rows.get(row_id)]

    @property
    def posted(self) -> list[DeploymentStatus]:
        """The existing deployment statuses that the deployer has posted, oldest first."""
        with self._store.lock:
            rows = self._store.deployment_statuses
            return [DeploymentStatus(self._store, row_id) for row_id in self._party.posted if rows.get(row_id)]

    @property
    def __name__(self) -> str:
        """The name of the deployer as a receiver of webhooks: its login."""
        return self.login

    def __call__(self, delivery: Delivery) -> None:
        """Receive a delivery: see ``receive``."""
        self.receive(delivery)

    def receive(self, delivery: Delivery) -> None:
        """
        Receive a delivery, as the target of a subscription. The deployer itself can be the target too.

        The deployer ignores events other than ``deployment``, deployments that
        do not match its environment and repository, and deployments that it has
        already noticed.
        """
        if delivery.event != "deployment":
            return
        with self._store.outbox, self._store.lock, self._store.changes:
            row = self._store.deployments.get(delivery.payload["deployment"]["id"])
            if row and not self._store.retired:
                self._party.notice(row)
                self._deployers.keep()


class Deployers:
    """The scripted deployers of a fake. The caller holds the store's lock."""

    def __init__(self, store: Store, say: Callable[[Said], None], fail: Callable[[BaseException], None]) -> None:
        """Start without deployers. They call *say* before they post, and *fail* if the test's own code raises."""
        self._store = store
        self._all: list[Party] = []
        self._next_id = store.deployments.next_id
        self.say = say
        self.fail = fail
        keep_diary(store.clock, self)
        store.afterwards.append(self.look)

    def add(
        self,
        environment: str | None,
        *,
        repository: str | None,
        steps: Sequence[DeploymentState | Step],
        after_polls: int | None,
        after_seconds: float | None,
        fails_on: Callable[[Deployment], object] | None,
        fails_with: DeploymentState | Step,
        login: str,
        by_webhook: bool,
        log_url: str,
        environment_url: str,
        description: str,
    ) -> Deployer:
        """
        Add a deployer. The arguments are those of ``FakeGitHub.deployer``.

        Raises:
            FakeError: An argument is invalid. Nothing was added.
        """
        check_type("environment", environment, (str, type(None)), "a string, or None for all environments")
        check_type("repository", repository, (str, type(None)), "a full name, or None for all repositories")
        check_type("by_webhook", by_webhook, bool, "True or False")
        check_type("steps", steps, (list, tuple), "a list of states and Steps")
        if not steps:
            msg = 'steps must not be empty: use at least one state, such as ["success"]'
            raise FakeError(msg, argument="steps")
        if fails_on is not None and not callable(fails_on):
            msg = f"fails_on must be a function that takes a Deployment and returns whether it fails, got {fails_on!r}"
            raise FakeError(msg, argument="fails_on")
        check_moment(after_polls, after_seconds)
        shared = Step("queued", log_url=log_url, environment_url=environment_url, description=description)
        first = replace(shared, after_polls=0)
        later = replace(shared, after_polls=1 if after_seconds is None else None, after_seconds=after_seconds)
        if after_polls is not None:
            later = replace(later, after_polls=after_polls)
        checked = tuple(complete(step, later if index else first) for index, step in enumerate(steps))
        failing = complete(fails_with, checked[-1], argument="fails_with")
        if failing.state == "success":
            msg = 'fails_with must not be a success: use "failure" or "error"'
            raise FakeError(msg, argument="fails_with")
        store = self._store
        repository_id = None
        if repository is not None:
            repository_id = repository_called(store, repository, "repository").id
        check_login(login)
        user = store.user(login)
        if user and user.type == "Organization":
            msg = f"{user.login} is an organization, which cannot post statuses: use the login of a user or a bot"
            raise FakeError(msg, argument="login")
        self.look()
        script = Script(environment, repository_id, checked, failing, fails_on, by_webhook)
        party = Party(self, store, store.ensure_user(login), script)
        store.changes.append(self._all, party)
        return Deployer(self, party)

    def look(self) -> None:
        """Show the deployers all new deployments, then let them act."""
        rows = self._store.deployments.since(self._next_id)
        self._store.changes.set(self, _next_id=self._store.deployments.next_id)
        for row in rows:
            for party in self._all:
                if not party.script.by_webhook:
                    party.notice(row)
        self.keep()

    def answered(self, exchange: Exchange) -> None:
        """Let the deployers act after a request, which may count as a poll."""
        arrived = exchange.status in _POLLED and not exchange.failure
        if exchange.method == "GET" and arrived and exchange.operation_id in _POLLS:
            pages = parse_qs(exchange.url.partition("?")[2]).get("page", ["1"])
            deployment_id = id_or_none(exchange.params["deployment_id"])
            if deployment_id is not None and pages[-1] in ("", "0", "1"):
                for party in self._all:
                    party.polled(deployment_id)
        self.look()

    def forget(self) -> None:
        """Forget what was deleted. A fake that runs for a long time calls this now and then."""
        for party in self._all:
            party.forget()

    # Called by the clock

    def next_due(self) -> datetime | None:
        """Return the time of the next step of any deployer; ``None`` if no step has a time."""
        with self._store.lock:
            return min((due for party in self._all if (due := party.next_due()) is not None), default=None)

    def keep(self) -> None:
        """Take all steps that are due."""
        with self._store.outbox, self._store.lock, self._store.changes:
            for party in self._all:
                party.act()
