"""GitHub Enterprise Server, and GitHub Enterprise Cloud with data residency: other hosts, and what differs there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import pytest
import requests
import responses
from github import Auth, Github, GithubException

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Factory = Callable[..., FakeGitHub]

ROOT = "https://ghe.example.com/api/v3"
RESIDENT = "https://api.octocorp.ghe.com"
HEADERS = {"Authorization": "Bearer any-token"}
DOCS = "https://docs.github.com"


@pytest.fixture
def server(ghdeploy_factory: Factory) -> FakeGitHub:
    """Give a GitHub Enterprise Server with the repository octocat/example."""
    fake = ghdeploy_factory(base_url=ROOT)
    fake.add_repository("octocat/example")
    return fake


@pytest.fixture
def resident(ghdeploy_factory: Factory) -> FakeGitHub:
    """Give the enterprise octocorp, with data residency, and the repository octocat/example."""
    fake = ghdeploy_factory(base_url=RESIDENT)
    fake.add_repository("octocat/example")
    return fake


def ask(url: str, method: str = "GET", body: object = None) -> requests.Response:
    """Ask as any script would."""
    return requests.request(method, url, json=body, headers=HEADERS, timeout=10)


def strings(value: object) -> Iterator[str]:
    """Find every text in an answer."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from strings(member)
    elif isinstance(value, str):
        yield value


# GitHub Enterprise Server


@pytest.mark.usefixtures("server")
def test_every_answer_of_a_server_tells_its_version() -> None:
    """Successes, refusals and answers without a body have the header."""
    made = ask(f"{ROOT}/repos/octocat/example/deployments", "POST", {"ref": "main"})
    asked = [
        made,
        ask(f"{ROOT}/repos/octocat/nope"),
        ask(f"{ROOT}/repos/octocat/example/deployments", "POST", {}),
        ask(made.json()["url"], "DELETE"),
        requests.get(f"{ROOT}/user", timeout=10),
    ]
    assert [answer.status_code for answer in asked] == [201, 404, 422, 204, 401]
    assert {answer.headers.get("X-GitHub-Enterprise-Version") for answer in asked} == {"3.19.0"}


@pytest.mark.ghdeploy(base_url=ROOT, enterprise_version="3.17.4")
def test_the_version_of_a_server_can_be_chosen(ghdeploy: FakeGitHub) -> None:
    """Header, `/meta` and links to the documentation follow it."""
    answer = ask(f"{ghdeploy.base_url}/meta")
    assert answer.headers["X-GitHub-Enterprise-Version"] == "3.17.4"
    assert answer.json() == {"verifiable_password_authentication": True, "installed_version": "3.17.4"}
    refused = ask(f"{ROOT}/repos/octocat/nope").json()
    assert refused["documentation_url"] == f"{DOCS}/enterprise-server@3.17/rest/repos/repos#get-a-repository"


@pytest.mark.ghdeploy(enterprise_version="3.17.4")
def test_github_itself_has_no_version(ghdeploy: FakeGitHub) -> None:
    """The option is for servers; github.com says nothing of it."""
    answer = ask(f"{ghdeploy.base_url}/repos/octocat/nope")
    assert "X-GitHub-Enterprise-Version" not in answer.headers
    assert answer.json()["documentation_url"] == f"{DOCS}/rest/repos/repos#get-a-repository"
    assert "installed_version" not in ask(f"{ghdeploy.base_url}/meta").json()


@pytest.mark.parametrize(
    ("method", "path", "body", "page"),
    [
        ("POST", "/repos/octocat/example/deployments", {}, "/rest/deployments/deployments#create-a-deployment"),
        ("GET", "/nothing", None, "/rest"),
        ("GET", "/repos/octocat/example/deployments/1", None, "/rest/deployments/deployments#get-a-deployment"),
    ],
)
@pytest.mark.usefixtures("server")
def test_refusals_of_a_server_link_its_own_documentation(method: str, path: str, body: object, page: str) -> None:
    """The page is the same, in the edition for the release."""
    refused = ask(ROOT + path, method, body).json()
    assert refused["documentation_url"] == f"{DOCS}/enterprise-server@3.19{page}"


def test_every_url_of_a_server_is_on_its_host(server: FakeGitHub) -> None:
    """API, pages, pictures, git: nothing leads to github.com but the documentation."""
    repository = server.repository("octocat/example")
    repository.add_deployment(ref="main").add_status("success")
    repository.add_commit_status("main", state="success")
    repository.add_check_run("main", name="build")
    paths = ["", "/deployments", "/environments", "/commits/main/status", "/commits/main/check-runs", "/branches/main",
             "/contents/README.md", "/collaborators"]  # fmt: skip
    bodies = [ask(f"{ROOT}/repos/octocat/example{path}") for path in paths]
    bodies += [ask(f"{ROOT}/"), ask(f"{ROOT}/user")]
    assert {answer.status_code for answer in bodies} == {200}
    told = [text for answer in bodies for text in strings(answer.json()) if "://" in text]
    assert len(told) > 200
    assert {
        text for text in told if not text.startswith(("https://ghe.example.com/", "git://ghe.example.com/"))
    } == set()
    for event in server.events:
        assert not [text for text in strings(event.payload) if "://" in text and "github.com" in text]


def test_a_repository_of_a_server_has_its_addresses(server: FakeGitHub) -> None:
    """Each kind of address that a tool may clone, open or show."""
    found = ask(f"{server.base_url}/repos/octocat/example").json()
    host = "https://ghe.example.com"
    assert {name: found[name] for name in ("url", "html_url", "clone_url", "git_url", "ssh_url", "svn_url")} == {
        "url": f"{ROOT}/repos/octocat/example",
        "html_url": f"{host}/octocat/example",
        "clone_url": f"{host}/octocat/example.git",
        "git_url": "git://ghe.example.com/octocat/example.git",
        "ssh_url": "git@ghe.example.com:octocat/example.git",
        "svn_url": f"{host}/octocat/example",
    }
    assert found["owner"]["avatar_url"] == f"{host}/avatars/u/{found['owner']['id']}?"
    assert found["owner"]["html_url"] == f"{host}/octocat"


def test_a_server_on_a_port_has_it_where_it_belongs(ghdeploy_factory: Factory) -> None:
    """In URLs over HTTP, and in no address of git's own."""
    fake = ghdeploy_factory(base_url="http://ghe.example.com:8080/api/v3")
    fake.add_repository("octocat/example")
    found = ask(f"{fake.base_url}/repos/octocat/example").json()
    assert found["clone_url"] == "http://ghe.example.com:8080/octocat/example.git"
    assert found["ssh_url"] == "git@ghe.example.com:octocat/example.git"


def test_a_server_limits_nothing(server: FakeGitHub) -> None:
    """Rate limits are off there: no headers, and no `/rate_limit`."""
    answer = ask(f"{ROOT}/repos/octocat/example")
    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]
    refused = ask(f"{ROOT}/rate_limit")
    assert (refused.status_code, refused.json()["message"]) == (404, "Rate limiting is not enabled.")
    assert server.requests[-1].hint == "GitHub Enterprise Server limits nothing unless its administrator says so"


def test_the_root_of_a_server_is_its_api(server: FakeGitHub) -> None:
    """`GET /api/v3` and `GET /api/v3/` are the root document."""
    for url in (ROOT, f"{ROOT}/"):
        links = ask(url).json()
        assert links["repository_url"] == f"{server.base_url}/repos/{{owner}}/{{repo}}"
        assert links["current_user_authorizations_html_url"].startswith("https://ghe.example.com/settings/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://ghe.example.com/octocat/example", "^/octocat/example on ghe.example.com cannot be answered"),
        ("https://ghe.example.com/api/uploads/repos/a/b", "^/api/uploads/repos/a/b on ghe.example.com cannot be"),
        ("https://ghe.example.com/api/graphql", "^/api/graphql on ghe.example.com cannot be answered"),
        ("https://uploads.ghe.example.com/a", "^a request to uploads.ghe.example.com cannot be answered: active fakes"),
        ("https://RAW.ghe.example.com/a", "^a request to raw.ghe.example.com cannot be answered: active fakes"),
    ],
)
def test_the_other_pages_of_a_server_are_refused(server: FakeGitHub, url: str, message: str) -> None:
    """Whatever else belongs to the server is ours too: a clear error, which also fails the test, and no request."""
    with pytest.raises(UnsupportedRequest, match=message):
        ask(url)
    assert isinstance(server._engine.take_problem(), UnsupportedRequest)
    assert not server.requests


@pytest.mark.usefixtures("server")
@responses.activate
def test_what_is_not_of_the_server_goes_where_it_would_have_gone() -> None:
    """A host below the server's that no server has, its parent, and the mocks for them are left alone."""
    for url in ("https://status.ghe.example.com/", "https://example.com/", "https://uploads.example.com/"):
        responses.get(url, json={"up": True})
        assert ask(url).json() == {"up": True}


@pytest.mark.usefixtures("ghdeploy")
@responses.activate
def test_without_a_server_its_hosts_are_nobodys() -> None:
    """While only github.com is faked, a server is the business of whoever mocks it."""
    responses.get("https://uploads.ghe.example.com/", json={"up": True})
    assert ask("https://uploads.ghe.example.com/").json() == {"up": True}


# Data residency


@pytest.mark.usefixtures("resident")
def test_data_residency_has_hosts_of_its_own() -> None:
    """API and pages are the enterprise's; it is no server, so there are no version, other manual, or missing limits."""
    answer = ask(f"{RESIDENT}/repos/octocat/example")
    found = answer.json()
    assert found["url"] == f"{RESIDENT}/repos/octocat/example"
    assert found["html_url"] == "https://octocorp.ghe.com/octocat/example"
    assert found["clone_url"] == "https://octocorp.ghe.com/octocat/example.git"
    assert found["ssh_url"] == "octocorp@octocorp.ghe.com:octocat/example.git"
    assert found["owner"]["avatar_url"].startswith("https://avatars.octocorp.ghe.com/u/")
    assert "X-GitHub-Enterprise-Version" not in answer.headers
    assert answer.headers["X-RateLimit-Limit"] == "5000"
    refused = ask(f"{RESIDENT}/repos/octocat/nope").json()
    assert refused["documentation_url"] == f"{DOCS}/rest/repos/repos#get-a-repository"
    assert ask(f"{RESIDENT}/meta").json()["domains"] == {"website": ["*.octocorp.ghe.com"]}


def test_the_pages_of_an_enterprise_with_data_residency_are_refused(resident: FakeGitHub) -> None:
    """So are those of other enterprises, and github.com."""
    for host in ("octocorp.ghe.com", "uploads.octocorp.ghe.com", "api.other.ghe.com", "api.github.com"):
        with pytest.raises(UnsupportedRequest, match=f"^a request to {host} cannot be answered"):
            ask(f"https://{host}/octocat/example")
        assert resident._engine.take_problem()


# Clients, and several at once


def test_pygithub_on_a_server(server: FakeGitHub) -> None:
    """PyGithub deploys there, and follows URLs from answers."""
    token = Auth.Token("any-token")
    client = Github(auth=token, base_url=ROOT, seconds_between_requests=None, seconds_between_writes=None)
    repo = client.get_repo("octocat/example")
    made = repo.create_deployment("main", environment="staging")
    made.create_status("success", environment_url="https://staging.example.com")
    assert [status.state for status in made.get_statuses()] == ["success"]
    assert made.creator.html_url == "https://ghe.example.com/octocat"
    with pytest.raises(GithubException, match="Rate limiting is not enabled"):
        client.get_rate_limit()
    assert [event.name for event in server.events] == ["deployment", "deployment_status"]


def test_github3_on_a_server(server: FakeGitHub) -> None:
    """github3.py's client for servers does, and reads `/meta`."""
    client: Any = github3.GitHubEnterprise("https://ghe.example.com", token="any-token")  # noqa: S106 - no secret
    made = client.repository("octocat", "example").create_deployment("main")
    made.create_status("success")
    assert [status.state for status in made.statuses()] == ["success"]
    assert client.meta()["installed_version"] == "3.19.0"
    assert server.requests[-1].path == "/meta"


def test_pygithub_with_data_residency(resident: FakeGitHub) -> None:
    """PyGithub deploys to an enterprise's own host."""
    client = Github(auth=Auth.Token("any-token"), base_url=RESIDENT)
    made = client.get_repo("octocat/example").create_deployment("main")
    assert made.url.startswith(f"{RESIDENT}/repos/octocat/example/deployments/")
    assert client.get_rate_limit().rate.limit == 5000
    assert [deployment.id for deployment in resident.repository("octocat/example").deployments] == [made.id]


def test_three_at_once_know_nothing_of_each_other(
    ghdeploy: FakeGitHub, server: FakeGitHub, resident: FakeGitHub
) -> None:
    """A tool that copies deployments from github.com to a server finds each where it belongs."""
    ghdeploy.add_repository("octocat/example").add_deployment(ref="main", environment="from-github")
    for source in ask("https://api.github.com/repos/octocat/example/deployments").json():
        copied = {"ref": "main", "environment": source["environment"]}
        assert ask(f"{ROOT}/repos/octocat/example/deployments", "POST", copied).status_code == 201
    assert [len(fake.events) for fake in (ghdeploy, server, resident)] == [1, 1, 0]
    assert [len(fake.requests) for fake in (ghdeploy, server, resident)] == [1, 1, 0]
    (made,) = server.repository("octocat/example").deployments
    assert (made.environment, made.url.partition("/repos")[0]) == ("from-github", ROOT)


@pytest.mark.ghdeploy(base_url="https://ghe.example.com/api/v3")
def test_a_server_error_links_the_manual_of_the_release_too(ghdeploy: FakeGitHub) -> None:
    """Like every refusal."""
    ghdeploy.faults.add(status=500)
    page = requests.get(f"{ghdeploy.base_url}/meta", timeout=10).json()["documentation_url"]
    assert page == "https://docs.github.com/enterprise-server@3.19/rest"
