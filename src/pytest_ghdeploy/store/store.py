"""
The state of one GitHub: tables of rows, commit graphs, permissions, tokens and rate limits.

Rows are frozen and replaced. Ids rise in steps. Each kind of row has its own
range, so a tool that confuses two kinds gets a 404. Rows are looked up in
indexes that are built on first use, so a request costs the same with ten
thousand rows as with one.
"""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github import apps, rate_limits
from pytest_ghdeploy.github.git import Graph
from pytest_ghdeploy.github.installations import Installation
from pytest_ghdeploy.github.model import (
    App,
    CheckRun,
    CheckSuite,
    CommitStatus,
    DeployKey,
    Deployment,
    DeploymentBranchPolicy,
    DeploymentStatus,
    Environment,
    Hook,
    HookDelivery,
    Invitation,
    ProtectionRule,
    RateLimit,
    Repository,
    Team,
    Token,
    User,
)
from pytest_ghdeploy.github.rules import permissions as rules
from pytest_ghdeploy.redaction.secrets import Secrets
from pytest_ghdeploy.store.events import Recorder
from pytest_ghdeploy.store.tables import KeptTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.github.assumptions import Assumptions
    from pytest_ghdeploy.github.branch_protection import BranchProtection
    from pytest_ghdeploy.github.environment_secrets import EnvironmentSecret, EnvironmentVariable
    from pytest_ghdeploy.github.model import AccountType, Permission
    from pytest_ghdeploy.github.pull_requests import (
        CommitComment,
        IssueComment,
        Label,
        PullRequest,
        Reaction,
        Review,
    )
    from pytest_ghdeploy.github.releases import BranchRule, Release
    from pytest_ghdeploy.github.repository_settings import RepositorySettings
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.store.clock import Clock
    from pytest_ghdeploy.store.events import Event
    from pytest_ghdeploy.store.outbox import Outbox
    from pytest_ghdeploy.store.suite_reports import SuiteReport
    from pytest_ghdeploy.store.tables import Table

DEFAULT_LOGIN = "octocat"
"""The account that every token acts as until a token is added."""

# The rows of all other tables are deleted with their repository.
_NOT_OF_REPOSITORIES = frozenset({"users", "apps", "installations", "teams", "repositories"})


class Store:
    """The state of one GitHub. With several threads, hold ``lock`` for every use."""

    # The first ids are far apart. Those of deployments are as large as on github.com today.
    users = KeptTable[User](1_583_231)
    apps = KeptTable[App](15_375)
    installations = KeptTable[Installation](58_104_029)
    repositories = KeptTable[Repository](1_296_269_001)
    check_suites = KeptTable[CheckSuite](21_000_000_003)
    check_runs = KeptTable[CheckRun](33_000_000_005)
    commit_statuses = KeptTable[CommitStatus](27_000_000_011)
    deployments = KeptTable[Deployment](4_442_074_271)
    deployment_statuses = KeptTable[DeploymentStatus](12_690_168_079)
    deploy_keys = KeptTable[DeployKey](97_000_003)
    teams = KeptTable[Team](9_104_117)
    deployment_branch_policies = KeptTable[DeploymentBranchPolicy](36_147_013)
    protection_rules = KeptTable[ProtectionRule](54_208_019)
    environments = KeptTable[Environment](464_814_513)
    invitations = KeptTable[Invitation](71_300_021)
    hooks = KeptTable[Hook](301_950_017)
    # Few tests need the rest, so the modules with their rows are not imported here.
    branch_protections: KeptTable[BranchProtection] = KeptTable(38_400_043)
    branch_rules: KeptTable[BranchRule] = KeptTable(3_417_059)
    environment_secrets: KeptTable[EnvironmentSecret] = KeptTable(612_005_043)
    environment_variables: KeptTable[EnvironmentVariable] = KeptTable(733_118_047)
    releases: KeptTable[Release] = KeptTable(188_340_053)
    pull_requests: KeptTable[PullRequest] = KeptTable(1_946_300_029)
    labels: KeptTable[Label] = KeptTable(5_208_045_031)
    reviews: KeptTable[Review] = KeptTable(2_461_100_033)
    issue_comments: KeptTable[IssueComment] = KeptTable(3_012_400_037)
    commit_comments: KeptTable[CommitComment] = KeptTable(141_200_039)
    reactions: KeptTable[Reaction] = KeptTable(252_900_041)
    # Above 2**53, as on github.com, so clients that read numbers as floats round them. Rounded, they still differ.
    hook_deliveries = KeptTable[HookDelivery](1_180_000_000_000_000_023, step=1_021)

    def __init__(
        self, clock: Clock, assume: Assumptions, urls: Urls, outbox: Outbox, recorded: list[Event] | None = None
    ) -> None:
        """Start with the account ``octocat`` only. Payloads of events contain *urls*."""
        self.outbox = outbox
        self.lock = outbox.lock
        self.changes = outbox.changes
        self.retired = False
        """Whether the fake has been reset, so that this store is no longer in use."""
        self.urls = urls
        self.clock = clock
        self.assume = assume
        self.events = Recorder(recorded, self.changes)
        self.secrets = Secrets()
        """What must not be shown. The store itself keeps everything whole."""
        self.afterwards: list[Callable[[], None]] = []
        """Functions to call, with the lock held, after a deployment is created through the Python interface."""
        self.tokens: dict[str, Token] = {}
        """The tokens that tests added. While there are none, any other token is accepted too."""
        self.issued_tokens: dict[str, Token] = {}
        """The tokens that installations of apps issued."""
        self.private_keys: dict[int, str] = {}
        """The private keys in PEM, by the app's id. An app without one cannot sign."""
        self.takes_any_jwt = True
        """Whether any JSON web token is accepted: until a test adds an app."""
        self.suite_reports: dict[int, SuiteReport] = {}
        """What the check runs of each suite amount to, by the suite's id. A missing one is made from the check runs."""
        self.with_own_labels: dict[int, None] = {}
        """The ids of the repositories whose labels are in the table. All others have the default labels."""
        self._graphs: dict[int, Graph] = {}
        self._collaborators: dict[int, dict[int, Permission]] = {}
        self._rate_limits: dict[int | None, RateLimit] = {}
        self.limits: rate_limits.Limits | None = None
        """The limits set by a test, ``None`` without any."""
        self._users_by_login: dict[str, User] = {}
        self._app_ids = {apps.ACTIONS: apps.ACTIONS_ID}
        self._repository_ids: dict[str, int] = {}
        self._former_names: dict[str, int] = {}
        self.default_user = self.add_user(DEFAULT_LOGIN)

    @property
    def actions_app(self) -> App:
        """The app of GitHub Actions. It and the account ``github`` are created on first use."""
        existing = self.apps.get(apps.ACTIONS_ID)
        if existing:
            return existing
        owner = self.user(apps.GITHUB) or self.add_user(apps.GITHUB, "Organization")
        return self.apps.add(apps.actions_app(owner))

    @cached_property
    def any_token(self) -> Token:
        """The token that stands for all tokens until one is added: ``octocat``'s, without limits."""
        return Token("", self.default_user)

    def tables(self) -> dict[str, Table[Any]]:
        """List all tables by name."""
        return {name: getattr(self, name) for name, kept in vars(Store).items() if isinstance(kept, KeptTable)}

    # Accounts

    def add_user(self, login: str, account_type: AccountType = "User") -> User:
        """Create an account, which must not exist."""
        is_githubs_own = login.lower() == apps.GITHUB
        user_id = apps.GITHUB_ID if is_githubs_own else self.users.next_id
        app_id = self.app_id(apps.slug_of(login)) if account_type == "Bot" else None
        user = self.users.add(User(user_id, login, account_type, self.clock.now, app_id=app_id))
        self.changes.put(self._users_by_login, login.lower(), user)
        return user

    def user(self, login: str) -> User | None:
        """Find an account by its login, ignoring case."""
        return self._users_by_login.get(login.lower())

    def ensure_user(self, login: str) -> User:
        """Find an account, or create it."""
        return self.user(login) or self.add_user(login, self.type_of(login))

    def type_of(self, login: str) -> AccountType:
        """Return the type of an account, or the type that ``ensure_user`` would give it."""
        known = self.user(login)
        return known.type if known else "Bot" if login.endswith("[bot]") else "User"

    def permission(self, repository: Repository, user: User | None) -> Permission | None:
        """Find the right of *user*. As long as any token is accepted, every user has ``admin``."""
        if user is not None and not self.tokens:
            return "admin"
        return rules.permission(repository, user, self.granted(repository, user) if user else None)

    def is_member(self, organization: User, user: User) -> bool:
        """Return whether *user* is a member of *organization*, that is, of one of its teams."""
        return any(user in team.members for team in self.teams.where(organization=organization))

    def app_of(self, bot: User) -> App | None:
        """Find the app of a bot account, whose login is the app's slug followed by ``[bot]``."""
        if bot.app_id is None:
            return None
        return self.actions_app if bot.app_id == apps.ACTIONS_ID else self.apps.get(bot.app_id)

    def app_id(self, slug: str) -> int:
        """Return the id of the app *slug*. For an app that does not exist yet, the id is reserved."""
        if slug not in self._app_ids:
            self.changes.put(self._app_ids, slug, self.apps.reserve_id())
        return self._app_ids[slug]

    def set_app_id(self, slug: str, app_id: int) -> None:
        """Set the id of an app that does not exist yet. No other app may have it."""
        self.changes.put(self._app_ids, slug, app_id)

    def slug_of_app(self, app_id: int) -> str | None:
        """Return the slug of the app with an id, even if only the id is reserved; ``None`` without one."""
        return next((slug for slug, known in self._app_ids.items() if known == app_id), None)

    def granted(self, repository: Repository, user: User) -> Permission | None:
        """Find the right of a collaborator; ``None`` if *user* is not one."""
        return self._collaborators.get(repository.id, {}).get(user.id)

    def add_collaborator(self, repository: Repository, user: User, permission: Permission) -> None:
        """Grant *user* a right, which replaces an earlier one."""
        self.changes.put(self._collaborators.setdefault(repository.id, {}), user.id, permission)

    def remove_collaborator(self, repository: Repository, user: User) -> None:
        """Remove *user* from the collaborators, if present."""
        granted = self._collaborators.get(repository.id, {})
        # They are listed in their order, so an interruption restores all of them.
        self.changes.undo_with(partial(self._collaborators.__setitem__, repository.id, granted.copy()))
        granted.pop(user.id, None)

    def collaborators_on(self, repository: Repository) -> list[tuple[User, Permission]]:
        """List the collaborators with their rights, in the order in which they were added."""
        granted = self._collaborators.get(repository.id, {})
        return [(user, right) for user_id, right in granted.items() if (user := self.users.get(user_id))]

    def collaborators(self, owner: User) -> int:
        """Count the collaborators on all private repositories of *owner*."""
        private = self.repositories.where(owner=owner, private=True)
        return len({user_id for row in private for user_id in self._collaborators.get(row.id, ())})

    # Repositories

    def add_repository(
        self,
        owner: User,
        name: str,
        *,
        default_branch: str,
        private: bool,
        empty: bool = False,
        settings: RepositorySettings | None = None,
        deploy_keys_enabled: bool = True,
        environments_protected: bool = True,
    ) -> Repository:
        """Create a repository, which must not exist: with one commit on its default branch, or *empty*."""
        now = self.clock.now
        row = Repository(self.repositories.next_id, owner, name, private, default_branch, now, now, now)
        row = row._replace(
            settings=settings or row.settings,
            deploy_keys_enabled=deploy_keys_enabled,
            environments_protected=environments_protected,
        )
        self.repositories.add(row)
        self._name(row)
        graph = Graph(row.full_name, owner, now, default_branch, empty=empty)
        graph.pending = self.changes
        self.changes.put(self._graphs, row.id, graph)
        return row

    def _name(self, row: Repository) -> None:
        key = row.full_name.lower()
        self.changes.put(self._repository_ids, key, row.id)
        # Once another repository takes a former name, it no longer redirects.
        self.changes.drop(self._former_names, key)

    def change_repository(self, row: Repository) -> Repository:
        """Replace the row with the same id. A former name redirects here until another repository takes it."""
        old = self.repositories.get(row.id)
        if old and old.full_name != row.full_name:
            key = old.full_name.lower()
            self.changes.drop(self._repository_ids, key)
            self.changes.put(self._former_names, key, row.id)
            self._name(row)
        return self.repositories.replace(row)

    def remove_repository(self, row: Repository) -> None:
        """Delete a repository with everything in it."""
        for suite in self.check_suites.where(repository_id=row.id):
            self.suite_reports.pop(suite.id, None)
        for name, table in self.tables().items():
            if name not in _NOT_OF_REPOSITORIES:
                for part in list(table.where(repository_id=row.id)):
                    table.remove(part)
        self.changes.drop(self._collaborators, row.id)
        self.changes.drop(self.with_own_labels, row.id)
        key = row.full_name.lower()
        self.changes.drop(self._graphs, row.id)
        self.changes.drop(self._repository_ids, key)
        self.changes.put(self._former_names, key, row.id)
        self.repositories.remove(row)

    def renamed(self, full_name: str) -> Repository | None:
        """Find an existing repository by its former name."""
        repository_id = self._former_names.get(full_name.lower())
        return None if repository_id is None else self.repositories.get(repository_id)

    def had_repository(self, full_name: str) -> bool:
        """Return whether a repository once had this name, and has since been renamed or deleted."""
        return full_name.lower() in self._former_names

    def repository(self, full_name: str) -> Repository | None:
        """Find a repository by its full name, ignoring case."""
        repository_id = self._repository_ids.get(full_name.lower())
        return None if repository_id is None else self.repositories.get(repository_id)

    def repository_of(self, row: Any) -> Repository:  # noqa: ANN401 - any row with a repository_id
        """Return the repository that *row* belongs to."""
        repository = self.repositories.get(row.repository_id)
        assert repository is not None  # noqa: S101 - rows are deleted with their repository
        return repository

    def git(self, repository: Repository) -> Graph:
        """Return the commit graph of *repository*."""
        return self._graphs[repository.id]

    def pushed(self, repository: Repository) -> Repository:
        """Set the times of *repository* to now, after a change of its refs."""
        now = self.clock.now
        return self.repositories.replace(repository._replace(pushed_at=now, updated_at=now))

    # Rate limit

    def rate_limit(self, user: User | None) -> RateLimit:
        """Return the hourly budget of *user* (``None`` for anonymous callers), renewed when its hour is over."""
        key = user.id if user else None
        rate_limit = self._rate_limits.get(key)
        if rate_limit is None or self.clock.now >= rate_limit.reset_at:
            budget = self.limits.budgets.get(key) if self.limits else None
            limit = budget.limit if budget else rate_limits.hourly(user)
            rate_limit = RateLimit(limit, 0, self.clock.now + timedelta(hours=1))
            self.changes.put(self._rate_limits, key, rate_limit)
        return rate_limit

    def count_request(self, user: User | None, cost: int = 1) -> RateLimit:
        """Count a request of *user*. A *cost* of -1 undoes the count, for a response that is free."""
        before = self.rate_limit(user)
        after = RateLimit(before.limit, max(0, before.used + cost), before.reset_at)
        self.changes.put(self._rate_limits, user.id if user else None, after)
        return after

    def set_budget(self, user: User | None, budget: rate_limits.Budget, remaining: int) -> None:
        """Start an hour with *remaining* requests for *user*. From now on, *user* is refused when none are left."""
        key = user.id if user else None
        limits = self.limits or rate_limits.Limits()
        self.changes.set(self, limits=limits)
        self.changes.put(limits.budgets, key, budget)
        hour = RateLimit(budget.limit, budget.limit - remaining, self.clock.now + timedelta(hours=1))
        self.changes.put(self._rate_limits, key, hour)

    def clear_limits(self) -> None:
        """Remove all limits set by a test, and restore the usual budgets."""
        for key in self.limits.budgets if self.limits else ():
            self.changes.drop(self._rate_limits, key)
        self.changes.set(self, limits=None)

    def imitate(self, other: Store) -> None:
        """
        Copy the state of *other*. Later changes to either store do not affect the other.

        Events, waiting deliveries and rate limits are not copied.
        """
        original = vars(other)
        tables = [name for name in other.tables() if name in original]
        copied: dict[str, Any] = {name: original[name].copy(self.changes) for name in tables}
        same = ("default_user", "any_token", "takes_any_jwt")
        copied |= {name: original[name] for name in same if name in original}
        for name in (
            *("tokens", "issued_tokens", "private_keys", "with_own_labels"),
            *("_users_by_login", "_app_ids", "_repository_ids", "_former_names"),
        ):
            copied[name] = dict(original[name])
        copied["_graphs"] = {key: graph.copy() for key, graph in other._graphs.items()}
        copied["_collaborators"] = {key: dict(rights) for key, rights in other._collaborators.items()}
        vars(self).update(copied)

    # The past

    def snapshot(self) -> Callable[[], Store]:
        """
        Keep the current state of all repositories, to be read later.

        Returns:
            A function that makes a read-only store. In it, the repositories that
            existed at the snapshot have the names, rows, commits and
            collaborators that they had then. Newer repositories have their
            current names, commits and collaborators, but no deployments or other
            rows. Accounts, tokens and budgets are also the current ones.
        """
        shared = _NOT_OF_REPOSITORIES - {"repositories"}
        kept = {name for name, table in vars(Store).items() if isinstance(table, KeptTable)} - shared
        tables = {name: getattr(self, name).copy(self.changes) for name in kept}
        graphs = {key: graph.copy() for key, graph in self._graphs.items()}
        granted = {key: dict(rights) for key, rights in self._collaborators.items()}
        ids, former, labelled = dict(self._repository_ids), dict(self._former_names), dict(self.with_own_labels)
        first_newer = self.repositories.next_id

        def past() -> Store:
            for name in shared:
                getattr(self, name)  # creates the table if it was never used, so that both stores share it
            store = copy(self)
            # If a name has been reused, it belongs to the repository that had it at the time of the snapshot.
            names = {name: key for name, key in self._repository_ids.items() if key >= first_newer} | ids
            newer_former = {
                name: key for name, key in self._former_names.items() if key >= first_newer and name not in names
            }
            rows = tables["repositories"].copy(self.changes)
            for row in self.repositories:
                if row.id >= first_newer:
                    rows.add(row)
            newer = {key: graph for key, graph in self._graphs.items() if key >= first_newer}
            rights = {key: dict(of_user) for key, of_user in self._collaborators.items() if key >= first_newer}
            vars(store).update(
                tables,
                repositories=rows,
                suite_reports={},
                with_own_labels=labelled,
                _graphs=graphs | newer,
                _collaborators=granted | rights,
                _repository_ids=names,
                _former_names=newer_former | former,
            )
            return store

        return past
