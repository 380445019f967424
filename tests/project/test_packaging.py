"""The distribution: building it, installing it in each way, and using the installed package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# Caches and environments, some of them large, and build outputs.
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".clients", ".*_cache", ".hypothesis", ".coverage*", "__pycache__", "dist"
)

USE = """
import json, sys
import requests
import pytest_ghdeploy
from pytest_ghdeploy import FakeGitHub
from pytest_ghdeploy.commands import cli
from pytest_ghdeploy.http import router, schema

with FakeGitHub(validate="all") as gh:
    gh.add_repository("octocat/example")
    url = "https://api.github.com/repos/octocat/example/deployments"
    headers = {"Authorization": "token x"}
    created = requests.post(url, json={"ref": "main"}, headers=headers)
    refused = requests.post(url, json={"ref": 7}, headers=headers)
print(json.dumps({
    "package": pytest_ghdeploy.__file__,
    "schemas": str(schema.directory()),
    "created": created.status_code,
    "events": [event.name for event in gh.events],
    "refused": [refused.status_code, refused.json()["message"]],
    "operations": len(router.operations()),
    "routes": cli.routes().splitlines(),
    "path": sys.path,
}))
"""

TEST = """
def test_it(ghdeploy):
    repo = ghdeploy.add_repository("octocat/example")
    repo.add_deployment(ref="main")
    ghdeploy.assert_event("deployment", ref="main")
"""


def run(command: Sequence[str | Path], cwd: Path) -> str:
    """Run a command away from the source tree, with no environment variable that leads back to it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
    # No package index is used, whatever the machine's configuration.
    environment = {**kept, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    process = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, f"{command}\n{process.stdout}\n{process.stderr}"
    return process.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the source tree, so that builds do not change it."""
    copy = tmp_path_factory.mktemp("source") / "pytest-ghdeploy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    return copy


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Link the installed packages, without the project itself."""
    links = tmp_path_factory.mktemp("dependencies")
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(folder).iterdir():
            if not path.name.lstrip("_").startswith("pytest_ghdeploy") and path.suffix != ".pth":
                (links / path.name).symlink_to(path)
    return links


class Builds:
    """The built distributions."""

    def __init__(self, source: Path, target: Path) -> None:
        """Build an sdist, a wheel from it, and a wheel from the tree."""
        build: list[str | Path] = [sys.executable, "-m", "build", "--no-isolation"]
        run([*build, "--outdir", target / "sdist", source], target)
        run([*build, "--wheel", "--outdir", target / "tree", source], target)
        (self.sdist,) = (target / "sdist").glob("*.tar.gz")
        (self.wheel_from_sdist,) = (target / "sdist").glob("*.whl")
        (self.wheel,) = (target / "tree").glob("*.whl")


@pytest.fixture(scope="module")
def builds(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """Build everything once."""
    return Builds(source, tmp_path_factory.mktemp("builds"))


class Installation:
    """A virtual environment with the project, and with the dependencies installed here."""

    def __init__(self, folder: Path, dependencies: Path, what: Sequence[str | Path]) -> None:
        """Install *what* with pip."""
        venv.create(folder, with_pip=False, symlinks=True)
        self.folder = folder
        self.python = folder / "bin" / "python"
        (self.site,) = folder.glob("lib/python*/site-packages")
        (self.site / "dependencies.pth").write_text(f"{dependencies}\n", "utf-8")
        pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet"]
        run([*pip, "--no-index", "--no-deps", "--no-build-isolation", *what], folder)
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()

    def use(self) -> dict[str, Any]:
        """Use the installed project, and return a report."""
        report: dict[str, Any] = json.loads(run([self.python, "-c", USE], self.elsewhere))
        return report


@pytest.fixture(scope="module", params=["wheel", "wheel from sdist", "sdist", "editable"])
def kind(request: pytest.FixtureRequest) -> str:
    """Return a way to install."""
    value: str = request.param
    return value


@pytest.fixture(scope="module")
def installation(
    kind: str, source: Path, builds: Builds, dependencies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """Install the project in one of the ways."""
    what: dict[str, list[str | Path]] = {
        "wheel": [builds.wheel],
        "wheel from sdist": [builds.wheel_from_sdist],
        "sdist": [builds.sdist],
        "editable": ["--editable", source],
    }
    return Installation(tmp_path_factory.mktemp("venv"), dependencies, what[kind])


def test_an_installed_fake_works_and_finds_its_schemas(installation: Installation, kind: str, source: Path) -> None:
    """In each kind of installation, a fake creates a deployment and validates requests with its own schemas."""
    report = installation.use()
    assert (report["created"], report["events"]) == (201, ["deployment"])
    assert report["refused"] == [422, "Invalid request.\n\nFor 'properties/ref', 7 is not a string."]
    assert report["operations"] > 1000
    assert any("repos/create-deployment" in line for line in report["routes"])
    package, schemas = Path(report["package"]), Path(report["schemas"])
    if kind == "editable":
        assert package == source / "src" / "pytest_ghdeploy" / "__init__.py"
        assert schemas == source / "schemas"
    else:
        assert package == installation.site / "pytest_ghdeploy" / "__init__.py"
        assert schemas == installation.site / "pytest_ghdeploy" / "schemas"
        assert not [entry for entry in report["path"] if Path(entry).is_relative_to(source)]
    assert not [entry for entry in report["path"] if Path(entry) in (ROOT, ROOT / "src")]


def test_an_installed_plugin_is_found_by_pytest(installation: Installation) -> None:
    """In each kind of installation, pytest has the fixture without configuration."""
    (installation.elsewhere / "test_it.py").write_text(TEST, "utf-8")
    shown = run(
        [installation.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"], installation.elsewhere
    )
    assert "1 passed" in shown


def test_an_installed_command_runs(installation: Installation) -> None:
    """In each kind of installation, the command `ghdeploy` exists."""
    shown = run([installation.folder / "bin" / "ghdeploy", "--version"], installation.elsewhere)
    assert shown == "pytest-ghdeploy 0.1.0\n"


def in_wheel(wheel: Path) -> dict[str, bytes]:
    """Read all files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("which", ["wheel", "wheel_from_sdist"])
def test_a_wheel_has_all_files_of_the_package_and_no_other(builds: Builds, which: str, source: Path) -> None:
    """A wheel has exactly the modules, the schemas, the list of endpoints and `py.typed`, byte for byte."""
    files = in_wheel(getattr(builds, which))
    expected = {
        f"{target}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for folder, target in (
            (source / "src" / "pytest_ghdeploy", "pytest_ghdeploy"),
            (source / "schemas", "pytest_ghdeploy/schemas"),
        )
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert {name: files[name] for name in files if ".dist-info/" not in name} == expected
    assert {"pytest_ghdeploy/py.typed", "pytest_ghdeploy/http/endpoints.txt"} <= set(files)


def test_both_wheels_are_equal(builds: Builds) -> None:
    """The wheel built from the sdist equals the wheel built from the tree."""
    assert in_wheel(builds.wheel) == in_wheel(builds.wheel_from_sdist)


def test_a_wheel_declares_its_entry_points(builds: Builds) -> None:
    """The pytest plugin, the console script and the licence are declared."""
    files = in_wheel(builds.wheel)
    info = "pytest_ghdeploy-0.1.0.dist-info"
    assert files[f"{info}/entry_points.txt"].decode().split() == [
        *("[console_scripts]", "ghdeploy", "=", "pytest_ghdeploy.commands.cli:main"),
        *("[pytest11]", "ghdeploy", "=", "pytest_ghdeploy.plugin"),
    ]
    assert f"{info}/licenses/LICENSE" in files
    metadata = files[f"{info}/METADATA"].decode()
    needed = [line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    always = [name for name in needed if "extra ==" not in name]
    assert sorted(name.partition(">")[0] for name in always) == ["jsonschema", "pytest", "responses", "werkzeug"]
    extras = [line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Provides-Extra: ")]
    assert sorted(extras) == ["aiohttp", "app", "httpx", "httpx2", "tls", "yaml"]
    assert "Requires-Python: >=3.11" in metadata.splitlines()


def test_the_sdist_has_everything_to_build_and_test(builds: Builds, source: Path) -> None:
    """An sdist has the package, the schemas, the tests and the documentation."""
    with tarfile.open(builds.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {
        path.relative_to(source).as_posix()
        for folder in ("src", "schemas", "tests", "examples", "benchmarks")
        for path in (source / folder).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert expected <= names
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile", "PKG-INFO"} <= names
