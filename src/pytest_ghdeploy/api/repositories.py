"""
Repositories.

Source:
    https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import authorization, refusals
from pytest_ghdeploy.github.repository_settings import RepositorySettings
from pytest_ghdeploy.github.rules import repositories as rules
from pytest_ghdeploy.serializers import repositories as as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "metadata"
_NONE: Mapping[str, Any] = MappingProxyType({})


def create(
    store: Store,
    owner: User,
    *,
    name: str,
    private: bool = False,
    auto_init: bool = False,
    settings: Mapping[str, Any] = _NONE,
) -> Repository:
    """
    Create a repository with the default branch ``main``.

    Args:
        auto_init: Whether to add a first commit. Otherwise the repository is empty until a file is added.

        settings: The settings that differ from those of a new repository, by name. Other members are ignored.

    Raises:
        Unprocessable:
            *name* is invalid, or another repository of *owner* has it, or no
            merge method would be allowed. Nothing is created.

    Source:
        https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user
    """
    name = rules.repository_name(name, message=rules.CREATION_FAILED)
    if taken := store.repository(f"{owner.login}/{name}"):
        raise refusals.name_taken(rules.CREATION_FAILED, f"the repository {taken.full_name} already exists")
    kept = rules.settings_after(RepositorySettings(), settings, is_new=True)
    return store.add_repository(owner, name, default_branch="main", private=private, empty=not auto_init, settings=kept)


def change(
    store: Store,
    repository: Repository,
    *,
    name: str | None = None,
    private: bool | None = None,
    visibility: str | None = None,
    default_branch: str | None = None,
    settings: Mapping[str, Any] = _NONE,
) -> Repository:
    """
    Change a repository. Arguments that are ``None`` change nothing.

    Args:
        name: The new name. The former name redirects here until another repository takes it.

        visibility: ``public`` or ``private``. Takes precedence over *private*.

        default_branch: One of its branches.

        settings: The settings to change, by name. Other members are ignored.

    Returns:
        The updated repository.

    Raises:
        Unprocessable:
            *name* is invalid, another repository of the owner has it,
            *default_branch* does not exist, or no merge method would be
            allowed. Nothing has changed.

    Source:
        https://docs.github.com/rest/repos/repos#update-a-repository
    """
    changed = repository
    if name is not None:
        changed = changed._replace(name=rules.repository_name(name))
        taken = store.repository(changed.full_name)
        if taken and taken.id != repository.id:
            raise refusals.name_taken("Validation Failed", f"the repository {taken.full_name} already exists")
    if default_branch is not None:
        branches = store.git(repository).branches
        if default_branch not in branches:
            known = errors.known_values(default_branch, branches)
            hint = f"unknown branch {default_branch!r} in {repository.full_name}; {known}"
            raise refusals.no_default_branch(default_branch, hint)
        changed = changed._replace(default_branch=default_branch)
    if visibility is not None:
        private = visibility == "private"
    if private is not None:
        changed = changed._replace(private=private)
    changed = changed._replace(settings=rules.settings_after(repository.settings, settings))
    if changed == repository:
        return repository
    return store.change_repository(changed._replace(updated_at=store.clock.now))


def announce(store: Store, before: Repository, after: Repository, sender: User) -> None:
    """
    Dispatch ``repository`` for what has changed: the name, the visibility, ``archived``, or one of a few details.

    Source:
        https://docs.github.com/webhooks/webhook-events-and-payloads#repository
    """
    from pytest_ghdeploy.github.rules.repository_events import announcements  # few tests need them
    from pytest_ghdeploy.serializers import repository_events as payloads

    for action, changes in announcements(before, after):
        make_payload = partial(payloads.repository, action, changes, after, sender, store.urls)
        store.events.record("repository", action, after.full_name, make_payload)


def remove(store: Store, repository: Repository) -> None:
    """
    Delete a repository with everything in it. Its current and former names can be used again.

    Source:
        https://docs.github.com/rest/repos/repos#delete-a-repository
    """
    store.remove_repository(repository)


def _refuse_unsupported(call: Call) -> None:
    if names := rules.unsupported_settings(call.body):
        msg = f"the fake does not implement {', '.join(names)} of {call.endpoint.operation_id}; leave it out"
        raise errors.UnsupportedRequest(msg, see="a-member-or-media-type-that-the-fake-lacks")


def _to_json(call: Call, row: Repository) -> JSON:
    permission = call.store.permission(row, call.viewer) if call.viewer else None
    return as_json.full_repository(row, call.urls, permission)


@route("repos/create-for-authenticated-user", "POST /user/repos", permission="administration")
def create_for_authenticated_user(call: Call) -> Reply:
    """Create a repository of the caller."""
    private = call.body.get("private", False)
    # The application has checked that the token may create repositories. Whether it may create a private one is
    # checked here, since this is the only operation whose authorization depends on the body.
    if not authorization.may_create(call.token, private=private):
        raise refusals.not_found(
            'a token without the scope repo can create public repositories only: add_token(..., scopes=["repo"])'
        )
    _refuse_unsupported(call)
    row = create(call.store, call.actor, **call.arguments_for(create, settings=call.body))
    return Reply(201, _to_json(call, row), location=call.urls.repository(row))


@route("repos/get", "GET /repos/{owner}/{repo}")
def get(call: Call) -> Reply:
    """Show a repository with the caller's permissions."""
    return Reply(200, _to_json(call, call.repository), modified_at=call.repository.updated_at)


@route("repos/update", "PATCH /repos/{owner}/{repo}", needs="admin")
def update(call: Call) -> Reply:
    """Rename a repository, or change its visibility, default branch or other settings."""
    repository = call.repository
    rules.check_update_of_archived(repository.full_name, call.body, archived=repository.settings.archived)
    _refuse_unsupported(call)
    changed = change(call.store, repository, **call.arguments_for(change, settings=call.body))
    announce(call.store, repository, changed, call.actor)
    return Reply(200, _to_json(call, changed))


@route("repos/delete", "DELETE /repos/{owner}/{repo}", needs="admin")
def delete(call: Call) -> Reply:
    """Delete a repository."""
    remove(call.store, call.repository)
    return Reply(204)
