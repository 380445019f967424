"""
Lists of repositories: the caller's own, and an organization's.

Source:
    https://docs.github.com/rest/repos/repos
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api.app_installations import acting_installation
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import authorization, refusals
from pytest_ghdeploy.github.rules import repository_lists as rules
from pytest_ghdeploy.serializers import repositories as as_json

if TYPE_CHECKING:
    from pytest_ghdeploy.github.model import Repository, User
    from pytest_ghdeploy.github.urls import JSON

PERMISSION = "metadata"


def _affiliation(call: Call, repository: Repository) -> rules.Affiliation | None:
    if call.viewer is None:
        return None
    viewer = call.viewer
    teams = call.store.teams.where(organization=repository.owner)
    return rules.affiliation(
        repository,
        viewer,
        call.store.granted(repository, viewer),
        is_member=any(viewer in team.members for team in teams),
        has_all_rights=not call.store.tokens,
    )


def _sees(call: Call, repository: Repository) -> bool:
    token = call.token
    right = call.store.permission(repository, call.viewer)
    installation = acting_installation(call.store, token, repository)
    selected = token is None or authorization.covers(token, installation, repository)
    return authorization.sees(token, right=right, private=repository.private, selected=selected)


def _to_json(call: Call, row: Repository) -> JSON:
    permission = call.store.permission(row, call.viewer) if call.viewer else None
    return as_json.listed_repository(row, call.urls, permission)


@route("repos/list-for-authenticated-user", "GET /user/repos", anonymous=False)
def list_for_authenticated_user(call: Call) -> Reply:
    """List the repositories that the caller owns or collaborates on, in alphabetical order by default."""
    rules.check_filters(call.query)
    rows = [
        row
        for row in call.store.repositories
        if (affiliated := _affiliation(call, row))
        and _sees(call, row)
        and rules.is_in_own_list(row, affiliated, call.query)
    ]
    ordered = rules.ordered(rows, call.query, "full_name")
    return Reply(200, Listing(ordered, lambda row: _own_to_json(call, row), path="/user/repos"))


def _own_to_json(call: Call, row: Repository) -> JSON:
    # GitHub describes custom properties for an organization's list only.
    return {name: value for name, value in _to_json(call, row).items() if name != "custom_properties"}


def find_organization(call: Call) -> User:
    """
    Look up the organization in the path, by its login or, as in the links to other pages, by its id.

    Raises:
        NotFound: No organization has this login or id.
    """
    asked = call.params.get("org") or call.params["organization_id"]
    row = call.store.user(asked) if isinstance(asked, str) else call.store.users.get(asked)
    if row is None or row.type != "Organization":
        known = errors.known_values(asked, (user.login for user in call.store.users if user.type == "Organization"))
        raise refusals.not_found(f"unknown organization {asked!r}; {known}")
    return row


@route(
    "repos/list-for-org",
    "GET /orgs/{org}/repos",
    "GET /organizations/{organization_id}/repos",
    finds=find_organization,
)
def list_for_org(call: Call) -> Reply:
    """List an organization's repositories that the caller may see, newest first by default."""
    kind = call.query.get("type", "")
    rows = [
        row
        for row in call.store.repositories.where(owner=call.found)
        if _sees(call, row) and rules.is_in_organizations_list(row, _affiliation(call, row), kind)
    ]
    ordered = rules.ordered(rows, call.query, "created")
    # As recorded, links have the organization's id.
    path = f"/organizations/{call.found.id}/repos"
    return Reply(200, Listing(ordered, lambda row: _to_json(call, row), path=path))
