"""
GitHub's refusals about pull requests, and their texts.

``refusals`` describes how refusals work. Texts that no source confirms are marked [guess].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.github.refusals import Conflict, MethodNotAllowed, Unprocessable

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESOURCE = "PullRequest"
_METHODS = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}


def _invalid(errors: list[dict[str, Any]], hint: str, *, field: str | None = None) -> Unprocessable:
    entries = [{"resource": _RESOURCE, **error} for error in errors]
    return Unprocessable("Validation Failed", errors=entries, hint=hint, field=field)


# Creating


def no_branches(hints: Mapping[str, str]) -> Unprocessable:
    """Refuse a new pull request whose base or head does not exist. *hints* are by field, ``base`` first."""
    return _invalid([{"field": field, "code": "invalid"} for field in hints], "; ".join(hints.values()))


def no_title() -> Unprocessable:
    """Refuse a pull request without a title."""
    return _invalid([{"code": "missing_field", "field": "title"}], "title is missing or empty")


def no_commits(base: str, head: str, hint: str) -> Unprocessable:
    """Refuse a new pull request that would merge nothing."""
    return _invalid([{"code": "custom", "message": f"No commits between {base} and {head}"}], hint, field="head")


def pull_request_exists(head: str, hint: str) -> Unprocessable:
    """Refuse a second open pull request. *head* is the label of the branch, ``OWNER:BRANCH``."""
    message = f"A pull request already exists for {head}."
    return _invalid([{"code": "custom", "message": message}], hint, field="head")


def no_common_history(base: str, head: str, hint: str) -> Unprocessable:
    """Refuse a new pull request between unrelated histories."""
    message = f"The {head} branch has no history in common with {base}"
    return _invalid([{"code": "custom", "message": message}], hint, field="head")


def no_issue(number: int, hint: str) -> Unprocessable:
    """Refuse to turn an issue that does not exist into a pull request."""
    return _of_issue("The specified issue does not exist.", number, hint)


def issue_attached(number: int, hint: str) -> Unprocessable:
    """Refuse to turn an issue into a pull request if it is one."""
    return _of_issue("The specified issue is already attached to a pull request.", number, hint)


def _of_issue(message: str, number: int, hint: str) -> Unprocessable:
    error = {"value": number, "resource": _RESOURCE, "field": "issue", "code": "invalid"}
    return Unprocessable(message, errors=[error], hint=hint)


# Updating


def no_new_base(base: str, hint: str) -> Unprocessable:
    """Refuse to change the base of a pull request to a branch that does not exist."""
    return _of_base(f"Proposed base branch '{base}' was not found", hint)


def base_of_closed(hint: str) -> Unprocessable:
    """Refuse to change the base of a closed pull request [guess: the form of the error]."""
    return _of_base("Cannot change the base branch of a closed pull request", hint)


def no_commits_for_base(base: str, head: str, hint: str) -> Unprocessable:
    """Refuse to change the base of a pull request to a branch that contains its head [guess]."""
    return _of_base(f"There are no new commits between base branch '{base}' and head branch '{head}'", hint)


def base_taken(base: str, head: str, hint: str) -> Unprocessable:
    """Refuse to change the base of a pull request if there is an open one for the new base [guess]."""
    return _of_base(f"A pull request already exists for base branch '{base}' and head branch '{head}'", hint)


def _of_base(message: str, hint: str) -> Unprocessable:
    return _invalid([{"message": message, "field": "base", "code": "invalid"}], hint)


def not_reopenable(reason: str, hint: str) -> Unprocessable:
    """Refuse to reopen a pull request for a *reason*, a sentence [guess: the form of the error]."""
    error = {"code": "invalid", "field": "state", "message": f"state cannot be changed. {reason}"}
    return _invalid([error], hint)


# Merging


def not_mergeable(hint: str) -> MethodNotAllowed:
    """Refuse to merge a pull request that is not open, has conflicts, or was not checked for conflicts yet."""
    return MethodNotAllowed("Pull Request is not mergeable", hint=hint)


def still_a_draft(hint: str) -> MethodNotAllowed:
    """Refuse to merge a draft."""
    return MethodNotAllowed("Pull Request is still a draft", hint=hint)


def method_not_allowed(method: str, hint: str) -> MethodNotAllowed:
    """Refuse to merge with a *method* that the settings of the repository exclude."""
    message = f"{_METHODS[method]} are not allowed on this repository."
    return MethodNotAllowed(message, hint=hint, field="merge_method")


def not_rebaseable(hint: str) -> MethodNotAllowed:
    """Refuse to rebase commits that conflict with the base one by one [guess]."""
    return MethodNotAllowed("This branch can't be rebased", hint=hint, field="merge_method")


def head_modified(hint: str) -> Conflict:
    """Refuse to merge if the head is not the commit that the client names."""
    return Conflict("Head branch was modified. Review and try the merge again.", hint=hint, field="sha")


# Updating the head


def unexpected_head(hint: str) -> Unprocessable:
    """Refuse to update a head that is not the commit that the client names. The apostrophe is typographic."""
    message = "expected head sha didn\N{RIGHT SINGLE QUOTATION MARK}t match current head ref."
    return Unprocessable(message, hint=hint, field="expected_head_sha")


def up_to_date(hint: str) -> Unprocessable:
    """Refuse to update a head that contains its base."""
    return Unprocessable("There are no new commits on the base branch.", hint=hint)


def base_conflicts(hint: str) -> Unprocessable:
    """Refuse to update a head that conflicts with its base."""
    return Unprocessable("merge conflict between base and head", hint=hint)
