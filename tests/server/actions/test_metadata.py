"""Reading `action.yml`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from rows import Rows

from pytest_ghdeploy import FakeError
from pytest_ghdeploy.errors import with_page
from pytest_ghdeploy.server.actions import metadata
from pytest_ghdeploy.server.actions.metadata import Input

if TYPE_CHECKING:
    from pathlib import Path

RUNS = "runs: {using: node20, main: index.js}\n"
ACTION = """\
name: Deploy
inputs:
  environment:
    description: Where to
    default: staging
  token: {required: true}
  dry-run: {default: no, required: True}
  version: {default: 1.10}
  big: {default: 1e3}
  empty:
  draft: {default: False}
runs:
  using: node24
  pre: setup.js
  main: dist/index.js
  post: dist/cleanup.js
  post-if: success()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create the scripts of an action without metadata."""
    (tmp_path / "dist").mkdir()
    for name in ("index.js", "setup.js", "dist/index.js", "dist/cleanup.js"):
        (tmp_path / name).touch()
    return tmp_path


def refusal(path: Any) -> FakeError:  # noqa: ANN401 - any wrong type too
    """Return the error that reading an action raises."""
    with pytest.raises(FakeError) as caught:
        metadata.read(path)
    assert caught.value.argument == "path"
    return caught.value


@pytest.mark.parametrize("name", ["action.yml", "action.yaml"])
def test_the_metadata_of_an_action(folder: Path, name: str) -> None:
    """Scripts, conditions, and inputs whose defaults are the strings that the runner makes of them."""
    (folder / name).write_text(ACTION, "utf-8")
    for path in (folder, folder / name, str(folder)):
        action = metadata.read(path)
        assert action.scripts == {
            "pre": folder / "setup.js",
            "main": folder / "dist/index.js",
            "post": folder / "dist/cleanup.js",
        }
        assert action.conditions == {"post": "success()"}
        assert action.inputs == (
            Input("environment", required=False, default="staging"),
            Input("token", required=True, default=""),
            Input("dry-run", required=True, default="no"),
            Input("version", required=False, default="1.1"),
            Input("big", required=False, default="1000"),
            Input("empty", required=False, default=""),
            Input("draft", required=False, default="false"),
        )


def test_a_file_of_any_name_is_an_action(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths may be relative, and an action needs no inputs."""
    monkeypatch.chdir(folder)
    (folder / "other.yml").write_text(RUNS, "utf-8")
    assert metadata.read("other.yml") == metadata.Metadata(
        str(folder / "other.yml"), (), {"main": folder / "index.js"}, {}
    )


def test_what_is_not_a_javascript_action_is_refused(folder: Path) -> None:
    """Each message begins with the file, and says what is wrong."""
    with Rows() as rows:
        for text, message in [
            ("runs: {using: node20}", ": runs.main is missing: it names the script of the action"),
            (
                "runs: {using: node20, main: lib/main.js}",
                ": runs.main is lib/main.js, which does not exist; does the action need a build?",
            ),
            (
                f"{RUNS[:-2]}, post: dist}}",
                ": runs.post is dist, which does not exist; does the action need a build?",
            ),
            ("name: x", ": runs must be a mapping, got nothing"),
            ("", ": it must be a mapping, got nothing"),
            ("- runs", ": it must be a mapping, got a list"),
            (f"{RUNS}inputs: [token]", ": inputs must be a mapping, got a list"),
            (f"{RUNS}inputs: {{token: yes}}", ": inputs.token must be a mapping, got a string"),
            (
                f"{RUNS}inputs: {{token: {{default: [1]}}}}",
                ": inputs.token.default must be a string, got a list",
            ),
            (f"{RUNS}runs: {{}}", ":2: duplicate key 'runs', first in line 1"),
        ]:
            with rows.row(text):
                (folder / "action.yml").write_text(text, "utf-8")
                assert str(refusal(folder)) == f"{folder / 'action.yml'}{message}"


def test_actions_of_other_kinds_are_refused(folder: Path) -> None:
    """The message says which kinds can be run."""
    with Rows() as rows:
        for runs, kind in [
            ("{using: composite, steps: []}", "a composite action"),
            ("{using: Docker, image: x}", "a Docker action"),
            ("{using: node4, main: index.js}", "an action with runs.using: node4"),
            ("{main: index.js}", "an action with runs.using: nothing"),
        ]:
            with rows.row(runs):
                (folder / "action.yml").write_text(f"runs: {runs}", "utf-8")
                only = "run_action runs JavaScript actions only (node12, node16, node20, node24)"
                message = f"{only}, and {folder / 'action.yml'} is {kind}"
                assert str(refusal(folder)) == with_page(message, "an-action-that-cannot-be-run")


def test_a_path_without_an_action_is_refused(folder: Path) -> None:
    """A folder without metadata, a missing one, a file that is not text, and no path at all."""
    missing = "it has neither action.yml nor action.yaml"
    assert str(refusal(folder)) == f"no action at {folder}: {missing}"
    assert str(refusal(folder / "nope")) == f"no action at {folder / 'nope'}: {missing}"
    assert str(refusal(None)) == "path must be the path of an action's folder, got nothing"
    assert str(refusal(b"x")) == "path must be the path of an action's folder, got bytes"
    (folder / "action.yml").write_bytes(b"\xff")
    assert str(refusal(folder)).startswith(f"{folder / 'action.yml'}: cannot read the metadata of this action: ")


def test_without_pyyaml_the_message_names_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOML and JSON are of no use here."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    (folder / "action.yml").write_text(f"{RUNS}# never read before\n", "utf-8")
    message = "YAML needs PyYAML: pip install 'pytest-ghdeploy[yaml]'"
    assert str(refusal(folder)) == f"{folder / 'action.yml'}: {message}"
