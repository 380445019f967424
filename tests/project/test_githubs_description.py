"""Shortening and loading GitHub's own description."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import fetched
import githubs_description
import pytest
from githubs_description import REST

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ({"openapi": "3.0.3", "servers": [], "paths": {}}, {"paths": {}}),
        ({"info": {"version": "1.0.0", "description": "long"}}, {"info": {"version": "1.0.0"}}),
        (
            {"paths": {"/x": {"get": {"operationId": "x/get", "summary": "Get x", "tags": ["x"]}}}},
            {"paths": {"/x": {"get": {"operationId": "x/get"}}}},
        ),
        (
            {"components": {"examples": {"x": {}}, "schemas": {"tags": {"type": "string", "example": "v1"}}}},
            {"components": {"schemas": {"tags": {"type": "string"}}}},
        ),
        (
            {"components": {"properties": {"description": {"type": "string", "description": "long"}}}},
            {"components": {"properties": {"description": {"type": "string"}}}},
        ),
        (
            {"components": {"properties": {"properties": {"type": "object", "summary": "long"}}}},
            {"components": {"properties": {"properties": {"type": "object"}}}},
        ),
        ({"webhooks": {"push": [{"description": "long", "in": "header"}]}}, {"webhooks": {"push": [{"in": "header"}]}}),
    ],
)
def test_prose_is_left_out_and_names_are_kept(whole: Any, kept: Any) -> None:  # noqa: ANN401 - JSON
    """A property named ``description`` is kept; a description of a property is removed."""
    assert githubs_description.without_prose(whole) == kept


def fetch(node: Path, version: str) -> Path:
    """Write a package as npm would, and return the path of its description."""
    folder = node / "node_modules" / REST
    (folder / "generated").mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"version": version}), "utf-8")
    source = folder / "generated" / "api.github.com.json"
    source.write_text(json.dumps({"info": {"version": version}, "paths": {}}), "utf-8")
    return source


def test_the_description_is_shortened_once_for_each_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Later processes read the short file. A new version, or a changed loader, writes a new one."""
    load = githubs_description.load.__wrapped__  # without its cache
    monkeypatch.setattr(fetched, "NODE", tmp_path)
    source = fetch(tmp_path, "1.0.0")
    assert load(REST)["info"] == {"version": "1.0.0"}
    source.write_text("not read again", "utf-8")
    assert load(REST)["info"] == {"version": "1.0.0"}

    fetch(tmp_path, "1.0.1")
    assert load(REST)["info"] == {"version": "1.0.1"}
    assert sorted(path.name for path in (tmp_path / "described").iterdir()) == [
        "openapi-1.0.0.json",
        "openapi-1.0.1.json",
    ]

    fetch(tmp_path, "1.0.0").write_text('{"info": {"version": "again"}}', "utf-8")
    os.utime(tmp_path / "described" / "openapi-1.0.0.json", (0, 0))
    assert load(REST)["info"] == {"version": "again"}


def test_the_header_names_the_fetched_version(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """If nothing was fetched, the header names the command to run."""

    def header() -> str | None:
        lines = pytestconfig.hook.pytest_report_header(config=pytestconfig, start_path=pytestconfig.rootpath)
        return next((line for line in lines if str(line).startswith("GitHub's description: ")), None)

    monkeypatch.setattr(fetched, "NODE", tmp_path)
    assert header() == "GitHub's description: not fetched (make clients)"

    fetch(tmp_path, "1.0.0")
    monkeypatch.setattr(githubs_description, "WEBHOOKS", REST)
    assert header() == "GitHub's description: 1.0.0, of its webhooks 1.0.0"
