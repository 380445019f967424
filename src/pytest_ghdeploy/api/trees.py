"""
Trees: directories by SHA.

Source:
    https://docs.github.com/rest/git/trees
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import refusals, refusals_git
from pytest_ghdeploy.github.rules import git_database as rules
from pytest_ghdeploy.github.trees import DIRECTORY, EMPTY, File
from pytest_ghdeploy.serializers import git as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.git import Graph
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.trees import Tree
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"


def create(
    store: Store, repository: Repository, *, tree: Sequence[Mapping[str, Any]], base_tree: str | None = None
) -> Tree:
    """
    Create a tree. No event is dispatched.

    Args:
        tree: Entries with ``path``, ``mode``, ``type``, and either ``content`` or ``sha`` (``None`` to remove a path).

        base_tree: The SHA of the tree or commit that the entries change. Without it, the tree has only the entries.

    Raises:
        Conflict: The repository has no commits.
        Unprocessable: *base_tree* or an entry is invalid. Nothing was created.

    Source:
        https://docs.github.com/rest/git/trees#create-a-tree
        Recorded: that a commit may be ``base_tree`` (hub4j/github-api, PyGithub).
    """
    graph = git.history(store, repository)
    base = EMPTY if base_tree is None else _tree_of(graph, base_tree)
    if base is None:
        raise refusals_git.invalid_base_tree(f"{repository.full_name} has no tree or commit {base_tree!r}")
    for entry in tree:
        path, sha = entry.get("path", ""), entry.get("sha")
        is_there = base.find(path) is not None or base.folder(path) is not None
        rules.check_tree_entry(entry, kind=graph.kind_of(sha) if sha else None, is_there=is_there)
    made = base.committed({entry["path"]: _entry(graph, entry) for entry in tree})
    graph.keep_tree(made)
    return made


def _entry(graph: Graph, entry: Mapping[str, Any]) -> File | Tree | None:
    if "content" in entry:
        return File(graph.add_blob(entry["content"]), entry["mode"])
    sha = entry["sha"]
    tree = graph.tree(sha) if sha and entry["mode"] == DIRECTORY else None
    return tree if tree is not None else File(sha, entry["mode"]) if sha else None


def _tree_of(graph: Graph, sha: str) -> Tree | None:
    commit = graph.commits.get(graph.peel(sha))
    return commit.tree if commit else graph.tree(sha)


@route("git/create-tree", "POST /repos/{owner}/{repo}/git/trees")
def create_tree(call: Call) -> Reply:
    """Create a tree, and show its top level."""
    tree = create(call.store, call.repository, **call.arguments_for(create))
    graph = call.store.git(call.repository)
    body = as_json.tree(tree.sha, tree.directory(), graph, call.repository, call.urls)
    return Reply(201, body, location=body["url"])


@route("git/get-tree", "GET /repos/{owner}/{repo}/git/trees/{tree_sha}")
def get_tree(call: Call) -> Reply:
    """
    Show the tree of a SHA, or of the commit that a ref resolves to.

    Source:
        https://docs.github.com/rest/git/trees#get-a-tree
        Recorded: the commit's SHA in the response, if the tree was requested by a commit or branch (PyGithub).
    """
    graph, asked = git.history(call.store, call.repository), call.params["tree_sha"]
    sha, tree = asked, graph.tree(asked)
    if tree is None:
        commit = git.find_commit(call, asked, refusals.not_found, kind="tree, commit or ref ")
        sha, tree = commit.sha, commit.tree
    entries = list(islice(tree.walk(), rules.TREE_LIMIT + 1)) if _is_recursive(call.query_text) else tree.directory()
    shown, is_truncated = entries[: rules.TREE_LIMIT], len(entries) > rules.TREE_LIMIT
    body = as_json.tree(sha, shown, graph, call.repository, call.urls, truncated=is_truncated)
    return Reply(200, body)


def _is_recursive(query: str) -> bool:
    """
    Return whether *query* has ``recursive`` with any value. An empty value counts too, but not the word without ``=``.

    Source:
        Recorded by the tests of xmo-odoo/dummy_central.
    """
    pairs = (part.partition("=") for part in query.split("&"))
    return any(equals and unquote_plus(name) == "recursive" for name, equals, _ in pairs)
