"""Deployments and deployment statuses as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.serializers.accounts import app_or_null, node_id, time, user

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Deployment, DeploymentStatus, Repository
    from pytest_ghdeploy.github.urls import JSON, Urls


def deployment(row: Deployment, repository: Repository, urls: Urls, *, creator: Any = None) -> JSON:  # noqa: ANN401
    """
    Serialize a deployment. ``payload`` is the row's own object: do not change it.

    Args:
        creator: Replaces the JSON of the creator, if given. The same goes for deployment statuses and commit statuses.
    """
    api = urls.deployment(repository, row.id)
    return {
        "url": api,
        "id": row.id,
        "node_id": node_id("DE", row.repository_id, row.id),
        "sha": row.sha,
        "ref": row.ref,
        "task": row.task,
        "payload": row.payload,
        "original_environment": row.original_environment,
        "environment": row.environment,
        "description": row.description,
        "creator": creator or user(row.creator, urls),
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "statuses_url": f"{api}/statuses",
        "repository_url": urls.repository(repository),
        "transient_environment": row.transient_environment,
        "production_environment": row.production_environment,
        "performed_via_github_app": app_or_null(row.performed_via_github_app, urls),
    }


def deployment_status(row: DeploymentStatus, repository: Repository, urls: Urls, *, creator: Any = None) -> JSON:  # noqa: ANN401
    """Serialize a deployment status."""
    api = urls.deployment(repository, row.deployment_id)
    return {
        "url": f"{api}/statuses/{row.id}",
        "id": row.id,
        "node_id": node_id("DES", row.repository_id, row.id),
        "state": row.state,
        "creator": creator or user(row.creator, urls),
        "description": row.description,
        "environment": row.environment,
        "target_url": row.target_url,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "deployment_url": api,
        "repository_url": urls.repository(repository),
        "environment_url": row.environment_url,
        "log_url": row.log_url,
        "performed_via_github_app": app_or_null(row.performed_via_github_app, urls),
    }
