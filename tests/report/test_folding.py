"""Reports of failed tests leave out repetitions and what the test itself has set up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
import requests
from client import API

from pytest_ghdeploy.report import folding, transcript
from pytest_ghdeploy.report.lines import exchange_lines

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository

EXAMPLE = f"{API}/repos/octocat/example"
HEADERS = {"Authorization": "token a-token-for-tests"}


def get(path: str = "") -> requests.Response:
    """Send a GET below the repository."""
    return requests.get(f"{EXAMPLE}{path}", headers=HEADERS, timeout=5)


def deploy(ref: str = "main") -> requests.Response:
    """Send a POST for a deployment."""
    return requests.post(f"{EXAMPLE}/deployments", json={"ref": ref}, headers=HEADERS, timeout=5)


def report(ghdeploy: FakeGitHub) -> list[str]:
    """Return the lines of the report, without hints and the fields of events."""
    lines = ghdeploy._engine.report_text().splitlines()
    return [re.sub(r"^event ([\w.]+): .*", r"event \1", line.strip()) for line in lines if "hint: " not in line]


# Repetitions


@pytest.mark.usefixtures("repo")
def test_an_equal_refusal_is_shown_once_and_counted(ghdeploy: FakeGitHub) -> None:
    """With its hint. Another refusal is shown."""
    for ref in (*["mian"] * 51, "mina", "mina"):
        deploy(ref)
    text = ghdeploy._engine.report_text()
    assert text.count("hint: ") == 2
    assert report(ghdeploy) == [
        '1. POST /repos/octocat/example/deployments {"ref": "mian"}',
        '422 Unprocessable Entity "No ref found for: mian"',
        "… 50 more times, with the same response",
        '52. POST /repos/octocat/example/deployments {"ref": "mina"}',
        '422 Unprocessable Entity "No ref found for: mina"',
        "… 1 more time, with the same response",
    ]


def test_alternating_polls_are_counted_together(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A tool may ask for two things in turn, and wait in between."""
    repo.add_branch("topic")
    for _ in range(20):
        get("/branches/main")
        get("/branches/topic")
        ghdeploy._engine.pause(5)
    get("/tags")
    assert report(ghdeploy) == [
        "1. GET /repos/octocat/example/branches/main",
        "200 OK name main",
        "2. GET /repos/octocat/example/branches/topic",
        "200 OK name topic",
        "!  the client waits 5 s: ghdeploy.clock has moved on",
        "… the last 2 requests 19 more times, with the same responses",
        "41. GET /repos/octocat/example/tags",
        "200 OK 0 items",
    ]


@pytest.mark.usefixtures("repo")
def test_polls_with_waits_are_counted(ghdeploy: FakeGitHub) -> None:
    """The last poll has no wait after it, and is shown."""
    for _ in range(3):
        get("/tags")
        ghdeploy._engine.pause(5)
    get("/tags")
    assert report(ghdeploy) == [
        "1. GET /repos/octocat/example/tags",
        "200 OK 0 items",
        "!  the client waits 5 s: ghdeploy.clock has moved on",
        "… 2 more times, with the same response",
        "4. GET /repos/octocat/example/tags",
        "200 OK 0 items",
    ]


def test_equal_problems_are_counted(ghdeploy: FakeGitHub) -> None:
    """A tool that swallows errors may meet the same one many times."""
    for _ in range(30):
        ghdeploy._engine.fail(ValueError("a problem"))
    ghdeploy._engine.take_problem()
    assert report(ghdeploy) == ["!  ValueError: a problem", "… 29 more times"]


def test_what_differs_is_shown(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Another client, another response, and an event between two equal requests."""
    get("/tags")
    requests.get(f"{EXAMPLE}/tags", headers=HEADERS | {"User-Agent": "another"}, timeout=5)
    repo.add_tag("v1", "main")
    get("/tags")
    repo.add_deployment("main")
    get("/tags")
    shown = [line for line in ghdeploy._engine.report_text().splitlines() if "GET" in line]
    assert [re.findall(r"\d+\. GET", line)[0] for line in shown] == ["1. GET", "2. GET", "3. GET", "4. GET"]


@pytest.mark.usefixtures("repo")
def test_a_test_can_see_all_of_them(ghdeploy: FakeGitHub) -> None:
    """`conversation.text()` has a line for each request."""
    for _ in range(20):
        get("/tags")
    assert ghdeploy.conversation.text().count("GET") == 20


@pytest.mark.usefixtures("repo")
def test_each_entry_is_compared_a_fixed_number_of_times(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the requests are repeated, a report of four times as many takes four times as long."""
    compared = 0
    are_equal = folding._are_equal

    def counting(before: folding.Numbered, after: folding.Numbered) -> bool:
        nonlocal compared
        compared += 1
        return are_equal(before, after)

    monkeypatch.setattr(folding, "_are_equal", counting)
    paths = ["/tags", "/tags", "/branches", "/tags", "/tags", "/branches", "/keys", "/tags", "/branches"]
    for number in range(180):
        get(paths[number % len(paths)])
    ghdeploy._engine.report_text()
    assert compared < 180 * 8


# What the test has set up


def test_many_events_of_the_test_itself_are_counted(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The first two and the last two are shown. Those of requests are shown too."""
    for _ in range(18):
        repo.add_deployment("main").add_status("success")
    for _ in range(7):
        deploy()
    made = "event deployment.created"
    status = "event deployment_status.created"
    lines = [
        line for line in report(ghdeploy) if not line.startswith(("201", "1.", "2.", "3.", "4.", "5.", "6.", "7."))
    ]
    assert lines == [
        made,
        status,
        "… 32 more events that the test itself has caused: 16 deployment, 16 deployment_status",
        made,
        status,
        *[made] * 7,
    ]
    assert ghdeploy.conversation.text().count("event ") == 43


def test_events_of_the_test_between_requests_are_counted(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The event that a request has caused is not counted with those that follow it."""
    deploy()
    for _ in range(9):
        repo.add_commit_status("main", state="success")
    deploy()
    assert report(ghdeploy)[2:] == [
        "event deployment.created",
        *["event status"] * 2,
        "… 5 more events that the test itself has caused: 5 status",
        *["event status"] * 2,
        '2. POST /repos/octocat/example/deployments {"ref": "main"}',
        "201 Created id 4442074278, environment production, ref main, sha 734ea46",
        "event deployment.created",
    ]


def test_a_few_events_of_the_test_are_shown(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A note would be no shorter than two events."""
    for _ in range(6):
        repo.add_deployment("main")
    assert report(ghdeploy) == ["event deployment.created"] * 6


def test_events_of_a_third_party_are_shown(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """What a deployer reports is no set-up, even if the test has started it."""
    ghdeploy.deployer(steps=["queued", "in_progress", "success"] * 3)
    deployment = repo.add_deployment("main")
    for _ in range(9):
        get(f"/deployments/{deployment.id}/statuses")
    text = ghdeploy._engine.report_text()
    assert text.count("event deployment_status") == 9
    assert "that the test itself" not in text


# The limit


def different(ghdeploy: FakeGitHub, count: int, refused: int = 0) -> None:
    """Send requests that cannot be counted together, each of which adds two lines; *refused* ones add three."""
    ghdeploy.add_repository("octocat/example")
    for number in range(count):
        get(f"/tags?page={number}")
        if number < refused:
            get(f"/branches/{number}")


@pytest.mark.parametrize("most", [3, 5, 10, 40, 61, 100, 199, 200, 201, 280, 500])
@pytest.mark.parametrize("refused", [0, 3, 40])
@pytest.mark.parametrize("is_drawn", [False, True])
def test_a_report_has_at_most_so_many_lines(ghdeploy: FakeGitHub, most: int, refused: int, *, is_drawn: bool) -> None:
    """Text and diagram, whatever is shown, and every request is shown or counted."""
    if is_drawn:
        ghdeploy.deployer()
        ghdeploy.add_repository("octocat/other").add_deployment("main")
    different(ghdeploy, 100, refused)
    ghdeploy.stub("GET", "/repos/octocat/example/tag", json=[])
    lines = ghdeploy._engine.report_text(most).splitlines()
    assert len(lines) <= most
    entries = 100 + refused + 3 * is_drawn
    shown = sum(bool(re.search(r"\d+\. GET|event |deployment status ", line)) for line in lines)
    left_out = sum(int(found[1]) for line in lines if (found := re.search(r"… (\d+) more requests and events", line)))
    assert shown + left_out == entries
    assert sum("ghdeploy_report_lines" in line for line in lines) == (left_out > 0)


def test_a_short_limit_shows_the_beginning_the_latest_refusals_and_the_end(ghdeploy: FakeGitHub) -> None:
    """A tenth, six tenths, and what is left."""
    different(ghdeploy, 100, refused=10)
    lines = ghdeploy._engine.report_text(40).splitlines()
    numbers = [int(found[1]) for line in lines if (found := re.match(r" *(\d+)\. GET", line))]
    assert numbers == [1, 16, 18, 20, *range(99, 111)]
    assert [line.strip() for line in lines if "more requests" in line] == [
        "… 14 more requests and events (ghdeploy_report_lines shows more) …",
        "… 1 more requests and events …",
        "… 1 more requests and events …",
        "… 78 more requests and events …",
    ]


def test_without_failures_the_end_is_longer(ghdeploy: FakeGitHub) -> None:
    """The limit is used up."""
    different(ghdeploy, 100)
    lines = ghdeploy._engine.report_text(41).splitlines()
    assert len(lines) == 41
    assert lines[4] == "     … 80 more requests and events (ghdeploy_report_lines shows more) …"


def test_only_what_may_be_shown_is_written(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing an entry costs much more than counting it."""
    different(ghdeploy, 400)
    spy = Mock(wraps=exchange_lines)
    monkeypatch.setattr(transcript, "exchange_lines", spy)
    ghdeploy._engine.report_text(40)
    assert spy.call_count < 50
