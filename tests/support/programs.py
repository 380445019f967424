"""
Tests that start other programs are marked ``slow``. ``make test`` leaves them out, ``make test-slow`` runs them.

Tests that use a fixture in `STARTERS` are marked here. Any other test that starts a program without the mark fails.
"""

from __future__ import annotations

import multiprocessing.process
import os
import subprocess
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

STARTERS = {"outcome"}
"""Fixtures that start programs."""

# Functions that start a program. Those of subprocess and multiprocessing call functions in C, which cannot be wrapped.
_PLACES: tuple[tuple[Any, str, str], ...] = (
    (subprocess.Popen, "__init__", "subprocess.Popen"),
    (multiprocessing.process.BaseProcess, "start", "multiprocessing.Process"),
    *(
        (os, name, f"os.{name}")
        for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system")
        if hasattr(os, name)
    ),
)
_started: list[str] = []


def _noting(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(function)
    def start(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the function takes and returns
        _started.append(f"{name}{args[-1:]!r}"[:300])
        return function(*args, **kwargs)

    return start


def pytest_configure() -> None:
    """
    Notice started programs.

    An audit hook would see more. But one in Python makes ``sys.settrace`` fail
    on Python 3.11 when several threads start while coverage is measured.
    """
    for owner, attribute, name in _PLACES:
        function = getattr(owner, attribute)
        if not hasattr(function, "__wrapped__"):
            setattr(owner, attribute, _noting(function, name))


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
