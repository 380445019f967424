"""
Real clients, unmodified, through the fixture: PyGithub, github3.py and plain requests.

The tests check what the users of these clients see: the objects and exceptions
that a client creates from GitHub's responses.
"""

from __future__ import annotations

import io
import json
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import github3
import github3.exceptions
import pytest
import requests
from client import API
from github import (
    Auth,
    BadCredentialsException,
    Github,
    GithubException,
    GithubRetry,
    RateLimitExceededException,
    UnknownObjectException,
)
from requests.auth import AuthBase

from pytest_ghdeploy import UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_ghdeploy import FakeGitHub, Repository

    Factory = Callable[..., FakeGitHub]

ENTERPRISE = "https://ghe.example.com/api/v3"
KEY = "ghp_of_the_tests_0001"
HEADERS = {"Authorization": f"token {KEY}"}
UNKNOWN_SHA = "0123456789abcdef0123456789abcdef01234567"
CREATE_PAGE = "https://docs.github.com/rest/deployments/deployments#create-a-deployment"


def pygithub(key: str = KEY, **options: Any) -> Github:  # noqa: ANN401 - Github's
    """Return a PyGithub client with default settings."""
    return Github(auth=Auth.Token(key), **options)


def github3_login(key: str = KEY) -> Any:  # noqa: ANN401 - github3.py has no types
    """Return a github3.py client with default settings."""
    return github3.login(token=key)


def asked(fake: FakeGitHub) -> list[str]:
    """List the requests to the fake: method and path."""
    return [f"{request.method} {request.path}" for request in fake.requests]


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Return a repository with a topic branch that is not behind."""
    made = ghdeploy.add_repository("octocat/example")
    made.add_branch("topic")
    return made


# PyGithub


def test_pygithub_runs_a_whole_life_cycle(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Create, report, retire and delete: each step looks as on GitHub."""
    repo = pygithub().get_repo("octocat/example")
    first = repo.create_deployment(
        "topic", environment="staging", payload={"build": 7}, description="first", required_contexts=[]
    )
    assert (first.ref, first.sha, first.environment) == ("topic", repository.sha("topic"), "staging")
    assert (first.task, first.payload, first.description) == ("deploy", {"build": 7}, "first")
    assert first.creator.login == "octocat"
    assert first.created_at == first.updated_at == ghdeploy.clock.now
    assert (first.transient_environment, first.production_environment) == (False, False)

    ghdeploy.clock.tick(5)
    for state in ("queued", "in_progress", "success"):
        made = first.create_status(state, description=f"it is {state}", environment_url="https://staging.example.com")
        assert (made.state, made.description, made.environment) == (state, f"it is {state}", "staging")
        assert made.environment_url == "https://staging.example.com"
    assert [status.state for status in first.get_statuses()] == ["success", "in_progress", "queued"]
    assert first.get_status(made.id).state == "success"
    assert repo.get_deployment(first.id).updated_at == first.created_at + timedelta(seconds=5)

    second = repo.create_deployment("main", environment="staging")
    second.create_status("success")
    assert repo.get_deployment(first.id).get_statuses()[0].state == "inactive"
    assert [found.id for found in repo.get_deployments()] == [second.id, first.id]

    with pytest.raises(GithubException) as refused:
        repo.requester.requestJsonAndCheck("DELETE", second.url)
    assert refused.value.status == 422
    assert refused.value.message == (
        "We cannot delete an active deployment unless it is the only deployment in a given environment."
    )
    headers, data = repo.requester.requestJsonAndCheck("DELETE", first.url)
    assert data is None
    assert "content-type" not in headers
    assert [found.id for found in repo.get_deployments()] == [second.id]
    with pytest.raises(UnknownObjectException):
        repo.get_deployment(first.id).ref  # noqa: B018 - PyGithub asks when an attribute is read

    assert [(event.name, event.payload.get("deployment_status", {}).get("state")) for event in ghdeploy.events] == [
        ("deployment", None),
        ("deployment_status", "queued"),
        ("deployment_status", "in_progress"),
        ("deployment_status", "success"),
        ("deployment", None),
        ("deployment_status", "success"),
    ]


@pytest.mark.usefixtures("repository")
def test_pygithub_may_send_a_string_as_payload() -> None:
    """A payload with JSON text is returned as the same string, neither parsed nor quoted again."""
    repo = pygithub().get_repo("octocat/example")
    text = '{"build": "ünï", "n": 1}'
    _, deployment = repo.requester.requestJsonAndCheck(
        "POST", f"{repo.url}/deployments", input={"ref": "main", "payload": text}
    )
    assert deployment["payload"] == text
    assert repo.get_deployment(deployment["id"]).raw_data["payload"] == text


def test_pygithub_filters_deployments(repository: Repository) -> None:
    """Each of PyGithub's filters reaches the fake, and they can be combined."""
    topic = repository.add_commit("topic")
    wanted = repository.add_deployment(ref="topic", environment="qa", task="migrate")
    repository.add_deployment(ref="topic", environment="qa")
    repository.add_deployment(ref="topic", environment="staging", task="migrate")
    repository.add_deployment(ref="main", environment="qa", task="migrate")
    repo = pygithub().get_repo("octocat/example")

    assert repo.get_deployments(sha=topic).totalCount == 3
    assert repo.get_deployments(ref="topic").totalCount == 3
    assert repo.get_deployments(task="migrate").totalCount == 3
    assert repo.get_deployments(environment="qa").totalCount == 3
    assert [found.id for found in repo.get_deployments(sha=topic, ref="topic", task="migrate", environment="qa")] == [
        wanted.id
    ]
    assert repo.get_deployments(environment="QA").totalCount == 3
    assert list(repo.get_deployments(environment="q")) == []


@pytest.mark.parametrize(("per_page", "pages"), [(30, 5), (50, 3), (100, 2)])
def test_pygithub_follows_links_over_all_pages(
    ghdeploy: FakeGitHub, repository: Repository, per_page: int, pages: int
) -> None:
    """PyGithub's pagination finds each deployment once, newest first, for any page size."""
    ids = [repository.add_deployment(ref="main", environment="qa").id for _ in range(130)]
    repository.add_deployment(ref="main", environment="staging")
    repo = pygithub(per_page=per_page).get_repo("octocat/example")
    before = len(ghdeploy.requests)

    found = [deployment.id for deployment in repo.get_deployments(environment="qa")]

    assert found == ids[::-1]
    assert asked(ghdeploy)[before:] == [
        "GET /repos/octocat/example/deployments",
        *[f"GET /repositories/{repository.id}/deployments"] * (pages - 1),
    ]


def test_pygithub_counts_and_reverses_by_the_last_link(repository: Repository) -> None:
    """``totalCount`` and ``reversed`` read the link to the last page."""
    ids = [repository.add_deployment(ref="main").id for _ in range(65)]
    found = pygithub().get_repo("octocat/example").get_deployments()
    assert found.totalCount == 65
    assert [deployment.id for deployment in found.reversed] == ids
    assert [deployment.id for deployment in found.get_page(2)] == ids[:5][::-1]


REFUSED_BY_ANY: list[tuple[str, dict[str, Any], int, str]] = [
    ("no ref", {"ref": "nope"}, 422, "No ref found for: nope"),
    ("no sha", {"ref": UNKNOWN_SHA}, 422, f"No ref found for: {UNKNOWN_SHA}"),
    ("conflict", {"ref": "clash", "auto_merge": True}, 409, "Conflict merging main into clash."),
    (
        "contexts",
        {"ref": "topic", "required_contexts": ["ci/tests"]},
        409,
        "Conflict: Commit status checks failed for topic.",
    ),
    (
        "schema",
        {"ref": "topic", "required_contexts": [1]},
        422,
        "Invalid request.\n\nFor 'items', 1 is not a string.",
    ),
]


@pytest.fixture
def refusing(ghdeploy: FakeGitHub, repository: Repository) -> Iterator[Repository]:
    """Return a repository in which everything in ``REFUSED_BY_ANY`` is refused, and check that nothing was created."""
    repository.add_branch("clash")
    repository.add_merge_conflict("clash")
    repository.add_branch("topic-2")
    ghdeploy.events.clear()
    yield repository
    assert repository.deployments == []
    assert list(ghdeploy.events) == []


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize(
    ("body", "status", "message"), [row[1:] for row in REFUSED_BY_ANY], ids=[row[0] for row in REFUSED_BY_ANY]
)
def test_pygithub_raises_refusals_of_a_deployment(body: dict[str, Any], status: int, message: str) -> None:
    """A refused deployment is a GithubException with GitHub's HTTP status and body."""
    repo = pygithub().get_repo("octocat/example")
    arguments = {"auto_merge": False} | body
    with pytest.raises(GithubException) as caught:
        repo.create_deployment(**arguments)
    assert type(caught.value) is GithubException
    assert caught.value.status == status
    assert caught.value.message == caught.value.data["message"] == message
    assert caught.value.data["documentation_url"] == CREATE_PAGE
    assert caught.value.data["status"] == str(status)


def test_pygithub_shows_the_contexts_of_a_409(ghdeploy: FakeGitHub, refusing: Repository) -> None:
    """The error of a 409 lists the contexts, including successful ones."""
    refusing.add_commit_status("topic", state="success", context="ci/lint")
    refusing.add_commit_status("topic", state="failure", context="ci/tests")
    ghdeploy.events.clear()
    repo = pygithub().get_repo("octocat/example")
    with pytest.raises(GithubException) as caught:
        repo.create_deployment("topic", auto_merge=False)
    assert caught.value.data["errors"] == [
        {
            "contexts": [
                {"context": "ci/lint", "state": "success"},
                {"context": "ci/tests", "state": "failure"},
            ],
            "resource": "Deployment",
            "field": "required_contexts",
            "code": "invalid",
        }
    ]


@pytest.mark.usefixtures("repository")
def test_pygithub_raises_a_401_as_bad_credentials(ghdeploy: FakeGitHub) -> None:
    """An unknown token is PyGithub's BadCredentialsException."""
    ghdeploy.add_token(KEY)
    assert pygithub().get_user().login == "octocat"
    with pytest.raises(BadCredentialsException) as caught:
        pygithub("ghp_of_somebody_else").get_repo("octocat/example")
    assert caught.value.status == 401
    assert caught.value.data == {
        "message": "Bad credentials",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }


@pytest.mark.usefixtures("repository")
def test_pygithub_raises_a_401_without_a_token() -> None:
    """An anonymous client can read a public repository, but not deploy it."""
    repo = Github().get_repo("octocat/example")
    with pytest.raises(GithubException) as caught:
        repo.create_deployment("main")
    assert caught.value.status == 401
    assert caught.value.data["message"] == "Requires authentication"


def test_pygithub_raises_a_404_as_unknown_object(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A missing object, or one of another repository, is PyGithub's UnknownObjectException."""
    other = ghdeploy.add_repository("octocat/other").add_deployment(ref="main")
    client = pygithub()
    with pytest.raises(UnknownObjectException) as caught:
        client.get_repo("octocat/exmaple")
    assert caught.value.data == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest/repos/repos#get-a-repository",
        "status": "404",
    }
    assert "known: octocat/example, octocat/other" in ghdeploy.requests[-1].hint
    with pytest.raises(UnknownObjectException) as caught:
        client.get_repo(repository.full_name).get_deployment(other.id).ref  # noqa: B018
    assert caught.value.data["documentation_url"].endswith("/rest/deployments/deployments#get-a-deployment")


def test_pygithub_makes_a_deployment_without_id_of_a_202(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """
    Behind its default branch, a branch is merged and not deployed.

    PyGithub does not tell a 202 from a 201: its deployment has no id, and all that it holds is GitHub's message.
    """
    before = repository.sha("topic")
    repository.add_commit("main")
    repo = pygithub().get_repo("octocat/example")

    merged = repo.create_deployment("topic")

    assert merged.raw_data == {"message": "Auto-merged main into topic on deployment."}
    assert merged.id is None
    assert merged.sha is None
    assert repository.deployments == []
    assert [event.name for event in ghdeploy.events] == ["push"]
    head = repo.get_branch("topic").commit
    assert [parent.sha for parent in head.parents] == [before, repository.sha("main")]

    deployment = repo.create_deployment("topic")
    assert deployment.sha == head.sha
    assert ghdeploy.assert_event("deployment", ref="topic").payload["deployment"]["id"] == deployment.id


def test_pygithub_reads_and_writes_commit_statuses(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A CI tool on PyGithub reports on a commit, and the combined status follows."""
    commit = pygithub().get_repo("octocat/example").get_commit("topic")
    assert commit.get_combined_status().state == "pending"
    made = commit.create_status("pending", "https://ci.example.com/1", "running", "ci/tests")
    assert (made.state, made.context, made.description) == ("pending", "ci/tests", "running")
    assert made.creator.login == "octocat"
    commit.create_status("success", context="ci/tests")
    commit.create_status("error", context="ci/lint")

    assert [(status.context, status.state) for status in commit.get_statuses()] == [
        ("ci/lint", "error"),
        ("ci/tests", "success"),
        ("ci/tests", "pending"),
    ]
    combined = commit.get_combined_status()
    assert (combined.state, combined.total_count, combined.sha) == ("failure", 2, repository.sha("topic"))
    assert {status.context: status.state for status in combined.statuses} == {"ci/lint": "error", "ci/tests": "success"}
    assert [event.payload["state"] for event in ghdeploy.events.named("status")] == ["pending", "success", "error"]


def test_pygithub_reads_what_a_tool_reads_first(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """A client starts with the repository, branches, commits, users and the rate limit."""
    sha = repository.add_commit("topic", message="Say hello", files={"hello.txt": "hello\n"})
    client = pygithub()
    repo = client.get_repo("Octocat/EXAMPLE")
    assert (repo.full_name, repo.id, repo.default_branch) == ("octocat/example", repository.id, "main")
    assert repo.permissions.admin
    assert client.get_repo(repository.id).full_name == "octocat/example"
    assert [branch.name for branch in repo.get_branches()] == ["main", "topic"]
    assert repo.get_branch("topic").commit.sha == sha
    commit = repo.get_commit(sha)
    assert (commit.commit.message, [file.filename for file in commit.files]) == ("Say hello", ["hello.txt"])
    assert [found.sha for found in repo.get_commits("topic")] == [sha, repository.sha("main")]
    me = client.get_user()
    assert (me.login, me.type, me.id) == ("octocat", "User", client.get_user("octocat").id)
    rate = client.get_rate_limit().rate
    asked_before = len(ghdeploy.requests) - 1
    assert (rate.limit, rate.remaining) == (5000, 5000 - asked_before)
    assert client.rate_limiting == (5000 - asked_before, 5000)


def test_pygithub_names_the_port(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """PyGithub writes the port into each URL; the fake still answers, and its URLs have no port."""
    repo = pygithub().get_repo("octocat/example")
    assert ghdeploy.requests[-1].url == "https://api.github.com:443/repos/octocat/example"
    assert repo.url == "https://api.github.com/repos/octocat/example"
    assert repo.id == repository.id


@pytest.mark.usefixtures("repository")
def test_pygithub_retries_a_503_ten_times_by_default(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """After eleven recorded requests it gives up."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("nobody is to sleep"))
    repo = pygithub().get_repo("octocat/example")
    ghdeploy.stub("GET", "/repos/octocat/example/branches", status=503, json={"message": "Unicorn!"})
    with pytest.raises(requests.exceptions.RetryError, match="too many 503 error responses"):
        list(repo.get_branches())
    assert [request.status for request in ghdeploy.requests] == [200] + [503] * 11


@pytest.mark.usefixtures("repository")
def test_pygithub_without_retry_raises_a_503_at_once(ghdeploy: FakeGitHub) -> None:
    """With ``retry=None`` there is one request, and the exception has its body."""
    repo = pygithub(retry=None).get_repo("octocat/example")
    ghdeploy.stub("GET", "/repos/octocat/example/branches", status=503, json={"message": "Unicorn!"})
    with pytest.raises(GithubException) as caught:
        list(repo.get_branches())
    assert (caught.value.status, caught.value.data) == (503, {"message": "Unicorn!"})
    assert [request.status for request in ghdeploy.requests] == [200, 503]


@pytest.mark.usefixtures("repository")
def test_pygithub_raises_a_403_without_a_rate_limit_at_once(ghdeploy: FakeGitHub) -> None:
    """PyGithub's retry reads the body of a 403, and raises it if it is not about a rate limit."""
    repo = pygithub().get_repo("octocat/example")
    refusal = {"message": "Resource not accessible by integration"}
    ghdeploy.stub("POST", "/repos/octocat/example/deployments", status=403, json=refusal)
    with pytest.raises(GithubException) as caught:
        repo.create_deployment("main")
    assert (caught.value.status, caught.value.data) == (403, refusal)
    assert [request.status for request in ghdeploy.requests] == [200, 403]


@pytest.mark.usefixtures("repository")
def test_pygithub_retries_a_rate_limit(ghdeploy: FakeGitHub) -> None:
    """PyGithub's retry recognises a rate limit by GitHub's message; without a retry it raises."""
    refusal = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    retrying = pygithub(retry=GithubRetry(total=2, secondary_rate_wait=0)).get_repo("octocat/example")
    at_once = pygithub(retry=None).get_repo("octocat/example")
    ghdeploy.stub("POST", "/repos/octocat/example/deployments", status=403, json=refusal)
    with pytest.raises(requests.exceptions.RetryError, match="too many 403 error responses"):
        retrying.create_deployment("main")
    with pytest.raises(RateLimitExceededException):
        at_once.create_deployment("main")
    assert [request.status for request in ghdeploy.requests] == [200, 200] + [403] * 4


def test_pygithub_waits_once_until_a_rate_limit_resets(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """PyGithub computes its wait by real time, which is ahead of the clock of a fake that was created a while ago."""
    ghdeploy.clock.move_to(ghdeploy.clock.now - timedelta(seconds=5))
    began_at = ghdeploy.clock.now
    ghdeploy.rate_limits.set(0)
    assert pygithub(retry=GithubRetry()).get_repo("octocat/example").id == repository.id
    assert [request.status for request in ghdeploy.requests] == [403, 200]
    assert ghdeploy.clock.now - began_at == timedelta(hours=1)


def test_pygithub_talks_to_an_enterprise_server(ghdeploy_factory: Factory) -> None:
    """Below the ``/api/v3`` of a GitHub Enterprise Server, everything works as on github.com, with pagination."""
    fake = ghdeploy_factory(base_url=ENTERPRISE)
    repository = fake.add_repository("octocat/example")
    for _ in range(35):
        repository.add_deployment(ref="main")
    repo = pygithub(base_url=ENTERPRISE).get_repo("octocat/example")
    deployment = repo.create_deployment("main", environment="qa")
    deployment.create_status("success")
    assert deployment.url == f"{ENTERPRISE}/repos/octocat/example/deployments/{deployment.id}"
    assert repo.html_url == "https://ghe.example.com/octocat/example"
    assert repo.get_deployments().totalCount == 36
    assert len(list(repo.get_deployments())) == 36
    assert fake.requests[0].url == "https://ghe.example.com:443/api/v3/repos/octocat/example"
    assert fake.requests[0].path == "/repos/octocat/example"


# github3.py


def test_github3_runs_a_whole_life_cycle(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """Create, report, retire and delete: each step looks as on GitHub."""
    repo = github3_login().repository("octocat", "example")
    first = repo.create_deployment(
        "topic", environment="staging", payload={"build": 7}, description="first", required_contexts=[]
    )
    assert (first.ref, first.sha, first.environment) == ("topic", repository.sha("topic"), "staging")
    assert (first.payload, first.description) == ({"build": 7}, "first")
    assert first.creator.login == "octocat"
    assert first.created_at == first.updated_at == ghdeploy.clock.now

    for state in ("queued", "in_progress", "success"):
        made = first.create_status(state, target_url="https://ci.example.com/1", description=f"it is {state}")
        assert (made.state, made.description) == (state, f"it is {state}")
        assert made.target_url == "https://ci.example.com/1"
    assert [status.state for status in first.statuses()] == ["success", "in_progress", "queued"]

    second = repo.create_deployment("main", environment="staging")
    second.create_status("success")
    assert next(first.statuses()).state == "inactive"
    assert repo.deployment(first.id).id == first.id
    assert [found.id for found in repo.deployments()] == [second.id, first.id]

    with pytest.raises(github3.exceptions.UnprocessableEntity) as refused:
        repo._boolean(repo._delete(second.url), 204, 404)
    assert refused.value.message.startswith("We cannot delete an active deployment unless it is the only")
    assert repo._boolean(repo._delete(first.url), 204, 404) is True
    assert repo._boolean(repo._delete(first.url), 204, 404) is False
    assert [found.id for found in repo.deployments()] == [second.id]
    assert [event.name for event in ghdeploy.events] == ["deployment"] + ["deployment_status"] * 3 + [
        "deployment",
        "deployment_status",
    ]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("payload", ["", "plain", '{"build": "ünï"}', {}, {"nested": [{"deep": None}]}])
def test_github3_payloads_are_returned_as_they_were_sent(payload: object) -> None:
    """A payload stays an object or a string."""
    repo = github3_login().repository("octocat", "example")
    deployment = repo.create_deployment("topic", payload=payload)
    assert deployment.payload == payload
    assert repo.deployment(deployment.id).payload == payload


def test_github3_follows_links_over_all_pages(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """github3.py's iteration finds each deployment once, newest first."""
    ids = [repository.add_deployment(ref="main").id for _ in range(230)]
    repo = github3_login().repository("octocat", "example")
    before = len(ghdeploy.requests)
    assert [deployment.id for deployment in repo.deployments()] == ids[::-1]
    assert asked(ghdeploy)[before:] == [
        "GET /repos/octocat/example/deployments",
        *[f"GET /repositories/{repository.id}/deployments"] * 2,
    ]
    assert [deployment.id for deployment in repo.deployments(number=110)] == ids[::-1][:110]


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize(
    ("body", "status", "message"), [row[1:] for row in REFUSED_BY_ANY], ids=[row[0] for row in REFUSED_BY_ANY]
)
def test_github3_raises_refusals_of_a_deployment(body: dict[str, Any], status: int, message: str) -> None:
    """A refused deployment is github3.py's own exception for the HTTP status, with GitHub's body."""
    repo = github3_login().repository("octocat", "example")
    kinds = {409: github3.exceptions.Conflict, 422: github3.exceptions.UnprocessableEntity}
    with pytest.raises(kinds[status]) as caught:
        repo.create_deployment(**body)
    assert caught.value.code == status
    assert caught.value.message == message
    assert caught.value.response.json()["documentation_url"] == CREATE_PAGE


def test_github3_shows_the_contexts_of_a_409(ghdeploy: FakeGitHub, refusing: Repository) -> None:
    """The errors of a 409 contain the contexts and their states."""
    refusing.add_commit_status("topic", state="failure", context="ci/tests")
    ghdeploy.events.clear()
    with pytest.raises(github3.exceptions.Conflict) as caught:
        github3_login().repository("octocat", "example").create_deployment("topic", required_contexts=["ci/tests"])
    assert caught.value.errors[0]["contexts"] == [{"context": "ci/tests", "state": "failure"}]


@pytest.mark.usefixtures("repository")
def test_github3_raises_a_401_as_authentication_failed(ghdeploy: FakeGitHub) -> None:
    """An unknown token is github3.py's AuthenticationFailed."""
    ghdeploy.add_token(KEY)
    assert github3_login().me().login == "octocat"
    with pytest.raises(github3.exceptions.AuthenticationFailed) as caught:
        github3_login("ghp_of_somebody_else").repository("octocat", "example")
    assert (caught.value.code, caught.value.message) == (401, "Bad credentials")


@pytest.mark.usefixtures("repository")
def test_github3_raises_a_404_as_not_found() -> None:
    """A missing object is github3.py's NotFoundError."""
    client = github3_login()
    with pytest.raises(github3.exceptions.NotFoundError) as caught:
        client.repository("octocat", "exmaple")
    assert caught.value.message == "Not Found"
    with pytest.raises(github3.exceptions.NotFoundError):
        client.repository("octocat", "example").deployment(1)


def test_github3_makes_an_error_of_a_202(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """
    Behind its default branch, a branch is merged and not deployed.

    github3.py cannot make a deployment of the message in a 202, and says so; the same request succeeds afterwards.
    """
    repository.add_commit("main")
    repo = github3_login().repository("octocat", "example")
    with pytest.raises(github3.exceptions.IncompleteResponse):
        repo.create_deployment("topic", auto_merge=True)
    assert ghdeploy.requests[-1].status == 202
    assert repository.deployments == []
    assert [event.name for event in ghdeploy.events] == ["push"]
    deployment = repo.create_deployment("topic", auto_merge=True)
    assert deployment.sha == repository.sha("topic")


def test_github3_reads_and_writes_commit_statuses(repository: Repository) -> None:
    """A CI tool on github3.py reports on a commit, and the combined status follows."""
    repo = github3_login().repository("octocat", "example")
    sha = repository.sha("topic")
    made = repo.create_status(sha, "failure", target_url="https://ci.example.com/1", context="ci/tests")
    assert (made.state, made.context, made.target_url) == ("failure", "ci/tests", "https://ci.example.com/1")
    repo.create_status(sha, "success", context="ci/tests")
    commit = repo.commit(sha)
    assert [status.state for status in commit.statuses()] == ["success", "failure"]
    assert commit.status().state == "success"
    assert [status.state for status in repo.statuses(sha)] == ["success", "failure"]


def test_github3_reads_what_a_tool_reads_first(repository: Repository) -> None:
    """A client starts with the repository, branches, commits, users and the rate limit."""
    client = github3_login()
    repo = client.repository("Octocat", "EXAMPLE")
    assert (repo.full_name, repo.id, repo.default_branch) == ("octocat/example", repository.id, "main")
    assert [branch.name for branch in repo.branches()] == ["main", "topic"]
    assert repo.branch("topic").commit.sha == repository.sha("topic")
    assert [commit.sha for commit in repo.commits(sha="topic")] == [repository.sha("topic")]
    assert client.me().login == client.user("octocat").login == "octocat"
    assert client.rate_limit()["resources"]["core"]["limit"] == 5000
    assert client.ratelimit_remaining < 5000


def test_github3_talks_to_an_enterprise_server(ghdeploy_factory: Factory) -> None:
    """Below the ``/api/v3`` of a GitHub Enterprise Server, everything works as on github.com, with pagination."""
    fake = ghdeploy_factory(base_url=ENTERPRISE)
    repository = fake.add_repository("octocat/example")
    for _ in range(35):
        repository.add_deployment(ref="main")
    client: Any = github3.GitHubEnterprise("https://ghe.example.com", token=KEY)
    repo = client.repository("octocat", "example")
    deployment = repo.create_deployment("main", environment="qa")
    assert deployment.create_status("success").state == "success"
    assert deployment.url == f"{ENTERPRISE}/repos/octocat/example/deployments/{deployment.id}"
    assert len(list(repo.deployments())) == 36
    assert fake.requests[0].path == "/repos/octocat/example"


# requests


def test_the_functions_of_requests_reach_the_fake(repository: Repository) -> None:
    """``requests.get`` and the like need no session."""
    deployments = f"{API}/repos/octocat/example/deployments"
    created = requests.post(deployments, json={"ref": "main"}, headers=HEADERS, timeout=5)
    assert (created.status_code, created.reason) == (201, "Created")
    found = requests.get(deployments, params={"ref": "main"}, headers=HEADERS, timeout=5)
    assert (found.status_code, found.json()) == (200, [created.json()])
    gone = requests.delete(created.headers["Location"], headers=HEADERS, timeout=5)
    assert (gone.status_code, gone.reason, gone.content) == (204, "No Content", b"")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        gone.json()
    assert repository.deployments == []


@pytest.mark.usefixtures("repository")
def test_a_session_keeps_its_headers_and_parameters(ghdeploy: FakeGitHub) -> None:
    """A session adds them to each request."""
    with requests.Session() as session:
        session.headers.update(HEADERS | {"X-Mine": "yes"})
        session.params = {"per_page": "1"}
        assert len(session.get(f"{API}/repos/octocat/example/branches").json()) == 1
    assert ghdeploy.requests[0].request_headers["X-Mine"] == "yes"
    assert ghdeploy.requests[0].url == f"{API}/repos/octocat/example/branches?per_page=1"


@pytest.mark.usefixtures("repository")
def test_a_request_may_be_prepared_by_the_session() -> None:
    """``session.send`` works with a request that the session has prepared."""
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("GET", f"{API}/user", headers=HEADERS))
        assert session.send(prepared).json()["login"] == "octocat"


@pytest.mark.usefixtures("repository")
def test_a_request_may_be_prepared_without_a_session() -> None:
    """Such a request has no User-Agent, so urllib3 adds its own, and there is no 403."""
    prepared = requests.Request("GET", f"{API}/repos/octocat/example").prepare()
    with requests.Session() as session:
        assert session.send(prepared).status_code == 200


@pytest.mark.usefixtures("repository")
def test_an_empty_user_agent_is_refused(ghdeploy: FakeGitHub) -> None:
    """GitHub requires a User-Agent, and no library fills in an empty one."""
    answer = requests.get(f"{API}/repos/octocat/example", headers={"User-Agent": ""}, timeout=5)
    assert answer.status_code == 403
    assert "User-Agent" in ghdeploy.requests[-1].hint


def test_a_response_is_complete(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """It has a reason, links, encoding, elapsed time, URL and request, like a real response."""
    for _ in range(3):
        repository.add_deployment(ref="main")
    url = f"{API}/repos/octocat/example/deployments?per_page=1&page=2"
    answer = requests.get(url, headers=HEADERS, timeout=5)
    assert (answer.status_code, answer.reason, answer.ok) == (200, "OK", True)
    assert (answer.url, answer.history, answer.encoding) == (url, [], "utf-8")
    assert answer.elapsed > timedelta(0)
    assert answer.request.method == "GET"
    assert answer.headers["content-type"] == answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    base = f"{API}/repositories/{repository.id}/deployments?per_page=1&page="
    assert {relation: link["url"] for relation, link in answer.links.items()} == {
        "prev": f"{base}1",
        "next": f"{base}3",
        "last": f"{base}3",
        "first": f"{base}1",
    }
    assert answer.raw.status == 200
    assert list(answer.cookies) == []
    assert ghdeploy.requests[-1].response_body == answer.content


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("GET", "/repos/octocat/nope", None, 404, "Not Found"),
        ("POST", "/repos/octocat/example/deployments", b"{", 400, "Bad Request"),
        ("POST", "/repos/octocat/example/deployments", b"{}", 422, "Unprocessable Entity"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_raise_for_status_raises_refusals(method: str, path: str, body: bytes | None, status: int, reason: str) -> None:
    """The error has GitHub's reason."""
    answer = requests.request(method, f"{API}{path}", data=body, headers=HEADERS, timeout=5)
    assert (answer.status_code, answer.reason, answer.ok) == (status, reason, False)
    kind = "Client Error"
    with pytest.raises(requests.HTTPError, match=f"^{status} {kind}: {reason} for url: {API}{path}$") as caught:
        answer.raise_for_status()
    assert caught.value.response.json()["status"] == str(status)


def test_a_response_can_be_streamed(repository: Repository) -> None:
    """With ``stream=True`` the body can be read in pieces: by bytes, by lines or raw."""
    for _ in range(5):
        repository.add_deployment(ref="main", description="ünï")
    url = f"{API}/repos/octocat/example/deployments"
    whole = requests.get(url, headers=HEADERS, timeout=5).content
    assert len(whole) > 1000

    with requests.get(url, headers=HEADERS, stream=True, timeout=5) as answer:
        pieces = list(answer.iter_content(100))
        assert [len(piece) for piece in pieces[:-1]] == [100] * (len(pieces) - 1)
        assert b"".join(pieces) == whole
    with requests.get(url, headers=HEADERS, stream=True, timeout=5) as answer:
        assert list(answer.iter_lines()) == [whole]
    with requests.get(url, headers=HEADERS, stream=True, timeout=5) as answer:
        assert answer.raw.read(10) == whole[:10]
        assert answer.raw.read() == whole[10:]
        assert answer.raw.read() == b""
    with requests.get(url, headers=HEADERS, stream=True, timeout=5) as answer:
        assert json.loads("".join(answer.iter_content(7, decode_unicode=True))) == json.loads(whole)


BODY = '{"ref": "main", "description": "ünï"}'


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        BODY.encode(),
        bytearray(BODY.encode()),
        io.BytesIO(BODY.encode()),
        (part.encode() for part in ('{"ref": "main", ', '"description": "ünï"}')),
        (part for part in ('{"ref": "main", ', '"description": "ünï"}')),
    ],
    ids=["text", "bytes", "bytearray", "file", "generator of bytes", "generator of text"],
)
def test_a_body_can_be_of_every_type(ghdeploy: FakeGitHub, repository: Repository, body: Any) -> None:  # noqa: ANN401
    """Strings, bytes, files and generators arrive as the same bytes as on a network."""
    url = f"{API}/repos/octocat/example/deployments"
    answer = requests.post(url, data=body, headers=HEADERS, timeout=5)
    assert answer.status_code == 201
    assert repository.deployments[0].description == "ünï"
    assert ghdeploy.requests[-1].request_body == BODY.encode()


def test_a_body_may_be_a_file_on_disk(ghdeploy: FakeGitHub, repository: Repository, tmp_path: Path) -> None:
    """An open file is read to its end."""
    (tmp_path / "body.json").write_text(BODY, "utf-8")
    with (tmp_path / "body.json").open("rb") as body:
        answer = requests.post(f"{API}/repos/octocat/example/deployments", data=body, headers=HEADERS, timeout=5)
    assert answer.status_code == 201
    assert repository.deployments[0].description == "ünï"
    assert ghdeploy.requests[-1].request_body == BODY.encode()


def test_hooks_of_requests_are_called(repository: Repository) -> None:
    """A response hook of the session or the request is called once."""
    seen: list[str] = []

    def hook(who: str) -> Callable[..., None]:
        return lambda answer, **_: seen.append(f"{who} {answer.status_code}")

    with requests.Session() as session:
        session.hooks["response"].append(hook("session"))
        session.get(f"{API}/repositories/{repository.id}")
        session.get(f"{API}/repositories/1", hooks={"response": [hook("request")]})
    assert seen == ["session 200", "request 404"]


class _Signed(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {KEY}"
        return request


@pytest.mark.parametrize(
    "auth", [("deployer", KEY), (KEY, "x-oauth-basic"), (KEY, ""), _Signed()], ids=["basic", "oauth", "name", "own"]
)
def test_a_session_may_authenticate(ghdeploy: FakeGitHub, auth: Any) -> None:  # noqa: ANN401 - requests' own union
    """A session's ``auth``, a pair or an object, authenticates the caller, and is not recorded."""
    ghdeploy.add_token(KEY, user="deployer")
    with requests.Session() as session:
        session.auth = auth
        assert session.get(f"{API}/user").json()["login"] == "deployer"
    assert KEY not in repr(ghdeploy.requests[-1])


def test_a_header_may_be_bytes(ghdeploy: FakeGitHub) -> None:
    """The value of a header may be bytes, which requests allows."""
    ghdeploy.add_token(KEY, user="deployer")
    answer = requests.get(f"{API}/user", headers={"Authorization": f"token {KEY}".encode()}, timeout=5)
    assert answer.json()["login"] == "deployer"
    assert KEY not in repr(ghdeploy.requests[-1])


def test_a_netrc_file_authenticates(ghdeploy: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .netrc file works as usual, unless ``trust_env`` is False."""
    (tmp_path / "netrc").write_text(f"machine api.github.com login deployer password {KEY}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    ghdeploy.add_token(KEY, user="deployer")
    assert requests.get(f"{API}/user", timeout=5).json()["login"] == "deployer"
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{API}/user").status_code == 401


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Return the URL of a server on this machine that redirects to GitHub."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{API}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_redirect_to_github_reaches_the_fake(ghdeploy: FakeGitHub, elsewhere: str) -> None:
    """A redirect from another host leads to the fake, without the credentials for that host."""
    with requests.Session() as session:
        answer = session.get(f"{elsewhere}/users/octocat", headers=HEADERS)
    assert (answer.status_code, answer.json()["login"]) == (200, "octocat")
    assert [step.status_code for step in answer.history] == [302]
    assert asked(ghdeploy) == ["GET /users/octocat"]
    assert "Authorization" not in ghdeploy.requests[0].request_headers


def test_a_redirect_need_not_be_followed(ghdeploy: FakeGitHub, elsewhere: str) -> None:
    """With ``allow_redirects=False`` the fake gets no request."""
    answer = requests.get(f"{elsewhere}/users/octocat", allow_redirects=False, timeout=5)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{API}/users/octocat")
    assert asked(ghdeploy) == []


def test_cookies_are_sent_and_not_recorded(ghdeploy: FakeGitHub) -> None:
    """The values of a session's cookies are not recorded, and the fake sets no cookies."""
    with requests.Session() as session:
        session.cookies.set("session", "of-a-browser", domain="api.github.com")
        assert session.get(f"{API}/users/octocat").status_code == 200
        assert session.cookies.get_dict() == {"session": "of-a-browser"}
    assert ghdeploy.requests[0].request_headers["Cookie"] == "[redacted]"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("timeout", [None, 0.001, (0.001, 0.001), 5])
def test_a_timeout_is_accepted_and_never_reached(timeout: Any) -> None:  # noqa: ANN401 - requests' own union
    """The fake responds at once."""
    assert requests.get(f"{API}/repos/octocat/example", timeout=timeout).status_code == 200


def test_head_is_get_without_the_body(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """HEAD has the headers and the rules of GET, but no body."""
    for _ in range(3):
        repository.add_deployment(ref="main")
    url = f"{API}/repos/octocat/example/deployments?per_page=2"
    got = requests.get(url, headers=HEADERS, timeout=5)
    head = requests.head(url, headers=HEADERS, timeout=5)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Link"):
        assert head.headers[name] == got.headers[name]
    assert requests.head(f"{API}/repos/octocat/nope", timeout=5).status_code == 404
    assert ghdeploy.requests[1].method == "HEAD"


def test_a_method_that_an_endpoint_does_not_have_is_a_404(ghdeploy: FakeGitHub, repository: Repository) -> None:
    """The hint names it."""
    url = f"{API}/repos/octocat/example/deployments/{repository.add_deployment(ref='main').id}"
    for method in ("PATCH", "PUT"):
        answer = requests.request(method, url, json={}, headers=HEADERS, timeout=5)
        assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")
    assert f"GitHub has no PUT {ghdeploy.requests[-1].path}" in ghdeploy.requests[-1].hint


@pytest.mark.usefixtures("repository")
def test_an_unsupported_request_raises_through_the_client(ghdeploy: FakeGitHub) -> None:
    """PyGithub's request for an endpoint that the fake does not implement raises, and can be stubbed."""
    repo = pygithub().get_repo("octocat/example")
    with pytest.raises(
        UnsupportedRequest, match="GET /repos/octocat/example/milestones is GitHub's issues/list-milestones"
    ):
        list(repo.get_milestones())
    ghdeploy._engine.take_problem()
    ghdeploy.stub("GET", "/repos/octocat/example/milestones", json=[{"number": 7}])
    assert [milestone.number for milestone in repo.get_milestones()] == [7]
