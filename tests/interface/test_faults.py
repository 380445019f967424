"""Failures on demand: the failing requests, the client's view, the state left behind, and the reports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import requests
from client import API
from interruptions import Moments

from pytest_ghdeploy import FakeError, FakeGitHub

if TYPE_CHECKING:
    from pytest_ghdeploy import Repository
    from pytest_ghdeploy.interface.faults import FaultKind
    from pytest_ghdeploy.pytest_integration import Factory

REPO = f"{API}/repos/octocat/example"
DEPLOYMENTS = f"{REPO}/deployments"
PATH = "/repos/octocat/example/deployments"
TOKEN = {"Authorization": "token a-token-for-tests"}
CARRIED_OUT = "the request was processed, with 201 Created"
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
    """It is JSON, nothing has changed, and the next request succeeds."""
    fault = ghdeploy.faults.add(method="POST", path=PATH, status=status)
    failed = _deploy()
    assert (failed.status_code, failed.text) == (status, SERVER_ERROR % status)
    assert failed.headers["content-type"] == "application/json; charset=utf-8"
    assert failed.headers["x-github-request-id"]
    hint = f"fault added by the test: status={status} for POST {PATH} (1 of 1)"
    assert failed.headers["x-ghdeploy-hint"] == ghdeploy.requests[-1].hint == hint
    assert (list(repository.deployments), list(ghdeploy.events)) == ([], [])
    assert (fault.used, fault.times) == (1, 1)
    assert _deploy().status_code == 201


@pytest.mark.usefixtures("repository")
def test_a_gateway_timeout_has_its_own_message(ghdeploy: FakeGitHub) -> None:
    """It asks the client to try again."""
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
def test_any_refusal_can_be_added(ghdeploy: FakeGitHub, status: int, message: str) -> None:
    """Other statuses have GitHub's usual body, and do not count towards the rate limit."""
    ghdeploy.faults.add(status=status)
    failed = _get()
    assert failed.status_code == status
    assert (failed.json()["message"], failed.json()["status"]) == (message, str(status))
    # A token that is refused as bad has no limits and no scopes.
    is_known = status < 500 and status != 401
    assert failed.headers.get("x-ratelimit-remaining") == ("5000" if is_known else None)
    assert ("x-oauth-scopes" in failed.headers) is is_known
    if status == 404:
        page = "https://docs.github.com/rest/deployments/deployments#list-deployments"
        assert failed.json()["documentation_url"] == page


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [None, 0, 60])
def test_a_secondary_rate_limit_can_be_added(ghdeploy: FakeGitHub, status: int, retry_after: int | None) -> None:
    """With GitHub's message, with requests remaining, with and without `Retry-After`."""
    ghdeploy.faults.add(status=status, retry_after=retry_after)
    failed = _get()
    assert failed.status_code == status
    words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    assert failed.json()["message"].startswith(words)
    assert failed.headers["x-github-request-id"] in failed.json()["message"]
    assert failed.headers["x-ratelimit-remaining"] == "5000"
    assert failed.headers.get("retry-after") == (None if retry_after is None else str(retry_after))


@pytest.mark.usefixtures("repository")
def test_an_invalid_request_can_fail_too(ghdeploy: FakeGitHub) -> None:
    """A fault comes first: before the checks of the token and of the endpoint."""
    ghdeploy.add_token("the-only-token")
    ghdeploy.faults.add(status=404, times=2)
    assert _get().status_code == 404
    assert _get(f"{REPO}/milestones").status_code == 404
    assert _get().status_code == 401


def test_a_fault_comes_before_a_stub(ghdeploy: FakeGitHub) -> None:
    """The stub responds after the fault is used up."""
    ghdeploy.stub("GET", "/repos/octocat/example/milestones", json=[])
    ghdeploy.faults.add(path="/repos/*/*/milestones", status=500)
    assert [_get(f"{REPO}/milestones").status_code for _ in range(2)] == [500, 200]


@pytest.mark.usefixtures("repository")
def test_head_has_no_body(ghdeploy: FakeGitHub) -> None:
    """For every failure, the response to `HEAD` has no body, so nothing can be truncated."""
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
        ("connection", requests.ConnectionError, "Connection refused"),
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
    """The client sees the same as on a network; there is no deployment and no event, and the request is not counted."""
    ghdeploy.faults.add(method="POST", error=error)
    with pytest.raises(raised, match=text):
        _deploy()
    assert (list(repository.deployments), list(ghdeploy.events)) == ([], [])
    assert _get().headers["x-ratelimit-used"] == "1"
    failed = ghdeploy.requests[0]
    assert (failed.status, failed.response_body, dict(failed.response_headers)) == (0, b"", {})
    assert str(failed) == f"POST {PATH} -> no response"


@pytest.mark.parametrize(
    ("error", "raised", "failure"),
    [("lost_answer", requests.ConnectionError, "reset"), ("lost_answer_timeout", requests.ReadTimeout, "timeout")],
)
def test_a_tool_that_retries_deploys_twice(
    ghdeploy: FakeGitHub,
    repository: Repository,
    error: FaultKind,
    raised: type[Exception],
    failure: str,
) -> None:
    """The response is lost after the change was made, with its event: the classic double deployment."""
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


def test_a_client_notices_a_truncated_response(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Half of the body arrives, and the change was made."""
    ghdeploy.faults.add(method="POST", error="truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        _deploy()
    cut = ghdeploy.requests[0]
    assert (cut.status, cut.failure) == (201, "truncated")
    assert len(cut.response_body) == int(cut.response_headers["content-length"]) // 2
    assert len(repository.deployments) == 1


def test_a_response_without_a_body_is_lost_instead_of_truncated(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A 204 has no body to truncate: the connection breaks, and the deletion was made."""
    deployment = repository.add_deployment(ref="main")
    ghdeploy.faults.add(method="DELETE", error="truncated")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        requests.delete(deployment.url, headers=TOKEN, timeout=5)
    assert list(repository.deployments) == []


def test_a_page_of_html_is_not_json(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """It arrives with 200 or the given status, and nothing has changed."""
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
    """A 502 does not mean that nothing has changed, on GitHub either."""
    ghdeploy.faults.add(method="POST", change_made=True, **kind)
    try:
        assert _deploy().status_code >= 500
    except requests.RequestException:
        assert "error" in kind
    assert len(repository.deployments) == 1
    assert ghdeploy.requests[0].hint.endswith(f"(1 of 1); {CARRIED_OUT}")


@pytest.mark.usefixtures("repository")
def test_a_refusal_can_be_lost_too(ghdeploy: FakeGitHub) -> None:
    """The hint gives both reasons: of the loss and of the refusal."""
    ghdeploy.faults.add(error="lost_answer")
    with pytest.raises(requests.ConnectionError):
        requests.post(DEPLOYMENTS, json={"ref": "nope"}, headers=TOKEN, timeout=5)
    hint = ghdeploy.requests[0].hint
    assert "(1 of 1); the request was processed, with 422 Unprocessable Entity; " in hint
    assert hint.startswith('fault added by the test: error="lost_answer" for any method on any path (1 of 1); ')
    assert hint.endswith("; known: main")


# What GitHub has and does not show yet


@pytest.mark.parametrize("by_id", [False, True])
def test_a_new_object_may_not_be_found_yet(ghdeploy: FakeGitHub, repository: Repository, *, by_id: bool) -> None:
    """That many requests for it, or for something below it, get 404, although it exists."""
    older = repository.add_deployment(ref="main")
    fault = ghdeploy.faults.add(path=PATH, not_found_yet=3)
    deployment = _deploy().json()
    root = f"{API}/repositories/{repository.id}" if by_id else f"{API}/repos/Octocat/EXAMPLE"
    url = f"{root}/deployments/{deployment['id']}"

    assert _get(older.url).status_code == 200
    assert [_get(url).status_code, _get(f"{url}/statuses").status_code] == [404, 404]
    refused = requests.post(f"{url}/statuses", json={"state": "success"}, headers=TOKEN, timeout=5)
    assert (refused.status_code, refused.json()["message"]) == (404, "Not Found")
    assert refused.headers["x-ghdeploy-hint"] == (
        f"fault added by the test: not_found_yet=3 for POST {PATH} (3 of 3); it exists"
    )
    assert (_get(url).json()["id"], _get(f"{url}/statuses").json()) == (deployment["id"], [])
    assert (fault.used, fault.times, len(repository.deployments)) == (3, 3, 2)


def test_a_refused_creation_hides_nothing(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """`not_found_yet` waits for an object that was created, after the requests that pass."""
    ghdeploy.faults.add(path=PATH, not_found_yet=1, after=1)
    answers = [requests.post(DEPLOYMENTS, json={"ref": "nope"}, headers=TOKEN, timeout=5), _deploy(), _deploy()]
    assert [answer.status_code for answer in answers] == [422, 201, 201]
    newest, first = repository.deployments
    assert [_get(first.url).status_code, _get(newest.url).status_code, _get(newest.url).status_code] == [200, 404, 200]


def test_an_environment_may_not_be_found_yet(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """An environment created by PUT is hidden, even with a slash in its name; others with the same prefix are not."""
    for name in ("eu", "eu/production-2"):
        repository.add_environment(name)
    ghdeploy.faults.add(method="PUT", path="/repos/*/*/environments/{name}", not_found_yet=2)
    url = f"{REPO}/environments/eu%2Fproduction"
    assert requests.put(url, headers=TOKEN, timeout=5).status_code == 200
    assert [_get(f"{REPO}/environments/{name}").status_code for name in ("eu", "eu%2Fproduction-2")] == [200, 200]
    below = f"{url}/deployment_protection_rules"
    assert [_get(one).status_code for one in (url, below, below, url)] == [404, 404, 200, 200]


def test_an_object_of_a_lost_response_may_not_be_found_yet(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Two faults can apply to one request."""
    ghdeploy.faults.add(path=PATH, not_found_yet=1)
    ghdeploy.faults.add(method="POST", error="lost_answer")
    with pytest.raises(requests.ConnectionError):
        _deploy()
    assert [_get(repository.deployments[0].url).status_code for _ in range(2)] == [404, 200]


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFItOke2fgm7jDLsMJs1azMHz9+NYx1Jlix9B2KjUCRi"
FILE = {"message": "Add", "content": ""}


def _send(method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> requests.Response:
    return requests.request(method, f"{API}{path}", json=body, headers={**TOKEN, **headers}, timeout=5)


class Hidden(NamedTuple):
    """A way to create an object, the requests for it, and requests for similar objects."""

    method: str
    path: str
    body: dict[str, Any]
    asking: list[str]
    others: list[str]


HIDDEN = {
    "deployment": Hidden(
        "POST", "/deployments", {"ref": "main"},
        ["/deployments/{id}", "/deployments/{id}/statuses", "DELETE /deployments/{id}"],
        ["", "/deployments", "/deployments/{deployment}", "/deployments/{deployment}/statuses"],
    ),
    "deployment status": Hidden(
        "POST", "/deployments/{deployment}/statuses", {"state": "success"},
        ["/deployments/{deployment}/statuses/{id}"],
        ["/deployments/{deployment}", "/deployments/{deployment}/statuses"],
    ),
    "environment": Hidden(
        "PUT", "/environments/eu%2Fqa", {},
        ["/environments/eu%2Fqa", "/environments/EU%2FQA", "/environments/eu%2Fqa/deployment-branch-policies"],
        ["/environments", "/environments/production"],
    ),
    "branch policy": Hidden(
        "POST", "/environments/production/deployment-branch-policies", {"name": "main"},
        ["/environments/production/deployment-branch-policies/{id}"],
        ["/environments/production", "/environments/production/deployment-branch-policies"],
    ),
    "custom rule": Hidden(
        "POST", "/environments/production/deployment_protection_rules", {"integration_id": "{app}"},
        ["/environments/production/deployment_protection_rules/{id}"],
        ["/environments/production/deployment_protection_rules"],
    ),
    "deploy key": Hidden("POST", "/keys", {"key": KEY}, ["/keys/{id}", "DELETE /keys/{id}"], ["/keys"]),
    "check run": Hidden(
        "POST", "/check-runs", {"name": "ci", "head_sha": "{sha}"},
        ["/check-runs/{id}", "/check-runs/{id}/annotations"],
        ["/commits/main/check-runs"],
    ),
    "blob": Hidden("POST", "/git/blobs", {"content": "x"}, ["/git/blobs/{made}"], ["/git/trees/main"]),
    "tree": Hidden(
        "POST", "/git/trees", {"tree": []},
        ["/git/trees/{made}"],
        ["/git/trees/main", "/git/commits/{sha}"],
    ),
    "commit": Hidden(
        "POST", "/git/commits", {"message": "m", "tree": "{tree}"},
        ["/git/commits/{made}"],
        ["/git/commits/{sha}", "/commits", "/git/trees/{tree}"],
    ),
    "annotated tag": Hidden(
        "POST", "/git/tags", {"tag": "t", "message": "m", "object": "{sha}", "type": "commit"},
        ["/git/tags/{made}"],
        ["/git/commits/{sha}", "/tags"],
    ),
    "branch": Hidden(
        "POST", "/git/refs", {"ref": "refs/heads/eu/t", "sha": "{sha}"},
        ["/git/ref/heads/eu/t", "/git/ref/heads%2Feu%2Ft", "/git/refs/heads/eu/t", "/branches/eu/t", "/branches/eu%2Ft",
         "/commits/eu/t", "/commits/heads/eu/t", "/commits/refs%2Fheads%2Feu%2Ft", "/commits/eu/t/status",
         "/commits/eu/t/statuses", "/commits/eu/t/check-runs", "/commits?sha=eu/t", "/contents?ref=eu/t",
         "/contents/README.md?ref=refs/heads/eu/t", "/compare/main...eu/t", "/compare/octocat:eu/t...main",
         "DELETE /git/refs/heads/eu/t"],
        ["/branches", "/branches/main", "/git/matching-refs/heads/eu/t", "/git/refs/heads", "/commits/{sha}",
         "/commits", "/contents", "/contents/README.md", "/compare/main...main", "/deployments?ref=eu/t"],
    ),
    "tag": Hidden(
        "POST", "/git/refs", {"ref": "refs/tags/t", "sha": "{sha}"},
        ["/git/ref/tags/t", "/commits/t", "/contents?ref=tags/t"],
        ["/tags", "/git/matching-refs/tags"],
    ),
    "tag with the name of a branch": Hidden(
        "POST", "/git/refs", {"ref": "refs/tags/main", "sha": "{sha}"},
        ["/git/ref/tags/main", "/commits/tags/main"],
        ["/git/ref/heads/main", "/commits/main", "/branches/main"],
    ),
    "file": Hidden(
        "PUT", "/contents/a.txt", FILE,
        ["/contents/a.txt", "/contents/a.txt?ref=main", "/contents/a.txt?ref=refs/heads/main",
         "/contents/a.txt?ref={commit}"],
        ["/contents", "/contents/README.md", "/branches/main", "/commits/main"],
    ),
    "file on another branch": Hidden(
        "PUT", "/contents/a.txt", {**FILE, "branch": "topic"},
        ["/contents/a.txt?ref=topic"],
        ["/contents?ref=topic", "/contents/README.md?ref=topic", "/contents/README.md"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_new_object_is_not_found_by_any_path(ghdeploy: FakeGitHub, repository: Repository, kind: str) -> None:
    """By each path, by name, in another case, and by the id. Similar objects and lists are shown."""
    case = HIDDEN[kind]
    app = ghdeploy.add_app("gate")
    custom = {"protected_branches": False, "custom_branch_policies": True}
    repository.add_environment("production", deployment_branch_policy=custom)
    repository.add_branch("topic")
    names: dict[str, Any] = {
        "deployment": repository.add_deployment(ref="main").id, "app": app.id, "sha": repository.sha("main"),
        "tree": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    }  # fmt: skip
    body = {
        name: names[value[1:-1]] if isinstance(value, str) and value[:1] == "{" else value
        for name, value in case.body.items()
    }
    asking = [spec if spec[0] != "/" else f"GET {spec}" for spec in case.asking]
    roots = ["/repos/octocat/example", "/repos/OctoCat/EXAMPLE", f"/repositories/{repository.id}"]
    method, path = case.method, case.path.format(**names)
    fault = ghdeploy.faults.add(path=f"/repos/*/*{path}", not_found_yet=len(asking) * len(roots))

    made = _send(method, f"{roots[0]}{path}", body)

    assert (fault.method, made.status_code) == (method, 200 if kind in ("environment", "branch policy") else 201)
    names |= {
        "id": made.json().get("id"),
        "made": made.json().get("sha"),
        "commit": made.json().get("commit", {}).get("sha"),
    }
    for root in roots:
        for spec in case.others:
            assert _send("GET", root + spec.format(**names)).status_code == 200, spec
        for spec in asking:
            verb, _, below = spec.format(**names).partition(" ")
            answer = _send(verb, root + below)
            assert (answer.status_code, answer.headers["x-ghdeploy-hint"][-11:]) == (404, "; it exists"), spec
    assert fault.used == fault.times
    for spec in asking:
        verb, _, below = spec.format(**names).partition(" ")
        assert _send(verb, roots[0] + below).status_code in (200, 204), spec


def test_a_new_tree_may_not_be_known_yet(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A commit of it is refused with GitHub's own text; that of another tree is not."""
    path = "/repos/octocat/example/git"
    fault = ghdeploy.faults.add(path=f"{path}/trees", not_found_yet=2)
    items = [{"path": "a.txt", "mode": "100644", "content": "a"}]
    tree = _send("POST", f"{path}/trees", {"tree": items}).json()["sha"]
    other = _get(f"{REPO}/git/commits/{repository.sha('main')}").json()["tree"]["sha"]
    assert _send("POST", f"{path}/commits", {"message": "m", "tree": other}).status_code == 201
    refused = _send("POST", f"{path}/commits", {"message": "m", "tree": tree})
    assert (refused.status_code, refused.json()["message"]) == (422, "Tree SHA does not exist")
    assert refused.headers["x-ghdeploy-hint"].endswith("; it exists")
    assert _get(f"{REPO}/git/trees/{tree}").status_code == 404
    assert fault.used == 2
    assert _send("POST", f"{path}/commits", {"message": "m", "tree": tree}).status_code == 201


def test_a_file_on_another_branch_is_another_file(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A file with the same name on another branch is shown, and can be changed."""
    repository.add_branch("topic")
    first = _send("PUT", "/repos/octocat/example/contents/a.txt", FILE).json()
    ghdeploy.faults.add(method="put", path="/repos/*/*/contents/a.txt", not_found_yet=2)
    body = {**FILE, "branch": "topic"}
    created = _send("PUT", "/repos/octocat/example/contents/a.txt", body)
    assert (created.status_code, _get(f"{REPO}/contents/a.txt").status_code) == (201, 200)
    sha = first["content"]["sha"]
    assert _send("PUT", "/repos/octocat/example/contents/a.txt", {**FILE, "sha": sha}).status_code == 200
    assert _send("PUT", "/repos/octocat/example/contents/a.txt", {**body, "sha": sha}).status_code == 404
    assert [_get(f"{REPO}/contents/a.txt?ref=topic").status_code for _ in range(2)] == [404, 200]


def test_a_repository_may_not_be_found_yet(ghdeploy: FakeGitHub) -> None:
    """The same is true of everything in it."""
    ghdeploy.faults.add(path="/user/repos", not_found_yet=3)
    made = _send("POST", "/user/repos", {"name": "new", "auto_init": True}).json()
    assert _get(made["url"]).status_code == 404
    assert _get(f"{API}/repositories/{made['id']}/branches/main").status_code == 404
    assert _send("POST", "/repos/octocat/new/deployments", {"ref": "main"}).status_code == 404
    assert _send("POST", "/repos/octocat/new/deployments", {"ref": "main"}).status_code == 201


def test_a_new_object_stays_hidden_when_the_repository_is_renamed(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """It is identified by its id; the former name redirects, and then leads to 404."""
    ghdeploy.faults.add(path=PATH, not_found_yet=3)
    deployment = _deploy().json()
    repository.rename("octocat/new")
    assert _get(f"{API}/repos/octocat/new/deployments/{deployment['id']}").status_code == 404
    assert [one.status_code for one in (_get(deployment["url"]), *_get(deployment["url"]).history)] == [404, 301]
    assert _get(deployment["url"]).json()["id"] == deployment["id"]


def test_objects_of_other_repositories_are_not_hidden(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A request for the same name elsewhere, for an unknown object or without an endpoint gets its usual response."""
    ghdeploy.add_repository("octocat/other").add_environment("qa")
    fault = ghdeploy.faults.add(path="/repos/*/*/environments/qa", not_found_yet=1)
    _send("PUT", "/repos/octocat/example/environments/qa", {})
    assert _get(f"{API}/repos/octocat/other/environments/qa").status_code == 200
    for url in ("/repositories/x/environments/qa", "/repos/octocat/none/environments/qa", "/nope"):
        assert _get(f"{API}{url}").status_code == 404
    assert fault.used == 0
    assert _get(repository.environments[0].url).status_code == 404
    assert fault.used == 1


def test_a_changed_object_is_not_hidden(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A `PUT` that updates an environment or a file hides nothing; nor does a merge instead of a deployment."""
    repository.add_environment("qa")
    repository.add_branch("topic", behind=1)
    sha = _send("PUT", "/repos/octocat/example/contents/a.txt", FILE).json()["content"]["sha"]
    for path in ("environments/*", "contents/*"):
        ghdeploy.faults.add(path=f"/repos/*/*/{path}", not_found_yet=1, required=False)
    ghdeploy.faults.add(path=PATH, not_found_yet=1, required=False)
    assert _send("PUT", "/repos/octocat/example/environments/QA", {"wait_timer": 1}).status_code == 200
    assert _send("PUT", "/repos/octocat/example/contents/a.txt", {**FILE, "sha": sha}).status_code == 200
    assert _send("POST", PATH, {"ref": "topic"}).status_code == 202
    for path in ("environments/qa", "contents/a.txt", "branches/topic"):
        assert _get(f"{REPO}/{path}").status_code == 200
    assert [fault.used for fault in ghdeploy.faults] == [0, 0, 0]


@pytest.mark.parametrize(
    ("headers", "given", "status"),
    [
        ({"Authorization": "token unknown"}, {}, 401),
        ({"X-GitHub-Api-Version": "2020-01-01"}, {}, 400),
        ({"Accept": "image/png"}, {}, 415),
        ({}, {"permissions": {}}, 403),
        ({}, {"permissions": {"deployments": "read"}, "repositories": []}, 404),
    ],
)
def test_an_earlier_refusal_is_unchanged(
    ghdeploy: FakeGitHub, headers: dict[str, str], given: dict[str, Any], status: int
) -> None:
    """Token, version and permissions are checked first, and such a request does not count for the fault."""
    ghdeploy.add_repository("octocat/example", private=True)
    fault = ghdeploy.faults.add(path=PATH, not_found_yet=1)
    deployment = _deploy().json()
    ghdeploy.add_token("a-token-for-tests", **given)
    answer = requests.get(deployment["url"], headers={**TOKEN, **headers}, timeout=5)
    assert (answer.status_code, fault.used) == (status, 0)
    assert "fault" not in answer.headers["x-ghdeploy-hint"]
    ghdeploy.add_token("another-token")
    assert (
        requests.get(deployment["url"], headers={"Authorization": "token another-token"}, timeout=5).status_code == 404
    )
    assert fault.used == 1


@pytest.mark.usefixtures("repository")
def test_an_anonymous_caller_gets_401_first(ghdeploy: FakeGitHub) -> None:
    """Where a token is required; and a 404 of the fault counts towards the rate limit, which may be used up."""
    fault = ghdeploy.faults.add(path=PATH, not_found_yet=2)
    deployment = _deploy().json()
    assert requests.post(f"{deployment['url']}/statuses", json={"state": "success"}, timeout=5).status_code == 401
    ghdeploy.rate_limits.set(remaining=1)
    answers = [_get(deployment["url"]), _get(deployment["url"])]
    assert [(one.status_code, one.headers["x-ratelimit-remaining"]) for one in answers] == [(404, "0"), (403, "0")]
    assert fault.used == 1
    ghdeploy.clock.tick(3600)
    assert _get(deployment["url"]).status_code == 404


@pytest.mark.parametrize(
    ("path", "method", "url", "body", "what"),
    [
        (None, None, "/statuses/{sha}", {"state": "success"}, "a commit status"),
        ("/repos/*/*/*", None, "/merges", {"base": "main", "head": "topic"}, "a merge"),
        ("/repos/*/*/*/*", "PUT", "/collaborators/mona", {}, "a collaborator"),
        (
            "/repos/*/*/*",
            None,
            "/deployments",
            {},
            "only a stubbed response of repos/create-deployment",
        ),
    ],
)
def test_an_object_without_a_url_fails_the_test(
    path: str | None, method: str | None, url: str, body: dict[str, Any], what: str
) -> None:
    """It cannot be hidden, so the test fails, even if the fault is not required. The message lists what can be."""
    with pytest.raises(AssertionError, match=re.escape(what)) as caught, FakeGitHub() as fake:  # noqa: PT012
        repository = fake.add_repository("octocat/example")
        fake.add_user("mona")
        repository.add_branch("topic")
        repository.add_commit("topic")
        if url == "/deployments":
            fake.stub("POST", PATH, status=201, json=[1])
        sent = f"/repos/octocat/example{url}".format(sha=repository.sha("main"))
        fake.faults.add(path=path, method=method, not_found_yet=1, required=False)
        assert _send(method or "POST", sent, body).status_code == 201
        assert _get(f"{REPO}/commits/main/statuses").status_code == 200
    message = str(caught.value)
    assert f"matched {method or 'POST'} {sent}, which created {what}; that has no URL of its own" in message
    assert message.endswith("check runs, refs, new files and repositories")


def test_a_list_may_be_stale(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """That many reads show the state at the time of the fault, with pages and filters; later ones are current."""
    old = [repository.add_deployment(ref="main", environment=name).id for name in ("qa", "staging")]
    fault = ghdeploy.faults.add(path=PATH, stale=3)
    new = repository.add_deployment(ref="main", environment="qa").id

    listed = _get()
    assert [one["id"] for one in listed.json()] == old[::-1]
    assert listed.headers["x-ghdeploy-hint"] == (
        f"fault added by the test: stale=3 for GET {PATH} (1 of 3); the response shows an earlier state"
    )
    page = _get(f"{DEPLOYMENTS}?per_page=1")
    assert [one["id"] for one in page.json()] == old[1:]
    assert 'page=2>; rel="last"' in page.headers["link"]
    assert [one["id"] for one in _get(f"{DEPLOYMENTS}?environment=qa").json()] == old[:1]
    assert [one["id"] for one in _get().json()] == [new, *old[::-1]]
    assert (fault.used, listed.headers["x-ratelimit-used"]) == (3, "1")


def test_changes_of_all_kinds_are_stale(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """An added status, a moved branch and a deleted deployment are not visible yet."""
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


def test_a_newer_repository_is_empty(ghdeploy: FakeGitHub) -> None:
    """Lists of a repository added after the fault are empty; its name and permissions are current."""
    ghdeploy.faults.add(path="/repos/*/*/deployments", stale=1)
    repository = ghdeploy.add_repository("mona/example")
    ghdeploy.add_token("a-token-for-tests", user="mona")
    repository.add_deployment(ref="main")
    assert [_get(f"{API}/repos/mona/example/deployments").json() for _ in range(1)] == [[]]
    assert len(_get(f"{API}/repos/mona/example/deployments").json()) == 1


def test_a_repository_itself_is_stale_too(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Its default branch, visibility, name and collaborators are as old as its commits."""
    ghdeploy.add_token("a-token-for-tests")
    for login in ("mona", "hubot"):
        ghdeploy.add_user(login)
    repository.add_collaborator("mona")
    ghdeploy.faults.add(stale=7)
    repository.add_branch("y")
    repository.add_collaborator("hubot")
    assert _send("DELETE", "/repos/octocat/example/collaborators/mona").status_code == 204
    changed = {"name": "new", "default_branch": "y", "private": True}
    assert _send("PATCH", "/repos/octocat/example", changed).status_code == 200

    shown = _get(REPO).json()
    assert (shown["name"], shown["default_branch"], shown["private"]) == ("example", "main", False)
    assert "?ref=main" in _get(f"{REPO}/contents").json()[0]["url"]
    assert [one["login"] for one in _get(f"{REPO}/collaborators").json()] == ["octocat", "mona"]
    assert _get(f"{REPO}/branches/y").status_code == 404
    assert _get(f"{API}/repos/octocat/new").status_code == 404
    assert requests.get(REPO, timeout=5).status_code == 200
    assert _get(f"{API}/repositories/{repository.id}").json()["name"] == "example"

    shown = _get(REPO).json()
    assert (shown["name"], shown["default_branch"], shown["private"]) == ("new", "y", True)
    assert [one["login"] for one in _get(f"{REPO}/collaborators").json()] == ["octocat", "hubot"]


def test_a_deleted_repository_is_shown_as_it_was(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """With all its objects, even if another repository has its name now."""
    deployment = repository.add_deployment(ref="main").id
    ghdeploy.faults.add(stale=2)
    assert requests.delete(REPO, headers=TOKEN, timeout=5).status_code == 204
    ghdeploy.add_repository("octocat/example")
    assert [one["id"] for one in _get().json()] == [deployment]
    assert _get(REPO).json()["id"] == repository.id
    assert (_get().json(), _get(REPO).json()["id"] > repository.id) == ([], True)


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
    """As with `stub`; the repository can be named in any case, or by its id."""
    ghdeploy.faults.add(**given, status=503, required=False)  # type: ignore[arg-type]
    answer = requests.request(method, url, json={}, headers=TOKEN, timeout=5)
    assert (answer.status_code == 503) == fails


def test_a_path_may_start_with_the_root_of_the_api(ghdeploy_factory: Factory) -> None:
    """On GitHub Enterprise Server, with or without `/api/v3`."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    fake.add_repository("octocat/example")
    fake.faults.add(path="/api/v3/repos/*/*", status=500)
    fake.faults.add(path="/repos/*/*", status=502)
    url = "https://ghe.example.com/api/v3/repos/octocat/example"
    assert [requests.get(url, timeout=5).status_code for _ in range(3)] == [500, 502, 200]


@pytest.mark.usefixtures("repository")
def test_faults_are_used_up_in_order(ghdeploy: FakeGitHub) -> None:
    """The earlier fault comes first. Each lets some requests pass, then fails the next ones."""
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
    assert repr(ghdeploy.faults[0]) == "<Fault status=500 for any method on any path: used 2 of 2 times>"
    assert repr(ghdeploy.faults).startswith("[<Fault status=500 for any method on any path: used 2 of 2 times>, <F")
    assert str(ghdeploy.faults[1]) == "status=502 for any method on any path after the first 2"
    ghdeploy.faults.clear()
    assert list(ghdeploy.faults) == []


@pytest.mark.usefixtures("repository")
def test_reset_removes_faults(ghdeploy: FakeGitHub) -> None:
    """An old `faults` object can still add faults."""
    faults = ghdeploy.faults
    faults.add(status=500, times=9)
    ghdeploy.reset()
    ghdeploy.add_repository("octocat/example")
    assert (len(faults), _get().status_code) == (0, 200)
    faults.add(status=502)
    assert [_get().status_code for _ in range(2)] == [502, 200]
    assert ghdeploy.faults is faults


@pytest.mark.usefixtures("repository")
def test_a_request_meets_faults_in_order(ghdeploy: FakeGitHub) -> None:
    """It passes them until one fails it; later ones do not count it."""
    ghdeploy.faults.add(status=500, after=2)
    ghdeploy.faults.add(status=502)
    ghdeploy.faults.add(status=503, after=1)
    assert [_get().status_code for _ in range(6)] == [502, 200, 500, 503, 200, 200]


@pytest.mark.usefixtures("repository")
def test_a_header_may_have_any_valid_value(ghdeploy: FakeGitHub) -> None:
    """Including an empty one, or Latin-1."""
    ghdeploy.faults.add(status=500, headers={"X-Empty": "", "X-Latin": "caf\xe9 \t!"})
    headers = _get().headers
    assert (headers["x-empty"], headers["x-latin"]) == ("", "caf\xe9 \t!")


# Misuse


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "use exactly one of status, error, not_found_yet, stale; got none"),
        ({"status": 500, "error": "timeout"}, "got status and error"),
        ({"status": 500, "stale": 1}, "got status and stale"),
        ({"error": "not_json", "stale": 1}, "got error and stale"),
        ({"error": "tiemout"}, "unknown error 'tiemout'; known: timeout, "),
        ({"status": 200}, "status must be an HTTP status from 400 to 599, got 200"),
        ({"status": 600}, "status must be an HTTP status from 400 to 599, got 600"),
        ({"status": "500"}, "status must be an HTTP status from 400 to 599, got '500'"),
        ({"status": 199, "error": "not_json"}, "status must be an HTTP status from 200 to 599, got 199"),
        ({"status": 500, "times": 0}, "times must be a whole number, 1 or more; got 0"),
        ({"status": 500, "times": True}, "times must be a whole number, 1 or more; got True"),
        ({"status": 500, "after": -1}, "after must be a whole number, 0 or more; got -1"),
        ({"stale": 0}, "stale must be a whole number, 1 or more; got 0"),
        ({"not_found_yet": 0}, "not_found_yet must be a whole number, 1 or more; got 0"),
        ({"stale": 2, "times": 2}, "times cannot be combined with not_found_yet or stale"),
        ({"stale": 2, "method": "POST"}, "stale works with GET and HEAD, not with POST"),
        ({"not_found_yet": 2, "method": "GET"}, "not_found_yet works with POST and PUT, not with GET"),
        ({"not_found_yet": 1, "path": "/repos/*/*/statuses/*"}, "a request to /repos/*/*/statuses/* creates nothing"),
        ({"not_found_yet": 1, "path": "/repos/o/r/keys", "method": "PUT"}, "PUT /repos/o/r/keys creates nothing that"),
        ({"not_found_yet": 1, "path": "/repositories/1/merges"}, "it works for deployments, deployment statuses, env"),
        (
            {"not_found_yet": 1, "path": "/repos/*/*/milestones"},
            "deploy keys, check runs, refs, new files and repositor",
        ),
        ({"error": "not_json", "status": 204}, "a 204 response has no body, so it cannot contain HTML"),
        ({"error": "not_json", "status": 205}, "a 205 response has no body, so it cannot contain HTML"),
        ({"error": "not_json", "status": 304}, "a 304 response has no body, so it cannot contain HTML"),
        (
            {"status": 500, "path": "/repos/.../deployments"},
            """path must be complete; use "*" for any segment instead of""",
        ),
        ({"status": 500, "path": "/repos/…"}, 'path must be complete; use "*" for any segment instead of'),
        ({"status": 500, "headers": {"a": "b\r\nc: d"}}, "the header a must be one line of Latin-1; it "),
        ({"status": 500, "headers": {"a": "b\n"}}, "the header a must be one line of Latin-1"),
        ({"status": 500, "headers": {"a": "€"}}, "one line of Latin-1; it contains the character U+20AC"),
        ({"status": 500, "headers": {"a": " b"}}, "it starts or ends with white space"),
        ({"status": 500, "headers": {"Authorization: Bearer abc": ""}}, "invalid header name 'Authorization…'"),
        ({"status": 500, "headers": {"a b": "c"}}, "invalid header name "),
        ({"status": 500, "headers": {"a\r\nb": "c"}}, "invalid header name "),
        ({"status": 500, "headers": {"": "c"}}, "invalid header name "),
        ({"status": 500, "headers": {1: "c"}}, "the name of a header must be a string, got 1"),
        ({"status": 500, "method": "FETCH"}, "unknown method 'FETCH'; known: "),
        ({"status": 500, "method": 5}, "method must be a string, got 5"),
        ({"status": 500, "path": b"/repos?token=abc"}, "path must be a string, got bytes"),
        ({"status": 500, "path": "/repos\ud800?token=abc"}, "path must be a string, got '/repos\\ud800?…'"),
        (
            {"status": 500, "path": "https://me:abc@api.github.com/user?a=b"},
            "got 'https://[redacted]@api.git",
        ),
        (
            {"status": 500, "path": "repos"},
            'path must start with "/" and must not have a query, such as "/repos/octocat/example"',
        ),
        ({"status": 500, "path": "/repos?page=1"}, 'path must start with "/"'),
        ({"status": 500, "path": 5}, "path must be a string, got a number"),
        ({"status": 500, "retry_after": -1}, "retry_after must be a whole number, 0 or more; got -1"),
        ({"error": "timeout", "retry_after": 1}, "retry_after and headers need a status"),
        ({"stale": 1, "headers": {"a": "b"}}, "retry_after and headers need a status"),
        ({"status": 500, "headers": ["a"]}, "headers must be a mapping of strings, got a list"),
        ({"status": 500, "headers": {"a": 1}}, "the header a must be a string, got a number"),
        ({"status": 500, "required": None}, "required must be True or False, got None"),
        ({"status": 404, "change_made": True}, "change_made needs error="),
        ({"error": "connection", "change_made": True}, "change_made needs error="),
        ({"status": 500, "change_made": 1}, "change_made must be True or False, got 1"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_mistake_is_refused(ghdeploy: FakeGitHub, given: dict[str, Any], message: str) -> None:
    """The message names the mistake, and no fault is added."""
    with pytest.raises(FakeError, match=re.escape(message)):
        ghdeploy.faults.add(**given)
    assert list(ghdeploy.faults) == []
    assert _get().status_code == 200


# What a report says


@pytest.mark.usefixtures("repository")
def test_the_conversation_shows_faults(ghdeploy: FakeGitHub) -> None:
    """Each exchange with a fault is in it, with the failure and the fault."""
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

    lines = ghdeploy.conversation_text().splitlines()

    cut = next(line for line in lines if "200 OK" in line)
    assert cut.startswith('     200 OK {"id":1296269001,"node_id":')
    assert [line for line in lines if line is not cut] == [
        '  1. POST /repos/octocat/example/deployments {"ref": "main"}',
        "     no response: connection reset (fault)",
        f'     hint: fault added by the test: error="lost_answer" for POST {PATH} (1 of 1); {CARRIED_OUT}',
        "     event deployment.created: id 4442074271, environment production, ref main (octocat/example)",
        "  2. GET /repos/octocat/example/deployments",
        "     no response: read timed out (fault)",
        '     hint: fault added by the test: error="timeout" for any method /repos/*/*/deployments (1 of 1)',
        "  3. GET /repos/octocat/example/deployments",
        "     no response: connection refused (fault)",
        f'     hint: fault added by the test: error="connection" for any method {PATH} (1 of 1)',
        "  4. GET /repos/octocat/example",
        "     the body was truncated (fault)",
        '     hint: fault added by the test: error="truncated" for any method /repos/*/* (1 of 1)',
        "  5. GET /repos/octocat/example/deployments",
        '     502 Bad Gateway "Server Error"',
        "     hint: fault added by the test: status=502 for any method /repos/octocat/example/deployments (1 of 1)",
    ]


def test_an_unused_fault_is_raised_when_the_block_ends() -> None:
    """The message names it, and the most similar requests."""
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
        f"  GET {PATH} was sent 2 times",
        "  GET /users/nobody-0 was sent 1 time",
        "  GET /users/nobody-1 was sent 1 time",
        "  GET /users/nobody-2 was sent 1 time",
        "  GET /users/nobody-3 was sent 1 time",
    ]
    assert str(caught.value).splitlines()[6:9] == [
        "  and 1 others",
        "  use required=False for a fault that may stay unused",
        "the fault status=502 for any method on any path after the first 8 was used 0 of 1 times",
    ]


def test_a_failing_block_does_not_mention_faults() -> None:
    """The original error is raised."""
    with pytest.raises(ZeroDivisionError), FakeGitHub() as fake:  # noqa: PT012 - likewise
        fake.faults.add(status=500)
        raise ZeroDivisionError


def test_a_fault_without_requests_says_so() -> None:
    """Requests before the fault was added do not count."""
    with pytest.raises(AssertionError) as caught, FakeGitHub() as fake:  # noqa: PT012 - likewise
        fake.add_repository("octocat/example")
        _get(REPO)
        fake.faults.add(status=500)
    assert str(caught.value) == (
        "the fault status=500 for any method on any path was used 0 of 1 times\n"
        "  no request was sent after it was added\n"
        "  use required=False for a fault that may stay unused"
    )


def test_a_report_says_why_something_was_never_hidden() -> None:
    """Nothing was created, nobody requested it (again), or the request was still one that passes."""
    with pytest.raises(AssertionError) as caught, FakeGitHub() as fake:  # noqa: PT012 - likewise
        fake.add_repository("octocat/example")
        fake.faults.add(path="/repos/*/*/keys", not_found_yet=1)
        fake.faults.add(path=PATH, not_found_yet=2)
        fake.faults.add(path=PATH, not_found_yet=1, after=3)
        deployment = _deploy().json()
        _get(deployment["url"])
    assert [line for line in str(caught.value).splitlines() if " was sent " not in line and "required" not in line] == [
        "the fault not_found_yet=1 for POST /repos/*/*/keys was used 0 of 1 times",
        "  no matching request created anything",
        f"the fault not_found_yet=2 for POST {PATH} was used 1 of 2 times",
        f"  POST {PATH} created deployment {deployment['id']} of octocat/example; no later request was for it",
        f"the fault not_found_yet=1 for POST {PATH} after the first 3 was used 0 of 1 times",
        "  only 1 of the first 3 requests, which do not fail, was sent",
    ]


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


def test_an_unused_fault_fails_the_test(pytester: pytest.Pytester) -> None:
    """Once, with the conversation; not if the test fails or is skipped anyway."""
    pytester.makepyfile(UNUSED)
    result = pytester.runpytest_inprocess("-W", "error", "-p", "no:randomly")
    result.assert_outcomes(passed=3, failed=4, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*_ test_that_never_meets_its_fault _*",
            "E * AssertionError: the fault status=502 for POST /repos/[*]/[*]/deployments was used 0 of 1 times",
            "*  GET /repos/octocat/example was sent 1 time",
            "*  use required=False for a fault that may stay unused",
            "*ghdeploy: the conversation with https://api.github.com*",
            "  1. GET /repos/octocat/example",
            "     200 OK *",
            "*_ test_that_meets_it_once_of_twice _*",
            "E * AssertionError: the fault status=502 for any method /repos/[*]/[*] was used 1 of 2 times",
            "*_ test_of_a_factory _*",
            "E * AssertionError: the fault status=500 for any method on any path was used 0 of 1 times",
            "*_ test_that_fails_anyway _*",
            "E * AssertionError: anyway",
        ]
    )


def test_the_message_contains_no_token(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A token in a path is redacted in the message too."""
    assert repository.full_name
    ghdeploy.faults.add(path="/user", status=500)
    _get(f"{API}/users/a-token-for-tests")
    with pytest.raises(AssertionError) as caught:
        ghdeploy._engine.check_unused()
    ghdeploy.faults.clear()
    assert "GET /users/[redacted] was sent 1 time" in str(caught.value)


def test_the_first_20_unused_faults_are_explained() -> None:
    """Each explanation reads all requests. Of the others, only the first line is left."""
    gh = FakeGitHub()
    for _ in range(22):
        gh.faults.add(method="GET", path="/repos/octocat/example", status=502)
    lines = "\n".join(gh._engine.list_problems()).splitlines()
    assert sum("was used 0 of 1 times" in line for line in lines) == 22
    assert sum("no request was sent after it was added" in line for line in lines) == 20


@pytest.mark.parametrize("kind", ["a fault", "a fault after the first", "a stub"])
def test_an_interrupted_request_uses_nothing_up(kind: str) -> None:
    """Until it is answered: the next request gets the failure or the stub."""
    fake = FakeGitHub(validate="requests")
    fake.add_repository("octocat/example").add_deployment(ref="main")

    def send() -> int:
        return fake._engine.answer("GET", DEPLOYMENTS, {"authorization": "token x", "user-agent": "x"}, b"").status

    def statuses() -> list[int]:
        if kind == "a stub":
            fake.stub("GET", PATH, status=503, times=1)
        else:
            fake.faults.add(method="GET", path=PATH, status=503, after=int(kind != "a fault"))
        before = len(fake.requests)
        moments.run(send)
        answered = len(fake.requests) - before
        return [*(request.status for request in fake.requests[before:]), *(send() for _ in range(3 - answered))]

    wanted = [200, 503, 200] if kind == "a fault after the first" else [503, 200, 200]
    moments = Moments()
    assert statuses() == wanted  # caches of Python are filled
    at = -2
    while at < 1 or moments.is_interrupted:
        at += 3
        moments = Moments(at)
        assert statuses() == wanted, moments.place
    assert at > 30
