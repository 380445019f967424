"""
Clients in other languages, unmodified, as subprocesses: they reach the fake through the live server.

`make clients` fetches them; where one is not there its tests are skipped, or fail: see `fetched`.
"""

from __future__ import annotations

import glob
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import fetched
import pytest
from fetched import DEBIAN, NODE
from outside import run

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ghdeploy import FakeGitHub, LiveServer

pytestmark = pytest.mark.slow


@pytest.fixture(params=[False, True], ids=["http", "https"])
def server(request: pytest.FixtureRequest, ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> LiveServer:
    """Serve a repository, with a token of its owner."""
    ghdeploy.add_repository("octocat/example").add_branch("topic")
    ghdeploy.add_token("a-token-for-subprocesses")
    return ghdeploy_server(tls=True) if request.param else ghdeploy_server


# JavaScript


def node(script: str, server: LiveServer, tmp_path: Path, package: str, **env: str) -> list[object]:
    """Run a module that prints one line of JSON per result."""
    fetched.from_npm(package)
    code, printed, problem = run(
        ["node", "--input-type=module", "--eval", script], {**server.env, **env}, tmp_path, NODE
    )
    assert code == 0, problem
    return [json.loads(line) for line in printed.splitlines()]


OCTOKIT = """
import { Octokit } from "@octokit/rest";
const say = (value) => console.log(JSON.stringify(value));
const octokit = new Octokit({ auth: process.env.GITHUB_TOKEN, baseUrl: process.env.GITHUB_API_URL });
const repository = { owner: "octocat", repo: "example" };
const { repos } = octokit.rest;

const made = await repos.createDeployment({ ...repository, ref: "topic", environment: "staging", payload: { a: 1 } });
say([made.status, made.data.url, made.data.payload, made.headers.location]);
const deployment_id = made.data.id;
const reported = await repos.createDeploymentStatus({
  ...repository, deployment_id, state: "in_progress", log_url: "https://ci.example.com/1",
});
say([reported.status, reported.data.state, reported.data.target_url]);
await repos.createDeploymentStatus({ ...repository, deployment_id, state: "success" });
for (let number = 0; number < 4; number++) {
  await repos.createDeployment({ ...repository, ref: "main", environment: `review/${number}` });
}
const all = await octokit.paginate(repos.listDeployments, { ...repository, per_page: 2 });
say(all.map((one) => one.environment));
const environment = await repos.getEnvironment({ ...repository, environment_name: "review/1" });
say(environment.data.name);
try {
  await repos.createDeployment({ ...repository, ref: "nope" });
} catch (error) {
  say([error.name, error.status, error.message]);
}
say((await repos.get(repository)).data.html_url);
"""


def test_octokit_rest(ghdeploy: FakeGitHub, server: LiveServer, tmp_path: Path) -> None:
    """It creates, reports, follows pages, encodes slashes, and reads a refusal, over HTTP and HTTPS."""
    made, reported, listed, environment, refused, html_url = node(OCTOKIT, server, tmp_path, "@octokit/rest")

    [first] = ghdeploy.repository("octocat/example").deployments[-1:]
    url = f"{server.api_url}/repos/octocat/example/deployments/{first.id}"
    assert made == [201, url, {"a": 1}, url]
    assert reported == [201, "in_progress", "https://ci.example.com/1"]
    assert listed == ["review/3", "review/2", "review/1", "review/0", "staging"]
    assert environment == "review/1"
    assert isinstance(refused, list)
    assert refused[:2] == ["HttpError", 422]
    assert refused[2].startswith("No ref found for: nope")
    assert html_url == f"{server.url}/octocat/example"
    ghdeploy.assert_event("deployment_status", state="success", environment="staging")
    assert all(one.request_headers["User-Agent"].startswith("octokit-rest.js") for one in ghdeploy.requests)


ACTIONS = """
import * as github from "@actions/github";
const say = (value) => console.log(JSON.stringify(value));
const octokit = github.getOctokit(process.env.GITHUB_TOKEN);
const { repo } = github.context;
const made = await octokit.rest.repos.createDeployment({ ...repo, ref: github.context.ref, environment: "staging" });
say([made.status, made.data.ref, made.data.url]);
say([github.context.apiUrl, github.context.serverUrl, github.context.graphqlUrl]);
"""


def test_the_toolkit_of_github_actions(ghdeploy: FakeGitHub, server: LiveServer, tmp_path: Path) -> None:
    """`@actions/github` finds the server by the environment variables of a runner."""
    made, urls = node(
        ACTIONS,
        server,
        tmp_path,
        "@actions/github",
        GITHUB_REPOSITORY="octocat/example",
        GITHUB_REF="refs/heads/topic",
    )
    [deployment] = ghdeploy.repository("octocat/example").deployments
    url = f"{server.api_url}/repos/octocat/example/deployments/{deployment.id}"
    assert made == [201, deployment.ref, url]
    assert urls == [server.api_url, server.url, f"{server.url}/api/graphql"]


# gh


def gh(server: LiveServer, tmp_path: Path, *arguments: str) -> tuple[int, str, str]:
    """Run gh, which requires HTTPS."""
    program = shutil.which("gh") or str(fetched.from_debian("usr/bin/gh", "gh"))
    return run([program, *arguments], server.env, tmp_path)


@pytest.mark.parametrize("server", [True], indirect=True, ids=["https"])
def test_gh(ghdeploy: FakeGitHub, server: LiveServer, tmp_path: Path) -> None:
    """`gh api` creates, follows pages, and shows a refusal; it finds the server by `GH_HOST`."""
    deployments = "repos/octocat/example/deployments"
    urls = []
    for environment in ("staging", "qa"):
        code, url, problem = gh(
            server, tmp_path, "api", deployments, "-f", "ref=topic", "-f", f"environment={environment}", "--jq", ".url"
        )
        assert (code, problem) == (0, "")
        urls.append(url.strip())
    stored = ghdeploy.repository("octocat/example").deployments
    assert urls == [f"{server.api_url}/{deployments}/{one.id}" for one in reversed(stored)]

    pages = gh(server, tmp_path, "api", "--paginate", f"{deployments}?per_page=1", "--jq", ".[].environment")
    assert pages[1].split() == ["qa", "staging"]

    # The classic mistake: -f sends a string, -F a boolean.
    code, _, problem = gh(server, tmp_path, "api", deployments, "-f", "ref=topic", "-f", "auto_merge=false")
    assert (code, '"false" is not a boolean. (HTTP 422)' in problem) == (1, True)
    assert gh(server, tmp_path, "api", deployments, "-f", "ref=topic", "-F", "auto_merge=false")[0] == 0
    assert len(ghdeploy.events.named("deployment")) == 3


# Ruby


RUBY = """
require "octokit"
require "json"
$stdout.sync = true
client = Octokit::Client.new
preview = { accept: "application/vnd.github.ant-man-preview+json" }
made = client.create_deployment("octocat/example", "topic", environment: "staging", required_contexts: [])
puts made.url
puts client.create_deployment_status(made.url, "success", preview).state
puts client.list_deployment_statuses(made.url, preview).map(&:state).to_json
puts client.deployments("octocat/example", environment: "staging").map(&:id).to_json
begin
  client.create_deployment("octocat/example", "nope")
rescue Octokit::UnprocessableEntity => error
  puts error.message.lines.first
end
client.auto_paginate = true
client.per_page = 1
puts client.branches("octocat/example").map(&:name).to_json
"""


def ruby() -> tuple[str, dict[str, str]]:
    """Find Ruby with octokit.rb: the system's, or the unpacked one, which needs its paths."""
    system = shutil.which("ruby")
    if system and not subprocess.run([system, "-e", "require 'octokit'"], capture_output=True, check=False).returncode:  # noqa: S603
        return system, {}
    program = fetched.from_debian("usr/bin/ruby", "octokit.rb")
    patterns = (
        "usr/share/rubygems-integration/*/gems/*/lib",
        "usr/lib/ruby/vendor_ruby",
        "usr/lib/ruby/[0-9]*",
        "usr/lib/*-linux-gnu/ruby/[0-9]*",
        "usr/lib/*-linux-gnu/ruby/vendor_ruby/[0-9]*",
    )
    found = [path for pattern in patterns for path in sorted(glob.glob(str(DEBIAN / pattern)))]  # noqa: PTH207
    libraries = glob.glob(str(DEBIAN / "usr/lib/*-linux-gnu"))  # noqa: PTH207
    return str(program), {"RUBYLIB": ":".join(found), "LD_LIBRARY_PATH": ":".join(libraries), "RUBYOPT": "-W0"}


def test_octokit_rb(ghdeploy: FakeGitHub, server: LiveServer, tmp_path: Path) -> None:
    """octokit.rb finds the server by its own environment variables, follows pages, and reads a refusal."""
    program, env = ruby()
    options = ["--disable-gems"] if env else []
    code, printed, problem = run([program, *options, "-e", RUBY], {**server.env, **env}, tmp_path)
    assert (code, problem) == (0, "")

    [deployment] = ghdeploy.repository("octocat/example").deployments
    url, state, states, ids, refused, branches = printed.splitlines()
    assert url == f"{server.api_url}/repos/octocat/example/deployments/{deployment.id}"
    assert (state, json.loads(states)) == ("success", ["success"])
    assert json.loads(ids) == [deployment.id]
    assert refused.startswith(f"POST {server.api_url}/repos/octocat/example/deployments: 422 - No ref found for: nope")
    assert json.loads(branches) == ["main", "topic"]


# curl


def test_curl(ghdeploy: FakeGitHub, server: LiveServer, tmp_path: Path) -> None:
    """Like a shell script, with a body for which curl first sends `Expect: 100-continue`."""
    program = fetched.program("curl")
    body = json.dumps({"ref": "topic", "payload": {"notes": "a" * 2000}})
    script = (
        f'{program} --silent --show-error --fail --header "Authorization: Bearer $GITHUB_TOKEN" '
        '--header "Expect: 100-continue" --header "Transfer-Encoding: chunked" --data "$BODY" '
        '"$GITHUB_API_URL/repos/octocat/example/deployments"'
    )
    code, printed, problem = run(["/bin/sh", "-c", script], {**server.env, "BODY": body}, tmp_path)
    assert (code, problem) == (0, "")
    assert json.loads(printed)["id"] == ghdeploy.repository("octocat/example").deployments[0].id
