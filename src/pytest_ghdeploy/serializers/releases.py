"""Releases and the rules of branches as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.serializers.accounts import node_id, time, user

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.releases import BranchRule, Release
    from pytest_ghdeploy.github.urls import JSON, Urls


def release(row: Release, repository: Repository, urls: Urls) -> JSON:
    """Serialize a release. It has no assets, because the fake has no place for files."""
    api, tag = f"{urls.repository(repository)}/releases/{row.id}", quote(row.tag_name)
    return {
        "url": api,
        "assets_url": f"{api}/assets",
        "upload_url": f"{urls.uploads}/repos/{repository.full_name}/releases/{row.id}/assets{{?name,label}}",
        "html_url": f"{urls.html}/{repository.full_name}/releases/tag/{tag}",
        "id": row.id,
        "author": user(row.author, urls),
        "node_id": node_id("RE", row.repository_id, row.id),
        "tag_name": row.tag_name,
        "target_commitish": row.target_commitish,
        "name": row.name,
        "draft": row.draft,
        "immutable": False,
        "prerelease": row.prerelease,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "published_at": row.published_at and time(row.published_at),
        "assets": [],
        "tarball_url": f"{urls.repository(repository)}/tarball/{tag}",
        "zipball_url": f"{urls.repository(repository)}/zipball/{tag}",
        "body": row.body,
    }


def branch_rule(row: BranchRule, repository: Repository) -> JSON:
    """Serialize a rule of a branch. Each has a ruleset of its own."""
    return {
        "type": row.type,
        **({"parameters": dict(row.parameters)} if row.parameters is not None else {}),
        "ruleset_source_type": "Repository",
        "ruleset_source": repository.full_name,
        "ruleset_id": row.id,
    }
