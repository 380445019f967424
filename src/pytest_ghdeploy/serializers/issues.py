"""Issues as GitHub's JSON. Every issue of the fake is a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.serializers.accounts import app_or_null, node_id, time, user
from pytest_ghdeploy.serializers.comments import reaction_rollup
from pytest_ghdeploy.serializers.labels import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.urls import JSON, Urls
    from pytest_ghdeploy.serializers.pull_requests import View


def issue(view: View, reactions: Mapping[str, int], urls: Urls) -> JSON:
    """
    Serialize the issue of a pull request for lists and events.

    Args:
        reactions: How many reactions it has, by their content.

    Source:
        Observed in PyGithub's recordings of 2026.
    """
    row, repository = view.row, view.repository
    api, page = urls.repository(repository), f"{urls.html}/{repository.full_name}/pull/{row.number}"
    url = f"{api}/issues/{row.number}"
    of_organization = repository.owner.type == "Organization"
    return {
        "url": url,
        "repository_url": api,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "id": row.issue_id,
        "node_id": node_id("PR", repository.id, row.id),
        "number": row.number,
        "title": row.title,
        "user": user(row.user, urls),
        "labels": [label(each, repository, urls) for each in view.labels],
        "state": row.state,
        "locked": False,
        "assignees": [],
        "milestone": None,
        "comments": view.comments,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "closed_at": row.closed_at and time(row.closed_at),
        "assignee": None,
        "author_association": view.author_association,
        **({"type": None} if of_organization else {}),
        "active_lock_reason": None,
        "draft": row.draft,
        "pull_request": {
            "url": f"{api}/pulls/{row.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": row.merged_at and time(row.merged_at),
        },
        "sub_issues_summary": {"total": 0, "completed": 0, "percent_completed": 0},
        "issue_dependencies_summary": {"blocked_by": 0, "total_blocked_by": 0, "blocking": 0, "total_blocking": 0},
        "body": row.body,
        "reactions": reaction_rollup(url, reactions),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": app_or_null(row.performed_via_github_app, urls),
        "state_reason": None,
        "pinned_comment": None,
    }


def full_issue(view: View, reactions: Mapping[str, int], urls: Urls) -> JSON:
    """Serialize the issue of a pull request for its own endpoint, with who closed it."""
    row = view.row
    return issue(view, reactions, urls) | {"closed_by": user(row.closed_by, urls) if row.closed_by else None}
