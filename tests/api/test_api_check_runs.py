"""Check runs: seeded from Python, seen in events and in what they block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example/deployments"


def _contexts(http: requests.Session, ref: str = "main") -> list[tuple[str, str]]:
    """Ask for a deployment that cannot be, and read from the refusal what was checked."""
    reply = http.post(PATH, json={"ref": ref, "auto_merge": False})
    assert reply.status_code == 409, reply.text
    (error,) = reply.json()["errors"]
    return [(context["context"], context["state"]) for context in error["contexts"]]


def test_a_newer_run_replaces_an_older_one_of_its_name(http: requests.Session, repo: Repository) -> None:
    """In one suite the latest run of a name counts, once."""
    repo.add_check_run("main", name="build", conclusion="success")
    repo.add_check_run("main", name="build", status="in_progress")
    assert _contexts(http) == [("build", "pending")]


def test_runs_of_a_name_in_two_suites_both_count(http: requests.Session, repo: Repository) -> None:
    """Two workflows may have a job of the same name: both are listed, and either blocks."""
    repo.add_check_run("main", name="main", check_suite="a", conclusion="success")
    repo.add_check_run("main", name="main", check_suite="b", conclusion="failure")
    assert sorted(_contexts(http)) == [("main", "failure"), ("main", "success")]
    repo.add_check_run("main", name="main", check_suite="b", conclusion="success")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


def test_a_check_run_and_a_commit_status_of_one_name_both_count(http: requests.Session, repo: Repository) -> None:
    """A commit status does not replace a check run, nor the other way round."""
    repo.add_check_run("main", name="ci", conclusion="success")
    repo.add_commit_status("main", state="failure", context="ci")
    assert _contexts(http) == [("ci", "failure"), ("ci", "success")]


def test_check_runs_come_after_commit_statuses_and_oldest_first(http: requests.Session, repo: Repository) -> None:
    """The order of the contexts is that of the first reports, statuses before check runs."""
    repo.add_check_run("main", name="b", conclusion="failure")
    repo.add_check_run("main", name="a")
    repo.add_commit_status("main", state="success", context="z")
    assert _contexts(http) == [("z", "success"), ("b", "failure"), ("a", "success")]


def test_a_check_run_belongs_to_its_commit(http: requests.Session, repo: Repository) -> None:
    """A run on one commit says nothing of the next."""
    repo.add_check_run("main", name="build", conclusion="failure")
    repo.add_commit("main")
    assert http.post(PATH, json={"ref": "main"}).status_code == 201


@pytest.mark.parametrize(
    ("status", "conclusion", "actions"),
    [
        ("queued", None, ["created"]),
        ("in_progress", None, ["created"]),
        ("completed", "success", ["created", "completed"]),
        ("completed", "failure", ["created", "completed"]),
    ],
)
def test_a_check_run_dispatches_its_events(
    repo: Repository,
    ghdeploy: FakeGitHub,
    status: Any,  # noqa: ANN401 - a status
    conclusion: Any,  # noqa: ANN401 - a conclusion
    actions: list[str],
) -> None:
    """Each run is created, and a completed one completed, with its suite and app."""
    run = repo.add_check_run("main", name="build", status=status, conclusion=conclusion)
    assert [(event.name, event.action) for event in ghdeploy.events] == [("check_run", action) for action in actions]
    told = ghdeploy.events[-1].payload["check_run"]
    assert (told["id"], told["name"], told["status"], told["conclusion"]) == (run.id, "build", status, conclusion)
    assert (told["head_sha"], told["check_suite"]["head_sha"]) == (repo.sha("main"), repo.sha("main"))
    assert told["app"]["slug"] == "github-actions"
    assert (told["completed_at"] is None) is (status != "completed")


def test_an_unfinished_check_run_has_no_conclusion(repo: Repository) -> None:
    """The default conclusion is for completed runs only."""
    assert repo.add_check_run("main", name="build", status="in_progress").conclusion is None
    assert repo.add_check_run("main", name="build").conclusion == "success"


def test_runs_of_a_commit_share_a_suite(repo: Repository, ghdeploy: FakeGitHub) -> None:
    """One workflow's runs on one commit are one suite; another workflow or another commit is another one."""
    suites = [
        repo.add_check_run("main", name="a").check_suite.id,
        repo.add_check_run("main", name="b").check_suite.id,
        repo.add_check_run("main", name="a", check_suite="other").check_suite.id,
    ]
    repo.add_commit("main")
    suites.append(repo.add_check_run("main", name="a").check_suite.id)
    assert suites[0] == suites[1]
    assert len(set(suites)) == 3
    assert len({event.payload["check_run"]["check_suite"]["id"] for event in ghdeploy.events}) == 3
