"""Assertions about events and deliveries: what they find, and what their failures show."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from pytest_ghdeploy import FakeError, FakeGitHub
from pytest_ghdeploy.interface.assertions import aligned_with

if TYPE_CHECKING:
    from pytest_ghdeploy import Delivery, Repository


@pytest.fixture
def gh() -> FakeGitHub:
    """Return an inactive fake: the tests only use its record of events."""
    return FakeGitHub()


@pytest.fixture
def repo(gh: FakeGitHub) -> Repository:
    """Return a repository without any events."""
    return gh.add_repository("octocat/example")


def refusal(gh: FakeGitHub, name: str, /, **fields: object) -> str:
    """Return the message of a failing `assert_event`."""
    with pytest.raises(AssertionError) as caught:
        gh.assert_event(name, **fields)
    return str(caught.value)


def short(gh: FakeGitHub) -> list[str]:
    """List the first digits of the delivery ids, as messages show them."""
    return [event.delivery_id[:8] for event in gh.events]


def test_an_event_is_found_by_its_name(gh: FakeGitHub, repo: Repository) -> None:
    """Without fields, any event of the name matches."""
    repo.add_commit_status("main", state="success")
    repo.add_deployment(ref="main")
    assert gh.assert_event("deployment") is gh.events[1]
    assert gh.assert_event("status") is gh.events[0]


def test_the_newest_of_several_is_found(gh: FakeGitHub, repo: Repository) -> None:
    """If several events match, the newest is returned."""
    first, second, third = (repo.add_deployment(ref="main", environment=name) for name in ("qa", "staging", "qa"))
    found = [gh.assert_event("deployment", **fields) for fields in ({}, {"environment": "qa"}, {"id": first.id})]
    assert [event.payload["deployment"]["id"] for event in found] == [third.id, third.id, first.id]
    assert gh.assert_event("deployment", environment="staging").payload["deployment"]["id"] == second.id


def test_all_fields_must_match(gh: FakeGitHub, repo: Repository) -> None:
    """One event must have all of the fields."""
    repo.add_branch("topic")
    repo.add_deployment(ref="main", environment="qa")
    repo.add_deployment(ref="topic", environment="staging")
    gh.assert_event("deployment", ref="main", environment="qa")
    with pytest.raises(AssertionError):
        gh.assert_event("deployment", ref="main", environment="staging")


def test_fields_are_those_of_the_events_own_object(gh: FakeGitHub, repo: Repository) -> None:
    """Those of `deployment_status` belong to the deployment status, those of `status` to the commit status."""
    deployment = repo.add_deployment(ref="main", environment="qa", description="the deployment")
    deployment.add_status("success", description="the status", log_url="https://ci.example.com/1")
    repo.add_commit_status("main", state="failure", context="ci/tests")
    repo.add_check_run("main", name="lint", conclusion="skipped")
    event = gh.assert_event("deployment_status", description="the status", log_url="https://ci.example.com/1")
    assert event.payload["deployment"]["description"] == "the deployment"
    gh.assert_event("status", state="failure", context="ci/tests", sha=repo.sha("main"), name="octocat/example")
    gh.assert_event("check_run", name="lint", conclusion="skipped")
    gh.assert_no_event("deployment_status", description="the deployment")


def test_the_repository_is_given_by_its_full_name(gh: FakeGitHub, repo: Repository) -> None:
    """For every event, `repository` is a full name, even if the payload has a repository object."""
    other = gh.add_repository("octocat/other")
    gh.add_repository("octocat/third")
    for holder in (repo, other):
        holder.add_commit_status("main", state="success")
        holder.add_deployment(ref="main")
    assert gh.assert_event("deployment", repository="octocat/example") is gh.events[1]
    assert gh.assert_event("status", repository="octocat/example") is gh.events[0]
    gh.assert_no_event("deployment", repository="octocat/third")


def test_the_action_can_be_given(gh: FakeGitHub, repo: Repository) -> None:
    """`action` is the event's action; it is None for events without one."""
    repo.add_commit_status("main", state="success")
    repo.add_check_run("main", name="lint")
    assert gh.assert_event("check_run", action="created") is gh.events[1]
    assert gh.assert_event("check_run", action="completed") is gh.events[2]
    gh.assert_event("status", action=None)


def test_a_user_can_be_given_by_login(gh: FakeGitHub, repo: Repository) -> None:
    """An account in a payload matches its login, and the whole object."""
    gh.add_user("monalisa")
    repo.add_deployment(ref="main", creator="monalisa")
    event = gh.assert_event("deployment", creator="monalisa")
    gh.assert_event("deployment", creator=event.payload["deployment"]["creator"])
    gh.assert_no_event("deployment", creator="octocat")


def test_a_payload_is_not_a_user(gh: FakeGitHub, repo: Repository) -> None:
    """A deployment's payload is compared as a whole, even if it has a member `login`."""
    repo.add_deployment(ref="main", payload={"login": "octocat", "version": 7})
    gh.assert_event("deployment", payload={"login": "octocat", "version": 7})
    gh.assert_no_event("deployment", payload="octocat")


def test_a_boolean_is_not_a_number(gh: FakeGitHub, repo: Repository) -> None:
    """True is not 1, and False is not 0, at any depth, because JSON distinguishes them."""
    repo.add_deployment(ref="main", payload={"debug": True, "tries": 1})
    gh.assert_event("deployment", production_environment=True, transient_environment=False)
    gh.assert_event("deployment", payload={"debug": True, "tries": 1})
    gh.assert_no_event("deployment", payload={"debug": 1, "tries": 1})
    gh.assert_no_event("deployment", payload={"debug": True, "tries": True})


def test_a_time_can_be_given_in_any_time_zone(gh: FakeGitHub, repo: Repository) -> None:
    """A datetime matches the same moment, and no other."""
    created_at = repo.add_deployment(ref="main").created_at
    repo.add_commit_status("main", state="success")
    east = created_at.astimezone(timezone(timedelta(hours=2)))
    for name in ("deployment", "status"):
        assert gh.assert_event(name, created_at=created_at) is gh.assert_event(name, created_at=east)
        gh.assert_no_event(name, created_at=east.replace(tzinfo=UTC))


def test_none_matches_null(gh: FakeGitHub, repo: Repository) -> None:
    """None matches null, but not an empty string."""
    repo.add_deployment(ref="main")
    gh.assert_event("deployment", description=None)
    gh.assert_no_event("deployment", description="")


def test_near_misses_are_shown_nearest_first(gh: FakeGitHub, repo: Repository) -> None:
    """A failure lists the events of the name, those with the fewest differences first, and marks each difference."""
    repo.add_branch("topic")
    repo.add_deployment(ref="main", environment="staging", task="migrate")
    repo.add_deployment(ref="topic", environment="qa")
    repo.add_deployment(ref="main", environment="qa")
    repo.add_commit_status("main", state="success")
    far, near, nearest, _ = short(gh)
    assert refusal(gh, "deployment", environment="qa", ref="main", task="restart") == (
        "no event deployment with environment 'qa', ref 'main', task 'restart'\n"
        "  recorded, closest first:\n"
        f"    deployment {nearest}: environment 'qa', ref 'main', task 'deploy'  <--\n"
        f"    deployment {far}: environment 'staging'  <--, ref 'main', task 'migrate'  <--\n"
        f"    deployment {near}: environment 'qa', ref 'topic'  <--, task 'deploy'  <--"
    )


def test_a_near_miss_shows_its_main_fields_too(gh: FakeGitHub, repo: Repository) -> None:
    """Each line shows the wanted fields, then the main fields of the event."""
    gh.add_user("hubot")
    gh.add_repository("octocat/other")
    deployment = repo.add_deployment(ref="main", environment="qa")
    deployment.add_status("success")
    repo.add_commit_status("main", state="failure", context="ci/tests")
    repo.add_check_run("main", name="lint", status="queued")
    first, second, third, fourth = short(gh)
    messages = [
        refusal(gh, "deployment", creator="hubot"),
        refusal(gh, "deployment_status", repository="octocat/other", creator="hubot"),
        refusal(gh, "status", description="no"),
        refusal(gh, "check_run", name="tests"),
    ]
    assert messages == [
        (
            "no event deployment with creator 'hubot'\n"
            "  recorded, closest first:\n"
            f"    deployment {first}: creator 'octocat'  <--, environment 'qa', ref 'main'"
        ),
        (
            "no event deployment_status with repository 'octocat/other', creator 'hubot'\n"
            "  recorded, closest first:\n"
            f"    deployment_status {second}: repository 'octocat/example'  <--, creator 'octocat'  <--, "
            "state 'success', environment 'qa'"
        ),
        (
            "no event status with description 'no'\n"
            "  recorded, closest first:\n"
            f"    status {third}: description None  <--, state 'failure', context 'ci/tests'"
        ),
        (
            "no event check_run with name 'tests'\n"
            "  recorded, closest first:\n"
            f"    check_run {fourth}: name 'lint'  <--, status 'queued', conclusion None"
        ),
    ]


def test_five_near_misses_are_enough(gh: FakeGitHub, repo: Repository) -> None:
    """Of more than five, the closest five are shown, and the rest are counted."""
    for number in range(7):
        repo.add_deployment(ref="main", environment="qa" if number == 6 else f"env-{number}", task="deploy")
    ids = short(gh)
    assert refusal(gh, "deployment", environment="qa", task="migrate") == (
        "no event deployment with environment 'qa', task 'migrate'\n"
        "  recorded, closest first:\n"
        f"    deployment {ids[6]}: environment 'qa', task 'deploy'  <--, ref 'main'\n"
        f"    deployment {ids[0]}: environment 'env-0'  <--, task 'deploy'  <--, ref 'main'\n"
        f"    deployment {ids[1]}: environment 'env-1'  <--, task 'deploy'  <--, ref 'main'\n"
        f"    deployment {ids[2]}: environment 'env-2'  <--, task 'deploy'  <--, ref 'main'\n"
        f"    deployment {ids[3]}: environment 'env-3'  <--, task 'deploy'  <--, ref 'main'\n"
        "    and 2 more"
    )


def test_five_near_misses_leave_nothing_to_count(gh: FakeGitHub, repo: Repository) -> None:
    """With exactly five, all are shown, and no rest is mentioned."""
    for number in range(5):
        repo.add_deployment(ref="main", environment=f"env-{number}")
    message = refusal(gh, "deployment", environment="qa")
    assert message.count("\n    deployment ") == 5
    assert "more" not in message


def test_an_empty_record_is_reported(gh: FakeGitHub, repo: Repository) -> None:
    """If no events were dispatched, the failure says so."""
    expected = "no event deployment with environment 'qa'\n  no events were recorded"
    assert refusal(gh, "deployment", environment="qa") == expected
    repo.add_deployment(ref="main", environment="qa")
    gh.events.clear()
    assert refusal(gh, "deployment", environment="qa") == expected


def test_other_events_are_counted(gh: FakeGitHub, repo: Repository) -> None:
    """If there are only events of other names, the failure counts them, in the order of the first of each."""
    repo.add_commit_status("main", state="pending")
    repo.add_deployment(ref="main")
    repo.add_commit_status("main", state="success")
    assert refusal(gh, "deployment_status", state="success") == (
        "no event deployment_status with state 'success'\n  recorded: 2 status, 1 deployment"
    )
    assert refusal(gh, "push") == "no event push\n  recorded: 2 status, 1 deployment"


def test_assert_no_event_ignores_other_events(gh: FakeGitHub, repo: Repository) -> None:
    """`assert_no_event` passes with events of other names, and with other fields."""
    gh.assert_no_event("deployment")
    repo.add_deployment(ref="main", environment="qa")
    gh.assert_no_event("deployment", environment="production")
    gh.assert_no_event("deployment_status")


def test_an_unexpected_event_is_shown(gh: FakeGitHub, repo: Repository) -> None:
    """`assert_no_event` fails and lists only the matching events, oldest first."""
    for environment in ("qa", "production", "qa"):
        repo.add_deployment(ref="main", environment=environment)
    first, second, third = short(gh)
    with pytest.raises(AssertionError) as caught:
        gh.assert_no_event("deployment", environment="qa")
    assert str(caught.value) == (
        "expected no event deployment with environment 'qa', but found 2:\n"
        f"    deployment {first}: environment 'qa', ref 'main'\n"
        f"    deployment {third}: environment 'qa', ref 'main'"
    )
    with pytest.raises(AssertionError) as caught:
        gh.assert_no_event("deployment")
    assert str(caught.value) == (
        "expected no event deployment, but found 3:\n"
        f"    deployment {first}: environment 'qa', ref 'main'\n"
        f"    deployment {second}: environment 'production', ref 'main'\n"
        f"    deployment {third}: environment 'qa', ref 'main'"
    )


def test_five_unexpected_events_are_enough(gh: FakeGitHub, repo: Repository) -> None:
    """Of many unexpected events, five are shown; the first line has the number of all."""
    for _ in range(8):
        repo.add_deployment(ref="main")
    with pytest.raises(AssertionError) as caught:
        gh.assert_no_event("deployment")
    lines = str(caught.value).splitlines()
    assert lines[0] == "expected no event deployment, but found 8:"
    assert lines[1:6] == [f"    deployment {shown}: environment 'production', ref 'main'" for shown in short(gh)[:5]]
    assert "deployment" not in "".join(lines[6:])


@pytest.mark.parametrize("ask", ["assert_event", "assert_no_event"])
@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        (
            "deploymnt",
            {},
            (
                "unknown event 'deploymnt'; "
                "known: deployment, deployment_status, delete, check_run, commit_comment, create, "
                "installation, issue_comment, label, pull_request, pull_request_review, push, release, "
                "repository, repository_dispatch, status"
            ),
        ),
        (
            "deployment.created",
            {"environment": "qa"},
            (
                "unknown event 'deployment.created'; "
                "known: deployment, deployment_status, delete, create, check_run, commit_comment, "
                "installation, issue_comment, label, pull_request, pull_request_review, push, release, "
                "repository, repository_dispatch, status"
            ),
        ),
        (
            "deployment",
            {"environment": "qa", "enviroment": "qa"},
            (
                "unknown field 'enviroment' of the event deployment; known: environment, original_environment, "
                "transient_environment, production_environment, action, created_at, creator, description, id, node_id, "
                "payload, performed_via_github_app, ref, repository, repository_url, sha, statuses_url, task, "
                "updated_at, url"
            ),
        ),
        (
            "status",
            {"conclusion": "success"},
            (
                "unknown field 'conclusion' of the event status; known: action, avatar_url, branches, commit, "
                "context, created_at, creator, description, enterprise, id, installation, name, "
                "organization, repository, "
                "sender, sha, state, target_url, updated_at"
            ),
        ),
    ],
)
def test_an_unknown_event_or_field_is_refused(
    gh: FakeGitHub, repo: Repository, ask: str, name: str, fields: dict[str, object], expected: str
) -> None:
    """An event or field that GitHub does not have is refused, so that a typo cannot pass a test."""
    repo.add_deployment(ref="main", environment="qa")
    with pytest.raises(FakeError) as caught:
        getattr(gh, ask)(name, **fields)
    assert str(caught.value) == expected
    assert not isinstance(caught.value, AssertionError)


# Deliveries


def undelivered(gh: FakeGitHub, event: str, /, **fields: object) -> list[str]:
    """Return the message of a failing `assert_delivery`, line by line."""
    with pytest.raises(AssertionError) as caught:
        gh.assert_delivery(event, **fields)
    return str(caught.value).splitlines()


def test_a_delivery_is_found_by_its_event_and_fields(gh: FakeGitHub, repo: Repository) -> None:
    """The newest matching delivery is returned."""
    gh.webhooks.subscribe(lambda _: None, events=["deployment"])
    for _ in range(2):
        repo.add_deployment(ref="main")
    found = gh.assert_delivery("deployment", state="delivered", status_code=200, redelivery=False, action="created")
    assert (found, found.delivery_id) == (gh.webhooks.deliveries[0], gh.events[-1].delivery_id)
    assert gh.assert_delivery("deployment", delivery_id=gh.events[0].delivery_id) == gh.webhooks.deliveries[1]
    assert gh.assert_delivery("ping") == gh.webhooks.deliveries[2]


def test_a_missing_delivery_shows_the_closest_ones(gh: FakeGitHub, repo: Repository) -> None:
    """The message includes the reason of a failed delivery."""
    assert undelivered(gh, "push") == [
        "no delivery of push",
        "  nothing was delivered: subscribe a receiver with webhooks.subscribe",
    ]

    def broken(delivery: Delivery) -> None:
        if delivery.event == "deployment":
            raise ValueError(delivery.event)

    hook = gh.webhooks.subscribe(broken, events=["deployment", "deployment_status"])
    deployment = repo.add_deployment(ref="main")
    near = f"    deployment {short(gh)[0]} to hook {hook.id}:"
    failed = "state 'failed'  <--, status_code 500, reason 'the receiver raised ValueError: deployment'"
    assert undelivered(gh, "deployment", state="delivered") == [
        "no delivery of deployment with state 'delivered'",
        "  delivered, closest first:",
        f"{near} {failed}",
    ]
    assert undelivered(gh, "push")[1] == "  delivered: 1 deployment, 1 ping"
    for _ in range(6):
        deployment.add_status("pending")
    assert undelivered(gh, "deployment_status", state="failed")[-1] == "    and 1 more"


def test_an_unknown_event_field_or_state_of_a_delivery_is_refused(gh: FakeGitHub) -> None:
    """The message lists the known events, fields or states."""
    with pytest.raises(FakeError, match="unknown event 'deploy'; known: deployment"):
        gh.assert_delivery("deploy")
    with pytest.raises(FakeError, match=r"unknown field 'code' of a delivery; known: .*status_code"):
        gh.assert_delivery("push", code=200)
    there = "unknown state 'deliverd' of a delivery of push; known: delivered, waiting, failed, dropped"
    with pytest.raises(FakeError, match=there):
        gh.assert_delivery("push", state="deliverd")


# Long comparisons


def _longest_common(events: list[int], wanted: list[int]) -> int:
    """Compute the length of the longest common subsequence as textbooks do."""
    lengths = [[0] * (len(wanted) + 1) for _ in range(len(events) + 1)]
    for row, event in enumerate(events, 1):
        for column, other in enumerate(wanted, 1):
            above, left, corner = lengths[row - 1][column], lengths[row][column - 1], lengths[row - 1][column - 1]
            lengths[row][column] = corner + 1 if event == other else max(above, left)
    return lengths[-1][-1]


@given(st.lists(st.integers(0, 4), max_size=30), st.lists(st.integers(0, 4), max_size=30))
def test_as_many_events_as_possible_are_aligned(kinds: list[int], wanted: list[int]) -> None:
    """The aligned events match, are in order, and no other way aligns more."""
    events = list(enumerate(kinds))
    fits = {
        event: sum(1 << place for place, kind in enumerate(reversed(wanted)) if kind == event[1]) for event in events
    }
    aligned = aligned_with(events, fits, len(wanted))
    pairs = [(kind, place) for kind, place in zip(kinds, aligned, strict=True) if place is not None]
    assert all(wanted[place] == kind for kind, place in pairs)
    assert [place for _, place in pairs] == sorted({place for _, place in pairs})
    assert len(pairs) == _longest_common(kinds, wanted)
