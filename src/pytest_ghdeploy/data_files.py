"""
Data files in YAML, TOML or JSON.

Only YAML values have a line: the standard library's parsers for TOML and JSON
do not keep lines.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.redaction.names import is_ordinary

if TYPE_CHECKING:
    from collections.abc import Callable

Path = tuple[str | int, ...]
"""The keys and list indices that lead to a value in a file, such as ``("branches", 1, "name")``."""
FORMATS = {".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".json": "JSON"}
"""The format of a seed file by its suffix."""
GITHUBS_YAML = "GitHub's YAML"
"""The format of GitHub's own files, such as action.yml: ``yes`` is a string in them, as YAML 1.2 has it."""


class Malformed(Exception):
    """A file cannot be read. The message never quotes values, as they may be secrets."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Set the message, and the *line* it is about, counted from 1, if one is known."""
        super().__init__(message)
        self.line = line


class MissingPyYAML(Malformed):
    """A YAML file cannot be read, because PyYAML is not installed."""

    def __init__(self) -> None:
        """Say how to install it."""
        super().__init__("YAML needs PyYAML: pip install 'pytest-ghdeploy[yaml]'")


class Document:
    """A value read from a file or passed as a mapping. Only YAML files have lines."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - any type
        """Hold *value*."""
        self.value = value

    def line(self, path: Path, *, of_key: bool) -> int | None:  # noqa: ARG002 - for YAML
        """Return the line of the value at *path*, or with *of_key* of its key, counted from 1; ``None`` if unknown."""
        return None


@lru_cache(16)  # the same file may be read for each test
def read(text: str, form: str) -> Document:
    """
    Parse *text* in one of the ``FORMATS``, or in ``GITHUBS_YAML``. Documents are cached, so they must not be changed.

    Raises:
        Malformed: The syntax is invalid, or a key is duplicated.
        MissingPyYAML: The text is YAML, and PyYAML is not installed.
    """
    text = text.replace("\r\n", "\n")
    try:
        return _READERS[form](text)
    except RecursionError:
        msg = "it is nested too deeply"
        raise Malformed(msg) from None


def _duplicate_key(name: str, line: int | None = None, first: int | None = None) -> Malformed:
    # A token may have been written where a key belongs.
    key = f"key {name!r}" if is_ordinary(name) else "key"
    return Malformed(f"duplicate {key}" + (f", first in line {first}" if first else ""), line)


_QUOTED = re.compile(r"""(['"])((?:\\.|(?!\1).)*)\1""", re.DOTALL)
# A single character, perhaps escaped; punctuation; and PyYAML's names for tokens.
_HARMLESS = re.compile(r"(?:\\+x..|\\+u.{4}|\\+U.{8}|\\*.|[^\w]*|<[a-z ]+>)", re.DOTALL)


def _without_values(message: str) -> str:
    """Replace quoted values in a parser's message by "…", but keep quoted punctuation."""
    return _QUOTED.sub(lambda match: match[0] if _HARMLESS.fullmatch(match[2]) else "…", message)


def _read_json(text: str) -> Document:
    try:
        return Document(json.loads(text, object_pairs_hook=_members))
    except json.JSONDecodeError as problem:
        raise Malformed(problem.msg, problem.lineno) from None
    except ValueError:
        msg = "a number has too many digits"
        raise Malformed(msg) from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise _duplicate_key(name)
        members[name] = value
    return members


def _read_toml(text: str) -> Document:
    try:
        return Document(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise Malformed(_without_values(str(problem))) from None
    except ValueError:
        msg = "a number has too many digits"
        raise Malformed(msg) from None


# YAML

_YAML_TAG = "tag:yaml.org,2002:"


def _read_yaml(text: str, choose_loader: Callable[[Any], Any] = lambda yaml: yaml.SafeLoader) -> Document:
    try:
        import yaml  # an extra
    except ImportError:
        raise MissingPyYAML from None

    try:
        loader = choose_loader(yaml)(text)
        node = loader.get_single_node()
        if node is None:
            return Document(None)
        _YamlCheck(loader).check(node)
        return _YamlDocument(loader.construct_document(node), node)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        message = " ".join(part for part in (problem.problem, problem.context) if part)
        own = next((words for part, words in _YAML_WORDS.items() if part in message), None)
        raise Malformed(own or _without_values(message), mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as problem:
        raise Malformed(problem.reason, text.count("\n", 0, problem.position) + 1) from None
    except (ValueError, OverflowError):  # raised by PyYAML's scanner
        msg = "an escape sequence is invalid, or a number is too large"
        raise Malformed(msg, loader.line + 1) from None


def _read_githubs_yaml(text: str) -> Document:
    return _read_yaml(text, _githubs_loader)


# The plain scalars that are not strings, with their first characters. Every number is a float, as for the runner.
_GITHUBS_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
}


@lru_cache(1)
def _githubs_loader(yaml: Any) -> Any:  # noqa: ANN401 - PyYAML's module, and a class of a loader
    loader: Any = type("GithubsLoader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {}})
    for kind, (pattern, first) in _GITHUBS_SCALARS.items():
        loader.add_implicit_resolver(f"{_YAML_TAG}{kind}", re.compile(rf"(?:{pattern})$"), list(first))
    return loader


# Replacements for PyYAML's messages that may quote a secret, such as a token written without quotes.
_YAML_WORDS = {
    "found undefined alias": "this alias has no anchor; put strings that begin with * in quotes",
    "found duplicate anchor": "duplicate anchor; put strings that begin with & in quotes",
    "could not determine a constructor": "unknown tag; put strings that begin with ! in quotes",
    "found undefined tag handle": "unknown tag; put strings that begin with ! in quotes",
}
_MOST_VALUES = 1_000_000
"""The limit for a file, with all aliases expanded. A few lines of nested aliases could use up all memory."""


class _YamlCheck:
    """Finds mistakes that PyYAML accepts, or reports without a line."""

    def __init__(self, loader: Any) -> None:  # noqa: ANN401 - a PyYAML type
        self._loader = loader
        self._outer: set[int] = set()
        self._sizes: dict[int, int] = {}

    def check(self, node: Any) -> int:  # noqa: ANN401 - a PyYAML type
        """Check *node* and return its number of values with all aliases expanded."""
        if id(node) in self._outer:
            msg = "an alias refers to its own parent"
            raise Malformed(msg, node.start_mark.line + 1)
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        self._outer.add(id(node))
        size = 1
        if node.id == "scalar":
            try:
                self._loader.construct_object(node)
            except (ValueError, LookupError, AttributeError, TypeError, OverflowError):
                msg = f"invalid {node.tag.removeprefix(_YAML_TAG)}; put strings in quotes"
                raise Malformed(msg, node.start_mark.line + 1) from None
        elif node.id == "sequence":
            size += sum(map(self.check, node.value))
        else:
            size += self._check_members(node)
        if size > _MOST_VALUES:
            msg = f"its aliases expand to more than {_MOST_VALUES:,} values"
            raise Malformed(msg, node.start_mark.line + 1)
        self._outer.remove(id(node))
        self._sizes[id(node)] = size
        return size

    def _check_members(self, node: Any) -> int:  # noqa: ANN401 - a PyYAML type
        size = 0
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag not in (f"{_YAML_TAG}str", f"{_YAML_TAG}merge"):
                msg = "a key must be a string: put it in quotes"
                raise Malformed(msg, line)
            if key.value in seen:
                raise _duplicate_key(key.value, line, seen[key.value])
            seen[key.value] = line
            size += self.check(value)
        return size


class _YamlDocument(Document):
    """A document with its YAML node, which knows the lines."""

    def __init__(self, value: Any, node: Any) -> None:  # noqa: ANN401 - a PyYAML type
        super().__init__(value)
        self._node = node

    def line(self, path: Path, *, of_key: bool) -> int | None:
        pair = (self._node, self._node)
        for step in path:
            inside = pair[1]
            if inside.id == "mapping":
                # Merged members come first, and a later member with the same name replaces them.
                members = (member for member in reversed(inside.value) if member[0].value == step)
                child = next(members, None)
            elif inside.id == "sequence" and isinstance(step, int) and step < len(inside.value):
                child = (inside.value[step], inside.value[step])
            else:
                child = None
            if child is None:
                return None
            pair = child
        line: int = pair[0 if of_key else 1].start_mark.line
        return line + 1


_READERS: dict[str, Callable[[str], Document]] = {
    "YAML": _read_yaml,
    "TOML": _read_toml,
    "JSON": _read_json,
    GITHUBS_YAML: _read_githubs_yaml,
}
