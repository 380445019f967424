"""
GitHub's decisions about releases.

Source: https://docs.github.com/rest/releases/releases
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_ghdeploy.github import refusals_releases as refusals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ghdeploy.github.releases import Release


def check_tag(tag_name: str, *, is_valid: bool, taken_by: Release | None) -> None:
    """
    Refuse the tag of a release.

    Args:
        is_valid: Whether git accepts the name.

        taken_by: The published release of this tag, if there is one.

    Raises:
        Unprocessable: The name is not valid, or the tag has a release.

    Source:
        Recorded by hub4j, for a tag that has a release.
    """
    if not is_valid:
        raise refusals.invalid_tag_name(f"git does not allow a tag {tag_name!r}: see git check-ref-format")
    if taken_by:
        raise refusals.tag_has_release(f"release {taken_by.id} already has the tag {tag_name!r}")


def newest_first(releases: Iterable[Release]) -> list[Release]:
    """Sort releases by the dates of their commits, and those of one date by their ids."""
    return sorted(releases, key=lambda release: (release.created_at, release.id), reverse=True)


def latest(releases: Iterable[Release]) -> Release | None:
    """
    Find the latest release, which is neither a draft nor a prerelease; ``None`` without one.

    A release with ``make_latest: "false"`` is never the latest [guess: not even if it is the only one].

    Source:
        https://docs.github.com/rest/releases/releases#get-the-latest-release
    """
    candidates = [
        release
        for release in releases
        if not release.draft and not release.prerelease and release.make_latest != "false"
    ]
    return next(iter(newest_first(candidates)), None)


def actions_of_new(release: Release) -> tuple[str, ...]:
    """List the actions of the events of a new release, in their order [guess: the order]."""
    return ("created",) if release.draft else ("created", "published", _kind(release))


def actions_of_change(before: Release, after: Release) -> tuple[str, ...]:
    """
    List the actions of the events of a changed release, in their order [guess: the order].

    Source:
        https://docs.github.com/webhooks/webhook-events-and-payloads#release
    """
    actions = ("edited",) if changes(before, after) else ()
    if before.draft and not after.draft:
        return (*actions, "published", _kind(after))
    if after.draft and not before.draft:
        return (*actions, "unpublished")
    if not after.draft and before.prerelease != after.prerelease:
        return (*actions, _kind(after))
    return actions


def changes(before: Release, after: Release) -> dict[str, Any]:
    """List the changed details of a release as the event ``edited`` shows them."""
    changed: dict[str, Any] = {
        name: {"from": getattr(before, name) or ""}
        for name in ("body", "name", "tag_name")
        if getattr(before, name) != getattr(after, name)
    }
    if before.make_latest != after.make_latest:
        changed["make_latest"] = {"to": after.make_latest == "true"}
    return changed


def _kind(release: Release) -> str:
    return "prereleased" if release.prerelease else "released"


def notes(html_url: str, tag_name: str, previous: str | None) -> str:
    """
    Write the generated notes of a release [guess: the text]. The fake lists no pull requests and contributors.

    Args:
        html_url: The page of the repository.

        previous: The tag of the previous release, if there is one.
    """
    tag = quote(tag_name)
    page = f"compare/{quote(previous)}...{tag}" if previous else f"commits/{tag}"
    return f"**Full Changelog**: {html_url}/{page}"
