"""What the deploy script promises, tested against a stateful GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import deploy
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub

pytestmark = pytest.mark.ghdeploy(repositories=["octocat/example"])

TOKEN = "a-token-for-tests"  # noqa: S105 - of nobody


@pytest.fixture
def github() -> deploy.GitHub:
    """Give the script's client."""
    return deploy.GitHub("octocat/example", TOKEN)


@pytest.fixture
def shipped() -> list[tuple[str, str]]:
    """Collect what was shipped, and where to."""
    return []


@pytest.fixture
def work(shipped: list[tuple[str, str]]) -> Callable[[str, str], None]:
    """Give the work that ships."""
    return lambda sha, environment: shipped.append((sha, environment))


def states(ghdeploy: FakeGitHub) -> list[str | None]:
    """List how the deployments stand, newest first."""
    return [deployment.state for deployment in ghdeploy.repository("octocat/example").deployments]


def test_shipping_reports_from_start_to_success(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """The commit is shipped once, and GitHub hears of the start and of the success."""
    deploy.ship(github, "main", "staging", work)

    assert shipped == [(ghdeploy.repository("octocat/example").sha("main"), "staging")]
    assert [event.name for event in ghdeploy.events] == ["deployment", "deployment_status", "deployment_status"]
    ghdeploy.assert_event("deployment", ref="main", environment="staging", production_environment=False)
    ghdeploy.assert_event("deployment_status", state="in_progress")
    ghdeploy.assert_event("deployment_status", state="success")


def test_a_later_success_retires_an_earlier_one(ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work) -> None:
    """Outside production the deployment that is replaced becomes inactive, without an event."""
    deploy.ship(github, "main", "staging", work)
    deploy.ship(github, "main", "staging", work)

    assert states(ghdeploy) == ["success", "inactive"]
    ghdeploy.assert_no_event("deployment_status", state="inactive")


def test_work_that_fails_is_an_error(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """The deployment ends as an error, and the reason comes through."""

    def work(_sha: str, _environment: str) -> None:
        raise OSError("no such server")

    with pytest.raises(OSError, match="no such server"):
        deploy.ship(github, "main", "staging", work)

    assert states(ghdeploy) == ["error"]


def test_ci_that_is_not_ready_is_shown_with_all_contexts(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """The refusal lists every context with its state; nothing is shipped."""
    repo = ghdeploy.repository("octocat/example")
    repo.add_commit_status("main", state="success", context="ci/lint")
    repo.add_commit_status("main", state="failure", context="ci/tests")
    repo.add_check_run("main", name="build", status="in_progress")

    with pytest.raises(deploy.Refused) as refused:
        deploy.ship(github, "main", "production", work)

    assert str(refused.value).splitlines() == [
        "409 Conflict: Commit status checks failed for main.",
        "  ok  ci/lint: success",
        "  --- ci/tests: failure",
        "  --- build: pending",
    ]
    assert (shipped, states(ghdeploy)) == ([], [])


def test_a_branch_that_is_behind_is_merged_first(
    ghdeploy: FakeGitHub,
    github: deploy.GitHub,
    work: deploy.Work,
    shipped: list[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After GitHub's 202 the script asks again and ships the merge commit."""
    repo = ghdeploy.repository("octocat/example")
    repo.add_branch("topic", behind=3)

    deploy.ship(github, "topic", "staging", work)

    assert capsys.readouterr().out == "Auto-merged main into topic on deployment.\n"
    assert [asked.status for asked in ghdeploy.requests[:2]] == [202, 201]
    assert shipped == [(repo.sha("topic"), "staging")]
    assert ghdeploy.assert_event("push", ref="refs/heads/topic").payload["after"] == repo.sha("topic")


def test_a_merge_conflict_is_shown(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """A conflict is GitHub's 409 without contexts; nothing is shipped, merged or dispatched."""
    repo = ghdeploy.repository("octocat/example")
    repo.add_branch("topic")
    repo.add_merge_conflict("topic")

    with pytest.raises(deploy.Refused, match=r"^409 Conflict merging main into topic\.$") as refused:
        deploy.ship(github, "topic", "staging", work)

    assert (refused.value.contexts, shipped, list(ghdeploy.events)) == ([], [], [])
    assert "both changed conflicts" in ghdeploy.requests[-1].hint


def test_going_back_ships_the_previous_success(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """The previous commit is shipped again, though it is behind main by now and CI has changed its mind."""
    repo = ghdeploy.repository("octocat/example")
    good = repo.sha("main")
    deploy.ship(github, "main", "production", work)
    repo.add_deployment(ref=repo.add_commit("main")).add_status("failure")
    bad = repo.add_commit("main")
    deploy.ship(github, "main", "production", work)
    repo.add_commit_status(good, state="error", context="nightly")

    deploy.back(github, "production", work)

    assert [sha for sha, _ in shipped] == [good, bad, good]
    ghdeploy.assert_event("deployment", sha=good, ref=good)


def test_going_back_finds_a_success_on_a_later_page(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """More than a hundred failures since then do not hide the previous success."""
    repo = ghdeploy.repository("octocat/example")
    good = repo.sha("main")
    deploy.ship(github, "main", "staging", work)
    repo.add_commit("main")
    for _ in range(105):
        repo.add_deployment(ref="main", environment="staging").add_status("error")
    deploy.ship(github, "main", "staging", work)

    deploy.back(github, "staging", work)

    assert shipped[-1] == (good, "staging")


def test_there_may_be_nothing_to_go_back_to(ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work) -> None:
    """One success is not enough."""
    deploy.ship(github, "main", "staging", work)

    with pytest.raises(RuntimeError, match="nothing to go back to in staging"):
        deploy.back(github, "staging", work)

    assert states(ghdeploy) == ["success"]


def test_sweeping_makes_inactive_then_deletes(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """An active deployment is made inactive before it is deleted; one that has failed is deleted at once."""
    repo = ghdeploy.repository("octocat/example")
    failed, active, newest = (repo.add_deployment(ref="main") for _ in range(3))
    failed.add_status("failure")
    active.add_status("success")
    newest.add_status("success")

    assert deploy.sweep(github, "production", keep=1) == 2

    assert repo.deployments == [newest]
    assert [(asked.method, asked.path.partition("deployments/")[2], asked.status) for asked in ghdeploy.requests] == [
        ("GET", "", 200),
        ("GET", f"{active.id}/statuses", 200),
        ("POST", f"{active.id}/statuses", 201),
        ("DELETE", f"{active.id}", 204),
        ("GET", f"{failed.id}/statuses", 200),
        ("DELETE", f"{failed.id}", 204),
    ]


def test_github_keeps_what_is_active(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """Without the detour the deletion is refused, which is why sweeping takes it."""
    repo = ghdeploy.repository("octocat/example")
    older, newer = repo.add_deployment(ref="main"), repo.add_deployment(ref="main")
    older.add_status("success")
    newer.add_status("success")

    with pytest.raises(deploy.Refused, match="422 We cannot delete an active deployment"):
        github.ask("DELETE", older.url)

    assert repo.deployments == [newer, older]


def test_sweeping_follows_the_links(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """Of 250 deployments on three pages the newest ten stay."""
    repo = ghdeploy.repository("octocat/example")
    for _ in range(250):
        repo.add_deployment(ref="main", environment="staging")
    newest = repo.deployments[:10]

    assert deploy.sweep(github, "staging", keep=10) == 240

    assert repo.deployments == newest
    lists = [asked.url.partition("?")[2] for asked in ghdeploy.requests if asked.path.endswith("/deployments")]
    assert lists == [
        "per_page=100&environment=staging",
        "per_page=100&environment=staging&page=2",
        "per_page=100&environment=staging&page=3",
    ]


@pytest.mark.usefixtures("ghdeploy")
def test_an_unknown_ref_is_shown(github: deploy.GitHub, work: deploy.Work) -> None:
    """GitHub's own words name the ref."""
    with pytest.raises(deploy.Refused, match=r"^422 No ref found for: v9$"):
        deploy.ship(github, "v9", "staging", work)


def test_a_wrong_token_is_shown(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line ends with status 1 and GitHub's message; the token is never recorded."""
    ghdeploy.add_token(TOKEN)
    monkeypatch.setenv("GITHUB_TOKEN", "a-stolen-token")

    assert deploy.main(["octocat/example", "sweep", "staging", "5"]) == 1

    assert capsys.readouterr().err == "401 Bad credentials\n"
    assert "a-stolen-token" not in str([asked.request_headers for asked in ghdeploy.requests])


def test_the_command_line_ships(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The command in SHIP sees the sha and the environment."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("SHIP", "echo shipping $SHA to $ENVIRONMENT")
    sha = ghdeploy.repository("octocat/example").sha("main")

    assert deploy.main(["octocat/example", "ship", "main", "staging"]) == 0

    assert capfd.readouterr().out == f"shipping {sha} to staging\n"
    assert states(ghdeploy) == ["success"]


def test_the_command_line_speaks_to_github_enterprise_server(
    ghdeploy_factory: Callable[..., FakeGitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With GITHUB_API_URL the same script works on another host."""
    enterprise = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    enterprise.add_repository("octocat/example")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_API_URL", "https://ghe.example.com/api/v3")
    monkeypatch.setenv("SHIP", "exit 0")

    assert deploy.main(["octocat/example", "ship", "main", "production"]) == 0

    event = enterprise.assert_event("deployment_status", state="success")
    assert event.payload["deployment"]["url"].startswith("https://ghe.example.com/api/v3/repos/octocat/example/")


def test_the_command_line_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments that make no sense end with status 2 and the usage."""
    assert deploy.main(["octocat/example", "fly"]) == 2

    assert "deploy.py octocat/example ship main staging" in capsys.readouterr().err
