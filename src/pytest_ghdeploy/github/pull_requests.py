"""
Pull requests, and their comments, labels and reactions, as frozen rows like those in ``model``.

On GitHub, every pull request is an issue too: both have one number, and comments,
labels and reactions belong to the issue. The fake has no other issues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github.model import App, Team, User

PullRequestState = Literal["open", "closed"]
ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]
MergeMethod = Literal["merge", "squash", "rebase"]
ReactionContent = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]
Subject = Literal["issue", "issue_comment", "commit_comment", "release"]

PULL_REQUEST_STATES: tuple[str, ...] = get_args(PullRequestState)
REVIEW_STATES: tuple[str, ...] = get_args(ReviewState)
MERGE_METHODS: tuple[str, ...] = get_args(MergeMethod)
REACTION_CONTENTS: tuple[str, ...] = get_args(ReactionContent)


class Mergeability(NamedTuple):
    """
    Whether a pull request can be merged, with its head at *head_sha* and its base at *base_sha*.

    Attributes:
        mergeable, rebaseable: ``None`` until this was computed.

        reads: How many responses have said so far that it is not known yet.
    """

    base_sha: str
    head_sha: str
    mergeable: bool | None = None
    rebaseable: bool | None = None
    reads: int = 0


class PullRequest(NamedTuple):
    """
    A pull request. Its head and base are branches of one repository.

    Attributes:
        issue_id: The id of its issue, which differs from its own.

        head_sha: The head of the pull request, which is kept when its branch is deleted.

        base_sha: The head of the base branch when the pull request was opened or its head last moved.

        merge_commit_sha: The commit that brought a merged pull request into its base, else the latest test merge.

        merged_onto: The head of the base branch before the merge, ``None`` for a pull request that is not merged.

        mergeability: The latest test merge, which a push to the head or base makes obsolete; ``None`` before the first.

        label_ids: The ids of its labels, in the order in which they were added.
    """

    id: int
    issue_id: int
    repository_id: int
    number: int
    title: str
    body: str | None
    user: User
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    created_at: datetime
    updated_at: datetime
    state: PullRequestState = "open"
    draft: bool = False
    closed_at: datetime | None = None
    closed_by: User | None = None
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    merged_onto: str | None = None
    mergeability: Mergeability | None = None
    label_ids: tuple[int, ...] = ()
    requested_reviewers: tuple[User, ...] = ()
    requested_teams: tuple[Team, ...] = ()
    performed_via_github_app: App | None = None

    @property
    def merged(self) -> bool:
        """Whether the pull request was merged."""
        return self.merged_at is not None


class Label(NamedTuple):
    """
    A label of a repository.

    ``name_key`` is the name as it is compared, without regard to case. ``default`` is true for those that every
    repository has from the start.
    """

    id: int
    repository_id: int
    name: str
    name_key: str
    color: str
    description: str | None = None
    default: bool = False


class Review(NamedTuple):
    """A review of a pull request. A ``PENDING`` one has not been submitted."""

    id: int
    repository_id: int
    pull_request_id: int
    user: User
    body: str
    state: ReviewState
    commit_id: str
    submitted_at: datetime | None


class IssueComment(NamedTuple):
    """A comment on a pull request, that is, on its issue."""

    id: int
    repository_id: int
    pull_request_id: int
    user: User
    body: str
    created_at: datetime
    updated_at: datetime
    performed_via_github_app: App | None = None


class CommitComment(NamedTuple):
    """A comment on a commit, or on a line of one of its files."""

    id: int
    repository_id: int
    commit_id: str
    user: User
    body: str
    created_at: datetime
    updated_at: datetime
    path: str | None = None
    position: int | None = None
    line: int | None = None


class Reaction(NamedTuple):
    """A reaction to the row of the kind *subject* with the id *subject_id*."""

    id: int
    repository_id: int
    subject: Subject
    subject_id: int
    user: User
    content: ReactionContent
    created_at: datetime
