"""The plugin for its users: fixtures, marker, options, and the reports of failed tests."""

from __future__ import annotations

import base64
import inspect
import json
import re
import subprocess
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import neighbours
import pytest

# Loaded here, since pytester forgets what is loaded inside an inner run.
import pytest_ghdeploy.doors.httpx
import pytest_ghdeploy.doors.requests
from pytest_ghdeploy import fake
from pytest_ghdeploy.commands import cli
from pytest_ghdeploy.errors import with_page
from pytest_ghdeploy.github.assumptions import Assumptions
from pytest_ghdeploy.http import router
from pytest_ghdeploy.options import OPTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from neighbours import Outcome

TOKEN = "ghp_a1B2c3D4e5F6g7H8i9J0"  # noqa: S105 - nobody's
SWITCHES = {field.name: field.default for field in fields(Assumptions)}
COUNT = len(cli.routes().splitlines())

TOOL = """
    import os
    import requests

    API = "https://api.github.com"
    SESSION = requests.Session()
    SESSION.headers["Authorization"] = "token " + os.environ["DEPLOY_TOKEN"]

    def deploy(ref, api=API, **more):
        return SESSION.post(f"{api}/repos/octocat/example/deployments", json={"ref": ref, **more})

    def milestones(api=API):
        return SESSION.get(f"{api}/repos/octocat/example/milestones")

    def careless(call=milestones):
        try:
            call()
        except Exception:
            pass
"""
UNSUPPORTED = with_page(
    "GET /repos/octocat/example/milestones is GitHub's issues/list-milestones, which this fake does not implement "
    f"(`ghdeploy routes` lists its {COUNT} endpoints). Stub the response: "
    'ghdeploy.stub("GET", "/repos/octocat/example/milestones", status=200, json=…)',
    "an-endpoint-that-the-fake-lacks",
)
HEADING = "ghdeploy: the conversation with https://api.github.com"


@pytest.fixture
def tool(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a small deploy tool next to the test. It reads its token from the environment."""
    monkeypatch.setenv("DEPLOY_TOKEN", TOKEN)
    pytester.makepyfile(tool=TOOL)


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run a test module in this process."""
    pytester.makepyfile(test_it="import json\nimport pytest\n\n" + inspect.cleandoc(source))
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)


def text(result: pytest.RunResult) -> str:
    """Return the output as a string."""
    return "\n".join([*result.outlines, *result.errlines])


def sections(result: pytest.RunResult, heading: str = HEADING) -> list[list[str]]:
    """Find the sections of the report with this heading, line by line."""
    found: list[list[str]] = []
    inside = False
    for line in result.outlines:
        if re.fullmatch(
            r"(-{3,}|={3,}|_{3,}) .+ \1", re.sub(r"([-=_]{3,})$", lambda end: end[1][:3], line)
        ) or re.match(r"[-=_]{3,} ", line):
            inside = line.strip("- ") == heading
            if inside:
                found.append([])
        elif inside:
            found[-1].append(line)
    return found


def error_lines(result: pytest.RunResult) -> list[str]:
    """List the lines with exceptions in pytest's output."""
    return [re.sub(r"^E +", "", line) for line in result.outlines if line.startswith("E ")]


# Fixtures


def test_the_fixture_is_an_active_fake(pytester: pytest.Pytester) -> None:
    """`ghdeploy` answers for api.github.com during the test, and is empty at first."""
    result = run(
        pytester,
        """
        import requests
        import pytest_ghdeploy

        def test_it(ghdeploy):
            assert isinstance(ghdeploy, pytest_ghdeploy.FakeGitHub)
            assert ghdeploy.base_url == "https://api.github.com"
            assert (list(ghdeploy.events), list(ghdeploy.requests)) == ([], [])
            assert requests.get("https://api.github.com/rate_limit").status_code == 200
        """,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.usefixtures("tool")
def test_fixtures_share_the_fake_with_the_test(pytester: pytest.Pytester) -> None:
    """Other fixtures can use the same `ghdeploy` in their setup and teardown."""
    result = run(
        pytester,
        """
        import tool

        @pytest.fixture
        def deployed(ghdeploy):
            ghdeploy.add_repository("octocat/example")
            assert tool.deploy("main").status_code == 201
            yield ghdeploy
            assert tool.deploy("main").status_code == 201
            assert len(ghdeploy.events) == 3

        def test_it(deployed, ghdeploy):
            assert deployed is ghdeploy
            assert tool.deploy("main").status_code == 201
        """,
    )
    result.assert_outcomes(passed=1)


def test_all_patches_are_removed_after_a_test(pytester: pytest.Pytester) -> None:
    """Then requests and sockets have their own functions again."""
    result = run(
        pytester,
        """
        import http.client, socket
        import requests

        def places():
            return [requests.Session.get_adapter, requests.Session.prepare_request, requests.adapters.HTTPAdapter.send,
                    socket.socket.connect, socket.socket.send,
                    http.client.HTTPConnection.putrequest, http.client.HTTPSConnection.connect]

        BEFORE = places()

        def test_during(ghdeploy):
            assert not any(now is before for now, before in zip(places(), BEFORE))

        def test_after():
            assert places() == BEFORE
        """,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.usefixtures("tool")
def test_nothing_is_left_from_test_to_test(pytester: pytest.Pytester) -> None:
    """Each test has a new fake: no repository, event, request, stub, token, time or id of an earlier one."""
    result = run(
        pytester,
        """
        import tool

        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_it(ghdeploy, number):
            assert (list(ghdeploy.events), list(ghdeploy.requests)) == ([], [])
            assert tool.deploy("main").status_code == 404
            repo = ghdeploy.add_repository("octocat/example")
            assert tool.deploy("main").json()["id"] == 4442074271
            ghdeploy.add_token("other-token")
            assert tool.deploy("main").status_code == 401
            ghdeploy.stub("GET", "/user", status=418)
            ghdeploy.clock.tick(100_000)
            assert len(ghdeploy.events) == 1
        """,
    )
    result.assert_outcomes(passed=3)


@pytest.mark.usefixtures("tool")
def test_the_factory_creates_more_fakes(pytester: pytest.Pytester) -> None:
    """`ghdeploy_factory` returns active fakes that share nothing with `ghdeploy`, and closes them."""
    result = run(
        pytester,
        """
        import requests
        import tool

        GHE = "https://ghe.example.com/api/v3"

        def test_it(ghdeploy, ghdeploy_factory):
            other = ghdeploy_factory(base_url=GHE, inactive_events=True)
            third = ghdeploy_factory(base_url="https://third.example.com/api/v3")
            for gh in (ghdeploy, other):
                gh.add_repository("octocat/example")
            assert tool.deploy("main").status_code == tool.deploy("main", api=GHE).status_code == 201
            assert [len(gh.events) for gh in (ghdeploy, other, third)] == [1, 1, 0]
            assert other.events[0].payload["deployment"]["url"].startswith(GHE + "/repos/octocat/example/deployments/")
            other.repository("octocat/example").deployments[0].add_status("inactive")
            ghdeploy.repository("octocat/example").deployments[0].add_status("inactive")
            assert [len(gh.events) for gh in (ghdeploy, other)] == [1, 2]

        def test_alone(ghdeploy_factory):
            fake = ghdeploy_factory()
            assert fake.base_url == "https://api.github.com"
            assert requests.get("https://api.github.com/rate_limit").status_code == 200

        def test_after():
            assert requests.Session.get_adapter.__module__ == "requests.sessions"
        """,
    )
    result.assert_outcomes(passed=3)


def test_the_factory_takes_the_ini_options(pytester: pytest.Pytester) -> None:
    """The ini options apply to fakes of the factory too, unless overridden."""
    pytester.makeini("[pytest]\nghdeploy_short_shas = true\nghdeploy_base_url = https://ghe.example.com/api/v3")
    result = run(
        pytester,
        """
        def test_it(ghdeploy_factory):
            fake = ghdeploy_factory()
            assert (fake.base_url, fake._engine.store.assume.short_shas) == ("https://ghe.example.com/api/v3", True)
            other = ghdeploy_factory(base_url="https://api.github.com", short_shas=False)
            assert (other.base_url, other._engine.store.assume.short_shas) == ("https://api.github.com", False)
        """,
    )
    result.assert_outcomes(passed=1)


# The marker and the options


def test_options_are_the_assumptions_and_three_more() -> None:
    """Every assumption is an option with the same name and default, and so are `FakeGitHub`'s other arguments."""
    assert list(OPTIONS) == ["base_url", "validate", "enterprise_version", *SWITCHES]
    for name, default in SWITCHES.items():
        option = OPTIONS[name]
        assert (option.is_switch, option.is_number) == (type(default) is bool, type(default) is int)
        assert option.default == str(default).lower()
        assert option.meaning
    parameters = inspect.signature(fake.FakeGitHub).parameters
    for name in ("base_url", "validate", "enterprise_version"):
        assert OPTIONS[name].default == parameters[name].default
        assert OPTIONS[name].value


def test_markers_describes_the_marker(pytester: pytest.Pytester) -> None:
    """`pytest --markers` shows the marker with all its arguments."""
    result = pytester.runpytest_inprocess("--markers")
    lines = [line for line in result.outlines if line.startswith("@pytest.mark.ghdeploy")]
    assert lines == [
        (
            "@pytest.mark.ghdeploy(repositories=[...], seed=..., pass_through=[...], base_url=..., validate=..., "
            "enterprise_version=..., inactive_events=..., "
            "auto_inactive_production=..., delete_per_repository=..., neutral_passes=..., short_shas=..., "
            "contexts_before_merge=..., list_all_contexts=..., payload_limit=..., version_text_in_errors=..., "
            "null_is_absent=..., branch_policy_redirect=..., legacy_delivery_headers=..., mergeable_after=..., "
            "stateless_tokens=..., quoted_issuer=...): "
            "set up the fixture ghdeploy for this test, which need not name it; "
            "repositories is a list of full names to add, "
            "seed is a seed file or a list of seed files, relative to the test file, "
            "pass_through is a list of hosts of GitHub to leave to other mocks and the network; "
            "all arguments override the ini options ghdeploy_* of the same names."
        )
    ]
    assert all(f" {name}=..." in lines[0] for name in OPTIONS)


def test_fixtures_describes_the_fixtures(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` shows all fixtures with one sentence each."""
    result = pytester.runpytest_inprocess("--fixtures")
    fixtures = {
        line.partition(" -- ")[0]: result.outlines[number + 1].strip()
        for number, line in enumerate(result.outlines)
        if line.startswith("ghdeploy")
    }
    assert fixtures == {
        "ghdeploy": ("Return a stateful, in-memory GitHub that answers the requests of this process's HTTP clients."),
        "ghdeploy_server": (
            "Return a server of the same fake on a port of 127.0.0.1, for subprocesses: see ``LiveServer``."
        ),
        "ghdeploy_session [session scope]": (
            "Return one fake for all tests of the session, set up by the ini options only. ``reset()`` drops its state."
        ),
        "ghdeploy_factory": (
            "Return a function that creates more active fakes: ``ghdeploy_factory(base_url=…)``. See ``FakeGitHub``."
        ),
    }


@pytest.mark.parametrize("name", OPTIONS)
def test_help_describes_every_option(pytester: pytest.Pytester, name: str) -> None:
    """`pytest --help` shows each ini option with its type, meaning and default."""
    shown = " ".join(text(pytester.runpytest_inprocess("--help")).split())
    option = OPTIONS[name]
    kind = "bool" if option.is_switch else "string"
    assert f" ghdeploy_{name} ({kind}): {option.meaning} (default: {option.default}) " in shown


OTHERS = {
    "base_url": "https://ghe.example.com/api/v3",
    "validate": "all",
    "enterprise_version": "3.17.4",
    "payload_limit": 77,
    "branch_policy_redirect": "policy",
    "mergeable_after": 2,
}
VALUES: dict[str, Any] = {name: OTHERS.get(name, True) for name in OPTIONS}
READ = """
        def read(fake, name):
            if name in ("base_url", "validate", "enterprise_version"):
                return getattr(fake._engine, name)
            return getattr(fake._engine.store.assume, name)
"""


@pytest.mark.parametrize("name", VALUES)
def test_each_option_can_be_set_in_the_ini_file(pytester: pytest.Pytester, name: str) -> None:
    """An ini option applies to every test; without it, the default applies."""
    pytester.makeini(f"[pytest]\nghdeploy_{name} = {VALUES[name]}")
    source = f"{READ}\n        def test_it(ghdeploy):\n            assert read(ghdeploy, {name!r}) == {{!r}}\n"
    run(pytester, source.format(VALUES[name])).assert_outcomes(passed=1)
    pytester.makeini("[pytest]\n")
    default = SWITCHES.get(name, OPTIONS[name].default)
    run(pytester, source.format(default)).assert_outcomes(passed=1)


@pytest.mark.parametrize("name", VALUES)
def test_each_option_can_be_set_by_the_marker(pytester: pytest.Pytester, name: str) -> None:
    """A marker argument applies to its test only, and overrides the ini file."""
    default = SWITCHES.get(name, OPTIONS[name].default)
    pytester.makeini(f"[pytest]\nghdeploy_{name} = {VALUES[name]}")
    result = run(
        pytester,
        f"""{READ}
        @pytest.mark.ghdeploy({name}={default!r})
        def test_marked(ghdeploy):
            assert read(ghdeploy, {name!r}) == {default!r}

        def test_other(ghdeploy):
            assert read(ghdeploy, {name!r}) == {VALUES[name]!r}
        """,
    )
    result.assert_outcomes(passed=2)
    pytester.makeini("[pytest]\n")
    result = run(
        pytester,
        f"""{READ}
        @pytest.mark.ghdeploy({name}={VALUES[name]!r})
        def test_marked(ghdeploy):
            assert read(ghdeploy, {name!r}) == {VALUES[name]!r}
        """,
    )
    result.assert_outcomes(passed=1)


def test_an_option_changes_the_behaviour(pytester: pytest.Pytester) -> None:
    """`inactive_events` makes `inactive` dispatch its event, by marker and by ini file."""
    source = """
        def dispatched(ghdeploy):
            deployment = ghdeploy.add_repository("octocat/example").add_deployment(ref="main")
            deployment.add_status("inactive")
            return [event.name for event in ghdeploy.events]

        @pytest.mark.ghdeploy(inactive_events={0})
        def test_marked(ghdeploy):
            assert dispatched(ghdeploy) == ["deployment", "deployment_status"][:1 + {0}]

        def test_other(ghdeploy):
            assert dispatched(ghdeploy) == ["deployment", "deployment_status"][:1 + (not {0})]
    """
    run(pytester, source.format("True")).assert_outcomes(passed=2)
    pytester.makeini("[pytest]\nghdeploy_inactive_events = true")
    run(pytester, source.format("False")).assert_outcomes(passed=2)


def test_the_marker_adds_repositories(pytester: pytest.Pytester) -> None:
    """`repositories` exist when the test starts; any sequence is allowed, and no events are dispatched."""
    result = run(
        pytester,
        """
        @pytest.mark.ghdeploy(repositories=["octocat/example", "acme/shop"])
        def test_list(ghdeploy):
            assert [ghdeploy.repository(name).full_name for name in ("octocat/example", "acme/shop")]
            assert list(ghdeploy.events) == []

        @pytest.mark.ghdeploy(repositories=("octocat/example",))
        def test_tuple(ghdeploy):
            assert ghdeploy.repository("octocat/example").default_branch == "main"
        """,
    )
    result.assert_outcomes(passed=2)


def test_the_closest_marker_wins(pytester: pytest.Pytester) -> None:
    """Each argument comes from the closest of several markers: function, then class, then module."""
    result = run(
        pytester,
        """
        pytestmark = pytest.mark.ghdeploy(repositories=["module/one"], payload_limit=1, short_shas=True)

        def summary(gh):
            assume = gh._engine.store.assume
            names = [row.full_name for row in gh._engine.store.repositories]
            return names, assume.payload_limit, assume.short_shas, assume.neutral_passes

        def test_module(ghdeploy):
            assert summary(ghdeploy) == (["module/one"], 1, True, False)

        @pytest.mark.ghdeploy(payload_limit=2, neutral_passes=True)
        class TestIt:
            def test_class(self, ghdeploy):
                assert summary(ghdeploy) == (["module/one"], 2, True, True)

            @pytest.mark.ghdeploy(payload_limit=3, repositories=["function/one"])
            def test_function(self, ghdeploy):
                assert summary(ghdeploy) == (["function/one"], 3, True, True)

        @pytest.mark.ghdeploy(payload_limit=4)
        @pytest.mark.ghdeploy(payload_limit=5, short_shas=False)
        def test_two(ghdeploy):
            assert summary(ghdeploy) == (["module/one"], 5, False, False)
        """,
    )
    result.assert_outcomes(passed=4)


def test_the_marker_is_known_to_strict_pytest(pytester: pytest.Pytester) -> None:
    """The marker passes `--strict-markers`, even where the fixture is not used."""
    result = run(
        pytester,
        """
        @pytest.mark.ghdeploy(short_shas=True)
        def test_it():
            pass
        """,
        "--strict-markers",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            "short_sha=True",
            ("pytest_ghdeploy.FakeError: unknown argument 'short_sha' of the marker ghdeploy; known: "
            "short_shas, repositories, seed, pass_through, base_url, validate, enterprise_version, inactive_events, "
            "auto_inactive_production, delete_per_repository, neutral_passes, contexts_before_merge, "
            "list_all_contexts, payload_limit, version_text_in_errors, null_is_absent, branch_policy_redirect, "
            "legacy_delivery_headers, mergeable_after, stateless_tokens and 1 more"),
        ),
        (
            "'octocat/example'",
            "*the marker ghdeploy takes only keyword arguments, such as repositories=[[]...]",
        ),
        ("short_shas='yes'", "pytest_ghdeploy.FakeError: short_shas must be True or False, got 'yes'"),
        ("short_shas=1", "pytest_ghdeploy.FakeError: short_shas must be True or False, got 1"),
        (
            "payload_limit='much'",
            "pytest_ghdeploy.FakeError: payload_limit must be a whole number, 0 or more, got 'much'",
        ),
        ("validate=True", 'pytest_ghdeploy.FakeError: validate must be "requests" or "all", got True'),
        (
            "base_url='ghe.example.com'",
            ("pytest_ghdeploy.FakeError: base_url must be the root of an API, https://api.github.com or "
            "https://HOST/api/v3; got 'ghe.example.com'"),
        ),
        (
            "repositories=['example']",
            ("pytest_ghdeploy.FakeError: invalid repository name 'example': use \"owner/name\", with letters, digits, "
            '".", "_" and "-"'),
        ),
        ("repositories='octocat/example'", "*repositories must be a list *, got 'octocat/example'"),
        ("repositories=None", "*repositories must be a list *, got None"),
        ("repositories=[7]", "*repositor* 7*"),
        ("pass_through='github.com'", "*FakeError: pass_through must be a list of hosts, got 'github.com'"),
        (
            "pass_through=['api.github.com']",
            "*FakeError: a fake answers for api.github.com, so it cannot be passed through; *",
        ),
        (
            "seed=7",
            "pytest_ghdeploy.FakeError: a seed must be a file path or a mapping, got a number",
        ),
        (
            "seed='nope.toml'",
            "pytest_ghdeploy.FakeError: /*/nope.toml: cannot read this seed file: No such file or directory",
        ),
        (
            "seed={'tokens': [7]}",
            "pytest_ghdeploy.FakeError: tokens[[]0] must be a string or a mapping, got a number",
        ),
    ],
)  # fmt: skip
def test_an_invalid_marker_is_one_error(pytester: pytest.Pytester, arguments: str, expected: str) -> None:
    """The error is one line with the known values, and the next test is not affected."""
    result = run(
        pytester,
        f"""
        import requests

        @pytest.mark.ghdeploy({arguments})
        def test_marked(ghdeploy):
            pass

        def test_other(ghdeploy):
            pass

        def test_after():
            assert requests.Session.get_adapter.__module__ == "requests.sessions"
        """,
    )
    result.assert_outcomes(errors=1, passed=2)
    lines = error_lines(result)
    assert len(lines) == 1, lines
    pytest.LineMatcher(lines).fnmatch_lines([expected])


@pytest.mark.parametrize("how", ["ini", "pyproject", "command line"])
def test_an_unknown_option_ends_the_run(pytester: pytest.Pytester, how: str) -> None:
    """A typo in the name of an option is refused before any test runs, with the known names."""
    arguments = []
    if how == "ini":
        pytester.makeini("[pytest]\nghdeploy_short_sha = true")
    elif how == "pyproject":
        pytester.makepyprojecttoml("[tool.pytest.ini_options]\nghdeploy_short_sha = true")
    else:
        arguments = ["-o", "ghdeploy_short_sha=true"]
    result = run(pytester, "def test_it(): pass", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line] == [
        (
            "ERROR: unknown option ghdeploy_short_sha; known: ghdeploy_base_url, ghdeploy_validate, "
            "ghdeploy_enterprise_version, "
            "ghdeploy_inactive_events, ghdeploy_auto_inactive_production, ghdeploy_delete_per_repository, "
            "ghdeploy_neutral_passes, ghdeploy_short_shas, ghdeploy_contexts_before_merge, ghdeploy_list_all_contexts, "
            "ghdeploy_payload_limit, ghdeploy_version_text_in_errors, ghdeploy_null_is_absent, "
            "ghdeploy_branch_policy_redirect, ghdeploy_legacy_delivery_headers, ghdeploy_mergeable_after, "
            "ghdeploy_stateless_tokens, ghdeploy_quoted_issuer, "
            "ghdeploy_repositories, ghdeploy_seed, ghdeploy_pass_through, ghdeploy_report_lines"
        )
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("validate = everything", '*validate must be "requests" or "all", got \'everything\''),
        ("base_url = ghe.example.com", "*base_url must be the root of an API, *; got 'ghe.example.com'"),
        ("payload_limit = -1", "*payload_limit must be a whole number, 0 or more, got -1"),
        ("payload_limit = much", "*payload_limit must be a whole number, 0 or more, got 'much'"),
        ("short_shas = perhaps", "*ghdeploy_short_shas*'perhaps'*"),
        ("branch_policy_redirect = nowhere", '*branch_policy_redirect must be "list" or "policy", got \'nowhere\''),
    ],
)
def test_a_wrong_value_in_the_ini_file_names_the_option(pytester: pytest.Pytester, line: str, expected: str) -> None:
    """The error names the option, its valid values and the invalid one."""
    pytester.makeini(f"[pytest]\nghdeploy_{line}")
    result = run(pytester, "def test_it(ghdeploy): pass")
    assert result.ret != 0
    assert result.parseoutcomes().get("passed", 0) == 0
    pytest.LineMatcher([*error_lines(result), *result.errlines]).fnmatch_lines([expected])


def test_an_empty_value_in_the_ini_file_is_the_default(pytester: pytest.Pytester) -> None:
    """`ghdeploy_payload_limit =` is the same as no line; 0 is a value."""
    source = "def test_it(ghdeploy): assert ghdeploy._engine.store.assume.payload_limit == {}"
    pytester.makeini("[pytest]\nghdeploy_payload_limit =\nghdeploy_base_url =\n")
    run(pytester, source.format(65535)).assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nghdeploy_payload_limit = 0\n")
    run(pytester, source.format(0)).assert_outcomes(passed=1)


# Seed files

ONE = '{"repositories": ["octocat/one"]}'
TWO = 'repositories = ["octocat/two"]'
NAMES = """
        def names(fake):
            return [row.full_name for row in fake._engine.store.repositories]
"""


@pytest.fixture
def folders(pytester: pytest.Pytester) -> None:
    """Put seed files next to the ini file and next to the tests; run pytest from another folder."""
    inner = pytester.mkdir("inner")
    (pytester.path / "top.json").write_text(ONE, "utf-8")
    (inner / "beside.toml").write_text(TWO, "utf-8")
    (inner / "bad.json").write_text('{"repositories": [\n{"full_nme": "o/r"}]}', "utf-8")


def run_inside(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run a test module in the folder with the seed files."""
    text = "import pathlib\nimport pytest\n\n" + inspect.cleandoc(NAMES) + "\n\n" + inspect.cleandoc(source)
    (pytester.path / "inner" / "test_it.py").write_text(text, "utf-8")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)


@pytest.mark.usefixtures("folders")
def test_the_marker_loads_seed_files(pytester: pytest.Pytester) -> None:
    """A path relative to the file of the test, an absolute path, a mapping, or a list of these, in order."""
    top = str(pytester.path / "top.json")
    result = run_inside(
        pytester,
        f"""
        @pytest.mark.ghdeploy(seed="beside.toml")
        def test_relative(ghdeploy):
            assert names(ghdeploy) == ["octocat/two"]

        @pytest.mark.ghdeploy(seed=pathlib.Path({top!r}))
        def test_absolute(ghdeploy):
            assert names(ghdeploy) == ["octocat/one"]

        @pytest.mark.ghdeploy(seed=["beside.toml", "../top.json", {{"repositories": ["octocat/three"]}}])
        def test_list(ghdeploy):
            assert names(ghdeploy) == ["octocat/two", "octocat/one", "octocat/three"]

        @pytest.mark.ghdeploy(seed={{"users": [{{"login": "org", "type": "Organization"}}]}}, repositories=["org/last"])
        def test_before_repositories(ghdeploy):
            assert names(ghdeploy) == ["org/last"]
            assert ghdeploy.repository("org/last").owner.type == "Organization"

        @pytest.mark.ghdeploy(seed="beside.toml")
        class TestIt:
            def test_class(self, ghdeploy):
                assert names(ghdeploy) == ["octocat/two"]

            @pytest.mark.ghdeploy(seed=[])
            def test_none(self, ghdeploy):
                assert names(ghdeploy) == []

        def test_working_directory(ghdeploy, monkeypatch):
            ghdeploy.seed("top.json")
            monkeypatch.chdir("inner")
            ghdeploy.seed("beside.toml")
            assert names(ghdeploy) == ["octocat/one", "octocat/two"]
            ghdeploy.reset()
            assert names(ghdeploy) == []

        @pytest.mark.ghdeploy(seed="beside.toml")
        def test_server(ghdeploy_server, ghdeploy):
            assert names(ghdeploy) == ["octocat/two"]
        """,
    )
    result.assert_outcomes(passed=8)


@pytest.mark.parametrize("how", ["ini", "pyproject", "command line"])
@pytest.mark.usefixtures("folders")
def test_the_ini_file_loads_seed_files(pytester: pytest.Pytester, how: str) -> None:
    """Paths are relative to the ini file. They apply to tests without a seed in the marker, and to the factory."""
    arguments = []
    if how == "ini":
        pytester.makeini("[pytest]\nghdeploy_seed = top.json inner/beside.toml")
    elif how == "pyproject":
        pytester.makepyprojecttoml('[tool.pytest.ini_options]\nghdeploy_seed = ["top.json", "inner/beside.toml"]')
    else:
        pytester.makeini("[pytest]\n")
        arguments = ["-o", "ghdeploy_seed=top.json inner/beside.toml"]
    result = run_inside(
        pytester,
        """
        @pytest.mark.parametrize("number", [1, 2])
        def test_each(ghdeploy, number):
            assert names(ghdeploy) == ["octocat/one", "octocat/two"]

        @pytest.mark.ghdeploy(seed="beside.toml")
        def test_marked(ghdeploy):
            assert names(ghdeploy) == ["octocat/two"]

        @pytest.mark.ghdeploy(seed=None, repositories=["o/r"])
        def test_without(ghdeploy):
            assert names(ghdeploy) == ["o/r"]

        def test_factory(ghdeploy_factory):
            assert names(ghdeploy_factory()) == ["octocat/one", "octocat/two"]
            assert names(ghdeploy_factory(base_url="https://ghe.example.com/api/v3", seed="beside.toml")) == [
                "octocat/two"
            ]
            assert names(ghdeploy_factory(base_url="https://other.example.com/api/v3", seed=None)) == []
        """,
        *arguments,
    )
    result.assert_outcomes(passed=5)


@pytest.mark.usefixtures("folders")
def test_an_empty_seed_option_loads_nothing(pytester: pytest.Pytester) -> None:
    """`ghdeploy_seed =` is the same as no line."""
    pytester.makeini("[pytest]\nghdeploy_seed =\n")
    run_inside(pytester, "def test_it(ghdeploy): assert names(ghdeploy) == []").assert_outcomes(passed=1)


@pytest.mark.usefixtures("folders")
def test_a_bad_seed_file_is_one_error_in_one_line(pytester: pytest.Pytester) -> None:
    """It names file and line, in setup or at the call of the factory; no patches of HTTP clients are left."""
    result = run_inside(
        pytester,
        """
        import requests

        @pytest.mark.ghdeploy(seed="bad.json")
        def test_marked(ghdeploy):
            pass

        def test_factory(ghdeploy_factory):
            ghdeploy_factory(seed="bad.json")

        def test_call(ghdeploy):
            ghdeploy.seed(pathlib.Path(__file__).with_name("bad.json"))

        def test_after():
            assert requests.Session.get_adapter.__module__ == "requests.sessions"
        """,
    )
    result.assert_outcomes(errors=1, failed=2, passed=1)
    expected = (
        f"pytest_ghdeploy.FakeError: {pytester.path / 'inner' / 'bad.json'}: unknown key 'full_nme' in "
        "repositories[0]; known: full_name, default_branch, private, deploy_keys_enabled, environments_protected, "
        "branches, commits, merge_conflicts, tags, "
        "refs, protected_branches, collaborators, deploy_keys, commit_statuses, check_runs, commit_comments, labels, "
        "pull_requests, environments, releases and 3 more"
    )
    assert error_lines(result) == [expected] * 3


def test_help_describes_the_seed_option(pytester: pytest.Pytester) -> None:
    """`pytest --help` shows it among the ini options."""
    shown = " ".join(text(pytester.runpytest_inprocess("--help")).split())
    meaning = "seed files to load into the fake of each test, relative to the file with this option (default: none)"
    assert f" ghdeploy_seed (paths): {meaning} " in shown


@pytest.mark.slow
def test_without_a_seed_its_modules_are_not_imported(pytester: pytest.Pytester) -> None:
    """Tests without a seed do not pay for it."""
    pytester.makepyfile(
        """
        import sys

        def test_it(ghdeploy):
            ghdeploy.add_repository("octocat/example")
            assert not {"pytest_ghdeploy.seeds.seed", "pytest_ghdeploy.data_files"} & set(sys.modules)
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:anyio")
    result.assert_outcomes(passed=1)


# The section of a failed test


@pytest.mark.usefixtures("tool")
def test_a_failed_test_shows_the_whole_conversation(pytester: pytest.Pytester) -> None:
    """Requests, responses, hints of refusals and events are shown in order; long bodies are cut."""
    result = run(
        pytester,
        """
        import tool

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_it(ghdeploy):
            repo = ghdeploy.repository("octocat/example")
            repo.add_branch("old", behind=1)
            repo.add_commit_status("main", state="pending", context="ci")
            tool.deploy("old")
            tool.deploy("old", environment="qa")
            tool.deploy("main")
            tool.deploy("mian")
            repo.deployments[0].add_status("success")
            tool.deploy("main", payload="x" * 300, required_contexts=[])
            tool.SESSION.get(tool.API + "/repos/octocat/example/deployments?per_page=1&page=2")
            tool.SESSION.get(tool.API + "/repos/octocat/exmaple")
            tool.SESSION.delete(tool.API + f"/repos/octocat/example/deployments/{repo.deployments[0].id}")
            ghdeploy.stub("GET", "/repos/octocat/example/milestones", json=[1, 2])
            tool.milestones()
            assert not ghdeploy.events
        """,
    )
    result.assert_outcomes(failed=1)
    (section,) = sections(result)
    assert section == [
        "     event status: id 27000000011, state pending, context ci (octocat/example)",
        '  1. POST /repos/octocat/example/deployments {"ref": "old"}',
        '     202 Accepted "Auto-merged main into old on deployment."',
        (
            "     hint: no deployment was created, so the response has no id: main was merged into old; "
            "send the request again to deploy it"
        ),
        "     event push: ref refs/heads/old (octocat/example)",
        '  2. POST /repos/octocat/example/deployments {"ref": "old", "environment": "qa"}',
        "     201 Created id 4442074271, environment qa, ref old, sha 10dd01d",
        "     event deployment.created: id 4442074271, environment qa, ref old (octocat/example)",
        '  3. POST /repos/octocat/example/deployments {"ref": "main"}',
        '     409 Conflict "Conflict: Commit status checks failed for main." [ci: pending]',
        "     hint: 734ea46, the commit of main: ci is pending; required_contexts=[] deploys it regardless",
        '  4. POST /repos/octocat/example/deployments {"ref": "mian"}',
        '     422 Unprocessable Entity "No ref found for: mian"',
        "     hint: octocat/example has no branch, tag or commit 'mian'; known: main, old",
        "     event deployment_status.created: id 12690168079, state success, environment qa (octocat/example)",
        '  5. POST /repos/octocat/example/deployments {"ref": "main", "payload": "' + "x" * 172 + "… (355 bytes)",
        "     201 Created id 4442074278, environment production, ref main, sha 734ea46",
        "     event deployment.created: id 4442074278, environment production, ref main (octocat/example)",
        "  6. GET /repos/octocat/example/deployments?per_page=1&page=2",
        "     200 OK 1 of 2, page 2 of 2",
        "  7. GET /repos/octocat/exmaple",
        '     404 Not Found "Not Found"',
        "     hint: repository octocat/exmaple was never added; known: octocat/example",
        "  8. DELETE /repos/octocat/example/deployments/4442074278",
        "     204 No Content",
        "  9. GET /repos/octocat/example/milestones",
        "     200 OK 2 items",
    ]


@pytest.mark.usefixtures("tool")
def test_no_section_without_requests_or_events(pytester: pytest.Pytester) -> None:
    """A test that passes, and one without the fixture, have no section either."""
    result = run(
        pytester,
        """
        import tool

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_passes(ghdeploy):
            tool.deploy("main")

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_silent(ghdeploy):
            assert 0

        def test_without():
            assert 0
        """,
        "-rA",
    )
    result.assert_outcomes(passed=1, failed=2)
    assert "conversation" not in text(result)


@pytest.mark.usefixtures("tool")
def test_a_test_that_fails_as_expected_has_its_outcome(pytester: pytest.Pytester) -> None:
    """xfail, skip and strict xfail work as usual; only a real failure gets a section."""
    result = run(
        pytester,
        """
        import tool
        pytestmark = pytest.mark.ghdeploy(repositories=["octocat/example"])

        @pytest.mark.xfail
        def test_xfail(ghdeploy):
            tool.deploy("main")
            assert 0

        def test_skip(ghdeploy):
            tool.deploy("main")
            pytest.skip("not today")

        @pytest.mark.xfail(strict=True)
        def test_xpass(ghdeploy):
            tool.deploy("main")
        """,
    )
    result.assert_outcomes(xfailed=1, skipped=1, failed=1)
    assert len(sections(result)) == 1


@pytest.mark.usefixtures("tool")
def test_failures_in_setup_and_teardown_show_the_conversation_too(pytester: pytest.Pytester) -> None:
    """The report of a failing fixture has the section, before or after the test."""
    result = run(
        pytester,
        """
        import tool
        pytestmark = pytest.mark.ghdeploy(repositories=["octocat/example"])

        @pytest.fixture
        def before(ghdeploy):
            tool.deploy("before")
            raise ValueError("set-up")

        @pytest.fixture
        def after(ghdeploy):
            yield
            tool.deploy("after")
            raise ValueError("tear-down")

        def test_before(before):
            pass

        def test_after(after):
            tool.deploy("during")
        """,
    )
    result.assert_outcomes(errors=2, passed=1)
    assert error_lines(result) == ["ValueError: set-up", "ValueError: tear-down"]
    posts = [[line for line in section if "POST" in line] for section in sections(result)]
    post = "POST /repos/octocat/example/deployments"
    assert posts == [
        [f'  1. {post} {{"ref": "before"}}'],
        [f'  1. {post} {{"ref": "during"}}', f'  2. {post} {{"ref": "after"}}'],
    ]


@pytest.mark.usefixtures("tool")
def test_two_fakes_have_two_sections(pytester: pytest.Pytester) -> None:
    """Each fake shows its own conversation, with its own root."""
    result = run(
        pytester,
        """
        import tool

        def test_it(ghdeploy, ghdeploy_factory):
            other = ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
            silent = ghdeploy_factory(base_url="https://silent.example.com/api/v3")
            tool.deploy("one")
            tool.deploy("two", api="https://ghe.example.com/api/v3")
            assert 0
        """,
    )
    result.assert_outcomes(failed=1)
    for root, ref in (("https://api.github.com", "one"), ("https://ghe.example.com/api/v3", "two")):
        assert sections(result, f"ghdeploy: the conversation with {root}") == [
            [
                f'  1. POST /repos/octocat/example/deployments {{"ref": "{ref}"}}',
                '     404 Not Found "Not Found"',
                "     hint: repository octocat/example was never added; known: none",
            ]
        ]
    assert "silent.example.com" not in "".join(line for line in result.outlines if line.startswith("---"))


@pytest.mark.usefixtures("tool")
def test_a_repeated_test_shows_only_its_own_conversation(pytester: pytest.Pytester) -> None:
    """A plugin may run an item several times; each section shows only its own run."""
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, nextitem=nextitem, log=False)
            item._initrequest()
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            runtestprotocol(item, nextitem=nextitem)
            return True
        """
    )
    result = run(
        pytester,
        """
        import tool

        def test_it(ghdeploy):
            tool.deploy("main")
            assert 0
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert 0"])
    assert [len(section) for section in sections(result)] == [3]


def test_fakes_do_not_outlive_their_tests(pytester: pytest.Pytester) -> None:
    """Pytest keeps its items until the end of the session, but their fakes are freed."""
    result = run(
        pytester,
        """
        import gc
        from pytest_ghdeploy import FakeGitHub

        @pytest.mark.ghdeploy(base_url="https://one.outlived.example.com")
        @pytest.mark.parametrize("number", range(5))
        def test_one(ghdeploy, ghdeploy_factory, number):
            ghdeploy_factory(base_url="https://two.outlived.example.com").add_repository("octocat/example")

        def test_none_is_left():
            gc.collect()
            fakes = [thing for thing in gc.get_objects() if isinstance(thing, FakeGitHub)]
            assert [fake for fake in fakes if "outlived" in fake.base_url] == []
        """,
    )
    result.assert_outcomes(passed=6)


def test_clearing_events_does_not_rewrite_history(pytester: pytest.Pytester) -> None:
    """After `events.clear()` the section still shows the events."""
    result = run(
        pytester,
        """
        def test_it(ghdeploy):
            ghdeploy.add_repository("octocat/example").add_deployment(ref="main")
            ghdeploy.events.clear()
            ghdeploy.assert_event("deployment")
        """,
    )
    (section,) = sections(result)
    assert (
        section[0] == "     event deployment.created: id 4442074271, environment production, ref main (octocat/example)"
    )


# Secrets

NOISY = ("-vv", "-l", "--tb=long", "-rA", "--capture=tee-sys", "--log-level=DEBUG", "-o", "log_cli=true")


def check_nothing_secret(pytester: pytest.Pytester, result: pytest.RunResult) -> None:
    """Search all output for the token, in plain text and as basic authentication encodes it."""
    written = text(result) + (pytester.path / "report.xml").read_text("utf-8")
    assert "ghdeploy: the conversation" in written
    for secret in (
        TOKEN,
        *(base64.b64encode(pair.encode()).decode() for pair in (f"octocat:{TOKEN}", f"{TOKEN}:x-oauth-basic")),
    ):
        assert secret not in written


@pytest.mark.parametrize(
    "use",
    [
        "tool.deploy('main')",
        "tool.deploy('main', payload={'token': os.environ['DEPLOY_TOKEN']})",
        "tool.deploy(os.environ['DEPLOY_TOKEN'])",
        "tool.SESSION.get(tool.API + '/repos/octocat/example?access_token=' + os.environ['DEPLOY_TOKEN'])",
        "tool.SESSION.get(tool.API + '/repos/octocat/example/commits/' + os.environ['DEPLOY_TOKEN'])",
        "requests.get(tool.API + '/user', auth=('octocat', os.environ['DEPLOY_TOKEN']))",
        "requests.get(tool.API + '/user', auth=(os.environ['DEPLOY_TOKEN'], 'x-oauth-basic'))",
        "requests.get('https://octocat:' + os.environ['DEPLOY_TOKEN'] + '@api.github.com/user')",
        "requests.get(tool.API + '/user', headers={'Authorization': 'Bearer ' + os.environ['DEPLOY_TOKEN']})",
    ],
)
@pytest.mark.usefixtures("tool")
def test_a_report_contains_no_secret(pytester: pytest.Pytester, use: str) -> None:
    """The token is nowhere in pytest's output or junit xml, however it was sent, at any verbosity."""
    result = run(
        pytester,
        f"""
        import os
        import requests
        import tool

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_it(ghdeploy):
            {use}
            assert ghdeploy.requests == ()
        """,
        *NOISY,
        "--junitxml=report.xml",
        "-o",
        "junit_logging=all",
    )
    result.assert_outcomes(failed=1)
    check_nothing_secret(pytester, result)


@pytest.mark.parametrize(
    "use", ["tool.milestones()", "tool.careless()", "tool.deploy('main')", "tool.careless(tool.user)"]
)
@pytest.mark.usefixtures("tool")
def test_locals_of_the_fake_contain_no_secret(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    """If a traceback has frames of the fake, `--showlocals` shows no token from them."""

    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("boom")

    for operation_id in ("repos/create-deployment", "users/get-authenticated"):
        break_handler(monkeypatch, operation_id, broken)
    result = run(
        pytester,
        f"""
        import tool

        tool.user = lambda: tool.SESSION.get(tool.API + "/user")

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_it(ghdeploy):
            {use}
        """,
        *NOISY,
        "--junitxml=report.xml",
    )
    result.assert_outcomes(failed=1)
    check_nothing_secret(pytester, result)


@pytest.mark.parametrize("options", [(), ("-l",), ("-l", "--full-trace"), ("-l", "-vv", "--tb=short")], ids=str)
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("seed=SEEDS[0]", "users[0]: invalid login "),
        ("seed=[SEEDS[1], *SEEDS]", "users[0]: invalid login "),
        ("seed=SEEDS[1], validate='some'", 'validate must be "requests" or "all", got \'some\''),
        ("seed=SEEDS[1], repositories=['o/r', 'nobody']", "invalid repository name 'nobody'"),
        ("seed=SEEDS[1], repositories=7", "repositories must be a list of full names, got 7"),
        ("seed=SEEDS[1], sed=1", "unknown argument 'sed' of the marker ghdeploy"),
    ],
)
def test_a_refused_seed_shows_no_secret(
    pytester: pytest.Pytester, more: str, said: str, options: tuple[str, ...]
) -> None:
    """Whether it is in a marker, next to another mistake, or passed to the factory."""
    pytester.makepyfile(
        seeds=f"""
        BAD = {{"tokens": ["{TOKEN}"], "webhooks": [{{"url": "http://127.0.0.1:1/", "secret": "{TOKEN}"}}]}}
        SEEDS = [BAD | {{"users": ["a b"]}}, {{"tokens": ["{TOKEN}"]}}]
        """
    )
    factory = more.replace("repositories=", "wrong=").replace("sed=", "wrong=")
    # Its own frames hold what a test gives, and pytest was asked to show all of them.
    call = f"ghdeploy_factory({factory})" if "--full-trace" not in options else "pytest.fail('wrong')"
    result = run(
        pytester,
        f"""
        from seeds import SEEDS

        @pytest.mark.ghdeploy({more})
        def test_it(ghdeploy):
            raise AssertionError

        def test_factory(ghdeploy_factory):
            {call}

        def test_after():
            assert requests.Session.get_adapter.__module__ == "requests.sessions"
        """.replace("from seeds", "import requests\n        from seeds"),
        *options,
    )
    result.assert_outcomes(errors=1, failed=1, passed=1)
    assert said in text(result)
    assert TOKEN not in text(result)


def test_a_comparison_of_tokens_shows_no_text(pytester: pytest.Pytester) -> None:
    """The difference of two tokens is shown without their texts."""
    result = run(
        pytester,
        f"""
        def test_it(ghdeploy):
            assert ghdeploy.add_token("{TOKEN[:-1]}" + "1") == ghdeploy.add_token("{TOKEN[:-1]}" + "2", user="mona")
        """,
        "-vv",
    )
    result.assert_outcomes(failed=1)
    lines = [line for line in result.outlines if line.startswith("E ")]
    assert any("login='mona'" in line for line in lines)
    assert TOKEN[:-1] not in "\n".join(lines)


# What must not go unnoticed


def break_handler(monkeypatch: pytest.MonkeyPatch, operation_id: str, broken: Any) -> None:  # noqa: ANN401 - any handler
    """Replace the handler of an endpoint."""
    endpoint = router.endpoints()[operation_id]
    module = inspect.getmodule(endpoint.handler)
    assert module is not None
    operation = {"repos/create-deployment": "create", "users/get-authenticated": "_repositories"}[operation_id]
    monkeypatch.setattr(module, operation, broken)


@pytest.mark.usefixtures("tool")
def test_a_swallowed_unsupported_request_fails_the_test(pytester: pytest.Pytester) -> None:
    """It is a failure and not an error, with the full reason, if a tool swallows `UnsupportedRequest`."""
    result = run(
        pytester,
        """
        import tool

        def test_it(ghdeploy):
            tool.careless()

        def test_other(ghdeploy):
            pass
        """,
    )
    result.assert_outcomes(failed=1, passed=1)
    assert error_lines(result) == [f"pytest_ghdeploy.UnsupportedRequest: {UNSUPPORTED}"]
    assert sections(result) == [[f"  !  UnsupportedRequest: {UNSUPPORTED}"]]


@pytest.mark.usefixtures("tool")
def test_an_unsupported_request_is_reported_once(pytester: pytest.Pytester) -> None:
    """If the error reaches the test itself, the teardown adds nothing."""
    result = run(
        pytester,
        """
        import tool

        def test_it(ghdeploy):
            tool.milestones()
        """,
    )
    result.assert_outcomes(failed=1)
    assert error_lines(result) == [f"pytest_ghdeploy.UnsupportedRequest: {UNSUPPORTED}"]


@pytest.mark.usefixtures("tool")
def test_a_test_that_fails_anyway_is_reported_once(pytester: pytest.Pytester) -> None:
    """A swallowed error adds nothing to a test that fails for another reason."""
    result = run(
        pytester,
        """
        import tool

        def test_it(ghdeploy):
            tool.careless()
            assert "mine" == "yours"
        """,
    )
    result.assert_outcomes(failed=1)
    assert error_lines(result)[0] == "AssertionError: assert 'mine' == 'yours'"
    assert sections(result) == [[f"  !  UnsupportedRequest: {UNSUPPORTED}"]]


@pytest.mark.parametrize("call", ["tool.milestones()", "tool.careless()"])
@pytest.mark.usefixtures("tool")
def test_a_fixture_that_fails_in_its_setup_is_reported_once(pytester: pytest.Pytester, call: str) -> None:
    """It is the only error of the test, whether the unsupported request was swallowed or not."""
    result = run(
        pytester,
        f"""
        import tool

        @pytest.fixture
        def deployed(ghdeploy):
            {call}
            raise ValueError("mine")

        def test_it(deployed):
            pass
        """,
    )
    result.assert_outcomes(errors=1)


@pytest.mark.usefixtures("tool")
def test_a_request_swallowed_in_a_fixtures_setup_fails_the_test(pytester: pytest.Pytester) -> None:
    """A swallowed error in the setup of a fixture fails the test that uses it."""
    result = run(
        pytester,
        """
        import tool

        @pytest.fixture
        def deployed(ghdeploy):
            tool.careless()

        def test_it(deployed):
            pass
        """,
    )
    result.assert_outcomes(failed=1)
    assert error_lines(result) == [f"pytest_ghdeploy.UnsupportedRequest: {UNSUPPORTED}"]


@pytest.mark.parametrize("call", ["tool.milestones()", "tool.careless()"])
@pytest.mark.usefixtures("tool")
def test_a_request_in_a_fixtures_teardown_is_an_error_once(pytester: pytest.Pytester, call: str) -> None:
    """It is an error of the teardown, reported once, swallowed or not."""
    result = run(
        pytester,
        f"""
        import tool

        @pytest.fixture
        def deployed(ghdeploy):
            yield
            {call}

        def test_it(deployed):
            pass
        """,
    )
    result.assert_outcomes(passed=1, errors=1)
    assert error_lines(result) == [f"pytest_ghdeploy.UnsupportedRequest: {UNSUPPORTED}"]
    assert sections(result) == [[f"  !  UnsupportedRequest: {UNSUPPORTED}"]]


@pytest.mark.usefixtures("tool")
def test_two_fakes_with_a_problem_each_are_one_failure(pytester: pytest.Pytester) -> None:
    """A test fails only once, however many fakes have a problem."""
    result = run(
        pytester,
        """
        import tool

        def test_it(ghdeploy, ghdeploy_factory):
            ghdeploy_factory(base_url="https://ghe.example.com/api/v3")
            tool.careless()
            tool.careless(lambda: tool.milestones(api="https://ghe.example.com/api/v3"))
        """,
    )
    result.assert_outcomes(failed=1)


@pytest.mark.usefixtures("tool")
def test_another_host_of_github_fails_the_test(pytester: pytest.Pytester) -> None:
    """A swallowed request to a host of GitHub without a fake fails the test too."""
    result = run(
        pytester,
        """
        import tool

        def test_it(ghdeploy):
            tool.careless(lambda: tool.SESSION.get("https://uploads.github.com/x"))
        """,
    )
    result.assert_outcomes(failed=1)
    message = (
        "a request to uploads.github.com cannot be answered: active fakes answer for https://api.github.com only. "
        'ghdeploy.pass_through("uploads.github.com") leaves this host to other mocks and the network'
    )
    lines = [f"pytest_ghdeploy.UnsupportedRequest: {with_page(message, 'another-host-of-github')}"]
    assert error_lines(result) == lines


@pytest.mark.parametrize("call", ["tool.deploy('main')", "tool.careless(lambda: tool.deploy('main'))"])
@pytest.mark.usefixtures("tool")
def test_a_crash_of_the_fake_reaches_the_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A bug in a handler fails the test with its own traceback, even if the tool swallows it; it is not a 500."""

    def create() -> None: ...

    break_handler(monkeypatch, "repos/create-deployment", create)
    result = run(
        pytester,
        f"""
        import tool

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_it(ghdeploy):
            {call}
        """,
    )
    result.assert_outcomes(failed=1)
    (message,) = error_lines(result)
    assert message.startswith(f"TypeError: {create.__qualname__}() takes 0 positional arguments")
    result.stdout.fnmatch_lines(
        [
            ">*= create(*",
            "*api/deployments.py:*: TypeError",
        ]
    )
    assert sections(result) == [[f"  !  {message}"]]


@pytest.mark.parametrize("how", ["usefixtures", "autouse"])
@pytest.mark.usefixtures("tool")
def test_it_works_in_a_unittest_testcase(pytester: pytest.Pytester, how: str) -> None:
    """`unittest.TestCase` gets the fake by `usefixtures` or an autouse fixture, and fails like other tests."""
    decorator = '@pytest.mark.usefixtures("ghdeploy")' if how == "usefixtures" else ""
    result = run(
        pytester,
        f"""
        import unittest
        import tool

        {decorator}
        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        class TestIt(unittest.TestCase):
            if {how == "autouse"}:
                @pytest.fixture(autouse=True)
                def _gh(self, ghdeploy):
                    self.gh = ghdeploy

            def test_passes(self):
                self.assertEqual(tool.deploy("main").status_code, 201)
                if {how == "autouse"}:
                    self.gh.assert_event("deployment")

            def test_fails(self):
                self.assertEqual(tool.deploy("mian").status_code, 201)

            def test_swallows(self):
                tool.careless()

            def test_fails_anyway(self):
                tool.careless()
                self.fail("mine")
        """,
    )
    result.assert_outcomes(passed=1, failed=3)
    assert error_lines(result) == [
        "AssertionError: 422 != 201",
        "AssertionError: mine",
        f"pytest_ghdeploy.UnsupportedRequest: {UNSUPPORTED}",
    ]
    assert len(sections(result)) == 3


# Assertions


def test_assert_event_fails_as_an_assertion_of_the_test(pytester: pytest.Pytester) -> None:
    """The failure shows the line of the test and the closest events, but no frames of the fake."""
    result = run(
        pytester,
        """
        def test_found(ghdeploy):
            ghdeploy.add_repository("octocat/example").add_deployment(ref="main", environment="qa")
            ghdeploy.assert_event("deployment", environment="production")

        def test_not_wanted(ghdeploy):
            ghdeploy.add_repository("octocat/example").add_deployment(ref="main", environment="qa")
            ghdeploy.assert_no_event("deployment", environment="qa")
        """,
        "--tb=short",
    )
    result.assert_outcomes(failed=2)
    start = next(number for number, line in enumerate(result.outlines) if "test_found" in line)
    shown = [line for line in result.outlines[start:] if not line.startswith(("___", "===", "---", "FAILED"))]
    section = [
        "     event deployment.created: id 4442074271, environment qa, ref main (octocat/example)",
        "  !  no request reached the fake: it answers for https://api.github.com in this process",
    ]
    assert shown == [
        "test_it.py:6: in test_found",
        '    ghdeploy.assert_event("deployment", environment="production")',
        "E   AssertionError: no event deployment with environment 'production'",
        "E     recorded, closest first:",
        "E       deployment 14054440: environment 'qa'  <--, ref 'main'",
        *section,
        "test_it.py:10: in test_not_wanted",
        '    ghdeploy.assert_no_event("deployment", environment="qa")',
        "E   AssertionError: expected no event deployment with environment 'qa', but found 1:",
        "E       deployment 14054440: environment 'qa', ref 'main'",
        *section,
    ]


# The same every time

SUITE = """
    import json
    import pytest
    import requests

    API = "https://api.github.com/repos/octocat/example"
    HEADERS = {"Authorization": "token x"}
    FIELDS = ("id", "node_id", "sha", "message")

    @pytest.mark.parametrize("number", range(6))
    def test_it(ghdeploy, number, request):
        repo = ghdeploy.add_repository("octocat/example")
        repo.add_branch("topic", behind=number)
        repo.add_commit("main", message=f"commit {number}")
        results = []
        for ref in ["main", "topic", "topic", "nope"] * 2:
            answer = requests.post(f"{API}/deployments", json={"ref": ref, "environment": "qa"}, headers=HEADERS)
            results.append([answer.status_code, *(answer.json().get(name) for name in FIELDS)])
            if answer.status_code == 201:
                url = answer.json()["statuses_url"]
                status = requests.post(url, json={"state": "success"}, headers=HEADERS).json()
                results.append([status["id"], status["node_id"]])
        repo.add_commit_status("main", state="success")
        repo.add_check_run("main", name="lint")
        results.append([deployment.id for deployment in repo.deployments])
        results.append([commit["sha"] for commit in requests.get(f"{API}/commits").json()])
        results.append([[event.name, event.delivery_id] for event in ghdeploy.events])
        (request.config.rootpath / f"run-{number}.json").write_text(json.dumps(results))
"""


def recorded(folder: Path) -> dict[str, Any]:
    """Read the records of a run of that suite."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in folder.glob("run-*.json")}


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("alone", marks=pytest.mark.beside(SUITE, neighbours.PLAIN)),
        pytest.param("in two processes", marks=pytest.mark.beside(SUITE, neighbours.IN_TWO_PROCESSES)),
    ],
)
def test_every_run_is_the_same_even_in_several_processes(pytester: pytest.Pytester, outcome: Outcome, how: str) -> None:
    """Ids, SHAs, GUIDs and order are the same in this process, in another one, and under `pytest -n 2`."""
    run(pytester, SUITE).assert_outcomes(passed=6)
    assert outcome.counts == {"passed": 6}, how
    here = recorded(pytester.path)
    assert here == recorded(outcome.folder)
    assert len(here) == 6
    assert all(len(story) > 12 for story in here.values())


FAILING = f"""
import requests

API = "https://api.github.com/repos/octocat/example"
SESSION = requests.Session()
SESSION.headers["Authorization"] = "token {TOKEN}"

def test_fails(ghdeploy):
    SESSION.post(f"{{API}}/deployments", json={{"ref": "main"}})
    assert 0

def test_swallows(ghdeploy):
    try:
        SESSION.get(f"{{API}}/milestones")
    except Exception:
        pass
"""


@pytest.mark.beside(FAILING, neighbours.IN_TWO_PROCESSES)
def test_a_section_is_shown_under_xdist(outcome: Outcome) -> None:
    """A failure in a worker shows its conversation in the main process, without the token."""
    assert outcome.counts == {"failed": 2, "rerun": 2}
    assert sorted(len(one.splitlines()) for one in outcome.conversations) == [1, 3]
    assert TOKEN not in outcome.text


@pytest.mark.parametrize("argument", ["--import-mode=importlib", "--import-mode=append", "--strict-config", "-Werror"])
def test_it_works_however_pytest_is_run(pytester: pytest.Pytester, argument: str) -> None:
    """Import modes, strictness and warnings as errors make no difference."""
    result = run(
        pytester,
        """
        import requests

        @pytest.mark.ghdeploy(repositories=["octocat/example"])
        def test_it(ghdeploy):
            assert requests.get("https://api.github.com/repos/octocat/example").status_code == 200
        """,
        argument,
    )
    result.assert_outcomes(passed=1)


def test_it_can_be_switched_off(pytester: pytest.Pytester) -> None:
    """With `-p no:ghdeploy`, pytest has neither the fixture nor the marker, and runs other tests."""
    result = run(
        pytester,
        """
        def test_without():
            pass

        def test_with(ghdeploy):
            pass
        """,
        "-p",
        "no:ghdeploy",
    )
    result.assert_outcomes(passed=1, errors=1)
    assert "E       fixture 'ghdeploy' not found" in result.outlines


# What it costs who does not use it

HEAVY = ("requests", "responses", "werkzeug", "jsonschema", "referencing", "urllib3", "http.client", "ssl")


def in_a_new_process(code: str, folder: Path) -> Any:  # noqa: ANN401 - JSON
    """Run code in a new interpreter; return its printed JSON."""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", inspect.cleandoc(code)], cwd=folder, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_importing_the_plugin_imports_nothing_else(tmp_path: Path) -> None:
    """The plugin imports only itself and the table of options besides pytest, and no library."""
    loaded = in_a_new_process(
        """
        import sys, json
        import pytest
        before = set(sys.modules)
        import pytest_ghdeploy.plugin
        print(json.dumps(sorted(set(sys.modules) - before)))
        """,
        tmp_path,
    )
    assert loaded == [
        "pytest_ghdeploy",
        "pytest_ghdeploy.options",
        "pytest_ghdeploy.plugin",
        "pytest_ghdeploy.pytest_integration",
    ]


@pytest.mark.slow
def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    """`import pytest_ghdeploy` imports no other module before a name is used, then only those that it needs."""
    loaded = in_a_new_process(
        """
        import sys, json
        import pytest_ghdeploy
        first = [name for name in sys.modules if name.startswith("pytest_ghdeploy")]
        pytest_ghdeploy.FakeError
        second = [name for name in sys.modules if name.startswith("pytest_ghdeploy")]
        print(json.dumps([first, second]))
        """,
        tmp_path,
    )
    assert loaded == [["pytest_ghdeploy"], ["pytest_ghdeploy", "pytest_ghdeploy.public", "pytest_ghdeploy.errors"]]


@pytest.mark.slow
def test_a_run_without_the_fixture_imports_only_the_plugin(tmp_path: Path) -> None:
    """The plugin and the table of options, even if a test fails."""
    (tmp_path / "test_it.py").write_text("def test_one(): pass\ndef test_two(): assert 0\n", "utf-8")
    loaded = in_a_new_process(
        """
        import sys, json, os
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        import pytest
        before = set(sys.modules)
        status = pytest.main(["-q", "-p", "pytest_ghdeploy.plugin", "-p", "no:cacheprovider", "test_it.py"])
        print(json.dumps([status, sorted(set(sys.modules) - before)]))
        """,
        tmp_path,
    )
    status, modules = loaded
    assert status == pytest.ExitCode.TESTS_FAILED
    assert [name for name in modules if name.startswith("pytest_ghdeploy")] == [
        "pytest_ghdeploy",
        "pytest_ghdeploy.options",
        "pytest_ghdeploy.plugin",
        "pytest_ghdeploy.pytest_integration",
    ]
    assert not [name for name in modules if name.startswith(HEAVY)]


@pytest.mark.slow
def test_the_fixture_imports_a_door(tmp_path: Path) -> None:
    """The door of requests is imported, which shows that the two checks above can fail."""
    assert pytest_ghdeploy.doors.requests
    (tmp_path / "test_it.py").write_text("def test_one(ghdeploy): pass\n", "utf-8")
    loaded = in_a_new_process(
        """
        import sys, json
        import pytest
        status = pytest.main(["-q", "-p", "no:cacheprovider", "test_it.py"])
        print(json.dumps(["pytest_ghdeploy.doors.requests" in sys.modules, int(status)]))
        """,
        tmp_path,
    )
    assert loaded == [True, 0]


@pytest.mark.slow
def test_pytest_rewrites_no_module_but_the_plugin(tmp_path: Path) -> None:
    """The package's modules load without rewriting, even in a conftest; after the run the import hook is removed."""
    (tmp_path / "conftest.py").write_text("from pytest_ghdeploy import FakeError\n", "utf-8")
    (tmp_path / "test_it.py").write_text("def test_one(ghdeploy): pass\n", "utf-8")
    rewritten, before, after = in_a_new_process(
        """
        import sys, json
        import pytest
        before = len(sys.meta_path)
        status = pytest.main(["-q", "-p", "no:cacheprovider", "test_it.py"])
        assert status == 0 and "pytest_ghdeploy.fake" in sys.modules
        ours = {name: module for name, module in sys.modules.items() if name.startswith("pytest_ghdeploy")}
        rewritten = sorted(name for name, module in ours.items() if "Rewriting" in type(module.__loader__).__name__)
        print(json.dumps([rewritten, before, len(sys.meta_path)]))
        """,
        tmp_path,
    )
    assert rewritten == ["pytest_ghdeploy", "pytest_ghdeploy.plugin"]
    assert after == before


def test_a_conversation_that_cannot_be_shown_does_not_end_the_session(pytester: pytest.Pytester) -> None:
    """If the section fails, the failed test is still reported, and the next one runs."""
    result = run(
        pytester,
        """
        def test_failing(ghdeploy):
            def tell(self, *arguments, **options):
                raise ValueError("no words")
            ghdeploy._engine.report_text = tell.__get__(ghdeploy._engine)
            assert 0

        def test_next():
            pass
        """,
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["(the conversation cannot be shown: ValueError('no words'))"])
