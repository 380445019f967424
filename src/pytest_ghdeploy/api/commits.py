"""
Commits and comparisons.

Source:
    https://docs.github.com/rest/commits/commits
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_ghdeploy.api import git
from pytest_ghdeploy.api.routing import Call, Listing, Reply, refuse_forms, route, time_or_none
from pytest_ghdeploy.github import refusals
from pytest_ghdeploy.github.rules import git as rules
from pytest_ghdeploy.serializers import git as as_json
from pytest_ghdeploy.serializers.accounts import email

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_ghdeploy.github.git import Commit, Graph
    from pytest_ghdeploy.github.urls import JSON

PERMISSION = "contents"

_FILES = 300
"""The most changed files that a comparison lists."""
_COMMITS = 250
"""The most commits that a comparison lists without ``page`` and ``per_page``."""


@route("repos/list-commits", "GET /repos/{owner}/{repo}/commits")
def list_commits(call: Call) -> Reply:
    """List the commits of a branch that match all filters, newest first."""
    graph, query = git.history(call.store, call.repository), call.query
    start = query.get("sha") or call.repository.default_branch
    since, until = time_or_none(query.get("since")), time_or_none(query.get("until"))
    commits = [
        commit
        for commit in graph.log(git.find_commit(call, start).sha)
        if all(role not in query or _is_by(commit, role, query[role]) for role in _ROLES)
        and (since is None or _date(commit) >= since)
        and (until is None or _date(commit) <= until)
        and ("path" not in query or _touches(graph, commit, query["path"].strip("/")))
    ]
    return Reply(200, Listing(commits, lambda commit: as_json.commit(commit, call.repository, call.urls)))


def _date(commit: Commit) -> datetime:
    return commit.committed_by.date if commit.committed_by else commit.committed_at


_ROLES = ("author", "committer")


def _is_by(commit: Commit, role: str, name: str) -> bool:
    signature = commit.written_by if role == "author" else commit.committed_by
    address = email(commit.author)
    names = {signature.email} if signature and signature.email != address else {address, commit.author.login}
    return name.lower() in {known.lower() for known in names}


def _touches(graph: Graph, commit: Commit, place: str) -> bool:
    """
    Return whether a commit changes the file or folder *place*, ``""`` for the root.

    A merge does so only if it differs from each of its parents, as in ``git log``.
    """
    below = f"{place}/"
    return all(
        any(path == place or path.startswith(below) or not place for path, _ in graph.changes(parent, commit.sha))
        for parent in commit.parents or [None]
    )


@route("repos/get-commit", "GET /repos/{owner}/{repo}/commits/{ref}")
def get_commit(call: Call) -> Reply:
    """Show a commit with its changes."""
    refuse_forms(call, "diff", "patch")
    graph, ref = git.history(call.store, call.repository), call.params["ref"]
    commit = git.find_commit(call, ref, partial(refusals.no_commit, ref))
    if call.terms.form == "sha":
        return Reply(200, commit.sha.encode())
    return Reply(200, as_json.full_commit(commit, graph, call.repository, call.urls))


@route(
    "repos/list-pull-requests-associated-with-commit",
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    permission="pull_requests or contents",
)
def list_pull_requests_associated_with_commit(call: Call) -> Reply:
    """List the merged pull request that brought a commit into the default branch, or else all that have it."""
    from pytest_ghdeploy.api import pull_states, pulls  # few tests need them

    git.history(call.store, call.repository)
    ref = call.params["commit_sha"]
    sha = git.find_commit(call, ref, partial(refusals.no_commit, ref)).sha
    rows = pull_states.with_commit(call.store, call.repository, sha)
    return Reply(200, Listing(rows, partial(pulls.shown_in_list, call)))


def _side(call: Call, text: str) -> Commit:
    *owner, ref = text.split(":")
    if owner and owner[0].lower() != call.repository.owner.login.lower():
        raise refusals.not_found(f"{text!r} is in another repository, and the fake does not implement forks")
    return git.find_commit(call, ref, kind="branch, tag or SHA ")


@route("repos/compare-commits-with-basehead", "GET /repos/{owner}/{repo}/compare/{basehead}")
def compare_commits_with_basehead(call: Call) -> Reply:
    """Compare two commits: list the commits, oldest first, and the changes since the merge base."""
    refuse_forms(call, "diff", "patch")
    graph, basehead = call.store.git(call.repository), call.params["basehead"]
    sides = basehead.split("...")
    if len(sides) != 2:  # noqa: PLR2004 - base and head
        raise refusals.not_found(f"the path of a comparison ends with BASE...HEAD; the request has {basehead!r}")
    base, head = (_side(call, text) for text in sides)
    common = graph.merge_base(base.sha, head.sha)
    if common is None:
        raise refusals.no_common_ancestor(*sides)
    ahead, behind = graph.missing(base.sha, head.sha)[::-1], graph.missing(head.sha, base.sha)
    changes = graph.changes(common.sha, head.sha)[:_FILES]
    paged = "page" in call.query or "per_page" in call.query
    around: JSON = {
        **as_json.comparison_urls(basehead, base, head, call.repository, call.urls),
        "base_commit": as_json.commit(base, call.repository, call.urls),
        "merge_base_commit": as_json.commit(common, call.repository, call.urls),
        "status": rules.comparison_status(ahead_by=len(ahead), behind_by=len(behind)),
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [],
        "files": as_json.diff_entries(changes, common.sha, head.sha, graph, call.repository, call.urls)
        if call.query.get("page", "1") == "1"
        else [],
    }

    def render(commit: Commit) -> JSON:
        return as_json.commit(commit, call.repository, call.urls)

    if paged:
        return Reply(200, Listing(ahead, render, "commits", around))
    return Reply(200, around | {"commits": [render(commit) for commit in ahead[:_COMMITS]]})
