"""The direction of imports between folders, and the modules that may import third-party libraries."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "pytest_ghdeploy"
PACKAGE = "pytest_ghdeploy"

# From left to right. A folder, or a module of the top folder, imports only from entries to its left.
LAYERS = (
    "public, options < changes, redaction < errors, data_files < github < serializers, store < api < http < report,"
    " doors < interface, server < webhooks < engine, seeds, admin < fake < pytest_integration < commands, plugin"
)
# The package itself provides the public names. It imports nothing early, and no module of ours imports it.
ENDS = " < __init__ < __main__"
RANKS = {
    room: rank
    for rank, rooms in enumerate(f"{LAYERS}{ENDS}".split(" < "))
    for room in rooms.replace(" ", "").split(",")
}

# Third-party libraries by module. Other modules may not import any.
THIRD_PARTY: dict[str, set[str]] = {
    "data_files": {"yaml"},
    "doors.httpx": {"anyio"},
    "doors.requests": {"requests", "responses", "urllib3"},
    "doors.urllib3": {"urllib3"},
    "github.json_web_tokens": {"cryptography", "jwt"},
    "http.schema": {"jsonschema", "referencing"},
    "interface.environment_values": {"nacl"},
    "plugin": {"pytest"},
    "pytest_integration": {"pytest"},
    "server.tls": {"trustme"},
    "server.wsgi": {"werkzeug"},
}

# pytest imports these in every run on every machine where the package is installed. They may import each other early.
ALWAYS_IMPORTED = {"__init__", "options", "plugin", "pytest_integration"}
INSIDE_FUNCTIONS = "is always imported, so it may import this inside functions only"


class Import(NamedTuple):
    """An imported name. *early* imports happen when the module is imported."""

    line: int
    text: str
    target: str
    early: bool


def module_of(path: Path) -> str:
    """Return a module's name without the package: ``api.deployments``, ``doors``, ``__init__``."""
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


MODULES = {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
FOLDERS = {path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")} - {"."}


def entry_of(module: str) -> str:
    """Return a module's entry in ``LAYERS``: its folder, or the module itself in the top folder."""
    return module.partition(".")[0]


def imports(source: str) -> Iterator[Import]:
    """List all imports in a module, including those inside functions."""
    lines = source.splitlines()

    def visit(node: ast.AST, *, early: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(node.lineno, lines[node.lineno - 1].strip(), name.name, early)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for name in node.names:
                yield Import(node.lineno, lines[node.lineno - 1].strip(), f"{base}.{name.name}", early)
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
    """Return the name of our module that *target* is in, or ``None`` for another package."""
    if target != PACKAGE and not target.startswith(f"{PACKAGE}."):
        return None
    module = target.removeprefix(PACKAGE).removeprefix(".")
    while module and module not in MODULES:
        module = module.rpartition(".")[0]
    return module or "__init__"


def complaints(module: str, source: str) -> Iterator[str]:
    """List the lines of a module that break the rules."""
    room = entry_of(module)
    for line, text, target, early in imports(source):
        where = f"{module.replace('.', '/')}.py:{line}: {text}"
        if target.startswith("."):
            yield f"{where}  <-- imports are absolute here"
            continue
        imported = ours(target)
        if imported is None:
            library = target.partition(".")[0]
            if library not in sys.stdlib_module_names and library not in THIRD_PARTY.get(module, set()):
                yield f"{where}  <-- {module} may not import {library}"
            continue
        other = entry_of(imported)
        if other != room and RANKS[other] >= RANKS[room]:
            yield f"{where}  <-- {room} may not import {other}"
        if imported == module:
            yield f"{where}  <-- {module} imports itself"
        if early and module in ALWAYS_IMPORTED and imported not in ALWAYS_IMPORTED:
            yield f"{where}  <-- {module} {INSIDE_FUNCTIONS}"


def test_imports_go_to_the_left_only() -> None:
    """A module imports only from entries to its left, and only the libraries in its table."""
    assert not [line for module, path in MODULES.items() for line in complaints(module, path.read_text("utf-8"))]


def test_the_table_names_every_folder() -> None:
    """The table of layers lists exactly the folders and modules of the package."""
    assert {entry_of(module) for module in MODULES} == set(RANKS)


def test_contributing_shows_the_same_table() -> None:
    """The diagram in CONTRIBUTING.md equals the table checked here."""
    assert LAYERS in " ".join((ROOT / "CONTRIBUTING.md").read_text("utf-8").split())


def test_every_folder_is_described() -> None:
    """The docstring of its ``__init__.py`` describes the folder, and the file has no other content."""
    for folder in sorted(FOLDERS):
        tree = ast.parse((SOURCE / folder / "__init__.py").read_text("utf-8"))
        assert ast.get_docstring(tree), folder
        assert len(tree.body) == 1, folder


def test_no_module_is_too_long() -> None:
    """A module of more than 450 lines usually has two subjects."""
    lengths = {module: path.read_text("utf-8").count("\n") for module, path in MODULES.items()}
    too_long = {module: length for module, length in lengths.items() if length > 450}
    assert {module: length for module, length in too_long.items() if module not in LONG} == {}
    assert set(LONG) <= set(too_long), "no longer over 450 lines: remove it from LONG"


# Modules over 450 lines, each with the reason why it is not split.
LONG = {
    "fake": "one class: the signatures and docstrings of the Python interface",
    "github.refusals": "one list of GitHub's refusals",
}


def test_every_library_in_the_table_is_imported() -> None:
    """A library that its module no longer imports is removed from the table."""
    for module, libraries in THIRD_PARTY.items():
        imported = {item.target.partition(".")[0] for item in imports(MODULES[module].read_text("utf-8"))}
        assert libraries <= imported, f"{module} does not import {libraries - imported}"


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        (
            "store.store",
            "import json\n\nfrom pytest_ghdeploy.http import application\n",
            "store/store.py:3: from pytest_ghdeploy.http import application  <-- store may not import http",
        ),
        (
            "github.rules.git",
            "from pytest_ghdeploy.store.store import Store\n",
            "github/rules/git.py:1: from pytest_ghdeploy.store.store import Store  <-- github may not import store",
        ),
        (
            "github.git",
            "if TYPE_CHECKING:\n    from pytest_ghdeploy.store.events import Event\n",
            "github/git.py:2: from pytest_ghdeploy.store.events import Event  <-- github may not import store",
        ),
        (
            "api.deployments",
            "def create():\n    import pytest_ghdeploy.doors.requests\n",
            "api/deployments.py:2: import pytest_ghdeploy.doors.requests  <-- api may not import doors",
        ),
        (
            "serializers.git",
            "from pytest_ghdeploy.store import events\n",
            "serializers/git.py:1: from pytest_ghdeploy.store import events  <-- serializers may not import store",
        ),
        (
            "fake",
            "from pytest_ghdeploy import FakeGitHub\n",
            "fake.py:1: from pytest_ghdeploy import FakeGitHub  <-- fake may not import __init__",
        ),
        (
            "store.store",
            "from . import rules\n",
            "store/store.py:1: from . import rules  <-- imports are absolute here",
        ),
        (
            "store.events",
            "def payload():\n    from jsonschema import validate\n",
            "store/events.py:2: from jsonschema import validate  <-- store.events may not import jsonschema",
        ),
        (
            "doors.network_guard",
            "import requests.adapters\n",
            "doors/network_guard.py:1: import requests.adapters  <-- doors.network_guard may not import requests",
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
def test_an_import_to_the_right_is_reported_with_its_line(module: str, source: str, expected: str) -> None:
    """The complaint has file, line and reason."""
    assert list(complaints(module, source)) == [expected]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "store.store",
            "from pytest_ghdeploy.github import rules\nfrom pytest_ghdeploy.store.events import Recorder\n",
        ),
        ("api.deployments", "from pytest_ghdeploy.api import git, statuses\n"),
        ("doors.requests", "import requests\nfrom pytest_ghdeploy.doors import registry\n"),
        ("plugin", "import pytest\n\ndef ghdeploy():\n    from pytest_ghdeploy.fake import FakeGitHub\n"),
        ("__init__", "if TYPE_CHECKING:\n    from pytest_ghdeploy.fake import FakeGitHub\n"),
    ],
)
def test_an_import_to_the_left_is_allowed(module: str, source: str) -> None:
    """No other imports are reported."""
    assert not list(complaints(module, source))
