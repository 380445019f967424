"""
Deployment statuses.

Source:
    https://docs.github.com/rest/deployments/statuses
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import deployments, environments
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import DeploymentStatus
from pytest_ghdeploy.github.rules import deployments as rules
from pytest_ghdeploy.github.rules.environments import environment_key
from pytest_ghdeploy.serializers import events as payloads

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import App, Deployment, DeploymentState, Repository, User
    from pytest_ghdeploy.store.store import Store

PERMISSION = "deployments"


def create(
    store: Store,
    repository: Repository,
    deployment: Deployment,
    creator: User,
    performed_via_github_app: App | None = None,
    *,
    state: DeploymentState,
    target_url: str = "",
    log_url: str = "",
    description: str = "",
    environment: str = "",
    environment_url: str = "",
    auto_inactive: bool = True,
) -> DeploymentStatus:
    """
    Add a status to *deployment*, and retire the deployments that its success replaces.

    Args:
        performed_via_github_app: The app that acts for *creator*, if any; ``None`` if *creator* is the app's own bot.

        target_url: An http or https URL or ``""``. Also stored as ``log_url``.

        log_url: An http or https URL or ``""``. Takes precedence over *target_url*.

        description: At most 140 characters.

        environment:
            The new environment of the deployment, created if it does not exist;
            ``""`` for no change. At most 255 characters.

        environment_url: An http or https URL or ``""``.

        auto_inactive:
            Whether ``success`` also makes earlier successful deployments to the
            same environment ``inactive``. Transient and production deployments
            stay as they are.

    Returns:
        The new deployment status. Its times come from the fake's clock.

    Raises:
        Unprocessable: A limit is broken. Nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/statuses#create-a-deployment-status
    """
    urls = {"environment_url": environment_url, "log_url": log_url, "target_url": target_url}
    rules.check_deployment_status(description=description, environment=environment, urls=urls)
    name = environment or deployment.environment
    key = environment_key(name)
    deployment, row = _append(
        store,
        repository,
        deployment._replace(state=state, environment=name, environment_key=key),
        creator,
        performed_via_github_app,
        description=description,
        log_url=log_url or target_url,
        environment_url=environment_url,
    )
    if environment:
        environments.ensure(store, repository, environment)
    retirable = rules.retirable(store.assume)
    active = store.deployments.where(repository_id=repository.id, environment_key=key, **retirable)
    for other in rules.superseded_by(deployment, active, store.assume, auto_inactive=auto_inactive):
        _append(store, repository, other._replace(state="inactive"), creator, performed_via_github_app)
    return row


def _append(
    store: Store,
    repository: Repository,
    deployment: Deployment,
    creator: User,
    app: App | None,
    *,
    description: str = "",
    log_url: str = "",
    environment_url: str = "",
) -> tuple[Deployment, DeploymentStatus]:
    now = store.clock.now
    after = store.deployments.replace(deployment._replace(updated_at=now))
    assert after.state is not None  # noqa: S101 - the caller has set it
    row = store.deployment_statuses.add(
        DeploymentStatus(
            id=store.deployment_statuses.next_id,
            repository_id=repository.id,
            deployment_id=after.id,
            state=after.state,
            creator=creator,
            description=description,
            environment=after.environment,
            target_url=log_url,
            environment_url=environment_url,
            log_url=log_url,
            created_at=now,
            updated_at=now,
            performed_via_github_app=app,
        )
    )
    if rules.is_dispatched(row.state, store.assume):
        store.events.record(
            "deployment_status",
            "created",
            repository.full_name,
            partial(payloads.deployment_status, row, after, repository, creator, store.urls),
            row,
        )
    return after, row


def find(call: Call) -> DeploymentStatus:
    """
    Look up the deployment status in the path.

    Raises:
        NotFound: The repository has no such deployment, or the deployment has no such status.
    """
    deployment, status_id = deployments.find(call), call.params["status_id"]
    row = call.store.deployment_statuses.get(status_id)
    if row is None or row.deployment_id != deployment.id:
        rows = call.store.deployment_statuses.where(deployment_id=deployment.id)
        known = errors.known_values(status_id, (status.id for status in rows))
        raise refusals.not_found(f"deployment {deployment.id} has no deployment status {status_id}; {known}")
    return row


_PATH = "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses"


@route("repos/list-deployment-statuses", f"GET {_PATH}", finds=deployments.find)
def list_deployment_statuses(call: Call) -> Reply:
    """List the statuses of a deployment, newest first. The first one is its current state."""
    return Reply(200, Listing(call.store.deployment_statuses.where(deployment_id=call.found.id)))


@route("repos/create-deployment-status", f"POST {_PATH}", finds=deployments.find)
def create_deployment_status(call: Call) -> Reply:
    """Add a status to a deployment."""
    app = rules.performed_via(call.actor, call.app)
    row = create(call.store, call.repository, call.found, call.actor, app, **call.arguments_for(create))
    location = f"{call.urls.deployment(call.repository, row.deployment_id)}/statuses/{row.id}"
    return Reply(201, row, location)


@route("repos/get-deployment-status", f"GET {_PATH}/{{status_id}}", finds=find)
def get_deployment_status(call: Call) -> Reply:
    """Show one status of a deployment."""
    return Reply(200, call.found)
