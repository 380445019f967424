"""
Comments on issues. Every issue of the fake is a pull request.

Source:
    https://docs.github.com/rest/issues/comments
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api import conversation, issues
from pytest_ghdeploy.api.issue_labels import find_issue
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github.pull_requests import IssueComment
from pytest_ghdeploy.github.rules import comments as rules
from pytest_ghdeploy.serializers import comments as as_json, conversation_events as payloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_ghdeploy.github.model import App, Repository, User
    from pytest_ghdeploy.github.pull_requests import PullRequest
    from pytest_ghdeploy.github.urls import JSON, Urls
    from pytest_ghdeploy.store.store import Store

PERMISSION = "issues or pull_requests"

_RESOURCE = "IssueComment"


def create(
    store: Store,
    repository: Repository,
    user: User,
    pull_request: PullRequest,
    performed_via_github_app: App | None = None,
    *,
    body: str,
) -> IssueComment:
    """
    Comment on a pull request, and dispatch ``issue_comment``.

    Args:
        performed_via_github_app: The app that comments, even if *user* is its own bot.

        body: At most 262,144 bytes.

    Raises:
        Unprocessable: *body* is blank or too long. Nothing has changed.

    Source:
        https://docs.github.com/rest/issues/comments#create-an-issue-comment
    """
    rules.check_new_issue_comment(body)
    now = store.clock.now
    row = store.issue_comments.add(
        IssueComment(
            id=store.issue_comments.next_id,
            repository_id=repository.id,
            pull_request_id=pull_request.id,
            user=user,
            body=body,
            created_at=now,
            updated_at=now,
            performed_via_github_app=performed_via_github_app,
        )
    )
    store.pull_requests.replace(pull_request._replace(updated_at=now))
    _record(store, repository, user, "created", row)
    return row


def update(store: Store, repository: Repository, actor: User, row: IssueComment, *, body: str) -> IssueComment:
    """
    Replace the body of a comment, and dispatch ``issue_comment`` unless it is the same.

    Raises:
        Unprocessable: *body* is blank or too long. Nothing has changed.

    Source:
        https://docs.github.com/rest/issues/comments#update-an-issue-comment
    """
    rules.check_body(_RESOURCE, body)
    if body == row.body:
        return row
    changed = store.issue_comments.replace(row._replace(body=body, updated_at=store.clock.now))
    _record(store, repository, actor, "edited", changed, before=row.body)
    return changed


def delete(store: Store, repository: Repository, actor: User, row: IssueComment) -> None:
    """
    Delete a comment and the reactions to it, and dispatch ``issue_comment``.

    Source:
        https://docs.github.com/rest/issues/comments#delete-an-issue-comment
    """
    _record(store, repository, actor, "deleted", row)
    conversation.forget_reactions(store, "issue_comment", row.id)
    store.issue_comments.remove(row)


def _record(
    store: Store, repository: Repository, actor: User, action: str, row: IssueComment, *, before: str | None = None
) -> None:
    shown = issues.shown_in_event(store, repository, _pull_request(store, row))
    about = surroundings(store, row)
    make_payload = partial(payloads.issue_comment, action, row, about, shown, actor, store.urls, before=before)
    store.events.record("issue_comment", action, repository.full_name, make_payload, row)


def _pull_request(store: Store, row: IssueComment) -> PullRequest:
    pull_request = store.pull_requests.get(row.pull_request_id)
    assert pull_request is not None  # noqa: S101 - pull requests are deleted with their repository only
    return pull_request


def surroundings(store: Store, row: IssueComment) -> as_json.Surroundings:
    """Collect what the JSON of a comment shows besides its row."""
    return conversation.surroundings(store, store.repository_of(row), row.user, "issue_comment", row.id)


def to_json(store: Store, urls: Urls, row: IssueComment) -> JSON:
    """Make the JSON of a comment."""
    number = _pull_request(store, row).number
    return as_json.issue_comment(row, number, surroundings(store, row), store.repository_of(row), urls)


def find(call: Call) -> IssueComment:
    """
    Look up the comment in the path.

    Raises:
        NotFound: The repository has no such comment on a pull request.
    """
    table = call.store.issue_comments
    row: IssueComment = find_in_repository(call, table, "comment_id", "comment on a pull request")
    return row


def _find_own(call: Call) -> IssueComment:
    row = find(call)
    conversation.check_author(call, row)
    return row


def _shown(call: Call, row: IssueComment) -> JSON:
    return conversation.in_form(call, to_json(call.store, call.urls, row))


def _listed(call: Call, rows: Iterable[IssueComment]) -> Reply:
    since = issues.since(call)
    return Reply(200, Listing([row for row in rows if row.updated_at >= since], partial(_shown, call)))


_SORTS: dict[str, Callable[[IssueComment], Any]] = {
    "created": lambda row: row.created_at,
    "updated": lambda row: row.updated_at,
}


@route("issues/list-comments-for-repo", "GET /repos/{owner}/{repo}/issues/comments")
def list_comments_for_repo(call: Call) -> Reply:
    """List the comments on all pull requests, oldest first. ``direction`` counts only with ``sort``."""
    rows = call.store.issue_comments.where(repository_id=call.repository.id)[::-1]
    if sort := _SORTS.get(call.query.get("sort", "")):
        rows.sort(key=sort)
        if call.query.get("direction") == "desc":
            rows.reverse()  # newer ids come first among equal times too
    return _listed(call, rows)


@route("issues/list-comments", "GET /repos/{owner}/{repo}/issues/{issue_number}/comments", finds=find_issue)
def list_comments(call: Call) -> Reply:
    """List the comments on a pull request, oldest first."""
    return _listed(call, call.store.issue_comments.where(pull_request_id=call.found.id)[::-1])


@route(
    "issues/create-comment",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
    needs="pull",
    finds=find_issue,
)
def create_comment(call: Call) -> Reply:
    """Comment on a pull request. Everyone who can read the repository may do so."""
    row = create(call.store, call.repository, call.actor, call.found, call.app, body=call.body["body"])
    shown = _shown(call, row)
    return Reply(201, shown, shown["url"])


@route("issues/get-comment", "GET /repos/{owner}/{repo}/issues/comments/{comment_id}", finds=find)
def get_comment(call: Call) -> Reply:
    """Show a comment. GitHub sends no ``Last-Modified``."""
    return Reply(200, _shown(call, call.found))


@route(
    "issues/update-comment",
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
    needs="pull",
    finds=_find_own,
)
def update_comment(call: Call) -> Reply:
    """Replace the body of a comment."""
    row = update(call.store, call.repository, call.actor, call.found, body=call.body["body"])
    return Reply(200, _shown(call, row))


@route(
    "issues/delete-comment",
    "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
    needs="pull",
    finds=_find_own,
)
def delete_comment(call: Call) -> Reply:
    """Delete a comment."""
    delete(call.store, call.repository, call.actor, call.found)
    return Reply(204)
