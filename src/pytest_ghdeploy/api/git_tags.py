"""
Annotated tags: objects with a message of their own, to which a tag's ref may point.

Source:
    https://docs.github.com/rest/git/tags
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import git, git_commits
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.rules import git_database as rules
from pytest_ghdeploy.serializers import git as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.git_database import AnnotatedTag
    from pytest_ghdeploy.github.git_objects import ObjectKind
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"


def create(
    store: Store,
    repository: Repository,
    actor: User,
    *,
    tag: str,
    message: str,
    object: str,  # noqa: A002 - GitHub's name
    type: ObjectKind,  # noqa: A002 - GitHub's name
    tagger: Mapping[str, str] | None = None,
) -> AnnotatedTag:
    """
    Create a tag object, to which no ref points. No event is dispatched.

    Args:
        tag: The name.

        object: The SHA of the tagged object, which is a *type*: ``commit``, ``tree`` or ``blob``.

        tagger: ``name``, ``email`` and optionally ``date``. The default is *actor*, now.

    Raises:
        Conflict: The repository has no commits.
        Unprocessable: *object* does not exist or is not a *type*, or the tagger is invalid. Nothing was created.

    Source:
        https://docs.github.com/rest/git/tags#create-a-tag-object
    """
    graph = git.history(store, repository)
    rules.check_tagged(object, type, graph.kind_of(object))
    now = store.clock.now
    return graph.add_annotated_tag(
        tag, message, object, type, git_commits.signature_of("tagger", tagger, actor, now), now
    )


@route("git/create-tag", "POST /repos/{owner}/{repo}/git/tags")
def create_tag(call: Call) -> Reply:
    """Create an annotated tag."""
    row = create(call.store, call.repository, call.actor, **call.arguments_for(create))
    body = as_json.annotated_tag(row, call.repository, call.urls)
    return Reply(201, body, location=body["url"])


@route("git/get-tag", "GET /repos/{owner}/{repo}/git/tags/{tag_sha}")
def get_tag(call: Call) -> Reply:
    """Show an annotated tag."""
    graph, sha = git.history(call.store, call.repository), call.params["tag_sha"]
    rules.check_full_sha("sha", sha)
    if sha not in graph.annotated_tags:
        raise refusals.not_found(git.no_object(call, "annotated tag", sha))
    return Reply(200, as_json.annotated_tag(graph.annotated_tags[sha], call.repository, call.urls))
