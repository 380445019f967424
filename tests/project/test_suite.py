"""The test suite's own tools: slow tests are marked, tables report all failing rows, durations are real."""

from __future__ import annotations

import json
import random
from typing import Any

import githubs_description
import pytest
import quick_schemas
import requests
from rows import Rows
from scene import Scene

from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.github.model import API_VERSIONS
from pytest_ghdeploy.http import router, schema

TESTS = """
    import subprocess, sys
    import pytest

    def start():
        subprocess.run([sys.executable, "-c", ""], check=True)

    @pytest.fixture
    def started():
        start()

    def test_starting_nothing():
        pass

    def test_starting_a_program():
        start()

    def test_with_a_starting_fixture(started):
        pass

    @pytest.mark.slow
    def test_with_the_mark(started):
        start()
"""


@pytest.mark.slow
def test_an_unmarked_test_that_starts_a_program_fails(pytester: pytest.Pytester) -> None:
    """The message names the marker to add and the program that was started."""
    pytester.makeini("[pytest]\nmarkers = slow\n")
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess("-p", "programs", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=4, errors=2)
    for name in ("test_starting_a_program", "test_with_a_starting_fixture"):
        result.stdout.fnmatch_lines(
            [
                f"*ERROR at teardown of {name} *",
                "this test starts another program, so mark it with @pytest.mark.slow: subprocess.Popen(*",
            ]
        )


def test_a_test_that_uses_a_starter_fixture_is_slow(pytester: pytest.Pytester) -> None:
    """It does not need the mark."""
    pytester.makeini("[pytest]\nmarkers = slow\n")
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def outcome():
            pass

        def test_slow(outcome):
            pass

        def test_quick():
            pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "programs", "-p", "no:cacheprovider", "-m", "slow", "-v")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["*::test_slow PASSED*"])


def test_durations_are_real_while_time_is_frozen(pytester: pytest.Pytester) -> None:
    """The setup of a fixture that freezes time or travels is not counted as years."""
    pytester.makepyfile(
        """
        import freezegun, pytest, time_machine

        @pytest.fixture(params=[freezegun.freeze_time, time_machine.travel])
        def frozen(request):
            with request.param("2024-02-29"):
                yield

        def test_it(frozen):
            pass
        """
    )
    reports = pytester.inline_run("-p", "no:cacheprovider").getreports("pytest_runtest_logreport")
    assert len(reports) == 6
    assert all(0 <= report.duration < 60 for report in reports)


def test_a_table_fails_with_all_its_failing_rows() -> None:
    """Each is listed with its name and message, whatever the kind of failure. Passing rows are not listed."""

    def check() -> None:
        with Rows() as rows:
            for number in range(5):
                with rows.row("row", number):
                    assert number != 1, "is wrong"
                    assert [1 / (number - 2)]
                    if number == 4:
                        pytest.fail("no four")

    with pytest.raises(AssertionError) as caught:
        check()
    assert str(caught.value).splitlines() == [
        "3 of 5 rows failed:",
        "row 1",
        "    is wrong",
        "    assert 1 != 1",
        "row 2",
        "    ZeroDivisionError: division by zero",
        "row 4",
        "    Failed: no four",
    ]
    assert caught.value.__cause__ is not None


def test_a_table_without_rows_fails() -> None:
    """An empty loop would check nothing."""
    with pytest.raises(AssertionError, match="the table has no rows"), Rows():
        pass


# The fast validators


def damaged(body: Any, randomness: random.Random) -> Any:  # noqa: ANN401 - JSON
    """Copy a body with one member or item removed, replaced or added."""
    copied = json.loads(json.dumps(body))
    places: list[tuple[Any, Any]] = []

    def visit(value: Any) -> None:  # noqa: ANN401
        if isinstance(value, dict | list):
            for key in value if isinstance(value, dict) else range(len(value)):
                places.append((value, key))
                visit(value[key])

    visit(copied)
    container, key = randomness.choice(places)
    match randomness.randrange(4):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container["of_no_schema"] = 1
        case _:
            container[key] = randomness.choice(
                [None, True, 0, -1, 1.5, "", "x" * 300, "http://a b/", "2020-13-01T00:00:00Z", [], [1], {}, {"a": 1}]
            )
    return copied


@githubs_description.needs_description
def test_the_fast_validator_accepts_nothing_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Responses, events and randomly damaged copies: whatever the Rust validator accepts, jsonschema accepts."""
    seen: dict[str, tuple[Any, Any, Any]] = {}

    def check(what: str, name: str, pointer: str, body: object, version: str) -> None:
        key = f"{what} {version}, our schema"
        seen[key] = (quick_schemas.ours(name, pointer, version), schema._validator(name, pointer, version), body)

    def check_described(
        what: str, package: str, described: dict[str, Any], body: object, version: str = githubs_description.OLDER
    ) -> None:
        validators = githubs_description._validators(what, package, described, version)
        seen[f"{what} {version}, GitHub's description"] = (*validators, body)

    monkeypatch.setattr(schema, "_check", check)
    monkeypatch.setattr(githubs_description, "_check", check_described)
    for number, (operation_id, endpoint) in enumerate(router.endpoints().items()):
        with FakeGitHub() as fake:
            scene = Scene(fake)
            body, places = scene.usual(operation_id)
            requests.request(
                endpoint.method,
                fake.base_url + endpoint.paths[0].format(**scene.places | places),
                json=body,
                headers={"Authorization": "token any", "X-GitHub-Api-Version": API_VERSIONS[number % 2]},
                timeout=10,
            )
    randomness = random.Random(1)  # noqa: S311 - the same each time
    assert len(seen) > 140
    with Rows() as rows:
        for what, (quick, thorough, body) in seen.items():
            with rows.row(what):
                assert quick.is_valid(body)
                assert thorough.is_valid(body)
                for _ in range(8 if body else 0):
                    other = damaged(body, randomness)
                    assert thorough.is_valid(other) or not quick.is_valid(other), other
