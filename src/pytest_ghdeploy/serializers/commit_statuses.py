"""Commit statuses as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import (
        CommitStatus,
        Repository,
    )
    from pytest_ghdeploy.github.urls import JSON, Urls
from pytest_ghdeploy.serializers.accounts import node_id, time, user

# Commit statuses and check runs


def simple_commit_status(row: CommitStatus, repository: Repository, urls: Urls) -> JSON:
    """GitHub's commit status as the combined one lists it."""
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
    """GitHub's commit status."""
    return {**simple_commit_status(row, repository, urls), "creator": creator or user(row.creator, urls)}
