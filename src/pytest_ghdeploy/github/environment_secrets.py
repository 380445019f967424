"""
Secrets and variables of environments, as frozen rows like those in ``model``, and the keys for secrets.

A client encrypts a secret with the environment's public key, in a sealed box of
libsodium. The fake keeps what it receives and shows it to the test only.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

KEY_ID = "568250167242549743"
"""The ``key_id`` of every public key: the same string in all recordings (octokit.rb, PyGithub)."""
SEALED_BOX_OVERHEAD = 48
"""The bytes that a sealed box adds to its content."""


class EnvironmentSecret(NamedTuple):
    """A secret of an environment, encrypted as the client sent it; ``""`` if the test gave no value."""

    id: int
    repository_id: int
    environment_id: int
    name: str
    encrypted_value: str
    key_id: str
    created_at: datetime
    updated_at: datetime

    def __repr__(self) -> str:
        return f"EnvironmentSecret(id={self.id}, name={self.name!r})"


class EnvironmentVariable(NamedTuple):
    """A variable of an environment. Unlike a secret, it can be read."""

    id: int
    repository_id: int
    environment_id: int
    name: str
    value: str
    created_at: datetime
    updated_at: datetime


# Keys

_PRIME = 2**255 - 19
_BASE = 9


def private_key(environment_id: int) -> bytes:
    """Return the private key of an environment: 32 bytes, the same in every run."""
    return sha256(b"key of the environment %d" % environment_id).digest()


@lru_cache(64)
def public_key(environment_id: int) -> bytes:
    """Return the public key of an environment: 32 bytes, for X25519."""
    return _multiply(private_key(environment_id), _BASE)


def _multiply(key: bytes, point: int) -> bytes:
    """
    Multiply a point of Curve25519.

    The time depends on the key, so this is not for real secrets.

    Source:
        RFC 7748, section 5
    """
    number = int.from_bytes(key, "little") & ~7 & ~(1 << 255) | 1 << 254
    x2, z2, x3, z3, swapped = 1, 0, point, 1, 0
    for place in reversed(range(255)):
        bit = number >> place & 1
        if bit != swapped:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swapped = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % _PRIME, b * b % _PRIME, d * a % _PRIME, c * b % _PRIME
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % _PRIME, point * (da - cb) ** 2 % _PRIME
        x2, z2 = aa * bb % _PRIME, e * (aa + 121_665 * e) % _PRIME
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, -1, _PRIME) % _PRIME).to_bytes(32, "little")
