"""Secrets and variables as GitHub's JSON. The value of a secret is never shown."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pytest_ghdeploy.github import environment_secrets
from pytest_ghdeploy.serializers.accounts import time

if TYPE_CHECKING:
    from pytest_ghdeploy.github.environment_secrets import EnvironmentSecret, EnvironmentVariable
    from pytest_ghdeploy.github.model import Environment
    from pytest_ghdeploy.github.urls import JSON


def secret(row: EnvironmentSecret) -> JSON:
    """Serialize a secret of an environment."""
    return {"name": row.name, "created_at": time(row.created_at), "updated_at": time(row.updated_at)}


def variable(row: EnvironmentVariable) -> JSON:
    """Serialize a variable of an environment."""
    return {
        "name": row.name,
        "value": row.value,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
    }


def public_key(environment: Environment) -> JSON:
    """Serialize the key with which clients encrypt the secrets of an environment."""
    key = environment_secrets.public_key(environment.id)
    return {"key_id": environment_secrets.KEY_ID, "key": base64.b64encode(key).decode()}
