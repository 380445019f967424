"""
Reviews of pull requests.

Source:
    https://docs.github.com/rest/pulls/reviews
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import pull_states, pulls
from pytest_ghdeploy.api.conversation import association_of, check_author, in_form
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals, refusals_reviews
from pytest_ghdeploy.github.pull_requests import Review
from pytest_ghdeploy.github.rules import reviews as rules
from pytest_ghdeploy.serializers import conversation_events as payloads, reviews as as_json

if TYPE_CHECKING:
    from typing import Any

    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import PullRequest, ReviewState
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "pull_requests"

_REVIEWS = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"
_REVIEW = f"{_REVIEWS}/{{review_id}}"


def create(
    store: Store,
    repository: Repository,
    of: PullRequest,
    user: User,
    *,
    state: ReviewState,
    body: str = "",
    commit_id: str | None = None,
) -> Review:
    """
    Review a pull request, and dispatch ``pull_request_review`` unless the review is ``PENDING``.

    Args:
        commit_id: A commit of the pull request. The default is its head.

    Raises:
        Unprocessable:
            *user* opened the pull request and *state* approves it or requests
            changes, *user* has a pending review of it, or *commit_id* is not
            one of its commits. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/reviews#create-a-review-for-a-pull-request
    """
    rules.check_author(state, user.login, of.user.login)
    if pending := store.reviews.where(pull_request_id=of.id, user=user, state="PENDING"):
        hint = f"review {pending[0].id} by {user.login} is pending: submit or delete it first"
        raise refusals_reviews.pending_review_exists(hint)
    if commit_id is not None:
        commits = [commit.sha for commit in pull_states.commits_of(store.git(repository), of).right]
        if commit_id not in commits:
            known = errors.known_values(commit_id, commits)
            raise refusals_reviews.not_its_commit(f"pull request #{of.number} has no commit {commit_id!r}; {known}")
    row = store.reviews.add(
        Review(store.reviews.next_id, repository.id, of.id, user, body, "PENDING", commit_id or of.head_sha, None)
    )
    return row if state == "PENDING" else _submit(store, repository, of, row, state)


def submit(
    store: Store, repository: Repository, of: PullRequest, review: Review, *, state: ReviewState, body: str | None
) -> Review:
    """
    Submit a pending review, and dispatch ``pull_request_review``.

    Args:
        body: The new text; ``None`` keeps the old one.

    Raises:
        Unprocessable:
            The review is not pending or lacks a body, or its author opened the
            pull request and cannot decide on it. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/reviews#submit-a-review-for-a-pull-request
    """
    rules.check_pending(review, "submit")
    rules.check_author(state, review.user.login, of.user.login)
    body = review.body if body is None else body
    rules.check_body(state, body)
    return _submit(store, repository, of, review._replace(body=body), state)


def _submit(store: Store, repository: Repository, of: PullRequest, review: Review, state: ReviewState) -> Review:
    now = store.clock.now
    row = store.reviews.replace(review._replace(state=state, submitted_at=now))
    # The review ends the requests for reviews of this user and of the user's teams.
    of = store.pull_requests.replace(
        of._replace(
            updated_at=now,
            requested_reviewers=tuple(user for user in of.requested_reviewers if user != row.user),
            requested_teams=tuple(team for team in of.requested_teams if row.user not in team.members),
        )
    )
    _record(store, repository, of, row, row.user, "submitted")
    return row


def edit(store: Store, repository: Repository, of: PullRequest, review: Review, actor: User, *, body: str) -> Review:
    """
    Change the text of a review, and dispatch ``pull_request_review`` unless it is ``PENDING`` or stays the same.

    Raises:
        Unprocessable: The body of a submitted review is empty. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/reviews#update-a-review-for-a-pull-request
    """
    rules.check_body(review.state, body)
    if body == review.body:
        return review
    row = store.reviews.replace(review._replace(body=body))
    if row.state != "PENDING":
        _record(store, repository, of, row, actor, "edited", changes={"body": {"from": review.body}})
    return row


def delete_pending(store: Store, review: Review) -> None:
    """
    Delete a pending review.

    Raises:
        Unprocessable: The review was submitted.

    Source:
        https://docs.github.com/rest/pulls/reviews#delete-a-pending-review-for-a-pull-request
    """
    rules.check_pending(review, "delete")
    store.reviews.remove(review)


def dismiss(store: Store, repository: Repository, of: PullRequest, review: Review, actor: User) -> Review:
    """
    Dismiss a review, so that it no longer counts, and dispatch ``pull_request_review``.

    Raises:
        Unprocessable: The review neither approves nor requests changes. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/reviews#dismiss-a-review-for-a-pull-request
    """
    rules.check_dismissible(review)
    row = store.reviews.replace(review._replace(state="DISMISSED"))
    of = store.pull_requests.replace(of._replace(updated_at=store.clock.now))
    _record(store, repository, of, row, actor, "dismissed")
    return row


def _record(
    store: Store,
    repository: Repository,
    of: PullRequest,
    row: Review,
    sender: User,
    action: str,
    **more: Any,  # noqa: ANN401 - JSON
) -> None:
    association = association_of(store, repository, row.user)
    view = pull_states.view(store, repository, of, full=False)
    payload = partial(payloads.pull_request_review, action, row, association, view, sender, store.urls, **more)
    store.events.record("pull_request_review", action, repository.full_name, payload)


def visible(store: Store, of: PullRequest, viewer: User | None) -> list[Review]:
    """List the reviews of a pull request, oldest first. Only their author sees pending ones."""
    return [row for row in store.reviews.where(pull_request_id=of.id) if _is_visible(row, viewer)][::-1]


def _is_visible(row: Review, viewer: User | None) -> bool:
    return row.state != "PENDING" or row.user == viewer


def find(call: Call) -> tuple[PullRequest, Review]:
    """
    Look up the pull request and the review in the path.

    Raises:
        NotFound: The repository has no such pull request, or it has no such review that the caller can see.
    """
    of, review_id = pulls.find(call), call.params["review_id"]
    row = call.store.reviews.get(review_id)
    if row and row.pull_request_id == of.id and _is_visible(row, call.viewer):
        return of, row
    known = errors.known_values(review_id, (other.id for other in visible(call.store, of, call.viewer)))
    raise refusals.not_found(
        f"pull request #{of.number} of {call.repository.full_name} has no review {review_id}; {known}"
    )


def _shown(call: Call, of: PullRequest, row: Review) -> JSON:
    association = association_of(call.store, call.repository, row.user)
    return in_form(call, as_json.review(row, of, association, call.repository, call.urls))


@route("pulls/list-reviews", f"GET {_REVIEWS}", finds=pulls.find)
def list_reviews(call: Call) -> Reply:
    """List the reviews of a pull request, oldest first."""
    return Reply(200, Listing(visible(call.store, call.found, call.viewer), partial(_shown, call, call.found)))


@route("pulls/create-review", f"POST {_REVIEWS}", needs="pull", finds=pulls.find)
def create_review(call: Call) -> Reply:
    """Review a pull request. Without ``event``, the review is pending."""
    if call.body.get("comments"):
        msg = "the fake does not implement the comments of pulls/create-review; leave them out"
        raise errors.UnsupportedRequest(msg, see="a-member-or-media-type-that-the-fake-lacks")
    state = rules.STATES[call.body.get("event")]
    rules.check_body(state, call.body.get("body", ""))
    arguments = call.arguments_for(create, state=state)
    row = create(call.store, call.repository, call.found, call.actor, **arguments)
    return Reply(200, _shown(call, call.found, row))


@route("pulls/get-review", f"GET {_REVIEW}", finds=find)
def get_review(call: Call) -> Reply:
    """Show a review."""
    return Reply(200, _shown(call, *call.found))


@route("pulls/update-review", f"PUT {_REVIEW}", needs="pull", finds=find)
def update_review(call: Call) -> Reply:
    """Change the text of a review."""
    of, review = call.found
    check_author(call, review)
    row = edit(call.store, call.repository, of, review, call.actor, body=call.body["body"])
    return Reply(200, _shown(call, of, row))


@route("pulls/delete-pending-review", f"DELETE {_REVIEW}", needs="pull", finds=find)
def delete_pending_review(call: Call) -> Reply:
    """Delete a pending review, and show what it was."""
    of, review = call.found
    delete_pending(call.store, review)
    return Reply(200, _shown(call, of, review))


@route("pulls/submit-review", f"POST {_REVIEW}/events", needs="pull", finds=find)
def submit_review(call: Call) -> Reply:
    """Submit a pending review."""
    of, review = call.found
    state = rules.STATES[call.body["event"]]
    row = submit(call.store, call.repository, of, review, state=state, body=call.body.get("body"))
    return Reply(200, _shown(call, of, row))


@route("pulls/dismiss-review", f"PUT {_REVIEW}/dismissals", finds=find)
def dismiss_review(call: Call) -> Reply:
    """Mark a review as dismissed. The fake does not keep the message, which GitHub shows only on its page."""
    of, review = call.found
    row = dismiss(call.store, call.repository, of, review, call.actor)
    return Reply(200, _shown(call, of, row))
