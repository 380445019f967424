"""
Webhook payloads, made from rows.

Each function returns one payload as GitHub dispatches it. Source of all of
them: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from pytest_ghdeploy.serializers import (
    accounts as account_json,
    checks as check_json,
    commit_statuses as commit_status_json,
    deployments as deployment_json,
    git as git_json,
    repositories as repository_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.git import Change, Commit, Signature
    from pytest_ghdeploy.github.model import CheckRun, CommitStatus, Deployment, DeploymentStatus, Repository, User
    from pytest_ghdeploy.github.urls import JSON, Urls

# GitHub says in which branches a commit is for at most so many of them.
_BRANCHES = 10

NOTHING = "0" * 40
"""What a push was before or is after, where there was or is no ref."""
# A push lists at most so many commits, the newest.
_COMMITS = 2048
_KINDS = ("added", "removed", "modified")


class PushedCommit(NamedTuple):
    """A commit in a push: what it changed, and whether no other branch had it before."""

    commit: Commit
    changes: Sequence[Change]
    distinct: bool


def _around(repository: Repository, sender: User, urls: Urls) -> JSON:
    around: JSON = {"repository": repository_json.repository(repository, urls)}
    if repository.owner.type == "Organization":
        owner = account_json.user(repository.owner, urls)
        api = f"{urls.api}/orgs/{repository.owner.login}"
        around["organization"] = {
            "login": owner["login"],
            "id": owner["id"],
            "node_id": owner["node_id"],
            "url": api,
            "repos_url": f"{api}/repos",
            "events_url": f"{api}/events",
            "hooks_url": f"{api}/hooks",
            "issues_url": f"{api}/issues",
            "members_url": f"{api}/members{{/member}}",
            "public_members_url": f"{api}/public_members{{/member}}",
            "avatar_url": owner["avatar_url"],
            "description": None,
        }
    return around | {"sender": account_json.user(sender, urls)}


def deployment(row: Deployment, repository: Repository, sender: User, urls: Urls) -> JSON:
    """``deployment``: it was created, through the API and not by a workflow."""
    return {
        "action": "created",
        "deployment": deployment_json.deployment(row, repository, urls),
        "workflow": None,
        "workflow_run": None,
        **_around(repository, sender, urls),
    }


def deployment_status(row: DeploymentStatus, of: Deployment, repository: Repository, sender: User, urls: Urls) -> JSON:
    """``deployment_status``: a report on the deployment *of*, which has its time already."""
    return {
        "action": "created",
        "deployment_status": deployment_json.deployment_status(row, repository, urls),
        "deployment": deployment_json.deployment(of, repository, urls),
        "check_run": None,
        "workflow": None,
        "workflow_run": None,
        **_around(repository, sender, urls),
    }


def status(
    row: CommitStatus,
    commit: Commit,
    branches: Sequence[tuple[str, str]],
    repository: Repository,
    sender: User,
    urls: Urls,
) -> JSON:
    """``status``: a commit status, and the name and head of each of the *branches* that contain its commit."""
    simple = commit_status_json.simple_commit_status(row, repository, urls)
    return {
        "id": row.id,
        "sha": row.sha,
        "name": repository.full_name,
        "target_url": row.target_url,
        "avatar_url": simple["avatar_url"],
        "context": row.context,
        "description": row.description,
        "state": row.state,
        "commit": git_json.commit(commit, repository, urls),
        "branches": [git_json.short_branch(name, head, repository, urls) for name, head in branches[:_BRANCHES]],
        # The one payload whose times have an offset in place of the Z.
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        **_around(repository, sender, urls),
    }


def check_run(
    action: str, row: CheckRun, suite_runs: Sequence[CheckRun], repository: Repository, sender: User, urls: Urls
) -> JSON:
    """``check_run``: it was created, or completed."""
    return {
        "action": action,
        "check_run": check_json.check_run(row, suite_runs, repository, urls),
        **_around(repository, sender, urls),
    }


def push(
    ref: str,
    before: str,
    after: str,
    commits: Sequence[PushedCommit],
    head: PushedCommit | None,
    repository: Repository,
    sender: User,
    urls: Urls,
    *,
    forced: bool = False,
    base_ref: str | None = None,
) -> JSON:
    """
    ``push``: *ref* has moved from *before* to *after*, either of which is ``NOTHING`` if it was created or deleted.

    Args:
        commits: What is new on the ref, oldest first.

        head: The commit that it names now.

        base_ref: The branch that a new ref began at.
    """
    html = f"{urls.html}/{repository.full_name}"
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    around = _around(repository, sender, urls)
    # A push shows its repository in a form of its own, older than the API's.
    owner = repository.owner
    around["repository"] |= {
        "owner": {"name": owner.login, "email": None, **around["repository"]["owner"]},
        "url": html,
        "created_at": int(repository.created_at.timestamp()),
        "pushed_at": int(repository.pushed_at.timestamp()),
        "stargazers": 0,
        "master_branch": repository.default_branch,
        **({"organization": owner.login} if owner.type == "Organization" else {}),
    }
    return {
        "ref": ref,
        "before": before,
        "after": after,
        **around,
        "pusher": {"name": sender.login, "email": account_json.email(sender)},
        "created": before == NOTHING,
        "deleted": after == NOTHING,
        "forced": forced,
        "base_ref": base_ref,
        "compare": f"{html}/compare/{quote(name) if before == NOTHING else f'{before[:12]}...{after[:12]}'}",
        "commits": [_pushed_commit(commit, html) for commit in commits[-_COMMITS:]],
        "head_commit": head and _pushed_commit(head, html),
    }


def _pushed_commit(pushed: PushedCommit, html: str) -> JSON:
    commit = pushed.commit

    def signature(chosen: Signature | None) -> JSON:
        if chosen is None or chosen.email == account_json.email(commit.author):
            login = commit.author.login
            return {
                "name": chosen.name if chosen else login,
                "email": account_json.email(commit.author),
                "username": login,
            }
        return {"name": chosen.name, "email": chosen.email}

    return {
        "id": commit.sha,
        "tree_id": commit.tree_sha,
        "distinct": pushed.distinct,
        "message": commit.message,
        "timestamp": account_json.time(commit.committed_at),
        "url": f"{html}/commit/{commit.sha}",
        "author": signature(commit.written_by),
        "committer": signature(commit.committed_by),
        **{kind: [path for path, change in pushed.changes if change == kind] for kind in _KINDS},
    }


def create(ref: str, ref_type: str, repository: Repository, sender: User, urls: Urls) -> JSON:
    """``create``: a branch or a tag, which is *ref_type*, is new. *ref* is its name alone."""
    return {
        "ref": ref,
        "ref_type": ref_type,
        "master_branch": repository.default_branch,
        "description": None,
        "pusher_type": "user",
        **_around(repository, sender, urls),
    }


def delete(ref: str, ref_type: str, repository: Repository, sender: User, urls: Urls) -> JSON:
    """``delete``: a branch or a tag, which is *ref_type*, is gone. *ref* is its name alone."""
    return {"ref": ref, "ref_type": ref_type, "pusher_type": "user", **_around(repository, sender, urls)}


def ping(zen: str, hook_id: int, hook: JSON, repository: Repository | None, sender: User, urls: Urls) -> JSON:
    """``ping``: a *hook* is new, or somebody wants to know whether it works. Only that hook is sent it."""
    around = _around(repository, sender, urls) if repository else {"sender": account_json.user(sender, urls)}
    return {"zen": zen, "hook_id": hook_id, "hook": hook, **around}
