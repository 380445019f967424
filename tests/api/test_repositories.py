"""Repositories over HTTP: fields, times and the caller's permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import API

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, Repository


def test_a_repository_has_all_of_githubs_fields(http: requests.Session, repo: Repository) -> None:
    """It has an identity, an owner, URLs, times and settings."""
    reply = http.get("/repos/octocat/example")
    assert reply.status_code == 200
    body = reply.json()
    assert list(body)[:9] == [
        "id",
        "node_id",
        "name",
        "full_name",
        "private",
        "owner",
        "html_url",
        "description",
        "fork",
    ]
    fields = {field: body[field] for field in ("id", "name", "full_name", "private", "default_branch", "visibility")}
    assert fields == {
        "id": repo.id,
        "name": "example",
        "full_name": "octocat/example",
        "private": False,
        "default_branch": "main",
        "visibility": "public",
    }
    assert body["owner"]["login"] == "octocat"
    assert body["node_id"].startswith("R_")
    assert body["url"] == f"{API}/repos/octocat/example"
    assert body["html_url"] == "https://github.com/octocat/example"
    assert body["deployments_url"] == f"{API}/repos/octocat/example/deployments"
    assert body["clone_url"] == "https://github.com/octocat/example.git"
    assert "organization" not in body


def test_a_repository_is_found_by_its_id(http: requests.Session, repo: Repository) -> None:
    """The path /repositories/{id} shows the same repository."""
    assert http.get(f"/repositories/{repo.id}").json() == http.get("/repos/octocat/example").json()
    assert http.get(f"/repositories/{repo.id + 1}").status_code == 404


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("name", ["OctoCat/Example", "OCTOCAT/example"])
def test_a_repository_is_found_in_any_case(http: requests.Session, name: str) -> None:
    """The response has the spelling of the repository."""
    body = http.get(f"/repos/{name}").json()
    assert (body["full_name"], body["url"]) == ("octocat/example", f"{API}/repos/octocat/example")


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("name", ["octocat/exmaple", "octokat/example", "octocat/example.git", "octocat/example%20"])
def test_an_unknown_repository_is_not_found(http: requests.Session, name: str) -> None:
    """The 404 is GitHub's. The hint lists the existing repositories."""
    reply = http.get(f"/repos/{name}")
    assert reply.status_code == 404
    assert list(reply.json().items()) == [
        ("message", "Not Found"),
        ("documentation_url", "https://docs.github.com/rest/repos/repos#get-a-repository"),
        ("status", "404"),
    ]
    assert "octocat/example" in reply.headers["X-GHDeploy-Hint"]


def test_an_organizations_repository_names_the_organization(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The owner is an organization, and the field organization is present."""
    ghdeploy.add_user("acme", type="Organization")
    ghdeploy.add_repository("acme/app", default_branch="develop", private=True)
    body = http.get("/repos/acme/app").json()
    assert (body["owner"]["type"], body["organization"]["login"]) == ("Organization", "acme")
    assert (body["default_branch"], body["private"], body["visibility"]) == ("develop", True, "private")


def test_a_push_updates_the_times(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """pushed_at and updated_at are the time of the commit; created_at stays."""
    before = http.get("/repos/octocat/example").json()
    ghdeploy.clock.tick(60)
    repo.add_commit("main")
    after = http.get("/repos/octocat/example").json()
    now = ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (after["created_at"], after["pushed_at"], after["updated_at"]) == (before["created_at"], now, now)
    assert before["pushed_at"] != now


RIGHTS = ["admin", "maintain", "push", "triage", "pull"]


@pytest.mark.parametrize("granted", RIGHTS)
def test_the_callers_rights_are_shown(
    http: requests.Session,
    ghdeploy: FakeGitHub,
    granted: Any,  # noqa: ANN401 - a permission
) -> None:
    """Each right includes the weaker ones. Only admins see the settings."""
    repo = ghdeploy.add_repository("acme/app", private=True)
    repo.add_collaborator("mona", granted)
    ghdeploy.add_token("token-of-mona", user="mona")
    body = http.get("/repos/acme/app", headers={"Authorization": "Bearer token-of-mona"}).json()
    place = RIGHTS.index(granted)
    assert body["permissions"] == {right: number >= place for number, right in enumerate(RIGHTS)}
    assert ("allow_merge_commit" in body) is (granted == "admin")


@pytest.mark.usefixtures("repo")
def test_an_anonymous_caller_sees_no_permissions(http: requests.Session) -> None:
    """Without a token there are neither permissions nor settings."""
    del http.headers["Authorization"]
    body = http.get("/repos/octocat/example").json()
    assert "permissions" not in body
    assert "allow_merge_commit" not in body


def test_ids_of_repositories_and_owners_differ(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """They come from different ranges."""
    ids = []
    for name in ("mona/a", "mona/b", "hubot/a"):
        ghdeploy.add_repository(name)
        body = http.get(f"/repos/{name}").json()
        ids += [body["id"], body["owner"]["id"]]
    assert len(set(ids)) == 5
    assert ids[0::2] == sorted(ids[0::2])
