"""The command ``ghdeploy``."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_ghdeploy.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERVE = """
Play GitHub on a port of 127.0.0.1, without pytest: for developing a tool, or for the tests of a project in another
language. It prints the variables that clients read to find it, in lines that a shell takes, and then each request with
its answer, each event and each delivery. Below /_ghdeploy is an interface for tests: GET it for what there is.
Ctrl-C, SIGTERM or SIGHUP ends it, with the exit status 0, and a second one at once; what makes no sense or cannot start
is a line on standard error, and the status 2.
"""
_DEMO = """
Play the life of a deployment with real requests, inside this process, and draw who said what: a commit status that is
pending refuses it, a deploy service hears of it by webhook and reports on it, and the next one makes it inactive.
"""


# As a shell tells of a program that a signal has ended: one whose reader has gone, and one that was interrupted.
_BROKEN_PIPE = 128 + 13
_INTERRUPTED = 128 + 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        given = _parser().parse_args(arguments)
        if given.command == "serve":
            return _serve(given)
        return _print(_demo(mermaid=given.mermaid) if given.command == "demo" else routes())
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("ghdeploy", description="A stateful GitHub for deployments, for tests.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = parser.add_subparsers(dest="command", required=True)
    routes_help = "list the endpoints that the fake answers, with GitHub's operation ids"
    commands.add_parser("routes", help=routes_help, description=f"{routes_help.capitalize()}, in three columns.")
    _add_serve(commands.add_parser("serve", help="play GitHub on a port of 127.0.0.1", description=_SERVE))
    demo = commands.add_parser("demo", help="play the life of a deployment, and draw it", description=_DEMO)
    demo.add_argument("--mermaid", action="store_true", help="draw it for a page that shows Mermaid diagrams")
    return parser


class _Version(argparse.Action):
    """Finds the version out when it is asked for: that takes longer than all else here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        parser.exit(_print(f"pytest-ghdeploy {version('pytest-ghdeploy')}"))


def _print(text: str) -> int:
    """Print *text*, and give the exit status of a command that does no more."""
    try:
        print(text, flush=True)  # noqa: T201 - it is a command
    except BrokenPipeError:
        _forget_output()
        return _BROKEN_PIPE
    except OSError as problem:
        _forget_output()
        sys.stderr.write(f"ghdeploy: standard output cannot be written: {problem.strerror}\n")
        return 2
    return 0


def _forget_output() -> None:
    # What could not be written would be tried again at the end of Python, and fail with a traceback.
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def routes() -> str:
    """List the endpoints, one a line: method, path, operation id."""
    from pytest_ghdeploy.http import router

    rows = [(endpoint.method, path, name) for name, endpoint in router.endpoints().items() for path in endpoint.paths]
    rows.sort(key=lambda row: (row[1], row[0]))
    width = max(len(path) for _, path, _ in rows)
    return "\n".join(f"{method:6} {path:{width}}  {name}" for method, path, name in rows)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--port", type=int, default=8417, metavar="N", help="0 for one that is free (default: %(default)s)")
    add("--tls", action="store_true", help="speak HTTPS, with a certificate made for this run")
    add("--seed", action="append", default=[], metavar="FILE", help="load a YAML, TOML or JSON file; may be repeated")
    add("--env-file", default="", metavar="FILE", help="write the variables for clients to a file while it answers")
    add("--quiet", action="store_true", help="print nothing of what is asked")
    add(
        "--keep",
        type=_at_least_1,
        default=1000,
        metavar="N",
        help="remember at least the last N requests and events, and forget what is older (default: %(default)s)",
    )
    group = parser.add_argument_group("the fake", "as the ini options ghdeploy_* of these names")
    for name, option in OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        if option.is_switch:
            # What is on can be turned off.
            action = argparse.BooleanOptionalAction if option.default == "true" else "store_true"
            group.add_argument(flag, action=action, help=option.meaning, default=None)
        else:
            kind = int if option.is_number else str
            group.add_argument(flag, type=kind, metavar=option.value, help=option.meaning, default=None)


def _at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r} is not a number of 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _serve(given: argparse.Namespace) -> int:
    from pytest_ghdeploy.commands.shutdown import Ending

    with Ending() as ending:
        from pytest_ghdeploy.commands import serve  # imports all of the fake

        arguments = {name: value for name in OPTIONS if (value := getattr(given, name)) is not None}
        own = (given.port, given.tls, given.seed, given.env_file, given.quiet, given.keep)
        return serve.run(serve.Settings(*own, arguments), ending)


def _demo(*, mermaid: bool) -> str:
    from pytest_ghdeploy.commands import demo  # imports all of the fake

    return demo.run(mermaid=mermaid)
