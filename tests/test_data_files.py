"""Reading data files: values, their lines in YAML, and messages about mistakes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st
from rows import Rows

from pytest_ghdeploy import data_files
from pytest_ghdeploy.data_files import Malformed

if TYPE_CHECKING:
    from pytest_ghdeploy.data_files import Path

YAML = """\
# a comment
repositories:
  - full_name: octocat/example
    branches:
      - topic
      - {name: stale,
         behind: 2}
    environments: &all
      - name: production
        "wait timer": 5
tokens: []
"""


def lines(document: data_files.Document, *path: str | int) -> tuple[int | None, int | None]:
    """Return the lines of the key and of the value at a path."""
    return document.line(path, of_key=True), document.line(path, of_key=False)


def test_yaml_values_have_lines() -> None:
    """Block and flow style work, even with a key and its value on different lines."""
    document = data_files.read(YAML, "YAML")
    assert document.value["repositories"][0]["environments"] == [{"name": "production", "wait timer": 5}]
    assert lines(document) == (2, 2)
    assert lines(document, "repositories") == (2, 3)
    assert lines(document, "repositories", 0) == (3, 3)
    assert lines(document, "repositories", 0, "branches") == (4, 5)
    assert lines(document, "repositories", 0, "branches", 1) == (6, 6)
    assert lines(document, "repositories", 0, "branches", 1, "behind") == (7, 7)
    assert lines(document, "repositories", 0, "environments", 0, "wait timer") == (10, 10)
    assert lines(document, "tokens") == (11, 11)
    assert lines(document, "nothing") == lines(document, "tokens", 0) == lines(document, "tokens", "x") == (None, None)


def test_yaml_aliases_and_merges_have_the_line_of_the_anchor() -> None:
    """A merged member has the line where it is written, unless the mapping overrides it."""
    text = "a: &a\n  x: 1\n  y: 2\nb:\n  <<: *a\n  y: 3\nc: *a\nd:\n  <<: [*a, {z: 4}]\n"
    document = data_files.read(text, "YAML")
    assert document.value["b"] == {"x": 1, "y": 3}
    assert document.value["d"] == {"x": 1, "y": 2, "z": 4}
    assert lines(document, "b", "x") == lines(document, "c", "x") == lines(document, "d", "x") == (2, 2)
    assert lines(document, "b", "y") == (6, 6)
    assert lines(document, "d", "z") == (9, 9)


def test_windows_line_endings_count_once() -> None:
    """A carriage return does not start another line."""
    assert lines(data_files.read(YAML.replace("\n", "\r\n"), "YAML"), "tokens") == (11, 11)


def test_toml_and_json_have_no_lines() -> None:
    """The parsers of the standard library keep no lines."""
    for form, text in (("TOML", "[[users]]\nlogin = 'mona'\n"), ("JSON", '{"users": [{"login": "mona"}]}')):
        document = data_files.read(text, form)
        assert document.value == {"users": [{"login": "mona"}]}
        assert lines(document, "users", 0) == (None, None)


ASCII = st.text(st.characters(codec="ascii", exclude_characters="\x7f"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | ASCII,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=20,
)
BREAKS = st.sampled_from(["", "\n", " ", "\n\n ", "\r\n"])


class Writer:
    """Writes YAML in flow style with random line breaks, except after keys, and keeps the line of each value."""

    def __init__(self, data: st.DataObject) -> None:
        """Draw the breaks from *data*."""
        self._data = data
        self.text = ""
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}

    @property
    def line(self) -> int:
        """The line of the next character."""
        return self.text.count("\n") + 1

    def write(self, text: str) -> None:
        """Write *text* and random white space."""
        if text == ":":
            self.text = self.text.rstrip()  # the colon is on the key's line
        self.text += text + self._data.draw(BREAKS)

    def value(self, value: object, path: Path) -> None:
        """Write *value*."""
        self.values[path] = self.line
        if isinstance(value, dict):
            self.write("{")
            for place, (name, inner) in enumerate(value.items()):
                if place:
                    self.write(",")
                self.keys[(*path, name)] = self.line
                self.write(json.dumps(name, ensure_ascii=self._data.draw(st.booleans())))
                self.write(":")
                self.value(inner, (*path, name))
            self.write("}")
        elif isinstance(value, list):
            self.write("[")
            for place, inner in enumerate(value):
                if place:
                    self.write(",")
                self.value(inner, (*path, place))
            self.write("]")
        else:
            self.write(json.dumps(value))


@given(value=VALUES, data=st.data())
def test_any_yaml_in_flow_style_has_lines(value: object, data: st.DataObject) -> None:
    """Each key and value is read back with the line it was written on."""
    writer = Writer(data)
    writer.value(value, ())
    document = data_files.read(writer.text, "YAML")
    assert document.value == value
    assert {path: document.line(path, of_key=False) for path in writer.values} == writer.values
    assert {path: document.line(path, of_key=True) for path in writer.keys} == writer.keys


DEEP = 100_000
TAG = "unknown tag; put strings that begin with ! in quotes"
AT_A_START = "that cannot start any token while scanning for the next token"
BOMB = ["- &0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
BOMB += [f"- &{n} [{', '.join([f'*{n - 1}'] * 9)}]" for n in range(1, 40)]


@pytest.mark.parametrize(
    ("form", "text", "message", "line"),
    [
        ("JSON", '{"a": 1,\n "b" 2}', "Expecting ':' delimiter", 2),
        ("JSON", "", "Expecting value", 1),
        ("JSON", '{"a": 1,\n "b": {"c": 1,\n "\\u0063": 2}}', "duplicate key 'c'", None),
        ("JSON", "[" * DEEP, "it is nested too deeply", None),
        ("JSON", "1" * 5000, "a number has too many digits", None),
        ("TOML", "a = 1\nb = ?\n", "Invalid value (at line 2, column 5)", None),
        ("TOML", "a = 1\nb = [\n", "Invalid value (at end of document)", None),
        ("TOML", "a = 1\n\na = 2\n", "Cannot overwrite a value (at line 3, column 6)", None),
        ("TOML", "a = 1\nb = '''x\ny", "Expected \"'''\" (at end of document)", None),
        ("TOML", "a = " + "[" * DEEP, "it is nested too deeply", None),
        ("TOML", "a = " + "1" * 5000, "a number has too many digits", None),
        ("YAML", "a: 1\nb: [1\n", "expected ',' or ']', but got '<stream end>' while parsing a flow sequence", 3),
        ("YAML", "a: 1\nb: c: d\n", "mapping values are not allowed here", 2),
        ("YAML", "a: 1\nb:\n  c: 1\n  c: 2\n", "duplicate key 'c', first in line 3", 4),
        ("YAML", "a: 1\nyes: 2\n", "a key must be a string: put it in quotes", 2),
        ("YAML", "a: 1\n[b]: 2\n", "a key must be a string: put it in quotes", 2),
        ("YAML", "a: &a\n  - 1\n  - *a\n", "an alias refers to its own parent", 1),
        ("YAML", "a: 1\nb: 2026-13-01\n", "invalid timestamp; put strings in quotes", 2),
        ("YAML", "a: 1\nb: !!int x\n", "invalid int; put strings in quotes", 2),
        ("YAML", "a: *b\n", "this alias has no anchor; put strings that begin with * in quotes", 1),
        ("YAML", "a: &b 1\nb: &b 2\n", "duplicate anchor; put strings that begin with & in quotes", 2),
        ("YAML", "a: 1\nb: !abc c\n", TAG, 2),
        ("YAML", "a: 1\nb: !a!bc c\n", TAG, 2),
        ("YAML", "a: 1\nb: [!!timestamp 'x']\n", "invalid timestamp; put strings in quotes", 2),
        ("YAML", 'a: 1\nb: "\\U00110000"\n', "an escape sequence is invalid, or a number is too large", 2),
        ("YAML", 'a: 1\nb: "\\UFFFFFFFF"\n', "an escape sequence is invalid, or a number is too large", 2),
        ("YAML", "a: 1\nmy-token: 1\nmy-token: 2\n", "duplicate key, first in line 2", 3),
        ("TOML", "[my-token]\n[my-token]\n", "Cannot declare (…,) twice (at line 2, column 10)", None),
        (
            "TOML",
            "a = 1\nb = {my-token = 1, my-token = 2}\n",
            "Duplicate inline table key … (at line 2, column 32)",
            None,
        ),
        ("TOML", 'a = 1\nb = "\x07"', "Illegal character '\\x07' (at line 2, column 6)", None),
        ("YAML", "a: 1\nb: \t@my\n", f"found character '\\t' {AT_A_START}", 2),
        ("YAML", "a: 1\nb: @my\n", f"found character '@' {AT_A_START}", 2),
        ("YAML", "\n".join(BOMB), "its aliases expand to more than 1,000,000 values", 7),
        ("YAML", "a: 1\n---\nb: 2\n", "but found another document expected a single document in the stream", 2),
        ("YAML", "a: 1\nb: \a\n", "special characters are not allowed", 2),
        ("YAML", "[" * DEEP, "it is nested too deeply", None),
        ("YAML", "a: 1\nb: !!python/object/apply:os.abort []\n", TAG, 2),
    ],
)
def test_a_mistake_has_a_message_and_a_line(form: str, text: str, message: str, line: int | None) -> None:
    """Syntax errors and duplicate keys have a line if the parser knows it."""
    with pytest.raises(Malformed) as caught:
        data_files.read(text, form)
    assert (str(caught.value), caught.value.line) == (message, line)


def test_without_pyyaml_the_message_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """TOML and JSON need no package."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(Malformed) as caught:
        data_files.read("a: 1", "YAML")
    expected = "YAML needs PyYAML: pip install 'pytest-ghdeploy[yaml]'"
    assert (str(caught.value), caught.value.line) == (expected, None)
    assert data_files.read('{"a": 1}', "JSON").value == data_files.read("a = 1", "TOML").value == {"a": 1}


def test_an_empty_yaml_file_has_no_value() -> None:
    """Its value is ``None`` and it has no lines."""
    document = data_files.read("# nothing\n", "YAML")
    assert (document.value, lines(document)) == (None, (None, None))


def test_githubs_yaml_has_the_scalars_of_yaml_1_2() -> None:
    """`yes` is a string, a leading zero does not make a number octal, and every number is a float."""
    with Rows() as rows:
        for text, value in [
            ("yes", "yes"),
            ("on", "on"),
            ("True", True),
            ("false", False),
            ("010", 10.0),
            ("1.10", 1.1),
            ("-.5e1", -5.0),
            ("1_000", "1_000"),
            ("1:30", "1:30"),
            ("2024-01-01", "2024-01-01"),
            ("'1.10'", "1.10"),
            ("~", None),
            ("", None),
            ("<<", "<<"),
        ]:
            with rows.row(repr(text)):
                assert data_files.read(f"x: {text}", data_files.GITHUBS_YAML).value == {"x": value}
    assert data_files.read("on: x\n<<: y\n", data_files.GITHUBS_YAML).value == {"on": "x", "<<": "y"}
    assert data_files.read("x: yes", "YAML").value == {"x": True}
