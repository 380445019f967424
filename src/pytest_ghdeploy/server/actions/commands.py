"""
What an action reports: workflow commands in its output, and values in the files of the runner.

Source:
    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    The escapes are those of ``command.ts`` in @actions/core.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "***"
_LEVELS = ("error", "warning", "notice")
# The properties of an annotation; the runner ignores others.
_PLACES = ("title", "file", "line", "endLine", "col", "endColumn")
_DISABLED = ("set-env", "add-path")
# The runner does not let one step change how Node starts in the next.
_NOT_EXPORTED = ("NODE_OPTIONS",)
_DATA = {"%0D": "\r", "%0A": "\n", "%25": "%"}
_PROPERTY = {**_DATA, "%3A": ":", "%2C": ","}
_ESCAPE = re.compile(r"%(?:0D|0A|25|3A|2C)")


class Malformed(Exception):
    """A command that the runner cannot process, so that the step fails. The message is the runner's."""


class Command(NamedTuple):
    """A workflow command: ``::name key=value,key=value::data``."""

    name: str
    properties: dict[str, str]
    data: str


def parse_command(line: str) -> Command | None:
    """Parse a line of an action's output; ``None`` if it is not a command."""
    line = line.lstrip()
    if not line.startswith("::"):
        return None
    head, mark, data = line[2:].partition("::")
    if not mark:
        return None
    name, _, listed = head.partition(" ")
    properties = {}
    for pair in listed.strip().split(","):
        key, equals, value = pair.partition("=")
        if equals:
            properties[key] = _unescape(value, _PROPERTY)
    return Command(name, properties, _unescape(data, _DATA))


def _unescape(text: str, escapes: dict[str, str]) -> str:
    return _ESCAPE.sub(lambda match: escapes.get(match[0], match[0]), text)


def parse_values(text: str) -> dict[str, str]:
    """
    Parse a file of values: lines ``name=value``, and ``name<<DELIMITER`` with lines up to one that is ``DELIMITER``.

    Raises:
        Malformed: A line has neither form, or a delimiter does not follow.
    """
    values = {}
    lines = iter(text.split("\n"))
    for line in map(_without_return, lines):
        if not line:
            continue
        name, equals, value = line.partition("=")
        before, mark, delimiter = line.partition("<<")
        if mark and (not equals or len(before) < len(name)):
            name = before
            if not name or not delimiter:
                msg = f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty"
                raise Malformed(msg)
            value = _value_before(delimiter, lines)
        elif not equals:
            msg = f"Invalid format '{line}'"
            raise Malformed(msg)
        elif not name:
            msg = f"Invalid format '{line}'. Name must not be empty"
            raise Malformed(msg)
        values[name] = value
    return values


def _value_before(delimiter: str, lines: Iterator[str]) -> str:
    inside: list[str] = []
    for line in lines:
        if _without_return(line) == delimiter:
            return _without_return("\n".join(inside))
        inside.append(line)
    msg = f"Invalid value. Matching delimiter not found '{delimiter}'"
    raise Malformed(msg)


def _without_return(line: str) -> str:
    return line.removesuffix("\r")


def parse_exported(text: str) -> dict[str, str]:
    """
    Parse the file of ``GITHUB_ENV``.

    Raises:
        Malformed: As for ``parse_values``, or a variable cannot be set.
    """
    values = parse_values(text)
    for name in values:
        if name.upper() in _NOT_EXPORTED:
            msg = f"Can't store {name} output parameter using '$GITHUB_ENV' command."
            raise Malformed(msg)
    return values


def parse_paths(text: str) -> list[str]:
    """Parse the file of ``GITHUB_PATH``: one path in each line, oldest first."""
    return [path for path in map(_without_return, text.split("\n")) if path]


class Report:
    """
    What the steps of an action have reported so far.

    Attributes:
        annotations: The errors, warnings and notices, each with ``level``, ``message`` and its properties.

        failed: Whether a command could not be processed, so that the step fails whatever its exit status.
    """

    def __init__(self, masks: list[str]) -> None:
        """Start with nothing. *masks* are hidden in the log from the beginning."""
        self.outputs: dict[str, str] = {}
        self.state: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.paths: list[str] = []
        self.annotations: list[dict[str, str]] = []
        self.failed = False
        self._log: list[str] = []
        self._summary: list[str] = []
        self._masks: list[str] = []
        self._stop = ""
        for mask in masks:
            self._mask(mask)

    @property
    def log(self) -> str:
        """What the action has printed, with ``***`` for masked values. Each line ends with a newline."""
        return "".join(f"{line}\n" for line in self._log)

    @property
    def summary(self) -> str:
        """The job's summary in Markdown, with ``***`` for masked values."""
        return self._masked("".join(self._summary))

    def _mask(self, value: str) -> None:
        # A masked value of several lines is masked line by line, too.
        masks = {*self._masks, *filter(None, map(str.strip, [value, *value.splitlines()]))}
        self._masks = sorted(masks, key=lambda mask: (-len(mask), mask))

    def _masked(self, text: str) -> str:
        for mask in self._masks:
            text = text.replace(mask, MASK)
        return text

    def read_output(self, text: str) -> None:
        """Read what a step has printed. Commands take effect, and a masked value is hidden from its command on."""
        lines = text.replace("\r\n", "\n").split("\n")
        if not lines[-1]:
            lines.pop()
        for line in lines:
            command = parse_command(line)
            if command and self._stop:
                if command.name == self._stop:
                    self._stop = ""
            elif command:
                self._follow(command)
            self._log.append(self._masked(line))
        self._stop = ""

    def _follow(self, command: Command) -> None:
        name, data, properties = command.name.lower(), command.data, command.properties
        if name == "add-mask":
            self._mask(data)
        elif name == "stop-commands":
            self._stop = data
        elif name in _LEVELS:
            self._annotate(name, data, properties)
        elif name in ("set-output", "save-state"):
            if not properties.get("name"):
                self._fail(f"Unable to process command '::{name}::' successfully.", "Required field 'name' is missing")
                return
            (self.outputs if name == "set-output" else self.state)[properties["name"]] = data
        elif name in _DISABLED:
            reason = f"The `{name}` command is disabled. Please upgrade to using Environment Files."
            self._fail(f"Unable to process command '::{name}::' successfully.", reason)

    def read_files(self, output: str, state: str, env: str, path: str, summary: str) -> None:
        """Read the files that a step has written. An invalid one is an error, and changes nothing [guess]."""
        self._summary.append(summary)
        self.paths += parse_paths(path)
        for name, parse, text, values in (
            ("output", parse_values, output, self.outputs),
            ("state", parse_values, state, self.state),
            ("env", parse_exported, env, self.env),
        ):
            try:
                values.update(parse(text))
            except Malformed as problem:
                self._fail(f"Unable to process file command '{name}' successfully.", str(problem))

    def _annotate(self, level: str, message: str, properties: dict[str, str]) -> None:
        known = {"message": message} | {name: properties[name] for name in _PLACES if name in properties}
        self.annotations.append({"level": level} | {name: self._masked(text) for name, text in known.items()})

    def _fail(self, *messages: str) -> None:
        self.failed = True
        for message in messages:
            self._annotate("error", message, {})
            self._log.append(self._masked(f"::error::{message}"))
