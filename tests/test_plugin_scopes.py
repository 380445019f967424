"""Where the plugin's fake comes from: the marker, the ini file, and one fake for a whole session."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import neighbours
import pytest

# Loaded here, since pytester forgets what is loaded inside an inner run.
import pytest_ghdeploy.doors.requests  # noqa: F401

if TYPE_CHECKING:
    from neighbours import Outcome

# A session's fake is active in all tests after the first that uses it, so these files share no run with others.
SESSION = ("--timeout=51", "--timeout-method=signal")
SESSION_IN_TWO_PROCESSES = ("-n", "2", "--timeout=51", "--timeout-method=signal")
HEADING = "ghdeploy: the conversation with https://api.github.com"
HEADER = """
import asyncio
import unittest
import pytest
import requests

API = "https://api.github.com"
DEPLOYMENTS = API + "/repos/octocat/example/deployments"
HEADERS = {"Authorization": "token x"}

def deploy(ref="main"):
    return requests.post(DEPLOYMENTS, json={"ref": ref}, headers=HEADERS)

def careless():
    try:
        requests.get(API + "/repos/octocat/example/milestones")
    except Exception:
        pass

def is_patched():
    return requests.Session.get_adapter.__module__ != "requests.sessions"
"""


def source(text: str) -> str:
    """Add the imports and helpers to a test module."""
    return HEADER + "\n\n" + inspect.cleandoc(text) + "\n"


def run(pytester: pytest.Pytester, text: str, *arguments: str) -> pytest.RunResult:
    """Run a test module in this process."""
    pytester.makepyfile(test_it=source(text))
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)


def sections(result: pytest.RunResult) -> list[list[str]]:
    """List the conversations in the report."""
    found: list[list[str]] = []
    inside = False
    for line in result.outlines:
        if re.match(r"[-=_]{3,} ", line):
            inside = line.strip("- ") == HEADING
            if inside:
                found.append([])
        elif inside:
            found[-1].append(line)
    return found


def errors(result: pytest.RunResult) -> list[str]:
    """List the first lines of the errors."""
    return [re.sub(r"^E +", "", line) for line in result.outlines if line.startswith("E ")]


# The marker


def test_the_marker_brings_the_fixture(pytester: pytest.Pytester) -> None:
    """On a function, a class, a module or one set of parameters; a test without the marker has no fake."""
    pytester.makepyfile(
        test_module=source(
            """
            pytestmark = pytest.mark.ghdeploy(repositories=["octocat/example"])

            def test_module():
                assert deploy().status_code == 201

            def test_shared(request):
                assert deploy().status_code == 201
                request.getfixturevalue("ghdeploy").assert_event("deployment")
            """
        )
    )
    result = run(
        pytester,
        """
        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_function():
            assert deploy().status_code == 201

        @pytest.mark.ghdeploy
        def test_without_arguments():
            assert deploy().status_code == 404

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        class TestClass:
            def test_method(self):
                assert deploy().status_code == 201

        @pytest.mark.parametrize(
            "expected",
            [pytest.param(True, marks=pytest.mark.ghdeploy), pytest.param(False), pytest.param(False)],
        )
        def test_parameter(expected):
            assert is_patched() == expected

        def test_without():
            assert not is_patched()
        """,
    )
    result.assert_outcomes(passed=9)


def test_a_marker_that_a_conftest_adds_brings_the_fixture(pytester: pytest.Pytester) -> None:
    """It may be added until the test is set up."""
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.ghdeploy(repositories=["octocat/example"]))
        """
    )
    run(pytester, "def test_it(): assert deploy().status_code == 201").assert_outcomes(passed=1)


def test_the_fake_of_the_marker_comes_before_the_tests_other_fixtures(pytester: pytest.Pytester) -> None:
    """It is active in the setup and teardown of every fixture of the test, but not in those that outlive the test."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def automatic():
            import test_it
            assert test_it.is_patched()
            yield
            assert test_it.is_patched()
        """
    )
    result = run(
        pytester,
        """
        @pytest.fixture(scope="session", autouse=True)
        def session_fixture():
            assert not is_patched()
            yield
            assert not is_patched()

        @pytest.fixture(scope="module")
        def module_fixture(session_fixture):
            assert not is_patched()
            yield
            assert not is_patched()

        @pytest.fixture
        def deployed():
            assert deploy().status_code == 201
            yield
            assert deploy().status_code == 201

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_it(deployed, module_fixture):
            assert deploy().status_code == 201

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        class TestIt(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                assert not is_patched()

            def setUp(self):
                assert deploy().status_code == 201

            def tearDown(self):
                assert deploy().status_code == 201

            def test_it(self):
                assert deploy().status_code == 201
        """,
    )
    result.assert_outcomes(passed=2)


def test_the_marker_brings_a_fixture_of_the_same_name(pytester: pytest.Pytester) -> None:
    """A suite may override `ghdeploy` to set up more."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def ghdeploy(ghdeploy):
            ghdeploy.add_repository("octocat/example")
            return ghdeploy
        """
    )
    run(
        pytester, "def test_it(): assert deploy().status_code == 201\ntest_it.pytestmark = pytest.mark.ghdeploy"
    ).assert_outcomes(passed=1)


def test_arguments_of_the_marker_that_nothing_reads_fail_the_test(pytester: pytest.Pytester) -> None:
    """A fixture of the suite may stand in place of the plugin's; a marker without arguments has nothing to lose."""
    result = run(
        pytester,
        """
        @pytest.fixture(scope="module")
        def ghdeploy(ghdeploy_session):
            yield ghdeploy_session

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_arguments(ghdeploy): assert not "reached"

        @pytest.mark.ghdeploy
        def test_none(ghdeploy): pass
        """,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*FakeError: the arguments of the marker ghdeploy have no effect here, because *"])
    result.stdout.no_fnmatch_line("*not reached*")


def test_a_problem_in_a_marked_test_fails_it(pytester: pytest.Pytester) -> None:
    """A swallowed error and the section of the report are those of a test that names the fixture."""
    result = run(
        pytester,
        """
        @pytest.mark.ghdeploy
        def test_it():
            careless()
        """,
    )
    result.assert_outcomes(failed=1)
    assert errors(result)[0].startswith("pytest_ghdeploy.UnsupportedRequest: GET /repos/octocat/example/milestones ")
    assert len(sections(result)) == 1


MARKED = source(
    """
    import httpx

    class TestPlain(unittest.TestCase):
        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_marked(self):
            self.assertEqual(deploy().status_code, 201)

        def test_other(self):
            self.assertFalse(is_patched())

    @pytest.mark.ghdeploy(repositories=["octocat/example"])
    class TestAsync(unittest.IsolatedAsyncioTestCase):
        async def test_marked(self):
            async with httpx.AsyncClient(headers=HEADERS) as client:
                self.assertEqual((await client.post(DEPLOYMENTS, json={"ref": "main"})).status_code, 201)

    @pytest.mark.asyncio
    @pytest.mark.ghdeploy(repositories=["octocat/example"])
    async def test_asyncio():
        async with httpx.AsyncClient(headers=HEADERS) as client:
            assert (await client.post(DEPLOYMENTS, json={"ref": "main"})).status_code == 201

    @pytest.mark.anyio
    @pytest.mark.ghdeploy(repositories=["octocat/example"])
    async def test_anyio():
        async with httpx.AsyncClient(headers=HEADERS) as client:
            assert (await client.post(DEPLOYMENTS, json={"ref": "main"})).status_code == 201

    @pytest.mark.ghdeploy(repositories=["octocat/example"])
    @pytest.mark.flaky(reruns=1)
    def test_again(tries=[]):
        tries.append(deploy().json()["id"])
        assert tries == [4442074271] * 2
    """
)


@pytest.mark.beside(MARKED, neighbours.PLAIN)
def test_the_marker_works_in_unittest_and_async_tests(outcome: Outcome) -> None:
    """With `unittest`, pytest-asyncio, anyio and pytest-rerunfailures: every attempt has a fresh fake."""
    assert outcome.counts == {"passed": 7, "rerun": 1}


# The ini file


@pytest.mark.parametrize("how", ["ini", "pyproject", "command line"])
def test_the_ini_file_adds_repositories(pytester: pytest.Pytester, how: str) -> None:
    """`ghdeploy_repositories` applies to every fake. The argument of the marker or the factory replaces it."""
    arguments = []
    if how == "ini":
        pytester.makeini("[pytest]\nghdeploy_repositories = octocat/example\n    acme/shop")
    elif how == "pyproject":
        pytester.makepyprojecttoml(
            '[tool.pytest.ini_options]\nghdeploy_repositories = ["octocat/example", "acme/shop"]'
        )
    else:
        arguments = ["-o", "ghdeploy_repositories=octocat/example acme/shop"]
    result = run(
        pytester,
        """
        def names(fake):
            return [row.full_name for row in fake._engine.store.repositories]

        def test_each(ghdeploy):
            assert names(ghdeploy) == ["octocat/example", "acme/shop"]

        @pytest.mark.ghdeploy(repositories=["acme/other"])
        def test_marked(ghdeploy):
            assert names(ghdeploy) == ["acme/other"]

        @pytest.mark.ghdeploy(repositories=[], seed={"repositories": ["acme/seeded"]})
        def test_none(ghdeploy):
            assert names(ghdeploy) == ["acme/seeded"]

        def test_factory(ghdeploy_factory):
            assert names(ghdeploy_factory()) == ["octocat/example", "acme/shop"]
            other = ghdeploy_factory(base_url="https://ghe.example.com/api/v3", repositories=["acme/other"])
            assert names(other) == ["acme/other"]

        def test_session(ghdeploy_session):
            assert names(ghdeploy_session) == ["octocat/example", "acme/shop"]
        """,
        *arguments,
    )
    result.assert_outcomes(passed=5)


def test_help_describes_the_repositories_option(pytester: pytest.Pytester) -> None:
    """`pytest --help` shows it among the ini options."""
    shown = " ".join(" ".join(pytester.runpytest_inprocess("--help").outlines).split())
    meaning = "full names of repositories to add to the fake of each test (default: none)"
    assert f" ghdeploy_repositories (args): {meaning} " in shown


def test_an_invalid_repository_in_the_ini_file_is_one_error(pytester: pytest.Pytester) -> None:
    """The error is the one of `add_repository`, and no patches of HTTP clients are left."""
    pytester.makeini("[pytest]\nghdeploy_repositories = example")
    result = run(
        pytester,
        """
        def test_it(ghdeploy):
            pass

        def test_session(ghdeploy_session):
            pass

        def test_after():
            assert not is_patched()
        """,
    )
    result.assert_outcomes(errors=2, passed=1)
    expected = (
        "pytest_ghdeploy.FakeError: invalid repository name 'example': use \"owner/name\", with letters, digits, "
        '".", "_" and "-"'
    )
    assert errors(result) == [expected] * 2


def test_the_ini_file_guards_a_whole_suite(pytester: pytest.Pytester) -> None:
    """`usefixtures = ghdeploy` of pytest itself: every test has a fresh fake, and none reaches GitHub."""
    pytester.makeini("[pytest]\nusefixtures = ghdeploy")
    result = run(
        pytester,
        """
        def test_function():
            assert deploy().status_code == 404

        def test_swallows():
            careless()

        class TestUnittest(unittest.TestCase):
            def test_method(self):
                self.assertEqual(deploy().status_code, 404)

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_marked():
            assert deploy().status_code == 201

        def test_named(ghdeploy):
            ghdeploy.add_repository("octocat/example")
            assert deploy().status_code == 201
        """,
    )
    result.assert_outcomes(passed=4, failed=1)


# One fake for a session


def test_a_session_has_one_fake(pytester: pytest.Pytester) -> None:
    """It keeps its state from test to test, until `reset()`, and is closed at the end."""
    pytester.makepyfile(
        test_other=source(
            """
            def test_last(ghdeploy_session):
                assert deploy().status_code == 404
                assert len(ghdeploy_session.requests) == 1
            """
        )
    )
    result = run(
        pytester,
        """
        def test_first(ghdeploy_session):
            ghdeploy_session.add_repository("octocat/example")
            assert deploy().status_code == 201

        def test_second(ghdeploy_session):
            assert deploy().status_code == 201
            assert len(ghdeploy_session.events) == 2

        def test_reset(ghdeploy_session):
            ghdeploy_session.reset()
            assert not ghdeploy_session.events
        """,
        "test_it.py",
        "test_other.py",
    )
    result.assert_outcomes(passed=4)
    from requests import Session  # patched by the inner run until its end

    assert Session.get_adapter.__module__ == "requests.sessions"


def test_a_sessions_fake_takes_the_ini_options_only(pytester: pytest.Pytester) -> None:
    """The marker is for the test's own fake."""
    pytester.makeini("[pytest]\nghdeploy_base_url = https://ghe.example.com/api/v3\nghdeploy_seed = seed.json")
    (pytester.path / "seed.json").write_text('{"repositories": ["octocat/one"]}', "utf-8")
    result = run(
        pytester,
        """
        @pytest.mark.ghdeploy(base_url="https://api.github.com", seed=None)
        def test_it(ghdeploy_session, ghdeploy):
            assert (ghdeploy.base_url, ghdeploy_session.base_url) == (API, "https://ghe.example.com/api/v3")
            assert ghdeploy_session.repository("octocat/one")
            assert requests.get(API + "/repos/octocat/one").status_code == 404
            assert requests.get("https://ghe.example.com/api/v3/repos/octocat/one").status_code == 200
        """,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("order", ["ghdeploy_session, ghdeploy", "ghdeploy, ghdeploy_session"])
def test_a_tests_own_fake_wins_while_it_lasts(pytester: pytest.Pytester, order: str) -> None:
    """Whichever is set up first. Before and after the test, the session's fake answers."""
    result = run(
        pytester,
        f"""
        def test_before(ghdeploy):
            assert not ghdeploy.requests

        def test_own(request):
            own, shared = (request.getfixturevalue(name) for name in sorted("{order}".split(", ")))
            for name in "{order}".split(", "):
                request.getfixturevalue(name)
            own.add_repository("octocat/example")
            assert deploy().status_code == 201
            assert (len(own.requests), len(shared.requests)) == (1, 0)

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_marked(ghdeploy_session):
            assert deploy().status_code == 201
            assert not ghdeploy_session.requests

        def test_after(ghdeploy_session):
            assert deploy().status_code == 404
            assert len(ghdeploy_session.requests) == 1
        """,
    )
    result.assert_outcomes(passed=4)


def test_a_report_shows_what_was_said_during_the_test(pytester: pytest.Pytester) -> None:
    """Requests of earlier tests are left out. The numbers are those of `requests`."""
    result = run(
        pytester,
        """
        def test_first(ghdeploy_session):
            ghdeploy_session.add_repository("octocat/example")
            deploy("first")

        @pytest.fixture
        def prepared(ghdeploy_session):
            deploy("prepared")
            yield
            deploy("cleaned-up")
            raise ValueError("tear-down")

        def test_fails(prepared):
            deploy("fails")
            assert 0

        def test_silent(ghdeploy_session):
            assert 0

        def test_unrelated():
            assert 0

        def test_last(ghdeploy_session):
            assert len(ghdeploy_session.requests) == 4
            deploy("last")
            assert 0
        """,
    )
    result.assert_outcomes(passed=1, failed=4, errors=1)
    posts = [[line for line in section if "POST" in line] for section in sections(result)]
    line = '{number:3}. POST /repos/octocat/example/deployments {{"ref": "{ref}"}}'
    during = [line.format(number=2, ref="prepared"), line.format(number=3, ref="fails")]
    assert posts == [
        [*during, line.format(number=4, ref="cleaned-up")],
        during,
        [line.format(number=5, ref="last")],
    ]


def test_a_report_after_a_reset_shows_what_was_said_since(pytester: pytest.Pytester) -> None:
    """A reset drops the conversation too."""
    result = run(
        pytester,
        """
        def test_first(ghdeploy_session):
            for _ in range(3):
                deploy("first")

        def test_fails(ghdeploy_session):
            deploy("dropped")
            ghdeploy_session.reset()
            deploy("shown")
            assert 0
        """,
    )
    assert [[line for line in section if "POST" in line] for section in sections(result)] == [
        ['  1. POST /repos/octocat/example/deployments {"ref": "shown"}']
    ]


def test_a_diagram_shows_what_was_said_during_the_test(pytester: pytest.Pytester) -> None:
    """The parties of earlier tests are left out too."""
    result = run(
        pytester,
        """
        def test_first(ghdeploy_session):
            ghdeploy_session.add_repository("octocat/example")
            ghdeploy_session.deployer("production", login="first[bot]")
            deploy()

        def test_fails(ghdeploy_session):
            ghdeploy_session.reset()
            ghdeploy_session.add_repository("octocat/example")
            ghdeploy_session.deployer("production", login="second[bot]")
            deploy()
            assert 0
        """,
    )
    (section,) = sections(result)
    assert "second[bot]" in "\n".join(section)
    assert "first[bot]" not in "\n".join(section)


PROBLEMS = """
    def broken(delivery):
        raise AssertionError("the receiver's own")

    def test_missing_endpoint(ghdeploy_session):
        careless()

    def test_passes(ghdeploy_session):
        ghdeploy_session.add_repository("octocat/example")

    def test_receiver(ghdeploy_session):
        hook = ghdeploy_session.webhooks.subscribe(broken, events=["deployment"])
        deploy()
        hook.delete()

    def test_passes_too(ghdeploy_session):
        deploy()

    @pytest.fixture
    def cleaning(ghdeploy_session):
        yield
        careless()

    def test_teardown(cleaning):
        pass

    @pytest.fixture
    def careful(ghdeploy_session):
        careless()

    def test_setup(careful):
        pass

    def test_without_the_fixture():
        careless()

    def test_last(ghdeploy_session):
        pass
"""


def test_a_problem_fails_the_test_in_which_it_happened(pytester: pytest.Pytester) -> None:
    """A missing endpoint, a failed receiver: in setup, call or teardown, and even if the test lacks the fixture."""
    result = run(pytester, PROBLEMS, "-rfE")
    result.assert_outcomes(passed=4, failed=4, errors=1)
    reported = [line.split(" - ")[0] for line in result.outlines if line.startswith(("FAILED", "ERROR "))]
    assert reported == [
        "FAILED test_it.py::test_missing_endpoint",
        "FAILED test_it.py::test_receiver",
        "FAILED test_it.py::test_setup",
        "FAILED test_it.py::test_without_the_fixture",
        "ERROR test_it.py::test_teardown",
    ]


WORKERS = source(
    """
    SEEN = []

    @pytest.mark.parametrize("number", range(8))
    def test_it(ghdeploy_session, number):
        if not SEEN:
            ghdeploy_session.add_repository("octocat/example")
        SEEN.append(deploy().json()["id"])
        deployments = ghdeploy_session.repository("octocat/example").deployments
        assert [deployment.id for deployment in reversed(deployments)] == SEEN
        assert SEEN[0] == 4442074271
    """
)


@pytest.mark.beside(WORKERS, SESSION_IN_TWO_PROCESSES)
def test_each_worker_has_a_sessions_fake(outcome: Outcome) -> None:
    """Under pytest-xdist, each worker's fake has the state of the worker's own tests."""
    assert outcome.counts == {"passed": 8}


def test_a_required_fault_or_stub_belongs_to_the_test_that_adds_it(pytester: pytest.Pytester) -> None:
    """It must be used up in this test, and fails no later one. It stays in effect until a reset."""
    result = run(
        pytester,
        """
        def test_unused(ghdeploy_session):
            ghdeploy_session.faults.add(method="GET", path="/user", status=500)

        def test_unused_stub(ghdeploy_session):
            ghdeploy_session.stub("GET", "/zen", json="Speak like a human.", required=True)

        def test_next(ghdeploy_session):
            pass

        def test_used(ghdeploy_session):
            assert requests.get(API + "/zen").json() == "Speak like a human."
            ghdeploy_session.faults.add(method="GET", path="/user", status=502)
            assert [requests.get(API + "/user", headers=HEADERS).status_code for _ in range(3)] == [500, 502, 200]

        def test_fails_anyway(ghdeploy_session):
            ghdeploy_session.faults.add(method="GET", path="/user", status=500)
            assert "mine" == "yours"

        def test_last(ghdeploy_session):
            ghdeploy_session.reset()
            assert requests.get(API + "/user", headers=HEADERS).status_code == 200
        """,
    )
    result.assert_outcomes(passed=3, failed=3)
    assert [error.partition(":")[2] for error in errors(result) if " was used " in error] == [
        " the fault status=500 for GET /user was used 0 of 1 times",
        " the required stub for GET /zen was used 0 of 1 time",
    ]


def test_a_report_names_no_stub_that_an_earlier_test_has_almost_used(pytester: pytest.Pytester) -> None:
    """The similar request must belong to the test too."""
    result = run(
        pytester,
        """
        def test_near(ghdeploy_session):
            ghdeploy_session.add_repository("octocat/example")
            ghdeploy_session.stub("GET", "/repos/octocat/example/branches", query={"page": 2}, json=[])
            requests.get(API + "/repos/octocat/example/branches")
            assert 0

        def test_silent(ghdeploy_session):
            assert 0
        """,
    )
    result.assert_outcomes(failed=2)
    (section,) = sections(result)
    assert section[-1].startswith("  !  the stub for GET /repos/octocat/example/branches")


@pytest.mark.parametrize("scope", ["module", "class"])
def test_a_fixture_of_ones_own_resets_the_sessions_fake(pytester: pytest.Pytester, scope: str) -> None:
    """A module or class gets its own state by a fixture that calls `reset()` at its end."""
    result = run(
        pytester,
        f"""
        @pytest.fixture(scope="{scope}")
        def github(ghdeploy_session):
            ghdeploy_session.add_repository("octocat/example")
            yield ghdeploy_session
            ghdeploy_session.reset()

        class TestOne:
            def test_first(self, github):
                assert deploy().json()["id"] == 4442074271
                ghdeploy = github.repository("octocat/example")
                assert len(ghdeploy.deployments) == 1

            def test_second(self, github):
                assert len(github.repository("octocat/example").deployments) == 1

        class TestTwo:
            def test_third(self, github):
                assert len(github.repository("octocat/example").deployments) == {1 if scope == "module" else 0}
        """,
    )
    result.assert_outcomes(passed=3)


SOCKETS = source(
    """
    import socket

    def connects():
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            return True

    @pytest.mark.disable_socket
    def test_disabled(ghdeploy_session):
        ghdeploy_session.add_repository("octocat/example")
        assert deploy().status_code == 201

    def test_enabled():
        assert connects()
        assert socket.socket.connect.__module__ == "pytest_ghdeploy.doors.network_guard"

    def test_later(ghdeploy_session):
        assert deploy().status_code == 201
        assert connects()
    """
)


@pytest.mark.beside(SOCKETS, SESSION)
def test_pytest_socket_works_beside_a_sessions_fake(outcome: Outcome) -> None:
    """Sockets that it has disabled for one test work in the next."""
    assert outcome.counts == {"passed": 3}
