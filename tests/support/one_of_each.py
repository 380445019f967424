"""An object of each public class, for tests that compare the public surface with a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

import pytest_ghdeploy
from pytest_ghdeploy import ActionRun, Step, StubbedRequest

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def one_of_each(ghdeploy: FakeGitHub) -> dict[str, Any]:
    """Create an object of each public class; return them by the name of the class."""
    repository = ghdeploy.add_repository("octocat/example")
    deployment = repository.add_deployment(ref="main")
    hook = ghdeploy.webhooks.subscribe(lambda _: None)
    server = ghdeploy.serve(tls=True, proxy=True)
    requests.get(ghdeploy.base_url, timeout=10)
    environment = repository.add_environment("staging")
    repository.add_tag("v1", "main")
    run = repository.add_check_run("main", name="tests")
    app = ghdeploy.add_app("gate")
    repository.add_branch("topic")
    repository.add_commit("topic")
    ghdeploy.add_user("hubot")
    pull_request = repository.add_pull_request("topic", labels=["preview"])
    return {
        "FakeGitHub": ghdeploy,
        "Repository": repository,
        "Deployment": deployment,
        "DeploymentStatus": deployment.add_status("success"),
        "CommitStatus": repository.add_commit_status("main", state="success"),
        "CheckRun": run,
        "CheckSuite": run.check_suite,
        "DeployKey": repository.add_deploy_key("host", KEY),
        "Environment": environment,
        "Release": repository.add_release("v1"),
        "EnvironmentSecret": environment.add_secret("DEPLOY_KEY"),
        "EnvironmentVariable": environment.add_variable("REGION", "eu"),
        "Deployer": ghdeploy.deployer(),
        "Step": Step("queued"),
        "StubbedRequest": StubbedRequest("GET", "/user", {}, None),
        "Webhooks": ghdeploy.webhooks,
        "Hook": hook,
        "Delivery": hook.deliveries[0],
        "LiveServer": server,
        "ActionRun": ActionRun({}, {}, "", "", 0, [], {}, []),
        "Faults": ghdeploy.faults,
        "Fault": ghdeploy.faults.add(status=500, required=False),
        "RateLimits": ghdeploy.rate_limits,
        "Clock": ghdeploy.clock,
        "Events": ghdeploy.events,
        "Event": ghdeploy.events[0],
        "Exchange": ghdeploy.requests[0],
        "Requests": ghdeploy.requests,
        "Branch": repository.branches[0],
        "Tag": repository.tags[0],
        "Commit": repository.commits()[0],
        "CommitComment": repository.add_commit_comment("main", "Looks good."),
        "IssueComment": pull_request.add_comment("Deploying"),
        "Label": repository.labels[0],
        "Review": pull_request.add_review("APPROVED", user="hubot"),
        "PullRequest": pull_request,
        "PullRequestBranch": pull_request.head,
        "CommitAuthor": repository.commits()[0].author,
        "Conversation": ghdeploy.conversation,
        "Token": ghdeploy.add_token("a-token"),
        "User": ghdeploy.add_user("mona"),
        "App": app,
        "Installation": app.install("octocat"),
        "Team": ghdeploy.add_team("octo-org", "Operations"),
        "FakeError": pytest_ghdeploy.FakeError(""),
        "UnsupportedRequest": pytest_ghdeploy.UnsupportedRequest(""),
        "SchemaViolation": pytest_ghdeploy.SchemaViolation(""),
        "Assumptions": pytest_ghdeploy.Assumptions(),
    }
