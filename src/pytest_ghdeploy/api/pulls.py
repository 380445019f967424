"""
Pull requests: list, read, create and update them.

``pull_merges`` merges them, and ``pull_states`` knows how they follow from commits.

Source:
    https://docs.github.com/rest/pulls/pulls
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import pull_states
from pytest_ghdeploy.api.conversation import in_form
from pytest_ghdeploy.api.labels import check_names, ensure
from pytest_ghdeploy.api.routing import Call, Listing, Reply, id_or_none, refuse_forms, route
from pytest_ghdeploy.github import refusals, refusals_pulls
from pytest_ghdeploy.github.pull_requests import PULL_REQUEST_STATES, PullRequest
from pytest_ghdeploy.github.rules import pull_requests as rules
from pytest_ghdeploy.github.rules.deployments import performed_via
from pytest_ghdeploy.serializers import git as git_json, pull_requests as as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import EllipsisType

    from pytest_ghdeploy.github.git import Commit
    from pytest_ghdeploy.github.model import App, Repository, User
    from pytest_ghdeploy.github.trees import Change
    from pytest_ghdeploy.github.urls import JSON
    from pytest_ghdeploy.store.store import Store

PERMISSION = "pull_requests"

# The ids of issues are in a range of their own.
_TO_ISSUE_ID = 1_700_000_002
_SHOWN = 10


def lookup(store: Store, repository: Repository, number: str | int) -> PullRequest:
    """
    Look up a pull request by its number, which may be the text in a path.

    Raises:
        NotFound: The repository has no such pull request.
    """
    wanted = id_or_none(number) if isinstance(number, str) else number
    if rows := store.pull_requests.where(repository_id=repository.id, number=wanted):
        return rows[0]
    known = [row.number for row in store.pull_requests.where(repository_id=repository.id)[:_SHOWN]]
    raise refusals.not_found(f"{repository.full_name} has no pull request {number}; {errors.known_values('', known)}")


def add(
    store: Store,
    repository: Repository,
    user: User,
    performed_via_github_app: App | None = None,
    labels: Sequence[str] = (),
    *,
    head: str,
    base: str,
    title: str | None = None,
    body: str | None = None,
    draft: bool = False,
    issue: int | None = None,
    head_repo: str | None = None,
) -> PullRequest:
    """
    Open a pull request, and dispatch ``pull_request``.

    Args:
        performed_via_github_app: The app that acts for *user*, if any; ``None`` if *user* is the app's own bot.

        labels: The names of its labels. Missing ones are created.

        head: The branch with the changes, as ``BRANCH`` or ``OWNER:BRANCH``.

        base: The branch to merge into.

        title: It is required, since the fake has no issues to take it from.

        body: ``""`` is stored as ``None``.

        issue: Always refused.

        head_repo: The repository of *head*, as ``NAME`` or ``OWNER/NAME``. The fake has no forks.

    Raises:
        Unprocessable:
            A branch does not exist, there is nothing to merge, an open pull
            request has the same branches, the title is missing, or an issue is
            given. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/pulls#create-a-pull-request
    """
    newest = store.pull_requests.where(repository_id=repository.id)[:1]
    if issue is not None:
        rules.check_issue(issue, newest[0].number if newest else 0, repository.full_name)
    branch = _check_branches(store, repository, head, base, head_repo)
    rules.check_title(title)
    assert title is not None  # noqa: S101 - it has been checked
    _check_new(store, repository, head=branch, base=base)
    check_names(store, repository, labels)
    label_ids = [ensure(store, repository, name).id for name in labels]
    graph, now = store.git(repository), store.clock.now
    number = store.pull_requests.next_id
    row = store.pull_requests.add(
        PullRequest(
            id=number,
            issue_id=number + _TO_ISSUE_ID,
            repository_id=repository.id,
            number=newest[0].number + 1 if newest else 1,
            title=title,
            body=body or None,
            user=user,
            head_ref=branch,
            head_sha=graph.branches[branch],
            base_ref=base,
            base_sha=graph.branches[base],
            created_at=now,
            updated_at=now,
            draft=draft,
            label_ids=tuple(dict.fromkeys(label_ids)),
            performed_via_github_app=performed_via_github_app,
        )
    )
    graph.set_ref(f"pull/{row.number}/head", row.head_sha)
    pull_states.record(store, repository, user, "opened", row)
    return row


def _check_branches(store: Store, repository: Repository, head: str, base: str, head_repo: str | None) -> str:
    """Check that the branches of a new pull request exist, and return the name of its head."""
    branches = store.git(repository).branches
    branch = rules.branch_of(head, repository.owner.login)
    if head_repo is not None and head_repo.lower() not in (repository.name.lower(), repository.full_name.lower()):
        branch = None
    hints: dict[str, str] = {}
    if base not in branches:
        hints["base"] = f"{repository.full_name} has no branch {base!r}; {errors.known_values(base, branches)}"
    if branch is None:
        hints["head"] = f"{head!r} is in another repository, and the fake does not implement forks"
    elif branch not in branches:
        hints["head"] = f"{repository.full_name} has no branch {branch!r}; {errors.known_values(branch, branches)}"
    if branch is None or hints:
        raise refusals_pulls.no_branches(hints)
    return branch


def _check_new(store: Store, repository: Repository, *, head: str, base: str) -> None:
    graph = store.git(repository)
    divergence = graph.compare(graph.branches[base], graph.branches[head])
    if divergence.merge_base is None:
        raise refusals_pulls.no_common_history(base, head, f"{head} and {base} have no commit in common")
    if not divergence.right:
        raise refusals_pulls.no_commits(base, head, f"{base} contains all commits of {head}: add one to {head} first")
    if existing := _open(store, repository, head=head, base=base):
        label = f"{repository.owner.login}:{head}"
        raise refusals_pulls.pull_request_exists(label, f"pull request #{existing.number} is open for {head}")


def _open(store: Store, repository: Repository, *, head: str, base: str) -> PullRequest | None:
    rows = store.pull_requests.where(repository_id=repository.id, state="open", head_ref=head)
    return next((row for row in rows if row.base_ref == base), None)


def change(
    store: Store,
    repository: Repository,
    actor: User,
    row: PullRequest,
    *,
    title: str | None = None,
    body: str | EllipsisType | None = ...,
    base: str | None = None,
    state: str | None = None,
) -> PullRequest:
    """
    Update a pull request. Arguments that are ``None`` change nothing.

    Dispatches ``pull_request`` with the action ``edited`` if the title, body or
    base changes, and with ``closed`` or ``reopened`` if the state changes.

    Args:
        body: ``None`` and ``""`` empty it; ``...`` changes nothing.

        base: The name of a branch.

        state: ``open`` or ``closed``. Any other value changes nothing.

    Returns:
        The updated pull request.

    Raises:
        Unprocessable:
            The title is empty, the base does not exist or cannot be merged
            into, or the pull request cannot be reopened. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/pulls#update-a-pull-request
    """
    if title is not None:
        rules.check_title(title)
    if base is not None and base != row.base_ref:
        _check_base(store, repository, row, base)
    reopens = state == "open" and row.state == "closed"
    if reopens:
        rules.check_reopenable(row, reason=_obstacle(store, repository, row))
    row = _edit(store, repository, actor, row, title=title, body=row.body if body is ... else body or None, base=base)
    if reopens:
        return _reopen(store, repository, actor, row)
    return pull_states.close(store, repository, actor, row) if state == "closed" and row.state == "open" else row


def _check_base(store: Store, repository: Repository, row: PullRequest, base: str) -> None:
    graph, name = store.git(repository), f"pull request #{row.number}"
    if row.state != "open":
        raise refusals_pulls.base_of_closed(f"{name} is closed")
    if base not in graph.branches:
        known = errors.known_values(base, graph.branches)
        raise refusals_pulls.no_new_base(base, f"{repository.full_name} has no branch {base!r}; {known}")
    if graph.contains(graph.branches[base], row.head_sha):
        raise refusals_pulls.no_commits_for_base(base, row.head_ref, f"{base} contains all commits of {name}")
    if existing := _open(store, repository, head=row.head_ref, base=base):
        raise refusals_pulls.base_taken(base, row.head_ref, f"pull request #{existing.number} is open for {base}")


def _obstacle(store: Store, repository: Repository, row: PullRequest) -> str | None:
    """Return why the branches of a closed pull request do not allow it to be reopened; ``None`` if they do."""
    graph, owner = store.git(repository), repository.owner.login
    for branch in (row.head_ref, row.base_ref):
        if branch not in graph.branches:
            return f"The {branch} branch has been deleted."
    head, base = graph.branches[row.head_ref], graph.branches[row.base_ref]
    if not graph.contains(head, row.head_sha):
        return f"The {row.head_ref} branch was force-pushed or recreated."
    divergence = graph.compare(base, head)
    if divergence.merge_base is None:
        return f"The {owner}:{row.head_ref} branch has no history in common with {owner}:{row.base_ref}."
    if not divergence.right:
        return f"There are no new commits on the {owner}:{row.head_ref} branch."
    if _open(store, repository, head=row.head_ref, base=row.base_ref):
        return f"A pull request already exists for {owner}:{row.head_ref}."
    return None


def _edit(
    store: Store,
    repository: Repository,
    actor: User,
    row: PullRequest,
    *,
    title: str | None,
    body: str | None,
    base: str | None,
) -> PullRequest:
    changes: JSON = {}
    edited = row._replace(body=body)
    if body != row.body:
        changes["body"] = {"from": row.body or ""}
    if title is not None and title != row.title:
        changes["title"] = {"from": row.title}
        edited = edited._replace(title=title)
    if base is not None and base != row.base_ref:
        changes["base"] = {"ref": {"from": row.base_ref}, "sha": {"from": row.base_sha}}
        edited = edited._replace(base_ref=base, base_sha=store.git(repository).branches[base])
    if not changes:
        return row
    edited = store.pull_requests.replace(edited._replace(updated_at=store.clock.now))
    state = pull_states.merge_state(store, repository, edited)
    pull_states.record(store, repository, actor, "edited", edited, state, changes=changes)
    return edited


def _reopen(store: Store, repository: Repository, actor: User, row: PullRequest) -> PullRequest:
    graph = store.git(repository)
    row = store.pull_requests.replace(
        row._replace(
            state="open",
            closed_at=None,
            closed_by=None,
            updated_at=store.clock.now,
            head_sha=graph.branches[row.head_ref],
            base_sha=graph.branches[row.base_ref],
            mergeability=None,
        )
    )
    graph.set_ref(f"pull/{row.number}/head", row.head_sha)
    pull_states.record(store, repository, actor, "reopened", row)
    return row


def find(call: Call) -> PullRequest:
    """
    Look up the pull request in the path.

    Raises:
        NotFound: The repository has no such pull request.
    """
    return lookup(call.store, call.repository, call.params["pull_number"])


_SORTS: dict[str, Callable[[Store, PullRequest], Any]] = {
    "updated": lambda _, row: row.updated_at,
    "popularity": lambda store, row: len(store.issue_comments.where(pull_request_id=row.id)),
    "long-running": lambda _, row: row.created_at,
}


@route("pulls/list", "GET /repos/{owner}/{repo}/pulls")
def list(call: Call) -> Reply:  # noqa: A001 - GitHub's name
    """
    List the pull requests that match all filters, by default the open ones, newest first.

    ``head`` counts only with an owner, as in ``octocat:topic``.
    """
    store, repository, query = call.store, call.repository, call.query
    filters: dict[str, object] = {"repository_id": repository.id}
    if (state := query.get("state", "open")) in PULL_REQUEST_STATES:
        filters["state"] = state
    if "base" in query:
        filters["base_ref"] = query["base"]
    if ":" in query.get("head", ""):
        filters["head_ref"] = rules.branch_of(query["head"], repository.owner.login)
    rows = store.pull_requests.where(**filters)[::-1]
    sort = _SORTS.get(query.get("sort", ""))
    if sort:
        rows.sort(key=partial(sort, store))
    if query.get("direction", "asc" if sort else "desc") == "desc":
        rows.reverse()
    return Reply(200, Listing(rows, partial(shown_in_list, call)))


def shown_in_list(call: Call, row: PullRequest) -> JSON:
    """Make the short JSON of a pull request."""
    return in_form(call, as_json.short(pull_states.view(call.store, call.repository, row, full=False), call.urls))


def _shown(call: Call, view: as_json.View) -> JSON:
    return in_form(call, as_json.full(view, call.urls))


@route("pulls/create", "POST /repos/{owner}/{repo}/pulls")
def create(call: Call) -> Reply:
    """Open a pull request. The response never says whether it can be merged."""
    app = performed_via(call.actor, call.app)
    row = add(call.store, call.repository, call.actor, app, **call.arguments_for(add))
    body = _shown(call, pull_states.view(call.store, call.repository, row))
    return Reply(201, body, location=body["url"])


@route(
    "pulls/get",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}",
    permission="pull_requests or contents",
    finds=find,
)
def get(call: Call) -> Reply:
    """Show a pull request, and whether it can be merged."""
    refuse_forms(call, "diff", "patch")
    view = pull_states.read(call.store, call.repository, call.found)
    return Reply(200, _shown(call, view), modified_at=view.row.updated_at)


@route("pulls/update", "PATCH /repos/{owner}/{repo}/pulls/{pull_number}", finds=find)
def update(call: Call) -> Reply:
    """Change the title, the text, the base or the state of a pull request."""
    row = change(call.store, call.repository, call.actor, call.found, **call.arguments_for(change))
    return Reply(200, _shown(call, pull_states.read(call.store, call.repository, row)))


@route("pulls/list-commits", "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits", finds=find)
def list_commits(call: Call) -> Reply:
    """List the commits of a pull request, oldest first."""
    commits = pull_states.commits_of(call.store.git(call.repository), call.found).right[::-1]

    def render(commit: Commit) -> JSON:
        return git_json.commit(commit, call.repository, call.urls)

    return Reply(200, Listing(commits[: rules.COMMIT_LIMIT], render))


@route("pulls/list-files", "GET /repos/{owner}/{repo}/pulls/{pull_number}/files", finds=find)
def list_files(call: Call) -> Reply:
    """List the files that a pull request changes, in alphabetical order."""
    graph, row = call.store.git(call.repository), call.found
    common = pull_states.commits_of(graph, row).merge_base
    before = common.sha if common else None
    changes = graph.changes(before, row.head_sha)[: rules.FILE_LIMIT]

    def render(change: Change) -> JSON:
        (entry,) = git_json.diff_entries([change], before, row.head_sha, graph, call.repository, call.urls)
        return entry

    return Reply(200, Listing(changes, render))
