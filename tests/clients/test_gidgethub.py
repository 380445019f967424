"""gidgethub, unmodified, on each of its HTTP libraries: httpx2, aiohttp, and httpx where httpx2 is not installed."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import gidgethub
import gidgethub.abc
import gidgethub.aiohttp
import gidgethub.httpx
import httpx
import httpx2
import pytest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_ghdeploy import FakeGitHub

DEPLOYMENTS = "/repos/octocat/example/deployments"
TOKEN = {"oauth_token": "a-token-for-tests"}


@pytest.fixture(params=["httpx2", "httpx", "aiohttp"])
def run(request: pytest.FixtureRequest, ghdeploy: FakeGitHub) -> Callable[..., Any]:
    """Give a function that runs another with gidgethub's client."""
    ghdeploy.add_repository("octocat/example")

    def start(tool: Callable[[gidgethub.abc.GitHubAPI], Awaitable[Any]], **options: Any) -> Any:  # noqa: ANN401
        async def with_a_client() -> Any:  # noqa: ANN401
            options.update(TOKEN)
            if request.param == "aiohttp":
                async with aiohttp.ClientSession() as session:
                    return await tool(gidgethub.aiohttp.GitHubAPI(session, "a tool", **options))
            library: Any = httpx if request.param == "httpx" else httpx2
            async with library.AsyncClient() as client:
                return await tool(gidgethub.httpx.GitHubAPI(client, "a tool", **options))

        return asyncio.run(with_a_client())

    return start


def test_gidgethub_deploys(ghdeploy: FakeGitHub, run: Callable[..., Any]) -> None:
    """A deployment's life, with its rate limit and its paging."""

    async def tool(gh: gidgethub.abc.GitHubAPI) -> list[int]:
        ids = []
        for number in range(35):
            made = await gh.post(DEPLOYMENTS, data={"ref": "main", "task": f"deploy:{number}"})
            ids.append(made["id"])
        await gh.post(f"{DEPLOYMENTS}{{/id}}/statuses", url_vars={"id": str(ids[0])}, data={"state": "inactive"})
        await gh.delete(f"{DEPLOYMENTS}/{ids.pop(0)}")
        found = [deployment["id"] async for deployment in gh.getiter(DEPLOYMENTS)]
        assert gh.rate_limit
        assert gh.rate_limit.remaining == 5000 - len(ghdeploy.requests)
        assert found == ids[::-1]
        return ids

    assert len(run(tool)) == len(ghdeploy.repository("octocat/example").deployments) == 34
    assert len(ghdeploy.events.named("deployment")) == 35


def test_gidgethub_raises_a_refusal_with_githubs_words(ghdeploy: FakeGitHub, run: Callable[..., Any]) -> None:
    """BadRequest with the status, its ValidationError for a 422, and the message."""
    ghdeploy.repository("octocat/example").add_commit_status("main", state="failure", context="ci/tests")

    async def tool(gh: gidgethub.abc.GitHubAPI) -> None:
        with pytest.raises(gidgethub.BadRequest, match="Commit status checks failed for main") as refused:
            await gh.post(DEPLOYMENTS, data={"ref": "main"})
        assert refused.value.status_code is HTTPStatus.CONFLICT
        with pytest.raises(gidgethub.BadRequest, match="No ref found for: nope") as refused:
            await gh.post(DEPLOYMENTS, data={"ref": "nope"})
        assert refused.value.status_code is HTTPStatus.UNPROCESSABLE_ENTITY
        assert not (await gh.getstatus("/repos/octocat/nope")) < 400

    run(tool)


def test_gidgethub_keeps_answers_and_asks_whether_they_hold(ghdeploy: FakeGitHub, run: Callable[..., Any]) -> None:
    """With a cache it sends the tag, and takes a 304 for what it has."""

    async def tool(gh: gidgethub.abc.GitHubAPI) -> None:
        first = await gh.getitem("/repos/octocat/example")
        assert await gh.getitem("/repos/octocat/example") == first

    run(tool, cache={})
    assert [request.status for request in ghdeploy.requests] == [200, 304]


def test_gidgethub_raises_when_the_rate_limit_is_used_up(ghdeploy: FakeGitHub, run: Callable[..., Any]) -> None:
    """GitHub's 403 is its RateLimitExceeded."""
    ghdeploy.rate_limits.set(remaining=0)

    async def tool(gh: gidgethub.abc.GitHubAPI) -> None:
        with pytest.raises(gidgethub.RateLimitExceeded):
            await gh.getitem(DEPLOYMENTS)

    run(tool)


def test_many_tools_at_once(ghdeploy: FakeGitHub, run: Callable[..., Any]) -> None:
    """Fifty deployments at once are fifty."""

    async def tool(gh: gidgethub.abc.GitHubAPI) -> None:
        await asyncio.gather(*(gh.post(DEPLOYMENTS, data={"ref": "main", "task": f"{n}"}) for n in range(50)))

    run(tool)
    assert len({deployment.id for deployment in ghdeploy.repository("octocat/example").deployments}) == 50
