"""The direction of dependencies: who may import whom, and who may import what is not ours."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[1] / "src" / "pytest_ghdeploy"
PACKAGE = "pytest_ghdeploy"

# From the ground up. A module imports from lower rows only; the modules of a folder import each other too.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("redaction",),
    ("model", "errors", "pages", "keys", "diagram", "positions", "signatures", "turns"),
    ("clock", "git", "rules", "rules_webhooks", "limits", "events"),
    ("access",),
    ("representations",),
    (
        "payloads",
        "conversation",
        "deliveries",
        "representations_environments",
        "representations_git",
        "representations_meta",
    ),
    ("representations_webhooks",),
    ("store",),
    ("routing",),
    ("api",),
    ("schema", "github"),
    ("bodies", "negotiation"),
    ("application",),
    ("doors",),
    ("advice", "assertions", "created", "ending", "postman"),
    ("items", "tokens", "waiting", "faults", "rate_limits"),
    ("environment", "deployer", "webhooks"),
    ("repository",),
    ("admin_endpoints", "seeds"),
    ("admin",),
    ("fake",),
    ("demo", "serve"),
    ("cli", "__init__"),
    ("__main__",),
    ("plugin",),
)
RANKS = {unit: rank for rank, layer in enumerate(LAYERS) for unit in layer}

# Against the direction, each with its reason.
EXCEPTIONS = {
    ("routing", "api"): "finds the endpoints by their being there",
}

# Who needs what beyond the standard library. Nobody else needs anything.
THIRD_PARTY: dict[str, set[str]] = {
    "doors.certificate": {"trustme"},
    "doors.requests": {"requests", "responses", "urllib3"},
    "doors.urllib3": {"urllib3"},
    "github": {"werkzeug"},
    "plugin": {"pytest"},
    "positions": {"yaml"},
    "schema": {"jsonschema", "referencing"},
}

# pytest imports these in every run of everyone who has the package installed.
ALWAYS_IMPORTED = {"__init__", "plugin"}
INSIDE_FUNCTIONS = "is always imported, so it imports this inside functions only"


class Import(NamedTuple):
    """One imported name. *early* imports happen as soon as the module is imported."""

    line: int
    text: str
    target: str
    early: bool


def module_of(path: Path) -> str:
    """Name a module without the package: ``api.deployments``, ``doors``, ``__init__``."""
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


MODULES = {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


def unit_of(module: str) -> str:
    """Find what stands in ``LAYERS`` for a module: itself, or its folder."""
    return module.partition(".")[0]


def imports(source: str) -> Iterator[Import]:
    """Find all imports, wherever they stand."""
    lines = source.splitlines()

    def visit(node: ast.AST, *, early: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(node.lineno, lines[node.lineno - 1].strip(), name.name, early)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for name in node.names:
                target = f"{base}.{name.name}" if base in (PACKAGE, f"{PACKAGE}.api", f"{PACKAGE}.doors") else base
                yield Import(node.lineno, lines[node.lineno - 1].strip(), target, early)
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                yield from visit(statement, early=False)
            for statement in node.orelse:
                yield from visit(statement, early=early)
        else:
            inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            for child in ast.iter_child_nodes(node):
                yield from visit(child, early=early and not inside)

    yield from visit(ast.parse(source), early=True)


def ours(target: str) -> str | None:
    """Name the module of ours that *target* is in, ``None`` if it is not ours."""
    if target != PACKAGE and not target.startswith(f"{PACKAGE}."):
        return None
    module = target.removeprefix(PACKAGE).removeprefix(".")
    while module and module not in MODULES:
        module = module.rpartition(".")[0]
    return module or "__init__"


def complaints(module: str, source: str) -> Iterator[str]:
    """Say which lines of a module break the rules."""
    unit = unit_of(module)
    for line, text, target, early in imports(source):
        where = f"{module.replace('.', '/')}.py:{line}: {text}"
        if target.startswith("."):
            yield f"{where}  <-- imports are absolute here"
            continue
        found = ours(target)
        if found is None:
            library = target.partition(".")[0]
            if library not in sys.stdlib_module_names and library not in THIRD_PARTY.get(module, set()):
                yield f"{where}  <-- {module} may not import {library}"
            continue
        other = unit_of(found)
        if other != unit and RANKS[other] >= RANKS[unit] and (unit, other) not in EXCEPTIONS:
            yield f"{where}  <-- {unit} may not import {other}"
        if other == unit and found == module:
            yield f"{where}  <-- {module} imports itself"
        if early and module in ALWAYS_IMPORTED:
            yield f"{where}  <-- {module} {INSIDE_FUNCTIONS}"


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_downwards_only(module: str) -> None:
    """A module imports from lower layers, and from the libraries that are its business."""
    assert not list(complaints(module, MODULES[module].read_text("utf-8")))


def test_every_module_has_its_layer() -> None:
    """The table names all modules that there are, and none that are gone."""
    assert {unit_of(module) for module in MODULES} == set(RANKS)
    assert sum(map(len, LAYERS)) == len(RANKS)


def test_every_exception_is_needed() -> None:
    """An exception that nobody needs any more is taken out of the table."""
    used = {
        (unit_of(module), unit_of(found))
        for module, path in MODULES.items()
        for one in imports(path.read_text("utf-8"))
        if (found := ours(one.target))
    }
    assert set(EXCEPTIONS) <= used
    for module, libraries in THIRD_PARTY.items():
        imported = {one.target.partition(".")[0] for one in imports(MODULES[module].read_text("utf-8"))}
        assert libraries <= imported, f"{module} does not import {libraries - imported}"


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        (
            "store",
            "import json\n\nfrom pytest_ghdeploy import application\n",
            "store.py:3: from pytest_ghdeploy import application  <-- store may not import application",
        ),
        (
            "rules",
            "from pytest_ghdeploy.store import Store\n",
            "rules.py:1: from pytest_ghdeploy.store import Store  <-- rules may not import store",
        ),
        (
            "git",
            "if TYPE_CHECKING:\n    from pytest_ghdeploy.events import Event\n",
            "git.py:2: from pytest_ghdeploy.events import Event  <-- git may not import events",
        ),
        (
            "api.deployments",
            "def create():\n    import pytest_ghdeploy.doors.requests\n",
            "api/deployments.py:2: import pytest_ghdeploy.doors.requests  <-- api may not import doors",
        ),
        (
            "routing",
            "from pytest_ghdeploy import github\n",
            "routing.py:1: from pytest_ghdeploy import github  <-- routing may not import github",
        ),
        (
            "fake",
            "from pytest_ghdeploy import FakeGitHub\n",
            "fake.py:1: from pytest_ghdeploy import FakeGitHub  <-- fake may not import __init__",
        ),
        (
            "store",
            "from . import rules\n",
            "store.py:1: from . import rules  <-- imports are absolute here",
        ),
        (
            "events",
            "def payload():\n    from jsonschema import validate\n",
            "events.py:2: from jsonschema import validate  <-- events may not import jsonschema",
        ),
        (
            "doors.guard",
            "import requests.adapters\n",
            "doors/guard.py:1: import requests.adapters  <-- doors.guard may not import requests",
        ),
        (
            "plugin",
            "import pytest\nfrom pytest_ghdeploy import errors\n",
            f"plugin.py:2: from pytest_ghdeploy import errors  <-- plugin {INSIDE_FUNCTIONS}",
        ),
        (
            "__init__",
            "try:\n    from pytest_ghdeploy.fake import FakeGitHub\nexcept ImportError:\n    pass\n",
            f"__init__.py:2: from pytest_ghdeploy.fake import FakeGitHub  <-- __init__ {INSIDE_FUNCTIONS}",
        ),
    ],
)
def test_an_import_against_the_direction_is_named_with_its_line(module: str, source: str, expected: str) -> None:
    """What breaks the rules is shown with file, line and reason."""
    assert list(complaints(module, source)) == [expected]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("store", "from pytest_ghdeploy import rules\nfrom pytest_ghdeploy.events import Recorder\n"),
        ("api.deployments", "from pytest_ghdeploy.api import git, statuses\n"),
        ("doors.requests", "import requests\nfrom pytest_ghdeploy.doors import hosts\n"),
        ("routing", "def endpoints():\n    from pytest_ghdeploy import api\n"),
        ("plugin", "import pytest\n\ndef ghdeploy():\n    from pytest_ghdeploy.fake import FakeGitHub\n"),
        ("__init__", "if TYPE_CHECKING:\n    from pytest_ghdeploy.fake import FakeGitHub\n"),
    ],
)
def test_an_import_in_the_direction_is_left_alone(module: str, source: str) -> None:
    """The rules forbid no more than they say."""
    assert not list(complaints(module, source))
