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
from pytest_ghdeploy.redaction.content import hide, without_likely_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ghdeploy.github.model import Hook

ANY_EVENT = "*"
DEFAULT_EVENTS = ("push",)
"""The events of a hook that is created without any."""
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


# The events that the hook of an app always receives, and other hooks never.
EVENTS_OF_APPS: tuple[str, ...] = ("installation", "installation_repositories")
# On GitHub, these reach the hooks of apps only. Here a hook of a repository gets one if it names it.
_OF_APPS = frozenset({"repository_dispatch"})


def wants(hook: Hook, event: str, repository_id: int | None, *, app_id: int | None = None) -> bool:
    """
    Return whether a hook receives an event of a repository. An app must also be installed there.

    Args:
        app_id: The app that alone receives the event, ``None`` for all hooks.
    """
    if app_id is not None:
        return hook.active and hook.app_id == app_id
    if not hook.active or hook.repository_id not in (None, repository_id):
        return False
    takes_any = ANY_EVENT in hook.events and (event not in _OF_APPS or hook.app_id is not None)
    return takes_any or event in hook.events


def check_name(name: str) -> None:
    """
    Refuse a hook whose name is not ``web``. GitHub has removed the other kinds, called "services".

    Raises:
        Unprocessable: *name* is not ``web``.
    """
    if name != "web":
        raise refusals.invalid_hook_name(name, f"the name of a hook must be 'web', not {name!r}")


def events_of(names: Sequence[str], *, of_app: bool = False) -> tuple[str, ...]:
    """
    Choose the events of a hook from the *names* in a request; ``push`` if there are none.

    Args:
        of_app: Whether it is the hook of an app, which may name ``EVENTS_OF_APPS`` too.

    Raises:
        Unprocessable: GitHub has no event with one of the names.

    Source:
        Measured for new hooks [guess: that an empty list in an update means ``push`` too].
    """
    return _checked(names, (*EVENTS, *EVENTS_OF_APPS) if of_app else EVENTS) or DEFAULT_EVENTS


def _checked(names: Sequence[str], events: tuple[str, ...] = EVENTS) -> tuple[str, ...]:
    for name in names:
        if name != ANY_EVENT and name not in events:
            raise refusals.invalid_hook_event(
                name, f"GitHub has no event {name!r} for hooks; {errors.known_values(name, (ANY_EVENT, *events))}"
            )
    return _sorted(names)


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    # GitHub shows events in alphabetical order, not as sent (recorded in September 2026).
    return tuple(sorted(set(names)))


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
    return _sorted({*before, *_checked(added)} - {*_checked(removed)})


def check_config(config: Mapping[str, Any]) -> None:
    """
    Refuse an invalid configuration of a hook.

    Raises:
        Unprocessable:
            The URL is missing, empty, or not an http or https URL, the content
            type is unknown, or ``insecure_ssl`` is neither 0 nor 1.
    """
    url = config.get("url")
    if url is None:
        hint = 'config needs "url", the address of the receiver'
        raise refusals.invalid_hook("", "Config must contain URL for webhooks", hint)
    if not url:
        raise refusals.invalid_hook("url", "url cannot be blank", "config.url is the address of the receiver")
    if not _is_http(url):
        hint = f"config.url is {without_likely_credentials(url)!r}; it must be a valid http or https URL"
        raise refusals.invalid_hook("url", "url must use http(s) scheme", hint)
    if config.get("content_type", "form") not in ("json", "form"):
        raise refusals.invalid_hook(
            "content_type",
            "content_type must be json or form",
            f"config.content_type is {config['content_type']!r}; it must be json or form",
        )
    if insecure_ssl(config) not in ("0", "1"):
        raise refusals.invalid_hook(
            "insecure_ssl",
            "insecure_ssl must be 0 or 1",
            f"config.insecure_ssl is {config['insecure_ssl']!r}; it must be 0 or 1",
        )


def insecure_ssl(config: Mapping[str, Any]) -> str:
    """
    Return ``insecure_ssl`` as GitHub shows it, whether a client sent a string, a number or a boolean.

    Source:
        Measured: ``true`` reads back as ``"1"``.
    """
    value = config.get("insecure_ssl", "0")
    return str(int(value)) if isinstance(value, bool) else str(value)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def check_room(wanted: Hook, others: Iterable[Hook], *, most: int | None = MOST_PER_EVENT) -> None:
    """
    Refuse a hook that already exists, or that exceeds the limit for one of its events.

    Two hooks of a repository are the same if their URLs are equal (measured).
    Two hooks of all repositories, or of one app, are the same if their events,
    URLs, content types and ``insecure_ssl`` are equal [guess].

    Args:
        others: The other hooks of the same repository.

        most: The number of hooks that may receive the same event; ``None`` for no limit.

    Raises:
        Unprocessable: The hook exists, or an event has too many hooks.
    """
    existing = list(others)
    for other in existing:
        if _identity(other) == _identity(wanted):
            where = hide(other.target_url)
            sends = "sends" if other.repository_id is not None else "sends the same events"
            raise refusals.hook_exists(f"hook {other.id} already {sends} to {where}")
    for name in wanted.events:
        count = sum(name in other.events for other in existing)
        if most is not None and count >= most:
            raise refusals.too_many_hooks(name, most, f"{count} hooks already receive {name}")


def _identity(hook: Hook) -> object:
    if hook.repository_id is not None:
        return hook.target_url
    return hook.app_id, hook.target_url, hook.content_type, hook.insecure_ssl, hook.events
