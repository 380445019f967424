"""How a conversation is told: whatever was said, and on whatever terminal it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

API = "https://api.github.com"
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
def test_a_refusal_of_any_shape_can_be_told(ghdeploy: FakeGitHub, errors: object, details: str) -> None:
    """A stub may answer what GitHub never would; the report is none the worse for it."""
    ghdeploy.stub("GET", "/repos/octocat/example/pulls", status=422, json={"message": "No", "errors": errors})
    requests.get(f"{API}/repos/octocat/example/pulls", headers=HEADERS, timeout=5)
    assert _told(ghdeploy)[1:] == [
        f'422 Unprocessable Entity "No"{details}',
        "hint: this is the stub for GET /repos/octocat/example/pulls",
    ]


def test_what_a_client_sends_does_not_steer_the_terminal(ghdeploy: FakeGitHub) -> None:
    """Control characters are shown as escapes."""
    ghdeploy.add_repository("octocat/example")
    url = f"{API}/repos/octocat/example/deployments"
    requests.post(url, data=b"\x1b[31mRED\x00", headers=HEADERS, timeout=5)
    text = ghdeploy.conversation_text()
    assert "\\x1b[31mRED\\x00" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_of_a_long_conversation_the_beginning_and_the_end_are_told(ghdeploy: FakeGitHub) -> None:
    """What is left out in the middle is counted."""
    repo = ghdeploy.add_repository("octocat/example")
    for number in range(150):
        repo.add_deployment(ref="main", environment=f"env-{number}")
    told = _told(ghdeploy)
    assert len(told) == 101
    assert "environment env-9," in told[9]
    assert told[10] == "… 50 more requests and events …"
    assert "environment env-60," in told[11]
    assert "environment env-149," in told[-1]
