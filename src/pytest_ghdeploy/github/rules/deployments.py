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

    from pytest_ghdeploy.github.model import (
        Assumptions,
        Deployment,
    )


DESCRIPTION_LIMIT = 140
"""Characters in the description of a deployment status or commit status."""
NAME_LIMIT = 255
"""Characters in the name of an environment or the context of a commit status."""


class Context(NamedTuple):
    """What a commit status or a check run says about a commit."""

    context: str
    state: str


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
        raise refusals.too_long("Deployment", "environment", NAME_LIMIT, len(environment))
    size = len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()) if payload else 0
    if assume.payload_limit and size > assume.payload_limit:
        raise refusals.too_long("Deployment", "payload", assume.payload_limit, size, "bytes")


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
        raise refusals.too_long("DeploymentStatus", "environment", NAME_LIMIT, len(environment))


def _check_report(resource: str, description: str, urls: dict[str, str]) -> None:
    if len(description) > DESCRIPTION_LIMIT:
        raise refusals.too_long(resource, "description", DESCRIPTION_LIMIT, len(description))
    for field, url in urls.items():
        if url and not url.lower().startswith(("http://", "https://")):
            raise refusals.not_http(resource, field, url)


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
        raise refusals.active_deployment(
            f"deployment {deployment.id} is active (its latest deployment status is success) and one of {there} in "
            f"{where}: give it another deployment status first, such as inactive"
        )
