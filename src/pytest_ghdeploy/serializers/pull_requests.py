"""Pull requests as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.github.rules.pull_requests import MergeState
from pytest_ghdeploy.serializers.accounts import node_id, time, user
from pytest_ghdeploy.serializers.environments import team
from pytest_ghdeploy.serializers.git import diff_of
from pytest_ghdeploy.serializers.labels import label
from pytest_ghdeploy.serializers.repositories import repository, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import Label, PullRequest
    from pytest_ghdeploy.github.trees import Change, File, Tree
    from pytest_ghdeploy.github.urls import JSON, Urls


class Extent(NamedTuple):
    """
    The commits and changed files of a pull request.

    Attributes:
        commits: How many commits it has.

        changes: The changed files, from the tree *before* to the tree *after*.

        content: Returns the content of a file.
    """

    commits: int
    changes: Sequence[Change]
    before: Tree
    after: Tree
    content: Callable[[File], bytes]

    def lines(self) -> tuple[int, int]:
        """Count the added and removed lines."""
        counts = [diff_of(self.before.find(path), self.after.find(path), self.content) for path, _ in self.changes]
        return sum(added for added, _, _ in counts), sum(removed for _, removed, _ in counts)


class View(NamedTuple):
    """
    A pull request with everything that its JSON shows, at one moment.

    Attributes:
        labels: In the order in which they were added.

        comments: How many comments it has.

        extent: Only the full form shows it; ``None`` in lists.
    """

    row: PullRequest
    repository: Repository
    author_association: str
    labels: Sequence[Label]
    comments: int
    merge_state: MergeState = MergeState()
    extent: Extent | None = None


def short(view: View, urls: Urls) -> JSON:
    """Serialize a pull request for lists."""
    return _short(view, urls, _repository(view, urls))


def short_of_event(view: View, urls: Urls) -> JSON:
    """Serialize a pull request for an event about a review, which also shows the settings of its repository."""
    return _short(view, urls, repository(view.repository, urls) | settings_of(view.repository))


def full(view: View, urls: Urls) -> JSON:
    """Serialize a pull request for its own endpoint, which does not show the parents of teams."""
    shown = _full(view, urls, _repository(view, urls))
    for asked in shown["requested_teams"]:
        del asked["parent"]
    return shown


def of_event(view: View, urls: Urls) -> JSON:
    """Serialize a pull request for an event, which also shows the settings of its repository."""
    return _full(view, urls, repository(view.repository, urls) | settings_of(view.repository))


def _repository(view: View, urls: Urls) -> JSON:
    """Serialize the repository of a pull request for REST, where it has no custom properties."""
    shown = repository(view.repository, urls)
    shown.pop("custom_properties", None)
    return shown


def _short(view: View, urls: Urls, repo: JSON) -> JSON:
    row, owner = view.row, view.repository.owner
    api, page = urls.repository(view.repository), html_url(view, urls)
    url, issue = f"{api}/pulls/{row.number}", f"{api}/issues/{row.number}"
    links = {
        "self": url,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/statuses/{row.head_sha}",
    }

    def side(ref: str, sha: str) -> JSON:
        return {"label": f"{owner.login}:{ref}", "ref": ref, "sha": sha, "user": user(owner, urls), "repo": repo}

    return {
        "url": url,
        "id": row.id,
        "node_id": node_id("PR", view.repository.id, row.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "number": row.number,
        "state": row.state,
        "locked": False,
        "title": row.title,
        "user": user(row.user, urls),
        "body": row.body,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "closed_at": row.closed_at and time(row.closed_at),
        "merged_at": row.merged_at and time(row.merged_at),
        "merge_commit_sha": row.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [user(reviewer, urls) for reviewer in row.requested_reviewers],
        "requested_teams": [team(reviewer, urls) for reviewer in row.requested_teams],
        "labels": [label(each, view.repository, urls) for each in view.labels],
        "milestone": None,
        "draft": row.draft,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "head": side(row.head_ref, row.head_sha),
        "base": side(row.base_ref, row.base_sha),
        "_links": {name: {"href": link} for name, link in links.items()},
        "author_association": view.author_association,
        "auto_merge": None,
        "active_lock_reason": None,
    }


def _full(view: View, urls: Urls, repo: JSON) -> JSON:
    row, extent = view.row, view.extent
    assert extent is not None  # noqa: S101 - every view but those for lists has it
    additions, deletions = extent.lines()
    return {
        **_short(view, urls, repo),
        "merged": row.merged,
        **view.merge_state._asdict(),
        "merged_by": _user_or_null(row.merged_by, urls),
        "comments": view.comments,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": extent.commits,
        "additions": additions,
        "deletions": deletions,
        "changed_files": len(extent.changes),
    }


def _user_or_null(row: User | None, urls: Urls) -> JSON | None:
    return user(row, urls) if row else None


def html_url(view: View, urls: Urls) -> str:
    """Return the URL of a pull request's page."""
    return f"{urls.html}/{view.repository.full_name}/pull/{view.row.number}"
