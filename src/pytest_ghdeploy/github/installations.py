"""The installations of GitHub Apps as frozen rows, like those in ``model``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_ghdeploy.github.model import Repository, User


class Installation(NamedTuple):
    """
    The installation of an app on an account.

    ``repository_ids`` is ``None`` for all repositories of the ``account``. ``suspended_at`` is ``None`` unless the
    installation is suspended.
    """

    id: int
    app_id: int
    account: User
    permissions: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    repository_ids: frozenset[int] | None = None
    suspended_at: datetime | None = None
    suspended_by: User | None = None

    def covers(self, repository: Repository) -> bool:
        """Return whether it covers a repository: the account's, and one of the selected ones if only those are."""
        is_selected = self.repository_ids is None or repository.id in self.repository_ids
        return is_selected and self.account.id == repository.owner.id
