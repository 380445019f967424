"""The handle of a review. Like the handles in ``resources``, it reads the current state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.api.conversation import association_of
from pytest_ghdeploy.github.model import User
from pytest_ghdeploy.github.pull_requests import ReviewState
from pytest_ghdeploy.github.rules import reviews as rules
from pytest_ghdeploy.interface.arguments import one_of
from pytest_ghdeploy.interface.resources import _Field, _Shown
from pytest_ghdeploy.public import public
from pytest_ghdeploy.serializers import reviews as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github import pull_requests as rows
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.tables import Table

_EVENTS: dict[str, ReviewState] = {event: state for event, state in rules.STATES.items() if event is not None}
_STATES: dict[str, ReviewState] = {state: state for state in _EVENTS.values()} | _EVENTS


@public
class Review(_Shown):
    """
    A review of a pull request.

    ``submitted_at`` is ``None`` as long as the ``state`` is ``PENDING``.
    """

    __slots__ = ()
    _kind = "review"

    user = _Field[User]()
    body = _Field[str]()
    state = _Field[ReviewState]()
    html_url = _Field[str]()
    pull_request_url = _Field[str]()
    author_association = _Field[str]()
    submitted_at = _Field[datetime | None]()
    commit_id = _Field[str]()

    def _table(self) -> Table[rows.Review]:
        return self._store.reviews

    def _as_json(self, row: rows.Review) -> JSON:
        store, repository = self._store, self._store.repository_of(row)
        of = store.pull_requests.get(row.pull_request_id)
        assert of is not None  # noqa: S101 - pull requests are never deleted alone
        return as_json.review(row, of, association_of(store, repository, row.user), repository, store.urls)


def state_of(state: str) -> ReviewState:
    """
    Return the state that a test gives to a review, possibly as the ``event`` of a request.

    Raises:
        FakeError: *state* is unknown.
    """
    one_of("review state", state, list(_STATES), argument="state")
    return _STATES[state]
