"""The tools that read GitHub's own description: the list of operations, and the report of changes."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import githubs_description
import pytest
from githubs_description import REST, WEBHOOKS, needs_description

ROOT = Path(__file__).parents[2]


def tool(name: str) -> Any:  # noqa: ANN401 - a module
    """Load a program from ``tools/``."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drift = tool("drift")


@needs_description
def test_the_list_of_endpoints_matches_the_description() -> None:
    """The file in the package equals the output of ``tools/list_endpoints.py``."""
    written = (ROOT / "src" / "pytest_ghdeploy" / "http" / "endpoints.txt").read_text("utf-8")
    assert written == tool("list_endpoints").contents()


@needs_description
@pytest.mark.parametrize("package", [REST, WEBHOOKS])
def test_the_fetched_description_has_the_pinned_version(package: str) -> None:
    """If this fails, the version in ``tools/fetch_clients.py`` has changed: run ``make clients`` again."""
    assert f"{package}@{githubs_description.version(package)}" in tool("fetch_clients").NPM


# Comparing values


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1, "b": [1]}, {"b": [1], "a": 1}, []),
        ({}, {"a": {"b": 1, "c": 2}}, [("added", "$.a", '{"b": 1, "c": 2}')]),
        ({"a": {"b": 1}}, {"a": {}}, [("removed", "$.a.b", "1")]),
        ({"a": "integer"}, {"a": "string"}, [("changed", "$.a", '"integer" -> "string"')]),
        ({"a": 1}, {"a": True}, [("changed", "$.a", "1 -> true")]),
        ({"a": "x"}, {"a": {"b": 1}}, [("changed", "$.a", '"x" -> {"b": 1}')]),
        ({"200": {}}, {"200": {}, "404": {}}, [("added", '$["404"]', "{}")]),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}, []),
        (
            {"enum": ["a", "b"]},
            {"enum": ["b", "c"]},
            [("removed", '$.enum["a"]', '"a"'), ("added", '$.enum["c"]', '"c"')],
        ),
        (
            [{"$ref": "#/x"}, {"$ref": "#/y"}],
            [{"$ref": "#/y"}],
            [("removed", '$["#/x"]', '{"$ref": "#/x"}')],
        ),
        (
            [{"name": "page", "in": "query"}],
            [{"name": "sha", "in": "query"}, {"name": "page", "in": "path"}],
            [
                ("changed", '$["page"].in', '"query" -> "path"'),
                ("added", '$["sha"]', '{"name": "sha", "in": "query"}'),
            ],
        ),
        (
            [{"type": "null"}, {"type": "string"}],
            [{"type": "null"}, {"type": "string", "format": "uri"}, {"$ref": "#/x"}],
            [("added", "$[1].format", '"uri"'), ("added", "$[2]", '{"$ref": "#/x"}')],
        ),
        ({"a": 1}, {"a": "x" * 200}, [("changed", "$.a", f'1 -> "{"x" * 99}…')]),
    ],
)
def test_changes_are_listed_with_their_path(before: Any, after: Any, expected: Any) -> None:  # noqa: ANN401 - JSON
    """An added or removed value is listed once. The order of items does not matter if they can be told apart."""
    assert list(drift.compare(before, after)) == expected


# Comparing descriptions


LIST = ("get", "/deployments", "repos/list-deployments", "deployment")
CREATE = ("post", "/deployments", "repos/create-deployment", "deployment")
GISTS = ("get", "/gists", "gists/list", "gist")


def rest(*operations: tuple[str, str, str, str], **user: object) -> dict[str, Any]:
    """Describe a REST API. Each operation has a method, path, id and the component of its response."""
    paths: dict[str, Any] = {}
    for method, path, operation_id, component in operations:
        answer = {"$ref": f"#/components/schemas/{component}"}
        paths.setdefault(path, {})[method] = {"operationId": operation_id, "responses": {"200": answer}}
    deployment = {"properties": {"creator": {"$ref": "#/components/schemas/user"}}}
    return {"paths": paths, "components": {"schemas": {"deployment": deployment, "user": user, "gist": {}}}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (rest(LIST, CREATE), rest(LIST, CREATE), []),
        (rest(LIST), rest(LIST, GISTS), []),
        (rest(LIST, CREATE), rest(LIST), ["removed  repos/create-deployment"]),
        (rest(LIST), rest(LIST, CREATE), ["added    repos/create-deployment"]),
        (
            rest(LIST, CREATE, GISTS, enum=["User"]),
            rest(LIST, CREATE, GISTS, enum=["User", "Bot"]),
            ['added    schemas/user $.enum["Bot"]: "Bot" (in repos/create-deployment and 1 more)'],
        ),
        (
            rest(LIST, nullable=False),
            rest(LIST, nullable=True),
            ["changed  schemas/user $.nullable: false -> true (in repos/list-deployments)"],
        ),
        (rest(GISTS, enum=["User"]), rest(GISTS, enum=["User", "Bot"]), []),
        (
            rest(CREATE),
            rest(("put", *CREATE[1:])),
            ['changed  repos/create-deployment $.method: "POST" -> "PUT"'],
        ),
        (
            rest(LIST),
            rest((*LIST[:3], "gist")),
            [
                (
                    'changed  repos/list-deployments $.responses["200"]["$ref"]: '
                    '"#/components/schemas/deployment" -> "#/components/schemas/gist"'
                )
            ],
        ),
    ],
)
def test_only_operations_of_the_fake_are_compared(before: Any, after: Any, expected: list[str]) -> None:  # noqa: ANN401
    """A changed component is listed once, with an operation that uses it."""
    answered = [LIST[2], CREATE[2]]
    assert drift.drift(drift.operations(before, answered), drift.operations(after, answered)) == expected


def webhooks(**operation_ids: str) -> dict[str, Any]:
    """Describe webhooks by the type of their payload."""
    return {
        "webhooks": {
            name: {"post": {"operationId": name.replace("__", "/").replace("_", "-"), "type": payload}}
            for name, payload in operation_ids.items()
        }
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (webhooks(push="object"), webhooks(push="object", star__created="object"), []),
        (
            webhooks(check_run__created="object"),
            webhooks(check_run__created="object", check_run__requested_action="object", check_suite__created="object"),
            ["added    check_run.requested_action"],
        ),
        (webhooks(push="object"), webhooks(push="string"), ['changed  push $.type: "object" -> "string"']),
        (webhooks(push="object"), webhooks(), ["removed  push"]),
    ],
)
def test_only_events_of_the_fake_are_compared(before: Any, after: Any, expected: list[str]) -> None:  # noqa: ANN401
    """All actions of these events are compared, including those that the fake does not dispatch."""
    names = ["push", "check_run"]
    assert drift.drift(drift.events(before, names), drift.events(after, names)) == expected


# The program


@pytest.fixture
def newest(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let ``make clients`` have fetched version 1.0.0, and 2.0.0 be the newest."""
    newest = {REST: rest(LIST, CREATE, GISTS), WEBHOOKS: webhooks(push="object")}
    pinned = {REST: rest(LIST, CREATE, GISTS), WEBHOOKS: webhooks(push="object")}
    monkeypatch.setattr(githubs_description, "is_fetched", lambda: True)
    monkeypatch.setattr(githubs_description, "load", lambda package, node: (newest if node else pinned)[package])
    monkeypatch.setattr(githubs_description, "version", lambda _, node: "2.0.0" if node else "1.0.0")
    monkeypatch.setattr(drift, "fetch_newest", lambda _: None)
    return newest


def test_the_program_says_that_nothing_changed(newest: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 0, even if operations that the fake does not implement have changed."""
    newest[REST] = rest(LIST, CREATE)
    assert drift.main() == 0
    assert capsys.readouterr().out.splitlines() == [
        "@octokit/openapi 1.0.0 -> 2.0.0: nothing changed in what the fake answers",
        "@octokit/openapi-webhooks 1.0.0 -> 2.0.0: nothing changed in what the fake answers",
    ]


def test_the_program_lists_what_changed(newest: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 1."""
    newest[REST] = rest(GISTS)
    newest[WEBHOOKS] = webhooks(push="string", star__created="object")
    assert drift.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "@octokit/openapi 1.0.0 -> 2.0.0: 2 changed in what the fake answers",
        "@octokit/openapi-webhooks 1.0.0 -> 2.0.0: 1 changed in what the fake answers",
        "removed  repos/create-deployment",
        "removed  repos/list-deployments",
        'changed  push $.type: "object" -> "string"',
    ]


@pytest.mark.parametrize(
    "problem", [FileNotFoundError(2, "No such file or directory", "npm"), subprocess.CalledProcessError(1, "npm")]
)
def test_the_program_needs_both_descriptions(
    newest: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], problem: Exception
) -> None:
    """If one is missing the exit status is 2, which differs from both results."""

    def fail(_: Path) -> None:
        raise problem

    assert newest
    monkeypatch.setattr(drift, "fetch_newest", fail)
    assert drift.main() == 2
    assert capsys.readouterr().out == f"the newest description could not be fetched: {problem}\n"
    monkeypatch.setattr(githubs_description, "is_fetched", lambda: False)
    assert drift.main() == 2
    assert capsys.readouterr().out == "GitHub's description was not fetched: run `make clients` first\n"


@needs_description
def test_the_fetched_description_has_every_operation_and_event_of_the_fake() -> None:
    """None is silently left out of the comparison."""
    ids = list(drift.router.endpoints())
    assert drift.operations(githubs_description.load(REST), ids).own.keys() == set(ids)
    events = {path.stem for path in (ROOT / "schemas" / "events").glob("*.json")}
    described = drift.events(githubs_description.load(WEBHOOKS), events)
    assert {name.partition(".")[0] for name in described.own} == events
