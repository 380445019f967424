"""
The handle of a repository, with which a test sets up its state.

It reads the current state, and runs the same operations as the endpoints. An
unknown value raises ``FakeError``, which lists the known ones.

The module is long because the class is a public interface: it consists mostly
of signatures and docstrings, and the operations are in ``api``.
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
from pytest_ghdeploy.github import apps, model
from pytest_ghdeploy.github.model import CHECK_RUN_CONCLUSIONS, CHECK_RUN_STATUSES, COMMIT_STATUS_STATES, PERMISSIONS
from pytest_ghdeploy.github.rules import commits as commit_rules, git as rules
from pytest_ghdeploy.interface.apps import App, app_given
from pytest_ghdeploy.interface.arguments import (
    advice,
    check_login,
    check_ref_name,
    check_type,
    json_copy,
    one_of,
    plain_json,
    split_full_name,
    team_called,
    time_of,
    user_called,
)
from pytest_ghdeploy.interface.environment import Environment
from pytest_ghdeploy.interface.resources import CheckRun, CommitStatus, DeployKey, Deployment
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pytest_ghdeploy.github.git import Graph, Signature
    from pytest_ghdeploy.github.git_refs import Refs
    from pytest_ghdeploy.github.model import (
        CheckRunConclusion,
        CheckRunStatus,
        CommitStatusState,
        Permission,
        Team,
        User,
    )
    from pytest_ghdeploy.interface.history import Branch, Commit, Tag
    from pytest_ghdeploy.store.store import Store

# A mistyped number must not use up all memory.
_FARTHEST = 10_000


@public
class Repository:
    """A repository of a fake: see ``FakeGitHub.add_repository``."""

    def __init__(self, store: Store, repository_id: int) -> None:
        """Create a handle of the repository with this id."""
        self._store = store
        self._id = repository_id

    def __repr__(self) -> str:
        row = self._store.repositories.get(self._id)
        return f"<Repository {row.full_name if row else self._id}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._id == other._id

    def __hash__(self) -> int:
        return hash(self._id)

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
        """GitHub's id, as in the path ``/repositories/{id}``."""
        return self._id

    @property
    def full_name(self) -> str:
        """The owner and the name, such as ``octocat/example``."""
        return self._row.full_name

    @property
    def name(self) -> str:
        """The name without the owner."""
        return self._row.name

    @property
    def owner(self) -> User:
        """The account that owns the repository."""
        return self._row.owner

    @property
    def private(self) -> bool:
        """Whether only accounts with a permission can see the repository."""
        return self._row.private

    @property
    def default_branch(self) -> str:
        """The name of the default branch."""
        return self._row.default_branch

    def rename(self, full_name: str) -> None:
        """
        Rename the repository.

        Requests with the former name are redirected, until another repository takes that name.

        Args:
            full_name: The owner and the new name, such as ``octocat/new-name``. The owner must stay the same.

        Raises:
            FakeError: The name is taken or invalid, or the owner differs. The repository keeps its name.
        """
        owner, name = split_full_name(full_name)
        with self._store.outbox, self._store.lock, self._store.changes, advice(name="full_name"):
            row = self._row
            if owner.lower() != row.owner.login.lower():
                msg = f"rename cannot change the owner of {row.full_name}: use {row.owner.login}/{name}"
                raise FakeError(msg, argument="full_name")
            repositories.change(self._store, row, name=name)

    # Git

    def sha(self, ref: str) -> str:
        """
        Find the commit of a ref.

        Args:
            ref: A branch, a tag, a full SHA, any full ref such as ``refs/pull/7/merge``, or ``HEAD`` for the default
                branch.

        Returns:
            The SHA of the commit: 40 hex digits.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
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

    def _new_name(self, name: str, taken: Refs, kind: str) -> None:
        check_ref_name(name)
        if blocking := taken.blocking(name):
            msg = f"{self.full_name} has a {kind} {blocking!r}, so git does not allow {name!r}"
            raise FakeError(msg, argument="name")
        if name in taken:
            msg = f"{self.full_name} already has a {kind} {name!r}"
            raise FakeError(msg, argument="name")

    def add_branch(self, name: str, *, from_ref: str | None = None, behind: int = 0) -> str:
        """
        Add a branch.

        Args:
            name: The name of the branch, without ``refs/heads/``.

            from_ref: The starting point: a branch, a tag, a full ref or a full SHA. The default is the default branch.

            behind: The number of commits by which the new branch is behind the default branch, 0 to 10,000.
                Without *from_ref*, the new branch starts at an earlier commit of the default branch.
                With *from_ref*, the default branch gets as many new commits as needed.

        Returns:
            The SHA of the head of the new branch.

        Raises:
            FakeError: The name is taken or invalid, *from_ref* is unknown, or is already behind by more than
                *behind* commits. Nothing was added.
        """
        with self._store.lock, self._store.changes:
            graph, default = self._graph, self.default_branch
            self._new_name(name, graph.branches, "branch")
            if isinstance(behind, bool) or not isinstance(behind, int) or not 0 <= behind <= _FARTHEST:
                msg = f"behind must be a number of commits, 0 to {_FARTHEST:,}; got {behind!r}"
                raise FakeError(msg, argument="behind")
            if from_ref is None:
                start = graph.back(self._branch(default, None), behind)
                if start is None:
                    msg = f"no commit is exactly {behind} behind {default}, because of merges: use from_ref"
                    raise FakeError(msg, argument="behind")
            else:
                start = self._sha(from_ref, "from_ref")
                missing = len(graph.missing(start, graph.branches[default])) if behind else 0
                if missing > behind:
                    msg = f"{from_ref} is already {missing} commit(s) behind {default}, more than {behind}"
                    raise FakeError(msg, argument="behind")
                path = ""
                for number in range(1, behind - missing + 1):
                    # All of them change one file. With a new file each, the trees would use up all memory.
                    files = {path: f"Update {number}\n"} if path else None
                    sha = self._commit(default, "Update", files, self._store.default_user)
                    path = path or graph.changed_paths(sha)[0][0]
            graph.set_ref(f"heads/{name}", start)
            return start

    def add_tag(self, name: str, ref: str) -> str:
        """
        Add a tag.

        Args:
            name: The name of the tag, without ``refs/tags/``.

            ref: The tagged commit: a branch, a tag, a full ref or a full SHA.

        Returns:
            The SHA of the tagged commit.

        Raises:
            FakeError: The name is taken or invalid, or *ref* is unknown. Nothing was added.
        """
        with self._store.lock, self._store.changes:
            self._new_name(name, self._graph.tags, "tag")
            sha = self.sha(ref)
            self._graph.set_ref(f"tags/{name}", sha)
            return sha

    def add_ref(self, name: str, ref: str) -> str:
        """
        Add any ref by its full name, such as ``refs/notes/x`` or ``refs/pull/7/merge``, and return its SHA.

        No event is dispatched, as with ``add_branch`` and ``add_tag``.

        Args:
            name: ``refs/`` and at least two more parts. ``refs/heads/x`` adds a branch and ``refs/tags/x`` a tag.

            ref: The commit that it points to: a branch, a tag, a full ref or a full SHA.

        Raises:
            FakeError: *name* is taken or is not a valid full ref, or *ref* does not exist. Nothing was added.

        Source:
            https://docs.github.com/rest/git/refs#create-a-reference
        """
        check_type("name", name, str, "a string")
        with self._store.lock, self._store.changes, advice(ref="name"):
            sha = self.sha(ref)
            short = refs.new_name(self._graph, name)
            self._graph.set_ref(short, sha)
            return sha

    def add_commit(
        self,
        branch: str,
        *,
        message: str = "Update",
        files: Mapping[str, str | bytes] | None = None,
        author: str | Mapping[str, str] | None = None,
        date: datetime | None = None,
    ) -> str:
        """
        Commit to a branch. Dispatches no event.

        Args:
            files: The new contents of files by path, as strings or bytes. By default the commit adds one file that
                no other commit changes.

            author: The login of an account; or a mapping with ``name`` and ``email``, for an author without an
                account. The default is ``octocat``.

            date: The time of the commit, with a time zone. The default is the fake's time. It does not change the
                order of commits.

        Returns:
            The SHA of the new commit.

        Raises:
            FakeError: The branch or *author* is unknown, *date* is invalid, or git does not allow a path. Nothing was
                committed.
        """
        with self._store.lock, self._store.changes:
            account = self._store.default_user
            signatures: tuple[Signature | None, Signature | None] = (None, None)
            if author is not None or date is not None:
                from pytest_ghdeploy.interface.history import signed  # few tests need it

                account, signatures = signed(self._store, author, date)
            if self._graph.commits or branch != self.default_branch:  # an empty repository has no branch yet
                self._branch(branch, "branch")
            check_type("message", message, str, "a string")
            check_type("files", files, (Mapping, type(None)), "a mapping of paths to strings or bytes")
            for path, content in (files or {}).items():
                check_type("a path in files", path, str, "a string", argument="files")
                check_type(f"the file {path}", content, (str, bytes), "a string or bytes", argument="files")
                with advice(path="files"):
                    rules.check_path(path)
            return self._commit(branch, message, files, account, signatures)

    def _commit(
        self,
        branch: str,
        message: str,
        files: Mapping[str, str | bytes] | None,
        author: model.User,
        signatures: tuple[Signature | None, Signature | None] = (None, None),
    ) -> str:
        now = self._store.clock.now
        commit = self._graph.commit(branch, message=message, files=files, author=author, now=now, signatures=signatures)
        self._store.pushed(self._row)
        return commit.sha

    def add_merge_conflict(self, head: str, base: str | None = None) -> None:
        """
        Make *head* and *base* conflict, so that *base* cannot be merged into *head*.

        This commits a conflicting change to *head*. It also commits one to
        *base*, unless *base* already has a change that can conflict. *head* is
        behind *base* afterwards.

        Args:
            head: The name of a branch.

            base: The name of another branch. The default is the default branch.

        Raises:
            FakeError: A branch is unknown, or both are the same. Nothing was committed.
        """
        with self._store.lock, self._store.changes:
            base = self._branch(base or self.default_branch, "base")
            if self._branch(head, "head") == base:
                msg = f"{base} cannot conflict with itself: head and base must be different branches"
                raise FakeError(msg, argument="head")
            self._graph.clash(head, base, author=self._store.default_user, now=self._store.clock.now)
            self._store.pushed(self._row)

    @property
    def branches(self) -> list[Branch]:
        """The existing branches, in alphabetical order."""
        from pytest_ghdeploy.interface.history import Branch  # few tests need it

        with self._store.lock:
            return [Branch(name, sha) for name, sha in sorted(self._graph.branches.items())]

    @property
    def tags(self) -> list[Tag]:
        """The existing tags, in reverse alphabetical order as on GitHub."""
        from pytest_ghdeploy.interface.history import Tag  # few tests need it

        with self._store.lock:
            return [Tag(name, sha) for name, sha in sorted(self._graph.tags.items(), reverse=True)]

    def commits(self, ref: str | None = None) -> list[Commit]:
        """
        List the commits that a ref contains, newest first.

        Args:
            ref: A branch, a tag, a full ref or a full SHA. The default is the default branch.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        from pytest_ghdeploy.interface.history import commit_of  # few tests need it

        with self._store.lock:
            if ref is None and not self._graph.commits:  # an empty repository has no branch yet
                return []
            sha = self._sha(self.default_branch if ref is None else ref, "ref")
            return [commit_of(row) for row in self._graph.log(sha)]

    # Permissions

    def add_collaborator(self, login: str, permission: Permission = "push") -> None:
        """
        Add a collaborator, or change the permission of an existing one.

        Args:
            login: The login of the account. An account that does not exist is created as a user.

            permission: ``pull``, ``triage``, ``push``, ``maintain`` or ``admin``.

        Raises:
            FakeError: *login* or *permission* is invalid. No permission was granted.
        """
        one_of("permission", permission, PERMISSIONS, argument="permission")
        check_login(login)
        with self._store.lock, self._store.changes:
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
        Add a commit status to a commit. Dispatches ``status``.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA.

            state: ``error``, ``failure``, ``pending`` or ``success``.

            creator: The login of the account that reports. The default is ``octocat``.

        Raises:
            FakeError: *ref*, *state* or *creator* is unknown, or GitHub would refuse the status. Nothing was added.
        """
        one_of("commit status state", state, COMMIT_STATUS_STATES, argument="state")
        body = json_copy(
            "repos/create-commit-status",
            state=state,
            context=context,
            description=description,
            target_url=target_url,
        )
        with self._store.outbox, self._store.lock, self._store.changes, advice():
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
        output: Mapping[str, Any] | None = None,
        details_url: str | None = None,
        external_id: str | None = None,
        started_at: datetime | None = None,
        completed_at: datetime | None = None,
        app: App | model.App | str | None = None,
    ) -> CheckRun:
        """
        Add a check run to a commit. Dispatches ``check_run``.

        A run of GitHub Actions whose *details_url* is the page of a job of the
        repository, ``https://github.com/OWNER/NAME/actions/runs/1/job/2``,
        belongs to that job. As on GitHub, requests cannot change its status or
        conclusion.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA.

            name: The name of the check run. It must not be empty.

            conclusion: The conclusion of a check run with the status ``completed``. For any other status it is
                ignored.

            check_suite: The check suite, by any name you choose, such as a workflow's. A check run replaces an
                earlier one with the same name in the same suite. As on GitHub, check runs with the same name in
                different suites are separate contexts.

            output: ``title``, ``summary``, and optionally ``text`` and ``annotations``, as in a request.

            details_url: A page with details. The default is the run's own page, or that of *app*.

            external_id: The app's own name for the run.

            started_at: When the run started. It needs a time zone. The default is now.

            completed_at: When a completed run was completed. It needs a time zone. The default is now.

            app: The app that reports, or its slug. The default is GitHub Actions.

        Raises:
            FakeError: *ref*, *status*, *conclusion* or *app* is unknown, GitHub would refuse the run, or an argument
                is invalid. Nothing was added.
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
        started, completed = time_of("started_at", started_at), time_of("completed_at", completed_at)
        members: dict[str, object] = {
            "output": output,
            "details_url": details_url,
            "external_id": external_id,
            "started_at": started and started.isoformat(),
            "completed_at": completed and completed.isoformat(),
        }
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            sha, row = self.sha(ref), self._row
            sent = {member: value for member, value in members.items() if value is not None}
            body = json_copy("checks/create", name=name, head_sha=sha, **sent)
            reporter = None if app is None else app_given(self._store, app, "app")
            app_id = reporter.id if reporter else apps.ACTIONS_ID
            run = check_runs.add(
                self._store,
                row,
                None if reporter else self._store.default_user,
                reporter,
                **body,
                status=status,
                conclusion=conclusion,
                check_suite=check_suite,
                of_job=commit_rules.is_of_job(app_id, details_url, row.full_name),
            )
            return CheckRun(self._store, run.id)

    def commit_statuses(self, ref: str | None = None) -> list[CommitStatus]:
        """
        List the commit statuses, newest first.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA. The default is all commits of the repository.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        with self._store.lock:
            rows = self._store.commit_statuses.where(**self._on(ref))
            return [CommitStatus(self._store, row.id) for row in rows]

    def check_runs(self, ref: str | None = None) -> list[CheckRun]:
        """
        List the check runs, newest first, including those that newer ones have replaced.

        Args:
            ref: The commit: a branch, a tag, a full ref or a full SHA. The default is all commits of the repository.

        Raises:
            FakeError: *ref* is unknown. The message lists the branches and tags.
        """
        with self._store.lock:
            return [CheckRun(self._store, row.id) for row in self._store.check_runs.where(**self._on(ref))]

    def _on(self, ref: str | None) -> dict[str, Any]:
        on = {"repository_id": self._row.id}
        return on if ref is None else {**on, "sha": self._sha(ref, "ref")}

    # Deployments

    def add_deployment(
        self,
        ref: str,
        *,
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

        Two defaults differ from GitHub's, which makes setup simpler: nothing
        is merged, and no contexts are required.

        Args:
            ref: The commit to deploy: a branch, a tag, a full ref or a full SHA.

            payload: A JSON object or a string. The default is ``{}``.

            production_environment: Whether the environment is a production environment. The default is True for the
                environment ``production`` and False for others.

            auto_merge: Whether to merge the default branch into a branch that is behind.

            required_contexts: The contexts that must be ``success``; ``None`` for all of the commit.

            creator: The login of the account that deploys. The default is ``octocat``.

        Raises:
            FakeError: *ref* or *creator* is unknown, or GitHub would refuse the deployment. With *auto_merge* also if
                the default branch was merged, because GitHub creates no deployment then; the merge stays. No
                deployment was created.
        """
        check_type("required_contexts", required_contexts, (list, tuple, type(None)), "a list of contexts, or None")
        optional = {
            "payload": payload,
            "production_environment": production_environment,
            # A tuple is allowed, but JSON has only lists.
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
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            self.sha(ref)
            user = user_called(self._store, creator, "creator")
            self._store.secrets.learn_in(body.get("payload"))
            result = deployments.create(self._store, self._row, user, **body)
            if isinstance(result, deployments.AutoMerged):
                msg = f"no deployment was created: GitHub responds 202 {result.message!r}; call add_deployment again"
                raise FakeError(msg, see="a-202-instead-of-a-deployment")
            for listener in self._store.afterwards:
                listener()
            return Deployment(self._store, result.id)

    @property
    def deployments(self) -> list[Deployment]:
        """The existing deployments, newest first."""
        with self._store.lock:
            return [
                Deployment(self._store, row.id) for row in self._store.deployments.where(repository_id=self._row.id)
            ]

    # Deploy keys

    def add_deploy_key(self, title: str, key: str, *, read_only: bool = False) -> DeployKey:
        """
        Add a deploy key as ``octocat``. Dispatches no event.

        Args:
            key: The public key, as the line in an OpenSSH file ``.pub``. A comment in it is dropped.

        Raises:
            FakeError: GitHub would refuse the key: it is invalid, it is already a deploy key of any repository, or
                deploy keys are disabled. Nothing was added.
        """
        body = json_copy("repos/create-deploy-key", title=title, key=key, read_only=read_only)
        with self._store.lock, self._store.changes, advice():
            row = deploy_keys.create(self._store, self._row, self._store.default_user, **body)
            return DeployKey(self._store, row.id)

    @property
    def deploy_keys(self) -> list[DeployKey]:
        """The existing deploy keys, newest first."""
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
        Add an environment as ``PUT …/environments/{name}`` does. Dispatches no event.

        A deployment to an unknown environment also adds it, without protection rules.

        Args:
            name: The name, 1 to 255 characters. Case is ignored in comparisons.

            wait_timer: The delay of a deployment in minutes, 0 to 43,200.

            prevent_self_review: Whether to forbid the user who started a job to approve it. True needs a reviewer.

            reviewers: At most 6 reviewers: logins, teams as ``organization/slug``, and users and teams as returned by
                ``FakeGitHub.add_user`` and ``add_team``.

            deployment_branch_policy: ``{"protected_branches": …, "custom_branch_policies": …}`` with exactly one True;
                ``None`` allows any branch.

        Raises:
            FakeError: The environment exists, a reviewer is unknown, or GitHub would refuse it. Nothing was added.
        """
        check_type("name", name, str, "a string")
        plain_json(name=name)
        check_type("reviewers", reviewers, (list, tuple), "a list of logins, users and teams")
        with self._store.lock, self._store.changes, advice():
            accounts = [self._reviewer(reviewer) for reviewer in reviewers]
            body = json_copy(
                "repos/create-or-update-environment",
                wait_timer=wait_timer,
                prevent_self_review=prevent_self_review,
                reviewers=[{"type": type(account).__name__, "id": account.id} for account in accounts],
                deployment_branch_policy=deployment_branch_policy,
                can_admins_bypass=can_admins_bypass,
            )
            if existing := environments.lookup(self._store, self._row, name):
                msg = f"{self.full_name} already has an environment {existing.name!r}"
                raise FakeError(msg, argument="name")
            environment = environments.create_or_update(self._store, self._row, name, **body)
            return Environment(self._store, environment.id)

    def _reviewer(self, reviewer: str | User | Team) -> User | Team:
        if isinstance(reviewer, str):
            find = team_called if "/" in reviewer else user_called
            return find(self._store, reviewer, "reviewers")
        check_type("a reviewer", reviewer, (model.User, model.Team), "a login, a user or a team", argument="reviewers")
        return reviewer

    @property
    def environments(self) -> list[Environment]:
        """The existing environments, newest first."""
        with self._store.lock:
            return [
                Environment(self._store, row.id) for row in self._store.environments.where(repository_id=self._row.id)
            ]
