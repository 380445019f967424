"""Files of data: what is wrong with one is told, and of YAML the line of each value is known."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from pytest_ghdeploy.seeds import reader
from pytest_ghdeploy.seeds.reader import Malformed

if TYPE_CHECKING:
    from pytest_ghdeploy.interface.binding import Path

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


def lines(document: reader.Document, *path: str | int) -> tuple[int | None, int | None]:
    """Give the lines of the key and of the value at a path."""
    return document.line(path, of_key=True), document.line(path, of_key=False)


def test_yaml_values_are_found_by_line() -> None:
    """In block and flow style, keys and values on different lines."""
    document = reader.read(YAML, "YAML")
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


def test_yaml_anchors_and_merges_lead_to_where_the_value_is_written() -> None:
    """What is merged is found where it stands, unless the mapping has a member of its own."""
    text = "a: &a\n  x: 1\n  y: 2\nb:\n  <<: *a\n  y: 3\nc: *a\nd:\n  <<: [*a, {z: 4}]\n"
    document = reader.read(text, "YAML")
    assert document.value["b"] == {"x": 1, "y": 3}
    assert document.value["d"] == {"x": 1, "y": 2, "z": 4}
    assert lines(document, "b", "x") == lines(document, "c", "x") == lines(document, "d", "x") == (2, 2)
    assert lines(document, "b", "y") == (6, 6)
    assert lines(document, "d", "z") == (9, 9)


def test_windows_line_ends_count_once() -> None:
    """A carriage return is no line of its own."""
    assert lines(reader.read(YAML.replace("\n", "\r\n"), "YAML"), "tokens") == (11, 11)


def test_toml_and_json_have_no_lines() -> None:
    """The parsers of the standard library keep none; the values are theirs."""
    for form, text in (("TOML", "[[users]]\nlogin = 'mona'\n"), ("JSON", '{"users": [{"login": "mona"}]}')):
        document = reader.read(text, form)
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
    """Writes YAML in flow style with line breaks anywhere but after a key, and knows where it has put what."""

    def __init__(self, data: st.DataObject) -> None:
        """Draw the breaks from *data*."""
        self._data = data
        self.text = ""
        self.keys: dict[Path, int] = {}
        self.values: dict[Path, int] = {}

    @property
    def line(self) -> int:
        """The line on which the next character is."""
        return self.text.count("\n") + 1

    def write(self, text: str) -> None:
        """Write *text* with something blank after it."""
        if text == ":":
            self.text = self.text.rstrip()  # a key ends on its line
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
def test_any_yaml_in_flow_style_is_found_by_line(value: object, data: st.DataObject) -> None:
    """Each value is where it was written, and it is what was written; so is each key."""
    writer = Writer(data)
    writer.value(value, ())
    document = reader.read(writer.text, "YAML")
    assert document.value == value
    assert {path: document.line(path, of_key=False) for path in writer.values} == writer.values
    assert {path: document.line(path, of_key=True) for path in writer.keys} == writer.keys


DEEP = 100_000
TAG = "this tag is none that is known; a text that begins with ! is put in quotes"
AT_A_START = "that cannot start any token while scanning for the next token"
BOMB = ["- &0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
BOMB += [f"- &{n} [{', '.join([f'*{n - 1}'] * 9)}]" for n in range(1, 40)]


@pytest.mark.parametrize(
    ("form", "text", "message", "line"),
    [
        ("JSON", '{"a": 1,\n "b" 2}', "Expecting ':' delimiter", 2),
        ("JSON", "", "Expecting value", 1),
        ("JSON", '{"a": 1,\n "b": {"c": 1,\n "\\u0063": 2}}', "the key 'c' is there twice", None),
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
        ("YAML", "a: 1\nb:\n  c: 1\n  c: 2\n", "the key 'c' is there twice, first in line 3", 4),
        ("YAML", "a: 1\nyes: 2\n", "a key is a text: put it in quotes", 2),
        ("YAML", "a: 1\n[b]: 2\n", "a key is a text: put it in quotes", 2),
        ("YAML", "a: &a\n  - 1\n  - *a\n", "an alias refers to what it is a part of", 1),
        ("YAML", "a: 1\nb: 2026-13-01\n", "this is no timestamp; a text is put in quotes", 2),
        ("YAML", "a: 1\nb: !!int x\n", "this is no int; a text is put in quotes", 2),
        ("YAML", "a: *b\n", "there is no anchor for this alias; a text that begins with * is put in quotes", 1),
        ("YAML", "a: &b 1\nb: &b 2\n", "this anchor is there twice; a text that begins with & is put in quotes", 2),
        ("YAML", "a: 1\nb: !abc c\n", TAG, 2),
        ("YAML", "a: 1\nb: !a!bc c\n", TAG, 2),
        ("YAML", "a: 1\nb: [!!timestamp 'x']\n", "this is no timestamp; a text is put in quotes", 2),
        ("YAML", 'a: 1\nb: "\\U00110000"\n', "an escape names no character, or a number is too large", 2),
        ("YAML", 'a: 1\nb: "\\UFFFFFFFF"\n', "an escape names no character, or a number is too large", 2),
        ("YAML", "a: 1\nmy-token: 1\nmy-token: 2\n", "a key is there twice, first in line 2", 3),
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
        ("YAML", "\n".join(BOMB), "its aliases stand for more than 1,000,000 values", 7),
        ("YAML", "a: 1\n---\nb: 2\n", "but found another document expected a single document in the stream", 2),
        ("YAML", "a: 1\nb: \a\n", "special characters are not allowed", 2),
        ("YAML", "[" * DEEP, "it is nested too deeply", None),
        ("YAML", "a: 1\nb: !!python/object/apply:os.abort []\n", TAG, 2),
    ],
)
def test_what_is_wrong_with_a_file_is_told(form: str, text: str, message: str, line: int | None) -> None:
    """A mistake in the syntax, with its line where the parser knows it, and a key that is there twice."""
    with pytest.raises(Malformed) as caught:
        reader.read(text, form)
    assert (str(caught.value), caught.value.line) == (message, line)


def test_without_pyyaml_yaml_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """TOML and JSON need nothing."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(Malformed) as caught:
        reader.read("a: 1", "YAML")
    expected = "YAML takes PyYAML: pip install 'pytest-ghdeploy[yaml]', or write the same in TOML or JSON"
    assert (str(caught.value), caught.value.line) == (expected, None)
    assert reader.read('{"a": 1}', "JSON").value == reader.read("a = 1", "TOML").value == {"a": 1}


def test_an_empty_file_of_yaml_holds_nothing() -> None:
    """There is no line to speak of."""
    document = reader.read("# nothing\n", "YAML")
    assert (document.value, lines(document)) == (None, (None, None))
