"""A way for clients on httpx, which has no door yet: a transport that hands what httpx sends to requests."""

from __future__ import annotations

import importlib
from typing import Any

import httpx
import requests

githubkit: Any = importlib.import_module("githubkit")
"""githubkit, without its types: they are too many for mypy."""


class ThroughRequests(httpx.BaseTransport):
    """Sends what httpx was asked to send with requests."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, without following redirects: that is the client's business."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    request.method,
                    str(request.url),
                    headers=dict(request.headers),
                    data=request.read(),
                    timeout=10,
                    allow_redirects=False,
                )
        except requests.ReadTimeout as problem:
            raise httpx.ReadTimeout(str(problem), request=request) from problem
        except requests.ConnectionError as problem:
            raise httpx.ConnectError(str(problem), request=request) from problem
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)
