"""
Receive deployments by webhook and carry them out, on Starlette.

    uvicorn --factory asgi_receiver:create_app

Subscribe ``/webhooks/github`` to the event ``deployment``, with a secret. The environment variables
are WEBHOOK_SECRET, GITHUB_TOKEN for the deployment statuses, and SHIP, a command that gets the SHA
and the environment's name. It may take long, because GitHub gets its response first.
"""

import hmac
import json
import logging
import os
import subprocess
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import requests
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Json = dict[str, Any]
Ship = Callable[[str, str], object]

logger = logging.getLogger(__name__)


def run_ship(sha: str, environment: str) -> None:
    """Run the command in SHIP for a commit and an environment."""
    subprocess.run([os.environ["SHIP"], sha, environment], check=True)


async def payload_of(request: Request, secret: str) -> Json:
    """
    Read a payload from a JSON body or a form.

    Raises:
        HTTPException: The signature is missing or was not made with *secret*. The status is 401.
    """
    body = await request.body()
    signature = request.headers.get("X-Hub-Signature-256", "")
    expected = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise HTTPException(401)
    if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(body.decode())["payload"][0].encode()
    payload: Json = json.loads(body)
    return payload


class Deployer:
    """
    Ships deployments and reports their status.

    Attributes:
        accepted: The ids of deliveries in progress or done.
    """

    def __init__(self, token: str, ship: Ship) -> None:
        """Report statuses with *token*."""
        self.token = token
        self.ship = ship
        self.accepted: set[str] = set()

    def carry_out(self, delivery_id: str, deployment: Json) -> None:
        """Ship a deployment. If its status cannot be reported, it can be redelivered."""
        try:
            self.report(deployment, "in_progress")
            try:
                self.ship(deployment["sha"], deployment["environment"])
            except Exception as problem:  # noqa: BLE001 - every failure is reported
                self.report(deployment, "failure", str(problem))
            else:
                self.report(deployment, "success")
        except Exception:
            logger.exception("deployment %s could not be reported: redeliver %s", deployment["id"], delivery_id)
            self.accepted.discard(delivery_id)

    def report(self, deployment: Json, state: str, description: str = "") -> None:
        """Add a deployment status, with at most 140 characters of description."""
        answer = requests.post(
            deployment["statuses_url"],
            json={"state": state, "description": description[:140]},
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"},
            timeout=30,
        )
        answer.raise_for_status()


def create_app(secret: str | None = None, token: str | None = None, ship: Ship = run_ship) -> Starlette:
    """Create the application. Arguments left out are read from the environment."""
    secret = secret or os.environ["WEBHOOK_SECRET"]
    deployer = Deployer(token or os.environ["GITHUB_TOKEN"], ship)

    async def receive(request: Request) -> Response:
        payload = await payload_of(request, secret)
        if request.headers.get("X-GitHub-Event") != "deployment":
            return Response(status_code=204)
        delivery_id, deployment = request.headers["X-GitHub-Delivery"], payload["deployment"]
        if delivery_id in deployer.accepted:
            return JSONResponse({"accepted": False})
        deployer.accepted.add(delivery_id)
        # carry_out is not async, so Starlette runs it in a thread and keeps serving other requests.
        task = BackgroundTask(deployer.carry_out, delivery_id, deployment)
        return JSONResponse({"accepted": True}, 202, background=task)

    return Starlette(routes=[Route("/webhooks/github", receive, methods=["POST"])])
