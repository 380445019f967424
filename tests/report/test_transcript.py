"""The conversation as text, with any content, on any terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
import requests
from client import API

from pytest_ghdeploy.report import lines, transcript
from pytest_ghdeploy.report.transcript import Said

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub, Repository

HEADERS = {"Authorization": "token a-token-for-tests"}


def _told(ghdeploy: FakeGitHub) -> list[str]:
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
    ghdeploy.stub("GET", "/repos/octocat/example/pulls", status=422, json={"message": "No", "errors": errors})
    requests.get(f"{API}/repos/octocat/example/pulls", headers=HEADERS, timeout=5)
    assert _told(ghdeploy)[1:] == [
        f'422 Unprocessable Entity "No"{details}',
        "hint: response of the stub for GET /repos/octocat/example/pulls",
    ]


def test_a_client_cannot_send_commands_to_the_terminal(ghdeploy: FakeGitHub) -> None:
    """Control characters are shown as escapes."""
    ghdeploy.add_repository("octocat/example")
    url = f"{API}/repos/octocat/example/deployments"
    requests.post(url, data=b"\x1b[31mRED\x00", headers=HEADERS, timeout=5)
    text = ghdeploy.conversation_text()
    assert "\\x1b[31mRED\\x00" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_a_long_conversation_shows_the_beginning_and_the_end(ghdeploy: FakeGitHub) -> None:
    """The rest is counted."""
    repo = ghdeploy.add_repository("octocat/example")
    for number in range(150):
        repo.add_deployment(ref="main", environment=f"env-{number}")
    told = _told(ghdeploy)
    assert len(told) == 101
    assert "environment env-9," in told[9]
    assert told[10] == "… 50 more requests and events …"
    assert "environment env-60," in told[11]
    assert "environment env-149," in told[-1]


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
    told = _told(ghdeploy)
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
    assert told[10 : 10 + len(wrong)] == wrong
    assert len(told) == 10 + len(wrong) + 90
    for picture in (ghdeploy.conversation.diagram(), ghdeploy.conversation.mermaid(), ghdeploy._engine.report_text()):
        assert picture.count("mian") == 3
        assert "a problem" in picture
        assert "the receiver answered 500" in picture
        assert "the client waits" not in picture


def test_of_many_refusals_the_latest_are_shown(ghdeploy: FakeGitHub) -> None:
    """The report stays readable."""
    for number in range(300):
        requests.get(f"{API}/repos/octocat/example/deployments/{number}", headers=HEADERS, timeout=5)
    told = [line for line in _told(ghdeploy) if "GET" in line or "…" in line]
    assert [line.partition(".")[0] for line in (told[9], told[11], told[60], told[61], told[-1])] == [
        "10", "161", "210", "211", "300",
    ]  # fmt: skip
    assert told[10] == "… 150 more requests and events …"
    assert len(told) == 151


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
