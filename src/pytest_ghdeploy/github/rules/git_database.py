"""
GitHub's decisions about blobs, trees, commits and annotated tags.

Source: https://docs.github.com/rest/git, and the tests of xmo-odoo/dummy_central, which run against GitHub.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github import refusals, refusals_git
from pytest_ghdeploy.github.merges import WEB_FLOW_PGP_SIGNATURE
from pytest_ghdeploy.github.rules.commits import to_time
from pytest_ghdeploy.github.rules.git import FULL_SHA, is_path
from pytest_ghdeploy.github.trees import DIRECTORY, EXECUTABLE, REGULAR, SUBMODULE, SYMLINK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_ghdeploy.github.git_objects import ObjectKind
    from pytest_ghdeploy.github.model import User

TREE_LIMIT = 100_000
"""The most entries of a recursive tree in a response."""

_KINDS: dict[str, ObjectKind] = {
    REGULAR: "blob",
    EXECUTABLE: "blob",
    SYMLINK: "blob",
    DIRECTORY: "tree",
    SUBMODULE: "commit",
}
_DIGITS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_NOTHING = "0" * 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_full_sha(member: str, sha: str) -> None:
    """
    Refuse an abbreviated or invalid SHA.

    Raises:
        Unprocessable: *sha* is not 40 hex digits in lower case.
    """
    if not FULL_SHA.fullmatch(sha):
        raise refusals_git.not_a_full_sha(member, f"{member} is {sha!r}, which has {len(sha)} characters")


# Blobs


def blob_content(content: str, encoding: str | None) -> bytes:
    """
    Return the bytes of a new blob. Any *encoding* but ``base64`` means text in UTF-8.

    Invalid base64 is not refused: other characters are skipped, and the rest is ignored from a ``=`` in third or
    fourth place on, as in Ruby.

    Source:
        https://docs.github.com/rest/git/blobs#create-a-blob
        Recorded by the tests of xmo-odoo/dummy_central.
    """
    if encoding != "base64":
        return content.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        digits = "".join(_digits(content))
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.b64decode(digits + "=" * (-len(digits) % 4))


def _digits(text: str) -> Iterable[str]:
    count = 0
    for character in text:
        if character in _DIGITS:
            count += 1
            yield character
        elif character == "=" and count % 4 >= 2:  # noqa: PLR2004 - the third or fourth of a group
            return


# Trees


def check_tree_entry(entry: Mapping[str, Any], *, kind: ObjectKind | None, is_there: bool) -> None:
    """
    Refuse an entry of a new tree that breaks a rule.

    Args:
        entry: ``path``, ``mode``, ``type``, and either ``sha`` (``None`` removes the path) or ``content``.

        kind: The kind of the object with this SHA, ``None`` if there is none.

        is_there: Whether the base tree has a file or directory at the path.

    Raises:
        Unprocessable: The entry breaks a rule, and with it the whole request.

    Source:
        https://docs.github.com/rest/git/trees#create-a-tree
        The texts were recorded by the tests of xmo-odoo/dummy_central. Which comes first is a guess.
    """
    where, mode, sha = f"the entry {entry.get('path', '')!r}", entry.get("mode"), entry.get("sha")
    _check_entry_form(where, entry)
    if "content" in entry:
        if mode == DIRECTORY:
            raise refusals_git.directory_with_content(f"{where} has mode {mode} of a directory")
        if mode == SUBMODULE:
            raise refusals_git.bad_object_state(f"{where} has mode {mode} of a submodule, which has no content")
    elif sha is not None:
        _check_entry_object(where, entry, kind)
    elif not is_there:
        raise refusals_git.bad_object_state(f"{where} has sha null, which removes it, but it does not exist")


def _check_entry_form(where: str, entry: Mapping[str, Any]) -> None:
    path, mode = entry.get("path", ""), entry.get("mode")
    if mode not in _KINDS:
        raise refusals_git.invalid_mode(f"{where} has mode {mode!r}; the modes are {', '.join(_KINDS)}")
    if ("sha" in entry) == ("content" in entry):
        raise refusals_git.sha_or_content(f"{where} has {'both' if 'sha' in entry else 'neither'}")
    if path.startswith("/"):
        raise refusals_git.absolute_path(f"{where} must be relative to the tree")
    if not is_path(path):
        raise refusals_git.malformed_tree_path(f"git does not accept the path {path!r}")


def _check_entry_object(where: str, entry: Mapping[str, Any], kind: ObjectKind | None) -> None:
    mode, sha = entry["mode"], entry["sha"]
    stated = entry.get("type", _KINDS[mode])
    # A submodule's commit is in another repository, so it is not looked up.
    is_valid = kind == stated if stated != "commit" else bool(FULL_SHA.fullmatch(sha)) and sha != _NOTHING
    if not is_valid:
        known = f"{sha} is a {kind}" if kind else f"the repository has no object {sha!r}"
        raise refusals_git.not_an_object_of(stated, sha, f"{where} has type {stated}, but {known}")
    if _KINDS[mode] != stated:
        raise refusals_git.bad_object_state(f"{where} has mode {mode}, which does not fit type {stated}")


# Commits and tags


def check_new_commit(tree: str, parents: Collection[str], *, has_tree: bool, unknown: Collection[str]) -> None:
    """
    Refuse a commit whose tree or parents do not exist.

    Args:
        has_tree: Whether the repository has this *tree*.

        unknown: Those of *parents* that are not commits of the repository.

    Raises:
        Unprocessable: A SHA is invalid or unknown.

    Source:
        https://docs.github.com/rest/git/commits#create-a-commit
        The texts are recorded or quoted by users. Which comes first is a guess.
    """
    check_full_sha("tree", tree)
    for parent in parents:
        if not FULL_SHA.fullmatch(parent):
            raise refusals_git.parent_not_a_sha(f"parents has {parent!r}, which has {len(parent)} characters")
    if not has_tree:
        raise refusals_git.no_such_tree(f"the repository has no tree {tree}")
    if unknown:
        raise refusals_git.no_such_parent(f"not a commit of the repository: {', '.join(unknown)}")


def pgp_signature(actor: User, *people: Mapping[str, str] | None, sent: str = "") -> str:
    """
    Return the signature of a new commit: the one that was *sent*, GitHub's own for a commit of an app, or ``""``.

    Args:
        people: The author and the committer in the request. GitHub signs only for an app that chooses neither.

    Source:
        https://docs.github.com/authentication/managing-commit-signature-verification/about-commit-signature-verification
    """
    is_own = actor.type == "Bot" and not any(people)
    return sent or (WEB_FLOW_PGP_SIGNATURE if is_own else "")


def check_tagged(target: str, stated: str, kind: ObjectKind | None) -> None:
    """
    Refuse an annotated tag of an object that does not exist, or that is not of the *stated* kind.

    Raises:
        Unprocessable: The SHA is invalid or unknown, or *kind* is another [guess].

    Source:
        https://docs.github.com/rest/git/tags#create-a-tag-object
    """
    check_full_sha("object", target)
    if kind != stated:
        known = f"{target} is a {kind}, not a {stated}" if kind else f"the repository has no object {target}"
        raise refusals.no_object(known)


def check_person(role: str, fields: Mapping[str, str]) -> None:
    """
    Refuse an author, committer or tagger with an empty name or address.

    Raises:
        Unprocessable: ``name`` or ``email`` is empty.

    Source:
        Recorded for the author's name by the tests of xmo-odoo/dummy_central.
    """
    for member in ("name", "email"):
        if not fields[member].strip():
            raise refusals_git.nameless(role, member)


def date_of(role: str, fields: Mapping[str, str], now: datetime) -> datetime:
    """
    Return the date of an author, committer or tagger. A date before 1970 becomes the epoch.

    Raises:
        Unprocessable: In UTC, the date is outside the years 1 to 9999.

    Source:
        Recorded by the tests of xmo-odoo/dummy_central.
    """
    return max(to_time(f"{role}/date", fields["date"]), _EPOCH) if "date" in fields else now
