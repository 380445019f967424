"""
OpenSSH public keys, as far as GitHub looks at one before it takes it.

Source:
    https://www.rfc-editor.org/rfc/rfc4253#section-6.6 (RSA, DSA), rfc5656 (ECDSA), rfc8709 (Ed25519),
    and OpenSSH's PROTOCOL.u2f for the keys of security tokens (``sk-…``).
"""

from __future__ import annotations

import base64
import struct
from typing import NamedTuple

# What follows the type in the blob of each: "mpint" is a positive number, "string" anything, a number
# a string of so many bytes, any other text exactly that string.
_BLOBS: dict[str, tuple[str | int, ...]] = {
    "ssh-rsa": ("mpint", "mpint"),
    "ssh-dss": ("mpint", "mpint", "mpint", "mpint"),
    "ssh-ed25519": (32,),
    "ecdsa-sha2-nistp256": ("nistp256", 65),
    "ecdsa-sha2-nistp384": ("nistp384", 97),
    "ecdsa-sha2-nistp521": ("nistp521", 133),
    "sk-ssh-ed25519@openssh.com": (32, "string"),
    "sk-ecdsa-sha2-nistp256@openssh.com": ("nistp256", 65, "string"),
}
TYPES = tuple(_BLOBS)
"""The types of key that are known."""

_UNCOMPRESSED = 4  # the first byte of a point on a curve


class PublicKey(NamedTuple):
    """A public key, cut into what a line of OpenSSH's has: *blob* is in base64, *comment* may be empty."""

    type: str
    blob: str
    comment: str

    @property
    def text(self) -> str:
        """The key without its comment, as GitHub shows it."""
        return f"{self.type} {self.blob}"


class InvalidKey(ValueError):
    """It is no public key. The message says why."""


def parse(text: str) -> PublicKey:
    """
    Read the line that ``ssh-keygen`` writes to a file ``.pub``: type, base64, and perhaps a comment.

    White space around it does not matter.

    Raises:
        InvalidKey: It is no such line, or what is in the base64 is not a key of its type.
    """
    if text.lstrip().startswith("-----BEGIN"):
        raise InvalidKey("it is in PEM format, not a line of OpenSSH's")
    if len(text.strip().splitlines()) > 1:
        raise InvalidKey("it has more than one line")
    kind, *rest = text.split(maxsplit=2) or [""]
    if kind not in _BLOBS:
        raise InvalidKey(f"{kind[:40]!r} is no type of key, such as {', '.join(TYPES)}")
    if not rest:
        raise InvalidKey("nothing follows its type")
    try:
        blob = base64.b64decode(rest[0], validate=True)
    except ValueError as problem:
        raise InvalidKey(f"what follows its type is not base64: {problem}") from None
    _check(kind, blob)
    return PublicKey(kind, base64.b64encode(blob).decode(), rest[1].strip() if rest[1:] else "")


def _check(kind: str, blob: bytes) -> None:
    inner, *members = _strings(blob)
    if inner != kind.encode():
        raise InvalidKey(f"it says {kind}, and the base64 says {inner[:40].decode(errors='replace')!r}")
    wanted = _BLOBS[kind]
    if len(members) != len(wanted):
        raise InvalidKey(f"a key of type {kind} has {len(wanted)} member(s), this one {len(members)}")
    for member, what in zip(members, wanted, strict=True):
        if isinstance(what, int):
            point = kind.partition("-sha2-")[0].endswith("ecdsa")
            if len(member) != what or (point and member[0] != _UNCOMPRESSED):
                raise InvalidKey(f"a key of type {kind} has {what} bytes, this one {len(member)} or others")
        elif what == "mpint":
            if not member.strip(b"\0") or member[0] & 0x80:
                raise InvalidKey(f"a member of it is not a positive number, as one of type {kind} has")
        elif what != "string" and member != what.encode():
            raise InvalidKey(f"a key of type {kind} is on the curve {what}")


def _strings(blob: bytes) -> list[bytes]:
    """Cut a blob into its strings, each of which has its length before it."""
    found, place = [], 0
    while place < len(blob):
        if place + 4 > len(blob):
            raise InvalidKey("the base64 is cut off")
        (length,) = struct.unpack_from(">I", blob, place)
        place += 4 + length
        if place > len(blob):
            raise InvalidKey("the base64 is cut off")
        found.append(blob[place - length : place])
    return found or [b""]
