"""The handle of a pull request. Like the handles in ``resources``, it reads the current state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pytest_ghdeploy.api import issue_comments, issue_labels, labels, pull_states, pulls, reviews
from pytest_ghdeploy.github import pull_requests as rows
from pytest_ghdeploy.github.model import Team, User
from pytest_ghdeploy.github.pull_requests import PullRequestState
from pytest_ghdeploy.interface.arguments import advice, check_type, json_copy, one_of, user_called
from pytest_ghdeploy.interface.comments import IssueComment
from pytest_ghdeploy.interface.labels import label_of
from pytest_ghdeploy.interface.resources import _Field, _Item
from pytest_ghdeploy.interface.reviews import Review, state_of
from pytest_ghdeploy.public import public
from pytest_ghdeploy.serializers import pull_requests as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.pull_requests import MergeMethod
    from pytest_ghdeploy.github.rules.pull_requests import MergeState
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.interface.labels import Label
    from pytest_ghdeploy.store.tables import Table


@public
class PullRequestBranch(NamedTuple):
    """
    The head or the base of a pull request.

    Attributes:
        ref: The name of the branch.

        sha: Of the head, its latest commit. Of the base, the commit at which it was when the head last moved.
    """

    ref: str
    sha: str


@public
class PullRequest(_Item):
    """
    A pull request.

    Reading ``mergeable``, ``mergeable_state`` or ``merge_commit_sha`` merges head and base as a test, as a request
    does. Unlike in responses, the result is there at once.
    """

    __slots__ = ()
    _kind = "pull request"

    number = _Field[int]()
    html_url = _Field[str]()
    state = _Field[PullRequestState]()
    title = _Field[str]()
    body = _Field[str | None]()
    draft = _Field[bool]()
    user = _Field[User]()
    merged = _Field[bool]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    closed_at = _Field[datetime | None]()
    merged_at = _Field[datetime | None]()
    merged_by = _Field[User | None]()
    requested_reviewers = _Field[tuple[User, ...]]()
    requested_teams = _Field[tuple[Team, ...]]()

    def __repr__(self) -> str:
        row = self._table().get(self._id)
        return f"<PullRequest #{row.number}>" if row else f"<PullRequest {self._id}>"

    def _table(self) -> Table[rows.PullRequest]:
        return self._store.pull_requests

    def _as_json(self, row: rows.PullRequest) -> JSON:
        store, repository = self._store, self._store.repository_of(row)
        return as_json.short(pull_states.view(store, repository, row, full=False), store.urls)

    @property
    def head(self) -> PullRequestBranch:
        """The branch with the changes."""
        with self._store.lock:
            return PullRequestBranch(self._row.head_ref, self._row.head_sha)

    @property
    def base(self) -> PullRequestBranch:
        """The branch to merge into."""
        with self._store.lock:
            return PullRequestBranch(self._row.base_ref, self._row.base_sha)

    @property
    def labels(self) -> list[Label]:
        """The labels, in the order in which they were added."""
        with self._store.lock:
            return [label_of(row) for row in labels.labels_on(self._store, self._row)]

    def add_label(self, name: str) -> None:
        """
        Put a label on the pull request as the owner of the repository.

        Dispatches ``pull_request``, unless the pull request has the label already.

        Args:
            name: The name of the label. A missing label is created. Case is ignored.

        Raises:
            FakeError: GitHub would refuse the name. Nothing was added.
        """
        check_type("name", name, str, "a string")
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            row: rows.PullRequest = self._row
            repository = self._store.repository_of(row)
            issue_labels.label(self._store, repository, repository.owner, row, [name])

    def remove_label(self, name: str) -> None:
        """
        Take a label off the pull request as the owner of the repository. Dispatches ``pull_request``.

        Args:
            name: The name of the label. Case is ignored.

        Raises:
            FakeError: The pull request does not have the label. The message lists those it has.
        """
        check_type("name", name, str, "a string")
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            row: rows.PullRequest = self._row
            repository = self._store.repository_of(row)
            issue_labels.unlabel(self._store, repository, repository.owner, row, name)

    def add_comment(self, body: str, *, user: str | None = None) -> IssueComment:
        """
        Comment on the pull request as ``POST …/issues/{number}/comments`` does. Dispatches ``issue_comment``.

        Args:
            body: The text, at most 262,144 bytes.

            user: The login of the author. The default is the owner of the repository.

        Raises:
            FakeError: *user* is unknown, or GitHub would refuse the comment. Nothing was added.
        """
        sent = json_copy("issues/create-comment", body=body)
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            row: rows.PullRequest = self._row
            repository = self._store.repository_of(row)
            author = repository.owner if user is None else user_called(self._store, user, "user")
            app = self._store.app_of(author)
            comment = issue_comments.create(self._store, repository, author, row, app, **sent)
            return IssueComment(self._store, comment.id)

    @property
    def comments(self) -> list[IssueComment]:
        """The existing comments, newest first."""
        with self._store.lock:
            comments = self._store.issue_comments.where(pull_request_id=self._row.id)
            return [IssueComment(self._store, row.id) for row in comments]

    def _merge_state(self) -> MergeState:
        row: rows.PullRequest = self._row
        return pull_states.merge_state_now(self._store, self._store.repository_of(row), row)

    @property
    def mergeable(self) -> bool | None:
        """Whether head and base merge without conflicts; ``None`` once it is merged."""
        with self._store.lock, self._store.changes:
            return self._merge_state().mergeable

    @property
    def mergeable_state(self) -> str:
        """``clean``, ``unstable``, ``behind``, ``blocked`` or ``dirty``; ``unknown`` once it is merged."""
        with self._store.lock, self._store.changes:
            return self._merge_state().mergeable_state

    @property
    def merge_commit_sha(self) -> str | None:
        """The SHA of the commit that merged it or, before that, of the latest test merge; ``None`` without any."""
        with self._store.lock, self._store.changes:
            self._merge_state()
            sha: str | None = self._row.merge_commit_sha
            return sha

    @property
    def reviews(self) -> list[Review]:
        """The submitted reviews, newest first."""
        with self._store.lock:
            return [Review(self._store, row.id) for row in reviews.visible(self._store, self._row, None)[::-1]]

    def add_review(self, state: str, *, user: str, body: str = "") -> Review:
        """
        Review the pull request. Dispatches ``pull_request_review``.

        Args:
            state: ``APPROVED``, ``CHANGES_REQUESTED`` or ``COMMENTED``, or a request's ``APPROVE``, ``REQUEST_CHANGES``
                or ``COMMENT``.

            user: The login of the reviewer.

            body: The text. Unlike in requests, it can be empty in every state.

        Raises:
            FakeError: *state* or *user* is unknown, or *user* opened the pull request and may only comment. Nothing
                was added.
        """
        review_state = state_of(state)
        sent = json_copy("pulls/create-review", body=body)
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            row: rows.PullRequest = self._row
            reviewer = user_called(self._store, user, "user")
            repository = self._store.repository_of(row)
            review = reviews.create(self._store, repository, row, reviewer, state=review_state, **sent)
            return Review(self._store, review.id)

    def merge(self, *, method: MergeMethod = "merge", user: str | None = None) -> str:
        """
        Merge the pull request as ``PUT …/merge`` does. Dispatches ``push`` and ``pull_request``.

        Args:
            method: ``merge``, ``squash`` or ``rebase``.

            user: The login of the account that merges. The default is the owner of the repository.

        Returns:
            The SHA of the commit that the base branch is at now.

        Raises:
            FakeError: *method* or *user* is unknown, or GitHub would refuse to merge. Nothing was merged.
        """
        from pytest_ghdeploy.api import pull_merges  # few tests need it

        one_of("merge method", method, rows.MERGE_METHODS, argument="method")
        with self._store.outbox, self._store.lock, self._store.changes, advice(merge_method="method"):
            row: rows.PullRequest = self._row
            repository = self._store.repository_of(row)
            actor = repository.owner if user is None else user_called(self._store, user, "user")
            return pull_merges.merge_into_base(self._store, repository, actor, row, at_once=True, merge_method=method)

    def close(self) -> None:
        """Close the pull request as the owner of the repository. Dispatches ``pull_request``, unless it is closed."""
        self._change("closed")

    def reopen(self) -> None:
        """
        Reopen the pull request as the owner of the repository. Dispatches ``pull_request``, unless it is open.

        Raises:
            FakeError: It is merged, or its branches have changed in a way that GitHub does not allow. It stays closed.
        """
        self._change("open")

    def _change(self, state: PullRequestState) -> None:
        with self._store.outbox, self._store.lock, self._store.changes, advice():
            row: rows.PullRequest = self._row
            repository = self._store.repository_of(row)
            pulls.change(self._store, repository, repository.owner, row, state=state)
