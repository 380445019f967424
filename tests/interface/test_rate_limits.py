"""Rate limits set by a test, over HTTP and by the fake's clock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository

REPO = f"{API}/repos/octocat/example"
DEPLOYMENTS = f"{REPO}/deployments"
TOKEN = {"Authorization": "token a-token-for-tests"}
SUPPORT = (
    r" If you reach out to GitHub Support for help, please include the request ID ([0-9A-F:]+)"
    r" and timestamp \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\."
)
SECONDARY = r"You have exceeded a secondary rate limit\. Please wait a few minutes before you try again\." + SUPPORT
DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Add a repository."""
    return ghdeploy.add_repository("octocat/example")


def _get(url: str = REPO, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers or TOKEN, timeout=5)


def _deploy() -> requests.Response:
    return requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=TOKEN, timeout=5)


def _budget(answer: requests.Response) -> tuple[int, int, int]:
    names = ("limit", "used", "remaining")
    limit, used, remaining = (int(answer.headers[f"x-ratelimit-{name}"]) for name in names)
    return limit, used, remaining


@pytest.mark.usefixtures("repository")
def test_by_default_no_request_is_refused(ghdeploy: FakeGitHub) -> None:
    """Requests are counted, even after the limit is used up."""
    for _ in range(70):
        assert _get(**{"X-Nobody": "asks"}).status_code == 200
    assert _budget(_get(**{"X-Nobody": "asks"})) == (60, 71, 0)
    ghdeploy.rate_limits.set(0, user="octocat")
    assert _get(**{"X-Nobody": "asks"}).status_code == 200


def test_a_budget_counts_down_and_then_refuses(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Then GitHub's 403 has nothing remaining, and a refused request changes nothing."""
    ghdeploy.rate_limits.set(2)
    assert [_budget(_deploy()) for _ in range(2)] == [(5000, 4999, 1), (5000, 5000, 0)]
    before = len(ghdeploy.events)

    refused = _deploy()

    assert (refused.status_code, _budget(refused)) == (403, (5000, 5000, 0))
    body = refused.json()
    found = re.fullmatch(rf"API rate limit exceeded for user ID {repository.owner.id}\.{SUPPORT}", body["message"])
    assert found
    assert found[1] == refused.headers["x-github-request-id"]
    assert (body["documentation_url"], body["status"]) == (DOCS, "403")
    assert "retry-after" not in refused.headers
    reset = int(refused.headers["x-ratelimit-reset"])
    assert reset == ghdeploy.clock.now.timestamp() + 3600
    assert (len(repository.deployments), len(ghdeploy.events)) == (2, before)
    assert _budget(_get()) == (5000, 5000, 0), "a refused request counts for nothing"


@pytest.mark.usefixtures("repository")
def test_the_budget_is_whole_again_when_the_clock_passes_its_reset(ghdeploy: FakeGitHub) -> None:
    """Not a second earlier; and the limit stays the one that the test has set."""
    ghdeploy.rate_limits.set(0, limit=3)
    ghdeploy.clock.tick(3599)
    refused = _get()
    assert refused.status_code == 403
    hint = refused.headers["x-ghdeploy-hint"]
    again = f"{ghdeploy.clock.now.replace(microsecond=0).timestamp() + 1:.0f}"
    assert refused.headers["x-ratelimit-reset"] == again
    assert hint.startswith("octocat has used all 3 requests of this hour, set with rate_limits.set; ")
    assert hint.endswith("Z: ghdeploy.clock.tick(1)")
    ghdeploy.clock.tick(1)
    answers = [_get() for _ in range(4)]
    assert [_budget(answer) for answer in answers] == [(3, 1, 2), (3, 2, 1), (3, 3, 0), (3, 3, 0)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 403]


@pytest.mark.usefixtures("repository")
def test_reading_the_rate_limit_is_free(ghdeploy: FakeGitHub) -> None:
    """`GET /rate_limit` does not count, and is never refused."""
    ghdeploy.rate_limits.set(1, limit=10)
    for remaining in (1, 1):
        answer = _get(f"{API}/rate_limit")
        assert answer.json()["resources"]["core"]["remaining"] == remaining
    assert _get().status_code == 200
    answer = _get(f"{API}/rate_limit")
    core = answer.json()["resources"]["core"]
    assert (answer.status_code, core["limit"], core["used"], core["remaining"]) == (200, 10, 10, 0)
    assert _budget(answer) == (10, 10, 0)
    assert _get().status_code == 403


@pytest.mark.usefixtures("repository")
def test_anonymous_callers_share_a_budget(ghdeploy: FakeGitHub) -> None:
    """Their refusal names an address, recommends a token, and has no status. Recorded in 2025 and 2026."""
    ghdeploy.rate_limits.set(1, user=None, status=429)
    answers = [_get(**{"X-Nobody": "asks"}) for _ in range(2)]
    assert [_budget(answer) for answer in answers] == [(60, 60, 0), (60, 60, 0)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json() == {
        "message": "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a "
        "higher rate limit. Check out the documentation for more details.)",
        "documentation_url": "https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting",
    }
    assert answers[1].headers["x-ghdeploy-hint"].startswith("the anonymous caller has used all 60 requests")
    assert _get().status_code == 200


def test_each_caller_has_a_budget_of_its_own(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """The default limit depends on the kind of caller."""
    for login, token in (("octocat", "the-first-token"), ("github-actions[bot]", "the-other-token")):
        ghdeploy.add_token(token, user=login)
    assert repository.full_name
    ghdeploy.rate_limits.set(1, user="github-actions[bot]")
    bot = {"Authorization": "token the-other-token"}
    assert [_get(**bot).status_code for _ in range(2)] == [200, 403]
    assert _budget(_get(**bot)) == (1000, 1000, 0)
    assert _budget(_get(Authorization="token the-first-token")) == (5000, 1, 4999)


@pytest.mark.parametrize(
    ("user", "caller"),
    [
        ("octocat", r"user ID 1583231"),
        ("github-actions[bot]", r"installation ID 52015368"),
        ("deployer[bot]", r"installation ID 52015375"),
    ],
)
def test_the_refusal_of_an_app_names_its_installation(
    ghdeploy: FakeGitHub, repository: Repository, user: str, caller: str
) -> None:
    """Users quote both: `user ID` for their own tokens, `installation ID` for those of apps and workflows."""
    ghdeploy.add_token("a-token", user=user, permissions={"metadata": "read"})
    ghdeploy.rate_limits.set(0, user=user)
    answer = _get(Authorization="token a-token")
    assert answer.status_code == 403
    body = answer.json()
    assert list(body) == ["message", "documentation_url", "status"]
    assert re.fullmatch(rf"API rate limit exceeded for {caller}\.{SUPPORT}", body["message"])
    assert repository.deployments == []


@pytest.mark.usefixtures("repository")
def test_a_budget_larger_than_usual_is_the_limit(ghdeploy: FakeGitHub) -> None:
    """Large installations of GitHub Apps have such a limit."""
    ghdeploy.rate_limits.set(12_500)
    assert _budget(_get()) == (12_500, 1, 12_499)


@pytest.mark.usefixtures("repository")
def test_limits_can_be_removed(ghdeploy: FakeGitHub) -> None:
    """After `clear` and `reset` no request is refused."""
    ghdeploy.rate_limits.set(0)
    ghdeploy.rate_limits.set_secondary(points_per_minute=0)
    assert _get().status_code == 403
    ghdeploy.rate_limits.clear()
    assert _budget(_get()) == (5000, 1, 4999)
    kept = ghdeploy.rate_limits
    kept.set(0)
    ghdeploy.reset()
    ghdeploy.add_repository("octocat/example")
    assert _get().status_code == 200
    with pytest.raises(FakeError, match="the fake was reset"):
        kept.set(1)


# Secondary limits


@pytest.mark.parametrize(
    ("settings", "passed", "what", "seconds"),
    [
        ({"points_per_minute": 12}, 2, "10 of 12 points a minute", 60),
        ({"content_per_minute": 3}, 3, "3 of 3 content-creating requests a minute", 60),
        ({"content_per_hour": 1}, 1, "1 of 1 content-creating requests an hour", 3600),
    ],
)
def test_the_secondary_limits_are_counted(
    ghdeploy: FakeGitHub, repository: Repository, settings: dict[str, int], passed: int, what: str, seconds: int
) -> None:
    """Writes are refused when a window is full, even with budget remaining, and allowed in the next window."""
    ghdeploy.rate_limits.set_secondary(**settings)
    assert [_deploy().status_code for _ in range(passed)] == [201] * passed

    refused = _deploy()

    assert (refused.status_code, _budget(refused)) == (403, (5000, passed, 5000 - passed))
    found = re.fullmatch(SECONDARY, refused.json()["message"])
    assert found
    assert found[1] == refused.headers["x-github-request-id"]
    assert refused.json()["documentation_url"] == f"{DOCS}#about-secondary-rate-limits"
    assert refused.headers["retry-after"] == str(seconds)
    assert refused.headers["x-ghdeploy-hint"] == (
        f"octocat has used {what}, set with rate_limits.set_secondary; "
        f"the count starts again after ghdeploy.clock.tick({seconds})"
    )
    assert len(repository.deployments) == passed
    ghdeploy.clock.tick(seconds)
    assert _deploy().status_code == (201 if seconds else 403)


@pytest.mark.usefixtures("repository")
def test_reading_costs_a_point(ghdeploy: FakeGitHub) -> None:
    """It does not count as content; `/rate_limit` does not count at all."""
    ghdeploy.rate_limits.set_secondary(points_per_minute=2, content_per_minute=0)
    assert [_get().status_code for _ in range(3)] == [200, 200, 403]
    assert _get(f"{API}/rate_limit").status_code == 200
    assert _get(**{"X-Nobody": "asks"}).status_code == 200, "each caller is counted alone"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(("retry_after", "header"), [(True, "60"), (False, None), (0, "0"), (7, "7")])
def test_retry_after_is_sent_if_wanted(ghdeploy: FakeGitHub, retry_after: Any, header: str | None) -> None:  # noqa: ANN401
    """GitHub sends it sometimes: the seconds left, no header, or the number that the test has set."""
    ghdeploy.rate_limits.set_secondary(points_per_minute=1, status=429, retry_after=retry_after)
    _get()
    refused = _get()
    assert (refused.status_code, refused.headers.get("retry-after")) == (429, header)
    assert int(refused.headers["x-ratelimit-remaining"]) > 0


@pytest.mark.usefixtures("repository")
def test_the_default_secondary_limits_are_githubs(ghdeploy: FakeGitHub) -> None:
    """900 points a minute, and 80 requests that create content."""
    ghdeploy.rate_limits.set_secondary()
    assert [_deploy().status_code for _ in range(81)] == [201] * 80 + [403]
    assert [_get().status_code for _ in range(501)] == [200] * 500 + [403]


# Misuse


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda limits: limits.set(-1), "remaining must be a whole number, 0 or more; got -1"),
        (lambda limits: limits.set(True), "remaining must be a whole number, 0 or more; got True"),
        (lambda limits: limits.set(5, limit=4), "limit must be a whole number, 5 or more; got 4"),
        (lambda limits: limits.set(0, limit=0), "limit must be a whole number, 1 or more; got 0"),
        (lambda limits: limits.set(0, status=404), "status must be 403 or 429, got 404"),
        (lambda limits: limits.set(0, user="mona"), "unknown user 'mona': add it with add_user; known: octocat"),
        (lambda limits: limits.set_secondary(status=200), "status must be 403 or 429, got 200"),
        (
            lambda limits: limits.set_secondary(points_per_minute=-1),
            "points_per_minute must be a whole number, 0 or more; got -1",
        ),
        (lambda limits: limits.set_secondary(content_per_minute="9"), "content_per_minute must be a whole number"),
        (lambda limits: limits.set_secondary(content_per_hour=None), "content_per_hour must be a whole number"),
        (lambda limits: limits.set_secondary(retry_after=-1), "retry_after must be True, False or a number of seconds"),
        (
            lambda limits: limits.set_secondary(retry_after=None),
            "retry_after must be True, False or a number of seconds",
        ),
    ],
)
def test_a_mistake_is_refused(ghdeploy: FakeGitHub, call: Any, message: str) -> None:  # noqa: ANN401
    """The message says what is wrong, and the limits have not changed."""
    ghdeploy.rate_limits.set(5, limit=7)
    with pytest.raises(FakeError, match=re.escape(message)):
        call(ghdeploy.rate_limits)
    assert _budget(_get(f"{API}/user")) == (7, 3, 4)


def test_a_secondary_limit_of_0_refuses_always(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Each refusal says to wait for a full minute, even long after an older window."""
    ghdeploy.rate_limits.set_secondary(points_per_minute=4)
    assert requests.get(f"{API}/repos/{repository.full_name}", headers=TOKEN, timeout=5).status_code == 200
    ghdeploy.clock.tick(120)
    assert _deploy().headers["Retry-After"] == "60"
    ghdeploy.rate_limits.set_secondary(content_per_minute=0)
    for _ in range(2):
        refused = _deploy()
        assert (refused.status_code, refused.headers["Retry-After"]) == (403, "60")
        assert ghdeploy.requests[-1].hint.endswith("the count starts again after ghdeploy.clock.tick(60)")
        ghdeploy.clock.tick(60)
