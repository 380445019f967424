"""Accounts over HTTP: the caller's own and any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from client import API

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub


def test_any_token_acts_as_octocat(http: requests.Session) -> None:
    """Until a token is added, the caller is octocat and sees its private fields."""
    reply = http.get("/user")
    assert reply.status_code == 200
    body = reply.json()
    assert (body["login"], body["type"], body["url"]) == ("octocat", "User", f"{API}/users/octocat")
    assert {"total_private_repos", "two_factor_authentication", "plan"} <= body.keys()


def test_an_added_token_acts_as_its_user(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The user is created if necessary."""
    ghdeploy.add_user("hubot", type="Bot")
    ghdeploy.add_token("token-of-hubot", user="hubot")
    ghdeploy.add_token("token-of-mona", user="mona")
    ghdeploy.add_token("token-of-octocat")
    for login, kind in (("hubot", "Bot"), ("mona", "User"), ("octocat", "User")):
        body = http.get("/user", headers={"Authorization": f"token token-of-{login}"}).json()
        assert (body["login"], body["type"]) == (login, kind)


def test_an_anonymous_caller_has_no_account(http: requests.Session) -> None:
    """The response is a 401, even though it is a GET."""
    del http.headers["Authorization"]
    reply = http.get("/user")
    assert reply.status_code == 401
    assert list(reply.json().items()) == [
        ("message", "Requires authentication"),
        ("documentation_url", "https://docs.github.com/rest/users/users#get-the-authenticated-user"),
        ("status", "401"),
    ]


@pytest.mark.parametrize("login", ["Mona-Lisa", "mona-lisa", "MONA-LISA"])
def test_an_account_is_found_in_any_case(http: requests.Session, ghdeploy: FakeGitHub, login: str) -> None:
    """The response has the spelling of the account and no private fields."""
    user = ghdeploy.add_user("Mona-Lisa")
    body = http.get(f"/users/{login}").json()
    assert (body["login"], body["id"]) == ("Mona-Lisa", user.id)
    assert body["html_url"] == "https://github.com/Mona-Lisa"
    assert body["created_at"] == ghdeploy.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "plan" not in body


@pytest.mark.parametrize(("kind", "prefix"), [("User", "U_"), ("Organization", "O_"), ("Bot", "BOT_")])
def test_each_type_of_account_is_shown(
    http: requests.Session,
    ghdeploy: FakeGitHub,
    kind: Any,  # noqa: ANN401 - a type of account
    prefix: str,
) -> None:
    """Users, organizations and bots differ in type and node id."""
    ghdeploy.add_user("somebody", type=kind)
    body = http.get("/users/somebody").json()
    assert body["type"] == kind
    assert body["node_id"].startswith(prefix)


def test_a_bot_has_brackets_in_its_login(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """The brackets may be escaped in the path or not."""
    ghdeploy.add_user("deploy-app[bot]", type="Bot")
    for login in ("deploy-app[bot]", "deploy-app%5Bbot%5D"):
        assert http.get(f"/users/{login}").json()["login"] == "deploy-app[bot]"


def test_a_bot_is_shown_with_its_app(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Its page and picture are the app's, in its account, in commit statuses and in their events."""
    app = ghdeploy.add_app("vercel")
    ghdeploy.add_user("vercel[bot]")
    ghdeploy.add_repository("octocat/example").add_commit_status("main", state="success", creator="vercel[bot]")
    picture = f"https://avatars.githubusercontent.com/in/{app.id}?v=4"
    account = http.get("/users/vercel%5Bbot%5D").json()
    assert (account["url"], account["html_url"]) == (f"{API}/users/vercel%5Bbot%5D", "https://github.com/apps/vercel")
    assert account["avatar_url"] == picture
    assert http.get(account["url"]).json() == account
    combined = http.get("/repos/octocat/example/commits/main/status").json()
    (status,) = http.get("/repos/octocat/example/commits/main/statuses").json()
    event = ghdeploy.assert_event("status").payload
    assert [row["avatar_url"] for row in (combined["statuses"][0], status, status["creator"], event)] == [picture] * 4
    assert event["sender"]["avatar_url"] == picture


def test_repositories_are_counted(http: requests.Session, ghdeploy: FakeGitHub) -> None:
    """Everyone sees the number of public repositories, only the account itself that of private ones."""
    for name, private in (("a", False), ("b", False), ("c", True)):
        ghdeploy.add_repository(f"octocat/{name}", private=private)
    ghdeploy.add_repository("mona/a")
    assert http.get("/users/octocat").json()["public_repos"] == 2
    body = http.get("/user").json()
    assert (body["public_repos"], body["total_private_repos"], body["owned_private_repos"]) == (2, 1, 1)


def test_an_unknown_account_is_not_found(http: requests.Session) -> None:
    """The 404 is GitHub's. The hint lists the existing accounts."""
    reply = http.get("/users/octokat")
    assert reply.status_code == 404
    assert reply.json() == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest/users/users#get-a-user",
        "status": "404",
    }
    assert "octocat" in reply.headers["X-GHDeploy-Hint"]


def test_accounts_are_public(http: requests.Session) -> None:
    """An anonymous caller sees the public profile."""
    body = http.get("/users/octocat").json()
    del http.headers["Authorization"]
    assert http.get("/users/octocat").json() == body
