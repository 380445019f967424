"""
The public contract: names, members with their parameters, fixtures, options, commands, endpoints and seed keys.

contract.toml lists all of it. Each test compares a part of the list with the package and names what is missing.
Additions pass.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from one_of_each import one_of_each

import pytest_ghdeploy
from pytest_ghdeploy import Assumptions, FakeError, FakeGitHub, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CONTRACT: dict[str, Any] = tomllib.loads(Path(__file__).with_name("contract.toml").read_text("utf-8"))
PROJECT: dict[str, Any] = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]

VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def missing(what: str, wanted: Iterable[str], existing: Iterable[str]) -> list[str]:
    """List the *wanted* names that no longer exist."""
    existing = set(existing)
    return [f"{what} lost {name}" for name in wanted if name not in existing]


def parse(signature: str) -> inspect.Signature:
    """Parse a signature as contract.toml writes it."""
    name, _, parameters = signature.partition("(")
    namespace: dict[str, Any] = {}
    exec(f"def {name or 'signature'}({parameters}: ...", namespace)  # noqa: S102 - a line of our own file
    return inspect.signature(namespace[name or "signature"])


def losses(name: str, wanted: inspect.Signature, actual: inspect.Signature) -> Iterator[str]:
    """List the calls that *wanted* allows and that are no longer possible, or mean something else."""
    parameters = actual.parameters
    takes_any_name = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    for parameter in wanted.parameters.values():
        now = parameters.get(parameter.name)
        if parameter.kind in VARIADIC:
            if now is None or now.kind is not parameter.kind:
                yield f"{name} no longer takes {parameter}"
        elif now is None and not takes_any_name:
            yield f"{name} lost its parameter {parameter.name}"
        else:
            yield from losses_of_parameter(name, parameter, now)
    order = [parameter.name for parameter in wanted.parameters.values() if parameter.kind in BY_POSITION]
    order_now = [parameter.name for parameter in parameters.values() if parameter.kind in BY_POSITION]
    if order_now[: len(order)] != order and set(order) <= set(order_now):
        yield f"{name} takes its arguments in another order: {', '.join(order_now)}, not {', '.join(order)}"
    for parameter in parameters.values():
        needed = parameter.default is parameter.empty and parameter.kind not in VARIADIC
        if needed and parameter.name not in wanted.parameters:
            yield f"{name} needs the new argument {parameter.name}"


def losses_of_parameter(name: str, wanted: inspect.Parameter, now: inspect.Parameter | None) -> Iterator[str]:
    """Compare one parameter. It may be covered by `**fields`."""
    if wanted.kind in BY_POSITION and (now is None or now.kind not in BY_POSITION):
        yield f"{name} no longer takes {wanted.name} by position"
    if now is None:
        return
    if wanted.kind in BY_NAME and now.kind not in BY_NAME:
        yield f"{name} no longer takes {wanted.name} by name"
    if wanted.default is not wanted.empty and now.default is now.empty:
        yield f"{name} has no default of {wanted.name} any more"
    elif wanted.default is not wanted.empty and wanted.default != now.default:
        yield f"{name} has another default of {wanted.name}: {now.default!r}, not {wanted.default!r}"


def losses_of(owner: str, thing: object, signature: str) -> list[str]:
    """Compare a method with its line in contract.toml."""
    method = signature.partition("(")[0]
    member = getattr(thing, method, None)
    if member is None:
        return [f"{owner} lost {method}"]
    if not callable(member):
        return [f"{owner}.{method} is no longer a method"]
    return list(losses(f"{owner}.{method}", parse(signature), inspect.signature(member)))


@pytest.mark.parametrize(
    ("wanted", "actual", "lost"),
    [
        ("f(a, *, b=1)", "f(a, *, b=1, c=2, **more)", []),
        ("f(*, b=1)", "f(b=1)", []),
        ("f(a, **fields)", "f(a, *, b=1, **fields)", []),
        ("f(a, b)", "f(a)", ["f lost its parameter b"]),
        ("f(*, b=1)", "f(**more)", []),
        ("f(a)", "f(**more)", ["f no longer takes a by position"]),
        ("f(a, **fields)", "f(a)", ["f no longer takes **fields"]),
        ("f(a)", "f(*, a)", ["f no longer takes a by position"]),
        ("f(a)", "f(a, /)", ["f no longer takes a by name"]),
        ("f(b=1)", "f(b=2)", ["f has another default of b: 2, not 1"]),
        ("f(b=1)", "f(b)", ["f has no default of b any more"]),
        ("f(a, b)", "f(b, a)", ["f takes its arguments in another order: b, a, not a, b"]),
        ("f(a)", "f(b, a)", ["f takes its arguments in another order: b, a, not a", "f needs the new argument b"]),
        ("f(a)", "f(a, *, b)", ["f needs the new argument b"]),
    ],
)
def test_a_loss_is_noticed(wanted: str, actual: str, lost: list[str]) -> None:
    """A call that is no longer possible, or that means something else, is a loss. A new parameter is not."""
    assert list(losses("f", parse(wanted), parse(actual))) == lost


def test_no_name_is_lost() -> None:
    """Each public name can be imported, and is in __all__."""
    lost = missing("pytest_ghdeploy.__all__", CONTRACT["names"], pytest_ghdeploy.__all__)
    for name in CONTRACT["names"]:
        try:
            getattr(pytest_ghdeploy, name)
        except (AttributeError, ImportError) as problem:
            lost.append(f"pytest_ghdeploy.{name} cannot be imported: {problem}")
    assert not lost


def test_no_base_of_an_exception_is_lost() -> None:
    """Our exceptions are still caught by their base classes."""
    lost = [
        f"{name} is no longer a kind of {base}"
        for name, base in CONTRACT["exceptions"].items()
        if base not in [parent.__name__ for parent in getattr(pytest_ghdeploy, name).__mro__[1:]]
    ]
    assert not lost


def test_no_member_is_lost(ghdeploy: FakeGitHub) -> None:
    """Each attribute exists, and each method can be called as before."""
    existing = one_of_each(ghdeploy)
    lost = []
    for owner, members in CONTRACT["members"].items():
        thing = existing[owner]
        lost += [f"{owner} lost {name}" for name in members.get("attributes", ()) if not hasattr(thing, name)]
        for signature in members.get("methods", ()):
            lost += losses_of(owner, thing, signature)
    assert not lost


@pytest.mark.parametrize("kind", [FakeGitHub, Step, Assumptions])
def test_no_argument_of_a_constructor_is_lost(kind: Callable[..., object]) -> None:
    """Classes that users instantiate accept the same arguments."""
    name = kind.__name__
    lost = list(losses(name, parse(CONTRACT["constructors"][name]), inspect.signature(kind)))
    assert not lost


def test_no_assumption_is_lost() -> None:
    """FakeGitHub accepts each assumption by name."""
    for parameter in parse(CONTRACT["constructors"]["Assumptions"]).parameters.values():
        FakeGitHub(**{parameter.name: parameter.default})


def test_no_fixture_is_lost(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` lists each, with its scope."""
    lines = pytester.runpytest_inprocess("--fixtures").outlines
    matches = [match for line in lines if (match := re.match(r"(ghdeploy\w*)(?: \[(\w+) scope\])? -- ", line))]
    scopes = {match[1]: match[2] or "function" for match in matches}
    listed = [f"the fixture {name} of scope {scope}" for name, scope in scopes.items()]
    wanted = [f"the fixture {name} of scope {scope}" for name, scope in CONTRACT["fixtures"].items()]
    lost = missing("pytest", wanted, listed)
    assert not lost


def test_no_option_is_lost(pytester: pytest.Pytester) -> None:
    """`pytest --help` lists each ini option, with its type."""
    text = pytester.runpytest_inprocess("--help").stdout.str()
    listed = re.findall(r"^ +(ghdeploy_\w+ \(\w+\))", text, re.MULTILINE)
    wanted = [f"ghdeploy_{name} ({kind})" for name, kind in CONTRACT["ini_options"].items()]
    lost = missing("the ini file", wanted, listed)
    assert not lost


def test_no_argument_of_the_marker_is_lost(pytestconfig: pytest.Config) -> None:
    """`pytest --markers` names each argument of the marker."""
    (line,) = (line for line in pytestconfig.getini("markers") if line.startswith("ghdeploy("))
    listed = re.findall(r"(\w+)=", line.partition(")")[0])
    lost = missing("the marker", CONTRACT["marker"], listed)
    assert not lost


def test_no_entry_point_is_lost() -> None:
    """pyproject.toml declares the plugin and the command, and both can be imported."""
    name, _, module = CONTRACT["entry_points"]["plugin"].partition(" = ")
    assert PROJECT["entry-points"]["pytest11"].get(name) == module
    assert module in [entry_point.value for entry_point in entry_points(group="pytest11", name=name)]
    importlib.import_module(module)
    assert callable(command())


def command() -> Callable[[list[str]], int]:
    """Import the function that the command calls."""
    module, _, function = PROJECT["scripts"][CONTRACT["entry_points"]["command"]].partition(":")
    main: Callable[[list[str]], int] = getattr(importlib.import_module(module), function)
    return main


def test_no_extra_is_lost() -> None:
    """Each extra that messages and documentation mention is in pyproject.toml."""
    lost = missing("pyproject.toml", CONTRACT["extras"], PROJECT["optional-dependencies"])
    assert not lost


@pytest.mark.parametrize("words", CONTRACT["commands"])
def test_no_option_of_a_command_is_lost(
    words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ghdeploy --help` lists each command, and its help each option with its value and default."""
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        command()([*words.split()[1:], "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    listed = []
    for option, value, rest in re.findall(
        r"^ +(?:-\w, |--[a-z-]+, (?=--no-))?(--[a-z-]+)((?: [A-Z]+)?)(.*)", printed, re.MULTILINE
    ):
        default = re.search(r" \(default: .*\)$", rest)
        listed += [f"{option}{value}", f"{option}{value}{default[0] if default else ''}"]
    lost = missing(f"the command {words}", CONTRACT["commands"][words], listed)
    assert not lost


def test_no_variable_of_a_server_is_lost(ghdeploy: FakeGitHub) -> None:
    """A live server's `env` has each variable."""
    lost = missing("env of a live server", CONTRACT["variables"], ghdeploy.serve(tls=True).env)
    assert not lost


def test_no_seed_key_is_lost() -> None:
    """A seed with each list and each key of its items is accepted."""
    fake = FakeGitHub()
    fake.webhooks.hold()
    try:
        fake.seed(CONTRACT["seed"])
    except FakeError as problem:
        pytest.fail(f"seed files lost something: {problem}")


def test_no_admin_endpoint_is_lost(ghdeploy: FakeGitHub) -> None:
    """`GET /_ghdeploy` lists each endpoint, with the keys of its body and their defaults."""
    index = requests.get(f"{ghdeploy.serve(admin=True).url}/_ghdeploy", timeout=10).json()
    endpoints = {f"{row['method']} {row['path']}": row["keys"] for row in index["endpoints"]}
    lost = missing("the admin interface", CONTRACT["admin"], endpoints)
    for endpoint in CONTRACT["admin"].keys() & endpoints:
        wanted = CONTRACT["admin"][endpoint]
        lost += missing(
            endpoint, (f"the key {key}" for key in wanted), (f"the key {key}" for key in endpoints[endpoint])
        )
        known = {key.partition("=")[0] for key in wanted}
        needed = [key for key in endpoints[endpoint] if "=" not in key]
        lost += [f"{endpoint} needs the new key {key}" for key in needed if key not in known]
    assert not lost


def test_no_endpoint_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """`ghdeploy routes` lists each endpoint, with GitHub's operation id."""
    command()(["routes"])
    rows = (line.split() for line in capsys.readouterr().out.splitlines())
    listed = [f"{method} {path} ({operation_id})" for method, path, operation_id in rows]
    wanted = [f"{endpoint} ({operation_id})" for endpoint, operation_id in CONTRACT["routes"].items()]
    lost = missing("ghdeploy routes", wanted, listed)
    assert not lost
