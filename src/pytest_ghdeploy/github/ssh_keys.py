"""
A parser for OpenSSH public keys, as strict as GitHub is with deploy keys.

Source:
    https://www.rfc-editor.org/rfc/rfc4253#section-6.6 (RSA, DSA), rfc5656 (ECDSA), rfc8709 (Ed25519),
    and OpenSSH's PROTOCOL.u2f for the keys of security tokens (``sk-…``).
"""

from __future__ import annotations

import base64
import struct
from typing import NamedTuple

# The members after the type in a key's blob. "mpint" is a positive number, "string" is any string,
# an integer is a string of that many bytes, and any other value is that exact string.
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
"""The supported key types."""

_UNCOMPRESSED = 4  # the first byte of a point on a curve


class PublicKey(NamedTuple):
    """The parts of a public key line. *blob* is in base64; *comment* may be empty."""

    type: str
    blob: str
    comment: str

    @property
    def text(self) -> str:
        """The key without the comment, as GitHub shows it."""
        return f"{self.type} {self.blob}"


class InvalidKey(ValueError):
    """The text is not a public key. The message gives the reason."""


def parse(text: str) -> PublicKey:
    """
    Parse a line of a ``.pub`` file written by ``ssh-keygen``: type, base64 and optional comment.

    White space around the line is ignored.

    Raises:
        InvalidKey: The line has another format, or the base64 data is not a key of the given type.
    """
    if text.lstrip().startswith("-----BEGIN"):
        raise InvalidKey("it is in PEM format, not in OpenSSH's one-line format")
    if len(text.strip().splitlines()) > 1:
        raise InvalidKey("it has more than one line")
    kind, *rest = text.split(maxsplit=2) or [""]
    if kind not in _BLOBS:
        raise InvalidKey(f"{kind[:40]!r} is not a key type; the types are {', '.join(TYPES)}")
    if not rest:
        raise InvalidKey("nothing follows the key type")
    try:
        blob = base64.b64decode(rest[0], validate=True)
    except ValueError as problem:
        raise InvalidKey(f"the text after the key type is not base64: {problem}") from None
    _check(kind, blob)
    return PublicKey(kind, base64.b64encode(blob).decode(), rest[1].strip() if rest[1:] else "")


def _check(kind: str, blob: bytes) -> None:
    inner, *members = _strings(blob)
    if inner != kind.encode():
        raise InvalidKey(f"its type is {kind}, but its base64 data says {inner[:40].decode(errors='replace')!r}")
    expected = _BLOBS[kind]
    if len(members) != len(expected):
        raise InvalidKey(f"a key of type {kind} has {len(expected)} member(s), but this one has {len(members)}")
    for member, kind_of_member in zip(members, expected, strict=True):
        if isinstance(kind_of_member, int):
            is_point = kind.partition("-sha2-")[0].endswith("ecdsa")
            if len(member) != kind_of_member:
                raise InvalidKey(f"a key of type {kind} has {kind_of_member} bytes, but this one has {len(member)}")
            if is_point and member[0] != _UNCOMPRESSED:
                raise InvalidKey(f"the point in a key of type {kind} begins with the byte {_UNCOMPRESSED}")
        elif kind_of_member == "mpint":
            if not member.strip(b"\0") or member[0] & 0x80:
                raise InvalidKey(f"all members of a key of type {kind} are positive numbers")
        elif kind_of_member != "string" and member != kind_of_member.encode():
            raise InvalidKey(f"a key of type {kind} is on the curve {kind_of_member}")


def _strings(blob: bytes) -> list[bytes]:
    """Split a blob into its strings. Each is preceded by its length, 4 bytes."""
    strings, position = [], 0
    while position < len(blob):
        if position + 4 > len(blob):
            raise InvalidKey("the base64 data is cut off")
        (length,) = struct.unpack_from(">I", blob, position)
        position += 4 + length
        if position > len(blob):
            raise InvalidKey("the base64 data is cut off")
        strings.append(blob[position - length : position])
    return strings or [b""]
