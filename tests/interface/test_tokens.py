"""Tokens in the Python interface: their kinds, invalid ones, and the secrecy of their text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy import FakeError, FakeGitHub, Token

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "ghp_of_these_tests_0001"


def stored(fake: FakeGitHub) -> object:
    """Copy all state that a mistake must not change."""
    store = fake._engine.store
    tables = {name: (table.next_id, list(table)) for name, table in store.tables().items()}
    return tables, dict(store.tokens), list(fake.events), fake.requests


def test_the_arguments_decide_the_kind_of_token() -> None:
    """Without arguments it is unlimited; scopes make it classic, permissions fine-grained or, for a bot, an app's."""
    gh = FakeGitHub()
    plain = gh.add_token("a")
    classic = gh.add_token("b", user="mona", scopes=["repo_deployment", "repo"])
    fine = gh.add_token("c", user="mona", permissions={"deployments": "write"})
    app = gh.add_token("d", user="Deployer[bot]", permissions={"deployments": "write"})
    assert gh.tokens == (plain, classic, fine, app)
    assert [(token.kind, token.user.login) for token in gh.tokens] == [
        ("classic", "octocat"),
        ("classic", "mona"),
        ("fine_grained", "mona"),
        ("app", "Deployer[bot]"),
    ]
    assert (plain.scopes, plain.permissions, plain.is_unlimited) == (None, None, True)
    assert (classic.scopes, classic.permissions, classic.is_unlimited) == (("repo",), None, False)
    assert (fine.scopes, fine.permissions) == (None, {"metadata": "read", "deployments": "write"})
    assert (plain.app, classic.app, fine.app) == (None, None, None)
    assert app.app is not None
    assert (app.app.slug, app.app.owner.login, app.user.type) == ("deployer", "octocat", "Bot")
    assert app.app.permissions == app.permissions


def test_a_bot_without_permissions_is_a_user_like_any_other() -> None:
    """Its token has no app and no limits."""
    token = FakeGitHub().add_token("a", user="deployer[bot]")
    assert (token.kind, token.app, token.is_unlimited) == ("classic", None, True)


def test_tokens_of_one_bot_are_of_one_app() -> None:
    """They belong to the existing app, which gets all permissions of its tokens."""
    gh = FakeGitHub()
    gate = gh.add_app("gate", owner="acme")
    first = gh.add_token("a", user="gate[bot]", permissions={"checks": "write", "deployments": "read"})
    second = gh.add_token("b", user="gate[bot]", permissions={"checks": "read"})
    assert first.app is not None
    assert second.app is first.app
    assert (first.app.id, first.app.owner.login) == (gate.id, "acme")
    assert first.app.permissions == {**gate.permissions, "checks": "write"}
    other = gh.add_token("c", user="other[bot]", permissions={}).app
    assert other is not None
    assert other.id != gate.id
    assert [app.slug for app in gh._engine.store.apps] == ["gate", "other"]


def test_an_added_app_deploys() -> None:
    """Its bot is the creator, with the id of the app."""
    with FakeGitHub() as gh:
        repo = gh.add_repository("octocat/example")
        app = gh.add_app("gate")
        gh.add_token("a", user="gate[bot]", permissions={"deployments": "write"})
        url = f"{gh.base_url}/repos/octocat/example/deployments"
        headers = {"Authorization": "Bearer a"}
        deployment = requests.post(url, json={"ref": "main"}, headers=headers, timeout=5).json()
        answer = requests.post(deployment["statuses_url"], json={"state": "success"}, headers=headers, timeout=5)
        picture = f"https://avatars.githubusercontent.com/in/{app.id}?v=4"
        assert answer.json()["creator"]["avatar_url"] == picture
        assert answer.json()["performed_via_github_app"] is None
        assert repo.deployments[0].state == "success"
        assert repo.deployments[0].creator.app_id == app.id
        sent = gh.assert_event("deployment_status").payload["deployment_status"]
        assert (sent["creator"]["login"], sent["creator"]["avatar_url"]) == ("gate[bot]", picture)


def test_an_app_created_by_a_token_cannot_be_added_again() -> None:
    """The app exists."""
    gh = FakeGitHub()
    gh.add_token("a", user="gate[bot]", permissions={})
    with pytest.raises(FakeError, match="app gate already exists"):
        gh.add_app("gate")


def test_a_token_does_not_change_github_actions() -> None:
    """The permissions of a workflow's token do not change the app."""
    gh = FakeGitHub()
    before = gh._engine.store.actions_app
    token = gh.add_token("a", user="github-actions[bot]", permissions={"packages": "write"})
    assert token.app is gh._engine.store.actions_app is before


def test_a_token_may_expire_in_any_time_zone() -> None:
    """The time is stored in UTC, to the second."""
    when = datetime(2030, 5, 13, 17, 1, 13, 999, tzinfo=timezone(timedelta(hours=2)))
    token = FakeGitHub().add_token("a", expires_at=when)
    assert token.expires_at == datetime(2030, 5, 13, 15, 1, 13, tzinfo=UTC)


MISTAKES: list[tuple[Callable[[FakeGitHub], object], str]] = [
    (lambda gh: gh.add_token(TEXT, scopes=["deploy"]), "unknown scope 'deploy'; known: .*repo_deployment"),
    (lambda gh: gh.add_token(TEXT, scopes="repo"), "scopes must be a list of scopes"),
    (lambda gh: gh.add_token(TEXT, scopes=[5]), "unknown scope 5"),  # type: ignore[list-item]
    (
        lambda gh: gh.add_token(TEXT, permissions={"deployment": "write"}),
        "unknown permission 'deployment'; known: deployments, ",
    ),
    (
        lambda gh: gh.add_token(TEXT, permissions={"deployments": "admin"}),
        "unknown level 'admin' of the permission deployments; known: read, write",
    ),
    (
        lambda gh: gh.add_token(TEXT, permissions={"metadata": "write"}),
        "unknown level 'write' of the permission metadata; known: read",
    ),
    (lambda gh: gh.add_token(TEXT, permissions=["deployments"]), "permissions must be a mapping"),  # type: ignore[arg-type]
    (lambda gh: gh.add_token(TEXT, scopes=[], permissions={}), "scopes .* or permissions .*, not both"),
    (lambda gh: gh.add_token(TEXT, repositories=["octocat/example"]), "repositories needs permissions"),
    (lambda gh: gh.add_token(TEXT, scopes=["repo"], repositories=[]), "repositories needs permissions"),
    (
        lambda gh: gh.add_token(TEXT, user="mona", permissions={}, repositories=["octocat/none"]),
        "unknown repository 'octocat/none'; known: octocat/example",
    ),
    (lambda gh: gh.add_token(TEXT, permissions={}, repositories="octocat/example"), "repositories must be a list"),
    (lambda gh: gh.add_token(TEXT, permissions={}, repositories=[5]), "the name of a repo"),  # type: ignore[list-item]
    (lambda gh: gh.add_token(TEXT, user="gate[bot]", scopes=["repo"]), r"gate\[bot\] is a bot.*use permissions"),
    (lambda gh: gh.add_token(TEXT, user="acme", permissions={}), "acme is an organization"),
    (
        lambda gh: gh.add_token(TEXT, user="mona", expires_at=datetime(2030, 1, 1)),  # noqa: DTZ001 - the mistake
        "expires_at must be a datetime with a time zone",
    ),
    (
        lambda gh: gh.add_token(TEXT, expires_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        r"^expires_at must be a time in the years 1 to 9999, in UTC; got 0001-01-01T",
    ),
    (
        lambda gh: gh.add_token(TEXT, expires_at=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14)))),
        r"^expires_at must be a time in the years 1 to 9999, in UTC; got 9999-12-31T",
    ),
    (lambda gh: gh.add_token(TEXT, expires_at="2030-01-01"), "expires_at must be a datetime"),  # type: ignore[arg-type]
    (lambda gh: gh.add_token(b"ghp_of_these_tests_0001"), "token must be a non-empty string"),  # type: ignore[arg-type]
    (lambda gh: gh.add_token(f"{TEXT} "), "token must be a non-empty string without white space"),
    (lambda gh: gh.add_token(f"{TEXT}\ud800"), "token must be a non-empty string without white space"),
    (lambda gh: gh.add_token("\n"), "token must be a non-empty string without white space"),
    (lambda gh: gh.revoke_token(TEXT), "this token was never added, or was revoked: valid tokens belong to hubot"),
    (lambda gh: gh.revoke_token(["x"]), "this token was never added, or was revoked"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("mistake", "problem"), MISTAKES)
def test_a_mistake_is_refused_and_changes_nothing(mistake: Callable[[FakeGitHub], object], problem: str) -> None:
    """The message lists the known values, and never contains the token."""
    gh = FakeGitHub()
    gh.add_repository("octocat/example")
    gh.add_user("acme", type="Organization")
    gh.add_token("another", user="hubot")
    before = stored(gh)
    with pytest.raises(FakeError, match=problem) as caught:
        mistake(gh)
    assert stored(gh) == before
    assert "ghp_of" not in str(caught.value)


def test_a_token_is_revoked_once() -> None:
    """It is no longer listed, and cannot be revoked again."""
    gh = FakeGitHub()
    gh.add_token(TEXT)
    gh.revoke_token(TEXT)
    assert gh.tokens == ()
    with pytest.raises(FakeError, match="this token was never added, or was revoked: no token is valid"):
        gh.revoke_token(TEXT)
    gh.reset()
    assert gh.tokens == ()


def test_the_text_of_a_token_is_never_shown(ghdeploy: FakeGitHub) -> None:
    """Not in its repr, a hint, the conversation, or the records of requests and events."""
    ghdeploy.add_repository("octocat/example")
    given: list[dict[str, Any]] = [
        {},
        {"scopes": []},
        {"permissions": {}},
        {"user": "gate[bot]", "permissions": {"deployments": "write"}},
        {"expires_at": ghdeploy.clock.now},
    ]
    for arguments in given:
        token = ghdeploy.add_token(TEXT, **arguments)
        assert token.text == TEXT
        assert TEXT not in repr(token) + repr(ghdeploy.tokens)
        url = "https://api.github.com/repos/octocat/example/deployments"
        for path in ("", "/1", f"?x={TEXT}"):
            body = {"ref": "main", "payload": "x"}
            requests.post(url + path, json=body, headers={"Authorization": f"token {TEXT}"}, timeout=5)
    ghdeploy.revoke_token(TEXT)
    requests.get(url, headers={"Authorization": f"token {TEXT}"}, timeout=5)
    shown = ghdeploy.conversation_text() + repr(ghdeploy.requests) + repr([one.payload for one in ghdeploy.events])
    assert TEXT not in shown
    assert "has expired" in shown
    assert "was revoked with revoke_token" in shown


def test_a_token_cannot_be_changed() -> None:
    """It is frozen, like all rows."""
    token = FakeGitHub().add_token(TEXT)
    assert isinstance(token, Token)
    with pytest.raises(AttributeError):
        token.scopes = ("repo",)  # type: ignore[misc]


def test_a_bots_account_is_a_bot_however_it_is_added(ghdeploy: FakeGitHub) -> None:
    """The login decides it, and a token with permissions belongs to an app."""
    assert ghdeploy.add_user("deployer[bot]").type == "Bot"
    assert ghdeploy.add_token("of-the-bot", user="deployer[bot]", permissions={"deployments": "write"}).kind == "app"
    with pytest.raises(FakeError, match="an organization cannot have it"):
        ghdeploy.add_user("other[bot]", type="Organization")


def test_an_object_created_by_a_bot_names_only_the_bot(ghdeploy: FakeGitHub) -> None:
    """As on GitHub, an app that acts as itself is not in performed_via_github_app, with or without a token."""
    repo = ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token("of-the-bot", user="deployer[bot]", permissions={"deployments": "write"})
    ghdeploy.add_user("lonely[bot]")
    deployment = repo.add_deployment(ref="main", creator="deployer[bot]")
    status = deployment.add_status("success", creator="deployer[bot]")
    lonely = repo.add_deployment(ref="main", creator="lonely[bot]")
    for made, login in ((deployment, "deployer[bot]"), (status, "deployer[bot]"), (lonely, "lonely[bot]")):
        assert (made.creator.login, made.performed_via_github_app) == (login, None)
    payload = ghdeploy.assert_event("deployment_status").payload["deployment_status"]
    assert (payload["creator"]["login"], payload["performed_via_github_app"]) == ("deployer[bot]", None)
