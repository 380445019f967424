"""Type checking of code that uses the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TYPING = Path(__file__).parent / "typing"


def check(path: Path, cache: Path) -> str:
    """Run mypy as users do, without this project's settings, and return its output."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", f"--cache-dir={cache}"]
    process = subprocess.run(  # noqa: S603 - our own command
        [*command, path.name], cwd=path.parent, capture_output=True, text=True, check=False
    )
    return process.stdout + process.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Share mypy's cache of the libraries between tests."""
    return tmp_path_factory.mktemp("mypy")


def test_correct_use_passes(cache: Path) -> None:
    """The public interface is fully typed: `mypy --strict` reports nothing for correct use."""
    assert check(TYPING / "use.py", cache) == ""


def test_mistakes_are_reported(cache: Path) -> None:
    """Each line in the list is reported. An accepted line would show as an unused `type: ignore` comment."""
    assert "type: ignore[" in (TYPING / "refused.py").read_text("utf-8")
    assert check(TYPING / "refused.py", cache) == ""


def test_an_accepted_mistake_would_be_noticed(cache: Path, tmp_path: Path) -> None:
    """The check above can fail: accepted mistakes and unexpected errors are both reported."""
    path = tmp_path / "some_use.py"
    path.write_text(
        "from pytest_ghdeploy import FakeGitHub\n"
        'FakeGitHub(validate="all")  # type: ignore[arg-type]\n'
        'FakeGitHub(validate="everything")\n',
        "utf-8",
    )
    errors = check(path, cache).splitlines()
    assert errors[0] == 'some_use.py:2: error: Unused "type: ignore" comment  [unused-ignore]'
    assert errors[1].startswith('some_use.py:3: error: Argument "validate" to "FakeGitHub" has incompatible type')
    assert len(errors) == 2
