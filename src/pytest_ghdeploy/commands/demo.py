"""
``ghdeploy demo``: the life cycle of a deployment, with real requests.

A deploy tool, CI and a deploy service send requests to the fake and receive its
responses and events. Nothing leaves this process.
"""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from pytest_ghdeploy.fake import FakeGitHub

if TYPE_CHECKING:
    from pytest_ghdeploy.webhooks.hooks import Delivery

_REPOSITORY = "octocat/example"
# Each belongs to an account of the fake. They are not real tokens.
_TOOL, _CI, _SERVICE = "the-token-of-the-tool", "the-token-of-ci", "the-token-of-the-deploy-service"


def run(*, mermaid: bool = False) -> str:
    """Run the life cycle and return it drawn as text, or as a Mermaid sequence diagram."""
    with FakeGitHub() as fake:
        repository = fake.add_repository(_REPOSITORY)
        repository.add_branch("topic")
        fake.add_token(_TOOL)
        for login, token in (("ci[bot]", _CI), ("deploy-service[bot]", _SERVICE)):
            repository.add_collaborator(login)
            fake.add_token(token, user=login, permissions={"deployments": "write", "statuses": "write"})
        fake.webhooks.subscribe(deploy_service, events=["deployment"], repository=_REPOSITORY)

        commit = repository.sha("topic")
        _send(_CI, "POST", f"/statuses/{commit}", state="pending", context="ci/tests")
        _send(_TOOL, "POST", "/deployments", ref="topic", environment="staging")
        fake.clock.tick(60)
        _send(_CI, "POST", f"/statuses/{commit}", state="success", context="ci/tests")
        first = _send(_TOOL, "POST", "/deployments", ref="topic", environment="staging")
        _send(_TOOL, "GET", f"/deployments/{first['id']}/statuses")
        fake.clock.tick(60)
        _send(_TOOL, "POST", "/deployments", ref="main", environment="staging")
        newest, *_ = _send(_TOOL, "GET", f"/deployments/{first['id']}/statuses")
        _send(_TOOL, "GET", f"/deployments/{first['id']}/statuses/{newest['id']}")
        return fake.conversation.mermaid() if mermaid else fake.conversation.diagram()


def deploy_service(delivery: Delivery) -> None:
    """Report two statuses for each deployment, as a deploy service subscribed by webhook would."""
    if delivery.event == "deployment":
        for state in ("in_progress", "success"):
            _send(_SERVICE, "POST", f"/deployments/{delivery.payload['deployment']['id']}/statuses", state=state)


def _send(token: str, method: str, path: str, **body: object) -> Any:  # noqa: ANN401 - any JSON
    request = urllib.request.Request(
        f"https://api.github.com/repos/{_REPOSITORY}{path}",
        json.dumps(body).encode() if body else None,
        {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)
    except HTTPError as error:
        with error:
            return json.load(error)
