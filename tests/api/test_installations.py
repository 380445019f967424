"""Installations, as seen with their tokens and with the tokens of users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import signing
from client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from pytest_ghdeploy import App, FakeGitHub

BY_INTEGRATION = (403, "Resource not accessible by integration")
NOT_A_USERS = (
    403,
    "You must authenticate with an access token authorized to a GitHub App in order to list installations",
)
NOT_AN_INSTALLATIONS = (
    403,
    "You must authenticate with an installation access token in order to list repositories for an installation.",
)


def ask(token: str, method: str, path: str, body: object = None) -> requests.Response:
    """Send a request with a token."""
    with Client(authorization=f"Bearer {token}") as client:
        return client.request(method, path, json=body)


def said(response: requests.Response) -> tuple[int, str]:
    """Return the status and the message of a refusal."""
    return response.status_code, response.json()["message"]


def names(response: requests.Response) -> list[str]:
    """Return the names of the listed repositories."""
    return [repository["full_name"] for repository in response.json()["repositories"]]


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> App:
    """Return an app that is installed on a part of octocat's repositories and on all of acme's."""
    ghdeploy.add_user("acme", type="Organization")
    for name in ("octocat/example", "octocat/other", "acme/site", "acme/docs"):
        ghdeploy.add_repository(name, private=name.startswith("acme"))
    app = ghdeploy.add_app("deployer", permissions={"deployments": "write"}, private_key=signing.private_key())
    app.install("octocat", repositories=["octocat/example"])
    app.install("acme")
    ghdeploy.add_token("of-octocat")
    return app


def test_an_installation_lists_its_repositories(ghdeploy: FakeGitHub, app: App) -> None:
    """Those that the token covers, oldest first. As recorded, it has no right on any of them."""
    octocats, acmes = app.installations
    listed = ask(octocats.token(), "GET", "/installation/repositories")
    assert (listed.status_code, names(listed)) == (200, ["octocat/example"])
    assert (listed.json()["total_count"], listed.json()["repository_selection"]) == (1, "selected")
    permissions = listed.json()["repositories"][0]["permissions"]
    assert permissions == dict.fromkeys(("admin", "maintain", "push", "triage", "pull"), False)
    listed = ask(acmes.token(), "GET", "/installation/repositories?per_page=1")
    assert (names(listed), listed.json()["total_count"]) == (["acme/site"], 2)
    assert listed.json()["repository_selection"] == "all"
    assert listed.links["next"]["url"] == "https://api.github.com/installation/repositories?per_page=1&page=2"
    fewer = ask(acmes.token(repositories=["acme/docs"]), "GET", "/installation/repositories")
    assert (names(fewer), fewer.json()["repository_selection"]) == (["acme/docs"], "selected")
    ghdeploy.add_token("added", user="deployer[bot]", permissions={"deployments": "write"})
    everywhere = ask("added", "GET", "/installation/repositories")
    assert names(everywhere) == ["octocat/example", "octocat/other", "acme/site", "acme/docs"]
    some = {"permissions": {"deployments": "write"}, "repositories": ["octocat/other"]}
    ghdeploy.add_token("some", user="deployer[bot]", **some)  # type: ignore[arg-type]
    assert names(ask("some", "GET", "/installation/repositories")) == ["octocat/other"]


@pytest.mark.parametrize("kind", ["installation", "added"])
def test_a_token_revokes_itself(ghdeploy: FakeGitHub, app: App, kind: str) -> None:
    """It is refused from then on, and revoking it again is refused too."""
    ghdeploy.add_token("added", user="deployer[bot]", permissions={"deployments": "write"})
    token = app.installations[0].token() if kind == "installation" else "added"
    assert ask(token, "DELETE", "/installation/token").status_code == 204
    for method, path in (("DELETE", "/installation/token"), ("GET", "/repos/octocat/example")):
        assert said(ask(token, method, path)) == (401, "Bad credentials")
    assert ask("of-octocat", "GET", "/user").status_code == 200


def test_a_revoked_token_is_refused_even_while_any_token_will_do(ghdeploy: FakeGitHub) -> None:
    """Exchanging and revoking tokens does not end that time."""
    ghdeploy.add_repository("octocat/example")
    token = ghdeploy.add_app("deployer").installations[0].token()
    assert ask(token, "DELETE", "/installation/token").status_code == 204
    assert said(ask(token, "GET", "/repos/octocat/example")) == (401, "Bad credentials")
    assert ask("any-other", "GET", "/user").json()["login"] == "octocat"


@pytest.mark.parametrize(
    ("kind", "method", "path", "expected", "hint"),
    [
        (
            "classic",
            "GET",
            "/installation/repositories",
            NOT_AN_INSTALLATIONS,
            "the token of octocat is not a token of",
        ),
        (
            "fine-grained",
            "GET",
            "/installation/repositories",
            NOT_AN_INSTALLATIONS,
            "the token of octocat is not a toke",
        ),
        (
            "user",
            "GET",
            "/installation/repositories",
            NOT_AN_INSTALLATIONS,
            "the token of octocat is not a token of an ",
        ),
        (
            "classic",
            "DELETE",
            "/installation/token",
            NOT_AN_INSTALLATIONS,
            "the token of octocat is not a token of an i",
        ),
        (
            "jwt",
            "GET",
            "/installation/repositories",
            (401, "Bad credentials"),
            "GET /installation/repositories takes n",
        ),
        ("none", "GET", "/installation/repositories", (401, "Requires authentication"), "no token was sent, and GET "),
        (
            "classic",
            "GET",
            "/user/installations",
            NOT_A_USERS,
            "the token of octocat is not one with which an app acts",
        ),
        (
            "fine-grained",
            "GET",
            "/user/installations",
            NOT_A_USERS,
            "the token of octocat is not one with which an app",
        ),
        ("installation", "GET", "/user/installations", BY_INTEGRATION, "the token of deployer[bot] is not one with wh"),
        (
            "installation",
            "GET",
            "/user/installations/{id}/repositories",
            BY_INTEGRATION,
            "the token of deployer[bot] i",
        ),
        (
            "classic",
            "GET",
            "/user/installations/{id}/repositories",
            NOT_A_USERS,
            "the token of octocat is not one with",
        ),
        ("jwt", "GET", "/user/installations", (401, "Bad credentials"), "GET /user/installations takes no JSON web to"),
        (
            "none",
            "GET",
            "/user/installations",
            (401, "Requires authentication"),
            "no token was sent, and GET /user/ins",
        ),
        (
            "installation",
            "GET",
            "/user",
            BY_INTEGRATION,
            "the token of deployer[bot] is an app token and has no user a",
        ),
        (
            "installation",
            "GET",
            "/user/repos",
            BY_INTEGRATION,
            "the token of deployer[bot] is an app token and has no",
        ),
        (
            "installation",
            "POST",
            "/user/repos",
            BY_INTEGRATION,
            "the token of deployer[bot] is an app token and has no",
        ),
        (
            "user",
            "GET",
            "/user/installations/1/repositories",
            (404, "Not Found"),
            "octocat has access to no installati",
        ),
    ],
)
def test_another_kind_of_caller_is_refused(
    ghdeploy: FakeGitHub, app: App, kind: str, method: str, path: str, expected: tuple[int, str], hint: str
) -> None:
    """Each operation is for one kind of token."""
    installation = app.installations[0]
    ghdeploy.add_token("fine", permissions={"deployments": "write"})
    tokens: dict[str, Callable[[], str]] = {
        "classic": lambda: "of-octocat",
        "fine-grained": lambda: "fine",
        "installation": installation.token,
        "user": lambda: installation.user_token("octocat"),
        "jwt": lambda: signing.signed(ghdeploy, app),
        "none": lambda: "",
    }
    token = tokens[kind]()
    with Client(authorization=f"Bearer {token}" if token else None) as client:
        response = client.request(method, path.replace("{id}", str(installation.id)))
    assert said(response) == expected
    assert ghdeploy.requests[-1].hint.startswith(hint)


def test_a_user_sees_the_installations_that_the_user_has_access_to(ghdeploy: FakeGitHub, app: App) -> None:
    """Those on the user's own account, and those with a repository that the user collaborates on."""
    ghdeploy.repository("acme/docs").add_collaborator("mona", "triage")
    octocats, acmes = app.installations
    for login, expected in (("mona", [acmes]), ("octocat", [octocats]), ("hubot", [])):
        token = octocats.user_token(login)
        listed = ask(token, "GET", "/user/installations").json()
        assert [row["id"] for row in listed["installations"]] == [known.id for known in expected]
        assert listed["total_count"] == len(expected)
    shown = ask(octocats.user_token("mona"), "GET", f"/user/installations/{acmes.id}/repositories")
    assert (names(shown), shown.json()["repository_selection"]) == (["acme/docs"], "all")
    assert shown.json()["repositories"][0]["permissions"] == {
        "admin": False,
        "maintain": False,
        "push": False,
        "triage": True,
        "pull": True,
    }
    hidden = ask(octocats.user_token("mona"), "GET", f"/user/installations/{octocats.id}/repositories")
    assert said(hidden) == (404, "Not Found")


def test_a_suspended_installation_gives_a_user_no_rights(app: App) -> None:
    """The token still acts for the user elsewhere."""
    octocats, acmes = app.installations
    token, deployments = octocats.user_token("octocat"), "/repos/octocat/example/deployments"
    assert ask(token, "POST", deployments, {"ref": "main"}).status_code == 201
    octocats.suspend()
    assert said(ask(token, "POST", deployments, {"ref": "main"})) == BY_INTEGRATION
    assert ask(token, "GET", "/user").json()["login"] == "octocat"
    assert acmes.suspended_at is None
