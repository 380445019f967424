"""
Deploy through GitHub's deployments: one file, requests only.

    deploy.py octocat/example ship main staging      deploy main to staging
    deploy.py octocat/example back staging           deploy again what was live before
    deploy.py octocat/example sweep staging 5        delete all but the newest five

GITHUB_TOKEN holds the token; GITHUB_API_URL the API's root, if it is not GitHub's own.
SHIP holds the command that does the work; it sees SHA and ENVIRONMENT.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import requests

Json = dict[str, Any]
Work = Callable[[str, str], None]


class Refused(Exception):
    """GitHub has said no, and why."""

    def __init__(self, response: requests.Response) -> None:
        """Read the reason from the *response*."""
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        self.status = response.status_code
        self.message = body.get("message", response.reason)
        errors = [error for error in body.get("errors", []) if isinstance(error, dict)]
        self.contexts = [(found["context"], found["state"]) for error in errors for found in error.get("contexts", [])]
        lines = [f"{self.status} {self.message}"]
        lines += [f"  {'ok ' if state == 'success' else '---'} {context}: {state}" for context, state in self.contexts]
        lines += [f"  {error['message']}" for error in errors if "message" in error]
        super().__init__("\n".join(lines))


class GitHub:
    """A repository's corner of the API."""

    def __init__(self, repository: str, token: str, api: str = "https://api.github.com") -> None:
        """Speak for *token* about *repository*."""
        self.deployments = f"{api}/repos/{repository}/deployments"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["Accept"] = "application/vnd.github+json"

    def ask(self, method: str, url: str, **arguments: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """Send a request; a refusal is an error."""
        response = self.session.request(method, url, timeout=30, **arguments)
        if not response.ok:
            raise Refused(response)
        return response

    def pages(self, url: str, **query: str) -> Iterator[Json]:
        """Go through a list, page by page."""
        response = self.ask("GET", url, params={"per_page": "100", **query})
        yield from response.json()
        while "next" in response.links:
            response = self.ask("GET", response.links["next"]["url"])
            yield from response.json()

    def state(self, deployment: Json) -> str:
        """Tell how a deployment stands."""
        newest = self.ask("GET", deployment["statuses_url"], params={"per_page": "1"}).json()
        return newest[0]["state"] if newest else "created"

    def report(self, deployment: Json, state: str, **more: str) -> None:
        """Say how a deployment stands now."""
        self.ask("POST", deployment["statuses_url"], json={"state": state, **more})


def ship(github: GitHub, ref: str, environment: str, work: Work, **more: object) -> Json:
    """Deploy *ref*. If it is behind GitHub merges first (202), and wants to be asked again."""
    for _ in range(3):
        answer = github.ask("POST", github.deployments, json={"ref": ref, "environment": environment, **more})
        if answer.status_code == 201:
            break
        print(answer.json()["message"])
    else:
        raise RuntimeError(f"{ref} is still behind")
    deployment: Json = answer.json()
    github.report(deployment, "in_progress")
    try:
        work(deployment["sha"], environment)
    except Exception:
        github.report(deployment, "error", description="see the log of the machine that deployed")
        raise
    github.report(deployment, "success")
    return deployment


def back(github: GitHub, environment: str, work: Work) -> Json:
    """Deploy again the commit that was live before the one that is."""
    live = ""
    for deployment in github.pages(github.deployments, environment=environment):
        states = [status["state"] for status in github.pages(deployment["statuses_url"])]
        if not live and states[:1] == ["success"]:
            live = deployment["sha"]
        elif live and deployment["sha"] != live and "success" in states:
            return ship(github, deployment["sha"], environment, work, auto_merge=False, required_contexts=[])
    raise RuntimeError(f"nothing to go back to in {environment}")


def sweep(github: GitHub, environment: str, keep: int) -> int:
    """Delete all but the newest *keep*. GitHub refuses an active one (422), so make it inactive first."""
    old = list(github.pages(github.deployments, environment=environment))[keep:]
    for deployment in old:
        if github.state(deployment) == "success":
            github.report(deployment, "inactive")
        github.ask("DELETE", deployment["url"])
    return len(old)


def main(arguments: list[str]) -> int:
    """Run the command line."""

    def work(sha: str, environment: str) -> None:
        seen = {**os.environ, "SHA": sha, "ENVIRONMENT": environment}
        subprocess.run(os.environ["SHIP"], shell=True, check=True, env=seen)  # noqa: S602 - a line of shell, by design

    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    try:
        match arguments:
            case [repository, "ship", ref, environment]:
                ship(GitHub(repository, os.environ["GITHUB_TOKEN"], api), ref, environment, work)
            case [repository, "back", environment]:
                back(GitHub(repository, os.environ["GITHUB_TOKEN"], api), environment, work)
            case [repository, "sweep", environment, keep]:
                sweep(GitHub(repository, os.environ["GITHUB_TOKEN"], api), environment, int(keep))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (Refused, RuntimeError, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
