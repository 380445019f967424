"""The handle of a release. Like the handles in ``resources``, it reads the current state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.interface.resources import _Field, _Item
from pytest_ghdeploy.public import public
from pytest_ghdeploy.serializers import releases as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github import releases as model
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.tables import Table


@public
class Release(_Item):
    """A release or a draft of one."""

    __slots__ = ()
    _kind = "release"

    tag_name = _Field[str]()
    target_commitish = _Field[str]()
    name = _Field[str | None]()
    body = _Field[str | None]()
    draft = _Field[bool]()
    prerelease = _Field[bool]()
    author = _Field[User]()
    html_url = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    published_at = _Field[datetime | None]()

    def _table(self) -> Table[model.Release]:
        return self._store.releases

    def _as_json(self, row: model.Release) -> JSON:
        return as_json.release(row, self._store.repository_of(row), self._store.urls)
