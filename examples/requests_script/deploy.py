"""
Deploy through GitHub's deployments, in one file that needs requests only.

    deploy.py octocat/example ship main staging      deploy main to staging
    deploy.py octocat/example back staging           deploy the previously live commit again
    deploy.py octocat/example sweep staging 5        delete all but the newest five

GITHUB_TOKEN is the token. GITHUB_API_URL is the API root, if it is not GitHub's own.
SHIP is the command that deploys. It gets the variables SHA and ENVIRONMENT.
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
    """GitHub refused a request. The message has its reasons."""

    def __init__(self, response: requests.Response) -> None:
        """Read the reason from the *response*."""
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        self.status = response.status_code
        self.message = body.get("message", response.reason)
        errors = [error for error in body.get("errors", []) if isinstance(error, dict)]
        self.contexts = [(it["context"], it["state"]) for error in errors for it in error.get("contexts", [])]
        lines = [f"{self.status} {self.message}"]
        lines += [f"  {'ok ' if state == 'success' else '---'} {context}: {state}" for context, state in self.contexts]
        lines += [f"  {error['message']}" for error in errors if "message" in error]
        super().__init__("\n".join(lines))


class GitHub:
    """A client for the deployments of one repository."""

    def __init__(self, repository: str, token: str, api: str = "https://api.github.com") -> None:
        """Use *token* for *repository*."""
        self.deployments = f"{api}/repos/{repository}/deployments"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["Accept"] = "application/vnd.github+json"

    def send(self, method: str, url: str, **arguments: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """Send a request, and raise if it is refused."""
        response = self.session.request(method, url, timeout=30, **arguments)
        if not response.ok:
            raise Refused(response)
        return response

    def pages(self, url: str, **query: str) -> Iterator[Json]:
        """Yield the items of all pages of a list."""
        response = self.send("GET", url, params={"per_page": "100", **query})
        yield from response.json()
        while "next" in response.links:
            response = self.send("GET", response.links["next"]["url"])
            yield from response.json()

    def state(self, deployment: Json) -> str:
        """Return the newest state of a deployment."""
        newest = self.send("GET", deployment["statuses_url"], params={"per_page": "1"}).json()
        return newest[0]["state"] if newest else "created"

    def report(self, deployment: Json, state: str, **more: str) -> None:
        """Add a deployment status."""
        self.send("POST", deployment["statuses_url"], json={"state": state, **more})


def ship(github: GitHub, ref: str, environment: str, work: Work, **more: object) -> Json:
    """Deploy *ref*. If it is behind, GitHub merges (202) and the request must be repeated."""
    for _ in range(3):
        answer = github.send("POST", github.deployments, json={"ref": ref, "environment": environment, **more})
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
    """Deploy the previously live commit again."""
    live = ""
    for deployment in github.pages(github.deployments, environment=environment):
        states = [status["state"] for status in github.pages(deployment["statuses_url"])]
        if not live and states[:1] == ["success"]:
            live = deployment["sha"]
        elif live and deployment["sha"] != live and "success" in states:
            return ship(github, deployment["sha"], environment, work, auto_merge=False, required_contexts=[])
    raise RuntimeError(f"nothing to go back to in {environment}")


def sweep(github: GitHub, environment: str, keep: int) -> int:
    """Delete all but the newest *keep*. Active ones are made inactive first, or GitHub would answer 422."""
    old = list(github.pages(github.deployments, environment=environment))[keep:]
    for deployment in old:
        if github.state(deployment) == "success":
            github.report(deployment, "inactive")
        github.send("DELETE", deployment["url"])
    return len(old)


def main(arguments: list[str]) -> int:
    """Run the command line."""

    def work(sha: str, environment: str) -> None:
        variables = {**os.environ, "SHA": sha, "ENVIRONMENT": environment}
        subprocess.run(os.environ["SHIP"], shell=True, check=True, env=variables)  # noqa: S602 - SHIP is a shell command

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
