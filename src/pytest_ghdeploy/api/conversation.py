"""
Operations that comments of all kinds share: who may change them, their reactions and their authors.

The endpoints are in ``commit_comments``, ``issue_comments`` and ``reactions``.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_ghdeploy.api.routing import refuse_forms
from pytest_ghdeploy.github.rules import comments as rules
from pytest_ghdeploy.github.rules.permissions import author_association
from pytest_ghdeploy.serializers import comments as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.api.routing import Call
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import CommitComment, IssueComment, Review, Subject
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store


def association_of(store: Store, repository: Repository, user: User) -> str:
    """Return the association of *user*: ``OWNER``, ``MEMBER``, ``COLLABORATOR``, ``CONTRIBUTOR`` or ``NONE``."""
    granted, is_member = store.granted(repository, user), store.is_member(repository.owner, user)
    known = author_association(user, repository, granted, is_member=is_member, has_committed=False)
    if known != "NONE":
        return known
    # Only the default branch counts: a test merge is a commit by the author of its pull request.
    graph = store.git(repository)
    has_committed = user.id in graph.authors(graph.branches[repository.default_branch])
    return author_association(user, repository, granted, is_member=is_member, has_committed=has_committed)


def reactions_to(store: Store, subject: Subject, row_id: int) -> Counter[str]:
    """Count the reactions to a row by their content."""
    return Counter[str](reaction.content for reaction in store.reactions.where(subject=subject, subject_id=row_id))


def surroundings(
    store: Store, repository: Repository, author: User, subject: Subject, row_id: int
) -> as_json.Surroundings:
    """Collect what the JSON of a comment shows besides its row."""
    return as_json.Surroundings(association_of(store, repository, author), reactions_to(store, subject, row_id))


def in_form(call: Call, shown: JSON) -> JSON:
    """
    Convert the JSON of a comment or pull request to the form that the client requested.

    With the media type ``full`` it has more.

    Raises:
        UnsupportedRequest: The client wants the text or the HTML alone.
    """
    refuse_forms(call, "html", "text")
    return as_json.in_full(shown) if call.terms.form == "full" else shown


def check_author(call: Call, row: CommitComment | IssueComment | Review) -> None:
    """
    Refuse a caller who may not change a comment or a review.

    Raises:
        Forbidden: The caller neither wrote it nor may push to the repository.
    """
    right = call.store.permission(call.repository, call.actor)
    is_app = call.token is not None and call.token.kind == "app"
    rules.check_author(row.user.login, call.actor.login, right=right, is_app=is_app)


def forget_reactions(store: Store, subject: Subject, row_id: int) -> None:
    """Remove the reactions to a row that is deleted."""
    for reaction in list(store.reactions.where(subject=subject, subject_id=row_id)):
        store.reactions.remove(reaction)
