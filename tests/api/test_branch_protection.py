"""Protected branches over HTTP, and from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy import FakeError

if TYPE_CHECKING:
    import requests

    from pytest_ghdeploy import FakeGitHub, Repository

PATH = "/repos/octocat/example"
URL = "https://api.github.com/repos/octocat/example/branches"
OFF: dict[str, Any] = {"enforcement_level": "off", "contexts": [], "checks": []}
CI: dict[str, Any] = {
    "enforcement_level": "non_admins",
    "contexts": ["ci"],
    "checks": [{"context": "ci", "app_id": None}],
}


def test_a_protected_branch_shows_its_required_contexts(http: requests.Session, repo: Repository) -> None:
    """The list shows the protection of protected branches only, a single branch always."""
    repo.add_branch("release/1")
    repo.protect_branch("release/*", required_contexts=["ci"])

    main, release = http.get(f"{PATH}/branches").json()
    assert (main["name"], main["protected"], set(main)) == ("main", False, {"name", "commit", "protected"})
    assert (release["name"], release["protected"]) == ("release/1", True)
    assert release["protection"] == {"enabled": True, "required_status_checks": CI}
    assert release["protection_url"] == f"{URL}/release/1/protection"

    shown = http.get(f"{PATH}/branches/release/1").json()
    assert {member: shown[member] for member in ("protected", "protection", "protection_url")} == {
        member: release[member] for member in ("protected", "protection", "protection_url")
    }
    main = http.get(f"{PATH}/branches/main").json()
    assert (main["protected"], main["protection"]) == (False, {"enabled": False, "required_status_checks": OFF})


def test_branches_are_filtered_by_their_protection(http: requests.Session, repo: Repository) -> None:
    """`protected=true` lists protected branches, `protected=false` the others."""
    repo.add_branch("topic")
    repo.protect_branch("main")

    listed = {
        query: [branch["name"] for branch in http.get(f"{PATH}/branches{query}").json()]
        for query in ("", "?protected=true", "?protected=false")
    }

    assert listed == {"": ["main", "topic"], "?protected=true": ["main"], "?protected=false": ["topic"]}
    assert [(branch.name, branch.protected) for branch in repo.branches] == [("main", True), ("topic", False)]
    assert http.get(f"{PATH}/branches/main").json()["protection"] == {"enabled": True, "required_status_checks": OFF}


def test_a_commit_status_says_which_branches_are_protected(repo: Repository, ghdeploy: FakeGitHub) -> None:
    """The event lists the branches that have the commit."""
    repo.add_branch("topic")
    repo.protect_branch("main")

    repo.add_commit_status("main", state="success")

    branches = ghdeploy.events[0].payload["branches"]
    assert [(branch["name"], branch["protected"]) for branch in branches] == [("main", True), ("topic", False)]


def test_protecting_a_pattern_again_replaces_its_requirements(http: requests.Session, repo: Repository) -> None:
    """The rule keeps its rank among the other patterns."""
    repo.protect_branch("m*", required_contexts=["old"])
    repo.protect_branch("*n")

    repo.protect_branch("m*", required_contexts=["ci"])

    assert http.get(f"{PATH}/branches/main").json()["protection"]["required_status_checks"] == CI


def test_protection_ends_with_the_repository(http: requests.Session, repo: Repository, ghdeploy: FakeGitHub) -> None:
    """It belongs to one repository, and a new one with the same name has none."""
    repo.protect_branch("*")
    assert [branch.protected for branch in ghdeploy.add_repository("octocat/other").branches] == [False]

    assert http.delete(PATH).status_code == 204

    assert [branch.protected for branch in ghdeploy.add_repository("octocat/example").branches] == [False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pattern": ""}, "pattern must be a non-empty string, got None"),
        ({"pattern": 7}, "pattern must be a non-empty string, got 7"),
        ({"required_contexts": "ci"}, "required_contexts must be a list of contexts, got 'ci'"),
        ({"required_contexts": [""]}, "a context must be a non-empty string, got None"),
        ({"required_approvals": 7}, "required_approvals must be a whole number, 0 to 6; got 7"),
        ({"required_approvals": -1}, "required_approvals must be a whole number, 0 to 6; got -1"),
        ({"required_approvals": True}, "required_approvals must be a whole number, 0 to 6; got True"),
    ],
)
def test_an_invalid_protection_is_refused(repo: Repository, arguments: dict[str, Any], message: str) -> None:
    """The error says what is allowed, and the branch stays unprotected."""
    with pytest.raises(FakeError) as refused:
        repo.protect_branch(**{"pattern": "main"} | arguments)

    assert str(refused.value) == message
    assert not repo.branches[0].protected


def test_a_team_has_members(ghdeploy: FakeGitHub) -> None:
    """Each is listed once. An account that does not exist is created."""
    hubot = ghdeploy.add_user("hubot")

    team = ghdeploy.add_team("acme", "Release", members=["hubot", "mona", "Hubot"])

    assert [member.login for member in team.members] == ["hubot", "mona"]
    assert team.members[0] == hubot


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("mona", "members must be a list of logins, got 'mona'"),
        (["mona", "acme"], "acme has the type Organization; only users can be members of a team"),
        (["gate[bot]"], "gate[bot] has the type Bot; only users can be members of a team"),
    ],
)
def test_only_users_are_members_of_a_team(ghdeploy: FakeGitHub, members: Any, message: str) -> None:  # noqa: ANN401 - invalid types too
    """A refused team creates no account."""
    ghdeploy.add_user("acme", type="Organization")

    with pytest.raises(FakeError) as refused:
        ghdeploy.add_team("acme", "Release", members=members)

    assert str(refused.value) == message
    assert ghdeploy.add_user("mona").login == "mona"
