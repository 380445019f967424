"""
The payload of the event ``repository``. Few tests need it, so it is not in ``events``.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads#repository
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.serializers.events import _around

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.urls import JSON, Urls


def repository(action: str, changes: JSON | None, row: Repository, sender: User, urls: Urls) -> JSON:
    """Make the payload of ``repository``: *row* was changed. *changes* are the earlier values."""
    return {"action": action, **({} if changes is None else {"changes": changes}), **_around(row, sender, urls)}
