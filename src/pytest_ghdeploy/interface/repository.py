"""
The handle on a repository, with which a test sets the scene.

It reads what is stored now and calls the operations that the endpoints call. A
mistake raises ``FakeError`` and names what there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import (
    check_runs,
    commit_statuses,
    deploy_keys,
    deployments,
    environments,
    git,
    refs,
    repositories,
)
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import model
from pytest_ghdeploy.github.model import CHECK_RUN_CONCLUSIONS, CHECK_RUN_STATUSES, COMMIT_STATUS_STATES, PERMISSIONS
from pytest_ghdeploy.github.rules import git as rules
from pytest_ghdeploy.interface.arguments import (
    advice,
    app_behind,
    check_login,
    check_ref_name,
    check_type,
    json_copy,
    one_of,
    plain_json,
    split_full_name,
    team_called,
    user_called,
)
from pytest_ghdeploy.interface.environment import Environment
from pytest_ghdeploy.interface.resources import CheckRun, CommitStatus, DeployKey, Deployment
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.git import Graph
    from pytest_ghdeploy.github.model import (
        CheckRunConclusion,
        CheckRunStatus,
        CommitStatusState,
        Permission,
        Team,
        User,
    )
    from pytest_ghdeploy.store.store import Store

# A slip in a number must not take all memory.
_FARTHEST = 10_000


@public
class Repository:
    """A repository of a fake: see ``FakeGitHub.add_repository``."""

    def __init__(self, store: Store, repository_id: int) -> None:
        """Hold the repository with this id."""
        self._store = store
        self._id = repository_id

    def __repr__(self) -> str:
        row = self._store.repositories.get(self._id)
        return f"<Repository {row.full_name if row else self._id}>"

    @property
    def _row(self) -> model.Repository:
        row = None if self._store.retired else self._store.repositories.get(self._id)
        if row is None:
            msg = "this repository no longer exists: it was deleted, or the fake was reset"
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

    def rename(self, full_name: str) -> None:
        """
        Rename the repository. Requests by its former name are redirected, until another repository takes that.

        Args:
            full_name: Owner and new name, such as ``octocat/new-name``; the owner stays.

        Raises:
            FakeError: The name is taken or not a name, or the owner is another. Nothing has changed.
        """
        owner, name = split_full_name(full_name)
        with self._store.outbox, self._store.lock, advice(name="full_name"):
            row = self._row
            if owner.lower() != row.owner.login.lower():
                msg = f"rename cannot change the owner of {row.full_name}: use {row.owner.login}/{name}"
                raise FakeError(msg, argument="full_name")
            repositories.change(self._store, row, name=name)

    # Git

    def sha(self, ref: str) -> str:
        """
        Find the commit that *ref* names.

        Args:
            ref: A branch, a tag, a full SHA, any full ref such as ``refs/pull/7/merge``, or ``HEAD`` for the default
                branch.

        Returns:
            40 hex digits.

        Raises:
            FakeError: *ref* names nothing. The message lists the branches and tags.
        """
        return self._sha(ref, "ref")

    def _sha(self, ref: str, argument: str) -> str:
        check_type(argument, ref, str, "a string")
        with self._store.lock:
            target = git.find(self._store, self._row, ref, short_shas=self._store.assume.short_shas)
            if target is None:
                known, where = self._graph.names(), f" in {self.full_name}"
                raise errors.unknown("branch, tag or SHA", ref, known, more=where, argument=argument)
            return target.sha

    def _branch(self, name: str, argument: str | None) -> str:
        check_type("a branch", name, str, "a string", argument=argument)
        if name not in self._graph.branches:
            where = f" in {self.full_name}"
            raise errors.unknown("branch", name, self._graph.branches, more=where, argument=argument)
        return name

    def _new_name(self, name: str, taken: Mapping[str, str], kind: str) -> None:
        check_ref_name(name)
        for other in taken:
            if other.startswith(f"{name}/") or name.startswith(f"{other}/"):
                msg = f"{self.full_name} has a {kind} {other!r}, so git does not allow {name!r}"
                raise FakeError(msg, argument="name")
        if name in taken:
            msg = f"{self.full_name} already has a {kind} {name!r}"
            raise FakeError(msg, argument="name")

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
            if isinstance(behind, bool) or not isinstance(behind, int) or not 0 <= behind <= _FARTHEST:
                msg = f"behind must be a number of commits, 0 to {_FARTHEST:,}; got {behind!r}"
                raise FakeError(msg, argument="behind")
            if from_ref is None:
                start = graph.back(self._branch(default, None), behind)
                if start is None:
                    msg = f"because of merges no commit is exactly {behind} behind {default}: use from_ref"
                    raise FakeError(msg, argument="behind")
            else:
                start = self._sha(from_ref, "from_ref")
                lacks = len(graph.missing(start, graph.branches[default]))
                if behind and lacks > behind:
                    msg = f"{from_ref} is already {lacks} commit(s) behind {default}, more than {behind}"
                    raise FakeError(msg, argument="behind")
                path = ""
                for number in range(1, behind - lacks + 1):
                    # They change one file: with one more for each, the trees would take all memory.
                    sha = self.add_commit(default, files={path: f"Update {number}\n"} if path else None)
                    path = path or graph.changed_paths(sha)[0][0]
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

    def add_ref(self, name: str, ref: str) -> str:
        """
        Add any ref by its full name, such as ``refs/notes/x`` or ``refs/pull/7/merge``, and return its sha.

        No event is dispatched, as with ``add_branch`` and ``add_tag``.

        Args:
            name: ``refs/`` and at least two more parts. ``refs/heads/x`` adds a branch and ``refs/tags/x`` a tag.

            ref: The commit that it points to: a branch, a tag, a full ref or a full SHA.

        Raises:
            FakeError: *name* is taken or is not a valid full ref, or *ref* does not exist. Nothing was added.

        Source:
            https://docs.github.com/rest/git/refs#create-a-reference
        """
        check_type("name", name, str, "a text")
        with self._store.lock, advice(ref="name"):
            sha = self.sha(ref)
            short = refs.new_name(self._graph, name)
            self._graph.set_ref(short, sha)
            return sha

    def add_commit(
        self, branch: str, *, message: str = "Update", files: Mapping[str, str | bytes] | None = None
    ) -> str:
        """
        Commit to a branch.

        Args:
            files: Text or bytes by path. Without it the commit adds a file that no other commit touches.

        Returns:
            The new commit's sha.

        Raises:
            FakeError: There is no such branch, or git takes no such path. Nothing was committed.
        """
        with self._store.lock:
            author, now = self._store.default_user, self._store.clock.now
            if self._graph.commits or branch != self.default_branch:  # else it is the first one
                self._branch(branch, "branch")
            check_type("message", message, str, "a string")
            check_type("files", files, (Mapping, type(None)), "a mapping of paths to strings or bytes")
            for path, content in (files or {}).items():
                check_type("a path in files", path, str, "a string", argument="files")
                check_type(f"the file {path}", content, (str, bytes), "a string or bytes", argument="files")
                with advice(path="files"):
                    rules.check_path(path)
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
            base = self._branch(base or self.default_branch, "base")
            if self._branch(head, "head") == base:
                msg = f"{base} cannot conflict with itself: head and base must be different branches"
                raise FakeError(msg, argument="head")
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
        one_of("permission", permission, PERMISSIONS, argument="permission")
        check_login(login)
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
        one_of("commit status state", state, COMMIT_STATUS_STATES, argument="state")
        body = json_copy(
            "repos/create-commit-status",
            state=state,
            context=context,
            description=description,
            target_url=target_url,
        )
        with self._store.outbox, self._store.lock, advice():
            user = user_called(self._store, creator, "creator")
            row = commit_statuses.create(self._store, self._row, user, sha=self.sha(ref), **body)
            return CommitStatus(self._store, row.id)

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
                in different suites both stand, as on GitHub: ``name="main", check_suite="deploy.yml"`` and
                ``name="main", check_suite="tests.yml"`` are two contexts called ``main``.

        Raises:
            FakeError: *ref*, *status* or *conclusion* is none. Nothing was added.
        """
        check_type("name", name or None, str, "a non-empty string")
        check_type("check_suite", check_suite, str, "a string")
        one_of("check run status", status, CHECK_RUN_STATUSES, argument="status")
        if status != "completed":
            conclusion = None
        elif conclusion is None:
            msg = f"a completed check run needs a conclusion: {', '.join(CHECK_RUN_CONCLUSIONS)}"
            raise FakeError(msg, argument="conclusion")
        else:
            one_of("check run conclusion", conclusion, CHECK_RUN_CONCLUSIONS, argument="conclusion")
        with self._store.outbox, self._store.lock:
            row = check_runs.add(
                self._store,
                self._row,
                self._store.default_user,
                head_sha=self.sha(ref),
                name=name,
                status=status,
                conclusion=conclusion,
                check_suite=check_suite,
            )
            return CheckRun(self._store, row.id)

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
        check_type("required_contexts", required_contexts, (list, tuple, type(None)), "a list of contexts, or None")
        optional = {
            "payload": payload,
            "production_environment": production_environment,
            # A tuple is as good as a list.
            "required_contexts": list(required_contexts) if isinstance(required_contexts, tuple) else required_contexts,
        }
        body = json_copy(
            "repos/create-deployment",
            ref=ref,
            environment=environment,
            task=task,
            description=description,
            transient_environment=transient_environment,
            auto_merge=auto_merge,
            **{name: value for name, value in optional.items() if value is not None},
        )
        with self._store.outbox, self._store.lock, advice():
            self.sha(ref)
            user = user_called(self._store, creator, "creator")
            made = deployments.create(self._store, self._row, user, app_behind(self._store, user), **body)
            if isinstance(made, deployments.AutoMerged):
                msg = f"no deployment was created: GitHub responds 202 {made.message!r}; call add_deployment again"
                raise FakeError(msg)
            for listener in self._store.afterwards:
                listener()
            return Deployment(self._store, made.id)

    @property
    def deployments(self) -> list[Deployment]:
        """The deployments that are stored now, newest first."""
        with self._store.lock:
            return [
                Deployment(self._store, row.id) for row in self._store.deployments.where(repository_id=self._row.id)
            ]

    # Deploy keys

    def add_deploy_key(self, title: str, key: str, *, read_only: bool = False) -> DeployKey:
        """
        Add a deploy key, in the name of ``octocat``. Dispatches nothing.

        Args:
            key: A line as in OpenSSH's files ``.pub``; its comment is not kept.

        Raises:
            FakeError: GitHub would refuse it: it is no key, or a deploy key already, here or
                elsewhere in the fake. Nothing was added.
        """
        body = json_copy("repos/create-deploy-key", title=title, key=key, read_only=read_only)
        with self._store.lock, advice():
            row = deploy_keys.create(self._store, self._row, self._store.default_user, **body)
            return DeployKey(self._store, row.id)

    @property
    def deploy_keys(self) -> list[DeployKey]:
        """The deploy keys that are stored now, newest first."""
        with self._store.lock:
            return [DeployKey(self._store, row.id) for row in self._store.deploy_keys.where(repository_id=self._row.id)]

    # Environments

    def add_environment(
        self,
        name: str,
        *,
        wait_timer: int = 0,
        prevent_self_review: bool = False,
        reviewers: Sequence[str | User | Team] = (),
        deployment_branch_policy: Mapping[str, bool] | None = None,
        can_admins_bypass: bool = True,
    ) -> Environment:
        """
        Add an environment as ``PUT …/environments/{name}`` does. Dispatches nothing.

        A deployment that names an environment adds it too, without rules.

        Args:
            name: From 1 to 255 characters, compared without case.

            wait_timer: Minutes, from 0 to 43,200.

            reviewers: At most 6: logins, teams as ``organization/slug``, and users and teams as ``FakeGitHub.add_user``
                and ``add_team`` return them.

            deployment_branch_policy: ``{"protected_branches": …, "custom_branch_policies": …}``, one of them
                true; ``None`` lets any branch be deployed.

        Raises:
            FakeError: There is one already, a reviewer is none, or GitHub would refuse it. Nothing was added.
        """
        check_type("name", name, str, "a string")
        plain_json(name=name)
        check_type("reviewers", reviewers, (list, tuple), "a list of logins, users and teams")
        with self._store.lock, advice():
            accounts = [self._reviewer(reviewer) for reviewer in reviewers]
            body = json_copy(
                "repos/create-or-update-environment",
                wait_timer=wait_timer,
                prevent_self_review=prevent_self_review,
                reviewers=[{"type": type(account).__name__, "id": account.id} for account in accounts],
                deployment_branch_policy=deployment_branch_policy,
                can_admins_bypass=can_admins_bypass,
            )
            if taken := environments.lookup(self._store, self._row, name):
                msg = f"{self.full_name} already has an environment {taken.name!r}"
                raise FakeError(msg, argument="name")
            made = environments.create_or_update(self._store, self._row, name, **body)
            return Environment(self._store, made.id)

    def _reviewer(self, reviewer: str | User | Team) -> User | Team:
        if isinstance(reviewer, str):
            look_up = team_called if "/" in reviewer else user_called
            return look_up(self._store, reviewer, "reviewers")
        check_type("a reviewer", reviewer, (model.User, model.Team), "a login, a user or a team", argument="reviewers")
        return reviewer

    @property
    def environments(self) -> list[Environment]:
        """The environments that are stored now, newest first."""
        with self._store.lock:
            return [
                Environment(self._store, row.id) for row in self._store.environments.where(repository_id=self._row.id)
            ]
