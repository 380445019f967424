"""
A small model of deployments, deployment statuses, environments and refs, for tests that compare a fake with it.

It is written for the tests alone, and shares no code with the fake.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_ghdeploy import FakeGitHub

OUTCOMES = {
    "git": (422, "GitRPC::BadObjectState"),
    "invalid request": (422, "Invalid request."),
    "no ref": (422, "No ref found for: "),
    "merge conflict": (409, "Conflict merging main into "),
    "failed contexts": (409, "Conflict: Commit status checks failed for "),
    "validation failed": (422, "Validation Failed"),
    "active": (422, "We cannot delete an active deployment "),
    "no commit": (422, "No commit found for SHA: "),
    "not found": (404, "Not Found"),
}
"""The refusals: their status, and how their message begins."""


@dataclass
class Ref:
    """A branch or tag: how far it is behind main, and whether it conflicts with it."""

    name: str
    is_branch: bool
    behind: int = 0
    clashes: bool = False


@dataclass
class Deployed:
    """A deployment. Its statuses are in the order in which they were added."""

    id: int
    repository: str
    environment: str
    transient: bool
    production: bool
    statuses: list[str] = field(default_factory=list)

    @property
    def where(self) -> tuple[str, str]:
        """Its repository and environment, whose case does not matter."""
        return self.repository, self.environment.lower()

    @property
    def active(self) -> bool:
        """Whether its latest status is success."""
        return self.statuses[-1:] == ["success"]


class Model:
    """Repositories with one branch ``main`` each, and what happens to them."""

    def __init__(self, *repositories: str) -> None:
        """Start with the full names of *repositories*."""
        self.refs = {name: {"main": Ref("main", is_branch=True)} for name in repositories}
        self.deployments: dict[int, Deployed] = {}
        self.environments: dict[str, list[str]] = {name: [] for name in repositories}
        self.reports: dict[str, dict[str, str]] = {}
        self.events: list[tuple[str, str]] = []
        """The repository and the name of each event."""

    # Git

    def add_ref(self, repository: str, ref: Ref) -> None:
        """Add a branch or a tag."""
        self.refs[repository][ref.name] = ref

    def main_grows(self, repository: str) -> None:
        """Commit to main, which puts all others one further behind."""
        for ref in self.refs[repository].values():
            ref.behind += ref.name != "main"

    def clash(self, repository: str, ref: Ref) -> None:
        """Make a branch conflict with main, which gets a commit only if it has no change to conflict with."""
        if not ref.behind:
            self.main_grows(repository)
        ref.clashes = True

    # Commit statuses

    def report_on_a_commit(self, repository: str, sha: str, context: str, state: str) -> None:
        """Add a commit status."""
        self.reports.setdefault(sha, {})[context] = state
        self.events.append((repository, "status"))

    # Deployments

    def refusal_of(self, ref: Ref | None, sha: str, body: dict[str, Any], *, by_sha: bool) -> str | None:
        """Predict the response to a new deployment: the refusal, ``merge``, or ``None`` for a deployment."""
        if not isinstance(body["task"], str):
            return "invalid request"
        if ref is None:
            return "no ref"
        if body["auto_merge"] and ref.behind:
            return "merge" if ref.is_branch and not by_sha and not ref.clashes else "merge conflict"
        reports = self.reports.get(sha, {})
        required = body.get("required_contexts", list(reports))
        if any(reports.get(context) != "success" for context in required):
            return "failed contexts"
        return "validation failed" if len(body["environment"]) > 255 else None

    def merge(self, repository: str, ref: Ref) -> None:
        """Merge main into a branch instead of deploying it."""
        ref.behind = 0
        self.events.append((repository, "push"))

    def deploy(self, number: int, repository: str, body: dict[str, Any]) -> Deployed:
        """Add a deployment with the id *number*."""
        created = Deployed(
            number,
            repository,
            body["environment"],
            body.get("transient_environment", False),
            body.get("production_environment", body["environment"] == "production"),
        )
        self.deployments[number] = created
        self.add_environment(repository, created.environment)
        self.events.append((repository, "deployment"))
        return created

    def add_environment(self, repository: str, name: str) -> None:
        """Add an environment, unless there is one whose name differs in case only."""
        known = self.environments[repository]
        if name.lower() not in [other.lower() for other in known]:
            known.append(name)

    def set_status(
        self, deployment: Deployed, state: str, environment: str | None = None, *, auto_inactive: bool | None = None
    ) -> list[Deployed]:
        """Add a deployment status, and return the deployments that it retires."""
        deployment.statuses.append(state)
        if environment:
            deployment.environment = environment
            self.add_environment(deployment.repository, environment)
        if state != "inactive":
            self.events.append((deployment.repository, "deployment_status"))
        if state != "success" or auto_inactive is False:
            return []
        retired = [
            other
            for other in self.deployments.values()
            if other.active
            and other.id < deployment.id
            and other.where == deployment.where
            and not other.transient
            and not other.production
        ]
        for other in retired:
            other.statuses.append("inactive")
        return retired

    def refusal_of_deletion(self, deployment: Deployed) -> str | None:
        """Predict the response to the deletion of a deployment."""
        alone = [other.where for other in self.deployments.values()].count(deployment.where) == 1
        return "active" if deployment.active and not alone else None

    def delete(self, deployment: Deployed) -> None:
        """Delete a deployment with its statuses."""
        del self.deployments[deployment.id]

    # Comparison

    def state(self, repository: str) -> dict[str, Any]:
        """Return what ``state_of`` returns for a fake that agrees with the model."""
        deployments = [row for row in self.deployments.values() if row.repository == repository]
        return {
            "deployments": [
                (row.id, row.environment, row.transient, row.production, row.statuses)
                for row in sorted(deployments, key=lambda row: row.id)
            ],
            "environments": self.environments[repository],
            "refs": {name: ref.behind for name, ref in self.refs[repository].items()},
            "events": [name for where, name in self.events if where == repository],
        }


def state_of(fake: FakeGitHub, repository: str) -> dict[str, Any]:
    """Read the state of a repository, to be compared with ``Model.state``. Lists are in the order of creation."""
    handle = fake.repository(repository)
    graph = handle._graph
    main = graph.branches["main"]
    refs = {**graph.branches, **graph.tags}
    return {
        "deployments": [
            (
                row.id,
                row.environment,
                row.transient_environment,
                row.production_environment,
                [status.state for status in row.statuses][::-1],
            )
            for row in handle.deployments[::-1]
        ],
        "environments": [environment.name for environment in handle.environments][::-1],
        "refs": {name: len(graph.missing(sha, main)) for name, sha in refs.items()},
        "events": [event.name for event in list(fake.events) if event.repository == repository],
    }
