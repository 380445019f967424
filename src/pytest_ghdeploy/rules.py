"""
GitHub's decisions, as pure functions.

No store, no HTTP, no clock: what a decision needs is handed in, and the answer
is a value or a refusal from ``errors.py``. ``Assumptions`` says which way to go
where GitHub's behaviour is not known for certain.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pytest_ghdeploy import errors, keys
from pytest_ghdeploy.model import CHECK_RUN_CONCLUSIONS, PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pytest_ghdeploy.model import (
        App,
        Assumptions,
        CheckRunConclusion,
        CheckRunStatus,
        Deployment,
        DeploymentBranchPolicySettings,
        Permission,
        ProtectionRuleType,
        Repository,
        User,
    )

DESCRIPTION_LIMIT = 140
"""Characters in the description of a deployment status or commit status."""
NAME_LIMIT = 255
"""Characters in the name of an environment or the context of a commit status."""
COMMIT_STATUS_LIMIT = 1000
"""Commit statuses for one sha and context."""
WAIT_TIMER_LIMIT = 43_200
"""Minutes that a job may be made to wait: 30 days."""
REVIEWER_LIMIT = 6
"""Users and teams that may be asked to review what goes to an environment."""


FILE_LIMIT = 1_000_000
"""Bytes of a file whose content ``GET …/contents`` includes."""
FULL_SHA = re.compile(r"[0-9a-f]{40}")
_NOT_IN_A_PATH = re.compile(r"^/|/$|//|\0|(^|/)(\.\.?|\.git)(/|$)", re.IGNORECASE)


class Context(NamedTuple):
    """What a commit status or a check run says about a commit."""

    context: str
    state: str


# Who may do what


def permission(repository: Repository, user: User | None, granted: Permission | None) -> Permission | None:
    """
    Find the strongest right that *user* has on *repository*, ``None`` for none at all.

    Args:
        user: ``None`` for an anonymous caller.

        granted: The right the user has as a collaborator, if any.

    Owners may do everything, everyone may read what is public.
    """
    if user is not None and user.id == repository.owner.id:
        return "admin"
    if granted is None and not repository.private:
        return "pull"
    return granted


def allows(has: Permission | None, needed: Permission) -> bool:
    """Tell whether the right *has* includes the one *needed*."""
    return has is not None and PERMISSIONS.index(has) >= PERMISSIONS.index(needed)


# Creating a deployment


def auto_merge(*, behind: bool, is_branch: bool, merges_cleanly: bool) -> Literal["skip", "merge", "conflict"]:
    """
    Decide what ``auto_merge`` does with a ref.

    A tag or a commit that is behind has no branch that a merge commit could be
    pushed to, so GitHub reports a conflict even where nothing clashes.

    Source:
        https://docs.github.com/rest/deployments/deployments#create-a-deployment, and reports by
        users for tags and commits (simplytestme/website#130, integrations/slack#937).
    """
    if not behind:
        return "skip"
    return "merge" if is_branch and merges_cleanly else "conflict"


def context_key(context: str) -> str:
    """Fold a context for comparison: GitHub compares contexts without case."""
    return context.casefold()


def contexts_to_check(found: Sequence[Context], required: Sequence[str] | None) -> list[Context]:
    """
    Pick the contexts that gate a deployment.

    Args:
        found: Every context of the commit, commit statuses first; a name may come twice.

        required: The deployment's ``required_contexts``: ``None`` for all, ``[]`` for none. A name
            that nobody has reported yet counts as ``pending``.
    """
    if required is None:
        return list(found)
    picked: list[Context] = []
    for name in dict.fromkeys(required):
        reported = [context for context in found if context_key(context.context) == context_key(name)]
        picked += reported or [Context(name, "pending")]
    return picked


def unmet_contexts(contexts: Iterable[Context], assume: Assumptions) -> list[Context]:
    """
    List the *contexts* that stand in a deployment's way: those that are not ``success``.

    A check run counts with its conclusion, so ``skipped`` and ``cancelled`` stand in the way too.
    """
    passing = {"success", "neutral"} if assume.neutral_passes else {"success"}
    return [context for context in contexts if context.state not in passing]


def listed_contexts(found: Sequence[Context], checked: Sequence[Context], assume: Assumptions) -> list[Context]:
    """Pick the contexts that a 409 lists: those *checked*, or, if so assumed, all *found* on the commit too."""
    if not assume.list_all_contexts:
        return list(checked)
    return [*found, *(context for context in checked if context not in found)]


def check_deployment(payload: dict[str, Any] | str, environment: str, assume: Assumptions) -> None:
    """
    Refuse a deployment that breaks a limit.

    Raises:
        Unprocessable: *environment* has more than 255 characters, or *payload*, as JSON, more bytes than allowed.
    """
    if len(environment) > NAME_LIMIT:
        raise errors.too_long("Deployment", "environment", NAME_LIMIT, len(environment))
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()) if payload else 0
    if assume.payload_limit and size > assume.payload_limit:
        raise errors.too_long("Deployment", "payload", assume.payload_limit, size, "bytes")


def production_by_default(environment: str) -> bool:
    """Tell whether a deployment to *environment* is a production one unless it says otherwise."""
    return environment == "production"


# Reporting on a deployment


def check_deployment_status(*, description: str, environment: str, urls: dict[str, str]) -> None:
    """
    Refuse a deployment status that breaks a limit.

    Args:
        description: At most 140 characters.

        environment: At most 255 characters.

        urls: By field name; each empty or an http(s) URL.

    Raises:
        Unprocessable: With the first of these that is broken.
    """
    _check_report("DeploymentStatus", description, urls)
    if len(environment) > NAME_LIMIT:
        raise errors.too_long("DeploymentStatus", "environment", NAME_LIMIT, len(environment))


def _check_report(resource: str, description: str, urls: dict[str, str]) -> None:
    if len(description) > DESCRIPTION_LIMIT:
        raise errors.too_long(resource, "description", DESCRIPTION_LIMIT, len(description))
    for field, url in urls.items():
        if url and not url.lower().startswith(("http://", "https://")):
            raise errors.not_http(resource, field, url)


def superseded_by(
    deployment: Deployment, others: Iterable[Deployment], assume: Assumptions, *, auto_inactive: bool
) -> list[Deployment]:
    """
    List the deployments that the latest report on *deployment* makes ``inactive``, oldest first.

    With *auto_inactive* and the state ``success`` those are the earlier ones
    to the environment it has now whose own state is ``success`` and which are
    neither transient nor, unless assumed so, to production.

    Source:
        https://docs.github.com/rest/deployments/deployments#inactive-deployments
    """
    if not auto_inactive or deployment.state != "success":
        return []
    found = [
        other
        for other in others
        if other.id < deployment.id
        and other.repository_id == deployment.repository_id
        and other.environment == deployment.environment
        and other.state == "success"
        and not other.transient_environment
        and (assume.auto_inactive_production or not other.production_environment)
    ]
    return sorted(found, key=lambda other: other.id)


def is_dispatched(state: str, assume: Assumptions) -> bool:
    """Tell whether a deployment status of this *state* dispatches an event: ``inactive`` does not."""
    return state != "inactive" or assume.inactive_events


def check_deletable(deployment: Deployment, *, in_environment: int, in_repository: int, assume: Assumptions) -> None:
    """
    Refuse to delete an active deployment that is not the only one.

    Args:
        in_environment: How many deployments there are in its environment, itself included.

        in_repository: How many there are in its repository.

    Raises:
        Unprocessable: The deployment's state is ``success``, and there are others.

    Source:
        The wording of the refusal as quoted by users; GitHub's page says "in the repository":
        https://docs.github.com/rest/deployments/deployments#delete-a-deployment
    """
    there = in_repository if assume.delete_per_repository else in_environment
    if deployment.state == "success" and there > 1:
        where = "its repository" if assume.delete_per_repository else f"environment {deployment.environment!r}"
        raise errors.active_deployment(
            f"deployment {deployment.id} is active (its latest deployment status is success) and one of {there} in "
            f"{where}: give it another deployment status first, such as inactive"
        )


# Reporting on a commit


def check_commit_status(*, context: str, description: str | None, target_url: str | None, recorded: int) -> None:
    """
    Refuse a commit status that breaks a limit.

    Args:
        recorded: How many the sha has under this context already; 1000 are allowed.

    Raises:
        Unprocessable: With the first limit that is broken.
    """
    if len(context) > NAME_LIMIT:
        raise errors.too_long("Status", "context", NAME_LIMIT, len(context))
    _check_report("Status", description or "", {"target_url": target_url or ""})
    if recorded >= COMMIT_STATUS_LIMIT:
        raise errors.too_many_commit_statuses(f"there are {recorded} commit statuses for this sha and context")


def combined_state(states: Collection[str]) -> Literal["failure", "pending", "success"]:
    """
    Fold the latest state of each context into one.

    Source:
        https://docs.github.com/rest/commits/statuses#get-the-combined-status-for-a-specific-reference
    """
    if "error" in states or "failure" in states:
        return "failure"
    return "pending" if not states or "pending" in states else "success"


# The first that any run ended with is the suite's [guess]: what needs a person, then what failed, then the rest.
_WORST_FIRST: tuple[CheckRunConclusion, ...] = (
    "action_required",
    "timed_out",
    "failure",
    "cancelled",
    "stale",
    "success",
    "neutral",
    "skipped",
)


def suite_outcome(
    runs: Collection[tuple[CheckRunStatus, CheckRunConclusion | None]],
) -> tuple[CheckRunStatus, CheckRunConclusion | None]:
    """Fold the status and conclusion of each of a check suite's *runs*, at least one, into the suite's own."""
    statuses = {status for status, _ in runs}
    if statuses == {"completed"}:
        conclusions = {conclusion for _, conclusion in runs}
        return "completed", next(worst for worst in _WORST_FIRST if worst in conclusions)
    return ("queued" if statuses == {"queued"} else "in_progress"), None


# Check runs

_REPORTED_STATUSES = ("queued", "in_progress", "completed")
_REPORTED_CONCLUSIONS = tuple(conclusion for conclusion in CHECK_RUN_CONCLUSIONS if conclusion != "stale")


def check_reported(status: str | None, conclusion: str | None) -> None:
    """
    Refuse a report on a check run that only GitHub itself may give.

    Raises:
        Unprocessable: *status* is ``waiting``, ``requested`` or ``pending``, or *conclusion* is ``stale``.

    Source:
        https://docs.github.com/rest/checks/runs#update-a-check-run
    """
    if status is not None and status not in _REPORTED_STATUSES:
        raise errors.githubs_own("status", status, _REPORTED_STATUSES)
    if conclusion is not None and conclusion not in _REPORTED_CONCLUSIONS:
        raise errors.githubs_own("conclusion", conclusion, _REPORTED_CONCLUSIONS)


def check_author(author: App, app: App | None) -> None:
    """
    See to it that an app changes its own check runs only.

    Args:
        app: ``None`` for a caller that is no app, whom nothing keeps from it.

    Raises:
        Forbidden: It is the check run of another *author*.
    """
    if app and app.id != author.id:
        raise errors.not_its_check_run(app.id, f"the check run is {author.slug}'s, and the token {app.slug}'s")


def check_run_status(
    before: CheckRunStatus,
    *,
    status: CheckRunStatus | None,
    conclusion: CheckRunConclusion | None,
    says_when_completed: bool,
) -> CheckRunStatus:
    """
    Find the status that a report leaves a check run in: any conclusion completes it.

    Args:
        before: What it was before the report.

        status: As reported, if it is; likewise *conclusion*.

        says_when_completed: Whether ``completed_at`` was reported.

    Raises:
        Unprocessable: It would be completed by the report without a conclusion in it.

    Source:
        https://docs.github.com/rest/checks/runs#create-a-check-run, under ``conclusion``.
    """
    if conclusion is not None:
        return "completed"
    if status == "completed" or says_when_completed:
        raise errors.no_conclusion("a check run that is completed, or has completed_at, has a conclusion")
    return status or before


# Deploy keys


def public_key(text: str) -> keys.PublicKey:
    """
    Read a public key.

    Raises:
        Unprocessable: It is none in OpenSSH's format.
    """
    try:
        return keys.parse(text)
    except keys.InvalidKey as problem:
        raise errors.invalid_key(f"the key is no public key of OpenSSH's: {problem}") from None


# Repositories and people


def moves_for_good(method: str) -> bool:
    """
    Tell whether a request by a former name gets a 301; if not it is a 307, which keeps method and body.

    Source:
        https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    return method in ("GET", "HEAD")


def repository_name(name: str) -> str:
    """
    Make a repository's name of what a client asks for: what is no letter, digit, ``.``, ``_`` or ``-`` becomes ``-``.

    Raises:
        Unprocessable: Nothing is left, it is ``.`` or ``..``, or it is longer than 100 characters [guess: the words].
    """
    made = _GIT.sub("", _NOT_IN_NAMES.sub("-", name.strip()))
    if made in ("", ".", ".."):
        raise errors.validation_failed("Repository", "name", "name is invalid", hint=f"{name!r} is no name")
    if len(made) > _NAME_LIMIT:
        raise errors.too_long("Repository", "name", _NAME_LIMIT, len(made))
    return made


_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_GIT = re.compile(r"(\.git)+$")
_NAME_LIMIT = 100


def role(permission: Permission | None) -> str:
    """Name a right as GitHub shows it to people."""
    return {"pull": "read", "push": "write"}.get(permission, permission) if permission else "none"


def level(permission: Permission | None) -> str:
    """
    Name a right as GitHub did before there were five: ``admin``, ``write``, ``read`` or ``none``.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    return "read" if permission == "triage" else "write" if permission == "maintain" else role(permission)


def grantable(permission: str, *, in_organization: bool) -> Permission:
    """
    Find the right that a new collaborator gets; on a person's repository it is ``push``, whatever is asked for.

    Raises:
        Unprocessable: There is no such right.

    Source:
        https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator
    """
    if permission not in PERMISSIONS:
        hint = f"a collaborator may have {', '.join(PERMISSIONS)}; got {permission!r}"
        raise errors.no_such_permission(permission, hint)
    return cast("Permission", permission) if in_organization else "push"


# Environments


def environment_key(name: str) -> str:
    """Fold the name of an environment for comparison: GitHub compares them without case."""
    return name.casefold()


def check_environment(
    *, name: str, wait_timer: int, reviewers: int, deployment_branch_policy: Mapping[str, bool] | None
) -> None:
    """
    Refuse an environment that breaks a rule.

    Args:
        name: From 1 to 255 characters.

        wait_timer: Minutes, from 0 to 43,200.

        reviewers: How many there are; at most 6.

        deployment_branch_policy: Exactly one of its two members is true, if there is a policy.

    Raises:
        Unprocessable: With the first of these that is broken.

    Source:
        https://docs.github.com/rest/deployments/environments#create-or-update-an-environment
    """
    if not name:
        raise errors.invalid_environment("Name can't be blank", "the name of an environment is empty")
    if len(name) > NAME_LIMIT:
        message = f"Name is too long (maximum is {NAME_LIMIT} characters)"
        raise errors.invalid_environment(message, f"the name has {len(name)} characters; {NAME_LIMIT} are allowed")
    if not 0 <= wait_timer <= WAIT_TIMER_LIMIT:
        message = f"Wait timer must be between 0 and {WAIT_TIMER_LIMIT}"
        hint = f"wait_timer is a number of minutes from 0 to {WAIT_TIMER_LIMIT:,}; the body has {wait_timer}"
        raise errors.invalid_environment(message, hint)
    if reviewers > REVIEWER_LIMIT:
        message = f"Reviewers can have at most {REVIEWER_LIMIT} entries"
        raise errors.invalid_environment(message, f"there are {reviewers} reviewers; {REVIEWER_LIMIT} are allowed")
    if deployment_branch_policy is not None:
        protected, custom = (
            deployment_branch_policy[name] for name in ("protected_branches", "custom_branch_policies")
        )
        if protected == custom:
            message = "protected_branches and custom_branch_policies cannot have the same value"
            hint = f"both members of deployment_branch_policy are {str(custom).lower()}; exactly one is to be true"
            raise errors.invalid_environment(message, hint)


def protection_rule_types(
    *, wait_timer: int, reviewers: int, settings: DeploymentBranchPolicySettings | None
) -> list[ProtectionRuleType]:
    """
    List the protection rules that the settings of an environment come to.

    No wait and no reviewers make no rule; any deployment branch policy does.

    Source:
        Observed (PyGithub's recordings Environment.testCreateEnvironment and testUpdateEnvironment).
    """
    types: list[ProtectionRuleType] = []
    if wait_timer:
        types.append("wait_timer")
    if reviewers:
        types.append("required_reviewers")
    if settings:
        types.append("branch_policy")
    return types


def can_protect(app: App) -> bool:
    """
    Tell whether an environment can have a custom deployment protection rule of this app.

    Source:
        https://docs.github.com/actions/deployment/protecting-deployments/creating-custom-deployment-protection-rules
    """
    return "deployment_protection_rule" in app.events and app.permissions.get("deployments") == "write"


# Git over REST


def check_sha(sha: str) -> None:
    """
    Refuse what is no full SHA, in lower case.

    Raises:
        Unprocessable: It is not 40 hex digits.
    """
    if not FULL_SHA.fullmatch(sha):
        raise errors.not_a_sha(f"sha is {sha!r}, of {len(sha)} characters")


def check_new_ref(ref: str, *, is_valid: bool, known: Collection[str]) -> None:
    """
    Refuse to create a ref that has no proper name, or whose place is taken.

    Args:
        ref: As the client wrote it, ``refs/heads/topic``.

        is_valid: Whether git would take what stands after ``refs/heads/``.

        known: The refs there are, without ``refs/``.

    Raises:
        Unprocessable: The name is not written out, or is none; the ref is there; or it would be a folder of
            another ref, or the other way round, which git cannot store.

    Source:
        https://docs.github.com/rest/git/refs#create-a-reference
    """
    name = ref.removeprefix("refs/")
    if name == ref or "/" not in name:
        raise errors.unqualified_ref(f"ref is {ref!r}; it is written out, as in refs/heads/{name}")
    if not is_valid:
        raise errors.invalid_ref_name(ref, f"git takes no ref {ref!r}: see git check-ref-format")
    if name in known:
        raise errors.ref_exists(f"there is a ref {ref!r} already; update-ref moves it")
    parts = name.split("/")
    above = {"/".join(parts[:count]) for count in range(1, len(parts))}
    other = next((one for one in known if one in above or one.startswith(f"{name}/")), None)
    if other:
        raise errors.ref_update_failed(f"git cannot store {ref!r} beside 'refs/{other}': one would be a folder")


def check_ref_update(*, fast_forward: bool, force: bool, hint: str) -> None:
    """
    Refuse to move a ref to a commit that does not contain the one it names, unless by *force*.

    Raises:
        Unprocessable: It does not.

    Source:
        https://docs.github.com/rest/git/refs#update-a-reference
    """
    if not fast_forward and not force:
        raise errors.not_fast_forward(hint)


def check_ref_deletable(name: str, default_branch: str) -> None:
    """
    Refuse to delete the default branch.

    Raises:
        Unprocessable: *name*, such as ``heads/main``, is the default branch.
    """
    if name == f"heads/{default_branch}":
        raise errors.default_branch_stays(f"{default_branch} is the default branch, which GitHub does not delete")


def comparison_status(*, ahead_by: int, behind_by: int) -> Literal["ahead", "behind", "diverged", "identical"]:
    """
    Put into a word how a head stands to its base.

    Source:
        https://docs.github.com/rest/commits/commits#compare-two-commits
    """
    if ahead_by:
        return "diverged" if behind_by else "ahead"
    return "behind" if behind_by else "identical"


def check_path(path: str) -> None:
    """
    Refuse what git does not take for the path of a file.

    Raises:
        Unprocessable: *path* begins or ends with a slash, or has a part that is empty, ``.``, ``..`` or ``.git``.
    """
    if not path or _NOT_IN_A_PATH.search(path):
        raise errors.malformed_path(f"git takes no file {path!r}")


def check_place(path: str, known: Iterable[str]) -> None:
    """
    Refuse a file where a directory is, or below a file.

    Args:
        known: The paths of the files there are.

    Raises:
        Unprocessable: One of them is in the way.
    """
    for other in known:
        if other.startswith(f"{path}/") or path.startswith(f"{other}/"):
            raise errors.path_taken(f"there is a file {other!r}, so {path!r} cannot be one")


def check_file_sha(path: str, there: str | None, given: str | None) -> None:
    """
    Refuse to change a file unless the client knows what it changes.

    Args:
        there: The sha of the file's blob, ``None`` if there is no such file.

        given: What the client takes it for, ``None`` if it does not say.

    Raises:
        Unprocessable: The file is there, and the client does not say.
        Conflict: It is another, or it is not there at all.

    Source:
        https://docs.github.com/rest/repos/contents#create-or-update-file-contents
    """
    if there == given:
        return
    if given is None:
        raise errors.sha_needed(f"{path} is there already, with sha {there}; give that to replace it")
    is_now = f"has sha {there}" if there else "is not there"
    raise errors.stale_sha(path, given, f"{path} {is_now}; it was changed since, or the sha is not its blob's")


def shows_content(size: int) -> bool:
    """
    Tell whether the content of a file of *size* bytes is part of an answer.

    Source:
        https://docs.github.com/rest/repos/contents#get-repository-content
    """
    return size <= FILE_LIMIT
