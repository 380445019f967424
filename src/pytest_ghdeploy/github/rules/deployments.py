"""
GitHub's decisions about deployments and deployment statuses.

Source: https://docs.github.com/rest/deployments
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_ghdeploy.github import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ghdeploy.github.assumptions import Assumptions
    from pytest_ghdeploy.github.model import App, Deployment, User

DESCRIPTION_LIMIT = 140
"""Characters in the description of a deployment status or commit status."""
NAME_LIMIT = 255
"""Characters in the name of an environment or the context of a commit status."""


class Context(NamedTuple):
    """The context and state of a commit status, or the name and outcome of a check run."""

    context: str
    state: str


# Creating a deployment


def auto_merge(*, behind: bool, is_branch: bool, merges_cleanly: bool) -> Literal["skip", "merge", "conflict"]:
    """
    Decide what ``auto_merge`` does with a ref.

    A merge commit needs a branch. For a tag or a SHA that is behind the default
    branch, GitHub therefore reports a conflict even if the merge would be clean.

    Args:
        behind: Whether the default branch has commits that the ref does not contain.

    Source:
        https://docs.github.com/rest/deployments/deployments#create-a-deployment, and reports by
        users for tags and commits (simplytestme/website#130, integrations/slack#937).
    """
    if not behind:
        return "skip"
    return "merge" if is_branch and merges_cleanly else "conflict"


def context_key(context: str) -> str:
    """Convert a context for comparison. GitHub ignores case."""
    return context.casefold()


def contexts_to_check(
    reported: Sequence[Context], required: Sequence[str] | None, *, missing: str = "pending"
) -> list[Context]:
    """
    Select the contexts that must be successful for a deployment.

    Args:
        reported: All contexts of the commit, commit statuses first. A name may occur twice.

        required:
            The deployment's ``required_contexts``: ``None`` for all, ``[]`` for
            none.

        missing: The state of a required context without a report.
    """
    if required is None:
        return list(reported)
    matches: dict[str, list[Context]] = {}
    for context in reported:
        matches.setdefault(context_key(context.context), []).append(context)
    return [
        context
        for name in dict.fromkeys(required)
        for context in matches.get(context_key(name)) or [Context(name, missing)]
    ]


def unmet_contexts(contexts: Iterable[Context], assume: Assumptions) -> list[Context]:
    """
    List the *contexts* that block a deployment: all that are not ``success``.

    The state of a check run is its conclusion, so ``skipped`` and ``cancelled`` block a deployment too.
    """
    passing = {"success", "neutral"} if assume.neutral_passes else {"success"}
    return [context for context in contexts if context.state not in passing]


def listed_contexts(reported: Sequence[Context], checked: Sequence[Context], assume: Assumptions) -> list[Context]:
    """Select the contexts that a 409 lists: those *checked* or, with ``list_all_contexts``, all *reported* too."""
    if not assume.list_all_contexts:
        return list(checked)
    known = set(reported)
    return [*reported, *(context for context in checked if context not in known)]


def performed_via(actor: User, app: App | None) -> App | None:
    """
    Find the ``performed_via_github_app`` of a deployment or deployment status.

    Args:
        actor: The account that the caller acts as.

        app: The app that the caller's token belongs to, if any.

    Returns:
        *app* if it acts for a user, ``None`` if it acts as itself, which makes *actor* its bot.

    Source:
        Eight captured payloads of 2021 to 2024. For ``github-actions[bot]`` it is inferred from other apps.
    """
    return None if app is None or actor.app_id == app.id else app


def check_deployment(payload: dict[str, Any] | str, environment: str, assume: Assumptions) -> None:
    """
    Refuse a deployment that breaks a limit.

    Args:
        payload: At most ``assume.payload_limit`` bytes of JSON.

        environment: At most 255 characters.

    Raises:
        Unprocessable: A limit is broken.
    """
    if len(environment) > NAME_LIMIT:
        raise refusals.too_long("Deployment", "environment", NAME_LIMIT, len(environment))
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()) if payload else 0
    if assume.payload_limit and size > assume.payload_limit:
        raise refusals.too_long("Deployment", "payload", assume.payload_limit, size, "bytes")


def production_by_default(environment: str) -> bool:
    """Return the default of ``production_environment`` for a deployment to *environment*, compared case-sensitively."""
    return environment == "production"


# Reporting on a deployment


def check_deployment_status(*, description: str, environment: str, urls: dict[str, str]) -> None:
    """
    Refuse a deployment status that breaks a limit.

    Args:
        description: At most 140 characters.

        environment: At most 255 characters.

        urls: By field name. Each is empty or an http or https URL.

    Raises:
        Unprocessable: A limit is broken. The refusal names the first one.
    """
    check_report("DeploymentStatus", description, urls)
    if len(environment) > NAME_LIMIT:
        raise refusals.too_long("DeploymentStatus", "environment", NAME_LIMIT, len(environment))


def check_report(resource: str, description: str, urls: dict[str, str]) -> None:
    """
    Refuse a deployment status or commit status with an invalid description or URL.

    Args:
        description: At most 140 characters.

        urls: By field name. Each is empty or an http or https URL.

    Raises:
        Unprocessable: A limit is broken. The refusal names the first one.
    """
    if len(description) > DESCRIPTION_LIMIT:
        raise refusals.too_long(resource, "description", DESCRIPTION_LIMIT, len(description))
    for field, url in urls.items():
        if url and not url.lower().startswith(("http://", "https://")):
            raise refusals.not_http(resource, field, url)


def retirable(assume: Assumptions) -> dict[str, object]:
    """Return the attributes that a deployment has if the success of another may retire it: see ``superseded_by``."""
    attributes: dict[str, object] = {"state": "success", "transient_environment": False}
    return attributes if assume.auto_inactive_production else attributes | {"production_environment": False}


def superseded_by(
    deployment: Deployment, others: Iterable[Deployment], assume: Assumptions, *, auto_inactive: bool
) -> list[Deployment]:
    """
    List the *others* that become ``inactive`` after a deployment status of *deployment*, oldest first.

    The latest status must be ``success``, with *auto_inactive*. It retires the
    earlier deployments to the same environment, compared without case, whose state is ``success``.
    Transient deployments stay, and so do production ones unless
    ``auto_inactive_production`` is assumed.

    Source:
        https://docs.github.com/rest/deployments/deployments#inactive-deployments
    """
    if not auto_inactive or deployment.state != "success":
        return []
    needed = retirable(assume)
    superseded = [
        other
        for other in others
        if other.id < deployment.id
        and other.repository_id == deployment.repository_id
        and other.environment_key == deployment.environment_key
        and all(getattr(other, name) == value for name, value in needed.items())
    ]
    return sorted(superseded, key=lambda other: other.id)


def is_dispatched(state: str, assume: Assumptions) -> bool:
    """Return whether a deployment status with this *state* dispatches an event: ``inactive`` does not."""
    return state != "inactive" or assume.inactive_events


def check_deletable(deployment: Deployment, *, in_environment: int, in_repository: int, assume: Assumptions) -> None:
    """
    Refuse to delete an active deployment that is not the only one.

    Args:
        in_environment: The number of deployments in its environment, including this one.

        in_repository: The number of deployments in its repository, including this one.

    Raises:
        Unprocessable: The deployment's state is ``success``, and others exist.

    Source:
        The text of the refusal is quoted by users. GitHub's page says "in the repository":
        https://docs.github.com/rest/deployments/deployments#delete-a-deployment
    """
    count = in_repository if assume.delete_per_repository else in_environment
    if deployment.state == "success" and count > 1:
        where = "its repository" if assume.delete_per_repository else f"environment {deployment.environment!r}"
        raise refusals.active_deployment(
            f"deployment {deployment.id} is active (its latest deployment status is success) and one of {count} in "
            f"{where}: add another deployment status first, such as inactive"
        )
