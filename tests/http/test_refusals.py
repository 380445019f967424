"""Invalid bodies: schemas of every kind that a future endpoint may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ghdeploy.github.refusals import Unprocessable
from pytest_ghdeploy.http import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "wait_timer": {"type": "integer", "minimum": 0, "maximum": 10},
        "reviewers": {
            "type": ["array", "null"],
            "items": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
        },
        "environment": {"$ref": "../components/deployment.json#/properties/environment"},
        "when": {"type": "string", "format": "date-time"},
        "where": {"type": "string", "format": "uri"},
    },
    "additionalProperties": False,
    "minProperties": 1,
}


@pytest.fixture
def operation(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Make up an operation with a body of many types."""
    made_up = {"documentation_url": "https://docs.github.com/rest", "$defs": {"request": SHAPES}}
    real = schema.load
    monkeypatch.setattr(schema, "load", lambda name: made_up if name == "repos/made-up" else real(name))
    yield "repos/made-up"
    schema._request_validator.cache_clear()


@pytest.mark.parametrize(
    ("body", "problems", "places"),
    [
        ({"wait_timer": -1}, ["For 'properties/wait_timer', -1 must be greater than or equal to 0."], "wait_timer"),
        ({"wait_timer": 11}, ["For 'properties/wait_timer', 11 must be less than or equal to 10."], "wait_timer"),
        ({"reviewers": 1}, ["For 'properties/reviewers', 1 is not an array or null."], "reviewers"),
        ({"reviewers": [1]}, ["For 'items', 1 is not an object."], "reviewers/0"),
        ({"reviewers": [{}]}, ['"id" wasn\'t supplied.'], "id"),
        ({"environment": None}, ["For 'properties/environment', nil is not a string."], "environment"),
        ({"when": "soon"}, ["For 'properties/when', \"soon\" is not a valid date-time."], "when"),
        ({"where": "not here"}, ["For 'properties/where', \"not here\" is not a valid uri."], "where"),
        ({"a": 1}, ['"a" is not a permitted key.'], "a"),
        ({"a": 1, "b": 2}, ['"a", "b" are not permitted keys.'], "a, b"),
        ({"a": 1, "when": 2}, ['"a" is not a permitted key.', "For 'properties/when', 2 is not a string."], "a, when"),
    ],
)
def test_each_problem_is_described(operation: str, body: dict[str, Any], problems: list[str], places: str) -> None:
    """The refusal lists all problems with GitHub's texts, and the hint says where they are."""
    with pytest.raises(Unprocessable) as caught:
        schema.check_request(operation, body)
    assert caught.value.message == "Invalid request.\n\n" + "\n".join(problems)
    assert caught.value.hint == f"invalid in the body: {places}"


def test_a_problem_of_the_whole_body_is_a_refusal_too(operation: str) -> None:
    """A problem that belongs to no member is refused and does not crash."""
    with pytest.raises(Unprocessable, match="Invalid request"):
        schema.check_request(operation, {})


def test_a_valid_body_is_accepted(operation: str) -> None:
    """A body that matches the schema passes."""
    body = {"reviewers": [{"id": 1}], "environment": "qa", "when": "2026-03-10T12:00:00Z", "where": "https://x.test/"}
    schema.check_request(operation, body)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nil"),
        (True, "true"),
        (1e20, "1.0e+20"),
        (1.5e-7, "1.5e-07"),
        (2.5, "2.5"),
        ({"a": [None, "b"]}, '{"a"=>[nil, "b"]}'),
        ("a#{b}", '"a\\#{b}"'),
    ],
)
def test_values_are_written_as_ruby_does(value: object, text: str) -> None:
    """GitHub's refusals show values in Ruby's format."""
    assert schema.ruby(value) == text
