"""
GitHub's refusals of releases, dispatched events and topics, and of changes that a branch's rules forbid.

Texts that no source confirms are marked [guess].
"""

from __future__ import annotations

from pytest_ghdeploy.github.refusals import Conflict, Unprocessable, already_exists, invalid_field, validation_failed


def tag_has_release(hint: str) -> Unprocessable:
    """Refuse a second release of a tag."""
    return already_exists("Release", "tag_name", hint)


def invalid_tag_name(hint: str) -> Unprocessable:
    """Refuse a release whose tag cannot be created [guess: the text]."""
    return validation_failed("Release", "tag_name", "tag_name is not a valid tag", hint=hint)


def no_target(hint: str) -> Unprocessable:
    """Refuse a release of a branch or commit that does not exist."""
    return invalid_field("Release", "invalid", "target_commitish", hint)


def empty_repository() -> Unprocessable:
    """Refuse a release of a repository without commits [guess: the form]."""
    error = {"resource": "Release", "code": "custom", "message": "Repository is empty."}
    hint = "the repository has no commits; create it with auto_init, or add a file to it"
    return Unprocessable("Validation Failed", errors=[error], hint=hint)


def payload_too_large(hint: str) -> Unprocessable:
    """Refuse a ``client_payload`` above the limit."""
    return Unprocessable("client_payload is too large.", hint=hint, field="client_payload")


def invalid_topic(hint: str) -> Unprocessable:
    """Refuse a topic. The errors are strings."""
    text = (
        "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include "
        "hyphens."
    )
    return Unprocessable("Validation Failed", errors=[text], hint=hint, field="names")


def too_many_topics(limit: int, hint: str) -> Unprocessable:
    """Refuse more topics than a repository can have [guess: the text]."""
    text = f"A repository cannot have more than {limit} topics."
    return Unprocessable("Validation Failed", errors=[text], hint=hint, field="names")


def rival_filters(hint: str) -> Unprocessable:
    """Refuse a list with ``type`` and one of the filters that replace it."""
    return Unprocessable("If you specify visibility or affiliation, you cannot specify type.", hint=hint)


_VIOLATIONS = "Repository rule violations found\n\n{}\n\n"
_NO_UPDATE = _VIOLATIONS.format("Cannot update this protected ref.")
_NO_CREATION = _VIOLATIONS.format("Cannot create ref due to creations being restricted.")


def ref_protected(hint: str) -> Unprocessable:
    """
    Refuse to move a branch that a rule protects.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub, as for the next two.
    """
    return Unprocessable(_NO_UPDATE, hint=hint)


def creation_restricted(hint: str) -> Unprocessable:
    """Refuse to create a branch where a rule restricts creations."""
    return Unprocessable("Reference update failed", hint=hint, field="ref")


def contents_protected(hint: str, *, is_new_branch: bool) -> Conflict:
    """Refuse a commit of a file to a branch that a rule protects."""
    return Conflict(_NO_CREATION if is_new_branch else _NO_UPDATE, hint=hint, metadata={})
