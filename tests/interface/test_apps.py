"""Apps: their installations, and the tokens with which they act as themselves or for a user."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
import signing
from client import stored
from github import Auth, Github

from pytest_ghdeploy import App, FakeError, FakeGitHub, Installation
from pytest_ghdeploy.github.apps import client_id

if TYPE_CHECKING:
    from collections.abc import Callable

API = "https://api.github.com"
DEPLOYMENTS = "/repos/octocat/example/deployments"


def call(token: str, method: str, path: str, body: object = None) -> requests.Response:
    """Send a request with a token."""
    return requests.request(method, API + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def said(response: requests.Response) -> tuple[int, str]:
    """Return the status and the message of a refusal; the message is "" if there is none."""
    body = response.json()
    return response.status_code, body.get("message", "") if isinstance(body, dict) else ""


# A tool that deploys


def test_a_tool_deploys_for_a_user(ghdeploy: FakeGitHub) -> None:
    """The user is the creator, and both answers and both events show the app."""
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_collaborator("mona")
    app = ghdeploy.add_app("deployer", permissions={"deployments": "write", "contents": "read"})
    token = app.install("octocat").user_token("mona")

    remote = Github(auth=Auth.Token(token), seconds_between_requests=0, seconds_between_writes=0)
    deployment = remote.get_repo("octocat/example").create_deployment("main")
    status = deployment.create_status("success")

    assert remote.get_user().login == deployment.creator.login == status.creator.login == "mona"
    shown = [deployment.raw_data, status.raw_data]
    for name in ("deployment", "deployment_status"):
        payload = ghdeploy.assert_event(name).payload
        assert payload["sender"]["login"] == "mona"
        shown.append(payload[name])
    for made in shown:
        named = made["performed_via_github_app"]
        assert (named["id"], named["client_id"], named["slug"]) == (app.id, app.client_id, "deployer")
        assert named["permissions"] == {"metadata": "read", "deployments": "write", "contents": "read"}
    assert repo.deployments[0].performed_via_github_app == app
    assert repo.deployments[0].statuses[0].performed_via_github_app == app


def test_the_same_app_deploys_as_itself(ghdeploy: FakeGitHub) -> None:
    """Its bot is the creator, and performed_via_github_app is null."""
    ghdeploy.add_repository("octocat/example")
    token = ghdeploy.add_app("deployer").install("octocat").token()

    deployment = call(token, "POST", DEPLOYMENTS, {"ref": "main"}).json()
    status = call(token, "POST", f"{DEPLOYMENTS}/{deployment['id']}/statuses", {"state": "success"}).json()

    shown = [deployment, status]
    shown += [ghdeploy.assert_event(name).payload[name] for name in ("deployment", "deployment_status")]
    for row in shown:
        assert (row["creator"]["login"], row["performed_via_github_app"]) == ("deployer[bot]", None)


# Rights


def scene(gh: FakeGitHub) -> App:
    """Set up an app that is installed on a part of octocat's repositories and on all of acme's."""
    gh.add_user("acme", type="Organization")
    for name in ("octocat/example", "octocat/other", "acme/site"):
        repo = gh.add_repository(name, private=True)
        repo.add_collaborator("mona")
        repo.add_collaborator("hubot", "pull")
    gh.add_repository("octocat/public")
    app = gh.add_app("deployer", permissions={"deployments": "write", "checks": "write", "contents": "write"})
    app.install("octocat", repositories=["octocat/example"], permissions={"deployments": "write", "checks": "write"})
    app.install("acme")
    gh.add_token("ends-any-token-will-do")
    return app


BY_INTEGRATION = (403, "Resource not accessible by integration")
APPS_ONLY = (403, "You must authenticate via a GitHub App.")
HIDDEN = (404, "Not Found")
DEPLOY = {"ref": "main"}
FILE = {"message": "Add", "content": "", "branch": "main"}


def with_sha(body: Any, sha: str) -> Any:  # noqa: ANN401 - JSON
    """Write *sha* where the body of a check run in a table has a place for it."""
    return {**body, "head_sha": sha} if body and "{sha}" in body.values() else body


@pytest.mark.parametrize(
    ("user", "method", "path", "body", "expected", "hint"),
    [
        ("mona", "GET", "/user", None, (200, ""), ""),
        ("mona", "POST", DEPLOYMENTS, DEPLOY, (201, ""), ""),
        ("mona", "GET", DEPLOYMENTS, None, (200, ""), ""),
        ("mona", "POST", "/repos/acme/site/deployments", DEPLOY, (201, ""), ""),
        ("mona", "PUT", "/repos/acme/site/contents/a", FILE, (201, ""), ""),
        (
            "mona",
            "PUT",
            "/repos/octocat/example/contents/a",
            FILE,
            BY_INTEGRATION,
            (
                "the token of mona has the permissions checks=write, deployments=write, metadata=read; "
                "repos/create-or-update-file-contents needs contents=write: "
                "see add_app and App.install"
            ),
        ),
        (
            "mona",
            "POST",
            "/repos/octocat/example/statuses/{sha}",
            {"state": "success"},
            BY_INTEGRATION,
            (
                "the token of mona has the permissions checks=write, deployments=write, metadata=read; "
                "repos/create-commit-status needs statuses=write: see add_app and App.install"
            ),
        ),
        (
            "mona",
            "POST",
            "/repos/octocat/other/deployments",
            DEPLOY,
            HIDDEN,
            (
                "the token of mona covers octocat/example, acme/site only, not private repository octocat/other: "
                "see App.install"
            ),
        ),
        ("mona", "GET", "/repos/octocat/public/deployments", None, (200, ""), ""),
        (
            "mona",
            "POST",
            "/user/repos",
            {"name": "new"},
            BY_INTEGRATION,
            (
                "the token of mona has the permissions checks=write, contents=write, deployments=write, metadata=read; "
                "repos/create-for-authenticated-user needs administration=write: "
                'add_app(..., permissions={"administration": "write"})'
            ),
        ),
        (
            "mona",
            "POST",
            "/repos/octocat/public/deployments",
            DEPLOY,
            BY_INTEGRATION,
            (
                "the token of mona covers octocat/example, acme/site only, not public repository octocat/public: "
                "see App.install"
            ),
        ),
        ("hubot", "GET", DEPLOYMENTS, None, (200, ""), ""),
        (
            "hubot",
            "POST",
            DEPLOYMENTS,
            DEPLOY,
            BY_INTEGRATION,
            (
                "hubot has only the right 'pull' on private repository octocat/example; repos/create-deployment needs "
                """'push': repo.add_collaborator("hubot")"""
            ),
        ),
        (
            "stranger",
            "POST",
            DEPLOYMENTS,
            DEPLOY,
            HIDDEN,
            (
                "stranger has no right on private repository octocat/example; repos/create-deployment needs 'push': "
                'repo.add_collaborator("stranger")'
            ),
        ),
        (
            "mona",
            "POST",
            "/repos/octocat/example/check-runs",
            {"name": "a", "head_sha": "{sha}"},
            APPS_ONLY,
            (
                "the token of mona is a user's token, and only apps may call checks/create: use the token of an "
                "installation"
            ),
        ),
    ],
)
def test_a_user_token_has_the_rights_that_all_have_in_common(
    ghdeploy: FakeGitHub,
    user: str,
    method: str,
    path: str,
    body: Any,  # noqa: ANN401
    expected: tuple[int, str],
    hint: str,
) -> None:
    """Those of the user, of the app and of the installation on the repository's owner."""
    app = scene(ghdeploy)
    sha = ghdeploy.repository("octocat/example").sha("main")
    token = app.installations[0].user_token(user)

    response = call(token, method, path.replace("{sha}", sha), with_sha(body, sha))

    assert said(response) == expected
    assert ghdeploy.requests[-1].hint == hint


@pytest.mark.parametrize(
    ("installed_on", "arguments", "method", "path", "body", "expected", "hint"),
    [
        ("octocat", {}, "POST", DEPLOYMENTS, DEPLOY, (201, ""), ""),
        ("acme", {}, "POST", "/repos/acme/site/deployments", DEPLOY, (201, ""), ""),
        ("acme", {"repositories": ["acme/site"]}, "POST", "/repos/acme/site/deployments", DEPLOY, (201, ""), ""),
        ("octocat", {}, "POST", "/repos/octocat/example/check-runs", {"name": "a", "head_sha": "{sha}"}, (201, ""), ""),
        (
            "octocat",
            {},
            "GET",
            "/user",
            None,
            BY_INTEGRATION,
            (
                "the token of deployer[bot] is an app token and has no user account: users/get-authenticated needs a "
                "user's token"
            ),
        ),
        (
            "octocat",
            {},
            "POST",
            "/repos/acme/site/deployments",
            DEPLOY,
            HIDDEN,
            "the token of deployer[bot] covers octocat/example only, not private repository acme/site: see App.install",
        ),
        (
            "acme",
            {"repositories": []},
            "POST",
            "/repos/acme/site/deployments",
            DEPLOY,
            HIDDEN,
            "the token of deployer[bot] covers no repository, not private repository acme/site: see App.install",
        ),
        (
            "octocat",
            {"permissions": {"deployments": "read"}},
            "POST",
            DEPLOYMENTS,
            DEPLOY,
            BY_INTEGRATION,
            (
                "the token of deployer[bot] has the permissions deployments=read, metadata=read; "
                "repos/create-deployment needs deployments=write: see App.install and Installation.token"
            ),
        ),
    ],
)
def test_an_installation_token_has_the_rights_of_its_installation(
    ghdeploy: FakeGitHub,
    installed_on: str,
    arguments: Any,  # noqa: ANN401
    method: str,
    path: str,
    body: Any,  # noqa: ANN401
    expected: tuple[int, str],
    hint: str,
) -> None:
    """Or fewer, if it was issued with fewer."""
    app = scene(ghdeploy)
    sha = ghdeploy.repository("octocat/example").sha("main")
    installation = next(one for one in app.installations if one.account.login == installed_on)

    response = call(installation.token(**arguments), method, path, with_sha(body, sha))

    assert said(response) == expected
    assert ghdeploy.requests[-1].hint == hint


def test_a_renamed_repository_redirects_only_whom_it_is_shown_to(ghdeploy: FakeGitHub) -> None:
    """A token of an app follows the rename of a repository that its installation covers."""
    app = scene(ghdeploy)
    for name in ("example", "other"):
        ghdeploy.repository(f"octocat/{name}").rename(f"octocat/new-{name}")
    for token in (app.installations[0].token(), app.installations[0].user_token("mona")):
        assert call(token, "GET", "/repos/octocat/example").json()["name"] == "new-example"
        assert said(call(token, "GET", "/repos/octocat/other")) == HIDDEN
    assert app.installations[0].repositories == ["octocat/new-example"]


def test_a_user_token_counts_against_the_budget_of_its_user(ghdeploy: FakeGitHub) -> None:
    """An installation token counts against that of the bot, and its refusal names the installation."""
    ghdeploy.add_repository("octocat/example")
    installation = ghdeploy.add_app("deployer").install("octocat")
    for_mona, of_the_bot = installation.user_token("mona"), installation.token()
    mona = call(for_mona, "GET", "/user").json()["id"]
    ghdeploy.rate_limits.set(0, user="mona")
    refused = call(for_mona, "GET", DEPLOYMENTS)
    assert refused.status_code == 403
    assert refused.json()["message"].startswith(f"API rate limit exceeded for user ID {mona}. ")
    assert call(of_the_bot, "GET", DEPLOYMENTS).headers["X-RateLimit-Used"] == "1"
    ghdeploy.rate_limits.set(0, user="deployer[bot]")
    message = call(of_the_bot, "GET", DEPLOYMENTS).json()["message"]
    assert message.startswith(f"API rate limit exceeded for installation ID {installation.id}. ")


def test_issued_tokens_expire(ghdeploy: FakeGitHub) -> None:
    """Those of an installation after an hour, those for a user after eight. They do not end "any token will do"."""
    ghdeploy.add_repository("octocat/example")
    installation = ghdeploy.add_app("deployer").install("octocat")
    of_the_app, for_mona = installation.token(), installation.user_token("mona")
    assert (of_the_app[:4], for_mona[:4], len(of_the_app), len(for_mona)) == ("ghs_", "ghu_", 40, 40)
    for token, life in ((of_the_app, timedelta(hours=1)), (for_mona, timedelta(hours=8))):
        end = ghdeploy.clock.now + life
        shown = call(token, "GET", DEPLOYMENTS).headers["github-authentication-token-expiration"]
        assert shown == f"{end:%Y-%m-%d %H:%M:%S} UTC"
    ghdeploy.clock.tick(3599)
    assert call(of_the_app, "GET", DEPLOYMENTS).status_code == 200
    ghdeploy.clock.tick(1)
    assert said(call(of_the_app, "GET", DEPLOYMENTS)) == (401, "Bad credentials")
    assert call(for_mona, "GET", DEPLOYMENTS).status_code == 200
    ghdeploy.revoke_token(for_mona)
    assert said(call(for_mona, "GET", DEPLOYMENTS)) == (401, "Bad credentials")
    assert call("any-other", "GET", "/user").json()["login"] == "octocat"
    assert ghdeploy.tokens == ()


def test_issued_tokens_are_never_shown(ghdeploy: FakeGitHub) -> None:
    """Not even where a tool sends one as a payload before it uses it."""
    ghdeploy.add_repository("octocat/example")
    token = ghdeploy.add_app("deployer").install("octocat").user_token("mona")
    call("another", "POST", DEPLOYMENTS, {"ref": "main", "payload": token})
    assert token not in ghdeploy.conversation_text() + repr(ghdeploy.requests)


# Installations


def test_an_app_is_installed_everywhere_until_it_is_installed(ghdeploy: FakeGitHub) -> None:
    """Each owner has an installation with all repositories. The first `install` ends those, and their tokens."""
    for name in ("octocat/example", "acme/site", "acme/new"):
        ghdeploy.add_repository(name)
    app = ghdeploy.add_app("deployer", permissions={"deployments": "write"})
    octocats, acmes = app.installations
    assert app.installations == [octocats, acmes]
    assert [(one.account.login, one.repositories) for one in app.installations] == [("octocat", None), ("acme", None)]
    assert octocats.permissions == app.permissions == {"metadata": "read", "deployments": "write"}
    tokens = {login: one.token() for login, one in (("octocat", octocats), ("acme", acmes))}
    for_mona = acmes.user_token("mona")
    for path in (DEPLOYMENTS, "/repos/acme/new/deployments"):
        assert call(for_mona, "POST", path, DEPLOY).status_code == 201
    assert call(tokens["acme"], "POST", "/repos/acme/new/deployments", DEPLOY).status_code == 201
    assert said(call(tokens["acme"], "POST", DEPLOYMENTS, DEPLOY)) == BY_INTEGRATION

    acmes = app.install("acme", repositories=["acme/site"])

    assert app.installations == [acmes]
    assert acmes.repositories == ["acme/site"]
    assert said(call(tokens["octocat"], "GET", DEPLOYMENTS)) == (401, "Bad credentials")
    assert ghdeploy.requests[-1].hint == (
        "the token of deployer[bot] belongs to an installation that was deleted, or that ended when App.install was "
        "called: until then, "
        "an app is installed on every account"
    )
    assert call(for_mona, "POST", "/repos/acme/site/deployments", DEPLOY).status_code == 201
    assert said(call(for_mona, "POST", "/repos/acme/new/deployments", DEPLOY)) == BY_INTEGRATION
    with pytest.raises(FakeError, match="no longer exists"):
        octocats.token()


def test_a_deleted_installation_ends_that_an_app_is_everywhere(ghdeploy: FakeGitHub) -> None:
    """It stays installed on the other owners, but not on those that are added later."""
    for name in ("octocat/example", "acme/site"):
        ghdeploy.add_repository(name)
    app = ghdeploy.add_app("deployer")
    octocats, acmes = app.installations
    octocats.delete()
    ghdeploy.add_repository("late/comer")
    assert app.installations == [acmes]
    with pytest.raises(FakeError, match=r"^installation \d+ no longer exists"):
        octocats.suspend()
    again = app.install("octocat")
    assert app.installations == [acmes, again]


def test_a_suspended_installation_issues_no_token(ghdeploy: FakeGitHub) -> None:
    """The message is GitHub's."""
    installation = ghdeploy.add_app("deployer").install("octocat", suspended=True)
    assert (installation.suspended_at, installation.updated_at) == (ghdeploy.clock.now, ghdeploy.clock.now)
    assert ghdeploy.events == []
    with pytest.raises(
        FakeError, match=r"^GitHub would respond 403 'This installation has been suspended': the instal"
    ):
        installation.token()
    ghdeploy.clock.tick(60)
    installation.unsuspend()
    assert (installation.suspended_at, installation.suspended_by) == (None, None)
    assert installation.updated_at == ghdeploy.clock.now
    assert installation.token().startswith("ghs_")


def test_an_installation_can_have_the_id_that_a_tool_knows(ghdeploy: FakeGitHub) -> None:
    """Later ones have other ids."""
    app = ghdeploy.add_app("deployer")
    known = app.install("octocat", id=90_000_000)
    assert known.id == 90_000_000
    assert app.install("acme").id > known.id
    assert app.install("mona", id=5).id == 5
    assert [one.account.login for one in app.installations] == ["mona", "octocat", "acme"]


def test_a_private_key_is_given_or_made(ghdeploy: FakeGitHub) -> None:
    """It stays the same, also when the permissions of the app change. Two apps have different ones."""
    made, given = ghdeploy.add_app("made"), ghdeploy.add_app("given", private_key=signing.private_key())
    key = made.private_key
    assert key.startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert given.private_key == signing.private_key() != key
    ghdeploy.add_token("wider", user="made[bot]", permissions={"checks": "write"})
    assert made.private_key == key
    assert "PRIVATE" not in repr(vars(ghdeploy._engine.store)["apps"])


def test_an_app_is_everywhere_for_a_user_token_without_a_look_at_its_installations(ghdeploy: FakeGitHub) -> None:
    """A token that was added works in each repository, and a refused request creates no installation."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_app("deployer", permissions={"deployments": "write"})
    token = ghdeploy.add_token("ghu_added", user="mona", app="deployer")
    assert (token.kind, token.user.login, token.scopes) == ("user_access", "mona", None)
    assert token.app is not None
    assert token.app.slug == "deployer"
    before = stored(ghdeploy)
    assert said(call("ghu_added", "POST", DEPLOYMENTS, DEPLOY)) == BY_INTEGRATION
    assert stored(ghdeploy) == before
    ghdeploy.repository("octocat/example").add_collaborator("mona")
    deployment = call("ghu_added", "POST", DEPLOYMENTS, DEPLOY).json()
    assert (deployment["creator"]["login"], deployment["performed_via_github_app"]["slug"]) == ("mona", "deployer")
    assert said(call("another", "GET", "/user")) == (401, "Bad credentials")


def test_a_handle_of_an_app_has_githubs_fields() -> None:
    """It reads the current state, and equals whatever shows the same app."""
    gh = FakeGitHub()
    app = gh.add_app(
        "deployer", owner="acme", id=4711, client_id="Iv1.0123", permissions={"checks": "write"}, events=()
    )
    other = gh.add_app("other")
    assert (app.id, app.client_id, app.slug, app.name, app.owner.login) == (
        4711,
        "Iv1.0123",
        "deployer",
        "deployer",
        "acme",
    )
    assert (app.permissions, app.events) == ({"metadata": "read", "checks": "write"}, ())
    assert (app.description, app.external_url, app.updated_at, app.created_at) == ("", "", None, gh.clock.now)
    assert app.html_url == "https://github.com/apps/deployer"
    assert app.node_id.startswith("A_")
    assert other.id > app.id
    assert (other.permissions["actions"], other.permissions["metadata"]) == ("write", "read")
    assert other.events == ("deployment_protection_rule",)
    token = gh.add_token("a-token", user="deployer[bot]", permissions={"deployments": "write"})
    assert app.permissions == {"metadata": "read", "checks": "write", "deployments": "write"}
    assert token.app == app != other
    assert len({app, token.app}) == 1
    assert app != "deployer"
    assert repr(app) == "<App 4711>"
    installation = app.install("octo-org")
    assert isinstance(installation, Installation)
    assert installation.created_at == gh.clock.now
    assert repr(installation) == f"<Installation {installation.id}>"
    with pytest.raises(AttributeError, match="an installation has no attribute 'acount'; known: account, "):
        installation.acount  # type: ignore[attr-defined] # noqa: B018
    gh.reset()
    with pytest.raises(FakeError, match="app 4711 no longer exists: it was deleted, or the fake was reset"):
        _ = app.slug
    with pytest.raises(FakeError, match=r"installation \d+ no longer exists: it was deleted, or the fake was reset"):
        installation.user_token("mona")


MISTAKES: list[tuple[Callable[[FakeGitHub, App, Installation], object], str, str | None]] = [
    (lambda gh, *_: gh.add_app("deployer"), "^app deployer already exists$", "slug"),
    (lambda gh, *_: gh.add_app("new", id=0), "^id must be a whole number, 1 or more; got 0$", "id"),
    (lambda gh, *_: gh.add_app("new", id=15368), "^the id 15368 belongs to the app github-actions$", "id"),
    (lambda gh, app, _: gh.add_app("new", id=app.id), r"^the id \d+ belongs to the app deployer$", "id"),
    (
        lambda gh, *_: gh.add_app("early", id=99),
        r"^early\[bot\] exists already, and its app has the id \d+: add the app before its bot$",
        "id",
    ),
    (lambda gh, *_: gh.add_app("new", client_id=""), "^client_id must be a non-empty string, got None$", "client_id"),
    (
        lambda gh, app, _: gh.add_app("new", client_id=app.client_id),
        r"^the client_id Iv23li\w{14} belongs to the app deployer$",
        "client_id",
    ),
    (
        lambda gh, *_: gh.add_app("new", client_id=client_id(15368)),
        "^the client_id .* belongs to the app github-actions$",
        "client_id",
    ),
    (
        lambda gh, *_: gh.add_app("new", permissions={"deployment": "write"}),
        "^unknown permission 'deployment'; known: deployments, ",
        "permissions",
    ),
    (
        lambda gh, *_: gh.add_app("new", permissions={"deployments": "admin"}),
        "^unknown level 'admin' of the permission deployments; known: read, write$",
        "permissions",
    ),
    (
        lambda gh, *_: gh.add_app("new", events=["deploy"]),
        "^unknown event 'deploy'; known: deployment, deploy_key, ",
        "events",
    ),
    (lambda gh, *_: gh.add_app("new", events="push"), "^events must be a list of events", "events"),
    (
        lambda gh, *_: gh.add_app("new", private_key="a key"),
        "^private_key must be an RSA private key in PEM without a password, beginning with -----BEGIN RSA PRIVATE",
        "private_key",
    ),
    (
        lambda gh, *_: gh.add_app("new", private_key=b"key"),
        "^private_key must be an RSA private key in PEM",
        "private_key",
    ),
    (lambda _, app, __: app.install("acme", id=0), "^id must be a whole number, 1 or more; got 0$", "id"),
    (
        lambda _, app, installation: app.install("acme", id=installation.id),
        r"^the id \d+ belongs to the installation on octocat$",
        "id",
    ),
    (lambda _, app, __: app.install("acme", suspended=1), "^suspended must be True or False, got 1$", "suspended"),  # type: ignore[arg-type]
    (lambda _, app, __: app.install("octocat"), "^app deployer is already installed on octocat$", "account"),
    (lambda _, app, __: app.install("Octocat"), "^app deployer is already installed on octocat$", "account"),
    (lambda _, app, __: app.install("mona lisa"), "^invalid login 'mona lisa'", "account"),
    (
        lambda _, app, __: app.install("hubot[bot]"),
        r"^hubot\[bot\] is a bot; an app is installed on a user or an organization$",
        "account",
    ),
    (
        lambda _, app, __: app.install("acme", repositories=["octocat/example"]),
        "^repository octocat/example does not belong to acme$",
        "repositories",
    ),
    (
        lambda _, app, __: app.install("acme", repositories=["acme/none"]),
        "^unknown repository 'acme/none'; known: ",
        "repositories",
    ),
    (lambda _, app, __: app.install("acme", repositories="acme/site"), "^repositories must be a list", "repositories"),
    (
        lambda _, app, __: app.install("acme", permissions={"contents": "read"}),
        "^the app deployer has the permissions checks=read, deployments=write, metadata=read; contents=read is more$",
        "permissions",
    ),
    (
        lambda _, app, __: app.install("acme", permissions={"checks": "write"}),
        "^the app deployer has the permissions checks=read, deployments=write, metadata=read; checks=write is more$",
        "permissions",
    ),
    (
        lambda _, __, installation: installation.token(permissions={"checks": "read"}),
        "^the installation on octocat has the permissions deployments=write, metadata=read; checks=read is more$",
        "permissions",
    ),
    (
        lambda _, __, installation: installation.token(repositories=["octocat/other"]),
        "^the installation on octocat covers octocat/example only$",
        "repositories",
    ),
    (
        lambda _, __, installation: installation.token(repositories=["acme/site"]),
        "^repository acme/site does not belong to octocat$",
        "repositories",
    ),
    (
        lambda _, __, installation: installation.user_token("hubot[bot]"),
        r"^hubot\[bot\] is a bot; an app can act only for a user$",
        "user",
    ),
    (
        lambda _, __, installation: installation.user_token("octo-org"),
        "^octo-org is an organization; an app can act only for a user$",
        "user",
    ),
    (lambda _, __, installation: installation.user_token(""), "^invalid login ''", "user"),
    (
        lambda gh, *_: gh.add_token("a", app="github-actions"),
        r"^github-actions has no tokens .*: add a workflow's token with user='github-actions\[bot\]'$",
        "app",
    ),
    (lambda gh, *_: gh.add_token("a", app="deploy"), "^unknown app 'deploy'; known: deployer$", "app"),
    (
        lambda gh, *_: gh.add_token("a", app="deployer", scopes=[]),
        (
            "^a token with which an app acts for a user has the app's permissions, and covers the repositories of the "
            "app's installations: leave out scopes, permissions and repositories$"
        ),
        "app",
    ),
    (
        lambda gh, *_: gh.add_token("a", app="deployer", repositories=["octocat/example"]),
        "leave out scopes, permissions and repositories$",
        "app",
    ),
    (
        lambda gh, *_: gh.add_token("a", app="deployer", user="deployer[bot]"),
        r"^deployer\[bot\] is a bot; an app can act only for a user$",
        "user",
    ),
    (lambda gh, app, _: gh.add_token("a", app=app), "^app must be the slug of an app, got <App", "app"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("mistake", "problem", "argument"), MISTAKES)
def test_a_mistake_is_refused_and_changes_nothing(
    mistake: Callable[[FakeGitHub, App, Installation], object], problem: str, argument: str
) -> None:
    """The message names what exists."""
    gh = FakeGitHub()
    gh.add_user("octo-org", type="Organization")
    gh.add_user("early[bot]")
    for name in ("octocat/example", "octocat/other", "acme/site"):
        gh.add_repository(name)
    app = gh.add_app("deployer", permissions={"deployments": "write", "checks": "read"})
    installation = app.install("octocat", repositories=["octocat/example"], permissions={"deployments": "write"})
    before = stored(gh)
    with pytest.raises(FakeError, match=problem) as caught:
        mistake(gh, app, installation)
    assert caught.value.argument == argument
    assert stored(gh) == before
