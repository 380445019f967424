"""
Webhook deliveries: headers, body and signatures, and how GitHub reports the outcome. Nothing is sent here.

Source:
    https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers. The texts for failed
    deliveries are quoted by users, or marked [guess].
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
"""The size limit of a payload, in bytes. A larger one is not delivered."""


def enterprise(urls: Urls) -> tuple[str, str] | None:
    """Return the version and host of GitHub Enterprise Server, ``None`` for github.com."""
    return (urls.enterprise_version, urlsplit(urls.html).netloc) if urls.enterprise_version else None


def limit_seconds(urls: Urls) -> float:
    """
    Return the time limit of a receiver, in seconds.

    Source:
        https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/troubleshooting-webhooks#timed-out
    """
    return 30.0 if enterprise(urls) else 10.0


def payload_text(payload: object) -> bytes:
    """Encode a payload as delivered: compact JSON in UTF-8."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def body(content_type: str, payload: bytes) -> bytes:
    """Build the body of a delivery, byte for byte as signed and sent."""
    return b"payload=" + quote_plus(payload).encode() if content_type == "form" else payload


def sign(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    """
    Sign *body* as in ``X-Hub-Signature-256``: ``sha256=`` and the HMAC in hexadecimal digits.

    Source:
        https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    """
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def signature_headers(secret: str, body: bytes) -> dict[str, str]:
    """Build the two signature headers for *body*; empty without a secret."""
    if not secret:
        return {}
    return {"X-Hub-Signature": sign(secret, body, "sha1"), "X-Hub-Signature-256": sign(secret, body)}


def headers(
    hook: Hook, delivery: HookDelivery, signed: bytes, urls: Urls, *, legacy_names: bool = False
) -> dict[str, str]:
    """
    Build the headers of a delivery with the body *signed*, in GitHub's order.

    Args:
        legacy_names: Whether names are spelled as in 2023. See ``Assumptions.legacy_delivery_headers``.
    """
    is_of_app = hook.repository_id is None
    fields = {
        "Accept": "*/*",
        "Content-Type": CONTENT_TYPES[hook.content_type],
        "User-Agent": USER_AGENT,
        "X-Github-Delivery": delivery.guid,
        "X-Github-Event": delivery.event,
        "X-Github-Hook-Id": str(hook.id),
        "X-Github-Hook-Installation-Target-Id": str(hook.app_id if is_of_app else hook.repository_id),
        "X-Github-Hook-Installation-Target-Type": "integration" if is_of_app else "repository",
    }
    if server := enterprise(urls):
        # [guess: that today's servers use these names too]
        fields["X-Github-Enterprise-Version"], fields["X-Github-Enterprise-Host"] = server
    if legacy_names:
        fields = {_legacy_name(name): value for name, value in fields.items()}
    return fields | signature_headers(hook.secret, signed)


def _legacy_name(name: str) -> str:
    name = name.replace("X-Github-", "X-GitHub-")
    return f"{name.removesuffix('-Id')}-ID" if name.endswith("-Id") else name


# Destination


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is ``localhost`` or a loopback address."""
    try:
        return is_loopback_host((urlsplit(url).hostname or "").rstrip("."))
    except ValueError:
        return False


def is_loopback_host(host: str) -> bool:
    """Return whether *host*, in lower case and without a dot at its end, is ``localhost`` or a loopback address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# Outcome


class Outcome(NamedTuple):
    """
    The outcome of a delivery.

    Attributes:
        status: GitHub's text: ``OK``, or the kind of failure.

        reason: The reason for the failure, for the author of the test; ``""`` for a success.

        exception: The exception raised by a receiver in this process.
    """

    status_code: int
    status: str
    reason: str = ""
    headers: Mapping[str, str] | None = None
    payload: str = ""
    exception: BaseException | None = None

    @property
    def last_response(self) -> HookResponse:
        """The hook's ``last_response`` after this delivery [guess: for a timeout]."""
        if not self.reason:
            return HookResponse(self.status_code, "active", "OK")
        if self.headers is not None:
            return HookResponse(self.status_code, "misconfigured", self.status)
        return HookResponse(
            self.status_code, "timeout" if self.status == TIMED_OUT else "connection_error", self.status
        )


TIMED_OUT = "timed out"


def answered(status_code: int, headers: Mapping[str, str], payload: str) -> Outcome:
    """Make the outcome of a response: every 2xx is a success. GitHub does not follow redirects."""
    if HTTPStatus.OK <= status_code < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(status_code, "OK", "", headers, payload)
    reason = f"the receiver answered {status_code} {REASONS.get(status_code, '')}".rstrip()
    return Outcome(status_code, f"Invalid HTTP Response: {status_code}", reason, headers, payload)


def crashed(exception: BaseException) -> Outcome:
    """Make the outcome of a receiver in this process that raised: the same as a 500 from a server."""
    text = f"{type(exception).__name__}: {exception}".rstrip(": ")
    code = int(HTTPStatus.INTERNAL_SERVER_ERROR)
    return Outcome(code, f"Invalid HTTP Response: {code}", f"the receiver raised {text}", {}, "", exception)


def timed_out(reason: str) -> Outcome:
    """Make the outcome of a receiver that exceeded the time limit [guess: the code]."""
    return Outcome(int(HTTPStatus.GATEWAY_TIMEOUT), TIMED_OUT, reason)


def unreachable(reason: str) -> Outcome:
    """
    Make the outcome of a receiver that could not be reached or sent no response.

    Source:
        Deliveries that GitHub recorded in September 2026.
    """
    return Outcome(int(HTTPStatus.BAD_GATEWAY), "failed to connect to host", reason)


def as_payload(text: bytes) -> Any:  # noqa: ANN401 - JSON
    """Decode a payload."""
    return json.loads(text)
