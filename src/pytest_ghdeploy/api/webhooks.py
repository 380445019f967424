"""
Webhooks of repositories, and the events they receive.

Nothing is sent here. A delivery is a row that the store's outbox keeps until the
response is complete.

Source:
    https://docs.github.com/rest/repos/webhooks
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import app_installations, git
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github import deliveries, refusals
from pytest_ghdeploy.github.model import Hook, HookDelivery
from pytest_ghdeploy.github.rules import webhooks as rules
from pytest_ghdeploy.redaction.content import hide
from pytest_ghdeploy.serializers import events as payloads, installations as installation_json, webhooks as as_json
from pytest_ghdeploy.store.events import app_alone, untouched_payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_ghdeploy.github.model import App, Repository, User
    from pytest_ghdeploy.store.events import Event
    from pytest_ghdeploy.store.store import Store

PERMISSION = "repository_hooks"

_ZEN = "Anything added dilutes everything else."

# Operations


# The app of the hooks for all repositories, if a test names none. It has no row, so it is not listed among the apps.
_APP_ID = 1_204_021


def create(
    store: Store,
    repository: Repository | None,
    sender: User,
    *,
    name: str = "web",
    config: Mapping[str, Any] | None = None,
    events: Sequence[str] = rules.DEFAULT_EVENTS,
    active: bool = True,
    app: App | None = None,
) -> Hook:
    """
    Create a hook. If it is *active*, it receives a ``ping`` first.

    Args:
        repository: The repository whose events it receives, ``None`` for all repositories.

        app: The app whose hook it is. It receives the events of the repositories that the app is installed on.

        config: ``url``, ``content_type`` (the default is ``form``), ``secret`` and ``insecure_ssl``.

        events: Names of events, or ``*`` for all. Without any, it receives ``push``.

    Raises:
        Unprocessable:
            A hook with this URL exists, one of its events already has 20 hooks (250 on
            GitHub Enterprise Server), or a setting is invalid. Nothing has changed.

    Source:
        https://docs.github.com/rest/repos/webhooks#create-a-repository-webhook
    """
    rules.check_name(name)
    config = config or {}
    rules.check_config(config)
    row = Hook(
        id=store.hooks.next_id,
        repository_id=repository.id if repository else None,
        app_id=app.id if app else None if repository else _APP_ID,
        events=rules.events_of(events, of_app=app is not None),
        active=active,
        created_at=store.clock.now,
        updated_at=store.clock.now,
        **_settings(config),
    )
    rules.check_room(row, _others(store, row), most=_most(store, row))
    store.hooks.add(row)
    store.changes.set(store.events, dispatch=partial(dispatch, store))
    if active:
        ping(store, row, sender)
    return row


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target_url": config["url"],
        "content_type": config.get("content_type", "form"),
        "insecure_ssl": rules.insecure_ssl(config),
        "secret": config.get("secret", ""),
    }


def _others(store: Store, hook: Hook) -> list[Hook]:
    """List the hooks that may leave no room for *hook*. The number of apps' hooks is not limited."""
    same = {} if hook.repository_id else {"target_url": hook.target_url}
    return [row for row in store.hooks.where(repository_id=hook.repository_id, **same) if row.id != hook.id]


def _most(store: Store, hook: Hook) -> int | None:
    if hook.repository_id is None:  # the number of apps is not limited
        return None
    return rules.MOST_PER_EVENT_ENTERPRISE if deliveries.enterprise(store.urls) else rules.MOST_PER_EVENT


def update(
    store: Store,
    hook: Hook,
    *,
    config: Mapping[str, Any] | None = None,
    events: Sequence[str] | None = None,
    add_events: Sequence[str] = (),
    remove_events: Sequence[str] = (),
    active: bool | None = None,
) -> Hook:
    """
    Change a hook.

    Args:
        config: Replaces the whole configuration. Without a ``secret``, the hook's secret is removed.

        events: Replaces its events, before *add_events* and *remove_events* apply.

    Raises:
        Unprocessable: As in ``create``. Nothing has changed.

    Source:
        https://docs.github.com/rest/repos/webhooks#update-a-repository-webhook
    """
    changed = hook._replace(
        events=rules.changed_events(hook.events, replacement=events, added=add_events, removed=remove_events),
        active=hook.active if active is None else active,
    )
    if config is not None:
        rules.check_config(config)
        changed = changed._replace(**_settings(config))
    return _replace(store, changed)


def update_config(store: Store, hook: Hook, config: Mapping[str, Any]) -> Hook:
    """
    Change the given members of a hook's configuration, and keep the others.

    Raises:
        Unprocessable: As in ``create``. Nothing has changed.

    Source:
        https://docs.github.com/rest/repos/webhooks#update-a-webhook-configuration-for-a-repository
    """
    merged = {
        "url": hook.target_url,
        "content_type": hook.content_type,
        "insecure_ssl": hook.insecure_ssl,
        "secret": hook.secret,
        **config,
    }
    rules.check_config(merged)
    return _replace(store, hook._replace(**_settings(merged)))


def _replace(store: Store, changed: Hook) -> Hook:
    rules.check_room(changed, _others(store, changed), most=_most(store, changed))
    return store.hooks.replace(changed._replace(updated_at=store.clock.now))


def delete(store: Store, hook: Hook) -> None:
    """
    Delete a hook and its deliveries.

    Source:
        https://docs.github.com/rest/repos/webhooks#delete-a-repository-webhook
    """
    for row in list(store.hook_deliveries.where(hook_id=hook.id)):
        store.hook_deliveries.remove(row)
    store.hooks.remove(hook)
    if not len(store.hooks):
        store.changes.set(store.events, dispatch=None)


# Deliveries


def dispatch(store: Store, event: Event) -> None:
    """Make a delivery of an event for each hook that receives it, in the order of the hooks' creation."""
    repository, alone = store.repository(event.repository), app_alone(event)
    repository_id = repository.id if repository else None
    hooks = [hook for hook in store.hooks if rules.wants(hook, event.name, repository_id, app_id=alone)]
    if not hooks:
        return
    payload = untouched_payload(event)
    text = deliveries.payload_text(payload)
    for hook in hooks:
        app = store.apps.get(hook.app_id) if hook.app_id and alone is None else None
        if app is None:
            _post(store, hook, event, repository_id, text)
        elif repository and (installation := app_installations.active_installation(store, app, repository)):
            told = payload | {"installation": installation_json.simple_installation(installation)}
            _post(store, hook, event, repository_id, deliveries.payload_text(told))


def _post(store: Store, hook: Hook, event: Event, repository_id: int | None, payload: bytes) -> None:
    too_large = len(payload) > deliveries.MOST_BYTES
    row = store.hook_deliveries.add(
        HookDelivery(
            id=store.hook_deliveries.next_id,
            repository_id=hook.repository_id,
            hook_id=hook.id,
            guid=event.delivery_id,
            event=event.name,
            action=event.action,
            event_repository_id=repository_id,
            redelivery=False,
            payload=payload,
            state="dropped" if too_large else "waiting",
            reason=f"the payload has {len(payload):,} bytes, more than 25 MB" if too_large else "",
        )
    )
    store.outbox.append(store, row)


def ping(store: Store, hook: Hook, sender: User) -> None:
    """
    Make a delivery of ``ping`` to a hook, even if ``ping`` is not one of its events.

    Source:
        https://docs.github.com/rest/repos/webhooks#ping-a-repository-webhook
    """
    repository = _repository_of(store, hook)
    hook_json = as_json.hook(hook, repository, store.urls)
    make_payload = partial(payloads.ping, _ZEN, hook.id, hook_json, repository, sender, store.urls)
    event = store.events.announce("ping", None, repository.full_name if repository else "", make_payload)
    _post(store, hook, event, hook.repository_id, deliveries.payload_text(untouched_payload(event)))


def test_push(store: Store, repository: Repository, hook: Hook, sender: User) -> None:
    """
    Make a delivery of a ``push`` of the latest commit to a hook, if it is active and receives pushes.

    Source:
        https://docs.github.com/rest/repos/webhooks#test-the-push-repository-webhook
    """
    if rules.wants(hook, "push", repository.id):
        event = store.events.announce("push", None, repository.full_name, git.latest_push(store, repository, sender))
        _post(store, hook, event, repository.id, deliveries.payload_text(untouched_payload(event)))


def _repository_of(store: Store, hook: Hook) -> Repository | None:
    return store.repositories.get(hook.repository_id) if hook.repository_id else None


# Endpoints


def find(call: Call) -> Hook:
    """
    Look up the hook in the path.

    Raises:
        NotFound: The repository has no such hook.
    """
    hook_id = call.params["hook_id"]
    if (hook := call.store.hooks.get(hook_id)) and hook.repository_id is None:
        rows = call.store.hooks.where(repository_id=call.repository.id)
        raise refusals.not_found(
            f"hook {hook_id} is a hook for all repositories, like an app's, and does not belong to "
            f"{call.repository.full_name}; {errors.known_values(hook_id, map(_label, rows))}"
        )
    row: Hook = find_in_repository(call, call.store.hooks, "hook_id", "hook", label=_label)
    return row


def _label(row: Hook) -> str:
    return f"{row.id} ({hide(row.target_url)})"


def _to_json(call: Call, hook: Hook) -> Any:  # noqa: ANN401 - JSON
    return as_json.hook(hook, call.repository, call.urls)


@route("repos/list-webhooks", "GET /repos/{owner}/{repo}/hooks", needs="admin", permission=PERMISSION)
def list_webhooks(call: Call) -> Reply:
    """List hooks, oldest first."""
    rows = list(reversed(call.store.hooks.where(repository_id=call.repository.id)))
    return Reply(200, Listing(rows, lambda row: _to_json(call, row)))


@route("repos/create-webhook", "POST /repos/{owner}/{repo}/hooks", needs="admin", permission=PERMISSION)
def create_webhook(call: Call) -> Reply:
    """Create a hook, and send it a ping."""
    row = create(call.store, call.repository, call.actor, **call.arguments_for(create))
    return Reply(201, _to_json(call, row), as_json.hook_url(row, call.repository, call.urls))


@route(
    "repos/get-webhook", "GET /repos/{owner}/{repo}/hooks/{hook_id}", needs="admin", permission=PERMISSION, finds=find
)
def get_webhook(call: Call) -> Reply:
    """Show a hook."""
    # A delivery changes last_response, but not updated_at.
    return Reply(200, _to_json(call, call.found), modified_at=call.found.updated_at)


@route(
    "repos/update-webhook",
    "PATCH /repos/{owner}/{repo}/hooks/{hook_id}",
    needs="admin",
    permission=PERMISSION,
    finds=find,
)
def update_webhook(call: Call) -> Reply:
    """Change a hook."""
    return Reply(200, _to_json(call, update(call.store, call.found, **call.arguments_for(update))))


@route(
    "repos/delete-webhook",
    "DELETE /repos/{owner}/{repo}/hooks/{hook_id}",
    needs="admin",
    permission=PERMISSION,
    finds=find,
)
def delete_webhook(call: Call) -> Reply:
    """Delete a hook."""
    delete(call.store, call.found)
    return Reply(204)


@route(
    "repos/get-webhook-config-for-repo",
    "GET /repos/{owner}/{repo}/hooks/{hook_id}/config",
    needs="admin",
    permission=PERMISSION,
    finds=find,
)
def get_webhook_config_for_repo(call: Call) -> Reply:
    """Show the configuration of a hook."""
    return Reply(200, as_json.config(call.found))


@route(
    "repos/update-webhook-config-for-repo",
    "PATCH /repos/{owner}/{repo}/hooks/{hook_id}/config",
    needs="admin",
    permission=PERMISSION,
    finds=find,
)
def update_webhook_config_for_repo(call: Call) -> Reply:
    """Change the given members of a hook's configuration."""
    return Reply(200, as_json.config(update_config(call.store, call.found, call.body)))


@route(
    "repos/ping-webhook",
    "POST /repos/{owner}/{repo}/hooks/{hook_id}/pings",
    needs="admin",
    permission=PERMISSION,
    finds=find,
)
def ping_webhook(call: Call) -> Reply:
    """Send a ping to a hook."""
    ping(call.store, call.found, call.actor)
    return Reply(204)


@route(
    "repos/test-push-webhook",
    "POST /repos/{owner}/{repo}/hooks/{hook_id}/tests",
    "POST /repos/{owner}/{repo}/hooks/{hook_id}/test",
    needs="admin",
    permission=PERMISSION,
    finds=find,
)
def test_push_webhook(call: Call) -> Reply:
    """Send a push of the latest commit to a hook, if it receives pushes."""
    test_push(call.store, call.repository, call.found, call.actor)
    return Reply(204)
