"""Collaborators over HTTP, including `repos/get-collaborator-permission-level`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

HERE = "/repos/octocat/example/collaborators"
THERE = "/repos/acme/app/collaborators"


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> Repository:
    """Make a private repository of the organization acme."""
    ghdeploy.add_user("acme", type="Organization")
    return ghdeploy.add_repository("acme/app", private=True)


@pytest.fixture(autouse=True)
def _people(ghdeploy: FakeGitHub) -> None:
    for login in ("mona", "hubot"):
        ghdeploy.add_user(login)


def test_an_invitation_is_accepted_at_once(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The response is a 201 with an invitation. The right counts from the next request on."""
    assert http.get(f"{HERE}/mona").status_code == 404
    reply = http.put(f"{HERE}/MONA", json={})
    body = reply.json()
    assert (reply.status_code, body["permissions"], body["expired"]) == (201, "write", False)
    assert (body["invitee"]["login"], body["inviter"]["login"]) == ("mona", "octocat")
    assert body["repository"]["id"] == repo.id
    assert body["url"] == f"https://api.github.com/user/repository_invitations/{body['id']}"
    assert http.get(f"{HERE}/mona").status_code == 204
    ghdeploy.add_token("token-of-mona", user="mona")
    headers = {"Authorization": "Bearer token-of-mona"}
    deployed = http.post("/repos/octocat/example/deployments", json={"ref": "main"}, headers=headers)
    assert deployed.status_code == 201


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("permission", "role", "level"),
    [
        ("pull", "read", "read"),
        ("triage", "triage", "read"),
        ("push", "write", "write"),
        ("maintain", "maintain", "write"),
        ("admin", "admin", "admin"),
    ],
)
def test_the_right_can_be_chosen_on_an_organizations_repository(
    http: requests.Session, permission: str, role: str, level: str
) -> None:
    """A second PUT changes it with a 204. The level has the older name of the right, the role the newer one."""
    assert http.put(f"{THERE}/mona", json={"permission": "pull"}).json()["permissions"] == "read"
    assert http.put(f"{THERE}/mona", json={"permission": permission}).status_code == 204
    body = http.get(f"{THERE}/mona/permission").json()
    assert (body["permission"], body["role_name"], body["user"]["role_name"]) == (level, role, role)
    rights = ["pull", "triage", "push", "maintain", "admin"]
    granted = rights[: rights.index(permission) + 1]
    assert body["user"]["permissions"] == {right: right in granted for right in rights}


@pytest.mark.usefixtures("repo")
def test_collaborators_on_a_persons_repository_get_push(http: requests.Session) -> None:
    """The requested permission is ignored."""
    assert http.put(f"{HERE}/mona", json={"permission": "admin"}).json()["permissions"] == "write"
    assert http.get(f"{HERE}/mona/permission").json()["permission"] == "write"


@pytest.mark.usefixtures("repo", "app")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{HERE}/octocat", ("admin", "admin")),
        (f"{HERE}/mona", ("read", "read")),
        (f"{THERE}/mona", ("none", "none")),
    ],
)
def test_every_user_has_a_level(http: requests.Session, path: str, expected: tuple[str, str]) -> None:
    """The owner has admin, and a stranger read on a public repository."""
    body = http.get(f"{path}/permission").json()
    assert (body["permission"], body["role_name"]) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["octocat", "mona", "hubot"]),
        ("?affiliation=all", ["octocat", "mona", "hubot"]),
        ("?affiliation=direct", ["octocat", "mona", "hubot"]),
        ("?affiliation=outside", ["mona", "hubot"]),
        ("?permission=push", ["octocat", "hubot"]),
        ("?permission=admin", ["octocat"]),
        ("?permission=pull", ["octocat", "mona", "hubot"]),
        ("?permission=nonsense", ["octocat", "mona", "hubot"]),
        ("?per_page=1&page=2", ["mona"]),
    ],
)
def test_collaborators_are_listed(http: requests.Session, repo: Repository, query: str, expected: list[str]) -> None:
    """The owner comes first, then the others in the order in which they were added."""
    repo.add_collaborator("mona", "triage")
    repo.add_collaborator("hubot", "push")
    reply = http.get(HERE + query)
    assert [collaborator["login"] for collaborator in reply.json()] == expected
    if "per_page" in query:
        assert reply.links["next"]["url"].endswith(f"/repositories/{repo.id}/collaborators?per_page=1&page=3")


@pytest.mark.usefixtures("app")
def test_an_organization_is_not_a_collaborator(http: requests.Session) -> None:
    """Only people are listed. The organization's own account is a 404."""
    assert http.get(THERE).json() == []
    assert http.get(f"{THERE}/acme").status_code == 404
    assert http.put(f"{THERE}/acme", json={}).status_code == 404


@pytest.mark.usefixtures("repo")
def test_removing_a_collaborator(http: requests.Session) -> None:
    """The response is a 204, even if the user was not a collaborator."""
    http.put(f"{HERE}/mona", json={})
    assert http.delete(f"{HERE}/mona").status_code == 204
    assert http.get(f"{HERE}/mona").status_code == 404
    assert [collaborator["login"] for collaborator in http.get(HERE).json()] == ["octocat"]
    assert http.delete(f"{HERE}/mona").status_code == 204
    assert http.put(f"{HERE}/mona").status_code == 201


@pytest.mark.usefixtures("repo", "app")
@pytest.mark.parametrize(
    ("method", "path", "body", "field", "message"),
    [
        ("PUT", f"{HERE}/octocat", {}, "user", "Repository owner cannot be a collaborator"),
        ("DELETE", f"{HERE}/octocat", None, "user", "Repository owner cannot be a collaborator"),
        ("PUT", f"{THERE}/mona", {"permission": "write"}, "permission", "write is not a valid permission"),
    ],
)
def test_a_refused_grant_changes_nothing(
    http: requests.Session,
    snapshot: Callable[[], object],
    method: str,
    path: str,
    body: Any,  # noqa: ANN401 - JSON
    field: str,
    message: str,
) -> None:
    """The owner cannot be added, and the permission must exist."""
    before = snapshot(), http.get(THERE).json(), http.get(HERE).json()
    reply = http.request(method, path, json=body)
    assert (reply.status_code, reply.json()["message"]) == (422, "Validation Failed")
    error = {"resource": "Repository", "code": "custom", "field": field, "message": message}
    assert reply.json()["errors"] == [error]
    assert reply.headers["X-GHDeploy-Hint"]
    assert (snapshot(), http.get(THERE).json(), http.get(HERE).json()) == before


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/permission")])
def test_an_unknown_user_is_not_found(http: requests.Session, method: str, rest: str) -> None:
    """The 404 comes before the body is read. The hint lists the users."""
    reply = http.request(method, f"{HERE}/moona{rest}", data="no JSON")
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
    assert "mona" in reply.headers["X-GHDeploy-Hint"]


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("GET", "/hubot"), ("PUT", "/hubot"), ("DELETE", "/hubot"), ("GET", "/hubot/permission")],
)
def test_collaborators_need_admin(
    http: requests.Session, repo: Repository, ghdeploy: FakeGitHub, method: str, rest: str
) -> None:
    """A user with push gets a 404 on reading and a 403 on writing. Without a token, it is a 401."""
    repo.add_collaborator("mona", "push")
    ghdeploy.add_token("token-of-mona", user="mona")
    headers = {"Authorization": "Bearer token-of-mona"}
    refused = http.request(method, HERE + rest, headers=headers, json={}).status_code
    assert refused == (404 if method == "GET" else 403)
    del http.headers["Authorization"]
    assert http.request(method, HERE + rest, json={}).status_code == 401
