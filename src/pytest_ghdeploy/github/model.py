"""
GitHub's objects as frozen rows.

Attributes are spelled like the JSON fields of GitHub's API. Times end in
``_at`` and are aware UTC datetimes. The store replaces rows and never changes
them, so a row shows its object at one moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from pytest_ghdeploy.github.repository_settings import RepositorySettings
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
TokenKind = Literal["classic", "fine_grained", "app", "user_access", "jwt"]
ProtectionRuleType = Literal["wait_timer", "required_reviewers", "branch_policy", "custom"]
HookContentType = Literal["json", "form"]
HookDeliveryState = Literal["waiting", "delivered", "failed", "dropped"]

API_VERSIONS = ("2022-11-28", "2026-03-10")
"""Oldest first. The first is the default for requests without a version."""
ACCOUNT_TYPES: tuple[str, ...] = get_args(AccountType)
CHECK_RUN_CONCLUSIONS: tuple[str, ...] = get_args(CheckRunConclusion)
CHECK_RUN_STATUSES: tuple[str, ...] = get_args(CheckRunStatus)
COMMIT_STATUS_STATES: tuple[str, ...] = get_args(CommitStatusState)
DEPLOYMENT_STATES: tuple[str, ...] = get_args(DeploymentState)
PERMISSIONS: tuple[str, ...] = get_args(Permission)
"""Weakest first. Each includes all before it."""
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
    app_id: int | None = None
    """The id of a bot's app, which need not exist; ``None`` for other accounts."""


class App(NamedTuple):
    """
    A GitHub App, which GitHub's schemas call an integration.

    Attributes:
        external_url: ``""`` for the app's page on GitHub.

        updated_at: ``None`` if it has not been updated.

        is_everywhere: Whether the app counts as installed on every account, because nobody has installed it yet.
    """

    id: int
    slug: str
    name: str
    owner: User
    created_at: datetime
    permissions: Mapping[str, str]
    events: tuple[str, ...]
    client_id: str
    description: str = ""
    external_url: str = ""
    updated_at: datetime | None = None
    is_everywhere: bool = True

    def __hash__(self) -> int:
        return hash(self.id)  # like the handle of an app, which equals the app's rows


@public
@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """
    A token: the account it acts as, and its limits.

    A classic token has ``scopes``; all other kinds have ``permissions``. A
    token with neither has the full rights of its ``user``. ``app`` is set for
    the tokens of apps, of which a ``user_access`` token acts for a user. A
    ``jwt`` is a JSON web token that an app signed; its ``user`` is the app's owner.
    """

    text: str = field(repr=False, compare=False)
    user: User
    kind: TokenKind = "classic"
    scopes: tuple[str, ...] | None = None
    permissions: Mapping[str, str] | None = None
    app: App | None = None
    repository_ids: frozenset[int] | None = None
    """The repositories that a fine-grained or app token covers; ``None`` for all that its user may see."""
    installation_id: int | None = None
    """The installation that an app token was issued for; ``None`` for a token that a test added."""
    expires_at: datetime | None = None
    revoked: bool = False

    @property
    def is_unlimited(self) -> bool:
        """Whether the token has the full rights of its user."""
        return self.scopes is None and self.permissions is None


class Repository(NamedTuple):
    """
    A repository. Its commits and refs live in ``git.Graph``.

    On GitHub, the owner decides on ``deploy_keys_enabled``, and ``environments_protected``
    depends on the owner's billing plan. Neither is in GitHub's JSON.
    """

    id: int
    owner: User
    name: str
    private: bool
    default_branch: str
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    settings: RepositorySettings = RepositorySettings()
    topics: tuple[str, ...] = ()
    deploy_keys_enabled: bool = True
    """Whether deploy keys can be added."""
    environments_protected: bool = True
    """Whether environments can have protection rules."""

    @property
    def full_name(self) -> str:
        """The owner and name, such as ``octocat/example``."""
        return f"{self.owner.login}/{self.name}"


class Deployment(NamedTuple):
    """
    A request to deploy a commit to an environment.

    ``state`` is the state of the latest deployment status, ``None`` if there is
    none. ``payload`` is the client's value, neither parsed nor turned into a string.
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
    environment_key: str = ""
    """The name of ``environment`` in the form used for comparison, as in ``Environment.name_key``."""
    state: DeploymentState | None = None


class DeploymentStatus(NamedTuple):
    """A report on a deployment. It is never updated, and is deleted only with its deployment."""

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
    """A team of an organization, with the fields that a reviewer needs."""

    id: int
    organization: User
    name: str
    slug: str
    members: tuple[User, ...] = ()


class Environment(NamedTuple):
    """
    An environment and its protection settings.

    ``deployment_branch_policy_settings`` names the member of GitHub's
    ``deployment_branch_policy`` that is true, ``None`` without a policy.
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
    """The name in the form used for comparison: see ``environment_key`` in ``rules/environments.py``."""


class ProtectionRule(NamedTuple):
    """A rule that holds back jobs that deploy to an environment. ``app`` is set for custom rules."""

    id: int
    repository_id: int
    environment_id: int
    type: ProtectionRuleType
    app: App | None = None


class DeploymentBranchPolicy(NamedTuple):
    """A name pattern for the branches or tags that may be deployed to an environment."""

    id: int
    repository_id: int
    environment_id: int
    name: str
    type: DeploymentBranchPolicyType


class CommitStatus(NamedTuple):
    """A report on a commit under a *context*. Contexts are compared without case."""

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
    """The context in the form used for comparison: see ``context_key`` in ``rules/deployments.py``."""


@public
class CheckSuite(NamedTuple):
    """The check runs of one app, and of one of its workflows, on a commit."""

    id: int
    repository_id: int
    sha: str
    app: App
    label: str
    head_branch: str | None
    before: str
    created_at: datetime


class CheckRunOutput(NamedTuple):
    """The output of a check run. Each report adds to the ``annotations``."""

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
    """The client's ``details_url``; by default GitHub shows the app's page, or for GitHub Actions the run's own."""
    of_job: bool = False
    """Whether the run belongs to a job of a workflow. Its ``integrator_url`` is then the job's page."""
    output: CheckRunOutput = CheckRunOutput()


class SuiteSummary(NamedTuple):
    """
    The latest check runs of a suite, one of each name.

    Attributes:
        outcomes: All pairs of a status and a conclusion among them.

        updated_at: The latest time at which one of them was completed or, if it is not complete, started.
    """

    outcomes: frozenset[tuple[CheckRunStatus, CheckRunConclusion | None]]
    updated_at: datetime


class DeployKey(NamedTuple):
    """A public key that gives read or write access to a repository. It is never updated."""

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
    """An invitation to collaborate. The fake accepts it at once."""

    id: int
    repository_id: int
    invitee: User
    inviter: User
    permission: Permission
    created_at: datetime


class HookResponse(NamedTuple):
    """The outcome of a hook's latest delivery."""

    code: int | None = None
    status: str = "unused"
    message: str | None = None


class Hook(NamedTuple):
    """
    A webhook of a repository, or of an app.

    An app's hook receives the events of all repositories. It has an ``app_id``
    and no ``repository_id``.
    """

    id: int
    repository_id: int | None
    app_id: int | None
    events: tuple[str, ...]
    active: bool
    target_url: str
    """The ``url`` in ``config``. The next two are in ``config`` as well."""
    content_type: HookContentType
    insecure_ssl: str
    created_at: datetime
    updated_at: datetime
    secret: str = ""
    last_response: HookResponse = HookResponse()

    def __repr__(self) -> str:
        return f"Hook(id={self.id})"  # without the secret, and without credentials in the URL


class HookDelivery(NamedTuple):
    """
    A delivery of an event to a hook, waiting or finished.

    Attributes:
        repository_id: The hook's repository. Deleting the repository deletes the delivery.

        guid: The event's GUID, the same for all hooks and for redeliveries.

        event_repository_id: The repository of the event.

        duration: Seconds by the fake's clock.

        status: GitHub's text: ``OK`` or the kind of failure; ``""`` before it is sent.

        reason: The reason for the failure, for the author of the test.
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
    response_payload: str = ""
    exception: BaseException | None = None

    def __repr__(self) -> str:
        return f"HookDelivery(id={self.id}, event={self.event!r}, state={self.state!r})"


class RateLimit(NamedTuple):
    """The hourly request budget of a caller."""

    limit: int
    used: int
    reset_at: datetime

    @property
    def remaining(self) -> int:
        """The requests left, never below 0."""
        return max(0, self.limit - self.used)
