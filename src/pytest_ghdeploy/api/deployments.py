"""
Deployments.

Source:
    https://docs.github.com/rest/deployments/deployments
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_ghdeploy.api import contexts, environments, git
from pytest_ghdeploy.api.routing import Call, Listing, Reply, find_in_repository, route
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.model import Deployment
from pytest_ghdeploy.github.rules import deployments as rules
from pytest_ghdeploy.github.rules.environments import environment_key
from pytest_ghdeploy.serializers import events as payloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.git import Target
    from pytest_ghdeploy.github.model import App, Repository, User
    from pytest_ghdeploy.store.store import Store

PERMISSION = "deployments"


class AutoMerged(NamedTuple):
    """The result of merging the default branch into the ref instead of creating a deployment."""

    message: str


def create(
    store: Store,
    repository: Repository,
    creator: User,
    performed_via_github_app: App | None = None,
    *,
    ref: str,
    task: str = "deploy",
    auto_merge: bool = True,
    required_contexts: Sequence[str] | None = None,
    payload: dict[str, Any] | str | None = None,
    environment: str = "production",
    description: str | None = None,
    transient_environment: bool = False,
    production_environment: bool | None = None,
) -> Deployment | AutoMerged:
    """
    Create a deployment of *ref*, and its environment if it does not exist.

    Args:
        performed_via_github_app: The app that acts for *creator*, if any; ``None`` if *creator* is the app's own bot.

        ref: A branch, a tag, a full SHA, ``HEAD`` or any full ref such as ``refs/pull/7/merge``. Stored as written.

        auto_merge: Whether to merge the default branch into *ref* first, if *ref* is a branch that is behind it.

        required_contexts: The contexts that must be ``success``: ``None`` for all of the commit's, ``[]`` for none.

        payload: Stored unchanged, ``None`` as ``{}``. At most 65,535 bytes of JSON.

        environment: At most 255 characters.

        production_environment: ``None`` means True if *environment* is ``production``, and False otherwise.

    Returns:
        The new deployment; or ``AutoMerged``, with a merge commit on the branch and no deployment.

    Raises:
        Unprocessable: *ref* does not exist, or a limit is broken.
        Conflict:
            The default branch cannot be merged into *ref*, or a context is not
            ``success``. In either case nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/deployments#create-a-deployment
    """
    target = git.resolve(store, repository, ref)
    if store.assume.contexts_before_merge:
        _check_contexts(store, repository, target, ref, required_contexts)
    if auto_merge and (merged := _auto_merge(store, repository, target, ref, creator)):
        return merged
    if not store.assume.contexts_before_merge:
        _check_contexts(store, repository, target, ref, required_contexts)
    payload = {} if payload is None else payload
    rules.check_deployment(payload, environment, store.assume)
    if production_environment is None:
        production_environment = rules.production_by_default(environment)
    now = store.clock.now
    row = store.deployments.add(
        Deployment(
            id=store.deployments.next_id,
            repository_id=repository.id,
            sha=target.sha,
            ref=ref,
            task=task,
            payload=payload,
            original_environment=environment,
            environment=environment,
            description=description,
            creator=creator,
            created_at=now,
            updated_at=now,
            transient_environment=transient_environment,
            production_environment=production_environment,
            performed_via_github_app=performed_via_github_app,
            environment_key=environment_key(environment),
        )
    )
    if environment:
        environments.ensure(store, repository, environment)
    store.events.record(
        "deployment",
        "created",
        repository.full_name,
        partial(payloads.deployment, row, repository, creator, store.urls),
        row,
    )
    return row


def _auto_merge(store: Store, repository: Repository, target: Target, ref: str, actor: User) -> AutoMerged | None:
    graph, base = store.git(repository), repository.default_branch
    head = graph.branches[base]
    behind, is_branch = not graph.contains(target.sha, head), target.kind == "branch"
    clashes = git.clashes(graph, target.sha, head) if behind and is_branch else []
    decision = rules.auto_merge(behind=behind, is_branch=is_branch, merges_cleanly=not clashes)
    if decision == "skip":
        return None
    if decision == "conflict":
        count = len(graph.missing(target.sha, head))
        reason = f"both changed {', '.join(clashes)}" if clashes else f"a {target.kind} cannot get a merge commit"
        hint = f"{ref} is {count} commit(s) behind {base}, and {reason}; auto_merge=false deploys it as it is"
        raise refusals.merge_conflict(base, ref, hint)
    message = f"Auto-merged {base} into {ref} on deployment."
    git.merge(store, repository, actor, branch=target.name, theirs=head, message=message)
    return AutoMerged(message)


def _check_contexts(
    store: Store, repository: Repository, target: Target, ref: str, required: Sequence[str] | None
) -> None:
    if required is not None and not required:
        return
    reported = contexts.contexts_of(store, repository, target.sha)
    checked = rules.contexts_to_check(reported, required)
    unmet = rules.unmet_contexts(checked, store.assume)
    if unmet:
        # GitHub shows a context without a report as pending, though nobody may ever report it.
        missing = set(unmet) - set(reported)
        states = ", ".join(
            f"{context.context} {'was never reported' if context in missing else f'is {context.state}'}"
            for context in unmet
        )
        if missing:
            states += f"; reported contexts: {', '.join({context.context: None for context in reported}) or 'none'}"
        hint = f"{target.sha[:7]}, the commit of {ref}: {states}; required_contexts=[] deploys it regardless"
        raise refusals.failed_contexts(ref, rules.listed_contexts(reported, checked, store.assume), hint)


def delete(store: Store, repository: Repository, deployment: Deployment) -> None:
    """
    Delete a deployment and its statuses. Like GitHub, dispatch no event.

    Raises:
        Unprocessable: The deployment is active, and its environment has others. Nothing has changed.

    Source:
        https://docs.github.com/rest/deployments/deployments#delete-a-deployment
    """
    key = deployment.environment_key
    rules.check_deletable(
        deployment,
        in_environment=len(store.deployments.where(repository_id=repository.id, environment_key=key)),
        in_repository=len(store.deployments.where(repository_id=repository.id)),
        assume=store.assume,
    )
    for row in list(store.deployment_statuses.where(deployment_id=deployment.id)):
        store.deployment_statuses.remove(row)
    store.deployments.remove(deployment)


def find(call: Call) -> Deployment:
    """
    Look up the deployment in the path.

    Raises:
        NotFound: The repository has no such deployment.
    """
    row: Deployment = find_in_repository(call, call.store.deployments, "deployment_id", "deployment")
    return row


@route("repos/list-deployments", "GET /repos/{owner}/{repo}/deployments")
def list_deployments(call: Call) -> Reply:
    """List the deployments that match all filters, newest first. Environments are compared without case."""
    filters: dict[str, str] = {name: call.query[name] for name in ("sha", "ref", "task") if name in call.query}
    if "environment" in call.query:
        filters["environment_key"] = environment_key(call.query["environment"])
    return Reply(200, Listing(call.store.deployments.where(repository_id=call.repository.id, **filters)))


@route("repos/create-deployment", "POST /repos/{owner}/{repo}/deployments")
def create_deployment(call: Call) -> Reply:
    """Create a deployment, or merge the default branch into its ref."""
    app = rules.performed_via(call.actor, call.app)
    result = create(call.store, call.repository, call.actor, app, **call.arguments_for(create))
    if isinstance(result, AutoMerged):
        merged = f"{call.repository.default_branch} was merged into {call.body['ref']}"
        hint = f"no deployment was created, so the response has no id: {merged}; send the request again to deploy it"
        return Reply(202, {"message": result.message}, hint=hint)
    return Reply(201, result, call.urls.deployment(call.repository, result.id), result.updated_at)


@route("repos/get-deployment", "GET /repos/{owner}/{repo}/deployments/{deployment_id}", finds=find)
def get_deployment(call: Call) -> Reply:
    """Show a deployment."""
    return Reply(200, call.found)


@route("repos/delete-deployment", "DELETE /repos/{owner}/{repo}/deployments/{deployment_id}", finds=find)
def delete_deployment(call: Call) -> Reply:
    """Delete a deployment."""
    delete(call.store, call.repository, call.found)
    return Reply(204)
