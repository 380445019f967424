"""Handles of comments. Like the handles in ``resources``, they read the current state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import commit_comments, issue_comments
from pytest_ghdeploy.github.model import App, User
from pytest_ghdeploy.github.urls import JSON
from pytest_ghdeploy.interface.resources import _Field, _Item
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from pytest_ghdeploy.github import pull_requests
    from pytest_ghdeploy.store.tables import Table


@public
class CommitComment(_Item):
    """
    A comment on a commit, or on a line of one of its files.

    ``reactions`` is GitHub's JSON: how many there are of each kind.
    """

    __slots__ = ()
    _kind = "comment"

    html_url = _Field[str]()
    user = _Field[User]()
    position = _Field[int | None]()
    line = _Field[int | None]()
    path = _Field[str | None]()
    commit_id = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    author_association = _Field[str]()
    body = _Field[str]()
    reactions = _Field[JSON]()

    def _table(self) -> Table[pull_requests.CommitComment]:
        return self._store.commit_comments

    def _as_json(self, row: pull_requests.CommitComment) -> JSON:
        return commit_comments.to_json(self._store, self._store.urls, row)


@public
class IssueComment(_Item):
    """
    A comment on a pull request.

    ``reactions`` is GitHub's JSON: how many there are of each kind.
    """

    __slots__ = ()
    _kind = "comment"

    html_url = _Field[str]()
    issue_url = _Field[str]()
    user = _Field[User]()
    body = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    author_association = _Field[str]()
    reactions = _Field[JSON]()
    performed_via_github_app = _Field[App | None]()

    def _table(self) -> Table[pull_requests.IssueComment]:
        return self._store.issue_comments

    def _as_json(self, row: pull_requests.IssueComment) -> JSON:
        return issue_comments.to_json(self._store, self._store.urls, row)
