"""
A probot app, unmodified: a signed webhook in; an installation token, a comment and a deployment status out.

`make clients` fetches probot; where it is not there the tests are skipped, or fail: see `fetched`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import fetched
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_ghdeploy import App, FakeGitHub, LiveServer, Repository

pytestmark = pytest.mark.slow

SECRET = "s3cret-of-the-hook"  # noqa: S105 - it protects nothing
PERMISSIONS = {"deployments": "write", "issues": "write", "pull_requests": "read"}
APP = """
import { run } from "probot";

await run((app) => {
  app.on("deployment.created", async (context) => {
    const { rest } = context.octokit;
    const { id: deployment_id, sha: commit_sha, environment } = context.payload.deployment;
    const report = (state) => rest.repos.createDeploymentStatus(context.repo({ deployment_id, state }));
    await report("in_progress");
    const { data: pulls } = await rest.repos.listPullRequestsAssociatedWithCommit(context.repo({ commit_sha }));
    for (const { number: issue_number } of pulls) {
      await rest.issues.createComment(context.repo({ issue_number, body: `Deployed to ${environment}` }));
    }
    await report("success");
  });
});
"""


class Probot(NamedTuple):
    """A running app, with the URL of its webhooks."""

    app: App
    url: str


@pytest.fixture
def probot(ghdeploy: FakeGitHub, ghdeploy_server: LiveServer, repo: Repository, tmp_path: Path) -> Iterator[Probot]:
    """Run an app that reports on deployments, and is installed on the owner of the repository."""
    modules = fetched.from_npm("probot").parent
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "app.mjs").write_text(APP, "utf-8")
    app = ghdeploy.add_app("reporter", permissions=PERMISSIONS)
    app.install(repo.full_name.partition("/")[0])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "APP_ID": str(app.id),
        "PRIVATE_KEY": app.private_key,
        "WEBHOOK_SECRET": SECRET,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "GHE_HOST": ghdeploy_server.url.removeprefix("http://"),
        "GHE_PROTOCOL": "http",
    }
    log = tmp_path / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - the app above
            [fetched.program("node"), "app.mjs"], cwd=tmp_path, env=env, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            end = time.monotonic() + 60
            while "Listening on" not in log.read_text("utf-8"):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < end
                time.sleep(0.05)
            yield Probot(app, f"http://127.0.0.1:{port}/api/github/webhooks")
        finally:
            process.kill()


def test_the_closed_loop_of_an_app(ghdeploy: FakeGitHub, repo: Repository, probot: Probot) -> None:
    """It checks the signature, signs a JWT, exchanges it for a token, comments and reports, all as its bot."""
    hook = ghdeploy.webhooks.subscribe(probot.url, events=["deployment"], secret=SECRET, app="reporter")
    repo.add_branch("topic")
    repo.add_commit("topic")
    pull = repo.add_pull_request("topic")

    deployment = repo.add_deployment(ref="topic", environment="qa")

    assert [(delivery.event, delivery.status_code) for delivery in hook.deliveries] == [
        ("deployment", 200),
        ("ping", 200),
    ]
    [comment] = pull.comments
    assert (comment.body, comment.user.login) == ("Deployed to qa", "reporter[bot]")
    assert [(status.state, status.creator.login) for status in deployment.statuses] == [
        ("success", "reporter[bot]"),
        ("in_progress", "reporter[bot]"),
    ]
    [installation] = probot.app.installations
    root = "/repos/octocat/example"
    assert [(request.method, request.path, request.status) for request in ghdeploy.requests] == [
        ("POST", f"/app/installations/{installation.id}/access_tokens", 201),
        ("POST", f"{root}/deployments/{deployment.id}/statuses", 201),
        ("GET", f"{root}/commits/{deployment.sha}/pulls", 200),
        ("POST", f"{root}/issues/{pull.number}/comments", 201),
        ("POST", f"{root}/deployments/{deployment.id}/statuses", 201),
    ]


def test_an_app_refuses_a_forged_webhook(ghdeploy: FakeGitHub, repo: Repository, probot: Probot) -> None:
    """A delivery that was signed with another secret fails, and the app does nothing."""
    hook = ghdeploy.webhooks.subscribe(probot.url, events=["deployment"], secret="another", app="reporter")  # noqa: S106

    repo.add_deployment(ref="main")

    assert (hook.deliveries[0].state, hook.deliveries[0].status_code) == ("failed", 400)
    assert not ghdeploy.requests


def test_a_suspended_app_receives_nothing(ghdeploy: FakeGitHub, repo: Repository, probot: Probot) -> None:
    """GitHub sends it no events until the installation is unsuspended."""
    [installation] = probot.app.installations
    hook = ghdeploy.webhooks.subscribe(probot.url, events=["deployment"], secret=SECRET, app="reporter")
    installation.suspend()
    deployment = repo.add_deployment(ref="main", environment="qa")
    assert [delivery.event for delivery in hook.deliveries] == ["installation", "ping"]
    assert deployment.statuses == []

    installation.unsuspend()
    deployment = repo.add_deployment(ref="main", environment="staging")
    assert hook.deliveries[0].event == "deployment"
    assert deployment.state == "success"
