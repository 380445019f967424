"""What a test holds of an environment. Reads what is stored now, as the handles in ``items`` do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import branch_policies, environments, protection_rules
from pytest_ghdeploy.github.model import DEPLOYMENT_BRANCH_POLICY_TYPES, App
from pytest_ghdeploy.github.urls import JSON
from pytest_ghdeploy.interface.arguments import advice, app_called, check_type, json_copy, one_of
from pytest_ghdeploy.interface.resources import _Field, _Item
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from pytest_ghdeploy.github import model
    from pytest_ghdeploy.github.model import DeploymentBranchPolicy, DeploymentBranchPolicyType, ProtectionRule
    from pytest_ghdeploy.store.tables import Table


@public
class Environment(_Item):
    """
    Where deployments go, with what protects it.

    ``protection_rules`` and ``deployment_branch_policy`` are JSON as GitHub answers it.
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
        Let branches or tags be deployed here whose name is like the pattern *name*.

        Args:
            type: ``branch`` or ``tag``.

        Returns:
            The policy, with ``id``, ``name`` and ``type``; an earlier one if it is the same.

        Raises:
            FakeError: *type* is none, or the environment takes no custom branch policies. Nothing was added.
        """
        one_of("deployment branch policy type", type, DEPLOYMENT_BRANCH_POLICY_TYPES, argument="type")
        body = json_copy("repos/create-deployment-branch-policy", name=name, type=type)
        with self._store.lock, advice():
            return branch_policies.create(self._store, self._row, **body)[0]

    @property
    def deployment_branch_policies(self) -> list[DeploymentBranchPolicy]:
        """Its deployment branch policies, oldest first; each has ``id``, ``name`` and ``type``."""
        with self._store.lock:
            return list(branch_policies.of(self._store, self._row))

    def enable_protection_rule(self, app: App | str) -> ProtectionRule:
        """
        Let an *app* decide about this environment: its slug, or what ``FakeGitHub.add_app`` returns.

        Returns:
            The custom deployment protection rule, with ``id`` and ``app``.

        Raises:
            FakeError: There is no such app, it does so already, or is an app without such rules. Nothing was enabled.
        """
        check_type("app", app, (str, App), "the slug of an app, or an app")
        with self._store.lock, advice(integration_id="app"):
            row = app_called(self._store, app, "app") if isinstance(app, str) else app
            return protection_rules.enable(self._store, self._row, integration_id=row.id)

    @property
    def custom_deployment_protection_rules(self) -> list[ProtectionRule]:
        """The custom rules that are enabled, oldest first; each has ``id`` and ``app``."""
        with self._store.lock:
            return list(protection_rules.enabled(self._store, self._row))
