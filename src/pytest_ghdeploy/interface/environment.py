"""The handle of an environment. Like the handles in ``resources``, it reads the current state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import branch_policies, environments, protection_rules
from pytest_ghdeploy.github import model
from pytest_ghdeploy.github.model import DEPLOYMENT_BRANCH_POLICY_TYPES
from pytest_ghdeploy.github.urls import JSON
from pytest_ghdeploy.interface.apps import App
from pytest_ghdeploy.interface.arguments import advice, app_called, check_type, json_copy, one_of
from pytest_ghdeploy.interface.resources import _Field, _Item
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import DeploymentBranchPolicy, DeploymentBranchPolicyType, ProtectionRule
    from pytest_ghdeploy.store.tables import Table


@public
class Environment(_Item):
    """
    An environment of a repository, with its protection rules.

    ``protection_rules`` and ``deployment_branch_policy`` are GitHub's JSON.
    """

    __slots__ = ()
    _kind = "environment"

    name = _Field[str]()
    html_url = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    can_admins_bypass = _Field[bool]()
    protection_rules = _Field[list[JSON]]()
    deployment_branch_policy = _Field[dict[str, bool] | None]()

    def _table(self) -> Table[model.Environment]:
        return self._store.environments

    def _as_json(self, row: model.Environment) -> JSON:
        return environments.to_json(self._store, self._store.urls, row)

    def add_deployment_branch_policy(
        self,
        name: str,
        *,
        type: DeploymentBranchPolicyType = "branch",  # noqa: A002 - GitHub's name for it
    ) -> DeploymentBranchPolicy:
        """
        Allow deployments of branches or tags whose names match a pattern.

        Args:
            name: The pattern, such as ``release/*``.

            type: ``branch`` or ``tag``.

        Returns:
            The policy, with ``id``, ``name`` and ``type``. If the same policy exists, the existing one.

        Raises:
            FakeError: *type* is invalid, or the environment does not allow custom branch policies. Nothing was added.
        """
        one_of("deployment branch policy type", type, DEPLOYMENT_BRANCH_POLICY_TYPES, argument="type")
        body = json_copy("repos/create-deployment-branch-policy", name=name, type=type)
        with self._store.lock, self._store.changes, advice():
            return branch_policies.create(self._store, self._row, **body)[0]

    @property
    def deployment_branch_policies(self) -> list[DeploymentBranchPolicy]:
        """The deployment branch policies, oldest first. Each has ``id``, ``name`` and ``type``."""
        with self._store.lock:
            return list(branch_policies.of(self._store, self._row)[::-1])

    def enable_protection_rule(self, app: App | model.App | str) -> ProtectionRule:
        """
        Enable the custom deployment protection rule of an app.

        Args:
            app: The slug of the app, or the app as returned by ``FakeGitHub.add_app``.

        Returns:
            The custom deployment protection rule, with ``id`` and ``app``.

        Raises:
            FakeError: The app is unknown, its rule is already enabled, or it has none. Nothing was enabled.
        """
        check_type("app", app, (str, App, model.App), "the slug of an app, or an app")
        with self._store.lock, self._store.changes, advice(integration_id="app"):
            row = app_called(self._store, app, "app") if isinstance(app, str) else app
            return protection_rules.enable(self._store, self._row, integration_id=row.id)

    @property
    def custom_deployment_protection_rules(self) -> list[ProtectionRule]:
        """The enabled custom deployment protection rules, oldest first. Each has ``id`` and ``app``."""
        with self._store.lock:
            return list(protection_rules.enabled(self._store, self._row))
