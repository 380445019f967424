"""
Commits as objects of git, which move no branch.

Source:
    https://docs.github.com/rest/git/commits
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.git import Signature
from pytest_ghdeploy.github.rules import git_database as rules
from pytest_ghdeploy.github.trees import EMPTY
from pytest_ghdeploy.serializers import git as as_json
from pytest_ghdeploy.serializers.accounts import email

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pytest_ghdeploy.github.git import Commit
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"


def create(
    store: Store,
    repository: Repository,
    actor: User,
    *,
    message: str,
    tree: str,
    parents: Sequence[str] = (),
    author: Mapping[str, str] | None = None,
    committer: Mapping[str, str] | None = None,
    signature: str = "",
) -> Commit:
    """
    Create a commit that no branch contains. No event is dispatched.

    Args:
        tree: The SHA of its tree.

        parents: The SHAs of its parents, none for the first commit of a history.

        author: ``name``, ``email`` and optionally ``date``. The default is *actor*, now.

        committer: The same. The default is *author*.

        signature: The text of a signature, which the fake cannot verify. Without one, GitHub signs what an app commits
            as itself.

    Returns:
        The commit, which may have existed already.

    Raises:
        Conflict: The repository has no commits.
        Unprocessable: *tree*, a parent, a person or a date is invalid. Nothing was created.

    Source:
        https://docs.github.com/rest/git/commits#create-a-commit
    """
    graph, now = git.history(store, repository), store.clock.now
    found, unknown = graph.tree(tree), [parent for parent in parents if parent not in graph.commits]
    rules.check_new_commit(tree, parents, has_tree=found is not None, unknown=unknown)
    written_by = signature_of("author", author, actor, now)
    committed_by = signature_of("committer", committer, actor, now) if committer else written_by
    return graph.add_commit(
        EMPTY if found is None else found,
        tuple(parents),
        message=message,
        author=actor,
        now=now,
        signatures=(written_by, committed_by),
        pgp_signature=rules.pgp_signature(actor, author, committer, sent=signature),
    )


def signature_of(role: str, fields: Mapping[str, str] | None, actor: User, now: datetime) -> Signature:
    """
    Make the author, committer or tagger of a new object: *actor*, now, if the client chooses none.

    Raises:
        Unprocessable: The name or the email address is empty, or the date is outside the years 1 to 9999.
    """
    if fields is None:
        return Signature(actor.login, email(actor), now)
    rules.check_person(role, fields)
    return Signature(fields["name"], fields["email"], rules.date_of(role, fields, now))


@route("git/create-commit", "POST /repos/{owner}/{repo}/git/commits")
def create_commit(call: Call) -> Reply:
    """Create a commit."""
    commit = create(call.store, call.repository, call.actor, **call.arguments_for(create))
    body = as_json.git_commit(commit, call.repository, call.urls)
    return Reply(201, body, location=body["url"])


@route("git/get-commit", "GET /repos/{owner}/{repo}/git/commits/{commit_sha}")
def get_commit(call: Call) -> Reply:
    """Show a commit."""
    graph, sha = git.history(call.store, call.repository), call.params["commit_sha"]
    rules.check_full_sha("sha", sha)
    if sha not in graph.commits:
        raise refusals.not_found(git.no_object(call, "commit", sha))
    commit = graph.commits[sha]
    body = as_json.git_commit(commit, call.repository, call.urls)
    return Reply(200, body, modified_at=commit.committed_by.date if commit.committed_by else commit.committed_at)
