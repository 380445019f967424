"""Real clients and failures: they behave as with GitHub, and as on a network."""

from __future__ import annotations

import importlib
import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import github3
import pytest
import requests
import urllib3
from broken_server import broken_server
from client import API
from github import Auth, Github, GithubException, GithubRetry, RateLimitExceededException, UnknownObjectException
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError
from urllib3.util.retry import RequestHistory, Retry

from pytest_ghdeploy import FakeGitHub

if TYPE_CHECKING:
    from pytest_ghdeploy import Repository
    from pytest_ghdeploy.interface.faults import FaultKind

githubkit: Any = importlib.import_module("githubkit")  # without its types, which are too many for mypy
DEPLOYMENTS = f"{API}/repos/octocat/example/deployments"
PATH = "/repos/octocat/example/deployments"
TOKEN = {"Authorization": "token a-token-for-tests"}


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the times passed to sleep, without sleeping."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Add a repository."""
    return ghdeploy.add_repository("octocat/example")


def _asked(ghdeploy: FakeGitHub) -> list[int]:
    return [exchange.status for exchange in ghdeploy.requests]


# requests


class Logging(HTTPAdapter):
    """An adapter written by a user."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        """Send as ever."""
        return super().send(request, *args, **kwargs)


def _session(retry: Any, adapter: type[HTTPAdapter] = HTTPAdapter) -> requests.Session:  # noqa: ANN401
    session = requests.Session()
    session.headers.update(TOKEN)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter(max_retries=retry))
    return session


def _outcome(session: requests.Session, method: str, url: str, timeout: float) -> tuple[type, type | None]:
    """Return the exception of a request, and its cause."""
    try:
        session.request(method, url, json={"ref": "main"}, timeout=timeout)
    except (requests.RequestException, OSError) as problem:
        inner = problem.args[0] if problem.args else None
        return type(problem), type(inner.reason) if isinstance(inner, MaxRetryError) else type(inner)
    except Exception as problem:  # noqa: BLE001 - of urllib3, which requests lets pass at times
        return type(problem), None
    return requests.Response, None


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("failure", ["connection", "reset", "timeout", "truncated"])
@pytest.mark.parametrize(
    "retry",
    [0, False, Retry(1), Retry(2, connect=0), Retry(2, read=0), Retry(2, read=False), Retry(1, allowed_methods=None)],
    ids=str,
)
@pytest.mark.usefixtures("repository")
def test_a_failure_looks_as_on_a_network(ghdeploy: FakeGitHub, method: str, failure: FaultKind, retry: Any) -> None:  # noqa: ANN401
    """With a server that really fails, requests and urllib3 send as many requests, and raise the same exception."""
    ghdeploy.faults.add(path=PATH, error=failure, times=9, required=False)
    timeout = 0.05 if failure == "timeout" else 5
    with _session(retry) as session:
        outcome = _outcome(session, method, DEPLOYMENTS, timeout)
    attempts = len(ghdeploy.requests)

    with broken_server(failure) as (url, came), _session(retry) as session:
        assert outcome == _outcome(session, method, url, timeout)
        if failure == "connection":
            allowed = 0 if getattr(retry, "connect", None) == 0 else getattr(retry, "total", 0)
            assert attempts == allowed + 1
        else:
            assert [came.acquire(timeout=5) for _ in range(attempts)] == [True] * attempts
            assert not came.acquire(blocking=False)


@pytest.mark.parametrize("adapter", [HTTPAdapter, Logging])
@pytest.mark.parametrize(
    ("retry", "faults", "asked"),
    [
        (Retry(3, status_forcelist=[503]), [{"error": "connection"}, {"status": 503}, {"error": "timeout"}], 4),
        (Retry(2, read=1, status=1, status_forcelist=[503]), [{"error": "reset"}, {"status": 503}], 3),
        (Retry(1), [{"status": 503, "retry_after": 0}], 2),
        (Retry(1), [{"status": 429, "retry_after": 60}], 2),
        (Retry(1, status_forcelist=[500]), [{"status": 500, "retry_after": 1}], 2),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_retry_gets_through(
    ghdeploy: FakeGitHub, adapter: type[HTTPAdapter], retry: Retry, faults: list[dict[str, Any]], asked: int
) -> None:
    """Failures of all kinds are retried as long as attempts are left."""
    for fault in faults:
        ghdeploy.faults.add(path=PATH, **fault)
    with _session(retry, adapter) as session:
        assert session.get(DEPLOYMENTS, timeout=5).json() == []
    assert len(ghdeploy.requests) == asked


@pytest.mark.parametrize(
    ("faults", "raised"),
    [
        ([{"status": 503}, {"error": "reset"}], requests.ConnectionError),
        ([{"error": "reset"}, {"status": 503}], requests.exceptions.RetryError),
    ],
)
@pytest.mark.usefixtures("repository")
def test_attempts_are_counted_across_kinds(
    ghdeploy: FakeGitHub, faults: list[dict[str, Any]], raised: type[Exception]
) -> None:
    """An attempt used for a status is not left for a broken connection, and vice versa."""
    for fault in faults:
        ghdeploy.faults.add(path=PATH, **fault)
    with _session(Retry(1, status_forcelist=[503])) as session, pytest.raises(raised, match="Max retries exceeded"):
        session.get(DEPLOYMENTS, timeout=5)


@pytest.mark.usefixtures("repository")
def test_a_back_off_moves_the_clock(ghdeploy: FakeGitHub, slept: list[float]) -> None:
    """Nobody sleeps; without a back-off there is no wait."""
    began = ghdeploy.clock.now
    ghdeploy.faults.add(error="connection", times=6)
    with _session(Retry(3, backoff_factor=0.5)) as session, pytest.raises(requests.ConnectionError):
        session.get(DEPLOYMENTS, timeout=5)
    assert ghdeploy.clock.now == began + timedelta(seconds=3)  # 0, 1 and 2
    with _session(Retry(3)) as session:
        assert session.get(DEPLOYMENTS, timeout=5).json() == []
    assert ghdeploy.clock.now == began + timedelta(seconds=3)
    assert slept == []


@pytest.mark.usefixtures("repository")
def test_a_retry_of_urllib3_itself_moves_the_clock(ghdeploy: FakeGitHub, slept: list[float]) -> None:
    """After a status, a lost connection and a `Retry-After`."""
    began = ghdeploy.clock.now
    ghdeploy.faults.add(status=503)
    ghdeploy.faults.add(error="connection")
    ghdeploy.faults.add(status=429, retry_after=60)
    retry = Retry(5, status_forcelist=[429, 503], backoff_factor=1)
    with urllib3.PoolManager(retries=retry) as pool:
        assert pool.request("GET", DEPLOYMENTS, headers=TOKEN).status == 200
    assert _asked(ghdeploy) == [503, 0, 429, 200]
    assert ghdeploy.clock.now == began + timedelta(seconds=0 + 2 + 60)
    assert slept == []


@pytest.mark.usefixtures("repository")
def test_a_retry_may_ignore_the_header_retry_after(ghdeploy: FakeGitHub) -> None:
    """Then only its back-off counts."""
    began = ghdeploy.clock.now
    ghdeploy.faults.add(status=503, retry_after=60, times=2)
    retry = Retry(5, status_forcelist=[503], backoff_factor=1, respect_retry_after_header=False)
    with urllib3.PoolManager(retries=retry) as pool:
        assert pool.request("GET", DEPLOYMENTS, headers=TOKEN).status == 200
    assert ghdeploy.clock.now == began + timedelta(seconds=0 + 2)


@pytest.mark.usefixtures("repository")
def test_a_retry_after_a_request_to_the_fake_really_sleeps(slept: list[float]) -> None:
    """A tool may use a `Retry` for something else than a request, before and after one."""
    waiting = Retry(2, backoff_factor=1, history=(RequestHistory("GET", "/", None, None, None),) * 2)
    with urllib3.PoolManager() as pool:
        pool.request("GET", DEPLOYMENTS, headers=TOKEN)
    waiting.sleep()
    assert slept == [2]


@pytest.mark.usefixtures("ghdeploy")
def test_a_retry_for_another_host_really_sleeps(slept: list[float]) -> None:
    """Only what a client waits for between requests to the fake goes by the fake's clock."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with urllib3.PoolManager() as pool, pytest.raises(urllib3.exceptions.MaxRetryError):
            pool.request("GET", f"http://127.0.0.1:{port}/", retries=Retry(2, backoff_factor=1))
    assert slept == [2]


@pytest.mark.usefixtures("repository")
def test_pygithub_does_not_pause_between_requests(ghdeploy: FakeGitHub, slept: list[float]) -> None:
    """Its default is a quarter of a second between requests, and a second between writes. No clock moves."""
    began = ghdeploy.clock.now
    repo = Github(auth=Auth.Token("a-token-for-tests")).get_repo("octocat/example")
    for _ in range(3):
        repo.create_deployment("main").create_status("success")
    assert (slept, ghdeploy.clock.now) == ([], began)


def test_pygithub_pauses_without_a_fake(slept: list[float]) -> None:
    """The patch is gone after the last fake, also for a requester that was made while it was active."""
    with FakeGitHub() as fake:
        fake.add_repository("octocat/example")
        github = Github(auth=Auth.Token("a-token-for-tests"))
        github.get_repo("octocat/example")
    assert slept == []
    github.requester._Requester__deferRequest("GET")  # type: ignore[attr-defined] # the rest would go to the network
    assert len(slept) == 1


@pytest.mark.usefixtures("repository")
def test_a_subclass_of_retry_may_sleep_in_its_own_way(ghdeploy: FakeGitHub) -> None:
    """urllib3 calls its `sleep` with the response, and the clock stands still."""
    seen: list[int | None] = []

    class Own(Retry):
        def sleep(self, response: Any = None) -> None:  # noqa: ANN401 - urllib3's
            seen.append(response and response.status)

    began = ghdeploy.clock.now
    ghdeploy.faults.add(status=503, retry_after=60)
    ghdeploy.faults.add(error="reset")
    with _session(Own(3, status_forcelist=[503])) as session:
        assert session.get(DEPLOYMENTS, timeout=5).json() == []
    assert (seen, ghdeploy.clock.now) == ([503, None], began)


@pytest.mark.usefixtures("repository")
def test_a_retry_after_moves_the_clock(ghdeploy: FakeGitHub, slept: list[float]) -> None:
    """So a limit is over when the client retries. The report shows the wait."""
    ghdeploy.rate_limits.set_secondary(points_per_minute=1, status=429)
    with _session(Retry(3, status_forcelist=[429])) as session:
        assert [session.get(DEPLOYMENTS, timeout=5).status_code for _ in range(2)] == [200, 200]
    assert _asked(ghdeploy) == [200, 429, 200]
    assert slept == []
    assert "  !  the client waits 60 s: ghdeploy.clock has moved on" in ghdeploy.conversation_text()


@pytest.mark.parametrize(("timeout", "shown"), [(None, "None"), (3, "3"), ((1, 2.5), "2.5"), ((1, None), "None")])
@pytest.mark.usefixtures("repository")
def test_a_timeout_names_the_clients_own_timeout(ghdeploy: FakeGitHub, timeout: Any, shown: str) -> None:  # noqa: ANN401
    """A client without a timeout fails at once too, and no time passes."""
    ghdeploy.faults.add(error="timeout")
    with pytest.raises(requests.ReadTimeout, match=rf"port=443\): Read timed out. \(read timeout={shown}\)"):
        requests.get(DEPLOYMENTS, timeout=timeout)


def test_a_retry_of_a_lost_response_deploys_twice(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """`allowed_methods=None` retries POST: urllib3 cannot know that the request was processed."""
    ghdeploy.faults.add(method="POST", error="lost_answer")
    with _session(Retry(1, allowed_methods=None)) as session:
        assert session.post(DEPLOYMENTS, json={"ref": "main"}, timeout=5).status_code == 201
    assert len(repository.deployments) == 2
    ghdeploy.faults.add(method="POST", error="lost_answer")
    with _session(Retry(1)) as session, pytest.raises(requests.ConnectionError):
        session.post(DEPLOYMENTS, json={"ref": "main"}, timeout=5)
    assert len(repository.deployments) == 3


# PyGithub


def _pygithub(**options: Any) -> Any:  # noqa: ANN401 - PyGithub knows too many types
    client = Github(auth=Auth.Token("a-token-for-tests"), **({"lazy": True} | options))
    return client.get_repo("octocat/example")


@pytest.mark.parametrize("kind", [{"status": 500}, {"status": 502}, {"status": 503}, {"status": 504},
                                  {"error": "connection"}, {"error": "reset"}, {"error": "timeout"}])  # fmt: skip
@pytest.mark.usefixtures("repository")
def test_pygithub_retries_failures(ghdeploy: FakeGitHub, slept: list[float], kind: dict[str, Any]) -> None:
    """By default it retries server errors and broken connections, without a pause."""
    ghdeploy.faults.add(path=PATH, times=2, **kind)
    assert list(_pygithub().get_deployments()) == []
    assert len(ghdeploy.requests) == 3
    assert slept == []


def test_pygithub_deploys_twice_by_itself(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Its default retry includes POST, so a lost response, or a 502 after the change, causes a second deployment."""
    ghdeploy.faults.add(method="POST", path=PATH, error="lost_answer")
    deployment = _pygithub().create_deployment("main")
    assert [deployment.id, len(repository.deployments)] == [repository.deployments[0].id, 2]
    ghdeploy.faults.add(method="POST", path=PATH, status=502, change_made=True)
    _pygithub().create_deployment("main")
    assert len(repository.deployments) == 4


def test_pygithub_can_exclude_post_from_retries(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Without POST in `allowed_methods`: one deployment, and an exception."""
    ghdeploy.faults.add(method="POST", path=PATH, status=502, change_made=True)
    with pytest.raises(GithubException) as caught:
        _pygithub(retry=GithubRetry(allowed_methods={"GET"})).create_deployment("main")
    assert (caught.value.status, caught.value.data["message"]) == (502, "Server Error")
    assert len(repository.deployments) == 1


@pytest.mark.parametrize("retry_after", [None, 0, 60])
@pytest.mark.parametrize("own", [True, False])
def test_pygithub_waits_out_a_secondary_rate_limit(
    ghdeploy: FakeGitHub, repository: Repository, slept: list[float], retry_after: int | None, *, own: bool
) -> None:
    """It recognises one by `Retry-After` or by GitHub's message, and retries."""
    ghdeploy.faults.add(path=PATH, status=403, retry_after=retry_after, times=2)
    retry = GithubRetry(secondary_rate_wait=0, backoff_factor=0) if own else GithubRetry()
    _pygithub(retry=retry).create_deployment("main")
    assert _asked(ghdeploy) == [403, 403, 201]
    assert (len(repository.deployments), slept) == (1, [])


def test_pygithub_runs_into_a_secondary_rate_limit(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """The limit follows the fake's clock: a client that does not wait is refused until it gives up."""
    ghdeploy.rate_limits.set_secondary(content_per_minute=1, retry_after=False)
    repo = _pygithub(retry=GithubRetry(total=2, secondary_rate_wait=0))
    repo.create_deployment("main")
    with pytest.raises(requests.exceptions.RetryError):
        repo.create_deployment("main")
    ghdeploy.clock.tick(60)
    repo.create_deployment("main")
    assert _asked(ghdeploy) == [201, 403, 403, 403, 201]
    assert len(repository.deployments) == 2


@pytest.mark.parametrize("limit", ["primary", "secondary"])
def test_pygithub_waits_until_a_limit_is_over(ghdeploy: FakeGitHub, slept: list[float], limit: str) -> None:
    """By default it waits for the reset, or a minute; the clock moves, and the retry succeeds."""
    ghdeploy.add_repository("octocat/waited")
    if limit == "primary":
        ghdeploy.rate_limits.set(0)
    else:
        ghdeploy.rate_limits.set_secondary(points_per_minute=0)
        ghdeploy.rate_limits.set_secondary(points_per_minute=1)
        requests.get(f"{API}/repos/octocat/waited", headers=TOKEN, timeout=5)
    client = Github(auth=Auth.Token("a-token-for-tests"))
    assert client.get_repo("octocat/waited").full_name == "octocat/waited"
    assert _asked(ghdeploy)[-2:] == [403, 200]
    assert slept == []


@pytest.mark.usefixtures("repository")
def test_pygithub_reads_a_used_up_rate_limit(ghdeploy: FakeGitHub) -> None:
    """It reads the remaining requests and the reset, and raises its own exception."""
    ghdeploy.rate_limits.set(1)
    client = Github(auth=Auth.Token("a-token-for-tests"), retry=None)
    client.get_repo("octocat/example")
    assert client.rate_limiting == (0, 5000)
    assert client.rate_limiting_resettime == ghdeploy.clock.now.timestamp() + 3600
    with pytest.raises(RateLimitExceededException, match="API rate limit exceeded for user ID"):
        client.get_repo("octocat/example")
    assert client.get_rate_limit().rate.remaining == 0
    with pytest.raises(GithubException, match="API rate limit exceeded for user ID"):
        _pygithub(retry=GithubRetry(max_rate_limit_wait=60)).get_branch("main")
    ghdeploy.clock.tick(3600)
    assert client.get_repo("octocat/example").name == "example"


@pytest.mark.usefixtures("repository")
def test_pygithub_does_not_find_a_new_deployment(ghdeploy: FakeGitHub) -> None:
    """As in June 2023: the first reads of a new deployment get 404, and so does its first status."""
    ghdeploy.faults.add(path=PATH, not_found_yet=2)
    repo = _pygithub(lazy=False)
    deployment = repo.create_deployment("main")
    with pytest.raises(UnknownObjectException):
        deployment.create_status("success")
    with pytest.raises(UnknownObjectException):
        repo.get_deployment(deployment.id)
    assert deployment.create_status("success").state == "success"


@pytest.mark.parametrize(
    ("error", "raised"),
    [("truncated", requests.exceptions.ChunkedEncodingError), ("not_json", TypeError)],
)
@pytest.mark.usefixtures("repository")
def test_pygithub_cannot_read_half_a_response(ghdeploy: FakeGitHub, error: FaultKind, raised: type[Exception]) -> None:
    """A truncated response breaks the connection; an HTML page is not a list."""
    ghdeploy.faults.add(path=PATH, error=error)
    with pytest.raises(raised):
        list(_pygithub().get_deployments())


# github3.py


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ({"status": 502}, github3.exceptions.ServerError),
        ({"status": 503, "retry_after": 1}, github3.exceptions.ServerError),
        ({"status": 403}, github3.exceptions.ForbiddenError),
        ({"status": 422}, github3.exceptions.UnprocessableEntity),
        ({"error": "connection"}, github3.exceptions.ConnectionError),
        ({"error": "timeout"}, github3.exceptions.ConnectionError),
        ({"error": "lost_answer"}, github3.exceptions.ConnectionError),
        ({"error": "truncated"}, github3.exceptions.TransportError),
    ],
)
def test_github3_raises_its_own_exceptions(
    ghdeploy: FakeGitHub, repository: Repository, kind: dict[str, Any], raised: type[Exception]
) -> None:
    """It does not retry."""
    repo = github3.login(token="a-token-for-tests").repository("octocat", "example")  # noqa: S106 - no secret
    ghdeploy.faults.add(method="POST", path=PATH, **kind)
    with pytest.raises(raised):
        repo.create_deployment("main")
    assert len(repository.deployments) == (kind.get("error") in ("lost_answer", "truncated"))


def test_github3_is_refused_without_budget(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """It reads the remaining requests from `/rate_limit`, which is free."""
    client = github3.login(token="a-token-for-tests")  # noqa: S106 - no secret
    assert repository.full_name
    ghdeploy.rate_limits.set(1, limit=100)
    client.repository("octocat", "example")
    with pytest.raises(github3.exceptions.ForbiddenError, match="API rate limit exceeded"):
        client.repository("octocat", "example")
    assert client.rate_limit()["resources"]["core"]["remaining"] == 0


# githubkit


def _githubkit(wait: timedelta | None = timedelta(microseconds=1)) -> Any:  # noqa: ANN401 - githubkit's
    retry = githubkit.retry

    def at_once(problem: Any, count: int) -> Any:  # noqa: ANN401
        decision = retry.RETRY_DEFAULT(problem, count)
        return retry.RetryOption(decision.do_retry, wait or decision.retry_after)

    return githubkit.GitHub("a-token-for-tests", http_cache=False, auto_retry=at_once)


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ({"status": 502}, 3),
        ({"status": 503, "retry_after": 5}, 3),
        ({"status": 403, "retry_after": 60}, 1),
        ({"status": 429, "retry_after": 60}, 1),
    ],
)
@pytest.mark.usefixtures("repository")
def test_githubkit_retries_failures(ghdeploy: FakeGitHub, kind: dict[str, Any], times: int) -> None:
    """Three times after a server error, once after a rate limit; then it raises."""
    client = _githubkit()
    ghdeploy.faults.add(path=PATH, times=times, **kind)
    assert client.rest.repos.list_deployments("octocat", "example").parsed_data == []
    ghdeploy.faults.add(path=PATH, times=times + 1, **kind)
    with pytest.raises(githubkit.exception.RequestFailed):
        client.rest.repos.list_deployments("octocat", "example")
    assert len(ghdeploy.requests) == 2 * times + 2


@pytest.mark.usefixtures("repository")
def test_githubkit_waits_as_the_response_says(ghdeploy: FakeGitHub, slept: list[float]) -> None:
    """For `Retry-After` of a secondary limit, for the reset of a primary one, and longer after each server error."""
    client = _githubkit(wait=None)
    ghdeploy.faults.add(path=PATH, status=403, retry_after=42)
    client.rest.repos.list_deployments("octocat", "example")
    ghdeploy.faults.add(path=PATH, status=502, times=2)
    client.rest.repos.list_deployments("octocat", "example")
    assert slept == [42, 1, 4]

    ghdeploy.rate_limits.set(0)
    with pytest.raises(githubkit.exception.PrimaryRateLimitExceeded):
        client.rest.repos.list_deployments("octocat", "example")
    assert 3500 < slept[3] <= 3600
    ghdeploy.rate_limits.clear()
    ghdeploy.rate_limits.set_secondary(points_per_minute=0, retry_after=7)
    with pytest.raises(githubkit.exception.SecondaryRateLimitExceeded):
        client.rest.repos.list_deployments("octocat", "example")
    assert slept[4:] == [7]


@pytest.mark.parametrize(("error", "name"), [("timeout", "RequestTimeout"), ("connection", "RequestError")])
@pytest.mark.usefixtures("repository")
def test_githubkit_raises_a_broken_connection_at_once(ghdeploy: FakeGitHub, error: FaultKind, name: str) -> None:
    """It does not retry a request without a response."""
    ghdeploy.faults.add(path=PATH, error=error)
    client = _githubkit()
    with pytest.raises(getattr(githubkit.exception, name)):
        client.rest.repos.list_deployments("octocat", "example")
    assert len(ghdeploy.requests) == 1
