"""A deployment by another process. A spawned process can import this module, but no test file."""

from __future__ import annotations

import requests

DEPLOYMENTS = "/repos/octocat/example/deployments"


def deploy(env: dict[str, str], environment: str) -> tuple[str, int]:
    """Create a deployment as a tool does that knows only its environment variables; return its URL and id."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {env['GITHUB_TOKEN']}"
        response = session.post(
            f"{env['GITHUB_API_URL']}{DEPLOYMENTS}", json={"ref": "main", "environment": environment}, timeout=30
        )
    deployment = response.json()
    return deployment["url"], deployment["id"]
