"""
The metadata of an action, in ``action.yml``.

Source:
    https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pytest_ghdeploy import data_files, errors
from pytest_ghdeploy.errors import FakeError

STEPS = ("pre", "main", "post")
"""In the order in which the runner runs them."""
RUNTIMES = ("node12", "node16", "node20", "node24")
_FILES = ("action.yml", "action.yaml")
_OTHER_KINDS = {"composite": "a composite action", "docker": "a Docker action"}


class Input(NamedTuple):
    """An input that the metadata declares. Without a *default*, its default is ``""``."""

    name: str
    required: bool
    default: str


class Metadata(NamedTuple):
    """
    What the fake needs to run an action.

    Attributes:
        file: The path of the metadata file, for messages.

        scripts: The script of each step that the action has, as an absolute path.

        conditions: The condition of ``pre`` and ``post``, if the file has one: ``pre-if`` and ``post-if``.
    """

    file: str
    inputs: tuple[Input, ...]
    scripts: Mapping[str, Path]
    conditions: Mapping[str, str]


def read(path: str | os.PathLike[str]) -> Metadata:
    """
    Read the metadata of the action at *path*, which is its folder or its metadata file.

    Raises:
        FakeError: There is no such file, its content is invalid, the action is not written in JavaScript, a script is
            missing, or PyYAML is not installed.
    """
    file = _find(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
        content = data_files.read(text, data_files.GITHUBS_YAML).value
    except data_files.Malformed as problem:
        line = f":{problem.line}" if problem.line else ""
        msg = f"{file}{line}: {problem}"
        raise FakeError(msg, argument="path") from None
    except (OSError, UnicodeDecodeError) as problem:
        msg = f"{file}: cannot read the metadata of this action: {getattr(problem, 'strerror', None) or problem}"
        raise FakeError(msg, argument="path") from None
    return _read_content(file, content)


def _find(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        msg = f"path must be the path of an action's folder, got {errors.kind_of(path)}"
        raise FakeError(msg, argument="path")
    place = Path(path).absolute()
    if place.is_file():
        return place
    found = next((place / name for name in _FILES if (place / name).is_file()), None)
    if found is None:
        msg = f"no action at {place}: it has neither action.yml nor action.yaml"
        raise FakeError(msg, argument="path")
    return found


def _read_content(file: Path, content: object) -> Metadata:
    top = _mapping(file, "it", content)
    runs = _mapping(file, "runs", top.get("runs"))
    using = text_of(runs.get("using")).lower()
    if using not in RUNTIMES:
        kind = _OTHER_KINDS.get(using, f"an action with runs.using: {using or 'nothing'}")
        msg = f"run_action runs JavaScript actions only ({', '.join(RUNTIMES)}), and {file} is {kind}"
        raise FakeError(msg, argument="path", see="an-action-that-cannot-be-run")
    scripts = {step: file.parent / text_of(runs[step]) for step in STEPS if text_of(runs.get(step))}
    if "main" not in scripts:
        msg = f"{file}: runs.main is missing: it names the script of the action"
        raise FakeError(msg, argument="path")
    for step, script in scripts.items():
        if not script.is_file():
            msg = f"{file}: runs.{step} is {text_of(runs[step])}, which does not exist; does the action need a build?"
            raise FakeError(msg, argument="path")
    conditions = {step: text_of(runs[f"{step}-if"]) for step in ("pre", "post") if f"{step}-if" in runs}
    return Metadata(str(file), tuple(_inputs(file, top.get("inputs"))), scripts, conditions)


def _inputs(file: Path, inputs: object) -> list[Input]:
    found = []
    for name, value in _mapping(file, "inputs", {} if inputs is None else inputs).items():
        details = _mapping(file, f"inputs.{name}", {} if value is None else value)
        default = details.get("default")
        if isinstance(default, (Mapping, list)):
            msg = f"{file}: inputs.{name}.default must be a string, got {errors.kind_of(default)}"
            raise FakeError(msg, argument="path")
        found.append(Input(name, text_of(details.get("required")).lower() == "true", text_of(default)))
    return found


def _mapping(file: Path, name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"{file}: {name} must be a mapping, got {errors.kind_of(value)}"
        raise FakeError(msg, argument="path")
    return value


def text_of(value: object) -> str:
    """Return the string that the runner makes of a value in a YAML or JSON file: ``true``, and ``1.1`` for ``1.10``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)
