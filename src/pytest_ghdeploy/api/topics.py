"""
Topics of repositories.

Source:
    https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import repositories
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github.rules import topics as rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.store.store import Store

PERMISSION = "metadata"


def replace(store: Store, repository: Repository, *, names: Iterable[str]) -> Repository:
    """
    Replace the topics of a repository.

    Args:
        names: At most 20, of at most 50 letters, digits and hyphens each. They are stored in lower case.

    Raises:
        Unprocessable: A topic is not allowed, or there are too many. Nothing has changed.

    Source:
        https://docs.github.com/rest/repos/repos#replace-all-repository-topics
    """
    topics = rules.stored_topics(names)
    if topics == repository.topics:
        return repository
    return store.change_repository(repository._replace(topics=topics, updated_at=store.clock.now))


@route("repos/get-all-topics", "GET /repos/{owner}/{repo}/topics")
def get_all_topics(call: Call) -> Reply:
    """List the topics of a repository, in the order in which they were set."""
    return Reply(200, Listing(call.repository.topics, str, "names", {"names": None}))


@route("repos/replace-all-topics", "PUT /repos/{owner}/{repo}/topics", needs="admin")
def replace_all_topics(call: Call) -> Reply:
    """Replace the topics of a repository, and dispatch ``repository`` with the action ``edited``."""
    changed = replace(call.store, call.repository, **call.arguments_for(replace))
    repositories.announce(call.store, call.repository, changed, call.actor)
    return Reply(200, {"names": list(changed.topics)})
