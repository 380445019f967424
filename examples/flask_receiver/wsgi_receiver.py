"""
Receive deployments by webhook and carry them out, on Flask.

    flask --app wsgi_receiver run

Subscribe ``/webhooks/github`` to the event ``deployment``, with a secret. The environment variables
are WEBHOOK_SECRET, GITHUB_TOKEN for the deployment statuses, and SHIP, a command that gets the SHA
and the environment's name. It must finish within the ten seconds that GitHub waits for a response.
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
    """Run the command in SHIP for a commit and an environment."""
    subprocess.run([os.environ["SHIP"], sha, environment], check=True)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return whether *signature* is *body* signed with *secret*, compared in constant time."""
    expected = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


def report(deployment: Json, token: str, state: str, description: str = "") -> None:
    """Add a deployment status, with at most 140 characters of description."""
    answer = requests.post(
        deployment["statuses_url"],
        json={"state": state, "description": description[:140]},
        headers={"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
        timeout=5,
    )
    answer.raise_for_status()


def carry_out(deployment: Json, token: str, ship: Ship) -> str:
    """Ship a deployment, report its status, and return its final state."""
    report(deployment, token, "in_progress")
    try:
        ship(deployment["sha"], deployment["environment"])
    except Exception as problem:  # noqa: BLE001 - every failure is reported
        report(deployment, token, "failure", str(problem))
        return "failure"
    report(deployment, token, "success")
    return "success"


def create_app(secret: str | None = None, token: str | None = None, ship: Ship = run_ship) -> Flask:
    """Create the application. Arguments left out are read from the environment."""
    app = Flask(__name__)
    secret = secret or os.environ["WEBHOOK_SECRET"]
    token = token or os.environ["GITHUB_TOKEN"]
    lock, handled = threading.Lock(), set[str]()

    @app.post("/webhooks/github")
    def receive() -> tuple[str, int]:
        if not is_signed(request.get_data(), request.headers.get("X-Hub-Signature-256", ""), secret):
            abort(401)
        if request.headers.get("X-GitHub-Event") != "deployment":
            return "", 204
        payload: Json = json.loads(request.form["payload"]) if request.form else request.get_json()
        delivery_id = request.headers["X-GitHub-Delivery"]
        with lock:
            if delivery_id in handled:
                return "already handled", 200
            handled.add(delivery_id)
        try:
            return carry_out(payload["deployment"], token, ship), 200
        except BaseException:
            with lock:
                handled.discard(delivery_id)  # so that it can be redelivered
            raise

    return app
