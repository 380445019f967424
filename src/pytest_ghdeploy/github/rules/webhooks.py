"""
What GitHub decides about hooks. Pure functions, as in ``rules.py``.

Source: https://docs.github.com/rest/repos/webhooks and
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_ghdeploy import errors
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.redaction import told_of, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ghdeploy.github.model import Hook

ANY_EVENT = "*"
MOST_PER_EVENT, MOST_PER_EVENT_ENTERPRISE = 20, 250
"""How many hooks of a repository may be sent one event."""

# What a hook of a repository can be sent, whether the fake dispatches it or not.
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
    """Tell whether a hook is sent an event of a repository."""
    if not hook.active or hook.repository_id not in (None, repository_id):
        return False
    return ANY_EVENT in hook.events or event in hook.events


def check_name(name: str) -> None:
    """
    Refuse another name than ``web``, which hooks have since GitHub's services are gone.

    Raises:
        Unprocessable: It is another.
    """
    if name != "web":
        raise refusals.invalid_hook("name", "Name must be 'web'", f"the name of a hook is 'web', not {name!r}")


def events_of(names: Sequence[str]) -> tuple[str, ...]:
    """
    Check the events that a hook is to be sent, and leave out what is there twice.

    Raises:
        Unprocessable: One of them is none of GitHub's.
    """
    for name in names:
        if name != ANY_EVENT and name not in EVENTS:
            raise refusals.invalid_hook(
                "events",
                f"{name} is not a valid event",
                f"GitHub sends no event {name!r} to hooks; {errors.there_is(name, (ANY_EVENT, *EVENTS))}",
            )
    return tuple(dict.fromkeys(names))


def changed_events(
    events: tuple[str, ...], *, given: Sequence[str] | None, added: Sequence[str], removed: Sequence[str]
) -> tuple[str, ...]:
    """
    Find what a hook is sent after an update.

    Args:
        given: In place of *events*, if not ``None``; then *added* and *removed* apply.

    Raises:
        Unprocessable: One of them is none of GitHub's.
    """
    kept = events if given is None else events_of(given)
    gone = events_of(removed)
    return tuple(name for name in dict.fromkeys((*kept, *events_of(added))) if name not in gone)


def check_config(config: Mapping[str, Any]) -> None:
    """
    Refuse a configuration that no delivery can be made with.

    Raises:
        Unprocessable: It has no URL, or another scheme than http or https, or an unknown content type.
    """
    url = config.get("url")
    if not url:
        raise refusals.invalid_hook("", "Config must contain URL for webhooks", 'config needs "url", where to send')
    if not _is_http(url):
        hint = f"config.url is {told_of(url)!r}; http and https do"
        raise refusals.invalid_hook("url", "url must use http(s) scheme", hint)
    if config.get("content_type", "form") not in ("json", "form"):
        raise refusals.invalid_hook(
            "content_type",
            "content_type must be json or form",
            f"config.content_type is {config['content_type']!r}; there are json and form",
        )
    if str(config.get("insecure_ssl", "0")) not in ("0", "1"):
        raise refusals.invalid_hook(
            "insecure_ssl", "insecure_ssl must be 0 or 1", f"config.insecure_ssl is {config['insecure_ssl']!r}"
        )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def check_room(wanted: Hook, others: Iterable[Hook], *, most: int | None = MOST_PER_EVENT) -> None:
    """
    Refuse a hook that is there already, or is one too many for one of its events.

    Two are the same if they send the same events to the same URL in the same form; secrets do not count.

    Args:
        others: The other hooks of the same repository.

        most: How many may be sent one event; ``None`` for any number.

    Raises:
        Unprocessable: In GitHub's words.
    """
    there = list(others)
    for other in there:
        if _identity(other) == _identity(wanted):
            where = without_credentials(other.target_url)
            raise refusals.hook_exists(f"hook {other.id} sends the same events to {where}")
    for name in wanted.events:
        count = sum(name in other.events for other in there)
        if most is not None and count >= most:
            raise refusals.too_many_hooks(name, most, f"{count} hooks are sent {name} already")


def _identity(hook: Hook) -> object:
    return hook.target_url, hook.content_type, hook.insecure_ssl, frozenset(hook.events)
