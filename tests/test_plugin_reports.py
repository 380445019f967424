"""Where the conversation with a fake is shown when a test fails."""

from __future__ import annotations

import inspect
import re
from xml.etree import ElementTree as ET

import pytest

# Loaded here, since pytester forgets what is loaded inside an inner run.
import pytest_ghdeploy.doors.requests  # noqa: F401

HEADING = "ghdeploy: the conversation with https://api.github.com"
HEADER = """
import pytest
import requests

API = "https://api.github.com/repos/octocat/example"

def get(path=""):
    return requests.get(API + path, headers={"Authorization": "token x"}, timeout=5)
"""
NOT_FOUND = [
    "  1. GET /repos/octocat/example",
    '     404 Not Found "Not Found"',
    "     hint: repository octocat/example was never added; known: none",
]


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run a test module in this process."""
    pytester.makepyfile(test_it=f"{HEADER}\n\n{inspect.cleandoc(source)}\n")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)


def shown(text: str, heading: str = HEADING) -> list[str]:
    """Return the lines of the conversation in *text*, up to the next heading."""
    rest = text.partition(f" {heading} ")[2].splitlines()[1:]
    end = next((number for number, line in enumerate(rest) if re.match(r"---|===|___|>>>|- gen", line)), None)
    return rest[:end]


# Where it is shown


@pytest.mark.parametrize(
    ("source", "tag"),
    [
        ("def test_it(ghdeploy): assert get().ok", "failure"),
        ("def test_it(ghdeploy): get(); pytest.fail('no', pytrace=False)", "failure"),
        ("@pytest.mark.xfail(strict=True)\ndef test_it(ghdeploy): get()", "failure"),
        ("@pytest.fixture\ndef broken(ghdeploy): assert get().ok\ndef test_it(broken): pass", "error"),
        ("@pytest.fixture\ndef broken(ghdeploy): yield; assert get().ok\ndef test_it(broken): pass", "error"),
    ],
)
def test_junit_xml_contains_the_conversation(pytester: pytest.Pytester, source: str, tag: str) -> None:
    """It is in the text of the failure, once, without any option of JUnit XML; the terminal shows it once too."""
    result = run(pytester, source, "--junitxml=report.xml")
    (element,) = ET.parse(pytester.path / "report.xml").iter(tag)  # noqa: S314 - our own file
    text = element.text or ""
    assert text.count(HEADING) == 1
    assert shown(text) == NOT_FOUND
    assert shown(result.stdout.str()) == NOT_FOUND
    assert result.stdout.str().count(HEADING) == 1


def test_the_conversation_is_shown_before_the_prompt_of_pdb(pytester: pytest.Pytester) -> None:
    """`--pdb` shows it with the traceback."""
    pytester.makeconftest(
        """
        class Debugger:
            quitting = False

            def __init__(self, *arguments, **options):
                pass

            def reset(self):
                pass

            def interaction(self, *arguments):
                print(">>> the prompt")
        """
    )
    result = run(pytester, "def test_it(ghdeploy): assert get().ok", "--pdb", "--pdbcls=conftest:Debugger")
    result.assert_outcomes(failed=1)
    before, _, _ = result.stdout.str().partition(">>> the prompt")
    assert shown(before) == NOT_FOUND


def test_output_that_is_not_captured_output_is_shown_without_it(pytester: pytest.Pytester) -> None:
    """`--show-capture=no` hides what the test has printed, and not the conversation."""
    result = run(pytester, "def test_it(ghdeploy): print('hello'); assert get().ok", "--show-capture=no")
    assert shown(result.stdout.str()) == NOT_FOUND
    assert "Captured stdout" not in result.stdout.str()


# How long it is


@pytest.mark.parametrize(("limit", "length"), [(None, 100), ("10", 10), ("0", 300), ("", 100)])
def test_the_ini_file_limits_the_conversation(pytester: pytest.Pytester, limit: str | None, length: int) -> None:
    """`ghdeploy_report_lines` is a number of lines. 0 is no limit."""
    if limit is not None:
        pytester.makeini(f"[pytest]\nghdeploy_report_lines = {limit}")
    source = "def test_it(ghdeploy): assert all([get(f'/tags?page={number}').ok for number in range(100)])"
    assert len(shown(run(pytester, source).stdout.str())) == length


@pytest.mark.parametrize("value", ["-1", "many"])
def test_a_wrong_limit_ends_the_run(pytester: pytest.Pytester, value: str) -> None:
    """Before any test runs, even if none uses the fixture."""
    pytester.makeini(f"[pytest]\nghdeploy_report_lines = {value}")
    result = run(pytester, "def test_it(): pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    expected = f"ERROR: ghdeploy_report_lines must be a whole number, 0 or more, got '{value}'"
    assert [line for line in result.errlines if line] == [expected]


def test_help_describes_the_limit(pytester: pytest.Pytester) -> None:
    """`pytest --help` shows it among the ini options."""
    text = " ".join(" ".join(pytester.runpytest_inprocess("--help").outlines).split())
    meaning = "limit of lines of a conversation in the report of a failed test, 0 for no limit (default: 100)"
    assert f" ghdeploy_report_lines (string): {meaning} " in text


# No request


SILENT = "  !  no request reached the fake: it answers for https://api.github.com in this process"


@pytest.mark.parametrize(
    "source",
    [
        'ghdeploy.assert_event("deployment", ref="main")',
        'ghdeploy.assert_events(["deployment"])',
        'ghdeploy.wait_for_event("deployment", timeout=0.01)',
        'import asyncio; asyncio.run(ghdeploy.async_wait_for_event("deployment", timeout=0.01))',
        'ghdeploy.assert_request("POST", "/repos/octocat/example/deployments")',
        'ghdeploy.assert_delivery("deployment")',
        "ghdeploy.faults.add(status=500)",
    ],
)
def test_an_assertion_without_any_request_says_so(pytester: pytest.Pytester, source: str) -> None:
    """The tool may have used another host, or nothing at all."""
    result = run(pytester, f"def test_it(ghdeploy): {source}")
    assert shown(result.stdout.str()) == [SILENT]


def test_a_server_without_any_request_says_so(pytester: pytest.Pytester) -> None:
    """With its URL, whatever fails, and after what the test has set up."""
    result = run(
        pytester,
        """
        def test_it(ghdeploy, ghdeploy_server):
            ghdeploy.add_repository("octocat/example").add_deployment("main")
            print("served at", ghdeploy_server.url)
            assert 0

        def test_asked(ghdeploy_server):
            requests.get(ghdeploy_server.api_url, timeout=5)
            assert 0
        """,
    )
    first, second = result.stdout.str().split("test_asked ___")
    url = next(line for line in result.outlines if line.startswith("served at")).rpartition(" ")[2]
    assert shown(first)[1:] == [f"{SILENT}, and listens at {url}"]
    assert "no request" not in second


@pytest.mark.parametrize(
    "source",
    [
        "def test_it(ghdeploy): assert 0",
        "def test_it(ghdeploy): get(); ghdeploy.assert_event('deployment')",
        "def test_it(ghdeploy): get(); ghdeploy.reset(); ghdeploy.assert_event('deployment')",
        "def test_it(ghdeploy): ghdeploy.repository('octocat/example')",
    ],
)
def test_otherwise_nothing_is_said_about_requests(pytester: pytest.Pytester, source: str) -> None:
    """Not every test needs one, and a reset does not undo one."""
    assert "no request" not in run(pytester, source).stdout.str()


def test_a_sessions_server_is_named_only_to_the_tests_that_use_it(pytester: pytest.Pytester) -> None:
    """Other tests may need no request. A request of an earlier test does not count."""
    result = run(
        pytester,
        """
        @pytest.fixture(scope="session")
        def served(ghdeploy_session):
            with ghdeploy_session.serve() as server:
                yield server

        def test_asked(served):
            requests.get(served.api_url, timeout=5)

        def test_used(served):
            assert 0

        def test_other():
            assert 0
        """,
    )
    result.assert_outcomes(passed=1, failed=2)
    used, other = result.stdout.str().split("test_other ___")
    assert shown(used)[0].startswith(f"{SILENT}, and listens at http://127.0.0.1:")
    assert "no request" not in other
