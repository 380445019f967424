"""
Contents: read and change one file of a repository.

Source:
    https://docs.github.com/rest/repos/contents
"""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import Call, Reply, refuse_forms, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.git import Signature
from pytest_ghdeploy.github.rules import git as rules
from pytest_ghdeploy.github.rules.commits import to_time
from pytest_ghdeploy.github.submodules import submodule_urls
from pytest_ghdeploy.github.trees import EMPTY, SUBMODULE, SYMLINK, linked_file
from pytest_ghdeploy.serializers import contents as as_json
from pytest_ghdeploy.serializers.accounts import email
from pytest_ghdeploy.serializers.git import git_commit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_ghdeploy.github.git import Commit
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.submodules import SubmoduleUrls
    from pytest_ghdeploy.github.trees import Entry, File, Tree
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"


def write(
    store: Store,
    repository: Repository,
    actor: User,
    path: str,
    *,
    message: str,
    content: str,
    sha: str | None = None,
    branch: str | None = None,
    committer: Mapping[str, str] | None = None,
    author: Mapping[str, str] | None = None,
) -> tuple[Commit, bool]:
    """
    Commit one new or changed file, and dispatch ``push``.

    Args:
        content: In base64, with or without line breaks.

        sha: The current SHA of the file's blob, ``None`` for a new file.

        branch: If it is missing, the repository's default branch.

        committer: ``name``, ``email`` and optionally ``date``. The default is *actor*, now.

        author: ``name``, ``email`` and optionally ``date``. The default is *committer*.

    Returns:
        The commit, and whether the file is new.

    Raises:
        NotFound: The branch does not exist.
        Unprocessable: *path*, *content* or a date is invalid, or *sha* is missing for an existing file.
        Conflict: The file's SHA is not *sha*, or a rule of the branch forbids it. In all cases nothing has changed.

    Source:
        https://docs.github.com/rest/repos/contents#create-or-update-file-contents
    """
    rules.check_path(path)
    try:
        data = base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise refusals.not_base64(f"content is not base64: {problem}") from None
    branch, files = _files(store, repository, branch)
    rules.check_place(path, files.blocking(path))
    rules.check_file_sha(path, _sha(files, path), sha)
    _check_rules(store, repository, branch)
    commit = _commit(store, repository, actor, branch, {path: data}, message, committer, author)
    return commit, path not in files


def remove(
    store: Store,
    repository: Repository,
    actor: User,
    path: str,
    *,
    message: str,
    sha: str,
    branch: str | None = None,
    committer: Mapping[str, str] | None = None,
    author: Mapping[str, str] | None = None,
) -> Commit:
    """
    Delete a file with a commit, and dispatch ``push``.

    Args:
        sha: The current SHA of the file's blob.

        branch: If it is missing, the repository's default branch.

        committer: *committer* and *author* are the same as in ``write``.

    Raises:
        NotFound: The branch or the file does not exist.
        Conflict: The file's SHA is not *sha*, or a rule of the branch forbids it. In either case nothing has changed.

    Source:
        https://docs.github.com/rest/repos/contents#delete-a-file
    """
    branch, files = _files(store, repository, branch)
    if path not in files:
        raise refusals.not_found(
            f"{repository.full_name} has no file {path!r} on {branch}; {errors.known_values(path, files)}"
        )
    rules.check_file_sha(path, files[path].sha, sha)
    _check_rules(store, repository, branch)
    return _commit(store, repository, actor, branch, {path: None}, message, committer, author)


def _sha(files: Tree, path: str) -> str | None:
    file = files.find(path)
    return file.sha if file else None


def _files(store: Store, repository: Repository, branch: str | None) -> tuple[str, Tree]:
    graph = store.git(repository)
    name = repository.default_branch if branch is None else branch
    if not graph.commits and name == repository.default_branch:
        return name, EMPTY
    if name not in graph.branches:
        known = errors.known_values(name, graph.branches)
        raise refusals.no_branch_for_contents(name, f"{repository.full_name} has no branch {name!r}; {known}")
    return name, graph.commits[graph.branches[name]].tree


def _check_rules(store: Store, repository: Repository, branch: str) -> None:
    if store.branch_rules:
        from pytest_ghdeploy.api import branch_rules  # few tests need it

        branch_rules.check_contents(store, repository, branch)


def _commit(
    store: Store,
    repository: Repository,
    actor: User,
    branch: str,
    files: Mapping[str, bytes | None],
    message: str,
    committer: Mapping[str, str] | None,
    author: Mapping[str, str] | None,
) -> Commit:
    from pytest_ghdeploy.github.rules import git_database  # few tests need it

    graph, now = store.git(repository), store.clock.now
    committed_by = _signature("committer", committer, actor, now)
    written_by = committed_by if author is None else _signature("author", author, actor, now)
    before = graph.branches.get(branch)
    commit = graph.commit(
        branch,
        message=message,
        files=files,
        author=actor,
        now=now,
        signatures=(written_by, committed_by),
        pgp_signature=git_database.pgp_signature(actor, author, committer),
    )
    git.pushed(store, repository, actor, f"heads/{branch}", before=before)
    return commit


def _signature(role: str, fields: Mapping[str, str] | None, actor: User, now: datetime) -> Signature | None:
    if fields is None:
        return None
    date = to_time(f"{role}/date", fields["date"]) if "date" in fields else now
    return Signature(fields.get("name", actor.login), fields.get("email", email(actor)), date)


@route(
    "repos/get-content",
    "GET /repos/{owner}/{repo}/contents/{path}",
    "GET /repos/{owner}/{repo}/contents",
)
def get_content(call: Call) -> Reply:
    """Show a file with its content, or list a directory."""
    refuse_forms(call, "html", "object")
    graph, repository = call.store.git(call.repository), call.repository
    ref, path = call.query.get("ref") or repository.default_branch, call.params.get("path", "").strip("/")
    if not graph.commits:
        raise refusals.no_contents()
    refuse = partial(refusals.no_commit_for_contents, ref)
    commit = git.find_commit(call, ref, refuse, kind="branch, tag or SHA ")
    tree = commit.tree
    if file := tree.find(path):
        return _file(call, tree, path, file, ref)
    folder = tree.folder(path)
    if folder is None:
        raise refusals.not_found(
            f"{repository.full_name} has no file or directory {path!r} at {ref}; {errors.known_values(path, tree)}"
        )

    def render(entry: Entry) -> dict[str, Any]:
        at = f"{path}/{entry.name}" if path else entry.name
        size = len(graph.blobs[entry.sha]) if entry.kind == "blob" else 0
        of = _submodule(call, tree, at, entry.sha) if entry.kind == "commit" else None
        return as_json.entry(entry._replace(path=at), size, of, ref, repository, call.urls)

    return Reply(200, [render(entry) for entry in folder.directory()])


def _file(call: Call, tree: Tree, path: str, file: File, ref: str) -> Reply:
    graph, repository, urls = call.store.git(call.repository), call.repository, call.urls
    if file.mode == SUBMODULE:
        return Reply(200, as_json.submodule(path, file, _submodule(call, tree, path, file.sha), ref, repository, urls))
    # A symbolic link to a file is answered with that file's content.
    linked = linked_file(tree, path, graph.blobs) if file.mode == SYMLINK else file
    content = graph.blobs[(linked or file).sha]
    if call.terms.form == "raw":
        return Reply(200, content)
    if linked is None:
        return Reply(200, as_json.symlink(path, file, content, ref, repository, urls))
    return Reply(200, as_json.file_with_content(path, linked, content, ref, repository, urls))


def _submodule(call: Call, tree: Tree, path: str, sha: str) -> SubmoduleUrls:
    listed = tree.find(".gitmodules")
    text = call.store.git(call.repository).content(listed) if listed else b""
    return submodule_urls(text, path, sha, call.repository.owner.login, call.urls)


def _changed(call: Call, status: int, commit: Commit) -> Reply:
    graph, path = call.store.git(call.repository), call.params["path"]
    branch = call.body.get("branch", call.repository.default_branch)
    content = None
    if file := commit.tree.find(path):
        content = as_json.file(path, file, len(graph.blobs[file.sha]), branch, call.repository, call.urls)
    return Reply(status, {"content": content, "commit": git_commit(commit, call.repository, call.urls)})


@route("repos/create-or-update-file-contents", "PUT /repos/{owner}/{repo}/contents/{path}")
def create_or_update_file_contents(call: Call) -> Reply:
    """Commit a new file or new content of an existing one."""
    arguments = call.arguments_for(write)
    commit, is_new = write(call.store, call.repository, call.actor, call.params["path"], **arguments)
    return _changed(call, 201 if is_new else 200, commit)


@route("repos/delete-file", "DELETE /repos/{owner}/{repo}/contents/{path}")
def delete_file(call: Call) -> Reply:
    """Delete a file with a commit."""
    commit = remove(call.store, call.repository, call.actor, call.params["path"], **call.arguments_for(remove))
    return _changed(call, 200, commit)
