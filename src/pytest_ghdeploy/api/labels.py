"""
Labels of repositories. ``issue_labels`` puts them on pull requests.

Source:
    https://docs.github.com/rest/issues/labels
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals, refusals_issues
from pytest_ghdeploy.github.pull_requests import Label
from pytest_ghdeploy.github.rules import labels as rules
from pytest_ghdeploy.serializers import conversation_events as payloads, labels as as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import PullRequest
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "issues or pull_requests"


def in_order(store: Store, repository: Repository) -> list[Label]:
    """List the labels of a repository in alphabetical order [guess: the order]."""
    rows: Iterable[Label] = rules.default_labels(repository)
    if repository.id in store.with_own_labels:
        rows = store.labels.where(repository_id=repository.id)
    return sorted(rows, key=lambda label: label.name_key)


def labels_on(store: Store, pull_request: PullRequest) -> list[Label]:
    """List the labels of a pull request, in the order in which they were added."""
    return [row for label_id in pull_request.label_ids if (row := store.labels.get(label_id))]


def lookup(store: Store, repository: Repository, name: str) -> Label | None:
    """Look up a label by its name, ignoring case; ``None`` if it does not exist."""
    key = rules.name_key(name)
    if repository.id in store.with_own_labels:
        return next(iter(store.labels.where(repository_id=repository.id, name_key=key)), None)
    return next((label for label in rules.default_labels(repository) if label.name_key == key), None)


def keep_defaults(store: Store, repository: Repository) -> None:
    """Add the default labels to the table, unless they are there already. Call this before any change of labels."""
    if repository.id not in store.with_own_labels:
        for label in rules.default_labels(repository):
            store.labels.add(label)
        store.changes.put(store.with_own_labels, repository.id, None)


def create(
    store: Store,
    repository: Repository,
    *,
    name: str,
    color: str = rules.DEFAULT_COLOR,
    description: str | None = None,
) -> Label:
    """
    Add a label to a repository. It is up to the caller to dispatch ``label``: see ``announce``.

    Args:
        name: From 1 to 50 characters. Names are compared without case.

        color: Six hexadecimal digits.

        description: At most 100 characters.

    Raises:
        Unprocessable: The repository has this label, or a rule is broken. Nothing has changed.

    Source:
        https://docs.github.com/rest/issues/labels#create-a-label
    """
    rules.check_label(name, color, description)
    _check_free(store, repository, name)
    keep_defaults(store, repository)
    return store.labels.add(
        Label(store.labels.next_id, repository.id, name, rules.name_key(name), color, description, default=False)
    )


def check_names(store: Store, repository: Repository, names: Iterable[str]) -> None:
    """
    Check names of labels before they are put on a pull request. Missing labels would be created.

    Raises:
        Unprocessable: A label is missing, and its name is empty or too long.
    """
    for name in names:
        if lookup(store, repository, name) is None:
            rules.check_label(name, rules.DEFAULT_COLOR, None)


def ensure(store: Store, repository: Repository, name: str, actor: User | None = None) -> Label:
    """
    Look up a label by its name, ignoring case, or create it as *actor*. Without an *actor*, dispatch no event.

    Raises:
        Unprocessable: The label does not exist, and its name is empty or too long. Nothing has changed.
    """
    existing = lookup(store, repository, name)
    if existing:
        keep_defaults(store, repository)
        return existing
    row = create(store, repository, name=name)
    if actor:
        announce(store, repository, actor, "created", row)
    return row


def announce(
    store: Store,
    repository: Repository,
    actor: User,
    action: str,
    row: Label,
    before: Mapping[str, str] | None = None,
) -> None:
    """Dispatch ``label``. *before* has the earlier values of the fields that were edited."""
    make_payload = partial(payloads.label, action, row, before, repository, actor, store.urls)
    store.events.record("label", action, repository.full_name, make_payload, row)


def update(
    store: Store,
    repository: Repository,
    actor: User,
    label: Label,
    *,
    new_name: str | None = None,
    color: str | None = None,
    description: str | None = None,
) -> Label:
    """
    Change a label, and dispatch ``label`` if anything has changed. Arguments that are ``None`` change nothing.

    Raises:
        Unprocessable: Another label has the new name, or a rule is broken. Nothing has changed.

    Source:
        https://docs.github.com/rest/issues/labels#update-a-label
    """
    name = label.name if new_name is None else new_name
    row = label._replace(
        name=name,
        name_key=rules.name_key(name),
        color=label.color if color is None else color,
        description=label.description if description is None else description,
    )
    rules.check_label(row.name, row.color, row.description)
    if row.name_key != label.name_key:
        _check_free(store, repository, row.name)
    if row != label:
        keep_defaults(store, repository)
        store.labels.replace(row)
        before = {
            field: getattr(label, field) or ""
            for field in ("name", "color", "description")
            if getattr(row, field) != getattr(label, field)
        }
        announce(store, repository, actor, "edited", row, before)
    return row


def delete(store: Store, repository: Repository, actor: User, label: Label) -> None:
    """
    Delete a label, which also takes it from all pull requests, and dispatch ``label``.

    Source:
        https://docs.github.com/rest/issues/labels#delete-a-label
    """
    keep_defaults(store, repository)
    for pull_request in list(store.pull_requests.where(repository_id=repository.id)):
        if label.id in pull_request.label_ids:
            kept = tuple(label_id for label_id in pull_request.label_ids if label_id != label.id)
            store.pull_requests.replace(pull_request._replace(label_ids=kept))
    store.labels.remove(label)
    announce(store, repository, actor, "deleted", label)


def _check_free(store: Store, repository: Repository, name: str) -> None:
    if existing := lookup(store, repository, name):
        raise refusals_issues.label_exists(f"{repository.full_name} has a label {existing.name!r}")


def find(call: Call) -> Label:
    """
    Look up the label in the path, ignoring case.

    Raises:
        NotFound: The repository has no such label.
    """
    name = call.params["name"]
    label = lookup(call.store, call.repository, name)
    if label is None:
        known = errors.known_values(name, [other.name for other in in_order(call.store, call.repository)])
        raise refusals.not_found(f"{call.repository.full_name} has no label {name!r}; {known}")
    return label


def _as_json(call: Call, row: Label) -> JSON:
    return as_json.label(row, call.repository, call.urls)


@route("issues/list-labels-for-repo", "GET /repos/{owner}/{repo}/labels")
def list_labels_for_repo(call: Call) -> Reply:
    """List the labels of a repository."""
    return Reply(200, Listing(in_order(call.store, call.repository), partial(_as_json, call)))


@route("issues/create-label", "POST /repos/{owner}/{repo}/labels")
def create_label(call: Call) -> Reply:
    """Add a label to a repository."""
    row = create(call.store, call.repository, **call.arguments_for(create))
    announce(call.store, call.repository, call.actor, "created", row)
    shown = _as_json(call, row)
    return Reply(201, shown, shown["url"])


@route("issues/get-label", "GET /repos/{owner}/{repo}/labels/{name}", finds=find)
def get_label(call: Call) -> Reply:
    """Show a label."""
    return Reply(200, _as_json(call, call.found))


@route("issues/update-label", "PATCH /repos/{owner}/{repo}/labels/{name}", finds=find)
def update_label(call: Call) -> Reply:
    """Change a label."""
    row = update(call.store, call.repository, call.actor, call.found, **call.arguments_for(update))
    return Reply(200, _as_json(call, row))


@route("issues/delete-label", "DELETE /repos/{owner}/{repo}/labels/{name}", finds=find)
def delete_label(call: Call) -> Reply:
    """Delete a label."""
    delete(call.store, call.repository, call.actor, call.found)
    return Reply(204)
