"""Seed files: what they set up is what Python would have, and what is wrong with one is told with its line."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from scene import KEYS

from pytest_ghdeploy import FakeError, FakeGitHub, Step, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ghdeploy import Delivery

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
    """Copy all that a scene consists of, and all that a refused seed must leave alone."""
    store, application = fake._store, fake._application
    rows = {name: (table.next_id, list(table)) for name, table in store.tables().items()}
    graphs = {
        number: (
            dict(graph.branches),
            dict(graph.tags),
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
    parties = len(fake._deployers._all) if fake._deployers else 0
    faults = [str(fault) for fault in fake._faults._faults] if fake._faults else []
    return pickle.loads(  # noqa: S301 - a copy of our own
        pickle.dumps((rows, graphs, tokens, names, limits, events, store.events._count, parties, faults))
    ), (
        [(stub.method, stub.segments, stub.status, stub.body) for stub in application.stubs],
        fake.clock.now,
        fake.conversation_text(),
        list(fake._problems),
        [target[0] for target in fake._webhooks._targets.values()] if fake._webhooks else [],
        dict(fake._secrets._known),
        dict(fake._secrets._words),
    )


def at(fake: FakeGitHub) -> FakeGitHub:
    """Put the clock of a new fake where all compare."""
    fake.clock.move_to(datetime(2026, 11, 20, 12, tzinfo=UTC))
    return fake


def get(path: str) -> Any:  # noqa: ANN401 - any JSON
    """Ask over HTTP."""
    answer = requests.get(API + path, headers={"Authorization": "token my-token"}, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


# What loads


def by_hand(fake: FakeGitHub) -> None:
    """Set the scene of the example in Python."""
    repo = fake.add_repository("octocat/example", default_branch="main")
    fake.add_token("my-token", user="octocat", scopes=["repo_deployment"])
    repo.add_branch("topic-branch")
    repo.add_branch("stale", behind=2)
    repo.add_merge_conflict("stale")
    repo.add_commit_status("topic-branch", state="failure", context="ci/tests")
    repo.add_environment("production", wait_timer=5)
    fake.webhooks.subscribe("http://127.0.0.1:9000/hook", events=["deployment"], secret="s3cret")  # noqa: S106


@pytest.mark.parametrize("name", FORMS)
def test_a_file_sets_the_scene_that_python_would(tmp_path: Path, name: str) -> None:
    """The same rows, commits, tokens, hooks, events and ids, whatever the file is written in."""
    (tmp_path / name).write_text(FORMS[name], "utf-8")
    seeded, expected = at(FakeGitHub()), at(FakeGitHub())
    seeded.seed(tmp_path / name)
    by_hand(expected)
    assert stored(seeded) == stored(expected)


def test_a_mapping_sets_the_same_scene() -> None:
    """It has the shape of a file."""
    seeded, expected = at(FakeGitHub()), at(FakeGitHub())
    seeded.seed(json.loads(JSON))
    by_hand(expected)
    assert stored(seeded) == stored(expected)


def test_the_example_answers(ghdeploy: FakeGitHub, tmp_path: Path) -> None:
    """A failing commit status and a merge conflict refuse deployments, and the hook hears of what is deployed."""
    (tmp_path / "seed.yaml").write_text(YAML, "utf-8")
    ghdeploy.seed(str(tmp_path / "seed.yaml"))

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
    "stubs": [{"method": "GET", "path": "/repos/*/*/pulls", "json": [{"number": 1}], "headers": {"X-Seen": "yes"}}],
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
                },
            ],
            "check_runs": [{"ref": "topic", "name": "build", "status": "in_progress"}],
            "commit_statuses": [{"ref": "v1", "state": "success", "context": "ci", "creator": "mona"}],
            "deploy_keys": [{"title": "server", "key": KEYS[0], "read_only": True}],
            "collaborators": ["hubot", {"login": "mona", "permission": "admin"}],
            "tags": [{"name": "v1", "ref": "main"}],
            "merge_conflicts": ["stale"],
            "commits": [{"branch": "topic", "message": "Change", "files": {"a.txt": "text\n"}}, "main"],
            "branches": ["topic", {"name": "stale", "from_ref": "topic", "behind": 1}],
            "full_name": "octo-org/app",
            "default_branch": "main",
            "private": True,
        },
    ],
    "teams": [{"organization": "octo-org", "name": "Release Team"}],
    "apps": ["gate", {"slug": "window", "owner": "octo-org"}],
    "users": [{"login": "octo-org", "type": "Organization"}, "mona"],
}


def everything_by_hand(fake: FakeGitHub) -> None:
    """Do in Python what ``EVERYTHING`` spells."""
    fake.add_user("octo-org", type="Organization")
    fake.add_user("mona")
    gate = fake.add_app("gate")
    fake.add_app("window", owner="octo-org")
    team = fake.add_team("octo-org", "Release Team")
    fake.add_repository("octocat/plain")
    repo = fake.add_repository("octo-org/app", default_branch="main", private=True)
    fake.add_token("my-token")
    fake.add_token("classic", user="mona", scopes=["repo"], expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    fake.add_token(
        "apps", user="gate[bot]", permissions={"deployments": "write"}, repositories=["octo-org/app"]
    )  # fmt: skip
    repo.add_branch("topic")
    repo.add_branch("stale", from_ref="topic", behind=1)
    repo.add_commit("topic", message="Change", files={"a.txt": "text\n"})
    repo.add_commit("main")
    repo.add_merge_conflict("stale")
    repo.add_tag("v1", "main")
    repo.add_collaborator("hubot")
    repo.add_collaborator("mona", permission="admin")
    repo.add_deploy_key("server", KEYS[0], read_only=True)
    repo.add_commit_status("v1", state="success", context="ci", creator="mona")
    repo.add_check_run("topic", name="build", status="in_progress")
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
    fake.stub("GET", "/repos/*/*/pulls", json=[{"number": 1}], headers={"X-Seen": "yes"})
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


def test_everything_can_be_spelled_in_any_order() -> None:
    """Every section and every shorthand gives what Python gives, though the mapping has all of it back to front."""
    seeded, expected = at(FakeGitHub()), at(FakeGitHub())
    seeded.seed(EVERYTHING)
    everything_by_hand(expected)
    assert stored(seeded) == stored(expected)


def test_every_section_is_in_that_scene() -> None:
    """No list that a seed may have is left untested here."""

    def missing(sections: tuple[seeds.Section, ...], found: list[Any]) -> list[str]:
        there = [item for item in found if isinstance(item, dict)]
        lists = {section.name: [one for item in there for one in item.get(section.name, ())] for section in sections}
        inner = [name for section in sections for name in missing(section.inside, lists[section.name])]
        return [name for name, items in lists.items() if not items] + inner

    assert missing(seeds.SECTIONS, [EVERYTHING]) == []


def test_what_was_seeded_is_there_over_http(ghdeploy: FakeGitHub) -> None:
    """Each section, asked for by a client."""
    ghdeploy.seed({**EVERYTHING, "rate_limits": [{"remaining": 17}]})
    where = "/repos/octo-org/app"

    assert get("/users/octo-org")["type"] == "Organization"
    ghdeploy.add_token("root", user="octo-org")
    headers = {"Authorization": "token root"}

    def root(path: str) -> Any:  # noqa: ANN401 - any JSON
        return requests.get(f"{API}{where}{path}", headers=headers, timeout=10).json()

    assert root("")["private"] is True
    assert [branch["name"] for branch in root("/branches")] == ["main", "stale", "topic"]
    assert [tag["name"] for tag in root("/tags")] == ["v1"]
    assert root("/commits/topic")["commit"]["message"] == "Change"
    assert root("/contents/a.txt?ref=topic")["content"] == "dGV4dAo=\n"
    assert root("/commits/v1/status")["statuses"][0]["context"] == "ci"
    assert root("/commits/topic/check-runs")["check_runs"][0]["name"] == "build"
    assert [key["title"] for key in root("/keys")] == ["server"]
    assert root("/collaborators/mona/permission")["permission"] == "admin"
    assert root("/environments/qa")["can_admins_bypass"] is False
    policies = root("/environments/qa/deployment-branch-policies")["branch_policies"]
    assert [policy["name"] for policy in policies] == ["release/*", "v*"]
    rules = root("/environments/qa/deployment_protection_rules")["custom_deployment_protection_rules"]
    assert [rule["app"]["slug"] for rule in rules] == ["gate"]
    assert [one["task"] for one in root("/deployments")] == ["migrate", "deploy"]
    statuses = root(f"/deployments/{root('/deployments')[0]['id']}/statuses")
    assert [one["state"] for one in statuses] == ["success", "queued"]
    assert [hook["config"]["url"] for hook in root("/hooks")] == ["https://localhost:1/"]
    assert root("/pulls") == [{"number": 1}]
    assert requests.get(f"{API}/user", headers=headers, timeout=10).status_code == 503
    assert get("/rate_limit")["rate"]["limit"] == 5000


# Refusals


def refusal(source: seeds.Source, fake: FakeGitHub | None = None) -> str:
    """Give the message of a seed that is refused, and see to it that nothing has changed."""
    fake = fake or FakeGitHub()
    before = stored(fake)
    with pytest.raises(FakeError) as caught:
        fake.seed(source)
    assert stored(fake) == before
    return str(caught.value)


def used(deliveries: list[Delivery]) -> FakeGitHub:
    """Make a fake in which there is something of everything, and a receiver of all events."""
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
def test_a_refused_seed_leaves_nothing(last: dict[str, Any]) -> None:
    """However late it is refused: no row, commit, token, event, delivery, stub, limit, secret or id is used up."""
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
    for one in (fake, twin):
        one.seed(fresh)
    told = [[(one.event, one.id, one.delivery_id) for one in found] for found in (deliveries, twin_deliveries)]
    assert told[0] == told[1] != []
    assert [event.delivery_id for event in fake.events] == [event.delivery_id for event in twin.events]


def test_events_of_a_seed_reach_those_who_were_there_before(ghdeploy: FakeGitHub) -> None:
    """They are delivered when the whole scene is set, and once; a hook of the seed itself gets its ping alone."""
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
    """What is there stays; a repository that is there is refused as from Python."""
    fake = FakeGitHub()
    fake.seed({"repositories": ["octocat/one"]})
    fake.seed({"repositories": ["octocat/two"]})
    expected = "repositories[0]: there is a repository octocat/one already: repository('octocat/one') looks it up"
    assert refusal({"repositories": ["octocat/one"]}, fake) == expected
    assert [row.full_name for row in fake._store.repositories] == ["octocat/one", "octocat/two"]


def test_reset_empties_what_was_seeded() -> None:
    """The seed has to be called again."""
    fake = FakeGitHub()
    fake.seed({"repositories": ["octocat/one"], "tokens": ["a-token"]})
    fake.reset()
    assert (list(fake._store.repositories), fake.tokens) == ([], ())
    fake.seed({"repositories": ["octocat/one"]})


def test_an_empty_seed_is_none() -> None:
    """Nothing happens."""
    fake = FakeGitHub()
    before = stored(fake)
    fake.seed({})
    fake.seed({"repositories": [], "webhooks": []})
    assert stored(fake) == before
