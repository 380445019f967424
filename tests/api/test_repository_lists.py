"""Lists of repositories: `repos/list-for-authenticated-user` and `repos/list-for-org`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub

MONA = {"Authorization": "token of-mona"}


def _names(reply: requests.Response) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [row["full_name"] for row in reply.json()]


@pytest.fixture
def many(ghdeploy: FakeGitHub) -> FakeGitHub:
    """Add repositories of three owners, an hour apart, and a token of mona's, who collaborates on some."""
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    ghdeploy.add_user("mona")
    ghdeploy.add_user("octo-org", type="Organization")
    for full_name, private in [
        ("mona/zoo", False),
        ("mona/secret", True),
        ("octocat/shared", True),
        ("octocat/public", False),
        ("octo-org/app", False),
        ("octo-org/hidden", True),
    ]:
        ghdeploy.add_repository(full_name, private=private)
        ghdeploy.clock.tick(3600)
    ghdeploy.repository("octocat/shared").add_collaborator("mona")
    ghdeploy.repository("octo-org/app").add_collaborator("mona", "admin")
    ghdeploy.add_token("of-mona", user="mona")
    return ghdeploy


OWN = ["mona/secret", "mona/zoo", "octo-org/app", "octocat/shared"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, OWN),
        ({"affiliation": "owner"}, OWN[:2]),
        ({"affiliation": "collaborator, organization_member"}, OWN[2:]),
        ({"affiliation": "friend"}, OWN),
        ({"visibility": "public"}, ["mona/zoo", "octo-org/app"]),
        ({"visibility": "private", "affiliation": "owner"}, ["mona/secret"]),
        ({"visibility": "all"}, OWN),
        ({"type": "owner"}, OWN[:2]),
        ({"type": "member"}, OWN[2:]),
        ({"type": "public"}, ["mona/zoo", "octo-org/app"]),
        ({"type": "private"}, ["mona/secret", "octocat/shared"]),
        ({"type": "all"}, OWN),
        ({"direction": "desc"}, OWN[::-1]),
        ({"sort": "created"}, ["octo-org/app", "octocat/shared", "mona/secret", "mona/zoo"]),
        ({"sort": "created", "direction": "asc"}, ["mona/zoo", "mona/secret", "octocat/shared", "octo-org/app"]),
        ({"sort": "updated"}, ["octo-org/app", "octocat/shared", "mona/secret", "mona/zoo"]),
        ({"sort": "pushed"}, ["octo-org/app", "octocat/shared", "mona/secret", "mona/zoo"]),
        ({"sort": "size"}, OWN),
        ({"since": "2026-03-10T14:00:00Z"}, ["octo-org/app", "octocat/shared"]),
        ({"before": "2026-03-10T13:00:00Z"}, ["mona/secret", "mona/zoo"]),
        ({"since": "2026-03-10T13:00:00", "before": "2026-03-10T14:00:00+00:00"}, ["mona/secret", "octocat/shared"]),
        ({"since": "soon"}, OWN),
    ],
)
@pytest.mark.usefixtures("many")
def test_the_callers_own_list(http: requests.Session, query: dict[str, str], expected: list[str]) -> None:
    """What the caller owns or collaborates on, in alphabetical order by default."""
    assert _names(http.get("/user/repos", params=query, headers=MONA)) == expected


@pytest.mark.usefixtures("many")
def test_a_listed_repository_has_the_callers_rights(http: requests.Session) -> None:
    """The order is GitHub's."""
    rows = {row["full_name"]: row["permissions"] for row in http.get("/user/repos", headers=MONA).json()}
    assert rows["octocat/shared"] == {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True}
    assert rows["mona/zoo"]["admin"] is rows["octo-org/app"]["admin"] is True


@pytest.mark.usefixtures("many")
def test_links_have_the_path_of_the_request(http: requests.Session) -> None:
    """The list has pages."""
    reply = http.get("/user/repos", params={"per_page": "3"}, headers=MONA)
    assert reply.links["next"]["url"] == "https://api.github.com/user/repos?per_page=3&page=2"
    assert _names(http.get(reply.links["next"]["url"], headers=MONA)) == OWN[3:]


@pytest.mark.parametrize("rival", ["visibility", "affiliation"])
@pytest.mark.usefixtures("many")
def test_type_excludes_other_filters(http: requests.Session, rival: str) -> None:
    """It is a 422."""
    reply = http.get("/user/repos", params={"type": "all", rival: "all"}, headers=MONA)
    message = "If you specify visibility or affiliation, you cannot specify type."
    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert reply.headers["X-GHDeploy-Hint"] == f"the query has type and {rival}"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({"scopes": ["public_repo"]}, ["mona/zoo", "octo-org/app"]),
        ({"scopes": ["repo"]}, OWN),
        ({"permissions": {}, "repositories": ["mona/secret"]}, ["mona/secret", "mona/zoo", "octo-org/app"]),
    ],
)
def test_a_token_sees_what_it_covers(
    http: requests.Session, many: FakeGitHub, token: dict[str, Any], expected: list[str]
) -> None:
    """Public repositories are covered by every token."""
    many.add_token("limited", user="mona", **token)
    assert _names(http.get("/user/repos", headers={"Authorization": "token limited"})) == expected


def test_an_app_has_no_repositories_of_its_own(http: requests.Session, many: FakeGitHub) -> None:
    """Its token is refused, and so is an anonymous caller."""
    token = many.add_app("gate").install("octo-org").token()
    reply = http.get("/user/repos", headers={"Authorization": f"token {token}"})
    assert (reply.status_code, reply.json()["message"]) == (403, "Resource not accessible by integration")


def test_a_user_token_of_an_app_sees_its_installations(http: requests.Session, many: FakeGitHub) -> None:
    """Of private repositories, only those of an installation."""
    installation = many.add_app("gate").install("octocat", repositories=["octocat/shared"])
    headers = {"Authorization": f"token {installation.user_token('mona')}"}
    assert _names(http.get("/user/repos", headers=headers)) == ["mona/zoo", "octo-org/app", "octocat/shared"]


def test_while_any_token_is_accepted_everything_is_listed(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Every token has all rights then."""
    ghdeploy.add_user("octo-org", type="Organization")
    for full_name in ("octocat/own", "octo-org/app", "mona/other"):
        ghdeploy.add_repository(full_name, private=True)
    assert _names(http.get("/user/repos")) == ["mona/other", "octo-org/app", "octocat/own"]
    assert _names(http.get("/user/repos?affiliation=organization_member")) == ["octo-org/app"]
    assert _names(http.get("/user/repos?affiliation=collaborator")) == ["mona/other"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["hidden", "app"]),
        ({"type": "all"}, ["hidden", "app"]),
        ({"type": "public"}, ["app"]),
        ({"type": "private"}, ["hidden"]),
        ({"type": "forks"}, []),
        ({"type": "sources"}, ["hidden", "app"]),
        ({"type": "member"}, ["app"]),
        ({"sort": "full_name"}, ["app", "hidden"]),
        ({"direction": "asc"}, ["app", "hidden"]),
    ],
)
def test_an_organizations_list(
    http: requests.Session, many: FakeGitHub, query: dict[str, str], expected: list[str]
) -> None:
    """Newest first by default."""
    many.repository("octo-org/hidden").add_collaborator("hubot")
    many.add_token("of-owner", user="octo-org")
    many.repository("octo-org/app").add_collaborator("octo-org")
    reply = http.get("/orgs/octo-org/repos", params=query, headers={"Authorization": "token of-owner"})
    if query.get("type") == "member":
        reply = http.get("/orgs/octo-org/repos", params=query, headers=MONA)
    assert _names(reply) == [f"octo-org/{name}" for name in expected]


@pytest.mark.usefixtures("many")
def test_what_the_caller_may_not_see_is_not_listed(http: requests.Session) -> None:
    """An anonymous caller sees the public ones, without rights."""
    assert _names(http.get("/orgs/OCTO-ORG/repos", headers=MONA)) == ["octo-org/app"]
    http.headers.pop("Authorization")
    reply = http.get("/orgs/octo-org/repos")
    assert _names(reply) == ["octo-org/app"]
    assert "permissions" not in reply.json()[0]
    refused = http.get("/user/repos")
    assert (refused.status_code, refused.json()["message"]) == (401, "Requires authentication")


def test_links_have_the_organizations_id(http: requests.Session, many: FakeGitHub) -> None:
    """As recorded. A client follows them."""
    owner = many.repository("octo-org/app").owner
    many.add_token("of-owner", user="octo-org")
    headers = {"Authorization": "token of-owner"}
    link = http.get("/orgs/octo-org/repos?per_page=1", headers=headers).links["next"]["url"]
    assert link == f"https://api.github.com/organizations/{owner.id}/repos?per_page=1&page=2"
    assert _names(http.get(link, headers=headers)) == ["octo-org/app"]


@pytest.mark.parametrize("login", ["nobody", "mona"])
@pytest.mark.usefixtures("many")
def test_what_is_not_an_organization_is_not_found(http: requests.Session, login: str) -> None:
    """A user is not an organization."""
    reply = http.get(f"/orgs/{login}/repos", headers=MONA)
    assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
    assert reply.headers["X-GHDeploy-Hint"] == f"unknown organization '{login}'; known: octo-org"
