"""
What a fake knows: tables of rows, commit graphs, who may do what.

Rows are frozen and replaced. Ids rise in steps, in a range of their own for
each kind of thing, so a tool that mixes two kinds up finds nothing. Reading
goes through indexes that are built when first asked for and kept from then on,
so an answer costs the same with one row as with ten thousand.
"""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github import rate_limits
from pytest_ghdeploy.github.git import Graph
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
from pytest_ghdeploy.store.events import Recorder
from pytest_ghdeploy.store.tables import KeptTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.github.model import AccountType, Assumptions, Permission
    from pytest_ghdeploy.github.urls import Urls
    from pytest_ghdeploy.store.clock import Clock
    from pytest_ghdeploy.store.events import Event
    from pytest_ghdeploy.store.outbox import Outbox
    from pytest_ghdeploy.store.tables import Table

ACTIONS = "github-actions"
"""The slug of GitHub Actions' app."""

DEFAULT_LOGIN = "octocat"
"""Whom a request with any token speaks for, until a token is added."""

# The rows of all other tables go with their repository.
_NOT_OF_REPOSITORIES = frozenset({"users", "apps", "teams", "repositories"})


class Store:
    """One GitHub. Hold ``lock`` for every use from more than one thread."""

    # The ranges lie far apart; those of deployments are as large as today's on github.com.
    users = KeptTable[User](1_583_231)
    apps = KeptTable[App](15_368)
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
    hook_deliveries = KeptTable[HookDelivery](118_000_000_023)

    def __init__(
        self, clock: Clock, assume: Assumptions, urls: Urls, outbox: Outbox, recorded: list[Event] | None = None
    ) -> None:
        """Start with the usual account and nothing else; events speak of *urls*."""
        self.outbox = outbox
        self.lock = outbox.lock
        self.retired = False
        """Whether the fake has been reset since, so that whoever still holds this store holds nothing."""
        self.urls = urls
        self.clock = clock
        self.assume = assume
        self.events = Recorder(recorded)
        self.afterwards: list[Callable[[], None]] = []
        """Called with the lock held when a deployment is complete that Python has made."""
        self.tokens: dict[str, Token] = {}
        self._graphs: dict[int, Graph] = {}
        self._collaborators: dict[int, dict[int, Permission]] = {}
        self._rate_limits: dict[int | None, RateLimit] = {}
        self.limits: rate_limits.Limits | None = None
        """What a test has set for callers to be refused; ``None`` while nobody is."""
        self._users_by_login: dict[str, User] = {}
        self._repository_ids: dict[str, int] = {}
        self._former_names: dict[str, int] = {}
        self.default_user = self.add_user(DEFAULT_LOGIN)

    @cached_property
    def actions_app(self) -> App:
        """The app of GitHub Actions, and with it the account ``github``, from the first check run on."""
        return self.apps.add(
            App(
                id=self.apps.next_id,
                slug=ACTIONS,
                name="GitHub Actions",
                owner=self.user("github") or self.add_user("github", "Organization"),
                created_at=self.clock.now,
                permissions={"checks": "write", "contents": "read", "deployments": "write", "statuses": "write"},
                events=("check_run", "check_suite", "deployment", "deployment_status", "push"),
            )
        )

    @cached_property
    def any_token(self) -> Token:
        """What every token is as long as none was added: the usual user's, without limits."""
        return Token("", self.default_user)

    def tables(self) -> dict[str, Table[Any]]:
        """List all tables by name."""
        return {name: getattr(self, name) for name, kept in vars(Store).items() if isinstance(kept, KeptTable)}

    # Accounts

    def add_user(self, login: str, account_type: AccountType = "User") -> User:
        """Create the account, which must not exist."""
        user = self.users.add(User(self.users.next_id, login, account_type, self.clock.now))
        self._users_by_login[login.lower()] = user
        return user

    def user(self, login: str) -> User | None:
        """Find an account, without regard to case."""
        return self._users_by_login.get(login.lower())

    def ensure_user(self, login: str) -> User:
        """Find an account, or create it."""
        return self.user(login) or self.add_user(login, "Bot" if login.endswith("[bot]") else "User")

    def permission(self, repository: Repository, user: User | None) -> Permission | None:
        """Find what *user* may do. While any token is accepted, every token may do everything."""
        if user is not None and not self.tokens:
            return "admin"
        return rules.permission(repository, user, self.granted(repository, user) if user else None)

    def app_of(self, bot: User) -> App | None:
        """Find the app that a bot is the account of: its login is the app's slug and ``[bot]``."""
        slug = bot.login.removesuffix("[bot]").lower()
        return self.actions_app if slug == ACTIONS else next((app for app in self.apps if app.slug == slug), None)

    def granted(self, repository: Repository, user: User) -> Permission | None:
        """Find what *user* may do as a collaborator, ``None`` for one who is none."""
        return self._collaborators.get(repository.id, {}).get(user.id)

    def add_collaborator(self, repository: Repository, user: User, permission: Permission) -> None:
        """Grant *user* a right, in place of what was granted before."""
        self._collaborators.setdefault(repository.id, {})[user.id] = permission

    def remove_collaborator(self, repository: Repository, user: User) -> None:
        """Take from *user* what was granted, if anything was."""
        self._collaborators.get(repository.id, {}).pop(user.id, None)

    def collaborators_on(self, repository: Repository) -> list[tuple[User, Permission]]:
        """List who was granted what, in the order in which they were added."""
        granted = self._collaborators.get(repository.id, {})
        return [(user, right) for user_id, right in granted.items() if (user := self.users.get(user_id))]

    def collaborators(self, owner: User) -> int:
        """Count those whom *owner* has granted something on a private repository."""
        private = self.repositories.where(owner=owner, private=True)
        return len({user_id for row in private for user_id in self._collaborators.get(row.id, ())})

    # Repositories

    def add_repository(
        self, owner: User, name: str, *, default_branch: str, private: bool, empty: bool = False
    ) -> Repository:
        """Create the repository, which must not exist, with one commit on its default branch, or *empty*."""
        now = self.clock.now
        row = Repository(self.repositories.next_id, owner, name, private, default_branch, now, now, now)
        self.repositories.add(row)
        self._name(row)
        self._graphs[row.id] = Graph(row.full_name, owner, now, default_branch, empty=empty)
        return row

    def _name(self, row: Repository) -> None:
        key = row.full_name.lower()
        self._repository_ids[key] = row.id
        # Whoever takes a name takes it for good.
        self._former_names.pop(key, None)

    def change_repository(self, row: Repository) -> Repository:
        """Put *row* in the place of the one with its id; a former name leads to it until it is taken."""
        old = self.repositories.get(row.id)
        if old and old.full_name != row.full_name:
            key = old.full_name.lower()
            del self._repository_ids[key]
            self._former_names[key] = row.id
            self._name(row)
        return self.repositories.replace(row)

    def remove_repository(self, row: Repository) -> None:
        """Forget a repository with all that belongs to it."""
        for name, table in self.tables().items():
            if name not in _NOT_OF_REPOSITORIES:
                for belonging in list(table.where(repository_id=row.id)):
                    table.remove(belonging)
        self._collaborators.pop(row.id, None)
        key = row.full_name.lower()
        del self._graphs[row.id], self._repository_ids[key]
        self._former_names[key] = row.id
        self.repositories.remove(row)

    def renamed(self, full_name: str) -> Repository | None:
        """Find the repository that once had a name and now has another, unless it is deleted."""
        found = self._former_names.get(full_name.lower())
        return None if found is None else self.repositories.get(found)

    def had_repository(self, full_name: str) -> bool:
        """Tell whether this is the name, or a former name, of a repository that was renamed or deleted."""
        return full_name.lower() in self._former_names

    def repository(self, full_name: str) -> Repository | None:
        """Find a repository by its full name, without regard to case."""
        found = self._repository_ids.get(full_name.lower())
        return None if found is None else self.repositories.get(found)

    def repository_of(self, row: Any) -> Repository:  # noqa: ANN401 - any row with a repository_id
        """Look up the repository that *row* belongs to."""
        found = self.repositories.get(row.repository_id)
        assert found is not None  # noqa: S101 - rows go with their repository
        return found

    def git(self, repository: Repository) -> Graph:
        """Look up the commits and refs of *repository*."""
        return self._graphs[repository.id]

    def pushed(self, repository: Repository) -> Repository:
        """Note that refs of *repository* have moved just now."""
        now = self.clock.now
        return self.repositories.replace(repository._replace(pushed_at=now, updated_at=now))

    # Rate limit

    def rate_limit(self, user: User | None) -> RateLimit:
        """Look up the budget of *user* (``None``: the anonymous one), new again when its hour is over."""
        key = user.id if user else None
        found = self._rate_limits.get(key)
        if found is None or self.clock.now >= found.reset_at:
            budget = self.limits.budgets.get(key) if self.limits else None
            limit = budget.limit if budget else rate_limits.hourly(user)
            found = self._rate_limits[key] = RateLimit(limit, 0, self.clock.now + timedelta(hours=1))
        return found

    def count_request(self, user: User | None, cost: int = 1) -> RateLimit:
        """Take one request off the budget of *user*; a *cost* of -1 gives it back, for an answer that is free."""
        found = self.rate_limit(user)
        found = self._rate_limits[user.id if user else None] = RateLimit(
            found.limit, max(0, found.used + cost), found.reset_at
        )
        return found

    def set_budget(self, user: User | None, budget: rate_limits.Budget, remaining: int) -> None:
        """Begin an hour in which *user* has *remaining* requests left, and from now on is refused without."""
        key = user.id if user else None
        self.limits = self.limits or rate_limits.Limits()
        self.limits.budgets[key] = budget
        self._rate_limits[key] = RateLimit(budget.limit, budget.limit - remaining, self.clock.now + timedelta(hours=1))

    def clear_limits(self) -> None:
        """Refuse nobody any more; budgets that were set are the usual ones again."""
        for key in self.limits.budgets if self.limits else ():
            self._rate_limits.pop(key, None)
        self.limits = None

    def imitate(self, other: Store) -> None:
        """
        Hold what *other* holds now, and share nothing with it that changes.

        Its events, what waits for their deliveries, and the rate limits stay its own.
        """
        theirs = vars(other)
        copied: dict[str, Any] = {name: theirs[name].copy() for name in other.tables() if name in theirs}
        copied |= {name: theirs[name] for name in ("default_user", "actions_app", "any_token") if name in theirs}
        for name in ("tokens", "_users_by_login", "_repository_ids", "_former_names"):
            copied[name] = dict(theirs[name])
        copied["_graphs"] = {key: graph.copy() for key, graph in other._graphs.items()}
        copied["_collaborators"] = {key: dict(rights) for key, rights in other._collaborators.items()}
        vars(self).update(copied)

    # The past

    def snapshot(self) -> Callable[[], Store]:
        """
        Keep repositories, and what belongs to them, as they are now.

        Returns:
            A function that gives a store to read from: with the repositories there are now, their names, rows,
            commits and collaborators. One that is created later has its names, its row, its commits and its
            collaborators as they are when the function is called, and no other rows. All else, such as accounts,
            tokens and budgets, is as it is when it is called.
        """
        shared = _NOT_OF_REPOSITORIES - {"repositories"}
        kept = {name for name, table in vars(Store).items() if isinstance(table, KeptTable)} - shared
        tables = {name: getattr(self, name).copy() for name in kept}
        graphs = {key: graph.copy() for key, graph in self._graphs.items()}
        granted = {key: dict(rights) for key, rights in self._collaborators.items()}
        ids, former = dict(self._repository_ids), dict(self._former_names)
        first_newer = self.repositories.next_id

        def past() -> Store:
            for name in shared:
                getattr(self, name)  # made now if it was never asked for, and shared
            store = copy(self)
            # A name that was taken is whose it was.
            names = {name: key for name, key in self._repository_ids.items() if key >= first_newer} | ids
            once = {name: key for name, key in self._former_names.items() if key >= first_newer and name not in names}
            rows = tables["repositories"].copy()
            for row in self.repositories:
                if row.id >= first_newer:
                    rows.add(row)
            newer = {key: graph for key, graph in self._graphs.items() if key >= first_newer}
            rights = {key: dict(given) for key, given in self._collaborators.items() if key >= first_newer}
            vars(store).update(
                tables,
                repositories=rows,
                _graphs=graphs | newer,
                _collaborators=granted | rights,
                _repository_ids=names,
                _former_names=once | former,
            )
            return store

        return past
