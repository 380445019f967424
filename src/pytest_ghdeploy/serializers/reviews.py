"""Reviews of pull requests as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.serializers.accounts import node_id, time, user

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.pull_requests import PullRequest, Review
    from pytest_ghdeploy.github.urls import JSON, Urls


def review(row: Review, of: PullRequest, author_association: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a review of the pull request *of*. A pending one has no ``submitted_at``."""
    page = f"{urls.html}/{repository.full_name}/pull/{of.number}#pullrequestreview-{row.id}"
    url = f"{urls.repository(repository)}/pulls/{of.number}"
    shown: JSON = {
        "id": row.id,
        "node_id": node_id("PRR", repository.id, row.id),
        "user": user(row.user, urls),
        "body": row.body,
        "state": row.state,
        "html_url": page,
        "pull_request_url": url,
        "author_association": author_association,
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
    }
    if row.submitted_at:
        shown["submitted_at"] = time(row.submitted_at)
    return shown | {"commit_id": row.commit_id}


def of_event(row: Review, of: PullRequest, author_association: str, repository: Repository, urls: Urls) -> JSON:
    """Serialize a review for an event, where the state is in lower case and an empty text is ``null``."""
    shown = review(row, of, author_association, repository, urls)
    return shown | {"state": row.state.lower(), "body": row.body or None}
