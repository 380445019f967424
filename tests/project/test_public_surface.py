"""Editor completion offers exactly what the reference documents, and the reference has every public name."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from one_of_each import one_of_each

import pytest_ghdeploy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_ghdeploy import FakeGitHub

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text("utf-8")


def documented(kind: str) -> list[str]:
    """Read the table of a class: its attributes, and its methods with parameters."""
    text = REFERENCE.partition(f"<!-- members of: {kind} -->\n")[2].partition("\n\n")[0]
    cells = (line.strip("|").split(" | ")[0] for line in text.splitlines()[2:])
    return [member for cell in cells for member in re.findall(r"`([^`]+)`", cell)]


def name_of(member: str) -> str:
    """Remove the parameters."""
    return member.partition("(")[0]


def signature_of(method: Callable[..., object]) -> str:
    """Format a method as in the reference: without self, types and slashes."""
    signature = inspect.signature(method)
    parameters = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    text = str(inspect.Signature(parameters)).replace("'", '"')
    return f"{method.__name__}{text.replace('/, ', '').replace(', /', '')}"


def offered(thing: object) -> set[str]:
    """List what completion offers for an object, without members inherited from other packages."""
    foreign = [kind for kind in type(thing).__mro__ if kind.__module__.partition(".")[0] != "pytest_ghdeploy"]
    general = {name for kind in foreign for name in dir(kind)}
    return {name for name in dir(thing) if not name.startswith("_")} - general


@pytest.fixture
def things(ghdeploy: FakeGitHub) -> dict[str, Any]:
    """Create an object of each public class."""
    return one_of_each(ghdeploy)


def test_every_public_class_is_checked(things: dict[str, Any]) -> None:
    """Each exported class has an instance in `things`, under its own name."""
    assert set(pytest_ghdeploy.__all__) <= set(things)
    for name, thing in things.items():
        assert name in [kind.__name__ for kind in type(thing).__mro__]


def test_completion_offers_what_the_reference_documents(things: dict[str, Any]) -> None:
    """Each public attribute and method is in the table of its class."""
    undocumented = {name: offered(thing) - set(map(name_of, documented(name))) for name, thing in things.items()}
    assert {name: names for name, names in undocumented.items() if names} == {}


def test_documented_members_exist(things: dict[str, Any]) -> None:
    """Each attribute in a table can be read, and each method has the parameters in its row."""
    for kind, thing in things.items():
        for member in documented(kind):
            value = getattr(thing, name_of(member))
            is_method = inspect.ismethod(value)
            assert member == (signature_of(value) if is_method else name_of(member)), f"{kind}.{member}"


def test_every_public_name_is_in_the_reference() -> None:
    """Each exported name has a table of its members, or is mentioned."""
    mentioned = {name.partition("(")[0] for name in re.findall(r"`([^`]+)`", REFERENCE)}
    tables = set(re.findall(r"<!-- members of: (\w+) -->", REFERENCE))
    assert sorted(set(pytest_ghdeploy.__all__) - mentioned - tables) == []
