"""
Deploy, roll back and clean up through GitHub's deployments.

GitHub decides whether a commit may be deployed and keeps the record. Your own
command does the work:

    python deployer.py deploy octocat/example main --environment staging -- ./ship.sh
    python deployer.py rollback octocat/example --environment staging -- ./ship.sh
    python deployer.py clean-up octocat/example --environment staging --keep 5

The command gets the commit's SHA as its last argument. The token is read from
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
    """The deployment was refused or failed. The message is meant for the tool's user."""


class ChecksNotPassed(DeployError):
    """
    Commit statuses or check runs have not succeeded.

    Attributes:
        unmet: Their states by name.

    """

    def __init__(self, message: str, unmet: dict[str, str]) -> None:
        """Keep *unmet*."""
        super().__init__(f"{message} {', '.join(f'{name} is {state}' for name, state in unmet.items())}")
        self.unmet = unmet


class MergeConflict(DeployError):
    """The default branch cannot be merged into the ref."""


class RefNotFound(DeployError):
    """The ref is not a branch, tag or commit."""


class NothingToRollBackTo(DeployError):
    """No earlier deployment of another commit succeeded."""


def deploy(
    repository: Repository,
    ref: str,
    environment: str,
    roll_out: RollOut,
    *,
    required_contexts: list[str] | None = None,
) -> Deployment:
    """
    Deploy *ref* and report the deployment's status.

    Args:
        roll_out: Called with the commit's SHA. Deploys it, or raises.

        required_contexts: Contexts that must have succeeded. By default, all that were reported.

    Raises:
        DeployError: GitHub refuses, or *roll_out* raises. If *roll_out* raises, the deployment is marked as failed.

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
    Deploy the previously live commit again.

    Commits abandoned by an earlier rollback are skipped, so two rollbacks in a
    row go two steps back.

    Raises:
        NothingToRollBackTo: No other commit was live before.
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
    deployment = _create(
        repository,
        ref=target.sha,
        environment=environment,
        task=ROLLBACK,
        auto_merge=False,  # exactly this commit
        required_contexts=[],  # it passed them before
        payload={"abandons": live.sha},
        description=f"Back to deployment {target.id}",
    )
    return _carry_out(deployment, roll_out)


def clean_up(repository: Repository, environment: str, *, keep: int) -> list[int]:
    """
    Delete all deployments except the newest *keep* and the live one.

    Returns:
        The ids of the deleted deployments.

    """
    deployments = list(repository.get_deployments(environment=environment))
    live = next((deployment for deployment in deployments if _state(deployment) == "success"), None)
    old = [deployment for deployment in deployments[keep:] if live is None or deployment.id != live.id]
    for deployment in old:
        if _state(deployment) != "inactive":  # GitHub refuses to delete an active deployment
            deployment.create_status("inactive", description="Cleaned up")
        repository.requester.requestJsonAndCheck("DELETE", deployment.url)
    return [deployment.id for deployment in old]


def _create(repository: Repository, *, attempts: int = 3, **arguments: Any) -> Deployment:  # noqa: ANN401 - PyGithub's
    for _ in range(attempts):
        try:
            deployment = repository.create_deployment(**arguments)
        except GithubException as error:
            raise _explained(error) from error
        if "id" in deployment.raw_data:
            return deployment
        # 202: GitHub merged the default branch into the ref. Repeat the request to deploy the merge commit.
    raise DeployError(f"{arguments['ref']} is still behind the default branch after {attempts} merges")


def _carry_out(deployment: Deployment, roll_out: RollOut) -> Deployment:
    deployment.create_status("in_progress")
    try:
        roll_out(deployment.sha)
    except Exception as error:
        deployment.create_status("failure", description=str(error)[:140])
        raise DeployError(f"deployment {deployment.id} of {deployment.ref} failed: {error}") from error
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
    return DeployError(f"GitHub answered {error.status}: {message}")


def _unmet(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for problem in body.get("errors", []):
        for context in problem.get("contexts", []):
            if context["state"] != "success":
                yield context["context"], context["state"]


def main(arguments: Sequence[str] | None = None, github: Github | None = None) -> int:
    """Run the command line. By default, *github* uses the token in the environment."""
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
    options = parser.parse_args(arguments)

    def roll_out(sha: str) -> None:
        subprocess.run([*options.ship, sha], check=True)

    if github is None:
        github = Github(auth=Auth.Token(os.environ["GITHUB_TOKEN"]), per_page=100)
    try:
        repository = github.get_repo(options.repository)
        if options.command == "clean-up":
            print(f"deleted {len(clean_up(repository, options.environment, keep=options.keep))} deployments")
            return 0
        if options.command == "rollback":
            deployment = rollback(repository, options.environment, roll_out)
        else:
            deployment = deploy(repository, options.ref, options.environment, roll_out)
    except (DeployError, GithubException) as error:
        print(error if isinstance(error, DeployError) else _explained(error), file=sys.stderr)
        return 1
    print(f"deployed {deployment.sha[:7]} to {deployment.environment} as {deployment.id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
