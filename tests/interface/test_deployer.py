"""Scripted third parties: when they post deployment statuses, on which deployments, and as which account."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from client import API
from freezegun import freeze_time
from github import Auth, Github

from pytest_ghdeploy import FakeError, FakeGitHub, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import Deployer, Deployment, Repository
    from pytest_ghdeploy.github.model import DeploymentState

HEADERS = {"Authorization": "token a-token-for-tests"}


def ask(url: str) -> Any:  # noqa: ANN401 - JSON
    """Send a GET."""
    answer = requests.get(url if url.startswith("http") else f"{API}{url}", headers=HEADERS, timeout=5)
    answer.raise_for_status()
    return answer.json()


def deploy(**more: object) -> dict[str, Any]:
    """Create a deployment over HTTP."""
    url = f"{API}/repos/octocat/example/deployments"
    answer = requests.post(url, json={"ref": "main", **more}, headers=HEADERS, timeout=5)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


def seen(deployment: dict[str, Any]) -> str:
    """Poll once; return the state, or "-" without a deployment status."""
    statuses = ask(deployment["statuses_url"])
    return str(statuses[0]["state"]) if statuses else "-"


def delete(deployment: Deployment) -> None:
    """Delete a deployment over HTTP."""
    url = f"{API}/repos/octocat/example/deployments/{deployment.id}"
    assert requests.delete(url, headers=HEADERS, timeout=5).status_code == 204


def states(deployer: Deployer) -> list[str]:
    """List the posted states."""
    return [status.state for status in deployer.posted]


# When


@pytest.mark.parametrize(
    ("steps", "polls"),
    [
        (["queued", "in_progress", "success"], "queued in_progress success success"),
        (["success"], "success success"),
        (["queued"], "queued queued queued"),
        (["queued", Step("success", after_polls=0)], "success success"),
        (["queued", Step("success", after_polls=1)], "queued success"),
        (["queued", Step("success", after_polls=2)], "queued queued success"),
        ([Step("success", after_polls=0)], "success success"),
        ([Step("success", after_polls=1)], "- success"),
        ([Step("queued", after_polls=2), "success"], "- - queued success"),
        (
            [Step("queued", after_polls=1), Step("in_progress", after_polls=2), Step("failure", after_polls=3)],
            "- queued queued in_progress in_progress in_progress failure failure",
        ),
        (["in_progress", Step("success", after_seconds=0)], "success success"),
        (["in_progress", Step("success", after_seconds=1)], "in_progress in_progress in_progress"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("repo")
def test_each_step_comes_after_a_number_of_polls(ghdeploy: FakeGitHub, steps: list[Any], polls: str) -> None:
    """The first step comes at once, each other one after one poll or its own number; ``-`` is no status."""
    ghdeploy.deployer(steps=steps)
    deployment = deploy()
    assert " ".join(seen(deployment) for _ in polls.split()) == polls


@pytest.mark.usefixtures("repo")
def test_a_pace_may_be_set_for_all_steps_but_the_first(ghdeploy: FakeGitHub) -> None:
    """A step with its own number ignores it."""
    ghdeploy.deployer(steps=["queued", "pending", Step("in_progress", after_polls=1), "success"], after_polls=2)
    deployment = deploy()
    states = "queued queued pending in_progress in_progress success"
    assert " ".join(seen(deployment) for _ in range(6)) == states


@pytest.mark.usefixtures("repo")
def test_polls_and_seconds_may_follow_each_other(ghdeploy: FakeGitHub) -> None:
    """Seconds count from the previous step; polls before that do not count for the next step."""
    ghdeploy.deployer(steps=["queued", Step("in_progress", after_seconds=5), Step("success", after_polls=2)])
    deployment = deploy()
    assert [seen(deployment) for _ in range(3)] == ["queued"] * 3
    ghdeploy.clock.tick(5)
    assert [seen(deployment) for _ in range(3)] == ["in_progress", "in_progress", "success"]


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("", 1),
        ("/statuses", 1),
        ("/statuses?per_page=1", 1),
        ("/statuses?page=1", 1),
        ("/statuses/{status}", 1),
        ("/statuses?page=2", 0),
        ("/statuses/1", 0),  # 404
        ("/../../deployments", 0),
        ("/../../environments", 0),
    ],
)
def test_a_poll_is_an_answered_get_of_the_deployment(
    ghdeploy: FakeGitHub, repo: Repository, path: str, counts: int
) -> None:
    """A list of deployments, a further page and a refused request do not count."""
    deployer = ghdeploy.deployer(steps=["queued", "success"])
    deployment = repo.add_deployment(ref="main")
    url = f"{deployment.url}{path.format(status=deployment.statuses[0].id)}"
    url = url.replace(f"/deployments/{deployment.id}/../..", "")
    requests.get(url, headers=HEADERS, timeout=5)
    assert states(deployer) == ["queued", "success"][: 1 + counts]


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
def test_other_methods_do_not_count_as_polls(ghdeploy: FakeGitHub, repo: Repository, method: str) -> None:
    """Only GET counts."""
    deployer = ghdeploy.deployer(steps=["queued", "success"])
    repo.add_deployment(ref="main")
    deployment = repo.add_deployment(ref="main")
    requests.request(method, deployment.statuses_url, headers=HEADERS, json={"state": "pending"}, timeout=5)
    assert states(deployer) == ["queued", "queued"]


def test_a_path_with_the_repositorys_id_and_a_304_count_as_polls(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A client with a cache gets 304, and the third party continues."""
    deployer = ghdeploy.deployer(steps=["queued", Step("in_progress", after_polls=2), "success"])
    url = f"{API}/repositories/{repo.id}/deployments/{repo.add_deployment(ref='main').id}/statuses"
    tag = requests.get(url, headers=HEADERS, timeout=5).headers["ETag"]
    again = requests.get(url, headers={**HEADERS, "If-None-Match": tag}, timeout=5)
    assert (again.status_code, states(deployer)) == (304, ["queued", "in_progress"])


def test_reading_from_python_does_not_count_as_a_poll(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The assertions of a test must not change the state that they check."""
    ghdeploy.deployer()
    deployment = repo.add_deployment(ref="main")
    assert [deployment.state for _ in range(3)] == ["queued"] * 3


def test_the_response_to_the_creation_has_no_status_yet(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The third party acts after the client has its response, at the time of its clock."""
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    deployer = ghdeploy.deployer()
    deployment = deploy()
    assert deployment["updated_at"] == "2026-03-10T12:00:00Z"
    assert [event.name for event in ghdeploy.events] == ["deployment", "deployment_status"]
    assert (states(deployer), repo.deployments) == (["queued"], deployer.deployments)


@pytest.mark.usefixtures("repo")
def test_a_tool_whose_sleep_moves_the_clock_sees_each_state(ghdeploy: FakeGitHub) -> None:
    """Seconds are those of the fake's clock, and each deployment status has the time at which it was due."""
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    deployer = ghdeploy.deployer(after_seconds=10)
    deployment, states_seen = deploy(), []
    while "success" not in states_seen:
        states_seen.append(seen(deployment))
        ghdeploy.clock.tick(4)
    assert states_seen == ["queued"] * 3 + ["in_progress"] * 2 + ["success"]
    assert [f"{status.created_at:%M:%S}" for status in deployer.posted] == ["00:00", "00:10", "00:20"]


def test_one_move_of_the_clock_may_hold_several_steps(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Each step has its own time, needs no request, and comes in the order of time across deployments."""
    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, tzinfo=UTC))
    ghdeploy.deployer("qa", after_seconds=3, log_url="https://ci.example.com/qa")
    ghdeploy.deployer("staging", after_seconds=2.5)
    qa = repo.add_deployment(ref="main", environment="qa")
    staging = repo.add_deployment(ref="main", environment="staging")
    ghdeploy.events.clear()

    ghdeploy.clock.move_to(datetime(2026, 3, 10, 12, 1, tzinfo=UTC))

    assert (qa.state, staging.state, ghdeploy.clock.now.minute) == ("success", "success", 1)
    reported = [event.payload["deployment_status"] for event in ghdeploy.events]
    assert [(one["environment"], one["state"], one["created_at"][-3:]) for one in reported] == [
        ("qa", "in_progress", "03Z"),
        ("staging", "in_progress", "03Z"),
        ("qa", "success", "06Z"),
        ("staging", "success", "06Z"),
    ]


def test_fractions_add_up_and_going_back_does_nothing(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Ten half seconds are five seconds; setting the clock back makes the wait longer."""
    deployer = ghdeploy.deployer(steps=["queued", Step("success", after_seconds=5)])
    repo.add_deployment(ref="main")
    ghdeploy.clock.move_to(ghdeploy.clock.now - timedelta(seconds=10))
    for _ in range(29):
        ghdeploy.clock.tick(0.5)
    assert states(deployer) == ["queued"]
    ghdeploy.clock.tick(0.5)
    assert states(deployer) == ["queued", "success"]


def test_under_frozen_time_the_clock_is_moved_along() -> None:
    """The fake's clock starts at the frozen time, and a tool's sleep moves it."""
    with freeze_time("2026-03-10T12:00:00Z") as frozen, FakeGitHub() as gh:
        gh.add_repository("octocat/example")
        deployer = gh.deployer(after_seconds=30)
        deployment = deploy()
        while seen(deployment) != "success":
            frozen.tick(timedelta(seconds=15))
            gh.clock.move_to(datetime.now(UTC))
        assert datetime.now(UTC).minute == 1
        assert [str(one.created_at.time()) for one in deployer.posted] == ["12:00:00", "12:00:30", "12:01:00"]


# What


def test_it_reports_as_the_endpoint_does(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Fields, events and the retirement of earlier deployments are those of POST …/statuses."""
    earlier = repo.add_deployment(ref="main", environment="qa")
    earlier.add_status("success")
    ghdeploy.deployer(
        "qa",
        steps=["queued", Step("success", after_polls=0, description="Done", environment_url="https://qa.example.com")],
        log_url="https://ci.example.com/1",
        description="Working",
    )
    first, last = reversed(ask(deploy(environment="qa")["statuses_url"]))
    assert (first["log_url"], first["target_url"], first["description"]) == ("https://ci.example.com/1",) * 2 + (
        "Working",
    )
    assert (last["description"], last["environment_url"]) == ("Done", "https://qa.example.com")
    assert (last["log_url"], first["environment_url"]) == ("https://ci.example.com/1", "")
    assert (last["creator"]["login"], last["creator"]["type"]) == ("deployer[bot]", "Bot")
    assert (last["performed_via_github_app"], earlier.state) == (None, "inactive")
    event = ghdeploy.assert_event("deployment_status", state="success", creator="deployer[bot]", description="Done")
    assert event.payload["sender"]["login"] == "deployer[bot]"


def test_auto_inactive_is_the_steps_choice(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A step can leave earlier deployments unchanged."""
    ghdeploy.deployer("qa", steps=[Step("success", auto_inactive=False)])
    deployments = [repo.add_deployment(ref="main", environment="qa") for _ in range(2)]
    assert [deployment.state for deployment in deployments] == ["success", "success"]


def test_it_acts_as_its_login(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The creator is the account of the login: a user, or a bot, even if the bot's app exists."""
    ghdeploy.add_token("of-the-app", user="ship-it[bot]", permissions={"deployments": "write"})
    ghdeploy.deployer(login="ship-it[bot]")
    ghdeploy.deployer("qa", login="mona")
    production = repo.add_deployment(ref="main").statuses[0]
    assert (production.creator.login, production.performed_via_github_app) == ("ship-it[bot]", None)
    in_qa = repo.add_deployment(ref="main", environment="qa").statuses[0]
    assert (in_qa.creator.login, in_qa.creator.type, in_qa.performed_via_github_app) == ("mona", "User", None)


@pytest.mark.parametrize(
    ("fails_with", "expected"),
    [
        ("failure", ("failure", "https://ci.example.com/1", "")),
        ("error", ("error", "https://ci.example.com/1", "")),
        (Step("error", description="Out of disk", log_url="https://x.example.com"),
         ("error", "https://x.example.com", "Out of disk")),
    ],
)  # fmt: skip
def test_it_fails_when_the_test_says_so(
    ghdeploy: FakeGitHub, repo: Repository, fails_with: DeploymentState | Step, expected: tuple[str, str, str]
) -> None:
    """The last step is replaced when it is due, for the deployments that the function selects."""
    repo.add_branch("broken")
    ghdeploy.deployer(
        log_url="https://ci.example.com/1", fails_on=lambda one: one.ref == "broken", fails_with=fails_with
    )
    good, bad = deploy(), deploy(ref="broken")
    assert [seen(good) for _ in range(3)] == ["queued", "in_progress", "success"]
    assert [seen(bad) for _ in range(2)] == ["queued", "in_progress"]
    last = ask(bad["statuses_url"])[0]
    assert (last["state"], last["log_url"], last["description"]) == expected


def test_it_may_fail_now_and_succeed_later(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The function is called once for each deployment, and may keep state."""
    asked: list[Deployment] = []

    def first_time(deployment: Deployment) -> bool:
        asked.append(deployment)
        return len(asked) == 1

    ghdeploy.deployer(steps=["success"], fails_on=first_time)
    deployments = [repo.add_deployment(ref="main") for _ in range(2)]
    assert [deployment.state for deployment in deployments] == ["failure", "success"]
    assert asked == deployments


def test_an_error_in_the_tests_own_function_fails_the_test(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """The client still gets its response, nothing is posted, and the error is raised at the end."""

    def wrong(deployment: Deployment) -> bool:
        raise KeyError(deployment.ref)

    deployer = ghdeploy.deployer(steps=["success"], fails_on=wrong)
    assert seen(deploy()) == "-"
    assert (deployer.posted, repo.deployments[0].state) == ([], None)
    problem = ghdeploy._engine.take_problem()
    assert (type(problem), problem.args if problem else ()) == (KeyError, ("main",))
    assert "KeyError: 'main'" in ghdeploy.conversation.text()


@pytest.mark.parametrize("threaded", [False, True])
def test_fails_on_may_use_the_fake(ghdeploy: FakeGitHub, repo: Repository, *, threaded: bool) -> None:
    """In its own thread or another one, because no lock is held. The client gets its response after the last step."""
    found: list[Any] = []

    def asks(deployment: Deployment) -> bool:
        def look() -> None:
            found.append(ask(f"/repos/octocat/example/deployments/{deployment.id}")["id"])

        if threaded:
            thread = threading.Thread(target=look, daemon=True)
            thread.start()
            thread.join(5)
        else:
            look()
        return bool(found)

    deployer = ghdeploy.deployer(steps=["queued", "success"], fails_on=asks)
    made = deploy()
    assert [seen(made) for _ in range(2)] == ["queued", "failure"]
    assert found == [made["id"]]
    assert states(deployer) == ["queued", "failure"]
    ghdeploy.deployer("qa", steps=["success"], fails_on=asks)
    assert repo.add_deployment(ref="main", environment="qa").state == "failure"


def test_fails_on_may_change_the_state(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A deployment that it deletes gets no deployment status, and neither does a fake that it resets."""
    deployer = ghdeploy.deployer(steps=["success"], fails_on=delete)
    repo.add_deployment(ref="main")
    assert (deployer.posted, repo.deployments) == ([], [])
    last: list[Deployment] = []

    def resets(deployment: Deployment) -> None:
        last.append(deployment)
        ghdeploy.reset()

    ghdeploy.deployer("qa", steps=["success"], fails_on=resets)
    repo.add_deployment(ref="main", environment="qa")
    assert len(last) == 1
    assert list(ghdeploy.events) == []
    assert ghdeploy.add_repository("octocat/example").deployments == []
    assert ghdeploy._engine.take_problem() is None


def test_fails_on_is_not_called_after_a_reset(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It is not called for a deleted deployment either."""
    asked: list[Deployment] = []
    ghdeploy.deployer(steps=["success"], fails_on=asked.append)
    with ghdeploy._engine.lock:
        delete(repo.add_deployment(ref="main"))
    with ghdeploy._engine.lock:
        repo.add_deployment(ref="main")
        ghdeploy.reset()
    assert asked == []


def test_a_failure_in_the_tests_own_function_does_not_come_out_of_the_tool(ghdeploy: FakeGitHub) -> None:
    """`pytest.fail` raises a BaseException; it still fails the test only at its end."""
    ghdeploy.add_repository("octocat/example")
    deployer = ghdeploy.deployer(steps=["success"], fails_on=lambda _: pytest.fail("not this one"))
    assert seen(deploy()) == "-"
    assert deployer.posted == []
    assert "!  Failed: not this one" in ghdeploy.conversation.text()
    with pytest.raises(pytest.fail.Exception, match="not this one"):
        ghdeploy._engine.raise_problem()


def test_such_a_failure_fails_the_test_at_its_end(pytester: pytest.Pytester) -> None:
    """The tool gets its response, and the rest of the test runs."""
    pytester.makepyfile(
        """
        import pytest, requests

        def test_it(ghdeploy):
            ghdeploy.add_repository("octocat/example")
            ghdeploy.deployer(steps=["success"], fails_on=lambda deployment: pytest.fail("not this one"))
            answer = requests.post("https://api.github.com/repos/octocat/example/deployments", json={"ref": "main"},
                                   headers={"Authorization": "token a-token-for-tests"}, timeout=5)
            print("answered", answer.status_code)
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Failed: not this one", "answered 201"])


def test_an_interrupt_in_the_tests_own_function_interrupts(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Ctrl-C ends the test at once, and the fake can still be used."""

    def interrupted(_: Deployment) -> None:
        raise KeyboardInterrupt

    ghdeploy.deployer(steps=["success"], fails_on=interrupted)
    with pytest.raises(KeyboardInterrupt):
        deploy()
    assert repo.deployments[0].state is None
    assert ghdeploy._engine.take_problem() is None


@pytest.mark.parametrize("error", ["truncated", "timeout", "reset"])
def test_a_lost_response_does_not_count_as_a_poll(ghdeploy: FakeGitHub, repo: Repository, error: Any) -> None:  # noqa: ANN401 - of the parameters
    """A client without a response, or with half of one, has not seen the state."""
    ghdeploy.deployer()
    deployment = deploy()
    ghdeploy.faults.add(method="GET", error=error)
    with pytest.raises(requests.RequestException):
        ask(deployment["statuses_url"])
    assert repo.deployments[0].state == "queued"
    assert [seen(deployment) for _ in range(2)] == ["queued", "in_progress"]


# Which


def test_each_has_its_environment(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Case is ignored in the names of environments; None means all of them; each acts as its own account."""
    ghdeploy.deployer("QA", steps=["queued"], login="qa[bot]")
    ghdeploy.deployer("staging", steps=["pending"], login="staging[bot]")
    ghdeploy.deployer(None, steps=["in_progress"], login="watcher[bot]")
    deployments = {name: repo.add_deployment(ref="main", environment=name) for name in ("qa", "staging", "other")}
    reported = {
        name: [(one.creator.login, one.state) for one in row.statuses[::-1]] for name, row in deployments.items()
    }
    watched = ("watcher[bot]", "in_progress")
    assert reported == {
        "qa": [("qa[bot]", "queued"), watched],
        "staging": [("staging[bot]", "pending"), watched],
        "other": [watched],
    }


def test_it_may_be_for_one_repository(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Case is ignored in the name, and a renamed repository stays the same."""
    other = ghdeploy.add_repository("octocat/other")
    deployer = ghdeploy.deployer(repository="Octocat/Example", steps=["queued"])
    repo.rename("octocat/renamed")
    deployment = repo.add_deployment(ref="main")
    other.add_deployment(ref="main")
    assert deployer.deployments == [deployment]


def test_it_ignores_earlier_deployments(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Deployments made before it was added get no deployment statuses."""
    before = [repo.add_deployment(ref="main")]
    first = ghdeploy.deployer()
    before.append(repo.add_deployment(ref="main"))
    second = ghdeploy.deployer()
    assert (first.deployments, second.deployments) == (before[1:], [])
    assert [deployment.state for deployment in before] == [None, "queued"]


def test_a_deleted_deployment_is_dropped(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Nothing more is posted, and its deployment statuses are deleted with it."""
    deployer = ghdeploy.deployer(after_seconds=5)
    deployment = repo.add_deployment(ref="main")
    assert requests.delete(deployment.url, headers=HEADERS, timeout=5).status_code == 204
    ghdeploy.clock.tick(60)
    assert (deployer.posted, deployer.deployments) == ([], [])


def test_after_a_reset_it_is_gone(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It no longer acts, and the clock can be moved."""
    deployer = ghdeploy.deployer(after_seconds=5)
    repo.add_deployment(ref="main")
    ghdeploy.reset()
    ghdeploy.clock.tick(60)
    deployer.receive(SimpleNamespace(event="deployment", payload={"deployment": {"id": 4442074271}}))
    assert not ghdeploy.events
    assert ghdeploy.add_repository("octocat/example").add_deployment(ref="main").state is None


def test_what_it_does_is_shown(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """Its handle lists the posted deployment statuses, and the conversation names its account."""
    deployer = ghdeploy.deployer()
    assert repr(deployer) == "<Deployer deployer[bot] to production: has posted nothing>"
    deployment = repo.add_deployment(ref="main")
    ask(deployment.url)
    assert (deployer.environment, deployer.login) == ("production", "deployer[bot]")
    assert repr(deployer) == "<Deployer deployer[bot] to production: has posted queued, in_progress>"
    assert [line.strip() for line in ghdeploy.conversation.text().splitlines()] == [
        "event deployment.created: id 4442074271, environment production, ref main (octocat/example)",
        "deployer[bot]: deployment status queued of deployment 4442074271 (octocat/example)",
        "event deployment_status.created: id 12690168079, state queued, environment production (octocat/example)",
        "1. GET /repos/octocat/example/deployments/4442074271",
        "200 OK id 4442074271, environment production, ref main, sha 734ea46",
        "deployer[bot]: deployment status in_progress of deployment 4442074271 (octocat/example)",
        "event deployment_status.created: id 12690168086, state in_progress, environment production (octocat/example)",
    ]
    assert repr(ghdeploy.deployer(None)).startswith("<Deployer deployer[bot] to all environments:")


def test_pygithub_sees_each_state(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A client polls the statuses of the deployment that it has created."""
    ghdeploy.deployer(log_url="https://ci.example.com/7")
    github = Github(auth=Auth.Token("a-token"))
    deployment = github.get_repo(repo.full_name).create_deployment("main")
    newest = [deployment.get_statuses()[0] for _ in range(3)]
    assert [status.state for status in newest] == ["queued", "in_progress", "success"]
    assert newest[-1].raw_data["log_url"] == "https://ci.example.com/7"


# By webhook


def delivery(event: str = "deployment", **deployment: object) -> Any:  # noqa: ANN401 - a stand-in
    """Create a delivery as the target of a subscription receives it."""
    return SimpleNamespace(event=event, delivery_id="guid", headers={}, body=b"{}", payload={"deployment": deployment})


def test_by_webhook_it_notices_only_delivered_deployments(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """A held, dropped or late delivery counts when it arrives; a second one is ignored."""
    deployer = ghdeploy.deployer(by_webhook=True)
    first, second = repo.add_deployment(ref="main"), repo.add_deployment(ref="main")
    ask(first.url)
    assert deployer.deployments == []
    for _ in range(2):
        deployer.receive(delivery(id=second.id))
    assert (deployer.deployments, first.state, second.state) == ([second], None, "queued")
    deployer(delivery(id=first.id))
    ask(second.url)
    assert (first.state, second.state, deployer.__name__) == ("queued", "in_progress", "deployer[bot]")


@pytest.mark.parametrize("event", ["ping", "deployment_status", "push"])
def test_other_deliveries_are_ignored(ghdeploy: FakeGitHub, repo: Repository, event: str) -> None:
    """Other events, unknown deployments, and deployments to another environment or repository are ignored."""
    ghdeploy.add_repository("octocat/other")
    deployer = ghdeploy.deployer(repository="octocat/other", by_webhook=True)
    qa = ghdeploy.repository("octocat/other").add_deployment(ref="main", environment="qa")
    for one in (delivery(event), delivery(id=1), delivery(id=qa.id), delivery(id=repo.add_deployment(ref="main").id)):
        deployer.receive(one)
    assert (deployer.deployments, deployer.posted) == ([], [])


# Misuse


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda gh: gh.deployer(7), "environment must be a string, or None for all environments, got 7"),
        (lambda gh: gh.deployer(repository="octocat/exmaple"),
         "unknown repository 'octocat/exmaple'; known: octocat/example"),
        (lambda gh: gh.deployer(repository=7), "repository must be a full name, or None for all repositories, got 7"),
        (lambda gh: gh.deployer(steps=[]),
         'steps must not be empty: use at least one state, such as ["success"]'),
        (lambda gh: gh.deployer(steps="success"), "steps must be a list of states and Steps, got 'success'"),
        (lambda gh: gh.deployer(steps=[7]), "a step must be a state, or a Step, got 7"),
        (lambda gh: gh.deployer(steps=["done"]),
         "unknown deployment status state 'done'; known: error, failure, inactive, in_progress, queued"),
        (lambda gh: gh.deployer(steps=["queued", Step("success", after_polls=1, after_seconds=2)]),
         "use either after_polls=1 or after_seconds=2, not both"),
        (lambda gh: gh.deployer(after_polls=1.5), "after_polls must be a number of requests, 0 or more; got 1.5"),
        (lambda gh: gh.deployer(after_polls=True), "after_polls must be a number of requests, 0 or more; got True"),
        (lambda gh: gh.deployer(after_seconds="1"), "after_seconds must be a number of seconds, 0 or more; got '1'"),
        (lambda gh: gh.deployer(after_seconds=-1), "after_seconds must be 0 or more and less than 31,536,000; got -1"),
        (lambda gh: gh.deployer(steps=[Step("queued", after_seconds=float("nan"))]),
         "after_seconds must be 0 or more and less than 31,536,000; got nan"),
        (lambda gh: gh.deployer(log_url="ci.example.com"), "GitHub would respond 422 'Validation Failed'"),
        (lambda gh: gh.deployer(steps=[Step("queued", description="x" * 141)]), "GitHub would respond 422"),
        (lambda gh: gh.deployer(log_url=7), "GitHub would respond 422"),
        (lambda gh: gh.deployer(fails_on=True),
         "fails_on must be a function that takes a Deployment and returns whether it fails, got True"),
        (lambda gh: gh.deployer(fails_with="broken"), "unknown deployment status state 'broken'"),
        (lambda gh: gh.deployer(fails_with="success"), "fails_with must not be a success: use"),
        (lambda gh: gh.deployer(fails_with=Step("success", description="x")), "fails_with must not be a success: use"),
        (lambda gh: gh.deployer(fails_with=None), "fails_with must be a state, or a Step, got None"),
        (lambda gh: gh.deployer(login="a b"), "invalid login "),
        (lambda gh: gh.deployer(login="acme"), "acme is an organization, which cannot post statuses"),
        (lambda gh: gh.deployer(by_webhook="yes"), "by_webhook must be True or False, got 'yes'"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused(
    ghdeploy: FakeGitHub, repo: Repository, wrong: Callable[[Any], object], message: str
) -> None:
    """Nothing is added: no third party and no account."""
    ghdeploy.add_user("acme", type="Organization")
    users = ghdeploy._engine.store.users.next_id
    with pytest.raises(FakeError) as caught:
        wrong(ghdeploy)
    assert str(caught.value).startswith(message)
    assert ghdeploy._engine.store.users.next_id == users
    assert repo.add_deployment(ref="main").state is None


def test_it_is_the_target_of_a_subscription(ghdeploy: FakeGitHub, repo: Repository) -> None:
    """It notices deployments by signed deliveries, including held ones. The diagram shows one party for both roles."""
    deployer = ghdeploy.deployer(by_webhook=True, after_seconds=10)
    ghdeploy.webhooks.subscribe(deployer, events=["deployment"], secret="a-secret-for-tests")  # noqa: S106 - of nobody
    reported: list[str] = []
    ghdeploy.webhooks.subscribe(
        lambda one: reported.append(one.payload["deployment_status"]["state"]) if one.event != "ping" else None,
        events=["deployment_status"],
    )
    ghdeploy.webhooks.hold()
    deployment = deploy()
    assert seen(deployment) == "-"
    ghdeploy.webhooks.release()
    assert seen(deployment) == "queued"
    ghdeploy.clock.tick(20)
    assert (repo.deployments[0].state, reported) == ("success", ["queued", "in_progress", "success"])
    drawn = ghdeploy.conversation.diagram().splitlines()
    assert drawn[0].split()[:3] == ["octocat", "GitHub", "deployer[bot]"]
    assert any("-------->|" in line and line.endswith("deployment delivered: 200 OK") for line in drawn)
