"""
Wait until a deployment has finished, for example at the end of a pipeline or before a smoke test.

    wait_for.py octocat/example main staging         the newest deployment of main to staging
    wait_for.py octocat/example main staging 900     the same, for up to 15 minutes instead of 10

The exit status is 0 if the deployment succeeded. Otherwise it is 1 and a message says why.
GITHUB_TOKEN is the token. GITHUB_API_URL is the API root, if it is not GitHub's own.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import requests

Json = dict[str, Any]

EVERY_SECONDS = 5.0
TIMEOUT_SECONDS = 600.0
DONE = ("success", "failure", "error", "inactive")


class NotDeployed(Exception):
    """The deployment did not succeed. The message says why."""


class Clock:
    """The real clock. Tests pass their own."""

    def __init__(
        self, sleep: Callable[[float], object] = time.sleep, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Use *sleep* and *now*."""
        self.sleep = sleep
        self.now = now


class Statuses:
    """The deployment statuses of a deployment. Polling without news costs no rate limit."""

    def __init__(self, session: requests.Session, url: str) -> None:
        """Poll *url*."""
        self.session = session
        self.url = url
        self.tag = ""
        self.known: list[Json] = []

    def newest_first(self) -> list[Json]:
        """Poll GitHub. An unchanged list is not sent again."""
        answer = self.session.get(self.url, headers={"If-None-Match": self.tag} if self.tag else {}, timeout=30)
        if answer.status_code != 304:
            self.known = checked(answer).json()
            self.tag = answer.headers.get("ETag", "")
        return self.known


def checked(answer: requests.Response) -> requests.Response:
    """Raise an error with GitHub's message if it refused the request."""
    if not answer.ok:
        raise NotDeployed(f"GitHub answered {answer.status_code} {answer.json().get('message', answer.reason)}")
    return answer


def find(session: requests.Session, repository: str, ref: str, environment: str, api: str) -> Json:
    """Find the newest deployment of *ref* to *environment*."""
    url = f"{api}/repos/{repository}/deployments"
    query = {"ref": ref, "environment": environment, "per_page": "1"}
    deployments: list[Json] = checked(session.get(url, params=query, timeout=30)).json()
    if not deployments:
        raise NotDeployed(f"there is no deployment of {ref} to {environment}")
    return deployments[0]


def wait(
    session: requests.Session,
    deployment: Json,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    tell: Callable[[str], object] = print,
    clock: Clock | None = None,
) -> Json:
    """
    Wait until a deployment succeeds, and return its last deployment status.

    *tell* is called once for each new deployment status, even if several came between two polls.
    """
    clock = clock or Clock()
    give_up_at = clock.now() + timeout_seconds
    statuses = Statuses(session, deployment["statuses_url"])
    reported = set()
    while True:
        latest = statuses.newest_first()
        for status in reversed(latest):
            if status["id"] not in reported:
                reported.add(status["id"])
                tell(" ".join(part for part in (status["state"], status["log_url"], status["description"]) if part))
        newest = latest[0] if latest else {"state": "not started"}
        if newest["state"] == "success":
            return newest
        if newest["state"] == "inactive":
            raise NotDeployed("a later deployment has replaced it")
        if newest["state"] in DONE:
            raise NotDeployed(f"{newest['state']}: {newest['description'] or newest['log_url'] or 'no reason given'}")
        if clock.now() >= give_up_at:
            raise NotDeployed(f"still {newest['state']} after {timeout_seconds:g} seconds")
        clock.sleep(min(EVERY_SECONDS, give_up_at - clock.now()))


def main(arguments: list[str], clock: Clock | None = None) -> int:
    """Run the command line."""
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    repository, ref, environment, *rest = arguments
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {os.environ['GITHUB_TOKEN']}"
        try:
            deployment = find(session, repository, ref, environment, api)
            wait(session, deployment, timeout_seconds=float(rest[0]) if rest else TIMEOUT_SECONDS, clock=clock)
        except NotDeployed as problem:
            print(problem, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
