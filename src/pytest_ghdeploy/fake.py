"""``FakeGitHub``, what a test holds: a method for each thing that a test may do."""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.engine import Engine
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.model import App, Assumptions, Team, User
from pytest_ghdeploy.github.urls import ENTERPRISE_VERSION, PUBLIC_API
from pytest_ghdeploy.interface import accounts, assertions, tokens
from pytest_ghdeploy.interface.arguments import (
    check_ref_name,
    check_type,
    split_full_name,
    to_assumptions,
)
from pytest_ghdeploy.interface.repository import Repository
from pytest_ghdeploy.interface.stubs import stub_of
from pytest_ghdeploy.public import public
from pytest_ghdeploy.report.conversation import Conversation
from pytest_ghdeploy.store.store import DEFAULT_LOGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from os import PathLike
    from types import TracebackType
    from typing import Self, Unpack

    from pytest_ghdeploy.admin.admin import Admin
    from pytest_ghdeploy.engine import Validate
    from pytest_ghdeploy.github.model import AccountType, AssumptionArguments, DeploymentState, Token
    from pytest_ghdeploy.interface.assertions import Wanted
    from pytest_ghdeploy.interface.deployer import Deployer, Step
    from pytest_ghdeploy.interface.faults import Faults
    from pytest_ghdeploy.interface.rate_limits import RateLimits
    from pytest_ghdeploy.interface.resources import Deployment
    from pytest_ghdeploy.report.exchange import Exchange
    from pytest_ghdeploy.server.live_server import LiveServer
    from pytest_ghdeploy.server.wsgi import WsgiApp
    from pytest_ghdeploy.store.events import Event, Events
    from pytest_ghdeploy.webhooks.hooks import Delivery
    from pytest_ghdeploy.webhooks.webhooks import Webhooks

_VERSION = re.compile(r"\d+\.\d+\.\d+", re.ASCII)


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

    _kind: ClassVar[type[Engine]] = Engine

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
            msg = f"base_url must be the root of an API, {PUBLIC_API} or https://HOST/api/v3; got {base_url!r}"
            raise FakeError(msg, argument="base_url")
        if validate not in ("requests", "all"):
            msg = f'validate must be "requests" or "all", got {validate!r}'
            raise FakeError(msg, argument="validate")
        if not isinstance(enterprise_version, str) or not _VERSION.fullmatch(enterprise_version):
            msg = f"enterprise_version must be a version of GitHub Enterprise Server such as {ENTERPRISE_VERSION!r}; "
            raise FakeError(f"{msg}got {enterprise_version!r}", argument="enterprise_version")
        self._engine = self._kind(
            base_url.rstrip("/"),
            parts,
            validate=validate,
            enterprise_version=enterprise_version,
            assume=to_assumptions(assumptions) if assumptions else _USUAL,
        )
        self.base_url = self._engine.base_url
        self.host = self._engine.host
        self.clock = self._engine.clock
        self._is_open = False
        self._faults: Faults | None = None
        self._servers: list[LiveServer] = []

    def __repr__(self) -> str:
        return repr(self._engine)

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
            self._engine.raise_problem()
            self._engine.check_faults()

    def open(self) -> None:
        """
        Get in the way of this process' HTTP clients, until ``close``.

        Raises:
            FakeError: It is active already.
        """
        from pytest_ghdeploy.doors import activation  # imports HTTP clients

        if self._is_open:
            msg = f"this fake of {self.base_url} is already active"
            raise FakeError(msg)
        activation.enter(self._engine)
        self._is_open = True

    def close(self) -> None:
        """Get out of the way, and end all servers. What is recorded can still be read."""
        while self._servers:
            self._servers.pop().close()
        if self._engine.hooks:
            self._engine.hooks._shut_down()  # noqa: SLF001 - not for tests
        if self._is_open:
            from pytest_ghdeploy.doors import activation

            activation.leave(self._engine)
            self._is_open = False

    def reset(self) -> None:
        """
        Empty everything: repositories, accounts, tokens, hooks, events, requests, stubs, faults and rate limits.

        The clock stays where it is.
        """
        self._engine.reset()

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
        with self._engine.lock:
            if taken := self._engine.store.repository(full_name):
                name = taken.full_name
                msg = f"repository {name} already exists: call repository({name!r}) to get it"
                raise FakeError(msg, argument="full_name")
            check_ref_name(default_branch, argument="default_branch")
            user = self._engine.store.ensure_user(owner)
            return Repository(
                self._engine.store,
                self._engine.store.add_repository(user, name, default_branch=default_branch, private=private).id,
            )

    def repository(self, full_name: str) -> Repository:
        """
        Look a repository up, without regard to case.

        Raises:
            FakeError: It was never added. The message names those that were.
        """
        check_type("full_name", full_name, str, 'a string such as "owner/name"')
        with self._engine.lock:
            row = self._engine.store.repository(full_name)
            if row is None:
                known = (row.full_name for row in self._engine.store.repositories)
                raise errors.unknown("repository", full_name, known, argument="full_name")
            return Repository(self._engine.store, row.id)

    def add_user(self, login: str, *, type: AccountType = "User") -> User:  # noqa: A002 - GitHub's name for it
        """
        Add an account.

        Args:
            type: ``User``, ``Organization`` or ``Bot``; whose login ends in ``[bot]`` is a ``Bot`` in any case.

        Raises:
            FakeError: It exists, or *login* or *type* is none. Nothing was added.
        """
        with self._engine.lock:
            return accounts.add_user(self._engine.store, login, type)

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
        with self._engine.lock:
            added = tokens.add(
                self._engine.store,
                token,
                user,
                scopes=scopes,
                permissions=permissions,
                repositories=repositories,
                expires_at=expires_at,
            )
            self._engine.secrets.add(token)
            return added

    def revoke_token(self, token: str) -> None:
        """
        Accept *token* no more. If it was the last one, none is accepted from then on.

        Raises:
            FakeError: It was never added, or has been revoked.
        """
        with self._engine.lock:
            tokens.revoke(self._engine.store, token)

    @property
    def tokens(self) -> Sequence[Token]:
        """The tokens that were added and not revoked, in that order."""
        return self._engine.tokens

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
        with self._engine.lock:
            return accounts.add_team(self._engine.store, organization, name)

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
        with self._engine.lock:
            return accounts.add_app(self._engine.store, slug, owner)

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
        with self._engine.lock:
            self._engine.application.stubs.append(
                stub_of(method, path, status=status, json=json, headers=headers, prefix=self._engine.prefix)
            )

    def seed(self, source: str | PathLike[str] | Mapping[str, Any]) -> None:
        """
        Set the scene that a file spells, with this very Python interface: see "Seed files" in docs/reference.md.

        What is there already stays; ``reset`` empties what was seeded too.

        Args:
            source: The path of a YAML, TOML or JSON file, relative to the working directory; or a mapping of the same
                shape, such as ``{"repositories": [{"full_name": "octocat/example", "branches": ["topic"]}]}``.

        Raises:
            FakeError: The file cannot be read, a key is unknown or missing, or a value makes no sense. The message
                names the file and the path in it, in YAML the line too, and never a secret. Nothing has changed.
        """
        __tracebackhide__ = True
        try:
            self._seed(source)
        except FakeError as problem:
            # The way to where it was found out tells a test's author nothing, and is full of secrets.
            raise problem.with_traceback(None) from None

    def _seed(self, source: str | PathLike[str] | Mapping[str, Any]) -> None:
        from pytest_ghdeploy.seeds.seed import Seed  # few tests have one

        seed = Seed(source, type(self))
        with self._engine.outbox, self._engine.lock:
            # A refusal must change nothing, so it is carried out first where it does no harm.
            scratch = FakeGitHub(
                self.base_url,
                validate=self._engine.validate,
                enterprise_version=self._engine.enterprise_version,
                **asdict(self._engine.assume),
            )
            scratch.clock.move_to(self.clock.now)
            scratch._engine.store.imitate(self._engine.store)
            scratch.webhooks.hold()  # and nobody hears of it
            seed.carry_out(scratch)
            seed.carry_out(self)

    @property
    def faults(self) -> Faults:
        """Failures on demand: ``faults.add(method=…, path=…, status=…)``."""
        if self._faults is None:
            from pytest_ghdeploy.interface.faults import Faults  # few tests need them

            self._faults = Faults(self._engine.faults, self._engine.prefix)
        return self._faults

    @property
    def rate_limits(self) -> RateLimits:
        """Who is refused for asking too often: ``rate_limits.set(…)`` and ``.set_secondary(…)``."""
        from pytest_ghdeploy.interface.rate_limits import RateLimits  # few tests need them

        return RateLimits(self._engine.store)

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
        with self._engine.outbox, self._engine.lock:
            return self._engine.deployers.add(
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
        server = LiveServer(
            self._engine, port, tls=tls, another=self.serve, before=self._admin().answer if admin else None
        )
        self._servers.append(server)
        return server

    def _admin(self) -> Admin:
        from pytest_ghdeploy.admin.admin import Admin  # few tests are asked from outside

        return Admin(self, self._engine)

    def _start_anew(self) -> None:
        """Be as a new fake is: empty, without problems, and at the current time."""
        self._engine.start_anew()

    @property
    def app(self) -> WsgiApp:
        """The fake as a WSGI application; URLs in its answers follow the place where it is asked."""
        from pytest_ghdeploy.server.wsgi import WsgiApp

        return WsgiApp(self._engine)

    # What happened

    @property
    def events(self) -> Events:
        """The record of dispatched events, oldest first."""
        return self._engine.events

    @property
    def requests(self) -> Sequence[Exchange]:
        """Every request the fake answered, oldest first, with its answer; credentials are redacted."""
        return self._engine.requests

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
        with self._engine.secrets:
            return assertions.find_event(list(self.events), name, fields)

    def assert_no_event(self, name: str, /, **fields: object) -> None:
        """
        See to it that there is no event of this *name* whose own object has these *fields*.

        Raises:
            AssertionError: There is one.
            FakeError: There is no such event or field on GitHub.
        """
        __tracebackhide__ = True
        with self._engine.secrets:
            assertions.refuse_event(list(self.events), name, fields)

    @property
    def webhooks(self) -> Webhooks:
        """The hooks: what is subscribed to events, and what was delivered."""
        return self._engine.webhooks

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
        with self._engine.secrets:
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
        with self._engine.secrets:
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
        with self._engine.secrets:
            return self._engine.watch.wait(name, timeout, fields)

    async def async_wait_for_event(self, name: str, /, timeout: float = 5.0, **fields: object) -> Event:  # noqa: ASYNC109 - as above
        """
        Wait for an event as ``wait_for_event`` does, in a task of asyncio or trio, while other tasks go on.

        Raises:
            AssertionError: None has come in time. The message shows what came near.
            FakeError: There is no such event or field on GitHub.
        """
        __tracebackhide__ = True
        with self._engine.secrets:
            return await self._engine.watch.wait_async(name, timeout, fields)

    def conversation_text(self) -> str:
        """Tell every request, answer, hint and event in order: the same as ``conversation.text()``."""
        return self._engine.transcript.text()

    @property
    def conversation(self) -> Conversation:
        """What was said, to be told or drawn: ``.text()``, ``.diagram()``, ``.mermaid()``."""
        return Conversation(self._engine.transcript)


def engine_of(fake: FakeGitHub) -> Engine:
    """Look inside: for the plugin, not for tests."""
    return fake._engine  # noqa: SLF001


@lru_cache(32)
def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return urlsplit("")


_USUAL = Assumptions()
