"""
The handle of a repository, with which a test sets up its state.

It reads the current state, and runs the same operations as the endpoints. An
unknown value raises ``FakeError``, which lists the known ones. Large subjects
have parts of their own, such as ``repository_git``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api import (
    deploy_keys,
    deployments,
    environments,
    repositories,
)
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import model
from pytest_ghdeploy.github.model import PERMISSIONS
from pytest_ghdeploy.interface.arguments import (
    advice,
    check_login,
    check_type,
    json_copy,
    one_of,
    plain_json,
    split_full_name,
    team_called,
    user_called,
)
from pytest_ghdeploy.interface.environment import Environment
from pytest_ghdeploy.interface.repository_conversation import RepositoryConversation
from pytest_ghdeploy.interface.repository_git import RepositoryGit
from pytest_ghdeploy.interface.repository_pulls import RepositoryPulls
from pytest_ghdeploy.interface.repository_releases import RepositoryReleases
from pytest_ghdeploy.interface.repository_reports import RepositoryReports
from pytest_ghdeploy.interface.resources import DeployKey, Deployment
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.model import (
        Permission,
        Team,
        User,
    )


@public
class Repository(RepositoryGit, RepositoryReports, RepositoryConversation, RepositoryPulls, RepositoryReleases):
    """A repository of a fake: see ``FakeGitHub.add_repository``."""

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
