"""
Deploy what GitHub asks for: a receiver of its webhooks, on Starlette.

    uvicorn --factory asgi_receiver:create_app

Subscribe ``/webhooks/github`` to the event deployment, with a secret. In the environment are
WEBHOOK_SECRET, GITHUB_TOKEN for the deployment statuses, and SHIP, a command that gets the sha
and the name of the environment. GitHub is answered first, so it may take its time.
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
    """Bring a commit to an environment."""
    subprocess.run([os.environ["SHIP"], sha, environment], check=True)


async def payload_of(request: Request, secret: str) -> Json:
    """
    Read a payload from a JSON body or a form.

    Raises:
        HTTPException: Who has sent it does not know *secret*.
    """
    body = await request.body()
    signature = request.headers.get("X-Hub-Signature-256", "")
    expected = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise HTTPException(401)
    if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        body = parse_qs(body.decode())["payload"][0].encode()
    found: Json = json.loads(body)
    return found


class Deployer:
    """
    Ships deployments and reports on them.

    Attributes:
        taken: The ids of the deliveries that are being carried out, or have been.
    """

    def __init__(self, token: str, ship: Ship) -> None:
        """Report with *token*."""
        self.token = token
        self.ship = ship
        self.taken: set[str] = set()

    def carry_out(self, delivery_id: str, deployment: Json) -> None:
        """Ship a deployment. What cannot be reported can be delivered once more."""
        try:
            self.report(deployment, "in_progress")
            try:
                self.ship(deployment["sha"], deployment["environment"])
            except Exception as problem:  # noqa: BLE001 - whatever it is, somebody waits for it
                self.report(deployment, "failure", str(problem))
            else:
                self.report(deployment, "success")
        except Exception:
            logger.exception("GitHub has not heard of deployment %s: deliver %s again", deployment["id"], delivery_id)
            self.taken.discard(delivery_id)

    def report(self, deployment: Json, state: str, description: str = "") -> None:
        """Add a deployment status. GitHub takes 140 characters of description."""
        answer = requests.post(
            deployment["statuses_url"],
            json={"state": state, "description": description[:140]},
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"},
            timeout=30,
        )
        answer.raise_for_status()


def create_app(secret: str | None = None, token: str | None = None, ship: Ship = run_ship) -> Starlette:
    """Make the application; what is not given is in the environment."""
    secret = secret or os.environ["WEBHOOK_SECRET"]
    deployer = Deployer(token or os.environ["GITHUB_TOKEN"], ship)

    async def receive(request: Request) -> Response:
        payload = await payload_of(request, secret)
        if request.headers.get("X-GitHub-Event") != "deployment":
            return Response(status_code=204)
        delivery_id, deployment = request.headers["X-GitHub-Delivery"], payload["deployment"]
        if delivery_id in deployer.taken:
            return JSONResponse({"taken": False})
        deployer.taken.add(delivery_id)
        # Starlette runs what is not asynchronous, such as requests, in a thread, and others are served meanwhile.
        task = BackgroundTask(deployer.carry_out, delivery_id, deployment)
        return JSONResponse({"taken": True}, 202, background=task)

    return Starlette(routes=[Route("/webhooks/github", receive, methods=["POST"])])
