"""
What is sent to a receiver, byte by byte, and what is said about how it went. Sends nothing.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers;
the words for deliveries that fail are those that users quote, or a guess
[guess] where nobody does.
"""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote_plus, urlsplit

from pytest_ghdeploy.github.model import HookResponse
from pytest_ghdeploy.github.refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import Hook, HookDelivery
    from pytest_ghdeploy.github.urls import Urls

USER_AGENT = "GitHub-Hookshot/8d33975"
CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
MOST_BYTES = 25 * 1024 * 1024
"""A larger payload is not delivered at all."""


def enterprise(urls: Urls) -> tuple[str, str] | None:
    """Find version and host of GitHub Enterprise Server, ``None`` for github.com."""
    return (urls.enterprise_version, urlsplit(urls.html).netloc) if urls.enterprise_version else None


def limit_seconds(urls: Urls) -> float:
    """
    Find how long a receiver may take.

    Source:
        https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/troubleshooting-webhooks#timed-out
    """
    return 30.0 if enterprise(urls) else 10.0


def payload_text(payload: object) -> bytes:
    """Write a payload as it is delivered."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def body(content_type: str, payload: bytes) -> bytes:
    """Make the body of a delivery, to the byte as it is signed and sent."""
    return b"payload=" + quote_plus(payload).encode() if content_type == "form" else payload


def sign(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    """
    Sign *body* as in ``X-Hub-Signature-256``: ``sha256=`` and the HMAC in hexadecimal digits.

    Source:
        https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    """
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def signature_headers(secret: str, body: bytes) -> dict[str, str]:
    """Make both headers that sign *body*; none without a secret."""
    if not secret:
        return {}
    return {"X-Hub-Signature": sign(secret, body, "sha1"), "X-Hub-Signature-256": sign(secret, body)}


def headers(hook: Hook, delivery: HookDelivery, signed: bytes, urls: Urls) -> dict[str, str]:
    """Make the headers of a delivery whose body is *signed*, in GitHub's order."""
    of_app = hook.repository_id is None
    made = {
        "Accept": "*/*",
        "Content-Type": CONTENT_TYPES[hook.content_type],
        "User-Agent": USER_AGENT,
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(hook.app_id if of_app else hook.repository_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if of_app else "repository",
    }
    if found := enterprise(urls):
        made["X-GitHub-Enterprise-Version"], made["X-GitHub-Enterprise-Host"] = found
    return made | signature_headers(hook.secret, signed)


# Where to


def is_loopback(url: str) -> bool:
    """Tell whether a URL is one of this machine, by its host: ``localhost`` or a loopback address."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# How it went


class Outcome(NamedTuple):
    """
    What came of a delivery.

    Attributes:
        status: In GitHub's words: ``OK``, or why not.

        reason: Why it failed, in terms of the test; ``""`` if it did not.

        exception: What the receiver raised, if it is in this process and did.
    """

    status_code: int
    status: str
    reason: str = ""
    headers: Mapping[str, str] | None = None
    payload: str | None = None
    exception: BaseException | None = None

    @property
    def last_response(self) -> HookResponse:
        """What the hook says about it from now on [guess: but for the words of a 2xx and of a 4xx]."""
        if not self.reason:
            return HookResponse(self.status_code, "active", "OK")
        if self.headers is not None:
            return HookResponse(self.status_code, "misconfigured", self.status)
        return HookResponse(self.status_code, "timeout" if self.status == TIMED_OUT else "failed", self.status)


TIMED_OUT = "timed out"


def answered(status_code: int, headers: Mapping[str, str], payload: str) -> Outcome:
    """Judge an answer: every 2xx is a success. GitHub follows no redirect."""
    if HTTPStatus.OK <= status_code < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(status_code, "OK", "", headers, payload)
    reason = f"the receiver answered {status_code} {REASONS.get(status_code, '')}".rstrip()
    return Outcome(status_code, f"Invalid HTTP Response: {status_code}", reason, headers, payload)


def crashed(exception: BaseException) -> Outcome:
    """Judge a receiver in this process that raised: as a server, which would answer 500."""
    told = f"{type(exception).__name__}: {exception}".rstrip(": ")
    code = int(HTTPStatus.INTERNAL_SERVER_ERROR)
    return Outcome(code, f"Invalid HTTP Response: {code}", f"the receiver raised {told}", {}, "", exception)


def timed_out(reason: str) -> Outcome:
    """Judge a receiver that took too long [guess: the code]."""
    return Outcome(int(HTTPStatus.GATEWAY_TIMEOUT), TIMED_OUT, reason)


def unreachable(reason: str) -> Outcome:
    """Judge a receiver that could not be asked, or said nothing [guess: the code]."""
    return Outcome(int(HTTPStatus.BAD_GATEWAY), "failed to connect to host", reason)


def as_payload(text: bytes) -> Any:  # noqa: ANN401 - JSON
    """Read a payload back."""
    return json.loads(text)
