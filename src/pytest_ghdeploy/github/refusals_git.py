"""GitHub's refusals of objects of git: blobs, trees, commits and annotated tags. See ``refusals``."""

from __future__ import annotations

from pytest_ghdeploy.github.refusals import Unprocessable


def not_a_full_sha(member: str, hint: str) -> Unprocessable:
    """Refuse an abbreviated or invalid SHA [guess: for ``object`` of a tag]."""
    message = f"The {member} parameter must be exactly 40 characters and contain only [0-9a-f]."
    return Unprocessable(message, hint=hint, field=member)


# Trees


def invalid_base_tree(hint: str) -> Unprocessable:
    """Refuse a ``base_tree`` that is neither a tree nor a commit."""
    return Unprocessable("base_tree is not a valid tree oid", hint=hint, field="base_tree")


def invalid_mode(hint: str) -> Unprocessable:
    """Refuse an entry without one of git's modes."""
    return Unprocessable("Must supply a valid tree.mode", hint=hint, field="tree")


def sha_or_content(hint: str) -> Unprocessable:
    """Refuse an entry with both ``sha`` and ``content``, or neither."""
    message = "Must supply either tree.sha or tree.content. Request will be rejected if both are present."
    return Unprocessable(message, hint=hint, field="tree")


def absolute_path(hint: str) -> Unprocessable:
    """Refuse an entry whose path starts with a slash."""
    return Unprocessable("tree.path cannot start with a slash", hint=hint, field="tree")


def malformed_tree_path(hint: str) -> Unprocessable:
    """Refuse an entry whose path git does not accept [guess: if it is missing or empty]."""
    return Unprocessable("tree.path contains a malformed path component", hint=hint, field="tree")


def directory_with_content(hint: str) -> Unprocessable:
    """Refuse the content of a directory."""
    return Unprocessable("A subdirectory may not have content", hint=hint, field="tree")


def not_an_object_of(kind: str, sha: str, hint: str) -> Unprocessable:
    """Refuse an entry whose SHA is not that of an object of the stated *kind*."""
    return Unprocessable(f"tree.sha {sha} is not a valid {kind}", hint=hint, field="tree")


def bad_object_state(hint: str) -> Unprocessable:
    """
    Refuse an entry that git cannot write.

    Recorded for a mode that does not fit the object, and for the removal of a path that does not exist. For a
    submodule with content it is a [guess].
    """
    return Unprocessable("GitRPC::BadObjectState", hint=hint, field="tree")


# Commits


def no_such_tree(hint: str) -> Unprocessable:
    """Refuse a commit of a tree that does not exist."""
    return Unprocessable("Tree SHA does not exist", hint=hint, field="tree")


def parent_not_a_sha(hint: str) -> Unprocessable:
    """Refuse a commit with an abbreviated or invalid SHA in ``parents``."""
    message = "Each SHA in the 'parents' parameter must be exactly 40 characters and contain only [0-9a-f]."
    return Unprocessable(message, hint=hint, field="parents")


def no_such_parent(hint: str) -> Unprocessable:
    """Refuse a commit with a parent that is not a commit."""
    return Unprocessable("Parent SHA does not exist or is not a commit object", hint=hint, field="parents")


def nameless(role: str, member: str) -> Unprocessable:
    """Refuse a person with an empty name or address [guess: for an address, and for anyone but the author]."""
    error = {"code": "missing_field", "field": member, "resource": role}
    return Unprocessable("Validation Failed", errors=[error], hint=f"the {member} of {role} is empty", field=role)
