"""
Rows as GitHub's JSON objects, fields in the order of GitHub's own answers.

Pure functions: what an object needs beside its row is handed in. URLs come
from ``Urls``, so that an answer can speak of the host it was asked on.
"""

from __future__ import annotations

import base64
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from pytest_ghdeploy import rules
from pytest_ghdeploy.model import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from pytest_ghdeploy.git import Change, Commit, Graph, Signature
    from pytest_ghdeploy.model import (
        App,
        CheckRun,
        CheckSuite,
        CommitStatus,
        DeployKey,
        Deployment,
        DeploymentStatus,
        Invitation,
        Permission,
        RateLimit,
        Repository,
        User,
    )

JSON = dict[str, Any]

PUBLIC_API = "https://api.github.com"
ENTERPRISE_VERSION = "3.19.0"
"""The GitHub Enterprise Server that a fake is, unless told otherwise."""

_RESIDENCE = ".ghe.com"
_DOCS = "https://docs.github.com"


class Urls(NamedTuple):
    """
    The roots that URLs in answers start with, without a final slash.

    Attributes:
        api: ``https://api.github.com``, or ``https://HOST/api/v3`` on GitHub Enterprise Server.

        html: ``https://github.com``, or ``https://HOST``.

        enterprise_version: That of GitHub Enterprise Server; ``""`` for github.com and with data residency.

        pictures: Of accounts, by id [guess: where they are with data residency].
    """

    api: str
    html: str
    enterprise_version: str = ""
    pictures: str = "https://avatars.githubusercontent.com/u/%d?v=4"

    @classmethod
    @lru_cache(32)
    def of(cls, base_url: str, enterprise_version: str = ENTERPRISE_VERSION) -> Urls:
        """
        Derive the roots from the API's root *base_url*.

        Args:
            enterprise_version: Of GitHub Enterprise Server, whose API is below a path; others have none.
        """
        api = base_url.rstrip("/")
        parts = urlsplit(api)
        host = parts.netloc
        if api == PUBLIC_API:
            host = "github.com"
        elif host.startswith("api.") and not parts.path:
            host = host.removeprefix("api.")
        html = f"{parts.scheme}://{host}"
        if api == PUBLIC_API:
            return cls(api, html)
        escaped = host.replace("%", "%%")
        if parts.path:
            return cls(api, html, enterprise_version, f"{parts.scheme}://{escaped}/avatars/u/%d?")
        return cls(api, html, "", f"{parts.scheme}://avatars.{escaped}/u/%d?v=4")

    @lru_cache(64)  # noqa: B019 - few are ever made
    def at(self, root: str) -> Urls:
        """Move the API to *root*, where the live server was asked, and all else to the same host."""
        parts = urlsplit(root)
        moved = Urls.of(root, "")
        if parts.netloc == urlsplit(self.api).netloc:
            return moved._replace(enterprise_version=self.enterprise_version, pictures=self.pictures)
        host = f"{parts.scheme}://{parts.netloc}"
        pictures = f"{host.replace('%', '%%')}/avatars/u/%d?"
        return Urls(moved.api, moved.html, self.enterprise_version, pictures)

    @property
    def is_public(self) -> bool:
        """Whether this is github.com."""
        return self.api == PUBLIC_API

    def avatar(self, row: User) -> str:
        """Address an account's picture."""
        return self.pictures % row.id

    def documentation(self, page: str) -> str:
        """Address a *page* of docs.github.com in the edition for this GitHub [guess: for refusals too]."""
        if not self.enterprise_version:
            return page
        release = ".".join(self.enterprise_version.split(".")[:2])
        return page.replace(f"{_DOCS}/rest", f"{_DOCS}/enterprise-server@{release}/rest", 1)

    def ssh(self, row: Repository) -> str:
        """
        Address a repository for git over SSH; with data residency the user is the enterprise's subdomain.

        Source:
            https://docs.github.com/enterprise-cloud@latest/admin/data-residency
        """
        host = urlsplit(self.html).hostname or ""
        login = host.removesuffix(_RESIDENCE) if host.endswith(_RESIDENCE) else "git"
        return f"{login}@{host}:{row.full_name}.git"

    def repository(self, row: Repository) -> str:
        """Address a repository in the API."""
        return f"{self.api}/repos/{row.full_name}"

    def deployment(self, repository: Repository, deployment_id: int) -> str:
        """Address a deployment in the API."""
        return f"{self.api}/repos/{repository.full_name}/deployments/{deployment_id}"


def node_id(prefix: str, *parts: int | str) -> str:
    """
    Make a GraphQL node id: msgpack of ``[0, *parts]`` in unpadded base64url.

    Source:
        Observed: ``EN_kwDOHKhL9c4btIGx`` is ``[0, 480791541, 464814513]``.
    """
    packed = bytes([0x90 + len(parts) + 1, 0])
    for part in parts:
        if isinstance(part, str):
            text = part.encode()
            packed += struct.pack(">BB", 0xD9, len(text)) if len(text) < 1 << 8 else struct.pack(">BH", 0xDA, len(text))
            packed += text
        else:
            packed += struct.pack(">BI", 0xCE, part) if part < 1 << 32 else struct.pack(">BQ", 0xCF, part)
    return f"{prefix}_{base64.urlsafe_b64encode(packed).rstrip(b'=').decode()}"


@lru_cache(1024)
def time(when: datetime) -> str:
    """Write a time as GitHub's answers do: ``2026-03-10T12:00:00Z``."""
    return f"{when.replace(tzinfo=None).isoformat()}Z"


# Accounts


def user(row: User, urls: Urls) -> JSON:
    """GitHub's simple user."""
    api = f"{urls.api}/users/{row.login}"
    return {
        "login": row.login,
        "id": row.id,
        "node_id": node_id("O" if row.type == "Organization" else "BOT" if row.type == "Bot" else "U", row.id),
        "avatar_url": urls.avatar(row),
        "gravatar_id": "",
        "url": api,
        "html_url": f"{urls.html}/{row.login}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": row.type,
        "user_view_type": "public",
        "site_admin": row.site_admin,
    }


def public_user(row: User, urls: Urls, *, public_repos: int) -> JSON:
    """GitHub's public user: what anyone sees of an account."""
    unset = ("name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username")
    return {
        **user(row, urls),
        **dict.fromkeys(unset),
        "blog": "",
        "public_repos": public_repos,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": time(row.created_at),
        "updated_at": time(row.created_at),
    }


def private_user(row: User, urls: Urls, *, public_repos: int, private_repos: int, collaborators: int) -> JSON:
    """GitHub's private user: what an account sees of itself."""
    return {
        **public_user(row, urls, public_repos=public_repos),
        "user_view_type": "private",
        "private_gists": 0,
        "total_private_repos": private_repos,
        "owned_private_repos": private_repos,
        "disk_usage": 0,
        "collaborators": collaborators,
        "two_factor_authentication": True,
        "plan": {"name": "free", "space": 976_562_499, "collaborators": 0, "private_repos": 10_000},
    }


def app(row: App, urls: Urls) -> JSON:
    """GitHub's integration: an app as it appears in other objects."""
    return {
        "id": row.id,
        "slug": row.slug,
        "node_id": node_id("A", row.id),
        "owner": user(row.owner, urls),
        "name": row.name,
        "description": "",
        "external_url": f"{urls.html}/apps/{row.slug}",
        "html_url": f"{urls.html}/apps/{row.slug}",
        "created_at": time(row.created_at),
        "updated_at": time(row.created_at),
        "permissions": dict(row.permissions),
        "events": list(row.events),
    }


def _performed_via(row: App | None, urls: Urls) -> JSON | None:
    return app(row, urls) if row else None


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
    """GitHub's repository as it appears inside other answers: who it is and where its parts are."""
    api = urls.repository(row)
    return {
        "id": row.id,
        "node_id": node_id("R", row.id),
        "name": row.name,
        "full_name": row.full_name,
        "private": row.private,
        "owner": user(row.owner, urls),
        "html_url": f"{urls.html}/{row.full_name}",
        "description": None,
        "fork": False,
        "url": api,
        **{field: api + suffix for field, suffix in _REPOSITORY_LINKS.items()},
    }


def repository(row: Repository, urls: Urls) -> JSON:
    """GitHub's repository as it appears in lists and webhook payloads."""
    host = urlsplit(urls.html).hostname
    return {
        **minimal_repository(row, urls),
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "pushed_at": time(row.pushed_at),
        "git_url": f"git://{host}/{row.full_name}.git",
        "ssh_url": urls.ssh(row),
        "clone_url": f"{urls.html}/{row.full_name}.git",
        "svn_url": f"{urls.html}/{row.full_name}",
        "homepage": None,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "open_issues_count": 0,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if row.private else "public",
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "default_branch": row.default_branch,
        "custom_properties": {},
    }


def full_repository(row: Repository, urls: Urls, permission: Permission | None) -> JSON:
    """GitHub's repository as its own endpoint shows it. *permission* is the caller's, ``None`` for an anonymous one."""
    answer = repository(row, urls)
    if permission is not None:
        rank = PERMISSIONS.index(permission)
        answer["permissions"] = {right: PERMISSIONS.index(right) <= rank for right in reversed(PERMISSIONS)}
    if permission == "admin":
        answer |= {
            "allow_squash_merge": True,
            "allow_merge_commit": True,
            "allow_rebase_merge": True,
            "allow_auto_merge": False,
            "delete_branch_on_merge": False,
            "allow_update_branch": False,
            "use_squash_pr_title_as_default": False,
            "squash_merge_commit_message": "COMMIT_MESSAGES",
            "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
            "merge_commit_message": "PR_TITLE",
            "merge_commit_title": "MERGE_MESSAGE",
        }
    answer["temp_clone_token"] = None
    if row.owner.type == "Organization":
        answer["organization"] = user(row.owner, urls)
    return answer | {"network_count": 0, "subscribers_count": 0}


def collaborator(row: User, permission: Permission | None, urls: Urls) -> JSON:
    """GitHub's collaborator: a user, and what it may do on a repository."""
    rank = PERMISSIONS.index(permission) if permission else -1
    return {
        **user(row, urls),
        "permissions": {right: PERMISSIONS.index(right) <= rank for right in reversed(PERMISSIONS)},
        "role_name": rules.role(permission),
    }


def invitation(row: Invitation, repository: Repository, urls: Urls) -> JSON:
    """GitHub's invitation to a repository."""
    return {
        "id": row.id,
        "node_id": node_id("RI", row.id),
        "repository": minimal_repository(repository, urls),
        "invitee": user(row.invitee, urls),
        "inviter": user(row.inviter, urls),
        "permissions": rules.role(row.permission),
        "created_at": time(row.created_at),
        "expired": False,
        "url": f"{urls.api}/user/repository_invitations/{row.id}",
        "html_url": f"{urls.html}/{repository.full_name}/invitations",
    }


# Git


def git_user(row: User, when: datetime, chosen: Signature | None) -> JSON:
    """Who wrote or made a commit: *row*, *when*, unless the client has *chosen* otherwise."""
    if chosen:
        return {"name": chosen.name, "email": chosen.email, "date": time(chosen.date)}
    return {"name": row.login, "email": email(row), "date": time(when)}


def email(row: User) -> str:
    """Write the address that GitHub gives to an account."""
    return f"{row.id}+{row.login}@users.noreply.github.com"


def _account(row: User, chosen: Signature | None, urls: Urls) -> JSON | None:
    # GitHub goes by the address; the fake knows one for each account.
    return user(row, urls) if chosen is None or chosen.email == email(row) else None


def diff_entries(
    changes: Iterable[Change], before: str | None, after: str, graph: Graph, repository: Repository, urls: Urls
) -> list[JSON]:
    """
    GitHub's diff entries: files with their counts of lines, and with a ``patch`` where they are text.

    Args:
        changes: What has changed between the commits *before* and *after*.
    """
    api, html = urls.repository(repository), f"{urls.html}/{repository.full_name}"
    old, new = graph.commits[before].tree if before else {}, graph.commits[after].tree
    files: list[JSON] = []
    for path, change in changes:
        sha, was = new.get(path), old.get(path)
        added, removed, patch = _diff(graph.blobs[was] if was else b"", graph.blobs[sha] if sha else b"")
        # What is gone is shown where it was.
        where = f"{after if sha or not before else before}/{quote(path)}"
        files.append(
            {
                "sha": sha or was,
                "filename": path,
                "status": change,
                "additions": added,
                "deletions": removed,
                "changes": added + removed,
                "blob_url": f"{html}/blob/{where}",
                "raw_url": f"{html}/raw/{where}",
                "contents_url": f"{api}/contents/{quote(path)}?ref={where.partition('/')[0]}",
                **({"patch": patch} if patch else {}),
            }
        )
    return files


# Beyond that many lines comparing takes too long for what a test could want of it.
_LINES = 2000


@lru_cache(256)
def _diff(old: bytes, new: bytes) -> tuple[int, int, str]:
    """Count the lines that were added and removed, and write the patch, ``""`` for binary contents."""
    import difflib

    try:
        before, after = old.decode().split("\n"), new.decode().split("\n")
    except UnicodeDecodeError:
        return 0, 0, ""
    if "\0" in old.decode() + new.decode():
        return 0, 0, ""
    before, after = (lines[:-1] if lines[-1] == "" else lines for lines in (before, after))
    if len(before) + len(after) > _LINES:
        return len(after), len(before), ""
    lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    signs = [line[0] for line in lines]
    return signs.count("+"), signs.count("-"), "\n".join(lines)


def commit(row: Commit, repository: Repository, urls: Urls) -> JSON:
    """GitHub's commit, without ``stats`` and ``files``."""
    api = urls.repository(repository)
    return {
        "sha": row.sha,
        "node_id": node_id("C", repository.id, row.sha),
        "commit": {
            "author": git_user(row.author, row.committed_at, row.written_by),
            "committer": git_user(row.author, row.committed_at, row.committed_by),
            "message": row.message,
            "tree": {"sha": row.tree_sha, "url": f"{api}/git/trees/{row.tree_sha}"},
            "url": f"{api}/git/commits/{row.sha}",
            "comment_count": 0,
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "url": f"{api}/commits/{row.sha}",
        "html_url": f"{urls.html}/{repository.full_name}/commit/{row.sha}",
        "comments_url": f"{api}/commits/{row.sha}/comments",
        "author": _account(row.author, row.written_by, urls),
        "committer": _account(row.author, row.committed_by, urls),
        "parents": [
            {
                "sha": sha,
                "url": f"{api}/commits/{sha}",
                "html_url": f"{urls.html}/{repository.full_name}/commit/{sha}",
            }
            for sha in row.parents
        ],
    }


def full_commit(row: Commit, graph: Graph, repository: Repository, urls: Urls) -> JSON:
    """GitHub's commit with what it changed."""
    before = row.parents[0] if row.parents else None
    files = diff_entries(graph.changed_paths(row.sha), before, row.sha, graph, repository, urls)
    stats = {field: sum(file[field] for file in files) for field in ("additions", "deletions")}
    stats = {"total": sum(stats.values()), **stats}
    return {**commit(row, repository, urls), "stats": stats, "files": files}


def short_branch(name: str, sha: str, repository: Repository, urls: Urls) -> JSON:
    """GitHub's branch as lists and events show it."""
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{urls.repository(repository)}/commits/{sha}"},
        "protected": False,
    }


def branch(name: str, head: Commit, repository: Repository, urls: Urls) -> JSON:
    """GitHub's branch as its own endpoint shows it. Branches of the fake are not protected."""
    api = f"{urls.repository(repository)}/branches/{quote(name)}"
    return {
        "name": name,
        "commit": commit(head, repository, urls),
        "_links": {"self": api, "html": f"{urls.html}/{repository.full_name}/tree/{quote(name)}"},
        "protected": False,
        "protection": {
            "enabled": False,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": f"{api}/protection",
    }


# Deployments


def deployment(row: Deployment, repository: Repository, urls: Urls, *, creator: Any = None) -> JSON:  # noqa: ANN401
    """
    GitHub's deployment. ``payload`` is the row's own object: do not change it.

    Args:
        creator: Stands in for the creator's JSON, here and below.
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
        "performed_via_github_app": _performed_via(row.performed_via_github_app, urls),
    }


def deployment_status(row: DeploymentStatus, repository: Repository, urls: Urls, *, creator: Any = None) -> JSON:  # noqa: ANN401
    """GitHub's deployment status."""
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
        "performed_via_github_app": _performed_via(row.performed_via_github_app, urls),
    }


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


def check_suite(row: CheckSuite, runs: Sequence[CheckRun], repository: Repository, urls: Urls) -> JSON:
    """GitHub's check suite as check runs carry it, with the outcome of its *runs*."""
    status, conclusion = rules.suite_outcome([(run.status, run.conclusion) for run in runs])
    return {
        "id": row.id,
        "node_id": node_id("CS", row.repository_id, row.id),
        "head_branch": row.head_branch,
        "head_sha": row.sha,
        "status": status,
        "conclusion": conclusion,
        "url": f"{urls.repository(repository)}/check-suites/{row.id}",
        "before": row.before,
        "after": row.sha,
        "pull_requests": [],
        "app": app(row.app, urls),
        "created_at": time(row.created_at),
        "updated_at": time(max(run.completed_at or run.started_at for run in runs)),
    }


def rest_check_run(row: CheckRun, repository: Repository, urls: Urls) -> JSON:
    """GitHub's check run as the REST API shows it: of its suite it has the id."""
    api, by = f"{urls.repository(repository)}/check-runs/{row.id}", app(row.check_suite.app, urls)
    return {
        "id": row.id,
        "name": row.name,
        "node_id": node_id("CR", row.repository_id, row.id),
        "head_sha": row.sha,
        "external_id": row.external_id,
        "url": api,
        "html_url": f"{urls.html}/{repository.full_name}/runs/{row.id}",
        "details_url": by["external_url"] if row.integrator_url is None else row.integrator_url,
        "status": row.status,
        "conclusion": row.conclusion,
        "started_at": time(row.started_at),
        "completed_at": row.completed_at and time(row.completed_at),
        "output": {
            "title": row.output.title,
            "summary": row.output.summary,
            "text": row.output.text,
            "annotations_count": len(row.output.annotations),
            "annotations_url": f"{api}/annotations",
        },
        "check_suite": {"id": row.check_suite.id},
        "app": by,
        "pull_requests": [],
    }


def check_run(row: CheckRun, suite_runs: Sequence[CheckRun], repository: Repository, urls: Urls) -> JSON:
    """GitHub's check run with its suite, as the webhook shows it."""
    suite = check_suite(row.check_suite, suite_runs, repository, urls)
    return {**rest_check_run(row, repository, urls), "check_suite": suite}


def check_annotation(given: Mapping[str, Any], row: CheckRun, repository: Repository, urls: Urls) -> JSON:
    """GitHub's annotation: what a check run has to say of some lines, as it was *given*."""
    return {
        "path": given["path"],
        "blob_href": f"{urls.html}/{repository.full_name}/blob/{row.sha}/{quote(given['path'])}",
        "start_line": given["start_line"],
        "end_line": given["end_line"],
        "start_column": given.get("start_column"),
        "end_column": given.get("end_column"),
        "annotation_level": given["annotation_level"],
        "title": given.get("title"),
        "message": given["message"],
        "raw_details": given.get("raw_details"),
    }


# Deploy keys


def deploy_key(row: DeployKey, repository: Repository, urls: Urls) -> JSON:
    """GitHub's deploy key."""
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


# Rate limit


def rate_limit(core: RateLimit, others: Mapping[str, int]) -> JSON:
    """GitHub's rate limits: *core* as counted, and the *others* by name, which no endpoint here uses up."""
    reset = int(core.reset_at.timestamp())
    counted = {"limit": core.limit, "used": core.used, "remaining": core.remaining, "reset": reset}
    unused = {name: {"limit": limit, "used": 0, "remaining": limit, "reset": reset} for name, limit in others.items()}
    return {"resources": {"core": counted, **unused}, "rate": counted}
