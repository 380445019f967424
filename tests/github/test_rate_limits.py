"""Rate limits as tables without a store or HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pytest_ghdeploy.github import rate_limits
from pytest_ghdeploy.github.model import RateLimit, User
from pytest_ghdeploy.github.rate_limits import Secondary, Window

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _user(login: str) -> User:
    return User(1, login, "Bot" if login.endswith("[bot]") else "User", NOON)


@pytest.mark.parametrize(
    ("login", "requests"),
    [(None, 60), ("octocat", 5000), ("github-actions[bot]", 1000), ("deployer[bot]", 5000), ("github-actions", 5000)],
)
def test_the_budget_depends_on_the_caller(login: str | None, requests: int) -> None:
    """Users and apps have 5,000 requests per hour, a workflow 1,000 and an anonymous caller 60."""
    assert rate_limits.hourly(_user(login) if login else None) == requests


EXCEEDED = "API rate limit exceeded for"
SUPPORT = (
    "If you reach out to GitHub Support for help, please include the request ID 1:2 "
    "and timestamp 2026-01-01 12:00:00 UTC."
)
ANONYMOUS = (
    "127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. "
    "Check out the documentation for more details.)"
)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (User(7, "octocat", "User", NOON), f"{EXCEEDED} user ID 7. {SUPPORT}"),
        (User(7, "ci[bot]", "Bot", NOON, app_id=15), f"{EXCEEDED} installation ID 52000015. {SUPPORT}"),
        (None, f"{EXCEEDED} {ANONYMOUS}"),
    ],
    ids=["user", "app", "anonymous"],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_caller_without_requests_left_is_named(user: User | None, message: str, status: int) -> None:
    """The texts for users and apps are quoted by users. The one for anonymous callers was recorded, without status."""
    limits = rate_limits.Limits()
    limits.budgets[user.id if user else None] = rate_limits.Budget(5000, status)
    used_up = RateLimit(5000, 5000, NOON + timedelta(hours=1))
    refusal = limits.refusal(user, "GET", used_up, now=NOON, request_id="1:2")
    assert refusal
    assert (refusal.error.message, refusal.error.status, refusal.retry_after) == (message, status, None)
    assert refusal.error.shows_status is (user is not None)


@pytest.mark.parametrize(
    ("method", "points", "content"),
    [
        ("GET", 1, False),
        ("HEAD", 1, False),
        ("OPTIONS", 1, False),
        ("POST", 5, True),
        ("PATCH", 5, True),
        ("PUT", 5, True),
        ("DELETE", 5, True),
    ],
)
def test_writing_requests_cost_more(method: str, points: int, *, content: bool) -> None:
    """A request that reads costs 1 point. One that writes costs 5 points and creates content."""
    assert (rate_limits.points(method), rate_limits.creates_content(method)) == (points, content)


@pytest.mark.parametrize(
    ("used", "amount", "seconds", "expected"),
    [
        (0, 1, 0, 1),
        (7, 5, 0, None),  # 12 of 10
        (5, 5, 0, 10),
        (10, 1, 0, None),
        (10, 0, 0, 10),  # what costs nothing always fits
        (10, 1, 59, None),
        (10, 1, 60, 1),  # a new window
        (10, 11, 60, None),
    ],
)
def test_a_window_is_full_until_it_is_over(used: int, amount: int, seconds: int, expected: int | None) -> None:
    """Requests fit into the limit or are refused, until the window ends."""
    window = Window("things", 10, 60, NOON + timedelta(seconds=60), used)
    after = rate_limits.count(rate_limits.renewed(window, NOON + timedelta(seconds=seconds)), amount)
    assert (after and after.used) == expected


def test_a_window_restarts_when_it_has_ended() -> None:
    """It ends a fixed number of seconds after the request that started it."""
    over = Window("things", 10, 60, NOON, 7)
    assert rate_limits.renewed(over, NOON) == Window("things", 10, 60, NOON + timedelta(seconds=60), 0)
    assert rate_limits.renewed(over, NOON - timedelta(seconds=1)) is over


def test_the_secondary_limits_are_counted_in_three_windows() -> None:
    """The windows are points per minute, content per minute and content per hour."""
    windows = Secondary(900, 80, 500, 403, retry_after=True).windows(NOON)
    assert [(window.units, window.limit, window.seconds) for window in windows] == [
        ("points a minute", 900, 60),
        ("content-creating requests a minute", 80, 60),
        ("content-creating requests an hour", 500, 3600),
    ]
