"""GET /versions, GET /meta and GET /."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_ghdeploy.github import ssh_keys

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub


@pytest.mark.parametrize("anonymous", [True, False])
def test_the_versions_are_those_of_github(http: requests.Session, *, anonymous: bool) -> None:
    """The endpoint is public, and each response names one of the versions."""
    if anonymous:
        del http.headers["Authorization"]
    reply = http.get("/versions")
    assert (reply.status_code, reply.json()) == (200, ["2022-11-28", "2026-03-10"])
    assert reply.headers["x-github-api-version-selected"] in reply.json()


def test_an_unknown_token_is_refused_here_too(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Bad credentials are refused first."""
    ghdeploy.add_token("another")
    reply = http.get("/versions")
    assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize("path", ["", "/"])
def test_the_root_document_lists_url_templates(http: requests.Session, ghdeploy: FakeGitHub, path: str) -> None:
    """`GET /` includes endpoints that the fake does not implement."""
    del http.headers["Authorization"]
    reply = http.get(ghdeploy.base_url + path)
    links = reply.json()
    assert (reply.status_code, len(links)) == (200, 33)
    assert links["repository_url"] == "https://api.github.com/repos/{owner}/{repo}"
    assert links["user_search_url"] == "https://api.github.com/search/users?q={query}{&page,per_page,sort,order}"
    assert links["current_user_authorizations_html_url"] == (
        "https://github.com/settings/connections/applications{/client_id}"
    )
    assert [name for name, url in links.items() if not url.startswith("https://api.github.com/")] == [
        "current_user_authorizations_html_url"
    ]


def test_the_urls_of_the_root_document_work(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """A client that starts from the root finds the repository, the user and the rate limit."""
    ghdeploy.add_repository("octocat/example")
    links = http.get("/").json()
    filled = [
        links["repository_url"].format(owner="octocat", repo="example"),
        links["user_url"].format(user="octocat"),
        links["current_user_url"],
        links["rate_limit_url"],
    ]
    assert [http.get(url).status_code for url in filled] == [200] * 4


def test_meta_has_keys_and_networks(http: requests.Session) -> None:
    """`GET /meta` has a valid host key, and networks reserved for documentation."""
    reply = http.get("/meta")
    body = reply.json()
    assert reply.status_code == 200
    assert body["verifiable_password_authentication"] is False
    (key,) = body["ssh_keys"]
    assert ssh_keys.parse(key).type == "ssh-ed25519"
    assert body["ssh_key_fingerprints"].keys() == {"SHA256_ED25519"}
    for name in ("hooks", "web", "api", "git", "packages", "pages", "importer", "actions", "dependabot"):
        assert set(body[name]) <= {"192.0.2.0/24", "2001:db8::/32", "198.51.100.0/24"}
    assert body["domains"] == {"website": ["*.github.com"]}
    assert "installed_version" not in body
