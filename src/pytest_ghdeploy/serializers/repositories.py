"""Repositories, collaborators, invitations and deploy keys as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_ghdeploy.github.model import PERMISSIONS
from pytest_ghdeploy.github.rules.permissions import role
from pytest_ghdeploy.serializers.accounts import node_id, time, user

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import DeployKey, Invitation, Permission, Repository, User
    from pytest_ghdeploy.github.urls import JSON, Urls

# Repositories

_REPOSITORY_LINKS = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}


def minimal_repository(row: Repository, urls: Urls) -> JSON:
    """Serialize a repository inside another object: its identity and URLs."""
    api = urls.repository(row)
    return {
        "id": row.id,
        "node_id": node_id("R", row.id),
        "name": row.name,
        "full_name": row.full_name,
        "private": row.private,
        "owner": user(row.owner, urls),
        "html_url": f"{urls.html}/{row.full_name}",
        "description": row.settings.description,
        "fork": False,
        "url": api,
        **{field: api + suffix for field, suffix in _REPOSITORY_LINKS.items()},
    }


def repository(row: Repository, urls: Urls) -> JSON:
    """Serialize a repository for lists and webhook payloads."""
    host, settings = urlsplit(urls.html).hostname, row.settings
    return {
        **minimal_repository(row, urls),
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "pushed_at": time(row.pushed_at),
        "git_url": f"git://{host}/{row.full_name}.git",
        "ssh_url": urls.ssh(row),
        "clone_url": f"{urls.html}/{row.full_name}.git",
        "svn_url": f"{urls.html}/{row.full_name}",
        "homepage": settings.homepage,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": settings.has_issues,
        "has_projects": settings.has_projects,
        "has_downloads": settings.has_downloads,
        "has_wiki": settings.has_wiki,
        "has_pages": False,
        "has_discussions": settings.has_discussions,
        "forks_count": 0,
        "mirror_url": None,
        "archived": settings.archived,
        "disabled": False,
        "open_issues_count": 0,
        "license": None,
        "allow_forking": settings.allow_forking,
        "is_template": settings.is_template,
        "web_commit_signoff_required": settings.web_commit_signoff_required,
        "has_pull_requests": settings.has_pull_requests,
        "pull_request_creation_policy": settings.pull_request_creation_policy,
        "topics": list(row.topics),
        "visibility": "private" if row.private else "public",
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "default_branch": row.default_branch,
        # Only repositories of organizations have custom properties [guess: over REST too].
        **({"custom_properties": {}} if row.owner.type == "Organization" else {}),
    }


def listed_repository(row: Repository, urls: Urls, permission: Permission | None) -> JSON:
    """
    Serialize a repository for a list.

    Args:
        permission: The caller's right, ``None`` for an anonymous caller.
    """
    listed = repository(row, urls)
    return listed if permission is None else listed | {"permissions": _permissions(permission)}


def _permissions(permission: Permission | None) -> dict[str, bool]:
    rank = PERMISSIONS.index(permission) if permission else -1
    return {right: PERMISSIONS.index(right) <= rank for right in reversed(PERMISSIONS)}


# Settings that only administrators see.
_OF_ADMINISTRATORS = (
    "allow_squash_merge",
    "allow_merge_commit",
    "allow_rebase_merge",
    "allow_auto_merge",
    "delete_branch_on_merge",
    "allow_update_branch",
    "use_squash_pr_title_as_default",
    "squash_merge_commit_message",
    "squash_merge_commit_title",
    "merge_commit_message",
    "merge_commit_title",
)


def settings_of(row: Repository) -> JSON:
    """Serialize the settings that only administrators, and events about pull requests, see."""
    return {name: getattr(row.settings, name) for name in _OF_ADMINISTRATORS}


def full_repository(row: Repository, urls: Urls, permission: Permission | None) -> JSON:
    """
    Serialize a repository for its own endpoint.

    Args:
        permission: The caller's right, ``None`` for an anonymous caller. Administrators see more fields.
    """
    full = listed_repository(row, urls, permission)
    if permission == "admin":
        full |= settings_of(row)
    full["temp_clone_token"] = None
    if row.owner.type == "Organization":
        full["organization"] = user(row.owner, urls)
    return full | {"network_count": 0, "subscribers_count": 0}


def collaborator(row: User, permission: Permission | None, urls: Urls) -> JSON:
    """Serialize a collaborator: a user and the user's right on a repository."""
    return {
        **user(row, urls),
        "permissions": _permissions(permission),
        "role_name": role(permission),
    }


def invitation(row: Invitation, repository: Repository, urls: Urls) -> JSON:
    """Serialize an invitation to a repository."""
    return {
        "id": row.id,
        "node_id": node_id("RI", row.id),
        "repository": minimal_repository(repository, urls),
        "invitee": user(row.invitee, urls),
        "inviter": user(row.inviter, urls),
        "permissions": role(row.permission),
        "created_at": time(row.created_at),
        "expired": False,
        "url": f"{urls.api}/user/repository_invitations/{row.id}",
        "html_url": f"{urls.html}/{repository.full_name}/invitations",
    }


def deploy_key(row: DeployKey, repository: Repository, urls: Urls) -> JSON:
    """Serialize a deploy key."""
    return {
        "id": row.id,
        "key": row.key,
        "url": f"{urls.repository(repository)}/keys/{row.id}",
        "title": row.title,
        "verified": row.verified,
        "created_at": time(row.created_at),
        "read_only": row.read_only,
        "added_by": row.added_by,
        "last_used": row.last_used and time(row.last_used),
        "enabled": row.enabled,
    }
