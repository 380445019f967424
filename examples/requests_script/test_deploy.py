"""Tests of the deploy script, against a stateful fake GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import deploy
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub

pytestmark = pytest.mark.ghdeploy(repositories=["octocat/example"])

TOKEN = "a-token-for-tests"  # noqa: S105 - not a real token


@pytest.fixture
def github() -> deploy.GitHub:
    """Return the script's client."""
    return deploy.GitHub("octocat/example", TOKEN)


@pytest.fixture
def shipped() -> list[tuple[str, str]]:
    """Return a list for shipped commits and their environments."""
    return []


@pytest.fixture
def work(shipped: list[tuple[str, str]]) -> Callable[[str, str], None]:
    """Return a deploy function that appends to `shipped`."""
    return lambda sha, environment: shipped.append((sha, environment))


def states(ghdeploy: FakeGitHub) -> list[str | None]:
    """List the states of all deployments, newest first."""
    return [deployment.state for deployment in ghdeploy.repository("octocat/example").deployments]


def test_shipping_reports_from_start_to_success(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """The commit is shipped once, and GitHub gets the statuses in_progress and success."""
    deploy.ship(github, "main", "staging", work)

    assert shipped == [(ghdeploy.repository("octocat/example").sha("main"), "staging")]
    assert [event.name for event in ghdeploy.events] == ["deployment", "deployment_status", "deployment_status"]
    ghdeploy.assert_event("deployment", ref="main", environment="staging", production_environment=False)
    ghdeploy.assert_event("deployment_status", state="in_progress")
    ghdeploy.assert_event("deployment_status", state="success")


def test_a_later_success_makes_an_earlier_one_inactive(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work
) -> None:
    """Outside production, the replaced deployment becomes inactive, without an event."""
    deploy.ship(github, "main", "staging", work)
    deploy.ship(github, "main", "staging", work)

    assert states(ghdeploy) == ["success", "inactive"]
    ghdeploy.assert_no_event("deployment_status", state="inactive")


def test_a_failed_command_is_an_error(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """The deployment's state is error, and the exception is passed on."""

    def work(_sha: str, _environment: str) -> None:
        raise OSError("no such server")

    with pytest.raises(OSError, match="no such server"):
        deploy.ship(github, "main", "staging", work)

    assert states(ghdeploy) == ["error"]


def test_unfinished_checks_are_listed_with_all_contexts(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """The message lists every context with its state, and nothing is shipped."""
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
    """After GitHub's 202, the script repeats the request and ships the merge commit."""
    repo = ghdeploy.repository("octocat/example")
    repo.add_branch("topic", behind=3)

    deploy.ship(github, "topic", "staging", work)

    assert capsys.readouterr().out == "Auto-merged main into topic on deployment.\n"
    assert [exchange.status for exchange in ghdeploy.requests[:2]] == [202, 201]
    assert shipped == [(repo.sha("topic"), "staging")]
    assert ghdeploy.assert_event("push", ref="refs/heads/topic").payload["after"] == repo.sha("topic")


def test_a_merge_conflict_is_shown(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """A conflict is a 409 without contexts, and nothing is shipped, merged or dispatched."""
    repo = ghdeploy.repository("octocat/example")
    repo.add_branch("topic")
    repo.add_merge_conflict("topic")

    with pytest.raises(deploy.Refused, match=r"^409 Conflict merging main into topic\.$") as refused:
        deploy.ship(github, "topic", "staging", work)

    assert (refused.value.contexts, shipped, list(ghdeploy.events)) == ([], [], [])
    assert "both changed" in ghdeploy.requests[-1].hint


def test_going_back_ships_the_previous_success(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """The previous commit is shipped again, even if it is behind main and a check has failed since."""
    repo = ghdeploy.repository("octocat/example")
    good = repo.sha("main")
    deploy.ship(github, "main", "production", work)
    repo.add_deployment(repo.add_commit("main")).add_status("failure")
    bad = repo.add_commit("main")
    deploy.ship(github, "main", "production", work)
    repo.add_commit_status(good, state="error", context="nightly")

    deploy.back(github, "production", work)

    assert [sha for sha, _ in shipped] == [good, bad, good]
    ghdeploy.assert_event("deployment", sha=good, ref=good)


def test_going_back_finds_a_success_on_a_later_page(
    ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work, shipped: list[tuple[str, str]]
) -> None:
    """The previous success is found after more than a hundred failures."""
    repo = ghdeploy.repository("octocat/example")
    good = repo.sha("main")
    deploy.ship(github, "main", "staging", work)
    repo.add_commit("main")
    for _ in range(105):
        repo.add_deployment("main", environment="staging").add_status("error")
    deploy.ship(github, "main", "staging", work)

    deploy.back(github, "staging", work)

    assert shipped[-1] == (good, "staging")


def test_there_may_be_nothing_to_go_back_to(ghdeploy: FakeGitHub, github: deploy.GitHub, work: deploy.Work) -> None:
    """With a single successful deployment, going back is an error."""
    deploy.ship(github, "main", "staging", work)

    with pytest.raises(RuntimeError, match="nothing to go back to in staging"):
        deploy.back(github, "staging", work)

    assert states(ghdeploy) == ["success"]


def test_sweeping_makes_inactive_then_deletes(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """An active deployment is made inactive before it is deleted. A failed one is deleted directly."""
    repo = ghdeploy.repository("octocat/example")
    failed, active, newest = (repo.add_deployment("main") for _ in range(3))
    failed.add_status("failure")
    active.add_status("success")
    newest.add_status("success")

    assert deploy.sweep(github, "production", keep=1) == 2

    assert repo.deployments == [newest]
    assert [(it.method, it.path.partition("deployments/")[2], it.status) for it in ghdeploy.requests] == [
        ("GET", "", 200),
        ("GET", f"{active.id}/statuses", 200),
        ("POST", f"{active.id}/statuses", 201),
        ("DELETE", f"{active.id}", 204),
        ("GET", f"{failed.id}/statuses", 200),
        ("DELETE", f"{failed.id}", 204),
    ]


def test_github_refuses_to_delete_an_active_deployment(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """Sweeping makes deployments inactive first for this reason."""
    repo = ghdeploy.repository("octocat/example")
    older, newer = repo.add_deployment("main"), repo.add_deployment("main")
    older.add_status("success")
    newer.add_status("success")

    with pytest.raises(deploy.Refused, match="422 We cannot delete an active deployment"):
        github.send("DELETE", older.url)

    assert repo.deployments == [newer, older]


def test_sweeping_follows_the_links(ghdeploy: FakeGitHub, github: deploy.GitHub) -> None:
    """Of 250 deployments on three pages, the newest ten are kept."""
    repo = ghdeploy.repository("octocat/example")
    for _ in range(250):
        repo.add_deployment("main", environment="staging")
    newest = repo.deployments[:10]

    assert deploy.sweep(github, "staging", keep=10) == 240

    assert repo.deployments == newest
    queries = [it.url.partition("?")[2] for it in ghdeploy.requests if it.path.endswith("/deployments")]
    assert queries == [
        "per_page=100&environment=staging",
        "per_page=100&environment=staging&page=2",
        "per_page=100&environment=staging&page=3",
    ]


def test_an_unknown_ref_is_shown(github: deploy.GitHub, work: deploy.Work) -> None:
    """GitHub's message names the ref."""
    with pytest.raises(deploy.Refused, match=r"^422 No ref found for: v9$"):
        deploy.ship(github, "v9", "staging", work)


def test_a_wrong_token_is_shown(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1 and GitHub's message is printed. The token is not recorded."""
    ghdeploy.add_token(TOKEN)
    monkeypatch.setenv("GITHUB_TOKEN", "a-stolen-token")

    assert deploy.main(["octocat/example", "sweep", "staging", "5"]) == 1

    assert capsys.readouterr().err == "401 Bad credentials\n"
    assert "a-stolen-token" not in str([exchange.request_headers for exchange in ghdeploy.requests])


def test_the_command_line_ships(
    ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The command in SHIP gets the SHA and the environment."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("SHIP", "echo shipping $SHA to $ENVIRONMENT")
    sha = ghdeploy.repository("octocat/example").sha("main")

    assert deploy.main(["octocat/example", "ship", "main", "staging"]) == 0

    assert capfd.readouterr().out == f"shipping {sha} to staging\n"
    assert states(ghdeploy) == ["success"]


def test_the_command_line_works_with_github_enterprise_server(
    ghdeploy_factory: Callable[..., FakeGitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GITHUB_API_URL points the script at another host."""
    enterprise = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
    enterprise.add_repository("octocat/example")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_API_URL", "https://ghe.example.com/api/v3")
    monkeypatch.setenv("SHIP", "exit 0")

    assert deploy.main(["octocat/example", "ship", "main", "production"]) == 0

    event = enterprise.assert_event("deployment_status", state="success")
    assert event.payload["deployment"]["url"].startswith("https://ghe.example.com/api/v3/repos/octocat/example/")


def test_invalid_arguments_print_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 2."""
    assert deploy.main(["octocat/example", "fly"]) == 2

    assert "deploy.py octocat/example ship main staging" in capsys.readouterr().err
