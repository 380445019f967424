"""A short run of the fuzzer; ``make fuzz`` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

RUN = Path(__file__).parents[2] / "fuzz" / "run.py"


@pytest.mark.parametrize("seed", [1, 2])
def test_random_requests_get_valid_responses(seed: int) -> None:
    """In 2,000 requests there is no crash, no invalid response, and no refused request that changes state."""
    command = [sys.executable, str(RUN), "--requests", "2000", "--sequences", "20", "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"2,000 requests, seed {seed}: ")
    for status in ("200", "201", "204", "304", "400", "401", "403", "404", "409", "415", "422"):
        assert f" x {status}" in done.stdout
