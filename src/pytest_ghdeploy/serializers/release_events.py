"""
The payloads of webhook events about releases, and those that clients dispatch. Few tests need them.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.serializers import accounts, releases
from pytest_ghdeploy.serializers.events import _around

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.releases import Release
    from pytest_ghdeploy.github.urls import JSON, Urls


def release(action: str, row: Release, changes: JSON | None, repository: Repository, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``release``. *changes* are those of the action ``edited``."""
    return {
        "action": action,
        **({} if changes is None else {"changes": changes}),
        "release": releases.release(row, repository, urls),
        **_around(repository, sender, urls),
    }


def repository_dispatch(
    event_type: str, client_payload: JSON, installation_id: int, repository: Repository, sender: User, urls: Urls
) -> JSON:
    """
    Make the payload of ``repository_dispatch``, whose action is the client's *event_type*.

    Source:
        The example in @octokit/webhooks-examples, which has ``{}`` for a missing ``client_payload``.
    """
    node_id = accounts.legacy_node_id("IntegrationInstallation", installation_id)
    return {
        "action": event_type,
        "branch": repository.default_branch,
        "client_payload": client_payload,
        **_around(repository, sender, urls),
        "installation": {"id": installation_id, "node_id": node_id},
    }
