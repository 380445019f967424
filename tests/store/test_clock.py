"""The fake's clock: it starts at the current time and stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from freezegun import freeze_time

from pytest_ghdeploy import FakeError, FakeGitHub
from pytest_ghdeploy.store.clock import LATEST, Clock, running_time

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def _at_noon() -> Clock:
    clock = Clock()
    clock.move_to(NOON)
    return clock


def test_it_starts_at_the_current_time() -> None:
    """A new clock shows the current time in UTC and whole seconds."""
    before = datetime.now(UTC)
    now = Clock().now
    assert before - timedelta(seconds=1) < now <= datetime.now(UTC)
    assert (now.tzinfo, now.microsecond) == (UTC, 0)


def test_it_respects_frozen_time() -> None:
    """Under freezegun, a new clock shows the frozen time in whole seconds."""
    with freeze_time("2021-02-03T04:05:06.789Z"):
        assert Clock().now == datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)
        assert FakeGitHub().clock.now == datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_it_stands_still_until_moved() -> None:
    """The passing of real time does not change it."""
    with freeze_time("2021-02-03") as frozen:
        clock = Clock()
        frozen.tick(timedelta(hours=1))
        assert clock.now == datetime(2021, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)),
        (datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_it_can_be_moved_to_any_time(when: datetime, expected: datetime) -> None:
    """It moves forwards and backwards, and converts any time zone to UTC in whole seconds."""
    clock = _at_noon()
    clock.move_to(when)
    assert clock.now == expected
    assert clock.now.tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    """A naive datetime raises an error with an example, and the clock does not move."""
    clock = _at_noon()
    with pytest.raises(FakeError, match=r"time zone.*tzinfo=UTC.*2030"):
        clock.move_to(datetime(2030, 1, 1))  # noqa: DTZ001 - the mistake in question
    assert clock.now == NOON


WEST, EAST = timezone(timedelta(hours=-14)), timezone(timedelta(hours=14))


@pytest.mark.parametrize(
    "when",
    [
        datetime(1, 1, 1, tzinfo=EAST),
        datetime(9999, 12, 31, 23, 59, tzinfo=WEST),
        datetime(9999, 1, 1, tzinfo=UTC),
    ],
)
def test_times_outside_the_years_1_to_9998_are_refused(when: datetime) -> None:
    """The year 9999 is left for times derived from the clock."""
    clock = _at_noon()
    with pytest.raises(FakeError) as caught:
        clock.move_to(when)
    assert str(caught.value) == f"clock.move_to needs a time in the years 1 to 9998, in UTC; got {when.isoformat()}"
    assert clock.now == NOON


@pytest.mark.parametrize("when", [datetime(1, 1, 1, tzinfo=UTC), LATEST])
def test_the_fake_works_at_the_first_and_last_time(when: datetime) -> None:
    """Requests are answered, deployers wait, and time passes up to the last second."""
    fake = FakeGitHub(validate="all")
    fake.clock.move_to(when)
    repo = fake.add_repository("octocat/example")
    fake.deployer(after_seconds=100_000)
    fake.rate_limits.set_secondary()
    repo.add_deployment(ref="main")
    url = "https://api.github.com/repos/octocat/example/deployments"
    answer = fake._engine.answer("GET", url, {"user-agent": "test"}, b"")
    assert answer.status == 200
    with pytest.raises(FakeError) as caught:
        fake.clock.tick(-1)
    assert str(caught.value) == "clock.tick needs 0 seconds or more, got -1; to go back in time, call clock.move_to"
    fake.clock.move_to(LATEST)
    fake.clock.tick(0.5)
    for seconds in (0.5, 1, 1e9, 1e13):
        with pytest.raises(
            FakeError, match=r"clock\.tick cannot go beyond the year 9998; got .* seconds at 9998-12-31"
        ):
            fake.clock.tick(seconds)
    assert fake.clock.now == LATEST


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, 0), (1, 1), (90, 90), (86_400, 86_400), (0.5, 0), (1.9, 1)],
)
def test_tick_adds_seconds(seconds: float, expected: int) -> None:
    """The sum is rounded down to whole seconds."""
    clock = _at_noon()
    clock.tick(seconds)
    assert clock.now == NOON + timedelta(seconds=expected)


def test_tick_defaults_to_one_second() -> None:
    """Without an argument, one second passes."""
    clock = _at_noon()
    clock.tick()
    clock.tick(seconds=2)
    assert clock.now == NOON + timedelta(seconds=3)


@pytest.mark.parametrize("seconds", [-1, -0.001, -86_400])
def test_a_negative_tick_is_refused(seconds: float) -> None:
    """The error points to move_to, and the clock does not move."""
    clock = _at_noon()
    with pytest.raises(FakeError, match=r"0 seconds or more.*move_to"):
        clock.tick(seconds)
    assert clock.now == NOON


def test_rows_and_payloads_have_the_time_of_the_clock() -> None:
    """They do not have the real time."""
    fake = FakeGitHub()
    fake.clock.move_to(NOON)
    repo = fake.add_repository("octocat/example")
    deployment = repo.add_deployment(ref="main")
    fake.clock.tick(seconds=61)
    status = deployment.add_status("success")
    assert (deployment.created_at, deployment.updated_at) == (NOON, NOON + timedelta(seconds=61))
    assert status.created_at == NOON + timedelta(seconds=61)
    assert fake.events[-1].payload["deployment_status"]["created_at"] == "2026-03-10T12:01:01Z"


def test_fractions_of_a_second_add_up() -> None:
    """Ten half seconds are five seconds."""
    clock = Clock()
    before = clock.now
    for _ in range(10):
        clock.tick(0.5)
    assert clock.now - before == timedelta(seconds=5)
    assert clock.now.microsecond == 0


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300, "5", None])
def test_an_impossible_tick_is_refused(seconds: float) -> None:
    """The clock does not move."""
    clock = Clock()
    before = clock.now
    with pytest.raises(FakeError, match=r"clock\.tick needs 0 seconds or more"):
        clock.tick(seconds)
    assert clock.now == before


def test_a_string_is_not_a_time_to_move_to() -> None:
    """`move_to` needs a datetime, and the error says so."""
    with pytest.raises(FakeError, match="needs a datetime with a time zone"):
        Clock().move_to("2026-01-01")  # type: ignore[arg-type]


def test_the_clock_does_not_go_back_when_a_receiver_moves_it(ghdeploy: FakeGitHub) -> None:
    """A slow receiver that runs while the clock is moved takes its time from then on."""
    repo = ghdeploy.add_repository("octocat/example")
    ghdeploy.deployer(steps=["queued", "success"], after_seconds=5)
    ghdeploy.webhooks.subscribe(
        lambda one: ghdeploy.clock.tick(11) if one.event == "deployment_status" else None, events=["deployment_status"]
    )
    start = ghdeploy.clock.now
    deployment = repo.add_deployment(ref="main")
    assert ghdeploy.clock.now - start == timedelta(seconds=22)
    assert deployment.state == "success"
    ghdeploy.clock.move_to(start)
    assert ghdeploy.clock.now == start


def test_a_deployers_function_may_move_the_clock(ghdeploy: FakeGitHub) -> None:
    """fails_on is called at the time of the step."""
    repo = ghdeploy.add_repository("octocat/example")
    start = ghdeploy.clock.now
    asked: list[timedelta] = []

    def slowly(_: object) -> bool:
        asked.append(ghdeploy.clock.now - start)
        ghdeploy.clock.tick(11)
        return True

    ghdeploy.deployer(steps=["queued", "success"], after_seconds=5, fails_on=slowly)
    deployment = repo.add_deployment(ref="main")
    ghdeploy.clock.tick(6)
    assert asked == [timedelta(seconds=5)]
    assert ghdeploy.clock.now - start == timedelta(seconds=16)
    assert [status.state for status in deployment.statuses] == ["failure", "queued"]
    ghdeploy._engine.pause(1)
    assert ghdeploy.clock.now - start == timedelta(seconds=17)


def test_the_running_time_goes_on_with_the_real_time() -> None:
    """From the time that a test has set; ticks are added to it."""
    with freeze_time("2026-03-10 12:00:00.500") as real:
        clock = Clock()
        assert running_time(clock) == NOON + timedelta(seconds=0.5)
        real.tick(3)
        clock.tick(60)
        assert running_time(clock) == NOON + timedelta(seconds=63.5)
        assert clock.now == NOON + timedelta(seconds=60)
        clock.move_to(NOON - timedelta(days=1))
        real.tick(3)
        assert running_time(clock) == NOON - timedelta(days=1) + timedelta(seconds=3)
        clock.tick(0.25)
        assert running_time(clock) == NOON - timedelta(days=1) + timedelta(seconds=3.25)
