"""
Custom deployment protection rules, with which apps approve or reject deployment jobs.

Source:
    https://docs.github.com/rest/deployments/protection-rules
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import environments
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import ProtectionRule
from pytest_ghdeploy.github.rules import environments as rules
from pytest_ghdeploy.serializers import environments as as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.model import App, Environment
    from pytest_ghdeploy.store.store import Store

PERMISSION = "actions"

_RULES = "/repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules"


def enable(store: Store, environment: Environment, *, integration_id: int | None = None) -> ProtectionRule:
    """
    Enable the custom deployment protection rule of an app for an environment.

    Args:
        integration_id: The id of the app. It is required.

    Raises:
        Unprocessable: *integration_id* is missing, or the app's rule is already enabled. Nothing has changed.
        NotFound: The app does not exist or offers no such rule. Nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/protection-rules#create-a-custom-deployment-protection-rule-on-an-environment
    """
    if integration_id is None:
        raise refusals.invalid_request(['"integration_id" wasn\'t supplied.'], ["integration_id"])
    app = store.apps.get(integration_id)
    if app is None or not rules.can_protect(app):
        known = (f"{row.slug} ({row.id})" for row in available(store))
        reason = f"the app {app.slug} offers no custom deployment protection rule" if app else "no app has this id"
        raise refusals.not_found(
            f"integration_id is {integration_id}: {reason}; {errors.known_values(integration_id, known)}"
        )
    if any(rule.app is not None and rule.app.id == app.id for rule in enabled(store, environment)):
        hint = f"the rule of {app.slug} is already enabled for environment {environment.name!r}"
        raise refusals.already_exists("DeploymentProtectionRule", "integration_id", hint)
    row = ProtectionRule(store.protection_rules.next_id, environment.repository_id, environment.id, "custom", app)
    return store.protection_rules.add(row)


def enabled(store: Store, environment: Environment) -> Sequence[ProtectionRule]:
    """List the custom deployment protection rules of an environment, oldest first."""
    return store.protection_rules.where(environment_id=environment.id, type="custom")[::-1]


def available(store: Store) -> list[App]:
    """List the apps that offer a custom deployment protection rule, oldest first."""
    return [app for app in store.apps if rules.can_protect(app)]


def find(call: Call) -> ProtectionRule:
    """
    Look up the custom deployment protection rule in the path.

    Raises:
        NotFound: The environment has no such rule.
    """
    environment, rule_id = environments.find(call), call.params["protection_rule_id"]
    row = call.store.protection_rules.get(rule_id)
    if row is None or row.environment_id != environment.id or row.app is None:
        known = errors.known_values(rule_id, (rule.id for rule in enabled(call.store, environment)))
        other = f" ({rule_id} is its {row.type})" if row and row.environment_id == environment.id else ""
        hint = f"environment {environment.name!r} has no custom deployment protection rule {rule_id}{other}; {known}"
        raise refusals.not_found(hint)
    return row


@route("repos/get-all-deployment-protection-rules", f"GET {_RULES}", finds=environments.find)
def get_all_deployment_protection_rules(call: Call) -> Reply:
    """List the custom rules that are enabled for an environment. The list is not split into pages."""
    rows = enabled(call.store, call.found)
    enabled_rules = [as_json.deployment_protection_rule(row, call.urls) for row in rows]
    return Reply(200, {"total_count": len(rows), "custom_deployment_protection_rules": enabled_rules})


@route("repos/create-deployment-protection-rule", f"POST {_RULES}", needs="admin", finds=environments.find)
def create_deployment_protection_rule(call: Call) -> Reply:
    """Enable a custom rule."""
    row = enable(call.store, call.found, **call.arguments_for(enable))
    return Reply(201, as_json.deployment_protection_rule(row, call.urls))


@route("repos/list-custom-deployment-rule-integrations", f"GET {_RULES}/apps", finds=environments.find)
def list_custom_deployment_rule_integrations(call: Call) -> Reply:
    """List the apps whose custom rules can be enabled, including the enabled ones."""
    rows = available(call.store)
    key = "available_custom_deployment_protection_rule_integrations"
    around = {"total_count": len(rows), key: None}
    return Reply(200, Listing(rows, partial(as_json.custom_deployment_rule_app, urls=call.urls), key, around))


@route("repos/get-custom-deployment-protection-rule", f"GET {_RULES}/{{protection_rule_id}}", finds=find)
def get_custom_deployment_protection_rule(call: Call) -> Reply:
    """Show a custom rule."""
    return Reply(200, as_json.deployment_protection_rule(call.found, call.urls))


@route("repos/disable-deployment-protection-rule", f"DELETE {_RULES}/{{protection_rule_id}}", needs="admin", finds=find)
def disable_deployment_protection_rule(call: Call) -> Reply:
    """Disable a custom rule."""
    call.store.protection_rules.remove(call.found)
    return Reply(204)
