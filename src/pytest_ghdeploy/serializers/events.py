"""
The payloads of webhook events.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from pytest_ghdeploy.github.merges import WEB_FLOW, WEB_FLOW_EMAIL
from pytest_ghdeploy.serializers import accounts, checks, commit_statuses, deployments, git, repositories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.git import Commit, Signature
    from pytest_ghdeploy.github.installations import Installation
    from pytest_ghdeploy.github.model import (
        App,
        CheckRun,
        CommitStatus,
        Deployment,
        DeploymentStatus,
        Repository,
        SuiteSummary,
        User,
    )
    from pytest_ghdeploy.github.trees import Change
    from pytest_ghdeploy.github.urls import JSON, Urls

MOST_BRANCHES = 10
"""The most branches that a ``status`` event lists."""
NOTHING = "0" * 40
"""The ``before`` of a created ref, and the ``after`` of a deleted one."""
MOST_COMMITS = 2048
"""The most commits that a push lists: the newest ones."""
_KINDS = ("added", "removed", "modified")


class PushedCommit(NamedTuple):
    """A commit in a push, with its changes. It is *distinct* if no other branch contained it before."""

    commit: Commit
    changes: Sequence[Change]
    distinct: bool


def _around(repository: Repository, sender: User, urls: Urls) -> JSON:
    around: JSON = {"repository": repositories.repository(repository, urls)}
    if repository.owner.type == "Organization":
        owner = accounts.user(repository.owner, urls)
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
    return around | {"sender": accounts.user(sender, urls)}


def deployment(row: Deployment, repository: Repository, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``deployment``: a deployment was created through the API, not by a workflow."""
    return {
        "action": "created",
        "deployment": deployments.deployment(row, repository, urls),
        "workflow": None,
        "workflow_run": None,
        **_around(repository, sender, urls),
    }


def deployment_status(row: DeploymentStatus, of: Deployment, repository: Repository, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``deployment_status``. The deployment *of* is the updated row."""
    return {
        "action": "created",
        "deployment_status": deployments.deployment_status(row, repository, urls),
        "deployment": deployments.deployment(of, repository, urls),
        "check_run": None,
        "workflow": None,
        "workflow_run": None,
        **_around(repository, sender, urls),
    }


def status(
    row: CommitStatus,
    commit: Commit,
    branches: Sequence[tuple[str, str, bool]],
    repository: Repository,
    sender: User,
    urls: Urls,
) -> JSON:
    """
    Make the payload of ``status``.

    *branches* are at most 10 branches that have *commit*: their names, their heads, and whether they are protected.
    """
    simple = commit_statuses.simple_commit_status(row, repository, urls)
    return {
        "id": row.id,
        "sha": row.sha,
        "name": repository.full_name,
        "target_url": row.target_url,
        "avatar_url": simple["avatar_url"],
        "context": row.context,
        "description": row.description,
        "state": row.state,
        "commit": git.commit(commit, repository, urls),
        "branches": [
            git.short_branch(name, head, repository, urls, protected=protected) for name, head, protected in branches
        ],
        # Only in this payload, times have an offset instead of the Z.
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        **_around(repository, sender, urls),
    }


def check_run(
    action: str, row: CheckRun, summary: SuiteSummary, repository: Repository, sender: User, urls: Urls
) -> JSON:
    """Make the payload of ``check_run``: a check run was created or completed. *summary* is that of its suite."""
    return {
        "action": action,
        "check_run": checks.check_run(row, summary, repository, urls),
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
    Make the payload of ``push``: *ref* has moved from *before* to *after*.

    The email addresses of a bot that pushes and of an organization that owns
    the repository are ``null``. An author and a committer have a ``date``.

    Source:
        Payloads that users published in 2026. The bot's is from XAMPPRocky/octocrab#799.

    Args:
        before: The previous commit; ``NOTHING`` for a created ref.

        after: The new commit; ``NOTHING`` for a deleted ref.

        commits: The commits added to the ref, oldest first: at most the newest ``MOST_COMMITS``.

        head: The new commit of the ref.

        base_ref: The branch that a new ref was created from.
    """
    html = f"{urls.html}/{repository.full_name}"
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    around = _around(repository, sender, urls)
    # A push contains the repository in an older form than the API.
    owner = repository.owner
    owner_email = accounts.email(owner) if owner.type == "User" else None
    around["repository"] |= {
        "owner": {"name": owner.login, "email": owner_email, **around["repository"]["owner"]},
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
        "pusher": {"name": sender.login, "email": None if sender.type == "Bot" else accounts.email(sender)},
        "created": before == NOTHING,
        "deleted": after == NOTHING,
        "forced": forced,
        "base_ref": base_ref,
        "compare": f"{html}/compare/{quote(name) if before == NOTHING else f'{before[:12]}...{after[:12]}'}",
        "commits": [_pushed_commit(commit, html) for commit in commits],
        "head_commit": head and _pushed_commit(head, html),
    }


def _pushed_commit(pushed: PushedCommit, html: str) -> JSON:
    commit = pushed.commit

    def signature(chosen: Signature | None) -> JSON:
        date = accounts.local_time(chosen.date if chosen else commit.committed_at)
        if chosen is None or chosen.email == accounts.email(commit.author):
            login = commit.author.login
            name = chosen.name if chosen else login
            return {"name": name, "email": accounts.email(commit.author), "username": login, "date": date}
        username = {"username": WEB_FLOW.login} if chosen.email == WEB_FLOW_EMAIL else {}
        return {"name": chosen.name, "email": chosen.email, **username, "date": date}

    author = signature(commit.written_by)
    return {
        "id": commit.sha,
        "tree_id": commit.tree_sha,
        "distinct": pushed.distinct,
        "message": commit.message,
        # The author's time with its offset [guess: that it is the author's, and that each date has its own offset].
        "timestamp": author["date"],
        "url": f"{html}/commit/{commit.sha}",
        "author": author,
        "committer": signature(commit.committed_by),
        **{kind: [path for path, change in pushed.changes if change == kind] for kind in _KINDS},
    }


def create(ref: str, ref_type: str, repository: Repository, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``create``: a branch or tag (*ref_type*) was created. *ref* is its short name."""
    return {
        "ref": ref,
        "ref_type": ref_type,
        "master_branch": repository.default_branch,
        "description": None,
        "pusher_type": "user",
        **_around(repository, sender, urls),
    }


def delete(ref: str, ref_type: str, repository: Repository, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``delete``: a branch or tag (*ref_type*) was deleted. *ref* is its short name."""
    return {"ref": ref, "ref_type": ref_type, "pusher_type": "user", **_around(repository, sender, urls)}


def installation(
    action: str, row: Installation, app: App, covered: Sequence[Repository], sender: User, urls: Urls
) -> JSON:
    """
    Make the payload of ``installation``: an app was installed or uninstalled, or its installation was suspended.

    Args:
        covered: The repositories that the installation covers.
    """
    from pytest_ghdeploy.serializers import installations  # few tests need it

    return {
        "action": action,
        "installation": installations.installation(row, app, urls),
        "repositories": [
            {
                "id": repository.id,
                "node_id": accounts.node_id("R", repository.id),
                "name": repository.name,
                "full_name": repository.full_name,
                "private": repository.private,
            }
            for repository in covered
        ],
        "sender": accounts.user(sender, urls),
    }


def ping(zen: str, hook_id: int, hook: JSON, repository: Repository | None, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``ping``, which is sent to a new or tested *hook* only."""
    around = _around(repository, sender, urls) if repository else {"sender": accounts.user(sender, urls)}
    return {"zen": zen, "hook_id": hook_id, "hook": hook, **around}
