"""Random sequences of requests under threads, tasks, forks and interruptions agree with a model: see ``sequences``."""

from __future__ import annotations

import os

import pytest
import sequences


@pytest.fixture(autouse=True)
def _everything_is_checked() -> None:
    """Do not validate responses here, since most interruptions would hit the validation."""


def _run(number: int, *, forks: bool) -> None:
    first = int(os.environ.get("GHDEPLOY_SEED") or int.from_bytes(os.urandom(4), "big"))
    outcomes = sequences.run_many(first, number, forks=forks)
    assert {"POST 201", "POST 202", "DELETE 204", "interrupted", "failed contexts"} <= outcomes.keys()


def test_threads_and_tasks_agree_with_the_model() -> None:
    """A failure names the environment variable GHDEPLOY_SEED that repeats it."""
    _run(8, forks=False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_threads_tasks_and_forks_agree_with_the_model() -> None:
    """The same, more often. A forked child gets its clear error, and its parent is unharmed."""
    _run(300, forks=True)
