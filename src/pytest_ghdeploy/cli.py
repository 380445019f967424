"""The command ``ghdeploy``."""

from __future__ import annotations

import argparse
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser("ghdeploy", description="A stateful GitHub for deployments, for tests.")
    parser.add_argument("--version", action="version", version=f"pytest-ghdeploy {version('pytest-ghdeploy')}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("routes", help="list the endpoints that the fake answers, with GitHub's operation ids")
    parser.parse_args(arguments)
    print(routes())  # noqa: T201 - it is a command
    return 0


def routes() -> str:
    """List the endpoints, one a line: method, path, operation id."""
    from pytest_ghdeploy import routing

    rows = [(endpoint.method, path, name) for name, endpoint in routing.endpoints().items() for path in endpoint.paths]
    rows.sort(key=lambda row: (row[1], row[0]))
    width = max(len(path) for _, path, _ in rows)
    return "\n".join(f"{method:6} {path:{width}}  {name}" for method, path, name in rows)
