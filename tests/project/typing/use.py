"""Correct use that a type checker must accept. The file is checked, not run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, assert_type

import pytest

from pytest_ghdeploy import (
    ActionRun,
    App,
    Assumptions,
    Branch,
    CheckRun,
    Clock,
    CommitStatus,
    Delivery,
    Deployer,
    DeployKey,
    Deployment,
    Environment,
    Event,
    Events,
    Exchange,
    FakeError,
    FakeGitHub,
    Fault,
    Faults,
    Hook,
    Installation,
    LiveServer,
    PullRequest,
    PullRequestBranch,
    RateLimits,
    Repository,
    Requests,
    Review,
    SchemaViolation,
    Step,
    StubbedRequest,
    Team,
    Token,
    UnsupportedRequest,
    Webhooks,
)

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def test_deploy_waits_for_ci(ghdeploy: FakeGitHub) -> None:
    """Use the example in the documentation."""
    repo = ghdeploy.add_repository("octocat/example")
    assert_type(repo, Repository)
    assert_type(repo.add_branch("topic-branch"), str)
    repo.add_commit_status("topic-branch", state="pending", context="ci/tests")
    event = ghdeploy.assert_event("deployment", environment="production", ref="topic-branch")
    assert_type(event, Event)
    assert_type(event.payload["deployment"]["task"], Any)
    assert [e.name for e in ghdeploy.events] == ["status", "status", "deployment"]


@pytest.mark.ghdeploy(repositories=["octocat/example"], inactive_events=True)
def test_with_a_marker(ghdeploy: FakeGitHub) -> None:
    """Use a repository that the marker added."""
    assert_type(ghdeploy.repository("octocat/example"), Repository)


def test_two_fakes(ghdeploy_factory: Callable[..., FakeGitHub]) -> None:
    """Use another fake."""
    assert_type(ghdeploy_factory(base_url="https://ghe.example.com/api/v3"), FakeGitHub)


def without_pytest() -> None:
    """Use a fake as a context manager."""
    with FakeGitHub("https://ghe.example.com/api/v3", validate="all", payload_limit=0, short_shas=True) as gh:
        assert_type(gh, FakeGitHub)
        assert_type(gh.base_url, str)
        assert_type(gh.clock, Clock)
        assert_type(gh.clock.now, datetime)
        gh.clock.tick(seconds=1.5)
        gh.clock.tick()
        gh.clock.move_to(datetime(2030, 1, 1, tzinfo=UTC))
        gh.add_user("acme", type="Organization")
        gh.add_user("deploy-bot[bot]", type="Bot")
        assert_type(gh.add_token("secret", user="monalisa"), Token)
        gh.add_token("classic", scopes=["repo_deployment"], expires_at=gh.clock.now)
        gh.add_token("app", user="a[bot]", permissions={"deployments": "write"}, repositories=["octocat/example"])
        gh.revoke_token("classic")
        assert_type(gh.tokens, Sequence[Token])
        gh.stub("GET", "/repos/octocat/example/milestones", status=200, json=[{"number": 1}])
        gh.stub("DELETE", "/repos/octocat/example/milestones/1", status=204)

        def respond(request: StubbedRequest) -> object:
            return 201, {**request.query, "body": request.json}

        gh.stub("POST", "/x", json=respond, query={"page": 2}, body={"a": 1}, times=1, required=True)
        gh.reset()
        gh.assert_no_event("deployment_status", state="failure", repository="octocat/example")


def setting_the_scene(gh: FakeGitHub) -> None:
    """Use each method of a repository."""
    repo = gh.add_repository("octocat/example", default_branch="develop", private=True)
    assert_type(repo.add_branch("old", behind=2), str)
    assert_type(repo.add_branch("older", from_ref="old", behind=3), str)
    assert_type(repo.add_commit("old", message="Fix", files={"app.py": "text"}), str)
    assert_type(repo.add_commit("old", author={"name": "M", "email": "m@x.invalid"}, date=gh.clock.now), str)
    assert_type(repo.add_tag("v1", "old"), str)
    repo.protect_branch("release/*", required_contexts=["ci"], required_approvals=1)
    assert_type(repo.branches, list[Branch])
    assert_type(repo.tags[0].sha, str)
    assert_type(repo.commits("old")[0].author.login, str | None)
    assert_type(repo.commit_statuses("old"), list[CommitStatus])
    assert_type(repo.check_runs(), list[CheckRun])
    assert_type(repo.add_ref("refs/notes/x", "v1"), str)
    assert_type(repo.sha("v1"), str)
    repo.add_merge_conflict("old")
    repo.add_merge_conflict("old", "older")
    repo.add_collaborator("hubot", "admin")
    repo.rename("octocat/new-name")
    assert_type(repo.add_commit_status("v1", state="success", description=None, target_url="https://x").context, str)
    assert_type(repo.add_check_run("v1", name="lint", status="in_progress", conclusion=None).name, str)
    assert_type(repo.add_check_run("v1", name="lint", conclusion="skipped").id, int)
    repo.add_check_run("v1", name="lint", output={"title": "a", "summary": "b"}, details_url="https://ci/1", app="ci")
    repo.add_check_run("v1", name="lint", external_id="7", started_at=datetime.now(UTC), completed_at=datetime.now(UTC))
    key = repo.add_deploy_key("server", "ssh-ed25519 AAAA", read_only=True)
    assert_type(key, DeployKey)
    assert_type(repo.deploy_keys, list[DeployKey])
    assert_type(key.read_only, bool)
    assert_type(key.added_by, str | None)
    assert_type(key.last_used, datetime | None)
    names: list[str] = [repo.full_name, repo.name, repo.default_branch, repo.owner.login]
    assert_type(repo.private, bool)
    assert_type(repo.id, int)
    assert names


def deploying(repo: Repository) -> None:
    """Use each member of a deployment."""
    deployment = repo.add_deployment(
        ref="main",
        environment="qa",
        task="migrate",
        payload={"version": [1, 2]},
        description="text",
        transient_environment=True,
        production_environment=False,
        auto_merge=True,
        required_contexts=["ci"],
        creator="octocat",
    )
    assert_type(deployment, Deployment)
    repo.add_deployment(ref="main", payload="text", required_contexts=None)
    assert_type(repo.deployments, list[Deployment])
    assert_type(deployment.id, int)
    assert_type(deployment.environment, str)
    assert_type(deployment.original_environment, str)
    assert_type(deployment.sha, str)
    assert_type(deployment.description, str | None)
    assert_type(deployment.payload, dict[str, Any] | str)
    assert_type(deployment.creator.login, str)
    assert_type(deployment.created_at, datetime)
    assert_type(deployment.updated_at, datetime)
    status = deployment.add_status("success", description="done", log_url="https://x", auto_inactive=False)
    assert_type(status.environment, str)
    assert_type(deployment.statuses[0].created_at, datetime)
    if deployment.state is not None:
        assert deployment.state in ("success", "failure")


def seeding(gh: FakeGitHub, folder: Path) -> None:
    """Pass a seed in each form."""
    gh.seed("seed.yaml")
    gh.seed(folder / "seed.toml")
    gh.seed({"repositories": ["octocat/example", {"full_name": "octocat/other", "branches": ["topic"]}]})


def proposing(repo: Repository) -> None:
    """Use each member of a pull request."""
    opened = repo.add_pull_request("topic", base="main", title="T", body="B", draft=True, user="mona", labels=["a"])
    assert_type(opened, PullRequest)
    assert_type(repo.pull_requests, list[PullRequest])
    assert_type(opened.head, PullRequestBranch)
    assert_type(opened.mergeable, bool | None)
    assert_type(opened.merged_at, datetime | None)
    assert_type(opened.merge(method="squash", user="mona"), str)
    opened.close()
    opened.reopen()
    pull_request = repo.pull_request(1)
    review = pull_request.add_review("APPROVED", user="mona", body="Fine")
    assert_type(review, Review)
    assert_type(pull_request.reviews, list[Review])
    assert_type(pull_request.requested_teams, tuple[Team, ...])


def protecting(gh: FakeGitHub, repo: Repository) -> None:
    """Use each member of an environment."""
    team = gh.add_team("acme", "Release", members=["mona"])
    environment = repo.add_environment(
        "production",
        wait_timer=30,
        prevent_self_review=True,
        reviewers=["octocat", gh.add_user("mona"), team],
        deployment_branch_policy={"protected_branches": False, "custom_branch_policies": True},
        can_admins_bypass=False,
    )
    assert_type(environment, Environment)
    assert_type(repo.environments, list[Environment])
    assert_type(environment.id, int)
    assert_type(environment.name, str)
    assert_type(environment.html_url, str)
    assert_type(environment.created_at, datetime)
    assert_type(environment.can_admins_bypass, bool)
    assert_type(environment.protection_rules, list[dict[str, Any]])
    assert_type(environment.deployment_branch_policy, dict[str, bool] | None)
    assert_type(environment.add_deployment_branch_policy("v*", type="tag").id, int)
    assert_type(environment.deployment_branch_policies[0].name, str)
    app = gh.add_app("gate", owner="acme", id=7, permissions={"deployments": "write"}, events=["push"])
    assert_type(app, App)
    assert_type(environment.enable_protection_rule(app).id, int)
    assert_type(app.permissions, Mapping[str, str])
    assert_type(app.events, tuple[str, ...])
    installation = app.install("acme", repositories=["acme/site"], permissions={"deployments": "read"})
    assert_type(installation, Installation)
    assert_type(app.installations, list[Installation])
    assert_type(installation.account.login, str)
    assert_type(installation.repositories, list[str] | None)
    assert_type(installation.token(permissions={"deployments": "read"}), str)
    assert_type(installation.user_token("mona"), str)
    gh.add_token("of-a-user", user="mona", app="gate")
    token = gh.add_token("of-an-app", user="gate[bot]", permissions={})
    if token.app:
        environment.enable_protection_rule(token.app)
    assert_type(environment.custom_deployment_protection_rules[0].id, int)


def third_party(gh: FakeGitHub) -> None:
    """Use each member of a deployer and of a conversation."""
    deployer = gh.deployer(environment="qa", repository="octocat/example", after_seconds=1.5, login="mona")
    assert_type(deployer, Deployer)
    gh.deployer(
        None,
        steps=["queued", Step("in_progress", after_polls=2, log_url="https://x"), Step("success", after_seconds=3)],
        fails_on=lambda deployment: deployment.ref == "broken",
        fails_with=Step("error", description="No"),
        by_webhook=True,
    )
    assert_type(deployer.deployments, list[Deployment])
    assert_type(deployer.posted[0].creator.login, str)
    assert_type(deployer.environment, str | None)
    assert_type(deployer.login, str)
    assert_type(gh.conversation.text(), str)
    assert_type(gh.conversation.diagram(), str)
    assert_type(gh.conversation.mermaid(), str)


def receiving(gh: FakeGitHub) -> None:
    """Use each member of webhooks and deliveries."""
    got: list[Delivery] = []
    assert_type(gh.webhooks, Webhooks)
    hook = gh.webhooks.subscribe(got.append, events=["deployment"], secret="s", content_type="form")  # noqa: S106
    assert_type(hook, Hook)
    assert_type(gh.webhooks.subscribe("http://localhost:8000/", repository="a/b", allow_any_host=False).id, int)
    assert_type(hook.url, str | None)
    assert_type(hook.config, dict[str, Any])
    assert_type(hook.events, list[str])
    assert_type(hook.deliveries, list[Delivery])
    assert_type(gh.webhooks.hooks, list[Hook])
    gh.webhooks.timeout_seconds = 0.5
    gh.webhooks.hold()
    first, second = gh.webhooks.held
    gh.webhooks.release(second, first)
    first.deliver()
    second.drop()
    assert_type(gh.webhooks.redeliver(first), Delivery)
    assert_type(gh.assert_delivery("deployment", state="failed", status_code=500), Delivery)
    fields: tuple[str, str, str | None, bytes, int, str] = (
        first.event,
        first.delivery_id,
        first.action,
        first.body,
        first.status_code,
        first.reason,
    )
    assert fields
    headers: Mapping[str, str] = first.headers
    assert headers
    assert_type(first.payload["deployment"], Any)
    assert_type(first.delivered_at, datetime | None)
    assert_type(first.exception, BaseException | None)
    gh.webhooks.release()
    gh.webhooks.unsubscribe(hook)


def looking_back(gh: FakeGitHub) -> None:
    """Use recorded requests and events."""
    assert_type(gh.requests, Requests)
    everything: Sequence[Exchange] = gh.requests
    assert everything
    assert_type(gh.requests[1:].filter("GET", path="/repos/*/*", status=200), Requests)
    assert_type(gh.assert_request("POST", "/repos/octocat/example/deployments", status=201, ref="main"), Exchange)
    gh.assert_no_request("DELETE", "/repos/octocat/example/deployments/*")
    assert_type(gh.requests[0].json(), Any)
    assert_type(gh.requests[0].response_json(), Any)
    assert_type(gh.repositories, list[Repository])
    for item in gh.requests:
        fields: tuple[str, str, str, int, str] = (item.method, item.url, item.path, item.status, item.hint)
        bodies: tuple[bytes, bytes] = (item.request_body, item.response_body)
        headers: tuple[Mapping[str, str], Mapping[str, str]] = (item.request_headers, item.response_headers)
        assert fields
        assert bodies
        assert headers
    assert_type(gh.events, Events)
    assert_type(gh.events[0], Event)
    assert_type(gh.events[1:], list[Event])
    assert_type(gh.events.named("push"), list[Event])
    assert_type(gh.events[-1].action, str | None)
    assert_type(gh.events[-1].delivery_id, str)
    assert_type(gh.events[-1].repository, str)
    assert_type(gh.assert_events(["push", ("deployment", {"ref": "main"})], exactly=False), list[Event])
    assert_type(gh.wait_for_event("push", timeout=1, ref="refs/heads/main"), Event)
    gh.events.clear()


def in_trouble(gh: FakeGitHub) -> None:
    """Use faults and rate limits."""
    fault = gh.faults.add(method="POST", path="/repos/*/*/deployments", error="lost_answer", times=2, required=False)
    assert_type(fault, Fault)
    assert_type((fault.used, fault.times, fault.path), tuple[int, int, str | None])
    gh.faults.add(status=503, retry_after=1, headers={"Via": "a proxy"}, after=1)
    assert_type([one.used for one in gh.faults], list[int])
    assert_type(gh.faults, Faults)
    gh.faults.clear()
    assert_type(gh.rate_limits, RateLimits)
    gh.rate_limits.set(3, limit=10, user=None, status=429)
    gh.rate_limits.set(remaining=3)
    gh.rate_limits.set_secondary(points_per_minute=10, retry_after=False)


async def waiting(gh: FakeGitHub) -> None:
    """Wait in an asyncio task."""
    assert_type(await gh.async_wait_for_event("deployment", environment="qa"), Event)


def answers_with(application: WSGIApplication) -> None:
    """Accept any WSGI application."""


def for_other_processes(ghdeploy_server: LiveServer, gh: FakeGitHub) -> None:
    """Use a live server."""
    assert_type((ghdeploy_server.url, ghdeploy_server.api_url, ghdeploy_server.port), tuple[str, str, int])
    assert_type(ghdeploy_server.env, dict[str, str])
    assert_type(ghdeploy_server(tls=True).ca_file, str)
    with gh.serve(8000, tls=True) as server:
        assert_type(server, LiveServer)
    server.close()
    run = ghdeploy_server.run_action(
        Path("action"), inputs={"dry-run": True, "ref": "main"}, event=gh.events[-1], steps=("main", "post"), timeout=5
    )
    assert_type(run, ActionRun)
    assert_type((run.exit_status, run.outputs, run.state), tuple[int, dict[str, str], dict[str, str]])
    assert_type((run.summary, run.log, run.annotations), tuple[str, str, list[dict[str, str]]])
    ghdeploy_server.run_action("action", event={"ref": "refs/heads/main"}, event_name="push", env={"A": "1"})
    answers_with(gh.app)


def refused() -> None:
    """Catch each exception class."""
    assert_type(Assumptions().payload_limit, int)
    assert_type(Assumptions(branch_policy_redirect="policy").branch_policy_redirect, Literal["list", "policy"])
    try:
        FakeGitHub(base_url="nonsense")
    except UnsupportedRequest as problem:
        assert_type(problem, UnsupportedRequest)
    except (FakeError, SchemaViolation):
        pass
