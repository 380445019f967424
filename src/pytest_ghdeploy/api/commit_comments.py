"""
Comments on commits.

Source:
    https://docs.github.com/rest/commits/comments
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import conversation, git
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.pull_requests import CommitComment
from pytest_ghdeploy.github.rules import comments as rules
from pytest_ghdeploy.serializers import comments as as_json, conversation_events as payloads

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.urls import JSON, Urls
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"

_RESOURCE = "CommitComment"


def create(
    store: Store,
    repository: Repository,
    user: User,
    *,
    commit_id: str,
    body: str,
    path: str | None = None,
    position: int | None = None,
    line: int | None = None,
) -> CommitComment:
    """
    Comment on a commit, and dispatch ``commit_comment``.

    Args:
        commit_id: The full SHA of an existing commit.

        body: At most 262,144 bytes.

        path: The file that the comment is about. Without it, *position* and *line* are dropped.

        position: The line in the diff.

        line: The line in the file.

    Raises:
        Unprocessable: *body* is blank or too long. Nothing has changed.

    Source:
        https://docs.github.com/rest/commits/comments#create-a-commit-comment
    """
    rules.check_body(_RESOURCE, body)
    path, position, line = rules.place(path, position, line)
    now = store.clock.now
    row = store.commit_comments.add(
        CommitComment(
            id=store.commit_comments.next_id,
            repository_id=repository.id,
            commit_id=commit_id,
            user=user,
            body=body,
            created_at=now,
            updated_at=now,
            path=path,
            position=position,
            line=line,
        )
    )
    store.events.record(
        "commit_comment",
        "created",
        repository.full_name,
        partial(payloads.commit_comment, row, surroundings(store, row), repository, user, store.urls),
        row,
    )
    return row


def update(store: Store, row: CommitComment, *, body: str) -> CommitComment:
    """
    Replace the body of a comment. Like GitHub, dispatch no event.

    Raises:
        Unprocessable: *body* is blank or too long. Nothing has changed.

    Source:
        https://docs.github.com/rest/commits/comments#update-a-commit-comment
    """
    rules.check_body(_RESOURCE, body)
    return store.commit_comments.replace(row._replace(body=body, updated_at=store.clock.now))


def delete(store: Store, row: CommitComment) -> None:
    """
    Delete a comment and the reactions to it. Like GitHub, dispatch no event.

    Source:
        https://docs.github.com/rest/commits/comments#delete-a-commit-comment
    """
    conversation.forget_reactions(store, "commit_comment", row.id)
    store.commit_comments.remove(row)


def surroundings(store: Store, row: CommitComment) -> as_json.Surroundings:
    """Collect what the JSON of a comment shows besides its row."""
    return conversation.surroundings(store, store.repository_of(row), row.user, "commit_comment", row.id)


def to_json(store: Store, urls: Urls, row: CommitComment) -> JSON:
    """Make the JSON of a comment."""
    return as_json.commit_comment(row, surroundings(store, row), store.repository_of(row), urls)


def find(call: Call) -> CommitComment:
    """
    Look up the comment in the path.

    Raises:
        NotFound: The repository has no such comment on a commit.
    """
    row: CommitComment = find_in_repository(call, call.store.commit_comments, "comment_id", "comment on a commit")
    return row


def _find_own(call: Call) -> CommitComment:
    row = find(call)
    conversation.check_author(call, row)
    return row


def _shown(call: Call, row: CommitComment) -> JSON:
    return conversation.in_form(call, to_json(call.store, call.urls, row))


def _find_sha(call: Call) -> str:
    sha = call.params["commit_sha"]
    return git.find_commit(call, sha, partial(refusals.no_commit, sha)).sha


def _listed(call: Call, **of: str) -> Listing:
    rows = call.store.commit_comments.where(repository_id=call.repository.id, **of)[::-1]
    return Listing(rows, partial(_shown, call))


@route("repos/list-commit-comments-for-repo", "GET /repos/{owner}/{repo}/comments")
def list_commit_comments_for_repo(call: Call) -> Reply:
    """List the comments on all commits, oldest first."""
    return Reply(200, _listed(call))


@route("repos/list-comments-for-commit", "GET /repos/{owner}/{repo}/commits/{commit_sha}/comments", finds=_find_sha)
def list_comments_for_commit(call: Call) -> Reply:
    """List the comments on a commit, oldest first."""
    return Reply(200, _listed(call, commit_id=call.found))


@route(
    "repos/create-commit-comment",
    "POST /repos/{owner}/{repo}/commits/{commit_sha}/comments",
    needs="pull",
    finds=_find_sha,
)
def create_commit_comment(call: Call) -> Reply:
    """Comment on a commit. Everyone who can read the repository may do so."""
    arguments = call.arguments_for(create, commit_id=call.found)
    row = create(call.store, call.repository, call.actor, **arguments)
    shown = _shown(call, row)
    return Reply(201, shown, shown["url"])


@route("repos/get-commit-comment", "GET /repos/{owner}/{repo}/comments/{comment_id}", finds=find)
def get_commit_comment(call: Call) -> Reply:
    """Show a comment on a commit."""
    return Reply(200, _shown(call, call.found), modified_at=call.found.updated_at)


@route(
    "repos/update-commit-comment",
    "PATCH /repos/{owner}/{repo}/comments/{comment_id}",
    needs="pull",
    finds=_find_own,
)
def update_commit_comment(call: Call) -> Reply:
    """Replace the body of a comment."""
    row = update(call.store, call.found, body=call.body["body"])
    return Reply(200, _shown(call, row))


@route(
    "repos/delete-commit-comment",
    "DELETE /repos/{owner}/{repo}/comments/{comment_id}",
    needs="pull",
    finds=_find_own,
)
def delete_commit_comment(call: Call) -> Reply:
    """Delete a comment."""
    delete(call.store, call.found)
    return Reply(204)
