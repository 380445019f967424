"""
GitHub's decisions about the event ``repository``: which changes of a repository are announced.

Source: https://docs.github.com/webhooks/webhook-events-and-payloads#repository
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository


class Announcement(NamedTuple):
    """An event: its *action*, and the *changes* that its payload lists, ``None`` for an action without any."""

    action: str
    changes: dict[str, Any] | None = None


def announcements(before: Repository, after: Repository) -> list[Announcement]:
    """
    List the events about a changed repository, in their order [guess: the order].

    Only a few settings are announced. Other changes, such as that of a merge method, are not.
    """
    found = []
    if before.name != after.name:
        found.append(Announcement("renamed", {"repository": {"name": {"from": before.name}}}))
    if edited := _edited(before, after):
        found.append(Announcement("edited", edited))
    if before.private != after.private:
        found.append(Announcement("privatized" if after.private else "publicized"))
    if before.settings.archived != after.settings.archived:
        found.append(Announcement("archived" if after.settings.archived else "unarchived"))
    return found


def _edited(before: Repository, after: Repository) -> dict[str, Any]:
    was, now = _details(before), _details(after)
    return {name: {"from": value} for name, value in was.items() if value != now[name]}


def _details(row: Repository) -> dict[str, Any]:
    return {
        "default_branch": row.default_branch,
        "description": row.settings.description,
        "homepage": row.settings.homepage,
        "topics": list(row.topics),
    }
