"""
The permissions that fine-grained tokens and apps can have, with their levels.

Source: the schema ``app-permissions`` of https://github.com/github/rest-api-description
"""

from __future__ import annotations

_READ_WRITE: tuple[str, ...] = ("read", "write")
_UP_TO_ADMIN: tuple[str, ...] = ("read", "write", "admin")

TOKEN_PERMISSIONS: dict[str, tuple[str, ...]] = {
    # On repositories. The fake's operations need only these.
    "actions": _READ_WRITE,
    "administration": _READ_WRITE,
    "artifact_metadata": _READ_WRITE,
    "attestations": _READ_WRITE,
    "checks": _READ_WRITE,
    "code_quality": _READ_WRITE,
    "codespaces": _READ_WRITE,
    "contents": _READ_WRITE,
    "dependabot_secrets": _READ_WRITE,
    "deployments": _READ_WRITE,
    "discussions": _READ_WRITE,
    "environments": _READ_WRITE,
    "issues": _READ_WRITE,
    "merge_queues": _READ_WRITE,
    "metadata": ("read",),
    "packages": _READ_WRITE,
    "pages": _READ_WRITE,
    "pull_requests": _READ_WRITE,
    "repository_custom_properties": _READ_WRITE,
    "repository_hooks": _READ_WRITE,
    "repository_projects": _UP_TO_ADMIN,
    "secret_scanning_alerts": _READ_WRITE,
    "secrets": _READ_WRITE,
    "security_events": _READ_WRITE,
    "single_file": _READ_WRITE,
    "statuses": _READ_WRITE,
    "vulnerability_alerts": _READ_WRITE,
    "workflows": ("write",),
    # On organizations.
    "custom_properties_for_organizations": _READ_WRITE,
    "members": _READ_WRITE,
    "organization_administration": _READ_WRITE,
    "organization_announcement_banners": _READ_WRITE,
    "organization_copilot_agent_settings": _READ_WRITE,
    "organization_copilot_seat_management": _READ_WRITE,
    "organization_custom_org_roles": _READ_WRITE,
    "organization_custom_properties": _UP_TO_ADMIN,
    "organization_custom_roles": _READ_WRITE,
    "organization_events": ("read",),
    "organization_hooks": _READ_WRITE,
    "organization_packages": _READ_WRITE,
    "organization_personal_access_token_requests": _READ_WRITE,
    "organization_personal_access_tokens": _READ_WRITE,
    "organization_plan": ("read",),
    "organization_projects": _UP_TO_ADMIN,
    "organization_secrets": _READ_WRITE,
    "organization_self_hosted_runners": _READ_WRITE,
    "organization_user_blocking": _READ_WRITE,
    # On accounts and enterprises.
    "email_addresses": _READ_WRITE,
    "enterprise_custom_properties_for_organizations": _UP_TO_ADMIN,
    "followers": _READ_WRITE,
    "git_ssh_keys": _READ_WRITE,
    "gpg_keys": _READ_WRITE,
    "interaction_limits": _READ_WRITE,
    "profile": ("write",),
    "starring": _READ_WRITE,
}
"""GitHub's permissions, each with its levels, weakest first."""


def all_permissions() -> dict[str, str]:
    """Return all permissions, each at its highest level."""
    return {name: levels[-1] for name, levels in TOKEN_PERMISSIONS.items()}
