"""The tools that read GitHub's own description: the list of its operations, and what changed in it."""

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
def test_the_list_of_endpoints_is_that_of_the_description() -> None:
    """The file in the package is what ``tools/list_endpoints.py`` writes."""
    written = (ROOT / "src" / "pytest_ghdeploy" / "http" / "endpoints.txt").read_text("utf-8")
    assert written == tool("list_endpoints").contents()


@needs_description
@pytest.mark.parametrize("package", [REST, WEBHOOKS])
def test_the_description_is_of_the_pinned_version(package: str) -> None:
    """If it is not, the version in ``tools/fetch_clients.py`` has changed: run ``make clients`` again."""
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
def test_what_differs_is_listed_with_its_path(before: Any, after: Any, expected: Any) -> None:  # noqa: ANN401 - JSON
    """A new or lost member is listed once; the order of members does not count where they can be told apart."""
    assert list(drift.compare(before, after)) == expected


# Comparing descriptions


LIST = ("get", "/deployments", "repos/list-deployments", "deployment")
CREATE = ("post", "/deployments", "repos/create-deployment", "deployment")
GISTS = ("get", "/gists", "gists/list", "gist")


def rest(*operations: tuple[str, str, str, str], **user: object) -> dict[str, Any]:
    """Describe a REST API: for each operation its method, path, id and the component that it answers with."""
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
def test_only_what_the_fake_answers_is_compared(before: Any, after: Any, expected: list[str]) -> None:  # noqa: ANN401
    """Operations by id, then each component that they lead to, once, with an operation that it is seen in."""
    answered = [LIST[2], CREATE[2]]
    assert drift.drift(drift.operations(before, answered), drift.operations(after, answered)) == expected


def webhooks(**operation_ids: str) -> dict[str, Any]:
    """Make a description of webhooks, each with the type of its payload."""
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
    """With each action that GitHub has, also those that the fake does not dispatch."""
    names = ["push", "check_run"]
    assert drift.drift(drift.events(before, names), drift.events(after, names)) == expected


# The program


@pytest.fixture
def newest(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Have 1.0.0 fetched by ``make clients``, and 2.0.0 as the newest."""
    newest = {REST: rest(LIST, CREATE, GISTS), WEBHOOKS: webhooks(push="object")}
    pinned = {REST: rest(LIST, CREATE, GISTS), WEBHOOKS: webhooks(push="object")}
    monkeypatch.setattr(githubs_description, "is_there", lambda: True)
    monkeypatch.setattr(githubs_description, "load", lambda package, node: (newest if node else pinned)[package])
    monkeypatch.setattr(githubs_description, "version", lambda _, node: "2.0.0" if node else "1.0.0")
    monkeypatch.setattr(drift, "fetch_newest", lambda _: None)
    return newest


def test_the_program_says_that_nothing_changed(newest: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 0; what the fake does not answer may have changed."""
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
    """Without one the exit status is 2, so that nobody takes it for a result."""

    def fail(_: Path) -> None:
        raise problem

    assert newest
    monkeypatch.setattr(drift, "fetch_newest", fail)
    assert drift.main() == 2
    assert capsys.readouterr().out == f"the newest description could not be fetched: {problem}\n"
    monkeypatch.setattr(githubs_description, "is_there", lambda: False)
    assert drift.main() == 2
    assert capsys.readouterr().out == "GitHub's description was not fetched: run `make clients` first\n"


@needs_description
def test_the_fetched_description_has_all_that_the_fake_answers() -> None:
    """No operation or event is passed over in silence."""
    ids = list(drift.router.endpoints())
    assert drift.operations(githubs_description.load(REST), ids).own.keys() == set(ids)
    events = {path.stem for path in (ROOT / "schemas" / "events").glob("*.json")}
    found = drift.events(githubs_description.load(WEBHOOKS), events)
    assert {name.partition(".")[0] for name in found.own} == events
