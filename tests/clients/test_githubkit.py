"""
githubkit, unmodified: its strict models, made from GitHub's whole description, accept every answer.

It is based on httpx.
"""

from __future__ import annotations

import asyncio
import importlib
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import signing
from client import stored
from rows import Rows
from scene import Scene

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.http import router

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_ghdeploy import LiveServer, Repository

githubkit: Any = importlib.import_module("githubkit")  # without its types, which are too many for mypy
# By default, tokens and JSON web tokens are kept for as long as the process lives.
new_cache: Any = importlib.import_module("githubkit.cache").MemCacheStrategy
VERSIONS = ("2022-11-28", "2026-03-10")
ENDPOINTS = router.endpoints()
both_versions = pytest.mark.parametrize("version", VERSIONS)
# githubkit names this one otherwise; the path is the same.
RENAMED = {"repos/compare-commits-with-basehead": "compare_commits"}


def new_github(fake: FakeGitHub, auth: object = "a-token-for-tests") -> Any:  # noqa: ANN401
    """Create a client with default settings, but without a cache of responses, and with its own cache of tokens."""
    return githubkit.GitHub(auth, base_url=fake.base_url, http_cache=False, cache_strategy=new_cache())


@pytest.fixture
def github(ghdeploy: FakeGitHub) -> Any:  # noqa: ANN401
    """Return a client with default settings, but without a cache."""
    return new_github(ghdeploy)


def method_for(rest: Any, operation_id: str) -> Any:  # noqa: ANN401
    """Find githubkit's method for one of GitHub's operations."""
    group, _, name = operation_id.replace("-", "_").partition("/")
    return getattr(getattr(rest, group), RENAMED.get(operation_id, name))


def call(rest: Any, scene: Scene, operation_id: str, **other: object) -> Any:  # noqa: ANN401
    """Call a method of githubkit with valid arguments, except for *other*."""
    body, places = scene.usual(operation_id)
    names = [part.strip("{}") for part in ENDPOINTS[operation_id].paths[0].split("/") if part.startswith("{")]
    arguments = {name: (scene.places | places)[name] for name in names}
    return method_for(rest, operation_id)(**arguments | (body or {}) | other)


@contextmanager
def a_scene(operation_id: str, version: str) -> Iterator[tuple[Scene, Any]]:
    """Give a scene in a fake of its own, and githubkit's methods for a version, as the caller of an operation."""
    with FakeGitHub() as fake:
        scene = Scene(fake)
        of_app = ENDPOINTS[operation_id].caller == "jwt"
        strategy = githubkit.AppAuthStrategy(scene.app.id, signing.private_key())
        # githubkit wants it to be kept while its methods are called.
        github = new_github(fake, strategy if of_app else scene.token(operation_id))
        yield scene, github.rest(version)


# Their responses are an empty list and an empty object.
EMPTY = {"apps/delete-installation", "repos/list-release-assets"}


@both_versions
def test_githubkit_reads_the_response(version: str) -> None:
    """Each method with an endpoint in the fake returns parsed data, under both versions."""
    with Rows() as rows:
        for operation_id in ENDPOINTS:
            with rows.row(operation_id), a_scene(operation_id, version) as (scene, rest):
                answer = call(rest, scene, operation_id)
                asked = scene.fake.requests[-1]
                assert asked.request_headers["X-GitHub-Api-Version"] == version
                assert asked.status == answer.status_code < 300
                if "codeload" in asked.url:  # an archive, to which githubkit was redirected
                    assert answer.content[:2] in (b"\x1f\x8b", b"PK")
                elif answer.status_code != 204:
                    assert answer.parsed_data or operation_id in EMPTY


# What each operation refuses, as its users would see it: the status, and what is wrong with the call.
REFUSED: list[tuple[str, int, dict[str, object]]] = [
    ("apps/get-by-slug", 404, {"app_slug": "nope"}),
    ("git/create-blob", 404, {"repo": "nope"}),
    ("git/create-commit", 422, {"tree": "0" * 40}),
    ("git/create-ref", 422, {"ref": "refs/heads/main"}),
    ("git/create-tag", 422, {"object": "0" * 40}),
    ("git/create-tree", 422, {"base_tree": "0" * 40}),
    ("git/delete-ref", 422, {"ref": "heads/nope"}),
    ("git/get-blob", 404, {"file_sha": "0" * 40}),
    ("git/get-commit", 404, {"commit_sha": "0" * 40}),
    ("git/get-ref", 404, {"ref": "heads/nope"}),
    ("git/get-tag", 404, {"tag_sha": "0" * 40}),
    ("git/get-tree", 404, {"tree_sha": "nope"}),
    ("git/update-ref", 422, {"ref": "heads/nope"}),
    ("pulls/create", 422, {"head": "nope"}),
    ("pulls/get", 404, {"pull_number": 99}),
    ("pulls/merge", 409, {"sha": "0" * 40}),
    ("pulls/update", 422, {"base": "nope"}),
    ("pulls/update-branch", 422, {"expected_head_sha": "0" * 40}),
    ("repos/add-collaborator", 422, {"username": "octocat"}),
    ("repos/check-collaborator", 404, {"username": "hubot"}),
    ("repos/compare-commits-with-basehead", 404, {"basehead": "main...nope"}),
    ("repos/create-deploy-key", 422, {"key": "nonsense"}),
    ("repos/create-deployment", 422, {"ref": "nope"}),
    ("repos/create-deployment", 409, {"required_contexts": ["nope"]}),
    ("repos/create-deployment-status", 422, {"description": "x" * 141}),
    ("repos/create-for-authenticated-user", 422, {"name": "example"}),
    ("repos/create-or-update-environment", 422, {"wait_timer": -1}),
    ("repos/create-or-update-file-contents", 409, {"sha": "0" * 40}),
    ("repos/create-or-update-file-contents", 404, {"branch": "nope"}),
    ("repos/create-or-update-file-contents", 422, {"path": "app.py"}),
    ("repos/delete", 404, {"repo": "nope"}),
    ("repos/delete-deployment", 404, {"deployment_id": 1}),
    ("repos/delete-file", 409, {"sha": "0" * 40}),
    ("repos/get", 404, {"repo": "nope"}),
    ("repos/get-branch", 404, {"branch": "nope"}),
    ("repos/get-commit", 422, {"ref": "nope"}),
    ("repos/get-content", 404, {"path": "nope"}),
    ("repos/get-deploy-key", 404, {"key_id": 1}),
    ("repos/get-deployment", 404, {"deployment_id": 1}),
    ("repos/get-deployment-status", 404, {"status_id": 1}),
    ("repos/get-environment", 404, {"environment_name": "nope"}),
    ("repos/list-commits", 404, {"sha": "nope"}),
    ("repos/merge", 404, {"base": "nope"}),
    ("repos/remove-collaborator", 422, {"username": "octocat"}),
    ("repos/update", 422, {"default_branch": "nope"}),
    ("users/get-by-username", 404, {"username": "nobody"}),
]


@both_versions
def test_githubkit_raises_a_refusal(github: Any, scene: Scene, version: str) -> None:  # noqa: ANN401
    """RequestFailed has the status. If githubkit has a model for the refusal, the body fits it."""
    before = stored(scene.fake)
    with Rows() as rows:
        for operation_id, status, other in REFUSED:
            with rows.row(operation_id, status, other):
                with pytest.raises(githubkit.exception.RequestFailed) as refused:
                    call(github.rest(version), scene, operation_id, **other)
                answer = refused.value.response
                assert answer.status_code == status
                if answer.content:
                    data = answer.parsed_data
                    assert (data["message"] if isinstance(data, dict) else data.message) == answer.json()["message"]
                assert stored(scene.fake) == before


@both_versions
def test_githubkit_deploys(github: Any, scene: Scene, version: str) -> None:  # noqa: ANN401
    """The life of a deployment, as a tool on githubkit writes it."""
    rest = github.rest(version)
    made = rest.repos.create_deployment(
        "octocat", "example", ref="main", environment="qa", payload={"ticket": 7}, required_contexts=[]
    ).parsed_data
    assert (made.environment, made.payload.model_dump(), made.creator.login) == ("qa", {"ticket": 7}, "octocat")
    for state in ("in_progress", "success"):
        rest.repos.create_deployment_status(
            "octocat", "example", made.id, state=state, environment_url="https://qa.example.com"
        )
    statuses = rest.repos.list_deployment_statuses("octocat", "example", made.id).parsed_data
    assert [status.state for status in statuses] == ["success", "in_progress"]
    listed = rest.repos.list_deployments("octocat", "example", environment="qa").parsed_data
    assert [deployment.id for deployment in listed] == [made.id]
    assert scene.fake.assert_event("deployment_status", state="success", environment="qa")


@both_versions
def test_githubkit_distinguishes_a_merge_from_a_deployment(github: Any, scene: Scene, version: str) -> None:  # noqa: ANN401
    """A tool on githubkit recognises a 202 by its status."""
    scene.repo.add_branch("behind", behind=1)
    answer = github.rest(version).repos.create_deployment("octocat", "example", ref="behind")
    assert (answer.status_code, answer.json()) == (202, {"message": "Auto-merged main into behind on deployment."})


def test_githubkit_follows_pages(github: Any, ghdeploy: FakeGitHub) -> None:  # noqa: ANN401
    """Its paginator, which counts pages itself, finds each deployment once."""
    repo: Repository = ghdeploy.add_repository("octocat/example")
    ids = [repo.add_deployment(ref="main").id for _ in range(45)]
    found = github.rest.paginate(github.rest.repos.list_deployments, owner="octocat", repo="example", per_page=20)
    assert [deployment.id for deployment in found] == ids[::-1]
    assert len(ghdeploy.requests) >= 3


def test_githubkit_follows_a_rename(github: Any, ghdeploy: FakeGitHub) -> None:  # noqa: ANN401
    """A renamed repository is found by its former name, and deployed."""
    ghdeploy.add_repository("octocat/example").rename("octocat/renamed")
    assert github.rest.repos.get("octocat", "example").parsed_data.full_name == "octocat/renamed"
    created = github.rest.repos.create_deployment("octocat", "example", ref="main")
    assert (created.status_code, created.parsed_data.ref) == (201, "main")


@pytest.mark.ghdeploy(base_url="https://ghe.example.com/api/v3")
def test_githubkit_on_an_enterprise_server(github: Any, ghdeploy: FakeGitHub) -> None:  # noqa: ANN401
    """With the base URL of a server, it deploys there."""
    ghdeploy.add_repository("octocat/example")
    deployment = github.rest.repos.create_deployment("octocat", "example", ref="main").parsed_data
    assert deployment.url.startswith("https://ghe.example.com/api/v3/repos/octocat/example/deployments/")
    assert github.rest.meta.get().json()["installed_version"] == "3.19.0"


def test_githubkit_revalidates_its_cache(ghdeploy: FakeGitHub) -> None:
    """By default it has a cache: a response that is a minute old is requested with its ETag, and gets 304."""
    repo = ghdeploy.add_repository("octocat/example")
    ghdeploy.clock.move_to(ghdeploy.clock.now - timedelta(seconds=100))  # so that an answer is old when it arrives
    github = githubkit.GitHub("a-token-for-tests")
    rest = github.rest.repos
    assert rest.list_deployments("octocat", "example").parsed_data == []
    assert rest.list_deployments("octocat", "example").parsed_data == []
    repo.add_deployment(ref="main")
    assert len(rest.list_deployments("octocat", "example").parsed_data) == 1
    assert [one.status for one in ghdeploy.requests] == [200, 304, 200]


def test_githubkit_deploys_with_async_too(ghdeploy: FakeGitHub) -> None:
    """The same methods with ``async``, with its cache."""
    ghdeploy.add_repository("octocat/example")

    async def run() -> None:
        async with githubkit.GitHub("a-token-for-tests") as github:
            rest = github.rest.repos
            made = (await rest.async_create_deployment("octocat", "example", ref="main")).parsed_data
            found = (await rest.async_list_deployments("octocat", "example")).parsed_data
            assert [deployment.id for deployment in found] == [made.id]
            with pytest.raises(githubkit.exception.RequestFailed):
                await rest.async_create_deployment("octocat", "example", ref="nope")

    asyncio.run(run())
    assert len(ghdeploy.events) == 1


def test_githubkit_uses_the_live_server(
    ghdeploy: FakeGitHub, ghdeploy_server: LiveServer
) -> None:  # fmt: skip
    """Over the port, as from another process; URLs in responses lead back to it."""
    repository = ghdeploy.add_repository("octocat/example")
    github = githubkit.GitHub("a-token-for-tests", base_url=ghdeploy_server.api_url, http_cache=False)
    deployment = github.rest.repos.create_deployment("octocat", "example", ref="main").parsed_data
    assert deployment.id == repository.deployments[0].id
    assert str(deployment.url).startswith(ghdeploy_server.api_url)
    assert ghdeploy.requests[-1].url.startswith(ghdeploy_server.api_url)
