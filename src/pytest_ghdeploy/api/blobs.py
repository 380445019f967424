"""
Blobs: contents of files.

Source:
    https://docs.github.com/rest/git/blobs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.rules import git_database as rules
from pytest_ghdeploy.serializers import git as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"

# Recorded by hub4j/github-api: clients may keep the bytes of a blob for a day.
_DAY = 86_400


def create(store: Store, repository: Repository, *, content: str, encoding: str | None = "utf-8") -> str:
    """
    Keep a file's content, and return its SHA. No event is dispatched.

    Args:
        encoding: ``base64``, of which invalid characters are skipped. Anything else means text in UTF-8.

    Raises:
        Conflict: The repository has no commits.

    Source:
        https://docs.github.com/rest/git/blobs#create-a-blob
    """
    return git.history(store, repository).add_blob(rules.blob_content(content, encoding))


@route("git/create-blob", "POST /repos/{owner}/{repo}/git/blobs")
def create_blob(call: Call) -> Reply:
    """Create a blob."""
    sha = create(call.store, call.repository, **call.arguments_for(create))
    body = as_json.short_blob(sha, call.repository, call.urls)
    return Reply(201, body, location=body["url"])


@route("git/get-blob", "GET /repos/{owner}/{repo}/git/blobs/{file_sha}")
def get_blob(call: Call) -> Reply:
    """Show a blob in base64, or its bytes."""
    graph, sha = git.history(call.store, call.repository), call.params["file_sha"]
    rules.check_full_sha("sha", sha)
    if sha not in graph.blobs:
        raise refusals.not_found(git.no_object(call, "blob", sha))
    if call.terms.form == "raw":
        by = "private" if call.viewer else "public"
        return Reply(200, graph.blobs[sha], headers={"Cache-Control": f"{by}, max-age={_DAY}, s-maxage={_DAY}"})
    return Reply(200, as_json.blob(sha, graph.blobs[sha], call.repository, call.urls))
