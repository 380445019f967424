"""The conversation as text, with any content, on any terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
import requests
from client import API

from pytest_ghdeploy.report import lines, transcript
from pytest_ghdeploy.report.entries import Said

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository

HEADERS = {"Authorization": "token a-token-for-tests"}


def _lines_of(ghdeploy: FakeGitHub) -> list[str]:
    return [line.strip() for line in ghdeploy.conversation_text().splitlines()]


@pytest.mark.parametrize(
    ("errors", "details"),
    [
        (None, ""),
        (5, ""),
        ([], ""),
        (["text"], " [text]"),
        ([{"contexts": ["x"]}], ""),
        ([{"contexts": None, "message": "why"}], " [why]"),
        ([{"contexts": [{"context": "ci", "state": "failure"}, {"context": "lint", "state": "success"}]}],
         " [ci: failure] [lint: success]"),
        ([{"field": "ref", "code": "missing"}], " [missing]"),
    ],
)  # fmt: skip
def test_a_refusal_of_any_shape_can_be_shown(ghdeploy: FakeGitHub, errors: object, details: str) -> None:
    """A stub may respond with something that GitHub never would; the report still works."""
    ghdeploy.stub("GET", "/repos/octocat/example/milestones", status=422, json={"message": "No", "errors": errors})
    requests.get(f"{API}/repos/octocat/example/milestones", headers=HEADERS, timeout=5)
    assert _lines_of(ghdeploy)[1:] == [
        f'422 Unprocessable Entity "No"{details}',
        "hint: response of the stub for GET /repos/octocat/example/milestones",
    ]


def test_a_client_cannot_send_commands_to_the_terminal(ghdeploy: FakeGitHub) -> None:
    """Control characters are shown as escapes."""
    ghdeploy.add_repository("octocat/example")
    url = f"{API}/repos/octocat/example/deployments"
    requests.post(url, data=b"\x1b[31mRED\x00", headers=HEADERS, timeout=5)
    text = ghdeploy.conversation_text()
    assert "\\x1b[31mRED\\x00" in text
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize("path", ["tarball", "zipball", "contents/data.bin"])
def test_a_binary_response_is_shown_by_its_size(ghdeploy: FakeGitHub, repo: Repository, path: str) -> None:
    """An archive in a terminal would be noise."""
    repo.add_commit("main", files={"data.bin": b"\0\x01\xff"})
    raw = HEADERS | {"Accept": "application/vnd.github.raw"}
    got = requests.get(f"{API}/repos/{repo.full_name}/{path}", headers=raw, timeout=5)
    assert _lines_of(ghdeploy)[-1] == f"200 OK {len(got.content)} bytes"
    assert [type(exchange.status) for exchange in ghdeploy.requests] == [int] * len(ghdeploy.requests)


def test_a_pull_request_is_shown_with_its_number(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """In events and responses, since people call pull requests by their numbers."""
    repo.add_branch("topic")
    repo.add_commit("topic")
    pull = repo.add_pull_request("topic")
    requests.get(f"{API}/repos/octocat/example/pulls/1", timeout=10)
    text = ghdeploy.conversation_text()
    assert f"event pull_request.opened: id {pull.id}, number 1, state open (octocat/example)" in text
    assert f"200 OK id {pull.id}, number 1, state open" in text


def test_a_long_conversation_shows_the_beginning_and_the_end(ghdeploy: FakeGitHub) -> None:
    """The rest is counted."""
    repo = ghdeploy.add_repository("octocat/example")
    for number in range(150):
        repo.add_deployment(ref="main", environment=f"env-{number}")
    lines = _lines_of(ghdeploy)
    assert len(lines) == 101
    assert "environment env-9," in lines[9]
    assert lines[10] == "… 50 more requests and events …"
    assert "environment env-60," in lines[11]
    assert "environment env-149," in lines[-1]


def test_a_long_conversation_shows_all_failures(ghdeploy: FakeGitHub) -> None:
    """Refusals with their hints, failed deliveries and problems are shown; of many, the latest. The rest is counted."""
    repo = ghdeploy.add_repository("octocat/example")
    hook = ghdeploy.webhooks.subscribe(lambda _: 500, events=["status"])
    many(repo, 60)
    requests.post(f"{API}/repos/octocat/example/deployments", json={"ref": "mian"}, headers=HEADERS, timeout=5)
    many(repo, 1)
    repo.add_commit_status("main", state="success")
    hook.delete()
    ghdeploy._engine.fail(ValueError("a problem"))
    ghdeploy._engine.take_problem()
    ghdeploy._engine.transcript.entries.append(Said("", "somebody", "something", refused=True))
    ghdeploy._engine.pause(5)
    many(repo, 150)
    lines = _lines_of(ghdeploy)
    wrong = [
        "… 52 more requests and events …",
        '1. POST /repos/octocat/example/deployments {"ref": "mian"}',
        '422 Unprocessable Entity "No ref found for: mian"',
        "hint: octocat/example has no branch, tag or commit 'mian'; known: main",
        "… 2 more requests and events …",
        "!  --> status to <lambda>: failed: the receiver answered 500 Internal Server Error",
        "!  ValueError: a problem",
        "GitHub to somebody: something",
        "… 61 more requests and events …",
    ]
    assert lines[10 : 10 + len(wrong)] == wrong
    assert len(lines) == 10 + len(wrong) + 90
    for picture in (ghdeploy.conversation.diagram(), ghdeploy.conversation.mermaid()):
        assert picture.count("mian") == 3
        assert "a problem" in picture
        assert "the receiver answered 500" in picture
        assert "the client waits" not in picture


def test_of_many_refusals_the_latest_are_shown(ghdeploy: FakeGitHub) -> None:
    """The report stays readable."""
    for number in range(300):
        requests.get(f"{API}/repos/octocat/example/deployments/{number}", headers=HEADERS, timeout=5)
    lines = [line for line in _lines_of(ghdeploy) if "GET" in line or "…" in line]
    assert [line.partition(".")[0] for line in (lines[9], lines[11], lines[60], lines[61], lines[-1])] == [
        "10", "161", "210", "211", "300",
    ]  # fmt: skip
    assert lines[10] == "… 150 more requests and events …"
    assert len(lines) == 151


def test_what_is_left_out_of_a_long_conversation_costs_nothing(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events and responses are only formatted if they are shown."""
    many(ghdeploy.add_repository("octocat/example"), 300)
    spy = Mock(wraps=lines.event_line)
    monkeypatch.setattr(transcript, "event_line", spy)
    ghdeploy.conversation.mermaid()
    assert [call.args[0] for call in spy.call_args_list] == [*ghdeploy.events[:10], *ghdeploy.events[-90:]]


def many(repo: Repository, count: int) -> None:
    """Dispatch many events."""
    for number in range(count):
        repo.add_deployment(ref="main", environment=f"env-{number}")


@pytest.mark.parametrize(
    ("path", "shown", "total"),
    [
        ("deployments", "30 of 36, page 1 of 2", 36),
        ("deployments?page=2", "6 of 36, page 2 of 2", 36),
        ("deployments?page=3", "0 of 36, page 3 of 2", 36),
        ("deployments?per_page=5&page=2", "5 of 36, page 2 of 8", 36),
        ("deployments?per_page=100", "36 items", 36),
        ("deployments?environment=nope", "0 items", 0),
        ("branches", "1 item", 1),
        ("commits/main/check-runs", "total_count 31, 30 of 31, page 1 of 2", 31),
        ("commits/main/check-runs?per_page=100", "total_count 31", 31),
        ("", None, None),
    ],
)
def test_a_list_says_which_page_it_is(ghdeploy: FakeGitHub, path: str, shown: str | None, total: int | None) -> None:
    """A tool that reads only the first page of many can be recognised."""
    repo = ghdeploy.add_repository("octocat/example")
    for number in range(36):
        repo.add_deployment("main", environment=f"env-{number}")
    for number in range(31):
        repo.add_check_run("main", name=f"run-{number}")
    requests.get(f"{API}/repos/octocat/example/{path}".rstrip("/"), headers=HEADERS, timeout=5)
    assert ghdeploy.requests[0].total_count == total
    if shown is not None:
        assert _lines_of(ghdeploy)[-1] == f"200 OK {shown}"


def test_an_accepted_deployment_has_a_hint_in_the_conversation(ghdeploy: FakeGitHub) -> None:
    """A tool that reads the id of a 202 fails later, so the report says that there is none."""
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_branch("old", behind=1)
    url = f"{API}/repos/octocat/example/deployments"
    requests.post(url, json={"ref": "old"}, headers=HEADERS, timeout=5)
    assert _lines_of(ghdeploy)[2] == (
        "hint: no deployment was created, so the response has no id: main was merged into old; "
        "send the request again to deploy it"
    )
