"""Labels as GitHub's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_ghdeploy.serializers.accounts import node_id

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.pull_requests import Label
    from pytest_ghdeploy.github.urls import JSON, Urls


def label(row: Label, repository: Repository, urls: Urls) -> JSON:
    """
    Serialize a label.

    Source:
        Observed in octokit.rb's recordings of 2020: in the URL, a space is escaped, but not a question mark.
        GitHub's description of October 2026 adds the last two fields. No label of the fake is archived.
    """
    return {
        "id": row.id,
        "node_id": node_id("LA", repository.id, row.id),
        "url": f"{urls.repository(repository)}/labels/{quote(row.name, safe=_NOT_ESCAPED)}",
        "name": row.name,
        "color": row.color,
        "default": row.default,
        "description": row.description,
        "archived_at": None,
        "archived_by": None,
    }


_NOT_ESCAPED = "/?:@!$&'()*+,;="
