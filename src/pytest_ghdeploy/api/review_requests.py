"""
Requests for reviews of pull requests.

Source:
    https://docs.github.com/rest/pulls/review-requests, and https://docs.github.com/rest/reference/pulls
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import pull_states, pulls
from pytest_ghdeploy.api.routing import Call, Reply, route
from pytest_ghdeploy.github import refusals_reviews as refusals
from pytest_ghdeploy.serializers import environments as team_json
from pytest_ghdeploy.serializers.accounts import user as user_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_ghdeploy.github.model import Repository, Team, User
    from pytest_ghdeploy.github.pull_requests import PullRequest
    from pytest_ghdeploy.store.store import Store

T = TypeVar("T")

PERMISSION = "pull_requests"

_REVIEWERS = "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers"


def request(
    store: Store,
    repository: Repository,
    of: PullRequest,
    actor: User,
    *,
    reviewers: Sequence[str] = (),
    team_reviewers: Sequence[str] = (),
) -> PullRequest:
    """
    Request reviews, and dispatch ``pull_request`` for each new request.

    Args:
        reviewers: The logins of users who may be asked: see ``can_review``.

        team_reviewers: The slugs of teams of the repository's owner.

    Returns:
        The updated pull request.

    Raises:
        Unprocessable:
            A user or team does not exist or may not be asked, or a user opened
            the pull request. Nothing has changed.

    Source:
        https://docs.github.com/rest/pulls/review-requests#request-reviewers-for-a-pull-request
    """
    users = [_user(store, repository, of, login) for login in reviewers]
    teams = [_team(store, repository, slug) for slug in team_reviewers]
    for user in _new(users, of.requested_reviewers):
        of = _replace(store, of._replace(requested_reviewers=(*of.requested_reviewers, user)))
        reviewer = user_json(user, store.urls)
        pull_states.record(store, repository, actor, "review_requested", of, requested_reviewer=reviewer)
    for team in _new(teams, of.requested_teams):
        of = _replace(store, of._replace(requested_teams=(*of.requested_teams, team)))
        asked = team_json.team(team, store.urls)
        pull_states.record(store, repository, actor, "review_requested", of, requested_team=asked)
    return of


def withdraw(
    store: Store,
    repository: Repository,
    of: PullRequest,
    actor: User,
    *,
    reviewers: Sequence[str],
    team_reviewers: Sequence[str] = (),
) -> PullRequest:
    """
    Remove requests for reviews, and dispatch ``pull_request`` for each. Users and teams without a request are ignored.

    Args:
        reviewers: The logins of users.

        team_reviewers: The slugs of teams.

    Returns:
        The updated pull request.

    Source:
        https://docs.github.com/rest/pulls/review-requests#remove-requested-reviewers-from-a-pull-request
    """
    logins, slugs = _folded(reviewers), _folded(team_reviewers)
    for user in of.requested_reviewers:
        if user.login.lower() in logins:
            left = tuple(other for other in of.requested_reviewers if other != user)
            of = _replace(store, of._replace(requested_reviewers=left))
            reviewer = user_json(user, store.urls)
            pull_states.record(store, repository, actor, "review_request_removed", of, requested_reviewer=reviewer)
    for team in of.requested_teams:
        if team.slug in slugs:
            remaining = tuple(other for other in of.requested_teams if other != team)
            of = _replace(store, of._replace(requested_teams=remaining))
            asked = team_json.team(team, store.urls)
            pull_states.record(store, repository, actor, "review_request_removed", of, requested_team=asked)
    return of


def _folded(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}


def _new(asked: Sequence[T], before: Sequence[T]) -> list[T]:
    return [each for each in dict.fromkeys(asked) if each not in before]


def _replace(store: Store, row: PullRequest) -> PullRequest:
    return store.pull_requests.replace(row._replace(updated_at=store.clock.now))


def can_review(store: Store, repository: Repository, user: User) -> bool:
    """
    Return whether reviews may be requested from *user*: the owner, a collaborator, or a member of the organization.

    As long as any token is accepted, they may be requested from every user.
    """
    is_known = user == repository.owner or store.granted(repository, user) is not None
    return user.type == "User" and (not store.tokens or is_known or store.is_member(repository.owner, user))


def _user(store: Store, repository: Repository, of: PullRequest, login: str) -> User:
    user = store.user(login)
    if user == of.user:
        raise refusals.author_reviews(f"{user.login} opened pull request #{of.number}")
    if user is None or not can_review(store, repository, user):
        who = f"no account has the login {login!r}" if user is None else f"{login} has no access to the repository"
        raise refusals.not_a_collaborator(repository.full_name, f"{who}: add it with add_user and add_collaborator")
    return user


def _team(store: Store, repository: Repository, slug: str) -> Team:
    teams = store.teams.where(organization=repository.owner)
    for team in teams:
        if team.slug == slug.lower():
            return team
    known = errors.known_values(slug, (team.slug for team in teams))
    hint = f"{repository.owner.login} has no team {slug!r}; {known}"
    raise refusals.not_a_collaborator(repository.full_name, hint)


@route("pulls/list-requested-reviewers", f"GET {_REVIEWERS}", finds=pulls.find)
def list_requested_reviewers(call: Call) -> Reply:
    """List the users and teams from which reviews are requested."""
    row = call.found
    return Reply(
        200,
        {
            "users": [user_json(user, call.urls) for user in row.requested_reviewers],
            "teams": [team_json.team(team, call.urls) for team in row.requested_teams],
        },
    )


@route("pulls/request-reviewers", f"POST {_REVIEWERS}", needs="triage", finds=pulls.find)
def request_reviewers(call: Call) -> Reply:
    """Request reviews of users and teams."""
    row = request(call.store, call.repository, call.found, call.actor, **call.arguments_for(request))
    body = pulls.shown_in_list(call, row)
    return Reply(201, body, location=body["url"])


@route("pulls/remove-requested-reviewers", f"DELETE {_REVIEWERS}", needs="triage", finds=pulls.find)
def remove_requested_reviewers(call: Call) -> Reply:
    """Remove requests for reviews."""
    row = withdraw(call.store, call.repository, call.found, call.actor, **call.arguments_for(withdraw))
    return Reply(200, pulls.shown_in_list(call, row))
