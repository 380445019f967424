"""
Programs that always call `https://api.github.com`, unmodified, as subprocesses: they reach the fake through the proxy.

Each gets `proxy_env` and nothing else that names the fake.
"""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import fetched
import pytest
from fetched import NODE
from outside import run

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ghdeploy import FakeGitHub, LiveServer

pytestmark = pytest.mark.slow

REPOSITORY = "https://api.github.com/repos/octocat/example"
DEPLOYMENTS = f"{REPOSITORY}/deployments"
ELSEWHERE = "https://registry.invalid/package"
TOKEN = "a-token-for-subprocesses"  # noqa: S105 - it opens nothing


@pytest.fixture(params=[False, True], ids=["http", "https"])
def proxy(request: pytest.FixtureRequest, ghdeploy: FakeGitHub, ghdeploy_server: LiveServer) -> LiveServer:
    """Serve a repository, with a token of its owner, from a server that speaks HTTP or HTTPS."""
    ghdeploy.add_repository("octocat/example")
    ghdeploy.add_token(TOKEN)
    return ghdeploy_server(proxy=True, tls=request.param)


def check_recorded(ghdeploy: FakeGitHub, proxy: LiveServer, url: str) -> None:
    """Check that *url* is that of the new deployment on GitHub, and that another host was refused."""
    [deployment] = ghdeploy.repository("octocat/example").deployments
    assert url == f"{DEPLOYMENTS}/{deployment.id}"
    assert ghdeploy.assert_request("POST", "/repos/octocat/example/deployments").url == DEPLOYMENTS
    assert proxy.refused_hosts == ["registry.invalid:443"]
    refused = "  !  a tunnel to registry.invalid:443 was refused: this proxy answers for GitHub and connects to no host"
    assert refused in ghdeploy.conversation.text().splitlines()


def test_curl(ghdeploy: FakeGitHub, proxy: LiveServer, tmp_path: Path) -> None:
    """It creates a deployment, follows the redirect from HTTP, and another host is refused."""
    curl = [fetched.program("curl"), "--silent", "--show-error", "-H", f"Authorization: Bearer {TOKEN}"]
    code, made, problem = run([*curl, DEPLOYMENTS, "-d", '{"ref": "main"}'], proxy.proxy_env, tmp_path)
    assert (code, problem) == (0, "")
    redirected = "http://api.github.com/repos/octocat/example"
    code, found, problem = run([*curl, "--location", redirected], proxy.proxy_env, tmp_path)
    assert (code, problem, json.loads(found)["url"]) == (0, "", REPOSITORY)
    code, _, problem = run([*curl, ELSEWHERE], proxy.proxy_env, tmp_path)
    assert code == 56
    assert "403" in problem
    check_recorded(ghdeploy, proxy, json.loads(made)["url"])


WITH_REQUESTS = f"""
import os, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["GITHUB_TOKEN"]
made = session.post("{DEPLOYMENTS}", json={{"ref": "main"}}, timeout=10)
assert [one["id"] for one in session.get("{DEPLOYMENTS}", timeout=10).json()] == [made.json()["id"]]
try:
    requests.get("{ELSEWHERE}", timeout=10)
except requests.exceptions.ProxyError as problem:
    assert "403" in str(problem), problem
    print(made.json()["url"])
"""
WITH_URLLIB = f"""
import json, os, urllib.error, urllib.request
headers = {{"Authorization": "Bearer " + os.environ["GITHUB_TOKEN"]}}
request = urllib.request.Request("{DEPLOYMENTS}", b'{{"ref": "main"}}', headers)
with urllib.request.urlopen(request, timeout=10) as answer:
    made = json.load(answer)
try:
    urllib.request.urlopen("{ELSEWHERE}", timeout=10)
except urllib.error.URLError as problem:
    assert "403" in str(problem), problem
    print(made["url"])
"""
WITH_HTTPX = f"""
import os, httpx
with httpx.Client(headers={{"Authorization": "Bearer " + os.environ["GITHUB_TOKEN"]}}) as client:
    made = client.post("{DEPLOYMENTS}", json={{"ref": "main"}})
    try:
        client.get("{ELSEWHERE}")
    except httpx.ProxyError as problem:
        assert "403" in str(problem), problem
        print(made.json()["url"])
"""


@pytest.mark.parametrize(
    "script", [WITH_REQUESTS, WITH_URLLIB, WITH_HTTPX], ids=["requests", "urllib.request", "httpx"]
)
def test_python(ghdeploy: FakeGitHub, proxy: LiveServer, tmp_path: Path, script: str) -> None:
    """A script in another process, without the plugin."""
    code, printed, problem = run([sys.executable, "-c", script], proxy.proxy_env, tmp_path)
    assert code == 0, problem
    check_recorded(ghdeploy, proxy, printed.strip())


WITH_UNDICI = f"""
import {{ EnvHttpProxyAgent, fetch, setGlobalDispatcher }} from "undici";
setGlobalDispatcher(new EnvHttpProxyAgent());
const headers = {{ authorization: `Bearer ${{process.env.GITHUB_TOKEN}}` }};
const made = await fetch("{DEPLOYMENTS}", {{ method: "POST", headers, body: JSON.stringify({{ ref: "main" }}) }});
const refused = await fetch("{ELSEWHERE}").catch(String);
console.log(JSON.stringify([(await made.json()).url, refused]));
"""
WITH_OCTOKIT = f"""
import {{ Octokit }} from "@octokit/rest";
import {{ EnvHttpProxyAgent, fetch as undiciFetch }} from "undici";
const dispatcher = new EnvHttpProxyAgent();
const fetch = (url, options) => undiciFetch(url, {{ ...options, dispatcher }});
const octokit = new Octokit({{ auth: process.env.GITHUB_TOKEN, request: {{ fetch }} }});
const made = await octokit.rest.repos.createDeployment({{ owner: "octocat", repo: "example", ref: "main" }});
const refused = await fetch("{ELSEWHERE}").catch(String);
console.log(JSON.stringify([made.data.url, refused]));
"""


@pytest.mark.parametrize(
    ("script", "packages"),
    [(WITH_UNDICI, ["undici"]), (WITH_OCTOKIT, ["undici", "@octokit/rest"])],
    ids=["undici", "octokit"],
)
def test_node(ghdeploy: FakeGitHub, proxy: LiveServer, tmp_path: Path, script: str, packages: list[str]) -> None:
    """With undici's agent that reads the variables, alone and below Octokit."""
    for package in packages:
        fetched.from_npm(package)
    code, printed, problem = run(["node", "--input-type=module", "--eval", script], proxy.proxy_env, tmp_path, NODE)
    assert code == 0, problem
    url, refused = json.loads(printed)
    assert refused == "TypeError: fetch failed"
    check_recorded(ghdeploy, proxy, url)


def test_gh(ghdeploy: FakeGitHub, proxy: LiveServer, tmp_path: Path) -> None:
    """`gh api` calls github.com as usual, through the proxy, with the token."""
    program = shutil.which("gh") or str(fetched.from_debian("usr/bin/gh", "gh"))
    arguments = ["api", "repos/octocat/example/deployments", "-f", "ref=main", "--jq", ".url"]
    code, url, problem = run([program, *arguments], proxy.proxy_env, tmp_path)
    assert (code, problem) == (0, "")
    assert run([program, "api", ELSEWHERE], proxy.proxy_env, tmp_path)[0] == 1
    check_recorded(ghdeploy, proxy, url.strip())


def test_an_enterprise_server_by_its_own_name(ghdeploy_factory: object, tmp_path: Path) -> None:
    """`gh api` and curl reach the fake of a GHES host, whose name nobody could look up."""
    assert callable(ghdeploy_factory)
    fake: FakeGitHub = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    fake.add_repository("octocat/example")
    program = shutil.which("gh") or str(fetched.from_debian("usr/bin/gh", "gh"))
    with fake.serve(proxy=True) as server:
        url = "https://ghe.example.com/api/v3/repos/octocat/example"
        for command in ([program, "api", "repos/octocat/example"], [fetched.program("curl"), "--silent", url]):
            code, printed, problem = run(command, server.proxy_env, tmp_path)
            assert (code, problem, json.loads(printed)["url"]) == (0, "", url)
