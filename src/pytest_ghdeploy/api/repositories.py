"""
Repositories.

Source:
    https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import authorization, refusals
from pytest_ghdeploy.github.rules import repositories as rules
from pytest_ghdeploy.serializers import repositories as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "metadata"


def create(
    store: Store, owner: User, *, name: str, private: bool = False, auto_init: bool = False
) -> Repository:  # fmt: skip
    """
    Create a repository whose default branch is ``main``.

    Args:
        auto_init: Begin it with a commit. Without one it is empty until a file is put to its default branch.

    Raises:
        Unprocessable: *name* is none, or another repository of *owner* has it. Nothing was created.

    Source:
        https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user
    """
    made = rules.repository_name(name)
    if taken := store.repository(f"{owner.login}/{made}"):
        raise refusals.name_taken("Repository creation failed.", f"there is a repository {taken.full_name} already")
    return store.add_repository(owner, made, default_branch="main", private=private, empty=not auto_init)


def change(
    store: Store,
    repository: Repository,
    *,
    name: str | None = None,
    private: bool | None = None,
    visibility: str | None = None,
    default_branch: str | None = None,
) -> Repository:
    """
    Change a repository; ``None`` leaves a thing as it is.

    Args:
        name: Another one renames it. The former name leads to it until another repository takes that.

        visibility: ``public`` or ``private``; overrides *private*.

        default_branch: One of its branches.

    Returns:
        The repository as it is now.

    Raises:
        Unprocessable: *name* is none, or another repository of the owner has it; or there is no such branch.
            Nothing has changed.

    Source:
        https://docs.github.com/rest/repos/repos#update-a-repository
    """
    wanted = repository
    if name is not None:
        wanted = wanted._replace(name=rules.repository_name(name))
        taken = store.repository(wanted.full_name)
        if taken and taken.id != repository.id:
            raise refusals.name_taken("Validation Failed", f"there is a repository {taken.full_name} already")
    if default_branch is not None:
        branches = store.git(repository).branches
        if default_branch not in branches:
            there = errors.there_is(default_branch, branches)
            hint = f"there is no branch {default_branch!r} in {repository.full_name}; {there}"
            raise refusals.no_default_branch(default_branch, hint)
        wanted = wanted._replace(default_branch=default_branch)
    if visibility is not None:
        private = visibility == "private"
    if private is not None:
        wanted = wanted._replace(private=private)
    if wanted == repository:
        return repository
    return store.change_repository(wanted._replace(updated_at=store.clock.now))


def remove(store: Store, repository: Repository) -> None:
    """
    Delete a repository with all that belongs to it. Its names are free again, the former ones too.

    Source:
        https://docs.github.com/rest/repos/repos#delete-a-repository
    """
    store.remove_repository(repository)


def _shown(call: Call, row: Repository) -> JSON:
    permission = call.store.permission(row, call.viewer) if call.viewer else None
    return as_json.full_repository(row, call.urls, permission)


@route("repos/create-for-authenticated-user", "POST /user/repos", permission="administration")
def create_for_authenticated_user(call: Call) -> Reply:
    """Create a repository of the caller's."""
    private = call.body.get("private", False)
    # The application has asked access already whether the token may create any repository. What it may create
    # depends on the body, which for no other operation decides on access and is read after that.
    if not authorization.may_create(call.token, private=private):
        raise refusals.not_found("a token without the scope repo creates public repositories only: see add_token")
    row = create(call.store, call.actor, **call.arguments_for(create))
    return Reply(201, _shown(call, row), location=call.urls.repository(row))


@route("repos/get", "GET /repos/{owner}/{repo}")
def get(call: Call) -> Reply:
    """Show a repository, and what the caller may do there."""
    return Reply(200, _shown(call, call.repository), modified_at=call.repository.updated_at)


@route("repos/update", "PATCH /repos/{owner}/{repo}", needs="admin")
def update(call: Call) -> Reply:
    """Rename a repository, or change its visibility or default branch."""
    return Reply(200, _shown(call, change(call.store, call.repository, **call.arguments_for(change))))


@route("repos/delete", "DELETE /repos/{owner}/{repo}", needs="admin")
def delete(call: Call) -> Reply:
    """Delete a repository."""
    remove(call.store, call.repository)
    return Reply(204)
