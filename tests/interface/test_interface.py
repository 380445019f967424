"""The Python interface: fakes, repositories, handles, records and mistakes."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API, stored

import pytest_ghdeploy
from pytest_ghdeploy import Assumptions, FakeError, FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.errors import with_page
from pytest_ghdeploy.github.assumptions import AssumptionArguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy import Deployment, Repository

TOKEN = "ghp_a1B2c3D4e5F6g7H8i9J0"  # noqa: S105 - nobody's
HEADERS = {"Authorization": f"token {TOKEN}"}


@pytest.fixture
def gh() -> Iterator[FakeGitHub]:
    """Return an active fake, without the plugin."""
    with FakeGitHub() as fake:
        yield fake


@pytest.fixture
def repo(gh: FakeGitHub) -> Repository:
    """Return a repository with two branches and a tag."""
    repository = gh.add_repository("octocat/example")
    repository.add_branch("topic")
    repository.add_tag("v1", "main")
    return repository


def get(path: str, **kwargs: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of a GET response."""
    answer = requests.get(API + path, headers=HEADERS, timeout=5, **kwargs)
    assert answer.status_code == 200, answer.text
    return answer.json()


def snapshot(fake: FakeGitHub) -> dict[str, Any]:
    """Copy all state that a mistake must not change."""
    store = fake._engine.store
    tables = store.tables()
    graphs = {
        row.full_name: [dict(part) for part in (graph.commits, graph.branches, graph.tags)]
        for row in store.repositories
        for graph in (store.git(row),)
    }
    return {
        **{name: (table.next_id, list(table)) for name, table in tables.items()},
        "git": graphs,
        "events": list(fake.events),
        "tokens": dict(store.tokens),
        "collaborators": {number: dict(granted) for number, granted in store._collaborators.items()},
        "stubs": list(stubs.added) if (stubs := fake._engine.application.stubs) else [],
        "now": fake.clock.now,
        "requests": fake.requests,
        "settings": (fake.base_url, store.assume),
    }


# The whole


class DeployBlocked(Exception):
    """The error of the tool below for a refusal."""


def deploy(repository: str, ref: str) -> None:
    """Deploy like a small tool that does not know the fake."""
    answer = requests.post(f"{API}/repos/{repository}/deployments", json={"ref": ref}, headers=HEADERS, timeout=5)
    if answer.status_code == 409:
        raise DeployBlocked(answer.json()["message"])
    answer.raise_for_status()


my_tool = SimpleNamespace(deploy=deploy)


def test_the_design_example_runs_as_written(ghdeploy: FakeGitHub) -> None:
    """The example that introduces the design runs, word for word."""
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_branch("topic-branch")
    repo.add_commit_status("topic-branch", state="pending", context="ci/tests")

    with pytest.raises(DeployBlocked):
        my_tool.deploy("octocat/example", "topic-branch")

    repo.add_commit_status("topic-branch", state="success", context="ci/tests")
    my_tool.deploy("octocat/example", "topic-branch")

    event = ghdeploy.assert_event("deployment", environment="production", ref="topic-branch")
    assert event.payload["deployment"]["task"] == "deploy"
    assert [e.name for e in ghdeploy.events] == ["status", "status", "deployment"]


def test_a_fake_works_as_a_context_manager() -> None:
    """Inside the block requests are answered; outside, the records can still be read."""
    with FakeGitHub() as gh:
        gh.add_repository("octocat/example").add_deployment(ref="main")
        assert len(get("/repos/octocat/example/deployments")) == 1
    assert [(one.method, one.status) for one in gh.requests] == [("GET", 200)]
    assert [event.name for event in gh.events] == ["deployment"]


def test_leaving_the_block_removes_all_patches() -> None:
    """After the block, requests has its own functions again."""

    def places() -> list[object]:
        return [
            requests.Session.get_adapter,
            requests.Session.prepare_request,
            requests.adapters.HTTPAdapter.send,
            importlib.import_module("socket").socket.connect,
        ]

    before = places()
    with FakeGitHub():
        assert places() != before
    assert places() == before


def test_a_fake_can_be_active_again() -> None:
    """A closed fake can be opened again, with its data."""
    gh = FakeGitHub()
    with gh:
        gh.add_repository("octocat/example")
    with gh:
        assert get("/repos/octocat/example")["full_name"] == "octocat/example"


def swallow_an_unsupported_request() -> None:
    """Request an endpoint that only GitHub has, and swallow the error."""
    with contextlib.suppress(UnsupportedRequest):
        requests.get(f"{API}/repos/octocat/example/milestones", timeout=5)


def test_leaving_the_block_raises_swallowed_errors() -> None:
    """The error of an unsupported request is raised when the block ends, once."""
    gh = FakeGitHub()
    gh.add_repository("octocat/example")
    with (
        pytest.raises(
            UnsupportedRequest, match="is GitHub's issues/list-milestones, which this fake does not implement"
        ),
        gh,
    ):
        swallow_an_unsupported_request()
    with gh:
        pass


def test_leaving_the_block_does_not_hide_the_tests_own_error() -> None:
    """An error inside the block is the one that is raised."""

    def own_error() -> None:
        swallow_an_unsupported_request()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), FakeGitHub():
        own_error()


# Setting the scene


def test_setup_dispatches_no_events(gh: FakeGitHub) -> None:
    """Repositories, accounts, tokens, permissions, branches, commits, tags, conflicts and stubs cause no event."""
    gh.add_user("monalisa")
    repo = gh.add_repository("octocat/example")
    repo.add_branch("topic")
    repo.add_branch("old", behind=2)
    repo.add_branch("older", from_ref="topic", behind=3)
    repo.add_commit("topic", files={"app.py": "print()\n"})
    repo.add_tag("v1", "topic")
    repo.add_merge_conflict("topic")
    repo.add_collaborator("hubot", "push")
    gh.add_token(TOKEN)
    gh.stub("GET", "/repos/octocat/example/milestones", json=[])
    gh.clock.tick(5)
    assert list(gh.events) == []


def test_reports_dispatch_events(gh: FakeGitHub, repo: Repository) -> None:
    """Commit statuses, check runs, deployments and deployment statuses dispatch their events from Python too."""
    repo.add_commit_status("main", state="success")
    repo.add_check_run("main", name="lint", status="in_progress", conclusion=None)
    repo.add_check_run("main", name="lint")
    repo.add_deployment(ref="main").add_status("success")
    assert [(event.name, event.action) for event in gh.events] == [
        ("status", None),
        ("check_run", "created"),
        ("check_run", "created"),
        ("check_run", "completed"),
        ("deployment", "created"),
        ("deployment_status", "created"),
    ]
    assert {event.repository for event in gh.events} == {"octocat/example"}
    guid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(guid.fullmatch(event.delivery_id) for event in gh.events)
    assert len({event.delivery_id for event in gh.events}) == len(gh.events)


def test_a_repository_starts_with_one_commit_on_its_default_branch(gh: FakeGitHub) -> None:
    """By default `add_repository` adds a public repository with `main` and one commit."""
    plain = gh.add_repository("octocat/example")
    other = gh.add_repository("acme/shop", default_branch="develop", private=True)
    assert (plain.full_name, plain.name, plain.owner.login) == ("octocat/example", "example", "octocat")
    assert (plain.default_branch, plain.private) == ("main", False)
    assert (other.default_branch, other.private, other.owner.type) == ("develop", True, "User")
    for repo, branch in ((plain, "main"), (other, "develop")):
        path = f"/repos/{repo.full_name}"
        assert [listed["name"] for listed in get(f"{path}/branches")] == [branch]
        assert [commit["sha"] for commit in get(f"{path}/commits")] == [repo.sha(branch)]
        assert get(f"{path}")["id"] == repo.id
    assert plain.sha("main") != other.sha("develop")
    assert re.fullmatch("[0-9a-f]{40}", plain.sha("main"))


def test_a_repository_is_looked_up_without_regard_to_case(gh: FakeGitHub, repo: Repository) -> None:
    """`repository` finds an added repository in any case."""
    found = gh.repository("OctoCat/EXAMPLE")
    assert (found.id, found.full_name) == (repo.id, "octocat/example")


def test_a_branch_starts_at_the_head_of_the_default_branch(repo: Repository) -> None:
    """Without `from_ref` a new branch is at the current head of the default branch, and stays there."""
    head = repo.sha("main")
    assert repo.add_branch("feature/one") == head == repo.sha("feature/one") == repo.sha("refs/heads/feature/one")
    assert repo.add_commit("main") == repo.sha("main") != head
    assert repo.sha("feature/one") == head


@pytest.mark.parametrize("ref", ["other", "v1", "sha"])
def test_a_branch_starts_at_from_ref(repo: Repository, ref: str) -> None:
    """`from_ref` is a branch, a tag or a full SHA."""
    repo.add_branch("other")
    start = repo.add_commit("other")
    repo.add_tag("v2", "other")
    given = {"other": "other", "v1": "v2", "sha": start}[ref]
    assert repo.add_branch("new", from_ref=given) == start == repo.sha("new")


def behind(repo: Repository, branch: str) -> int:
    """Count the commits by which *branch* is behind the default branch, as a client would."""
    mine, base = (
        {commit["sha"] for commit in get(f"/repos/{repo.full_name}/commits", params={"sha": ref, "per_page": 100})}
        for ref in (branch, repo.default_branch)
    )
    return len(base - mine)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("commits", [0, 3])
def test_behind_is_the_number_of_missing_commits(repo: Repository, count: int, commits: int) -> None:
    """`behind=n` adds a branch that lacks exactly n commits of the default branch, however many it had."""
    for _ in range(commits):
        repo.add_commit("main")
    before = {ref: repo.sha(ref) for ref in ("main", "topic", "v1")}
    lacking = behind(repo, "topic")
    repo.add_branch("old", behind=count)
    assert behind(repo, "old") == count
    assert {ref: repo.sha(ref) for ref in before} == before
    assert behind(repo, "topic") == lacking


def test_behind_counts_from_from_ref(repo: Repository) -> None:
    """The branch starts at `from_ref`, and the default branch gets commits until it is n ahead."""
    start = repo.add_commit("topic")
    assert repo.add_branch("old", from_ref="topic", behind=2) == start
    assert (behind(repo, "old"), behind(repo, "topic")) == (2, 2)
    assert repo.sha("topic") == start


def test_a_branch_that_is_behind_gets_githubs_202(repo: Repository) -> None:
    """GitHub merges the default branch into it: first 202, then 201 with the merge commit."""
    repo.add_branch("old", behind=2)
    url, body = f"{API}/repos/octocat/example/deployments", {"ref": "old"}
    first, second = (requests.post(url, json=body, headers=HEADERS, timeout=5) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 201)
    assert second.json()["sha"] == repo.sha("old")
    assert behind(repo, "old") == 0


def test_a_merge_conflict_gets_githubs_409(repo: Repository) -> None:
    """`add_merge_conflict` makes a branch that is behind and cannot be merged; other branches do not change."""
    repo.add_branch("free")
    before = repo.sha("free")
    repo.add_merge_conflict("topic")
    assert behind(repo, "topic") > 0
    assert repo.sha("free") == before
    url = f"{API}/repos/octocat/example/deployments"
    answer = requests.post(url, json={"ref": "topic"}, headers=HEADERS, timeout=5)
    assert (answer.status_code, answer.json()["message"]) == (409, "Conflict merging main into topic.")
    assert requests.post(url, json={"ref": "free"}, headers=HEADERS, timeout=5).status_code == 202


def test_a_merge_conflict_can_be_with_another_branch(repo: Repository) -> None:
    """With `base`, the default branch does not change."""
    head = repo.sha("main")
    repo.add_branch("release")
    repo.add_merge_conflict("topic", "release")
    assert repo.sha("main") == head
    assert len({repo.sha(ref) for ref in ("main", "topic", "release")}) == 3
    url = f"{API}/repos/octocat/example/deployments"
    assert requests.post(url, json={"ref": "topic"}, headers=HEADERS, timeout=5).status_code == 201


def test_a_commit_has_the_files_it_was_given(repo: Repository) -> None:
    """`add_commit` returns the new head; clients read its files and message."""
    sha = repo.add_commit("topic", message="Fix the build", files={"src/app.py": "print()\n", "README.md": "new\n"})
    assert sha == repo.sha("topic") != repo.sha("main")
    read = get(f"/repos/octocat/example/commits/{sha}")
    assert read["commit"]["message"] == "Fix the build"
    assert {file["filename"]: file["status"] for file in read["files"]} == {
        "src/app.py": "added",
        "README.md": "modified",
    }


def test_a_tag_stays_where_it_was_put(repo: Repository) -> None:
    """`add_tag` tags the commit of a ref; the branch may move on."""
    sha = repo.sha("topic")
    assert repo.add_tag("v2", "topic") == sha
    repo.add_commit("topic")
    assert repo.sha("v2") == repo.sha("refs/tags/v2") == sha


def test_commit_statuses_and_check_runs_gate_a_deployment(repo: Repository) -> None:
    """Those added from Python count like those of a CI tool."""
    status = repo.add_commit_status(
        "main", state="failure", context="ci", description="1 failed", target_url="http://x"
    )
    run = repo.add_check_run("main", name="lint", status="in_progress", conclusion=None)
    assert (status.state, status.context, status.description, status.target_url) == (
        "failure", "ci", "1 failed", "http://x",
    )  # fmt: skip
    assert (run.name, run.status, run.conclusion, run.completed_at) == ("lint", "in_progress", None, None)
    answer = requests.post(f"{API}/repos/octocat/example/deployments", json={"ref": "main"}, headers=HEADERS, timeout=5)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["contexts"] == [
        {"context": "ci", "state": "failure"},
        {"context": "lint", "state": "pending"},
    ]


def test_a_token_acts_as_its_user(gh: FakeGitHub, repo: Repository) -> None:
    """Every token is accepted until one is added; then only that one, with its user's rights."""
    path = f"{API}/repos/octocat/example/deployments"
    body = {"ref": "main", "required_contexts": []}
    assert requests.post(path, json=body, headers={"Authorization": "token x"}, timeout=5).status_code == 201
    gh.add_token(TOKEN, user="monalisa")
    assert get("/user")["login"] == "monalisa"
    assert requests.post(path, json=body, headers={"Authorization": "token x"}, timeout=5).status_code == 401
    assert requests.post(path, json=body, headers=HEADERS, timeout=5).status_code == 404
    repo.add_collaborator("monalisa")
    assert requests.post(path, json=body, headers=HEADERS, timeout=5).json()["creator"]["login"] == "monalisa"


def test_a_stub_answers_an_unsupported_request(gh: FakeGitHub) -> None:
    """`stub` sets the response for a method and a path; later stubs come first; segments can be wildcards."""
    gh.stub("GET", "/repos/octocat/example/milestones", json=[{"number": 1}])
    gh.stub("get", "/repos/*/{repo}/issues", status=418)
    gh.stub("GET", "/repos/octocat/example/issues", json={"first": True})
    assert get("/repos/octocat/example/milestones") == [{"number": 1}]
    assert get("/repos/octocat/example/issues") == {"first": True}
    teapot = requests.get(f"{API}/repos/a/b/issues", timeout=5)
    assert (teapot.status_code, teapot.content) == (418, b"")
    assert [one.status for one in gh.requests] == [200, 200, 418]


def test_time_stands_still_until_it_is_moved(gh: FakeGitHub, repo: Repository) -> None:
    """The clock starts at the current time in whole seconds; only `tick` and `move_to` change it."""
    start = gh.clock.now
    assert start.microsecond == 0
    assert abs(start - datetime.now(UTC)) < timedelta(minutes=1)
    deployment = repo.add_deployment(ref="main")
    gh.clock.tick(90)
    deployment.add_status("queued")
    assert (deployment.created_at, deployment.updated_at) == (start, start + timedelta(seconds=90))
    gh.clock.move_to(datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC))
    deployment.add_status("success")
    assert get(f"/repos/octocat/example/deployments/{deployment.id}")["updated_at"] == "2030-01-02T03:04:05Z"


# Handles


def test_a_deployment_spells_its_attributes_like_the_json_fields(repo: Repository) -> None:
    """Each field of GitHub's object is an attribute of the handle, with the same value."""
    deployment = repo.add_deployment(
        ref="topic", environment="qa", task="migrate", payload={"tries": [1]}, description="text",
        transient_environment=True, production_environment=True,
    )  # fmt: skip
    deployment.add_status("in_progress", environment="staging")
    read = get(f"/repos/octocat/example/deployments/{deployment.id}")
    assert deployment.creator.login == read.pop("creator")["login"]
    for name in ("created_at", "updated_at"):
        assert getattr(deployment, name) == datetime.fromisoformat(read.pop(name))
    assert {name: getattr(deployment, name) for name in read} == read
    assert (deployment.environment, deployment.original_environment) == ("staging", "qa")


def test_the_state_of_a_deployment_is_its_latest_status(repo: Repository) -> None:
    """`state` is None without a deployment status; `statuses` are newest first."""
    deployment = repo.add_deployment(ref="main")
    assert (deployment.state, deployment.statuses) == (None, [])
    made = [deployment.add_status("queued"), deployment.add_status("failure", description="broken")]
    assert deployment.state == "failure"
    assert deployment.statuses == made[::-1]
    status = deployment.statuses[0]
    read = get(f"/repos/octocat/example/deployments/{deployment.id}/statuses/{status.id}")
    for name in ("id", "state", "description", "environment", "target_url", "log_url", "environment_url"):
        assert getattr(status, name) == read[name]


def test_a_handle_reads_the_current_state(repo: Repository) -> None:
    """An older handle shows a change over HTTP."""
    deployment = repo.add_deployment(ref="main", environment="qa")
    url = f"{API}/repos/octocat/example/deployments"
    body = {"state": "success", "environment": "staging"}
    requests.post(f"{url}/{deployment.id}/statuses", json=body, headers=HEADERS, timeout=5).raise_for_status()
    assert (deployment.state, deployment.environment, len(deployment.statuses)) == ("success", "staging", 1)
    made = requests.post(url, json={"ref": "topic"}, headers=HEADERS, timeout=5).json()
    assert [listed.id for listed in repo.deployments] == [made["id"], deployment.id]
    requests.delete(f"{url}/{made['id']}", headers=HEADERS, timeout=5).raise_for_status()
    assert repo.deployments == [deployment]


def test_a_deleted_deployment_says_so(repo: Repository) -> None:
    """Every attribute of a handle raises after the deployment was deleted."""
    deployment = repo.add_deployment(ref="main")
    requests.delete(
        f"{API}/repos/octocat/example/deployments/{deployment.id}", headers=HEADERS, timeout=5
    ).raise_for_status()
    for ask in (lambda: deployment.state, lambda: deployment.statuses, lambda: deployment.add_status("success")):
        with pytest.raises(FakeError) as caught:
            ask()
        assert (
            str(caught.value) == f"deployment {deployment.id} no longer exists: it was deleted, or the fake was reset"
        )


def set_environment(deployment: Deployment) -> None:
    """Try to change the environment by setting an attribute."""
    deployment.environment = "staging"  # type: ignore[misc]


def set_state(deployment: Deployment) -> None:
    """Try to change the state by setting an attribute."""
    deployment.state = "success"  # type: ignore[misc]


@pytest.mark.parametrize("change", [set_environment, set_state])
def test_a_deployments_attributes_cannot_be_set(repo: Repository, change: Callable[[Deployment], None]) -> None:
    """Setting an attribute raises at once, because the handle would differ from GitHub's state."""
    deployment = repo.add_deployment(ref="main")
    with pytest.raises((AttributeError, FakeError)):
        change(deployment)
    assert (deployment.environment, deployment.state) == ("production", None)


def test_values_of_handles_cannot_change_the_store(gh: FakeGitHub, repo: Repository) -> None:
    """Payloads, lists and rows are copies or frozen."""
    payload: dict[str, Any] = {"list": [1]}
    deployment = repo.add_deployment(ref="main", payload=payload)
    status = deployment.add_status("success")
    before = snapshot(gh)
    payload["list"].append(2)
    given = deployment.payload
    assert isinstance(given, dict)
    given["list"].append(3)
    deployment.statuses.clear()
    repo.deployments.clear()
    for row, name in ((status, "state"), (deployment.creator, "login"), (repo.owner, "login")):
        with pytest.raises(AttributeError):
            setattr(row, name, "x")
    with pytest.raises(AttributeError):
        setattr(repo, "private", True)  # noqa: B010 - mypy knows better
    assert deployment.payload == {"list": [1]}
    assert snapshot(gh) == before
    assert gh.assert_event("deployment").payload["deployment"]["payload"] == {"list": [1]}


def test_two_handles_of_one_deployment_are_equal(gh: FakeGitHub, repo: Repository) -> None:
    """Handles are equal if they are of the same object, so that lists of them can be compared."""
    deployment = repo.add_deployment(ref="main")
    other = repo.add_deployment(ref="main")
    assert gh.repository("octocat/example").deployments == [other, deployment]
    assert {deployment, repo.deployments[1]} == {deployment}
    assert deployment != other


def test_an_unknown_attribute_lists_the_known_ones(repo: Repository) -> None:
    """The closest ones come first."""
    deployment = repo.add_deployment(ref="main")
    with pytest.raises(AttributeError) as caught:
        _ = getattr(deployment, "enviroment")  # noqa: B009 - mypy knows better
    assert str(caught.value) == (
        "a deployment has no attribute 'enviroment'; known: environment, original_environment, "
        "transient_environment, production_environment, created_at, creator, description, id, node_id, payload, "
        "performed_via_github_app, ref, repository_url, sha, state, statuses, statuses_url, task, updated_at, url"
    )


# Mistakes

LONG = "x" * 256

MISTAKES: list[tuple[Callable[[FakeGitHub, Repository, Deployment], object], str]] = [
    # repositories
    (
        lambda gh, _r, _d: gh.repository("octocat/exmaple"),
        "unknown repository 'octocat/exmaple'; known: octocat/example",
    ),
    (
        lambda gh, _r, _d: gh.add_repository("octocat/example"),
        "repository octocat/example already exists: call repository('octocat/example') to get it",
    ),
    (
        lambda gh, _r, _d: gh.add_repository("OctoCat/Example"),
        "repository octocat/example already exists: call repository('octocat/example') to get it",
    ),
    (
        lambda gh, _r, _d: gh.add_repository("example"),
        'invalid repository name \'example\': use "owner/name", with letters, digits, ".", "_" and "-"',
    ),
    (
        lambda gh, _r, _d: gh.add_repository("octocat/exa mple"),
        'invalid repository name \'octocat/exa mple\': use "owner/name", with letters, digits, ".", "_" and "-"',
    ),
    (
        lambda gh, _r, _d: gh.add_repository("newcomer/example", default_branch="my branch"),
        "'my branch' is not a valid name for a branch or tag: see git check-ref-format",
    ),
    # accounts
    (lambda gh, _r, _d: gh.add_user("octocat"), "user octocat already exists"),
    (
        lambda gh, _r, _d: gh.add_user("mona lisa"),
        'invalid login \'mona lisa\': use letters, digits and "-"; the login of a bot ends in "[bot]"',
    ),
    (
        lambda gh, _r, _d: gh.add_user("hubot", type="Robot"),  # type: ignore[arg-type]
        "unknown account type 'Robot'; known: Bot, User, Organization",
    ),
    (lambda gh, _r, _d: gh.add_token("two words"), "token must be a non-empty string without white space"),
    (lambda gh, _r, _d: gh.add_token(""), "token must be a non-empty string without white space"),
    (
        lambda gh, _r, _d: gh.add_token(TOKEN, user="mona lisa"),
        'invalid login \'mona lisa\': use letters, digits and "-"; the login of a bot ends in "[bot]"',
    ),
    (
        lambda _gh, r, _d: r.add_collaborator("hubot", "write"),  # type: ignore[arg-type]
        "unknown permission 'write'; known: triage, pull, push, maintain, admin",
    ),
    (
        lambda _gh, r, _d: r.add_collaborator("mona lisa"),
        'invalid login \'mona lisa\': use letters, digits and "-"; the login of a bot ends in "[bot]"',
    ),
    # stubs and the clock
    (
        lambda gh, _r, _d: gh.stub("FETCH", "/user"),
        "unknown method 'FETCH'; known: PATCH, GET, DELETE, HEAD, OPTIONS, POST, PUT",
    ),
    (
        lambda gh, _r, _d: gh.stub("GET", "user"),
        'path must start with "/" and must not have a query, such as "/repos/octocat/example"; got \'user\'',
    ),
    (
        lambda gh, _r, _d: gh.stub("GET", "/user?page=1"),
        'path must start with "/" and must not have a query, such as "/repos/octocat/example"; got \'/user?…\'',
    ),
    (lambda gh, _r, _d: gh.stub("GET", "/user", status=99), "status must be an HTTP status from 200 to 599, got 99"),
    (
        lambda gh, _r, _d: gh.stub("GET", "/user", json={1}),
        "json cannot be written as JSON: Object of type set is not JSON serializable",
    ),
    (
        lambda gh, _r, _d: gh.clock.tick(-1),
        "clock.tick needs 0 seconds or more, got -1; to go back in time, call clock.move_to",
    ),
    (
        lambda gh, _r, _d: gh.clock.move_to(datetime(2030, 1, 1)),  # noqa: DTZ001 - the mistake
        "clock.move_to needs a datetime with a time zone, such as tzinfo=UTC; got datetime.datetime(2030, 1, 1, 0, 0)",
    ),
    (lambda gh, _r, _d: gh.open(), "this fake of https://api.github.com is already active"),
    # git
    (
        lambda _gh, r, _d: r.sha("tpic"),
        "unknown branch, tag or SHA 'tpic' in octocat/example; known: topic, main, v1",
    ),
    (
        lambda _gh, r, _d: r.sha("0" * 40),
        f"unknown branch, tag or SHA '{'0' * 40}' in octocat/example; known: main, topic, v1",
    ),
    (lambda _gh, r, _d: r.add_branch("topic"), "octocat/example already has a branch 'topic'"),
    (
        lambda _gh, r, _d: r.add_branch("a..b"),
        "'a..b' is not a valid name for a branch or tag: see git check-ref-format",
    ),
    (
        lambda _gh, r, _d: r.add_branch("new", from_ref="tpic"),
        "unknown branch, tag or SHA 'tpic' in octocat/example; known: topic, main, v1",
    ),
    (lambda _gh, r, _d: r.add_branch("new", behind=-1), "behind must be a number of commits, 0 to 10,000; got -1"),
    (lambda _gh, r, _d: r.add_branch("new", behind=True), "behind must be a number of commits, 0 to 10,000; got True"),
    (lambda _gh, r, _d: r.add_commit(["main"]), "a branch must be a string, got ['main']"),  # type: ignore[arg-type]
    (lambda _gh, r, _d: r.add_merge_conflict({}), "a branch must be a string, got {}"),  # type: ignore[arg-type]
    (lambda _gh, r, _d: r.add_deployment(ref="main", creator=5), "creator must be a login, got 5"),  # type: ignore[arg-type]
    (
        lambda _gh, r, _d: r.add_deployment(ref="main", creator=r.owner),  # type: ignore[arg-type]
        "creator must be a login, got a User: use its login, 'octocat'",
    ),
    (
        lambda _gh, r, _d: r.add_commit_status("main", state="success", creator=5),  # type: ignore[arg-type]
        "creator must be a login, got 5",
    ),
    (
        lambda _gh, r, _d: r.add_commit_status("main", state="success", creator=r.owner),  # type: ignore[arg-type]
        "creator must be a login, got a User: use its login, 'octocat'",
    ),
    (lambda _gh, _r, d: d.add_status("success", creator=5), "creator must be a login, got 5"),  # type: ignore[arg-type]
    (
        lambda _gh, r, d: d.add_status("success", creator=r.owner),  # type: ignore[arg-type]
        "creator must be a login, got a User: use its login, 'octocat'",
    ),
    (lambda gh, _r, _d: gh.faults.add(status=500, times=None), "times must be a whole number, 1 or more; got None"),  # type: ignore[arg-type]
    (
        lambda _gh, r, _d: r.add_branch("new", behind=10_001),
        "behind must be a number of commits, 0 to 10,000; got 10001",
    ),
    (lambda _gh, r, _d: r.add_tag("v1", "topic"), "octocat/example already has a tag 'v1'"),
    (
        lambda _gh, r, _d: r.add_tag("v 2", "main"),
        "'v 2' is not a valid name for a branch or tag: see git check-ref-format",
    ),
    (
        lambda _gh, r, _d: r.add_tag("v2", "mian"),
        "unknown branch, tag or SHA 'mian' in octocat/example; known: main, topic, v1",
    ),
    (
        lambda _gh, r, _d: r.add_commit("v1"),
        "unknown branch 'v1' in octocat/example; known: main, topic",
    ),
    (
        lambda _gh, r, _d: r.add_merge_conflict("tpic"),
        "unknown branch 'tpic' in octocat/example; known: topic, main",
    ),
    (
        lambda _gh, r, _d: r.add_merge_conflict("topic", "v1"),
        "unknown branch 'v1' in octocat/example; known: main, topic",
    ),
    (
        lambda _gh, r, _d: r.add_merge_conflict("main"),
        "main cannot conflict with itself: head and base must be different branches",
    ),
    # reports on commits
    (
        lambda _gh, r, _d: r.add_commit_status("main", state="sucess"),  # type: ignore[arg-type]
        "unknown commit status state 'sucess'; known: success, error, failure, pending",
    ),
    (
        lambda _gh, r, _d: r.add_commit_status("mian", state="success"),
        "unknown branch, tag or SHA 'mian' in octocat/example; known: main, topic, v1",
    ),
    (
        lambda _gh, r, _d: r.add_commit_status("main", state="success", creator="hubot"),
        "unknown user 'hubot': add it with add_user; known: octocat",
    ),
    (
        lambda _gh, r, _d: r.add_commit_status("main", state="success", description="x" * 141),
        "GitHub would respond 422 'Validation Failed': description has 141 characters; the limit is 140",
    ),
    (
        lambda _gh, r, _d: r.add_commit_status("main", state="success", context=LONG),
        "GitHub would respond 422 'Validation Failed': context has 256 characters; the limit is 255",
    ),
    (
        lambda _gh, r, _d: r.add_commit_status("main", state="success", target_url="ftp://x"),
        (
            "GitHub would respond 422 'Validation Failed': "
            "target_url is 'ftp://x'; GitHub accepts http and https URLs only"
        ),
    ),
    (
        lambda _gh, r, _d: r.add_check_run("mian", name="lint"),
        "unknown branch, tag or SHA 'mian' in octocat/example; known: main, topic, v1",
    ),
    (
        lambda _gh, r, _d: r.add_check_run("main", name="lint", status="done"),  # type: ignore[arg-type]
        ("unknown check run status 'done'; known: queued, in_progress, completed, waiting, requested, pending"),
    ),
    (
        lambda _gh, r, _d: r.add_check_run("main", name="lint", conclusion="failed"),  # type: ignore[arg-type]
        (
            "unknown check run conclusion 'failed'; "
            "known: failure, stale, cancelled, action_required, neutral, skipped, success, timed_out"
        ),
    ),
    (
        lambda _gh, r, _d: r.add_check_run("main", name="lint", conclusion=None),
        (
            "a completed check run needs a conclusion: "
            "action_required, cancelled, failure, neutral, skipped, stale, success, timed_out"
        ),
    ),
    # deployments
    (
        lambda _gh, r, _d: r.add_deployment(ref="v2"),
        "unknown branch, tag or SHA 'v2' in octocat/example; known: v1, main, topic",
    ),
    (
        lambda _gh, r, _d: r.add_deployment(ref="main", creator="hubot"),
        "unknown user 'hubot': add it with add_user; known: octocat",
    ),
    (
        lambda _gh, r, _d: r.add_deployment(ref="main", environment=LONG),
        "GitHub would respond 422 'Validation Failed': environment has 256 characters; the limit is 255",
    ),
    (
        lambda _gh, r, _d: r.add_deployment(ref="main", payload=[1]),  # type: ignore[arg-type]
        (
            "GitHub would respond 422 \"Invalid request.\\n\\nFor 'properties/payload', [1] is not an object or "
            'string.": invalid in the body: payload'
        ),
    ),
    (
        lambda _gh, r, _d: r.add_deployment(ref="main", payload={"set": {1}}),
        "payload cannot be written as JSON: Object of type set is not JSON serializable",
    ),
    (
        lambda _gh, r, _d: r.add_deployment(ref="main", payload="x" * 65_535),
        "GitHub would respond 422 'Validation Failed': payload has 65,537 bytes; the limit is 65,535",
    ),
    (
        lambda _gh, r, _d: r.add_deployment(ref="main", required_contexts=["ci/tests"]),
        (
            "GitHub would respond 409 'Conflict: Commit status checks failed for main.': {main:.7}, "
            "the commit of main: ci/tests was never reported; reported contexts: none; "
            "required_contexts=[] deploys it regardless"
        ),
    ),
    (
        lambda _gh, r, _d: r.add_deployment(ref="v1", auto_merge=True),
        (
            "GitHub would respond 409 'Conflict merging main into v1.': v1 is 1 commit(s) behind main, "
            "and a tag cannot get a merge commit; auto_merge=false deploys it as it is"
        ),
    ),
    # deployment statuses
    (
        lambda _gh, _r, d: d.add_status("done"),  # type: ignore[arg-type]
        (
            "unknown deployment status state 'done'; "
            "known: error, failure, inactive, in_progress, queued, pending, success"
        ),
    ),
    (
        lambda _gh, _r, d: d.add_status("success", creator="hubot"),
        "unknown user 'hubot': add it with add_user; known: octocat",
    ),
    (
        lambda _gh, _r, d: d.add_status("success", description="x" * 141),
        "GitHub would respond 422 'Validation Failed': description has 141 characters; the limit is 140",
    ),
    (
        lambda _gh, _r, d: d.add_status("success", environment=LONG),
        "GitHub would respond 422 'Validation Failed': environment has 256 characters; the limit is 255",
    ),
    (
        lambda _gh, _r, d: d.add_status("success", log_url="ftp://x"),
        ("GitHub would respond 422 'Validation Failed': log_url is 'ftp://x'; GitHub accepts http and https URLs only"),
    ),
    (
        lambda _gh, _r, d: d.add_status("success", environment_url="x"),
        (
            "GitHub would respond 422 'Validation Failed': "
            "environment_url is 'x'; GitHub accepts http and https URLs only"
        ),
    ),
    # git
    (
        lambda _gh, r, _d: r.add_commit("main", files={"fine": "", "a/../b": ""}),
        ("GitHub would respond 422 'path contains a malformed path component': git does not accept the path 'a/../b'"),
    ),
    # events
    (
        lambda gh, _r, _d: gh.assert_event("deploymnt"),
        (
            "unknown event 'deploymnt'; known: deployment, deployment_status, delete, check_run, commit_comment, "
            "create, installation, issue_comment, label, pull_request, pull_request_review, push, release, "
            "repository, repository_dispatch, status"
        ),
    ),
]


def source_line(call: Callable[..., object]) -> str:
    """Name a row of the table by its line."""
    return f"line{call.__code__.co_firstlineno}" if hasattr(call, "__code__") else "call"


@pytest.mark.parametrize("files", [{"a": "1", "a/b": "2"}, {"README.md/a": "1"}, {"docs": "1"}, {"docs/a/b": "1"}])
def test_a_path_cannot_be_a_file_and_a_folder(gh: FakeGitHub, repo: Repository, files: dict[str, str]) -> None:
    """Neither among the new files, nor beside the files of the branch."""
    repo.add_commit("main", files={"docs/a": "1"})
    before = stored(gh)
    with pytest.raises(FakeError, match="path conflicts with an existing file or directory") as caught:
        repo.add_commit("main", files=files)
    assert caught.value.argument == "files"
    assert stored(gh) == before


def test_a_tag_with_a_message_is_annotated(repo: Repository, gh: FakeGitHub) -> None:
    """Its ref points to a tag object, and everything else sees the commit. No event is dispatched."""
    head = repo.sha("main")
    assert repo.add_tag("w1", "main", message="First") == head
    assert repo.add_tag("w2", "w1") == head
    assert [(tag.name, tag.sha) for tag in repo.tags[:2]] == [("w2", head), ("w1", head)]
    refs = get("/repos/octocat/example/git/matching-refs/tags/w")
    assert [ref["object"]["type"] for ref in refs] == ["tag", "commit"]
    tag = get(refs[0]["object"]["url"].removeprefix(API))
    assert (tag["tag"], tag["message"], tag["tagger"]["name"]) == ("w1", "First", "octocat")
    assert repo.add_deployment(ref="w1").sha == head
    assert [event.name for event in gh.events] == ["deployment"]
    with pytest.raises(FakeError, match="message must be a string"):
        repo.add_tag("w3", "main", message=1)  # type: ignore[arg-type]


def test_a_branch_far_behind_takes_no_more_room_than_its_commits(repo: Repository) -> None:
    """The default branch gets exactly the requested number of commits, which all change one file."""
    before = len(repo._graph.commits[repo.sha("main")].tree)
    repo.add_branch("far", from_ref="main", behind=300)
    graph = repo._graph
    missing = graph.missing(graph.branches["far"], graph.branches["main"])
    assert len(missing) == 300
    assert {len(commit.tree) for commit in missing} == {before + 1}
    assert all(graph.changed_paths(commit.sha) for commit in missing)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("reviewers", lambda _gh, r, row: r.add_environment("qa", reviewers=row)),
        ("required_contexts", lambda _gh, r, row: r.add_deployment(ref="main", required_contexts=row)),
        ("steps", lambda gh, _r, row: gh.deployer(steps=row)),
        ("events", lambda gh, _r, row: gh.webhooks.subscribe(print, events=row)),
        ("scopes", lambda gh, _r, row: gh.add_token("a-token", scopes=row)),
        ("repositories", lambda gh, _r, row: gh.add_token("a-token", permissions={}, repositories=row)),
    ],
)
@pytest.mark.parametrize("kind", ["User", "Team", "text"])
def test_a_single_value_is_not_a_list(
    gh: FakeGitHub, repo: Repository, name: str, call: Callable[[FakeGitHub, Repository, Any], object], kind: str
) -> None:
    """An account has fields and a string has letters, but neither is treated as a list."""
    one: object = {"User": repo.owner, "Team": gh.add_team("acme", "Team"), "text": "octocat"}[kind]
    before = snapshot(gh)
    with pytest.raises(FakeError, match=rf"^{name} must be a list of .*, got {re.escape(repr(one))}$"):
        call(gh, repo, one)
    assert snapshot(gh) == before


@pytest.mark.parametrize(("call", "expected"), MISTAKES, ids=source_line)
def test_a_mistake_is_refused_and_changes_nothing(
    gh: FakeGitHub,
    repo: Repository,
    call: Callable[[FakeGitHub, Repository, Deployment], object],
    expected: str,
) -> None:
    """Each mistake raises `FakeError` at once, with exactly this message, and changes no state."""
    deployment = repo.add_deployment(ref="main")
    if "behind main" in expected:
        repo.add_commit("main")
    before = snapshot(gh)
    with pytest.raises(FakeError) as caught:
        call(gh, repo, deployment)
    assert str(caught.value) == re.sub(r"\{main:\.7\}", repo.sha("main")[:7], expected)
    assert snapshot(gh) == before


NOT_JSON: list[tuple[str, Callable[[Any, Any], object]]] = [
    ("context", lambda r, _d: r.add_commit_status("main", state="success", context=None)),
    ("description", lambda r, _d: r.add_commit_status("main", state="success", description=7)),
    ("target_url", lambda r, _d: r.add_commit_status("main", state="success", target_url=7)),
    ("name", lambda r, _d: r.add_check_run("main", name=7)),
    ("ref", lambda r, _d: r.add_deployment(ref=None)),
    ("environment", lambda r, _d: r.add_deployment(ref="main", environment=7)),
    ("task", lambda r, _d: r.add_deployment(ref="main", task=7)),
    ("description", lambda r, _d: r.add_deployment(ref="main", description=7)),
    ("transient_environment", lambda r, _d: r.add_deployment(ref="main", transient_environment="yes")),
    ("production_environment", lambda r, _d: r.add_deployment(ref="main", production_environment="no")),
    ("auto_merge", lambda r, _d: r.add_deployment(ref="main", auto_merge="no")),
    ("required_contexts", lambda r, _d: r.add_deployment(ref="main", required_contexts="ci")),
    ("required_contexts", lambda r, _d: r.add_deployment(ref="main", required_contexts=[7])),
    ("description", lambda _r, d: d.add_status("success", description=7)),
    ("environment", lambda _r, d: d.add_status("success", environment=7)),
    ("log_url", lambda _r, d: d.add_status("success", log_url=7)),
    ("auto_inactive", lambda _r, d: d.add_status("success", auto_inactive="no")),
]


@pytest.mark.parametrize(("field", "call"), NOT_JSON, ids=[f"{row}-{field}" for row, (field, _) in enumerate(NOT_JSON)])
def test_a_field_of_the_wrong_type_is_refused(
    gh: FakeGitHub, repo: Repository, field: str, call: Callable[[Any, Any], object]
) -> None:
    """The error names the field, and nothing is stored or dispatched."""
    deployment = repo.add_deployment(ref="main")
    before = snapshot(gh)
    with pytest.raises(FakeError, match=rf"\b{field}\b"):
        call(repo, deployment)
    assert snapshot(gh) == before


WRONG_TYPES: list[Callable[[Any, Any], object]] = [
    lambda gh, _r: gh.add_repository(None),
    lambda gh, _r: gh.add_repository("a/b", private="yes"),
    lambda gh, _r: gh.add_repository("a/b", default_branch=None),
    lambda gh, _r: gh.repository(7),
    lambda gh, _r: gh.add_user(None),
    lambda gh, _r: gh.clock.move_to("2030-01-01"),
    lambda gh, _r: gh.clock.tick("5"),
    lambda _gh, r: r.add_branch(7),
    lambda _gh, r: r.add_branch("new", from_ref=7),
    lambda _gh, r: r.add_branch("new", behind="2"),
    lambda _gh, r: r.add_tag("v2", None),
    lambda _gh, r: r.add_commit("main", files={"a": 7}),
    lambda _gh, r: r.add_commit("main", files={7: "text"}),
    lambda _gh, r: r.add_commit("main", files="a"),
    lambda _gh, r: r.add_commit("main", message=None),
    lambda _gh, r: r.sha(None),
    lambda _gh, r: r.add_commit_status(None, state="success"),
    lambda _gh, r: r.add_collaborator(None),
]


@pytest.mark.parametrize("call", WRONG_TYPES, ids=source_line)
def test_a_value_of_the_wrong_type_changes_nothing(
    gh: FakeGitHub, repo: Repository, call: Callable[[Any, Any], object]
) -> None:
    """Errors that a type checker finds also raise at run time, and change no state."""
    before = snapshot(gh)
    with pytest.raises((FakeError, TypeError, AttributeError)):
        call(gh, repo)
    assert snapshot(gh) == before


NOT_A_ROOT = "base_url must be the root of an API, https://api.github.com or https://HOST/api/v3; got "


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"base_url": "api.github.com"}, f"{NOT_A_ROOT}'api.github.com'"),
        ({"base_url": "ftp://api.github.com"}, f"{NOT_A_ROOT}'ftp://api.github.com'"),
        ({"base_url": "https://api.github.com?x=1"}, f"{NOT_A_ROOT}'https://api.github.com?x=1'"),
        ({"base_url": None}, f"{NOT_A_ROOT}None"),
        ({"validate": "everything"}, "validate must be \"requests\" or \"all\", got 'everything'"),
        (
            {"enterprise_version": "3.19"},
            "enterprise_version must be a version of GitHub Enterprise Server such as '3.19.0'; got '3.19'",
        ),
        ({"neutral_passes": 1}, "neutral_passes must be True or False, got 1"),
        ({"short_shas": "yes"}, "short_shas must be True or False, got 'yes'"),
        ({"payload_limit": True}, "payload_limit must be a whole number, 0 or more, got True"),
        ({"payload_limit": -1}, "payload_limit must be a whole number, 0 or more, got -1"),
        ({"branch_policy_redirect": "nowhere"}, "branch_policy_redirect must be \"list\" or \"policy\", got 'nowhere'"),
        ({"branch_policy_redirect": True}, 'branch_policy_redirect must be "list" or "policy", got True'),
        ({"branch_policy_redirect": ["list"]}, "branch_policy_redirect must be \"list\" or \"policy\", got ['list']"),
        (
            {"neutral_pass": True},
            ("unknown argument 'neutral_pass'; known: neutral_passes, base_url, validate, enterprise_version, "
            "inactive_events, auto_inactive_production, delete_per_repository, short_shas, contexts_before_merge, "
            "list_all_contexts, payload_limit, version_text_in_errors, null_is_absent, branch_policy_redirect, "
            "legacy_delivery_headers, mergeable_after, stateless_tokens, quoted_issuer"),
        ),
    ],
)  # fmt: skip
def test_the_arguments_of_a_fake_are_checked(arguments: dict[str, Any], expected: str) -> None:
    """Unknown arguments raise an error that lists the known ones."""
    with pytest.raises(FakeError) as caught:
        FakeGitHub(**arguments)
    assert str(caught.value) == expected


def test_a_merge_instead_of_a_deployment_is_an_error(gh: FakeGitHub, repo: Repository) -> None:
    """`add_deployment` with `auto_merge` on a branch that is behind reports GitHub's 202; the next call succeeds."""
    repo.add_branch("old", behind=1)
    with pytest.raises(FakeError) as caught:
        repo.add_deployment(ref="old", auto_merge=True)
    assert str(caught.value) == with_page(
        "no deployment was created: GitHub responds 202 'Auto-merged main into old on deployment.'; "
        "call add_deployment again",
        "a-202-instead-of-a-deployment",
    )
    assert repo.deployments == []
    assert [event.name for event in gh.events] == ["push"]
    assert repo.add_deployment(ref="old", auto_merge=True).sha == repo.sha("old")


def test_python_takes_the_refs_that_http_takes() -> None:
    """With `short_shas`, `add_deployment` accepts an abbreviated SHA, as HTTP does."""
    with FakeGitHub(short_shas=True) as gh:
        repo = gh.add_repository("octocat/example")
        short = repo.sha("main")[:7]
        url = f"{API}/repos/octocat/example/deployments"
        assert requests.post(url, json={"ref": short}, headers=HEADERS, timeout=5).status_code == 201
        deployment = repo.add_deployment(ref=short)
        assert (deployment.ref, deployment.sha) == (short, repo.sha("main"))


# The record of requests


def test_a_request_is_recorded_with_its_response(gh: FakeGitHub, repo: Repository) -> None:
    """An item of `requests` has method, URL, path, headers, bodies as bytes, status and hint."""
    url = f"{API}/repos/octocat/example/deployments?x=1"
    answer = requests.post(url, data=b'{"ref": "nope"}', headers={**HEADERS, "X-Mine": "yes"}, timeout=5)
    (item,) = gh.requests
    assert (item.method, item.url, item.path) == ("POST", url, "/repos/octocat/example/deployments")
    assert (item.request_headers["X-Mine"], item.request_body) == ("yes", b'{"ref": "nope"}')
    assert (item.status, item.response_body) == (422, answer.content)
    assert item.response_headers["X-GHDeploy-Hint"] == answer.headers["X-GHDeploy-Hint"] == item.hint
    assert item.hint == "octocat/example has no branch, tag or commit 'nope'; known: main, topic, v1"
    assert str(item) == "POST /repos/octocat/example/deployments -> 422"
    assert repo.deployments == []


def test_requests_are_listed_oldest_first(gh: FakeGitHub, repo: Repository) -> None:
    """`requests` keeps the order; only a refusal has a hint; the list is a copy."""
    for path in ("/user", f"/repos/{repo.full_name}", "/nothing"):
        requests.get(API + path, headers=HEADERS, timeout=5)
    assert [(item.path, item.status, bool(item.hint)) for item in gh.requests] == [
        ("/user", 200, False),
        ("/repos/octocat/example", 200, False),
        ("/nothing", 404, True),
    ]
    assert len(gh.requests) == 3
    with pytest.raises((AttributeError, TypeError)):
        gh.requests.clear()  # type: ignore[attr-defined]


def test_a_path_is_below_the_root_of_the_api() -> None:
    """With a GHES root, `url` is complete, and `path` is the part below the root."""
    with FakeGitHub("https://ghe.example.com/api/v3") as gh:
        gh.add_repository("octocat/example")
        requests.get("https://ghe.example.com/api/v3/repos/octocat/example?a=b", timeout=5)
        (item,) = gh.requests
        assert (item.url, item.path) == (
            "https://ghe.example.com/api/v3/repos/octocat/example?a=b",
            "/repos/octocat/example",
        )
        assert gh.base_url == "https://ghe.example.com/api/v3"


def send_in_header(repo: Repository) -> None:
    """Send a token in the way of GitHub's clients."""
    requests.get(f"{API}/repos/{repo.full_name}", headers=HEADERS, timeout=5)


def send_as_bearer(repo: Repository) -> None:
    """Send a token as newer clients do."""
    requests.get(f"{API}/repos/{repo.full_name}", headers={"authorization": f"Bearer {TOKEN}"}, timeout=5)


def send_as_password(repo: Repository) -> None:
    """Send a token by basic authentication."""
    requests.get(f"{API}/repos/{repo.full_name}", auth=("octocat", TOKEN), timeout=5)


def send_as_user_name(repo: Repository) -> None:
    """Send a token by basic authentication, as old clients do."""
    requests.get(f"{API}/repos/{repo.full_name}", auth=(TOKEN, "x-oauth-basic"), timeout=5)


def send_in_url(repo: Repository) -> None:
    """Send a token as part of the host."""
    requests.get(f"https://octocat:{TOKEN}@api.github.com/repos/{repo.full_name}", timeout=5)


def send_in_query(repo: Repository) -> None:
    """Send a token in the query, as GitHub once allowed."""
    requests.get(f"{API}/repos/{repo.full_name}?access_token={TOKEN}&page=1", timeout=5)


def send_in_unknown_query(repo: Repository) -> None:
    """Send a token, known from the header, in a query parameter with another name."""
    requests.get(f"{API}/repos/{repo.full_name}?key={TOKEN}", headers=HEADERS, timeout=5)


def send_in_other_header(repo: Repository) -> None:
    """Send a token, known from the header, in another header."""
    requests.get(f"{API}/repos/{repo.full_name}", headers={**HEADERS, "X-Api-Key": TOKEN}, timeout=5)


def send_in_path(repo: Repository) -> None:
    """Request a ref that equals the token, so that it is in the hint and its header too."""
    requests.get(f"{API}/repos/{repo.full_name}/commits/{TOKEN}", headers=HEADERS, timeout=5)


def send_in_body(repo: Repository) -> None:
    """Send the token in a payload, which the response repeats."""
    body = {"ref": "main", "payload": {"token": TOKEN}}
    requests.post(f"{API}/repos/{repo.full_name}/deployments", json=body, headers=HEADERS, timeout=5)


def send_in_earlier_body(repo: Repository) -> None:
    """Send the token in a body before it is used as a token."""
    body = {"ref": "main", "payload": {"token": TOKEN}}
    requests.post(
        f"{API}/repos/{repo.full_name}/deployments", json=body, headers={"Authorization": "token x"}, timeout=5
    )
    requests.get(f"{API}/user", headers=HEADERS, timeout=5)


SENDERS = [
    send_in_header, send_as_bearer, send_as_password, send_as_user_name, send_in_url, send_in_query,
    send_in_unknown_query, send_in_other_header, send_in_path, send_in_body, send_in_earlier_body,
]  # fmt: skip


@pytest.mark.parametrize("send", SENDERS)
def test_no_recorded_request_holds_a_credential(
    gh: FakeGitHub, repo: Repository, send: Callable[[Repository], None]
) -> None:
    """A token is redacted in every part of a recorded request and in the conversation, however it was sent."""
    send(repo)
    shown = "".join(map(repr, gh.requests)) + "".join(map(str, gh.requests)) + gh.conversation_text()
    assert TOKEN not in shown
    encoded = requests.auth._basic_auth_str("octocat", TOKEN).split()[1]
    assert encoded not in shown
    assert all("Basic " not in item.request_headers.get("Authorization", "") for item in gh.requests)


@pytest.mark.parametrize("send", [send_in_path, send_in_body, send_in_unknown_query])
def test_the_conversation_holds_no_credential(
    gh: FakeGitHub, repo: Repository, send: Callable[[Repository], None]
) -> None:
    """The text for the report of a failed test is redacted: paths, queries, bodies, hints and events."""
    send(repo)
    assert TOKEN not in gh.conversation_text()
    assert "[redacted]" in gh.conversation_text()


def test_redaction_leaves_the_rest_readable(gh: FakeGitHub, repo: Repository) -> None:
    """Only the credential is replaced, by a word that says so."""
    send_in_query(repo)
    send_in_url(repo)
    send_in_body(repo)
    assert [item.url for item in gh.requests[:1]] == [f"{API}/repos/octocat/example?access_token=[redacted]&page=1"]
    assert gh.requests[2].request_headers["Authorization"] == "[redacted]"
    assert gh.requests[2].request_body == b'{"ref": "main", "payload": {"token": "[redacted]"}}'


def test_redaction_applies_only_to_the_record(repo: Repository) -> None:
    """The client and the store see the original."""
    body = {"ref": "main", "payload": {"token": TOKEN}}
    answer = requests.post(f"{API}/repos/octocat/example/deployments", json=body, headers=HEADERS, timeout=5)
    assert answer.json()["payload"] == repo.deployments[0].payload == {"token": TOKEN}


# Events and reset


def test_events_are_a_sequence(gh: FakeGitHub, repo: Repository) -> None:
    """`events` is a live sequence, oldest first, with `named` and `clear`."""
    events = gh.events
    repo.add_commit_status("main", state="success")
    deployment = repo.add_deployment(ref="main")
    deployment.add_status("success")
    assert [event.name for event in events] == ["status", "deployment", "deployment_status"]
    assert (len(events), events[0].name, events[-1].name) == (3, "status", "deployment_status")
    assert [event.name for event in events[:2]] == ["status", "deployment"]
    assert events.named("deployment") == [events[1]]
    assert events.named("push") == []
    ids = {event.delivery_id for event in events}
    events.clear()
    assert list(gh.events) == []
    deployment.add_status("failure")
    assert len(events) == 1
    assert events[0].delivery_id not in ids


def test_an_event_shows_the_moment_of_the_change(gh: FakeGitHub, repo: Repository) -> None:
    """A payload shows the state at the time when the event was dispatched."""
    deployment = repo.add_deployment(ref="main", environment="qa")
    created = gh.clock.now
    gh.clock.tick(60)
    deployment.add_status("success", environment="staging")
    payload = gh.events[0].payload
    assert payload["deployment"]["environment"] == "qa"
    assert datetime.fromisoformat(payload["deployment"]["updated_at"]) == created


def test_reset_removes_everything(gh: FakeGitHub, repo: Repository) -> None:
    """After `reset` there are no repositories, accounts, tokens, events, requests or stubs."""
    fresh = snapshot(FakeGitHub())
    gh.add_user("monalisa")
    gh.add_token(TOKEN)
    repo.add_deployment(ref="main").add_status("success")
    gh.stub("GET", "/repos/octocat/example/milestones", json=[])
    get("/repos/octocat/example/milestones")
    gh.reset()
    assert snapshot(gh) == {**fresh, "now": gh.clock.now} | {
        name: value for name, value in snapshot(gh).items() if name in ("users", "apps")
    }
    assert [user.login for user in gh._engine.store.users] == ["octocat"]
    assert gh.conversation_text() == ""
    with pytest.raises(FakeError, match="unknown repository 'octocat/example'; known: none"):
        gh.repository("octocat/example")
    assert requests.get(f"{API}/repos/octocat/example", headers=HEADERS, timeout=5).status_code == 404
    assert requests.get(f"{API}/user", headers={"Authorization": "token any"}, timeout=5).status_code == 200


def test_reset_keeps_swallowed_errors() -> None:
    """An unsupported request fails the test, even if the fake is reset after it."""
    fake = FakeGitHub()
    fake.open()
    with pytest.raises(UnsupportedRequest):
        requests.get(f"{API}/repos/octocat/example/milestones", headers=HEADERS, timeout=5)
    fake.reset()
    with pytest.raises(UnsupportedRequest, match="issues/list-milestones"):
        fake.__exit__(None, None, None)


def test_reset_keeps_the_lock(gh: FakeGitHub) -> None:
    """A request that waits for the lock during a reset is answered from the new state, under the same lock."""
    before = gh._engine.store.lock
    gh.reset()
    assert gh._engine.store.lock is before


def test_after_reset_a_fake_is_as_new(gh: FakeGitHub) -> None:
    """The same steps give the same ids, SHAs and delivery ids after `reset` as before."""

    def story() -> list[object]:
        repo = gh.add_repository("octocat/example")
        deployment = repo.add_deployment(ref="main")
        status = deployment.add_status("success")
        return [repo.id, deployment.id, deployment.sha, status.id, [event.delivery_id for event in gh.events]]

    before = story()
    gh.reset()
    assert story() == before


def test_a_handle_from_before_a_reset_raises(gh: FakeGitHub, repo: Repository) -> None:
    """Reading or changing an object through an old handle would have no visible effect."""
    deployment = repo.add_deployment(ref="main")
    gh.reset()
    asks: list[Callable[[], object]] = [
        lambda: repo.full_name,
        lambda: repo.deployments,
        lambda: repo.add_branch("new"),
        lambda: deployment.state,
        lambda: deployment.add_status("success"),
    ]
    for ask in asks:
        with pytest.raises(FakeError, match="no longer exists"):
            ask()


# Names


def test_every_public_name_can_be_imported() -> None:
    """`__all__` is sorted; each of its names exists and belongs to the package, even in pickles."""
    assert pytest_ghdeploy.__all__ == sorted(pytest_ghdeploy.__all__)
    for name in pytest_ghdeploy.__all__:
        value = getattr(pytest_ghdeploy, name)
        assert isinstance(value, type)
        assert value.__name__ == name
        assert value.__module__ == "pytest_ghdeploy"
        assert pickle.loads(pickle.dumps(value)) is value  # noqa: S301 - our own
    namespace: dict[str, object] = {}
    exec("from pytest_ghdeploy import *", namespace)  # noqa: S102
    assert set(pytest_ghdeploy.__all__) <= set(namespace)


def test_dir_lists_the_public_names() -> None:
    """`dir()` lists each public name once, loaded or not."""
    assert pytest_ghdeploy.FakeGitHub is FakeGitHub
    listed = dir(pytest_ghdeploy)
    assert set(pytest_ghdeploy.__all__) <= set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.slow
def test_dir_lists_names_that_are_not_loaded() -> None:
    """In a fresh process `dir()` shows the public names before any of them is loaded."""
    code = "import pytest_ghdeploy as it; print(sorted(set(it.__all__) - set(dir(it))), 'FakeGitHub' in vars(it))"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] False\n"


def test_an_unknown_name_raises_as_in_python() -> None:
    """An unknown attribute raises AttributeError, an import of it ImportError."""
    with pytest.raises(AttributeError) as caught:
        _ = getattr(pytest_ghdeploy, "FakeGithub")  # noqa: B009 - mypy knows better
    assert str(caught.value) == "module 'pytest_ghdeploy' has no attribute 'FakeGithub'"
    with pytest.raises(ImportError, match="cannot import name 'FakeGithub'"):
        exec("from pytest_ghdeploy import FakeGithub", {})  # noqa: S102


def test_a_commit_takes_text_and_bytes(repo: Repository) -> None:
    """Clients read both; strings are stored in UTF-8."""
    repo.add_commit("main", files={"a.txt": "ä\n", "logo.png": b"\x89PNG"})
    for path, content in (("a.txt", "w6QK\n"), ("logo.png", "iVBORw==\n")):
        url = f"https://api.github.com/repos/octocat/example/contents/{path}"
        assert requests.get(url, timeout=10).json()["content"] == content


# Cases found in reviews


def test_payloads_show_the_whole_repository(gh: FakeGitHub, repo: Repository) -> None:
    """The repository of an organization has its custom properties too."""
    repo.add_deployment(ref="main")
    assert "custom_properties" not in gh.events[-1].payload["repository"]
    gh.add_user("acme", type="Organization")
    gh.add_repository("acme/example").add_deployment(ref="main")
    assert gh.events[-1].payload["repository"]["custom_properties"] == {}


@pytest.mark.parametrize(
    "call",
    [
        lambda gh, _r: gh.add_repository("octocat/x", default_branch="\ud800"),
        lambda _gh, r: r.add_branch("x\udc80"),
        lambda _gh, r: r.add_tag("x\udc80", "main"),
        lambda _gh, r: r.add_commit("main", message="\ud800"),
        lambda _gh, r: r.add_commit("main", files={"a": "\ud800"}),
        lambda _gh, r: r.add_deployment(ref="main", environment="\ud800"),
        lambda _gh, r: r.add_deployment(ref="main", payload={"a": ["\ud800"]}),
        lambda _gh, r: r.add_commit_status("main", state="success", context="\ud800"),
        lambda _gh, r: r.add_check_run("main", name="\ud800"),
        lambda _gh, r: r.add_check_run("main", name=""),
        lambda _gh, r: r.add_branch("refs/heads/x"),
        lambda _gh, r: r.add_branch("HEAD"),
        lambda _gh, r: r.add_branch("a" * 40),
        lambda _gh, r: r.add_branch("main/x"),
        lambda _gh, r: r.add_commit("main", files=["a"]),
        lambda _gh, r: r.add_branch(None),
        lambda _gh, r: r.sha(None),
        lambda gh, _r: gh.add_repository(5),
        lambda gh, _r: gh.add_repository("octocat/x.git"),
        lambda gh, _r: gh.add_repository("octocat/x", default_branch=None),
        lambda gh, _r: gh.repository(None),
        lambda gh, _r: gh.add_user(5),
        lambda gh, _r: gh.add_token(5),
        lambda gh, _r: gh.add_token("a-token", user=None),
        lambda gh, _r: gh.stub(5, "/user"),
        lambda gh, _r: gh.stub("GET", 5),
        lambda gh, _r: gh.stub("GET", "/user", headers={"Retry-After": 60}),
    ],
    ids=source_line,
)
def test_an_impossible_value_is_a_fake_error(
    gh: FakeGitHub, repo: Repository, call: Callable[[Any, Any], object]
) -> None:
    """A string that is not valid UTF-8, an invalid name or a value of another type raises FakeError at once."""
    before = snapshot(gh)
    with pytest.raises(FakeError):
        call(gh, repo)
    assert snapshot(gh) == before


def test_values_of_handles_match_events(gh: FakeGitHub, repo: Repository) -> None:
    """A time and a user from a handle find the event of the object."""
    deployment = repo.add_deployment(ref="main")
    report = repo.add_commit_status("main", state="success")
    gh.assert_event("deployment", created_at=deployment.created_at, creator=deployment.creator)
    gh.assert_event("status", created_at=report.created_at, creator="octocat")
    gh.assert_event("status", creator=report.creator)
    gh.clock.tick(60)
    gh.assert_no_event("deployment", created_at=gh.clock.now)
    gh.assert_no_event("deployment", creator=gh.add_user("hubot"))
    gh.assert_no_event("status", creator="hubot")


def test_events_are_live_across_a_reset(gh: FakeGitHub, repo: Repository) -> None:
    """The record that a test holds is emptied, then grows again; it compares like a list."""
    events = gh.events
    repo.add_deployment(ref="main")
    assert events == [events[0]]
    gh.reset()
    assert events == []
    gh.add_repository("octocat/example").add_deployment(ref="main")
    assert [event.name for event in events] == ["deployment"]


def test_a_handle_can_always_be_shown(gh: FakeGitHub, repo: Repository) -> None:
    """The repr of a handle never raises, so pytest can show it in a report."""
    deployment = repo.add_deployment(ref="main")
    gh.reset()
    assert repr(repo).startswith("<Repository ")
    assert repr(deployment) == f"<Deployment {deployment.id}>"


def test_a_bots_login_makes_a_bot(gh: FakeGitHub, repo: Repository) -> None:
    """An account whose login ends in [bot] is a bot, even without add_user."""
    gh.add_token("a-token-for-tests", user="deploy[bot]")
    repo.add_collaborator("other[bot]")
    kinds = {user.login: user.type for user in gh._engine.store.users}
    assert (kinds["deploy[bot]"], kinds["other[bot]"], kinds["octocat"]) == ("Bot", "Bot", "User")


def test_a_stub_that_refuses_says_so(gh: FakeGitHub) -> None:
    """A stubbed refusal has a hint like any other, and the given headers."""
    gh.stub("GET", "/repos/*/{repo}/milestones", status=429, headers={"Retry-After": "60"})
    reply = requests.get(f"{API}/repos/octocat/example/milestones", headers=HEADERS, timeout=5)
    assert (
        reply.headers["X-GHDeploy-Hint"] == gh.requests[-1].hint == "response of the stub for GET /repos/*/*/milestones"
    )
    assert (reply.headers["Retry-After"], reply.content) == ("60", b"")
    assert "Content-Type" not in reply.headers


def test_the_arguments_of_a_fake_are_the_assumptions() -> None:
    """Each assumption for type checkers exists, with its type."""
    fields = {field.name: field.type for field in dataclasses.fields(Assumptions)}
    assert AssumptionArguments.__annotations__.keys() == fields.keys()
    assert {name: hint.__forward_arg__ for name, hint in AssumptionArguments.__annotations__.items()} == fields


def test_an_empty_repository_gets_its_first_commit_from_python(gh: FakeGitHub) -> None:
    """A repository created over HTTP has no commit; the first one goes to the default branch."""
    requests.post(f"{API}/user/repos", json={"name": "new"}, headers=HEADERS, timeout=5).raise_for_status()
    repo = gh.repository("octocat/new")
    refused: list[Callable[[], object]] = [
        lambda: repo.add_branch("topic"),
        lambda: repo.add_branch("topic", from_ref="main"),
        lambda: repo.add_commit("topic"),
        lambda: repo.add_tag("v1", "main"),
        lambda: repo.add_merge_conflict("topic"),
        lambda: repo.add_deployment(ref="main"),
        lambda: repo.add_commit_status("main", state="success"),
        lambda: repo.add_check_run("main", name="build"),
    ]
    before = snapshot(gh)
    for misuse in refused:
        with pytest.raises(FakeError, match=r"; known: none$"):
            misuse()
    assert snapshot(gh) == before
    sha = repo.add_commit("main", files={"app.py": "1\n"})
    repo.add_branch("old", behind=1)
    assert repo.sha("main") == sha
    requests.post(f"{API}/repos/octocat/new/merges", json={"base": "old", "head": "main"}, headers=HEADERS, timeout=5)
    repo.add_merge_conflict("old")
    assert repo.add_deployment(ref="main").sha == repo.sha("main")


@pytest.mark.parametrize(
    ("misuse", "expected"),
    [
        (lambda gh: gh.add_app(7), "slug must be a string, got 7"),
        (lambda gh: gh.add_team("acme", 7), "name must be a string, got 7"),
        (lambda gh: gh.rate_limits.set(5, user=7), "user must be a login, or None for anonymous callers, got 7"),
        (lambda gh: gh.stub("GET", "/x", status=204, json=[]), "a 204 response has no body: leave json out"),
    ],
)
def test_a_value_that_is_not_a_string_is_refused(
    ghdeploy: FakeGitHub, misuse: Callable[[FakeGitHub], object], expected: str
) -> None:
    """The message says at once what it must be."""
    with pytest.raises(FakeError) as caught:
        misuse(ghdeploy)
    assert str(caught.value) == expected


def test_a_token_in_a_path_is_redacted_in_errors_too(ghdeploy: FakeGitHub) -> None:
    """Neither the error for a missing endpoint nor that for an unused fault shows a token that a client has sent."""
    headers = {"Authorization": "token ghp_secretTOKEN12345"}
    with pytest.raises(UnsupportedRequest) as caught:
        requests.get(
            f"{ghdeploy.base_url}/repos/octocat/x/milestones/ghp_secretTOKEN12345/labels", headers=headers, timeout=5
        )
    assert "secretTOKEN" not in str(caught.value)
    assert "[redacted]" in str(caught.value)
    ghdeploy._engine.take_problem()
    ghdeploy.faults.add(path="/repos/ghp_secretTOKEN12345", status=500)
    with pytest.raises(AssertionError) as unused:
        ghdeploy._engine.check_unused()
    assert "secretTOKEN" not in str(unused.value)
    ghdeploy.faults.clear()
