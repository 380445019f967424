"""
Secrets of environments.

Source:
    https://docs.github.com/rest/actions/secrets
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import environments
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.environment_secrets import SEALED_BOX_OVERHEAD, EnvironmentSecret
from pytest_ghdeploy.github.rules import secrets as rules
from pytest_ghdeploy.serializers import secrets as as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.model import Environment
    from pytest_ghdeploy.store.store import Store

# Recordings of 2023 name the permission "secrets" as well; GitHub's documentation of today names this one only.
PERMISSION = "environments"

_SECRETS = "/repos/{owner}/{repo}/environments/{environment_name}/secrets"


def put(
    store: Store, environment: Environment, name: str, *, encrypted_value: str, key_id: str
) -> tuple[EnvironmentSecret, bool]:
    """
    Create the secret *name*, or replace the value of an existing one.

    Args:
        name: Letters, digits and ``_``, in any case. GitHub stores it in upper case.

        encrypted_value: The sealed box in base64. Its value has at most 48 KB.

        key_id: Any string. GitHub refuses an unknown one, but its message is not known.

    Returns:
        The secret, and whether it is new.

    Raises:
        Unprocessable: The name or size is not allowed, or the environment has 100 secrets. Nothing has changed.

    Source:
        https://docs.github.com/rest/actions/secrets#create-or-update-an-environment-secret
    """
    name = rules.stored_name("Secret", name)
    rules.check_value("Secret", len(base64.b64decode(encrypted_value)) - SEALED_BOX_OVERHEAD)
    now = store.clock.now
    if existing := lookup(store, environment, name):
        row = existing._replace(encrypted_value=encrypted_value, key_id=key_id, updated_at=now)
        return store.environment_secrets.replace(row), False
    rules.check_count("Secret", len(of(store, environment)))
    secret_id = store.environment_secrets.next_id
    row = EnvironmentSecret(
        secret_id, environment.repository_id, environment.id, name, encrypted_value, key_id, now, now
    )
    return store.environment_secrets.add(row), True


def lookup(store: Store, environment: Environment, name: str) -> EnvironmentSecret | None:
    """Find a secret by its name, in any case."""
    rows = store.environment_secrets.where(environment_id=environment.id, name=name.upper())
    return rows[0] if rows else None


def of(store: Store, environment: Environment) -> Sequence[EnvironmentSecret]:
    """List the secrets of an environment, newest first."""
    return store.environment_secrets.where(environment_id=environment.id)


def find(call: Call) -> EnvironmentSecret:
    """
    Look up the secret in the path.

    Raises:
        NotFound: The environment has no such secret.
    """
    environment, name = environments.find(call), call.params["secret_name"]
    row = lookup(call.store, environment, name)
    if row is None:
        known = errors.known_values(name, (secret.name for secret in of(call.store, environment)))
        raise refusals.not_found(f"environment {environment.name!r} has no secret {name!r}; {known}")
    return row


@route("actions/list-environment-secrets", f"GET {_SECRETS}", needs="push", finds=environments.find)
def list_environment_secrets(call: Call) -> Reply:
    """List the secrets of an environment, in alphabetical order [guess]."""
    rows = sorted(of(call.store, call.found), key=lambda row: row.name)
    return Reply(200, Listing(rows, as_json.secret, "secrets", {"total_count": len(rows), "secrets": None}))


@route("actions/get-environment-public-key", f"GET {_SECRETS}/public-key", finds=environments.find)
def get_environment_public_key(call: Call) -> Reply:
    """Show the key with which clients encrypt the secrets of an environment."""
    return Reply(200, as_json.public_key(call.found))


@route("actions/get-environment-secret", f"GET {_SECRETS}/{{secret_name}}", needs="push", finds=find)
def get_environment_secret(call: Call) -> Reply:
    """Show a secret without its value."""
    return Reply(200, as_json.secret(call.found))


@route("actions/create-or-update-environment-secret", f"PUT {_SECRETS}/{{secret_name}}", finds=environments.find)
def create_or_update_environment_secret(call: Call) -> Reply:
    """Create a secret (201), or replace its value (204)."""
    _, is_new = put(call.store, call.found, call.params["secret_name"], **call.arguments_for(put))
    return Reply(201, {}) if is_new else Reply(204)


@route("actions/delete-environment-secret", f"DELETE {_SECRETS}/{{secret_name}}", finds=find)
def delete_environment_secret(call: Call) -> Reply:
    """Delete a secret."""
    call.store.environment_secrets.remove(call.found)
    return Reply(204)
