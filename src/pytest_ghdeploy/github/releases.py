"""Releases and the rules of branches, as frozen rows like those in ``model``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_ghdeploy.github.model import User

MakeLatest = Literal["true", "false", "legacy"]
BranchRuleType = Literal[
    "creation",
    "update",
    "deletion",
    "required_linear_history",
    "merge_queue",
    "required_deployments",
    "required_signatures",
    "pull_request",
    "required_status_checks",
    "non_fast_forward",
    "commit_message_pattern",
    "commit_author_email_pattern",
    "committer_email_pattern",
    "branch_name_pattern",
    "tag_name_pattern",
    "workflows",
    "code_scanning",
    "copilot_code_review",
    "license_compliance_scanning",
    "file_path_restriction",
    "max_file_path_length",
    "file_extension_restriction",
    "max_file_size",
]

BRANCH_RULE_TYPES: tuple[str, ...] = get_args(BranchRuleType)


class Release(NamedTuple):
    """
    A release. The tag of a draft need not exist.

    Attributes:
        created_at: The date of the tagged commit, not of the release.

        published_at: ``None`` for a draft.
    """

    id: int
    repository_id: int
    tag_name: str
    target_commitish: str
    name: str | None
    body: str | None
    draft: bool
    prerelease: bool
    author: User
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    make_latest: MakeLatest = "true"


class BranchRule(NamedTuple):
    """A rule of a ruleset of its own, for the branches that match the *pattern*."""

    id: int
    repository_id: int
    pattern: str
    type: BranchRuleType
    parameters: Mapping[str, Any] | None = None
