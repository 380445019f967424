"""GitHub Apps over HTTP: JSON web tokens, installations, and the tokens of installations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import signing
from client import Client

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.github import json_web_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import App

DEPLOYMENTS = "/repos/octocat/example/deployments"
NO_JWT = (401, "A JSON web token could not be decoded")
BAD = (401, "Bad credentials")
PERMISSIONS = {"deployments": "write", "contents": "read"}


def ask(token: str, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
    """Send a request with a token."""
    with Client(authorization=f"Bearer {token}") as client:
        return client.request(method, path, json=body, headers=headers, allow_redirects=False)


def said(response: requests.Response) -> tuple[int, str]:
    """Return the status and the message of a refusal."""
    return response.status_code, response.json()["message"]


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> App:
    """Return an app that is installed on a part of octocat's repositories and on all of acme's."""
    ghdeploy.add_user("acme", type="Organization")
    for name in ("octocat/example", "octocat/other", "acme/site", "acme/docs"):
        ghdeploy.add_repository(name, private=True)
    app = ghdeploy.add_app("deployer", permissions=PERMISSIONS, private_key=signing.private_key())
    app.install("octocat", repositories=["octocat/example"])
    app.install("acme")
    return app


def tokens_of(app: App, number: int = 0) -> str:
    """Return the path of the tokens of an installation."""
    return f"/app/installations/{app.installations[number].id}/access_tokens"


# JSON web tokens


@pytest.mark.parametrize("issuer", [lambda app: app.id, lambda app: str(app.id), lambda app: app.client_id])
def test_an_app_shows_itself(ghdeploy: FakeGitHub, app: App, issuer: Callable[[App], int | str]) -> None:
    """Whichever id it gives. The response says how often it is installed, and nothing about rate limits."""
    response = ask(signing.signed(ghdeploy, issuer(app)), "GET", "/app")
    shown = response.json()
    assert (response.status_code, shown["slug"], shown["id"], shown["client_id"]) == (
        200,
        "deployer",
        app.id,
        app.client_id,
    )
    assert shown["permissions"] == {"metadata": "read", **PERMISSIONS}
    assert shown["installations_count"] == 2
    assert not [name for name in response.headers if "ratelimit" in name.lower() or "oauth" in name.lower()]
    assert response.headers["Cache-Control"] == "public, max-age=60, s-maxage=60"


def test_a_json_web_token_is_recorded_as_the_apps(ghdeploy: FakeGitHub, app: App) -> None:
    """A report shows the app, not its owner."""
    ask(signing.signed(ghdeploy, app), "GET", "/app")
    assert ghdeploy.requests[0].login == "deployer[bot]"


def wrong_key(gh: FakeGitHub, app: App) -> str:
    """Sign with the key of somebody else."""
    return signing.signed(gh, app, json_web_tokens.new_private_key())


@pytest.mark.parametrize(
    ("sign", "message", "hint"),
    [
        (wrong_key, NO_JWT[1], "the JSON web token names the app deployer, but the signature does not match its"),
        (
            lambda gh, app: signing.signed(gh, app, algorithm="RS512"),
            NO_JWT[1],
            "the JSON web token was signed with 'RS512'; GitHub accepts only RS256",
        ),
        (
            lambda gh, app: signing.signed(gh, app, "a" * 64, "HS256"),
            NO_JWT[1],
            "the JSON web token was signed with 'HS256'; GitHub accepts only RS256",
        ),
        (
            lambda gh, _: signing.signed(gh, "YOUR_APP_ID"),
            "'Issuer' claim ('iss') must be an Integer",
            "iss is '…'; deployer has the id ",
        ),
        (
            lambda gh, _: signing.signed(gh, gh.add_app("keyless")),
            NO_JWT[1],
            "the JSON web token names the app keyless, but its private key was neither given to add_app nor read from ",
        ),
        (
            lambda gh, app: signing.signed(gh, app, exp=None),
            (
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
                "assertion expires"
            ),
            "exp is missing; ",
        ),
        (
            lambda gh, app: signing.signed(gh, app, exp=int(gh.clock.now.timestamp()) + 900),
            "'Expiration time' claim ('exp') is too far in the future",
            "exp is 20",
        ),
        (
            lambda gh, app: signing.signed(gh, app, iat=None),
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            "iat is missing; ",
        ),
        # The signature comes first.
        (lambda gh, app: signing.signed(gh, app, json_web_tokens.new_private_key(), exp=5), NO_JWT[1], "the JSON web "),
        (
            lambda *_: "ghp_classic",
            NO_JWT[1],
            "GET /app takes a JSON web token of an app, and the token of octocat was",
        ),
        (
            lambda *_: "a.b.c",
            NO_JWT[1],
            "GET /app takes a JSON web token of an app, and the token of octocat was sent:",
        ),
        (
            lambda _, app: app.installations[0].token(),
            NO_JWT[1],
            "GET /app takes a JSON web token of an app, and the t",
        ),
        (
            lambda *_: "",
            NO_JWT[1],
            "GET /app takes a JSON web token of an app, and no token was sent: sign a JSON web ",
        ),
    ],
)
def test_a_json_web_token_is_verified(
    ghdeploy: FakeGitHub, app: App, sign: Callable[[FakeGitHub, App], str], message: str, hint: str
) -> None:
    """The 401 has GitHub's text for each problem, and the hint says what is wrong."""
    response = ask(sign(ghdeploy, app), "GET", "/app")
    assert response.json() == {"message": message, "documentation_url": "https://docs.github.com/rest", "status": "401"}
    assert response.status_code == 401
    assert ghdeploy.requests[-1].hint.startswith(hint)


def test_a_json_web_token_must_be_sent_as_bearer(ghdeploy: FakeGitHub, app: App) -> None:
    """Unlike with other tokens, `token` and Basic are refused."""
    token = signing.signed(ghdeploy, app)
    for scheme, expected in (("bearer", 200), ("token", 401)):
        with Client(authorization=f"{scheme} {token}") as client:
            assert client.get("/app").status_code == expected
    assert ghdeploy.requests[-1].hint == "a JSON web token must be sent as Bearer, not as token"


def test_an_id_as_a_string_can_be_refused(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """It is a switch, because users disagree about it."""
    fake = ghdeploy_factory(base_url="https://ghe.example.com/api/v3", quoted_issuer=False)
    app = fake.add_app("deployer", private_key=signing.private_key())
    with Client(fake.base_url, f"Bearer {signing.signed(fake, str(app.id))}") as client:
        assert said(client.get("/app")) == (401, "'Issuer' claim ('iss') must be an Integer")
    with Client(fake.base_url, f"Bearer {signing.signed(fake, app.id)}") as client:
        assert client.get("/app").status_code == 200


def test_claims_are_compared_with_the_fakes_clock(ghdeploy: FakeGitHub, app: App) -> None:
    """A client whose clock differs from it is refused, until the clock is where the client's is."""
    real = datetime.now(UTC)

    def by_real_time() -> tuple[int, str]:
        now = int(datetime.now(UTC).timestamp())
        response = ask(signing.signed(ghdeploy, app, iat=now - 60, exp=now + 540), "GET", "/app")
        return response.status_code, response.json().get("message", "")

    assert by_real_time() == (200, "")
    ghdeploy.clock.tick(3600)
    assert by_real_time()[1].startswith("'Expiration time' claim ('exp') must be a numeric value")
    ghdeploy.clock.move_to(real - timedelta(hours=1))
    assert by_real_time() == (401, "'Expiration time' claim ('exp') is too far in the future")
    ghdeploy.clock.move_to(datetime.now(UTC))
    assert by_real_time() == (200, "")


def test_a_json_web_token_is_refused_elsewhere(ghdeploy: FakeGitHub, app: App) -> None:
    """A repository does not accept it, even while every other token is accepted."""
    token = signing.signed(ghdeploy, app)
    for method, path in (("GET", DEPLOYMENTS), ("POST", DEPLOYMENTS), ("GET", "/user"), ("GET", "/rate_limit")):
        assert said(ask(token, method, path)) == BAD
    assert ghdeploy.requests[-1].hint == (
        "GET /rate_limit takes no JSON web token: exchange it for a token of an installation with "
        "POST /app/installations/{installation_id}/access_tokens"
    )
    assert ask("any", "GET", DEPLOYMENTS).status_code == 200
    with pytest.raises(UnsupportedRequest, match="apps/get-webhook-config-for-app, which this fake does not implement"):
        ask(token, "GET", "/app/hook/config")
    ghdeploy._engine.take_problem()


def test_a_token_that_looks_like_one_can_be_added(ghdeploy: FakeGitHub, app: App) -> None:
    """It is then a token like any other."""
    token = jwt.encode({"iss": "me"}, "a" * 64, "HS256")
    ghdeploy.add_token(token, user="octocat")
    assert ask(token, "GET", "/user").json()["login"] == "octocat"
    assert said(ask(token, "GET", "/app")) == NO_JWT
    assert ghdeploy.requests[-1].hint.startswith("GET /app takes a JSON web token of an app, and the token of octocat")
    assert app.slug == "deployer"


def test_without_an_app_any_json_web_token_is_accepted(ghdeploy: FakeGitHub) -> None:
    """It belongs to `example-app`, which is installed everywhere with all permissions and has the id in the token."""
    ghdeploy.add_repository("octocat/example", private=True)
    ghdeploy.add_token("ends-any-token-will-do", user="hubot")
    for claims, algorithm in (({"iss": 4711}, "RS256"), ({"iss": "another", "exp": 5}, "HS256"), ({}, "none")):
        key = {"RS256": signing.private_key(), "HS256": "a" * 64, "none": None}[algorithm]
        token = signing.signed(ghdeploy, 0, key, algorithm, **({"iss": None} | claims))
        shown = ask(token, "GET", "/app").json()
        assert (shown["id"], shown["slug"]) == (4711, "example-app")
    installation = ask(token, "GET", "/repos/octocat/example/installation").json()
    issued = ask(token, "POST", f"/app/installations/{installation['id']}/access_tokens").json()
    assert ask(issued["token"], "POST", DEPLOYMENTS, {"ref": "main"}).json()["creator"]["login"] == "example-app[bot]"


@pytest.mark.parametrize(
    ("issuer", "app_id", "client_id"),
    [(4711, 4711, None), ("4711", 4711, None), ("Iv1.abc", None, "Iv1.abc"), (15368, None, None), (None, None, None)],
)
def test_the_example_app_has_the_ids_of_the_tool(
    ghdeploy: FakeGitHub, issuer: object, app_id: int | None, client_id: str | None
) -> None:
    """As far as they are free."""
    shown = ask(signing.signed(ghdeploy, 0, iss=issuer), "GET", "/app").json()
    assert shown["id"] == app_id or (app_id is None and shown["id"] > 15_368)
    assert shown["client_id"] == client_id or (client_id is None and shown["client_id"].startswith("Iv23li"))


def test_the_first_app_ends_that(ghdeploy: FakeGitHub) -> None:
    """From then on, only the apps that were added can sign. Tokens that were issued before stay valid."""
    ghdeploy.add_repository("octocat/example")
    before = signing.signed(ghdeploy, 4711)
    installation = ask(before, "GET", "/repos/octocat/example/installation").json()["id"]
    token = ask(before, "POST", f"/app/installations/{installation}/access_tokens").json()["token"]
    ghdeploy.add_app("deployer")
    assert said(ask(before, "GET", "/app")) == NO_JWT
    assert ask(token, "POST", DEPLOYMENTS, {"ref": "main"}).status_code == 201
    ghdeploy.reset()
    assert ask(before, "GET", "/app").status_code == 200


def test_without_the_extra_a_signature_is_an_error(
    ghdeploy: FakeGitHub, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names it. What needs no signature goes on."""
    token = signing.signed(ghdeploy, app)
    monkeypatch.setattr(json_web_tokens, "can_verify", lambda: False)
    with pytest.raises(
        UnsupportedRequest, match=r"the app deployer cannot be verified, which .*: pip install 'pytest-ghdeploy\[app\]'"
    ):
        ask(token, "GET", "/app")
    ghdeploy._engine.take_problem()
    assert ask(app.installations[0].token(), "GET", DEPLOYMENTS).status_code == 200


# Installations


def test_installations_are_listed_oldest_first(ghdeploy: FakeGitHub, app: App) -> None:
    """In pages, and without those that have not changed since a time."""
    token, (octocats, acmes) = signing.signed(ghdeploy, app), app.installations
    response = ask(token, "GET", "/app/installations?per_page=1")
    assert [row["id"] for row in response.json()] == [octocats.id]
    assert response.links["next"]["url"] == "https://api.github.com/app/installations?per_page=1&page=2"
    ghdeploy.clock.tick(60)
    acmes.suspend()
    since = f"{ghdeploy.clock.now:%Y-%m-%dT%H:%M:%SZ}"
    token = signing.signed(ghdeploy, app)
    assert [row["id"] for row in ask(token, "GET", f"/app/installations?since={since}").json()] == [acmes.id]
    assert len(ask(token, "GET", "/app/installations?since=soon&outdated=true").json()) == 2


def test_an_installation_is_shown(ghdeploy: FakeGitHub, app: App) -> None:
    """By its id, by its account, and by a repository that it covers."""
    token, (octocats, acmes) = signing.signed(ghdeploy, app), app.installations
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    token = signing.signed(ghdeploy, app)
    shown = ask(token, "GET", f"/app/installations/{octocats.id}").json()
    assert shown["account"]["login"] == "octocat"
    assert {name: shown[name] for name in shown if name not in ("account", "created_at", "updated_at")} == {
        "id": octocats.id,
        "client_id": app.client_id,
        "repository_selection": "selected",
        "access_tokens_url": f"https://api.github.com/app/installations/{octocats.id}/access_tokens",
        "repositories_url": "https://api.github.com/installation/repositories",
        "html_url": f"https://github.com/settings/installations/{octocats.id}",
        "app_id": app.id,
        "app_slug": "deployer",
        "target_id": shown["account"]["id"],
        "target_type": "User",
        "permissions": {"metadata": "read", **PERMISSIONS},
        "events": ["deployment_protection_rule"],
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }
    assert shown["created_at"].endswith(".000Z")
    of_acme = ask(token, "GET", "/orgs/acme/installation").json()
    assert (of_acme["id"], of_acme["repository_selection"], of_acme["target_type"]) == (acmes.id, "all", "Organization")
    assert of_acme["html_url"] == f"https://github.com/organizations/acme/settings/installations/{acmes.id}"
    for path, expected in (
        ("/repos/octocat/example/installation", octocats),
        ("/repos/acme/docs/installation", acmes),
        ("/users/octocat/installation", octocats),
        ("/users/ACME/installation", acmes),
    ):
        assert ask(token, "GET", path).json()["id"] == expected.id


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("GET", "/app/installations/1", "the app deployer has no installation 1; known: "),
        ("GET", "/app/installations/x", "installation_id must be a number; got 'x'"),
        ("GET", "/app/installations/{other}", "the app deployer has no installation {other}; known: "),
        ("POST", "/app/installations/{other}/access_tokens", "the app deployer has no installation {other}; known: "),
        ("PUT", "/app/installations/{other}/suspended", "the app deployer has no installation {other}; known: "),
        ("DELETE", "/app/installations/{other}/suspended", "the app deployer has no installation {other}; known: "),
        ("DELETE", "/app/installations/{other}", "the app deployer has no installation {other}; known: "),
        (
            "GET",
            "/repos/octocat/other/installation",
            "the app deployer is not installed on octocat/other; known: octocat/example, ",
        ),
        ("GET", "/repos/octocat/nope/installation", "repository octocat/nope was never added; known: "),
        (
            "GET",
            "/orgs/octocat/installation",
            ("the app deployer is not installed on octocat as an account of this kind; installed on: octocat, acme"),
        ),
        ("GET", "/users/nobody/installation", "the app deployer is not installed on nobody as an account of this kind"),
        ("GET", "/apps/nope", "unknown app 'nope'; known: "),
    ],
)
def test_what_an_app_is_not_installed_on_is_not_found(
    ghdeploy: FakeGitHub, app: App, method: str, path: str, hint: str
) -> None:
    """Nor are the installations of other apps."""
    other = str(ghdeploy.add_app("other").install("octocat").id)
    response = ask(signing.signed(ghdeploy, app), method, path.replace("{other}", other))
    assert said(response) == (404, "Not Found")
    assert ghdeploy.requests[-1].hint.startswith(hint.replace("{other}", other))


def test_a_renamed_repository_leads_to_its_installation(ghdeploy: FakeGitHub, app: App) -> None:
    """If the app is installed there; the name of another private repository is not found."""
    for name in ("example", "other"):
        ghdeploy.repository(f"octocat/{name}").rename(f"octocat/new-{name}")
    token = signing.signed(ghdeploy, app)
    moved = ask(token, "GET", "/repos/octocat/example/installation")
    assert moved.status_code == 301
    assert ask(token, "GET", moved.headers["Location"]).json()["id"] == app.installations[0].id
    assert said(ask(token, "GET", "/repos/octocat/other/installation")) == (404, "Not Found")


def test_an_app_is_shown_to_everyone(ghdeploy: FakeGitHub, app: App) -> None:
    """By its slug, to anonymous callers too. How often it is installed is not shown."""
    tokens = [signing.signed(ghdeploy, app), app.installations[0].token(), "any-token"]
    shown = [ask(token, "GET", "/apps/deployer").json() for token in tokens]
    with Client(authorization=None) as client:
        shown.append(client.get("/apps/deployer").json())
        assert client.get("/apps/github-actions").json()["id"] == 15_368
    assert all(one == shown[0] for one in shown)
    assert (shown[0]["id"], "installations_count" in shown[0]) == (app.id, False)


# Tokens


def test_an_app_gets_a_token_and_deploys(ghdeploy: FakeGitHub, app: App) -> None:
    """The token is valid for an hour, and has all that the installation has."""
    response = ask(signing.signed(ghdeploy, app), "POST", tokens_of(app))
    issued = response.json()
    token = issued.pop("token")
    end = ghdeploy.clock.now + timedelta(hours=1)
    assert response.status_code == 201
    assert "Location" not in response.headers
    assert issued == {
        "expires_at": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "permissions": {"metadata": "read", **PERMISSIONS},
        "repository_selection": "selected",
    }
    assert (token[:4], len(token)) == ("ghs_", 40)
    made = ask(token, "POST", DEPLOYMENTS, {"ref": "main"})
    assert made.json()["creator"]["login"] == "deployer[bot]"
    assert made.json()["performed_via_github_app"] is None
    assert made.headers["X-RateLimit-Limit"] == "5000"
    assert made.headers["Cache-Control"].startswith("private")
    assert "X-OAuth-Scopes" not in made.headers
    assert ghdeploy.assert_event("deployment").payload["sender"]["login"] == "deployer[bot]"
    ghdeploy.clock.tick(3600)
    assert said(ask(token, "GET", DEPLOYMENTS)) == BAD
    # That an expired token is refused does not change what other tokens may do.
    assert ask("any", "GET", DEPLOYMENTS).status_code == 200


def test_a_token_can_have_less(ghdeploy: FakeGitHub, app: App) -> None:
    """Some permissions, and some repositories by name or id, which are listed in the response."""
    body = {"repositories": ["SITE"], "permissions": {"deployments": "read"}}
    issued = ask(signing.signed(ghdeploy, app), "POST", tokens_of(app, 1), body).json()
    assert issued["permissions"] == {"metadata": "read", "deployments": "read"}
    assert issued["repository_selection"] == "selected"
    assert [repository["full_name"] for repository in issued["repositories"]] == ["acme/site"]
    assert ask(issued["token"], "GET", "/repos/acme/site/deployments").status_code == 200
    refused = ask(issued["token"], "POST", "/repos/acme/site/deployments", {"ref": "main"})
    assert said(refused) == (403, "Resource not accessible by integration")
    assert said(ask(issued["token"], "GET", "/repos/acme/docs/deployments")) == (404, "Not Found")
    by_id = {"repository_ids": [ghdeploy.repository("acme/docs").id], "repositories": []}
    issued = ask(signing.signed(ghdeploy, app), "POST", tokens_of(app, 1), by_id).json()
    assert [repository["full_name"] for repository in issued["repositories"]] == ["acme/docs"]
    issued = ask(signing.signed(ghdeploy, app), "POST", tokens_of(app, 1), {"permissions": {}}).json()
    assert (issued["repository_selection"], "repositories" in issued) == ("all", False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"permissions": {"contents": "write"}},
            (422, "The permissions requested are not granted to this installation."),
        ),
        (
            {"permissions": {"nothing": "read"}},
            (422, "The permissions requested are not granted to this installation."),
        ),
        (
            {"repositories": ["example", "other"]},
            (
                422,
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
            ),
        ),
        (
            {"repository_ids": [1]},
            (
                422,
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
            ),
        ),
        ({"permissions": "deployments"}, (400, "Problems parsing JSON")),
        ({"permissions": []}, (400, "Problems parsing JSON")),
        (
            {"repositories": "example"},
            (422, "Invalid request.\n\nFor 'properties/repositories', \"example\" is not an"),
        ),
        ({"repository_ids": ["1"]}, (422, "Invalid request.\n\nFor 'items', \"1\" is not an integer.")),
        (
            {"repositories": ["a"] * 501},
            (422, "Invalid request.\n\nNo more than 500 items are allowed; 501 were suppli"),
        ),
    ],
)
def test_a_request_for_too_much_is_refused(
    ghdeploy: FakeGitHub, app: App, body: object, expected: tuple[int, str], snapshot: Callable[[], object]
) -> None:
    """It issues no token."""
    before = snapshot()
    response = ask(signing.signed(ghdeploy, app), "POST", tokens_of(app), body)
    status, message = said(response)
    assert (status, message[: len(expected[1])]) == expected
    assert response.json()["documentation_url"] == (
        "https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app"
    )
    assert snapshot() == before


@pytest.mark.parametrize(
    ("switch", "header", "is_stateless"),
    [
        (False, None, False),
        (False, "enabled", True),
        (False, "disabled", False),
        (True, None, True),
        (True, "disabled", False),
        (True, "other", True),
    ],
)
def test_a_token_has_one_of_two_formats(switch: bool, header: str | None, is_stateless: bool) -> None:  # noqa: FBT001
    """A switch and a header choose the newer one, which contains a JSON web token."""
    with FakeGitHub(stateless_tokens=switch) as fake:
        fake.add_repository("octocat/example")
        app = fake.add_app("deployer", private_key=signing.private_key())
        more = {} if header is None else {"X-GitHub-Stateless-S2S-Token": header}
        token = ask(signing.signed(fake, app), "POST", tokens_of(app), **more).json()["token"]
        assert token.startswith(f"ghs_{app.id}_") == is_stateless
        assert (len(token) > 255) == is_stateless
        assert ask(token, "POST", DEPLOYMENTS, {"ref": "main"}).status_code == 201
        assert app.installations[0].token().startswith(f"ghs_{app.id}_") == switch
        assert token not in fake.conversation.text()


# Suspended and deleted installations


def test_a_suspended_installation_issues_no_token(ghdeploy: FakeGitHub, app: App) -> None:
    """And those that it issued before are refused everywhere, until the suspension ends."""
    jwt_, installation = signing.signed(ghdeploy, app), app.installations[0]
    token, suspension = installation.token(), f"/app/installations/{installation.id}/suspended"
    suspended = (403, "This installation has been suspended")
    for _ in range(2):
        assert ask(jwt_, "PUT", suspension).status_code == 204
    assert said(ask(jwt_, "POST", tokens_of(app))) == suspended
    assert said(ask(token, "GET", DEPLOYMENTS)) == suspended
    assert said(ask(token, "GET", "/installation/repositories")) == suspended
    shown = ask(jwt_, "GET", f"/app/installations/{installation.id}").json()
    assert shown["suspended_by"]["login"] == "deployer[bot]"
    assert shown["suspended_at"] == f"{ghdeploy.clock.now:%Y-%m-%dT%H:%M:%S}.000Z"
    assert installation.suspended_at == ghdeploy.clock.now
    assert installation.suspended_by == ghdeploy._engine.store.user("deployer[bot]")
    for _ in range(2):
        assert ask(jwt_, "DELETE", suspension).status_code == 204
    assert installation.suspended_at is None
    assert ask(token, "GET", DEPLOYMENTS).status_code == 200
    actions = [event.action for event in ghdeploy.events.named("installation")]
    assert actions == ["suspend", "unsuspend"]


@pytest.mark.parametrize(("version", "status"), [("2022-11-28", 204), ("2026-03-10", 202)])
def test_a_deleted_installation_is_gone(ghdeploy: FakeGitHub, app: App, version: str, status: int) -> None:
    """So are its tokens. The newer version of the API has another status."""
    jwt_, installation = signing.signed(ghdeploy, app), app.installations[0]
    token = installation.token()
    deleted = ask(jwt_, "DELETE", f"/app/installations/{installation.id}", **{"X-GitHub-Api-Version": version})
    assert deleted.status_code == status
    assert said(ask(token, "GET", DEPLOYMENTS)) == BAD
    assert said(ask(jwt_, "GET", "/repos/octocat/example/installation")) == (404, "Not Found")
    assert [known.account.login for known in app.installations] == ["acme"]
    event = ghdeploy.assert_event("installation", action="deleted")
    assert (event.repository, event.payload["sender"]["login"]) == ("", "deployer[bot]")
    assert event.payload["installation"]["id"] == installation.id
    assert [repository["full_name"] for repository in event.payload["repositories"]] == ["octocat/example"]


# Secrets


def test_what_an_app_signs_and_gets_is_never_shown(ghdeploy: FakeGitHub, app: App) -> None:
    """Neither the JSON web token nor the private key nor the token, whoever sends it where."""
    signed = signing.signed(ghdeploy, app)
    token = ask(signed, "POST", tokens_of(app)).json()["token"]
    key: Any = signing.private_key()
    for secret in (signed, token, key, key.splitlines()[5]):
        ask("another", "POST", DEPLOYMENTS, {"ref": "main", "payload": secret})
    with pytest.raises(AssertionError) as caught:
        ghdeploy.assert_event("deployment", ref=key)
    exchanges = [str(vars_of(exchange)) for exchange in ghdeploy.requests]
    shown = [ghdeploy.conversation.text(), ghdeploy.conversation.mermaid(), str(caught.value), repr(app), *exchanges]
    for text in shown:
        for secret in (signed, token, *key.splitlines()[1:-1]):
            assert secret not in text


def vars_of(exchange: Any) -> object:  # noqa: ANN401 - any exchange
    """Return all that is recorded of a request."""
    return [getattr(exchange, name) for name in type(exchange)._fields]


def test_a_token_can_have_permissions_on_organizations(ghdeploy: FakeGitHub) -> None:
    """No operation of the fake needs them, but tools ask for them."""
    ghdeploy.add_repository("octocat/example")
    wanted = {"contents": "read", "members": "read", "organization_projects": "admin"}
    everything = signing.signed(ghdeploy, 4242)
    path = f"/app/installations/{ask(everything, 'GET', '/app/installations').json()[0]['id']}/access_tokens"
    response = ask(everything, "POST", path, {"permissions": wanted})
    assert (response.status_code, response.json()["permissions"]) == (201, {"metadata": "read", **wanted})
    app = ghdeploy.add_app("deployer", permissions={"members": "read"}, private_key=signing.private_key())
    path = f"/app/installations/{app.installations[0].id}/access_tokens"
    signed = signing.signed(ghdeploy, app)
    assert ask(signed, "POST", path, {"permissions": {"members": "read"}}).status_code == 201
    assert ask(signed, "POST", path, {"permissions": {"members": "write"}}).status_code == 422
