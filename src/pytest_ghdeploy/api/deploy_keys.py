"""
Deploy keys.

Source:
    https://docs.github.com/rest/deploy-keys/deploy-keys
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import DeployKey
from pytest_ghdeploy.github.rules import repositories as rules

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.store.store import Store


def create(
    store: Store, repository: Repository, creator: User, *, key: str, title: str = "", read_only: bool = False
) -> DeployKey:
    """
    Add a deploy key to a repository.

    Args:
        key: The line in OpenSSH's ``.pub`` file. Its comment is not kept.

        title: The default is the comment of *key*.

        read_only: Whether the key gives read access only.

    Returns:
        The new deploy key. It cannot be changed.

    Raises:
        Unprocessable:
            Deploy keys are disabled for the repository, *key* is not a public
            key, or any repository already has it. Nothing has changed.

    Source:
        https://docs.github.com/rest/deploy-keys/deploy-keys#create-a-deploy-key
    """
    rules.check_deploy_keys_enabled(deploy_keys_enabled=repository.deploy_keys_enabled)
    public = rules.public_key(key)
    for other in store.deploy_keys.where(key=public.text):
        where = store.repository_of(other).full_name
        raise refusals.key_in_use(
            f"it is deploy key {other.id} {other.title!r} of {where}; a key can be used only once"
        )
    return store.deploy_keys.add(
        DeployKey(
            id=store.deploy_keys.next_id,
            repository_id=repository.id,
            key=public.text,
            title=title or public.comment,
            verified=True,
            created_at=store.clock.now,
            read_only=read_only,
            added_by=creator.login,
        )
    )


def delete(store: Store, deploy_key: DeployKey) -> None:
    """
    Delete a deploy key. The key can then be added again.

    Source:
        https://docs.github.com/rest/deploy-keys/deploy-keys#delete-a-deploy-key
    """
    store.deploy_keys.remove(deploy_key)


def find(call: Call) -> DeployKey:
    """
    Look up the deploy key in the path.

    Raises:
        NotFound: The repository has no such deploy key.
    """
    row: DeployKey = find_in_repository(call, call.store.deploy_keys, "key_id", "deploy key", label=_label)
    return row


def _label(row: DeployKey) -> str:
    return f"{row.id} ({row.title})"


@route("repos/list-deploy-keys", "GET /repos/{owner}/{repo}/keys", needs="admin")
def list_deploy_keys(call: Call) -> Reply:
    """
    List deploy keys, oldest first.

    Source:
        Observed (hub4j's recording GHDeployKeyTest).
    """
    return Reply(200, Listing(call.store.deploy_keys.where(repository_id=call.repository.id)[::-1]))


@route("repos/create-deploy-key", "POST /repos/{owner}/{repo}/keys", needs="admin")
def create_deploy_key(call: Call) -> Reply:
    """Add a deploy key."""
    row = create(call.store, call.repository, call.actor, **call.arguments_for(create))
    return Reply(201, row, location=f"{call.urls.repository(call.repository)}/keys/{row.id}")


@route("repos/get-deploy-key", "GET /repos/{owner}/{repo}/keys/{key_id}", needs="admin", finds=find)
def get_deploy_key(call: Call) -> Reply:
    """
    Show a deploy key. It never changes, so ``Last-Modified`` is the time of its creation.

    Source:
        Observed (PyGithub's and github3.py's recordings).
    """
    return Reply(200, call.found, modified_at=call.found.created_at)


@route("repos/delete-deploy-key", "DELETE /repos/{owner}/{repo}/keys/{key_id}", needs="admin", finds=find)
def delete_deploy_key(call: Call) -> Reply:
    """Delete a deploy key."""
    delete(call.store, call.found)
    return Reply(204)
