"""
Handles of deployments, statuses, check runs and deploy keys, for tests.

Each attribute is named like the field in GitHub's JSON, and reads the current
state. Attributes cannot be set. Methods and requests change the state.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import deployment_statuses
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.model import (
    DEPLOYMENT_STATES,
    App,
    CheckRunConclusion,
    CheckRunStatus,
    CheckSuite,
    CommitStatusState,
    DeploymentState,
    User,
)
from pytest_ghdeploy.interface.arguments import advice, json_copy, one_of, user_called
from pytest_ghdeploy.public import public
from pytest_ghdeploy.serializers import (
    checks as check_json,
    commit_statuses as commit_status_json,
    deployments as deployment_json,
    repositories as repository_json,
)

if TYPE_CHECKING:
    from typing import Self

    from pytest_ghdeploy.github import model
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.store.tables import Table

T = TypeVar("T")


class _Field(Generic[T]):
    """An attribute that reads the field with the same name."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, item: None, owner: type) -> Self: ...
    @overload
    def __get__(self, item: _Handle, owner: type) -> T: ...
    def __get__(self, item: _Handle | None, owner: type) -> Self | T:
        return self if item is None else cast("T", item._read(self._name))  # noqa: SLF001 - the two classes belong together


class _Handle(ABC):
    __slots__ = ("_id", "_store")

    _kind: ClassVar[str]

    def __init__(self, store: Store, row_id: int) -> None:
        """Create a handle of the row with this id."""
        self._store = store
        self._id = row_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._id}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)

    @property
    def id(self) -> int:
        """GitHub's id."""
        return self._id

    @abstractmethod
    def _table(self) -> Table[Any]: ...

    @property
    def _row(self) -> Any:  # noqa: ANN401 - a row of the table
        row = None if self._store.retired else self._table().get(self._id)
        if row is None:
            msg = f"{self._kind} {self._id} no longer exists: it was deleted, or the fake was reset"
            raise FakeError(msg)
        return row

    def _read(self, name: str) -> Any:  # noqa: ANN401 - each field has its own type
        with self._store.lock:
            return self._value(self._row, name)

    def _value(self, row: Any, name: str) -> Any:  # noqa: ANN401 - as above
        value = getattr(row, name)
        # A copy, because tests must not change the row.
        return json.loads(json.dumps(value)) if isinstance(value, dict) else value

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            members = ((member, getattr(type(self), member)) for member in dir(type(self)))
            known = [member for member, value in members if isinstance(value, _Field | property) and member[0] != "_"]
            article = "an" if self._kind[0] in "aeiou" else "a"
            msg = f"{article} {self._kind} has no attribute {name!r}; {errors.known_values(name, known)}"
            raise AttributeError(msg)


class _Shown(_Handle):
    """A handle of an object that GitHub's API shows. A field that the row lacks is read from its JSON."""

    __slots__ = ()

    node_id = _Field[str]()

    @abstractmethod
    def _as_json(self, row: Any) -> JSON: ...  # noqa: ANN401 - a row of the table

    def _value(self, row: Any, name: str) -> Any:  # noqa: ANN401 - each field has its own type
        return super()._value(row, name) if hasattr(row, name) else self._as_json(row)[name]


class _Item(_Shown):
    """A handle of an object that has a URL of its own."""

    __slots__ = ()

    url = _Field[str]()


@public
class DeploymentStatus(_Item):
    """A deployment status."""

    __slots__ = ()
    _kind = "deployment status"

    state = _Field[DeploymentState]()
    creator = _Field[User]()
    description = _Field[str]()
    environment = _Field[str]()
    target_url = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    deployment_url = _Field[str]()
    repository_url = _Field[str]()
    environment_url = _Field[str]()
    log_url = _Field[str]()
    performed_via_github_app = _Field[App | None]()

    def _table(self) -> Table[model.DeploymentStatus]:
        return self._store.deployment_statuses

    def _as_json(self, row: model.DeploymentStatus) -> JSON:
        return deployment_json.deployment_status(row, self._store.repository_of(row), self._store.urls)


@public
class CommitStatus(_Item):
    """A commit status."""

    __slots__ = ()
    _kind = "commit status"

    avatar_url = _Field[str]()
    state = _Field[CommitStatusState]()
    description = _Field[str | None]()
    target_url = _Field[str | None]()
    context = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    creator = _Field[User]()
    sha = _Field[str]()

    def _table(self) -> Table[model.CommitStatus]:
        return self._store.commit_statuses

    def _as_json(self, row: model.CommitStatus) -> JSON:
        return commit_status_json.commit_status(row, self._store.repository_of(row), self._store.urls)


@public
class CheckRun(_Item):
    """A check run on a commit."""

    __slots__ = ()
    _kind = "check run"

    name = _Field[str]()
    head_sha = _Field[str]()
    html_url = _Field[str]()
    details_url = _Field[str]()
    status = _Field[CheckRunStatus]()
    conclusion = _Field[CheckRunConclusion | None]()
    check_suite = _Field[CheckSuite]()
    started_at = _Field[datetime]()
    completed_at = _Field[datetime | None]()

    def _table(self) -> Table[model.CheckRun]:
        return self._store.check_runs

    def _as_json(self, row: model.CheckRun) -> JSON:
        return check_json.rest_check_run(row, self._store.repository_of(row), self._store.urls)


@public
class DeployKey(_Item):
    """A public key that gives access to a repository: read access if ``read_only``, else write access too."""

    __slots__ = ()
    _kind = "deploy key"

    key = _Field[str]()
    title = _Field[str]()
    verified = _Field[bool]()
    created_at = _Field[datetime]()
    read_only = _Field[bool]()
    added_by = _Field[str | None]()
    last_used = _Field[datetime | None]()
    enabled = _Field[bool]()
    node_id = None  # type: ignore[assignment] # GitHub has none for deploy keys

    def _table(self) -> Table[model.DeployKey]:
        return self._store.deploy_keys

    def _as_json(self, row: model.DeployKey) -> JSON:
        return repository_json.deploy_key(row, self._store.repository_of(row), self._store.urls)


@public
class Deployment(_Item):
    """
    A deployment.

    ``state`` is the state of the latest deployment status; ``None`` before the first one.
    """

    __slots__ = ()
    _kind = "deployment"

    sha = _Field[str]()
    ref = _Field[str]()
    task = _Field[str]()
    payload = _Field[dict[str, Any] | str]()
    original_environment = _Field[str]()
    environment = _Field[str]()
    description = _Field[str | None]()
    creator = _Field[User]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    statuses_url = _Field[str]()
    repository_url = _Field[str]()
    transient_environment = _Field[bool]()
    production_environment = _Field[bool]()
    performed_via_github_app = _Field[App | None]()
    state = _Field[DeploymentState | None]()

    def _table(self) -> Table[model.Deployment]:
        return self._store.deployments

    def _as_json(self, row: model.Deployment) -> JSON:
        return deployment_json.deployment(row, self._store.repository_of(row), self._store.urls)

    def add_status(
        self,
        state: DeploymentState,
        *,
        description: str = "",
        environment: str = "",
        target_url: str = "",
        log_url: str = "",
        environment_url: str = "",
        auto_inactive: bool = True,
        creator: str | None = None,
    ) -> DeploymentStatus:
        """
        Add a deployment status as ``POST …/statuses`` does. Dispatches ``deployment_status``.

        Args:
            state: ``error``, ``failure``, ``inactive``, ``in_progress``, ``queued``, ``pending`` or ``success``.

            description: At most 140 characters.

            environment: The new environment of the deployment. By default it does not change.

            auto_inactive: Whether ``success`` adds the status ``inactive`` to earlier deployments to the same
                environment.

            creator: The login of the account that reports. The default is ``octocat``.

        Raises:
            FakeError: *state* or *creator* is unknown, or GitHub would refuse the status. Nothing was added.
        """
        one_of("deployment status state", state, DEPLOYMENT_STATES, argument="state")
        body = json_copy(
            "repos/create-deployment-status",
            state=state,
            description=description,
            environment=environment,
            target_url=target_url,
            log_url=log_url,
            environment_url=environment_url,
            auto_inactive=auto_inactive,
        )
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            row: model.Deployment = self._row
            repository = self._store.repository_of(row)
            user = user_called(self._store, creator, "creator")
            status = deployment_statuses.create(self._store, repository, row, user, **body)
            return DeploymentStatus(self._store, status.id)

    @property
    def statuses(self) -> list[DeploymentStatus]:
        """The deployment statuses, newest first."""
        with self._store.lock:
            rows = self._store.deployment_statuses.where(deployment_id=self._row.id)
            return [DeploymentStatus(self._store, row.id) for row in rows]
