"""The choices where GitHub's behaviour is uncertain, each with a switch. docs/differences.md has the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from pytest_ghdeploy.public import public

BranchPolicyRedirect = Literal["list", "policy"]
BRANCH_POLICY_REDIRECTS: tuple[str, ...] = get_args(BranchPolicyRedirect)


@public
@dataclass(frozen=True, slots=True)
class Assumptions:
    """
    Choices for cases in which GitHub's behaviour is not known for certain.

    Each is an argument of the marker and, with the prefix ``ghdeploy_``, an ini
    option. The defaults follow the best evidence, listed in docs/differences.md.
    """

    inactive_events: bool = False
    """Dispatch ``deployment_status`` for the state ``inactive`` too."""
    auto_inactive_production: bool = False
    """Let ``auto_inactive`` retire production deployments too."""
    delete_per_repository: bool = False
    """Let an active deployment be deleted only if it is the only one in its repository, not just in its environment."""
    neutral_passes: bool = False
    """Let the conclusion ``neutral`` of a check run satisfy ``required_contexts``."""
    short_shas: bool = False
    """Accept a SHA abbreviated to 7 digits or more as a deployment's ``ref``."""
    contexts_before_merge: bool = False
    """Check ``required_contexts`` before ``auto_merge`` instead of after it."""
    list_all_contexts: bool = False
    """List every context of the commit in the 409, even with an explicit ``required_contexts``."""
    payload_limit: int = 65_535
    """The limit of ``payload``, in bytes of JSON; above it the response is 422. 0 means no limit."""
    version_text_in_errors: bool = False
    """Put the text about an unknown API version into ``errors``, with the message ``Bad Request``."""
    null_is_absent: bool = True
    """Treat an optional member of a request body that is ``null`` as if it had been left out."""
    branch_policy_redirect: BranchPolicyRedirect = "list"
    """Where the 303 for an existing branch policy leads: to the ``list`` of policies, or to the ``policy``."""
    legacy_delivery_headers: bool = False
    """Spell the names of a delivery's headers as in 2023: ``X-GitHub-Hook-ID``, not ``X-Github-Hook-Id``."""
    mergeable_after: int = 0
    """The number of responses after each push in which ``mergeable`` of a pull request is not known yet."""
    stateless_tokens: bool = False
    """Issue tokens of installations in the format of 2026: ``ghs_``, the app's id, ``_`` and a JSON web token."""
    quoted_issuer: bool = True
    """Accept the id of an app as a string in the ``iss`` of a JSON web token."""


class AssumptionArguments(TypedDict, total=False):
    """``Assumptions`` as arguments."""

    inactive_events: bool
    auto_inactive_production: bool
    delete_per_repository: bool
    neutral_passes: bool
    short_shas: bool
    contexts_before_merge: bool
    list_all_contexts: bool
    payload_limit: int
    version_text_in_errors: bool
    null_is_absent: bool
    branch_policy_redirect: BranchPolicyRedirect
    legacy_delivery_headers: bool
    mergeable_after: int
    stateless_tokens: bool
    quoted_issuer: bool
