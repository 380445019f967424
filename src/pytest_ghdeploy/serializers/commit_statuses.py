"""Commit statuses as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.serializers.accounts import node_id, time, user

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import CommitStatus, Repository
    from pytest_ghdeploy.github.urls import JSON, Urls


def simple_commit_status(row: CommitStatus, repository: Repository, urls: Urls) -> JSON:
    """Serialize a commit status inside the combined status."""
    return {
        "url": f"{urls.repository(repository)}/statuses/{row.sha}",
        "avatar_url": urls.avatar(row.creator),
        "id": row.id,
        "node_id": node_id("SC", row.repository_id, row.id),
        "state": row.state,
        "description": row.description,
        "target_url": row.target_url,
        "context": row.context,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
    }


def commit_status(row: CommitStatus, repository: Repository, urls: Urls, *, creator: Any = None) -> JSON:  # noqa: ANN401
    """Serialize a commit status."""
    return {**simple_commit_status(row, repository, urls), "creator": creator or user(row.creator, urls)}
