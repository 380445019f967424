"""Real clients, unmodified: hooks through PyGithub and github3.py."""

# ruff: noqa: S106 - the secrets of hooks that there are in these tests only
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import github3
import github3.exceptions
import pytest
from github import Auth, Github, GithubException, UnknownObjectException

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository

NOWHERE = "http://127.0.0.1:1/hook"


@pytest.fixture
def repository(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository octocat/example."""
    return ghdeploy.add_repository("octocat/example")


def pygithub() -> Any:  # noqa: ANN401 - a repository, of which PyGithub knows too many types
    """Return the repository as a PyGithub object."""
    token = Auth.Token("any-token")
    return Github(auth=token).get_repo("octocat/example")


def github3_repository() -> Any:  # noqa: ANN401 - github3.py has no types
    """Return the repository as a github3.py object."""
    return github3.login(token="any-token").repository("octocat", "example")


def test_pygithub_manages_hooks(repository: Repository, ghdeploy: FakeGitHub) -> None:
    """Create, list, get, edit, ping, test, delete: PyGithub reads each field."""
    repo = pygithub()
    config = {"url": NOWHERE, "content_type": "json", "secret": "s3cret"}
    made = repo.create_hook("web", config, ["push", "deployment"], active=True)
    assert (made.name, made.active, made.events) == ("web", True, ["deployment", "push"])
    assert made.config == {"url": NOWHERE, "content_type": "json", "insecure_ssl": "0", "secret": "********"}
    assert made.last_response.status == "unused"
    assert (made.created_at, made.updated_at) == (ghdeploy.clock.now, ghdeploy.clock.now)
    assert made.test_url == f"{made.url}/test"
    assert [hook.id for hook in repo.get_hooks()] == [made.id]
    assert repo.get_hook(made.id).raw_data["ping_url"] == made.ping_url

    made.edit("web", {"url": NOWHERE}, add_events=["status"], remove_events=["push"])
    assert made.events == ["deployment", "status"]
    assert "secret" not in made.config
    made.edit("web", {"url": NOWHERE, "content_type": "json"}, events=["push"])
    repository.add_commit("main")
    made.ping()
    made.test()
    assert [delivery.event for delivery in ghdeploy.webhooks.deliveries] == ["push", "ping", "ping"]
    made.delete()
    assert list(repo.get_hooks()) == []
    with pytest.raises(UnknownObjectException):
        repo.get_hook(made.id)


def test_pygithub_reads_deliveries(repository: Repository, ghdeploy: FakeGitHub) -> None:
    """A list with several pages by cursor, and one delivery with its request and response."""
    hook = ghdeploy.webhooks.subscribe(lambda _: 500, repository="octocat/example", secret="s3cret")
    for number in range(40):
        repository.add_commit_status("main", state="success", context=str(number))
    repo = pygithub()
    listed = list(repo.get_hook_deliveries(hook.id))
    assert [one.id for one in listed] == [one.id for one in hook.deliveries]
    newest = repo.get_hook_delivery(hook.id, listed[0].id)
    assert (newest.event, newest.action, newest.status, newest.status_code) == (
        "status",
        None,
        "Invalid HTTP Response: 500",
        500,
    )
    assert newest.guid == ghdeploy.events[-1].delivery_id
    assert newest.request.payload == ghdeploy.events[-1].payload
    assert newest.request.headers == dict(hook.deliveries[0].headers)
    assert newest.response.payload == ""


def test_pygithub_raises_githubs_messages(repository: Repository) -> None:
    """For a second hook with the same URL, and for an unknown event."""
    repo = pygithub()
    assert repository.full_name == repo.full_name
    repo.create_hook("web", {"url": NOWHERE})
    with pytest.raises(GithubException, match="Hook already exists on this repository") as refused:
        repo.create_hook("web", {"url": NOWHERE})
    assert refused.value.status == 422
    with pytest.raises(GithubException, match="pushes is not a valid event name"):
        repo.create_hook("web", {"url": NOWHERE}, ["pushes"])


def test_github3_manages_hooks(repository: Repository, ghdeploy: FakeGitHub) -> None:
    """Create, list, get, edit, ping, test, delete: github3.py reads each field."""
    repo = github3_repository()
    made = repo.create_hook("web", {"url": NOWHERE, "content_type": "json"}, events=["push"], active=True)
    assert (made.name, made.active, made.events) == ("web", True, ["push"])
    assert made.created_at == ghdeploy.clock.now
    assert [hook.id for hook in repo.hooks()] == [made.id]
    assert repo.hook(made.id).config == made.config
    assert made.edit(config={"url": f"{NOWHERE}2", "content_type": "form"}, add_events=["status"], active=True)
    assert made.events == ["push", "status"]
    repository.add_commit("main")
    assert made.ping()
    assert made.test()
    assert [delivery.event for delivery in ghdeploy.webhooks.deliveries] == ["push", "ping", "ping"]
    assert made.delete()
    with pytest.raises(github3.exceptions.NotFoundError):
        repo.hook(made.id)
