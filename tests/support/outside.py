"""Run clients in other processes, without the settings of the person who runs the tests."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LEFT_OUT = ("NODE_", "npm_", "RUBY", "GEM", "GH_")


def run(command: list[str], env: Mapping[str, str], home: Path, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run a client with the variables *env* and an empty *home*. Return its exit status, its output and its errors."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    done = subprocess.run(  # noqa: S603 - the commands of the tests
        command,
        env={**kept, "HOME": str(home), "GH_CONFIG_DIR": str(home), **env},
        cwd=cwd or home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
