"""GitHub's decisions about reviews, as tables without a store or HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.pull_requests import Review
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.rules import reviews as rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy.github.pull_requests import ReviewState

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
A, C, M, D, P = "APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"


def _review(number: int, user: str, state: ReviewState, minute: int | None = None) -> Review:
    submitted_at = None if state == "PENDING" else NOW + timedelta(minutes=number if minute is None else minute)
    return Review(number, 1, 1, User(ord(user), user, "User", NOW), "", state, "0" * 40, submitted_at)


@pytest.mark.parametrize(
    ("state", "login", "refused"),
    [
        ("APPROVED", "mona", "Can not approve your own pull request"),
        ("CHANGES_REQUESTED", "mona", "Can not request changes on your own pull request"),
        ("COMMENTED", "mona", None),
        ("PENDING", "mona", None),
        ("APPROVED", "hubot", None),
        ("CHANGES_REQUESTED", "hubot", None),
    ],
)
def test_authors_cannot_decide_on_their_own_pull_request(state: ReviewState, login: str, refused: str | None) -> None:
    """They may comment. The details of the refusal are strings."""
    if refused is None:
        rules.check_author(state, login, "mona")
        return
    with pytest.raises(Unprocessable) as refusal:
        rules.check_author(state, login, "mona")
    assert (refusal.value.message, refusal.value.errors) == ("Unprocessable Entity", [refused])


@pytest.mark.parametrize(
    ("state", "body", "is_refused"),
    [
        ("APPROVED", "", False),
        ("PENDING", "", False),
        ("COMMENTED", "", True),
        ("COMMENTED", " \n", True),
        ("COMMENTED", "Nice", False),
        ("CHANGES_REQUESTED", "", True),
        ("CHANGES_REQUESTED", "No", False),
    ],
)
def test_a_review_that_does_not_approve_needs_a_text(state: ReviewState, body: str, is_refused: bool) -> None:  # noqa: FBT001 - a column of the table
    """White space alone does not count."""
    if is_refused:
        with pytest.raises(Unprocessable, match="Unprocessable Entity") as refusal:
            rules.check_body(state, body)
        assert refusal.value.field == "body"
    else:
        rules.check_body(state, body)


@pytest.mark.parametrize(
    ("check", "allowed"),
    [
        (lambda review: rules.check_pending(review, "delete"), {P}),
        (lambda review: rules.check_pending(review, "submit"), {P}),
        (rules.check_dismissible, {A, C}),
    ],
)
def test_only_some_reviews_can_be_deleted_submitted_or_dismissed(
    check: Callable[[Review], None], allowed: set[str]
) -> None:
    """Pending ones are submitted or deleted, and decisions are dismissed."""
    states: tuple[ReviewState, ...] = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING")
    for state in states:
        if state in allowed:
            check(_review(1, "a", state))
        else:
            with pytest.raises(Unprocessable, match="Unprocessable Entity"):
                check(_review(1, "a", state))


@pytest.mark.parametrize(
    ("required", "reviews", "missing"),
    [
        (0, [], 0),
        (0, [("a", C)], 0),
        (1, [], 1),
        (2, [("a", A)], 1),
        (1, [("a", A)], 0),
        (1, [("a", A), ("b", A)], 0),
        (2, [("a", A), ("a", A)], 1),
        (1, [("a", A), ("a", M)], 0),
        (1, [("a", A), ("a", P)], 0),
        (1, [("a", A), ("a", D)], 1),
        (1, [("a", A), ("a", C)], 1),
        (1, [("a", C), ("a", A)], 0),
        (1, [("a", A), ("b", C)], 1),
        (2, [("a", A), ("b", C), ("c", C)], 2),
        (1, [("x", A)], 1),
        (1, [("a", A), ("x", C)], 0),
        (1, [("a", M)], 1),
    ],
)
def test_the_latest_decision_of_each_writer_counts(
    required: int, reviews: list[tuple[str, ReviewState]], missing: int
) -> None:
    """Comments and pending reviews decide nothing, and the user `x` has no write access."""
    rows = [_review(number, *review) for number, review in enumerate(reviews)]

    assert rules.missing_approvals(required, rows, {ord(user) for user in "abc"}) == missing
    assert rules.missing_approvals(required, rows[::-1], {ord(user) for user in "abc"}) == missing


def test_a_review_counts_from_its_submission() -> None:
    """A review that was begun first may be submitted last."""
    rows = [_review(1, "a", "APPROVED", minute=9), _review(2, "a", "CHANGES_REQUESTED", minute=3)]

    assert rules.missing_approvals(1, rows, {ord("a")}) == 0
