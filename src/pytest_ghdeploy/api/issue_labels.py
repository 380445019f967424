"""
Labels of issues. Every issue of the fake is a pull request.

Source:
    https://docs.github.com/rest/issues/labels
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy.api import labels, pull_states, pulls
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals_issues
from pytest_ghdeploy.github.rules import labels as rules
from pytest_ghdeploy.serializers import labels as as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.pull_requests import PullRequest
    from pytest_ghdeploy.store.store import Store

PERMISSION = "issues or pull_requests"


def label(
    store: Store,
    repository: Repository,
    actor: User,
    pull_request: PullRequest,
    names: Iterable[str],
    *,
    replace: bool = False,
) -> PullRequest:
    """
    Put labels on a pull request, and dispatch ``pull_request`` for each that it did not have.

    Args:
        names: The names of the labels. Missing ones are created.

        replace: Whether to take all other labels off, which also dispatches an event for each.

    Returns:
        The updated pull request.

    Raises:
        Unprocessable: A label is missing, and its name is empty or too long. Nothing has changed.

    Source:
        https://docs.github.com/rest/issues/labels#add-labels-to-an-issue
    """
    names = list(names)
    labels.check_names(store, repository, names)
    given = {row.id: row for name in names for row in [labels.ensure(store, repository, name, actor)]}
    kept = () if replace else pull_request.label_ids
    label_ids = tuple(dict.fromkeys((*kept, *given)))
    return _set_labels(store, repository, actor, pull_request, label_ids)


def unlabel(store: Store, repository: Repository, actor: User, pull_request: PullRequest, name: str) -> PullRequest:
    """
    Take a label off a pull request, and dispatch ``pull_request``. Return the updated pull request.

    Raises:
        NotFound: The pull request does not have the label. Nothing has changed.

    Source:
        https://docs.github.com/rest/issues/labels#remove-a-label-from-an-issue
    """
    row = labels.lookup(store, repository, name)
    if row is None or row.id not in pull_request.label_ids:
        names = [label.name for label in labels.labels_on(store, pull_request)]
        hint = f"pull request #{pull_request.number} has no label {name!r}; it has {', '.join(names) or 'none'}"
        raise refusals_issues.no_such_label(hint)
    label_ids = tuple(label_id for label_id in pull_request.label_ids if label_id != row.id)
    return _set_labels(store, repository, actor, pull_request, label_ids)


def _set_labels(
    store: Store, repository: Repository, actor: User, pull_request: PullRequest, label_ids: tuple[int, ...]
) -> PullRequest:
    before = pull_request.label_ids
    if label_ids == before:
        return pull_request
    changed = store.pull_requests.replace(pull_request._replace(label_ids=label_ids, updated_at=store.clock.now))
    changes = [("unlabeled", label_id) for label_id in before if label_id not in label_ids]
    changes += [("labeled", label_id) for label_id in label_ids if label_id not in before]
    for action, label_id in changes:
        if row := store.labels.get(label_id):
            shown = as_json.label(row, repository, store.urls)
            state = pull_states.merge_state(store, repository, changed)
            pull_states.record(store, repository, actor, action, changed, state, label=shown)
    return changed


def find_issue(call: Call) -> PullRequest:
    """
    Look up the pull request whose number is in the path.

    Raises:
        NotFound: The repository has no such pull request. The fake has no other issues.
    """
    return pulls.lookup(call.store, call.repository, call.params["issue_number"])


def _listed(call: Call, pull_request: PullRequest) -> Listing:
    rows = labels.labels_on(call.store, pull_request)
    return Listing(rows, lambda row: as_json.label(row, call.repository, call.urls))


@route("issues/list-labels-on-issue", "GET /repos/{owner}/{repo}/issues/{issue_number}/labels", finds=find_issue)
def list_labels_on_issue(call: Call) -> Reply:
    """List the labels of a pull request, in the order in which they were added."""
    return Reply(200, _listed(call, call.found))


@route(
    "issues/add-labels",
    "POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
    needs="triage",
    finds=find_issue,
)
def add_labels(call: Call) -> Reply:
    """Add labels to a pull request. Missing labels are created."""
    rules.check_added(call.body)
    row = label(call.store, call.repository, call.actor, call.found, rules.names_of(call.body))
    return Reply(200, _listed(call, row))


@route(
    "issues/set-labels",
    "PUT /repos/{owner}/{repo}/issues/{issue_number}/labels",
    needs="triage",
    finds=find_issue,
)
def set_labels(call: Call) -> Reply:
    """Replace all labels of a pull request. Missing labels are created."""
    row = label(call.store, call.repository, call.actor, call.found, rules.names_of(call.body), replace=True)
    return Reply(200, _listed(call, row))


@route(
    "issues/remove-all-labels",
    "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels",
    needs="triage",
    finds=find_issue,
)
def remove_all_labels(call: Call) -> Reply:
    """Take all labels off a pull request."""
    label(call.store, call.repository, call.actor, call.found, [], replace=True)
    return Reply(204)


@route(
    "issues/remove-label",
    "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
    needs="triage",
    finds=find_issue,
)
def remove_label(call: Call) -> Reply:
    """Take a label off a pull request, and list the rest."""
    row = unlabel(call.store, call.repository, call.actor, call.found, call.params["name"])
    return Reply(200, _listed(call, row))
