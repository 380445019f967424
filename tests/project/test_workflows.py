"""The files in `.github`: they agree with the package. `make lint` checks them against their published schemas."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def workflow(name: str) -> dict[str, Any]:
    """Read a workflow."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text("utf-8"))
    return loaded


def test_the_matrix_has_every_supported_python() -> None:
    """Each version with a classifier is tested on all three systems, and the next one too."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    supported = [text.rpartition(" ")[2] for text in classifiers if re.search(r":: 3\.\d+$", text)]
    matrix = workflow("tests")["jobs"]["versions"]["strategy"]["matrix"]
    assert matrix["python"][: len(supported)] == supported
    assert matrix["python"][-1] == "3.14"
    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]


def test_the_newest_versions_are_tested_every_week() -> None:
    """With releases and with pre-releases. The tests run as in the other workflow."""
    text = (ROOT / ".github" / "workflows" / "newest.yml").read_text("utf-8")
    assert re.search(r'^  schedule:\n    - cron: "\d+ \d+ \* \* \d"\n  workflow_dispatch:\n', text, re.MULTILINE)
    steps = workflow("newest")["jobs"]["newest"]["steps"]
    assert steps[-1] == workflow("tests")["jobs"]["versions"]["steps"][-1]
    matrix = workflow("newest")["jobs"]["newest"]["strategy"]["matrix"]
    assert [entry["option"] for entry in matrix["include"]] == ["", "--pre"]


def test_every_command_of_a_workflow_exists() -> None:
    """The make targets and files that the workflows run are in the project."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for path in WORKFLOWS:
        for job in workflow(path.stem)["jobs"].values():
            for step in job["steps"]:
                for target in re.findall(r"^make ([a-z-]+)", step.get("run", ""), re.MULTILINE):
                    assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{path.name}: make {target}"
                for file in re.findall(r"^(?:python )?((?:\.ci|tools)/\S+)", step.get("run", ""), re.MULTILINE):
                    assert (ROOT / file).is_file(), f"{path.name}: {file}"


def test_rights_are_given_to_single_jobs_only() -> None:
    """A workflow may read; only the job that publishes may do more, and it runs no code of the project."""
    for path in WORKFLOWS:
        loaded = workflow(path.stem)
        assert loaded["permissions"] == {"contents": "read"}, path.name
        for name, job in loaded["jobs"].items():
            if "permissions" in job:
                assert name == "publish"
                assert not any("run" in step or "checkout" in step.get("uses", "") for step in job["steps"])


def test_the_release_is_dated_in_the_changelog() -> None:
    """The release workflow finds the heading of a version that has been released."""
    heading = next(step for step in workflow("release")["jobs"]["build"]["steps"] if "Compare" in step.get("name", ""))
    pattern = re.search(r'grep -E "(.*)"', heading["run"])
    assert pattern
    expression = pattern[1].replace("$version", "0.1.0").replace("\\[", r"\[").replace("\\]", r"\]")
    assert re.search(expression, "## [0.1.0] - 2026-11-29")
    assert not re.search(expression, "## [0.1.0] - Unreleased")


def test_extras_are_quoted_for_shells() -> None:
    """In zsh, square brackets without quotes are a pattern, and the command fails."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    named = [
        (path.name, found) for path in files for found in re.findall(r".pytest-ghdeploy\[.", path.read_text("utf-8"))
    ]
    assert len(named) >= 4
    assert all(found.startswith("'") for _, found in named), named
