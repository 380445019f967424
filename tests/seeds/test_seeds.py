"""Seed files: they have the effect of the same calls from Python, and errors name the place in the file."""

from __future__ import annotations

import json
import pickle
import re
import sys
from datetime import UTC, datetime
from functools import reduce
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import signing
from hypothesis import HealthCheck, given, settings, strategies as st
from scene import KEYS

from pytest_ghdeploy import FakeError, FakeGitHub, Step, StubbedRequest
from pytest_ghdeploy.commands.serve import ServedGitHub, Settings
from pytest_ghdeploy.fake import engine_of
from pytest_ghdeploy.seeds import seed as seeds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import App, Delivery, Repository, Team

API = "https://api.github.com"

YAML = """\
repositories:
  - full_name: octocat/example
    default_branch: main
    branches: [topic-branch, {name: stale, behind: 2}]
    commit_statuses: [{ref: topic-branch, state: failure, context: ci/tests}]
    merge_conflicts: [{head: stale}]
    environments: [{name: production, wait_timer: 5}]
tokens: [{token: my-token, user: octocat, scopes: [repo_deployment]}]
webhooks: [{url: "http://127.0.0.1:9000/hook", events: [deployment], secret: s3cret}]
"""
TOML = """\
tokens = [{token = "my-token", user = "octocat", scopes = ["repo_deployment"]}]
webhooks = [{url = "http://127.0.0.1:9000/hook", events = ["deployment"], secret = "s3cret"}]

[[repositories]]
full_name = "octocat/example"
default_branch = "main"
branches = ["topic-branch", {name = "stale", behind = 2}]
commit_statuses = [{ref = "topic-branch", state = "failure", context = "ci/tests"}]
merge_conflicts = [{head = "stale"}]

[[repositories.environments]]
name = "production"
wait_timer = 5
"""
JSON = """\
{
  "repositories": [
    {
      "full_name": "octocat/example",
      "default_branch": "main",
      "branches": ["topic-branch", {"name": "stale", "behind": 2}],
      "commit_statuses": [{"ref": "topic-branch", "state": "failure", "context": "ci/tests"}],
      "merge_conflicts": [{"head": "stale"}],
      "environments": [{"name": "production", "wait_timer": 5}]
    }
  ],
  "tokens": [{"token": "my-token", "user": "octocat", "scopes": ["repo_deployment"]}],
  "webhooks": [{"url": "http://127.0.0.1:9000/hook", "events": ["deployment"], "secret": "s3cret"}]
}
"""
FORMS = {"seed.yaml": YAML, "seed.yml": YAML, "seed.toml": TOML, "seed.json": JSON, "SEED.JSON": JSON}


def stored(fake: FakeGitHub) -> object:
    """Copy all state that a seed can change."""
    store, application = fake._engine.store, fake._engine.application
    rows = {name: (table.next_id, list(table)) for name, table in store.tables().items()}
    graphs = {
        number: (
            dict(graph.branches),
            dict(graph.tags),
            dict(graph.other_refs),
            dict(graph.commits),
            dict(graph.blobs),
        )
        for number, graph in store._graphs.items()
    }
    tokens = {
        text: (row.user, row.kind, row.scopes, row.permissions, row.app, row.repository_ids, row.expires_at)
        for text, row in store.tokens.items()
    }
    names = (store._users_by_login, store._repository_ids, store._former_names, store._collaborators)
    limits = (store.limits and dict(store.limits.budgets), dict(store._rate_limits))
    events = [(event.delivery_id, event.payload) for event in fake.events]
    parties = len(fake._engine._deployers._all) if fake._engine._deployers else 0
    faults = [str(fault) for fault in fake.faults]
    return pickle.loads(  # noqa: S301 - a copy of our own
        pickle.dumps((rows, graphs, tokens, names, limits, events, store.events._count, parties, faults))
    ), (
        [
            (str(stub), stub.headers, stub.query, stub.body, stub.times, stub.required, stub.respond(ASKED))
            for stub in (application.stubs.added if application.stubs else ())
        ],
        fake.clock.now,
        fake.conversation_text(),
        list(fake._engine._problems),
        [target[0] for target in fake._engine.hooks._targets.values()] if fake._engine.hooks else [],
        sorted(fake._engine.secrets._forms),
    )


ASKED = StubbedRequest("GET", "/", {}, None)


def prepared(fake: FakeGitHub) -> FakeGitHub:
    """Set a new fake's clock to a fixed time, and hold its deliveries."""
    fake.clock.move_to(datetime(2026, 11, 20, 12, tzinfo=UTC))
    fake.webhooks.hold()
    return fake


def get(path: str) -> Any:  # noqa: ANN401 - any JSON
    """Get JSON over HTTP."""
    answer = requests.get(API + path, headers={"Authorization": "token my-token"}, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


# Loading


def by_hand(fake: FakeGitHub) -> None:
    """Make the example's calls in Python."""
    repo = fake.add_repository("octocat/example", default_branch="main")
    fake.add_token("my-token", user="octocat", scopes=["repo_deployment"])
    repo.add_branch("topic-branch")
    repo.add_branch("stale", behind=2)
    repo.add_merge_conflict("stale")
    repo.add_commit_status("topic-branch", state="failure", context="ci/tests")
    repo.add_environment("production", wait_timer=5)
    fake.webhooks.subscribe("http://127.0.0.1:9000/hook", events=["deployment"], secret="s3cret")  # noqa: S106


@pytest.mark.parametrize("name", FORMS)
def test_a_file_has_the_effect_of_the_calls(tmp_path: Path, name: str) -> None:
    """Rows, commits, tokens, hooks, events and ids are the same, in every file format."""
    (tmp_path / name).write_text(FORMS[name], "utf-8")
    seeded, expected = prepared(FakeGitHub()), prepared(FakeGitHub())
    seeded.seed(tmp_path / name)
    by_hand(expected)
    assert stored(seeded) == stored(expected)


def test_a_mapping_has_the_same_effect() -> None:
    """Its content is the same as a file's."""
    seeded, expected = prepared(FakeGitHub()), prepared(FakeGitHub())
    seeded.seed(json.loads(JSON))
    by_hand(expected)
    assert stored(seeded) == stored(expected)


def test_the_example_works_over_http(ghdeploy: FakeGitHub, tmp_path: Path) -> None:
    """A failing commit status and a merge conflict block deployments, and the hook receives the deployment event."""
    (tmp_path / "seed.yaml").write_text(YAML, "utf-8")
    prepared(ghdeploy).seed(str(tmp_path / "seed.yaml"))

    def deploy(ref: str, token: str = "my-token", **more: object) -> requests.Response:  # noqa: S107
        return requests.post(
            f"{API}/repos/octocat/example/deployments",
            json={"ref": ref, **more},
            headers={"Authorization": f"token {token}"},
            timeout=10,
        )

    assert deploy("topic-branch", "another").status_code == 401
    assert deploy("topic-branch").json()["message"] == "Conflict: Commit status checks failed for topic-branch."
    assert deploy("stale").json()["message"] == "Conflict merging main into stale."
    assert deploy("main", required_contexts=[]).status_code == 201
    assert [delivery.event for delivery in ghdeploy.webhooks.deliveries] == ["deployment", "ping"]
    assert get("/repos/octocat/example/environments/production")["protection_rules"][0]["wait_timer"] == 5


EVERYTHING: dict[str, Any] = {
    "webhooks": [
        "http://127.0.0.1:1/all",
        {
            "url": "https://localhost:1/",
            "events": ["status"],
            "secret": "a-long-secret",
            "content_type": "form",
            "repository": "octo-org/app",
            "active": False,
            "insecure_ssl": True,
        },
        {"url": "http://192.0.2.1/", "allow_any_host": True, "active": False},
    ],
    "deployers": [{"environment": "qa", "steps": ["queued", {"state": "success", "after_polls": 2}]}, {}],
    "faults": [{"method": "GET", "path": "/user", "status": 503, "times": 2, "required": False}],
    "stubs": [
        {"method": "GET", "path": "/repos/*/*/milestones", "json": [{"number": 1}], "headers": {"X-Seen": "yes"}},
        {"method": "POST", "path": "/x", "query": {"page": 2}, "body": {"a": 1}, "times": 1, "required": True},
    ],
    "rate_limits": [17, {"remaining": 3, "user": None, "limit": 5, "status": 429}],
    "tokens": [
        "my-token",
        {"token": "classic", "user": "mona", "scopes": ["repo"], "expires_at": "2030-01-01T00:00:00Z"},
        {
            "token": "apps",
            "user": "gate[bot]",
            "permissions": {"deployments": "write"},
            "repositories": ["octo-org/app"],
        },
        {"token": "for-mona", "user": "mona", "app": "window"},
    ],
    "repositories": [
        "octocat/plain",
        {
            "deployments": [
                "main",
                {
                    "ref": "v1",
                    "environment": "qa",
                    "task": "migrate",
                    "payload": {"a": [1, None]},
                    "description": "d",
                    "transient_environment": True,
                    "production_environment": False,
                    "required_contexts": ["ci"],
                    "creator": "mona",
                    "statuses": ["queued", {"state": "success", "log_url": "https://ci.example/1", "creator": "mona"}],
                },
            ],
            "environments": [
                "staging",
                {
                    "name": "qa",
                    "wait_timer": 5,
                    "prevent_self_review": True,
                    "reviewers": ["mona", "octo-org/release-team"],
                    "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
                    "can_admins_bypass": False,
                    "deployment_branch_policies": ["release/*", {"name": "v*", "type": "tag"}],
                    "protection_rules": ["gate"],
                    "secrets": ["DEPLOY_KEY", {"name": "OTHER_KEY", "encrypted_value": "c2VhbGVk"}],
                    "variables": [{"name": "REGION", "value": "eu"}],
                },
            ],
            "labels": ["preview", {"name": "kind/bug", "color": "d73a4a", "description": "A bug"}],
            "commit_comments": [
                {"ref": "v1", "body": "Looks good.", "user": "mona"},
                {"ref": "topic", "body": "Why?", "path": "a.txt", "line": 1},
            ],
            "releases": ["v1", {"tag_name": "v2", "name": "Two", "body": "b", "draft": True, "author": "mona"}],
            "topics": ["deploy", {"name": "preview"}],
            "branch_rules": [
                {"pattern": "main", "type": "update"},
                {"pattern": "~ALL", "type": "merge_queue", "parameters": {"merge_method": "SQUASH"}},
            ],
            "check_runs": [
                {"ref": "topic", "name": "build", "status": "in_progress"},
                {
                    "ref": "topic",
                    "name": "lint",
                    "output": {"title": "Lint", "summary": "all good", "annotations": []},
                    "details_url": "https://ci.example/7",
                    "external_id": "7",
                    "started_at": "2026-11-20T11:00:00Z",
                    "completed_at": "2026-11-20T11:05:00Z",
                    "app": "window",
                },
            ],
            "commit_statuses": [{"ref": "v1", "state": "success", "context": "ci", "creator": "mona"}],
            "deploy_keys": [{"title": "server", "key": KEYS[0], "read_only": True}],
            "collaborators": ["hubot", {"login": "mona", "permission": "admin"}],
            "tags": [{"name": "v1", "ref": "main"}],
            "refs": [{"name": "refs/notes/x", "ref": "v1"}],
            "protected_branches": ["main", {"pattern": "v?", "required_contexts": ["ci"], "required_approvals": 2}],
            "pull_requests": [
                {"head": "topic", "reviews": [{"state": "APPROVE", "user": "mona"}]},
                {
                    "head": "topic",
                    "base": "stale",
                    "title": "Keep up",
                    "labels": ["a"],
                    "comments": ["Why?", {"body": "Because.", "user": "mona"}],
                },
            ],
            "merge_conflicts": ["stale"],
            "commits": [
                {"branch": "topic", "message": "Change", "files": {"a.txt": "text\n"}},
                {"branch": "main", "author": {"name": "M", "email": "m@x.invalid"}, "date": "2020-01-01T00:00:00Z"},
            ],
            "branches": ["topic", {"name": "stale", "from_ref": "topic", "behind": 1}],
            "full_name": "octo-org/app",
            "default_branch": "main",
            "private": True,
        },
    ],
    "teams": [{"organization": "octo-org", "name": "Release Team", "members": ["mona"]}],
    "apps": [
        "gate",
        {
            "slug": "window",
            "owner": "octo-org",
            "id": 4711,
            "client_id": "Iv1.0123",
            "permissions": {"deployments": "write", "checks": "read"},
            "events": ["push"],
            "installations": [
                {"account": "octo-org", "repositories": ["octo-org/app"], "permissions": {"checks": "read"}},
                {"account": "mona", "id": 777, "suspended": True},
            ],
        },
    ],
    "users": [{"login": "octo-org", "type": "Organization"}, "mona"],
}


def _git_by_hand(repo: Repository) -> None:
    repo.add_branch("topic")
    repo.add_branch("stale", from_ref="topic", behind=1)
    repo.add_commit("topic", message="Change", files={"a.txt": "text\n"})
    repo.add_commit("main", author={"name": "M", "email": "m@x.invalid"}, date=datetime(2020, 1, 1, tzinfo=UTC))
    repo.add_merge_conflict("stale")
    repo.add_tag("v1", "main")
    repo.add_ref("refs/notes/x", "v1")
    repo.protect_branch("main")
    repo.protect_branch("v?", required_contexts=["ci"], required_approvals=2)


def _conversation_by_hand(repo: Repository) -> None:
    repo.add_commit_comment("v1", "Looks good.", user="mona")
    repo.add_commit_comment("topic", "Why?", path="a.txt", line=1)
    repo.add_label("preview")
    repo.add_label("kind/bug", color="d73a4a", description="A bug")
    repo.add_pull_request("topic").add_review("APPROVE", user="mona")
    pull = repo.add_pull_request("topic", base="stale", title="Keep up", labels=["a"])
    pull.add_comment("Why?")
    pull.add_comment("Because.", user="mona")


def _environments_by_hand(repo: Repository, team: Team, gate: App) -> None:
    repo.add_environment("staging")
    environment = repo.add_environment(
        "qa",
        wait_timer=5,
        prevent_self_review=True,
        reviewers=["mona", team],
        deployment_branch_policy={"protected_branches": False, "custom_branch_policies": True},
        can_admins_bypass=False,
    )
    environment.add_deployment_branch_policy("release/*")
    environment.add_deployment_branch_policy("v*", type="tag")
    environment.enable_protection_rule(gate)
    environment.add_secret("DEPLOY_KEY")
    environment.add_secret("OTHER_KEY", encrypted_value="c2VhbGVk")
    environment.add_variable("REGION", "eu")


def _releases_by_hand(repo: Repository) -> None:
    repo.add_release("v1")
    repo.add_release("v2", name="Two", body="b", draft=True, author="mona")
    repo.add_topic("deploy")
    repo.add_topic("preview")
    repo.add_branch_rule("main", "update")
    repo.add_branch_rule("~ALL", "merge_queue", parameters={"merge_method": "SQUASH"})


def everything_by_hand(fake: FakeGitHub) -> None:
    """Make the calls of ``EVERYTHING`` in Python."""
    fake.add_user("octo-org", type="Organization")
    fake.add_user("mona")
    gate = fake.add_app("gate")
    window = fake.add_app(
        "window",
        owner="octo-org",
        id=4711,
        client_id="Iv1.0123",
        permissions={"deployments": "write", "checks": "read"},
        events=["push"],
    )
    team = fake.add_team("octo-org", "Release Team", members=["mona"])
    fake.add_repository("octocat/plain")
    repo = fake.add_repository("octo-org/app", default_branch="main", private=True)
    fake.add_token("my-token")
    fake.add_token("classic", user="mona", scopes=["repo"], expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    fake.add_token(
        "apps", user="gate[bot]", permissions={"deployments": "write"}, repositories=["octo-org/app"]
    )  # fmt: skip
    fake.add_token("for-mona", user="mona", app="window")
    window.install("octo-org", repositories=["octo-org/app"], permissions={"checks": "read"})
    window.install("mona", id=777, suspended=True)
    _git_by_hand(repo)
    repo.add_collaborator("hubot")
    repo.add_collaborator("mona", permission="admin")
    repo.add_deploy_key("server", KEYS[0], read_only=True)
    repo.add_commit_status("v1", state="success", context="ci", creator="mona")
    repo.add_check_run("topic", name="build", status="in_progress")
    repo.add_check_run(
        "topic",
        name="lint",
        output={"title": "Lint", "summary": "all good", "annotations": []},
        details_url="https://ci.example/7",
        external_id="7",
        started_at=datetime(2026, 11, 20, 11, tzinfo=UTC),
        completed_at=datetime(2026, 11, 20, 11, 5, tzinfo=UTC),
        app=window,
    )
    _conversation_by_hand(repo)
    _environments_by_hand(repo, team, gate)
    _releases_by_hand(repo)
    repo.add_deployment(ref="main")
    deployment = repo.add_deployment(
        ref="v1",
        environment="qa",
        task="migrate",
        payload={"a": [1, None]},
        description="d",
        transient_environment=True,
        production_environment=False,
        required_contexts=["ci"],
        creator="mona",
    )
    deployment.add_status("queued")
    deployment.add_status("success", log_url="https://ci.example/1", creator="mona")
    fake.rate_limits.set(17)
    fake.rate_limits.set(3, user=None, limit=5, status=429)
    fake.stub("GET", "/repos/*/*/milestones", json=[{"number": 1}], headers={"X-Seen": "yes"})
    fake.stub("POST", "/x", query={"page": 2}, body={"a": 1}, times=1, required=True)
    fake.faults.add(method="GET", path="/user", status=503, times=2, required=False)
    fake.deployer("qa", steps=["queued", Step("success", after_polls=2)])
    fake.deployer()
    fake.webhooks.subscribe("http://127.0.0.1:1/all")
    fake.webhooks.subscribe(
        "https://localhost:1/",
        events=["status"],
        secret="a-long-secret",  # noqa: S106
        content_type="form",
        repository="octo-org/app",
        active=False,
        insecure_ssl=True,
    )
    fake.webhooks.subscribe("http://192.0.2.1/", allow_any_host=True, active=False)


def test_every_section_has_the_effect_of_the_calls_in_any_order() -> None:
    """Every section and shorthand works, though the mapping lists the sections in reverse order."""
    seeded, expected = prepared(FakeGitHub()), prepared(FakeGitHub())
    seeded.seed(EVERYTHING)
    everything_by_hand(expected)
    assert stored(seeded) == stored(expected)


def test_every_section_is_tested() -> None:
    """``EVERYTHING`` has an item for each list that a seed can have."""

    def missing(sections: tuple[seeds.Section, ...], items: list[Any]) -> list[str]:
        mappings = [item for item in items if isinstance(item, dict)]
        lists = {
            section.name: [inner for item in mappings for inner in item.get(section.name, ())] for section in sections
        }
        inner = [name for section in sections for name in missing(section.inside, lists[section.name])]
        return [name for name, entries in lists.items() if not entries] + inner

    assert missing(seeds.SECTIONS, [EVERYTHING]) == []


def test_seeded_resources_are_visible_over_http(ghdeploy: FakeGitHub) -> None:
    """A client can read the resources of each section."""
    ghdeploy.seed({**EVERYTHING, "rate_limits": [{"remaining": 17}]})
    where = "/repos/octo-org/app"

    assert get("/users/octo-org")["type"] == "Organization"
    ghdeploy.add_token("root", user="octo-org")
    headers = {"Authorization": "token root"}

    def root(path: str) -> Any:  # noqa: ANN401 - any JSON
        return requests.get(f"{API}{where}{path}", headers=headers, timeout=10).json()

    assert requests.post(f"{API}/x?page=2", json={"a": 1, "b": 2}, timeout=10).content == b""
    assert root("")["private"] is True
    assert [branch["name"] for branch in root("/branches")] == ["main", "stale", "topic"]
    assert [tag["name"] for tag in root("/tags")] == ["v1"]
    assert root("/commits/topic")["commit"]["message"] == "Change"
    assert root("/contents/a.txt?ref=topic")["content"] == "dGV4dAo=\n"
    assert root("/commits/v1/status")["statuses"][0]["context"] == "ci"
    assert [run["name"] for run in root("/commits/topic/check-runs")["check_runs"]] == ["lint", "build"]
    assert [comment["body"] for comment in root("/comments")] == ["Looks good.", "Why?"]
    assert root("/labels/kind/bug")["color"] == "d73a4a"
    assert [comment["user"]["login"] for comment in root("/issues/2/comments")] == ["octo-org", "mona"]
    assert [key["title"] for key in root("/keys")] == ["server"]
    assert root("/collaborators/mona/permission")["permission"] == "admin"
    assert root("/environments/qa")["can_admins_bypass"] is False
    policies = root("/environments/qa/deployment-branch-policies")["branch_policies"]
    assert [policy["name"] for policy in policies] == ["v*", "release/*"]
    rules = root("/environments/qa/deployment_protection_rules")["custom_deployment_protection_rules"]
    assert [rule["app"]["slug"] for rule in rules] == ["gate"]
    assert [deployment["task"] for deployment in root("/deployments")] == ["migrate", "deploy"]
    statuses = root(f"/deployments/{root('/deployments')[0]['id']}/statuses")
    assert [status["state"] for status in statuses] == ["success", "queued"]
    assert [hook["config"]["url"] for hook in root("/hooks")] == ["https://localhost:1/"]
    assert root("/milestones") == [{"number": 1}]
    assert requests.get(f"{API}/user", headers=headers, timeout=10).status_code == 503
    assert get("/rate_limit")["rate"]["limit"] == 5000


# Refusals


def refusal(source: seeds.Source, fake: FakeGitHub | None = None) -> str:
    """Return the message of a refused seed, and check that nothing changed."""
    fake = fake or FakeGitHub()
    before = stored(fake)
    with pytest.raises(FakeError) as caught:
        fake.seed(source)
    assert stored(fake) == before
    return str(caught.value)


def used(deliveries: list[Delivery]) -> FakeGitHub:
    """Create a fake with a resource of each kind and a receiver of all events."""
    fake = FakeGitHub()
    everything_by_hand(fake)
    fake.webhooks.subscribe(deliveries.append)
    fake.clock.tick(100)
    return fake


@pytest.mark.parametrize(
    "last",
    [
        {"webhooks": [{"url": "http://example.com/"}]},
        {"webhooks": ["http://127.0.0.1:1/new", {"url": "http://127.0.0.1:1/", "events": ["nothing"]}]},
        {"deployers": [{}, {"repository": "octocat/nope"}]},
        {"faults": [{"status": 500}, {}]},
        {"stubs": [{"method": "GET", "path": "/a"}, {"method": "GET", "path": "a"}]},
        {"rate_limits": [5, {"remaining": 5, "user": "nobody"}]},
    ],
    ids=lambda last: next(iter(last)),
)
def test_a_refused_seed_leaves_no_trace(last: dict[str, Any]) -> None:
    """Even if its last call is refused, no row, commit, token, event, delivery, stub, limit, secret or id is left."""
    deliveries: list[Delivery] = []
    fake = used(deliveries)
    del deliveries[:]
    fresh = {
        "users": ["new"],
        "apps": ["new-app"],
        "tokens": ["a-new-token"],
        "repositories": [
            {
                "full_name": "new/new",
                "branches": ["topic"],
                "commits": ["topic"],
                "commit_statuses": [{"ref": "topic", "state": "success"}],
                "deployments": [{"ref": "topic", "statuses": ["success"]}],
            }
        ],
    }
    refusal(fresh | last, fake)
    assert deliveries == []

    twin_deliveries: list[Delivery] = []
    twin = used(twin_deliveries)
    del twin_deliveries[:]
    twin.clock.move_to(fake.clock.now)
    for seeded in (fake, twin):
        seeded.seed(fresh)
    ids = [[(it.event, it.id, it.delivery_id) for it in received] for received in (deliveries, twin_deliveries)]
    assert ids[0] == ids[1] != []
    assert [event.delivery_id for event in fake.events] == [event.delivery_id for event in twin.events]


def test_events_of_a_seed_reach_existing_hooks(ghdeploy: FakeGitHub) -> None:
    """They are delivered once, after the last call. A hook of the seed itself only gets its ping."""
    seen: list[tuple[str, int]] = []
    ghdeploy.webhooks.subscribe(
        lambda delivery: (
            seen.append((delivery.event, len(ghdeploy.repository("octocat/example").deployments)))
            if delivery.event != "ping"
            else None
        )
    )
    status = {"ref": "main", "state": "success"}
    ghdeploy.seed(
        {
            "webhooks": ["http://127.0.0.1:1/"],
            "repositories": [{"full_name": "octocat/example", "commit_statuses": [status], "deployments": ["main"]}],
        }
    )
    assert seen == [("status", 1), ("deployment", 1)]
    assert [delivery.event for delivery in ghdeploy.webhooks.hooks[1].deliveries] == ["ping"]


def test_seeding_again_adds() -> None:
    """A second seed adds to the state. An existing repository is refused, as from Python."""
    fake = FakeGitHub()
    fake.seed({"repositories": ["octocat/one"]})
    fake.seed({"repositories": ["octocat/two"]})
    expected = "repositories[0]: repository octocat/one already exists: call repository('octocat/one') to get it"
    assert refusal({"repositories": ["octocat/one"]}, fake) == expected
    assert [row.full_name for row in fake._engine.store.repositories] == ["octocat/one", "octocat/two"]


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        (
            {"deploy_keys_enabled": False, "deploy_keys": [{"title": "server", "key": KEYS[0]}]},
            (
                "repositories[0].deploy_keys[0]: GitHub would respond 422 'Validation Failed': "
                "the repository was added with deploy_keys_enabled=False"
            ),
        ),
        (
            {"environments_protected": False, "environments": ["staging", {"name": "qa", "wait_timer": 5}]},
            (
                "repositories[0].environments[1]: GitHub would respond 422 'Fail to create protected rule, please "
                "ensure billing plan include protected branch gate.': the repository was added with "
                "environments_protected=False, so its environments can have no wait_timer"
            ),
        ),
    ],
)
def test_a_seeded_repository_may_refuse_deploy_keys_and_protection_rules(
    repository: dict[str, Any], expected: str
) -> None:
    """A seed has the arguments of `add_repository`. A refusal is that of the Python interface."""
    assert refusal({"repositories": [{"full_name": "o/r"} | repository]}) == expected


def test_an_error_carries_the_path() -> None:
    """`argument` is the path, whether a key or a value is invalid or a call is refused."""
    seeds_and_places: list[tuple[dict[str, Any], str]] = [
        ({"repositories": [{"full_name": "o/r", "branchs": []}]}, "repositories[0].branchs"),
        ({"repositories": [{"full_name": "o/r", "branches": [{"name": 7}]}]}, "repositories[0].branches[0].name"),
        ({"repositories": [{"full_name": "o/r", "branches": ["main"]}]}, "repositories[0].branches[0]"),
        ({"webhooks": [{"url": "ftp://127.0.0.1/"}]}, "webhooks[0].url"),
    ]
    for seed, place in seeds_and_places:
        with pytest.raises(FakeError) as caught:
            FakeGitHub().seed(seed)
        assert caught.value.argument == place


def count_calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count how often seeds are checked and carried out from now on."""
    counts = {"checked": 0, "carried out": 0}
    checked, carried_out = seeds.Seed._checked, seeds.Seed.carry_out

    def check(self: seeds.Seed, value: object) -> Any:  # noqa: ANN401 - as in Seed
        counts["checked"] += 1
        return checked(self, value)

    def carry_out(self: seeds.Seed, fake: object) -> None:
        counts["carried out"] += 1
        carried_out(self, fake)

    monkeypatch.setattr(seeds.Seed, "_checked", check)
    monkeypatch.setattr(seeds.Seed, "carry_out", carry_out)
    return counts


def test_a_seed_is_checked_once_and_rehearsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal runs in a copy of the fake, so that a refusal leaves no trace."""
    counts = count_calls(monkeypatch)
    FakeGitHub().seed({"users": ["mona"]})
    assert counts == {"checked": 1, "carried out": 2}


def test_a_new_fake_carries_a_seed_out_once(
    monkeypatch: pytest.MonkeyPatch, ghdeploy_factory: Callable[..., FakeGitHub], tmp_path: Path
) -> None:
    """A new fake that refuses its seed is discarded, so it needs no rehearsal. A reset of the server needs one."""
    counts = count_calls(monkeypatch)
    ghdeploy_factory(seed={"users": ["mona"]})
    assert counts == {"checked": 1, "carried out": 1}
    (tmp_path / "seed.json").write_text('{"users": ["mona"]}', "utf-8")
    served = ServedGitHub(Settings(seeds=[str(tmp_path / "seed.json")]))
    assert counts == {"checked": 2, "carried out": 2}
    served._restart()
    assert counts == {"checked": 3, "carried out": 4}


def test_a_new_fake_that_refuses_its_seed_delivers_nothing(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """The ping of an earlier hook is not sent, and the fake is empty."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as receiver:
        receiver.timeout = 0.2
        hook = f"http://127.0.0.1:{receiver.server_port}/"
        refused = {"webhooks": [hook, {"url": hook, "repository": "o/r"}]}
        fake = FakeGitHub()
        with pytest.raises(FakeError, match="unknown repository"):
            seeds.Seed(refused, FakeGitHub).fill(fake, engine_of(fake))
        with pytest.raises(FakeError, match="unknown repository"):
            ghdeploy_factory(seed=refused)
        connected: list[object] = []
        receiver.handle_error = lambda *_: connected.append(None)  # type: ignore[method-assign]
        receiver.process_request = lambda *_: connected.append(None)  # type: ignore[method-assign]
        receiver.handle_request()
    assert connected == []
    assert (fake.webhooks.hooks, fake.webhooks.deliveries) == ([], [])


def test_a_reset_removes_the_seed() -> None:
    """The seed must be loaded again."""
    fake = FakeGitHub()
    fake.seed({"repositories": ["octocat/one"], "tokens": ["a-token"]})
    fake.reset()
    assert (list(fake._engine.store.repositories), fake.tokens) == ([], ())
    fake.seed({"repositories": ["octocat/one"]})


def test_aliased_values_are_searched_for_secrets_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file with many nested aliases loads quickly, and its secrets are found."""
    secrets: list[str] = []
    monkeypatch.setattr("pytest_ghdeploy.seeds.seed.Secrets.add", lambda _, secret: secrets.append(secret))
    lines = ["stubs:", "- method: GET", "  path: /x", "  json:", "    a0: &0 [{token: a-token}, 1, 1]"]
    lines += [f"    a{n}: &{n} [*{n - 1}, *{n - 1}, *{n - 1}]" for n in range(1, 10)]
    (tmp_path / "seed.yaml").write_text("\n".join(lines), "utf-8")
    FakeGitHub().seed(tmp_path / "seed.yaml")
    assert secrets == ["a-token"]


def test_an_empty_seed_changes_nothing() -> None:
    """Empty mappings and empty lists are accepted."""
    fake = FakeGitHub()
    before = stored(fake)
    fake.seed({})
    fake.seed({"repositories": [], "webhooks": []})
    assert stored(fake) == before


BRANCHES = {
    "seed.yaml": """\
repositories:
  - full_name: octocat/example

    branches:
      - topic
      - name: stale
        {0}: {1}
""",
    "seed.toml": """\
[[repositories]]
full_name = "octocat/example"

[[repositories.branches]]
name = "topic"
[[repositories.branches]]
{0} = {1}
name = "stale"
""",
    "seed.json": """\
{{"repositories": [
  {{"full_name": "octocat/example",
   "branches": [
     "topic",
     {{"name": "stale",
       "behind": 0,
       "{0}": {1}}}]}}]}}
""",
}
WRONG = [
    (
        "behnd",
        "2",
        "unknown key 'behnd' in repositories[0].branches[1]; known: behind, name, from_ref",
    ),
    (
        "from_ref",
        "2",
        "repositories[0].branches[1].from_ref must be a string, got a number; put strings in quotes",
    ),
    ("from_ref", "[2]", "repositories[0].branches[1].from_ref must be a string, got a list"),
    (
        "from_ref",
        '"mian"',
        (
            "repositories[0].branches[1].from_ref: unknown branch, tag or SHA 'mian' in octocat/example; "
            "known: main, topic"
        ),
    ),
]


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
@pytest.mark.parametrize("name", BRANCHES)
def test_a_mistake_has_a_message_with_file_and_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, key: str, value: str, message: str
) -> None:
    """Each file format reports an unknown key, a value of the wrong type, and a refused value."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(BRANCHES[name].format(key, value), "utf-8")
    line = ":7" if name == "seed.yaml" else ""
    assert refusal(name) == f"{name}{line}: {message}"
    assert refusal(tmp_path / name) == f"{tmp_path / name}{line}: {message}"
    repository = {"full_name": "octocat/example", "branches": ["topic", {"name": "stale", key: json.loads(value)}]}
    assert refusal({"repositories": [repository]}) == message.removesuffix("; put strings in quotes")


# Written as JSON, which is also valid YAML. The line is the one reported for YAML.
MISTAKES = [
    ("[]", 1, "a seed must be a mapping, got a list"),
    ('\n"x"', 2, "a seed must be a mapping, got a string"),
    (
        '{"users": [],\n"repos": []}',
        2,
        (
            "unknown key 'repos'; known: repositories, deployers, users, apps, teams, tokens, "
            "rate_limits, stubs, faults, webhooks"
        ),
    ),
    ('{"users":\n\n"mona"}', 3, "users must be a list, got a string"),
    ('{"users":\nnull}', 2, "users must be a list, got nothing"),
    ('{"users": [\n7]}', 2, "users[0] must be a string or a mapping, got a number; put strings in quotes"),
    ('{"users": [\n["mona"]]}', 2, "users[0] must be a string or a mapping, got a list"),
    ('{"users": ["mona",\n{"type": "Bot"}]}', 2, "users[1] has no login: login is required"),
    (
        '{"users": [{"login": "mona",\n"type": "bot"}]}',
        2,
        "unknown value 'bot' of users[0].type; known: Bot, User, Organization",
    ),
    ('{"users": ["mona",\n"mona"]}', 2, "users[1]: user mona already exists"),
    (
        '{"users": [\n"mo na"]}',
        2,
        ('users[0]: invalid login \'mo na\': use letters, digits and "-"; the login of a bot ends in "[bot]"'),
    ),
    ('{"faults": ["/user"]}', 1, "faults[0] must be a mapping, got a string"),
    ('{"faults": [\n{"path": "/user", "status": true}]}', 2, "faults[0].status must be a whole number, got true"),
    (
        '{"faults": [\n{"path": "/user",\n"status": 200}]}',
        3,
        "faults[0].status: status must be an HTTP status from 400 to 599, got 200",
    ),
    (
        '{"stubs": [{"method": "GET",\n"path": "user"}]}',
        2,
        (
            'stubs[0].path: path must start with "/" and must not have a query, such as "/repos/octocat/example"; '
            "got 'user'"
        ),
    ),
    (
        '{"stubs": [{"method": "GET", "path": "/x",\n"headers": {\n"X": 1}}]}',
        3,
        "stubs[0].headers.X must be a string, got a number; put strings in quotes",
    ),
    ('{"webhooks": [{"events": ["push"]}]}', 1, "webhooks[0] has no url: url is required"),
    (
        '{"webhooks": [{"target": "http://127.0.0.1:1/"}]}',
        1,
        (
            "unknown key 'target' in webhooks[0]; known: "
            "secret, url, events, content_type, repository, app, active, insecure_ssl, allow_any_host"
        ),
    ),
    (
        '{"webhooks": [{"url": "http://127.0.0.1:1/", "events": ["push",\n"nope"]}]}',
        1,
        (
            "webhooks[0].events: "
            "GitHub would respond 422 'Validation Failed': GitHub has no event 'nope' for hooks; known: *, *"
        ),
    ),
    (
        '{"tokens": [\n{"my-token": {"user": "mona"}}]}',
        2,
        ("unknown key '…' in tokens[0]; known: token, user, scopes, permissions, repositories, app, expires_at"),
    ),
    (
        '{"tokens": [\n{"tokens": {"user": "mona"}}]}',
        2,
        ("unknown key 'tokens' in tokens[0]; known: token, user, scopes, permissions, repositories, app, expires_at"),
    ),
    (
        '{"tokens": [\n{"tokn": "t"}]}',
        2,
        ("unknown key 'tokn' in tokens[0]; known: token, user, scopes, permissions, repositories, app, expires_at"),
    ),
    (
        '{"webhooks": [\n{"config": {}}]}',
        2,
        (
            "unknown key 'config' in webhooks[0]; known: "
            "url, events, secret, content_type, repository, app, active, insecure_ssl, allow_any_host"
        ),
    ),
    (
        '{"tokens": [\n{"token": null}]}',
        2,
        "tokens[0].token must be a string, got nothing",
    ),
    (
        '{"webhooks": [{"events": [],\n"url": "ftp://me:pw@127.0.0.1/?token=x"}]}',
        2,
        (
            "webhooks[0].url: GitHub would respond 422 'Validation Failed': "
            "config.url is 'ftp://[redacted]@127.0.0.1/?token=[redacted]'; it must be a valid http or https URL"
        ),
    ),
    (
        '{"stubs": [{"method": "GET", "path": "/x",\n"headers": {"X": "a\\n"}}]}',
        2,
        ("stubs[0].headers: the header X must be one line of Latin-1; it contains the character U+000A"),
    ),
    (
        '{"tokens": [{"token": "t",\n"expires_at": "0001-01-01T00:00:00+14:00"}]}',
        2,
        (
            "tokens[0].expires_at: expires_at must be a time in the years 1 to 9999, in UTC; "
            "got 0001-01-01T00:00:00+14:00"
        ),
    ),
    (
        '{"webhooks": [\n"http://example.com/"]}',
        2,
        (
            "webhooks[0]: 'example.com' is not this machine; "
            "receivers must be on localhost, 127.0.0.1 or ::1, unless allow_any_host=True"
        ),
    ),
    (
        '{"deployers": [{"steps": ["queued",\n{"state": "success",\n"after_poll": 1}]}]}',
        3,
        (
            "unknown key 'after_poll' in deployers[0].steps[1]; known: after_polls, after_seconds, "
            "state, log_url, environment_url, description, auto_inactive"
        ),
    ),
    (
        '{"deployers": [{"steps": ["queued",\n{}]}]}',
        2,
        "deployers[0].steps[1] has no state: state is required",
    ),
    (
        '{"deployers": [{"steps": [\n"done"]}]}',
        2,
        (
            "unknown value 'done' of deployers[0].steps[0]; "
            "known: error, failure, inactive, in_progress, queued, pending, success"
        ),
    ),
    ('{"deployers": [{"after_seconds":\n"1"}]}', 2, "deployers[0].after_seconds must be a number, got a string"),
    (
        '{"deployers": [{\n"fails_on": null}]}',
        2,
        (
            "unknown key 'fails_on' in deployers[0]; known: fails_with, "
            "environment, repository, steps, after_polls, after_seconds, log_url, environment_url, description, login"
        ),
    ),
    (
        '{"repositories": [{"full_name": "o/r", "commit_statuses": [\n{"ref": "main"}]}]}',
        2,
        "repositories[0].commit_statuses[0] has no state: ref and state are required",
    ),
    (
        '{"repositories": [{"full_name": "o/r", "commits": [{"branch": "main", "files": {"a":\n1}}]}]}',
        2,
        "repositories[0].commits[0].files.a must be a string, got a number; put strings in quotes",
    ),
    (
        '{"repositories": [{"full_name": "o/r", "environments": [{"name": "qa",\n"wait_timer": -1}]}]}',
        2,
        (
            "repositories[0]."
            "environments[0].wait_timer: GitHub would respond 422 'Wait timer must be between 0 and 43200': "
            "wait_timer is -1; it must be from 0 to 43,200 minutes"
        ),
    ),
    (
        '{"repositories": [{"full_name": "o/r", "environments": [{"name": "q",\n"reviewers": ["octocat",\n"mona"]}]}]}',
        2,
        ("repositories[0].environments[0].reviewers: unknown user 'mona': add it with add_user; known: octocat, o"),
    ),
    (
        '{"repositories": [{"full_name": "o/r", "environments": [{"name": "qa",\n"reviewers": ["o/team"]}]}]}',
        2,
        "repositories[0].environments[0].reviewers: unknown team 'o/team'; known: none",
    ),
    (
        '{"repositories": [{"full_name": "o/r", "environments": [{"name": "qa", "protection_rules": [\n"gate"]}]}]}',
        2,
        "repositories[0].environments[0].protection_rules[0]: unknown app 'gate'; known: none",
    ),
    (
        (
            '{"repositories": [{"full_name": "o/r", "deployments": [{"ref": "main", "statuses":\n'
            '[{"state": "success",\n"creator": "mona"}]}]}]}'
        ),
        3,
        (
            "repositories[0].deployments[0].statuses[0].creator: unknown user 'mona': add it with add_user; "
            "known: octocat, o"
        ),
    ),
    (
        '{"repositories": [{"full_name": "o/r", "deployments": [{"ref": "main", "payload":\n5}]}]}',
        2,
        ("repositories[0].deployments[0].payload must be a mapping or a string, got a number; put strings in quotes"),
    ),
    (
        '{"repositories": [{"full_name": "o/r", "deployments": [{"ref": "main", "payload":\n{"a": 1.0e+999}}]}]}',
        2,
        (
            "repositories[0].deployments[0].payload: payload cannot be written as JSON: "
            "Out of range float values are not JSON compliant*"
        ),  # newer Pythons say more
    ),
    ('{"tokens": [{"token": "t", "expires_at":\n"soon"}]}', 2, "tokens[0].expires_at must be a date, got a string"),
    (
        '{"tokens": [{"token": "t", "permissions":\n["deployments"]}]}',
        2,
        "tokens[0].permissions must be a mapping, got a list",
    ),
    (
        '{"tokens": [{"token": "t", "permissions": {"deployments": "write"}, "repositories":\n["o/r"]}]}',
        2,
        "tokens[0].repositories: unknown repository 'o/r'; known: none",
    ),
]


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES)
def test_each_mistake_has_its_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int, message: str
) -> None:
    """Each message has the wrong value, the known ones, the path in the file, and in YAML the line."""
    monkeypatch.chdir(tmp_path)
    for name, where in (("seed.json", "seed.json"), ("seed.yaml", f"seed.yaml:{line}")):
        Path(name).write_text(text, "utf-8")
        got = refusal(name)
        assert (got[: len(where) + len(message) + 1] + "*" if message.endswith("*") else got) == f"{where}: {message}"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("seed.txt", b"", "seed.txt: the name of a seed file must end in .yaml, .yml, .toml, .json"),
        ("seed", b"", "seed: the name of a seed file must end in .yaml, .yml, .toml, .json"),
        ("seed.yaml", b"", "seed.yaml: a seed must be a mapping, got nothing"),
        ("seed.yaml", b"a: 1\n- b", "seed.yaml:2: expected <block end>, but found '-' while parsing a block mapping"),
        ("seed.json", b'{\n"\xff": 1}', "seed.json:2: a seed file must be UTF-8"),
        ("seed.toml", b"[a\n", "seed.toml: Expected ']' at the end of a table declaration (at line 1, column 3)"),
        (
            "seed.toml",
            b"[[rate_limits]]\nremaining = 1.5\n",
            "seed.toml: rate_limits[0].remaining must be a whole number, got a decimal number",
        ),
        ("seed.toml", b"[users]\n", "seed.toml: users must be a list, got a mapping"),
        (
            "seed.yaml",
            b"users:\n  - yes\n",
            "seed.yaml:2: users[0] must be a string or a mapping, got true; put strings in quotes",
        ),
        (
            "seed.yaml",
            b"users:\n  - 2026-11-20\n",
            "seed.yaml:2: users[0] must be a string or a mapping, got a date; put strings in quotes",
        ),
        (
            "seed.toml",
            b"users = [\n  12:00:00\n]",
            "seed.toml: users[0] must be a string or a mapping, got a time; put strings in quotes",
        ),
        (
            "seed.yaml",
            b"users: !!python/name:os.abort\n",
            "seed.yaml:1: unknown tag; put strings that begin with ! in quotes",
        ),
    ],
)
def test_an_invalid_file_has_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, message: str
) -> None:
    """Other suffixes, empty files, bytes, syntax errors, and strings that YAML reads as another type are reported."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    assert refusal(name) == message


def test_a_missing_file_has_a_message_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is resolved in the working directory, which the message names."""
    monkeypatch.chdir(tmp_path)
    expected = f"nope.yaml: cannot read this seed file in {Path.cwd()}: No such file or directory"
    assert refusal("nope.yaml") == expected
    path = tmp_path / "nope.yaml"
    assert refusal(path) == f"{path}: cannot read this seed file: No such file or directory"
    assert refusal("/nope\0.yaml") == "/nope\0.yaml: cannot read this seed file: embedded null byte"
    (tmp_path / "dir.json").mkdir()
    assert refusal(tmp_path / "dir.json").endswith("dir.json: cannot read this seed file: Is a directory")


def test_a_seed_must_be_a_path_or_a_mapping() -> None:
    """All keys of a mapping must be strings."""
    wrong: Any = ["seed.yaml"]
    assert refusal(wrong) == "a seed must be a file path or a mapping, got a list"
    wrong = {7: []}
    assert refusal(wrong) == "a key must be a string, got a number"
    assert refusal({"users": [{7: "mona"}]}) == "a key in users[0] must be a string, got a number"
    numbered = {"full_name": "o/r", "commits": [{"branch": "main", "files": {7: "text"}}]}
    assert (
        refusal({"repositories": [numbered]})
        == "a key in repositories[0].commits[0].files must be a string, got a number"
    )
    circle: dict[str, Any] = {"full_name": "o/r"}
    circle["deployments"] = [{"ref": "main", "payload": circle}]
    expected = "repositories[0].deployments[0].payload: payload cannot be written as JSON: Circular reference detected"
    assert refusal({"repositories": [circle]}) == expected


def test_a_yaml_file_needs_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra. TOML and JSON load without it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "yaml", None)
    Path("seed.yaml").write_text("users: [nobody-else]\n", "utf-8")
    Path("seed.toml").write_text('users = ["mona"]\n', "utf-8")
    expected = "YAML needs PyYAML: pip install 'pytest-ghdeploy[yaml]', or use TOML or JSON"
    assert refusal("seed.yaml") == f"seed.yaml: {expected}"
    FakeGitHub().seed("seed.toml")


SECRET = "ghp_a1B2c3D4e5F6g7H8i9J0"  # noqa: S105 - not a real token


@pytest.mark.parametrize(
    "seed",
    [
        {"tokens": SECRET},
        {"tokens": {SECRET: {}}},
        {"tokens": [[SECRET]]},
        {"tokens": [{"token": [SECRET]}]},
        {"tokens": [{"token": {SECRET: SECRET}}]},
        {"tokens": [{SECRET: "octocat"}]},
        {"tokens": [{"token": f"{SECRET} "}]},
        {"tokens": [f"{SECRET} "]},
        {"tokens": [{"token": SECRET, "user": f"{SECRET} "}]},
        {"tokens": [{"token": SECRET, "scopes": [SECRET]}]},
        {"tokens": [{"token": SECRET, "scopes": SECRET}]},
        {"tokens": [SECRET], "users": [SECRET, SECRET]},
        {"apps": [{"slug": "gate", "private_key": SECRET}]},
        {"apps": [{"slug": SECRET, "private_key": SECRET}]},
        {"webhooks": [{"secret": SECRET}]},
        {"webhooks": [{"url": "http://127.0.0.1:1/", SECRET: 1}]},
        {"webhooks": [{"url": "http://127.0.0.1:1/", "secret": [SECRET]}]},
        {"webhooks": [{"url": "http://127.0.0.1:1/", "secret": SECRET, "events": [SECRET]}]},
        {"webhooks": [{"url": f"http://example.com/{SECRET}", "secret": SECRET}]},
        {"webhooks": [{"url": f"http://user:{SECRET}@example.com/"}]},
        {"webhooks": [{"url": f"http://user:{SECRET}@127.0.0.1:99999/"}]},
        {"webhooks": [{"url": f"http://user:{SECRET}@[127.0.0.1/"}]},
        {"webhooks": [{"url": f"ftp://user:{SECRET}@127.0.0.1/"}]},
        {"webhooks": [f"//user:/{SECRET}@127.0.0.1/"]},
        {"tokens": [{SECRET: {"user": "mona"}}]},
        {"tokens": [{f"{SECRET}-token": "mona"}]},
        {"webhooks": [{f"{SECRET}-secret": {"url": "http://127.0.0.1:1/"}}]},
        {"stubs": [{"method": "GET", "path": "/x", "headers": {"Authorization": f"Bearer {SECRET}\n"}}]},
        {"stubs": [{"method": "GET", "path": "/x", "headers": {f"Authorization: Bearer {SECRET}": ""}}]},
        {"stubs": [{"method": "GET", "path": f"/x?token={SECRET}"}]},
        {"stubs": [{"method": "GET", "path": f"https://user:{SECRET}@api.github.com/user"}]},
        {"faults": [{"status": 500, "path": f"/x?access={SECRET}"}]},
        {"faults": [{"status": 500, "headers": {"Set-Cookie": f"id={SECRET}\n"}}]},
    ],
    ids=str,
)
def test_no_message_quotes_a_secret(tmp_path: Path, seed: dict[str, Any]) -> None:
    """A token or secret in the wrong place appears neither in the message nor in the traceback's frames."""
    (tmp_path / "seed.json").write_text(json.dumps(seed), "utf-8")
    fake = FakeGitHub()
    for source in (seed, tmp_path / "seed.json"):
        with pytest.raises(FakeError) as caught:
            fake.seed(source)
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        frames = [str(entry.frame.f_locals) for entry in caught.traceback[1:]]
        assert len(frames) == 1
        assert source is seed or SECRET not in frames[0]


DATES = {
    "a.yaml": "expires_at: {0}",
    "b.yaml": "expires_at: '{0}'",
    "a.toml": "expires_at = {0}",
    "b.toml": 'expires_at = "{0}"',
    "a.json": '"expires_at": "{0}"',
}


@pytest.mark.parametrize("name", DATES)
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2030-01-02T03:04:05Z", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2030-01-02T03:04:05+01:00", datetime(2030, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ("2030-01-02T03:04:05", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2030-01-02 03:04:05", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2030-01-02", datetime(2030, 1, 2, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_or_a_string(tmp_path: Path, name: str, written: str, expected: datetime) -> None:
    """YAML and TOML have dates, JSON has strings. A time without a time zone is in UTC."""
    line = DATES[name].format(written)
    text = {
        ".yaml": f"tokens:\n  - token: a-token\n    {line}\n",
        ".toml": f'[[tokens]]\ntoken = "a-token"\n{line}\n',
        ".json": f'{{"tokens": [{{"token": "a-token", {line}}}]}}',
    }[name[1:]]
    (tmp_path / name).write_text(text, "utf-8")
    fake = FakeGitHub()
    fake.seed(tmp_path / name)
    assert fake.tokens[0].expires_at == expected


def test_a_time_from_python_is_accepted() -> None:
    """A mapping may hold a datetime."""
    when = datetime(2030, 1, 2, tzinfo=UTC)
    fake = FakeGitHub()
    fake.seed({"tokens": ({"token": "a-token", "expires_at": when},)})
    assert fake.tokens[0].expires_at == when


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """Some editors on Windows write one."""
    (tmp_path / "seed.json").write_text(JSON, "utf-8-sig")
    fake = prepared(FakeGitHub())
    fake.seed(tmp_path / "seed.json")
    assert fake.repository("octocat/example").environments[0].name == "production"


def test_anchors_and_merge_keys_are_followed(tmp_path: Path) -> None:
    """An error has the line of the anchored value."""
    text = """\
repositories:
  - &first
    full_name: octocat/one
    environments: &environments
      - {name: production, wait_timer: 5}
  - <<: *first
    full_name: octocat/two
    branches: [topic]
"""
    path = tmp_path / "seed.yaml"
    path.write_text(text, "utf-8")
    fake = FakeGitHub()
    fake.seed(path)
    rules = fake.repository("octocat/two").environments[0].protection_rules
    assert [rule["wait_timer"] for rule in rules] == [5]
    path.write_text(text.replace("wait_timer: 5", "wait_timer: soon"), "utf-8")
    expected = f"{path}:5: repositories[0].environments[0].wait_timer must be a whole number, got a string"
    assert refusal(path) == expected


def test_a_seed_uses_the_options_and_state_of_the_fake(tmp_path: Path) -> None:
    """A fake's options and existing users apply to a seed."""
    (tmp_path / "seed.json").write_text('{"tokens": [{"token": "t0ken", "user": "mona"}]}', "utf-8")
    fake = FakeGitHub("https://ghe.example.com/api/v3", payload_limit=5)
    repo = fake.add_repository("octocat/example")
    fake.seed(tmp_path / "seed.json")
    assert repo.full_name == "octocat/example"
    long = {"ref": "main", "payload": {"a": "long"}}
    message = refusal({"repositories": [{"full_name": "o/r", "deployments": [long]}]}, fake)
    assert message.startswith("repositories[0].deployments[0].payload: GitHub would respond 422")
    fake.seed({"repositories": [{"full_name": "o/r", "commit_statuses": [
        {"ref": "main", "state": "success", "creator": "mona"}]}]})  # fmt: skip
    assert fake.events[0].payload["sender"]["login"] == "mona"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """List the paths of all values inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in inner for place in places(member, (*path, key)))]


MOST = EVERYTHING | {"webhooks": EVERYTHING["webhooks"][:2]}
ODD: list[Any] = [
    None,
    True,
    -1,
    7,
    1.5,
    "",
    "x",
    "octocat/example",
    "main",
    [],
    [[]],
    ["x"],
    {},
    {"x": 1},
    {"name": "x"},
]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(places(MOST)[1:]), odd=st.sampled_from(ODD), renames=st.booleans())
def test_any_invalid_seed_is_refused_with_its_path(path: tuple[Any, ...], odd: object, *, renames: bool) -> None:
    """With any part replaced, a seed is accepted, or refused with its path and without a trace."""
    scene = json.loads(json.dumps(MOST))
    *outer, last = path
    holder = reduce(lambda inner, key: inner[key], outer, scene)
    if renames and isinstance(last, str):
        holder[f"{last}s"] = holder.pop(last)
    else:
        holder[last] = odd
    fake = FakeGitHub()
    fake.webhooks.hold()
    before = stored(fake)
    message = ""
    try:
        fake.seed(scene)
    except FakeError as problem:
        message = str(problem)
    if message:
        assert stored(fake) == before
        assert re.search(r"(?:^| )[a-z_]+(?:\[\d+\]|: | is | must be )|^unknown key '\w+'; ", message)


def test_a_seed_has_the_keys_and_ids_of_a_tool(ghdeploy: FakeGitHub) -> None:
    """An app whose ids and key the tool knows works without a line of Python. Its hook may be in the seed too."""
    ghdeploy.seed(
        {
            "repositories": ["acme/shop"],
            "apps": [
                {
                    "slug": "deployer",
                    "id": 1234,
                    "private_key": signing.private_key(),
                    "installations": [{"account": "acme", "id": 5678}],
                }
            ],
            "webhooks": [{"url": "http://127.0.0.1:1/", "app": "deployer"}],
        }
    )
    headers = {"Authorization": f"Bearer {signing.signed(ghdeploy, 1234)}"}
    url = f"{ghdeploy.base_url}/app/installations/5678/access_tokens"
    assert requests.post(url, headers=headers, timeout=10).status_code == 201
    assert len(ghdeploy.webhooks.hooks) == 1
