"""
Environments.

Protection rules hold back jobs of GitHub Actions. They do not block deployments
that are created through the REST API.

Source:
    https://docs.github.com/rest/deployments/environments
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import Environment, ProtectionRule
from pytest_ghdeploy.github.rules import environments as rules
from pytest_ghdeploy.github.rules.permissions import allows
from pytest_ghdeploy.serializers import environments as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.model import (
        DeploymentBranchPolicySettings,
        ProtectionRuleType,
        Repository,
        Team,
        User,
    )
    from pytest_ghdeploy.github.urls import JSON, Urls
    from pytest_ghdeploy.store.store import Store
    from pytest_ghdeploy.store.tables import Table

PERMISSION = "actions"


def create_or_update(
    store: Store,
    repository: Repository,
    name: str,
    *,
    wait_timer: int = 0,
    prevent_self_review: bool = False,
    reviewers: Sequence[Mapping[str, Any]] | None = None,
    deployment_branch_policy: Mapping[str, bool] | None = None,
    can_admins_bypass: bool = True,
) -> Environment:
    """
    Create the environment *name*, or replace all settings of an existing one.

    Settings that are left out are reset to their defaults. Custom deployment
    protection rules stay enabled.

    Args:
        name: From 1 to 255 characters, compared without case. An existing environment keeps its spelling.

        wait_timer: Minutes that a job waits, from 0 to 43,200.

        prevent_self_review: Whether to forbid users to approve jobs that they started. Needs a reviewer.

        reviewers: At most 6, each with ``type`` (``User`` or ``Team``) and ``id``.

        deployment_branch_policy:
            ``protected_branches`` and ``custom_branch_policies``, of which
            exactly one is true. If custom policies are off, the existing branch
            policies are deleted.

    Returns:
        The new or updated environment.

    Raises:
        Unprocessable:
            A limit is broken, a reviewer cannot read the repository, or its
            environments cannot be protected. Nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/environments#create-or-update-an-environment
    """
    reviewers = reviewers or ()
    rules.check_environment(
        name=name,
        wait_timer=wait_timer,
        reviewers=len(reviewers),
        prevent_self_review=prevent_self_review,
        deployment_branch_policy=deployment_branch_policy,
    )
    reviewer_rows = tuple(_reviewer(store, repository, reviewer) for reviewer in reviewers)
    settings = _settings(deployment_branch_policy)
    types = rules.protection_rule_types(wait_timer=wait_timer, reviewers=len(reviewers), settings=settings)
    rules.check_protection(types, environments_protected=repository.environments_protected)
    row = ensure(store, repository, name)._replace(
        updated_at=store.clock.now,
        wait_timer=int(wait_timer),
        prevent_self_review=prevent_self_review,
        reviewers=reviewer_rows,
        deployment_branch_policy_settings=settings,
        can_admins_bypass=can_admins_bypass,
    )
    _protect(store, row, types)
    return store.environments.replace(row)


def ensure(store: Store, repository: Repository, name: str) -> Environment:
    """
    Find the environment *name*, or create it without protection rules.

    Creating a deployment or deployment status creates its environment.
    """
    row = lookup(store, repository, name)
    if row is None:
        now = store.clock.now
        row = store.environments.add(
            Environment(
                id=store.environments.next_id,
                repository_id=repository.id,
                name=name,
                created_at=now,
                updated_at=now,
                name_key=rules.environment_key(name),
            )
        )
    return row


def lookup(store: Store, repository: Repository, name: str) -> Environment | None:
    """Find an environment by its name, ignoring case."""
    rows = store.environments.where(repository_id=repository.id, name_key=rules.environment_key(name))
    return rows[0] if rows else None


def _reviewer(store: Store, repository: Repository, reviewer: Mapping[str, Any]) -> User | Team:
    kind, row_id = reviewer.get("type"), reviewer.get("id")
    if kind == "Team":
        team = store.teams.get(row_id) if row_id is not None else None
        if team and team.organization.id == repository.owner.id:
            return team
        known = [f"{row.slug} ({row.id})" for row in store.teams if row.organization.id == repository.owner.id]
    else:
        user = store.users.get(row_id) if row_id is not None and kind else None
        if user and user.type == "User" and allows(store.permission(repository, user), "pull"):
            return user
        known = [f"{row.login} ({row.id})" for row in store.users if row.type == "User"]
    hint = f"no {kind or 'reviewer without a type'} {row_id} can review deployments of {repository.full_name}"
    raise refusals.invalid_environment(
        "reviewers", "Reviewers is invalid", f"{hint}; {errors.known_values(row_id, known)}"
    )


def _settings(policy: Mapping[str, bool] | None) -> DeploymentBranchPolicySettings | None:
    if policy is None:
        return None
    return "protected_branches" if policy["protected_branches"] else "custom_branch_policies"


def _protect(store: Store, row: Environment, types: Sequence[ProtectionRuleType]) -> None:
    existing = {rule.type: rule for rule in protection_rules(store, row)}
    for type_, rule in existing.items():
        if type_ not in types:
            store.protection_rules.remove(rule)
    for type_ in types:
        if type_ not in existing:
            rule = ProtectionRule(store.protection_rules.next_id, row.repository_id, row.id, type_)
            store.protection_rules.add(rule)
    if row.deployment_branch_policy_settings != "custom_branch_policies":
        for policy in list(store.deployment_branch_policies.where(environment_id=row.id)):
            store.deployment_branch_policies.remove(policy)


_ORDER = ("wait_timer", "required_reviewers", "branch_policy")


def protection_rules(store: Store, environment: Environment) -> list[ProtectionRule]:
    """List the protection rules of an environment in GitHub's order, without custom ones."""
    rows = store.protection_rules.where(environment_id=environment.id)
    return sorted((rule for rule in rows if rule.app is None), key=lambda rule: _ORDER.index(rule.type))


def delete(store: Store, environment: Environment) -> None:
    """
    Delete an environment with its protection rules, branch policies, secrets and variables. Its deployments stay.

    Source:
        https://docs.github.com/rest/deployments/environments#delete-an-environment
    """
    inside: tuple[Table[Any], ...] = (
        store.protection_rules,
        store.deployment_branch_policies,
        store.environment_secrets,
        store.environment_variables,
    )
    for table in inside:
        for row in list(table.where(environment_id=environment.id)):
            table.remove(row)
    store.environments.remove(environment)


def to_json(store: Store, urls: Urls, row: Environment) -> JSON:
    """Serialize an environment with its protection rules."""
    return as_json.environment(row, protection_rules(store, row), store.repository_of(row), urls)


def find(call: Call) -> Environment:
    """
    Look up the environment in the path.

    Raises:
        NotFound: The repository has no such environment.
    """
    name = call.params["environment_name"]
    row = lookup(call.store, call.repository, name)
    if row is None:
        rows = call.store.environments.where(repository_id=call.repository.id)
        known = errors.known_values(name, (environment.name for environment in rows))
        raise refusals.not_found(f"{call.repository.full_name} has no environment {name!r}; {known}")
    return row


@route("repos/get-all-environments", "GET /repos/{owner}/{repo}/environments")
def get_all_environments(call: Call) -> Reply:
    """List environments, newest first."""
    rows = call.store.environments.where(repository_id=call.repository.id)
    around = {"total_count": len(rows), "environments": None}
    return Reply(200, Listing(rows, partial(to_json, call.store, call.urls), "environments", around))


@route("repos/get-environment", "GET /repos/{owner}/{repo}/environments/{environment_name}", finds=find)
def get_environment(call: Call) -> Reply:
    """Show an environment."""
    return Reply(200, to_json(call.store, call.urls, call.found), modified_at=call.found.updated_at)


@route(
    "repos/create-or-update-environment",
    "PUT /repos/{owner}/{repo}/environments/{environment_name}",
    needs="admin",
)
def create_or_update_environment(call: Call) -> Reply:
    """Create an environment, or replace the settings of an existing one. Both return 200."""
    arguments = call.arguments_for(create_or_update)
    row = create_or_update(call.store, call.repository, call.params["environment_name"], **arguments)
    return Reply(200, to_json(call.store, call.urls, row))


@route(
    "repos/delete-an-environment",
    "DELETE /repos/{owner}/{repo}/environments/{environment_name}",
    needs="admin",
    finds=find,
)
def delete_an_environment(call: Call) -> Reply:
    """Delete an environment."""
    delete(call.store, call.found)
    return Reply(204)
