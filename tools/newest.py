"""
Print a requirements file with the newest version of everything that the tests use.

The requirements are those in ``pyproject.toml`` without their bounds. With ``--pre``, pre-releases are allowed for
libraries whose private names the fake uses.

Usage::

    python tools/newest.py > newest.txt
    pip install --upgrade --upgrade-strategy eager --requirement newest.txt
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The libraries of tests/project/test_private_names.py, but httpx, whose next version none of its clients can use yet.
PRE_RELEASES = ("PyGithub", "aiohttp", "aioresponses", "httpcore", "pytest", "responses", "urllib3", "vcrpy")
# Bounds that are not ours: githubkit imports a module that hishel 2 removed.
KEPT = ("hishel<2",)


def main() -> None:
    """Print the requirements."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lists = [content["project"]["dependencies"], *content["project"]["optional-dependencies"].values()]
    lists.append(content["dependency-groups"]["test"])
    names = {re.split("[<>=]", requirement)[0] for requirements in lists for requirement in requirements}
    names -= {re.split("[<>=]", requirement)[0] for requirement in KEPT}
    # A bound that is a pre-release allows pre-releases of this library only.
    allowed = {name: f"{name}>=0.dev0" for name in PRE_RELEASES} if "--pre" in sys.argv[1:] else {}
    print("\n".join(sorted({*names.difference(allowed), *allowed.values(), *KEPT})))


if __name__ == "__main__":
    main()
