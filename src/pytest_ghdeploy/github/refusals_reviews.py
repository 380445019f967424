"""
GitHub's refusals about reviews of pull requests and protected branches, and their texts.

``refusals`` describes how refusals work. Texts that no source confirms are marked [guess].
"""

from __future__ import annotations

from pytest_ghdeploy.github.refusals import MethodNotAllowed, Unprocessable


def _unprocessable(error: str, hint: str, *, field: str | None = None) -> Unprocessable:
    return Unprocessable("Unprocessable Entity", errors=[error], hint=hint, field=field)


def own_pull_request(verb: str, hint: str) -> Unprocessable:
    """Refuse a review by the author of the pull request. *verb* is ``approve`` or ``request changes on``."""
    return _unprocessable(f"Can not {verb} your own pull request", hint)


def no_body(hint: str) -> Unprocessable:
    """Refuse a review without the body that its event requires [guess]."""
    return _unprocessable("Body can't be blank", hint, field="body")


def pending_review_exists(hint: str) -> Unprocessable:
    """Refuse a second pending review [guess]."""
    return _unprocessable("User can only have one pending review per pull request", hint)


def not_its_commit(hint: str) -> Unprocessable:
    """Refuse a review of a commit that the pull request does not have [guess]."""
    return _unprocessable("The commit is not part of the pull request", hint, field="commit_id")


def not_pending(verb: str, hint: str) -> Unprocessable:
    """Refuse to ``delete`` or ``submit`` a review that was submitted before [guess]."""
    return _unprocessable(f"Can not {verb} a non-pending pull request review", hint)


def not_dismissible(state: str, hint: str) -> Unprocessable:
    """Refuse to dismiss a review that neither approves nor requests changes [guess]."""
    return _unprocessable(f"Can not dismiss a {state.lower()} pull request review", hint)


def not_a_collaborator(full_name: str, hint: str) -> Unprocessable:
    """Refuse to request a review from somebody without access [guess]."""
    message = (
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified "
        f"is not a collaborator of the {full_name} repository."
    )
    return Unprocessable(message, hint=hint)


def author_reviews(hint: str) -> Unprocessable:
    """Refuse to request a review from the author of the pull request [guess]."""
    return Unprocessable("Review cannot be requested from pull request author.", hint=hint, field="reviewers")


def protected_branch(message: str, hint: str) -> MethodNotAllowed:
    """Refuse to merge into a protected branch. The *message* says what is missing."""
    return MethodNotAllowed(message, hint=hint)
