"""
A scripted third party, for tests of code that waits for a deployment.

It hears of deployments and reports on them as a deploy service would, without
a thread: it acts between two requests, or when the fake's clock moves. What it
does goes through the operation that ``POST …/statuses`` calls.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from datetime import timedelta
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

from pytest_ghdeploy.api import deployment_statuses
from pytest_ghdeploy.api.routing import id_or_none
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.model import DEPLOYMENT_STATES, DeploymentState
from pytest_ghdeploy.github.rules import deployments as deployment_rules, environments as environment_rules
from pytest_ghdeploy.interface.arguments import advice, check_login, check_type, json_copy, one_of, repository_called
from pytest_ghdeploy.interface.resources import Deployment, DeploymentStatus
from pytest_ghdeploy.public import public
from pytest_ghdeploy.report.transcript import Said
from pytest_ghdeploy.store.clock import keep_diary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from pytest_ghdeploy.github import model
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.store.store import Store

_POLLS = frozenset({"repos/get-deployment", "repos/list-deployment-statuses", "repos/get-deployment-status"})
_ANSWERED = (200, 304)


@public
@dataclass(frozen=True, slots=True)
class Step:
    """
    One deployment status that a scripted third party posts.

    Attributes:
        after_polls: How many polls see what was before. A poll is a ``GET`` of the deployment, of its deployment
            statuses or of one of them whose answer arrives; further pages of a list belong to the poll of its first.

        after_seconds: How much time of the fake's clock passes before, in whole seconds: 2.5 are 3.

    Both are counted from the step before, or from when the third party heard
    of the deployment. What is ``None`` is as the ``Deployer`` says.
    """

    state: DeploymentState
    _: KW_ONLY
    after_polls: int | None = None
    after_seconds: float | None = None
    log_url: str | None = None
    environment_url: str | None = None
    description: str | None = None
    auto_inactive: bool = True


class Delivery(Protocol):
    """What ``Deployer.receive`` needs of a delivered event."""

    @property
    def event(self) -> str: ...  # noqa: D102 - X-GitHub-Event
    @property
    def payload(self) -> Mapping[str, Any]: ...  # noqa: D102 - the JSON object


@dataclass(frozen=True, slots=True)
class Script:
    """What a third party does, checked: each step with its moment and what it posts."""

    environment: str | None
    repository_id: int | None
    steps: tuple[Step, ...]
    failing_step: Step
    fails_on: Callable[[Deployment], object] | None
    by_webhook: bool


@dataclass(slots=True)
class _Job:
    """A deployment that a third party is busy with."""

    deployment_id: int
    since: datetime
    next_step: int = 0
    polls: int = 0


class Party:
    """What is behind a ``Deployer``. Hold the store's lock."""

    def __init__(self, deployers: Deployers, store: Store, user: model.User, script: Script) -> None:
        """Follow *script* in the name of *user*."""
        self._deployers = deployers
        self.store = store
        self.user = user
        self.script = script
        self.heard: dict[int, None] = {}
        self.posted: list[int] = []
        self._open: dict[int, _Job] = {}

    def hear(self, row: model.Deployment) -> None:
        """Take on a deployment, if it is its business and not known yet."""
        script = self.script
        if (
            row.id not in self.heard
            and script.repository_id in (None, row.repository_id)
            and (
                script.environment is None
                or environment_rules.environment_key(script.environment)
                == environment_rules.environment_key(row.environment)
            )
        ):
            self.heard[row.id] = None
            self._open[row.id] = _Job(row.id, self.store.clock.now)

    def polled(self, deployment_id: int) -> None:
        """Note that somebody has looked at a deployment."""
        job = self._open.get(deployment_id)
        if job:
            job.polls += 1

    def dues(self) -> Iterator[datetime]:
        """List the times at which it wants to act."""
        for job in self._open.values():
            if (due := self._due(job)) is not None:
                yield due

    def act(self) -> None:
        """Take the steps whose moment has come."""
        for job in list(self._open.values()):
            while job.deployment_id in self._open and self._is_due(job):
                self._take(job)

    def _due(self, job: _Job) -> datetime | None:
        seconds = self.script.steps[job.next_step].after_seconds
        # The clock shows whole seconds.
        return None if seconds is None else job.since + timedelta(seconds=ceil(seconds))

    def _is_due(self, job: _Job) -> bool:
        due = self._due(job)
        if due is not None:
            return self.store.clock.now >= due
        return job.polls >= (self.script.steps[job.next_step].after_polls or 0)

    def _take(self, job: _Job) -> None:
        store, script = self.store, self.script
        step = script.steps[job.next_step]
        job.next_step += 1
        job.polls, job.since = 0, store.clock.now
        is_last = job.next_step == len(script.steps)
        row = store.deployments.get(job.deployment_id)
        if is_last or row is None:
            del self._open[job.deployment_id]
        if row is None:  # deleted meanwhile
            return
        if is_last and script.fails_on:
            store.outbox.call(partial(self._ask, row.id, script.fails_on))
        else:
            self._post(row, step)

    def _ask(self, deployment_id: int, fails_on: Callable[[Deployment], object]) -> None:
        """Ask the test's own code how it ends. No lock is held: it may ask the fake, also from other threads."""
        store = self.store
        if store.retired or not store.deployments.get(deployment_id):
            return
        try:
            fails = bool(fails_on(Deployment(store, deployment_id)))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as problem:  # noqa: BLE001 - also of pytest.fail; the tool must not be told of it
            self._deployers.fail(problem)
            return
        with store.outbox, store.lock:
            row = store.deployments.get(deployment_id)
            if row and not store.retired:
                self._post(row, self.script.failing_step if fails else self.script.steps[-1])

    def _post(self, row: model.Deployment, step: Step) -> None:
        store = self.store
        repository = store.repository_of(row)
        text = f"deployment status {step.state} of deployment {row.id} ({repository.full_name})"
        self._deployers.say(Said(self.user.login, "", text))
        app = store.app_of(self.user) if self.user.type == "Bot" else None
        made = deployment_statuses.create(store, repository, row, self.user, app, **_posted_by(step))
        self.posted.append(made.id)


@public
class Deployer:
    """A scripted third party: see ``FakeGitHub.deployer``."""

    def __init__(self, deployers: Deployers, party: Party) -> None:
        """Show what *party* does."""
        self._deployers = deployers
        self._party = party
        self._store = party.store

    def __repr__(self) -> str:
        posted = ", ".join(status.state for status in self.posted) or "nothing"
        return f"<Deployer {self.login} to {self.environment or 'all environments'}: has posted {posted}>"

    @property
    def login(self) -> str:
        """In whose name it acts."""
        return self._party.user.login

    @property
    def environment(self) -> str | None:
        """Where it deploys to, ``None`` for everywhere."""
        return self._party.script.environment

    @property
    def deployments(self) -> list[Deployment]:
        """The deployments that it has heard of and that are still there, oldest first."""
        with self._store.lock:
            there = self._store.deployments
            return [Deployment(self._store, row_id) for row_id in self._party.heard if there.get(row_id)]

    @property
    def posted(self) -> list[DeploymentStatus]:
        """The deployment statuses that it has posted and that are still there, oldest first."""
        with self._store.lock:
            there = self._store.deployment_statuses
            return [DeploymentStatus(self._store, row_id) for row_id in self._party.posted if there.get(row_id)]

    @property
    def __name__(self) -> str:
        """How it is called as a receiver of webhooks: as it is called otherwise."""
        return self.login

    def __call__(self, delivery: Delivery) -> None:
        """Be a receiver: see ``receive``."""
        self.receive(delivery)

    def receive(self, delivery: Delivery) -> None:
        """
        Hear of a deployment by webhook, as the target of a subscription. The deployer itself is one too.

        Other events than ``deployment``, deployments that are not its business
        and those that it knows already are passed over.
        """
        if delivery.event != "deployment":
            return
        with self._store.outbox, self._store.lock:
            row = self._store.deployments.get(delivery.payload["deployment"]["id"])
            if row and not self._store.retired:
                self._party.hear(row)
                self._deployers.keep()


class Deployers:
    """The scripted third parties of one fake. Hold the store's lock."""

    def __init__(self, store: Store, say: Callable[[Said], None], fail: Callable[[BaseException], None]) -> None:
        """Start with none; they *say* what they do, and *fail* the test if its own code raises."""
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
        Add one; for the arguments see ``FakeGitHub.deployer``.

        Raises:
            FakeError: One of them makes no sense. Nothing was added.
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
        _check_moment(after_polls, after_seconds)
        texts = Step("queued", log_url=log_url, environment_url=environment_url, description=description)
        first = replace(texts, after_polls=0)
        later = replace(texts, after_polls=1 if after_seconds is None else None, after_seconds=after_seconds)
        if after_polls is not None:
            later = replace(later, after_polls=after_polls)
        checked = tuple(_checked(step, later if place else first) for place, step in enumerate(steps))
        failing = _checked(fails_with, checked[-1], argument="fails_with")
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
        self._all.append(party)
        return Deployer(self, party)

    def look(self) -> None:
        """Let them hear of the deployments made since the last time, and act."""
        rows = self._store.deployments.since(self._next_id)
        self._next_id = self._store.deployments.next_id
        for row in rows:
            for party in self._all:
                if not party.script.by_webhook:
                    party.hear(row)
        self.keep()

    def answered(self, exchange: Exchange) -> None:
        """Let them act after a request, which may have been a poll, has been answered."""
        arrived = exchange.status in _ANSWERED and not exchange.failure
        if exchange.method == "GET" and arrived and exchange.operation_id in _POLLS:
            pages = parse_qs(exchange.url.partition("?")[2]).get("page", ["1"])
            deployment_id = id_or_none(exchange.params["deployment_id"])
            if deployment_id is not None and pages[-1] in ("", "0", "1"):
                for party in self._all:
                    party.polled(deployment_id)
        self.look()

    # The clock's diary

    def next_due(self) -> datetime | None:
        """Say when one of them wants to act next."""
        with self._store.lock:
            return min((due for party in self._all for due in party.dues()), default=None)

    def keep(self) -> None:
        """Let them act if their moment has come."""
        with self._store.outbox, self._store.lock:
            for party in self._all:
                party.act()


def _checked(given: DeploymentState | Step, usual: Step, *, argument: str = "steps") -> Step:
    """Fill in what a step leaves to the *usual* one."""
    called = "a step" if argument == "steps" else argument
    check_type(called, given, (str, Step), "a state, or a Step", argument=argument)
    step = given if isinstance(given, Step) else Step(given)
    one_of("deployment status state", step.state, DEPLOYMENT_STATES, argument=argument)
    _check_moment(step.after_polls, step.after_seconds)
    own = step.after_polls is not None or step.after_seconds is not None
    complete = Step(
        step.state,
        after_polls=step.after_polls if own else usual.after_polls,
        after_seconds=step.after_seconds if own else usual.after_seconds,
        log_url=usual.log_url if step.log_url is None else step.log_url,
        environment_url=usual.environment_url if step.environment_url is None else step.environment_url,
        description=usual.description if step.description is None else step.description,
        auto_inactive=step.auto_inactive,
    )
    body = json_copy("repos/create-deployment-status", **_posted_by(complete))
    with advice():
        urls = {"environment_url": body["environment_url"], "log_url": body["log_url"]}
        deployment_rules.check_deployment_status(description=body["description"], environment="", urls=urls)
    return complete


def _check_moment(after_polls: int | None, after_seconds: float | None) -> None:
    if after_polls is not None and after_seconds is not None:
        msg = f"use either after_polls={after_polls!r} or after_seconds={after_seconds!r}, not both"
        raise FakeError(msg)
    if after_polls is not None and (isinstance(after_polls, bool) or not isinstance(after_polls, int)):
        msg = f"after_polls must be a number of requests, 0 or more; got {after_polls!r}"
        raise FakeError(msg, argument="after_polls")
    if after_seconds is not None and (isinstance(after_seconds, bool) or not isinstance(after_seconds, (int, float))):
        msg = f"after_seconds must be a number of seconds, 0 or more; got {after_seconds!r}"
        raise FakeError(msg, argument="after_seconds")
    for name, value in (("after_polls", after_polls), ("after_seconds", after_seconds)):
        if value is not None and not 0 <= value < _LONGEST:
            msg = f"{name} must be 0 or more and less than {_LONGEST:,}; got {value!r}"
            raise FakeError(msg, argument=name)


_LONGEST = 365 * 24 * 60 * 60


def _posted_by(step: Step) -> dict[str, Any]:
    return {
        "state": step.state,
        "log_url": step.log_url or "",
        "environment_url": step.environment_url or "",
        "description": step.description or "",
        "auto_inactive": step.auto_inactive,
    }
