"""
The pytest plugin. What it gives pytest is in ``pytest_integration``.

pytest rewrites the assertions in all modules of a plugin, which this package
does not need. If Python writes no bytecode, as in many containers, every run
rewrites and compiles them again, which takes longer than a first test. So all
modules but this one are loaded past pytest's import hook.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = [
    "ghdeploy",
    "ghdeploy_factory",
    "ghdeploy_server",
    "ghdeploy_session",
    "pytest_addoption",
    "pytest_configure",
    "pytest_load_initial_conftests",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
]


class _OwnModules:
    """An import hook that loads this package's modules without pytest's assertion rewriting."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path, target) if name.startswith("pytest_ghdeploy.") else None


sys.meta_path.insert(0, _OwnModules)
try:
    from pytest_ghdeploy.pytest_integration import (
        ghdeploy,
        ghdeploy_factory,
        ghdeploy_server,
        ghdeploy_session,
        pytest_addoption,
        pytest_configure,
        pytest_runtest_call,
        pytest_runtest_makereport,
        pytest_runtest_setup,
        pytest_runtest_teardown,
    )
finally:
    sys.meta_path.remove(_OwnModules)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Load this package's modules without assertion rewriting until the run ends, also for a conftest."""

    def remove_hook() -> None:
        with suppress(ValueError):
            sys.meta_path.remove(_OwnModules)

    sys.meta_path.insert(0, _OwnModules)
    early_config.add_cleanup(remove_hook)
