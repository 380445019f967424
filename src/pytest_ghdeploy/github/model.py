"""
What GitHub keeps, as frozen rows.

Attributes are spelled like the JSON fields of GitHub's API. Times end in
``_at`` and are aware UTC datetimes. A row never changes: a change replaces it
(see ``store.py``), so whoever holds a row holds what was true at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict, get_args

from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

AccountType = Literal["User", "Organization", "Bot"]
CheckRunConclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "skipped", "stale", "success", "timed_out"
]
CheckRunStatus = Literal["queued", "in_progress", "completed", "waiting", "requested", "pending"]
CommitStatusState = Literal["error", "failure", "pending", "success"]
DeploymentState = Literal["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]
Permission = Literal["pull", "triage", "push", "maintain", "admin"]
DeploymentBranchPolicySettings = Literal["protected_branches", "custom_branch_policies"]
DeploymentBranchPolicyType = Literal["branch", "tag"]
TokenKind = Literal["classic", "fine_grained", "app"]
ProtectionRuleType = Literal["wait_timer", "required_reviewers", "branch_policy", "custom"]
HookContentType = Literal["json", "form"]
HookDeliveryState = Literal["waiting", "delivered", "failed", "dropped"]

API_VERSIONS = ("2022-11-28", "2026-03-10")
"""Oldest first; the first is what a request gets that names none."""
ACCOUNT_TYPES: tuple[str, ...] = get_args(AccountType)
CHECK_RUN_CONCLUSIONS: tuple[str, ...] = get_args(CheckRunConclusion)
CHECK_RUN_STATUSES: tuple[str, ...] = get_args(CheckRunStatus)
COMMIT_STATUS_STATES: tuple[str, ...] = get_args(CommitStatusState)
DEPLOYMENT_STATES: tuple[str, ...] = get_args(DeploymentState)
PERMISSIONS: tuple[str, ...] = get_args(Permission)
"""From the weakest to the strongest; each includes those before it."""
DEPLOYMENT_BRANCH_POLICY_TYPES: tuple[str, ...] = get_args(DeploymentBranchPolicyType)
HOOK_DELIVERY_STATES: tuple[str, ...] = get_args(HookDeliveryState)


@public
class User(NamedTuple):
    """An account: a person, an organization or a bot."""

    id: int
    login: str
    type: AccountType
    created_at: datetime
    site_admin: bool = False


@public
class App(NamedTuple):
    """A GitHub App, which GitHub's schemas call an integration."""

    id: int
    slug: str
    name: str
    owner: User
    created_at: datetime
    permissions: Mapping[str, str]
    events: tuple[str, ...]


@public
@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """
    What a client shows to say who it is, and what it may do with that.

    ``scopes`` are those of a classic token, ``permissions`` those of a
    fine-grained or an app's token. One with neither has no limits of its own:
    it may do whatever its ``user`` may. ``app`` is the one an app's token speaks for.
    """

    text: str = field(repr=False, compare=False)
    user: User
    kind: TokenKind = "classic"
    scopes: tuple[str, ...] | None = None
    permissions: Mapping[str, str] | None = None
    app: App | None = None
    repository_ids: frozenset[int] | None = None
    """The repositories that a fine-grained or an app's token is for; ``None`` for all that its user may see."""
    expires_at: datetime | None = None
    revoked: bool = False

    @property
    def is_unlimited(self) -> bool:
        """Whether it may do whatever its user may."""
        return self.scopes is None and self.permissions is None


class Repository(NamedTuple):
    """A repository. Its commits and refs live in ``git.Graph``."""

    id: int
    owner: User
    name: str
    private: bool
    default_branch: str
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime

    @property
    def full_name(self) -> str:
        """Owner and name, as in ``octocat/example``."""
        return f"{self.owner.login}/{self.name}"


class Deployment(NamedTuple):
    """
    A request to deploy a commit to an environment.

    ``state`` is that of the latest deployment status, ``None`` without one.
    ``payload`` is what the client sent, never parsed and never stringified.
    """

    id: int
    repository_id: int
    sha: str
    ref: str
    task: str
    payload: dict[str, Any] | str
    original_environment: str
    environment: str
    description: str | None
    creator: User
    created_at: datetime
    updated_at: datetime
    transient_environment: bool
    production_environment: bool
    performed_via_github_app: App | None = None
    state: DeploymentState | None = None


class DeploymentStatus(NamedTuple):
    """One report on a deployment. Never updated, never deleted on its own."""

    id: int
    repository_id: int
    deployment_id: int
    state: DeploymentState
    creator: User
    description: str
    environment: str
    target_url: str
    environment_url: str
    log_url: str
    created_at: datetime
    updated_at: datetime
    performed_via_github_app: App | None = None


@public
class Team(NamedTuple):
    """A team of an organization, known as far as a reviewer must be."""

    id: int
    organization: User
    name: str
    slug: str


class Environment(NamedTuple):
    """
    Where deployments go, with what protects it.

    ``deployment_branch_policy_settings`` names the one member of GitHub's
    ``deployment_branch_policy`` that is true; ``None`` for no such policy.
    """

    id: int
    repository_id: int
    name: str
    created_at: datetime
    updated_at: datetime
    wait_timer: int = 0
    prevent_self_review: bool = False
    reviewers: tuple[User | Team, ...] = ()
    deployment_branch_policy_settings: DeploymentBranchPolicySettings | None = None
    can_admins_bypass: bool = True
    name_key: str = ""
    """The name as it is compared: see ``rules.environment_key``."""


class ProtectionRule(NamedTuple):
    """What makes a job wait that deploys to an environment. ``app`` is the one behind a custom rule."""

    id: int
    repository_id: int
    environment_id: int
    type: ProtectionRuleType
    app: App | None = None


class DeploymentBranchPolicy(NamedTuple):
    """Branches or tags, by a pattern for their names, that may be deployed to an environment."""

    id: int
    repository_id: int
    environment_id: int
    name: str
    type: DeploymentBranchPolicyType


class CommitStatus(NamedTuple):
    """One report on a commit, under a *context* that is compared without case."""

    id: int
    repository_id: int
    sha: str
    state: CommitStatusState
    context: str
    description: str | None
    target_url: str | None
    creator: User
    created_at: datetime
    updated_at: datetime
    context_key: str = ""
    """The context as it is compared: see ``rules.context_key``."""


@public
class CheckSuite(NamedTuple):
    """The check runs of one app, and one of its workflows, on one commit."""

    id: int
    repository_id: int
    sha: str
    app: App
    label: str
    head_branch: str | None
    before: str
    created_at: datetime


class CheckRunOutput(NamedTuple):
    """What a check run has to say. Each of its reports adds to the ``annotations``."""

    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: tuple[Mapping[str, Any], ...] = ()


class CheckRun(NamedTuple):
    """One run of a check on a commit."""

    id: int
    repository_id: int
    sha: str
    name: str
    status: CheckRunStatus
    conclusion: CheckRunConclusion | None
    check_suite: CheckSuite
    started_at: datetime
    completed_at: datetime | None
    external_id: str = ""
    integrator_url: str | None = None
    """The ``details_url`` as it was given; without one it is the app's page."""
    output: CheckRunOutput = CheckRunOutput()


class DeployKey(NamedTuple):
    """A public key whose holder may read, and perhaps write, a repository. Never updated."""

    id: int
    repository_id: int
    key: str
    title: str
    verified: bool
    created_at: datetime
    read_only: bool
    added_by: str | None
    last_used: datetime | None = None
    enabled: bool = True


class Invitation(NamedTuple):
    """How somebody became a collaborator; here it is accepted at once."""

    id: int
    repository_id: int
    invitee: User
    inviter: User
    permission: Permission
    created_at: datetime


class HookResponse(NamedTuple):
    """What came of the latest delivery of a hook."""

    code: int | None = None
    status: str = "unused"
    message: str | None = None


class Hook(NamedTuple):
    """
    Where events are sent.

    One without a ``repository_id`` is sent those of all repositories, as an app's is, and has an ``app_id``.
    """

    id: int
    repository_id: int | None
    app_id: int | None
    events: tuple[str, ...]
    active: bool
    target_url: str
    """The ``url`` of its ``config``, and so on for the next two."""
    content_type: HookContentType
    insecure_ssl: str
    created_at: datetime
    updated_at: datetime
    secret: str = ""
    last_response: HookResponse = HookResponse()

    def __repr__(self) -> str:
        return f"Hook(id={self.id})"  # neither its secret nor what its URL may hold


class HookDelivery(NamedTuple):
    """
    An event on its way to a hook, or what has come of it.

    Attributes:
        repository_id: That of its hook; it goes with it.

        guid: The event's, whichever hook it goes to and however often.

        event_repository_id: Where it happened.

        duration: Seconds by the fake's clock.

        status: In GitHub's words: ``OK``, or why not; ``""`` before it is sent.

        reason: Why it failed, in terms of the test.
    """

    id: int
    repository_id: int | None
    hook_id: int
    guid: str
    event: str
    action: str | None
    event_repository_id: int | None
    redelivery: bool
    payload: bytes
    state: HookDeliveryState = "waiting"
    delivered_at: datetime | None = None
    duration: float = 0.0
    status: str = ""
    status_code: int = 0
    reason: str = ""
    request_headers: Mapping[str, str] = {}
    request_body: bytes = b""
    response_headers: Mapping[str, str] | None = None
    response_payload: str | None = None
    exception: BaseException | None = None

    def __repr__(self) -> str:
        return f"HookDelivery(id={self.id}, event={self.event!r}, state={self.state!r})"


class RateLimit(NamedTuple):
    """How much of the hour's budget of requests a caller has used."""

    limit: int
    used: int
    reset_at: datetime

    @property
    def remaining(self) -> int:
        """What is left, never below 0."""
        return max(0, self.limit - self.used)


@public
@dataclass(frozen=True, slots=True)
class Assumptions:
    """
    The choices where GitHub's behaviour is not known for certain.

    Each is a marker argument and, with the prefix ``ghdeploy_``, an ini option.
    The defaults follow the best evidence; docs/differences.md lists what it is.
    """

    inactive_events: bool = False
    """Dispatch ``deployment_status`` for the state ``inactive`` too."""
    auto_inactive_production: bool = False
    """Let ``auto_inactive`` retire production deployments too."""
    delete_per_repository: bool = False
    """An active deployment may go only if it is alone in its repository, not in its environment."""
    neutral_passes: bool = False
    """A check run with the conclusion ``neutral`` satisfies ``required_contexts``."""
    short_shas: bool = False
    """An abbreviated SHA of 7 digits or more is accepted as a deployment's ``ref``."""
    contexts_before_merge: bool = False
    """Check ``required_contexts`` before ``auto_merge``, not after it."""
    list_all_contexts: bool = False
    """With an explicit ``required_contexts``, the 409 lists every context of the commit."""
    payload_limit: int = 65_535
    """The longest ``payload``, in bytes of JSON; longer is a 422. 0 means no limit."""
    version_text_in_errors: bool = False
    """The refusal of an unknown API version has its text in ``errors``, beside the message ``Bad Request``."""


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
