"""
GitHub's refusals about comments, reactions and labels, with their texts.

They are in a module of their own, because there are many; the others are in
``refusals``. Texts that no source confirms are marked [guess].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.github.refusals import (
    Forbidden,
    NotFound,
    Unprocessable,
    already_exists,
    invalid_field,
    validation_failed,
)

if TYPE_CHECKING:
    from pytest_ghdeploy.github.refusals import GitHubError

TOO_LONG = "is too long (maximum is 65536 characters)"
"""The end of the message about a long body. It mentions characters, though bytes are counted."""


def blank_body(resource: str, hint: str) -> Unprocessable:
    """Refuse a comment whose body is empty [guess: for all but new comments on issues]."""
    return invalid_field(resource, "missing_field", "body", hint)


def invalid_new_comment(problem: str, hint: str) -> Unprocessable:
    """
    Refuse a new comment on an issue. The text differs from that for a changed one.

    Source:
        The tests of xmo-odoo/dummy_central, which run against GitHub.
    """
    error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": f"Body {problem}"}
    return Unprocessable("Validation Failed", errors=[error], hint=hint, field="body")


def body_too_long(resource: str, hint: str) -> Unprocessable:
    """
    Refuse a comment whose body is too long.

    Source:
        cpp-linter/cpp-linter-action#208 for commits, suzuki-shunsuke/github-comment#124 for issues.
    """
    return validation_failed(resource, "body", f"body {TOO_LONG}", hint=hint)


def not_the_author(hint: str) -> Forbidden:
    """Refuse to change what another account has written [guess]."""
    return Forbidden("Must have admin rights to Repository.", hint=hint)


def label_exists(hint: str) -> Unprocessable:
    """Refuse a label whose name is taken."""
    return already_exists("Label", "name", hint)


def no_label_name(hint: str) -> Unprocessable:
    """Refuse a label with an empty name [guess]."""
    return invalid_field("Label", "missing_field", "name", hint)


def invalid_color(hint: str) -> Unprocessable:
    """Refuse a label whose color is not six hexadecimal digits."""
    return invalid_field("Label", "invalid", "color", hint)


def no_labels(hint: str) -> Unprocessable:
    """Refuse a list of labels to add that is empty [guess]."""
    return Unprocessable(
        "Invalid request.\n\nNo less than 1 items are allowed; 0 were supplied.", hint=hint, field="labels"
    )


def no_such_label(hint: str) -> GitHubError:
    """Refuse to remove a label that the issue does not have."""
    return NotFound("Label does not exist", hint=hint)
