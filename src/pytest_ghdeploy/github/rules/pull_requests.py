"""
GitHub's decisions about pull requests.

Source: https://docs.github.com/rest/pulls/pulls
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pytest_ghdeploy.github import refusals_pulls as refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_ghdeploy.github.pull_requests import MergeMethod, PullRequest
    from pytest_ghdeploy.github.repository_settings import RepositorySettings
    from pytest_ghdeploy.github.rules.deployments import Context

MergeableState = Literal["unknown", "dirty", "blocked", "behind", "unstable", "clean"]

COMMIT_LIMIT = 250
"""Commits that ``GET …/pulls/{number}/commits`` lists."""
FILE_LIMIT = 3000
"""Files that ``GET …/pulls/{number}/files`` lists."""

# Outcomes of commit statuses and check runs that leave a pull request clean.
_SUCCESSFUL = frozenset({"success", "neutral", "skipped"})


# Mergeability


class Protection(NamedTuple):
    """
    What the protection of the base branch still demands of a pull request. The default is nothing.

    Attributes:
        required_contexts: How many contexts are required.

        unmet_contexts: Those of them that have not passed.

        required_approvals: How many approving reviews are required.

        missing_approvals: How many approving reviews are missing.

        is_strict: Whether the head must contain the latest commit of the base.
    """

    required_contexts: int = 0
    unmet_contexts: tuple[Context, ...] = ()
    required_approvals: int = 0
    missing_approvals: int = 0
    is_strict: bool = False


class MergeState(NamedTuple):
    """The mergeability of a pull request as a response shows it. The default is that it is not known yet."""

    mergeable: bool | None = None
    rebaseable: bool | None = None
    mergeable_state: MergeableState = "unknown"


def merge_state(
    *,
    mergeable: bool | None,
    rebaseable: bool | None,
    protection: Protection,
    is_behind: bool,
    outcomes: Iterable[str],
) -> MergeState:
    """
    Find the mergeability of a pull request. A draft is treated like any other.

    Args:
        mergeable: Whether head and base merge without conflicts, ``None`` if this is not known.

        rebaseable: Whether the commits of the head can be rebased, ``None`` if this is not known.

        protection: What the protection of the base branch still demands.

        is_behind: Whether the base has commits that the head does not contain.

        outcomes: The states of all contexts of the head, ``pending`` for check runs that are not complete.

    Source:
        https://docs.github.com/graphql/reference/enums#mergestatestatus, and recordings by PyGithub.
        The order is a [guess].
    """
    if mergeable is None:
        return MergeState()
    if not mergeable:
        return MergeState(mergeable=False, rebaseable=False, mergeable_state="dirty")
    state: MergeableState = "clean"
    if protection.unmet_contexts or protection.missing_approvals:
        state = "blocked"
    elif protection.is_strict and is_behind:
        state = "behind"
    elif not _SUCCESSFUL.issuperset(outcomes):
        state = "unstable"
    return MergeState(mergeable=True, rebaseable=rebaseable, mergeable_state=state)


# Creating and updating


def branch_of(head: str, owner: str) -> str | None:
    """
    Return the branch that a client means by ``BRANCH`` or ``OWNER:BRANCH``.

    Args:
        owner: The login of the repository's owner.

    Returns:
        ``None`` if the branch is in another repository.
    """
    before, colon, after = head.partition(":")
    if not colon:
        return head
    return after if before.lower() == owner.lower() else None


def check_title(title: str | None) -> None:
    """
    Refuse a pull request without a title.

    Raises:
        Unprocessable: *title* is missing, or only white space.
    """
    if title is None or not title.strip():
        raise refusals.no_title()


def check_issue(number: int, newest: int, full_name: str) -> None:
    """
    Refuse to turn an issue into a pull request. The fake has no issues that are not pull requests.

    Args:
        newest: The number of the newest pull request, 0 without any.

    Raises:
        Unprocessable: Always.
    """
    if 0 < number <= newest:
        raise refusals.issue_attached(number, f"{full_name} has a pull request with the number {number}")
    raise refusals.no_issue(number, f"{full_name} has no issue {number}; all its issues are pull requests")


def check_reopenable(row: PullRequest, *, reason: str | None) -> None:
    """
    Refuse to reopen a pull request.

    Args:
        reason: Why its branches do not allow it, as a sentence in GitHub's words; ``None`` if they do.

    Raises:
        Unprocessable: The pull request is merged, or there is a *reason*.

    Source:
        Reported by users: cilium/cilium#47088, isaacs/github#361. The texts for merged pull requests
        and deleted branches are a [guess].
    """
    if row.merged:
        reason = "The pull request cannot be reopened."
    if reason is not None:
        raise refusals.not_reopenable(reason, f"pull request #{row.number} cannot be reopened: {reason}")


# Merging


def check_ready(row: PullRequest, *, sha: str | None) -> None:
    """
    Refuse to merge a pull request, whatever its branches have.

    Args:
        sha: The head that the client expects, ``None`` for any.

    Raises:
        MethodNotAllowed: It is closed or a draft.
        Conflict: *sha* is not its head.

    Source:
        https://docs.github.com/rest/pulls/pulls#merge-a-pull-request, and reports by users. Their order is a [guess].
    """
    name = f"pull request #{row.number}"
    if row.state != "open":
        raise refusals.not_mergeable(f"{name} is {'already merged' if row.merged else 'closed'}")
    if sha is not None and sha != row.head_sha:
        raise refusals.head_modified(f"the head of {name} is {row.head_sha}, not {sha}")
    if row.draft:
        raise refusals.still_a_draft(f"{name} is a draft")


def check_merge(row: PullRequest, settings: RepositorySettings, state: MergeState, *, method: MergeMethod) -> None:
    """
    Refuse to merge a pull request that ``check_ready`` does not refuse.

    Args:
        settings: The settings of the repository, which allow merge methods.

    Raises:
        MethodNotAllowed: It conflicts or is not known to be mergeable, or *method* is not allowed or conflicts.

    Source:
        See ``check_ready``.
    """
    name = f"pull request #{row.number}"
    if state.mergeable is None:
        hint = f"whether {name} can be merged is not known yet: read it first, as many times as mergeable_after says"
        raise refusals.not_mergeable(hint)
    if not state.mergeable:
        raise refusals.not_mergeable(f"{name} conflicts with {row.base_ref}")
    allowed = {
        "merge": settings.allow_merge_commit,
        "squash": settings.allow_squash_merge,
        "rebase": settings.allow_rebase_merge,
    }
    if not allowed[method]:
        known = ", ".join(name for name, is_allowed in allowed.items() if is_allowed)
        raise refusals.method_not_allowed(method, f"the repository allows {known}")
    if method == "rebase" and not state.rebaseable:
        raise refusals.not_rebaseable(f"a commit of {name} conflicts with {row.base_ref}")


class Text(NamedTuple):
    """The title and the rest of a commit message."""

    title: str
    message: str

    def whole(self) -> str:
        """Return the message of the commit."""
        return f"{self.title}\n\n{self.message}" if self.message else self.title


def with_co_authors(text: Text, co_authors: Sequence[str]) -> Text:
    """
    Add trailers for the other authors of squashed commits.

    Args:
        co_authors: Each as ``NAME <EMAIL>``.

    Source:
        https://docs.github.com/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
    """
    trailers = "\n".join(f"Co-authored-by: {person}" for person in co_authors)
    return text._replace(message="\n\n".join(filter(None, (text.message, trailers))))


def default_text(
    row: PullRequest, settings: RepositorySettings, *, method: MergeMethod, owner: str, messages: Sequence[str]
) -> Text:
    """
    Write the message of the commit that merges a pull request with a merge commit or a squash.

    Args:
        owner: The login of the repository's owner.

        messages: The messages of the commits, oldest first.

    Source:
        https://docs.github.com/rest/repos/repos#update-a-repository, under ``merge_commit_title`` and the others.
    """
    titled = f"{row.title} (#{row.number})"
    texts: Mapping[str, str] = {"PR_TITLE": row.title, "PR_BODY": row.body or "", "BLANK": ""}
    if method == "merge":
        usual = f"Merge pull request #{row.number} from {owner}/{row.head_ref}"
        title = usual if settings.merge_commit_title == "MERGE_MESSAGE" else titled
        return Text(title, texts[settings.merge_commit_message])
    only = messages[0].partition("\n") if len(messages) == 1 else None
    uses_commit = settings.squash_merge_commit_title == "COMMIT_OR_PR_TITLE"
    uses_commit = uses_commit and not settings.use_squash_pr_title_as_default
    title = f"{only[0]} (#{row.number})" if only and uses_commit else titled
    listed = only[2].strip() if only else "\n\n".join(f"* {message.strip()}" for message in messages)
    return Text(title, {**texts, "COMMIT_MESSAGES": listed}[settings.squash_merge_commit_message])
