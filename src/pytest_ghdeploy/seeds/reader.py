"""
Files of data in YAML, TOML or JSON, read so that each value is known by its line.

A place in such a file is a path: the keys and the numbers of items that lead
there, such as ``("repositories", 0, "branches", 1, "name")``.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pytest_ghdeploy.redaction import is_ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

FORMATS = {".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".json": "JSON"}
"""What a file holds, by the end of its name."""


class Malformed(Exception):
    """What is wrong with a file. Its text quotes no value."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Say that *message* holds of a *line*, counted from 1, or of the whole file."""
        super().__init__(message)
        self.line = line


class Lines(Protocol):
    """The lines of a file, counted from 1."""

    def key(self, path: Path) -> int | None:
        """Find the line of the key that ends *path*; of an item, where it begins."""

    def value(self, path: Path) -> int | None:
        """Find the line on which the value at *path* begins."""


class Document(NamedTuple):
    """What a file holds, and where."""

    value: Any
    lines: Lines


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


def _twice(name: str, line: int, first: int | None) -> Malformed:
    # What stands where a key should may be a token.
    told = f"the key {name!r}" if is_ordinary(name) else "a key"
    return Malformed(f"{told} is there twice, first in line {first}", line)


_QUOTED = re.compile(r"""(['"])((?:\\.|(?!\1).)*)\1""", re.DOTALL)
# One sign, maybe escaped; several that are no letters; and what PyYAML calls its own things.
_SIGN = re.compile(r"(?:\\+x..|\\+u.{4}|\\+U.{8}|\\*.|[^\w]*|<[a-z ]+>)", re.DOTALL)


def _without_values(message: str) -> str:
    """Copy what a parser says without what it quotes, but for signs."""
    return _QUOTED.sub(lambda found: found[0] if _SIGN.fullmatch(found[2]) else "…", message)


class _Found:
    """The lines that a scanner has found."""

    def __init__(self) -> None:
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}

    def key(self, path: Path) -> int | None:
        return self.keys.get(path) or self.value(path)

    def value(self, path: Path) -> int | None:
        return self.values.get(path)


# JSON

_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


def _read_json(text: str) -> Document:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as problem:
        raise Malformed(problem.msg, problem.lineno) from None
    except ValueError:
        msg = "a number has too many digits"
        raise Malformed(msg) from None
    return Document(value, _json_lines(text))


class _Open:
    """An object or an array that has not ended yet, and what comes next in it: a member, an item, or a key."""

    __slots__ = ("is_object", "path", "step")

    def __init__(self, path: Path, *, is_object: bool) -> None:
        self.path = path
        self.is_object = is_object
        self.step: str | int | None = None if is_object else 0


def _json_lines(text: str) -> _Found:
    # The text is known to be JSON, so that its tokens say it all.
    found = _Found()
    outer: list[_Open] = []
    line, seen = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        sign, inner = match[0], outer[-1] if outer else None
        if sign in "]}":
            outer.pop()
        elif sign == "," and inner:
            inner.step = inner.step + 1 if isinstance(inner.step, int) else None
        elif inner and inner.step is None:
            inner.step = json.loads(sign)
            path = (*inner.path, json.loads(sign))
            if path in found.keys:
                raise _twice(path[-1], line, found.keys[path])
            found.keys[path] = line
        elif sign != ":":
            path = (*inner.path, inner.step) if inner and inner.step is not None else ()
            found.values[path] = line
            if sign in "[{":
                outer.append(_Open(path, is_object=sign == "{"))
    return found


# TOML

_SKIPPED = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_TOML_KEY = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_TOML_KEYS = re.compile(rf"{_TOML_KEY}(?:[ \t]*\.[ \t]*{_TOML_KEY})*")
_TOML_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'"
    r"|[^,\]}#\n]+",
    re.DOTALL,
)
_TOML_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


def _read_toml(text: str) -> Document:
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        where = _TOML_LINE.search(str(problem))
        line = int(where[1]) if where and where[1] else text.rstrip("\n").count("\n") + 1
        raise Malformed(_without_values(_TOML_LINE.sub("", str(problem))), line) from None
    except ValueError:
        msg = "a number has too many digits"
        raise Malformed(msg) from None
    return Document(value, _TomlScanner(text).lines)


class _TomlScanner:
    """Goes through a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.lines = _Found()
        self._text = text
        self._place = 0
        self._line = 1
        self._last: dict[Path, int] = {}
        """The number of the latest table in each array of tables."""
        self.lines.values[()] = 1
        base: Path = ()
        while self._skip():
            if self._ahead("[["):
                base = self._header(2)
            elif self._ahead("["):
                base = self._header(1)
            else:
                self._member(base)

    def _to(self, place: int) -> None:
        self._line += self._text.count("\n", self._place, place)
        self._place = place

    def _skip(self) -> bool:
        blank = _SKIPPED.match(self._text, self._place)
        assert blank  # noqa: S101 - it matches nothing, too
        self._to(blank.end())
        return self._place < len(self._text)

    def _ahead(self, sign: str) -> bool:
        return self._text.startswith(sign, self._place)

    def _keys(self) -> list[str]:
        found = _TOML_KEYS.match(self._text, self._place)
        assert found  # noqa: S101 - this is where TOML has a key
        self._to(found.end())
        steps = []
        value = tomllib.loads(f"{found[0]} = 0")
        while value:
            ((name, value),) = value.items()
            steps.append(name)
        return steps

    def _name(self, path: Path) -> None:
        self.lines.keys.setdefault(path, self._line)
        self.lines.values.setdefault(path, self._line)

    def _header(self, brackets: int) -> Path:
        self._to(self._place + brackets)
        self._skip()
        path: Path = ()
        *outer, name = self._keys()
        for step in outer:
            path = (*path, step)
            self._name(path)
            if path in self._last:
                path = (*path, self._last[path])
        path = (*path, name)
        self._name(path)
        if brackets > 1:
            number = self._last[path] = self._last.get(path, -1) + 1
            path = (*path, number)
            self.lines.values[path] = self._line
        self._skip()
        self._to(self._place + brackets)
        return path

    def _member(self, base: Path) -> None:
        path = base
        for step in self._keys():
            path = (*path, step)
            self._name(path)
        self._skip()
        self._to(self._place + 1)  # =
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip()
        self.lines.values[path] = self._line
        if self._ahead("["):
            for number, _ in enumerate(self._parts("]")):
                self._value((*path, number))
        elif self._ahead("{"):
            for _ in self._parts("}"):
                self._member(path)
        else:
            scalar = _TOML_SCALAR.match(self._text, self._place)
            assert scalar  # noqa: S101 - this is where TOML has a value
            self._to(scalar.end())

    def _parts(self, end: str) -> Iterator[None]:
        self._to(self._place + 1)
        self._skip()
        while not self._ahead(end):
            yield
            self._skip()
            if self._ahead(","):
                self._to(self._place + 1)
                self._skip()
        self._to(self._place + 1)


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
            return Document(None, _Found())
        _YamlCheck(loader).check(node)
        return Document(loader.construct_document(node), _YamlLines(node))
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


class _YamlLines:
    """The lines of a document that has been constructed: what it merges stands before its own members then."""

    def __init__(self, node: Any) -> None:  # noqa: ANN401 - likewise
        self._node = node

    def key(self, path: Path) -> int | None:
        return self._line(path, 0)

    def value(self, path: Path) -> int | None:
        return self._line(path, 1)

    def _line(self, path: Path, which: int) -> int | None:
        pair = (self._node, self._node)
        for step in path:
            inside = pair[1]
            if inside.id == "mapping":
                members = (member for member in reversed(inside.value) if member[0].value == step)
                found = next(members, None)
            elif inside.id == "sequence" and isinstance(step, int) and step < len(inside.value):
                found = (inside.value[step], inside.value[step])
            else:
                found = None
            if found is None:
                return None
            pair = found
        line: int = pair[which].start_mark.line
        return line + 1


_READERS = {"YAML": _read_yaml, "TOML": _read_toml, "JSON": _read_json}
