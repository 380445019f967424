"""
GitHub's decisions about webhooks.

Source: https://docs.github.com/rest/repos/webhooks and
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.redaction import without_credentials, without_likely_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ghdeploy.github.model import Hook

ANY_EVENT = "*"
MOST_PER_EVENT, MOST_PER_EVENT_ENTERPRISE = 20, 250
"""The number of a repository's hooks that may receive the same event."""

# All events that a repository's hook can receive, including those that the fake never dispatches.
EVENTS: tuple[str, ...] = (
    "branch_protection_configuration",
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "code_scanning_alert",
    "commit_comment",
    "create",
    "custom_property_values",
    "delete",
    "dependabot_alert",
    "deploy_key",
    "deployment",
    "deployment_protection_rule",
    "deployment_review",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "issue_comment",
    "issue_dependencies",
    "issues",
    "label",
    "member",
    "merge_group",
    "meta",
    "milestone",
    "package",
    "page_build",
    "project",
    "project_card",
    "project_column",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "registry_package",
    "release",
    "repository",
    "repository_advisory",
    "repository_dispatch",
    "repository_import",
    "repository_ruleset",
    "repository_vulnerability_alert",
    "secret_scanning_alert",
    "secret_scanning_alert_location",
    "secret_scanning_scan",
    "security_and_analysis",
    "star",
    "status",
    "sub_issues",
    "team_add",
    "watch",
    "workflow_dispatch",
    "workflow_job",
    "workflow_run",
)


def wants(hook: Hook, event: str, repository_id: int | None) -> bool:
    """Return whether a hook receives an event of a repository."""
    if not hook.active or hook.repository_id not in (None, repository_id):
        return False
    return ANY_EVENT in hook.events or event in hook.events


def check_name(name: str) -> None:
    """
    Refuse a hook whose name is not ``web``. GitHub removed the other kinds, its "services".

    Raises:
        Unprocessable: *name* is not ``web``.
    """
    if name != "web":
        raise refusals.invalid_hook("name", "Name must be 'web'", f"the name of a hook must be 'web', not {name!r}")


def events_of(names: Sequence[str]) -> tuple[str, ...]:
    """
    Check the event *names* of a hook and drop duplicates.

    Raises:
        Unprocessable: GitHub has no event with one of the names.
    """
    for name in names:
        if name != ANY_EVENT and name not in EVENTS:
            raise refusals.invalid_hook(
                "events",
                f"{name} is not a valid event",
                f"GitHub has no event {name!r} for hooks; {errors.there_is(name, (ANY_EVENT, *EVENTS))}",
            )
    return tuple(dict.fromkeys(names))


def changed_events(
    events: tuple[str, ...], *, replacement: Sequence[str] | None, added: Sequence[str], removed: Sequence[str]
) -> tuple[str, ...]:
    """
    Find the events of a hook after an update.

    Args:
        replacement: Replaces *events* unless ``None``, before *added* and *removed* apply.

    Raises:
        Unprocessable: GitHub has no event with one of the names.
    """
    before = events if replacement is None else events_of(replacement)
    dropped = events_of(removed)
    return tuple(name for name in dict.fromkeys((*before, *events_of(added))) if name not in dropped)


def check_config(config: Mapping[str, Any]) -> None:
    """
    Refuse an invalid configuration of a hook.

    Raises:
        Unprocessable:
            The URL is missing or not an http or https URL, the content type is
            unknown, or ``insecure_ssl`` is neither 0 nor 1.
    """
    url = config.get("url")
    if not url:
        hint = 'config needs "url", the address of the receiver'
        raise refusals.invalid_hook("", "Config must contain URL for webhooks", hint)
    if not _is_http(url):
        hint = f"config.url is {without_likely_credentials(url)!r}; it must be a valid http or https URL"
        raise refusals.invalid_hook("url", "url must use http(s) scheme", hint)
    if config.get("content_type", "form") not in ("json", "form"):
        raise refusals.invalid_hook(
            "content_type",
            "content_type must be json or form",
            f"config.content_type is {config['content_type']!r}; it must be json or form",
        )
    if str(config.get("insecure_ssl", "0")) not in ("0", "1"):
        raise refusals.invalid_hook(
            "insecure_ssl",
            "insecure_ssl must be 0 or 1",
            f"config.insecure_ssl is {config['insecure_ssl']!r}; it must be 0 or 1",
        )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def check_room(wanted: Hook, others: Iterable[Hook], *, most: int | None = MOST_PER_EVENT) -> None:
    """
    Refuse a hook that already exists, or that exceeds the limit for one of its events.

    Two hooks are the same if their events, URL, content type and
    ``insecure_ssl`` are. Secrets do not count.

    Args:
        others: The other hooks of the same repository.

        most: The number of hooks that may receive the same event; ``None`` for no limit.

    Raises:
        Unprocessable: The hook exists, or an event has too many hooks.
    """
    existing = list(others)
    for other in existing:
        if _identity(other) == _identity(wanted):
            where = without_credentials(other.target_url)
            raise refusals.hook_exists(f"hook {other.id} sends the same events to {where}")
    for name in wanted.events:
        count = sum(name in other.events for other in existing)
        if most is not None and count >= most:
            raise refusals.too_many_hooks(name, most, f"{count} hooks already receive {name}")


def _identity(hook: Hook) -> object:
    return hook.target_url, hook.content_type, hook.insecure_ssl, frozenset(hook.events)
