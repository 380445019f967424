"""Tables of GitHub's decisions about the event `repository`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_ghdeploy.github.model import Repository, User
from pytest_ghdeploy.github.rules.repository_events import announcements

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEFORE = Repository(7, User(1, "mona", "User", NOON), "old", False, "main", NOON, NOON, NOON)  # noqa: FBT003 - a row
ARCHIVED = BEFORE._replace(settings=BEFORE.settings._replace(archived=True))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (BEFORE, BEFORE._replace(updated_at=NOON + timedelta(1)), []),
        (BEFORE, BEFORE._replace(settings=BEFORE.settings._replace(allow_merge_commit=False)), []),
        (BEFORE, BEFORE._replace(name="new"), [("renamed", {"repository": {"name": {"from": "old"}}})]),
        (BEFORE, BEFORE._replace(private=True), [("privatized", None)]),
        (BEFORE._replace(private=True), BEFORE, [("publicized", None)]),
        (BEFORE, ARCHIVED, [("archived", None)]),
        (ARCHIVED, BEFORE, [("unarchived", None)]),
        (BEFORE, BEFORE._replace(default_branch="trunk"), [("edited", {"default_branch": {"from": "main"}})]),
        (BEFORE, BEFORE._replace(topics=("a",)), [("edited", {"topics": {"from": []}})]),
        (
            ARCHIVED,
            BEFORE._replace(
                name="new",
                private=True,
                settings=BEFORE.settings._replace(description="d", homepage="https://example.com"),
            ),
            [
                ("renamed", {"repository": {"name": {"from": "old"}}}),
                ("edited", {"description": {"from": None}, "homepage": {"from": None}}),
                ("privatized", None),
                ("unarchived", None),
            ],
        ),
    ],
)
def test_what_is_announced(
    before: Repository, after: Repository, expected: list[tuple[str, dict[str, Any] | None]]
) -> None:
    """Each kind of change is an event of its own. Most settings have no event."""
    assert announcements(before, after) == expected
