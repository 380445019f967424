"""The settings of a repository that the fake keeps and shows, with the values of a new repository."""

from __future__ import annotations

from typing import NamedTuple


class RepositorySettings(NamedTuple):
    """
    The settings of a repository, spelled like the members of GitHub's JSON.

    A client may change each of them with ``PATCH /repos/{owner}/{repo}``. Only
    ``archived`` affects other requests.

    Source:
        https://docs.github.com/rest/repos/repos#update-a-repository
    """

    description: str | None = None
    homepage: str | None = None
    has_issues: bool = True
    has_projects: bool = True
    has_downloads: bool = True
    has_wiki: bool = True
    has_discussions: bool = False
    has_pull_requests: bool = True
    pull_request_creation_policy: str = "all"
    archived: bool = False
    allow_forking: bool = True
    is_template: bool = False
    web_commit_signoff_required: bool = False
    allow_squash_merge: bool = True
    allow_merge_commit: bool = True
    allow_rebase_merge: bool = True
    allow_auto_merge: bool = False
    delete_branch_on_merge: bool = False
    allow_update_branch: bool = False
    use_squash_pr_title_as_default: bool = False
    squash_merge_commit_message: str = "COMMIT_MESSAGES"
    squash_merge_commit_title: str = "COMMIT_OR_PR_TITLE"
    merge_commit_message: str = "PR_TITLE"
    merge_commit_title: str = "MERGE_MESSAGE"
