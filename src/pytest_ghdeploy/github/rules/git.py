"""
GitHub's decisions about refs, commits and files over REST.

Source: https://docs.github.com/rest/git and https://docs.github.com/rest/repos/contents
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pytest_ghdeploy.github import refusals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


FILE_LIMIT = 1_000_000
"""Bytes of a file whose content ``GET …/contents`` includes."""
FULL_SHA = re.compile(r"[0-9a-f]{40}")
_NOT_IN_A_PATH = re.compile(r"^/|/$|//|\0|(^|/)(\.\.?|\.git)(/|$)", re.IGNORECASE)


# Git over REST


def check_sha(sha: str) -> None:
    """
    Refuse what is no full SHA, in lower case.

    Raises:
        Unprocessable: It is not 40 hex digits.
    """
    if not FULL_SHA.fullmatch(sha):
        raise refusals.not_a_sha(f"sha is {sha!r}, of {len(sha)} characters")


def check_new_ref(ref: str, *, is_valid: bool, known: Collection[str]) -> None:
    """
    Refuse to create a ref that has no proper name, or whose place is taken.

    Args:
        ref: As the client wrote it, ``refs/heads/topic``.

        is_valid: Whether git would take what stands after ``refs/heads/``.

        known: The refs there are, without ``refs/``.

    Raises:
        Unprocessable: The name is not written out, or is none; the ref is there; or it would be a folder of
            another ref, or the other way round, which git cannot store.

    Source:
        https://docs.github.com/rest/git/refs#create-a-reference
    """
    name = ref.removeprefix("refs/")
    if name == ref or "/" not in name:
        raise refusals.unqualified_ref(f"ref is {ref!r}; it is written out, as in refs/heads/{name}")
    if not is_valid:
        raise refusals.invalid_ref_name(ref, f"git takes no ref {ref!r}: see git check-ref-format")
    if name in known:
        raise refusals.ref_exists(f"there is a ref {ref!r} already; update-ref moves it")
    parts = name.split("/")
    above = {"/".join(parts[:count]) for count in range(1, len(parts))}
    other = next((one for one in known if one in above or one.startswith(f"{name}/")), None)
    if other:
        raise refusals.ref_update_failed(f"git cannot store {ref!r} beside 'refs/{other}': one would be a folder")


def check_ref_update(*, fast_forward: bool, force: bool, hint: str) -> None:
    """
    Refuse to move a ref to a commit that does not contain the one it names, unless by *force*.

    Raises:
        Unprocessable: It does not.

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
        raise refusals.default_branch_stays(f"{default_branch} is the default branch, which GitHub does not delete")


def comparison_status(*, ahead_by: int, behind_by: int) -> Literal["ahead", "behind", "diverged", "identical"]:
    """
    Put into a word how a head stands to its base.

    Source:
        https://docs.github.com/rest/commits/commits#compare-two-commits
    """
    if ahead_by:
        return "diverged" if behind_by else "ahead"
    return "behind" if behind_by else "identical"


def check_path(path: str) -> None:
    """
    Refuse what git does not take for the path of a file.

    Raises:
        Unprocessable: *path* begins or ends with a slash, or has a part that is empty, ``.``, ``..`` or ``.git``.
    """
    if not path or _NOT_IN_A_PATH.search(path):
        raise refusals.malformed_path(f"git takes no file {path!r}")


def check_place(path: str, known: Iterable[str]) -> None:
    """
    Refuse a file where a directory is, or below a file.

    Args:
        known: The paths of the files there are.

    Raises:
        Unprocessable: One of them is in the way.
    """
    for other in known:
        if other.startswith(f"{path}/") or path.startswith(f"{other}/"):
            raise refusals.path_taken(f"there is a file {other!r}, so {path!r} cannot be one")


def check_file_sha(path: str, there: str | None, given: str | None) -> None:
    """
    Refuse to change a file unless the client knows what it changes.

    Args:
        there: The sha of the file's blob, ``None`` if there is no such file.

        given: What the client takes it for, ``None`` if it does not say.

    Raises:
        Unprocessable: The file is there, and the client does not say.
        Conflict: It is another, or it is not there at all.

    Source:
        https://docs.github.com/rest/repos/contents#create-or-update-file-contents
    """
    if there == given:
        return
    if given is None:
        raise refusals.sha_needed(f"{path} is there already, with sha {there}; give that to replace it")
    is_now = f"has sha {there}" if there else "is not there"
    raise refusals.stale_sha(path, given, f"{path} {is_now}; it was changed since, or the sha is not its blob's")


def shows_content(size: int) -> bool:
    """
    Tell whether the content of a file of *size* bytes is part of an answer.

    Source:
        https://docs.github.com/rest/repos/contents#get-repository-content
    """
    return size <= FILE_LIMIT
