"""
What tests run that is not Python, and may not be there: ``make clients`` fetches it.

Without it a test is skipped. Where ``GHDEPLOY_CLIENTS`` is ``required``, as in
CI, it fails instead, if this machine has the means to fetch it.
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

_HOW = "`make clients` fetches it, where the network allows"
_MEANS = {"npm": ("node", "npm"), "Debian": ("apt-get", "dpkg-deb")}


def missing(what: str, source: str = "") -> NoReturn:
    """
    Skip the test that needs *what*, or fail it.

    Args:
        source: ``npm`` or ``Debian``, where it comes from; if not given it is the machine's own.
    """
    reason = f"{what} is not there: {_HOW}" if source else f"{what} is not installed"
    required = os.environ.get("GHDEPLOY_CLIENTS") == "required"
    if required and source and all(shutil.which(one) for one in _MEANS[source]):
        pytest.fail(f"{reason}, and GHDEPLOY_CLIENTS says that it must be")
    pytest.skip(reason)


def program(name: str) -> str:
    """Find a program that this machine has."""
    return shutil.which(name) or missing(name)


def from_npm(package: str) -> Path:
    """Find the folder of a package of npm's, to be run by Node in ``NODE``."""
    program("node")
    folder = NODE / "node_modules" / package
    return folder if folder.is_dir() else missing(package, "npm")


def from_debian(path: str, what: str) -> Path:
    """Find a file of a package of Debian's, which is unpacked and not installed."""
    return DEBIAN / path if (DEBIAN / path).exists() else missing(what, "Debian")
