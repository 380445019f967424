"""Check suites over HTTP: `checks/get-suite`, `checks/list-for-suite` and `checks/list-suites-for-ref`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

REPO = "/repos/octocat/example"
FIELDS = [
    *("id", "node_id", "head_branch", "head_sha", "status", "conclusion", "url", "before", "after", "pull_requests"),
    *("app", "created_at", "updated_at", "rerequestable", "runs_rerequestable", "latest_check_runs_count"),
    *("check_runs_url", "head_commit", "repository"),
]


def test_a_suite_sums_up_its_latest_runs(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A run that a newer one has replaced does not count."""
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    repo.add_commit("main", message="Fix", author={"name": "Mona", "email": "mona@example.com"})
    repo.add_check_run("main", name="build", conclusion="failure")
    ghdeploy.clock.tick(60)
    run = repo.add_check_run("main", name="build")
    repo.add_check_run("main", name="lint")
    suite = http.get(f"{REPO}/check-suites/{run.check_suite.id}").json()
    assert list(suite) == FIELDS
    assert (suite["status"], suite["conclusion"], suite["latest_check_runs_count"]) == ("completed", "success", 2)
    assert (suite["head_sha"], suite["head_branch"]) == (repo.sha("main"), "main")
    assert (suite["created_at"], suite["updated_at"]) == ("2026-03-10T12:00:00Z", "2026-03-10T12:01:00Z")
    assert suite["url"].endswith(f"/check-suites/{run.check_suite.id}")
    assert suite["head_commit"] | {"tree_id": ""} == {
        "id": repo.sha("main"),
        "tree_id": "",
        "message": "Fix",
        "timestamp": "2026-03-10T12:00:00Z",
        "author": {"name": "Mona", "email": "mona@example.com"},
        "committer": suite["head_commit"]["committer"],
    }
    assert suite["head_commit"]["committer"]["name"] == "octocat"
    assert suite["repository"]["full_name"] == "octocat/example"
    assert ghdeploy.events[-1].payload["check_run"]["check_suite"] | suite == suite


def test_a_suite_follows_its_runs(http: requests.Session, repo: Repository) -> None:
    """It is in progress until all are completed."""
    run = repo.add_check_run("main", name="build", status="in_progress")
    path = f"{REPO}/check-suites/{run.check_suite.id}"
    assert (http.get(path).json()["status"], http.get(path).json()["conclusion"]) == ("in_progress", None)
    http.patch(f"{REPO}/check-runs/{run.id}", json={"conclusion": "failure"})
    assert (http.get(path).json()["status"], http.get(path).json()["conclusion"]) == ("completed", "failure")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["lint", "build 2"]),
        ("?filter=latest", ["lint", "build 2"]),
        ("?filter=all", ["lint", "build 2", "build 1"]),
        ("?check_name=build", ["build 2"]),
        ("?status=queued", ["lint"]),
        ("?check_name=lint&status=completed", []),
    ],
)
def test_the_runs_of_a_suite(http: requests.Session, repo: Repository, query: str, expected: list[str]) -> None:
    """Newest first, with the filters of the list for a commit."""
    first = repo.add_check_run("main", name="build", external_id="build 1")
    repo.add_check_run("main", name="build", external_id="build 2")
    repo.add_check_run("main", name="lint", status="queued", external_id="lint")
    repo.add_check_run("main", name="build", check_suite="nightly", external_id="nightly")
    reply = http.get(f"{REPO}/check-suites/{first.check_suite.id}/check-runs{query}").json()
    assert list(reply) == ["total_count", "check_runs"]
    assert [run["external_id"] for run in reply["check_runs"]] == expected
    assert reply["total_count"] == len(expected)


def test_the_suites_of_a_commit(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Newest first; they can be filtered by app and by the name of a run."""
    app = ghdeploy.add_app("window")
    ours = repo.add_check_run("main", name="build").check_suite
    theirs = repo.add_check_run("main", name="window", app=app).check_suite
    repo.add_commit("main")
    repo.add_check_run("main", name="build")
    path = f"{REPO}/commits/{ours.sha}/check-suites"

    def listed(query: str = "") -> list[int]:
        reply = http.get(f"{path}{query}").json()
        assert reply["total_count"] == len(reply["check_suites"])
        return [suite["id"] for suite in reply["check_suites"]]

    assert listed() == [theirs.id, ours.id]
    assert listed(f"?app_id={app.id}") == [theirs.id]
    assert listed("?check_name=build") == [ours.id]
    assert listed("?app_id=x&check_name=") == [theirs.id, ours.id]
    assert http.get(f"{REPO}/commits/main/check-suites").json()["total_count"] == 1
    reply = http.get(f"{REPO}/commits/nope/check-suites")
    assert (reply.status_code, reply.json()["message"]) == (422, "No commit found for SHA: nope")


def test_an_unknown_suite_is_not_found(http: requests.Session, ghdeploy: FakeGitHub, repo: Repository) -> None:
    """So is that of another repository. The hint lists the existing ones with their apps."""
    other = ghdeploy.add_repository("octocat/other").add_check_run("main", name="build").check_suite
    suite = repo.add_check_run("main", name="build").check_suite
    for tail in ("", "/check-runs"):
        reply = http.get(f"{REPO}/check-suites/{other.id}{tail}")
        assert (reply.status_code, reply.json()["message"]) == (404, "Not Found")
        assert reply.headers["X-GHDeploy-Hint"].endswith(f"known: {suite.id} (github-actions)")
