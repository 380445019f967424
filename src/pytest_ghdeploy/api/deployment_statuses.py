"""
Deployment statuses.

Source:
    https://docs.github.com/rest/deployments/statuses
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors, payloads, rules
from pytest_ghdeploy.api import deployments, environments
from pytest_ghdeploy.model import DeploymentStatus
from pytest_ghdeploy.routing import Call, Listing, Reply, route

if TYPE_CHECKING:
    from pytest_ghdeploy.model import Deployment, DeploymentState, Repository, User
    from pytest_ghdeploy.store import Store


def create(
    store: Store,
    repository: Repository,
    deployment: Deployment,
    creator: User,
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
    Report on *deployment*, and retire the deployments that its success replaces.

    Args:
        target_url: An http(s) URL or ``""``; kept as ``log_url`` too.

        log_url: Likewise, and overrides ``target_url``.

        description: At most 140 characters.

        environment:
            Where the deployment is from now on; ``""`` leaves it where it is. At most 255 characters. An
            environment of this name is there afterwards.

        environment_url: An http(s) URL or ``""``.

        auto_inactive:
            Whether the state ``success`` makes earlier successful deployments
            to the same environment ``inactive``, unless they are transient or
            to production.

    Returns:
        The new deployment status. Its times are those of the fake's clock.

    Raises:
        Unprocessable: A limit is broken. Nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/statuses#create-a-deployment-status
    """
    urls = {"environment_url": environment_url, "log_url": log_url, "target_url": target_url}
    rules.check_deployment_status(description=description, environment=environment, urls=urls)
    deployment, row = _append(
        store,
        repository,
        replace(deployment, state=state, environment=environment or deployment.environment),
        creator,
        description=description,
        log_url=log_url or target_url,
        environment_url=environment_url,
    )
    if environment:
        environments.ensure(store, repository, environment)
    if auto_inactive and state == "success":
        active = store.deployments.where(
            repository_id=repository.id, environment=deployment.environment, state="success"
        )
        for other in rules.superseded_by(deployment, active, store.assume):
            _append(store, repository, replace(other, state="inactive"), creator)
    return row


def _append(
    store: Store,
    repository: Repository,
    deployment: Deployment,
    creator: User,
    *,
    description: str = "",
    log_url: str = "",
    environment_url: str = "",
) -> tuple[Deployment, DeploymentStatus]:
    now = store.clock.now
    after = store.deployments.replace(replace(deployment, updated_at=now))
    assert after.state is not None  # noqa: S101 - it is the one being reported
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
        )
    )
    if rules.is_dispatched(row.state, store.assume):
        store.events.record(
            "deployment_status",
            "created",
            repository.full_name,
            partial(payloads.deployment_status, row, after, repository, creator, store.urls),
        )
    return after, row


@route("repos/list-deployment-statuses", "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses")
def list_deployment_statuses(call: Call) -> Reply:
    """List the statuses of a deployment, newest first: the first is its state."""
    return Reply(200, Listing(call.store.deployment_statuses.where(deployment_id=deployments.find(call).id)))


@route("repos/create-deployment-status", "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses")
def create_deployment_status(call: Call) -> Reply:
    """Report on a deployment."""
    deployment = deployments.find(call)
    row = create(call.store, call.repository, deployment, call.actor, **call.arguments_for(create))
    location = f"{call.urls.deployment(call.repository, deployment.id)}/statuses/{row.id}"
    return Reply(201, row, location)


@route("repos/get-deployment-status", "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses/{status_id}")
def get_deployment_status(call: Call) -> Reply:
    """Show one status of a deployment."""
    deployment, wanted = deployments.find(call), call.params["status_id"]
    row = call.store.deployment_statuses.get(wanted)
    if row is None or row.deployment_id != deployment.id:
        known = call.store.deployment_statuses.where(deployment_id=deployment.id)
        there = errors.there_is(wanted, (status.id for status in known))
        raise errors.not_found(f"deployment {deployment.id} has no deployment status {wanted}; {there}")
    return Reply(200, row)
