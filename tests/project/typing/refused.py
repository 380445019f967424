"""
Mistakes that a type checker must report.

Each wrong line has a ``type: ignore`` comment with the kind of error. The check
warns about unused comments, so an accepted mistake shows. The file is checked,
not run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy import FakeGitHub

if TYPE_CHECKING:
    from pytest_ghdeploy import Deployment, Event, Repository


def wrong_fake(gh: FakeGitHub) -> None:
    """Misuse a fake."""
    FakeGitHub(validate="everything")  # type: ignore[arg-type]
    FakeGitHub(base_url=7)  # type: ignore[arg-type]
    FakeGitHub(short_shas="yes")  # type: ignore[arg-type]
    FakeGitHub(short_sha=True)  # type: ignore[call-arg]
    gh.add_repository("octocat", "example")  # type: ignore[call-arg]
    gh.add_user("hubot", type="Robot")  # type: ignore[arg-type]
    gh.stub("GET")  # type: ignore[call-arg]
    gh.assert_event()  # type: ignore[call-arg]
    gh.clock.now = datetime.now(UTC)  # type: ignore[misc]
    gh.clock.move_to("2030-01-01")  # type: ignore[arg-type]
    gh.events = []  # type: ignore[misc, assignment]
    gh.requests.clear()  # type: ignore[attr-defined]
    gh.add_repo("octocat/example")  # type: ignore[attr-defined]
    gh.seed(["seed.yaml"])  # type: ignore[arg-type]
    gh.deployer(steps=["done"])  # type: ignore[list-item]
    gh.deployer(fails_with="done")  # type: ignore[arg-type]


def wrong_repository(repo: Repository) -> None:
    """Misuse a repository."""
    repo.private = True  # type: ignore[misc]
    repo.add_branch("topic", "main")  # type: ignore[call-arg]
    repo.add_branch("topic", behind="2")  # type: ignore[arg-type]
    repo.add_commit("main", files={"a": 7})  # type: ignore[dict-item]
    repo.add_commit_status("main", state="sucess")  # type: ignore[arg-type]
    repo.add_commit_status("main")  # type: ignore[call-arg]
    repo.add_check_run("main", name="lint", conclusion="failed")  # type: ignore[arg-type]
    repo.add_collaborator("hubot", "write")  # type: ignore[arg-type]
    repo.add_deployment("main", "qa")  # type: ignore[call-arg]
    repo.add_commit("main", author=7)  # type: ignore[arg-type]
    repo.add_deployment(ref="main", enviroment="qa")  # type: ignore[call-arg]
    repo.add_deployment(ref="main", payload=[1])  # type: ignore[arg-type]


def wrong_deployment(deployment: Deployment, event: Event) -> None:
    """Misuse a deployment and an event."""
    deployment.add_status("done")  # type: ignore[arg-type]
    deployment.add_status(state="waiting")  # type: ignore[arg-type]
    deployment.enviroment  # type: ignore[attr-defined]  # noqa: B018
    deployment.id = 7  # type: ignore[misc]
    deployment.environment = "qa"  # type: ignore[misc]
    deployment.statuses[0].state = "success"  # type: ignore[misc]
    event.payload = {}  # type: ignore[misc]


def wrong_faults(gh: FakeGitHub) -> None:
    """Misuse faults and rate limits."""
    gh.faults.add("POST", "/user", status=500)  # type: ignore[call-arg]
    gh.faults.add(error="tiemout")  # type: ignore[arg-type]
    gh.faults.add(status="500")  # type: ignore[arg-type]
    gh.rate_limits.set("3")  # type: ignore[arg-type]
    gh.rate_limits.set_secondary(900)  # type: ignore[call-arg]
