"""
Webhook payloads, made from rows.

Each function returns one payload as GitHub dispatches it. Source of all of
them: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import representations as as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.git import Commit
    from pytest_ghdeploy.model import CheckRun, CommitStatus, Deployment, DeploymentStatus, Repository, User
    from pytest_ghdeploy.representations import JSON, Urls

# GitHub says in which branches a commit is for at most so many of them.
_BRANCHES = 10


def _around(repository: Repository, sender: User, urls: Urls) -> JSON:
    around: JSON = {"repository": as_json.repository(repository, urls)}
    if repository.owner.type == "Organization":
        owner = as_json.user(repository.owner, urls)
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
    return around | {"sender": as_json.user(sender, urls)}


def deployment(row: Deployment, repository: Repository, sender: User, urls: Urls) -> JSON:
    """``deployment``: it was created, through the API and not by a workflow."""
    return {
        "action": "created",
        "deployment": as_json.deployment(row, repository, urls),
        "workflow": None,
        "workflow_run": None,
        **_around(repository, sender, urls),
    }


def deployment_status(row: DeploymentStatus, of: Deployment, repository: Repository, sender: User, urls: Urls) -> JSON:
    """``deployment_status``: a report on the deployment *of*, which has its time already."""
    return {
        "action": "created",
        "deployment_status": as_json.deployment_status(row, repository, urls),
        "deployment": as_json.deployment(of, repository, urls),
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
    simple = as_json.simple_commit_status(row, repository, urls)
    return {
        "id": row.id,
        "sha": row.sha,
        "name": repository.full_name,
        "target_url": row.target_url,
        "avatar_url": simple["avatar_url"],
        "context": row.context,
        "description": row.description,
        "state": row.state,
        "commit": as_json.commit(commit, repository, urls),
        "branches": [as_json.short_branch(name, head, repository, urls) for name, head in branches[:_BRANCHES]],
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
        "check_run": as_json.check_run(row, suite_runs, repository, urls),
        **_around(repository, sender, urls),
    }


def push(
    ref: str,
    before: str,
    commits: Sequence[tuple[Commit, dict[str, list[str]]]],
    repository: Repository,
    sender: User,
    urls: Urls,
) -> JSON:
    """``push``: *commits*, oldest first and each with its paths by kind of change, came on top of *before*."""
    html = f"{urls.html}/{repository.full_name}"
    listed = []
    for commit, changes in commits:
        author = {
            "name": commit.author.login,
            "email": f"{commit.author.id}+{commit.author.login}@users.noreply.github.com",
            "username": commit.author.login,
        }
        listed.append(
            {
                "id": commit.sha,
                "tree_id": commit.tree_sha,
                "distinct": True,
                "message": commit.message,
                "timestamp": as_json.time(commit.committed_at),
                "url": f"{html}/commit/{commit.sha}",
                "author": author,
                "committer": author,
                "added": changes["added"],
                "removed": changes["removed"],
                "modified": changes["modified"],
            }
        )
    after = commits[-1][0].sha
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
    }
    return {
        "ref": ref,
        "before": before,
        "after": after,
        **around,
        "pusher": {"name": sender.login, "email": f"{sender.id}+{sender.login}@users.noreply.github.com"},
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"{html}/compare/{before[:12]}...{after[:12]}",
        "commits": listed,
        "head_commit": listed[-1],
    }
