"""
Issues. Every issue of the fake is a pull request.

Source:
    https://docs.github.com/rest/issues/issues
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.api import conversation, issue_labels, labels, pull_states, pulls
from pytest_ghdeploy.api.issue_labels import find_issue
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.errors import UnsupportedRequest
from pytest_ghdeploy.github.pull_requests import PULL_REQUEST_STATES
from pytest_ghdeploy.github.rules import issues as rules, labels as label_rules
from pytest_ghdeploy.serializers import issues as as_json
from pytest_ghdeploy.serializers.conversation_events import IssueShown

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from pytest_ghdeploy.github.model import Repository
    from pytest_ghdeploy.github.pull_requests import PullRequest
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "issues or pull_requests"


def shown_in_event(store: Store, repository: Repository, row: PullRequest) -> IssueShown:
    """Collect what an event shows of the issue of a pull request."""
    return IssueShown(pull_states.view(store, repository, row, full=False), _reactions(store, row))


def _reactions(store: Store, row: PullRequest) -> Counter[str]:
    return conversation.reactions_to(store, "issue", row.issue_id)


def _shown(call: Call, row: PullRequest) -> JSON:
    view = pull_states.view(call.store, call.repository, row, full=False)
    return conversation.in_form(call, as_json.full_issue(view, _reactions(call.store, row), call.urls))


def _listed(call: Call, row: PullRequest) -> JSON:
    view = pull_states.view(call.store, call.repository, row, full=False)
    return conversation.in_form(call, as_json.issue(view, _reactions(call.store, row), call.urls))


_EVER = datetime.min.replace(tzinfo=UTC)


def since(call: Call) -> datetime:
    """Read the filter ``since``. Without one, or with an invalid one, it is the beginning of time."""
    try:
        when = datetime.fromisoformat(call.query.get("since", ""))
    except ValueError:
        return _EVER
    return when.replace(tzinfo=when.tzinfo or UTC)


_SORTS: dict[str, Callable[[Store, PullRequest], Any]] = {
    "created": lambda _, row: row.created_at,
    "updated": lambda _, row: row.updated_at,
    "comments": lambda store, row: len(store.issue_comments.where(pull_request_id=row.id)),
}


@route("issues/list-for-repo", "GET /repos/{owner}/{repo}/issues")
def list_for_repo(call: Call) -> Reply:
    """List the issues that match all filters, by default the open ones, newest first."""
    store, repository, query = call.store, call.repository, call.query
    filters: dict[str, object] = {"repository_id": repository.id}
    if (state := query.get("state", "open")) in PULL_REQUEST_STATES:
        filters["state"] = state
    wanted = [label_rules.name_key(name.strip()) for name in query.get("labels", "").split(",") if name.strip()]
    earliest = since(call)

    def matches(row: PullRequest) -> bool:
        names = {label.name_key for label in labels.labels_on(store, row)}
        return (
            row.updated_at >= earliest
            and names.issuperset(wanted)
            and query.get("creator", row.user.login).lower() == row.user.login.lower()
            and rules.mentions(row.body, query.get("mentioned"))
        )

    rows = [row for row in store.pull_requests.where(**filters) if matches(row)]
    if not all(rules.has_none(query.get(name)) for name in rules.NEVER_SET):
        rows = []
    rows.sort(key=lambda row: row.number)
    rows.sort(key=partial(_SORTS.get(query.get("sort", ""), _SORTS["created"]), store))
    if query.get("direction") != "asc":
        rows.reverse()
    return Reply(200, Listing(rows, partial(_listed, call)))


@route("issues/get", "GET /repos/{owner}/{repo}/issues/{issue_number}", permission="issues", finds=find_issue)
def get(call: Call) -> Reply:
    """Show the issue of a pull request."""
    return Reply(200, _shown(call, call.found), modified_at=call.found.updated_at)


@route("issues/update", "PATCH /repos/{owner}/{repo}/issues/{issue_number}", needs="triage", finds=find_issue)
def update(call: Call) -> Reply:
    """
    Change the title, the text, the state or the labels of a pull request.

    Raises:
        UnsupportedRequest: The request sets something that the fake lacks, such as assignees.
    """
    body = call.body
    if missing := rules.unsupported(body):
        msg = f"the fake does not implement {', '.join(missing)} of issues/update: leave it out, or stub the response"
        raise UnsupportedRequest(msg, see="a-member-or-media-type-that-the-fake-lacks")
    names = label_rules.names_of(body) if "labels" in body else None
    if names is not None:
        labels.check_names(call.store, call.repository, names)
    changes = {name: body[name] for name in ("title", "body", "state") if name in body}
    if changes.get("title") is not None:
        changes["title"] = str(changes["title"])
    row = pulls.change(call.store, call.repository, call.actor, call.found, **changes)
    if names is not None:
        row = issue_labels.label(call.store, call.repository, call.actor, row, names, replace=True)
    return Reply(200, _shown(call, row))
