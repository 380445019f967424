"""
JSON web tokens, with which an app proves its identity: reading and verifying them, and making keys.

Reading needs nothing but the standard library. Keys and signatures need the
libraries of the extra ``app``, which are imported on first use.

Source:
    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ALGORITHM = "RS256"
"""The only algorithm that GitHub accepts."""
NEEDS_EXTRA = "needs PyJWT and cryptography: pip install 'pytest-ghdeploy[app]'"
"""The end of a message about something that needs the extra ``app``."""

_SEGMENTS = 3
_KEY_BITS = 2048


class JsonWebToken(NamedTuple):
    """A JSON web token: its header and its claims. Neither they nor the signature have been verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read(text: str) -> JsonWebToken | None:
    """Read a JSON web token; ``None`` if *text* is something else, such as one of GitHub's tokens."""
    segments = text.split(".")
    if len(segments) != _SEGMENTS:
        return None
    header, claims = _object(segments[0]), _object(segments[1])
    if header is None or claims is None or not isinstance(header.get("alg"), str) or _bytes(segments[2]) is None:
        return None
    return JsonWebToken(header, claims)


def _object(segment: str) -> dict[str, Any] | None:
    data = _bytes(segment)
    try:
        value = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _bytes(segment: str) -> bytes | None:
    if not segment.isascii() or "=" in segment:
        return None
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None


def encoded(data: bytes) -> str:
    """Encode a segment of a JSON web token: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# Keys


def can_verify() -> bool:
    """Return whether the libraries of the extra ``app`` are installed."""
    return find_spec("jwt") is not None and find_spec("cryptography") is not None


def new_private_key() -> str:
    """Make an RSA key in PEM, in the form in which GitHub gives it out (PKCS #1). It differs each time."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(public_exponent=65_537, key_size=_KEY_BITS).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return pem.decode()


@lru_cache(64)
def _public_key(private_key: str) -> RSAPublicKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it needs a password
        return None
    return key.public_key() if isinstance(key, RSAPrivateKey) else None


def is_private_key(text: str) -> bool:
    """Return whether *text* is an RSA private key in PEM, without a password."""
    return _public_key(text) is not None


def is_signed_by(text: str, private_key: str) -> bool:
    """Return whether a JSON web token was signed with a private key, with ``RS256``."""
    import jwt

    key = _public_key(private_key)
    if key is None:
        return False
    try:
        jwt.PyJWS().decode(text, key, algorithms=[ALGORITHM])
    except jwt.InvalidTokenError:
        return False
    return True
