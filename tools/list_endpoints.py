"""
Write ``src/pytest_ghdeploy/endpoints.txt`` from GitHub's OpenAPI description.

Usage: ``python tools/list_endpoints.py api.github.com.json`` with the file from the
npm package ``@octokit/openapi`` (folder ``generated``).
"""

import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "pytest_ghdeploy" / "endpoints.txt"
METHODS = ("get", "post", "put", "patch", "delete")


def main(source: str) -> None:
    """Read *source* and write the list."""
    paths = json.loads(Path(source).read_text("utf-8"))["paths"]
    lines = [
        f"{method.upper()} {path} {operations[method]['operationId']}"
        for path, operations in sorted(paths.items())
        for method in METHODS
        if method in operations
    ]
    head = "# The operations of GitHub's REST API: method, path, operation id. Made by tools/list_endpoints.py.\n"
    TARGET.write_text(head + "\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} operations in {TARGET.name}")


if __name__ == "__main__":
    main(sys.argv[1])
