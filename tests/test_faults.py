"""Failures on demand: which requests go wrong, what the client sees, what is left behind, and what a report says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy import FakeError, FakeGitHub

if TYPE_CHECKING:
    from pytest_ghdeploy import Repository
    from pytest_ghdeploy.faults import FaultKind
    from pytest_ghdeploy.plugin import Factory

API = "https://api.github.com"
REPO = f"{API}/repos/octocat/example"
DEPLOYMENTS = f"{REPO}/deployments"
PATH = "/repos/octocat/example/deployments"
TOKEN = {"Authorization": "token a-token-for-tests"}
CARRIED_OUT = "the request was carried out, with 201 Created"
SERVER_ERROR = '{"message":"Server Error","documentation_url":"https://docs.github.com/rest","status":"%s"}'


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Add a repository."""
    return ghdeploy.add_repository("octocat/example")


def _get(url: str = DEPLOYMENTS) -> requests.Response:
    return requests.get(url, headers=TOKEN, timeout=5)


def _deploy() -> requests.Response:
    return requests.post(DEPLOYMENTS, json={"ref": "main"}, headers=TOKEN, timeout=5)


def _statuses(ghdeploy: FakeGitHub) -> list[int]:
    return [exchange.status for exchange in ghdeploy.requests]


# A status


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_githubs(ghdeploy: FakeGitHub, repository: Repository, status: int) -> None:
    """It says so in JSON, nothing has changed, and the next request is answered."""
    fault = ghdeploy.faults.add(method="POST", path=PATH, status=status)
    failed = _deploy()
    assert (failed.status_code, failed.text) == (status, SERVER_ERROR % status)
    assert failed.headers["content-type"] == "application/json; charset=utf-8"
    assert failed.headers["x-github-request-id"]
    hint = f"fault: the test asked for status={status} for POST {PATH} (1 of 1)"
    assert failed.headers["x-ghdeploy-hint"] == ghdeploy.requests[-1].hint == hint
    assert (list(repository.deployments), list(ghdeploy.events)) == ([], [])
    assert (fault.used, fault.times) == (1, 1)
    assert _deploy().status_code == 201


@pytest.mark.usefixtures("repository")
def test_a_gateway_timeout_has_words_of_its_own(ghdeploy: FakeGitHub) -> None:
    """They ask to try again."""
    ghdeploy.faults.add(status=504, retry_after=3, headers={"Via": "a proxy"})
    failed = _get()
    assert failed.status_code == 504
    assert failed.json()["message"].startswith("We couldn't respond to your request in time.")
    assert (failed.headers["retry-after"], failed.headers["via"]) == ("3", "a proxy")


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Problems parsing JSON"),
        (401, "Bad credentials"),
        (404, "Not Found"),
        (410, "Gone"),
        (422, "Validation Failed"),
        (507, "Insufficient Storage"),
        (599, "Server Error"),
        (499, "Bad Request"),
    ],
)
def test_any_refusal_can_be_asked_for(ghdeploy: FakeGitHub, status: int, message: str) -> None:
    """Other statuses come with GitHub's envelope, and cost nothing of the rate limit."""
    ghdeploy.faults.add(status=status)
    failed = _get()
    assert failed.status_code == status
    assert (failed.json()["message"], failed.json()["status"]) == (message, str(status))
    if status < 500:
        assert failed.headers["x-ratelimit-remaining"] == "5000"
    if status == 404:
        page = "https://docs.github.com/rest/deployments/deployments#list-deployments"
        assert failed.json()["documentation_url"] == page


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [None, 0, 60])
def test_a_secondary_rate_limit_can_be_asked_for(ghdeploy: FakeGitHub, status: int, retry_after: int | None) -> None:
    """In GitHub's words, with requests remaining, with and without a time to wait."""
    ghdeploy.faults.add(status=status, retry_after=retry_after)
    failed = _get()
    assert failed.status_code == status
    words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    assert failed.json()["message"].startswith(words)
    assert failed.headers["x-github-request-id"] in failed.json()["message"]
    assert failed.headers["x-ratelimit-remaining"] == "5000"
    assert failed.headers.get("retry-after") == (None if retry_after is None else str(retry_after))


@pytest.mark.usefixtures("repository")
def test_a_request_that_nobody_would_take_can_fail_too(ghdeploy: FakeGitHub) -> None:
    """A fault comes before all else: before the token is looked at, and before the endpoint is looked for."""
    ghdeploy.add_token("the-only-token")
    ghdeploy.faults.add(status=404, times=2)
    assert _get().status_code == 404
    assert _get(f"{REPO}/pulls").status_code == 404
    assert _get().status_code == 401


def test_a_fault_stands_before_a_stub(ghdeploy: FakeGitHub) -> None:
    """A stub answers when the fault is used up."""
    ghdeploy.stub("GET", "/repos/octocat/example/pulls", json=[])
    ghdeploy.faults.add(path="/repos/*/*/pulls", status=500)
    assert [_get(f"{REPO}/pulls").status_code for _ in range(2)] == [500, 200]


@pytest.mark.usefixtures("repository")
def test_head_has_no_body(ghdeploy: FakeGitHub) -> None:
    """Whatever fails, `HEAD` is answered without a body, and without one there is nothing to cut."""
    ghdeploy.faults.add(status=502)
    assert requests.head(REPO, timeout=5).content == b""
    assert ghdeploy.requests[-1].response_body == b""
    ghdeploy.faults.add(method="head", error="truncated")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        requests.head(REPO, timeout=5)


# What goes wrong on the way


@pytest.mark.parametrize(
    ("error", "raised", "text"),
    [
        ("connection", requests.ConnectionError, "Failed to establish a new connection"),
        ("reset", requests.ConnectionError, "Connection aborted"),
        ("timeout", requests.ReadTimeout, r"Read timed out. \(read timeout=5\)"),
    ],
)
def test_a_request_that_does_not_arrive_changes_nothing(
    ghdeploy: FakeGitHub,
    repository: Repository,
    error: FaultKind,
    raised: type[Exception],
    text: str,
) -> None:
    """The client sees what it sees on a network; no deployment, no event, no request counted."""
    ghdeploy.faults.add(method="POST", error=error)
    with pytest.raises(raised, match=text):
        _deploy()
    assert (list(repository.deployments), list(ghdeploy.events)) == ([], [])
    assert _get().headers["x-ratelimit-used"] == "1"
    failed = ghdeploy.requests[0]
    assert (failed.status, failed.response_body, dict(failed.response_headers)) == (0, b"", {})
    assert str(failed) == f"POST {PATH} -> no answer"


@pytest.mark.parametrize(
    ("error", "raised", "failure"),
    [("lost_answer", requests.ConnectionError, "reset"), ("lost_answer_timeout", requests.ReadTimeout, "timeout")],
)
def test_a_tool_that_repeats_itself_deploys_twice(
    ghdeploy: FakeGitHub,
    repository: Repository,
    error: FaultKind,
    raised: type[Exception],
    failure: str,
) -> None:
    """The answer is lost after the change was made, with its event: the classic double deployment."""
    ghdeploy.faults.add(method="POST", path=PATH, error=error)

    def deploy_stubbornly() -> None:
        try:
            _deploy()
        except raised:
            _deploy()

    deploy_stubbornly()

    assert len(repository.deployments) == 2
    assert [event.name for event in ghdeploy.events] == ["deployment", "deployment"]
    assert [(one.status, one.failure) for one in ghdeploy.requests] == [(0, failure), (201, "")]


def test_an_answer_that_is_cut_short_is_noticed_by_the_client(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Half of the body comes, the change was made."""
    ghdeploy.faults.add(method="POST", error="truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        _deploy()
    cut = ghdeploy.requests[0]
    assert (cut.status, cut.failure) == (201, "truncated")
    assert len(cut.response_body) == int(cut.response_headers["content-length"]) // 2
    assert len(repository.deployments) == 1


def test_a_truncated_answer_without_a_body_is_none(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Of a 204 nothing can be cut: the connection breaks, and what was to be deleted is gone."""
    deployment = repository.add_deployment(ref="main")
    ghdeploy.faults.add(method="DELETE", error="truncated")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        requests.delete(deployment.url, headers=TOKEN, timeout=5)
    assert list(repository.deployments) == []


def test_a_page_of_html_is_not_json(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """It comes with 200, or with the status asked for, and nothing has changed."""
    ghdeploy.faults.add(error="not_json")
    ghdeploy.faults.add(error="not_json", status=502, retry_after=1)
    for status in (200, 502):
        failed = _deploy()
        assert (failed.status_code, failed.headers["content-type"]) == (status, "text/html; charset=utf-8")
        with pytest.raises(requests.JSONDecodeError):
            failed.json()
    assert failed.headers["retry-after"] == "1"
    assert list(repository.deployments) == []


@pytest.mark.parametrize(
    "kind", [{"status": 502}, {"error": "not_json", "status": 500}, {"error": "timeout"}, {"error": "reset"}]
)
def test_the_change_can_be_made_before_it_fails(
    ghdeploy: FakeGitHub, repository: Repository, kind: dict[str, Any]
) -> None:
    """A 502 does not say that nothing has happened, on GitHub neither."""
    ghdeploy.faults.add(method="POST", change_made=True, **kind)
    try:
        assert _deploy().status_code >= 500
    except requests.RequestException:
        assert "error" in kind
    assert len(repository.deployments) == 1
    assert ghdeploy.requests[0].hint.endswith(f"(1 of 1); {CARRIED_OUT}")


@pytest.mark.usefixtures("repository")
def test_a_refusal_can_be_lost_too(ghdeploy: FakeGitHub) -> None:
    """The hint tells both: that it was lost, and why it was one."""
    ghdeploy.faults.add(error="lost_answer")
    with pytest.raises(requests.ConnectionError):
        requests.post(DEPLOYMENTS, json={"ref": "nope"}, headers=TOKEN, timeout=5)
    hint = ghdeploy.requests[0].hint
    assert "(1 of 1); the request was carried out, with 422 Unprocessable Entity; " in hint
    assert hint.startswith('fault: the test asked for error="lost_answer" for any method of any path (1 of 1); ')
    assert hint.endswith("; there is main")


# What GitHub has and does not show yet


@pytest.mark.parametrize("by_id", [False, True])
def test_what_was_just_created_may_not_be_found_yet(
    ghdeploy: FakeGitHub, repository: Repository, *, by_id: bool
) -> None:
    """So many requests for it, or below it, are a 404; it is there all the time."""
    older = repository.add_deployment(ref="main")
    fault = ghdeploy.faults.add(path=PATH, not_found_yet=3)
    made = _deploy().json()
    root = f"{API}/repositories/{repository.id}" if by_id else f"{API}/repos/Octocat/EXAMPLE"
    url = f"{root}/deployments/{made['id']}"

    assert _get(older.url).status_code == 200
    assert [_get(url).status_code, _get(f"{url}/statuses").status_code] == [404, 404]
    refused = requests.post(f"{url}/statuses", json={"state": "success"}, headers=TOKEN, timeout=5)
    assert (refused.status_code, refused.json()["message"]) == (404, "Not Found")
    assert refused.headers["x-ghdeploy-hint"] == (
        f"fault: the test asked for not_found_yet=3 for POST {PATH} (3 of 3); it is there"
    )
    assert (_get(url).json()["id"], _get(f"{url}/statuses").json()) == (made["id"], [])
    assert (fault.used, fault.times, len(repository.deployments)) == (3, 3, 2)


def test_a_refused_creation_is_none(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """`not_found_yet` waits for something that was created, and lets pass what it is told to."""
    ghdeploy.faults.add(path=PATH, not_found_yet=1, after=1)
    answers = [requests.post(DEPLOYMENTS, json={"ref": "nope"}, headers=TOKEN, timeout=5), _deploy(), _deploy()]
    assert [answer.status_code for answer in answers] == [422, 201, 201]
    newest, first = repository.deployments
    assert [_get(first.url).status_code, _get(newest.url).status_code, _get(newest.url).status_code] == [200, 404, 200]


def test_an_environment_may_not_be_found_yet(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """What a PUT creates is hidden too, also by a name with a slash; one whose name begins alike is not."""
    for name in ("eu", "eu/production-2"):
        repository.add_environment(name)
    ghdeploy.faults.add(method="PUT", path="/repos/*/*/environments/{name}", not_found_yet=2)
    url = f"{REPO}/environments/eu%2Fproduction"
    assert requests.put(url, headers=TOKEN, timeout=5).status_code == 200
    assert [_get(f"{REPO}/environments/{name}").status_code for name in ("eu", "eu%2Fproduction-2")] == [200, 200]
    below = f"{url}/deployment_protection_rules"
    assert [_get(one).status_code for one in (url, below, below, url)] == [404, 404, 200, 200]


def test_what_was_lost_may_not_be_found_either(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Two faults can meet in one request."""
    ghdeploy.faults.add(path=PATH, not_found_yet=1)
    ghdeploy.faults.add(method="POST", error="lost_answer")
    with pytest.raises(requests.ConnectionError):
        _deploy()
    assert [_get(repository.deployments[0].url).status_code for _ in range(2)] == [404, 200]


@pytest.mark.usefixtures("repository")
def test_what_has_no_url_of_its_own_is_not_hidden(ghdeploy: FakeGitHub) -> None:
    """An answer that names no URL of this API creates nothing that could be hidden."""
    ghdeploy.stub("POST", "/repos/octocat/example/pulls", status=201, json=[1])
    ghdeploy.faults.add(path="/repos/*/*/pulls", not_found_yet=1, required=False)
    assert requests.post(f"{REPO}/pulls", headers=TOKEN, timeout=5).status_code == 201
    assert _get().status_code == 200
    assert [fault.used for fault in ghdeploy.faults] == [0]


def test_a_list_may_be_stale(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """So many reads show what there was when the fault was added, with pages and filters; then they are right."""
    old = [repository.add_deployment(ref="main", environment=name).id for name in ("qa", "staging")]
    fault = ghdeploy.faults.add(path=PATH, stale=3)
    new = repository.add_deployment(ref="main", environment="qa").id

    listed = _get()
    assert [one["id"] for one in listed.json()] == old[::-1]
    assert listed.headers["x-ghdeploy-hint"] == (
        f"fault: the test asked for stale=3 for GET {PATH} (1 of 3); it is the past that was shown"
    )
    page = _get(f"{DEPLOYMENTS}?per_page=1")
    assert [one["id"] for one in page.json()] == old[1:]
    assert 'page=2>; rel="last"' in page.headers["link"]
    assert [one["id"] for one in _get(f"{DEPLOYMENTS}?environment=qa").json()] == old[:1]
    assert [one["id"] for one in _get().json()] == [new, *old[::-1]]
    assert (fault.used, listed.headers["x-ratelimit-used"]) == (3, "1")


def test_what_was_changed_is_stale_too(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A status that was added, a branch that moved, a deployment that was deleted: all of it is not seen yet."""
    deployment = repository.add_deployment(ref="main")
    url, sha = deployment.url, repository.sha("main")
    ghdeploy.faults.add(stale=4)
    deployment.add_status("success")
    moved = repository.add_commit("main")
    requests.delete(url, headers=TOKEN, timeout=5)

    assert _get(f"{REPO}/branches/main").json()["commit"]["sha"] == sha
    assert _get(f"{url}/statuses").json() == []
    assert [_get(url).status_code, len(_get().json())] == [200, 1]
    assert _get(url).status_code == 404
    assert _get(f"{REPO}/branches/main").json()["commit"]["sha"] == moved


def test_a_repository_that_is_newer_has_nothing_yet(ghdeploy: FakeGitHub) -> None:
    """A list of a repository that was added after the fault is empty; who may ask is as it is now."""
    ghdeploy.faults.add(path="/repos/*/*/deployments", stale=1)
    repository = ghdeploy.add_repository("mona/example")
    ghdeploy.add_token("a-token-for-tests", user="mona")
    repository.add_deployment(ref="main")
    assert [_get(f"{API}/repos/mona/example/deployments").json() for _ in range(1)] == [[]]
    assert len(_get(f"{API}/repos/mona/example/deployments").json()) == 1


# Which requests


@pytest.mark.parametrize(
    ("given", "method", "url", "fails"),
    [
        ({}, "GET", DEPLOYMENTS, True),
        ({"method": "get"}, "GET", DEPLOYMENTS, True),
        ({"method": "POST"}, "GET", DEPLOYMENTS, False),
        ({"path": PATH}, "GET", DEPLOYMENTS, True),
        ({"path": PATH}, "POST", DEPLOYMENTS, True),
        ({"path": PATH}, "GET", f"{DEPLOYMENTS}?ref=main", True),
        ({"path": PATH}, "GET", REPO, False),
        ({"path": PATH}, "GET", f"{DEPLOYMENTS}/1", False),
        ({"path": "/repos/*/*/deployments"}, "GET", DEPLOYMENTS, True),
        ({"path": "/repos/{owner}/{repo}/deployments/{id}"}, "GET", f"{DEPLOYMENTS}/1", True),
        ({"path": "/repos/*/deployments"}, "GET", DEPLOYMENTS, False),
        ({"path": PATH}, "GET", f"{API}/repos/OctoCat/Example/deployments", True),
        ({"path": "/repos/OctoCat/Example/deployments"}, "GET", DEPLOYMENTS, True),
        ({"path": PATH}, "GET", f"{API}/repositories/1296269001/deployments", True),
        ({"path": "/repositories/*/deployments"}, "GET", f"{API}/repositories/1296269001/deployments", True),
        ({"path": "/repos/*/*/deployments"}, "GET", f"{API}/repositories/1/deployments", False),
        ({"path": "/repos/*/*/deployments"}, "GET", f"{API}/repositories/x/deployments", False),
        ({"path": "/repos/*/*/environments/a b"}, "GET", f"{REPO}/environments/a%20b", True),
        ({"path": "/repos/*/*/environments/a%20b"}, "GET", f"{REPO}/environments/a%20b", True),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_fault_is_for_a_method_and_a_path(
    ghdeploy: FakeGitHub, given: dict[str, str], method: str, url: str, *, fails: bool
) -> None:
    """As with `stub`; the same repository may be named in any case, or by its id."""
    ghdeploy.faults.add(**given, status=503, required=False)  # type: ignore[arg-type]
    answer = requests.request(method, url, json={}, headers=TOKEN, timeout=5)
    assert (answer.status_code == 503) == fails


def test_a_path_may_begin_with_that_of_the_api(ghdeploy_factory: Factory) -> None:
    """On GitHub Enterprise Server a path may be given with or without `/api/v3`."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    fake.add_repository("octocat/example")
    fake.faults.add(path="/api/v3/repos/*/*", status=500)
    fake.faults.add(path="/repos/*/*", status=502)
    url = "https://ghe.example.com/api/v3/repos/octocat/example"
    assert [requests.get(url, timeout=5).status_code for _ in range(3)] == [500, 502, 200]


@pytest.mark.usefixtures("repository")
def test_faults_are_used_up_in_order(ghdeploy: FakeGitHub) -> None:
    """The earlier one first; each lets pass what it is told to, and then fails as often as it is told to."""
    ghdeploy.faults.add(status=500, times=2)
    ghdeploy.faults.add(status=502, after=2)
    ghdeploy.faults.add(path="/user", status=503, required=False)
    assert [_get().status_code for _ in range(6)] == [500, 500, 200, 200, 502, 200]
    assert [(str(fault)[:10], fault.used) for fault in ghdeploy.faults] == [
        ("status=500", 2),
        ("status=502", 1),
        ("status=503", 0),
    ]
    assert len(ghdeploy.faults) == 3
    assert repr(ghdeploy.faults[0]) == "<Fault status=500 for any method of any path: used 2 of 2 times>"
    assert repr(ghdeploy.faults).startswith("[<Fault status=500 for any method of any path: used 2 of 2 times>, <F")
    assert str(ghdeploy.faults[1]) == "status=502 for any method of any path after 2 that pass"
    ghdeploy.faults.clear()
    assert list(ghdeploy.faults) == []


@pytest.mark.usefixtures("repository")
def test_reset_forgets_faults(ghdeploy: FakeGitHub) -> None:
    """Who holds the faults can go on adding some."""
    faults = ghdeploy.faults
    faults.add(status=500, times=9)
    ghdeploy.reset()
    ghdeploy.add_repository("octocat/example")
    assert (len(faults), _get().status_code) == (0, 200)
    faults.add(status=502)
    assert [_get().status_code for _ in range(2)] == [502, 200]
    assert ghdeploy.faults is faults


# Misuse


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "a fault is one of status, error, not_found_yet, stale; none of them was given"),
        ({"status": 500, "error": "timeout"}, "status and error were given"),
        ({"status": 500, "stale": 1}, "status and stale were given"),
        ({"error": "not_json", "stale": 1}, "error and stale were given"),
        ({"error": "tiemout"}, "there is no error 'tiemout'; there are timeout, "),
        ({"status": 200}, "status is an HTTP status from 400 to 599, got 200"),
        ({"status": 600}, "status is an HTTP status from 400 to 599, got 600"),
        ({"status": "500"}, "status is an HTTP status from 400 to 599, got '500'"),
        ({"status": 199, "error": "not_json"}, "status is an HTTP status from 200 to 599, got 199"),
        ({"status": 500, "times": 0}, "times is a whole number, 1 or more; got 0"),
        ({"status": 500, "times": True}, "times is a whole number, 1 or more; got True"),
        ({"status": 500, "after": -1}, "after is a whole number, 0 or more; got -1"),
        ({"stale": 0}, "stale is a whole number, 1 or more; got 0"),
        ({"not_found_yet": 0}, "not_found_yet is a whole number, 1 or more; got 0"),
        ({"stale": 2, "times": 2}, "not_found_yet and stale say themselves how often"),
        ({"stale": 2, "method": "POST"}, "stale is for GET and HEAD, not for POST"),
        ({"not_found_yet": 2, "method": "GET"}, "not_found_yet is for PATCH and POST and PUT, not for GET"),
        ({"status": 500, "method": "FETCH"}, "there is no method 'FETCH'; there are"),
        ({"status": 500, "method": 5}, "method is a text, got 5"),
        ({"status": 500, "path": "repos"}, 'path starts with "/", below the root of the API, and has no query'),
        ({"status": 500, "path": "/repos?page=1"}, 'path starts with "/"'),
        ({"status": 500, "path": 5}, "path is a text, got 5"),
        ({"status": 500, "retry_after": -1}, "retry_after is a whole number, 0 or more; got -1"),
        ({"error": "timeout", "retry_after": 1}, "retry_after and headers go with a status"),
        ({"stale": 1, "headers": {"a": "b"}}, "retry_after and headers go with a status"),
        ({"status": 500, "headers": ["a"]}, "headers is a mapping of texts, got ['a']"),
        ({"status": 500, "headers": {"a": 1}}, "the header a is a text, got 1"),
        ({"status": 500, "required": None}, "required is True or False, got None"),
        ({"status": 404, "change_made": True}, "change_made goes with error="),
        ({"error": "connection", "change_made": True}, "change_made goes with error="),
        ({"status": 500, "change_made": 1}, "change_made is True or False, got 1"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_mistake_is_refused(ghdeploy: FakeGitHub, given: dict[str, Any], message: str) -> None:
    """It names what there is, and adds nothing."""
    with pytest.raises(FakeError, match=re.escape(message)):
        ghdeploy.faults.add(**given)
    assert list(ghdeploy.faults) == []
    assert _get().status_code == 200


# What a report says


@pytest.mark.usefixtures("repository")
def test_the_conversation_tells_what_happened(ghdeploy: FakeGitHub) -> None:
    """Each faulted exchange stands in it, with what became of the answer and what the test had asked for."""
    ghdeploy.faults.add(method="POST", path=PATH, error="lost_answer")
    ghdeploy.faults.add(path="/repos/*/*/deployments", error="timeout")
    ghdeploy.faults.add(path=PATH, error="connection")
    ghdeploy.faults.add(path="/repos/*/*", error="truncated")
    ghdeploy.faults.add(path=PATH, status=502)
    for ask in (_deploy, _get, _get):
        with pytest.raises(requests.RequestException):
            ask()
    with pytest.raises(requests.RequestException):
        _get(REPO)
    _get()

    told = ghdeploy.conversation_text().splitlines()

    cut = next(line for line in told if "200 OK" in line)
    assert cut.startswith('     200 OK {"id":1296269001,"node_id":')
    assert [line for line in told if line is not cut] == [
        '  1. POST /repos/octocat/example/deployments {"ref": "main"}',
        "     no answer: connection reset (fault)",
        f'     hint: fault: the test asked for error="lost_answer" for POST {PATH} (1 of 1); {CARRIED_OUT}',
        "     event deployment.created: id 4442074271, environment production, ref main (octocat/example)",
        "  2. GET /repos/octocat/example/deployments",
        "     no answer: read timed out (fault)",
        '     hint: fault: the test asked for error="timeout" for any method /repos/*/*/deployments (1 of 1)',
        "  3. GET /repos/octocat/example/deployments",
        "     no answer: connection refused (fault)",
        f'     hint: fault: the test asked for error="connection" for any method {PATH} (1 of 1)',
        "  4. GET /repos/octocat/example",
        "     the body was cut short on its way (fault)",
        '     hint: fault: the test asked for error="truncated" for any method /repos/*/* (1 of 1)',
        "  5. GET /repos/octocat/example/deployments",
        '     502 Bad Gateway "Server Error"',
        "     hint: fault: the test asked for status=502 for any method /repos/octocat/example/deployments (1 of 1)",
    ]


def test_a_fault_that_was_not_used_up_is_raised_when_the_block_ends() -> None:
    """The message names it, and the requests that came nearest."""
    with pytest.raises(AssertionError) as caught, FakeGitHub() as fake:  # noqa: PT012 - the end of the block raises
        fake.add_repository("octocat/example")
        _get(REPO)
        fake.faults.add(method="POST", path=PATH, status=500)
        fake.faults.add(path="/repos/*/*", error="timeout", required=False)
        fake.faults.add(status=502, after=8)
        fake.faults.add(method="DELETE", path=PATH, status=503, times=2)
        _get(), _get()
        for number in range(5):
            requests.get(f"{API}/users/nobody-{number}", headers=TOKEN, timeout=5)
    assert str(caught.value).splitlines()[:6] == [
        f"the fault status=500 for POST {PATH} was used 0 of 1 times",
        f"  GET {PATH} came 2 times",
        "  GET /users/nobody-0 came 1 time",
        "  GET /users/nobody-1 came 1 time",
        "  GET /users/nobody-2 came 1 time",
        "  GET /users/nobody-3 came 1 time",
    ]
    assert str(caught.value).splitlines()[6:9] == [
        "  and 1 others",
        "  with required=False it need not be used",
        "the fault status=502 for any method of any path after 8 that pass was used 0 of 1 times",
    ]


def test_a_block_that_fails_anyway_says_nothing_of_faults() -> None:
    """What went wrong first is what is raised."""
    with pytest.raises(ZeroDivisionError), FakeGitHub() as fake:  # noqa: PT012 - likewise
        fake.faults.add(status=500)
        raise ZeroDivisionError


def test_a_fault_for_which_nothing_came_says_so() -> None:
    """Requests from before it was added are none."""
    with pytest.raises(AssertionError) as caught, FakeGitHub() as fake:  # noqa: PT012 - likewise
        fake.add_repository("octocat/example")
        _get(REPO)
        fake.faults.add(status=500)
    assert str(caught.value) == (
        "the fault status=500 for any method of any path was used 0 of 1 times\n"
        "  no request came after it was added\n"
        "  with required=False it need not be used"
    )


UNUSED = """
    import pytest
    import requests

    URL = "https://api.github.com/repos/octocat/example"

    @pytest.fixture
    def repo(ghdeploy):
        return ghdeploy.add_repository("octocat/example")

    def test_that_never_meets_its_fault(ghdeploy, repo):
        ghdeploy.faults.add(method="POST", path="/repos/*/*/deployments", status=502)
        requests.get(URL, timeout=5)

    def test_that_meets_it_once_of_twice(ghdeploy, repo):
        ghdeploy.faults.add(path="/repos/*/*", status=502, times=2)
        requests.get(URL, timeout=5)

    def test_of_a_factory(ghdeploy_factory):
        ghdeploy_factory(base_url="https://ghe.example.com/api/v3").faults.add(status=500)

    def test_that_meets_it(ghdeploy, repo):
        ghdeploy.faults.add(path="/repos/*/*", status=502)
        requests.get(URL, timeout=5)

    def test_that_need_not(ghdeploy, repo):
        ghdeploy.faults.add(path="/repos/*/*", status=502, required=False)

    def test_that_is_skipped(ghdeploy, repo):
        ghdeploy.faults.add(path="/repos/*/*", status=502)
        pytest.skip("later")

    def test_that_fails_anyway(ghdeploy, repo):
        ghdeploy.faults.add(path="/repos/*/*", status=502)
        assert False, "anyway"

    @pytest.fixture
    def lazy(ghdeploy):
        yield
        requests.get(URL, timeout=5)
        ghdeploy.faults.add(status=500)

    def test_whose_fixture_adds_one_at_the_end(lazy):
        pass
"""


def test_a_fault_that_was_not_used_fails_the_test(pytester: pytest.Pytester) -> None:
    """Once, with the conversation; not where the test fails or is skipped anyway."""
    pytester.makepyfile(UNUSED)
    result = pytester.runpytest_inprocess("-W", "error", "-p", "no:randomly")
    result.assert_outcomes(passed=3, failed=4, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_that_never_meets_its_fault _*",
            "E * AssertionError: the fault status=502 for POST /repos/[*]/[*]/deployments was used 0 of 1 times",
            "E *   GET /repos/octocat/example came 1 time",
            "E *   with required=False it need not be used",
            "*ghdeploy: the conversation with https://api.github.com*",
            "  1. GET /repos/octocat/example",
            "     200 OK *",
            "*_ test_that_meets_it_once_of_twice _*",
            "E * AssertionError: the fault status=502 for any method /repos/[*]/[*] was used 1 of 2 times",
            "*_ test_of_a_factory _*",
            "E * AssertionError: the fault status=500 for any method of any path was used 0 of 1 times",
            "*_ test_that_fails_anyway _*",
            "E * AssertionError: anyway",
        ]
    )


def test_no_token_is_told(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A token that a client writes into a path is blotted out in the message too."""
    assert repository.full_name
    ghdeploy.faults.add(path="/user", status=500)
    _get(f"{API}/users/a-token-for-tests")
    with pytest.raises(AssertionError) as caught:
        ghdeploy.check_faults()
    ghdeploy.faults.clear()
    assert "GET /users/[redacted] came 1 time" in str(caught.value)
