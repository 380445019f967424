"""
How GitHub signs what it delivers. Pure functions of bytes.

Source:
    https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hmac


def sign(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    """Sign *body* as in ``X-Hub-Signature-256``: ``sha256=`` and the HMAC in hexadecimal digits."""
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def headers(secret: str, body: bytes) -> dict[str, str]:
    """Make both headers that sign *body*, none without a secret."""
    if not secret:
        return {}
    return {"X-Hub-Signature": sign(secret, body, "sha1"), "X-Hub-Signature-256": sign(secret, body)}
