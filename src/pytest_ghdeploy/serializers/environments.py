"""Environments, protection rules, branch policies and teams as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.github.model import App, Team
from pytest_ghdeploy.serializers.accounts import legacy_node_id, node_id, time, user

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ghdeploy.github.model import DeploymentBranchPolicy, Environment, ProtectionRule, Repository, User
    from pytest_ghdeploy.github.urls import JSON, Urls


def environment(row: Environment, rules: Iterable[ProtectionRule], repository: Repository, urls: Urls) -> JSON:
    """Serialize an environment. As recorded, ``html_url`` is percent-encoded and ``url`` is not."""
    settings = row.deployment_branch_policy_settings
    members = ("protected_branches", "custom_branch_policies")
    html = f"{urls.html}/{repository.full_name}/deployments/activity_log"
    return {
        "id": row.id,
        "node_id": node_id("EN", row.repository_id, row.id),
        "name": row.name,
        "url": f"{urls.repository(repository)}/environments/{row.name}",
        "html_url": f"{html}?environments_filter={quote(row.name, safe='')}",
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "can_admins_bypass": row.can_admins_bypass,
        "protection_rules": [_protection_rule(rule, row, urls) for rule in rules],
        "deployment_branch_policy": {name: name == settings for name in members} if settings else None,
    }


def _protection_rule(row: ProtectionRule, environment: Environment, urls: Urls) -> JSON:
    rule: JSON = {"id": row.id, "node_id": node_id("GA", row.repository_id, row.id)}
    match row.type:
        case "wait_timer":
            return rule | {"type": row.type, "wait_timer": environment.wait_timer}
        case "required_reviewers":
            return rule | {
                "prevent_self_review": environment.prevent_self_review,
                "type": row.type,
                "reviewers": [_reviewer(reviewer, urls) for reviewer in environment.reviewers],
            }
        case _:
            return rule | {"type": row.type}


def _reviewer(row: User | Team, urls: Urls) -> JSON:
    if isinstance(row, Team):
        return {"type": "Team", "reviewer": team(row, urls)}
    return {"type": "User", "reviewer": user(row, urls)}


def team(row: Team, urls: Urls) -> JSON:
    """Serialize a team."""
    api = f"{urls.api}/organizations/{row.organization.id}/team/{row.id}"
    return {
        "name": row.name,
        "id": row.id,
        "node_id": node_id("T", row.organization.id, row.id),
        "slug": row.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "url": api,
        "html_url": f"{urls.html}/orgs/{row.organization.login}/teams/{row.slug}",
        "members_url": f"{api}/members{{/member}}",
        "repositories_url": f"{api}/repos",
        "permission": "pull",
        "type": "organization",
        "organization_id": row.organization.id,
        "parent": None,
    }


def deployment_branch_policy(row: DeploymentBranchPolicy) -> JSON:
    """
    Serialize a deployment branch policy. Its node id still has the older form.

    Source:
        Observed (github/rest-api-description#3841): ``MDE2OkdhdGVCcmFuY2hQb2xpY3kyMDAyOTM1Ng==``.
    """
    return {
        "id": row.id,
        "node_id": legacy_node_id("GateBranchPolicy", row.id),
        "name": row.name,
        "type": row.type,
    }


def deployment_protection_rule(row: ProtectionRule, urls: Urls) -> JSON:
    """Serialize a custom deployment protection rule."""
    assert row.app is not None  # noqa: S101 - every custom rule has an app
    return {
        "id": row.id,
        "node_id": node_id("GA", row.repository_id, row.id),
        "enabled": True,
        "app": custom_deployment_rule_app(row.app, urls),
    }


def custom_deployment_rule_app(row: App, urls: Urls) -> JSON:
    """Serialize the app inside a custom deployment protection rule."""
    return {
        "id": row.id,
        "slug": row.slug,
        "integration_url": f"{urls.api}/apps/{row.slug}",
        "node_id": node_id("A", row.id),
    }
