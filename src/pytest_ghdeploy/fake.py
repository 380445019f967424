"""
``FakeGitHub``, the object that tests use.

The module is long because the class is the public interface: it consists of
signatures and docstrings, and other modules do the work.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.engine import Engine
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.assumptions import Assumptions
from pytest_ghdeploy.github.urls import ENTERPRISE_VERSION, PUBLIC_API
from pytest_ghdeploy.interface import accounts, assertions, tokens
from pytest_ghdeploy.interface.apps import App
from pytest_ghdeploy.interface.arguments import (
    check_ref_name,
    check_type,
    split_full_name,
    to_assumptions,
)
from pytest_ghdeploy.public import public
from pytest_ghdeploy.redaction.secrets import Secrets
from pytest_ghdeploy.report.conversation import Conversation
from pytest_ghdeploy.store.store import DEFAULT_LOGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from os import PathLike
    from types import ModuleType, TracebackType
    from typing import Self, Unpack

    from pytest_ghdeploy.admin.admin import Admin
    from pytest_ghdeploy.engine import Validate
    from pytest_ghdeploy.github.assumptions import AssumptionArguments
    from pytest_ghdeploy.github.model import AccountType, DeploymentState, Team, Token, User
    from pytest_ghdeploy.interface.assertions import Wanted
    from pytest_ghdeploy.interface.deployer import Deployer
    from pytest_ghdeploy.interface.faults import Faults
    from pytest_ghdeploy.interface.rate_limits import RateLimits
    from pytest_ghdeploy.interface.repository import Repository
    from pytest_ghdeploy.interface.requests import Requests
    from pytest_ghdeploy.interface.resources import Deployment
    from pytest_ghdeploy.interface.steps import Step
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
    A stateful, in-memory GitHub. While it is active, it answers the requests of this process's HTTP clients.

    The fixture ``ghdeploy`` is an active fake. Elsewhere, use it as a context
    manager:

        with FakeGitHub() as gh:
            gh.add_repository("octocat/example")
            ...  # requests to https://api.github.com are answered here

    Leaving the block raises errors that the code in it may have swallowed: a
    request that no endpoint could answer, a crash of the fake, or a required
    fault or stub that was not used up.
    """

    _kind: ClassVar[type[Engine]] = Engine

    def __init__(
        self,
        base_url: str = PUBLIC_API,
        *,
        validate: Validate = "requests",
        enterprise_version: str = ENTERPRISE_VERSION,
        pass_through: Sequence[str] = (),
        **assumptions: Unpack[AssumptionArguments],
    ) -> None:
        """
        Create an inactive fake.

        Args:
            base_url: The root of the API: ``https://api.github.com``,
                ``https://HOST/api/v3`` for GitHub Enterprise Server, or
                ``https://api.SUBDOMAIN.ghe.com`` for data residency.

            validate: What to check against the schemas: ``requests``, or ``all`` for requests, responses and events.

            enterprise_version: The version of GitHub Enterprise Server, such as ``3.19.0``. It is used only if
                *base_url* is the root of a GitHub Enterprise Server.

            pass_through: Hosts of GitHub's that are left to other mocks and the network, also after ``reset``. See the
                method ``pass_through``.

            assumptions: The behaviour to assume where the evidence about GitHub is divided, such as
                ``inactive_events=True``: see ``Assumptions``.

        Raises:
            FakeError: An argument is unknown or invalid.
        """
        parts = _root(base_url)
        if parts is None:
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
            assume=to_assumptions(assumptions) if assumptions else _DEFAULTS,
        )
        self.base_url = self._engine.base_url
        self.host = self._engine.host
        self.clock = self._engine.clock
        if pass_through != ():
            check_type("pass_through", pass_through, (list, tuple), "a list of hosts")
            self._engine.always_passed_through = self._to_hosts(pass_through, "pass_through")
            self._engine.passed_through = self._engine.always_passed_through
        self._is_open = False
        self._faults: Faults | None = None
        self._servers: list[LiveServer] = []

    def __repr__(self) -> str:
        return repr(self._engine)

    # Activation

    def __enter__(self) -> Self:
        """Activate the fake."""
        self.open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Deactivate the fake, and raise errors that the block has swallowed."""
        self.close()
        if exc_type is None:
            self._engine.raise_problem()
            self._engine.check_unused()

    def open(self) -> None:
        """
        Activate the fake: answer the requests of this process's HTTP clients, until ``close``.

        Raises:
            FakeError: The fake is already active.
        """
        if self._is_open:
            msg = f"this fake of {self.base_url} is already active"
            raise FakeError(msg)
        self._is_open = True
        try:
            _activation().enter(self._engine)
        except BaseException:  # an interruption
            self.close()
            raise

    def close(self) -> None:
        """Deactivate the fake, and stop all its servers. Its state and its records can still be read."""
        while self._servers:
            self._servers.pop().close()
        if self._engine.hooks:
            self._engine.hooks._shut_down()  # noqa: SLF001 - not for tests
        if self._is_open:
            _activation().leave(self._engine)
            self._is_open = False

    def reset(self) -> None:
        """
        Remove everything: repositories, accounts, tokens, hooks, events, requests, stubs, faults and rate limits.

        Scripted third parties are removed too. The clock keeps its time.
        """
        self._engine.reset()

    # Setup

    def add_repository(
        self,
        full_name: str,
        *,
        default_branch: str = "main",
        private: bool = False,
        deploy_keys_enabled: bool = True,
        environments_protected: bool = True,
    ) -> Repository:
        """
        Add a repository with one commit on its default branch.

        Args:
            full_name: Owner and name, such as ``octocat/example``. An owner that does not exist is created as a user.

            default_branch: The name of the default branch.

            private: Whether only accounts with a permission can see the repository.

            deploy_keys_enabled: Whether deploy keys can be added. GitHub disables them in new organizations.

            environments_protected: Whether environments can have protection rules. The free plan has none for private
                repositories.

        Returns:
            The handle of the repository.

        Raises:
            FakeError: A name is taken or invalid. Nothing was added.
        """
        check_type("private", private, bool, "True or False")
        check_type("deploy_keys_enabled", deploy_keys_enabled, bool, "True or False")
        check_type("environments_protected", environments_protected, bool, "True or False")
        owner, name = split_full_name(full_name)
        with self._engine.lock, self._engine.changes:
            if existing := self._engine.store.repository(full_name):
                name = existing.full_name
                msg = f"repository {name} already exists: call repository({name!r}) to get it"
                raise FakeError(msg, argument="full_name")
            check_ref_name(default_branch, argument="default_branch")
            user = self._engine.store.ensure_user(owner)
            row = self._engine.store.add_repository(
                user,
                name,
                default_branch=default_branch,
                private=private,
                deploy_keys_enabled=deploy_keys_enabled,
                environments_protected=environments_protected,
            )
            return _repository_handle()(self._engine.store, row.id)

    def repository(self, full_name: str) -> Repository:
        """
        Look up a repository by its full name, ignoring case.

        Raises:
            FakeError: The repository does not exist. The message lists the existing ones.
        """
        check_type("full_name", full_name, str, 'a string such as "owner/name"')
        with self._engine.lock, self._engine.changes:
            row = self._engine.store.repository(full_name)
            if row is None:
                known = (row.full_name for row in self._engine.store.repositories)
                raise errors.unknown("repository", full_name, known, argument="full_name")
            return _repository_handle()(self._engine.store, row.id)

    @property
    def repositories(self) -> list[Repository]:
        """The existing repositories, newest first."""
        with self._engine.lock:
            rows = sorted(self._engine.store.repositories, key=lambda row: row.id, reverse=True)
            return [_repository_handle()(self._engine.store, row.id) for row in rows]

    def add_user(self, login: str, *, type: AccountType = "User") -> User:  # noqa: A002 - GitHub's name for it
        """
        Add an account.

        Args:
            type: ``User``, ``Organization`` or ``Bot``. An account whose login ends in ``[bot]`` is always a ``Bot``.

        Raises:
            FakeError: The login is taken, or *login* or *type* is invalid. Nothing was added.
        """
        with self._engine.lock, self._engine.changes:
            return accounts.add_user(self._engine.store, login, type)

    def add_token(
        self,
        token: str,
        *,
        user: str = DEFAULT_LOGIN,
        scopes: Sequence[str] | None = None,
        permissions: Mapping[str, str] | None = None,
        repositories: Sequence[str] | None = None,
        app: str | None = None,
        expires_at: datetime | None = None,
    ) -> Token:
        """
        Add a token of *user*.

        By default every token is accepted and acts as ``octocat`` with full
        rights. After the first ``add_token``, only the tokens you added are
        accepted. A token with neither *scopes* nor *permissions* has all rights
        of its user.

        Args:
            token: The text of the token, not empty and without white space.

            user: The login of the account. An account that does not exist is created.

            scopes: The scopes of a classic token, such as ``["repo_deployment"]``.

            permissions: The permissions of a fine-grained token, such as ``{"deployments": "write"}``. If *user* is a
                bot, the token belongs to the bot's app, which is created if it does not exist: the app ``deployer``
                for ``deployer[bot]``. ``github-actions[bot]`` is GitHub Actions.

            repositories: The full names of the repositories that a token with *permissions* can access. The default
                is all repositories that its user can see; for an app all repositories.

            app: The slug of an app that acts for *user* with this token, as with ``Installation.user_token``.

            expires_at: The time, by the fake's clock, from which the token is refused. It needs a time zone.

        Returns:
            The token, with ``user``, ``kind``, ``scopes``, ``permissions``, ``app`` and ``expires_at``.

        Raises:
            FakeError: An argument is invalid, or two arguments cannot be combined. Nothing was added.
        """
        with Secrets.with_one(token), self._engine.secrets, self._engine.lock, self._engine.changes:
            added = tokens.add(
                self._engine.store,
                token,
                user,
                scopes=scopes,
                permissions=permissions,
                repositories=repositories,
                app=app,
                expires_at=expires_at,
            )
            self._engine.secrets.add(token)
            return added

    def revoke_token(self, token: str) -> None:
        """
        Revoke *token*. It is refused from now on. After the last token is revoked, no token is accepted.

        Raises:
            FakeError: The token was never added, or was already revoked.
        """
        with self._engine.lock, self._engine.changes:
            tokens.revoke(self._engine.store, token)

    @property
    def tokens(self) -> Sequence[Token]:
        """The added tokens that are not revoked, oldest first."""
        return self._engine.tokens

    def add_team(self, organization: str, name: str, *, members: Sequence[str] = ()) -> Team:
        """
        Add a team, which can review deployments and pull requests of its organization's repositories.

        Args:
            organization: The login of the organization, which is created if it does not exist.

            name: The name of the team, with at least one letter or digit.

            members: The logins of its members, who are members of the organization too. An account that does not
                exist is created as a user. Approvals of members count as those of users with write access; a team
                gives no other rights.

        Returns:
            The team, with ``id``, ``slug``, ``name``, ``organization`` and ``members``.

        Raises:
            FakeError: The team exists, *organization* is not an organization, *name* is invalid, or a member is not a
                user. Nothing was added.
        """
        with self._engine.lock, self._engine.changes:
            return accounts.add_team(self._engine.store, organization, name, members)

    def add_app(
        self,
        slug: str,
        *,
        owner: str = DEFAULT_LOGIN,
        id: int | None = None,  # noqa: A002 - GitHub's name for it
        client_id: str | None = None,
        permissions: Mapping[str, str] | None = None,
        events: Sequence[str] = ("deployment_protection_rule",),
        private_key: str | None = None,
    ) -> App:
        """
        Add a GitHub App. Until ``App.install`` is called, it is installed on all accounts.

        Args:
            slug: The name of the app in URLs: lower-case letters, digits and "-".

            owner: The login of the owner. An account that does not exist is created as a user.

            id: The id of the app, 1 or more. The default is the next free one.

            client_id: The OAuth client id. The default is made up from the id.

            permissions: The permissions of the app, such as ``{"deployments": "write"}``. The default is all that the
                fake knows.

            events: The events that the app subscribes to. With ``deployment_protection_rule`` and the permission
                ``deployments: write``, environments can have a custom deployment protection rule of the app.

            private_key: The key that signs the app's JSON web tokens: RSA, in PEM, without a password. The default is
                made when ``App.private_key`` is first read. Either needs the extra ``app``.

        Returns:
            The app. Its ``id`` is GitHub's ``integration_id``.

        Raises:
            FakeError: The slug, *id* or *client_id* is taken, or an argument is invalid. Nothing was added.
        """
        with Secrets.with_one(private_key), self._engine.lock, self._engine.changes:
            row = accounts.add_app(
                self._engine.store,
                slug,
                owner,
                app_id=id,
                client_id=client_id,
                permissions=permissions,
                events=events,
                private_key=private_key,
            )
            return App(self._engine.store, row.id)

    def stub(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        times: int | None = None,
        required: bool = False,
    ) -> None:
        """
        Answer *method* and *path* with a response of your own from now on, without checking the caller.

        All stubs take precedence over the fake's own endpoints. Of several
        stubs for a request, one with *query* or *body* comes first, then those
        with *times* in the order in which they were added, then the newest.

        Args:
            method: The HTTP method. A stub for ``GET`` answers ``HEAD`` too.

            path: The path below the API's root, such as ``/repos/octocat/example/pulls``. A segment ``*`` or
                ``{name}`` matches any segment.

            status: The HTTP status of the response, 200 to 599.

            json: The body of the response; ``None`` for an empty body. A function takes the request, with ``method``,
                ``path``, ``query`` and ``json``, and returns the JSON, or a tuple of the status and the JSON. An
                exception in it fails the test.

            headers: More headers of the response, such as ``{"Retry-After": "60"}``.

            query: The parameters that the query of the request must have, such as ``{"page": 2}``. Values are compared
                as strings.

            body: The members that the JSON object in the request must contain, at any depth. The items of an array
                must all match, in order.

            times: The number of requests to answer. Later ones go to the next stub, or to the fake's own endpoint. By
                default there is no limit.

            required: Whether the test fails if the stub is not used up: *times* times, or at least once.

        Raises:
            FakeError: An argument is invalid. No stub was added.
        """
        from pytest_ghdeploy.interface.stubs import stub_of  # few tests need them

        with self._engine.lock:
            self._engine.application.add_stub(
                stub_of(
                    method,
                    path,
                    status=status,
                    json=json,
                    headers=headers,
                    query=query,
                    body=body,
                    times=times,
                    required=required,
                    prefix=self._engine.prefix,
                )
            )

    def seed(self, source: str | PathLike[str] | Mapping[str, Any]) -> None:
        """
        Load state from a seed file: see "Seed files" in docs/reference.md.

        Existing state stays. ``reset`` removes seeded state too.

        Args:
            source: The path of a YAML, TOML or JSON file, relative to the working directory; or a mapping of the same
                shape, such as ``{"repositories": [{"full_name": "octocat/example", "branches": ["topic"]}]}``.

        Raises:
            FakeError: The file cannot be read, a key is unknown or missing, or a value is invalid. The message names
                the file, the path of the value in it and, for YAML, the line, but no secrets. Nothing was added.
        """
        __tracebackhide__ = True
        try:
            self._seed(source)
        except FakeError as problem:
            # The traceback inside the fake does not help a test's author, and its values contain secrets.
            raise problem.with_traceback(None) from None

    def _seed(self, source: str | PathLike[str] | Mapping[str, Any]) -> None:
        from pytest_ghdeploy.seeds.seed import Seed, rehearse  # few tests need it

        seed = Seed(source, type(self))
        with self._engine.outbox, self._engine.lock, self._engine.changes:
            scratch = FakeGitHub(
                self.base_url,
                validate=self._engine.validate,
                enterprise_version=self._engine.enterprise_version,
                **asdict(self._engine.assume),
            )
            scratch.clock.move_to(self.clock.now)
            scratch._engine.store.imitate(self._engine.store)
            rehearse([seed], scratch)
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
        """The rate limits: ``rate_limits.set(…)`` and ``.set_secondary(…)``."""
        from pytest_ghdeploy.interface.rate_limits import RateLimits  # few tests need them

        return RateLimits(self._engine.store)

    # Third parties

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
        Add a scripted third party that posts deployment statuses on every new deployment.

        It needs no thread: it acts right after each request, and when the clock moves.

        Args:
            environment: The environment to deploy to, ignoring case; ``None`` for all environments.

            repository: The full name of a repository; ``None`` for all repositories.

            steps: The deployment statuses to post, in order, as states or ``Step`` objects. By default the first is
                posted right after the deployment is created, and each of the others after one poll.

            after_polls: The number of polls before each step but the first. A ``Step`` can set its own.

            after_seconds: The time before each step but the first, in seconds of the fake's clock, rounded up: 2.5
                counts as 3. A ``Step`` can set its own. Use either this or *after_polls*.

            log_url: The ``log_url`` of deployment statuses whose ``Step`` sets none.

            environment_url: The ``environment_url`` of deployment statuses whose ``Step`` sets none.

            description: The ``description`` of deployment statuses whose ``Step`` sets none.

            fails_on: A function that takes a ``Deployment`` and returns whether it fails. It is called when the last
                step is due, and may use the fake. An exception in it fails the test.

            fails_with: The step that replaces the last one if the deployment fails. It cannot be ``success``.

            login: The login of the account that posts. An account that does not exist is created, as a bot if the
                login ends in ``[bot]``.

            by_webhook: Whether it notices only deployments that are delivered to its method ``receive``.

        Returns:
            A handle with ``posted`` (the deployment statuses so far), ``deployments`` and ``receive``.

        Raises:
            FakeError: An argument is invalid. Nothing was added.
        """
        with self._engine.outbox, self._engine.lock, self._engine.changes:
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

    # Other hosts

    def pass_through(self, *hosts: str) -> None:
        """
        Leave hosts of GitHub's to other mocks and the network while the fake is active, until ``reset``.

        Without this, requests to hosts of GitHub's for which no fake answers are refused.

        Args:
            hosts: Names, such as ``raw.githubusercontent.com``. Each stands for itself only, not for its subdomains.

        Raises:
            FakeError: A name is not a host name, the host is not GitHub's, or an active fake answers for it. Nothing
                changes.
        """
        if not hosts:
            msg = 'pass_through needs a host, such as "raw.githubusercontent.com"'
            raise FakeError(msg, argument="hosts")
        with self._engine.lock:
            self._engine.passed_through |= self._to_hosts(hosts, "hosts")

    def _to_hosts(self, names: Sequence[str], argument: str) -> frozenset[str]:
        from pytest_ghdeploy.interface.pass_through import to_hosts  # few tests need it

        return to_hosts(names, self.host, argument)

    # Other processes

    def serve(
        self,
        port: int = 0,
        *,
        tls: bool = False,
        admin: bool = False,
        allow_hosts: Sequence[str] = (),
        proxy: bool = False,
    ) -> LiveServer:
        """
        Start a server on a port of 127.0.0.1, for subprocesses and other languages. It runs until ``close``.

        The fake need not be active: ``open`` is for clients in this process.

        Args:
            port: The port, 1 to 65535; 0 for any free port.

            tls: Whether to serve HTTPS, with a certificate made for this run. This needs the extra ``tls``.

            admin: Whether to serve the admin interface at ``/_ghdeploy``. It gives every user of this machine full
                control of the fake.

            allow_hosts: Names other than loopback names under which clients may address the server, and hosts whose
                web pages may use it. Requests for other names and from other pages are refused with a 403.

            proxy: Whether the server is also a proxy for programs that always call GitHub by its own name, such as
                ``https://api.github.com``. It connects to no host. This needs the extra ``tls``.

        Returns:
            The server, with ``url``, ``api_url``, ``env`` for a subprocess and ``ca_file``; as a proxy also with
            ``proxy_env`` for a subprocess. It is a context manager.

        Raises:
            FakeError: *port* or *allow_hosts* is invalid, the port is taken, or the extra ``tls`` is not installed. No
                server was started.
        """
        from pytest_ghdeploy.server.live_server import LiveServer  # not every test needs sockets

        check_type("admin", admin, bool, "True or False")
        check_type("proxy", proxy, bool, "True or False")
        server = LiveServer(
            self._engine,
            port,
            tls=tls,
            allow_hosts=allow_hosts,
            proxy=proxy,
            another=self.serve,
            before=self._admin().answer if admin else None,
        )
        self._servers.append(server)
        self._engine.served_at.append(server.url)
        return server

    def _admin(self) -> Admin:
        from pytest_ghdeploy.admin.admin import Admin  # few tests need it

        return Admin(self, self._engine)

    def _restart(self) -> None:
        """Return to the state of a new fake: empty, without problems, at the current time."""
        self._engine.restart()

    @property
    def app(self) -> WsgiApp:
        """The fake as a WSGI application. URLs in its responses match the URL of the request."""
        from pytest_ghdeploy.server.wsgi import WsgiApp

        return WsgiApp(self._engine)

    # Records

    @property
    def events(self) -> Events:
        """The dispatched events, oldest first."""
        return self._engine.events

    @property
    def requests(self) -> Requests:
        """The requests that the fake has answered and their responses, oldest first. Credentials are redacted."""
        from pytest_ghdeploy.interface.requests import Requests  # not every test needs them

        return Requests(self._engine.requests, self._engine.prefix, self._engine.full_name)

    def assert_request(self, method: str, path: str, /, *, status: int | None = None, **fields: object) -> Exchange:
        """
        Return the newest request with this *method* and *path*; fail if no request matches.

        Args:
            path: The path below the API's root, without a query. A segment ``*`` or ``{name}`` matches any segment.

            status: The HTTP status of the response. The default is any.

            fields: Members of the JSON object in the request's body, such as ``environment="qa"``. Secrets are compared
                as they were sent, though they are never shown.

        Raises:
            AssertionError: No request matches. The message lists the closest ones.
            FakeError: GitHub has no such path, or a field is unknown.
        """
        __tracebackhide__ = True
        from pytest_ghdeploy.interface.requests import find_request

        with self._engine.secrets:
            return find_request(self.requests, method, path, status, fields)

    def assert_no_request(self, method: str, path: str, /, *, status: int | None = None, **fields: object) -> None:
        """
        Fail if a request has this *method*, *path*, *status* and *fields*, given as for ``assert_request``.

        Raises:
            AssertionError: A request matches. The message shows it.
            FakeError: GitHub has no such path, or a field is unknown.
        """
        __tracebackhide__ = True
        from pytest_ghdeploy.interface.requests import refuse_request

        with self._engine.secrets:
            refuse_request(self.requests, method, path, status, fields)

    def assert_event(self, name: str, /, **fields: object) -> Event:
        """
        Return the newest event with this *name* and these *fields*; fail if no event matches.

        Args:
            name: The name of the event, such as ``deployment_status``.

            fields: Fields of the event's own object, such as the deployment status; also ``action`` and
                ``repository``. A user can be given by login.

        Raises:
            AssertionError: No event matches. The message lists the closest ones.
            FakeError: The event or a field is unknown, or a value cannot occur, such as a state that GitHub does not
                have. The message lists the possible values.
        """
        __tracebackhide__ = True
        with self._engine.secrets:
            self._check_event(name, fields)
            return assertions.find_event(list(self.events), name, fields)

    def _check_event(self, name: str, fields: Mapping[str, object], argument: str = "name") -> None:
        __tracebackhide__ = True
        from pytest_ghdeploy.interface import event_values  # the first use of a fake need not wait for it

        with self._engine.lock:
            event_values.check_event(self._engine.store, self.events, name, fields, argument=argument)

    def assert_no_event(self, name: str, /, **fields: object) -> None:
        """
        Fail if an event has this *name* and these *fields*, given as for ``assert_event``.

        Raises:
            AssertionError: An event matches. The message shows it.
            FakeError: The event or a field is unknown, or a value cannot occur, so that the assertion could never fail.
        """
        __tracebackhide__ = True
        with self._engine.secrets:
            self._check_event(name, fields)
            assertions.refuse_event(list(self.events), name, fields)

    @property
    def webhooks(self) -> Webhooks:
        """The hooks, which deliver events to receivers, and the deliveries so far."""
        return self._engine.webhooks

    def assert_events(self, wanted: Sequence[Wanted], *, exactly: bool = True) -> list[Event]:
        """
        Check that the *wanted* events were recorded in this order.

        Args:
            wanted: The names of events, or pairs of a name and a mapping of fields as for ``assert_event``.

            exactly: Whether other events are forbidden.

        Returns:
            The matching events, in the order of *wanted*.

        Raises:
            AssertionError: The recorded events differ. The message lists them, and marks missing and unexpected ones.
            FakeError: An event or a field is unknown, or a value cannot occur.
        """
        __tracebackhide__ = True
        with self._engine.secrets:
            pairs = assertions.pairs_of(wanted)
            for name, fields in pairs:
                self._check_event(name, fields, "wanted")
            return assertions.check_order(list(self.events), pairs, exactly=exactly)

    def assert_delivery(self, event: str, /, **fields: object) -> Delivery:
        """
        Return the newest delivery of an event with these *fields*; fail if no delivery matches.

        Args:
            event: The name of the event, such as ``deployment``, or ``ping``.

            fields: ``state`` (``waiting``, ``delivered``, ``failed``, ``dropped``), ``status_code``, ``status``,
                ``reason``, ``action``, ``redelivery``, ``hook_id``, ``delivery_id``.

        Raises:
            AssertionError: No delivery matches. The message lists the closest ones.
            FakeError: The event or a field is unknown, or a value cannot occur.
        """
        __tracebackhide__ = True
        from pytest_ghdeploy.interface import event_values  # the first use of a fake need not wait for it

        with self._engine.secrets:
            with self._engine.lock:
                event_values.check_delivery(self._engine.store, event, fields)
            return assertions.find_delivery(self.webhooks.deliveries, event, fields)

    def wait_for_event(self, name: str, /, timeout: float = 5.0, **fields: object) -> Event:
        """
        Wait for an event that code in another thread causes, and return it.

        An event that is already recorded counts too. Each event is returned only once, the oldest first, so two calls
        wait for two events.

        Args:
            timeout: The longest wait in seconds of real time, independent of the fake's clock.

            fields: The fields of the event, as for ``assert_event``.

        Raises:
            AssertionError: No event matched in time. The message lists the closest ones.
            FakeError: The event or a field is unknown, a value cannot occur, or *timeout* is negative; or the call
                would block the event loop that runs it: use ``async_wait_for_event`` there.
        """
        __tracebackhide__ = True
        with self._engine.secrets:
            self._check_event(name, fields)
            return self._engine.watch.wait(name, timeout, fields)

    async def async_wait_for_event(self, name: str, /, timeout: float = 5.0, **fields: object) -> Event:  # noqa: ASYNC109 - as above
        """
        Wait for an event like ``wait_for_event``, in a task of asyncio or trio. Other tasks continue.

        Raises:
            AssertionError: No event matched in time. The message lists the closest ones.
            FakeError: The event or a field is unknown, a value cannot occur, or *timeout* is negative.
        """
        __tracebackhide__ = True
        with self._engine.secrets:
            self._check_event(name, fields)
            return await self._engine.watch.wait_async(name, timeout, fields)

    def conversation_text(self) -> str:
        """Return all requests, responses, hints and events in order, the same as ``conversation.text()``."""
        return self._engine.transcript.text()

    @property
    def conversation(self) -> Conversation:
        """The conversation so far, as ``.text()``, ``.diagram()`` or ``.mermaid()``."""
        return Conversation(self._engine.transcript)


def engine_of(fake: FakeGitHub) -> Engine:
    """Return the engine of a fake. For the plugin, not for tests."""
    return fake._engine  # noqa: SLF001


@cache
def _activation() -> ModuleType:
    """Import the doors, and with them HTTP clients. An import statement in ``open`` and ``close`` costs every test."""
    from pytest_ghdeploy.doors import activation

    return activation


@cache
def _repository_handle() -> type[Repository]:
    """Import the handle of a repository, which uses most operations. A fake without repositories does not need it."""
    from pytest_ghdeploy.interface.repository import Repository

    return Repository


@lru_cache(32)
def _root(url: str) -> SplitResult | None:
    """Split the URL of the root of an API; ``None`` if it cannot be one."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return None
    is_root = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
    return parts if is_root else None


_DEFAULTS = Assumptions()
