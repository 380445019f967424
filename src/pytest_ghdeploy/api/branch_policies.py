"""
Deployment branch policies: which branches and tags may be deployed to an environment.

Source:
    https://docs.github.com/rest/deployments/branch-policies
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import environments
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import DeploymentBranchPolicy
from pytest_ghdeploy.serializers import environments as as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.model import DeploymentBranchPolicyType, Environment
    from pytest_ghdeploy.store.store import Store

PERMISSION = "actions"

_RESOURCE = "DeploymentBranchPolicy"
_POLICIES = "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies"


def create(
    store: Store,
    environment: Environment,
    *,
    name: str,
    type: DeploymentBranchPolicyType = "branch",  # noqa: A002 - GitHub's name
) -> tuple[DeploymentBranchPolicy, bool]:
    """
    Allow deployments of the branches or tags that match the pattern *name*.

    Args:
        name: A pattern in the syntax of Ruby's ``File.fnmatch``. ``*`` does not match ``/``.

    Returns:
        The policy, and whether it is new. An existing policy with this name and type is reused.

    Raises:
        NotFound: The environment does not use custom branch policies. Nothing has changed.
        Unprocessable: *name* is empty. Nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/branch-policies#create-a-deployment-branch-policy
    """
    if environment.deployment_branch_policy_settings != "custom_branch_policies":
        raise refusals.not_found(
            f"environment {environment.name!r} cannot have deployment branch policies: "
            "custom_branch_policies is not true in its deployment_branch_policy"
        )
    _check_name(name)
    existing = store.deployment_branch_policies.where(environment_id=environment.id, name=name, type=type)
    if existing:
        return existing[0], False
    policy_id = store.deployment_branch_policies.next_id
    row = DeploymentBranchPolicy(policy_id, environment.repository_id, environment.id, name, type)
    return store.deployment_branch_policies.add(row), True


def update(store: Store, policy: DeploymentBranchPolicy, *, name: str) -> DeploymentBranchPolicy:
    """
    Change the pattern of a policy. Its type stays.

    Raises:
        Unprocessable: *name* is empty, or another policy has it. Nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/branch-policies#update-a-deployment-branch-policy
    """
    _check_name(name)
    existing = store.deployment_branch_policies.where(environment_id=policy.environment_id, name=name, type=policy.type)
    if existing and existing[0].id != policy.id:
        hint = f"deployment branch policy {existing[0].id} already has the {policy.type} pattern {name!r}"
        raise refusals.already_exists(_RESOURCE, "name", hint)
    return store.deployment_branch_policies.replace(policy._replace(name=name))


def _check_name(name: str) -> None:
    if not name:
        message = "name can't be blank"  # [guess]
        hint = "the name of a branch policy is its pattern, and must not be empty"
        raise refusals.validation_failed(_RESOURCE, "name", message, hint=hint)


def of(store: Store, environment: Environment) -> Sequence[DeploymentBranchPolicy]:
    """
    List the policies of an environment, newest first.

    Source:
        Observed in a single recording, from the project esp-idf-lib.
    """
    return store.deployment_branch_policies.where(environment_id=environment.id)


def find(call: Call) -> DeploymentBranchPolicy:
    """
    Look up the deployment branch policy in the path.

    Raises:
        NotFound: The environment has no such policy.
    """
    environment, policy_id = environments.find(call), call.params["branch_policy_id"]
    row = call.store.deployment_branch_policies.get(policy_id)
    if row is None or row.environment_id != environment.id:
        known = errors.known_values(policy_id, (policy.id for policy in of(call.store, environment)))
        hint = f"environment {environment.name!r} has no deployment branch policy {policy_id}; {known}"
        raise refusals.not_found(hint)
    return row


@route("repos/list-deployment-branch-policies", f"GET {_POLICIES}", finds=environments.find)
def list_deployment_branch_policies(call: Call) -> Reply:
    """List the policies of an environment, newest first."""
    rows = of(call.store, call.found)
    around = {"total_count": len(rows), "branch_policies": None}
    return Reply(200, Listing(rows, as_json.deployment_branch_policy, "branch_policies", around))


@route("repos/create-deployment-branch-policy", f"POST {_POLICIES}", needs="admin", finds=environments.find)
def create_deployment_branch_policy(call: Call) -> Reply:
    """
    Create a policy. If it exists, the response is a 303 without a body.

    Source:
        Observed by a user (integrations/terraform-provider-github#3611): go-github
        follows the redirect and receives an object without an id. The list of
        policies is such an object, so by default the redirect leads to it [guess].
    """
    environment = call.found
    row, is_new = create(call.store, environment, **call.arguments_for(create))
    if is_new:
        return Reply(200, as_json.deployment_branch_policy(row))
    api = f"{call.urls.repository(call.repository)}/environments/{quote(environment.name, safe='')}"
    leads_to_policy = call.store.assume.branch_policy_redirect == "policy"
    return Reply(303, location=f"{api}/deployment-branch-policies{f'/{row.id}' if leads_to_policy else ''}")


@route("repos/get-deployment-branch-policy", f"GET {_POLICIES}/{{branch_policy_id}}", finds=find)
def get_deployment_branch_policy(call: Call) -> Reply:
    """Show a policy."""
    return Reply(200, as_json.deployment_branch_policy(call.found))


@route("repos/update-deployment-branch-policy", f"PUT {_POLICIES}/{{branch_policy_id}}", needs="admin", finds=find)
def update_deployment_branch_policy(call: Call) -> Reply:
    """Change the pattern of a policy."""
    row = update(call.store, call.found, **call.arguments_for(update))
    return Reply(200, as_json.deployment_branch_policy(row))


@route("repos/delete-deployment-branch-policy", f"DELETE {_POLICIES}/{{branch_policy_id}}", needs="admin", finds=find)
def delete_deployment_branch_policy(call: Call) -> Reply:
    """Delete a policy."""
    call.store.deployment_branch_policies.remove(call.found)
    return Reply(204)
