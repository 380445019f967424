"""
Files of data in YAML, TOML or JSON.

A place in such a file is a path: the keys and the numbers of items that lead
there, such as ``("repositories", 0, "branches", 1, "name")``. Of YAML the line
is known too; the parsers of Python's standard library keep none.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_ghdeploy.redaction import is_ordinary

if TYPE_CHECKING:
    from pytest_ghdeploy.interface.binding import Path

FORMATS = {".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".json": "JSON"}
"""What a file holds, by the end of its name."""


class Malformed(Exception):
    """What is wrong with a file. Its text quotes no value."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Say that *message* holds of a *line*, counted from 1, or of the whole file."""
        super().__init__(message)
        self.line = line


class Document:
    """What a file holds. Of JSON, TOML and what is no file at all, no lines are known."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - any type
        """Hold *value*."""
        self.value = value

    def line(self, path: Path, *, of_key: bool) -> int | None:  # noqa: ARG002 - other formats know it
        """Find the line, counted from 1, of the value at *path*, or of the key that ends it; ``None`` if unknown."""
        return None


@lru_cache(16)  # the same file may be read for each test
def read(text: str, form: str) -> Document:
    """
    Read a file of one of the ``FORMATS``. What is given out must not be changed.

    Raises:
        Malformed: It cannot be read, gives a key twice, or what reads it is not installed.
    """
    text = text.replace("\r\n", "\n")
    try:
        return _READERS[form](text)
    except RecursionError:
        msg = "it is nested too deeply"
        raise Malformed(msg) from None


def _twice(name: str, line: int | None = None, first: int | None = None) -> Malformed:
    # What stands where a key should may be a token.
    called = f"the key {name!r}" if is_ordinary(name) else "a key"
    return Malformed(f"{called} is there twice" + (f", first in line {first}" if first else ""), line)


_QUOTED = re.compile(r"""(['"])((?:\\.|(?!\1).)*)\1""", re.DOTALL)
# One sign, maybe escaped; several that are no letters; and what PyYAML calls its own things.
_SIGN = re.compile(r"(?:\\+x..|\\+u.{4}|\\+U.{8}|\\*.|[^\w]*|<[a-z ]+>)", re.DOTALL)


def _without_values(message: str) -> str:
    """Copy what a parser says without what it quotes, but for signs."""
    return _QUOTED.sub(lambda found: found[0] if _SIGN.fullmatch(found[2]) else "…", message)


def _read_json(text: str) -> Document:
    try:
        return Document(json.loads(text, object_pairs_hook=_members))
    except json.JSONDecodeError as problem:
        raise Malformed(problem.msg, problem.lineno) from None
    except ValueError:
        msg = "a number has too many digits"
        raise Malformed(msg) from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _twice(name)
        found[name] = value
    return found


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


def _read_yaml(text: str) -> Document:
    try:
        import yaml  # an extra
    except ImportError:
        msg = "YAML takes PyYAML: pip install 'pytest-ghdeploy[yaml]', or write the same in TOML or JSON"
        raise Malformed(msg) from None

    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(None)
        _YamlCheck(loader).check(node)
        return _YamlDocument(loader.construct_document(node), node)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        said = " ".join(part for part in (problem.problem, problem.context) if part)
        own = next((words for part, words in _YAML_WORDS.items() if part in said), None)
        raise Malformed(own or _without_values(said), mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as problem:
        raise Malformed(problem.reason, text.count("\n", 0, problem.position) + 1) from None
    except (ValueError, OverflowError):  # of its scanner, where a number is too much
        msg = "an escape names no character, or a number is too large"
        raise Malformed(msg, loader.line + 1) from None


# PyYAML's messages that quote what may be a secret, which was to be in quotes.
_YAML_WORDS = {
    "found undefined alias": "there is no anchor for this alias; a text that begins with * is put in quotes",
    "found duplicate anchor": "this anchor is there twice; a text that begins with & is put in quotes",
    "could not determine a constructor": "this tag is none that is known; a text that begins with ! is put in quotes",
    "found undefined tag handle": "this tag is none that is known; a text that begins with ! is put in quotes",
}
_MOST_VALUES = 1_000_000
"""Of a file with all its aliases written out. A few lines of them can be more than any memory holds."""


class _YamlCheck:
    """Finds what PyYAML would take in silence, or refuse without a line."""

    def __init__(self, loader: Any) -> None:  # noqa: ANN401 - yaml's, which is not imported here
        self._loader = loader
        self._outer: set[int] = set()
        self._sizes: dict[int, int] = {}

    def check(self, node: Any) -> int:  # noqa: ANN401 - likewise
        """Check *node*, and count the values in it, each as often as aliases lead there."""
        if id(node) in self._outer:
            msg = "an alias refers to what it is a part of"
            raise Malformed(msg, node.start_mark.line + 1)
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        self._outer.add(id(node))
        size = 1
        if node.id == "scalar":
            try:
                self._loader.construct_object(node)
            except (ValueError, LookupError, AttributeError, TypeError, OverflowError):
                msg = f"this is no {node.tag.removeprefix(_YAML_TAG)}; a text is put in quotes"
                raise Malformed(msg, node.start_mark.line + 1) from None
        elif node.id == "sequence":
            size += sum(map(self.check, node.value))
        else:
            size += self._check_members(node)
        if size > _MOST_VALUES:
            msg = f"its aliases stand for more than {_MOST_VALUES:,} values"
            raise Malformed(msg, node.start_mark.line + 1)
        self._outer.remove(id(node))
        self._sizes[id(node)] = size
        return size

    def _check_members(self, node: Any) -> int:  # noqa: ANN401 - likewise
        size = 0
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag not in (f"{_YAML_TAG}str", f"{_YAML_TAG}merge"):
                msg = "a key is a text: put it in quotes"
                raise Malformed(msg, line)
            if key.value in seen:
                raise _twice(key.value, line, seen[key.value])
            seen[key.value] = line
            size += self.check(value)
        return size


class _YamlDocument(Document):
    """A document with the node that it was made of, which knows its lines."""

    def __init__(self, value: Any, node: Any) -> None:  # noqa: ANN401 - likewise
        super().__init__(value)
        self._node = node

    def line(self, path: Path, *, of_key: bool) -> int | None:
        pair = (self._node, self._node)
        for step in path:
            inside = pair[1]
            if inside.id == "mapping":
                # What is merged comes first, and a later member of the same name is the one that counts.
                members = (member for member in reversed(inside.value) if member[0].value == step)
                found = next(members, None)
            elif inside.id == "sequence" and isinstance(step, int) and step < len(inside.value):
                found = (inside.value[step], inside.value[step])
            else:
                found = None
            if found is None:
                return None
            pair = found
        line: int = pair[0 if of_key else 1].start_mark.line
        return line + 1


_READERS = {"YAML": _read_yaml, "TOML": _read_toml, "JSON": _read_json}
