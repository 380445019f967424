"""The permissions of tokens and apps."""

from __future__ import annotations

import githubs_description
from githubs_description import REST

from pytest_ghdeploy.github.token_permissions import TOKEN_PERMISSIONS, all_permissions


def test_all_permissions_are_at_their_highest_level() -> None:
    """They are the default of an app."""
    permissions = all_permissions()
    assert permissions.keys() == TOKEN_PERMISSIONS.keys()
    levels = {name: permissions[name] for name in ("metadata", "deployments", "members", "repository_projects")}
    assert levels == {"metadata": "read", "deployments": "write", "members": "write", "repository_projects": "admin"}


def test_the_permissions_are_githubs() -> None:
    """With GitHub's levels. Only `metadata` has no `write` here, because GitHub's pages offer none."""
    githubs_description.require()
    described = githubs_description.load(REST)["components"]["schemas"]["app-permissions"]["properties"]
    levels = {name: tuple(schema["enum"]) for name, schema in described.items()}
    assert levels == TOKEN_PERMISSIONS | {"metadata": ("read", "write")}
