"""The object that tests hold: store, application, doors and events, joined."""

from __future__ import annotations

import json as json_module
import re
from dataclasses import asdict, fields
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit
from weakref import ref

from pytest_ghdeploy import errors
from pytest_ghdeploy.errors import FakeError, UnsupportedRequest
from pytest_ghdeploy.github.model import ACCOUNT_TYPES, App, Assumptions, Team, User
from pytest_ghdeploy.github.urls import ENTERPRISE_VERSION, PUBLIC_API, Urls
from pytest_ghdeploy.http.application import Application
from pytest_ghdeploy.http.authentication import token_of
from pytest_ghdeploy.http.messages import Answer, Request, Stub
from pytest_ghdeploy.interface import assertions, tokens
from pytest_ghdeploy.interface.arguments import (
    check_login,
    check_path,
    check_ref_name,
    check_type,
    headers_of,
    split_full_name,
)
from pytest_ghdeploy.interface.repository import Repository
from pytest_ghdeploy.public import public
from pytest_ghdeploy.redaction import Secrets, without_credentials, without_secret_members, without_secrets
from pytest_ghdeploy.report import transcript
from pytest_ghdeploy.report.conversation import Conversation
from pytest_ghdeploy.report.exchange import Exchange, Headers, blotted
from pytest_ghdeploy.report.transcript import Transcript
from pytest_ghdeploy.store.clock import Clock, keep_diary
from pytest_ghdeploy.store.events import Events
from pytest_ghdeploy.store.lock import Turns
from pytest_ghdeploy.store.store import ACTIONS, DEFAULT_LOGIN, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from os import PathLike
    from types import TracebackType
    from typing import Self, Unpack

    from pytest_ghdeploy.admin.admin import Admin
    from pytest_ghdeploy.github.model import AccountType, AssumptionArguments, DeploymentState, Token
    from pytest_ghdeploy.interface.assertions import Wanted
    from pytest_ghdeploy.interface.deployer import Deployer, Deployers, Step
    from pytest_ghdeploy.interface.fault_plan import FaultPlan
    from pytest_ghdeploy.interface.faults import Faults
    from pytest_ghdeploy.interface.rate_limits import RateLimits
    from pytest_ghdeploy.interface.resources import Deployment
    from pytest_ghdeploy.interface.waiting import Watch
    from pytest_ghdeploy.server.live_server import LiveServer
    from pytest_ghdeploy.server.wsgi import WsgiApp
    from pytest_ghdeploy.store.events import Event
    from pytest_ghdeploy.webhooks.hooks import Delivery, Webhooks

Validate = Literal["requests", "all"]

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VERSION = re.compile(r"\d+\.\d+\.\d+", re.ASCII)
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


@public
class FakeGitHub:
    """
    A stateful GitHub in memory, in the way of this process' HTTP clients while it is active.

    The fixture ``ghdeploy`` gives an active one; elsewhere it is a context
    manager::

        with FakeGitHub() as gh:
            gh.add_repository("octocat/example")
            ...  # requests to https://api.github.com are answered here

    Leaving the block raises what went wrong unnoticed: a request that no
    endpoint could answer, or a crash of the fake.
    """

    def __init__(
        self,
        base_url: str = PUBLIC_API,
        *,
        validate: Validate = "requests",
        enterprise_version: str = ENTERPRISE_VERSION,
        **assumptions: Unpack[AssumptionArguments],
    ) -> None:
        """
        Make a fake that is not active yet.

        Args:
            base_url: The root of its API: ``https://api.github.com``,
                ``https://HOST/api/v3`` for GitHub Enterprise Server, or
                ``https://api.SUBDOMAIN.ghe.com`` for data residency.

            validate: ``all`` checks answers and events against the schemas too.

            enterprise_version: Of GitHub Enterprise Server, such as ``3.19.0``: counts where *base_url* is one.

            assumptions: How GitHub behaves where that is not known for
                certain, such as ``inactive_events=True``: see ``Assumptions``.

        Raises:
            FakeError: An argument is unknown or makes no sense.
        """
        parts = _split(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            msg = f"base_url is the root of an API, {PUBLIC_API} or https://HOST/api/v3, not {base_url!r}"
            raise FakeError(msg)
        if validate not in ("requests", "all"):
            msg = f'validate is "requests" or "all", got {validate!r}'
            raise FakeError(msg)
        if not isinstance(enterprise_version, str) or not _VERSION.fullmatch(enterprise_version):
            msg = f"enterprise_version is that of a GitHub Enterprise Server, such as {ENTERPRISE_VERSION!r}; "
            raise FakeError(f"{msg}got {enterprise_version!r}")
        self.base_url = base_url.rstrip("/")
        self.host = parts.hostname
        self.clock = Clock()
        self.doors: dict[str, object] = {}
        self._is_open = False
        self._prefix = parts.path.rstrip("/")
        self._validate = validate
        self._enterprise_version = enterprise_version
        self._assume = to_assumptions(assumptions) if assumptions else _USUAL
        self._urls = Urls.of(self.base_url, enterprise_version)
        self._problems: list[BaseException] = []
        self._webhooks: Webhooks | None = None
        self._lock = Turns()
        self._lock.owner = ref(self)
        self._recorded: list[Event] = []
        self._events = Events(self._recorded)
        self._faults: Faults | None = None
        self._fault_plan: FaultPlan | None = None
        self._watch: Watch | None = None
        self._servers: list[LiveServer] = []
        self._start()

    def _start(self) -> None:
        self._store = Store(self.clock, self._assume, self._urls, self._lock, self._recorded)
        self._secrets = Secrets()
        self._conversation = Transcript(self._secrets, self._lock)
        self._authorization = ""
        self._requests: list[Exchange] = []
        self._deployers: Deployers | None = None
        keep_diary(self.clock, None)
        self._application = Application(self._store, self._urls, validate_all=self._validate == "all")
        self._store.events.listeners.append(self._conversation.entries.append)
        if self._watch is not None:
            self._watch.forget()
            self._store.events.listeners.append(self._watch.notice)
        if self._webhooks:
            self._webhooks.start(self._store, self._conversation, self._secrets)
        if self._fault_plan is not None:
            self._fault_plan.start(self._application)

    def __repr__(self) -> str:
        return f"<FakeGitHub {self.base_url} {len(list(self._store.repositories))} repositories>"

    # Life

    def __enter__(self) -> Self:
        """Activate the fake."""
        self.open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Deactivate it; raise what went wrong unnoticed."""
        self.close()
        if exc_type is None:
            self.raise_problem()
            self.check_faults()

    def open(self) -> None:
        """
        Get in the way of this process' HTTP clients, until ``close``.

        Raises:
            FakeError: It is active already.
        """
        from pytest_ghdeploy.doors import activation  # imports HTTP clients

        if self._is_open:
            msg = f"this fake of {self.base_url} is active already"
            raise FakeError(msg)
        activation.enter(self)
        self._is_open = True

    def close(self) -> None:
        """Get out of the way, and end all servers. What is recorded can still be read."""
        while self._servers:
            self._servers.pop().close()
        if self._webhooks:
            self._webhooks.shut_down()
        if self._is_open:
            from pytest_ghdeploy.doors import activation

            activation.leave(self)
            self._is_open = False

    def fail(self, problem: BaseException) -> None:
        """Note a problem that must fail the test, even if the code under test swallows it."""
        self._problems.append(problem)
        self._conversation.entries.append(f"{type(problem).__name__}: {problem}")

    def take_problem(self) -> BaseException | None:
        """Hand out the first problem noted since the last call, if there is one, and forget the others."""
        problem = self._problems[0] if self._problems else None
        self._problems.clear()
        return problem

    def raise_problem(self) -> None:
        """Raise what ``take_problem`` hands out; with nothing to hand out, do nothing."""
        problem = self.take_problem()
        if problem:
            raise problem

    def check_faults(self) -> None:
        """
        See to it that each fault that is required was used up.

        Raises:
            AssertionError: One was not.
        """
        __tracebackhide__ = True
        if self._fault_plan is not None:
            with self._secrets:
                self._fault_plan.check()

    def reset(self) -> None:
        """
        Empty everything: repositories, accounts, tokens, hooks, events, requests, stubs, faults and rate limits.

        The clock stays where it is.
        """
        with self._lock:
            self._store.retired = True
            self._recorded.clear()
            self._start()

    # Setting the scene

    def add_repository(self, full_name: str, *, default_branch: str = "main", private: bool = False) -> Repository:
        """
        Add a repository with one commit on its default branch.

        Args:
            full_name: Owner and name, such as ``octocat/example``. An owner that does not exist is created as a user.

        Raises:
            FakeError: The name is taken or not a name. Nothing was added.
        """
        check_type("private", private, bool, "True or False")
        owner, name = split_full_name(full_name)
        with self._lock:
            if taken := self._store.repository(full_name):
                name = taken.full_name
                msg = f"there is a repository {name} already: repository({name!r}) looks it up"
                raise FakeError(msg)
            check_ref_name(default_branch)
            user = self._store.ensure_user(owner)
            return Repository(
                self._store,
                self._store.add_repository(user, name, default_branch=default_branch, private=private).id,
            )

    def repository(self, full_name: str) -> Repository:
        """
        Look a repository up, without regard to case.

        Raises:
            FakeError: It was never added. The message names those that were.
        """
        check_type("full_name", full_name, str, 'a text, "owner/name"')
        with self._lock:
            row = self._store.repository(full_name)
            if row is None:
                raise errors.unknown("repository", full_name, (row.full_name for row in self._store.repositories))
            return Repository(self._store, row.id)

    def add_user(self, login: str, *, type: AccountType = "User") -> User:  # noqa: A002 - GitHub's name for it
        """
        Add an account.

        Args:
            type: ``User``, ``Organization`` or ``Bot``; whose login ends in ``[bot]`` is a ``Bot`` in any case.

        Raises:
            FakeError: It exists, or *login* or *type* is none. Nothing was added.
        """
        if type not in ACCOUNT_TYPES:
            raise errors.unknown("type of account", type, ACCOUNT_TYPES)
        check_login(login)
        is_bot = login.endswith("[bot]")
        if is_bot and type == "Organization":
            msg = f"{login} is the login of a bot, and an organization is none"
            raise FakeError(msg)
        with self._lock:
            if self._store.user(login):
                msg = f"there is a user {login} already"
                raise FakeError(msg)
            return self._store.add_user(login, "Bot" if is_bot else type)

    def add_token(
        self,
        token: str,
        *,
        user: str = DEFAULT_LOGIN,
        scopes: Sequence[str] | None = None,
        permissions: Mapping[str, str] | None = None,
        repositories: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> Token:
        """
        Make *token* speak for *user*, who is created if there is no such account.

        Until a token is added, any token is accepted as user ``octocat`` with
        every right; from then on only those added are. With neither *scopes*
        nor *permissions* a token may do whatever its user may.

        Args:
            scopes: Makes it a classic token with these, such as ``["repo_deployment"]``.

            permissions: Such as ``{"deployments": "write"}``. Makes it a fine-grained token if *user* is one, and
                if it is a bot the token of the app that the bot belongs to, which is created if need be:
                ``deployer`` for ``deployer[bot]``. ``github-actions[bot]`` is GitHub Actions.

            repositories: The full names of those that a token with *permissions* is for; if not given, all that
                its user may see, and for an app all there are.

            expires_at: When it stops being accepted, by the fake's clock.

        Returns:
            The token, with ``user``, ``kind``, ``scopes``, ``permissions``, ``app`` and ``expires_at``.

        Raises:
            FakeError: *token* is empty or has white space in it, *user* is no login, or another argument makes no
                sense. Nothing was added.
        """
        with self._lock:
            added = tokens.add(
                self._store,
                token,
                user,
                scopes=scopes,
                permissions=permissions,
                repositories=repositories,
                expires_at=expires_at,
            )
            self._secrets.add(token)
            return added

    def revoke_token(self, token: str) -> None:
        """
        Accept *token* no more. If it was the last one, none is accepted from then on.

        Raises:
            FakeError: It was never added, or has been revoked.
        """
        with self._lock:
            tokens.revoke(self._store, token)

    @property
    def tokens(self) -> Sequence[Token]:
        """The tokens that were added and not revoked, in that order."""
        with self._lock:
            return tuple(token for token in self._store.tokens.values() if not token.revoked)

    def add_team(self, organization: str, name: str) -> Team:
        """
        Add a team, which can review what goes to environments of its organization's repositories.

        Args:
            organization: A login; an organization that does not exist is created.

        Returns:
            The team, with ``id``, ``slug``, ``name`` and ``organization``.

        Raises:
            FakeError: It exists, its organization is none, or *name* has no letter or digit. Nothing was added.
        """
        check_login(organization)
        check_type("name", name, str, "a text")
        slug = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
        if not slug:
            msg = f"the name of a team has a letter or digit, got {name!r}"
            raise FakeError(msg)
        with self._lock:
            store = self._store
            owner = store.user(organization)
            if owner and owner.type != "Organization":
                msg = f'{owner.login} is a {owner.type}; a team belongs to an account with type="Organization"'
                raise FakeError(msg)
            if any(team.slug == slug and team.organization is owner for team in store.teams):
                msg = f"{organization} has a team {slug} already"
                raise FakeError(msg)
            owner = owner or store.add_user(organization, "Organization")
            return store.teams.add(Team(store.teams.next_id, owner, name, slug))

    def add_app(self, slug: str, *, owner: str = DEFAULT_LOGIN) -> App:
        """
        Add a GitHub App, installed everywhere, whose custom protection rule can be enabled for environments.

        Args:
            slug: Its name in URLs, of lower-case letters, digits and "-".

            owner: A login; an account that does not exist is created as a user.

        Returns:
            The app; its ``id`` is GitHub's ``integration_id``.

        Raises:
            FakeError: It exists, or *slug* or *owner* is none. Nothing was added.
        """
        check_type("slug", slug, str, "a text")
        if not _SLUG.fullmatch(slug):
            msg = f'the slug of an app is made of lower-case letters, digits and "-"; got {slug!r}'
            raise FakeError(msg)
        check_login(owner)
        with self._lock:
            store = self._store
            if slug == ACTIONS or any(app.slug == slug for app in store.apps):
                msg = f"there is an app {slug} already"
                raise FakeError(msg)
            return store.apps.add(
                App(
                    id=store.apps.next_id,
                    slug=slug,
                    name=slug,
                    owner=store.ensure_user(owner),
                    created_at=self.clock.now,
                    permissions={"actions": "read", "deployments": "write", "metadata": "read"},
                    events=("deployment_protection_rule",),
                )
            )

    def stub(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """
        Answer *method* and *path* with a canned answer from now on, whoever asks.

        Args:
            path: Below the API's root, such as ``/repos/octocat/example/pulls``; a segment ``*`` or ``{name}``
                stands for anything. Later stubs come before earlier ones, and all before the fake's own endpoints.

            status: The HTTP status of the answer, 200 to 599.

            json: The body; ``None`` for an empty one.

            headers: Beside the content type, such as ``{"Retry-After": "60"}``.

        Raises:
            FakeError: An argument makes no sense. Nothing is stubbed.
        """
        check_type("method", method, str, "a text")
        check_path(path)
        if method.upper() not in _METHODS:
            raise errors.unknown("method", method, _METHODS)
        more = headers_of(headers)
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:  # noqa: PLR2004
            msg = f"status is an HTTP status from 200 to 599, got {status!r}"
            raise FakeError(msg)
        try:
            body = b"" if json is None else json_module.dumps(json, allow_nan=False).encode()
        except (TypeError, ValueError) as problem:
            msg = f"json is what JSON can hold: {problem}"
            raise FakeError(msg) from None
        if body and status in (204, 304):
            msg = f"an answer {status} has no body, and json gives it one"
            raise FakeError(msg)
        segments = tuple(
            None if part == "*" or part.startswith("{") else unquote(part)
            for part in path.removeprefix(self._prefix).split("/")
        )
        with self._lock:
            self._application.stubs.append(Stub(method.upper(), segments, status, body, more))

    def seed(self, source: str | PathLike[str] | Mapping[str, Any]) -> None:
        """
        Set the scene that a file spells, with this very Python interface: see "Seed files" in docs/reference.md.

        What is there already stays; ``reset`` empties what was seeded too.

        Args:
            source: The path of a YAML, TOML or JSON file, relative to the working directory; or a mapping of the same
                shape, such as ``{"repositories": [{"full_name": "octocat/example", "branches": ["topic"]}]}``.

        Raises:
            FakeError: The file cannot be read, a key is unknown or missing, or a value makes no sense. The message
                names file, line and path, and never a secret. Nothing has changed.
        """
        __tracebackhide__ = True
        try:
            self._seed(source)
        except FakeError as problem:
            # The way to where it was found out tells a test's author nothing, and is full of secrets.
            raise problem.with_traceback(None) from None

    def _seed(self, source: str | PathLike[str] | Mapping[str, Any]) -> None:
        from pytest_ghdeploy.seeds.seed import Seed  # few tests have one

        seed = Seed(source)
        with self._lock:
            # First where it does no harm.
            scratch = FakeGitHub(
                self.base_url,
                validate=self._validate,
                enterprise_version=self._enterprise_version,
                **asdict(self._assume),
            )
            scratch.clock.move_to(self.clock.now)
            scratch._store.imitate(self._store)
            scratch.webhooks.hold()  # and nobody hears of it
            items = seed.items(scratch)
            seed.carry_out(items, scratch)
            seed.carry_out(items, self)

    @property
    def faults(self) -> Faults:
        """Failures on demand: ``faults.add(method=…, path=…, status=…)``."""
        if self._faults is None:
            from pytest_ghdeploy.interface.fault_plan import FaultPlan  # few tests need them
            from pytest_ghdeploy.interface.faults import Faults

            self._fault_plan = FaultPlan(self._application, self._lock, lambda: self.requests)
            self._faults = Faults(self._fault_plan, self._prefix)
        return self._faults

    @property
    def rate_limits(self) -> RateLimits:
        """Who is refused for asking too often: ``rate_limits.set(…)`` and ``.set_secondary(…)``."""
        from pytest_ghdeploy.interface.rate_limits import RateLimits  # few tests need them

        return RateLimits(self._store)

    # Who answers

    def deployer(
        self,
        environment: str | None = "production",
        *,
        repository: str | None = None,
        steps: Sequence[DeploymentState | Step] = ("queued", "in_progress", "success"),
        after_polls: int | None = None,
        after_seconds: float | None = None,
        log_url: str = "",
        environment_url: str = "",
        description: str = "",
        fails_on: Callable[[Deployment], object] | None = None,
        fails_with: DeploymentState | Step = "failure",
        login: str = "deployer[bot]",
        by_webhook: bool = False,
    ) -> Deployer:
        """
        Let a scripted third party report on each deployment that is made from now on.

        It needs no thread: it acts right after a request was answered, and when the clock moves.

        Args:
            environment: Where it deploys to, compared without case; ``None`` for everywhere.

            repository: A full name; ``None`` for all repositories.

            steps: What it posts, in this order: states, or ``Step`` objects. The first comes at once, after the
                deployment has been made, each other after one poll, unless something else is said.

            after_polls: How many polls see what was before, for each step but the first that does not say.

            after_seconds: How many whole seconds of the fake's clock pass, likewise (2.5 are 3); one of the two.

            log_url, environment_url, description: Of each deployment status whose step has none of its own.

            fails_on: Takes a ``Deployment`` and says whether it fails. It is asked when the last step is to come, and
                may ask the fake itself. What it raises fails the test in the end.

            fails_with: What comes in place of the last step then.

            login: In whose name it acts; an account that does not exist is created, as a bot if it ends in ``[bot]``.

            by_webhook: Whether it hears only of the deployments that its method ``receive`` gets delivered.

        Returns:
            A handle with ``posted``, the deployment statuses so far, ``deployments`` and ``receive``.

        Raises:
            FakeError: An argument makes no sense. Nothing has changed.
        """
        with self._lock:
            if self._deployers is None:
                from pytest_ghdeploy.interface.deployer import Deployers  # few tests need one

                self._deployers = Deployers(self._store, self._conversation.entries.append, self.fail)
            return self._deployers.add(
                environment,
                repository=repository,
                steps=steps,
                after_polls=after_polls,
                after_seconds=after_seconds,
                log_url=log_url,
                environment_url=environment_url,
                description=description,
                fails_on=fails_on,
                fails_with=fails_with,
                login=login,
                by_webhook=by_webhook,
            )

    # Beyond this process

    def serve(self, port: int = 0, *, tls: bool = False, admin: bool = False) -> LiveServer:
        """
        Answer on a port of 127.0.0.1 too, for subprocesses and other languages, until ``close``.

        It needs no ``open``: that is for this process' clients.

        Args:
            port: 0 for one that is free.

            tls: Speak HTTPS, with a certificate made for this run. Needs the extra ``tls``.

            admin: Answer below ``/_ghdeploy`` too, where whoever is on this machine may do what Python may do here.

        Returns:
            The server: ``url``, ``api_url``, ``env`` for a subprocess, ``ca_file``; also a context manager.

        Raises:
            FakeError: *port* is none, or taken; or what *tls* needs is not installed. Nothing is started.
        """
        from pytest_ghdeploy.server.live_server import LiveServer  # not every test needs sockets

        check_type("admin", admin, bool, "True or False")
        server = LiveServer(self, port, tls=tls, before=self._admin().answer if admin else None)
        self._servers.append(server)
        return server

    def _admin(self) -> Admin:
        from pytest_ghdeploy.admin.admin import Admin  # few tests are asked from outside

        return Admin(self)

    @property
    def app(self) -> WsgiApp:
        """The fake as a WSGI application; URLs in its answers follow the place where it is asked."""
        from pytest_ghdeploy.server.wsgi import WsgiApp

        return WsgiApp(self)

    # What happened

    @property
    def events(self) -> Events:
        """The record of dispatched events, oldest first."""
        return self._events

    @property
    def requests(self) -> Sequence[Exchange]:
        """Every request the fake answered, oldest first, with its answer; credentials are redacted."""
        # Blotted only now, so that a token counts that was shown later.
        with self._lock:
            return tuple(blotted(exchange, self._secrets) for exchange in self._requests)

    def assert_event(self, name: str, /, **fields: object) -> Event:
        """
        Find the newest event of this *name* whose own object has these *fields*.

        Args:
            fields: Of the deployment, deployment status, commit status, …; also ``action`` and ``repository``.
                A user may be given by login.

        Raises:
            AssertionError: There is none. The message shows what came near.
            FakeError: There is no such event or field on GitHub.
        """
        __tracebackhide__ = True
        with self._secrets:
            return assertions.find_event(list(self.events), name, fields)

    def assert_no_event(self, name: str, /, **fields: object) -> None:
        """
        See to it that there is no event of this *name* whose own object has these *fields*.

        Raises:
            AssertionError: There is one.
            FakeError: There is no such event or field on GitHub.
        """
        __tracebackhide__ = True
        with self._secrets:
            assertions.refuse_event(list(self.events), name, fields)

    @property
    def webhooks(self) -> Webhooks:
        """The hooks: what is subscribed to events, and what was delivered."""
        with self._lock:
            if self._webhooks is None:
                from pytest_ghdeploy.webhooks.hooks import Webhooks

                self._webhooks = Webhooks(self.fail)
                self._webhooks.start(self._store, self._conversation, self._secrets)
            return self._webhooks

    def assert_events(self, wanted: Sequence[Wanted], *, exactly: bool = True) -> list[Event]:
        """
        See to it that the events *wanted* were recorded in this order.

        Args:
            wanted: Names, or pairs of a name and a mapping of fields as ``assert_event`` takes them.

            exactly: Whether these must be all events there are; if not, others may come between them.

        Returns:
            The events, one for each.

        Raises:
            AssertionError: They were not. The message shows what came, and marks what is missing and what is too much.
            FakeError: There is no such event or field on GitHub.
        """
        __tracebackhide__ = True
        with self._secrets:
            return assertions.check_order(list(self.events), wanted, exactly=exactly)

    def assert_delivery(self, event: str, /, **fields: object) -> Delivery:
        """
        Find the newest delivery of an event to a hook that has these *fields*.

        Args:
            fields: ``state`` (``waiting``, ``delivered``, ``failed``, ``dropped``), ``status_code``, ``status``,
                ``reason``, ``action``, ``redelivery``, ``hook_id``, ``delivery_id``.

        Raises:
            AssertionError: There is none. The message shows what came near.
            FakeError: There is no such event or field.
        """
        __tracebackhide__ = True
        with self._secrets:
            return assertions.find_delivery(self.webhooks.deliveries, event, fields)

    def wait_for_event(self, name: str, /, timeout: float = 5.0, **fields: object) -> Event:
        """
        Wait for an event that code in another thread brings about.

        An event that was recorded before counts too. Each is given out once, the oldest first: to wait twice is to
        wait for two events.

        Args:
            timeout: In seconds of real time, whatever the fake's clock says.

            fields: As for ``assert_event``.

        Raises:
            AssertionError: None has come in time. The message shows what came near.
            FakeError: There is no such event or field on GitHub.
        """
        __tracebackhide__ = True
        with self._secrets:
            return self._watched().wait(name, timeout, fields)

    async def async_wait_for_event(self, name: str, /, timeout: float = 5.0, **fields: object) -> Event:  # noqa: ASYNC109 - as above
        """
        Wait for an event as ``wait_for_event`` does, in a task of asyncio or trio, while other tasks go on.

        Raises:
            AssertionError: None has come in time. The message shows what came near.
            FakeError: There is no such event or field on GitHub.
        """
        __tracebackhide__ = True
        with self._secrets:
            return await self._watched().wait_async(name, timeout, fields)

    def _watched(self) -> Watch:
        with self._lock:
            if self._watch is None:
                from pytest_ghdeploy.interface.waiting import Watch  # few tests wait

                self._watch = Watch(self._events)
                self._store.events.listeners.append(self._watch.notice)
            return self._watch

    def conversation_text(self) -> str:
        """Tell every request, answer, hint and event in order: the same as ``conversation.text()``."""
        return self._conversation.text()

    @property
    def conversation(self) -> Conversation:
        """What was said, to be told or drawn: ``.text()``, ``.diagram()``, ``.mermaid()``."""
        return Conversation(self._conversation)

    def report_text(self) -> str:
        """Tell the conversation as a failing test's report does: drawn, if more than two take part in it."""
        return self._conversation.report()

    # For a fake that is asked from outside, and may run long

    def start_anew(self) -> None:
        """Be as a new fake is: empty, without problems, and at the current time."""
        with self._lock:
            self.reset()
            self._problems.clear()
            self.clock.move_to(Clock().now)

    def list_problems(self) -> list[str]:
        """Tell what would fail a test: what went wrong unnoticed, and faults that are not used up. It stays so."""
        with self._lock:
            told = [f"{type(problem).__name__}: {problem}" for problem in self._problems]
            try:
                self.check_faults()
            except AssertionError as problem:
                told.append(str(problem))
            return [self._secrets.blot(line) for line in told]

    def blot(self, text: str) -> str:
        """Copy *text* without the secrets that are known."""
        return self._secrets.blot(text)

    def forget(self, keep: int) -> None:
        """Keep at least the last *keep* requests, events, problems and deliveries, and about twice as many at most."""
        with self._lock:
            for records in (self._recorded, self._problems):
                if len(records) > 2 * keep:
                    del records[:-keep]
            if len(self._requests) > 2 * keep:
                if self._fault_plan is not None:
                    self._fault_plan.forget_requests(len(self._requests) - keep)
                del self._requests[:-keep]
            if self._conversation.forget(keep):
                rows = [row for row in self._store.hook_deliveries if row.state != "waiting"]
                for row in rows[:-keep]:
                    self._store.hook_deliveries.remove(row)

    # For doors

    def accept(self, left: Any) -> Any:  # noqa: ANN401 - a delivery, or a function to be called
        """Put what is to be delivered in its place, while the lock is held."""
        return left if callable(left) else self.webhooks.accept(left)

    def deliver(self, left: list[Any]) -> None:
        """Deliver, or call, what a call has left for its end, in this thread, which holds the lock no more."""
        for is_function, things in groupby(left, callable):
            if is_function:
                for function in things:
                    function()
            else:
                self.webhooks.deliver(list(things))

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, root: str = "") -> Answer:
        """
        Answer a request that a door let in, and record it. The names of *headers* are in lower case.

        Args:
            root: Where the root of the API is for who asks, if not at ``base_url``; URLs in the answer follow it.

        Raises:
            UnsupportedRequest: GitHub has such an endpoint, the fake has not.
        """
        __tracebackhide__ = True
        parts = urlsplit(url)
        authorization = headers.get("authorization")
        with self._lock:
            if authorization and authorization != self._authorization:
                self._authorization = authorization
                self._secrets.show(token_of(authorization))
            place = len(self._conversation.entries)
            try:
                path = self._below_root(parts.path, urlsplit(root).path if root else self._prefix)
                request = Request(method.upper(), path, parts.query, headers, body)
                answer = self._application.handle(request, self._urls.at(root) if root else None)
            except UnsupportedRequest as problem:
                problem.args = (self._secrets.blot(str(problem)),)
                self.fail(problem)
                _raise(problem)
            except Exception as problem:
                self.fail(problem)
                raise
            if body:
                body = without_secret_members(body, self._secrets)
            exchange = Exchange(
                method.upper(),
                without_credentials(url),
                path,
                Headers(without_secrets(headers)),
                body,
                answer.status,
                Headers(answer.headers),
                answer.body,
                answer.hint,
                answer.failure,
                login=self._login(authorization),
            )
            self._requests.append(exchange)
            # Before the events that it caused.
            self._conversation.entries.insert(place, exchange)
            if self._deployers is not None:
                self._deployers.answered(exchange)
            return answer

    def pause(self, seconds: float) -> None:
        """Let a client wait before it asks again: the clock moves on, and nobody sleeps."""
        self.clock.tick(seconds)
        with self._lock:
            self._conversation.entries.append(f"{transcript.WAITS} {seconds:g} s: ghdeploy.clock has moved on")

    def _login(self, authorization: str | None) -> str:
        if not authorization:
            return ""
        tokens = self._store.tokens
        token = tokens.get(token_of(authorization)) if tokens else self._store.any_token
        return token.user.login if token else ""

    def _below_root(self, path: str, prefix: str) -> str:
        if f"{path}/".startswith(f"{prefix}/"):
            return path.removeprefix(prefix) or "/"
        msg = f"{path} on {self.host} cannot be answered: the fake is the API below {self.base_url} only"
        raise UnsupportedRequest(msg)


@lru_cache(32)
def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return urlsplit("")


def _raise(problem: UnsupportedRequest) -> NoReturn:
    # The way through the fake to where it was found out tells a test's author nothing.
    raise problem.with_traceback(None)


_USUAL = Assumptions()


def to_assumptions(given: Mapping[str, Any]) -> Assumptions:
    """
    Check and convert the assumptions a test makes.

    Raises:
        FakeError: There is no such assumption, or its value is of another type.
    """
    known: dict[str, Any] = {field.name: field.default for field in fields(Assumptions)}
    for name, value in given.items():
        if name not in known:
            raise errors.unknown("argument", name, ["base_url", "validate", "enterprise_version", *known])
        if type(value) is not type(known[name]) or value < 0:
            wanted = "True or False" if isinstance(known[name], bool) else "a whole number, 0 or more"
            msg = f"{name} is {wanted}, got {value!r}"
            raise FakeError(msg)
    return Assumptions(**given)
