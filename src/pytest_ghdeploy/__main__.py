"""``python -m pytest_ghdeploy`` is the command ``ghdeploy``."""

from __future__ import annotations

import sys

from pytest_ghdeploy.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
