"""
Find what tests need besides installed Python packages: programs, packages and recordings. ``make clients`` fetches it.

A test is skipped if one is missing. With ``GHDEPLOY_CLIENTS=required``, as in
CI, it fails instead, unless this machine cannot run ``make clients``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

CLIENTS = Path(__file__).parents[2] / ".clients"
NODE = Path(os.environ.get("GHDEPLOY_NODE", CLIENTS / "node"))
DEBIAN = CLIENTS / "debian"
PYPI = CLIENTS / "pypi"

_HOW = "run `make clients` to fetch it"
_MEANS: dict[str, tuple[str, ...]] = {"npm": ("node", "npm"), "Debian": ("apt-get", "dpkg-deb"), "PyPI": ()}


def missing(what: str, source: str = "") -> NoReturn:
    """
    Skip or fail a test that needs *what*.

    Args:
        source: Where ``make clients`` gets it: ``npm``, ``Debian`` or ``PyPI``. Empty for a program of the machine.
    """
    reason = f"{what} is missing: {_HOW}" if source else f"{what} is not installed"
    required = os.environ.get("GHDEPLOY_CLIENTS") == "required"
    if required and source and all(shutil.which(command) for command in _MEANS[source]):
        pytest.fail(f"{reason} (it is required: GHDEPLOY_CLIENTS=required)")
    pytest.skip(reason)


def program(name: str) -> str:
    """Find a program installed on this machine."""
    return shutil.which(name) or missing(name)


def from_npm(package: str) -> Path:
    """Find the folder of an npm package, for Node to run in ``NODE``."""
    program("node")
    folder = NODE / "node_modules" / package
    return folder if folder.is_dir() else missing(package, "npm")


def from_debian(path: str, what: str) -> Path:
    """Find a file of a Debian package, which is unpacked but not installed."""
    return DEBIAN / path if (DEBIAN / path).exists() else missing(what, "Debian")


def from_pypi(package: str) -> Path:
    """Find the folder of what a source distribution contains."""
    return PYPI / package if (PYPI / package).is_dir() else missing(f"the source distribution of {package}", "PyPI")
