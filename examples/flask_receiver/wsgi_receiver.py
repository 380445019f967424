"""
Deploy what GitHub asks for: a receiver of its webhooks, on Flask.

    flask --app wsgi_receiver run

Subscribe ``/webhooks/github`` to the event deployment, with a secret. In the environment are
WEBHOOK_SECRET, GITHUB_TOKEN for the deployment statuses, and SHIP, a command that gets the sha
and the name of the environment. It has the ten seconds that GitHub waits for an answer.
"""

import hmac
import json
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import requests
from flask import Flask, abort, request

Json = dict[str, Any]
Ship = Callable[[str, str], object]


def run_ship(sha: str, environment: str) -> None:
    """Bring a commit to an environment."""
    subprocess.run([os.environ["SHIP"], sha, environment], check=True)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Tell whether who has sent *body* knows *secret*; how long that takes tells nothing of it."""
    expected = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def report(deployment: Json, token: str, state: str, description: str = "") -> None:
    """Add a deployment status. GitHub takes 140 characters of description."""
    answer = requests.post(
        deployment["statuses_url"],
        json={"state": state, "description": description[:140]},
        headers={"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
        timeout=5,
    )
    answer.raise_for_status()


def carry_out(deployment: Json, token: str, ship: Ship) -> str:
    """Ship a deployment, report on it, and give the state it has come to."""
    report(deployment, token, "in_progress")
    try:
        ship(deployment["sha"], deployment["environment"])
    except Exception as problem:  # noqa: BLE001 - whatever it is, somebody waits for it
        report(deployment, token, "failure", str(problem))
        return "failure"
    report(deployment, token, "success")
    return "success"


def create_app(secret: str | None = None, token: str | None = None, ship: Ship = run_ship) -> Flask:
    """Make the application; what is not given is in the environment."""
    app = Flask(__name__)
    secret = secret or os.environ["WEBHOOK_SECRET"]
    token = token or os.environ["GITHUB_TOKEN"]
    lock, taken = threading.Lock(), set[str]()

    @app.post("/webhooks/github")
    def receive() -> tuple[str, int]:
        if not is_signed(request.get_data(), request.headers.get("X-Hub-Signature-256", ""), secret):
            abort(401)
        if request.headers.get("X-GitHub-Event") != "deployment":
            return "", 204
        payload: Json = json.loads(request.form["payload"]) if request.form else request.get_json()
        delivery_id = request.headers["X-GitHub-Delivery"]
        with lock:
            if delivery_id in taken:
                return "this one again", 200
            taken.add(delivery_id)
        try:
            return carry_out(payload["deployment"], token, ship), 200
        except BaseException:
            with lock:
                taken.discard(delivery_id)  # so that it can be delivered once more
            raise

    return app
