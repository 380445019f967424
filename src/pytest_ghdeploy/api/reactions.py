"""
Reactions to comments, pull requests and releases.

Source:
    https://docs.github.com/rest/reactions/reactions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import commit_comments, issue_comments, releases
from pytest_ghdeploy.api.issue_labels import find_issue
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.pull_requests import Reaction
from pytest_ghdeploy.github.rules import comments as rules
from pytest_ghdeploy.serializers import comments as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import ReactionContent, Subject
    from pytest_ghdeploy.store.store import Store


_OF_ISSUES = "issues or pull_requests"


def create(
    store: Store, repository: Repository, user: User, subject: Subject, subject_id: int, content: ReactionContent
) -> tuple[Reaction, bool]:
    """
    React to a row, unless *user* has already reacted to it with this *content*. Dispatch no event.

    Returns:
        The reaction, and whether it is new.

    Source:
        https://docs.github.com/rest/reactions/reactions
    """
    for row in store.reactions.where(subject=subject, subject_id=subject_id):
        if row.user.id == user.id and row.content == content:
            return row, False
    now = store.clock.now
    return store.reactions.add(
        Reaction(store.reactions.next_id, repository.id, subject, subject_id, user, content, now)
    ), True


def _list(call: Call, subject: Subject, subject_id: int) -> Reply:
    rows = call.store.reactions.where(subject=subject, subject_id=subject_id)[::-1]
    content = call.query.get("content")
    shown = [row for row in rows if content in (None, row.content)]
    return Reply(200, Listing(shown, lambda row: as_json.reaction(row, call.urls)))


def _create(call: Call, subject: Subject, subject_id: int) -> Reply:
    row, is_new = create(call.store, call.repository, call.actor, subject, subject_id, call.body["content"])
    return Reply(201 if is_new else 200, as_json.reaction(row, call.urls))


def _find_own(call: Call, subject: Subject, subject_id: int) -> Reaction:
    row: Reaction = find_in_repository(call, call.store.reactions, "reaction_id", "reaction")
    if (row.subject, row.subject_id) != (subject, subject_id):
        of = f"{row.subject.replace('_', ' ')} {row.subject_id}"
        raise refusals.not_found(f"the reaction {row.id} is to the {of}, not to the one in the path")
    rules.check_reaction_owner(row.user.login, call.actor.login)
    return row


def _delete(call: Call) -> Reply:
    call.store.reactions.remove(call.found)
    return Reply(204)


# Comments on commits

_COMMIT_COMMENT = "/repos/{owner}/{repo}/comments/{comment_id}/reactions"


def _find_own_of_commit_comment(call: Call) -> Reaction:
    return _find_own(call, "commit_comment", commit_comments.find(call).id)


@route(
    "reactions/list-for-commit-comment",
    f"GET {_COMMIT_COMMENT}",
    permission="contents",
    finds=commit_comments.find,
)
def list_for_commit_comment(call: Call) -> Reply:
    """List the reactions to a comment on a commit, oldest first."""
    return _list(call, "commit_comment", call.found.id)


@route(
    "reactions/create-for-commit-comment",
    f"POST {_COMMIT_COMMENT}",
    needs="pull",
    permission="contents",
    finds=commit_comments.find,
)
def create_for_commit_comment(call: Call) -> Reply:
    """React to a comment on a commit."""
    return _create(call, "commit_comment", call.found.id)


@route(
    "reactions/delete-for-commit-comment",
    f"DELETE {_COMMIT_COMMENT}/{{reaction_id}}",
    needs="pull",
    permission="contents",
    finds=_find_own_of_commit_comment,
)
def delete_for_commit_comment(call: Call) -> Reply:
    """Delete a reaction to a comment on a commit."""
    return _delete(call)


# Comments on pull requests

_ISSUE_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions"


def _find_own_of_issue_comment(call: Call) -> Reaction:
    return _find_own(call, "issue_comment", issue_comments.find(call).id)


@route("reactions/list-for-issue-comment", f"GET {_ISSUE_COMMENT}", permission=_OF_ISSUES, finds=issue_comments.find)
def list_for_issue_comment(call: Call) -> Reply:
    """List the reactions to a comment on a pull request, oldest first."""
    return _list(call, "issue_comment", call.found.id)


@route(
    "reactions/create-for-issue-comment",
    f"POST {_ISSUE_COMMENT}",
    needs="pull",
    permission=_OF_ISSUES,
    finds=issue_comments.find,
)
def create_for_issue_comment(call: Call) -> Reply:
    """React to a comment on a pull request."""
    return _create(call, "issue_comment", call.found.id)


@route(
    "reactions/delete-for-issue-comment",
    f"DELETE {_ISSUE_COMMENT}/{{reaction_id}}",
    needs="pull",
    permission=_OF_ISSUES,
    finds=_find_own_of_issue_comment,
)
def delete_for_issue_comment(call: Call) -> Reply:
    """Delete a reaction to a comment on a pull request."""
    return _delete(call)


# Pull requests

_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}/reactions"


def _find_own_of_issue(call: Call) -> Reaction:
    return _find_own(call, "issue", find_issue(call).issue_id)


@route("reactions/list-for-issue", f"GET {_ISSUE}", permission=_OF_ISSUES, finds=find_issue)
def list_for_issue(call: Call) -> Reply:
    """List the reactions to a pull request, oldest first."""
    return _list(call, "issue", call.found.issue_id)


@route(
    "reactions/create-for-issue",
    f"POST {_ISSUE}",
    needs="pull",
    permission=_OF_ISSUES,
    finds=find_issue,
)
def create_for_issue(call: Call) -> Reply:
    """React to a pull request."""
    return _create(call, "issue", call.found.issue_id)


@route(
    "reactions/delete-for-issue",
    f"DELETE {_ISSUE}/{{reaction_id}}",
    needs="pull",
    permission=_OF_ISSUES,
    finds=_find_own_of_issue,
)
def delete_for_issue(call: Call) -> Reply:
    """Delete a reaction to a pull request."""
    return _delete(call)


# Releases

_RELEASE = "/repos/{owner}/{repo}/releases/{release_id}/reactions"


def _find_own_of_release(call: Call) -> Reaction:
    return _find_own(call, "release", releases.find(call).id)


@route("reactions/list-for-release", f"GET {_RELEASE}", permission="contents", finds=releases.find)
def list_for_release(call: Call) -> Reply:
    """List the reactions to a release, oldest first."""
    return _list(call, "release", call.found.id)


@route(
    "reactions/create-for-release",
    f"POST {_RELEASE}",
    needs="pull",
    permission="contents",
    finds=releases.find,
)
def create_for_release(call: Call) -> Reply:
    """React to a release. Two kinds of reactions are for comments only."""
    return _create(call, "release", call.found.id)


@route(
    "reactions/delete-for-release",
    f"DELETE {_RELEASE}/{{reaction_id}}",
    needs="pull",
    permission="contents",
    finds=_find_own_of_release,
)
def delete_for_release(call: Call) -> Reply:
    """Delete a reaction to a release."""
    return _delete(call)
