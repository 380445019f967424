"""What a type checker says to users."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TYPING = Path(__file__).parent / "typing"


def check(path: Path, cache: Path) -> str:
    """Run mypy as a user does, without this project's settings, and give what it says."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", f"--cache-dir={cache}"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, path.name], cwd=path.parent, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Share what mypy has learned of the libraries."""
    return tmp_path_factory.mktemp("mypy")


def test_what_users_write_is_taken(cache: Path) -> None:
    """The types of the public interface are complete: `mypy --strict` has nothing to say of correct use."""
    assert check(TYPING / "use.py", cache) == ""


def test_what_users_write_by_mistake_is_refused(cache: Path) -> None:
    """Each wrong use in the list is refused; a line that passes shows as a comment that is not needed."""
    assert "type: ignore[" in (TYPING / "refused.py").read_text("utf-8")
    assert check(TYPING / "refused.py", cache) == ""


def test_a_mistake_that_passes_would_be_noticed(cache: Path, tmp_path: Path) -> None:
    """The check above can fail: what is not refused, and what is refused unexpectedly, is both said."""
    path = tmp_path / "some_use.py"
    path.write_text(
        "from pytest_ghdeploy import FakeGitHub\n"
        'FakeGitHub(validate="all")  # type: ignore[arg-type]\n'
        'FakeGitHub(validate="everything")\n',
        "utf-8",
    )
    said = check(path, cache).splitlines()
    assert said[0] == 'some_use.py:2: error: Unused "type: ignore" comment  [unused-ignore]'
    assert said[1].startswith('some_use.py:3: error: Argument "validate" to "FakeGitHub" has incompatible type')
    assert len(said) == 2
