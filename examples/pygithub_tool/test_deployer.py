"""What the deploy tool promises, tested against a stateful GitHub."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import deployer
import pytest
from github import Auth, Github

if TYPE_CHECKING:
    from github.Repository import Repository as Remote

    from pytest_ghdeploy import FakeGitHub, Repository

TOKEN = "a-token-for-tests"  # noqa: S105 - of nobody


@pytest.fixture
def repo(ghdeploy: FakeGitHub) -> Repository:
    """Give the repository as the fake holds it."""
    return ghdeploy.add_repository("octocat/example")


def client(token: str = TOKEN) -> Github:
    """Make a client that does not pause between requests, as PyGithub does by default."""
    return Github(auth=Auth.Token(token), per_page=100, seconds_between_requests=None, seconds_between_writes=None)


@pytest.fixture
def remote(repo: Repository) -> Remote:
    """Give the same repository as PyGithub sees it."""
    return client().get_repo(repo.full_name)


class Servers:
    """What the tool deploys to: remembers which commits arrived."""

    def __init__(self) -> None:
        """Start with none."""
        self.shas: list[str] = []

    def __call__(self, sha: str) -> None:
        """Roll *sha* out."""
        self.shas.append(sha)


@pytest.fixture
def servers() -> Servers:
    """Give servers on which nothing has arrived yet."""
    return Servers()


def posted(ghdeploy: FakeGitHub) -> list[int]:
    """List the answers to the attempts at a deployment."""
    return [
        asked.status for asked in ghdeploy.requests if asked.method == "POST" and asked.path.endswith("/deployments")
    ]


def test_a_deployment_is_rolled_out_and_reported(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """A ref that nothing stands in the way of is rolled out, between in_progress and success."""
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


def test_a_newer_deployment_retires_the_older_one(repo: Repository, remote: Remote, servers: Servers) -> None:
    """After a second success in staging, the first deployment there is inactive and that elsewhere is not."""
    for environment in ("qa", "staging", "staging"):
        deployer.deploy(remote, "main", environment, servers)

    assert [(found.environment, found.state) for found in repo.deployments] == [
        ("staging", "success"),
        ("staging", "inactive"),
        ("qa", "success"),
    ]


def test_a_failed_roll_out_is_reported(ghdeploy: FakeGitHub, repo: Repository, remote: Remote) -> None:
    """When the roll-out raises, the deployment ends as failure, with the beginning of the reason."""

    def roll_out(_: str) -> None:
        raise OSError("disk full " * 20)

    with pytest.raises(deployer.DeployError, match="has failed: disk full"):
        deployer.deploy(remote, "main", "staging", roll_out)

    failure = ghdeploy.assert_event("deployment_status", state="failure")
    assert len(failure.payload["deployment_status"]["description"]) == 140
    ghdeploy.assert_no_event("deployment_status", state="success")
    assert repo.deployments[0].state == "failure"


def test_ci_gates_a_deployment(ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers) -> None:
    """While a check is pending or failing nothing is deployed, and the error names what is in the way."""
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
    """With required contexts given, others may fail, and one that nobody has reported is pending."""
    repo.add_commit_status("main", state="failure", context="coverage")

    with pytest.raises(deployer.ChecksNotPassed, match=r"ci/tests is pending$"):
        deployer.deploy(remote, "main", "production", servers, required_contexts=["ci/tests"])

    repo.add_commit_status("main", state="success", context="ci/tests")
    deployer.deploy(remote, "main", "production", servers, required_contexts=["ci/tests"])
    assert len(servers.shas) == 1


def test_a_branch_that_is_behind_is_merged_and_asked_for_again(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """GitHub's 202 leaves a merge commit on the branch; the tool asks again and deploys that commit."""
    before = repo.add_branch("topic", behind=2)

    deployer.deploy(remote, "topic", "staging", servers)

    assert posted(ghdeploy) == [202, 201]
    assert servers.shas == [repo.sha("topic")] != [before]
    assert [event.name for event in ghdeploy.events] == ["push", "deployment", "deployment_status", "deployment_status"]


def test_a_merge_commit_must_pass_the_checks_too(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """What CI said of the branch before the merge does not count for the merge commit."""
    repo.add_branch("topic", behind=1)
    repo.add_commit_status("topic", state="success", context="ci/tests")

    with pytest.raises(deployer.ChecksNotPassed, match="ci/tests is pending"):
        deployer.deploy(remote, "topic", "staging", servers, required_contexts=["ci/tests"])

    assert posted(ghdeploy) == [202, 409]


def test_a_branch_that_is_always_behind_is_given_up(ghdeploy: FakeGitHub, remote: Remote, servers: Servers) -> None:
    """After three merges the tool stops asking."""
    merged = {"message": "Auto-merged main into topic on deployment."}
    ghdeploy.stub("POST", "/repos/octocat/example/deployments", status=202, json=merged)

    with pytest.raises(deployer.DeployError, match="again after 3 merges"):
        deployer.deploy(remote, "topic", "staging", servers)

    assert posted(ghdeploy) == [202, 202, 202]


def test_a_merge_conflict_is_reported(ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers) -> None:
    """A branch that the default branch does not merge into is left alone."""
    repo.add_branch("topic")
    repo.add_merge_conflict("topic")
    head = repo.sha("topic")

    with pytest.raises(deployer.MergeConflict, match="Conflict merging main into topic"):
        deployer.deploy(remote, "topic", "staging", servers)

    assert (posted(ghdeploy), repo.sha("topic"), list(ghdeploy.events)) == ([409], head, [])


def test_an_unknown_ref_is_reported(repo: Repository, remote: Remote, servers: Servers) -> None:
    """A ref that does not exist is an error of its own, and creates nothing."""
    with pytest.raises(deployer.RefNotFound, match="No ref found for: tpoic"):
        deployer.deploy(remote, "tpoic", "staging", servers)

    assert repo.deployments == []


def test_another_refusal_is_passed_on(remote: Remote, servers: Servers) -> None:
    """What the tool has no name for comes with GitHub's status and message."""
    with pytest.raises(deployer.DeployError, match="GitHub answers 422: Validation Failed"):
        deployer.deploy(remote, "main", "x" * 256, servers)


def test_rollback_goes_to_the_previous_success(
    ghdeploy: FakeGitHub, repo: Repository, remote: Remote, servers: Servers
) -> None:
    """The commit that was live before is deployed again, over failures and another environment's deployments."""
    good = repo.sha("main")
    deployer.deploy(remote, "main", "staging", servers)
    repo.add_deployment(ref=repo.add_commit("main"), environment="staging").add_status("failure")
    repo.add_deployment(ref=repo.add_commit("main"), environment="qa").add_status("success")
    bad = repo.add_commit("main", message="Break everything")
    deployer.deploy(remote, "main", "staging", servers)
    repo.add_commit_status(good, state="failure", context="nightly")

    back = deployer.rollback(remote, "staging", servers)

    assert servers.shas == [good, bad, good]
    event = ghdeploy.assert_event("deployment", task="rollback", sha=good, environment="staging")
    assert event.payload["deployment"]["payload"] == {"abandons": bad}
    assert [(found.sha, found.state) for found in repo.deployments if found.environment == "staging"] == [
        (good, "success"),
        (bad, "inactive"),
        (repo.deployments[3].sha, "failure"),
        (good, "inactive"),
    ]
    assert back.id == repo.deployments[0].id


def test_two_rollbacks_go_two_steps_back(repo: Repository, remote: Remote, servers: Servers) -> None:
    """The second rollback does not return to what the first has abandoned; the third has nowhere to go."""
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
    """The previous success is found behind more than a hundred failures."""
    good = repo.sha("main")
    deployer.deploy(remote, "main", "staging", servers)
    bad = repo.add_commit("main")
    for _ in range(110):
        repo.add_deployment(ref="main", environment="staging").add_status("failure")
    deployer.deploy(remote, "main", "staging", servers)

    deployer.rollback(remote, "staging", servers)

    assert servers.shas == [good, bad, good]
    listed = [asked for asked in ghdeploy.requests if asked.method == "GET" and asked.path.endswith("/deployments")]
    assert [asked.path for asked in listed] == [
        "/repos/octocat/example/deployments",
        f"/repositories/{repo.id}/deployments",
    ]


def test_clean_up_marks_inactive_then_deletes(ghdeploy: FakeGitHub, repo: Repository, remote: Remote) -> None:
    """All but the newest are made inactive where they are not, and then deleted, in that order."""
    first, second, third = (repo.add_deployment(ref="main") for _ in range(3))
    first.add_status("success")  # in production nothing retires it
    second.add_status("inactive")
    third.add_status("success")
    elsewhere = repo.add_deployment(ref="main", environment="staging")
    ghdeploy.events.clear()

    assert deployer.clean_up(remote, "production", keep=1) == [second.id, first.id]

    assert repo.deployments == [elsewhere, third]
    changes = [(asked.method, asked.path, asked.status) for asked in ghdeploy.requests if asked.method != "GET"]
    assert changes == [
        ("DELETE", f"/repos/octocat/example/deployments/{second.id}", 204),
        ("POST", f"/repos/octocat/example/deployments/{first.id}/statuses", 201),
        ("DELETE", f"/repos/octocat/example/deployments/{first.id}", 204),
    ]
    assert list(ghdeploy.events) == []  # GitHub tells nobody about inactive or deleted deployments


def test_clean_up_spares_what_is_live(repo: Repository, remote: Remote) -> None:
    """The live deployment stays, also when newer ones have failed."""
    live = repo.add_deployment(ref="main")
    live.add_status("success")
    failed = [repo.add_deployment(ref="main") for _ in range(3)]
    for deployment in failed:
        deployment.add_status("failure")

    deployer.clean_up(remote, "production", keep=1)

    assert repo.deployments == [failed[-1], live]


def test_clean_up_goes_through_all_pages(ghdeploy: FakeGitHub, repo: Repository, remote: Remote) -> None:
    """Of 120 deployments all but two go."""
    for _ in range(120):
        repo.add_deployment(ref="main", environment="staging").add_status("success")

    assert len(deployer.clean_up(remote, "staging", keep=2)) == 118

    assert [found.state for found in repo.deployments] == ["success", "inactive"]
    assert sum(asked.path == f"/repositories/{repo.id}/deployments" for asked in ghdeploy.requests) == 1


def test_the_command_line_deploys(ghdeploy: FakeGitHub, repo: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    """The command gets the sha as its last argument; the exit status is 0."""
    ship = [sys.executable, "-c", "import sys; print('shipping', sys.argv[1])"]

    status = deployer.main(["deploy", "octocat/example", "main", "--environment", "qa", "--", *ship], client())

    sha = repo.sha("main")
    told = capfd.readouterr().out.splitlines()
    assert (status, told) == (0, [f"shipping {sha}", f"deployed {sha[:7]} to qa as {repo.deployments[0].id}"])
    ghdeploy.assert_event("deployment_status", state="success", environment="qa")


def test_the_command_line_reports_a_failed_command(repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that exits with an error makes the deployment a failure and the exit status 1."""
    failing = [sys.executable, "-c", "raise SystemExit(3)"]

    assert deployer.main(["deploy", "octocat/example", "main", "--", *failing], client()) == 1

    assert "exit status 3" in capsys.readouterr().err
    assert repo.deployments[0].state == "failure"


def test_a_wrong_token_is_reported(ghdeploy: FakeGitHub, repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A token that GitHub does not know ends the command line with status 1 and GitHub's message."""
    ghdeploy.add_token(TOKEN)

    status = deployer.main(["clean-up", "octocat/example"], client("another-token"))

    assert (status, capsys.readouterr().err) == (1, "GitHub answers 401: Bad credentials\n")
    assert deployer.main(["clean-up", repo.full_name], client(TOKEN)) == 0


def test_a_reader_may_not_deploy(ghdeploy: FakeGitHub, repo: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the right to push GitHub answers 404, and nothing is deployed until the right is granted."""
    ghdeploy.add_token(TOKEN, user="hubot")
    command = ["deploy", "octocat/example", "main", "--", sys.executable, "-c", ""]

    assert deployer.main(command, client()) == 1
    assert "GitHub answers 404: Not Found" in capsys.readouterr().err

    repo.add_collaborator("hubot", "push")
    assert deployer.main(command, client()) == 0
    ghdeploy.assert_event("deployment", creator="hubot")
