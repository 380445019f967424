"""Real clients, unmodified, that authenticate as a GitHub App: PyGithub, githubkit, gidgethub and Octokit."""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import fetched
import gidgethub.aiohttp
import gidgethub.apps
import gidgethub.httpx
import httpx
import outside
import pytest
from github import Auth, GithubException, GithubIntegration

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ghdeploy import App, FakeGitHub, LiveServer

githubkit: Any = importlib.import_module("githubkit")  # without its types, which are too many for mypy


@pytest.fixture
def app(ghdeploy: FakeGitHub) -> App:
    """Return an app that is installed on an organization."""
    ghdeploy.add_user("acme", type="Organization")
    for name in ("acme/site", "acme/docs"):
        ghdeploy.add_repository(name, private=True)
    app = ghdeploy.add_app("deployer", permissions={"deployments": "write", "contents": "read"})
    app.install("acme")
    return app


# PyGithub


def test_pygithub_works_as_an_app(ghdeploy: FakeGitHub, app: App) -> None:
    """It looks for the installation in each way, and renews its token by itself."""
    integration = GithubIntegration(auth=Auth.AppAuth(app.id, app.private_key))
    shown = integration.get_app()
    assert (shown.slug, shown.raw_data["owner"]["login"], dict(shown.permissions)) == (
        "deployer",
        "octocat",
        dict(app.permissions),
    )
    found = [
        integration.get_repo_installation("acme", "site"),
        integration.get_org_installation("acme"),
        integration.get_user_installation("acme"),
        integration.get_app_installation(app.installations[0].id),
        *integration.get_installations(),
    ]
    assert {installation.id for installation in found} == {app.installations[0].id}
    assert (found[0].target_type, found[0].suspended_at) == ("Organization", None)
    remote = found[0].get_github_for_installation()
    assert [repository.full_name for repository in found[0].get_repos()] == ["acme/site", "acme/docs"]
    deployment = remote.get_repo("acme/site").create_deployment("main")
    assert deployment.creator.login == "deployer[bot]"
    with pytest.raises(GithubException, match="Resource not accessible by integration"):
        remote.get_user().login  # noqa: B018 - it is fetched when it is read
    exchanges = ghdeploy.requests.filter("POST", "/app/installations/*/access_tokens")
    assert {exchange.status for exchange in exchanges} == {201}


def test_pygithub_gets_a_token_with_less(app: App) -> None:
    """It says which permissions and which repositories the token has."""
    integration = GithubIntegration(auth=Auth.AppAuth(app.client_id, app.private_key))
    number = app.installations[0].id
    token = integration.get_access_token(number, permissions={"contents": "read"})
    assert token.permissions == {"metadata": "read", "contents": "read"}
    assert (token.repository_selection, token.token[:4]) == ("all", "ghs_")
    with pytest.raises(
        GithubException, match="The permissions requested are not granted to this installation"
    ) as refused:
        integration.get_access_token(number, permissions={"checks": "write"})
    assert refused.value.status == 422


def test_pygithub_with_the_wrong_key_is_refused(ghdeploy: FakeGitHub, app: App) -> None:
    """The hint says so."""
    assert app.private_key
    integration = GithubIntegration(auth=Auth.AppAuth(app.id, ghdeploy.add_app("other").private_key))
    with pytest.raises(GithubException, match="A JSON web token could not be decoded"):
        integration.get_app()
    assert "the signature does not match its private key" in ghdeploy.requests[-1].hint


# githubkit


def test_githubkit_works_as_an_app(ghdeploy: FakeGitHub, app: App) -> None:
    """With its strategy for an app it finds the installation, and with that of the installation it deploys."""
    cache = importlib.import_module("githubkit.cache").MemCacheStrategy()  # the default lives as long as the process
    strategy = githubkit.AppAuthStrategy(app.id, app.private_key)
    github = githubkit.GitHub(strategy, http_cache=False, cache_strategy=cache)
    installation = github.rest.apps.get_repo_installation("acme", "site").parsed_data
    assert installation.account.login == "acme"
    of_installation = github.with_auth(github.auth.as_installation(installation.id))
    deployment = of_installation.rest.repos.create_deployment("acme", "site", ref="main").parsed_data
    assert deployment.creator.login == "deployer[bot]"
    listed = of_installation.rest.apps.list_repos_accessible_to_installation().parsed_data
    assert [repository.name for repository in listed.repositories] == ["site", "docs"]
    # It keeps the token for later requests.
    assert len(ghdeploy.requests.filter("POST", "/app/installations/*/access_tokens")) == 1


# gidgethub


@pytest.mark.parametrize("library", ["httpx", "aiohttp"])
def test_gidgethub_works_as_an_app(ghdeploy: FakeGitHub, app: App, library: str) -> None:
    """It exchanges its JSON web token for a token, and lists the installations with it."""
    names: Any = {"app_id": str(app.id), "private_key": app.private_key}

    async def tool(gh: Any) -> tuple[list[int], str]:  # noqa: ANN401 - of two libraries
        signed = gidgethub.apps.get_jwt(**names)
        listed = [one["id"] async for one in gh.getiter("/app/installations", jwt=signed)]
        issued = await gidgethub.apps.get_installation_access_token(gh, installation_id=str(listed[0]), **names)
        made = await gh.post("/repos/acme/site/deployments", data={"ref": "main"}, oauth_token=issued["token"])
        return listed, made["creator"]["login"]

    async def with_a_client() -> tuple[list[int], str]:
        if library == "aiohttp":
            async with aiohttp.ClientSession() as session:
                return await tool(gidgethub.aiohttp.GitHubAPI(session, "a tool"))
        async with httpx.AsyncClient() as client:
            return await tool(gidgethub.httpx.GitHubAPI(client, "a tool"))  # type: ignore[arg-type]

    assert asyncio.run(with_a_client()) == ([app.installations[0].id], "deployer[bot]")
    assert ghdeploy.repository("acme/site").deployments[0].creator.login == "deployer[bot]"


# Octokit

OCTOKIT = """
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";

const { APP_ID: appId, PRIVATE_KEY: privateKey, GITHUB_API_URL: baseUrl } = process.env;
const octokit = new Octokit({ authStrategy: createAppAuth, auth: { appId, privateKey }, baseUrl });
const place = { owner: "acme", repo: "site" };

const { data: shown } = await octokit.rest.apps.getAuthenticated();
const { data: installation } = await octokit.rest.apps.getRepoInstallation(place);
const { token, permissions } = await octokit.auth(
  { type: "installation", installationId: installation.id, repositoryNames: ["site"] }
);
const auth = { appId, privateKey, installationId: installation.id };
const ofInstallation = new Octokit({ authStrategy: createAppAuth, auth, baseUrl });
const { data: made } = await ofInstallation.rest.repos.createDeployment({ ...place, ref: "main" });
await ofInstallation.rest.repos.createDeploymentStatus({ ...place, deployment_id: made.id, state: "success" });
const { data: repositories } = await ofInstallation.rest.apps.listReposAccessibleToInstallation();
console.log(JSON.stringify({
  slug: shown.slug,
  creator: made.creator.login,
  dots: token.split(".").length - 1,
  permissions,
  names: repositories.repositories.map((repository) => repository.full_name),
}));
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "dots", [0, pytest.param(2, marks=pytest.mark.ghdeploy(stateless_tokens=True))], ids=["classic", "stateless"]
)
def test_octokit_works_as_an_app(
    ghdeploy: FakeGitHub, app: App, ghdeploy_server: LiveServer, tmp_path: Path, dots: int
) -> None:
    """Its strategy for apps works through the live server, with tokens of both formats."""
    fetched.from_npm("@octokit/auth-app")
    env = {**ghdeploy_server.env, "APP_ID": str(app.id), "PRIVATE_KEY": app.private_key}
    command = ["node", "--input-type=module", "--eval", OCTOKIT]
    code, printed, problem = outside.run(command, env, tmp_path, fetched.NODE)
    assert code == 0, problem
    assert json.loads(printed) == {
        "slug": "deployer",
        "creator": "deployer[bot]",
        "dots": dots,
        "permissions": dict(app.permissions),
        "names": ["acme/site", "acme/docs"],
    }
    assert ghdeploy.repository("acme/site").deployments[0].state == "success"
    for secret in app.private_key.splitlines()[1:-1]:
        assert secret not in ghdeploy.conversation.text()
