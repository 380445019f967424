"""
Tests that start other programs are marked ``slow``. ``make test`` leaves them out, ``make test-slow`` runs them.

Tests that use a fixture in `STARTERS` are marked here. Any other test that starts a program without the mark fails.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

STARTERS = {"outcome"}
"""Fixtures that start programs."""

_EVENTS = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.system", "os.exec"})
_started: list[str] = []


def _note(
    event: str,
    arguments: tuple[object, ...],
    *,
    events: frozenset[str] = _EVENTS,  # bound here because the hook outlives this module at exit
    started: list[str] = _started,
) -> None:
    if event in events:
        started.append(f"{event}{arguments[:2]!r}"[:300])


def pytest_configure() -> None:
    """Install an audit hook that notices started programs."""
    sys.addaudithook(_note)


@pytest.hookimpl(tryfirst=True)  # before -m is applied
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use a fixture in `STARTERS` as slow."""
    for item in items:
        if isinstance(item, pytest.Function) and STARTERS & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    """Forget programs started before this test."""
    _started.clear()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail an unmarked test that started a program, in the test itself or in a fixture."""
    outcome = yield
    if _started and item.get_closest_marker("slow") is None:
        pytest.fail(
            f"this test starts another program, so mark it with @pytest.mark.slow: {_started[0]}", pytrace=False
        )
    return outcome
