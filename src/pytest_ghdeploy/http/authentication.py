"""Who sent a request: the token in its headers."""

from __future__ import annotations

import base64


def token_of(authorization: str) -> str:
    """Read the token from an ``Authorization`` header: ``token X``, ``Bearer X`` or Basic; ``""`` if there is none."""
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "token" | "bearer":
            return value
        case "basic":
            try:
                name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
            except ValueError:
                return ""
            # Git and curl send a token as the password, old clients as the name.
            return name if password in ("", "x-oauth-basic") else password
        case _:
            return ""
