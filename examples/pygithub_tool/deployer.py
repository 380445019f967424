"""
Deploy, roll back and clean up through GitHub's deployments.

GitHub decides whether a commit may be deployed and keeps the record; a command
of your own does the work:

    python deployer.py deploy octocat/example main --environment staging -- ./ship.sh
    python deployer.py rollback octocat/example --environment staging -- ./ship.sh
    python deployer.py clean-up octocat/example --environment staging --keep 5

The command gets the commit's sha as its last argument. The token is read from
GITHUB_TOKEN.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from github import Auth, Github, GithubException
from github.GithubObject import NotSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from github.Deployment import Deployment
    from github.Repository import Repository

    RollOut = Callable[[str], None]

ROLLBACK = "rollback"


class DeployError(Exception):
    """There is no deployment, or it failed; the text is for the person who asked for it."""


class ChecksNotPassed(DeployError):
    """
    Commit statuses or check runs stand in the way.

    Attributes:
        unmet: The state of each by its name.

    """

    def __init__(self, message: str, unmet: dict[str, str]) -> None:
        """Keep *unmet*."""
        super().__init__(f"{message} {', '.join(f'{name} is {state}' for name, state in unmet.items())}")
        self.unmet = unmet


class MergeConflict(DeployError):
    """The default branch does not merge into what was to be deployed."""


class RefNotFound(DeployError):
    """There is no such branch, tag or commit."""


class NothingToRollBackTo(DeployError):
    """No earlier deployment of another commit has ever succeeded."""


def deploy(
    repository: Repository,
    ref: str,
    environment: str,
    roll_out: RollOut,
    *,
    required_contexts: list[str] | None = None,
) -> Deployment:
    """
    Deploy *ref* and report on it.

    Args:
        roll_out: Brings the commit with this sha to the environment, or raises.

        required_contexts: What must have passed; all that has been reported if not given.

    Raises:
        DeployError: GitHub refuses, or *roll_out* has raised. In the latter case the deployment is marked as failed.

    """
    deployment = _create(
        repository,
        ref=ref,
        environment=environment,
        required_contexts=NotSet if required_contexts is None else required_contexts,
    )
    return _carry_out(deployment, roll_out)


def rollback(repository: Repository, environment: str, roll_out: RollOut) -> Deployment:
    """
    Deploy again what was live before.

    Commits that an earlier rollback has abandoned are passed over, so that two
    rollbacks in a row go two steps back.

    Raises:
        NothingToRollBackTo: Nothing was live before.
        DeployError: As in ``deploy``.

    """
    live, abandoned = None, set()
    for deployment in repository.get_deployments(environment=environment):
        if deployment.task == ROLLBACK and _was_live(deployment):
            abandoned.add(deployment.payload["abandons"])
        if live is None:
            live = deployment if _state(deployment) == "success" else None
        elif deployment.sha not in {live.sha, *abandoned} and _was_live(deployment):
            target = deployment
            break
    else:
        raise NothingToRollBackTo(f"{environment} has no earlier successful deployment of another commit")
    again = _create(
        repository,
        ref=target.sha,
        environment=environment,
        task=ROLLBACK,
        auto_merge=False,  # exactly this commit
        required_contexts=[],  # it has passed once
        payload={"abandons": live.sha},
        description=f"Back to deployment {target.id}",
    )
    return _carry_out(again, roll_out)


def clean_up(repository: Repository, environment: str, *, keep: int) -> list[int]:
    """
    Delete old deployments, all but the newest *keep* and the one that is live.

    Returns:
        The ids of those deleted.

    """
    deployments = list(repository.get_deployments(environment=environment))
    live = next((deployment for deployment in deployments if _state(deployment) == "success"), None)
    old = [deployment for deployment in deployments[keep:] if live is None or deployment.id != live.id]
    for deployment in old:
        if _state(deployment) != "inactive":  # GitHub keeps what is active
            deployment.create_status("inactive", description="Cleaned up")
        repository.requester.requestJsonAndCheck("DELETE", deployment.url)
    return [deployment.id for deployment in old]


def _create(repository: Repository, *, attempts: int = 3, **wanted: Any) -> Deployment:  # noqa: ANN401 - PyGithub's
    for _ in range(attempts):
        try:
            deployment = repository.create_deployment(**wanted)
        except GithubException as error:
            raise _explained(error) from error
        if "id" in deployment.raw_data:
            return deployment
        # 202: the default branch was merged into the ref first. The merge commit is what we want now.
    raise DeployError(f"{wanted['ref']} is behind the default branch again after {attempts} merges")


def _carry_out(deployment: Deployment, roll_out: RollOut) -> Deployment:
    deployment.create_status("in_progress")
    try:
        roll_out(deployment.sha)
    except Exception as error:
        deployment.create_status("failure", description=str(error)[:140])
        raise DeployError(f"deployment {deployment.id} of {deployment.ref} has failed: {error}") from error
    deployment.create_status("success")
    return deployment


def _state(deployment: Deployment) -> str | None:
    return next((status.state for status in deployment.get_statuses()), None)


def _was_live(deployment: Deployment) -> bool:
    return any(status.state == "success" for status in deployment.get_statuses())


def _explained(error: GithubException) -> DeployError:
    body = error.data if isinstance(error.data, dict) else {}
    message = str(body.get("message", error))
    if error.status == 409 and message.startswith("Conflict merging"):
        return MergeConflict(message)
    if error.status == 409:
        return ChecksNotPassed(message, dict(_unmet(body)))
    if error.status == 422 and message.startswith("No ref found"):
        return RefNotFound(message)
    return DeployError(f"GitHub answers {error.status}: {message}")


def _unmet(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for problem in body.get("errors", []):
        for context in problem.get("contexts", []):
            if context["state"] != "success":
                yield context["context"], context["state"]


def main(arguments: Sequence[str] | None = None, github: Github | None = None) -> int:
    """Run the command line; *github* is made from the environment if not given."""
    parser = argparse.ArgumentParser(description="Deploy through GitHub's deployments.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("deploy", "rollback", "clean-up"):
        command = commands.add_parser(name)
        command.add_argument("repository")
        if name == "deploy":
            command.add_argument("ref")
        command.add_argument("--environment", default="production")
        if name == "clean-up":
            command.add_argument("--keep", type=int, default=10)
        else:
            command.add_argument("ship", nargs="+", metavar="-- COMMAND")
    given = parser.parse_args(arguments)

    def roll_out(sha: str) -> None:
        subprocess.run([*given.ship, sha], check=True)

    if github is None:
        github = Github(auth=Auth.Token(os.environ["GITHUB_TOKEN"]), per_page=100)
    try:
        repository = github.get_repo(given.repository)
        if given.command == "clean-up":
            print(f"deleted {len(clean_up(repository, given.environment, keep=given.keep))} deployments")
            return 0
        if given.command == "rollback":
            done = rollback(repository, given.environment, roll_out)
        else:
            done = deploy(repository, given.ref, given.environment, roll_out)
    except (DeployError, GithubException) as error:
        print(error if isinstance(error, DeployError) else _explained(error), file=sys.stderr)
        return 1
    print(f"deployed {done.sha[:7]} to {done.environment} as {done.id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
