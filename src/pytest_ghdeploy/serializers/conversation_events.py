"""
The payloads of webhook events about pull requests, reviews, comments and labels.

Few tests need them, so they are not in ``events``.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy.serializers import comments, issues, labels, pull_requests, reviews
from pytest_ghdeploy.serializers.events import _around

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import CommitComment, IssueComment, Label, Review
    from pytest_ghdeploy.github.urls import JSON, Urls
    from pytest_ghdeploy.serializers.comments import Surroundings
    from pytest_ghdeploy.serializers.pull_requests import View


class IssueShown(NamedTuple):
    """The issue of a pull request as an event shows it, with its *reactions* by their content."""

    view: View
    reactions: Mapping[str, int]


def commit_comment(row: CommitComment, about: Surroundings, repository: Repository, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``commit_comment``: a commit got a comment."""
    comment = comments.commit_comment(row, about, repository, urls)
    return {"action": "created", "comment": comment, **_around(repository, sender, urls)}


def issue_comment(
    action: str,
    row: IssueComment,
    about: Surroundings,
    issue: IssueShown,
    sender: User,
    urls: Urls,
    *,
    before: str | None = None,
) -> JSON:
    """
    Make the payload of ``issue_comment``: a comment on a pull request was created, edited or deleted.

    Args:
        before: The body before it was edited.
    """
    repository = issue.view.repository
    changes = {} if before is None else {"changes": {"body": {"from": before}}}
    return {
        "action": action,
        **changes,
        "issue": issues.issue(issue.view, issue.reactions, urls),
        "comment": comments.issue_comment(row, issue.view.row.number, about, repository, urls),
        **_around(repository, sender, urls),
    }


def label(
    action: str, row: Label, before: Mapping[str, str] | None, repository: Repository, sender: User, urls: Urls
) -> JSON:
    """Make the payload of ``label``. *before* has the earlier values of the fields that were edited."""
    changes = {"changes": {field: {"from": value} for field, value in before.items()}} if before else {}
    return {
        "action": action,
        "label": labels.label(row, repository, urls),
        **changes,
        **_around(repository, sender, urls),
    }


def pull_request(action: str, view: pull_requests.View, sender: User, urls: Urls, **more: Any) -> JSON:  # noqa: ANN401 - JSON
    """
    Make the payload of ``pull_request``.

    Args:
        more: The members that only some actions have, such as ``changes`` or ``label``.
    """
    return {
        "action": action,
        "number": view.row.number,
        "pull_request": pull_requests.of_event(view, urls),
        **more,
        **_around(view.repository, sender, urls),
    }


def pull_request_review(
    action: str,
    row: Review,
    author_association: str,
    view: pull_requests.View,
    sender: User,
    urls: Urls,
    **more: Any,  # noqa: ANN401 - JSON
) -> JSON:
    """
    Make the payload of ``pull_request_review``. The pull request has its short form.

    Args:
        more: The member ``changes``, which only the action ``edited`` has.
    """
    return {
        "action": action,
        **more,
        "review": reviews.of_event(row, view.row, author_association, view.repository, urls),
        "pull_request": pull_requests.short_of_event(view, urls),
        **_around(view.repository, sender, urls),
    }
