"""
Handles: what a test holds of a repository and of what is in it.

A handle reads what is stored now, with attributes spelled like GitHub's JSON
fields, and calls the operations that the endpoints call. A mistake raises
``FakeError`` and names what there is.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors, git
from pytest_ghdeploy import representations as as_json
from pytest_ghdeploy.api import check_runs, deployment_statuses, deployments, statuses
from pytest_ghdeploy.errors import FakeError, GitHubError
from pytest_ghdeploy.model import (
    CHECK_RUN_CONCLUSIONS,
    CHECK_RUN_STATUSES,
    COMMIT_STATUS_STATES,
    DEPLOYMENT_STATES,
    PERMISSIONS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_ghdeploy import model
    from pytest_ghdeploy.git import Graph
    from pytest_ghdeploy.model import (
        CheckRun,
        CheckRunConclusion,
        CheckRunStatus,
        CommitStatus,
        CommitStatusState,
        DeploymentState,
        DeploymentStatus,
        Permission,
        User,
    )
    from pytest_ghdeploy.store import Store


@contextmanager
def _advice() -> Iterator[None]:
    """Turn a refusal meant for a client into advice for a test's author."""
    try:
        yield
    except GitHubError as refusal:
        msg = f"GitHub refuses this with {refusal.status} {refusal.message!r}: {refusal.hint}"
        raise FakeError(msg) from None


def _one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise errors.unknown(what, value, known)


def check_branch_name(name: str) -> None:
    """
    Refuse what git would not take for a branch or tag.

    Raises:
        FakeError: *name* is no such name.
    """
    if not git.is_valid_ref_name(name):
        msg = f"{name!r} is not a name for a branch or tag: see git check-ref-format"
        raise FakeError(msg)


class Repository:
    """A repository of a fake: see ``FakeGitHub.add_repository``."""

    def __init__(self, store: Store, repository_id: int) -> None:
        """Hold the repository with this id."""
        self._store = store
        self._id = repository_id

    def __repr__(self) -> str:
        return f"<Repository {self.full_name}>"

    @property
    def _row(self) -> model.Repository:
        row = self._store.repositories.get(self._id)
        if row is None:
            msg = "this repository is gone: the fake was reset, or the repository deleted"
            raise FakeError(msg)
        return row

    @property
    def _graph(self) -> Graph:
        return self._store.git(self._row)

    @property
    def id(self) -> int:
        """GitHub's id, which also addresses it: ``/repositories/{id}``."""
        return self._id

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return self._row.full_name

    @property
    def name(self) -> str:
        """The name without the owner."""
        return self._row.name

    @property
    def owner(self) -> User:
        """The account it belongs to."""
        return self._row.owner

    @property
    def private(self) -> bool:
        """Whether only those with a right on it may see it."""
        return self._row.private

    @property
    def default_branch(self) -> str:
        """The branch that others are behind of, or not."""
        return self._row.default_branch

    def _user(self, login: str | None) -> User:
        if login is None:
            return self._store.default_user
        user = self._store.user(login)
        if user is None:
            raise errors.unknown("user", login, (user.login for user in self._store.users), more=": see add_user")
        return user

    # Git

    def sha(self, ref: str) -> str:
        """
        Find the commit that *ref* names.

        Args:
            ref: A branch, a tag or a full SHA.

        Returns:
            40 hex digits.

        Raises:
            FakeError: *ref* names nothing. The message lists the branches and tags.
        """
        with self._store.lock:
            target = self._graph.resolve(ref)
            if target is None:
                known = [*self._graph.branches, *self._graph.tags]
                raise errors.unknown("branch, tag or SHA", ref, known, more=f" in {self.full_name}")
            return target.sha

    def _branch(self, name: str) -> str:
        if name not in self._graph.branches:
            raise errors.unknown("branch", name, self._graph.branches, more=f" in {self.full_name}")
        return name

    def _new_name(self, name: str, taken: Mapping[str, str], kind: str) -> None:
        check_branch_name(name)
        if name in taken:
            msg = f"{self.full_name} has a {kind} {name!r} already"
            raise FakeError(msg)

    def add_branch(self, name: str, *, from_ref: str | None = None, behind: int = 0) -> str:
        """
        Add a branch.

        Args:
            from_ref: Where it starts: a branch, a tag or a full SHA; the default branch if not given.

            behind: How many commits of the default branch it lacks. Without
                *from_ref* it starts that far back, and nothing else changes.
                With *from_ref* the default branch gets as many new commits as it takes.

        Returns:
            The sha of its head.

        Raises:
            FakeError: The name is taken or not a name, *from_ref* names
                nothing, or lacks more than *behind* commits. Nothing was added.
        """
        with self._store.lock:
            graph, default = self._graph, self.default_branch
            self._new_name(name, graph.branches, "branch")
            if isinstance(behind, bool) or not isinstance(behind, int) or behind < 0:
                msg = f"behind is a number of commits, 0 or more; got {behind!r}"
                raise FakeError(msg)
            if from_ref is None:
                start = graph.back(default, behind)
                if start is None:
                    msg = f"merges leave no commit that is exactly {behind} behind {default}: give from_ref"
                    raise FakeError(msg)
            else:
                start = self.sha(from_ref)
                lacks = len(graph.missing(start, graph.branches[default]))
                if behind and lacks > behind:
                    msg = f"{from_ref} is {lacks} commit(s) behind {default} already, which is more than {behind}"
                    raise FakeError(msg)
                for _ in range(behind - lacks):
                    self.add_commit(default)
            graph.branches[name] = start
            return start

    def add_tag(self, name: str, ref: str) -> str:
        """
        Add a tag on the commit that *ref* names, and return its sha.

        Raises:
            FakeError: The name is taken or not a name, or *ref* names nothing. Nothing was added.
        """
        with self._store.lock:
            self._new_name(name, self._graph.tags, "tag")
            sha = self._graph.tags[name] = self.sha(ref)
            return sha

    def add_commit(self, branch: str, *, message: str = "Update", files: Mapping[str, str] | None = None) -> str:
        """
        Commit to a branch.

        Args:
            files: Text by path. Without it the commit adds a file that no other commit touches.

        Returns:
            The new commit's sha.

        Raises:
            FakeError: There is no such branch. Nothing was committed.
        """
        with self._store.lock:
            author, now = self._store.default_user, self._store.clock.now
            self._branch(branch)
            commit = self._graph.commit(branch, message=message, files=files, author=author, now=now)
            self._store.pushed(self._row)
            return commit.sha

    def add_merge_conflict(self, head: str, base: str | None = None) -> None:
        """
        Make merging *base* into *head* conflict from now on, and *head* be behind it.

        Commits a clashing change to *head*, and to *base* unless *base* has
        changes already that can clash.

        Args:
            base: The default branch if not given.

        Raises:
            FakeError: One of them is no branch, or both are the same. Nothing was committed.
        """
        with self._store.lock:
            base = self._branch(base or self.default_branch)
            if self._branch(head) == base:
                msg = f"{base} cannot conflict with itself: give add_merge_conflict another branch"
                raise FakeError(msg)
            self._graph.clash(head, base, author=self._store.default_user, now=self._store.clock.now)
            self._store.pushed(self._row)

    # Who

    def add_collaborator(self, login: str, permission: Permission = "push") -> None:
        """
        Grant *login* a right, in place of an earlier one. An account that does not exist is created as a user.

        Args:
            permission: ``pull``, ``triage``, ``push``, ``maintain`` or ``admin``.

        Raises:
            FakeError: There is no such permission. Nothing was granted.
        """
        _one_of("permission", permission, PERMISSIONS)
        with self._store.lock:
            self._store.add_collaborator(self._row, self._store.ensure_user(login), permission)

    # Reports on commits

    def add_commit_status(
        self,
        ref: str,
        *,
        state: CommitStatusState,
        context: str = "default",
        description: str | None = None,
        target_url: str | None = None,
        creator: str | None = None,
    ) -> CommitStatus:
        """
        Report on the commit that *ref* names now. Dispatches ``status``.

        Args:
            state: ``error``, ``failure``, ``pending`` or ``success``.

            creator: A login; ``octocat`` if not given.

        Raises:
            FakeError: *ref* or *state* or *creator* is none, or GitHub would refuse it. Nothing was added.
        """
        _one_of("state of a commit status", state, COMMIT_STATUS_STATES)
        with self._store.lock, _advice():
            return statuses.create(
                self._store,
                self._row,
                self._user(creator),
                sha=self.sha(ref),
                state=state,
                context=context,
                description=description,
                target_url=target_url,
            )

    def add_check_run(
        self,
        ref: str,
        *,
        name: str,
        status: CheckRunStatus = "completed",
        conclusion: CheckRunConclusion | None = "success",
        check_suite: str = "",
    ) -> CheckRun:
        """
        Report a check run of GitHub Actions on the commit that *ref* names now. Dispatches ``check_run``.

        Args:
            conclusion: For the status ``completed``; ignored for any other.

            check_suite: Tells workflows apart. A run replaces an earlier one of the same name in the same suite;
                in different suites both stand, as on GitHub.

        Raises:
            FakeError: *ref*, *status* or *conclusion* is none. Nothing was added.
        """
        _one_of("status of a check run", status, CHECK_RUN_STATUSES)
        if status != "completed":
            conclusion = None
        elif conclusion is None:
            msg = f"a completed check run has a conclusion: {', '.join(CHECK_RUN_CONCLUSIONS)}"
            raise FakeError(msg)
        else:
            _one_of("conclusion of a check run", conclusion, CHECK_RUN_CONCLUSIONS)
        with self._store.lock:
            return check_runs.create(
                self._store,
                self._row,
                self._store.default_user,
                head_sha=self.sha(ref),
                name=name,
                status=status,
                conclusion=conclusion,
                check_suite=check_suite,
            )

    # Deployments

    def add_deployment(
        self,
        *,
        ref: str,
        environment: str = "production",
        task: str = "deploy",
        payload: Mapping[str, Any] | str | None = None,
        description: str | None = None,
        transient_environment: bool = False,
        production_environment: bool | None = None,
        auto_merge: bool = False,
        required_contexts: Sequence[str] | None = (),
        creator: str | None = None,
    ) -> Deployment:
        """
        Create a deployment as ``POST …/deployments`` does. Dispatches ``deployment``.

        Unlike there, nothing is merged and no context required unless asked
        for: it sets the scene.

        Args:
            payload: What JSON can hold, an object or a text; ``{}`` if not given.

            production_environment: Whether *environment* is ``production``, if not given.

            auto_merge: Whether to merge the default branch into a branch that is behind.

            required_contexts: Contexts that must be ``success``; ``None`` for all of the commit's.

            creator: A login; ``octocat`` if not given.

        Raises:
            FakeError: *ref* or *creator* is none, or GitHub would refuse it, or it would
                merge (and then has). There is no deployment.
        """
        with self._store.lock, _advice():
            try:
                copied = json.loads(json.dumps(payload, allow_nan=False))
            except (TypeError, ValueError) as problem:
                msg = f"payload is what JSON can hold: {problem}"
                raise FakeError(msg) from None
            if not isinstance(copied, dict | str | None):
                msg = f"payload is an object or a text, got {payload!r}"
                raise FakeError(msg)
            self.sha(ref)
            made = deployments.create(
                self._store,
                self._row,
                self._user(creator),
                ref=ref,
                environment=environment,
                task=task,
                payload=copied,
                description=description,
                transient_environment=transient_environment,
                production_environment=production_environment,
                auto_merge=auto_merge,
                required_contexts=required_contexts,
            )
            if isinstance(made, deployments.AutoMerged):
                msg = f"there is no deployment yet, GitHub answers 202 {made.message!r}: add it again"
                raise FakeError(msg)
            return Deployment(self._store, made.id)

    @property
    def deployments(self) -> list[Deployment]:
        """The deployments that are stored now, newest first."""
        with self._store.lock:
            return [Deployment(self._store, row.id) for row in self._store.deployments.where(repository_id=self._id)]


class Deployment:
    """
    A deployment of a fake.

    Its attributes are GitHub's fields, as they are now (``id``, ``ref``,
    ``sha``, ``task``, ``environment``, ``original_environment``, …), and
    ``state``: that of the latest deployment status, ``None`` without one.
    """

    if TYPE_CHECKING:
        url: str
        node_id: str
        sha: str
        ref: str
        task: str
        payload: dict[str, Any] | str
        original_environment: str
        environment: str
        description: str | None
        creator: User
        created_at: Any
        updated_at: Any
        statuses_url: str
        repository_url: str
        transient_environment: bool
        production_environment: bool
        state: DeploymentState | None

    def __init__(self, store: Store, deployment_id: int) -> None:
        """Hold the deployment with this id."""
        self._store = store
        self._id = deployment_id

    def __repr__(self) -> str:
        return f"<Deployment {self._id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Deployment) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)

    @property
    def id(self) -> int:
        """GitHub's id."""
        return self._id

    @property
    def _row(self) -> model.Deployment:
        row = self._store.deployments.get(self._id)
        if row is None:
            msg = f"deployment {self._id} is gone: it was deleted, or the fake was reset"
            raise FakeError(msg)
        return row

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each of its own type
        if name.startswith("__"):
            raise AttributeError(name)
        with self._store.lock:
            row = self._row
            repository = self._store.repository_of(row)
            fields = as_json.deployment(row, repository, self._store.urls)
            if name not in fields and name != "state":
                msg = f"a deployment has no attribute {name!r}; {errors.there_is(name, [*fields, 'state'])}"
                raise AttributeError(msg)
            value = getattr(row, name, fields.get(name))
            # The row's own payload must not be changed from outside.
            return json.loads(json.dumps(value)) if name == "payload" else value

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
        Report on the deployment as ``POST …/statuses`` does. Dispatches ``deployment_status``.

        Args:
            state: ``error``, ``failure``, ``inactive``, ``in_progress``, ``queued``, ``pending`` or ``success``.

            description: At most 140 characters.

            environment: Where the deployment is from now on, if it moves.

            auto_inactive: Whether ``success`` retires earlier deployments to the same environment.

            creator: A login; ``octocat`` if not given.

        Raises:
            FakeError: *state* or *creator* is none, or GitHub would refuse it. Nothing was added.
        """
        _one_of("state of a deployment status", state, DEPLOYMENT_STATES)
        with self._store.lock, _advice():
            repository = self._store.repository_of(self._row)
            user = Repository(self._store, repository.id)._user(creator)  # noqa: SLF001 - its own module
            return deployment_statuses.create(
                self._store,
                repository,
                self._row,
                user,
                state=state,
                description=description,
                environment=environment,
                target_url=target_url,
                log_url=log_url,
                environment_url=environment_url,
                auto_inactive=auto_inactive,
            )

    @property
    def statuses(self) -> list[DeploymentStatus]:
        """Its deployment statuses, newest first."""
        with self._store.lock:
            return list(self._store.deployment_statuses.where(deployment_id=self._row.id))
