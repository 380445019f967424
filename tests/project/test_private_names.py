"""
Private names of other libraries: each is listed, exists in the installed version, and may be missing in another.

The extras of the package have upper bounds, but a user may have any version. ``.github/workflows/newest.yml`` runs this
test with the newest ones.
"""

from __future__ import annotations

import ast
import asyncio
import http.client
import re
import runpy
import threading
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import aioresponses
import github.Requester
import httpx
import pytest
import requests
import responses
import urllib3.connection
import vcr.cassette
import vcr.stubs

from pytest_ghdeploy import FakeGitHub, UnsupportedRequest
from pytest_ghdeploy.doors import aiohttp as aiohttp_door, coexistence, http_client, httpx as httpx_door
from pytest_ghdeploy.errors import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "pytest_ghdeploy"
PRIVATE = re.compile(r"_[A-Za-z]\w*(?<!__)")
API = "https://api.github.com"


class Use(NamedTuple):
    """A private name that a module uses: where the library has it, and what happens in a version without it."""

    library: str
    owner: Callable[[pytest.FixtureRequest], object]
    without: str


NOTICE = "The library cannot be used with GitHub's hosts: an error names the library and the missing name."
PYTHON = "Every use of a fake fails. threading.Condition uses it too, and so far every version of Python has it."


async def connector() -> object:
    """Make a connector of aiohttp, which needs a running event loop."""
    async with aiohttp.ClientSession() as session:
        return session.connector


USES = {
    ("doors.aiohttp", "_conns"): Use("aiohttp", lambda _: asyncio.run(connector()), NOTICE),
    ("doors.aiohttp", "_create_connection"): Use("aiohttp", lambda _: aiohttp.TCPConnector, NOTICE),
    ("doors.aiohttp", "_factory"): Use("aiohttp", lambda _: asyncio.run(connector()), NOTICE),
    ("doors.aiohttp", "_get"): Use("aiohttp", lambda _: aiohttp.TCPConnector, NOTICE),
    ("doors.coexistence", "_load"): Use(
        "vcrpy",
        lambda _: vcr.cassette.Cassette,
        "A cassette with requests for the fake's host, recorded or to be recorded, is an error with the name.",
    ),
    ("doors.coexistence", "_passthrough"): Use(
        "aioresponses",
        lambda _: aioresponses.aioresponses(),
        "aioresponses answers requests for GitHub's hosts before the fake does.",
    ),
    ("doors.http_client", "_tunnel_host"): Use(
        "Python",
        lambda _: http.client.HTTPConnection("localhost"),
        "A request through a tunnel of a proxy is refused by the network guard.",
    ),
    ("doors.http_client", "_tunnel_port"): Use(
        "Python", lambda _: http.client.HTTPConnection("localhost"), "It is read only if there is _tunnel_host."
    ),
    ("doors.httpx", "_mounts"): Use(
        "httpx", lambda _: httpx.Client(), 'respx answers with using="httpx" before the fake does.'
    ),
    ("doors.httpx", "_pool"): Use(
        "httpx", lambda _: httpx.HTTPTransport(), "The retries of a transport do not apply to faults."
    ),
    ("doors.httpx", "_retries"): Use(
        "httpcore",
        lambda _: httpx.HTTPTransport()._pool,
        "The retries of a transport do not apply to faults.",
    ),
    ("doors.httpx", "_transport"): Use("httpx", lambda _: httpx.Client(), "As without _mounts."),
    ("doors.httpx", "_transport_for_url"): Use("httpx", lambda _: httpx.Client, "As without _mounts."),
    ("doors.patching", "_baseclass"): Use(
        "vcrpy",
        lambda _: vcr.stubs.VCRHTTPConnection,
        "If the first fake of a process opens while a cassette is in use, http.client has no door to it.",
    ),
    ("doors.pygithub", "_Requester__deferRequest"): Use(
        "PyGithub", lambda _: github.Requester.Requester, "PyGithub waits a second between writes."
    ),
    ("doors.requests", "_on_request"): Use("responses", lambda _: responses.RequestsMock, NOTICE),
    ("doors.urllib3", "_has_connected_to_proxy"): Use(
        "urllib3",
        lambda _: urllib3.connection.HTTPConnection("localhost"),
        "A fault is reported as a failure of the proxy, if the client has one.",
    ),
    ("pytest_integration", "_fixtureinfo"): Use(
        "pytest", lambda request: request.node, "The marker sets up the fixture ghdeploy first of all fixtures."
    ),
    ("pytest_integration", "_inicfg"): Use(
        "pytest", lambda request: request.config, "An unknown ini option ghdeploy_* is not refused."
    ),
    ("store.outbox", "_at_fork_reinit"): Use(
        "Python", lambda _: threading.Condition(), "A fake that was open when a process was forked fails in the child."
    ),
    ("store.outbox", "_is_owned"): Use("Python", lambda _: threading.RLock(), PYTHON),
}

# Strings that look like private names of others.
OTHERS = {
    ("admin.endpoints", "_restart"): "a method of the served fake",
    ("http.application", "_id"): "the end of a name",
    ("pytest_integration", "_on_request"): "a function of the door to requests",
    ("report.transcript", "_Part"): "a type variable",
    ("serializers.contents", "_links"): "a member of GitHub's JSON",
    ("serializers.git", "_links"): "a member of GitHub's JSON",
    ("serializers.pull_requests", "_links"): "a member of GitHub's JSON",
    ("serializers.reviews", "_links"): "a member of GitHub's JSON",
}
# Documented for named tuples, and private to nobody.
NAMED_TUPLE = {"_asdict", "_fields", "_make", "_replace"}


def module_of(path: Path) -> str:
    """Return a module's name without the package."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


TREES = {module_of(path): ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


@cache
def attributes_of(class_: ast.ClassDef) -> frozenset[str]:
    """List what a class defines: methods, class attributes, slots, and the attributes that its methods set."""
    names = {
        node.attr
        for node in ast.walk(class_)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    for node in class_.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
            if ast.unparse(targets[0]) == "__slots__" and node.value:
                names.update(ast.literal_eval(node.value))
    return frozenset(names)


@cache
def classes_of(tree: ast.Module) -> list[ast.ClassDef]:
    """List the classes of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def classes_of_imports(tree: ast.Module, trees: dict[str, ast.Module]) -> list[ast.ClassDef]:
    """List the classes of our modules that a module imports."""
    known = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytest_ghdeploy"):
            places = [node.module or "", *(f"{node.module}.{name.name}" for name in node.names)]
            known |= {trees[short] for place in places if (short := place.partition(".")[2]) in trees}
    return [class_ for each in known for class_ in classes_of(each)]


def private_names(module: str, trees: dict[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """
    List the private names that a module uses and that are not ours.

    They are attributes, strings, and parts of an import. A name is ours if a class of the module defines it, or one of
    a module of ours that it imports. What a class itself defines does not count for its calls of ``super()``.
    """
    tree = trees[module]
    classes = [*classes_of(tree), *classes_of_imports(tree, trees)]
    ours = NAMED_TUPLE.union(*map(attributes_of, classes))
    for class_ in classes_of(tree):
        others = NAMED_TUPLE.union(*(attributes_of(other) for other in classes if other is not class_))
        for node in ast.walk(class_):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "super()" and node.attr not in others:
                yield module, node.attr
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr not in ours:
            yield module, node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in ours:
            yield module, node.value
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            place = (getattr(node, "module", None) or "").split(".")
            if place[0] != "pytest_ghdeploy":
                yield from ((module, part) for name in node.names for part in (*place, *name.name.split(".")))


def found(trees: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """List all uses in the source, by module and name."""
    return {use for module in trees for use in private_names(module, trees) if PRIVATE.fullmatch(use[1])}


def test_every_private_name_is_listed() -> None:
    """A new use of a private name is noticed, and so is an entry that is no longer used."""
    assert found(TREES) == {*USES, *OTHERS}


@pytest.mark.parametrize(
    "source",
    [
        "client._new",
        "client._new = 1",
        "getattr(client, '_new', None)",
        "Patch(library.Client, '_new', wrap)",
        "vars(client)['_new']",
        "import library._new",
        "from library import _new",
        "from _new import name",
        "def _new(): pass\nclient._new()",
        "class Ours(Client):\n    def _new(self): super()._new()",
        "class Ours(Client):\n    def close(self): self._new()",
    ],
)
def test_a_new_private_name_is_noticed(source: str) -> None:
    """Attributes, strings, imports and inherited methods are found."""
    assert found({"doors.new": ast.parse(source)}) == {("doors.new", "_new")}


@pytest.mark.parametrize(
    "source",
    [
        "class Ours:\n    def _new(self): pass\n    def close(self): self._new()",
        "class Ours:\n    __slots__ = ('_new',)\n    def close(self): return self._new",
        "class Ours:\n    def __init__(self): self._new = 1\nours._new",
        "from pytest_ghdeploy.other import Other\nother._new",
        "from pytest_ghdeploy import other\nother._new",
        "from pytest_ghdeploy.other import Other\nclass Ours(Other):\n    def close(self): super()._new()",
        "row._replace(name='')",
        "client.__class__",
    ],
)
def test_our_own_private_names_are_left_out(source: str) -> None:
    """A name that one of our classes defines needs no entry."""
    other = ast.parse("class Other:\n    def _new(self): pass")
    assert found({"new": ast.parse(source), "other": other}) == set()


@pytest.mark.parametrize(("use", "name"), [(use, name) for (_, name), use in USES.items()], ids=[n for _, n in USES])
def test_a_private_name_exists(request: pytest.FixtureRequest, use: Use, name: str) -> None:
    """The installed version of the library has it. pytest renamed one of them in version 9."""
    owner = use.owner(request)
    assert hasattr(owner, name) or (name == "_inicfg" and "inicfg" in vars(owner)), f"{use.library}: {use.without}"


# The newest versions


def newest(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines that ``tools/newest.py`` prints."""
    monkeypatch.setattr("sys.argv", ["newest.py", *arguments])
    runpy.run_path(str(ROOT / "tools" / "newest.py"), run_name="__main__")
    return capsys.readouterr().out.splitlines()


def test_the_newest_versions_have_no_bounds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The only bound is githubkit's. Everything that the package requires is among them."""
    lines = newest(monkeypatch=monkeypatch, capsys=capsys)
    assert [line for line in lines if re.search("[<>=]", line)] == ["hishel<2"]
    assert {"jsonschema", "pytest", "responses", "werkzeug", "aiohttp", "trustme", "PyYAML", "vcrpy"} <= set(lines)


def test_pre_releases_are_those_of_the_listed_libraries(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only httpx is left out, because what uses it does not work with its next version yet."""
    lines = newest("--pre", monkeypatch=monkeypatch, capsys=capsys)
    allowed = {line.removesuffix(">=0.dev0") for line in lines if line.endswith(">=0.dev0")}
    assert allowed == {use.library for use in USES.values()} - {"Python", "httpx"}
    assert not allowed & set(lines)


# Versions without them


def test_responses_without_its_method_is_an_error(ghdeploy: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the library, its version and what is missing."""
    monkeypatch.delattr(responses.RequestsMock, "_on_request")
    message = with_page(
        r"a request to api\.github\.com cannot be answered: responses [\d.]+ has no RequestsMock\._on_request, which "
        r"this version of pytest-ghdeploy needs\. Use an older responses or a newer pytest-ghdeploy",
        "a-library-that-is-too-new",
    )
    with pytest.raises(UnsupportedRequest, match=f"^{message}$"):
        requests.get(f"{API}/user", timeout=10)
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


@pytest.mark.parametrize("name", ["_conns", "_factory"])
def test_aiohttp_without_an_attribute_is_an_error(ghdeploy: FakeGitHub, name: str, local: str) -> None:
    """Nothing is sent to GitHub's hosts, and other hosts work as far as aiohttp does."""

    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            kept = vars(session.connector).pop(name)
            with pytest.raises(UnsupportedRequest, match=rf"aiohttp [\w.]+ has no TCPConnector\.{name}, which"):
                await session.get(f"{API}/user")
            vars(session.connector)[name] = kept
            async with session.get(local) as answer:
                assert await answer.text() == "local"

    asyncio.run(scenario())
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


def test_aiohttp_without_a_method_is_not_patched_there(ghdeploy: FakeGitHub) -> None:
    """The remaining patch refuses requests for GitHub's hosts."""

    class Connector:
        async def connect(self, *_: object) -> object:
            raise AssertionError

    (patch,) = aiohttp_door.patches(SimpleNamespace(TCPConnector=Connector))  # type: ignore[arg-type]
    patch.apply()
    request: Any = SimpleNamespace(url=SimpleNamespace(host="api.github.com"))
    with pytest.raises(UnsupportedRequest, match=r"has no TCPConnector\._create_connection, which"):
        asyncio.run(Connector().connect(request, None, None))
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)


def test_vcrpy_without_its_method_is_an_error_for_cassettes_with_github(ghdeploy: FakeGitHub) -> None:
    """Recordings of other hosts are kept as usual."""

    class Cassette:
        def __init__(self) -> None:
            self.data: list[Any] = []

        def append(self, request: Any, response: object) -> None:  # noqa: ANN401
            self.data.append((request, response))

        can_play_response_for = filter_request = append

    library: Any = SimpleNamespace(__name__="vcr", config=SimpleNamespace(Cassette=Cassette))
    cassette = Cassette()
    for patch in coexistence.patches(library):
        patch.apply()
    cassette.append(SimpleNamespace(uri="https://example.com/"), "other")
    with pytest.raises(UnsupportedRequest, match=r"vcrpy [\d.]+ has no Cassette\._load, which"):
        cassette.append(SimpleNamespace(uri=f"{API}/user"), "ours")
    assert isinstance(ghdeploy._engine.take_problem(), UnsupportedRequest)
    assert [response for _, response in cassette.data] == ["other"]


def test_httpx_without_its_attributes_chooses_the_transport_itself() -> None:
    """The library's own method is called."""
    door = httpx_door._Door(httpx)
    choose = door.transport_for_url(lambda _, url: f"chosen for {url.host}")
    with FakeGitHub():
        assert choose(SimpleNamespace(_mounts={}), httpx.URL(API)) == "chosen for api.github.com"
        assert choose(SimpleNamespace(_mounts={}, _transport="default"), httpx.URL(API)) == "default"


def test_a_connection_without_a_tunnel_leads_to_its_own_host() -> None:
    """A proxy's tunnel is then not known, and the network guard refuses it."""
    connection = SimpleNamespace(host="Proxy.Example", port=8080)
    assert http_client.origin_of(connection, "http") == ("http", "proxy.example", 8080)
