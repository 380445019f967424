"""
What ``plugin`` gives pytest: fixtures, options, the marker and reports.

pytest imports this module in every run of every project that has the package
installed. So at import time it imports nothing but pytest and the table of options.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from os import PathLike
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_ghdeploy.options import OPTIONS, OTHER_HOSTS, REPORT_LINES, REPOSITORIES, SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from pytest_ghdeploy.engine import Engine
    from pytest_ghdeploy.fake import FakeGitHub
    from pytest_ghdeploy.server.live_server import LiveServer

    Factory = Callable[..., FakeGitHub]

_SETTINGS = pytest.StashKey["dict[str, Any]"]()
_FAKES = pytest.StashKey["list[Engine]"]()
"""The fakes of a test or, in the stash of the session, those of the session."""
_MARKER_READ = pytest.StashKey[bool]()
"""Whether the plugin's own fixture has read the arguments of the marker."""
# Lists. The first two are what a fake contains from the start. All other options are arguments of FakeGitHub.
_LISTS = ("repositories", "seed", "pass_through")
_REPORT_LINES = "ghdeploy_report_lines"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the ini options."""
    for name, option in OPTIONS.items():
        kind: Literal["bool", "string"] = "bool" if option.is_switch else "string"
        parser.addini(f"ghdeploy_{name}", f"{option.meaning} (default: {option.default})", type=kind, default=None)
    parser.addini("ghdeploy_seed", f"{SEED} (default: none)", type="paths", default=None)
    parser.addini("ghdeploy_repositories", f"{REPOSITORIES} (default: none)", type="args", default=None)
    parser.addini("ghdeploy_pass_through", f"{OTHER_HOSTS} (default: none)", type="args", default=None)
    meaning = f"{REPORT_LINES.meaning} (default: {REPORT_LINES.default})"
    parser.addini(_REPORT_LINES, meaning, type="string", default=REPORT_LINES.default)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and refuse unknown options and a wrong limit of reports."""
    names = ["repositories=[...]", "seed=...", "pass_through=[...]", *(f"{name}=..." for name in OPTIONS)]
    config.addinivalue_line(
        "markers",
        f"ghdeploy({', '.join(names)}): set up the fixture ghdeploy for this test, which need not name it; "
        "repositories is a list of full names to add, seed is a seed file or a list of seed files, relative to the "
        "test file, pass_through is a list of hosts of GitHub to leave to other mocks and the network; all "
        "arguments override the ini options ghdeploy_* of the same names.",
    )
    known = [*(f"ghdeploy_{name}" for name in (*OPTIONS, *_LISTS)), _REPORT_LINES]
    # pytest 9 renamed the mapping of the ini file's options, and has no public API for its keys.
    in_file = vars(config).get("_inicfg") or vars(config).get("inicfg") or {}
    overridden = (pair.partition("=")[0] for pair in config.getoption("override_ini") or ())
    for name in (*in_file, *overridden):
        if name.startswith("ghdeploy_") and name not in known:
            msg = f"unknown option {name}; known: {', '.join(known)}"
            raise pytest.UsageError(msg)
    _report_lines(config)


def _report_lines(config: pytest.Config) -> int:
    value: str = config.getini(_REPORT_LINES) or REPORT_LINES.default
    if not value.isdecimal():
        msg = f"{_REPORT_LINES} must be a whole number, 0 or more, got {value!r}"
        raise pytest.UsageError(msg)
    return int(value)


def _settings(config: pytest.Config) -> dict[str, Any]:
    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = {
            name: value for name in (*OPTIONS, *_LISTS) if (value := _ini_value(config, name)) is not None
        }
    return config.stash[_SETTINGS]


def _ini_value(config: pytest.Config, name: str) -> object:
    try:
        value = config.getini(f"ghdeploy_{name}")
    except (ValueError, pytest.UsageError) as problem:
        msg = f"ghdeploy_{name}: {problem}"
        raise pytest.UsageError(msg) from None
    if value in (None, "", []):
        return None
    # The fake refuses values that are not numbers, with a message of its own.
    is_number = name in OPTIONS and OPTIONS[name].is_number
    return int(value) if is_number and value.lstrip("-").isdecimal() else value


def _marker_arguments(item: pytest.Item) -> dict[str, Any]:
    __tracebackhide__ = True
    from pytest_ghdeploy.errors import unknown

    arguments: dict[str, Any] = {}
    for marker in item.iter_markers("ghdeploy"):
        if marker.args:
            msg = "the marker ghdeploy takes only keyword arguments, such as repositories=[...]"
            raise pytest.UsageError(msg)
        for name in marker.kwargs:
            if name not in OPTIONS and name not in _LISTS:
                raise unknown("argument", name, [*_LISTS, *OPTIONS], more=" of the marker ghdeploy")
        arguments = {**marker.kwargs, **arguments}
    return arguments


def _open_fake(request: pytest.FixtureRequest, **arguments: object) -> FakeGitHub:
    __tracebackhide__ = True  # a seed contains secrets
    from pytest_ghdeploy.fake import FakeGitHub, engine_of
    from pytest_ghdeploy.interface.arguments import check_type

    settings = _settings(request.config) | arguments
    seeds, repositories = settings.pop("seed", None), settings.pop("repositories", ())
    check_type("repositories", repositories, (list, tuple), "a list of full names")
    for full_name in repositories:
        check_type("each item of repositories", full_name, str, "a full name")
    fake = FakeGitHub(**settings)
    fake.open()
    request.node.stash.setdefault(_FAKES, []).append(engine_of(fake))
    try:
        if seeds is not None:
            _seed(fake, seeds, request.node.path.parent)
        for full_name in repositories:
            fake.add_repository(full_name)
    except BaseException:
        fake.close()
        raise
    return fake


def _seed(fake: FakeGitHub, seeds: Any, folder: Path) -> None:  # noqa: ANN401 - not checked yet
    __tracebackhide__ = True
    from pytest_ghdeploy.errors import FakeError
    from pytest_ghdeploy.fake import engine_of
    from pytest_ghdeploy.seeds.seed import Seed

    for source in seeds if isinstance(seeds, (list, tuple)) else [seeds]:
        try:
            seed = Seed(folder / source if isinstance(source, (str, PathLike)) else source, type(fake))
            seed.fill(fake, engine_of(fake))
        except FakeError as problem:
            raise problem.with_traceback(None) from None  # as in the fixture ghdeploy


@pytest.fixture
def ghdeploy(request: pytest.FixtureRequest) -> Iterator[FakeGitHub]:
    """Return a stateful, in-memory GitHub that answers the requests of this process's HTTP clients."""
    __tracebackhide__ = True
    request.node.stash[_MARKER_READ] = True
    yield from _opened(lambda: _open_fake(request, **_marker_arguments(request.node)))


@pytest.fixture(scope="session")
def ghdeploy_session(request: pytest.FixtureRequest) -> Iterator[FakeGitHub]:
    """Return one fake for all tests of the session, set up by the ini options only. ``reset()`` drops its state."""
    __tracebackhide__ = True
    from pytest_ghdeploy.doors import registry
    from pytest_ghdeploy.fake import engine_of

    def open_session() -> FakeGitHub:
        __tracebackhide__ = True
        fake = _open_fake(request)
        # A test's own fake answers instead while it is active, whichever was set up first.
        registry.step_back(engine_of(fake))
        return fake

    yield from _opened(open_session)


def _opened(open_fake: Callable[[], FakeGitHub]) -> Iterator[FakeGitHub]:
    __tracebackhide__ = True
    from pytest_ghdeploy.errors import FakeError

    try:
        fake = open_fake()
    except (FakeError, pytest.UsageError) as problem:
        # The traceback inside the fake does not help a test's author, and its values contain secrets.
        raise problem.with_traceback(None) from None
    try:
        yield fake
    finally:
        fake.close()


@pytest.fixture
def ghdeploy_server(ghdeploy: FakeGitHub) -> Iterator[LiveServer]:
    """Return a server of the same fake on a port of 127.0.0.1, for subprocesses: see ``LiveServer``."""
    with ghdeploy.serve() as server:
        yield server


@pytest.fixture
def ghdeploy_factory(request: pytest.FixtureRequest) -> Iterator[Factory]:
    """Return a function that creates more active fakes: ``ghdeploy_factory(base_url=…)``. See ``FakeGitHub``."""
    fakes: list[FakeGitHub] = []

    def make(**arguments: object) -> FakeGitHub:
        __tracebackhide__ = True  # a seed contains secrets
        fakes.append(_open_fake(request, **arguments))
        return fakes[-1]

    try:
        yield make
    finally:
        for fake in reversed(fakes):
            fake.close()


def _bring_fixture(item: pytest.Item) -> None:
    """Add the fixture to a test with the marker: before the test's own fixtures, after those that outlive the test."""
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is None or "ghdeploy" in names or item.get_closest_marker("ghdeploy") is None:
        return
    # pytest has no public name for the scopes of a test's fixtures. Without them, the fixture comes first.
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    lasting = [name for name in names if name in known and known[name][-1].scope != "function"]
    place = names.index(lasting[-1]) + 1 if lasting else 0
    # A new list, since the tests of a parametrized function share theirs.
    vars(item)["fixturenames"] = [*names[:place], "ghdeploy", *names[place:]]


def _check_marker(item: pytest.Item) -> None:
    """
    Check that the plugin's own fixture has read the arguments of the marker.

    Raises:
        FakeError: It has not, because a fixture of the suite stands in its place.
    """
    if item.get_closest_marker("ghdeploy") and not item.stash.get(_MARKER_READ, False) and _marker_arguments(item):
        from pytest_ghdeploy.errors import FakeError

        msg = (
            "the arguments of the marker ghdeploy have no effect here, because another fixture named ghdeploy stands "
            "in place of the plugin's: leave them out, or set up the same with the methods of the fake"
        )
        raise FakeError(msg)


def _fakes_of(item: pytest.Item) -> list[Engine]:
    return [*item.stash.get(_FAKES, ()), *item.session.stash.get(_FAKES, ())]


def _problems(item: pytest.Item) -> list[BaseException]:
    problems = [fake.take_problem() for fake in _fakes_of(item)]
    return [problem for problem in problems if problem]


def _watch(item: pytest.Item) -> Generator[None, object, object]:
    """Raise the first error that the code of this phase has swallowed, unless the phase fails anyway."""
    try:
        result = yield
    except BaseException:
        _problems(item)
        raise
    for problem in _problems(item):
        raise problem
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Report an error in a fixture only once. An error that a fixture has swallowed fails the test call instead."""
    _bring_fixture(item)
    for fake in item.session.stash.get(_FAKES, ()):
        fake.begin_test()
    try:
        return (yield)
    except BaseException:
        _problems(item)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that has swallowed an error, or has not used up a required fault or stub, or whose marker is lost."""
    _check_marker(item)
    result = yield from _watch(item)
    for fake in _fakes_of(item):
        fake.check_unused()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Report an error that the teardown of a fixture has swallowed."""
    try:
        return (yield from _watch(item))
    finally:
        # pytest-socket tried to allow sockets again while the fake's network guard was still installed.
        allow = getattr(item.config.pluginmanager.get_plugin("socket"), "enable_socket", None)
        if allow and _fakes_of(item):
            from pytest_ghdeploy.doors import activation

            with activation.without_network_guard():
                allow()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hide this package's frames in the report of a failed test, and add the conversation."""
    if call.excinfo is not None:
        for name, module in list(sys.modules.items()):
            if _is_ours(name):
                vars(module)["__tracebackhide__"] = _is_hidden
    with _without_frames_of_responses(call.excinfo):
        report = yield
    if report.failed:
        for fake in (*_fakes_of(item), *_made_by(item)):
            try:
                needs_requests = _needs_requests(item, call, fake)
                text = fake.report_text(_report_lines(item.config), needs_requests=needs_requests)
            except Exception as problem:  # noqa: BLE001 - a failing report must not end the session
                text = f"(the conversation cannot be shown: {problem!r})"
            if text:
                _add_section(report, f"ghdeploy: the conversation with {fake.base_url}", text)
    if report.when == "teardown":
        # pytest keeps all items until the end of the session. Their fakes can be freed now.
        item.stash.setdefault(_FAKES, []).clear()
        _recent().clear()
    return report


def _needs_requests(item: pytest.Item, call: pytest.CallInfo[None], fake: Engine) -> bool:
    """Return whether a test has started a server of *fake*, or failed an assertion of the fake, as about events."""
    if call.excinfo is not None and isinstance(call.excinfo.value, AssertionError):
        names = [str(entry.frame.f_globals.get("__name__")) for entry in call.excinfo.traceback]
        if any(map(_is_ours, names[-1:])):
            return True
    is_used = fake not in item.session.stash.get(_FAKES, ()) or "ghdeploy_session" in getattr(item, "fixturenames", ())
    return bool(fake.served_at) and is_used


def _add_section(report: pytest.TestReport, name: str, text: str) -> None:
    """Add a section to the error itself: JUnit XML has only that, and `--pdb` shows only that before its prompt."""
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(name, text)
    elif isinstance(report.longrepr, str):  # for example of a strict xfail that passes
        report.longrepr = f"{report.longrepr}\n--- {name} ---\n{text}"
    else:
        report.sections.append((name, text))


def _is_hidden(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """
    Return whether to hide the frames of this package: always, unless the package itself has crashed.

    Exceptions of this package, of client libraries and of the test's own code, such as a receiver, are not its crashes.
    """
    problem = excinfo.value
    if type(problem).__module__ != "builtins" or isinstance(problem, (AssertionError, OSError)):
        return True
    names = [str(entry.frame.f_globals.get("__name__")) for entry in excinfo.traceback]
    origin = next((name for name in reversed(names) if name.partition(".")[0] not in sys.stdlib_module_names), "")
    return not _is_ours(origin)


@contextmanager
def _without_frames_of_responses(excinfo: pytest.ExceptionInfo[BaseException] | None) -> Iterator[None]:
    """Hide the frames of ``responses``, through which a fake answers requests, but not those of a mock of the user."""
    library = sys.modules.get("responses")
    if library is None or excinfo is None or not _passed_through_responses(excinfo.value):
        yield
        return
    vars(library)["__tracebackhide__"] = _is_hidden
    try:
        yield
    finally:
        del vars(library)["__tracebackhide__"]


def _passed_through_responses(problem: BaseException | None) -> bool:
    """Return whether an error, or one that caused it, was raised while a fake answered a request through it."""
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        for frame, _ in walk_tb(problem.__traceback__):
            function = frame.f_code.co_name
            if function == "_on_request" and frame.f_globals.get("__name__") == "pytest_ghdeploy.doors.requests":
                return True
        problem = problem.__cause__ or problem.__context__
    return False


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == "pytest_ghdeploy"


def _recent() -> Any:  # noqa: ANN401 - weak references to fakes
    registry = sys.modules.get("pytest_ghdeploy.doors.registry")
    return registry.recent if registry else []


def _made_by(item: pytest.Item) -> list[Engine]:
    """Find the fakes that the test has activated without this package's fixtures, as in a unittest class."""
    known = _fakes_of(item)
    return [fake for reference in list(_recent()) if (fake := reference()) is not None and fake not in known]
