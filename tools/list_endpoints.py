"""
Write the list of GitHub's REST operations, ``src/pytest_ghdeploy/http/endpoints.txt``, from GitHub's description.

Usage: ``python tools/list_endpoints.py`` after ``make clients``. A test compares the file with the description.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import githubs_description

TARGET = Path(__file__).parents[1] / "src" / "pytest_ghdeploy" / "http" / "endpoints.txt"
# The statuses of the usual case, if the description has several.
_USUAL = {"POST": ("201", "204"), "DELETE": ("204",)}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def contents() -> str:
    """Make the contents of the file: one line for each operation, sorted by path and method."""
    operations = githubs_description.operations()
    ordered = sorted((operation.path, METHODS.index(operation.method), name) for name, operation in operations.items())
    head = (
        "# The operations of GitHub's REST API: method, path, operation id, and the status of a success if it is not "
        "200. Made by tools/list_endpoints.py.\n"
    )
    return head + "".join(
        f"{METHODS[method]} {path} {name}{_status(operations[name])}\n" for path, method, name in ordered
    )


def _status(operation: githubs_description.Operation) -> str:
    """Find the status of a success: that of a creation or a deletion if the description has one, else the lowest."""
    statuses = sorted(status for status in operation.described["responses"] if status < "400")
    usual = [status for status in _USUAL.get(operation.method, ()) if status in statuses]
    status = (usual or statuses)[0]
    return "" if status == "200" else f" {status}"


if __name__ == "__main__":
    if not githubs_description.is_fetched():
        sys.exit("GitHub's description was not fetched: run `make clients` first")
    TARGET.write_text(contents(), "utf-8")
    print(f"{len(githubs_description.operations())} operations in {TARGET.name}")
