"""Tests of the deploy tool, against a stateful fake GitHub."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import deployer
import pytest
from github import Auth, Github

if TYPE_CHECKING:
    from github.Repository import Repository as Remote

    from pytest_ghdeploy import FakeGitHub, Repository

TOKEN = "a-token-for-tests"  # noqa: S105 - not a real token
DEPLOYMENTS = "/repos/octocat/example/deployments"


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Return the repository in the fake."""
    return ghdeploy.add_repository("octocat/example")


def client(token: str = TOKEN) -> Github:
    """Create a client with large pages."""
    return Github(auth=Auth.Token(token), per_page=100)


@pytest.fixture
def remote(repo: Repository) -> Remote:
    """Return PyGithub's object for the same repository."""
    return client().get_repo(repo.full_name)


class Servers:
    """The servers that the tool deploys to. They keep the SHAs they got."""

    def __init__(self) -> None:
        """Start with no commits."""
        self.shas: list[str] = []

    def __call__(self, sha: str) -> None:
        """Roll *sha* out."""
        self.shas.append(sha)


@pytest.fixture
def servers() -> Servers:
    """Return servers without any commit."""
    return Servers()


def create_statuses(ghdeploy: FakeGitHub) -> list[int]:
    """List the HTTP statuses of all requests to create a deployment."""
    return [exchange.status for exchange in ghdeploy.requests.filter("POST", DEPLOYMENTS)]


def test_a_deployment_is_rolled_out_and_reported(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """If GitHub accepts the ref, it is rolled out, with status in_progress before and success after."""
    repo.add_branch("topic")
    repo.add_commit_status("topic", state="success", context="ci/tests")

    deployment = deployer.deploy(remote, "topic", "staging", servers)

    assert servers.shas == [repo.sha("topic")]
    ghdeploy.assert_event("deployment", ref="topic", environment="staging", creator="octocat")
    assert [event.payload["deployment_status"]["state"] for event in ghdeploy.events.named("deployment_status")] == [
        "in_progress",
        "success",
    ]
    assert (deployment.id, repo.deployments[0].state) == (repo.deployments[0].id, "success")


def test_a_newer_deployment_makes_the_older_one_inactive(repo: Repository, remote: Remote, servers: Servers) -> None:
    """After a second success in staging, the first one there is inactive. Another environment is not affected."""
    for environment in ("qa", "staging", "staging"):
        deployer.deploy(remote, "main", environment, servers)

    assert [(deployment.environment, deployment.state) for deployment in repo.deployments] == [
        ("staging", "success"),
        ("staging", "inactive"),
        ("qa", "success"),
    ]


def test_a_failed_roll_out_is_reported(ghdeploy: FakeGitHub, repo: Repository, remote: Remote) -> None:
    """If the roll-out raises, the state is failure, with the first 140 characters of the reason."""

    def roll_out(_: str) -> None:
        raise OSError("disk full " * 20)

    with pytest.raises(deployer.DeployError, match="failed: disk full"):
        deployer.deploy(remote, "main", "staging", roll_out)

    failure = ghdeploy.assert_event("deployment_status", state="failure")
    assert len(failure.payload["deployment_status"]["description"]) == 140
    ghdeploy.assert_no_event("deployment_status", state="success")
    assert repo.deployments[0].state == "failure"


def test_ci_gates_a_deployment(ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers) -> None:
    """While a check is pending or failing, nothing is deployed, and the error names these checks."""
    repo.add_commit_status("main", state="pending", context="ci/tests")
    repo.add_check_run("main", name="lint", conclusion="failure")
    repo.add_check_run("main", name="docs", conclusion="success")

    with pytest.raises(deployer.ChecksNotPassed, match="ci/tests is pending, lint is failure") as refused:
        deployer.deploy(remote, "main", "production", servers)

    assert refused.value.unmet == {"ci/tests": "pending", "lint": "failure"}
    assert (servers.shas, repo.deployments) == ([], [])
    ghdeploy.assert_no_event("deployment")

    repo.add_commit_status("main", state="success", context="ci/tests")
    repo.add_check_run("main", name="lint", conclusion="success")
    deployer.deploy(remote, "main", "production", servers)
    ghdeploy.assert_event("deployment", environment="production", production_environment=True)


def test_only_the_required_contexts_count(repo: Repository, remote: Remote, servers: Servers) -> None:
    """Contexts that are not required may fail. A required context without a report is pending."""
    repo.add_commit_status("main", state="failure", context="coverage")

    with pytest.raises(deployer.ChecksNotPassed, match=r"ci/tests is pending$"):
        deployer.deploy(remote, "main", "production", servers, required_contexts=["ci/tests"])

    repo.add_commit_status("main", state="success", context="ci/tests")
    deployer.deploy(remote, "main", "production", servers, required_contexts=["ci/tests"])
    assert len(servers.shas) == 1


def test_a_branch_that_is_behind_is_merged_first(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """GitHub's 202 leaves a merge commit on the branch. The tool repeats the request and deploys that commit."""
    before = repo.add_branch("topic", behind=2)

    deployer.deploy(remote, "topic", "staging", servers)

    assert create_statuses(ghdeploy) == [202, 201]
    assert servers.shas == [repo.sha("topic")] != [before]
    assert [event.name for event in ghdeploy.events] == ["push", "deployment", "deployment_status", "deployment_status"]


def test_a_merge_commit_must_pass_the_checks_too(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """Checks of the branch before the merge do not count for the merge commit."""
    repo.add_branch("topic", behind=1)
    repo.add_commit_status("topic", state="success", context="ci/tests")

    with pytest.raises(deployer.ChecksNotPassed, match="ci/tests is pending"):
        deployer.deploy(remote, "topic", "staging", servers, required_contexts=["ci/tests"])

    assert create_statuses(ghdeploy) == [202, 409]


def test_the_tool_gives_up_after_three_merges(ghdeploy: FakeGitHub, remote: Remote, servers: Servers) -> None:
    """A branch that is always behind is not deployed."""
    merged = {"message": "Auto-merged main into topic on deployment."}
    ghdeploy.stub("POST", DEPLOYMENTS, status=202, json=merged)

    with pytest.raises(deployer.DeployError, match="still behind the default branch after 3 merges"):
        deployer.deploy(remote, "topic", "staging", servers)

    assert create_statuses(ghdeploy) == [202, 202, 202]


def test_a_merge_conflict_is_reported(ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers) -> None:
    """A branch that conflicts with the default branch is not changed."""
    repo.add_branch("topic")
    repo.add_merge_conflict("topic")
    head = repo.sha("topic")

    with pytest.raises(deployer.MergeConflict, match="Conflict merging main into topic"):
        deployer.deploy(remote, "topic", "staging", servers)

    assert (create_statuses(ghdeploy), repo.sha("topic"), list(ghdeploy.events)) == ([409], head, [])


def test_an_unknown_ref_is_reported(repo: Repository, remote: Remote, servers: Servers) -> None:
    """An unknown ref has its own exception, and no deployment is created."""
    with pytest.raises(deployer.RefNotFound, match="No ref found for: tpoic"):
        deployer.deploy(remote, "tpoic", "staging", servers)

    assert repo.deployments == []


def test_other_refusals_are_passed_on(remote: Remote, servers: Servers) -> None:
    """A refusal without its own exception has GitHub's status and message."""
    with pytest.raises(deployer.DeployError, match="GitHub answered 422: Validation Failed"):
        deployer.deploy(remote, "main", "x" * 256, servers)


def test_rollback_goes_to_the_previous_success(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """The previously live commit is deployed again. Failures and other environments are skipped."""
    good = repo.sha("main")
    deployer.deploy(remote, "main", "staging", servers)
    repo.add_deployment(repo.add_commit("main"), environment="staging").add_status("failure")
    repo.add_deployment(repo.add_commit("main"), environment="qa").add_status("success")
    bad = repo.add_commit("main", message="Break everything")
    deployer.deploy(remote, "main", "staging", servers)
    repo.add_commit_status(good, state="failure", context="nightly")

    deployment = deployer.rollback(remote, "staging", servers)

    assert servers.shas == [good, bad, good]
    event = ghdeploy.assert_event("deployment", task="rollback", sha=good, environment="staging")
    assert event.payload["deployment"]["payload"] == {"abandons": bad}
    assert [(it.sha, it.state) for it in repo.deployments if it.environment == "staging"] == [
        (good, "success"),
        (bad, "inactive"),
        (repo.deployments[3].sha, "failure"),
        (good, "inactive"),
    ]
    assert deployment.id == repo.deployments[0].id


def test_two_rollbacks_go_two_steps_back(repo: Repository, remote: Remote, servers: Servers) -> None:
    """The second rollback skips the commit that the first one abandoned. A third one is an error."""
    first = repo.sha("main")
    deployer.deploy(remote, "main", "production", servers)
    second = repo.add_commit("main")
    deployer.deploy(remote, "main", "production", servers)
    third = repo.add_commit("main")
    deployer.deploy(remote, "main", "production", servers)

    deployer.rollback(remote, "production", servers)
    deployer.rollback(remote, "production", servers)
    with pytest.raises(deployer.NothingToRollBackTo):
        deployer.rollback(remote, "production", servers)

    assert servers.shas == [first, second, third, second, first]


def test_rollback_looks_beyond_the_first_page(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """The previous success is found after more than a hundred failures."""
    good = repo.sha("main")
    deployer.deploy(remote, "main", "staging", servers)
    bad = repo.add_commit("main")
    for _ in range(110):
        repo.add_deployment("main", environment="staging").add_status("failure")
    deployer.deploy(remote, "main", "staging", servers)

    deployer.rollback(remote, "staging", servers)

    assert servers.shas == [good, bad, good]
    assert [exchange.path for exchange in ghdeploy.requests.filter("GET", DEPLOYMENTS)] == [
        "/repos/octocat/example/deployments",
        f"/repositories/{repo.id}/deployments",
    ]


def test_clean_up_marks_inactive_then_deletes(ghdeploy: FakeGitHub, repo: Repository, remote: Remote) -> None:
    """All but the newest are deleted. Those that are not inactive are made inactive first."""
    first, second, third = (repo.add_deployment("main") for _ in range(3))
    first.add_status("success")  # production deployments stay active
    second.add_status("inactive")
    third.add_status("success")
    elsewhere = repo.add_deployment("main", environment="staging")
    ghdeploy.events.clear()

    assert deployer.clean_up(remote, "production", keep=1) == [second.id, first.id]

    assert repo.deployments == [elsewhere, third]
    changes = [
        (request.method, request.path, request.status) for request in ghdeploy.requests if request.method != "GET"
    ]
    assert changes == [
        ("DELETE", f"/repos/octocat/example/deployments/{second.id}", 204),
        ("POST", f"/repos/octocat/example/deployments/{first.id}/statuses", 201),
        ("DELETE", f"/repos/octocat/example/deployments/{first.id}", 204),
    ]
    assert list(ghdeploy.events) == []  # GitHub dispatches no events for these


def test_clean_up_keeps_the_live_deployment(repo: Repository, remote: Remote) -> None:
    """The live deployment is kept even if newer ones failed."""
    live = repo.add_deployment("main")
    live.add_status("success")
    failed = [repo.add_deployment("main") for _ in range(3)]
    for deployment in failed:
        deployment.add_status("failure")

    deployer.clean_up(remote, "production", keep=1)

    assert repo.deployments == [failed[-1], live]


def test_clean_up_goes_through_all_pages(ghdeploy: FakeGitHub, repo: Repository, remote: Remote) -> None:
    """Of 120 deployments, all but two are deleted."""
    for _ in range(120):
        repo.add_deployment("main", environment="staging").add_status("success")

    assert len(deployer.clean_up(remote, "staging", keep=2)) == 118

    assert [deployment.state for deployment in repo.deployments] == ["success", "inactive"]
    assert len(ghdeploy.requests.filter("GET", DEPLOYMENTS)) == 2


def test_the_command_line_deploys(ghdeploy: FakeGitHub, repo: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    """The command gets the SHA as its last argument, and the exit status is 0."""
    ship = [sys.executable, "-c", "import sys; print('shipping', sys.argv[1])"]

    status = deployer.main(["deploy", "octocat/example", "main", "--environment", "qa", "--", *ship], client())

    sha = repo.sha("main")
    lines = capfd.readouterr().out.splitlines()
    assert (status, lines) == (0, [f"shipping {sha}", f"deployed {sha[:7]} to qa as {repo.deployments[0].id}"])
    ghdeploy.assert_event("deployment_status", state="success", environment="qa")


def test_the_command_line_reports_a_failed_command(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """If the command fails, the state is failure and the exit status is 1."""
    failing = [sys.executable, "-c", "raise SystemExit(3)"]

    assert deployer.main(["deploy", "octocat/example", "main", "--", *failing], client()) == 1

    assert "exit status 3" in capsys.readouterr().err
    assert repo.deployments[0].state == "failure"


def test_a_wrong_token_is_reported(ghdeploy: FakeGitHub, repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown token prints GitHub's message, and the exit status is 1."""
    ghdeploy.add_token(TOKEN)

    status = deployer.main(["clean-up", "octocat/example"], client("another-token"))

    assert (status, capsys.readouterr().err) == (1, "GitHub answered 401: Bad credentials\n")
    assert deployer.main(["clean-up", repo.full_name], client(TOKEN)) == 0


def test_a_reader_may_not_deploy(ghdeploy: FakeGitHub, repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub answers 404 and nothing is deployed until the user may push."""
    ghdeploy.add_token(TOKEN, user="hubot")
    command = ["deploy", "octocat/example", "main", "--", sys.executable, "-c", ""]

    assert deployer.main(command, client()) == 1
    assert "GitHub answered 404: Not Found" in capsys.readouterr().err

    repo.add_collaborator("hubot", "push")
    assert deployer.main(command, client()) == 0
    ghdeploy.assert_event("deployment", creator="hubot")
