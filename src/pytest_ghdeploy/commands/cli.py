"""The command ``ghdeploy``."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_ghdeploy.options import DEFAULT_KEEP, DEFAULT_KEEP_BYTES, DEFAULT_PORT, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUTES = """\
List the endpoints that the fake implements, with GitHub's operation ids, in
three columns.
"""
_SERVE = """\
Run the fake GitHub on a port of 127.0.0.1, without pytest, to develop a tool
or to test a project in another language. It prints the environment variables
that point clients at it, as shell commands, and then each request with its
response, each event and each delivery. Tests control it over HTTP below
/_ghdeploy; GET /_ghdeploy lists the endpoints. Ctrl-C, SIGTERM or SIGHUP
stops it with exit status 0, and a second signal kills it at once. If an
option is invalid or the server cannot start, it prints one line to standard
error and exits with status 2.
"""
_RUN = """\
Run a command against its own fake GitHub. The fake listens on a free port of
127.0.0.1, and the command gets the environment variables that lead clients to
it. With --proxy, programs that always call https://api.github.com reach the
fake too, if they use a proxy. After the command has ended, its requests are
printed to standard error, and then whatever was missing: endpoints that the
fake lacks, with stubs in Python, and refused connections to other hosts. The
exit status is that of the command, or 3 if that is 0 and something was
missing. It is 127 or 126 if the command cannot be started, and 2 if the fake
cannot be started.
"""
_DEMO = """\
Run the life cycle of a deployment with real requests, inside this process,
and draw a sequence diagram of it. A pending commit status blocks the
deployment, a deploy service receives it by webhook and reports its status,
and a later deployment makes it inactive.
"""

_EXAMPLES = """\
examples:
  ghdeploy routes | grep deployments
  ghdeploy serve
  ghdeploy run -- npm test
  ghdeploy demo
"""
_ROUTES_EXAMPLES = """\
examples:
  ghdeploy routes
  ghdeploy routes | grep POST
"""
_SERVE_EXAMPLES = """\
examples:
  ghdeploy serve
  ghdeploy serve --port 0 --seed seed.json --env-file github.env
  ghdeploy serve --tls --auto-inactive-production
"""
_RUN_EXAMPLES = """\
examples:
  ghdeploy run -- npm test
  ghdeploy run --seed seed.json --proxy -- ./deploy.sh --environment qa
"""
_DEMO_EXAMPLES = """\
examples:
  ghdeploy demo
  ghdeploy demo --mermaid > deployment.mmd
"""

# The exit status by which a shell reports a program killed by SIGPIPE or SIGINT.
_BROKEN_PIPE = 128 + 13
_INTERRUPTED = 128 + 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        options = _parser().parse_args(arguments)
        if options.command == "serve":
            return _serve(options)
        if options.command == "run":
            return _run(options)
        return _print(_demo(mermaid=options.mermaid) if options.command == "demo" else routes())
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    description = "A stateful fake of GitHub deployments, for tests.\n"
    parser = _with_examples(argparse.ArgumentParser("ghdeploy"), description, _EXAMPLES)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True)
    routes_help = "list the endpoints that the fake implements, with GitHub's operation ids"
    _with_examples(commands.add_parser("routes", help=routes_help), _ROUTES, _ROUTES_EXAMPLES)
    serve = commands.add_parser("serve", help="run the fake GitHub on a port of 127.0.0.1")
    _add_serve(_with_examples(serve, _SERVE, _SERVE_EXAMPLES))
    run = commands.add_parser("run", help="run a command against its own fake GitHub")
    _add_run(_with_examples(run, _RUN, _RUN_EXAMPLES))
    demo = commands.add_parser("demo", help="run the life cycle of a deployment and draw it")
    _with_examples(demo, _DEMO, _DEMO_EXAMPLES).add_argument(
        "--mermaid", action="store_true", help="draw a Mermaid sequence diagram"
    )
    return parser


def _with_examples(parser: argparse.ArgumentParser, description: str, examples: str) -> argparse.ArgumentParser:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter  # keeps the lines of the examples
    parser.description, parser.epilog = description, examples
    return parser


class _Version(argparse.Action):
    """Looks up the version only on request, because that is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        parser.exit(_print(f"pytest-ghdeploy {version('pytest-ghdeploy')}"))


def _print(text: str) -> int:
    """Print *text* and return the exit status of a command that only prints."""
    try:
        print(text, flush=True)  # noqa: T201 - output of the command
    except BrokenPipeError:
        _forget_output()
        return _BROKEN_PIPE
    except OSError as problem:
        _forget_output()
        sys.stderr.write(f"ghdeploy: cannot write to standard output: {problem.strerror}\n")
        return 2
    return 0


def _forget_output() -> None:
    # Python would write the rest again at exit, and fail with a traceback.
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def routes() -> str:
    """Return the list of endpoints, one per line: method, path, operation id."""
    from pytest_ghdeploy.http import router

    rows = [(endpoint.method, path, name) for name, endpoint in router.endpoints().items() for path in endpoint.paths]
    rows.sort(key=lambda row: (row[1], row[0]))
    width = max(len(path) for _, path, _ in rows)
    return "\n".join(f"{method:6} {path:{width}}  {name}" for method, path, name in rows)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    port_help = "the port, or 0 for any free port (default: %(default)s)"
    add("--port", type=int, default=DEFAULT_PORT, metavar="N", help=port_help)
    _add_shared(parser)
    add(
        "--env-file",
        default="",
        metavar="FILE",
        help="write the variables for clients to a file while it runs",
    )
    add("--quiet", action="store_true", help="do not print requests, events and deliveries")
    add(
        "--keep",
        type=_at_least_1,
        default=DEFAULT_KEEP,
        metavar="N",
        help="keep at least the last N requests and events, and forget older ones (default: %(default)s)",
    )
    add(
        "--keep-bytes",
        type=_at_least_1,
        default=DEFAULT_KEEP_BYTES,
        metavar="BYTES",
        help="forget the oldest requests and events if all of them together are larger (default: %(default)s)",
    )
    add(
        "--allow-host",
        action="append",
        default=[],
        dest="allow_hosts",
        metavar="NAME",
        help="answer under this name too, and web pages from this host; may be repeated",
    )
    _add_fake(parser)


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_shared(parser)
    parser.add_argument("--quiet", action="store_true", help="do not print the requests, only what was missing")
    program_help = "the command with its arguments, after --"
    parser.add_argument("program", nargs="+", metavar="COMMAND", help=program_help)
    _add_fake(parser)


def _add_shared(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--tls", action="store_true", help="use HTTPS, with a new certificate for this run")
    add(
        "--proxy", action="store_true", help="also act as a proxy, for programs that always call https://api.github.com"
    )
    add(
        "--seed",
        action="append",
        default=[],
        metavar="FILE",
        help="load a YAML, TOML or JSON file; may be repeated",
    )


def _add_fake(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the fake", "the same as the ini options ghdeploy_*")
    for name, option in OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        if option.is_switch:
            # Switches that are on by default can be turned off.
            action = argparse.BooleanOptionalAction if option.default == "true" else "store_true"
            group.add_argument(flag, action=action, help=option.meaning, default=None)
        else:
            kind = int if option.is_number else str
            group.add_argument(flag, type=kind, metavar=option.value, help=option.meaning, default=None)


def _at_least_1(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r} is not a whole number of 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _serve(options: argparse.Namespace) -> int:
    from pytest_ghdeploy.commands.shutdown import Shutdown

    with Shutdown() as shutdown:
        from pytest_ghdeploy.commands import serve  # imports all of the fake

        own = (options.port, options.tls, options.seed, options.env_file, options.quiet)
        limits = (options.keep, options.keep_bytes, options.allow_hosts)
        return serve.run(serve.Settings(*own, *limits, _of_fake(options), options.proxy), shutdown)


def _run(options: argparse.Namespace) -> int:
    from pytest_ghdeploy.commands.shutdown import Forwarding

    with Forwarding() as forwarding:
        from pytest_ghdeploy.commands import run  # imports all of the fake
        from pytest_ghdeploy.commands.serve import Settings

        settings = Settings(
            port=0,
            tls=options.tls,
            seeds=options.seed,
            quiet=options.quiet,
            fake=_of_fake(options),
            proxy=options.proxy,
        )
        return run.run(settings, options.program, forwarding)


def _of_fake(options: argparse.Namespace) -> dict[str, object]:
    return {name: value for name in OPTIONS if (value := getattr(options, name)) is not None}


def _demo(*, mermaid: bool) -> str:
    from pytest_ghdeploy.commands import demo  # imports all of the fake

    return demo.run(mermaid=mermaid)
