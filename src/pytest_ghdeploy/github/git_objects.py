"""The SHAs of git's objects, and the names that git accepts for refs."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

ObjectKind = Literal["commit", "tree", "blob", "tag"]

_FULL_SHA = re.compile(r"[0-9a-fA-F]{40}")
# Matches names that `git check-ref-format` refuses.
_NOT_IN_A_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[./-]|[./]$|^@$|^$")


def blob_sha(content: bytes) -> str:
    """Compute the SHA of a file's content, the same as ``git hash-object``."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def is_valid_ref_name(name: str) -> bool:
    """Return whether git accepts *name* as the name of a branch or tag."""
    return name != "HEAD" and not _NOT_IN_A_REF.search(name) and not _FULL_SHA.fullmatch(name)


def sha_of(*parts: str) -> str:
    """Compute the SHA of an object from its *parts*, the first of which is its kind."""
    return hashlib.sha1("\0".join(parts).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def folders_of(path: str) -> Iterator[str]:
    """Yield each folder of a path: ``a`` and ``a/b`` of ``a/b/c``."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)
