"""A failing test's report shows the test, its code and its client, but no frame of this package."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
import requests
import urllib3

from pytest_ghdeploy import FakeGitHub

FRAME = re.compile(r"(?:pytest_ghdeploy|responses)[/\\][\w/\\]+\.py:\d+")

# Each way a test can see an exception of the fake, or of a client with a simulated failure.
CALLERS = """
import asyncio
import urllib.request

import aiohttp
import httpx
import pytest
import requests
import urllib3

API = "https://api.github.com"
MILESTONES = f"{API}/repos/octocat/example/milestones"

@pytest.fixture
def repository(ghdeploy):
    return ghdeploy.add_repository("octocat/example")

@pytest.fixture
def broken(ghdeploy):
    return ghdeploy.repository("octocat/exmaple")

def test_fake(ghdeploy):
    ghdeploy.add_repository("nobody")

def test_handle(repository):
    repository.add_branch("topic", from_ref="mian")

def test_parts_of_the_fake(ghdeploy):
    ghdeploy.webhooks.subscribe("https://example.invalid/")

def test_constructor(ghdeploy_factory):
    ghdeploy_factory(base_url="api.github.com")

def test_assertion(ghdeploy):
    ghdeploy.assert_event("deployment")

def test_waiting(ghdeploy):
    ghdeploy.wait_for_event("deployment", timeout=0.01)

def test_requests(ghdeploy):
    requests.get(MILESTONES)

def test_httpx(ghdeploy):
    httpx.get(MILESTONES)

def test_asynchronous_httpx(ghdeploy):
    async def ask():
        async with httpx.AsyncClient() as client:
            await client.get(MILESTONES)
    asyncio.run(ask())

def test_aiohttp(ghdeploy):
    async def ask():
        async with aiohttp.ClientSession() as session:
            await session.get(MILESTONES)
    asyncio.run(ask())

def test_urllib(ghdeploy):
    urllib.request.urlopen(MILESTONES)

def test_urllib3(ghdeploy):
    urllib3.PoolManager().request("GET", MILESTONES)

@pytest.mark.parametrize("error", ["connection", "reset", "timeout"])
@pytest.mark.parametrize("get", [requests.get, httpx.get, urllib.request.urlopen])
def test_fault(ghdeploy, get, error):
    ghdeploy.faults.add(error=error)
    get(API)

def test_a_fault_that_the_tool_wraps(ghdeploy):
    ghdeploy.faults.add(error="reset")
    try:
        requests.get(API)
    except OSError as problem:
        raise ValueError("the tool's own") from problem

def test_retries_that_run_out(ghdeploy):
    ghdeploy.faults.add(status=502, times=2)
    with requests.Session() as session:
        adapter = requests.adapters.HTTPAdapter(max_retries=urllib3.Retry(1, status_forcelist=[502]))
        session.mount("https://", adapter)
        session.get(API)

def test_unused_fault(ghdeploy):
    ghdeploy.faults.add(status=500)

def test_swallowed_request(ghdeploy):
    with pytest.raises(Exception):
        requests.get(MILESTONES)

@pytest.mark.ghdeploy(short_sha=True)
def test_marker(ghdeploy):
    pass

@pytest.mark.ghdeploy(seed={"repositories": ["nobody"]})
def test_seed(ghdeploy):
    pass

def test_fixture_of_its_own(broken):
    pass

def test_receiver(ghdeploy, repository):
    def receive(delivery):
        assert delivery.event == "push"
    ghdeploy.webhooks.subscribe(receive, events=["deployment"])
    repository.add_deployment(ref="main")

def test_receiver_that_makes_a_mistake(ghdeploy, repository):
    def receive(delivery):
        repository.add_tag("v1", "mian")
    ghdeploy.webhooks.subscribe(receive, events=["deployment"])
    repository.add_deployment(ref="main")
    assert ghdeploy.webhooks.deliveries[0].exception is None, "a receiver's error is recorded with the delivery"
"""


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    # pytester unloads modules that a run imported, even if modules of ours still use them.
    with FakeGitHub() as fake:
        repository = fake.add_repository("octocat/example")
        fake.webhooks.subscribe(lambda _: None)
        repository.add_deployment(ref="main")
        requests.get(fake.base_url, timeout=10)
        httpx.get(fake.base_url)
        urllib3.PoolManager().request("GET", fake.base_url)


def run(pytester: pytest.Pytester, source: str, *options: str) -> Any:  # noqa: ANN401 - a RunResult
    """Run a test file in this process."""
    return pytester.runpytest_inprocess("-p", "no:randomly", *options, pytester.makepyfile(source))


def test_a_report_shows_no_frame_of_ours(pytester: pytest.Pytester) -> None:
    """Whatever calls the fake, the traceback ends in the test's code or in its client."""
    result = run(pytester, CALLERS)
    outcomes = result.parseoutcomes()
    assert outcomes == {"failed": CALLERS.count("def test_") + 8 - 3, "errors": 3}
    frames = [line for line in result.outlines if FRAME.search(line)]
    assert frames == []


def test_a_users_own_responses_are_shown_with_their_frames(pytester: pytest.Pytester) -> None:
    """Only frames through which a fake has answered are hidden."""
    source = """
    import requests, responses

    def test_before(ghdeploy):
        ghdeploy.faults.add(error="reset")
        requests.get("https://api.github.com")

    @responses.activate
    def test_it(ghdeploy):
        requests.get("https://status.example.com/")
    """
    result = run(pytester, source)
    result.assert_outcomes(failed=2)
    frames = [line for line in result.outlines if FRAME.search(line)]
    assert frames
    assert all("responses" in line for line in frames)
    assert frames[-1].endswith(": ConnectionError")


def test_a_full_trace_shows_all_frames(pytester: pytest.Pytester) -> None:
    """`--full-trace` hides nothing, and `--tb=native` is Python's own traceback."""
    source = 'def test_it(ghdeploy):\n    ghdeploy.add_repository("nobody")\n'
    assert FRAME.search(run(pytester, source, "--full-trace").stdout.str())
    assert ", in add_repository" in run(pytester, source, "--tb=native").stdout.str()


def test_a_bug_in_the_fake_is_shown_with_its_frames(pytester: pytest.Pytester) -> None:
    """The traceback of an unexpected exception in the fake shows where it was raised."""
    source = """
    def test_it(ghdeploy):
        ghdeploy._engine.store = None
        ghdeploy.add_user("mona")
    """
    result = run(pytester, source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*pytest_ghdeploy?*.py:*: AttributeError"])


def test_a_summary_names_an_exception_as_it_is_imported(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The summary shows `pytest_ghdeploy.FakeError` and the message, not the defining module."""
    monkeypatch.setenv("COLUMNS", "200")
    source = """
    import requests

    def test_mistake(ghdeploy):
        ghdeploy.repository("octocat/example")

    def test_request(ghdeploy):
        requests.get("https://uploads.github.com/")
    """
    run(pytester, source).stdout.fnmatch_lines(
        [
            "FAILED *::test_mistake - pytest_ghdeploy.FakeError: unknown repository 'octocat/example'*",
            "FAILED *::test_request - pytest_ghdeploy.UnsupportedRequest: a request to uploads.github.com*",
        ]
    )
