"""
GitHub's decisions about reviews of pull requests.

Source: https://docs.github.com/rest/pulls/reviews
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github import refusals_reviews as refusals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_ghdeploy.github.pull_requests import Review, ReviewState

STATES: Mapping[str | None, ReviewState] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
    None: "PENDING",
}
"""The state of a review by the ``event`` of the request that submits it. Without one, it is not submitted."""

_VERBS: Mapping[ReviewState, str] = {"APPROVED": "approve", "CHANGES_REQUESTED": "request changes on"}


def check_author(state: ReviewState, login: str, author: str) -> None:
    """
    Refuse to let the author of a pull request approve it or request changes.

    Args:
        state: The state of the review once it is submitted.

        login: The login of the reviewer.

        author: The login of the pull request's author.

    Raises:
        Unprocessable: The two are the same.
    """
    if login == author and state in _VERBS:
        hint = f"{login} opened the pull request; another user must review it"
        raise refusals.own_pull_request(_VERBS[state], hint)


def check_body(state: ReviewState, body: str) -> None:
    """
    Refuse a review without a text, unless it approves or is not submitted yet.

    Raises:
        Unprocessable: *body* is empty or only white space.

    Source:
        https://docs.github.com/rest/pulls/reviews#create-a-review-for-a-pull-request, under ``body``
    """
    if state in {"CHANGES_REQUESTED", "COMMENTED"} and not body.strip():
        raise refusals.no_body(f"a review with the state {state} needs a body")


def check_pending(review: Review, verb: str) -> None:
    """
    Refuse to ``delete`` or ``submit`` a review that was submitted before.

    Raises:
        Unprocessable: The review is not pending.

    Source:
        https://docs.github.com/rest/pulls/reviews#delete-a-pending-review-for-a-pull-request
    """
    if review.state != "PENDING":
        raise refusals.not_pending(verb, f"review {review.id} has the state {review.state}")


def check_dismissible(review: Review) -> None:
    """
    Refuse to dismiss a review that neither approves nor requests changes.

    Raises:
        Unprocessable: The review has another state.

    Source:
        https://docs.github.com/rest/pulls/reviews#dismiss-a-review-for-a-pull-request [guess: the states]
    """
    if review.state not in _VERBS:
        hint = f"review {review.id} has the state {review.state}; only {' and '.join(_VERBS)} can be dismissed"
        raise refusals.not_dismissible(review.state, hint)


def decisions(reviews: Iterable[Review]) -> dict[int, Review]:
    """
    Find what counts of the *reviews*: the latest of each user, by the user's id.

    Comments and pending reviews decide nothing, so an approval outlasts a later comment.
    """
    submitted = [(review.submitted_at, review.id, review) for review in reviews if review.submitted_at]
    return {
        review.user.id: review
        for _, _, review in sorted(submitted, key=lambda entry: entry[:2])
        if review.state != "COMMENTED"
    }


def missing_approvals(required: int, reviews: Iterable[Review], writers: Collection[int]) -> int:
    """
    Count the approvals that a pull request still needs.

    A reviewer who has requested changes must approve too, or the review must be dismissed.

    Args:
        required: The number of approvals that the base branch requires. With 0, none is missing.

        reviews: All reviews of the pull request.

        writers: The ids of the users whose reviews count, because they have write access.

    Source:
        https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches#require-pull-request-reviews-before-merging
    """
    states = [review.state for user, review in decisions(reviews).items() if user in writers]
    approved, refused = states.count("APPROVED"), states.count("CHANGES_REQUESTED")
    return max(required - approved, refused) if required else 0
