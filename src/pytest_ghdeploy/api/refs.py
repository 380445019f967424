"""
References: branches, tags and other refs, by full name.

Source:
    https://docs.github.com/rest/git/refs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.git_objects import is_valid_ref_name
from pytest_ghdeploy.github.rules import git as rules
from pytest_ghdeploy.serializers import git as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.git import Graph
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"


def create(store: Store, repository: Repository, actor: User, *, ref: str, sha: str) -> str:
    """
    Create a ref, and dispatch ``create`` and ``push`` for a branch or tag.

    Args:
        ref: The full name, such as ``refs/heads/topic``.

        sha: 40 hex digits.

    Returns:
        The ref's name without ``refs/``.

    Raises:
        Conflict: The repository has no commits.
        Unprocessable:
            *ref* is invalid, exists or is one of a pull request, *sha* is not a
            commit, or a rule of the branch restricts creations. In all cases
            nothing has changed.

    Source:
        https://docs.github.com/rest/git/refs#create-a-reference
    """
    graph = git.history(store, repository)
    rules.check_sha(sha)
    name = new_name(graph, ref)
    rules.check_ref_writable(name)
    _check_object(graph, repository, name, sha, is_new=True)
    _check_rules(store, repository, name, is_new=True)
    graph.set_ref(name, sha)
    git.pushed(store, repository, actor, name, before=None)
    return name


def new_name(graph: Graph, ref: str) -> str:
    """
    Check the full name of a new *ref*, such as ``refs/heads/topic``, and return it without ``refs/``.

    Raises:
        Unprocessable: *ref* is invalid or exists.
    """
    name = ref.removeprefix("refs/")
    is_valid = is_valid_ref_name(name) and is_valid_ref_name(name.partition("/")[2])
    taken = graph.ref(name) is not None
    rules.check_new_ref(ref, is_valid=is_valid, is_taken=taken, blocking=graph.blocking_ref(name))
    return name


def update(store: Store, repository: Repository, actor: User, name: str, *, sha: str, force: bool = False) -> None:
    """
    Move the ref *name*, such as ``heads/topic``, to another commit, and dispatch ``push`` for a branch or tag.

    If the ref already points to the commit, no event is dispatched.

    Args:
        sha: 40 hex digits.

        force: Whether the ref may lose commits.

    Raises:
        Conflict: The repository has no commits.
        Unprocessable:
            The ref or the commit does not exist, the ref is one of a pull
            request, the update is not a fast-forward and *force* is false, or a
            rule of the branch restricts updates. In all cases nothing has
            changed.

    Source:
        https://docs.github.com/rest/git/refs#update-a-reference
    """
    graph = git.history(store, repository)
    before = _check_ref(graph, repository, name)
    rules.check_ref_writable(name)
    rules.check_sha(sha)
    _check_object(graph, repository, name, sha, is_new=False)
    lost = [commit.sha[:7] for commit in graph.missing(graph.peel(sha), graph.peel(before))]
    hint = f"refs/{name} would lose {len(lost)} commit(s), {', '.join(lost[:5])}; force=true moves it anyway"
    rules.check_ref_update(fast_forward=not lost, force=force, hint=hint)
    if sha != before:
        _check_rules(store, repository, name, is_new=False)
        graph.set_ref(name, sha)
        git.pushed(store, repository, actor, name, before=before)


def delete(store: Store, repository: Repository, actor: User, name: str) -> None:
    """
    Delete the ref *name*, such as ``heads/topic``; dispatch ``delete`` and ``push`` for a branch or tag.

    Its commits stay and can be deployed by SHA.

    Raises:
        Conflict: The repository has no commits.
        Unprocessable: The ref does not exist, is the default branch, or is one of a pull request. Nothing has changed.

    Source:
        https://docs.github.com/rest/git/refs#delete-a-reference
    """
    graph = git.history(store, repository)
    before = _check_ref(graph, repository, name)
    rules.check_ref_writable(name)
    rules.check_ref_deletable(name, repository.default_branch)
    graph.remove_ref(name)
    git.pushed(store, repository, actor, name, before=before)


def _check_rules(store: Store, repository: Repository, name: str, *, is_new: bool) -> None:
    if store.branch_rules:
        from pytest_ghdeploy.api import branch_rules  # few tests need it

        branch_rules.check_ref(store, repository, name, is_new=is_new)


def _check_ref(graph: Graph, repository: Repository, name: str) -> str:
    sha = graph.ref(name)
    if sha is None:
        raise refusals.no_reference(_unknown(graph, repository, name))
    return sha


def _check_object(graph: Graph, repository: Repository, name: str, sha: str, *, is_new: bool) -> None:
    kind = graph.kind_of(sha)
    if kind == "tag" and graph.peel(sha) not in graph.commits:
        kind = graph.annotated_tags[sha].target_kind
    hint = f"{sha} is a {kind}, not a commit" if kind else f"{repository.full_name} has no commit {sha}"
    rules.check_ref_object(name, kind, is_new=is_new, hint=hint)


def _unknown(graph: Graph, repository: Repository, name: str) -> str:
    return f"{repository.full_name} has no ref {name!r}; {errors.known_values(name, graph.refs())}"


def _to_json(call: Call, name: str, sha: str) -> JSON:
    kind = call.store.git(call.repository).kind_of(sha) or "commit"
    return as_json.ref(name, sha, kind, call.repository, call.urls)


@route("git/get-ref", "GET /repos/{owner}/{repo}/git/ref/{ref}", "GET /repos/{owner}/{repo}/git/refs/{ref}")
def get_ref(call: Call) -> Reply:
    """Show the object that a branch (``heads/main``), a tag (``tags/v1``) or another ref points to."""
    graph, name = git.history(call.store, call.repository), call.params["ref"]
    git.refresh_refs(call.store, call.repository, name)
    sha = graph.ref(name)
    if sha is None:
        reason = git.why_not_merged(call.store, call.repository, f"refs/{name}")
        raise refusals.not_found(reason or _unknown(graph, call.repository, name))
    return Reply(200, _to_json(call, name, sha))


@route(
    "git/list-matching-refs",
    "GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
    "GET /repos/{owner}/{repo}/git/matching-refs",
    "GET /repos/{owner}/{repo}/git/refs",
    "GET /repos/{owner}/{repo}/git/refs/{namespace}",
)
def list_matching_refs(call: Call) -> Reply:
    """List the refs that begin with a prefix, or all refs, in alphabetical order."""
    prefix = call.params.get("ref") or call.params.get("namespace", "")
    graph = git.history(call.store, call.repository)
    git.refresh_refs(call.store, call.repository, prefix)
    refs = graph.refs()
    matches = [(name, sha) for name, sha in refs.items() if name.startswith(prefix)]
    return Reply(200, Listing(matches, lambda match: _to_json(call, *match)))


@route("git/create-ref", "POST /repos/{owner}/{repo}/git/refs")
def create_ref(call: Call) -> Reply:
    """Create a branch, a tag or another ref."""
    name = create(call.store, call.repository, call.actor, **call.arguments_for(create))
    body = _to_json(call, name, call.body["sha"])
    return Reply(201, body, location=body["url"])


@route("git/update-ref", "PATCH /repos/{owner}/{repo}/git/refs/{ref}")
def update_ref(call: Call) -> Reply:
    """Move a ref to another commit."""
    name = call.params["ref"]
    update(call.store, call.repository, call.actor, name, **call.arguments_for(update))
    return Reply(200, _to_json(call, name, call.body["sha"]))


@route("git/delete-ref", "DELETE /repos/{owner}/{repo}/git/refs/{ref}")
def delete_ref(call: Call) -> Reply:
    """Delete a ref."""
    delete(call.store, call.repository, call.actor, call.params["ref"])
    return Reply(204)
