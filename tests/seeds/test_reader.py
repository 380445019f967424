"""Files of data by line: each value is found where it stands, and what is wrong with a file is told with its line."""

from __future__ import annotations

import json
import sys
import tomllib

import pytest
from hypothesis import given, strategies as st

from pytest_ghdeploy.seeds import reader
from pytest_ghdeploy.seeds.reader import Malformed

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
TOML = """\
# a comment
tokens = []
text = \"\"\"
[not.a.table]
a = 1 \"\"\"\"\"
literal = '''
# no comment
'''  # but this is one
dotted . "key.with dots" . 'x' = 1979-05-27 07:32:00Z
list = [
  # a comment with ] in it
  "a]", 'b,#',
  [ 3,
    4 ], { name = "x", inner.deep = [ 1, 2 ],  last = true },
]

[[repositories]]
full_name = "octocat/example"
branches = ["topic",
  {name = "stale", behind = 2}]

[[repositories.environments]]
name = "production"

[[repositories.environments]]
name = "staging"
[repositories.environments.deployment_branch_policy]
protected_branches = true

[[repositories]]
[[repositories.environments]]
name = "qa"
[ "odd key" . sub ]
"""


def lines(document: reader.Document, *path: str | int) -> tuple[int | None, int | None]:
    """Give the lines of the key and of the value at a path."""
    return document.lines.key(path), document.lines.value(path)


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


def test_toml_values_are_found_by_line() -> None:
    """In tables, arrays of tables, arrays over several lines, inline tables and dotted keys."""
    document = reader.read(TOML, "TOML")
    assert document.value == tomllib.loads(TOML)
    expected = {
        (): (1, 1),
        ("tokens",): (2, 2),
        ("text",): (3, 3),
        ("literal",): (6, 6),
        ("dotted",): (9, 9),
        ("dotted", "key.with dots", "x"): (9, 9),
        ("list",): (10, 10),
        ("list", 0): (12, 12),
        ("list", 1): (12, 12),
        ("list", 2): (13, 13),
        ("list", 2, 1): (14, 14),
        ("list", 3): (14, 14),
        ("list", 3, "inner", "deep", 1): (14, 14),
        ("list", 3, "last"): (14, 14),
        ("repositories",): (17, 17),
        ("repositories", 0): (17, 17),
        ("repositories", 0, "branches"): (19, 19),
        ("repositories", 0, "branches", 1): (20, 20),
        ("repositories", 0, "branches", 1, "behind"): (20, 20),
        ("repositories", 0, "environments"): (22, 22),
        ("repositories", 0, "environments", 0, "name"): (23, 23),
        ("repositories", 0, "environments", 1): (25, 25),
        ("repositories", 0, "environments", 1, "deployment_branch_policy"): (27, 27),
        ("repositories", 0, "environments", 1, "deployment_branch_policy", "protected_branches"): (28, 28),
        ("repositories", 1): (30, 30),
        ("repositories", 1, "environments"): (31, 31),
        ("repositories", 1, "environments", 0, "name"): (32, 32),
        ("odd key", "sub"): (33, 33),
    }
    assert {path: lines(document, *path) for path in expected} == expected


def test_windows_line_ends_count_once() -> None:
    """A carriage return is no line of its own."""
    assert lines(reader.read(TOML.replace("\n", "\r\n"), "TOML"), "repositories", 1) == (30, 30)
    assert lines(reader.read(YAML.replace("\n", "\r\n"), "YAML"), "tokens") == (11, 11)
    assert lines(reader.read('{\r\n"a":\r\n1}', "JSON"), "a") == (2, 3)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)
BREAKS = st.sampled_from(["", "\n", " ", "\n\n\t", "\r\n"])


class Writer:
    """Writes JSON with line breaks anywhere, and knows where it has put what."""

    def __init__(self, data: st.DataObject) -> None:
        """Draw the breaks from *data*."""
        self._data = data
        self.text = ""
        self.keys: dict[reader.Path, int] = {}
        self.values: dict[reader.Path, int] = {}

    @property
    def line(self) -> int:
        """The line on which the next character is."""
        return self.text.count("\n") + 1

    def write(self, text: str) -> None:
        """Write *text* with something blank after it."""
        self.text += text + self._data.draw(BREAKS)

    def value(self, value: object, path: reader.Path) -> None:
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
def test_any_json_is_read_as_ever_and_found_by_line(value: object, data: st.DataObject) -> None:
    """Each value of a document, wherever its lines break, is where it was written; so is each key."""
    writer = Writer(data)
    writer.value(value, ())
    document = reader.read(writer.text, "JSON")
    assert document.value == json.loads(writer.text) == value
    assert {path: document.lines.value(path) for path in writer.values} == writer.values
    assert {path: document.lines.key(path) for path in writer.keys} == writer.keys


ASCII = st.text(st.characters(codec="ascii", exclude_characters="\x7f"), max_size=20)
YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | ASCII,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=20,
)


class YamlWriter(Writer):
    """Writes YAML in flow style, which is JSON without tabs whose keys end on their line."""

    def write(self, text: str) -> None:
        """Write *text*."""
        super().write(text)
        self.text = self.text.replace("\t", " ")
        if text == ":":
            before, _, after = self.text.rpartition(":")
            self.text = f"{before.rstrip()}:{after}"


@given(value=YAML_VALUES, data=st.data())
def test_any_yaml_in_flow_style_is_found_by_line(value: object, data: st.DataObject) -> None:
    """Each value is where it was written, and it is what was written."""
    writer = YamlWriter(data)
    writer.value(value, ())
    document = reader.read(writer.text, "YAML")
    assert document.value == value
    assert {path: document.lines.value(path) for path in writer.values} == writer.values
    assert {path: document.lines.key(path) for path in writer.keys} == writer.keys


TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text("ab]}#,=\"'\\[{\n", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab. "#', max_size=3), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


class TomlWriter(Writer):
    """Writes TOML: tables within values are inline, where lines break in arrays only."""

    def write(self, text: str) -> None:
        """Write *text*."""
        self.text += text

    def blank(self) -> None:
        """Break the line, perhaps."""
        self.text += self._data.draw(st.sampled_from(["", "\n", " # ] } \" '''\n", " \n\n"]))

    def value(self, value: object, path: reader.Path) -> None:
        """Write *value*."""
        self.values[path] = self.line
        if isinstance(value, dict):
            self.write("{ ")
            for place, (name, inner) in enumerate(value.items()):
                self.write(", " if place else "")
                self.keys[(*path, name)] = self.line
                self.write(json.dumps(name) + " = ")
                self.value(inner, (*path, name))
            self.write(" }")
        elif isinstance(value, list):
            self.write("[")
            for place, inner in enumerate(value):
                self.blank()
                self.value(inner, (*path, place))
                self.blank()
                self.write("," if place < len(value) - 1 or self._data.draw(st.booleans()) else "")
            self.blank()
            self.write("]")
        elif isinstance(value, str):
            self.write(self._data.draw(st.sampled_from(list(toml_texts(value)))))
        else:
            self.write(json.dumps(value))


def toml_texts(value: str) -> list[str]:
    """List the ways of writing a text in TOML."""
    ways = [json.dumps(value), '"""\n' + value.replace("\\", "\\\\").replace('"""', '""\\"') + '"""']
    if "'" not in value:
        ways.append(f"'''{value}'''")
        if "\n" not in value:
            ways.append(f"'{value}'")
    return [way for way in ways if tomllib.loads(f"x = {way}")["x"] == value]


@given(value=st.dictionaries(st.text('ab. "#', max_size=3), TOML_VALUES, max_size=4), data=st.data())  # fmt: skip
def test_any_toml_is_read_as_ever_and_found_by_line(value: dict[str, object], data: st.DataObject) -> None:
    """Each value of a document of TOML is where it was written."""
    writer = TomlWriter(data)
    for name, inner in value.items():
        writer.blank()
        if writer.text and not writer.text.endswith("\n"):
            writer.write("\n")
        writer.keys[(name,)] = writer.line
        writer.write(json.dumps(name) + " = ")
        writer.value(inner, (name,))
        writer.write("\n")
    document = reader.read(writer.text, "TOML")
    assert document.value == value
    assert {path: document.lines.value(path) for path in writer.values} == writer.values
    assert {path: document.lines.key(path) for path in writer.keys} == writer.keys


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
        ("JSON", '{"a": 1,\n "b": {"c": 1,\n "\\u0063": 2}}', "the key 'c' is there twice, first in line 2", 3),
        ("JSON", "[" * DEEP, "it is nested too deeply", None),
        ("JSON", "1" * 5000, "a number has too many digits", None),
        ("TOML", "a = 1\nb = ?\n", "Invalid value", 2),
        ("TOML", "a = 1\nb = [\n", "Invalid value", 2),
        ("TOML", "a = 1\n\na = 2\n", "Cannot overwrite a value", 3),
        ("TOML", "a = 1\nb = '''x\ny", "Expected \"'''\"", 3),
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
        ("TOML", "[my-token]\n[my-token]\n", "Cannot declare (…,) twice", 2),
        ("TOML", "a = 1\nb = {my-token = 1, my-token = 2}\n", "Duplicate inline table key …", 2),
        ("TOML", 'a = 1\nb = "\x07"', "Illegal character '\\x07'", 2),
        ("YAML", "a: 1\nb: \t@my\n", f"found character '\\t' {AT_A_START}", 2),
        ("YAML", "a: 1\nb: @my\n", f"found character '@' {AT_A_START}", 2),
        ("YAML", "\n".join(BOMB), "its aliases stand for more than 1,000,000 values", 7),
        ("YAML", "a: 1\n---\nb: 2\n", "but found another document expected a single document in the stream", 2),
        ("YAML", "a: 1\nb: \a\n", "special characters are not allowed", 2),
        ("YAML", "[" * DEEP, "it is nested too deeply", None),
        ("YAML", "a: 1\nb: !!python/object/apply:os.abort []\n", TAG, 2),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(form: str, text: str, message: str, line: int | None) -> None:
    """A mistake in the syntax, and a key that is there twice."""
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
