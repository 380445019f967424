"""GitHub Enterprise Server, and GitHub Enterprise Cloud with data residency: hosts and differences."""

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
    """Make a GitHub Enterprise Server with the repository octocat/example."""
    fake = ghdeploy_factory(base_url=ROOT)
    fake.add_repository("octocat/example")
    return fake


@pytest.fixture
def resident(ghdeploy_factory: Factory) -> FakeGitHub:
    """Make the enterprise octocorp, with data residency, and the repository octocat/example."""
    fake = ghdeploy_factory(base_url=RESIDENT)
    fake.add_repository("octocat/example")
    return fake


def ask(url: str, method: str = "GET", body: object = None) -> requests.Response:
    """Send a request as any script would."""
    return requests.request(method, url, json=body, headers=HEADERS, timeout=10)


def strings(value: object) -> Iterator[str]:
    """Collect every string in a response."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from strings(member)
    elif isinstance(value, str):
        yield value


# GitHub Enterprise Server


@pytest.mark.usefixtures("server")
def test_every_response_of_a_server_has_its_version() -> None:
    """Successes, refusals and responses without a body have the header."""
    created = ask(f"{ROOT}/repos/octocat/example/deployments", "POST", {"ref": "main"})
    replies = [
        created,
        ask(f"{ROOT}/repos/octocat/nope"),
        ask(f"{ROOT}/repos/octocat/example/deployments", "POST", {}),
        ask(created.json()["url"], "DELETE"),
        requests.get(f"{ROOT}/user", timeout=10),
    ]
    assert [answer.status_code for answer in replies] == [201, 404, 422, 204, 401]
    assert {answer.headers.get("X-GitHub-Enterprise-Version") for answer in replies} == {"3.19.0"}


@pytest.mark.ghdeploy(base_url=ROOT, enterprise_version="3.17.4")
def test_the_version_of_a_server_can_be_chosen(ghdeploy: FakeGitHub) -> None:
    """The header, `/meta` and the links to the documentation use it."""
    answer = ask(f"{ghdeploy.base_url}/meta")
    assert answer.headers["X-GitHub-Enterprise-Version"] == "3.17.4"
    assert answer.json() == {"verifiable_password_authentication": True, "installed_version": "3.17.4"}
    refused = ask(f"{ROOT}/repos/octocat/nope").json()
    assert refused["documentation_url"] == f"{DOCS}/enterprise-server@3.17/rest/repos/repos#get-a-repository"


@pytest.mark.ghdeploy(enterprise_version="3.17.4")
def test_github_itself_has_no_version(ghdeploy: FakeGitHub) -> None:
    """The option is for servers only, and github.com does not send the header."""
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
def test_refusals_of_a_server_link_to_its_documentation(method: str, path: str, body: object, page: str) -> None:
    """The page is the same, in the edition for the release."""
    refused = ask(ROOT + path, method, body).json()
    assert refused["documentation_url"] == f"{DOCS}/enterprise-server@3.19{page}"


def test_every_url_of_a_server_is_on_its_host(server: FakeGitHub) -> None:
    """API, pages, pictures and git: only the documentation is on another host."""
    repository = server.repository("octocat/example")
    repository.add_deployment(ref="main").add_status("success")
    repository.add_commit_status("main", state="success")
    repository.add_check_run("main", name="build")
    paths = ["", "/deployments", "/environments", "/commits/main/status", "/commits/main/check-runs", "/branches/main",
             "/contents/README.md", "/collaborators"]  # fmt: skip
    bodies = [ask(f"{ROOT}/repos/octocat/example{path}") for path in paths]
    bodies += [ask(f"{ROOT}/"), ask(f"{ROOT}/user")]
    assert {answer.status_code for answer in bodies} == {200}
    urls = [text for answer in bodies for text in strings(answer.json()) if "://" in text]
    assert len(urls) > 200
    assert {text for text in urls if not text.startswith(("https://ghe.example.com/", "git://ghe.example.com/"))} == {
        "https://help.github.com/en/actions"
    }
    for event in server.events:
        urls = [text for text in strings(event.payload) if "://" in text and "github.com" in text]
        assert set(urls) <= {"https://help.github.com/en/actions"}


def test_a_repository_of_a_server_has_its_addresses(server: FakeGitHub) -> None:
    """A tool can clone, open and show all of them."""
    shown = ask(f"{server.base_url}/repos/octocat/example").json()
    host = "https://ghe.example.com"
    assert {name: shown[name] for name in ("url", "html_url", "clone_url", "git_url", "ssh_url", "svn_url")} == {
        "url": f"{ROOT}/repos/octocat/example",
        "html_url": f"{host}/octocat/example",
        "clone_url": f"{host}/octocat/example.git",
        "git_url": "git://ghe.example.com/octocat/example.git",
        "ssh_url": "git@ghe.example.com:octocat/example.git",
        "svn_url": f"{host}/octocat/example",
    }
    assert shown["owner"]["avatar_url"] == f"{host}/avatars/u/{shown['owner']['id']}?"
    assert shown["owner"]["html_url"] == f"{host}/octocat"


def test_the_port_of_a_server_is_in_http_urls_only(ghdeploy_factory: Factory) -> None:
    """Addresses for git over SSH and git's own protocol do not have it."""
    fake = ghdeploy_factory(base_url="http://ghe.example.com:8080/api/v3")
    fake.add_repository("octocat/example")
    shown = ask(f"{fake.base_url}/repos/octocat/example").json()
    assert shown["clone_url"] == "http://ghe.example.com:8080/octocat/example.git"
    assert shown["ssh_url"] == "git@ghe.example.com:octocat/example.git"


def test_a_server_has_no_rate_limit(server: FakeGitHub) -> None:
    """The headers are missing, and `/rate_limit` is a 404."""
    answer = ask(f"{ROOT}/repos/octocat/example")
    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]
    refused = ask(f"{ROOT}/rate_limit")
    assert (refused.status_code, refused.json()["message"]) == (404, "Rate limiting is not enabled.")
    assert server.requests[-1].hint == "GitHub Enterprise Server has no rate limit by default"


def test_the_api_root_of_a_server(server: FakeGitHub) -> None:
    """`GET /api/v3` and `GET /api/v3/` return the root document."""
    for url in (ROOT, f"{ROOT}/"):
        links = ask(url).json()
        assert links["repository_url"] == f"{server.base_url}/repos/{{owner}}/{{repo}}"
        assert links["current_user_authorizations_html_url"].startswith("https://ghe.example.com/settings/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://ghe.example.com/octocat/example", "^the fake cannot answer /octocat/example on ghe.example.com"),
        (
            "https://ghe.example.com/api/uploads/repos/a/b",
            "^the fake cannot answer /api/uploads/repos/a/b on ghe.example.com",
        ),
        ("https://ghe.example.com/api/graphql", "^the fake cannot answer /api/graphql on ghe.example.com"),
        ("https://uploads.ghe.example.com/a", "^a request to uploads.ghe.example.com cannot be answered: active fakes"),
        ("https://RAW.ghe.example.com/a", "^a request to raw.ghe.example.com cannot be answered: active fakes"),
    ],
)
def test_the_other_pages_of_a_server_are_refused(server: FakeGitHub, url: str, message: str) -> None:
    """The fake owns the whole host, so a request to another page fails the test with a clear error."""
    with pytest.raises(UnsupportedRequest, match=message):
        ask(url)
    assert isinstance(server._engine.take_problem(), UnsupportedRequest)
    assert not server.requests


@pytest.mark.usefixtures("server")
@responses.activate
def test_other_hosts_than_the_servers_are_left_alone() -> None:
    """Requests to subdomains that no server has, and to the parent domain, reach the mocks for them."""
    for url in ("https://status.ghe.example.com/", "https://example.com/", "https://uploads.example.com/"):
        responses.get(url, json={"up": True})
        assert ask(url).json() == {"up": True}


@pytest.mark.usefixtures("ghdeploy")
@responses.activate
def test_without_a_fake_server_its_host_is_left_alone() -> None:
    """If only github.com is faked, another mock can answer for a server."""
    responses.get("https://uploads.ghe.example.com/", json={"up": True})
    assert ask("https://uploads.ghe.example.com/").json() == {"up": True}


# Data residency


@pytest.mark.usefixtures("resident")
def test_data_residency_has_hosts_of_its_own() -> None:
    """The enterprise's hosts have API and pages. Version, documentation and rate limits are as on github.com."""
    answer = ask(f"{RESIDENT}/repos/octocat/example")
    shown = answer.json()
    assert shown["url"] == f"{RESIDENT}/repos/octocat/example"
    assert shown["html_url"] == "https://octocorp.ghe.com/octocat/example"
    assert shown["clone_url"] == "https://octocorp.ghe.com/octocat/example.git"
    assert shown["ssh_url"] == "octocorp@octocorp.ghe.com:octocat/example.git"
    assert shown["owner"]["avatar_url"].startswith("https://avatars.octocorp.ghe.com/u/")
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


# Clients, and several fakes at once


def test_pygithub_on_a_server(server: FakeGitHub) -> None:
    """PyGithub deploys there, and follows URLs from responses."""
    token = Auth.Token("any-token")
    client = Github(auth=token, base_url=ROOT)
    repo = client.get_repo("octocat/example")
    created = repo.create_deployment("main", environment="staging")
    created.create_status("success", environment_url="https://staging.example.com")
    assert [status.state for status in created.get_statuses()] == ["success"]
    assert created.creator.html_url == "https://ghe.example.com/octocat"
    with pytest.raises(GithubException, match="Rate limiting is not enabled"):
        client.get_rate_limit()
    assert [event.name for event in server.events] == ["deployment", "deployment_status"]


def test_github3_on_a_server(server: FakeGitHub) -> None:
    """The client that github3.py has for servers works, and reads `/meta`."""
    client: Any = github3.GitHubEnterprise("https://ghe.example.com", token="any-token")  # noqa: S106 - no secret
    created = client.repository("octocat", "example").create_deployment("main")
    created.create_status("success")
    assert [status.state for status in created.statuses()] == ["success"]
    assert client.meta()["installed_version"] == "3.19.0"
    assert server.requests[-1].path == "/meta"


def test_pygithub_with_data_residency(resident: FakeGitHub) -> None:
    """PyGithub deploys to an enterprise's own host."""
    client = Github(auth=Auth.Token("any-token"), base_url=RESIDENT)
    created = client.get_repo("octocat/example").create_deployment("main")
    assert created.url.startswith(f"{RESIDENT}/repos/octocat/example/deployments/")
    assert client.get_rate_limit().rate.limit == 5000
    assert [deployment.id for deployment in resident.repository("octocat/example").deployments] == [created.id]


def test_three_fakes_at_once_are_independent(ghdeploy: FakeGitHub, server: FakeGitHub, resident: FakeGitHub) -> None:
    """A tool that copies deployments from github.com to a server finds each in the right place."""
    ghdeploy.add_repository("octocat/example").add_deployment(ref="main", environment="from-github")
    for source in ask("https://api.github.com/repos/octocat/example/deployments").json():
        copied = {"ref": "main", "environment": source["environment"]}
        assert ask(f"{ROOT}/repos/octocat/example/deployments", "POST", copied).status_code == 201
    assert [len(fake.events) for fake in (ghdeploy, server, resident)] == [1, 1, 0]
    assert [len(fake.requests) for fake in (ghdeploy, server, resident)] == [1, 1, 0]
    (created,) = server.repository("octocat/example").deployments
    assert (created.environment, created.url.partition("/repos")[0]) == ("from-github", ROOT)


@pytest.mark.ghdeploy(base_url="https://ghe.example.com/api/v3")
def test_a_server_error_links_to_the_documentation_of_the_release(ghdeploy: FakeGitHub) -> None:
    """Other refusals do the same."""
    ghdeploy.faults.add(status=500)
    page = requests.get(f"{ghdeploy.base_url}/meta", timeout=10).json()["documentation_url"]
    assert page == "https://docs.github.com/enterprise-server@3.19/rest"
