"""The handle of an environment. Like the handles in ``resources``, it reads the current state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import (
    branch_policies,
    environments,
    protection_rules,
)
from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github import model
from pytest_ghdeploy.github.model import DEPLOYMENT_BRANCH_POLICY_TYPES
from pytest_ghdeploy.github.urls import JSON
from pytest_ghdeploy.interface.apps import App
from pytest_ghdeploy.interface.arguments import advice, app_called, check_type, json_copy, one_of
from pytest_ghdeploy.interface.resources import _Field, _Item
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import DeploymentBranchPolicy, DeploymentBranchPolicyType, ProtectionRule
    from pytest_ghdeploy.interface.environment_values import EnvironmentSecret, EnvironmentVariable
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

    def add_secret(self, name: str, *, encrypted_value: str | None = None) -> EnvironmentSecret:
        """
        Add a secret, so that the next ``PUT`` of its name updates it. Dispatches no event.

        Args:
            name: Letters, digits and ``_``. GitHub stores it in upper case.

            encrypted_value: A sealed box in base64, encrypted with the environment's public key. The default is none.

        Raises:
            FakeError: The secret exists, or GitHub would refuse it. Nothing was added.
        """
        from pytest_ghdeploy.api import environment_secrets  # few tests need these modules
        from pytest_ghdeploy.github.environment_secrets import KEY_ID
        from pytest_ghdeploy.interface.environment_values import EnvironmentSecret

        check_type("name", name, str, "a string")
        value = "" if encrypted_value is None else encrypted_value
        if encrypted_value is not None:
            json_copy("actions/create-or-update-environment-secret", encrypted_value=encrypted_value, key_id=KEY_ID)
        with self._store.lock, self._store.changes, advice():
            if existing := environment_secrets.lookup(self._store, self._row, name):
                msg = f"environment {self._row.name!r} already has a secret {existing.name!r}"
                raise FakeError(msg, argument="name")
            row, _ = environment_secrets.put(self._store, self._row, name, encrypted_value=value, key_id=KEY_ID)
            return EnvironmentSecret(self._store, row.id)

    @property
    def secrets(self) -> list[EnvironmentSecret]:
        """The secrets, newest first."""
        from pytest_ghdeploy.api import environment_secrets
        from pytest_ghdeploy.interface.environment_values import EnvironmentSecret

        with self._store.lock:
            return [EnvironmentSecret(self._store, row.id) for row in environment_secrets.of(self._store, self._row)]

    def add_variable(self, name: str, value: str) -> EnvironmentVariable:
        """
        Add a variable. Dispatches no event.

        Args:
            name: Letters, digits and ``_``. GitHub stores it in upper case.

            value: At most 48 KB.

        Raises:
            FakeError: The variable exists, or GitHub would refuse it. Nothing was added.
        """
        from pytest_ghdeploy.api import environment_variables
        from pytest_ghdeploy.interface.environment_values import EnvironmentVariable

        body = json_copy("actions/create-environment-variable", name=name, value=value)
        with self._store.lock, self._store.changes, advice():
            row = environment_variables.create(self._store, self._row, **body)
            return EnvironmentVariable(self._store, row.id)

    @property
    def variables(self) -> list[EnvironmentVariable]:
        """The variables, newest first."""
        from pytest_ghdeploy.api import environment_variables
        from pytest_ghdeploy.interface.environment_values import EnvironmentVariable

        with self._store.lock:
            rows = environment_variables.of(self._store, self._row)
            return [EnvironmentVariable(self._store, row.id) for row in rows]
