"""Environments, teams and apps in the Python interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_ghdeploy import Environment, FakeError, FakeGitHub
from pytest_ghdeploy.store.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_ghdeploy import Repository

API = "https://api.github.com/repos/octocat/example/environments"
HEADERS = {"Authorization": "token any"}
PROTECTED = {"protected_branches": True, "custom_branch_policies": False}
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}


@pytest.fixture
def gh() -> Iterator[FakeGitHub]:
    """Return an active fake, without the plugin."""
    with FakeGitHub() as fake:
        yield fake


@pytest.fixture
def repo(gh: FakeGitHub) -> Repository:
    """Give a repository."""
    return gh.add_repository("octocat/example")


def get(url: str) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of a GET response."""
    answer = requests.get(url, headers=HEADERS, timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.json()


def snapshot(fake: FakeGitHub) -> object:
    """Copy all state that a mistake must not change."""
    store = fake._engine.store
    tables = {name: value for name, value in vars(store).items() if isinstance(value, Table)}
    return {name: (table.next_id, list(table)) for name, table in tables.items()}, list(fake.events)


def test_an_environment_spells_its_attributes_like_the_json_fields(gh: FakeGitHub, repo: Repository) -> None:
    """Each field of GitHub's object is an attribute with the same value; times are datetimes."""
    mona = gh.add_user("mona")
    environment = repo.add_environment(
        "eu/production",
        wait_timer=30,
        prevent_self_review=True,
        reviewers=["octocat", mona],
        deployment_branch_policy=CUSTOM,
        can_admins_bypass=False,
    )
    answer = get(f"{API}/eu%2Fproduction")
    assert environment.created_at == environment.updated_at == gh.clock.now
    fields = [name for name in answer if name not in ("created_at", "updated_at")]
    assert [getattr(environment, name) for name in fields] == [answer[name] for name in fields]
    reviewers = environment.protection_rules[1]["reviewers"]
    assert [one["reviewer"]["login"] for one in reviewers] == ["octocat", "mona"]
    assert not gh.events


def test_environments_are_listed_newest_first(repo: Repository) -> None:
    """The list contains environments added by tests and by deployments, as the endpoint lists them."""
    assert repo.environments == []
    added = repo.add_environment("staging")
    repo.add_deployment(ref="main").add_status("success", environment="qa")
    assert [environment.name for environment in repo.environments] == ["qa", "production", "staging"]
    assert repo.environments[-1] == added
    assert [found["name"] for found in get(API)["environments"]] == ["qa", "production", "staging"]


def test_a_handle_reads_the_current_state(repo: Repository) -> None:
    """It shows a change over HTTP, and raises after the environment was deleted."""
    environment = repo.add_environment("staging")
    requests.put(f"{API}/staging", json={"wait_timer": 5}, headers=HEADERS, timeout=5)
    assert environment.protection_rules[0]["wait_timer"] == 5
    requests.delete(f"{API}/staging", headers=HEADERS, timeout=5)
    with pytest.raises(FakeError, match=f"^environment {environment.id} no longer exists: it was deleted, or the fake"):
        _ = environment.name
    with pytest.raises(FakeError, match="no longer exists"):
        environment.add_deployment_branch_policy("main")


def test_branch_policies_are_added_and_listed(repo: Repository) -> None:
    """Python lists them oldest first, the endpoint newest first. Adding one again returns the existing one."""
    environment = repo.add_environment("production", deployment_branch_policy=CUSTOM)
    main = environment.add_deployment_branch_policy("main")
    tags = environment.add_deployment_branch_policy("v*", type="tag")
    assert environment.add_deployment_branch_policy("main") == main
    assert environment.deployment_branch_policies == [main, tags]
    listed = get(f"{API}/production/deployment-branch-policies")["branch_policies"]
    assert [(one["id"], one["name"], one["type"]) for one in listed] == [
        (tags.id, "v*", "tag"),
        (main.id, "main", "branch"),
    ]


def test_an_added_app_can_protect_an_environment(gh: FakeGitHub, repo: Repository) -> None:
    """Its rule can be enabled from Python and over HTTP, and both list it."""
    first, second = gh.add_app("change-window"), gh.add_app("audit", owner="acme")
    environment = repo.add_environment("production")
    rule = environment.enable_protection_rule(first)
    url = f"{API}/production/deployment_protection_rules"
    requests.post(url, json={"integration_id": second.id}, headers=HEADERS, timeout=5)
    rules = environment.custom_deployment_protection_rules
    assert rules[0] == rule
    assert [found.app.slug for found in rules if found.app] == ["change-window", "audit"]
    assert [found["id"] for found in get(url)["custom_deployment_protection_rules"]] == [found.id for found in rules]
    assert second.owner.login == "acme"


def test_a_team_reviews_for_its_organization(gh: FakeGitHub) -> None:
    """Adding a team creates its organization; a repository of it accepts the team as a reviewer."""
    team = gh.add_team("acme", "Release Managers")
    assert (team.slug, team.name, team.organization.login) == ("release-managers", "Release Managers", "acme")
    assert team.organization.type == "Organization"
    environment = gh.add_repository("acme/app").add_environment("production", reviewers=[team])
    assert environment.protection_rules[0]["reviewers"][0]["reviewer"]["slug"] == "release-managers"
    assert gh.add_team("other-org", "Release Managers").id != team.id


def test_an_unknown_attribute_of_an_environment_is_refused(repo: Repository) -> None:
    """The error lists the known attributes, closest first."""
    environment = repo.add_environment("production")
    with pytest.raises(AttributeError) as caught:
        _ = getattr(environment, "protection_rule")  # noqa: B009 - mypy knows better
    assert str(caught.value).startswith("an environment has no attribute 'protection_rule'; known: protection_rules")


def test_each_fake_has_environments_of_its_own(gh: FakeGitHub, repo: Repository) -> None:
    """Two fakes share nothing, and reset removes environments too."""
    environment = repo.add_environment("production")
    other = FakeGitHub().add_repository("octocat/example")
    assert other.environments == []
    gh.reset()
    with pytest.raises(FakeError, match="no longer exists"):
        _ = environment.name
    assert gh.add_repository("octocat/example").environments == []


def test_an_environment_of_an_enterprise_server_has_its_urls() -> None:
    """Both URLs start with the root of the API."""
    with FakeGitHub("https://ghe.example.com/api/v3") as fake:
        environment = fake.add_repository("octocat/example").add_environment("eu/qa 1")
        assert environment.url == "https://ghe.example.com/api/v3/repos/octocat/example/environments/eu/qa 1"
        assert environment.html_url == (
            "https://ghe.example.com/octocat/example/deployments/activity_log?environments_filter=eu%2Fqa%201"
        )
        answer = requests.get(f"{fake.base_url}/repos/octocat/example/environments/eu%2Fqa%201", timeout=5)
        assert answer.json()["url"] == environment.url


def test_a_billing_plan_may_have_no_protection_rules(gh: FakeGitHub) -> None:
    """With `environments_protected=False`, only environments without protection rules can be added."""
    repo = gh.add_repository("octocat/free", private=True, environments_protected=False)
    assert repo.add_environment("staging").protection_rules == []
    before = snapshot(gh)
    with pytest.raises(FakeError) as caught:
        repo.add_environment("production", wait_timer=5)
    assert str(caught.value) == (
        "GitHub would respond 422 'Fail to create protected rule, please ensure billing plan include protected branch "
        "gate.': the repository was added with environments_protected=False, so its environments can have no wait_timer"
    )
    assert snapshot(gh) == before


LONG = "x" * 256
REFUSES = "GitHub would respond 422"
NO_REVIEWER = (
    "Failed to create or update the environment protection rule. "
    "Required reviewers must have at least one reviewer to set prevent_self_review."
)

MISTAKES: list[tuple[Callable[[FakeGitHub, Repository, Environment], object], str]] = [
    (lambda _gh, r, _e: r.add_environment("production"), "octocat/example already has an environment 'production'"),
    (lambda _gh, r, _e: r.add_environment("Production"), "octocat/example already has an environment 'production'"),
    (
        lambda _gh, r, _e: r.add_environment(""),
        f'{REFUSES} "Name can\'t be blank": the name of an environment is empty',
    ),
    (
        lambda _gh, r, _e: r.add_environment(LONG),
        f"{REFUSES} 'Name is too long (maximum is 255 characters)': the name has 256 characters; the limit is 255",
    ),
    (
        lambda _gh, r, _e: r.add_environment("\ud800"),
        r"name must be a string, got '\ud800'",
    ),
    (
        lambda _gh, r, _e: r.add_deployment(ref="main", environment="\ud800"),
        (
            "environment cannot be written as JSON: "
            "'utf-8' codec can't encode character '\\ud800' in position 32: surrogates not allowed"
        ),
    ),
    (lambda _gh, r, _e: r.add_environment(7), "name must be a string, got 7"),  # type: ignore[arg-type]
    (
        lambda _gh, r, _e: r.add_environment("qa", wait_timer=-1),
        (f"{REFUSES} 'Wait timer must be between 0 and 43200': wait_timer is -1; it must be from 0 to 43,200 minutes"),
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", wait_timer="5"),  # type: ignore[arg-type]
        (
            f"{REFUSES} 'Invalid request.\\n\\nFor \\'properties/wait_timer\\', \"5\" is not an integer.': "
            "invalid in the body: wait_timer"
        ),
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", reviewers=["mona"]),
        "unknown user 'mona': add it with add_user; known: octocat, github",
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", reviewers="octocat"),
        "reviewers must be a list of logins, users and teams, got 'octocat'",
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", reviewers=[7]),  # type: ignore[list-item]
        "a reviewer must be a login, a user or a team, got 7",
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", reviewers=["octocat"] * 7),
        f"{REFUSES} 'Reviewers can have at most 6 entries': 7 reviewers are listed; the limit is 6",
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", prevent_self_review=True),
        (
            f"{REFUSES} '{NO_REVIEWER}': prevent_self_review is true, and there are no reviewers; add one, "
            "or leave prevent_self_review out"
        ),
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", reviewers=["github"]),
        (
            f"{REFUSES} 'Reviewers is invalid': no User 9919 can review deployments of octocat/example; "
            "known: octocat (1583231)"
        ),
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", deployment_branch_policy={"protected_branches": True}),
        (
            f"{REFUSES} 'Invalid request.\\n\\n\"custom_branch_policies\" wasn\\'t supplied.': "
            "invalid in the body: custom_branch_policies"
        ),
    ),
    (
        lambda _gh, r, _e: r.add_environment("qa", deployment_branch_policy=CUSTOM | {"x": {1}}),  # type: ignore[arg-type]
        "deployment_branch_policy cannot be written as JSON: Object of type set is not JSON serializable",
    ),
    (
        lambda _gh, _r, e: e.add_deployment_branch_policy("main"),
        (
            "GitHub would respond 404 'Not Found': "
            "environment 'production' cannot have deployment branch policies: "
            "custom_branch_policies is not true in its deployment_branch_policy"
        ),
    ),
    (
        lambda _gh, _r, e: e.add_deployment_branch_policy("main", type="commit"),  # type: ignore[arg-type]
        "unknown deployment branch policy type 'commit'; known: branch, tag",
    ),
    (
        lambda gh, _r, e: e.enable_protection_rule(gh._engine.store.actions_app),
        (
            "GitHub would respond 404 'Not Found': integration_id is 15368: "
            "the app github-actions offers no custom deployment protection rule; known: none"
        ),
    ),
    (lambda gh, _r, _e: gh.add_app("github-actions"), "app github-actions already exists"),
    (
        lambda gh, _r, _e: gh.add_app("My App"),
        "the slug of an app may contain only lower-case letters, digits and \"-\" between them; got 'My App'",
    ),
    (
        lambda gh, _r, _e: gh.add_app("gate", owner="mona lisa"),
        'invalid login \'mona lisa\': use letters, digits and "-"; the login of a bot ends in "[bot]"',
    ),
    (
        lambda gh, _r, _e: gh.add_team("octocat", "Release"),
        'octocat is a User; a team must belong to an account with type="Organization"',
    ),
    (
        lambda gh, _r, _e: gh.add_team("mona lisa", "Release"),
        'invalid login \'mona lisa\': use letters, digits and "-"; the login of a bot ends in "[bot]"',
    ),
    (lambda gh, _r, _e: gh.add_team("github", "!"), "the name of a team must contain a letter or a digit, got '!'"),
]


@pytest.mark.parametrize(("call", "expected"), MISTAKES)
def test_a_mistake_is_refused_and_changes_nothing(
    gh: FakeGitHub,
    repo: Repository,
    call: Callable[[FakeGitHub, Repository, Environment], object],
    expected: str,
) -> None:
    """Each mistake raises `FakeError` at once, with exactly this message, and changes no state."""
    environment = repo.add_environment("production")
    assert gh._engine.store.actions_app  # with it comes the account github
    before = snapshot(gh)
    with pytest.raises(FakeError) as caught:
        call(gh, repo, environment)
    assert str(caught.value) == expected
    assert snapshot(gh) == before


def test_a_team_and_an_app_are_added_once(gh: FakeGitHub) -> None:
    """A second one with the same slug is refused, whatever the spelling of its name."""
    gh.add_team("acme", "Release Managers")
    gh.add_app("gate")
    before = snapshot(gh)
    with pytest.raises(FakeError, match=r"^acme already has a team release-managers$"):
        gh.add_team("acme", "release  managers")
    with pytest.raises(FakeError, match=r"^app gate already exists$"):
        gh.add_app("gate")
    assert snapshot(gh) == before


def test_a_team_and_an_app_may_be_given_by_name(ghdeploy: FakeGitHub) -> None:
    """`organization/slug` and a slug, in any case, work like the results of `add_team` and `add_app`."""
    team, app = ghdeploy.add_team("octo-org", "Release Team"), ghdeploy.add_app("gate")
    repository = ghdeploy.add_repository("octo-org/app")

    environment = repository.add_environment("qa", reviewers=["Octo-Org/release-team"])
    rule = environment.enable_protection_rule("gate")

    assert environment.protection_rules[0]["reviewers"][0]["reviewer"]["id"] == team.id
    assert rule.app == app
    with pytest.raises(FakeError, match=r"^unknown team 'octo-org/relase'; known: octo-org/release-team$"):
        repository.add_environment("next", reviewers=["octo-org/relase"])
    with pytest.raises(FakeError, match=r"^unknown app 'gat'; known: gate$"):
        environment.enable_protection_rule("gat")
