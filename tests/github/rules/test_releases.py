"""Tables of GitHub's decisions about releases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.github.releases import Release
from pytest_ghdeploy.github.rules import releases as rules

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONA = User(1, "mona", "User", NOON)
PUBLISHED = Release(7, 1, "v1", "main", None, None, False, False, MONA, NOON, NOON, NOON)  # noqa: FBT003 - a row
DRAFT = PUBLISHED._replace(draft=True, published_at=None)
PRERELEASE = PUBLISHED._replace(prerelease=True)


@pytest.mark.parametrize(
    ("release", "actions"),
    [
        (PUBLISHED, ("created", "published", "released")),
        (PRERELEASE, ("created", "published", "prereleased")),
        (DRAFT, ("created",)),
        (DRAFT._replace(prerelease=True), ("created",)),
    ],
)
def test_the_events_of_a_new_release(release: Release, actions: tuple[str, ...]) -> None:
    """A draft is only created."""
    assert rules.actions_of_new(release) == actions


@pytest.mark.parametrize(
    ("before", "after", "actions"),
    [
        (PUBLISHED, PUBLISHED._replace(updated_at=NOON + timedelta(1)), ()),
        (PUBLISHED, PUBLISHED._replace(target_commitish="topic"), ()),
        (PUBLISHED, PUBLISHED._replace(name="One"), ("edited",)),
        (PUBLISHED, PUBLISHED._replace(make_latest="legacy"), ("edited",)),
        (PUBLISHED, PRERELEASE, ("prereleased",)),
        (PRERELEASE, PUBLISHED._replace(body="text"), ("edited", "released")),
        (DRAFT, PUBLISHED, ("published", "released")),
        (DRAFT, PRERELEASE, ("published", "prereleased")),
        (DRAFT, DRAFT._replace(prerelease=True), ()),
        (DRAFT, DRAFT._replace(tag_name="v2"), ("edited",)),
        (PUBLISHED, DRAFT, ("unpublished",)),
    ],
)
def test_the_events_of_a_changed_release(before: Release, after: Release, actions: tuple[str, ...]) -> None:
    """A change of details is one, a change of the kind another."""
    assert rules.actions_of_change(before, after) == actions


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        (PUBLISHED, {}),
        (PUBLISHED._replace(name="One", body="text"), {"body": {"from": ""}, "name": {"from": ""}}),
        (PUBLISHED._replace(tag_name="v2"), {"tag_name": {"from": "v1"}}),
        (PUBLISHED._replace(make_latest="false"), {"make_latest": {"to": False}}),
    ],
)
def test_the_changes_of_an_edit(after: Release, changes: dict[str, Any]) -> None:
    """They show the earlier details; for `make_latest`, the new one."""
    assert rules.changes(PUBLISHED, after) == changes


@pytest.mark.parametrize(
    ("others", "latest"),
    [
        ([], None),
        ([DRAFT, PRERELEASE], None),
        ([PUBLISHED._replace(make_latest="false")], None),
        ([PUBLISHED, PUBLISHED._replace(id=8)], 8),
        ([PUBLISHED, PUBLISHED._replace(id=8, created_at=NOON - timedelta(1))], 7),
        ([PUBLISHED, PRERELEASE._replace(id=8), DRAFT._replace(id=9)], 7),
        ([PUBLISHED._replace(make_latest="legacy")], 7),
    ],
)
def test_the_latest_release(others: list[Release], latest: int | None) -> None:
    """The date of the commit decides, then the id."""
    found = rules.latest(others)
    assert (found and found.id) == latest


@pytest.mark.parametrize(
    ("is_valid", "taken_by", "code"), [(True, None, ""), (False, None, "custom"), (True, PUBLISHED, "already_exists")]
)
def test_a_tag_is_checked(*, is_valid: bool, taken_by: Release | None, code: str) -> None:
    """It must be valid and have no release."""
    if not code:
        rules.check_tag("v1", is_valid=is_valid, taken_by=taken_by)
        return
    with pytest.raises(Unprocessable) as refused:
        rules.check_tag("v1", is_valid=is_valid, taken_by=taken_by)
    assert refused.value.errors[0]["code"] == code
    assert refused.value.field == "tag_name"


@pytest.mark.parametrize(
    ("previous", "page"), [(None, "commits/v%20/2"), ("v1", "compare/v1...v%20/2"), ("a b", "compare/a%20b...v%20/2")]
)
def test_generated_notes(previous: str | None, page: str) -> None:
    """They link to the comparison with the previous release, or to the commits."""
    assert (
        rules.notes("https://github.com/a/b", "v /2", previous) == f"**Full Changelog**: https://github.com/a/b/{page}"
    )
