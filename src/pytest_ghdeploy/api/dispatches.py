"""
Events that a client dispatches itself: ``repository_dispatch``.

Source:
    https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api.app_installations import installation_on
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import apps, refusals_releases as refusals
from pytest_ghdeploy.serializers import release_events as payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_ghdeploy.github.model import Repository, Token, User
    from pytest_ghdeploy.store.store import Store

PERMISSION = "contents"
_PAYLOAD_LIMIT = 65_535
"""Bytes of a ``client_payload``."""


def create(
    store: Store,
    repository: Repository,
    sender: User,
    token: Token | None = None,
    *,
    event_type: str,
    client_payload: Mapping[str, Any] | None = None,
) -> None:
    """
    Dispatch ``repository_dispatch`` with the action *event_type*.

    Args:
        token: The token of the caller. ``installation`` in the event is that of the token's app on the repository's
            owner, or that of GitHub Actions.

        event_type: At most 100 characters.

        client_payload: At most 10 members, in JSON shorter than 64 KB.

    Raises:
        Unprocessable: *client_payload* is too large. Nothing was dispatched.

    Source:
        https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
        The text about the size is quoted by a user (dispatch-action#23).
    """
    payload = dict(client_payload or {})
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
    if size > _PAYLOAD_LIMIT:
        raise refusals.payload_too_large(f"client_payload has {size:,} bytes of JSON; the limit is {_PAYLOAD_LIMIT:,}")
    installation = _installation_id(store, repository, token)
    store.events.record(
        "repository_dispatch",
        event_type,
        repository.full_name,
        partial(payloads.repository_dispatch, event_type, payload, installation, repository, sender, store.urls),
    )


def _installation_id(store: Store, repository: Repository, token: Token | None) -> int:
    if token is None or token.app is None or token.app.id == apps.ACTIONS_ID:
        return apps.installation_id(apps.ACTIONS_ID)
    if token.installation_id is not None:
        return token.installation_id
    # A token that a test added covers all repositories, even if its app is not installed there.
    row = installation_on(store, token.app, repository.owner)
    return row.id if row else apps.installation_id(token.app.id)


@route("repos/create-dispatch-event", "POST /repos/{owner}/{repo}/dispatches")
def create_dispatch_event(call: Call) -> Reply:
    """Dispatch an event that starts workflows, and reaches the hooks of apps."""
    create(call.store, call.repository, call.actor, call.token, **call.arguments_for(create))
    return Reply(204)
