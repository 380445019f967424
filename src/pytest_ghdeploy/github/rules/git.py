"""
GitHub's decisions about refs, commits and files over REST.

Source: https://docs.github.com/rest/git and https://docs.github.com/rest/repos/contents
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pytest_ghdeploy.github import refusals

if TYPE_CHECKING:
    from pytest_ghdeploy.github.git_objects import ObjectKind

FILE_LIMIT = 1_000_000
"""The size in bytes up to which ``GET …/contents`` includes a file's content."""
FULL_SHA = re.compile(r"[0-9a-f]{40}")
_NOT_IN_A_PATH = re.compile(r"^/|/$|//|\0|(^|/)(\.\.?|\.git)(/|$)", re.IGNORECASE)


# Refs and commits


def check_sha(sha: str) -> None:
    """
    Refuse an abbreviated or invalid SHA.

    Raises:
        Unprocessable: *sha* is not 40 hex digits in lower case.
    """
    if not FULL_SHA.fullmatch(sha):
        raise refusals.not_a_sha(f"sha is {sha!r}, which has {len(sha)} characters")


def check_new_ref(ref: str, *, is_valid: bool, is_taken: bool, blocking: str | None) -> None:
    """
    Refuse to create a ref whose name is invalid or taken.

    Args:
        ref: The client's text, such as ``refs/heads/topic``.

        is_valid: Whether git accepts the part after ``refs/heads/``.

        is_taken: Whether the ref exists.

        blocking: An existing ref, without ``refs/``, of which one would be a folder of the other; ``None`` if none.

    Raises:
        Unprocessable:
            The name does not start with ``refs/``, has fewer than three parts,
            is invalid or taken, or git cannot store the ref, since it or an
            existing ref would be a folder of the other.

    Source:
        https://docs.github.com/rest/git/refs#create-a-reference
        The first two texts were recorded.
    """
    name = ref.removeprefix("refs/")
    if name == ref:
        raise refusals.unqualified_ref(f"{ref!r} is not a full ref; write it in full, such as refs/heads/{name}")
    if "/" not in name:
        raise refusals.short_ref(f"{ref!r} is not a full ref; write it in full, such as refs/heads/{name}")
    if not is_valid:
        raise refusals.invalid_ref_name(ref, f"git does not accept the ref {ref!r}: see git check-ref-format")
    if is_taken:
        raise refusals.ref_exists(f"the ref {ref!r} exists; update-ref moves it")
    if blocking:
        raise refusals.ref_update_failed(f"git cannot store {ref!r} beside 'refs/{blocking}': one would be a folder")


def check_ref_object(name: str, kind: ObjectKind | None, *, is_new: bool, hint: str) -> None:
    """
    Refuse to point a ref to anything but a commit or, for all but branches, an annotated tag.

    Args:
        name: The ref without ``refs/``, such as ``heads/main``.

        kind:
            The kind of the object with the client's SHA, ``None`` if there is no such object. For an annotated tag
            of something other than a commit, the kind of that.

        is_new: Whether the ref is created; otherwise it is moved.

    Raises:
        Unprocessable: The object is neither. In the fake, refs other than branches cannot point to trees and blobs.

    Source:
        Recorded for branches: a new one at a file's content, and an existing one moved to a tree.
    """
    if kind == "commit" or (kind == "tag" and not name.startswith("heads/")):
        return
    if kind is None or not name.startswith("heads/"):
        raise refusals.no_object(hint)
    raise refusals.ref_update_failed(hint) if is_new else refusals.object_not_a_commit(hint)


def check_ref_writable(name: str) -> None:
    """
    Refuse to create, move or delete a ref of a pull request, which follows its branches by itself.

    Raises:
        Unprocessable: *name* is below ``pull/``.

    Source:
        GitHub hides these refs from pushes. That the text of the API is this one is a [guess].
    """
    if name.startswith("pull/"):
        raise refusals.ref_update_failed(f"refs/{name} is a ref of a pull request, which only GitHub changes")


def check_ref_update(*, fast_forward: bool, force: bool, hint: str) -> None:
    """
    Refuse to move a ref to a commit that does not contain its current one, unless with *force*.

    Raises:
        Unprocessable: The update is neither a fast-forward nor forced.

    Source:
        https://docs.github.com/rest/git/refs#update-a-reference
    """
    if not fast_forward and not force:
        raise refusals.not_fast_forward(hint)


def check_ref_deletable(name: str, default_branch: str) -> None:
    """
    Refuse to delete the default branch.

    Raises:
        Unprocessable: *name*, such as ``heads/main``, is the default branch.
    """
    if name == f"heads/{default_branch}":
        raise refusals.default_branch_stays(f"{default_branch} is the default branch, which cannot be deleted")


def comparison_status(*, ahead_by: int, behind_by: int) -> Literal["ahead", "behind", "diverged", "identical"]:
    """
    Return GitHub's word for how the head of a comparison relates to its base.

    Source:
        https://docs.github.com/rest/commits/commits#compare-two-commits
    """
    if ahead_by:
        return "diverged" if behind_by else "ahead"
    return "behind" if behind_by else "identical"


# Files


def is_path(path: str) -> bool:
    """Return whether git accepts a path: no slash at an end, and no part that is empty, ``.``, ``..`` or ``.git``."""
    return bool(path) and not _NOT_IN_A_PATH.search(path)


def check_path(path: str) -> None:
    """
    Refuse a file path that git does not accept.

    Raises:
        Unprocessable: *path* begins or ends with a slash, or has a part that is empty, ``.``, ``..`` or ``.git``.
    """
    if not is_path(path):
        raise refusals.malformed_path(f"git does not accept the path {path!r}")


def check_place(path: str, blocking: str | None) -> None:
    """
    Refuse a file at the path of a directory, or below another file.

    Args:
        blocking: An existing file of which one would be a directory of the other; ``None`` if there is none.

    Raises:
        Unprocessable: There is such a file.
    """
    if blocking is not None:
        raise refusals.path_taken(f"the file {blocking!r} exists, so {path!r} cannot be a file")


def check_file_sha(path: str, current: str | None, expected: str | None) -> None:
    """
    Refuse to change a file unless the client names its current SHA.

    Args:
        current: The SHA of the file's blob, ``None`` if the file does not exist.

        expected: The SHA in the request, ``None`` if it has none.

    Raises:
        Unprocessable: The file exists, and the request has no SHA.
        Conflict: The SHAs differ, or the file does not exist.

    Source:
        https://docs.github.com/rest/repos/contents#create-or-update-file-contents
    """
    if current == expected:
        return
    if expected is None:
        raise refusals.sha_needed(f"{path} exists, with sha {current}; send that as sha to replace the file")
    actual = f"has sha {current}" if current else "does not exist"
    hint = f"{path} {actual}; it has changed since it was read, or the sha in the request is not its blob's"
    raise refusals.stale_sha(path, expected, hint)


def shows_content(size: int) -> bool:
    """
    Return whether a response includes the content of a file of *size* bytes.

    Source:
        https://docs.github.com/rest/repos/contents#get-repository-content
    """
    return size <= FILE_LIMIT
